"""First-event variables: who is followed from when, what came first, and where follow-up ends.

All endpoints on one first-event variable share this result, so relapse, non-relapse mortality and relapse-free
survival can never disagree about a participant.
"""

from datetime import date

import polars as pl

from immrecon.config.endpoints import FirstEvent, FollowUpSource, OnlyThose
from immrecon.config.specs import DeriveSpec
from immrecon.derive.adsl import clock_start
from immrecon.derive.clock import by_cutoff, day_since_transplant, yes_no
from immrecon.derive.occurrences import Events
from immrecon.vocabulary import CLOCK_DATE, POPULATION_FLAG, Clock, Population


def first_events(
    name: str,
    first_event: FirstEvent,
    occurrences: pl.DataFrame,
    adsl: pl.DataFrame,
    adlb: pl.DataFrame,
    events: Events,
    spec: DeriveSpec,
) -> pl.DataFrame:
    """One row per participant of the population.

    The first cause on the clock is the event; on the same day the cause that is declared first. Without a cause,
    follow-up ends at the last record that documents it, on or before the cut-off. Follow-up also ends at the horizon.
    A cause before the origin (or on or before the landmark) makes the participant prevalent: not at risk.
    """
    population = adsl.filter(pl.col(POPULATION_FLAG[first_event.population]) == "Y").with_columns(
        STARTDY=pl.when(pl.col("HSCTDY").is_not_null()).then(clock_start(first_event.origin.clock)),
        STARTDT=pl.col(CLOCK_DATE[first_event.origin.clock]),
    )
    first = earliest(occurrences, first_event.causes)
    followed = _last_documented(first_event.follow_up, population, adlb, events, spec)
    if first_event.censor_at == "cut-off":
        followed = _to_the_cutoff(followed, population, spec.cutoff_date)
    wanted = _with_characteristic(first_event.only_if, events.sc)
    entry = first_event.origin.landmark_day or 0.0
    horizon = first_event.horizon_day if first_event.horizon_day is not None else float("inf")
    return (
        population.select("USUBJID", "DISPID", "GROUP", "DOSELVL", "STARTDT", "STARTDY", "TRTSDY", "DTHDY")
        .join(first, on="USUBJID", how="left")
        .join(followed, on="USUBJID", how="left")
        .join(wanted, on="USUBJID", how="left")
        .with_columns(EVENTT=pl.col("DY") - pl.col("STARTDY"))
        .with_columns(ENDED=(pl.col("EVENTT") <= horizon).fill_null(False))
        .with_columns(
            CAUSE=pl.when(pl.col("ENDED")).then(pl.col("CAUSE")),
            EVENTT=pl.when(pl.col("ENDED")).then(pl.col("EVENTT")),
            LASTT=pl.max_horizontal(pl.col("LASTDY") - pl.col("STARTDY"), pl.lit(0.0)),
            NOFU=pl.col("LASTDY").is_null() | (pl.col("LASTDY") < pl.col("STARTDY")),
            AENTRY=pl.lit(entry),
        )
        .with_columns(NRISKREA=_not_at_risk(first_event))
        .with_columns(
            RISKFL=yes_no(pl.col("NRISKREA").is_null()),
            AVAL=pl.when(pl.col("ENDED")).then(pl.col("EVENTT")).otherwise(pl.min_horizontal("LASTT", pl.lit(horizon))),
            ATHORIZON=~pl.col("ENDED") & (pl.col("LASTT") >= horizon),
        )
        .with_columns(FIRSTEV=pl.lit(name), ADT=_end_date())
    )


_NO_ORIGIN = "the origin has no date"
_AFTER_INJECTION = (Population.INJECTED, Population.EVALUABLE)


def earliest(occurrences: pl.DataFrame, causes: list[str]) -> pl.DataFrame:
    """Per participant the first of the causes; of those on one day the one listed first."""
    priority = {cause: rank for rank, cause in enumerate(causes)}
    return (
        occurrences.filter(pl.col("CAUSE").is_in(causes))
        .with_columns(PRIORITY=pl.col("CAUSE").replace_strict(priority, return_dtype=pl.Int64))
        .sort("USUBJID", "DY", "PRIORITY")
        .group_by("USUBJID", maintain_order=True)
        .first()
        .select(
            "USUBJID",
            "CAUSE",
            "DY",
            "LATESTDY",
            EVENTDT="ADT",
            ADTF="ADTF",
            SRCDOM="SRCDOM",
            SRCVAR="SRCVAR",
            SRCSEQ="SRCSEQ",
        )
    )


