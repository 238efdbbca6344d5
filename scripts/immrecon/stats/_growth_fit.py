"""Curves of growth by least squares: starts from a grid, Levenberg and Marquardt, limits by profile."""

import numpy as np
from scipy.special import stdtrit

from immrecon.stats._chi_square import ESTIMATED, NOT_ESTIMABLE
from immrecon.stats._growth_curve import GrowthCurve
from immrecon.stats._growth_shapes import SHAPES, Shape
from immrecon.stats._types import FloatArray

_GRID = 24
_REFINED = 4
# Beyond this condition of the scaled curvature some parameter is not determined by the values.
_UNDETERMINED = 1e11
_STEPS = 60
# Residual sum of squares, relative to the total, that is rounding error.
_NO_RESIDUAL = 1e-18
# Share of the quantile by which a profile may miss it.
_JUMP = 1e-4
# A residual beyond the range of numbers.
_FAR = 1e150


def fit_growth(
    time: FloatArray, value: FloatArray, model: str, fewest: int, last_at_least: float | None, conf_level: float
) -> GrowthCurve:
    """The fit of checked arrays; see `immrecon.stats.longitudinal.growth_curve`."""
    shape = SHAPES[model]
    k, n = len(shape.names), time.size
    why = _why_not(time, value, k, fewest, last_at_least)
    theta: FloatArray | None = None
    if why is None:
        theta = _best(shape, time, value)
        if theta is None:
            why = "least squares has no minimum: no curve of this shape fits best"
    covariance = np.full((k, k), np.nan)
    if theta is not None:
        slope = shape.jacobian(theta, time)
        rss = float(((value - shape.curve(theta, time)) ** 2).sum())
        length = np.sqrt((slope**2).sum(axis=0))
        if not (length > 0).all() or np.linalg.cond(slope / length) ** 2 > _UNDETERMINED:
            why = "the values do not determine every parameter: no plateau or no bend in sight"
        else:
            inner = np.linalg.inv((slope / length).T @ (slope / length)) / np.outer(length, length)
            covariance = rss / (n - k) * inner
    if why is not None or theta is None:
        nothing, nan = np.full(k, np.nan), float("nan")
        return GrowthCurve(
            model, shape.names, n, NOT_ESTIMABLE, why, conf_level, nothing, nothing, nothing, nothing, covariance,
            nan, 0, nan, nan,
        )  # fmt: skip
    error = np.sqrt(np.diag(covariance))
    exact = rss <= _NO_RESIDUAL * float(((value - value.mean()) ** 2).sum())
    low, high = (theta, theta) if exact else _profile(shape, time, value, theta, rss, error, conf_level)
    with np.errstate(divide="ignore"):
        loglik = float(-0.5 * n * (np.log(2 * np.pi * rss / n) + 1))
    aicc = -2 * loglik + 2 * (k + 1) + 2 * (k + 1) * (k + 2) / (n - k - 2) if n > k + 2 else float("nan")
    return GrowthCurve(
        model=model,
        names=shape.names,
        n=n,
        status=ESTIMATED,
        reason=None,
        conf_level=conf_level,
        estimate=theta,
        std_error=error,
        conf_low=low,
        conf_high=high,
        covariance=covariance,
        residual_sd=float(np.sqrt(rss / (n - k))),
        df=n - k,
        loglik=loglik,
        aicc=float(aicc),
    )


def _why_not(time: FloatArray, value: FloatArray, k: int, fewest: int, last_at_least: float | None) -> str | None:
    distinct = np.unique(time).size
    if time.size < max(fewest, k + 1):
        return f"{time.size} values, {max(fewest, k + 1)} needed"
    if distinct < k:
        return f"values at {distinct} distinct times for {k} parameters"
    if last_at_least is not None and time.max() < last_at_least:
        return f"no value at or after {last_at_least:g}"
    if np.ptp(value) == 0:
        return "the values do not vary"
    return None


def _best(shape: Shape, time: FloatArray, value: FloatArray) -> FloatArray | None:
    """Least squares: a grid of the two parameters that are not linear, the rest in closed form, then refined."""
    two = _grid("rate_base" in shape.names, time)
    with np.errstate(over="ignore", invalid="ignore"):
        columns = shape.basis(two[:, :, None], time)
    two, columns = (part[np.isfinite(columns).all(axis=(1, 2))] for part in (two, columns))
    inner = columns.transpose(0, 2, 1) @ columns
    linear = np.einsum("glm,gm->gl", np.linalg.pinv(inner, rcond=1e-12), columns.transpose(0, 2, 1) @ value)
    residual = value - np.einsum("gnl,gl->gn", columns, linear)
    best = np.argsort((residual**2).sum(axis=1), kind="stable")[:_REFINED]
    found = [
        end
        for end in (_refine(shape, time, value, np.concatenate((linear[g], two[g]))) for g in best)
        if end is not None and _in_shape(shape, end[1])
    ]
    return min(found, key=lambda pair: pair[0])[1] if found else None


