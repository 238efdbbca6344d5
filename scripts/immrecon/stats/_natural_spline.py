"""Natural cubic splines with declared knots, the basis of R's splines::ns."""

import numpy as np

from immrecon.errors import InputError
from immrecon.stats._types import FloatArray

_ORDER = 4


def natural_spline_basis(x: FloatArray, knots: FloatArray, boundary: FloatArray, intercept: bool) -> FloatArray:
    """(n, k + 1), or (n, k + 2) with intercept: B-splines with second derivative 0 at the boundary knots.

    Beyond them the basis goes on linearly. The null space of the two conditions is taken from Householder's QR, so
    that the columns, and with them the coefficients, are those of R's `ns`.
    """
    from scipy.interpolate import BSpline

    low, high = (float(v) for v in boundary)
    grid = np.concatenate((np.repeat(low, _ORDER), knots, np.repeat(high, _ORDER)))
    size = grid.size - _ORDER
    splines = BSpline(grid, np.eye(size), _ORDER - 1)
    inside = splines(np.clip(x, low, high))
    slope = splines.derivative(1)
    inside = inside + np.minimum(x - low, 0.0)[:, None] * slope(low) + np.maximum(x - high, 0.0)[:, None] * slope(high)
    bent = splines.derivative(2)(np.array([low, high]))
    first = 0 if intercept else 1
    q = np.linalg.qr(bent[:, first:].T, mode="complete")[0]
    out: FloatArray = (inside[:, first:] @ q)[:, 2:]
    return out


def refuse_knots(knots: FloatArray, boundary: FloatArray) -> None:
    """InputError unless boundary holds two increasing numbers with increasing knots strictly between."""
    if boundary.size != 2 or not boundary[0] < boundary[1]:
        raise InputError(f"boundary: {boundary.tolist()} are not two increasing numbers. Hint: boundary=[0, 365].")
    chain = np.concatenate((boundary[:1], knots, boundary[1:]))
    if not (np.diff(chain) > 0).all():
        raise InputError(
            f"knots: {knots.tolist()} do not increase strictly between {boundary.tolist()}. Hint: inner knots only."
        )
