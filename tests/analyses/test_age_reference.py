"""Counts beside the limits of the age: by hand, censored values, missing references, nobody at all."""

from typing import Any

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from immrecon.analyses.age_reference import AgeReference, estimate_age_reference
from immrecon.config.specs import AgeReferenceSpec
from immrecon.contracts.io import validate
from immrecon.contracts.results import (
    AGE_REFERENCE_BANDS,
    AGE_REFERENCE_PROFILES,
    AGE_REFERENCE_SHARES,
    AGE_REFERENCE_SUMMARY,
)

from .rows import Row, adlb, adsl, person, sample
from .specs import ANALYTES, DOSES, GROUPS, METHODS, VISITS

LOWER, MEDIAN, Z = "per cent of the lower limit", "per cent of the age's median", "z-score for the age"
REACHED, WITHIN = "at or above the lower limit", "within the limits"
PLAIN: Row = {
    "row": 2, "analyte": "CD4", "unit": "/uL", "age_from_years": 6, "age_below_years": 12, "lower": 500, "median": 1000,
    "upper": 2000, "percentiles": "P10-P90", "z_score": "log-normal", "l": None, "m": None, "s": None,
    "source": "by hand", "status": "draft", "note": "",
}  # fmt: skip
CHILD = {"ANRLO": 500.0, "ANRHI": 2000.0, "ANRORIG": "age table", "ANRROW": 2}
P10 = -1.2815515655446004


def estimated(people: list[Row], samples: list[Row], limits: list[Row] | None = None, **changes: Any) -> AgeReference:
    content = {
        "groups": GROUPS, "dose_levels": DOSES, "analytes": ANALYTES, "visits": VISITS, "methods": METHODS,
        "population": "injected", "reference_limits": [PLAIN] if limits is None else limits,
    }  # fmt: skip
    spec = AgeReferenceSpec.model_validate(content | changes)
    result = estimate_age_reference(adsl(*people), adlb(*samples), spec)
    return AgeReference(
        summary=validate(AGE_REFERENCE_SUMMARY, result.summary),
        shares=validate(AGE_REFERENCE_SHARES, result.shares),
        profiles=validate(AGE_REFERENCE_PROFILES, result.profiles),
        bands=validate(AGE_REFERENCE_BANDS, result.bands),
    )


def of(*texts: str | float, day: int = 28, **more: Any) -> AgeReference:
    """One participant per result on day 28, all of one group and dose level."""
    names = [f"P{i}" for i in range(len(texts))]
    lb = [sample(name, day, text, **CHILD | more) for name, text in zip(names, texts, strict=True)]
    return estimated([person(name) for name in names], lb)


def row(frame: pl.DataFrame, measure: str, visit: str = "D28", group: str = "all", dose: str = "all") -> Row:
    keys = {"measure": measure, "visit": visit, "group": group, "dose_level": dose, "parameter": "CD4"}
    rows = frame.filter(*(pl.col(name) == value for name, value in keys.items()))
    assert rows.height == 1
    return rows.row(0, named=True)


def test_percentages_and_z_scores_by_hand() -> None:
    """Of 250, 500 and 2000: 50, 100 and 400 % of 500; 25, 50 and 200 % of 1000; 2 z(P10), z(P10) and -z(P10)."""
    result = of(250, 500, 2000).summary
    for measure, expected in ((LOWER, (50, 100, 400)), (MEDIAN, (25, 50, 200)), (Z, (2 * P10, P10, -P10))):
        found = row(result, measure)
        assert (found["n"], found["n_reference"], found["n_without"], found["missing"]) == (3, 3, 0, None)
        low, middle, high = expected
        assert found["median"] == pytest.approx(middle)
        assert (found["q1"], found["q3"]) == pytest.approx(((low + middle) / 2, (middle + high) / 2))


def test_lms_by_hand() -> None:
    """L 1, M 1000, S 0.2: 1200 is +1. The median of the row is M where none is given."""
    limits = [PLAIN | {"z_score": "lms", "median": None, "l": 1, "m": 1000, "s": 0.2}]
    result = estimated([person("P1")], [sample("P1", 28, 1200, **CHILD)], limits).summary
    assert row(result, Z)["median"] == pytest.approx(1.0)
    assert row(result, MEDIAN)["median"] == pytest.approx(120.0)


