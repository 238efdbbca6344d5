"""One panel of the trajectories: samples, medians, lines across, and the numbers under the axis."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.markers import TICKLEFT
from matplotlib.ticker import FixedLocator, NullLocator
from numpy.typing import NDArray

from immrecon.figures.page import INNER_MM, LINE_MM, MARGIN_MM, Page, every_nth, spread, text_width_mm
from immrecon.figures.style import INK, SOFT, TEXT_PT, GroupStyle, lighter

LEFT_MM = 26.0
_CONNECTOR_MM = 3.5
UNDER_PANEL_MM = _CONNECTOR_MM + 3 * LINE_MM + 4.0

SAMPLE_LOOKS: dict[str, dict[str, Any]] = {
    "below": {"marker": "v", "markerfacecolor": "white", "markeredgecolor": INK, "markersize": 5, "linestyle": "none"},
    "above": {"marker": "^", "markerfacecolor": "white", "markeredgecolor": INK, "markersize": 5, "linestyle": "none"},
    "off axis": {"marker": "v", "markerfacecolor": INK, "markeredgecolor": INK, "markersize": 5, "linestyle": "none"},
}
MEDIAN_LOOK: dict[str, Any] = {"color": INK, "linewidth": 2.0, "marker": "o", "markersize": 5.5}
MEDIAN_BELOW_LOOK: dict[str, Any] = MEDIAN_LOOK | {"linestyle": (0, (2, 1)), "markerfacecolor": "white"}

_THIN_PT = 0.6
_MINOR_PT = 1.6
_DOTTED = (0, (1, 1.3))
_MOST_VECTORS = 5000
"""More segments than this are drawn as pixels inside the vector formats, whose files would grow without end."""


@dataclass(frozen=True)
class Frame:
    """What all panels of one figure share."""

    last_day: float
    visit_days: list[float]
    low: float
    high: float
    across: list[tuple[float, str, bool]]
    """Lines across: value, label, and whether it is a limit of quantification (dashed) or a threshold (solid)."""
    y_label: str

    @property
    def plot_mm(self) -> float:
        """Width of the axes, which leaves room for the labels of the lines across."""
        widest = max([text_width_mm(label, TEXT_PT) for _, label, _ in self.across], default=0.0)
        return INNER_MM - LEFT_MM - widest - 4.0


def draw_panel(
    page: Page, top: float, height: float, samples: pl.DataFrame, visits: pl.DataFrame, group: GroupStyle, frame: Frame
) -> None:
    """One group's panel, with its frame's top at `top` and the numbers per visit under it.

    samples: rows of PROFILES sorted by participant and day; visits: rows of VISIT_SUMMARY sorted by target day.
    """
    axes = open_axes(page, top, height, frame)
    draw_samples(axes, samples, group, frame.low)
    _draw_medians(axes, visits, group, frame)
    if samples.is_empty():
        axes.text(0.5, 0.5, "No sample", transform=axes.transAxes, ha="center", va="center", color=SOFT)
    _write_numbers(page, top + height, visits, frame)


def open_axes(page: Page, top: float, height: float, frame: Frame) -> Axes:
    """The axes of a panel, with their scales and the lines across."""
    axes = page.axes(MARGIN_MM + LEFT_MM, top, frame.plot_mm, height)
    scale(axes, frame.last_day, frame.low, frame.high)
    axes.set_ylabel(frame.y_label)
    _draw_across(page, axes, top, height, frame)
    return axes


def scale(axes: Axes, last_day: float, low: float, high: float, *, minor_ticks: bool = True) -> None:
    """Time on a square-root scale without ticks, values on a logarithmic one with its decades.

    Minor ticks are one artist: as ticks they would take most of the time that a panel is drawn in.
    """
    axes.set_xscale("function", functions=(stretch, np.square))
    axes.set_xlim(0, last_day)
    axes.set_yscale("log")
    axes.set_ylim(low, high)
    decades = [10.0**k for k in range(-9, 10) if low <= 10.0**k <= high]
    axes.yaxis.set_major_locator(FixedLocator(decades))
    axes.set_yticks(decades, [f"{decade:g}" for decade in decades])
    minor = [k * d for d in [decades[0] / 10, *decades] for k in range(2, 10)] if decades and minor_ticks else []
    within = [value for value in minor if low <= value <= high]
    axes.plot(
        np.zeros(len(within)), within, transform=axes.get_yaxis_transform(), clip_on=False, linestyle="none",
        color=SOFT, marker=TICKLEFT, markersize=_MINOR_PT, markeredgewidth=0.5, scalex=False, scaley=False,
    )  # fmt: skip
    axes.yaxis.set_minor_locator(NullLocator())
    axes.set_xticks([])


def stretch(day: NDArray[np.float64]) -> NDArray[np.float64]:
    """Square root of time: counts change fast at first, when samples are dense, and slowly over years."""
    return np.sqrt(np.maximum(day, 0.0))


def _draw_across(page: Page, axes: Axes, top: float, height: float, frame: Frame) -> None:
    """Limits and thresholds, labelled beside the panel."""
    right = MARGIN_MM + LEFT_MM + frame.plot_mm
    share = [np.log(value / frame.low) / np.log(frame.high / frame.low) for value, _, _ in frame.across]
    heights = [top + height * (1 - float(s)) for s in share]
    places = spread(heights, [0.92 * LINE_MM] * len(heights), top + 1, top + height - 1)
    for (value, label, is_limit), y, place in zip(frame.across, heights, places, strict=True):
        axes.axhline(value, color=SOFT, linewidth=_THIN_PT, linestyle=(0, (4, 3)) if is_limit else "solid", zorder=1)
        page.line([right, right + 2.2], [y, place], color=SOFT, linewidth=0.5)
        page.text(right + 2.8, place, label, va="center_baseline", color=SOFT)


def draw_samples(axes: Axes, samples: pl.DataFrame, group: GroupStyle, low: float) -> None:
    """Thin lines join a participant's samples; dotted where one end is only a limit."""
    if samples.is_empty():
        return
    tint, pixels = lighter(group.colour, 0.5), samples.height > _MOST_VECTORS
    points = samples.with_columns(
        y=pl.max_horizontal("value", pl.lit(low)), vague=pl.col("below_limit") | pl.col("above_limit")
    )
    before = [pl.col(name).shift().over("display_id").alias(f"{name}_before") for name in ("time_day", "y", "vague")]
    joined = points.with_columns(before).drop_nulls("time_day_before")
    vague = pl.col("vague") | pl.col("vague_before")
    for rows, dash in ((joined.filter(~vague), "solid"), (joined.filter(vague), _DOTTED)):
        if rows.is_empty():
            continue
        ends = rows.select("time_day_before", "y_before", "time_day", "y").to_numpy().reshape(-1, 2, 2)
        axes.add_collection(
            LineCollection(
                list(ends), colors=tint, linewidths=_THIN_PT, linestyles=[dash], rasterized=pixels, zorder=2
            ),
            autolim=False,
        )
    kinds: Mapping[str, pl.Expr] = {
        "below": pl.col("below_limit"),
        "above": pl.col("above_limit"),
        "off axis": ~pl.col("vague") & (pl.col("value") < low),
    }
    exact = points.filter(~pl.col("vague"), pl.col("value") >= low)
    axes.plot(exact["time_day"], exact["y"], "o", color=tint, markersize=2.2, rasterized=pixels, zorder=2.1)
    for kind, chosen in kinds.items():
        rows = points.filter(chosen)
        if rows.is_empty():
            continue
        look = SAMPLE_LOOKS[kind] | {"markeredgecolor": group.colour, "markeredgewidth": 0.8, "markersize": 4.2}
        if kind == "off axis":
            look |= {"markerfacecolor": group.colour}
        axes.plot(rows["time_day"], rows["y"], clip_on=False, rasterized=pixels, zorder=2.2, **look)


