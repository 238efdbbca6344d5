"""Partial dates are pairs of bounds: one of them is taken as configured, and every use is flagged."""

from typing import Any

import pytest

from immrecon.config.specs import DeriveSpec

from .cases import derive
from .configuration import OCCURRENCES, around, make_spec, make_variable
from .records import alive, assessed, event, infusion, on, person, samples

EARLIEST = make_variable("death")
LATEST = EARLIEST.model_copy(update={"partial_dates": make_spec(partial_dates__event="latest").partial_dates})


@pytest.mark.parametrize(("spec", "day"), [(EARLIEST, 59), (LATEST, 89)])
def test_the_configured_bound_is_taken_and_flagged(spec: DeriveSpec, day: int) -> None:
    derived = derive(ce=[event("P1", "DEATH", 59, 89)], spec=spec)  # March 2026
    row = derived.endpoint("OS")
    assert (row["AVAL"], row["CNSR"], row["ADT"], row["ADTF"]) == (day - 5, 0, on(day), "D")
    occurrence = derived.occurrence("death")
    assert (occurrence["DY"], occurrence["ADT"], occurrence["ADTF"]) == (day, on(day), "D")


@pytest.mark.parametrize("spec", [EARLIEST, LATEST])
def test_a_full_date_is_not_flagged(spec: DeriveSpec) -> None:
    row = derive(ce=[event("P1", "DEATH", 59)], spec=spec).endpoint("OS")
    assert (row["AVAL"], row["ADTF"]) == (54, None)


@pytest.mark.parametrize(("spec", "day"), [(EARLIEST, 170), (LATEST, 180)])
def test_a_date_that_may_lie_after_the_cutoff_counts_at_the_cutoff_at_the_latest(spec: DeriveSpec, day: int) -> None:
    row = derive(fa=[alive("P1", 90)], ce=[event("P1", "DEATH", 170, 200)], spec=spec).endpoint("OS")
    assert (row["AVAL"], row["CNSR"], row["ADT"], row["ADTF"]) == (day - 5, 0, on(day), "D")


@pytest.mark.parametrize("spec", [EARLIEST, LATEST])
def test_a_date_that_lies_after_the_cutoff_in_any_case_does_not_count(spec: DeriveSpec) -> None:
    row = derive(fa=[alive("P1", 90)], ce=[event("P1", "DEATH", 181, 211)], spec=spec).endpoint("OS")
    assert (row["AVAL"], row["CNSR"], row["ADTF"]) == (85, 1, None)


@pytest.mark.parametrize(("spec", "first"), [(EARLIEST, 59), (LATEST, 75)])
def test_the_bound_decides_which_record_is_the_first(spec: DeriveSpec, first: int) -> None:
    spec = make_variable("relapse_or_death").model_copy(update={"partial_dates": spec.partial_dates})
    derived = derive(ce=[event("P1", "RELAPSE", 59, 89), event("P1", "RELAPSE", 75)], spec=spec)
    assert derived.endpoint("RFS")["AVAL"] == first - 5


def test_a_partial_date_of_a_medication_or_an_assessment() -> None:
    fa = [assessed("P1", "ACUTE_GVHD", 31, 3.0, last=58)]
    derived = derive(fa=fa, cm=[infusion("P1", "DLI", 59, 89)])
    for code, day in (("gvhd34", 31), ("dli", 59)):
        row = derived.occurrence(code)
        assert (row["DY"], row["ADTF"]) == (day, "D")


def test_samples_count_until_the_bound_of_a_partial_end() -> None:
    lb = samples("P1", {20: 60, 40: 70})
    relapse = [event("P1", "RELAPSE", 31, 58)]
    status: dict[str, Any] = {}
    for bound in ("earliest", "latest"):
        spec = make_spec(partial_dates__event=bound)
        status[bound] = derive(lb=lb, ce=relapse, spec=spec).status()["STATUS"]
    assert status == {"earliest": "competing event before", "latest": "confirmed"}


def test_a_partial_contact_documents_its_earliest_day_only() -> None:
    row = derive(fa=[alive("P1", 59, 89)], spec=EARLIEST).endpoint("OS")
    assert (row["AVAL"], row["CNSR"], row["ADTF"]) == (54, 1, None)


