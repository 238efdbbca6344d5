"""Confidence intervals of one proportion and of the difference of two, vectorised over counts; Fisher's test."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import betainc, betaincinv

from immrecon.stats import _validate
from immrecon.stats._binomial import BinomialTest, binomial_test
from immrecon.stats._limits import normal_quantile
from immrecon.stats._two_by_two import DifferenceInterval, FisherTest, difference, fisher_exact, wilson_limits
from immrecon.stats._types import FloatArray

if TYPE_CHECKING:
    import polars as pl

__all__ = [
    "BinomialTest",
    "DifferenceInterval",
    "FisherTest",
    "ProportionInterval",
    "binomial_test",
    "clopper_pearson",
    "difference",
    "fisher_exact",
    "jeffreys",
    "mid_p",
    "wilson",
]

# Halving a bracket inside [0, 1] this often leaves less than the spacing of doubles near 1.
_HALVINGS = 53


@dataclass(frozen=True, slots=True, eq=False)
class ProportionInterval:
    """Proportions x/n with two-sided limits, arrays of shape (m,); NaN where n is 0."""

    conf_type: str
    conf_level: float
    x: FloatArray
    n: FloatArray
    estimate: FloatArray
    conf_low: FloatArray
    conf_high: FloatArray

    def to_frame(self) -> "pl.DataFrame":
        """One row per proportion."""
        import polars as pl

        names = ("x", "n", "estimate", "conf_low", "conf_high")
        return pl.DataFrame({name: getattr(self, name) for name in names})


def clopper_pearson(x: ArrayLike, n: ArrayLike, *, conf_level: float = 0.95) -> ProportionInterval:
    """Exact interval, coverage at least conf_level (Clopper and Pearson 1934).

    x events among n: whole numbers, scalar or (m,), broadcast; InputError unless 0 <= x <= n.
    """
    x_, n_, level = _counts(x, n, conf_level)
    tail = (1 - level) / 2
    low, high = _tail_roots(x_, n_, tail)
    return _result("clopper-pearson", level, x_, n_, low, high)


def wilson(x: ArrayLike, n: ArrayLike, *, conf_level: float = 0.95) -> ProportionInterval:
    """Score interval without continuity correction (Wilson 1927). Arguments as for `clopper_pearson`."""
    x_, n_, level = _counts(x, n, conf_level)
    with np.errstate(invalid="ignore"):
        low, high = wilson_limits(x_, n_, normal_quantile(level))
    return _result("wilson", level, x_, n_, low, high)


def jeffreys(x: ArrayLike, n: ArrayLike, *, conf_level: float = 0.95) -> ProportionInterval:
    """Equal-tailed posterior interval under the prior Beta(1/2, 1/2), with lower limit 0 at x = 0 and upper 1 at
    x = n (Brown, Cai and DasGupta 2001). Arguments as for `clopper_pearson`.
    """
    x_, n_, level = _counts(x, n, conf_level)
    tail = (1 - level) / 2
    low, high = (betaincinv(x_ + 0.5, n_ - x_ + 0.5, p) for p in (tail, 1 - tail))
    return _result("jeffreys", level, x_, n_, np.where(x_ == 0, 0.0, low), np.where(x_ == n_, 1.0, high))


def mid_p(x: ArrayLike, n: ArrayLike, *, conf_level: float = 0.95) -> ProportionInterval:
    """Exact interval with half the probability of the observed count in each tail (Lancaster 1961; Berry and
    Armitage 1995): shorter than Clopper-Pearson, coverage near conf_level on average. Arguments as there.
    """
    x_, n_, level = _counts(x, n, conf_level)
    tail = (1 - level) / 2
    # The upper limit is one minus the lower limit of the complement: both sides in one search.
    both = _mid_p_lower(np.concatenate((x_, n_ - x_)), np.concatenate((n_, n_)), tail)
    return _result("mid-p", level, x_, n_, both[: x_.size], 1 - both[x_.size :])


def _counts(x: ArrayLike, n: ArrayLike, conf_level: float) -> tuple[FloatArray, FloatArray, float]:
    x_, n_ = _validate.counts_of(x, n)
    return x_, n_, _validate.confidence_level(conf_level)


def _tail_roots(x: FloatArray, n: FloatArray, tail: float) -> tuple[FloatArray, FloatArray]:
    """Proportions at which P(X >= x), and P(X <= x), is tail."""
    low, high = np.zeros_like(x), np.ones_like(x)
    some, not_all = x > 0, x < n
    low[some] = betaincinv(x[some], n[some] - x[some] + 1, tail)
    high[not_all] = betaincinv(x[not_all] + 1, n[not_all] - x[not_all], 1 - tail)
    return low, high


def _mid_p_lower(x: FloatArray, n: FloatArray, tail: float) -> FloatArray:
    """Proportion at which P(X > x) + P(X = x)/2 is tail, by bisection; 0 for x = 0."""
    out = np.zeros_like(x)
    full = (x == n) & (n > 0)
    out[full] = (2 * tail) ** (1 / n[full])
    inner = (x > 0) & (x < n)
    a, b = x[inner], n[inner] - x[inner]
    # The mean of two increasing functions takes a value between the points where each of them does.
    low, high = betaincinv(a, b + 1, tail), betaincinv(a + 1, b, tail)
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        below = (betainc(a, b + 1, middle) + betainc(a + 1, b, middle)) / 2 < tail
        low, high = np.where(below, middle, low), np.where(below, high, middle)
    out[inner] = (low + high) / 2
    return out


def _result(
    conf_type: str, level: float, x: FloatArray, n: FloatArray, low: FloatArray, high: FloatArray
) -> ProportionInterval:
    empty = n == 0
    with np.errstate(invalid="ignore"):
        estimate = x / n
    low, high = (np.where(empty, np.nan, limit) for limit in (low, high))
    return ProportionInterval(conf_type, level, x, n, estimate, low, high)
