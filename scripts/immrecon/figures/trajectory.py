"""Counts over time as the mixed models have them: the curve of each group over its samples, and how models fit."""

from collections.abc import Sequence

import polars as pl
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from immrecon.config.display import DisplaySpec
from immrecon.config.study import Analyte
from immrecon.config.trajectory_specs import TrajectoryDisplay
from immrecon.exhibits import fits_stem, model_stem
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
)
from immrecon.figures.panels import (
    LEFT_MM,
    SAMPLE_LOOKS,
    UNDER_PANEL_MM,
    Frame,
    draw_samples,
    open_axes,
    write_columns,
)
from immrecon.figures.residuals import draw_residuals
from immrecon.figures.style import POOLED_STYLE, SOFT, GroupStyle, group_styles, lighter, styled
from immrecon.figures.trajectory_pages import draw_participants
from immrecon.vocabulary import POOLED, RowStatus

_PANEL_MM = {1: 88.0, 2: 66.0, 3: 52.0}
_MANY_PANELS_MM = 44.0
_HEADING_MM = LINE_MM + 1.0
_HEADINGS = ("Followed", "Sampled")
_DOTTED = (0, (1, 1.3))


def draw_trajectory(
    curves: pl.DataFrame,
    samples: pl.DataFrame,
    participants: pl.DataFrame,
    predictions: pl.DataFrame,
    timelines: pl.DataFrame,
    spec: DisplaySpec,
) -> dict[str, Figure]:
    """Every figure of this module by its file stem, from the TRAJECTORY tables and TIMELINES."""
    shown = spec.trajectory
    if shown is None:
        return {}
    analytes = {analyte.code: analyte for analyte in spec.analytes}
    figures = {model_stem(code): draw_model(curves, samples, spec, shown, analytes[code]) for code in shown.analytes}
    figures |= {
        fits_stem(code): draw_participants(samples, participants, predictions, timelines, spec, shown, analytes[code])
        for code in shown.participant_pages
    }
    return figures | {"trajectory_residuals": draw_residuals(samples, participants, spec, shown)}


@styled
def draw_model(
    curves: pl.DataFrame, samples: pl.DataFrame, spec: DisplaySpec, shown: TrajectoryDisplay, analyte: Analyte
) -> Figure:
    """The primary model of one analyte: a panel per group, with every group's curve and the samples of its own."""
    own = curves.filter(pl.col("parameter") == analyte.code, pl.col("dose_level") == POOLED).sort("group", "time_day")
    points = samples.filter(pl.col("parameter") == analyte.code).sort("group", "display_id", "time_day", "sequence")
    groups = group_styles(spec, points["group"])
    by_group = own.filter(pl.col("group") != POOLED, pl.col("status") == RowStatus.ESTIMATED)
    # Without a model by group there is one curve, which every panel shows.
    drawn = [*groups] if by_group.height else [POOLED_STYLE]
    frame = _frame(points, own, shown, analyte)
    key = key_rows(_key_entries(points, own, drawn), INNER_MM)
    key_mm = len(key) * LINE_MM + 3
    panel_mm = _PANEL_MM.get(len(groups), _MANY_PANELS_MM)
    pitch_mm = _HEADING_MM + panel_mm + UNDER_PANEL_MM
    page = open_page(_words(own, spec, shown, analyte), key_mm + len(groups) * pitch_mm + LINE_MM)
    page.key(key, MARGIN_MM, page.top_mm)
    days = [0.0, *(day for day in frame.visit_days if day > 0)]
    for index, group in enumerate(groups):
        top = page.top_mm + key_mm + index * pitch_mm
        mine = points.filter(pl.col("group") == group.code)
        heading = f"{group.label} ({mine['display_id'].n_unique()} in the model)"
        page.text(MARGIN_MM, top, heading, color=group.ink, fontweight="bold")
        axes = open_axes(page, top + _HEADING_MM, panel_mm, frame)
        draw_samples(axes, mine, group, frame.low)
        _draw_curves(axes, own, drawn, group, frame)
        numbers = own.filter(pl.col("group") == group.code)
        _say_why_not(axes, numbers)
        found = {day: (str(n), str(later)) for day, n, later in numbers["time_day", "n", "n_sampled"].iter_rows()}
        columns = [found.get(day, ("", "")) for day in days]
        width = (frame.plot_mm, frame.last_day)
        write_columns(page, top + _HEADING_MM + panel_mm, days, _HEADINGS, columns, width)
    bottom = page.top_mm + key_mm + len(groups) * pitch_mm
    axis = f"Days since {spec.clocks.transplant} (square-root scale)"
    page.text(MARGIN_MM + LEFT_MM + frame.plot_mm / 2, bottom - 2, axis, ha="center")
    return page.figure


