"""Reconstitution by the declared rules: the primary estimate, and what it is when the samples are read otherwise."""

import polars as pl

from immrecon.config.display import DisplaySpec
from immrecon.tables.exhibit import BLANK, estimate_cell, exhibit, interval, method_words
from immrecon.tables.format import clean, count, level, percent, plain, span, with_interval, words
from immrecon.tables.frames import Record, conf_level, distinct, group_strata, index, population_of
from immrecon.tables.model import Cell, Head, Marks, Row, Table
from immrecon.tables.results import Results
from immrecon.vocabulary import ReconstitutionMeasure, RowStatus

_ORDER = list(ReconstitutionMeasure)


def reconstitution(results: Results, spec: DisplaySpec) -> Table:
    """Per endpoint of a rule and measure: groups and all participants, on each day."""
    frame = results.reconstitution
    rows = index(frame, "parameter", "measure", "time_day", "group", "dose_level")
    conf = level(conf_level(frame, spec))
    marks, lines = Marks(), []
    codes = [endpoint.code for endpoint in spec.endpoints if endpoint.code in set(frame["parameter"])]
    for code in codes:
        part = frame.filter(pl.col("parameter") == code)
        for measure in _ORDER:
            for day in distinct(part.filter(pl.col("measure") == measure), "time_day"):
                for stratum in group_strata(part, spec):
                    row = rows.get((code, measure, day, *stratum.key))
                    lines.append(
                        Row((stratum.cell(), *_cells(row, marks)), section=f"{measure.capitalize()}, day {plain(day)}")
                    )
    rules = {code: words(clean(frame.filter(parameter=code)["rule_text"][0])) for code in codes}
    return exhibit(
        spec,
        stem="reconstitution",
        title="Reconstitution, as the sampling allows to tell",
        population=population_of(frame, "Participants at risk"),
        header=[
            [
                Head("Group"), Head("n"), Head("Reached"), Head("Competing"), Head("Not known"),
                Head(f"Estimate, % ({conf} CI)"),
            ]
        ],
        rows=lines,
        footnotes=[
            *(f"Rule of {clean(code)}: {rule}." for code, rule in rules.items()),
            *(f"Method: {method_words(frame.filter(measure=measure))} ({clean(measure)})." for measure in _ORDER
              if not frame.filter(measure=measure).is_empty()),
            _WHAT,
        ],
        marks=marks,
        empty="No endpoint has a reconstitution rule as its event, or nobody is in its population by the cut-off.",
        endpoints=codes,
    )  # fmt: skip


def _cells(row: Record | None, marks: Marks) -> tuple[Cell, ...]:
    if row is None:
        return (BLANK,) * 5
    counts = [Cell(count(row[name])) for name in ("n", "n_events", "n_competing", "n_unknown")]
    return (*counts, _estimate(row, marks))


def _estimate(row: Record, marks: Marks) -> Cell:
    """The estimate; where the samples leave it open, the least and the most that it can be."""
    low, high = row["estimate"], row["estimate_high"]
    if row["status"] != RowStatus.ESTIMATED or low is None or high is None or percent(low) == percent(high):
        return estimate_cell(row, marks, percent, f"reconstitution {row['parameter']}")
    shown = with_interval(span(percent(low), percent(high)), interval(row, percent))
    return Cell(shown, marks=marks.mark(row["reason"]))


_WHAT = (
    "Not known: censored before the day, or, of proportions, neither reached nor surely not reached by the end of the "
    "window. The proportion is of participants whose window is over by the cut-off, the best and the worst case of "
    "all, with open windows as not known; a competing event, also one before the confirming sample, is not reached. "
    "A crossing between two samples lies after the last sample that was not above and by the first of the pair; the "
    "least and the most that the estimate can be are given where the samples leave it open."
)
