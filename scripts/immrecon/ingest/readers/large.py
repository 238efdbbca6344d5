"""The table of a large delimited file, some rows at a time. All together they are the rows of `grid.to_table`."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import polars as pl

from immrecon.config.source_format import Layout
from immrecon.ingest.readers.grid import ROW, Grid, Header, Table, data_rows, header_of
from immrecon.ingest.readers.lines import Lines, Role
from immrecon.ingest.readers.text_blocks import BLOCK_BYTES, Split, TextBlocks, columns_of

HEAD_ROWS = 200
"""Read before the header is looked for, beyond the declared one: an error can then say where else it stands."""

_BLANK = r"^[\s\x1c-\x1f]*$"
"""What `str.isspace` holds for blank; polars does not count the four separators."""

_NOT_RAGGED = pl.DataFrame(schema={ROW: pl.Int64, "n_cells": pl.Int64})


@dataclass(frozen=True)
class NewLines:
    """Rows under their heads, of which those that say nothing new are left out. `readings`: the first row of each
    reading, and how many it stands for; `runs`: the first row of each run. Columns that are not compared for it are
    blank. `first` is the number of the first row of all.
    """

    readings: Table
    runs: Table
    lines: Lines
    first: int


def table_parts(
    folder: Path,
    file: str,
    layout: Layout,
    required: Sequence[str] = (),
    block_bytes: int = BLOCK_BYTES,
    is_read: Callable[[str], bool] = lambda head: True,
    role: Callable[[str], Role] | None = None,
) -> Iterator[Table | NewLines]:
    """The rows of a delimited file under their heads, in order; at least one table, and the first with all heads.
    Columns that are not read may be missing from later ones; where columns have a role, rows that say nothing new may
    be so too. Raises SourceError as `to_table`, where the reading meets the reason."""
    text = TextBlocks(folder / file, file, layout, block_bytes)
    first = text.rows(layout.header_rows[-1] + HEAD_ROWS)
    header = header_of(first, layout, required)
    yield data_rows(first, layout, header, header.body)
    # What holds no data shows in the first column, which is compared for something therefore.
    wanted = [place for place, name in enumerate(header.names) if place == 0 or is_read(name)]
    roles = None
    if role is not None:
        roles = [role(name) if place in wanted else Role.NONE for place, name in enumerate(header.names)]
        roles[0] = roles[0] or Role.SAID
    for block in text.blocks(header.width, wanted, roles):
        if isinstance(block, Grid):
            yield data_rows(block, layout, header)
        else:
            yield _data(block, file, layout, header, wanted, roles)


def _data(
    block: Split, file: str, layout: Layout, header: Header, wanted: Sequence[int], roles: Sequence[Role] | None
) -> Table | NewLines:
    """As `data_rows`, of rows as long as the header. Only those that may hold no data are looked at closely."""
    compared = [wanted] if roles is None else [columns_of(role, wanted, roles) for role in (Role.SAID, Role.AROUND)]
    frames = [
        _headed(frame, [header.names[place] for place in places])
        for frame, places in zip(block.frames, compared, strict=True)
    ]
    names = [header.names[place] for place in wanted]
    first = pl.col(names[0])
    suspect = first.str.contains(_BLANK)
    for pattern in layout.ignore_rows:
        suspect |= first.str.contains(r"[\x1c-\x1f]") | first.str.strip_chars().str.contains(f"^(?:{pattern})$")
    if layout.repeated_header:
        bare = first.str.normalize("NFC").str.replace_all(r"[\s\x1c-\x1f]+", "")
        suspect |= bare == header.cells[0].replace(" ", "")
    # First cells come again and again: study, site, participant.
    distinct = next(frame for frame in frames if names[0] in frame.columns).select(first.unique())
    table = Table(file, None, frames[0], _NOT_RAGGED, header.repeated)
    if not distinct.select(suspect.any()).item():
        return table if roles is None else _new_lines(table, frames, names, block)
    suspects = _headed(block.all(None), header.names).filter(suspect)
    rows = [list(row) for row in suspects.drop(ROW).iter_rows()]
    kept = data_rows(Grid(file, None, suspects[ROW].to_list(), rows), layout, header).frame
    frame = frames[0] if roles is None else _headed(block.all(wanted), names)
    return replace(table, frame=frame.filter(~suspect | pl.col(ROW).is_in(kept[ROW].to_list())))


def _new_lines(table: Table, frames: Sequence[pl.DataFrame], names: Sequence[str], block: Split) -> NewLines:
    readings, runs = (
        frame.select(*(name if name in frame.columns else pl.lit("").alias(name) for name in names), ROW)
        for frame in frames
    )
    n = np.bincount(block.lines.reading, minlength=readings.height)
    return NewLines(
        replace(table, frame=readings, stands_for=pl.Series(n)), replace(table, frame=runs), block.lines, block.first
    )


def _headed(frame: pl.DataFrame, names: Sequence[str]) -> pl.DataFrame:
    return frame.rename(dict(zip(frame.columns, [*names, ROW], strict=True)))
