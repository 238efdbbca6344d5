"""Result cells of a long export: whose sample it is, and what was measured, once each.

A cell is its number and row, the run of cells around which the same stands, and its reading: the text of the result
with everything else that a cell says of it (analyte, unit, code, status, column, file). There are few readings, and
few cells for each sample, so that texts are looked at seldom.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import polars as pl

from immrecon.ingest.lab_lines import LineCells
from immrecon.ingest.lab_parse import AROUND, runs
from immrecon.ingest.readers.grid import ROW

ORDER = "ORDER"
"""Of a result cell among all of its laboratory: decides where nothing else does."""

CODED_COLUMNS = [ORDER, ROW, "RESULT", "RUN", "KIND"]

Places = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Coded:
    """`cells`: ORDER, SRCROW, RUN and READING, the places of the cell's row in `around` and `readings`."""

    cells: pl.DataFrame
    around: pl.DataFrame
    readings: pl.DataFrame

    def whole(self) -> pl.DataFrame:
        """A row per cell with all columns."""
        return side_by_side(self.cells, self.around, self.readings)


def side_by_side(cells: pl.DataFrame, around: pl.DataFrame, readings: pl.DataFrame) -> pl.DataFrame:
    parts = [around[cells["RUN"]], readings[cells["READING"]]]
    return pl.concat([cells.drop("RUN", "READING"), *parts], how="horizontal")


class Kinds:
    """The kinds of result cells of one laboratory: what the cells say but for the number, the sample and the row.

    There are few: they are numbered as they come, and remembered.
    """

    def __init__(self) -> None:
        self._known: pl.DataFrame | None = None

    def code(self, cells: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
        """ORDER, SRCROW, RESULT, RUN and KIND of the cells, and what stands around each run of them."""
        around, run = runs(cells, AROUND)
        return cells.select(ORDER, ROW, "RESULT").with_columns(RUN=run.cast(pl.UInt32), KIND=self._kinds(cells)), around

    def code_lines(self, lines: LineCells) -> tuple[pl.DataFrame, pl.DataFrame]:
        """As `code`. Among the cells is their ORDER."""
        said = lines.readings.select("RESULT", KIND=self._kinds(lines.readings))
        of_cells = said[lines.cells["READING"]]
        own = lines.cells.select(ORDER, ROW, pl.col("RUN").cast(pl.UInt32))
        return pl.concat([own, of_cells], how="horizontal").select(CODED_COLUMNS), lines.around

    def _kinds(self, cells: pl.DataFrame) -> pl.Series:
        said = cells.drop(ORDER, ROW, "RESULT", *AROUND, strict=False)
        code, first = few_distinct(said)
        return self._numbers(said[first]).gather(code)

    def of(self, numbers: pl.Series) -> pl.DataFrame:
        """What cells of these kinds say, a row for each number."""
        assert self._known is not None
        return self._known.drop("KIND")[numbers]

    def _numbers(self, found: pl.DataFrame) -> pl.Series:
        names = found.columns
        if self._known is None:
            self._known = found.with_row_index("KIND")
        both = found.join(self._known, on=names, how="left", nulls_equal=True, maintain_order="left")
        new = both["KIND"].is_null()
        if new.any():
            self._known = pl.concat(
                [self._known, found.filter(new).with_row_index("KIND", offset=self._known.height)], how="diagonal"
            )
            both = found.join(self._known, on=names, how="left", nulls_equal=True, maintain_order="left")
        return both["KIND"]


def coded(cells: pl.DataFrame, around: pl.DataFrame, kinds: Kinds) -> Coded:
    """Of cells that `Kinds.code` has coded."""
    code, first = distinct(cells.select("KIND", "RESULT"))
    readings = cells.select(pl.col("KIND", "RESULT").gather(first))
    said = kinds.of(readings["KIND"])
    return Coded(
        cells.select(ORDER, ROW, "RUN", READING=code),
        around,
        pl.concat([readings.select("RESULT"), said], how="horizontal"),
    )


def distinct(frame: pl.DataFrame) -> tuple[pl.Series, pl.Series]:
    """The number of each row among the distinct rows (UInt32), and for each number the place of a row that has it."""
    n, code, size = frame.height, np.zeros(frame.height, dtype=np.int64), 1
    for column in frame:
        own, n_own = _numbered(column)
        if n_own == 1:
            continue
        if size * n_own > max(4 * n, 2**16):
            code, size = _packed(code, size)
        code, size = code * n_own + own, size * n_own
    code, size = _packed(code, size)
    first = np.empty(size, dtype=np.int64)
    first[code[::-1]] = np.arange(n - 1, -1, -1)
    return pl.Series(code, dtype=pl.UInt32), pl.Series(first)


def few_distinct(frame: pl.DataFrame) -> tuple[pl.Series, pl.Series]:
    """As `distinct`, and quick where there are few: rows are told apart by digests, which is checked."""
    varying = [column for column in frame if column.len() and not column.eq_missing(column[0]).all()]
    if not varying:
        return distinct(frame.select(pl.col(frame.columns[:1]).is_null()))
    digest = pl.DataFrame(varying).select(pl.struct(pl.all()).hash()).to_series()
    found = digest.unique().sort().to_numpy()
    code = np.searchsorted(found, digest.to_numpy())
    first = np.empty(found.size, dtype=np.int64)
    first[code[::-1]] = np.arange(code.size - 1, -1, -1)
    representative = pl.Series(first[code])
    if not all(column.gather(representative).eq_missing(column).all() for column in varying):
        return distinct(frame)
    return pl.Series(code, dtype=pl.UInt32), pl.Series(first)


def _packed(code: Places, size: int) -> tuple[Places, int]:
    """The codes without those that no row has."""
    if size <= 8 * code.size + 2**16:
        found = np.zeros(size, dtype=np.bool_)
        found[code] = True
        number = np.cumsum(found) - 1
        return number[code], int(found.sum())
    found, inverse = np.unique(code, return_inverse=True)
    return inverse.astype(np.int64), found.size


def _numbered(column: pl.Series) -> tuple[Places, int]:
    """A number for each distinct value of a column; the last is that of null."""
    if column.len() == 0 or column.eq_missing(column[0]).all():
        return np.zeros(column.len(), dtype=np.int64), 1
    if column.dtype == pl.String:
        own = pl.Categorical(pl.Categories.random())
        numbers = column.cast(own).to_physical()
        n = int(numbers.max()) + 1  # type: ignore[arg-type]
    elif column.dtype.is_unsigned_integer() and not column.null_count():
        numbers, n = column, int(column.max() or 0) + 1  # type: ignore[arg-type]
    else:
        ranked = column.rank("dense")
        numbers, n = ranked - 1, int(ranked.max() or 0)  # type: ignore[arg-type]
    return numbers.cast(pl.Int64).fill_null(n).to_numpy(), n + 1
