"""The baseline table: quartiles of type 7 and categories, by hand."""

from typing import Any

import polars as pl
import pytest

from immrecon.analyses.baseline import baseline_table
from immrecon.contracts.harmonised import SC
from immrecon.contracts.io import validate
from immrecon.contracts.results import BASELINE

from .rows import Row, adsl, person, table
from .specs import STRATA, disposition_spec

AGE = {"code": "AGE", "label": "Age", "kind": "numeric", "unit": "years", "known_at": "enrolment"}
SEX = {"code": "SEX", "label": "Sex", "kind": "categorical", "unit": "", "known_at": "enrolment"}
WEIGHT = {"code": "WEIGHT", "label": "Weight", "kind": "numeric", "unit": "kg", "known_at": "enrolment"}
DONOR = {"code": "DONTYPE", "label": "Donor", "kind": "categorical", "unit": "", "known_at": "enrolment"}

PEOPLE = adsl(
    person("P1", AGE=10.0, SEX="F"),
    person("P2", AGE=20.0, SEX="M"),
    person("P3", AGE=30.0, SEX="F", dose="DL2", stage="enrolled"),
    person("P4", AGE=40.0),
    person("P5", "B", AGE=5.0, SEX="M", dose="DL2"),
    person("P6", "B", AGE=None, SEX="M"),
    person("P7", None, None, stage="screened", AGE=90.0, SEX="F"),  # not enrolled: not in the table
)


def recorded(name: str, test: str, text: str, value: float | None = None) -> Row:
    return {
        "USUBJID": name, "SCTESTCD": test, "SCORRES": text, "SCSTRESN": value, "SRCFILE": "baseline.csv", "SRCROW": 2,
    }  # fmt: skip


def baseline(items: list[Row], records: list[Row] | None = None, people: pl.DataFrame = PEOPLE) -> pl.DataFrame:
    return validate(BASELINE, baseline_table(people, table(SC, records or []), disposition_spec(baseline=items)))


def row_of(result: pl.DataFrame, group: str, dose: str = "all", level: str = "") -> Row:
    key = (pl.col("group") == group) & (pl.col("dose_level") == dose) & (pl.col("level") == level)
    return result.row(by_predicate=key, named=True)


@pytest.mark.parametrize(
    ("group", "dose", "n", "known", "quartiles", "extremes"),
    [
        # 10, 20, 30, 40: quartiles lie 0.75, 1.5 and 2.25 steps along.
        ("A", "all", 4, 4, (17.5, 25.0, 32.5), (10.0, 40.0)),
        # 10, 20, 40: half a step, one step, one and a half steps along.
        ("A", "DL1", 3, 3, (15.0, 20.0, 30.0), (10.0, 40.0)),
        ("B", "all", 2, 1, (5.0, 5.0, 5.0), (5.0, 5.0)),
        ("B", "DL1", 1, 0, (None, None, None), (None, None)),
        # 5, 10, 20, 30, 40: one, two and three steps along.
        ("all", "all", 6, 5, (10.0, 20.0, 30.0), (5.0, 40.0)),
    ],
)
def test_a_numeric_characteristic(
    group: str, dose: str, n: int, known: int, quartiles: tuple[Any, ...], extremes: tuple[Any, ...]
) -> None:
    row = row_of(baseline([AGE]), group, dose)
    assert (row["n_total"], row["n_known"], row["n_level"]) == (n, known, None)
    assert (row["q1"], row["median"], row["q3"]) == quartiles
    assert (row["minimum"], row["maximum"]) == extremes
    assert (row["label"], row["unit"], row["kind"], row["population"]) == ("Age", "years", "numeric", "enrolled")


def test_a_categorical_characteristic() -> None:
    result = baseline([SEX])
    found = {
        (group, dose, level): tuple(
            row_of(result, group, dose, level)[name] for name in ("n_total", "n_known", "n_level")
        )
        for group, dose, level in (("A", "all", "F"), ("A", "all", "M"), ("B", "all", "F"), ("B", "DL1", "M"))
    }
    assert found == {
        ("A", "all", "F"): (4, 3, 2),
        ("A", "all", "M"): (4, 3, 1),
        ("B", "all", "F"): (2, 2, 0),  # a category of the other group: zero, not absent
        ("B", "DL1", "M"): (1, 1, 1),
    }
    assert result.select("median", "q1", "q3", "minimum", "maximum").null_count().row(0) == (result.height,) * 5


