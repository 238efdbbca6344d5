"""Counts on the scale on which they are modelled."""

import polars as pl

from immrecon.comparators import BELOW
from immrecon.config.outcomes import BelowLimit


def log10_count(below_limit: BelowLimit, lowest_per_ul: float) -> pl.Expr:
    """log10 of AVAL; below a limit by the declared rule, above an upper limit the limit itself."""
    share = 0.5 if below_limit == "half the limit" else 1.0
    value = pl.when(BELOW).then(pl.col("AVAL") * share).otherwise(pl.col("AVAL"))
    return value.clip(lower_bound=lowest_per_ul).log10().round(12)  # 1000 is 3, not 2.9999999999999996
