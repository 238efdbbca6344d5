"""Dates: each expected day is read off the text by hand."""

import random
import re
from datetime import date, time

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from immrecon.config.base import build
from immrecon.config.source_format import DateStyle
from immrecon.errors import ConfigError
from immrecon.ingest.dates import parse_dates


def read(text: str | None, *formats: str, **options: object) -> tuple[object, ...]:
    style = DateStyle(formats=list(formats), **options)  # type: ignore[arg-type]
    return parse_dates(pl.Series([text], dtype=pl.String), style).row(0)


def on(year: int, month: int, day: int, at: time | None = None) -> tuple[object, ...]:
    return (date(year, month, day), date(year, month, day), at, None)


@pytest.mark.parametrize(
    ("text", "formats", "expected"),
    [
        ("03/04/2026", ["%d/%m/%Y"], on(2026, 4, 3)),
        ("03/04/2026", ["%m/%d/%Y"], on(2026, 3, 4)),
        ("3/4/2026", ["%d/%m/%Y"], on(2026, 4, 3)),
        (" 03/04/2026 ", ["%d/%m/%Y"], on(2026, 4, 3)),
        ("2026-04-03T09:30", ["%Y-%m-%d", "%Y-%m-%dT%H:%M"], on(2026, 4, 3, time(9, 30))),
        ("2026-04-03 09:30:15", ["%Y-%m-%d %H:%M:%S"], on(2026, 4, 3, time(9, 30, 15))),
        ("2026-04-03T23:30-05:00", ["%Y-%m-%dT%H:%M%z"], on(2026, 4, 3, time(23, 30))),
        ("03APR2026", ["%d%b%Y"], on(2026, 4, 3)),
        ("3APR2026", ["%d%b%Y"], on(2026, 4, 3)),
        ("3/4/2026 930", ["%d/%m/%Y %H%M"], on(2026, 4, 3, time(9, 30))),
        ("20260930081500+0200", ["%Y%m%d%H%M%S%z", "%Y%m%d"], on(2026, 9, 30, time(8, 15))),
        ("20260930081500.0000-0500", ["%Y%m%d%H%M%S%z"], on(2026, 9, 30, time(8, 15))),
        ("202609300815", ["%Y%m%d%H%M%S", "%Y%m%d%H%M", "%Y%m%d"], on(2026, 9, 30, time(8, 15))),
        ("20260930", ["%Y%m%d%H%M%S", "%Y%m%d%H%M", "%Y%m%d%H", "%Y%m%d"], on(2026, 9, 30)),
        ("202609", ["%Y%m%d", "%Y%m"], (date(2026, 9, 1), date(2026, 9, 30), None, None)),
        ("2026111", ["%Y%m%d", "%Y%m"], (None, None, None, "unreadable")),
        ("29/02/2024", ["%d/%m/%Y"], on(2024, 2, 29)),
        ("46115", ["serial1900"], on(2026, 4, 3)),
        ("46115.5", ["serial1900"], on(2026, 4, 3, time(12))),
        ("44653", ["serial1904"], on(2026, 4, 3)),
        ("61", ["serial1900"], on(1900, 3, 1)),
        ("59", ["serial1900"], on(1900, 2, 28)),
    ],
)
def test_full_dates(text: str, formats: list[str], expected: tuple[object, ...]) -> None:
    assert read(text, *formats) == expected


def test_two_digit_years_start_where_the_century_is_declared() -> None:
    assert read("03/04/26", "%d/%m/%y", century=2000) == on(2026, 4, 3)
    assert read("03/04/49", "%d/%m/%y", century=1950) == on(2049, 4, 3)
    assert read("03/04/50", "%d/%m/%y", century=1950) == on(1950, 4, 3)


def test_declared_month_names() -> None:
    months = {"mrt": 3, "mei": 5}
    assert read("3 mei 2026", "%d %b %Y", months=months) == on(2026, 5, 3)
    assert read("3 may 2026", "%d %b %Y", months=months)[3] == "impossible"


def test_partial_dates_become_bounds() -> None:
    assert read("02/2024", "%m/%Y")[:2] == (date(2024, 2, 1), date(2024, 2, 29))
    assert read("2025", "%Y")[:2] == (date(2025, 1, 1), date(2025, 12, 31))
    assert read("UN/UNK/2025", "UN/UNK/%Y")[:2] == (date(2025, 1, 1), date(2025, 12, 31))


