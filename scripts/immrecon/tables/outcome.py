"""Outcome by reconstitution: estimates from landmarks on, and ratios of hazards."""

import polars as pl

from immrecon.config.contrast_specs import ComparisonDisplay
from immrecon.config.display import DisplaySpec
from immrecon.config.outcome_specs import OutcomeDisplay
from immrecon.tables.contrasts import contrast_table
from immrecon.tables.exhibit import estimate_cell, exhibit, method_words
from immrecon.tables.format import clean, count, level, percent, plain, sentence, words
from immrecon.tables.frames import Record, conf_level, distinct, population_of
from immrecon.tables.model import Cell, Head, Marks, Row, Table
from immrecon.tables.results import Results
from immrecon.tables.tte import estimand
from immrecon.vocabulary import LANDMARK_CATEGORIES, POOLED, UNKNOWN

_ORDER = {category: place for place, category in enumerate(dict.fromkeys(LANDMARK_CATEGORIES.values()))}


def outcome_estimates(results: Results, spec: DisplaySpec) -> Table:
    """Per analysis, endpoint and landmark: each category, over all groups, on each day after the landmark."""
    frame = results.outcome_estimates.filter(pl.col("group") == POOLED)
    conf = level(conf_level(frame, spec))
    marks, lines = Marks(), []
    shown = [outcome for outcome in spec.outcomes if outcome.kind == "landmark"]
    endpoints = {endpoint.code: endpoint for endpoint in spec.endpoints}
    for outcome in shown:
        for code in outcome.endpoints:
            part = frame.filter(pl.col("outcome") == outcome.code, pl.col("parameter") == code)
            for day in distinct(part, "landmark_day"):
                what = f"{clean(endpoints[code].label)}: {estimand(endpoints[code])}"
                section = f"{what} from day {plain(day)} after {clean(outcome.clock_label)} on"
                rows = part.filter(pl.col("landmark_day") == day).sort("time_day").to_dicts()
                rows.sort(key=lambda row: _ORDER[row["category"]])
                first = [row["time_day"] for row in rows][:1]
                lines += [
                    Row(_cells(row, [row["time_day"]] == first, marks), section=section)
                    for row in rows
                    if row["category"] != UNKNOWN or [row["time_day"]] == first
                ]
    return exhibit(
        spec,
        stem="outcome_estimates",
        title="Outcome from a landmark on, by reconstitution at it",
        population=population_of(frame, "Participants at risk after the landmark"),
        header=[
            [
                Head("Status at the landmark", rows=2),
                Head("Days after it", rows=2),
                Head("Participants", columns=4),
                Head(f"Estimate, % ({conf} CI)", rows=2),
            ],
            [Head("n"), Head("Events"), Head("Competing"), Head("At risk")],
        ],
        rows=lines,
        footnotes=[
            *([f"Method: {method_words(frame.filter(pl.col('category') != UNKNOWN))}."] if lines else []),
            *(_footnote(outcome) for outcome in shown),
            _WHAT,
        ],
        marks=marks,
        empty="No landmark is configured.",
        endpoints=[code for outcome in shown for code in (outcome.code, *outcome.endpoints)],
        n_labels=2,
    )


_WHAT = (
    "n: alive, followed and free of the endpoint's events after the landmark. Reached, not yet confirmed: had reached "
    "the threshold, without confirmation by then. Status not known: counted, in no estimate. Events and competing "
    "events: up to and including the day; at risk: just before it. Nothing after a landmark changes the status at it. "
    "By group: outcome_estimates of the results."
)


def _footnote(outcome: OutcomeDisplay) -> str:
    return (
        f"{outcome.label}: {words(outcome.rule)}. No evidence of an effect: {outcome.p_values.reason}. "
        f"Source: {outcome.source} ({outcome.status})."
    )


def _cells(row: Record, first: bool, marks: Marks) -> tuple[Cell, ...]:
    unknown = row["category"] == UNKNOWN
    label = Cell(sentence(row["category"]), repeated=not first)
    counts = [Cell(count(row[name])) for name in ("n", "n_events", "n_competing", "n_risk")]
    return (
        label,
        Cell(plain(row["time_day"])),
        *counts,
        estimate_cell(row, marks, percent, f"{row['outcome']} of {row['parameter']}, {unknown}"),
    )


def outcome_contrasts(results: Results, spec: DisplaySpec) -> Table:
    """Ratios of hazards per endpoint: reconstituted against not at each landmark, and by the current count."""
    shown = [
        ComparisonDisplay(
            code=outcome.code,
            label=outcome.label,
            endpoints=outcome.endpoints,
            levels={},
            p_values_shown=outcome.p_values.shown,
            p_values_reason=outcome.p_values.reason,
            source=outcome.source,
            status=outcome.status,
        )
        for outcome in spec.outcomes
    ]
    current = [_footnote(outcome) for outcome in spec.outcomes if outcome.kind != "landmark"]
    return contrast_table(
        results.outcome_contrasts,
        shown,
        spec,
        "outcome_contrasts",
        "Hazards by reconstitution and by the current count",
        [*current, _RATIOS],
        "No analysis of outcome is configured.",
    )


_RATIOS = (
    "Ratios are of the level over the reference; of the current count, of a count ten times as high. Methods follow "
    "from what is planned, not from what is seen."
)
