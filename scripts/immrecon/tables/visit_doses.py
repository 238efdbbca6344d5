"""Counts by visit and dose level: a line per dose level and group, a column per visit, so that a course reads along."""

from collections.abc import Callable

import polars as pl

from immrecon.config.display import DisplaySpec
from immrecon.config.study import Analyte
from immrecon.exhibits import doses_stem
from immrecon.tables.exhibit import BLANK, exhibit
from immrecon.tables.format import NOT_ESTIMABLE, clean, operator, plain, span, unit, with_interval
from immrecon.tables.frames import (
    ALL_PARTICIPANTS,
    Record,
    Stratum,
    conf_level,
    distinct,
    dose_strata,
    group_strata,
    index,
    population_of,
)
from immrecon.tables.model import Cell, Head, Marks, Row, Table
from immrecon.tables.recovery import NOT_AT_EVERY_VISIT, bounded, of_measured_visits
from immrecon.tables.results import Results
from immrecon.vocabulary import POOLED, RowStatus

_ALL_GROUPS = Stratum(POOLED, POOLED, ALL_PARTICIPANTS)
_Show = Callable[[Stratum, str], Cell]


def visits_by_dose(results: Results, spec: DisplaySpec, analyte: Analyte) -> Table:
    """One analyte per dose level, over all groups and in each: samples, median and quartiles, thresholds reached."""
    frame = of_measured_visits(results.visit_summary.filter(pl.col("parameter") == analyte.code), analyte)
    reached = results.threshold_summary.filter(pl.col("parameter") == analyte.code)
    summaries = index(frame, "group", "dose_level", "visit")
    counts = index(reached, "group", "dose_level", "visit", "operator", "threshold_per_ul")
    conf_level(frame, spec)
    marks = Marks()

    def samples(stratum: Stratum, visit: str) -> Cell:
        row = summaries.get((*stratum.key, visit))
        return BLANK if row is None or _nobody(row) else Cell(f"{row['n']} of {row['n_expected']}")

    def median(stratum: Stratum, visit: str) -> Cell:
        row = summaries.get((*stratum.key, visit))
        return BLANK if row is None or not row["n"] else _median(row, marks)

    sections: dict[str, _Show] = {
        "Samples of those expected": samples,
        f"{analyte.code} ({unit(analyte.unit)}), median (Q1 to Q3)": median,
    }
    for item in (item for item in spec.thresholds if item.analyte == analyte.code):

        def share(stratum: Stratum, visit: str, key: tuple[str, float] = (item.operator, item.value_per_ul)) -> Cell:
            row = counts.get((*stratum.key, visit, *key))
            return BLANK if row is None or not row["n"] else Cell(f"{row['n_reached']} of {row['n']}")

        sections[f"{operator(item.operator)} {plain(item.value_per_ul)} /µL, of samples with known status"] = share
    visits = frame.select("visit", "visit_label", "target_day").unique().sort("target_day", "visit").rows()
    lines = [
        Row((*labels, *(show(stratum, visit) for visit, *_ in visits)), section=heading)
        for heading, show in sections.items()
        for labels, stratum in _lines(frame, spec)
    ]
    return exhibit(
        spec,
        stem=doses_stem(analyte.code),
        title=f"{analyte.label} by visit and dose level",
        population=population_of(frame, f"{spec.recovery_population.capitalize()} participants"),
        header=[[Head("Dose level"), Head("Group"), *(Head(clean(label)) for _, label, _ in visits)]],
        rows=lines if visits else [],
        footnotes=[
            f"Method: {'; '.join(distinct(frame, 'method')) or 'order statistics'}.",
            _WHAT,
            *([] if analyte.drawn else [NOT_AT_EVERY_VISIT]),
        ],
        marks=marks,
        empty=f"There is no sample of {analyte.code} in any visit window up to the cut-off, or no dose level.",
        n_labels=2,
    )


_WHAT = (
    "Windows of the visits, and who is expected: as in the table by visit. –: no sample, or nobody expected. Dose "
    "levels and groups with neither at any visit have no line. Dose levels follow each other in time, and are not "
    "randomised. Geometric means and exact intervals: visit_summary and threshold_summary of the results."
)


def _lines(frame: pl.DataFrame, spec: DisplaySpec) -> list[tuple[tuple[Cell, Cell], Stratum]]:
    """Each dose level over all groups, then in each, where there is anybody at any visit; the level is printed once."""
    there = set(
        frame.filter((pl.col("n_expected") > 0) | (pl.col("n") > 0)).select("group", "dose_level").unique().rows()
    )
    lines = []
    for dose in dose_strata(frame, spec):
        for group in (_ALL_GROUPS, *group_strata(frame, spec)[:-1]):
            if (group.group, dose.dose_level) in there:
                labels = (Cell(dose.label, repeated=not group.pooled), group.cell())
                lines.append((labels, Stratum(group.group, dose.dose_level, dose.label)))
    return lines


def _nobody(row: Record) -> bool:
    return not (row["n"] or row["n_expected"])


def _median(row: Record, marks: Marks) -> Cell:
    if row["status"] != RowStatus.ESTIMATED:
        return Cell(NOT_ESTIMABLE, emphasis="muted", marks=marks.mark(row["reason"]))
    if row["n"] == 1:
        return Cell(bounded(row, "median"))
    return Cell(with_interval(bounded(row, "median"), span(bounded(row, "q1"), bounded(row, "q3"))))
