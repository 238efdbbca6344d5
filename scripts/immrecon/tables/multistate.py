"""Courses through states: the probability of each state on declared days, and the time spent in it up to then."""

from collections.abc import Collection

import polars as pl

from immrecon.config.display import DisplaySpec, MultiStateDisplay
from immrecon.tables.exhibit import BLANK, estimate_cell, exhibit, method_words
from immrecon.tables.format import clean, count, days, level, percent, plain
from immrecon.tables.frames import (
    Record,
    conf_level,
    distinct,
    dose_strata,
    group_strata,
    index,
    population_of,
)
from immrecon.tables.model import Cell, Head, Marks, Row, Table
from immrecon.tables.results import Results

_KEY = ("parameter", "state", "group", "dose_level", "time_day")


def state_occupancy(results: Results, spec: DisplaySpec, only: Collection[str] | None = None) -> Table:
    """Per course (all, or `only` these codes) and state: groups, all, and dose levels, on each declared day."""
    courses = [course for course in spec.multistate if only is None or course.code in only]
    codes = [course.code for course in courses]
    frame, stays = (
        table.filter(pl.col("parameter").is_in(codes)) for table in (results.state_occupancy, results.length_of_stay)
    )
    rows, stay_rows = index(frame, *_KEY), index(stays, *_KEY)
    conf = level(conf_level(pl.concat([frame.select("conf_level"), stays.select("conf_level")]), spec))
    marks, lines = Marks(), []
    for course in courses:
        part = frame.filter(pl.col("parameter") == course.code)
        strata = [*group_strata(part, spec), *dose_strata(part, spec)]
        for state in course.states if not part.is_empty() else []:
            for stratum in strata:
                for position, day in enumerate(distinct(part, "time_day")):
                    key = (course.code, state.code, *stratum.key, day)
                    label = stratum.cell(repeated=position > 0)
                    cells = _cells(rows.get(key), stay_rows.get(key), marks)
                    lines.append(
                        Row((label, Cell(plain(day)), *cells), section=f"{clean(course.label)}: {clean(state.label)}")
                    )
    return exhibit(
        spec,
        stem="state_occupancy",
        title="Probability of being in each state, and days spent there",
        population=population_of(frame, "Participants at risk"),
        header=[
            [
                Head("Group or dose level", rows=2),
                Head("Day", rows=2),
                Head("Participants", columns=4),
                Head(f"Probability, % ({conf} CI)", rows=2),
                Head(f"Days in the state up to the day ({conf} CI)", rows=2),
            ],
            [Head("n"), Head("Entered"), Head("In the state"), Head("State known")],
        ],
        rows=lines,
        footnotes=[
            *([f"Method: probability: {method_words(frame)}; days: {method_words(stays)}."] if lines else []),
            *map(footnote, courses),
            _WHAT,
        ],
        marks=marks,
        empty="No course through states is configured, or nobody is in its population by the cut-off.",
        endpoints=codes,
        n_labels=2,
    )


def footnote(course: MultiStateDisplay) -> str:
    """What leads into each state, and where follow-up ends."""
    rules = "; ".join(f"{state.label}: {state.rule}" for state in course.states if state.rule)
    landmark = "" if course.landmark_day is None else f", from day {plain(course.landmark_day)}"
    return (
        f"{course.label}, days since {course.clock_label}{landmark}. {rules}. Of states entered on one day the one "
        f"named first is entered first. Follow-up ends {course.censoring}. Source: {course.source} ({course.status})."
    )


_WHAT = (
    "n: participants at risk at the origin. Entered: up to and including the day. In the state, and state known: at "
    "the end of the day. The probabilities of a day add up to 100%, the days to the time since the origin."
)


def _cells(row: Record | None, stay: Record | None, marks: Marks) -> tuple[Cell, ...]:
    if row is None:
        return (BLANK,) * 6
    left_out = row["n_not_at_risk"]
    note = f"{left_out} of the population not at risk (a state entered before the origin, or too late for the landmark)"
    what = f"state {row['state']} of {row['parameter']}"
    return (
        Cell(count(row["n"]), marks=marks.mark(note if left_out else None)),
        Cell(count(row["n_entered"])),
        Cell(count(row["n_state"])),
        Cell(count(row["n_known"])),
        estimate_cell(row, marks, percent, what),
        estimate_cell(stay, marks, days, f"days in {what}"),
    )
