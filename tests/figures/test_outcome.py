"""Curves from a landmark on, and references beside estimates: everything is named, and what is missing says why."""

from typing import Any

import polars as pl
import pytest

from immrecon.config.display import DisplaySpec
from immrecon.config.external_specs import ExternalDisplay
from immrecon.config.outcome_specs import OutcomeDisplay
from immrecon.contracts.results import EXTERNAL_CONTROL, OUTCOME_CURVES, OUTCOME_RISK_TABLE
from immrecon.exhibits import figure_stems
from immrecon.figures.external import draw_external_control
from immrecon.figures.outcome import draw_reconstitution_outcome

from .reading import layout_faults, line_points, lines_with, page_text, words_of
from .synthetic_spec import make_spec

Row = dict[str, Any]
KEY = {"outcome": "BY", "landmark_day": 100.0, "group": "all", "dose_level": "all", "parameter": "OS"}
DIFFER = "any indication there, acute leukaemia here"


@pytest.fixture(scope="module")
def spec() -> DisplaySpec:
    by = {
        "code": "BY", "label": "By CD4", "kind": "landmark", "rule": "CD4 > 50/uL twice", "endpoints": ["OS"],
        "clock_label": "transplant", "figure_landmarks_day": [100], "figure_last_day": 360, "figure_tick_day": 90,
        "p_values": {"shown": False, "reason": "reconstitution was not randomised"}, "source": "by hand", "status": "draft",
    }  # fmt: skip
    printed = {
        "code": "PRINT", "label": "In print", "endpoints": ["OS"], "about": "children", "differences": [DIFFER],
        "p_values": {"shown": True, "reason": "exploratory"}, "source": "a paper", "status": "signed",
    }  # fmt: skip
    return make_spec(outcomes=[OutcomeDisplay.model_validate(by)], externals=[ExternalDisplay.model_validate(printed)])


def curves() -> pl.DataFrame:
    rows = [
        KEY | {
            "category": category, "analysis": "a", "cause": "event-free", "time_day": day, "population": "injected",
            "method": "kaplan-meier", "variance": "greenwood", "conf_type": "beta-product", "conf_level": 0.95,
            "n_risk": 10, "n_event": 1, "n_event_cumulative": 1, "n_censor_cumulative": 0, "estimate": estimate,
            "conf_low": estimate / 2, "conf_high": 1.0,
        }
        for category, steps in {"reconstituted": [(0.0, 1.0), (90.0, 0.9)],
                                "reached, not yet confirmed": [(0.0, 1.0), (60.0, 0.8)], "not reconstituted": [(0.0, 1.0), (40.0, 0.6)]}.items()
        for day, estimate in steps
    ]  # fmt: skip
    return pl.DataFrame(rows, schema=OUTCOME_CURVES.schema.create_empty().schema)


def risk(**numbers: int) -> pl.DataFrame:
    rows = [
        KEY | {
            "category": category.replace("_", " "), "time_day": float(day), "n_risk": n if day == 0 else n // 2,
            "n_event_cumulative": 0, "n_competing_cumulative": 0, "n_censor_cumulative": 0,
        }
        for category, n in numbers.items()
        for day in (0, 90, 180, 270, 360)
    ]  # fmt: skip
    return pl.DataFrame(rows, schema=OUTCOME_RISK_TABLE.schema.create_empty().schema)


def test_a_curve_per_status_with_numbers_at_risk(spec: DisplaySpec) -> None:
    figures = draw_reconstitution_outcome(
        curves(),
        risk(**{"reached, not yet confirmed": 6}, reconstituted=11, not_reconstituted=14, status_not_known=3),
        spec,
    )
    assert list(figures) == figure_stems(spec)["reconstitution_outcome"] == ["outcome_by_os_day100"]
    figure = figures["outcome_by_os_day100"]
    words, text = words_of(figure), page_text(figure)
    assert {
        "Reconstituted at the landmark (n = 11)",
        "Reached, not yet confirmed at the landmark (n = 6)",
        "Not reconstituted at the landmark (n = 14)",
    } <= set(words)
    for part in ("from day 100, by reconstitution", "CD4 > 50/µL twice", "not drawn: 3", "reconstitution was not randomised",
                 "DRAFT DEFINITION", "beta-product"):  # fmt: skip
        assert part in text
    assert "status not known" not in words
    assert figure.axes[0].get_xlabel() == "Days since the landmark (day 100 after transplant)"
    ends = [float(line.get_ydata()[-1]) for line in figure.axes[0].get_lines() if line.get_linewidth() == 1.9]
    assert ends == [0.9, 0.8, 0.6]
    assert layout_faults(figure) == []


