"""Tables as plain CSV: one header line, one line per row, and what the exhibit must carry as further columns."""

import csv
import io
import re

from immrecon.tables.model import Cell, Row, Table

_PLAIN_NUMBER = re.compile(r"[+-]?[0-9]+(\.[0-9]+)?(e[+-]?[0-9]+)?")
_LINE_BREAK = re.compile(r"[\r\n]+")
_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")


def table_csv(table: Table) -> str:
    """UTF-8 text of the table: the columns as shown, then notes of the row, table, population, cut-off and status.

    A spreadsheet runs a cell that starts like a formula, so such a cell, unless a plain number, gets an apostrophe
    before it (OWASP, CSV injection).
    """
    sectioned = any(row.section for row in table.rows)
    marked = dict(table.marked)
    lines: list[list[str]] = []
    extra = ["Notes of the row", "Notes of the table", "Table", "Population", "Data cut-off", "Session", "Draft"]
    about = [" ".join(table.footnotes), table.title, table.population, table.cutoff, table.session, table.draft]
    lines.append([*(["Section"] if sectioned else []), *table.column_names(), *extra])
    for row in table.rows:
        lines.append([*([row.section] if sectioned else []), *map(_text, row.cells), _notes(row, marked), *about])
    if not table.rows:
        lines.append([*("" for _ in table.column_names()), table.note, *about])
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerows([_harmless(cell) for cell in line] for line in lines)
    return stream.getvalue()


def _text(cell: Cell) -> str:
    marks = "".join(f" [{mark}]" for mark in cell.marks)
    return f"{cell.text}{marks}"


def _notes(row: Row, marked: dict[str, str]) -> str:
    letters = dict.fromkeys(mark for cell in row.cells for mark in cell.marks)
    return "; ".join(f"[{letter}] {marked[letter]}" for letter in letters)


def _harmless(text: str) -> str:
    dangerous = text.startswith(_FORMULA_STARTS) and not _PLAIN_NUMBER.fullmatch(text)
    # A line per row, for readers that do not know quoted line breaks.
    return ("'" if dangerous else "") + _LINE_BREAK.sub(" ", text)
