"""What counts as an occurrence, kind by kind: every case can be checked by eye. Days are since transplant."""

from typing import Any

import pytest

from immrecon.config.endpoints import EndpointsFile

from .cases import Derived, derive
from .configuration import ENDPOINTS, FIRST_EVENTS, OCCURRENCES, make_spec, variable
from .records import Row, adverse, assessed, event, infusion, person


def declared(**rules: Row) -> Row:
    return {
        "occurrences": OCCURRENCES | rules, "first_events": FIRST_EVENTS, "endpoints": ENDPOINTS,
        "definition_grid": None, "recurrent_events": {},
    }  # fmt: skip


def of(rules: dict[str, Row], people: list[Row] | None = None, **domains: list[Row]) -> Derived:
    return derive(people, **domains, spec=make_spec(endpoints=declared(**rules)))


def days(derived: Derived, code: str, name: str = "P1") -> list[float]:
    return derived.adoc.filter(OCCUR=code, USUBJID=name).sort("OCCSEQ")["DY"].to_list()


# ---- clinical events, episodes, adjudication ------------------------------------------------------------------------


def infection(**more: Any) -> Row:
    return {"domain": "CE", "terms": ["INFECTION"], "min_grade": None} | more


RECURRENCE = [
    {"matches": "difficile", "within_day": 30}, {"matches": "^$", "within_day": 1}, {"matches": ".*", "within_day": 7},
]  # fmt: skip


def infected(day: int, pathogen: str | None, name: str = "P1") -> Row:
    return event(name, "INFECTION", day, CETERM=pathogen)


def test_every_record_is_an_occurrence_unless_told_otherwise() -> None:
    ce = [infected(20, "E. coli"), infected(22, "E. coli"), infected(10, "E. coli")]
    derived = of({"infection": infection()}, ce=ce)
    assert days(derived, "infection") == [10, 20, 22]
    assert derived.adoc.filter(OCCUR="infection")["SRCSEQ"].to_list() == [3, 1, 2]


@pytest.mark.parametrize(
    ("records", "expected"),
    [
        ([(10, "E. coli"), (16, "E. coli"), (23, "E. coli")], [10, 23]),  # 6 days: the same; 7 days: another
        ([(10, "E. coli"), (16, "E. coli"), (22, "E. coli")], [10]),  # an episode goes on from record to record
        ([(10, "E. coli"), (12, "Klebsiella")], [10, 12]),
        ([(10, "e. COLI "), (12, "E. coli")], [10]),
        ([(10, "Clostridioides difficile"), (39, "Clostridioides Difficile")], [10]),
        ([(10, "Clostridioides difficile"), (40, "Clostridioides difficile")], [10, 40]),
        ([(10, None), (10, None), (11, None)], [10, 11]),
    ],
)
def test_records_within_the_interval_are_one_episode(
    records: list[tuple[int, str | None]], expected: list[int]
) -> None:
    rules = {"infection": infection(recurrence=RECURRENCE)}
    ce = [infected(day, pathogen) for day, pathogen in records]
    assert days(of(rules, ce=ce), "infection") == expected
    assert days(of(rules, ce=list(reversed(ce))), "infection") == expected


@pytest.mark.parametrize(("by", "expected"), [("event", [10, 75]), ("detail", [10, 30, 75])])
def test_whether_the_detail_tells_episodes_apart(by: str, expected: list[int]) -> None:
    """Of one virus, what the detail says of a record does not; of an infection it is the pathogen."""
    rule = infection(recurrence=[{"matches": ".*", "within_day": 40}], recurrence_by=by)
    ce = [infected(10, "first positive PCR"), infected(30, "still positive"), infected(75, "second episode")]
    assert days(of({"infection": rule}, ce=ce), "infection") == expected


def test_episodes_are_those_of_one_participant() -> None:
    ce = [infected(10, "E. coli"), infected(12, "E. coli", "P2")]
    derived = of({"infection": infection(recurrence=RECURRENCE)}, [person("P1"), person("P2")], ce=ce)
    assert (days(derived, "infection"), days(derived, "infection", "P2")) == ([10], [12])


def test_a_record_below_the_grade_does_not_begin_an_episode() -> None:
    ce = [infected(10, "E. coli") | {"CETOXGR": 1}, infected(14, "E. coli") | {"CETOXGR": 3}]
    assert days(of({"infection": infection(min_grade=3, recurrence=RECURRENCE)}, ce=ce), "infection") == [14]


