"""Probability in state: by hand, against R, against competing risks, invariants, degenerate input."""

import json

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from immrecon.errors import InputError
from immrecon.stats.competing_risks import aalen_johansen, multistate
from immrecon.stats.survival import kaplan_meier

from .conftest import GOLDEN, read_columns

R = json.loads((GOLDEN / "states.json").read_text())
JACKKNIFE = "infinitesimal-jackknife"


@pytest.fixture(scope="module")
def events24():
    return read_columns(GOLDEN / "events24.csv")


def rows(d):
    return {
        "time": d["time"],
        "from_state": d["from"],
        "to_state": d["to"],
        "states": [1, 2, 3],
        "subject": d["id"],
        "entry": d["entry"],
    }


def test_illness_and_death_by_hand():
    # a: ill on day 2, dead on day 6; b: dead on day 4; c: well until day 5; d: ill on day 4, ill until day 7.
    # day 2: well 4, 1 falls ill: (3/4, 1/4, 0)
    # day 4: well 3, 1 falls ill, 1 dies; of the ill 1 stays: (1/4, 1/4 + 1/4, 1/4)
    # day 6: ill 2 (a and d), 1 dies: (1/4, 1/4, 1/2)
    found = multistate(
        [2, 6, 4, 5, 4, 7],
        ["well", "ill", "well", "well", "well", "ill"],
        ["ill", "dead", "dead", "well", "ill", "ill"],
        states=["well", "ill", "dead"],
        subject=list("aabcdd"),
        entry=[0, 2, 0, 0, 0, 4],
    )
    expected = np.array([[1, 3 / 4, 1 / 4, 1 / 4], [0, 1 / 4, 1 / 2, 1 / 4], [0, 0, 1 / 4, 1 / 2]])
    assert_allclose(found.at([1, 3, 5, 9]).probability, expected, rtol=1e-14)
    assert_array_equal(found.n_transitions, [[0, 2, 1], [0, 0, 1], [0, 0, 0]])
    assert_allclose(found.length_of_stay(8), [2 + 1.5 + 4 / 4, 0.5 + 1 + 0.5, 0.5 + 1], rtol=1e-14)
    # Day 2: binomial, 3/4 * 1/4 / 4.
    assert_allclose(found.at([3]).std_error[:, 0] ** 2, [3 / 64, 3 / 64, 0], atol=1e-15)
    assert_allclose(found.probability.sum(axis=0), 1, rtol=1e-14)
    assert found.at([1, 3]).to_frame().height == 6


def test_robust_variance_as_survfit(events24):
    found = multistate(**rows(events24), initial=[1, 0, 0], variance=JACKKNIFE).at(R["times"])
    assert_allclose(found.probability.T, R["pstate"], rtol=1e-12, atol=1e-14)
    assert_allclose(found.std_error.T, R["pstate_std_error"], rtol=1e-9, atol=1e-12)


@pytest.mark.r_method("multistate_illness_death")
def test_r_cases(r_case, agree):
    d, p, e = r_case.columns(), r_case.params, r_case.expected
    ill_time, end = d[p["ill_time"]], d[p["end_time"]]
    dead = d[p["end_status"]] == 1
    ill = (d[p["ill_status"]] == 1) & (ill_time < end)
    subject = np.arange(end.size)
    follow = {
        "time": np.concatenate((np.where(ill, ill_time, end), end[ill])),
        "from_state": np.concatenate((np.full(end.size, 1), np.full(ill.sum(), 2))),
        "to_state": np.concatenate((np.where(ill, 2, np.where(dead, 3, 1)), np.where(dead[ill], 3, 2))),
        "states": [1, 2, 3],
        "subject": np.concatenate((subject, subject[ill])),
        "entry": np.concatenate((np.zeros(end.size), ill_time[ill])),
    }
    for name in ("aalen", "greenwood"):
        found = multistate(**follow, initial=1, variance=f"mstate-{name}")
        agree(found.at(p["times"]).probability.T, e["pstate"], r_case.tol)
        agree(found.at(p["times"]).std_error.T, e[f"se_{name}"], r_case.tol)
    n = found.n_transitions
    agree([n[0, 1], n[0, 2], n[1, 2]], e["n_trans"], r_case.tol)
    agree(found.length_of_stay(max(p["times"]))[1], e["elos_ill"], r_case.tol)
    later = [t for t in p["times"] if t > p["landmark"]]
    from_ill = multistate(**follow, initial=2, origin=p["landmark"]).at(later)
    agree(from_ill.probability[1:].T, e["pstate_from_ill_at_landmark"], r_case.tol)


