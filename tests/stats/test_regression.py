"""Cox and Firth regression: by hand, against R, against lifelines, invariants, degenerate input."""

import json
import warnings

import lifelines
import numpy as np
import pandas
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from immrecon.errors import InputError
from immrecon.stats.regression import (
    concordance,
    cox,
    firth_cox,
    firth_logistic,
    proportional_hazards_test,
)

from .conftest import GOLDEN

R = json.loads((GOLDEN / "regression.json").read_text())
EXACT = {"rtol": 1e-9, "atol": 1e-12}


@pytest.fixture(scope="module")
def trial(trial36):
    """The columns that regression.R derives."""
    number = np.arange(1, 37)
    covariates = np.column_stack(((number * 7) % 5 - 2, number % 3 == 0)).astype(float)
    return trial36 | {
        "event": (trial36["cause"] == 1).astype(int),
        "covariates": covariates,
        "s": number % 2,
        "centre": number % 7,
    }


# ---------------------------------------------------------------------------------------------------- by hand


def test_two_treated_two_not_by_hand():
    # Deaths on day 1 (x=1), 2 (x=0), 3 (x=1); the last (x=0) is censored. With h = exp(b):
    # L = h/(2h+2) * 1/(h+2) * h/(h+1); d log L/db = 2 - 2h/(h+1) - h/(h+2) = 0 <=> h^2 - h - 4 = 0.
    h = (1 + np.sqrt(17)) / 2
    fit = cox([1, 2, 3, 4], [1, 1, 1, 0], [1, 0, 1, 0])
    assert_allclose(fit.ratio, [h], rtol=1e-12)
    information = 2 * h / (h + 1) ** 2 + 2 * h / (h + 2) ** 2
    assert_allclose(fit.std_error, [information**-0.5], rtol=1e-12)
    assert_allclose(
        [fit.loglik_null, fit.loglik], [-np.log(24), np.log(h**2 / (2 * (h + 1) ** 2 * (h + 2)))], rtol=1e-12
    )
    # Breslow's baseline at x = 0: 1/(2h+2) on day 1, + 1/(h+2) on day 2, + 1/(h+1) on day 3.
    steps = [1 / (2 * h + 2), 1 / (h + 2), 1 / (h + 1)]
    assert_allclose(fit.baseline.at([0, 1, 2.5, 9]), [0, steps[0], sum(steps[:2]), sum(steps)], rtol=1e-12)
    assert_allclose(fit.predict_incidence([2], [[1]]), [[1 - np.exp(-h * (steps[0] + steps[1]))]], rtol=1e-12)


def test_ties_by_hand():
    # Two of four die on one day, one with x=1 (risk h), one with x=0; the others have x=0, 0.
    # Efron: h / ((h+3) (h+3 - (h+1)/2));  Breslow: h / (h+3)^2;  exact: h over all pairs, h / (3h+3).
    arrays = [2, 2, 5, 5], [1, 1, 0, 0], [1, 0, 0, 0]
    assert_allclose(cox(*arrays).loglik_null, -np.log(4 * 3), rtol=1e-12)
    assert_allclose(cox(*arrays, ties="breslow").loglik_null, -np.log(16), rtol=1e-12)
    assert_allclose(cox(*arrays, ties="exact").loglik_null, -np.log(6), rtol=1e-12)
    # Breslow: d/db log L = 1 - 2h/(h+3) = 0 at h = 3; the exact likelihood rises for ever.
    assert_allclose(cox(*arrays, ties="breslow").ratio, [3], rtol=1e-10)
    assert cox(*arrays, ties="exact").coefficient_status == ("monotone likelihood",)
    assert_array_equal(cox(*arrays, ties="exact").coefficient, [np.inf])


