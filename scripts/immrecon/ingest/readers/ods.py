"""Sheets of an OpenDocument spreadsheet as text.

Read from its XML as it comes, so that repeated cells are counted before they are laid out, and formulas and merged
cells are known (calamine gives neither for this format). Dates and truth values are the stored ones, not how they are
shown, and so are numbers, with what is shown beside them; error cells and texts are as shown. OpenDocument 1.3, part 3,
section 9.1 (tables), 19.385 (values).
"""

import re
import zipfile
import zlib
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path
from xml.etree.ElementTree import Element, ParseError

from defusedxml.common import DefusedXmlException

from immrecon.config.source_format import Limits
from immrecon.errors import SourceError
from immrecon.ingest.readers.bounds import Extent, check_archive, check_file
from immrecon.ingest.readers.cells import AS_SHOWN, NumberCells, cell_text, clock_text, not_calculated
from immrecon.ingest.readers.grid import Grid
from immrecon.ingest.readers.ods_text import shown_text, style_on_the_line
from immrecon.ingest.readers.sheets import choose_sheets
from immrecon.ingest.readers.shown_numbers import as_shown
from immrecon.ingest.readers.xml_events import events

_URN = "urn:oasis:names:tc:opendocument:xmlns"
_TABLE, _OFFICE = (f"{{{_URN}:{part}:1.0}}" for part in ("table", "office"))
_CALC_TYPE = "{urn:org:documentfoundation:names:experimental:calc:xmlns:calcext:1.0}value-type"
_A_TABLE, _A_ROW = f"{_TABLE}table", f"{_TABLE}table-row"
_CELLS = (f"{_TABLE}table-cell", f"{_TABLE}covered-table-cell")
_AGAIN, _ACROSS, _DOWN, _FORMULA = (
    f"{_TABLE}{name}"
    for name in ("number-columns-repeated", "number-columns-spanned", "number-rows-spanned", "formula")
)
_DURATION = re.compile(r"(-)?P(?:(\d+)D)?T(?:(\d+)H)?(?:(\d+)M)?(?:(\d+(?:[.,]\d+)?)S)?")


@dataclass
class _Sheet:
    extent: Extent
    on_the_line: set[str]
    """Styles of text of the workbook that neither raise nor lower it."""
    numbers_as: NumberCells
    numbers: list[int] = field(default_factory=list)
    rows: list[list[str]] = field(default_factory=list)
    merged: list[tuple[int, int, int, int]] = field(default_factory=list)
    computed: set[tuple[int, int]] = field(default_factory=set)
    last: int = 0
    """Number of the last row that was read, blank or not."""


def read_ods(
    path: Path,
    file: str,
    sheets: Sequence[str],
    ignored: Sequence[str] = (),
    limits: Limits | None = None,
    numbers_as: NumberCells = AS_SHOWN,
) -> tuple[list[Grid], list[str]]:
    """The declared sheets as text, and the names of sheets that are neither read nor declared as ignored.

    Raises SourceError: no such file, not an .ods workbook, a declared sheet is missing, beyond the limits.
    """
    limits = limits or Limits()
    check_file(path, file, limits)
    try:
        check_archive(path, file, limits)
        with (
            zipfile.ZipFile(path) as archive,
            archive.open("content.xml") as content,
            archive.open("content.xml") as again,
        ):
            found, names = _sheets(events(content, again), file, sheets, limits, numbers_as)
    except OSError as error:
        raise SourceError(f"{file}: cannot be read ({error.strerror or error}).") from None
    except (
        zipfile.BadZipFile, zlib.error, DefusedXmlException, ParseError, LookupError, ValueError, EOFError,
        RuntimeError,
    ) as error:  # fmt: skip
        raise SourceError(
            f"{file}: not a readable .ods workbook ({type(error).__name__}). "
            "Hint: declare the format xlsx or xls if it is one; a protected file must be saved without its password."
        ) from None
    choose_sheets(file, names, sheets)
    grids = [
        Grid(file, name, sheet.numbers, sheet.rows, tuple(sorted(sheet.merged)), frozenset(sheet.computed))
        for name, sheet in ((name, found[name]) for name in sheets)
    ]
    return grids, [name for name in names if name not in {*sheets, *ignored}]


