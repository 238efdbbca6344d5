"""Events that can happen again, by hand: five participants at most."""

from typing import Any

import polars as pl
import pytest

from immrecon.analyses.events import EventResults, estimate_events
from immrecon.config.specs import EventsSpec
from immrecon.contracts.analysis import ADTTE
from immrecon.contracts.io import validate
from immrecon.contracts.results import EVENT_RISK_TABLE, MEAN_CUMULATIVE, RECURRENT_SUMMARY

from .rows import Row, adoc, adsl, person, table
from .specs import DOSES, GROUPS, METHODS


def spec(**changes: Any) -> EventsSpec:
    event = {
        "label": "infections", "occurrence": "infection", "terminal": ["death"], "population": "injected",
        "origin": {"clock": "injection", "landmark_day": None}, "follow_up": [{"domain": "FA", "code": "SURVIVAL"}],
        "horizon_day": None, "days": [50, 100], "rate_per_day": 100, "topic": "infection", "figure": True,
        "figure_last_day": 100, "figure_tick_day": 50, "source": "by hand", "status": "draft",
    } | changes  # fmt: skip
    content: Row = {"groups": GROUPS, "dose_levels": DOSES, "recurrent_events": {"INF": event}}
    return EventsSpec.model_validate(content | {"methods": METHODS})


def ended(name: str, day: float, died: bool = False, risk: str = "Y") -> Row:
    return {
        "USUBJID": name, "PARAMCD": "INF", "PARAM": "end", "FIRSTEV": "INF", "DISPID": name, "GROUP": "A",
        "DOSELVL": "DL1", "AENTRY": 0.0, "AVAL": day, "CNSR": 0 if died else 1, "EVNTDESC": "x",
        "CAUSE": "death" if died else None, "RISKFL": risk, "NRISKREA": None if risk == "Y" else "no",
    }  # fmt: skip


def results(followed: list[Row], events: list[tuple[str, float]], **changes: Any) -> EventResults:
    """Days of events are since transplant, everybody is injected on day 5."""
    people = adsl(*(person(row["USUBJID"]) for row in followed))
    occurrences = adoc(*(("".join(name), "infection", day) for name, day in events))
    found = estimate_events(people, table(ADTTE, followed), occurrences, spec(**changes))
    return EventResults(
        validate(MEAN_CUMULATIVE, found.mean_cumulative), validate(RECURRENT_SUMMARY, found.summary),
        validate(EVENT_RISK_TABLE, found.risk_table),
    )  # fmt: skip


def row(found: EventResults, measure: str, day: float | None = None, group: str = "all") -> Row:
    rows = found.summary.filter(measure=measure, group=group, dose_level="all")
    return (rows if day is None else rows.filter(time_day=day)).row(0, named=True)


MEAN, RATE = "mean number per participant", "rate"
# Injected on day 5: events on days 10 and 30 of the clock, death on 40, two events on one day (60).
FOUR = [ended("P1", 100), ended("P2", 40, died=True), ended("P3", 100), ended("P4", 100)]
EVENTS = [("P1", 15.0), ("P1", 35.0), ("P3", 65.0), ("P3", 65.0)]


def test_mean_number_by_hand() -> None:
    found = results(FOUR, EVENTS)
    # 10: 1/4; 30: 1/4; death of one of four on 40 leaves S = 3/4; 60: 3/4 x 2/3
    assert row(found, MEAN, 50)["estimate"] == pytest.approx(0.5)
    assert row(found, MEAN, 100)["estimate"] == pytest.approx(1.0)
    assert row(found, MEAN, 100)["conf_low"] < 1 < row(found, MEAN, 100)["conf_high"]
    counts = [row(found, MEAN, 50)[name] for name in ("n", "n_with_event", "n_events", "n_terminal", "n_risk")]
    assert counts == [4, 1, 2, 1, 3]


def test_rate_by_hand() -> None:
    rate = row(results(FOUR, EVENTS), RATE)
    # R: poisson.test(4, 3.4)
    assert (rate["n_events"], rate["exposure_day"]) == (4, 340)
    assert rate["estimate"] == pytest.approx(100 * 4 / 340)
    assert rate["conf_low"] == pytest.approx(0.320548639, abs=1e-9)
    assert rate["conf_high"] == pytest.approx(3.012231963, abs=1e-9)


def test_only_events_at_risk_count() -> None:
    found = results(FOUR, [*EVENTS, ("P1", 4.0), ("P2", 46.0), ("P4", 106.0)])
    assert row(found, RATE)["n_events"] == 4
    assert row(found, RATE)["n_before"] == 1


def test_events_of_the_first_and_of_the_last_day_count() -> None:
    found = results([ended("P1", 100), ended("P2", 40, died=True)], [("P1", 5.0), ("P2", 45.0)])
    assert row(found, RATE)["n_events"] == 2
    assert row(found, MEAN, 100)["estimate"] == pytest.approx(1.0)


def test_without_deaths_it_is_the_sum_of_events_over_those_at_risk() -> None:
    found = results([ended("P1", 100), ended("P2", 20), ended("P3", 100)], [("P1", 15.0), ("P3", 55.0), ("P1", 65.0)])
    assert row(found, MEAN, 100)["estimate"] == pytest.approx(1 / 3 + 1 / 2 + 1 / 2)


def test_no_event_yet() -> None:
    found = results(FOUR, [])
    assert row(found, MEAN, 100)["estimate"] == 0
    assert row(found, MEAN, 100)["reason"] == "no event yet: the exact interval of the rate bounds it"
    rate = row(found, RATE)
    assert (rate["estimate"], rate["conf_low"], rate["reason"]) == (0, 0, "no event yet: exact one-sided bound")
    assert rate["conf_high"] == pytest.approx(100 * 3.688879454 / 340)  # -log(0.025)


def test_nobody_at_risk_and_short_follow_up_are_said() -> None:
    found = results([ended("P1", 30), ended("P2", 0, risk="N")], [])
    assert row(found, MEAN, 50)["reason"] == "follow-up ends on day 30, before day 50"
    assert row(found, MEAN, 50)["n_not_at_risk"] == 1
    assert row(found, RATE, group="B")["reason"] == "nobody at risk"
    assert found.mean_cumulative.filter(group="B").is_empty()


def test_numbers_at_risk_under_the_axis() -> None:
    table_rows = results(FOUR, EVENTS).risk_table.filter(group="all").sort("time_day")
    shown = table_rows.select(
        "time_day", "n_risk", "n_event_cumulative", "n_competing_cumulative", "n_censor_cumulative"
    )
    assert shown.rows() == [(0, 4, 0, 0, 0), (50, 3, 2, 1, 0), (100, 3, 4, 1, 3)]


def test_the_order_of_rows_changes_nothing() -> None:
    one, other = results(FOUR, EVENTS), results(list(reversed(FOUR)), list(reversed(EVENTS)))
    assert one.summary.equals(other.summary)
    assert one.mean_cumulative.equals(other.mean_cumulative)


def test_curves_are_for_groups_and_pooled_and_never_fall() -> None:
    curves = results(FOUR, EVENTS).mean_cumulative
    assert set(curves["dose_level"]) == {"all"}
    pooled = curves.filter(pl.col("group") == "all").sort("time_day")
    assert pooled["time_day"].to_list() == [0, 10, 30, 60, 100]
    assert pooled["estimate"].is_sorted()
