"""What stands around the results of a sample: once for each run of cells that follow each other, and once for each
sample.
"""

from collections.abc import Sequence

import numpy as np
import polars as pl

AROUND = ["IDTEXT", "DATETEXT", "TIMETEXT", "RECEIVEDTEXT", "REPORTEDTEXT", "VISIT", "ACCESSION"]


def runs(cells: pl.DataFrame, names: Sequence[str]) -> tuple[pl.DataFrame, pl.Series]:
    """The named columns once for each run of cells that agree in them, and the place of each cell's run.

    The results of a sample mostly follow each other: whose they are and when it was drawn is then read once.
    """
    first = pl.int_range(pl.len()) == 0
    begins = cells.select(
        BEGINS=pl.any_horizontal(first, *(pl.col(name).ne_missing(pl.col(name).shift(1)) for name in names))
    )["BEGINS"]
    return cells.select(names).filter(begins), begins.cum_sum().cast(pl.Int64) - 1


def with_samples(around: pl.DataFrame) -> pl.DataFrame:
    """With DAY and, as numbers that are cheap to compare, PERSON and SAMPLEID.

    What a participant has of one day under one number of a sample is of one sample, whatever times and labels its rows
    have. Without a number, visit and time of the draw tell samples apart.
    """
    day = pl.coalesce("LBDY", pl.col("LBDT").to_physical().cast(pl.Float64))
    people = pl.Enum(around["USUBJID"].unique().drop_nulls().sort())
    around = around.with_columns(DAY=day, PERSON=pl.col("USUBJID").cast(people).to_physical().cast(pl.Int64) + 1)
    numbered = (pl.col("ACCESSION") != "").fill_null(value=False)
    told_apart = {f"{name}_APART": pl.when(~numbered).then(name) for name in ("VISIT", "CLOCK")}
    around = around.with_columns(**told_apart)
    keys = ["PERSON", "DAY", "ACCESSION", *told_apart]
    first = around.select(keys).with_row_index("AT").select(pl.col("AT").first().over(keys))
    row = first.to_series().to_numpy()
    number = np.cumsum(row == np.arange(row.size)) - 1
    return around.drop(list(told_apart)).with_columns(SAMPLEID=pl.Series(number[row], dtype=pl.UInt32))
