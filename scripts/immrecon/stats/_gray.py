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
from immrecon.stats._types import Counts, FloatArray, IntArray

_NOTHING = "no event of the cause happened while more than one group was at risk"
_EXHAUSTED = "the pooled incidence reaches 1 while several groups are at risk"
_NEGATIVE = "the correction for ties makes the variance negative"
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
    Not estimable without an event of the cause, with one group only, when a group is at risk at no time that
    matters (cmprsk's -1), or when many ties among few participants make the variance negative. Raises InputError
    for arrays or options that cannot be worked on, and for 0, which means censored, as `of_interest`.
    """
    t, code, g = _sample(time, cause, group, of_interest, rho, causes, groups)
    k = len(g.labels)
    score, variance = np.zeros(k), np.zeros((k, k))
    for rows in strata_rows(strata, t.size) if k > 1 else ():
        table = tabulate_groups(t[rows], code[rows], 2, g.position[rows], k, None)
        at = table.n_event.any(axis=(0, 1))
        s, v = score_and_variance(table.n_risk[:, at], table.n_event[:, 0, at], table.n_event[:, 1, at], rho)
        score, variance = score + s, variance + v
    n_events = np.array([((code == 1) & (g.position == j)).sum() for j in range(k)], dtype=np.int64)
    n_competing = np.array([((code == 2) & (g.position == j)).sum() for j in range(k)], dtype=np.int64)
    reason = _no_test(g, n_events) or (_EXHAUSTED if np.isnan(variance).any() else None)
    test = absent(reason) if reason else chi_square(score, variance, g.size > 0, _NOTHING)
    if test.reason == _NOTHING and _is_negative(variance):
        test = absent(_NEGATIVE)
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

    Re-assignment moves events between groups, not in time: a time of an event of the cause is one for all
    of the leading axes. The covariance is NaN where the pooled incidence reaches 1 while several groups are
    at risk.
    """
    y = n_risk.astype(np.float64)
    stay = np.where(y > 0, (y - n_own - n_other) / np.maximum(y, 1.0), 1.0)
    free: FloatArray = np.cumprod(stay, axis=-1, dtype=np.float64)
    before = _lagged(free, 1.0)
    leading = tuple(range(y.ndim - 1))
    own_at, other_at = np.flatnonzero(n_own.any(axis=leading)), np.flatnonzero(n_other.any(axis=leading))
    own = _Own(y[..., own_at], n_own[..., own_at].astype(np.float64), before[..., own_at], free[..., own_at], rho)
    # An event in group j at u changes the score of group i directly, by a_ij; and, as it changes U_j, by what
    # comes later. The last group is minus the sum of the others.
    cumulative = np.cumsum(own.base * own.pace[..., np.newaxis, :, :], axis=-1)
    total = cumulative[..., -1:]
    ratio = np.where(own.free > 0, own.left_after / np.where(own.free > 0, own.free, 1.0), 0.0)
    share = np.where(own.free > 0, 1 - ratio, 1.0)
    direct = own.base * own.weight[..., np.newaxis, :, :]
    variance = _spread(direct + share[..., np.newaxis, :, :] * (total - cumulative), own.spread())
    if own_at.size and other_at.size:
        y2, d2, s2, s2_before = (v[..., other_at] for v in (y, n_other.astype(np.float64), free, before))
        last = np.searchsorted(own_at, other_at, side="right")
        so_far = np.concatenate((np.zeros_like(total), cumulative), axis=-1)[..., last]
        left = np.concatenate((np.ones_like(own.left_after[..., :1]), own.left_after), axis=-1)[..., last]
        alive = s2 > 0
        ratio = np.where(alive, left / np.where(alive, s2, 1.0), 0.0)
        ties = 1 - np.maximum(d2 - 1, 0.0) / np.maximum(y2 - 1, 1.0)
        weight = ties * d2 * np.square(s2_before / np.maximum(y2, 1.0))
        variance += _spread(ratio[..., np.newaxis, :, :] * (total - so_far), weight)
    k = y.shape[-2]
    complete = np.vstack((np.eye(k - 1), -np.ones(k - 1)))
    whole = complete @ variance @ complete.T
    return own.score(), np.where(own.lost[..., np.newaxis, np.newaxis], np.nan, whole)


class _Own:
    """What is needed at the times of an event of the cause, arrays (..., K, J) or (..., 1, J)."""

    def __init__(self, y: FloatArray, d: FloatArray, before: FloatArray, free: FloatArray, rho: float) -> None:
        self.y, self.d, self.before, self.free = y, d, before, free
        self.d_all = d.sum(axis=-2, keepdims=True)
        # Nobody is at risk in a group that is event-free with probability 0.
        self.u = y / np.where(before > 0, before, 1.0)
        self.u_all = self.u.sum(axis=-2, keepdims=True)
        # The incidence under the hypothesis, pooled with weights U.
        self.left_after = 1 - np.cumsum(self.d_all / self.u_all, axis=-1)
        left = _lagged(self.left_after, 1.0)
        # Groups that follow each other can bring the pooled incidence to 1, where 1/(1 - F) has no value unless
        # the weight takes it away, and beyond, where the weight may have none.
        near = np.abs(left) < _ONE
        alone = (y > 0).sum(axis=-2, keepdims=True) <= 1  # nothing to compare, whatever the weight
        self.lost = (near & ~alone).any(axis=(-2, -1)) & (rho < 1)
        left = np.where(alone, 1.0, np.where(near, 0.0 if rho >= 1 else 1.0, left))
        with np.errstate(invalid="ignore"):
            self.weight = left**rho if rho else np.ones_like(left)
            self.pace = self.d_all / self.u_all * left ** (rho - 1)
        # a_ij without the weight.
        self.base = -(self.u / self.u_all)[..., :-1, np.newaxis, :] * self.u[..., np.newaxis, :, :]
        for i in range(y.shape[-2] - 1):
            self.base[..., i, i, :] += self.u[..., i, :]

    def score(self) -> FloatArray:
        """(..., K)"""
        incidence = _lagged(np.cumsum(self.d / np.where(self.y > 0, self.u, 1.0), axis=-1), 0.0)
        r = self.u * (1 - incidence)
        r_all = r.sum(axis=-2, keepdims=True)
        expected = self.d_all * r / np.where(r_all != 0, r_all, 1.0)
        out: FloatArray = (self.weight * (self.d - expected)).sum(axis=-1)
        return out

    def spread(self) -> FloatArray:
        """(..., K, J) variance of an event of the cause, with Gray's factor for ties."""
        several = np.where(self.y > 0, self.u_all * self.before - 1, 1.0)
        ties = 1 - np.where(self.d_all > 1, (self.d_all - 1) / np.where(self.d_all > 1, several, 1.0), 0.0)
        out: FloatArray = ties * self.before * self.d_all / (self.u_all * np.maximum(self.y, 1.0))
        return np.where(self.y > 0, out, 0.0)


def _spread(effect: FloatArray, weight: FloatArray) -> FloatArray:
    """Sum over groups j and times of effect_ij effect_lj weight_j: (..., K - 1, K - 1)."""
    flat = (*effect.shape[:-2], effect.shape[-2] * effect.shape[-1])
    weighted = (effect * weight[..., np.newaxis, :, :]).reshape(flat)
    out: FloatArray = weighted @ np.swapaxes(effect.reshape(flat), -1, -2)
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


def _is_negative(variance: FloatArray) -> bool:
    # Gray's factor for d tied events, 1 - (d - 1)/(U. S_k - 1), has no lower bound when few are at risk.
    return bool(np.linalg.eigvalsh(variance)[0] < -_ROUNDING * (1 + np.abs(variance).max()))


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
