"""Test of proportional hazards: the score test of Grambsch and Therneau (1994), exact as in survival 3."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike

from immrecon.errors import InputError
from immrecon.stats import _validate
from immrecon.stats._counting import tabulate
from immrecon.stats._cox import Sample, climb, informative, sample
from immrecon.stats._partial_likelihood import PartialLikelihood
from immrecon.stats._product_limit import product_limit
from immrecon.stats._regression_fit import GlobalTest, chi_squared, quadratic_form, spread
from immrecon.stats._types import FloatArray

if TYPE_CHECKING:
    import polars as pl

TRANSFORMS = ("km", "identity", "rank", "log")


@dataclass(frozen=True, slots=True, eq=False)
class ProportionalHazardsTest:
    """One test per covariate (one degree of freedom) and one of all; NaN where a coefficient is not estimated."""

    transform: str
    names: tuple[str, ...]
    statistic: FloatArray
    """(p,) chi-squared."""
    p_value: FloatArray
    overall: GlobalTest

    def to_frame(self) -> "pl.DataFrame":
        """One row per covariate, and one named "global"."""
        import polars as pl

        return pl.DataFrame(
            {
                "covariate": [*self.names, "global"],
                "statistic": np.append(self.statistic, self.overall.statistic),
                "df": [1] * len(self.names) + [self.overall.df],
                "p_value": np.append(self.p_value, self.overall.p_value),
            }
        )


def proportional_hazards_test(
    time: ArrayLike,
    event: ArrayLike,
    covariates: ArrayLike,
    *,
    names: Sequence[str] | None = None,
    entry: ArrayLike | None = None,
    strata: ArrayLike | None = None,
    weights: ArrayLike | None = None,
    ties: str = "efron",
    transform: str = "km",
) -> ProportionalHazardsTest:
    """Score test that no coefficient of Cox's model changes with g(time) (Grambsch and Therneau 1994).

    The model with x g(t) added is tested at 0 with its own information, not with the average one of the scaled
    Schoenfeld residuals. transform g: "km" (1 - S(t-), pooled and unweighted), "identity", "rank" or "log".
    Other arguments as for `cox`; ties "efron" or "breslow". R: cox.zph of survival 3.
    """
    _validate.choice("transform", transform, TRANSFORMS)
    if ties == "exact":
        raise InputError("ties: 'exact' has no test of proportional hazards. Hint: use ties='efron'.")
    raw = sample(time, event, covariates, names=names, entry=entry, strata=strata, weights=weights, ties=ties)
    data, _ = raw.centred()
    whole = data.likelihood()
    kept = informative(whole(np.zeros(data.x.shape[0])).information, whole.width, float(data.event.sum()))
    likelihood = data.columns(kept).likelihood()
    assert isinstance(likelihood, PartialLikelihood)
    p = int(kept.sum())
    top = climb(likelihood, kept, likelihood(np.zeros(p)), penalised=False).top
    statistic = np.full(p, np.nan)
    overall = chi_squared(float("nan"), p)
    if p and not top.infinite.any():
        g = _transformed(data, [s.time for s in likelihood.strata], transform)
        score, information = likelihood.time_varying_score(top.beta, g)
        for j in range(p):
            with_one = np.append(np.arange(p), p + j)
            augmented = np.append(np.zeros(p), score[j])
            statistic[j] = quadratic_form(augmented, information[np.ix_(with_one, with_one)])
        overall = chi_squared(quadratic_form(np.append(np.zeros(p), score), information), p)
    p_value = np.array([chi_squared(value, 1).p_value for value in statistic])
    return ProportionalHazardsTest(transform, data.names, spread(statistic, kept), spread(p_value, kept), overall)


def _transformed(data: Sample, times: list[FloatArray], transform: str) -> list[FloatArray]:
    """g at the event times of each stratum, centred at its mean over events (which changes no test)."""
    if transform == "log" and data.time[data.event == 1].min() <= 0:
        raise InputError("transform: 'log' of an event at time 0. Hint: use transform='km'.")
    g = [_of_time(data, t, transform) for t in times]
    every = np.concatenate(g)
    return [values - every.mean() for values in g]


def _of_time(data: Sample, t: FloatArray, transform: str) -> FloatArray:
    if transform == "identity":
        return t
    if transform == "log":
        return np.log(t)
    if transform == "rank":
        ordered = np.sort(data.time)
        below, up_to = (np.searchsorted(ordered, t, side=side) for side in ("left", "right"))
        return (below + up_to + 1) / 2
    table = tabulate(data.time, data.event, 1, entry=data.entry)
    survival = np.append(1.0, product_limit(table)[0])
    return 1.0 - survival[np.searchsorted(table.time, t, side="left")]
