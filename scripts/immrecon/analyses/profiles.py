"""Individual trajectories: samples from the transplant on, by display id."""

import polars as pl

from immrecon.analyses.strata import group_as_drawn
from immrecon.comparators import ABOVE_LIMIT, BELOW
from immrecon.contracts.base import Contract


def profiles(samples: pl.DataFrame, contract: Contract, **more: str | pl.Expr) -> pl.DataFrame:
    """Samples (ADLB rows) as rows of PROFILES, or of a contract that adds columns to it: `more`, as in a select."""
    return (
        samples.filter(pl.col("ADY") >= 0)
        .sort("DISPID", "PARAMCD", "ADY", "ASEQ")
        .select(
            display_id="DISPID",
            parameter="PARAMCD",
            sequence=pl.int_range(pl.len()).over("DISPID", "PARAMCD"),
            group=group_as_drawn(),
            dose_level=pl.col("DOSELVL").fill_null(""),
            time_day="ADY",
            value="AVAL",
            unit="AVALU",
            below_limit=BELOW,
            above_limit=ABOVE_LIMIT,
            lloq="LLOQ",
            **more,
        )
        .select(contract.schema.column_names())
    )
