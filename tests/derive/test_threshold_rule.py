"""Confirmed crossing of CD4 > 50/uL, rule by rule: every case can be checked by eye.

Unless a test says otherwise: > 50 on two consecutive samples at least 14 days apart, the first on days 0 to 100 after
transplant, dated by the first; samples count until the day of relapse or DLI; followed to day 100.
"""

from typing import Any

import pytest

from .cases import Derived, derive
from .configuration import make_rule
from .records import Row, event, infusion, person, sample, samples

NEVER = (None, None)


def pair(derived: Derived, name: str = "P1") -> tuple[float | None, float | None]:
    """First and confirming day of the pair; a pair that is not confirmed does not count."""
    row = derived.status(name)
    return (row["REACHDY"], row["CONFDY"]) if row["STATUS"] == "confirmed" else NEVER


def pairs_of(*histories: dict[int, Any], **rule: Any) -> list[tuple[float | None, float | None]]:
    """The pairs of several participants with one rule."""
    names = [f"P{i}" for i in range(len(histories))]
    lb = [row for name, results in zip(names, histories, strict=True) for row in samples(name, results)]
    derived = derive([person(name) for name in names], lb=lb, spec=make_rule(**rule))
    return [pair(derived, name) for name in names]


def pair_of(results: dict[int, Any], **rule: Any) -> tuple[float | None, float | None]:
    return pairs_of(results, **rule)[0]


# ---- threshold and spacing ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("operator", "expected"),
    [(">", NEVER), (">=", (20, 34))],
)
def test_exactly_50_is_above_only_with_at_least(operator: str, expected: Row) -> None:
    assert pair_of({20: 50, 34: 50}, operator=operator) == expected


def test_51_is_above_with_either_operator() -> None:
    assert pair_of({20: 51, 34: 51}, operator=">") == (20, 34)
    assert pair_of({20: 51, 34: 51}, operator=">=") == (20, 34)


def test_fourteen_days_confirm_and_thirteen_do_not() -> None:
    assert pairs_of({20: 60, 34: 70}, {20: 60, 33: 70}) == [(20, 34), NEVER]


def test_spacing_is_configured() -> None:
    assert pairs_of({20: 60, 41: 70}, {20: 60, 40: 70}, min_spacing_day=21) == [(20, 41), NEVER]
    assert pair_of({20: 60, 21: 70}, min_spacing_day=0) == (20, 21)


def test_a_sample_below_starts_again() -> None:
    assert pairs_of({20: 60, 27: 40, 34: 70}, {20: 60, 27: 40, 34: 70, 48: 80}) == [NEVER, (34, 48)]


def test_a_sample_above_but_too_near_is_passed_to_the_next() -> None:
    assert pair_of({20: 60, 27: 65, 34: 70}) == (20, 34)


def test_a_second_run_confirms_after_a_first_that_did_not() -> None:
    assert pair_of({20: 60, 30: 65, 33: 40, 41: 60, 55: 70}) == (41, 55)


def test_the_first_confirmed_run_counts_not_a_later_one() -> None:
    assert pair_of({20: 60, 34: 70, 41: 10, 60: 80, 74: 90}) == (20, 34)


# ---- several samples on a day ---------------------------------------------------------------------------------------


def test_samples_of_one_day_do_not_confirm_each_other() -> None:
    twice = [sample("P1", 20, 60), sample("P1", 20, 70)]
    assert pair(derive(lb=twice, spec=make_rule(min_spacing_day=0))) == NEVER
    assert pair(derive(lb=[*twice, sample("P1", 34, 80)], spec=make_rule())) == (20, 34)


@pytest.mark.parametrize("results", [(60, 40), (40, 60)])
@pytest.mark.parametrize("days", [(20, 20, 34), (20, 34, 34), (20, 34, 34, 47)])
def test_a_day_with_a_sample_below_is_below(results: tuple[int, int], days: tuple[int, ...]) -> None:
    doubled = {day: iter(results) for day in days if days.count(day) == 2}
    lb = [sample("P1", day, next(doubled[day]) if day in doubled else 70) for day in days]
    assert pair(derive(lb=lb, spec=make_rule())) == NEVER


def test_samples_of_one_day_are_one_of_the_consecutive_samples() -> None:
    twice = [sample("P1", 20, 60), sample("P1", 20, 70), sample("P1", 34, 80)]
    assert pair(derive(lb=twice, spec=make_rule(confirmations=3))) == NEVER


# ---- results with a comparator --------------------------------------------------------------------------------------


def test_an_unknown_result_is_passed_over() -> None:
    histories = {20: 60, 27: "<100", 34: 70}, {20: "<100", 34: 60, 48: 70}, {20: 60, 34: "<100"}
    assert pairs_of(*histories) == [(20, 34), (34, 48), NEVER]


def test_a_result_below_a_low_limit_interrupts() -> None:
    assert pairs_of(*({20: 60, 27: low, 34: 70} for low in ("<5", "<50", "<=50"))) == [NEVER] * 3


def test_at_most_50_is_unknown_with_at_least_50() -> None:
    assert pair_of({20: 60, 27: "<=50", 34: 70}, operator=">=") == (20, 34)


def test_results_above_a_limit() -> None:
    expected = {">30": NEVER, ">=50": NEVER, ">50": (20, 34), ">2000": (20, 34)}
    assert pairs_of(*({20: text, 34: text} for text in expected)) == list(expected.values())


# ---- window ---------------------------------------------------------------------------------------------------------


