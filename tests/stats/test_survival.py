"""Kaplan-Meier, Nelson-Aalen and reverse Kaplan-Meier: by hand, against R, invariants, degenerate input."""

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal

from immrecon.errors import InputError
from immrecon.stats.proportion import mid_p
from immrecon.stats.survival import kaplan_meier, nelson_aalen, reverse_kaplan_meier

BETA_PRODUCTS = json.loads((Path(__file__).parents[1] / "golden/stats/beta_product.json").read_text())["cases"]
CONF_TYPES = ["log-log", "log", "plain", "logit", "arcsin", "beta-product", "beta-product-mid-p"]
CLOSED_FORM = {"rel": 1e-9, "abs": 1e-12}

# ---------------------------------------------------------------------------------------------------- by hand

# day   at risk  events  censored   S                    sum d/(Y(Y-d))            sum d/Y   sum d/Y^2
#   1      10       1       0       9/10                 1/90                      0.10      0.01
#   2       9       0       1
#   3       8       2       0       9/10 6/8  = 0.675    1/90+1/24                 0.35      0.04125
#   5       6       0       1
#   6       5       1       1       0.675 4/5 = 0.54     1/90+1/24+1/20 = 37/360   0.55      0.08125
#   8       3       0       1
#   9       2       1       0       0.54 1/2  = 0.27     37/360+1/2 = 217/360      1.05      0.33125
#  10       1       0       1
TEN_TIME = [1, 2, 3, 3, 5, 6, 6, 8, 9, 10]
TEN_EVENT = [1, 0, 1, 1, 0, 1, 0, 0, 1, 0]


def test_ten_patients_by_hand():
    curve = kaplan_meier(TEN_TIME, TEN_EVENT)
    assert_array_equal(curve.time, [1, 2, 3, 5, 6, 8, 9, 10])
    assert_array_equal(curve.n_risk, [10, 9, 8, 6, 5, 3, 2, 1])
    assert_array_equal(curve.n_event, [1, 0, 2, 0, 1, 0, 1, 0])
    assert_array_equal(curve.n_censor, [0, 1, 0, 1, 1, 1, 0, 1])
    assert curve.n_risk.dtype == np.int64
    assert_allclose(curve.survival, [0.9, 0.9, 0.675, 0.675, 0.54, 0.54, 0.27, 0.27], rtol=1e-14)
    assert_allclose((curve.std_error / curve.survival) ** 2 * 360, [4, 4, 19, 19, 37, 37, 217, 217], rtol=1e-13)
    assert_allclose(curve.cumulative_hazard, [0.1, 0.1, 0.35, 0.35, 0.55, 0.55, 1.05, 1.05], rtol=1e-14)
    assert (curve.n, curve.n_events) == (10, 5)


def test_nelson_aalen_by_hand():
    curve = nelson_aalen(TEN_TIME, TEN_EVENT)
    assert_allclose(curve.at([1, 3, 6, 9]).cumulative_hazard, [0.10, 0.35, 0.55, 1.05], rtol=1e-14)
    variance = curve.at([1, 3, 6, 9]).cumulative_hazard_std_error ** 2
    assert_allclose(variance, [0.01, 0.04125, 0.08125, 0.33125], rtol=1e-13)
    assert_allclose(-np.log(curve.at([6]).survival), [0.55], rtol=1e-14)


def test_values_at_requested_times_by_hand():
    at = kaplan_meier(TEN_TIME, TEN_EVENT).at([4, 0, 6, 3, 100])
    assert_allclose(at.survival, [0.675, 1, 0.54, 0.675, 0.27], rtol=1e-14)
    assert_array_equal(at.n_risk, [6, 10, 5, 8, 0])
    assert_array_equal(at.n_event, [3, 0, 4, 3, 5])
    assert_array_equal(at.n_censor, [1, 0, 3, 1, 5])


def test_quantiles_by_hand():
    curve = kaplan_meier(TEN_TIME, TEN_EVENT)
    # S falls through 0.75 on day 3 and through 0.5 on day 9; it stays at exactly 0.54 from day 6 to day 9,
    # and at exactly 0.27 from day 9 to the end of follow-up on day 10; 0.2 is not reached.
    assert_array_equal(curve.quantile([0.25, 0.5, 0.46, 0.73, 0.8]).estimate, [3, 9, 7.5, 9.5, np.nan])


