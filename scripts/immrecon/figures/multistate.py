"""Courses through states: stacked probabilities over time, a panel per group, and who is known to be where under it."""

import textwrap
from collections.abc import Sequence

import polars as pl
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from immrecon.config.display import DisplaySpec, MultiStateDisplay
from immrecon.exhibits import states_stem
from immrecon.figures.page import (
    INNER_MM,
    LINE_MM,
    MARGIN_MM,
    KeyEntry,
    Page,
    Words,
    every_nth,
    exhibit_notes,
    in_words,
    key_rows,
    open_page,
    text_width_mm,
    words_only_page,
)
from immrecon.figures.style import INK, POOLED_STYLE, SOFT, TEXT_PT, GroupStyle, group_styles, lighter, styled
from immrecon.vocabulary import POOLED

_PLOT_MM, _RIGHT_MM, _AXIS_MM, _TITLE_MM, _BETWEEN_MM = 36.0, 6.0, 6.5, 6.5, 3.0
_LONGEST_STATE = 26
_FILLS = ["#ececec", "#F3C65A", "#56B4E9", "#009E73", "#0072B2", "#1a1a1a"]
"""From light to dark, told apart in grey too; the first state has the lightest, the last the darkest."""
_HATCHES = ["", "", "///", "", "\\\\\\", ""]


def draw_multistate(curves: pl.DataFrame, spec: DisplaySpec) -> dict[str, Figure]:
    """Every figure of this module by its file stem, from STATE_CURVES."""
    return {states_stem(course.code): draw_course(curves, spec, course) for course in spec.multistate}


@styled
def draw_course(curves: pl.DataFrame, spec: DisplaySpec, course: MultiStateDisplay) -> Figure:
    """One course: the probabilities of its states stacked to 100 %, per group and pooled over dose levels."""
    steps = curves.filter(pl.col("parameter") == course.code, pl.col("dose_level") == POOLED)
    steps = steps.sort("group", "state_order", "time_day")
    words = _words(steps, spec, course)
    if steps.is_empty():
        return words_only_page(words, "Nobody of the population is followed by the data cut-off; nothing is drawn.")
    groups = group_styles(spec, [code for code in steps["group"] if code != POOLED])
    if len(groups) > 1:
        groups.append(POOLED_STYLE)
    looks = _looks(course)
    key = key_rows(
        [KeyEntry(state.label, _swatch(looks[state.code][0]), span=False) for state in course.states], INNER_MM
    )
    key_mm = len(key) * LINE_MM + 3
    names = {state.code: textwrap.shorten(state.label, _LONGEST_STATE, placeholder=" …") for state in course.states}
    left_mm = max(26.0, 5.0 + max(text_width_mm(name, TEXT_PT) for name in names.values()))
    panel_mm = _TITLE_MM + _PLOT_MM + _AXIS_MM + len(names) * LINE_MM + _BETWEEN_MM
    page = open_page(words, key_mm + len(groups) * panel_mm + LINE_MM + 2)
    page.key(key, MARGIN_MM, page.top_mm)
    left, width = MARGIN_MM + left_mm, INNER_MM - left_mm - _RIGHT_MM
    top = page.top_mm + key_mm
    for group in groups:
        rows = steps.filter(pl.col("group") == group.code)
        ticks = _ticks(rows, course, width)
        page.text(left, top, _heading(rows, group), fontweight="bold", color=group.ink)
        axes = page.axes(left, top + _TITLE_MM, width, _PLOT_MM)
        _scale(axes, course, ticks)
        _stack(axes, rows, course, looks)
        _numbers(page, rows, names, ticks, (left, top + _TITLE_MM + _PLOT_MM + _AXIS_MM, width, course.figure_last_day))
        top += panel_mm
    page.text(left + width / 2, top, f"Days since {course.clock_label}", ha="center")
    return page.figure


