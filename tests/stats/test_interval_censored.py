"""Interval-censored times: by hand, against R, against Kaplan-Meier and derivatives, degenerate input."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from immrecon.errors import InputError
from immrecon.stats.competing_risks import aalen_johansen
from immrecon.stats.interval_censored import (
    interval_logrank,
    turnbull,
    turnbull_limits,
    turnbull_subdistribution,
)
from immrecon.stats.survival import kaplan_meier

INF = np.inf


def visits(rng, n, width=30.0, last=180.0):
    """Intervals between visits every `width` days, some missed; what comes after `last` is not seen."""
    event = rng.exponential(100, n)
    left, right = np.zeros(n), np.full(n, INF)
    for i in range(n):
        for day in np.arange(width, last + 1, width):
            if rng.random() < 0.3:
                continue
            if day >= event[i]:
                right[i] = day
                break
            left[i] = day
    return left, right


# ---------------------------------------------------------------------------------------------------- by hand


def test_four_patients_by_hand():
    # (0, 2], (1, 3], (4, 6], (5, inf): the intersections are (1, 2] with two of four and (5, 6] with the others.
    found = turnbull([0, 1, 4, 5], [2, 3, 6, INF])
    assert_array_equal(found.left, [1, 5])
    assert_array_equal(found.right, [2, 6])
    assert_allclose(found.mass, [0.5, 0.5], rtol=1e-9)
    assert_allclose(found.loglik, 4 * np.log(0.5), rtol=1e-12)
    at = found.at([1, 1.5, 2, 5, 5.5, 6])
    assert_allclose(at.survival_low, [1, 0.5, 0.5, 0.5, 0, 0], atol=1e-9)
    assert_allclose(at.survival_high, [1, 1, 0.5, 0.5, 0.5, 0], atol=1e-9)
    assert found.converged
    assert found.unique
    assert found.to_frame().height == 2


def test_overlap_by_hand():
    # Masses a, b, c on (0, 1], (2, 3], (4, 5]: seen once each as a, a+b, b+c, c: maximise a (a+b)(1-a) c.
    # With b = 1-a-c: log a + log(1-c) + log(1-a) + log c, maximal at a = c = 1/2, b = 0.
    found = turnbull([0, 0, 2, 4], [1, 3, 5, 5])
    assert_array_equal(found.left, [0, 4])
    assert_allclose(found.mass, [0.5, 0.5], rtol=1e-8)


def test_exact_days_are_points():
    found = turnbull([3, 1, 3], [3, 3, INF])
    # An exact day 3, one in (1, 3], one after day 3: the mass of the second lies on day 3 too.
    assert_array_equal(found.left, [3, 3])
    assert_array_equal(found.right, [3, INF])
    assert_allclose(found.mass, [2 / 3, 1 / 3], rtol=1e-9)
    at = found.at([2, 3, 100])
    assert_allclose(at.survival_high, [1, 1 / 3, 1 / 3], rtol=1e-9)
    assert_allclose(at.survival_low, [1, 1 / 3, 0], atol=1e-9)


# ------------------------------------------------------------------------------------- against R and other methods


@pytest.mark.r_method("turnbull")
def test_r_cases_turnbull(r_case, agree):
    for expected, d in r_case.groups():
        right = np.where(np.isnan(d[r_case.params["right"]]), INF, d[r_case.params["right"]])
        found = turnbull(d[r_case.params["left"]], right)
        agree(found.left, expected["left"], r_case.tol)
        agree(found.right, expected["right"], r_case.tol)
        agree(found.mass, expected["mass"], r_case.tol)
        agree(found.at(r_case.params["at"]).survival_high, expected["surv_at"], r_case.tol)
        agree(found.loglik, expected["loglik"], r_case.tol)


@pytest.mark.r_method("interval_logrank")
def test_r_cases_interval_logrank(r_case, agree):
    d, p = r_case.columns(), r_case.params
    arrays = d[p["left"]], np.where(np.isnan(d[p["right"]]), INF, d[p["right"]]), d[p["group"]]
    for theirs, ours in (("logrank1", "sun"), ("logrank2", "logrank"), ("wmw", "wilcoxon")):
        e = r_case.expected[theirs]
        permutation = interval_logrank(*arrays, scores=ours)
        agree(permutation.z, e["z_pclt"], r_case.tol)
        agree(permutation.p_value, e["p_pclt"], r_case.tol)
        score = interval_logrank(*arrays, scores=ours, method="score")
        agree(score.statistic, e["stat_score"], r_case.tol)
        agree(score.p_value, e["p_score"], r_case.tol)


def test_exact_and_right_censored_times_give_kaplan_meier(trial36):
    event = trial36["cause"] > 0
    found = turnbull(trial36["time"], np.where(event, trial36["time"], INF))
    times = [0, 28, 60, 100, 180, 365]
    assert_allclose(found.at(times).survival_high, kaplan_meier(trial36["time"], event).at(times).survival, rtol=1e-8)


def test_exact_days_with_competing_events_give_aalen_johansen(trial36):
    # Without censoring before the horizon the subdistribution is a plain share, and both estimates are equal.
    time, cause = np.minimum(trial36["time"], 300), trial36["cause"]
    whole = (cause > 0) | (time == 300)
    time, cause = time[whole], cause[whole]
    own = cause == 1
    found = turnbull_subdistribution(
        np.where(cause > 1, 0, time), np.where(own, time, INF), (cause > 1).astype(int), horizon=300
    )
    direct = aalen_johansen(time, cause, causes=[1, 2, 3]).at([60, 100, 299]).incidence[0]
    assert_allclose(1 - found.at([60, 100, 299]).survival_high, direct, rtol=1e-8)


def test_no_other_masses_are_as_likely():
    # The Kuhn-Tucker conditions by their definition: mixing in any distribution never raises the log-likelihood.
    rng = np.random.default_rng(21)
    for n in (6, 14, 36, 80):
        left, right = visits(rng, n)
        found = turnbull(left, right)
        assert found.converged
        assert found.unique
        assert_allclose(found.mass.sum(), 1, rtol=1e-12)

        def loglik(cut, weight, left=left, right=right):
            inside = (left[:, None] <= cut[0]) & (cut[1] <= right[:, None])
            return np.log(inside @ weight).sum()

        best = loglik((found.left, found.right), found.mass)
        assert_allclose(best, found.loglik, rtol=1e-12)
        edges = np.unique(np.concatenate((left, right)))
        pieces = edges[:-1], edges[1:]
        for piece in range(edges.size - 1):
            cut = tuple(np.append(own, pieces[k][piece]) for k, own in enumerate((found.left, found.right)))
            for share in (1e-4, 0.1):
                assert loglik(cut, np.append(found.mass * (1 - share), share)) <= best + 1e-9


def survival_by_model(name, mass, beta):
    """S(t | z = 1) on the grid, from the three models in words: hazards, odds, discrete logistic hazards."""
    s = np.append(1.0, 1.0 - np.cumsum(mass))
    s[-1] = 0.0
    if name == "logrank":
        return s ** np.exp(beta)
    if name == "wilcoxon":
        return s / (s + (1 - s) * np.exp(beta))
    hazard = mass / s[:-1]
    odds = np.append(hazard[:-1] / (1 - hazard[:-1]) * np.exp(beta), INF)
    return np.append(1.0, np.cumprod(1 / (1 + odds)))


@pytest.mark.parametrize("name", ["logrank", "sun", "wilcoxon"])
def test_score_test_from_numerical_derivatives(name):
    rng = np.random.default_rng(5)
    left, right = visits(rng, 40)
    group = np.repeat([0, 1], 20)
    pooled = turnbull(left, right)
    covers = (left[:, None] <= pooled.left) & (pooled.right <= right[:, None])
    size = pooled.mass.size

    def loglik(theta):
        mass = np.append(theta[1:], 1 - theta[1:].sum())
        probability = np.empty(40)
        for k in (0, 1):
            s = survival_by_model(name, mass, theta[0] * k)
            probability[group == k] = (covers[group == k] * -np.diff(s)).sum(axis=1)
        return np.log(probability).sum()

    at = np.append(0.0, pooled.mass[:-1])
    step = 1e-4 * np.eye(size)
    hessian = np.array(
        [
            [(loglik(at + a + b) - loglik(at + a - b) - loglik(at - a + b) + loglik(at - a - b)) / 4e-8 for b in step]
            for a in step
        ]
    )
    score = (loglik(at + step[0]) - loglik(at - step[0])) / 2e-4
    variance = 1 / np.linalg.inv(-hessian)[0, 0]
    ours = interval_logrank(left, right, group, scores=name, method="score")
    assert_allclose(ours.score[1], score, rtol=1e-5)
    assert_allclose(ours.statistic, score**2 / variance, rtol=1e-3)


def test_limits_of_a_plain_share_are_those_of_the_binomial_likelihood():
    # 6 of 10 still free on day 5, without censoring before: 6 log(s) + 4 log(1-s).
    left, right = [0] * 4 + [5] * 6, [5] * 4 + [INF] * 6
    found = turnbull_limits(left, right, [5])
    assert_allclose(found.survival_high, [0.6], rtol=1e-9)
    for limit in (found.conf_low[0], found.conf_high[0]):
        lost = 2 * (6 * np.log(0.6 / limit) + 4 * np.log(0.4 / (1 - limit)))
        assert_allclose(lost, 3.841458820694124, rtol=1e-7)
    # Nobody lost: only the lower limit is inside, s^10 = exp(-3.84/2).
    all_free = turnbull_limits([5] * 10, [INF] * 10, [5])
    assert_allclose([all_free.conf_low[0], all_free.conf_high[0]], [np.exp(-3.841458820694124 / 20), 1], rtol=1e-8)


def test_limits_of_exact_times_are_those_of_thomas_and_grunkemeier(trial36):
    event = trial36["cause"] > 0
    found = turnbull_limits(trial36["time"], np.where(event, trial36["time"], INF), [100])
    days = np.unique(trial36["time"][event & (trial36["time"] <= 100)])
    died = np.array([(event & (trial36["time"] == day)).sum() for day in days])
    at_risk = np.array([(trial36["time"] >= day).sum() for day in days])

    def loglik(extra):
        # Their hazards under the constraint are d / (Y + extra), one extra for all days.
        h = died / (at_risk + extra)
        return (died * np.log(h) + (at_risk - died) * np.log(1 - h)).sum(), np.prod(1 - h)

    for limit in (found.conf_low[0], found.conf_high[0]):
        low, high = float((died - at_risk).max()) + 1e-9, 1e4
        for _ in range(200):
            middle = (low + high) / 2
            low, high = (middle, high) if loglik(middle)[1] < limit else (low, middle)
        assert_allclose(2 * (loglik(0)[0] - loglik(low)[0]), 3.841458820694124, rtol=1e-6)
    assert found.conf_low[0] < found.survival_high[0] < found.conf_high[0]


def test_limits_contain_the_bounds_and_narrow_with_confidence():
    left, right = visits(np.random.default_rng(3), 14)
    wide, narrow = (turnbull_limits(left, right, [0, 45, 90, 400], conf_level=c) for c in (0.95, 0.8))
    assert (wide.conf_low <= narrow.conf_low + 1e-9).all()
    assert (narrow.conf_low <= narrow.survival_low + 1e-9).all()
    assert (narrow.survival_high <= narrow.conf_high + 1e-9).all()
    assert (narrow.conf_high <= wide.conf_high + 1e-9).all()
    assert np.isnan(turnbull_limits([], [], [3]).conf_low).all()
    assert wide.to_frame().height == 4


# -------------------------------------------------------------------------------------------------- invariants


def test_order_unit_and_group_names_change_nothing():
    rng = np.random.default_rng(9)
    left, right = visits(rng, 30)
    group = np.repeat(["adult", "child", "none"], 10)
    order = rng.permutation(30)
    whole, mixed = turnbull(left, right), turnbull(left[order] / 7, right[order] / 7)
    assert_allclose(mixed.mass, whole.mass, rtol=1e-7, atol=1e-10)
    assert_allclose(mixed.left * 7, whole.left, rtol=1e-12)
    for method in ("permutation", "score"):
        a = interval_logrank(left, right, group, method=method)
        b = interval_logrank(
            left[order], right[order], [{"adult": 3, "child": 2, "none": 1}[g] for g in group[order]], method=method
        )
        assert a.df == 2
        assert np.isnan(a.z)
        assert_allclose(a.statistic, b.statistic, rtol=1e-6)
        assert_allclose(a.score, b.score[::-1], rtol=1e-6, atol=1e-9)
        assert_allclose(a.score.sum(), 0, atol=1e-7)


def test_two_groups_change_sides_with_the_sign():
    left, right = visits(np.random.default_rng(2), 20)
    group = np.repeat([0, 1], 10)
    one, other = interval_logrank(left, right, group), interval_logrank(left, right, 1 - group)
    assert_allclose(one.z, -other.z, rtol=1e-8)
    early = interval_logrank([0] * 5 + [60] * 5, [30] * 5 + [90] * 5, [0] * 5 + [1] * 5)
    assert early.z > 0


# -------------------------------------------------------------------------------------------------- degenerate


def test_nobody_and_one_and_no_event():
    nobody = turnbull([], [])
    assert nobody.n == 0
    assert np.isnan(nobody.at([3]).survival_low).all()
    one = turnbull([5], [9])
    assert_array_equal(one.at([5, 7, 9]).survival_high, [1, 1, 0])
    none = turnbull([5, 9], [INF, INF])
    assert_array_equal(none.at([9, 100]).survival_high, [1, 1])
    assert_array_equal(none.at([9, 100]).survival_low, [1, 0])
    still = interval_logrank([5, 9], [INF, INF], [0, 1])
    assert np.isnan([still.statistic, still.p_value, still.z]).all()
    assert (still.status, still.reason) == ("not estimable", "the data put nobody's time before another's")
    assert still.to_frame().row(1) == (
        "1",
        1,
        still.score[1],
        "logrank",
        "permutation",
        None,
        1,
        None,
        "not estimable",
        still.reason,
    )
    for nothing in (interval_logrank([], [], []), interval_logrank([1, 2], [2, 3], ["a", "a"])):
        assert np.isnan(nothing.p_value)
        assert (nothing.status, nothing.reason) == ("not estimable", "fewer than two groups have participants")
        assert nothing.to_frame().height == nothing.n.size
    exact_at_zero = turnbull([0, 3], [0, 5])
    assert_allclose(exact_at_zero.at([0, 4]).survival_high, [0.5, 0.5], rtol=1e-9)


@pytest.mark.parametrize(
    ("left", "right", "message"),
    [
        ([1, np.nan], [2, 3], r"^left: 1 of 2 values are missing"),
        ([1, 2], [2, np.nan], r"^right: 1 of 2 values are missing"),
        ([1, 2], [0.5, 3], r"^right: 1 of 2 values are before left \(positions 0"),
        ([-1, 2], [1, 3], r"^left: 1 of 2 values are negative"),
        ([1, INF], [2, INF], r"^left: 1 of 2 values are missing or infinite"),
        ([1, 2], [2], r"^right: 1 values where time has 2"),
    ],
)
def test_refused_intervals(left, right, message):
    with pytest.raises(InputError, match=message):
        turnbull(left, right)


def test_refused_groups_and_competing_events():
    with pytest.raises(InputError, match=r"^scores: 'gehan' is not known"):
        interval_logrank([1, 2], [2, 3], [1, 2], scores="gehan")
    with pytest.raises(InputError, match=r"^competing: the event itself was seen too \(positions 1"):
        turnbull_subdistribution([1, 2], [INF, 3], [1, 1], horizon=10)
    with pytest.raises(InputError, match=r"^horizon: 2 is before a visit"):
        turnbull_subdistribution([1, 2], [INF, 3], [1, 0], horizon=2)
    with pytest.raises(InputError, match=r"^event: 1 of 2 values are neither 0 nor 1"):
        turnbull_subdistribution([1, 2], [INF, 3], [2, 0], horizon=5)
