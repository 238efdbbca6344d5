"""Counts in per cent of the lower limit of the age, at each visit and per group."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import polars as pl
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from immrecon.config.display import AgeLimitsDisplay, DisplaySpec
from immrecon.config.study import Analyte
from immrecon.figures.page import (
    INNER_MM,
    LINE_MM,
    MARGIN_MM,
    KeyEntry,
    Words,
    exhibit_notes,
    key_rows,
    open_page,
    text_width_mm,
    words_only_page,
)
from immrecon.figures.panels import LEFT_MM, scale, write_columns
from immrecon.figures.recovery import round_down, round_up
from immrecon.figures.style import INK, TEXT_PT, GroupStyle, group_styles, styled
from immrecon.vocabulary import POOLED, AgeMeasure, RowStatus

LIMIT_LOOK: dict[str, Any] = {"color": INK, "linewidth": 1.1}
_PERCENT_MM, _HEADING_MM, _APART_MM = 46.0, 5.5, 1.5
_IN_FULL = 100.0


@styled
def draw_percent(
    summary: pl.DataFrame, spec: DisplaySpec, limits: AgeLimitsDisplay, analytes: Sequence[Analyte]
) -> Figure:
    """Per cent of the lower limit at each visit: median and quartiles per group, a panel for each of the analytes.

    The axis of values is that of all drawn analytes with limits, so that pages compare.
    """
    rows = summary.filter(
        pl.col("measure") == AgeMeasure.LOWER, pl.col("dose_level") == POOLED, pl.col("group") != POOLED,
        pl.col("target_day") >= 0, pl.col("parameter").is_in([item.code for item in limits.analytes if item.drawn]),
    ).sort("parameter", "group", "target_day")  # fmt: skip
    words = _percent_words(rows, spec, limits)
    estimated = rows.filter(pl.col("status") == RowStatus.ESTIMATED)
    if estimated.is_empty():
        return words_only_page(words, "No sample in a visit window has a reference limit; nothing is drawn.")
    groups = group_styles(spec, rows["group"])
    days = sorted(set(rows["target_day"]))
    last_day = 1.02 * max([1.0, *days])
    heights = [*estimated["q3"].drop_nulls(), *estimated["median"].drop_nulls(), _IN_FULL]
    lows = [value for value in [*estimated["q1"].drop_nulls(), *estimated["median"].drop_nulls()] if value > 0]
    low, high = round_down(min([*lows, _IN_FULL / 2])), round_up(max(heights))
    key = key_rows(_percent_key(groups, estimated), INNER_MM)
    key_mm = len(key) * LINE_MM + 3
    plot_mm = INNER_MM - LEFT_MM - 6.0
    under = 4.0 + (1 + len(groups)) * LINE_MM + 4.0
    pitch = _HEADING_MM + _PERCENT_MM + under
    page = open_page(words, key_mm + len(analytes) * pitch + LINE_MM)
    page.key(key, MARGIN_MM, page.top_mm)
    for index, analyte in enumerate(analytes):
        top = page.top_mm + key_mm + index * pitch
        page.text(MARGIN_MM, top, analyte.label, fontweight="bold")
        axes = page.axes(MARGIN_MM + LEFT_MM, top + _HEADING_MM, plot_mm, _PERCENT_MM)
        scale(axes, last_day, low, high, minor_ticks=False)
        axes.set_ylabel("% of lower limit")
        axes.axhline(_IN_FULL, zorder=1, **LIMIT_LOOK)
        own = estimated.filter(pl.col("parameter") == analyte.code)
        for place, group in enumerate(groups):
            apart = (place - (len(groups) - 1) / 2) * _APART_MM / plot_mm * float(np.sqrt(last_day))
            _draw_group(axes, own.filter(pl.col("group") == group.code), group, (apart, low))
        counts = {(row["group"], row["target_day"]): row["n_reference"] for row in own.iter_rows(named=True)}
        columns = [[str(counts.get((group.code, day), "")) for group in groups] for day in days]
        names = [group.label if text_width_mm(group.label, TEXT_PT) < LEFT_MM - 4 else group.code for group in groups]
        bottom = top + _HEADING_MM + _PERCENT_MM
        write_columns(page, bottom, days, names, columns, (plot_mm, last_day))
    axis = f"Days since {spec.clocks.transplant}, target day of each visit (square-root scale); below: samples"
    page.text(MARGIN_MM + INNER_MM / 2, page.top_mm + key_mm + len(analytes) * pitch - 2, axis, ha="center")
    return page.figure


def _draw_group(axes: Axes, rows: pl.DataFrame, group: GroupStyle, place: tuple[float, float]) -> None:
    """Medians joined, quartiles as bars; a dotted bar down to the axis where the lower quartile is only a bound."""
    apart, low = place
    placed = rows.with_columns(
        x=(pl.col("target_day").sqrt() + apart).clip(lower_bound=0).pow(2),
        vague=pl.col("median_below_limit") | pl.col("median_above_limit"),
        **{name: pl.col(name).clip(lower_bound=low) for name in ("q1", "median", "q3")},
    )
    bars = placed.drop_nulls(["q1", "q3"])
    axes.vlines(bars["x"], bars["q1"], bars["q3"], color=group.colour, linewidth=1.6, zorder=4)
    open_ended = bars.filter("q1_below_limit")
    axes.vlines(open_ended["x"], low, open_ended["q1"], color=group.colour, linewidth=1.0, linestyle=(0, (1, 1.3)))
    known = placed.drop_nulls("median")
    axes.plot(known["x"], known["median"], color=group.colour, linestyle=group.dash, linewidth=1.6, zorder=5)
    for vague, fill in ((False, group.colour), (True, "white")):
        points = known.filter(pl.col("vague") == vague)
        axes.plot(
            points["x"], points["median"], group.marker, color=group.colour, markerfacecolor=fill, markersize=5.0,
            markeredgewidth=1.1, clip_on=False, zorder=6,
        )  # fmt: skip


def _percent_key(groups: Sequence[GroupStyle], estimated: pl.DataFrame) -> list[KeyEntry]:
    entries = [
        KeyEntry(
            f"{group.label}: median, quartiles",
            {"color": group.colour, "linewidth": 1.6, "linestyle": group.dash, "marker": group.marker, "markersize": 5},
            span=True,
        )
        for group in groups
    ]
    if (estimated["median_below_limit"] | estimated["median_above_limit"]).any():
        look = {"marker": "o", "markerfacecolor": "white", "markeredgecolor": INK, "linestyle": "none", "markersize": 5}
        entries.append(KeyEntry("Median is a bound", look, span=False))
    return [*entries, KeyEntry("Lower limit (100 %)", LIMIT_LOOK, span=True)]


def _percent_words(rows: pl.DataFrame, spec: DisplaySpec, limits: AgeLimitsDisplay) -> Words:
    n_without = int(rows["n_without"].sum())
    without = f" {n_without} samples of visits have no limit and are left out." if n_without else ""
    own = "The limit is the laboratory's own where it sends one, otherwise that of the age" if limits.sent else (
        "The limit is that of the age on the day of the sample"
    )  # fmt: skip
    methods = "; ".join(rows["method"].unique().sort())
    return Words(
        "Counts in per cent of the lower limit of the age",
        "Median with quartiles of the samples in each visit's window.",
        [
            *exhibit_notes(spec, spec.recovery_population.value, f"Method: {methods}." if methods else "Method: none."),
            f"{own}; sources in the table of limits.{without}",
        ],
        draft=limits.unsigned,
    )
