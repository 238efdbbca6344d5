"""Ratios of hazards: Cox or Firth, Fine-Gray, and the test of proportional hazards beside them."""

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from immrecon.analyses.contrast_sample import COMPETING, EVENT, Row, Sample, absent
from immrecon.stats.regression import RegressionFit, cox, fine_gray, firth_cox, proportional_hazards_test
from immrecon.vocabulary import POOLED, ContrastMeasure


@dataclass(frozen=True, eq=False)
class _Design:
    """Columns (n, p) of a regression, and what each is about."""

    covariates: np.ndarray
    levels: list[str]
    positions: list[int]
    gone: list[tuple[str, int]]
    """Levels without anybody, which have no column."""


def ratio_rows(sample: Sample) -> list[Row]:
    """Hazard ratio per level, subdistribution hazard ratio where events compete, and the test of the model."""
    design = _design(sample)
    kept = _compared(sample, design)
    rows = _hazard_ratios(sample, design, kept)
    if sample.competes:
        rows += _subdistribution_ratios(sample, design, kept)
    return [*rows, _proportional(sample, design, kept)]


def hazard_ratio_rows(sample: Sample, fewest_at_risk: int = 1) -> list[Row]:
    """Hazard ratio per level alone, and the test of the model where every participant has one row.

    Not estimable where a level (or the reference) has fewer participants than `fewest_at_risk`.
    """
    design = _design(sample)
    kept = _compared(sample, design) or _too_few(sample, fewest_at_risk)
    rows = _hazard_ratios(sample, design, kept)
    return rows if sample.subject is not None else [*rows, _proportional(sample, design, kept)]


def _design(sample: Sample) -> _Design:
    comparison = sample.comparison
    if comparison.kind != "categorical":
        unit = (
            "unit" if comparison.per_units == 1 else f"{comparison.per_units:g} units" if comparison.per_units else ""
        )
        name = f"per {unit}" if comparison.kind == "continuous" else "per level"
        return _Design(sample.level[:, None], [name], [0], [])
    others = [(name, k) for k, name in enumerate(sample.levels) if k != sample.reference]
    there = [(name, k) for name, k in others if sample.of(k).any()]
    columns = [sample.of(k).astype(np.float64) for _, k in there]
    matrix = np.column_stack(columns) if columns else np.zeros((sample.time.size, 0))
    return _Design(
        matrix, [name for name, _ in there], [k for _, k in there], [pair for pair in others if pair not in there]
    )


def _compared(sample: Sample, design: _Design) -> str | None:
    """Why nothing can be compared, or None."""
    if sample.time.size == 0:
        return "nobody at risk"
    if sample.comparison.kind == "categorical":
        if not sample.of(sample.reference).any():
            return f"nobody in {sample.comparison.reference}, the reference"
        if not design.levels:
            return "nobody in any other level"
    elif np.unique(sample.level).size < 2:
        return "all participants have the same level" if sample.levels else "all participants have the same value"
    events, fewest = int(sample.event.sum()), sample.gates.fewest_events
    if events < fewest:
        return f"{events} {'event' if events == 1 else 'events'}, fewer than {fewest}" if events else "no event"
    return None


def _too_few(sample: Sample, fewest: int) -> str | None:
    numbers = {name: int(sample.of(k).sum()) for k, name in enumerate(sample.levels)}
    few = [f"{n} at risk in {name}" for name, n in numbers.items() if n < fewest]
    return f"{', '.join(few)}, fewer than {fewest}" if few else None


def _hazard_ratios(sample: Sample, design: _Design, hindered: str | None) -> list[Row]:
    measure = ContrastMeasure.CAUSE_SPECIFIC if sample.competes else ContrastMeasure.HAZARD_RATIO
    parameters = max(1, len(sample.levels) - 1 if sample.comparison.kind == "categorical" else 1)
    planned, gate = sample.planned_events / parameters, sample.gates.firth_below_planned_events
    small = planned < gate
    each = "" if parameters == 1 else " per parameter"
    why = f"{planned:.3g} events planned{each}, {'fewer than' if small else 'at least'} {gate:g}"
    method = "Firth's Cox model (Breslow ties)" if small else "Cox model (Efron ties)"
    robust = sample.subject is not None and not small
    variance = "robust, by participant" if robust else "model"
    about = {"conf_type": "profile penalised likelihood" if small else "Wald", "variance": variance}
    if hindered:
        return _not_estimated(sample, design, measure, method, hindered, about)
    level = sample.spec.methods.conf_level
    rows: dict[str, Any] = {"entry": sample.entry, "strata": sample.strata, "subject": sample.subject}
    if small:
        fit = firth_cox(sample.time, sample.event, design.covariates, conf_level=level, **rows)
    else:
        fit = cox(sample.time, sample.event, design.covariates, cluster=sample.subject, conf_level=level, **rows)
    return _fitted(sample, design, measure, method, fit, why, about, ", ".join(sample.comparison.stratified_by))