@pytest.mark.parametrize("late", [False, True])
def test_competing_risks_are_a_multistate_model(trial36, late):
    entry = trial36["entry"] if late else None
    follow = {
        "time": trial36["time"],
        "from_state": np.zeros(36),
        "to_state": trial36["cause"],
        "states": [0, 1, 2, 3],
        "subject": trial36["id"],
        "entry": entry,
        "initial": 0,
    }
    for variance in ("greenwood", JACKKNIFE):
        direct = aalen_johansen(trial36["time"], trial36["cause"], causes=[1, 2, 3], entry=entry, variance=variance)
        times = [0, 28, 60, 100, 250]
        states, causes = multistate(**follow, variance=variance).at(times), direct.at(times)
        assert_allclose(states.probability[1:], causes.incidence, rtol=1e-12, atol=1e-14)
        assert_allclose(states.std_error[1:], causes.std_error, rtol=1e-9, atol=1e-12)
        assert_allclose(states.std_error[0], causes.event_free_std_error, rtol=1e-9, atol=1e-12)
        some = causes.incidence > 0
        assert_allclose(states.conf_low[1:][some], causes.conf_low[some], rtol=1e-9)


def test_two_states_are_kaplan_meier(trial36):
    event = trial36["cause"] > 0
    found = multistate(trial36["time"], np.zeros(36), event, states=[0, 1], subject=trial36["id"])
    curve = kaplan_meier(trial36["time"], event).at([28, 100])
    assert_allclose(found.at([28, 100]).probability[0], curve.survival, rtol=1e-12)
    assert_allclose(found.at([28, 100]).std_error[0], curve.std_error, rtol=1e-12)


@pytest.mark.parametrize("variance", ["greenwood", "aalen", JACKKNIFE])
def test_splitting_rows_order_and_names_change_nothing(events24, variance):
    whole = multistate(**rows(events24), variance=variance)
    middle = (events24["entry"] + events24["time"]) / 2
    order = np.random.default_rng(4).permutation(2 * middle.size)
    names = np.array(["", "well", "ill", "dead"])
    here, there = events24["from"].astype(int), events24["to"].astype(int)
    split = multistate(
        np.concatenate((middle, events24["time"]))[order],
        names[np.concatenate((here, here))[order]],
        names[np.concatenate((here, there))[order]],
        states=["well", "ill", "dead"],
        subject=np.tile(events24["id"], 2)[order],
        entry=np.concatenate((events24["entry"], middle))[order],
        variance=variance,
    )
    assert_allclose(split.probability, whole.probability, rtol=1e-12, atol=1e-14)
    assert_allclose(split.std_error, whole.std_error, rtol=1e-9, atol=1e-12)


def test_landmark_prediction_is_the_product_from_there_on(events24):
    whole = multistate(**rows(events24), initial=1)
    halfway = whole.at([20]).probability[:, 0]
    later = multistate(**rows(events24), initial=halfway, origin=20)
    assert_allclose(later.at([45, 90]).probability, whole.at([45, 90]).probability, rtol=1e-12, atol=1e-14)
    total = whole.length_of_stay(20) + later.length_of_stay(90)
    assert_allclose(total, whole.length_of_stay(90), rtol=1e-12)
    assert_allclose(total.sum(), 90, rtol=1e-12)


def test_nothing_happens_and_nobody():
    still = multistate([5, 9], [0, 0], [0, 0], states=[0, 1], subject=[1, 2])
    assert_array_equal(still.at([3]).probability[:, 0], [1, 0])
    assert_array_equal(still.length_of_stay(9), [9, 0])
    nobody = multistate([], [], [], states=[0, 1], subject=[])
    assert np.isnan(nobody.at([1]).probability).all()


GOOD = {"time": [1, 2], "from_state": [1, 1], "to_state": [2, 1], "states": [1, 2], "subject": [1, 2]}
REFUSED = [
    ({"to_state": [0, 1]}, r"^to_state: 1 of 2 values are not in states=\[1, 2\] \(0; positions 0, counted"),
    ({"from_state": [3, 1]}, r"^from_state: 1 of 2 values are not in states"),
    ({"entry": [0, 2]}, r"^entry: 1 of 2 values are not before time"),
    ({"subject": [1, 1], "entry": [0, 0.5]}, r"^entry: 1 of 2 intervals overlap"),
    ({"states": [1, 1]}, r"^states: "),
    ({"initial": 7}, r"^initial: 7 is not in states"),
    ({"initial": [0.5, 0.4]}, r"^initial: .* not 2 probabilities"),
    ({"origin": -1}, r"^origin: -1 is not a finite time"),
    ({"variance": "bootstrap"}, r"^variance: 'bootstrap' is not known"),
    ({"time": [1, np.inf]}, r"^time: 1 of 2 values are missing or infinite"),
]


@pytest.mark.parametrize(("change", "message"), REFUSED)
def test_refusals_name_the_argument(change, message):
    with pytest.raises(InputError, match=message):
        multistate(**GOOD | change)


def test_times_before_the_origin_are_refused():
    found = multistate(**GOOD, origin=1.5)
    with pytest.raises(InputError, match=r"^times: some are before the origin 1.5"):
        found.at([1])
    with pytest.raises(InputError, match=r"^tau: 1 is not a time after the origin"):
        found.length_of_stay(1)
