"""The result of every mixed model, linear or with values below a limit."""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import chdtrc

from immrecon.errors import InputError
from immrecon.stats._chi_square import NOT_ESTIMABLE
from immrecon.stats._design import design_matrix
from immrecon.stats._marginal import MarginalMeans, marginal_means
from immrecon.stats._mixed_reference import JointTest, Reference
from immrecon.stats._types import BoolArray, FloatArray

if TYPE_CHECKING:
    import polars as pl


@dataclass(frozen=True, slots=True, eq=False)
class MixedModel:
    """p fixed effects, q random effects of m participants, n values; NaN everywhere when not estimable."""

    method: str
    """"linear-mixed-reml", "linear-mixed-ml" or "censored-mixed-ml"."""
    names: tuple[str, ...]
    random_names: tuple[str, ...]
    """("intercept",) or ("intercept", "slope")."""
    n: int
    n_participants: int
    n_below: int
    """Values below their limit."""
    n_above: int
    """Values above their limit."""
    status: str
    """"estimated" or "not estimable"."""
    reason: str | None
    """Why it is not estimable, or what is to be known about an estimate: singular, not converged."""
    converged: bool
    singular: bool
    """A variance of the random effects is 0, or they are perfectly correlated: a simpler model fits as well."""
    df_method: str
    """"satterthwaite", "kenward-roger", "between-within" or "normal"."""
    conf_level: float
    coefficient: FloatArray
    """(p,)"""
    std_error: FloatArray
    """(p,) what limits are made of; by "between-within" after maximum likelihood larger than `covariance` says."""
    df: FloatArray
    """(p,) infinite for the normal distribution."""
    conf_low: FloatArray
    conf_high: FloatArray
    statistic: FloatArray
    p_value: FloatArray
    covariance: FloatArray
    """(p, p) of the fixed effects; adjusted for "kenward-roger"."""
    random_covariance: FloatArray
    """(q, q) of the random effects."""
    residual_sd: float
    loglik: float
    """Restricted for REML, as R's lme and lmer give it."""
    participants: tuple[object, ...]
    random_effects: FloatArray
    """(m, q) predicted (posterior mean given the estimates)."""
    random_effect_std_error: FloatArray
    """(m, q) posterior standard deviation given the estimates."""
    fitted: FloatArray
    """(n,) with the random effects, in the order of the input."""
    marginal: FloatArray
    """(n,) without them."""
    residual: FloatArray
    """(n,) value - fitted; for a value beyond its limit the expected residual, flagged in `below` or `above`."""
    below: BoolArray
    """(n,)"""
    above: BoolArray
    """(n,)"""
    reference: Reference | None = field(repr=False)

    @property
    def random_sd(self) -> FloatArray:
        """(q,) standard deviations of the random effects."""
        return np.asarray(np.sqrt(np.diag(self.random_covariance)))

    def at(self, design: ArrayLike) -> MarginalMeans:
        """Marginal means at k rows of the design, (k, p) or (p,): on the scale of the values, over participants as the
        model has them, under missingness at random. Limits as `df_method` says.
        """
        rows = self._rows(design)
        if self.reference is None:
            nothing = np.full(rows.shape[0], np.nan)
            return marginal_means(nothing, nothing, nothing, self.conf_level)
        error = np.sqrt(np.einsum("kp,pq,kq->k", rows, self.covariance, rows)) * self.reference.factor(rows)
        return marginal_means(rows @ self.coefficient, error, self.reference.df(rows), self.conf_level)

    def contrast(self, matrix: ArrayLike) -> MarginalMeans:
        """Linear combinations of the coefficients, (k, p) or (p,), each with standard error, df, limits and p."""
        return self.at(matrix)

    def test(self, matrix: ArrayLike) -> JointTest:
        """That all k combinations (k, p) of coefficients are 0: F with the denominator of `df_method`."""
        rows = self._rows(matrix)
        if self.reference is None:
            return JointTest(float("nan"), 0, float("nan"), float("nan"))
        return self.reference.test(rows, self.coefficient)

    def _rows(self, design: ArrayLike) -> FloatArray:
        table = np.asarray(design)
        table = table[None, :] if table.ndim == 1 else table
        rows = design_matrix(table, table.shape[0])
        if rows.shape[1] != len(self.names):
            raise InputError(f"design: {rows.shape[1]} columns where the model has {len(self.names)}.")
        return rows

    def to_frame(self) -> "pl.DataFrame":
        """One row per fixed effect; null where there is no estimate."""
        import polars as pl

        p = len(self.names)
        columns = ("std_error", "df", "conf_low", "conf_high", "statistic", "p_value")
        frame = pl.DataFrame(
            {"coefficient": list(self.names), "estimate": self.coefficient}
            | {name: getattr(self, name) for name in columns}
            | {"method": [self.method] * p, "df_method": [self.df_method] * p}
            | {"n": [self.n] * p, "n_participants": [self.n_participants] * p, "n_below": [self.n_below] * p}
            | {"n_above": [self.n_above] * p}
            | {"status": [self.status] * p, "reason": [self.reason] * p}
        )
        return frame.with_columns(pl.col(pl.Float64).fill_nan(None), pl.col("reason").cast(pl.String))


