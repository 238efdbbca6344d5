"""External comparisons as a forest: every estimate with its interval beside the reference with its own."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import polars as pl
from matplotlib.figure import Figure

from immrecon.config.display import DisplaySpec
from immrecon.figures.page import (
    INNER_MM,
    LINE_MM,
    MARGIN_MM,
    KeyEntry,
    Page,
    Words,
    exhibit_notes,
    key_rows,
    open_page,
    words_only_page,
    wrap,
)
from immrecon.figures.style import FAINT, INK, NOTE_PT, SOFT, TEXT_PT, styled
from immrecon.vocabulary import POOLED, ExternalMeasure, RowStatus

_LABEL_MM, _COUNT_MM = 74.0, 16.0
_AXIS_LEFT_MM = _LABEL_MM + _COUNT_MM + 6.0
_AXIS_MM = INNER_MM - _AXIS_LEFT_MM - 4.0
_TICKS_MM = 13.0
_ON_WHITE = {"facecolor": "white", "edgecolor": "none", "pad": 0.5}  # words over the guides of the axis
_LOOKS: dict[str, dict[str, Any]] = {
    "reference": {"marker": "D", "markerfacecolor": "white"},
    "here": {"marker": "s", "markerfacecolor": INK},
}
_WHOSE = {"reference": "Reference", "here": "Here"}
_SHOWN = {
    ExternalMeasure.PUBLISHED: "in print",
    ExternalMeasure.PROPORTION: "status known",
    ExternalMeasure.BEST: "if all unknown had reached it",
    ExternalMeasure.WORST: "if none unknown had reached it",
    ExternalMeasure.SURVIVAL: "event-free",
    ExternalMeasure.INCIDENCE: "cumulative incidence",
}
_ORDER = {measure: order for order, measure in enumerate(_SHOWN)}


@dataclass(frozen=True)
class _Line:
    """A heading (without a row), or an estimate."""

    label: str
    row: dict[str, Any] | None = None
    colour: str = INK


def draw_external_control(external_control: pl.DataFrame, spec: DisplaySpec) -> dict[str, Figure]:
    """The figure of this module by its file stem, from the EXTERNAL_CONTROL table; none without a reference."""
    return {"external_control": draw_references(external_control, spec)} if spec.externals else {}


@styled
def draw_references(external_control: pl.DataFrame, spec: DisplaySpec) -> Figure:
    """Proportions and probabilities on one axis; a group without a reference, or what is refused, says so."""
    lines = _lines(external_control, spec)
    words = _words(external_control, spec)
    if not any(line.row for line in lines):
        return words_only_page(
            words, "No participant is in the population by the cut-off: there is nothing to compare."
        )
    entries = [
        KeyEntry(_WHOSE[source], look | {"color": INK, "markersize": 5, "linestyle": "none"}, span=False)
        for source, look in _LOOKS.items()
    ]
    key = key_rows(entries, INNER_MM)
    height = len(lines) * LINE_MM
    page = open_page(words, len(key) * LINE_MM + 6 + height + _TICKS_MM)
    page.key(key, MARGIN_MM, page.top_mm)
    _draw(page, page.top_mm + len(key) * LINE_MM + 6, height, lines)
    return page.figure


def _words(frame: pl.DataFrame, spec: DisplaySpec) -> Words:
    populations = ", ".join(frame["population"].unique().sort()) or "none"
    levels = " and ".join(f"{100 * conf:.4g} %" for conf in frame["conf_level"].drop_nulls().unique().sort())
    method = f"Lines: {levels} intervals, by the methods of the table. n/events: participants and events."
    notes = exhibit_notes(spec, populations, method)
    notes += [f"{item.label}: populations differ: {'; '.join(item.differences)}." for item in spec.externals]
    sources = "; ".join(f"{item.source} ({item.status})" for item in spec.externals)
    draft = "draft" in {item.status for item in spec.externals}
    return Words(
        "Beside references from elsewhere",
        f"Nothing was randomised against these references, and nothing is adjusted.\nSource: {sources}.",
        notes,
        draft=draft,
    )


def _lines(frame: pl.DataFrame, spec: DisplaySpec) -> list[_Line]:
    labels = {endpoint.code: endpoint.label for endpoint in spec.endpoints}
    groups = {group.code: group.label for group in spec.groups} | {POOLED: "All participants"}
    # Without anybody of unknown status the best and the worst case are what is known.
    cases = pl.col("measure").is_in([ExternalMeasure.BEST, ExternalMeasure.WORST])
    shown = frame.filter(pl.col("measure").is_in(list(_SHOWN)), ~cases | (pl.col("n_unknown") > 0))
    lines = []
    for item in spec.externals:
        lines += [_Line(text) for text in wrap(item.label, _AXIS_LEFT_MM - 2, TEXT_PT, bold=True)]
        for code in item.endpoints:
            part = shown.filter(pl.col("reference") == item.code, pl.col("parameter") == code)
            for group, name in groups.items():
                rows = part.filter(pl.col("group") == group).to_dicts()
                rows.sort(key=lambda row: (row["time_day"], _ORDER[row["measure"]], row["source"] != "reference"))
                if rows:
                    heading = wrap(f"{labels[code]}, {name}", _AXIS_LEFT_MM - 4, TEXT_PT, bold=True)
                    lines += [_Line(text, colour=SOFT) for text in heading]
                lines += [_Line(_label(row), row) for row in rows]
    return lines


def _label(row: dict[str, Any]) -> str:
    return f"{_WHOSE[row['source']]}, day {row['time_day']:g}, {_SHOWN[row['measure']]}"


def _draw(page: Page, top: float, height: float, lines: Sequence[_Line]) -> None:
    left = MARGIN_MM + _AXIS_LEFT_MM
    axes = page.axes(left, top, _AXIS_MM, height)
    axes.set_ylim(height, 0)
    axes.set_yticks([])
    axes.spines["left"].set_visible(False)
    axes.set_xlim(0, 1)
    axes.set_xticks([0, 0.2, 0.4, 0.6, 0.8, 1], ["0", "20", "40", "60", "80", "100"])
    axes.set_xlabel("Proportion or probability (%)")
    axes.grid(axis="x", color=FAINT, linewidth=0.3)
    axes.set_axisbelow(True)
    page.text(
        MARGIN_MM + _LABEL_MM + _COUNT_MM, top - 1, "n/events", ha="right", va="bottom", fontsize=NOTE_PT, color=SOFT
    )
    for index, line in enumerate(lines):
        y = index * LINE_MM
        if line.row is None:
            indent = 0 if line.colour == INK else 2
            page.text(MARGIN_MM + indent, top + y, line.label, fontweight="bold", color=line.colour)
            continue
        middle = y + 0.4 * LINE_MM
        page.text(MARGIN_MM + 4, top + middle, line.label, fontsize=NOTE_PT, va="center_baseline")
        counts = f"{line.row['n']}/{line.row['n_events']}"
        right = MARGIN_MM + _LABEL_MM + _COUNT_MM
        page.text(right, top + middle, counts, ha="right", fontsize=NOTE_PT, va="center_baseline")
        if line.row["status"] != RowStatus.ESTIMATED:
            words = wrap(str(line.row["reason"]), _AXIS_MM, NOTE_PT)
            text = words[0] + (" …" if len(words) > 1 else "")
            page.text(left + 1, top + middle, text, fontsize=NOTE_PT, color=SOFT, bbox=_ON_WHITE, va="center_baseline")
            continue
        limits = [line.row["conf_low"], line.row["conf_high"]]
        if None not in limits:
            axes.plot(limits, [middle, middle], color=INK, linewidth=1.1, clip_on=False)
        look = _LOOKS[line.row["source"]]
        axes.plot([line.row["estimate"]], [middle], color=INK, markersize=5, clip_on=False, zorder=4, **look)
