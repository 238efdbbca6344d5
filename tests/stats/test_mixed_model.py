"""Linear mixed model: by hand, against R (lme, lmer, lmerTest, pbkrtest), invariants, degenerate input."""

import csv
import json

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from immrecon.errors import InputError
from immrecon.stats.longitudinal import mixed_model, mixed_models, natural_spline, random_slope_test

from .conftest import GOLDEN, read_columns

R = json.loads((GOLDEN / "mixed.json").read_text())
DATA = read_columns(GOLDEN / "mixed24.csv")


def spline(t):
    return natural_spline(np.atleast_1d(t), knots=[0.6, 1.1], boundary=[0.3, 2])


def design(t, group):
    curve = spline(t)
    own = np.asarray(group, dtype=float)[:, None]
    return np.column_stack((np.ones(len(curve)), curve, own, curve * own))


X = design(DATA["t"], DATA["group"])
AT_ONE = spline(1.0)[0]
CONTRASTS = [[1, *AT_ONE, 0, 0, 0, 0], [0, 0, 0, 0, 1, *AT_ONE]]
JOINT = np.eye(8)[5:]


def fit(slope, **options):
    return mixed_model(DATA["full"], X, DATA["id"], slope=DATA["t"] if slope else None, **options)


# ------------------------------------------------------------------------------------------------- reference in R


def reference_design(d, formula):
    terms = {"age": d["age"], "male": d["male"], "age:male": d["age"] * d["male"]}
    names = ("age", "male", "age:male") if "*" in formula else ("age", "male")
    return np.column_stack((np.ones(d["age"].size), *(terms[name] for name in names)))


def orthodont(case):
    from .conftest import VALIDATION

    with (VALIDATION / case.data).open(newline="") as file:
        rows = list(csv.DictReader(file))
    d = {name: np.array([float(row[name]) for row in rows]) for name in ("distance", "age", "male")}
    return d, np.array([row["Subject"] for row in rows])


@pytest.mark.r_method("lmm")
def test_estimates_agree_with_lme(r_case, agree):
    d, subject = orthodont(r_case)
    p, expected = r_case.params, r_case.expected
    found = mixed_model(
        d["distance"],
        reference_design(d, p["formula"]),
        subject,
        slope=d["age"] if p["random"] == "~age|Subject" else None,
        method=p["method"].lower(),
        df="normal",
    )
    agree(found.coefficient, expected["beta"], r_case.tol)
    agree(found.std_error, expected["se"], r_case.tol)
    agree(found.residual_sd, expected["sigma"], r_case.tol)
    agree(found.loglik, expected["loglik"], r_case.tol)
    agree([*found.random_sd, found.residual_sd], expected["random_sd"], r_case.tol)


@pytest.mark.r_method("kenward_roger")
def test_kenward_roger_agrees_with_pbkrtest(r_case, agree):
    d, subject = orthodont(r_case)
    found = mixed_model(d["distance"], reference_design(d, r_case.params["big"]), subject)
    test = found.test([0, 0, 0, 1])
    for name, value in zip(
        ("F", "ndf", "ddf", "p"), (test.statistic, test.df, test.df_denominator, test.p_value), strict=True
    ):
        agree(value, r_case.expected[name], r_case.tol, name)
    agree(found.std_error, r_case.expected["adj_se"], r_case.tol)
    plain = mixed_model(d["distance"], reference_design(d, r_case.params["big"]), subject, df="normal")
    agree(plain.std_error, r_case.expected["se"], r_case.tol)


@pytest.mark.parametrize(
    ("name", "slope", "method"), [("intercept", False, "reml"), ("slope", True, "reml"), ("slope_ml", True, "ml")]
)
def test_fit_is_that_of_lmer(name, slope, method):
    r, found = R[name], fit(slope, method=method, df="satterthwaite")
    assert found.converged
    assert not found.singular
    assert_allclose(found.loglik, r["loglik"], rtol=1e-10)
    assert_allclose(found.coefficient, r["beta"], rtol=1e-6)
    assert_allclose(found.std_error, r["se"], rtol=1e-6)
    d = found.random_covariance
    components = [d[0, 0], d[1, 1], d[0, 1]] if slope else [d[0, 0]]
    assert_allclose([*components, found.residual_sd**2], r["varcomp"], rtol=1e-5)
    assert_allclose(found.random_effects, np.reshape(r["ranef"], found.random_effects.shape), rtol=1e-5, atol=1e-6)
    assert_allclose(found.random_effect_std_error, np.reshape(r["ranef_sd"], found.random_effects.shape), rtol=1e-5)
    assert_allclose(found.df, r["df"], rtol=1e-4)


