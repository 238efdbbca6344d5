"""Medians and quartiles per visit with results below the limit, and who was expected: by hand."""

from typing import Any

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose

from immrecon.analyses.recovery import estimate_recovery, quantiles_with_limit
from immrecon.contracts.io import validate
from immrecon.contracts.results import VISIT_SUMMARY

from .rows import Row, adlb, adrec, adsl, died, on, person, sample
from .specs import STRATA, recovery_spec


def summary(people: pl.DataFrame, results: pl.DataFrame, **changes: Any) -> pl.DataFrame:
    result = estimate_recovery(people, results, adrec(), recovery_spec(**changes))
    return validate(VISIT_SUMMARY, result.visit_summary)


def at_day_28(*texts: str | float, limits: dict[str, float] | None = None) -> Row:
    """The pooled day-28 row of CD4, with one participant per result."""
    names = [f"P{i}" for i in range(len(texts))]
    people = adsl(*(person(name) for name in names))
    known = limits or {}
    results = [sample(n, 28, text, LLOQ=known.get(str(text))) for n, text in zip(names, texts, strict=True)]
    return row_of(summary(people, adlb(*results), dose_levels=[]))


def row_of(result: pl.DataFrame, group: str = "all", dose: str = "all", visit: str = "D28") -> Row:
    key = {"group": group, "dose_level": dose, "parameter": "CD4", "visit": visit}
    return result.row(by_predicate=pl.all_horizontal(pl.col(k) == v for k, v in key.items()), named=True)


def quartiles(row: Row) -> list[tuple[float | None, bool]]:
    return [(row[name], row[f"{name}_below_limit"]) for name in ("q1", "median", "q3")]


# ---- quantiles ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("texts", "expected", "extremes"),
    [
        # Four numbers: 0.75, 1.5 and 2.25 steps along.
        ((10, 40, 20, 30), [(17.5, False), (25, False), (32.5, False)], (10, 40)),
        # One of three below 5: a quarter lies half a step above it, half way to 10. The median is a number.
        (("<5", 10, 20), [(7.5, True), (10, False), (15, False)], (None, 20)),
        # Two: the median averages 5 and 10. The truth is at most 7.5, so it is an upper bound, and flagged.
        (("<5", 10), [(6.25, True), (7.5, True), (8.75, True)], (None, 10)),
        # Two of three below: the third quartile averages 5 and 10.
        (("<5", "<5", 10), [(5, True), (5, True), (7.5, True)], (None, 10)),
        # Two of five below: the first quartile is below, the median a number.
        (("<5", 10, "<5", 30, 20), [(5, True), (10, False), (20, False)], (None, 30)),
        # All below, with different limits: at their limits they are 5, 5, 10, and no quartile can be larger than those'.
        (("<5", "<10", "<=5"), [(5, True), (5, True), (7.5, True)], (None, None)),
        (("<5",), [(5, True), (5, True), (5, True)], (None, None)),
        ((7,), [(7, False), (7, False), (7, False)], (7, 7)),
        ((), [(None, False), (None, False), (None, False)], (None, None)),
    ],
)
def test_quartiles(texts: Any, expected: list[tuple[float | None, bool]], extremes: tuple[Any, Any]) -> None:
    row = at_day_28(*texts)
    assert quartiles(row) == expected
    assert (row["minimum"], row["maximum"]) == extremes
    assert (row["n"], row["n_below_limit"]) == (len(texts), sum(str(text).startswith("<") for text in texts))


@settings(max_examples=60, deadline=None, derandomize=True)
@given(
    n_below=st.integers(0, 6),
    values=st.lists(st.integers(5, 400).map(float), max_size=8),
    truths=st.lists(st.floats(0.125, 5), min_size=6, max_size=6),
)
def test_a_flag_says_that_the_number_is_an_upper_bound(n_below: int, values: list[float], truths: list[float]) -> None:
    if n_below + len(values) == 0:
        return
    found = quantiles_with_limit(pl.Series(values, dtype=pl.Float64), pl.Series([5.0] * n_below, dtype=pl.Float64))
    for name, p in (("q1", 0.25), ("median", 0.5), ("q3", 0.75)):
        # Type 7 is numpy's "linear". With the limits in place of the counts the number is reached exactly; with what
        # the counts may truly have been it is never exceeded, and stays the same where nothing is flagged.
        at_the_limit = np.quantile([5.0] * n_below + values, p, method="linear")
        in_truth = np.quantile(truths[:n_below] + values, p, method="linear")
        assert_allclose(found[name], at_the_limit, rtol=1e-12)
        if found[f"{name}_below_limit"]:
            assert in_truth <= at_the_limit
            assert np.quantile([0.0] * n_below + values, p, method="linear") < at_the_limit
        else:
            assert_allclose(found[name], in_truth, rtol=1e-12)


def test_a_number_below_the_limit_of_another_assay() -> None:
    # "<100", 20, 30: the first may truly be 99, and then the median is 30. It is not known to be 20.
    row = at_day_28("<100", 20, 30)
    assert (row["median"], row["median_below_limit"]) == (30, True)


def test_the_limit_that_is_printed() -> None:
    assert at_day_28("<5", "<10", 30)["lloq_max"] == 10
    assert at_day_28(20, 30, limits={"20": 5.0, "30": 2.0})["lloq_max"] == 5
    assert at_day_28(20, 30)["lloq_max"] is None


