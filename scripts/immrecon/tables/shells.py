"""The tables of a run: `table_stems` says which there are, `build_tables` builds them."""

from collections.abc import Callable
from functools import partial

from immrecon.config.display import DisplaySpec
from immrecon.config.study import Analyte
from immrecon.exhibits import age_visits_stem, doses_stem, kinetics_stem, table_stems, visits_stem
from immrecon.tables import (
    age_reference,
    contrasts,
    definition_grid,
    disposition,
    events,
    external,
    growth_curves,
    kinetics,
    missed_samples,
    multistate,
    ongoing,
    outcome,
    quality,
    reconstitution,
    recovery,
    safety,
    trajectory,
    tte,
    visit_doses,
)
from immrecon.tables.model import Table
from immrecon.tables.results import Results

__all__ = ["build_tables", "doses_stem", "summarised", "table_stems", "visits_stem"]

_Maker = Callable[[Results, DisplaySpec], Table]

_MAKERS: dict[str, _Maker] = {
    "funnel": disposition.funnel,
    "baseline": disposition.baseline,
    "reconstitution_status": recovery.reconstitution_status,
    "reconstitution": reconstitution.reconstitution,
    "definition_grid": definition_grid.definition_grid,
    "missed_samples": missed_samples.missed_samples,
    "kinetic_sensitivity": kinetics.kinetic_sensitivity,
    "kinetic_comparisons": kinetics.kinetic_comparisons,
    "growth_curves": growth_curves.growth_curves,
    "age_limits": age_reference.limits,
    "landmarks": tte.landmarks,
    "quantiles": tte.quantiles,
    "recurrent_events": events.recurrent_events,
    "state_occupancy": multistate.state_occupancy,
    "contrasts": contrasts.contrasts,
    "trajectory_estimates": trajectory.trajectory_estimates,
    "trajectory_models": trajectory.trajectory_models,
    "outcome_estimates": outcome.outcome_estimates,
    "outcome_contrasts": outcome.outcome_contrasts,
    "external_control": external.external_control,
    "adverse_events": safety.adverse_events,
    "sae_reconciliation": safety.sae_reconciliation,
    "ongoing_records": ongoing.ongoing_records,
    "cell_funnel": quality.cell_funnel,
    "cells": quality.cells,
    "query_status": quality.query_status,
    "queries": quality.queries,
    "checks": quality.checks,
}


def summarised(spec: DisplaySpec) -> list[Analyte]:
    """Analytes that have a table by visit."""
    return [analyte for analyte in spec.analytes if analyte.summarised]


def build_tables(results: Results, spec: DisplaySpec) -> dict[str, Table]:
    """Every table by its stem, in the order of `table_stems`.

    Raises ContractError: totals that do not reconcile, a confidence level other than configured, a number that is not
    finite.
    """
    by_visit: dict[str, _Maker] = {
        visits_stem(item.code): partial(recovery.visits, analyte=item) for item in summarised(spec)
    }
    in_numbers: dict[str, _Maker] = {
        kinetics_stem(item.code): partial(kinetics.kinetic_summary, analyte=item) for item in spec.analytes
    }
    shown = [] if spec.age_limits is None else spec.age_limits.analytes
    by_age: dict[str, _Maker] = {
        age_visits_stem(item.code): partial(age_reference.visits, analyte=item) for item in shown
    }
    by_dose: dict[str, _Maker] = {
        doses_stem(item.code): partial(visit_doses.visits_by_dose, analyte=item) for item in summarised(spec)
    }
    makers = {**_MAKERS, **by_visit, **by_dose, **in_numbers, **by_age}
    return {stem: makers[stem](results, spec) for stem in table_stems(spec)}
