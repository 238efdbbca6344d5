"""Numbers at risk, with cumulative events and censoring, under the ticks of a time axis."""

from collections.abc import Sequence
from dataclasses import dataclass

import polars as pl

from immrecon.config.display import EndpointDisplay, RecurrentEventDisplay
from immrecon.figures.page import LINE_MM, Page, every_nth, text_width_mm
from immrecon.figures.style import SOFT, TEXT_PT, GroupStyle

_GAP_MM = 1.2
_NAME_MM, _HEADING_MM = 26.0, 5.0  # how far left of the axis the group's name starts, and the headings end
_ROWS = {
    "n_risk": "At risk",
    "n_event_cumulative": "Events",
    "n_competing_cumulative": "Competing",
    "n_censor_cumulative": "Censored",
}


@dataclass(frozen=True)
class RiskRows:
    """The table under a figure of curves. `risk` are rows of RISK_TABLE on the axis, of one endpoint."""

    risk: pl.DataFrame
    groups: Sequence[GroupStyle]
    columns: Sequence[str]
    ticks: Sequence[float]
    last_day: float
    width_mm: float

    @property
    def height_mm(self) -> float:
        return sum(self._block_mm(group) for group in self.groups)

    def _block_mm(self, group: GroupStyle) -> float:
        lines = len(self.columns) if self.n_at_start(group) else 1
        return (lines + 1) * LINE_MM + _GAP_MM

    def n_at_start(self, group: GroupStyle) -> int:
        """At risk at the first tick; 0 for a group without rows."""
        first = self._of(group).head(1)["n_risk"]
        return 0 if first.is_empty() else int(first.item())

    def followed_to(self, group: GroupStyle) -> float:
        """The last tick before which somebody was still followed."""
        days = self._of(group).filter(pl.col("n_risk") > 0)["time_day"]
        return 0.0 if days.is_empty() else float(days.item(-1))

    def write(self, page: Page, left: float, top: float) -> None:
        """One block per group: its name, then a line per kind of count; columns stand under the ticks."""
        y = top
        for group in self.groups:
            page.text(left - _NAME_MM, y, group.label, color=group.ink, fontweight="bold")
            if not self.n_at_start(group):
                page.text(left, y + LINE_MM, "Nobody at risk", color=SOFT)
            else:
                self._write_block(page, left, y + LINE_MM, self._of(group))
            y += self._block_mm(group)

    def _write_block(self, page: Page, left: float, top: float, rows: pl.DataFrame) -> None:
        shown = rows.filter(pl.col("time_day").is_in(list(self.ticks)))
        for line, column in enumerate(self.columns):
            y = top + line * LINE_MM
            page.text(left - _HEADING_MM, y, _ROWS[column], ha="right", color=SOFT)
            for day, n in shown.select("time_day", column).iter_rows():
                page.text(left + day / self.last_day * self.width_mm, y, str(n), ha="center")

    def _of(self, group: GroupStyle) -> pl.DataFrame:
        return self.risk.filter(pl.col("group") == group.code)


def risk_rows(
    risk: pl.DataFrame,
    groups: Sequence[GroupStyle],
    endpoint: EndpointDisplay | RecurrentEventDisplay,
    width_mm: float,
) -> RiskRows:
    """The table for an axis of the given width; where its columns would touch, only every second (third, ...) is shown.

    risk: rows of RISK_TABLE of the endpoint, pooled over dose levels, sorted by group and day.
    """
    last_day = endpoint.figure_last_day
    on_axis = risk.filter(pl.col("time_day").is_between(0, last_day))
    competing = bool(endpoint.competing_labels) or bool((on_axis["n_competing_cumulative"] > 0).any())
    columns = [column for column in _ROWS if competing or column != "n_competing_cumulative"]
    days = on_axis["time_day"].unique().sort().to_list()
    cells = [f"{day:g}" for day in days] + [str(n) for column in columns for n in on_axis[column]]
    needed = max([text_width_mm(cell, TEXT_PT) for cell in cells], default=0.0) + 1.5
    step = every_nth(needed, endpoint.figure_tick_day / last_day * width_mm)
    return RiskRows(on_axis, groups, columns, days[::step], last_day, width_mm)