def test_results_beyond_a_limit_stay_bounds() -> None:
    """Of <50, <50 and 100 the median is below 10 %, the upper quartile below 15 %; of 100, 100, >3000 it is known."""
    found = row(of("<50", "<50", 100).summary, LOWER)
    assert (found["median"], found["median_below_limit"], found["n_below_limit"]) == (10.0, True, 2)
    assert (found["q3"], found["q3_below_limit"]) == (15.0, True)
    z = row(of("<50", "<50", 100).summary, Z)
    assert z["median_below_limit"]
    assert z["median"] < -4
    above = row(of(100, 100, ">3000").summary, LOWER)
    assert (above["median"], above["median_above_limit"], above["q3_above_limit"]) == (20.0, False, True)


@pytest.mark.parametrize(
    ("texts", "reached", "within"),
    [
        ((499, 500, 2000, 2001), (3, 4, 0), (2, 4, 0)),
        (("<300", "<600", ">400", ">600"), (1, 2, 2), (0, 1, 3)),
        ((">2500", "<=500", ">=500"), (2, 2, 1), (0, 1, 2)),
    ],
)
def test_who_has_reached_the_limit_and_who_is_unknown(texts: tuple, reached: tuple, within: tuple) -> None:
    """(reached, known, unknown). <300 is below 500, <600 may be either; >600 is above, and may be above 2000."""
    shares = of(*texts).shares
    for measure, expected in ((REACHED, reached), (WITHIN, within)):
        found = row(shares, measure)
        assert (found["n_reached"], found["n"], found["n_unknown"]) == expected


def test_the_interval_of_a_share_is_exact() -> None:
    """0 of 3: up to 1 - 0.025^(1/3)."""
    found = row(of(10, 20, 30).shares, REACHED)
    assert (found["estimate"], found["conf_low"], found["conf_type"]) == (0.0, 0.0, "clopper-pearson")
    assert found["conf_high"] == pytest.approx(1 - 0.025 ** (1 / 3))


def test_samples_without_reference_are_left_out_with_their_reasons() -> None:
    why = {"ANRREAS": "age not known"}
    old = {"ANRREAS": "older than the reference"}
    people = [person(f"P{i}") for i in range(4)]
    lb = [sample("P0", 28, 250, **CHILD), *(sample(f"P{i}", 28, 900, **(why if i < 3 else old)) for i in (1, 2, 3))]
    result = estimated(people, lb)
    found = row(result.summary, LOWER)
    assert (found["n"], found["n_reference"], found["n_without"], found["median"]) == (4, 1, 3, 50.0)
    assert found["missing"] == "age not known (2); older than the reference (1)"
    share = row(result.shares, REACHED)
    assert (share["n"], share["n_without"], share["n_unknown"]) == (1, 3, 0)


def test_nobody_with_a_reference() -> None:
    result = estimated([person("P1")], [sample("P1", 28, 900, ANRREAS="age not known")])
    for measure in (LOWER, MEDIAN, Z):
        found = row(result.summary, measure)
        assert (found["status"], found["median"], found["reason"]) == ("not estimable", None, "age not known (1)")
    share = row(result.shares, REACHED)
    assert (share["status"], share["estimate"], share["reason"]) == ("not estimable", None, "no reference")
    assert result.profiles.select("reason", "lower").row(0) == ("age not known", None)
    assert result.bands["n_samples"].to_list() == [0]


def test_a_reference_without_median_or_distribution_says_so() -> None:
    bare = [PLAIN | {"median": None, "z_score": "none", "percentiles": "not stated"}]
    result = estimated([person("P1")], [sample("P1", 28, 250, **CHILD)], bare).summary
    assert row(result, LOWER)["median"] == 50.0
    assert row(result, MEDIAN)["reason"] == "the reference has no median (1)"
    assert row(result, Z)["reason"] == "the reference allows no z-score (1)"


