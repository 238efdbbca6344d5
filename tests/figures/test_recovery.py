"""Trajectories: every sample at its place, limits as open symbols, the numbers of the table under the axis."""

import numpy as np
import polars as pl
import pytest
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.figure import Figure
from numpy.testing import assert_allclose

from immrecon.config.display import DisplaySpec
from immrecon.config.study import Group
from immrecon.errors import ConfigError
from immrecon.exhibits import figure_stems
from immrecon.figures.recovery import draw_recovery, draw_trajectories
from immrecon.figures.style import group_styles

from .reading import is_centred, layout_faults, line_points, lines_with, mm, page_text, words_of
from .synthetic import make_people, make_profiles, make_visit_summary
from .synthetic_spec import make_spec

GROUPS = ["A", "B"]


@pytest.fixture(params=["CD3", "CD4", "CD19"])
def parameter(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def figure(profiles: pl.DataFrame, visit_summary: pl.DataFrame, spec: DisplaySpec, parameter: str) -> Figure:
    return draw_trajectories(profiles, visit_summary, spec, parameter)


def test_stems_are_the_keys(spec: DisplaySpec, profiles: pl.DataFrame, visit_summary: pl.DataFrame) -> None:
    expected = ["trajectories_cd3", "trajectories_cd4", "trajectories_cd19"]
    assert figure_stems(spec)["recovery"] == list(draw_recovery(profiles, visit_summary, spec)) == expected


def test_every_sample_of_every_participant_is_drawn(figure: Figure, profiles: pl.DataFrame, parameter: str) -> None:
    for group, axes in zip(GROUPS, figure.axes, strict=True):
        own = profiles.filter(pl.col("parameter") == parameter, pl.col("group") == group)
        drawn = _points(axes, "o", small=True) + _points(axes, "v") + _points(axes, "^")
        expected = sorted(own.select("time_day", "value").iter_rows())
        assert_allclose(sorted(drawn), expected)
        segments = [segment for c in axes.collections if _is_samples(c) for segment in c.get_segments()]  # type: ignore[attr-defined]
        assert len(segments) == own.height - own["display_id"].n_unique()


def test_results_below_and_above_a_limit_are_open_triangles_at_the_limit(
    figure: Figure, profiles: pl.DataFrame, parameter: str
) -> None:
    seen = 0
    for group, axes in zip(GROUPS, figure.axes, strict=True):
        own = profiles.filter(pl.col("parameter") == parameter, pl.col("group") == group)
        for marker, column in (("v", "below_limit"), ("^", "above_limit")):
            rows = own.filter(pl.col(column))
            assert_allclose(sorted(_points(axes, marker)), sorted(rows.select("time_day", "value").iter_rows()))
            seen += rows.height
            assert {str(line.get_markerfacecolor()) for line in lines_with(axes, marker=marker)} <= {"white"}
    assert seen > 0


def test_medians_stand_at_their_visits_and_open_at_the_limit(
    figure: Figure, visit_summary: pl.DataFrame, parameter: str
) -> None:
    for group, axes in zip(GROUPS, figure.axes, strict=True):
        own = visit_summary.filter(pl.col("parameter") == parameter, pl.col("group") == group)
        exact = own.filter(~pl.col("median_below_limit")).select("target_day", "median")
        limit = own.filter("median_below_limit").select("target_day", "lloq_max")
        full = [p for line in _big(axes) if line.get_markerfacecolor() != "white" for p in line_points(line)]
        hollow = [p for line in _big(axes) if line.get_markerfacecolor() == "white" for p in line_points(line)]
        assert_allclose(np.reshape(full, (-1, 2)), exact.sort("target_day").to_numpy())
        assert_allclose(np.reshape(hollow, (-1, 2)), limit.sort("target_day").to_numpy())


def test_medians_known_only_from_below_are_open_too(
    profiles: pl.DataFrame, visit_summary: pl.DataFrame, spec: DisplaySpec
) -> None:
    last = (pl.col("target_day") == pl.col("target_day").max()) & ~pl.col("median_below_limit")
    bounded = visit_summary.with_columns(median_above_limit=last, q3_above_limit=last)
    figure = draw_trajectories(profiles, bounded, spec, "CD4")
    for group, axes in zip(GROUPS, figure.axes, strict=True):
        own = bounded.filter(pl.col("parameter") == "CD4", pl.col("group") == group, "median_above_limit")
        hollow = [p for line in _big(axes) if line.get_markerfacecolor() == "white" for p in line_points(line)]
        assert own.height == 1
        assert_allclose(max(hollow, key=lambda point: point[0]), own.select("target_day", "median").row(0))
        ends = [tuple(s.ravel()) for c in axes.collections if isinstance(c, LineCollection) for s in c.get_segments()]
        day, third, top = own["target_day"].item(), own["q3"].item(), axes.get_ylim()[1]
        assert (day, third, day, top) in ends
    assert "Median below or above limit" in page_text(figure)


def test_quartile_bars_equal_the_table(figure: Figure, visit_summary: pl.DataFrame, parameter: str) -> None:
    for group, axes in zip(GROUPS, figure.axes, strict=True):
        own = visit_summary.filter(pl.col("parameter") == parameter, pl.col("group") == group).sort("target_day")
        bars = next(c for c in axes.collections if isinstance(c, LineCollection) and not _is_samples(c))
        drawn = np.array([[s[0, 0], s[0, 1], s[1, 1]] for s in bars.get_segments()])
        known = own.filter(~pl.col("q1_below_limit")).select("target_day", "q1", "q3").to_numpy()
        assert_allclose(drawn[np.isin(drawn[:, 0], known[:, 0])], known)


def test_numbers_under_the_axis_equal_the_table(figure: Figure, visit_summary: pl.DataFrame, parameter: str) -> None:
    columns = _columns_under_panels(figure)
    for group, found in zip(GROUPS, columns, strict=True):
        own = visit_summary.filter(pl.col("parameter") == parameter, pl.col("group") == group)
        expected = {
            f"{day:g}": (str(n), str(k)) for day, n, k in own.select("target_day", "n", "n_below_limit").iter_rows()
        }
        assert {day: cells for day, cells in found.items() if cells} == expected


def test_axes_start_at_transplant_and_at_the_floor(figure: Figure, spec: DisplaySpec) -> None:
    first, second = figure.axes
    assert first.get_xlim() == second.get_xlim()
    assert first.get_ylim() == second.get_ylim()
    assert first.get_xlim()[0] == 0
    assert first.get_ylim()[0] == spec.analytes[0].axis_floor
    assert first.get_yscale() == "log"


def test_limits_and_thresholds_are_drawn_and_named(
    spec: DisplaySpec, profiles: pl.DataFrame, visit_summary: pl.DataFrame
) -> None:
    figure = draw_trajectories(profiles, visit_summary, spec, "CD4")
    words = words_of(figure)
    for label in ("> 50", "> 200", "LLOQ 1", "LLOQ 5"):
        assert words.count(label) == len(GROUPS)
    across = {
        float(line_points(line)[0, 1]) for line in figure.axes[0].lines if line_points(line)[:, 0].tolist() == [0, 1]
    }
    assert across == {1.0, 5.0, 50.0, 200.0}


def test_samples_before_transplant_are_counted_not_drawn(
    spec: DisplaySpec, profiles: pl.DataFrame, visit_summary: pl.DataFrame
) -> None:
    early = profiles.head(2).with_columns(time_day=-pl.col("time_day"), sequence=pl.col("sequence") + 900)
    parameter = str(early["parameter"][0])
    figure = draw_trajectories(pl.concat([profiles, early]), visit_summary, spec, parameter)
    assert "2 samples from before day 0 are not shown." in page_text(figure)
    assert min(x for axes in figure.axes for line in axes.lines for x in line_points(line)[:, 0]) >= 0


def test_a_count_of_zero_is_shown_at_the_floor_as_such(
    spec: DisplaySpec, profiles: pl.DataFrame, visit_summary: pl.DataFrame
) -> None:
    row = profiles.filter(pl.col("parameter") == "CD4", ~pl.col("below_limit")).head(1)
    zero = row.with_columns(value=pl.lit(0.0), sequence=pl.col("sequence") + 900)
    figure = draw_trajectories(pl.concat([profiles, zero]), visit_summary, spec, "CD4")
    full = [p for axes in figure.axes for line in lines_with(axes, marker="v")
            if line.get_markerfacecolor() != "white" for p in line_points(line)]  # fmt: skip
    assert_allclose(full, [[zero["time_day"][0], 0.5]])
    assert "Below the axis" in words_of(figure)


@pytest.mark.parametrize("n", [1, 6])
def test_few_participants(n: int) -> None:
    profiles = make_profiles(make_people(n))
    figure = draw_trajectories(profiles, make_visit_summary(profiles), make_spec(), "CD4")
    assert len(figure.axes) == 2
    assert f"Adults ({(n + 1) // 2} sampled)" in words_of(figure)
    assert layout_faults(figure) == []


def test_four_groups_and_long_labels_are_legible() -> None:
    labels = [
        "Adults with AML, ALL, ambiguous lineage or MDS, 18 years and older",
        "Paediatric",
        "Controls",
        "Costs $1 or $2",
    ]
    groups = [
        Group(code=c, label=label, planned_n=9, min_age_years=None, max_age_years=None)
        for c, label in zip("ABCD", labels, strict=True)
    ]
    profiles = make_profiles(make_people(40, ("A", "B", "C", "D")))
    figure = draw_trajectories(profiles, make_visit_summary(profiles), make_spec(groups=groups), "CD3")
    assert len(figure.axes) == 4
    assert layout_faults(figure) == []


def test_dense_visits_are_all_numbered(spec: DisplaySpec, profiles: pl.DataFrame, visit_summary: pl.DataFrame) -> None:
    days = [7, 14, 21, 28, 35, 42, 56, 70, 84, 100, 120, 150, 180]
    windows = [spec.visits.windows[0].model_copy(update={"code": f"D{d}", "target_day": float(d)}) for d in days]
    dense = spec.model_copy(update={"visits": spec.visits.model_copy(update={"windows": windows})})
    figure = draw_trajectories(profiles, visit_summary.filter(pl.col("target_day") < 200), dense, "CD4")
    assert layout_faults(figure) == []
    assert set(_columns_under_panels(figure)[0]) >= {str(day) for day in days}


def test_nothing_measured(spec: DisplaySpec, profiles: pl.DataFrame, visit_summary: pl.DataFrame) -> None:
    figure = draw_trajectories(profiles.clear(), visit_summary.clear(), spec, "CD4")
    assert words_of(figure).count("No sample") == 2
    assert layout_faults(figure) == []


def test_rows_of_single_dose_levels_are_not_drawn(
    spec: DisplaySpec, profiles: pl.DataFrame, visit_summary: pl.DataFrame
) -> None:
    level = visit_summary.with_columns(dose_level=pl.lit("DL1"), median=pl.col("median") * 3, n=pl.lit(77, pl.Int64))
    figure = draw_trajectories(profiles, pl.concat([visit_summary, level]), spec, "CD4")
    assert "77" not in words_of(figure)


def test_an_undeclared_analyte_is_refused(
    spec: DisplaySpec, profiles: pl.DataFrame, visit_summary: pl.DataFrame
) -> None:
    with pytest.raises(ConfigError, match=r"CD8.*CD3, CD4, CD19, WBC"):
        draw_trajectories(profiles, visit_summary, spec, "CD8")


def test_panels_have_the_colours_of_their_groups(figure: Figure, spec: DisplaySpec) -> None:
    for style, axes in zip(group_styles(spec, []), figure.axes, strict=True):
        assert {line.get_color() for line in _big(axes)} == {style.colour}


def _points(axes: Axes, marker: str, *, small: bool = False) -> list[tuple[float, float]]:
    lines = [line for line in lines_with(axes, marker=marker) if not small or line.get_markersize() < 4]
    return [(float(x), float(y)) for line in lines for x, y in line_points(line)]


def _big(axes: Axes) -> list:  # type: ignore[type-arg]
    return [line for line in lines_with(axes, marker="o") if line.get_markersize() > 4]


def _is_samples(collection: object) -> bool:
    return isinstance(collection, LineCollection) and collection.get_zorder() == 2


def _columns_under_panels(figure: Figure) -> list[dict[str, tuple[str, ...]]]:
    """Per panel: the cells under each day, top to bottom."""
    height = figure.get_size_inches()[1] * 25.4
    panels = []
    for axes in figure.axes:
        bottom = (1 - axes.get_position().y0) * height
        cells = sorted(
            (round(mm(figure, t)[0], 3), mm(figure, t)[1], t.get_text())
            for t in figure.texts
            if is_centred(t) and bottom < mm(figure, t)[1] < bottom + 17
        )
        columns: dict[float, list[str]] = {}
        for x, _, words in cells:
            columns.setdefault(x, []).append(words)
        panels.append({cells[0]: tuple(c for c in cells[1:] if c) for cells in columns.values()})
    return panels
