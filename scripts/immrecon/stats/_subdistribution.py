"""The weighted partial likelihood of Fine and Gray (1999) and the influence of each participant on its score.

Those with a competing event stay at risk, weighted by G(t-)/G(T-), G being the Kaplan-Meier estimate of not being
censored, in each censoring group its own. Ties as Breslow; events come before censorings. O(n p^2) after one sort.
"""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from immrecon.stats._likelihood import Value
from immrecon.stats._types import FloatArray, IntArray


@dataclass(frozen=True, slots=True, eq=False)
class _Group:
    """One censoring group: m participants of it, k with a competing event, c distinct censoring times."""

    competing: IntArray
    """(k,) positions (in the sorted arrays) of those with a competing event, ascending in time."""
    free_at_own: FloatArray
    """(k,) G(T-)."""
    free: FloatArray
    """(J,) G(u-) at the event times."""
    before: IntArray
    """(J,) how many competing events come before each event time."""
    after: IntArray
    """(k,) position of the first event time after each competing event."""
    members: IntArray
    """(m,) positions."""
    censoring_time: FloatArray
    n_censored: FloatArray
    """(c,)"""
    n_risk: FloatArray
    """(c,) members at risk."""
    n_event: FloatArray
    """(J,) members with the event of interest at the event times."""


class _Moments(NamedTuple):
    eta: FloatArray
    hazard: FloatArray
    total: FloatArray
    mean: FloatArray
    shift: float