def test_reverse_kaplan_meier_by_hand():
    # Censorings are the events: day 2: 8/9; day 5: 5/6; day 6: 4/5; day 8: 2/3; day 10: 0.
    curve = reverse_kaplan_meier(TEN_TIME, TEN_EVENT)
    expected = np.cumprod([1, 8 / 9, 1, 5 / 6, 4 / 5, 2 / 3, 1, 0])
    assert_allclose(curve.survival, expected, rtol=1e-14)
    assert_array_equal(curve.quantile(0.5).estimate, [8])
    assert curve.n_events == 5


def test_restricted_mean_by_hand():
    # Area on [0, 8]: 1 + 2 (0.9) + 3 (0.675) + 2 (0.54) = 5.905; after day 1 4.905, day 3 3.105, day 6 1.08;
    # variance 4.905^2/90 + 3.105^2/24 + 1.08^2/20 = 0.727351875.
    mean = kaplan_meier(TEN_TIME, TEN_EVENT).rmst(8)
    assert_allclose([mean.estimate, mean.std_error**2], [5.905, 0.727351875], rtol=1e-12)
    assert_allclose(mean.conf_high - mean.estimate, 1.959963984540054 * np.sqrt(0.727351875), rtol=1e-12)
    assert_allclose(mean.estimate - mean.conf_low, mean.conf_high - mean.estimate, rtol=1e-12)


def test_restricted_mean_between_observed_times_and_after_the_last_event():
    assert_allclose(kaplan_meier([2, 4], [1, 1]).rmst(3).estimate, 2 + 0.5, rtol=1e-14)
    # All dead by day 4: the mean is that of the times, (2 + 4)/2, with variance 2^2 / 4 half the squared gap.
    whole = kaplan_meier([2, 4], [1, 1]).rmst(4)
    assert_allclose([whole.estimate, whole.std_error**2], [3, 0.5], rtol=1e-14)


def test_delayed_entry_by_hand():
    # (entry, time]:  (0,2] died, (0,5] censored, (2,4] died, (3,6] died, (4,6] censored
    # day 2: 2 at risk (the third enters on day 2, so not yet), 1 died: S = 1/2
    # day 4: 3 at risk (the fifth enters on day 4), 1 died: S = 1/3;  day 5: 3 at risk, censored
    # day 6: 2 at risk, 1 died: S = 1/6
    curve = kaplan_meier([2, 5, 4, 6, 6], [1, 0, 1, 1, 0], entry=[0, 0, 2, 3, 4])
    assert_array_equal(curve.n_risk, [2, 3, 3, 2])
    assert_allclose(curve.survival, [1 / 2, 1 / 3, 1 / 3, 1 / 6], rtol=1e-14)
    # Only on day 2 are there fewer than 3 at risk while others still enter.
    assert_array_equal(curve.risk_set_restart, [True, False, False, False])


def test_emptied_risk_set_under_delayed_entry_keeps_survival_at_zero():
    # The only one at risk dies on day 1, when the others enter: nothing can be estimated after that.
    curve = kaplan_meier([1, 6, 8], [1, 1, 0], entry=[0, 1, 1])
    assert_array_equal(curve.survival, [0, 0, 0])
    assert_array_equal(curve.cumulative_hazard, [1, 1.5, 1.5])
    assert np.isnan(curve.std_error).all()
    assert_array_equal(curve.risk_set_restart, [True, False, False])


def test_weights_by_hand():
    # day 1: 2 of 6 die: 4/6; day 2: 3 censored; day 3: 1 of 1 dies: 0.
    curve = kaplan_meier([1, 2, 3], [1, 0, 1], weights=[2, 3, 1])
    assert_array_equal(curve.n_risk, [6, 4, 1])
    assert_allclose(curve.survival, [4 / 6, 4 / 6, 0], rtol=1e-14)


def test_beta_product_is_clopper_pearson_without_censoring():
    # Textbook Clopper-Pearson limits: 7 of 10 0.3475-0.9333; 0 of 10 upper 0.3085; 10 of 10 lower 0.6915.
    at = kaplan_meier([1, 2, 3, *[9] * 7], [1] * 10, conf_type="beta-product").at([0, 3, 9])
    assert_allclose(at.conf_low, [0.6915, 0.3475, 0], atol=5e-5)
    assert_allclose(at.conf_high, [1, 0.9333, 0.3085], atol=5e-5)


