"""Mixed model with values below a limit: by hand, against R, invariants, degenerate input."""

import json

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy.special import ndtr

from immrecon.errors import InputError
from immrecon.stats.longitudinal import (
    censored_mixed_model,
    censored_normal,
    mixed_model,
    natural_spline,
    random_slope_test,
)

from .conftest import GOLDEN, read_columns

R = json.loads((GOLDEN / "mixed.json").read_text())
DATA = read_columns(GOLDEN / "mixed24.csv")


def design(t, group):
    curve = natural_spline(t, knots=[0.6, 1.1], boundary=[0.3, 2])
    return np.column_stack((np.ones(t.size), curve, group, curve * group[:, None]))


X = design(DATA["t"], DATA["group"])


def fit(slope=False, **options):
    t = DATA["t"] if slope else None
    return censored_mixed_model(DATA["value"], DATA["below"], X, DATA["id"], slope=t, **options)


# ------------------------------------------------------------------------------------------------- reference in R


@pytest.mark.r_method("censored_lmm")
def test_estimates_agree_with_direct_maximum_likelihood(r_case, agree):
    d, p = r_case.columns(), r_case.params
    curve = d["m"] if p["x"] == "m" else natural_spline(d["m"], knots=[0.5, 1.5], boundary=[-1.93, 8.67])
    found = censored_mixed_model(
        d[p["y"]], d[p["cens"]], np.column_stack((np.ones(d["m"].size), curve)), d[p["id"]], df="normal"
    )
    agree(found.coefficient, r_case.expected["beta"], r_case.tol)
    agree(found.residual_sd, r_case.expected["sigma"], r_case.tol)
    agree(found.random_sd, r_case.expected["tau"], r_case.tol)
    agree(found.loglik, r_case.expected["loglik"], r_case.tol)
    agree(found.std_error, r_case.expected["se_beta"], r_case.tol)


@pytest.mark.parametrize(("name", "slope"), [("censored", False), ("censored_slope", True)])
def test_golden(name, slope):
    r, found = R[name], fit(slope, df="normal")
    assert found.converged
    assert_allclose(found.loglik, r["loglik"], rtol=1e-7)
    assert_allclose(found.coefficient, r["beta"], rtol=1e-4, atol=1e-5)
    assert_allclose(found.residual_sd, r["sigma"], rtol=1e-5)
    assert_allclose(found.random_covariance, np.reshape(r["random"], found.random_covariance.shape), rtol=2e-4)
    assert_allclose(found.std_error, r["se"], rtol=1e-4)


# --------------------------------------------------------------------------------------------------------- by hand


def test_likelihood_is_that_of_plain_integration():
    # Four participants; the trapezoid rule on a fine grid of the random intercept, of the density as written down.
    value = np.array([1.2, 2.0, 2.9, 1.0, 1.0, 1.7, 1.0, 1.4, 2.2, 1.9, 2.6, 3.1])
    below = np.array([0, 0, 0, 1, 1, 0, 1, 0, 0, 0, 0, 0])
    subject, t = np.repeat([1, 2, 3, 4], 3), np.tile([0.0, 1, 2], 4)
    grid = np.linspace(-8, 8, 4001)

    def loglik(b0, b1, tau, sigma):
        e = (value[:, None] - b0 - b1 * t[:, None] - grid) / sigma
        density = np.where(below[:, None] == 1, ndtr(e), np.exp(-e * e / 2) / np.sqrt(2 * np.pi) / sigma)
        prior = np.exp(-((grid / tau) ** 2) / 2) / np.sqrt(2 * np.pi) / tau
        return sum(np.log((density[subject == k].prod(axis=0) * prior).sum() * 0.004) for k in range(1, 5))

    found = censored_mixed_model(value, below, np.column_stack((np.ones(12), t)), subject)
    at = np.array([*found.coefficient, found.random_sd[0], found.residual_sd])
    assert_allclose(loglik(*at), found.loglik, rtol=1e-8)
    for j in range(4):
        for step in (-0.02, 0.02):
            moved = at.copy()
            moved[j] += step
            assert loglik(*moved) < found.loglik
    step = np.array([1e-4, 0, 0, 0])
    slope = (loglik(*(at + step)) - loglik(*(at - step))) / 2e-4
    assert_allclose(slope, 0, atol=1e-5)


