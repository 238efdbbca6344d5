"""Recurrent events: by hand, against R, against derivatives by weights, invariants, degenerate input."""

import json

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from immrecon.errors import InputError
from immrecon.stats.recurrent import incidence_rate, mean_cumulative_function, rate_model, rate_ratio

from .conftest import GOLDEN, VALIDATION, read_columns

R = json.loads((GOLDEN / "states.json").read_text())


@pytest.fixture(scope="module")
def events24():
    return read_columns(GOLDEN / "events24.csv")


def rows(d):
    return {"time": d["time"], "event": d["infection"], "subject": d["id"], "entry": d["entry"]}


# ---------------------------------------------------------------------------------------------------- by hand


def test_three_patients_by_hand():
    # a: infections on days 2 and 5, followed to day 6; b: one on day 5, dies on day 7; c: followed to day 4.
    # day 2: 1 of 3; day 5: 2 of 2 at risk (c has left); mean 1/3, then 4/3.
    follow = {"time": [2, 5, 6, 5, 7, 4], "subject": list("aaabbc"), "entry": [0, 2, 5, 0, 5, 0]}
    found = mean_cumulative_function(event=[1, 1, 0, 1, 0, 0], **follow)
    assert_allclose(found.at([0, 2, 4.5, 5, 9]).estimate, [0, 1 / 3, 1 / 3, 4 / 3, 4 / 3], rtol=1e-14)
    assert_array_equal(found.at([0.5, 2, 4.5, 5, 6.5, 9]).n_risk, [3, 3, 2, 2, 1, 0])
    # Influences on day 2: (2/3, -1/3, -1/3)/3; on day 5 nobody differs from the mean of 1.
    assert_allclose(found.at([2, 5]).std_error ** 2, [6 / 81, 6 / 81], rtol=1e-12)
    poisson = mean_cumulative_function(event=[1, 1, 0, 1, 0, 0], variance="poisson", **follow)
    assert_allclose(poisson.std_error**2, [1 / 9, 1 / 9 + 2 / 4], rtol=1e-12)
    assert (found.n, found.n_events) == (3, 3)


def test_death_lowers_the_mean_by_hand():
    # b dies on day 3, a has an infection on day 5 when alone at risk: half of the patients live to have it.
    found = mean_cumulative_function([5, 3], [1, 0], subject=[1, 2], terminal=[0, 1])
    assert_allclose(found.at([4, 5]).estimate, [0, 0.5], rtol=1e-14)
    assert_allclose(found.at([5]).conf_low * found.at([5]).conf_high, [0.25], rtol=1e-12)
    assert_array_equal(found.survival, [0.5, 0.5])


def test_two_events_on_one_day_are_a_count():
    found = mean_cumulative_function([4, 9, 9], [2, 0, 1], subject=[1, 1, 2], entry=[0, 4, 0])
    assert_allclose(found.estimate, [1, 1.5], rtol=1e-14)
    assert found.n_events == 3


def test_rates_by_hand():
    rate = incidence_rate([0, 5], [100, 250], per=100)
    assert_allclose(rate.estimate, [0, 2])
    # -log(0.025) = 3.6889; Garwood's limits of 5 events are 1.6235 and 11.6683.
    assert_allclose(rate.conf_low, [0, 1.6235 / 2.5], rtol=1e-4)
    assert_allclose(rate.conf_high, [3.6889, 11.6683 / 2.5], rtol=1e-4)
    assert np.isnan(incidence_rate(0, 0).estimate).all()
    assert_array_equal(rate_ratio(3, 10, 0, 10).conf_high, [np.inf])
    assert_allclose(rate_ratio(3, 10, 0, 10).p_value, [0.25], rtol=1e-12)
    assert np.isnan(rate_ratio(0, 10, 0, 10).estimate).all()
    assert rate.to_frame().height == 2


# --------------------------------------------------------------------------------------------------- against R


def test_mean_cumulative_function_as_survfit(events24):
    at = mean_cumulative_function(**rows(events24)).at(R["times"])
    assert_allclose(at.estimate, R["mcf"], rtol=1e-10)
    assert_allclose(at.std_error, R["mcf_std_error"], rtol=1e-10)


def test_rate_model_as_coxph(events24):
    x = np.column_stack((events24["id"] % 2, events24["id"] % 5))
    fit = rate_model(covariates=x, **rows(events24))
    assert fit.method == "rate-model"
    assert_allclose(fit.coefficient, R["rate"]["coef"], rtol=1e-9)
    assert_allclose(fit.std_error, R["rate"]["se"], rtol=1e-9)
    assert_allclose(fit.model_std_error, R["rate"]["naive"], rtol=1e-9)