def test_beta_product_before_the_first_event():
    # 14 participants, two censored on day 5: lower limits 0.025^(1/14) and, with 12 left, 0.025^(1/12).
    at = kaplan_meier([5, 5, *[90] * 12], [0] * 14, conf_type="beta-product").at([0, 4, 5])
    assert_allclose(at.conf_low, [0.7684, 0.7684, 0.7354], atol=5e-5)
    assert_array_equal(at.conf_high, [1, 1, 1])


def test_mid_p_beta_product_is_the_mid_p_interval_of_a_proportion_without_censoring():
    at = kaplan_meier([1, 2, 3, *[9] * 7], [1] * 10, conf_type="beta-product-mid-p").at([0, 3, 9])
    exact = mid_p([10, 7, 0], 10)
    assert_allclose(at.conf_low, exact.conf_low, atol=1e-9)
    assert_allclose(at.conf_high, exact.conf_high, atol=1e-9)


def test_beta_product_median_may_start_at_the_origin():
    # Among 5 without an event the lower limit of S is 0.025^(1/5) = 0.478 < 0.5 from the start.
    curve = kaplan_meier([3, 8, 9, 12, 20], [1, 0, 0, 0, 0], conf_type="beta-product")
    assert_array_equal(curve.quantile(0.5).conf_low, [0])
    assert_array_equal(curve.quantile(0.5).estimate, [np.nan])


# -------------------------------------------------------------------------------------------------- against R


@pytest.mark.r_method("km")
def test_r_kaplan_meier(r_case, agree):
    p = r_case.params
    for expected, d in r_case.groups():
        curve = kaplan_meier(
            d[p["time"]],
            d[p["event"]],
            conf_level=p["level"],
            conf_type=p["conf_type"],
            **r_case.options(d),
        )
        at, quantile = curve.at(p["times"]), curve.quantile(p["quantiles"])
        ours = {
            "n_risk": at.n_risk,
            "surv": at.survival,
            "se": at.std_error,
            "lower": at.conf_low,
            "upper": at.conf_high,
            "cumhaz": at.cumulative_hazard,
            "se_cumhaz": at.cumulative_hazard_std_error,
            "quantile": quantile.estimate,
            "q_lower": quantile.conf_low,
            "q_upper": quantile.conf_high,
            "n_times": curve.time.size,
            "sum_surv": curve.survival.sum(),
            "sum_event": curve.n_event.sum(),
        }
        assert ours.keys() == expected.keys()
        for name, values in expected.items():
            agree(ours[name], values, r_case.tol, name)


@pytest.mark.r_method("beta_product_ci")
def test_r_beta_product(r_case, agree):
    p, d = r_case.params, r_case.columns()
    # bpcp looks for its mid-P limits with a tolerance of 1.2e-4 in probability, which moves them by up to twice as much;
    # beta_product.R goes on to 1e-14.
    tolerances = {"exact": r_case.tol, "midp": {"rel": 0, "abs": 2.5e-4}}
    assert r_case.expected.keys() == tolerances.keys()
    for conf_type, expected in (("beta-product", "exact"), ("beta-product-mid-p", "midp")):
        curve = kaplan_meier(d[p["time"]], d[p["event"]], conf_level=p["level"], conf_type=conf_type)
        at = curve.at(p["times"])
        limits = np.column_stack((at.survival, at.conf_low, at.conf_high))
        agree(limits, r_case.expected[expected], tolerances[expected])


@pytest.mark.parametrize("case", BETA_PRODUCTS, ids=lambda case: f"n={len(case['time'])}")
@pytest.mark.parametrize(("conf_type", "which"), [("beta-product", "exact"), ("beta-product-mid-p", "mid_p")])
def test_golden_beta_product(case, conf_type, which):
    at = kaplan_meier(case["time"], case["event"], conf_type=conf_type).at(case["at"])
    assert_allclose(at.conf_low, case[which]["low"], rtol=1e-9, atol=1e-9)
    assert_allclose(at.conf_high, case[which]["high"], rtol=1e-9, atol=1e-9)


@pytest.mark.r_method("median_followup_reverse_km")
def test_r_median_follow_up(r_case, agree):
    p, d = r_case.params, r_case.columns()
    median = reverse_kaplan_meier(d[p["time"]], d[p["event"]], conf_type=p["conf_type"]).quantile(0.5)
    for name, value in (("median", median.estimate), ("lower", median.conf_low), ("upper", median.conf_high)):
        agree(value, r_case.expected[name], r_case.tol, name)


