"""Intervals of a proportion: by hand, against R, invariants, degenerate input."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal
from scipy.stats import binom

from immrecon.errors import InputError
from immrecon.stats.proportion import clopper_pearson, jeffreys, mid_p, wilson

METHODS = [clopper_pearson, wilson, mid_p, jeffreys]

# ---------------------------------------------------------------------------------------------------- by hand


def test_no_event_by_hand():
    # Nobody of 10: (1-p)^10 = 0.025 gives 0.3085; half of it counts for mid-p: (1-p)^10 = 0.05 gives 0.2589.
    assert_allclose(clopper_pearson(0, 10).conf_high, 0.3085, atol=5e-5)
    assert_allclose(mid_p(0, 10).conf_high, 0.2589, atol=5e-5)
    for method in METHODS:
        assert_array_equal(method(0, 10).conf_low, [0])
        assert_array_equal(method(10, 10).conf_high, [1])


def test_one_of_two_by_hand():
    # At level 0.9, P(X >= 1) = 1 - (1-p)^2 = 0.05: p = 1 - sqrt(0.95).
    # Mid-p: 1 - (1-p)^2 - p(1-p) = p, so p = 0.05.
    assert_allclose(clopper_pearson(1, 2, conf_level=0.9).conf_low, 1 - np.sqrt(0.95), rtol=1e-12)
    assert_allclose(mid_p(1, 2, conf_level=0.9).conf_low, 0.05, rtol=1e-12)
    assert_allclose(mid_p(1, 2, conf_level=0.9).conf_high, 0.95, rtol=1e-12)


def test_wilson_published_example():
    # Newcombe (1998), table I: 81/263 gives 0.2553 to 0.3662, and 15/148 gives 0.0624 to 0.1605.
    interval = wilson([81, 15], [263, 148])
    assert_allclose(interval.conf_low, [0.2553, 0.0624], atol=5e-5)
    assert_allclose(interval.conf_high, [0.3662, 0.1605], atol=5e-5)


def test_clopper_pearson_and_mid_p_published_example():
    # Newcombe (1998), table I, the same data.
    exact, mid = (method([81, 15], [263, 148]) for method in (clopper_pearson, mid_p))
    assert_allclose(exact.conf_low, [0.2527, 0.0578], atol=5e-5)
    assert_allclose(exact.conf_high, [0.3676, 0.1617], atol=5e-5)
    assert_allclose(mid.conf_low, [0.2544, 0.0601], atol=5e-5)
    assert_allclose(mid.conf_high, [0.3658, 0.1581], atol=5e-5)


# -------------------------------------------------------------------------------------------------- against R


@pytest.mark.r_method("binomial_ci")
def test_r_intervals(r_case, agree):
    p = r_case.params
    names = {"clopper_pearson": clopper_pearson, "wilson": wilson, "midp": mid_p, "jeffreys": jeffreys}
    for name, method in names.items():
        interval = method(p["x"], p["n"], conf_level=p["level"])
        agree(np.column_stack((interval.conf_low, interval.conf_high)), r_case.expected[name], r_case.tol, name)


def test_golden_intervals(golden, agree):
    expected = golden["proportion"]
    for method, name in ((clopper_pearson, "clopper_pearson"), (wilson, "wilson")):
        interval = method(expected["x"], expected["n"])
        ours = np.column_stack((interval.conf_low, interval.conf_high))
        agree(ours, expected[name], {"rel": 1e-9, "abs": 1e-12}, name)


# ------------------------------------------------------------------------------------------------- invariants

COUNTS = st.integers(1, 400).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n)))
LEVELS = st.sampled_from([0.5, 0.8, 0.95, 0.999])
FIXED = settings(derandomize=True, deadline=None, max_examples=100)


@FIXED
@given(COUNTS, LEVELS)
def test_limits_enclose_the_estimate(counts, level):
    for method in METHODS:
        interval = method(*counts, conf_level=level)
        assert 0 <= interval.conf_low[0] <= interval.estimate[0] <= interval.conf_high[0] <= 1


@FIXED
@given(COUNTS, LEVELS)
def test_failures_mirror_successes(counts, level):
    x, n = counts
    for method in METHODS:
        a, b = method(x, n, conf_level=level), method(n - x, n, conf_level=level)
        assert_allclose(a.conf_low, 1 - b.conf_high, atol=1e-13)


@FIXED
@given(COUNTS, LEVELS)
def test_mid_p_limits_have_the_tail_probability_they_claim(counts, level):
    x, n = counts
    interval, tail = mid_p(x, n, conf_level=level), (1 - level) / 2
    if x > 0:
        p = interval.conf_low[0]
        assert_allclose(binom.sf(x, n, p) + binom.pmf(x, n, p) / 2, tail, rtol=1e-8)
    if x < n:
        p = interval.conf_high[0]
        assert_allclose(binom.cdf(x - 1, n, p) + binom.pmf(x, n, p) / 2, tail, rtol=1e-8)


@FIXED
@given(COUNTS, LEVELS)
def test_mid_p_lies_within_clopper_pearson(counts, level):
    exact, mid = (method(*counts, conf_level=level) for method in (clopper_pearson, mid_p))
    assert exact.conf_low[0] <= mid.conf_low[0] <= mid.conf_high[0] <= exact.conf_high[0]


@pytest.mark.parametrize("method", METHODS)
def test_many_at_once_is_one_at_a_time(method):
    x = np.arange(15)
    together = method(x, 14 + x, conf_level=0.9)
    for i in x:
        alone = method(int(i), int(14 + i), conf_level=0.9)
        assert_allclose(
            [alone.conf_low[0], alone.conf_high[0]], [together.conf_low[i], together.conf_high[i]], rtol=1e-13
        )


# ------------------------------------------------------------------------------------------- degenerate input


@pytest.mark.parametrize("method", METHODS)
def test_nobody_studied(method):
    interval = method([0, 1], [0, 2])
    for values in (interval.estimate, interval.conf_low, interval.conf_high):
        assert_array_equal(np.isnan(values), [True, False])


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize(
    ("x", "n", "message"),
    [
        ([3], [2], r"x: 1 of 1 values are larger than n \(positions 0"),
        ([-1, 2], [5, 5], r"x: 1 of 2 values are negative \(positions 0"),
        ([1.5, 2], [5, 5], r"x: 1 of 2 values are not whole numbers"),
        ([1, 2], [5, np.nan], r"n: 1 of 2 values are not whole numbers \(positions 1"),
        ([1, 2, 3], [5, 5], r"x, n: 3 and 2 values"),
    ],
)
def test_impossible_counts_are_refused(method, x, n, message):
    with pytest.raises(InputError, match=message):
        method(x, n)


def test_confidence_level_is_a_probability():
    with pytest.raises(InputError, match="conf_level: 0 is not between"):
        wilson(1, 2, conf_level=0)


def test_frame_has_one_row_per_proportion():
    frame = clopper_pearson([0, 1], 6).to_frame()
    assert frame.height == 2
    assert frame["n"].to_list() == [6, 6]