@pytest.mark.parametrize(
    ("name", "slope", "method", "df"),
    [
        ("intercept", False, "reml", "satterthwaite"),
        ("intercept", False, "reml", "kenward-roger"),
        ("slope", True, "reml", "satterthwaite"),
        ("slope", True, "reml", "kenward-roger"),
        ("slope_ml", True, "ml", "satterthwaite"),
    ],
)
def test_degrees_of_freedom_are_those_of_lmertest_and_pbkrtest(name, slope, method, df):
    r, found = R[name][df.replace("-", "_")], fit(slope, method=method, df=df)
    means = found.contrast(CONTRASTS)
    assert_allclose(means.estimate, r["estimate"], rtol=1e-6)
    assert_allclose(means.std_error, r["se"], rtol=1e-5)
    assert_allclose(means.df, r["df"], rtol=1e-4)
    assert_allclose(means.p_value, r["p"], rtol=1e-3, atol=1e-12)
    joint = found.test(JOINT)
    assert_allclose([joint.statistic, joint.df_denominator, joint.p_value], [r["F"], r["ddf"], r["pF"]], rtol=1e-4)
    if df == "kenward-roger":
        assert_allclose(found.std_error, r["adj_se"], rtol=1e-5)
        assert_allclose(found.df, r["df_each"], rtol=1e-4)


def test_recovery_after_treatment_agrees_with_lme(shared_data):
    d = read_columns(shared_data / "actg315" / "actg315.csv")
    r = json.loads((shared_data / "actg315" / "r_reference.json").read_text())
    for name, value, covariate in (
        ("lme", d["CD4"], d["Day"]),
        ("lme_log", np.log10(d["CD4"]), np.log(d["Day"] + 1)),
    ):
        found = mixed_model(value, np.column_stack((np.ones(value.size), covariate)), d["Patid"], df="normal")
        expected = r[name]
        assert_allclose(found.coefficient, list(expected["coef"].values()), rtol=1e-6)
        assert_allclose(found.std_error, list(expected["se"].values()), rtol=1e-6)
        assert_allclose(found.residual_sd, expected["sigma"], rtol=1e-6)
        assert_allclose(found.loglik, expected["logLik_REML"], rtol=1e-9)
        assert_allclose(found.random_sd, [expected["random_sd"]["(Intercept)"]], rtol=1e-6)


# --------------------------------------------------------------------------------------------------------- by hand


def balanced(seed=1, m=7, k=4):
    rng = np.random.default_rng(seed)
    subject = np.repeat(np.arange(m), k)
    return rng.normal(size=m)[subject] + rng.normal(size=m * k), subject


@pytest.mark.parametrize("df", ["satterthwaite", "kenward-roger", "between-within"])
def test_one_way_layout_is_its_analysis_of_variance(df):
    value, subject = balanced()
    means = value.reshape(7, 4).mean(axis=1)
    between, within = 4 * means.var(ddof=1), value.reshape(7, 4).var(axis=1, ddof=1).mean()
    found = mixed_model(value, np.ones(28), subject, df=df)
    assert_allclose(found.coefficient, [value.mean()], rtol=1e-12)
    assert_allclose([found.residual_sd**2, found.random_covariance[0, 0]], [within, (between - within) / 4], rtol=1e-8)
    assert_allclose(found.std_error, [np.sqrt(between / 28)], rtol=1e-8)
    assert_allclose(found.df, [6], rtol=1e-6)
    shrunk = (1 - within / between) * (means - value.mean())
    assert_allclose(found.random_effects[:, 0], shrunk, rtol=1e-7)


def test_two_visits_are_the_paired_t_test():
    rng = np.random.default_rng(5)
    before, after = rng.normal(size=(2, 6)) + rng.normal(size=6)
    after = after + 0.4
    subject, time = np.tile(np.arange(6), 2), np.repeat([0, 1], 6)
    found = mixed_model(np.append(before, after), np.column_stack((np.ones(12), time)), subject)
    change = after - before
    assert not found.singular
    assert_allclose(found.coefficient[1], change.mean(), rtol=1e-10)
    assert_allclose(found.statistic[1], change.mean() / (change.std(ddof=1) / np.sqrt(6)), rtol=1e-7)
    assert_allclose(found.df[1], 5, rtol=1e-6)


# ------------------------------------------------------------------------------------------------------ invariants


@pytest.mark.parametrize("slope", [False, True])
def test_order_units_and_parameterisation_change_nothing_else(slope):
    found = fit(slope)
    order = np.random.default_rng(3).permutation(DATA["full"].size)
    t = DATA["t"] if slope else None
    moved = mixed_model(
        5 + 100 * DATA["full"][order],
        X[order] * ([1000.0] + [1.0] * 7),
        np.char.add("p", DATA["id"].astype(int).astype(str))[order],
        slope=None if t is None else 7 + 30 * t[order],
    )
    assert_allclose(moved.coefficient[1:], 100 * found.coefficient[1:], rtol=1e-5)
    assert_allclose(moved.std_error[1:], 100 * found.std_error[1:], rtol=1e-6)
    assert_allclose(moved.df[1:], found.df[1:], rtol=1e-5)
    assert_allclose(moved.fitted, (5 + 100 * found.fitted)[order], rtol=1e-6)


