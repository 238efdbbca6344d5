"""Comparison of K probabilities at one time point, each with its own standard error."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from immrecon.errors import InputError
from immrecon.stats._chi_square import ChiSquare, absent, chi_square
from immrecon.stats._groups import Label
from immrecon.stats._limits import normal_quantile
from immrecon.stats._types import Counts, FloatArray, IntArray

if TYPE_CHECKING:
    import polars as pl

TRANSFORMS = ("cloglog", "plain")


@dataclass(frozen=True, slots=True, eq=False)
class FixedTimeComparison:
    """K groups at one time; the test is NaN when not estimable, with the reason."""

    quantity: str
    """"survival" or "incidence"."""
    time: float
    transform: str
    groups: tuple[Label, ...]
    n: IntArray
    """(K,) participants."""
    n_risk: Counts
    """(K,) at risk just before the time; 0 where the curve is carried on beyond the last observed time."""
    estimate: FloatArray
    """(K,) probability at the time; NaN in an empty group."""
    std_error: FloatArray
    difference: FloatArray
    """(K - 1,) first group minus each other one."""
    difference_std_error: FloatArray
    difference_conf_low: FloatArray
    """Normal limits on the plain scale, whatever the transform of the test."""
    difference_conf_high: FloatArray
    conf_level: float
    z: float
    """Two groups: standardised difference on the transformed scale, first minus second; otherwise NaN."""
    statistic: float
    """Chi-square on the transformed scale."""
    df: int
    p_value: float
    status: str
    reason: str | None
    """Why there is no test, or a caution."""

    def to_frame(self) -> "pl.DataFrame":
        """One row per group, differences to the first group (null in its own row), the test repeated in each."""
        import polars as pl

        columns = {name: getattr(self, name) for name in ("n", "n_risk", "estimate", "std_error")}
        names = ("difference", "difference_std_error", "difference_conf_low", "difference_conf_high")
        columns |= {name: np.append(np.nan, getattr(self, name))[: len(self.groups)] for name in names}
        frame = pl.DataFrame({"group": [str(g) for g in self.groups], "time": self.time} | columns).with_columns(
            pl.lit(self.statistic, dtype=pl.Float64).alias("statistic"),
            pl.lit(self.df, dtype=pl.Int64).alias("df"),
            pl.lit(self.p_value, dtype=pl.Float64).alias("p_value"),
            pl.lit(self.status, dtype=pl.String).alias("status"),
            pl.lit(self.reason, dtype=pl.String).alias("reason"),
        )
        return frame.with_columns(pl.col(pl.Float64).fill_nan(None))


def compare_at(
    quantity: str,
    time: float,
    transform: str,
    groups: tuple[Label, ...],
    n: IntArray,
    n_risk: Counts,
    estimate: FloatArray,
    std_error: FloatArray,
    conf_level: float,
) -> FixedTimeComparison:
    """Wald test that K independent probabilities are equal (Klein et al. 2007; Zhang and Fine 2008)."""
    first, others = slice(0, 1), slice(1, None)
    difference = estimate[first] - estimate[others]
    spread = np.hypot(std_error[first], std_error[others])
    half = normal_quantile(conf_level) * spread
    test, z = _test(quantity, transform, groups, n, estimate, std_error)
    caution = [str(label) for label, k, m in zip(groups, n_risk, n, strict=True) if m > 0 and k == 0]
    reason = test.reason
    if reason is None and caution:
        reason = f"nobody at risk at the time in group {', '.join(caution)}: the last value is carried on"
    return FixedTimeComparison(
        quantity=quantity,
        time=time,
        transform=transform,
        groups=groups,
        n=n,
        n_risk=n_risk,
        estimate=estimate,
        std_error=std_error,
        difference=difference,
        difference_std_error=spread,
        difference_conf_low=difference - half,
        difference_conf_high=difference + half,
        conf_level=conf_level,
        z=z,
        statistic=test.statistic,
        df=test.df,
        p_value=test.p_value,
        status=test.status,
        reason=reason,
    )


def one_time(value: float) -> float:
    """A finite non-negative time; InputError otherwise."""
    if not 0 <= value < float("inf"):
        raise InputError(f"at: {value} is not a finite number from 0 on. Hint: one time in the unit of `time`.")
    return float(value)


def _test(
    quantity: str,
    transform: str,
    groups: tuple[Label, ...],
    n: IntArray,
    estimate: FloatArray,
    std_error: FloatArray,
) -> tuple[ChiSquare, float]:
    nan = float("nan")
    used = np.flatnonzero(n > 0)
    if used.size < 2:
        return absent("fewer than two groups have participants"), nan
    value, error = estimate[used], std_error[used]
    if transform == "cloglog":
        free = value if quantity == "survival" else 1 - value
        flat = [str(groups[i]) for i in used[(free <= 0) | (free >= 1)]]
        if flat:
            return absent(f"{quantity} is 0 or 1 in group {', '.join(flat)}: no variance on the log-log scale"), nan
        # Falls as survival rises; the sign keeps "first minus second" pointing the same way as the difference.
        value, error = np.log(-np.log(free)), error / np.abs(free * np.log(free))
        value = -value if quantity == "survival" else value
    if np.isnan(error).any():
        return absent(f"no standard error where {quantity} is at its end"), nan
    contrast = value[0] - value
    variance = error[0] ** 2 + np.diag(error**2)
    test = chi_square(contrast, variance, np.ones(used.size, dtype=np.bool_), "no variance in more than one group")
    z = float(contrast[1] / np.sqrt(variance[1, 1])) if used.size == 2 and test.df == 1 else nan
    return test, z
