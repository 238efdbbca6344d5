"""Heat maps and the dot plot of areas: every cell and participant at its place, medians where the table has them."""

from typing import Any

import numpy as np
import polars as pl
import pytest
from matplotlib.collections import PolyCollection
from matplotlib.figure import Figure
from numpy.testing import assert_allclose

from immrecon.config.display import DisplaySpec
from immrecon.config.kinetics import Kinetics
from immrecon.config.study import Analyte
from immrecon.exhibits import figure_stems, table_stems
from immrecon.figures.kinetics import draw_areas, draw_kinetics
from immrecon.vocabulary import Attendance

from .reading import layout_faults, line_points, lines_with, page_text
from .synthetic import make_areas, make_people, make_visit_values
from .synthetic_spec import make_spec

KINETICS = {
    "analytes": ["CD3", "CD4"], "below_limit": {"factor": 0.5, "sensitivity_factor": None},
    "area": {"to_days": [100], "start_value": 0, "carry_days": 14, "fewest_samples": 3}, "slope": None,
    "maximum": None, "growth": None, "comparison": None,
}  # fmt: skip
PANELS = ["CD3", "CD4", "CD19"]


@pytest.fixture(scope="module")
def cells(people: list[dict[str, Any]], visit_summary: pl.DataFrame) -> pl.DataFrame:
    return make_visit_values(people, visit_summary)


@pytest.fixture(scope="module")
def kinetic_spec(spec: DisplaySpec) -> DisplaySpec:
    return spec.model_copy(update={"kinetics": Kinetics.model_validate(KINETICS)})


@pytest.fixture(scope="module")
def figures(people: list[dict[str, Any]], cells: pl.DataFrame, kinetic_spec: DisplaySpec) -> dict[str, Figure]:
    return draw_kinetics(cells, *make_areas(people), kinetic_spec)


def test_stems_are_the_keys(figures: dict[str, Figure], kinetic_spec: DisplaySpec, spec: DisplaySpec) -> None:
    assert figure_stems(kinetic_spec)["kinetics"] == list(figures) == ["heatmap_1", "kinetic_areas"]
    assert figure_stems(spec)["kinetics"] == ["heatmap_1"]


def test_analytes_of_other_units_have_another_page(spec: DisplaySpec) -> None:
    percent = spec.analytes[2].model_copy(update={"unit": "%"})
    changed = spec.model_copy(update={"analytes": [*spec.analytes[:2], percent]})
    assert figure_stems(changed)["kinetics"] == ["heatmap_1", "heatmap_2"]


def test_words_neither_touch_nor_run_off_the_page(figures: dict[str, Figure]) -> None:
    for figure in figures.values():
        assert layout_faults(figure) == []


def test_every_cell_is_drawn_once(figures: dict[str, Figure], cells: pl.DataFrame) -> None:
    panels = figures["heatmap_1"].axes[1:]
    for axes, code in zip(panels, PANELS, strict=True):
        own = cells.filter(pl.col("parameter") == code)
        filled = sum(len(c.get_paths()) for c in axes.collections if isinstance(c, PolyCollection))
        assert filled == own.filter(pl.col("state") != Attendance.NOT_DUE).height
        for marker, state in (("x", "missed"), ("P", "dead"), ("_", "left the study"), (".", "not yet due")):
            drawn = sum(len(line_points(line)) for line in lines_with(axes, marker=marker))
            assert drawn == own.filter(pl.col("state") == state).height > 0
        assert sum(len(line_points(line)) for line in lines_with(axes, marker="v")) == own["below_limit"].sum() > 0
        assert sum(len(line_points(line)) for line in lines_with(axes, marker="^")) == own["above_limit"].sum()


def test_a_larger_count_has_a_lighter_colour(figures: dict[str, Figure]) -> None:
    axes = figures["heatmap_1"].axes[1]
    lightness = [
        float(np.dot(collection.get_facecolor()[0][:3], [0.21, 0.72, 0.07]))
        for collection in axes.collections
        if isinstance(collection, PolyCollection)
    ]
    bands = len(figures["heatmap_1"].axes[0].collections)
    assert bands > 8
    coloured = lightness[: -3 if len(lightness) > 3 else None]
    assert coloured == sorted(coloured)


