"""The decision page: the numbers a board asks for first, each pulled by its key."""

from dataclasses import dataclass
from typing import Any

import polars as pl

from immrecon.config.display import DisplaySpec, EndpointDisplay
from immrecon.report.lookup import find, record
from immrecon.report.placing import endpoints_of
from immrecon.tables.disposition import UNDATED
from immrecon.tables.exhibit import BLANK, estimate_cell, exhibit, legend, unsigned
from immrecon.tables.format import NOT_APPLICABLE, clean, count, count_of, count_percent, days, percent, plain, rounded
from immrecon.tables.frames import ALL_LEVELS, ALL_PARTICIPANTS, Stratum, distinct, dose_strata_of, group_strata, index
from immrecon.tables.model import Cell, Head, Marks, Row, Table
from immrecon.tables.results import Results
from immrecon.tables.safety import ANY, ANY_GRADE
from immrecon.tables.tte import FOLLOW_UP, estimand
from immrecon.vocabulary import DAYS_PER_MONTH, POOLED, CheckOutcome, Population, RowStatus, Severity

ALL = {"group": POOLED, "dose_level": POOLED}


@dataclass(frozen=True)
class Card:
    """One key number: `target` is the anchor of the section that explains it."""

    label: str
    number: str
    detail: str
    target: str
    alert: bool = False


@dataclass(frozen=True)
class Bar:
    """An interval on a scale from 0 to 100, as SVG coordinates."""

    low: str
    estimate: str
    high: str
    width: str


@dataclass(frozen=True)
class Figure:
    """One estimate of the decision page."""

    cell: Cell
    detail: str
    bar: Bar | None


@dataclass(frozen=True)
class Line:
    """One endpoint at one landmark day, for all and for each group; its first line says how many `days` there are."""

    endpoint: str
    estimand: str
    day: str
    draft: bool
    days: int
    figures: tuple[Figure, ...]


@dataclass(frozen=True)
class Glance:
    cards: tuple[Card, ...]
    attention: tuple[str, ...]
    participants: Table
    columns: tuple[str, ...]
    lines: tuple[Line, ...]
    marked: tuple[tuple[str, str], ...]
    legend: tuple[str, ...]
    cutoff: str
    session: str


def glance(results: Results, spec: DisplaySpec) -> Glance:
    """The decision page. Raises ContractError where a number it needs is not there exactly once."""
    marks = Marks()
    strata = [Stratum(POOLED, POOLED, ALL_PARTICIPANTS), *group_strata(results.landmarks, spec)[:-1]]
    lines = _lines(results, spec, strata, marks)
    return Glance(
        cards=tuple(_cards(results, spec)),
        attention=tuple(_attention(results, spec)),
        participants=participants(results, spec),
        columns=tuple(stratum.label for stratum in strata),
        lines=tuple(lines),
        marked=marks.notes(),
        legend=legend(figure.cell.text for line in lines for figure in line.figures),
        cutoff=clean(spec.cutoff_text),
        session=clean(spec.session),
    )


def _cards(results: Results, spec: DisplaySpec) -> list[Card]:
    return [
        *_stage_cards(results, spec),
        _follow_up_card(results, spec),
        _serious_card(results),
        _query_card(results),
        _check_card(results),
    ]


def _stage_cards(results: Results, spec: DisplaySpec) -> list[Card]:
    """Enrolled against the plan, and injected of those enrolled."""
    if results.funnel.is_empty():
        return [Card("Participants", count(0), "nobody screened by the cut-off", "participants")]
    enrolled = record(results.funnel, stage=Population.ENROLLED, **ALL)["n"]
    injected = record(results.funnel, stage=Population.INJECTED, **ALL)["n"]
    target = sum(group.planned_n for group in spec.groups)
    return [
        Card("Enrolled", count(enrolled), f"of {target} planned in total{_plan(results)}", "participants"),
        Card("Injected", count(injected), f"of {count(enrolled)} enrolled", "participants"),
    ]