def test_a_contact_that_may_lie_after_the_cutoff_documents_nothing() -> None:
    row = derive(fa=[alive("P1", 90), alive("P1", 170, 200)], spec=EARLIEST).endpoint("OS")
    assert row["AVAL"] == 85


# ---- what a partial date cannot mean --------------------------------------------------------------------------------


def test_a_death_in_the_month_of_the_injection_is_not_prevalent() -> None:
    # Injected on 11 January, died in January: whoever was injected was alive then.
    row = derive([person(injected=10)], ce=[event("P1", "DEATH", 0, 30)], spec=EARLIEST).endpoint("OS")
    assert (row["RISKFL"], row["CNSR"], row["AVAL"], row["ADT"], row["ADTF"]) == ("Y", 0, 0, on(10), "D")


def test_a_death_in_the_month_of_the_relapse_is_not_non_relapse_mortality() -> None:
    ce = [event("P1", "RELAPSE", 70), event("P1", "DEATH", 59, 89)]
    derived = derive(ce=ce, spec=make_variable("relapse_or_death"))
    row = derived.endpoint("RELAPSE")
    assert (row["CNSR"], row["AVAL"], row["ADTF"]) == (0, 65, None)
    assert derived.occurrence("death")["DY"] == 70


@pytest.mark.parametrize(
    ("contact", "died"),
    [(80, 80), (89, 89), (40, 59), (100, 59)],  # a contact after the last possible day contradicts, and moves nothing
)
def test_nobody_dies_before_the_last_day_known_alive(contact: int, died: int) -> None:
    row = derive(fa=[alive("P1", contact)], ce=[event("P1", "DEATH", 59, 89)], spec=EARLIEST).endpoint("OS")
    assert (row["CNSR"], row["AVAL"], row["ADT"], row["ADTF"]) == (0, died - 5, on(died), "D")


def test_a_death_of_known_day_is_not_moved() -> None:
    row = derive(fa=[alive("P1", 80)], ce=[event("P1", "DEATH", 60)], spec=EARLIEST).endpoint("OS")
    assert (row["AVAL"], row["ADTF"]) == (55, None)


def test_the_latest_bound_of_a_death_is_not_moved() -> None:
    row = derive(fa=[alive("P1", 80)], ce=[event("P1", "DEATH", 59, 89)], spec=LATEST).endpoint("OS")
    assert (row["AVAL"], row["ADTF"]) == (84, "D")


def test_another_partial_date_says_nothing_about_the_day_of_death() -> None:
    ce = [event("P1", "RELAPSE", 62, 89), event("P1", "DEATH", 59, 89)]
    assert derive(ce=ce, spec=make_variable("relapse_or_death")).occurrence("death")["DY"] == 59


def test_a_death_of_unknown_day_is_a_death() -> None:
    row = derive(ce=[event("P1", "DEATH", 59, 89)], spec=EARLIEST).person()
    assert (row["DTHFL"], row["DTHDT"], row["DTHDY"], row["DTHHIDY"]) == ("Y", None, None, 89)


def test_a_relapse_in_the_month_of_the_death_is_not_after_it() -> None:
    spec = make_variable("relapse_or_death").model_copy(update={"partial_dates": LATEST.partial_dates})
    ce = [event("P1", "RELAPSE", 59, 89), event("P1", "DEATH", 70)]
    row = derive(ce=ce, spec=spec).endpoint("RELAPSE")
    assert (row["CNSR"], row["ADTF"]) == (0, "D")
    assert row["AVAL"] <= 65


def test_only_deaths_are_moved_to_the_last_day_known_alive() -> None:
    either = {"domain": "CE", "terms": ["DEATH", "PROGRESSION"], "min_grade": None}
    spec = make_spec(endpoints=around("death", occurrences=OCCURRENCES | {"death": either}))
    row = derive(fa=[alive("P1", 85)], ce=[event("P1", "PROGRESSION", 59, 89)], spec=spec).endpoint("OS")
    assert row["AVAL"] == 54


def test_a_partial_date_around_the_origin_is_not_certainly_before_it() -> None:
    # Injected on 11 January, grade 3 in January: before the injection or after it.
    fa = [assessed("P1", "ACUTE_GVHD", 0, 3.0, last=30)]
    row = derive([person(injected=10)], fa=fa, spec=make_variable("gvhd")).endpoint("GVHD")
    assert row["NRISKREA"] != "prevalent: gvhd34 before the origin"
