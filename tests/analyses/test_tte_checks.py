"""Identities that the time-to-event results must satisfy: they hold, do not apply, or are reported as violated."""

from dataclasses import replace
from typing import Any

import polars as pl
import pytest

from immrecon.analyses import tte
from immrecon.analyses.tte import estimate_tte
from immrecon.config.specs import TteSpec
from immrecon.contracts.io import validate
from immrecon.contracts.results import CHECKS, CURVES, LANDMARKS, QUANTILES, RISK_TABLE

from .rows import CENSORED, Row, adtte, followed
from .specs import ENDPOINTS, endpoint, tte_spec

ADD_UP, PROPORTION = "event-free + incidences = 1", "estimate = proportion"

COHORT = [
    *followed("P1", 10, "relapse"),
    *followed("P2", 10, "death"),
    *followed("P3", 20, "alive", "B"),
    *followed("P4", 30, "death", "B"),
    *followed("P5", 40, "alive"),
    *followed("P6", 0, "death"),
]


def checks(rows: list[Row], spec: TteSpec | None = None) -> pl.DataFrame:
    return validate(CHECKS, estimate_tte(adtte(rows), spec or tte_spec()).checks)


def check(result: pl.DataFrame, identity: str, subject: str, group: str = "all") -> Row:
    key = {"identity": identity, "subject": subject, "group": group}
    return result.row(by_predicate=pl.all_horizontal(pl.col(k) == v for k, v in key.items()), named=True)


def outcome(result: pl.DataFrame, identity: str, subject: str, group: str = "all") -> tuple[str, str | None]:
    row = check(result, identity, subject, group)
    return row["outcome"], row["reason"]


def test_identities_hold_and_say_how_well() -> None:
    result = checks(COHORT)
    assert "violated" not in set(result["outcome"])
    for row in (
        check(result, ADD_UP, "relapse_or_death"),
        check(result, PROPORTION, "RELAPSE at day 15"),
    ):
        assert row["outcome"] == "holds", row
        assert 0 <= row["largest_difference"] <= row["tolerance"] == 1e-9
    assert check(result, ADD_UP, "relapse_or_death")["reason"] == "RFS + RELAPSE + NRM"
    # Nothing competes with death: there is no incidence to add.
    assert outcome(result, ADD_UP, "death")[0] == "not applicable"


def test_they_are_made_for_the_groups_and_together() -> None:
    result = checks(COHORT)
    assert set(result.select("group", "dose_level").rows()) == {("A", "all"), ("B", "all"), ("all", "all")}


def test_a_proportion_needs_everybody_followed_to_the_landmark() -> None:
    result = checks(COHORT)
    assert outcome(result, PROPORTION, "OS at day 5") == ("holds", None)
    reason = "2 of 6 censored before the landmark"  # the relapse of day 10 is followed for survival to that day
    assert outcome(result, PROPORTION, "OS at day 25") == ("not applicable", reason)
    assert outcome(result, PROPORTION, "RFS at day 25") == ("not applicable", "1 of 6 censored before the landmark")
    assert outcome(result, PROPORTION, "RFS at day 25", "A") == ("holds", None)


def test_a_censoring_on_the_landmark_comes_after_it() -> None:
    rows = [*followed("P1", 10, "death"), *followed("P2", 15, "alive")]
    assert outcome(checks(rows), PROPORTION, "OS at day 15") == ("holds", None)


def test_nobody_at_risk_in_a_group() -> None:
    rows = [*followed("P1", 10, "death"), *followed("P2", 20, "alive", "B", RISKFL="N", NRISKREA="prevalent")]
    result = checks(rows)
    for identity, subject in ((ADD_UP, "relapse_or_death"), (PROPORTION, "OS at day 5")):
        assert outcome(result, identity, subject, "B") == ("not applicable", "nobody at risk")


@pytest.mark.parametrize("missing", ["RFS", "NRM"])
def test_a_family_that_is_not_complete_does_not_add_up(missing: str) -> None:
    shown = {code: value for code, value in ENDPOINTS["endpoints"].items() if code != missing}
    result = checks(COHORT, tte_spec(endpoints=ENDPOINTS | {"endpoints": shown}))
    reason = "the endpoints on this variable do not cover every cause once"
    assert outcome(result, ADD_UP, "relapse_or_death") == ("not applicable", reason)


