"""Stopping boundaries, two-stage designs and alpha spending: by hand, against R, invariants, input that cannot be."""

import itertools
from typing import Any

import numpy as np
import pytest
from numpy.testing import assert_allclose

from immrecon.errors import InputError
from immrecon.stats.monitoring import (
    alpha_spending,
    beta_binomial_boundary,
    operating_characteristics,
    pocock_boundary,
    predictive_probability,
    simon_two_stage,
)

# ---- by hand --------------------------------------------------------------------------------------------------------


def test_two_looks_by_hand() -> None:
    # Stop at 2 of 2, or at 2 of 3: paths 11; 101, 011; p = 1/2 gives 1/4 + 2/8.
    found = operating_characteristics([2, 3], [2, 2], 0.5)
    assert found.p_stop[0] == pytest.approx(0.5)
    assert found.p_stop_early[0] == pytest.approx(0.25)
    assert found.expected_n[0] == pytest.approx(0.25 * 2 + 0.75 * 3)


def test_every_path_counted_one_by_one() -> None:
    looks, bound, p = [2, 5, 8], [2, 3, 5], 0.3
    stop = expected = 0.0
    for path in itertools.product((0, 1), repeat=8):
        weight = np.prod([p if x else 1 - p for x in path])
        crossed = [n for n, b in zip(looks, bound, strict=True) if sum(path[:n]) >= b]
        stop += weight * bool(crossed)
        expected += weight * (crossed[0] if crossed else 8)
    found = operating_characteristics(looks, bound, [0.1, p])
    assert_allclose([found.p_stop[1], found.expected_n[1]], [stop, expected], rtol=1e-13)


def test_a_single_look_is_one_binomial_test() -> None:
    found = pocock_boundary(0.2, looks=[10], alpha=0.05)
    # P(X >= 5) = 0.0328, P(X >= 4) = 0.1209
    assert found.events.tolist() == [5]
    assert found.false_stop == pytest.approx(0.0327934976)
    assert pocock_boundary(0.2, looks=[10], alpha=0.05, conservative=False).events.tolist() == [4]


PUBLISHED = [
    # n, p0, alpha, {events: largest n at which they stop}, false-stop probability
    (18, 0.15, 0.05, {3: 4, 4: 8, 5: 11, 6: 15, 7: 18}, 0.0416),
    (18, 0.20, 0.05, {3: 3, 4: 6, 5: 9, 6: 12, 7: 15, 8: 18}, 0.0475),
    (18, 0.15, 0.10, {2: 2, 3: 5, 4: 9, 5: 14, 6: 18}, 0.0924),
    (36, 0.15, 0.05, {3: 4, 4: 7, 5: 10, 6: 14, 7: 18, 8: 23, 9: 27, 10: 32, 11: 36}, 0.0483),
    (36, 0.20, 0.05, {3: 3, 4: 5, 5: 8, 6: 11, 7: 14, 8: 18, 9: 21, 10: 24, 11: 28, 12: 31, 13: 35, 14: 36}, 0.0493),
]


@pytest.mark.parametrize(("n", "p0", "alpha", "table", "false_stop"), PUBLISHED)
def test_continuous_monitoring_as_published(
    n: int, p0: float, alpha: float, table: dict[int, int], false_stop: float
) -> None:
    found = pocock_boundary(p0, looks=range(1, n + 1), alpha=alpha)
    reached = {
        int(e): int(found.looks[found.events == e].max()) for e in np.unique(found.events[found.events <= found.looks])
    }
    assert reached == table
    assert found.false_stop == pytest.approx(false_stop, abs=5e-5)


@pytest.mark.parametrize(
    ("prior", "gamma", "n", "false_stop"),
    [
        ((0.3, 1.7), 0.95, 18, 0.107), ((0.15, 0.85), 0.95, 18, 0.126), ((0.5, 0.5), 0.95, 18, 0.273),
        ((0.3, 1.7), 0.90, 18, 0.186), ((0.5, 0.5), 0.90, 18, 0.404), ((0.3, 1.7), 0.95, 36, 0.144),
    ],
)  # fmt: skip
def test_a_bayesian_rule_does_not_control_false_stops(
    prior: tuple[float, float], gamma: float, n: int, false_stop: float
) -> None:
    found = beta_binomial_boundary(0.15, looks=range(1, n + 1), a=prior[0], b=prior[1], gamma=gamma)
    assert found.false_stop == pytest.approx(false_stop, abs=5e-4)


# ---- against R ------------------------------------------------------------------------------------------------------


