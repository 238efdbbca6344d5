"""Cox's partial likelihood with Breslow's or Efron's ties, over strata, in (start, stop] form with weights."""

from typing import NamedTuple

import numpy as np

from immrecon.stats._likelihood import Value
from immrecon.stats._risk_sets import RiskSets, risk_sets
from immrecon.stats._types import FloatArray, IntArray

# Smaller sums over a risk set are as good as 0; their reciprocals must not overflow.
_SMALLEST = 1e-280


class _Moments(NamedTuple):
    """One stratum at one parameter: hazard weights exp(eta) (m,), their step sums (T,), means of x (p, T)."""

    eta: FloatArray
    hazard: FloatArray
    total: FloatArray
    mean: FloatArray
    shift: float


class PartialLikelihood:
    """x is (p, n) and centred by the caller (`centre`), the other arrays (n,); stratum holds codes 0, 1, ..."""

    information_is_curvature = True

    def __init__(
        self,
        x: FloatArray,
        start: FloatArray | None,
        stop: FloatArray,
        event: IntArray,
        stratum: IntArray,
        weights: FloatArray | None,
        *,
        efron: bool,
    ) -> None:
        order = np.argsort(stratum, kind="stable")
        parts = np.split(order, np.flatnonzero(np.diff(stratum[order])) + 1) if order.size else []
        self.strata: list[RiskSets] = [risk_sets(p, x, start, stop, event, weights, efron=efron) for p in parts]
        self.width: FloatArray = np.ptp(x, axis=1) if x.size else np.zeros(x.shape[0])
        self._shape = x.shape

    def __call__(self, beta: FloatArray) -> Value:
        """Log-likelihood, score and information (observed = expected given the risk sets)."""
        p = beta.size
        loglik, score, information = 0.0, np.zeros(p), np.zeros((p, p))
        for s in self.strata:
            m = _moments(s, beta)
            weight = s.weight[s.dead]
            loglik += float(weight @ (m.eta[s.dead] - m.shift) - s.step_weight @ np.log(m.total))
            score += s.x[:, s.dead] @ weight - m.mean @ s.step_weight
            compensator = m.hazard * s.accumulated(s.step_weight / m.total)
            # Sum of the variances within steps: second moments about 0 less squared means.
            information += (s.x * compensator) @ s.x.T - (m.mean * s.step_weight) @ m.mean.T
        return Value(loglik, score, information)

    def log_det_gradient(self, beta: FloatArray, inverse_information: FloatArray) -> FloatArray:
        """tr(I^-1 dI/d beta_r): third central moments within steps (Heinze and Schemper 2001, eq. 2)."""
        p = beta.size
        out = np.zeros(p)
        for s in self.strata:
            m = _moments(s, beta)
            turned = inverse_information @ s.x
            square = np.einsum("pm,pm->m", s.x, turned)

            def mean_of(values: FloatArray, s: RiskSets = s, m: _Moments = m) -> FloatArray:
                return s.step_sums(m.hazard * values) / m.total

            turned_mean = inverse_information @ m.mean
            square_of_mean = np.einsum("pt,pt->t", m.mean, turned_mean)
            spread = mean_of(square) - square_of_mean
            for r in range(p):
                # E[(x - E x)' W (x - E x) (x_r - E x_r)], expanded
                cross = sum(mean_of(s.x[r] * s.x[q]) * turned_mean[q] for q in range(p))
                third = mean_of(square * s.x[r]) - 2 * cross + square_of_mean * m.mean[r] - m.mean[r] * spread
                out[r] += s.step_weight @ third
        return out

    def score_residuals(self, beta: FloatArray) -> FloatArray:
        """(p, n) each row's contribution to the score, its weight included (Lin and Wei 1989)."""
        out = np.zeros(self._shape)
        for s in self.strata:
            m = _moments(s, beta)
            rate = s.step_weight / m.total
            count = np.bincount(s.last[s.dead], minlength=s.time.size)
            weight = s.weight[s.dead]
            exposed = m.hazard * s.accumulated(rate)
            for r in range(beta.size):
                mean_at_death = s.at_times(m.mean[r])
                if s.share_out is not None:
                    mean_at_death = mean_at_death / count
                residual = -(s.x[r] * exposed - m.hazard * s.accumulated(rate * m.mean[r]))
                residual[s.dead] += weight * (s.x[r, s.dead] - mean_at_death[s.last[s.dead]])
                out[r, s.row] = residual
        return out

    def baseline(self, beta: FloatArray) -> list[tuple[FloatArray, FloatArray]]:
        """Per stratum the event times (J,) and increments (J,) of the cumulative hazard at x = 0 (centred)."""
        out = []
        for s in self.strata:
            m = _moments(s, beta)
            out.append((s.time, s.at_times(s.step_weight / m.total) * np.exp(-m.shift)))
        return out

    def time_varying_score(self, beta: FloatArray, g: list[FloatArray]) -> tuple[FloatArray, FloatArray]:
        """Score (p,) and information (2p, 2p) for beta and coefficients of x g(t), these being 0; g is (J,) each."""
        p = beta.size
        score, information = np.zeros(p), np.zeros((2 * p, 2 * p))
        for s, g_time in zip(self.strata, g, strict=True):
            m = _moments(s, beta)
            g_step = g_time[s.step_time]
            score += s.x[:, s.dead] @ (s.weight[s.dead] * g_time[s.last[s.dead]])
            score -= m.mean @ (s.step_weight * g_step)
            for power, blocks in ((0, [(0, 0)]), (1, [(0, p), (p, 0)]), (2, [(p, p)])):
                weight = s.step_weight * g_step**power
                second = (s.x * (m.hazard * s.accumulated(weight / m.total))) @ s.x.T
                variance = second - (m.mean * weight) @ m.mean.T
                for row, column in blocks:
                    information[row : row + p, column : column + p] += variance
        return score, information


def _moments(s: RiskSets, beta: FloatArray) -> _Moments:
    eta = beta @ s.x
    shift = float(eta.max()) if eta.size else 0.0
    hazard = s.weight * np.exp(eta - shift)
    total = np.maximum(s.step_sums(hazard), _SMALLEST)
    if s.first is not None:  # subtracting those not yet at risk may lose a small risk set in rounding
        total = np.maximum(total, s.dying(hazard))
    mean = np.array([s.step_sums(hazard * x) / total for x in s.x]).reshape(beta.size, total.size)
    return _Moments(eta, hazard, total, mean, shift)
