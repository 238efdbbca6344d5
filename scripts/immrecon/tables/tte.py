"""Endpoints over time: estimates at landmark days, and median times and follow-up."""

from collections.abc import Collection

import polars as pl

from immrecon.config.display import DisplaySpec, EndpointDisplay
from immrecon.tables.exhibit import BLANK, estimate_cell, exhibit, method_words
from immrecon.tables.format import clean, count, days, level, percent, plain, unit, words
from immrecon.tables.frames import (
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
from immrecon.tables.results import Results

FOLLOW_UP = "FOLLOW_UP_"
"""Prefix of the parameter of reverse Kaplan-Meier in the quantiles."""

_QUARTERS = {0.25: "First quartile", 0.5: "Median", 0.75: "Third quartile"}


def landmarks(results: Results, spec: DisplaySpec, only: Collection[str] | None = None) -> Table:
    """Per endpoint (all, or `only` these codes): groups, all, and dose levels, at each landmark day."""
    frame = _chosen(results.landmarks, only)
    rows = index(frame, "parameter", "group", "dose_level", "time_day")
    conf = level(conf_level(frame, spec))
    marks = Marks()
    lines = []
    codes = ordered_codes(distinct(frame, "parameter"), spec)
    for code in codes:
        part = frame.filter(pl.col("parameter") == code)
        heading = landmark_heading(part, _endpoint(code, spec))
        for stratum in [*group_strata(part, spec), *dose_strata(part, spec)]:
            for position, day in enumerate(distinct(part, "time_day")):
                row = rows.get((code, *stratum.key, day))
                label = stratum.cell(repeated=position > 0)
                lines.append(Row((label, Cell(plain(day)), *_landmark(row, marks)), section=heading))
    return exhibit(
        spec,
        stem="landmarks",
        title="Endpoints at landmark days",
        population=population_of(frame, "Participants at risk"),
        header=[
            [
                Head("Group or dose level", rows=2),
                Head("Day", rows=2),
                Head("Participants", columns=4),
                Head(f"Estimate, % ({conf} CI)", rows=2),
                Head("Longest follow-up (days)", rows=2),
            ],
            [Head("n"), Head("Events"), Head("Competing"), Head("At risk")],
        ],
        rows=lines,
        footnotes=[*_methods(frame, codes), _WHAT],
        marks=marks,
        empty="No endpoint is configured, or no participant is in its population by the cut-off.",
        endpoints=codes,
        n_labels=2,
    )


_WHAT = (
    "n: participants at risk at the origin of the clock. Events and competing events: up to and including the day; at "
    "risk: just before it. Survival endpoints show the probability of being event-free, "
    "the others the cumulative incidence in the presence of competing events."
)


def landmark_heading(part: pl.DataFrame, endpoint: EndpointDisplay | None) -> str:
    """The endpoint in words, what is estimated, in whom, and from when."""
    label, population, clock = part.select("label", "population", "clock").row(0)
    what = "" if endpoint is None else f": {estimand(endpoint)}"
    return f"{clean(label)}{what}, {population} participants, days since {clean(clock)}"


def estimand(endpoint: EndpointDisplay) -> str:
    return "event-free probability" if endpoint.display == "survival" else "cumulative incidence"


def _landmark(row: Record | None, marks: Marks) -> tuple[Cell, ...]:
    if row is None:
        return (BLANK,) * 6
    left_out = row["n_not_at_risk"]
    note = f"{left_out} of the population not at risk at the origin: {row['not_at_risk'] or 'no reason recorded'}"
    longest = row["max_follow_up_day"]
    return (
        Cell(count(row["n"]), marks=marks.mark(note if left_out else None)),
        Cell(count(row["n_events"])),
        Cell(count(row["n_competing"])),
        Cell(count(row["n_risk"])),
        estimate_cell(row, marks, percent, f"landmarks of {row['parameter']}"),
        BLANK if longest is None else Cell(days(longest)),
    )


def _methods(frame: pl.DataFrame, parameters: list[str]) -> list[str]:
    """One footnote per way of estimating, with the parameters that were estimated so."""
    by_way: dict[str, list[str]] = {}
    for parameter in parameters:
        way = method_words(frame.filter(pl.col("parameter") == parameter))
        code = clean(parameter.removeprefix(FOLLOW_UP))
        by_way.setdefault(way, []).append(f"follow-up of {code}" if parameter.startswith(FOLLOW_UP) else code)
    return [f"Method: {way} ({', '.join(codes)})." for way, codes in by_way.items()]


_PLATEAU = "Where the curve is flat at exactly the quantile, the middle of the flat piece is given (as R and SAS do)."


def quantiles(results: Results, spec: DisplaySpec, only: Collection[str] | None = None) -> Table:
    """Median times to the endpoints, then median follow-up by reverse Kaplan-Meier; all, or `only` these parameters."""
    frame = _chosen(results.quantiles, only)
    conf = level(conf_level(frame, spec))
    rows = index(frame, "parameter", "group", "dose_level", "probability")
    marks = Marks()
    lines: list[Row] = []
    found = distinct(frame, "parameter")
    times = [code for code in found if not code.startswith(FOLLOW_UP)]
    follow_up = [code.removeprefix(FOLLOW_UP) for code in found if code.startswith(FOLLOW_UP)]
    parameters = [*ordered_codes(times, spec), *(FOLLOW_UP + code for code in ordered_codes(follow_up, spec))]
    for parameter in parameters:
        kind = "Follow-up" if parameter.startswith(FOLLOW_UP) else "Time to event"
        heading = f"{kind}: {_label(parameter.removeprefix(FOLLOW_UP), spec)}"
        lines += _quantile_lines(parameter, heading, rows, frame, spec, marks)
    return exhibit(
        spec,
        stem="quantiles",
        title=_quantile_title(bool(times), bool(follow_up)),
        population="Participants at risk at the origin of each endpoint",
        header=[
            [
                Head("Group or dose level"),
                Head("Quantile"),
                Head("n"),
                Head(_event_head(bool(times), bool(follow_up))),
                Head(f"Days ({conf} CI)"),
            ]
        ],
        rows=lines,
        footnotes=[*_methods(frame, parameters), *([_PLATEAU] if times else []), *([_REVERSED] if follow_up else [])],
        marks=marks,
        empty="No endpoint is configured, or no participant is in its population by the cut-off.",
        endpoints=[*times, *follow_up],
        n_labels=2,
    )


_REVERSED = (
    "Follow-up is estimated by exchanging the roles of event and censoring, so that participants with an early event "
    "do not shorten it."
)


def _quantile_title(times: bool, follow_up: bool) -> str:
    if times == follow_up:
        return "Median time to event and median follow-up"
    return "Median time to event" if times else "Median follow-up"


def _event_head(times: bool, follow_up: bool) -> str:
    """Follow-up ends by censoring: that is its event."""
    if times == follow_up:
        return "Events (follow-up: censored)"
    return "Events" if times else "Censored"


def _quantile_lines(
    parameter: str,
    heading: str,
    rows: dict[tuple[object, ...], Record],
    frame: pl.DataFrame,
    spec: DisplaySpec,
    marks: Marks,
) -> list[Row]:
    part = frame.filter(pl.col("parameter") == parameter)
    lines = []
    for stratum in [*group_strata(part, spec), *dose_strata(part, spec)]:
        for position, probability in enumerate(distinct(part, "probability")):
            row = rows.get((parameter, *stratum.key, probability))
            label = stratum.cell(repeated=position > 0)
            name = _QUARTERS.get(probability, f"{level(probability)} quantile")
            lines.append(Row((label, Cell(name), *_quantile(row, stratum, marks)), section=heading))
    return lines


def _quantile(row: Record | None, stratum: Stratum, marks: Marks) -> tuple[Cell, ...]:
    if row is None:
        return (BLANK,) * 3
    where = f"quantiles of {row['parameter']} in {stratum.label}"
    return Cell(count(row["n"])), Cell(count(row["n_events"])), estimate_cell(row, marks, days, where)


def ordered_codes(codes: list[str], spec: DisplaySpec) -> list[str]:
    """Endpoints in the order of the configuration, then those that only the results have."""
    known = [endpoint.code for endpoint in spec.endpoints]
    return [code for code in known if code in codes] + [code for code in codes if code not in known]


def rule_words(endpoint: EndpointDisplay) -> str:
    return unit(words(clean(endpoint.rule)))


def _chosen(frame: pl.DataFrame, only: Collection[str] | None) -> pl.DataFrame:
    return frame if only is None else frame.filter(pl.col("parameter").is_in(list(only)))


def _endpoint(code: str, spec: DisplaySpec) -> EndpointDisplay | None:
    return next((endpoint for endpoint in spec.endpoints if endpoint.code == code), None)


def _label(code: str, spec: DisplaySpec) -> str:
    endpoint = _endpoint(code, spec)
    return clean(code if endpoint is None else endpoint.label)
