"""Result cells of a large file, part by part. Of a long export only the lines that say something new are split: the
others are as these.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import numpy as np
import polars as pl

from immrecon.config.dialect import Dialect
from immrecon.ingest.lab_columns import is_read, required_columns, role, with_constants
from immrecon.ingest.lab_parse import AROUND
from immrecon.ingest.lab_shapes import Shaped, briefly, context, shape
from immrecon.ingest.readers.grid import ROW, Table
from immrecon.ingest.readers.large import NewLines, table_parts
from immrecon.ingest.readers.text_blocks import BLOCK_BYTES
from immrecon.ingest.threads import ahead


@dataclass(frozen=True)
class LineCells:
    """The cells of some lines: SRCROW, RUN and READING, the places of the cell's row in `around` (AROUND) and in
    `readings` (as `shape` makes them, of the first line that says so).
    """

    cells: pl.DataFrame
    around: pl.DataFrame
    readings: pl.DataFrame


def shape_lines(lines: NewLines, dialect: Dialect) -> tuple[Shaped, LineCells]:
    """As `shape`, of a long export: the counts are those of all lines, the cells apart. Raises as `with_constants`."""
    shaped = shape(with_constants(lines.readings, dialect), dialect)
    place = np.full(lines.lines.first_of_reading.size, -1)
    kept = np.searchsorted(lines.lines.first_of_reading, shaped.cells[ROW].to_numpy() - lines.first)
    place[kept] = np.arange(kept.size)
    reading = place[lines.lines.reading]
    has_cell = np.flatnonzero(reading >= 0)
    run = lines.lines.run[has_cell]
    of_runs = with_constants(lines.runs, dialect)
    said = context(of_runs, dialect, {})
    around = briefly(of_runs.frame.select(**{name: said[name] for name in AROUND}))
    used = np.zeros(around.height, dtype=np.bool_)
    used[run] = True
    number = np.cumsum(used, dtype=np.int64) - 1
    cells = pl.DataFrame({ROW: has_cell + lines.first, "RUN": number[run], "READING": reading[has_cell]})
    counted = replace(shaped, cells=shaped.cells.clear())
    return counted, LineCells(cells, around.filter(pl.Series(used)), shaped.cells)


@dataclass(frozen=True)
class Part:
    """Some rows of an export, and their cells: `lines`, where not every row was split."""

    table: Table
    shaped: Shaped
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
    for part in ahead(read):
        if isinstance(part, NewLines):
            yield Part(with_constants(part.readings, dialect), *shape_lines(part, dialect))
        else:
            table = with_constants(part, dialect)
            yield Part(table, shape(table, dialect), None)
