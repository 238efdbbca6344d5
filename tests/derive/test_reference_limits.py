"""The limits of each sample by its age: to the day at the edges of the bands, and honest where the age is not precise.

Day 0 is 1 January 2026, enrolment 20 days before; the bands are 2 to <6, 6 to <12, 12 to <18 and 18 to <80 years.
"""

from datetime import date
from typing import Any

import polars as pl
import pytest

from .cases import Derived, derive
from .configuration import make_rule, make_spec
from .records import Row, on, person, person_without_dates, sample, samples

BANDS = [(2, 6, 700.0, 2200.0), (6, 12, 650.0, 1500.0), (12, 18, 530.0, 1300.0), (18, 80, 440.0, 1496.0)]
LIMITS = [
    {
        "row": row, "analyte": "CD4", "unit": "/uL", "age_from_years": first, "age_below_years": end, "lower": lower,
        "median": None, "upper": upper, "percentiles": "P10-P90", "z_score": "none", "l": None, "m": None, "s": None,
        "source": "by hand", "status": "draft", "note": "",
    }
    for row, (first, end, lower, upper) in enumerate(BANDS, start=2)
]  # fmt: skip
NO_BAND = (None, None, None)


def born(day: date, last: date | None = None) -> Row:
    return {"BRTHLO": day, "BRTHHI": last or day}


def derived(who: Row, *lb: Row, **changes: Any) -> Derived:
    return derive([who], lb=list(lb), spec=make_spec(reference_limits=LIMITS, **changes))


def found(who: Row, *lb: Row) -> tuple[float | None, str | None, str | None]:
    """Lower limit, its origin and why there is no band, of the one sample."""
    rows = derived(who, *(lb or (sample("P1", 28, 600),))).adlb
    return rows.select("ANRLO", "ANRORIG", "ANRREAS").row(0)


# ---- the edges of a band --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("birth", "lower"),
    [
        (date(2014, 1, 29), 530.0),  # the 12th birthday is the day of the sample, 29 January 2026
        (date(2014, 1, 30), 650.0),  # it is the day after
        (date(2014, 1, 28), 530.0),
        (date(2020, 1, 29), 650.0),
        (date(2020, 1, 30), 700.0),
        (date(2024, 1, 29), 700.0),  # exactly 2, the first day of the first band
        (date(1946, 1, 30), 440.0),  # a day before the end of the last
    ],
)
def test_a_band_begins_on_the_birthday(birth: date, lower: float) -> None:
    assert found(person(AGE=None, **born(birth))) == (lower, "age table", None)


@pytest.mark.parametrize(
    ("birth", "why"),
    [(date(2024, 1, 30), "younger than the reference"), (date(1946, 1, 29), "older than the reference")],
)
def test_outside_the_ages_of_the_reference_nothing_is_clamped(birth: date, why: str) -> None:
    assert found(person(AGE=None, **born(birth))) == (None, None, why)


def test_a_child_born_on_a_leap_day_is_a_year_older_on_the_first_of_march() -> None:
    who = person(AGE=None, **born(date(2020, 2, 29)))
    rows = derived(who, sample("P1", 58), sample("P1", 59)).adlb  # 28 February and 1 March 2026
    assert rows["ANRLO"].to_list() == [700.0, 650.0]


def test_participants_grow_out_of_a_band() -> None:
    who = person(AGE=11.0, **born(date(2014, 2, 10)))
    rows = derived(who, *samples("P1", {20: 600, 60: 600})).adlb
    assert rows.select("ANRLO", "ANRHI", "ANRROW").rows() == [(650.0, 1500.0, 3), (530.0, 1300.0, 4)]


# ---- ages that are not precise --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("age", "day", "expected"),
    [
        (7.0, 28, (650.0, "age table", None)),
        (11.0, -20, (650.0, "age table", None)),  # on the day of enrolment nobody of 11 completed years is 12
        (11.0, -19, (None, None, "age not precise enough for one band")),
        (11.0, 28, (None, None, "age not precise enough for one band")),
        (12.0, 28, (530.0, "age table", None)),
        (1.0, 28, (None, None, "age not precise enough for one band")),
        (79.0, 28, (None, None, "age not precise enough for one band")),
        (80.0, 28, (None, None, "older than the reference")),
        (0.0, 28, (None, None, "younger than the reference")),
        (None, 28, (None, None, "age not known")),
    ],
)
def test_completed_years_at_enrolment_bound_the_age(age: float | None, day: int, expected: Row) -> None:
    assert found(person(AGE=age), sample("P1", day, 600)) == expected


def test_an_age_with_decimals_is_known_to_a_tenth_of_a_year() -> None:
    assert found(person(AGE=11.8)) == (650.0, "age table", None)
    assert found(person(AGE=11.9)) == (None, None, "age not precise enough for one band")
    assert found(person(AGE=12.1)) == (530.0, "age table", None)


def test_birth_date_and_age_narrow_each_other() -> None:
    """Born in 2014, so 11 or 12 on 29 January 2026; with 11 completed years on 12 December born from 13 December on."""
    year = born(date(2014, 1, 1), date(2014, 12, 31))
    assert found(person(AGE=None, **year))[2] == "age not precise enough for one band"
    rows = derived(person(AGE=11.0, **year), sample("P1", 28)).adlb
    assert rows["ANRLO"].to_list() == [None], "still 11 or 12: born between 13 December 2013 and 2014"
    june = born(date(2014, 6, 1), date(2014, 6, 30))
    ages = derived(person(AGE=None, **june), sample("P1", 28)).adlb.select("AAGELO", "AAGEHI", "ANRLO").row(0)
    assert 11.5 < ages[0] < ages[1] < 11.7
    assert ages[2] == 650.0