def test_firth_by_hand():
    # One death (x=1) beside one survivor (x=0): L = h/(h+1), I = h/(h+1)^2, L sqrt(I) = h^1.5/(h+1)^2, h = 3.
    fit = firth_cox([1, 2], [1, 0], [1, 0])
    assert_allclose(fit.ratio, [3], rtol=1e-9)
    assert_allclose(fit.std_error, [4 / np.sqrt(3)], rtol=1e-9)
    statistic = 2 * np.log((3**1.5 / 16) / (1 / 4))
    assert_allclose(fit.statistic, [statistic], rtol=1e-9)
    # At both limits the penalised likelihood has dropped by exp(-3.841.../2).
    for limit in (fit.conf_low[0], fit.conf_high[0]):
        h = np.exp(limit)
        assert_allclose(-2 * np.log((h**1.5 / (h + 1) ** 2) / (3**1.5 / 16)), 3.841458820694124, rtol=1e-9)
    assert fit.conf_low[0] < np.log(3) < fit.conf_high[0]


def test_firth_logistic_of_one_table_by_hand():
    # In a 2 x 2 table Firth's estimate is the log odds ratio with 1/2 added to every cell (Haldane, Anscombe).
    event, x = [1] * 3 + [0] * 5 + [0] * 6, [1] * 8 + [0] * 6
    fit = firth_logistic(event, x, names=["treated"])
    assert fit.names == ("intercept", "treated")
    assert_allclose(fit.coefficient, [np.log(0.5 / 6.5), np.log(3.5 * 6.5 / (5.5 * 0.5))], rtol=1e-8)
    assert fit.status == "estimated"
    assert np.isfinite([fit.conf_low, fit.conf_high]).all()


def test_concordance_by_hand():
    # Comparable pairs: day 1 with the three others, day 2 with two; risk 3 beats 1, 2, 2; risk 1 loses to 2, 2.
    found = concordance([1, 2, 3, 3], [1, 1, 0, 0], [3, 1, 2, 2])
    assert (found.concordant, found.discordant, found.tied_risk) == (3, 2, 0)
    assert_allclose(found.estimate, 0.6, rtol=1e-14)
    assert_allclose(concordance([1, 2, 3, 3], [1, 1, 0, 0], [1, 1, 1, 1]).estimate, 0.5, rtol=1e-14)
    assert np.isnan(concordance([1, 2], [0, 0], [1, 2]).estimate)


# --------------------------------------------------------------------------------------------------- against R

GOLDEN_FITS = {
    "efron": {},
    "breslow": {"ties": "breslow"},
    "exact": {"ties": "exact"},
    "entry": {"entry": "entry"},
    "entry_strata": {"entry": "entry", "strata": "s"},
    "weights": {"weights": "weight", "variance": "robust"},
    "weights_breslow": {"weights": "weight", "variance": "robust", "ties": "breslow"},
    "entry_weights_strata_cluster": {"entry": "entry", "strata": "s", "weights": "weight", "cluster": "centre"},
}


def options(trial, names):
    return {k: v if k in ("ties", "variance") else trial[v] for k, v in names.items()}


@pytest.mark.parametrize("name", GOLDEN_FITS)
def test_cox_as_survival(trial, name):
    kwargs, r = options(trial, GOLDEN_FITS[name]), R[name]
    fit = cox(trial["time"], trial["event"], trial["covariates"], **kwargs)
    assert fit.status == "estimated"
    assert_allclose(fit.coefficient, r["coef"], **EXACT)
    assert_allclose(fit.std_error, r["se"], **EXACT)
    assert_allclose(fit.model_std_error, r["model_se"], **EXACT)
    assert_allclose([fit.loglik_null, fit.loglik], r["loglik"], **EXACT)
    assert_allclose(fit.score.statistic, r["score"], **EXACT)
    assert_allclose(fit.likelihood_ratio.statistic, r["lrt"], **EXACT)
    assert_allclose(fit.wald.statistic, r["wald"], **EXACT)
    shared = {k: v for k, v in kwargs.items() if k in ("entry", "strata", "weights")}
    risk = trial["covariates"] @ fit.coefficient
    found = concordance(trial["time"], trial["event"], risk, **shared)
    assert_allclose(found.estimate, r["concordance"], rtol=1e-12)


