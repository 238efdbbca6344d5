"""Fitting Cox models: validated sample, maximum, variances, limits."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import ArrayLike

from immrecon.errors import InputError
from immrecon.stats import _validate
from immrecon.stats._design import column_names, covariate_table, labels, refuse_overlap
from immrecon.stats._exact_ties import ExactPartialLikelihood
from immrecon.stats._likelihood import Firth, Likelihood, Value
from immrecon.stats._maximise import Maximum, identifiable, maximise, profile, solve_scaled
from immrecon.stats._partial_likelihood import PartialLikelihood
from immrecon.stats._regression_fit import (
    ESTIMATED,
    MONOTONE,
    NO_EVENTS,
    NOT_CONVERGED,
    NOT_IDENTIFIABLE,
    Baseline,
    RegressionFit,
    chi_squared,
    overall_status,
    quadratic_form,
    spread,
    wald_limits,
)
from immrecon.stats._types import BoolArray, FloatArray, IntArray

TIES = ("efron", "breslow", "exact")
CONF_TYPES = ("wald", "profile")
# Information below this share of (events x squared range of the covariate) is rounding error.
_NO_INFORMATION = 1e-12


@dataclass(frozen=True, slots=True, eq=False)
class Sample:
    """Validated rows; x is (p, n), the codes and times (n,)."""

    x: FloatArray
    names: tuple[str, ...]
    entry: FloatArray | None
    time: FloatArray
    event: IntArray
    stratum: IntArray
    strata: tuple[object, ...]
    weights: FloatArray | None
    cluster: IntArray | None
    ties: str

    def centred(self) -> tuple["Sample", FloatArray]:
        """The same with covariates of mean 0, and their means (p,)."""
        means: FloatArray = self.x.mean(axis=1) if self.time.size else np.zeros(self.x.shape[0])
        return replace(self, x=self.x - means[:, None]), means

    def columns(self, kept: BoolArray) -> "Sample":
        """Only some covariates."""
        return replace(self, x=self.x[kept])

    def likelihood(self) -> PartialLikelihood | ExactPartialLikelihood:
        """Its partial likelihood."""
        if self.ties == "exact":
            return ExactPartialLikelihood(self.x, self.entry, self.time, self.event, self.stratum)
        arrays = (self.x, self.entry, self.time, self.event, self.stratum, self.weights)
        return PartialLikelihood(*arrays, efron=self.ties == "efron")


def sample(
    time: ArrayLike,
    event: ArrayLike,
    covariates: ArrayLike,
    *,
    names: Sequence[str] | None,
    entry: ArrayLike | None,
    strata: ArrayLike | None,
    weights: ArrayLike | None,
    ties: str,
    cluster: ArrayLike | None = None,
    subject: ArrayLike | None = None,
) -> Sample:
    """Refuse what cannot be worked on (InputError), else the arrays as needed below."""
    _validate.choice("ties", ties, TIES)
    t = _validate.times(time)
    x = covariate_table(covariates, t.size)
    stratum, found = labels(strata, "strata", t.size)
    starts = _validate.entries(entry, t)
    if subject is not None:
        refuse_overlap(labels(subject, "subject", t.size)[0], starts, t)
    if ties == "exact" and weights is not None:
        raise InputError("ties: 'exact' has no weighted form. Hint: use ties='efron'.")
    return Sample(
        x=x,
        names=column_names(names, x.shape[0]),
        entry=starts,
        time=t,
        event=_validate.events(event, t.size),
        stratum=stratum,
        strata=found,
        weights=_validate.case_weights(weights, t.size),
        cluster=None if cluster is None else labels(cluster, "cluster", t.size)[0],
        ties=ties,
    )


@dataclass(frozen=True, slots=True, eq=False)
class Climb:
    """A likelihood of the identifiable covariates and where its maximum is; null is its value at 0."""

    likelihood: Likelihood
    kept: BoolArray
    null: Value
    top: Maximum


def climb(
    likelihood: Likelihood, kept: BoolArray, null: Value, *, penalised: bool, at_zero: Value | None = None
) -> Climb:
    """Maximise from 0, where the value may be known; a penalised likelihood has its maximum at a finite point."""
    reference = None if penalised else null.information
    zero = np.zeros(int(kept.sum()))
    return Climb(likelihood, kept, null, maximise(likelihood, zero, reference=reference, known=at_zero))


def informative(information: FloatArray, width: FloatArray, events: float) -> BoolArray:
    """(p,) covariates about which the risk sets say something that earlier covariates do not."""
    enough = np.diag(information) > _NO_INFORMATION * max(events, 1.0) * width**2
    out = np.zeros(width.size, dtype=np.bool_)
    where = np.flatnonzero(enough & (width > 0))
    out[where] = identifiable(information[np.ix_(where, where)])
    return out


def fit_cox(
    raw: Sample, *, method: str, firth: bool, variance: str, conf_type: str, conf_level: float
) -> RegressionFit:
    """Cox's model by maximum (penalised) partial likelihood."""
    level = _validate.confidence_level(conf_level)
    data, means = raw.centred()
    whole = data.likelihood()
    at_zero = whole(np.zeros(data.x.shape[0]))
    n_events = int(data.event.sum())
    kept = informative(at_zero.information, whole.width, float(n_events))
    plain = whole if kept.all() else data.columns(kept).likelihood()
    likelihood: Likelihood = plain
    if firth:
        assert isinstance(plain, PartialLikelihood)
        likelihood = Firth(plain)
    null = at_zero if likelihood is whole else likelihood(np.zeros(int(kept.sum())))
    found = climb(likelihood, kept, null, penalised=firth, at_zero=null)
    model, chosen = _variances(found.top, plain, data, variance)
    fit = assemble(found, model, chosen, data.names, conf_type=conf_type, level=level, penalised=firth)
    return replace(
        fit,
        method=method,
        n=data.time.size,
        n_events=n_events,
        status=NO_EVENTS if n_events == 0 else fit.status,
        coefficient_status=(NO_EVENTS,) * kept.size if n_events == 0 else fit.coefficient_status,
        variance_type=variance,
        baseline=_baseline(found, plain, data, means[kept]),
    )


