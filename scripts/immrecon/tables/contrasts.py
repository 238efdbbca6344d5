"""Comparisons: what is estimated, by which method and why, and why there are p-values or none."""

from collections.abc import Callable, Collection, Sequence

import polars as pl

from immrecon.config.contrast_specs import ComparisonDisplay
from immrecon.config.display import DisplaySpec
from immrecon.tables.exhibit import BLANK, estimate_cell, exhibit
from immrecon.tables.format import clean, count, estimator, level, p_value, points, ratio, rounded, sentence
from immrecon.tables.frames import Record, conf_level, distinct, population_of
from immrecon.tables.model import Cell, Head, Marks, Row, Table
from immrecon.tables.results import Results
from immrecon.vocabulary import POOLED, RATIOS, ContrastMeasure, RowStatus

_IN_DAYS = (ContrastMeasure.RESTRICTED_MEAN, ContrastMeasure.MEAN_DIFFERENCE)
_ORDER = {measure: order for order, measure in enumerate(ContrastMeasure)}


def contrasts(results: Results, spec: DisplaySpec, only: Collection[str] | None = None) -> Table:
    """Per endpoint (all, or `only` these codes) and comparison: tests, ratios and differences."""
    frame = results.contrasts
    if only is not None:
        frame = frame.filter(pl.col("parameter").is_in(list(only)))
    footnotes = [_DIFFERENCES_AND_RATIOS, _WHAT]
    return contrast_table(
        frame, spec.comparisons, spec, "contrasts", "Comparisons", footnotes, "No comparison is configured."
    )


def contrast_table(
    frame: pl.DataFrame,
    comparisons: Sequence[ComparisonDisplay],
    spec: DisplaySpec,
    stem: str,
    title: str,
    footnotes: Sequence[str],
    empty: str,
) -> Table:
    """Rows of CONTRASTS or a table like it, per endpoint and comparison."""
    declared = {comparison.code: comparison for comparison in comparisons}
    labels = {endpoint.code: endpoint.label for endpoint in spec.endpoints}
    codes = [code for code in labels if code in set(frame["parameter"])]
    conf = level(conf_level(frame, spec))
    marks = Marks()
    lines = []
    for code in codes:
        for row in _ordered(frame.filter(pl.col("parameter") == code)):
            comparison = declared.get(row["comparison"])
            heading = f"{clean(labels[code])}: {clean(comparison.label if comparison else row['comparison'])}"
            lines.append(Row(_cells(row, comparison, marks), section=heading))
    return exhibit(
        spec,
        stem=stem,
        title=title,
        population=population_of(frame, "Participants at risk"),
        header=[
            [
                Head("What is compared", rows=2),
                Head("Level", rows=2),
                Head("Level", columns=2),
                Head("Reference", columns=2),
                Head(f"Estimate ({conf} CI)", rows=2),
                Head("p", rows=2),
                Head("Method", rows=2),
            ],
            [Head("n"), Head("Events"), Head("n"), Head("Events")],
        ],
        rows=lines,
        footnotes=[*_p_values(frame, declared), *_intervals(frame), *footnotes] if lines else [],
        marks=marks,
        empty=empty,
        endpoints=codes,
        n_labels=2,
        text_columns=(8,),
    )


_DIFFERENCES_AND_RATIOS = (
    "Differences are level minus reference, in percentage points; restricted means and their differences are in days; "
    "ratios are level over reference. Events: by the day where one is named."
)
_WHAT = "Tests and steps are of all levels together. Methods follow from what is planned, not from what is seen."


def _ordered(frame: pl.DataFrame) -> list[Record]:
    rows = frame.sort("comparison_order", "level_order", "time_day", nulls_last=True).to_dicts()
    return sorted(rows, key=lambda row: (row["comparison_order"], _ORDER[ContrastMeasure(row["measure"])]))


def _cells(row: Record, comparison: ComparisonDisplay | None, marks: Marks) -> tuple[Cell, ...]:
    what = sentence(f"{row['measure']}, {row['horizon']}" if row["horizon"] else str(row["measure"]))
    name = "all levels" if row["level"] == POOLED and row["factor"] != "reference" else row["level"]
    named = (comparison.levels if comparison else {}).get(name, name)
    alone = row["n_level"] is None
    mine = ("n", "n_events") if alone else ("n_level", "n_events_level")
    reference = [BLANK, BLANK] if alone else [Cell(count(row[c])) for c in ("n_reference", "n_events_reference")]
    if row["n_expected"] is not None:
        reference = [BLANK, Cell(f"{rounded(row['n_expected'], 2)} expected")]
    tested = row["status"] == RowStatus.ESTIMATED and row["estimate"] is None
    shown = Cell("\u2013", emphasis="muted", marks=marks.mark(row["reason"])) if tested else estimate_cell(
        row, marks, _show(row), f"contrasts of {row['parameter']}"
    )  # fmt: skip
    p = BLANK if row["p_value"] is None else Cell(p_value(row["p_value"]))
    stratified = f", stratified by {row['stratified_by'].replace('_', ' ')}" if row["stratified_by"] else ""
    method = Cell(sentence(estimator(clean(row["method"] + stratified))))
    return (Cell(what), Cell(clean(named)), *(Cell(count(row[c])) for c in mine), *reference, shown, p, method)


def _show(row: Record) -> Callable[[float], str]:
    measure = ContrastMeasure(row["measure"])
    if measure in RATIOS:
        return ratio
    return _one_decimal if measure in _IN_DAYS else points


def _one_decimal(value: float) -> str:
    return rounded(value, 1)


def _p_values(frame: pl.DataFrame, declared: dict[str, ComparisonDisplay]) -> list[str]:
    """Why each comparison has p-values or none, and where a reference in print comes from."""
    notes = []
    for code in distinct(frame, "comparison", "comparison_order"):
        if (comparison := declared.get(code)) is None:
            continue
        given = "p-values are given" if comparison.p_values_shown else "no test is made and no p-value is given"
        note = f"{comparison.label}: {given}: {comparison.p_values_reason}."
        if comparison.source:
            note += f" Source: {comparison.source} ({comparison.status})."
        notes.append(note)
    return notes


def _intervals(frame: pl.DataFrame) -> list[str]:
    """Interval and variance of each method."""
    ways = frame.filter(pl.col("conf_type").is_not_null()).select("method", "conf_type", "variance").unique()
    texts = []
    for method, conf_type, variance in ways.sort(pl.all(), nulls_last=True).iter_rows():
        made = f"{method}: {conf_type}" + (f", variance {variance}" if variance else "")
        texts.append(estimator(clean(made)))
    return [f"Intervals: {'; '.join(texts)}."] if texts else []
