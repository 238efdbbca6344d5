"""Pointwise confidence limits of survival and cumulative incidence; NaN where the method defines none."""

from collections.abc import Callable
from functools import cache

import numpy as np

from immrecon.stats._types import BoolArray, Counts, FloatArray

Limits = tuple[FloatArray, FloatArray]


@cache
def normal_quantile(conf_level: float) -> float:
    """Two-sided standard normal quantile."""
    from scipy.special import ndtri

    return float(ndtri(0.5 + conf_level / 2))


def _log_log(s: FloatArray, half: FloatArray) -> Limits:
    return _powers(np.log(s), half)


def _powers(log_s: FloatArray, half: FloatArray) -> Limits:
    """s to the powers exp(-width) and exp(width), where width is half / log s."""
    width = half / log_s
    wide = np.exp(width)
    low = np.exp(np.negative(width, out=width), out=width)
    for power in (low, wide):
        np.exp(np.multiply(power, log_s, out=power), out=power)
    return low, wide


def _log(s: FloatArray, half: FloatArray) -> Limits:
    return s * np.exp(-half), np.minimum(s * np.exp(half), 1.0)


def _plain(s: FloatArray, half: FloatArray) -> Limits:
    return np.maximum(s - s * half, 0.0), np.minimum(s + s * half, 1.0)


def _logit(s: FloatArray, half: FloatArray) -> Limits:
    centre, width = np.log(s / (1 - s)), half / (1 - s)
    return 1 / (1 + np.exp(width - centre)), 1 / (1 + np.exp(-width - centre))


def _arcsin(s: FloatArray, half: FloatArray) -> Limits:
    centre, width = np.arcsin(np.sqrt(s)), 0.5 * half * np.sqrt(s / (1 - s))
    return np.sin(np.maximum(centre - width, 0.0)) ** 2, np.sin(np.minimum(centre + width, np.pi / 2)) ** 2


_SURVIVAL: dict[str, Callable[[FloatArray, FloatArray], Limits]] = {
    "log-log": _log_log,
    "log": _log,
    "plain": _plain,
    "logit": _logit,
    "arcsin": _arcsin,
}
# Both forms of the beta product, and whether it is the mid-P one.
BETA_PRODUCTS = {"beta-product": False, "beta-product-mid-p": True}
SURVIVAL_CONF_TYPES = (*_SURVIVAL, *BETA_PRODUCTS)


def survival_limits(survival: FloatArray, log_std_error: FloatArray, conf_type: str, conf_level: float) -> Limits:
    """Limits from the standard error of log S on the named scale (Borgan and Liestol 1990).

    Any type but the beta products. NaN where S = 0, and where S = 1 for log-log, logit and arcsin, as R's survfit.
    """
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        low, high = _SURVIVAL[conf_type](survival, normal_quantile(conf_level) * log_std_error)
    if survival.size and survival[-1] == 0:  # it never rises
        undefined = survival == 0
        low[undefined] = high[undefined] = np.nan
    return low, high


def beta_product_limits(
    n_event: Counts, n_risk: Counts, n_censor: Counts, conf_level: float, *, mid_p: bool = False
) -> tuple[FloatArray, FloatArray, float]:
    """Limits of Fay, Brittain and Proschan (2013), method of moments: low and high (J,), low before any time.

    The upper limit at t is a quantile of W+, the product of Beta(Y_j - d_j + 1, d_j) over event times up to t; the
    lower one of W-, which is W+ times Beta(Y(t+), 1), with Y(t+) the number still at risk after t. Without censoring
    these are the limits of Clopper and Pearson. No limit rises: where the matched moments would let it (in the third
    decimal), it stays, as in R's bpcp.

    mid_p: both are quantiles of the mixture of W- and W+ in equal parts (Fay and Brittain 2016), without censoring
    the mid-P limits of a proportion; coverage is then near the level, and no longer guaranteed.
    """
    tail = (1 - conf_level) / 2
    events, at_risk = n_event.astype(np.float64), n_risk.astype(np.float64)
    after = at_risk - events - n_censor
    with np.errstate(divide="ignore", invalid="ignore"):
        log_mean, log_ratio = _log_beta_moments(at_risk - events + 1, events)
        upper = np.cumsum(log_mean), np.cumsum(log_ratio)
        extra_mean, extra_ratio = _log_beta_moments(after, np.ones_like(after))
        lower = _matched_beta(upper[0] + extra_mean, upper[1] + extra_ratio)
        matched = _matched_beta(*upper)
        # W+ is 1 before the first event, and W- is 0 when nobody is left: all the mass of a Beta(0, 1) is there.
        certain, left = np.cumsum(events) == 0, after == 0
        both = ~certain & ~left if mid_p else np.zeros(events.shape, dtype=np.bool_)
        weight = 2.0 if mid_p else 1.0
        low = _beta_quantile(lower, weight * tail)
        high = _beta_quantile(matched, 1 - weight * tail)
        if both.any():
            pair = (lower[0][both], lower[1][both]), (matched[0][both], matched[1][both])
            low[both], high[both] = (_mixture_quantile(*pair, p) for p in (tail, 1 - tail))
    high[certain] = 1.0
    low[left] = 0.0
    origin = (weight * tail) ** (1 / at_risk[0]) if at_risk.size else np.nan
    return np.minimum.accumulate(np.minimum(low, origin)), np.minimum.accumulate(high), origin


