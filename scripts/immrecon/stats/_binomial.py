"""Exact test of one proportion."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from immrecon.errors import InputError
from immrecon.stats import _validate
from immrecon.stats._types import FloatArray

_SAME = 1 + 1e-7
"""Outcomes whose probabilities agree to this factor are equally likely, as in R's binom.test."""


@dataclass(frozen=True, slots=True, eq=False)
class BinomialTest:
    """Test that a proportion is p0, for each of (m,) values; NaN where n is 0."""

    x: int
    n: int
    null_value: FloatArray
    p_less: FloatArray
    """P(X <= x)."""
    p_greater: FloatArray
    """P(X >= x)."""
    p_two_sided: FloatArray
    """Probability of all outcomes that are no more likely than x (as R's binom.test)."""


def binomial_test(x: int, n: int, null_value: ArrayLike) -> BinomialTest:
    """Exact binomial test of x events among n against proportions null_value, scalar or (m,), between 0 and 1.

    Raises InputError unless 0 <= x <= n are whole numbers and every null value is a probability.
    """
    from scipy.special import betainc, betaincc, gammaln, xlog1py, xlogy

    counts, totals = _validate.counts_of(x, n)
    p0 = np.atleast_1d(np.asarray(null_value, dtype=np.float64))
    if not ((p0 >= 0) & (p0 <= 1)).all():
        raise InputError("null_value: proportions between 0 and 1 are expected.")
    k, total = int(counts[0]), int(totals[0])
    if total == 0:
        nan = np.full(p0.size, np.nan)
        return BinomialTest(k, total, p0, nan, nan.copy(), nan.copy())
    less = np.ones(p0.size) if k == total else betaincc(k + 1, total - k, p0)
    greater = np.ones(p0.size) if k == 0 else betainc(k, total - k + 1, p0)
    j = np.arange(total + 1)[:, None]
    ways = gammaln(total + 1) - gammaln(j + 1) - gammaln(total - j + 1)
    outcomes = np.exp(ways + xlogy(j, p0) + xlog1py(total - j, -p0))
    two_sided = np.minimum(1.0, np.where(outcomes <= outcomes[k] * _SAME, outcomes, 0.0).sum(axis=0))
    return BinomialTest(k, total, p0, less, greater, two_sided)
