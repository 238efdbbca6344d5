"""Variances of the Aalen-Johansen estimator, each O(J) or O(n log n).

The influence of what happens at u on F(t) is linear in F(t): an event of the cause weighs
a = alpha(u) - g(u) F(t), any other b = beta(u) - g(u) F(t), with g = S(u-)/S(u), alpha = S(u-) + g F(u) and
beta = g F(u). Every variance is therefore C0 - 2 F(t) C1 + F(t)^2 C2 with three running sums over u <= t.
"""

from dataclasses import dataclass, replace

import numpy as np

from immrecon.stats._counting import RiskTable, entry_positions
from immrecon.stats._types import Counts, FloatArray

# A variance that is zero in theory is computed as a difference of sums; what is left is rounding error.
_ROUNDING = 1e-14


@dataclass(frozen=True, slots=True, eq=False)
class Increments:
    """Each cause against all others at the J times of a risk table; (K, J), or (J,) for one cause alone."""

    own: Counts
    """(K, J) events of the cause, d."""
    either: Counts
    """(J,) events of any cause."""
    at_risk: FloatArray
    """(J,)"""
    free_before: FloatArray
    """(J,) event-free probability S(u-)."""
    free: FloatArray
    """(J,) event-free probability S(u)."""
    incidence: FloatArray
    """(K, J) F(u)."""

    @property
    def influence(self) -> tuple[FloatArray, FloatArray, FloatArray]:
        """alpha, beta, g; after the last event of an exhausted risk set F no longer changes, so g is 0."""
        g = np.zeros_like(self.free)
        np.divide(self.free_before, self.free, out=g, where=self.free > 0)
        beta = g * self.incidence
        return self.free_before + beta, beta, g

    @property
    def other(self) -> Counts:
        """(K, J) events of any other cause."""
        difference: Counts = self.either - self.own
        return difference

    def alone(self, k: int) -> "Increments":
        """One cause, arrays (J,)."""
        return replace(self, own=self.own[k], incidence=self.incidence[k])


def greenwood(
    inc: Increments, steps: FloatArray, log_variance_jump: FloatArray, log_variance: FloatArray
) -> FloatArray:
    """Greenwood-type variance (K, J): multinomial at each time (Andersen et al. 1993, eq. 4.4.20; etm).

    As 1/g is the share without an event, the sums C0, C1 and C2 above are those of dF (S(u-) - dF + 2F)/Y + F^2 v,
    dF/Y + F v, and v, with v what each time adds to the variance of log S. steps (K, J) are the dF, and are used up.
    """
    v, square = log_variance_jump, log_variance
    alive = None
    if inc.free.size and inc.free[-1] == 0:  # nothing comes after the last event of an exhausted risk set: g is 0
        alive = inc.free > 0
        v = np.where(alive, v, 0.0)
        square = np.cumsum(v)
    out = np.empty_like(inc.incidence)
    scratch = np.empty_like(v)
    for step, f, row in zip(steps, inc.incidence, out, strict=True):
        spread = np.subtract(inc.free_before, step, out=row)
        twice = np.multiply(f, 2, out=scratch)
        if alive is not None:
            twice *= alive
        spread += twice
        cross = np.divide(step, inc.at_risk, out=step)
        spread *= cross
        if alive is not None:
            cross *= alive
        later = np.multiply(f, v, out=scratch)
        cross += later
        later *= f
        spread += later
        np.cumsum(cross, out=cross)
        np.cumsum(spread, out=spread)
        _combine(f, spread, cross, square, scratch)
    return _certain(inc, out)


def aalen(inc: Increments) -> FloatArray:
    """Counting-process variance (K, J), hypergeometric factor for ties (Aalen 1978; Gray 1988; cmprsk)."""
    per_event = np.zeros_like(inc.free)
    np.divide(1.0, inc.free, out=per_event, where=inc.free > 0)
    beta = per_event * inc.incidence
    scale = (inc.free_before / inc.at_risk) ** 2
    own, either = _tied(inc.own, inc.at_risk), _tied(inc.other, inc.at_risk)
    either += own
    own *= scale
    either *= scale
    # own (1 + beta)^2 + other beta^2, and own (1 + beta) + other beta
    cross = beta * either
    cross += own
    spread = cross + own
    spread *= beta
    spread += own
    cross *= per_event
    either *= per_event
    either *= per_event
    sums = (np.cumsum(part, axis=-1, out=part) for part in (spread, cross, either))
    return _quadratic(inc.incidence, *sums)


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


def _tied(events: Counts, at_risk: FloatArray) -> FloatArray:
    """Events times (Y - d)/(Y - 1); where one event happens, that is 1, also if nobody else is at risk."""
    factor = at_risk - np.maximum(events, 1)
    factor /= np.maximum(at_risk - 1, 1)
    factor[..., at_risk <= 1] = 1.0
    factor *= events
    return factor


def _certain(inc: Increments, variance: FloatArray) -> FloatArray:
    """No variance once everybody has had the event: exactly 0, where the sums leave rounding error."""
    if inc.free.size and inc.free[-1] == 0:
        variance[(inc.free == 0) & (inc.incidence == 1)] = 0.0
    return variance


def _quadratic(f: FloatArray, c0: FloatArray, c1: FloatArray, c2: FloatArray) -> FloatArray:
    """c0 - 2 f c1 + f^2 c2, of sums that are not negative; c0 and c1 are used up."""
    _combine(f, c0, c1, c2, np.empty_like(c0))
    return c0


def _combine(f: FloatArray, c0: FloatArray, c1: FloatArray, c2: FloatArray, scratch: FloatArray) -> None:
    """c0 becomes c0 - 2 f c1 + f^2 c2; c1 and scratch are used up."""
    c1 *= f
    c1 *= 2
    size = np.multiply(f, c2, out=scratch)
    size *= f
    size += c0
    np.subtract(size, c1, out=c0)
    size += c1
    size *= _ROUNDING
    np.copyto(c0, 0.0, where=c0 <= size)