@pytest.mark.parametrize("transform", ["km", "identity", "rank"])
@pytest.mark.parametrize("name", sorted(set(GOLDEN_FITS) - {"exact"}))
def test_proportional_hazards_as_cox_zph(trial, name, transform):
    expected = R[name].get(f"zph_{transform}")
    if expected is None:
        assert name.startswith("entry"), "R could not answer only where follow-up begins late"
        return
    kwargs = {k: v for k, v in options(trial, GOLDEN_FITS[name]).items() if k not in ("variance", "cluster")}
    test = proportional_hazards_test(trial["time"], trial["event"], trial["covariates"], transform=transform, **kwargs)
    assert_allclose([*test.statistic, test.overall.statistic], expected, rtol=1e-8)
    assert test.overall.df == 2


def test_baseline_hazard_as_survival(trial):
    fit = cox(trial["time"], trial["event"], trial["covariates"])
    assert_allclose(fit.baseline.at(R["baseline"]["time"]), R["baseline"]["hazard"], rtol=1e-9)


def model_matrix(d, names):
    return np.column_stack([d[name] for name in names])


@pytest.mark.r_method("cox")
def test_r_cases_cox(r_case, agree):
    d, p, e = r_case.columns(), r_case.params, r_case.expected
    if p["event"] == "e1":
        d["e1"] = (d["ev"] == 1).astype(float)
    x = model_matrix(d, p["x"])
    shared = {"entry": p["start"], "strata": p["strata"], "weights": p["weights"]}
    shared = {option: d[column] for option, column in shared.items() if column}
    arrays = d[p["time"]], d[p["event"]]
    fit = cox(*arrays, x, ties=p["ties"], variance="robust" if e["robust_se"] else "model", **shared)
    agree(fit.coefficient, e["coef"], r_case.tol, "coefficients")
    agree(fit.model_std_error, e["se"], r_case.tol, "standard errors")
    if e["robust_se"]:
        agree(fit.std_error, e["robust_se"], r_case.tol, "robust standard errors")
    agree([fit.loglik_null, fit.loglik], e["loglik"], r_case.tol, "log-likelihood")
    agree(fit.score.statistic, e["score"], r_case.tol, "score")
    agree(round(fit.wald.statistic, 2), e["wald"], r_case.tol, "Wald, which R's summary rounds")
    agree(fit.likelihood_ratio.statistic, e["lrt"], r_case.tol, "likelihood ratio")
    assert (fit.n, fit.n_events) == (e["n"], e["nevent"])
    if "concordance" in e:
        agree(concordance(*arrays, x @ fit.coefficient, **shared).estimate, e["concordance"], r_case.tol)
    for transform, key in (("km", "zph_chisq"), ("identity", "zph_identity_chisq")):
        if key in e:
            test = proportional_hazards_test(*arrays, x, ties=p["ties"], transform=transform, **shared).to_frame()
            agree(test["statistic"].to_numpy(), e[key], r_case.tol, key)
            if transform == "km":
                agree(test["p_value"].to_numpy(), e["zph_p"], r_case.tol, "p")
    if "basehaz" in e:
        agree(fit.baseline.at(p["basehaz_times"]), e["basehaz"], r_case.tol, "baseline")


@pytest.mark.r_method("cox_time_dependent")
def test_r_cases_time_dependent(r_case, agree):
    d, p, e = r_case.columns(), r_case.params, r_case.expected
    fit = cox(
        d[p["stop"]],
        d[p["event"]],
        model_matrix(d, p["x"]),
        entry=d[p["start"]],
        ties=p["ties"],
        subject=d[p["id"]],
        cluster=d[p["id"]],
    )
    agree(fit.coefficient, e["coef"], r_case.tol)
    agree(fit.model_std_error, e["se"], r_case.tol)
    agree(fit.std_error, e["robust_se"], r_case.tol)
    agree([fit.loglik_null, fit.loglik], e["loglik"], r_case.tol)
    assert (fit.n, fit.n_events) == (e["n"], e["nevent"])


