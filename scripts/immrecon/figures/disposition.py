"""Accrual and timelines: who came in, and what happened to each of them."""

from dataclasses import dataclass

import polars as pl
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from immrecon.config.display import DisplaySpec
from immrecon.figures.lanes import draw_lanes
from immrecon.figures.page import (
    INNER_MM,
    LINE_MM,
    MARGIN_MM,
    Words,
    every_nth,
    exhibit_notes,
    open_page,
    spread,
    text_width_mm,
    words_only_page,
)
from immrecon.figures.style import FAINT, SOFT, TEXT_PT, Dash, styled
from immrecon.vocabulary import Population

_LABEL_MM, _PLOT_MM, _LEFT_MM, _MONTHS_MM = 48.0, 78.0, 17.0, 18.0
_MONTH_NAMES = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_STAGES: list[tuple[Population, str, str, Dash]] = [
    (Population.ENROLLED, "Enrolled", "#0072B2", "solid"),
    (Population.TRANSPLANTED, "Transplanted", "#D55E00", (0, (5, 1.6))),
    (Population.INJECTED, "Injected", "#009E73", (0, (1.4, 1.2))),
]
_PLANNED = "Planned"
_PLAN_DASH: Dash = (0, (1.2, 2.2))


@dataclass(frozen=True)
class _Line:
    """One line of the accrual figure: month numbers from 0, and counts at their ends."""

    label: str
    months: list[int]
    counts: list[int]
    colour: str
    dash: Dash


def draw_disposition(accrual: pl.DataFrame, timelines: pl.DataFrame, spec: DisplaySpec) -> dict[str, Figure]:
    """Every figure of this module by its file stem, from the ACCRUAL and TIMELINES tables."""
    return {"accrual": draw_accrual(accrual, spec), "timelines": draw_timelines(timelines, spec)}


@styled
def draw_accrual(accrual: pl.DataFrame, spec: DisplaySpec) -> Figure:
    """Cumulative enrolment by month against the plan, with those transplanted and injected (table ACCRUAL)."""
    lines = _accrual_lines(accrual)
    words = Words(
        "Accrual, planned and actual",
        "Participants up to the end of each month; in the last month, up to the data cut-off." + _in_short(lines),
        exhibit_notes(spec, "all enrolled", "Method: counts."),
    )
    if not lines:
        return words_only_page(words, "No month of accrual lies before the data cut-off, and none is planned.")
    first = min(line.months[0] for line in lines)
    n_months = max(line.months[-1] for line in lines) - first + 1
    page = open_page(words, _PLOT_MM + _MONTHS_MM + 2)
    width = INNER_MM - _LEFT_MM - _LABEL_MM
    axes = page.axes(MARGIN_MM + _LEFT_MM, page.top_mm + 2, width, _PLOT_MM)
    highest = max([1, *(count for line in lines for count in line.counts)])
    axes.set_xlim(first - 0.5, first + n_months - 0.5)
    axes.set_ylim(0, highest * 1.06)
    axes.set_ylabel("Participants, cumulative")
    axes.yaxis.set_major_locator(MaxNLocator(integer=True))
    axes.grid(axis="y", color=FAINT, linewidth=0.4)
    axes.set_axisbelow(True)
    for line in lines:
        axes.plot(line.months, line.counts, color=line.colour, linestyle=line.dash, clip_on=False)
        axes.plot(line.months[-1:], line.counts[-1:], "o", color=line.colour, markersize=4, clip_on=False)
    _label_months(axes, first, n_months, width)
    # Labels stand beside the plot at the height where their line ends, each with a piece of the line: within the plot
    # they would cover the plan, which goes on beyond the cut-off.
    bottom, right = page.top_mm + 2 + _PLOT_MM, MARGIN_MM + _LEFT_MM + width + 3
    ends = [bottom - line.counts[-1] * _PLOT_MM / (highest * 1.06) for line in lines]
    for line, y in zip(lines, spread(ends, [LINE_MM] * len(ends), page.top_mm, bottom), strict=True):
        page.line([right, right + 7], [y, y], color=line.colour, linestyle=line.dash)
        label = f"{line.label} {line.counts[-1]}"
        page.text(right + 8.5, y, label, color=line.colour, va="center_baseline", fontweight="bold")
    return page.figure


def _accrual_lines(accrual: pl.DataFrame) -> list[_Line]:
    """The plan and each stage, as far as there are counts."""
    numbered = accrual.with_columns(x=12 * pl.col("month").dt.year() + pl.col("month").dt.month() - 1).sort("x")
    planned = numbered.filter(pl.col("stage") == Population.ENROLLED).drop_nulls("planned_cumulative")
    lines = [_Line(_PLANNED, planned["x"].to_list(), planned["planned_cumulative"].to_list(), SOFT, _PLAN_DASH)]
    for stage, label, colour, dash in _STAGES:
        rows = numbered.filter(pl.col("stage") == stage).drop_nulls("n_cumulative")
        lines.append(_Line(label, rows["x"].to_list(), rows["n_cumulative"].to_list(), colour, dash))
    return [line for line in lines if line.months]


def _in_short(lines: list[_Line]) -> str:
    """Enrolled against planned in the last month with both; nothing without a plan or without a count."""
    by_label = {line.label: dict(zip(line.months, line.counts, strict=True)) for line in lines}
    planned, enrolled = by_label.get(_PLANNED, {}), by_label.get("Enrolled", {})
    both = sorted(planned.keys() & enrolled.keys())
    return f" At the cut-off {enrolled[both[-1]]} are enrolled, {planned[both[-1]]} were planned." if both else ""


def _label_months(axes: Axes, first: int, n_months: int, width_mm: float) -> None:
    """Month names where they fit, the year under the first labelled month of each. Months count from year 0."""
    fits = every_nth(text_width_mm("2025 ", TEXT_PT) + 1, width_mm / n_months)
    step = next((step for step in (1, 2, 3, 6, 12, 24, 60, 120) if step >= fits), fits)
    shown = [month for month in range(first, first + n_months) if month % step == 0] or [first]
    labels, labelled = [], -1
    for month in shown:
        year, index = divmod(month, 12)
        labels.append(f"{_MONTH_NAMES[index]}\n" if year == labelled else f"{_MONTH_NAMES[index]}\n{year}")
        labelled = year
    axes.set_xticks(shown, labels)
    axes.set_xlabel("Month")


@styled
def draw_timelines(timelines: pl.DataFrame, spec: DisplaySpec) -> Figure:
    """Swimmer plot from transplant, one lane per participant (table TIMELINES)."""
    return draw_lanes(timelines, spec)
