"""Reconstitution against outcome: from landmarks on, and by the current count. Nothing here was randomised."""

from collections.abc import Sequence
from dataclasses import dataclass

import polars as pl

from immrecon.analyses.contrast_sample import Row
from immrecon.analyses.outcome_current import current_value_rows
from immrecon.analyses.outcome_landmarks import at_landmarks, curve_tables, estimate_rows, ratio_rows
from immrecon.config.outcome_specs import OutcomeSpec
from immrecon.contracts.results import OUTCOME_CONTRASTS, OUTCOME_CURVES, OUTCOME_ESTIMATES, OUTCOME_RISK_TABLE


@dataclass(frozen=True)
class OutcomeResults:
    outcome_curves: pl.DataFrame
    outcome_risk_table: pl.DataFrame
    outcome_estimates: pl.DataFrame
    outcome_contrasts: pl.DataFrame


def estimate_reconstitution_outcome(
    adtte: pl.DataFrame,
    adlm: pl.DataFrame,
    adlb: pl.DataFrame,
    adoc: pl.DataFrame,
    adsl: pl.DataFrame,
    spec: OutcomeSpec,
) -> OutcomeResults:
    """Landmark analyses and Cox models with the current count, as declared; empty tables where nothing is declared.

    Kaplan-Meier or Aalen-Johansen per status as the endpoint declares, with the interval for small groups, because the
    size of a status is not planned; ratios of (cause-specific) hazards by Cox (Efron ties; robust by participant where
    a participant has several rows) or Firth, as what is planned decides.
    """
    curves: list[Row] = []
    risk: list[Row] = []
    estimates: list[Row] = []
    contrasts: list[Row] = []
    codes = [] if spec.outcomes is None else list(spec.outcomes.landmarks)
    for at in at_landmarks(adtte, adlm, adsl, spec):
        drawn, under = curve_tables(at, spec)
        curves += drawn
        risk += under
        estimates += estimate_rows(at, spec)
        contrasts += ratio_rows(at, codes.index(at.code), spec)
    if spec.outcomes is not None:
        contrasts += current_value_rows(adtte, adlb, adoc, adsl, len(codes), spec)
    return OutcomeResults(
        outcome_curves=_frame(OUTCOME_CURVES.schema, curves),
        outcome_risk_table=_frame(OUTCOME_RISK_TABLE.schema, risk),
        outcome_estimates=_frame(OUTCOME_ESTIMATES.schema, estimates),
        outcome_contrasts=_frame(OUTCOME_CONTRASTS.schema, contrasts),
    )


def _frame(schema: type, rows: Sequence[Row]) -> pl.DataFrame:
    """Rows as a frame of the contract's types; NaN of a number that does not exist becomes missing."""
    frame = pl.DataFrame(rows, schema=schema.create_empty().schema)  # type: ignore[attr-defined]
    return frame.with_columns(pl.selectors.float().fill_nan(None))
