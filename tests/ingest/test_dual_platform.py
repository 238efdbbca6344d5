"""Percentages that are turned into counts: declared, of the same draw, and marked."""

import polars as pl
import pytest
import yaml

from immrecon.errors import ConfigError

from .lab_cases import LONG, checks, dialect, kinds, long, used

ANALYTES = yaml.safe_load(LONG)["analytes"] | {"CD4 %": {"code": "CD8PCT", "unit": "%"}}
DECLARED = {
    "analytes": ANALYTES | {"CD8": {"code": "CD8", "unit": "%", "of": "ALC", "lloq": 1}},
    "platform": "dual",
    "checks": checks(),
}


def draw(sample: str, **results: str) -> list[dict[str, str]]:
    return [
        {"sample": sample, "test": test, "result": result, "unit": "%" if test == "CD8" else "/uL", "code": ""}
        for test, result in results.items()
    ]


def counts(tables) -> list[tuple[str, float, float | None, str, str | None]]:
    of_interest = tables.lb.filter(pl.col("LBTESTCD") == "CD8")
    return of_interest.select("LBCMP", "LBSTRESN", "LBLLOQ", "LBSTRESU", "LBMETHOD").rows()


def test_a_percentage_of_the_count_of_the_same_draw(tmp_path) -> None:
    tables = long(tmp_path, *draw("A1", CD8="10", ALC="500"), **DECLARED)
    assert counts(tables) == [("=", 50.0, 5.0, "/uL", "dual platform: per cent of ALC of the same draw")]
    assert tables.lb.filter(pl.col("LBTESTCD") == "ALC")["LBMETHOD"].to_list() == ["dual platform"]
    assert [kind for kind, *_ in kinds(tables, "error")] == []


def test_the_count_of_one_number_is_of_the_same_draw_whatever_the_minutes(tmp_path) -> None:
    percent, count = draw("A1", CD8="10", ALC="500")
    tables = long(tmp_path, percent, count | {"drawn": "02/02/2026 09:07"}, **DECLARED)
    assert [row[:2] for row in counts(tables)] == [("=", 50.0)]


def test_below_the_limit_stays_below_it(tmp_path) -> None:
    tables = long(tmp_path, *draw("A1", CD8="<1", ALC="500"), **DECLARED)
    assert [row[:3] for row in counts(tables)] == [("<", 5.0, 5.0)]


@pytest.mark.parametrize("results", [{"CD8": "10"}, {"CD8": "10", "ALC": "<50"}, {"CD8": "10", "ALC": "?"}])
def test_without_a_plain_count_of_the_draw_it_is_withheld(tmp_path, results: dict[str, str]) -> None:
    """A count of another draw, of the same day even, is never taken."""
    rows = [*draw("A1", **results), *draw("A2", ALC="400")]
    tables = long(tmp_path, *rows, **DECLARED, duplicates={"same_draw": ["accession"], "same_day": "keep"})
    assert ("count_of_draw_missing", 2, 1) in kinds(tables, "error")
    assert "CD8" not in [code for code, *_ in used(tables)]


def test_where_it_is_not_declared_a_percentage_is_never_a_count(tmp_path) -> None:
    tables = long(tmp_path, *draw("A1", CD8="10", ALC="500"), checks=checks())
    assert ("unit_disagrees", 2, 1) in kinds(tables, "error")
    assert tables.lb["LBMETHOD"].to_list() == [None]


@pytest.mark.parametrize(
    ("rule", "said"),
    [
        ({"unit": "/uL", "of": "ALC"}, "has the unit %"),
        ({"unit": "%", "of": "NK"}, "which no analyte is mapped to"),
        ({"unit": "%", "of": "CD8"}, "percentage of itself"),
        ({"unit": "%", "of": "ALC", "highest": 50}, "cannot exceed 100"),
    ],
)
def test_what_cannot_be_declared(rule: dict[str, object], said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        dialect(analytes=ANALYTES | {"CD8": {"code": "CD8", **rule}})