def test_a_status_does_not_look_like_a_group(spec: DisplaySpec) -> None:
    from immrecon.figures.style import group_styles

    taken = {style.colour for style in group_styles(spec, [])}
    figure = draw_reconstitution_outcome(curves(), risk(reconstituted=11, not_reconstituted=14), spec)[
        "outcome_by_os_day100"
    ]
    drawn = {line.get_color() for line in figure.axes[0].get_lines()}
    assert not drawn & taken


def test_nobody_after_the_landmark_is_said_in_words(spec: DisplaySpec) -> None:
    figure = draw_reconstitution_outcome(curves().clear(), risk(reconstituted=0, not_reconstituted=0), spec)[
        "outcome_by_os_day100"
    ]
    assert "Nobody is at risk" in page_text(figure)
    assert figure.axes == []


def external(measure: str, source: str, group: str, **changes: Any) -> Row:
    return {
        "reference": "PRINT", "reference_order": 0, "parameter": "OS", "population": "injected", "group": group,
        "measure": measure, "source": source, "horizon": "day 100", "time_day": 100.0, "conf_level": 0.95, "n": 10,
        "n_events": 9, "n_unknown": 1, "estimate": 0.9, "conf_low": 0.55, "conf_high": 0.99, "status": "estimated",
    } | changes  # fmt: skip


KNOWN, WORST = "proportion of those whose status is known", "proportion if none unknown had reached it"


def table(*rows: Row) -> pl.DataFrame:
    return pl.DataFrame(list(rows), schema=EXTERNAL_CONTROL.schema.create_empty().schema)


def test_every_estimate_has_its_place_beside_the_reference(spec: DisplaySpec) -> None:
    first, second = (group.code for group in spec.groups[:2])
    missing = {"estimate": None, "conf_low": None, "conf_high": None, "status": "not estimable"}
    frame = table(
        external("proportion in print", "reference", first, estimate=0.547, conf_low=0.478, conf_high=0.617, n=208, n_events=114),
        external(KNOWN, "here", first), external(WORST, "here", first, estimate=0.8),
        external("proportion in print", "reference", second, reason="no reference for this group: it applies to others", **missing),
        external(KNOWN, "here", second, n_unknown=0, estimate=0.4, conf_low=0.2), external(WORST, "here", second, n_unknown=0, estimate=0.3, conf_low=0.2),
        external("exact test of a proportion", "here", first, null_value=0.5, horizon="p0 = 0.5"),
    )  # fmt: skip
    figure = draw_external_control(frame, spec)["external_control"]
    axes = figure.axes[0]
    drawn = {
        marker: [float(line_points(line)[0, 0]) for line in lines_with(axes, marker=marker)] for marker in ("D", "s")
    }
    assert drawn == {"D": [0.547], "s": [0.9, 0.8, 0.4]}  # without anybody unknown there is no worst case to draw
    text = page_text(figure)
    for part in ("no reference for this group", "208/114", DIFFER, "a paper (signed)", "Nothing was randomised"):
        assert part in text
    assert layout_faults(figure) == []


def test_without_rows_the_page_says_so_and_without_a_reference_there_is_none(spec: DisplaySpec) -> None:
    assert "nothing to compare" in page_text(draw_external_control(table(), spec)["external_control"])
    bare = spec.model_copy(update={"externals": [], "outcomes": []})
    assert draw_external_control(table(), bare) == {}
    assert figure_stems(bare)["external_control"] == figure_stems(bare)["reconstitution_outcome"] == []
