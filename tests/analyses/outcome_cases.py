"""Outcome by reconstitution: a specification in the words of the configuration, and participants of the golden data."""

import json
from pathlib import Path
from typing import Any

import polars as pl

from immrecon.analyses.reconstitution_outcome import OutcomeResults, estimate_reconstitution_outcome
from immrecon.config.outcome_specs import LandmarkStatusSpec, OutcomeSpec
from immrecon.contracts.analysis import ADLM
from immrecon.contracts.io import validate
from immrecon.contracts.results import OUTCOME_CONTRASTS, OUTCOME_CURVES, OUTCOME_ESTIMATES, OUTCOME_RISK_TABLE
from immrecon.derive.landmarks import derive_adlm

from .rows import Row, adlb, adoc, adsl, adtte, followed, on, person, sample
from .specs import DOSES, ENDPOINTS, GROUPS, METHODS

GOLDEN = json.loads((Path(__file__).parents[1] / "golden/analyses/outcome.json").read_text())
HIDDEN = {"shown": False, "reason": "not randomised"}


def outcome_spec(
    planned_events: int = 100, *, current: Row | None = None, gates: Row | None = None, **changes: Any
) -> OutcomeSpec:
    """One landmark analysis and one with the current count, of OS, RELAPSE and NRM; Cox unless few events are planned."""
    endpoints = {code: {"planned_events": planned_events} for code in ("OS", "RELAPSE", "NRM")}
    landmark = {
        "label": "by CD4", "rule": "cd4", "landmarks_day": [60, 100], "unconfirmed_compared_as": "left out",
        "last_sample_within_day": 45, "endpoints": endpoints, "days_after": [60, 120], "stratified_by": [],
        "p_values": HIDDEN, "figure_landmarks_day": [60], "figure_last_day": 360, "figure_tick_day": 90,
        "source": "by hand", "status": "draft",
    } | changes  # fmt: skip
    now = {
        "label": "current CD4", "analyte": "CD4", "first_day": 1, "below_limit": "half the limit", "lowest_per_ul": 0.5,
        "samples_end_at": [], "endpoints": endpoints, "stratified_by": [], "p_values": HIDDEN, "source": "by hand",
        "status": "draft",
    } | (current or {})  # fmt: skip
    outcomes = {
        "gates": {"firth_below_planned_events": 10, "fewest_events": 1, "fewest_at_risk": 1} | (gates or {}), "landmarks": {"BY": landmark},
        "current_value": {"NOW": now}, "joint_model": None,
    }  # fmt: skip
    return OutcomeSpec.model_validate(
        {"groups": GROUPS, "dose_levels": DOSES, "methods": METHODS, "endpoints": ENDPOINTS, "outcomes": outcomes}
    )


class Trial:
    """Participants as (name, injection, last day, what happened), days since transplant, and their CD4 counts by day."""

    def __init__(
        self, people: list[tuple[str, float, float, str]], counts: dict[str, dict[int, Any]], group: str = "A"
    ):
        self.adsl = adsl(*(person(name, group, TRTSDY=float(day), TRTSDT=on(int(day))) for name, day, *_ in people))
        self.adlb = adlb(*(sample(name, day, value, group) for name, of in counts.items() for day, value in of.items()))
        self.adtte = adtte(*(followed(name, last - day, what, group) for name, day, last, what in people))
        self.adoc = adoc(*((name, what, float(last)) for name, _, last, what in people if what != "alive"))

    def adlm(self, spec: OutcomeSpec) -> pl.DataFrame:
        status_spec = LandmarkStatusSpec(endpoints=spec.endpoints, outcomes=spec.outcomes)
        return validate(ADLM, derive_adlm(self.adsl, self.adlb, self.adoc, status_spec))

    def results(self, spec: OutcomeSpec | None = None, adlm: pl.DataFrame | None = None) -> OutcomeResults:
        """Estimates, every table of which keeps its contract."""
        spec = spec or outcome_spec()
        statuses = self.adlm(spec) if adlm is None else adlm
        found = estimate_reconstitution_outcome(self.adtte, statuses, self.adlb, self.adoc, self.adsl, spec)
        for contract in (OUTCOME_CURVES, OUTCOME_RISK_TABLE, OUTCOME_ESTIMATES, OUTCOME_CONTRASTS):
            validate(contract, getattr(found, contract.name))
        return found


def golden_trial() -> Trial:
    people = [(row["id"], row["injected"], row["last"], row["cause"]) for row in GOLDEN["people"]]
    counts: dict[str, dict[int, Any]] = {}
    for row in GOLDEN["samples"]:
        counts.setdefault(row["id"], {})[row["day"]] = row["value"]
    return Trial(people, counts)


def only(frame: pl.DataFrame, **values: Any) -> Row:
    """The one row with these values."""
    rows = frame.filter(*(pl.col(name) == value for name, value in values.items())).to_dicts()
    assert len(rows) == 1, (values, len(rows))
    return rows[0]