def test_a_reference_without_upper_limit() -> None:
    open_ended = [PLAIN | {"upper": None, "median": None, "z_score": "none", "percentiles": "P10-P90"}]
    result = estimated([person("P1")], [sample("P1", 28, 250, **CHILD | {"ANRHI": None})], open_ended)
    assert row(result.shares, REACHED)["n"] == 1
    found = row(result.shares, WITHIN)
    assert (found["n"], found["n_without"], found["status"]) == (0, 1, "not estimable")


def test_a_value_of_nothing_has_a_percentage_and_no_z_score() -> None:
    result = of(0).summary
    assert row(result, LOWER)["median"] == 0.0
    assert row(result, Z)["reason"] == "the value has no finite z-score (1)"


def test_the_limits_of_the_laboratory_are_used_and_counted() -> None:
    """The laboratory's 400 for the percentage; median and z-score are those of the age."""
    own = CHILD | {"ANRLO": 400.0, "ANRHI": None, "ANRORIG": "laboratory"}
    result = estimated([person("P1"), person("P2")], [sample("P1", 28, 200, **own), sample("P2", 28, 200, **CHILD)])
    found = row(result.summary, LOWER)
    assert (found["n_laboratory"], found["median"]) == (1, 45.0)
    assert row(result.summary, MEDIAN)["median"] == 20.0
    assert result.profiles["origin"].to_list() == ["laboratory", "age table"]


def test_limits_of_laboratories_alone_are_enough() -> None:
    own = {"ANRLO": 400.0, "ANRORIG": "laboratory", "ANRREAS": "no reference for the analyte"}
    result = estimated([person("P1")], [sample("P1", 28, 200, **own)], limits=[])
    assert row(result.summary, LOWER)["median"] == 50.0
    assert row(result.summary, MEDIAN)["reason"] == "no reference for the analyte (1)"
    assert result.bands.is_empty()


def test_no_limits_no_rows() -> None:
    result = estimated([person("P1")], [sample("P1", 28, 200)], limits=[])
    assert all(frame.is_empty() for frame in (result.summary, result.shares, result.profiles, result.bands))
    assert estimated([], []).summary["status"].unique().to_list() == ["not estimable"]


def test_strata_and_visits_hold_their_own_samples() -> None:
    people = [person("P1", "A", "DL1"), person("P2", "B", "DL1"), person("P3", None, None), person("P4", "A", "DL2")]
    lb = [
        sample(who["USUBJID"], 28, 100 * place, who["GROUP"], who["DOSELVL"], **CHILD)
        for place, who in enumerate(people, start=1)
    ]
    result = estimated(people, [*lb, sample("P1", 14, 50, **CHILD)]).summary
    found = {
        (group, dose): row(result, LOWER, group=group, dose=dose)["median"]
        for group, dose in (("A", "all"), ("B", "all"), ("all", "DL1"), ("A", "DL1"), ("all", "all"))
    }
    assert found == pytest.approx(
        {("A", "all"): 50, ("B", "all"): 40, ("all", "DL1"): 30, ("A", "DL1"): 20, ("all", "all"): 50}
    )
    assert row(result, LOWER, visit="D14")["n"] == 1


def test_only_the_population_and_its_usable_samples_count() -> None:
    people = [person("P1"), person("P2", stage="transplanted")]
    lb = [sample("P1", 28, 500, **CHILD), sample("P2", 28, 500, **CHILD)]
    lb.append(sample("P1", 40, 500, **CHILD, ANL02FL="N", ANLREAS="collected after death"))
    result = estimated(people, lb)
    assert row(result.summary, LOWER)["n"] == 1
    assert result.profiles.height == 1
    assert result.bands["n_samples"].to_list() == [1]


def test_the_order_of_rows_does_not_matter() -> None:
    people = [person(f"P{i}", "AB"[i % 2]) for i in range(6)]
    lb = [sample(f"P{i}", 28, 100 + 37 * i, "AB"[i % 2], **CHILD) for i in range(6)]
    lb = [{"ASEQ": i, "LBSEQ": i} | r for i, r in enumerate(lb)]
    one, other = estimated(people, lb), estimated(people[::-1], lb[::-1])
    for name in ("summary", "shares", "profiles", "bands"):
        assert_frame_equal(getattr(one, name), getattr(other, name))