def _plan(results: Results) -> str:
    """The planned number at the last month that has a count."""
    frame = results.accrual.filter(
        (pl.col("stage") == Population.ENROLLED)
        & pl.col("n_cumulative").is_not_null()
        & pl.col("planned_cumulative").is_not_null()
    ).sort("month")
    if frame.is_empty():
        return ""
    last = frame.row(-1, named=True)
    return f"; plan by {last['month']:%Y-%m}: {last['planned_cumulative']}"


def _follow_up_card(results: Results, spec: DisplaySpec) -> Card:
    """Of the first survival endpoint, which everyone is followed for; else of the first endpoint."""
    label = "Median follow-up"
    ordered = sorted(spec.endpoints, key=lambda endpoint: endpoint.display != "survival")
    for endpoint in ordered:
        row = find(results.quantiles, parameter=FOLLOW_UP + endpoint.code, probability=0.5, **ALL)
        if row is None:
            continue
        about = f"{clean(endpoint.label)}, from {clean(endpoint.clock_label)}"
        if row["status"] != RowStatus.ESTIMATED:
            return Card(label, "NE", f"{clean(row['reason'])} ({about})", "follow-up")
        months = rounded(row["estimate"] / DAYS_PER_MONTH, 1)
        return Card(label, f"{days(row['estimate'])} days", f"{months} months; {about}", "follow-up")
    return Card(label, NOT_APPLICABLE, "no endpoint has follow-up yet", "follow-up")


def _serious_card(results: Results) -> Card:
    label = "Participants with a serious adverse event"
    frame = results.ae_incidence
    any_event = {"system_organ_class": ANY, "preferred_term": ANY}
    if frame.is_empty():
        return Card(label, NOT_APPLICABLE, "no adverse event has been recorded", "safety")
    row = record(frame, category="serious", **any_event, **ALL)
    events = record(frame, category=ANY_GRADE, **any_event, **ALL)
    detail = f"of {row['n']} {row['population']}; any event: {events['n_participants']}"
    return Card(label, count_percent(row["n_participants"], row["n"]), detail, "safety")


def _query_card(results: Results) -> Card:
    errors, warnings = (_total(results, severity, "n_queries") for severity in (Severity.ERROR, Severity.WARNING))
    withheld = int(results.query_counts["n_cells"].sum())
    detail = f"errors; {warnings} warnings; {withheld} lab cells withheld"
    return Card("Open data issues", count(errors), detail, "quality", alert=errors > 0)


def _total(results: Results, severity: Severity, column: str) -> int:
    return int(results.query_counts.filter(pl.col("severity") == severity)[column].sum())


def _check_card(results: Results) -> Card:
    outcomes = {outcome: results.checks.filter(pl.col("outcome") == outcome).height for outcome in CheckOutcome}
    violated = outcomes[CheckOutcome.VIOLATED]
    checked = violated + outcomes[CheckOutcome.HOLDS]
    detail = f"identities hold; {outcomes[CheckOutcome.NOT_APPLICABLE]} not applicable"
    return Card("Consistency", count_of(outcomes[CheckOutcome.HOLDS], checked), detail, "quality", alert=violated > 0)


def _attention(results: Results, spec: DisplaySpec) -> list[str]:
    """What a reader must know before trusting the page, in sentences; empty when there is nothing."""
    texts = []
    violated = results.checks.filter(pl.col("outcome") == CheckOutcome.VIOLATED)
    if violated.height:
        names = "; ".join(clean(name) for name in distinct(violated, "identity"))
        texts.append(f"An identity that the estimates must satisfy is violated: {names}.")
    if open_codes := unsigned(spec):
        texts.append(f"Definitions not signed, results are drafts: {', '.join(open_codes)}.")
    if errors := _total(results, Severity.ERROR, "n_queries"):
        withheld = _total(results, Severity.ERROR, "n_cells")
        texts.append(f"{errors} data errors are open; they withhold {withheld} lab cells from every analysis.")
    texts += [*_nowhere(results), *_undated(results)]
    pooled = results.landmarks.filter((pl.col("group") == POOLED) & (pl.col("dose_level") == POOLED))
    absent = pooled.filter(pl.col("status") != RowStatus.ESTIMATED).sort("parameter", "time_day")
    if absent.height:
        where = (f"{row['parameter']} at day {plain(row['time_day'])}" for row in absent.iter_rows(named=True))
        texts.append(f"Not estimable for all participants together: {', '.join(where)}.")
    return texts


