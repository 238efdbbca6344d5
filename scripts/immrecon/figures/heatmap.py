"""Heat map: a line per participant, a column per visit, for the summarised analytes side by side."""

from typing import Any

import polars as pl
from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.collections import PolyCollection
from matplotlib.colors import to_hex
from matplotlib.figure import Figure

from immrecon.config.display import DisplaySpec
from immrecon.config.study import Analyte
from immrecon.exhibits import HEATMAP_ANALYTES, heatmap_analytes, heatmap_stem
from immrecon.figures.page import (
    INNER_MM,
    LINE_MM,
    MARGIN_MM,
    MM_PER_PT,
    KeyEntry,
    Page,
    Words,
    exhibit_notes,
    in_words,
    key_rows,
    open_page,
    text_width_mm,
    words_only_page,
    wrap,
)
from immrecon.figures.style import FAINT, INK, NOTE_PT, SOFT, TEXT_PT, group_styles, styled
from immrecon.vocabulary import Attendance

_ROW_MM, _MOST_ROWS_MM = 4.4, 215.0
_SMALLEST_LABEL_PT = 5.0
_GAP_MM, _GROUP_MM, _HEAD_MM, _SCALE_MM = 2.5, 5.5, 7.0, 10.0
_NO_SAMPLE, _GONE = "#ececec", "#8a8a8a"
_MARKS: dict[Attendance, dict[str, Any]] = {
    Attendance.MISSED: {"marker": "x", "color": INK, "markeredgewidth": 0.7},
    Attendance.DEAD: {"marker": "P", "color": "white", "markeredgewidth": 0.0},
    Attendance.LEFT: {"marker": "_", "color": "white", "markeredgewidth": 1.1},
    Attendance.UNKNOWN: {"marker": r"$?$", "color": INK, "markeredgewidth": 0.3},
    Attendance.NOT_DUE: {"marker": ".", "color": FAINT, "markeredgewidth": 0.0},
}
_BACKGROUND: dict[Attendance, str] = {
    Attendance.MISSED: _NO_SAMPLE, Attendance.DEAD: _GONE, Attendance.LEFT: _GONE, Attendance.UNKNOWN: _NO_SAMPLE
}  # fmt: skip
_BELOW: dict[str, Any] = {"marker": "v", "markerfacecolor": "white", "markeredgecolor": INK, "markeredgewidth": 0.5}
_ABOVE: dict[str, Any] = _BELOW | {"marker": "^"}
_WORDS = {
    Attendance.MISSED: "expected, no sample", Attendance.DEAD: "dead", Attendance.LEFT: "left the study",
    Attendance.UNKNOWN: "follow-up not known", Attendance.NOT_DUE: "not yet due",
}  # fmt: skip


def draw_heatmaps(visit_values: pl.DataFrame, spec: DisplaySpec) -> dict[str, Figure]:
    """Every heat map by its file stem, from VISIT_VALUES."""
    pages = heatmap_analytes(spec)
    return {heatmap_stem(i): draw_heatmap(visit_values, analytes, spec) for i, analytes in enumerate(pages)}


