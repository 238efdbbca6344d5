"""Two proportions: intervals of their difference, and Fisher's exact test with the conditional odds ratio."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import gammaln

from immrecon.stats import _validate
from immrecon.stats._limits import normal_quantile
from immrecon.stats._root import brent
from immrecon.stats._types import FloatArray, IntArray

if TYPE_CHECKING:
    import polars as pl

DIFFERENCE_CONF_TYPES = ("newcombe", "miettinen-nurminen")
# Halving [-1, 1] this often leaves less than the spacing of doubles near 1.
_HALVINGS = 54
# R's fisher.test: tables whose probability is larger by less than this share count as equally likely.
_EQUALLY_LIKELY = 1e-7
_LEAST_RATIO = float(np.finfo(np.float64).eps)


@dataclass(frozen=True, slots=True, eq=False)
class DifferenceInterval:
    """Differences x1/n1 - x2/n2 with two-sided limits, arrays of shape (m,); NaN where a group is empty."""

    conf_type: str
    conf_level: float
    x1: FloatArray
    n1: FloatArray
    x2: FloatArray
    n2: FloatArray
    estimate: FloatArray
    conf_low: FloatArray
    conf_high: FloatArray

    def to_frame(self) -> "pl.DataFrame":
        """One row per difference."""
        import polars as pl

        names = ("x1", "n1", "x2", "n2", "estimate", "conf_low", "conf_high")
        return pl.DataFrame({name: getattr(self, name) for name in names})


@dataclass(frozen=True, slots=True)
class FisherTest:
    """Fisher's exact test of a 2 x 2 table."""

    x1: int
    n1: int
    x2: int
    n2: int
    p_value: float
    """Two-sided: tables at most as likely as the observed one."""
    p_less: float
    """P(X1 <= x1) given the margins."""
    p_greater: float
    odds_ratio: float
    """Conditional maximum likelihood; 0 or infinite when the table is as extreme as can be, NaN if only one
    table is possible."""
    conf_low: float
    conf_high: float
    conf_level: float

    def to_frame(self) -> "pl.DataFrame":
        """One row; null for an odds ratio that is not defined."""
        import polars as pl

        frame = pl.DataFrame({name: [getattr(self, name)] for name in self.__slots__})
        return frame.with_columns(pl.col(pl.Float64).fill_nan(None))


def difference(
    x1: ArrayLike,
    n1: ArrayLike,
    x2: ArrayLike,
    n2: ArrayLike,
    *,
    conf_type: str = "newcombe",
    conf_level: float = 0.95,
) -> DifferenceInterval:
    """Difference of two proportions, first minus second.

    x1 events among n1 and x2 among n2: whole numbers, scalars or (m,), broadcast; InputError unless
    0 <= x <= n. conf_type "newcombe" is the hybrid of two Wilson intervals (Newcombe 1998, method 10),
    "miettinen-nurminen" the score interval with variance factor N/(N - 1) (Miettinen and Nurminen 1985).
    """
    _validate.choice("conf_type", conf_type, DIFFERENCE_CONF_TYPES)
    level = _validate.confidence_level(conf_level)
    a, m = _validate.counts_of(x1, n1, ("x1", "n1"))
    b, n = _validate.counts_of(x2, n2, ("x2", "n2"))
    a, m, b, n = (np.array(v) for v in np.broadcast_arrays(a, m, b, n))
    limits = _newcombe if conf_type == "newcombe" else _miettinen_nurminen
    with np.errstate(invalid="ignore", divide="ignore"):
        estimate = a / m - b / n
        low, high = limits(a, m, b, n, normal_quantile(level))
    empty = np.isnan(estimate)
    return DifferenceInterval(
        conf_type, level, a, m, b, n, estimate, np.where(empty, np.nan, low), np.where(empty, np.nan, high)
    )


def wilson_limits(x: FloatArray, n: FloatArray, z: float) -> tuple[FloatArray, FloatArray]:
    """Score limits of x/n (Wilson 1927), exactly 0 for 0/n and 1 for n/n."""
    centre = x + z * z / 2
    half = z * np.sqrt(x * (1 - x / n) + z * z / 4)
    low, high = (centre - half) / (n + z * z), (centre + half) / (n + z * z)
    return np.where(x == 0, 0.0, low), np.where(x == n, 1.0, high)


def _newcombe(a: FloatArray, m: FloatArray, b: FloatArray, n: FloatArray, z: float) -> tuple[FloatArray, FloatArray]:
    p, q = a / m, b / n
    (p_low, p_high), (q_low, q_high) = wilson_limits(a, m, z), wilson_limits(b, n, z)
    return p - q - np.hypot(p - p_low, q_high - q), p - q + np.hypot(p_high - p, q - q_low)


def _miettinen_nurminen(
    a: FloatArray, m: FloatArray, b: FloatArray, n: FloatArray, z: float
) -> tuple[FloatArray, FloatArray]:
    d = a / m - b / n

    def limit(beyond: float, sign: float) -> FloatArray:
        # The score falls as the supposed difference grows, so halving the bracket finds where it is +-z.
        inner, outer = d.copy(), np.full_like(d, beyond)
        for _ in range(_HALVINGS):
            middle = (inner + outer) / 2
            within = sign * _score(a, m, b, n, middle) < z
            inner, outer = np.where(within, middle, inner), np.where(within, outer, middle)
        out: FloatArray = (inner + outer) / 2
        return out

    return limit(-1.0, 1.0), limit(1.0, -1.0)


