"""Variances of the Aalen-Johansen estimator, each O(J) or O(n log n).

The influence of what happens at u on F(t) is linear in F(t): an event of the cause weighs
a = alpha(u) - g(u) F(t), any other b = beta(u) - g(u) F(t), with g = S(u-)/S(u), alpha = S(u-) + g F(u) and
beta = g F(u). Every variance is therefore C0 - 2 F(t) C1 + F(t)^2 C2 with three running sums over u <= t.
"""

from dataclasses import dataclass

import numpy as np

from immrecon.stats._counting import RiskTable, entry_positions
from immrecon.stats._types import FloatArray

# A variance that is zero in theory is computed as a difference of sums; what is left is rounding error.
_ROUNDING = 1e-14


@dataclass(frozen=True, slots=True, eq=False)
class Increments:
    """One cause against all others at the J times of a risk table."""

    own: FloatArray
    """(J,) events of the cause, d."""
    other: FloatArray
    """(J,) events of any other cause."""
    at_risk: FloatArray
    """(J,)"""
    free_before: FloatArray
    """(J,) event-free probability S(u-)."""
    free: FloatArray
    """(J,) event-free probability S(u)."""
    incidence: FloatArray
    """(J,) F(u)."""

    @property
    def influence(self) -> tuple[FloatArray, FloatArray, FloatArray]:
        """alpha, beta, g; after the last event of an exhausted risk set F no longer changes, so g is 0."""
        g = np.zeros_like(self.free)
        np.divide(self.free_before, self.free, out=g, where=self.free > 0)
        beta = g * self.incidence
        return self.free_before + beta, beta, g


def greenwood(inc: Increments) -> FloatArray:
    """Greenwood-type variance (J,): multinomial at each time (Andersen et al. 1993, eq. 4.4.20; etm)."""
    alpha, beta, g = inc.influence
    h1, h2 = inc.own / inc.at_risk, inc.other / inc.at_risk
    h, mean = h1 + h2, alpha * h1 + beta * h2
    spread = (alpha**2 * h1 + beta**2 * h2 - mean**2) / inc.at_risk
    cross = g * mean * (1 - h) / inc.at_risk
    square = g**2 * h * (1 - h) / inc.at_risk
    return _certain(inc, _quadratic(inc.incidence, np.cumsum(spread), np.cumsum(cross), np.cumsum(square)))


def aalen(inc: Increments) -> FloatArray:
    """Counting-process variance (J,), hypergeometric factor for ties (Aalen 1978; Gray 1988; cmprsk)."""
    per_event = np.zeros_like(inc.free)
    np.divide(1.0, inc.free, out=per_event, where=inc.free > 0)
    beta = per_event * inc.incidence
    alpha = 1 + beta
    own, other = (_tied(d, inc.at_risk) * (inc.free_before / inc.at_risk) ** 2 for d in (inc.own, inc.other))
    spread = own * alpha**2 + other * beta**2
    cross = per_event * (own * alpha + other * beta)
    square = per_event**2 * (own + other)
    return _quadratic(inc.incidence, np.cumsum(spread), np.cumsum(cross), np.cumsum(square))


def jackknife(
    inc: Increments,
    own: FloatArray,
    table: RiskTable,
    time: FloatArray,
    any_event: FloatArray,
    entry: FloatArray | None,
    weights: FloatArray | None,
) -> FloatArray:
    """Infinitesimal jackknife (J,): sum of squared influences w_i dF/dw_i of n participants (survfit).

    own and any_event are (n,) indicators of an event of the cause, and of any.
    """
    alpha, beta, g = inc.influence
    h1, h2 = inc.own / inc.at_risk, inc.other / inc.at_risk
    # Running compensators x, y: being at risk over (E, T] costs x(T) - x(E) - F(t) (y(T) - y(E)).
    x = np.cumsum((alpha * h1 + beta * h2) / inc.at_risk)
    y = np.cumsum(g * (h1 + h2) / inc.at_risk)
    stop = np.searchsorted(table.time, time)
    start = entry_positions(table.time, entry, time.size)
    x_start, y_start = np.append(x, 0.0)[start - 1], np.append(y, 0.0)[start - 1]
    size = x.size
    w2 = np.ones_like(time) if weights is None else weights**2

    # Those who have left by t: their influence p - F(t) q no longer changes but for F(t).
    per_risk = 1 / inc.at_risk[stop]
    p = (own * alpha[stop] + (any_event - own) * beta[stop]) * per_risk - (x[stop] - x_start)
    q = any_event * g[stop] * per_risk - (y[stop] - y_start)
    left = [np.cumsum(np.bincount(stop, w2 * m, minlength=size)) for m in (p * p, p * q, q * q)]

    # Those still at risk after t: minus (x(t) - x_start) - F(t) (y(t) - y_start), by moments of the starts.
    def still(moment: FloatArray) -> FloatArray:
        value = w2 * moment
        arrived = np.bincount(start, value, minlength=size)
        running: FloatArray = np.cumsum(arrived - np.bincount(stop, value, minlength=size))
        return running

    m0, mx, my = still(np.ones_like(time)), still(x_start), still(y_start)
    spread = x * x * m0 - 2 * x * mx + still(x_start**2)
    cross = x * y * m0 - x * my - y * mx + still(x_start * y_start)
    square = y * y * m0 - 2 * y * my + still(y_start**2)
    total = _quadratic(inc.incidence, left[0] + spread, left[1] + cross, left[2] + square)
    return _certain(inc, total)


def _tied(events: FloatArray, at_risk: FloatArray) -> FloatArray:
    factor = np.ones_like(events)
    np.divide(at_risk - events, at_risk - 1, out=factor, where=events > 1)
    return events * factor


def _certain(inc: Increments, variance: FloatArray) -> FloatArray:
    """No variance once everybody has had the event: exactly 0, where the sums leave rounding error."""
    variance[(inc.free == 0) & (inc.incidence == 1)] = 0.0
    return variance


def _quadratic(f: FloatArray, c0: FloatArray, c1: FloatArray, c2: FloatArray) -> FloatArray:
    variance = c0 - 2 * f * c1 + f * f * c2
    variance[variance <= _ROUNDING * (np.abs(c0) + 2 * f * np.abs(c1) + f * f * np.abs(c2))] = 0.0
    return variance
