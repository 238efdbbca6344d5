"""Linear mixed model by (restricted) maximum likelihood."""

from collections.abc import Callable

import numpy as np

from immrecon.stats._chi_square import ESTIMATED
from immrecon.stats._marginal import marginal_means
from immrecon.stats._mixed_inference import kenward_roger, satterthwaite
from immrecon.stats._mixed_model import MixedModel, not_estimable, what_to_know
from immrecon.stats._mixed_profile import Moments, State, minimise_profile, moments, residual_variation, state, triangle
from immrecon.stats._mixed_reference import BetweenWithin, Reference
from immrecon.stats._mixed_sample import MixedSample, between_and_within, mixed_sample, why_not_mixed
from immrecon.stats._types import FloatArray, IntArray

DF_METHODS = ("satterthwaite", "kenward-roger", "between-within", "normal")
RANDOM_NAMES = ("intercept", "slope")


def fit_mixed(
    value: FloatArray,
    design: FloatArray,
    code: IntArray,
    labels: tuple[object, ...],
    slope: FloatArray | None,
    *,
    names: tuple[str, ...],
    reml: bool,
    df_methods: tuple[str, ...],
    conf_level: float,
) -> tuple[MixedModel, ...]:
    """The fit of checked arrays, once for each of df_methods; see `immrecon.stats.longitudinal.mixed_model`."""
    method = "linear-mixed-reml" if reml else "linear-mixed-ml"
    none = np.zeros(value.size, dtype=np.bool_)
    random_names = RANDOM_NAMES[: 1 if slope is None else 2]
    why = why_not_mixed(none, none, design, code, slope)
    if why is None:
        sample = mixed_sample(value, none, none, design, code, labels, slope)
        m = moments(sample, reml)
        why = residual_variation(m)
    if why is None:
        top = minimise_profile(m)
        q = m.zz.shape[1]
        lower = triangle(top.theta, q)
        at = state(m, lower)
        sigma2 = at.rss / m.df
    if why is not None:
        return tuple(
            not_estimable(method, names, random_names, none, none, labels, df_method, conf_level, why)
            for df_method in df_methods
        )
    singular, note = what_to_know(at.delta, top.converged)
    beta = np.asarray(np.linalg.solve(sample.r_design, m.least_squares + at.beta), dtype=np.float64)
    effects, spread = predicted(m, at, sigma2)
    total = 2 * float(np.log(np.abs(np.diag(sample.r_design))).sum())
    log_det = float(np.linalg.slogdet(at.xhx)[1]) + total if reml else 0.0
    loglik = -0.5 * (m.df * (np.log(2 * np.pi * sigma2) + 1) + at.log_det + log_det)
    unscale = sample.unscale
    return tuple(
        assemble(
            sample,
            names=names,
            method=method,
            df_method=df_method,
            conf_level=conf_level,
            reference=_reference(df_method, sample, m, top.theta, at, sigma2),
            beta=beta,
            random_covariance=sigma2 * unscale @ at.delta @ unscale.T,
            sigma=float(np.sqrt(sigma2)),
            loglik=float(loglik),
            effects=effects,
            effect_covariance=spread,
            converged=top.converged,
            singular=singular,
            note=note,
            residual=None,
        )
        for df_method in df_methods
    )


def predicted(m: Moments, at: State, sigma2: float) -> tuple[FloatArray, FloatArray]:
    """Scaled random effects (m, q) and their posterior covariance (m, q, q) given the estimates."""
    shrink = at.delta @ at.inverse
    effects = np.einsum("mqr,mr->mq", shrink, m.zy - m.zx @ at.beta)
    return effects, sigma2 * (at.delta - shrink @ m.zz @ at.delta)


def _reference(
    df_method: str, sample: MixedSample, m: Moments, theta: FloatArray, at: State, sigma2: float
) -> Reference:
    if df_method == "kenward-roger":
        return kenward_roger(sample, m, at, sigma2)
    inference = satterthwaite(sample, m, theta, sigma2)
    if df_method == "satterthwaite":
        return inference
    return between_within(sample, inference.covariance, df_method, m.reml)


def between_within(sample: MixedSample, covariance: FloatArray, df_method: str, reml: bool) -> BetweenWithin:
    """Or the normal distribution, as df_method says."""
    if df_method == "normal":
        return BetweenWithin(covariance, None, 0, 0, 1.0, 1.0)
    measured = sample.measured
    varying, between, within = between_and_within(sample.design, sample.code, measured)
    participants = np.unique(sample.code[measured]).size
    left = int(measured.sum()) - participants
    outer, inner = (1.0, 1.0) if reml else (np.sqrt(participants / between), np.sqrt(max(left / within, 1.0)))
    if sample.random.shape[1] > 1:
        within, inner = between, outer
    return BetweenWithin(covariance, varying, between, within, float(outer), float(inner))


def assemble(
    sample: MixedSample,
    *,
    names: tuple[str, ...],
    method: str,
    df_method: str,
    conf_level: float,
    reference: Reference,
    beta: FloatArray,
    random_covariance: FloatArray,
    sigma: float,
    loglik: float,
    effects: FloatArray,
    effect_covariance: FloatArray,
    converged: bool,
    singular: bool,
    note: str | None,
    residual: Callable[[FloatArray], FloatArray] | None,
) -> MixedModel:
    """The result, in the order of the input; residual maps value - fitted of sorted rows to what is reported."""
    n, m, p, q = sample.sizes
    error = reference.factor(np.eye(p)) * np.sqrt(np.diag(reference.covariance))
    tests = marginal_means(beta, error, reference.df(np.eye(p)), conf_level)
    marginal = sample.design @ beta
    fitted = marginal + (sample.random * effects[sample.code]).sum(axis=1)
    left = sample.value - fitted
    below, above = np.empty((2, n), dtype=np.bool_)
    below[sample.order], above[sample.order] = sample.below, sample.above
    unscale = sample.unscale
    spread = unscale @ effect_covariance @ unscale.T
    return MixedModel(
        method=method,
        names=names,
        random_names=RANDOM_NAMES[:q],
        n=n,
        n_participants=m,
        n_below=int(sample.below.sum()),
        n_above=int(sample.above.sum()),
        status=ESTIMATED,
        reason=note,
        converged=converged,
        singular=singular,
        df_method=df_method,
        conf_level=conf_level,
        coefficient=beta,
        std_error=error,
        df=tests.df,
        conf_low=tests.conf_low,
        conf_high=tests.conf_high,
        statistic=tests.statistic,
        p_value=tests.p_value,
        covariance=reference.covariance,
        random_covariance=random_covariance,
        residual_sd=sigma,
        loglik=loglik,
        participants=sample.labels,
        random_effects=effects @ unscale.T,
        random_effect_std_error=np.sqrt(np.maximum(np.einsum("mqq->mq", spread), 0.0)),
        fitted=sample.as_given(fitted),
        marginal=sample.as_given(marginal),
        residual=sample.as_given(left if residual is None else residual(left)),
        below=below,
        above=above,
        reference=reference,
    )
