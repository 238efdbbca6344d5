"""Reconstitution against outcome: from landmarks on, and by the current count. Nothing here was randomised."""

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
        outcome_curves=OUTCOME_CURVES.frame(curves),
        outcome_risk_table=OUTCOME_RISK_TABLE.frame(risk),
        outcome_estimates=OUTCOME_ESTIMATES.frame(estimates),
        outcome_contrasts=OUTCOME_CONTRASTS.frame(contrasts),
    )
