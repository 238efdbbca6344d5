"""What an analysis of outcome shares with a comparison: its gates, its levels, and participants as arrays."""

from typing import Any, Literal

import numpy as np
import polars as pl

from immrecon.analyses.contrast_sample import COMPETING, EVENT, strata_of
from immrecon.config.comparisons import ComparedEndpoint, Comparison, ComparisonsFile, Gates, PValues
from immrecon.config.contrast_specs import ContrastSpec
from immrecon.config.external_specs import ExternalSpec
from immrecon.config.outcome_specs import OutcomeSpec
from immrecon.config.outcomes import OutcomeEndpoint, OutcomeGates

Strata = Literal["group", "dose_level"]


def two_levels(
    label: str, levels: list[str], endpoints: dict[str, OutcomeEndpoint], stratified_by: list[Strata], p_values: PValues
) -> Comparison:
    """The second level against the first; without levels, per unit of a number."""
    return Comparison(
        label=label,
        factor="outcome",
        kind="categorical" if levels else "continuous",
        levels=levels,
        reference=levels[0] if levels else None,
        per_units=None if levels else 1.0,
        stratified_by=stratified_by,
        endpoints={
            code: ComparedEndpoint(planned_events=item.planned_events, restricted_mean_to_day=None)
            for code, item in endpoints.items()
        },
        p_values=p_values,
    )


def compared(
    code: str, comparison: Comparison, rows: pl.DataFrame, gates: OutcomeGates, spec: OutcomeSpec | ExternalSpec
) -> dict[str, Any]:
    """Arguments of a Sample that follow from ADTTE-like rows (AVAL, CNSR, and GROUP or DOSELVL for strata)."""
    return {
        "comparison": comparison,
        "spec": ContrastSpec(
            groups=spec.groups,
            dose_levels=spec.dose_levels,
            baseline=[],
            methods=spec.methods,
            endpoints=spec.endpoints,
            comparisons=ComparisonsFile(gates=_contrast_gates(gates), comparisons={code: comparison}, references={}),
        ),
        "time": rows["AVAL"].to_numpy(),
        "cause": np.array([EVENT, 0, COMPETING])[rows["CNSR"].to_numpy()] if rows.height else np.zeros(0, dtype=int),
        "strata": strata_of(comparison, rows),
    }


def _contrast_gates(gates: OutcomeGates) -> Gates:
    """The gates of a comparison that makes no tests and no Fine-Gray model."""
    return Gates(
        exact_tests_below_planned_n=0,
        firth_below_planned_events=gates.firth_below_planned_events,
        fine_gray_from_planned_events=0,
        fewest_events=gates.fewest_events,
        n_resamples=99,
        seed=0,
    )
