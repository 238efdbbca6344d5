"""The result of a multi-state model: probability in each state over time, with limits."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike

from immrecon.errors import InputError
from immrecon.stats import _validate
from immrecon.stats._limits import incidence_limits, normal_quantile
from immrecon.stats._types import FloatArray, IntArray

if TYPE_CHECKING:
    import polars as pl

State = object


@dataclass(frozen=True, slots=True, eq=False)
class StateProbabilityAt:
    """S states at m requested times; beyond the last transition values are carried on."""

    states: tuple[State, ...]
    time: FloatArray
    probability: FloatArray
    """(S, m)"""
    std_error: FloatArray
    conf_low: FloatArray
    conf_high: FloatArray

    def to_frame(self) -> "pl.DataFrame":
        """One row per state and requested time."""
        return _long(self)


@dataclass(frozen=True, slots=True, eq=False)
class StateProbability:
    """S states at the J distinct times of a transition (after the origin)."""

    states: tuple[State, ...]
    variance: str
    conf_type: str
    conf_level: float
    origin: float
    n: int
    """Rows."""
    n_transitions: IntArray
    """(S, S) all transitions after the origin, from row to column."""
    time: FloatArray
    n_risk: IntArray
    """(S, J) in each state just before each time."""
    n_event: IntArray
    """(S, S, J)"""
    initial: FloatArray
    """(S,) distribution at the origin."""
    initial_std_error: FloatArray
    """(S,) 0 where it is given, and with the variances that take it as given."""
    probability: FloatArray
    """(S, J)"""
    std_error: FloatArray
    conf_low: FloatArray
    """(S, J) NaN where the probability is 0 or 1."""
    conf_high: FloatArray
    stay_to: FloatArray
    """(m,) times up to which lengths of stay have a standard error."""
    stay_std_error: FloatArray
    """(S, m)"""

    def at(self, times: ArrayLike) -> StateProbabilityAt:
        """Every state at times (m,), not before the origin; InputError otherwise."""
        t = _validate.times(np.atleast_1d(np.asarray(times)), "times")
        if (t < self.origin).any():
            raise InputError(f"times: some are before the origin {self.origin:g}. Hint: ask from there on.")
        row = np.searchsorted(self.time, t, side="right")

        def step(values: FloatArray, before: FloatArray) -> FloatArray:
            out: FloatArray = np.concatenate((before[:, None], values), axis=1)[:, row]
            return out

        low, high = incidence_limits(
            self.initial[:, None], self.initial_std_error[:, None], self.conf_type, self.conf_level
        )
        return StateProbabilityAt(
            states=self.states,
            time=t,
            probability=step(self.probability, self.initial),
            std_error=step(self.std_error, self.initial_std_error),
            conf_low=step(self.conf_low, low[:, 0]),
            conf_high=step(self.conf_high, high[:, 0]),
        )

    def length_of_stay(self, tau: float) -> FloatArray:
        """(S,) expected time in each state from the origin to tau: the areas under the probabilities."""
        if not (np.isfinite(tau) and tau >= self.origin):
            raise InputError(f"tau: {tau} is not a time after the origin {self.origin:g}.")
        inside = self.time < tau
        edges = np.concatenate(([self.origin], self.time[inside], [tau]))
        values = np.concatenate((self.initial[:, None], self.probability[:, inside]), axis=1)
        out: FloatArray = values @ np.diff(edges)
        return out

    def stay_limits(self) -> tuple[FloatArray, FloatArray]:
        """(S, m) limits of the lengths of stay up to `stay_to`: normal, within 0 and the time there is."""
        if not self.stay_to.size:
            return np.empty((len(self.states), 0)), np.empty((len(self.states), 0))
        estimate = np.stack([self.length_of_stay(float(tau)) for tau in self.stay_to], axis=1)
        half = normal_quantile(self.conf_level) * self.stay_std_error
        return np.maximum(estimate - half, 0.0), np.minimum(estimate + half, self.stay_to - self.origin)

    def to_frame(self) -> "pl.DataFrame":
        """One row per state and time."""
        return _long(self)


def _long(source: StateProbability | StateProbabilityAt) -> "pl.DataFrame":
    import polars as pl

    names = ("probability", "std_error", "conf_low", "conf_high")
    states = [state for state in source.states for _ in range(source.time.size)]
    return pl.DataFrame(
        {"state": states, "time": np.tile(source.time, len(source.states))}
        | {name: getattr(source, name).reshape(-1) for name in names}
    )
