"""When something happened to a participant, from the rules that the configuration declares."""

from collections.abc import Mapping
from dataclasses import dataclass

import polars as pl

from immrecon.config.occurrences import (
    AdverseEvent,
    AllOf,
    AssessmentAtLeast,
    ClinicalEvent,
    GvhdGrade,
    MedicationStart,
    OfRecords,
    Recorded,
)
from immrecon.config.specs import DeriveSpec
from immrecon.derive.adsl import clock_start
from immrecon.derive.clock import by_cutoff, day_since_transplant
from immrecon.gvhd_grade import reaching_grade

OCCURRENCE_COLUMNS = {
    "USUBJID": pl.String,
    "CAUSE": pl.String,
    "OCCSEQ": pl.Int64,
    "DY": pl.Float64,
    "EARLIESTDY": pl.Float64,
    "LATESTDY": pl.Float64,
    "ADT": pl.Date,
    "ADTF": pl.String,
    "SRCDOM": pl.String,
    "SRCVAR": pl.String,
    "SRCSEQ": pl.Int64,
}
"""One row per participant and occurrence, in order: its day since transplant, and the record that gave it."""


@dataclass(frozen=True)
class Events:
    """The harmonised tables that hold dated occurrences, and the characteristics that some rules depend on."""

    ce: pl.DataFrame
    fa: pl.DataFrame
    cm: pl.DataFrame
    ae: pl.DataFrame
    sc: pl.DataFrame


def recorded(name: str, rule: OfRecords, events: Events, adsl: pl.DataFrame, spec: DeriveSpec) -> pl.DataFrame:
    """Every record that satisfies the rule on or before the cut-off, before any restriction to a window or by others.

    A partial date is taken at the bound that the configuration names, never after the cut-off. Records without a day
    are left out; they are queries of the ingest.
    """
    prefix, rows = _rows(rule, events)
    low, high, day, sequence = _columns(prefix)
    partial = pl.col(low) != pl.col(high)
    bound = pl.col(low) if spec.partial_dates.event == "earliest" else pl.col(high)
    if spec.cutoff_date is not None:
        bound = pl.min_horizontal(bound, pl.lit(spec.cutoff_date))
    relative = day if day in rows.columns else None
    dated = (
        rows.filter(by_cutoff(low, spec.cutoff_date))
        .join(adsl.select("USUBJID", "HSCTDT"), on="USUBJID", how="inner")
        .with_columns(ADT=pl.when(pl.col(low).is_not_null()).then(bound))
        .with_columns(
            DY=day_since_transplant("ADT", relative),
            EARLIESTDY=day_since_transplant(low, relative),
            LATESTDY=day_since_transplant(high, relative),
            ADTF=pl.when(partial).then(pl.lit("D")),
        )
        .filter(pl.col("DY").is_not_null())
        .sort("USUBJID", "DY", sequence)
    )
    if isinstance(rule, ClinicalEvent) and rule.recurrence:
        dated = first_of_episodes(dated, rule)
    stem = low.removesuffix("LO")
    return _numbered(
        dated.select(
            "USUBJID",
            "DY",
            "EARLIESTDY",
            "LATESTDY",
            "ADT",
            "ADTF",
            CAUSE=pl.lit(name),
            SRCDOM=pl.lit(prefix),
            SRCVAR=pl.when(pl.col(low).is_not_null()).then(pl.lit(f"{stem}DTC")).otherwise(pl.lit(f"{stem}DY")),
            SRCSEQ=sequence,
        )
    )


def restricted(
    rows: pl.DataFrame, rule: Recorded, firsts: Mapping[str, pl.DataFrame], adsl: pl.DataFrame
) -> pl.DataFrame:
    """The occurrences within the window of the rule, after and not after the others that it names."""
    kept = rows
    if (window := rule.window) is not None:
        last = float("inf") if window.last_day is None else window.last_day
        days = kept.join(adsl.select("USUBJID", "TRTSDY"), on="USUBJID", how="left")
        inside = (pl.col("DY") - clock_start(window.clock)).is_between(window.first_day, last).fill_null(value=False)
        kept = days.filter(inside).drop("TRTSDY")
    for other, wanted in ((rule.after, True), (rule.unless_after, False)):
        if other is None:
            continue
        days = kept.join(firsts[other].select("USUBJID", OTHERDY="DY"), on="USUBJID", how="left")
        later = (pl.col("DY") >= pl.col("OTHERDY")).fill_null(value=False)
        kept = days.filter(later == wanted).drop("OTHERDY")
    return _numbered(kept)


def by_all_of(name: str, rule: AllOf, firsts: Mapping[str, pl.DataFrame]) -> pl.DataFrame:
    """The day by which all of the others have occurred for the first time, with the record of the last of them."""
    parts = [firsts[other].with_columns(PLACE=pl.lit(place)) for place, other in enumerate(rule.of)]
    together = pl.concat([pl.DataFrame(schema=OCCURRENCE_COLUMNS | {"PLACE": pl.Int32}), *parts])
    complete = together.filter(pl.len().over("USUBJID") == len(rule.of))
    last = (
        complete.sort("USUBJID", "DY", "PLACE")
        .group_by("USUBJID", maintain_order=True)
        .agg(pl.all().last(), LATEST=pl.col("LATESTDY").max(), PARTIAL=pl.col("ADTF").drop_nulls().first())
    )
    return _numbered(last.with_columns(CAUSE=pl.lit(name), LATESTDY="LATEST", ADTF="PARTIAL"))


def first_of_each(rows: pl.DataFrame) -> pl.DataFrame:
    """The first occurrence of every participant."""
    return rows.filter(pl.col("OCCSEQ") == 1)