def test_fitted_values_and_residuals_add_up():
    found = fit(True)
    assert_allclose(found.fitted + found.residual, DATA["full"], rtol=1e-12)
    which = np.searchsorted(found.participants, DATA["id"])
    rebuilt = X @ found.coefficient + found.random_effects[which, 0] + found.random_effects[which, 1] * DATA["t"]
    assert_allclose(found.fitted, rebuilt, rtol=1e-9)
    assert_allclose(found.marginal, X @ found.coefficient, rtol=1e-9)
    assert_allclose(found.random_effects.mean(axis=0), [0, 0], atol=0.05)


def test_restricted_likelihood_is_largest_at_the_estimates():
    # The restricted likelihood written out with full matrices, from the definition.
    found = fit(False)
    y, z = DATA["full"], (DATA["id"][:, None] == np.unique(DATA["id"])).astype(float)

    def restricted(tau2, sigma2):
        v = sigma2 * np.eye(y.size) + tau2 * z @ z.T
        w = np.linalg.inv(v)
        inner = X.T @ w @ X
        r = y - X @ np.linalg.solve(inner, X.T @ w @ y)
        sizes = np.linalg.slogdet(v)[1] + np.linalg.slogdet(inner)[1]
        return -0.5 * (sizes + r @ w @ r + (y.size - 8) * np.log(2 * np.pi))

    tau2, sigma2 = found.random_covariance[0, 0], found.residual_sd**2
    assert_allclose(restricted(tau2, sigma2), found.loglik, rtol=1e-11)
    for a, b in ((1.02, 1), (0.98, 1), (1, 1.02), (1, 0.98)):
        assert restricted(a * tau2, b * sigma2) < found.loglik


def test_random_slope_is_judged_by_the_mixture():
    without, with_slope = fit(False), fit(True)
    found = random_slope_test(without, with_slope)
    assert_allclose(found.statistic, 2 * (R["slope"]["loglik"] - R["intercept"]["loglik"]), rtol=1e-7)
    from scipy.stats import chi2

    assert_allclose(found.p_value, (chi2.sf(found.statistic, 1) + chi2.sf(found.statistic, 2)) / 2, rtol=1e-10)
    with pytest.raises(InputError, match="random intercept first"):
        random_slope_test(with_slope, without)
    with pytest.raises(InputError, match="differ in method"):
        random_slope_test(without, fit(True, method="ml", df="normal"))


# ------------------------------------------------------------------------------------------------------ degenerate


def test_without_variance_between_participants_it_is_least_squares():
    value, subject = np.tile([1.0, 2, 3, 4], 5) + np.repeat([0, 1e-3, -1e-3, 0, 0], 4), np.repeat(np.arange(5), 4)
    for df in ("satterthwaite", "between-within"):
        found = mixed_model(value, np.ones(20), subject, df=df)
        assert found.singular
        assert found.status == "estimated"
        assert "a variance of the random effects is 0" in found.reason
        assert_allclose(found.random_covariance, [[0]], atol=1e-9)
        assert_allclose(found.std_error, [value.std(ddof=1) / np.sqrt(20)], rtol=1e-8)
    assert_allclose(mixed_model(value, np.ones(20), subject, df="satterthwaite").df, [19], rtol=1e-4)


def test_parallel_lines_have_no_random_slope():
    rng = np.random.default_rng(2)
    t = np.tile(np.arange(5.0), 6)
    subject = np.repeat(np.arange(6), 5)
    value = t + rng.normal(size=6)[subject] + np.tile([0.1, -0.2, 0.2, -0.2, 0.1], 6)
    found = mixed_model(value, np.column_stack((np.ones(30), t)), subject, slope=t)
    assert found.singular
    assert np.isfinite(found.std_error).all()
    assert_allclose(found.random_covariance[1, 1], 0, atol=1e-8)


T3 = np.tile([0.0, 1, 2], 3)
S3 = np.repeat([1, 2, 3], 3)
Y3 = np.array([1, 2.5, 3, 2, 3, 5.5, 0, 1.5, 2])


def test_three_participants_give_an_interval():
    found = mixed_model(Y3, np.column_stack((np.ones(9), T3)), S3)
    assert (found.status, found.n_participants) == ("estimated", 3)
    assert 1 < found.df[0] < 3
    assert found.conf_high[0] - found.conf_low[0] > 4 * found.std_error[0]


