"""Definitions of reconstitution side by side: the incidence of each on one day, and who changes status between them."""

from dataclasses import dataclass

import numpy as np
import polars as pl

from immrecon.analyses.incidence_interval import incidence_on
from immrecon.analyses.strata import Stratum, group_as_drawn, strata
from immrecon.config.definition_grid import Definition, DefinitionGrid
from immrecon.config.first_event import Origin
from immrecon.config.specs import DefinitionGridSpec
from immrecon.config.wording import threshold_in_words
from immrecon.contracts.results import DEFINITION_ESTIMATES, DEFINITION_STATUSES
from immrecon.stats.competing_risks import aalen_johansen
from immrecon.vocabulary import RowStatus

ANALYSIS = "estimate_definition_grid"
METHOD, VARIANCE = "aalen-johansen", "infinitesimal-jackknife"
CENSORED, EVENT, COMPETING = 0, 1, 2
CAUSE_OF = {0: EVENT, 1: CENSORED, 2: COMPETING}
"""ADTTE's CNSR as a cause."""


@dataclass(frozen=True)
class DefinitionGridResults:
    estimates: pl.DataFrame
    statuses: pl.DataFrame


def estimate_definition_grid(
    adtte: pl.DataFrame, adrec: pl.DataFrame, spec: DefinitionGridSpec
) -> DefinitionGridResults:
    """Every definition of the grid in every stratum, with its own competing events; empty tables without a grid.

    Whoever is at risk (`RISKFL`) is followed from the grid's origin to its day. The estimator is Aalen-Johansen with
    the infinitesimal-jackknife variance; events come before censorings on one day. Status changes are counted between
    participants who have a row for both definitions in ADREC; `confirmed` is reached, every other category is not.
    """
    grid = spec.definition_grid
    if grid is None:
        return DefinitionGridResults(
            DEFINITION_ESTIMATES.schema.create_empty(), DEFINITION_STATUSES.schema.create_empty()
        )
    compared = _against_reference(adrec, grid)
    rows = [
        _row(adtte, compared, code, definition, order, stratum, spec, grid)
        for order, (code, definition) in enumerate(grid.definitions.items())
        for stratum in strata(spec.groups, spec.dose_levels)
    ]
    return DefinitionGridResults(DEFINITION_ESTIMATES.frame(rows), _statuses(compared, grid))


def _against_reference(adrec: pl.DataFrame, grid: DefinitionGrid) -> pl.DataFrame:
    """ADREC rows of the grid with REACHED, and REFERENCE (missing where the reference has no row)."""
    rows = adrec.filter(pl.col("RULE").is_in(list(grid.definitions))).with_columns(
        REACHED=pl.col("STATUS") == "confirmed"
    )
    reference = rows.filter(pl.col("RULE") == grid.reference).select("USUBJID", REFERENCE="REACHED")
    return rows.join(reference, on="USUBJID", how="left")


def _row(
    adtte: pl.DataFrame, compared: pl.DataFrame, code: str, definition: Definition, order: int, stratum: Stratum,
    spec: DefinitionGridSpec, grid: DefinitionGrid,
) -> dict[str, object]:  # fmt: skip
    rows = adtte.filter((pl.col("PARAMCD") == code) & stratum.rows()).sort("USUBJID")
    at_risk = rows.filter(pl.col("RISKFL") == "Y")
    time = at_risk["AVAL"].to_numpy()
    cause = np.array([CAUSE_OF[censored] for censored in at_risk["CNSR"]], dtype=int)
    changes = compared.filter((pl.col("RULE") == code) & stratum.rows())
    return (
        stratum.columns()
        | {
            "definition": code,
            "definition_order": order,
            "label": definition.label,
            "rule_text": threshold_in_words(definition.rule),
            "source": definition.source,
            "definition_status": definition.status,
            "population": grid.population,
            "clock": clock_in_words(grid.origin),
            "time_day": grid.day,
            "method": METHOD,
            "variance": VARIANCE,
            "conf_type": spec.methods.incidence_conf_type,
            "conf_level": spec.methods.conf_level,
            "n": at_risk.height,
            "n_not_at_risk": rows.height - at_risk.height,
            "n_events": int((cause == EVENT).sum()),
            "n_competing": int((cause == COMPETING).sum()),
            "n_risk": int((time >= grid.day).sum()),
            "n_gained": changes.filter(pl.col("REACHED") & ~pl.col("REFERENCE")).height,
            "n_lost": changes.filter(~pl.col("REACHED") & pl.col("REFERENCE")).height,
        }
        | _incidence(time, cause, spec, grid.day)
    )


def clock_in_words(origin: Origin) -> str:
    start = "" if origin.landmark_day is None else f", from day {origin.landmark_day:g}"
    return f"{origin.clock.value}{start}"


def _incidence(time: np.ndarray, cause: np.ndarray, spec: DefinitionGridSpec, day: float) -> dict[str, object]:
    """Estimate and interval on the day, or why there is none."""
    nothing: dict[str, object] = {"estimate": None, "conf_low": None, "conf_high": None}
    if time.size == 0:
        return nothing | {"status": RowStatus.NOT_ESTIMABLE, "reason": "nobody at risk"}
    last = float(time.max())
    if day > last and (cause[time == last] == CENSORED).any():
        return nothing | {
            "status": RowStatus.NOT_ESTIMABLE, "reason": f"follow-up ends on day {last:g}, before the day"
        }  # fmt: skip
    cif = aalen_johansen(
        time, cause, causes=(EVENT, COMPETING), conf_level=spec.methods.conf_level,
        conf_type=spec.methods.incidence_conf_type, variance=VARIANCE,
    )  # fmt: skip
    found = incidence_on(cif, day)
    reasons = [found.reason] if found.reason else []
    if (at_risk := int((time >= day).sum())) < spec.methods.few_at_risk and day <= last:
        reasons.append(f"{at_risk} at risk on the day")
    return {
        "estimate": found.estimate, "conf_low": found.conf_low, "conf_high": found.conf_high,
        "status": RowStatus.ESTIMATED, "reason": "; ".join(reasons) or None,
    }  # fmt: skip


def _statuses(compared: pl.DataFrame, grid: DefinitionGrid) -> pl.DataFrame:
    """One row per definition and participant; participants in the order in which they are drawn."""
    people = (
        compared.group_by("USUBJID", "DISPID")
        .agg(group_as_drawn().first().alias("group"), n_met=pl.col("REACHED").sum())
        .sort("group", "n_met", "DISPID", descending=[False, True, False])
        .with_columns(participant_order=pl.int_range(pl.len(), dtype=pl.Int64))
    )
    return compared.join(people.select("USUBJID", "group", "participant_order"), on="USUBJID").select(
        definition="RULE",
        display_id="DISPID",
        participant_order="participant_order",
        group="group",
        category="STATUS",
        reached_day="REACHDY",
        differs=(pl.col("REACHED") != pl.col("REFERENCE")).fill_null(False),
    )
