"""Accrual and timelines show every count and every participant."""

from typing import Any

import numpy as np
import polars as pl
import pytest
from matplotlib.collections import LineCollection
from matplotlib.figure import Figure
from numpy.testing import assert_allclose

from immrecon.config.display import DisplaySpec
from immrecon.exhibits import figure_stems
from immrecon.figures.disposition import draw_accrual, draw_disposition, draw_timelines

from .reading import layout_faults, line_points, lines_with, page_text, words_of
from .synthetic import make_accrual, make_people, make_timelines
from .synthetic_spec import make_spec


def test_stems_are_the_keys(spec: DisplaySpec, accrual: pl.DataFrame, timelines: pl.DataFrame) -> None:
    assert (
        figure_stems(spec)["disposition"]
        == list(draw_disposition(accrual, timelines, spec))
        == ["accrual", "timelines"]
    )


def test_accrual_draws_every_count(spec: DisplaySpec, accrual: pl.DataFrame) -> None:
    axes = draw_accrual(accrual, spec).axes[0]
    drawn = [line_points(line) for line in axes.lines if len(line_points(line)) > 1]
    month = 12 * pl.col("month").dt.year() + pl.col("month").dt.month() - 1
    planned = accrual.filter(pl.col("stage") == "enrolled").select(month, "planned_cumulative").to_numpy()
    assert_allclose(drawn[0], planned)
    for points, stage in zip(drawn[1:], ("enrolled", "transplanted", "injected"), strict=True):
        rows = accrual.filter(pl.col("stage") == stage).drop_nulls("n_cumulative").select(month, "n_cumulative")
        assert_allclose(points, rows.to_numpy())


def test_accrual_labels_the_last_counts(spec: DisplaySpec, accrual: pl.DataFrame) -> None:
    words = words_of(draw_accrual(accrual, spec))
    last = accrual.drop_nulls("n_cumulative").filter(pl.col("month") == pl.col("month").max())
    for stage, n in last.select("stage", "n_cumulative").iter_rows():
        assert f"{stage.capitalize()} {n}" in words
    assert "Planned 36" in words
    assert "At the cut-off 36 are enrolled, 29 were planned." in page_text(draw_accrual(accrual, spec))


def test_accrual_without_plan(spec: DisplaySpec, accrual: pl.DataFrame) -> None:
    figure = draw_accrual(accrual.with_columns(planned_cumulative=pl.lit(None, pl.Int64)), spec)
    assert "lanned " not in page_text(figure).replace("planned and actual", "")
    assert layout_faults(figure) == []


@pytest.mark.parametrize("n_months", [1, 5, 42])
def test_accrual_of_any_length_is_legible(spec: DisplaySpec, accrual: pl.DataFrame, n_months: int) -> None:
    months = accrual["month"].unique().sort().head(n_months)
    assert layout_faults(draw_accrual(accrual.filter(pl.col("month").is_in(months.to_list())), spec)) == []


def test_accrual_of_a_registry_over_decades_is_legible(spec: DisplaySpec) -> None:
    decades = pl.concat([make_accrual().with_columns(pl.col("month").dt.offset_by(f"{y}y")) for y in range(0, 30, 5)])
    assert layout_faults(draw_accrual(decades, spec)) == []


def test_empty_tables_say_so(spec: DisplaySpec, accrual: pl.DataFrame, timelines: pl.DataFrame) -> None:
    assert "No month of accrual" in page_text(draw_accrual(accrual.clear(), spec))
    assert "No participant has been transplanted" in page_text(draw_timelines(timelines.clear(), spec))


@pytest.mark.parametrize("n", [1, 3, 36, 60])
def test_every_participant_has_a_bar_and_a_name(n: int) -> None:
    people = make_people(n)
    figure = draw_timelines(make_timelines(people), make_spec())
    lengths = np.sort([path[1, 0] - path[0, 0] for path in _bars(figure)])
    assert_allclose(lengths, np.sort([person["follow_up"] for person in people]))
    assert {person["id"] for person in people} <= set(words_of(figure))
    assert layout_faults(figure) == []


def test_many_lanes_go_without_names_and_say_so() -> None:
    figure = draw_timelines(make_timelines(make_people(200)), make_spec())
    assert len(_bars(figure)) == 200
    assert "The 200 lanes are too narrow for labels." in page_text(figure)
    assert figure.get_size_inches()[1] * 25.4 < 330


