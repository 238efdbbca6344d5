"""Events per time at risk: exact Poisson intervals, and the exact comparison of two rates."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import betaincinv, gammaincinv, gammaln, xlogy

from immrecon.errors import InputError
from immrecon.stats import _validate
from immrecon.stats._types import BoolArray, FloatArray

if TYPE_CHECKING:
    import polars as pl

# Two probabilities count as equal when they differ by rounding only (R's binom.test).
_SAME = 1 + 1e-7


@dataclass(frozen=True, slots=True, eq=False)
class IncidenceRate:
    """Rates per `per` units of exposure, arrays (m,); NaN where the exposure is 0."""

    conf_level: float
    per: float
    events: FloatArray
    exposure: FloatArray
    estimate: FloatArray
    conf_low: FloatArray
    conf_high: FloatArray

    def to_frame(self) -> "pl.DataFrame":
        """One row per rate."""
        return _frame(self, ("events", "exposure", "estimate", "conf_low", "conf_high"))


@dataclass(frozen=True, slots=True, eq=False)
class RateRatio:
    """Ratios of two rates, arrays (m,); NaN without any event, or without exposure."""

    conf_level: float
    estimate: FloatArray
    conf_low: FloatArray
    conf_high: FloatArray
    p_value: FloatArray

    def to_frame(self) -> "pl.DataFrame":
        """One row per comparison."""
        return _frame(self, ("estimate", "conf_low", "conf_high", "p_value"))


def _frame(source: IncidenceRate | RateRatio, names: tuple[str, ...]) -> "pl.DataFrame":
    import polars as pl

    return pl.DataFrame({name: getattr(source, name) for name in names})


def incidence_rate(
    events: ArrayLike, exposure: ArrayLike, *, per: float = 1.0, conf_level: float = 0.95
) -> IncidenceRate:
    """Events per `per` units of exposure, with the exact Poisson interval (Garwood 1936).

    events (whole numbers) and exposure (in days, say; 0 only without events), scalar or (m,), are broadcast; for
    100 patient-days per=100. With 0 events the lower limit is 0 and the upper one has the error of one side.
    InputError for anything else.
    """
    level = _validate.confidence_level(conf_level)
    if not (np.isfinite(per) and per > 0):
        raise InputError(f"per: {per} is not a positive number. Hint: 100 for rates per 100 patient-days.")
    x, t = _counts(events, exposure, "events", "exposure")
    tail = (1 - level) / 2
    low = np.where(x > 0, gammaincinv(np.maximum(x, 1), tail), 0.0)
    high = gammaincinv(x + 1, 1 - tail)
    with np.errstate(divide="ignore", invalid="ignore"):
        out: list[FloatArray] = [np.where(t > 0, per * v / t, np.nan).astype(np.float64) for v in (x, low, high)]
    estimate, low, high = out
    return IncidenceRate(level, float(per), x, t, estimate, low, high)


def rate_ratio(
    events: ArrayLike,
    exposure: ArrayLike,
    reference_events: ArrayLike,
    reference_exposure: ArrayLike,
    *,
    conf_level: float = 0.95,
) -> RateRatio:
    """Rate over reference rate, exact given the total of events (Przyborowski and Wilenski 1940).

    Limits from Clopper and Pearson's for the share of the events; p sums the probabilities of all shares that are
    no likelier than the observed one (R's poisson.test). Arguments as for `incidence_rate`.
    """
    level = _validate.confidence_level(conf_level)
    x, t = _counts(events, exposure, "events", "exposure")
    y, u = _counts(reference_events, reference_exposure, "reference_events", "reference_exposure")
    try:
        x, t, y, u = np.broadcast_arrays(x, t, y, u)
    except ValueError as error:
        raise InputError(f"events, reference_events: {x.size} and {y.size} values. Hint: pairs of rates.") from error
    known: BoolArray = (x + y > 0) & (t > 0) & (u > 0)
    tail = (1 - level) / 2
    with np.errstate(divide="ignore", invalid="ignore"):
        low = np.where(x > 0, betaincinv(np.maximum(x, 1), y + 1, tail), 0.0)
        high = np.where(y > 0, betaincinv(x + 1, np.maximum(y, 1), 1 - tail), 1.0)
        estimate, low, high = (np.where(known, v * u / t, np.nan) for v in (x / y, low / (1 - low), high / (1 - high)))
    p_value = np.full(x.shape, np.nan)
    for i in np.flatnonzero(known):
        p_value[i] = _binomial_p(float(x[i]), float(x[i] + y[i]), float(t[i] / (t[i] + u[i])))
    return RateRatio(level, estimate, low, high, p_value)


def _binomial_p(x: float, n: float, share: float) -> float:
    k = np.arange(int(n) + 1)
    log_probability = gammaln(n + 1) - gammaln(k + 1) - gammaln(n - k + 1) + xlogy(k, share) + xlogy(n - k, 1 - share)
    probability = np.exp(log_probability)
    return float(min(probability[probability <= probability[int(x)] * _SAME].sum(), 1.0))


def _counts(events: ArrayLike, exposure: ArrayLike, name: str, time_name: str) -> tuple[FloatArray, FloatArray]:
    x = _validate.times(np.atleast_1d(np.asarray(events)), name)
    t = _validate.times(np.atleast_1d(np.asarray(exposure)), time_name)
    if (x != np.floor(x)).any():
        raise InputError(f"{name}: some values are not whole numbers. Hint: give counts.")
    try:
        x, t = np.broadcast_arrays(x, t)
    except ValueError as error:
        raise InputError(f"{name}, {time_name}: {x.size} and {t.size} values. Hint: one exposure per count.") from error
    if ((t == 0) & (x > 0)).any():
        raise InputError(f"{time_name}: 0 where there are events. Hint: time at risk includes the day of the event.")
    return x, t
