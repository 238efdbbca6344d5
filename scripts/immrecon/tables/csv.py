"""Tables as plain CSV: one header line, one line per row, and what the exhibit must carry as further columns."""

import csv
import io
import re

from immrecon.tables.model import Cell, Row, Table

_PLAIN_NUMBER = re.compile(r"[+-]?\d+(\.\d+)?(e[+-]?\d+)?")
_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")


def table_csv(table: Table) -> str:
    """UTF-8 text of the table: the columns as shown, then notes of the row, table, population, cut-off and status.

    A spreadsheet runs a cell that starts like a formula, so such a cell, unless a plain number, gets an apostrophe
    before it (OWASP, CSV injection).
    """
    sectioned = any(row.section for row in table.rows)
    marked = dict(table.marked)
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    extra = ["Notes of the row", "Notes of the table", "Table", "Population", "Data cut-off", "Session", "Status"]
    about = [" ".join(table.footnotes), table.title, table.population, table.cutoff, table.session, table.draft]
    _write(writer, [*(["Section"] if sectioned else []), *table.column_names(), *extra])
    for row in table.rows:
        _write(writer, [*([row.section] if sectioned else []), *map(_text, row.cells), _notes(row, marked), *about])
    if not table.rows:
        _write(writer, [*("" for _ in table.column_names()), table.note, *about])
    return stream.getvalue()


def _text(cell: Cell) -> str:
    marks = "".join(f" [{mark}]" for mark in cell.marks)
    return f"{cell.text}{marks}"


def _notes(row: Row, marked: dict[str, str]) -> str:
    letters = dict.fromkeys(mark for cell in row.cells for mark in cell.marks)
    return "; ".join(f"[{letter}] {marked[letter]}" for letter in letters)


def _write(writer: object, cells: list[str]) -> None:
    writer.writerow([_harmless(cell) for cell in cells])  # type: ignore[attr-defined]


def _harmless(text: str) -> str:
    if text.startswith(_FORMULA_STARTS) and not _PLAIN_NUMBER.fullmatch(text):
        return f"'{text}"
    return text
