"""The report as one page: inline styles and figures, no script, nothing fetched."""

import itertools
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from immrecon.config.display import DisplaySpec
from immrecon.errors import SourceError
from immrecon.report.definitions import definitions, provenance, shared_rules
from immrecon.report.glance import glance
from immrecon.report.outline import Section, outline
from immrecon.report.placing import Placed
from immrecon.report.svg import inline_svg
from immrecon.tables.exhibit import DRAFT_RUN, draft_mark, unsigned
from immrecon.tables.format import clean, estimator, level
from immrecon.tables.html import environment, table_fragment
from immrecon.tables.model import Table
from immrecon.tables.results import Results
from immrecon.tables.shells import build_tables
from immrecon.tables.tte import estimand
from immrecon.typeface import font_faces

_TEMPLATES = Path(__file__).resolve().parent / "templates"
_ENVIRONMENT = environment(_TEMPLATES)


@dataclass(frozen=True)
class Exhibit:
    """A numbered figure or table, as HTML."""

    number: str
    title: str
    anchor: str
    html: str


@dataclass(frozen=True)
class Chapter:
    """A section with its number and its exhibits."""

    number: int
    section: Section
    exhibits: tuple[Exhibit, ...]


def build_report(
    results: Results,
    tables: Mapping[str, Table],
    figures: Mapping[str, Path],
    spec: DisplaySpec,
    inputs: dict[str, Any],
) -> str:
    """The report as HTML text. `figures` are SVG files by stem, `inputs` the content of inputs.json.

    Raises ContractError: a number that is not there exactly once, totals that do not reconcile, a figure that runs or
    loads something, an incomplete `inputs`. SourceError: a figure file cannot be read.
    """
    drawings = {stem: _source(stem, Path(path)) for stem, path in figures.items()}
    chapters = _numbered(outline(results, tables, figures, spec), drawings, spec)
    template = _ENVIRONMENT.get_template("report.html")
    return template.render(
        title=clean(spec.title),
        study=clean(spec.study),
        session=clean(spec.session),
        cutoff=clean(spec.cutoff_text),
        cutoff_fact=spec.cutoff_date.isoformat() if spec.cutoff_date else clean(spec.cutoff_text),
        data_cut=clean(spec.data_cut),
        extract=spec.extract_date.isoformat() if spec.extract_date else "not stated",
        unsigned=[clean(e.label) for e in spec.endpoints if e.code in unsigned(spec)],
        chapters=chapters,
        glance=_glance(results, spec),
        conf=level(spec.conf_level),
        definitions=definitions(results, spec),
        rules=shared_rules(spec),
        provenance=provenance(inputs),
        running_head=css_string(f"{clean(spec.session)} · {clean(spec.title)}"),
        running_foot=css_string(clean(spec.cutoff_text)),
        font_faces=font_faces(itertools.chain.from_iterable(drawings.values())),
    )


def render_report(results: Results, files: Iterable[str | Path], spec: DisplaySpec, inputs: dict[str, Any]) -> str:
    """`build_report` with the tables built from the same results; of the figure files the SVGs are taken, by stem."""
    figures = {path.stem: path for path in map(Path, files) if path.suffix == ".svg"}
    return build_report(results, build_tables(results, spec), figures, spec, inputs)


def _glance(results: Results, spec: DisplaySpec) -> dict[str, Any]:
    content = glance(results, spec)
    return {"content": content, "participants": table_fragment(content.participants)}


def _source(stem: str, path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise SourceError(f"{path}: the figure {stem} cannot be read ({error}). Run the draw steps.") from None


def _numbered(sections: list[Section], drawings: Mapping[str, str], spec: DisplaySpec) -> list[Chapter]:
    """Figures and tables are numbered through the report, each in its own series."""
    chapters, n_figures, n_tables = [], 0, 0
    anchors: set[str] = set()
    for number, section in enumerate(sections, start=1):
        exhibits = []
        for item in section.exhibits:
            if isinstance(item, Placed):
                n_figures += 1
                exhibits.append(_figure(item, f"Figure {n_figures}", drawings[item.stem], spec))
            else:
                n_tables += 1
                anchor = _unused(f"table-{item.stem}", section.anchor, anchors)
                fragment = table_fragment(item, number=f"Table {n_tables}", anchor=anchor)
                exhibits.append(Exhibit(f"Table {n_tables}", item.title, anchor, fragment))
        chapters.append(Chapter(number, section, tuple(exhibits)))
    return chapters


def _unused(anchor: str, section: str, anchors: set[str]) -> str:
    """An anchor for a table that may stand in several sections."""
    name = f"{anchor}-{section}" if anchor in anchors else anchor
    anchors.add(name)
    return name


def _figure(placed: Placed, number: str, drawing: str, spec: DisplaySpec) -> Exhibit:
    anchor = f"figure-{re.sub(r'[^A-Za-z0-9_-]', '-', placed.stem)}"
    codes = [placed.endpoint.code] if placed.endpoint else list(placed.codes)
    draft = draft_mark(spec, codes)
    title = clean(placed.title)
    html = _ENVIRONMENT.get_template("figure.html").render(
        anchor=anchor,
        number=number,
        title=title,
        explained=_explained(placed),
        cutoff=clean(spec.cutoff_text),
        session=clean(spec.session),
        draft=draft,
        mild=draft == DRAFT_RUN,
        svg=inline_svg(drawing, name=anchor, alt=_alt(title, placed)),
    )
    return Exhibit(number, title, anchor, html)


def _explained(placed: Placed) -> str:
    endpoint = placed.endpoint
    if endpoint is None:
        return ""
    competing = ", ".join(map(clean, endpoint.competing_labels))
    text = f"{estimand(endpoint).capitalize()} in {endpoint.population.value} participants, from "
    text += f"{clean(endpoint.clock_label)} ({estimator(endpoint.estimator.value)})"
    return f"{text}; competing: {competing}" if competing else text


def _alt(title: str, placed: Placed) -> str:
    """What a reader who does not see the figure needs: what it shows, and where its numbers stand."""
    about = _explained(placed) or "Drawing of the result tables of this run"
    return f"{title}. {about}. The numbers stand in the tables of this section."


def css_string(text: str) -> str:
    """Text as the content of a CSS string: every character but letters and digits is escaped."""
    return "".join(char if char.isascii() and char.isalnum() else f"\\{ord(char):06x}" for char in text)
