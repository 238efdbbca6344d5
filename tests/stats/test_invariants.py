"""What no statistic may depend on (row order, unit of time, names of groups, cutting of follow-up), and what all obey.

Weights and late entry throughout. Invariants of one function alone stand in that function's own file.
"""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal

from immrecon.stats.comparison import hodges_lehmann, logrank_permutation_test, logrank_test, one_sample_logrank
from immrecon.stats.competing_risks import aalen_johansen, fine_gray, gray_permutation_test, gray_test
from immrecon.stats.interval_censored import interval_logrank, turnbull
from immrecon.stats.recurrent import incidence_rate, mean_cumulative_function, rate_ratio
from immrecon.stats.regression import concordance, cox, firth_cox, proportional_hazards_test
from immrecon.stats.survival import kaplan_meier, nelson_aalen, reverse_kaplan_meier, rmst_difference

FIXED = settings(derandomize=True, deadline=None, max_examples=50)
FEW = settings(derandomize=True, deadline=None, max_examples=20)
# Day left, days before it that the participant entered, cause, weight, covariate and group.
PERSON = st.tuples(
    st.integers(1, 12), st.integers(1, 12), st.integers(0, 2), st.sampled_from([0.5, 1.0, 2.0]), st.integers(0, 3)
)
PEOPLE = st.lists(PERSON, min_size=3, max_size=16)
UNITS = st.sampled_from([1 / 7, 1 / 365.25, 24.0])
ORDERS = st.randoms(use_true_random=False)
CURVE = ("n_risk", "n_event", "survival", "std_error", "conf_low", "conf_high", "cumulative_hazard")
INCIDENCE = ("n_risk", "event_free", "incidence", "std_error", "conf_low", "conf_high", "bound_exact")
FIT = ("coefficient", "std_error", "model_std_error", "conf_low", "conf_high", "p_value", "loglik", "loglik_null")


class People:
    def __init__(self, rows, unit=1.0):
        day, before, self.cause, self.weight, self.x = (np.array(c) for c in zip(*rows, strict=True))
        self.time, self.entry = day * unit, np.maximum(day - before, 0) * unit
        self.event = (self.cause > 0).astype(int)
        self.group = np.array(["adult", "child"])[self.x % 2]

    @property
    def observed(self):
        return {"entry": self.entry, "weights": self.weight}


def same(a, b, names, rtol=1e-9, atol=1e-10):
    for name in names:
        assert_allclose(getattr(a, name), getattr(b, name), rtol=rtol, atol=atol, equal_nan=True, err_msg=name)


def same_fit(a, b):
    assert (a.status, a.coefficient_status) == (b.status, b.coefficient_status)
    same(a, b, FIT, rtol=1e-6, atol=1e-7)


# ---------------------------------------------------------------------------------- row order and unit of time


def answers(p):
    """Every estimate of regressions, recurrent events and interval censoring that has no unit."""
    subject = np.arange(p.time.size)
    mcf = mean_cumulative_function(p.time, p.event, subject=subject, entry=p.entry, terminal=(p.cause == 0).astype(int))
    with_means = mcf.at(p.time.max())
    interval = turnbull(p.entry, p.time)
    return {
        "mcf": [with_means.estimate, with_means.std_error],
        "turnbull": [interval.loglik],
        "interval log-rank": [interval_logrank(p.entry, p.time, p.group).statistic],
        "log-rank": [logrank_test(p.time, p.event, p.group, entry=p.entry).statistic],
        "concordance": [concordance(p.time, p.event, p.x, **p.observed).estimate],
        "proportional": proportional_hazards_test(p.time, p.event, p.x, **p.observed).statistic,
    }


@FEW
@given(PEOPLE, ORDERS, UNITS)
def test_row_order_and_unit_of_time_do_not_matter(rows, random, unit):
    a = People(rows)
    for b in (People(random.sample(rows, len(rows))), People(rows, unit)):
        theirs = answers(b)
        for name, values in answers(a).items():
            assert_allclose(np.ravel(theirs[name]), np.ravel(values), rtol=1e-6, atol=1e-8, err_msg=name)
        for fit in (cox, firth_cox):
            same_fit(*(fit(p.time, p.event, p.x, **p.observed) for p in (a, b)))
        same_fit(*(fine_gray(p.time, p.cause, p.x, of_interest=1) for p in (a, b)))
        for function in (kaplan_meier, nelson_aalen, reverse_kaplan_meier):
            same(*(function(p.time, p.event, **p.observed) for p in (a, b)), CURVE)
        same(*(aalen_johansen(p.time, p.cause, causes=[1, 2], **p.observed) for p in (a, b)), INCIDENCE, atol=1e-8)


