"""Normal linear model of values of which some are only known to lie beyond a limit, by maximum likelihood.

A value above a limit is, with the signs of value and design turned, one below it: the distribution is symmetric.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import chdtri

from immrecon.errors import InputError
from immrecon.stats._chi_square import ESTIMATED, NOT_ESTIMABLE
from immrecon.stats._design import design_matrix, independent_columns
from immrecon.stats._marginal import MarginalMeans, marginal_means
from immrecon.stats._mills import LOG_ROOT_TWO_PI, left_tail
from immrecon.stats._types import BoolArray, FloatArray

if TYPE_CHECKING:
    import polars as pl

CONF_TYPES = ("t", "wald", "profile")
FEWEST_DETECTED = 3
"""With two measured values or fewer there is no estimate."""
_ITERATIONS, _HALVINGS = 200, 60
_CONVERGED = 1e-22
# Residual spread, relative to that of the values, below which the measured values lie on the model.
_NO_SPREAD = 1e-9


@dataclass(frozen=True, slots=True, eq=False)
class CensoredNormal:
    """p coefficients of the mean of a normal distribution, on the scale of the values (log10 of counts)."""

    method: str
    names: tuple[str, ...]
    n: int
    n_below: int
    """Values below their limit."""
    n_above: int
    """Values above their limit."""
    status: str
    """"estimated" or "not estimable", then with `reason` and NaN for every number."""
    reason: str | None
    conf_type: str
    conf_level: float
    df: float
    """Of the t distribution: measured values minus p; infinite for "wald" and "profile"."""
    coefficient: FloatArray
    """(p,)"""
    std_error: FloatArray
    """(p,) from the inverse observed information, as R's survreg."""
    conf_low: FloatArray
    conf_high: FloatArray
    sd: float
    """Standard deviation of the values about their mean (maximum likelihood)."""
    log_sd_std_error: float
    variance: FloatArray
    """(p + 1, p + 1) of the coefficients and of log(sd)."""
    loglik: float
    loglik_null: float
    """With one common mean."""

    def at(self, design: ArrayLike) -> MarginalMeans:
        """Means at k rows of the design, (k, p) or (p,), with standard error and limits of `conf_type`.

        For "profile" the limits are those of "t": a profile is of coefficients only.
        """
        p = len(self.names)
        rows = design_matrix(np.atleast_2d(np.asarray(design)), np.atleast_2d(np.asarray(design)).shape[0])
        if rows.shape[1] != p:
            raise InputError(f"design: {rows.shape[1]} columns where the model has {p}.")
        conf_type = "t" if self.conf_type == "profile" else self.conf_type
        df, factor = _reference(conf_type, self.n - self.n_below - self.n_above, p)
        return marginal_means(
            rows @ self.coefficient,
            np.sqrt(np.einsum("kp,pq,kq->k", rows, self.variance[:p, :p], rows)),
            np.full(rows.shape[0], df),
            self.conf_level,
            factor,
        )

    def to_frame(self) -> "pl.DataFrame":
        """One row per coefficient; null where there is no estimate."""
        import polars as pl

        p = len(self.names)
        frame = pl.DataFrame(
            {"coefficient": list(self.names), "n": [self.n] * p, "n_below": [self.n_below] * p}
            | {"n_above": [self.n_above] * p}
            | {"estimate": self.coefficient, "std_error": self.std_error}
            | {"conf_low": self.conf_low, "conf_high": self.conf_high, "sd": [self.sd] * p}
            | {"conf_type": [self.conf_type] * p, "status": [self.status] * p, "reason": [self.reason] * p}
        )
        return frame.with_columns(pl.col(pl.Float64).fill_nan(None), pl.col("reason").cast(pl.String))


@dataclass(frozen=True, slots=True, eq=False)
class _Optimum:
    beta: FloatArray
    sigma: float
    loglik: float
    converged: bool


