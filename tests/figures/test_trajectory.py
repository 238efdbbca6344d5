"""Mixed models drawn: curves with their interval, numbers under the axis, panels of participants, residuals."""

from typing import Any

import numpy as np
import polars as pl
import pytest
from matplotlib.collections import LineCollection, PolyCollection
from matplotlib.figure import Figure

from immrecon.config.display import DisplaySpec
from immrecon.config.trajectory_specs import TrajectoryDisplay
from immrecon.contracts.results import (
    TIMELINES,
    TRAJECTORY_CURVES,
    TRAJECTORY_PARTICIPANTS,
    TRAJECTORY_PREDICTIONS,
    TRAJECTORY_SAMPLES,
)
from immrecon.figures.trajectory import draw_trajectory

from .reading import layout_faults, lines_with, page_text, words_of
from .synthetic_spec import make_spec

SHOWN = TrajectoryDisplay(
    analytes=["CD4", "CD3"], participant_pages=["CD4"], first_day=11, last_day=395, knots_day=[30, 90],
    boundary_day=(14, 365), days=[30, 60, 100, 180, 365], ends_at=["relapse", "second transplant"],
    markers=["RELAPSE", "DEATH"], random_slope_tried=True, reference_group="A", p_values_shown=False,
    p_values_reason="not randomised", source="by hand", status="draft",
)  # fmt: skip
GRID = [14.0, 30.0, 60.0, 100.0, 180.0, 365.0]
LABEL = "geometric mean, missing at random, if alive and relapse-free"
PEOPLE = {f"S{number:03}": "AB"[number % 2] for number in range(14)}


def level(day: float, group: str) -> float:
    return 10 ** (0.2 + 0.13 * day**0.5) * (2 if group == "B" else 1)


def table(contract: Any, rows: list[dict[str, Any]]) -> pl.DataFrame:
    return pl.DataFrame(rows, schema=contract.schema.create_empty().schema)


def tables(parameters: tuple[str, ...] = ("CD4", "CD3"), without: str | None = None) -> list[pl.DataFrame]:
    """Curves, samples, participants, predictions and timelines; group `without` has no curve."""
    curves = [
        {
            "group": group, "dose_level": "all", "parameter": parameter, "measure": LABEL, "time_day": day,
            "population": "injected", "unit": "/uL", "n": 7, "n_sampled": 7 if day < 200 else 2, "few_sampled": day > 200,
            "method": "mixed model", "conf_type": "t", "conf_level": 0.95, "estimate": level(day, group),
            "conf_low": level(day, group) / 1.5, "conf_high": level(day, group) * 1.5, "status": "estimated",
        }
        | ({"estimate": None, "status": "not estimable", "reason": "2 participants"} if group == without else {})
        for parameter in parameters for group in ("A", "B", "all") for day in GRID
    ]  # fmt: skip
    samples = [
        {
            "parameter": parameter, "display_id": who, "sequence": place, "group": group, "time_day": day, "unit": "/uL",
            "value": 5.0 if day == 14 else level(day, group), "below_limit": day == 14, "above_limit": False, "lloq": 5.0,
            "marginal": level(day, group), "fitted": level(day, group), "standardised_residual": place / 4 - 0.5,
            "normal_score": None if day == 14 else place / 4 - 0.5,
        }
        for parameter in parameters for who, group in PEOPLE.items() for place, day in enumerate(GRID[:-1])
    ]  # fmt: skip
    people = [
        {
            "parameter": parameter, "display_id": who, "participant_order": order, "group": group, "n_samples": 5,
            "n_below_limit": 1, "standardised_intercept": order / 7 - 1, "normal_score": order / 7 - 1,
        }
        for parameter in parameters for order, (who, group) in enumerate(sorted(PEOPLE.items(), key=lambda item: item[1]))
    ]  # fmt: skip
    predictions = [
        {"parameter": "CD4", "display_id": who, "time_day": day, "marginal": level(day, group), "fitted": level(day, group) * 1.2}
        for who, group in PEOPLE.items() for day in GRID
    ]  # fmt: skip
    events = [
        {"display_id": who, "sequence": 1, "lane_order": 0, "group": "A", "dose_level": "", "kind": "marker", "code": code,
         "label": code.lower(), "start_day": day}
        for who, code, day in (("S000", "RELAPSE", 90.0), ("S000", "DEATH", 500.0), ("S003", "DEATH", 200.0), ("S001", "CRS", 20.0))
    ]  # fmt: skip
    return [
        table(TRAJECTORY_CURVES, curves), table(TRAJECTORY_SAMPLES, samples), table(TRAJECTORY_PARTICIPANTS, people),
        table(TRAJECTORY_PREDICTIONS, predictions), table(TIMELINES, events),
    ]  # fmt: skip


@pytest.fixture(scope="module")
def drawn_spec() -> DisplaySpec:
    return make_spec(trajectory=SHOWN)


@pytest.fixture(scope="module")
def figures(drawn_spec: DisplaySpec) -> dict[str, Figure]:
    return draw_trajectory(*tables(), drawn_spec)


def test_every_figure_by_its_stem(figures: dict[str, Figure]) -> None:
    assert list(figures) == [
        "trajectory_model_cd4", "trajectory_model_cd3", "trajectory_participants_cd4", "trajectory_residuals"
    ]  # fmt: skip
    assert draw_trajectory(*tables(), make_spec()) == {}


