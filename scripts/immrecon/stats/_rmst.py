"""Two restricted mean survival times compared: difference, ratio, and ratio of the time lost."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from immrecon.stats._chi_square import ESTIMATED, NOT_ESTIMABLE
from immrecon.stats._curve import RestrictedMean
from immrecon.stats._groups import Label
from immrecon.stats._limits import normal_quantile
from immrecon.stats._types import IntArray

if TYPE_CHECKING:
    import polars as pl


@dataclass(frozen=True, slots=True)
class Contrast:
    """A comparison of two groups with a normal interval; NaN, and why, when not estimable."""

    measure: str
    """"difference", "ratio" or "ratio of time lost", first group against second."""
    estimate: float
    conf_low: float
    conf_high: float
    p_value: float
    status: str
    reason: str | None


@dataclass(frozen=True, slots=True, eq=False)
class RestrictedMeanComparison:
    """Restricted mean survival times of two groups and their contrasts."""

    tau: float
    groups: tuple[Label, ...]
    n: IntArray
    """(2,) participants."""
    means: tuple[RestrictedMean, ...]
    """One per group; empty when a group has no participants."""
    difference: Contrast
    """Unit of time."""
    ratio: Contrast
    """Interval on the log scale."""
    ratio_of_time_lost: Contrast
    """Of tau minus the mean; interval on the log scale."""
    conf_level: float

    def to_frame(self) -> "pl.DataFrame":
        """One row per contrast; null where there is none."""
        import polars as pl

        rows = (self.difference, self.ratio, self.ratio_of_time_lost)
        columns = {name: [getattr(row, name) for row in rows] for name in Contrast.__slots__}
        frame = pl.DataFrame({"tau": self.tau} | columns)
        return frame.with_columns(pl.col(pl.Float64).fill_nan(None), pl.col("reason").cast(pl.String))


def compare_means(
    tau: float, groups: tuple[Label, ...], n: IntArray, means: Sequence[RestrictedMean], conf_level: float
) -> RestrictedMeanComparison:
    """Contrasts of two restricted means by the delta method (Uno et al. 2014; R's survRM2)."""
    names = ("difference", "ratio", "ratio of time lost")
    if len(means) < 2:
        nothing = [_absent(name, "fewer than two groups have participants") for name in names]
        return RestrictedMeanComparison(tau, groups, n, tuple(means), nothing[0], nothing[1], nothing[2], conf_level)
    a, b = means
    z = normal_quantile(conf_level)
    spread = float(np.hypot(a.std_error, b.std_error))
    difference = _contrast(names[0], a.estimate - b.estimate, spread, z)
    return RestrictedMeanComparison(
        tau=tau,
        groups=groups,
        n=n,
        means=(a, b),
        difference=difference,
        ratio=_ratio(names[1], a.estimate, a.std_error, b.estimate, b.std_error, z),
        ratio_of_time_lost=_ratio(names[2], tau - a.estimate, a.std_error, tau - b.estimate, b.std_error, z),
        conf_level=conf_level,
    )


def _ratio(name: str, a: float, a_error: float, b: float, b_error: float, z: float) -> Contrast:
    if a <= 0 or b <= 0:
        return _absent(name, "no time lost in a group" if "lost" in name else "a mean of 0")
    log = _contrast(name, float(np.log(a / b)), float(np.hypot(a_error / a, b_error / b)), z)
    limits = [float(np.exp(v)) for v in (log.estimate, log.conf_low, log.conf_high)]
    return Contrast(name, limits[0], limits[1], limits[2], log.p_value, log.status, log.reason)


def _contrast(name: str, estimate: float, spread: float, z: float) -> Contrast:
    from scipy.special import ndtr

    if spread <= 0:
        return _absent(name, "no event by tau, or no spread, in either group")
    p = float(2 * ndtr(-abs(estimate) / spread))
    return Contrast(name, estimate, estimate - z * spread, estimate + z * spread, p, ESTIMATED, None)


def _absent(name: str, reason: str) -> Contrast:
    nan = float("nan")
    return Contrast(name, nan, nan, nan, nan, NOT_ESTIMABLE, reason)
