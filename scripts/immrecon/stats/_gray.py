"""Gray's test: equality of the cumulative incidence of one cause in K groups.

Gray (1988), Annals of Statistics 16:1141. With Y_k at risk and S_k event-free in group k, U_k = Y_k/S_k(t-) is
the number that would be at risk had nobody left by a competing event, times 1 - F_k(t-) it is R_k.
Everything is computed at the J times of an event of any cause, for one trial or for B re-assignments at once:
arrays are (B, K, J), groups on the axis before the last.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike

from immrecon.errors import InputError
from immrecon.stats import _validate
from immrecon.stats._chi_square import ESTIMATED, absent, chi_square
from immrecon.stats._gray_result import GrayTest
from immrecon.stats._groups import Groups, Label, groups_of, strata_rows, tabulate_groups
from immrecon.stats._permutation import Drawing, Labels, arrangements, upper_tail
from immrecon.stats._permutation_test import PermutationTest, no_permutation_test
from immrecon.stats._types import BoolArray, Counts, FloatArray, IntArray

_NOTHING = "no event of the cause happened while more than one group was at risk"
_EXHAUSTED = "the pooled incidence reaches 1 while several groups are at risk"
# The pooled incidence is 1 up to rounding error.
_ONE = 1e-9
# A statistic that equals the observed one in theory is at most this much smaller.
_ROUNDING = 1e-9


def gray_test(
    time: ArrayLike,
    cause: ArrayLike,
    group: ArrayLike,
    *,
    of_interest: int = 1,
    strata: ArrayLike | None = None,
    rho: float = 0.0,
    causes: Sequence[int] | None = None,
    groups: Sequence[Label] | None = None,
) -> GrayTest:
    """Test that K groups have the same cumulative incidence of one cause (Gray 1988; cmprsk's cuminc).

    time, cause (0 = censored, else a positive code), group and strata (numbers or text) are (n,). All causes but
    `of_interest` compete. Weights (1 - F(t-))^rho, F being pooled under the hypothesis. `causes` declares
    the codes and `groups` the labels and their order; undeclared ones are then refused.
    Not estimable without an event of the cause, with one group only, or when a group is at risk at no time
    that matters (cmprsk's -1). Raises InputError for arrays or options that cannot be worked on, and for 0,
    which means censored, as `of_interest`.
    """
    t, code, g = _sample(time, cause, group, of_interest, rho, causes, groups)
    k = len(g.labels)
    score, variance = np.zeros(k), np.zeros((k, k))
    for rows in strata_rows(strata, t.size) if k else ():
        table = tabulate_groups(t[rows], code[rows], 2, g.position[rows], k, None)
        at = table.n_event.any(axis=(0, 1))
        s, v = score_and_variance(table.n_risk[:, at], table.n_event[:, 0, at], table.n_event[:, 1, at], rho)
        score, variance = score + s, variance + v
    n_events = np.array([((code == 1) & (g.position == j)).sum() for j in range(k)], dtype=np.int64)
    n_competing = np.array([((code == 2) & (g.position == j)).sum() for j in range(k)], dtype=np.int64)
    reason = _no_test(g, n_events) or (_EXHAUSTED if np.isnan(variance).any() else None)
    test = absent(reason) if reason else chi_square(score, variance, g.size > 0, _NOTHING)
    return GrayTest(
        of_interest=int(of_interest),
        rho=float(rho),
        groups=g.labels,
        n=g.size,
        n_events=n_events,
        n_competing=n_competing,
        score=score,
        variance=variance,
        statistic=test.statistic,
        df=test.df,
        p_value=test.p_value,
        status=test.status,
        reason=test.reason,
    )


def gray_permutation_test(
    time: ArrayLike,
    cause: ArrayLike,
    group: ArrayLike,
    *,
    of_interest: int = 1,
    strata: ArrayLike | None = None,
    rho: float = 0.0,
    causes: Sequence[int] | None = None,
    groups: Sequence[Label] | None = None,
    n_resamples: int | None = None,
    seed: int | None = None,
) -> PermutationTest:
    """Gray's chi-square among those of all re-assignments of participants to groups, within strata.

    Arguments as for `gray_test`. Exact up to 50,000 arrangements (8 + 8 participants); beyond that n_resamples
    arrangements are drawn with `seed`, both then required. An arrangement whose statistic does not exist counts
    as 0. Assumes that censoring does not depend on the group.
    """
    t, code, g = _sample(time, cause, group, of_interest, rho, causes, groups)
    stratum = np.zeros(t.size, dtype=np.int64) if strata is None else groups_of(strata, t.size, name="strata").position
    reason = _no_test(g, np.bincount(g.position[code == 1], minlength=len(g.labels)))
    if reason:
        return no_permutation_test(g.labels, g.size, reason)
    filled = np.flatnonzero(g.size)
    place = np.zeros(len(g.labels), dtype=np.int16)
    place[filled] = np.arange(filled.size)
    labels = place[g.position]
    designs = [_Design(t, code, np.flatnonzero(stratum == s)) for s in np.unique(stratum)]
    statistic = float(_statistics(designs, labels[np.newaxis], rho)[0])
    if statistic <= 0:
        test = gray_test(
            time, cause, group, of_interest=of_interest, strata=strata, rho=rho, causes=causes, groups=groups
        )
        if test.reason:
            return no_permutation_test(g.labels, g.size, test.reason)
    method, number, blocks = arrangements(labels, stratum, Drawing(n_resamples, seed))
    beyond = sum(int((_statistics(designs, b, rho) >= statistic * (1 - _ROUNDING)).sum()) for b in blocks)
    nan = float("nan")
    return PermutationTest(
        method=method,
        groups=g.labels,
        n=g.size,
        statistic=statistic,
        p_value=upper_tail(method, number, beyond),
        p_less=nan,
        p_greater=nan,
        n_arrangements=number,
        seed=None if method == "exact" else seed,
        z=nan,
        p_normal=nan,
        status=ESTIMATED,
        reason=None,
    )


def score_and_variance(n_risk: Counts, n_own: Counts, n_other: Counts, rho: float) -> tuple[FloatArray, FloatArray]:
    """Gray's scores (..., K) and their covariance (..., K, K) from counts (..., K, J) at the event times.

    The covariance is NaN where the pooled incidence reaches 1 while several groups are at risk.
    """
    y, d1, d2 = (counts.astype(np.float64) for counts in (n_risk, n_own, n_other))
    at_risk = y > 0
    free = np.cumprod(_over(y - d1 - d2, y, at_risk, 1.0), axis=-1, dtype=np.float64)
    free_before = _lagged(free, 1.0)
    u = _over(y, free_before, at_risk, 0.0)
    incidence_before = _lagged(np.cumsum(_over(d1, u, at_risk, 0.0), axis=-1, dtype=np.float64), 0.0)
    own, u_all = d1.sum(axis=-2, keepdims=True), u.sum(axis=-2, keepdims=True)
    r = u * (1 - incidence_before)
    r_all = r.sum(axis=-2, keepdims=True)
    # The incidence under the hypothesis, pooled with weights U.
    pooled = np.cumsum(_over(own, u_all, u_all > 0, 0.0), axis=-1, dtype=np.float64)
    left = 1 - _lagged(pooled, 0.0)
    happened = own > 0
    # Groups that follow each other can bring the pooled incidence to 1 and beyond; at 1 nothing is defined.
    lost = (happened & (np.abs(left) < _ONE) & ((u > 0).sum(axis=-2, keepdims=True) > 1)).any(axis=-1)
    with np.errstate(invalid="ignore"):  # a root of less than nothing
        weight = np.where(happened, left, 1.0) ** rho if rho else np.ones_like(left)
    share = _over(r, r_all, happened & (r_all != 0), 0.0)
    score = (weight * (d1 - own * share)).sum(axis=-1)
    # What an event in group j at u does to the score of group i: directly, a_ij; and by changing U_j at all
    # later times, later_ij.
    k = y.shape[-2]
    portion = _over(u, u_all, u_all > 0, 0.0)
    a = (np.eye(k)[:, :, np.newaxis] - portion[..., :, np.newaxis, :]) * (weight * u)[..., np.newaxis, :, :]
    rate = _over(own, u_all * left, happened & (u_all * left != 0), 0.0)
    cumulative = np.cumsum(a * rate[..., np.newaxis, :, :], axis=-1)
    later = cumulative[..., -1:] - cumulative if y.shape[-1] else cumulative
    ratio = _over(1 - pooled + np.zeros_like(free), free, free > 0, 0.0)
    direct = a + np.where(free > 0, 1 - ratio, 1.0)[..., np.newaxis, :, :] * later
    tied = 1 - _over(own - 1, u_all * free_before - 1, (own > 1) & at_risk, 0.0)
    w1 = tied * _over(free_before * own, u_all * y, at_risk & happened, 0.0)
    tied2 = 1 - _over(d2 - 1, y - 1, d2 > 1, 0.0)
    w2 = np.where(free > 0, tied2 * d2 * np.square(_over(free_before, y, at_risk, 0.0)), 0.0)
    indirect = ratio[..., np.newaxis, :, :] * later
    variance = np.einsum("...ikj,...kj,...lkj->...il", direct, w1, direct, optimize=True)
    variance += np.einsum("...ikj,...kj,...lkj->...il", indirect, w2, indirect, optimize=True)
    return score, np.where(lost[..., np.newaxis], np.nan, variance)


def _over(top: FloatArray, bottom: FloatArray, where: BoolArray, otherwise: float) -> FloatArray:
    """Ratio where it exists, else a given value."""
    shape = np.broadcast_shapes(top.shape, bottom.shape, where.shape)
    out = np.full(shape, otherwise)
    np.divide(top, bottom, out=out, where=where)
    return out


def _lagged(values: FloatArray, first: float) -> FloatArray:
    out = np.empty_like(values)
    out[..., :1] = first
    out[..., 1:] = values[..., :-1]
    return out


def _sample(
    time: ArrayLike,
    cause: ArrayLike,
    group: ArrayLike,
    of_interest: int,
    rho: float,
    causes: Sequence[int] | None,
    groups: Sequence[Label] | None,
) -> tuple[FloatArray, IntArray, Groups]:
    """Times, codes (0 censored, 1 of interest, 2 any other) and groups, validated."""
    if not np.isfinite(rho):
        raise InputError(f"rho: {rho} is not a finite number. Hint: 0 or 1.")
    t = _validate.times(time)
    code = _validate.one_against_others(cause, of_interest, causes, t.size)
    return t, code, groups_of(group, t.size, groups)


def _no_test(groups: Groups, n_events: IntArray) -> str | None:
    if (groups.size > 0).sum() < 2:
        return "fewer than two groups have participants"
    return None if n_events.sum() else "no event of the cause"


class _Design:
    """One stratum, ready to be counted for many re-assignments at once."""

    def __init__(self, time: FloatArray, code: IntArray, rows: IntArray) -> None:
        self.rows = rows
        at = np.unique(time[rows][code[rows] > 0])
        place = np.searchsorted(at, time[rows])
        here = (place[:, np.newaxis] == np.arange(at.size)) & np.isin(time[rows], at)[:, np.newaxis]
        # (rows, J): still there at each time; event of the cause; competing event.
        self.risk = (time[rows][:, np.newaxis] >= at).astype(np.float64)
        self.own = (here & (code[rows] == 1)[:, np.newaxis]).astype(np.float64)
        self.other = (here & (code[rows] == 2)[:, np.newaxis]).astype(np.float64)


def _statistics(designs: list[_Design], labels: Labels, rho: float) -> FloatArray:
    """Chi-square (B,) of arrangements (B, n); 0 where there is none."""
    k = int(labels.max()) + 1
    score, variance = np.zeros((len(labels), k)), np.zeros((len(labels), k, k))
    for d in designs:
        member = (labels[:, np.newaxis, d.rows] == np.arange(k)[:, np.newaxis]).astype(np.float64)
        s, v = score_and_variance(member @ d.risk, member @ d.own, member @ d.other, rho)
        score, variance = score + s, variance + v
    undefined = np.isnan(variance).any(axis=(1, 2))
    score[undefined], variance[undefined] = 0.0, 0.0
    inverse = np.linalg.pinv(variance[:, 1:, 1:], rcond=1e-10, hermitian=True)
    out: FloatArray = np.einsum("bi,bij,bj->b", score[:, 1:], inverse, score[:, 1:])
    return np.maximum(out, 0.0)