# ------------------------------------------------------------------------------------------- names of groups


@FEW
@given(PEOPLE)
def test_other_names_in_the_other_order_change_nothing_but_the_sign(rows):
    p = People(rows)
    turned = np.where(p.group == "adult", 7, 3)
    tests = {
        "log-rank": lambda g: logrank_test(p.time, p.event, g, entry=p.entry),
        "Gray": lambda g: gray_test(p.time, p.cause, g),
        "interval": lambda g: interval_logrank(p.entry, p.time, g),
        "permuted log-rank": lambda g: logrank_permutation_test(p.time, p.event, g),
        "permuted Gray": lambda g: gray_permutation_test(p.time, p.cause, g, n_resamples=49, seed=1),
    }
    if len(rows) > 9:
        del tests["permuted Gray"]  # drawn, not listed: other names are another drawing
    for name, test in tests.items():
        a, b = test(p.group), test(turned)
        assert_allclose(a.p_value, b.p_value, rtol=1e-8, equal_nan=True, err_msg=name)
        assert_array_equal(a.n, b.n[::-1])
        if "permuted" not in name:
            assert_allclose(a.statistic, b.statistic, rtol=1e-8, atol=1e-12, equal_nan=True, err_msg=name)
    if len(set(p.group)) == 2:
        tau = min(p.time[p.group == g].max() for g in ("adult", "child"))
        a, b = (rmst_difference(p.time, p.event, g, tau=tau) for g in (p.group, turned))
        assert_allclose(a.difference.estimate, -b.difference.estimate, rtol=1e-9, atol=1e-12)
        assert_allclose(a.difference.conf_low, -b.difference.conf_high, rtol=1e-9, atol=1e-12, equal_nan=True)
    for fit in (cox, firth_cox):
        a, b = (fit(p.time, p.event, x, entry=p.entry) for x in (p.group == "adult", p.group == "child"))
        assert_allclose(a.coefficient, -b.coefficient, rtol=1e-6, atol=1e-7, equal_nan=True)
        assert_allclose(a.conf_low, -b.conf_high, rtol=1e-6, atol=1e-6, equal_nan=True)


# -------------------------------------------------------------------------------------- cutting of follow-up


@FIXED
@given(PEOPLE, st.data())
def test_cutting_follow_up_into_rows_changes_nothing(rows, data):
    # (start, stop] becomes (start, cut] without an event and (cut, stop] with the old ending.
    p = People(rows)
    cut = np.array([data.draw(st.integers(int(a), int(b))) for a, b in zip(p.entry, p.time, strict=True)], dtype=float)
    two = (cut > p.entry) & (cut < p.time)
    subject = np.append(np.arange(p.time.size), np.flatnonzero(two))

    def both(first, second):
        return np.append(first, second[two])

    entry, time = both(np.where(two, cut, p.entry), p.entry), both(p.time, cut)
    event, cause = both(p.event, 0 * p.event), both(p.cause, 0 * p.cause)
    weight, x, group = both(p.weight, p.weight), both(p.x, p.x), both(p.group, p.group)
    rows_of = {"entry": entry, "weights": weight}
    at = np.unique(p.time)
    for function in (kaplan_meier, nelson_aalen):
        whole, parts = function(p.time, p.event, **p.observed), function(time, event, **rows_of)
        happened = at[whole.at(at).n_event > 0]
        same(whole.at(happened), parts.at(happened), CURVE)
        assert_allclose(whole.rmst(at[-1]).std_error, parts.rmst(at[-1]).std_error, rtol=1e-9, atol=1e-12)
    for variance in ("greenwood", "aalen"):
        options = [p.observed, rows_of] if variance == "greenwood" else [{"entry": p.entry}, {"entry": entry}]
        whole = aalen_johansen(p.time, p.cause, causes=[1, 2], variance=variance, **options[0])
        parts = aalen_johansen(time, cause, causes=[1, 2], variance=variance, **options[1])
        same(whole.at(at), parts.at(at), INCIDENCE, atol=1e-8)
    for fit in (cox, firth_cox):
        same_fit(fit(p.time, p.event, p.x, **p.observed), fit(time, event, x, subject=subject, **rows_of))
    robust = [
        cox(p.time, p.event, p.x, cluster=np.arange(p.time.size), **p.observed),
        cox(time, event, x, cluster=subject, **rows_of),
    ]
    same_fit(*robust)
    mean = [
        mean_cumulative_function(p.time, p.event, subject=np.arange(p.time.size), entry=p.entry),
        mean_cumulative_function(time, event, subject=subject, entry=entry),
    ]
    same(*(m.at(at) for m in mean), ("n_event", "estimate", "std_error", "conf_low", "conf_high"))
    hazard = [
        one_sample_logrank(t, e, lambda u: u / 20, entry=s)
        for t, e, s in ((p.time, p.event, p.entry), (time, event, entry))
    ]
    same(*hazard, ("observed", "expected", "statistic", "conf_low", "conf_high"))
    same(
        logrank_test(p.time, p.event, p.group, entry=p.entry),
        logrank_test(time, event, group, entry=entry),
        ("observed", "expected", "variance", "statistic"),
    )
    subjects = [
        concordance(p.time, p.event, p.x, **p.observed).estimate,
        concordance(time, event, x, **rows_of).estimate,
    ]
    assert_allclose(*subjects, rtol=1e-9, equal_nan=True)


