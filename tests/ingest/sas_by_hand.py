"""A SAS data set written byte by byte: 32 bit, little endian, not compressed, one page of description and one of data.

After M. S. Shotwell, "SAS7BDAT Database Binary Format" (sas7bdat vignette, CRAN).
"""

import struct
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

MAGIC = bytes.fromhex("000000000000000000000000c2ea8160b31411cfbd92080009c7318c181f1011")
HEADER, PAGE, PAGE_START = 1024, 4096, 24
UTF_8, LATIN_1, WINDOWS_1252, UNNAMED = 20, 29, 62, 0
DESCRIPTION, DATA = 0x0000, 0x0100
ROW_SIZE, COLUMN_SIZE, TEXT, NAMES, ATTRIBUTES, FORMAT = (
    0xF7F7F7F7, 0xF6F6F6F6, 0xFFFFFFFD, 0xFFFFFFFF, 0xFFFFFFFC, 0xFFFFFBFE,
)  # fmt: skip


class Column(NamedTuple):
    name: str
    width: int | None = None
    """Bytes of a text; None: a number."""
    form: str = ""


def missing(tag: str) -> bytes:
    """A missing number: ".", "_", or a letter."""
    code = {".": 0x2E, "_": 0x5F}.get(tag, ord(tag))
    return struct.pack("<Q", 0xFFFF_0000_0000_0000 | (~code & 0xFF) << 40)


def write_sas7bdat(
    path: Path, columns: Sequence[Column], rows: Sequence[Sequence[float | bytes]], encoding: int
) -> None:
    """Texts are given as bytes in the encoding; a number may be given as the bytes of `missing`."""
    content = _header(encoding, n_pages=2) + _description(columns, len(rows)) + _data(columns, rows)
    path.write_bytes(content)


def _header(encoding: int, n_pages: int) -> bytes:
    header = bytearray(HEADER)
    header[:32] = MAGIC
    header[32], header[35], header[37], header[39], header[70] = 0x22, 0x22, 1, ord("1"), encoding
    header[84:92], header[92:124], header[156:164] = b"SAS FILE", b"LAB".ljust(32), b"DATA    "
    struct.pack_into("<II", header, 196, HEADER, PAGE)
    struct.pack_into("<I", header, 204, n_pages)
    header[216:224] = b"9.0401M6"
    return bytes(header)


def _page(kind: int, n_blocks: int, n_parts: int) -> bytearray:
    page = bytearray(PAGE)
    struct.pack_into("<HHH", page, 16, kind, n_blocks, n_parts)
    return page


def _description(columns: Sequence[Column], n_rows: int) -> bytes:
    words, places = bytearray(), {}
    for word in [text for column in columns for text in (column.name, column.form)]:
        places[word] = (0, 28 + len(words), len(word.encode()))
        words += word.encode().ljust(-(-len(word.encode()) // 4) * 4, b"\0")
    widths = [column.width or 8 for column in columns]
    offsets = [sum(widths[:i]) for i in range(len(widths))]
    row_size = bytearray(480)
    struct.pack_into("<III", row_size, 0, ROW_SIZE, 0, 0)
    struct.pack_into("<II", row_size, 20, sum(widths), n_rows)
    struct.pack_into("<I", row_size, 60, n_rows)
    names = b"".join(struct.pack("<HHHH", *places[column.name], 0) for column in columns)
    attributes = b"".join(
        struct.pack("<IIHBB", offset, width, 4, 1 if column.width is None else 2, 0)
        for column, offset, width in zip(columns, offsets, widths, strict=True)
    )
    parts = [bytes(row_size), struct.pack("<III", COLUMN_SIZE, len(columns), 0)]
    parts.append(struct.pack("<IH", TEXT, 28 + len(words) - 8) + bytes(6) + b" " * 8 + bytes(12) + bytes(words))
    parts += [_listed(NAMES, names), _listed(ATTRIBUTES, attributes)]
    parts += [
        struct.pack("<I", FORMAT) + bytes(30) + struct.pack("<HHHHHH", *places[column.form], 0, 0, 0) + bytes(6)
        for column in columns
    ]
    page, end = _page(DESCRIPTION, len(parts), len(parts)), PAGE
    for number, part in enumerate(parts):
        end -= len(part)
        page[end : end + len(part)] = part
        struct.pack_into("<IIBBH", page, PAGE_START + 12 * number, end, len(part), 0, 0, 0)
    return bytes(page)


def _listed(signature: int, content: bytes) -> bytes:
    length = 4 + 8 + len(content) + 8
    return struct.pack("<IH", signature, length - 12) + bytes(6) + content + bytes(8)


def _data(columns: Sequence[Column], rows: Sequence[Sequence[float | bytes]]) -> bytes:
    page, start = _page(DATA, len(rows), 0), PAGE_START
    for row in rows:
        for column, value in zip(columns, row, strict=True):
            cell = value.ljust(column.width or 8, b" ") if isinstance(value, bytes) else struct.pack("<d", value)
            page[start : start + len(cell)] = cell
            start += len(cell)
    return bytes(page)