@pytest.mark.parametrize(
    ("arrays", "options", "reason"),
    [
        (([], np.empty((0, 2)), []), {}, "no value"),
        ((Y3, np.ones((9, 2)), S3), {}, "determine each other"),
        ((Y3[:3], np.ones(3), S3[:3]), {}, "one participant only"),
        ((Y3[:3], np.ones(3), [1, 2, 3]), {}, "no participant has two measured values"),
        ((np.ones(9), np.ones(9), S3), {}, "do not vary about the fixed effects"),
        ((S3 * 1.0, np.ones(9), S3), {}, "do not vary within participants"),
        ((Y3, (S3[:, None] == [1, 2, 3]) * 1.0, S3), {}, "tell all participants apart"),
        ((Y3[:2], np.ones(2), [1, 1]), {}, "one participant only"),
        ((Y3[[0, 1, 3, 4]], np.ones(4), [1, 1, 2, 2]), {"slope": [0, 1, 0, 1]}, "at which the slope variable varies"),
        ((Y3, np.ones(9), S3), {"slope": np.ones(9)}, "at which the slope variable varies"),
    ],
)
def test_what_cannot_be_estimated_says_why(arrays, options, reason):
    found = mixed_model(*arrays, **options)
    assert found.status == "not estimable"
    assert reason in found.reason
    assert np.isnan(found.coefficient).all()
    assert np.isnan(found.at(np.ones(found.coefficient.size)).std_error).all()
    assert np.isnan(found.test(np.eye(found.coefficient.size)).p_value)
    assert found.to_frame()["estimate"].null_count() == found.coefficient.size


@pytest.mark.parametrize(
    ("arrays", "options", "message"),
    [
        (([1, np.inf], [1, 1], [1, 1]), {}, r"^value: 1 of 2 values are missing or infinite"),
        (([1, 2], [1, 1], [1, None]), {}, r"^subject: 1 of 2 labels are missing"),
        (([1, 2], [1, 1, 1], [1, 1]), {}, r"^design: shape \(3,\) for 2 rows"),
        (([1, 2], [1, 1], [1, 1]), {"slope": [1]}, r"^slope: 1 values where value has 2"),
        (([1, 2], [1, 1], [1, 1]), {"method": "ML"}, r"^method: 'ML' is not known"),
        (([1, 2], [1, 1], [1, 1]), {"method": "ml"}, r"^df: 'kenward-roger' goes with method='reml'"),
        (([1, 2], [1, 1], [1, 1]), {"names": ["a", "b"]}, r"^names: "),
    ],
)
def test_refusals_name_the_argument(arrays, options, message):
    with pytest.raises(InputError, match=message):
        mixed_model(*arrays, **options)


def test_rows_that_do_not_fit_the_model_are_refused():
    found = mixed_model(Y3, np.ones(9), S3)
    with pytest.raises(InputError, match=r"^design: 2 columns where the model has 1"):
        found.at([1, 2])
    assert_array_equal(found.at([[1], [0]]).estimate, [found.coefficient[0], 0])


def test_kenward_roger_of_hardly_any_data_is_defined_or_missing():
    rng = np.random.default_rng(0)
    for _ in range(30):
        m, k = int(rng.integers(3, 6)), int(rng.integers(3, 5))
        code, t = np.repeat(np.arange(m), k), np.tile(np.arange(k) * 1.0, m)
        x = np.column_stack((np.ones(m * k), t, code % 2, t * (code % 2)))
        found = mixed_model(rng.normal(size=m * k), x, code, slope=t)
        if found.status == "estimated":
            assert (found.df > 0).all()
            assert np.isfinite(found.std_error).all()
            joint = found.test([[0, 0, 1, 0], [0, 0, 0, 1]])
            assert np.isnan(joint.p_value) or (joint.df_denominator > 0 and 0 <= joint.p_value <= 1)


def test_several_ways_of_inference_are_those_of_one_each():
    ways = ("kenward-roger", "satterthwaite", "between-within")
    together = mixed_models(DATA["full"], X, DATA["id"], slope=DATA["t"], df=ways)
    for way, found in zip(ways, together, strict=True):
        alone = fit(True, df=way)
        assert (found.df_method, found.loglik, found.residual_sd) == (way, alone.loglik, alone.residual_sd)
        for name in ("coefficient", "std_error", "df", "covariance", "random_effects", "fitted"):
            assert_array_equal(getattr(found, name), getattr(alone, name))
        assert_array_equal(found.contrast(CONTRASTS).conf_low, alone.contrast(CONTRASTS).conf_low)
    refused = mixed_models([1.0, 2.0], [[1.0], [1.0]], ["a", "a"], df=ways)
    assert [(one.df_method, one.status) for one in refused] == [(way, "not estimable") for way in ways]