def _log_beta_moments(a: FloatArray, b: FloatArray) -> Limits:
    # E X = a/(a+b) and E X^2 / (E X)^2 = 1 + b / (a (a+b+1)): no difference of nearly equal numbers.
    return np.log(a / (a + b)), np.log1p(b / (a * (a + b + 1)))


def _matched_beta(log_mean: FloatArray, log_ratio: FloatArray) -> Limits:
    """Parameters of the beta distribution with this mean and this E X^2 / (E X)^2."""
    mean = np.exp(log_mean)
    total = (1 - mean) / (mean * np.expm1(log_ratio)) - 1
    return mean * total, (1 - mean) * total


def _beta_quantile(beta: Limits, p: float) -> FloatArray:
    from scipy.special import betaincinv

    return np.asarray(betaincinv(*beta, p), dtype=np.float64)


def _mixture_quantile(lower: Limits, upper: Limits, p: float) -> FloatArray:
    """Quantile of the mixture in equal parts of two beta distributions; it lies between theirs."""
    from scipy.optimize.elementwise import find_root
    from scipy.special import betainc

    def excess(
        x: FloatArray, a_low: FloatArray, b_low: FloatArray, a_high: FloatArray, b_high: FloatArray
    ) -> FloatArray:
        return np.asarray((betainc(a_low, b_low, x) + betainc(a_high, b_high, x)) / 2 - p, dtype=np.float64)

    found = find_root(excess, (_beta_quantile(lower, p), _beta_quantile(upper, p)), args=(*lower, *upper))
    return np.asarray(found.x, dtype=np.float64)


def _incidence_log_log(f: FloatArray, se: FloatArray, z: float) -> Limits:
    return _powers(np.log(f), z * se / f)


def _incidence_cloglog(f: FloatArray, se: FloatArray, z: float) -> Limits:
    free = 1 - f
    width = z * se / (free * np.log(free))
    return 1 - free ** np.exp(width), 1 - free ** np.exp(-width)


def _incidence_plain(f: FloatArray, se: FloatArray, z: float) -> Limits:
    return np.maximum(f - z * se, 0.0), np.minimum(f + z * se, 1.0)


_INCIDENCE: dict[str, Callable[[FloatArray, FloatArray, float], Limits]] = {
    "log-log": _incidence_log_log,
    "cloglog": _incidence_cloglog,
    "plain": _incidence_plain,
}
INCIDENCE_CONF_TYPES = tuple(_INCIDENCE)


def incidence_limits(incidence: FloatArray, std_error: FloatArray, conf_type: str, conf_level: float) -> Limits:
    """Limits on log(-log F) ("log-log"), log(-log(1-F)) ("cloglog") or F ("plain") (Choudhury 2002).

    NaN where F is 0 or 1.
    """
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        low, high = _INCIDENCE[conf_type](incidence, std_error, normal_quantile(conf_level))
    undefined: BoolArray = (incidence == 0) | (incidence == 1)
    for limit in (low, high):
        np.copyto(limit, np.nan, where=undefined)
    return low, high


def exact_zero_bound(m: FloatArray, conf_level: float) -> FloatArray:
    """Upper limit of an incidence with no event among m > 0 participants: 1 - (alpha/2)^(1/m)."""
    bound: FloatArray = -np.expm1(np.log((1 - conf_level) / 2) / m)
    return bound