@pytest.mark.parametrize("slope", [False, True])
def test_with_nothing_below_it_is_maximum_likelihood(slope):
    t = DATA["t"] if slope else None
    found = censored_mixed_model(DATA["full"], None, X, DATA["id"], slope=t)
    plain = mixed_model(DATA["full"], X, DATA["id"], slope=t, method="ml", df="normal")
    assert_allclose(found.loglik, plain.loglik, rtol=1e-12)
    assert_allclose(found.coefficient, plain.coefficient, rtol=1e-7)
    assert_allclose(found.random_covariance, plain.random_covariance, rtol=1e-7)
    assert_allclose(found.random_effects, plain.random_effects, rtol=1e-6, atol=1e-8)
    assert_allclose(found.random_effect_std_error, plain.random_effect_std_error, rtol=1e-6)
    assert_allclose(found.fitted, plain.fitted, rtol=1e-7)
    assert_allclose(found.residual, plain.residual, atol=1e-7)


def test_without_variance_between_participants_it_is_the_censored_normal():
    # Nested within participants the values of each are spread alike: no variance is left between them.
    value = np.tile([1.0, 1.0, 1.6, 2.0, 2.7], 6)
    below = np.tile([1, 1, 0, 0, 0], 6)
    found = censored_mixed_model(value, below, np.ones(30), np.repeat(np.arange(6), 5), df="normal")
    plain = censored_normal(value, below)
    assert found.singular
    assert "a variance of the random effects is 0" in found.reason
    assert_allclose(found.coefficient, plain.coefficient, rtol=1e-6)
    assert_allclose(found.std_error, plain.std_error, rtol=1e-5)
    assert_allclose(found.loglik, plain.loglik, rtol=1e-9)


# ------------------------------------------------------------------------------------------------------ invariants


def test_order_and_units_change_nothing_else():
    found, order = fit(), np.random.default_rng(1).permutation(X.shape[0])
    moved = censored_mixed_model(
        10 * DATA["value"][order] - 7, DATA["below"][order], X[order], [f"p{int(i)}" for i in DATA["id"][order]]
    )
    assert_allclose(moved.coefficient[1:], 10 * found.coefficient[1:], rtol=1e-5, atol=1e-6)
    assert_allclose(moved.std_error, 10 * found.std_error, rtol=1e-5)
    assert_allclose(moved.residual, 10 * found.residual[order], rtol=1e-5, atol=1e-6)
    assert_array_equal(moved.below, DATA["below"][order] == 1)


def test_more_nodes_change_nothing():
    for slope in (False, True):
        few, many = fit(slope), fit(slope, nodes=25 if slope else 60)
        assert_allclose(few.loglik, many.loglik, rtol=1e-7)
        assert_allclose(few.coefficient, many.coefficient, atol=2e-5)
        assert_allclose(few.std_error, many.std_error, rtol=2e-5)


def test_the_score_is_the_slope_of_the_likelihood_and_the_information_its_curvature():
    from immrecon.stats._censored_likelihood import CensoredLikelihood
    from immrecon.stats._mixed_sample import mixed_sample

    code = np.unique(DATA["id"], return_inverse=True)[1]
    sample = mixed_sample(DATA["value"], DATA["below"] == 1, DATA["below"] > 1, X, code, tuple(range(24)), DATA["t"])
    likelihood = CensoredLikelihood(sample, 21)
    theta = np.concatenate((sample.q_design.T @ sample.value + 0.1, [0.5, -0.1, 0.3, -1.2]))
    zero = np.zeros((24, 2))
    here = likelihood(theta, zero)
    score, curvature = np.empty(theta.size), np.empty((theta.size, theta.size))
    for j in range(theta.size):
        step = np.zeros(theta.size)
        step[j] = 1e-4
        up, down = likelihood(theta + step, zero), likelihood(theta - step, zero)
        score[j] = (up.loglik - down.loglik) / 2e-4
        curvature[j] = -(up.score - down.score) / 2e-4
    assert_allclose(here.score, score, rtol=1e-4, atol=1e-4)
    assert_allclose(here.information, curvature, rtol=1e-4, atol=1e-3)


def test_small_blocks_give_the_same(monkeypatch):
    from immrecon.stats import _censored_likelihood

    found = fit(True)
    monkeypatch.setattr(_censored_likelihood, "_BLOCK", 1)
    again = fit(True)
    assert_allclose(again.loglik, found.loglik, rtol=1e-12)
    assert_allclose(again.coefficient, found.coefficient, rtol=1e-8)
    assert_allclose(again.random_effects, found.random_effects, rtol=1e-6, atol=1e-9)


