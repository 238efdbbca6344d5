"""Log-rank test for trend over ordered groups, asymptotic and by permutation."""

import numpy as np

from immrecon.stats._chi_square import ESTIMATED, ChiSquare, absent
from immrecon.stats._logrank import LogrankTest
from immrecon.stats._permutation import Drawing, arrangements, upper_tail
from immrecon.stats._permutation_test import PermutationTest, no_permutation_test
from immrecon.stats._types import FloatArray, IntArray

_ROUNDING = 1e-11


def trend_of(test: LogrankTest, scores: FloatArray) -> ChiSquare:
    """Chi-square with one degree of freedom of sum_k scores_k (O_k - E_k) (Tarone 1975), from a log-rank test."""
    if test.status != ESTIMATED:
        return absent(test.reason or "no test")
    from scipy.special import chdtrc

    score = float(scores @ (test.observed - test.expected))
    variance = float(scores @ test.variance @ scores)
    if variance <= _ROUNDING * float(np.abs(scores).max()) ** 2 * float(np.diag(test.variance).max()):
        return absent("no event happened while more than one score was at risk")
    statistic = score**2 / variance
    return ChiSquare(statistic, 1, float(chdtrc(1, statistic)), ESTIMATED, None)


def trend_permutation(
    participant: FloatArray, scores: FloatArray, position: IntArray, size: IntArray, stratum: IntArray, drawing: Drawing
) -> PermutationTest:
    """Linear statistic sum of log-rank score (n,) times the score of the group, re-assigned within strata."""
    from scipy.special import ndtr

    labels = tuple(float(s) for s in scores)
    if (size > 0).sum() < 2:
        return no_permutation_test(labels, size, "fewer than two groups have participants")
    given = scores[position]
    statistic = float(participant @ given)
    centre = variance = 0.0
    for s in np.unique(stratum):
        mine = stratum == s
        centre += float(participant[mine].sum() * given[mine].mean())
        if mine.sum() > 1:
            variance += float(participant[mine].var() * given[mine].var() * mine.sum() ** 2 / (mine.sum() - 1))
    if variance <= 0:
        return no_permutation_test(labels, size, "nothing varies under re-assignment")
    method, number, blocks = arrangements(position.astype(np.int16), stratum, drawing)
    slack = _ROUNDING * float(np.abs(participant).sum() * np.abs(scores).max())
    below = above = beyond = 0
    for block in blocks:
        drawn = scores[block] @ participant
        below += int((drawn <= statistic + slack).sum())
        above += int((drawn >= statistic - slack).sum())
        beyond += int((np.abs(drawn - centre) >= abs(statistic - centre) - slack).sum())
    z = (statistic - centre) / variance**0.5
    p, less, greater = (upper_tail(method, number, b) for b in (beyond, below, above))
    seed = None if method == "exact" else drawing.seed
    return PermutationTest(
        method, labels, size, statistic, p, less, greater, number, seed, z, float(2 * ndtr(-abs(z))), ESTIMATED, None
    )
