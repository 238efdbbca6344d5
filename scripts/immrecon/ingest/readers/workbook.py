"""Sheets of an .xlsx workbook as text, read by openpyxl.

Error cells (#DIV/0!, #VALUE!) stay what the laboratory sent. Formulas give their stored result and are marked.
Numbers have the 15 significant digits that a spreadsheet shows; date cells read YYYY-MM-DD, with a time of day
YYYY-MM-DD HH:MM:SS. Rows keep their number, columns their place.
"""

import zipfile
from collections.abc import Sequence
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from immrecon.errors import SourceError
from immrecon.ingest.readers.grid import Grid

if TYPE_CHECKING:
    from openpyxl import Workbook

LARGEST_UNPACKED_BYTES = 500_000_000
"""A workbook that unpacks to more than this is not a lab export; some are made to exhaust the reader."""


def read_workbook(
    path: Path, file: str, sheets: Sequence[str], ignored: Sequence[str] = ()
) -> tuple[list[Grid], list[str]]:
    """The declared sheets as text, and the names of sheets that are neither read nor declared as ignored.

    Raises SourceError: no such file, not an .xlsx workbook, a declared sheet is missing.
    """
    results, formulas = _load(path, file)
    names = results.sheetnames
    if missing := [name for name in sheets if name not in names]:
        present = ", ".join(f'"{name}"' for name in names)
        raise SourceError(f'{file}: the sheet "{missing[0]}" is missing. Sheets present: {present}.')
    grids = [_grid(results, formulas, file, name) for name in sheets]
    return grids, [name for name in names if name not in {*sheets, *ignored}]


def _load(path: Path, file: str) -> tuple["Workbook", "Workbook"]:
    """The workbook with the stored results of its formulas, and with the formulas."""
    # openpyxl parses through defusedxml where that is installed, which refuses entities.
    from defusedxml.common import DefusedXmlException
    from openpyxl import load_workbook
    from openpyxl.utils.exceptions import InvalidFileException

    try:
        with zipfile.ZipFile(path) as archive:
            unpacked = sum(item.file_size for item in archive.infolist())
        if unpacked > LARGEST_UNPACKED_BYTES:
            raise SourceError(f"{file}: unpacks to {unpacked:,} bytes; at most {LARGEST_UNPACKED_BYTES:,} are read.")
        return load_workbook(path, data_only=True), load_workbook(path)
    except OSError as error:
        raise SourceError(f"{file}: cannot be read ({error.strerror or error}).") from None
    except (
        zipfile.BadZipFile, InvalidFileException, DefusedXmlException, KeyError, ValueError, TypeError, SyntaxError,
        AttributeError, IndexError,
    ) as error:  # fmt: skip
        raise SourceError(
            f"{file}: not a readable .xlsx workbook ({type(error).__name__}). "
            "Hint: an .xls or protected file must be saved as .xlsx first."
        ) from None


def _grid(results: "Workbook", formulas: "Workbook", file: str, name: str) -> Grid:
    sheet = results[name]
    numbers: list[int] = []
    rows: list[list[str]] = []
    for number, row in enumerate(sheet.iter_rows(values_only=True), 1):
        texts = [_text(value) for value in row]
        if any(texts):
            numbers.append(number)
            rows.append(texts)
    computed = {
        (cell.row, cell.column - 1)
        for row in formulas[name].iter_rows()
        for cell in row
        if cell.data_type == "f" and cell.row is not None and cell.column is not None
    }
    merged = tuple(
        (area.min_row, area.max_row, area.min_col - 1, area.max_col - 1)
        for area in sorted(sheet.merged_cells.ranges, key=lambda area: (area.min_row, area.min_col))
    )
    return Grid(file, name, numbers, rows, merged, frozenset(computed))


def _text(value: Any) -> str:
    """A cell as a person reads it."""
    match value:
        case None:
            return ""
        case bool():
            return "TRUE" if value else "FALSE"
        case float() | int():
            return f"{value:.15g}"
        case datetime():
            # Fractions of a second are what is left of a binary day number.
            moment = value + timedelta(microseconds=500_000)
            midnight = moment.time().replace(microsecond=0) == time.min
            return moment.strftime("%Y-%m-%d" if midnight else "%Y-%m-%d %H:%M:%S")
        case date():
            return value.isoformat()
        case _:
            return str(value)