@pytest.mark.r_method("beta_binomial_stopping")
def test_beta_binomial_agrees_with_r(r_case: Any, agree: Any) -> None:
    p = r_case.params
    rule = {"a": p["a"], "b": p["b"], "gamma": p["gamma"]}
    every = beta_binomial_boundary(p["p0"], looks=range(1, p["N"] + 1), **rule)
    wanted = [np.nan if e is None else e for e in r_case.expected["boundary"]]
    shown = np.where(every.events <= every.looks, every.events, np.nan)
    assert_allclose(shown, wanted)
    used = beta_binomial_boundary(p["p0"], looks=p["looks"], **rule)
    found = operating_characteristics(used.looks, used.events, p["p_true"])
    agree(found.p_stop, r_case.expected["p_stop"], r_case.tol)
    agree(found.expected_n, r_case.expected["expected_n"], r_case.tol)


@pytest.mark.r_method("tox_boundary")
def test_pocock_agrees_with_clinfun(r_case: Any, agree: Any) -> None:
    p = r_case.params
    for side, conservative in (("lo", False), ("hi", True)):
        found = pocock_boundary(p["pLo"], looks=p["n"], alpha=p["cP0"], conservative=conservative)
        assert (found.events - 1).tolist() == r_case.expected[f"{side}_bdry"]
    for row in (r_case.expected["lo_oc"][0], r_case.expected["hi_oc"][0]):
        p_true, *values = row
        for place, conservative in ((0, False), (3, True)):
            bound = pocock_boundary(p["pLo"], looks=p["n"], alpha=p["cP0"], conservative=conservative)
            oc = operating_characteristics(bound.looks, bound.events, p_true)
            agree([oc.p_stop[0], oc.p_stop_early[0], oc.expected_n[0]], values[place : place + 3], r_case.tol)


@pytest.mark.r_method("simon_two_stage")
def test_simon_agrees_with_clinfun(r_case: Any, agree: Any) -> None:
    p = r_case.params
    designs = simon_two_stage(p["p0"], p["p1"], alpha=p["alpha"], beta=p["beta"], n_max=p["nmax"])
    for name, d in zip(("optimal", "minimax"), designs, strict=True):
        agree([d.r1, d.n1, d.r, d.n, d.expected_n, d.p_stop_early], r_case.expected[name], r_case.tol)


@pytest.mark.r_method("predictive_probability")
def test_predictive_probability_agrees_with_r(r_case: Any, agree: Any) -> None:
    p = r_case.params
    found = predictive_probability(
        p["x"], p["n"], n_max=p["n_max"], p0=p["p0"], a=p["a"], b=p["b"], theta=p["theta"]
    )  # fmt: skip
    agree(found, r_case.expected["pp"], r_case.tol)


@pytest.mark.r_method("group_sequential")
def test_spending_agrees_with_rpact(r_case: Any, agree: Any) -> None:
    names = {"OF": "obrien-fleming", "P": "pocock", "asOF": "lan-demets-obrien-fleming", "asP": "lan-demets-pocock"}
    p = r_case.params
    found = alpha_spending(p["info"], alpha=p["alpha"], sided=p["sided"], spending=names[p["type"]])  # type: ignore[arg-type]
    agree(found.critical, r_case.expected["critical"], r_case.tol)
    agree(found.alpha_spent, r_case.expected["alpha_spent"], r_case.tol)
    agree(found.stage_level, r_case.expected["stage_levels"], r_case.tol)


SIMON = [
    (0.55, 0.80, 0.05, 0.20, (4, 7, 19, 28), (5, 9, 16, 23)), (0.55, 0.80, 0.10, 0.20, (4, 7, 13, 20), (3, 6, 12, 18)),
    (0.50, 0.75, 0.10, 0.20, None, (9, 15, 11, 18)),
]  # fmt: skip


@pytest.mark.parametrize(("p0", "p1", "alpha", "beta", "optimal", "minimax"), SIMON)
def test_simon_designs_as_published(
    p0: float, p1: float, alpha: float, beta: float, optimal: tuple[int, ...] | None, minimax: tuple[int, ...]
) -> None:
    best, smallest = simon_two_stage(p0, p1, alpha=alpha, beta=beta, n_max=60)
    assert optimal is None or (best.r1, best.n1, best.r, best.n) == optimal
    assert (smallest.r1, smallest.n1, smallest.r, smallest.n) == minimax
    assert smallest.alpha <= alpha
    assert smallest.power >= 1 - beta


# ---- invariants -----------------------------------------------------------------------------------------------------


def test_a_boundary_that_cannot_be_crossed_never_stops() -> None:
    found = operating_characteristics([5, 10], [6, 11], [0.0, 0.5, 1.0])
    assert_allclose(found.p_stop, 0)
    assert_allclose(found.expected_n, 10)


