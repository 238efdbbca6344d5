"""Medians and quartiles per visit with results below the limit, and who was expected: by hand."""

from typing import Any

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose

from immrecon.analyses.censored_quantiles import quantiles_with_limits
from immrecon.analyses.recovery import estimate_recovery
from immrecon.contracts.io import validate
from immrecon.contracts.results import VISIT_SUMMARY

from .rows import Row, adlb, adrec, adsl, died, lb, on, person, sample
from .specs import STRATA, recovery_spec


def summary(people: pl.DataFrame, results: pl.DataFrame, **changes: Any) -> pl.DataFrame:
    result = estimate_recovery(people, results, lb(), adrec(), recovery_spec(**changes))
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
    known = [None if row[f"{name}_below_limit"] else row[name] for name in ("minimum", "maximum")]
    assert tuple(known) == extremes
    assert (row["n"], row["n_below_limit"]) == (len(texts), sum(str(text).startswith("<") for text in texts))


STATISTICS = {"minimum": 0.0, "q1": 0.25, "median": 0.5, "q3": 0.75, "maximum": 1.0}


@settings(max_examples=200, deadline=None, derandomize=True)
@given(
    values=st.lists(st.integers(1, 400).map(float), max_size=7),
    below=st.lists(st.tuples(st.sampled_from([5.0, 100.0]), st.floats(0, 1)), max_size=5),
    above=st.lists(st.tuples(st.sampled_from([50.0, 300.0]), st.floats(1, 1e6)), max_size=5),
)
def test_a_flag_says_on_which_side_the_number_is_a_bound(
    values: list[float], below: list[tuple[float, float]], above: list[tuple[float, float]]
) -> None:
    """Type 7 is numpy's "linear". Whatever the counts truly were, the number is that quantile, or bounds it."""
    if not values and not below and not above:
        return
    found = quantiles_with_limits(values, [limit for limit, _ in below], [limit for limit, _ in above])
    truths = [*values, *(limit * share for limit, share in below), *(limit * times for limit, times in above)]
    for name, p in STATISTICS.items():
        truth = np.quantile(truths, p, method="linear")
        number, is_upper, is_lower = found[name], found[f"{name}_below_limit"], found[f"{name}_above_limit"]
        if is_upper and is_lower:
            assert number is None
            assert below
            assert above
        elif is_upper:
            assert truth <= number * (1 + 1e-12)
        elif is_lower:
            assert truth >= number * (1 - 1e-12)
        else:
            assert_allclose(number, truth, rtol=1e-12)


@settings(max_examples=100, deadline=None, derandomize=True)
@given(
    values=st.lists(st.integers(1, 400).map(float), max_size=7),
    limits=st.lists(st.sampled_from([5.0, 100.0]), min_size=1, max_size=5),
)
def test_a_bound_is_reached(values: list[float], limits: list[float]) -> None:
    """The upper bound with every count at its limit; mirrored, the lower bound in the same way."""
    upper = quantiles_with_limits(values, limits, [])
    mirrored = quantiles_with_limits([-value for value in values], [], [-limit for limit in limits])
    for (name, p), opposite in zip(STATISTICS.items(), reversed(STATISTICS), strict=True):
        assert_allclose(upper[name], np.quantile(values + limits, p, method="linear"), rtol=1e-12)
        in_truth_nothing = np.quantile(values + [0.0] * len(limits), p, method="linear")
        assert upper[f"{name}_below_limit"] == (in_truth_nothing < upper[name])
        assert_allclose(mirrored[opposite], -upper[name], rtol=1e-12)
        assert mirrored[f"{opposite}_above_limit"] == upper[f"{name}_below_limit"]
        assert not mirrored[f"{opposite}_below_limit"]


def written(row: Row) -> list[str]:
    """Minimum, quartiles and maximum with "<" or ">" before a bound; "?" where nothing is known."""
    signs = {(False, False): "", (True, False): "<", (False, True): ">"}
    texts = []
    for name in STATISTICS:
        flags = (row[f"{name}_below_limit"], row[f"{name}_above_limit"])
        texts.append("?" if all(flags) else f"{signs[flags]}{row[name]:g}")
        assert (row[name] is None) == all(flags)
    return texts


@pytest.mark.parametrize(
    ("texts", "expected"),
    [
        # The largest of three is above 2000: the third quartile averages 20 and at least 2000.
        ((10, 20, ">2000"), ["10", "15", "20", ">1010", ">2000"]),
        ((10, ">=2000"), ["10", ">507.5", ">1005", ">1502.5", ">2000"]),
        ((">2000",), [">2000"] * 5),
        # One of five: quartiles are the second, third and fourth result.
        ((10, 20, 30, 40, ">2000"), ["10", "20", "30", "40", ">2000"]),
        # An upper limit below other numbers: ranked highest, it leaves open all that it could pass.
        ((">10", 20, 30), [">10", ">15", ">20", ">25", ">30"]),
        ((5, 8, 9, ">10", 20), ["5", "8", "9", ">10", ">20"]),
        # Two upper limits: the first quartile is 1000 or more, the maximum 2000 or more.
        ((">1000", ">2000"), [">1000", ">1250", ">1500", ">1750", ">2000"]),
        # Both kinds, apart: the numbers between them are known.
        (("<5", 20, 30, 40, ">2000"), ["<5", "20", "30", "40", ">2000"]),
        (("<5", 20, ">2000"), ["<5", "<12.5", "20", ">1010", ">2000"]),
        # A quartile between the two kinds may be anything.
        (("<5", ">2000"), ["<5", "?", "?", "?", ">2000"]),
        (("<5", "<5", ">2000", ">2000"), ["<5", "<5", "?", ">2000", ">2000"]),
        # Limits that cross. "<100" may pass 20 downwards, ">10" upwards: 20 at most 100 and more than nothing.
        (("<100", ">10"), ["<100", "?", "?", "?", ">10"]),
        # The median is the second of three: at least 20 (nothing, 20, 50), at most 100 (20, 100, without end).
        (("<100", 20, ">50"), ["<20", "<60", "<100", ">35", ">50"]),
    ],
)
def test_results_above_a_limit(texts: Any, expected: list[str]) -> None:
    row = at_day_28(*texts)
    assert written(row) == expected
    assert row["n_above_limit"] == sum(str(text).startswith(">") for text in texts)
    assert row["n_below_limit"] == sum(str(text).startswith("<") for text in texts)


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
        "reason": None,
        "method": "order statistics, type 7; a below-limit result is anything up to its limit, an above-limit result "
                  "anything from it",
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
    lines, counts = ["parameter", "visit"], ["n_expected", "n", "n_below_limit", "n_above_limit"]
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
    row = at_day_28("<100", 20, 30)
    assert (row["maximum"], row["maximum_below_limit"]) == (100, True)
