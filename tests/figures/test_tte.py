"""Curves equal the table, numbers at risk equal the table, and everything that must stand on the exhibit does."""

import numpy as np
import polars as pl
import pytest
from matplotlib.figure import Figure
from numpy.testing import assert_allclose

from immrecon.config.display import DisplaySpec
from immrecon.config.study import Group
from immrecon.errors import ConfigError
from immrecon.exhibits import figure_stems
from immrecon.figures.style import POOLED_STYLE, group_styles
from immrecon.figures.tte import draw_curves, draw_tte

from .reading import is_centred, layout_faults, line_points, lines_with, mm, page_text, words_of
from .synthetic import make_people, make_tte
from .synthetic_spec import make_spec

CODES = ["OS", "RFS", "NRM", "RELAPSE", "AGVHD34", "CD4IR", "CGVHD"]
COUNTS = ["n_risk", "n_event_cumulative", "n_competing_cumulative", "n_censor_cumulative"]


@pytest.fixture(params=CODES)
def parameter(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def figure(curves: pl.DataFrame, risk_table: pl.DataFrame, spec: DisplaySpec, parameter: str) -> Figure:
    return draw_curves(curves, risk_table, spec, parameter)


def test_stems_are_the_keys(spec: DisplaySpec, curves: pl.DataFrame, risk_table: pl.DataFrame) -> None:
    assert (
        figure_stems(spec)["tte"]
        == list(draw_tte(curves, risk_table, spec))
        == [f"curve_{code.lower()}" for code in CODES]
    )


def test_curves_take_the_values_of_the_table(
    figure: Figure, curves: pl.DataFrame, spec: DisplaySpec, parameter: str
) -> None:
    endpoint = next(e for e in spec.endpoints if e.code == parameter)
    for style in [*group_styles(spec, []), POOLED_STYLE]:
        rows = curves.filter(pl.col("parameter") == parameter, pl.col("group") == style.code)
        rows = rows.filter(pl.col("time_day") <= endpoint.figure_last_day).sort("time_day")
        points = _curve(figure, style.colour)
        assert_allclose(points[0], [endpoint.landmark_day or 0, 1 if endpoint.display == "survival" else 0])
        assert_allclose(points[1:-1], rows.select("time_day", "estimate").to_numpy())
        assert_allclose(points[-1, 1], rows["estimate"][-1])


def test_numbers_under_the_ticks_equal_the_table(
    figure: Figure, risk_table: pl.DataFrame, spec: DisplaySpec, parameter: str
) -> None:
    endpoint = next(e for e in spec.endpoints if e.code == parameter)
    columns = COUNTS if endpoint.competing_labels else [c for c in COUNTS if c != "n_competing_cumulative"]
    rows = risk_table.filter(pl.col("parameter") == parameter, pl.col("time_day") <= endpoint.figure_last_day)
    expected = [
        [str(n) for n in rows.filter(pl.col("group") == group).sort("time_day")[column]]
        for group in ("A", "B", "all")
        for column in columns
    ]
    assert _rows_under_axis(figure) == expected
    headings = {"At risk", "Events", "Competing", "Censored"} & set(words_of(figure))
    assert len(headings) == len(columns)


def test_numbers_stand_under_their_ticks(figure: Figure) -> None:
    axes = figure.axes[0]
    box, width = axes.get_position(), figure.get_size_inches()[0] * 25.4
    last = axes.get_xlim()[1]
    ticks = [(box.x0 + tick / last * box.width) * width for tick in axes.get_xticks()]
    bottom = (1 - box.y0) * figure.get_size_inches()[1] * 25.4
    xs = sorted({round(mm(figure, t)[0], 6) for t in figure.texts if is_centred(t) and mm(figure, t)[1] > bottom})
    assert_allclose(xs, ticks)


def test_percent_axis_and_days_from_zero(figure: Figure, spec: DisplaySpec, parameter: str) -> None:
    endpoint = next(e for e in spec.endpoints if e.code == parameter)
    axes = figure.axes[0]
    assert axes.get_xlim() == (0, endpoint.figure_last_day)
    assert axes.get_ylim() == (0, 1)
    assert [label.get_text() for label in axes.get_yticklabels()] == ["0", "20", "40", "60", "80", "100"]
    assert axes.get_xlabel() == f"Days since {endpoint.clock_label}"


def test_words_name_rule_competing_events_method_and_start(figure: Figure, spec: DisplaySpec, parameter: str) -> None:
    endpoint = next(e for e in spec.endpoints if e.code == parameter)
    text = page_text(figure)
    assert endpoint.rule.replace("/uL", "/µL") in text
    for competing in endpoint.competing_labels:
        assert competing in text
    assert ("Competing events" in text) == bool(endpoint.competing_labels)
    assert endpoint.estimator.value in text
    assert "pointwise 95 % interval" in text
    assert ("followed from day 10" in words_of(figure)) == (endpoint.landmark_day == 10)
    assert ("DRAFT DEFINITION" in words_of(figure)) == (endpoint.status == "draft")


def test_bands_have_the_limits_of_the_table(spec: DisplaySpec, curves: pl.DataFrame, risk_table: pl.DataFrame) -> None:
    axes = draw_curves(curves, risk_table, spec, "OS").axes[0]
    for index, group in enumerate(("A", "B")):
        rows = curves.filter(pl.col("parameter") == "OS", pl.col("group") == group, pl.col("time_day") <= 730)
        corners = np.asarray(axes.collections[index].get_paths()[0].vertices)
        heights = {round(float(y), 9) for y in corners[:, 1]}
        assert heights == {round(y, 9) for name in ("conf_low", "conf_high") for y in rows[name]}


def test_limits_of_more_than_two_groups_are_bars_at_the_ticks(curves: pl.DataFrame, risk_table: pl.DataFrame) -> None:
    """Bands would lie over each other."""
    named = {"min_age_years": None, "max_age_years": None, "planned_n": 3}
    spec = make_spec(groups=[Group(code=code, label=code, **named) for code in ("A", "B", "C")])

    def with_third(table: pl.DataFrame) -> pl.DataFrame:
        return pl.concat([table, table.filter(pl.col("group") == "A").with_columns(group=pl.lit("C"))])

    third = with_third(curves)
    figure = draw_curves(third, with_third(risk_table), spec, "OS")
    axes = figure.axes[0]
    ticks = [tick for tick in axes.get_xticks() if tick > 0]
    assert "bars: pointwise 95 % interval" in page_text(figure)
    assert len(axes.collections) == 3
    aside = []
    for group, bars in zip(("A", "B", "C"), axes.collections, strict=True):
        rows = third.filter(pl.col("parameter") == "OS", pl.col("group") == group).sort("time_day")
        ends = np.array([bar.vertices for bar in bars.get_paths()])
        days = ends[:, 0, 0]
        assert 1 <= len(days) <= len(ticks)
        places = [min(ticks, key=lambda tick, day=day: abs(tick - day)) for day in days]
        aside.append(set(np.round(days - places, 6)))
        for place, (low, high) in zip(places, ends[:, :, 1], strict=True):
            at = rows.filter(pl.col("time_day") <= place).tail(1)
            assert_allclose([low, high], [at["conf_low"].item(), at["conf_high"].item()])
    assert [len(one) for one in aside] == [1, 1, 1]
    assert len(set.union(*aside)) == 3


def test_censoring_marks_stand_where_censoring_grows(
    spec: DisplaySpec, curves: pl.DataFrame, risk_table: pl.DataFrame
) -> None:
    axes = draw_curves(curves, risk_table, spec, "OS").axes[0]
    for style in group_styles(spec, []):
        rows = curves.filter(pl.col("parameter") == "OS", pl.col("group") == style.code, pl.col("time_day") <= 730)
        days, counts = rows["time_day"].to_list(), [0, *rows["n_censor_cumulative"]]
        expected = [day for day, before, after in zip(days, counts, counts[1:], strict=False) if after > before]
        (marks,) = lines_with(axes, marker="|", colour=style.colour)
        assert_allclose(line_points(marks)[:, 0], expected)


def test_rows_of_dose_levels_and_other_causes_are_not_drawn(
    spec: DisplaySpec, curves: pl.DataFrame, risk_table: pl.DataFrame
) -> None:
    other = pl.concat([
        curves,
        curves.with_columns(dose_level=pl.lit("DL1"), estimate=pl.lit(0.4321)),
        curves.with_columns(cause=pl.lit("competing"), estimate=pl.lit(0.4321)),
    ])  # fmt: skip
    more_risk = pl.concat([risk_table, risk_table.with_columns(dose_level=pl.lit("DL1"), n_risk=pl.lit(999, pl.Int64))])
    figure = draw_curves(other, more_risk, spec, "NRM")
    heights = np.concatenate([line_points(line)[:, 1] for line in figure.axes[0].lines])
    assert not np.isclose(heights, 0.4321).any()
    assert "999" not in words_of(figure)


def test_nobody_at_risk_is_said_in_words(spec: DisplaySpec, curves: pl.DataFrame, risk_table: pl.DataFrame) -> None:
    none = risk_table.with_columns(n_risk=pl.lit(0, pl.Int64))
    for risk in (none, risk_table.clear()):
        figure = draw_curves(curves.clear(), risk, spec, "AGVHD34")
        text = page_text(figure)
        assert "Nobody is at risk" in text
        assert "injected population" in text
        assert "day 10 after transplant" in text
        assert "DRAFT DEFINITION" in text
        assert layout_faults(figure) == []


def test_one_group_with_nobody_at_risk(spec: DisplaySpec, curves: pl.DataFrame, risk_table: pl.DataFrame) -> None:
    figure = draw_curves(curves.filter(pl.col("group") != "B"), risk_table.filter(pl.col("group") != "B"), spec, "OS")
    assert "Paediatric (nobody at risk)" in words_of(figure)
    assert "Nobody at risk" in words_of(figure)
    assert len(_rows_under_axis(figure)) == 2 * 3
    assert layout_faults(figure) == []


def test_a_group_without_any_event_has_a_flat_curve_as_far_as_it_was_followed(
    spec: DisplaySpec, curves: pl.DataFrame, risk_table: pl.DataFrame
) -> None:
    """Also where the table has no row at all for the group's curve, because nothing happened."""
    at_risk = pl.when(pl.col("time_day") <= 270).then(3).when(pl.col("time_day") <= 450).then(1).otherwise(0)
    fewer = risk_table.with_columns(n_risk=pl.when(pl.col("group") == "B").then(at_risk).otherwise("n_risk"))
    figure = draw_curves(curves.filter(pl.col("group") != "B"), fewer, spec, "OS")
    assert_allclose(_curve(figure, group_styles(spec, [])[1].colour), [[0, 1], [450, 1]])


def test_a_single_group_is_not_drawn_twice(spec: DisplaySpec, curves: pl.DataFrame, risk_table: pl.DataFrame) -> None:
    one = spec.model_copy(update={"groups": spec.groups[:1]})
    figure = draw_curves(curves.filter(pl.col("group") != "B"), risk_table.filter(pl.col("group") != "B"), one, "OS")
    assert "All participants" not in words_of(figure)
    assert len(_rows_under_axis(figure)) == 3


@pytest.mark.parametrize("n", [2, 6])
def test_few_participants(n: int) -> None:
    spec = make_spec()
    curves, risk_table = make_tte(spec, make_people(n))
    for figure in draw_tte(curves, risk_table, spec).values():
        assert f"Adults (n = {n // 2})" in words_of(figure)
        assert layout_faults(figure) == []


def test_intervals_that_are_missing_leave_a_gap(
    spec: DisplaySpec, curves: pl.DataFrame, risk_table: pl.DataFrame
) -> None:
    bare = curves.with_columns(conf_low=pl.lit(None, pl.Float64), conf_high=pl.lit(None, pl.Float64))
    axes = draw_curves(bare, risk_table, spec, "OS").axes[0]
    assert [path for c in axes.collections for path in c.get_paths() if np.size(path.vertices)] == []


def test_dense_ticks_are_thinned_and_stay_apart(
    spec: DisplaySpec, curves: pl.DataFrame, risk_table: pl.DataFrame
) -> None:
    dense = [e.model_copy(update={"figure_tick_day": 10.0}) if e.code == "OS" else e for e in spec.endpoints]
    rows = risk_table.filter(pl.col("parameter") == "OS").filter(pl.col("time_day") == 0)
    many = pl.concat([rows.with_columns(time_day=pl.lit(float(day))) for day in range(0, 731, 10)])
    figure = draw_curves(curves, many, spec.model_copy(update={"endpoints": dense}), "OS")
    assert layout_faults(figure) == []
    assert set(figure.axes[0].get_xticks()) < set(range(0, 731, 10))


def test_long_labels_and_four_groups_are_legible() -> None:
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
    spec = make_spec(groups=groups, title="A title of many words, as sponsors like to give them to their studies " * 3)
    figure = draw_curves(*make_tte(spec, make_people(40, ("A", "B", "C", "D"))), spec, "CD4IR")
    assert layout_faults(figure) == []


def test_an_undeclared_endpoint_is_refused(spec: DisplaySpec, curves: pl.DataFrame, risk_table: pl.DataFrame) -> None:
    with pytest.raises(ConfigError, match=r"PFS.*OS, RFS"):
        draw_curves(curves, risk_table, spec, "PFS")


def _curve(figure: Figure, colour: str) -> np.ndarray:
    (line,) = [
        line for line in figure.axes[0].lines if line.get_color() == colour and line.get_drawstyle() == "steps-post"
    ]
    return line_points(line)


def _rows_under_axis(figure: Figure) -> list[list[str]]:
    """Cells of the table under the axis, row by row."""
    bottom = (1 - figure.axes[0].get_position().y0) * figure.get_size_inches()[1] * 25.4
    rows: dict[float, list[tuple[float, str]]] = {}
    for text in figure.texts:
        x, y = mm(figure, text)
        if is_centred(text) and y > bottom:
            rows.setdefault(round(y, 3), []).append((x, text.get_text()))
    return [[words for _, words in sorted(rows[y])] for y in sorted(rows)]
