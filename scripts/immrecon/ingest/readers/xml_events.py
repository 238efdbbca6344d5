"""XML as it comes, without document types, and so without entities that grow or name other files.

The parser in C does not know how to refuse them, and the one that does is in Python and takes twice the time. But a
document type can only stand before the first element: that much is looked at first.
"""

from collections.abc import Iterable
from typing import IO
from xml.etree.ElementTree import Element, ParseError, iterparse
from xml.parsers import expat

from defusedxml.common import DTDForbidden

_PIECE = 65_536


def events(content: IO[bytes], again: IO[bytes]) -> Iterable[tuple[str, Element]]:
    """Start and end of every element. Both are the same file from its beginning.

    Raises DTDForbidden: a document type. ParseError: not well-formed, up to the end.
    """
    _refuse_document_type(content)
    return iterparse(again, events=("start", "end"))  # noqa: S314 - no document type is left to be afraid of


def _refuse_document_type(content: IO[bytes]) -> None:
    elements: list[str] = []

    def refuse(name: str, system: str | None, public: str | None, _: bool) -> None:
        raise DTDForbidden(name, system, public)

    def first(name: str, _: dict[str, str]) -> None:
        elements.append(name)

    parser = expat.ParserCreate()
    parser.StartDoctypeDeclHandler = refuse
    parser.StartElementHandler = first
    try:
        while not elements and (piece := content.read(_PIECE)):
            parser.Parse(piece)
    except expat.ExpatError as error:
        raise ParseError(str(error)) from None
