"""The result frames of one run, together: what tables and the report are made from."""

from dataclasses import dataclass, fields
from typing import Any

import polars as pl

from immrecon.contracts.base import Contract
from immrecon.contracts.harmonised import CELLS
from immrecon.contracts.io import read
from immrecon.contracts.results import RESULTS


@dataclass(frozen=True)
class Results:
    """The result frames of one run, named as their contracts; `cells` is the accounting of the lab exports."""

    funnel: pl.DataFrame
    accrual: pl.DataFrame
    baseline: pl.DataFrame
    timelines: pl.DataFrame
    query_counts: pl.DataFrame
    query_status: pl.DataFrame
    cell_fates: pl.DataFrame
    visit_summary: pl.DataFrame
    visit_values: pl.DataFrame
    missed_samples: pl.DataFrame
    threshold_summary: pl.DataFrame
    profiles: pl.DataFrame
    status_counts: pl.DataFrame
    curves: pl.DataFrame
    risk_table: pl.DataFrame
    landmarks: pl.DataFrame
    quantiles: pl.DataFrame
    checks: pl.DataFrame
    ae_incidence: pl.DataFrame
    sae_reconciliation: pl.DataFrame
    ongoing_records: pl.DataFrame
    reconstitution: pl.DataFrame
    definition_estimates: pl.DataFrame
    definition_statuses: pl.DataFrame
    mean_cumulative: pl.DataFrame
    recurrent_summary: pl.DataFrame
    event_risk_table: pl.DataFrame
    contrasts: pl.DataFrame
    second_programmer: pl.DataFrame
    state_curves: pl.DataFrame
    state_occupancy: pl.DataFrame
    length_of_stay: pl.DataFrame
    trajectory_curves: pl.DataFrame
    trajectory_estimates: pl.DataFrame
    trajectory_models: pl.DataFrame
    trajectory_samples: pl.DataFrame
    trajectory_participants: pl.DataFrame
    trajectory_predictions: pl.DataFrame
    kinetic_parameters: pl.DataFrame
    kinetic_summary: pl.DataFrame
    kinetic_comparisons: pl.DataFrame
    growth_curves: pl.DataFrame
    age_reference_summary: pl.DataFrame
    age_reference_shares: pl.DataFrame
    age_reference_profiles: pl.DataFrame
    age_reference_bands: pl.DataFrame
    outcome_curves: pl.DataFrame
    outcome_risk_table: pl.DataFrame
    outcome_estimates: pl.DataFrame
    outcome_contrasts: pl.DataFrame
    external_control: pl.DataFrame
    cells: pl.DataFrame


def read_results(files: Any) -> Results:
    """The frames in `files`, which has the path of each as an attribute of its name (a rule's input, for instance).

    Raises ContractError and SourceError as `contracts.io.read`.
    """
    contracts: dict[str, Contract] = {contract.name: contract for contract in (*RESULTS, CELLS)}
    return Results(**{field.name: read(contracts[field.name], getattr(files, field.name)) for field in fields(Results)})
