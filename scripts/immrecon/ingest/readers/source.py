"""Files of a cut: found by their declared names, read by their declared layout."""

from collections.abc import Sequence
from pathlib import Path

from immrecon.config.source_format import Layout
from immrecon.errors import SourceError
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


def read_grids(folder: Path, file: str, layout: Layout) -> tuple[list[Grid], list[str]]:
    """The grids of one file (one per declared sheet), and the names of sheets that the layout does not mention.

    Raises SourceError: the file cannot be read as declared, or a declared sheet is missing.
    """
    path = folder / file
    # Each reader brings its library, which a run without such a file need not load.
    match layout.format:
        case "csv":
            assert layout.encoding is not None
            assert layout.delimiter is not None
            return [read_text(path, file, layout.encoding, layout.delimiter, layout.quote, layout.limits)], []
        case "xlsx":
            from immrecon.ingest.readers.workbook import read_workbook

            return read_workbook(path, file, layout.sheets, layout.sheets_ignored, layout.limits)
        case "xls":
            from immrecon.ingest.readers.xls import read_xls

            return read_xls(path, file, layout.sheets, layout.sheets_ignored, layout.limits)
        case "ods":
            from immrecon.ingest.readers.ods import read_ods

            return read_ods(path, file, layout.sheets, layout.sheets_ignored, layout.limits)
        case "sas7bdat" | "xpt":
            from immrecon.ingest.readers.sas import read_sas

            return [read_sas(path, file, layout.format, layout.encoding, layout.limits)], []
        case "dataset_json":
            from immrecon.ingest.readers.dataset_json import read_dataset_json

            return [read_dataset_json(path, file, layout.limits)], []


def read_tables(folder: Path, file: str, layout: Layout, required: Sequence[str] = ()) -> list[Table]:
    """The tables of one file, each with the required columns. Raises SourceError as `read_grids` and `to_table`."""
    grids, _ = read_grids(folder, file, layout)
    return [to_table(grid, layout, required) for grid in grids]