def fit_censored_normal(
    value: FloatArray,
    below: BoolArray,
    above: BoolArray,
    design: FloatArray,
    names: tuple[str, ...],
    conf_type: str,
    conf_level: float,
) -> CensoredNormal:
    """The fit of checked arrays; see `immrecon.stats.longitudinal.censored_normal`."""
    n, p = design.shape
    n_below, n_above = int(below.sum()), int(above.sum())
    detected = n - n_below - n_above
    found: _Optimum | None = None
    why = _why_not(value, below, above, design)
    sign = np.where(above, -1.0, 1.0)
    value, below, design = value * sign, below | above, design * sign[:, None]
    if why is None:
        found = _maximum(value, below, design)
        if found is None:
            why = "the likelihood has no maximum: the measured values do not vary about the model"
        elif not found.converged:
            why = "the maximum of the likelihood was not found"
    if why is not None or found is None:
        nothing = np.full(p, np.nan)
        return CensoredNormal(
            "censored-normal", names, n, n_below, n_above, NOT_ESTIMABLE, why, conf_type, conf_level, float("nan"),
            nothing, nothing, nothing, nothing, float("nan"), float("nan"), np.full((p + 1, p + 1), np.nan),
            float("nan"), float("nan"),
        )  # fmt: skip
    variance = np.asarray(np.linalg.inv(_information(value, below, design, found.beta, found.sigma)), dtype=np.float64)
    error = np.sqrt(np.diag(variance))
    df, factor = _reference(conf_type, detected, p)
    if conf_type == "profile":
        low, high = _profile_limits(value, below, design, found, error[:p], conf_level)
    else:
        means = marginal_means(found.beta, error[:p], np.full(p, df), conf_level, factor)
        low, high = means.conf_low, means.conf_high
    null = found if np.array_equal(design, sign[:, None]) else _maximum(value, below, sign[:, None])
    return CensoredNormal(
        method="censored-normal",
        names=names,
        n=n,
        n_below=n_below,
        n_above=n_above,
        status=ESTIMATED,
        reason=None,
        conf_type=conf_type,
        conf_level=conf_level,
        df=df,
        coefficient=found.beta,
        std_error=error[:p],
        conf_low=low,
        conf_high=high,
        sd=found.sigma,
        log_sd_std_error=float(error[p]),
        variance=variance,
        loglik=found.loglik,
        loglik_null=float("nan") if null is None else null.loglik,
    )


def _reference(conf_type: str, detected: int, p: int) -> tuple[float, float]:
    """Degrees of freedom and the factor of the standard error: Student's interval when all values are measured."""
    if conf_type != "t":
        return float("inf"), 1.0
    return float(detected - p), float(np.sqrt(detected / (detected - p)))


def _why_not(value: FloatArray, below: BoolArray, above: BoolArray, design: FloatArray) -> str | None:
    measured = ~(below | above)
    detected, p = int(measured.sum()), design.shape[1]
    beyond, within = (
        ("beyond a limit", "within the limits") if above.any() else ("below the limit", "at or above the limit")
    )
    if value.size == 0:
        return "no value"
    if len(independent_columns(design)) < p:
        return "the columns of the design determine each other"
    if detected == 0:
        return f"all {value.size} values are {beyond}"
    if detected < max(FEWEST_DETECTED, p + 1):
        return f"only {detected} of {value.size} values are {within}"
    if len(independent_columns(design[measured])) < p:
        return f"the values {within} do not determine every coefficient"
    return None


