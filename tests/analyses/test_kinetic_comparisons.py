"""Groups compared by shift and rank, with worst ranks for deaths: by hand. Against R: test_kinetics_golden."""

from typing import Any

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose

from immrecon.analyses.kinetic_comparisons import Side, scores
from immrecon.stats.comparison import hodges_lehmann, wilcoxon_exact

from .rows import Row, adlb, adoc, adsl, died, on, person, sample
from .specs import KINETICS
from .test_kinetics import estimated


def compared(
    counts: dict[str, float | None],
    events: list[tuple[str, str, float]],
    people: dict[str, Row] | None = None,
    **changes: Any,
) -> pl.DataFrame:
    """Day-28 counts (None: no sample) of participants A1, A2, ..., B1, ..., in the rows of each ranking."""
    more = people or {}
    rows = [person(name, name[0], **more.get(name, {})) for name in counts]
    samples = [sample(name, 28, value, name[0]) for name, value in counts.items() if value is not None]
    comparison = KINETICS["comparison"] | changes
    result = estimated(adsl(*rows), adlb(*samples), adoc(*events), comparison=comparison).comparisons
    return result.filter(pl.col("measure") == "count at the visit")


def ranking(result: pl.DataFrame, code: str) -> Row:
    return result.row(by_predicate=pl.col("ranking") == code, named=True)


COUNTS: dict[str, float | None] = {"A1": 10, "A2": 20, "A3": None, "B1": 30, "B2": 50, "B3": None}


def test_of_those_measured() -> None:
    """Differences 20, 40, 10, 30: median 25. Of all 6 arrangements two are as extreme: p = 1/3."""
    row = ranking(compared(COUNTS, []), "measured")
    assert (row["level"], row["reference"], row["estimate"], row["probability"]) == ("B", "A", 25, 1)
    assert row["p_value"] == pytest.approx(1 / 3)
    assert row["p_permutation"] == pytest.approx(1 / 3)
    # Two against two can exclude no shift at 95 %.
    assert (row["conf_low"], row["conf_high"]) == (None, None)
    assert row["reason"] == "too few values for a limit at this level"
    assert (row["n_level"], row["n_missing_level"], row["n_missing_reference"]) == (2, 1, 1)


def test_a_death_ranks_lowest() -> None:
    """B3 died on day 20. Differences from B1, B2 as above and two below every number: the middle ones are 10 and 20."""
    result = compared(COUNTS, [("B3", "death", 20.0)], {"B3": died(20)})
    row = ranking(result, "DEATH")
    assert (row["n_level"], row["n_worst_level"], row["n_missing_level"]) == (3, 1, 0)
    assert row["estimate"] == 15
    assert_allclose(row["probability"], 4 / 6)
    # Ranks 1 (B3), 2, 3 (A), 4, 5 (B): rank sum of A 5 of 3 to 9, mean 6; arrangements at least 1 away: 8 of 10.
    assert row["p_value"] == pytest.approx(0.8)
    assert row["p_permutation"] is None
    assert ranking(result, "measured")["n_level"] == 2


def test_the_earlier_death_ranks_lower() -> None:
    """Of two deaths one in each group: the earlier is the lower."""
    events = [("A3", "death", 10.0), ("B3", "death", 20.0)]
    row = ranking(compared(COUNTS, events, {"A3": died(10), "B3": died(20)}), "DEATH")
    # B above A in 4 pairs of numbers, B3 above A3, B1 and B2 above A3: 7 of 9.
    assert_allclose(row["probability"], 7 / 9)


def test_two_deaths_of_one_day_tie() -> None:
    events = [("A3", "death", 10.0), ("B3", "death", 10.0)]
    row = ranking(compared(COUNTS, events, {"A3": died(10), "B3": died(10)}), "DEATH")
    assert_allclose(row["probability"], 6.5 / 9)


def test_each_ranking_has_its_own_events() -> None:
    result = compared(COUNTS, [("B3", "relapse", 20.0)])
    assert ranking(result, "DEATH")["n_worst_level"] == 0
    assert ranking(result, "BOTH")["n_worst_level"] == 1


