"""Gray's test: by hand, against R, invariants, degenerate input."""

import json
from itertools import combinations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal

from immrecon.errors import InputError
from immrecon.stats.comparison import logrank_test
from immrecon.stats.competing_risks import gray_permutation_test, gray_test

from .conftest import GOLDEN, read_columns
from .second_opinion_gray import gray_test as second_opinion

CLOSED_FORM = {"rel": 1e-9, "abs": 1e-12}
FIXED = settings(derandomize=True, deadline=None, max_examples=100)


@pytest.fixture(scope="module")
def r_says():
    """Output of tests/golden/stats/comparison.R."""
    return json.loads((GOLDEN / "comparison.json").read_text())


# ---------------------------------------------------------------------------------------------------- by hand

# No censoring before day 9, so U is the size of the group, 3, and R = 3 (1 - F) counts those who have not had
# the cause, also after a competing event:
# day   a            b              R_a R_b   expected in a
#   2   cause        -                3   3   1/2
#   4   competing    cause            2   3   2/5
#   6   -            cause            2   2   1/2
#   9   censored     censored
TIME, CAUSE, GROUP = [2, 4, 9, 4, 6, 9], [1, 2, 0, 1, 1, 0], ["a", "a", "a", "b", "b", "b"]


def test_score_by_hand():
    test = gray_test(TIME, CAUSE, GROUP)
    assert test.groups == ("a", "b")
    assert_array_equal(test.n_events, [1, 2])
    assert_array_equal(test.n_competing, [1, 0])
    assert_allclose(test.score, [1 - 1.4, 1.4 - 1], rtol=1e-14)
    # Weighted with 1 minus the pooled incidence: d/6 is added each time, so 1, 5/6, 4/6.
    assert_allclose(gray_test(TIME, CAUSE, GROUP, rho=1).score[0], 1 / 2 - 5 / 6 * 2 / 5 - 4 / 6 / 2, rtol=1e-14)
    # The other cause: one event, R_a = R_b = 3.
    assert_allclose(gray_test(TIME, CAUSE, GROUP, of_interest=2).score[0], 1 / 2, rtol=1e-14)


def test_variance_by_hand():
    # One event, on day 1 in a, everybody else censored later; 2 in each group: U = 2, 2, a_aa = 2 (1 - 1/2) = 1,
    # a_ab = -1. Nothing comes later, so an event weighs a_ij; S_j d/(U. Y_j) = 1/(4*2) in either group.
    test = gray_test([1, 5, 5, 5], [1, 0, 0, 0], [1, 1, 2, 2])
    assert_allclose(test.variance[0, 0], 1 / 8 + 1 / 8, rtol=1e-14)
    assert_allclose([test.score[0], test.statistic], [0.5, 1], rtol=1e-14)


def test_permutation_by_hand():
    # Group sizes 3 + 3: 20 arrangements, each an ordinary test.
    exact = gray_permutation_test(TIME, CAUSE, GROUP)
    assert (exact.method, exact.n_arrangements) == ("exact", 20)
    statistics = []
    for chosen in combinations(range(6), 3):
        group = np.isin(np.arange(6), chosen).astype(int)
        statistics.append(np.nan_to_num(gray_test(TIME, CAUSE, group).statistic))
    observed = gray_test(TIME, CAUSE, GROUP).statistic
    assert_allclose(exact.statistic, observed, rtol=1e-12)
    assert_allclose(exact.p_value, np.mean(np.array(statistics) >= observed * (1 - 1e-9)), rtol=1e-12)


# -------------------------------------------------------------------------------------------------- against R


@pytest.mark.r_method("gray_test")
def test_r_gray(r_case, agree):
    p, d, expected = r_case.params, r_case.columns(), r_case.expected
    strata = d[p["strata"]] if p["strata"] else None
    for i, cause in enumerate(expected["cause"]):
        test = gray_test(
            d[p["time"]], d[p["status"]], d[p["group"]], of_interest=int(cause), strata=strata, rho=p["rho"]
        )
        ours = [test.statistic, test.p_value, test.df]
        agree(ours, [expected[name][i] for name in ("stat", "p", "df")], r_case.tol, f"cause {cause}")


def _compare(data, expected, agree, **options):
    for cause, statistic, p in zip(expected["cause"], expected["stat"], expected["p"], strict=True):
        test = gray_test(data["time"], data["cause"], data["group"], of_interest=cause, **options)
        if statistic == -1:  # what cmprsk says when the covariance is singular
            assert test.status == "not estimable"
        else:
            agree([test.statistic, test.p_value], [statistic, p], CLOSED_FORM, f"cause {cause}")