@pytest.mark.parametrize(
    ("states", "expected"),
    [(None, [10, 20, 30]), (["adjudicated"], [20]), (["investigator", "adjudicated"], [10, 20]), (["pending"], [])],
)
def test_which_state_of_an_event_counts(states: list[str] | None, expected: list[int]) -> None:
    ce = [
        event("P1", "GRAFT", day, CEADJUD=state)
        for day, state in ((10, "investigator"), (20, "adjudicated"), (30, None))
    ]
    rule = {"domain": "CE", "terms": ["GRAFT"], "min_grade": None, "adjudication": states}
    assert days(of({"graft": rule}, ce=ce), "graft") == expected


# ---- adverse events -------------------------------------------------------------------------------------------------


def toxicity(**more: Any) -> Row:
    rule = {"domain": "AE", "terms": None, "classes": None, "min_grade": None, "related": None, "serious": None}
    return rule | more


@pytest.mark.parametrize(
    ("rule", "expected"),
    [
        ({}, [8, 9, 10]), ({"min_grade": 3}, [9, 10]), ({"related": True}, [8, 9]), ({"related": False}, [10]),
        ({"serious": True, "min_grade": 3}, [9]), ({"terms": ["Rash"]}, [8]), ({"classes": ["Gut"]}, [10]),
        ({"min_grade": 3, "related": True}, [9]),
    ],
)  # fmt: skip
def test_adverse_events_by_what_they_are(rule: Row, expected: list[int]) -> None:
    ae = [
        adverse("P1", 8, AEREL="Y", AESER="N"),
        adverse("P1", 9, AEDECOD="Fever", AETOXGR=3, AEREL="Y", AESER="Y"),
        adverse("P1", 10, AEDECOD="Colitis", AEBODSYS="Gut", AETOXGR=4, AEREL="N"),
        adverse("P1", None, AETOXGR=5, AEREL="Y"),  # without a day it cannot be placed; that is a query of the ingest
    ]
    derived = of({"toxicity": toxicity(**rule)}, ae=ae)
    assert days(derived, "toxicity") == expected
    assert set(derived.adoc.filter(OCCUR="toxicity")["SRCVAR"]) <= {"AESTDTC"}


def test_a_window_counts_both_its_days_from_its_clock() -> None:
    window = {"clock": "injection", "first_day": 0, "last_day": 28}
    ae = [adverse("P1", day) for day in (4, 5, 33, 34)]  # injected on day 5
    assert days(of({"toxicity": toxicity(window=window)}, ae=ae), "toxicity") == [5, 33]
    assert days(of({"toxicity": toxicity(window=window)}, [person("P1", injected=None)], ae=ae), "toxicity") == []


# ---- one after another, and all of several --------------------------------------------------------------------------

GRAFT = {"domain": "CE", "terms": ["GRAFT_FAILURE"], "min_grade": None}
ANC = {"domain": "CE", "terms": ["ANC"], "min_grade": None}


def test_before_and_after_another_occurrence() -> None:
    rules = {"anc": ANC, "primary": GRAFT | {"unless_after": "anc"}, "secondary": GRAFT | {"after": "anc"}}
    people = [person("P1"), person("P2"), person("P3")]
    ce = [
        event("P1", "GRAFT_FAILURE", 28), event("P2", "ANC", 20), event("P2", "GRAFT_FAILURE", 60),
        event("P3", "ANC", 20), event("P3", "GRAFT_FAILURE", 20),
    ]  # fmt: skip
    derived = of(rules, people, ce=ce)
    assert [days(derived, "primary", name) for name in ("P1", "P2", "P3")] == [[28], [], []]
    assert [days(derived, "secondary", name) for name in ("P1", "P2", "P3")] == [[], [60], [20]]


def test_all_of_several_is_dated_by_the_last() -> None:
    def donor(test: str) -> Row:
        return {"domain": "FA", "category": "CHIMERISM", "test": test, "at_least": 95}

    rules = {"t": donor("CD3"), "m": donor("CD33"), "full": {"domain": "ALL", "of": ["t", "m"]}}

    def tested(name: str, day: int, test: str, value: float) -> Row:
        return assessed(name, "DISEASE", day, value) | {"FACAT": "CHIMERISM", "FATESTCD": test}

    fa = [
        tested("P1", 30, "CD33", 99), tested("P1", 30, "CD3", 80), tested("P1", 60, "CD33", 98), tested("P1", 90, "CD3", 95),
        tested("P2", 30, "CD33", 99), tested("P2", 30, "CD3", 94.9),
    ]  # fmt: skip
    derived = of(rules, [person("P1"), person("P2")], fa=fa)
    assert (days(derived, "full"), days(derived, "full", "P2")) == ([90], [])
    assert days(derived, "m") == [30]  # a state that is still there is no second occurrence
    assert derived.occurrence("full")["SRCSEQ"] == 4