@pytest.mark.r_method("rmst")
def test_r_restricted_mean_of_each_arm(r_case, agree):
    p, d = r_case.params, r_case.columns()
    for arm in (0, 1):
        rows = d[p["group"]] == arm
        mean = kaplan_meier(d[p["time"]][rows], d[p["event"]][rows], conf_level=p["level"]).rmst(p["tau"])
        ours = [mean.estimate, mean.std_error, mean.conf_low, mean.conf_high]
        agree(ours, r_case.expected[f"rmst{arm}"], r_case.tol, f"arm {arm}")


def _assert_golden(curve, expected, times, agree):
    at, quantile = curve.at(times), curve.quantile([0.25, 0.5, 0.75])
    shared = {
        "quantile": quantile.estimate,
        "quantile_low": quantile.conf_low,
        "quantile_high": quantile.conf_high,
    }
    for name, values in expected.items():
        ours = shared[name] if name in shared else getattr(at, name)
        agree(ours, values, CLOSED_FORM, name)


@pytest.mark.parametrize("conf_type", [c for c in CONF_TYPES if not c.startswith("beta-product")])
def test_golden_kaplan_meier(golden, trial36, agree, conf_type):
    curve = kaplan_meier(trial36["time"], trial36["cause"] > 0, conf_type=conf_type)
    _assert_golden(curve, golden["kaplan_meier"][conf_type], golden["times"], agree)


GOLDEN_CURVES = {
    "kaplan_meier_90": (kaplan_meier, {"conf_level": 0.9}, ()),
    "kaplan_meier_weights": (kaplan_meier, {}, ("weights",)),
    "kaplan_meier_entry": (kaplan_meier, {}, ("entry",)),
    "nelson_aalen": (nelson_aalen, {}, ()),
    "nelson_aalen_entry_weights": (nelson_aalen, {}, ("entry", "weights")),
    "reverse_kaplan_meier": (reverse_kaplan_meier, {}, ()),
}


@pytest.mark.parametrize("name", GOLDEN_CURVES)
def test_golden_other_curves(golden, trial36, agree, name):
    function, options, columns = GOLDEN_CURVES[name]
    arrays = {c: trial36["weight" if c == "weights" else c] for c in columns}
    curve = function(trial36["time"], trial36["cause"] > 0, **options, **arrays)
    _assert_golden(curve, golden[name], golden["times"], agree)


def test_golden_ties_event_at_zero_and_last_observation_an_event(golden, tied8, agree):
    curve = kaplan_meier(tied8["time"], tied8["cause"] > 0)
    _assert_golden(curve, golden["tied"]["kaplan_meier"], golden["tied"]["times"], agree)


def test_golden_quantile_where_the_limit_rises_again(golden, rising13, agree):
    curve = kaplan_meier(rising13["time"], rising13["cause"], conf_type="log")
    crossed = curve.time[curve.conf_high <= 0.75]
    assert curve.quantile(0.25).conf_high[0] > crossed[0]  # the data set does what it is here for
    _assert_golden(curve, golden["rising"]["kaplan_meier"], golden["rising"]["times"], agree)


# ------------------------------------------------------------------------------------------------- invariants

DAYS = st.lists(st.tuples(st.integers(0, 20), st.booleans()), min_size=1, max_size=30)
FIXED = settings(derandomize=True, deadline=None, max_examples=80)


def _arrays(rows):
    time, event = (np.array(column) for column in zip(*rows, strict=True))
    return time.astype(float), event.astype(int)


@FIXED
@given(DAYS, st.randoms(use_true_random=False))
def test_row_order_is_irrelevant(rows, random):
    shuffled = random.sample(rows, len(rows))
    a, b = (kaplan_meier(*_arrays(r)) for r in (rows, shuffled))
    for name in ("time", "n_risk", "survival", "std_error", "conf_low", "conf_high"):
        assert_array_equal(getattr(a, name), getattr(b, name))


@FIXED
@given(DAYS, st.sampled_from([1 / 7, 1 / 365.25, 24.0, 1e-3]))
def test_the_unit_of_time_is_irrelevant(rows, unit):
    # Whole days are counted, fractions are sorted: the two must agree.
    time, event = _arrays(rows)
    days, other = kaplan_meier(time, event), kaplan_meier(time * unit, event)
    for name in ("n_risk", "n_event", "n_censor", "survival", "std_error", "conf_low", "conf_high"):
        assert_array_equal(getattr(days, name), getattr(other, name))
    assert_allclose(days.quantile(0.5).estimate * unit, other.quantile(0.5).estimate, rtol=1e-12)
    if time.max() > 0:
        assert_allclose(
            days.rmst(time.max()).std_error * unit,
            other.rmst((time * unit).max()).std_error,
            rtol=1e-9,
            atol=1e-12,
        )


