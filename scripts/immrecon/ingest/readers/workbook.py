"""Sheets of an .xlsx workbook as text, row by row, read by openpyxl.

Error cells (#DIV/0!, #VALUE!) stay what the laboratory sent. Formulas give their stored result and are marked; one
without a stored result gives the formula itself, which no dialect can read as a number. Numbers have the 15 significant
digits that a spreadsheet shows, and what their format adds to them. Rows keep their number, columns their place.
"""

import zipfile
import zlib
from collections.abc import Sequence
from pathlib import Path
from typing import IO, Any
from xml.etree.ElementTree import Element

from defusedxml.common import DefusedXmlException
from openpyxl import Workbook
from openpyxl.reader.excel import ExcelReader
from openpyxl.styles.numbers import BUILTIN_FORMATS, BUILTIN_FORMATS_MAX_SIZE
from openpyxl.utils.exceptions import InvalidFileException

# The row parser of openpyxl's own streaming mode, whose public ways pad up to any row number and drop merged cells.
from openpyxl.worksheet._reader import FORMULA_TAG, INLINE_STRING, WorkSheetParser
from openpyxl.xml.constants import SHARED_STRINGS

from immrecon.config.source_format import Limits
from immrecon.errors import SourceError
from immrecon.ingest.readers.bounds import Extent, check_archive, check_file
from immrecon.ingest.readers.cells import AS_SHOWN, NumberCells, cell_text, not_calculated
from immrecon.ingest.readers.grid import Grid
from immrecon.ingest.readers.number_formats import number_text, says_more
from immrecon.ingest.readers.rich_strings import mark_raised, raised_text
from immrecon.ingest.readers.sheets import choose_sheets

_DAMAGE = (
    zipfile.BadZipFile, zlib.error, InvalidFileException, DefusedXmlException, SyntaxError, LookupError, ValueError,
    TypeError, AttributeError, ArithmeticError, AssertionError, EOFError, RuntimeError,
)  # fmt: skip
"""What openpyxl raises on damaged workbooks."""


def read_workbook(
    path: Path,
    file: str,
    sheets: Sequence[str],
    ignored: Sequence[str] = (),
    limits: Limits | None = None,
    numbers_as: NumberCells = AS_SHOWN,
) -> tuple[list[Grid], list[str]]:
    """The declared sheets as text, and the names of sheets that are neither read nor declared as ignored.

    Raises SourceError: no such file, not an .xlsx workbook, a declared sheet is missing, beyond the limits.
    """
    limits = limits or Limits()
    check_file(path, file, limits)
    try:
        check_archive(path, file, limits)
        reader = _Reader(path, read_only=True, data_only=True)
        reader.read()
        book = reader.wb
        try:
            names = book.sheetnames
            choose_sheets(file, names, sheets)
            grids = [_grid(book, file, name, limits, numbers_as) for name in sheets]
        finally:
            book.close()
        return grids, [name for name in names if name not in {*sheets, *ignored}]
    except OSError as error:
        raise SourceError(f"{file}: cannot be read ({error.strerror or error}).") from None
    except _DAMAGE as error:
        raise SourceError(
            f"{file}: not a readable .xlsx workbook ({type(error).__name__}). "
            "Hint: declare the format xls or ods if it is one; a protected file must be saved without its password."
        ) from None


class _Reader(ExcelReader):
    """Strings as a person reads them, where a part is raised."""

    def read_strings(self) -> None:
        super().read_strings()
        package: Any = self.package
        part = package.find(SHARED_STRINGS)
        if part is not None:
            mark_raised(self.shared_strings, self.archive, part.PartName[1:])


class _Parser(WorkSheetParser):
    """Rows of cells with the stored results of formulas, and the formula of each cell that has one."""

    def parse_cell(self, element: Element) -> dict[str, Any]:
        cell: dict[str, Any] = super().parse_cell(element)
        formula = element.find(FORMULA_TAG)
        cell["formula"] = None if formula is None else f"={formula.text or '...'}"
        inline = element.find(INLINE_STRING) if element.get("t") == "inlineStr" else None
        if inline is not None:
            cell["value"] = raised_text(inline) or cell["value"]
        return cell


def _grid(book: Workbook, file: str, name: str, limits: Limits, numbers_as: NumberCells) -> Grid:
    sheet = book[name]
    if not hasattr(sheet, "_get_source"):
        raise SourceError(f'{file}: the sheet "{name}" is a chart; no cells can be read from it.')
    with sheet._get_source() as source:
        return _read_rows(source, book, file, name, limits, numbers_as)


def _read_rows(source: IO[bytes], book: Any, file: str, name: str, limits: Limits, numbers_as: NumberCells) -> Grid:
    parser = _Parser(
        source,
        book[name]._shared_strings,
        data_only=True,
        epoch=book.epoch,
        date_formats=book._date_formats,
        timedelta_formats=book._timedelta_formats,
    )
    formats = [_format(book, style) for style in book._cell_styles]
    extent = Extent(f'{file}, sheet "{name}"', limits)
    rows: dict[int, list[str]] = {}
    computed: set[tuple[int, int]] = set()
    for number, cells in parser.parse():
        texts = [(cell["column"] - 1, text) for cell in cells if (text := _text(cell, formats, numbers_as))]
        computed |= {(number, cell["column"] - 1) for cell in cells if cell["formula"] is not None}
        if not texts:
            continue
        row = dict(texts)
        if number in rows or len(row) < len(texts):
            raise SourceError(f'{file}, sheet "{name}": row {number} has a cell twice; the workbook is damaged.')
        width = max(row) + 1
        extent.row(number, width)
        rows[number] = [row.get(column, "") for column in range(width)]
    merged = parser.merged_cells.mergeCell if parser.merged_cells is not None else []
    areas = sorted((area.min_row, area.max_row, area.min_col - 1, area.max_col - 1) for area in merged)
    numbers = sorted(rows)
    return Grid(file, name, numbers, [rows[n] for n in numbers], tuple(areas), frozenset(computed))


def _format(book: Any, style: Any) -> str:
    """How cells of a style show their numbers, or blank where that leaves the number as it is."""
    own = style.numFmtId - BUILTIN_FORMATS_MAX_SIZE
    is_own = 0 <= own < len(book._number_formats)
    text = str(book._number_formats[own]) if is_own else BUILTIN_FORMATS.get(style.numFmtId, "")
    return text if says_more(text) else ""


def _text(cell: dict[str, Any], formats: Sequence[str], numbers_as: NumberCells) -> str:
    # A formula whose result is an empty text has that type; without a type, no result was stored.
    if cell["value"] is None and cell["formula"] is not None and cell["data_type"] != "str":
        return not_calculated(cell["formula"])
    value, style = cell["value"], cell.get("style_id") or 0
    shown_as = formats[style] if style < len(formats) else ""
    if shown_as and isinstance(value, float | int) and not isinstance(value, bool):
        return number_text(value, shown_as, numbers_as)
    return cell_text(value, numbers_as.sign)
