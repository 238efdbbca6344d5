"""Who is in the trial: the stages with their losses, and the baseline characteristics."""

from typing import Any

import polars as pl

from immrecon.config.display import DisplaySpec
from immrecon.tables.exhibit import BLANK, exhibit, headed
from immrecon.tables.format import clean, count, count_of, count_percent, measured, span, unit, with_interval
from immrecon.tables.frames import (
    ALL_LEVELS,
    ALL_PARTICIPANTS,
    Record,
    Stratum,
    distinct,
    dose_strata,
    dose_strata_of,
    group_strata,
    index,
    population_of,
)
from immrecon.tables.model import Cell, Head, Row, Table
from immrecon.tables.results import Results
from immrecon.vocabulary import MILESTONE_POPULATION, Population

UNDATED = {
    "n_death_undated": "Died, date unknown (not a death in time-to-event)",
    "n_left_undated": "Left the study, date unknown",
    "n_clock_unknown": "Day of transplant or injection unknown (not in time-to-event from it)",
}
"""Participants whose dates are missing, in the columns of the funnel that count them."""


def funnel(results: Results, spec: DisplaySpec) -> Table:
    """Stages by dose level, one section per group, with the reasons for which participants left."""
    frame = results.funnel
    rows = index(frame, "group", "dose_level", "stage")
    levels = dose_strata_of(frame, spec, None)
    lines = []
    for stratum in group_strata(frame, spec) if rows else []:
        for stage in distinct(frame, "stage", "stage_order"):
            total = rows.get((*stratum.key, stage))
            by_level = [rows.get((stratum.group, level.dose_level, stage)) for level in levels]
            cells = [_stage_count(row) for row in (*by_level, total)]
            lines.append(Row((Cell(stage.capitalize()), *cells, *_losses(total)), section=stratum.label))
        everyone = [rows.get((*key, Population.SCREENED)) for key in ((stratum.group, x.dose_level) for x in levels)]
        lines += _undated([*everyone, rows.get((*stratum.key, Population.SCREENED))], stratum.label)
    return exhibit(
        spec,
        stem="funnel",
        title="Participants by stage, group and dose level",
        population="Screened participants",
        header=[
            [
                Head("Stage", rows=2),
                *([Head("Participants by assigned dose level", columns=len(levels))] if levels else []),
                Head(ALL_LEVELS, rows=2),
                Head("Not reaching this stage from the one before", columns=2),
            ],
            [*(Head(level.label) for level in levels), Head("n"), Head("Reasons")],
        ],
        rows=lines,
        footnotes=[
            "Method: counts of participants; each stage is contained in the one before.",
            f"{ALL_LEVELS} and {ALL_PARTICIPANTS.lower()} include those whose dose level or group is missing or not "
            "configured; as soon as one of the enrolled is concerned, they have a place of their own.",
        ],
        empty="No participant has been screened by the data cut-off.",
        text_columns=(len(levels) + 3,),
    )


def _undated(found: list[Record | None], section: str) -> list[Row]:
    """A line for each kind of missing date that anybody of the section has."""
    lines = []
    for name, words in UNDATED.items():
        if any(row is not None and row[name] for row in found):
            cells = (BLANK if row is None else Cell(count(row[name])) for row in found)
            lines.append(Row((Cell(words), *cells, BLANK, BLANK), section=section))
    return lines


def _stage_count(row: Record | None) -> Cell:
    if row is None:
        return BLANK
    return Cell(count(row["n"]), title=clean(row["loss_reasons"] or ""))


def _losses(row: Record | None) -> tuple[Cell, Cell]:
    if row is None:
        return BLANK, BLANK
    if not row["n_lost"]:
        return Cell(count(0)), Cell("none")
    return Cell(count(row["n_lost"])), Cell(clean(row["loss_reasons"] or "not recorded"))


def baseline(results: Results, spec: DisplaySpec) -> Table:
    """Characteristics by group and by dose level; numeric ones as median, quartiles and range."""
    frame = results.baseline
    rows = index(frame, "group", "dose_level", "characteristic", "level")
    strata = [*group_strata(frame, spec), *dose_strata(frame, spec)]
    lines: list[Row] = []
    for code in distinct(frame, "characteristic", "characteristic_order"):
        part = frame.filter(pl.col("characteristic") == code)
        make = _numeric if part["kind"].item(0) == "numeric" else _categorical
        lines += make(code, part, rows, strata)
    sizes = index(frame.select("group", "dose_level", "n_total").unique(), "group", "dose_level")
    return exhibit(
        spec,
        stem="baseline",
        title="Baseline characteristics",
        population=population_of(frame, "Participants"),
        header=[
            [Head("Characteristic"), *(Head(headed(s.label, sizes.get(s.key, {}).get("n_total"))) for s in strata)]
        ],
        rows=lines,
        footnotes=[
            "Method: medians and quartiles by linear interpolation (type 7); percentages are of participants with a "
            "known value.",
            "Known: participants with a value, of all in the column. A characteristic of the graft or the product is "
            "known of those transplanted or injected by the cut-off.",
        ],
        empty="No participant of this population is in the data by the cut-off, so there is nothing to describe.",
    )


def _numeric(code: str, part: pl.DataFrame, rows: dict[Any, Record], strata: list[Stratum]) -> list[Row]:
    name, units = clean(part["label"].item(0)), unit(clean(part["unit"].item(0)))
    heading = f"{name} ({units})" if units else name
    found = [rows.get((*stratum.key, code, "")) for stratum in strata]

    def line(label: str, show: Any) -> Row:
        cells = (BLANK if row is None or row["median"] is None else Cell(show(row)) for row in found)
        return Row((Cell(label), *cells), section=heading)

    return [
        line("Median (Q1 to Q3)", _median),
        line("Min to max", lambda row: span(measured(row["minimum"]), measured(row["maximum"]))),
        *_known(found, heading),
    ]


def _median(row: Record) -> str:
    return with_interval(measured(row["median"]), span(measured(row["q1"]), measured(row["q3"])))


def _categorical(code: str, part: pl.DataFrame, rows: dict[Any, Record], strata: list[Stratum]) -> list[Row]:
    heading = clean(part["label"].item(0))
    lines = []
    for name in distinct(part, "level"):
        found = [rows.get((*stratum.key, code, name)) for stratum in strata]
        cells = (BLANK if row is None else Cell(count_percent(row["n_level"] or 0, row["n_known"])) for row in found)
        lines.append(Row((Cell(clean(name) or "Not recorded"), *cells), section=heading))
    whole = part.select("group", "dose_level", "known_at", "n_known", "n_not_reached", "n_total").unique()
    by_stratum = index(whole, "group", "dose_level")
    return [*lines, *_known([by_stratum.get(stratum.key) for stratum in strata], heading)]


def _known(found: list[Record | None], heading: str) -> list[Row]:
    """How many have a value and, where it is a reason, how many have not got to where it is known."""
    known = (BLANK if row is None else Cell(count_of(row["n_known"], row["n_total"])) for row in found)
    lines = [Row((Cell("Known"), *known), section=heading, emphasis="muted")]
    there = [row for row in found if row is not None and row["n_not_reached"]]
    if there:
        label = f"Not {MILESTONE_POPULATION[there[0]['known_at']]} by the cut-off"
        cells = (BLANK if row is None else Cell(count(row["n_not_reached"])) for row in found)
        lines.append(Row((Cell(label), *cells), section=heading, emphasis="muted"))
    return lines
