"""Censored normal model, quantiles, splines, areas, doubling times: by hand, against R, invariants, degenerate input."""

import json

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy.special import ndtr

from immrecon.errors import InputError
from immrecon.stats.longitudinal import (
    area_under_curve,
    censored_normal,
    doubling_time,
    natural_spline,
    quantile_interval,
)

from .conftest import GOLDEN

R = json.loads((GOLDEN / "longitudinal.json").read_text())
EXACT = {"rtol": 1e-9, "atol": 1e-12}
COUNTS = np.array([3.0, 5, 9, 9, 14, 20, 31, 60])


def dummies(codes):
    levels = np.unique(codes)
    return np.column_stack((np.ones(codes.size), *(codes == level for level in levels[1:]))).astype(float)


# ------------------------------------------------------------------------------------------------- reference in R


@pytest.mark.r_method("left_censored_normal")
def test_censored_normal_agrees_with_r(r_case, agree):
    d, p = r_case.columns(), r_case.params
    fit = censored_normal(d[p["y"]], d[p["cens"]], dummies(d[p["x"]]), conf_type="wald", conf_level=p["level"])
    agree(fit.coefficient, r_case.expected["coef"], r_case.tol)
    agree(np.log(fit.sd), r_case.expected["log_scale"], r_case.tol)
    agree([*fit.std_error, fit.log_sd_std_error], r_case.expected["se"], r_case.tol)
    agree([fit.loglik_null, fit.loglik], r_case.expected["loglik"], r_case.tol)


@pytest.mark.r_method("auc")
def test_areas_agree_with_r(r_case, agree):
    p, expected = r_case.params, r_case.expected
    linear = area_under_curve(p["t"], p["y"], upto=p["upto"])
    agree(linear.area, expected["linear"], r_case.tol)
    agree(linear.time_average, expected["time_avg_linear"], r_case.tol)
    agree(
        area_under_curve(p["t"], p["y"], upto=p["upto"], method="linear-up log-down").area,
        expected["linup_logdown"],
        r_case.tol,
    )


# ------------------------------------------------------------------------------------------------- censored normal


def test_one_value_below_by_hand():
    # With mean m and sd s the score is 0 where the measured residuals and the tail balance; Newton's answer is put
    # into the score equations as they stand in a textbook.
    value, below = np.array([1.0, 2.0, 3.0, 4.0, 1.5]), np.array([0, 0, 0, 0, 1])
    fit = censored_normal(value, below)
    m, s = fit.coefficient[0], fit.sd
    e = (value - m) / s
    tail = np.exp(-0.5 * e[4] ** 2) / np.sqrt(2 * np.pi) / ndtr(e[4])
    assert_allclose(e[:4].sum() - tail, 0, atol=1e-10)
    assert_allclose((e[:4] ** 2).sum() - 4 - tail * e[4], 0, atol=1e-10)


def test_without_values_below_it_is_student():
    fit = censored_normal(np.log10(COUNTS))
    mean, sd = np.log10(COUNTS).mean(), np.log10(COUNTS).std(ddof=1)
    half = 2.364624251592785 * sd / np.sqrt(8)
    assert_allclose([fit.coefficient[0], fit.conf_low[0], fit.conf_high[0]], [mean, mean - half, mean + half], **EXACT)
    assert_allclose(fit.sd, np.log10(COUNTS).std(), **EXACT)
    assert fit.df == 7
    point = fit.at([1])
    assert_allclose([point.conf_low[0], point.conf_high[0]], [fit.conf_low[0], fit.conf_high[0]], **EXACT)


@pytest.mark.parametrize("case", ["one_mean", "two_groups"])
def test_censored_normal_golden(case):
    d = R["censored"]
    design = None if case == "one_mean" else np.column_stack((np.ones(14), d["group"]))
    fit = censored_normal(d["value"], d["below"], design, conf_type="profile")
    r = d[case]
    assert_allclose(fit.coefficient, r["coef"], rtol=1e-8)
    assert_allclose([*fit.std_error, fit.log_sd_std_error], r["se"], rtol=1e-7)
    assert_allclose([fit.loglik_null, fit.loglik], r["loglik"], rtol=1e-9)
    assert_allclose(fit.conf_low, r["profile_low"], rtol=1e-6)
    assert_allclose(fit.conf_high, r["profile_high"], rtol=1e-6)


def test_scale_and_shift_move_the_estimates_alike():
    value, below = np.array([1.0, 2.0, 3.0, 4.0, 1.5, 1.5]), np.array([0, 0, 0, 0, 1, 1])
    a, b = censored_normal(value, below), censored_normal(-3 + 1e6 * value, below)
    assert_allclose(b.coefficient, -3 + 1e6 * a.coefficient, rtol=1e-9)
    assert_allclose([b.sd, b.std_error[0]], [1e6 * a.sd, 1e6 * a.std_error[0]], rtol=1e-8)
    order = [5, 2, 0, 4, 1, 3]
    assert_allclose(censored_normal(value[order], below[order]).coefficient, a.coefficient, rtol=1e-12)


