"""Nonparametric maximum likelihood for interval-censored times: Turnbull's intervals and their masses."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike

from immrecon.errors import InputError
from immrecon.stats import _validate
from immrecon.stats._types import BoolArray, FloatArray, IntArray

if TYPE_CHECKING:
    import polars as pl

# Kuhn-Tucker: no mass can be moved to gain more than this share of n.
_KUHN_TUCKER = 1e-10
_ON_THE_EDGE = 1e-7
# Less than this is rounding error: a mass that the data ask for is of the order of 1/n.
_NO_MASS = 1e-10
_MAX_ITERATIONS = 1_000
_EM_STEPS = 20


@dataclass(frozen=True, slots=True, eq=False)
class IntervalSurvivalAt:
    """Survival at m requested times; between the two bounds the data do not tell. NaN if nobody was studied."""

    time: FloatArray
    survival_low: FloatArray
    """All mass of an interval that contains the time is before it."""
    survival_high: FloatArray
    """All of it is after."""

    def to_frame(self) -> "pl.DataFrame":
        """One row per requested time."""
        import polars as pl

        return pl.DataFrame({name: getattr(self, name) for name in ("time", "survival_low", "survival_high")})


@dataclass(frozen=True, slots=True, eq=False)
class IntervalSurvival:
    """K intervals (left, right], or exact days where left = right, with their probabilities."""

    n: int
    left: FloatArray
    right: FloatArray
    """(K,) infinity: after the last time anybody was seen."""
    mass: FloatArray
    """(K,) positive, sum 1."""
    loglik: float
    unique: bool
    """Whether no other masses are as likely (Gentleman and Geyer 1994)."""
    kuhn_tucker: float
    """Largest relative gain in log-likelihood per unit of mass moved; 0 at the maximum."""
    converged: bool

    def at(self, times: ArrayLike) -> IntervalSurvivalAt:
        """Bounds of survival at times (m,), any order, not negative; InputError otherwise."""
        t = _validate.times(np.atleast_1d(np.asarray(times)), "times")[:, None]
        if self.n == 0:
            unknown = np.full(t.size, np.nan)
            return IntervalSurvivalAt(t[:, 0], unknown, unknown)
        gone = self.right <= t
        begun = gone | (self.left < t)
        low, high = ((1.0 - np.where(part, self.mass, 0.0).sum(axis=1)).clip(0.0, 1.0) for part in (begun, gone))
        return IntervalSurvivalAt(t[:, 0], low, high)

    def to_frame(self) -> "pl.DataFrame":
        """One row per interval."""
        import polars as pl

        return pl.DataFrame({name: getattr(self, name) for name in ("left", "right", "mass")})


@dataclass(frozen=True, slots=True, eq=False)
class Turnbull:
    """The fit with what tests need: which of the K intervals each participant's own one covers."""

    left: FloatArray
    right: FloatArray
    mass: FloatArray
    first: IntArray
    """(n,) first of the K intervals inside a participant's own."""
    last: IntArray
    """(n,) and last."""
    loglik: float
    unique: bool
    kuhn_tucker: float


def intervals(left: ArrayLike, right: ArrayLike) -> tuple[FloatArray, FloatArray]:
    """Validated (left, right] arrays (n,); right may be infinite; InputError otherwise."""
    low = _validate.times(left, "left")
    raw = np.asarray(right, dtype=np.float64) if not np.ma.is_masked(right) else np.asarray(np.nan)
    endless: BoolArray = raw == np.inf
    high = _validate.times(np.where(endless, 0.0, raw), "right", low.size)
    high = np.where(endless, np.inf, high)
    bad = np.flatnonzero(high < low)
    if bad.size:
        raise InputError(
            f"right: {bad.size} of {low.size} values are before left (positions "
            f"{', '.join(str(i) for i in bad[:5])}, counted from 0). Hint: (left, right], inf if it never was seen."
        )
    return low, high


def turnbull(left: ArrayLike, right: ArrayLike) -> IntervalSurvival:
    """Distribution of a time known to lie in (left, right] (Peto 1973; Turnbull 1976).

    left and right are (n,): last visit without and first visit with the event; left = right for an exact day;
    right = infinity if the event was not seen. Masses sit on the maximal intersections; where inside one the mass is
    cannot be known, so that `at` gives bounds. Solved by constrained Newton steps (Wang 2008) after a few of EM, to
    the Kuhn-Tucker conditions of the concave problem. Raises InputError for arrays that cannot be worked on.
    """
    low, high = intervals(left, right)
    if low.size == 0:
        nothing = np.zeros(0)
        return IntervalSurvival(0, nothing, nothing, nothing, 0.0, True, 0.0, True)
    fit = fit_turnbull(low, high)
    return IntervalSurvival(
        n=low.size,
        left=fit.left,
        right=fit.right,
        mass=fit.mass,
        loglik=fit.loglik,
        unique=fit.unique,
        kuhn_tucker=fit.kuhn_tucker,
        converged=fit.kuhn_tucker <= _KUHN_TUCKER,
    )


