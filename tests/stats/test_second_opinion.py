"""The second opinion itself: by hand on a few participants, and judged by R on small awkward trials.

tests/golden/stats/edge_cases.R made the trials and asked R.
"""

import ast
import json
from pathlib import Path

import numpy as np
import pytest
from numpy.testing import assert_allclose
from scipy.special import betainc

from . import second_opinion_fine_gray as fine_gray
from . import second_opinion_gray as gray
from . import second_opinion_incidence as incidence
from . import second_opinion_survival as survival
from .conftest import GOLDEN, agree

R = json.loads((GOLDEN / "edge_cases.json").read_text())
CLOSED = {"rel": 1e-10, "abs": 1e-12}
ALLOWED = {"__future__", "collections", "fractions", "math", "numpy", "scipy", "statistics", "typing"}

trials = pytest.mark.parametrize("r", R["trials"], ids=range(len(R["trials"])))


# ---------------------------------------------------------------------------------------------------- by hand


def test_ties_and_a_censoring_tied_with_an_event():
    # time    at risk  events  S      sum d / (Y (Y - d))
    # 1       6        1       5/6    1/30
    # 2, 2+   5        1       2/3    1/30 + 1/20 = 1/12
    # 3, 3    3        2       2/9    1/12 + 2/3  = 3/4
    # 5+
    found = survival.kaplan_meier([3, 1, 2, 2, 5, 3], [1, 1, 1, 0, 0, 1], [1, 2, 3])
    assert_allclose(found.survival, [5 / 6, 2 / 3, 2 / 9], rtol=1e-15)
    assert_allclose(found.std_error, [5 / 6 / 30**0.5, 2 / 3 / 12**0.5, 2 / 9 * 0.75**0.5], rtol=1e-14)


def test_event_on_day_0_counts_with_everyone():
    assert_allclose(survival.kaplan_meier([0, 1, 2, 3], [1, 0, 1, 0], [0, 2]).survival, [3 / 4, 3 / 8], rtol=1e-15)


def test_late_entry_is_open_on_the_left_and_nobody_left_is_exactly_0():
    # (0,2] event, (0,3] event, (2,3] censored, (2,4] event
    # 2: 1 of 2 (those entering at 2 are not yet at risk); 3: 1 of 3; 4: 1 of 1
    found = survival.kaplan_meier([2, 3, 3, 4], [1, 1, 0, 1], [2, 3, 4], entry=[0, 0, 2, 2])
    assert_allclose(found.survival, [1 / 2, 1 / 3, 0], rtol=1e-15)
    assert_allclose(found.std_error, [1 / 2 * 0.5**0.5, 1 / 3 * (2 / 3) ** 0.5, np.nan], rtol=1e-14)


def test_limits_at_one_over_e_and_one_sigma():
    # S = 1/e and the variance of log S 1/4: log(-log S) = 0, and the standard error is 1/2 on both log scales.
    s, root = np.exp(-1), np.sqrt(np.e)
    assert_allclose(survival.limits(s, 0.25, 1.0, "plain"), (s / 2, 1.5 * s), rtol=1e-14)
    assert_allclose(survival.limits(s, 0.25, 1.0, "log"), (np.exp(-1.5), np.exp(-0.5)), rtol=1e-14)
    assert_allclose(survival.limits(s, 0.25, 1.0, "log-log"), (np.exp(-root), np.exp(-1 / root)), rtol=1e-14)
    assert survival.limits(0.5, 4.0, 1.0, "plain") == (0.0, 1.0)


@pytest.mark.parametrize(
    ("p", "expected"),
    [
        (0.2, 1.0),  # S drops through 0.8 at 1
        (0.25, 1.5),  # flat at exactly 3/4 from 1 to 2
        (0.5, 3.0),  # flat at exactly 1/2 from 2 to 4
        (0.6, 4.0),
        (0.75, 5.0),  # flat at 1/4 from 4 to the end of follow-up, 6
        (0.9, np.nan),
    ],
)
def test_quantile(p, expected):
    assert_allclose(survival.quantile([1, 2, 4, 6], [0.75, 0.5, 0.25, 0.25], p), expected, rtol=0)


def test_beta_product_without_censoring_as_published():
    # Four deaths at 3, 7, 8, 14: limits printed by the authors (vignette of their R package bpcp); the upper
    # limit after j deaths is the upper limit of Beta(5 - j, j), the lower that of Beta(4 - j, j + 1).
    lower, upper = survival.beta_product([3, 7, 8, 14], [1, 1, 1, 1], [1, 3, 7, 7.9, 8, 14, 20])
    low = [0.397635364, 0.194120450, 0.067585986, 0.067585986, 0.006309463, 0, 0]
    high = [1, 0.9936905, 0.9324140, 0.9324140, 0.8058796, 0.6023646, 0.6023646]
    assert_allclose(lower, low, rtol=0, atol=5e-10)
    assert_allclose(upper, high, rtol=0, atol=5e-8)