def labelled(r_case):
    """Rows of each group; the bladder study's labels are words, which the common reader does not take."""
    import csv

    with (VALIDATION / r_case.data).open(newline="") as file:
        table = list(csv.DictReader(file))
    for label, expected in r_case.expected.items():
        mine = [row for row in table if row[r_case.params["group"]] == label]
        yield expected, lambda name, mine=mine: np.array([float(row[name]) for row in mine])


@pytest.mark.r_method("mcf")
def test_r_cases_mcf(r_case, agree):
    p = r_case.params
    for expected, column in labelled(r_case):
        follow = {"subject": column(p["id"]), "entry": column(p["start"])}
        arrays = column(p["stop"]), column(p["status"])
        at = mean_cumulative_function(*arrays, **follow).at(p["times"])
        agree(at.estimate, expected["nelson"], r_case.tol)
        agree(at.std_error, expected["se_robust"], r_case.tol)
        at = mean_cumulative_function(*arrays, variance="poisson", **follow).at(p["times"])
        agree(at.std_error, expected["se_poisson"], r_case.tol)
        if p["death"]:
            follow["terminal"] = column(p["death"])
            at = mean_cumulative_function(*arrays, **follow).at(p["times"])
            agree(at.estimate, expected["ghosh_lin"], r_case.tol)
            agree(at.std_error, expected["ghosh_lin_se_ij"], r_case.tol)
            at = mean_cumulative_function(*arrays, variance="ghosh-lin", **follow).at(p["times"])
            agree(at.std_error, expected["ghosh_lin_se_gl2000"], r_case.tol)


@pytest.mark.r_method("lwyy_rate_model")
def test_r_cases_rate_model(r_case, agree):
    d, p, e = r_case.columns(), r_case.params, r_case.expected
    x = np.column_stack([d[name] for name in p["x"]])
    fit = rate_model(d[p["stop"]], d[p["event"]], x, subject=d[p["id"]], entry=d[p["start"]])
    agree(fit.coefficient, e["coef"], r_case.tol)
    agree(fit.model_std_error, e["naive_se"], r_case.tol)
    agree(fit.std_error, e["robust_se"], r_case.tol)
    agree([fit.loglik_null, fit.loglik], e["loglik"], r_case.tol)


@pytest.mark.r_method("poisson_rate")
def test_r_cases_rates(r_case, agree):
    p, e = r_case.params, r_case.expected
    rate = incidence_rate(p["events"], p["person_time"], conf_level=p["level"])
    agree(rate.estimate, e["rate"], r_case.tol)
    agree(np.column_stack((rate.conf_low, rate.conf_high)), e["exact"], r_case.tol)
    (x, y), (t, u) = p["events"], p["person_time"]
    ratio = rate_ratio(x, t, y, u, conf_level=p["level"])
    agree(ratio.estimate, e["ratio"], r_case.tol)
    agree([ratio.conf_low[0], ratio.conf_high[0]], e["ratio_ci"], r_case.tol)
    agree(ratio.p_value, e["ratio_p"], r_case.tol)


# -------------------------------------------------------------------------------------------------- invariants


def weighted_mean(d, weight, until, mortal):
    """The estimator with a weight per subject, as a plain loop over days."""
    w = weight[d["id"].astype(int) - 1]
    total, alive = 0.0, 1.0
    for day in np.unique(d["time"]):
        if day > until:
            break
        at_risk = w[(d["entry"] < day) & (d["time"] >= day)].sum()
        ends = d["time"] == day
        total += alive * (w[ends] * d["infection"][ends]).sum() / at_risk
        alive *= 1 - (w[ends] * d["death"][ends]).sum() / at_risk if mortal else 1
    return total


@pytest.mark.parametrize("mortal", [False, True])
def test_robust_variance_is_the_sum_of_squared_derivatives_by_weights(events24, mortal):
    terminal = events24["death"] if mortal else None
    found = mean_cumulative_function(**rows(events24), terminal=terminal)
    for until in (20, 40, 70):
        squares = 0.0
        for i in range(24):
            up, down = np.ones(24), np.ones(24)
            up[i], down[i] = 1 + 1e-5, 1 - 1e-5
            squares += (
                (weighted_mean(events24, up, until, mortal) - weighted_mean(events24, down, until, mortal)) / 2e-5
            ) ** 2
        assert_allclose(found.at([until]).std_error ** 2, [squares], rtol=1e-7)