def not_estimable(
    method: str,
    names: tuple[str, ...],
    random_names: tuple[str, ...],
    below: BoolArray,
    above: BoolArray,
    participants: tuple[object, ...],
    df_method: str,
    conf_level: float,
    reason: str,
) -> MixedModel:
    """A model without numbers, and why."""
    nan, p, q = float("nan"), len(names), len(random_names)
    m, n = len(participants), below.size
    vector, rows = np.full(p, nan), np.full(n, nan)
    return MixedModel(
        method=method,
        names=names,
        random_names=random_names,
        n=n,
        n_participants=m,
        n_below=int(below.sum()),
        n_above=int(above.sum()),
        status=NOT_ESTIMABLE,
        reason=reason,
        converged=False,
        singular=False,
        df_method=df_method,
        conf_level=conf_level,
        coefficient=vector,
        std_error=vector,
        df=vector,
        conf_low=vector,
        conf_high=vector,
        statistic=vector,
        p_value=vector,
        covariance=np.full((p, p), nan),
        random_covariance=np.full((q, q), nan),
        residual_sd=nan,
        loglik=nan,
        participants=participants,
        random_effects=np.full((m, q), nan),
        random_effect_std_error=np.full((m, q), nan),
        fitted=rows,
        marginal=rows,
        residual=rows,
        below=below,
        above=above,
        reference=None,
    )


# A relative standard deviation below this is 0 (as lme4's isSingular), for random effects scaled to unit spread.
_SINGULAR = 1e-4


def what_to_know(relative: FloatArray, converged: bool) -> tuple[bool, str | None]:
    """Whether the relative covariance (q, q) of the scaled random effects is singular; a sentence about that and about
    a climb that did not end.
    """
    sd = np.sqrt(np.diag(relative))
    singular = bool(np.sqrt(max(np.linalg.eigvalsh(relative)[0], 0.0)) < _SINGULAR)
    said = []
    if singular and (sd < _SINGULAR).any():
        said.append("singular: a variance of the random effects is 0")
    elif singular:
        said.append("singular: random intercept and slope are perfectly correlated")
    if not converged:
        said.append("the maximum of the likelihood was not found to full precision")
    return singular, "; ".join(said) or None


@dataclass(frozen=True, slots=True)
class RandomSlopeTest:
    """Likelihood-ratio test that the slope has no variance; NaN, and why, when there is none."""

    statistic: float
    p_value: float
    status: str
    reason: str | None


def compare_random_slope(without: MixedModel, with_slope: MixedModel) -> RandomSlopeTest:
    """Twice the difference of log-likelihoods against half chi-squared(1) plus half chi-squared(2)."""
    if without.random_names != ("intercept",) or with_slope.random_names != ("intercept", "slope"):
        raise InputError("random_slope_test: needs a random intercept first and intercept with slope second.")
    same = ("method", "names", "n", "n_participants", "n_below")
    differ = [name for name in same if getattr(without, name) != getattr(with_slope, name)]
    if differ:
        raise InputError(f"random_slope_test: the models differ in {', '.join(differ)}. Hint: the same values in both.")
    nan = float("nan")
    for fit in (without, with_slope):
        if fit.status == NOT_ESTIMABLE:
            return RandomSlopeTest(nan, nan, NOT_ESTIMABLE, fit.reason)
        if not fit.converged:
            return RandomSlopeTest(nan, nan, NOT_ESTIMABLE, "a model did not converge")
    statistic = max(2 * (with_slope.loglik - without.loglik), 0.0)
    p = 0.5 * float(chdtrc(1, statistic)) + 0.5 * float(chdtrc(2, statistic))
    return RandomSlopeTest(statistic, p, with_slope.status, None)