def _words(steps: pl.DataFrame, spec: DisplaySpec, course: MultiStateDisplay) -> Words:
    landmark = "" if course.landmark_day is None else f", from day {course.landmark_day:g}"
    ways = steps.select("method", "variance").unique().sort(pl.all()).iter_rows()
    methods = "; ".join(f"{method} (variance in the table: {variance})" for method, variance in ways)
    rules = "; ".join(f"{state.label}: {state.rule}" for state in course.states if state.rule)
    return Words(
        f"{course.label}: probability in state",
        in_words(f"{rules}.\nClock: days since {course.clock_label}{landmark}."),
        [
            *exhibit_notes(spec, course.population.value, f"Method: {methods or 'none, nobody is followed'}."),
            "Under each panel: participants known to be in the state at the end of the day. Areas end with follow-up; "
            "intervals stand in the table.",
            in_words(f"Follow-up ends {course.censoring}."),
            f"Definition: {course.source} ({course.status}).",
        ],
        draft=course.status == "draft",
    )


def _looks(course: MultiStateDisplay) -> dict[str, tuple[str, str]]:
    """Fill and hatch of every state; the last one is dark whatever their number."""
    chosen = [*range(len(course.states) - 1), len(_FILLS) - 1]
    return {state.code: (_FILLS[i], _HATCHES[i]) for state, i in zip(course.states, chosen, strict=True)}


def _swatch(fill: str) -> dict[str, object]:
    return {
        "marker": "s", "markersize": 8, "markerfacecolor": fill, "markeredgecolor": INK, "markeredgewidth": 0.5,
        "linestyle": "none",
    }  # fmt: skip


def _heading(rows: pl.DataFrame, group: GroupStyle) -> str:
    first = rows.filter(pl.col("time_day") == pl.col("time_day").min())
    return f"{group.label} (n = {first['n_state'].sum()})" if first.height else f"{group.label}: nobody at risk"


def _ticks(rows: pl.DataFrame, course: MultiStateDisplay, width: float) -> list[float]:
    n = int(course.figure_last_day / course.figure_tick_day + 1e-9)
    ticks = [index * course.figure_tick_day for index in range(n + 1)]
    shown = [f"{tick:g}" for tick in ticks] + [str(n) for n in rows["n_state"]]
    needed = max(text_width_mm(text, TEXT_PT) for text in shown) + 1.5
    return ticks[:: every_nth(needed, course.figure_tick_day / course.figure_last_day * width)]


def _scale(axes: Axes, course: MultiStateDisplay, ticks: Sequence[float]) -> None:
    axes.set_xlim(0, course.figure_last_day)
    axes.set_xticks(ticks, [f"{tick:g}" for tick in ticks])
    axes.set_ylim(0, 1)
    axes.set_yticks([0, 0.25, 0.5, 0.75, 1.0], ["0", "25", "50", "75", "100"])
    axes.set_ylabel("Probability (%)")


def _stack(axes: Axes, rows: pl.DataFrame, course: MultiStateDisplay, looks: dict[str, tuple[str, str]]) -> None:
    """Steps from the origin to the end of follow-up, the last state at the bottom, with a white line between states."""
    shown = rows.filter(pl.col("time_day") <= course.figure_last_day)
    if shown.is_empty():
        return
    by_day = shown.pivot(on="state", index="time_day", values="estimate").sort("time_day")
    days = by_day["time_day"].to_list()
    bottom = [0.0] * len(days)
    for state in reversed(course.states):
        fill, hatch = looks[state.code]
        top = [low + high for low, high in zip(bottom, by_day[state.code].to_list(), strict=True)]
        axes.fill_between(
            days, bottom, top, step="post", facecolor=fill, hatch=hatch, edgecolor=lighter(fill, 0.55), linewidth=0
        )
        axes.plot(days, top, drawstyle="steps-post", color="white", linewidth=0.9)
        bottom = top


def _numbers(
    page: Page,
    rows: pl.DataFrame,
    names: dict[str, str],
    ticks: Sequence[float],
    box: tuple[float, float, float, float],
) -> None:
    """A line per state: how many are known to be in it at the end of each ticked day."""
    left, top, width, last_day = box
    for line, (state, name) in enumerate(names.items()):
        y = top + line * LINE_MM
        page.text(left - 5, y, name, ha="right", color=SOFT)
        of_state = rows.filter(pl.col("state") == state, pl.col("time_day").is_in(list(ticks)))
        for day, n in of_state.select("time_day", "n_state").iter_rows():
            page.text(left + day / last_day * width, y, str(n), ha="center")
