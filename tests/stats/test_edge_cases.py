"""Small awkward trials against R: weekly ties, 3 to 20 participants, day 0, late entry, weights, nothing happened.

tests/golden/stats/edge_cases.R made them and asked R. Every trial is passed in another form (lists, truth values, polars,
float32, objects): whatever NumPy takes for numbers is the same sample.
"""

import json

import numpy as np
import polars as pl
import pytest

from immrecon.stats.comparison import (
    hodges_lehmann,
    logrank_permutation_test,
    logrank_test,
    one_sample_logrank,
    wilcoxon_exact,
)
from immrecon.stats.competing_risks import (
    aalen_johansen,
    fine_gray,
    fixed_time_comparison,
    gray_test,
    multistate,
    subdistribution_rows,
)
from immrecon.stats.competing_risks import pseudo_observations as incidence_pseudo_observations
from immrecon.stats.interval_censored import turnbull
from immrecon.stats.proportion import clopper_pearson, difference, fisher_exact, mid_p, wilson
from immrecon.stats.recurrent import incidence_rate, mean_cumulative_function, rate_model, rate_ratio
from immrecon.stats.regression import concordance, cox, firth_cox, proportional_hazards_test
from immrecon.stats.survival import fixed_time_comparison as survival_comparison
from immrecon.stats.survival import (
    kaplan_meier,
    nelson_aalen,
    pseudo_observations,
    reverse_kaplan_meier,
    rmst_difference,
)

from .conftest import GOLDEN, agree

R = json.loads((GOLDEN / "edge_cases.json").read_text())
AT = R["at"]
CLOSED, NEWTON = {"rel": 1e-9, "abs": 1e-12}, {"rel": 1e-7, "abs": 1e-9}
FORMS = {
    "lists": list,
    "arrays": np.asarray,
    "polars": lambda v: pl.Series(v, strict=False),
    "objects": lambda v: np.array(v, dtype=object),
    "float32": lambda v: np.asarray(v) if isinstance(v[0], str) else np.asarray(v, dtype=np.float32),
    "tuples": tuple,
}


class Trial:
    """One trial of the file with its arrays in one form."""

    def __init__(self, number):
        self.r = R["trials"][number]
        self.form = list(FORMS.values())[number % len(FORMS)]
        self.late = self.r["late"]

    def __getitem__(self, name):
        if name == "event":
            events = [k > 0 for k in self.r["cause"]]
            return self.form(events) if self.form is not FORMS["float32"] else np.array(events, dtype=np.uint8)
        return self.form(self.r[name])

    def model(self, *columns):
        table = np.column_stack([self.r[name] for name in columns])
        return pl.DataFrame(table) if self.form is FORMS["polars"] else table.tolist()

    @property
    def entry(self):
        return {"entry": self["entry"]} if self.late else {}


def weights(trial):
    # float32 would not be the weight that R was given.
    return np.asarray(trial.r["weight"]) if trial.form is FORMS["float32"] else trial["weight"]


def endless(values):
    """1e300 stands for infinity in the file."""
    return np.where(np.array(values) > 1e299, np.inf, values)


def trials(wanted=lambda r: True):
    return pytest.mark.parametrize("number", [k for k, r in enumerate(R["trials"]) if wanted(r)])


def test_the_trials_are_awkward():
    assert {len(r["time"]) for r in R["trials"]} == {3, 5, 6, 8, 12, 20}
    assert sum(r["late"] for r in R["trials"]) == 12
    assert any(not any(r["cause"]) for r in R["trials"])
    assert any(t == 0 and k for r in R["trials"] for t, k in zip(r["time"], r["cause"], strict=True))
    for judged, least in {"gray": 25, "logrank": 25, "efron": 20, "firth": 35, "fine_gray": 5, "robust": 10}.items():
        assert sum(bool(r.get(judged)) for r in R["trials"]) >= least


