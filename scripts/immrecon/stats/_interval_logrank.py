"""Comparison of groups with interval-censored times: linear rank scores (Fay and Shaw 2010)."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import chdtrc, ndtr, xlogy

from immrecon.stats import _validate
from immrecon.stats._chi_square import ESTIMATED, NOT_ESTIMABLE
from immrecon.stats._design import labels
from immrecon.stats._maximise import solve_scaled
from immrecon.stats._turnbull import Turnbull, fit_turnbull, intervals
from immrecon.stats._types import FloatArray, IntArray

if TYPE_CHECKING:
    import polars as pl

METHODS = ("permutation", "score")


@dataclass(frozen=True, slots=True, eq=False)
class IntervalLogrank:
    """Test that the distribution of the time is the same in all groups."""

    scores: str
    method: str
    groups: tuple[object, ...]
    n: IntArray
    """(K,) participants."""
    score: FloatArray
    """(K,) sum of the scores: positive where events come early."""
    statistic: float
    """Chi-squared with K - 1 degrees of freedom; NaN if not estimable."""
    df: int
    z: float
    """Two groups: signed root of the statistic, positive if events come earlier in the first group; else NaN."""
    p_value: float
    status: str
    """"estimated" or "not estimable"."""
    reason: str | None

    def to_frame(self) -> "pl.DataFrame":
        """One row per group, the test repeated in each; null where there is no test."""
        import polars as pl

        frame = pl.DataFrame({"group": [str(g) for g in self.groups], "n": self.n, "score": self.score})
        shared = {name: getattr(self, name) for name in ("scores", "method", "statistic", "df", "p_value")}
        told = [pl.lit(v, dtype=pl.String).alias(k) for k, v in (("status", self.status), ("reason", self.reason))]
        return frame.with_columns(pl.lit(v).alias(k) for k, v in shared.items()).with_columns(
            pl.col("statistic", "p_value").fill_nan(None), *told
        )


class _Derivatives(NamedTuple):
    """Of S(t | beta) on the grid S_0 = 1, ..., S_m = 0 at beta = 0: by beta, twice, and by beta and S (m+1, m+1)."""

    first: FloatArray
    second: FloatArray
    mixed: FloatArray


def _proportional_hazards(s: FloatArray) -> _Derivatives:
    log_s = np.log(np.where(s > 0, s, 1.0))
    first: FloatArray = np.asarray(xlogy(s, s), dtype=np.float64)
    return _Derivatives(first, first * (1 + log_s), np.diag(1 + log_s))


def _proportional_odds(s: FloatArray) -> _Derivatives:
    first = -s * (1 - s)
    return _Derivatives(first, first * (2 * s - 1), np.diag(2 * s - 1))


def _discrete_logistic(s: FloatArray) -> _Derivatives:
    hazard = 1 - s[1:] / s[:-1]
    total = np.append(0.0, np.cumsum(hazard))
    spread = np.append(0.0, np.cumsum(hazard * (1 - hazard)))
    mixed = -np.diag(total)
    for k in range(1, s.size):  # S_k sum of hazards until k: each hazard is 1 - S_j / S_(j-1)
        mixed[k, 1 : k + 1] += s[k] / s[:k]
        mixed[k, 1:k] -= s[k] * s[2 : k + 1] / s[1:k] ** 2
    return _Derivatives(-s * total, s * (total**2 - spread), mixed)


_MODELS: dict[str, Callable[[FloatArray], _Derivatives]] = {
    "logrank": _proportional_hazards,
    "sun": _discrete_logistic,
    "wilcoxon": _proportional_odds,
}
SCORES = tuple(_MODELS)


def interval_logrank(
    left: ArrayLike,
    right: ArrayLike,
    group: ArrayLike,
    *,
    scores: str = "logrank",
    method: str = "permutation",
) -> IntervalLogrank:
    """Test of K groups whose times are known to lie in (left, right] (arguments as for `turnbull`).

    scores: "logrank" from proportional hazards (Finkelstein 1986; R interval's logrank2), "sun" from the discrete
    logistic model (Sun 1996; logrank1), "wilcoxon" from proportional odds (wmw). method: "permutation" refers the sum
    of scores to its permutation distribution by the central limit theorem, which needs follow-up schedules not to
    depend on the group; "score" uses the observed information with the masses of the pooled estimate as nuisance.
    Not estimable with one group, or when the data put nobody's time before another's. Raises InputError for arrays
    that cannot be worked on.
    """
    _validate.choice("scores", scores, SCORES)
    _validate.choice("method", method, METHODS)
    low, high = intervals(left, right)
    code, found = labels(group, "group", low.size)
    size = len(found) if low.size else 0
    member = (code[:, None] == np.arange(size)).astype(np.float64)
    n = member.sum(axis=0).astype(np.int64)
    if size < 2:
        reason, nan = "fewer than two groups have participants", float("nan")
        return IntervalLogrank(scores, method, found[:size], n, np.zeros(size), nan, 0, nan, nan, NOT_ESTIMABLE, reason)
    fit = fit_turnbull(low, high)
    survival = np.append(1.0, 1.0 - np.cumsum(fit.mass))
    survival[-1] = 0.0
    derivatives = _MODELS[scores](survival)
    score = _differences(fit, derivatives.first) / _differences(fit, survival)
    totals = score @ member
    last = member[:, 1:]
    if method == "permutation":
        spread = ((score - score.mean()) ** 2).sum() / max(low.size - 1, 1)
        centred = last - last.mean(axis=0)
        variance = spread * centred.T @ centred
    else:
        variance = _efficient_information(fit, survival, derivatives, last)
    return _result(scores, method, found, n, totals, variance)


def _result(
    scores: str, method: str, found: tuple[object, ...], n: IntArray, totals: FloatArray, variance: FloatArray
) -> IntervalLogrank:
    df = len(found) - 1
    statistic = z = p_value = np.nan
    status = NOT_ESTIMABLE
    reason: str | None = "the data put nobody's time before another's"
    if (np.diag(variance) > 1e-12 * (1 + totals[1:] ** 2)).all():
        status, reason = ESTIMATED, None
        statistic = float(totals[1:] @ solve_scaled(variance, totals[1:]))
        p_value = float(chdtrc(df, statistic))
        if df == 1:
            z = float(-totals[1] / np.sqrt(variance[0, 0]))
            p_value = float(2 * ndtr(-abs(z)))
    return IntervalLogrank(scores, method, found, n, totals, statistic, df, z, p_value, status, reason)


def _differences(fit: Turnbull, values: FloatArray) -> FloatArray:
    """(n,) value before each participant's first interval less that after the last: for S its probability."""
    out: FloatArray = values[fit.first] - values[fit.last + 1]
    return out


def _efficient_information(fit: Turnbull, s: FloatArray, d: _Derivatives, member: FloatArray) -> FloatArray:
    """Observed information (K-1, K-1) about the group effects, that about the masses taken out."""
    n, inner = fit.first.size, slice(1, s.size - 1)
    w = np.zeros((n, s.size))
    np.add.at(w, (np.arange(n), fit.first), 1.0)
    np.add.at(w, (np.arange(n), fit.last + 1), -1.0)
    probability = w @ s
    slope = (w @ d.first) / probability
    own = slope**2 - (w @ d.second) / probability
    with_masses = (slope[:, None] * w - w @ d.mixed)[:, inner] / probability[:, None]
    masses = w[:, inner] / probability[:, None]
    effect = (member * own[:, None]).T @ member
    cross = member.T @ with_masses
    information = masses.T @ masses
    if information.size == 0:
        return effect
    out: FloatArray = effect - cross @ solve_scaled(information, cross.T)
    return out
