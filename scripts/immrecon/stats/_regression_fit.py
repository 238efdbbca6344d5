"""The result of every regression: coefficients with their status, tests, and the baseline hazard."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike

from immrecon.errors import InputError
from immrecon.stats import _validate
from immrecon.stats._design import covariate_table
from immrecon.stats._limits import normal_quantile
from immrecon.stats._maximise import solve_scaled
from immrecon.stats._types import BoolArray, FloatArray

if TYPE_CHECKING:
    import polars as pl

ESTIMATED = "estimated"
MONOTONE = "monotone likelihood"
NO_EVENTS = "no events"
NOT_CONVERGED = "not converged"
NOT_IDENTIFIABLE = "not identifiable"


@dataclass(frozen=True, slots=True)
class GlobalTest:
    """Test that every coefficient is 0; NaN where it is not defined."""

    statistic: float
    df: int
    p_value: float


def chi_squared(statistic: float, df: int) -> GlobalTest:
    """Test against the chi-squared distribution; NaN without degrees of freedom."""
    from scipy.special import chdtrc

    if df == 0 or not np.isfinite(statistic):
        return GlobalTest(float("nan"), df, float("nan"))
    return GlobalTest(float(statistic), df, float(chdtrc(df, statistic)))


def quadratic_form(vector: FloatArray, matrix: FloatArray) -> float:
    """vector' matrix^-1 vector."""
    return float(vector @ solve_scaled(matrix, vector)) if vector.size else float("nan")


@dataclass(frozen=True, slots=True, eq=False)
class Baseline:
    """Cumulative baseline hazard of each stratum, all covariates 0."""

    strata: tuple[object, ...]
    time: tuple[FloatArray, ...]
    """Per stratum the distinct event times."""
    cumulative_hazard: tuple[FloatArray, ...]

    def at(self, times: ArrayLike, stratum: object = None) -> FloatArray:
        """(m,) cumulative hazard at times of one stratum; the stratum may be left out if there is one."""
        t = _validate.times(np.atleast_1d(np.asarray(times)), "times")
        if stratum is None and len(self.strata) == 1:
            k = 0
        elif stratum in self.strata:
            k = self.strata.index(stratum)
        else:
            raise InputError(f"stratum: {stratum!r} is not one of {list(self.strata)}. Hint: name one of them.")
        row = np.searchsorted(self.time[k], t, side="right")
        return np.append(0.0, self.cumulative_hazard[k])[row]


@dataclass(frozen=True, slots=True, eq=False)
class RegressionFit:
    """p coefficients on the log scale (log hazard, subdistribution hazard, rate or odds ratio)."""

    method: str
    names: tuple[str, ...]
    n: int
    """Rows."""
    n_events: int
    status: str
    """"estimated", "monotone likelihood" (a coefficient is infinite), "not identifiable" (a covariate is constant
    or determined by others), "no events" or "not converged"."""
    coefficient_status: tuple[str, ...]
    """Of each coefficient, in the same words."""
    variance_type: str
    """"model" (inverse information), "robust" (sandwich) or "cmprsk" (with the censoring term)."""
    conf_type: str
    conf_level: float
    coefficient: FloatArray
    """(p,) plus or minus infinity under monotone likelihood, NaN if not identifiable."""
    std_error: FloatArray
    """(p,) of variance_type; NaN unless estimated."""
    model_std_error: FloatArray
    """(p,) from the inverse information."""
    conf_low: FloatArray
    conf_high: FloatArray
    statistic: FloatArray
    """(p,) z for Wald, chi-squared with one degree of freedom for profile."""
    p_value: FloatArray
    variance: FloatArray
    """(p, p) of variance_type."""
    model_variance: FloatArray
    loglik: float
    """Maximised (penalised, partial) log-likelihood; its supremum if monotone."""
    loglik_null: float
    likelihood_ratio: GlobalTest
    wald: GlobalTest
    score: GlobalTest
    baseline: Baseline | None = None

    @property
    def ratio(self) -> FloatArray:
        """(p,) exp(coefficient): hazard, rate or odds ratios."""
        with np.errstate(over="ignore"):
            return np.exp(self.coefficient)

    def predict_incidence(self, times: ArrayLike, covariates: ArrayLike, stratum: object = None) -> FloatArray:
        """(k, m): 1 - exp(-H0(t) exp(x'b)) for k rows of covariates at m times.

        The probability of the event by t after `cox` (if nothing competes), the cumulative incidence after
        `fine_gray`. InputError without a baseline hazard.
        """
        if self.baseline is None:
            raise InputError(f"predict_incidence: no baseline hazard was estimated by {self.method!r}.")
        rows = np.atleast_2d(np.asarray(covariates, dtype=np.float64))
        if rows.shape[1] != len(self.names):
            raise InputError(f"covariates: {rows.shape[1]} columns where the model has {len(self.names)}.")
        eta = self.coefficient @ covariate_table(rows, rows.shape[0])
        hazard = self.baseline.at(times, stratum)
        out: FloatArray = -np.expm1(-np.exp(eta)[:, None] * hazard)
        return out

    def to_frame(self) -> "pl.DataFrame":
        """One row per covariate."""
        import polars as pl

        columns = ("coefficient", "std_error", "conf_low", "conf_high", "statistic", "p_value", "ratio")
        with np.errstate(over="ignore"):
            limits = {"ratio_conf_low": np.exp(self.conf_low), "ratio_conf_high": np.exp(self.conf_high)}
        return pl.DataFrame(
            {"covariate": list(self.names), "status": list(self.coefficient_status)}
            | {name: getattr(self, name) for name in columns}
            | limits
        )


def spread(values: FloatArray, kept: BoolArray) -> FloatArray:
    """(p,) or (p, p) with NaN for the coefficients that were not kept."""
    where = np.flatnonzero(kept)
    out = np.full((kept.size,) * values.ndim, np.nan)
    out[np.ix_(*(where,) * values.ndim)] = values
    return out


def wald_limits(coefficient: FloatArray, std_error: FloatArray, level: float) -> tuple[FloatArray, ...]:
    """Limits, z and two-sided p, each (p,)."""
    from scipy.special import ndtr

    half = normal_quantile(level) * std_error
    with np.errstate(invalid="ignore", divide="ignore"):
        z = coefficient / std_error
    return coefficient - half, coefficient + half, z, 2 * ndtr(-np.abs(z))


def overall_status(statuses: Sequence[str], converged: bool) -> str:
    """The one word for the whole fit: what hinders most comes first."""
    for word in (NO_EVENTS, MONOTONE, NOT_IDENTIFIABLE):
        if word in statuses:
            return word
    return ESTIMATED if converged else NOT_CONVERGED
