"""Document types are refused wherever they can stand, in any encoding; without one every element comes."""

import io

import pytest
from defusedxml.common import DTDForbidden

from immrecon.ingest.readers.xml_events import events

PLAIN = "<a><b>5</b><c/></a>"
TYPES = [
    '<!DOCTYPE a [<!ENTITY x "aaaa">]>',
    '<!DOCTYPE a SYSTEM "file:///etc/hostname">',
    "<!DOCTYPE a>",
    "<!-- " + "x" * 200_000 + ' --><?pi?>\n<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/hostname">]>',
]


def read(content: bytes) -> list[tuple[str, str, str | None]]:
    return [(event, element.tag, element.text) for event, element in events(io.BytesIO(content), io.BytesIO(content))]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "utf-8-sig", "iso-8859-1"])
def test_every_element_comes(encoding: str) -> None:
    head = "" if encoding.startswith("utf-8") else f'<?xml version="1.0" encoding="{encoding}"?>'
    ends = [(tag, text) for event, tag, text in read((head + PLAIN).encode(encoding)) if event == "end"]
    assert ends == [("b", "5"), ("c", None), ("a", None)]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "utf-8-sig", "iso-8859-1"])
@pytest.mark.parametrize("declared", TYPES, ids=["entity", "system", "bare", "late"])
def test_a_document_type_is_refused(declared: str, encoding: str) -> None:
    head = "" if encoding.startswith("utf-8") else f'<?xml version="1.0" encoding="{encoding}"?>'
    with pytest.raises(DTDForbidden):
        read((head + declared + PLAIN).encode(encoding))


@pytest.mark.parametrize(
    "content", ["", "<a>", "<a>&x;</a>", "<a/><!DOCTYPE a>", "<a><!DOCTYPE a></a>", "x", "<a></b>", "\0<a/>"]
)
def test_what_is_not_well_formed_is_an_error(content: str) -> None:
    with pytest.raises(SyntaxError):
        read(content.encode())
