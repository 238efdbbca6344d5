"""Comparison of groups: log-rank tests and their exact versions, the one-sample log-rank, and rank tests."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike

from immrecon.stats import _validate
from immrecon.stats._chi_square import ChiSquare, absent, chi_square
from immrecon.stats._groups import Label, groups_of, strata_rows, tabulate_groups
from immrecon.stats._logrank import LogrankTest, Weighting, observed_expected, scores
from immrecon.stats._one_sample import OneSampleLogrank, one_sample_logrank
from immrecon.stats._permutation import Drawing
from immrecon.stats._permutation_test import PermutationTest, no_permutation_test, permutation_test, score_test
from immrecon.stats._rank_sum import HodgesLehmann, RankSumTest, hodges_lehmann, wilcoxon_exact
from immrecon.stats._trend import trend_of, trend_permutation
from immrecon.stats._types import FloatArray

__all__ = [
    "HodgesLehmann",
    "LogrankTest",
    "OneSampleLogrank",
    "PermutationTest",
    "RankSumTest",
    "hodges_lehmann",
    "logrank_permutation_test",
    "logrank_scores",
    "logrank_test",
    "logrank_trend_permutation_test",
    "logrank_trend_test",
    "one_sample_logrank",
    "permutation_test",
    "wilcoxon_exact",
]


def logrank_test(
    time: ArrayLike,
    event: ArrayLike,
    group: ArrayLike,
    *,
    strata: ArrayLike | None = None,
    entry: ArrayLike | None = None,
    weighting: str = "log-rank",
    rho: float = 0.0,
    gamma: float = 0.0,
    groups: Sequence[Label] | None = None,
) -> LogrankTest:
    """Test that K groups have the same hazard (Mantel 1966), weighted if so named; R's survdiff.

    time, event (0 or 1), group and strata (numbers or text) and entry (delayed, strictly before time) are (n,).
    weighting W(t), from the pooled data of each stratum: "log-rank" 1, "gehan-breslow" Y, "tarone-ware"
    sqrt(Y), "peto-peto" prod 1 - d/(Y + 1), "fleming-harrington" S(t-)^rho (1 - S(t-))^gamma (rho=1, gamma=0
    is survdiff(rho=1)). Ties by the hypergeometric variance. `groups` declares the labels and their order.

    A group that is at risk at no event time is left out, as survdiff does. Not estimable when fewer than two
    groups are left. Raises InputError for arrays or options that cannot be worked on.
    """
    weights = Weighting(weighting, rho, gamma)
    t = _validate.times(time)
    e = _validate.events(event, t.size)
    late = _validate.entries(entry, t)
    g = groups_of(group, t.size, groups)
    k = len(g.labels)
    observed, expected, variance = np.zeros(k), np.zeros(k), np.zeros((k, k))
    for rows in strata_rows(strata, t.size) if k else ():
        table = tabulate_groups(t[rows], e[rows], 1, g.position[rows], k, None if late is None else late[rows])
        o, x, v = observed_expected(table, weights)
        observed, expected, variance = observed + o, expected + x, variance + v
    n_events = np.bincount(g.position, e, minlength=k).astype(np.int64)
    if k < 2 or (g.size > 0).sum() < 2:
        test = absent("fewer than two groups have participants")
    elif n_events.sum() == 0:
        test = absent("no event")
    else:
        nothing = "no event happened while more than one group was at risk"
        if rho or gamma:
            nothing = "no event with weight happened while more than one group was at risk"
        test = chi_square(observed - expected, variance, expected > 0, nothing)
    z = float("nan")
    if k == 2 and test.df == 1:
        z = float((observed[0] - expected[0]) / np.sqrt(variance[0, 0]))
    return LogrankTest(
        weighting=weighting,
        rho=rho,
        gamma=gamma,
        groups=g.labels,
        n=g.size,
        n_events=n_events,
        observed=observed,
        expected=expected,
        variance=variance,
        z=z,
        statistic=test.statistic,
        df=test.df,
        p_value=test.p_value,
        status=test.status,
        reason=test.reason,
    )


def logrank_permutation_test(
    time: ArrayLike,
    event: ArrayLike,
    group: ArrayLike,
    *,
    strata: ArrayLike | None = None,
    weighting: str = "log-rank",
    rho: float = 0.0,
    gamma: float = 0.0,
    groups: Sequence[Label] | None = None,
    n_resamples: int | None = None,
    seed: int | None = None,
) -> PermutationTest:
    """Log-rank test by re-assigning participants to groups (within strata), follow-up staying with them.

    Arguments as for `logrank_test`. Every participant has a score (see
    `logrank_scores`); the statistic of two groups is the sum in the first, which is observed
    minus expected; of K groups sum_k (U_k - E U_k)^2/n_k over the variance of the scores. Two groups are
    exact up to any 40 participants and often far beyond (equal scores count once); more groups up to 50,000
    arrangements. Beyond that n_resamples arrangements are drawn with `seed`, both then required.
    Assumes that censoring does not depend on the group; without delayed entry for the same reason.
    """
    t = _validate.times(time)
    e = _validate.events(event, t.size)
    g = groups_of(group, t.size, groups)
    stratum = np.zeros(t.size, dtype=np.int64) if strata is None else groups_of(strata, t.size, name="strata").position
    score = logrank_scores(t, e, strata=strata, weighting=weighting, rho=rho, gamma=gamma)
    nothing = "no event" if e.sum() == 0 else None
    return score_test(score, g, stratum, Drawing(n_resamples, seed), nothing)


def logrank_trend_test(
    time: ArrayLike, event: ArrayLike, score: ArrayLike, *, strata: ArrayLike | None = None
) -> ChiSquare:
    """Log-rank test for trend: hazards rise or fall with the score of the group (Tarone 1975; one degree of freedom).

    time, event (0 or 1), score (finite numbers, equal in a group) and strata are (n,). (sum s (O - E))^2 over its
    hypergeometric variance; the score test of Cox's model on the score, but for ties. Not estimable without an
    event while more than one score is at risk.
    """
    t = _validate.times(time)
    values = _validate.sample(score, "score")
    test = logrank_test(t, event, values, strata=strata)
    return trend_of(test, np.array(test.groups, dtype=np.float64))


def logrank_trend_permutation_test(
    time: ArrayLike,
    event: ArrayLike,
    score: ArrayLike,
    *,
    strata: ArrayLike | None = None,
    n_resamples: int | None = None,
    seed: int | None = None,
) -> PermutationTest:
    """Log-rank test for trend by re-assigning participants to groups (within strata), follow-up staying with them.

    Arguments as for `logrank_trend_test`. The statistic is the sum of log-rank scores (see `logrank_scores`) times
    the score of the group. Exact up to 50,000 arrangements; beyond that n_resamples arrangements are drawn with
    `seed`, both then required. Assumes that censoring does not depend on the group.
    """
    t = _validate.times(time)
    e = _validate.events(event, t.size)
    g = groups_of(_validate.sample(score, "score"), t.size, name="score")
    stratum = np.zeros(t.size, dtype=np.int64) if strata is None else groups_of(strata, t.size, name="strata").position
    if e.sum() == 0:
        return no_permutation_test(g.labels, g.size, "no event")
    participant = logrank_scores(t, e, strata=strata)
    values = np.array(g.labels, dtype=np.float64)
    return trend_permutation(participant, values, g.position, g.size, stratum, Drawing(n_resamples, seed))


def logrank_scores(
    time: ArrayLike,
    event: ArrayLike,
    *,
    strata: ArrayLike | None = None,
    weighting: str = "log-rank",
    rho: float = 0.0,
    gamma: float = 0.0,
) -> FloatArray:
    """Score (n,) of each participant: W(t) event - sum over u <= t of W d/Y, all groups of the stratum pooled.

    Added up in a group they give its observed - expected. Unweighted: event minus the Nelson-Aalen estimate,
    the negative of coin's logrank_trafo with mid-ranks. Arguments as for `logrank_test`.
    """
    weights = Weighting(weighting, rho, gamma)
    t = _validate.times(time)
    e = _validate.events(event, t.size)
    out = np.zeros(t.size)
    for rows in strata_rows(strata, t.size):
        whole = np.zeros(t[rows].size, dtype=np.int64)
        out[rows] = scores(t[rows], e[rows], tabulate_groups(t[rows], e[rows], 1, whole, 1, None), weights)
    return out
