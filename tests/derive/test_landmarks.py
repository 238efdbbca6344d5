"""Status at a landmark: by hand, from nothing later, and refused where it would need what comes after."""

from typing import Any

import polars as pl
import pytest

from immrecon.config.outcome_specs import LandmarkStatusSpec
from immrecon.config.outcomes import OutcomesFile
from immrecon.contracts.analysis import ADLM
from immrecon.contracts.io import validate
from immrecon.derive.landmarks import derive_adlm
from immrecon.errors import ContractError

from .cases import derive
from .configuration import CD4_RULE, OCCURRENCES, around
from .records import Row, alive, event, infusion, person, samples

MET, NOT_MET, WAITING = "reconstituted", "not reconstituted", "reached, not yet confirmed"


def landmark_spec(days: list[float], rule: Row | None = None, **changes: Any) -> LandmarkStatusSpec:
    landmark = {
        "label": "by CD4", "rule": "cd4", "landmarks_day": days, "unconfirmed_compared_as": "left out",
        "last_sample_within_day": 45, "endpoints": {"OS": {"planned_events": 5}}, "days_after": [90],
        "stratified_by": [], "p_values": {"shown": False, "reason": "not randomised"}, "figure_landmarks_day": [],
        "figure_last_day": 100, "figure_tick_day": 50, "source": "by hand", "status": "draft",
    } | changes  # fmt: skip
    outcomes = {
        "gates": {"firth_below_planned_events": 10, "fewest_events": 1, "fewest_at_risk": 1}, "landmarks": {"BY": landmark},
        "current_value": {}, "joint_model": None,
    }  # fmt: skip
    endpoints = around("cd4", occurrences=OCCURRENCES | {"cd4": CD4_RULE | (rule or {})})
    return LandmarkStatusSpec.model_validate({"endpoints": endpoints, "outcomes": outcomes})


def statuses(
    counts: dict[int, str | float], days: list[float], rule: Row | None = None, changes: Row | None = None, **more: Any
) -> pl.DataFrame:
    case = derive([person()], lb=samples("P1", counts), fa=[alive("P1", 200)], **more)
    adlm = derive_adlm(case.adsl, case.adlb, case.adoc, landmark_spec(days, rule, **(changes or {})))
    return validate(ADLM, adlm).sort("LMDY")


def at(counts: dict[int, str | float], day: float, **more: Any) -> str:
    return str(statuses(counts, [day], **more)["STATUS"].item())


RISING: dict[int, str | float] = {14: 10, 40: 60, 54: 80, 90: 200}


@pytest.mark.parametrize(
    ("day", "expected"),
    [(39, NOT_MET), (40, WAITING), (53, WAITING), (54, MET), (100, MET), (180, MET)],
)
def test_both_samples_lie_at_or_before_the_landmark(day: float, expected: str) -> None:
    assert at(RISING, day) == expected


def test_status_at_a_landmark_is_the_one_of_the_data_up_to_it() -> None:
    days = [20.0, 45.0, 60.0, 100.0]
    whole = statuses(RISING, days)
    for day in days:
        known = {sampled: count for sampled, count in RISING.items() if sampled <= day}
        assert statuses(known, [day]).equals(whole.filter(pl.col("LMDY") == day))


def test_later_events_do_not_change_it_either() -> None:
    before = statuses(RISING, [45.0])
    later = {"ce": [event("P1", "RELAPSE", 46)], "cm": [infusion("P1", "DLI", 50)]}
    assert statuses(RISING, [45.0], **later).equals(before)


def test_a_crossing_that_only_a_later_sample_confirms_is_not_one() -> None:
    row = statuses({20: 60, 60: 70}, [59.0]).row(0, named=True)
    assert (row["STATUS"], row["REACHDY"], row["CONFDY"]) == (WAITING, 20, None)


