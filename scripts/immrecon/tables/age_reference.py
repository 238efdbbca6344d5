"""Counts beside what is usual at the age: by visit and group, and the limits that were used with their sources."""

import re
from dataclasses import replace

import polars as pl

from immrecon.config.display import AGE_LIMITS, DisplaySpec
from immrecon.config.study import Analyte
from immrecon.exhibits import age_visits_stem
from immrecon.tables.exhibit import BLANK, count_cell, exhibit, method_words
from immrecon.tables.format import (
    NOT_APPLICABLE,
    NOT_ESTIMABLE,
    clean,
    count,
    level,
    measured,
    plain,
    rounded,
    span,
    unit,
    with_interval,
)
from immrecon.tables.frames import Record, conf_level, distinct, group_strata, index, population_of
from immrecon.tables.model import Cell, Head, Marks, Row, Table
from immrecon.tables.results import Results
from immrecon.vocabulary import AgeMeasure, AgeShare, RowStatus

_MEASURES = {AgeMeasure.LOWER: "% of lower limit", AgeMeasure.MEDIAN: "% of median", AgeMeasure.Z_SCORE: "z-score"}
_SHARES = {AgeShare.REACHED: "At or above lower limit", AgeShare.WITHIN: "Within the limits"}


def visits(results: Results, spec: DisplaySpec, analyte: Analyte) -> Table:
    """One analyte: by visit and group, counts relative to the limits of the age and how many have reached them."""
    frame = results.age_reference_summary.filter(pl.col("parameter") == analyte.code)
    reached = results.age_reference_shares.filter(pl.col("parameter") == analyte.code)
    summaries = index(frame, "group", "dose_level", "visit", "measure")
    shares = index(reached, "group", "dose_level", "visit", "measure")
    order = frame.select("visit", "visit_label", "target_day").unique().sort("target_day", "visit")
    marks, lines = Marks(), []
    for visit, label, day in order.iter_rows():
        for stratum in group_strata(frame, spec):
            of_visit = {measure: summaries.get((*stratum.key, visit, measure)) for measure in AgeMeasure}
            lower = of_visit[AgeMeasure.LOWER]
            cells = [Cell(stratum.label), *_counts(lower, marks)]
            cells += [_quantiles(row, measure, marks) for measure, row in of_visit.items()]
            cells += [_share(shares.get((*stratum.key, visit, share)), marks) for share in AgeShare]
            lines.append(Row(tuple(cells), section=f"{clean(label)} (target day {plain(day)})"))
    conf = level(conf_level(reached, spec))
    first = [
        Head("Group", rows=2),
        Head("Samples", columns=2),
        Head(f"{analyte.code}, median (Q1 to Q3)", columns=len(_MEASURES)),
        Head(f"n (%) [{conf} CI]", columns=len(_SHARES)),
    ]
    second = [Head("Available"), Head("With limit"), *map(Head, _MEASURES.values()), *map(Head, _SHARES.values())]
    return exhibit(
        spec,
        stem=age_visits_stem(analyte.code),
        title=f"{analyte.label} beside the limits of the age, by visit",
        population=population_of(frame, f"{spec.recovery_population.capitalize()} participants"),
        header=[first, second],
        rows=lines,
        footnotes=_visit_notes(frame, reached, results, analyte, spec),
        marks=marks,
        empty=f"No sample of {analyte.code} up to the cut-off has a reference limit.",
        endpoints=[AGE_LIMITS],
    )


def _counts(row: Record | None, marks: Marks) -> list[Cell]:
    if row is None:
        return [BLANK, BLANK]
    sent = f"{row['n_laboratory']} of them by a limit of the laboratory" if row["n_laboratory"] else None
    return [Cell(count(row["n"])), Cell(count(row["n_reference"]), marks=(*_reasons(row, marks), *marks.mark(sent)))]


def _reasons(row: Record, marks: Marks) -> tuple[str, ...]:
    """A footnote per reason why samples have no reference; how many there are is the difference of two numbers."""
    reasons = [re.sub(r" \(\d+\)$", "", reason) for reason in (row["missing"] or "").split("; ") if reason]
    return tuple(letter for reason in reasons for letter in marks.mark(f"some or all samples: {reason}"))


def _quantiles(row: Record | None, measure: AgeMeasure, marks: Marks) -> Cell:
    if row is None:
        return BLANK
    if row["status"] != RowStatus.ESTIMATED:
        noted = _reasons(row, marks) if row["missing"] else marks.mark(row["reason"])
        return Cell(NOT_ESTIMABLE, emphasis="muted", marks=noted)
    median, q1, q3 = (_bounded(row, name, measure) for name in ("median", "q1", "q3"))
    # Of the lower limit the number stands in a column of its own, with the reasons.
    text = with_interval(median, span(q1, q3))
    if measure is AgeMeasure.LOWER or not row["n_without"]:
        return Cell(text)
    return Cell(f"{text}, n={row['n_reference']}", marks=_reasons(row, marks))


