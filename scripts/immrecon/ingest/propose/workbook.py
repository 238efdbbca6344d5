"""The sheets of a workbook: which of them holds results, and where its days count from."""

from pathlib import Path

from immrecon.config.source_format import Format, Layout
from immrecon.errors import SourceError
from immrecon.ingest.propose.draft import Entry, inferred, sure
from immrecon.ingest.propose.formats import Source, beginning
from immrecon.ingest.propose.layout import recognised
from immrecon.ingest.propose.sheet_names import sheets_of
from immrecon.ingest.readers import read_grids
from immrecon.ingest.readers.cells import NumberCells
from immrecon.ingest.readers.grid import Grid
from immrecon.quoting import quoted

MOST_SHEETS = 50


def study_workbook(path: Path, form: Format) -> Source:
    """Raises SourceError: not readable, or without a sheet that holds a table."""
    sheets = sheets_of(path, form)
    names = sheets.names[:MOST_SHEETS]
    grids = _grids(path, form, names)
    best = {name: max((recognised(row) for row in grid.rows[:40]), default=0) for name, grid in grids.items()}
    shown = [name for name in grids if name not in sheets.hidden] or list(grids)
    main = max(shown, key=lambda name: (best[name], len(grids[name].rows)), default=None)
    if main is None or not grids[main].rows:
        raise SourceError(f"{path.name}: no sheet of the workbook holds anything.")
    alike = [name for name in shown if name != main and _same_heads(grids[main], grids[name])]
    read = [name for name in names if name == main or name in alike]
    rest = [name for name in sheets.names if name not in read]
    layout: dict[str, Entry] = {
        "format": sure(form, "the file is a workbook"),
        "sheets": inferred(read, f"{quoted(main)} has the most heads that are known" + _others(alike)),
    }
    if rest:
        told = ", ".join(quoted(name) + (" (hidden)" if name in sheets.hidden else "") for name in rest)
        layout["sheets_ignored"] = inferred(rest, f"no table of the same form: {told}. Look at them")
    grid, notes = beginning(grids[main])
    elsewhere = [grids[name] for name in rest if name in grids]
    return Source(form, layout, grid, elsewhere, sheets.epoch, notes, _written(grid, path, form, main))


def _written(grid: Grid, path: Path, form: Format, sheet: str) -> frozenset[str]:
    """Texts of cells that are the same whatever the decimal sign of numbers."""
    (other,), _ = read_grids(path.parent, path.name, Layout(format=form, sheets=[sheet]), NumberCells(","))
    rows = zip(grid.rows, other.rows, strict=False)
    return frozenset(
        one.strip() for row, again in rows for one, two in zip(row, again, strict=True) if one and one == two
    )


def _others(alike: list[str]) -> str:
    return f"; {', '.join(map(quoted, alike))}: the same heads" if alike else ""


def _same_heads(first: Grid, second: Grid) -> bool:
    heads = max(first.rows[:40], key=recognised)
    return recognised(heads) > 1 and heads in second.rows[:40]


def _grids(path: Path, form: Format, names: list[str]) -> dict[str, Grid]:
    """Sheets that can be read: one that cannot does not keep the others from being studied."""
    grids = {}
    problem: SourceError | None = None
    for name in names:
        try:
            read, _ = read_grids(path.parent, path.name, Layout(format=form, sheets=[name]))
        except SourceError as error:
            problem = error
            continue
        grids[name] = read[0]
    if not grids and problem is not None:
        raise problem
    return grids
