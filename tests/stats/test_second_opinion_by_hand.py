"""The second opinion itself, checked by hand on a few patients and against R.

R numbers and the script that made them: tests/golden/second_opinion/.
"""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy import special

from .second_opinion import (
    aj,
    aj_ij_variance,
    beta_product_limits,
    brookmeyer_crowley,
    clopper_pearson,
    km,
    km_limits,
    quantile,
)

REPO = Path(__file__).parents[2]
GOLDEN = json.loads((REPO / "tests/golden/second_opinion/second_opinion.json").read_text())
R_CASES = sorted(GOLDEN["cases"])
REFERENCE = REPO.parent / "shared" / "validation"
ONE_SIGMA = 1 - 2 * special.ndtr(-1.0)  # the level whose z is 1


def r_numbers(values: object) -> np.ndarray:
    return np.array(values, dtype=float)  # JSON null becomes nan


# --- Kaplan-Meier -------------------------------------------------------------------------------------


def test_km_with_ties_and_a_censoring_tied_with_an_event() -> None:
    # time    at risk  deaths  S      sum d / (Y (Y - d))
    # 1       6        1       5/6    1/30
    # 2, 2+   5        1       2/3    1/30 + 1/20 = 1/12
    # 3, 3    3        2       2/9    1/12 + 2/3  = 3/4
    # 5+
    times, s, se = km([3, 1, 2, 2, 5, 3], [1, 1, 1, 0, 0, 1])
    assert_array_equal(times, [1, 2, 3])
    assert_allclose(s, [5 / 6, 2 / 3, 2 / 9], rtol=1e-15)
    assert_allclose(se, [5 / 6 * np.sqrt(1 / 30), 2 / 3 * np.sqrt(1 / 12), 2 / 9 * np.sqrt(3 / 4)], rtol=1e-14)


def test_km_event_at_time_zero_counts_with_everyone() -> None:
    # 0: 1 of 4; 1+; 2: 1 of 2; 3+
    times, s, _ = km([0, 1, 2, 3], [1, 0, 1, 0])
    assert_array_equal(times, [0, 2])
    assert_allclose(s, [3 / 4, 3 / 8], rtol=1e-15)


def test_km_late_entry_is_open_on_the_left() -> None:
    # (0,2] dead, (0,3] dead, (2,3] censored, (2,4] dead
    # 2: 1 of 2 (the two entering at 2 are not yet at risk); 3: 1 of 3; 4: 1 of 1
    times, s, se = km([2, 3, 3, 4], [1, 1, 0, 1], entry=[0, 0, 2, 2])
    assert_array_equal(times, [2, 3, 4])
    assert_allclose(s, [1 / 2, 1 / 3, 0], rtol=1e-15)
    assert_allclose(se, [1 / 2 * np.sqrt(1 / 2), 1 / 3 * np.sqrt(1 / 2 + 1 / 6), np.nan], rtol=1e-14)


def test_km_without_events_is_empty() -> None:
    assert [part.shape for part in km([1, 2], [0, 0])] == [(0,), (0,), (0,)]


@pytest.mark.parametrize("entry", [[0, 2], [0, 3], [0]])
def test_km_refuses_an_empty_risk_interval(entry: list[float]) -> None:
    with pytest.raises(ValueError, match="entry"):
        km([1, 2], [1, 1], entry=entry)


# --- Limits and quantiles -----------------------------------------------------------------------------


def test_limits_at_one_over_e_and_one_sigma() -> None:
    # S = 1/e and se = S/2: log S = -1, log(-log S) = 0, and the standard error is 1/2 on both scales.
    s, se = [np.exp(-1)], [np.exp(-1) / 2]
    root = np.sqrt(np.e)
    expected = {
        "plain": (0.5 / np.e, 1.5 / np.e),
        "log": (np.exp(-1.5), np.exp(-0.5)),
        "log-log": (np.exp(-root), np.exp(-1 / root)),
    }
    for kind, limits in expected.items():
        assert_allclose(np.ravel(km_limits(s, se, kind, ONE_SIGMA)), limits, rtol=1e-13)


def test_limits_are_cut_to_the_unit_interval() -> None:
    assert_array_equal(np.ravel(km_limits([0.5], [0.6], "plain", ONE_SIGMA)), [0, 1])
    assert km_limits([0.5], [0.6], "log", ONE_SIGMA)[1] == 1


@pytest.mark.parametrize("kind", ["plain", "log", "log-log"])
def test_limits_are_undefined_at_zero_and_one(kind: str) -> None:
    assert np.isnan(km_limits([0.0, 1.0], [np.nan, 0.0], kind, 0.95)).all()


