"""Files of a cut: found by their declared names, read by their declared layout."""

from collections.abc import Callable, Sequence
from pathlib import Path

from immrecon.config.source_format import WORKBOOKS, Layout
from immrecon.errors import SourceError
from immrecon.ingest.readers.cells import AS_SHOWN, NumberCells
from immrecon.ingest.readers.grid import Grid, Table, to_table
from immrecon.ingest.readers.text import read_text


def find_files(folder: Path, patterns: Sequence[str]) -> list[str]:
    """Paths relative to the folder of the cut that match the declared names or globs, sorted, each once.

    Raises SourceError: a name or glob that nothing matches.
    """
    found: set[str] = set()
    for pattern in patterns:
        matches = {path.relative_to(folder).as_posix() for path in folder.glob(pattern) if path.is_file()}
        if not matches:
            present = sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())
            listed = ", ".join(present[:10]) or "no files at all"
            raise SourceError(
                f"{folder}: no file is named {pattern!r}. Present: {listed}. "
                "Hint: put the export there as received, or correct the file name in the configuration."
            )
        found |= matches
    return sorted(found)


def read_grids(
    folder: Path, file: str, layout: Layout, numbers_as: NumberCells = AS_SHOWN
) -> tuple[list[Grid], list[str]]:
    """The grids of one file (one per declared sheet), and the names of sheets that the layout does not mention.

    Raises SourceError: the file cannot be read as declared, or a declared sheet is missing.
    """
    path = folder / file
    if layout.format in WORKBOOKS:
        return _sheets(path, file, layout, numbers_as)
    return [_table(path, file, layout)], []


# Each reader brings its library, which a run without such a file need not load.


def _sheets(path: Path, file: str, layout: Layout, numbers_as: NumberCells) -> tuple[list[Grid], list[str]]:
    read: Callable[..., tuple[list[Grid], list[str]]]
    match layout.format:
        case "xls":
            from immrecon.ingest.readers.xls import read_xls as read
        case "ods":
            from immrecon.ingest.readers.ods import read_ods as read
        case _:
            from immrecon.ingest.readers.workbook import read_workbook as read
    return read(path, file, layout.sheets, layout.sheets_ignored, layout.limits, numbers_as)


def _table(path: Path, file: str, layout: Layout) -> Grid:
    encoding = layout.encoding or ""  # the configuration refuses a format without the encoding that it needs
    match layout.format:
        case "sas7bdat" | "xpt":
            from immrecon.ingest.readers.sas import read_sas

            return read_sas(path, file, layout.format, layout.encoding, layout.limits)
        case "dataset_json":
            from immrecon.ingest.readers.dataset_json import read_dataset_json

            return read_dataset_json(path, file, layout.limits)
        case "hl7v2":
            from immrecon.ingest.readers.hl7v2 import read_hl7v2

            return read_hl7v2(path, file, encoding, layout.limits)
        case "fhir":
            from immrecon.ingest.readers.fhir import read_fhir

            return read_fhir(path, file, layout.limits)
        case _:
            return read_text(path, file, encoding, layout.delimiter or "", layout.quote, layout.limits)


def read_tables(folder: Path, file: str, layout: Layout, required: Sequence[str] = ()) -> list[Table]:
    """The tables of one file, each with the required columns. Raises SourceError as `read_grids` and `to_table`."""
    grids, _ = read_grids(folder, file, layout)
    return [to_table(grid, layout, required) for grid in grids]
