"""Wilcoxon's rank-sum test and the shift of Hodges and Lehmann, both exact and with ties."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike

from immrecon.errors import InputError
from immrecon.stats import _validate
from immrecon.stats._chi_square import ESTIMATED, NOT_ESTIMABLE
from immrecon.stats._types import FloatArray, IntArray

if TYPE_CHECKING:
    import polars as pl

# Cells of the table of the exact distribution; more take minutes, and the normal approximation is then good.
_MOST_CELLS = 20_000_000
# Probabilities below this share are equal up to rounding error of the sums.
_ROUNDING = 1e-12


@dataclass(frozen=True, slots=True)
class RankSumTest:
    """Wilcoxon-Mann-Whitney test; NaN, and why, when one sample is empty."""

    n: tuple[int, int]
    statistic: float
    """Pairs with x > y, ties counted half (Mann and Whitney's U; R's W)."""
    p_value: float
    """Exact, two-sided: arrangements at least as far from the expected value, ties by mid-ranks (coin)."""
    p_less: float
    """Exact: P(U <= statistic), small when x tends to be smaller."""
    p_greater: float
    p_normal: float
    """Normal approximation with the variance for ties, no continuity correction."""
    p_normal_corrected: float
    """With continuity correction."""
    status: str
    reason: str | None

    def to_frame(self) -> "pl.DataFrame":
        """One row; null where there is no test."""
        import polars as pl

        row = {name: [getattr(self, name)] for name in self.__slots__ if name != "n"}
        frame = pl.DataFrame({"n_x": [self.n[0]], "n_y": [self.n[1]]} | row)
        return frame.with_columns(pl.col(pl.Float64).fill_nan(None), pl.col("reason").cast(pl.String))


@dataclass(frozen=True, slots=True)
class HodgesLehmann:
    """Shift between two samples: median of all differences x - y, with exact limits."""

    n: tuple[int, int]
    estimate: float
    conf_low: float
    """-inf (and conf_high inf) when even the most extreme ranking is not unlikely enough for the level."""
    conf_high: float
    conf_level: float
    ties: bool
    """Equal values in the pooled sample: limits from the distribution of the rank sum given the ties."""
    status: str
    reason: str | None

    def to_frame(self) -> "pl.DataFrame":
        """One row; null where there is no estimate."""
        import polars as pl

        row = {name: [getattr(self, name)] for name in self.__slots__ if name != "n"}
        frame = pl.DataFrame({"n_x": [self.n[0]], "n_y": [self.n[1]]} | row)
        return frame.with_columns(pl.col(pl.Float64).fill_nan(None), pl.col("reason").cast(pl.String))


def wilcoxon_exact(x: ArrayLike, y: ArrayLike) -> RankSumTest:
    """Exact rank-sum test of x (m,) against y (n,), conditional on the ties (Wilcoxon 1945; Mann and Whitney 1947).

    The distribution of the rank sum by the shift algorithm of Streitberg and Roehmel (1986). Values are finite
    numbers; one below the limit of quantification counts as the lowest when given any number below it.
    Raises InputError for missing values, and when m, n are too large for the exact table (some 200 each).
    """
    from scipy.special import ndtr

    a, b = _validate.sample(x, "x"), _validate.sample(y, "y")
    m, n = a.size, b.size
    if m == 0 or n == 0:
        nan = float("nan")
        return RankSumTest((m, n), nan, nan, nan, nan, nan, nan, NOT_ESTIMABLE, "one sample is empty")
    twice = _twice_mid_ranks(np.concatenate((a, b)))
    probability = _distribution(twice, m)
    observed, centre2 = int(twice[:m].sum()), m * (m + n + 1)
    sums = np.arange(probability.size)
    far = np.abs(sums - centre2) >= abs(observed - centre2)
    z, corrected = _normal(twice, m, observed)
    return RankSumTest(
        n=(m, n),
        statistic=observed / 2 - m * (m + 1) / 2,
        p_value=_share(probability[far]),
        p_less=_share(probability[: observed + 1]),
        p_greater=_share(probability[observed:]),
        p_normal=float(2 * ndtr(-abs(z))),
        p_normal_corrected=float(2 * ndtr(-abs(corrected))),
        status=ESTIMATED,
        reason=None,
    )


def hodges_lehmann(x: ArrayLike, y: ArrayLike, *, conf_level: float = 0.95) -> HodgesLehmann:
    """Median of the differences x - y with exact limits (Hodges and Lehmann 1963; Bauer 1972).

    x (m,) and y (n,) are finite numbers. Limits: the differences at which the rank sum of x - shift against y
    leaves the quantiles of its exact distribution; without ties the order statistics of the differences.
    With ties, in the distribution given the ties in the pooled sample (R's exactRankTests).
    Raises InputError as `wilcoxon_exact`.
    """
    level = _validate.confidence_level(conf_level)
    a, b = _validate.sample(x, "x"), _validate.sample(y, "y")
    m, n = a.size, b.size
    if m == 0 or n == 0:
        nan = float("nan")
        return HodgesLehmann((m, n), nan, nan, nan, level, False, NOT_ESTIMABLE, "one sample is empty")
    differences = np.sort(np.subtract.outer(a, b).reshape(-1))
    twice = _twice_mid_ranks(np.concatenate((a, b)))
    ties = bool(np.unique(twice).size < twice.size)
    probability = _distribution(twice, m)
    possible = np.flatnonzero(probability)
    tail, cumulative = (1 - level) / 2, np.cumsum(probability)
    # Quantiles of twice the rank sum; at equality both sides keep the wider limit.
    low = int(np.argmax(cumulative >= tail - _ROUNDING))
    high = int(np.argmax(1 - cumulative < tail - _ROUNDING))
    moved = m * (m + 1) + _twice_pairs_above(differences, ties)
    within, beyond = differences[moved <= low], differences[moved > high]
    # When the most extreme sum is not unlikely enough, no shift can be excluded on that side.
    upper = float(within[0] if within.size else differences[-1]) if low > possible[0] else float("inf")
    lower = float(beyond[-1] if beyond.size else differences[0]) if high < possible[-1] else float("-inf")
    bounded = np.isfinite([lower, upper]).all()
    return HodgesLehmann(
        n=(m, n),
        estimate=float(np.median(differences)),
        conf_low=lower,
        conf_high=upper,
        conf_level=level,
        ties=ties,
        status=ESTIMATED,
        reason=None if bounded else "too few values for a limit at this level",
    )


def _twice_pairs_above(differences: FloatArray, ties: bool) -> IntArray:
    """(mn,) twice the pairs with x - y above each ascending difference, equal ones counted half.

    Without ties in the pooled sample equal differences are coincidence, and each counts in full, in order.
    """
    size = differences.size
    if not ties:
        return 2 * (size - np.arange(size))
    at_most = np.searchsorted(differences, differences, side="right")
    below = np.searchsorted(differences, differences, side="left")
    out: IntArray = 2 * size - at_most - below
    return out


def _twice_mid_ranks(values: FloatArray) -> IntArray:
    """Ranks times two, so that the mean rank of tied values is a whole number."""
    _, place, counts = np.unique(values, return_inverse=True, return_counts=True)
    last = np.cumsum(counts)
    out: IntArray = (2 * last - counts + 1)[place]
    return out


def _distribution(twice: IntArray, m: int) -> FloatArray:
    """Probability of every sum of m of the doubled ranks, shape (largest sum + 1,)."""
    ascending = np.sort(twice)
    rest = twice.size - m
    if rest < m:  # what the others leave
        total, other = int(twice.sum()), _distribution(twice, rest)
        out = np.zeros(total + 1)
        out[total - np.arange(other.size)] = other
        return out
    top = int(ascending[-m:].sum())
    if (m + 1) * (top + 1) > _MOST_CELLS:
        raise InputError(
            f"x, y: {m} and {rest} values are too many for the exact distribution. "
            "Hint: use permutation_test with n_resamples."
        )
    ways = np.zeros((m + 1, top + 1))
    ways[0, 0] = 1.0
    for taken, rank in enumerate(ascending.tolist()):
        most = min(m, taken + 1)
        ways[1 : most + 1, rank:] += ways[:most, : top + 1 - rank].copy()
    shares: FloatArray = ways[m] / ways[m].sum()
    return shares


def _share(probability: FloatArray) -> float:
    return min(1.0, float(probability.sum()))


def _normal(twice: IntArray, m: int, observed: int) -> tuple[float, float]:
    """Standardised rank sum without and with continuity correction; 0 when all values are equal."""
    size = twice.size
    spread = float(np.sum((twice / 2 - (size + 1) / 2) ** 2))
    variance = m * (size - m) * spread / (size * (size - 1)) if size > 1 else 0.0
    if variance == 0:
        return 0.0, 0.0
    distance = observed / 2 - m * (size + 1) / 2
    corrected = distance - 0.5 * np.sign(distance)
    return distance / np.sqrt(variance), float(corrected / np.sqrt(variance))
