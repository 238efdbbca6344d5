"""Events that can happen again: mean numbers at declared days, and rates per time at risk."""

import polars as pl

from immrecon.config.display import DisplaySpec
from immrecon.tables.exhibit import BLANK, estimate_cell, exhibit, method_words
from immrecon.tables.format import clean, count, days, level, measured, plain
from immrecon.tables.frames import Record, conf_level, distinct, dose_strata, group_strata, index, population_of
from immrecon.tables.model import Cell, Head, Marks, Row, Table
from immrecon.tables.results import Results
from immrecon.vocabulary import EventMeasure


def recurrent_events(results: Results, spec: DisplaySpec) -> Table:
    """Per recurrent event and measure: groups, all participants and dose levels."""
    frame = results.recurrent_summary
    # A rate counts to the end of each stratum's own follow-up.
    keyed = frame.with_columns(DAY=pl.when(pl.col("measure") == EventMeasure.MEAN).then("time_day"))
    rows = index(keyed, "parameter", "measure", "DAY", "group", "dose_level")
    conf = level(conf_level(frame, spec))
    marks, lines = Marks(), []
    for event in spec.recurrent_events:
        part = keyed.filter(pl.col("parameter") == event.code)
        for measure in EventMeasure:
            of_measure = part.filter(pl.col("measure") == measure)
            if of_measure.is_empty():
                continue
            for day in distinct(of_measure, "DAY") or [None]:
                what = _what(of_measure, day)
                for stratum in [*group_strata(part, spec), *dose_strata(part, spec)]:
                    row = rows.get((event.code, measure, day, *stratum.key))
                    lines.append(Row((stratum.cell(), *_cells(row, marks)), section=f"{clean(event.label)}: {what}"))
    return exhibit(
        spec,
        stem="recurrent_events",
        title="Events that can happen again",
        population=population_of(frame, "Participants at risk"),
        header=[
            [
                Head("Group or dose level"), Head("n"), Head("With event"), Head("Events"), Head("Died"),
                Head("Days at risk"), Head(f"Estimate ({conf} CI)"),
            ]
        ],
        rows=lines,
        footnotes=[
            *(f"Method: {method_words(frame.filter(measure=measure))} ({measure})." for measure in EventMeasure
              if not frame.filter(measure=measure).is_empty()),
            f"Days since {', '.join(map(clean, distinct(frame, 'clock')))}." if lines else "",
            _WHAT,
        ],
        marks=marks,
        empty="No event that can happen again is configured, or nobody is in its population by the cut-off.",
        endpoints=[event.code for event in spec.recurrent_events],
    )  # fmt: skip


def _what(rows: pl.DataFrame, day: float | None) -> str:
    if day is not None:
        return f"mean number per participant by day {plain(day)}"
    per = distinct(rows, "per_day")
    return f"rate per {plain(per[0])} patient-days" if per else "rate"


def _cells(row: Record | None, marks: Marks) -> tuple[Cell, ...]:
    if row is None:
        return (BLANK,) * 6
    before = row["n_before"]
    note = f"{before} before the origin do not count" if before else None
    return (
        Cell(count(row["n"])),
        Cell(count(row["n_with_event"])),
        Cell(count(row["n_events"]), marks=marks.mark(note)),
        Cell(count(row["n_terminal"])),
        Cell(days(row["exposure_day"])),
        estimate_cell(row, marks, measured, f"recurrent event {row['parameter']}"),
    )


_WHAT = (
    "The mean number counts everybody at risk at the origin; the dead have no more events. Records of one kind within "
    "the declared recurrence interval are one event. Rates are of the whole time at risk."
)