def _variances(
    top: Maximum, plain: PartialLikelihood | ExactPartialLikelihood, data: Sample, variance: str
) -> tuple[FloatArray, FloatArray]:
    """Inverse information, and the sandwich if wanted, of the finite coefficients; NaN for the infinite ones."""
    inverse = finite_inverse(top)
    if variance == "model":
        return inverse, inverse
    assert isinstance(plain, PartialLikelihood)
    finite = ~top.infinite
    residual = plain.score_residuals(top.beta)[finite]
    if data.cluster is not None and data.cluster.size:
        size = int(data.cluster.max()) + 1
        summed = [np.bincount(data.cluster, values, minlength=size) for values in residual]
        residual = np.array(summed, dtype=np.float64).reshape(residual.shape[0], size)
    influence = inverse[np.ix_(finite, finite)] @ residual
    return inverse, spread(influence @ influence.T, finite)


def finite_inverse(top: Maximum) -> FloatArray:
    """(p, p) inverse information about the finite coefficients, NaN elsewhere."""
    finite = ~top.infinite
    block = top.value.information[np.ix_(finite, finite)]
    return spread(solve_scaled(block, np.eye(block.shape[0])), finite)


def _baseline(
    found: Climb, plain: PartialLikelihood | ExactPartialLikelihood, data: Sample, means: FloatArray
) -> Baseline | None:
    if not isinstance(plain, PartialLikelihood) or found.top.infinite.any() or not found.top.converged:
        return None
    steps = plain.baseline(found.top.beta)
    # From the centre of the covariates back to 0.
    back = float(np.exp(-found.top.beta @ means))
    hazards = tuple(np.cumsum(increment) * back for _, increment in steps)
    present = tuple(data.strata[k] for k in np.unique(data.stratum))
    return Baseline(present, tuple(time for time, _ in steps), hazards)


def assemble(
    found: Climb,
    model: FloatArray,
    chosen: FloatArray,
    names: tuple[str, ...],
    *,
    conf_type: str,
    level: float,
    penalised: bool,
    nuisance: int = 0,
) -> RegressionFit:
    """Coefficients, limits and tests; n, n_events, method, variance_type and baseline are the caller's.

    The first `nuisance` coefficients (an intercept) are not part of the global tests.
    """
    top, kept = found.top, found.kept
    beta = np.where(top.infinite, np.copysign(np.inf, top.beta), top.beta)
    with np.errstate(invalid="ignore"):
        model_std_error, std_error = np.sqrt(np.diag(model)), np.sqrt(np.diag(chosen))
    converged = top.converged
    low, high, statistic, p_value = wald_limits(beta, std_error, level)
    if conf_type == "profile":
        profiled = profile(found.likelihood, top, model_std_error, level)
        low, high, statistic, p_value = (
            getattr(profiled, k) for k in ("conf_low", "conf_high", "statistic", "p_value")
        )
        converged &= profiled.converged
    if not top.converged:  # where the climb broke off says nothing
        beta, low, high, statistic, p_value, std_error, model_std_error = (np.full(beta.size, np.nan) for _ in range(7))
    statuses = np.full(kept.size, NOT_IDENTIFIABLE, dtype=object)
    statuses[kept] = np.where(top.infinite, MONOTONE, ESTIMATED if top.converged else NOT_CONVERGED)
    df = max(int(kept.sum()) - nuisance, 0)
    wald = (
        np.nan
        if top.infinite.any() or not top.converged
        else quadratic_form(beta[nuisance:], chosen[nuisance:, nuisance:])
    )
    return RegressionFit(
        method="",
        names=names,
        n=0,
        n_events=0,
        status=overall_status(statuses.tolist(), converged),
        coefficient_status=tuple(statuses.tolist()),
        variance_type="model",
        conf_type=conf_type,
        conf_level=level,
        coefficient=spread(beta, kept),
        std_error=spread(std_error, kept),
        model_std_error=spread(model_std_error, kept),
        conf_low=spread(low, kept),
        conf_high=spread(high, kept),
        statistic=spread(statistic, kept),
        p_value=spread(p_value, kept),
        variance=spread(chosen, kept),
        model_variance=spread(model, kept),
        loglik=top.value.loglik,
        loglik_null=found.null.loglik,
        likelihood_ratio=chi_squared(2 * (top.value.loglik - found.null.loglik), df),
        wald=chi_squared(wald, df),
        score=chi_squared(quadratic_form(found.null.score, found.null.information), 0 if penalised else df),
    )