def test_lanes_follow_lane_order_within_their_group(spec: DisplaySpec, timelines: pl.DataFrame) -> None:
    figure = draw_timelines(timelines, spec)
    names = set(timelines["display_id"])
    written = sorted((-t.get_position()[1], t.get_text()) for t in figure.texts if t.get_text() in names)
    people = timelines.unique("display_id").sort("group", "lane_order")
    assert [name for _, name in written] == people["display_id"].to_list()


def test_every_marker_stands_at_its_day(spec: DisplaySpec, timelines: pl.DataFrame) -> None:
    axes = draw_timelines(timelines, spec).axes[0]
    for code, marker in (("INJECTION", "|"), ("DEATH", "X")):
        days = timelines.filter(pl.col("code") == code)["start_day"].sort().to_list()
        (line,) = lines_with(axes, marker=marker)
        assert_allclose(np.sort(line_points(line)[:, 0]), days)
    n_drawn = sum(len(line_points(line)) for line in axes.lines)
    assert n_drawn == timelines.filter(pl.col("kind") == "marker").height


def test_markers_of_one_lane_are_set_apart(spec: DisplaySpec) -> None:
    person = make_people(1)[0] | {"follow_up": 700.0, "events": {"relapse": 100.0, "cmv_viraemia": 101.0}}
    axes = draw_timelines(make_timelines([person]), spec).axes[0]
    middle = _bars_y(axes.figure)
    moved = [line_points(line)[0, 1] for line in axes.lines if 99 < line_points(line)[0, 0] < 102]
    assert len(moved) == 2
    assert abs(moved[0] - moved[1]) > 2
    assert_allclose(np.mean(moved), middle)


def test_days_lie_as_their_square_roots_and_early_events_have_room(spec: DisplaySpec) -> None:
    person = make_people(1)[0] | {"follow_up": 700.0, "events": {"relapse": 30.0, "cmv_viraemia": 40.0}}
    figure = draw_timelines(make_timelines([person]), spec)
    axes, middle = figure.axes[0], _bars_y(figure)
    x = axes.transData.transform([(day, 0) for day in (0, 100, 400)])[:, 0]
    assert_allclose((x[1] - x[0]) / (x[2] - x[0]), 0.5)
    assert "square-root scale" in axes.get_xlabel()
    early = [line_points(line)[0, 1] for line in axes.lines if 29 < line_points(line)[0, 0] < 41]
    assert_allclose(early, [middle] * 2)  # on a linear axis they would cover each other
    before = make_timelines([person | {"events": {"relapse": -9.0}}])
    days = [line_points(line)[0, 0] for line in draw_timelines(before, spec).axes[0].lines]
    assert any(abs(day + 9) < 1e-9 for day in days)


def test_a_marker_keeps_its_look_when_other_codes_join(spec: DisplaySpec) -> None:
    base = make_people(1)[0] | {"follow_up": 700.0, "events": {"relapse": 100.0}}
    more = base | {"events": {"relapse": 100.0, "acute_gvhd_3_4": 40.0, "cmv_viraemia": 30.0}}
    looks = []
    for person in (base, more):
        axes = draw_timelines(make_timelines([person]), spec).axes[0]
        (line,) = [line for line in axes.lines if line_points(line)[0, 0] == 100]
        looks.append((line.get_marker(), line.get_markerfacecolor()))
    assert looks[0] == looks[1]


def test_looks_of_all_codes_differ(spec: DisplaySpec, timelines: pl.DataFrame) -> None:
    codes = [f"occurrence_{i}" for i in range(9)]
    marks = (
        timelines.filter(pl.col("kind") == "marker").head(9).with_columns(code=pl.Series(codes), label=pl.Series(codes))
    )
    axes = draw_timelines(pl.concat([timelines.filter(pl.col("kind") == "follow-up"), marks]), spec).axes[0]
    looks: list[Any] = [(line.get_marker(), line.get_markerfacecolor()) for line in axes.lines]
    assert len(set(looks)) == 9


def _bars(figure: Figure) -> list[Any]:
    bars = [c for c in figure.axes[0].collections if isinstance(c, LineCollection)]
    return [segment for bar in bars for segment in bar.get_segments()]


def _bars_y(figure: Any) -> float:
    return float(_bars(figure)[0][0, 1])
