"""Courses through states: who was where from when to when. P1 is injected on day 5, where the clock starts."""

from typing import Any

import polars as pl
import pytest

from immrecon.config.multistate import MultiState
from immrecon.contracts.analysis import ADMS
from immrecon.contracts.io import validate

from .cases import Derived, derive
from .configuration import OCCURRENCES, make_spec
from .records import Row, alive, assessed, event, on, person

STATES: Row = {
    "OK": {"label": "Event-free", "entered_by": [], "out_of": []},
    "GVHD": {"label": "GvHD", "entered_by": ["gvhd34"], "out_of": ["OK"]},
    "REL": {
        "label": "Relapsed", "entered_by": ["relapse"], "out_of": ["OK", "GVHD"],
        "follow_up": [{"domain": "FA", "code": "SURVIVAL"}],
    },
    "DEAD": {"label": "Dead", "entered_by": ["death"], "out_of": ["OK", "GVHD", "REL"]},
}  # fmt: skip
COURSE: Row = {
    "label": "course", "states": STATES, "population": "injected",
    "origin": {"clock": "injection", "landmark_day": None}, "follow_up": [{"domain": "FA", "code": "DISEASE"}],
    "horizon_day": None, "days": [50, 100], "topic": "efficacy", "figure_last_day": 100, "figure_tick_day": 50,
    "source": "by hand", "status": "draft",
}  # fmt: skip


def derived(dm: list[Row] | None = None, *, course: Row = COURSE, **domains: list[Row]) -> Derived:
    spec = make_spec(
        endpoints={
            "occurrences": OCCURRENCES, "first_events": {}, "endpoints": {}, "definition_grid": None,
            "recurrent_events": {}, "multistate": {"COURSE": course},
        }
    )  # fmt: skip
    return derive(dm, spec=spec, **domains)


def intervals(found: Derived, name: str = "P1") -> list[tuple[Any, ...]]:
    rows = validate(ADMS, found.time_to_event.adms).filter(USUBJID=name).sort("INTSEQ")
    return rows.select("TSTART", "TSTOP", "FROMST", "TOST").rows()


def followed(day: int, name: str = "P1") -> Row:
    return assessed(name, "DISEASE", day)


def gvhd(day: int) -> Row:
    return assessed("P1", "ACUTE_GVHD", day, 3.0)


def test_a_participant_goes_through_the_states_in_order_of_time() -> None:
    ce = [event("P1", "DEATH", 95), event("P1", "RELAPSE", 65)]
    found = derived(ce=ce, fa=[gvhd(25), followed(60)])
    assert intervals(found) == [(0, 20, "OK", "GVHD"), (20, 60, "GVHD", "REL"), (60, 90, "REL", "DEAD")]
    row = found.time_to_event.adms.row(1, named=True)
    assert (row["CAUSE"], row["SRCDOM"], row["SRCVAR"], row["ADT"]) == ("relapse", "CE", "CESTDTC", on(65))


def test_without_a_move_follow_up_ends_at_the_last_record_that_documents_it() -> None:
    found = derived(fa=[followed(35), alive("P1", 90)])
    assert intervals(found) == [(0, 30, "OK", None)]
    assert found.time_to_event.adms["ADT"].to_list() == [on(35)]


def test_a_state_may_be_followed_by_other_records() -> None:
    found = derived(ce=[event("P1", "RELAPSE", 45)], fa=[followed(45), alive("P1", 105)])
    assert intervals(found) == [(0, 40, "OK", "REL"), (40, 100, "REL", None)]


def test_follow_up_in_a_state_does_not_end_before_it_was_entered() -> None:
    assert intervals(derived(fa=[followed(15), gvhd(45)])) == [(0, 40, "OK", "GVHD"), (40, 40, "GVHD", None)]


def test_states_of_one_day_are_passed_in_the_order_declared() -> None:
    ce = [event("P1", "DEATH", 45), event("P1", "RELAPSE", 45)]
    assert intervals(derived(ce=ce)) == [(0, 40, "OK", "REL"), (40, 40, "REL", "DEAD")]


def test_what_leads_nowhere_from_the_current_state_is_no_move() -> None:
    found = derived(ce=[event("P1", "RELAPSE", 25)], fa=[gvhd(45), alive("P1", 65)])
    assert intervals(found) == [(0, 20, "OK", "REL"), (20, 60, "REL", None)]