@pytest.mark.parametrize("text", ["31/02/2026", "00/01/2026", "01/13/2026", "29/02/2025"])
def test_days_that_do_not_exist(text: str) -> None:
    assert read(text, "%d/%m/%Y") == (None, None, None, "impossible")


@pytest.mark.parametrize(("text", "written"), [("25:00", "impossible"), ("09:60", "impossible"), ("9h", "unreadable")])
def test_times_that_do_not_exist(text: str, written: str) -> None:
    assert read(f"01/02/2026 {text}", "%d/%m/%Y %H:%M") == (None, None, None, written)


@pytest.mark.parametrize("text", ["2026-01-02", "hier", "1/2/26", "01/02/2026 ?", "01.02.2026"])
def test_other_shapes_are_unreadable(text: str) -> None:
    assert read(text, "%d/%m/%Y") == (None, None, None, "unreadable")


@pytest.mark.parametrize("text", ["0", "60", "2958466"])
def test_serial_numbers_that_are_no_day(text: str) -> None:
    assert read(text, "serial1900")[3] == "impossible"


@pytest.mark.parametrize(("text", "written"), [("0000-01-01", "%Y-%m-%d"), ("0000", "%Y"), ("01/0000", "%m/%Y")])
def test_there_is_no_year_0(text: str, written: str) -> None:
    assert read(text, written) == (None, None, None, "impossible")


@pytest.mark.parametrize("text", ["", "  ", None])
def test_blank_is_blank(text: str | None) -> None:
    assert read(text, "%d/%m/%Y") == (None, None, None, None)


@settings(deadline=None)  # the first call compiles the patterns
@given(st.lists(st.dates(date(1900, 3, 1), date(2199, 12, 31)), min_size=1, max_size=20))
def test_every_day_is_read_back(days: list[date]) -> None:
    for written in ("%d/%m/%Y", "%Y-%m-%d", "%d%b%Y"):
        text = pl.Series([day.strftime(written) for day in days])
        assert parse_dates(text, DateStyle(formats=[written]))["lo"].to_list() == days
    serial = pl.Series([str((day - date(1899, 12, 30)).days) for day in days])
    assert parse_dates(serial, DateStyle(formats=["serial1900"]))["hi"].to_list() == days


@pytest.mark.parametrize(
    ("formats", "said"),
    [
        (["%d/%m/%Y", "%m/%d/%Y"], "undecidable"),
        (["%d/%m/%y"], "century"),
        (["%d/%Y"], "without a month"),
        (["%d/%m"], "needs a year"),
        (["%d/%q/%Y"], "%q is not known"),
        ([], "at least 1"),
    ],
)
def test_styles_that_cannot_be_declared(formats: list[str], said: str, tmp_path) -> None:
    with pytest.raises(ConfigError, match=said):
        build(DateStyle, {"formats": formats}, tmp_path / "lab.yaml")


FORMATS = ["%m/%d/%Y %H:%M", "%d.%m.%Y", "%Y-%m-%dT%H:%M:%S", "%Y%m%d", "%Y%m%d%H%M", "%H:%M %d/%m/%Y", "%m/%Y/%d"]
PARTS = {
    "m": ["01", "02", "12", "13", "1", "00"],
    "d": ["01", "28", "29", "30", "31", "5", "00"],
    "Y": ["2020", "1999", "0000", "0001", "9999", "21", "+200"],
    "H": ["00", "23", "24", "7"],
    "M": ["00", "59", "60", "5"],
    "S": ["00", "59", "60", "07.5"],
}


@pytest.mark.parametrize("seed", range(60))
def test_texts_in_full_width_are_read_as_a_closer_look_reads_them(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    rng = random.Random(seed)

    def written() -> str | None:
        text = re.sub(
            "%(.)",
            lambda code: rng.choice(PARTS[code[1]][: rng.choice([1, 9])]),
            rng.choice([*style.formats, *FORMATS]),
        )
        return rng.choice([text, text, text, text + " ", text + "x", "", None])

    style = DateStyle(formats=rng.sample(FORMATS, rng.randint(1, 3)))
    texts = pl.Series([written() for _ in range(200)], dtype=pl.String)
    quick = parse_dates(texts, style)
    monkeypatch.setattr("immrecon.ingest.dates._plain", lambda *_: None)
    assert_frame_equal(quick, parse_dates(texts, style))
    assert quick["lo"].count() > 0