def fit_turnbull(low: FloatArray, high: FloatArray) -> Turnbull:
    """Masses of the intervals with positive mass, for validated arrays with n > 0."""
    values, begin, end = _on_a_line(low, high)
    a, b = _maximal_intersections(begin, end)
    own, count = np.unique(np.column_stack((begin, end)), axis=0, return_counts=True)
    covers = ((own[:, :1] <= a) & (b <= own[:, 1:])).astype(np.float64)
    mass, gain = _maximise(covers, count.astype(np.float64))
    near = gain >= -_ON_THE_EDGE
    unique = bool(np.linalg.matrix_rank(covers[:, near]) == near.sum())
    loglik = float(count @ np.log(covers @ mass))
    kept = mass > 0
    a, b, mass = a[kept], b[kept], mass[kept]
    return Turnbull(
        # An odd position is a value, an even one the open stretch after the value before it.
        left=values[np.where(a % 2 == 1, (a - 1) // 2, (a - 2) // 2)],
        right=values[(b - 1) // 2],
        mass=mass,
        first=np.searchsorted(a, begin, side="left").astype(np.int64),
        last=(np.searchsorted(b, end, side="right") - 1).astype(np.int64),
        loglik=loglik,
        unique=unique,
        kuhn_tucker=float(max(gain.max(), 0.0)),
    )


def _on_a_line(low: FloatArray, high: FloatArray) -> tuple[FloatArray, IntArray, IntArray]:
    """Distinct values, and the closed intervals of whole positions: value k is 2k + 1, the stretch after it 2k + 2."""
    values = np.unique(np.concatenate((low, high)))
    at_low, at_high = np.searchsorted(values, low), np.searchsorted(values, high)
    begin = np.where(low == high, 2 * at_low + 1, 2 * at_low + 2)
    return values, begin.astype(np.int64), (2 * at_high + 1).astype(np.int64)


def _maximal_intersections(begin: IntArray, end: IntArray) -> tuple[IntArray, IntArray]:
    """Where a beginning is followed by an end without another beginning or end between."""
    points = np.concatenate((begin, end))
    is_end = np.repeat([0, 1], begin.size)
    order = np.lexsort((is_end, points))
    points, is_end = points[order], is_end[order]
    here = np.flatnonzero((is_end[:-1] == 0) & (is_end[1:] == 1))
    return points[here], points[here + 1]


def _maximise(covers: FloatArray, count: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Masses (m,) and, relative to n, what a unit moved to each interval would gain; 0 at most at the maximum."""
    from scipy.optimize import nnls

    n, size = float(count.sum()), covers.shape[1]
    mass = np.full(size, 1.0 / size)
    root = np.sqrt(count)

    def gain(p: FloatArray) -> FloatArray:
        out: FloatArray = (count / (covers @ p)) @ covers / n - 1.0
        return out

    def loglik(p: FloatArray) -> float:
        probability = covers @ p
        return float(count @ np.log(probability)) if (probability > 0).all() else -np.inf

    for _ in range(_EM_STEPS):
        mass = mass * (1.0 + gain(mass))
    for _ in range(_MAX_ITERATIONS):
        if gain(mass).max() <= _KUHN_TUCKER and gain(mass)[mass > 0].min() >= -_KUHN_TUCKER:
            break
        ratio = covers / (covers @ mass)[:, None]
        # Least squares ||ratio q - 2|| over q >= 0 with sum 1, the second-order step of the log-likelihood.
        system = np.concatenate((root[:, None] * (ratio - 2.0), np.ones((1, size))))
        target = np.append(np.zeros(count.size), 1.0)
        found = nnls(system, target, maxiter=30 * size)[0]
        direction = found / found.sum() - mass
        now, share = loglik(mass), 1.0
        slope = float(n * gain(mass) @ direction)
        while share > 1e-12 and loglik(mass + share * direction) < now + 1e-4 * share * slope:
            share /= 2
        if share <= 1e-12:  # nothing left to gain beyond rounding
            break
        mass = mass + share * direction
        mass = np.maximum(mass, 0.0) / np.maximum(mass, 0.0).sum()
    mass = np.where(mass > _NO_MASS, mass, 0.0)
    mass = mass / mass.sum()
    return mass, gain(mass)
