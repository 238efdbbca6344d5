"""What is refused unread, by the declared limits: files are bounded before a reader holds them in memory."""

import zipfile
from pathlib import Path

from immrecon.config.source_format import Limits
from immrecon.errors import SourceError

SMALL_PART_BYTES = 1_000_000
"""A part that unpacks to less is harmless, however well it was packed."""


def check_file(path: Path, file: str, limits: Limits) -> None:
    """Raises SourceError: no such file, or larger than `limits.file_bytes`."""
    try:
        size = path.stat().st_size
    except OSError as error:
        raise SourceError(f"{file}: cannot be read ({error.strerror}).") from None
    if size > limits.file_bytes:
        raise refused(file, f"has {size:,} bytes", limits.file_bytes, "file_bytes")


def check_archive(path: Path, file: str, limits: Limits) -> None:
    """Raises SourceError: the parts of a zip archive unpack to too much, in all or against their packed size.

    Raises zipfile.BadZipFile where it is no archive.
    """
    with zipfile.ZipFile(path) as archive:
        parts = archive.infolist()
    unpacked = sum(part.file_size for part in parts)
    if unpacked > limits.unpacked_bytes:
        raise refused(file, f"unpacks to {unpacked:,} bytes", limits.unpacked_bytes, "unpacked_bytes")
    for part in parts:
        ratio = part.file_size / max(part.compress_size, 1)
        if part.file_size > SMALL_PART_BYTES and ratio > limits.unpacked_ratio:
            raise refused(file, f"has a part that unpacks {ratio:,.0f}-fold", limits.unpacked_ratio, "unpacked_ratio")


class Extent:
    """The size of one table while it is read."""

    def __init__(self, place: str, limits: Limits) -> None:
        self._place = place
        self._limits = limits
        self._cells = 0

    def row(self, number: int, width: int, times: int = 1) -> None:
        """`times` more rows of `width` cells, the last at `number`. Raises SourceError beyond a limit."""
        if number > self._limits.rows:
            raise refused(self._place, f"goes on to row {number:,}", self._limits.rows, "rows")
        if width > self._limits.columns:
            raise refused(self._place, f"has {width:,} columns", self._limits.columns, "columns")
        self._cells += width * times
        if self._cells > self._limits.cells:
            raise refused(self._place, f"has more than {self._limits.cells:,} cells", self._limits.cells, "cells")


def refused(place: str, what: str, most: int, name: str) -> SourceError:
    return SourceError(
        f"{place}: {what}; at most {most:,} are read. If the file is what it should be, raise layout.limits.{name}."
    )
