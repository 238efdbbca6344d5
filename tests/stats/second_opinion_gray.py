"""A second, independent implementation of Gray's (1988) K-sample test, to check the package's own.

Plain loops over groups and event times, in exact fractions, following the paper: Gray RJ (1988), A class of
K-sample tests for comparing the cumulative incidence of a competing risk, Annals of Statistics 16:1141.
Imports nothing of the package under test; O(K^2 J^2), for small data sets.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from typing import NamedTuple

import numpy as np


class GrayParts(NamedTuple):
    """Scores of the K groups (ascending by label) and their covariance, floats."""

    score: np.ndarray
    variance: np.ndarray


class _Moment(NamedTuple):
    """One event time: per group, at risk, events of the cause, competing events, and what the paper makes of them."""

    at_risk: list[int]
    own: list[int]
    other: list[int]
    free_before: list[Fraction]  # S_k(t-)
    free: list[Fraction]  # S_k(t)
    incidence_before: list[Fraction]  # F_1k(t-)
    null_before: Fraction  # F_1^0(t-)
    null: Fraction  # F_1^0(t)
    h: list[Fraction]  # Y_k(t) / S_k(t-), 0 if nobody is at risk


def _moments(rows: list[tuple[float, int, int]], k: int) -> list[_Moment]:
    free, incidence, null = [Fraction(1)] * k, [Fraction(0)] * k, Fraction(0)
    out = []
    for t in sorted({time for time, cause, _ in rows if cause}):
        at_risk = [sum(1 for time, _, g in rows if g == j and time >= t) for j in range(k)]
        own = [sum(1 for row in rows if row == (t, 1, j)) for j in range(k)]
        other = [sum(1 for row in rows if row == (t, 2, j)) for j in range(k)]
        h = [Fraction(at_risk[j]) / free[j] if at_risk[j] else Fraction(0) for j in range(k)]
        free_after, incidence_after = list(free), list(incidence)
        for j in range(k):
            if at_risk[j]:
                free_after[j] = free[j] * (1 - Fraction(own[j] + other[j], at_risk[j]))
                incidence_after[j] = incidence[j] + free[j] * Fraction(own[j], at_risk[j])
        null_after = null + Fraction(sum(own)) / sum(h)
        out.append(_Moment(at_risk, own, other, free, free_after, incidence, null, null_after, h))
        free, incidence, null = free_after, incidence_after, null_after
    return out


def _one_stratum(rows: list[tuple[float, int, int]], k: int, rho: int) -> GrayParts:
    moments = _moments(rows, k)
    score = [Fraction(0)] * k
    covariance = [[Fraction(0)] * k for _ in range(k)]

    def a(m: _Moment, i: int, j: int) -> Fraction:
        weight = (1 - m.null_before) ** rho
        return weight * ((m.h[i] if i == j else 0) - m.h[i] * m.h[j] / sum(m.h))

    def later(start: int, i: int, j: int) -> Fraction:
        """Integral of a_ij dF_1^0/(1 - F_1^0(t-)) over the event times after the given one."""
        total = Fraction(0)
        for m in moments[start + 1 :]:
            if sum(m.own):
                total += a(m, i, j) * Fraction(sum(m.own)) / sum(m.h) / (1 - m.null_before)
        return total

    for number, m in enumerate(moments):
        own = sum(m.own)
        if own:
            r = [m.h[j] * (1 - m.incidence_before[j]) for j in range(k)]
            for i in range(k):
                score[i] += (1 - m.null_before) ** rho * (m.own[i] - r[i] / sum(r) * own)
        for j in range(k):
            if not m.at_risk[j]:
                continue
            if own:
                ties = Fraction(1)
                if own > 1:
                    ties = 1 - Fraction(own - 1) / (sum(m.h) * m.free_before[j] - 1)
                spread = ties * m.free_before[j] * own / (sum(m.h) * m.at_risk[j])
                share = 1 - (1 - m.null) / m.free[j] if m.free[j] else Fraction(1)
                effect = [a(m, i, j) + share * later(number, i, j) for i in range(k)]
                _add(covariance, effect, spread)
            if m.other[j] and m.free[j]:
                ties = Fraction(1)
                if m.other[j] > 1:
                    ties = 1 - Fraction(m.other[j] - 1, m.at_risk[j] - 1)
                spread = ties * m.free_before[j] ** 2 * Fraction(m.other[j], m.at_risk[j] ** 2)
                effect = [(1 - m.null) / m.free[j] * later(number, i, j) for i in range(k)]
                _add(covariance, effect, spread)
    return GrayParts(np.array([float(s) for s in score]), np.array([[float(v) for v in row] for row in covariance]))


def _add(covariance: list[list[Fraction]], effect: list[Fraction], spread: Fraction) -> None:
    for i in range(len(effect)):
        for j in range(len(effect)):
            covariance[i][j] += effect[i] * effect[j] * spread


def gray_parts(
    time: Sequence[float],
    cause: Sequence[int],
    group: Sequence[int],
    of_interest: int,
    rho: int = 0,
    strata: Sequence[int] | None = None,
) -> GrayParts:
    """Scores and covariance, added over strata. `cause` is 0 for censored; ties count as Gray's program does."""
    labels = sorted(set(group))
    stratum = [0] * len(time) if strata is None else list(strata)
    score, variance = np.zeros(len(labels)), np.zeros((len(labels), len(labels)))
    for s in sorted(set(stratum)):
        rows = [
            (float(t), 0 if c == 0 else 1 if c == of_interest else 2, labels.index(g))
            for t, c, g, which in zip(time, cause, group, stratum, strict=True)
            if which == s
        ]
        parts = _one_stratum(rows, len(labels), rho)
        score, variance = score + parts.score, variance + parts.variance
    return GrayParts(score, variance)
