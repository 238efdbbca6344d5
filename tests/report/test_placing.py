"""Every endpoint, figure and table has a section, and none is lost."""

import pytest

from immrecon.config.display import DisplaySpec, EndpointDisplay
from immrecon.exhibits import figure_stems
from immrecon.report.outline import outline
from immrecon.report.placing import Placed, endpoints_of, place_figure
from immrecon.tables.model import Table
from immrecon.tables.results import Results
from immrecon.tables.shells import build_tables


def test_endpoints_are_placed_where_the_configuration_says(spec: DisplaySpec) -> None:
    nrm = next(endpoint for endpoint in spec.endpoints if endpoint.code == "NRM")
    moved = spec.model_copy(update={"endpoints": [nrm.model_copy(update={"topic": "infection"})]})
    assert place_figure("curve_nrm", spec).topic == "safety"
    assert place_figure("curve_nrm", moved).topic == "infection"
    assert [endpoint.code for endpoint in endpoints_of("infection", moved)] == ["NRM"]


@pytest.mark.parametrize(
    ("stem", "topic", "title"),
    [
        ("accrual", "participants", "Accrual, planned and actual"),
        ("timelines", "follow-up", "Course of each participant"),
        ("trajectories_cd4", "recovery", "CD4+ T cells, individual trajectories"),
        ("curve_cd4ir", "recovery", "CD4 reconstitution"),
        ("curve_os", "efficacy", "Overall survival"),
        ("curve_nrm", "safety", "Non-relapse mortality"),
        ("something_new", "further", "Something new"),
    ],
)
def test_figures_are_placed_by_their_name(stem: str, topic: str, title: str, spec: DisplaySpec) -> None:
    placed = place_figure(stem, spec)
    assert (placed.topic, placed.title) == (topic, title)


def test_nothing_is_lost_and_nothing_doubled(run: Results, spec: DisplaySpec) -> None:
    stems = ["accrual", "curve_os", "curve_agvhd34", "trajectories_cd3", "trajectories_cd19", "something_new"]
    tables = build_tables(run, spec)
    other = next(iter(tables.values()))
    sections = outline(run, {**tables, "of_another_kind": other}, stems, spec)
    exhibits = [exhibit for section in sections for exhibit in section.exhibits]
    assert sorted(item.stem for item in exhibits if isinstance(item, Placed)) == sorted(stems)
    shown = [item.stem for item in exhibits if isinstance(item, Table)]
    assert set(shown) == set(tables)
    assert shown.count("funnel") == 2  # its own place, and as the table of another kind
    assert sections[-3].anchor == "further"


def test_landmarks_are_split_so_that_each_endpoint_stands_once(run: Results, spec: DisplaySpec) -> None:
    sections = outline(run, build_tables(run, spec), [], spec)
    parts = {
        section.anchor: {row.section.split(":")[0] for row in exhibit.rows}
        for section in sections
        for exhibit in section.exhibits
        if isinstance(exhibit, Table) and exhibit.stem == "landmarks"
    }
    assert parts == {
        "recovery": {"CD4 reconstitution"},
        "safety": {"Non-relapse mortality", "Acute GvHD grade III-IV"},
        "efficacy": {"Overall survival", "Relapse-free survival", "Relapse"},
    }


def test_any_set_of_endpoints_makes_a_report(run: Results, spec: DisplaySpec) -> None:
    template = spec.endpoints[0]
    strange: list[EndpointDisplay] = [
        template.model_copy(update={"code": "ZZ", "label": "Zig", "display": "incidence", "event_labels": []})
    ]
    sections = outline(run, {}, ["curve_zz", "curve_os"], spec.model_copy(update={"endpoints": strange}))
    placed = {
        item.stem: section.anchor for section in sections for item in section.exhibits if isinstance(item, Placed)
    }
    assert placed == {"curve_zz": template.topic, "curve_os": "further"}


def test_mixed_models_stand_beside_their_analyte_and_are_marked_as_what_they_rest_on(spec: DisplaySpec) -> None:
    shown = spec.trajectory
    assert shown is not None
    model, people, residuals = (place_figure(stem, spec) for stem in figure_stems(spec)["trajectory"])
    assert (model.topic, model.title, model.codes) == ("recovery", "CD4+ T cells, mixed model", ("TRAJECTORY",))
    assert people.title == "CD4+ T cells, mixed model for each participant"
    assert model.analyte == people.analyte
    assert (residuals.topic, residuals.codes, residuals.analyte) == ("recovery", ("TRAJECTORY",), None)
