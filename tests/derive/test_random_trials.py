"""Occurrences and first events of random participants, against the rules written a second time as plain loops.

Everything happens on a few days, so that ties, events before the origin, partial dates around a death and records just
inside or outside an interval are frequent. Injection on day 5; the cut-off is day 180.
"""

import random
from collections import defaultdict
from typing import Any

import pytest

from .cases import Derived, derive
from .configuration import OCCURRENCES, endpoint, make_spec, variable
from .records import Row, adverse, assessed, event, infusion, person

INTERVALS = [{"matches": "difficile", "within_day": 9}, {"matches": ".*", "within_day": 4}]
INFECTION: Row = {"domain": "CE", "terms": ["INFECTION"], "min_grade": None, "recurrence": INTERVALS}
GRAFT: Row = {"domain": "CE", "terms": ["GRAFT_FAILURE"], "min_grade": None}
TOXICITY: Row = {"domain": "AE", "terms": None, "classes": None, "min_grade": 3, "related": True, "serious": None}
RULES: dict[str, Row] = {
    "infection": INFECTION,
    "severe": INFECTION | {"min_grade": 3},
    "anc": {"domain": "CE", "terms": ["ANC"], "min_grade": None},
    "primary": GRAFT | {"unless_after": "anc"},
    "secondary": GRAFT | {"after": "anc"},
    "gvhd2": {"domain": "FA", "category": "ACUTE_GVHD", "test": "GRADE", "at_least": 2},
    "treated": {"domain": "CM", "categories": ["STEROID"], "after": "gvhd2"},
    "toxicity": TOXICITY | {"window": {"clock": "injection", "first_day": 0, "last_day": 12}},
    "both": {"domain": "ALL", "of": ["anc", "gvhd2"]},
}
VARIABLES: dict[str, Row] = {
    "grfs": variable(["relapse", "death", "gvhd34", "treated"], "DISEASE", horizon_day=20),
    "toxicity": variable(["toxicity", "death"], "DISEASE", horizon_day=12),
    "failure": variable(["death", "secondary", "relapse"], "DISEASE", clock="transplant"),
}
ENDPOINTS: Row = {
    "GRFS": endpoint("grfs", VARIABLES["grfs"]["causes"], "kaplan-meier"),
    "DLT": endpoint("toxicity", ["toxicity"], "aalen-johansen"),
    "SECGF": endpoint("failure", ["secondary"], "aalen-johansen"),
}
INJECTED, N = 5, 250
CLOCK = {"grfs": INJECTED, "toxicity": INJECTED, "failure": 0}


def trial(seed: int) -> tuple[dict[str, list[Row]], dict[str, dict[str, Any]]]:
    """Harmonised rows, and the same as plain numbers by participant."""
    draw = random.Random(seed)
    rows: dict[str, list[Row]] = defaultdict(list)
    plain: dict[str, dict[str, Any]] = {}
    for i in range(N):
        name = f"P{i:03d}"
        rows["dm"].append(person(name, injected=INJECTED))
        own: dict[str, Any] = defaultdict(list)
        if draw.random() < 0.4:
            own["death"] = [draw.randint(INJECTED, 30)]
            rows["ce"].append(event(name, "DEATH", own["death"][0]))
        for term in ("RELAPSE", "ANC", "GRAFT_FAILURE"):
            for _ in range(draw.choice([0, 0, 1, 2])):
                day, length = draw.randint(1, 30), draw.choice([0, 0, 6])
                rows["ce"].append(event(name, term, day, day + length))
                own[term].append(day)
        for _ in range(draw.randint(0, 5)):
            day, grade = draw.randint(1, 40), draw.choice([1, 3])
            germ = draw.choice(["E. coli", "e. coli", "C. difficile"])
            rows["ce"].append(event(name, "INFECTION", day, CETERM=germ, CETOXGR=grade))
            own["infection"].append((day, germ.lower(), grade))
        for day in sorted(draw.sample(range(1, 40), draw.randint(0, 4))):
            grade = draw.choice([0, 1, 2, 3, 4])
            rows["fa"].append(assessed(name, "ACUTE_GVHD", day, float(grade)))
            own["gvhd"].append((day, grade))
        for day in sorted(draw.sample(range(1, 40), draw.randint(0, 3))):
            rows["fa"].append(assessed(name, "DISEASE", day))
            own["followed"].append(day)
        for _ in range(draw.randint(0, 2)):
            day = draw.randint(1, 40)
            rows["cm"].append(infusion(name, "STEROID", day))
            own["steroid"].append(day)
        for _ in range(draw.randint(0, 3)):
            day, grade, related = draw.randint(1, 30), draw.randint(2, 4), draw.choice("YN")
            rows["ae"].append(adverse(name, day, AETOXGR=grade, AEREL=related))
            own["adverse"].append((day, grade, related))
        plain[name] = own
    return rows, plain


def episodes(records: list[tuple[int, str, int]], least: int) -> list[int]:
    begun, last = [], {}
    for day, germ, grade in sorted(records):
        if grade < least:
            continue
        if germ not in last or day - last[germ] >= (9 if "difficile" in germ else 4):
            begun.append(day)
        last[germ] = day
    return sorted(begun)


