"""Values below one limit and above another: against R (golden/stats/beyond_limits.R), by symmetry, next to nothing."""

import json
from pathlib import Path

import numpy as np
import pytest
from numpy.testing import assert_allclose
from scipy.stats import norm

from immrecon.errors import InputError
from immrecon.stats.longitudinal import censored_mixed_model, censored_normal

GOLDEN = json.loads((Path(__file__).parents[1] / "golden/stats/beyond_limits.json").read_text())
NORMAL = {name: np.array(GOLDEN["normal"][name]) for name in ("value", "below", "above", "group")}
MIXED = {name: np.array(GOLDEN["mixed"][name]) for name in ("y", "below", "above", "t", "g", "who")}
X = np.column_stack((np.ones(MIXED["y"].size), MIXED["t"], MIXED["g"]))


@pytest.mark.parametrize("case", ["one_mean", "two_groups"])
def test_normal_model_is_that_of_survreg(case: str) -> None:
    design = np.column_stack((np.ones(18), NORMAL["group"]))[:, : 1 if case == "one_mean" else 2]
    expected = GOLDEN["normal"][case]
    fit = censored_normal(NORMAL["value"], NORMAL["below"], design, above=NORMAL["above"], conf_type="wald")
    assert (fit.n, fit.n_below, fit.n_above) == (18, 1, 6)
    assert_allclose(fit.coefficient, expected["coef"], rtol=1e-8)
    assert_allclose([*fit.std_error, fit.log_sd_std_error], expected["se"], rtol=1e-7)
    assert_allclose(fit.sd, expected["sd"], rtol=1e-8)
    assert_allclose([fit.loglik_null, fit.loglik], expected["loglik"], rtol=1e-9)


def test_students_interval_counts_measured_values() -> None:
    fit = censored_normal(NORMAL["value"], NORMAL["below"], above=NORMAL["above"])
    assert fit.df == 10  # of 18, 1 below and 6 above: 11 measured, less the mean
    mean = fit.at([1.0])
    assert_allclose([mean.conf_low[0], mean.conf_high[0]], [fit.conf_low[0], fit.conf_high[0]], rtol=1e-12)


def test_profile_limits_drop_the_likelihood_by_the_quantile() -> None:
    fit = censored_normal(NORMAL["value"], NORMAL["below"], above=NORMAL["above"], conf_type="profile")

    def profile(mean: float) -> float:
        spread = np.linspace(0.2, 2.0, 20001)[:, None]
        e = (NORMAL["value"] - mean) / spread
        measured = norm.logpdf(e) - np.log(spread)
        parts = np.where(NORMAL["below"] == 1, norm.logcdf(e), np.where(NORMAL["above"] == 1, norm.logsf(e), measured))
        return float(parts.sum(axis=1).max())

    for limit in (fit.conf_low[0], fit.conf_high[0]):
        assert_allclose(2 * (fit.loglik - profile(limit)), 3.841458820694124, rtol=1e-5)


def test_mixed_model_is_that_of_direct_maximum_likelihood() -> None:
    fit = censored_mixed_model(MIXED["y"], MIXED["below"], X, MIXED["who"], above=MIXED["above"], df="normal")
    expected = GOLDEN["mixed"]
    assert (fit.n, fit.n_below, fit.n_above) == (63, 11, 15)
    assert_allclose(fit.coefficient, expected["beta"], rtol=1e-6)
    assert_allclose(fit.std_error, expected["se"], rtol=1e-5)
    assert_allclose([fit.residual_sd, fit.random_sd[0]], [expected["sigma"], expected["tau"]], rtol=1e-6)
    assert_allclose(fit.loglik, expected["loglik"], rtol=1e-9)
    beyond = MIXED["y"] - fit.fitted
    assert (fit.residual[fit.above] > beyond[fit.above]).all()  # expected above the limit
    assert (fit.residual[fit.below] < beyond[fit.below]).all()
    assert_allclose(fit.residual[~(fit.below | fit.above)], beyond[~(fit.below | fit.above)], atol=1e-12)


@pytest.mark.parametrize("slope", [None, MIXED["t"]], ids=["intercept", "slope"])
def test_values_turned_round_give_the_same_model_turned_round(slope: np.ndarray | None) -> None:
    given = censored_mixed_model(MIXED["y"], MIXED["below"], X, MIXED["who"], above=MIXED["above"], slope=slope)
    turned = censored_mixed_model(-MIXED["y"], MIXED["above"], X, MIXED["who"], above=MIXED["below"], slope=slope)
    assert_allclose(turned.coefficient, -given.coefficient, rtol=1e-6)
    assert_allclose(turned.std_error, given.std_error, rtol=1e-6)
    assert_allclose(turned.residual, -given.residual, atol=1e-6)
    assert_allclose(turned.loglik, given.loglik, rtol=1e-10)
    assert_allclose(turned.df, given.df)
    normal = [
        censored_normal(sign * NORMAL["value"], NORMAL[low], above=NORMAL[high])
        for sign, low, high in ((1, "below", "above"), (-1, "above", "below"))
    ]
    assert_allclose(normal[1].coefficient, -normal[0].coefficient, rtol=1e-10)
    assert_allclose(normal[1].conf_low, -normal[0].conf_high, rtol=1e-8)


def test_a_lower_limit_raises_the_mean_above_that_of_values_at_it() -> None:
    value, above = [1.0, 1.5, 2.0, 2.5, 2.5], [0, 0, 0, 1, 1]
    assert censored_normal(value, above=above).coefficient[0] > censored_normal(value).coefficient[0]


@pytest.mark.parametrize(
    ("below", "above", "reason"),
    [
        ([0, 0, 0, 0], [1, 1, 1, 1], "all 4 values are beyond a limit"),
        ([1, 1, 0, 0], [0, 0, 1, 0], "only 1 of 4 values are within the limits"),
    ],
)
def test_next_to_nothing_measured_has_a_reason(below: list[int], above: list[int], reason: str) -> None:
    assert censored_normal([1.0, 2.0, 3.0, 4.0], below, above=above).reason == reason
    fit = censored_mixed_model([1.0, 2.0, 3.0, 4.0], below, np.ones((4, 1)), [1, 1, 2, 2], above=above)
    assert fit.status == "not estimable"
    assert np.isnan(fit.coefficient).all()


def test_a_value_is_not_beyond_both_limits() -> None:
    with pytest.raises(InputError, match="above: 1 of 3 values are below a limit as well"):
        censored_normal([1.0, 2.0, 3.0], [1, 0, 0], above=[1, 0, 0])
    with pytest.raises(InputError, match="above"):
        censored_mixed_model([1.0, 2.0], None, np.ones((2, 1)), [1, 2], above=[0, 2])