def test_unknown_kind_of_limits_is_refused() -> None:
    with pytest.raises(ValueError, match="arcsin"):
        km_limits([0.5], [0.1], "arcsin", 0.95)


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
def test_quantile(p: float, expected: float) -> None:
    # 1 of 4, 1 of 3, 1 of 2, and one still followed at 6
    assert_allclose(quantile([1, 2, 4, 6], [0.75, 0.5, 0.25, 0.25], p), expected, rtol=0)


@pytest.mark.parametrize("side", [0.0, 1.0])
def test_quantile_sees_a_rounded_step(side: float) -> None:
    assert quantile([1, 3], [np.nextafter(0.5, side), 0.2], 0.5) == 2.0


def test_brookmeyer_crowley_reads_the_limits_off_the_curves() -> None:
    estimate = brookmeyer_crowley([1, 2, 3], [0.7, 0.4, 0.0], [0.45, 0.2, np.nan], [0.9, 0.6, np.nan], 0.5)
    assert_array_equal(estimate, (2, 1, np.nan))


def test_brookmeyer_crowley_with_a_lower_curve_that_rises_again() -> None:
    # Late entry can lift the lower limit; the first time it is at or below 1/2 counts.
    assert brookmeyer_crowley([1, 2, 3], [0.8, 0.7, 0.4], [0.4, 0.55, 0.3], [0.9, 0.8, 0.45], 0.5)[1] == 1


# --- Beta product -------------------------------------------------------------------------------------


def test_beta_product_without_censoring_as_published() -> None:
    # Four deaths at 3, 7, 8, 14: limits printed by the authors (vignette of their R package bpcp); the upper
    # limit after j deaths is the upper limit of Beta(5 - j, j), the lower that of Beta(4 - j, j + 1).
    limits = beta_product_limits([3, 7, 8, 14], [1, 1, 1, 1], 0.95)
    lower, upper = limits([1, 3, 7, 7.9, 8, 14, 20])
    low = [0.397635364, 0.194120450, 0.067585986, 0.067585986, 0.006309463, 0, 0]
    high = [1, 0.9936905, 0.9324140, 0.9324140, 0.8058796, 0.6023646, 0.6023646]
    assert_allclose(lower, low, rtol=0, atol=5e-10)
    assert_allclose(upper, high, rtol=0, atol=5e-8)


def test_beta_product_without_censoring_is_clopper_pearson() -> None:
    limits = beta_product_limits([1, 2, 2, 4, 5, 5, 7], [1] * 7, 0.9)
    for t, alive in [(0.5, 7), (1, 6), (2, 4), (4, 3), (6, 1), (7, 0)]:
        assert_allclose(np.ravel(limits(t)), clopper_pearson(alive, 7, 0.9), rtol=1e-12, atol=1e-15)


def test_beta_product_with_censoring() -> None:
    # 1 dead of 3; 2+; 3+. Level 1/2, so the quartiles of the products.
    lower, upper = beta_product_limits([1, 2, 3], [1, 0, 0], 0.5)([0, 1, 1.9, 2, 2.5, 3, 9])
    # Beta(3,1) has distribution function x^3; Beta(3,1) Beta(2,1) = Beta(2,2), whose 1/4-quantile solves
    # 3x^2 - 2x^3 = 1/4: x = 1/2 - sin(pi/18). Beta(3,1) Beta(1,1) has mean 3/8 and second moment 1/5, so
    # variance 19/320 and the moments of Beta(21/19, 35/19). With nobody left the lower limit is 0.
    third = 0.5 - np.sin(np.pi / 18)
    assert_allclose(lower[[0, 1, 2]], [0.25 ** (1 / 3), third, third], rtol=1e-13)
    assert_allclose(special.betainc(21 / 19, 35 / 19, lower[[3, 4]]), [0.25, 0.25], rtol=1e-13)
    assert_array_equal(lower[[5, 6]], [0, 0])
    assert_allclose(upper, [1] + [0.75 ** (1 / 3)] * 6, rtol=1e-13)


def test_beta_product_of_tied_deaths() -> None:
    # 1, 1 dead of 3: Beta(2, 2), upper quartile 1/2 + sin(pi/18). One is left: times Beta(1, 1) = Beta(1, 3).
    lower, upper = beta_product_limits([1, 1, 2], [1, 1, 0], 0.5)(1.0)
    assert_allclose(upper, [0.5 + np.sin(np.pi / 18)], rtol=1e-13)
    assert_allclose(lower, [1 - 0.75 ** (1 / 3)], rtol=1e-13)


