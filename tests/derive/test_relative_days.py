"""A source that gives days since transplant and no dates: no cut-off, no calendar, fractions of a day allowed."""

import pytest

from .cases import derive
from .configuration import make_spec, make_variable
from .records import Row, person_without_dates, sample

NO_CUTOFF = make_spec(cutoff_date=None)


def died(day: float, term: str = "DEATH") -> Row:
    return {"USUBJID": "P1", "CEDECOD": term, "CESTDY": day}


def seen(category: str, day: float, value: float = 0.0) -> Row:
    test = "GRADE" if category == "ACUTE_GVHD" else "STATUS"
    return {"USUBJID": "P1", "FACAT": category, "FATESTCD": test, "FASTRESN": value, "FADY": day}


def counted(day: float, text: str = "60") -> Row:
    return sample("P1", None, text, LBDY=day)


def test_populations_from_days_alone() -> None:
    dm = [person_without_dates("P1"), person_without_dates("P2", injected=None)]
    adsl = derive(dm, spec=NO_CUTOFF).adsl
    flags = adsl.select("USUBJID", "SCRNFL", "ENRLFL", "HSCTFL", "SAFFL").rows()
    assert flags == [("P1", "Y", "Y", "Y", "Y"), ("P2", "Y", "Y", "Y", "N")]
    assert adsl["TRTSDY"].to_list() == [5.0, None]


def test_endpoints_have_times_and_no_dates() -> None:
    fa = [seen("SURVIVAL", 30.0, 1.0), seen("SURVIVAL", 90.5, 1.0), seen("DISEASE", 60.25)]
    derived = derive([person_without_dates()], ce=[died(45.5, "RELAPSE")], fa=fa, spec=NO_CUTOFF)
    survival, relapse = derived.endpoint("OS"), derived.endpoint("RELAPSE")
    assert (survival["AVAL"], survival["CNSR"], survival["ADT"], survival["STARTDT"]) == (85.5, 1, None, None)
    assert (relapse["AVAL"], relapse["CNSR"], relapse["ADT"], relapse["ADTF"]) == (40.5, 0, None, None)


def test_an_event_before_the_origin_is_prevalent() -> None:
    row = derive([person_without_dates()], ce=[died(4.5, "CMV")], spec=NO_CUTOFF).endpoint("CMV")
    assert (row["RISKFL"], row["AVAL"], row["ADT"]) == ("N", -0.5, None)


def test_death_is_on_its_day() -> None:
    row = derive([person_without_dates()], ce=[died(45.5)], spec=NO_CUTOFF).person()
    assert (row["DTHFL"], row["DTHDT"], row["DTHDY"]) == ("Y", None, 45.5)


def test_samples_are_placed_by_their_day() -> None:
    derived = derive([person_without_dates(injected=5.5)], lb=[counted(13.25)], spec=NO_CUTOFF)
    row = derived.adlb.row(0, named=True)
    assert (row["ADY"], row["AINJDY"], row["ADT"], row["AVISIT"]) == (13.25, 7.75, None, "D14")


@pytest.mark.parametrize(("second", "status"), [(34.5, "confirmed"), (34.4, "reached, not yet confirmed")])
def test_spacing_of_fractional_days(second: float, status: str) -> None:
    derived = derive([person_without_dates()], lb=[counted(20.5), counted(second)], spec=NO_CUTOFF)
    assert derived.status()["STATUS"] == status
    assert derived.status()["WINCLFL"] == "Y"


def test_samples_after_death_are_not_usable() -> None:
    lb = [counted(20.0), counted(30.5)]
    adlb = derive([person_without_dates()], ce=[died(30.0)], lb=lb, spec=NO_CUTOFF).adlb
    assert adlb["ANLREAS"].to_list() == [None, "collected after death"]


def test_nothing_is_after_a_cutoff_that_does_not_exist() -> None:
    derived = derive([person_without_dates()], ce=[died(5000.0)], lb=[counted(4000.0)], spec=NO_CUTOFF)
    assert derived.endpoint("OS")["AVAL"] == 4995
    assert derived.adlb["ANL02FL"].to_list() == ["Y"]


def test_a_landmark_needs_no_dates() -> None:
    spec = make_variable("death", origin={"clock": "transplant", "landmark_day": 10})
    spec = spec.model_copy(update={"cutoff_date": None})
    row = derive([person_without_dates()], ce=[died(10.5)], spec=spec).endpoint("OS")
    assert (row["RISKFL"], row["AENTRY"], row["AVAL"]) == ("Y", 10, 10.5)


def test_an_adverse_event_without_dates_is_counted_as_emergent_and_flagged() -> None:
    ae = [{"USUBJID": "P1", "AETERM": "rash", "AEDECOD": "Rash", "AEBODSYS": "Skin", "AETOXGR": 2}]
    row = derive([person_without_dates()], ae=ae, spec=NO_CUTOFF).event()
    assert (row["TRTEMFL"], row["TRTEMUN"], row["ANL01FL"]) == ("Y", "Y", "Y")


def test_samples_of_one_day_at_different_hours_are_one_of_the_consecutive_samples() -> None:
    spec = make_variable("cd4").model_dump() | {"cutoff_date": None}
    spec["endpoints"]["occurrences"]["cd4"]["confirmations"] = 3
    lb = [counted(20.25), counted(20.75), counted(35.0)]
    derived = derive([person_without_dates()], lb=lb, spec=type(NO_CUTOFF).model_validate(spec))
    assert derived.status()["STATUS"] == "reached, not yet confirmed"