def test_day_100_is_in_the_window_and_day_101_is_not() -> None:
    assert pairs_of({60: 10, 100: 60, 114: 70}, {60: 10, 101: 60, 115: 70}) == [(100, 114), NEVER]


def test_day_0_is_in_the_window_and_the_day_before_is_not() -> None:
    assert pairs_of({0: 60, 14: 70}, {-1: 60, 14: 70}) == [(0, 14), NEVER]


@pytest.mark.parametrize(("within", "expected"), [(False, (90, 104)), (True, NEVER)])
def test_a_confirming_sample_after_the_window(within: bool, expected: Row) -> None:
    assert pair_of({90: 60, 104: 70}, confirm_within_window=within) == expected


def test_a_confirming_sample_on_the_last_day_lies_within() -> None:
    assert pair_of({86: 60, 100: 70}, confirm_within_window=True) == (86, 100)


def test_a_run_that_begins_before_the_window_is_dated_from_its_first_sample_inside() -> None:
    window = ("transplant", 30, 100)
    assert pairs_of({20: 60, 34: 70}, {20: 60, 34: 70, 48: 80}, window=window) == [NEVER, (34, 48)]


def test_a_window_without_end() -> None:
    derived = derive(lb=samples("P1", {120: 60, 134: 70}), spec=make_rule(window=("transplant", 0, None)))
    assert derived.occurrence("cd4")["DY"] == 120


def test_a_window_on_the_injection_clock() -> None:
    # Injected on day 8: days 0 to 20 after injection are days 8 to 28 after transplant.
    spec = make_rule(window=("injection", 0, 20))
    dm = [person(name, injected=8) for name in ("day 7", "day 8", "day 28", "day 29")]
    lb = [
        row
        for name, first in (("day 7", 7), ("day 8", 8), ("day 28", 28), ("day 29", 29))
        for row in samples(name, {first: 60, first + 14: 70})
    ]
    status = {row["USUBJID"]: row for row in derive(dm, lb=lb, spec=spec).adrec.to_dicts()}
    # Day 7 is outside, so that run is dated from day 21, which nothing confirms.
    assert status["day 7"]["STATUS"] == "reached, not yet confirmed"
    assert status["day 7"]["REACHDY"] == 21
    assert (status["day 8"]["STATUS"], status["day 8"]["REACHDY"]) == ("confirmed", 8)
    assert (status["day 28"]["STATUS"], status["day 28"]["REACHDY"]) == ("confirmed", 28)
    assert (status["day 29"]["STATUS"], status["day 29"]["REACHDY"]) == ("no sample", None)


# ---- number of samples ----------------------------------------------------------------------------------------------


def test_one_sample_is_enough_where_no_confirmation_is_asked_for() -> None:
    assert pair_of({20: 40, 27: 60, 34: 10}, confirmations=1) == (27, 27)


def test_three_consecutive_samples() -> None:
    histories = {
        (20, 34): NEVER,
        (20, 27, 34): (20, 34),
        (20, 34, 48): (20, 48),
        (20, 27, 30, 34): (20, 34),  # the third sample is too near, the fourth is not
    }
    found = pairs_of(*(dict.fromkeys(days, 60) for days in histories), confirmations=3)
    assert found == list(histories.values())


# ---- samples that no longer count -----------------------------------------------------------------------------------


def test_samples_count_until_the_day_before_a_relapse() -> None:
    lb = samples("P1", {20: 60, 34: 70})
    assert pair(derive(lb=lb, ce=[event("P1", "RELAPSE", 34)], spec=make_rule())) == NEVER
    assert pair(derive(lb=lb, ce=[event("P1", "RELAPSE", 35)], spec=make_rule())) == (20, 34)


def test_samples_count_until_the_day_before_a_donor_lymphocyte_infusion() -> None:
    lb = samples("P1", {20: 60, 34: 70})
    assert pair(derive(lb=lb, cm=[infusion("P1", "DLI", 34)], spec=make_rule())) == NEVER
    assert pair(derive(lb=lb, cm=[infusion("P1", "DLI", 35)], spec=make_rule())) == (20, 34)
    assert pair(derive(lb=lb, cm=[infusion("P1", "STEROID", 34)], spec=make_rule())) == (20, 34)


def test_the_earliest_of_the_declared_ends_counts() -> None:
    lb = samples("P1", {20: 60, 34: 70})
    ce, cm = [event("P1", "RELAPSE", 60)], [infusion("P1", "DLI", 30)]
    assert pair(derive(lb=lb, ce=ce, cm=cm, spec=make_rule())) == NEVER


def test_samples_after_a_relapse_count_where_the_configuration_says_so() -> None:
    derived = derive(
        lb=samples("P1", {20: 60, 34: 70}), ce=[event("P1", "RELAPSE", 30)], spec=make_rule(samples_end_at=[])
    )
    assert derived.occurrence("cd4")["DY"] == 20


def test_samples_after_the_cutoff_or_after_death_confirm_nothing() -> None:
    assert pair_of({90: 60, 181: 70}) == NEVER
    after_death = derive(lb=samples("P1", {20: 60, 34: 70}), ce=[event("P1", "DEATH", 33)], spec=make_rule())
    assert pair(after_death) == NEVER


def test_other_analytes_do_not_count() -> None:
    lb = [sample("P1", 20, 60), sample("P1", 34, 70, LBTESTCD="CD3"), sample("P1", 27, 10, LBTESTCD="CD3")]
    assert pair(derive(lb=lb, spec=make_rule())) == NEVER