class SubdistributionLikelihood:
    """x is (p, n), centred by the caller; code 0 censored, 1 of interest, 2 competing; group holds 0, 1, ..."""

    information_is_curvature = True

    def __init__(self, x: FloatArray, time: FloatArray, code: IntArray, group: IntArray) -> None:
        self._last: tuple[FloatArray, _Moments] | None = None
        order = np.argsort(time, kind="stable")
        self.order = order
        self._x, self._time, self._code = np.ascontiguousarray(x[:, order]), time[order], code[order]
        self.width: FloatArray = np.ptp(x, axis=1) if x.size else np.zeros(x.shape[0])
        self._event = np.flatnonzero(self._code == 1)
        event_time = self._time[self._event]
        new = np.append(True, event_time[1:] != event_time[:-1])[: event_time.size]
        self.time: FloatArray = event_time[new]
        self._event_cell = np.cumsum(new) - 1
        self._count = np.bincount(self._event_cell, minlength=self.time.size).astype(np.float64)
        # Rows up to the first event time are at risk at none before; those before it at none at all.
        self._start_of = np.searchsorted(self._time, self.time, side="left")
        self._up_to = np.searchsorted(self.time, self._time, side="right")
        codes = group[order]
        self._groups = [self._censoring_group(np.flatnonzero(codes == k)) for k in np.unique(codes)]

    def _censoring_group(self, members: IntArray) -> _Group:
        t, code = self._time[members], self._code[members]
        censored = t[code == 0]
        new = np.append(True, censored[1:] != censored[:-1])[: censored.size]
        times = censored[new]
        counts = np.diff(np.append(np.flatnonzero(new), censored.size)).astype(np.float64)
        at_risk = (t.size - np.searchsorted(t, times, side="left")).astype(np.float64)
        free = np.append(1.0, np.cumprod(1 - counts / at_risk))
        competing = members[code == 2]
        own = self._time[competing]
        at_events = free[np.searchsorted(times, self.time, side="left")]
        # Nothing is known of censoring after the last of the group; as cmprsk, nobody of it counts from then on.
        at_events = np.where(self.time > t[-1], 0.0, at_events)
        return _Group(
            competing=competing,
            free_at_own=free[np.searchsorted(times, own, side="left")],
            free=at_events,
            before=np.searchsorted(own, self.time, side="left"),
            after=np.searchsorted(self.time, own, side="right"),
            members=members,
            censoring_time=times,
            n_censored=counts,
            n_risk=at_risk,
            n_event=np.bincount(np.searchsorted(self.time, t[code == 1]), minlength=self.time.size).astype(np.float64),
        )

    def _risk_sums(self, values: FloatArray) -> FloatArray:
        """(J,) weighted sums of values (n,) over the risk sets."""
        if self.time.size == 0:
            return np.zeros(0)
        total: FloatArray = np.add.reduceat(values, self._start_of)[::-1].cumsum()[::-1]
        for g in self._groups:
            if g.competing.size:
                carried = np.append(0.0, np.cumsum(values[g.competing] / g.free_at_own))
                total = total + g.free * carried[g.before]
        return total

    def _accumulated(self, values: FloatArray) -> FloatArray:
        """(n,) for each participant the sum of values (J,) over the risk sets it is in, by its weight there."""
        total: FloatArray = np.append(0.0, np.cumsum(values))[self._up_to]
        for g in self._groups:
            total[g.competing] += _suffix_sums(g.free * values)[g.after] / g.free_at_own
        return total

    def _moments(self, beta: FloatArray) -> _Moments:
        # Variance and baseline are wanted where the likelihood was seen last.
        if self._last is None or not np.array_equal(self._last[0], beta):
            self._last = (beta.copy(), self._new_moments(beta))
        return self._last[1]

    def _new_moments(self, beta: FloatArray) -> _Moments:
        eta = beta @ self._x
        shift = float(eta.max()) if eta.size else 0.0
        hazard = np.exp(eta - shift)
        total = np.maximum(self._risk_sums(hazard), np.finfo(np.float64).tiny)
        mean = np.array([self._risk_sums(hazard * x) / total for x in self._x]).reshape(beta.size, total.size)
        return _Moments(eta, hazard, total, mean, shift)

    def __call__(self, beta: FloatArray) -> Value:
        """Log pseudo-likelihood, score and information."""
        m = self._moments(beta)
        loglik = float((m.eta[self._event] - m.shift).sum() - self._count @ np.log(m.total))
        score = self._x[:, self._event].sum(axis=1) - m.mean @ self._count
        compensator = m.hazard * self._accumulated(self._count / m.total)
        information = (self._x * compensator) @ self._x.T - (m.mean * self._count) @ m.mean.T
        return Value(loglik, score, information)

    def baseline(self, beta: FloatArray) -> FloatArray:
        """(J,) increments of the cumulative subdistribution hazard at x = 0 (centred)."""
        m = self._moments(beta)
        out: FloatArray = self._count / m.total * np.exp(-m.shift)
        return out

    def influence_on_score(self, beta: FloatArray, *, censoring: bool) -> FloatArray:
        """(p, n) in the sorted order: eta_i, and with `censoring` + psi_i for G being estimated (their eq. 8).

        With several censoring groups psi of a group takes the hazard from the events of that group only, as
        cmprsk 2.2-11 does.
        """
        m = self._moments(beta)
        rate = self._count / m.total
        exposed = m.hazard * self._accumulated(rate)
        out = np.zeros(self._x.shape)
        for r, x in enumerate(self._x):
            out[r] = m.hazard * self._accumulated(rate * m.mean[r]) - x * exposed
            out[r, self._event] += x[self._event] - m.mean[r, self._event_cell]
            if censoring:
                for g in self._groups:
                    out[r, g.members] += self._of_censoring(g, m.hazard, x, m.mean[r], g.n_event / m.total)
        return out

    def _of_censoring(
        self, g: _Group, hazard: FloatArray, x: FloatArray, mean: FloatArray, rate: FloatArray
    ) -> FloatArray:
        """(m,) psi of the members: integral of q(u)/Y(u) over their censoring martingales."""
        carried = hazard[g.competing] / g.free_at_own
        # Competing events before u weigh, with what the event times from u on still ask of them.
        earlier = np.searchsorted(self._time[g.competing], g.censoring_time, side="left")
        later = np.searchsorted(self.time, g.censoring_time, side="left")
        weight = np.append(0.0, np.cumsum(carried))[earlier]
        weight_x = np.append(0.0, np.cumsum(carried * x[g.competing]))[earlier]
        asked, asked_mean = (_suffix_sums(g.free * v)[later] for v in (rate, rate * mean))
        q = (weight_x * asked - weight * asked_mean) / g.n_risk
        compensator = np.append(0.0, np.cumsum(q * g.n_censored / g.n_risk))
        time = self._time[g.members]
        until = np.searchsorted(g.censoring_time, time, side="right")
        psi: FloatArray = -compensator[until]
        censored = self._code[g.members] == 0
        psi[censored] += q[until[censored] - 1]
        return psi


def _suffix_sums(values: FloatArray) -> FloatArray:
    """(J + 1,) sums from each position on; the last is 0."""
    return np.append(values[::-1].cumsum()[::-1], 0.0)
