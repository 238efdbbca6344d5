"""Tests of equal hazards (log-rank) and of equal incidences (Gray), asymptotic or by permutation as is planned."""

from typing import Any

import numpy as np

from immrecon.analyses.contrast_sample import COMPETING, EVENT, Row, Sample, absent
from immrecon.stats.comparison import (
    logrank_permutation_test,
    logrank_test,
    logrank_trend_permutation_test,
    logrank_trend_test,
)
from immrecon.stats.competing_risks import gray_permutation_test, gray_test
from immrecon.vocabulary import POOLED, ContrastMeasure, RowStatus


def test_rows(sample: Sample) -> list[Row]:
    """One test of all levels together; none where the comparison has no p-values, or no levels."""
    if not sample.shown or sample.comparison.kind == "continuous":
        return []
    measure = ContrastMeasure.INCIDENCE_TEST if sample.competes else ContrastMeasure.HAZARD_TEST
    row = sample.row(measure, POOLED, len(sample.levels), stratified_by=", ".join(sample.comparison.stratified_by))
    planned = sample.planned_n()
    below = sample.gates.exact_tests_below_planned_n
    small = planned is None or planned < below
    why = _why(planned, small, below)
    return [_permutation(sample, row, why) if small else _asymptotic(sample, row, why)]


def _why(planned: int | None, small: bool, below: int) -> str:
    if planned is None:
        return "size of the levels not planned: permutation test"
    if small:
        return f"smallest group planned with {planned}, fewer than {below}: permutation test"
    return f"smallest group planned with {planned}, at least {below}: asymptotic test"


def _name(sample: Sample) -> str:
    """Gray's test has no version for a trend: its levels are compared without order."""
    if sample.competes:
        return "Gray's test" + (", levels without order" if sample.comparison.kind == "trend" else "")
    return "log-rank test for trend" if sample.comparison.kind == "trend" else "log-rank test"


def _arguments(sample: Sample) -> dict[str, Any]:
    named = {"strata": sample.strata}
    return named | {"causes": (EVENT, COMPETING), "of_interest": EVENT} if sample.competes else named


def _asymptotic(sample: Sample, row: Row, why: str) -> Row:
    method = f"{_name(sample)}, asymptotic"
    if sample.time.size == 0:
        return absent(row, method, sample.remark("nobody at risk"))
    if sample.competes:
        test: Any = gray_test(sample.time, sample.cause, sample.level, **_arguments(sample))
    elif sample.comparison.kind == "trend":
        test = logrank_trend_test(sample.time, sample.event, sample.level, strata=sample.strata)
    else:
        test = logrank_test(sample.time, sample.event, sample.level, strata=sample.strata)
    if test.status != RowStatus.ESTIMATED:
        return absent(row, method, sample.remark(test.reason))
    found = {"statistic": test.statistic, "df": test.df, "p_value": test.p_value}
    return row | found | {"method": method, "reason": sample.remark(why, _missing(sample))}


def _permutation(sample: Sample, row: Row, why: str) -> Row:
    method = f"{_name(sample)}, permutation"
    if sample.time.size == 0:
        return absent(row, method, sample.remark("nobody at risk"))
    drawing: dict[str, Any] = {"n_resamples": sample.gates.n_resamples, "seed": sample.gates.seed}
    if sample.competes:
        test = gray_permutation_test(sample.time, sample.cause, sample.level, **_arguments(sample), **drawing)
    elif sample.comparison.kind == "trend":
        test = logrank_trend_permutation_test(sample.time, sample.event, sample.level, strata=sample.strata, **drawing)
    else:
        test = logrank_permutation_test(sample.time, sample.event, sample.level, strata=sample.strata, **drawing)
    if test.status != RowStatus.ESTIMATED:
        return absent(row, method, sample.remark(test.reason))
    drawn = (
        f"all {test.n_arrangements} arrangements"
        if test.method == "exact"
        else f"{test.n_arrangements} arrangements drawn, seed {test.seed}"
    )
    statistic = float(test.statistic) if np.isfinite(test.statistic) else None
    found = {"statistic": statistic, "df": None, "p_value": test.p_value}
    return row | found | {"method": method, "reason": sample.remark(f"{why}, {drawn}", _missing(sample))}


def _missing(sample: Sample) -> str | None:
    """Levels without anybody: the test is of the others."""
    gone = [name for position, name in enumerate(sample.levels) if not sample.of(position).any()]
    return f"nobody in {', '.join(gone)} yet" if gone else None