def test_more_events_needed_stop_less_and_later() -> None:
    looks = list(range(1, 19))
    strict = pocock_boundary(0.15, looks=looks, alpha=0.02)
    loose = pocock_boundary(0.15, looks=looks, alpha=0.10)
    assert (strict.events >= loose.events).all()
    p = np.linspace(0.05, 0.95, 10)
    one, other = (operating_characteristics(looks, b.events, p) for b in (strict, loose))
    assert (one.p_stop <= other.p_stop + 1e-15).all()
    assert (one.expected_n >= other.expected_n - 1e-12).all()
    assert (np.diff(one.p_stop) >= 0).all()


@pytest.mark.parametrize("alpha", [0.01, 0.05, 0.1, 0.3])
def test_the_conservative_and_the_liberal_boundary_lie_on_either_side(alpha: float) -> None:
    low = pocock_boundary(0.2, looks=[6, 12, 18], alpha=alpha)
    high = pocock_boundary(0.2, looks=[6, 12, 18], alpha=alpha, conservative=False)
    assert low.false_stop <= alpha <= high.false_stop
    assert (low.events >= high.events).all()
    assert (low.events != high.events).any()


@pytest.mark.parametrize("spending", ["obrien-fleming", "pocock", "lan-demets-obrien-fleming", "lan-demets-pocock"])
@pytest.mark.parametrize("sided", [1, 2])
def test_all_of_alpha_is_spent_and_one_look_is_the_plain_test(spending: Any, sided: int) -> None:
    found = alpha_spending([0.2, 0.5, 0.7, 1.0], alpha=0.05, sided=sided, spending=spending)
    assert found.alpha_spent[-1] == pytest.approx(0.05, abs=1e-10)
    assert (np.diff(found.alpha_spent) > 0).all()
    single = alpha_spending([1.0], alpha=0.05, sided=sided, spending=spending)
    assert single.critical[0] == pytest.approx({1: 1.6448536269514722, 2: 1.959963984540054}[sided], abs=1e-9)


def test_predictive_probability_at_the_end_is_known() -> None:
    rule = {"n_max": 20, "p0": 0.2, "a": 0.5, "b": 0.5, "theta": 0.9}
    final = predictive_probability(np.arange(21), np.full(21, 20), **rule)  # type: ignore[arg-type]
    assert set(final.tolist()) == {0.0, 1.0}
    assert (np.diff(final) >= 0).all()
    # The future averages to the present: expectation over the next participant.
    now = predictive_probability(3, 10, **rule)[0]  # type: ignore[arg-type]
    next_one = predictive_probability([3, 4], [11, 11], **rule)  # type: ignore[arg-type]
    event = (0.5 + 3) / (1 + 10)
    assert now == pytest.approx((1 - event) * next_one[0] + event * next_one[1])


# ---- input that cannot be -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: pocock_boundary(0.0, looks=[5], alpha=0.05), "p0"),
        (lambda: pocock_boundary(0.2, looks=[5, 5], alpha=0.05), "looks"),
        (lambda: pocock_boundary(0.2, looks=[], alpha=0.05), "looks"),
        (lambda: pocock_boundary(0.2, looks=[2.5], alpha=0.05), "looks"),
        (lambda: pocock_boundary(0.2, looks=[5], alpha=1.0), "alpha"),
        (lambda: operating_characteristics([5], [2, 3], 0.1), "events"),
        (lambda: operating_characteristics([5], [2], float("nan")), "p_true"),
        (lambda: beta_binomial_boundary(0.2, looks=[5], a=0, b=1, gamma=0.9), "a, b"),
        (lambda: predictive_probability(5, 4, n_max=10, p0=0.2, a=1, b=1, theta=0.9), "x, n"),
        (lambda: simon_two_stage(0.4, 0.2, alpha=0.1, beta=0.1), "p1"),
        (lambda: simon_two_stage(0.2, 0.21, alpha=0.01, beta=0.01, n_max=20), "n_max"),
        (lambda: alpha_spending([0.5, 0.4, 1.0], alpha=0.05), "information"),
        (lambda: alpha_spending([0.5], alpha=0.05), "information"),
        (lambda: alpha_spending([0.5, 1.0], alpha=0.05, sided=3), "sided"),
        (lambda: alpha_spending([0.5, 1.0], alpha=0.05, spending="power"), "spending"),  # type: ignore[arg-type]
    ],
)
def test_what_cannot_be_is_refused(call: Any, message: str) -> None:
    with pytest.raises(InputError, match=message):
        call()


def test_frames_have_a_row_per_look() -> None:
    frame = pocock_boundary(0.15, looks=[1, 2, 3], alpha=0.05).to_frame()
    assert frame.rows() == [(1, None), (2, 2), (3, 3)]
    assert alpha_spending([0.5, 1.0], alpha=0.05).to_frame().height == 2
    assert operating_characteristics([3], [3], [0.1, 0.2]).to_frame().columns[0] == "p_true"
