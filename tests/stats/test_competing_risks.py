"""Aalen-Johansen: by hand, against R, invariants, degenerate input."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal

from immrecon.errors import InputError
from immrecon.stats.competing_risks import aalen_johansen
from immrecon.stats.survival import kaplan_meier

CLOSED_FORM = {"rel": 1e-9, "abs": 1e-12}
VARIANCES = ["infinitesimal-jackknife", "greenwood", "aalen"]
CONF_TYPES = ["log-log", "cloglog", "plain"]

# ---------------------------------------------------------------------------------------------------- by hand

# day  at risk  cause 1  cause 2  censored  S(t-)      F1                       F2
#   1     10       1        0        0      1          0.1                      0
#   2      9       0        0        1      0.9
#   3      8       1        1        0      0.9        0.1 + 0.9/8 = 0.2125     0.1125
#   5      6       0        1        0      0.675                               0.1125 + 0.675/6 = 0.225
#   6      5       0        0        1      0.5625
#   7      4       1        0        0      0.5625     0.2125 + 0.5625/4 = 0.353125
#   8      3       0        1        1      0.421875                            0.225 + 0.421875/3 = 0.365625
#  10      1       0        0        1      0.28125
TEN_TIME = [1, 2, 3, 3, 5, 6, 7, 8, 8, 10]
TEN_CAUSE = [1, 0, 1, 2, 2, 0, 1, 0, 2, 0]


def test_ten_patients_by_hand():
    curve = aalen_johansen(TEN_TIME, TEN_CAUSE, causes=[1, 2])
    assert_array_equal(curve.time, [1, 2, 3, 5, 6, 7, 8, 10])
    assert_array_equal(curve.n_risk, [10, 9, 8, 6, 5, 4, 3, 1])
    assert_array_equal(curve.n_event, [[1, 0, 1, 0, 0, 1, 0, 0], [0, 0, 1, 1, 0, 0, 1, 0]])
    assert_array_equal(curve.n_censor, [0, 1, 0, 0, 1, 0, 1, 1])
    first = [0.1, 0.1, 0.2125, 0.2125, 0.2125, 0.353125, 0.353125, 0.353125]
    second = [0, 0, 0.1125, 0.225, 0.225, 0.225, 0.365625, 0.365625]
    assert_allclose(curve.incidence, [first, second], rtol=1e-14)
    assert_allclose(curve.event_free[-1], 0.28125, rtol=1e-14)
    assert (curve.n, curve.n_events, curve.position(2)) == (10, (3, 3), 1)


def test_values_at_requested_times_by_hand():
    at = aalen_johansen(TEN_TIME, TEN_CAUSE, causes=[1, 2]).at([4, 0, 8, 99])
    assert_allclose(at.incidence, [[0.2125, 0, 0.353125, 0.353125], [0.1125, 0, 0.365625, 0.365625]], rtol=1e-14)
    assert_array_equal(at.n_event, [[2, 0, 3, 3], [1, 0, 3, 3]])
    assert_array_equal(at.n_risk, [6, 10, 3, 0])


@pytest.mark.parametrize("variance", ["infinitesimal-jackknife", "greenwood"])
def test_without_censoring_the_variance_is_binomial(variance):
    # 10 patients, all with an event, 3 of cause 1 by day 4: F = 0.3, se = sqrt(0.3 0.7 / 10) = 0.1449138.
    time, cause = [1, 2, 2, 4, 4, 5, 6, 6, 7, 8], [1, 2, 1, 1, 2, 2, 2, 1, 2, 2]
    at = aalen_johansen(time, cause, causes=[1, 2], variance=variance).at(4)
    assert_allclose([at.incidence[0, 0], at.std_error[0, 0]], [0.3, 0.1449138], rtol=1e-6)
    assert_allclose([at.incidence[1, 0], at.std_error[1, 0]], [0.2, np.sqrt(0.016)], rtol=1e-12)


# Four patients: day 1 cause 1, day 2 cause 2, day 3 censored, day 4 cause 1; F1 is 1/4, then 3/4 on day 4.
FOUR = {"time": [1, 2, 3, 4], "cause": [1, 2, 0, 1], "causes": [1, 2]}


def test_aalen_variance_by_hand():
    # Day 4, from each event S(u-)^2/Y^2 times a square: day 1 (1 - (1/2)/(3/4))^2/16 = 1/144,
    # day 2 (9/16)/9 ((1/2)/(1/2))^2 = 1/16, day 4 (1/4)/1 = 1/4; together 23/72.
    curve = aalen_johansen(**FOUR, variance="aalen")
    assert_allclose(curve.std_error[0] ** 2, [1 / 16, 1 / 16, 1 / 16, 23 / 72], rtol=1e-13)


def test_greenwood_variance_by_hand():
    # Day 4: day 1 (1/3)^2 (1/4)(3/4)/4 = 1/192, day 2 (3/4)^2 (1/3)(2/3)/3 = 1/24, day 4 nothing.
    curve = aalen_johansen(**FOUR, variance="greenwood")
    assert_allclose(curve.std_error[0] ** 2, [3 / 64, 3 / 64, 3 / 64, 3 / 64], rtol=1e-13)


def test_jackknife_is_the_sum_of_squared_derivatives_by_hand():
    # Weights w of those dying on days 1 and 2 and of two censored on day 3: F1(2) = w1/(w1+w2+w3+w4), so with
    # w = (1, 2, 1, 4), total 8: dF/dw = (7, -1, -1, -1)/64; sum of (w dF/dw)^2 = (49 + 4 + 1 + 16)/4096.
    curve = aalen_johansen([1, 2, 3, 3], [1, 2, 0, 0], causes=[1, 2], weights=[1, 2, 1, 4])
    assert_allclose(curve.at(2).incidence[0], 1 / 8, rtol=1e-14)
    assert_allclose(curve.at(2).std_error[0] ** 2, 70 / 4096, rtol=1e-13)


def test_delayed_entry_by_hand():
    # (0,2] cause 1, (0,5] censored, (2,4] cause 2, (3,6] cause 1, (4,6] censored; at risk 2, 3, 3, 2.
    # F1 = 1/2, then + (1/3)(1/2) on day 6; F2 = (1/2)(1/3) on day 4.
    # Greenwood, F2 on day 4: day 2 contributes (1/3)^2 (1/2)(1/2)/2 = 1/72, day 4 (1/4)(1/3)(2/3)/3 = 1/54.
    # Jackknife: day 2 (+-(1/3)(1/2)/2 each for two at risk); day 4 for three at risk (1/2)(1/3)(2, -1, -1)/3.
    # The censored patient is at risk both times: +1/12 - 1/18 = 1/36; the others -1/12, 1/9, and -1/18.
    time, cause, entry = [2, 5, 4, 6, 6], [1, 0, 2, 1, 0], [0, 0, 2, 3, 4]
    both = [
        aalen_johansen(time, cause, causes=[1, 2], entry=entry, variance=v)
        for v in ("greenwood", "infinitesimal-jackknife")
    ]
    for curve in both:
        assert_array_equal(curve.n_risk, [2, 3, 3, 2])
        assert_allclose(curve.incidence, [[1 / 2, 1 / 2, 1 / 2, 2 / 3], [0, 1 / 6, 1 / 6, 1 / 6]], rtol=1e-14)
        assert_array_equal(curve.risk_set_restart, [True, False, False, False])
    assert_allclose(both[0].at(4).std_error[1] ** 2, 1 / 72 + 1 / 54, rtol=1e-13)
    assert_allclose(both[1].at(4).std_error[1] ** 2, (1 + 9 + 16 + 4) / 36**2, rtol=1e-13)


def test_aalen_variance_with_delayed_entry_by_hand():
    # The same patients, F2 on day 4: day 2 (1/6)^2/(1/2)^2 / 4 = 1/36, day 4 (1/2)^2/9 = 1/36.
    curve = aalen_johansen([2, 5, 4, 6, 6], [1, 0, 2, 1, 0], causes=[1, 2], entry=[0, 0, 2, 3, 4], variance="aalen")
    assert_allclose(curve.at(4).std_error[1] ** 2, 2 / 36, rtol=1e-13)


@pytest.mark.parametrize("conf_type", CONF_TYPES)
@pytest.mark.parametrize("variance", VARIANCES)
def test_exact_bound_before_the_first_event(conf_type, variance):
    # 14 patients, 4 competing events, 10 still at risk on day 100: (1 - p)^14 = 0.025 gives 23 %, not 31 %.
    time, cause = [10, 20, 20, 30, *[100] * 10], [2] * 4 + [0] * 10
    curve = aalen_johansen(time, cause, causes=[1, 2], conf_type=conf_type, variance=variance)
    at = curve.at([100, 25, 0])
    assert_array_equal(at.incidence[0], [0, 0, 0])
    assert_array_equal(at.conf_low[0], [0, 0, 0])
    assert_allclose(at.conf_high[0], [0.2316, 0.2316, 0.2316], atol=5e-5)
    assert_array_equal(at.bound_exact, [[True, True, True], [False, False, True]])
    assert_array_equal(curve.bound_exact[0], [True, True, True, True])
    assert_array_equal(curve.conf_high[0], np.repeat(at.conf_high[0, 0], 4))


def test_exact_bound_counts_those_at_risk_and_earlier_competing_events():
    # Day 50: of 6, one was censored on day 5 and one had a competing event on day 9, so m = 4 + 1;
    # after day 50 nobody is at risk and only the competing event informs; level 90 %: 1 - 0.05^(1/m).
    curve = aalen_johansen([5, 9, 50, 50, 50, 50], [0, 2, 0, 0, 0, 0], causes=[1, 2], conf_level=0.9)
    assert_allclose(curve.at([5, 9, 50, 51]).conf_high[0], [0.3930, 0.4507, 0.4507, 0.95], atol=5e-5)


def test_no_exact_bound_when_nobody_is_left_to_count():
    at = aalen_johansen([5, 5], [0, 0], causes=[1, 2]).at([5, 6])
    assert_allclose(at.conf_high[0], [0.8419, np.nan], atol=5e-5)
    assert_array_equal(at.bound_exact[0], [True, False])
    assert np.isnan(at.conf_low[0, 1])


# -------------------------------------------------------------------------------------------------- against R


@pytest.mark.r_method("aalen_johansen")
def test_r_aalen_johansen(r_case, agree):
    p = r_case.params
    causes = [int(c) for c in p["causes"]]
    for expected, d in r_case.groups():
        options = {"causes": causes, "conf_level": p["level"], **r_case.options(d)}
        time, cause = d[p["time"]], d[p["status"]]
        jackknife = aalen_johansen(time, cause, **options).at(p["times"])
        states = expected["survfit"]
        agree(np.vstack((jackknife.event_free, jackknife.incidence)).T, states["pstate"], r_case.tol, "pstate")
        se = np.vstack((jackknife.event_free_std_error, jackknife.std_error)).T
        agree(se, states["se_ij"], r_case.tol, "se_ij")
        if "etm" in expected:
            _agree_with_etm(time, cause, options, p["times"], expected["etm"], r_case.tol, agree)
        if "cuminc" in expected:
            _agree_with_cuminc(time, cause, options, p["times"], expected["cuminc"], r_case.tol, agree)


def _agree_with_etm(time, cause, options, times, expected, tol, agree):
    for scale in ("loglog", "cloglog"):
        conf_type = "log-log" if scale == "loglog" else scale
        at = aalen_johansen(time, cause, **options, variance="greenwood", conf_type=conf_type).at(times)
        for k, code in enumerate(options["causes"]):
            r = expected[str(code)]
            agree(at.incidence[k], r["cif"], tol, "cif")
            agree(at.std_error[k] ** 2, r["var"], tol, "var")
            # Before the first event R has no interval (NA, or 0 to 0): there we give the exact bound.
            exact = at.bound_exact[k]
            none = np.array(r[f"lower_{scale}"], dtype=float)[exact]
            assert (np.isnan(none) | (none == 0)).all()
            for limit, side in ((at.conf_low[k], "lower"), (at.conf_high[k], "upper")):
                agree(limit[~exact], np.array(r[f"{side}_{scale}"], dtype=float)[~exact], tol, f"{side} {scale}")


def _agree_with_cuminc(time, cause, options, times, expected, tol, agree):
    at = aalen_johansen(time, cause, **options, variance="aalen").at(times)
    followed = np.asarray(times) <= np.max(time)  # beyond follow-up cmprsk says NA where survfit carries on
    assert expected["names"] == [f"1 {c}" for c in options["causes"]]
    for k in range(len(options["causes"])):
        est, var = (np.array(expected[name][k], dtype=float) for name in ("est", "var"))
        assert_array_equal(np.isnan(est), ~followed)
        agree(at.incidence[k][followed], est[followed], tol, "cuminc est")
        agree(at.std_error[k][followed] ** 2, var[followed], tol, "cuminc var")


@pytest.mark.parametrize("columns", [(), ("weights",), ("entry",), ("entry", "weights")])
def test_golden_jackknife(golden, trial36, agree, columns):
    arrays = {c: trial36["weight" if c == "weights" else c] for c in columns}
    at = aalen_johansen(trial36["time"], trial36["cause"], causes=[1, 2, 3], **arrays).at(golden["times"])
    r = golden["_".join(("jackknife", *columns))]
    agree(np.vstack((at.event_free, at.incidence)).T, r["probability"], CLOSED_FORM)
    agree(np.vstack((at.event_free_std_error, at.std_error)).T, r["std_error"], CLOSED_FORM)


def test_golden_gray_variance(golden, trial36, agree):
    r = golden["gray"]
    at = aalen_johansen(trial36["time"], trial36["cause"], causes=[1, 2, 3], variance="aalen").at(r["times"])
    agree(at.incidence, r["incidence"], CLOSED_FORM)
    agree(at.std_error**2, r["variance"], CLOSED_FORM)


def test_golden_greenwood_variance_with_delayed_entry(golden, trial36, agree):
    curve = aalen_johansen(
        trial36["time"], trial36["cause"], causes=[1, 2, 3], entry=trial36["entry"], variance="greenwood"
    )
    at, r = curve.at(golden["times"]), golden["greenwood_entry"]
    agree(at.incidence, r["incidence"], CLOSED_FORM)
    agree(at.std_error**2, r["variance"], CLOSED_FORM)


def test_golden_ties_event_at_zero_and_last_observation_an_event(golden, tied8, agree):
    r = golden["tied"]
    at = aalen_johansen(tied8["time"], tied8["cause"], causes=[1, 2]).at(r["times"])
    agree(np.vstack((at.event_free, at.incidence)).T, r["jackknife"]["probability"], CLOSED_FORM)
    agree(np.vstack((at.event_free_std_error, at.std_error)).T, r["jackknife"]["std_error"], CLOSED_FORM)
    gray = aalen_johansen(tied8["time"], tied8["cause"], causes=[1, 2], variance="aalen").at(r["gray"]["times"])
    agree(gray.incidence, r["gray"]["incidence"], CLOSED_FORM)
    agree(gray.std_error**2, r["gray"]["variance"], CLOSED_FORM)


# ------------------------------------------------------------------------------------------------- invariants

ROWS = st.lists(st.tuples(st.integers(0, 15), st.integers(0, 3), st.integers(1, 10)), min_size=1, max_size=30)
FIXED = settings(derandomize=True, deadline=None, max_examples=80)
ARRAYS = ("time", "n_risk", "event_free", "incidence", "std_error", "conf_low", "conf_high", "bound_exact")


def _arrays(rows):
    """Time, cause, and an entry before the time."""
    time, cause, before = (np.array(column) for column in zip(*rows, strict=True))
    return time + 1.0, cause, np.maximum(time + 1.0 - before, 0)


@FIXED
@given(ROWS, st.booleans(), st.sampled_from(VARIANCES))
def test_probabilities_sum_to_one(rows, delayed, variance):
    time, cause, entry = _arrays(rows)
    curve = aalen_johansen(time, cause, causes=[1, 2, 3], entry=entry if delayed else None, variance=variance)
    assert_allclose(curve.event_free + curve.incidence.sum(axis=0), 1, rtol=1e-12)
    assert (np.diff(curve.incidence, axis=1) >= 0).all()


@FIXED
@given(ROWS, st.booleans())
def test_without_competing_events_incidence_is_one_minus_kaplan_meier(rows, delayed):
    time, cause, entry = _arrays(rows)
    event, late = (cause > 0).astype(int), entry if delayed else None
    curve = aalen_johansen(time, event, causes=[1], entry=late, variance="greenwood")
    km = kaplan_meier(time, event, entry=late)
    assert_allclose(curve.incidence[0], 1 - km.survival, rtol=0, atol=1e-12)
    alive = km.survival > 0
    assert_allclose(curve.std_error[0][alive], km.std_error[alive], rtol=1e-7, atol=1e-9)


@FIXED
@given(ROWS)
def test_merging_causes_adds_their_incidence(rows):
    time, cause, _ = _arrays(rows)
    apart = aalen_johansen(time, cause, causes=[1, 2, 3])
    merged = aalen_johansen(time, np.where(cause == 3, 2, cause), causes=[1, 2])
    assert_allclose(merged.incidence[0], apart.incidence[0], atol=1e-14)
    assert_allclose(merged.incidence[1], apart.incidence[1] + apart.incidence[2], atol=1e-14)
    assert_allclose(merged.std_error[0], apart.std_error[0], atol=1e-9)


@FIXED
@given(ROWS, st.randoms(use_true_random=False), st.sampled_from(VARIANCES))
def test_row_order_is_irrelevant(rows, random, variance):
    shuffled = random.sample(rows, len(rows))
    curves = []
    for r in (rows, shuffled):
        time, cause, entry = _arrays(r)
        curves.append(aalen_johansen(time, cause, causes=[1, 2, 3], entry=entry, variance=variance))
    for name in ARRAYS:
        assert_allclose(getattr(curves[0], name), getattr(curves[1], name), rtol=1e-9, atol=1e-10)


@FIXED
@given(ROWS, st.sampled_from([1 / 7, 1 / 365.25, 24.0]), st.booleans())
def test_the_unit_of_time_is_irrelevant(rows, unit, delayed):
    time, cause, entry = _arrays(rows)
    days, other = (
        aalen_johansen(time * u, cause, causes=[1, 2, 3], entry=entry * u if delayed else None) for u in (1.0, unit)
    )
    for name in ARRAYS[1:]:
        assert_allclose(getattr(days, name), getattr(other, name), rtol=1e-12, atol=1e-12)


@FIXED
@given(ROWS, st.data())
def test_whole_weights_are_replication(rows, data):
    time, cause, _ = _arrays(rows)
    weights = np.array(data.draw(st.lists(st.integers(1, 4), min_size=len(rows), max_size=len(rows))))
    a = aalen_johansen(time, cause, causes=[1, 2, 3], weights=weights, variance="greenwood")
    b = aalen_johansen(np.repeat(time, weights), np.repeat(cause, weights), causes=[1, 2, 3], variance="greenwood")
    for name in ("n_risk", "event_free", "incidence"):
        assert_allclose(getattr(a, name), getattr(b, name), rtol=1e-12, atol=1e-13)
    assert_allclose(a.std_error, b.std_error, rtol=1e-7, atol=1e-9)
    happened = ~b.bound_exact  # the exact bound is for counted, not for weighted, participants
    assert_allclose(a.conf_high[happened], b.conf_high[happened], rtol=1e-7, atol=1e-9)


@FIXED
@given(ROWS)
def test_jackknife_with_equal_weights_is_greenwood_without_delayed_entry(rows):
    # Two routes: squared influences summed over participants, and the closed form over times.
    time, cause, _ = _arrays(rows)
    people = aalen_johansen(time, cause, causes=[1, 2, 3], weights=np.full(time.size, 0.7))
    times = aalen_johansen(time, cause, causes=[1, 2, 3], variance="greenwood")
    assert_allclose(people.std_error, times.std_error, rtol=1e-7, atol=2e-8)
    assert_allclose(people.event_free_std_error, times.event_free_std_error, rtol=1e-7, atol=2e-8)


@FIXED
@given(ROWS, st.sampled_from(CONF_TYPES), st.sampled_from(VARIANCES), st.sampled_from([0.5, 0.95, 0.999]))
def test_limits_enclose_the_estimate(rows, conf_type, variance, level):
    time, cause, _ = _arrays(rows)
    curve = aalen_johansen(time, cause, causes=[1, 2, 3], conf_type=conf_type, variance=variance, conf_level=level)
    at = curve.at(np.linspace(0, 20, 41))
    known = ~np.isnan(at.conf_low)
    assert_array_equal(known, ~np.isnan(at.conf_high))
    assert (at.conf_low[known] <= at.incidence[known] + 1e-12).all()
    assert (at.incidence[known] <= at.conf_high[known] + 1e-12).all()
    assert ((at.conf_low[known] >= 0) & (at.conf_high[known] <= 1)).all()
    assert (at.incidence[at.bound_exact] == 0).all()


# ------------------------------------------------------------------------------------------- degenerate input


def test_nothing_happened():
    curve = aalen_johansen([5, 8], [0, 0], causes=[1, 2])
    assert_array_equal(curve.incidence, np.zeros((2, 2)))
    assert_array_equal(curve.std_error, np.zeros((2, 2)))
    assert_array_equal(curve.event_free, [1, 1])
    assert curve.bound_exact.all()


def test_a_cause_without_events_has_its_row():
    curve = aalen_johansen([5, 8, 9], [7, 0, 7], causes=[3, 7])
    assert curve.n_events == (0, 2)
    assert_array_equal(curve.incidence[curve.position(3)], [0, 0, 0])
    assert_allclose(curve.incidence[curve.position(7)], [1 / 3, 1 / 3, 1], rtol=1e-14)


def test_event_at_time_zero_counts_everybody():
    at = aalen_johansen([0, 0, 3, 4], [1, 2, 0, 1], causes=[1, 2]).at([0, 4])
    assert_allclose(at.incidence, [[0.25, 0.75], [0.25, 0.25]], rtol=1e-14)
    assert_array_equal(at.n_risk, [4, 1])


@pytest.mark.parametrize("conf_type", CONF_TYPES)
def test_certainty_is_no_interval(conf_type):
    # Everybody had the event: F is exactly 1 and no limits are claimed, with or without weights and entry.
    time, cause = [3, 7, 11, 13, 13], [1, 1, 1, 1, 1]
    for options in ({}, {"weights": [0.3, 0.7, 0.1, 1.1, 0.9]}, {"entry": [0, 1, 2, 0, 3]}):
        at = aalen_johansen(time, cause, causes=[1, 2], conf_type=conf_type, **options).at(13)
        assert_array_equal([at.incidence[0, 0], at.event_free[0], at.std_error[0, 0]], [1, 0, 0])
        assert np.isnan([at.conf_low[0, 0], at.conf_high[0, 0]]).all()


def test_certainty_has_no_rounding_error():
    curve = aalen_johansen([20, 5, 7, 21], [1] * 4, causes=[1, 2], entry=[16, 3, 6, 7], weights=[2.4, 0.7, 1.3, 2.4])
    assert_array_equal(curve.incidence[0], [1, 1, 1, 1])
    assert_array_equal(curve.std_error, np.zeros((2, 4)))


def test_all_tied_at_one_time():
    curve = aalen_johansen([30] * 6, [1, 1, 2, 0, 0, 0], causes=[1, 2])
    assert_allclose(curve.incidence[:, 0], [2 / 6, 1 / 6], rtol=1e-14)
    assert_allclose(curve.std_error[:, 0] ** 2, [2 * 4 / 6**3, 5 / 6**3], rtol=1e-12)


def test_emptied_risk_set_under_delayed_entry_stops_the_estimate():
    # The only one at risk has event 1 before the others enter: S = 0, so nothing more can be added.
    curve = aalen_johansen([1, 6, 8], [1, 2, 0], causes=[1, 2], entry=[0, 2, 2])
    assert_array_equal(curve.incidence, [[1, 1, 1], [0, 0, 0]])
    assert_array_equal(curve.event_free, [0, 0, 0])
    assert_array_equal(curve.std_error, np.zeros((2, 3)))
    assert_array_equal(curve.risk_set_restart, [True, False, False])


def test_no_exact_bound_with_weights_or_delayed_entry():
    for options in ({"weights": [1, 2]}, {"entry": [1, 2]}):
        at = aalen_johansen([5, 8], [0, 2], causes=[1, 2], **options).at(8)
        assert np.isnan([at.conf_low[0, 0], at.conf_high[0, 0]]).all()
        assert not at.bound_exact.any()


def test_an_empty_group_gives_an_empty_curve():
    curve = aalen_johansen([], [], causes=[1, 2])
    at = curve.at([0, 30])
    assert (curve.n, curve.incidence.shape, curve.n_events) == (0, (2, 0), (0, 0))
    assert_array_equal(at.n_risk, [0, 0])
    for values in (at.incidence, at.std_error, at.event_free, at.conf_low, at.conf_high):
        assert np.isnan(values).all()


def test_frame_has_one_row_per_cause_and_time():
    curve = aalen_johansen(TEN_TIME, TEN_CAUSE, causes=[1, 2])
    frame = curve.to_frame()
    assert frame.height == 2 * curve.time.size
    second = frame.filter(frame["cause"] == 2)
    assert second["incidence"].to_list() == curve.incidence[1].tolist()
    assert second["n_risk"].to_list() == curve.n_risk.tolist()
    assert curve.at([1, 5]).to_frame()["n_event"].to_list() == [1, 2, 0, 2]


def test_codes_must_be_declared():
    with pytest.raises(
        InputError, match=r"^cause: 2 of 4 values are not 0 or in causes=\[1, 2\] \(3, 9\) \(positions 1, 3"
    ):
        aalen_johansen([1, 2, 3, 4], [1, 9, 0, 3], causes=[1, 2])
    with pytest.raises(InputError, match="causes: 0 means censored"):
        aalen_johansen([1], [1], causes=[0, 1])
    with pytest.raises(InputError, match=r"causes: .*twice"):
        aalen_johansen([1], [1], causes=[1, 1])
    with pytest.raises(InputError, match="not a sequence of integer codes"):
        aalen_johansen([1], [1], causes=[])
    with pytest.raises(InputError, match="not in causes"):
        aalen_johansen([1], [1], causes=[1]).position(2)


def test_aalen_variance_has_no_weighted_form():
    with pytest.raises(InputError, match="variance: 'aalen'"):
        aalen_johansen([1, 2], [1, 2], causes=[1, 2], weights=[1, 2], variance="aalen")


def test_unknown_options_are_named():
    with pytest.raises(InputError, match=r"variance: 'gray' is not known.*'aalen'"):
        aalen_johansen([1], [1], causes=[1], variance="gray")
    with pytest.raises(InputError, match=r"conf_type: 'logit' is not known.*'cloglog'"):
        aalen_johansen([1], [1], causes=[1], conf_type="logit")
