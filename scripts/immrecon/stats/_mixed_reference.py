"""Against which distribution the fixed effects of a mixed model are judged: normal, or t with which df."""

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from scipy.special import chdtrc, fdtrc

from immrecon.stats._types import BoolArray, FloatArray

_SAME = 1e-8
_NONE = 1e-12


@dataclass(frozen=True, slots=True)
class JointTest:
    """Test that several combinations of coefficients are 0; NaN where there is none."""

    statistic: float
    """F, or chi-squared over df where df_denominator is infinite."""
    df: int
    """Independent combinations."""
    df_denominator: float
    p_value: float


def joint(statistic: float, df: int, denominator: float) -> JointTest:
    """With its p-value."""
    if df == 0 or not np.isfinite(statistic):
        return JointTest(float("nan"), df, float("nan"), float("nan"))
    p = float(fdtrc(df, denominator, statistic)) if np.isfinite(denominator) else float(chdtrc(df, df * statistic))
    return JointTest(statistic, df, denominator, p)


class Reference(Protocol):
    """Covariance of the fixed effects and degrees of freedom of combinations."""

    @property
    def covariance(self) -> FloatArray:
        """(p, p) used for standard errors."""

    def df(self, rows: FloatArray) -> FloatArray:
        """(k,) degrees of freedom of the combinations in (k, p) rows."""

    def factor(self, rows: FloatArray) -> FloatArray:
        """(k,) what the standard errors of the combinations are multiplied by."""

    def test(self, rows: FloatArray, beta: FloatArray) -> JointTest:
        """That all combinations are 0."""


def independent_rows(rows: FloatArray) -> FloatArray:
    """As many rows as are independent, spanning the same combinations."""
    _, size, right = np.linalg.svd(rows, full_matrices=False)
    return np.asarray(right[size > _NONE * max(size.max(initial=0.0), 1e-300)])


def wald(rows: FloatArray, beta: FloatArray, covariance: FloatArray) -> float:
    """Quadratic form over the number of independent rows."""
    estimate = rows @ beta
    square = float(estimate @ np.linalg.solve(rows @ covariance @ rows.T, estimate))
    return square / float(rows.shape[0])


def _constant(rows: FloatArray, varying: BoolArray) -> BoolArray:
    """(k,) combinations with a column that is constant within participants."""
    return np.asarray((rows[:, ~varying] != 0).any(axis=1), dtype=np.bool_)


@dataclass(frozen=True, slots=True, eq=False)
class BetweenWithin:
    """t with degrees of freedom between participants for combinations with a column that is constant within each of
    them (or whenever slopes are random), else within; `varying` None is the normal distribution.

    Maximum likelihood divides by participants (or values) where the degrees of freedom would be without bias: the
    factors undo that, exactly in a balanced layout with everything measured.
    """

    covariance: FloatArray
    varying: BoolArray | None
    between: int
    within: int
    outer: float
    """Factor of standard errors of combinations that are judged between participants."""
    inner: float

    def factor(self, rows: FloatArray) -> FloatArray:
        """(k,) see the class."""
        if self.varying is None:
            return np.ones(rows.shape[0])
        return np.where(_constant(rows, self.varying), self.outer, self.inner)

    def df(self, rows: FloatArray) -> FloatArray:
        """(k,) see the class."""
        if self.varying is None:
            return np.full(rows.shape[0], np.inf)
        return np.where(_constant(rows, self.varying), min(self.between, self.within), self.within).astype(np.float64)

    def test(self, rows: FloatArray, beta: FloatArray) -> JointTest:
        """Wald's F with the smallest degrees of freedom of its rows."""
        kept = independent_rows(rows)
        if kept.shape[0] == 0:
            return joint(float("nan"), 0, float("nan"))
        scale = float(self.factor(rows).max()) ** 2
        return joint(wald(kept, beta, self.covariance) / scale, kept.shape[0], float(self.df(rows).min()))


