"""Adverse events up to the cut-off (day 180): emergent from the injection on day 5, undecided, ongoing."""

from typing import Any

import pytest

from .cases import derive
from .configuration import make_spec
from .records import Row, adverse, on, person

UNTIL_30 = make_spec(safety__emergent_last_day=30)
"""Emergent on days 0 to 30 after injection: days 5 to 35."""


def emergences(*starts: tuple[int, int] | int | None, spec: Any = None) -> list[tuple[str, str]]:
    """Emergent, and whether that is undecided, of an event with each of these starts."""
    adae = derive(ae=[adverse("P1", start) for start in starts], spec=spec).adae
    return adae.sort("AESEQ").select("TRTEMFL", "TRTEMUN").rows()


def test_emergent_from_the_injection_on() -> None:
    expected: dict[Any, tuple[str, str]] = {
        4: ("N", "N"),
        5: ("Y", "N"),  # the day of the injection
        (0, 4): ("N", "N"),  # over before it, whatever the day
        (0, 5): ("Y", "Y"),  # may have started on it
        (5, 30): ("Y", "N"),  # certainly not before
        None: ("Y", "Y"),  # no start date
    }
    assert emergences(*expected) == list(expected.values())


def test_emergent_until_a_last_day() -> None:
    expected: dict[Any, tuple[str, str]] = {
        35: ("Y", "N"),
        36: ("N", "N"),
        (31, 58): ("Y", "Y"),
        (36, 58): ("N", "N"),
        (0, 58): ("Y", "Y"),
        None: ("Y", "Y"),
    }
    assert emergences(*expected, spec=UNTIL_30) == list(expected.values())


def test_emergent_from_the_transplant_on() -> None:
    spec = make_spec(safety__emergent_from_clock="transplant")
    assert emergences(-1, 0, 4, spec=spec) == [("N", "N"), ("Y", "N"), ("Y", "N")]


def test_only_emergent_events_of_the_safety_population_are_counted() -> None:
    dm = [person("P1"), person("P2", injected=None), person("P3", injected=None, transplanted=None)]
    ae = [adverse("P1", 4), adverse("P1", 20), adverse("P2", 20), adverse("P3", 20)]
    derived = derive(dm, ae=ae)
    assert derived.adae.select("USUBJID", "AESEQ", "ANL01FL").rows() == [
        ("P1", 1, "N"), ("P1", 2, "Y"), ("P2", 1, "N"), ("P3", 1, "N"),
    ]  # fmt: skip
    of_transplanted = make_spec(safety__population="transplanted", safety__emergent_from_clock="transplant")
    counted = derive(dm, ae=ae, spec=of_transplanted).adae["ANL01FL"].to_list()
    assert counted == ["Y", "Y", "Y", "N"]


def test_events_of_who_was_not_enrolled_are_left_out() -> None:
    dm = [person("P1", ENRLDT=None, transplanted=None, injected=None)]
    assert derive(dm, ae=[adverse("P1", 20)]).adae.height == 0


@pytest.mark.parametrize(("start", "rows"), [(180, 1), (181, 0), ((170, 200), 1), ((181, 200), 0), (None, 1)])
def test_events_that_may_have_started_by_the_cutoff(start: Any, rows: int) -> None:
    assert derive(ae=[adverse("P1", start)]).adae.height == rows


def ending(end: Any, **more: Any) -> Row:
    row = derive(ae=[adverse("P1", 30, end, **more)]).event()
    return {name: row[name] for name in ("AENLO", "AENHI", "AONGOFL", "AONGOUN")}


def test_an_end_by_the_cutoff() -> None:
    assert ending(180) == {"AENLO": on(180), "AENHI": on(180), "AONGOFL": "N", "AONGOUN": "N"}
    assert ending((59, 89)) == {"AENLO": on(59), "AENHI": on(89), "AONGOFL": "N", "AONGOUN": "N"}


@pytest.mark.parametrize(("end", "said"), [(None, "ONGOING"), (181, "BEFORE"), ((181, 200), "BEFORE")])
def test_ongoing_at_the_cutoff(end: Any, said: str) -> None:
    assert ending(end, AEENRTPT=said) == {"AENLO": None, "AENHI": None, "AONGOFL": "Y", "AONGOUN": "N"}


@pytest.mark.parametrize(
    ("end", "said", "ongoing"),
    [
        (None, "BEFORE", "N"),  # recorded as over, without its day
        (None, "UNKNOWN", "Y"),  # the source does not say
        (None, None, "Y"),
        ((170, 200), "BEFORE", "Y"),  # may have ended before the cut-off
    ],
)
def test_ends_that_leave_open_whether_it_was_ongoing(end: Any, said: str | None, ongoing: str) -> None:
    found = ending(end, AEENRTPT=said)
    assert (found["AONGOFL"], found["AONGOUN"]) == (ongoing, "Y")


def test_the_event_is_described_as_it_was_recorded() -> None:
    ae = [adverse("P1", 20, AETOXGR=4, AESER="Y", AEREL="N", AEDECOD="Sepsis", AEBODSYS="Infections")]
    row = derive(ae=ae).event()
    expected = {
        "GROUP": "A", "DOSELVL": "DL1", "AEDECOD": "Sepsis", "AEBODSYS": "Infections", "AETOXGR": 4, "AESER": "Y",
        "AEREL": "N", "ASTLO": on(20), "ASTHI": on(20),
    }  # fmt: skip
    assert {name: row[name] for name in expected} == expected


@pytest.mark.parametrize("start", [(0, 30), None])
def test_an_event_that_was_over_before_the_injection_is_not_emergent(start: Any) -> None:
    row = derive(ae=[adverse("P1", start, 4)]).event()
    assert (row["TRTEMFL"], row["ANL01FL"]) == ("N", "N")


def test_an_end_that_may_lie_after_the_cutoff_says_nothing_about_what_came_after_it() -> None:
    row = derive(ae=[adverse("P1", 30, (151, 181))]).event()
    assert row["AENHI"] is None or row["AENHI"] <= on(180)
