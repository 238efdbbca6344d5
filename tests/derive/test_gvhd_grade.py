"""The overall grade of acute GvHD from organ stages, against the MAGIC table written out."""

import itertools
from typing import Any

import pytest

from .cases import Derived, derive
from .configuration import ENDPOINTS, FIRST_EVENTS, OCCURRENCES, make_spec
from .records import Row, between, person

STAGES = {"skin": "SKIN", "liver": "LIVER", "upper_gi": "UGI", "lower_gi": "LGI", "lower_gi_volume": None}
VOLUME = {
    "test": "STOOL", "weight_test": "WEIGHT", "adult_above_kg": 50,
    "adult_ml_per_day": [500, 1000, 1500], "child_ml_per_kg_per_day": [10, 20, 30],
}  # fmt: skip


def magic(skin: int, liver: int, upper: int, lower: int) -> int:
    """Harris 2016, table 2, line by line."""
    if skin == 4 or liver == 4 or lower == 4:
        return 4
    if liver in (2, 3) or lower in (2, 3):
        return 3
    if skin == 3 or liver == 1 or upper == 1 or lower == 1:
        return 2
    return 1 if skin in (1, 2) else 0


def assessment(day: int, name: str = "P1", **results: float | None) -> list[Row]:
    return [
        {"USUBJID": name, "FACAT": "ACUTE_GVHD", "FATESTCD": test, "FASTRESN": value} | between("FA", day, day)
        for test, value in results.items()
    ]


def reached(
    fa: list[Row], at_least: int, read: str = "computed", stages: Row = STAGES, people: list[Row] | None = None,
    **domains: Any,
) -> Derived:  # fmt: skip
    rule = {
        "domain": "GVHD", "category": "ACUTE_GVHD", "grade": "GRADE", "stages": stages, "read": read, "at_least": at_least,
    }  # fmt: skip
    spec = make_spec(
        endpoints={
            "occurrences": OCCURRENCES | {"gvhd": rule}, "first_events": FIRST_EVENTS, "endpoints": ENDPOINTS,
            "definition_grid": None,
        }
    )  # fmt: skip
    return derive(people or [person("P1"), person("P2")], fa=fa, spec=spec, **domains)


def day_of(derived: Derived, name: str = "P1") -> float | None:
    rows = derived.adoc.filter(OCCUR="gvhd", USUBJID=name)
    return None if rows.is_empty() else float(rows["DY"].item())


@pytest.mark.parametrize("at_least", [1, 2, 3, 4])
def test_every_combination_of_stages(at_least: int) -> None:
    combinations = list(itertools.product(range(5), range(5), range(2), range(5)))
    names = [f"P{index}" for index in range(len(combinations))]
    fa = [
        row for name, (skin, liver, upper, lower) in zip(names, combinations, strict=True)
        for row in assessment(20, name, SKIN=skin, LIVER=liver, UGI=upper, LGI=lower)
    ]  # fmt: skip
    derived = reached(fa, at_least, people=[person(name) for name in names])
    found = set(derived.adoc.filter(OCCUR="gvhd")["USUBJID"])
    assert found == {name for name, stages in zip(names, combinations, strict=True) if magic(*stages) >= at_least}


def test_a_stage_proves_a_grade_and_a_missing_one_disproves_nothing() -> None:
    fa = [*assessment(20, SKIN=None, LIVER=2, UGI=None, LGI=None), *assessment(10, SKIN=None, LIVER=1)]
    derived = reached(fa, 3)
    assert day_of(derived) == 20
    assert derived.occurrence("gvhd")["SRCSEQ"] == 2  # the record of the liver


@pytest.mark.parametrize(("read", "day"), [("recorded", 30), ("computed", 20), ("higher", 20)])
def test_which_grade_is_read(read: str, day: int) -> None:
    fa = [
        *assessment(20, SKIN=0, LIVER=3, UGI=0, LGI=0, GRADE=2),
        *assessment(30, SKIN=0, LIVER=0, UGI=0, LGI=0, GRADE=3),
    ]
    assert day_of(reached(fa, 3, read)) == day


def test_no_such_stage_gives_no_grade() -> None:
    assert day_of(reached(assessment(20, SKIN=5, LIVER=2.5, UGI=2, LGI=-1), 1)) is None


@pytest.mark.parametrize(
    ("weight", "ml", "stage"),
    [
        (51, 499, 0), (51, 500, 1), (51, 999, 1), (51, 1000, 2), (51, 1500, 2), (51, 1501, 3),
        (50, 499, 0), (50, 500, 1), (50, 1000, 2), (50, 1500, 2), (50, 1501, 3),
        (20, 199, 0), (20, 200, 1), (20, 400, 2), (20, 600, 2), (20, 601, 3), (None, 5000, None),
    ],
)  # fmt: skip
def test_the_gut_is_staged_by_volume_and_weight(weight: float | None, ml: float, stage: int | None) -> None:
    sc = [] if weight is None else [{"USUBJID": "P1", "SCTESTCD": "WEIGHT", "SCORRES": "x", "SCSTRESN": weight}]
    stages = STAGES | {"lower_gi_volume": VOLUME}
    grade = 0 if stage is None else magic(0, 0, 0, stage)
    for at_least in (2, 3, 4):
        derived = reached(assessment(20, STOOL=ml), at_least, stages=stages, sc=sc)
        assert (day_of(derived) is not None) == (grade >= at_least)


def test_weight_decides_not_age() -> None:
    sc = [{"USUBJID": n, "SCTESTCD": "WEIGHT", "SCORRES": "x", "SCSTRESN": w} for n, w in (("P1", 60.0), ("P2", 15.0))]
    fa = [*assessment(20, STOOL=450), *assessment(20, "P2", STOOL=450)]
    derived = reached(fa, 2, stages=STAGES | {"lower_gi_volume": VOLUME}, sc=sc)
    assert (day_of(derived), day_of(derived, "P2")) == (None, 20)