def test_a_cause_that_two_endpoints_share_is_counted_once() -> None:
    both = endpoint("relapse_or_death", ["relapse", "death"], "aalen-johansen")
    shown = ENDPOINTS["endpoints"] | {"EITHER": both}
    either = [row | {"PARAMCD": "EITHER"} for row in COHORT if row["PARAMCD"] == "RFS"]
    result = checks([*COHORT, *either], tte_spec(endpoints=ENDPOINTS | {"endpoints": shown}))
    row = check(result, ADD_UP, "relapse_or_death")
    assert (row["outcome"], row["reason"]) == ("holds", "RFS + EITHER")


# ---- planted faults -------------------------------------------------------------------------------------------------


def test_endpoints_that_disagree_about_a_participant_are_reported() -> None:
    # The death of P4 (day 30) is missing from non-relapse mortality only.
    rows = [
        row | {"CNSR": CENSORED, "CAUSE": None} if (row["USUBJID"], row["PARAMCD"]) == ("P4", "NRM") else row
        for row in COHORT
    ]
    result = checks(rows)
    row = check(result, ADD_UP, "relapse_or_death")
    assert row["outcome"] == "violated"
    # Just before day 30 half are free (6, then 5, then 3 at risk, one censored): 1 of the 2 left dies.
    assert row["largest_difference"] == pytest.approx(0.25, rel=1e-12)
    assert outcome(result, ADD_UP, "relapse_or_death", "A")[0] == "holds"
    assert outcome(result, ADD_UP, "death")[0] != "violated"


def test_a_wrong_estimator_is_reported(monkeypatch: pytest.MonkeyPatch) -> None:
    right = tte.kaplan_meier

    def wrong(*arguments: Any, **options: Any) -> Any:
        curve = right(*arguments, **options)
        return replace(curve, survival=curve.survival * 0.9)

    monkeypatch.setattr(tte, "kaplan_meier", wrong)
    result = checks(COHORT)
    assert outcome(result, ADD_UP, "relapse_or_death")[0] == "violated"
    assert outcome(result, PROPORTION, "RFS at day 5")[0] == "violated"
    assert outcome(result, PROPORTION, "RELAPSE at day 5")[0] == "holds"


def test_a_wrong_incidence_is_reported(monkeypatch: pytest.MonkeyPatch) -> None:
    right = tte.aalen_johansen

    def wrong(*arguments: Any, **options: Any) -> Any:
        curve = right(*arguments, **options)
        return replace(curve, incidence=curve.incidence * 1.01)

    monkeypatch.setattr(tte, "aalen_johansen", wrong)
    result = checks(COHORT)
    assert outcome(result, PROPORTION, "NRM at day 15")[0] == "violated"
    assert outcome(result, ADD_UP, "relapse_or_death")[0] == "violated"


# ---- nothing --------------------------------------------------------------------------------------------------------


def test_every_table_is_valid_without_participants_or_endpoints() -> None:
    contracts = [CURVES, RISK_TABLE, LANDMARKS, QUANTILES, CHECKS]
    nobody = estimate_tte(adtte(), tte_spec())
    sizes = {contract.name: validate(contract, getattr(nobody, contract.name)).height for contract in contracts}
    # 4 endpoints, 9 strata of which 3 are shown, 4 landmarks, 4 ticks; 3 quartiles and the follow-up of 2 endpoints.
    assert sizes == {"curves": 0, "risk_table": 48, "landmarks": 144, "quantiles": 72, "checks": 3 * (2 + 16)}
    assert set(nobody.checks["outcome"]) == {"not applicable"}
    nothing = tte_spec(
        endpoints={
            "occurrences": {},
            "first_events": {},
            "endpoints": {},
            "definition_grid": None,
            "recurrent_events": {},
        }
    )
    result = estimate_tte(adtte(COHORT), nothing)
    assert [validate(contract, getattr(result, contract.name)).height for contract in contracts] == [0] * 5


def test_a_variable_without_endpoints_adds_nothing_up() -> None:
    shown = {"OS": ENDPOINTS["endpoints"]["OS"]}
    result = checks(COHORT, tte_spec(endpoints=ENDPOINTS | {"endpoints": shown}))
    assert outcome(result, ADD_UP, "relapse_or_death")[0] == "not applicable"
