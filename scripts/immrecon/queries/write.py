"""What sites and laboratories get: a workbook of all queries, a CSV file per site, the list of identifiers."""

import csv
import os
import re
import shutil
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import polars as pl

from immrecon.config.queries import QueriesSpec
from immrecon.contracts.io import atomic_path, write_text
from immrecon.queries.listing import COLUMNS, listing, open_queries, site_names, sites
from immrecon.queries.log import ids_csv
from immrecon.vocabulary import QueryStatus

if TYPE_CHECKING:
    from xlsxwriter.workbook import Workbook

WIDTHS = {
    "id": 12,
    "status": 10,
    "severity": 9,
    "rule": 28,
    "participant": 14,
    "site": 12,
    "lab or domain": 13,
    "file": 28,
    "sheet": 12,
    "row": 7,
    "column": 16,
    "original text": 24,
    "what was found": 48,
    "what was expected": 34,
    "what was done": 30,
    "hint": 40,
}
"""Of the columns of the workbook, in characters."""

MOST_LINES = 1_000_000
"""A sheet holds 1,048,576 rows. What does not fit is in the CSV files, and the last line says so."""

_SHEET_NAME = 24
_FILE_NAME = 60
_STARTS_A_FORMULA = re.compile(r"""^[\s"']*[=+\-@＝＋－＠]""")
# Where the reader's spreadsheet splits at another sign than the comma, a formula can start within a cell.
_FORMULA_WITHIN = re.compile(r"""([;,|])(?=[\s"']*[=+\-@＝＋－＠])""")


def write_queries(log: pl.DataFrame, spec: QueriesSpec, workbook: str, by_site: str, ids: str) -> None:
    """`workbook`: all queries, those of each site, and the resolved ones; `by_site`: folder of a CSV file per site;
    `ids`: what a later cut is compared with. The same log gives the same bytes.
    """
    lines = listing(log)
    with _atomic_folder(by_site) as folder:
        _write_csvs(lines, folder)
    with atomic_path(workbook) as path:
        _write_workbook(lines, spec, path)
    write_text(ids_csv(log, spec), ids)


def _write_csvs(lines: pl.DataFrame, folder: Path) -> None:
    asked = open_queries(lines)
    for site, name in site_names(sites(lines), _FILE_NAME).items():
        # Excel reads UTF-8 only where a byte order mark says so.
        with (folder / f"{name}.csv").open("w", encoding="utf-8-sig", newline="") as stream:
            writer = csv.writer(stream, lineterminator="\r\n")
            writer.writerow(COLUMNS)
            writer.writerows(_harmless(line) for line in asked.filter(pl.col("site") == site).iter_rows())


def _harmless(line: Iterable[Any]) -> Iterator[str]:
    """The cells of a line. A spreadsheet runs a cell that starts like a formula, unless an apostrophe stands before."""
    for cell in line:
        text = "" if cell is None else str(cell)
        marked = _FORMULA_WITHIN.sub(r"\1'", text)
        yield f"'{marked}" if _STARTS_A_FORMULA.match(text) else marked


def _write_workbook(lines: pl.DataFrame, spec: QueriesSpec, path: Path) -> None:
    import xlsxwriter

    options = {
        "in_memory": True,
        "strings_to_formulas": False,
        "strings_to_numbers": False,
        "strings_to_urls": False,
    }
    asked = open_queries(lines)
    with xlsxwriter.Workbook(str(path), options) as book:
        compared = "no other cut" if spec.compared_with is None else f"the cut {spec.compared_with}"
        book.set_properties(
            {
                "title": f"Data queries of {spec.study}, data cut {spec.data_cut}",
                "comments": f"Compared with {compared}.",
                "author": "immrecon",
                "created": datetime(2000, 1, 1),  # the same bytes on every run
            }
        )
        sheets = _Sheets(book)
        sheets.add("all", asked)
        for site, name in site_names(sites(lines), _SHEET_NAME).items():
            sheets.add(name, asked.filter(pl.col("site") == site))
        if spec.compared_with is not None:
            sheets.add("resolved", lines.filter(pl.col("status") == QueryStatus.RESOLVED.value))


class _Sheets:
    """Sheets of one workbook, each with a frozen head and a filter."""

    def __init__(self, book: "Workbook") -> None:
        self._book = book
        self._head = book.add_format({"bold": True, "text_wrap": True, "valign": "top", "bottom": 1})
        plain = {"text_wrap": True, "valign": "top", "num_format": "@"}
        self._text = book.add_format(plain)
        # Shown as the text is; it stays a text when somebody edits the cell and leaves it.
        self._quoted = book.add_format(plain | {"quote_prefix": True})
        self._number = book.add_format({"valign": "top"})

    def add(self, name: str, lines: pl.DataFrame) -> None:
        sheet = self._book.add_worksheet(name)
        for column, head in enumerate(COLUMNS):
            sheet.set_column(column, column, WIDTHS[head])
            sheet.write_string(0, column, head, self._head)
        sheet.freeze_panes(1, 1)
        for row, line in enumerate(lines.head(MOST_LINES).iter_rows(), start=1):
            for column, value in enumerate(line):
                if isinstance(value, int):
                    sheet.write_number(row, column, value, self._number)
                elif value:
                    quoted = _STARTS_A_FORMULA.match(value)
                    sheet.write_string(row, column, value, self._quoted if quoted else self._text)
        sheet.autofilter(0, 0, max(1, min(lines.height, MOST_LINES)), len(COLUMNS) - 1)
        if lines.height > MOST_LINES:
            left = f"{lines.height - MOST_LINES:,} further queries are in the CSV files."
            sheet.write_string(MOST_LINES + 1, 0, left, self._head)
        sheet.set_landscape()
        sheet.fit_to_pages(1, 0)
        sheet.repeat_rows(0)


@contextmanager
def _atomic_folder(path: str) -> Iterator[Path]:
    """A new, empty folder; on success it takes the place of `path`, so that no file of an earlier run stays in it."""
    target = Path(path)
    target.parent.mkdir(parents=True, exist_ok=True)
    for left_over in target.parent.glob(f".{target.name}.*.tmp"):
        shutil.rmtree(left_over)
    temporary = target.with_name(f".{target.name}.{os.getpid()}.tmp")
    temporary.mkdir()
    try:
        yield temporary
        if target.exists():
            shutil.rmtree(target)
        temporary.replace(target)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)
