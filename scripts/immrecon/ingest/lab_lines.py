"""Result cells of a large file, part by part. Of a long export only the lines that say something new are split: the
others are as these.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

from immrecon.config.dialect import Dialect
from immrecon.ingest.lab_columns import is_read, required_columns, role, with_constants
from immrecon.ingest.lab_runs import AROUND
from immrecon.ingest.lab_shapes import Shaped, briefly, context, exclusions, shape
from immrecon.ingest.readers.grid import ROW, Table
from immrecon.ingest.readers.large import NewLines, Places, many_at_a_time, table_parts
from immrecon.ingest.readers.lines import Role
from immrecon.ingest.readers.text_blocks import BLOCK_BYTES
from immrecon.ingest.threads import ahead


@dataclass(frozen=True)
class LineCells:
    """The cells of some lines: SRCROW, RUN and READING, the places of the cell's row in `around` (AROUND), and among
    the readings of one `series`: those of the lines before, and `readings` after them (as `shape` makes them).
    """

    cells: pl.DataFrame
    around: pl.DataFrame
    readings: pl.DataFrame
    series: object


@dataclass
class _Choice:
    """The readings of a series as they are shaped where some of the declared exclusions apply to the run."""

    texts: dict[str, str]
    """Of the columns of runs that are looked at for exclusions: those of one of the runs."""
    place: Places
    """Of the cell of each reading, or what follows."""
    n: Places
    """Lines that say so."""
    first: Places
    """The number of the first of them, -1 where there is none."""


_NOT_YET, _NO_CELL = -2, -1
"""Places of readings that are not shaped, and of those that have no cell."""


class SaidOnce:
    """What lines with the readings of one series say. Each reading is shaped once, and counted as often as it comes;
    once for each choice of the declared exclusions that apply to a run.
    """

    def __init__(self, dialect: Dialect, lines: NewLines) -> None:
        self.series = lines.series
        self._dialect, self._table = dialect, lines.readings
        self._readings: list[pl.DataFrame] = []
        self._n = self._n_cells = 0
        self._choices: dict[bytes, _Choice] = {}
        self._none = pl.DataFrame()
        self._looked_at = [rule.column for rule in dialect.exclude_where if role(rule.column, dialect) == Role.AROUND]

    def cells(self, lines: NewLines) -> LineCells:
        """The cells of the next lines. Raises as `with_constants`."""
        self._readings.append(lines.readings.frame)
        self._n += lines.readings.frame.height
        of_runs = with_constants(lines.runs, self._dialect)
        said = context(of_runs, self._dialect, {})
        place, shaped = self._places(lines, of_runs.frame.select(**said))
        has_cell = np.flatnonzero(place >= 0)
        run = lines.run[has_cell]
        around = briefly(of_runs.frame.select(**{name: said[name] for name in AROUND}))
        used = np.zeros(around.height, dtype=np.bool_)
        used[run] = True
        number = np.cumsum(used, dtype=np.int64) - 1
        cells = pl.DataFrame({ROW: has_cell + lines.first, "RUN": number[run], "READING": place[has_cell]})
        return LineCells(cells, around.filter(pl.Series(used)), shaped, self.series)

    def _places(self, lines: NewLines, runs: pl.DataFrame) -> tuple[Places, pl.DataFrame]:
        """Where the cell of each line stands among all, and the cells that are new."""
        flags = pl.DataFrame(exclusions(runs, self._dialect)).to_numpy().reshape(runs.height, -1).astype(np.bool_)
        bits = np.packbits(flags, axis=1)
        place, shaped, rows = np.full(lines.n, _NO_CELL), [], np.arange(lines.first, lines.first + lines.n)
        for key, of_runs in _alike(bits):
            if key not in self._choices:
                one = lines.runs.frame.row(int(np.argmax(of_runs)), named=True)
                texts = {head: one[head] for head in self._looked_at if head in one}
                none = np.empty(0, dtype=np.int64)
                self._choices[key] = _Choice(texts, none, none, none)
            at = np.flatnonzero(of_runs[lines.run]) if not of_runs.all() else slice(None)
            place[at], new = self._own_places(self._choices[key], lines.reading[at], rows[at])
            shaped.append(new)
        return place, pl.concat(shaped)

    def _own_places(self, own: _Choice, reading: Places, rows: Places) -> tuple[Places, pl.DataFrame]:
        n = self._n - own.n.size
        own.place = np.append(own.place, np.full(n, _NOT_YET))
        own.n, own.first = np.append(own.n, np.zeros(n, dtype=np.int64)), np.append(own.first, np.full(n, -1))
        own.n += np.bincount(reading, minlength=self._n)
        unseen = np.flatnonzero(own.place[reading] == _NOT_YET)[::-1]
        own.first[reading[unseen]] = rows[unseen]
        new = np.unique(reading[unseen])
        if not new.size:
            return own.place[reading], self._none
        cells = self._shaped(own, new).cells
        self._none = cells.clear()
        own.place[new] = _NO_CELL
        own.place[cells[ROW].to_numpy()] = self._n_cells + np.arange(cells.height)
        self._n_cells += cells.height
        return own.place[reading], cells

    def _shaped(self, own: _Choice, some: npt.NDArray[Any], *, counted: bool = False) -> Shaped:
        """Some readings, as rows with their numbers; or as the first rows that say so, which stand for the others."""
        self._readings = [pl.concat(self._readings, rechunk=True)]
        texts = [pl.lit(text).alias(head) for head, text in own.texts.items()]
        frame = self._readings[0][pl.Series(some, dtype=pl.Int64)].with_columns(texts)
        table = replace(self._table, frame=frame)
        if counted:
            rows = frame.with_columns(pl.Series(ROW, own.first[some]))
            table = replace(self._table, frame=rows, stands_for=pl.Series(own.n[some]))
        return shape(with_constants(table, self._dialect), self._dialect)

    def counted(self) -> list[Shaped]:
        """What `shape` counts in all lines so far. Raises as `with_constants`."""
        found = []
        for own in self._choices.values():
            come = np.flatnonzero(own.n)
            found.append(self._shaped(own, come[np.argsort(own.first[come])], counted=True))
        return [replace(shaped, cells=shaped.cells.clear()) for shaped in found]


def _alike(bits: npt.NDArray[np.uint8]) -> Iterator[tuple[bytes, npt.NDArray[np.bool_]]]:
    """Each row that comes, and where. There are few."""
    left = np.ones(len(bits), dtype=np.bool_)
    while left.any():
        row = bits[int(np.argmax(left))]
        of_row = (bits == row).all(axis=1)
        left &= ~of_row
        yield row.tobytes(), of_row


@dataclass(frozen=True)
class Part:
    """Some rows of an export: their cells, `shaped` or in `lines`. What is counted in lines is `shaped` without cells,
    after them.
    """

    table: Table
    shaped: Shaped | None
    lines: LineCells | None


def parts_of(folder: Path, file: str, dialect: Dialect) -> Iterator[Part]:
    """The parts of one file, in order; at least one, and the first with all heads. Raises as `table_parts`."""
    read = table_parts(
        folder,
        file,
        dialect.layout,
        required_columns(dialect),
        BLOCK_BYTES,
        partial(is_read, dialect=dialect),
        partial(role, dialect=dialect) if dialect.shape == "long" else None,
    )
    said: SaidOnce | None = None
    for part in many_at_a_time(ahead(read)):
        if isinstance(part, Table):
            table = with_constants(part, dialect)
            yield Part(table, shape(table, dialect), None)
            continue
        if said is None or said.series is not part.series:
            yield from _counts(table, said)
            said = SaidOnce(dialect, part)
        yield Part(with_constants(part.readings, dialect), None, said.cells(part))
    yield from _counts(table, said)


def _counts(table: Table, said: SaidOnce | None) -> Iterator[Part]:
    for shaped in said.counted() if said is not None else ():
        yield Part(table, shaped, None)
