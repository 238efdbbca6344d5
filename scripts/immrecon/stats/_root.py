"""Root of a function of one variable, by Brent's method."""

from collections.abc import Callable

_EPSILON = 2.0**-52
_MOST_STEPS = 1_000


def brent(function: Callable[[float], float], low: float, high: float, tolerance: float) -> float:
    """Where `function` changes sign between low and high (Brent 1973, chapter 4, procedure zero).

    Stops when the root is known to within `tolerance`/2 plus rounding error, so that a coarse tolerance gives the
    same digits as other implementations of the procedure (R's uniroot). The signs at the ends must differ.
    """
    a, b = low, high
    f_a, f_b = function(a), function(b)
    c, f_c = a, f_a
    for _ in range(_MOST_STEPS):
        previous = b - a
        if abs(f_c) < abs(f_b):  # b is the best so far, c lies across the root
            a, b, c = b, c, b
            f_a, f_b, f_c = f_b, f_c, f_b
        near = 2 * _EPSILON * abs(b) + tolerance / 2
        step = (c - b) / 2
        if abs(step) <= near or f_b == 0:
            return b
        if abs(previous) >= near and abs(f_a) > abs(f_b):
            step = _interpolated(a, b, c, f_a, f_b, f_c, previous, near, step)
        if abs(step) < near:
            step = near if step > 0 else -near
        a, f_a = b, f_b
        b += step
        f_b = function(b)
        if (f_b > 0) == (f_c > 0) and f_b != 0 and f_c != 0:
            c, f_c = a, f_a
    return b


def _interpolated(
    a: float, b: float, c: float, f_a: float, f_b: float, f_c: float, previous: float, near: float, bisection: float
) -> float:
    """Secant or inverse quadratic step from b, if it stays well inside the bracket; else the bisection."""
    span = c - b
    s = f_b / f_a
    if a == c:
        p, q = span * s, 1 - s
    else:
        t, r = f_a / f_c, f_b / f_c
        p = s * (span * t * (t - r) - (b - a) * (r - 1))
        q = (t - 1) * (r - 1) * (s - 1)
    if p > 0:
        q = -q
    else:
        p = -p
    if p < 0.75 * span * q - abs(near * q) / 2 and p < abs(previous * q / 2):
        return p / q
    return bisection