@pytest.mark.r_method("landmark_cox")
def test_r_cases_landmark(r_case, agree):
    d, p, e = r_case.columns(), r_case.params, r_case.expected
    later = d[p["time"]] > p["landmark"]
    fit = cox(d[p["time"]][later] - p["landmark"], d[p["event"]][later], model_matrix(d, p["x"])[later])
    agree(fit.coefficient, e["coef"], r_case.tol)
    agree(fit.std_error, e["se"], r_case.tol)
    assert (fit.n, fit.n_events) == (e["n"], e["nevent"])


@pytest.mark.r_method("firth_cox")
def test_r_cases_firth_cox(r_case, agree):
    d, p, e = r_case.columns(), r_case.params, r_case.expected
    arrays = d[p["time"]], d[p["event"]], model_matrix(d, p["x"])
    fit = firth_cox(*arrays, conf_level=p["level"])
    wald = firth_cox(*arrays, conf_level=p["level"], conf_type="wald")
    agree(fit.coefficient, e["coef"], r_case.tol)
    agree(fit.std_error, e["se"], r_case.tol)
    agree(fit.conf_low, e["pl_lower"], r_case.tol)
    agree(fit.conf_high, e["pl_upper"], r_case.tol)
    agree(fit.p_value, e["p_plr"], r_case.tol)
    agree(fit.likelihood_ratio.statistic, e["lrt_penalised"], r_case.tol)
    agree(wald.conf_low, e["wald_lower"], r_case.tol)
    agree(wald.conf_high, e["wald_upper"], r_case.tol)
    assert "monotone likelihood" in cox(*arrays).coefficient_status


@pytest.mark.r_method("firth_logistic")
def test_r_cases_firth_logistic(r_case, agree):
    d, e = r_case.columns(), r_case.expected
    response, terms = r_case.params["formula"].split(" ~ ")
    fit = firth_logistic(d[response], model_matrix(d, terms.split("+")), conf_level=r_case.params["level"])
    agree(fit.coefficient, e["coef"], r_case.tol)
    agree(fit.std_error, e["se"], r_case.tol)
    agree(fit.conf_low, e["pl_lower"], r_case.tol)
    agree(fit.conf_high, e["pl_upper"], r_case.tol)
    agree(fit.p_value, e["p_plr"], r_case.tol)
    agree([fit.loglik, fit.loglik_null], e["loglik"], r_case.tol)


# -------------------------------------------------------------------------------------------- second programmer


@pytest.mark.parametrize("late", [False, True])
def test_cox_as_lifelines(trial, late):
    columns = {"t": trial["time"], "d": trial["event"], "x": trial["covariates"][:, 0], "z": trial["covariates"][:, 1]}
    if late:
        columns["entry"] = trial["entry"]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        theirs = lifelines.CoxPHFitter().fit(
            pandas.DataFrame(columns),
            "t",
            "d",
            entry_col="entry" if late else None,
            fit_options={"precision": 1e-12, "max_steps": 100},
        )
    ours = cox(trial["time"], trial["event"], trial["covariates"], entry=trial["entry"] if late else None)
    assert_allclose(ours.coefficient, theirs.params_.to_numpy(), rtol=1e-6)
    assert_allclose(ours.std_error, theirs.standard_errors_.to_numpy(), rtol=1e-6)
    assert_allclose(ours.loglik, theirs.log_likelihood_, rtol=1e-10)


# -------------------------------------------------------------------------------------------------- invariants


