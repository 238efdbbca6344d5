"""The definition grid: a forest plot of the incidences, and beside it who changes status between definitions."""

from typing import Any

import polars as pl
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from immrecon.config.display import DefinitionGridDisplay, DisplaySpec
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
    wrap,
)
from immrecon.figures.style import (
    FAINT,
    INK,
    NOTE_PT,
    POOLED_STYLE,
    SOFT,
    TEXT_PT,
    GroupStyle,
    group_styles,
    lighter,
    styled,
)
from immrecon.vocabulary import POOLED, RowStatus

_LABEL_MM, _FOREST_MM, _GAP_MM, _HEAD_MM, _AXIS_MM = 52.0, 44.0, 7.0, 11.0, 12.0
_STRATUM_MM, _BETWEEN_MM, _ID_PT = 3.2, 2.4, 7.0
_TICK_MM = 1.5
_MATRIX_MM = INNER_MM - _LABEL_MM - _FOREST_MM - _GAP_MM
_CHANGED = lighter("#E69F00", 0.45)
_LOOKS: dict[str, dict[str, Any]] = {
    "confirmed": {"marker": "s", "markerfacecolor": INK, "markeredgecolor": INK},
    "reached, not yet confirmed": {"marker": "D", "markerfacecolor": "white", "markeredgecolor": INK},
    "reached, can no longer be confirmed": {"marker": "v", "markerfacecolor": "white", "markeredgecolor": INK},
    "not reached": {"marker": "_", "color": SOFT},
    "unknown": {"marker": r"$?$", "color": INK},
    "competing event before": {"marker": "x", "color": SOFT},
    "no sample": {"marker": ".", "color": FAINT},
}
_WORDS = {"confirmed": "reached (and confirmed, where the definition asks for it)"}


def draw_definition_grid(estimates: pl.DataFrame, statuses: pl.DataFrame, spec: DisplaySpec) -> dict[str, Figure]:
    """The figure by its file stem, from DEFINITION_ESTIMATES and DEFINITION_STATUSES; none without a grid."""
    grid = spec.definition_grid
    return {} if grid is None else {"definition_grid": draw_grid(estimates, statuses, spec, grid)}


@styled
def draw_grid(
    estimates: pl.DataFrame, statuses: pl.DataFrame, spec: DisplaySpec, grid: DefinitionGridDisplay
) -> Figure:
    """One page: a line per definition with its incidence per group and pooled, and a column per participant."""
    shown = estimates.filter(pl.col("dose_level") == POOLED).sort("definition_order", "group")
    words = _words(shown, spec, grid)
    if shown.filter(pl.col("n") > 0).is_empty():
        return words_only_page(words, "Nobody of the population is at risk by the data cut-off; nothing is compared.")
    groups = [*group_styles(spec, [code for code in shown["group"] if code != POOLED]), POOLED_STYLE]
    groups = [group for group in groups if group.code in set(shown["group"])]
    line_mm = len(groups) * _STRATUM_MM + _BETWEEN_MM
    definitions = shown["definition"].unique(maintain_order=True).to_list()
    body_mm = line_mm * len(definitions)
    keys = [key_rows(entries, INNER_MM) for entries in (_group_key(groups), _status_key(statuses))]
    key_mm = sum(len(rows) for rows in keys) * LINE_MM + 3
    names = statuses["display_id"].unique().sort().to_list()
    page = open_page(words, key_mm + _HEAD_MM + body_mm + max(_AXIS_MM, _id_rows(len(names)) * _id_mm(names) + 2))
    page.key(keys[0], MARGIN_MM, page.top_mm)
    page.key(keys[1], MARGIN_MM, page.top_mm + len(keys[0]) * LINE_MM)
    top = page.top_mm + key_mm + _HEAD_MM
    places = {name: (index + 0.5) * line_mm for index, name in enumerate(definitions)}
    _label(page, shown, places, top, grid)
    left = MARGIN_MM + _LABEL_MM
    _forest(page.axes(left, top, _FOREST_MM, body_mm), shown, groups, places, body_mm)
    page.text(left, top - 2, f"Incidence, day {grid.day:g} (%)", fontweight="bold", va="bottom")
    _matrix(page, statuses, places, (left + _FOREST_MM + _GAP_MM, top, body_mm, line_mm), spec)
    return page.figure