def test_splitting_rows_and_order_change_nothing(events24):
    whole = mean_cumulative_function(**rows(events24), terminal=events24["death"])
    middle = (events24["entry"] + events24["time"]) / 2
    order = np.random.default_rng(4).permutation(2 * middle.size)
    split = mean_cumulative_function(
        np.concatenate((middle, events24["time"]))[order],
        np.concatenate((0 * middle, events24["infection"]))[order],
        subject=np.tile(events24["id"], 2)[order],
        entry=np.concatenate((events24["entry"], middle))[order],
        terminal=np.concatenate((0 * middle, events24["death"]))[order],
    )
    assert_array_equal(split.time, whole.time)
    assert_allclose(split.estimate, whole.estimate, rtol=1e-13)
    assert_allclose(split.std_error, whole.std_error, rtol=1e-12)
    assert (np.diff(whole.estimate) >= 0).all()
    shown = whole.estimate > 0
    assert (whole.conf_low[shown] <= whole.estimate[shown]).all()
    assert (whole.estimate[shown] <= whole.conf_high[shown]).all()


def test_blocks_of_subjects_change_nothing(events24, monkeypatch):
    whole = mean_cumulative_function(**rows(events24), terminal=events24["death"]).std_error
    monkeypatch.setattr("immrecon.stats._mean_cumulative._CELLS", 100)
    assert_allclose(mean_cumulative_function(**rows(events24), terminal=events24["death"]).std_error, whole, rtol=1e-13)


# -------------------------------------------------------------------------------------------------- degenerate


def test_no_event_and_nobody():
    none = mean_cumulative_function([5, 9], [0, 0], subject=[1, 2])
    assert none.time.size == 0
    assert_array_equal(none.at([1, 7]).estimate, [0, 0])
    assert_array_equal(none.at([1, 7]).n_risk, [2, 1])
    assert np.isnan(none.at([1]).conf_low).all()
    nobody = mean_cumulative_function([], [], subject=[])
    assert nobody.n == 0
    assert np.isnan(nobody.at([1]).estimate).all()


def test_everybody_dies_and_event_at_zero():
    found = mean_cumulative_function([0, 3, 3], [1, 0, 0], subject=[1, 2, 3], terminal=[0, 1, 1])
    assert_allclose(found.estimate, [1 / 3, 1 / 3], rtol=1e-14)
    assert np.isfinite(found.std_error).all()
    assert_array_equal(found.survival, [1, 0])


REFUSED = [
    ({"time": [1, np.nan], "event": [1, 0], "subject": [1, 2]}, r"^time: 1 of 2 values are missing"),
    ({"time": [1, 2], "event": [0.5, 0], "subject": [1, 2]}, r"^event: some values are not whole"),
    ({"time": [1, 2], "event": [-1, 0], "subject": [1, 2]}, r"^event: 1 of 2 values are negative"),
    ({"time": [1, 2], "event": [1, 0], "subject": [1, 2], "entry": [1, 0]}, r"^entry: 1 of 2 values are not before"),
    ({"time": [5, 4], "event": [1, 0], "subject": [1, 1], "entry": [0, 3]}, r"^entry: 1 of 2 intervals overlap"),
    ({"time": [5, 6], "event": [1, 0], "subject": [1, 1]}, r"^entry: 1 of 2 intervals overlap"),
    ({"time": [1, 2], "event": [1, 0], "subject": [1.0, np.nan]}, r"^subject: 1 of 2 labels are missing"),
    (
        {"time": [1, 2], "event": [0, 0], "subject": [1, 1], "entry": [0, 1], "terminal": [1, 0]},
        r"^terminal: 1 terminal events are followed",
    ),
    (
        {"time": [1], "event": [1], "subject": [1], "variance": "ghosh-lin"},
        r"^variance: 'ghosh-lin' is for data with a",
    ),
    (
        {"time": [1], "event": [1], "subject": [1], "terminal": [0], "variance": "poisson"},
        r"^variance: 'poisson' is for data without",
    ),
]


@pytest.mark.parametrize(("kwargs", "message"), REFUSED)
def test_refusals_name_the_argument(kwargs, message):
    with pytest.raises(InputError, match=message):
        mean_cumulative_function(**kwargs)


@pytest.mark.parametrize(
    ("events", "exposure", "message"),
    [
        ([1.5], [2], r"^events: some values are not whole"),
        ([1], [0], r"^exposure: 0 where there are events"),
        ([1], [-2], r"^exposure: 1 of 1 values are negative"),
        ([1, 2], [1, 2, 3], r"^events, exposure: 2 and 3 values"),
    ],
)
def test_refused_rates(events, exposure, message):
    with pytest.raises(InputError, match=message):
        incidence_rate(events, exposure)