def test_golden_trial(r_says, trial36, agree):
    number, expected = trial36["id"].astype(int), r_says["gray"]
    data, stratum = trial36 | {"group": number % 3}, (number // 4) % 2
    _compare(data, expected["plain"], agree)
    _compare(data, expected["rho1"], agree, rho=1)
    _compare(data, expected["strata"], agree, strata=stratum)
    _compare(data, expected["both"], agree, strata=stratum, rho=2)


@pytest.mark.parametrize("number", range(20))
def test_golden_random_trials_with_ties(r_says, number, agree):
    every = read_columns(GOLDEN / "gray20.csv")
    data = {name: values[every["set"] == number + 1] for name, values in every.items()}
    expected = r_says["gray20"][number]
    _compare(data, expected["plain"], agree)
    _compare(data, expected["rho1"], agree, rho=1)
    _compare(data, expected["strata"], agree, strata=data["stratum"])


# ------------------------------------------------------------------------------------------------- invariants

PARTICIPANT = st.tuples(st.integers(0, 12), st.integers(0, 3), st.integers(0, 2), st.integers(0, 1))
TRIAL = st.lists(PARTICIPANT, min_size=3, max_size=14)


def _columns(rows):
    return np.array(rows, dtype=float).T


def _same(a, b):
    assert (a.status, a.df) == (b.status, b.df)
    assert_allclose([a.statistic, a.p_value], [b.statistic, b.p_value], rtol=1e-8, atol=1e-12)


@FIXED
@given(TRIAL, st.randoms(use_true_random=False))
def test_order_unit_and_names_do_not_matter(rows, random):
    time, cause, group, stratum = _columns(rows)
    test = gray_test(time, cause, group, strata=stratum)
    shuffled = list(rows)
    random.shuffle(shuffled)
    t, c, g, s = _columns(shuffled)
    _same(gray_test(t, c, g, strata=s), test)
    _same(gray_test(time / 7, cause, group, strata=stratum), test)
    _same(gray_test(time, cause, np.array(["z", "m", "a"])[group.astype(int)], strata=stratum), test)
    # Which code a competing cause has does not matter.
    _same(gray_test(time, np.where(cause == 3, 2, cause), group, strata=stratum), test)


@FIXED
@given(TRIAL)
def test_scores_and_covariances_add_up_to_0(rows):
    time, cause, group, _ = _columns(rows)
    test = gray_test(time, cause, group)
    assert_allclose(test.score.sum(), 0, atol=1e-10)
    if np.isfinite(test.variance).all():
        assert_allclose(test.variance.sum(axis=0), 0, atol=1e-9 * (1 + np.abs(test.variance).max()))


@FIXED
@given(TRIAL)
def test_without_competing_events_the_score_is_the_logrank(rows):
    time, cause, group, _ = _columns(rows)
    event = (cause == 1).astype(int)
    logrank = logrank_test(time, event, group)
    assert_allclose(gray_test(time, event, group).score, logrank.observed - logrank.expected, atol=1e-10)


# ------------------------------------------------------------------------------------------- degenerate input

NOT_ESTIMABLE = [
    ([1, 2, 3], [1, 2, 0], [1, 1, 1], {}, "fewer than two groups have participants"),
    ([1, 2, 3], [1, 2, 0], [1, 1, 1], {"groups": [1, 2]}, "fewer than two groups have participants"),
    ([], [], [], {}, "fewer than two groups have participants"),
    ([5], [1], ["a"], {}, "fewer than two groups have participants"),
    ([1, 2, 3], [2, 2, 0], [1, 1, 2], {}, "no event of the cause"),
    ([1, 2, 3], [0, 0, 0], [1, 1, 2], {}, "no event of the cause"),
    ([1, 2, 3], [2, 2, 0], [1, 1, 2], {"causes": [1, 2]}, "no event of the cause"),
    ([1, 5, 6], [0, 1, 1], [1, 2, 2], {}, "no event of the cause happened while more than one group was at risk"),
]


@pytest.mark.parametrize(("time", "cause", "group", "options", "reason"), NOT_ESTIMABLE)
def test_no_test_has_a_reason(time, cause, group, options, reason):
    for test in (gray_test(time, cause, group, **options), gray_permutation_test(time, cause, group, **options)):
        assert (test.status, test.reason) == ("not estimable", reason)
        assert np.isnan([test.statistic, test.p_value]).all()
        frame = test.to_frame()
        assert frame["p_value"].null_count() == frame.height
        assert frame["status"].to_list() == ["not estimable"] * frame.height


def test_pooled_incidence_of_1_has_a_reason():
    # The pooled incidence adds up increments of groups that follow each other: c is over by day 35. Its 6 events
    # and the next 4 of a and b bring it to exactly 1 when both still have somebody at risk (cmprsk says -1).
    time = [2, 2, 3, 23, 35, 35, 45, 47, 87, 157, 159, 171, 182, 246, 569]
    cause = [1, 1, 1, 2, 1, 1, 1, 1, 1, 1, 1, 1, 1, 0, 0]
    group = list("ccccccbaabbaabb")
    for test in (gray_test(time, cause, group), gray_permutation_test(time, cause, group, n_resamples=9, seed=1)):
        assert test.status == "not estimable"
        assert test.reason == "the pooled incidence reaches 1 while several groups are at risk"
    with pytest.raises(ZeroDivisionError):
        second_opinion(time, cause, group, 1)


def test_a_variance_that_ties_make_negative_has_a_reason():
    # All have the event on two days, R's chi-square is -1.3: U. S_k - 1 = 2 for the child left on day 7, where 4 are
    # tied, and the factor 1 - 3/2 is negative.
    arrays = [7, 7, 0, 7, 7, 0], [1] * 6, ["adult", "child", "child", "infant", "infant", "infant"]
    for test in (gray_test(*arrays), gray_permutation_test(*arrays)):
        assert (test.status, test.reason) == ("not estimable", "the correction for ties makes the variance negative")
        assert np.isnan(test.p_value)


def test_a_weight_without_value_does_not_matter_when_one_group_is_left():
    # The pooled incidence passes 1 on day 105, with a alone; 1 - F to the power of 1/2 has no value there.
    arrays = [21, 77, 77, 168, 105, 105], [1] * 6, list("bbbaaa")
    assert_allclose(gray_test(*arrays, rho=0.5).score, second_opinion(*arrays, 1, rho=0.5)[0], rtol=1e-12)


def test_an_empty_declared_group_is_left_out():
    _same(gray_test(TIME, CAUSE, GROUP, groups=["c", "b", "a"]), gray_test(TIME, CAUSE, GROUP))


def test_event_on_day_0_counts():
    test = gray_test([0, 9, 9, 9], [1, 0, 0, 0], [1, 1, 2, 2])
    assert_allclose(test.score, [0.5, -0.5])


def test_everybody_tied_is_a_comparison_of_proportions():
    # 2 of 4 against 1 of 4 on one day: expected 3 * 4/8 in each.
    test = gray_test([6] * 8, [1, 1, 0, 0, 1, 0, 0, 0], [1] * 4 + [2] * 4)
    assert_allclose(test.score, [0.5, -0.5])
    assert test.status == "estimated"


def test_drawn_arrangements_need_a_seed_and_are_repeatable():
    rng = np.random.default_rng(2)
    time, cause, group = rng.integers(1, 60, 36), rng.integers(0, 3, 36), np.repeat([1, 2], [22, 14])
    with pytest.raises(InputError, match=r"^n_resamples, seed: needed, because 3796297200 arrangements"):
        gray_permutation_test(time, cause, group)
    first, again = (gray_permutation_test(time, cause, group, n_resamples=499, seed=8) for _ in range(2))
    assert first.p_value == again.p_value
    assert (first.method, first.n_arrangements, first.seed) == ("monte-carlo", 499, 8)
    assert_allclose(first.p_value, gray_test(time, cause, group).p_value, atol=0.1)


def test_permutation_within_strata_counts_only_those():
    # Two strata of 2 + 1 and 1 + 2: 3 * 3 arrangements.
    exact = gray_permutation_test(TIME, CAUSE, GROUP, strata=[1, 1, 2, 1, 2, 2])
    assert exact.n_arrangements == 9


REFUSED = [
    (lambda: gray_test([1, np.nan], [1, 1], [1, 2]), r"^time: 1 of 2 values are missing"),
    (lambda: gray_test([1, 2], [1, np.nan], [1, 2]), r"^cause: 1 of 2 values are missing"),
    (lambda: gray_test([1, 2], [1, -1], [1, 2]), r"^cause: 1 of 2 values are neither 0 nor positive.*positions 1"),
    (lambda: gray_test([1, 2], [1, 0.5], [1, 2]), r"^cause: 1 of 2 values are neither 0 nor positive"),
    (lambda: gray_test([1, 2], [1, 3], [1, 2], causes=[1, 2]), r"^cause: 1 of 2 values are not 0 or in causes"),
    (lambda: gray_test([1, 2], [1, 1], [1, 2], of_interest=0), r"^of_interest: 0 means censored"),
    (lambda: gray_test([1, 2], [1, 1], [1, 2], of_interest=-2), r"^of_interest: -2 is not a positive whole"),
    (lambda: gray_test([1, 2], [1, 1], [1, 2], of_interest=3, causes=[1, 2]), r"^of_interest: 3 is not in causes"),
    (lambda: gray_test([1, 2], [1, 1], [1, 2], causes=[0, 1]), r"^causes: 0 means censored"),
    (lambda: gray_test([1, 2], [1, 1], [1, None]), r"^group: 1 of 2 values are missing"),
    (lambda: gray_test([1, 2], [1, 1], [1, 2], strata=[1]), r"^strata: 1 values where time has 2"),
    (lambda: gray_test([1, 2], [1, 1], [1, 2], rho=np.nan), r"^rho: nan is not a finite number"),
]


@pytest.mark.parametrize(("call", "message"), REFUSED)
def test_what_cannot_be_worked_on_is_named(call, message):
    with pytest.raises(InputError, match=message):
        call()
