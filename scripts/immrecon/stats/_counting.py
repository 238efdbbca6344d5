"""The one tabulation kernel: distinct times with numbers at risk, of events by cause, and censored.

Conventions (those of R's survfit): a participant is at risk on (entry, time]; without entry, from before
time 0, so that an event at time 0 counts; at equal times events come before censorings. Times are compared
exactly, never jittered or rounded.
"""

from dataclasses import dataclass

import numpy as np

from immrecon.stats._types import BoolArray, Counts, FloatArray, IntArray

# Below this many (code, day) cells, or 4 per participant, counting whole days is cheaper than sorting.
_FEW_CELLS = 16_384
# A weighted risk set counts as exhausted when what is left is rounding error.
_WEIGHT_TOLERANCE = 1e-12
_THIN_RISK_SET = 3


@dataclass(frozen=True, slots=True, eq=False)
class RiskTable:
    """Counts at the J distinct times; int64, or float64 sums of weights."""

    time: FloatArray
    """(J,) distinct observed times, ascending, in the unit of the input."""
    n_risk: Counts
    """(J,) at risk just before each time."""
    n_event: Counts
    """(K, J) events of each cause at each time."""
    n_censor: Counts
    """(J,) censored at each time."""
    exhausted: BoolArray
    """(J,) everybody at risk has an event: the event-free probability is exactly 0 from here on."""
    risk_set_restart: BoolArray
    """(J,) fewer than 3 at risk while others still enter: an event here distorts all that follows."""

    @property
    def n_event_any(self) -> Counts:
        """(J,) events of any cause."""
        total: Counts = self.n_event.sum(axis=0)
        return total


def tabulate(
    time: FloatArray,
    code: IntArray,
    n_causes: int,
    *,
    entry: FloatArray | None = None,
    weights: FloatArray | None = None,
) -> RiskTable:
    """Count validated arrays of shape (n,); code is 0 for censored, else 1..n_causes."""
    grid, position, order = _distinct_times(time, n_causes + 1)
    if order is not None:  # positions are those of the ascending times
        code = code[order]
    cell = code * grid.size + position
    counts = np.bincount(cell, minlength=(n_causes + 1) * grid.size).reshape(n_causes + 1, grid.size)
    present = counts.any(axis=0)
    at_risk = _at_risk(grid, counts.sum(axis=0), entry, None)
    exhausted = counts[1:].sum(axis=0) == at_risk
    restart = _restarts(grid, at_risk, entry)
    table: Counts = counts
    n_risk: Counts = at_risk
    if weights is not None:
        ordered = weights if order is None else weights[order]
        table = np.bincount(cell, ordered, minlength=counts.size).reshape(counts.shape)
        n_risk = _at_risk(grid, table.sum(axis=0), entry, weights)
        events = table[1:].sum(axis=0)
        n_risk = np.where(exhausted, events, n_risk)  # known exactly, whatever the large weights around it
        exhausted = n_risk - events <= _WEIGHT_TOLERANCE * n_risk
    return RiskTable(
        time=grid[present],
        n_risk=n_risk[present],
        n_event=table[1:, present],
        n_censor=table[0, present],
        exhausted=exhausted[present],
        risk_set_restart=restart[present],
    )


def _distinct_times(time: FloatArray, n_codes: int) -> tuple[FloatArray, IntArray, IntArray | None]:
    """An ascending grid that holds every time, the position of each time in it, and the order that needed.

    Whole days are their own positions in 0, 1, ..., last day, which may hold days nobody has, and keep their
    order (None); other times are sorted.
    """
    last = time.max() if time.size else 0.0
    if n_codes * (last + 1) <= _FEW_CELLS + 4 * time.size:
        day = time.astype(np.int64)
        if (day == time).all():
            return np.arange(int(last) + 1, dtype=np.float64), day, None
    order = np.argsort(time)
    ascending = time[order]
    first = np.empty(time.size, dtype=np.bool_)
    first[:1] = True
    np.not_equal(ascending[1:], ascending[:-1], out=first[1:])
    return ascending[first], np.cumsum(first, dtype=np.int64) - 1, order


def entry_positions(grid: FloatArray, entry: FloatArray | None, n: int) -> IntArray:
    """For each of n participants the position of the first grid time after entry."""
    if entry is None:
        return np.zeros(n, dtype=np.int64)
    return np.searchsorted(grid, entry, side="right").astype(np.int64)


def _at_risk(grid: FloatArray, leaving: Counts, entry: FloatArray | None, weights: FloatArray | None) -> Counts:
    # Summed from the end, so that the last risk set is exactly what leaves it.
    remaining: Counts = leaving[::-1].cumsum()[::-1]
    if entry is None:
        return remaining
    # Somebody who enters at or after a time is not yet at risk at it.
    arrivals = np.bincount(entry_positions(grid, entry, entry.size), weights, minlength=grid.size + 1)
    not_yet: Counts = arrivals[::-1].cumsum()[::-1][1:]
    return remaining - not_yet


def _restarts(grid: FloatArray, at_risk: Counts, entry: FloatArray | None) -> BoolArray:
    if entry is None or entry.size == 0:
        return np.zeros(grid.size, dtype=np.bool_)
    thin: BoolArray = (at_risk < _THIN_RISK_SET) & (grid <= entry.max())
    return thin
