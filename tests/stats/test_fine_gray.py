"""Fine-Gray regression: against R's crr and finegray, invariants, degenerate input."""

import json

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from immrecon.errors import InputError
from immrecon.stats import competing_risks, regression
from immrecon.stats.competing_risks import aalen_johansen, fine_gray, subdistribution_rows
from immrecon.stats.regression import cox

from .conftest import GOLDEN, read_columns

R = json.loads((GOLDEN / "fine_gray.json").read_text())["sets"]


@pytest.fixture(scope="module")
def sets():
    """The 20 data sets of fine_gray.R: time, cause, covariates."""
    d = read_columns(GOLDEN / "fine_gray20.csv")
    rows = [d["set"] == k for k in range(1, 21)]
    return [(d["time"][r], d["cause"][r], np.column_stack((d["x"][r], d["z"][r]))) for r in rows]


# ---------------------------------------------------------------------------------------------------- by hand


def test_three_patients_by_hand():
    # A competing event on day 1 (x=1), one of interest on day 2 (x=0), one on day 3 (x=1); nobody is censored, so
    # that the first stays at risk with weight 1: L = 1/(2h+1) * h/(2h), maximal at h = 0: monotone.
    found = fine_gray([1, 2, 3], [2, 1, 1], [1, 0, 1], of_interest=1)
    assert found.coefficient_status == ("monotone likelihood",)
    assert_allclose(found.loglik, np.log(1 / 2), rtol=1e-8)
    # With x of the last two exchanged: L = h/(2h+1) * 1/(h+1), maximal where 1 = 2h/(2h+1) + h/(h+1), 2h^2 = 1.
    h = 1 / np.sqrt(2)
    found = fine_gray([1, 2, 3], [2, 1, 1], [1, 1, 0], of_interest=1)
    assert_allclose(found.ratio, [h], rtol=1e-10)
    assert_allclose(found.loglik, np.log(h / ((2 * h + 1) * (h + 1))), rtol=1e-12)


# --------------------------------------------------------------------------------------------------- against R


@pytest.mark.parametrize("k", range(20))
def test_twenty_sets_as_crr(sets, k):
    time, cause, x = sets[k]
    fit, r = fine_gray(time, cause, x, of_interest=1), R[k]
    assert fit.status == "estimated"
    assert_allclose(fit.coefficient, r["coef"], rtol=1e-8, atol=1e-10)
    assert_allclose(fit.variance, r["variance"], rtol=1e-8, atol=1e-11)
    assert_allclose(np.linalg.inv(fit.model_variance), r["information"], rtol=1e-8)
    assert_allclose([fit.loglik, fit.loglik_null], [r["loglik"], r["loglik_null"]], rtol=1e-11)
    assert_allclose(fit.predict_incidence(r["time"], [[0.5, 1]])[0], r["incidence"], rtol=1e-8)
    grouped = fine_gray(time, cause, x, of_interest=1, censoring_group=x[:, 1])
    assert_allclose(grouped.coefficient, r["by_group_coef"], rtol=1e-8, atol=1e-10)
    assert_allclose(grouped.variance, r["by_group_variance"], rtol=1e-8, atol=1e-11)


@pytest.mark.parametrize("late", [False, True])
@pytest.mark.parametrize("k", range(20))
def test_expanded_rows_as_finegray(sets, k, late):
    time, cause, x = sets[k]
    entry = (np.arange(1, time.size + 1) % 3) * np.minimum(7, time - 1) / 3 if late else None
    rows = subdistribution_rows(time, cause, of_interest=1, entry=entry)
    r = R[k]["expanded_late" if late else "expanded"]
    assert rows.row.size == r["rows"]
    assert_allclose(rows.weight.sum(), r["weight"], rtol=1e-11)
    keep = rows.weight > 0
    fit = cox(
        rows.time[keep],
        rows.event[keep],
        x[rows.row[keep]],
        entry=rows.entry[keep],
        weights=rows.weight[keep],
        cluster=rows.row[keep],
        ties="breslow",
    )
    assert_allclose(fit.coefficient, r["coef"], rtol=1e-7, atol=1e-10)
    assert_allclose(fit.std_error, r["se"], rtol=1e-7)


