"""Mixed model with values beyond a limit by maximum likelihood: Newton on the quadrature's log-likelihood."""

from dataclasses import dataclass

import numpy as np

from immrecon.stats._censored_likelihood import CensoredLikelihood, Evaluation
from immrecon.stats._mills import left_tail
from immrecon.stats._mixed_fit import RANDOM_NAMES, assemble, between_within
from immrecon.stats._mixed_inference import in_design
from immrecon.stats._mixed_model import MixedModel, not_estimable, what_to_know
from immrecon.stats._mixed_profile import minimise_profile, moments, residual_variation, state, triangle
from immrecon.stats._mixed_sample import MixedSample, mixed_sample, why_not_mixed
from immrecon.stats._types import BoolArray, FloatArray, IntArray

DF_METHODS = ("between-within", "normal")
NODES = {1: 31, 2: 13}
"""Per random effect: more change nothing beyond the seventh digit."""
FEW_NODES = 5
_ITERATIONS, _HALVINGS = 100, 30
# Of the log-likelihood left to gain, half the square of the distance in standard errors: when the few nodes are left,
# when the climb ends, and what still counts as its end.
_NEAR, _CONVERGED, _ACCEPTED = 1e-2, 1e-13, 1e-8
# So near the top quadrature and score differ in the last digits: a step that does not rise is the end.
_HARDLY = 1e-4
_SLACK = 1e-11
_SMALLEST_START = 0.3
_FLAT = 1e-10
# Log of the residual standard deviation, relative to the start, below which there is none.
_NO_RESIDUAL = -12.0


@dataclass(frozen=True, slots=True, eq=False)
class _Top:
    theta: FloatArray
    value: Evaluation
    converged: bool


def fit_censored_mixed(
    value: FloatArray,
    below: BoolArray,
    above: BoolArray,
    design: FloatArray,
    code: IntArray,
    labels: tuple[object, ...],
    slope: FloatArray | None,
    *,
    names: tuple[str, ...],
    nodes: int | None,
    df_method: str,
    conf_level: float,
) -> MixedModel:
    """The fit of checked arrays; see `immrecon.stats.longitudinal.censored_mixed_model`."""
    method = "censored-mixed-ml"
    random_names = RANDOM_NAMES[: 1 if slope is None else 2]
    why = why_not_mixed(below, above, design, code, slope)
    if why is None:
        sample = mixed_sample(value, below, above, design, code, labels, slope)
        measured = ~(below | above)
        known = mixed_sample(
            value[measured],
            below[measured],
            above[measured],
            design[measured],
            code[measured],
            labels,
            None if slope is None else slope[measured],
        )
        why = residual_variation(moments(known, reml=False))
    top: _Top | None = None
    if why is None:
        start = _start(sample)
        # Few nodes come near, the declared number makes the last steps; twice as many where those do not suffice.
        near = _climb(CensoredLikelihood(sample, FEW_NODES), start, _NEAR)
        declared = NODES[len(random_names)] if nodes is None else nodes
        for number in (declared, 2 * declared):
            if near is None:
                break
            likelihood = CensoredLikelihood(sample, number)
            top = _climb(likelihood, near.theta, _CONVERGED)
            if top is None or top.converged:
                break
        if top is None:
            why = "the values do not vary within participants"
    if top is None:
        return not_estimable(method, names, random_names, below, above, labels, df_method, conf_level, str(why))
    p, q = likelihood.p, likelihood.q
    lower, sigma = triangle(top.theta[p:-1], q), float(np.exp(top.theta[-1]))
    singular, note = what_to_know(lower @ lower.T / sigma**2, top.converged)
    covariance = in_design(_inverse(top.value.information)[:p, :p], sample.r_design)
    unscale = sample.unscale

    def expected(left: FloatArray) -> FloatArray:
        """Value - fitted, and its mean beyond the limit where only the limit is known."""
        under = np.where(sample.below, -sigma * left_tail(left / sigma)[1], left)
        return np.where(sample.above, sigma * left_tail(-left / sigma)[1], under)

    return assemble(
        sample,
        names=names,
        method=method,
        df_method=df_method,
        conf_level=conf_level,
        reference=between_within(sample, covariance, df_method, reml=False),
        beta=np.asarray(np.linalg.solve(sample.r_design, top.theta[:p])),
        random_covariance=unscale @ lower @ lower.T @ unscale.T,
        sigma=sigma,
        loglik=top.value.loglik,
        effects=top.value.mean @ lower.T,
        effect_covariance=lower @ top.value.spread @ lower.T,
        converged=top.converged,
        singular=singular,
        note=note,
        residual=expected,
    )


def _start(sample: MixedSample) -> FloatArray:
    """The linear model with the limits as values, its random effects kept away from 0."""
    m = moments(sample, reml=False)
    q = m.zz.shape[1]
    lower = triangle(minimise_profile(m).theta, q)
    at = state(m, lower)
    sigma = np.sqrt(max(at.rss, 1e-6 * m.yy) / m.df)
    # The sign of a column of L is arbitrary: the diagonal is made positive, and large enough to climb from.
    root = np.linalg.cholesky(lower @ lower.T + _SMALLEST_START**2 * np.eye(q) * 1e-2)
    lower = root + np.diag(np.maximum(_SMALLEST_START - np.diag(root), 0.0))
    entries = (sigma * lower)[np.tril_indices(q)]
    return np.concatenate((m.least_squares + at.beta, entries, [np.log(sigma)]))


def _climb(likelihood: CensoredLikelihood, start: FloatArray, enough: float) -> _Top | None:
    """Newton with the observed information, made positive where it is not, until what is left to gain is enough;
    None if the residual vanishes.
    """
    theta = start
    value = likelihood(theta, np.zeros((likelihood.participants, likelihood.q)))
    gain = np.inf
    for _ in range(_ITERATIONS):
        step = _positive(value.information, value.score)
        gain = float(value.score @ step)
        if not gain > enough:
            break
        step = step / max(1.0, float(np.abs(step[likelihood.p :]).max()) / 2)
        better = False
        for _ in range(_HALVINGS if gain > _HARDLY else 2):
            trial = theta + step
            found = likelihood(trial, value.mode)
            if np.isfinite(found.loglik) and found.loglik >= value.loglik - _SLACK * (1 + abs(value.loglik)):
                better = True
                break
            step = step / 2
        if not better or (trial == theta).all():
            break
        theta, value = trial, found
        if theta[-1] - start[-1] < _NO_RESIDUAL:
            return None
    return _Top(theta, value, gain < _ACCEPTED)


def _scaled_eigen(information: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray]:
    scale = 1 / np.sqrt(np.maximum(np.abs(np.diag(information)), 1e-300))
    eigenvalues, vectors = np.linalg.eigh(information * np.outer(scale, scale))
    return scale, eigenvalues, vectors


def _positive(information: FloatArray, score: FloatArray) -> FloatArray:
    """Newton's step uphill, whatever the signs of the eigenvalues."""
    scale, eigenvalues, vectors = _scaled_eigen(information)
    size = np.maximum(np.abs(eigenvalues), 1e-8)
    return np.asarray(scale * (vectors @ (vectors.T @ (scale * score) / size)))


def _inverse(information: FloatArray) -> FloatArray:
    """Of the information at the maximum; directions about which nothing is known left out (variances of 0)."""
    scale, eigenvalues, vectors = _scaled_eigen(information)
    kept = eigenvalues > _FLAT
    inner = (vectors[:, kept] / eigenvalues[kept]) @ vectors[:, kept].T
    return np.asarray(inner * np.outer(scale, scale))
