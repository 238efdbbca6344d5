"""Pseudo-observations: by hand, against R, against leaving out one by one, degenerate input."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose

from immrecon.errors import InputError
from immrecon.stats import competing_risks
from immrecon.stats.competing_risks import aalen_johansen
from immrecon.stats.survival import kaplan_meier, pseudo_observations, pseudo_regression

FIXED = settings(derandomize=True, deadline=None, max_examples=100)

# ---------------------------------------------------------------------------------------------------- by hand


def test_without_censoring_they_are_the_indicators():
    assert_allclose(pseudo_observations([3, 5, 8], [1, 1, 1], at=[4, 6]).values, [[0, 0], [1, 0], [1, 1]], atol=1e-14)
    means = pseudo_observations([3, 5, 8], [1, 1, 1], at=6, quantity="rmst")
    assert_allclose(means.values[:, 0], [3, 5, 6], rtol=1e-14)


def test_with_censoring_by_hand():
    # 1 event, 2 censored, 3 event, 4 censored. S(3) = 3/4 * 1/2 = 3/8. Without each: 2/3... in order
    #   without 1: day 3 one of two: 1/2;  without 2: 2/3 * 1/2 = 1/3;  without 3: 2/3;  without 4: 2/3 * 0 = 0
    values = pseudo_observations([1, 2, 3, 4], [1, 0, 1, 0], at=3).values[:, 0]
    assert_allclose(values, 4 * 3 / 8 - 3 * np.array([1 / 2, 1 / 3, 2 / 3, 0]), rtol=1e-14)


# -------------------------------------------------------------------------------------------------- against R


@pytest.mark.r_method("pseudo_observations")
def test_r_survival_and_regression(r_case, agree):
    p, d, expected = r_case.params, r_case.columns(), r_case.expected
    time, event = d[p["time"]], d[p["event"]]
    values = pseudo_observations(time, event, at=p["times"]).values
    agree(values[:5], expected["first5"], r_case.tol, "survival")
    agree(values.sum(axis=0), expected["sum"], r_case.tol, "sum")
    agree((values**2).sum(axis=0), expected["sumsq"], r_case.tol, "squares")
    means = pseudo_observations(time, event, at=max(p["times"]), quantity="rmst").values[:, 0]
    agree([*means[:5], means.sum()], [*expected["rmst_first5"], expected["rmst_sum"]], r_case.tol, "rmst")
    fit = pseudo_regression(1 - values, np.column_stack([d[name] for name in p["x"]]))
    assert fit.terms == ("intercept", "time 2", "x1", "x2")
    agree(fit.estimate, expected["gee_beta"], r_case.tol, "coefficients")
    agree(fit.std_error, expected["gee_se"], r_case.tol, "standard errors")


@pytest.mark.r_method("pseudo_observations_cif")
def test_r_incidence(r_case, agree):
    p, d = r_case.params, r_case.columns()
    found = competing_risks.pseudo_observations(d[p["time"]], d[p["status"]], at=p["times"], causes=[1, 2])
    for cause, values in zip(found.causes, found.values, strict=True):
        expected = r_case.expected[str(cause)]
        agree(values[:5], expected["first5"], r_case.tol, "first five")
        agree(values.sum(axis=0), expected["sum"], r_case.tol, "sum")
        agree((values**2).sum(axis=0), expected["sumsq"], r_case.tol, "squares")


# --------------------------------------------------------------------------- against leaving out one by one

TRIAL = st.lists(st.tuples(st.integers(0, 9), st.integers(0, 2)), min_size=2, max_size=14)
AT = np.array([0, 0.5, 2, 3, 5, 8, 11])


@FIXED
@given(TRIAL)
def test_survival_is_the_jackknife(rows):
    time, cause = np.array(rows).T
    event, n = (cause > 0).astype(int), len(rows)
    values = pseudo_observations(time, event, at=AT).values
    whole = kaplan_meier(time, event).at(AT).survival
    for i in range(n):
        without = kaplan_meier(np.delete(time, i), np.delete(event, i)).at(AT).survival
        assert_allclose(values[i], n * whole - (n - 1) * without, atol=1e-11)


@FIXED
@given(TRIAL)
def test_incidence_is_the_jackknife(rows):
    time, cause = np.array(rows).T
    n, found = len(rows), competing_risks.pseudo_observations(time, cause, at=AT, causes=[2, 1])
    whole = aalen_johansen(time, cause, causes=[2, 1]).at(AT).incidence
    for i in range(n):
        without = aalen_johansen(np.delete(time, i), np.delete(cause, i), causes=[2, 1]).at(AT).incidence
        assert_allclose(found.values[:, i], n * whole - (n - 1) * without, atol=1e-11)
    event = (cause > 0).astype(int)
    assert_allclose(found.values.sum(axis=0) + pseudo_observations(time, event, at=AT).values, 1, atol=1e-10)


@FIXED
@given(TRIAL)
def test_the_mean_is_the_jackknife(rows):
    time, cause = np.array(rows).T
    event, n = (cause > 0).astype(int), len(rows)
    tau = float(np.sort(time)[-2])  # within the follow-up of everybody but one
    if tau == 0:
        return
    values = pseudo_observations(time, event, at=[tau / 2, tau], quantity="rmst").values
    for j, upto in enumerate((tau / 2, tau)):
        whole = kaplan_meier(time, event).rmst(upto).estimate
        for i in range(n):
            without = kaplan_meier(np.delete(time, i), np.delete(event, i)).rmst(upto).estimate
            assert_allclose(values[i, j], n * whole - (n - 1) * without, atol=1e-10)


def test_regression_on_a_group_is_the_difference_of_the_means():
    rng = np.random.default_rng(4)
    values, group = rng.normal(0.4, 0.3, size=(30, 1)), np.repeat([0.0, 1.0], 15)
    fit = pseudo_regression(values, group, link="identity")
    means = [values[group == g].mean() for g in (0, 1)]
    assert_allclose(fit.estimate, [means[0], means[1] - means[0]], rtol=1e-10)
    spread = [values[group == g].var() / 15 for g in (0, 1)]
    assert_allclose(fit.std_error, np.sqrt([spread[0], spread[0] + spread[1]]), rtol=1e-10)
    for link, inverse in (("logit", lambda e: 1 / (1 + np.exp(-e))), ("cloglog", lambda e: 1 - np.exp(-np.exp(e)))):
        other = pseudo_regression(values, group, link=link).estimate
        assert_allclose(inverse(np.array([other[0], other.sum()])), means, rtol=1e-9)


# ------------------------------------------------------------------------------------------- degenerate input


def test_nobody_and_one_participant():
    assert pseudo_observations([], [], at=[1, 2]).values.shape == (0, 2)
    assert competing_risks.pseudo_observations([], [], at=1, causes=[1, 2]).values.shape == (2, 0, 1)
    assert_allclose(pseudo_observations([4], [1], at=[3, 4]).values, [[1, 0]])
    assert_allclose(pseudo_observations([4], [0], at=[3, 9]).values, [[1, 1]])
    assert_allclose(pseudo_observations([0, 3], [1, 0], at=0).values[:, 0], [0, 1], atol=1e-14)


def test_frames_have_a_row_per_participant_and_time():
    frame = pseudo_observations([3, 5, 8], [1, 1, 1], at=[4, 6]).to_frame()
    assert frame["position"].to_list() == [0, 0, 1, 1, 2, 2]
    assert_allclose(frame["value"].to_list(), [0, 0, 1, 0, 1, 1], atol=1e-14)
    frame = competing_risks.pseudo_observations([3, 5], [1, 2], at=4, causes=[1, 2]).to_frame()
    assert frame["cause"].to_list() == [1, 1, 2, 2]
    assert_allclose(frame["value"].to_list(), [1, 0, 0, 0], atol=1e-14)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: pseudo_observations([1, 2], [1, 1], at=[-1]), r"^at: 1 of 1 values are negative"),
        (lambda: pseudo_observations([1, 2], [1, 1], at=1, quantity="hazard"), r"^quantity: 'hazard' is not known"),
        (lambda: pseudo_observations([1, 2], [1, 1], at=3, quantity="rmst"), r"^at: 3 is beyond 2"),
        (lambda: competing_risks.pseudo_observations([1], [3], at=1, causes=[1, 2]), r"^cause: 1 of 1 values"),
        (lambda: pseudo_regression([[1], [0]], [1, 2, 3]), r"^values, covariates: shapes \(2, 1\) and \(3, 1\)"),
        (lambda: pseudo_regression([[1], [np.nan]], [1, 2]), r"^values, covariates: some are missing"),
        (lambda: pseudo_regression([[1], [0]], [1, 1]), r"^covariates: a column follows from the others"),
        (lambda: pseudo_regression([[1], [0]], [1, 2], link="probit"), r"^link: 'probit' is not known"),
    ],
)
def test_what_cannot_be_worked_on_is_named(call, message):
    with pytest.raises(InputError, match=message):
        call()
