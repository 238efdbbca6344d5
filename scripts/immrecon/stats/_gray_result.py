"""The result of Gray's test."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from immrecon.stats._groups import Label
from immrecon.stats._types import FloatArray, IntArray

if TYPE_CHECKING:
    import polars as pl


@dataclass(frozen=True, slots=True, eq=False)
class GrayTest:
    """Gray's test of K groups; statistic and p_value are NaN when not estimable, with the reason."""

    of_interest: int
    """Code of the cause."""
    rho: float
    groups: tuple[Label, ...]
    n: IntArray
    """(K,) participants."""
    n_events: IntArray
    """(K,) with the cause."""
    n_competing: IntArray
    """(K,) with any other cause."""
    score: FloatArray
    """(K,) weighted events minus those expected from the pooled subdistribution hazard."""
    variance: FloatArray
    """(K, K) covariance of the scores."""
    statistic: float
    """Chi-square."""
    df: int
    p_value: float
    status: str
    """"estimated" or "not estimable"."""
    reason: str | None

    def to_frame(self) -> "pl.DataFrame":
        """One row per group, the test repeated in each; null where there is no test."""
        import polars as pl

        nothing = np.isnan(self.statistic)
        per_group = {name: getattr(self, name) for name in ("n", "n_events", "n_competing", "score")}
        return pl.DataFrame(
            {"group": [str(g) for g in self.groups], "cause": self.of_interest, "rho": self.rho} | per_group
        ).with_columns(
            pl.lit(None if nothing else self.statistic, dtype=pl.Float64).alias("statistic"),
            pl.lit(self.df, dtype=pl.Int64).alias("df"),
            pl.lit(None if nothing else self.p_value, dtype=pl.Float64).alias("p_value"),
            pl.lit(self.status, dtype=pl.String).alias("status"),
            pl.lit(self.reason, dtype=pl.String).alias("reason"),
        )
