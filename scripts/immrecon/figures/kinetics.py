"""Areas under the count: every participant's, with the median and its exact interval, by group."""

from typing import Any

import polars as pl
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import NullLocator

from immrecon.config.display import DisplaySpec
from immrecon.config.kinetics import Kinetics
from immrecon.config.study import Analyte
from immrecon.exhibits import AREAS, drawn_in_numbers
from immrecon.figures.heatmap import draw_heatmaps
from immrecon.figures.page import (
    INNER_MM,
    LINE_MM,
    MARGIN_MM,
    KeyEntry,
    Page,
    Words,
    exhibit_notes,
    in_words,
    key_rows,
    open_page,
    words_only_page,
    wrap,
)
from immrecon.figures.style import FAINT, INK, NOTE_PT, SOFT, GroupStyle, group_styles, lighter, styled
from immrecon.vocabulary import POOLED, PRIMARY, KineticMeasure

_ACROSS, _LEFT_MM, _PANEL_MM, _HEADING_MM, _UNDER_MM = 4, 13.0, 46.0, 9.0, 14.0
_MEDIAN: dict[str, Any] = {"color": INK, "linewidth": 2.2}
_INTERVAL: dict[str, Any] = {"color": INK, "linewidth": 1.0}
_WIDTH = 0.28
_SPREAD = (0.0, 0.09, -0.09, 0.18, -0.18)


def draw_kinetics(
    visit_values: pl.DataFrame, parameters: pl.DataFrame, summary: pl.DataFrame, spec: DisplaySpec
) -> dict[str, Figure]:
    """Heat maps (VISIT_VALUES) and the dot plot of areas (KINETIC_PARAMETERS, KINETIC_SUMMARY) by file stem."""
    figures = draw_heatmaps(visit_values, spec)
    if spec.kinetics is not None and drawn_in_numbers(spec):
        figures[AREAS] = draw_areas(parameters, summary, spec, spec.kinetics)
    return figures


