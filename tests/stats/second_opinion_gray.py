"""Gray's test, a second time.

Written from Gray (1988): the score compares, over the jumps of the cause of interest, what happened in each group with what
the pooled subdistribution hazard would give it; its variance sums the squares of what each group's martingales contribute.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence

import numpy as np


def gray_test(
    time: Sequence[float],
    cause: Sequence[int],
    group: Sequence[Hashable],
    of_interest: int,
    *,
    strata: Sequence[Hashable] | None = None,
    rho: float = 0.0,
) -> tuple[np.ndarray, np.ndarray]:
    """Score and variance for all groups, in the order of their sorted labels, summed over strata.

    ZeroDivisionError if the pooled incidence is 1 (or, with a weight that has no value there, beyond 1) while several
    groups still have somebody at risk: the variance divides by what is left of it.
    """
    labels = sorted(set(group))
    score, variance = np.zeros(len(labels)), np.zeros((len(labels), len(labels)))
    for stratum in sorted(set(strata)) if strata is not None else [None]:
        rows = [i for i in range(len(time)) if strata is None or strata[i] == stratum]
        u, v = _one_stratum(
            [time[i] for i in rows],
            [cause[i] for i in rows],
            [labels.index(group[i]) for i in rows],
            of_interest,
            len(labels),
            rho,
        )
        score += u
        variance += v
    return score, variance


def statistic(score: np.ndarray, variance: np.ndarray) -> float:
    """Chi-square on one degree of freedom less than there are groups; the last group follows from the others."""
    return float(score[:-1] @ np.linalg.solve(variance[:-1, :-1], score[:-1]))


def _one_stratum(
    time: list[float], cause: list[int], group: list[int], of_interest: int, n_groups: int, rho: float
) -> tuple[np.ndarray, np.ndarray]:
    groups = range(n_groups)
    score = np.zeros(n_groups)
    event_free, incidence, pooled = [1.0] * n_groups, [0.0] * n_groups, 0.0
    drift = np.zeros((n_groups, n_groups))  # the integral of the weights against the pooled hazard, up to now
    jumps = []  # (group whose martingale jumps, direct part, factor of the drift that follows, drift up to now, variance)
    for u in sorted({t for t, k in zip(time, cause, strict=True) if k != 0}):
        risk = [sum(1 for t, g in zip(time, group, strict=True) if t >= u and g == j) for j in groups]
        here = [(k, g) for t, k, g in zip(time, cause, group, strict=True) if t == u and k != 0]
        own = [sum(1 for k, g in here if g == j and k == of_interest) for j in groups]
        other = [sum(1 for k, g in here if g == j and k != of_interest) for j in groups]
        before = list(event_free)
        size = [risk[j] / before[j] if risk[j] else 0.0 for j in groups]
        expected = [size[j] * (1 - incidence[j]) for j in groups]
        n_own, shared = sum(own), sum(1 for y in risk if y) > 1
        if n_own and shared and (abs(1 - pooled) < 1e-9 or (pooled > 1 and rho != int(rho))):
            raise ZeroDivisionError("the pooled incidence leaves nothing to divide by")
        weight = (1 - pooled) ** rho if shared else 0.0
        # mix[g, k]: how the score of group g answers to a jump in group k.
        mix = np.array([[weight * size[g] * ((g == k) - size[k] / sum(size)) for k in groups] for g in groups])
        if n_own:
            for j in groups:
                score[j] += weight * (own[j] - n_own * expected[j] / sum(expected))
            if shared:
                drift = drift + mix * n_own / (sum(size) * (1 - pooled))
        after_pooled = pooled + n_own / sum(size)
        for j in groups:
            if risk[j]:
                incidence[j] += before[j] * own[j] / risk[j]
                event_free[j] = before[j] * (risk[j] - own[j] - other[j]) / risk[j]
        for k in groups:
            if not risk[k]:
                continue
            left = (1 - after_pooled) / event_free[k] if event_free[k] > 0 else 0.0
            if n_own:
                tie = 1 - (n_own - 1) / (sum(size) * before[k] - 1) if n_own > 1 else 1.0
                jumps.append(
                    (k, mix[:, k], 1 - left, drift[:, k].copy(), tie * before[k] * n_own / (sum(size) * risk[k]))
                )
            if other[k] and event_free[k] > 0:
                tie = 1 - (other[k] - 1) / (risk[k] - 1) if other[k] > 1 else 1.0
                jumps.append(
                    (k, np.zeros(n_groups), -left, drift[:, k].copy(), tie * before[k] ** 2 * other[k] / risk[k] ** 2)
                )
        pooled = after_pooled
    variance = np.zeros((n_groups, n_groups))
    for k, direct, factor, so_far, size_of_jump in jumps:
        response = direct + factor * (drift[:, k] - so_far)
        variance += size_of_jump * np.outer(response, response)
    return score, variance
