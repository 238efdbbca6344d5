"""Who is in which population at the cut-off (day 180 after the transplant of 1 January 2026)."""

from typing import Any

import pytest

from .cases import derive
from .configuration import make_spec
from .records import Row, alive, between, event, on, person, sample

FLAGS = ["SCRNFL", "ENRLFL", "HSCTFL", "SAFFL"]


def disposition(name: str, code: str, day: int | None, reason: str | None = None) -> Row:
    return {"USUBJID": name, "DSDECOD": code, "DSTERM": reason} | between("DS", day, day)


def flags_of(row: Row) -> str:
    return "".join(row[flag] for flag in FLAGS)


# ---- populations ----------------------------------------------------------------------------------------------------


def test_populations_are_nested() -> None:
    dm = [
        person("screened", ENRLDT=None, transplanted=None, injected=None, GROUP=None),
        person("enrolled", transplanted=None, injected=None),
        person("transplanted", injected=None),
        person("injected"),
    ]
    adsl = derive(dm).adsl
    found = {row["USUBJID"]: flags_of(row) for row in adsl.to_dicts()}
    assert found == {"screened": "YNNN", "enrolled": "YYNN", "transplanted": "YYYN", "injected": "YYYY"}


def test_each_stage_is_reached_on_the_cutoff_and_not_after_it() -> None:
    in_time = derive([person(SCRNDT=on(180), ENRLDT=on(180), transplanted=180, injected=180)]).person()
    assert (flags_of(in_time), in_time["TRTSDY"]) == ("YYYY", 0)
    late = [
        person("enrolled late", ENRLDT=on(181), transplanted=None, injected=None),
        person("transplanted late", transplanted=181, injected=None),
        person("injected late", transplanted=175, injected=181),
    ]
    found = {row["USUBJID"]: row for row in derive(late).adsl.to_dicts()}
    assert flags_of(found["enrolled late"]) == "YNNN"
    assert (flags_of(found["transplanted late"]), found["transplanted late"]["HSCTDT"]) == ("YYNN", None)
    row = found["injected late"]
    assert (flags_of(row), row["TRTSDT"], row["TRTSDY"]) == ("YYYN", None, None)


def test_screened_after_the_cutoff_does_not_exist() -> None:
    dm = [person("P1"), person("P2", SCRNDT=on(181), ENRLDT=on(185), transplanted=None, injected=None)]
    assert derive(dm).adsl["USUBJID"].to_list() == ["P1"]


def test_an_injection_without_a_transplant_is_not_in_the_safety_population() -> None:
    assert flags_of(derive([person(transplanted=None)]).person()) == "YYNN"


def test_days_are_counted_from_the_participants_own_transplant() -> None:
    row = derive([person(transplanted=31, injected=38)], fa=[alive("P1", 100)]).person()
    assert (row["TRTSDY"], row["LSTALVDY"], row["LSTALVDT"]) == (7, 69, on(100))


# ---- death and last contact -----------------------------------------------------------------------------------------


def test_death_on_the_cutoff_and_after_it() -> None:
    on_cutoff = derive(ce=[event("P1", "DEATH", 180)]).person()
    assert (on_cutoff["DTHFL"], on_cutoff["DTHDT"], on_cutoff["DTHDY"]) == ("Y", on(180), 180)
    assert on_cutoff["DTHHIDY"] == 180
    later = derive(ce=[event("P1", "DEATH", 181)]).person()
    assert (later["DTHFL"], later["DTHDT"], later["DTHDY"]) == ("N", None, None)


def test_other_events_are_no_deaths() -> None:
    assert derive(ce=[event("P1", "RELAPSE", 60)]).person()["DTHFL"] == "N"


def test_a_death_before_transplant_has_a_date_and_no_day() -> None:
    row = derive([person(transplanted=None, injected=None)], ce=[event("P1", "DEATH", 10)]).person()
    assert (row["DTHFL"], row["DTHDT"], row["DTHDY"]) == ("Y", on(10), None)


def test_last_known_alive_is_a_contact_by_the_cutoff() -> None:
    fa = [alive("P1", 30), alive("P1", 180), alive("P1", 181)]
    row = derive(fa=fa).person()
    assert (row["LSTALVDT"], row["LSTALVDY"]) == (on(180), 180)


def test_a_partial_contact_counts_with_its_earliest_day_if_it_is_over_by_the_cutoff() -> None:
    row = derive(fa=[alive("P1", 59, 89), alive("P1", 151, 181)]).person()
    assert (row["LSTALVDT"], row["LSTALVDY"]) == (on(59), 59)


def test_a_contact_that_found_the_participant_dead_is_not_alive() -> None:
    dead = alive("P1", 90) | {"FASTRESN": 0.0}
    assert derive(fa=[alive("P1", 60), dead]).person()["LSTALVDT"] == on(60)


# ---- disposition ----------------------------------------------------------------------------------------------------


def reasons(dm: list[Row], ds: list[Row], *columns: str) -> dict[str, list[Any]]:
    return {row["USUBJID"]: [row[name] for name in columns] for row in derive(dm, ds=ds).adsl.to_dicts()}