@pytest.mark.parametrize(
    ("counts", "day", "expected"),
    [
        ({}, 60, "not known: no sample"),
        ({70: 60}, 60, "not known: no sample"),
        ({14: 10}, 59, NOT_MET),  # 45 days before
        ({14: 10}, 60, "not known: no recent sample"),
        ({14: 60}, 60, "not known: no recent sample"),
        ({55: 10}, 180, NOT_MET),  # within 45 days of the end of the window, day 100
        ({54: 10}, 180, "not known: no recent sample"),
        ({50: ">40"}, 60, "not known: a sample decides nothing"),
        ({50: "<5"}, 60, NOT_MET),
        ({50: "<100"}, 60, "not known: a sample decides nothing"),
    ],
)
def test_who_is_not_known(counts: dict[int, str | float], day: float, expected: str) -> None:
    assert at(counts, day) == expected


def test_a_competing_event_before_the_crossing_decides() -> None:
    relapsed = {"ce": [event("P1", "RELAPSE", 30)]}
    assert at({14: 10}, 100, **relapsed) == NOT_MET  # known, though the last sample is long ago
    assert at({14: 60, 28: 70}, 100, **relapsed) == MET  # both samples before the relapse
    assert at({14: 60, 40: 70}, 100, **relapsed) == NOT_MET  # the second does not count
    assert at({14: 60}, 29, **relapsed) == WAITING  # on day 29 nothing had ended


def test_an_event_after_the_window_decides_nothing_but_a_pair_that_had_begun() -> None:
    relapsed = {"ce": [event("P1", "RELAPSE", 150)]}
    assert at({14: 10}, 180, **relapsed) == "not known: no recent sample"
    assert at({95: 60}, 180, **relapsed) == NOT_MET
    assert at({95: 60}, 140, **relapsed) == WAITING


def test_confirmation_within_the_window_is_over_with_it() -> None:
    assert at({95: 60, 120: 70}, 180) == MET
    assert at({95: 60, 120: 70}, 180, rule={"confirm_within_window": True}) == NOT_MET
    assert at({90: 60}, 99, rule={"confirm_within_window": True}) == WAITING


def test_only_transplanted_participants_have_a_status() -> None:
    case = derive([person(), person("P2", injected=None, transplanted=None)], lb=samples("P1", RISING))
    adlm = derive_adlm(case.adsl, case.adlb, case.adoc, landmark_spec([60.0]))
    assert adlm["USUBJID"].to_list() == ["P1"]


def test_nothing_declared_gives_no_row() -> None:
    case = derive([person()], lb=samples("P1", RISING))
    spec = landmark_spec([60.0]).model_copy(update={"outcomes": None})
    assert derive_adlm(case.adsl, case.adlb, case.adoc, spec).is_empty()


@pytest.mark.parametrize("column", ["REACHDY", "CONFDY", "COMPDY", "LASTDY"])
def test_a_status_that_rests_on_what_came_later_is_refused(column: str) -> None:
    future = statuses(RISING, [60.0]).with_columns(pl.lit(60.5).alias(column))
    with pytest.raises(ContractError, match="nothing_lies_after_the_landmark"):
        validate(ADLM, future)


def test_reconstituted_without_a_confirming_sample_is_refused() -> None:
    naive = statuses(RISING, [45.0]).with_columns(STATUS=pl.lit(MET))
    with pytest.raises(ContractError, match="reconstituted_by_both_samples"):
        validate(ADLM, naive)


def test_a_landmark_is_one_of_those_declared() -> None:
    with pytest.raises(ValueError, match="figure_landmarks_day: 90 is not a landmark"):
        landmark_spec([60.0], figure_landmarks_day=[90])
    with pytest.raises(ValueError, match="landmarks_day"):
        landmark_spec([60.0, 60.0])
    with pytest.raises(ValueError, match="not after day 0"):
        landmark_spec([0.0])
    assert isinstance(landmark_spec([60.0]).outcomes, OutcomesFile)