def _frame(points: pl.DataFrame, own: pl.DataFrame, shown: TrajectoryDisplay, analyte: Analyte) -> Frame:
    """Axes that all panels share, over the days of the model."""
    limits = points["lloq"].drop_nulls().unique().sort().to_list()
    heights = [10 * analyte.axis_floor, *points["value"], *own["conf_high"].drop_nulls().clip(upper_bound=1e5)]
    steps = (factor * 10.0**power for power in range(-9, 12) for factor in (1, 2, 5))
    return Frame(
        last_day=1.02 * shown.last_day,
        visit_days=sorted(shown.days),
        low=analyte.axis_floor,
        high=next(step for step in steps if step >= 1.15 * max(heights)),
        across=[(limit, f"LLOQ {limit:g}", True) for limit in limits if limit >= analyte.axis_floor],
        y_label=in_words(f"{analyte.label} ({analyte.unit})"),
    )


def _draw_curves(axes: Axes, own: pl.DataFrame, drawn: Sequence[GroupStyle], panel: GroupStyle, frame: Frame) -> None:
    """The panel's own curve with its interval; those of the others thin, to compare with."""
    for group in drawn:
        rows = own.filter(pl.col("group") == group.code, pl.col("status") == RowStatus.ESTIMATED)
        if group.code not in (panel.code, POOLED):
            axes.plot(rows["time_day"], rows["estimate"], color=group.colour, linewidth=1.0, dashes=(4, 2), zorder=3)
            continue
        low = rows["conf_low"].clip(lower_bound=frame.low)
        axes.fill_between(
            rows["time_day"], low, rows["conf_high"], color=lighter(group.colour, 0.72), linewidth=0, zorder=1.5
        )
        # Ever fewer are sampled later: the curve is drawn full, then dotted, the two stretches meeting in one day.
        n_full = int((~rows["few_sampled"]).sum())
        for part, dash in ((rows.head(n_full), "solid"), (rows.slice(max(n_full - 1, 0)), _DOTTED)):
            axes.plot(part["time_day"], part["estimate"], color=group.colour, linewidth=2.2, linestyle=dash, zorder=5)


def _say_why_not(axes: Axes, numbers: pl.DataFrame) -> None:
    """In the panel of a group without a curve, the reason."""
    if numbers.is_empty() or (numbers["status"] == RowStatus.ESTIMATED).any():
        return
    said = f"No curve: {numbers['reason'].to_list()[0]}"
    axes.text(0.5, 0.94, said, transform=axes.transAxes, ha="center", va="top", color=SOFT)


def _key_entries(points: pl.DataFrame, own: pl.DataFrame, drawn: Sequence[GroupStyle]) -> list[KeyEntry]:
    entries = [
        KeyEntry("Geometric mean with interval", {"color": SOFT, "linewidth": 2.2}, span=True),
        KeyEntry("One participant", {"color": SOFT, "linewidth": 0.6, "marker": "o", "markersize": 2.2}, span=True),
    ]
    if own["few_sampled"].any():
        dotted = {"color": SOFT, "linewidth": 2.2, "linestyle": _DOTTED}
        entries.insert(1, KeyEntry("Few sampled, rests on the model", dotted, span=True))
    if len(drawn) > 1:
        entries.insert(1, KeyEntry("Other group", {"color": SOFT, "linewidth": 1.0, "dashes": (4, 2)}, span=True))
    if points["below_limit"].any():
        entries.append(KeyEntry("Sample below limit", SAMPLE_LOOKS["below"], span=False))
    if points["above_limit"].any():
        entries.append(KeyEntry("Sample above upper limit", SAMPLE_LOOKS["above"], span=False))
    return entries


def _words(own: pl.DataFrame, spec: DisplaySpec, shown: TrajectoryDisplay, analyte: Analyte) -> Words:
    population = ", ".join(own["population"].unique().sort()) or "none"
    estimated = own.filter(pl.col("status") == RowStatus.ESTIMATED)
    ways = estimated.select("method", "conf_type", "conf_level").unique().sort(pl.all()).iter_rows()
    methods = "; ".join(f"{method}; interval {100 * level:g} %, {conf_type}" for method, conf_type, level in ways)
    return Words(
        f"{analyte.label} after {spec.clocks.transplant}, mixed model",
        "Geometric mean, missing at random, if alive and relapse-free.",
        [
            *exhibit_notes(spec, population, f"Method: {methods or 'no model could be estimated'}."),
            *_notes(shown, several_groups=len(spec.groups) > 1),
        ],
        draft=shown.status == "draft",
    )


def _notes(shown: TrajectoryDisplay, *, several_groups: bool) -> list[str]:
    """What the curves are conditional on, and what they are not."""
    free = "and free of these " if shown.ends_at else ""
    groups = " Groups are not randomised." if several_groups else ""
    knots = ", ".join(f"{day:g}" for day in shown.knots_day)
    return [
        f"Time: natural cubic spline of sqrt(day), knots {knots or 'none'}, boundary "
        f"{shown.boundary_day[0]:g} and {shown.boundary_day[1]:g}. Samples of days {shown.first_day:g} to "
        f"{shown.last_day:g}, none {shown.sampled_until}.",
        f"Followed: in the model, alive {free}on the day. Sampled: with a sample on the day or later.{groups}",
        f"Definition: {shown.source} ({shown.status}).",
    ]