def test_beta_product_with_censoring():
    # 1 dead of 3; 2+; 3+. Level 1/2, so the quartiles of the products.
    times = [0, 1, 1.9, 2, 2.5, 3, 9]
    lower, upper = (np.array(v) for v in survival.beta_product([1, 2, 3], [1, 0, 0], times, conf_level=0.5))
    # Beta(3,1) has distribution function x^3; Beta(3,1) Beta(2,1) = Beta(2,2), whose 1/4-quantile solves
    # 3x^2 - 2x^3 = 1/4: x = 1/2 - sin(pi/18). Beta(3,1) Beta(1,1) has mean 3/8 and second moment 1/5, so
    # variance 19/320 and the moments of Beta(21/19, 35/19). With nobody left the lower limit is 0.
    third = 0.5 - np.sin(np.pi / 18)
    assert_allclose(lower[:3], [0.25 ** (1 / 3), third, third], rtol=1e-13)
    assert_allclose(betainc(21 / 19, 35 / 19, lower[3:5]), [0.25, 0.25], rtol=1e-13)
    assert_allclose(lower[5:], [0, 0], atol=0)
    assert_allclose(upper, [1] + [0.75 ** (1 / 3)] * 6, rtol=1e-13)


def test_incidence_and_variances():
    # time  Y  cause  S-    F1            F2    S
    # 1     5  1      1     1/5           0     4/5
    # 2     4  2      4/5   1/5           1/5   3/5
    # 3+
    # 4     2  1      3/5   1/5+3/10=1/2  1/5   3/10
    # 5+
    # F1(4) moves with the hazards of cause 1, 2 at 1, 2, 4 by 1-3/8 = 5/8, -(4/5)(1/2) = -2/5 and 3/5.
    # Greenwood: (25/64)(4/125) + (4/25)(3/64) + (9/25)(1/8) = 13/200.
    # Aalen: (25/64)/25 + (4/25)/16 + (9/25)/4 = 37/320.
    steps = incidence.steps([1, 2, 3, 4, 5], [1, 2, 0, 1, 0], [1, 2])
    assert_allclose([incidence.event_free(steps, t) for t in (1, 2, 4)], [4 / 5, 3 / 5, 3 / 10], rtol=1e-14)
    assert_allclose([incidence.cumulative_incidence(steps, k, 4) for k in (1, 2)], [1 / 2, 1 / 5], rtol=1e-14)
    assert_allclose([incidence.greenwood_variance(steps, 1, t) for t in (1, 2, 4)], [4 / 125, 4 / 125, 13 / 200])
    assert_allclose([incidence.aalen_variance(steps, 1, t) for t in (1, 2, 4)], [1 / 25, 1 / 25, 37 / 320])


def test_aalens_variance_of_tied_events_is_hypergeometric():
    # 2 of 4 at once: 2/16 * (4 - 2)/(4 - 1) = 1/12
    steps = incidence.steps([1, 1, 2, 3], [1, 1, 0, 0], [1, 2])
    assert_allclose([incidence.aalen_variance(steps, k, 1) for k in (1, 2)], [1 / 12, 0], rtol=1e-14)


def test_late_entry_separates_the_jackknife_from_greenwood():
    # (0,1] cause 1, (0,3] cause 1, (2,4] censored. 1: 1 of 2, F = 1/2; 3: 1 of 2, F = 3/4.
    # F(3) = 1 - (1 - a)(1 - b): dF/dw = (1/2) da + (1/2) db, with da = (1/4, -1/4, 0), db = (0, 1/4, -1/4):
    # 1/8, 0, -1/8, so 1/32. Greenwood: (1/4)(1/8) + (1/4)(1/8) = 1/16.
    time, cause, entry = [1, 3, 4], [1, 1, 0], [0, 0, 2]
    steps = incidence.steps(time, cause, [1], entry)
    assert_allclose([incidence.greenwood_variance(steps, 1, t) for t in (1, 3)], [1 / 8, 1 / 16], rtol=1e-13)
    jackknife = [incidence.jackknife_variance(steps, time, cause, 1, t, entry) for t in (1, 3)]
    assert_allclose(jackknife, [1 / 8, 1 / 32], rtol=1e-13)


def test_gray_of_one_event():
    # One event, on day 1 in a, everybody else censored later; 2 in each group: half an event was expected in each,
    # and the variance is the binomial's, 1/4.
    score, variance = gray.gray_test([1, 5, 5, 5], [1, 0, 0, 0], ["a", "a", "b", "b"], 1)
    assert_allclose(score, [1 / 2, -1 / 2], rtol=1e-14)
    assert_allclose(variance, [[1 / 4, -1 / 4], [-1 / 4, 1 / 4]], rtol=1e-14)
    assert_allclose(gray.statistic(score, variance), 1, rtol=1e-14)


