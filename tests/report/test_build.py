"""The page: self-contained, escaped, numbered, dated on every exhibit, the same bytes each time."""

import base64
import io
import re
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from fontTools.ttLib import TTFont

import immrecon.report
import immrecon.tables
from immrecon.config.display import DisplaySpec
from immrecon.errors import ContractError, SourceError
from immrecon.report import outline
from immrecon.report.build import build_report, css_string, render_report
from immrecon.tables.results import Results
from immrecon.tables.shells import build_tables

NAMESPACES = {"http://www.w3.org/2000/svg", "http://www.w3.org/1999/xlink"}
TEMPLATES = sorted(
    path
    for package in (immrecon.tables, immrecon.report)
    for path in (Path(package.__path__[0]) / "templates").iterdir()
)


class Page(HTMLParser):
    """The page as a browser reads it: balanced tags, attributes, visible text."""

    VOID = frozenset({"meta", "link", "br", "hr", "img", "input", "col"})

    def __init__(self, text: str) -> None:
        super().__init__()
        self.stack: list[str] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text: list[str] = []
        self.feed(text)
        assert self.stack == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in self.VOID:
            self.stack.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.stack.pop() == tag

    def handle_data(self, data: str) -> None:
        if "style" not in self.stack:
            self.text.append(data)


def test_nothing_is_fetched_and_nothing_runs(report: str) -> None:
    addresses = {url.rstrip('"') for url in re.findall(r'https?://[^\s"<>]+', report)}
    assert addresses <= NAMESPACES
    assert set(re.findall(r"url\((#|data:font/ttf;base64,|)", report)) == {"#", "data:font/ttf;base64,"}
    page = Page(report)
    names = {tag for tag, _ in page.tags}
    assert not names & {"script", "link", "img", "iframe", "object", "embed", "form", "base"}
    for _, attributes in page.tags:
        assert not any(name.startswith("on") or name == "src" for name in attributes)
        assert (attributes.get("href") or "#").startswith("#")


def test_the_letters_of_every_figure_come_along_in_both_weights(report: str, figures: dict[str, Path]) -> None:
    texts = set("".join(re.findall(r">([^<]+)</text>", "".join(path.read_text() for path in figures.values()))))
    assert texts
    data = re.findall(r"url\(data:font/ttf;base64,([^)]+)\)", report)
    assert len(data) == 2
    for one in data:
        assert {chr(code) for code in TTFont(io.BytesIO(base64.b64decode(one))).getBestCmap()} >= texts - {"\n"}


def test_ids_are_unique_and_every_link_has_its_target(report: str) -> None:
    page = Page(report)
    ids = [attributes["id"] for _, attributes in page.tags if "id" in attributes]
    assert len(ids) == len(set(ids))
    targets = [attributes[name] for _, attributes in page.tags for name in ("href", "xlink:href") if name in attributes]
    assert len(targets) > 40
    assert {str(target)[1:] for target in targets} <= set(ids)
    assert set(re.findall(r"url\(#([^)]+)\)", report)) <= set(ids)
    labels = [attributes["aria-labelledby"] for _, attributes in page.tags if "aria-labelledby" in attributes]
    assert set(labels) <= set(ids)


def test_the_same_results_give_the_same_bytes(
    report: str, run: Results, spec: DisplaySpec, figures: dict[str, Path], inputs: dict[str, Any]
) -> None:
    backwards = {stem: figures[stem] for stem in reversed(figures)}
    again = build_report(run, build_tables(run, spec), figures, spec, inputs)
    assert again.encode() == report.encode()
    assert build_report(run, build_tables(run, spec), backwards, spec, inputs) == report


def test_the_cover_says_what_it_is(report: str) -> None:
    cover = report[report.index('<header class="cover">') : report.index("</header>")]
    for words in ("CLOSED SESSION", "2024-06-30", "2024-07-08", "SMART101 after T-cell-depleted", "Draft."):
        assert words in cover
    for label in ("Relapse", "Non-relapse mortality", "Acute GvHD grade III-IV", "CD4 reconstitution"):
        assert f"<bdi>{label}</bdi>" in cover
    assert "<bdi>Overall survival</bdi>" not in cover
    assert 'class="watermark"' in report


def test_a_signed_report_has_no_draft_mark(
    run: Results, spec: DisplaySpec, figures: dict[str, Path], inputs: dict[str, Any]
) -> None:
    signed = spec.model_copy(
        update={
            "endpoints": [item.model_copy(update={"status": "signed"}) for item in spec.endpoints],
            "definition_grid": None,
            "recurrent_events": [],
            "multistate": [],
            "trajectory": None,
            "age_limits": None,
        }
    )
    text = build_report(run, build_tables(run, signed), figures, signed, inputs)
    assert 'class="watermark"' not in text
    assert 'class="draft' not in text
    assert "<strong>Draft.</strong>" not in text