def test_a_later_occurrence_counts_where_the_first_came_too_early() -> None:
    only_after_gvhd = STATES | {"REL": STATES["REL"] | {"out_of": ["GVHD"]}}
    ce = [event("P1", "RELAPSE", 15), event("P1", "RELAPSE", 85)]
    found = derived(ce=ce, fa=[gvhd(45)], course=COURSE | {"states": only_after_gvhd})
    assert intervals(found) == [(0, 40, "OK", "GVHD"), (40, 80, "GVHD", "REL"), (80, 80, "REL", None)]


def test_the_horizon_ends_every_state() -> None:
    ce = [event("P1", "RELAPSE", 45), event("P1", "DEATH", 95)]
    found = derived(ce=ce, fa=[alive("P1", 90)], course=COURSE | {"horizon_day": 60})
    assert intervals(found) == [(0, 40, "OK", "REL"), (40, 60, "REL", None)]


def test_a_state_entered_before_the_origin_is_prevalent() -> None:
    found = derived(ce=[event("P1", "RELAPSE", 3)], fa=[followed(60)])
    row = found.time_to_event.adms.row(0, named=True)
    assert (row["RISKFL"], row["NRISKREA"]) == ("N", "prevalent: relapse before the origin")
    assert intervals(found) == [(0, 0, "OK", None)]


def test_a_move_on_the_day_of_origin_leaves_an_interval_of_no_length() -> None:
    found = derived(ce=[event("P1", "RELAPSE", 5)], fa=[alive("P1", 25)])
    assert intervals(found) == [(0, 0, "OK", "REL"), (0, 20, "REL", None)]


def test_a_landmark_starts_everybody_there() -> None:
    origin = {"clock": "transplant", "landmark_day": 10}
    dm = [person("P1"), person("P2")]
    ce = [event("P1", "RELAPSE", 30), event("P2", "RELAPSE", 9)]
    found = derived(dm, ce=ce, fa=[alive("P1", 40), followed(40, "P2")], course=COURSE | {"origin": origin})
    assert intervals(found) == [(10, 30, "OK", "REL"), (30, 40, "REL", None)]
    assert found.time_to_event.adms.filter(USUBJID="P2")["RISKFL"].to_list() == ["N"]


def test_nobody_and_no_course_give_an_empty_table() -> None:
    assert derived([]).time_to_event.adms.is_empty()
    assert validate(ADMS, derive().time_to_event.adms).is_empty()


def test_intervals_of_a_participant_join() -> None:
    ce = [event("P1", "DEATH", 95), event("P1", "RELAPSE", 65), event("P1", "RELAPSE", 65)]
    adms = derived(ce=ce, fa=[gvhd(25), gvhd(30)]).time_to_event.adms.sort("INTSEQ")
    joined = adms.filter(pl.col("INTSEQ") > 1).select("TSTART", "FROMST").rows()
    assert joined == adms.filter(pl.col("TOST").is_not_null()).select("TSTOP", "TOST").rows()[: len(joined)]
    assert adms["INTSEQ"].to_list() == [1, 2, 3]


@pytest.mark.parametrize(
    ("states", "words"),
    [
        ({"OK": STATES["GVHD"], "DEAD": STATES["DEAD"]}, "everybody starts in the first state"),
        ({"OK": STATES["OK"], "DEAD": STATES["OK"]}, "which occurrences lead into it"),
        ({"OK": STATES["OK"], "REL": STATES["REL"] | {"out_of": ["DEAD"]}, "DEAD": STATES["DEAD"]}, "DEAD is not declared before"),
    ],
)  # fmt: skip
def test_states_follow_each_other(states: Row, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        MultiState.model_validate(COURSE | {"states": states})


def test_days_lie_after_the_origin_and_occurrences_are_declared() -> None:
    with pytest.raises(ValueError, match="days: 0 not after the origin, day 0"):
        MultiState.model_validate(COURSE | {"days": [0, 50]})
    unknown = STATES | {"DEAD": STATES["DEAD"] | {"entered_by": ["demise"]}}
    with pytest.raises(ValueError, match=r"multistate\.COURSE\.states\.DEAD\.entered_by: demise is not declared"):
        derived(course=COURSE | {"states": unknown})
