"""Curves of growth: against R's nls, by hand, invariants, degenerate input."""

import numpy as np
import pytest
from numpy.testing import assert_allclose

from immrecon.errors import InputError
from immrecon.stats.longitudinal import growth_curve

MODELS = {"logistic": "logistic", "gompertz": "gompertz", "fpl": "four-parameter-logistic"}
TRUE = {
    "logistic": [2.5, 60.0, 25.0],
    "gompertz": [2.5, 3.0, 0.97],
    "four-parameter-logistic": [0.5, 2.5, 60.0, 20.0],
}
DAYS = np.array([7, 14, 28, 45, 60, 75, 100, 120, 150, 180, 270, 365.0])


def curve(model, t):
    a = TRUE[model]
    if model == "gompertz":
        return a[0] * np.exp(-a[1] * a[2] ** t)
    rise = 1 / (1 + np.exp((a[-2] - t) / a[-1]))
    return a[0] * rise if model == "logistic" else a[0] + (a[1] - a[0]) * rise


@pytest.mark.r_method("growth_curve")
def test_curves_agree_with_nls(r_case, agree):
    d, p = r_case.columns(), r_case.params
    found = growth_curve(d[p["x"]], d[p["y"]], model=MODELS[p["model"]])
    agree(found.estimate, r_case.expected["coef"], r_case.tol)
    agree(found.std_error, r_case.expected["se"], r_case.tol)
    agree(found.residual_sd, r_case.expected["sigma"], r_case.tol)


@pytest.mark.parametrize("model", TRUE)
def test_a_curve_without_error_is_found_again(model):
    found = growth_curve(DAYS, curve(model, DAYS), model=model)
    assert_allclose(found.estimate, TRUE[model], rtol=1e-6)
    assert_allclose(found.at(DAYS).estimate, curve(model, DAYS), rtol=1e-7)
    half = found.time_to_fraction(0.5).estimate[0]
    low = TRUE[model][0] if model == "four-parameter-logistic" else 0.0
    high = TRUE[model][1] if model == "four-parameter-logistic" else TRUE[model][0]
    assert_allclose(curve(model, half), (low + high) / 2, rtol=1e-6)


@pytest.mark.parametrize("model", TRUE)
def test_scale_of_time_and_value_goes_through(model):
    noise = np.array([3, -5, 2, 4, -6, 1, 5, -2, -4, 3, 1, -2]) / 50
    y = curve(model, DAYS) + noise
    a, b = growth_curve(DAYS, y, model=model), growth_curve(DAYS / 10, 100 * y, model=model)
    assert a.status == "estimated"
    assert_allclose(b.residual_sd, 100 * a.residual_sd, rtol=1e-7)
    assert_allclose(b.time_to_fraction(0.5).conf_high * 10, a.time_to_fraction(0.5).conf_high, rtol=1e-5)
    assert (a.conf_low < a.estimate).all()
    assert (a.conf_high > a.estimate).all()
    # The profile limit of the asymptote: fixing it there costs F = t^2 with n - k degrees of freedom.
    which = 1 if model == "four-parameter-logistic" else 0
    assert_allclose((a.conf_low[which] + a.conf_high[which]) / 2, a.estimate[which], rtol=0.1)


@pytest.mark.parametrize(
    ("t", "y", "options", "reason"),
    [
        ([1, 2, 3, 4], [1, 2, 3, 4], {}, "4 values, 5 needed"),
        ([1, 1, 2, 2, 2], [1, 2, 3, 4, 5], {}, "2 distinct times for 3 parameters"),
        (DAYS, np.ones(12), {}, "do not vary"),
        (DAYS[:6], curve("logistic", DAYS[:6]), {"last_at_least": 100}, "no value at or after 100"),
    ],
)
def test_what_has_no_curve_says_why(t, y, options, reason):
    found = growth_curve(t, y, model="logistic", **options)
    assert found.status == "not estimable"
    assert reason in found.reason
    assert np.isnan(found.estimate).all()
    assert np.isnan(found.at([1]).estimate).all()
    assert np.isnan(found.time_to_fraction(0.5).conf_low).all()
    assert found.to_frame()["estimate"].null_count() == 3


@pytest.mark.parametrize("model", TRUE)
def test_no_plateau_in_sight_gives_no_confident_asymptote(model):
    t = np.arange(1.0, 11)
    found = growth_curve(t, np.exp(t / 5) + np.tile([0.02, -0.02], 5), model=model)
    which = 1 if model == "four-parameter-logistic" else 0
    assert found.status == "not estimable" or found.conf_high[which] > 3 * np.exp(2)


def test_limits_of_a_curve_whose_best_fit_jumps_are_found_or_infinite():
    """Least squares ends elsewhere from another start: a limit must not be looked for with two answers for one place."""
    t = [16.0, 25.0, 39.0, 78.0, 113.0, 128.0, 206.0, 253.0, 334.0]
    y = [0.1, -1.3, 0.0, -0.5, 0.0, 0.2, 1.3, 2.2, 3.0]
    found = growth_curve(t, y, model="gompertz")
    assert found.status == "estimated"
    assert (found.conf_low <= found.estimate).all()
    assert (found.estimate <= found.conf_high).all()


def test_unknown_models_and_fractions_are_refused():
    with pytest.raises(InputError, match=r"^model: 'richards' is not known"):
        growth_curve(DAYS, DAYS, model="richards")
    with pytest.raises(InputError, match=r"^fraction: 1"):
        growth_curve(DAYS, curve("logistic", DAYS), model="logistic").time_to_fraction(1)