@styled
def draw_heatmap(visit_values: pl.DataFrame, analytes: list[Analyte], spec: DisplaySpec) -> Figure:
    """One page with a panel per analyte: participants by group and display id, visits in the order of their day."""
    codes = [analyte.code for analyte in analytes]
    cells = visit_values.filter(pl.col("parameter").is_in(codes)).sort("display_id", "target_day", "visit")
    words = _words(cells, analytes, spec)
    if cells.is_empty():
        return words_only_page(words, "Nobody of the population had reached the transplant by the data cut-off.")
    people, headers, body_mm, row_mm = _rows(cells, spec)
    label_pt = min(TEXT_PT - 2, 0.85 * row_mm / MM_PER_PT)
    labelled = label_pt >= _SMALLEST_LABEL_PT
    names = people["display_id"].to_list() if labelled else []
    left = MARGIN_MM + max([8.0, *(text_width_mm(name, label_pt) + 2 for name in names)])
    key = key_rows(_key_entries(cells), INNER_MM)
    key_mm = len(key) * LINE_MM + 2
    page = open_page(words, key_mm + _SCALE_MM + _HEAD_MM + body_mm + 10)
    page.key(key, MARGIN_MM, page.top_mm)
    edges = _edges(cells, analytes)
    _draw_scale(page, page.top_mm + key_mm, edges, analytes[0].unit)
    top = page.top_mm + key_mm + _SCALE_MM + _HEAD_MM
    for group, label, y in headers:
        page.text(MARGIN_MM, top + y, label, color=group.ink, fontweight="bold", fontsize=NOTE_PT, va="center")
    for name, y in zip(names, people["y"], strict=False):
        page.text(MARGIN_MM, top + y, name, va="center_baseline", fontsize=label_pt)
    width = (MARGIN_MM + INNER_MM - left - _GAP_MM * (HEATMAP_ANALYTES - 1)) / HEATMAP_ANALYTES
    if len(analytes) < HEATMAP_ANALYTES:
        width = min(48.0, (MARGIN_MM + INNER_MM - left - _GAP_MM * (len(analytes) - 1)) / len(analytes))
    placed = cells.join(people.select("display_id", "y"), on="display_id", maintain_order="left")
    for index, analyte in enumerate(analytes):
        x = left + index * (width + _GAP_MM)
        lines = wrap(in_words(analyte.label), width, NOTE_PT, bold=True)[:2]
        page.text(x, top - 1.5, "\n".join(lines), fontweight="bold", fontsize=NOTE_PT, va="bottom")
        axes = page.axes(x, top, width, body_mm)
        _draw_panel(axes, placed.filter(pl.col("parameter") == analyte.code), spec, edges, body_mm, row_mm, width)
    return page.figure


def _words(cells: pl.DataFrame, analytes: list[Analyte], spec: DisplaySpec) -> Words:
    visits = ", ".join(f"{visit.code} {visit.first_day:g} to {visit.last_day:g}" for visit in spec.visits.windows)
    population = f"{spec.recovery_population.value} participants (n = {cells['display_id'].n_unique()})"
    names = ", ".join(analyte.code for analyte in analytes)
    return Words(
        f"Counts of every participant by visit: {names}",
        f"The sample that represents each visit, of every participant; visits by day since {spec.clocks.transplant}.",
        [
            *exhibit_notes(
                spec, population, "Method: listing, no estimate. A result beyond a limit has the colour of the limit."
            ),
            f"Windows, days since {spec.clocks.transplant}: {visits}.",
        ],
    )


def _rows(cells: pl.DataFrame, spec: DisplaySpec) -> tuple[pl.DataFrame, list[tuple[Any, str, float]], float, float]:
    """Participants with the middle of their line (`y`, mm), headings of groups, total height, height of a line."""
    people = cells.unique("display_id", maintain_order=True).select("display_id", "group").sort("display_id")
    groups = [group for group in group_styles(spec, people["group"]) if group.code in set(people["group"])]
    row_mm = min(_ROW_MM, (_MOST_ROWS_MM - len(groups) * _GROUP_MM) / people.height)
    parts, headers, y = [], [], 0.0
    for group in groups:
        own = people.filter(pl.col("group") == group.code)
        headers.append((group, f"{group.label} ({own.height})", y + _GROUP_MM / 2))
        y += _GROUP_MM
        parts.append(own.with_columns(y=y + (pl.int_range(pl.len()) + 0.5) * row_mm))
        y += own.height * row_mm
    return pl.concat(parts), headers, y, row_mm


def _edges(cells: pl.DataFrame, analytes: list[Analyte]) -> list[float]:
    """1, 2, 5, 10, ... from the lowest floor of the axes to the largest count: the scale moves seldom between cuts."""
    low = min(analyte.axis_floor for analyte in analytes)
    high = max([10 * low, *cells["value"].drop_nulls()])
    steps = [factor * 10.0**power for power in range(-6, 9) for factor in (1, 2, 5)]
    first = max(index for index, step in enumerate(steps) if step <= low)
    last = min(index for index, step in enumerate(steps) if step >= high)
    return steps[first : last + 1]


def _colours(n: int) -> list[str]:
    """Of viridis, which rises evenly in lightness for every kind of colour vision."""
    return [to_hex(colormaps["viridis"](index / max(n - 1, 1))) for index in range(n)]


