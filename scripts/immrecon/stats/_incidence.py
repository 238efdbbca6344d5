"""The result of the Aalen-Johansen estimator: one right-continuous step function per cause, with limits."""

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike

from immrecon.errors import InputError
from immrecon.stats import _validate
from immrecon.stats._limits import exact_zero_bound, incidence_limits
from immrecon.stats._types import BoolArray, Counts, FloatArray, IntArray

if TYPE_CHECKING:
    import polars as pl


@dataclass(frozen=True, slots=True, eq=False)
class IncidenceAt:
    """K causes at m requested times; beyond the last observed time values are carried on, with n_risk 0."""

    causes: tuple[int, ...]
    time: FloatArray
    """(m,) as requested."""
    n_risk: Counts
    """(m,) at risk just before the time; between observed times, that of the next one (as R's summary)."""
    event_free: FloatArray
    """(m,) probability of having had no event; NaN if nobody was studied."""
    event_free_std_error: FloatArray
    n_event: Counts
    """(K, m) events of the cause up to and including the time."""
    incidence: FloatArray
    """(K, m)"""
    std_error: FloatArray
    conf_low: FloatArray
    conf_high: FloatArray
    bound_exact: BoolArray
    """(K, m) no event yet: limits are 0 and the exact one-sided bound, whatever the conf_type."""

    def to_frame(self) -> "pl.DataFrame":
        """One row per cause and requested time."""
        return _long(self.causes, self, ("time", "n_risk"), ("n_event",))


