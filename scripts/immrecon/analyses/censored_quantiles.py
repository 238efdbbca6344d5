"""Order statistics of results of which some are only known to lie below or above a limit: numbers, or honest bounds."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import isinf

QUANTILES = {"minimum": 0.0, "q1": 0.25, "median": 0.5, "q3": 0.75, "maximum": 1.0}
Bounded = dict[str, object]
"""A statistic by its name, and whether it is a bound: `<name>_below_limit`, `<name>_above_limit`."""


@dataclass(frozen=True)
class Ranked:
    """The results in ascending order, each censored one at the least, at its limit, and at the most that it can be."""

    least: list[float]
    at_limits: list[float]
    most: list[float]

    @classmethod
    def of(cls, values: Sequence[float], below: Sequence[float], above: Sequence[float]) -> "Ranked":
        """A result of `below` is anything up to its limit, one of `above` anything from it."""
        return cls(
            sorted([*[float("-inf")] * len(below), *values, *above]),
            sorted([*below, *values, *above]),
            sorted([*below, *values, *[float("inf")] * len(above)]),
        )

    def quantile(self, name: str, p: float) -> Bounded:
        """Of type 7, as a number or a bound."""
        return _bounded(name, *(_quantile(ordered, p) for ordered in (self.least, self.at_limits, self.most)))

    def order_statistic(self, name: str, rank: int) -> Bounded:
        """The result of a rank counted from 1, as a number or a bound; missing for rank 0."""
        if rank == 0:
            return {name: None, f"{name}_below_limit": False, f"{name}_above_limit": False}
        return _bounded(name, *(ordered[rank - 1] for ordered in (self.least, self.at_limits, self.most)))


def quantiles_with_limits(values: Sequence[float], below: Sequence[float], above: Sequence[float]) -> Bounded:
    """Extremes and quartiles of type 7. A result of `below` is anything up to its limit, of `above` anything from it.

    At their limits, or without end on their side, such results give the least and the most that a quantile can be.
    Where the two are the same it is known. Otherwise one of them is given and flagged: the most as an upper bound
    (_below_limit), or the least as a lower bound (_above_limit), whichever is finite; of two finite ones the lower
    bound if above-limit results alone leave it open, else the upper bound. With neither, both flags and no number.
    """
    ranked = Ranked.of(values, below, above)
    result: Bounded = {}
    for name, p in QUANTILES.items():
        result |= ranked.quantile(name, p)
    return result


def _bounded(name: str, low: float | None, at_limits: float | None, high: float | None) -> Bounded:
    below, above = f"{name}_below_limit", f"{name}_above_limit"
    if low is None or high is None or low == high:
        return {name: high, below: False, above: False}
    if isinf(low) and isinf(high):
        return {name: None, below: True, above: True}
    is_lower_bound = isinf(high) or (low == at_limits and not isinf(low))
    return {name: low if is_lower_bound else high, below: not is_lower_bound, above: is_lower_bound}


def _quantile(ordered: list[float], p: float) -> float | None:
    """Type 7 (Hyndman and Fan 1996): linear between order statistics, position (n - 1) p from 0."""
    if not ordered:
        return None
    position = (len(ordered) - 1) * p
    low = int(position)
    weight = position - low
    if weight == 0:
        return ordered[low]
    if isinf(ordered[low]) or isinf(ordered[low + 1]):  # without end on the side of the infinite one
        return ordered[low] if isinf(ordered[low]) else ordered[low + 1]
    return ordered[low] + weight * (ordered[low + 1] - ordered[low])