def test_every_exhibit_has_number_caption_cutoff_and_session(report: str, figures: dict[str, Path]) -> None:
    exhibits = re.findall(r'<figure class="exhibit.*?</figure>', report, re.DOTALL)
    assert len(exhibits) == 2 + len(figures) + 35  # two of the decision page
    for exhibit in exhibits:
        assert "Data cut-off 2024-06-30" in exhibit
        assert "CLOSED SESSION" in exhibit
        assert "<figcaption" in exhibit or "<caption" in exhibit
    for kind in ("Figure", "Table"):
        numbers = [int(n) for n in re.findall(rf'<span class="number">{kind} (\d+)</span>', report)]
        assert numbers == list(range(1, len(numbers) + 1))
    drawings = re.findall(r'<svg [^>]*id="figure-[^>]*>', report)
    assert len(drawings) == len(figures)
    assert all('role="img"' in drawing and 'aria-label="' in drawing for drawing in drawings)


def test_sections_come_in_order_and_are_in_the_contents(report: str) -> None:
    titles = re.findall(r'<h2 id="[^"]+"><span class="chapter-number">(\d+)</span> ([^<]+)</h2>', report)
    assert [title for _, title in titles] == [
        "At a glance",
        "Who is in the trial",
        "How far each participant has been followed",
        "Immune reconstitution",
        "Infections and reactivations",
        "Safety",
        "Efficacy and survival",
        "Can the data be trusted",
        "Definitions and methods",
        "How this report was made",
    ]
    assert [number for number, _ in titles] == [str(n) for n in range(1, 11)]
    contents = report[report.index('<nav class="toc"') : report.index("</nav>")]
    assert all(f">{title}</a>" in contents for _, title in titles)


def test_the_decision_page_pulls_its_numbers(report: str, run: Results) -> None:
    start = report.index('id="glance"')
    page = report[start : report.index('id="participants"')]
    text = " ".join(re.sub(r"<[^>]+>", " ", page).replace("\N{NO-BREAK SPACE}", " ").split())
    pooled = (pl.col("group") == "all") & (pl.col("dose_level") == "all")
    stages = dict(run.funnel.filter(pooled).select("stage", "n").iter_rows())
    assert f"Enrolled {stages['enrolled']} of 36 planned in total" in text
    assert f"Injected {stages['injected']} of {stages['enrolled']} enrolled" in text
    assert "Median follow-up 302 days" in text
    assert "Open data issues 3 errors; 5 warnings; 14 lab cells withheld" in text
    assert "Consistency 3 of 4 identities hold; 3 not applicable" in text
    assert "violated: numbers at risk never grow" in text
    shown = [(float(n), int(k)) for n, k in re.findall(r"(\d+\.\d) \([^)]*\) (\d+) events? /", text)]
    for row in run.landmarks.filter(pooled).iter_rows(named=True):
        assert any(abs(n - 100 * row["estimate"]) < 0.0501 and k == row["n_events"] for n, k in shown)
    assert page.count('<rect class="interval"') == run.landmarks.filter(pooled, pl.col("conf_low").is_not_null()).height


def test_a_missing_key_number_is_an_error(
    run: Results, spec: DisplaySpec, figures: dict[str, Path], inputs: dict[str, Any]
) -> None:
    incomplete = run.funnel.filter(pl.col("stage") != "injected")
    with pytest.raises(ContractError, match="stage 'injected'"):
        build_report(replace(run, funnel=incomplete), build_tables(run, spec), figures, spec, inputs)


def test_not_estimable_stands_with_its_reason(
    run: Results, spec: DisplaySpec, figures: dict[str, Path], inputs: dict[str, Any]
) -> None:
    empty = {name: pl.lit(None, dtype=pl.Float64) for name in ("estimate", "conf_low", "conf_high")}
    reason = pl.lit("fewer than three <at risk>")
    frame = run.landmarks.with_columns(**empty, status=pl.lit("not estimable"), reason=reason)
    changed = replace(run, landmarks=frame)
    text = build_report(changed, build_tables(changed, spec), figures, spec, inputs)
    page = text[text.index('id="glance"') : text.index('id="participants"')]
    assert "fewer than three &lt;at risk&gt;" in page
    assert "Not estimable for all participants together: AGVHD34 at day 100" in page
    assert '<rect class="interval"' not in page
    assert "NE: not estimable, for the reason given." in page


