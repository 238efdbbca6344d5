"""Counts over time by mixed models of their logarithm: curves, readings on declared days, models and their fit."""

from collections.abc import Iterator
from dataclasses import dataclass

import polars as pl

from immrecon.analyses.trajectory_checks import drawn_fit, model_row
from immrecon.analyses.trajectory_fit import Fitted, Layout, Terms, fitted, layout
from immrecon.analyses.trajectory_readings import Reading, curve_rows, estimate_rows
from immrecon.analyses.trajectory_sample import drawn_days, people, sample
from immrecon.config.trajectory_specs import TrajectorySpec
from immrecon.contracts.results import (
    TRAJECTORY_CURVES,
    TRAJECTORY_ESTIMATES,
    TRAJECTORY_MODELS,
    TRAJECTORY_PARTICIPANTS,
    TRAJECTORY_PREDICTIONS,
    TRAJECTORY_SAMPLES,
)
from immrecon.vocabulary import RowStatus

_DRAWN = 48
"""Days on which curves are drawn: enough to look smooth."""


@dataclass(frozen=True)
class Trajectories:
    """One frame per contract, named as it is."""

    trajectory_curves: pl.DataFrame
    trajectory_estimates: pl.DataFrame
    trajectory_models: pl.DataFrame
    trajectory_samples: pl.DataFrame
    trajectory_participants: pl.DataFrame
    trajectory_predictions: pl.DataFrame


_CONTRACTS = {
    contract.name: contract
    for contract in (
        TRAJECTORY_CURVES, TRAJECTORY_ESTIMATES, TRAJECTORY_MODELS, TRAJECTORY_SAMPLES, TRAJECTORY_PARTICIPANTS,
        TRAJECTORY_PREDICTIONS,
    )
}  # fmt: skip


def estimate_trajectory(
    adsl: pl.DataFrame, adlb: pl.DataFrame, adoc: pl.DataFrame, spec: TrajectorySpec
) -> Trajectories:
    """Every declared analyte by group, by dose level and pooled.

    log10 of the count on a natural cubic spline of sqrt(day) per group or dose level, with a random intercept per
    participant and a random slope on sqrt(day) where the locked rule keeps one. Primary: values beyond a limit count as
    such (maximum likelihood by adaptive Gauss-Hermite quadrature; standard errors from the observed information, which
    missingness at random asks for; t with between-within degrees of freedom).
    Sensitivity: REML with a value in their place, by Kenward and Roger and by Satterthwaite. Samples from the first
    day of what ends sampling on, and after death, do not enter: the curves are geometric means of those alive and
    relapse-free, later samples missing at random given the earlier ones. Groups are not randomised.
    """
    rows: dict[str, list[dict[str, object]]] = {name: [] for name in _CONTRACTS}
    rule = spec.trajectory
    everyone = None if rule is None else people(adsl, adoc, rule)
    for order, analyte in enumerate([] if rule is None else rule.analytes):
        assert rule is not None and everyone is not None  # noqa: PT018 - for the type checker
        of_analyte = sample(adlb, everyone, analyte, rule)
        days = drawn_days(rule, _DRAWN)
        drawn: list[tuple[Layout, Fitted]] = []
        for terms, codes in _terms(spec):
            which = layout(of_analyte, terms, codes, rule)
            for one in fitted(which, spec.methods.conf_level):
                reading = Reading(analyte, order, spec, rule, which, one)
                rows["trajectory_estimates"] += estimate_rows(reading, codes)
                rows["trajectory_models"].append(model_row(reading, everyone, of_analyte))
                if one.order == 0:
                    rows["trajectory_curves"] += curve_rows(reading, codes, days)
                    drawn.append((which, one))
        # By group where there is such a model, otherwise the one curve.
        estimated = [pair for pair in drawn if pair[1].status == RowStatus.ESTIMATED and pair[0].terms != "dose_level"]
        if estimated:
            unit, pages = spec.units[analyte], analyte in rule.participant_pages
            for name, parts in drawn_fit(analyte, unit, *estimated[0], days if pages else []).items():
                rows[name] += parts
    return Trajectories(**{name: contract.frame(rows[name]) for name, contract in _CONTRACTS.items()})


def _terms(spec: TrajectorySpec) -> Iterator[tuple[Terms, list[str]]]:
    yield "group", [group.code for group in spec.groups]
    yield "none", []
    if spec.dose_levels:
        yield "dose_level", [level.code for level in spec.dose_levels]
