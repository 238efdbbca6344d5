"""Visit summaries and courses of thirteen participants, two more dead, against R (golden/analyses/kinetics.R)."""

import json
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from numpy.testing import assert_allclose

from immrecon.analyses.kinetics import Kinetics, estimate_kinetic_parameters
from immrecon.analyses.recovery import estimate_recovery

from .rows import Row, adlb, adoc, adrec, adsl, died, lb, person, sample
from .specs import KINETICS, kinetic_spec, recovery_spec

GOLDEN: Any = json.loads((Path(__file__).parents[1] / "golden" / "analyses" / "kinetics.json").read_text())
NAMES = [f"P{i:02d}" for i in range(len(GOLDEN["group"]))]


@pytest.fixture(scope="module")
def tables() -> tuple[pl.DataFrame, pl.DataFrame, pl.DataFrame]:
    people = [person(name, group) for name, group in zip(NAMES, GOLDEN["group"], strict=True)]
    people += [person(f"X{d['id']}", d["group"], **died(d["day"])) for d in GOLDEN["dead"]]
    samples = [
        sample(name, day, f"<{value}" if is_below else value, group)
        for name, group, values, below in zip(NAMES, GOLDEN["group"], GOLDEN["counts"], GOLDEN["below"], strict=True)
        for day, value, is_below in zip(GOLDEN["days"], values, below, strict=True)
    ]
    return adsl(*people), adlb(*samples), adoc(*((f"X{d['id']}", "death", float(d["day"])) for d in GOLDEN["dead"]))


@pytest.fixture(scope="module")
def course(tables: tuple[pl.DataFrame, ...]) -> Kinetics:
    return estimate_kinetic_parameters(*tables, kinetic_spec(kinetics=KINETICS))  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def visits(tables: tuple[pl.DataFrame, ...]) -> pl.DataFrame:
    people, samples, _ = tables
    result = estimate_recovery(people, samples, lb(), adrec(), recovery_spec()).visit_summary
    return result.filter(parameter="CD4", group="all", dose_level="all")


@pytest.mark.parametrize(("visit", "expected"), [("D14", "geometric_14"), ("D28", "geometric_28")])
def test_geometric_means(visits: pl.DataFrame, visit: str, expected: str) -> None:
    row = visits.row(by_predicate=pl.col("visit") == visit, named=True)
    found = [row[f"geometric_mean{part}"] for part in ("", "_conf_low", "_conf_high")]
    assert_allclose(found, GOLDEN[expected], rtol=1e-7)


def test_interval_of_the_median(visits: pl.DataFrame) -> None:
    row = visits.row(by_predicate=pl.col("visit") == "D28", named=True)
    names = ("median", "median_conf_low", "median_conf_high", "median_coverage")
    assert_allclose([row[name] for name in names], GOLDEN["median_28"], rtol=1e-12)


@pytest.mark.parametrize(
    ("measure", "variant", "expected"),
    [
        ("area under the curve", "primary", "linear"),
        ("area under the curve", "linear-up log-down", "log_down"),
        ("slope of log2 of the count", "primary", "slope"),
    ],
)
def test_participants(course: Kinetics, measure: str, variant: str, expected: str) -> None:
    rows = course.parameters.filter(measure=measure, variant=variant).sort("display_id")
    assert rows["display_id"].to_list()[: len(NAMES)] == NAMES
    assert_allclose(rows["value"].to_list()[: len(NAMES)], GOLDEN[expected], rtol=1e-12)
    assert rows["value"].to_list()[len(NAMES) :] == [None] * len(GOLDEN["dead"])


def test_geometric_mean_of_areas(course: Kinetics) -> None:
    chosen = {"measure": "area under the curve", "variant": "primary", "group": "A", "dose_level": "all"}
    row = course.summary.row(by_predicate=pl.all_horizontal(pl.col(k) == v for k, v in chosen.items()), named=True)
    found = [row[f"geometric_mean{part}"] for part in ("", "_conf_low", "_conf_high")]
    assert_allclose(found, GOLDEN["geometric_area_a"], rtol=1e-7)


@pytest.mark.parametrize(
    ("chosen", "expected"),
    [
        ({"measure": "count at the visit", "ranking": "measured"}, "at_28"),
        ({"measure": "area under the curve", "ranking": "measured"}, "area"),
        ({"measure": "area under the curve", "ranking": "DEATH"}, "worst"),
    ],
)
def test_groups_are_compared(course: Kinetics, chosen: Row, expected: str) -> None:
    row = course.comparisons.row(by_predicate=pl.all_horizontal(pl.col(k) == v for k, v in chosen.items()), named=True)
    assert_allclose(row["p_value"], GOLDEN[expected]["p"], rtol=1e-12)
    assert_allclose(row["probability"], GOLDEN[expected]["probability"], rtol=1e-12)
    assert_allclose(row["estimate"], GOLDEN[expected]["shift"], rtol=1e-12)
