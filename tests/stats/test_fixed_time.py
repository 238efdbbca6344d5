"""Comparisons at one time and of restricted means: by hand, against R, invariants, degenerate input."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal

from immrecon.errors import InputError
from immrecon.stats import competing_risks, survival
from immrecon.stats.survival import kaplan_meier, rmst_difference

FIXED = settings(derandomize=True, deadline=None, max_examples=100)

# ---------------------------------------------------------------------------------------------------- by hand

# a: 4 participants, events on days 1 and 3 of 4 and 2 at risk (one censored on 2): S(5) = 3/4 * 1/2 = 3/8,
#    Greenwood (3/8)^2 (1/(4*3) + 1/(2*1)) = 9/64 * 7/12 = 21/256
# b: 4 participants, one event on day 2 of 4: S(5) = 3/4, variance 9/16 * 1/12 = 3/64
TIME, EVENT, GROUP = [1, 2, 3, 9, 2, 6, 9, 9], [1, 0, 1, 0, 1, 0, 0, 0], list("aaaabbbb")


def test_plain_by_hand():
    test = survival.fixed_time_comparison(TIME, EVENT, GROUP, at=5, transform="plain")
    assert test.groups == ("a", "b")
    assert_array_equal(test.n_risk, [1, 3])
    assert_allclose(test.estimate, [3 / 8, 3 / 4], rtol=1e-14)
    assert_allclose(test.std_error**2, [21 / 256, 3 / 64], rtol=1e-13)
    assert_allclose(test.difference, [-3 / 8], rtol=1e-14)
    variance = 21 / 256 + 3 / 64
    assert_allclose([test.statistic, test.z], [9 / 64 / variance, -3 / 8 / np.sqrt(variance)], rtol=1e-13)
    half = 1.959963984540054 * np.sqrt(variance)
    assert_allclose(test.difference_conf_low, -3 / 8 - half, rtol=1e-12)
    assert test.df == 1


def test_log_log_by_hand():
    # Variance of log(-log S): Greenwood's sum over (log S)^2, so 7/12 and 1/12.
    test = survival.fixed_time_comparison(TIME, EVENT, GROUP, at=5)
    theta = np.log(-np.log([3 / 8, 3 / 4]))
    variance = 7 / 12 / np.log(3 / 8) ** 2 + 1 / 12 / np.log(3 / 4) ** 2
    assert_allclose(test.statistic, (theta[0] - theta[1]) ** 2 / variance, rtol=1e-12)
    assert test.z < 0  # a has the lower survival


def test_incidence_by_hand():
    # a: 1 of 4 has the cause by day 5, b: 2 of 4, nobody censored before: binomial variances p(1 - p)/4.
    test = competing_risks.fixed_time_comparison(
        [2, 3, 9, 9, 1, 4, 5, 9],
        [1, 2, 0, 0, 1, 1, 2, 0],
        [1] * 4 + [2] * 4,
        at=5,
        of_interest=1,
        causes=[1, 2],
        transform="plain",
    )
    assert_allclose(test.estimate, [1 / 4, 1 / 2], rtol=1e-14)
    assert_allclose(test.statistic, (1 / 4) ** 2 / (3 / 64 + 4 / 64), rtol=1e-12)
    assert test.quantity == "incidence"


def test_restricted_means_by_hand():
    # Up to day 2: a loses 1 day in 4, b nothing before its event on day 2.
    both = rmst_difference(TIME, EVENT, GROUP, tau=2)
    assert_allclose([m.estimate for m in both.means], [1 + 3 / 4, 2], rtol=1e-14)
    assert_allclose(both.difference.estimate, -1 / 4, rtol=1e-14)
    assert_allclose(both.ratio.estimate, 7 / 8, rtol=1e-14)
    assert both.ratio_of_time_lost.reason == "no time lost in a group"
    # (area after day 1)^2 d/(Y (Y - d)) = (3/4)^2 / 12.
    half = 1.959963984540054 * np.sqrt(9 / 16 / 12)
    assert_allclose(both.difference.conf_high, -1 / 4 + half, rtol=1e-12)


# -------------------------------------------------------------------------------------------------- against R


@pytest.mark.r_method("fixed_time_comparison")
def test_r_survival(r_case, agree):
    p, d, expected = r_case.params, r_case.columns(), r_case.expected
    arrays = [d[p[name]] for name in ("time", "event", "group")]
    plain = survival.fixed_time_comparison(*arrays, at=p["t"], transform="plain")
    agree(plain.estimate, expected["surv"], r_case.tol, "survival")
    agree(plain.std_error, expected["se"], r_case.tol, "standard error")
    ours = [plain.difference[0], plain.difference_std_error[0], plain.z]
    agree(ours, [expected[name] for name in ("diff", "diff_se", "z_naive")], r_case.tol, "plain")
    test = survival.fixed_time_comparison(*arrays, at=p["t"])
    agree([test.statistic, test.p_value], [expected["chisq_cloglog"], expected["p_cloglog"]], r_case.tol, "log-log")


@pytest.mark.r_method("fixed_time_cif_comparison")
def test_r_incidence(r_case, agree):
    p, d, expected = r_case.params, r_case.columns(), r_case.expected
    arrays = [d[p[name]] for name in ("time", "status", "group")]
    options = {"at": p["t"], "of_interest": p["cause"], "causes": [1, 2], "variance": "aalen"}
    plain = competing_risks.fixed_time_comparison(*arrays, transform="plain", **options)
    agree(plain.estimate, expected["cif"], r_case.tol, "incidence")
    agree(plain.std_error**2, expected["var"], r_case.tol, "variance")
    agree([plain.difference[0], plain.z], [expected["diff"], expected["z_naive"]], r_case.tol, "plain")
    test = competing_risks.fixed_time_comparison(*arrays, **options)
    agree([test.statistic, test.p_value], [expected["chisq_cloglog"], expected["p_cloglog"]], r_case.tol, "log-log")


@pytest.mark.r_method("rmst")
def test_r_restricted_means(r_case, agree):
    p, d = r_case.params, r_case.columns()
    arrays = [d[p[name]] for name in ("time", "event", "group")]
    test = rmst_difference(*arrays, tau=p["tau"], groups=[1, 0], conf_level=p["level"])
    rows = (test.difference, test.ratio, test.ratio_of_time_lost)
    ours = [[row.estimate, row.conf_low, row.conf_high, row.p_value] for row in rows]
    agree(ours, r_case.expected["unadjusted"], r_case.tol)


# ------------------------------------------------------------------------------------------------- invariants

TRIAL = st.lists(st.tuples(st.integers(1, 12), st.integers(0, 2), st.integers(0, 2)), min_size=6, max_size=20)


@FIXED
@given(TRIAL, st.sampled_from(["plain", "cloglog"]))
def test_without_competing_events_incidence_is_one_minus_survival(rows, transform):
    time, cause, group = np.array(rows).T
    event = (cause == 1).astype(int)
    a = survival.fixed_time_comparison(time, event, group, at=6, transform=transform)
    b = competing_risks.fixed_time_comparison(time, event, group, at=6, of_interest=1, causes=[1], transform=transform)
    assert_allclose(b.estimate, 1 - a.estimate, atol=1e-14)
    assert_allclose(b.difference, -a.difference, atol=1e-14)
    if a.status == b.status == "estimated":
        assert_allclose([a.statistic, a.df], [b.statistic, b.df], rtol=1e-9, atol=1e-12)


@FIXED
@given(TRIAL, st.sampled_from(["plain", "cloglog"]))
def test_names_do_not_matter(rows, transform):
    time, cause, group = np.array(rows).T
    event = (cause == 1).astype(int)
    a = survival.fixed_time_comparison(time, event, group, at=6, transform=transform)
    renamed = np.array(["z", "m", "a"])[group]
    b = survival.fixed_time_comparison(time, event, renamed, at=6, transform=transform)
    assert a.status == b.status
    assert_allclose([a.statistic, a.p_value], [b.statistic, b.p_value], rtol=1e-8, atol=1e-12)


def test_three_groups_are_weighted_deviations_from_their_mean():
    time, event = [1, 5, 9, 2, 6, 9, 3, 4, 9], [1, 1, 0, 1, 0, 0, 1, 1, 0]
    test = survival.fixed_time_comparison(time, event, [1, 1, 1, 2, 2, 2, 3, 3, 3], at=5, transform="plain")
    weight = 1 / test.std_error**2
    mean = np.sum(weight * test.estimate) / np.sum(weight)
    assert_allclose(test.statistic, np.sum(weight * (test.estimate - mean) ** 2), rtol=1e-10)
    assert test.df == 2
    assert np.isnan(test.z)


# ------------------------------------------------------------------------------------------- degenerate input


def test_survival_of_1_or_0_has_no_log_log_test():
    certain = survival.fixed_time_comparison([1, 9, 9, 9], [1, 0, 0, 0], [1, 1, 2, 2], at=5)
    assert certain.status == "not estimable"
    assert certain.reason == "survival is 0 or 1 in group 2: no variance on the log-log scale"
    plain = survival.fixed_time_comparison([1, 9, 9, 9], [1, 0, 0, 0], [1, 1, 2, 2], at=5, transform="plain")
    assert_allclose(plain.statistic, (1 / 2) ** 2 / (1 / 8), rtol=1e-12)
    nobody = survival.fixed_time_comparison([9, 9], [0, 0], [1, 2], at=5, transform="plain")
    assert nobody.reason == "no variance in more than one group"
    dead = survival.fixed_time_comparison([1, 2, 3, 9], [1, 1, 1, 0], [1, 1, 2, 2], at=5, transform="plain")
    assert dead.reason == "no standard error where survival is at its end"


def test_empty_groups_have_a_reason():
    for group, groups in (([1, 1], None), ([1, 1], [1, 2]), ([1, 1], [2, 1])):
        test = survival.fixed_time_comparison([1, 2], [1, 0], group, at=1, groups=groups)
        assert test.reason == "fewer than two groups have participants"
        assert test.to_frame()["p_value"].null_count() == len(test.groups)
        means = rmst_difference([1, 2], [1, 0], group, tau=1, groups=groups)
        assert means.difference.reason == "fewer than two groups have participants"
        assert means.to_frame()["estimate"].null_count() == 3
    empty = survival.fixed_time_comparison([], [], [], at=1)
    assert empty.status == "not estimable"
    assert empty.to_frame().height == 0


def test_beyond_follow_up_is_said():
    test = survival.fixed_time_comparison(TIME, EVENT, GROUP, at=10)
    assert test.status == "estimated"
    assert test.reason == "nobody at risk at the time in group a, b: the last value is carried on"


def test_no_event_has_no_difference_of_means():
    test = rmst_difference([5, 6, 7, 8], [0, 0, 0, 0], [1, 1, 2, 2], tau=5)
    assert test.difference.reason == "no event by tau, or no spread, in either group"
    assert_allclose([m.estimate for m in test.means], [5, 5])


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: survival.fixed_time_comparison([1], [1], [1], at=np.nan), r"^at: nan is not a finite number"),
        (lambda: survival.fixed_time_comparison([1], [1], [1], at=1, transform="log"), r"^transform: 'log'"),
        (lambda: survival.fixed_time_comparison([1, 2], [1, 1], [1, 3], at=1, groups=[1, 2]), r"^group: 3 not in"),
        (
            lambda: competing_risks.fixed_time_comparison([1, 2], [1, 3], [1, 2], at=1, of_interest=1, causes=[1, 2]),
            r"^cause: 1 of 2 values are not 0 or in causes",
        ),
        (
            lambda: competing_risks.fixed_time_comparison([1, 2], [1, 2], [1, 2], at=1, of_interest=0, causes=[1, 2]),
            r"^cause: 0 is not in causes=\[1, 2\]",
        ),
        (lambda: rmst_difference([1, 2], [1, 1], [1, 2], tau=2), r"^tau: 2 is not in \(0, 1\]"),
        (lambda: rmst_difference([1, 2, 3], [1, 1, 1], [1, 2, 3], tau=1), r"^group: 3 groups \[1, 2, 3\]"),
    ],
)
def test_what_cannot_be_worked_on_is_named(call, message):
    with pytest.raises(InputError, match=message):
        call()


def test_frames_hold_differences_to_the_first_group():
    frame = survival.fixed_time_comparison(TIME, EVENT, GROUP, at=5).to_frame()
    assert frame["difference"].to_list()[0] is None
    assert_allclose(frame["difference"].to_list()[1], -3 / 8)
    assert_allclose(frame["estimate"].to_list(), [*kaplan_meier(TIME[:4], EVENT[:4]).at(5).survival.tolist(), 3 / 4])
