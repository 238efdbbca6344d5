"""Files of figures: the same bytes, whole or not at all; groups that are told apart without colour."""

import re
from pathlib import Path

import matplotlib as mpl
import polars as pl
import pytest
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure

from immrecon.config.display import DisplaySpec
from immrecon.config.study import Group
from immrecon.figures.disposition import draw_accrual, draw_disposition
from immrecon.figures.recovery import draw_recovery
from immrecon.figures.style import group_styles, save_figure, save_figures
from immrecon.figures.tte import draw_curves, draw_tte

from .reading import layout_faults
from .synthetic_spec import make_spec

SUFFIXES = ["svg", "pdf", "png"]


@pytest.fixture
def draw_everything(spec, accrual, timelines, profiles, visit_summary, curves, risk_table):  # type: ignore[no-untyped-def]
    def draw() -> dict[str, Figure]:
        return (
            draw_disposition(accrual, timelines, spec)
            | draw_recovery(profiles, visit_summary, spec)
            | draw_tte(curves, risk_table, spec)
        )

    return draw


def test_drawn_and_saved_twice_every_file_has_the_same_bytes(draw_everything, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    save_figures(draw_everything(), [tmp_path / "first" / "any.svg"], 100)
    save_figures(draw_everything(), [tmp_path / "second" / "any.svg"], 100)
    first = {path.name: path.read_bytes() for path in (tmp_path / "first").iterdir()}
    second = {path.name: path.read_bytes() for path in (tmp_path / "second").iterdir()}
    assert len(first) == 3 * (2 + 3 + 7)
    assert sorted(first) == sorted(second)
    assert [name for name in sorted(first) if first[name] != second[name]] == []
    assert {
        path.name: path.stat().st_size for path in (tmp_path / "first").glob("*.svg") if path.stat().st_size > 3e5
    } == {}


def test_row_order_of_the_tables_does_not_matter(
    spec: DisplaySpec, profiles: pl.DataFrame, visit_summary: pl.DataFrame, tmp_path: Path
) -> None:
    for name, order in (("sorted", 0), ("shuffled", 1)):
        tables = [t if not order else t.sample(fraction=1, shuffle=True, seed=4) for t in (profiles, visit_summary)]
        save_figures({name: draw_recovery(tables[0], tables[1], spec)["trajectories_cd4"]}, [tmp_path / "any.svg"], 100)
    assert (tmp_path / "sorted.png").read_bytes() == (tmp_path / "shuffled.png").read_bytes()


def test_saving_the_same_figure_again_gives_the_same_bytes(
    spec: DisplaySpec, curves: pl.DataFrame, risk_table: pl.DataFrame, tmp_path: Path
) -> None:
    figure = draw_curves(curves, risk_table, spec, "OS")
    save_figure(figure, tmp_path / "a", 100)
    save_figure(figure, tmp_path / "b", 100)
    for suffix in SUFFIXES:
        assert (tmp_path / f"a.{suffix}").read_bytes() == (tmp_path / f"b.{suffix}").read_bytes()


def test_png_is_180_mm_wide_at_the_declared_resolution(
    spec: DisplaySpec, accrual: pl.DataFrame, tmp_path: Path
) -> None:
    for per_inch in (100, 300):
        save_figure(draw_accrual(accrual, spec), tmp_path / "accrual", per_inch)
        header = (tmp_path / "accrual.png").read_bytes()[:24]
        assert abs(int.from_bytes(header[16:20]) - 180 / 25.4 * per_inch) <= 1


def test_a_users_own_settings_change_nothing(spec: DisplaySpec, accrual: pl.DataFrame, tmp_path: Path) -> None:
    save_figure(draw_accrual(accrual, spec), tmp_path / "plain", 100)
    with mpl.rc_context(
        {"axes.grid": True, "font.size": 20, "lines.linewidth": 9, "savefig.bbox": "tight", "svg.id": "x"}
    ):
        save_figure(draw_accrual(accrual, spec), tmp_path / "odd", 100)
    for suffix in SUFFIXES:
        assert (tmp_path / f"plain.{suffix}").read_bytes() == (tmp_path / f"odd.{suffix}").read_bytes()


def test_files_carry_the_title_and_no_time_or_version(spec: DisplaySpec, accrual: pl.DataFrame, tmp_path: Path) -> None:
    save_figure(draw_accrual(accrual, spec), tmp_path / "accrual.v1", 100)
    svg = (tmp_path / "accrual.v1.svg").read_text()
    assert "<title>Accrual, planned and actual</title>" in svg
    assert "<dc:date>" not in svg
    pdf = (tmp_path / "accrual.v1.pdf").read_bytes()
    assert b"/Title(Accrual, planned and actual)" in pdf
    assert re.search(rb"/(CreationDate|ModDate)", pdf) is None
    assert b"Matplotlib" not in (tmp_path / "accrual.v1.png").read_bytes()


def test_letters_are_text_in_the_one_typeface(spec: DisplaySpec, accrual: pl.DataFrame, tmp_path: Path) -> None:
    save_figure(draw_accrual(accrual, spec), tmp_path / "accrual", 100)
    texts = re.findall(r"<text [^>]*>([^<]*)</text>", svg := (tmp_path / "accrual.svg").read_text())
    assert {"Accrual, planned and actual", "Jan"} <= set(texts)
    assert svg.count("<text ") == svg.count("font-family: 'DejaVu Sans', Verdana, sans-serif") > 30
    fonts = set(re.findall(rb"/BaseFont/\w+\+([\w-]+)", (tmp_path / "accrual.pdf").read_bytes()))
    assert fonts == {b"DejaVuSans", b"DejaVuSans-Bold"}


def test_an_interrupted_save_leaves_the_old_file_and_no_rest(
    spec: DisplaySpec, accrual: pl.DataFrame, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    figure = draw_accrual(accrual, spec)
    save_figure(figure, tmp_path / "accrual", 100)
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}

    def fail(path: Path, content: bytes) -> None:
        path.open("wb").write(content[: len(content) // 2])
        raise OSError("no space left on device")

    monkeypatch.setattr(Path, "write_bytes", fail)
    with pytest.raises(OSError, match="no space"):
        save_figure(figure, tmp_path / "accrual", 100)
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before


def test_no_words_overlap_or_run_off_the_page(draw_everything) -> None:  # type: ignore[no-untyped-def]
    assert {stem: faults for stem, figure in draw_everything().items() if (faults := layout_faults(figure))} == {}


def test_every_exhibit_names_session_study_cutoff_and_population(draw_everything, spec: DisplaySpec) -> None:  # type: ignore[no-untyped-def]
    for stem, figure in draw_everything().items():
        words = " ".join(text.get_text() for text in figure.texts)
        for needed in (spec.session, spec.title, spec.cutoff_text, "extract of 2025-06-30", "Population: ", "Method: "):
            assert needed in words, (stem, needed)


def test_groups_differ_in_dash_and_marker_and_colour() -> None:
    groups = [
        Group(code=code, label=code, planned_n=3, min_age_years=None, max_age_years=None)
        for code in ("A", "B", "C", "D")
    ]
    styles = group_styles(make_spec(groups=groups), [])
    assert [style.code for style in styles] == ["A", "B", "C", "D"]
    for name in ("colour", "dash", "marker"):
        assert len({str(getattr(style, name)) for style in styles}) == 4
    for style in styles:
        luminance = sum(w * c for w, c in zip((0.2126, 0.7152, 0.0722), map(_linear, to_rgb(style.ink)), strict=True))
        assert 1.05 / (luminance + 0.05) > 4.5, f"words in {style.ink} are too pale on white"


def _linear(channel: float) -> float:
    """sRGB channel to linear light (WCAG 2.1, relative luminance)."""
    return channel / 12.92 if channel <= 0.04045 else ((channel + 0.055) / 1.055) ** 2.4


def test_a_long_label_is_shortened_visibly() -> None:
    group = Group(code="A", label="word " * 30, planned_n=3, min_age_years=None, max_age_years=None)
    (style,) = group_styles(make_spec(groups=[group]), [])
    assert style.label.endswith("word …")
    assert len(style.label) <= 52


def test_a_group_that_only_the_results_name_is_kept(spec: DisplaySpec) -> None:
    styles = group_styles(spec, ["Z", "A", "", "all"])
    assert [(style.code, style.label) for style in styles] == [
        ("A", "Adults"), ("B", "Paediatric"), ("", "Group not recorded"), ("Z", "Z"),
    ]  # fmt: skip
