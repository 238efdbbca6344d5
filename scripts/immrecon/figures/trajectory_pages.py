"""How the models of counts fit: every participant's samples with the curve of the model and their own, residuals."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.figure import Figure

from immrecon.config.display import DisplaySpec
from immrecon.config.study import Analyte
from immrecon.config.trajectory_specs import TrajectoryDisplay
from immrecon.figures.lanes import marker_looks
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
)
from immrecon.figures.panels import SAMPLE_LOOKS
from immrecon.figures.style import NOTE_PT, SOFT, GroupStyle, group_styles, styled

_COLUMNS = 6
_LEFT_MM, _GAP_MM = 11.0, 2.5
_PLOT_MM, _HEAD_MM, _FOOT_MM = 21.0, 4.6, 9.0
_MOST_PARTICIPANTS = 120
"""More make a page that nobody reads; the note says how many there are."""
_DASHED = (0, (4, 3))
_MODEL = {"color": SOFT, "linewidth": 0.9, "linestyle": (0, (3, 1.5))}


@dataclass(frozen=True)
class _Grid:
    """Small panels side by side, in millimetres of the contents; time on a square-root, counts on a log scale."""

    last_day: float
    low: float
    high: float

    @property
    def width(self) -> float:
        return (INNER_MM - _LEFT_MM - (_COLUMNS - 1) * _GAP_MM) / _COLUMNS

    @property
    def pitch(self) -> float:
        return _HEAD_MM + _PLOT_MM + _GAP_MM

    def corner(self, number: int) -> tuple[float, float]:
        row, column = divmod(number, _COLUMNS)
        return _LEFT_MM + column * (self.width + _GAP_MM), row * self.pitch + _HEAD_MM

    def across(self, day: pl.Expr) -> pl.Expr:
        """Distance from the left of the panel."""
        return (day.clip(lower_bound=0.0) / self.last_day).sqrt() * self.width

    def down(self, value: pl.Expr) -> pl.Expr:
        """Distance from the top of the panel; what is beyond it stands at its edge."""
        share = (value.log10() - float(np.log10(self.low))) / float(np.log10(self.high / self.low))
        return (1 - share.clip(0.0, 1.0)) * _PLOT_MM


@styled
def draw_participants(
    samples: pl.DataFrame,
    participants: pl.DataFrame,
    predictions: pl.DataFrame,
    timelines: pl.DataFrame,
    spec: DisplaySpec,
    shown: TrajectoryDisplay,
    analyte: Analyte,
) -> Figure:
    """One analyte, a small panel per participant: samples, the curve of the group, the participant's own, events."""
    people = participants.filter(pl.col("parameter") == analyte.code).sort("participant_order")
    words = _words(people, spec, shown, analyte)
    if people.is_empty():
        return words_only_page(words, "No model could be estimated, so no participant has a curve.")
    people = people.head(_MOST_PARTICIPANTS)
    own = samples.filter(pl.col("parameter") == analyte.code)
    curves = predictions.filter(pl.col("parameter") == analyte.code)
    highest = max([10 * analyte.axis_floor, *own["value"]])
    grid = _Grid(1.02 * shown.last_day, analyte.axis_floor, 10.0 ** float(np.ceil(np.log10(1.05 * highest))))
    corners = pl.DataFrame(
        [grid.corner(number) for number in range(people.height)], schema=["LEFT", "TOP"], orient="row"
    )
    placed = people.select("display_id").hstack(corners)
    looks = {code: look for code, look in marker_looks(timelines, spec).items() if code in shown.markers}
    events = timelines.filter(pl.col("code").is_in(list(looks)), pl.col("start_day").is_between(0, grid.last_day))
    events = events.join(placed, on="display_id").sort("LEFT", "TOP", "start_day", "sequence")
    groups = group_styles(spec, people["group"])
    key = key_rows(_key_entries(own, events, looks, groups), INNER_MM)
    key_mm = len(key) * LINE_MM + 3
    grid_mm = -(-people.height // _COLUMNS) * grid.pitch
    page = open_page(words, key_mm + grid_mm + _FOOT_MM)
    page.key(key, MARGIN_MM, page.top_mm)
    axes = page.axes(MARGIN_MM, page.top_mm + key_mm, INNER_MM, grid_mm)
    axes.set_xlim(0, INNER_MM)
    axes.set_ylim(grid_mm, 0)
    axes.set_axis_off()
    _draw_frames(axes, placed, own, grid)
    _write_around(page, page.top_mm + key_mm, people, groups, grid, analyte)
    _draw_lines(axes, curves.join(placed, on="display_id"), people, groups, grid)
    _draw_points(axes, own.join(placed, on="display_id"), groups, grid)
    _draw_events(axes, events, looks, grid)
    page.text(
        MARGIN_MM + _LEFT_MM + (INNER_MM - _LEFT_MM) / 2, page.top_mm + key_mm + grid_mm + 3.6,
        f"Days since {spec.clocks.transplant} (square-root scale)", ha="center",
    )  # fmt: skip
    return page.figure


def _words(people: pl.DataFrame, spec: DisplaySpec, shown: TrajectoryDisplay, analyte: Analyte) -> Words:
    n = people.height
    some = f"; the first {_MOST_PARTICIPANTS} are shown" if n > _MOST_PARTICIPANTS else ""
    return Words(
        f"{analyte.label}, model for each participant",
        "Samples, geometric mean of the group, and predicted curve of the participant.",
        [
            *exhibit_notes(spec, f"participants in the model (n = {n}){some}", "Method: primary mixed model by group."),
            f"Vertical axis: {in_words(analyte.unit)}. The participant's curve has the predicted random effects: with "
            f"few samples it lies near the curve of the group. It ends with follow-up. "
            f"Samples {shown.sampled_until} are not in the model, nor is the curve drawn.",
        ],
        draft=shown.status == "draft",
    )


def _segments(rows: pl.DataFrame, *ends: str) -> list[np.ndarray]:
    """Lines from (x, y) to (x, y), one per row."""
    return list(
        rows.select(pl.col(name).alias(str(place)) for place, name in enumerate(ends)).to_numpy().reshape(-1, 2, 2)
    )


def _draw_frames(axes: Axes, placed: pl.DataFrame, own: pl.DataFrame, grid: _Grid) -> None:
    """Left and lower edge of each panel, lines at the decades, and the limits of the participant's laboratories."""
    corners = placed.with_columns(BOTTOM=pl.col("TOP") + _PLOT_MM, RIGHT=pl.col("LEFT") + grid.width)
    edges = _segments(corners, "LEFT", "TOP", "LEFT", "BOTTOM") + _segments(
        corners, "LEFT", "BOTTOM", "RIGHT", "BOTTOM"
    )
    decades = pl.DataFrame({"value": [float(10.0**k) for k in range(-9, 10) if grid.low < 10.0**k < grid.high]})
    limits = own.select("display_id", value="lloq").drop_nulls().unique().sort(pl.all())
    at = (pl.col("TOP") + grid.down(pl.col("value"))).alias("Y")
    rules = corners.join(decades, how="cross").with_columns(at)
    limited = corners.join(limits, on="display_id").filter(pl.col("value") >= grid.low).with_columns(at)
    for lines, colour, dash in (
        (_segments(rules, "LEFT", "Y", "RIGHT", "Y"), "#e4e4e4", "solid"),
        (_segments(limited, "LEFT", "Y", "RIGHT", "Y"), SOFT, _DASHED),
        (edges, SOFT, "solid"),
    ):
        axes.add_collection(LineCollection(lines, colors=colour, linewidths=0.5, linestyles=[dash], zorder=1))


def _write_around(
    page: Page, top: float, people: pl.DataFrame, groups: Sequence[GroupStyle], grid: _Grid, analyte: Analyte
) -> None:
    """Display ids over the panels, decades before each row, days under each column."""
    ink = {group.code: group.ink for group in groups}
    n = people.height
    for number, (display_id, group) in enumerate(people.select("display_id", "group").iter_rows()):
        left, down = grid.corner(number)
        x, y = MARGIN_MM + left, top + down
        page.text(x, y - 0.6, display_id, va="bottom", fontsize=NOTE_PT, color=ink[group], fontweight="bold")
        if number % _COLUMNS == 0:
            for power in range(-9, 10):
                if grid.low <= 10.0**power < grid.high:
                    share = float((power - np.log10(grid.low)) / np.log10(grid.high / grid.low))
                    page.text(
                        x - 1, y + (1 - share) * _PLOT_MM, f"{10.0**power:g}", ha="right", va="center", fontsize=NOTE_PT
                    )
        if number + _COLUMNS >= n:
            for day in (0, 30, 100, 365):
                if day <= grid.last_day:
                    page.text(
                        x + (day / grid.last_day) ** 0.5 * grid.width, y + _PLOT_MM + 0.8, f"{day}",
                        ha="left" if day == 0 else "center", fontsize=NOTE_PT,
                    )  # fmt: skip


def _draw_lines(
    axes: Axes, curves: pl.DataFrame, people: pl.DataFrame, groups: Sequence[GroupStyle], grid: _Grid
) -> None:
    """The curve of the model, and the participant's own in the colour of the group."""
    placed = curves.with_columns(X=pl.col("LEFT") + grid.across(pl.col("time_day"))).sort("display_id", "time_day")
    of_group = dict(people.select("display_id", "group").iter_rows())
    colour = {group.code: group.colour for group in groups}
    for column, width, dash in (("marginal", 0.9, (0, (3, 1.5))), ("fitted", 1.3, "solid")):
        with_y = placed.with_columns(Y=pl.col("TOP") + grid.down(pl.col(column)))
        parts = with_y.partition_by("display_id", as_dict=True)
        inks = [SOFT if column == "marginal" else colour[of_group[str(who)]] for (who,) in parts]
        paths = [rows.select("X", "Y").to_numpy() for rows in parts.values()]
        axes.add_collection(LineCollection(paths, colors=inks, linewidths=width, linestyles=[dash], zorder=2))


def _draw_points(axes: Axes, own: pl.DataFrame, groups: Sequence[GroupStyle], grid: _Grid) -> None:
    points = own.with_columns(
        X=pl.col("LEFT") + grid.across(pl.col("time_day")), Y=pl.col("TOP") + grid.down(pl.col("value"))
    )
    for group in groups:
        mine = points.filter(pl.col("group") == group.code)
        exact = mine.filter(~(pl.col("below_limit") | pl.col("above_limit")))
        axes.plot(exact["X"], exact["Y"], "o", color=group.colour, markersize=2.6, markeredgewidth=0, zorder=3)
        for name in ("below", "above"):
            rows = mine.filter(pl.col(f"{name}_limit"))
            look = SAMPLE_LOOKS[name] | {"markersize": 4.0, "markeredgewidth": 0.8, "markeredgecolor": group.colour}
            axes.plot(rows["X"], rows["Y"], zorder=3, **look)


def _draw_events(axes: Axes, events: pl.DataFrame, looks: dict[str, dict[str, object]], grid: _Grid) -> None:
    """A line down each panel on the day, with the marker of the timelines at its top."""
    placed = events.with_columns(X=pl.col("LEFT") + grid.across(pl.col("start_day")), BOTTOM=pl.col("TOP") + _PLOT_MM)
    lines = _segments(placed, "X", "TOP", "X", "BOTTOM")
    axes.add_collection(LineCollection(lines, colors=SOFT, linewidths=0.5, zorder=1.5))
    # Events of one day stand below each other.
    stacked = placed.with_columns(Y=pl.col("TOP") + 1.2 + 2.4 * pl.int_range(pl.len()).over("LEFT", "TOP", "start_day"))
    for code, look in looks.items():
        rows = stacked.filter(pl.col("code") == code)
        axes.plot(rows["X"], rows["Y"], clip_on=False, zorder=4, **(look | {"markersize": 4.6}))  # type: ignore[arg-type]


def _key_entries(
    own: pl.DataFrame, events: pl.DataFrame, looks: dict[str, dict[str, object]], groups: Sequence[GroupStyle]
) -> list[KeyEntry]:
    present = set(own["group"])
    entries = [
        KeyEntry(group.label, {"color": group.colour, "linewidth": 1.3, "marker": "o", "markersize": 2.6}, span=True)
        for group in groups
        if group.code in present
    ]
    entries.append(KeyEntry("Geometric mean of the group", _MODEL, span=True))
    if own["lloq"].is_not_null().any():
        limit = {"color": SOFT, "linewidth": 0.5, "linestyle": _DASHED}
        entries.append(KeyEntry("Limit of quantification", limit, span=True))
    entries += [
        KeyEntry(f"Sample {name} limit", SAMPLE_LOOKS[name], span=False)
        for name in ("below", "above")
        if own[f"{name}_limit"].any()
    ]
    labels = dict(events.select("code", "label").unique(maintain_order=True).iter_rows())
    return entries + [
        KeyEntry(in_words(labels[code]), look | {"markersize": 6.0}, span=False)
        for code, look in looks.items()
        if code in labels
    ]