def _bounded(row: Record, name: str, measure: AgeMeasure) -> str:
    """A statistic, or its bound where results beyond a limit leave it open on one side."""
    value, is_below, is_above = row[name], row[f"{name}_below_limit"], row[f"{name}_above_limit"]
    if value is None:
        return NOT_ESTIMABLE
    shown = rounded(value, 1) if measure is AgeMeasure.Z_SCORE else measured(value)
    return f"{'<' * bool(is_below)}{'>' * bool(is_above)}{shown}"


def _share(row: Record | None, marks: Marks) -> Cell:
    """How many, of those whose status is known."""
    cell = count_cell(row, "n_reached", marks)
    if row is None or not row["n_unknown"]:
        return cell
    unknown = f"of {row['n']} with known status; {row['n_unknown']} unknown (censored beyond the limit)"
    return replace(cell, marks=(*cell.marks, *marks.mark(unknown)))


def _visit_notes(
    frame: pl.DataFrame, reached: pl.DataFrame, results: Results, analyte: Analyte, spec: DisplaySpec
) -> list[str]:
    used = results.age_reference_bands.filter(pl.col("parameter") == analyte.code, pl.col("n_samples") > 0)
    used = used.sort("age_from_years", "band_order")
    sources = "; ".join(
        f"{source} ({', '.join(distinct(used.filter(pl.col('source') == source), 'percentiles'))})"
        for source in used["source"].unique(maintain_order=True)
    )
    own = "the laboratory's own where it sends one, otherwise that " if spec.age_limits and spec.age_limits.sent else ""
    exact = method_words(reached)
    return [
        f"Method: {'; '.join(distinct(frame, 'method')) or 'order statistics'}. One sample per visit, as in the "
        "table by visit. n: where it is not the number with limit.",
        f"Lower limit: {own}of the band of the age on the day of the sample, which follows from birth date and age at "
        "enrolment as precisely as they are recorded; outside every band, or where two are possible, there is none. "
        "Median: that of the band.",
        "z-score: by the LMS method, or on the logarithm of the count with the distance of median and limits as their "
        "percentiles say, where the source allows it. Far below the range of healthy people it has no interpretation: "
        "percentages are the scale of the first half year.",
        *([f"Limits: {sources}. The table of limits has every row."] if sources else []),
        *([f"At or above, within: {exact}, of the samples whose status is known."] if exact else []),
    ]


def limits(results: Results, spec: DisplaySpec) -> Table:
    """Every band that answers for a sample: its limits, what they are, and where they come from."""
    used = results.age_reference_bands.filter(pl.col("n_samples") > 0)
    shown = [] if spec.age_limits is None else spec.age_limits.analytes
    marks, lines = Marks(), []
    for analyte in shown:
        own = used.filter(pl.col("parameter") == analyte.code).sort("age_from_years", "band_order")
        for row in own.iter_rows(named=True):
            cells = (
                Cell(clean(row["band"]), marks=marks.mark(row["note"] or None)),
                *(Cell(NOT_APPLICABLE if row[x] is None else plain(row[x])) for x in ("lower", "median", "upper")),
                Cell(clean(row["percentiles"])),
                Cell(clean(row["z_score"])),
                Cell(count(row["n_participants"])),
                Cell(count(row["n_samples"])),
                Cell(clean(row["source"])),
                Cell(clean(row["row_status"]), emphasis="none" if row["row_status"] == "signed" else "alert"),
            )
            lines.append(Row(cells, section=f"{clean(analyte.label)} ({unit(clean(analyte.unit))})"))
    own_limits = (
        "Where a laboratory sends limits of its own with a result, they are used instead, and are not listed."
        if spec.age_limits is not None and spec.age_limits.sent
        else "No laboratory sends limits of its own."
    )
    heads = ("Age", "Lower", "Median", "Upper", "Limits are", "z-score", "Participants", "Samples", "Source", "Status")
    return exhibit(
        spec,
        stem="age_limits",
        title="Reference limits by age",
        population=f"{spec.recovery_population.capitalize()} participants",
        header=[[Head(name) for name in heads]],
        rows=lines,
        footnotes=[
            "Method: as the file of reference limits of this run has them; nothing is estimated. Bands without a "
            f"sample are left out. {own_limits}",
            "P10-P90: 10% of healthy people of the age lie below the lower limit, and 90% below the upper one. Not "
            "stated: the source does not say, so there is no z-score.",
            "Participants and samples: from the transplant on. A participant who grows from one band into the next "
            "counts in both.",
        ],
        marks=marks,
        empty="No sample up to the cut-off is of an age that the file of reference limits has a band for.",
        endpoints=[AGE_LIMITS],
        text_columns=(0, 4, 5, 8, 9),
    )