def _sheets(
    coming: Iterable[tuple[str, Element]], file: str, wanted: Sequence[str], limits: Limits, numbers_as: NumberCells
) -> tuple[dict[str, _Sheet], list[str]]:
    """The wanted sheets, and the names of all. A table within a cell or a tracked change is not a sheet."""
    names: list[str] = []
    found: dict[str, _Sheet] = {}
    path: list[Element] = []
    on_the_line: set[str] = set()
    tables = rows = 0
    for event, element in coming:
        tag = element.tag
        is_table, is_row = tag == _A_TABLE, tag == _A_ROW
        if event == "start":
            path.append(element)
            tables, rows = tables + is_table, rows + is_row
            if is_table and tables == 1:
                name = element.get(f"{_TABLE}name", "")
                names.append(name)
                found[name] = _Sheet(Extent(f'{file}, sheet "{name}"', limits), on_the_line, numbers_as)
            continue
        path.pop()
        if rows == 0 and path and (style := style_on_the_line(element, path[-1])) is not None:
            on_the_line.add(style)
        if is_row and rows == tables == 1 and names[-1] in wanted:
            _row(found[names[-1]], element)
        tables, rows = tables - is_table, rows - is_row
        if path and rows == 0:  # what has been read is let go
            path[-1].remove(element)
    return found, names


def _row(sheet: _Sheet, element: Element) -> None:
    times = _repeats(element, f"{_TABLE}number-rows-repeated")
    first, sheet.last = sheet.last + 1, sheet.last + times
    texts: list[str] = []
    formulas: list[int] = []
    column = 0
    for cell in element:
        if cell.tag not in _CELLS:
            continue
        again = _repeats(cell, _AGAIN)
        text = _text(cell, sheet)
        if text:
            sheet.extent.row(sheet.last, column + again, 0)
            texts += [""] * (column - len(texts)) + [text] * again
        if text and cell.get(_FORMULA) is not None:
            formulas += range(column, column + again)
        across = _repeats(cell, _ACROSS)
        down = _repeats(cell, _DOWN)
        if text and (across > 1 or down > 1):
            sheet.merged.append((first, first + down - 1, column, column + across - 1))
        column += again
    if texts:
        sheet.extent.row(sheet.last, len(texts), times)
        sheet.numbers += range(first, sheet.last + 1)
        sheet.rows += [list(texts) for _ in range(times)]
        sheet.computed |= {(number, place) for number in range(first, sheet.last + 1) for place in formulas}


def _repeats(element: Element, name: str) -> int:
    """Raises ValueError: not a whole number of at least 1."""
    written = element.get(name)
    if written is None:
        return 1
    times = int(written)
    if times < 1:
        raise ValueError(name)
    return times


def _text(cell: Element, sheet: _Sheet) -> str:
    """Raises KeyError or ValueError: a value that is not of its type."""
    shown = shown_text(cell, sheet.on_the_line)
    kind = cell.get(f"{_OFFICE}value-type")
    formula = cell.get(_FORMULA)
    if cell.get(_CALC_TYPE) == "error":
        return shown
    if kind == "string":
        return cell.get(f"{_OFFICE}string-value") or shown
    if kind in _STORED:
        attribute, read = _STORED[kind]
        return read(cell.attrib[_OFFICE + attribute], shown, sheet.numbers_as)
    if formula is not None and not shown:
        return not_calculated(formula.partition(":")[2] or formula)
    return shown


def _number(written: str, shown: str, numbers_as: NumberCells) -> str:
    value = float(written)
    number = cell_text(value, numbers_as.sign)
    return as_shown(value, number, shown) if numbers_as.words else number


def _percentage(written: str, shown: str, numbers_as: NumberCells) -> str:
    value = 100 * float(written)
    number = f"{cell_text(value, numbers_as.sign)}%"
    text = as_shown(value, number, shown.replace("%", "", 1)) if numbers_as.words else number
    return text if "%" in text or "%" not in shown else f"{text}%"


def _date(written: str, *_: object) -> str:
    """As in every workbook; a day that Python's calendar does not have stays as it is written."""
    try:
        moment = datetime.fromisoformat(written)
    except ValueError:
        return written
    return cell_text(moment.replace(tzinfo=None) if "T" in written else date.fromisoformat(written[:10]))


def _duration(written: str, *_: object) -> str:
    match = _DURATION.fullmatch(written)
    if match is None:
        return written
    sign, *parts = match.groups()
    days, hours, minutes, seconds = (float((part or "0").replace(",", ".")) for part in parts)
    total = ((days * 24 + hours) * 60 + minutes) * 60 + seconds
    return clock_text(-total if sign else total)


_STORED: dict[str, tuple[str, Callable[[str, str, NumberCells], str]]] = {
    "float": ("value", _number),
    "percentage": ("value", _percentage),
    "currency": ("value", lambda written, _, numbers_as: cell_text(float(written), numbers_as.sign)),
    "boolean": ("boolean-value", lambda written, *_: cell_text(written == "true")),
    "date": ("date-value", _date),
    "time": ("time-value", _duration),
}
"""By the type of a cell: the attribute that holds its value, and its text, given what is shown and how numbers are."""
