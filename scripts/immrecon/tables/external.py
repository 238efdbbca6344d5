"""External comparisons: what is found here beside what is in print, or in a control data set."""

import polars as pl

from immrecon.config.display import DisplaySpec
from immrecon.config.external_specs import ExternalDisplay
from immrecon.tables.exhibit import BLANK, estimate_cell, exhibit
from immrecon.tables.format import clean, count, estimator, level, p_value, percent, plain, ratio, sentence, words
from immrecon.tables.frames import ALL_PARTICIPANTS, Record, conf_level, population_of
from immrecon.tables.model import Cell, Head, Marks, Row, Table
from immrecon.tables.results import Results
from immrecon.vocabulary import POOLED, ExternalMeasure

_ORDER = {measure: order for order, measure in enumerate(ExternalMeasure)}
_SOURCES = {"reference": 0, "here": 1, "both": 2}
_WHOSE = {"reference": "Reference", "here": "Here", "both": "Here over reference"}
_RATIOS = (ExternalMeasure.HAZARD_RATIO, ExternalMeasure.CAUSE_SPECIFIC)
_DIFFERENCES = (ExternalMeasure.SURVIVAL_DIFFERENCE, ExternalMeasure.INCIDENCE_DIFFERENCE)


def external_control(results: Results, spec: DisplaySpec) -> Table:
    """Per reference, endpoint and group: the reference, the estimate here, tests or comparisons of the two."""
    # Without anybody of unknown status the best and the worst case are what is known.
    cases = pl.col("measure").is_in([ExternalMeasure.BEST, ExternalMeasure.WORST])
    frame = results.external_control.filter(~cases | (pl.col("n_unknown") > 0))
    conf = level(conf_level(frame, spec))
    labels = {endpoint.code: endpoint.label for endpoint in spec.endpoints}
    groups = {group.code: group.label for group in spec.groups} | {POOLED: ALL_PARTICIPANTS}
    order = list(groups)
    marks, lines = Marks(), []
    for item in spec.externals:
        for code in item.endpoints:
            part = frame.filter(pl.col("reference") == item.code, pl.col("parameter") == code).to_dicts()
            part.sort(key=lambda row: (order.index(row["group"]), *_place(row)))
            section = f"{clean(labels[code])}: {clean(item.label)}"
            before = None
            for row in part:
                name = Cell(clean(groups[row["group"]]), repeated=row["group"] == before)
                before = row["group"]
                lines.append(Row((name, *_cells(row, marks)), section=section))
    return exhibit(
        spec,
        stem="external_control",
        title="Beside references from elsewhere",
        population=population_of(frame, "Participants at risk"),
        header=[
            [
                Head("Group"),
                Head("What"),
                Head("Whose"),
                Head("n"),
                Head("Events"),
                Head("Not known"),
                Head(f"Estimate ({conf} CI)"),
                Head("p"),
                Head("Method"),
            ]
        ],
        rows=lines,
        footnotes=[*map(_footnote, spec.externals), _WHAT] if lines else [],
        marks=marks,
        empty="No reference from elsewhere is configured.",
        endpoints=[code for item in spec.externals for code in (item.code, *item.endpoints)],
        n_labels=3,
        text_columns=(8,),
    )


_WHAT = (
    "Proportions are in %, differences in percentage points, ratios here over reference. Not known: participants whose "
    "window is over and whose status is not known; in the best and the worst case also those whose window is open. p0: "
    "the proportion that is tested. Nothing is adjusted for how the populations differ."
)


def _place(row: Record) -> tuple[float, ...]:
    return (_ORDER[row["measure"]], row["time_day"] or 0.0, row["null_value"] or 0.0, _SOURCES[row["source"]])


def _cells(row: Record, marks: Marks) -> tuple[Cell, ...]:
    measure = ExternalMeasure(row["measure"])
    tested = row["null_value"] is not None
    what = f"{measure}, p0 = {percent(row['null_value'])}%" if tested else measure.value
    if row["time_day"] is not None and not tested:
        what += f", day {plain(row['time_day'])}"
    show = ratio if measure in _RATIOS else percent
    p = BLANK if row["p_value"] is None else Cell(p_value(row["p_value"]))
    method = row["method"] + (f", {row['alternative']}" if row["alternative"] else "")
    method += f" ({row['conf_type']})" if row["conf_type"] and not tested else ""
    known = BLANK if row["n_unknown"] is None else Cell(count(row["n_unknown"]))
    return (
        Cell(sentence(what)),
        Cell("Here minus reference" if measure in _DIFFERENCES else _WHOSE[row["source"]]),
        Cell(count(row["n"])),
        Cell(count(row["n_events"])),
        known,
        BLANK
        if tested and row["estimate"] is not None
        else estimate_cell(row, marks, show, f"{measure} of {row['reference']}"),
        p,
        Cell(sentence(estimator(clean(method)))),
    )


def _footnote(item: ExternalDisplay) -> str:
    given = "p-values are given" if item.p_values.shown else "no p-value is given"
    return (
        f"{item.label}: {words(item.about)}. The populations differ: {'; '.join(item.differences)}. "
        f"{sentence(given)}: {item.p_values.reason}. Source: {item.source} ({item.status})."
    )