@pytest.mark.required_in_ci
@pytest.mark.skipif(not (REFERENCE / "reference.json").is_file(), reason="shared/validation is not present")
def test_beta_product_against_bpcp() -> None:
    cases = json.loads((REFERENCE / "reference.json").read_text())["cases"]
    checked = 0
    for case in (c for c in cases if c["method"] == "beta_product_ci"):
        with (REFERENCE / case["data"]).open() as file:
            rows = [r for r in csv.DictReader(file) if r.get("group", "1") == "1"]
        names = case["params"]
        limits = beta_product_limits(
            [float(r[names["time"]]) for r in rows], [int(r[names["event"]]) for r in rows], names["level"]
        )
        expected = r_numbers(case["expected"]["exact"])[:, 1:]
        assert_allclose(np.transpose(limits(names["times"])), expected, rtol=1e-12, err_msg=case["id"])
        checked += 1
    assert checked > 0


# --- Aalen-Johansen -----------------------------------------------------------------------------------


def test_aalen_johansen_by_hand() -> None:
    # time  Y  cause  S-    F1            F2    S
    # 1     5  1      1     1/5           0     4/5
    # 2     4  2      4/5   1/5           1/5   3/5
    # 3+
    # 4     2  1      3/5   1/5+3/10=1/2  1/5   3/10
    # 5+
    # F1(4) moves with the hazards of cause 1, 2 at 1, 2, 4 by 1-3/8 = 5/8, -(4/5)(1/2) = -2/5 and 3/5.
    # Greenwood: (25/64)(4/125) + (4/25)(3/64) + (9/25)(1/8) = 13/200.
    # Gray: (25/64)/25 + (4/25)/16 + (9/25)/4 = 37/320.
    fit = aj([1, 2, 3, 4, 5], [1, 2, 0, 1, 0], [1, 2])
    assert_array_equal(fit.times, [1, 2, 4])
    assert_allclose(fit.S, [4 / 5, 3 / 5, 3 / 10], rtol=1e-14)
    assert_allclose(fit.F, [[1 / 5, 0], [1 / 5, 1 / 5], [1 / 2, 1 / 5]], rtol=1e-14)
    assert_allclose(fit.var_greenwood[:, 0], [4 / 125, 4 / 125, 13 / 200], rtol=1e-13)
    assert_allclose(fit.var_gray[:, 0], [1 / 25, 1 / 25, 37 / 320], rtol=1e-13)


def test_uncensored_incidence_is_a_multinomial_proportion() -> None:
    # 8 patients, ties within and between causes, all events by time 3: counts 4 and 3 of 8, one at 4
    fit = aj([1, 1, 1, 2, 2, 3, 3, 4], [1, 1, 2, 1, 2, 2, 1, 1], [1, 2])
    share = np.array([[2, 1], [3, 2], [4, 3], [5, 3]]) / 8
    assert_allclose(fit.F, share, rtol=1e-14)
    assert_allclose(fit.var_greenwood, share * (1 - share) / 8, rtol=1e-13)


def test_gray_variance_of_tied_events_is_hypergeometric() -> None:
    # 2 of 4 at once: 2/16 * (4 - 2)/(4 - 1) = 1/12
    fit = aj([1, 1, 2, 3], [1, 1, 0, 0], [1, 2])
    assert_allclose(fit.var_gray, [[1 / 12, 0]], rtol=1e-14)


def test_one_cause_is_kaplan_meier() -> None:
    time, event = [3, 1, 2, 2, 5, 3, 6], [1, 1, 1, 0, 0, 1, 1]
    _, s, se = km(time, event)
    fit = aj(time, event, [1])
    assert_allclose(fit.F[:, 0], 1 - s, rtol=1e-14)
    assert_allclose(fit.var_greenwood[:-1, 0], se[:-1] ** 2, rtol=1e-13)
    assert_allclose(fit.var_greenwood[-1, 0], 0, atol=1e-16)  # S = 0: the recursion ends at 0, Greenwood at nan


def test_late_entry_separates_the_jackknife_from_greenwood() -> None:
    # (0,1] cause 1, (0,3] cause 1, (2,4] censored. 1: 1 of 2, F = 1/2; 3: 1 of 2, F = 3/4.
    # F(3) = 1 - (1 - a)(1 - b): dF/dw = (1/2) da + (1/2) db, with da = (1/4, -1/4, 0), db = (0, 1/4, -1/4):
    # 1/8, 0, -1/8, so 1/32. Greenwood: (1/4)(1/8) + (1/4)(1/8) = 1/16.
    data = [1, 3, 4], [1, 1, 0], [1], [0, 0, 2]
    assert_allclose(aj(*data).F[:, 0], [1 / 2, 3 / 4], rtol=1e-14)
    assert_allclose(aj(*data).var_greenwood[:, 0], [1 / 8, 1 / 16], rtol=1e-13)
    assert_allclose(aj_ij_variance(*data)[:, 0], [1 / 8, 1 / 32], rtol=1e-13)


