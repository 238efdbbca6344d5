"""Permutation tests of scores and of the difference of two samples."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike

from immrecon.stats import _validate
from immrecon.stats._chi_square import ESTIMATED, NOT_ESTIMABLE
from immrecon.stats._groups import Groups, Label
from immrecon.stats._permutation import Drawing, Labels, arrangements, sum_of_scores, upper_tail
from immrecon.stats._types import BoolArray, FloatArray, IntArray

if TYPE_CHECKING:
    import polars as pl

# Statistics that are equal in theory differ by rounding error of this size, relatively.
_ROUNDING = 1e-9


@dataclass(frozen=True, slots=True, eq=False)
class PermutationTest:
    """A statistic among those of all arrangements, or of drawn ones; NaN, and why, when there is no test."""

    method: str
    """"exact", "monte-carlo" (p = (b + 1)/(m + 1)), or "none"."""
    groups: tuple[Label, ...]
    n: IntArray
    """(K,) participants."""
    statistic: float
    p_value: float
    """Share of arrangements at least as far from the expected value (two groups), or with as large a statistic."""
    p_less: float
    """Two groups: share with a statistic at most as large; otherwise NaN."""
    p_greater: float
    n_arrangements: int
    """All if exact, else drawn; 0 if there is no test."""
    seed: int | None
    """Of the drawing; None if exact."""
    z: float
    """Tests of scores in two groups: the statistic standardised by its variance over arrangements; else NaN."""
    p_normal: float
    """Two-sided, of z."""
    status: str
    reason: str | None

    def to_frame(self) -> "pl.DataFrame":
        """One row; null where there is no test."""
        import polars as pl

        names = ("method", "statistic", "p_value", "p_less", "p_greater", "z", "p_normal")
        row = {name: [getattr(self, name)] for name in names}
        row |= {"n_arrangements": [float(self.n_arrangements)], "seed": [self.seed]}
        row |= {"status": [self.status], "reason": [self.reason]}
        frame = pl.DataFrame(row).with_columns(pl.col("seed").cast(pl.Int64), pl.col("reason").cast(pl.String))
        return frame.with_columns(pl.col(*names[1:]).fill_nan(None))


def no_permutation_test(groups: tuple[Label, ...], n: IntArray, reason: str) -> PermutationTest:
    """No test, and why."""
    nan = float("nan")
    return PermutationTest("none", groups, n, nan, nan, nan, nan, 0, None, nan, nan, NOT_ESTIMABLE, reason)


def permutation_test(
    x: ArrayLike,
    y: ArrayLike,
    *,
    statistic: str = "mean",
    n_resamples: int | None = None,
    seed: int | None = None,
) -> PermutationTest:
    """Test of the difference (first minus second) of two means or medians by re-assigning the values.

    x (m,) and y (n,) are finite numbers; `statistic` is "mean" or "median". Two-sided p: share of
    arrangements with |difference - expected| at least the observed one (coin's oneway_test), which is not
    twice the smaller tail. Means are exact up to any 40 values (see `logrank_permutation_test`), medians up
    to 50,000 arrangements; beyond that n_resamples arrangements are drawn with `seed`, both then required.
    """
    _validate.choice("statistic", statistic, ("mean", "median"))
    a, b = _validate.sample(x, "x"), _validate.sample(y, "y")
    size, labels = np.array([a.size, b.size]), ("x", "y")
    if a.size == 0 or b.size == 0:
        return no_permutation_test(labels, size, "one sample is empty")
    drawing, pooled = Drawing(n_resamples, seed), np.concatenate((a, b))
    whole = np.zeros(pooled.size, dtype=np.int64)
    if statistic == "median":
        return _medians(pooled, size, drawing)
    # Given the pooled values, the difference of the means is a rising function of the sum of x.
    tails = sum_of_scores(pooled, np.arange(pooled.size) < a.size, whole, drawing)
    return PermutationTest(
        method=tails.method,
        groups=labels,
        n=size,
        statistic=float(a.mean() - b.mean()),
        p_value=tails.two_sided,
        p_less=tails.less,
        p_greater=tails.greater,
        n_arrangements=tails.n_arrangements,
        seed=None if tails.method == "exact" else seed,
        z=float("nan"),
        p_normal=float("nan"),
        status=ESTIMATED,
        reason=None,
    )


def score_test(
    score: FloatArray, groups: Groups, stratum: IntArray, drawing: Drawing, nothing: str | None
) -> PermutationTest:
    """Test of scores (n,) in K groups, within strata; `nothing` is a reason why there is none."""
    filled = np.flatnonzero(groups.size)
    if filled.size < 2:
        return no_permutation_test(groups.labels, groups.size, "fewer than two groups have participants")
    if nothing is not None:
        return no_permutation_test(groups.labels, groups.size, nothing)
    z = p_normal = float("nan")
    if filled.size == 2:
        first = groups.position == filled[0]
        tails = sum_of_scores(score, first, stratum, drawing)
        method, number = tails.method, tails.n_arrangements
        statistic, p, less, greater = float(score[first].sum()), tails.two_sided, tails.less, tails.greater
        z, p_normal = _normal(score, first, stratum)
    else:
        place = np.zeros(len(groups.labels), dtype=np.int16)
        place[filled] = np.arange(filled.size)
        labels = place[groups.position]
        form = _Spread(score, labels, stratum)
        statistic, less, greater = float(form(labels[np.newaxis])[0]), float("nan"), float("nan")
        method, number, blocks = arrangements(labels, stratum, drawing)
        beyond = sum(int((form(block) >= statistic * (1 - _ROUNDING)).sum()) for block in blocks)
        p = upper_tail(method, number, beyond)
    seed = None if method == "exact" else drawing.seed
    return PermutationTest(
        method, groups.labels, groups.size, statistic, p, less, greater, number, seed, z, p_normal, ESTIMATED, None
    )


def _normal(score: FloatArray, first: BoolArray, stratum: IntArray) -> tuple[float, float]:
    """Standardised sum of scores in the first group, and its two-sided normal p; NaN when nothing can vary."""
    from scipy.special import ndtr

    distance = variance = 0.0
    for s in np.unique(stratum):
        mine, m = score[stratum == s], int(first[stratum == s].sum())
        distance += float(score[first & (stratum == s)].sum()) - m * float(mine.mean())
        if mine.size > 1:
            variance += m * (mine.size - m) / mine.size * float(mine.var(ddof=1))
    if variance <= 0:
        return float("nan"), float("nan")
    z = distance / variance**0.5
    return z, float(2 * ndtr(-abs(z)))


class _Spread:
    """Chi-square form of the sums of scores of K groups under re-assignment (Kruskal and Wallis 1952)."""

    def __init__(self, score: FloatArray, labels: Labels, stratum: IntArray) -> None:
        k = int(labels.max()) + 1
        self._score, self._k = score, k
        self._expected, covariance = np.zeros(k), np.zeros((k, k))
        for s in np.unique(stratum):
            mine = stratum == s
            size = np.bincount(labels[mine], minlength=k)
            share = size / mine.sum()
            self._expected += share * score[mine].sum()
            if mine.sum() > 1:
                variance = np.sum((score[mine] - score[mine].mean()) ** 2) / (mine.sum() - 1)
                covariance += variance * (np.diag(size) - np.outer(size, share))
        self._inverse = np.linalg.pinv(covariance, rcond=1e-10, hermitian=True)

    def __call__(self, labels: Labels) -> FloatArray:
        """(B,) statistics of arrangements (B, n)."""
        sums = np.stack([(labels == k) @ self._score for k in range(self._k)], axis=1) - self._expected
        out: FloatArray = np.einsum("bi,ij,bj->b", sums, self._inverse, sums)
        return out


def _medians(pooled: FloatArray, size: IntArray, drawing: Drawing) -> PermutationTest:
    labels = np.repeat(np.array([0, 1], dtype=np.int16), size)
    ordered = np.sort(pooled)
    observed = float(np.median(pooled[: size[0]]) - np.median(pooled[size[0] :]))
    whole = np.zeros(pooled.size, dtype=np.int64)
    method, number, blocks = arrangements(labels, whole, drawing)
    differences = np.concatenate([_median_difference(ordered, block, size) for block in blocks])
    slack = _ROUNDING * float(np.abs(pooled).max())
    # Expected under re-assignment: known if every arrangement is listed, 0 by symmetry else.
    centre = float(differences.mean()) if method == "exact" else 0.0
    beyond = np.abs(differences - centre) >= abs(observed - centre) - slack
    tails = [differences <= observed + slack, differences >= observed - slack, beyond]
    less, greater, p = (upper_tail(method, number, int(tail.sum())) for tail in tails)
    seed, nan = None if method == "exact" else drawing.seed, float("nan")
    return PermutationTest(
        method, ("x", "y"), size, observed, p, less, greater, number, seed, nan, nan, ESTIMATED, None
    )


def _median_difference(ordered: FloatArray, labels: Labels, size: IntArray) -> FloatArray:
    """(B,) difference of the medians when the ascending values (n,) belong to groups (B, n)."""
    by_group = ordered[np.argsort(labels, axis=1, kind="stable")]
    m = int(size[0])
    out: FloatArray = np.median(by_group[:, :m], axis=1) - np.median(by_group[:, m:], axis=1)
    return out
