"""Means at given rows of a design, and linear combinations of coefficients, with their limits."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy.special import ndtr, ndtri, stdtr, stdtrit

from immrecon.stats._types import FloatArray

if TYPE_CHECKING:
    import polars as pl


@dataclass(frozen=True, slots=True, eq=False)
class MarginalMeans:
    """Means or contrasts on the scale of the values, arrays of shape (k,)."""

    estimate: FloatArray
    std_error: FloatArray
    df: FloatArray
    """Degrees of freedom of t; infinite where the reference is the normal distribution."""
    conf_low: FloatArray
    conf_high: FloatArray
    conf_level: float
    statistic: FloatArray
    """Estimate over standard error: the test that it is 0."""
    p_value: FloatArray

    def to_frame(self) -> "pl.DataFrame":
        """One row per mean or contrast; null where there is none."""
        import polars as pl

        names = ("estimate", "std_error", "df", "conf_low", "conf_high", "statistic", "p_value")
        frame = pl.DataFrame({name: getattr(self, name) for name in names})
        return frame.with_columns(pl.col(pl.Float64).fill_nan(None))


def two_sided_quantile(df: FloatArray, conf_level: float) -> FloatArray:
    """Quantile of t, or of the normal distribution where df is infinite."""
    finite = np.isfinite(df)
    upper = 0.5 + conf_level / 2
    out = np.where(finite, stdtrit(np.where(finite, df, 1.0), upper), ndtri(upper))
    return np.where(np.isnan(df), np.nan, out)


def two_sided_p(statistic: FloatArray, df: FloatArray) -> FloatArray:
    """Two-sided p of t with df degrees of freedom, normal where df is infinite."""
    finite = np.isfinite(df)
    size = -np.abs(statistic)
    out = 2 * np.where(finite, stdtr(np.where(finite, df, 1.0), size), ndtr(size))
    return np.where(np.isnan(df), np.nan, out)


def marginal_means(
    estimate: FloatArray, std_error: FloatArray, df: FloatArray, conf_level: float, factor: float = 1.0
) -> MarginalMeans:
    """Limits estimate -+ quantile x factor x std_error; the test uses the same factor."""
    half = two_sided_quantile(df, conf_level) * factor * std_error
    with np.errstate(invalid="ignore", divide="ignore"):
        statistic = estimate / (factor * std_error)
    return MarginalMeans(
        estimate,
        std_error,
        df,
        estimate - half,
        estimate + half,
        conf_level,
        statistic,
        two_sided_p(statistic, df),
    )