def test_participants_are_in_groups_and_in_order(figures: dict[str, Figure], cells: pl.DataFrame) -> None:
    written = [text.get_text() for text in figures["heatmap_1"].texts]
    names = [word for word in written if word in set(cells["display_id"])]
    order = cells.select("group", "display_id").unique().sort("group", "display_id")["display_id"].to_list()
    assert names == order


def test_nobody(cells: pl.DataFrame, people: list[dict[str, Any]], kinetic_spec: DisplaySpec) -> None:
    empty = [frame.clear() for frame in (cells, *make_areas(people))]
    for figure in draw_kinetics(*empty, kinetic_spec).values():
        assert "by the data cut-off" in page_text(figure)
        assert layout_faults(figure) == []


def test_many_participants_have_no_labels(visit_summary: pl.DataFrame) -> None:
    many = make_people(300)
    figure = draw_kinetics(make_visit_values(many, visit_summary), *make_areas(many), make_spec())["heatmap_1"]
    assert many[0]["id"] not in page_text(figure)
    assert figure.get_size_inches()[1] * 25.4 < 297


def test_areas_and_medians_are_where_the_tables_say(figures: dict[str, Figure], people: list[dict[str, Any]]) -> None:
    values, medians = make_areas(people)
    for axes, code in zip(figures["kinetic_areas"].axes, ["CD3", "CD4"], strict=True):
        for marker, group in (("o", "A"), ("s", "B")):
            own = values.filter(pl.col("parameter") == code, pl.col("group") == group, pl.col("value") > 0)
            drawn = np.concatenate([line_points(line)[:, 1] for line in lines_with(axes, marker=marker)])
            assert_allclose(np.sort(drawn), own["value"].sort())
        bars = [line_points(line)[:, 1].tolist() for line in lines_with(axes, marker="None")]
        assert bars == [[400, 1500], [900, 900], [900, 900]]
        labels = [tick.get_text() for tick in axes.get_xticklabels()]
        known = values.filter(pl.col("parameter") == code, pl.col("value").is_not_null()).group_by("group").len()
        for label, (_, n) in zip(labels, known.sort("group").iter_rows(), strict=True):
            assert f"{n} of 18" in label
    assert medians.height == 4
    assert sum("1 of 0" in t.get_text() for axes in figures["kinetic_areas"].axes for t in axes.get_xticklabels()) == 2


def test_one_value_alone_has_an_axis(people: list[dict[str, Any]], kinetic_spec: DisplaySpec) -> None:
    values, medians = make_areas(people)
    alone = values.filter(pl.col("value") == 180)
    assert kinetic_spec.kinetics is not None
    figure = draw_areas(alone, medians.clear(), kinetic_spec, kinetic_spec.kinetics)
    assert layout_faults(figure) == []


def test_what_is_summarised_and_not_drawn_has_tables_alone(kinetic_spec: DisplaySpec) -> None:
    analytes = [analyte.model_copy(update={"drawn": analyte.code == "CD4"}) for analyte in kinetic_spec.analytes]
    changed = kinetic_spec.model_copy(update={"analytes": analytes})
    stems = figure_stems(changed)
    assert stems["recovery"] == ["trajectories_cd4"]
    assert stems["kinetics"] == ["heatmap_1", "kinetic_areas"]
    summarised = [analyte.code.lower() for analyte in analytes if analyte.summarised]
    assert [stem for stem in table_stems(changed) if stem.startswith("visits_")] == [f"visits_{c}" for c in summarised]
    undrawn = [analyte.model_copy(update={"drawn": False}) for analyte in analytes]
    assert figure_stems(kinetic_spec.model_copy(update={"analytes": undrawn}))["kinetics"] == []
    with pytest.raises(ValueError, match="drawn, but not summarised"):
        Analyte.model_validate(analytes[0].model_dump() | {"drawn": True, "summarised": False})
