"""The formats that can be studied. Each is a plug: how a file of it is recognised, and how it becomes grids of text."""

import re
import zipfile
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path

from immrecon.config.source_format import DATA_SETS, EXCHANGE_FORMATS, WORKBOOKS, Format
from immrecon.errors import SourceError
from immrecon.ingest.propose.draft import Entry
from immrecon.ingest.readers.grid import Grid

MOST_ROWS = 100_000
"""A larger file is studied by its beginning, and the draft says so."""


@dataclass(frozen=True)
class Source:
    """A file as read for study: what is known of its layout, and its text."""

    format: Format
    layout: dict[str, Entry]
    grid: Grid
    elsewhere: list[Grid] = field(default_factory=list)
    """Sheets that hold no results but may say the unit."""
    epoch: int | None = None
    """First year of the day numbers of a workbook."""
    notes: tuple[str, ...] = ()
    written: frozenset[str] = frozenset()
    """Of a workbook: what stands in other cells than those of numbers with decimals."""

    @property
    def is_exchange(self) -> bool:
        return self.format in EXCHANGE_FORMATS

    @property
    def typed_numbers(self) -> str | None:
        """Why numbers read with a point, whatever the text cells show; None where only the text tells."""
        if self.format in WORKBOOKS:
            return "number cells of a workbook are read with the first sign"
        if self.format in DATA_SETS:
            return 'numbers of a data set read with "."'
        return 'the standard writes numbers with "."' if self.is_exchange else None


@dataclass(frozen=True)
class Plug:
    name: Format
    recognises: Callable[[Path, bytes], bool]
    """Of the path and the first bytes."""
    read: Callable[[Path], Source]


def beginning(grid: Grid) -> tuple[Grid, tuple[str, ...]]:
    """As much of a grid as is studied, and what the draft has to say of it."""
    if len(grid.rows) <= MOST_ROWS:
        return grid, ()
    told = f"The file is large: only its first {MOST_ROWS:,} rows were studied."
    return replace(grid, numbers=grid.numbers[:MOST_ROWS], rows=grid.rows[:MOST_ROWS]), (told,)


def _parts(path: Path, start: bytes) -> list[str]:
    """Names of the parts of a zip archive."""
    if not start.startswith(b"PK"):
        return []
    try:
        with zipfile.ZipFile(path) as archive:
            return archive.namelist()
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError):
        return []


def _is_xlsx(path: Path, start: bytes) -> bool:
    return "xl/workbook.xml" in _parts(path, start)


def _is_ods(path: Path, start: bytes) -> bool:
    return b"opendocument.spreadsheet" in start or {"mimetype", "content.xml"} <= set(_parts(path, start))


def _is_xls(_: Path, start: bytes) -> bool:
    return start.startswith(_COMPOUND)


def _is_xpt(_: Path, start: bytes) -> bool:
    return start.startswith(_TRANSPORT)


def _is_sas7bdat(_: Path, start: bytes) -> bool:
    return start.startswith(_DATA_SET)


def _is_hl7v2(_: Path, start: bytes) -> bool:
    return re.match(rb"(?:\xef\xbb\xbf)?[\s\x0b]*(?:MSH|FHS|BHS)[^\w\s][^\w\s]{3,5}", start) is not None


def _is_json_with(key: bytes) -> Callable[[Path, bytes], bool]:
    def found(path: Path, start: bytes) -> bool:
        if not start.removeprefix(b"\xef\xbb\xbf").lstrip().startswith(b"{"):
            return False
        with path.open("rb") as stream:
            return key in stream.read(_SEARCHED_BYTES)

    return found


def _is_text(_: Path, start: bytes) -> bool:
    return not start.startswith(tuple(_OTHERS))


# Each plug brings its library, which the study of another format need not load.


def _read_workbook(form: Format) -> Callable[[Path], Source]:
    def read(path: Path) -> Source:
        from immrecon.ingest.propose.workbook import study_workbook

        return study_workbook(path, form)

    return read


def _read_data_set(form: Format) -> Callable[[Path], Source]:
    def read(path: Path) -> Source:
        from immrecon.ingest.propose.data_sets import study_data_set

        return study_data_set(path, form)

    return read


def _read_exchange(form: Format) -> Callable[[Path], Source]:
    def read(path: Path) -> Source:
        from immrecon.ingest.propose.exchange import study_exchange

        return study_exchange(path, form)

    return read


def _read_text(path: Path) -> Source:
    from immrecon.ingest.propose.text import study_text

    return study_text(path)


_COMPOUND = b"\xd0\xcf\x11\xe0"
_TRANSPORT = b"HEADER RECORD*"
_DATA_SET = b"\x00" * 12 + b"\xc2\xea\x81\x60"
_SEARCHED_BYTES = 1_000_000

FORMATS = (
    Plug("xlsx", _is_xlsx, _read_workbook("xlsx")),
    Plug("ods", _is_ods, _read_workbook("ods")),
    Plug("xls", _is_xls, _read_workbook("xls")),
    Plug("sas7bdat", _is_sas7bdat, _read_data_set("sas7bdat")),
    Plug("xpt", _is_xpt, _read_data_set("xpt")),
    Plug("dataset_json", _is_json_with(b'"datasetJSONVersion"'), _read_data_set("dataset_json")),
    Plug("fhir", _is_json_with(b'"resourceType"'), _read_exchange("fhir")),
    Plug("hl7v2", _is_hl7v2, _read_exchange("hl7v2")),
    Plug("csv", _is_text, _read_text),
)
"""Tried in this order."""

_OTHERS = {
    b"PK": "a zip archive or a damaged workbook",
    b"%PDF": "a PDF document",
    b"{": "JSON that is neither Dataset-JSON nor FHIR",
    b"<?xml": "XML",
    b"\x1f\x8b": "a gzip archive",
}


def read_for_study(path: Path) -> Source:
    """Raises SourceError: no such file, empty, of a format that cannot be studied, or not readable in its format."""
    try:
        with path.open("rb") as stream:
            start = stream.read(128)
    except (OSError, ValueError) as error:
        raise SourceError(f"{path}: cannot be read ({getattr(error, 'strerror', None) or error}).") from None
    if not start:
        raise SourceError(f"{path}: the file is empty. Ask the sender for it again.")
    for plug in FORMATS:
        if plug.recognises(path, start):
            return plug.read(path)
    kind = next(name for magic, name in _OTHERS.items() if start.startswith(magic))
    raise SourceError(
        f"{path}: looks like {kind}; a draft can be made of delimited text, workbooks (.xlsx, .xls, .ods), SAS data "
        "sets (sas7bdat, xpt), Dataset-JSON, HL7 v2 and FHIR. Hint: export the file again in one of these."
    )