@pytest.mark.parametrize("fit", [cox, firth_cox])
@pytest.mark.parametrize("ties", ["efron", "breslow"])
def test_splitting_order_unit_and_origin_of_covariates_change_nothing(trial, fit, ties):
    time, event, x, entry = (trial[k] for k in ("time", "event", "covariates", "entry"))
    whole = fit(time, event, x, entry=entry, ties=ties)

    middle = (entry + time) / 2
    split = fit(
        np.concatenate((middle, time)),
        np.concatenate((0 * event, event)),
        np.concatenate((x, x)),
        entry=np.concatenate((entry, middle)),
        subject=np.tile(np.arange(36), 2),
        ties=ties,
    )
    order = np.random.default_rng(5).permutation(36)
    shuffled = fit(time[order], event[order], x[order], entry=entry[order], ties=ties)
    weeks = fit(time / 7, event, x, entry=entry / 7, ties=ties)
    twice = fit(time, event, x * [10, 1] + [1000, -3], entry=entry, ties=ties)
    for other, scale in ((split, 1), (shuffled, 1), (weeks, 1), (twice, [10, 1])):
        assert_allclose(other.coefficient * scale, whole.coefficient, rtol=1e-7, atol=1e-10)
        assert_allclose(other.conf_low * scale, whole.conf_low, rtol=1e-7, atol=1e-10)
        assert_allclose(other.p_value, whole.p_value, rtol=1e-7)


def test_whole_weights_are_repeated_rows_with_breslow(trial):
    count = 1 + np.arange(36) % 3
    arrays = trial["time"], trial["event"], trial["covariates"]
    weighted = cox(*arrays, weights=count, ties="breslow")
    repeated = cox(*(np.repeat(a, count, axis=0) for a in arrays), ties="breslow")
    assert_allclose(weighted.coefficient, repeated.coefficient, rtol=1e-9)
    assert_allclose(weighted.std_error, repeated.std_error, rtol=1e-9)


def test_robust_variance_of_split_rows_needs_the_cluster(trial):
    time, event, x, entry = (trial[k] for k in ("time", "event", "covariates", "entry"))
    whole = cox(time, event, x, entry=entry, variance="robust")
    middle = (entry + time) / 2
    rows = np.tile(np.arange(36), 2)
    arrays = (np.concatenate((middle, time)), np.concatenate((0 * event, event)), x[rows])
    starts = np.concatenate((entry, middle))
    assert_allclose(cox(*arrays, entry=starts, cluster=rows).std_error, whole.std_error, rtol=1e-9)


def test_likelihood_drops_as_the_profile_limits_say(trial):
    arrays = trial["time"], trial["event"], trial["covariates"][:, 0]
    fit = cox(*arrays, conf_type="profile")

    # With one covariate the profile is the likelihood: evaluate it through the offset of a fixed shift, by hand.
    def loglik(b):
        h, total = np.exp(b * arrays[2]), 0.0
        for day in np.unique(arrays[0][arrays[1] == 1]):
            at_risk, dying = arrays[0] >= day, (arrays[0] == day) & (arrays[1] == 1)
            for k in range(dying.sum()):
                total -= np.log(h[at_risk].sum() - k / dying.sum() * h[dying].sum())
            total += b * arrays[2][dying].sum()
        return total

    assert_allclose(loglik(fit.coefficient[0]), fit.loglik, rtol=1e-12)
    for limit in (fit.conf_low[0], fit.conf_high[0]):
        assert_allclose(2 * (fit.loglik - loglik(limit)), 3.841458820694124, rtol=1e-8)


# -------------------------------------------------------------------------------------------------- degenerate


@pytest.mark.parametrize("fit", [cox, firth_cox])
def test_no_event_has_no_estimate(fit):
    found = fit([1, 2, 3], [0, 0, 0], [[1, 0], [0, 1], [1, 1]])
    assert found.status == "no events"
    assert found.coefficient_status == ("no events", "no events")
    assert np.isnan([found.coefficient, found.std_error, found.conf_low, found.p_value]).all()
    assert np.isnan(found.likelihood_ratio.statistic)
    assert found.to_frame().height == 2


@pytest.mark.parametrize("fit", [cox, firth_cox])
def test_nobody_studied(fit):
    found = fit([], [], np.zeros((0, 2)))
    assert (found.n, found.status) == (0, "no events")
    assert np.isnan(found.coefficient).all()


