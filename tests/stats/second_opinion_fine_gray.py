"""Fine and Gray's model a second time: plain loops over patients, from the formulas of the 1999 paper.

Imports nothing from the package under test. O(n^3); for a few dozen patients. Conventions: ties as Breslow, G is the
Kaplan-Meier estimate of not being censored, taken just before a time, events at a time being at risk of censoring.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


def free_of_censoring(t: float, time: Floats, cause: Floats) -> float:
    """G(t-)."""
    g = 1.0
    for c in sorted(set(time[cause == 0])):
        if c < t:
            at_risk = sum(1 for s in time if s >= c)
            g *= 1 - sum(1 for s, k in zip(time, cause, strict=True) if s == c and k == 0) / at_risk
    return g


def weight(i: int, t: float, time: Floats, cause: Floats) -> float:
    """w_i(t): 1 until own time, after it G(t-)/G(T_i-) with a competing event and 0 otherwise."""
    if time[i] >= t:
        return 1.0
    if cause[i] in (0, 1):
        return 0.0
    return free_of_censoring(t, time, cause) / free_of_censoring(time[i], time, cause)


def fine_gray(time: Floats, cause: Floats, z: Floats) -> tuple[Floats, Floats, Floats, float]:
    """(beta, sandwich variance, inverse information, log-likelihood) for z of shape (n, p); cause 1 is of interest."""
    n, p = z.shape
    events = [i for i in range(n) if cause[i] == 1]
    w = {t: [weight(i, t, time, cause) for i in range(n)] for t in {float(time[i]) for i in events}}

    def sums(beta: Floats, t: float) -> tuple[float, Floats, Floats]:
        s0, s1, s2 = 0.0, np.zeros(p), np.zeros((p, p))
        for i in range(n):
            r = w[t][i] * np.exp(z[i] @ beta)
            s0, s1, s2 = s0 + r, s1 + r * z[i], s2 + r * np.outer(z[i], z[i])
        return s0, s1 / s0, s2 / s0 - np.outer(s1, s1) / s0**2

    beta = np.zeros(p)
    for _ in range(30):
        score, information, loglik = np.zeros(p), np.zeros((p, p)), 0.0
        at = {t: sums(beta, t) for t in w}
        for i in events:
            s0, mean, spread = at[float(time[i])]
            score, information = score + z[i] - mean, information + spread
            loglik += float(z[i] @ beta) - np.log(s0)
        beta = beta + np.linalg.solve(information, score)
    at = {t: sums(beta, t) for t in w}
    # dLambda(t) = d(t) / S0(t), Breslow
    jump = {t: sum(1 for i in events if time[i] == t) / at[t][0] for t in w}

    def q(u: float) -> Floats:
        """-sum_i integral over s >= u > T_i of (Z_i - mean(s)) w_i(s) dM_i(s); only competing events are left."""
        total = np.zeros(p)
        for i in range(n):
            if time[i] < u and cause[i] not in (0, 1):
                for s in w:
                    if s >= u:
                        total += (z[i] - at[s][1]) * w[s][i] * np.exp(z[i] @ beta) * jump[s]
        return total

    censorings = sorted({float(t) for t, k in zip(time, cause, strict=True) if k == 0})
    q_at = {u: q(u) for u in censorings}
    at_risk = {u: sum(1 for s in time if s >= u) for u in censorings}
    meat = np.zeros((p, p))
    for i in range(n):
        total = np.zeros(p)
        for s in w:
            total -= (z[i] - at[s][1]) * w[s][i] * np.exp(z[i] @ beta) * jump[s]
        if cause[i] == 1:
            total += z[i] - at[float(time[i])][1]
        for u in censorings:
            if time[i] >= u:
                hazard = sum(1 for s, k in zip(time, cause, strict=True) if s == u and k == 0) / at_risk[u]
                own = 1.0 if time[i] == u and cause[i] == 0 else 0.0
                total += q_at[u] / at_risk[u] * (own - hazard)
        meat += np.outer(total, total)
    inverse = np.linalg.inv(information)
    return beta, inverse @ meat @ inverse, inverse, loglik