def test_results_that_analyses_read():
    found = fit()
    assert (found.n, found.n_participants, found.n_below) == (X.shape[0], 24, int(DATA["below"].sum()))
    below = found.below
    assert (found.residual[below] < 0).all()
    assert (found.residual[below] <= DATA["value"][below] - found.fitted[below] + 1e-9).all()
    assert_allclose(found.fitted[~below] + found.residual[~below], DATA["value"][~below], rtol=1e-9)
    # Group is constant within participants: 24 - 2 (intercept, group); 6 columns vary within.
    measured = int((~below).sum())
    holders = np.unique(DATA["id"][~below]).size
    assert_array_equal(found.df[[0, 4]], [holders - 2] * 2)
    assert_array_equal(found.df[[1, 5]], [measured - holders - 6] * 2)
    at = found.at(X[:3])
    assert_allclose(at.estimate, found.marginal[:3], rtol=1e-9)
    assert_array_equal(at.df, [holders - 2] * 3)
    assert np.isinf(fit(df="normal").df).all()
    slope = fit(True)
    assert_array_equal(slope.df, [holders - 2] * 8)
    compared = random_slope_test(found, slope)
    assert_allclose(compared.statistic, 2 * (slope.loglik - found.loglik), rtol=1e-12)
    assert found.to_frame().height == 8


def test_standard_errors_undo_the_bias_of_maximum_likelihood():
    # Balanced, everything measured: the limits of the mean are those of Student's t of the participants' means.
    rng = np.random.default_rng(8)
    subject = np.repeat(np.arange(6), 4)
    value = rng.normal(size=6)[subject] + rng.normal(scale=0.5, size=24)
    means = value.reshape(6, 4).mean(axis=1)
    found = censored_mixed_model(value, None, np.ones(24), subject)
    half = 2.570581835636314 * means.std(ddof=1) / np.sqrt(6)
    assert_allclose(found.conf_high - found.coefficient, [half], rtol=1e-6)
    joint = found.test([[1]])
    assert_allclose(joint.statistic, found.statistic[0] ** 2, rtol=1e-9)
    assert_allclose(joint.p_value, found.p_value[0], rtol=1e-8)


# ------------------------------------------------------------------------------------------------------ degenerate

T3, S3 = np.tile([0.0, 1, 2], 3), np.repeat([1, 2, 3], 3)
Y3, B3 = np.array([1, 2.5, 3, 1, 3, 5.5, 1, 1.5, 2]), np.array([1, 0, 0, 1, 0, 0, 1, 0, 0])


def test_three_participants_give_an_interval():
    found = censored_mixed_model(Y3, B3, np.column_stack((np.ones(9), T3)), S3)
    assert found.status == "estimated"
    assert np.isfinite([*found.conf_low, *found.conf_high]).all()
    assert_array_equal(found.df, [2, 2])


@pytest.mark.parametrize(
    ("arrays", "reason"),
    [
        (([], [], np.empty((0, 1)), []), "no value"),
        ((Y3, np.ones(9), np.ones(9), S3), "all 9 values are below the limit"),
        ((Y3, B3, np.ones((9, 2)), S3), "determine each other"),
        ((Y3, (T3 > 0) * 1, np.ones(9), S3), "no participant has two measured values"),
        ((Y3, (S3 > 1) * 1, np.ones(9), S3), "one participant only"),
        ((Y3, (S3 == 3) * 1, np.column_stack((np.ones(9), S3 == 3)), S3), "do not determine every coefficient"),
        ((np.ones(9), np.zeros(9), np.ones(9), S3), "do not vary about the fixed effects"),
        ((S3 * 1.0, np.zeros(9), np.ones(9), S3), "do not vary within participants"),
    ],
)
def test_what_cannot_be_estimated_says_why(arrays, reason):
    found = censored_mixed_model(*arrays)
    assert found.status == "not estimable"
    assert reason in found.reason
    assert np.isnan(found.coefficient).all()
    assert found.residual.size == found.n


def test_one_participant_all_below_stays_in():
    rows = DATA["id"] == 3
    value, below = np.where(rows, 1.35, DATA["value"]), np.where(rows, 1, DATA["below"])
    found = censored_mixed_model(value, below, X, DATA["id"])
    assert found.status == "estimated"
    assert found.random_effects[2, 0] < np.median(found.random_effects)
    assert found.df[0] == fit().df[0] - 1


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"nodes": 0}, r"^nodes: 0 is not a number of nodes"),
        ({"df": "kenward-roger"}, r"^df: 'kenward-roger' is not known"),
        ({"conf_level": 95}, r"^conf_level: 95"),
    ],
)
def test_refusals_name_the_argument(options, message):
    with pytest.raises(InputError, match=message):
        censored_mixed_model(Y3, B3, np.ones(9), S3, **options)