@trials()
def test_curves(number):
    trial = Trial(number)
    for r, options in ((trial.r["km"], {}), (trial.r["km_weighted"], {"weights": weights(trial)})):
        for conf_type in ("log-log", "log", "plain"):
            curve = kaplan_meier(trial["time"], trial["event"], conf_type=conf_type, **trial.entry, **options)
            at = curve.at(AT)
            agree(at.survival, r["survival"], CLOSED, "survival")
            agree(at.std_error, r["std_error"], CLOSED, "standard error")
            agree([at.conf_low, at.conf_high], r[conf_type.replace("-", "_")], CLOSED, conf_type)
            if conf_type == "log-log":
                q = curve.quantile([0.25, 0.5, 0.75])
                agree([q.estimate, q.conf_low, q.conf_high], r["quantile"], CLOSED, "quantiles")
        hazard = nelson_aalen(trial["time"], trial["event"], **trial.entry, **options).at(AT)
        agree(hazard.cumulative_hazard, r["hazard"], CLOSED, "hazard")
        agree(hazard.cumulative_hazard_std_error, r["hazard_std_error"], CLOSED, "standard error of the hazard")
    if "follow_up" in trial.r:
        q = reverse_kaplan_meier(trial["time"], trial["event"]).quantile([0.25, 0.5, 0.75])
        agree([q.estimate, q.conf_low, q.conf_high], trial.r["follow_up"], CLOSED, "follow-up")


@trials(lambda r: not r["late"])  # R has these without late entry only
def test_means_pseudo_observations_and_contrasts(number):
    trial = Trial(number)
    curve = kaplan_meier(trial["time"], trial["event"])
    for r in trial.r.get("rmst", []):
        if r["value"]:
            mean = curve.rmst(r["tau"])
            agree([mean.estimate, mean.std_error], r["value"], CLOSED, f"mean to {r['tau']}")
    agree(pseudo_observations(trial["time"], trial["event"], at=AT).values, trial.r["pseudo"], CLOSED, "pseudo")
    if r := trial.r.get("pseudo_incidence"):
        found = incidence_pseudo_observations(trial["time"], trial["cause"], at=AT, causes=[1, 2])
        agree(found.values[0], r, CLOSED, "pseudo-observations of incidence")
    if r := trial.r.get("difference_in_means"):
        found = rmst_difference(trial["time"], trial["event"], trial["group"], tau=r["tau"]).difference
        half = 1.959963984540054 * r["std_error"]
        wanted = [r["difference"], r["difference"] - half, r["difference"] + half]
        if half == 0:  # R's interval without width is none here
            assert found.reason == "no event by tau, or no spread, in either group"
        else:
            agree([found.estimate, found.conf_low, found.conf_high], wanted, CLOSED, "difference in means")
    for t, r in zip((7, 21), trial.r["contrast"], strict=True):
        if len(set(trial.r["group"])) < 2:
            continue
        by_survival = survival_comparison(trial["time"], trial["event"], trial["group"], at=t)
        by_incidence = fixed_time_comparison(
            trial["time"], trial["event"], trial["group"], at=t, of_interest=1, causes=[1]
        )
        for test in (by_survival, by_incidence):
            if r:
                agree([test.statistic, test.df], [r["chisq"], r["df"]], CLOSED, f"contrast at {t}")
            else:
                assert np.isnan(test.statistic)
                assert test.reason


@trials()
def test_incidence(number):
    trial = Trial(number)

    def found(variance, **options):
        return aalen_johansen(
            trial["time"], trial["cause"], causes=[1, 2], variance=variance, **trial.entry, **options
        ).at(AT)

    for r, options in ((trial.r["jackknife"], {}), (trial.r["jackknife_weighted"], {"weights": weights(trial)})):
        at = found("infinitesimal-jackknife", **options)
        agree(at.incidence, r["incidence"], CLOSED, "incidence")
        agree(at.std_error, r["std_error"], {"rel": 1e-8, "abs": 1e-9}, "jackknife")
        agree(at.event_free + at.incidence.sum(axis=0), np.ones(len(AT)), CLOSED, "sum")
    if trial.r.get("greenwood"):
        agree(found("greenwood").std_error ** 2, trial.r["greenwood"], CLOSED, "Greenwood")
    if r := trial.r.get("aalen"):
        at, m = found("aalen"), np.shape(r["incidence"])[1]
        rows = [int(name.split()[1]) - 1 for name in r["names"]]
        agree(at.incidence[rows, :m], r["incidence"], CLOSED, "cuminc")
        agree(at.std_error[rows, :m] ** 2, r["variance"], CLOSED, "Aalen")


