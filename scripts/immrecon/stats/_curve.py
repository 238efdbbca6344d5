"""The result of every single-event estimator: a right-continuous step function with its limits."""

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike

from immrecon.errors import InputError
from immrecon.stats import _validate
from immrecon.stats._limits import BETA_PRODUCTS, beta_product_limits, normal_quantile, survival_limits
from immrecon.stats._types import BoolArray, Counts, FloatArray

if TYPE_CHECKING:
    import polars as pl

_FLAT = 1e-9


@dataclass(frozen=True, slots=True, eq=False)
class SurvivalAt:
    """The curve at m requested times; beyond the last observed time values are carried on, with n_risk 0."""

    time: FloatArray
    """(m,) as requested."""
    n_risk: Counts
    """(m,) at risk just before the time; between observed times, that of the next one (as R's summary)."""
    n_event: Counts
    """(m,) events up to and including the time."""
    n_censor: Counts
    """(m,) censored up to and including the time."""
    survival: FloatArray
    """(m,) probability of being free of the event after the time; NaN if nobody was studied."""
    std_error: FloatArray
    """(m,) NaN where survival is 0."""
    conf_low: FloatArray
    conf_high: FloatArray
    cumulative_hazard: FloatArray
    cumulative_hazard_std_error: FloatArray

    def to_frame(self) -> "pl.DataFrame":
        """One row per requested time."""
        import polars as pl

        return pl.DataFrame({name: getattr(self, name) for name in self.__slots__})


@dataclass(frozen=True, slots=True, eq=False)
class Quantiles:
    """Times by which a proportion p has had the event; NaN where the curve or limit does not get there."""

    p: FloatArray
    estimate: FloatArray
    conf_low: FloatArray
    conf_high: FloatArray


@dataclass(frozen=True, slots=True)
class RestrictedMean:
    """Restricted mean survival time (area under the curve up to tau, unit of time) with a normal interval."""

    tau: float
    estimate: float
    std_error: float
    conf_low: float
    conf_high: float
    conf_level: float


