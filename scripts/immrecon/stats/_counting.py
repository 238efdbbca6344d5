"""The one tabulation kernel: distinct times with numbers at risk, of events by cause, and censored.

Conventions (those of R's survfit): a participant is at risk on (entry, time]; without entry, from before
time 0, so that an event at time 0 counts; at equal times events come before censorings. Times are compared
exactly, never jittered or rounded.
"""

from dataclasses import dataclass
from math import frexp
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from immrecon.stats._types import BoolArray, Counts, FloatArray, IntArray

# Below this many (code, day) cells, or 4 per participant, counting whole days is cheaper than sorting.
_FEW_CELLS = 16_384
# So many times are looked at before all are tried as whole days.
_PROBE = 8
# With more bits for the code, times of different orders of magnitude no longer fit beside it.
_MOST_CODE_BITS = 7
# A double has 52 bits of fraction, and the exponent of 0.5 (as frexp has it) is written as 1022.
_FRACTION_BITS, _EXPONENT_OF_HALF = 52, 1022
_MOST_HALVINGS = 1022
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
    n_event_any: Counts
    """(J,) events of any cause."""
    n_censor: Counts
    """(J,) censored at each time."""
    exhausted: BoolArray | None
    """(J,) with weights: everybody at risk has an event, up to rounding; None where that can be seen exactly."""
    risk_set_restart: BoolArray
    """(J,) fewer than 3 at risk while others still enter: an event here distorts all that follows."""


def tabulate(
    time: FloatArray,
    code: IntArray,
    n_causes: int,
    *,
    entry: FloatArray | None = None,
    weights: FloatArray | None = None,
) -> RiskTable:
    """Count validated arrays of shape (n,); code is 0 for censored, else 1..n_causes."""
    n_codes = n_causes + 1
    in_order = None if weights is None else _sorted_counts(time, code, n_codes)
    grid, counts, everybody = count_codes(time, code, n_codes) if in_order is None else in_order[:3]
    at_risk: Counts = everybody
    if entry is not None:
        at_risk = everybody - _not_yet(grid, entry, None)
    events: Counts = counts[1] if n_causes == 1 else counts[1:].sum(axis=0)
    exhausted = None
    restart = _restarts(grid, at_risk, entry)
    table: Counts = counts
    n_risk: Counts = at_risk
    if weights is not None and in_order is not None:
        table = np.bincount(in_order.cell, weights[in_order.order], minlength=counts.size).reshape(counts.shape)
        events = table[1:].sum(axis=0)
        # Summed from the end, so that the last risk set is exactly what leaves it.
        n_risk = table.sum(axis=0)[::-1].cumsum()[::-1]
        if entry is not None:
            n_risk = n_risk - _not_yet(grid, entry, weights)
        all_of_them = counts[1:].sum(axis=0) == at_risk
        n_risk = np.where(all_of_them, events, n_risk)  # known exactly, whatever the large weights around it
        exhausted = n_risk - events <= _WEIGHT_TOLERANCE * n_risk
    return RiskTable(grid, n_risk, table[1:], events, table[0], exhausted, restart)


class CodeCounts(NamedTuple):
    """Who leaves at the J distinct times."""

    time: FloatArray
    """(J,) ascending."""
    n: IntArray
    """(C, J) participants with each code."""
    n_risk: IntArray
    """(J,) participants with this time or a later one."""


class _SortedCounts(NamedTuple):
    """The same, with the (n,) cells of the participants in ascending order of time, and that order."""

    time: FloatArray
    n: IntArray
    n_risk: IntArray
    cell: IntArray
    order: IntArray


def count_codes(time: FloatArray, code: IntArray, n_codes: int) -> CodeCounts:
    """Participants with each code 0..n_codes - 1 at each distinct time.

    Whole days of a bounded range are counted without a sort. Other times are sorted together with their codes,
    each pair packed into one integer; if that has no room for both exactly, by an index.
    """
    last = float(np.maximum.reduce(time, initial=0.0))
    days = _whole_days(time, last, n_codes)
    if days is not None:
        day, size = days
        counts = np.bincount(code * size + day, minlength=n_codes * size).reshape(n_codes, size)
        leaving = counts.sum(axis=0)
        present = leaving.nonzero()[0]  # the range may hold days nobody has
        if present.size < size:
            counts, leaving = counts.take(present, axis=1), leaving.take(present)
        return CodeCounts(present.astype(np.float64), counts, leaving[::-1].cumsum()[::-1])
    packed = _packed(time, last, code, (n_codes - 1).bit_length())
    if packed is None:
        return CodeCounts(*_sorted_counts(time, code, n_codes)[:3])
    grid, start, position, ordered = packed
    if position is None and n_codes == 2:
        counts = np.vstack((1 - ordered, ordered))
    elif position is None and n_codes == 3:
        counts = np.empty((n_codes, grid.size), dtype=np.int64)
        for k in range(n_codes):
            counts[k] = ordered == k
    else:
        ordered *= grid.size
        ordered += start if position is None else position
        counts = np.bincount(ordered, minlength=n_codes * grid.size).reshape(n_codes, grid.size)
    return CodeCounts(grid, counts, time.size - start)


