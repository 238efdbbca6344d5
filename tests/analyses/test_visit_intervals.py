"""Exact interval of the median, and geometric mean, of the counts at a visit: by hand, invariants, degenerate input.

Against R: test_kinetics_golden.
"""

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose

from immrecon.analyses.censored_quantiles import Ranked
from immrecon.analyses.visit_summary import geometric_mean
from immrecon.stats.longitudinal import quantile_interval

from .rows import Row
from .test_visit_summary import at_day_28


def limits(*texts: str | float) -> tuple[str, str, str | None]:
    row = at_day_28(*texts)
    return written(row, "median_conf_low"), written(row, "median_conf_high"), row["median_interval_reason"]


def written(row: Row, name: str) -> str:
    sign = "<" * row[f"{name}_below_limit"] + ">" * row[f"{name}_above_limit"]
    return sign if row[name] is None else f"{sign}{row[name]:g}"


@pytest.mark.parametrize(
    ("texts", "expected"),
    [
        # Six values: P(all six above the median) = 1/64 < 0.025, so smallest and largest; coverage 1 - 2/64.
        ((1, 2, 3, 4, 5, 6), ("1", "6", None)),
        ((1, 2, 3, 4, 5), ("", "", "too few samples (5) for an interval of the median at this level")),
        # Nine: P(B <= 1) = 10/512 < 0.025 < P(B <= 2) = 46/512, so the second and the eighth.
        ((1, 2, 3, 4, 5, 6, 7, 8, 9), ("2", "8", None)),
        # Below the limit ranks lowest: the lower limit is that result.
        (("<5", 6, 7, 8, 9, 10), ("<5", "10", None)),
        (("<5", 6, 7, 8, 9, ">20"), ("<5", ">20", None)),
        # Most are below: both limits are.
        (("<5", "<5", "<5", "<5", "<5", "<5", "<5", "<5", 9), ("<5", "<5", None)),
        # A limit of 20 among lower numbers: the second smallest may be any of them, at most 3.
        ((1, 3, 4, 5, 6, 7, 8, 9, "<20"), ("<3", "<9", None)),
        ((), ("", "", "no sample in the window")),
    ],
)
def test_median_limits(texts: Any, expected: tuple[str, str, str | None]) -> None:
    assert limits(*texts) == expected


def test_the_coverage_is_exact() -> None:
    assert at_day_28(1, 2, 3, 4, 5, 6)["median_coverage"] == pytest.approx(1 - 2 / 64)
    assert at_day_28(1, 2)["median_coverage"] is None


@settings(max_examples=100, deadline=None, derandomize=True)
@given(st.lists(st.floats(6, 1e4), min_size=6, max_size=25), st.integers(0, 20))
def test_with_one_limit_below_all_it_is_the_interval_of_the_library(values: list[float], n_below: int) -> None:
    both = quantile_interval([*values, *[5.0] * n_below], [0] * len(values) + [1] * n_below)
    ranked = Ranked.of(values, [5.0] * n_below, [])
    for name, rank in (("conf_low", both.rank_low), ("conf_high", both.rank_high)):
        found = ranked.order_statistic(name, rank)
        assert (found[name], found[f"{name}_below_limit"]) == (getattr(both, name), getattr(both, f"{name}_below"))


def test_geometric_mean_by_hand() -> None:
    """log10: 1, 2, 3. Mean 2, standard deviation 1, t(2) = 4.302653: 2 -+ 4.302653 / sqrt(3)."""
    row = at_day_28(10, 100, 1000)
    assert_allclose(row["geometric_mean"], 100, rtol=1e-9)
    half = 4.302652729911275 / np.sqrt(3)
    assert_allclose(row["geometric_mean_conf_low"], 10 ** (2 - half), rtol=1e-8)
    assert_allclose(row["geometric_mean_conf_high"], 10 ** (2 + half), rtol=1e-8)
    assert row["geometric_mean_reason"] is None


@pytest.mark.parametrize(
    ("texts", "reason"),
    [
        ((), "no sample in the window"),
        ((5,), "too few measured results (1) for a geometric mean: 3 needed"),
        ((5, 6, "<5"), "too few measured results (2) for a geometric mean: 3 needed"),
        (("<5", "<5", "<5", "<5"), "too few measured results (0) for a geometric mean: 3 needed"),
        ((5, 6, ">2000"), "too few measured results (2) for a geometric mean: 3 needed"),
        ((0, 6, 7, 8), "1 results of 0 have no logarithm: no geometric mean"),
        ((7, 7, 7), "the likelihood has no maximum: the measured values do not vary about the model"),
    ],
)
def test_without_a_geometric_mean_there_is_a_reason(texts: Any, reason: str) -> None:
    row = at_day_28(*texts)
    assert row["geometric_mean"] is None
    assert row["geometric_mean_reason"] == reason


def test_results_below_the_limit_lower_the_geometric_mean() -> None:
    measured = at_day_28(10, 20, 40, 80)["geometric_mean"]
    censored = at_day_28(10, 20, 40, 80, "<5", "<5")["geometric_mean"]
    at_the_limit = at_day_28(10, 20, 40, 80, 5, 5)["geometric_mean"]
    assert censored < at_the_limit < measured


def test_results_above_the_limit_raise_the_geometric_mean() -> None:
    measured = at_day_28(500, 800, 1100, 1900)
    above = at_day_28(500, 800, 1100, 1900, ">2000", ">2000")
    at_the_limit = at_day_28(500, 800, 1100, 1900, 2000, 2000)
    assert above["geometric_mean"] > at_the_limit["geometric_mean"] > measured["geometric_mean"]
    assert (above["n_above_limit"], above["geometric_mean_reason"]) == (2, None)
    assert "beyond a limit counting as such" in above["geometric_mean_method"]


@settings(max_examples=40, deadline=None, derandomize=True)
@given(st.lists(st.floats(1, 1e3), min_size=4, max_size=12, unique=True), st.integers(0, 4), st.floats(0.01, 100))
def test_the_unit_of_the_count_rescales_the_mean(values: list[float], n_below: int, factor: float) -> None:
    below = [min(values)] * n_below
    mean = geometric_mean(values, below, [], 0.95)
    scaled = geometric_mean([v * factor for v in reversed(values)], [v * factor for v in below], [], 0.95)
    if mean["geometric_mean"] is None:
        assert scaled["geometric_mean"] is None
        return
    for name in ("geometric_mean", "geometric_mean_conf_low", "geometric_mean_conf_high"):
        assert_allclose(scaled[name], mean[name] * factor, rtol=1e-5)
