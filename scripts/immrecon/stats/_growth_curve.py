"""The result of fitting a curve of growth towards a plateau."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike

from immrecon.errors import InputError
from immrecon.stats import _validate
from immrecon.stats._chi_square import ESTIMATED, NOT_ESTIMABLE
from immrecon.stats._growth_shapes import SHAPES
from immrecon.stats._marginal import MarginalMeans, marginal_means
from immrecon.stats._types import FloatArray

if TYPE_CHECKING:
    import polars as pl


@dataclass(frozen=True, slots=True, eq=False)
class GrowthCurve:
    """k parameters of a curve of growth; NaN when not estimable."""

    model: str
    names: tuple[str, ...]
    """logistic: asymptote/(1 + exp((midpoint - t)/scale)); four-parameter: lower + (upper - lower)/(1 + ...);
    gompertz: asymptote exp(-displacement rate_base^t)."""
    n: int
    status: str
    reason: str | None
    conf_level: float
    estimate: FloatArray
    """(k,)"""
    std_error: FloatArray
    conf_low: FloatArray
    """Profile limits: where the F of fixing the parameter reaches its quantile; infinite where it is not seen to."""
    conf_high: FloatArray
    covariance: FloatArray
    """(k, k) s^2 (J'J)^-1."""
    residual_sd: float
    df: int
    loglik: float
    aicc: float
    """Akaike's criterion with the correction for small samples; residual variance counts as a parameter."""

    def at(self, times: ArrayLike) -> MarginalMeans:
        """Curve at times (m,), with limits by the delta method and t with n - k degrees of freedom."""
        t = _validate.sample(np.atleast_1d(np.asarray(times)), "times")
        shape = SHAPES[self.model]
        if self.status == NOT_ESTIMABLE:
            nothing = np.full(t.size, np.nan)
            return marginal_means(nothing, nothing, nothing, self.conf_level)
        slope = shape.jacobian(self.estimate, t)
        error = np.sqrt(np.einsum("mk,kl,ml->m", slope, self.covariance, slope))
        return marginal_means(shape.curve(self.estimate, t), error, np.full(t.size, float(self.df)), self.conf_level)

    def time_to_fraction(self, fraction: float) -> MarginalMeans:
        """Time at which the curve has this fraction of its asymptote (of the way from lower to upper for the
        four-parameter logistic), limits by the delta method.
        """
        if not 0 < fraction < 1:
            raise InputError(f"fraction: {fraction} is not between 0 and 1. Hint: 0.5 is half of the plateau.")
        k = len(self.names)
        slope = np.zeros(k)
        a, b = self.estimate[-2:]
        if self.model == "gompertz":
            with np.errstate(invalid="ignore", divide="ignore"):
                time = np.log(-np.log(fraction) / a) / np.log(b)
                slope[-2:] = -1 / (a * np.log(b)), -time / (b * np.log(b))
        else:
            odds = np.log(fraction / (1 - fraction))
            time = a + b * odds
            slope[-2:] = 1.0, odds
        error = np.sqrt(slope @ self.covariance @ slope)
        df = np.array([float(self.df) if self.status == ESTIMATED else np.nan])
        return marginal_means(np.array([time]), np.array([error]), df, self.conf_level)

    def to_frame(self) -> "pl.DataFrame":
        """One row per parameter; null where there is no estimate."""
        import polars as pl

        k = len(self.names)
        columns = ("estimate", "std_error", "conf_low", "conf_high")
        frame = pl.DataFrame(
            {"model": [self.model] * k, "parameter": list(self.names), "n": [self.n] * k}
            | {name: getattr(self, name) for name in columns}
            | {"aicc": [self.aicc] * k, "status": [self.status] * k, "reason": [self.reason] * k}
        )
        return frame.with_columns(pl.col(pl.Float64).fill_nan(None), pl.col("reason").cast(pl.String))
