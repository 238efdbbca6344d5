"""The swimmer plot: one lane per participant, grouped, with a bar of follow-up and a marker for each occurrence."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from immrecon.config.display import DisplaySpec
from immrecon.config.study import DoseLevel
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
)
from immrecon.figures.style import FAINT, INK, SOFT, TEXT_PT, GroupStyle, group_styles, lighter

INJECTION, DEATH, ONGOING = "INJECTION", "DEATH", "ONGOING"

_MAX_LANES_MM = 225.0
_LANE_MM = (6.0, 3.5)  # widest; narrowest that still carries a label of a readable size
_SMALLEST_LABEL_PT = 5.0
_GROUP_GAP_MM, _HEADER_MM = 1.5, 5.5
_KEY_MARKER_PT = 7.0
_TICKS_DAY = (0, 5, 10, 20, 30, 60, 100, 180, 270, 365, 545, 730, 1095, 1460, 1825, 2555, 3650, 5475, 7300)

# Shape and fill both differ, so that no two are told apart by colour alone.
_FIXED: dict[str, dict[str, Any]] = {
    INJECTION: {"marker": "|", "color": INK, "markeredgewidth": 2.0},
    DEATH: {"marker": "X", "markerfacecolor": INK, "markeredgecolor": "white"},
    ONGOING: {"marker": ">", "markerfacecolor": INK, "markeredgecolor": INK},
}
_SHAPES: list[dict[str, Any]] = [
    {"marker": "o", "markerfacecolor": "white", "markeredgecolor": INK},
    {"marker": "D", "markerfacecolor": "#E69F00", "markeredgecolor": INK},
    {"marker": "s", "markerfacecolor": "#CC79A7", "markeredgecolor": INK},
    {"marker": "^", "markerfacecolor": "#F0E442", "markeredgecolor": INK},
    {"marker": "*", "markerfacecolor": "white", "markeredgecolor": INK},
    {"marker": "p", "markerfacecolor": "#56B4E9", "markeredgecolor": INK},
    {"marker": "H", "markerfacecolor": "#D55E00", "markeredgecolor": INK},
    {"marker": "P", "markerfacecolor": "#009E73", "markeredgecolor": INK},
    {"marker": "h", "markerfacecolor": SOFT, "markeredgecolor": INK},
    {"marker": "s", "markerfacecolor": "white", "markeredgecolor": INK},
    {"marker": "d", "markerfacecolor": INK, "markeredgecolor": "white"},
    {"marker": "<", "markerfacecolor": "#D55E00", "markeredgecolor": INK},
]


@dataclass(frozen=True)
class _Scale:
    """Sizes that follow from the number of lanes."""

    lane_mm: float
    label_pt: float
    marker_pt: float

    @classmethod
    def of(cls, n_lanes: int) -> "_Scale":
        lane = min(_LANE_MM[0], _MAX_LANES_MM / max(n_lanes, 1))
        if n_lanes * _LANE_MM[1] <= _MAX_LANES_MM:
            lane = max(lane, _LANE_MM[1])
        return cls(lane, min(TEXT_PT, 0.86 * lane / MM_PER_PT), min(6.5, 0.62 * lane / MM_PER_PT))

    @property
    def labelled(self) -> bool:
        return self.label_pt >= _SMALLEST_LABEL_PT


def draw_lanes(timelines: pl.DataFrame, spec: DisplaySpec) -> Figure:
    """The swimmer plot of a TIMELINES table; to be called under the style."""
    people = timelines.unique("display_id").sort("lane_order", "display_id")
    scale = _Scale.of(people.height)
    words = _words(people, scale, spec)
    if people.is_empty():
        return words_only_page(words, "No participant has been transplanted by the data cut-off.")
    groups = [group for group in group_styles(spec, people["group"]) if group.code in set(people["group"])]
    lanes, headers, lanes_mm = _place_lanes(people, groups, scale)
    looks = marker_looks(timelines, spec)
    key = key_rows(_key_entries(timelines, looks), INNER_MM)
    key_mm = len(key) * LINE_MM + 2.5
    page = open_page(words, key_mm + lanes_mm + 14)
    page.key(key, MARGIN_MM, page.top_mm)
    top = page.top_mm + key_mm
    for group, label, y in headers:
        halo = {"boxstyle": "square,pad=0.05", "facecolor": "white", "edgecolor": "none"}
        page.text(MARGIN_MM, top + y, label, color=group.ink, fontweight="bold", va="center_baseline", bbox=halo)
    left = _label_lanes(page, lanes, top, scale)
    axes = page.axes(left, top, INNER_MM + MARGIN_MM - left - 4, lanes_mm)
    width = INNER_MM + MARGIN_MM - left - 4
    mm_per_root = _scale_axes(axes, timelines, lanes_mm, width)
    axes.set_xlabel(f"Days since {spec.clocks.transplant} (square-root scale)")
    placed = timelines.join(lanes.select("display_id", "y"), on="display_id").sort("y", "sequence")
    _draw_bars(axes, placed, groups, scale)
    _draw_markers(axes, placed, looks, scale, mm_per_root)
    return page.figure


def _words(people: pl.DataFrame, scale: _Scale, spec: DisplaySpec) -> Words:
    subtitle = f"One lane per participant, from {spec.clocks.transplant} to the end of follow-up."
    if not scale.labelled:
        subtitle += f" The {people.height} lanes are too narrow for labels."
    notes = exhibit_notes(
        spec, f"{spec.timelines_population} participants (n = {people.height})", "Method: listing, no estimate."
    )
    used = set(people["dose_level"])
    doses = "; ".join(_dose(level) for level in spec.dose_levels if level.code in used)
    return Words("Course of every participant", subtitle, [*notes, f"Dose levels: {doses}."] if doses else notes)


def _place_lanes(
    people: pl.DataFrame, groups: Sequence[GroupStyle], scale: _Scale
) -> tuple[pl.DataFrame, list[tuple[GroupStyle, str, float]], float]:
    """Participants with the middle of their lane (`y`, mm from the top), group headings with theirs, total height."""
    parts, headers, y = [], [], 0.0
    for group in groups:
        lanes = people.filter(pl.col("group") == group.code)
        headers.append((group, f"{group.label} ({lanes.height})", y + _HEADER_MM / 2))
        y += _HEADER_MM
        parts.append(lanes.with_columns(y=y + (pl.int_range(pl.len()) + 0.5) * scale.lane_mm))
        y += lanes.height * scale.lane_mm + _GROUP_GAP_MM
    return pl.concat(parts), headers, y


def _label_lanes(page: Page, lanes: pl.DataFrame, top: float, scale: _Scale) -> float:
    """Write participant and dose level before each lane; where the lanes start."""
    if not scale.labelled:
        return MARGIN_MM + 6
    x = MARGIN_MM + 2
    for column in ("display_id", "dose_level"):
        names = lanes[column].to_list()
        for name, y in zip(names, lanes["y"], strict=True):
            page.text(x, top + y, name, va="center_baseline", fontsize=scale.label_pt, color=INK)
        x += max(text_width_mm(name, scale.label_pt) for name in names)
        x += 2.5 if any(names) else 0
    return x + 1


def _scale_axes(axes: Axes, timelines: pl.DataFrame, height_mm: float, width_mm: float) -> float:
    """Days across, on a square-root scale as events are dense at first, and millimetres per unit of it; mm down."""
    days = [0.0, *timelines["start_day"], *timelines["end_day"].drop_nulls()]
    first, last = min(days), 1.02 * max(*days, 1.0)
    axes.set_xscale("function", functions=(_root, _square))
    axes.set_xlim(first, last)
    axes.set_ylim(height_mm, 0)
    axes.set_yticks([])
    axes.spines["left"].set_visible(False)
    mm_per_root = float(width_mm / (_root(last) - _root(first)))
    ticks: list[float] = []
    for day in (float(day) for day in _TICKS_DAY if first <= day <= last):
        needed = text_width_mm(f"{day:g}", TEXT_PT) + 3
        if not ticks or (_root(day) - _root(ticks[-1])) * mm_per_root >= needed:
            ticks.append(day)
    axes.set_xticks(ticks, [f"{day:g}" for day in ticks])
    axes.set_xticks([], minor=True)
    axes.grid(axis="x", color=FAINT, linewidth=0.4)
    axes.set_axisbelow(True)
    return mm_per_root


def _root(day: Any) -> Any:
    """Square root with the sign of the day: some events come before the transplant."""
    return np.sign(day) * np.sqrt(np.abs(day))


def _square(root: Any) -> Any:
    return np.sign(root) * np.square(root)


def _draw_bars(axes: Axes, placed: pl.DataFrame, groups: Sequence[GroupStyle], scale: _Scale) -> None:
    for group in groups:
        bars = placed.filter(pl.col("kind") == "follow-up", pl.col("group") == group.code)
        axes.hlines(
            bars["y"], bars["start_day"], bars["end_day"], color=lighter(group.colour, 0.55),
            linewidth=0.6 * scale.lane_mm / MM_PER_PT,
        )  # fmt: skip


def _draw_markers(
    axes: Axes, placed: pl.DataFrame, looks: dict[str, dict[str, Any]], scale: _Scale, mm_per_root: float
) -> None:
    """Markers of one lane that would cover each other are set apart up and down, within the lane."""
    marks = placed.filter(pl.col("kind") == "marker").sort("y", "start_day", "sequence")
    across = pl.col("start_day").sign() * pl.col("start_day").abs().sqrt() * mm_per_root
    touching = (across.diff() < scale.marker_pt * MM_PER_PT) & (pl.col("y").diff() == 0)
    fixed = pl.col("code").str.to_uppercase().is_in([INJECTION, ONGOING])  # these stay in the middle of the bar
    marks = marks.with_columns(cluster=(~touching.fill_null(False)).cum_sum(), moves=~fixed)
    size = pl.col("moves").sum().over("cluster")
    rank = pl.col("moves").cum_sum().over("cluster") - 1 - (size - 1) / 2
    apart = pl.when(size > 2).then(0.8).otherwise(0.5) * scale.lane_mm / pl.max_horizontal(size - 1, 1)
    marks = marks.with_columns(y=pl.col("y") + pl.when("moves").then(rank * apart).otherwise(0.0))
    for code, look in looks.items():
        rows = marks.filter(pl.col("code") == code)
        # The arrow of ongoing follow-up points on from the end of the bar.
        shift = 0.6 * scale.marker_pt * MM_PER_PT / mm_per_root if code.upper() == ONGOING else 0.0
        points = 0.78 * scale.lane_mm / MM_PER_PT if code.upper() == INJECTION else scale.marker_pt
        drawn = look | {
            "markersize": points,
            "markeredgewidth": look["markeredgewidth"] * scale.marker_pt / _KEY_MARKER_PT,
        }
        axes.plot(_square(_root(rows["start_day"].to_numpy()) + shift), rows["y"], clip_on=False, zorder=3, **drawn)


def marker_looks(timelines: pl.DataFrame, spec: DisplaySpec) -> dict[str, dict[str, Any]]:
    """Look of each code in the table. It depends on the configured occurrences first, so that it stays between cuts."""
    codes = timelines.filter(pl.col("kind") == "marker")["code"].unique().sort().to_list()
    names = [name for e in spec.endpoints for name in (*e.event_labels, *e.competing_labels)]
    declared = list(dict.fromkeys(name.replace(" ", "_").upper() for name in names))
    wanted = {code.upper(): declared.index(code.upper()) for code in codes if code.upper() in declared}
    looks: dict[str, dict[str, Any]] = {}
    taken: set[int] = set()
    for code in sorted(codes, key=lambda code: (wanted.get(code.upper(), len(declared)), code)):
        if code.upper() in _FIXED:
            looks[code] = _FIXED[code.upper()]
            continue
        start = wanted.get(code.upper(), 0)
        order = [(start + offset) % len(_SHAPES) for offset in range(len(_SHAPES))]
        shape = next((index for index in order if index not in taken), start % len(_SHAPES))
        taken.add(shape)
        looks[code] = _SHAPES[shape]
    return {code: {"linestyle": "none", "markeredgewidth": 0.7} | look for code, look in looks.items()}


def _key_entries(timelines: pl.DataFrame, looks: dict[str, dict[str, Any]]) -> list[KeyEntry]:
    marks = timelines.filter(pl.col("kind") == "marker").sort("display_id", "sequence")
    labels = dict(marks.unique("code", keep="first", maintain_order=True).select("code", "label").iter_rows())
    place = {INJECTION: 0, DEATH: 2, ONGOING: 3}
    ordered = sorted(looks, key=lambda code: place.get(code.upper(), 1))  # stable: declared order in between
    return [KeyEntry(labels[code], looks[code] | {"markersize": _KEY_MARKER_PT}, span=False) for code in ordered]


def _dose(level: DoseLevel) -> str:
    """Code and label of a dose level, the code once."""
    label = in_words(level.label)
    return label if label.startswith(level.code) else f"{level.code} {label}"
