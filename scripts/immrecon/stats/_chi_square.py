"""Quadratic form of a score and its covariance, and what a test says when there is none."""

from dataclasses import dataclass

import numpy as np

from immrecon.stats._types import BoolArray, FloatArray

ESTIMATED = "estimated"
NOT_ESTIMABLE = "not estimable"

# Eigenvalues below this share of the largest are rounding error.
_RANK_TOLERANCE = 1e-10
_ZERO = 1e-12


@dataclass(frozen=True, slots=True)
class ChiSquare:
    """A test statistic with its upper tail; NaN, and why, when there is none."""

    statistic: float
    df: int
    p_value: float
    status: str
    reason: str | None


def absent(reason: str) -> ChiSquare:
    """No test, and why."""
    return ChiSquare(float("nan"), 0, float("nan"), NOT_ESTIMABLE, reason)


def chi_square(score: FloatArray, variance: FloatArray, informative: BoolArray, nothing: str) -> ChiSquare:
    """Test of K scores that add up to 0, with covariance (K, K), among the groups that are informative.

    The first informative group is left out, as its score follows from the others. `nothing` is the reason
    given when fewer than two groups are informative, or when the covariance of the rest is singular.
    """
    from scipy.special import chdtrc

    used = np.flatnonzero(informative)[1:]
    if used.size == 0:
        return absent(nothing)
    reduced = variance[np.ix_(used, used)]
    # A variance that is 0 in theory is what rounding leaves of the others.
    if not np.isfinite(variance).all() or (np.diag(reduced) <= _ZERO * np.diag(variance).max()).any():
        return absent(nothing)
    if used.size == 1:  # nothing is correlated with anything
        statistic = float(score[used[0]] ** 2 / reduced[0, 0])
        return ChiSquare(statistic, 1, float(chdtrc(1, statistic)), ESTIMATED, None)
    scale = np.sqrt(np.diag(reduced))
    # Correlations, so that a group with little information is not taken for none.
    values, vectors = np.linalg.eigh(reduced / np.outer(scale, scale))
    if values[0] <= _RANK_TOLERANCE * values[-1]:
        return absent(nothing)
    projected = vectors.T @ (score[used] / scale)
    statistic = float(np.sum(projected**2 / values))
    df = int(used.size)
    return ChiSquare(statistic, df, float(chdtrc(df, statistic)), ESTIMATED, None)
