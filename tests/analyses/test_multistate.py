"""Probability in state and length of stay: by hand, against R (golden/analyses/multistate.R), identities, next to nothing."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

from immrecon.analyses.multistate import MultiStateResults, estimate_multistate
from immrecon.config.specs import MultiStateSpec
from immrecon.contracts.analysis import ADMS
from immrecon.contracts.io import validate
from immrecon.contracts.results import LENGTH_OF_STAY, STATE_CURVES, STATE_OCCUPANCY
from immrecon.stats.competing_risks import aalen_johansen, multistate
from immrecon.stats.survival import kaplan_meier

from .rows import Row, table
from .specs import DOSES, GROUPS, METHODS, STRATA

GOLDEN = json.loads((Path(__file__).parents[1] / "golden/analyses/multistate.json").read_text())
FULL: Row = {
    "OK": {"label": "Event-free", "entered_by": [], "out_of": []},
    "GVHD": {"label": "GvHD", "entered_by": ["gvhd"], "out_of": ["OK"]},
    "REL": {"label": "Relapsed", "entered_by": ["relapse"], "out_of": ["OK", "GVHD"]},
    "DEAD": {"label": "Dead", "entered_by": ["death"], "out_of": ["OK", "GVHD", "REL"]},
}
COMPETING = {name: state | {"out_of": ["OK"] if state["out_of"] else []} for name, state in FULL.items()}

Interval = tuple[str, float, float, str, str | None]


def spec(states: Row = FULL, **changes: Any) -> MultiStateSpec:
    course = {
        "label": "course", "states": states, "population": "injected",
        "origin": {"clock": "injection", "landmark_day": None}, "follow_up": [{"domain": "FA", "code": "DISEASE"}],
        "horizon_day": None, "days": [20, 50], "topic": "efficacy", "figure_last_day": 100, "figure_tick_day": 50,
        "source": "by hand", "status": "draft",
    } | changes  # fmt: skip
    content: Row = {"groups": GROUPS, "dose_levels": DOSES, "methods": METHODS, "multistate": {"COURSE": course}}
    return MultiStateSpec.model_validate(content)


def results(
    intervals: list[Interval], states: Row = FULL, not_at_risk: tuple[str, ...] = (), **changes: Any
) -> MultiStateResults:
    """Participant, from when, to when, state, state moved to; everybody in group A and dose level DL1."""
    numbers: dict[str, int] = {}
    rows = []
    for who, start, stop, state, to in intervals:
        numbers[who] = numbers.get(who, 0) + 1
        moved = {} if to is None else {"TOST": to, "CAUSE": to.lower(), "SRCSEQ": 1}
        rows.append(_row(who, numbers[who], start, stop, state) | {"RISKFL": "Y"} | moved)
    rows += [_row(who, 1, 0, 0, "OK") | {"RISKFL": "N", "NRISKREA": "no"} for who in not_at_risk]
    found = estimate_multistate(table(ADMS, rows), spec(states, **changes))
    return MultiStateResults(
        validate(STATE_CURVES, found.curves), validate(STATE_OCCUPANCY, found.occupancy),
        validate(LENGTH_OF_STAY, found.length_of_stay),
    )  # fmt: skip


def _row(who: str, number: int, start: float, stop: float, state: str) -> Row:
    return {
        "USUBJID": who, "COURSE": "COURSE", "INTSEQ": number, "DISPID": who, "GROUP": "A", "DOSELVL": "DL1",
        "TSTART": float(start), "TSTOP": float(stop), "FROMST": state,
    }  # fmt: skip


def of_state(frame: pl.DataFrame, state: str, day: float, group: str = "all") -> Row:
    return frame.filter(state=state, time_day=day, group=group, dose_level="all").row(0, named=True)


FOUR: list[Interval] = [
    ("P1", 0, 10, "OK", "GVHD"), ("P1", 10, 40, "GVHD", "DEAD"), ("P2", 0, 30, "OK", "REL"), ("P2", 30, 60, "REL", None),
    ("P3", 0, 35, "OK", None), ("P4", 0, 80, "OK", None),
]  # fmt: skip


# ---- by hand --------------------------------------------------------------------------------------------------------


def test_by_hand() -> None:
    found = results(FOUR)
    # 10: one of four leaves for GvHD; 30: one of three event-free relapses (3/4 x 1/3); 40: the one with GvHD dies
    for state, at_20, at_50 in (("OK", 0.75, 0.5), ("GVHD", 0.25, 0), ("REL", 0, 0.25), ("DEAD", 0, 0.25)):
        assert of_state(found.occupancy, state, 20)["estimate"] == pytest.approx(at_20)
        assert of_state(found.occupancy, state, 50)["estimate"] == pytest.approx(at_50)
    # up to day 50: event-free 10 + 20 x 3/4 + 20 x 1/2, GvHD 30 x 1/4, relapsed 20 x 1/4, dead 10 x 1/4
    for state, days in (("OK", 35), ("GVHD", 7.5), ("REL", 5), ("DEAD", 2.5)):
        assert of_state(found.length_of_stay, state, 50)["estimate"] == pytest.approx(days)


def test_counts_by_hand() -> None:
    found = results(FOUR, not_at_risk=("P9",))
    counts = {
        state: [of_state(found.occupancy, state, 50)[name] for name in ("n", "n_not_at_risk", "n_entered", "n_state", "n_known")]
        for state in FULL
    }  # fmt: skip
    # P3 was last seen on day 35: known are P1 (dead), P2 (relapsed) and P4 (event-free)
    assert counts == {"OK": [4, 1, 4, 1, 3], "GVHD": [4, 1, 1, 0, 3], "REL": [4, 1, 1, 1, 3], "DEAD": [4, 1, 1, 1, 3]}


def test_states_passed_on_one_day_end_in_the_last() -> None:
    passed: list[Interval] = [("P1", 0, 30, "OK", "REL"), ("P1", 30, 30, "REL", "DEAD"), ("P2", 0, 60, "OK", None)]
    found = results(passed)
    assert of_state(found.occupancy, "DEAD", 50)["estimate"] == pytest.approx(0.5)
    assert of_state(found.occupancy, "REL", 50)["estimate"] == 0
    assert of_state(found.occupancy, "REL", 50)["n_entered"] == 1


def test_moves_of_the_first_day_count_and_so_does_whoever_is_not_followed_beyond_it() -> None:
    first_day: list[Interval] = [
        ("P1", 0, 0, "OK", "REL"), ("P1", 0, 60, "REL", None), ("P2", 0, 0, "OK", "DEAD"), ("P3", 0, 0, "OK", None),
        ("P4", 0, 60, "OK", None),
    ]  # fmt: skip
    found = results(first_day)
    estimates = {state: of_state(found.occupancy, state, 20)["estimate"] for state in FULL}
    assert estimates == pytest.approx({"OK": 0.5, "GVHD": 0, "REL": 0.25, "DEAD": 0.25})
    # the binomial standard error of one in four
    assert of_state(found.occupancy, "DEAD", 20)["std_error"] == pytest.approx(np.sqrt(0.25 * 0.75 / 4))
    assert of_state(found.occupancy, "OK", 20)["n"] == 4


def test_a_state_nobody_is_in_has_the_exact_bound_of_a_proportion() -> None:
    dead = of_state(results(FOUR).occupancy, "DEAD", 20)
    # R: binom.test(0, 4)$conf.int
    assert (dead["estimate"], dead["conf_low"], dead["conf_type"]) == (0, 0, "clopper-pearson")
    assert dead["conf_high"] == pytest.approx(0.602364635616, abs=1e-10)
    assert dead["reason"] == "exact interval, state known of 4"


# ---- R --------------------------------------------------------------------------------------------------------------


def test_as_in_r() -> None:
    found = results(
        [(f"P{r['id']}", r["start"], r["stop"], r["from"], None if r["to"] == "none" else r["to"]) for r in GOLDEN["rows"]],
        days=GOLDEN["days"],
    )  # fmt: skip
    for i, day in enumerate(GOLDEN["days"]):
        for k, state in enumerate(GOLDEN["states"]):
            occupancy, stay = of_state(found.occupancy, state, day), of_state(found.length_of_stay, state, day)
            assert occupancy["estimate"] == pytest.approx(GOLDEN["probability"][i][k], abs=1e-12)
            assert (occupancy["std_error"] or 0) == pytest.approx(GOLDEN["std_error"][i][k], abs=1e-12)
            assert stay["estimate"] == pytest.approx(GOLDEN["stay"][i]["estimate"][k], abs=1e-10)
            assert (stay["std_error"] or 0) == pytest.approx(GOLDEN["stay"][i]["std_error"][k], abs=1e-10)


# ---- identities -----------------------------------------------------------------------------------------------------


def trial(seed: int, n: int = 30, states: Row = FULL) -> list[Interval]:
    """Random courses on whole days, with ties."""
    rng = np.random.default_rng(seed)
    out: list[Interval] = []
    for who in range(n):
        state, start, end = "OK", 0.0, float(rng.integers(1, 90))
        while True:
            onward = [name for name, rule in states.items() if state in rule["out_of"]]
            if not onward:
                break
            stop = start + float(rng.integers(1, 40))
            if stop > end:
                out.append((f"P{who:02}", start, max(end, start), state, None))
                break
            to = str(rng.choice(onward))
            out.append((f"P{who:02}", start, stop, state, to))
            state, start = to, stop
    return out


@pytest.mark.parametrize("seed", range(3))
def test_probabilities_sum_to_one_and_days_to_the_time(seed: int) -> None:
    found = results(trial(seed))
    sums = found.curves.group_by("group", "dose_level", "time_day").agg(pl.col("estimate").sum())["estimate"]
    np.testing.assert_allclose(sums, 1, atol=1e-12)
    stays = found.length_of_stay.filter(status="estimated").group_by("group", "dose_level", "time_day")
    for key, days in stays.agg(pl.col("estimate").sum()).select("time_day", "estimate").iter_rows():
        assert days == pytest.approx(key)


def test_with_one_possible_move_it_is_kaplan_meier() -> None:
    two = {"OK": FULL["OK"], "DEAD": COMPETING["DEAD"]}
    courses = trial(7, states=two)
    found = results(courses, two)
    time, died = [row[2] for row in courses], [row[4] == "DEAD" for row in courses]
    expected = kaplan_meier(time, died).at([20, 50])
    for i, day in enumerate((20, 50)):
        alive = of_state(found.occupancy, "OK", day)
        assert alive["estimate"] == pytest.approx(expected.survival[i], abs=1e-12)
        assert of_state(found.occupancy, "DEAD", day)["std_error"] == pytest.approx(alive["std_error"], abs=1e-12)


def test_without_moves_between_states_it_is_the_cumulative_incidence() -> None:
    courses = trial(11, states=COMPETING)
    found = results(courses, COMPETING)
    codes = {None: 0, "GVHD": 1, "REL": 2, "DEAD": 3}
    expected = aalen_johansen(
        [row[2] for row in courses], [codes[row[4]] for row in courses], causes=(1, 2, 3),
        variance="infinitesimal-jackknife", conf_type="log-log",
    ).at([20, 50])  # fmt: skip
    for k, state in enumerate(("GVHD", "REL", "DEAD")):
        for i, day in enumerate((20, 50)):
            row = of_state(found.occupancy, state, day)
            assert row["estimate"] == pytest.approx(expected.incidence[k, i], abs=1e-12)
            assert row["std_error"] == pytest.approx(expected.std_error[k, i], abs=1e-12)
            assert row["conf_low"] == pytest.approx(expected.conf_low[k, i], abs=1e-12)


def test_the_order_of_rows_changes_nothing_and_the_landmark_moves_the_clock() -> None:
    courses = trial(13)
    by_person = sorted(courses, key=lambda row: row[0], reverse=True)
    one, other = results(courses), results(by_person)
    assert one.occupancy.equals(other.occupancy)
    later = [(who, start + 10, stop + 10, state, to) for who, start, stop, state, to in courses]
    moved = results(later, origin={"clock": "transplant", "landmark_day": 10}, days=[30, 60])
    same = ("estimate", "std_error", "conf_low", "conf_high", "n_state", "n_known", "n_entered")
    for day in (20, 50):
        for state in FULL:
            for old, new in ((one.occupancy, moved.occupancy), (one.length_of_stay, moved.length_of_stay)):
                before, after = of_state(old, state, day), of_state(new, state, day + 10)
                assert [before[name] for name in same] == pytest.approx([after[name] for name in same])
    assert of_state(moved.occupancy, "OK", 30)["clock"] == "transplant, from day 10"


# ---- next to nothing ------------------------------------------------------------------------------------------------


def test_nobody_at_risk() -> None:
    found = results([], not_at_risk=("P1",))
    assert set(found.occupancy["reason"]) == {"nobody at risk"} == set(found.length_of_stay["reason"])
    assert of_state(found.occupancy, "OK", 20)["n_not_at_risk"] == 1
    assert found.curves.is_empty()
    assert set(found.occupancy.select("group", "dose_level").unique().rows()) == STRATA


def test_nobody_moves() -> None:
    found = results([("P1", 0, 60, "OK", None), ("P2", 0, 60, "OK", None)])
    ok = of_state(found.occupancy, "OK", 50)
    assert (ok["estimate"], ok["conf_high"]) == (1, 1)
    assert ok["conf_low"] == pytest.approx(0.158113883, abs=1e-9)  # 0.025^(1/2)
    stay = of_state(found.length_of_stay, "OK", 50)
    assert (stay["estimate"], stay["conf_low"], stay["std_error"]) == (50, None, None)
    assert stay["reason"] == "nobody has entered or left it: no interval"


def test_one_participant() -> None:
    found = results([("P1", 0, 30, "OK", "DEAD")])
    assert [of_state(found.occupancy, state, 50)["estimate"] for state in FULL] == [0, 0, 0, 1]
    assert of_state(found.length_of_stay, "OK", 50)["estimate"] == 30


def test_beyond_follow_up_there_is_no_estimate() -> None:
    found = results([("P1", 0, 30, "OK", None), ("P2", 0, 20, "OK", "DEAD")])
    assert of_state(found.occupancy, "DEAD", 20)["estimate"] == pytest.approx(0.5)
    for frame in (found.occupancy, found.length_of_stay):
        row = of_state(frame, "DEAD", 50)
        assert (row["estimate"], row["reason"]) == (None, "follow-up ends on day 30, before day 50")
    assert found.curves.filter(group="all")["time_day"].max() == 30


def test_a_probability_carried_on_is_said() -> None:
    lost: list[Interval] = [
        ("P1", 0, 10, "OK", "GVHD"), ("P1", 10, 30, "GVHD", None), ("P2", 0, 60, "OK", None), ("P3", 0, 60, "OK", None)
    ]  # fmt: skip
    found = results(lost)
    words = 'nobody is followed in "GvHD" to the day: carried on from earlier'
    assert of_state(found.occupancy, "GVHD", 20)["reason"] is None
    assert of_state(found.occupancy, "GVHD", 50)["reason"] == words
    assert str(of_state(found.occupancy, "DEAD", 50)["reason"]).endswith(words)
    assert of_state(found.occupancy, "OK", 50)["reason"] is None


def test_a_length_of_stay_has_a_standard_error_by_jackknife_only() -> None:
    arrays = ([10, 20], ["OK", "OK"], ["DEAD", "OK"])
    with pytest.raises(ValueError, match="stay_to: a length of stay has a standard error"):
        multistate(*arrays, states=["OK", "DEAD"], subject=[1, 2], stay_to=[15], variance="greenwood")