@dataclass(frozen=True, slots=True, eq=False)
class Satterthwaite:
    """df = 2 (l'Cl)^2 / Var(l'Cl), by the delta method in the variance parameters (Fai and Cornelius 1996)."""

    covariance: FloatArray
    slopes: FloatArray
    """(k, p, p) derivatives of the covariance in the variance parameters."""
    parameter_covariance: FloatArray
    """(k, k) twice the inverse Hessian of the deviance; flat directions left out."""

    def factor(self, rows: FloatArray) -> FloatArray:
        """(k,) ones."""
        return np.ones(rows.shape[0])

    def df(self, rows: FloatArray) -> FloatArray:
        """(k,) see the class."""
        variance = np.einsum("ip,pq,iq->i", rows, self.covariance, rows)
        slope = np.einsum("ip,kpq,iq->ik", rows, self.slopes, rows)
        spread = np.einsum("ik,kl,il->i", slope, self.parameter_covariance, slope)
        with np.errstate(divide="ignore", invalid="ignore"):
            return np.asarray(2 * variance**2 / spread)

    def test(self, rows: FloatArray, beta: FloatArray) -> JointTest:
        """F over the independent combinations, its df from theirs (Fai and Cornelius 1996; as lmerTest)."""
        kept = independent_rows(rows)
        q = kept.shape[0]
        if q == 0:
            return joint(float("nan"), 0, float("nan"))
        size, vectors = np.linalg.eigh(kept @ self.covariance @ kept.T)
        apart = vectors.T @ kept
        statistic = float(np.mean((apart @ beta) ** 2 / size))
        return joint(statistic, q, _pooled_df(self.df(apart)))


def _pooled_df(df: FloatArray) -> float:
    """Of an F that is the mean of independent squares of t."""
    if df.size == 1 or np.ptp(df) <= _SAME * df.max():
        return float(df.mean())
    if (df <= 2).any():
        return 2.0
    expected = float((df / (df - 2)).sum())
    return 2 * expected / (expected - df.size)


@dataclass(frozen=True, slots=True, eq=False)
class KenwardRoger:
    """Kenward and Roger (1997): adjusted covariance, scaled F, and its degrees of freedom."""

    covariance: FloatArray
    """Adjusted."""
    unadjusted: FloatArray
    first: FloatArray
    """(k, p, p) derivatives of the inverse covariance in the variance parameters."""
    parameter_covariance: FloatArray
    """(k, k) from the expected information."""

    def factor(self, rows: FloatArray) -> FloatArray:
        """(k,) ones."""
        return np.ones(rows.shape[0])

    def df(self, rows: FloatArray) -> FloatArray:
        """(k,) of each combination alone."""
        return np.array([self._moments(row[None, :])[1] if row.any() else np.nan for row in rows])

    def test(self, rows: FloatArray, beta: FloatArray) -> JointTest:
        """Scaled F."""
        kept = independent_rows(rows)
        if kept.shape[0] == 0:
            return joint(float("nan"), 0, float("nan"))
        scale, df = self._moments(kept)
        return joint(scale * wald(kept, beta, self.covariance), kept.shape[0], df)

    def _moments(self, rows: FloatArray) -> tuple[float, float]:
        """Scale and denominator df for independent rows (equations of section 2 and 3); NaN where there is no F."""
        q = rows.shape[0]
        phi, w = self.unadjusted, self.parameter_covariance
        theta = rows.T @ np.linalg.solve(rows @ phi @ rows.T, rows)
        parts = theta @ phi @ self.first @ phi
        traces = np.einsum("kpp->k", parts)
        a1 = float(traces @ w @ traces)
        a2 = float(np.einsum("kl,kpq,lqp->", w, parts, parts, optimize=True))
        if q == 1:  # the formulas below come down to this, also where they divide by 0
            return 1.0, 2 / a2 if a2 > 0 else np.inf
        b = (a1 + 6 * a2) / (2 * q)
        g = ((q + 1) * a1 - (q + 4) * a2) / ((q + 2) * a2)
        c1, c2, c3 = (c / (3 * q + 2 * (1 - g)) for c in (g, q - g, q + 2 - g))
        if a2 >= q or c2 * b >= 1 or c3 * b >= 1:  # the approximate F has no mean or no variance
            return float("nan"), float("nan")
        mean = 1 / (1 - a2 / q)
        spread = 2 / q * (1 + c1 * b) / ((1 - c2 * b) ** 2 * (1 - c3 * b))
        excess = q * spread / (2 * mean**2) - 1
        if not excess > 0:
            return float("nan"), float("nan")
        df = 4 + (q + 2) / excess
        return df / (mean * (df - 2)), df