def _maximum(value: FloatArray, below: BoolArray, design: FloatArray) -> _Optimum | None:
    """Newton on Olsen's (1978) parameters beta/sigma and 1/sigma, in which the log-likelihood is concave.

    None where it rises for ever (no residual variation).
    """
    measured = ~below
    q, r = np.linalg.qr(design)
    centre, spread = float(value[measured].mean()), float(value[measured].std())
    start = np.linalg.lstsq(q[measured], value[measured], rcond=None)[0]
    residual = value[measured] - q[measured] @ start
    rms = float(np.sqrt(np.mean(residual**2)))
    if spread <= _NO_SPREAD * max(abs(centre), 1e-300) or rms <= _NO_SPREAD * spread:
        return None
    scale = rms
    y = value / scale
    theta = np.append(start / scale, 1.0)
    loglik, score, information = _olsen(y, below, q, theta)
    gain = np.inf
    for _ in range(_ITERATIONS):
        step = np.linalg.solve(information, score)
        gain = float(score @ step)
        if not gain > _CONVERGED:
            break
        better = False
        for _ in range(_HALVINGS):
            trial = theta + step
            if trial[-1] > 0:
                found = _olsen(y, below, q, trial)
                if found[0] >= loglik - 1e-14 * (1 + abs(loglik)):
                    better = True
                    break
            step = step / 2
        if not better or (trial == theta).all():
            break
        theta, (loglik, score, information) = trial, found
        if theta[-1] * _NO_SPREAD * spread / scale > 1:
            return None
    sigma = scale / theta[-1]
    beta = np.linalg.solve(r, theta[:-1] * sigma) if q.shape[1] else np.empty(0)
    total = loglik - float(measured.sum()) * np.log(scale)
    return _Optimum(beta, float(sigma), float(total), bool(gain < 1e-10))


def _olsen(
    y: FloatArray, below: BoolArray, design: FloatArray, theta: FloatArray
) -> tuple[float, FloatArray, FloatArray]:
    """Log-likelihood, score and information in (beta/sigma, 1/sigma); signs of what lies above a limit are turned."""
    direction = np.column_stack((-design, y))
    e = direction @ theta
    measured = ~below
    log_p, slope, curve = left_tail(e[below])
    count, last = float(measured.sum()), theta[-1]
    loglik = count * (np.log(last) - LOG_ROOT_TWO_PI) - 0.5 * float(e[measured] @ e[measured]) + float(log_p.sum())
    pull = np.where(measured, -e, 0.0)
    pull[below] = slope
    weight = np.ones_like(e)
    weight[below] = curve
    score = direction.T @ pull
    score[-1] += count / last
    information = direction.T @ (direction * weight[:, None])
    information[-1, -1] += count / last**2
    return loglik, score, information


def _information(value: FloatArray, below: BoolArray, design: FloatArray, beta: FloatArray, sigma: float) -> FloatArray:
    """Observed information about (beta, log sigma)."""
    e = (value - design @ beta) / sigma
    weight, cross, own = np.ones_like(e), 2 * e, 2 * e * e
    _, slope, curve = left_tail(e[below])
    weight[below] = curve
    cross[below] = curve * e[below] - slope
    own[below] = (curve * e[below] - slope) * e[below]
    x = design / sigma
    p = design.shape[1]
    out = np.empty((p + 1, p + 1))
    out[:p, :p] = x.T @ (x * weight[:, None])
    out[:p, p] = out[p, :p] = x.T @ cross
    out[p, p] = own.sum()
    return out


def _profile_limits(
    value: FloatArray,
    below: BoolArray,
    design: FloatArray,
    top: _Optimum,
    std_error: FloatArray,
    conf_level: float,
) -> tuple[FloatArray, FloatArray]:
    """Where twice the drop of the log-likelihood is the chi-squared quantile; infinite if it never is."""
    target = float(chdtri(1, 1 - conf_level))
    low, high = np.empty_like(std_error), np.empty_like(std_error)
    for j in range(std_error.size):
        others = np.delete(design, j, axis=1)

        def drop(at: float, column: FloatArray = design[:, j], others: FloatArray = others) -> float:
            # A coefficient fixed at a value is an offset, of the limits too.
            found = _maximum(value - at * column, below, others)
            return np.inf if found is None else 2 * (top.loglik - found.loglik) - target

        low[j] = _crossing(drop, float(top.beta[j]), -float(std_error[j]))
        high[j] = _crossing(drop, float(top.beta[j]), float(std_error[j]))
    return low, high


def _crossing(drop: Callable[[float], float], start: float, step: float) -> float:
    from scipy.optimize import brentq

    inner, outer = start, start + 2 * step
    for _ in range(40):
        if drop(outer) > 0:
            return float(brentq(drop, inner, outer, xtol=1e-13 * (1 + abs(start)), rtol=1e-13))
        inner, outer = outer, outer + 2 * (outer - start)
    return float(np.copysign(np.inf, step))
