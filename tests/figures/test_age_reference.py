"""Trajectories over the limits of the age and per cent of the limit: what is drawn, where, and what is said of it."""

from datetime import date
from typing import Any

import polars as pl
import pytest
from matplotlib.figure import Figure

from immrecon.config.display import AgeLimitsDisplay, DisplaySpec
from immrecon.contracts.results import AGE_REFERENCE_BANDS, AGE_REFERENCE_PROFILES, AGE_REFERENCE_SUMMARY
from immrecon.exhibits import figure_stems
from immrecon.figures.age_percent import draw_percent
from immrecon.figures.age_reference import draw_age_reference, draw_over_limits
from immrecon.figures.style import save_figure

from .reading import layout_faults, lines_with, page_text, words_of
from .synthetic_spec import make_spec

BANDS = [
    (3, "6 to <12 years", 6.0, 650.0, 980.0, 1500.0, "P10-P90"),
    (5, "18 years and over", 18.0, 440.0, None, None, "not stated"),
]


@pytest.fixture(scope="module")
def spec() -> DisplaySpec:
    plain = make_spec()
    return make_spec(age_limits=AgeLimitsDisplay(analytes=list(plain.analytes[:2]), unsigned=True, sent=False))


def of_contract(contract: Any, rows: list[dict[str, Any]]) -> pl.DataFrame:
    schema = contract.schema.create_empty().schema
    return pl.DataFrame([dict.fromkeys(schema) | row for row in rows], schema=schema)


def bands() -> pl.DataFrame:
    return of_contract(AGE_REFERENCE_BANDS, [
        {"parameter": "CD4", "band_order": order, "band": band, "age_from_years": first, "lower": lower, "median": median,
         "upper": upper, "unit": "/uL", "percentiles": meaning, "z_score": "none", "source": "Shearer 2003", "row_status": "draft",
         "note": "", "n_participants": 1, "n_samples": 3}
        for order, band, first, lower, median, upper, meaning in BANDS
    ])  # fmt: skip


def profiles(*, without_band: bool = False) -> pl.DataFrame:
    people = [("P1", "B", 3), ("P2", "A", 5), ("P3", "A", None)][: 3 if without_band else 2]
    return of_contract(AGE_REFERENCE_PROFILES, [
        {"display_id": name, "parameter": "CD4", "sequence": place, "group": group, "dose_level": "DL1", "time_day": float(day),
         "value": value, "unit": "/uL", "below_limit": value == 5.0, "above_limit": False, "lloq": 5.0, "band_order": band,
         "lower": None if band is None else 500.0, "reason": "age not known" if band is None else None, "origin": None if band is None else "age table"}
        for name, group, band in people
        for place, (day, value) in enumerate([(14, 5.0), (60, 80.0), (180, 700.0)])
    ])  # fmt: skip


def summary(**changes: Any) -> pl.DataFrame:
    bounds = {f"{name}_{side}_limit": False for name in ("median", "q1", "q3") for side in ("below", "above")}
    return of_contract(AGE_REFERENCE_SUMMARY, [
        {"group": group, "dose_level": "all", "parameter": code, "visit": f"D{day}", "measure": "per cent of the lower limit",
         "visit_label": f"Day {day}", "target_day": float(day), "unit": "%", "population": "injected", "n": 9, "n_reference": 8,
         "n_without": 1, "n_laboratory": 0, "n_below_limit": 0, "n_above_limit": 0, "median": share, "q1": share / 2,
         "q3": share * 2, **bounds, "method": "order statistics", "status": "estimated"} | changes
        for code in ("CD3", "CD4") for group in ("A", "B", "all") for day, share in ((14, 2.0), (60, 20.0), (180, 90.0))
    ])  # fmt: skip


def draw(spec: DisplaySpec, samples: pl.DataFrame | None = None) -> Figure:
    return draw_over_limits(profiles() if samples is None else samples, bands(), spec, spec.analytes[1])


def test_a_panel_per_band_with_its_limits(spec: DisplaySpec) -> None:
    figure = draw(spec)
    words = words_of(figure)
    assert len(figure.axes) == 2
    assert {"6 to <12 years (1 sampled)", "18 years and over (1 sampled)"} <= set(words)
    assert {"650 to 1500 /µL, P10-P90", "440 /µL, percentiles not stated"} <= set(words)
    child = figure.axes[0]
    heights = {
        float(line.get_ydata()[0])
        for line in child.lines
        if len(set(line.get_ydata())) == 1 and len(line.get_xdata()) == 2
    }
    assert {650.0, 980.0, 5.0} <= heights, "lower limit, median and limit of quantification"
    (band,) = child.patches
    box = band.get_bbox()
    assert (box.y0, box.y1) == (650.0, 1500.0)
    assert child.get_yscale() == "log"


def test_samples_below_the_limit_are_open_triangles(spec: DisplaySpec) -> None:
    open_ones = lines_with(draw(spec).axes[0], marker="v")
    points = [(x, y) for line in open_ones for x, y in zip(line.get_xdata(), line.get_ydata(), strict=True)]
    assert points == [(14.0, 5.0)]
    assert all(line.get_markerfacecolor() == "white" for line in open_ones if len(line.get_xdata()))


def test_a_band_without_upper_limit_is_open_and_has_no_median(spec: DisplaySpec) -> None:
    adult = draw(spec).axes[1]
    (band,) = adult.patches
    assert band.get_bbox().y1 == adult.get_ylim()[1]


