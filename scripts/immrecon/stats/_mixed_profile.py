"""Profiled likelihood of the linear mixed model in the relative covariance of the random effects, with its gradient.

V = s^2 (I + Z L L' Z'): given the lower triangle L, fixed effects and s^2 have closed forms (Bates et al. 2015), and
everything is made of q x q cross-products of each participant. L = 0 is an inner point, so that a variance of 0 is
found without bounds.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from itertools import product

import numpy as np

from immrecon.stats._mixed_sample import MixedSample
from immrecon.stats._types import FloatArray, IntArray

Criterion = Callable[[FloatArray], tuple[float, FloatArray]]
_ITERATIONS, _HALVINGS = 100, 40
_CONVERGED, _ACCEPTED = 1e-18, 1e-9
_DIFFERENCE = 1e-5
_ROUNDING = 1e-12
_STARTS = (0.05, 0.25, 1.0, 4.0, 16.0)


@dataclass(frozen=True, slots=True, eq=False)
class Moments:
    """Cross-products: zz (m, q, q), zx (m, q, p), zy (m, q); y is the residual of least squares, x orthonormal."""

    zz: FloatArray
    zx: FloatArray
    zy: FloatArray
    yy: float
    least_squares: FloatArray
    """(p,) coefficients of the orthonormal columns."""
    n: int
    reml: bool

    @property
    def df(self) -> int:
        """What the residual sum of squares is divided by."""
        return self.n - (self.zx.shape[2] if self.reml else 0)


@dataclass(frozen=True, slots=True, eq=False)
class State:
    """The model at one relative covariance delta = L L'; x and beta are those of the orthonormal columns."""

    delta: FloatArray
    log_det: float
    inverse: FloatArray
    """(m, q, q): (I + Z'Z delta)^-1."""
    xhx: FloatArray
    covariance: FloatArray
    """(p, p) inverse of xhx: covariance of beta over s^2."""
    beta: FloatArray
    """Beyond least squares."""
    rss: float


def moments(sample: MixedSample, reml: bool) -> Moments:
    """Cross-products of a sample of measured values."""
    x, z = sample.q_design, sample.random
    least_squares = x.T @ sample.value
    y = sample.value - x @ least_squares
    total = sample.by_participant
    return Moments(
        zz=total(z[:, :, None] * z[:, None, :]),
        zx=total(z[:, :, None] * x[:, None, :]),
        zy=total(z * y[:, None]),
        yy=float(y @ y),
        least_squares=least_squares,
        n=y.size,
        reml=reml,
    )


def triangle(theta: FloatArray, q: int) -> FloatArray:
    """Lower-triangular L from its entries, row by row."""
    out = np.zeros((q, q))
    out[lower_entries(q)] = theta
    return out


@cache
def lower_entries(q: int) -> tuple[IntArray, IntArray]:
    """Rows and columns of the entries of L, row by row."""
    return np.tril_indices(q)


def residual_variation(m: Moments) -> str | None:
    """Why no residual variance can be estimated, or None: nothing left by the fixed effects, or by those and an own
    intercept (and slope) of each participant.
    """
    total = m.yy + float(m.least_squares @ m.least_squares)
    if m.yy <= _ROUNDING**2 * total:
        return "the values do not vary about the fixed effects"
    solve = np.linalg.pinv(m.zz, rcond=_ROUNDING, hermitian=True)
    xhx = np.eye(m.zx.shape[2]) - np.einsum("mqp,mqr,mrs->ps", m.zx, solve, m.zx, optimize=True)
    xhy = -np.einsum("mqp,mqr,mr->p", m.zx, solve, m.zy, optimize=True)
    yhy = m.yy - float(np.einsum("mq,mqr,mr->", m.zy, solve, m.zy, optimize=True))
    left = yhy - float(xhy @ np.linalg.pinv(xhx, rcond=_ROUNDING, hermitian=True) @ xhy)
    return "the values do not vary within participants" if left <= _ROUNDING * m.yy else None


def state(m: Moments, lower: FloatArray) -> State:
    """Fixed effects and residual sum of squares at L."""
    q, p = m.zx.shape[1:]
    delta = lower @ lower.T
    widened = np.eye(q) + m.zz @ delta
    inverse = np.asarray(np.linalg.inv(widened), dtype=np.float64)
    shrink = delta @ inverse
    zx, zy = m.zx.reshape(-1, p), m.zy.reshape(-1)
    xhx = np.eye(p) - zx.T @ (shrink @ m.zx).reshape(-1, p)
    shrunk = (shrink @ m.zy[:, :, None]).reshape(-1)
    xhy = -zx.T @ shrunk
    covariance = np.linalg.inv(xhx)
    covariance = (covariance + covariance.T) / 2
    beta = covariance @ xhy
    return State(
        delta=delta,
        log_det=float(np.log(np.linalg.det(widened)).sum()),
        inverse=inverse,
        xhx=xhx,
        covariance=covariance,
        beta=beta,
        rss=max(m.yy - float(zy @ shrunk) - float(xhy @ beta), 0.0),
    )


