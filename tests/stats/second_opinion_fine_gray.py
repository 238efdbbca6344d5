"""Fine and Gray's regression, a second time.

Written from Fine and Gray (1999): partial likelihood of the subdistribution hazard with inverse probability of censoring
weights, Breslow's ties, and the sandwich of their section 4 with the part for the estimated censoring distribution.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np


class Fit(NamedTuple):
    coefficients: np.ndarray
    covariance: np.ndarray
    log_likelihood: float
    log_likelihood_null: float


class Weights:
    """w_i(t): 1 while at risk; after a competing event G(t-) / G(T-), G the Kaplan-Meier curve of censoring; otherwise 0."""

    def __init__(self, time: Sequence[float], cause: Sequence[int], of_interest: int) -> None:
        self.time, self.cause, self.of_interest = time, cause, of_interest
        self.left = {t: self._censoring_before(t) for t in set(time)}

    def _censoring_before(self, t: float) -> float:
        product = 1.0
        for u in sorted({s for s, k in zip(self.time, self.cause, strict=True) if k == 0 and s < t}):
            risk = sum(1 for s in self.time if s >= u)
            gone = sum(1 for s, k in zip(self.time, self.cause, strict=True) if s == u and k == 0)
            product *= 1 - gone / risk
        return product

    def at(self, t: float, i: int) -> float:
        if self.time[i] >= t:
            return 1.0
        if self.cause[i] in (0, self.of_interest):
            return 0.0
        return self.left[t] / self.left[self.time[i]]


def fine_gray(time: Sequence[float], cause: Sequence[int], covariates: np.ndarray, of_interest: int) -> Fit:
    """Newton's method from zero, halving a step that lowers the likelihood, until the step is nothing.

    LinAlgError where the likelihood is flat: at zero (nothing happened, or a covariate without contrast), or where the
    climb ends (it would go on for ever).
    """
    n, p = covariates.shape
    weights = Weights(time, cause, of_interest)
    own = [i for i in range(n) if cause[i] == of_interest]
    table = {t: np.array([weights.at(t, j) for j in range(n)]) for t in {time[i] for i in own}}
    beta = np.zeros(p)
    value, gradient, information = _derivatives(beta, covariates, own, time, table)
    null, at_zero = value, information
    if np.linalg.matrix_rank(at_zero, tol=1e-9) < p:
        raise np.linalg.LinAlgError("flat at zero")
    for _ in range(60):
        step = np.linalg.solve(information, gradient)
        while (there := _derivatives(beta + step, covariates, own, time, table))[0] < value - 1e-12 * abs(value):
            step = step / 2
        beta, (value, gradient, information) = beta + step, there
        if np.linalg.eigvals(np.linalg.solve(at_zero, information)).real.min() < 1e-7:
            raise np.linalg.LinAlgError("flat on the way")
        if np.max(np.abs(step)) < 1e-13 * (1 + np.max(np.abs(beta))):
            break
    bread = np.linalg.inv(information)
    parts = _influence(beta, covariates, weights, own, table)
    return Fit(beta, bread @ parts.T @ parts @ bread, value, null)


def _derivatives(
    beta: np.ndarray, z: np.ndarray, own: list[int], time: Sequence[float], table: dict[float, np.ndarray]
) -> tuple[float, np.ndarray, np.ndarray]:
    value, gradient, information = 0.0, np.zeros(len(beta)), np.zeros((len(beta), len(beta)))
    for i in own:
        share = table[time[i]] * np.exp(z @ beta)
        mean = share @ z / share.sum()
        value += float(z[i] @ beta - np.log(share.sum()))
        gradient += z[i] - mean
        information += sum(s * np.outer(row - mean, row - mean) for s, row in zip(share, z, strict=True)) / share.sum()
    return value, gradient, information


def _influence(
    beta: np.ndarray, z: np.ndarray, weights: Weights, own: list[int], table: dict[float, np.ndarray]
) -> np.ndarray:
    """Row i: eta_i + psi_i, what person i adds to the score, by its own martingale and by the censoring martingale."""
    time, cause, n = weights.time, weights.cause, len(z)
    risk_score = np.exp(z @ beta)
    mean, hazard = {}, {}
    for t, w in table.items():
        total = (w * risk_score).sum()
        mean[t] = (w * risk_score) @ z / total
        hazard[t] = sum(1 for i in own if time[i] == t) / total
    rows = np.zeros_like(z)
    for i in range(n):
        for t, w in table.items():
            jump = float(i in own and time[i] == t)
            rows[i] += (z[i] - mean[t]) * w[i] * (jump - risk_score[i] * hazard[t])
    for u in sorted({time[i] for i in range(n) if cause[i] == 0}):
        present = [i for i in range(n) if time[i] >= u]
        gone = [i for i in present if time[i] == u and cause[i] == 0]
        still_weighted = [j for j in range(n) if time[j] < u and cause[j] not in (0, weights.of_interest)]
        q = np.zeros(z.shape[1])
        for j in still_weighted:
            for t, w in table.items():
                if t >= u:
                    q += (z[j] - mean[t]) * w[j] * risk_score[j] * hazard[t]
        for i in present:
            rows[i] += q / len(present) * (float(i in gone) - len(gone) / len(present))
    return rows