def _last_documented(
    sources: list[FollowUpSource], population: pl.DataFrame, adlb: pl.DataFrame, events: Events, spec: DeriveSpec
) -> pl.DataFrame:
    """The last day, on or before the cut-off, for which a record documents that the participant was followed."""
    clocks = population.select("USUBJID", "HSCTDT")
    documented = []
    for source in sources:
        if source.domain == "LB":
            rows = adlb.filter(pl.col("PARAMCD") == source.code, pl.col("ANL02FL") == "Y")
            documented.append(rows.select("USUBJID", LASTDY="ADY", DOCDOM=pl.lit("LB"), DOCSEQ="LBSEQ"))
        else:
            # A partial date documents only its earliest day; an alive contact of a dead person documents nothing.
            alive = (pl.col("FACAT") != "SURVIVAL") | (pl.col("FASTRESN") == 1)
            of_test = pl.lit(value=True) if source.test is None else pl.col("FATESTCD") == source.test
            wanted = (pl.col("FACAT") == source.code) & of_test & alive
            rows = (
                events.fa.filter(wanted & by_cutoff("FAHI", spec.cutoff_date))
                .join(clocks, on="USUBJID", how="inner")
                .with_columns(LASTDY=day_since_transplant("FALO", "FADY"))
            )
            documented.append(rows.select("USUBJID", "LASTDY", DOCDOM=pl.lit("FA"), DOCSEQ="FASEQ"))
    return (
        pl.concat(documented)
        .filter(pl.col("LASTDY").is_not_null())
        .sort("USUBJID", "LASTDY", "DOCDOM", "DOCSEQ", descending=[False, True, False, False])
        .group_by("USUBJID", maintain_order=True)
        .first()
    )


def _to_the_cutoff(followed: pl.DataFrame, population: pl.DataFrame, cutoff: date | None) -> pl.DataFrame:
    """Follow-up up to the cut-off, or to the day of death or withdrawal; the record is the last one that documents it.

    Without calendar dates there is no cut-off to go to, and follow-up stays as documented.
    """
    if cutoff is None:
        return followed
    withdrawn = (pl.col("WDDT") - pl.col("HSCTDT")).dt.total_days().cast(pl.Float64)
    until = pl.min_horizontal(
        (pl.lit(cutoff) - pl.col("HSCTDT")).dt.total_days().cast(pl.Float64), withdrawn, pl.col("DTHDY")
    )
    undated = (pl.col("DTHUNFL") == "Y") | (pl.col("WDUNFL") == "Y")
    ends = population.select("USUBJID", UNTIL=pl.when(~undated).then(until))
    return (
        ends.join(followed, on="USUBJID", how="left")
        .with_columns(LASTDY=pl.coalesce("UNTIL", "LASTDY"))
        .select(followed.columns)
        .filter(pl.col("LASTDY").is_not_null())
    )


def _with_characteristic(only_if: list[OnlyThose], sc: pl.DataFrame) -> pl.DataFrame:
    """USUBJID, WANTED: participants with one of the characteristics; everybody where none is asked for."""
    if not only_if:
        return sc.select("USUBJID").clear().with_columns(WANTED=pl.lit(value=True))
    any_of = pl.any_horizontal(
        (pl.col("SCTESTCD") == one.test) & pl.col("SCORRES").is_in(one.values) for one in only_if
    )
    return sc.filter(any_of).select("USUBJID", WANTED=pl.lit(value=True)).unique(maintain_order=True)


def _not_at_risk(first_event: FirstEvent) -> pl.Expr:
    """Why a participant of the population is not followed for this variable; null for those who are."""
    landmark = first_event.origin.landmark_day
    tests = ", ".join(dict.fromkeys(one.test for one in first_event.only_if))
    lacks = pl.col("WANTED").is_null() if first_event.only_if else pl.lit(value=False)
    lacking = pl.lit(f"without the characteristic that puts at risk ({tests})")
    what = pl.col("CAUSE").str.replace_all("_", " ")
    if landmark is None:
        return (
            pl.when(lacks)
            .then(lacking)
            .when((pl.col("EVENTT") < 0) & (pl.col("LATESTDY") >= pl.col("STARTDY")))
            .then(pl.format("possibly prevalent: {} on a partial date around the origin", what))
            .when(pl.col("EVENTT") < 0)
            .then(pl.format("prevalent: {} before the origin", what))
            .when(pl.col("STARTDY").is_null())
            .then(pl.lit(_NO_ORIGIN))
        )
    # Whoever is in the population because of the injection must have had it by the landmark.
    by_injection = first_event.origin.clock is Clock.TRANSPLANT and first_event.population in _AFTER_INJECTION
    injected_late = (pl.col("TRTSDY") > landmark) if by_injection else pl.lit(False)
    ends_before = pl.col("EVENTT").is_null() & (pl.col("LASTT") <= landmark)
    return (
        pl.when(lacks)
        .then(lacking)
        .when(pl.col("STARTDY").is_null())
        .then(pl.lit(_NO_ORIGIN))
        .when(pl.col("EVENTT") <= landmark)
        .then(pl.format("prevalent: {} on or before the landmark", what))
        .when(injected_late)
        .then(pl.lit("injected after the landmark"))
        .when(ends_before)
        .then(pl.lit("not followed beyond the landmark"))
    )


def _end_date() -> pl.Expr:
    """The calendar date of the end of follow-up: exact, since days are counted from STARTDT."""
    days = pl.col("AVAL").round(0)
    exact = days == pl.col("AVAL")
    return pl.when(exact).then(pl.col("STARTDT") + pl.duration(days=days))