def test_fine_gray_of_three():
    # A competing event on day 1 (x = 1), one of interest on day 2 (x = 1), one on day 3 (x = 0); nobody is censored, so
    # that the first stays at risk with weight 1: L = h/(2h+1) * 1/(h+1), maximal where 2h^2 = 1.
    fit = fine_gray.fine_gray([1, 2, 3], [2, 1, 1], np.array([[1.0], [1.0], [0.0]]), 1)
    h = 1 / np.sqrt(2)
    assert_allclose(np.exp(fit.coefficients), [h], rtol=1e-12)
    assert_allclose(fit.log_likelihood, np.log(h / ((2 * h + 1) * (h + 1))), rtol=1e-14)
    with pytest.raises(np.linalg.LinAlgError, match="on the way"):  # x of the last two exchanged: it climbs for ever
        fine_gray.fine_gray([1, 2, 3], [2, 1, 1], np.array([[1.0], [0.0], [1.0]]), 1)
    with pytest.raises(np.linalg.LinAlgError, match="at zero"):
        fine_gray.fine_gray([1, 2, 3], [2, 2, 0], np.array([[1.0], [0.0], [1.0]]), 1)


# --------------------------------------------------------------------------------------------------- against R


def _late(r):
    return {"entry": r["entry"] if r["late"] else None}


@trials
def test_kaplan_meier_as_survfit(r):
    event = [int(k > 0) for k in r["cause"]]
    for expected, weights in ((r["km"], None), (r["km_weighted"], r["weight"])):
        for conf_type in ("log-log", "log", "plain"):
            found = survival.kaplan_meier(r["time"], event, R["at"], weights=weights, conf_type=conf_type, **_late(r))
            agree(found.survival, expected["survival"], CLOSED, "survival")
            agree(found.std_error, expected["std_error"], CLOSED, "standard error")
            agree([found.lower, found.upper], expected[conf_type.replace("-", "_")], CLOSED, conf_type)


@trials
def test_incidence_as_survfit_etm_and_cuminc(r):
    for expected, weights in ((r["jackknife"], None), (r["jackknife_weighted"], r["weight"])):
        steps = incidence.steps(r["time"], r["cause"], (1, 2), weights=weights, **_late(r))
        for k in (1, 2):
            found = [incidence.cumulative_incidence(steps, k, t) for t in R["at"]]
            agree(found, expected["incidence"][k - 1], CLOSED, "incidence")
            variance = [
                incidence.jackknife_variance(steps, r["time"], r["cause"], k, t, weights=weights, **_late(r))
                for t in R["at"]
            ]
            agree(np.sqrt(variance), expected["std_error"][k - 1], CLOSED, "jackknife")
    steps = incidence.steps(r["time"], r["cause"], (1, 2), **_late(r))
    for k, expected in enumerate(r.get("greenwood") or [], start=1):
        agree([incidence.greenwood_variance(steps, k, t) for t in R["at"]], expected, CLOSED, "Greenwood")
    if expected := r.get("aalen"):
        for name, variance in zip(expected["names"], expected["variance"], strict=True):
            k, times = int(name.split()[1]), R["at"][: len(variance)]
            agree([incidence.aalen_variance(steps, k, t) for t in times], variance, CLOSED, "Aalen")


@trials
def test_gray_as_cuminc(r):
    for which, expected in enumerate(r.get("gray", [])):
        for cause, statistic in zip(*((expected or {}).get(name, []) for name in ("cause", "statistic")), strict=True):
            strata = r["stratum"] if which > 1 else None
            parts = gray.gray_test(r["time"], r["cause"], r["group"], int(cause), strata=strata, rho=which % 2)
            if np.linalg.matrix_rank(parts[1][:-1, :-1], tol=1e-9) < len(parts[0]) - 1:
                assert statistic == -1  # R's word for none
            else:
                agree(gray.statistic(*parts), statistic, CLOSED, "Gray")


def test_fine_gray_as_crr():
    judged = [r for r in R["trials"] if r.get("fine_gray")]
    assert len(judged) >= 5
    for r in judged:
        fit = fine_gray.fine_gray(r["time"], r["cause"], np.column_stack((r["x"], r["z"])).astype(float), 1)
        expected, tolerance = r["fine_gray"], {"rel": 1e-8, "abs": 1e-10}
        agree(fit.coefficients, expected["coefficient"], tolerance, "coefficients")
        agree(fit.covariance, expected["variance"], tolerance, "sandwich")
        agree([fit.log_likelihood_null, fit.log_likelihood], expected["loglik"], tolerance, "log-likelihood")


# ----------------------------------------------------------------------------------------------------- on its own


def test_it_imports_nothing_of_the_package():
    for path in Path(__file__).parent.glob("second_opinion_*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            names = [a.name for a in node.names] if isinstance(node, ast.Import) else []
            if isinstance(node, ast.ImportFrom):
                assert node.level == 0
                names = [node.module or ""]
            assert not [name for name in names if name.split(".")[0] not in ALLOWED], path.name