def _grid(gompertz: bool, time: FloatArray) -> FloatArray:
    """(g, 2) midpoints and scales, for Gompertz as displacement exp(m/s) and base exp(-1/s)."""
    span = float(np.ptp(time))
    middles = np.linspace(time.min() - 0.5 * span, time.max() + span, _GRID)
    scales = span * np.geomspace(0.01, 2.0, _GRID)
    m, s = (part.ravel() for part in np.meshgrid(middles, scales, indexing="ij"))
    if gompertz:
        return np.column_stack((np.exp(np.clip(m / s, -600, 600)), np.exp(-1 / s)))
    return np.column_stack((m, s))


def _in_shape(shape: Shape, theta: FloatArray) -> bool:
    """Scale positive (or base between 0 and 1 with a positive displacement): else it is not that curve."""
    if "rate_base" in shape.names:
        return bool(theta[-2] > 0 and 0 < theta[-1] < 1)
    return bool(theta[-1] > 0)


def _refine(
    shape: Shape,
    time: FloatArray,
    value: FloatArray,
    theta: FloatArray,
    fixed: int | None = None,
) -> tuple[float, FloatArray] | None:
    """Levenberg and Marquardt to the last digits; one parameter may be fixed. None if it does not end."""
    from scipy.optimize import least_squares

    tolerance = 1e-15 if fixed is None else 1e-11
    free = np.array([j for j in range(theta.size) if j != fixed])
    scale = np.maximum(np.abs(theta), 1e-8)

    def full(part: FloatArray) -> FloatArray:
        out = theta.copy()
        out[free] = part * scale[free]
        return out

    def residual(part: FloatArray) -> FloatArray:
        return np.asarray(np.clip(np.nan_to_num(value - shape.curve(full(part), time), nan=_FAR), -_FAR, _FAR))

    def jacobian(part: FloatArray) -> FloatArray:
        return np.asarray(np.nan_to_num(-shape.jacobian(full(part), time)[:, free] * scale[free]))

    with np.errstate(all="ignore"):
        try:
            found = least_squares(
                residual,
                theta[free] / scale[free],
                jac=jacobian,
                method="lm",
                xtol=tolerance,
                ftol=tolerance,
                gtol=tolerance,
                max_nfev=500,
            )
        except ValueError:  # residuals beyond the range of numbers: this start leads nowhere
            return None
    if not found.success or not np.isfinite(found.x).all():
        return None
    return float(2 * found.cost), full(found.x)


def _profile(
    shape: Shape,
    time: FloatArray,
    value: FloatArray,
    theta: FloatArray,
    rss: float,
    error: FloatArray,
    conf_level: float,
) -> tuple[FloatArray, FloatArray]:
    df = time.size - theta.size
    target = float(stdtrit(df, 0.5 + conf_level / 2)) ** 2 * rss / df
    low, high = np.full(theta.size, -np.inf), np.full(theta.size, np.inf)
    for j in range(theta.size):
        for side, limits in ((-1.0, low), (1.0, high)):
            limits[j] = _limit(shape, time, value, theta, rss + target, target, j, side * float(error[j]))
    return low, high


def _limit(
    shape: Shape,
    time: FloatArray,
    value: FloatArray,
    theta: FloatArray,
    target: float,
    size: float,
    j: int,
    step: float,
) -> float:
    """Where the least sum of squares with parameter j fixed reaches the target; infinite where it never does, where the
    curve leaves its shape before, or where it jumps across the target by more than a share of `size` (the other
    parameters have run away).
    """
    from scipy.optimize import brentq

    last = theta
    known = {float(theta[j]): -size}  # asked again, from another start, the fit might end elsewhere

    def excess(at: float) -> float:
        nonlocal last
        if at not in known:
            start = last.copy()
            start[j] = at
            found = _refine(shape, time, value, start, fixed=j)
            if found is None or not _in_shape(shape, found[1]):
                raise _OutOfShapeError
            last, known[at] = found[1], found[0] - target
        return known[at]

    endless = float(np.copysign(np.inf, step))
    inner, outer = float(theta[j]), float(theta[j]) + step
    try:
        for _ in range(_STEPS):
            if excess(outer) > 0:
                xtol = 1e-10 * (abs(inner) + abs(outer))
                limit = float(brentq(excess, inner, outer, xtol=xtol, rtol=1e-10, maxiter=1000))
                return limit if abs(excess(limit)) <= _JUMP * size else endless
            inner, outer = outer, outer + (outer - float(theta[j])) * 0.5
    except _OutOfShapeError:
        return endless
    return endless


class _OutOfShapeError(Exception):
    """The best curve with a parameter fixed is not of the shape, or there is none."""
