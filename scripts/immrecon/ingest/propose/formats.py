"""The formats that can be studied. Each is a plug: how a file of it is recognised, and how it becomes grids of text."""

import zipfile
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from immrecon.errors import SourceError
from immrecon.ingest.propose.draft import Entry
from immrecon.ingest.readers.grid import Grid


@dataclass(frozen=True)
class Source:
    """A file as read for study: what is known of its layout, and its text."""

    format: str
    layout: dict[str, Entry]
    grid: Grid
    elsewhere: list[Grid] = field(default_factory=list)
    """Sheets that hold no results but may say the unit."""
    epoch: int | None = None
    """First year of the day numbers of a workbook."""
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Plug:
    name: str
    recognises: Callable[[Path, bytes], bool]
    """Of the path and the first bytes."""
    read: Callable[[Path], Source]


def _is_xlsx(path: Path, start: bytes) -> bool:
    if not start.startswith(b"PK"):
        return False
    try:
        with zipfile.ZipFile(path) as archive:
            return "xl/workbook.xml" in archive.namelist()
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError):
        return False


def _read_xlsx(path: Path) -> Source:
    from immrecon.ingest.propose.workbook import study_workbook

    return study_workbook(path)


def _is_text(_: Path, start: bytes) -> bool:
    return not start.startswith(tuple(_OTHERS))


def _read_text(path: Path) -> Source:
    from immrecon.ingest.propose.text import study_text

    return study_text(path)


FORMATS = (Plug("xlsx", _is_xlsx, _read_xlsx), Plug("csv", _is_text, _read_text))
"""Tried in this order."""

_OTHERS = {
    b"PK": "a zip archive or an OpenDocument file",
    b"\xd0\xcf\x11\xe0": "an .xls workbook, or a workbook protected by a password",
    b"HEADER RECORD*": "a SAS transport file",
    b"\x00" * 12 + b"\xc2\xea\x81\x60": "a SAS data set",
    b"MSH|": "HL7 v2 messages",
    b"%PDF": "a PDF document",
    b"{": "JSON",
    b"<?xml": "XML",
    b"\x1f\x8b": "a gzip archive",
}


def read_for_study(path: Path) -> Source:
    """Raises SourceError: no such file, empty, or of a format that cannot be studied."""
    try:
        with path.open("rb") as stream:
            start = stream.read(64)
    except (OSError, ValueError) as error:
        raise SourceError(f"{path}: cannot be read ({getattr(error, 'strerror', None) or error}).") from None
    if not start:
        raise SourceError(f"{path}: the file is empty. Ask the sender for it again.")
    for plug in FORMATS:
        if plug.recognises(path, start):
            return plug.read(path)
    kind = next(name for magic, name in _OTHERS.items() if start.startswith(magic))
    raise SourceError(
        f"{path}: looks like {kind}; a draft can be made of delimited text and .xlsx workbooks. "
        "Hint: write the dialect by hand (config/README.md), or export the file again as text."
    )
