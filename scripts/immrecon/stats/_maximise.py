"""Newton-Raphson for concave log-likelihoods that may have their maximum at infinity, and profiles of them."""

from dataclasses import dataclass

import numpy as np
from scipy.special import chdtrc, chdtri

from immrecon.stats._likelihood import Likelihood, Value
from immrecon.stats._types import BoolArray, FloatArray, IntArray

_MAX_ITERATIONS = 200
_HALVINGS = 40
# The linear predictor changes by no more than this in one step.
_LONGEST_STEP = 8.0
# U' I^-1 U is twice the log-likelihood still to be gained, and the square of the distance in standard errors.
_CONVERGED, _ACCEPTED = 1e-21, 1e-11
# Of the information at 0 so little is left in some direction that the likelihood is flat there.
_FLAT, _FLAT_DIRECTION, _PART_OF_DIRECTION = 1e-9, 1e-7, 1e-3
_ALIASED = 1e-9
# Below this the information about a coefficient is nil.
_NOTHING = 1e-150
# A profile is not followed beyond this linear predictor: the limit is infinite.
_FAR = 60.0


@dataclass(frozen=True, slots=True, eq=False)
class Maximum:
    """Where the climb ended."""

    beta: FloatArray
    value: Value
    converged: bool
    infinite: BoolArray
    """(p,) coefficients along which the likelihood rises for ever (monotone likelihood)."""
    iterations: int


def identifiable(information: FloatArray) -> BoolArray:
    """(p,) columns that the earlier ones do not determine, from the information at 0 (pivots of Cholesky)."""
    p = information.shape[0]
    kept: list[int] = []
    for j in range(p):
        own = information[j, j]
        left = own
        if kept and own > 0:
            block = information[np.ix_(kept, kept)]
            left = own - information[j, kept] @ np.linalg.solve(block, information[kept, j])
        if own > 0 and np.isfinite(own) and left > _ALIASED * own:
            kept.append(j)
    out = np.zeros(p, dtype=np.bool_)
    out[kept] = True
    return out


def solve_scaled(matrix: FloatArray, right: FloatArray) -> FloatArray:
    """matrix^-1 right for a positive matrix whose rows may differ by many orders of magnitude."""
    diagonal = np.diag(matrix)
    known = diagonal > _NOTHING  # nothing is known in the other directions, and nothing done
    scale = np.where(known, 1 / np.sqrt(np.where(known, diagonal, 1.0)), 0.0)
    scaled = matrix * np.outer(scale, scale)
    factor = scale if right.ndim == 1 else scale[:, None]
    out: FloatArray = factor * np.linalg.lstsq(scaled, factor * right, rcond=1e-14)[0]
    return out


def maximise(
    likelihood: Likelihood,
    start: FloatArray,
    *,
    free: IntArray | None = None,
    reference: FloatArray | None = None,
) -> Maximum:
    """Climb from start over the `free` coefficients (positions; default all).

    `reference` is the information at 0; with it a likelihood that rises for ever is recognised.
    """
    free = np.arange(start.size) if free is None else free
    block = np.ix_(free, free)
    beta, value = start.copy(), likelihood(start)
    curvature = value.information[block]
    nowhere = np.zeros(start.size, dtype=np.bool_)
    gain = 0.0
    for iteration in range(_MAX_ITERATIONS):
        if free.size == 0:
            return Maximum(beta, value, True, nowhere, iteration)
        score = value.score[free]
        step = solve_scaled(curvature, score)
        gain = float(score @ step)
        if reference is not None and gain < _FLAT_DIRECTION:
            infinite = _flat_directions(value.information, reference, likelihood.width)
            if infinite.any():
                return Maximum(beta, value, True, infinite, iteration)
        if not gain > _CONVERGED:
            if np.isfinite(step).all():  # known already, and too short to change the likelihood or its curvature
                beta[free] += step
            return Maximum(beta, value, True, nowhere, iteration)
        longest = float(np.abs(step * likelihood.width[free]).max())
        step = step * min(1.0, _LONGEST_STEP / longest) if longest > 0 else step
        better = _halved(likelihood, beta, step, free, value)
        if better is None:  # nothing to gain beyond rounding
            return Maximum(beta, value, gain < _ACCEPTED, nowhere, iteration)
        moved, gained = better[0][free] - beta[free], score - better[1].score[free]
        beta, value = better
        if likelihood.information_is_curvature:
            curvature = value.information[block]
        else:
            curvature = _secant_update(curvature, moved, gained)
    return Maximum(beta, value, gain < _ACCEPTED, nowhere, _MAX_ITERATIONS)


