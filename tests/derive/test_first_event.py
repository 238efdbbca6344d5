"""First-event variables: what came first, on which clock, and where follow-up ends.

Unless a test says otherwise a participant is injected on day 5, the clock starts at the injection, and the cut-off is
day 180 after transplant.
"""

from typing import Any

import pytest

from .cases import Derived, derive
from .configuration import endpoint, make_spec, make_variable
from .records import alive, assessed, event, infusion, on, person, sample

OS = make_variable("death")
RFS = make_variable("relapse_or_death")
GVHD = make_variable("gvhd")
CMV = make_variable("cmv")


def end(derived: Derived, code: str, name: str = "P1") -> tuple[float, int, str | None]:
    """Time on the clock, censoring code, cause."""
    row = derived.endpoint(code, name)
    return row["AVAL"], row["CNSR"], row["CAUSE"]


# ---- which comes first ----------------------------------------------------------------------------------------------


def test_the_first_of_the_causes_ends_follow_up() -> None:
    derived = derive(ce=[event("P1", "DEATH", 90), event("P1", "RELAPSE", 65)], spec=RFS)
    assert end(derived, "RFS") == (60, 0, "relapse")
    assert end(derived, "RELAPSE") == (60, 0, "relapse")
    assert end(derived, "NRM") == (60, 2, "relapse")


@pytest.mark.parametrize("causes", [["relapse", "death"], ["death", "relapse"]])
def test_on_the_same_day_the_cause_declared_first_counts(causes: list[str]) -> None:
    ce = [event("P1", "DEATH", 65), event("P1", "RELAPSE", 65)]
    derived = derive(ce=ce, spec=make_variable("relapse_or_death", causes=causes))
    first = causes[0]
    assert end(derived, "RFS") == (60, 0, first)
    assert end(derived, "RELAPSE") == (60, 0 if first == "relapse" else 2, first)
    assert end(derived, "NRM") == (60, 0 if first == "death" else 2, first)


def test_the_first_of_several_records_counts_and_is_named() -> None:
    ce = [event("P1", "CMV", 90), event("P1", "CMV", 45), event("P1", "CMV", 45)]
    derived = derive(ce=ce, spec=CMV)
    row = derived.endpoint("CMV")
    assert end(derived, "CMV") == (40, 0, "cmv")
    assert (row["SRCDOM"], row["SRCVAR"], row["SRCSEQ"]) == ("CE", "CESTDTC", 2)
    assert (row["STARTDT"], row["ADT"], row["EVNTDESC"], row["CNSDTDSC"]) == (on(5), on(45), "cmv", None)


def test_severe_gvhd_is_dated_by_the_first_assessment_of_grade_3() -> None:
    grades = {12: 0.0, 20: 2.0, 40: 3.0, 47: 4.0, 54: 1.0}
    fa = [assessed("P1", "ACUTE_GVHD", day, grade) for day, grade in grades.items()]
    skin = assessed("P1", "ACUTE_GVHD", 15, 3.0) | {"FATESTCD": "SKIN"}
    onset = event("P1", "ACUTE_GVHD_ONSET", 18, CETOXGR=3)
    derived = derive(fa=[*fa, skin], ce=[onset], spec=GVHD)
    row = derived.endpoint("GVHD")
    assert end(derived, "GVHD") == (35, 0, "gvhd34")
    assert (row["SRCDOM"], row["SRCVAR"], row["SRCSEQ"]) == ("FA", "FADTC", 3)


def test_grade_2_gvhd_is_no_event() -> None:
    derived = derive(fa=[assessed("P1", "ACUTE_GVHD", 40, 2.0)], spec=GVHD)
    assert end(derived, "GVHD") == (35, 1, None)


def test_events_below_the_declared_grade_or_without_one_do_not_count() -> None:
    grades = {20: 2, 25: None, 30: 3, 35: 4}
    ce = [event("P1", "INFECTION", day, CETOXGR=grade) for day, grade in grades.items()]
    assert derive(ce=ce).occurrence("severe_infection")["DY"] == 30


def test_a_medication_of_the_declared_category_is_an_occurrence() -> None:
    derived = derive(cm=[infusion("P1", "STEROID", 20), infusion("P1", "DLI", 50), infusion("P1", "DLI", 40)])
    row = derived.occurrence("dli")
    assert (row["DY"], row["ADT"], row["SRCDOM"], row["SRCVAR"], row["SRCSEQ"]) == (40, on(40), "CM", "CMSTDTC", 3)


# ---- around the origin ----------------------------------------------------------------------------------------------


def test_an_event_on_the_day_of_the_origin_is_at_risk_and_counts() -> None:
    derived = derive(ce=[event("P1", "CMV", 5)], spec=CMV)
    assert end(derived, "CMV") == (0, 0, "cmv")
    assert derived.endpoint("CMV")["RISKFL"] == "Y"


