"""When something first happened to a participant, from the rules that the configuration declares."""

from dataclasses import dataclass

import polars as pl

from immrecon.config.endpoints import AssessmentAtLeast, ClinicalEvent, MedicationStart
from immrecon.config.specs import DeriveSpec
from immrecon.derive.clock import by_cutoff, day_since_transplant

OCCURRENCE_COLUMNS = {
    "USUBJID": pl.String,
    "CAUSE": pl.String,
    "DY": pl.Float64,
    "LATESTDY": pl.Float64,
    "ADT": pl.Date,
    "ADTF": pl.String,
    "SRCDOM": pl.String,
    "SRCVAR": pl.String,
    "SRCSEQ": pl.Int64,
}
"""One row per participant and occurrence: its first day since transplant, and the record that gave it."""


@dataclass(frozen=True)
class Events:
    """The harmonised tables that hold dated occurrences."""

    ce: pl.DataFrame
    fa: pl.DataFrame
    cm: pl.DataFrame


def first_occurrence(
    name: str, rule: ClinicalEvent | AssessmentAtLeast | MedicationStart, events: Events,
    adsl: pl.DataFrame, spec: DeriveSpec,
) -> pl.DataFrame:  # fmt: skip
    """The first record that satisfies the rule on or before the cut-off. Source: the rule's own `source` entry."""
    prefix, rows = _rows(rule, events)
    low, high, day, sequence = _columns(prefix)
    partial = pl.col(low) != pl.col(high)
    bound = pl.col(low) if spec.partial_dates.event == "earliest" else pl.col(high)
    if spec.cutoff_date is not None:
        bound = pl.min_horizontal(bound, pl.lit(spec.cutoff_date))
    return (
        rows.filter(by_cutoff(low, spec.cutoff_date))
        .join(adsl.select("USUBJID", "HSCTDT"), on="USUBJID", how="inner")
        .with_columns(ADT=pl.when(pl.col(low).is_not_null()).then(bound))
        .with_columns(
            DY=day_since_transplant("ADT", day) if day in rows.columns else day_since_transplant("ADT"),
            LATESTDY=day_since_transplant(high, day) if day in rows.columns else day_since_transplant(high),
            ADTF=pl.when(partial).then(pl.lit("D")),
        )
        .filter(pl.col("DY").is_not_null())
        .sort("USUBJID", "DY", sequence)
        .group_by("USUBJID", maintain_order=True)
        .first()
        .select(
            "USUBJID",
            CAUSE=pl.lit(name),
            DY="DY",
            LATESTDY="LATESTDY",
            ADT="ADT",
            ADTF="ADTF",
            SRCDOM=pl.lit(prefix),
            SRCVAR=pl.when(pl.col(low).is_not_null())
            .then(pl.lit(low.removesuffix("LO") + "DTC"))
            .otherwise(pl.lit(low.removesuffix("LO") + "DY")),
            SRCSEQ=sequence,
        )
    )


def not_before_life(deaths: pl.DataFrame, others: dict[str, pl.DataFrame], adsl: pl.DataFrame) -> pl.DataFrame:
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
    """Occurrences of unknown day, not dated after a death whose day is known."""
    with_death = occurrences.join(adsl.select("USUBJID", "DTHDY"), on="USUBJID", how="left")
    return _moved_to(with_death, "DTHDY", pl.col("DTHDY") < pl.col("DY"))


def _moved_to(occurrences: pl.DataFrame, day: str, beyond: pl.Expr) -> pl.DataFrame:
    """Partial dates whose bound lies beyond a known day, moved to that day."""
    moved = pl.col("ADTF").is_not_null() & beyond
    return occurrences.with_columns(
        ADT=pl.when(moved).then(pl.col("ADT") + pl.duration(days=pl.col(day) - pl.col("DY"))).otherwise("ADT"),
        DY=pl.when(moved).then(day).otherwise("DY"),
    ).drop(day)


def _rows(rule: ClinicalEvent | AssessmentAtLeast | MedicationStart, events: Events) -> tuple[str, pl.DataFrame]:
    match rule:
        case ClinicalEvent():
            rows = events.ce.filter(pl.col("CEDECOD").is_in(rule.terms))
            return "CE", rows if rule.min_grade is None else rows.filter(pl.col("CETOXGR") >= rule.min_grade)
        case AssessmentAtLeast():
            wanted = (pl.col("FACAT") == rule.category) & (pl.col("FATESTCD") == rule.test)
            return "FA", events.fa.filter(wanted & (pl.col("FASTRESN") >= rule.at_least))
        case MedicationStart():
            return "CM", events.cm.filter(pl.col("CMCAT").is_in(rule.categories))


def _columns(prefix: str) -> tuple[str, str, str, str]:
    """Names of the earliest day, the latest day, the relative day and the sequence number of a domain."""
    start = "" if prefix == "FA" else "ST"
    return f"{prefix}{start}LO", f"{prefix}{start}HI", f"{prefix}{start}DY", f"{prefix}SEQ"
