"""Result cells of a long export: whose sample it is, and what was measured, once each.

A cell is its number and row, the run of cells around which the same stands, and its reading: the text of the result
with everything else that a cell says of it (analyte, unit, code, status, column, file). There are few readings, and
few cells for each sample, so that texts are looked at seldom.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
import polars as pl

from immrecon.ingest.lab_lines import LineCells
from immrecon.ingest.lab_runs import AROUND, runs
from immrecon.ingest.readers.grid import ROW

ORDER = "ORDER"
"""Of a result cell among all of its laboratory: decides where nothing else does."""

CELLS = {ORDER: pl.Int64, ROW: pl.Int64, "RUN": pl.UInt32, "READING": pl.UInt32}
"""Columns of coded cells, whole numbers."""

Places = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Coded:
    """`cells` (CELLS) have the places of their rows in `around` and `readings`. What is said beside the result stands
    for itself in the readings, or as the number of its KIND.
    """

    cells: pl.DataFrame
    around: pl.DataFrame
    readings: pl.DataFrame
    series: object = None
    """Cells of one series that follow each other have readings of which the earlier ones are the same."""

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
        self._series: object = None
        self._said = pl.DataFrame()

    def code(self, cells: pl.DataFrame) -> Coded:
        """The cells with readings of RESULT and KIND, no two of them alike."""
        around, run = runs(cells, AROUND)
        readings = cells.select("RESULT", KIND=self._kinds(cells))
        code, first = distinct(readings)
        return Coded(_cells(cells.select(ORDER, ROW, RUN=run, READING=code)), around, readings[first])

    def code_lines(self, lines: LineCells) -> Coded:
        """As `code`. Among the cells is their ORDER; readings may be alike."""
        new = lines.readings.select("RESULT", KIND=self._kinds(lines.readings) if lines.readings.height else pl.lit(0))
        new = new.cast({"KIND": pl.UInt32})
        self._said = pl.concat([self._said, new], rechunk=True) if self._series is lines.series else new
        self._series = lines.series
        return Coded(_cells(lines.cells), lines.around, self._said, lines.series)

    def spelled(self, found: Coded) -> Coded:
        """With what the cells of a kind say instead of its number."""
        assert self._known is not None
        kinds = self._known.drop("KIND")[found.readings["KIND"]]
        return replace(found, readings=pl.concat([found.readings.select("RESULT"), kinds], how="horizontal"))

    def _kinds(self, cells: pl.DataFrame) -> pl.Series:
        said = cells.drop(ORDER, ROW, "RESULT", *AROUND, strict=False)
        code, first = few_distinct(said)
        return self._numbers(said[first]).gather(code)

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


def _cells(found: pl.DataFrame) -> pl.DataFrame:
    return found.select(pl.col(name).cast(dtype) for name, dtype in CELLS.items())


def together(parts: Sequence[Coded]) -> Coded:
    """Cells of the same kinds one after the other; no two readings are alike."""
    n_runs = n_readings = 0
    cells: list[pl.DataFrame] = []
    readings: list[pl.DataFrame] = []
    series = None
    for part in parts:
        if part.series is not None and part.series is series:
            readings[-1] = part.readings
        else:
            n_readings += readings[-1].height if readings else 0
            readings.append(part.readings)
        series = part.series
        cells.append(
            _cells(part.cells.with_columns(RUN=pl.col("RUN") + n_runs, READING=pl.col("READING") + n_readings))
        )
        n_runs += part.around.height
    code, first = distinct(pl.concat(readings))
    found = pl.concat(cells)
    return Coded(
        found.with_columns(code.gather(found["READING"]).alias("READING")),
        pl.concat([part.around for part in parts]),
        pl.concat(readings)[first],
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
