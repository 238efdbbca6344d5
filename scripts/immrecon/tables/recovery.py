"""Immune reconstitution: counts by visit with thresholds, and where each participant stands with a rule."""

from dataclasses import replace
from typing import Any

import polars as pl

from immrecon.config.display import DisplaySpec
from immrecon.config.study import Analyte, Threshold, Visit
from immrecon.errors import ContractError
from immrecon.exhibits import visits_stem
from immrecon.tables.exhibit import BLANK, count_cell, exhibit, headed, method_words
from immrecon.tables.format import (
    NOT_ESTIMABLE,
    above,
    at_most,
    below,
    clean,
    count,
    count_percent,
    level,
    measured,
    operator,
    plain,
    span,
    unit,
    with_interval,
    words,
)
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
from immrecon.vocabulary import RowStatus


def visits(results: Results, spec: DisplaySpec, analyte: Analyte) -> Table:
    """One analyte: by visit and group, how many samples, how high, and how many reached each threshold."""
    frame = of_measured_visits(results.visit_summary.filter(pl.col("parameter") == analyte.code), analyte)
    reached = results.threshold_summary.filter(pl.col("parameter") == analyte.code)
    thresholds = [item for item in spec.thresholds if item.analyte == analyte.code]
    summaries = index(frame, "group", "dose_level", "visit")
    counts = index(reached, "group", "dose_level", "visit", "operator", "threshold_per_ul")
    marks, lines = Marks(), []
    with_above = bool((frame["n_above_limit"] > 0).any())
    for visit in _visits(frame, spec):
        for stratum in group_strata(frame, spec):
            row = summaries.get((*stratum.key, visit[0]))
            cells = [Cell(stratum.label), *_summary(row, marks, with_above=with_above)]
            for item in thresholds:
                key = (*stratum.key, visit[0], item.operator, item.value_per_ul)
                cells.append(_threshold(counts.get(key), marks))
            lines.append(Row(tuple(cells), section=visit[1]))
    return exhibit(
        spec,
        stem=visits_stem(analyte.code),
        title=f"{analyte.label} by visit",
        population=population_of(frame, f"{spec.recovery_population.capitalize()} participants"),
        header=_visit_header(analyte, thresholds, level(conf_level(frame, spec)), with_above=with_above),
        rows=lines if frame.height else [],
        footnotes=[
            *_visit_notes(frame, reached, spec, with_above=with_above),
            *([] if analyte.drawn else [NOT_AT_EVERY_VISIT]),
        ],
        marks=marks,
        empty=f"There is no sample of {analyte.code} in any visit window up to the cut-off.",
    )


def of_measured_visits(frame: pl.DataFrame, analyte: Analyte) -> pl.DataFrame:
    """Rows of VISIT_SUMMARY, of an analyte that is not measured at every visit those where anybody has a sample."""
    if analyte.drawn:
        return frame
    there = frame.filter(pl.col("n") > 0)["visit"].unique().sort().to_list()
    return frame.filter(pl.col("visit").is_in(there))


NOT_AT_EVERY_VISIT = (
    "Not measured at every visit or by every laboratory: visits without any sample are left out, and expected is "
    "whoever was due at the visit."
)


def _visits(frame: pl.DataFrame, spec: DisplaySpec) -> list[tuple[str, str]]:
    """Codes and headings of the visits that have rows, by target day."""
    windows = {visit.code: visit for visit in spec.visits.windows}
    rows = frame.select("visit", "visit_label", "target_day").unique().sort("target_day", "visit").iter_rows()
    return [(code, _visit_heading(clean(label), day, windows.get(code))) for code, label, day in rows]


def _visit_heading(label: str, target: float, window: Visit | None) -> str:
    if window is None:
        return f"{label} (target day {plain(target)})"
    days = span(plain(window.first_day), plain(window.last_day))
    return f"{label} (target day {plain(target)}, window {days})"