@styled
def draw_areas(parameters: pl.DataFrame, summary: pl.DataFrame, spec: DisplaySpec, kinetics: Kinetics) -> Figure:
    """A panel per analyte and end of the area, groups side by side, on a logarithmic axis."""
    chosen = (pl.col("measure") == KineticMeasure.AREA) & (pl.col("variant") == PRIMARY)
    dots = parameters.filter(chosen).sort("display_id")
    medians = summary.filter(chosen, pl.col("dose_level") == POOLED, pl.col("group") != POOLED)
    words = _words(medians, spec, kinetics)
    if dots.filter(pl.col("value").is_not_null()).is_empty():
        return words_only_page(words, "Nobody has an area under the count by the data cut-off.")
    groups = group_styles(spec, [*dots["group"], *medians["group"]])
    analytes = drawn_in_numbers(spec)
    dots, medians = (rows.filter(pl.col("parameter").is_in([a.code for a in analytes])) for rows in (dots, medians))
    panels = [(analyte, day) for analyte in analytes for day in kinetics.area.to_days]
    n_lines = -(-len(panels) // _ACROSS)
    key = key_rows(_key_entries(), INNER_MM)
    key_mm = len(key) * LINE_MM + 2
    pitch = _HEADING_MM + _PANEL_MM + _UNDER_MM
    page = open_page(words, key_mm + n_lines * pitch)
    page.key(key, MARGIN_MM, page.top_mm)
    width = INNER_MM / min(_ACROSS, len(panels))
    for index, (analyte, day) in enumerate(panels):
        line, column = divmod(index, _ACROSS)
        at = (pl.col("parameter") == analyte.code) & (pl.col("to_day") == day)
        box = (MARGIN_MM + column * width, page.top_mm + key_mm + line * pitch, width)
        _panel(page, box, dots.filter(at), medians.filter(at), groups, analyte, day)
    return page.figure


def _words(medians: pl.DataFrame, spec: DisplaySpec, kinetics: Kinetics) -> Words:
    population = ", ".join(medians["population"].unique().sort()) or spec.recovery_population.value
    method = "; ".join(medians["method"].unique().sort())
    days = " and ".join(f"{day:g}" for day in kinetics.area.to_days)
    return Words(
        "Area under the count",
        f"From {spec.clocks.transplant} to day {days}, of every participant for whom it is known, and the median.",
        [
            *exhibit_notes(spec, population, f"Method: {method}." if method else "Method: areas under the count."),
            "Interval of the median: exact, from order statistics; none where values are too few. Under each group: "
            "with an area, of all. Who died before the end has no area: see the comparisons with worst ranks.",
        ],
    )


def _panel(
    page: Page,
    box: tuple[float, float, float],
    dots: pl.DataFrame,
    medians: pl.DataFrame,
    groups: list[GroupStyle],
    analyte: Analyte,
    day: float,
) -> None:
    left, top, width = box
    heading = wrap(in_words(analyte.label), width - _LEFT_MM, NOTE_PT, bold=True)[0]
    page.text(left + _LEFT_MM, top, heading, fontweight="bold", fontsize=NOTE_PT)
    page.text(left + _LEFT_MM, top + 3.6, in_words(f"to day {day:g}, {analyte.unit} × day"), fontsize=NOTE_PT)
    axes = page.axes(left + _LEFT_MM, top + _HEADING_MM, width - _LEFT_MM - 4, _PANEL_MM)
    positive = dots.filter(pl.col("value") > 0)["value"]
    low, high = positive.min(), positive.max()
    axes.set_yscale("log")
    if isinstance(low, float) and isinstance(high, float):
        ticks = _ticks(low, high)
        axes.set_ylim(min(low, ticks[0]) / 1.3, max(high, ticks[-1]) * 1.3)
        axes.set_yticks(ticks, [f"{tick:,.10g}" for tick in ticks])
        axes.yaxis.set_minor_locator(NullLocator())
    axes.set_xlim(-0.6, len(groups) - 0.4)
    axes.tick_params(labelsize=NOTE_PT - 1, pad=1.5)
    axes.grid(axis="y", color=FAINT, linewidth=0.4)
    axes.set_axisbelow(True)
    names = []
    for x, group in enumerate(groups):
        own = dots.filter(pl.col("group") == group.code)
        valued = own.filter(pl.col("value") > 0)
        _dots(axes, x, valued, group)
        for row in medians.filter(pl.col("group") == group.code).iter_rows(named=True):
            _median(axes, x, row)
        n_zero = own.filter(pl.col("value") <= 0).height
        zeros = f"\n{n_zero} of 0" if n_zero else ""
        names.append(f"{group.label}\n{valued.height + n_zero} of {own.height}{zeros}")
    axes.set_xticks(range(len(groups)), names, fontsize=NOTE_PT - 1)


def _ticks(low: float, high: float) -> list[float]:
    """1, 2, 5, 10, ... from below the lowest value to above the highest; powers of ten alone over a long range."""
    steps = [factor * 10.0**power for power in range(-6, 12) for factor in (1, 2, 5)]
    if high / low > 1000:
        steps = steps[::3]
    first = max(index for index, step in enumerate(steps) if step <= low)
    last = min(index for index, step in enumerate(steps) if step >= high)
    return steps[first : last + 1]


def _dots(axes: Axes, x: int, valued: pl.DataFrame, group: GroupStyle) -> None:
    """Beside one another in the order of their value, so that neighbours do not cover each other."""
    values = valued.sort("value", "display_id")["value"].to_list()
    places = [x - 0.12 + _SPREAD[rank % len(_SPREAD)] for rank in range(len(values))]
    axes.plot(
        places, values, linestyle="none", marker=group.marker, markersize=4,
        markerfacecolor=lighter(group.colour, 0.45),
        markeredgecolor=group.colour, markeredgewidth=0.7,
    )  # fmt: skip


def _median(axes: Axes, x: int, row: dict[str, Any]) -> None:
    at = x + 0.28
    low, high = row["median_conf_low"], row["median_conf_high"]
    if low is not None and high is not None:
        axes.plot([at, at], [low, high], **_INTERVAL)
    if row["median"] is not None and row["median"] > 0:
        axes.plot([at - _WIDTH / 2, at + _WIDTH / 2], [row["median"]] * 2, **_MEDIAN)


def _key_entries() -> list[KeyEntry]:
    dot = {"linestyle": "none", "marker": "o", "markersize": 4, "markerfacecolor": "white", "markeredgecolor": SOFT}
    return [
        KeyEntry("One participant", dot, span=False),
        KeyEntry("Median", _MEDIAN, span=True),
        KeyEntry("Its interval", _INTERVAL, span=True),
    ]