@pytest.mark.parametrize(
    ("value", "below", "design", "reason"),
    [
        ([], [], None, "no value"),
        ([1, 1, 1], [1, 1, 1], None, "all 3 values are below the limit"),
        ([1, 2, 1], [0, 0, 1], None, "only 2 of 3 values"),
        ([2, 2, 2, 2], [0, 0, 0, 0], None, "do not vary"),
        ([2, 2, 2, 3], [0, 0, 0, 1], None, "do not vary"),
        ([1, 2, 3, 4], [0, 0, 0, 0], np.ones((4, 2)), "determine each other"),
        ([1, 2, 3, 5, 1, 1], [0, 0, 0, 0, 1, 1], [[1, 0]] * 4 + [[1, 1]] * 2, "do not determine every coefficient"),
    ],
)
def test_what_has_no_geometric_mean_says_why(value, below, design, reason):
    fit = censored_normal(value, below, design)
    assert fit.status == "not estimable"
    assert reason in fit.reason
    assert np.isnan(fit.coefficient).all()
    assert np.isnan(fit.std_error).all()
    assert fit.to_frame()["estimate"].null_count() == fit.coefficient.size


def test_nine_tenths_below_the_limit_still_converge():
    value, below = np.full(100, 1.0), np.ones(100)
    value[:10], below[:10] = np.linspace(1.05, 2.0, 10), 0
    fit = censored_normal(value, below)
    assert fit.status == "estimated"
    assert fit.coefficient[0] < 0.9
    assert fit.sd > 0.3


# ------------------------------------------------------------------------------------------------------- quantiles


def test_median_of_six_by_hand():
    # P(B = 0) = P(B = 6) = 1/64 for B binomial (6, 1/2): smallest and largest of six, coverage 1 - 2/64.
    found = quantile_interval([4, 1, 6, 2, 5, 3])
    assert (found.conf_low, found.estimate, found.conf_high) == (1, 3.5, 6)
    assert_allclose(found.coverage, 62 / 64, **EXACT)
    small = quantile_interval([1, 2, 3, 4, 5])
    assert (small.conf_low, small.conf_high, small.rank_low, small.rank_high) == (-np.inf, np.inf, 0, 0)
    assert quantile_interval([]).status == "not estimable"


def test_values_below_rank_lowest_and_bounds_are_flagged():
    found = quantile_interval([20, 20, 20, 20, 15, 30, 40, 50, 60], [1, 1, 1, 1, 0, 0, 0, 0, 0])
    assert (found.estimate, found.estimate_below) == (15, False)
    assert (found.conf_low, found.conf_low_below) == (20, True)
    half = quantile_interval([20, 20, 30, 40], [1, 1, 0, 0])
    assert (half.estimate, half.estimate_below) == (25, True)
    assert_array_equal([quantile_interval([1, 2, 3], [1, 1, 1]).estimate_below], [True])


@pytest.mark.parametrize("p", [0.1, 0.25, 0.5, 0.75])
@pytest.mark.parametrize("n", [3, 6, 14, 36])
def test_ranks_are_those_of_the_binomial_distribution(n, p):
    r = R["ranks"][f"{n}_{p}"]
    found = quantile_interval(np.arange(1, n + 1), p=p)
    assert [found.rank_low, found.rank_high] == r["ranks"]
    assert_allclose(found.coverage, r["coverage"], rtol=1e-10)
    assert_allclose(found.estimate, r["quantile"], rtol=1e-12)


# --------------------------------------------------------------------------------------------------------- splines


@pytest.mark.parametrize("case", ["inner", "intercept", "none"])
def test_basis_is_that_of_r(case):
    s = R["spline"]
    basis = natural_spline(
        s["x"], knots=s["knots"] if case != "none" else [], boundary=s["boundary"], intercept=case == "intercept"
    )
    assert_allclose(basis, np.array(s[case]).reshape(basis.shape), rtol=1e-9, atol=1e-12)


def test_curves_are_straight_beyond_the_boundary():
    x = np.array([-5.0, -3.0, -1.0, 11.0, 13.0, 15.0])
    basis = natural_spline(x, knots=[3, 6], boundary=[0, 10])
    assert_allclose(np.diff(basis[:3], 2, axis=0), 0, atol=1e-12)
    assert_allclose(np.diff(basis[3:], 2, axis=0), 0, atol=1e-12)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"knots": [1], "boundary": [2, 1]}, r"^boundary: \[2.0, 1.0\] are not two increasing"),
        ({"knots": [5, 3], "boundary": [0, 9]}, r"^knots: \[5.0, 3.0\] do not increase strictly"),
        ({"knots": [0], "boundary": [0, 9]}, r"^knots: .*inner knots only"),
    ],
)
def test_knots_out_of_order_are_refused(options, message):
    with pytest.raises(InputError, match=message):
        natural_spline([1, 2], **options)


# ----------------------------------------------------------------------------------------------------------- areas