def _draw_medians(axes: Axes, visits: pl.DataFrame, group: GroupStyle, frame: Frame) -> None:
    """Medians at the target day joined by a line, quartiles as a bar; what is beyond a limit stands at its bound."""
    at_limit = {
        name: pl.when(pl.col(f"{name}_below_limit") & ~pl.col(f"{name}_above_limit"))
        .then(pl.coalesce(name, "lloq_max"))
        .otherwise(name)
        .clip(lower_bound=frame.low)
        .alias(name)
        for name in ("median", "q1", "q3")
    }
    placed = visits.with_columns(*at_limit.values()).with_columns(
        vague=pl.col("median_below_limit") | pl.col("median_above_limit")
    )
    bars = placed.drop_nulls(["q1", "q3"])
    axes.vlines(bars["target_day"], bars["q1"], bars["q3"], color=group.colour, linewidth=1.6, zorder=4)
    open_ended = bars.filter("q1_below_limit")
    dotted: dict[str, Any] = {"color": group.colour, "linewidth": 1.0, "linestyle": _DOTTED, "zorder": 4}
    axes.vlines(open_ended["target_day"], frame.low, open_ended["q1"], **dotted)
    open_above = bars.filter("q3_above_limit")
    axes.vlines(open_above["target_day"], open_above["q3"], frame.high, **dotted)
    before = [pl.col(name).shift().alias(f"{name}_before") for name in ("target_day", "median", "vague")]
    joined = placed.with_columns(before).drop_nulls(["median_before", "median"])
    for row in joined.iter_rows(named=True):
        dash = (0, (2, 1)) if row["vague"] or row["vague_before"] else "solid"
        days, medians = [row["target_day_before"], row["target_day"]], [row["median_before"], row["median"]]
        axes.plot(days, medians, color=group.colour, linewidth=2.0, linestyle=dash, zorder=5)
    for vague, fill in ((False, group.colour), (True, "white")):
        rows = placed.filter(pl.col("vague") == vague).drop_nulls("median")
        axes.plot(
            rows["target_day"], rows["median"], "o", color=group.colour, markerfacecolor=fill, markersize=5.5,
            markeredgewidth=1.2, clip_on=False, zorder=6,
        )  # fmt: skip