@dataclass(frozen=True, eq=False)
class CumulativeIncidence:
    """Estimates for K causes at the J distinct observed times, in the unit of the input.

    Limits follow from the rest and are worked out when they are asked for.
    """

    causes: tuple[int, ...]
    """Codes, in the order of the first axis of the (K, J) arrays."""
    variance: str
    conf_type: str
    conf_level: float
    n: int
    """Participants."""
    n_events: tuple[int, ...]
    """Participants with each cause."""
    time: FloatArray
    n_risk: Counts
    """(J,) at risk just before each time, on (entry, time]; float64 sums when weighted."""
    n_event: Counts
    """(K, J) events of each cause at each time."""
    n_censor: Counts
    event_free: FloatArray
    """(J,) probability of having had no event of any cause; event_free + sum of incidence = 1."""
    event_free_std_error: FloatArray
    """(J,) Greenwood, or infinitesimal jackknife if that is the variance."""
    incidence: FloatArray
    """(K, J)"""
    std_error: FloatArray
    """(K, J)"""
    binomial: bool
    """Everybody observed from the origin with weight 1, so that an exact bound exists."""
    risk_set_restart: BoolArray
    """(J,) fewer than 3 at risk while others still enter; a caution for delayed entry."""

    @cached_property
    def _limits(self) -> tuple[FloatArray, FloatArray, BoolArray]:
        low, high = incidence_limits(self.incidence, self.std_error, self.conf_type, self.conf_level)
        exact = np.zeros(low.shape, dtype=np.bool_)
        if self.binomial:
            none = np.cumsum(self.n_event, axis=1) == 0 if self.time.size else exact
            for k, without in enumerate(none.sum(axis=1)):  # the times before the first event come first
                head = slice(0, int(without))
                earlier = self.n_event[:, head].sum(axis=0).cumsum() - self.n_event[:, head].sum(axis=0)
                bound = exact_zero_bound(self.n_risk[head] + earlier.astype(np.float64), self.conf_level)
                low[k, head], high[k, head], exact[k, head] = 0.0, bound, True
        return low, high, exact

    @property
    def conf_low(self) -> FloatArray:
        """(K, J) NaN where the incidence is 1, and where it is 0 and `bound_exact` is false."""
        return self._limits[0]

    @property
    def conf_high(self) -> FloatArray:
        """(K, J)"""
        return self._limits[1]

    @property
    def bound_exact(self) -> BoolArray:
        """(K, J) no event of the cause yet: the limits are 0 and the exact 1 - (alpha/2)^(1/m), where m is the
        number at risk plus earlier competing events. Not with weights or delayed entry (m is not binomial)."""
        return self._limits[2]

    def position(self, cause: int) -> int:
        """Row of a cause in the (K, J) arrays; InputError for a code that was not declared."""
        if cause not in self.causes:
            raise InputError(f"cause: {cause} is not in causes={list(self.causes)}. Hint: declare every code.")
        return self.causes.index(cause)

    def at(self, times: ArrayLike) -> IncidenceAt:
        """Every cause at times (m,), any order, not negative; InputError otherwise."""
        t = _validate.times(np.atleast_1d(np.asarray(times)), "times")
        # Row of the last observed time not after t; -1 (none) picks the column appended for before.
        row = np.searchsorted(self.time, t, side="right") - 1
        next_row = np.searchsorted(self.time, t)
        nothing = np.nan if self.n == 0 else 0.0

        def step(values: FloatArray, before: float) -> FloatArray:
            start = np.full((*values.shape[:-1], 1), before)
            return np.concatenate((values, start), axis=-1)[..., row]

        n_risk: Counts = np.append(self.n_risk, 0)[next_row]
        low, high = step(self.conf_low, np.nan), step(self.conf_high, np.nan)
        low, high, exact = self._limits_at(row, next_row, n_risk, low, high)
        return IncidenceAt(
            causes=self.causes,
            time=t,
            n_risk=n_risk,
            event_free=step(self.event_free, nothing + 1),
            event_free_std_error=step(self.event_free_std_error, nothing),
            n_event=_cumulative(self.n_event)[:, row],
            incidence=step(self.incidence, nothing),
            std_error=step(self.std_error, nothing),
            conf_low=low,
            conf_high=high,
            bound_exact=exact,
        )

    def _limits_at(
        self, row: IntArray, next_row: IntArray, n_risk: Counts, low: FloatArray, high: FloatArray
    ) -> tuple[FloatArray, FloatArray, BoolArray]:
        """Limits (K, m) with the exact bound or NaN where no event has happened, and which are exact."""
        total = _cumulative(self.n_event)
        none = total[:, row] == 0
        earlier = total[:, next_row - 1]
        known = n_risk + earlier.sum(axis=0) - earlier
        exact: BoolArray = none & (known > 0) & self.binomial
        bound = np.full(known.shape, np.nan)
        bound[exact] = exact_zero_bound(known[exact].astype(np.float64), self.conf_level)
        return np.where(none, 0 * bound, low), np.where(none, bound, high), exact

    def to_frame(self) -> "pl.DataFrame":
        """One row per cause and distinct observed time."""
        return _long(self.causes, self, ("time", "n_risk", "n_censor"), ("n_event",))


def _cumulative(n_event: Counts) -> Counts:
    """(K, J + 1): events until each time, and a last column 0 for before the first time."""
    total = np.zeros((n_event.shape[0], n_event.shape[1] + 1), n_event.dtype)
    np.cumsum(n_event, axis=1, out=total[:, :-1])
    return total


def _long(
    causes: tuple[int, ...],
    source: IncidenceAt | CumulativeIncidence,
    shared: tuple[str, ...],
    counted: tuple[str, ...],
) -> "pl.DataFrame":
    import polars as pl

    k = len(causes)
    by_cause = (*counted, "incidence", "std_error", "conf_low", "conf_high", "bound_exact")
    return pl.DataFrame(
        {"cause": np.repeat(np.array(causes, dtype=np.int64), source.time.size)}
        | {name: np.tile(getattr(source, name), k) for name in shared}
        | {name: getattr(source, name).reshape(-1) for name in by_cause}
        | {name: np.tile(getattr(source, name), k) for name in ("event_free", "event_free_std_error")}
    )
