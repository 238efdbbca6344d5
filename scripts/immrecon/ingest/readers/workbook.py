"""Sheets of an .xlsx workbook as text.

The XML is read directly, because spreadsheet libraries turn error cells (#DIV/0!, #VALUE!) into blanks, and a blank
is not what the laboratory sent. Formulas give their stored result and are marked. Numbers have the 15 significant
digits that a spreadsheet shows; date cells read YYYY-MM-DD, with a time of day YYYY-MM-DD HH:MM:SS. Rows keep their
number, columns their place. Layout of the parts: ECMA-376, part 1, sections 18.2-18.8.
"""

import re
import zipfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from xml.etree import ElementTree

from immrecon.errors import SourceError
from immrecon.ingest.readers.grid import Grid

DATE_FORMAT_IDS = frozenset([*range(14, 23), *range(27, 37), *range(45, 48), *range(50, 59)])
"""Built-in number formats that show a date or time (ECMA-376 18.8.30)."""


@dataclass(frozen=True)
class _Book:
    archive: zipfile.ZipFile
    strings: list[str]
    date_styles: frozenset[int]
    epoch: datetime
    parts: dict[str, str]
    """Sheet name to part, in the order of the workbook, hidden sheets included."""


def read_workbook(
    path: Path, file: str, sheets: Sequence[str], ignored: Sequence[str] = ()
) -> tuple[list[Grid], list[str]]:
    """The declared sheets as text, and the names of sheets that are neither read nor declared as ignored.

    Raises SourceError: no such file, not an .xlsx workbook, a declared sheet is missing.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            book = _open(archive)
            if missing := [name for name in sheets if name not in book.parts]:
                present = ", ".join(f'"{name}"' for name in book.parts)
                raise SourceError(f'{file}: the sheet "{missing[0]}" is missing. Sheets present: {present}.')
            grids = [_grid(book, file, name) for name in sheets]
            return grids, [name for name in book.parts if name not in {*sheets, *ignored}]
    except OSError as error:
        raise SourceError(f"{file}: cannot be read ({error.strerror or error}).") from None
    except (zipfile.BadZipFile, KeyError, ElementTree.ParseError, ValueError) as error:
        raise SourceError(
            f"{file}: not a readable .xlsx workbook ({error}). An .xls or protected file must be saved as .xlsx first."
        ) from None


def _open(archive: zipfile.ZipFile) -> _Book:
    workbook = _xml(archive, "xl/workbook.xml")
    targets = {item.get("Id", ""): item.get("Target", "") for item in _xml(archive, "xl/_rels/workbook.xml.rels")}
    parts = {}
    for sheet in _named(workbook, "sheet"):
        relation = next(value for name, value in sheet.items() if name.endswith("}id"))
        target = targets[relation]
        parts[sheet.get("name", "")] = target.lstrip("/") if target.startswith("/") else f"xl/{target}"
    properties = next(_named(workbook, "workbookPr"), None)
    since_1904 = properties is not None and properties.get("date1904") in {"1", "true"}
    # Day 60 of the 1900 system is the 29 February 1900 that never was, so counting starts two days earlier.
    epoch = datetime(1904, 1, 1) if since_1904 else datetime(1899, 12, 30)
    return _Book(archive, _shared_strings(archive), _date_styles(archive), epoch, parts)


def _xml(archive: zipfile.ZipFile, part: str) -> ElementTree.Element:
    content = archive.read(part)
    if b"<!DOCTYPE" in content[:2000]:
        raise ValueError(f"{part} declares a document type, which no spreadsheet program writes")
    return ElementTree.fromstring(content)  # noqa: S314 - document types, hence entities, are refused above


def _named(element: ElementTree.Element, name: str) -> Iterator[ElementTree.Element]:
    """Descendants of that local name, in the transitional or the strict namespace."""
    return (item for item in element.iter() if item.tag.rpartition("}")[2] == name)


def _shared_strings(archive: zipfile.ZipFile) -> list[str]:
    if "xl/sharedStrings.xml" not in archive.namelist():
        return []
    return [_text(item) for item in _xml(archive, "xl/sharedStrings.xml")]


def _text(item: ElementTree.Element) -> str:
    """Text of a string item: plain, or the runs of rich text, without phonetic hints."""
    pieces = []
    for child in item:
        name = child.tag.rpartition("}")[2]
        if name == "t":
            pieces.append(child.text or "")
        elif name == "r":
            pieces.append("".join(piece.text or "" for piece in _named(child, "t")))
    return "".join(pieces)


def _date_styles(archive: zipfile.ZipFile) -> frozenset[int]:
    """Cell styles whose number format shows a date."""
    if "xl/styles.xml" not in archive.namelist():
        return frozenset()
    styles = _xml(archive, "xl/styles.xml")
    custom = {
        int(item.get("numFmtId", "0"))
        for item in _named(styles, "numFmt")
        if re.search(r"[ymdh]", re.sub(r'"[^"]*"|\[[^\]]*\]|\\.|_.|General', "", item.get("formatCode", "")), re.I)
    }
    cells = next(_named(styles, "cellXfs"), None)
    formats = [int(item.get("numFmtId", "0")) for item in cells] if cells is not None else []
    return frozenset(i for i, number in enumerate(formats) if number in custom | DATE_FORMAT_IDS)


def _grid(book: _Book, file: str, sheet: str) -> Grid:
    root = _xml(book.archive, book.parts[sheet])
    numbers: list[int] = []
    rows: list[list[str]] = []
    computed = set()
    for row in _named(root, "row"):
        numbers.append(int(row.get("r") or (numbers[-1] + 1 if numbers else 1)))
        cells: list[str] = []
        for cell in row:
            reference = cell.get("r")
            column = _position(reference)[1] if reference else len(cells)
            cells += [""] * (column - len(cells))
            cells.append(_cell(book, cell))
            if next(_named(cell, "f"), None) is not None:
                computed.add((numbers[-1], column))
        rows.append(cells)
    merged = []
    for item in _named(root, "mergeCell"):
        first, _, last = item.get("ref", "").partition(":")
        (top, left), (bottom, right) = _position(first), _position(last or first)
        merged.append((top, bottom, left, right))
    width = max((len(row) for row in rows), default=0)
    return Grid(
        file, sheet, numbers, [row + [""] * (width - len(row)) for row in rows], tuple(merged), frozenset(computed)
    )


def _position(reference: str) -> tuple[int, int]:
    """Row (from 1) and column (from 0) of a reference such as 'C12'."""
    match = re.fullmatch(r"([A-Z]{1,3})([0-9]{1,7})", reference)
    if match is None:
        raise ValueError(f"cell reference {reference!r}")
    column = 0
    for letter in match[1]:
        column = 26 * column + ord(letter) - ord("A") + 1
    return int(match[2]), column - 1


def _cell(book: _Book, cell: ElementTree.Element) -> str:
    kind = cell.get("t", "n")
    if kind == "inlineStr":
        return "".join(_text(item) for item in _named(cell, "is"))
    stored = next(_named(cell, "v"), None)
    text = (stored.text or "") if stored is not None else ""
    if not text:
        return ""
    match kind:
        case "s":
            return book.strings[int(text)]
        case "b":
            return "TRUE" if text == "1" else "FALSE"
        case "n":
            return _number(book, text, int(cell.get("s", "0")))
        case _:  # e: an error, d: an ISO date, str: the text result of a formula
            return text


def _number(book: _Book, text: str, style: int) -> str:
    value = float(text)
    if style in book.date_styles and 0 <= value < 2958466:  # up to 9999-12-31; outside, a spreadsheet shows #####
        moment = book.epoch + timedelta(seconds=round(value * 86400))
        return moment.strftime("%Y-%m-%d" if value.is_integer() else "%Y-%m-%d %H:%M:%S")
    return f"{value:.15g}"
