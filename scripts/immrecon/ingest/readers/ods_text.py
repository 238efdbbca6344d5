"""The text in a cell of an OpenDocument spreadsheet as a person sees it. OpenDocument 1.3, part 3, section 6."""

from collections.abc import Collection, Iterator
from xml.etree.ElementTree import Element

from immrecon.ingest.readers.raised import joined

_URN = "urn:oasis:names:tc:opendocument:xmlns"
_OFFICE, _TEXT, _STYLE = (f"{{{_URN}:{part}:1.0}}" for part in ("office", "text", "style"))
_A_PARAGRAPH, _A_SPAN = f"{_TEXT}p", f"{_TEXT}span"


def style_on_the_line(element: Element, parent: Element) -> str | None:
    """The name of the style of text of which an element tells that it neither raises nor lowers, if it is of one."""
    if element.tag != f"{_STYLE}text-properties" or parent.get(f"{_STYLE}family") != "text":
        return None
    position = element.get(f"{_STYLE}text-position")
    is_level = position.startswith("0%") if position else parent.get(f"{_STYLE}parent-style-name") is None
    return parent.get(f"{_STYLE}name") if is_level else None


def shown_text(cell: Element, on_the_line: Collection[str]) -> str:
    """Its paragraphs. Text of a style that is not known to be on the line is taken for raised."""
    return "\n".join(joined(_runs(part, on_the_line)) for part in cell if part.tag == _A_PARAGRAPH)


def _runs(element: Element, on_the_line: Collection[str], is_raised: bool = False) -> Iterator[tuple[str, bool]]:
    """Text and whether it is raised: blanks and tabs are elements, a comment of the reader's is no part of it."""
    yield element.text or "", is_raised
    for child in element:
        if child.tag == f"{_TEXT}s":
            yield " " * min(int(child.get(f"{_TEXT}c", "1")), 1000), is_raised
        elif child.tag == f"{_TEXT}tab":
            yield "\t", is_raised
        elif child.tag == f"{_TEXT}line-break":
            yield "\n", is_raised
        elif child.tag != f"{_OFFICE}annotation":
            lifts = child.tag == _A_SPAN and child.get(f"{_TEXT}style-name", "") not in on_the_line
            yield from _runs(child, on_the_line, is_raised or lifts)
        yield child.tail or "", is_raised
