"""Logistic regression with Firth's penalty."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import expit

from immrecon.stats import _validate
from immrecon.stats._cox import assemble, climb, informative
from immrecon.stats._design import column_names, covariate_table
from immrecon.stats._likelihood import Firth, Value
from immrecon.stats._maximise import maximise, solve_scaled
from immrecon.stats._regression_fit import RegressionFit
from immrecon.stats._types import FloatArray, IntArray


def _range(x: FloatArray) -> FloatArray:
    return np.ptp(x, axis=1) if x.shape[1] else np.zeros(x.shape[0])


class LogisticLikelihood:
    """x is (p, n), the intercept among its rows; event (n,) holds 0 and 1."""

    information_is_curvature = True

    def __init__(self, x: FloatArray, event: IntArray) -> None:
        self._x, self._event = x, event.astype(np.float64)
        # The intercept moves every linear predictor by 1.
        span = _range(x)
        self.width: FloatArray = np.where(span > 0, span, np.abs(x).max(axis=1, initial=0.0))

    def __call__(self, beta: FloatArray) -> Value:
        """Log-likelihood, score and information."""
        eta = beta @ self._x
        p = expit(eta)
        loglik = float(self._event @ eta - np.logaddexp(0, eta).sum())
        return Value(loglik, self._x @ (self._event - p), (self._x * (p * (1 - p))) @ self._x.T)

    def log_det_gradient(self, beta: FloatArray, inverse_information: FloatArray) -> FloatArray:
        """tr(I^-1 dI/d beta_r) = sum h (1 - 2 p) x_r with leverages h."""
        p = expit(beta @ self._x)
        out: FloatArray = self._x @ (self._leverage(p, inverse_information) * (1 - 2 * p))
        return out

    def augmented_variance(self, beta: FloatArray) -> FloatArray:
        """Inverse information (p, p) of the data with the pseudo-observations that Firth's penalty amounts to.

        Every row stands for itself and, with weight h/2 each, for an event and for none (R's logistf since 1.24).
        """
        p = expit(beta @ self._x)
        weight = p * (1 - p)
        plain = (self._x * weight) @ self._x.T
        leverage = self._leverage(p, np.linalg.inv(plain).astype(np.float64))
        augmented = (self._x * (weight * (1 + leverage))) @ self._x.T
        return solve_scaled(augmented, np.eye(beta.size))

    def _leverage(self, p: FloatArray, inverse_information: FloatArray) -> FloatArray:
        out: FloatArray = p * (1 - p) * np.einsum("pn,pq,qn->n", self._x, inverse_information, self._x)
        return out


def firth_logistic(
    event: ArrayLike,
    covariates: ArrayLike,
    *,
    names: Sequence[str] | None = None,
    conf_level: float = 0.95,
    conf_type: str = "profile",
) -> RegressionFit:
    """Log odds ratios by penalised likelihood, finite also under separation (Heinze and Schemper 2002).

    event (0 or 1) is (n,), covariates (n,) or (n, p); an intercept, named "intercept", comes first. conf_type
    "profile" (penalised likelihood, p from its ratio) or "wald". A constant covariate is NaN. InputError for
    arrays that cannot be worked on.
    """
    level = _validate.confidence_level(conf_level)
    _validate.choice("conf_type", conf_type, ("wald", "profile"))
    n = int(np.asarray(event).size)
    y = _validate.events(event, n)
    table = covariate_table(covariates, n)
    every = ("intercept", *column_names(names, table.shape[0]))
    x = np.concatenate((np.ones((1, n)), table))
    kept = np.zeros(len(every), dtype=np.bool_)
    if n:
        whole = LogisticLikelihood(x, y)
        constant = np.append(False, np.ptp(table, axis=1) == 0)
        information = whole(np.zeros(len(every))).information
        kept[~constant] = informative(information[np.ix_(~constant, ~constant)], whole.width[~constant], float(n))
    plain = LogisticLikelihood(x[kept], y)
    likelihood = Firth(plain)
    # Without covariates the intercept is still estimated; the penalty stays that of the whole model.
    intercept = np.arange(min(int(kept.sum()), 1))
    null = maximise(likelihood, np.zeros(int(kept.sum())), free=intercept).value
    found = climb(likelihood, kept, null, penalised=True)
    model = plain.augmented_variance(found.top.beta)
    fit = assemble(found, model, model, every, conf_type=conf_type, level=level, penalised=True, nuisance=1)
    return replace(fit, method="firth-logistic", n=n, n_events=int(y.sum()))