@pytest.mark.parametrize("fit", [cox, firth_cox])
def test_a_constant_or_repeated_covariate_is_not_identifiable_and_harms_nothing(fit, trial):
    x = trial["covariates"]
    more = np.column_stack((np.full(36, 0.1), x, x[:, 0] - 2 * x[:, 1]))
    found = fit(trial["time"], trial["event"], more)
    assert found.status == "not identifiable"
    assert found.coefficient_status == ("not identifiable", "estimated", "estimated", "not identifiable")
    assert_array_equal(np.isnan(found.coefficient), [True, False, False, True])
    assert_allclose(found.coefficient[1:3], fit(trial["time"], trial["event"], x).coefficient, rtol=1e-9)
    assert found.likelihood_ratio.df == 2


def test_a_covariate_constant_within_strata_is_not_identifiable(trial):
    found = cox(trial["time"], trial["event"], trial["s"], strata=trial["s"])
    assert found.coefficient_status == ("not identifiable",)


def test_separation_is_infinite_for_cox_and_finite_for_firth():
    time, event, x = [1, 2, 3, 4, 5, 6, 7], [1, 0, 1, 0, 1, 0, 0], [1, 0, 1, 0, 1, 0, 1]
    found = cox(time, event, x, conf_type="profile")
    assert found.status == "monotone likelihood"
    assert_array_equal(found.coefficient, [np.inf])
    assert np.isnan(found.std_error[0])
    assert np.isfinite(found.conf_low[0])
    assert found.conf_high[0] == np.inf
    # At infinity only those with x = 1 are at risk: 4, 3, 2 of them.
    assert_allclose(found.loglik, -np.log(4 * 3 * 2), rtol=1e-8)
    assert 0 < found.likelihood_ratio.p_value < 1
    assert_array_equal(cox(time, event, [1 - v for v in x]).coefficient, [-np.inf])
    wald = cox(time, event, x)
    assert np.isnan([wald.conf_low[0], wald.conf_high[0], wald.p_value[0]]).all()
    finite = firth_cox(time, event, x)
    assert finite.status == "estimated"
    assert np.isfinite([finite.coefficient, finite.conf_low, finite.conf_high, finite.p_value]).all()
    separated = firth_logistic([1, 1, 1, 0, 0], [1, 1, 1, 0, 0])
    assert np.isfinite([separated.coefficient, separated.conf_low, separated.conf_high]).all()


