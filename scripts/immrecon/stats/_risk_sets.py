"""Sums over the risk sets of one stratum: the arithmetic below every partial likelihood.

A row is at risk on (start, stop]. A *step* is one factor of the partial likelihood: with Breslow's ties one per
event time, with Efron's d per event time with d events, the k-th (k = 0..d-1) taking k/d of each dying row out.
"""

from dataclasses import dataclass

import numpy as np

from immrecon.stats._types import FloatArray, IntArray

# Up to so many cells rows are added up one by one: differences of sums would lose small risk sets.
_FEW_CELLS = 100_000


@dataclass(frozen=True, slots=True, eq=False)
class RiskSets:
    """m rows that are at risk at some event time, by ascending stop; J event times; T steps; p covariates."""

    row: IntArray
    """(m,) positions of the rows in the caller's arrays."""
    x: FloatArray
    """(p, m) covariates."""
    weight: FloatArray
    """(m,)"""
    time: FloatArray
    """(J,) event times."""
    start_of: IntArray
    """(J,) position of the first row whose last event time is this one."""
    first: IntArray | None
    """(m,) position in time of the first event time at which the row is at risk; None: always 0."""
    last: IntArray
    """(m,) and of the last one."""
    dead: IntArray
    """(D,) positions of the rows that end with the event."""
    step_time: IntArray
    """(T,) event time of each step."""
    share_out: FloatArray | None
    """(T,) share k/d of the dying rows that has left; None: nowhere any."""
    step_weight: FloatArray
    """(T,) multiplicity of the step in the log-likelihood."""
    present: FloatArray | None
    """(J, m) 1 where a row is at risk; only with delayed entry and few cells, where nothing need be subtracted."""

    def at_risk(self, values: FloatArray) -> FloatArray:
        """Sums (J,) of values (m,) over the rows at risk at each event time."""
        if self.present is not None:
            return np.asarray(self.present @ values, dtype=np.float64)
        leaving = np.add.reduceat(values, self.start_of) if self.start_of.size else np.zeros(0)
        total: FloatArray = leaving[::-1].cumsum()[::-1]
        if self.first is None:
            return total
        arriving = np.bincount(self.first, values, minlength=self.time.size + 1)
        at_risk: FloatArray = total - arriving[::-1].cumsum()[::-1][1:]
        return at_risk

    def step_sums(self, values: FloatArray) -> FloatArray:
        """Sums (T,) of values (m,) over the rows of each step, dying rows by their remaining share."""
        total = self.at_risk(values)
        if self.share_out is None:
            return total
        dying = np.bincount(self.last[self.dead], values[self.dead], minlength=self.time.size)
        out: FloatArray = total[self.step_time] - self.share_out * dying[self.step_time]
        return out

    def dying(self, values: FloatArray) -> FloatArray:
        """Sums (T,) of values (m,) over the dying rows of each step alone: the least a risk set can hold."""
        dead = self.last[self.dead]
        own: FloatArray = np.bincount(dead, values[self.dead], minlength=self.time.size).astype(np.float64)
        share = 1.0 if self.share_out is None else 1.0 - self.share_out
        out: FloatArray = (own[self.step_time] * share).astype(np.float64)
        return out

    def at_times(self, values: FloatArray) -> FloatArray:
        """Sums (J,) over the steps of each event time of values (T,)."""
        if self.share_out is None:
            return values
        out: FloatArray = np.bincount(self.step_time, values, minlength=self.time.size).astype(np.float64)
        return out

    def accumulated(self, values: FloatArray) -> FloatArray:
        """(m,) for each row the sum of values (T,) over the steps it is in, a dying row by its remaining share."""
        if self.present is not None:
            total = np.asarray(self.at_times(values) @ self.present, dtype=np.float64)
        else:
            up_to = np.append(0.0, np.cumsum(self.at_times(values)))
            total = up_to[self.last + 1]
            if self.first is not None:
                total -= up_to[self.first]
        if self.share_out is not None:
            gone = self.at_times(self.share_out * values)
            total[self.dead] -= gone[self.last[self.dead]]
        return total


def risk_sets(
    row: IntArray,
    x: FloatArray,
    start: FloatArray | None,
    stop: FloatArray,
    event: IntArray,
    weights: FloatArray | None,
    *,
    efron: bool,
) -> RiskSets:
    """Risk sets of the rows (positions) of one stratum; x is (p, n), the others (n,)."""
    row = row[np.argsort(stop[row], kind="stable")]
    stops, died = stop[row], event[row] == 1
    time = np.unique(stops[died])
    last = np.searchsorted(time, stops, side="right") - 1
    first = np.zeros(row.size, dtype=np.int64) if start is None else np.searchsorted(time, start[row], side="right")
    kept = first <= last
    if not kept.all():
        row, stops, died, first, last = row[kept], stops[kept], died[kept], first[kept], last[kept]
    present = None
    if first.any() and row.size * time.size <= _FEW_CELLS:
        when = np.arange(time.size)[:, None]
        present = ((first <= when) & (when <= last)).astype(np.float64)
    weight = np.ones(row.size) if weights is None else weights[row]
    dead = np.flatnonzero(died)
    count = np.bincount(last[dead], minlength=time.size)
    dying: FloatArray = np.bincount(last[dead], weight[dead], minlength=time.size).astype(np.float64)
    step_time, share_out = np.arange(time.size), None
    if efron and (count > 1).any():
        step_time = np.repeat(step_time, count)
        rank = np.arange(step_time.size) - np.repeat(np.cumsum(count) - count, count)
        share_out = rank / count[step_time]
        dying = dying / count
    return RiskSets(
        row=row,
        x=np.ascontiguousarray(x[:, row]),
        weight=weight,
        time=time,
        start_of=np.searchsorted(stops, time, side="left"),
        first=first if first.any() else None,
        last=last,
        dead=dead,
        step_time=step_time,
        share_out=share_out,
        step_weight=dying[step_time],
        present=present,
    )
