"""Forest plots: every comparison has its line, at its place, and what is not estimable says why."""

import itertools
from typing import Any

import polars as pl
import pytest

from immrecon.config.contrast_specs import ComparisonDisplay
from immrecon.config.display import DisplaySpec
from immrecon.contracts.results import CONTRASTS
from immrecon.figures.forest import draw_chapter, draw_forest

from .reading import layout_faults, line_points, lines_with, page_text, words_of
from .synthetic_spec import make_spec

Row = dict[str, Any]


def declared(**changes: Any) -> ComparisonDisplay:
    fields: Row = {
        "code": "GROUP", "label": "Paediatric participants against adults", "endpoints": ["OS", "RELAPSE"],
        "levels": {"A": "Adults", "B": "Paediatric"}, "p_values_shown": False, "p_values_reason": "not randomised",
        "source": "", "status": "signed",
    }  # fmt: skip
    return ComparisonDisplay(**(fields | changes))


@pytest.fixture(scope="module")
def spec() -> DisplaySpec:
    return make_spec(comparisons=[declared()])


def row(parameter: str, measure: str, **changes: Any) -> Row:
    return {
        "comparison": "GROUP", "comparison_order": 0, "parameter": parameter, "factor": "group", "level": "B",
        "level_order": 1, "reference": "A", "measure": measure, "horizon": "", "method": "Cox model (Efron ties)",
        "conf_level": 0.95, "n": 36, "n_events": 9, "n_level": 18, "n_events_level": 3, "n_reference": 18,
        "n_events_reference": 6, "estimate": 0.5, "conf_low": 0.2, "conf_high": 1.2, "status": "estimated",
    } | changes  # fmt: skip


def table(*rows: Row) -> pl.DataFrame:
    return pl.DataFrame(list(rows), schema=CONTRASTS.schema.create_empty().schema)


NE = {"estimate": None, "conf_low": None, "conf_high": None, "status": "not estimable"}
ROWS = (
    row("OS", "hazard ratio"),
    row("OS", "difference in event-free probability", horizon="day 100", time_day=100.0, estimate=0.1,
        conf_low=-0.3, conf_high=0.4, method="kaplan-meier, difference"),
    row("RELAPSE", "cause-specific hazard ratio", estimate=3.0, conf_low=0.3, conf_high=400.0),
    row("RELAPSE", "subdistribution hazard ratio", reason="5 events planned, fewer than 10", **NE),
)  # fmt: skip


def test_ratios_stand_on_a_logarithmic_axis_and_differences_on_a_linear_one(spec: DisplaySpec) -> None:
    figure = draw_chapter(table(*ROWS), spec, ["OS", "RELAPSE"])
    ratios, differences = figure.axes
    assert (ratios.get_xscale(), differences.get_xscale()) == ("log", "linear")
    assert [float(line_points(line)[0, 0]) for line in lines_with(ratios, marker="s")] == [0.5]
    assert [float(line_points(line)[0, 0]) for line in lines_with(ratios, marker="o")] == [3.0]
    assert [float(line_points(line)[0, 0]) for line in lines_with(differences, marker="s")] == [0.1]
    intervals = [tuple(line_points(line)[:, 0]) for line in lines_with(ratios) if len(line_points(line)) == 2]
    assert {(0.2, 1.2), (0.3, 10.0)} <= set(intervals)
    assert len(lines_with(ratios, marker=">")) == 1  # the interval that goes on beyond the axis
    assert layout_faults(figure) == []


def test_numbers_of_an_axis_stand_apart(spec: DisplaySpec) -> None:
    figure = draw_chapter(table(*ROWS), spec, ["OS", "RELAPSE"])
    for axes in figure.axes:
        boxes = [label.get_window_extent() for label in axes.get_xticklabels()]
        letter = boxes[0].height
        gaps = [(right.x0 - left.x1) / letter for left, right in itertools.pairwise(boxes)]
        assert min(gaps) > 0.5, gaps


def test_numbers_method_and_reasons_are_written(spec: DisplaySpec) -> None:
    figure = draw_chapter(table(*ROWS), spec, ["OS", "RELAPSE"])
    words = words_of(figure)
    assert {"18/3", "18/6", "Cox", "Kaplan-Meier", "Overall survival", "Relapse"} <= set(words)
    assert {"0.50 (0.20 to 1.20)", "3.00 (0.30 to 400)", "10 (\u221230 to 40)"} <= set(words)
    text = page_text(figure)
    assert "subdistribution hazard ratio not estimable: 5 events planned, fewer than 10" in text
    assert "No p-values: not randomised." in text
    assert "95 % intervals" in text
    assert "Paediatric participants against adults, day 100" in text


def test_a_ratio_far_from_one_widens_the_axis(spec: DisplaySpec) -> None:
    figure = draw_chapter(table(row("OS", "hazard ratio", estimate=0.02, conf_low=0.001, conf_high=0.9)), spec, ["OS"])
    assert figure.axes[0].get_xlim() == (0.01, 100)
    assert len(lines_with(figure.axes[0], marker="<")) == 1


def test_a_limit_that_does_not_exist_is_an_arrow(spec: DisplaySpec) -> None:
    figure = draw_chapter(table(row("OS", "hazard ratio", conf_high=None)), spec, ["OS"])
    assert len(lines_with(figure.axes[0], marker=">")) == 1


def test_a_reference_in_print_shows_what_was_expected() -> None:
    spec = make_spec(comparisons=[declared(code="PRINT", label="Published, 50%", endpoints=["OS"], status="draft")])
    printed = row(
        "OS", "observed over expected events", comparison="PRINT", factor="reference", reference="PRINT",
        n_level=None, n_events_level=None, n_reference=None, n_events_reference=None, n_expected=7.25,
        method="one-sample log-rank test, exact Poisson",
    )  # fmt: skip
    words = words_of(draw_chapter(table(printed), spec, ["OS"]))
    assert {"36/9", "E 7.2", "Published, 50%: Paediatric", "DRAFT DEFINITION"} <= set(words)


def test_nothing_estimated_at_all_is_said_in_words(spec: DisplaySpec) -> None:
    failed = [row("OS", "hazard ratio", reason="nobody at risk", **NE)]
    assert "not estimable: nobody at risk" in page_text(draw_chapter(table(*failed), spec, ["OS"]))
    assert "Nothing of these endpoints is compared" in page_text(draw_chapter(table(), spec, ["OS"]))


def test_a_figure_per_chapter(spec: DisplaySpec) -> None:
    topics = {endpoint.topic for endpoint in spec.endpoints if endpoint.code in ("OS", "RELAPSE")}
    assert set(draw_forest(table(*ROWS), spec)) == {f"forest_{topic}" for topic in topics}
    assert draw_forest(table(*ROWS), make_spec()) == {}