def occurrences(own: dict[str, Any]) -> dict[str, list[int]]:
    """Days by occurrence. A partial date counts at its earliest day, wherever it lies against a death."""
    anc = sorted(own["ANC"])
    gvhd2 = [day for day, grade in own["gvhd"] if grade >= 2][:1]
    gvhd34 = [day for day, grade in own["gvhd"] if grade >= 3][:1]
    failures = sorted(own["GRAFT_FAILURE"])
    return {
        "death": own["death"],
        "relapse": sorted(own["RELAPSE"]),
        "anc": anc,
        "primary": [day for day in failures if not anc or day < anc[0]],
        "secondary": [day for day in failures if anc and day >= anc[0]],
        "infection": episodes(own["infection"], 0),
        "severe": episodes(own["infection"], 3),
        "gvhd2": gvhd2,
        "gvhd34": gvhd34,
        "treated": sorted(day for day in own["steroid"] if gvhd2 and day >= gvhd2[0]),
        "toxicity": sorted(
            day for day, grade, related in own["adverse"]
            if grade >= 3 and related == "Y" and 0 <= day - INJECTED <= 12
        ),
        "both": [max(anc[0], gvhd2[0])] if anc and gvhd2 else [],
    }  # fmt: skip


def first(name: str, own: dict[str, Any]) -> tuple[str, float | None, str | None]:
    """At risk, time, cause of one variable."""
    causes, horizon, start = VARIABLES[name]["causes"], VARIABLES[name]["horizon_day"] or 10**6, CLOCK[name]
    days = occurrences(own)
    happened = [(days[cause][0] - start, rank, cause) for rank, cause in enumerate(causes) if days[cause]]
    time, _, cause = min(happened, default=(10**6 + 1, 0, None))
    if time < 0:
        return "N", None, None
    if time <= horizon:
        return "Y", time, cause
    return "Y", min(max([0, *(day - start for day in own["followed"])]), horizon), None


@pytest.fixture(scope="module", params=[1, 2, 3])
def seed(request: pytest.FixtureRequest) -> tuple[Derived, dict[str, dict[str, Any]]]:
    rows, plain = trial(request.param)
    spec = make_spec(
        endpoints={
            "occurrences": OCCURRENCES | RULES, "first_events": VARIABLES, "endpoints": ENDPOINTS, "definition_grid": None, "recurrent_events": {},
        }
    )  # fmt: skip
    return derive(rows.pop("dm"), **rows, spec=spec), plain


def test_every_occurrence_in_order(seed: tuple[Derived, dict[str, dict[str, Any]]]) -> None:
    derived, plain = seed
    found: dict[tuple[str, str], list[float]] = defaultdict(list)
    for row in derived.adoc.sort("USUBJID", "OCCUR", "OCCSEQ").iter_rows(named=True):
        found[row["USUBJID"], row["OCCUR"]].append(row["DY"])
        assert row["OCCSEQ"] == len(found[row["USUBJID"], row["OCCUR"]])
    kinds = set()
    for name, own in plain.items():
        for occurrence, days in occurrences(own).items():
            assert found[name, occurrence] == days, (name, occurrence)
            kinds |= {occurrence} if days else set()
    assert kinds == set(occurrences(defaultdict(list)))


def test_every_first_event(seed: tuple[Derived, dict[str, dict[str, Any]]]) -> None:
    derived, plain = seed
    causes = set()
    for code, variable_name in (("GRFS", "grfs"), ("DLT", "toxicity"), ("SECGF", "failure")):
        rows = {row["USUBJID"]: row for row in derived.adtte.filter(PARAMCD=code).iter_rows(named=True)}
        assert set(rows) == set(plain)
        for name, own in plain.items():
            at_risk, time, cause = first(variable_name, own)
            row = rows[name]
            assert row["RISKFL"] == at_risk, (code, name)
            if at_risk == "Y":
                assert (row["AVAL"], row["CAUSE"]) == (time, cause), (code, name)
                causes.add((code, cause))
    assert len(causes) == 4 + 2 + 3 + 3  # every cause of every variable came first somewhere; and censoring


# ---- a date that the record does not allow is not made up ------------------------------------------------------------


@pytest.mark.parametrize("bound", ["earliest", "latest"])
@pytest.mark.parametrize(
    ("low", "high", "cause"),
    [
        (70, 99, "death"),  # surely after the death: a query, and no relapse on the day of death
        (61, 99, "death"),
        (60, 99, "relapse"),  # the day of death is possible, and relapse has the priority
        (40, 99, "relapse"),
    ],
)
def test_a_partial_date_after_the_death_is_not_moved_before_it(bound: str, low: int, high: int, cause: str) -> None:
    ce = [event("P1", "DEATH", 60), event("P1", "RELAPSE", low, high)]
    row = derive(ce=ce, spec=make_spec(partial_dates__event=bound)).endpoint("RFS")
    assert row["CAUSE"] == cause
    assert row["AVAL"] == (low if cause == "relapse" and bound == "earliest" else 60) - INJECTED


def test_a_grade_recorded_beside_the_stages_is_no_second_onset() -> None:
    """Grade, skin and liver of one day each reach the grade; the endpoint names one record, and one day."""
    stages = {"skin": "SKIN", "liver": "LIVER", "upper_gi": "UGI", "lower_gi": "LGI", "lower_gi_volume": None}
    rule = {
        "domain": "GVHD", "category": "ACUTE_GVHD", "grade": "GRADE", "stages": stages, "read": "higher", "at_least": 2,
    }  # fmt: skip
    spec = make_spec(endpoints__occurrences={**OCCURRENCES, "gvhd34": rule})
    fa = [
        assessed("P1", "ACUTE_GVHD", 30, value) | {"FATESTCD": test}
        for test, value in {"LIVER": 1.0, "SKIN": 3.0, "GRADE": 2.0}.items()
    ]
    derived = derive(fa=[*fa, assessed("P1", "ACUTE_GVHD", 37, 3)], spec=spec)
    assert derived.adoc.filter(OCCUR="gvhd34").select("DY", "OCCSEQ", "SRCSEQ").rows() == [(30, 1, 1)]