def test_monotone_covariate_beside_an_ordinary_one():
    # The ordinary coefficient is the one among those with x = 1 only.
    rng = np.random.default_rng(11)
    n = 40
    x = np.repeat([1, 0], n // 2)
    z = rng.normal(size=n)
    time = rng.permutation(np.arange(1, n + 1)).astype(float)
    event = ((rng.random(n) < 0.7) & (x == 1)).astype(int)
    found = cox(time, event, np.column_stack((x, z)))
    assert found.coefficient_status == ("monotone likelihood", "estimated")
    among = cox(time[x == 1], event[x == 1], z[x == 1])
    assert_allclose(found.coefficient[1], among.coefficient[0], rtol=1e-6)
    assert_allclose(found.std_error[1], among.std_error[0], rtol=1e-6)
    assert_allclose(found.loglik, among.loglik, rtol=1e-7)


@pytest.mark.filterwarnings("error")
def test_tiny_separated_trials_with_late_entry_answer_without_a_warning():
    rng = np.random.default_rng(17)
    statuses = []
    for _ in range(40):
        n = int(rng.integers(3, 12))
        time = 1 + np.floor(rng.exponential(60, n))
        event = (rng.random(n) < 0.4).astype(int)
        x = np.column_stack((rng.integers(0, 2, n), 1000 * rng.normal(size=n)))
        found = cox(time, event, x, entry=np.floor(time * 0.5), strata=rng.integers(0, 2, n))
        statuses.append(found.status)
        assert np.isfinite(found.std_error[np.array(found.coefficient_status) == "estimated"]).all()
        if found.status == "not converged":
            assert np.isnan([found.coefficient, found.conf_low, found.p_value]).all()
    assert set(statuses) >= {"estimated", "monotone likelihood"}
    assert statuses.count("not converged") <= 1


def test_nothing_to_test_is_not_a_number():
    test = proportional_hazards_test([1, 2, 3], [0, 0, 0], [1, 0, 1])
    assert np.isnan([*test.statistic, *test.p_value, test.overall.p_value]).all()
    monotone = proportional_hazards_test([1, 2, 3, 4], [1, 0, 1, 0], [1, 0, 1, 0])
    assert np.isnan(monotone.statistic).all()


def test_everybody_the_same_day_is_an_answer():
    for ties in ("efron", "breslow"):
        assert_allclose(cox([1, 1, 1], [1, 1, 1], [1, 0, 1], ties=ties).likelihood_ratio.statistic, 0, atol=1e-12)
    assert cox([1, 1, 1], [1, 1, 1], [1, 0, 1], ties="exact").coefficient_status == ("not identifiable",)


GOOD = ([1, 2, 3], [1, 0, 1], [1, 0, 2])
REFUSED = [
    (GOOD, {"entry": [0, 2, 1]}, r"^entry: 1 of 3 values are not before time \(positions 1"),
    (([1, 2, 3], [1, 0, 1], [1, np.nan, 2]), {}, r"^covariates: 1 of 3 rows are missing or infinite \(positions 1"),
    (([1, 2, 3], [1, 0, 1], [1, 2]), {}, r"^covariates: shape \(2,\) where time has 3"),
    (([1, 2, 3], [1, 0, 1], ["a", "b", "c"]), {}, r"^covariates: expected numbers"),
    (([1, 2, 3], [1, 0, 1], np.zeros((3, 0))), {}, r"^covariates: no column"),
    (([1, np.nan, 3], [1, 0, 1], [1, 0, 2]), {}, r"^time: 1 of 3 values are missing"),
    (([1, 2, 3], [1, 0, 2], [1, 0, 2]), {}, r"^event: 1 of 3 values are neither 0 nor 1"),
    (GOOD, {"strata": ["a", None, "b"]}, r"^strata: 1 of 3 labels are missing"),
    (GOOD, {"cluster": [1.0, np.nan, 2.0]}, r"^cluster: 1 of 3 labels are missing"),
    (GOOD, {"names": ["a", "b"]}, r"^names: "),
    (GOOD, {"ties": "none"}, r"^ties: 'none' is not known"),
    (GOOD, {"ties": "exact", "weights": [1, 1, 2]}, r"^ties: 'exact' has no weighted form"),
    (GOOD, {"ties": "exact", "variance": "robust"}, r"^variance: 'robust' is not defined for exact ties"),
    (GOOD, {"variance": "robust", "conf_type": "profile"}, r"^conf_type: 'profile' goes with"),
    (GOOD, {"variance": "model", "cluster": [1, 2, 3]}, r"^cluster: has no effect"),
    (GOOD, {"weights": [0, 1, 1]}, r"^weights: 1 of 3 values are not finite and positive"),
    (GOOD, {"entry": [0, 0, 1], "subject": ["a", "b", "b"]}, r"^entry: 1 of 3 intervals overlap .*\(positions 2"),
    (GOOD, {"conf_level": 95}, r"^conf_level: 95 is not between 0 and 1"),
]


@pytest.mark.parametrize(("arrays", "kwargs", "message"), REFUSED)
def test_refusals_name_the_argument(arrays, kwargs, message):
    with pytest.raises(InputError, match=message):
        cox(*arrays, **kwargs)


def test_prediction_needs_a_baseline_and_the_right_columns():
    fit = cox(*GOOD)
    with pytest.raises(InputError, match=r"^covariates: 2 columns where the model has 1"):
        fit.predict_incidence([1], [[1, 2]])
    with pytest.raises(InputError, match=r"^predict_incidence: no baseline"):
        firth_logistic([1, 0, 1, 0], [1, 0, 0, 1]).predict_incidence([1], [[1, 2]])
    with pytest.raises(InputError, match=r"^stratum: 'a' is not one of \[0\]"):
        fit.baseline.at([1], stratum="a")
