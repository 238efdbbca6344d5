"""Sheets of an .xls workbook (Excel 5 to 2003) as text, read by calamine.

calamine leaves error cells blank, tells neither formulas nor number formats, and lays a sheet out to its furthest cell
before anyone can look. So the records of the workbook are walked first ([MS-XLS] 2.4): they give the errors as they are
shown, the cells with formulas, the formats that change what a number says, and how far each sheet goes.
"""

import struct
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from python_calamine import CalamineError, CalamineWorkbook, PasswordError

from immrecon.config.source_format import Limits
from immrecon.errors import SourceError
from immrecon.ingest.readers.bounds import Extent, check_file
from immrecon.ingest.readers.cells import AS_SHOWN, NumberCells, cell_text
from immrecon.ingest.readers.compound import read_stream
from immrecon.ingest.readers.grid import Grid
from immrecon.ingest.readers.number_formats import number_text, says_more
from immrecon.ingest.readers.sheets import choose_sheets

_BEGIN, _END, _SHEET, _FORMULA, _TRUTH_OR_ERROR = 0x0809, 0x000A, 0x0085, 0x0006, 0x0205
_FORMAT, _CELL_FORMAT = 0x041E, 0x00E0
_NUMBERS, _ROW_OF_NUMBERS = (_FORMULA, 0x0203, 0x027E), 0x00BD
_ROW_OF_CELLS = (_ROW_OF_NUMBERS, 0x00BE)
"""Several cells in one record; the last two bytes are the last column."""
_CELLS = (_FORMULA, _TRUTH_OR_ERROR, 0x0203, 0x0204, 0x027E, 0x00FD, 0x00D6, 0x0201, *_ROW_OF_CELLS)
_ERRORS = {
    0x00: "#NULL!", 0x07: "#DIV/0!", 0x0F: "#VALUE!", 0x17: "#REF!", 0x1D: "#NAME?", 0x24: "#NUM!", 0x2A: "#N/A",
    0x2B: "#GETTING_DATA",
}  # fmt: skip
_NO_NUMBER, _IS_ERROR = 0xFFFF, 2
_EXCEL_97 = 0x0600
_BUILT_IN = {9: "0%", 10: "0.00%"}
"""Formats that every workbook has, of those that change what a number says."""


@dataclass
class _Marks:
    """What calamine does not tell of a sheet."""

    errors: dict[tuple[int, int], str] = field(default_factory=dict)
    """By row (from 1) and column (from 0)."""
    computed: set[tuple[int, int]] = field(default_factory=set)
    shown_as: dict[tuple[int, int], str] = field(default_factory=dict)
    """Number formats that change what a number says."""
    rows: int = 0
    columns: int = 0


def read_xls(
    path: Path,
    file: str,
    sheets: Sequence[str],
    ignored: Sequence[str] = (),
    limits: Limits | None = None,
    numbers_as: NumberCells = AS_SHOWN,
) -> tuple[list[Grid], list[str]]:
    """The declared sheets as text, and the names of sheets that are neither read nor declared as ignored.

    Raises SourceError: no such file, not an .xls workbook, protected, a declared sheet is missing, beyond the limits.
    """
    limits = limits or Limits()
    check_file(path, file, limits)
    try:
        marks = _walk(read_stream(path.read_bytes(), ("Workbook", "Book")))
        for number, sheet in enumerate(marks, 1):
            Extent(f"{file}, sheet {number}", limits).row(sheet.rows, sheet.columns, sheet.rows)
        with _not_panicking(), CalamineWorkbook.from_path(path) as book:
            names = book.sheet_names
            choose_sheets(file, names, sheets)
            if len(names) != len(marks):
                raise ValueError("sheets disagree")
            grids = [_grid(book, file, name, marks[names.index(name)], numbers_as) for name in sheets]
    except OSError as error:
        raise SourceError(f"{file}: cannot be read ({error.strerror or error}).") from None
    except PasswordError:
        raise SourceError(f"{file}: is protected; it must be saved without its password.") from None
    except (CalamineError, ValueError, struct.error, IndexError) as error:
        raise SourceError(
            f"{file}: not a readable .xls workbook ({type(error).__name__}). "
            "Hint: declare the format xlsx or ods if it is one, csv if it is text under the name of a workbook."
        ) from None
    return grids, [name for name in names if name not in {*sheets, *ignored}]


@contextmanager
def _not_panicking() -> Iterator[None]:
    """A panic of the library, which no `except Exception` sees, as ValueError."""
    try:
        yield
    except BaseException as error:
        if type(error).__name__ == "PanicException":
            raise ValueError(str(error)) from None
        raise