def test_the_largest_limit_is_that_of_all_samples() -> None:
    assert at_day_28("<5", 30, limits={"<5": 5.0, "30": 10.0})["lloq_max"] == 10


# ---- rows -----------------------------------------------------------------------------------------------------------


def test_a_row_says_what_it_is() -> None:
    row = at_day_28(60)
    expected = {
        "visit_label": "Day 28", "target_day": 28, "unit": "/uL", "population": "injected", "status": "estimated",
        "reason": None, "method": "order statistics, type 7; a below-limit result is anything up to its limit",
    }  # fmt: skip
    assert {name: row[name] for name in expected} == expected


def test_no_sample_in_the_window() -> None:
    row = at_day_28()
    assert (row["status"], row["reason"]) == ("not estimable", "no sample in the window")


def test_every_summarised_analyte_visit_and_stratum_has_a_row() -> None:
    result = summary(adsl(person("P1")), adlb(sample("P1", 28)))
    assert set(result["parameter"]) == {"CD3", "CD4"}  # NK is not summarised
    assert set(result["visit"]) == {"D14", "D28"}
    assert set(result.select("group", "dose_level").unique().rows()) == STRATA
    assert result.height == 2 * 2 * len(STRATA)


def test_strata_hold_their_own_samples() -> None:
    people = adsl(person("P1"), person("P2", dose="DL2"), person("P3", "B"), person("P4", stage="transplanted"))
    results = adlb(
        sample("P1", 28, 10), sample("P2", 28, 20, dose="DL2"), sample("P3", 28, 40, "B"), sample("P4", 28, 1000),
        sample("P1", 14, 5),
    )  # fmt: skip
    result = summary(people, results)
    found = {key: row_of(result, *key)["median"] for key in STRATA}
    assert found == {
        ("A", "all"): 15, ("B", "all"): 40, ("all", "all"): 20, ("all", "DL1"): 25, ("A", "DL1"): 10,
        ("B", "DL1"): 40, ("all", "DL2"): 20, ("A", "DL2"): 20, ("B", "DL2"): None,
    }  # fmt: skip
    assert row_of(result, visit="D14")["median"] == 5


def test_only_the_sample_that_represents_the_visit_counts() -> None:
    people, second = adsl(person("P1")), sample("P1", 30, 900, ANL01FL="N")
    assert row_of(summary(people, adlb(sample("P1", 28, 10), second)))["median"] == 10


# ---- expected (the day-28 window is days 23 to 34) --------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changes", "sampled", "expected"),
    [
        ({}, True, 1),
        ({}, False, 1),
        (died(34), False, 0),
        (died(35), False, 1),
        (died(34), True, 1),
        ({"WDDT": on(34)}, False, 0),
        ({"WDDT": on(35)}, False, 1),
        ({"WDDT": on(30)}, True, 1),
        ({"WDUNFL": "Y"}, False, 0),
        ({"DTHUNFL": "Y"}, False, 0),
        ({"DTHUNFL": "Y"}, True, 1),
        ({"HSCTDT": None, "HSCTDY": None}, False, 0),
        ({"HSCTDT": on(146)}, False, 1),  # the window is over on the cut-off, day 180
        ({"HSCTDT": on(147)}, False, 0),
        ({"stage": "transplanted"}, True, 0),  # not in the population
        ({"HSCTDT": None, "TRTSDT": None}, False, 1),  # a source without dates
    ],
)
def test_expected(changes: Row, sampled: bool, expected: int) -> None:
    results = adlb(sample("P1", 28)) if sampled else adlb()
    row = row_of(summary(adsl(person("P1", **changes)), results))
    assert row["n_expected"] == expected
    assert row["n"] == (1 if sampled and expected else 0)


def test_without_a_cutoff_every_window_is_over() -> None:
    row = row_of(summary(adsl(person("P1", HSCTDT=on(147))), adlb(), cutoff_date=None))
    assert row["n_expected"] == 1


def test_expected_numbers_add_up_over_groups_and_dose_levels() -> None:
    people = adsl(person("P1"), person("P2", "B", "DL2", **died(20)), person("P3", "B"), person("P4", dose="DL2"))
    result = summary(people, adlb(sample("P1", 28), sample("P4", 14, dose="DL2")))
    lines, counts = ["parameter", "visit"], ["n_expected", "n", "n_below_limit"]
    pooled = result.filter(group="all", dose_level="all").sort(lines).select(counts)
    for parts in (
        result.filter(pl.col("group") != "all", dose_level="all"),
        result.filter(pl.col("dose_level") != "all", group="all"),
        result.filter(pl.col("dose_level") != "all", pl.col("group") != "all"),
    ):
        assert parts.group_by(lines).agg(pl.col(counts).sum()).sort(lines).select(counts).equals(pooled)


def test_nobody_is_expected_after_a_death_of_unknown_day() -> None:
    dead = person("P1", DTHFL="Y", DTHHIDY=20.0)  # died in the first weeks, at the latest on day 20
    assert row_of(summary(adsl(dead), adlb()))["n_expected"] == 0


def test_the_largest_value_is_not_known_where_a_limit_lies_above_every_number() -> None:
    assert at_day_28("<100", 20, 30)["maximum"] is None