def test_areas_by_hand():
    # Up 0 -> 10 in 10 days: 50. Down 10 -> 5 in 10 days on the exponential: 10 * 5/ln 2.
    path = [0, 10, 20], [0, 10, 5]
    assert_allclose(area_under_curve(*path, upto=[10, 20]).area, [50, 125], **EXACT)
    log = area_under_curve(*path, upto=[20, 15], method="linear-up log-down")
    assert_allclose(log.area, [50 + 50 / np.log(2), 50 + 5 * (10 - 10 / np.sqrt(2)) / np.log(np.sqrt(2))], **EXACT)


def test_ends_are_carried_no_further_than_said():
    path = [10, 90], [4, 8]
    assert area_under_curve(*path, upto=100, start=0).reason == ("the first value is at 10",)
    assert area_under_curve(*path, upto=100).reason == ("the last value is at 90",)
    carried = area_under_curve(*path, upto=100, start=0, carry_at_most=10)
    assert_allclose(carried.area, [10 * 4 + 80 * 6 + 10 * 8], **EXACT)
    assert_allclose(carried.time_average, [6], **EXACT)


def test_trajectories_are_kept_apart_whatever_the_order():
    t, y, who = np.array([0, 5, 10, 0, 10]), np.array([1, 2, 3, 5, 5.0]), np.array(["b", "b", "b", "a", "a"])
    order = [4, 0, 2, 3, 1]
    found = area_under_curve(t[order], y[order], upto=[10, 5], subject=who[order])
    assert found.subject == ("a", "a", "b", "b")
    assert_allclose(found.area, [50, 25, 20, 7.5], **EXACT)
    assert found.to_frame().shape == (4, 8)
    with pytest.raises(InputError, match=r"^time: 1 of 3 values repeat a time"):
        area_under_curve([0, 5, 5], [1, 2, 3], upto=5)


def test_areas_of_nothing():
    assert area_under_curve([], [], upto=10).area.size == 0
    assert area_under_curve([3], [2], upto=3).status == ("not estimable",)


# --------------------------------------------------------------------------------------------------- doubling time


def test_doubling_by_hand():
    t = np.arange(0, 80, 10)
    found = doubling_time(t, 3 * 2 ** (t / 20), window=(0, 100))
    assert_allclose([found.slope[0], found.doubling_time[0]], [1 / 20, 20], **EXACT)
    falling = doubling_time(t, 100 * 2 ** (-t / 20), window=(0, 100))
    assert_allclose(falling.slope, [-1 / 20], **EXACT)
    assert np.isnan(falling.doubling_time[0])
    assert (falling.status, falling.reason) == (("estimated",), ("the value does not rise: no doubling time",))


def test_doubling_golden():
    d = R["doubling"]
    found = doubling_time(d["t"], d["y"], window=(28, 180))
    assert_allclose([found.slope[0], found.std_error[0]], [d["slope"], d["se"]], rtol=1e-10)
    assert_allclose([found.slope_low[0], found.slope_high[0]], d["conf"], rtol=1e-9)
    assert_allclose([found.conf_low[0], found.conf_high[0]], [1 / d["conf"][1], 1 / d["conf"][0]], rtol=1e-9)


def test_too_few_or_zero_values_have_no_slope():
    found = doubling_time([30, 60, 30, 60, 90, 0], [1, 2, 1, 0, 4, 9], subject=[1, 1, 2, 2, 2, 2], window=(28, 180))
    assert found.status == ("not estimable", "not estimable")
    assert found.reason[0] == "2 values in the window, 3 needed"
    assert "not positive" in found.reason[1]
    few = doubling_time([30, 60, 90], [1, 2, 4], window=(28, 180))
    assert_allclose(few.doubling_time, [30], **EXACT)
    assert np.isnan([few.std_error[0], few.conf_low[0]]).all()
    assert few.to_frame()["conf_low"].null_count() == 1


# ---------------------------------------------------------------------------------------------------------- refusals


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: censored_normal([1, np.nan], [0, 0]), r"^value: 1 of 2 values are missing or infinite \(positions 1"),
        (lambda: censored_normal([1, 2], [0, 2]), r"^below: 1 of 2 values are neither 0 nor 1"),
        (lambda: censored_normal([1, 2], [0]), r"^below: 1 values where value has 2"),
        (lambda: censored_normal([1, 2], None, [[1], [np.nan]]), r"^design: 1 of 2 rows are missing"),
        (lambda: censored_normal([1, 2], None, [1, 2, 3]), r"^design: shape \(3,\) for 2 rows"),
        (lambda: censored_normal([1, 2], conf_type="exact"), r"^conf_type: 'exact' is not known"),
        (lambda: doubling_time([1], [1], window=(5, 5)), r"^window: "),
        (lambda: area_under_curve([1], [1], upto=[1], carry_at_most=-1), r"^carry_at_most: -1"),
        (lambda: quantile_interval([1], p=1), r"^p: 1 of 1 values are not between 0 and 1"),
    ],
)
def test_refusals_name_the_argument(call, message):
    with pytest.raises(InputError, match=message):
        call()