def _sorted_counts(time: FloatArray, code: IntArray, n_codes: int) -> _SortedCounts:
    order = np.argsort(time, kind="stable")
    ascending = time[order]
    ascending += 0.0  # no minus zero
    start, position = _runs(ascending)
    cell = code[order] * start.size + (start if position is None else position)
    counts = np.bincount(cell, minlength=n_codes * start.size).reshape(n_codes, start.size)
    return _SortedCounts(ascending[start], counts, time.size - start, cell, order)


def _whole_days(time: FloatArray, last: float, n_codes: int) -> tuple[IntArray, int] | None:
    """The times as integers and the size of their range from 0, if they are whole and the range is small."""
    if n_codes * (last + 1) > _FEW_CELLS + 4 * time.size:
        return None
    if not all(value.is_integer() for value in time[:_PROBE].tolist()):
        return None
    day = time.astype(np.int64)
    return (day, int(last) + 1) if (day == time).all() else None


def _packed(
    time: FloatArray, last: float, code: IntArray, bits: int
) -> tuple[FloatArray, IntArray, IntArray | None, IntArray] | None:
    """Grid, runs and the codes of the times in ascending order, from one sort of integers; None if not exact.

    Non-negative doubles are ordered as their bit patterns are. Divided by a power of 2, so that the largest just
    leaves the first bits free, they make room for the code.
    """
    if bits > _MOST_CODE_BITS:
        return None
    exponent = frexp(last)[1]
    free = (1 << (64 - _FRACTION_BITS - bits)) - 2 - _EXPONENT_OF_HALF  # the largest exponent that fits
    small = time + 0.0  # minus zero has another pattern
    scale = 1.0
    if exponent > free:
        if exponent - free > _MOST_HALVINGS:
            return None
        scale = 2.0 ** (free - exponent)
        small *= scale
        if not (small / scale == time).all():  # some are too small to be divided
            return None
    key: NDArray[np.uint64] = small.view(np.uint64)
    key <<= np.uint64(bits)
    key |= code.view(np.uint64)
    key.sort()
    ordered = (key & np.uint64((1 << bits) - 1)).view(np.int64)
    key >>= np.uint64(bits)
    start, position = _runs(key)
    if position is not None:
        key = key.take(start)
    grid = key.view(np.float64)
    if scale != 1.0:
        grid /= scale
    return grid, start, position, ordered


def _runs(ascending: FloatArray | NDArray[np.uint64]) -> tuple[IntArray, IntArray | None]:
    """Where each run of equal values starts, and which run every value belongs to; None if all are distinct."""
    new = np.empty(ascending.size, dtype=np.bool_)
    new[:1] = True
    np.not_equal(ascending[1:], ascending[:-1], out=new[1:])
    start = new.nonzero()[0]
    if start.size == new.size:
        return start, None
    position = new.cumsum(dtype=np.int64)
    position -= 1
    return start, position


def entry_positions(grid: FloatArray, entry: FloatArray | None, n: int) -> IntArray:
    """For each of n participants the position of the first grid time after entry."""
    if entry is None:
        return np.zeros(n, dtype=np.int64)
    return np.searchsorted(grid, entry, side="right").astype(np.int64)


def _not_yet(grid: FloatArray, entry: FloatArray, weights: FloatArray | None) -> Counts:
    """(J,) participants who enter at or after each time, and so are not yet at risk at it."""
    arrivals: Counts = np.bincount(entry_positions(grid, entry, entry.size), weights, minlength=grid.size + 1)
    out: Counts = arrivals[::-1].cumsum()[::-1][1:]
    return out


def _restarts(grid: FloatArray, at_risk: Counts, entry: FloatArray | None) -> BoolArray:
    if entry is None or entry.size == 0:
        return np.zeros(grid.size, dtype=np.bool_)
    thin: BoolArray = (at_risk < _THIN_RISK_SET) & (grid <= entry.max())
    return thin