@trials(lambda r: "gray" in r)  # no late entry, several groups, an event
@pytest.mark.parametrize("which", range(4))
def test_comparisons(number, which):
    trial = Trial(number)
    rho, strata = which % 2, {"strata": trial["stratum"]} if which > 1 else {}
    r = trial.r["gray"][which] or {"cause": [], "statistic": [], "df": []}
    for cause, statistic, df in zip(r["cause"], r["statistic"], r["df"], strict=True):
        test = gray_test(trial["time"], trial["cause"], trial["group"], of_interest=int(cause), rho=rho, **strata)
        if test.status == "not estimable":  # R answers -1, or with a negative chi-square
            assert statistic < 0
        else:
            agree([test.statistic, test.df], [statistic, df], {"rel": 1e-9, "abs": 1e-11}, "Gray")
    if r := trial.r["logrank"][which]:
        weighting = {"weighting": "fleming-harrington", "rho": 1} if rho else {}
        test = logrank_test(trial["time"], trial["event"], trial["group"], **weighting, **strata)
        agree(test.observed, r["observed"], CLOSED, "observed")
        agree(test.expected, r["expected"], CLOSED, "expected")
        agree(test.variance, r["variance"], {"rel": 1e-9, "abs": 1e-10}, "variance")
        if test.status == "estimated":
            agree([test.statistic, test.df], [r["chisq"], r["df"]], CLOSED, "log-rank")
        else:
            assert r["df"] == 0 or np.linalg.matrix_rank(r["variance"], tol=1e-9) < r["df"]


@trials(lambda r: "weighted_logrank" in r)  # two groups and an event; also with late entry
def test_weighted_logrank(number):
    trial = Trial(number)
    for weighting, (score, variance) in trial.r["weighted_logrank"].items():
        options = {"gamma": 1, "rho": 1} if weighting == "fleming-harrington" else {}
        test = logrank_test(
            trial["time"], trial["event"], trial["group"], weighting=weighting, **trial.entry, **options
        )
        agree([test.observed[0] - test.expected[0], test.variance[0, 0]], [score, variance], CLOSED, weighting)
        if variance > 1e-12:
            agree(test.z, score / variance**0.5, CLOSED, weighting)
        else:
            assert test.status == "not estimable"


@trials(lambda r: r.get("permuted") is not None and len(set(r["group"])) == 2)
def test_every_arrangement_of_groups(number):
    trial = Trial(number)
    test = logrank_permutation_test(trial["time"], trial["event"], trial["group"])
    agree(test.p_value, trial.r["permuted"], CLOSED, "exact p")


@trials(lambda r: r.get("finegray"))
def test_expanded_rows(number):
    trial = Trial(number)
    r, rows = trial.r["finegray"], subdistribution_rows(trial["time"], trial["cause"], of_interest=1)
    assert rows.row.size == r["rows"]
    agree(rows.weight.sum(), r["weight"], CLOSED, "weights")
    x = np.asarray(trial.r["x"], dtype=float)[rows.row]
    options = {"entry": rows.entry, "weights": rows.weight, "cluster": rows.row, "ties": "breslow"}
    fit = cox(rows.time, rows.event, x, **options)
    agree([fit.coefficient[0], fit.std_error[0]], [r["coefficient"], r["std_error"]], NEWTON, "weighted Cox")