def test_ages_that_contradict_each_other_give_no_limit() -> None:
    assert found(person(AGE=30.0, **born(date(2014, 6, 1))))[2] == "age and birth date contradict each other"
    rows = derived(person(AGE=30.0, **born(date(2014, 6, 1))), sample("P1", 28)).adlb
    assert rows.select("AAGELO", "AAGEHI").row(0) == (None, None)


def test_without_any_date_the_age_is_that_at_the_transplant() -> None:
    lb = [sample("P1", None, 600, LBDY=day) for day in (300.0, 400.0)]
    rows = derived(person_without_dates(AGE=10.0), *lb, cutoff_date=None).adlb
    assert rows["ANRLO"].to_list() == [650.0, None]
    assert rows["AAGELO"].to_list() == pytest.approx([10 + 300 / 365.25, 10 + 400 / 365.25])


def test_nobody_has_an_age_and_no_analyte_a_reference() -> None:
    assert found(person(AGE=None)) == (None, None, "age not known")
    other = sample("P1", 28, 600, LBTESTCD="CD3")
    assert found(person(AGE=7.0), other) == (None, None, "no reference for the analyte")
    rows = derive([person(AGE=7.0)], lb=[sample("P1", 28)], spec=make_spec(reference_limits=[])).adlb
    assert rows["ANRREAS"].to_list() == ["no reference for the analyte"]
    assert derived(person(AGE=7.0), sample("P2", 28)).adlb.is_empty()


# ---- limits of the laboratory ---------------------------------------------------------------------------------------


def test_the_laboratory_goes_before_the_table() -> None:
    who = person(AGE=7.0)
    rows = derived(
        who, sample("P1", 28, LBSTNRLO=500.0, LBSTNRHI=1600.0), sample("P1", 29, LBSTNRHI=1600.0), sample("P1", 30)
    ).adlb
    assert rows.select("ANRLO", "ANRHI", "ANRORIG", "ANRROW").rows() == [
        (500.0, 1600.0, "laboratory", 3),
        (650.0, 1500.0, "age table", 3),  # an upper limit alone is none
        (650.0, 1500.0, "age table", 3),
    ]


def test_the_laboratory_has_limits_where_the_table_has_none() -> None:
    rows = derived(person(AGE=None), sample("P1", 28, LBSTNRLO=500.0)).adlb
    assert rows.select("ANRLO", "ANRHI", "ANRORIG", "ANRREAS").row(0) == (500.0, None, "laboratory", "age not known")


# ---- the limit of the age as a threshold ----------------------------------------------------------------------------


def crossing(who: Row, results: dict[int, Any], **rule: Any) -> Row:
    declared = {"value_per_ul": "age lower limit", "operator": ">=", "confirmations": 1, "min_spacing_day": 0} | rule
    spec = make_rule(**declared).model_copy(
        update={"reference_limits": make_spec(reference_limits=LIMITS).reference_limits}
    )
    return derive([who], lb=samples("P1", results), spec=spec).status("P1")


def test_the_first_value_at_the_limit_of_the_age() -> None:
    row = crossing(person(AGE=7.0), {14: 200, 28: 649, 60: 650, 90: 900})
    assert (row["STATUS"], row["REACHDY"], row["LEFTDY"]) == ("confirmed", 60.0, 28.0)


def test_the_limit_moves_with_the_age() -> None:
    """600 is below 650 until the 12th birthday on day 40, and above 530 from then on."""
    who = person(AGE=None, **born(date(2014, on(40).month, on(40).day)))
    row = crossing(who, {14: 600, 39: 600, 40: 600})
    assert (row["STATUS"], row["REACHDY"], row["LEFTDY"]) == ("confirmed", 40.0, 39.0)


@pytest.mark.parametrize(
    ("text", "status", "n_unknown"),
    [("<100", "not reached", 0), ("<650", "not reached", 0), ("<700", "unknown", 1), (">700", "confirmed", 0), (">600", "unknown", 1)],
)  # fmt: skip
def test_a_censored_value_decides_only_what_it_can(text: str, status: str, n_unknown: int) -> None:
    row = crossing(person(AGE=7.0), {28: text})
    assert (row["STATUS"], row["NUNKNOWN"]) == (status, n_unknown)


def test_a_sample_without_limit_is_unknown_and_passed_over() -> None:
    row = crossing(person(AGE=None), {28: 2000})
    assert (row["STATUS"], row["NUNKNOWN"], row["REACHDY"]) == ("unknown", 1, None)
    # 11 completed years: known on the day of enrolment only.
    assert crossing(person(AGE=11.0), {28: 100})["STATUS"] == "unknown"


def test_confirmation_and_windows_work_as_with_a_number() -> None:
    twice = {"confirmations": 2, "min_spacing_day": 14}
    assert crossing(person(AGE=7.0), {28: 700, 35: 700, 42: 700}, **twice)["CONFDY"] == 42.0
    assert crossing(person(AGE=7.0), {28: 700, 35: 100, 60: 700}, **twice)["STATUS"] == "reached, not yet confirmed"
    assert crossing(person(AGE=7.0), {110: 700})["STATUS"] == "no sample"


def test_later_samples_do_not_change_the_limits_of_earlier_ones() -> None:
    who = person(AGE=11.0, **born(date(2014, 2, 10)))
    few = derived(who, *samples("P1", {20: 600})).adlb
    more = derived(who, *samples("P1", {20: 600, 60: 600})).adlb
    assert few.equals(more.filter(pl.col("ADY") == 20.0))