def _secant_update(curvature: FloatArray, moved: FloatArray, gained: FloatArray) -> FloatArray:
    """The curvature seen on the last step (Broyden, Fletcher, Goldfarb and Shanno), kept positive."""
    ahead, seen = curvature @ moved, float(gained @ moved)
    expected = float(ahead @ moved)
    if not (seen > 1e-8 * expected > 0):
        return curvature
    out: FloatArray = curvature + np.outer(gained, gained) / seen - np.outer(ahead, ahead) / expected
    return out


def _halved(
    likelihood: Likelihood, beta: FloatArray, step: FloatArray, free: IntArray, value: Value
) -> tuple[FloatArray, Value] | None:
    slack = 1e-13 * (1 + abs(value.loglik))
    for _ in range(_HALVINGS):
        trial = beta.copy()
        trial[free] += step
        found = likelihood(trial)
        if found.loglik >= value.loglik - slack and np.isfinite(found.information).all():
            return (trial, found) if (trial != beta).any() else None
        step = step / 2
    return None


def _flat_directions(information: FloatArray, reference: FloatArray, width: FloatArray) -> BoolArray:
    lower = np.linalg.cholesky(reference)
    whitened = np.linalg.solve(lower, np.linalg.solve(lower, information).T)
    eigenvalues, vectors = np.linalg.eigh((whitened + whitened.T) / 2)
    if eigenvalues[0] > _FLAT:
        return np.zeros(width.size, dtype=np.bool_)
    direction = np.abs(np.linalg.solve(lower.T, vectors[:, eigenvalues < _FLAT_DIRECTION])) * width[:, None]
    out: BoolArray = (direction > _PART_OF_DIRECTION * direction.max(axis=0)).any(axis=1)
    return out


@dataclass(frozen=True, slots=True, eq=False)
class Profile:
    """Likelihood-ratio limits and tests of each coefficient, arrays (p,); NaN for a limit that was not found."""

    conf_low: FloatArray
    conf_high: FloatArray
    statistic: FloatArray
    p_value: FloatArray
    converged: bool


def profile(likelihood: Likelihood, top: Maximum, std_error: FloatArray, level: float) -> Profile:
    """Limits where twice the drop of the profile log-likelihood is the chi-squared quantile; tests of 0.

    top is the maximum, or, where coefficients are infinite, a point from which nothing is left to gain.
    """
    p = top.beta.size
    low, high, statistic = np.full(p, -np.inf), np.full(p, np.inf), np.zeros(p)
    converged = True
    target = float(np.sqrt(chdtri(1, 1 - level)))
    for j in range(p):
        others = np.delete(np.arange(p), j)
        null = top.beta.copy()
        null[j] = 0.0
        at_zero = maximise(likelihood, null, free=others)
        converged &= at_zero.converged
        statistic[j] = max(2 * (top.value.loglik - at_zero.value.loglik), 0.0)
        upward = top.beta[j] > 0
        for side, limits in ((-1.0, low), (1.0, high)):
            if top.infinite[j] and (side > 0) == upward:
                continue
            limit, found = _limit(likelihood, top, j, side, std_error[j], target)
            limits[j] = limit if found else np.nan
            converged &= found
    return Profile(low, high, statistic, chdtrc(1, statistic), converged)


def _limit(
    likelihood: Likelihood, top: Maximum, j: int, side: float, std_error: float, target: float
) -> tuple[float, bool]:
    """Newton on the signed root of the deviance, kept inside a bracket; infinite if there is no root in reach."""
    inner, outer = float(top.beta[j]), side * np.inf
    first = target * std_error if np.isfinite(std_error) and not top.infinite[j] else 1 / likelihood.width[j]
    others = np.delete(np.arange(top.beta.size), j)
    at, beta, converged = inner + side * first, top.beta.copy(), True
    for _ in range(_MAX_ITERATIONS):
        beta[j] = at
        found = maximise(likelihood, beta, free=others)
        converged, beta = found.converged, found.beta.copy()
        root = float(np.sqrt(max(2 * (top.value.loglik - found.value.loglik), 0.0)))
        if root < target:
            inner = at
        else:
            outer = at
        slope = abs(float(found.value.score[j])) / root if root > 0 else 0.0
        move = (target - root) / slope if slope > 0 else 1 / likelihood.width[j]
        if abs(move) <= 1e-11 * (abs(at) + 1 / likelihood.width[j]):
            return at, converged
        cap = 4 / likelihood.width[j] + abs(at - top.beta[j])
        proposal = at + side * float(np.clip(move, -cap, cap))
        if not min(inner, outer) < proposal < max(inner, outer):
            if not np.isfinite(outer):
                proposal = inner + side * cap
            elif abs(outer - inner) <= 1e-13 * abs(inner):
                return at, converged
            else:
                proposal = (inner + outer) / 2
        at = proposal
        if abs(at - top.beta[j]) * likelihood.width[j] > _FAR:
            return side * np.inf, converged
    return at, False