@trials()
def test_regression(number):
    trial = Trial(number)
    time, event = trial["time"], trial["event"]
    models = {
        "efron": (("x", "z"), {}),
        "breslow": (("x",), {"ties": "breslow"}),
        "stratified": (("x",), {"strata": trial["stratum"]}),
        "robust": (("x",), {"weights": weights(trial), "variance": "robust"}),
    }
    for name, (columns, options) in models.items():
        if not (r := trial.r.get(name)):
            continue
        x = trial.model(*columns)
        fit = cox(time, event, x, **trial.entry, **options)
        agree(fit.coefficient, r["coefficient"], NEWTON, name)
        agree(fit.model_variance, r["model_variance"], NEWTON, f"{name} variance")
        agree(fit.variance, r["variance"], NEWTON, f"{name} variance")
        agree([fit.loglik_null, fit.loglik], r["loglik"], NEWTON, f"{name} likelihood")
        agree(fit.score.statistic, r["score"], NEWTON, f"{name} score")
        agree(fit.wald.statistic, r["wald"], NEWTON, f"{name} Wald")
        risk = np.asarray(x, dtype=float) @ fit.coefficient
        plain = {k: v for k, v in options.items() if k in ("strata", "weights")}
        agree(concordance(time, event, risk, **trial.entry, **plain).estimate, r["concordance"], NEWTON, "concordance")
        for transform in ("km", "identity"):
            if expected := r[f"zph_{transform}"]:
                rest = {k: v for k, v in options.items() if k != "variance"}
                test = proportional_hazards_test(time, event, x, transform=transform, **trial.entry, **rest)
                overall = [test.overall.statistic] if len(expected) > len(columns) else []
                agree([*test.statistic, *overall], expected, {"rel": 1e-6, "abs": 1e-8}, f"{name} {transform}")
    if r := trial.r.get("exact"):
        fit = cox(time, event, trial["x"], ties="exact", **trial.entry)
        agree([fit.coefficient[0], fit.variance[0, 0]], [r["coefficient"], r["variance"]], NEWTON, "exact ties")
        agree([fit.loglik_null, fit.loglik], r["loglik"], NEWTON, "exact ties")
    if r := trial.r.get("firth"):
        fit = firth_cox(time, event, trial["x"], **trial.entry)
        agree(fit.coefficient, r["coefficient"], {"rel": 1e-6, "abs": 1e-6}, "Firth")
        limits = [r["low"] if r["low"] else -np.inf, r["high"] if r["high"] else np.inf]
        agree([fit.conf_low[0], fit.conf_high[0]], limits, {"rel": 1e-6, "abs": 1e-6}, "profile")
        agree(fit.p_value, r["p"], {"rel": 1e-6, "abs": 1e-8}, "penalised likelihood ratio")
    if r := trial.r.get("fine_gray"):
        fit = fine_gray(time, trial["cause"], trial.model("x", "z"), of_interest=1)
        agree(fit.coefficient, r["coefficient"], NEWTON, "Fine-Gray")
        agree(fit.variance, r["variance"], NEWTON, "Fine-Gray sandwich")
        agree([fit.loglik_null, fit.loglik], r["loglik"], NEWTON, "Fine-Gray likelihood")


@pytest.mark.parametrize("number", range(len(R["recurrent"])))
def test_recurrent_events(number):
    r, form = R["recurrent"][number], list(FORMS.values())[number % len(FORMS)]
    rows = form(r["stop"]), form(r["event"])
    options = {"subject": form(r["id"]), "entry": form(r["start"])}
    robust = mean_cumulative_function(*rows, **options).at(AT)
    agree(robust.estimate, r["mean"], CLOSED, "mean")
    agree(robust.std_error, r["robust"], CLOSED, "robust")
    poisson = mean_cumulative_function(*rows, variance="poisson", **options).at(AT)
    agree(poisson.std_error, r["poisson"], CLOSED, "Poisson")
    dying = mean_cumulative_function(*rows, terminal=form(r["death"]), **options).at(AT)
    agree(dying.estimate, r["ghosh_lin"], CLOSED, "Ghosh-Lin")
    agree(dying.std_error, r["ghosh_lin_std_error"], CLOSED, "Ghosh-Lin standard error")

    if r.get("rate"):
        fit = rate_model(*rows, form(r["x"]), **options)
        agree([fit.coefficient[0], fit.std_error[0], fit.model_std_error[0]], r["rate"], NEWTON, "rate ratio")