def test_unlisted_cause_is_refused() -> None:
    with pytest.raises(ValueError, match="cause"):
        aj([1, 2], [1, 3], [1, 2])


# --- Clopper-Pearson ----------------------------------------------------------------------------------


def test_clopper_pearson_closed_forms() -> None:
    assert_allclose(clopper_pearson(0, 10, 0.95), (0, 1 - 0.025**0.1), rtol=1e-13)
    assert_allclose(clopper_pearson(10, 10, 0.95), (0.025**0.1, 1), rtol=1e-13)
    assert_allclose(clopper_pearson(1, 2, 0.9), (1 - np.sqrt(0.95), np.sqrt(0.95)), rtol=1e-13)


@pytest.mark.parametrize(("x", "n"), [(-1, 3), (4, 3), (0, 0)])
def test_clopper_pearson_refuses_impossible_counts(x: int, n: int) -> None:
    with pytest.raises(ValueError, match="x must lie"):
        clopper_pearson(x, n, 0.95)


# --- R ------------------------------------------------------------------------------------------------


def r_case(name: str) -> tuple[dict[str, Any], np.ndarray, np.ndarray, list[float] | None]:
    case = GOLDEN["cases"][name]
    data = case["data"]
    return case, np.array(data["time"], dtype=float), np.array(data["cause"]), data.get("entry")


@pytest.mark.parametrize("kind", ["plain", "log", "log-log"])
@pytest.mark.parametrize("name", R_CASES)
def test_km_and_limits_against_survfit(name: str, kind: str) -> None:
    case, time, cause, entry = r_case(name)
    expected = case["km"][kind]
    times, s, se = km(time, cause > 0, entry)
    assert_array_equal(times, case["km"]["times"])
    lower, upper = km_limits(s, se, kind, GOLDEN["level"])
    for key, mine in {"S": s, "se": se, "lower": lower, "upper": upper}.items():
        assert_allclose(mine, r_numbers(expected[key]), rtol=1e-12, atol=1e-15, err_msg=key)


@pytest.mark.parametrize("kind", ["plain", "log", "log-log"])
@pytest.mark.parametrize("name", R_CASES)
def test_quantiles_against_survfit(name: str, kind: str) -> None:
    case, time, cause, entry = r_case(name)
    times, s, se = km(time, cause > 0, entry)
    lower, upper = km_limits(s, se, kind, GOLDEN["level"])
    if case["km"]["last"] > times[-1]:
        times = np.append(times, case["km"]["last"])
        s, lower, upper = (np.append(curve, curve[-1]) for curve in (s, lower, upper))
    mine = np.array([brookmeyer_crowley(times, s, lower, upper, p) for p in case["km"]["q_probs"]])
    expected = np.column_stack([r_numbers(case["km"][kind][key]) for key in ("q", "q_lower", "q_upper")])
    if (name, kind) == ("late50", "log-log"):
        # Late entry: the lower curve is 0.409 at 1, 0.414 at 4. It is below 0.75 and 0.5 from 1 on; survfit
        # answers 4, because it looks the curve up sorted by height.
        assert_array_equal(expected[:2, 1], [4, 4])
        expected[:2, 1] = 1
    assert_allclose(mine, expected, rtol=1e-14)


@pytest.mark.parametrize("name", R_CASES)
def test_incidence_against_survfit_etm_and_cuminc(name: str) -> None:
    case, time, cause, entry = r_case(name)
    expected = case["aj"]
    fit = aj(time, cause, expected["causes"], entry)
    jackknife = aj_ij_variance(time, cause, expected["causes"], entry)
    assert_allclose(fit.S + fit.F.sum(axis=1), 1, rtol=1e-14)
    mine = {"F": fit.F, "var_ij": jackknife, "etm_F": fit.F, "etm_var": fit.var_greenwood}
    mine |= {"gray_F": fit.F, "gray_var": fit.var_gray}
    for key in set(mine) & set(expected):
        assert_allclose(mine[key], r_numbers(expected[key]), rtol=1e-12, atol=1e-15, err_msg=key)
    if entry is None:
        assert_allclose(fit.var_greenwood, jackknife, rtol=1e-12, atol=1e-15)


@pytest.mark.parametrize("case", GOLDEN["binomial"], ids=lambda c: f"{c['x']}/{c['n']}")
def test_clopper_pearson_against_binom_test(case: dict[str, Any]) -> None:
    assert_allclose(clopper_pearson(case["x"], case["n"], GOLDEN["level"]), case["limits"], rtol=1e-12)