def _nowhere(results: Results) -> list[str]:
    """Enrolled participants whom no result of a group, or of a dose level, counts."""
    texts = []
    for key, other, what in (("group", "dose_level", "group"), ("dose_level", "group", "dose level")):
        row = find(results.funnel, stage=Population.ENROLLED, **{key: "", other: POOLED})
        if row is not None and row["n"]:
            who = "1 enrolled participant has" if row["n"] == 1 else f"{row['n']} enrolled participants have"
            texts.append(f"{who} no configured {what}: counted in the pooled results only.")
    return texts


def _undated(results: Results) -> list[str]:
    """Missing dates that change what time-to-event analyses count."""
    row = find(results.funnel, stage=Population.SCREENED, **ALL)
    if row is None:
        return []
    return [f"{words}: {row[name]} of {row['n']} participants." for name, words in UNDATED.items() if row[name]]


def participants(results: Results, spec: DisplaySpec) -> Table:
    """Injected of enrolled, groups by dose levels."""
    frame = results.funnel
    rows = index(frame, "group", "dose_level", "stage")
    levels = dose_strata_of(frame, spec, None)
    lines = []
    for stratum in group_strata(frame, spec) if rows else []:
        cells = []
        for dose in (*(level.dose_level for level in levels), POOLED):
            pair = [rows.get((stratum.group, dose, stage)) for stage in (Population.INJECTED, Population.ENROLLED)]
            injected, enrolled = pair
            cells.append(
                BLANK if injected is None or enrolled is None else Cell(count_of(injected["n"], enrolled["n"]))
            )
        emphasis: Any = "strong" if stratum.group == POOLED else "none"
        lines.append(Row((Cell(stratum.label), *cells), emphasis=emphasis))
    return exhibit(
        spec,
        stem="glance_participants",
        title="Participants injected, of those enrolled",
        population="Enrolled participants",
        header=[[Head("Group"), *(Head(level.label) for level in levels), Head(ALL_LEVELS)]],
        rows=lines,
        footnotes=[],
        empty="No participant has been screened by the data cut-off.",
    )


def _lines(results: Results, spec: DisplaySpec, strata: list[Stratum], marks: Marks) -> list[Line]:
    frame = results.landmarks
    lines = []
    for topic in ("recovery", "safety", "efficacy", "engraftment", "infection"):
        for endpoint in (one for one in endpoints_of(topic, spec) if one.figure):
            part = frame.filter(pl.col("parameter") == endpoint.code)
            landmark_days = distinct(part, "time_day")
            for position, day in enumerate(landmark_days):
                record(part, time_day=day, **ALL)
                figures = [
                    _figure(find(part, time_day=day, group=s.group, dose_level=s.dose_level), endpoint, marks)
                    for s in strata
                ]
                lines.append(
                    Line(
                        endpoint=clean(endpoint.label),
                        estimand=f"{estimand(endpoint)}, from {clean(endpoint.clock_label)}",
                        day=plain(day),
                        draft=endpoint.status != "signed",
                        days=0 if position else len(landmark_days),
                        figures=tuple(figures),
                    )
                )
    return lines


def _figure(row: dict[str, Any] | None, endpoint: EndpointDisplay, marks: Marks) -> Figure:
    cell = estimate_cell(row, marks, percent, f"landmarks of {endpoint.code}")
    if row is None:
        return Figure(cell, "", None)
    detail = f"{row['n_events']} {'event' if row['n_events'] == 1 else 'events'} / {row['n']}"
    drawable = row["status"] == RowStatus.ESTIMATED and row["conf_low"] is not None and row["conf_high"] is not None
    return Figure(cell, detail, _bar(row) if drawable else None)


def _bar(row: dict[str, Any]) -> Bar:
    return Bar(
        low=percent(row["conf_low"]),
        estimate=percent(row["estimate"]),
        high=percent(row["conf_high"]),
        width=rounded(100 * (row["conf_high"] - row["conf_low"]), 1),
    )
