"""Events that can happen again: mean number per participant over time, and the numbers at risk under it."""

from collections.abc import Sequence

import polars as pl
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from immrecon.config.display import DisplaySpec, RecurrentEventDisplay
from immrecon.exhibits import events_stem
from immrecon.figures.page import (
    INNER_MM,
    LINE_MM,
    MARGIN_MM,
    KeyEntry,
    Words,
    exhibit_notes,
    in_words,
    key_rows,
    open_page,
    words_only_page,
)
from immrecon.figures.risk_rows import risk_rows
from immrecon.figures.style import FAINT, POOLED_STYLE, GroupStyle, group_styles, lighter, styled
from immrecon.vocabulary import POOLED

_PLOT_MM, _LEFT_MM, _RIGHT_MM, _AXIS_MM = 70.0, 26.0, 6.0, 13.0
_BAND_ALPHA = 0.13


def draw_events(mean_cumulative: pl.DataFrame, risk_table: pl.DataFrame, spec: DisplaySpec) -> dict[str, Figure]:
    """Every figure of this module by its file stem, from MEAN_CUMULATIVE and EVENT_RISK_TABLE."""
    return {
        events_stem(event.code): draw_event(mean_cumulative, risk_table, spec, event)
        for event in spec.recurrent_events
        if event.figure
    }


@styled
def draw_event(
    mean_cumulative: pl.DataFrame, risk_table: pl.DataFrame, spec: DisplaySpec, event: RecurrentEventDisplay
) -> Figure:
    """Mean number of one event per participant, per group and pooled over dose levels."""
    chosen = (pl.col("parameter") == event.code) & (pl.col("dose_level") == POOLED)
    steps = mean_cumulative.filter(chosen).sort("group", "time_day")
    risk = risk_table.filter(chosen).sort("group", "time_day")
    words = _words(steps, spec, event)
    if steps.is_empty():
        return words_only_page(words, "Nobody of the population is followed by the data cut-off; nothing is drawn.")
    groups = group_styles(spec, [code for code in steps["group"] if code != POOLED])
    if len(groups) > 1 and POOLED in set(steps["group"]):
        groups.append(POOLED_STYLE)
    width = INNER_MM - _LEFT_MM - _RIGHT_MM
    table = risk_rows(risk, groups, event, width)
    key = key_rows([_key(group, table.n_at_start(group)) for group in groups], width)
    key_mm = len(key) * LINE_MM + 3
    page = open_page(words, key_mm + _PLOT_MM + _AXIS_MM + table.height_mm)
    left, top = MARGIN_MM + _LEFT_MM, page.top_mm + key_mm
    page.key(key, left, page.top_mm)
    axes = page.axes(left, top, width, _PLOT_MM)
    _scale(axes, steps, event, table.ticks)
    for group in groups:
        _draw(axes, steps.filter(pl.col("group") == group.code), group, event.figure_last_day)
    table.write(page, left, top + _PLOT_MM + _AXIS_MM)
    return page.figure


def _key(group: GroupStyle, n: int) -> KeyEntry:
    size = f" (n = {n})" if n else " (nobody at risk)"
    look = {"color": group.colour, "linestyle": group.dash, "linewidth": group.width_pt}
    return KeyEntry(group.label + size, look, span=True)


def _words(steps: pl.DataFrame, spec: DisplaySpec, event: RecurrentEventDisplay) -> Words:
    landmark = "" if event.landmark_day is None else f", from day {event.landmark_day:g}"
    ways = steps.select("method", "variance", "conf_type", "conf_level").unique().sort(pl.all()).iter_rows()
    methods = "; ".join(
        f"{method}, variance {variance}, band: pointwise {100 * level:.4g} % interval ({conf_type})"
        for method, variance, conf_type, level in ways
    )
    return Words(
        f"{event.label}: mean number per participant",
        in_words(
            f"Counted: every {event.rule}. After {' or '.join(event.terminal_labels)} there are no more.\n"
            f"Clock: days since {event.clock_label}{landmark}."
        ),
        [
            *exhibit_notes(spec, event.population.value, f"Method: {methods or 'none, nobody is followed'}."),
            "At risk: just before the day; events, competing events and censored: up to and including it.",
            f"Definition: {event.source} ({event.status}).",
        ],
        draft=event.status == "draft",
    )


def _scale(axes: Axes, steps: pl.DataFrame, event: RecurrentEventDisplay, ticks: Sequence[float]) -> None:
    shown = steps.filter(pl.col("time_day") <= event.figure_last_day)
    limits = shown.filter(pl.col("group") != POOLED)["conf_high"].drop_nulls().to_list()
    highest = max([1.0, *shown["estimate"], *limits])
    axes.set_xlim(0, event.figure_last_day)
    axes.set_xticks(ticks, [f"{tick:g}" for tick in ticks])
    axes.set_xlabel(f"Days since {event.clock_label}")
    axes.set_ylim(0, highest * 1.04)
    axes.yaxis.set_major_locator(MaxNLocator(6))
    axes.set_ylabel("Mean number per participant")
    axes.grid(axis="y", color=FAINT, linewidth=0.4)
    axes.set_axisbelow(True)


def _draw(axes: Axes, steps: pl.DataFrame, group: GroupStyle, last_day: float) -> None:
    """The step curve as far as the group is followed, and its band."""
    within = steps.filter(pl.col("time_day") <= last_day)
    if within.is_empty():
        return
    end = min(last_day, float(steps["time_day"][-1]))
    curve = pl.concat([within, within.tail(1).with_columns(time_day=pl.lit(end))])
    axes.plot(
        curve["time_day"].to_list(), curve["estimate"].to_list(), color=group.colour, linestyle=group.dash,
        linewidth=group.width_pt, drawstyle="steps-post", zorder=2.5 if group.code == POOLED else 3,
    )  # fmt: skip
    if group.code == POOLED:
        return
    low, high = (curve[name].fill_null(float("nan")).to_numpy() for name in ("conf_low", "conf_high"))
    axes.fill_between(curve["time_day"], low, high, step="post", color=group.colour, alpha=_BAND_ALPHA, linewidth=0)
    for limit in (low, high):
        axes.plot(
            curve["time_day"], limit, color=lighter(group.colour, 0.35), linestyle=group.dash, linewidth=0.6,
            drawstyle="steps-post", zorder=2,
        )  # fmt: skip