def _score(a: FloatArray, m: FloatArray, b: FloatArray, n: FloatArray, delta: FloatArray) -> FloatArray:
    """(p1 - p2 - delta) over its standard error when the true difference is delta."""
    # Likelihood equation of p2 under p1 = p2 + delta: a cubic whose root in range is trigonometric.
    total = m + n
    l3, l2 = total, (m + 2 * n) * delta - total - (a + b)
    l1, l0 = (n * delta - total - 2 * b) * delta + a + b, b * delta * (1 - delta)
    third = l2 / (3 * l3)
    q = third**3 - l1 * l2 / (6 * l3**2) + l0 / (2 * l3)
    p = np.where(q < 0, -1.0, 1.0) * np.sqrt(np.maximum(third**2 - l1 / (3 * l3), 0.0))
    cosine = np.zeros_like(p)
    np.divide(q, p**3, out=cosine, where=p**3 != 0)
    p2 = np.clip(2 * p * np.cos((np.pi + np.arccos(np.clip(cosine, -1.0, 1.0))) / 3) - third, 0.0, 1.0)
    p1 = np.clip(p2 + delta, 0.0, 1.0)
    variance = (p1 * (1 - p1) / m + p2 * (1 - p2) / n) * total / (total - 1)
    distance = a / m - b / n - delta
    out: FloatArray = distance / np.sqrt(np.maximum(variance, 1e-300))
    return out


def fisher_exact(
    x1: int, n1: int, x2: int, n2: int, *, conf_level: float = 0.95, tolerance: float = 2.0**-13
) -> FisherTest:
    """Fisher's exact test of x1/n1 against x2/n2, and the conditional odds ratio with exact limits.

    Whole numbers with 0 <= x <= n; InputError otherwise. p-values are exact. Odds ratio and limits are roots,
    found to `tolerance` (absolute, of the ratio or its inverse, whichever is below 1). The default is that of
    R's fisher.test, whose digits it reproduces: a value L above 1 is then right to the share L * tolerance/2
    of itself (0.2 % at 30), and a smaller tolerance brings it to any precision.
    """
    level = _validate.confidence_level(conf_level)
    a, m, b, n = (
        int(v[0]) for v in (*_validate.counts_of(x1, n1, ("x1", "n1")), *_validate.counts_of(x2, n2, ("x2", "n2")))
    )
    table = _Conditional(a, m, b, n)
    null = table.probability(1.0)
    observed = null[a - table.first]
    low = high = odds = float("nan")
    if table.support.size > 1:
        tail = (1 - level) / 2
        odds = table.solve(lambda psi: float(table.probability(psi) @ table.support) - a, tolerance)
        # P(X >= a) rises with the odds ratio, P(X <= a) falls.
        low = 0.0 if a == table.support[0] else table.solve(lambda psi: table.above(psi) - tail, tolerance)
        high = np.inf if a == table.support[-1] else table.solve(lambda psi: tail - table.below(psi), tolerance)
        odds = 0.0 if a == table.support[0] else np.inf if a == table.support[-1] else odds
    return FisherTest(
        a,
        m,
        b,
        n,
        p_value=min(1.0, float(null[null <= observed * (1 + _EQUALLY_LIKELY)].sum())),
        p_less=min(1.0, table.below(1.0)),
        p_greater=min(1.0, table.above(1.0)),
        odds_ratio=odds,
        conf_low=low,
        conf_high=high,
        conf_level=level,
    )


class _Conditional:
    """Events in the first group given the margins: Fisher's noncentral hypergeometric distribution."""

    def __init__(self, a: int, m: int, b: int, n: int) -> None:
        events = a + b
        self.first = max(0, events - n)
        self.support = np.arange(self.first, min(m, events) + 1)
        self._position = a - self.first
        self._log = _log_choose(m, self.support) + _log_choose(n, events - self.support)

    def probability(self, psi: float) -> FloatArray:
        """Over the support, for odds ratio psi > 0."""
        log = self._log + np.log(psi) * self.support
        relative = np.exp(log - log.max())
        out: FloatArray = relative / relative.sum()
        return out

    def below(self, psi: float) -> float:
        """P(X <= observed)."""
        return float(self.probability(psi)[: self._position + 1].sum())

    def above(self, psi: float) -> float:
        """P(X >= observed)."""
        return float(self.probability(psi)[self._position :].sum())

    def solve(self, rising: Callable[[float], float], tolerance: float) -> float:
        """Odds ratio at which a rising function is 0, searched in (0, 1) or by its inverse there."""
        at_one = rising(1.0)
        if at_one == 0:
            return 1.0
        if at_one > 0:
            # At 0 the function has its limit; the least ratio stands for it.
            return brent(lambda psi: rising(max(psi, np.finfo(np.float64).tiny)), 0.0, 1.0, tolerance)
        return 1 / brent(lambda inverse: rising(1 / inverse), _LEAST_RATIO, 1.0, tolerance)


def _log_choose(n: int, k: IntArray) -> FloatArray:
    out: FloatArray = gammaln(n + 1) - gammaln(k + 1) - gammaln(n - k + 1)
    return out
