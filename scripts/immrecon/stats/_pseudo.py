"""Pseudo-observations: n times an estimate minus n - 1 times the estimate without the participant.

The true jackknife (Andersen, Klein and Rosthoj 2003), each left-out curve from running products: before the
participant leaves, everybody at risk is one fewer; afterwards the curve runs parallel to the full one.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from immrecon.stats._counting import RiskTable
from immrecon.stats._types import FloatArray, IntArray

if TYPE_CHECKING:
    import polars as pl


@dataclass(frozen=True, slots=True, eq=False)
class PseudoObservations:
    """Pseudo-observations of n participants at m times."""

    quantity: str
    """"survival" (probability of being free of the event) or "rmst" (restricted mean up to each time)."""
    time: FloatArray
    """(m,)"""
    values: FloatArray
    """(n, m), rows in the order of the input."""

    def to_frame(self) -> "pl.DataFrame":
        """One row per participant (position in the input) and time."""
        import polars as pl

        n, m = self.values.shape
        position = np.repeat(np.arange(n), m)
        return pl.DataFrame({"position": position, "time": np.tile(self.time, n), "value": self.values.reshape(-1)})


@dataclass(frozen=True, slots=True, eq=False)
class IncidencePseudoObservations:
    """Pseudo-observations of the cumulative incidence of K causes, n participants, m times."""

    causes: tuple[int, ...]
    time: FloatArray
    """(m,)"""
    values: FloatArray
    """(K, n, m), participants in the order of the input."""

    def to_frame(self) -> "pl.DataFrame":
        """One row per cause, participant (position in the input) and time."""
        import polars as pl

        k, n, m = self.values.shape
        return pl.DataFrame(
            {
                "cause": np.repeat(np.array(self.causes, dtype=np.int64), n * m),
                "position": np.tile(np.repeat(np.arange(n), m), k),
                "time": np.tile(self.time, k * n),
                "value": self.values.reshape(-1),
            }
        )


@dataclass(frozen=True, slots=True, eq=False)
class _LeftOut:
    """What the curve without one participant is made of, at the J times of the full risk table."""

    place: IntArray
    """(n,) where the participant leaves."""
    before: FloatArray
    """(J + 1,) event-free probability after 0, 1, ... times, with one fewer at risk throughout."""
    at: FloatArray
    """(n,) probability just after the participant's own time, without them."""
    scale: FloatArray
    """(n,) later curve over the full curve; 0 where the full curve is 0, as nothing is left to happen."""


def _left_out(table: RiskTable, time: FloatArray, event: IntArray, free: FloatArray) -> _LeftOut:
    others = table.n_risk.astype(np.float64) - 1
    events = table.n_event_any.astype(np.float64)
    stays = np.ones_like(others)
    np.divide(others - events, others, out=stays, where=others > 0)
    before = np.append(1.0, np.cumprod(stays))
    place = np.searchsorted(table.time, time)
    own = np.ones(time.size)
    left = others[place]
    np.divide(left - (events[place] - event), left, out=own, where=left > 0)
    at = before[place] * own
    scale = np.zeros_like(at)
    np.divide(at, free[place], out=scale, where=free[place] > 0)
    return _LeftOut(place, before, at, scale)


def survival_pseudo(
    table: RiskTable, time: FloatArray, event: IntArray, free: FloatArray, at: FloatArray
) -> FloatArray:
    """(n, m) for the event-free probability at times (m,)."""
    n, out = time.size, _left_out(table, time, event, free)
    row = np.searchsorted(table.time, at, side="right")
    whole = np.append(1.0, free)[row]
    gone = out.place[:, np.newaxis] < row
    # Where the full curve is 0 nobody is left, and the curve without the participant stays where it was.
    later = np.where(free[out.place][:, np.newaxis] > 0, np.outer(out.scale, whole), out.at[:, np.newaxis])
    without = np.where(gone, later, out.before[row][np.newaxis, :])
    values: FloatArray = n * whole - (n - 1) * without
    return values


def rmst_pseudo(table: RiskTable, time: FloatArray, event: IntArray, free: FloatArray, tau: FloatArray) -> FloatArray:
    """(n, m) for the area under the curve up to each of tau (m,), the last value being carried on."""
    n, out = time.size, _left_out(table, time, event, free)
    starts = np.append(0.0, table.time)
    full, fewer = np.append(1.0, free), out.before
    end = table.time[out.place]

    def area(curve: FloatArray, upto: FloatArray) -> FloatArray:
        widths = np.diff(starts)
        areas = np.append(0.0, np.cumsum(widths * curve[:-1]))
        row = np.searchsorted(table.time, upto, side="right")
        total: FloatArray = areas[row] + (upto - starts[row]) * curve[row]
        return total

    values = np.empty((n, tau.size))
    for j, upto in enumerate(tau):
        first = area(fewer, np.minimum(end, upto))
        rest = np.maximum(upto - end, 0.0)
        parallel = out.scale * np.maximum(area(full, np.full(1, upto)) - area(full, end), 0.0)
        later = np.where(free[out.place] > 0, parallel, out.at * rest)
        without = first + np.where(rest > 0, later, 0.0)
        values[:, j] = n * area(full, np.full(1, upto)) - (n - 1) * without
    return values


def incidence_pseudo(
    table: RiskTable, time: FloatArray, code: IntArray, free: FloatArray, incidence: FloatArray, at: FloatArray
) -> FloatArray:
    """(K, n, m) for the cumulative incidence of K causes; incidence is (K, J), code 0 or 1 + position of the cause."""
    n = time.size
    out = _left_out(table, time, (code > 0).astype(np.int64), free)
    others = table.n_risk.astype(np.float64) - 1
    row = np.searchsorted(table.time, at, side="right")
    gone = out.place[:, np.newaxis] < row
    values = np.empty((len(incidence), n, at.size))
    for k, whole in enumerate(incidence):
        events = table.n_event[k].astype(np.float64)
        jump = np.zeros_like(others)
        np.divide(out.before[:-1] * events, others, out=jump, where=others > 0)
        fewer = np.append(0.0, np.cumsum(jump))
        own = np.zeros(n)
        left = others[out.place]
        np.divide(out.before[out.place] * (events[out.place] - (code == k + 1)), left, out=own, where=left > 0)
        full = np.append(0.0, whole)
        later = out.scale[:, np.newaxis] * (full[row] - whole[out.place][:, np.newaxis])
        without = np.where(gone, (fewer[out.place] + own)[:, np.newaxis] + later, fewer[row])
        values[k] = n * full[row] - (n - 1) * without
    return values
