"""Texts of an .xlsx workbook of which a part is raised or lowered: openpyxl joins them as if it were not."""

from collections.abc import Iterator
from typing import IO
from xml.etree.ElementTree import Element
from zipfile import ZipFile

from openpyxl.xml.constants import SHEET_MAIN_NS

from immrecon.ingest.readers.raised import joined
from immrecon.ingest.readers.xml_events import events

_MAIN = f"{{{SHEET_MAIN_NS}}}"
_STRING, _TEXT, _RUN, _POSITION = f"{_MAIN}si", f"{_MAIN}t", f"{_MAIN}r", f"{_MAIN}rPr/{_MAIN}vertAlign"
_WITHIN = f"{_MAIN}r/{_POSITION}"
_MARKS = tuple("vertAlign".encode(form) for form in ("utf-8", "utf-16-le", "utf-16-be"))
_PIECE = 1_048_576


def mark_raised(strings: list[str], archive: ZipFile, part: str) -> None:
    """Write anew those of the shared strings, which are all of `part`, that have a raised part."""
    with archive.open(part) as content:
        if not _has_mark(content):
            return
    number = 0
    with archive.open(part) as content, archive.open(part) as again:
        path: list[Element] = []
        for event, element in events(content, again):
            if event == "start":
                path.append(element)
                continue
            path.pop()
            if element.tag == _STRING:
                strings[number] = raised_text(element) or strings[number]
                number += 1
                path[-1].remove(element)  # what has been read is let go


def raised_text(element: Element) -> str | None:
    """The text of a string, where some of it is raised or lowered."""
    return None if element.find(_WITHIN) is None else joined(_runs(element))


def _runs(element: Element) -> Iterator[tuple[str, bool]]:
    for child in element:
        if child.tag == _TEXT:
            yield child.text or "", False
        elif child.tag == _RUN:
            position = child.find(_POSITION)
            yield child.findtext(_TEXT, ""), position is not None and position.get("val") != "baseline"


def _has_mark(content: IO[bytes]) -> bool:
    """Most workbooks have none, which shows much sooner than their strings are read."""
    end = b""
    while piece := content.read(_PIECE):
        if any(mark in end + piece for mark in _MARKS):
            return True
        end = piece[-2 * len("vertAlign") :]
    return False
