"""Log-rank tests: weights at the event times, observed minus expected, and the scores of the participants."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from immrecon.errors import InputError
from immrecon.stats import _validate
from immrecon.stats._groups import GroupTable, Label
from immrecon.stats._types import FloatArray, IntArray

if TYPE_CHECKING:
    import polars as pl

FLEMING_HARRINGTON = "fleming-harrington"
WEIGHTINGS = ("log-rank", "gehan-breslow", "tarone-ware", "peto-peto", FLEMING_HARRINGTON)


@dataclass(frozen=True, slots=True)
class Weighting:
    """Name of the weights W(t), and the exponents of S(t-)^rho (1 - S(t-))^gamma."""

    name: str
    rho: float
    gamma: float

    def __post_init__(self) -> None:
        _validate.choice("weighting", self.name, WEIGHTINGS)
        for name, value in (("rho", self.rho), ("gamma", self.gamma)):
            if not 0 <= value < float("inf"):
                raise InputError(f"{name}: {value} is not a finite number from 0 on. Hint: 0 or 1.")
            if value and self.name != FLEMING_HARRINGTON:
                raise InputError(f"{name}: belongs to weighting={FLEMING_HARRINGTON!r}. Hint: leave it out.")

    @property
    def constant(self) -> bool:
        """W is 1 at every time."""
        return self.name in ("log-rank", FLEMING_HARRINGTON) and self.rho == 0 and self.gamma == 0

    def at(self, events: FloatArray, at_risk: FloatArray) -> FloatArray:
        """W (J,) from pooled events and numbers at risk at the J event times."""
        if self.name == "gehan-breslow":
            return at_risk
        if self.name == "tarone-ware":
            root: FloatArray = np.sqrt(at_risk)
            return root
        if self.name == "peto-peto":
            modified: FloatArray = np.cumprod(1 - events / (at_risk + 1), dtype=np.float64)
            return modified
        if self.constant:
            return np.ones_like(at_risk)
        survival = np.cumprod(1 - events / at_risk)
        before = np.append(1.0, survival[:-1])[: survival.size]
        weight: FloatArray = before**self.rho * (1 - before) ** self.gamma
        return weight


@dataclass(frozen=True, slots=True, eq=False)
class LogrankTest:
    """Weighted log-rank test of K groups; statistic and p_value are NaN when not estimable, with the reason."""

    weighting: str
    rho: float
    gamma: float
    groups: tuple[Label, ...]
    n: IntArray
    """(K,) participants."""
    n_events: IntArray
    """(K,)"""
    observed: FloatArray
    """(K,) sum of W d_k over strata and times; without weights the number of events."""
    expected: FloatArray
    """(K,) sum of W d Y_k/Y."""
    variance: FloatArray
    """(K, K) hypergeometric covariance of observed - expected."""
    z: float
    """Two groups: (observed - expected)/sqrt(variance) of the first group; otherwise NaN."""
    statistic: float
    """Chi-square."""
    df: int
    p_value: float
    status: str
    """"estimated" or "not estimable"."""
    reason: str | None

    def to_frame(self) -> "pl.DataFrame":
        """One row per group, the test repeated in each; null where there is no test."""
        import polars as pl

        per_group = {name: getattr(self, name) for name in ("n", "n_events", "observed", "expected")}
        shared = {name: getattr(self, name) for name in ("statistic", "df", "p_value", "status", "reason")}
        frame = pl.DataFrame({"group": [str(g) for g in self.groups], "weighting": self.weighting} | per_group)
        schema = {"statistic": pl.Float64, "df": pl.Int64, "p_value": pl.Float64, "status": pl.String}
        tests = [pl.lit(v, dtype=schema.get(k, pl.String)).alias(k) for k, v in shared.items()]
        return frame.with_columns(tests).with_columns(pl.col("statistic", "p_value").fill_nan(None))


def observed_expected(table: GroupTable, weighting: Weighting) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Observed (K,), expected (K,) and covariance (K, K) of one stratum (Mantel 1966; Harrington and Fleming 1982)."""
    events, y_group = table.n_event[:, 0], table.n_risk
    d = events.sum(axis=0)
    at = d.nonzero()[0]
    if at.size < d.size:
        d, events, y_group = d.take(at), events.take(at, axis=1), y_group.take(at, axis=1)
    d_, y = d.astype(np.float64), y_group.sum(axis=0).astype(np.float64)
    share = y_group / y
    spread = (y - d_) * d_
    if weighting.constant:
        observed = events.sum(axis=1).astype(np.float64)
    else:
        weight = weighting.at(d_, y)
        spread *= weight
        spread *= weight
        d_ *= weight
        observed = events @ weight
    y -= 1
    spread /= np.maximum(y, 1, out=y)  # the last one has no spread
    expected = share @ d_
    if len(share) == 2:
        of_one = float((share[0] * share[1]) @ spread)
        return observed, expected, np.array([[of_one, -of_one], [-of_one, of_one]])
    scaled = share * spread
    variance = np.diag(scaled.sum(axis=1)) - scaled @ share.T
    return observed, expected, variance


def scores(time: FloatArray, event: IntArray, table: GroupTable, weighting: Weighting) -> FloatArray:
    """(n,) what each participant adds to observed - expected of their own group.

    W(t_i) event_i - sum over u <= t_i of W d/Y; unweighted, event minus the Nelson-Aalen estimate at the time.
    """
    d, y = table.n_event[:, 0].sum(axis=0), table.n_risk.sum(axis=0).astype(np.float64)
    at = np.flatnonzero(d)
    weight, increment = np.zeros(table.time.size), np.zeros(table.time.size)
    weight[at] = weighting.at(d[at].astype(np.float64), y[at])
    increment[at] = weight[at] * d[at] / y[at]
    compensator = np.cumsum(increment)
    place = np.searchsorted(table.time, time)
    out: FloatArray = event * weight[place] - compensator[place]
    return out
