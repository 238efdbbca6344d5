"""Tables as HTML: a fragment for the report, and a page that opens by itself. Everything from data is escaped."""

import functools
import re
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup, escape

from immrecon.tables.exhibit import DRAFT_RUN
from immrecon.tables.model import Cell, Row, Table

_INTERVAL = re.compile(r" ([(\[])(?=[^()\[\]]* to )")
TEMPLATES = Path(__file__).resolve().parent / "templates"


def environment(*folders: Path) -> Environment:
    """The one kind of template environment: escaping always on, an unknown name an error."""
    environment = Environment(
        loader=FileSystemLoader([*map(str, folders), str(TEMPLATES)]),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters |= {"parts": _parts, "cells": _cells}
    return environment


def _cells(row: Row, n_labels: int, left: frozenset[int]) -> Markup:
    """The cells of a row, one a line. Not a template: a report has tens of thousands of them."""
    cells = (_cell(cell, column < n_labels, column in left) for column, cell in enumerate(row.cells))
    return Markup("\n".join(cells))  # noqa: S704 - every text in a cell is escaped


@functools.lru_cache(4096)
def _cell(cell: Cell, is_label: bool, is_left: bool) -> str:
    tag, scope = ("th", ' scope="row"') if is_label else ("td", "")
    classes = "left" if is_left else "right"
    if cell.emphasis != "none":
        classes += f" {cell.emphasis}"
    if cell.indent:
        classes += f" indent-{cell.indent}"
    title = f' title="{escape(cell.title)}"' if cell.title else ""
    marks = "".join(f"<sup>{escape(mark)}</sup>" for mark in cell.marks)
    return f'<{tag}{scope} class="{classes}"{title}>{_content(cell, plain=is_label or is_left)}{marks}</{tag}>'


def _content(cell: Cell, *, plain: bool) -> str:
    if cell.repeated:
        return f'<span class="unseen">{escape(cell.text)}</span>'
    if plain:
        return str(escape(cell.text))
    value, interval = map(escape, _parts(cell.text))
    return f'{value} <span class="interval">{interval}</span>' if interval else str(value)


def _parts(text: str) -> tuple[str, str]:
    """A value and its interval (empty for none): neither is broken over lines, though the second may stand below."""
    value, bracket, interval = _INTERVAL.split(text, maxsplit=1) if _INTERVAL.search(text) else (text, "", "")
    return _unbroken(value), _unbroken(bracket + interval)


def _unbroken(text: str) -> str:
    return text.replace(" ", "\N{NO-BREAK SPACE}")


_DENSE, _WIDE, _SHORT = 8, 14, 24
"""Tables of more columns than these are set smaller in print, or on landscape pages; of fewer rows, on one page."""

_STACKED, _LABEL, _GAP = 112, 26, 2
"""Letters in a line beyond which intervals stand below their values in the whole table, rather than in some rows."""

_ENVIRONMENT = environment()


def table_fragment(table: Table, *, number: str = "", anchor: str = "") -> str:
    """The table as a <figure>, with its caption, cut-off and notes, to stand in a page; `number` is e.g. "Table 4"."""
    template = _ENVIRONMENT.get_template("table.html")
    return template.render(
        table=table,
        header=table.placed_heads(),
        mild=table.draft == DRAFT_RUN,
        sections=_sections(table),
        number=number,
        anchor=anchor or f"table-{table.stem}",
        width=len(table.column_names()),
        size=_size(table),
        left=frozenset((*range(table.n_labels), *table.text_columns)),
    )


def table_page(table: Table) -> str:
    """The table as a self-contained page."""
    template = _ENVIRONMENT.get_template("page.html")
    return template.render(table=table, body=table_fragment(table))


def _sections(table: Table) -> list[tuple[str, list[Row]]]:
    """Consecutive rows of one section, as one table body each."""
    sections: list[tuple[str, list[Row]]] = []
    for row in table.rows:
        if not sections or sections[-1][0] != row.section:
            sections.append((row.section, []))
        sections[-1][1].append(row)
    return sections


def _size(table: Table) -> str:
    """Classes that decide how the table is set."""
    width = len(table.column_names())
    names = ["wide"] if width > _WIDE else ["dense"] if width > _DENSE else []
    names += ["short"] if len(table.rows) < _SHORT else []
    return " ".join([*names, *(["stacked"] if _line_length(table) > _STACKED else [])])


def _line_length(table: Table) -> int:
    """Letters of the longest line, if every column is as wide as its longest cell; long texts are wrapped anyway."""
    columns = zip(*(row.cells for row in table.rows), strict=True)
    return sum(min(_LABEL, max(len(cell.text) for cell in column)) + _GAP for column in columns)
