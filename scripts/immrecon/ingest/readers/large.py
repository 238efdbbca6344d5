"""The table of a large delimited file, some rows at a time. All together they are the rows of `grid.to_table`."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
import numpy.typing as npt
import polars as pl

from immrecon.config.source_format import Layout
from immrecon.ingest.readers.grid import ROW, Grid, Header, Table, bare, data_rows, header_of
from immrecon.ingest.readers.lines import Readings, Role
from immrecon.ingest.readers.text_blocks import BLOCK_BYTES, Split, TextBlocks, columns_of

HEAD_ROWS = 200
"""Read before the header is looked for, beyond the declared one: an error can then say where else it stands."""

Places = npt.NDArray[np.int64]

_NOT_RAGGED = pl.DataFrame(schema={ROW: pl.Int64, "n_cells": pl.Int64})


@dataclass(frozen=True)
class NewLines:
    """Rows under their heads, of which those that say nothing new are left out. `runs`: the first row of each run;
    `readings`: those of the `series` that were not among those before, with their number for SRCROW. Columns that are
    not compared for it are blank. `run` and `reading` are the numbers of both for each row, `first` is the number of
    the first row of all.
    """

    readings: Table
    runs: Table
    run: Places
    reading: Places
    series: Readings
    first: int

    @property
    def n(self) -> int:
        return self.run.size

    @classmethod
    def together(cls, parts: "Sequence[NewLines]") -> "NewLines":
        """Rows of one series that follow each other."""
        first = parts[0]
        before = np.cumsum([0, *(part.runs.frame.height for part in parts)])
        return cls(
            replace(first.readings, frame=pl.concat([part.readings.frame for part in parts])),
            replace(first.runs, frame=pl.concat([part.runs.frame for part in parts])),
            np.concatenate([part.run + n for part, n in zip(parts, before, strict=False)]),
            np.concatenate([part.reading for part in parts]),
            first.series,
            first.first,
        )


def many_at_a_time(parts: Iterable[Table | NewLines], n: int = 1_000_000) -> Iterator[Table | NewLines]:
    """The same rows, new lines by about so many: each time they are looked at takes a while, however many there are."""
    held: list[NewLines] = []
    n_held = 0
    for part in parts:
        goes_on = isinstance(part, NewLines) and (not held or part.series is held[0].series) and n_held < n
        if held and not goes_on:
            yield NewLines.together(held)
            held, n_held = [], 0
        if isinstance(part, NewLines):
            held.append(part)
            n_held += part.n
        else:
            yield part
    if held:
        yield NewLines.together(held)


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
    known: _Known | None = None
    for block in text.blocks(header.width, wanted, roles):
        if isinstance(block, Grid):
            yield data_rows(block, layout, header)
        elif roles is None:
            yield _data(block, file, layout, header, wanted)
        else:
            if known is None or known.readings is not block.lines.readings:
                known = _Known(block.lines.readings)
            yield _new_lines(block, known, file, layout, header, wanted, roles)


@dataclass
class _Known:
    """What is known of the readings of some blocks."""

    readings: Readings
    suspect: npt.NDArray[np.bool_] = field(default_factory=lambda: np.zeros(0, dtype=np.bool_))
    """Whether a line that says so may hold no data, as far as the columns compared for it show."""
    waiting: list[pl.DataFrame] = field(default_factory=list)
    """Those that are not yet among any `NewLines`."""
    n: int = 0
    """So many are."""


def _suspect(first: pl.Series, layout: Layout, header: Header) -> pl.Series:
    """Whether rows may hold no data, or be another header, by their first cells."""
    heads = sorted({bare(head) for head in header.cells} | {""})
    odd = first.str.contains("[^!-~]")
    closed = first
    if odd.any():  # few cells have blanks or accents that may be composed or not
        closed = first.str.normalize("NFC").str.replace_all(r"[\s\x1c-\x1f]+", "").zip_with(odd, first)
    suspect = closed.str.to_lowercase().is_in(heads)
    for pattern in layout.ignore_rows:
        suspect |= first.str.contains(r"[\x1c-\x1f]") | first.str.strip_chars().str.contains(f"^(?:{pattern})$")
    return suspect


def _data(block: Split, file: str, layout: Layout, header: Header, wanted: Sequence[int]) -> Table:
    """As `data_rows`, of rows as long as the header. Only those that may hold no data are looked at closely."""
    frame = _headed(block.frame, [header.names[place] for place in wanted])
    # First cells come again and again: study, site, participant.
    if _suspect(frame.to_series(0).unique(), layout, header).any():
        frame = _with_data(frame, block, file, layout, header)
    return Table(file, None, frame, _NOT_RAGGED, header.repeated)


def _with_data(frame: pl.DataFrame, block: Split, file: str, layout: Layout, header: Header) -> pl.DataFrame:
    """The rows of a frame of all lines of a block that hold data."""
    suspect = _suspect(frame.to_series(0), layout, header)
    suspects = _headed(block.all(None), header.names).filter(suspect)
    rows = [list(row) for row in suspects.drop(ROW).iter_rows()]
    kept = data_rows(Grid(file, None, suspects[ROW].to_list(), rows), layout, header).frame
    return frame.filter(~suspect | frame[ROW].is_in(kept[ROW].to_list()))


def _new_lines(
    block: Split,
    known: _Known,
    file: str,
    layout: Layout,
    header: Header,
    wanted: Sequence[int],
    roles: Sequence[Role],
) -> Table | NewLines:
    """As `_data`, without the rows that say nothing new; all rows where one may hold no data."""
    names = [header.names[place] for place in wanted]
    said, around = (
        [header.names[place] for place in columns_of(role, wanted, roles)] for role in (Role.SAID, Role.AROUND)
    )
    readings = block.readings.rename(dict(zip(block.readings.columns, said, strict=True)))
    runs = _headed(block.frame, around)
    known.waiting.append(readings)
    if names[0] in said:
        found = _suspect(readings[names[0]], layout, header).fill_null(value=False).to_numpy()
        known.suspect = np.concatenate([known.suspect, found])
        is_suspect = bool(known.suspect.any()) and bool(known.suspect[block.lines.reading].any())
    else:
        is_suspect = _suspect(runs[names[0]].unique(), layout, header).any()
    if is_suspect:
        frame = _with_data(_headed(block.all(wanted), names), block, file, layout, header)
        return Table(file, None, frame, _NOT_RAGGED, header.repeated)
    new = pl.concat(known.waiting)
    numbers = pl.Series(ROW, np.arange(known.n, known.n + new.height))
    known.waiting, known.n = [], known.n + new.height
    table = Table(file, None, _with_all(new.with_columns(numbers), names), _NOT_RAGGED, header.repeated)
    lines = block.lines
    run, reading = (numbers.astype(np.int64) for numbers in (lines.run, lines.reading))
    return NewLines(table, replace(table, frame=_with_all(runs, names)), run, reading, lines.readings, block.first)


def _with_all(frame: pl.DataFrame, names: Sequence[str]) -> pl.DataFrame:
    return frame.select(*(name if name in frame.columns else pl.lit("").alias(name) for name in names), ROW)


def _headed(frame: pl.DataFrame, names: Sequence[str]) -> pl.DataFrame:
    return frame.rename(dict(zip(frame.columns, [*names, ROW], strict=True)))
