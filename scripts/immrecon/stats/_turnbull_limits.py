"""Likelihood-ratio limits of survival with interval-censored times."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import chdtri

from immrecon.errors import InputError
from immrecon.stats import _validate
from immrecon.stats._root import brent
from immrecon.stats._turnbull import intervals, maximal_intersections, maximise_masses, on_a_line, turnbull
from immrecon.stats._types import FloatArray

if TYPE_CHECKING:
    import polars as pl

_TOLERANCE = 1e-12


@dataclass(frozen=True, slots=True, eq=False)
class IntervalSurvivalLimits:
    """Bounds of the estimate and limits of survival at m times; NaN if nobody was studied."""

    conf_level: float
    time: FloatArray
    survival_low: FloatArray
    survival_high: FloatArray
    conf_low: FloatArray
    conf_high: FloatArray

    def to_frame(self) -> "pl.DataFrame":
        """One row per time."""
        import polars as pl

        names = ("time", "survival_low", "survival_high", "conf_low", "conf_high")
        return pl.DataFrame({name: getattr(self, name) for name in names})


def turnbull_limits(
    left: ArrayLike, right: ArrayLike, times: ArrayLike, *, conf_level: float = 0.95
) -> IntervalSurvivalLimits:
    """Limits of survival at times (m,): values that cost less than the chi-squared quantile in twice log-likelihood.

    left and right as for `turnbull`. For each value the likelihood is maximised with survival held there; with exact
    and right-censored times these are the limits of Thomas and Grunkemeier (1975). The quantile is that of one degree
    of freedom, which is an approximation when visits are few. Raises InputError for arrays that cannot be worked on.
    """
    level = _validate.confidence_level(conf_level)
    low, high = intervals(left, right)
    t = _validate.times(np.atleast_1d(np.asarray(times)), "times")
    if (t == np.inf).any():
        raise InputError("times: infinite.")
    fit = turnbull(low, high)
    at = fit.at(t)
    limits = np.full((2, t.size), np.nan)
    for i in range(t.size if low.size else 0):
        drop = _drop(low, high, float(t[i]), fit.loglik, float(chdtri(1, 1 - level)))
        limits[0, i] = _edge(drop, float(at.survival_low[i]), 0.0)
        limits[1, i] = _edge(drop, float(at.survival_high[i]), 1.0)
    return IntervalSurvivalLimits(level, t, at.survival_low, at.survival_high, limits[0], limits[1])


def _drop(low: FloatArray, high: FloatArray, t: float, top: float, allowed: float) -> Callable[[float], float]:
    """Twice the log-likelihood lost by holding survival at t, less what is allowed, as a function of survival."""
    # Held there, masses may lie where the cut at t makes new intersections: cut as two more participants would.
    values, begin, end = on_a_line(np.append(low, [min(0.0, float(low.min())), t]), np.append(high, [t, np.inf]))
    if t == 0:  # (0, 0] is the point 0
        begin[-2] = end[-2]
    a, b = maximal_intersections(begin, end)
    own, count = np.unique(np.column_stack((begin[:-2], end[:-2])), axis=0, return_counts=True)
    covers = ((own[:, :1] <= a) & (b <= own[:, 1:])).astype(np.float64)
    before = b <= 2 * np.searchsorted(values, t) + 1

    def lost(survival: float) -> float:
        blocks = [(before, 1.0 - survival), (~before, survival)]
        present = [(where, amount) for where, amount in blocks if amount > 0]
        kept = np.logical_or.reduce([where for where, _ in present])
        inside = covers[:, kept]
        if not inside.any(axis=1).all():  # somebody's interval has no probability
            return np.inf
        mass, _ = maximise_masses(
            inside, count.astype(np.float64), [(where[kept], amount) for where, amount in present]
        )
        return 2 * (top - float(count @ np.log(inside @ mass))) - allowed

    return lost


def _edge(lost: Callable[[float], float], inner: float, outer: float) -> float:
    """Where the loss reaches what is allowed, between the estimate and 0 or 1; the end if it never does."""
    if inner == outer:
        return outer
    most = lost(outer)
    if most <= 0:
        return outer
    while most == np.inf:  # at the end somebody has no probability: begin where everybody has some
        if abs(outer - inner) <= _TOLERANCE:
            return outer
        middle = (inner + outer) / 2
        at_middle = lost(middle)
        if at_middle <= 0:
            inner = middle
        else:
            outer, most = middle, at_middle
    return brent(lost, inner, outer, _TOLERANCE)
