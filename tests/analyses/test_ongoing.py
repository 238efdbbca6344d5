"""What is ongoing on day 180, worked out by hand; nothing of after day 180 changes it."""

from datetime import date
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from immrecon.analyses.ongoing import LastingDomains, ongoing_records
from immrecon.config.record_checks import LastingRecords
from immrecon.contracts.harmonised import AE, CE, CM
from immrecon.contracts.io import validate
from immrecon.contracts.results import ONGOING_RECORDS

from .rows import CUTOFF, Row, adsl, died, on, person, table

PEOPLE = adsl(
    person("P1"), person("P2", None) | died(150), person("P3", stage="screened"), person("P4", stage="enrolled")
)
ALL = [
    LastingRecords(domain="AE", codes=None),
    LastingRecords(domain="CE", codes=["INFECTION"]),
    LastingRecords(domain="CM", codes=None),
]
SOURCE: Row = {"SRCFILE": "x.csv", "SRCROW": 2}


def ae(number: int, name: str = "P1", start: Any = None, end: Any = None, over: str | None = None) -> Row:
    lo, hi = start if isinstance(start, tuple) else (start, start)
    end_lo, end_hi = end if isinstance(end, tuple) else (end, end)
    days = {"AESTLO": lo, "AESTHI": hi, "AEENLO": end_lo, "AEENHI": end_hi}
    return SOURCE | {
        "USUBJID": name, "AESEQ": number, "AETERM": "x", "AEDECOD": f"T{number}", "AEBODSYS": "y", "AETOXGR": 2,
        "AEENRTPT": over, **{key: None if day is None else on(day) for key, day in days.items()},
    }  # fmt: skip


def ce(number: int, code: str, **more: Any) -> Row:
    return SOURCE | {"USUBJID": "P1", "CESEQ": number, "CEDECOD": code, "CETERM": "E. coli", **more}


def listed(
    *events: Row,
    clinical: list[Row] | None = None,
    medications: list[Row] | None = None,
    declared: list[LastingRecords] = ALL,
    cutoff: date | None = CUTOFF,
) -> pl.DataFrame:
    records = LastingDomains(table(AE, list(events)), table(CE, clinical or []), table(CM, medications or []))
    return validate(ONGOING_RECORDS, ongoing_records(PEOPLE, records, declared, cutoff))


@pytest.mark.parametrize(
    ("event", "shown"),
    [
        (ae(1, start=100), (100, 100, 80, 80, "cut-off")),
        (ae(1, start=180), (180, 180, 0, 0, "cut-off")),
        (ae(1, start=181), None),
        (ae(1, start=100, end=180), None),
        (ae(1, start=100, end=181), (100, 100, 80, 80, "cut-off")),
        (ae(1, start=100, end=(170, 190)), (100, 100, 80, 80, "cut-off")),  # not surely over
        (ae(1, start=100, over="BEFORE"), None),
        (ae(1, start=100, over="ONGOING"), (100, 100, 80, 80, "cut-off")),
        (ae(1, start=(90, 120)), (90, 120, 60, 90, "cut-off")),
        (ae(1, start=(170, 200)), (170, 180, 0, 10, "cut-off")),  # listed, so started by the cut-off
        (ae(1), (None, None, None, None, "cut-off")),
        (ae(1, start=-40), (-40, -40, 220, 220, "cut-off")),
        (ae(1, "P2", start=100), (100, 100, 50, 50, "death")),
        (ae(1, "P2", start=160), (160, 160, 0, 0, "death")),  # a record that contradicts the death
        (ae(1, "P3", start=100), None),  # screened only
        (ae(1, "P4", start=100), (None, None, 80, 80, "cut-off")),  # no transplant, no clock
    ],
)
def test_one_event(event: Row, shown: tuple[Any, ...] | None) -> None:
    rows = listed(event).select("start_day_low", "start_day_high", "days_low", "days_high", "until").rows()
    assert rows == ([] if shown is None else [shown])


def test_kinds_that_last() -> None:
    found = listed(
        ae(2, start=10),
        clinical=[ce(1, "INFECTION", CESTLO=on(170), CESTHI=on(170), CETOXGR=3), ce(2, "DEATH", CESTLO=on(170))],
        medications=[
            SOURCE | {"USUBJID": "P1", "CMSEQ": 1, "CMTRT": "prednisone", "CMCAT": "STEROID", "CMSTLO": on(9)}
        ],
    )
    assert found.select("domain", "display_id", "sequence", "group", "term", "detail", "grade").rows() == [
        ("AE", "P1", 2, "A", "T2", None, 2),
        ("CE", "P1", 1, "A", "INFECTION", "E. coli", 3),
        ("CM", "P1", 1, "A", "prednisone", "STEROID", None),
    ]
    only = listed(ae(1, start=10), ae(2, start=10), declared=[LastingRecords(domain="AE", codes=["T2"])])
    assert only["term"].to_list() == ["T2"]


def test_nothing_to_list() -> None:
    assert listed().is_empty()
    assert listed(ae(1, start=10), declared=[]).is_empty()


def test_without_a_calendar_days_are_those_of_the_record() -> None:
    found = listed(ae(1, start=10, end=20), clinical=[ce(1, "INFECTION", CESTDY=12.0)], cutoff=None)
    rows = found.select("domain", "start_day_low", "start_day_high", "days_low", "days_high").rows()
    assert rows == [("CE", 12.0, 12.0, None, None)]


DAY = st.integers(-20, 260)


@settings(max_examples=40, deadline=None)
@given(st.lists(st.tuples(st.sampled_from(["P1", "P2", "P4"]), DAY, st.none() | DAY), max_size=6))
def test_what_happens_after_the_cut_off_changes_nothing(events: list[tuple[str, int, int | None]]) -> None:
    """The same with later starts left out and later ends not known yet."""
    full = [ae(i, who, start=start, end=end) for i, (who, start, end) in enumerate(events, start=1)]
    then = [
        ae(i, who, start=start, end=None if end is None or end > 180 else end)
        for i, (who, start, end) in enumerate(events, start=1)
        if start <= 180
    ]
    assert listed(*full).equals(listed(*then))