def test_samples_without_a_band_have_a_panel_and_a_reason(spec: DisplaySpec) -> None:
    figure = draw(spec, profiles(without_band=True))
    assert len(figure.axes) == 3
    assert figure.axes[2].patches[:] == []
    assert "3 samples have no limit (age not known)" in page_text(figure)
    assert layout_faults(figure) == []


@pytest.mark.parametrize(("n_pairs", "n_panels"), [(1, 1), (2, 2), (6, 1)])
def test_limits_of_laboratories_have_a_panel_each_where_there_are_few(
    spec: DisplaySpec, n_pairs: int, n_panels: int
) -> None:
    lower = 400.0 + 10.0 * pl.int_range(pl.len()).mod(n_pairs)
    sent = profiles().with_columns(
        band_order=pl.lit(None, dtype=pl.Int64), lower=lower, upper=pl.lit(1500.0), origin=pl.lit("laboratory")
    )
    figure = draw_over_limits(sent, bands().clear(), spec, spec.analytes[1])
    assert len(figure.axes) == n_panels
    words = words_of(figure)
    first = "limits that differ from sample to sample" if n_panels < n_pairs else "400 to 1500 /µL, as sent"
    assert first in words
    assert any(word.startswith("Limits of the laboratory") for word in words)
    assert len(figure.axes[0].patches) == (n_panels == n_pairs)
    assert "6 samples have limits of their laboratory" in page_text(figure)


def test_words_that_stand_on_it(spec: DisplaySpec) -> None:
    text = page_text(draw(spec))
    for part in ("DRAFT DEFINITION", "Data cut-off", "Population: injected", "Limits: Shearer 2003", "LLOQ", "CLOSED"):
        assert part in text


def test_per_cent_of_the_limit_by_group_with_its_line(spec: DisplaySpec) -> None:
    assert spec.age_limits is not None
    figure = draw_percent(summary(), spec, spec.age_limits, spec.age_limits.analytes)
    assert len(figure.axes) == 2
    for axes in figure.axes:
        full = [line for line in axes.lines if set(line.get_ydata()) == {100.0}]
        assert len(full) == 1
        assert axes.get_ylim()[0] <= 1.0
    text = page_text(figure)
    assert "18 samples of visits have no limit" in text or "samples of visits have no limit" in text
    assert "8" in words_of(figure)
    assert layout_faults(figure) == []


def test_a_page_holds_three_analytes_and_is_no_taller_than_paper(spec: DisplaySpec) -> None:
    analytes = [spec.analytes[0].model_copy(update={"code": f"CD{i}"}) for i in range(5)]
    many = spec.model_copy(
        update={"analytes": analytes, "age_limits": AgeLimitsDisplay(analytes=analytes, unsigned=True, sent=False)}
    )
    one = summary()
    rows = pl.concat([one.filter(parameter="CD4").with_columns(parameter=pl.lit(a.code)) for a in analytes])
    figures = draw_age_reference(profiles(), rows, bands(), many)
    pages = [stem for stem in figures if stem.startswith("age_percent")]
    assert pages == ["age_percent_1", "age_percent_2"]
    assert list(figures) == figure_stems(many)["age_reference"]
    assert [len(figures[page].axes) for page in pages] == [3, 2]
    assert all(figures[page].get_size_inches()[1] * 25.4 < 297 for page in pages)
    undrawn = [analyte.model_copy(update={"drawn": False}) for analyte in analytes]
    tables_alone = many.model_copy(update={"age_limits": many.age_limits.model_copy(update={"analytes": undrawn})})
    assert draw_age_reference(profiles(), rows, bands(), tables_alone) == {}


def test_a_median_that_is_a_bound_is_open(spec: DisplaySpec) -> None:
    assert spec.age_limits is not None
    figure = draw_percent(
        summary(median_below_limit=True, q1_below_limit=True), spec, spec.age_limits, spec.age_limits.analytes
    )
    assert "Median is a bound" in words_of(figure)
    assert any(line.get_markerfacecolor() == "white" and len(line.get_xdata()) for line in figure.axes[0].lines)


def test_nothing_to_draw_is_said(spec: DisplaySpec) -> None:
    assert spec.age_limits is not None
    none = summary(median=None, q1=None, q3=None, status="not estimable", reason="age not known (9)")
    assert "nothing is drawn" in page_text(draw_percent(none, spec, spec.age_limits, spec.age_limits.analytes))
    assert "nothing is drawn" in page_text(draw(spec, profiles().clear()))
    assert draw_age_reference(profiles(), summary(), bands(), make_spec()) == {}


def test_no_group_and_no_cutoff(spec: DisplaySpec) -> None:
    relative = spec.model_copy(update={"cutoff_date": None, "extract_date": None})
    alone = profiles().with_columns(group=pl.lit(""))
    assert "Group not recorded" in words_of(draw(relative, alone))
    assert date.today().isoformat() not in page_text(draw(relative, alone))


def test_the_same_figure_has_the_same_bytes(spec: DisplaySpec, tmp_path) -> None:
    for name in ("a", "b"):
        save_figure(draw(spec), tmp_path / name, 100)
    for suffix in ("svg", "pdf", "png"):
        assert (tmp_path / f"a.{suffix}").read_bytes() == (tmp_path / f"b.{suffix}").read_bytes()