def _write_numbers(page: Page, bottom: float, visits: pl.DataFrame, frame: Frame) -> None:
    """Day, participants sampled and samples below the limit, under each visit's tick."""
    counts = {day: (n, below) for day, n, below in visits.select("target_day", "n", "n_below_limit").iter_rows()}
    days = [0.0, *(day for day in frame.visit_days if day > 0)]
    columns = [[str(c) for c in counts.get(day, ("", ""))] for day in days]
    write_columns(page, bottom, days, ["Sampled", "Below limit"], columns, (frame.plot_mm, frame.last_day))


def write_columns(
    page: Page,
    bottom: float,
    days: Sequence[float],
    headings: Sequence[str],
    columns: Sequence[Sequence[str]],
    axis: tuple[float, float],
) -> None:
    """The day and what stands under it, for each tick of a time axis (width in mm, last day) at the left margin.

    Early visits lie closer than their numbers are wide: columns are set apart and joined to their ticks.
    """
    left, (plot_mm, last_day) = MARGIN_MM + LEFT_MM, axis
    texts = [(f"{day:g}", *column) for day, column in zip(days, columns, strict=True)]
    sizes = [max(text_width_mm(cell, TEXT_PT) for cell in column) + 1.6 for column in texts]
    ticks = [left + float(share) * plot_mm for share in stretch(np.array(days)) / stretch(np.array(last_day))]
    shown = range(0, len(days), every_nth(sum(sizes), plot_mm))
    moved = spread([ticks[i] for i in shown], [sizes[i] for i in shown], left, left + plot_mm)
    places = dict(zip(shown, moved, strict=True))
    page.lines((([tick, tick], [bottom, bottom + 1.0]) for tick in ticks), color=SOFT, linewidth=0.6)
    connectors = (([ticks[index], x], [bottom + 1, bottom + _CONNECTOR_MM]) for index, x in places.items())
    page.lines(connectors, color=SOFT, linewidth=0.5)
    for index, x in places.items():
        for line, cell in enumerate(texts[index]):
            page.text(x, bottom + _CONNECTOR_MM + 0.6 + line * LINE_MM, cell, ha="center")
    for line, heading in enumerate(("Day", *headings)):
        page.text(left - 4, bottom + _CONNECTOR_MM + 0.6 + line * LINE_MM, heading, ha="right", color=SOFT)
