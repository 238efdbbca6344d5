"""Forest plots: ratios and differences of the compared endpoints of a chapter, with numbers and methods beside them."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import polars as pl
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from immrecon.config.display import DisplaySpec
from immrecon.exhibits import compared_endpoints, compared_topics, forest_stem
from immrecon.figures.page import (
    INNER_MM,
    LINE_MM,
    MARGIN_MM,
    MM_PER_PT,
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
from immrecon.vocabulary import ContrastMeasure, RowStatus

_LABEL_MM, _COUNT_MM, _AXIS_LEFT_MM, _AXIS_MM = 48.0, 15.0, 81.0, 35.0
_ESTIMATE_MM, _METHOD_MM = 119.0, 150.0  # where these columns begin
_SMALL_MM = 1.35 * NOTE_PT * MM_PER_PT
_GAP_MM, _TICKS_MM, _HEAD_MM = 1.3, 13.0, 10.0
_ON_WHITE = {"facecolor": "white", "edgecolor": "none", "pad": 0.5}  # words over the guides of the axis
_FARTHEST = 2  # powers of ten to either side of 1, at most

_RATIOS: dict[str, tuple[str, dict[str, Any]]] = {
    ContrastMeasure.HAZARD_RATIO: ("hazard ratio", {"marker": "s", "markerfacecolor": INK}),
    ContrastMeasure.CAUSE_SPECIFIC: ("cause-specific hazard ratio", {"marker": "o", "markerfacecolor": INK}),
    ContrastMeasure.SUBDISTRIBUTION: ("subdistribution hazard ratio", {"marker": "D", "markerfacecolor": "white"}),
    ContrastMeasure.OBSERVED_EXPECTED: ("observed over expected", {"marker": "^", "markerfacecolor": "white"}),
}
_DIFFERENCES: dict[str, tuple[str, dict[str, Any]]] = {
    ContrastMeasure.SURVIVAL_DIFFERENCE: ("event-free probability", {"marker": "s", "markerfacecolor": INK}),
    ContrastMeasure.INCIDENCE_DIFFERENCE: ("cumulative incidence", {"marker": "D", "markerfacecolor": "white"}),
}
_SHORT = {
    "Cox model": "Cox", "Firth's Cox model": "Firth", "Fine-Gray model": "Fine-Gray",
    "one-sample log-rank test": "exact Poisson", "kaplan-meier": "Kaplan-Meier", "aalen-johansen": "Aalen-Johansen",
}  # fmt: skip


@dataclass(frozen=True)
class _Line:
    """One line of a forest, or the heading of an endpoint (without a row)."""

    label: list[str]
    row: dict[str, Any] | None
    message: list[str]

    @property
    def height_mm(self) -> float:
        lines = max(len(self.label), len(self.message), 1)
        return lines * (LINE_MM if self.row is None else _SMALL_MM) + _GAP_MM


def draw_forest(contrasts: pl.DataFrame, spec: DisplaySpec) -> dict[str, Figure]:
    """Every figure of this module by its file stem, from the CONTRASTS table."""
    return {
        forest_stem(topic): draw_chapter(contrasts, spec, compared_endpoints(spec, topic))
        for topic in compared_topics(spec)
    }


@styled
def draw_chapter(contrasts: pl.DataFrame, spec: DisplaySpec, codes: Sequence[str]) -> Figure:
    """Ratios on a logarithmic axis, below them differences on a linear one; what is not estimable says why."""
    shown = contrasts.filter(pl.col("parameter").is_in(list(codes)))
    ratios, differences = (_lines(shown, spec, codes, looks) for looks in (_RATIOS, _DIFFERENCES))
    words = _words(shown, spec, codes)
    if not ratios and not differences:
        return words_only_page(words, "Nothing of these endpoints is compared by a ratio or a difference.")
    used = set(shown["measure"])
    blocks = [(lines, looks) for lines, looks in ((ratios, _RATIOS), (differences, _DIFFERENCES)) if lines]
    keys = [_key(looks, used) for _, looks in blocks]
    height = sum(
        len(key) * LINE_MM + _HEAD_MM + sum(line.height_mm for line in lines) + _TICKS_MM
        for key, (lines, _) in zip(keys, blocks, strict=True)
    )
    page = open_page(words, height)
    top = page.top_mm
    for key, (lines, looks) in zip(keys, blocks, strict=True):
        page.key(key, MARGIN_MM, top)
        top = _block(page, top + len(key) * LINE_MM + _HEAD_MM, lines, looks) + _TICKS_MM
    return page.figure


def _words(shown: pl.DataFrame, spec: DisplaySpec, codes: Sequence[str]) -> Words:
    chosen = [endpoint for endpoint in spec.endpoints if endpoint.code in codes]
    populations = ", ".join(dict.fromkeys(endpoint.population.value for endpoint in chosen))
    levels = " and ".join(f"{100 * conf:.4g} %" for conf in shown["conf_level"].unique().sort())
    named = [comparison for comparison in spec.comparisons if set(comparison.endpoints) & set(codes)]
    without = [comparison for comparison in named if not comparison.p_values_shown]
    reasons = dict.fromkeys(comparison.p_values_reason for comparison in without)
    notes = [
        *exhibit_notes(
            spec,
            populations,
            f"Lines: {levels} intervals; an arrow: the interval goes on. Right: estimate, interval, method.",
        ),
        "n/events: participants and events, by the day where one is named; of a trend in the first column all.",
        *(f"No p-values: {reason}." for reason in reasons),
    ]
    names = ", ".join(endpoint.label for endpoint in chosen)
    draft = "draft" in {*(item.status for item in chosen), *(item.status for item in named)}
    return Words("Comparisons", f"{names}. Methods follow from what is planned.", notes, draft=draft)


def _lines(
    shown: pl.DataFrame, spec: DisplaySpec, codes: Sequence[str], looks: dict[str, tuple[str, dict[str, Any]]]
) -> list[_Line]:
    """Per endpoint a heading, then its comparisons in the order of the configuration."""
    labels = {endpoint.code: endpoint.label for endpoint in spec.endpoints}
    named = {comparison.code: comparison for comparison in spec.comparisons}
    compared = shown.filter(pl.col("measure").is_in(list(looks))).select("comparison", "level").unique()
    several = dict(compared["comparison"].value_counts().iter_rows())
    lines: list[_Line] = []
    for code in codes:
        rows = shown.filter(pl.col("parameter") == code, pl.col("measure").is_in(list(looks)))
        if rows.is_empty():
            continue
        lines.append(_Line(wrap(labels[code], INNER_MM, TEXT_PT, bold=True), None, []))
        for row in rows.sort("comparison_order", "level_order", "measure", "time_day").iter_rows(named=True):
            comparison = named.get(row["comparison"])
            label = comparison.label if comparison else row["comparison"]
            if row["horizon"] and row["measure"] in _DIFFERENCES:
                label += f", {row['horizon']}"
            if row["factor"] == "reference" or several[row["comparison"]] > 1:
                label += f": {comparison.levels.get(row['level'], row['level']) if comparison else row['level']}"
            failed = row["status"] != RowStatus.ESTIMATED
            message = wrap(f"{looks[row['measure']][0]} not estimable: {row['reason']}", _message_mm(), NOTE_PT)
            message = message if failed else []
            lines.append(_Line(wrap(label, _LABEL_MM - 3, NOTE_PT), row, message))
    return lines


def _message_mm() -> float:
    return INNER_MM - _AXIS_LEFT_MM - 1


def _key(looks: dict[str, tuple[str, dict[str, Any]]], used: set[str]) -> list[list[tuple[float, KeyEntry]]]:
    entries = [
        KeyEntry(name, look | {"color": INK, "markersize": 5, "linestyle": "none", "markeredgecolor": INK}, span=False)
        for measure, (name, look) in looks.items()
        if measure in used
    ]
    return key_rows(entries, INNER_MM)


def _block(page: Page, top: float, lines: Sequence[_Line], looks: dict[str, tuple[str, dict[str, Any]]]) -> float:
    """One axis with its lines; returns where it ends."""
    height = sum(line.height_mm for line in lines)
    left = MARGIN_MM + _AXIS_LEFT_MM
    axes = page.axes(left, top, _AXIS_MM, height)
    axes.set_ylim(height, 0)
    axes.set_yticks([])
    axes.spines["left"].set_visible(False)
    is_ratio = looks is _RATIOS
    low, high = _ratio_axis(axes, lines) if is_ratio else _difference_axis(axes)
    small: dict[str, Any] = {"va": "bottom", "fontsize": NOTE_PT, "color": SOFT}
    for index, heading in enumerate(("n/events", "reference")):
        page.text(MARGIN_MM + _LABEL_MM + (index + 0.9) * _COUNT_MM, top - 1, heading, ha="right", **small)
    title = "Ratio" if is_ratio else "Difference (percentage points)"
    page.text(left, top - 1 - _SMALL_MM, title, va="bottom", fontweight="bold")
    page.text(MARGIN_MM + _ESTIMATE_MM, top - 1, "estimate (interval)", **small)
    axes.tick_params(labelsize=NOTE_PT)
    y = 0.0
    for line in lines:
        _write(page, axes, line, (top, y), looks, (low, high))
        y += line.height_mm
    return top + height


def _write(
    page: Page,
    axes: Axes,
    line: _Line,
    place: tuple[float, float],
    looks: dict[str, tuple[str, dict[str, Any]]],
    limits: tuple[float, float],
) -> None:
    top, y = place
    if line.row is None:
        for index, text in enumerate(line.label):
            page.text(MARGIN_MM, top + y + index * LINE_MM, text, fontweight="bold")
        return
    middle = y + _SMALL_MM / 2
    words: dict[str, Any] = {"va": "center_baseline", "fontsize": NOTE_PT}
    for index, text in enumerate(line.label):
        page.text(MARGIN_MM, top + middle + index * _SMALL_MM, text, **words)
    for index, text in enumerate(_counts(line.row)):
        x = MARGIN_MM + _LABEL_MM + (index + 0.9) * _COUNT_MM
        page.text(x, top + middle, text, ha="right", **words)
    if line.message:
        for index, text in enumerate(line.message):
            place_x, place_y = MARGIN_MM + _AXIS_LEFT_MM + 1, top + middle + index * _SMALL_MM
            page.text(place_x, place_y, text, color=SOFT, bbox=_ON_WHITE, **words)
        return
    _draw(axes, line.row, middle, looks[line.row["measure"]][1], limits)
    method = _SHORT.get(line.row["method"].split(" (")[0].split(",")[0], line.row["method"])
    page.text(MARGIN_MM + _ESTIMATE_MM, top + middle, _in_numbers(line.row, is_ratio=looks is _RATIOS), **words)
    page.text(MARGIN_MM + _METHOD_MM, top + middle, method, color=SOFT, **words)


def _in_numbers(row: dict[str, Any], *, is_ratio: bool) -> str:
    """Estimate and interval as they are printed; an end that does not exist is a dash."""
    show = _ratio if is_ratio else _points
    low, high = (show(row[name]) if row[name] is not None else "\u2013" for name in ("conf_low", "conf_high"))
    return f"{show(row['estimate'])} ({low} to {high})"


def _ratio(value: float) -> str:
    if value < 0.01:
        return "<0.01"
    return f"{value:.2f}" if value < 10 else f"{value:.1f}" if value < 100 else f"{value:.3g}"


def _points(value: float) -> str:
    return f"{round(100 * value)}".replace("-", "\u2212")


def _counts(row: dict[str, Any]) -> list[str]:
    """Participants and events of the level and of the reference; expected events of a reference in print."""
    if row["n_level"] is None:
        expected = [] if row["n_expected"] is None else [f"E {row['n_expected']:.1f}"]
        return [f"{row['n']}/{row['n_events']}", *expected]
    return [f"{row['n_level']}/{row['n_events_level']}", f"{row['n_reference']}/{row['n_events_reference']}"]


def _draw(axes: Axes, row: dict[str, Any], y: float, look: dict[str, Any], limits: tuple[float, float]) -> None:
    """Estimate and interval; an end beyond the axis, or one that does not exist, is an arrow."""
    lowest, highest = limits
    low = lowest if row["conf_low"] is None else max(row["conf_low"], lowest)
    high = highest if row["conf_high"] is None else min(row["conf_high"], highest)
    axes.plot([low, high], [y, y], color=INK, linewidth=1.1, clip_on=False)
    if row["conf_low"] is None or row["conf_low"] < lowest:
        axes.plot([lowest], [y], marker="<", color=INK, markersize=4, clip_on=False, zorder=5)
    if row["conf_high"] is None or row["conf_high"] > highest:
        axes.plot([highest], [y], marker=">", color=INK, markersize=4, clip_on=False, zorder=5)
    if lowest <= row["estimate"] <= highest:
        axes.plot([row["estimate"]], [y], color=INK, markersize=5, clip_on=False, zorder=4, **look)


def _ratio_axis(axes: Axes, lines: Sequence[_Line]) -> tuple[float, float]:
    values = [line.row["estimate"] for line in lines if line.row and not line.message]
    far = any(value < 0.1 or value > 10 for value in values)
    power = _FARTHEST if far else 1
    low, high = 10.0**-power, 10.0**power
    axes.set_xscale("log")
    axes.set_xlim(low, high)
    ticks = [0.01, 0.1, 1, 10, 100] if far else [0.1, 0.3, 1, 3, 10]
    axes.set_xticks(ticks, [f"{tick:g}" for tick in ticks])
    axes.set_xticks([], minor=True)
    _guides(axes, 1)
    return low, high


def _difference_axis(axes: Axes) -> tuple[float, float]:
    axes.set_xlim(-1, 1)
    axes.set_xticks([-1, -0.5, 0, 0.5, 1], ["\u2212100", "\u221250", "0", "50", "100"])
    _guides(axes, 0)
    return -1.0, 1.0


def _guides(axes: Axes, no_difference: float) -> None:
    axes.grid(axis="x", color=FAINT, linewidth=0.3)
    axes.axvline(no_difference, color=SOFT, linewidth=0.9)
    axes.set_axisbelow(True)