def deviance(m: Moments, lower: FloatArray, sigma2: float | None = None) -> tuple[float, FloatArray, float]:
    """Minus twice the log-likelihood but for constants, its gradient in the entries of L, and sigma^2.

    sigma2 None takes the best one.
    """
    at = state(m, lower)
    q = m.zx.shape[1]
    variance = at.rss / m.df if sigma2 is None else sigma2
    value = at.log_det + m.df * float(np.log(variance)) + at.rss / variance
    ky = (at.inverse @ (m.zy - m.zx @ at.beta)[:, :, None])[:, :, 0]
    slope = (at.inverse @ m.zz).sum(axis=0) - ky.T @ ky / variance
    if m.reml:
        value += float(np.linalg.slogdet(at.xhx)[1])
        kx = (at.inverse @ m.zx).transpose(1, 0, 2)
        slope = slope - kx.reshape(q, -1) @ (kx @ at.covariance).reshape(q, -1).T
    gradient = 2 * ((slope + slope.T) / 2 @ lower)[lower_entries(q)]
    return value, gradient, variance


@dataclass(frozen=True, slots=True, eq=False)
class Minimum:
    """Where Newton's method ended."""

    theta: FloatArray
    value: float
    converged: bool


def minimise_profile(m: Moments) -> Minimum:
    """L with the least deviance: Newton from every start that no neighbour on a coarse grid beats."""
    q = m.zz.shape[1]
    scale = 1 / np.sqrt(np.maximum(np.einsum("mqq->q", m.zz) / m.n, 1e-300))
    where = lower_entries(q)

    def criterion(theta: FloatArray) -> tuple[float, FloatArray]:
        return deviance(m, triangle(theta, q))[:2]

    grid: list[tuple[float, FloatArray]] = []
    for parts in product(_STARTS, repeat=q):
        start = np.diag(np.array(parts) * scale)[where]
        grid.append((criterion(start)[0], start))
    values = np.array([value for value, _ in grid]).reshape((len(_STARTS),) * q)
    chosen = [grid[i][1] for i in np.flatnonzero(_local_minima(values).ravel())]
    found = [_newton(criterion, start) for start in chosen]
    return min(found, key=lambda end: end.value)


def _local_minima(values: FloatArray) -> FloatArray:
    """Cells of a grid that are no larger than their neighbours along each axis."""
    out = np.ones(values.shape, dtype=np.bool_)
    for axis in range(values.ndim):
        padded = np.pad(values, [(1, 1) if a == axis else (0, 0) for a in range(values.ndim)], constant_values=np.inf)
        size = values.shape[axis]
        out &= (values <= padded.take(range(size), axis)) & (values <= padded.take(range(2, size + 2), axis))
    return np.asarray(out)


def _newton(criterion: Criterion, start: FloatArray) -> Minimum:
    theta = start
    value, gradient = criterion(theta)
    gain = np.inf
    for _ in range(_ITERATIONS):
        curvature = numerical_jacobian(lambda at: criterion(at)[1], theta)
        eigenvalues, vectors = np.linalg.eigh((curvature + curvature.T) / 2)
        size = np.maximum(np.abs(eigenvalues), 1e-10 * max(np.abs(eigenvalues).max(), 1e-300))
        step = -vectors @ (vectors.T @ gradient / size)
        gain = float(-gradient @ step)
        if not gain > _CONVERGED:
            break
        longest = np.abs(step).max() / (1 + np.abs(theta).max())
        step = step / max(1.0, longest)
        better = False
        for _ in range(_HALVINGS):
            trial = theta + step
            found = criterion(trial)
            if found[0] <= value + 1e-14 * (1 + abs(value)):
                better = True
                break
            step = step / 2
        if not better or (trial == theta).all():
            break
        theta, (value, gradient) = trial, found
    return Minimum(theta, value, gain < _ACCEPTED)


def numerical_jacobian(function: Callable[[FloatArray], FloatArray], at: FloatArray) -> FloatArray:
    """(k, k) central differences of a gradient."""
    columns = []
    for j in range(at.size):
        move = np.zeros_like(at)
        move[j] = _DIFFERENCE * max(1.0, abs(at[j]))
        columns.append((function(at + move) - function(at - move)) / (2 * move[j]))
    return np.column_stack(columns)
