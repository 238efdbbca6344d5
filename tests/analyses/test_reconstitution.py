"""Reconstitution estimated in several ways, by hand; what the samples leave open stays open."""

from typing import Any

import numpy as np
import polars as pl
import pytest

from immrecon.analyses.reconstitution import estimate_reconstitution
from immrecon.config.specs import RecoverySpec
from immrecon.contracts.analysis import ADREC
from immrecon.contracts.io import validate
from immrecon.contracts.results import RECONSTITUTION

from .rows import Row, table
from .specs import ENDPOINTS, endpoint, recovery_spec, variable

FIRST, CONFIRMING = "incidence, dated by the first sample", "incidence, dated by the confirming sample"
BETWEEN = "incidence, crossed between two samples"
PROPORTION = "proportion of those whose status is known"
BEST, WORST = "proportion if all unknown had reached it", "proportion if none unknown had reached it"


def spec(**changes: Any) -> RecoverySpec:
    """CD4 within 100 days, followed to day 100 from day 0, death competing and listed first."""
    declared = ENDPOINTS | {
        "first_events": {"cd4": variable(["death", "cd4"], horizon_day=100) | changes},
        "endpoints": {"CD4IR": endpoint("cd4", ["cd4"], "aalen-johansen", landmarks_day=[100])},
    }
    return recovery_spec(endpoints=declared, dose_levels=[])


def standing(name: str, status: str = "not reached", **days: Any) -> Row:
    return {
        "USUBJID": name, "RULE": "cd4", "DISPID": name, "GROUP": "A", "DOSELVL": "DL1", "STATUS": status,
        "RISKFL": "Y", "STARTDY": 0.0, "NSAMPLES": 3, "NUNKNOWN": 0, "WINCLFL": "Y", "FOLLDY": 120.0,
    } | days  # fmt: skip


def reached(name: str, below: float | None, first: float, confirming: float, **more: Any) -> Row:
    return standing(name, "confirmed", LEFTDY=below, REACHDY=first, CONFDY=confirming, **more)


def died(name: str, day: float, **more: Any) -> Row:
    return standing(name, "competing event before", COMPETES="death", COMPDY=day, FOLLDY=day - 1, **more)


def rows_of(*people: Row, changes: Row | None = None) -> pl.DataFrame:
    found = validate(RECONSTITUTION, estimate_reconstitution(table(ADREC, list(people)), spec(**(changes or {}))))
    return found.filter(group="all")


def row(found: pl.DataFrame, measure: str) -> Row:
    return found.filter(measure=measure).row(0, named=True)


FOUR = [reached("P1", 10, 20, 40), died("P2", 30), reached("P3", 45, 80, 110), standing("P4", LEFTDY=100.0)]


def test_the_date_of_the_first_or_of_the_confirming_sample() -> None:
    found = rows_of(*FOUR)
    # first: day 20 1/4; day 30 death, survival 1/2; day 80 1/4 + 1/2 x 1/2
    assert row(found, FIRST)["estimate"] == pytest.approx(0.5)
    assert (row(found, FIRST)["n_events"], row(found, FIRST)["n_competing"]) == (2, 1)
    # confirming: death on 30 leaves 3/4; day 40 3/4 x 1/3; the other is confirmed after day 100
    assert row(found, CONFIRMING)["estimate"] == pytest.approx(0.25)
    assert row(found, CONFIRMING)["n_events"] == 1


def test_an_event_that_competes_between_first_and_confirming_sample() -> None:
    found = rows_of(reached("P1", 10, 20, 40, COMPETES="death", COMPDY=30.0), standing("P2", LEFTDY=100.0))
    assert (row(found, FIRST)["n_events"], row(found, CONFIRMING)["n_events"]) == (1, 0)
    assert row(found, CONFIRMING)["n_competing"] == 1


@pytest.mark.parametrize(("causes", "events"), [(["death", "cd4"], 0), (["cd4", "death"], 1)])
def test_on_one_day_the_cause_listed_first_comes_first(causes: list[str], events: int) -> None:
    person = reached("P1", 10, 20, 40, COMPETES="death", COMPDY=20.0)
    found = rows_of(person, standing("P2", LEFTDY=100.0), changes={"causes": causes})
    assert row(found, FIRST)["n_events"] == events
    assert row(found, BETWEEN)["n_events"] == events


def test_crossed_between_two_samples() -> None:
    # (10, 20], death, (45, 80], after 100: no two intervals overlap, so each has mass 1/4.
    between = row(rows_of(*FOUR), BETWEEN)
    assert between["estimate"] == pytest.approx(0.5)
    assert between["estimate_high"] == pytest.approx(0.5)
    assert between["conf_low"] < 0.5 < between["conf_high"]


def test_what_the_samples_leave_open_is_a_range() -> None:
    people = [reached("P1", 90.0, 100.0, 120.0), reached("P2", 40.0, 60.0, 80.0), died("P3", 70.0)]
    declared = {"horizon_day": 110}
    later = reached("P1", 95.0, 105.0, 125.0)
    assert row(rows_of(*people, changes=declared), BETWEEN)["estimate"] == pytest.approx(2 / 3)
    between = row(rows_of(later, *people[1:], changes=declared), BETWEEN)
    assert (between["estimate"], between["estimate_high"]) == (pytest.approx(1 / 3), pytest.approx(2 / 3))
    assert "open" in between["reason"]


def test_not_yet_confirmed_is_after_the_last_sample_that_was_not_above() -> None:
    waiting = standing("P0", "reached, not yet confirmed", LEFTDY=50.0, REACHDY=90.0, FOLLDY=90.0)
    found = rows_of(waiting, *FOUR)
    assert row(found, FIRST)["n_unknown"] == 1
    assert row(found, BETWEEN)["n_unknown"] == 1
    # It may have crossed in (50, 80], which takes some of its mass, or after 100: never nothing.
    assert 0.4 < row(found, BETWEEN)["estimate"] < 0.6