def test_characteristics_of_the_baseline_extract() -> None:
    records = [
        recorded("P1", "WEIGHT", "61", 61.0),
        recorded("P2", "WEIGHT", "70", 70.0),
        recorded("P4", "WEIGHT", "not weighed"),  # no number: not known
        recorded("P1", "DONTYPE", "matched"),
        recorded("P5", "DONTYPE", "haplo"),
        recorded("P7", "DONTYPE", "cord"),  # a screen failure
    ]
    result = baseline([WEIGHT, DONOR], records)
    weight = row_of(result.filter(characteristic="WEIGHT"), "A")
    assert (weight["n_total"], weight["n_known"], weight["median"]) == (4, 2, 65.5)
    donor = result.filter(characteristic="DONTYPE", group="all", dose_level="all")
    assert donor.select("level", "n_level", "n_known", "n_total").rows() == [("haplo", 1, 2, 6), ("matched", 1, 2, 6)]
    assert result.select("characteristic", "characteristic_order").unique().sort("characteristic_order").rows() == [
        ("WEIGHT", 0), ("DONTYPE", 1),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("known_at", "known", "not_reached"),
    [("screening", 4, 0), ("enrolment", 4, 0), ("transplant", 3, 1), ("injection", 2, 2)],
)
def test_what_is_known_from_a_milestone_on_is_missing_before_it(known_at: str, known: int, not_reached: int) -> None:
    people = adsl(*(person(stage, stage=stage) for stage in ("enrolled", "transplanted", "injected", "evaluable")))
    records = [recorded(name, "WEIGHT", "60", 60.0) for name in people["USUBJID"]]
    records += [recorded(name, "DONTYPE", name) for name in people["USUBJID"]]
    result = baseline([item | {"known_at": known_at} for item in (WEIGHT, DONOR)], records, people)
    row = row_of(result.filter(characteristic="WEIGHT"), "all")
    assert (row["n_total"], row["n_known"], row["n_not_reached"]) == (4, known, not_reached)
    levels = result.filter(characteristic="DONTYPE", group="all", dose_level="all")
    assert levels.height == known, "nobody has the category of one who has not got there"
    assert levels["n_not_reached"].unique().to_list() == [not_reached]


def test_totals_add_up() -> None:
    result = baseline([SEX, AGE])
    assert set(result.select("group", "dose_level").unique().rows()) == STRATA
    counts = ["n_total", "n_known", "n_level"]
    lines = ["characteristic", "level"]
    pooled = result.filter(group="all", dose_level="all").sort(lines).select(counts).fill_null(0)
    for parts in (
        result.filter(pl.col("group") != "all", dose_level="all"),
        result.filter(pl.col("dose_level") != "all", group="all"),
        result.filter(pl.col("dose_level") != "all", pl.col("group") != "all"),
    ):
        assert parts.group_by(lines).agg(pl.col(counts).sum()).sort(lines).select(counts).equals(pooled)
    # The categories of a stratum are those with a value.
    sexes = result.filter(characteristic="SEX").group_by("group", "dose_level")
    assert sexes.agg(same=pl.col("n_level").sum() == pl.col("n_known").first())["same"].all()


def test_whoever_has_no_configured_group_is_in_all_and_in_a_place_of_their_own() -> None:
    people = adsl(person("P1", AGE=10.0), person("P2", None, AGE=20.0), person("P3", "Z", AGE=40.0))
    result = baseline([AGE], people=people)
    assert [row_of(result, group)["n_total"] for group in ("A", "B", "", "all")] == [1, 0, 2, 3]
    assert row_of(result, "")["median"] == 30.0


def test_nobody_enrolled() -> None:
    for people in (adsl(), adsl(person("P1", None, None, stage="screened"))):
        row = row_of(baseline([AGE], people=people), "all")
        assert (row["n_total"], row["n_known"], row["median"]) == (0, 0, None)


def test_a_categorical_characteristic_that_nobody_has_a_value_of_is_shown_as_missing() -> None:
    result = baseline([DONOR]).filter(group="all", dose_level="all")
    assert result.select("n_total", "n_known").rows() == [(6, 0)]