@pytest.mark.parametrize("number", range(len(R["moves"])))
def test_states(number):
    r, form = R["moves"][number], list(FORMS.values())[number % len(FORMS)]
    to = [a if b == "none" else b for a, b in zip(r["from"], r["to"], strict=True)]
    found = multistate(
        form(r["stop"]),
        form(r["from"]),
        form(to),
        states=["well", "ill", "dead"],
        subject=form(r["id"]),
        entry=form(r["start"]),
        initial="well",
        variance="infinitesimal-jackknife",
    ).at(AT)
    agree(found.probability, r["probability"], CLOSED, "probability in state")
    agree(found.std_error, r["std_error"], {"rel": 1e-8, "abs": 1e-9}, "jackknife")


@pytest.mark.parametrize("r", R["intervals"])
def test_interval_censored(r):
    right = [np.inf if t < 0 else float(t) for t in r["right"]]
    for form in (list, np.asarray, pl.Series):
        fit = turnbull(form(r["left"]), form(right))
        assert fit.converged
        agree(fit.loglik, r["loglik"], {"rel": 1e-9, "abs": 1e-9}, "likelihood")


def test_proportions():
    r = R["proportion"]
    for function, name in ((clopper_pearson, "clopper_pearson"), (wilson, "wilson"), (mid_p, "mid_p")):
        found = function(r["x"], pl.Series(r["n"]))
        agree(np.column_stack((found.conf_low, found.conf_high)), r[name], {"rel": 1e-8, "abs": 1e-9}, name)


def test_differences_of_proportions():
    given = np.array([r["given"] for r in R["differences"]]).T
    for conf_type, name, tolerance in (("newcombe", "newcombe", 1e-9), ("miettinen-nurminen", "score", 2e-6)):
        found = difference(*given, conf_type=conf_type)
        wanted = [r[name] for r in R["differences"]]  # the score's constrained maximum is searched for to about 1e-8
        agree(np.column_stack((found.conf_low, found.conf_high)), wanted, {"rel": 0, "abs": tolerance}, name)


@pytest.mark.parametrize("r", R["fisher"], ids=lambda r: f"{r['a']}/{r['m']} {r['b']}/{r['n']}")
def test_two_by_two(r):
    test = fisher_exact(r["a"], r["m"], r["b"], r["n"])
    agree(test.p_value, r["p"], CLOSED, "p")
    if r["a"] + r["b"] in (0, r["m"] + r["n"]):  # one table is possible; R calls its odds ratio 0
        assert np.isnan(test.odds_ratio)
        return
    # R's search for the root is good to about 1e-4.
    wanted = endless([r["odds"], *r["ci"]])
    found = np.array([test.odds_ratio, test.conf_low, test.conf_high])
    agree(found, wanted, {"rel": 2e-4, "abs": 1e-6}, "odds ratio")


@pytest.mark.parametrize("r", R["rates"], ids=str)
def test_rates(r):
    x, t, y, u = r["given"]
    rate, ratio = incidence_rate(x, t), rate_ratio(x, t, y, u)
    agree([rate.conf_low, rate.conf_high], r["ci"], CLOSED, "rate")
    if x + y == 0:
        assert np.isnan([ratio.estimate, ratio.conf_low, ratio.conf_high]).all()
        return
    wanted = endless([r["ratio"], *r["ratio_ci"]])
    agree(np.ravel([ratio.estimate, ratio.conf_low, ratio.conf_high]), wanted, {"rel": 1e-7, "abs": 1e-10}, "ratio")
    agree(ratio.p_value, r["p"], CLOSED, "p")


@pytest.mark.parametrize("r", R["shift"])
def test_shift(r):
    for form in FORMS.values():
        agree(wilcoxon_exact(form(r["x"]), form(r["y"])).p_value, r["p"], CLOSED, "p")
        agree(hodges_lehmann(form(r["x"]), form(r["y"])).estimate, r["shift"], CLOSED, "shift")


@trials()
def test_one_sample_logrank_is_observed_against_the_accumulated_hazard(number):
    trial = Trial(number)
    test = one_sample_logrank(trial["time"], trial["event"], lambda t: 0.01 * t, **trial.entry)
    expected = 0.01 * (sum(trial.r["time"]) - sum(trial.r["entry"]))
    observed = sum(k > 0 for k in trial.r["cause"])
    agree([test.observed, test.expected], [observed, expected], CLOSED)
