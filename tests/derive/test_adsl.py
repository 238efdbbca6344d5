"""Who is in which population at the cut-off (day 180 after the transplant of 1 January 2026)."""

from typing import Any

import pytest

from .cases import derive
from .configuration import make_spec
from .records import Row, adverse, alive, between, event, on, person, person_without_dates, sample, samples

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


@pytest.mark.parametrize("enrolled", [None, 181])
def test_a_transplant_or_an_injection_implies_the_enrolment(enrolled: int | None) -> None:
    date_of_enrolment = None if enrolled is None else on(enrolled)
    injected = derive([person(ENRLDT=date_of_enrolment)]).person()
    assert (flags_of(injected), injected["ENRLDT"]) == ("YYYY", None)
    assert flags_of(derive([person(ENRLDT=date_of_enrolment, injected=None)]).person()) == "YYYN"
    neither = derive([person(ENRLDT=date_of_enrolment, transplanted=None, injected=None)]).person()
    assert flags_of(neither) == "YNNN"


def test_an_injection_implies_the_transplant_and_leaves_the_days_unknown() -> None:
    derived = derive(
        [person(transplanted=None)], lb=[sample("P1", 30)], fa=[alive("P1", 60)], ae=[adverse("P1", 20)],
        ce=[event("P1", "RELAPSE", 70)],
    )  # fmt: skip
    row = derived.person()
    assert (flags_of(row), row["HSCTDY"], row["TRTSDY"], row["TRTSDT"]) == ("YYYY", None, None, on(5))
    assert derived.adlb.is_empty()
    assert {(r["RISKFL"], r["NRISKREA"]) for r in derived.adtte.to_dicts()} == {("N", "the origin has no date")}
    assert derived.event()["ANL01FL"] == "Y"
    assert derived.status()["STATUS"] == "no sample"


@pytest.mark.parametrize(("last", "flags"), [(31, "YYYY"), (180, "YYYY"), (181, "YYYN")])
def test_a_partial_injection_that_is_over_by_the_cutoff_is_an_injection(last: int, flags: str) -> None:
    derived = derive([person(injected=None, TRTSHI=on(last))], ae=[adverse("P1", 20)])
    row = derived.person()
    assert (flags_of(row), row["TRTSDT"], row["TRTSDY"], row["HSCTDY"]) == (flags, None, None, 0)
    assert derived.event()["ANL01FL"] == flags[-1]


@pytest.mark.parametrize(("last", "flags"), [(-1, "YYNN"), (181, "YNNN")])
def test_a_partial_enrolment_that_is_over_by_the_cutoff_is_an_enrolment(last: int, flags: str) -> None:
    row = derive([person(ENRLDT=None, ENRLHI=on(last), transplanted=None, injected=None)]).person()
    assert flags_of(row) == flags


def test_whoever_was_transplanted_by_the_cutoff_was_screened_by_then() -> None:
    assert flags_of(derive([person(SCRNDT=on(400))]).person()) == "YYYY"


@pytest.mark.parametrize(
    "dates", [{"SCRNHI": on(200)}, {"ENRLDT": on(200)}, {"ENRLHI": on(200)}], ids=["partial", "enrolled", "in a month"]
)
def test_who_came_after_the_cutoff_does_not_exist_even_without_a_day_of_screening(dates: Row) -> None:
    late = person("P2", **({"SCRNDT": None, "ENRLDT": None} | dates), transplanted=None, injected=None)
    assert derive([person("P1"), late]).adsl["USUBJID"].to_list() == ["P1"]


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


@pytest.mark.parametrize(
    ("deaths", "contact", "day"),
    [
        ([event("P1", "DEATH", 50), event("P1", "DEATH", 70)], 60, 70),  # alive in between
        ([event("P1", "DEATH", 50), event("P1", "DEATH", 70)], 50, 50),  # a contact on the day of death
        ([event("P1", "DEATH", 70), event("P1", "DEATH", 50)], None, 50),
        ([event("P1", "DEATH", 31, 58), event("P1", "DEATH", 70)], None, 70),  # the complete date
        ([event("P1", "DEATH", 59, 89), event("P1", "DEATH", 50)], 60, None),  # only the partial one is possible
        ([event("P1", "DEATH", 50), event("P1", "DEATH", 70)], 80, 50),  # both contradicted
        ([event("P1", "DEATH", 50), event("P1", "DEATH", 70)], 181, 50),  # a contact after the cut-off
        ([event("P1", "DEATH", 50), event("P1", "DEATH", 181)], 60, 50),  # a death after it
        ([event("P1", "DEATH", 0, CESTLO=None, CESTHI=None), event("P1", "DEATH", 70)], None, 70),
    ],
)
def test_of_several_deaths_the_one_that_the_last_contact_allows(
    deaths: list[Row], contact: int | None, day: int | None
) -> None:
    derived = derive(ce=deaths, fa=[] if contact is None else [alive("P1", contact)])
    row = derived.person()
    assert (row["DTHFL"], row["DTHUNFL"], row["DTHDY"]) == ("Y", "N", day)
    found = derived.endpoint("OS")
    assert (found["CNSR"], found["AVAL"]) == (0, 55 if day is None else day - 5)


def test_of_several_deaths_without_dates_the_one_that_the_last_contact_allows() -> None:
    deaths = [{"USUBJID": "P1", "CEDECOD": "DEATH", "CESTDY": day} for day in (50.0, 70.0)]
    contact = {"USUBJID": "P1", "FACAT": "SURVIVAL", "FATESTCD": "STATUS", "FASTRESN": 1.0, "FADY": 60.0}
    derived = derive([person_without_dates()], ce=deaths, fa=[contact], spec=make_spec(cutoff_date=None))
    assert (derived.person()["DTHDY"], derived.endpoint("OS")["AVAL"]) == (70, 65)


def test_a_death_without_any_date_is_flagged_and_ends_nothing() -> None:
    derived = derive(ce=[event("P1", "DEATH", 0, CESTLO=None, CESTHI=None)], fa=[alive("P1", 60)])
    row = derived.person()
    assert (row["DTHFL"], row["DTHUNFL"], row["DTHDT"], row["LSTALVDT"]) == ("N", "Y", None, on(60))
    assert (derived.endpoint("OS")["CNSR"], derived.endpoint("OS")["AVAL"]) == (1, 55)


def test_nobody_who_may_be_dead_or_gone_waits_for_a_confirming_sample() -> None:
    lb = samples("P1", {60: 80})
    assert derive(lb=lb).status()["STATUS"] == "reached, not yet confirmed"
    gone = "reached, can no longer be confirmed"
    assert derive(lb=lb, ce=[event("P1", "DEATH", 0, CESTLO=None, CESTHI=None)]).status()["STATUS"] == gone
    assert derive(lb=lb, ds=[disposition("P1", "WITHDRAWAL", None)]).status()["STATUS"] == gone


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


def test_a_withdrawal_without_a_date_hides_no_dated_one() -> None:
    ds = [
        disposition("P1", "WITHDRAWAL", None, "unknown"),
        disposition("P1", "LOST_TO_FOLLOW_UP", 40, "moved"),
        disposition("P2", "WITHDRAWAL", None, "travel"),
        disposition("P3", "DEVIATION", None, "visit missed"),
    ]
    found = reasons([person("P1"), person("P2"), person("P3")], ds, "WDDT", "WDREAS", "WDUNFL")
    assert found == {"P1": [on(40), "moved", "N"], "P2": [None, "travel", "Y"], "P3": [None, None, "N"]}


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