def _words(shown: pl.DataFrame, spec: DisplaySpec, grid: DefinitionGridDisplay) -> Words:
    landmark = "" if grid.landmark_day is None else f", from day {grid.landmark_day:g}"
    reference = shown.filter(pl.col("definition") == grid.reference)["label"].head(1).to_list()
    methods = shown.select("method", "variance", "conf_type", "conf_level").unique().sort(pl.all()).iter_rows()
    in_short = "; ".join(
        f"{method}, variance {variance}, {100 * conf:.4g} % interval ({conf_type})"
        for method, variance, conf_type, conf in methods
    )
    return Words(
        "Definitions of reconstitution side by side",
        in_words(
            f"Cumulative incidence by day {grid.day:g} after {grid.clock_label}{landmark}, with competing events. "
            "On coloured ground: participants whose status differs from the reference, "
            f"{reference[0] if reference else grid.reference}."
        ),
        [
            *exhibit_notes(spec, grid.population.value, f"Method: {in_short}."),
            "Without an event yet the line ends at an exact one-sided bound. Rules and sources: in the table.",
        ],
        draft=bool(grid.unsigned),
    )


def _group_key(groups: list[GroupStyle]) -> list[KeyEntry]:
    return [
        KeyEntry(group.label, _stroke(group) | {"marker": group.marker, "markersize": 5}, span=True) for group in groups
    ]


def _stroke(group: GroupStyle) -> dict[str, Any]:
    return {"color": group.colour, "linewidth": 1.4}


def _status_key(statuses: pl.DataFrame) -> list[KeyEntry]:
    """The categories that occur, in the order of the vocabulary."""
    there = set(statuses["category"])
    return [
        KeyEntry(_WORDS.get(name, name), look | {"linestyle": "none", "markersize": 5}, span=False)
        for name, look in _LOOKS.items()
        if name in there
    ]


def _label(page: Page, shown: pl.DataFrame, places: dict[str, float], top: float, grid: DefinitionGridDisplay) -> None:
    """The definition in a few words; the reference in bold."""
    labels = dict(shown.select("definition", "label").unique().iter_rows())
    for name, place in places.items():
        bold = name == grid.reference
        lines = wrap(in_words(labels[name]), _LABEL_MM - 4, TEXT_PT - 1, bold=bold)
        for index, line in enumerate(lines):
            y = top + place + (index - (len(lines) - 1) / 2) * LINE_MM * 0.9
            page.text(MARGIN_MM, y, line, va="center", fontsize=TEXT_PT - 1, fontweight="bold" if bold else "normal")


def _forest(
    axes: Axes, shown: pl.DataFrame, groups: list[GroupStyle], places: dict[str, float], body_mm: float
) -> None:
    axes.set_xlim(0, 1)
    axes.set_ylim(body_mm, 0)
    axes.set_yticks([])
    axes.set_xticks([0, 0.25, 0.5, 0.75, 1.0], ["0", "25", "50", "75", "100"])
    axes.spines["left"].set_visible(False)
    axes.grid(axis="x", color=FAINT, linewidth=0.4)
    axes.set_axisbelow(True)
    for row in shown.iter_rows(named=True):
        index = next(i for i, group in enumerate(groups) if group.code == row["group"])
        y = places[row["definition"]] + (index - (len(groups) - 1) / 2) * _STRATUM_MM
        group = groups[index]
        if row["status"] != RowStatus.ESTIMATED:
            axes.text(0.02, y, "not estimable", va="center", fontsize=NOTE_PT, color=SOFT)
            continue
        low, high = row["conf_low"], row["conf_high"]
        if low is not None and high is not None:
            axes.plot([low, high], [y, y], **_stroke(group), solid_capstyle="butt", clip_on=False)
        axes.plot(
            [row["estimate"]], [y], marker=group.marker, color=group.colour, markersize=4.5, clip_on=False, zorder=4
        )


