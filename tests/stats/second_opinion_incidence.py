"""Aalen-Johansen with its variances, a second time.

Written from Aalen and Johansen (1978), Andersen, Borgan, Gill and Keiding (1993, section IV.4), Aalen (1978) with the
corrections for ties of Gray (1988), and Efron's infinitesimal jackknife. Loops over persons and times.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple


class Step(NamedTuple):
    """What happens at one event time: weight at risk, weight failing by cause, and whether anybody is left."""

    time: float
    risk: float
    failing: dict[int, float]
    last: bool


def steps(
    time: Sequence[float],
    cause: Sequence[int],
    causes: Sequence[int],
    entry: Sequence[float] | None = None,
    weights: Sequence[float] | None = None,
) -> list[Step]:
    """The event times in order; cause 0 is censored, and a person is at risk on (entry, time]."""
    n = len(time)
    w = [1.0] * n if weights is None else list(weights)
    out = []
    for u in sorted({time[i] for i in range(n) if cause[i] != 0}):
        present = [i for i in range(n) if time[i] >= u and (entry is None or entry[i] < u)]
        failing = [i for i in present if time[i] == u and cause[i] != 0]
        out.append(
            Step(
                u,
                math.fsum(w[i] for i in present),
                {k: math.fsum(w[i] for i in failing if cause[i] == k) for k in causes},
                len(failing) == len(present),
            )
        )
    return out


def cumulative_incidence(path: list[Step], of_interest: int, t: float) -> float:
    """F(t): the sum of S(u-) d(u) / Y(u) over event times up to t."""
    survival, incidence = 1.0, 0.0
    for step in path:
        if step.time > t:
            break
        incidence += survival * step.failing[of_interest] / step.risk
        survival = 0.0 if step.last else survival * (1 - math.fsum(step.failing.values()) / step.risk)
    return incidence


def event_free(path: list[Step], t: float) -> float:
    """S(t): nothing has happened yet."""
    survival = 1.0
    for step in path:
        if step.time <= t:
            survival = 0.0 if step.last else survival * (1 - math.fsum(step.failing.values()) / step.risk)
    return survival


def greenwood_variance(path: list[Step], of_interest: int, t: float) -> float:
    """Greenwood's for a matrix: the covariance of the row p(t) = p(t-) (I + dA), the moves out of state 0 multinomial."""
    causes = list(path[0].failing) if path else [of_interest]
    m = len(causes) + 1
    p = [1.0] + [0.0] * (m - 1)
    covariance = [[0.0] * m for _ in range(m)]
    for step in path:
        if step.time > t:
            break
        move = [step.failing[k] / step.risk for k in causes]
        rate = [-math.fsum(move), *move]
        jump = [[float(i == j) + (rate[j] if i == 0 else 0.0) for j in range(m)] for i in range(m)]
        if step.last:
            jump[0][0] = 0.0
        share = [1 + rate[0], *move]
        # share_j is the multinomial's probability of ending in j, so its covariance is (share_j [j = k] - share_j share_k) / Y.
        noise = [
            [p[0] ** 2 * (share[j] * float(j == k) - share[j] * share[k]) / step.risk for k in range(m)]
            for j in range(m)
        ]
        covariance = [
            [
                noise[j][k] + math.fsum(jump[a][j] * covariance[a][b] * jump[b][k] for a in range(m) for b in range(m))
                for k in range(m)
            ]
            for j in range(m)
        ]
        p = [math.fsum(p[i] * jump[i][j] for i in range(m)) for j in range(m)]
    place = 1 + causes.index(of_interest)
    return covariance[place][place]


def jackknife_variance(
    path: list[Step],
    time: Sequence[float],
    cause: Sequence[int],
    of_interest: int,
    t: float,
    entry: Sequence[float] | None = None,
    weights: Sequence[float] | None = None,
) -> float:
    """Infinitesimal jackknife: the sum over persons of (w dF/dw)^2, the derivative carried along the recursion of S and F."""
    n = len(time)
    w = [1.0] * n if weights is None else list(weights)
    total = 0.0
    for i in range(n):
        survival, d_survival, d_incidence = 1.0, 0.0, 0.0
        for step in path:
            if step.time > t:
                break
            there = float(time[i] >= step.time and (entry is None or entry[i] < step.time))
            fails = float(time[i] == step.time and cause[i] != 0)
            hazard = math.fsum(step.failing.values()) / step.risk
            hazard_k = step.failing[of_interest] / step.risk
            d_hazard = (fails - there * hazard) / step.risk
            d_hazard_k = (fails * float(cause[i] == of_interest) - there * hazard_k) / step.risk
            d_incidence += d_survival * hazard_k + survival * d_hazard_k
            d_survival = d_survival * (1 - hazard) - survival * d_hazard
            survival *= 1 - hazard
        total += (w[i] * d_incidence) ** 2
    return total


def aalen_variance(path: list[Step], of_interest: int, t: float) -> float:
    """Aalen's sum over jumps, each cause's count taken as hypergeometric within those at risk (the variance of cuminc)."""
    seen = [step for step in path if step.time <= t]
    final = cumulative_incidence(path, of_interest, t)
    total = 0.0
    for step in seen:
        before = event_free([s for s in seen if s.time < step.time], t)
        after = event_free([s for s in seen if s.time <= step.time], t)
        still = (final - cumulative_incidence(path, of_interest, step.time)) / after if after > 0 else 0.0
        own = step.failing[of_interest]
        other = math.fsum(d for k, d in step.failing.items() if k != of_interest)
        if own > 0:
            total += (1 - still) ** 2 * before**2 * own / step.risk**2 * _without_replacement(own, step.risk)
        if other > 0 and after > 0:
            total += still**2 * before**2 * other / step.risk**2 * _without_replacement(other, step.risk)
    return total


def _without_replacement(d: float, risk: float) -> float:
    return 1 - (d - 1) / (risk - 1) if d > 1 else 1.0