@pytest.mark.parametrize("stem", ["trajectory_model_cd4", "trajectory_participants_cd4", "trajectory_residuals"])
def test_words_neither_touch_nor_leave_the_page(figures: dict[str, Figure], stem: str) -> None:
    assert layout_faults(figures[stem]) == []


def test_curve_and_interval_are_those_of_the_table(figures: dict[str, Figure], drawn_spec: DisplaySpec) -> None:
    axes = figures["trajectory_model_cd4"].axes[0]
    thick = [line for line in axes.lines if line.get_linewidth() == 2.2]
    assert [len(line.get_xdata()) for line in thick] == [5, 2]  # dotted from the last day with enough sampled later
    assert list(thick[0].get_ydata()) == pytest.approx([level(day, "A") for day in GRID[:-1]])
    assert thick[0].get_xdata()[-1] == thick[1].get_xdata()[0]
    other = [line for line in axes.lines if line.get_linewidth() == 1.0 and len(line.get_xdata()) == len(GRID)]
    assert list(other[0].get_ydata()) == pytest.approx([level(day, "B") for day in GRID])
    (ribbon,) = [item for item in axes.collections if isinstance(item, PolyCollection)]
    heights = ribbon.get_paths()[0].vertices[:, 1]
    assert heights.max() == pytest.approx(level(365, "A") * 1.5)
    assert heights.min() == pytest.approx(level(14, "A") / 1.5)
    assert axes.get_yscale() == "log"


def test_what_the_curve_is_conditional_on_stands_on_the_page(figures: dict[str, Figure]) -> None:
    text = page_text(figures["trajectory_model_cd4"])
    assert "Geometric mean, missing at random, if alive and relapse-free." in text
    assert "none from the day of relapse, second transplant on, and after death" in text
    assert "Groups are not randomised" in text.replace("\n", " ")
    assert "DRAFT DEFINITION" in text
    assert "LLOQ 5" in text


def test_numbers_under_the_axis(figures: dict[str, Figure]) -> None:
    words = words_of(figures["trajectory_model_cd4"])
    assert words.count("Followed") == words.count("Sampled") == 2
    assert words.count("7") == 2 * (5 + 4)  # followed on five days, sampled later on four of them
    assert words.count("2") == 2


def test_below_limit_samples_are_open_triangles(figures: dict[str, Figure]) -> None:
    for axes in figures["trajectory_model_cd4"].axes:
        (below,) = lines_with(axes, marker="v")
        assert below.get_markerfacecolor() == "white"
        assert list(below.get_ydata()) == [5.0] * 7


def test_a_group_without_a_curve_says_why(drawn_spec: DisplaySpec) -> None:
    figure = draw_trajectory(*tables(without="B"), drawn_spec)["trajectory_model_cd4"]
    assert "No curve: 2 participants" in page_text(figure)
    assert layout_faults(figure) == []


def test_a_panel_per_participant_with_events_and_both_curves(figures: dict[str, Figure]) -> None:
    figure = figures["trajectory_participants_cd4"]
    words = words_of(figure)
    assert set(PEOPLE) <= set(words)
    (axes,) = figure.axes
    paths = [len(item.get_segments()) for item in axes.collections if isinstance(item, LineCollection)]
    assert paths.count(len(PEOPLE)) >= 2  # the curve of the group, and the participant's own, in every panel
    # relapse on day 90 and death on day 200; the death on day 500 is beyond the axis, the CRS is not asked for
    assert {"relapse", "death"} <= set(words)
    assert "crs" not in words
    assert 2 in paths


def test_panels_place_days_and_counts(figures: dict[str, Figure]) -> None:
    (axes,) = figures["trajectory_participants_cd4"].axes
    lines = [item for item in axes.collections if isinstance(item, LineCollection)]
    own = next(item for item in lines if item.get_linewidth()[0] == 1.3)
    # participants in the order of their ids; S000 is the first panel
    path = own.get_segments()[0]
    width = path[-1, 0] - path[0, 0]
    assert width / (np.sqrt(365) - np.sqrt(14)) == pytest.approx(
        (path[1, 0] - path[0, 0]) / (np.sqrt(30) - np.sqrt(14))
    )
    logs = np.log10([level(day, "A") * 1.2 for day in GRID])
    assert (path[0, 1] - path[-1, 1]) / (logs[-1] - logs[0]) == pytest.approx(
        (path[0, 1] - path[1, 1]) / (logs[1] - logs[0])
    )


def test_residuals_of_every_analyte(figures: dict[str, Figure]) -> None:
    figure = figures["trajectory_residuals"]
    assert len(figure.axes) == 3 * 2
    over_fit, of_residuals, of_people = figure.axes[:3]
    assert len(lines_with(over_fit, marker="v")[0].get_xdata()) == len(PEOPLE)
    assert len(lines_with(of_residuals, marker="o")[0].get_xdata()) == 4 * len(PEOPLE)
    assert len(lines_with(of_people, marker="o")[0].get_xdata()) == len(PEOPLE)


def test_nothing_estimated_is_said(drawn_spec: DisplaySpec) -> None:
    curves, samples, people, predictions, timelines = tables()
    curves = curves.with_columns(
        estimate=None, conf_low=None, conf_high=None, status=pl.lit("not estimable"), reason=pl.lit("no sample")
    ).cast(curves.schema)
    drawn = draw_trajectory(curves, samples.clear(), people.clear(), predictions.clear(), timelines, drawn_spec)
    assert "No curve: no sample" in page_text(drawn["trajectory_model_cd4"])
    for stem in ("trajectory_participants_cd4", "trajectory_residuals"):
        assert "No model could be estimated" in page_text(drawn[stem])