def _pitch_mm(n_people: int) -> float:
    return _MATRIX_MM / (n_people + 0.4)


def _id_rows(n_people: int) -> int:
    """Rows that the names of the columns stand in, at a size that can be read; 0 where they would touch in two."""
    return next((rows for rows in (1, 2) if rows * _pitch_mm(n_people) >= 1.04 * _ID_PT * MM_PER_PT), 0)


def _id_mm(names: list[str]) -> float:
    """Height of a row of names, which stand upright."""
    return max([0.0, *(text_width_mm(name, _ID_PT) for name in names)]) + _TICK_MM


def _write_ids(page: Page, names: list[str], left: float, bottom: float) -> None:
    """Names under the columns; in two rows by turns, with a line to those of the second."""
    pitch, rows, row_mm = _pitch_mm(len(names)), _id_rows(len(names)), _id_mm(names)
    if not rows:
        return
    places = [(left + (i + 0.7) * pitch, bottom + i % rows * row_mm + _TICK_MM) for i in range(len(names))]
    page.lines((([x, x], [bottom, y - 0.4]) for x, y in places), color=FAINT, linewidth=0.5)
    for name, (x, y) in zip(names, places, strict=True):
        page.text(x, y, name, rotation=90, ha="center", fontsize=_ID_PT)


def _matrix(
    page: Page,
    statuses: pl.DataFrame,
    places: dict[str, float],
    box: tuple[float, float, float, float],
    spec: DisplaySpec,
) -> None:
    """A column per participant, grouped; those who differ from the reference stand on a coloured ground."""
    left, top, height, line_mm = box
    people = statuses.unique("display_id").sort("participant_order")
    if people.is_empty():
        return
    axes = page.axes(left, top, _MATRIX_MM, height)
    axes.set_xlim(-0.7, people.height - 0.3)
    axes.set_ylim(height, 0)
    axes.set_yticks([])
    axes.spines["left"].set_visible(False)
    pitch = _pitch_mm(people.height)
    size_pt = min(5.0, pitch * 72 / 25.4 * 0.75)
    axes.set_xticks([])
    _write_ids(page, people["display_id"].to_list(), left, top + height)
    changed = statuses.filter(pl.col("differs"))
    for order, definition in changed.select("participant_order", "definition").iter_rows():
        middle = places[definition]
        axes.fill_between(
            [order - 0.5, order + 0.5], middle - line_mm / 2 + 0.3, middle + line_mm / 2 - 0.3,
            color=_CHANGED, linewidth=0, zorder=1,
        )  # fmt: skip
    for category, look in _LOOKS.items():
        rows = statuses.filter(pl.col("category") == category).sort("definition", "participant_order")
        ys = [places[definition] for definition in rows["definition"]]
        axes.plot(rows["participant_order"].to_list(), ys, linestyle="none", markersize=size_pt, zorder=3, **look)
    page.text(left, top - 2 - LINE_MM, "Participants", fontweight="bold", va="bottom")
    looks = {group.code: group for group in group_styles(spec, people["group"])}
    first_of_group = people.unique("group", keep="first", maintain_order=True)
    for code, start in first_of_group.select("group", "participant_order").iter_rows():
        if start:
            axes.axvline(start - 0.5, color=SOFT, linewidth=0.7)
        heading = {"color": looks[code].ink, "fontsize": NOTE_PT, "va": "bottom"}
        page.text(left + (start + 0.2) * pitch, top - 2, looks[code].label, **heading)