# --------------------------------------------------------------------------------- order of limits, monotone curves


def ordered(low, estimate, high):
    low, estimate, high = (np.ravel(v) for v in (low, estimate, high))
    known = ~(np.isnan(low) | np.isnan(estimate) | np.isnan(high))
    assert (low[known] <= estimate[known] + 1e-9).all()
    assert (estimate[known] <= high[known] + 1e-9).all()


@FIXED
@given(
    PEOPLE,
    st.sampled_from(["log-log", "log", "plain", "logit", "arcsin"]),
    st.sampled_from(["log-log", "cloglog", "plain"]),
)
def test_curves_fall_or_rise_and_limits_enclose(rows, of_survival, of_incidence):
    p = People(rows)
    curve = kaplan_meier(p.time, p.event, conf_type=of_survival, **p.observed)
    assert (np.diff(curve.survival, prepend=1.0) <= 0).all()
    assert (np.diff(curve.cumulative_hazard, prepend=0.0) >= 0).all()
    ordered(curve.conf_low, curve.survival, curve.conf_high)
    plain = kaplan_meier(p.time, p.event, conf_type="beta-product")
    ordered(plain.conf_low, plain.survival, plain.conf_high)
    assert (np.diff(plain.conf_low) <= 1e-12).all()
    assert (np.diff(plain.conf_high) <= 1e-12).all()
    for q in (plain.quantile([0.25, 0.5, 0.75]), kaplan_meier(p.time, p.event).quantile([0.25, 0.5, 0.75])):
        ordered(q.conf_low, q.estimate, q.conf_high)
    mean = plain.rmst(p.time.max())
    assert 0 <= mean.estimate <= p.time.max()
    ordered(mean.conf_low, mean.estimate, mean.conf_high)
    cif = aalen_johansen(p.time, p.cause, causes=[1, 2], conf_type=of_incidence, **p.observed)
    assert (np.diff(cif.incidence, axis=1, prepend=0.0) >= 0).all()
    assert (np.diff(cif.event_free, prepend=1.0) <= 0).all()
    assert_allclose(cif.event_free + cif.incidence.sum(axis=0), 1, rtol=1e-12)
    ordered(cif.conf_low, cif.incidence, cif.conf_high)
    mcf = mean_cumulative_function(
        p.time, p.event, subject=np.arange(p.time.size), entry=p.entry, terminal=(p.cause == 2).astype(int)
    )
    assert (np.diff(mcf.estimate, prepend=0.0) >= 0).all()
    ordered(mcf.conf_low, mcf.estimate, mcf.conf_high)


@FEW
@given(PEOPLE)
def test_limits_of_effects_enclose(rows):
    p = People(rows)
    for fit in (
        cox(p.time, p.event, p.x, entry=p.entry),
        cox(p.time, p.event, p.x, entry=p.entry, conf_type="profile"),
        firth_cox(p.time, p.event, p.x, entry=p.entry),
        fine_gray(p.time, p.cause, p.x, of_interest=1),
    ):
        ordered(fit.conf_low, fit.coefficient, fit.conf_high)
    x, y = p.time[p.group == "adult"], p.time[p.group == "child"]
    shift = hodges_lehmann(x, y)
    ordered(shift.conf_low, shift.estimate, shift.conf_high)
    rate, ratio = incidence_rate(p.event, p.time), rate_ratio(p.event, p.time, p.event[::-1], p.time)
    for r in (rate, ratio):
        ordered(r.conf_low, r.estimate, r.conf_high)


@pytest.mark.parametrize("seed", range(3))
def test_profile_limits_lie_where_firth_says(seed):
    rng = np.random.default_rng(seed)
    time, event, x = rng.integers(1, 9, 14), rng.integers(0, 2, 14), rng.integers(0, 2, 14)
    wide, narrow = (firth_cox(time, event, x, conf_level=level) for level in (0.99, 0.5))
    assert wide.conf_low[0] < narrow.conf_low[0] < narrow.coefficient[0] < narrow.conf_high[0] < wide.conf_high[0]