def first_of_episodes(dated: pl.DataFrame, rule: ClinicalEvent) -> pl.DataFrame:
    """Records that begin an episode: not so soon after the record before of the same event (and detail, by the rule).

    `dated` is in order. An episode goes on as long as its records follow each other within the interval.
    """
    term = pl.col("CETERM").fill_null("").str.strip_chars().str.to_lowercase()
    interval = pl.lit(0.0)
    for entry in reversed(rule.recurrence):
        matches = term.str.contains(f"(?i){entry.matches}")
        interval = pl.when(matches).then(pl.lit(entry.within_day)).otherwise(interval)
    kind = ["USUBJID", "CEDECOD", *(["TERM"] if rule.recurrence_by == "detail" else [])]
    gap = pl.col("DY") - pl.col("DY").shift(1).over(kind)
    return (
        dated.with_columns(TERM=term, WITHIN=interval)
        .with_columns(GAP=gap)
        .filter(pl.col("GAP").is_null() | (pl.col("GAP") >= pl.col("WITHIN")))
    )


def _numbered(rows: pl.DataFrame) -> pl.DataFrame:
    return (
        rows.sort("USUBJID", "DY", "SRCSEQ", maintain_order=True)
        .with_columns(OCCSEQ=pl.int_range(1, pl.len() + 1, dtype=pl.Int64).over("USUBJID"))
        .select(*OCCURRENCE_COLUMNS)
    )


def not_before_life(deaths: pl.DataFrame, others: Mapping[str, pl.DataFrame], adsl: pl.DataFrame) -> pl.DataFrame:
    """Deaths of unknown day, not dated before the participant was known to live.

    The bound that the configuration takes is moved to the last contact alive, to the injection, and to any other
    occurrence, as far as the record allows a death on that day.
    """
    life = [
        adsl.select("USUBJID", LIFEDY="LSTALVDY"),
        adsl.select("USUBJID", LIFEDY="TRTSDY"),
        *(other.filter(pl.col("ADTF").is_null()).select("USUBJID", LIFEDY="DY") for other in others.values()),
    ]
    latest = (
        pl.concat(life)
        .join(deaths.select("USUBJID", "LATESTDY"), on="USUBJID", how="inner")
        .filter(pl.col("LIFEDY") <= pl.col("LATESTDY"))
        .group_by("USUBJID")
        .agg(pl.col("LIFEDY").max())
    )
    return _moved_to(deaths.join(latest, on="USUBJID", how="left"), "LIFEDY", pl.col("LIFEDY") > pl.col("DY"))


def not_after_death(occurrences: pl.DataFrame, adsl: pl.DataFrame) -> pl.DataFrame:
    """Occurrences of unknown day, not dated after a death whose day is known, as far as the record allows that day.

    A record that lies after the death whatever its day is a query, and stays where it is.
    """
    with_death = occurrences.join(adsl.select("USUBJID", "DTHDY"), on="USUBJID", how="left")
    beyond = (pl.col("DTHDY") < pl.col("DY")) & (pl.col("EARLIESTDY") <= pl.col("DTHDY"))
    return _moved_to(with_death, "DTHDY", beyond)


def _moved_to(occurrences: pl.DataFrame, day: str, beyond: pl.Expr) -> pl.DataFrame:
    """Partial dates whose bound lies beyond a known day, moved to that day."""
    moved = pl.col("ADTF").is_not_null() & beyond
    return _numbered(
        occurrences.with_columns(
            ADT=pl.when(moved).then(pl.col("ADT") + pl.duration(days=pl.col(day) - pl.col("DY"))).otherwise("ADT"),
            DY=pl.when(moved).then(day).otherwise("DY"),
        )
    )


def _rows(rule: OfRecords, events: Events) -> tuple[str, pl.DataFrame]:
    match rule:
        case ClinicalEvent():
            rows = events.ce.filter(pl.col("CEDECOD").is_in(rule.terms))
            if rule.min_grade is not None:
                rows = rows.filter(pl.col("CETOXGR") >= rule.min_grade)
            return "CE", rows if rule.adjudication is None else rows.filter(pl.col("CEADJUD").is_in(rule.adjudication))
        case AdverseEvent():
            return "AE", events.ae.filter(_of_adverse_event(rule))
        case AssessmentAtLeast():
            wanted = (pl.col("FACAT") == rule.category) & (pl.col("FATESTCD") == rule.test)
            return "FA", events.fa.filter(wanted & (pl.col("FASTRESN") >= rule.at_least))
        case GvhdGrade():
            return "FA", reaching_grade(rule, events.fa, events.sc)
        case MedicationStart():
            return "CM", events.cm.filter(pl.col("CMCAT").is_in(rule.categories))


def _of_adverse_event(rule: AdverseEvent) -> pl.Expr:
    wanted = pl.lit(value=True)
    if rule.terms is not None:
        wanted &= pl.col("AEDECOD").is_in(rule.terms)
    if rule.classes is not None:
        wanted &= pl.col("AEBODSYS").is_in(rule.classes)
    if rule.min_grade is not None:
        wanted &= pl.col("AETOXGR") >= rule.min_grade
    for column, value in (("AEREL", rule.related), ("AESER", rule.serious)):
        if value is not None:
            wanted &= pl.col(column) == ("Y" if value else "N")
    return wanted


def _columns(prefix: str) -> tuple[str, str, str, str]:
    """Names of the earliest day, the latest day, the relative day and the sequence number of a domain."""
    start = "" if prefix == "FA" else "ST"
    return f"{prefix}{start}LO", f"{prefix}{start}HI", f"{prefix}{start}DY", f"{prefix}SEQ"