def _subdistribution_ratios(sample: Sample, design: _Design, hindered: str | None) -> list[Row]:
    measure, method = ContrastMeasure.SUBDISTRIBUTION, "Fine-Gray model"
    about = {"conf_type": "Wald", "variance": "cmprsk sandwich"}
    planned, gate = sample.planned_events, sample.gates.fine_gray_from_planned_events
    if planned < gate:
        few = f"{planned} events planned, fewer than {gate}"
        return _not_estimated(sample, design, measure, method, few, about)
    if hindered:
        return _not_estimated(sample, design, measure, method, hindered, about)
    fit = fine_gray(
        sample.time,
        sample.cause,
        design.covariates,
        of_interest=EVENT,
        causes=(EVENT, COMPETING),
        conf_level=sample.spec.methods.conf_level,
    )
    why = f"{planned} events planned, at least {gate}"
    if sample.strata is not None:
        why += "; not stratified"
    return _fitted(sample, design, measure, method, fit, why, about, "")


def _begin(sample: Sample, design: _Design, measure: str, name: str, position: int, stratified_by: str) -> Row:
    row = sample.row(measure, name, position, stratified_by=stratified_by)
    if sample.comparison.kind == "categorical":
        return row | sample.sides(position)
    return row | {"reference": None}


def _not_estimated(
    sample: Sample, design: _Design, measure: str, method: str, reason: str, about: dict[str, str]
) -> list[Row]:
    everyone = [*zip(design.levels, design.positions, strict=True), *design.gone]
    return [
        absent(_begin(sample, design, measure, name, k, "") | about, method, sample.remark(reason))
        for name, k in everyone
    ]


def _fitted(
    sample: Sample,
    design: _Design,
    measure: str,
    method: str,
    fit: RegressionFit,
    why: str,
    about: dict[str, str],
    stratified_by: str,
) -> list[Row]:
    rows = []
    for j, (name, k) in enumerate(zip(design.levels, design.positions, strict=True)):
        row = _begin(sample, design, measure, name, k, stratified_by) | about
        status = fit.coefficient_status[j]
        if status != "estimated" or fit.status == "not converged" or not math.isfinite(fit.coefficient[j]):
            word = _WORDS.get(status, status) if status != "estimated" else fit.status
            rows.append(absent(row, method, sample.remark(word)))
            continue
        low, high = (_ratio(limit[j]) for limit in (fit.conf_low, fit.conf_high))
        open_end = "the interval has no upper limit" if high is None else None
        rows.append(
            row
            | {
                "method": method,
                "estimate": float(fit.ratio[j]),
                "std_error": float(fit.std_error[j]),
                "conf_low": low,
                "conf_high": high,
                "statistic": float(fit.statistic[j]) if sample.shown else None,
                "df": 1 if sample.shown and fit.conf_type == "profile" else None,
                "p_value": float(fit.p_value[j]) if sample.shown else None,
                "reason": sample.remark(why, open_end),
            }
        )
    gone = [
        absent(_begin(sample, design, measure, name, k, "") | about, method, sample.remark("nobody of this level yet"))
        for name, k in design.gone
    ]
    return rows + gone


_WORDS = {
    "monotone likelihood": "all events are on one side (monotone likelihood), and the planned method has no estimate",
    "not identifiable": "the levels were never at risk together",
    "no events": "no event",
}


def _ratio(log: float) -> float | None:
    with np.errstate(over="ignore"):
        value = float(np.exp(log))
    return value if math.isfinite(value) else None


def _proportional(sample: Sample, design: _Design, hindered: str | None) -> Row:
    """Score test of Grambsch and Therneau; it is about the model, so it stands also where groups are not tested."""
    method = "Grambsch-Therneau score test (Cox, Efron ties, km transform)"
    row = sample.row(ContrastMeasure.PROPORTIONAL, POOLED, len(sample.levels))
    row |= {"stratified_by": ", ".join(sample.comparison.stratified_by)}
    if hindered:
        return absent(row, method, sample.remark(hindered))
    test = proportional_hazards_test(sample.time, sample.event, design.covariates, strata=sample.strata)
    if not math.isfinite(test.overall.statistic):
        return absent(row, method, sample.remark("a coefficient of Cox's model is infinite or cannot be identified"))
    return row | {
        "method": method,
        "statistic": test.overall.statistic,
        "df": test.overall.df,
        "p_value": test.overall.p_value,
        "reason": sample.remark("about the model, not about the groups; finds little with few events"),
    }