def _visit_header(analyte: Analyte, thresholds: list[Threshold], conf: str, *, with_above: bool) -> list[list[Head]]:
    samples = [Head("Expected"), Head("Available"), Head("Below limit")] + [Head("Above limit")] * with_above
    values = [
        Head("Median (Q1 to Q3)"), Head(f"{conf} CI of the median"), Head("Min to max"),
        Head(f"Geometric mean ({conf} CI)"),
    ]  # fmt: skip
    first = [
        Head("Group", rows=2),
        Head("Samples", columns=len(samples)),
        Head(f"{analyte.code} ({unit(analyte.unit)})", columns=len(values)),
    ]
    second = [*samples, *values]
    for item in thresholds:
        first.append(Head(f"{operator(item.operator)} {plain(item.value_per_ul)} /µL"))
        second.append(Head(f"n (%) [{conf} CI]"))
    return [first, second]


def _summary(row: Record | None, marks: Marks, *, with_above: bool) -> list[Cell]:
    if row is None:
        return [BLANK] * (7 + with_above)
    counts = [
        Cell(count(row["n_expected"])),
        Cell(count(row["n"])),
        Cell(count_percent(row["n_below_limit"], row["n"])),
        *([Cell(count_percent(row["n_above_limit"], row["n"]))] if with_above else []),
    ]
    if row["status"] != RowStatus.ESTIMATED:
        absent = Cell(NOT_ESTIMABLE, emphasis="muted", marks=marks.mark(row["reason"]))
        return [*counts, absent, absent, absent, absent]
    median, q1, q3, low, high = (bounded(row, name) for name in ("median", "q1", "q3", "minimum", "maximum"))
    noted = marks.mark(row["reason"])
    no_limits = marks.mark(row["median_interval_reason"])
    cells = [(with_interval(median, span(q1, q3)), noted), (_median_limits(row), ()), (span(low, high), ())]
    open_ended = "results below and above the limits leave it open"
    shown = [Cell(text, marks=(*own, *marks.mark(open_ended)) if NOT_ESTIMABLE in text else own) for text, own in cells]
    if no_limits:
        shown[1] = Cell(NOT_ESTIMABLE, marks=no_limits)
    return [
        *counts,
        *shown,
        _geometric_mean(row, marks),
    ]


def _median_limits(row: Record) -> str:
    if row["median_interval_reason"] is not None:
        return ""
    return span(bounded(row, "median_conf_low"), bounded(row, "median_conf_high"))


def _geometric_mean(row: Record, marks: Marks) -> Cell:
    mean, low, high = (row[f"geometric_mean{part}"] for part in ("", "_conf_low", "_conf_high"))
    if mean is None:
        return Cell(NOT_ESTIMABLE, emphasis="muted", marks=marks.mark(row["geometric_mean_reason"]))
    return Cell(with_interval(measured(mean), span(measured(low), measured(high))))


def bounded(row: Record, name: str) -> str:
    """A statistic, or its bound where results beyond a limit leave it open on one side."""
    value, is_below, is_above = row[name], row[f"{name}_below_limit"], row[f"{name}_above_limit"]
    if is_below and not is_above:
        # Below the one or the largest limit; beside a measured result or another limit it may be the bound itself.
        return below(row["lloq_max"]) if value is None or value == row["lloq_max"] else at_most(value)
    if value is None:
        return NOT_ESTIMABLE
    return above(value) if is_above else measured(value)


def _threshold(row: Record | None, marks: Marks) -> Cell:
    """How many reached it, of those whose status is known."""
    cell = count_cell(row, "n_reached", marks)
    if row is None or not row["n_unknown"]:
        return cell
    unknown = f"of {row['n']} with known status; {row['n_unknown']} unknown (censored above the threshold)"
    return replace(cell, marks=(*cell.marks, *marks.mark(unknown)))


