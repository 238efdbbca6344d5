"""Kaplan-Meier with its limits and quantiles, and the beta-product interval, a second time.

Written from Kaplan and Meier (1958), Greenwood (1926), Kalbfleisch and Prentice (1980, section 1.4) and Fay, Brittain and
Proschan (2013, section 3, method of moments). Loops over persons and times, as the papers count them: slow, and nothing else.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from fractions import Fraction
from statistics import NormalDist
from typing import NamedTuple

from scipy.special import betaincinv

NAN = math.nan


class Curve(NamedTuple):
    """Survival, its standard error and limits, one value per time asked for."""

    survival: list[float]
    std_error: list[float]
    lower: list[float]
    upper: list[float]


def at_risk(
    t: float, time: Sequence[float], entry: Sequence[float] | None, weights: Sequence[float] | None = None
) -> float:
    """Weight of those with entry < t <= time; who has no entry has always been there."""
    return math.fsum(
        1.0 if weights is None else weights[i]
        for i in range(len(time))
        if t <= time[i] and (entry is None or entry[i] < t)
    )


def kaplan_meier(
    time: Sequence[float],
    event: Sequence[int],
    times: Sequence[float],
    *,
    entry: Sequence[float] | None = None,
    weights: Sequence[float] | None = None,
    conf_level: float = 0.95,
    conf_type: str = "log-log",
) -> Curve:
    """Product limit with Greenwood's variance at each of `times`.

    As in R there are no limits where S is 0, and none on the log-log scale where S is 1, but before anybody has left
    (then both are 1).
    """
    n = len(time)
    z = NormalDist().inv_cdf(0.5 + conf_level / 2)
    result = Curve([], [], [], [])
    for t in times:
        survival, greenwood = 1.0, 0.0
        for u in sorted({time[i] for i in range(n) if event[i] and time[i] <= t}):
            risk = at_risk(u, time, entry, weights)
            failing = [i for i in range(n) if event[i] and time[i] == u]
            left = [i for i in range(n) if time[i] >= u and (entry is None or entry[i] < u) and i not in failing]
            d = math.fsum(1.0 if weights is None else weights[i] for i in failing)
            if not left:  # nobody is left: a count, not a difference of sums that rounding could keep above zero
                survival, greenwood = 0.0, math.inf
                break
            survival *= 1 - d / risk
            greenwood += d / (risk * (risk - d))
        lower, upper = (1.0, 1.0) if t < min(time) else limits(survival, greenwood, z, conf_type)
        result.survival.append(survival)
        result.std_error.append(survival * math.sqrt(greenwood) if survival > 0 else NAN)
        result.lower.append(lower)
        result.upper.append(upper)
    return result


def limits(survival: float, greenwood: float, z: float, conf_type: str) -> tuple[float, float]:
    """Limits of S from Greenwood's sum, the variance of log S, on the scale named."""
    if survival == 0:
        return NAN, NAN
    root = math.sqrt(greenwood)
    if conf_type == "plain":
        return max(survival - z * survival * root, 0.0), min(survival + z * survival * root, 1.0)
    if conf_type == "log":
        return survival * math.exp(-z * root), min(survival * math.exp(z * root), 1.0)
    if survival == 1:
        return NAN, NAN
    theta = math.log(-math.log(survival))
    half = z * root / abs(math.log(survival))
    return math.exp(-math.exp(theta + half)), math.exp(-math.exp(theta - half))


def quantile(times: Sequence[float], survival: Sequence[float], p: float) -> float:
    """The first time with S <= 1 - p; the middle of the step where S is flat at exactly 1 - p (a last step ends at the last time)."""
    target = 1 - p
    for i, t in enumerate(times):
        if survival[i] < target - 1e-9:
            return t
        if survival[i] <= target + 1e-9:
            below = [u for u, s in zip(times, survival, strict=True) if s < target - 1e-9]
            return (t + (below[0] if below else times[-1])) / 2
    return NAN


def beta_product(
    time: Sequence[float],
    event: Sequence[int],
    times: Sequence[float],
    *,
    entry: Sequence[float] | None = None,
    conf_level: float = 0.95,
) -> tuple[list[float], list[float]]:
    """Limits by the method of moments: a beta variable with the mean and the mean square of the product.

    The upper limit takes one Beta(Y - d + 1, d) per event time up to t; the lower adds Beta(Y(t+), 1), the worst that may
    have happened since to those still there. The moments are kept as fractions. No limit rises: the smallest of all times
    up to t counts, as in R's bpcp (monotonic = TRUE).
    """
    tail = (1 - conf_level) / 2
    lower, upper = [], []
    for t in times:
        until_now = sorted({0.0, t, *(u for u in time if u < t)})
        pairs = [_limits_at(u, time, event, entry, tail) for u in until_now]
        lower.append(min(low for low, _ in pairs))
        upper.append(min(high for _, high in pairs))
    return lower, upper


def _limits_at(
    t: float, time: Sequence[float], event: Sequence[int], entry: Sequence[float] | None, tail: float
) -> tuple[float, float]:
    factors = []
    for u in sorted({time[i] for i in range(len(time)) if event[i] and time[i] <= t}):
        d = sum(1 for i in range(len(time)) if event[i] and time[i] == u)
        factors.append((round(at_risk(u, time, entry)) - d + 1, d))
    there = sum(1 for i in range(len(time)) if time[i] > t and (entry is None or entry[i] <= t))
    low = _matched_quantile([*factors, (there, 1)], tail) if there else 0.0
    return low, _matched_quantile(factors, 1 - tail) if factors else 1.0


def _matched_quantile(factors: list[tuple[int, int]], p: float) -> float:
    mean, square = Fraction(1), Fraction(1)
    for a, b in factors:
        mean *= Fraction(a, a + b)
        square *= Fraction(a * (a + 1), (a + b) * (a + b + 1))
    size = (mean - square) / (square - mean**2)
    return float(betaincinv(float(mean * size), float((1 - mean) * size), p))
