"""Regression of pseudo-observations: estimating equations with working independence and a sandwich variance."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike

from immrecon.errors import InputError
from immrecon.stats import _validate
from immrecon.stats._types import FloatArray

if TYPE_CHECKING:
    import polars as pl

LINKS = ("cloglog", "logit", "identity")
_MOST_STEPS = 100
_CONVERGED = 1e-12


@dataclass(frozen=True, slots=True, eq=False)
class PseudoRegression:
    """Coefficients on the scale of the link."""

    link: str
    terms: tuple[str, ...]
    """"intercept", "time 2" ... "time m" (against the first), "x1" ... "xp"."""
    estimate: FloatArray
    """(q,)"""
    std_error: FloatArray
    """(q,) robust, clustered by participant."""
    covariance: FloatArray
    """(q, q)"""
    p_value: FloatArray
    """(q,) Wald, two-sided."""

    def to_frame(self) -> "pl.DataFrame":
        """One row per term."""
        import polars as pl

        columns = {name: getattr(self, name) for name in ("estimate", "std_error", "p_value")}
        return pl.DataFrame({"term": list(self.terms)} | columns)


def pseudo_regression(values: ArrayLike, covariates: ArrayLike, *, link: str = "cloglog") -> PseudoRegression:
    """Regress pseudo-observations (n, m) on covariates (n, p), one intercept per time (Klein and Andersen 2005).

    Generalised estimating equations with constant variance and working independence (R's geese). For
    cause-specific incidence, or 1 - survival, link "cloglog" gives log subdistribution hazard ratios;
    "logit" and "identity" give log odds ratios and differences.
    Raises InputError for missing values, covariates that determine each other, or no solution.
    """
    from scipy.special import ndtr

    _validate.choice("link", link, LINKS)
    y, x = np.asarray(values, dtype=np.float64), np.asarray(covariates, dtype=np.float64)
    x = x[:, np.newaxis] if x.ndim == 1 else x
    if y.ndim != 2 or x.ndim != 2 or len(y) != len(x) or not y.size:
        raise InputError(f"values, covariates: shapes {y.shape} and {x.shape}. Hint: (n, m) and (n, p).")
    if not (np.isfinite(y).all() and np.isfinite(x).all()):
        raise InputError("values, covariates: some are missing or infinite. Hint: drop or query them first.")
    n, m = y.shape
    later = np.tile(np.eye(m)[:, 1:], (n, 1))
    design = np.column_stack((np.ones(n * m), later, np.repeat(x, m, axis=0)))
    if np.linalg.matrix_rank(design) < design.shape[1]:
        raise InputError("covariates: a column follows from the others. Hint: leave it out.")
    beta = _solve(design, y.reshape(-1), link)
    mean, slope = _mean(design @ beta, link)
    d = design * slope[:, np.newaxis]
    bread = np.linalg.inv(d.T @ d)
    per_participant = (d * (y.reshape(-1) - mean)[:, np.newaxis]).reshape(n, m, -1).sum(axis=1)
    covariance = bread @ (per_participant.T @ per_participant) @ bread
    std_error = np.sqrt(np.diag(covariance))
    names = ["intercept", *(f"time {j}" for j in range(2, m + 1)), *(f"x{j}" for j in range(1, x.shape[1] + 1))]
    with np.errstate(divide="ignore", invalid="ignore"):
        p = 2 * ndtr(-np.abs(beta / std_error))
    return PseudoRegression(link, tuple(names), beta, std_error, covariance, p)


def _mean(eta: FloatArray, link: str) -> tuple[FloatArray, FloatArray]:
    """Mean and its derivative by the linear predictor."""
    if link == "identity":
        return eta, np.ones_like(eta)
    if link == "logit":
        mean = 1 / (1 + np.exp(-eta))
        return mean, mean * (1 - mean)
    hazard = np.exp(eta)
    return -np.expm1(-hazard), hazard * np.exp(-hazard)


def _solve(design: FloatArray, y: FloatArray, link: str) -> FloatArray:
    """Gauss-Newton with step halving on the sum of squares, whose score the estimating equation is."""
    start = float(np.clip(y.mean(), 0.01, 0.99))
    origin = {"identity": start, "logit": np.log(start / (1 - start)), "cloglog": np.log(-np.log1p(-start))}[link]
    beta = np.zeros(design.shape[1])
    beta[0] = origin

    def squares(b: FloatArray) -> float:
        with np.errstate(over="ignore", invalid="ignore"):
            total = float(np.sum((y - _mean(design @ b, link)[0]) ** 2))
        return total if np.isfinite(total) else float("inf")

    for _ in range(_MOST_STEPS):
        mean, slope = _mean(design @ beta, link)
        step = np.linalg.lstsq(design * slope[:, np.newaxis], y - mean, rcond=None)[0]
        if np.max(np.abs(step)) <= _CONVERGED * (1 + np.max(np.abs(beta))):
            return beta + step
        size, now = 1.0, squares(beta)
        while squares(beta + size * step) > now * (1 + 1e-14) and size > 1e-10:
            size /= 2
        beta = beta + size * step
    raise InputError(
        "values: the estimating equation has no finite solution. Hint: fewer covariates or link='identity'."
    )
