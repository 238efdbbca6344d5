"""The threshold rule on random samples against a second implementation that walks through them one by one."""

from hypothesis import given, settings
from hypothesis import strategies as st

from .cases import derive
from .configuration import make_rule
from .records import Row, person, sample

RESULTS = ["<5", "10", "<=50", "50", "51", "60", "<100", ">30", ">=50", ">2000"]
CERTAIN = {
    # Worked out by hand for both operators; what is missing is unknown.
    ">": {"<5": False, "10": False, "<=50": False, "50": False, "51": True, "60": True, ">2000": True},
    ">=": {"<5": False, "10": False, "50": True, "51": True, "60": True, ">=50": True, ">2000": True},
}

history = st.lists(st.tuples(st.integers(-5, 130), st.sampled_from(RESULTS)), max_size=9)
rules = st.fixed_dictionaries(
    {
        "operator": st.sampled_from([">", ">="]),
        "confirmations": st.integers(1, 3),
        "min_spacing_day": st.sampled_from([0, 7, 14]),
        "window": st.builds(
            lambda first, last: {"clock": "transplant", "first_day": first, "last_day": last},
            st.sampled_from([0, 20]),
            st.sampled_from([60, 100]),
        ),
        "confirm_within_window": st.booleans(),
        "samples_end_at": st.just([]),
    }
)


def walk(results: list[tuple[int, str]], rule: Row) -> tuple[int, int] | None:
    """First and confirming day, found by trying every day as the first of a pair."""
    certain = CERTAIN[rule["operator"]]
    by_day: dict[int, list[bool]] = {}
    for day, text in results:
        if text in certain:
            by_day.setdefault(day, []).append(certain[text])
    days = sorted(by_day)
    above = {day: all(by_day[day]) for day in days}
    window = rule["window"]

    def inside(day: int) -> bool:
        return window["first_day"] <= day <= window["last_day"]

    for start, first in enumerate(days):
        if not (above[first] and inside(first)):
            continue
        for seen, day in enumerate(days[start:], start=1):
            if not above[day] or (rule["confirm_within_window"] and not inside(day)):
                break
            far = rule["confirmations"] == 1 or day - first >= rule["min_spacing_day"]
            if seen >= rule["confirmations"] and far:
                return first, day
    return None


@settings(max_examples=20, deadline=None, derandomize=True)
@given(histories=st.lists(history, min_size=1, max_size=12), rule=rules)
def test_confirmed_pairs_are_those_that_a_walk_through_the_samples_finds(
    histories: list[list[tuple[int, str]]], rule: Row
) -> None:
    names = [f"P{i}" for i in range(len(histories))]
    lb = [sample(name, day, text) for name, results in zip(names, histories, strict=True) for day, text in results]
    derived = derive([person(name) for name in names], lb=lb, spec=make_rule(**rule))
    for name, results in zip(names, histories, strict=True):
        status, row = derived.status(name), derived.endpoint("CD4IR", name)
        expected = walk(results, rule)
        if expected is None:
            assert status["CONFDY"] is None
            assert row["CNSR"] == 1
            assert status["STATUS"] != "confirmed"
        else:
            assert (status["STATUS"], status["REACHDY"], status["CONFDY"]) == ("confirmed", *expected)
            assert (row["CNSR"], row["AVAL"]) == (0, expected[0])
