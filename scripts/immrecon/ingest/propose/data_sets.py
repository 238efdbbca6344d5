"""Data sets that name their columns themselves: SAS (sas7bdat, xpt) and Dataset-JSON. What they may not say is their
encoding."""

from pathlib import Path

from immrecon.config.source_format import Format, Layout
from immrecon.errors import SourceError
from immrecon.ingest.propose.draft import Entry, inferred, question, sure
from immrecon.ingest.propose.formats import Source, beginning
from immrecon.ingest.propose.text import encoding_of
from immrecon.ingest.readers import read_grids
from immrecon.ingest.readers.grid import Grid

_KINDS = {"sas7bdat": "a SAS data set", "xpt": "a SAS transport file", "dataset_json": "Dataset-JSON"}
_BYTES = "latin-1"
"""In which every byte is a character and back again."""


def study_data_set(path: Path, form: Format) -> Source:
    """Raises SourceError: not readable, or several data sets in one file."""
    layout: dict[str, Entry] = {"format": sure(form, f"the file is {_KINDS[form]}")}
    if form == "dataset_json":
        grid = _read(path, form, None)
    else:
        grid, encoding = _sas(path, form)
        if encoding is not None:
            layout["encoding"] = encoding
    grid, notes = beginning(grid)
    return Source(form, layout, grid, notes=notes)


def _read(path: Path, form: Format, encoding: str | None) -> Grid:
    grids, _ = read_grids(path.parent, path.name, Layout(format=form, encoding=encoding))
    return grids[0]


def _sas(path: Path, form: Format) -> tuple[Grid, Entry | None]:
    """The data set in its own or the suggested encoding, and the key encoding; None where the file says it."""
    problem = "a transport file does not say its encoding"
    if form == "sas7bdat":
        try:
            return _read(path, form, None), None
        except SourceError as error:
            problem = str(error).removeprefix(f"{path.name}: ").rstrip(".")
    raw = _read(path, form, _BYTES)  # where the file is damaged, this says so
    content = _observations(raw)
    if content.isascii():
        why = "every byte of its texts is ASCII; an export that holds others is refused until its encoding is declared"
        return raw, inferred("ascii", why)
    evidence = encoding_of(content, whole=True, place="observation")
    seen = "; ".join(remark.text for remark in evidence.remarks)
    asked = (
        f"{problem}. Suggested: {evidence.answer}, because {seen}. Ask the sender, or compare a word with its source."
    )
    return _read(path, form, str(evidence.answer)), question(asked, evidence.answer)


def _observations(grid: Grid) -> bytes:
    """The bytes of the texts, a line per observation; the column names come last, to keep the numbers right."""
    lines = [" ".join("\t".join(row).splitlines()) for row in (*grid.rows[1:], grid.rows[0])]
    return "\n".join(lines).encode(_BYTES)