@pytest.mark.r_method("fine_gray")
def test_r_cases_fine_gray(r_case, agree):
    d, p, e = r_case.columns(), r_case.params, r_case.expected
    x = np.column_stack([d[name] for name in p["x"]])
    group = d[p["cengroup"]] if p["cengroup"] else None
    fit = fine_gray(d[p["time"]], d[p["status"]], x, of_interest=p["cause"], censoring_group=group)
    agree(fit.coefficient, e["coef"], r_case.tol)
    agree(fit.std_error, e["se"], r_case.tol)
    agree(fit.variance, e["var"], r_case.tol)
    agree(fit.model_std_error, e["se_naive"], r_case.tol)
    agree([fit.loglik, fit.loglik_null], [e["loglik"], e["loglik_null"]], r_case.tol)
    assert (fit.status == "estimated") == e["converged"]
    if "pred_cif" in e:
        agree(fit.predict_incidence(p["pred_times"], [p["pred_at"]]), e["pred_cif"], r_case.tol)


@pytest.mark.r_method("fine_gray_finegray")
def test_r_cases_expanded_rows(r_case, agree):
    d, p, e = r_case.columns(), r_case.params, r_case.expected
    x = np.column_stack([d[name] for name in p["x"]])
    rows = subdistribution_rows(d[p["time"]], d[p["status"]], of_interest=p["cause"])
    assert rows.to_frame().height == e["n_rows"]
    arrays = rows.time, rows.event, x[rows.row]
    fit = cox(*arrays, entry=rows.entry, weights=rows.weight, cluster=rows.row, ties=p["ties"])
    agree(fit.coefficient, e["coef"], r_case.tol)
    agree(fit.std_error, e["robust_se"], r_case.tol)
    agree(fit.model_std_error, e["naive_se"], r_case.tol)
    agree([fit.loglik_null, fit.loglik], e["loglik"], r_case.tol)


# -------------------------------------------------------------------------------------------------- invariants


def test_without_competing_events_it_is_cox_with_breslow_ties(sets):
    time, cause, x = sets[0]
    event = (cause == 1).astype(int)
    ours, plain = fine_gray(time, event, x, of_interest=1), cox(time, event, x, ties="breslow", variance="robust")
    assert_allclose(ours.coefficient, plain.coefficient, rtol=1e-9)
    assert_allclose(ours.std_error, plain.std_error, rtol=1e-9)
    assert_allclose(
        fine_gray(time, event, x, of_interest=1, variance="model").std_error, plain.model_std_error, rtol=1e-9
    )


def test_order_unit_and_labels_change_nothing(sets):
    time, cause, x = sets[3]
    whole = fine_gray(time, cause, x, of_interest=1)
    order = np.random.default_rng(3).permutation(time.size)
    relabelled = np.choose(cause.astype(int), [0, 7, 4])
    for other in (
        fine_gray(time[order], cause[order], x[order], of_interest=1),
        fine_gray(time / 365.25, cause, x, of_interest=1),
        fine_gray(time, relabelled, x, of_interest=7, causes=[4, 7]),
        fine_gray(time, cause, x + np.array([100, -5]), of_interest=1),
        fine_gray(time, cause, x, of_interest=1, censoring_group=["one"] * time.size),
    ):
        assert_allclose(other.coefficient, whole.coefficient, rtol=1e-9)
        assert_allclose(other.variance, whole.variance, rtol=1e-8, atol=1e-12)


def test_baseline_of_a_null_effect_is_near_aalen_johansen():
    # Without effect the model says 1 - exp(-H), which for many participants is the Aalen-Johansen estimate.
    rng = np.random.default_rng(8)
    n = 4000
    time, cause, x = rng.exponential(50, n), rng.choice([0, 1, 2], n), rng.normal(size=n)
    model = fine_gray(time, cause, x, of_interest=1).predict_incidence([20, 60], [[x.mean()]])[0]
    direct = aalen_johansen(time, cause, causes=[1, 2]).at([20, 60]).incidence[0]
    assert_allclose(model, direct, atol=0.003)


