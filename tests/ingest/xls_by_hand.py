"""A workbook of Excel 97 written byte by byte: BIFF8 records in a compound file ([MS-XLS], [MS-CFB])."""

import math
import struct
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

SECTOR = 512
END_OF_CHAIN, FREE, FAT_SECTOR = 0xFFFFFFFE, 0xFFFFFFFF, 0xFFFFFFFD
GENERAL, DAY, MINUTE, CLOCK = 0, 14, 22, 21
"""Number formats that every Excel knows: general, a date, a date with its time, a time of day."""
FORMATS = (GENERAL, DAY, MINUTE, CLOCK)
FIRST_OF_ITS_OWN = 164
"""Number of the first format that a workbook declares itself."""
ERRORS = {"#DIV/0!": 0x07, "#N/A": 0x2A}


class Number(NamedTuple):
    """`form`: number of a format, or a format of the workbook's own. `row_of`: further numbers to its right, in one record."""

    value: float
    form: int | str = GENERAL
    row_of: tuple[float, ...] = ()


class Formula(NamedTuple):
    """Of which only the stored result matters: its tokens are those of the number 1."""

    value: float
    form: int | str = GENERAL


class Sheet(NamedTuple):
    name: str
    cells: dict[tuple[int, int], str | bool | Number | Formula]
    """By row and column, both from 0. A text that is an error (#DIV/0!) is an error cell."""
    merged: Sequence[tuple[int, int, int, int]] = ()
    hidden: bool = False


def write_xls(path: Path, sheets: Sequence[Sheet], *, since_1904: bool = False) -> None:
    path.write_bytes(compound_file("Workbook", book(sheets, since_1904=since_1904)))


def book(sheets: Sequence[Sheet], *, since_1904: bool) -> bytes:
    start = _record(0x0809, struct.pack("<HHHHII", 0x0600, 0x0005, 0x0DBB, 0x07CC, 0, 6))
    start += _record(0x0022, struct.pack("<H", since_1904))
    used = [cell.form for sheet in sheets for cell in sheet.cells.values() if isinstance(cell, Number | Formula)]
    forms = list(dict.fromkeys([*FORMATS, *used]))
    own = {form: FIRST_OF_ITS_OWN + n for n, form in enumerate(form for form in forms if isinstance(form, str))}
    for form, number in own.items():
        wide = not form.isascii()
        text = form.encode("utf-16-le" if wide else "ascii")
        start += _record(0x041E, struct.pack("<HHB", number, len(form), wide) + text)
    for form in forms:
        number = own.get(form, form)
        start += _record(0x00E0, struct.pack("<HHHBBBBIIH", 0, number, 0, 0x20, 0, 0, 0, 0, 0, 0x20C0))
    bodies = [_sheet(sheet, forms) for sheet in sheets]
    entries = [struct.pack("<BB", sheet.hidden, 0) + _short_text(sheet.name) for sheet in sheets]
    offset = len(start) + sum(len(_record(0x0085, bytes(4) + entry)) for entry in entries) + len(_record(0x000A, b""))
    for entry, body in zip(entries, bodies, strict=True):
        start += _record(0x0085, struct.pack("<I", offset) + entry)
        offset += len(body)
    return start + _record(0x000A, b"") + b"".join(bodies)


def _sheet(sheet: Sheet, forms: Sequence[int | str]) -> bytes:
    out = _record(0x0809, struct.pack("<HHHHII", 0x0600, 0x0010, 0x0DBB, 0x07CC, 0, 6))
    for (row, column), value in sorted(sheet.cells.items()):
        where = struct.pack("<HH", row, column)
        match value:
            case Number(row_of=()):
                out += _record(0x0203, where + struct.pack("<Hd", forms.index(value.form), value.value))
            case Number():
                form, several = forms.index(value.form), (value.value, *value.row_of)
                cells = b"".join(struct.pack("<HI", form, _whole(number)) for number in several)
                out += _record(0x00BD, where + cells + struct.pack("<H", column + len(value.row_of)))
            case Formula():
                tokens = struct.pack("<HIH3s", 0, 0, 3, b"\x1e\x01\x00")
                out += _record(0x0006, where + struct.pack("<Hd", forms.index(value.form), value.value) + tokens)
            case bool():
                out += _record(0x0205, where + struct.pack("<HBB", 0, value, 0))
            case str() if value in ERRORS:
                out += _record(0x0205, where + struct.pack("<HBB", 0, ERRORS[value], 1))
            case str():
                text = value.encode("utf-16-le")
                out += _record(0x0204, where + struct.pack("<HHB", 0, len(value), 1) + text)
    if sheet.merged:
        areas = b"".join(struct.pack("<HHHH", *area) for area in sheet.merged)
        out += _record(0x00E5, struct.pack("<H", len(sheet.merged)) + areas)
    return out + _record(0x000A, b"")


def _whole(number: float) -> int:
    """A whole number, or one of two decimals, in four bytes (RK)."""
    hundredths = not float(number).is_integer()
    return (round(number * 100) << 2 | 3) if hundredths else (int(number) << 2 | 2)


def _record(kind: int, content: bytes) -> bytes:
    return struct.pack("<HH", kind, len(content)) + content


def _short_text(text: str) -> bytes:
    return struct.pack("<BB", len(text), 1) + text.encode("utf-16-le")


def compound_file(name: str, stream: bytes) -> bytes:
    """One stream of at least 4096 bytes (padded), in whole sectors: the file's table, its directory, the stream."""
    stream = stream.ljust(4096, b"\0")
    n_stream = math.ceil(len(stream) / SECTOR)
    n_fat = math.ceil((n_stream + 2) / 127)
    first = n_fat + 1
    chain = [FAT_SECTOR] * n_fat + [END_OF_CHAIN] + [first + i + 1 for i in range(n_stream - 1)] + [END_OF_CHAIN]
    chain += [FREE] * (n_fat * 128 - len(chain))
    header = bytes.fromhex("d0cf11e0a1b11ae1") + bytes(16)
    header += struct.pack(
        "<HHHHH6xIIIIIIIII", 0x3E, 3, 0xFFFE, 9, 6, 0, n_fat, n_fat, 0, 4096, END_OF_CHAIN, 0, END_OF_CHAIN, 0
    )
    header += struct.pack("<109I", *([*range(n_fat)] + [FREE] * (109 - n_fat)))
    directory = (
        _entry("Root Entry", 5, END_OF_CHAIN, 0, child=1)
        + _entry(name, 2, first, len(stream))
        + 2 * _entry("", 0, 0, 0)
    )
    return header + struct.pack(f"<{len(chain)}I", *chain) + directory + stream.ljust(n_stream * SECTOR, b"\0")


def _entry(name: str, kind: int, first: int, size: int, child: int = FREE) -> bytes:
    text = (name + "\0").encode("utf-16-le") if name else b""
    links = struct.pack("<III", FREE, FREE, child)
    return (
        text.ljust(64, b"\0")
        + struct.pack("<HBB", len(text), kind, 1)
        + links
        + bytes(36)
        + struct.pack("<IQ", first, size)
    )