@pytest.mark.parametrize(("term", "cause", "code"), [("CMV", "cmv", 0), ("DEATH", "death", 2)])
def test_an_event_before_the_origin_is_prevalent_and_not_clamped(term: str, cause: str, code: int) -> None:
    derived = derive(ce=[event("P1", term, 3), event("P1", "CMV", 60)], spec=CMV)
    row = derived.endpoint("CMV")
    assert (row["RISKFL"], row["NRISKREA"]) == ("N", f"prevalent: {cause} before the origin")
    assert end(derived, "CMV") == (-2, code, cause)
    assert row["ADT"] == on(3)


def test_prevalence_is_per_variable() -> None:
    derived = derive(ce=[event("P1", "CMV", 3)], fa=[alive("P1", 90)])
    assert derived.endpoint("CMV")["RISKFL"] == "N"
    assert derived.endpoint("OS")["RISKFL"] == "Y"


def test_a_landmark_on_day_10() -> None:
    spec = make_variable("death", origin={"clock": "transplant", "landmark_day": 10})
    dm = [person("late", injected=11), person("in time", injected=10)]
    dm += [person(name) for name in ("dies 10", "dies 11", "seen 10", "seen 11", "never seen")]
    ce = [event("dies 10", "DEATH", 10), event("dies 11", "DEATH", 11)]
    fa = [alive("seen 10", 10), alive("seen 11", 11), alive("late", 90), alive("in time", 90)]
    adtte = derive(dm, ce=ce, fa=fa, spec=spec).adtte
    assert {row["USUBJID"]: row["NRISKREA"] for row in adtte.to_dicts()} == {
        "dies 10": "prevalent: death on or before the landmark",
        "dies 11": None,
        "in time": None,
        "late": "injected after the landmark",
        "never seen": "not followed beyond the landmark",
        "seen 10": "not followed beyond the landmark",
        "seen 11": None,
    }
    at_risk = adtte.filter(RISKFL="Y")["USUBJID"].to_list()
    assert at_risk == ["dies 11", "in time", "seen 11"]
    assert adtte.select("AENTRY", "STARTDT").unique().rows() == [(10, on(0))]


def test_time_after_a_landmark_still_counts_from_day_0() -> None:
    spec = make_variable("death", origin={"clock": "transplant", "landmark_day": 10})
    assert end(derive(ce=[event("P1", "DEATH", 60)], spec=spec), "OS") == (60, 0, "death")


def test_a_participant_without_the_origin_is_not_at_risk() -> None:
    spec = make_variable("death", population="transplanted")
    row = derive([person(injected=None)], fa=[alive("P1", 90)], spec=spec).endpoint("OS")
    assert (row["RISKFL"], row["NRISKREA"], row["STARTDT"]) == ("N", "the origin has no date", None)


def test_only_the_declared_population_is_followed() -> None:
    dm = [person("P1"), person("P2", injected=None), person("P3", injected=181)]
    assert derive(dm, spec=OS).adtte["USUBJID"].to_list() == ["P1"]


# ---- the end of follow-up -------------------------------------------------------------------------------------------


def test_censored_at_the_last_assessment_not_at_the_cutoff() -> None:
    derived = derive(fa=[alive("P1", day) for day in (30, 120, 90)], spec=OS)
    row = derived.endpoint("OS")
    assert end(derived, "OS") == (115, 1, None)
    assert (row["ADT"], row["SRCDOM"], row["SRCVAR"], row["SRCSEQ"]) == (on(120), "FA", "FADTC", 2)
    assert (row["EVNTDESC"], row["CNSDTDSC"]) == ("censored", "last documented assessment on or before the cut-off")


def test_an_assessment_on_the_cutoff_counts_and_one_after_it_does_not() -> None:
    assert end(derive(fa=[alive("P1", 90), alive("P1", 180)], spec=OS), "OS") == (175, 1, None)
    assert end(derive(fa=[alive("P1", 90), alive("P1", 181)], spec=OS), "OS") == (85, 1, None)


def test_an_event_on_the_cutoff_counts_and_one_after_it_does_not() -> None:
    fa = [alive("P1", 90)]
    assert end(derive(fa=fa, ce=[event("P1", "DEATH", 180)], spec=OS), "OS") == (175, 0, "death")
    assert end(derive(fa=fa, ce=[event("P1", "DEATH", 181)], spec=OS), "OS") == (85, 1, None)


def test_a_death_after_the_last_assessment_counts_on_its_day() -> None:
    derived = derive(fa=[assessed("P1", "DISEASE", 60)], ce=[event("P1", "DEATH", 150)], spec=RFS)
    assert end(derived, "NRM") == (145, 0, "death")
    assert end(derived, "RELAPSE") == (145, 2, "death")


def test_only_assessments_of_the_endpoint_document_follow_up() -> None:
    fa = [assessed("P1", "DISEASE", 60), alive("P1", 150), assessed("P1", "ACUTE_GVHD", 45)]
    derived = derive(fa=fa, lb=[sample("P1", 170)])
    assert [end(derived, code)[0] for code in ("OS", "RFS", "GVHD")] == [145, 55, 40]


