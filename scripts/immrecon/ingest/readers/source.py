"""Files of a cut: found by their declared names, read by their declared layout."""

from collections.abc import Sequence
from pathlib import Path

from immrecon.config.source_format import Layout
from immrecon.errors import SourceError
from immrecon.ingest.readers.fhir import read_fhir
from immrecon.ingest.readers.grid import Grid, Table, to_table
from immrecon.ingest.readers.hl7v2 import read_hl7v2
from immrecon.ingest.readers.text import read_text
from immrecon.ingest.readers.workbook import read_workbook


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


def read_grids(folder: Path, file: str, layout: Layout) -> tuple[list[Grid], list[str]]:
    """The grids of one file (one per declared sheet), and the names of sheets that the layout does not mention.

    Raises SourceError: the file cannot be read as declared, or a declared sheet is missing.
    """
    if layout.format == "csv":
        assert layout.encoding is not None
        assert layout.delimiter is not None
        grid = read_text(folder / file, file, encoding=layout.encoding, delimiter=layout.delimiter, quote=layout.quote)
        return [grid], []
    if layout.format == "hl7v2":
        assert layout.encoding is not None
        return [read_hl7v2(folder / file, file, encoding=layout.encoding)], []
    if layout.format == "fhir":
        return [read_fhir(folder / file, file)], []
    return read_workbook(folder / file, file, layout.sheets, layout.sheets_ignored)


def read_tables(folder: Path, file: str, layout: Layout, required: Sequence[str] = ()) -> list[Table]:
    """The tables of one file, each with the required columns. Raises SourceError as `read_grids` and `to_table`."""
    grids, _ = read_grids(folder, file, layout)
    return [to_table(grid, layout, required) for grid in grids]