def _grid(book: CalamineWorkbook, file: str, name: str, marks: _Marks, numbers_as: NumberCells) -> Grid:
    sheet = book.get_sheet_by_name(name)
    numbers: list[int] = []
    rows: list[list[str]] = []
    for number, values in enumerate(sheet.to_python(skip_empty_area=False), 1):
        texts = [_text(value, (number, column), marks, numbers_as) for column, value in enumerate(values)]
        if any(texts):
            numbers.append(number)
            rows.append(texts)
    merged = tuple(
        (top + 1, bottom + 1, left, right) for (top, left), (bottom, right) in sorted(sheet.merged_cell_ranges or [])
    )
    return Grid(file, name, numbers, rows, merged, frozenset(marks.computed))


def _text(value: Any, place: tuple[int, int], marks: _Marks, numbers_as: NumberCells) -> str:
    if place in marks.errors:
        return marks.errors[place]
    if place in marks.shown_as and isinstance(value, float | int) and not isinstance(value, bool):
        return number_text(value, marks.shown_as[place], numbers_as)
    return cell_text(value, numbers_as.sign)


def _walk(stream: bytes) -> list[_Marks]:
    """The marks of every sheet, in order. Raises ValueError or struct.error: a damaged workbook."""
    whole = list(_records(stream, 0))
    formats = _cell_formats(whole)
    offsets = [struct.unpack_from("<I", content)[0] for kind, content in whole if kind == _SHEET]
    return [_marks(stream, offset, formats) for offset in offsets]


def _cell_formats(whole: Sequence[tuple[int, bytes]]) -> list[str]:
    """By the number that cells give: the number format, or blank for one that leaves a number as it is."""
    version = struct.unpack_from("<H", whole[0][1])[0] if whole else 0
    named = dict(_BUILT_IN)
    for kind, content in whole:
        if kind == _FORMAT:
            number, length = struct.unpack_from("<HB", content)
            named[number] = (
                _format_text(content[2:]) if version == _EXCEL_97 else content[3 : 3 + length].decode("latin-1")
            )
    found = [named.get(struct.unpack_from("<H", content, 2)[0], "") for kind, content in whole if kind == _CELL_FORMAT]
    return [text if says_more(text) else "" for text in found]


def _format_text(content: bytes) -> str:
    """A text of Excel 97: its length in characters, and whether each takes two bytes."""
    length, is_wide = struct.unpack_from("<HB", content)
    return content[3 : 3 + 2 * length].decode("utf-16-le") if is_wide & 1 else content[3 : 3 + length].decode("latin-1")


def _records(stream: bytes, start: int) -> Iterator[tuple[int, bytes]]:
    """Kind and content of the records of one substream; what is embedded in it (charts) is left out."""
    depth = 0
    while start + 4 <= len(stream):
        kind, length = struct.unpack_from("<HH", stream, start)
        content = stream[start + 4 : start + 4 + length]
        if len(content) < length:
            raise ValueError("the workbook is cut short")
        start += 4 + length
        depth += (kind == _BEGIN) - (kind == _END)
        if depth == 0:
            return
        if depth == 1:
            yield kind, content
    raise ValueError("the workbook is cut short")


def _marks(stream: bytes, offset: int, formats: Sequence[str]) -> _Marks:
    marks = _Marks()
    changes = any(formats)
    for kind, content in _records(stream, offset):
        if kind not in _CELLS:
            continue
        row, column = struct.unpack_from("<HH", content)
        last = struct.unpack_from("<H", content, len(content) - 2)[0] if kind in _ROW_OF_CELLS else column
        marks.rows, marks.columns = max(marks.rows, row + 1), max(marks.columns, last + 1)
        place = (row + 1, column)
        if changes and (kind in _NUMBERS or kind == _ROW_OF_NUMBERS):
            for at in range(4, 6 * (last - column) + 5, 6):  # of a single cell, one
                number = struct.unpack_from("<H", content, at)[0]
                if number < len(formats) and formats[number]:
                    marks.shown_as[(row + 1, column + (at - 4) // 6)] = formats[number]
        if kind == _FORMULA:
            marks.computed.add(place)
            kind_of_result, code, no_number = struct.unpack_from("<BxBxxxH", content, 6)
            if no_number == _NO_NUMBER and kind_of_result == _IS_ERROR:
                marks.errors[place] = _ERRORS.get(code, "#ERROR!")
        elif kind == _TRUTH_OR_ERROR and content[7] == 1:
            marks.errors[place] = _ERRORS.get(content[6], "#ERROR!")
    return marks
