"""Recurrent events: mean cumulative function, rates per time at risk, and the proportional-rates model."""

from collections.abc import Sequence
from dataclasses import replace

from numpy.typing import ArrayLike

from immrecon.stats._incidence_rate import IncidenceRate, RateRatio, incidence_rate, rate_ratio
from immrecon.stats._mean_cumulative import MeanCumulativeAt, MeanCumulativeFunction, mean_cumulative_function
from immrecon.stats.regression import RegressionFit, cox

__all__ = [
    "IncidenceRate",
    "MeanCumulativeAt",
    "MeanCumulativeFunction",
    "RateRatio",
    "incidence_rate",
    "mean_cumulative_function",
    "rate_model",
    "rate_ratio",
]


def rate_model(
    time: ArrayLike,
    event: ArrayLike,
    covariates: ArrayLike,
    *,
    subject: ArrayLike,
    names: Sequence[str] | None = None,
    entry: ArrayLike | None = None,
    strata: ArrayLike | None = None,
    weights: ArrayLike | None = None,
    conf_level: float = 0.95,
) -> RegressionFit:
    """Proportional rates of recurrent events, robust by subject (Lin, Wei, Yang and Ying 2000).

    Rows (entry, time] of follow-up, several per subject, with event 0 or 1 at their end; they may not overlap. The
    estimating equations are those of Andersen and Gill's model, Breslow's ties; the variance does not assume that
    events of one subject are independent. Other arguments, status and errors as for `regression.cox`.
    """
    fit = cox(
        time,
        event,
        covariates,
        names=names,
        entry=entry,
        strata=strata,
        weights=weights,
        cluster=subject,
        subject=subject,
        ties="breslow",
        conf_level=conf_level,
    )
    return replace(fit, method="rate-model")
