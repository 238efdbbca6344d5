"""Stacked probabilities: every state and group named, areas that fill the panel, numbers under the ticks."""

import numpy as np
import polars as pl
import pytest
from matplotlib.collections import PolyCollection
from matplotlib.colors import to_rgb

from immrecon.config.display import DisplaySpec, MultiStateDisplay
from immrecon.contracts.results import STATE_CURVES
from immrecon.figures.multistate import draw_course, draw_multistate

from .reading import layout_faults, page_text, words_of
from .synthetic_spec import make_spec

NAMES = {"OK": "Event-free", "GVHD": "Acute GvHD II-IV", "REL": "Relapsed", "DEAD": "Dead"}
COURSE = MultiStateDisplay.model_validate(
    {
        "code": "COURSE", "label": "Course after the injection", "clock_label": "SMART101 injection",
        "states": [{"code": code, "label": label, "rule": "" if code == "OK" else f"rule of {code}"} for code, label in NAMES.items()],
        "censoring": "at the last disease assessment on or before the cut-off", "landmark_day": None,
        "population": "injected", "topic": "efficacy", "figure_last_day": 360, "figure_tick_day": 90,
        "source": "by hand", "status": "draft",
    }
)  # fmt: skip
DAYS = (0.0, 35.0, 90.0, 180.0, 250.0)
SHARES = {"OK": (1, 0.75, 0.5, 0.5, 0.5), "GVHD": (0, 0.25, 0.25, 0.25, 0), "REL": (0, 0, 0.25, 0, 0)}
SHARES["DEAD"] = (0, 0, 0, 0.25, 0.5)


@pytest.fixture(scope="module")
def course_spec() -> DisplaySpec:
    return make_spec(multistate=[COURSE])


def curves(groups: list[str]) -> pl.DataFrame:
    rows = [
        {
            "group": group, "dose_level": "all", "parameter": "COURSE", "state": state, "state_order": order,
            "time_day": day, "n_state": int(40 * share), "method": "aalen-johansen", "variance": "v", "conf_type": "c",
            "conf_level": 0.95, "estimate": float(share),
        }
        for group in groups
        for order, (state, shares) in enumerate(SHARES.items())
        for day, share in zip(DAYS, shares, strict=True)
    ]  # fmt: skip
    return pl.DataFrame(rows, schema=STATE_CURVES.schema.create_empty().schema)


def areas(axes: object) -> list[PolyCollection]:
    return [item for item in axes.collections if isinstance(item, PolyCollection)]  # type: ignore[attr-defined]


def test_a_panel_per_group_and_pooled_with_every_state_named(course_spec: DisplaySpec) -> None:
    groups = [group.code for group in course_spec.groups]
    figure = draw_course(curves([*groups, "all"]), course_spec, COURSE)
    words = words_of(figure)
    assert len(figure.axes) == len(groups) + 1
    assert {f"{group.label} (n = 40)" for group in course_spec.groups} | {"All participants (n = 40)"} <= set(words)
    assert all(words.count(label) == len(figure.axes) + 1 for label in NAMES.values())  # the key, and every panel
    text = page_text(figure)
    for part in ("DRAFT DEFINITION", "Data cut-off", "Population: injected", "Method: aalen-johansen", "rule of GVHD"):
        assert part in text
    assert layout_faults(figure) == []


def test_areas_fill_the_panel_up_to_the_end_of_follow_up(course_spec: DisplaySpec) -> None:
    figure = draw_course(curves([course_spec.groups[0].code]), course_spec, COURSE)
    axes = figure.axes[0]
    boxes = [area.get_datalim(axes.transData) for area in areas(axes)]
    assert len(boxes) == len(NAMES)
    assert {(box.x0, box.x1) for box in boxes} == {(0, 250)}
    assert (min(box.y0 for box in boxes), max(box.y1 for box in boxes)) == (0, 1)


def test_numbers_stand_under_the_ticks_that_follow_up_reaches(course_spec: DisplaySpec) -> None:
    words = words_of(draw_course(curves([course_spec.groups[0].code]), course_spec, COURSE))
    assert [word for word in words if word.isdigit()] == [
        "40",
        "20",
        "20",
        "0",
        "10",
        "10",
        "0",
        "10",
        "0",
        "0",
        "0",
        "10",
    ]


def test_states_differ_in_grey(course_spec: DisplaySpec) -> None:
    figure = draw_course(curves([course_spec.groups[0].code]), course_spec, COURSE)
    grey = [float(np.dot(to_rgb(area.get_facecolor()[0]), (0.299, 0.587, 0.114))) for area in areas(figure.axes[0])]
    assert grey == sorted(grey)  # drawn from the darkest, the last state, upwards
    assert min(np.diff(grey)) > 0.08


def test_without_anybody_the_page_says_so(course_spec: DisplaySpec) -> None:
    figures = draw_multistate(curves([]), course_spec)
    assert list(figures) == ["states_course"]
    assert "Nobody of the population is followed" in page_text(figures["states_course"])
    assert draw_multistate(curves(["all"]), make_spec()) == {}