@pytest.mark.parametrize(
    ("day", "counted", "n_worst"),
    [
        # With a sample on day 28: an event up to that day goes before it. Without one: up to the window's end, day 34.
        (28.0, 30.0, 1),
        (29.0, 30.0, 0),
        (34.0, None, 1),
        (35.0, None, 0),
    ],
)
def test_an_event_counts_up_to_the_sample_or_the_end_of_the_window(
    day: float, counted: float | None, n_worst: int
) -> None:
    row = ranking(compared(COUNTS | {"B1": counted}, [("B1", "relapse", day)]), "BOTH")
    assert row["n_worst_level"] == n_worst
    assert row["n_missing_level"] == 1 + (counted is None and n_worst == 0)


def test_who_left_is_missing_and_never_worst() -> None:
    row = ranking(compared(COUNTS, [], {"B3": {"WDDT": on(20)}}), "DEATH")
    assert (row["n_worst_level"], row["n_missing_level"]) == (0, 1)


def test_when_most_differences_are_with_the_dead_there_is_no_number() -> None:
    dead = {"A1": died(5), "A2": died(6)}
    events = [("A1", "death", 5.0), ("A2", "death", 6.0)]
    row = ranking(compared({"A1": None, "A2": None, "A3": 10, "B1": 30, "B2": 50}, events, dead), "DEATH")
    assert row["status"] == "not estimable"
    assert row["reason"] == "the median difference is one with a worst rank: no number of cells"
    assert (row["estimate"], row["probability"]) == (None, 1)


def test_everybody_dead() -> None:
    dead = {name: died(9) for name in COUNTS}
    result = compared(dict.fromkeys(COUNTS), [(name, "death", 9.0) for name in COUNTS], dead)
    row = ranking(result, "DEATH")
    assert (row["n_worst_level"], row["estimate"], row["probability"], row["p_value"]) == (3, 0, 0.5, 1)
    assert ranking(result, "measured")["reason"] == "nobody ranked in one of the groups"


def test_p_values_are_given_where_they_are_shown() -> None:
    hidden = {"shown": False, "reason": "not randomised"}
    row = ranking(compared(COUNTS, [], p_values=hidden), "measured")
    assert (row["p_value"], row["p_permutation"], row["p_method"]) == (None, None, "not shown: not randomised")
    assert row["estimate"] == 25


@settings(max_examples=100, deadline=None, derandomize=True)
@given(
    st.lists(st.floats(0, 1e5), max_size=6), st.lists(st.integers(1, 200), max_size=4),
    st.lists(st.floats(0, 1e5), max_size=6), st.lists(st.integers(1, 200), max_size=4),
)  # fmt: skip
def test_scores_keep_the_order_and_shifts_their_size(
    x: list[float], days_x: list[int], y: list[float], days_y: list[int]
) -> None:
    """Worst ranks lie below all counts, in the order of their days; finite differences are those of the counts."""
    if not x + days_x or not y + days_y:
        return
    sides = [Side(np.array(v, dtype=float), np.array(d, dtype=float), 0) for v, d in ((x, days_x), (y, days_y))]
    a, b, finite = scores(*sides)
    keys = [(1, v) for v in x] + [(0, d) for d in days_x] + [(1, v) for v in y] + [(0, d) for d in days_y]
    both = np.concatenate((a, b))
    assert [keys[i] for i in np.argsort(both, kind="stable")] == sorted(keys)
    differences = np.subtract.outer(a, b)
    numbers = np.abs(differences) <= finite
    among_counts = np.zeros_like(numbers)
    among_counts[: len(x), : len(y)] = True
    tied = np.zeros_like(numbers)
    tied[len(x) :, len(y) :] = np.equal.outer(days_x, days_y)
    assert (numbers == (among_counts | tied)).all()
    assert 0 <= wilcoxon_exact(a, b).p_value <= 1
    assert np.isfinite(hodges_lehmann(a, b).estimate)
