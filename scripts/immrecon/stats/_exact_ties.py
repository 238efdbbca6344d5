"""Cox's partial likelihood with exact (discrete) ties: which d of those at risk had the event (Cox 1972)."""

import numpy as np

from immrecon.stats._likelihood import Value
from immrecon.stats._risk_sets import RiskSets, risk_sets
from immrecon.stats._types import FloatArray, IntArray

_Sums = tuple[FloatArray, FloatArray, FloatArray]


class ExactPartialLikelihood:
    """Sums over all subsets by the recursion of Gail, Lubin and Rubinstein (1981): O(n d) per event time."""

    information_is_curvature = True

    def __init__(
        self, x: FloatArray, start: FloatArray | None, stop: FloatArray, event: IntArray, stratum: IntArray
    ) -> None:
        self.strata = [
            risk_sets(np.flatnonzero(stratum == k), x, start, stop, event, None, efron=False)
            for k in range(int(stratum.max()) + 1 if stratum.size else 0)
        ]
        self.width: FloatArray = np.ptp(x, axis=1) if x.size else np.zeros(x.shape[0])

    def __call__(self, beta: FloatArray) -> Value:
        """Log-likelihood, score and information."""
        p = beta.size
        loglik, score, information = 0.0, np.zeros(p), np.zeros((p, p))
        for s in self.strata:
            loglik += float((beta @ s.x[:, s.dead]).sum())
            score += s.x[:, s.dead].sum(axis=1)
            for j in range(s.time.size):
                log_sum, mean, variance = _time_point(s, j, beta)
                loglik, score, information = loglik - log_sum, score - mean, information + variance
        return Value(loglik, score, information)


def _time_point(s: RiskSets, j: int, beta: FloatArray) -> tuple[float, FloatArray, FloatArray]:
    """Log of the sum over subsets of size d, and mean and variance of the subsets' sum of x."""
    at_risk = s.last >= j
    if s.first is not None:
        at_risk &= s.first <= j
    x = s.x[:, at_risk]
    d = int((s.last[s.dead] == j).sum())
    eta = beta @ x
    shift = float(eta.max())
    total, first, second = _subset_sums(np.exp(eta - shift), x, d)
    mean = first / total
    return float(np.log(total)) + d * shift, mean, second / total - np.outer(mean, mean)


def _subset_sums(r: FloatArray, x: FloatArray, d: int) -> _Sums:
    """Sums over all subsets of d columns of prod r, and of it times the sum of x, and times its square."""
    p = x.shape[0]
    zero, one, two = np.zeros(d + 1), np.zeros((d + 1, p)), np.zeros((d + 1, p, p))
    zero[0] = 1.0
    for weight, column in zip(r, x.T, strict=True):
        cross = one[:-1, :, None] * column
        two[1:] += weight * (
            two[:-1] + cross + cross.transpose(0, 2, 1) + zero[:-1, None, None] * np.outer(column, column)
        )
        one[1:] += weight * (one[:-1] + zero[:-1, None] * column)
        zero[1:] += weight * zero[:-1]
    return zero[d], one[d], two[d]
