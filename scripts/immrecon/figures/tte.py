"""Survival and cumulative incidence: step curves with intervals, and the numbers at risk under them."""

from collections.abc import Sequence

import polars as pl
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from immrecon.config.display import DisplaySpec, EndpointDisplay
from immrecon.errors import ConfigError
from immrecon.exhibits import curve_stem
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
    text_width_mm,
    words_only_page,
)
from immrecon.figures.risk_rows import RiskRows, risk_rows
from immrecon.figures.style import FAINT, POOLED_STYLE, SOFT, TEXT_PT, GroupStyle, group_styles, lighter, styled
from immrecon.vocabulary import POOLED

_PLOT_MM, _LEFT_MM, _RIGHT_MM, _AXIS_MM = 76.0, 26.0, 6.0, 13.0
_BAND_ALPHA = 0.13
_MOST_BANDS = 2
_ASIDE = 0.011
"""Of the axis, between the bars of two groups."""
_READING = (
    "At risk: just before the day; events, competing events and censored: up to and including it. "
    "Marks on the curves: censored."
)


def draw_tte(curves: pl.DataFrame, risk_table: pl.DataFrame, spec: DisplaySpec) -> dict[str, Figure]:
    """Every figure of this module by its file stem, from the CURVES and RISK_TABLE tables."""
    return {
        curve_stem(endpoint.code): draw_curves(curves, risk_table, spec, endpoint.code)
        for endpoint in spec.endpoints
        if endpoint.figure
    }


@styled
def draw_curves(
    curves: pl.DataFrame, risk_table: pl.DataFrame, spec: DisplaySpec, parameter: str, *, styles_from: int = 0
) -> Figure:
    """Curves of one endpoint, per group and pooled over dose levels (tables CURVES, RISK_TABLE).

    An endpoint with nobody at risk gives a figure that says so. Raises ConfigError: the endpoint is not declared.
    """
    endpoint = next((endpoint for endpoint in spec.endpoints if endpoint.code == parameter), None)
    if endpoint is None:
        known = ", ".join(endpoint.code for endpoint in spec.endpoints)
        raise ConfigError(f'the endpoint "{parameter}" is not declared; declared are {known}')
    of_endpoint = (pl.col("parameter") == parameter) & (pl.col("dose_level") == POOLED)
    cause = "event-free" if endpoint.display == "survival" else "event"
    steps = curves.filter(of_endpoint, pl.col("cause") == cause).sort("group", "time_day")
    risk = risk_table.filter(of_endpoint).sort("group", "time_day")
    groups = group_styles(spec, [*steps["group"], *risk["group"]], styles_from)
    words = _words(steps, spec, endpoint, "band" if _in_bands(groups) else "bars")
    if steps.is_empty() and risk.filter(pl.col("n_risk") > 0).is_empty():
        return words_only_page(words, _why_empty(endpoint))
    if len(groups) > 1 and POOLED in set(steps["group"]):
        groups.append(POOLED_STYLE)
    plot_width = INNER_MM - _LEFT_MM - _RIGHT_MM
    table = risk_rows(risk, groups, endpoint, plot_width)
    key = key_rows(_key_entries(groups, table), plot_width)
    key_mm = len(key) * LINE_MM + 3
    page = open_page(words, key_mm + _PLOT_MM + _AXIS_MM + table.height_mm)
    left, top = MARGIN_MM + _LEFT_MM, page.top_mm + key_mm
    page.key(key, left, page.top_mm)
    axes = page.axes(left, top, plot_width, _PLOT_MM)
    _scale_axes(axes, endpoint, table.ticks)
    with_limits = [group for group in groups if group.code != POOLED]
    for group in groups:
        shown = _draw_curve(
            axes, steps.filter(pl.col("group") == group.code), table.followed_to(group), group, endpoint
        )
        if shown is None or group.code == POOLED:
            continue
        if _in_bands(with_limits):
            _draw_band(axes, shown, group)
        else:
            aside = (with_limits.index(group) - (len(with_limits) - 1) / 2) * _ASIDE * endpoint.figure_last_day
            _draw_bars(axes, shown, [tick for tick in table.ticks if tick > 0], aside, group)
    table.write(page, left, top + _PLOT_MM + _AXIS_MM)
    return page.figure


def _words(steps: pl.DataFrame, spec: DisplaySpec, endpoint: EndpointDisplay, limits: str) -> Words:
    competing = f"\nCompeting events: {', '.join(endpoint.competing_labels)}." if endpoint.competing_labels else ""
    clock = f"\nClock: days since {endpoint.clock_label}"
    if endpoint.landmark_day is not None:
        clock += f"; participants still at risk are followed from day {endpoint.landmark_day:g}"
    methods = steps.select("method", "variance", "conf_type", "conf_level").unique().sort(pl.all()).iter_rows()
    methods_in_words = "; ".join(
        f"{method}, variance {variance}, {limits}: pointwise {level:.4g} % interval ({conf_type})"
        for method, variance, conf_type, level in ((*row[:3], 100 * row[3]) for row in methods)
    )
    notes = exhibit_notes(spec, endpoint.population.value, f"Method: {methods_in_words or endpoint.estimator.value}.")
    return Words(
        endpoint.label,
        in_words(f"Event: {endpoint.rule}.{competing}{clock}."),
        [
            *notes,
            *([_READING] if not steps.is_empty() else []),
            f"Definition: {endpoint.source} ({endpoint.status}).",
        ],
        draft=endpoint.status == "draft",
    )