@FIXED
@given(DAYS, st.data(), st.sampled_from(CONF_TYPES))
def test_whole_weights_are_replication(rows, data, conf_type):
    time, event = _arrays(rows)
    weights = np.array(data.draw(st.lists(st.integers(1, 4), min_size=len(rows), max_size=len(rows))))
    a = kaplan_meier(time, event, weights=weights, conf_type=conf_type)
    b = kaplan_meier(np.repeat(time, weights), np.repeat(event, weights), conf_type=conf_type)
    for name in ("n_risk", "survival", "std_error", "conf_low", "conf_high", "cumulative_hazard"):
        assert_allclose(getattr(a, name), getattr(b, name), rtol=1e-12, atol=1e-13)
    assert (a.n, b.n) == (len(rows), weights.sum())


@FIXED
@given(DAYS, st.data())
def test_scaling_weights_changes_no_estimate(rows, data):
    time, event = _arrays(rows)
    weights = np.array(data.draw(st.lists(st.floats(0.01, 5), min_size=len(rows), max_size=len(rows))))
    a, b = (kaplan_meier(time, event, weights=c * weights) for c in (1.0, 0.3))
    assert_allclose(a.survival, b.survival, rtol=1e-9)
    assert_array_equal(a.survival == 0, kaplan_meier(time, event).survival == 0)


@FIXED
@given(DAYS, st.sampled_from(CONF_TYPES), st.sampled_from([0.5, 0.9, 0.95, 0.999]))
def test_limits_enclose_the_estimate(rows, conf_type, level):
    curve = kaplan_meier(*_arrays(rows), conf_type=conf_type, conf_level=level)
    at = curve.at(np.linspace(0, 25, 26))
    known = ~np.isnan(at.conf_low)
    assert_array_equal(known, ~np.isnan(at.conf_high))
    assert (at.conf_low[known] <= at.survival[known] + 1e-12).all()
    assert (at.survival[known] <= at.conf_high[known] + 1e-12).all()
    assert ((at.conf_low[known] >= 0) & (at.conf_high[known] <= 1)).all()
    if conf_type == "beta-product":
        assert known.all()


@FIXED
@given(DAYS)
def test_no_censoring_gives_the_empirical_proportion(rows):
    time, _ = _arrays(rows)
    curve = kaplan_meier(time, np.ones(time.size))
    share = np.array([(time > t).mean() for t in curve.time])
    assert_allclose(curve.survival, share, rtol=1e-12, atol=1e-13)
    binomial = np.sqrt(share * (1 - share) / time.size)
    assert_allclose(curve.std_error[share > 0], binomial[share > 0], rtol=1e-10)


@FIXED
@given(DAYS)
def test_entering_just_before_time_zero_is_no_truncation(rows):
    time, event = _arrays(rows)
    later = time + 1
    a, b = kaplan_meier(later, event), kaplan_meier(later, event, entry=np.zeros(time.size))
    for name in ("n_risk", "survival", "std_error", "conf_low"):
        assert_array_equal(getattr(a, name), getattr(b, name))


# ------------------------------------------------------------------------------------------- degenerate input


def test_no_event_at_all():
    curve = kaplan_meier([5, 8, 12], [0, 0, 0])
    assert_array_equal(curve.survival, [1, 1, 1])
    assert_array_equal(curve.std_error, [0, 0, 0])
    assert np.isnan(curve.conf_low).all()
    assert_array_equal(curve.quantile([0.25, 0.5]).estimate, [np.nan, np.nan])
    assert_allclose([curve.rmst(12).estimate, curve.rmst(12).std_error], [12, 0])


def test_event_at_time_zero_counts_everybody():
    curve = kaplan_meier([0, 0, 3, 4], [1, 0, 0, 1])
    assert_array_equal(curve.n_risk, [4, 2, 1])
    assert_allclose(curve.at([0, 3.5]).survival, [0.75, 0.75])


def test_everybody_dies_at_once():
    curve = kaplan_meier([7, 7, 7], [1, 1, 1])
    assert_array_equal(curve.survival, [0])
    assert np.isnan(curve.conf_low[0])
    assert np.isnan(curve.std_error[0])
    assert_array_equal(curve.quantile(0.5).estimate, [7])