def test_a_competing_event_before_the_confirming_sample_is_never_a_crossing() -> None:
    """Reached on day 100, died on day 168: not reached in the proportion, and in no interval that ends by day 100."""
    prevented = {"LEFTDY": 81.0, "REACHDY": 100.0, "COMPETES": "death", "COMPDY": 168.0, "FOLLDY": 100.0}
    others = [reached("P1", 10, 20, 40), reached("P2", 85, 95, 115)]
    found = rows_of(*others, standing("P3", "reached, can no longer be confirmed", **prevented))
    between = row(found, BETWEEN)
    # (10, 20], (85, 95] and after day 100. Taken as (81, inf] its mass would lie in (85, 95]: everybody reached.
    assert between["estimate"] == between["estimate_high"] == pytest.approx(2 / 3)
    assert between["estimate"] == pytest.approx(row(found, PROPORTION)["estimate"])
    assert (between["n_competing"], between["n_unknown"], between["reason"]) == (0, 0, None)
    left = prevented | {"COMPETES": None, "COMPDY": None}
    gone = row(rows_of(*others, standing("P3", "reached, can no longer be confirmed", **left)), BETWEEN)
    assert (gone["estimate"], gone["n_unknown"]) == (pytest.approx(1), 1)
    assert gone["reason"].startswith("1 not reached in the proportion may have crossed")


def test_after_the_last_sample_of_the_window_a_crossing_is_open_between_samples_and_the_row_says_so() -> None:
    people = [reached("P1", 10, 20, 40), reached("P2", 85, 95, 115), standing("P3", LEFTDY=81.0)]
    found = rows_of(*people)
    assert row(found, PROPORTION)["estimate"] == pytest.approx(2 / 3)
    assert row(found, BETWEEN)["estimate"] == pytest.approx(1)
    assert row(found, BETWEEN)["reason"] == (
        "1 not reached in the proportion may have crossed after the last sample not above, left open here"
    )
    still_open = rows_of(*people[:2], standing("P3", LEFTDY=81.0, WINCLFL="N"))
    assert row(still_open, BETWEEN)["reason"] is None


def test_proportions_state_their_denominator_and_both_cases() -> None:
    people = [
        reached("P1", 10, 20, 40), reached("P2", 10, 20, 40), died("P3", 30), standing("P4"),
        standing("P5", "unknown"), standing("P6", "no sample"), standing("P7", "reached, not yet confirmed"),
        standing("P8", "reached, can no longer be confirmed"), standing("P9", WINCLFL="N"),
        died("P10", 30, WINCLFL="N"), reached("P11", 10, 20, 40, WINCLFL="N"),
    ]  # fmt: skip
    found = rows_of(*people)
    # Of the open windows P9 may be either; P10 died and P11 reached it, whatever comes.
    assert [(row(found, m)["n_events"], row(found, m)["n"]) for m in (PROPORTION, BEST, WORST)] == [
        (2, 5), (7, 11), (3, 11),
    ]  # fmt: skip
    assert [row(found, m)["n_unknown"] for m in (PROPORTION, BEST, WORST)] == [3, 4, 4]
    assert (
        row(found, BEST)["reason"] == row(found, WORST)["reason"] == "of 11, 1 not known because their window is open"
    )
    assert [row(found, m)["n_competing"] for m in (PROPORTION, BEST, WORST)] == [1, 2, 2]
    # R: binom.test(2, 5)
    assert row(found, PROPORTION)["conf_low"] == pytest.approx(0.05274495, abs=1e-8)
    assert row(found, PROPORTION)["conf_high"] == pytest.approx(0.85336720, abs=1e-8)
    assert row(found, PROPORTION)["reason"] == "3 with an open window left out"
    assert row(found, PROPORTION)["n_unknown"] == 3


def test_without_censoring_all_ways_agree() -> None:
    people = [reached(f"P{i}", 10.0 * i, 10.0 * i + 5, 10.0 * i + 25) for i in range(1, 7)]
    people += [standing(f"Q{i}", LEFTDY=100.0) for i in range(4)]
    found = rows_of(*people)
    assert [row(found, m)["estimate"] for m in (FIRST, CONFIRMING, BETWEEN, PROPORTION)] == pytest.approx([0.6] * 4)


def test_nobody_and_short_follow_up_are_said() -> None:
    found = rows_of(standing("P1", FOLLDY=30.0, LEFTDY=25.0, WINCLFL="N"))
    assert row(found, FIRST)["reason"] == "follow-up ends on day 30, before day 100"
    assert row(found, PROPORTION)["status"] == "not estimable"
    nobody = estimate_reconstitution(table(ADREC, []), spec())
    assert set(nobody["status"]) == {"not estimable"}
    assert np.isnan(nobody["estimate"].fill_null(float("nan")).to_numpy()).all()


def test_the_day_of_the_origin_without_an_end_of_follow_up() -> None:
    declared = ENDPOINTS | {
        "first_events": {"cd4": variable(["death", "cd4"])},
        "endpoints": {"CD4IR": endpoint("cd4", ["cd4"], "aalen-johansen", landmarks_day=[0])},
    }
    people = table(ADREC, [standing("P1", LEFTDY=0.0, FOLLDY=0.0)])
    found = estimate_reconstitution(people, recovery_spec(endpoints=declared, dose_levels=[])).filter(group="all")
    assert row(found, BETWEEN)["estimate"] == 0


def test_the_order_of_participants_changes_nothing() -> None:
    assert rows_of(*FOUR).equals(rows_of(*reversed(FOUR)))
