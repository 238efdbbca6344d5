"""A quantile with exact limits that are order statistics; values below their limit rank lowest."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy.special import betainc

from immrecon.stats._chi_square import ESTIMATED, NOT_ESTIMABLE
from immrecon.stats._types import BoolArray, FloatArray

if TYPE_CHECKING:
    import polars as pl


@dataclass(frozen=True, slots=True)
class QuantileInterval:
    """Quantile of one sample. A flag `*_below` says that the number is an upper bound: a value below its limit."""

    p: float
    n: int
    n_below: int
    estimate: float
    """Interpolated between neighbouring order statistics (R's type 7); NaN without values."""
    estimate_below: bool
    conf_low: float
    """Order statistic, or -inf where the sample is too small for the level (6 values for a median at 95 %)."""
    conf_low_below: bool
    conf_high: float
    conf_high_below: bool
    rank_low: int
    """Counted from 1; 0 where there is none."""
    rank_high: int
    conf_level: float
    coverage: float
    """Exact, at least conf_level for a continuous distribution: limits leave no more than half the rest in a tail."""
    status: str
    reason: str | None

    def to_frame(self) -> "pl.DataFrame":
        """One row; null where there is no estimate."""
        import polars as pl

        frame = pl.DataFrame({name: [getattr(self, name)] for name in self.__slots__})
        return frame.with_columns(pl.col(pl.Float64).fill_nan(None), pl.col("reason").cast(pl.String))


def order_statistic_interval(value: FloatArray, below: BoolArray, p: float, conf_level: float) -> QuantileInterval:
    """The interval of checked arrays; see `immrecon.stats.longitudinal.quantile_interval`."""
    n = value.size
    nan = float("nan")
    if n == 0:
        return QuantileInterval(
            p, 0, 0, nan, False, nan, False, nan, False, 0, 0, conf_level, nan, NOT_ESTIMABLE, "no value"
        )
    order = np.lexsort((value, ~below))
    ranked, flagged = value[order], below[order]
    at = (n - 1) * p
    lower, upper = int(np.floor(at)), int(np.ceil(at))
    estimate = ranked[lower] + (at - lower) * (ranked[upper] - ranked[lower])
    tail = (1 - conf_level) / 2 * (1 + 1e-12)
    rank = np.arange(1, n + 1)
    at_least = betainc(rank, n - rank + 1, p)  # P(B >= rank), B binomial with n and p
    under = 1 - at_least  # P(B <= rank - 1)
    low = int((under <= tail).sum())
    high = int(n + 1 - (at_least <= tail).sum())
    coverage = (at_least[low - 1] if low else 1.0) - (at_least[high - 1] if high <= n else 0.0)
    return QuantileInterval(
        p=p,
        n=n,
        n_below=int(below.sum()),
        estimate=float(estimate),
        estimate_below=bool(flagged[lower]),
        conf_low=float(ranked[low - 1]) if low else -np.inf,
        conf_low_below=bool(low and flagged[low - 1]),
        conf_high=float(ranked[high - 1]) if high <= n else np.inf,
        conf_high_below=bool(high <= n and flagged[high - 1]),
        rank_low=low,
        rank_high=high if high <= n else 0,
        conf_level=conf_level,
        coverage=float(coverage),
        status=ESTIMATED,
        reason=None,
    )