def _visit_notes(frame: pl.DataFrame, reached: pl.DataFrame, spec: DisplaySpec, *, with_above: bool) -> list[str]:
    exact = method_words(reached)
    quantile = "; ".join(distinct(frame, "method"))
    chosen = f"the sample nearest the target day; of two equally near, the {spec.visits.tie}"
    return [
        f"Method: {quantile or 'order statistics'}. One sample per visit: {chosen}.",
        f"Interval of the median: {'; '.join(distinct(frame, 'conf_type'))}. Geometric mean: "
        f"{'; '.join(distinct(frame, 'geometric_mean_method'))}.",
        "Expected: alive, not withdrawn, and followed to the end of the window by the cut-off. “<” stands before the "
        "most that a number can be, where results below a limit of quantification leave it open"
        + ("; “>” before the least, where results above the limit of a method do." if with_above else "."),
        "All usable samples of living participants up to the cut-off, also those after relapse, graft failure, a donor "
        "lymphocyte infusion or a second transplant.",
        *([f"Above the threshold: {exact}, of the samples whose status is known."] if exact else []),
    ]


def reconstitution_status(results: Results, spec: DisplaySpec) -> Table:
    """Every participant in exactly one category of each rule.

    Raises ContractError when the categories of a rule do not add up to the participants of a stratum.
    """
    frame = results.status_counts
    rows = index(frame, "rule", "group", "dose_level", "category")
    strata = [*group_strata(frame, spec), *dose_strata(frame, spec)]
    sizes = index(frame.select("rule", "group", "dose_level", "n_total").unique(), "rule", "group", "dose_level")
    several = frame["rule"].n_unique() > 1
    lines = []
    for rule in distinct(frame, "rule"):
        heading = words(clean(rule.replace("_", " "))) if several else ""
        part = frame.filter(pl.col("rule") == rule)
        totals = [sizes.get((rule, *stratum.key), {}).get("n_total") for stratum in strata]
        _adds_up(part)
        for category in distinct(part, "category", "category_order"):
            cells = [_status(rows.get((rule, *s.key, category)), n) for s, n in zip(strata, totals, strict=True)]
            lines.append(Row((Cell(clean(category).capitalize()), *cells), section=heading))
        totals_row = (BLANK if n is None else Cell(count(n)) for n in totals)
        lines.append(Row((Cell("Participants"), *totals_row), section=heading, emphasis="strong"))
    return exhibit(
        spec,
        stem="reconstitution_status",
        title="Reconstitution status at the data cut-off",
        population=f"{spec.recovery_population.capitalize()} participants",
        header=[[Head("Status"), *(Head(headed(s.label, _size(sizes, s.key, several))) for s in strata)]],
        rows=lines,
        footnotes=[
            *(f"Rule, as applied: {words(clean(text))}." for text in distinct(frame, "rule_text", "rule")),
            "Method: counts; each participant is in one category, none is counted as censored.",
        ],
        empty="No reconstitution rule is configured, or no participant is in its population by the cut-off.",
        endpoints=_endpoints_of(frame, spec),
    )


def _status(row: Record | None, total: int | None) -> Cell:
    # A category without a line in a stratum that has participants was met by none of them.
    if total is None:
        return BLANK
    return Cell(count_percent(0 if row is None else row["n"], total))


def _size(sizes: dict[tuple[Any, ...], Record], key: tuple[str, str], several: bool) -> int | None:
    if several:
        return None
    found = [row["n_total"] for (_, *stratum), row in sizes.items() if tuple(stratum) == key]
    return found[0] if found else None


def _adds_up(part: pl.DataFrame) -> None:
    sums = part.group_by("rule", "group", "dose_level", "n_total", maintain_order=True).agg(pl.col("n").sum())
    wrong = sums.filter(pl.col("n") != pl.col("n_total"))
    if wrong.height:
        rule, group, dose, total, found = wrong.row(0)
        raise ContractError(
            f"status_counts: the categories of {rule} hold {found} of {total} participants "
            f"in group {group}, dose level {dose}"
        )


def _endpoints_of(frame: pl.DataFrame, spec: DisplaySpec) -> list[str]:
    """Endpoints whose event is one of the rules, known by its words or its name."""
    names = {rule.replace("_", " ") for rule in distinct(frame, "rule")}
    texts = distinct(frame, "rule_text")
    return [
        endpoint.code
        for endpoint in spec.endpoints
        if names & set(endpoint.event_labels) or any(text in endpoint.rule for text in texts)
    ]
