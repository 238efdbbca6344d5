"""Names of the sheets of a workbook, which of them are hidden, and the first year of its day numbers."""

import struct
import zipfile
from dataclasses import dataclass
from pathlib import Path
from xml.etree.ElementTree import Element, ParseError

from immrecon.config.source_format import Format, Layout
from immrecon.errors import SourceError
from immrecon.ingest.readers import read_grids
from immrecon.ingest.readers.compound import read_stream

_MAIN = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"
_LINK = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}id"
_URN = "urn:oasis:names:tc:opendocument:xmlns"
_TABLE, _STYLE = (f"{{{_URN}:{part}:1.0}}" for part in ("table", "style"))
_LARGEST_PART = 5_000_000
_END_OF_BOOK, _SHEET, _EPOCH = 0x000A, 0x0085, 0x0022


@dataclass(frozen=True)
class Sheets:
    names: list[str]
    hidden: frozenset[str]
    epoch: int


def sheets_of(path: Path, form: Format) -> Sheets:
    """Worksheets in their order. Raises SourceError: not a readable workbook of this format."""
    match form:
        case "xls":
            return _of_xls(path)
        case "ods":
            return _of_ods(path)
        case _:
            return _of_xlsx(path)


def _read_names(path: Path, form: Format) -> list[str]:
    """All names, as the reader of the format gives them. It has then refused what is damaged or too large."""
    _, names = read_grids(path.parent, path.name, Layout.model_construct(format=form, sheets=[]))
    return names


def _of_xls(path: Path) -> Sheets:
    names = _read_names(path, "xls")
    stream = read_stream(path.read_bytes(), ("Workbook", "Book"))
    states: list[tuple[int, int]] = []
    epoch, start = 1900, 0
    while start + 4 <= len(stream):  # [MS-XLS] 2.4.28, 2.4.77: state and kind of each sheet, 1904 date system
        kind, length = struct.unpack_from("<HH", stream, start)
        content = stream[start + 4 : start + 4 + length]
        if kind == _END_OF_BOOK:
            break
        if kind == _SHEET and length >= 6:
            states.append((content[4] & 3, content[5]))
        elif kind == _EPOCH and length >= 2 and content[:2] == b"\x01\x00":
            epoch = 1904
        start += 4 + length
    if len(states) != len(names):
        states = [(0, 0)] * len(names)
    found = [(name, state) for name, (state, kind) in zip(names, states, strict=True) if kind == 0]
    return Sheets([name for name, _ in found], frozenset(name for name, state in found if state), epoch)


def _of_ods(path: Path) -> Sheets:
    """Raises SourceError as the reader: afterwards the content is known to be XML of a bounded size."""
    from defusedxml.ElementTree import iterparse

    names = _read_names(path, "ods")
    invisible: set[str] = set()
    styles: dict[str, str] = {}
    epoch, style = 1900, ""
    ancestors: list[Element] = []
    with zipfile.ZipFile(path) as archive, archive.open("content.xml") as content:
        for event, element in iterparse(content, events=("start", "end"), forbid_dtd=True):
            if event == "end":
                ancestors.pop()
                if ancestors:
                    ancestors[-1].remove(element)
                continue
            ancestors.append(element)
            if element.tag == f"{_STYLE}style":
                style = element.get(f"{_STYLE}name", "")
            elif element.tag == f"{_STYLE}table-properties" and element.get(f"{_TABLE}display") == "false":
                invisible.add(style)
            elif element.tag == f"{_TABLE}table":
                styles.setdefault(element.get(f"{_TABLE}name", ""), element.get(f"{_TABLE}style-name", ""))
            elif element.tag == f"{_TABLE}null-date" and element.get(f"{_TABLE}date-value", "").startswith("1904"):
                epoch = 1904
    return Sheets(names, frozenset(name for name in names if styles.get(name) in invisible), epoch)


def _of_xlsx(path: Path) -> Sheets:
    """Charts have no cells, and are no sheets here."""
    from defusedxml.common import DefusedXmlException
    from defusedxml.ElementTree import fromstring

    def part(archive: zipfile.ZipFile, name: str) -> bytes:
        if archive.getinfo(name).file_size > _LARGEST_PART:
            raise SourceError(f"{path.name}: its list of sheets is larger than any real one.")
        return archive.read(name)

    try:
        with zipfile.ZipFile(path) as archive:
            book = fromstring(part(archive, "xl/workbook.xml"))
            links = fromstring(part(archive, "xl/_rels/workbook.xml.rels"))
    except (zipfile.BadZipFile, zipfile.LargeZipFile, OSError, ParseError, DefusedXmlException, KeyError, ValueError,
            RuntimeError, NotImplementedError, EOFError, LookupError) as error:  # fmt: skip
        raise SourceError(f"{path.name}: not a readable .xlsx workbook ({type(error).__name__}).") from None
    except Exception as error:
        if type(error).__module__ != "zlib":
            raise
        raise SourceError(f"{path.name}: not a readable .xlsx workbook (its archive is damaged).") from None
    kinds = {link.get("Id"): str(link.get("Type", "")) for link in links}
    found = [
        (str(sheet.get("name", "")), str(sheet.get("state", "visible")))
        for sheet in book.iter(f"{_MAIN}sheet")
        if kinds.get(sheet.get(_LINK), "").endswith("/worksheet")
    ]
    properties = book.find(f"{_MAIN}workbookPr")
    old = properties is not None and str(properties.get("date1904", "")).lower() in {"1", "true"}
    return Sheets(
        [name for name, _ in found if name],
        frozenset(name for name, state in found if state != "visible"),
        1904 if old else 1900,
    )
