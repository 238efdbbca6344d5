"""One stream of a compound file, the container of older Office documents ([MS-CFB])."""

import struct
from collections.abc import Sequence

SIGNATURE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_LAST_SECTOR = 0xFFFFFFFA
"""Higher numbers are marks: end of chain, free, table."""
_ENTRY = 128
_ROOT, _STREAM = 5, 2


def read_stream(content: bytes, names: Sequence[str]) -> bytes:
    """The first of the named streams that is there. Raises ValueError: not a compound file, damaged, no such stream."""
    if not content.startswith(SIGNATURE):
        raise ValueError("not a compound file")
    shift, mini_shift = struct.unpack_from("<HH", content, 30)
    if shift not in (9, 12) or mini_shift != 6:
        raise ValueError("sector size")
    first_directory, _, cutoff, first_mini, _, first_table = struct.unpack_from("<6I", content, 48)
    size = 1 << shift
    fat = _table(content, size, first_table)
    entries = _entries(_chain(content, size, fat, first_directory, offset=size))
    for name in names:
        for title, kind, first, length in entries:
            if kind != _STREAM or title != name:
                continue
            if length >= cutoff:
                return _exactly(_chain(content, size, fat, first, offset=size), length)
            root = next(start for _, root_kind, start, _ in entries if root_kind == _ROOT)
            mini_fat = _numbers(_chain(content, size, fat, first_mini, offset=size))
            mini = _chain(content, size, fat, root, offset=size)
            return _exactly(_chain(mini, 1 << mini_shift, mini_fat, first, offset=0), length)
    raise ValueError("no such stream")


def _table(content: bytes, size: int, further: int) -> list[int]:
    """The sector after each sector. Where the table lies is listed in the header and, for large files, beyond."""
    places = list(struct.unpack_from("<109I", content, 76))
    seen: set[int] = set()
    while further < _LAST_SECTOR:
        if further in seen:
            raise ValueError("circular list of tables")
        seen.add(further)
        *more, further = _numbers(_sector(content, size, further, size))
        places += more
    return [
        number for place in places if place < _LAST_SECTOR for number in _numbers(_sector(content, size, place, size))
    ]


def _entries(directory: bytes) -> list[tuple[str, int, int, int]]:
    """Name, kind, first sector and length of every entry."""
    found = []
    for start in range(0, len(directory) - _ENTRY + 1, _ENTRY):
        length, kind = struct.unpack_from("<HB", directory, start + 64)
        first, size = struct.unpack_from("<II", directory, start + 116)
        name = directory[start : start + max(min(length, 64) - 2, 0)].decode("utf-16-le", "replace")
        found.append((name, kind, first, size))
    return found


def _chain(content: bytes, size: int, following: Sequence[int], first: int, *, offset: int) -> bytes:
    parts, seen, place = [], set(), first
    while place < _LAST_SECTOR:
        if place in seen or place >= len(following):
            raise ValueError("circular or broken chain of sectors")
        seen.add(place)
        parts.append(_sector(content, size, place, offset))
        place = following[place]
    return b"".join(parts)


def _sector(content: bytes, size: int, place: int, offset: int) -> bytes:
    start = offset + place * size
    return content[start : start + size]


def _numbers(content: bytes) -> list[int]:
    return list(struct.unpack(f"<{len(content) // 4}I", content[: len(content) // 4 * 4]))


def _exactly(content: bytes, length: int) -> bytes:
    if len(content) < length:
        raise ValueError("the file is cut short")
    return content[:length]