def test_definitions_show_every_part(report: str) -> None:
    chapter = report[report.index('id="definitions"') : report.index('id="making"')]
    text = " ".join(re.sub(r"<[^>]+>", " ", chapter).split())
    assert "CD4 &gt; 50/µL on two consecutive samples, the confirming one at least 14 days after the first" in text
    assert "Competing events relapse, death" in text
    assert "day 0 is the transplant; participants still at risk after day 10 are followed from it" in text
    assert "Kaplan-Meier, variance Greenwood, interval beta-product" in text
    assert "Source Protocol version 3, section 8 Status signed" in text
    assert text.count("Population injected participants") == 6


def test_provenance_is_printed_shortened(report: str, inputs: dict[str, Any]) -> None:
    chapter = report[report.index('id="making"') :]
    for name in ("config_sha256", "code_sha256", "lock_sha256"):
        assert f"<code>{inputs[name][:12]}</code>" in chapter
        assert inputs[name] not in chapter
    assert "immrecon 0.1.0" in chapter
    assert "labs/&lt;img src=x&gt;.csv" in chapter
    assert "make report CUT=2024-06-30" in chapter


def test_incomplete_inputs_are_refused(
    run: Results, spec: DisplaySpec, figures: dict[str, Path], inputs: dict[str, Any]
) -> None:
    partial = {key: item for key, item in inputs.items() if key != "code_sha256"}
    with pytest.raises(ContractError, match="code_sha256"):
        build_report(run, build_tables(run, spec), figures, spec, partial)


def test_a_missing_figure_file_is_named(
    run: Results, spec: DisplaySpec, inputs: dict[str, Any], tmp_path: Path
) -> None:
    with pytest.raises(SourceError, match=r"gone\.svg"):
        build_report(run, build_tables(run, spec), {"accrual": tmp_path / "gone.svg"}, spec, inputs)


def test_hostile_words_of_the_configuration_are_escaped(
    run: Results, spec: DisplaySpec, figures: dict[str, Path], inputs: dict[str, Any], hostile: str
) -> None:
    attack = hostile + '</style></svg>" onload="x'
    changes = {"label": attack, "rule": attack, "source": attack, "clock_label": attack, "event_labels": [attack]}
    bad = spec.model_copy(
        update={
            "title": attack,
            "session": attack,
            "groups": [item.model_copy(update={"label": attack}) for item in spec.groups],
            "dose_levels": [item.model_copy(update={"label": attack}) for item in spec.dose_levels],
            "endpoints": [item.model_copy(update=changes) for item in spec.endpoints],
        }
    )
    text = build_report(run, build_tables(run, bad), figures, bad, inputs)
    assert "<script" not in text
    assert text.count("</style>") == 1 + len(figures)
    page = Page(text)
    assert not any(name.startswith("on") for _, attributes in page.tags for name in attributes)
    assert any("مرحبا" in words for words in page.text)


def test_css_strings_cannot_be_left() -> None:
    escaped = css_string('"; } </style> \\ é')
    assert re.fullmatch(r"(?:[A-Za-z0-9]|\\[0-9a-f]{6})*", escaped)
    assert "style" in escaped


def test_an_empty_run_still_makes_a_report(empty_run: Results, spec: DisplaySpec, inputs: dict[str, Any]) -> None:
    tables = build_tables(empty_run, spec)
    text = build_report(empty_run, tables, {}, spec, inputs)
    Page(text)
    for table in tables.values():
        assert table.note in text


def test_of_the_figure_files_the_drawings_are_taken(
    report: str, run: Results, spec: DisplaySpec, figures: dict[str, Path], inputs: dict[str, Any]
) -> None:
    files = [path.with_suffix(kind) for path in figures.values() for kind in (".svg", ".pdf", ".png")]
    assert render_report(run, files, spec, inputs) == report


@pytest.mark.parametrize("path", [path for path in TEMPLATES if path.suffix == ".html"], ids=lambda path: path.name)
def test_no_digit_is_typed_in_a_template(path: Path) -> None:
    source = path.read_text(encoding="utf-8")
    for pattern in (r"\{#.*?#\}", r"\{%.*?%\}", r"\{\{.*?\}\}", r"<style>.*?</style>", r"<[^>]*>"):
        source = re.sub(pattern, " ", source, flags=re.DOTALL)
    assert re.findall(r"\d", source) == []


def test_no_digit_is_typed_in_the_prose_of_the_sections() -> None:
    prose = [section for section in vars(outline).values() if isinstance(section, outline.Section)]
    words = [text for section in prose for text in (section.title, section.question, section.lead)]
    words += [text for chapter in outline._CHAPTERS.values() for text in chapter]
    assert len(words) > 20
    assert not any(re.search(r"\d", text) for text in words)