def _draw_scale(page: Page, top: float, edges: list[float], unit: str) -> None:
    """A band per step, with its edges under it."""
    bands = _colours(len(edges) - 1)
    width = 110.0 / len(bands)
    start = MARGIN_MM + 32
    axes = page.axes(start, top + 1, 110.0, 3.6)
    for index, colour in enumerate(bands):
        axes.fill_between([index, index + 1], 0, 1, color=colour, linewidth=0)
    axes.set_xlim(0, len(bands))
    axes.set_ylim(0, 1)
    axes.set_axis_off()
    page.text(MARGIN_MM, top + 1, f"Count ({in_words(unit)})", fontsize=TEXT_PT - 1)
    for index, edge in enumerate(edges):
        page.text(start + index * width, top + 5.2, f"{edge:g}", fontsize=NOTE_PT, ha="center", color=SOFT)


def _draw_panel(
    axes: Axes, cells: pl.DataFrame, spec: DisplaySpec, edges: list[float], body_mm: float, row_mm: float, width: float
) -> None:
    visits = cells.select("visit", "target_day").unique().sort("target_day", "visit")["visit"].to_list()
    place = {visit: index for index, visit in enumerate(visits)}
    axes.set_xlim(0, max(len(visits), 1))
    axes.set_ylim(body_mm, 0)
    axes.set_yticks([])
    axes.spines["left"].set_visible(False)
    axes.spines["bottom"].set_visible(False)
    axes.tick_params(length=0, pad=1)
    axes.set_xticks([index + 0.5 for index in range(len(visits))], visits, rotation=90, fontsize=NOTE_PT - 2)
    bands = _colours(len(edges) - 1)
    drawn = cells.with_columns(
        x=pl.col("visit").replace_strict(place, return_dtype=pl.Int64),
        # The last edge that a value reaches; edges between bands belong to the upper one.
        band=pl.sum_horizontal([(pl.col("value") >= edge).cast(pl.Int64) for edge in edges[1:-1]]),
    )
    for index, colour in enumerate(bands):
        _fill(axes, drawn.filter(pl.col("value").is_not_null(), pl.col("band") == index), colour, row_mm)
    for state, ground in _BACKGROUND.items():
        _fill(axes, drawn.filter(pl.col("state") == state), ground, row_mm)
    size = min(0.62 * row_mm, 0.62 * width / max(len(visits), 1)) / MM_PER_PT
    for state, look in _MARKS.items():
        _mark(axes, drawn.filter(pl.col("state") == state), look, size)
    _mark(axes, drawn.filter(pl.col("below_limit")), _BELOW, size)
    _mark(axes, drawn.filter(pl.col("above_limit")), _ABOVE, size)


def _fill(axes: Axes, cells: pl.DataFrame, colour: str, row_mm: float) -> None:
    if cells.is_empty():
        return
    half = row_mm / 2
    corners = [
        [(x, y - half), (x + 1, y - half), (x + 1, y + half), (x, y + half)]
        for x, y in cells.select("x", "y").iter_rows()
    ]
    axes.add_collection(PolyCollection(corners, facecolors=colour, edgecolors="white", linewidths=0.35))


def _mark(axes: Axes, cells: pl.DataFrame, look: dict[str, Any], size: float) -> None:
    xs, ys = [x + 0.5 for x in cells["x"]], cells["y"].to_list()
    axes.plot(xs, ys, linestyle="none", markersize=size, zorder=3, **look)


def _key_entries(cells: pl.DataFrame) -> list[KeyEntry]:
    """Those that occur; white marks have the ground of their cells in the key."""
    entries = []
    for side, look in (("below", _BELOW), ("above", _ABOVE)):
        if cells[f"{side}_limit"].any():
            entries.append(KeyEntry(f"{side} the limit", look | {"linestyle": "none", "markersize": 6}, span=False))
    there = set(cells["state"])
    for state, look in _MARKS.items():
        if state in there:
            ground = {"color": _GONE} if look["color"] == "white" else {}
            entries.append(KeyEntry(_WORDS[state], look | ground | {"linestyle": "none", "markersize": 6}, span=False))
    return entries