def test_a_contact_that_found_the_participant_dead_documents_nothing() -> None:
    fa = [alive("P1", 60), assessed("P1", "SURVIVAL", 100, 0.0)]
    assert end(derive(fa=fa, spec=OS), "OS") == (55, 1, None)


def test_follow_up_ends_with_the_last_of_several_sources() -> None:
    sources = [{"domain": "FA", "code": "SURVIVAL"}, {"domain": "LB", "code": "CD4"}]
    spec = make_variable("death", follow_up=sources)
    later_sample = derive(fa=[alive("P1", 60)], lb=[sample("P1", 14), sample("P1", 70)], spec=spec)
    assert end(later_sample, "OS") == (65, 1, None)
    row = later_sample.endpoint("OS")
    assert (row["SRCDOM"], row["SRCVAR"], row["SRCSEQ"]) == ("LB", "LBDTC", 2)
    later_contact = derive(fa=[alive("P1", 80)], lb=[sample("P1", 70)], spec=spec)
    assert end(later_contact, "OS") == (75, 1, None)


def test_samples_after_the_cutoff_document_nothing() -> None:
    spec = make_variable("death", follow_up=[{"domain": "LB", "code": "CD4"}])
    assert end(derive(lb=[sample("P1", 60), sample("P1", 181)], spec=spec), "OS") == (55, 1, None)


@pytest.mark.parametrize("records", [{}, {"fa": [alive("P1", 2)]}])
def test_without_follow_up_after_the_origin_time_is_0(records: dict[str, Any]) -> None:
    derived = derive(spec=OS, **records)
    row = derived.endpoint("OS")
    assert end(derived, "OS") == (0, 1, None)
    assert (row["ADT"], row["CNSDTDSC"]) == (on(5), "no documented follow-up after the origin")


def test_an_event_counts_without_any_other_follow_up() -> None:
    assert end(derive(ce=[event("P1", "DEATH", 30)], spec=OS), "OS") == (25, 0, "death")


# ---- horizon (90 days after injection, which is day 95) ---------------------------------------------------------------


def test_an_event_on_the_horizon_counts_and_one_after_it_is_censored_there() -> None:
    last = [assessed("P1", "ACUTE_GVHD", 120)]
    assert end(derive(fa=[assessed("P1", "ACUTE_GVHD", 95, 3.0)], spec=GVHD), "GVHD") == (90, 0, "gvhd34")
    derived = derive(fa=[assessed("P1", "ACUTE_GVHD", 96, 3.0), *last], spec=GVHD)
    assert end(derived, "GVHD") == (90, 1, None)
    row = derived.endpoint("GVHD")
    assert (row["ADT"], row["CNSDTDSC"]) == (on(95), "end of the observation window")


def test_nobody_is_credited_with_follow_up_to_the_horizon() -> None:
    derived = derive(fa=[assessed("P1", "ACUTE_GVHD", 60)], ce=[event("P1", "DEATH", 150)], spec=GVHD)
    assert end(derived, "GVHD") == (55, 1, None)


# ---- several endpoints on one variable ------------------------------------------------------------------------------


def test_an_endpoint_may_take_several_of_the_causes() -> None:
    either = endpoint("gvhd", ["gvhd34", "relapse"], "aalen-johansen")
    spec = make_variable("gvhd", endpoints={"EITHER": either})
    for term, code in (("RELAPSE", 0), ("DEATH", 2)):
        assert derive(ce=[event("P1", term, 45)], spec=spec).endpoint("EITHER")["CNSR"] == code


def test_every_participant_has_every_endpoint() -> None:
    spec = make_spec()
    derived = derive([person("P1"), person("P2")], spec=spec)
    found = sorted(derived.adtte.select("USUBJID", "PARAMCD").rows())
    assert found == sorted((name, code) for name in ("P1", "P2") for code in spec.endpoints.endpoints)


def test_an_event_beyond_the_horizon_of_someone_not_followed_to_the_landmark() -> None:
    spec = make_variable("cd4", origin={"clock": "transplant", "landmark_day": 10})
    row = derive(lb=[sample("P1", 8)], ce=[event("P1", "DEATH", 150)], spec=spec).endpoint("CD4IR")
    assert (row["RISKFL"], row["NRISKREA"]) == ("N", "not followed beyond the landmark")


def test_a_landmark_on_the_injection_clock_excludes_nobody_who_was_injected_late() -> None:
    spec = make_variable("death", origin={"clock": "injection", "landmark_day": 5})
    row = derive([person(injected=8)], fa=[alive("P1", 90)], spec=spec).endpoint("OS")
    assert (row["RISKFL"], row["AVAL"]) == ("Y", 82)


def test_a_landmark_of_the_transplanted_does_not_ask_for_the_injection() -> None:
    spec = make_variable("death", population="transplanted", origin={"clock": "transplant", "landmark_day": 10})
    row = derive([person(injected=20)], fa=[alive("P1", 90)], spec=spec).endpoint("OS")
    assert row["RISKFL"] == "Y"
