"""A second programmer: lifelines' answer to every Kaplan-Meier, log-rank and Cox estimate, beside ours.

Nothing of lifelines reaches a result; only the largest difference does. The statistics that it does differently
(statistics of competing events, weights, restricted means, proportional hazards) are not among them.
"""

from collections.abc import Sequence

import numpy as np
import polars as pl

from immrecon.analyses.contrast_sample import Row, Sample
from immrecon.analyses.strata import Stratum, strata
from immrecon.analyses.tte_checks import check_row
from immrecon.config.contrast_specs import ContrastSpec
from immrecon.stats.comparison import logrank_test
from immrecon.stats.regression import cox
from immrecon.stats.survival import kaplan_meier
from immrecon.vocabulary import POOLED, Estimator

KAPLAN_MEIER, LOGRANK, COX = "Kaplan-Meier = lifelines", "log-rank = lifelines", "Cox (Efron) = lifelines"
# At its own settings lifelines stops when the likelihood changes by less than 1e-7; these go on to the last bit.
_TO_THE_END = {"precision": 1e-24, "r_precision": 0.0, "step_size": 1.0, "max_steps": 50}


def kaplan_meier_rows(adtte: pl.DataFrame, spec: ContrastSpec) -> list[Row]:
    """Every Kaplan-Meier endpoint in the groups and together, at every observed time."""
    shown = [stratum for stratum in strata(spec.groups, spec.dose_levels) if stratum.dose_level == POOLED]
    codes = [code for code, item in spec.endpoints.endpoints.items() if item.estimator is Estimator.KAPLAN_MEIER]
    return [_kaplan_meier(adtte, code, stratum) for code in codes for stratum in shown]


def _kaplan_meier(adtte: pl.DataFrame, code: str, stratum: Stratum) -> Row:
    rows = adtte.filter(pl.col("PARAMCD") == code, pl.col("RISKFL") == "Y", stratum.rows())
    if rows.is_empty():
        return check_row(stratum.columns(), KAPLAN_MEIER, code, None, "nobody at risk")
    from lifelines import KaplanMeierFitter

    time, event = rows["AVAL"].to_numpy(), (rows["CNSR"] == 0).to_numpy()
    grid = np.unique(time)
    theirs = KaplanMeierFitter().fit(time, event).survival_function_at_times(grid).to_numpy()
    ours = kaplan_meier(time, event).at(grid).survival
    return check_row(stratum.columns(), KAPLAN_MEIER, code, float(np.abs(ours - theirs).max()), None)


def comparison_rows(samples: Sequence[Sample]) -> list[Row]:
    """The log-rank statistic and Cox coefficients (cause-specific) of every comparison, without strata."""
    return [row for sample in samples for row in (_logrank(sample), _cox(sample))]


def _everybody(sample: Sample, identity: str, difference: float | None, reason: str | None) -> Row:
    subject = f"{sample.parameter} by {sample.code}"
    return check_row({"group": POOLED, "dose_level": POOLED}, identity, subject, difference, reason)


def _logrank(sample: Sample) -> Row:
    if sample.comparison.kind == "continuous":
        return _everybody(sample, LOGRANK, None, "a continuous characteristic has no groups")
    ours = logrank_test(sample.time, sample.event, sample.level)
    if not np.isfinite(ours.statistic):
        return _everybody(sample, LOGRANK, None, ours.reason)
    from lifelines.statistics import multivariate_logrank_test

    # A group that is at risk at no event time is left out by ours and counted by theirs.
    used = np.isin(sample.level, [label for label, e in zip(ours.groups, ours.expected, strict=True) if e > 0])
    theirs = multivariate_logrank_test(sample.time[used], sample.level[used], sample.event[used]).test_statistic
    return _everybody(sample, LOGRANK, abs(float(theirs) - ours.statistic), None)


def _cox(sample: Sample) -> Row:
    columns = _columns(sample)
    if columns.shape[1] == 0 or sample.event.sum() == 0:
        return _everybody(sample, COX, None, "no event, or nothing to compare")
    ours = cox(sample.time, sample.event, columns)
    if ours.status != "estimated":
        return _everybody(sample, COX, None, ours.status)
    import pandas as pd
    from lifelines import CoxPHFitter

    frame = pd.DataFrame(columns, columns=[f"x{j}" for j in range(columns.shape[1])])
    frame = frame.assign(time=sample.time, event=sample.event)
    theirs = CoxPHFitter().fit(frame, "time", "event", fit_options=_TO_THE_END)
    return _everybody(sample, COX, float(np.abs(theirs.params_.to_numpy() - ours.coefficient).max()), None)


def _columns(sample: Sample) -> np.ndarray:
    if sample.comparison.kind != "categorical":
        several = np.unique(sample.level).size > 1
        return sample.level[:, None] if several else np.zeros((sample.time.size, 0))
    there = [k for k in range(len(sample.levels)) if sample.of(k).any()]
    return np.column_stack([sample.of(k) for k in there[1:]]).astype(float) if len(there) > 1 else np.zeros((0, 0))
