"""The swimmer plot as a table: bars of follow-up and markers, in lanes."""

from typing import Any

import polars as pl

from immrecon.analyses.timelines import timelines
from immrecon.contracts.io import validate
from immrecon.contracts.results import TIMELINES

from .rows import Row, adoc, adsl, died, on, person
from .specs import disposition_spec

MARKERS = [
    {"occurrence": "relapse", "label": "Relapse"},
    {"occurrence": "death", "label": "Death"},
]


def plot(people: list[Row], *occurrences: tuple[str, str, float], **changes: Any) -> pl.DataFrame:
    spec = disposition_spec(**({"timelines": {"population": "transplanted", "markers": MARKERS}} | changes))
    return validate(TIMELINES, timelines(adsl(*people), adoc(*occurrences), spec))


def lane(result: pl.DataFrame, name: str) -> list[tuple[str, float, float | None]]:
    return result.filter(display_id=name).select("code", "start_day", "end_day").rows()


def seen(day: int) -> Row:
    return {"LSTALVDT": on(day), "LSTALVDY": float(day)}


def test_a_participant_in_follow_up() -> None:
    result = plot([person("P1", **seen(120))], ("P1", "relapse", 60.0))
    assert lane(result, "P1") == [
        ("FOLLOW_UP", 0, 120), ("INJECTION", 5, None), ("RELAPSE", 60, None), ("ONGOING", 120, None),
    ]  # fmt: skip
    assert result["sequence"].to_list() == [0, 1, 2, 3]
    assert result["label"].to_list() == ["follow-up", "injection", "Relapse", "in follow-up"]
    assert result["kind"].to_list() == ["follow-up", "marker", "marker", "marker"]


def test_a_participant_who_died() -> None:
    result = plot([person("P1", **died(90), **seen(60))], ("P1", "death", 90.0))
    assert lane(result, "P1") == [("FOLLOW_UP", 0, 90), ("INJECTION", 5, None), ("DEATH", 90, None)]


def test_a_participant_who_withdrew_and_one_who_was_not_injected() -> None:
    people = [person("P1", WDDT=on(50), **seen(50)), person("P2", stage="transplanted")]
    result = plot(people)
    assert lane(result, "P1") == [("FOLLOW_UP", 0, 50), ("INJECTION", 5, None), ("WITHDRAWN", 50, None)]
    assert lane(result, "P2") == [("FOLLOW_UP", 0, 0), ("ONGOING", 0, None)]


def test_lanes_are_ordered_by_group_dose_level_and_transplant() -> None:
    people = [
        person("late", HSCTDT=on(9)),
        person("child", "B"),
        person("early", HSCTDT=on(1)),
        person("second level", dose="DL2", HSCTDT=on(0)),
        person("no level", dose=None),
    ]
    result = plot(people)
    lanes = result.select("lane_order", "display_id").unique().sort("lane_order")["display_id"].to_list()
    assert lanes == ["early", "late", "second level", "no level", "child"]
    assert result.filter(display_id="no level")["dose_level"].unique().to_list() == [""]


def test_only_the_population_and_the_declared_occurrences_are_shown() -> None:
    people = [person("P1", **seen(90)), person("P2", stage="enrolled")]
    result = plot(people, ("P1", "cd4", 30.0), ("P2", "relapse", 30.0))
    assert set(result["display_id"]) == {"P1"}
    assert "CD4" not in set(result["code"])


def test_nobody_and_no_markers() -> None:
    assert plot([]).height == 0
    bare = plot([person("P1")], timelines={"population": "injected", "markers": []})
    assert lane(bare, "P1") == [("FOLLOW_UP", 0, 0), ("ONGOING", 0, None), ("INJECTION", 5, None)]


def test_participants_without_a_configured_group_have_lanes_at_the_end() -> None:
    result = plot([person("none", None), person("other", "Z"), person("pooled", "all"), person("child", "B")])
    lanes = result.select("lane_order", "display_id", "group").unique().sort("lane_order")
    assert lanes["display_id"].to_list()[0] == "child"
    assert dict(lanes.select("display_id", "group").iter_rows()) == {
        "child": "B",
        "none": "",
        "other": "Z",
        "pooled": "",
    }


def test_nobody_who_may_be_dead_or_gone_is_in_follow_up() -> None:
    result = plot([person("dead", DTHUNFL="Y", **seen(40)), person("gone", WDUNFL="Y"), person("P3", HSCTDY=None)])
    assert [name for name, code in result.select("display_id", "code").iter_rows() if code == "ONGOING"] == ["P3"]
    assert set(result["display_id"]) == {"dead", "gone", "P3"}