def _why_empty(endpoint: EndpointDisplay) -> str:
    start = f"from {endpoint.clock_label}"
    if endpoint.landmark_day is not None:
        start = f"on day {endpoint.landmark_day:g} after {endpoint.clock_label}, from which the endpoint is followed"
    return (
        f"Nobody is at risk: at the data cut-off no participant of the {endpoint.population.value} population "
        f"was free of the event and under follow-up {start}. There is no curve to draw."
    )


def _key_entries(groups: Sequence[GroupStyle], table: RiskRows) -> list[KeyEntry]:
    entries = []
    for group in groups:
        n = table.n_at_start(group)
        size = f" (n = {n})" if n else " (nobody at risk)"
        look = {"color": group.colour, "linestyle": group.dash, "linewidth": group.width_pt}
        entries.append(KeyEntry(group.label + size, look, span=True))
    return entries


def _scale_axes(axes: Axes, endpoint: EndpointDisplay, ticks: Sequence[float]) -> None:
    axes.set_xlim(0, endpoint.figure_last_day)
    axes.set_xticks(ticks, [f"{tick:g}" for tick in ticks])
    axes.set_xlabel(f"Days since {endpoint.clock_label}")
    axes.set_ylim(0, 1)
    axes.set_yticks([0, 0.2, 0.4, 0.6, 0.8, 1.0], ["0", "20", "40", "60", "80", "100"])
    survival = endpoint.display == "survival"
    named = f"{endpoint.label} (%)"
    fits = text_width_mm(named, TEXT_PT) < _PLOT_MM
    axes.set_ylabel((named if fits else "Free of the event (%)") if survival else "Cumulative incidence (%)")
    axes.grid(axis="y", color=FAINT, linewidth=0.4)
    axes.set_axisbelow(True)
    if endpoint.landmark_day is not None:
        axes.axvline(endpoint.landmark_day, color=SOFT, linewidth=0.7, zorder=1)
        x = endpoint.landmark_day + 0.008 * endpoint.figure_last_day
        words = f"followed from day {endpoint.landmark_day:g}"
        axes.text(x, 0.025 if survival else 0.975, words, va="bottom" if survival else "top", color=SOFT)


def _in_bands(groups: Sequence[GroupStyle]) -> bool:
    """Whether limits are bands: of more than two groups they would lie over each other."""
    return len(groups) <= _MOST_BANDS


def _draw_curve(
    axes: Axes, steps: pl.DataFrame, followed_to: float, group: GroupStyle, endpoint: EndpointDisplay
) -> pl.DataFrame | None:
    """The step curve from the start of follow-up to its end (or the end of the axis) with its censoring marks.

    Returned are its steps on the axis, the last repeated at the end (None: there is none).
    """
    start, last = endpoint.landmark_day or 0.0, endpoint.figure_last_day
    end = min(last, max([followed_to, *steps["time_day"]]))
    if end <= start:
        return None
    shown = steps.filter(pl.col("time_day") <= last)
    days, values = shown["time_day"].to_list(), shown["estimate"].to_list()
    if not days or days[0] > start:
        days, values = [start, *days], [1.0 if endpoint.display == "survival" else 0.0, *values]
    axes.plot(
        [*days, end], [*values, values[-1]], color=group.colour, linestyle=group.dash, linewidth=group.width_pt,
        drawstyle="steps-post", clip_on=False, zorder=2.5 if group.code == POOLED else 3,
    )  # fmt: skip
    if shown.is_empty():
        return None
    if group.code != POOLED:
        newly = pl.col("n_censor_cumulative") > pl.col("n_censor_cumulative").shift(fill_value=0)
        censored = shown.filter(newly)
        axes.plot(
            censored["time_day"], censored["estimate"], "|", color=group.colour, markersize=6, markeredgewidth=0.9,
            clip_on=False, zorder=4,
        )  # fmt: skip
    return pl.concat([shown, shown.tail(1).with_columns(time_day=pl.lit(end))])


def _draw_band(axes: Axes, shown: pl.DataFrame, group: GroupStyle) -> None:
    low, high = (shown[name].fill_null(float("nan")).to_numpy() for name in ("conf_low", "conf_high"))
    axes.fill_between(shown["time_day"], low, high, step="post", color=group.colour, alpha=_BAND_ALPHA, linewidth=0)
    for limit in (low, high):  # edges tell overlapping bands apart, in grey as well
        axes.plot(
            shown["time_day"], limit, color=lighter(group.colour, 0.35), linestyle=group.dash, linewidth=0.6,
            drawstyle="steps-post", zorder=2,
        )  # fmt: skip


def _draw_bars(axes: Axes, shown: pl.DataFrame, ticks: Sequence[float], aside: float, group: GroupStyle) -> None:
    """Limits at the ticks up to the end of follow-up, set aside from those of the other groups."""
    days = pl.DataFrame({"tick_day": ticks}, schema={"tick_day": pl.Float64}).set_sorted("tick_day")
    at = days.join_asof(shown.sort("time_day"), left_on="tick_day", right_on="time_day").filter(
        pl.col("tick_day") <= shown["time_day"].item(-1)
    )
    at = at.drop_nulls(["conf_low", "conf_high"]).with_columns(x=pl.col("tick_day") + aside)
    axes.vlines(at["x"], at["conf_low"], at["conf_high"], color=group.colour, linewidth=1.1, clip_on=False, zorder=2.8)
    ends = at.select("x", y=pl.concat_list("conf_low", "conf_high")).explode("y")
    axes.plot(
        ends["x"], ends["y"], "_", color=group.colour, markersize=4, markeredgewidth=1.1, clip_on=False, zorder=2.8
    )