def test_why_someone_did_not_get_further() -> None:
    dm = [
        person("P1", ENRLDT=None, transplanted=None, injected=None),
        person("P2", transplanted=None, injected=None),
        person("P3", transplanted=None, injected=None),
        person("P4", injected=None),
        person("P5", injected=None),
        person("P6", injected=None),
        person("P7", injected=None),
    ]
    ds = [
        disposition("P1", "SCREEN_FAILURE", -30, "no donor"),
        disposition("P2", "NOT_TRANSPLANTED", -1, "donor withdrew"),
        disposition("P3", "WITHDRAWAL", -1, "travel"),
        disposition("P4", "NOT_INJECTED", 8, "product failed"),
        disposition("P5", "TREATMENT_WITHDRAWAL", 4, "afraid"),
        disposition("P6", "DEVIATION", 4, "visit missed"),
        disposition("P7", "NOT_INJECTED", 181, "product failed"),  # after the cut-off
    ]
    found = reasons(dm, ds, "SCRFREAS", "NHSCREAS", "NINJREAS")
    assert found["P1"][0] == "no donor"
    assert [found[name][1] for name in ("P2", "P3")] == ["donor withdrew", "travel"]
    assert [found[name][2] for name in ("P4", "P5", "P6", "P7")] == ["product failed", "afraid", None, None]


def test_the_first_withdrawal_or_loss_by_the_cutoff() -> None:
    ds = [
        disposition("P1", "WITHDRAWAL", 60, "travel"),
        disposition("P1", "WITHDRAWAL", 50, "burden"),
        disposition("P1", "LOST_TO_FOLLOW_UP", 40, "moved"),
        disposition("P2", "WITHDRAWAL", 181, "travel"),
        disposition("P3", "TREATMENT_WITHDRAWAL", 20, "afraid"),  # follow-up goes on
    ]
    found = reasons([person("P1"), person("P2"), person("P3")], ds, "WDDT", "WDREAS")
    assert found == {"P1": [on(40), "moved"], "P2": [None, None], "P3": [None, None]}


# ---- evaluable ------------------------------------------------------------------------------------------------------


def evaluable(of: str = "injected", min_samples: int = 2) -> Any:
    return make_spec(evaluable={"of": of, "analyte": "CD4", "min_samples": min_samples})


@pytest.mark.parametrize(
    ("lb", "flag"),
    [
        ([sample("P1", 5), sample("P1", 20)], "Y"),  # the day of injection counts
        ([sample("P1", 4), sample("P1", 20)], "N"),  # before the injection
        ([sample("P1", 20), sample("P1", 20, 60)], "N"),  # one day
        ([sample("P1", 20), sample("P1", 27, LBTESTCD="CD3")], "N"),  # another analyte
        ([sample("P1", 20), sample("P1", 181)], "N"),  # after the cut-off
        ([sample("P1", 20), sample("P1", 27, LBFATE="superseded")], "N"),  # not used
        ([sample("P1", 20), sample("P1", 27, "<5")], "Y"),  # below the limit is a result
    ],
)
def test_evaluable_with_two_usable_samples_from_the_injection_on(lb: list[Row], flag: str) -> None:
    row = derive(lb=lb, spec=evaluable()).person()
    reason = None if flag == "Y" else "fewer than 2 usable CD4 samples"
    assert (row["EVALFL"], row["EVALREAS"]) == (flag, reason)


def test_evaluable_is_part_of_its_base_population() -> None:
    dm = [person("P1"), person("P2", injected=None), person("P3", transplanted=None, injected=None)]
    lb = [sample(name, 20) for name in ("P1", "P2", "P3")]
    of_injected = derive(dm, lb=lb, spec=evaluable("injected", 1)).adsl
    assert of_injected["EVALFL"].to_list() == ["Y", "N", "N"]
    assert of_injected["EVALREAS"].to_list() == [None, None, None]  # whoever was not injected is lost before
    of_transplanted = derive(dm, lb=lb, spec=evaluable("transplanted", 1)).adsl
    assert of_transplanted["EVALFL"].to_list() == ["Y", "Y", "N"]


def test_from_transplant_on_where_the_transplanted_are_the_base() -> None:
    spec = evaluable("transplanted", 1)
    dm = [person("P1"), person("P2")]
    found = derive(dm, lb=[sample("P1", -1), sample("P2", 0)], spec=spec).adsl
    assert found["EVALFL"].to_list() == ["N", "Y"]


def test_no_sample_is_enough_where_none_is_asked_for() -> None:
    assert derive(spec=evaluable(min_samples=0)).person()["EVALFL"] == "Y"


def test_a_sample_after_death_makes_nobody_evaluable() -> None:
    row = derive(ce=[event("P1", "DEATH", 20)], lb=[sample("P1", 30)], spec=evaluable(min_samples=1)).person()
    assert row["EVALFL"] == "N"


def test_last_known_alive_has_one_day() -> None:
    row = derive(ce=[event("P1", "DEATH", 20)], fa=[alive("P1", 30)]).person()
    assert (row["LSTALVDT"], row["LSTALVDY"]) == (on(20), 20)


def test_last_known_alive_of_the_dead_without_a_contact_has_a_day_where_it_has_a_date() -> None:
    row = derive(ce=[event("P1", "DEATH", 20)]).person()
    assert (row["LSTALVDT"] is None) == (row["LSTALVDY"] is None)


def test_an_enrolment_after_the_cutoff_does_not_exist() -> None:
    row = derive([person(ENRLDT=on(181), transplanted=None, injected=None)]).person()
    assert (row["ENRLFL"], row["ENRLDT"]) == ("N", None)


def test_who_was_injected_has_no_reason_for_not_being_injected() -> None:
    row = derive(ds=[disposition("P1", "WITHDRAWAL", 50, "burden")]).person()
    assert (row["SAFFL"], row["NHSCREAS"], row["NINJREAS"]) == ("Y", None, None)