def test_one_patient():
    assert_array_equal(kaplan_meier([4], [1]).at([3, 4]).survival, [1, 0])
    assert_array_equal(kaplan_meier([4], [0]).at([3, 4]).survival, [1, 1])


@pytest.mark.parametrize("weights", [[0.1, 0.2, 0.3], [0.7, 0.1, 0.1], [1e-9, 1, 1e9], [3, 0.1, 1e-3]])
def test_float_weights_end_at_exactly_zero_when_the_last_one_dies(weights):
    assert kaplan_meier([1, 2, 3], [1, 1, 1], weights=weights).survival[-1] == 0
    assert kaplan_meier([1, 2, 2], [1, 1, 1], weights=weights).survival[-1] == 0


def test_a_light_risk_set_before_heavy_ones_enter_is_exhausted_exactly():
    # A weight of 1e-7 alone at risk on day 1 drowns in the rounding of the weights that enter on day 2.
    curve = kaplan_meier([1, 6, 8], [1, 0, 0], entry=[0, 2, 2], weights=[1e-7, 1e9, 3e9])
    assert_array_equal(curve.n_risk[0], 1e-7)
    assert_array_equal(curve.survival, [0, 0, 0])
    assert_allclose(curve.cumulative_hazard, [1, 1, 1], rtol=1e-14)


def test_a_weight_lost_in_rounding_does_not_keep_a_risk_set_alive():
    curve = kaplan_meier([1, 1], [1, 0], weights=[1e13, 1])
    assert_array_equal(curve.survival, [0])
    assert np.isnan(curve.std_error[0])


def test_an_empty_group_gives_an_empty_curve():
    for conf_type in CONF_TYPES:
        curve = kaplan_meier([], [], conf_type=conf_type)
        at = curve.at([0, 30])
        assert (curve.n, curve.time.size) == (0, 0)
        assert_array_equal(at.n_risk, [0, 0])
        for values in (at.survival, at.std_error, at.conf_low, at.conf_high, curve.quantile(0.5).estimate):
            assert np.isnan(values).all()


def test_a_large_day_number_is_sorted_not_counted():
    curve = kaplan_meier([10.0**12, 3, 3], [1, 1, 0])
    assert_array_equal(curve.time, [3, 10.0**12])
    assert_array_equal(curve.n_risk, [3, 1])


def test_frame_has_one_row_per_time():
    curve = kaplan_meier(TEN_TIME, TEN_EVENT)
    frame = curve.to_frame()
    assert frame.height == curve.time.size
    assert frame["survival"].to_list() == curve.survival.tolist()
    assert curve.at([1, 5]).to_frame()["n_risk"].to_list() == [10, 6]


def test_result_cannot_be_changed():
    with pytest.raises(AttributeError):
        kaplan_meier([1], [1]).n = 2  # type: ignore[misc]


@pytest.mark.parametrize("tau", [0, -1, 10.5, float("nan"), float("inf")])
def test_restricted_mean_is_not_extrapolated(tau):
    with pytest.raises(InputError, match=r"tau: .*\(0, 10\]"):
        kaplan_meier(TEN_TIME, TEN_EVENT).rmst(tau)


@pytest.mark.parametrize("p", [0, 1, [0.5, 1.2], float("nan")])
def test_quantile_needs_a_probability(p):
    with pytest.raises(InputError, match=r"^p: "):
        kaplan_meier(TEN_TIME, TEN_EVENT).quantile(p)


def test_times_asked_for_must_be_times():
    with pytest.raises(InputError, match=r"^times: 1 of 2 values are negative \(positions 1"):
        kaplan_meier(TEN_TIME, TEN_EVENT).at([3, -1])


def test_beta_product_is_refused_where_it_is_not_defined():
    with pytest.raises(InputError, match="delayed entry"):
        kaplan_meier([2, 3], [1, 0], entry=[0, 1], conf_type="beta-product")
    with pytest.raises(InputError, match="'beta-product-mid-p' needs whole numbers"):
        kaplan_meier([2, 3], [1, 0], weights=[0.5, 1], conf_type="beta-product-mid-p")
    with pytest.raises(InputError, match="Nelson-Aalen"):
        nelson_aalen([2, 3], [1, 0], conf_type="beta-product")


def test_unknown_options_are_named():
    with pytest.raises(InputError, match=r"conf_type: 'loglog' is not known.*'log-log'"):
        kaplan_meier([1], [1], conf_type="loglog")
    with pytest.raises(InputError, match="conf_level: 95 is not between 0 and 1"):
        kaplan_meier([1], [1], conf_level=95)