# -------------------------------------------------------------------------------------------------- degenerate


def test_nothing_of_interest_nobody_and_constants():
    none = fine_gray([1, 2, 3], [0, 2, 0], [1, 0, 1], of_interest=1)
    assert (none.status, none.n_events) == ("no events", 0)
    assert np.isnan([none.coefficient, none.std_error]).all()
    assert fine_gray([], [], np.zeros((0, 1)), of_interest=1).status == "no events"
    time, cause = [1, 2, 3, 4, 5, 5], [1, 2, 1, 0, 1, 2]
    constant = fine_gray(time, cause, np.column_stack(([1, 0, 1, 0, 0, 1], [3] * 6)), of_interest=1)
    assert constant.coefficient_status == ("estimated", "not identifiable")
    assert np.isfinite(constant.std_error[0])


def test_separation_gives_an_infinite_coefficient():
    found = fine_gray([1, 2, 3, 4, 5, 6], [1, 2, 1, 2, 1, 0], [1, 0, 1, 0, 1, 0], of_interest=1)
    assert found.status == "monotone likelihood"
    assert_array_equal(found.coefficient, [np.inf])
    assert np.isnan(found.std_error[0])
    assert found.baseline is None


REFUSED = [
    (([1, 2], [1, 2], [0, 1]), {"of_interest": 0}, r"^of_interest: 0 means censored"),
    (([1, 2], [1, 2], [0, 1]), {"of_interest": 3, "causes": [1, 2]}, r"^of_interest: 3 is not in causes=\[1, 2\]"),
    (([1, 2], [1, 3], [0, 1]), {"of_interest": 1, "causes": [1, 2]}, r"^cause: 1 of 2 values are not 0 or in causes"),
    (([1, 2], [1, 2], [0, 1]), {"of_interest": 1, "causes": [0, 1]}, r"^causes: 0 means censored"),
    (([1, 2], [1, np.nan], [0, 1]), {"of_interest": 1}, r"^cause: 1 of 2 values are missing"),
    (([1, 2], [1, -1], [0, 1]), {"of_interest": 1}, r"^cause: 1 of 2 values are neither 0 nor positive"),
    (([1, 2], [1, 0.5], [0, 1]), {"of_interest": 1}, r"^cause: 1 of 2 values are neither 0 nor positive"),
    (([1, 2], [1, 0], [0, np.inf]), {"of_interest": 1}, r"^covariates: 1 of 2 rows are missing or infinite"),
    (([1, 2], [1, 0], [0, 1]), {"of_interest": 1, "variance": "x"}, r"^variance: 'x' is not known"),
]


@pytest.mark.parametrize(("arrays", "kwargs", "message"), REFUSED)
def test_refusals_name_the_argument(arrays, kwargs, message):
    with pytest.raises(InputError, match=message):
        fine_gray(*arrays, **kwargs)


def test_late_entry_that_leaves_a_gap_cannot_be_weighted():
    # (0, 2] competing event, (3, 5] and (3, 6]: nobody is under observation between day 2 and day 3.
    with pytest.raises(InputError, match=r"^entry: nobody was under observation .* position 0 cannot"):
        subdistribution_rows([2, 5, 6], [2, 1, 0], of_interest=1, entry=[0, 3, 3])


def test_codes_may_be_objects(sets):
    # A column of a table that has also held text is an array of objects.
    time, cause, x = sets[0]
    whole = fine_gray(time, cause, x, of_interest=1)
    assert_array_equal(fine_gray(time, cause.astype(int).astype(object), x, of_interest=1).variance, whole.variance)


def test_one_function_in_both_places():
    assert competing_risks.fine_gray is regression.fine_gray