def test_medication_after_another_occurrence() -> None:
    rules = {"treated": {"domain": "CM", "categories": ["STEROID"], "after": "gvhd34"}}
    cm = [infusion("P1", "STEROID", 10), infusion("P1", "STEROID", 40)]
    assert days(of(rules, cm=cm, fa=[assessed("P1", "ACUTE_GVHD", 30, 3)]), "treated") == [40]
    assert days(of(rules, cm=cm), "treated") == []


@pytest.mark.parametrize(
    ("rules", "message"),
    [
        ({"a": GRAFT | {"after": "b"}, "b": GRAFT | {"after": "a"}}, "in a circle: a, b"),
        ({"a": GRAFT | {"after": "nobody"}}, "occurrences.a.after: nobody is not declared"),
        ({"a": GRAFT | {"unless_after": "cd4"}}, "cd4 is itself a threshold of samples"),
        (
            {"a": {"domain": "ALL", "of": ["death", "b"]}, "b": {"domain": "ALL", "of": ["death", "relapse"]}},
            "made of others",
        ),
    ],
)
def test_references_that_cannot_be_are_refused(rules: dict[str, Row], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        EndpointsFile.model_validate(declared(**rules))


# ---- who is at risk, and where follow-up ends -----------------------------------------------------------------------


def followed(**more: Any) -> Row:
    variables = {"relapse_or_death": variable(["relapse", "death"], "DISEASE") | more}
    return {
        "occurrences": OCCURRENCES, "first_events": FIRST_EVENTS | variables, "endpoints": ENDPOINTS,
        "definition_grid": None, "recurrent_events": {},
    }  # fmt: skip


def test_only_those_with_a_characteristic_are_at_risk() -> None:
    spec = make_spec(
        endpoints=followed(only_if=[{"test": "CMVR", "values": ["positive"]}, {"test": "CMVD", "values": ["positive"]}])
    )
    sc = [
        {"USUBJID": "P1", "SCTESTCD": "CMVR", "SCORRES": "positive"}, {"USUBJID": "P1", "SCTESTCD": "CMVD", "SCORRES": "positive"},
        {"USUBJID": "P2", "SCTESTCD": "CMVR", "SCORRES": "negative"}, {"USUBJID": "P2", "SCTESTCD": "CMVD", "SCORRES": "positive"},
        {"USUBJID": "P3", "SCTESTCD": "CMVR", "SCORRES": "negative"},
    ]  # fmt: skip
    derived = derive([person("P1"), person("P2"), person("P3")], sc=sc, spec=spec)
    assert [derived.endpoint("RFS", name)["RISKFL"] for name in ("P1", "P2", "P3")] == ["Y", "Y", "N"]
    assert derived.endpoint("RFS", "P3")["NRISKREA"] == "without the characteristic that puts at risk (CMVR, CMVD)"


def test_followed_to_the_cut_off_as_a_sensitivity_analysis() -> None:
    fa = [assessed("P1", "DISEASE", 40), assessed("P2", "DISEASE", 40), assessed("P3", "DISEASE", 40)]
    ce = [event("P2", "DEATH", 60)]
    people = [person("P1"), person("P2"), person("P3")]
    ds = [{"USUBJID": "P3", "DSDECOD": "WITHDRAWAL"} | {"DSLO": people[0]["HSCTDT"], "DSHI": people[0]["HSCTDT"]}]
    documented = derive(people, fa=fa, ce=ce, ds=ds, spec=make_spec(endpoints=followed()))
    cut = derive(people, fa=fa, ce=ce, ds=ds, spec=make_spec(endpoints=followed(censor_at="cut-off")))
    start = person("P1")["TRTSDT"]
    to_cutoff = (make_spec().cutoff_date - start).days  # type: ignore[operator]
    assert documented.endpoint("RFS")["AVAL"] == 35
    assert cut.endpoint("RFS")["AVAL"] == to_cutoff
    # A death is what it was; whoever left is followed to the day of leaving only.
    assert (cut.endpoint("RFS", "P2")["AVAL"], cut.endpoint("RFS", "P2")["CNSR"]) == (55, 0)
    assert cut.endpoint("RFS", "P3")["AVAL"] == 0