@dataclass(frozen=True, eq=False)
class SurvivalCurve:
    """Estimates at the J distinct observed times (events and censorings), in the unit of the input.

    Limits and cumulative hazard follow from the rest and are worked out when they are asked for.
    """

    method: str
    """"kaplan-meier", "nelson-aalen" or "reverse-kaplan-meier"."""
    conf_type: str
    conf_level: float
    n: int
    """Participants."""
    n_events: int
    """Participants with the event."""
    time: FloatArray
    n_risk: Counts
    """(J,) at risk just before each time, on (entry, time]; float64 sums when weighted."""
    n_event: Counts
    n_censor: Counts
    survival: FloatArray
    log_std_error: FloatArray
    """(J,) of log survival: Greenwood, or for nelson-aalen of the hazard; infinite where survival is 0."""
    std_error: FloatArray
    """(J,) of survival, by the delta method; NaN where survival is 0."""
    risk_set_restart: BoolArray
    """(J,) fewer than 3 at risk while others still enter; a caution for delayed entry."""
    log_variance_jump: FloatArray
    """(J,) what each time adds to the variance of log survival; infinite where survival becomes 0."""

    @cached_property
    def _limits(self) -> tuple[FloatArray, FloatArray, float]:
        if self.conf_type in BETA_PRODUCTS:
            mid_p = BETA_PRODUCTS[self.conf_type]
            return beta_product_limits(self.n_event, self.n_risk, self.n_censor, self.conf_level, mid_p=mid_p)
        low, high = survival_limits(self.survival, self.log_std_error, self.conf_type, self.conf_level)
        return low, high, 1.0 if self.time.size else np.nan

    @property
    def conf_low(self) -> FloatArray:
        """(J,) pointwise lower limit of survival by conf_type; NaN where it defines none."""
        return self._limits[0]

    @property
    def conf_high(self) -> FloatArray:
        """(J,)"""
        return self._limits[1]

    @property
    def origin_conf_low(self) -> float:
        """Lower limit before the first observed time: 1, but for the beta product."""
        return self._limits[2]

    @property
    def cumulative_hazard(self) -> FloatArray:
        """(J,) Nelson-Aalen."""
        return np.cumsum(self.n_event / self.n_risk)

    @property
    def cumulative_hazard_std_error(self) -> FloatArray:
        """(J,) square root of the sum of d/Y^2."""
        return np.sqrt(np.cumsum(self.n_event / self.n_risk / self.n_risk))

    def at(self, times: ArrayLike) -> SurvivalAt:
        """The curve at times (m,), any order, not negative; InputError otherwise."""
        t = _validate.times(np.atleast_1d(np.asarray(times)), "times")
        # Row of the last observed time not after t; -1 (none) picks the value appended for before.
        row = np.searchsorted(self.time, t, side="right") - 1
        nobody = self.n == 0

        def step(values: FloatArray, before: float) -> FloatArray:
            return np.append(values, np.nan if nobody else before)[row]

        def total(counts: Counts) -> Counts:
            return np.append(np.cumsum(counts), 0)[row]

        return SurvivalAt(
            time=t,
            n_risk=np.append(self.n_risk, 0)[np.searchsorted(self.time, t)],
            n_event=total(self.n_event),
            n_censor=total(self.n_censor),
            survival=step(self.survival, 1.0),
            std_error=step(self.std_error, 0.0),
            conf_low=step(self.conf_low, self.origin_conf_low),
            conf_high=step(self.conf_high, 1.0),
            cumulative_hazard=step(self.cumulative_hazard, 0.0),
            cumulative_hazard_std_error=step(self.cumulative_hazard_std_error, 0.0),
        )

    def quantile(self, p: ArrayLike) -> Quantiles:
        """Times at which survival falls to 1 - p, 0 < p < 1; p is a scalar or (m,).

        Limits by inversion of the limit curves (Brookmeyer and Crowley 1982). The midpoint of the flat piece
        where the curve (or the limit) equals 1 - p to 1e-9, as in R and SAS.
        """
        wanted = _validate.probabilities(p)
        time = np.concatenate(([0.0], self.time))
        curves = (
            np.concatenate(([1.0], self.survival)),
            np.concatenate(([self.origin_conf_low], self.conf_low)),
            np.concatenate(([1.0], self.conf_high)),
        )
        estimate, low, high = (np.array([_crossing(time, c, 1 - q) for q in wanted]) for c in curves)
        return Quantiles(p=wanted, estimate=estimate, conf_low=low, conf_high=high)

    def rmst(self, tau: float) -> RestrictedMean:
        """Area under the curve on [0, tau] (Royston and Parmar 2013; Uno et al. 2014).

        InputError when tau is not positive or beyond the largest observed time: nothing is extrapolated.
        """
        largest = self.time[-1] if self.time.size else 0.0
        if not 0 < tau <= largest:
            raise InputError(
                f"tau: {tau:g} is not in (0, {largest:g}], {largest:g} being the largest observed time. "
                "Hint: choose tau within follow-up."
            )
        used = self.time <= tau
        widths = np.diff(self.time[used], prepend=0.0, append=tau)
        pieces = widths * np.concatenate(([1.0], self.survival[used]))
        area_after = pieces[:0:-1].cumsum()[::-1]
        jump = self.log_variance_jump[used]
        # Once survival is 0 there is no area left, and what the event adds is nothing.
        variance = float(np.sum(np.where(np.isfinite(jump), jump, 0.0) * area_after**2))
        estimate, std_error = float(pieces.sum()), float(np.sqrt(variance))
        half = normal_quantile(self.conf_level) * std_error
        return RestrictedMean(float(tau), estimate, std_error, estimate - half, estimate + half, self.conf_level)

    def to_frame(self) -> "pl.DataFrame":
        """One row per distinct observed time."""
        import polars as pl

        columns = [name for name in SurvivalAt.__slots__ if name != "time"]
        return pl.DataFrame({"time": self.time} | {name: getattr(self, name) for name in columns})


def _crossing(time: FloatArray, curve: FloatArray, target: float) -> float:
    """Time at which a falling curve reaches target; the middle of the flat piece where it equals target.

    A limit can rise again after it has crossed; as in R, the time of the largest value at or below target is
    then taken.
    """
    reached = _largest_within(curve, target + _FLAT)
    if reached is None:
        return float("nan")
    passed = _largest_within(curve, target - _FLAT)
    end = time[-1] if passed is None else time[passed]
    return float((time[reached] + end) / 2)


def _largest_within(curve: FloatArray, bound: float) -> int | None:
    within = np.flatnonzero(curve <= bound)
    return int(within[np.argmax(curve[within])]) if within.size else None
