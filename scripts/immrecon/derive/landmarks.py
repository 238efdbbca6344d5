"""ADLM: who had reconstituted by a landmark, from nothing that happened after it.

Samples later than the landmark are taken out before the rule is applied, so a crossing that is confirmed later, or that
only a later sample starts, is not one. Whoever had nothing left to reach (a competing event, samples that no longer
count) is decided; whoever was not sampled lately is not known.
"""

import polars as pl

from immrecon.config.occurrences import ThresholdCrossing
from immrecon.config.outcome_specs import LandmarkStatusSpec
from immrecon.config.outcomes import LandmarkOutcome
from immrecon.contracts.analysis import ADLM
from immrecon.derive.adsl import clock_start
from immrecon.derive.definition_grid import grid_variables, rule_variables
from immrecon.derive.reconstitution import crossings, daily_statuses, usable_samples
from immrecon.derive.reconstitution_status import samples_in_window
from immrecon.vocabulary import LandmarkStatus


def derive_adlm(adsl: pl.DataFrame, adlb: pl.DataFrame, adoc: pl.DataFrame, spec: LandmarkStatusSpec) -> pl.DataFrame:
    """ADLM rows: one per transplanted participant, declared analysis and landmark; none where nothing is declared."""
    declared = {} if spec.outcomes is None else spec.outcomes.landmarks
    parts = [
        _statuses(code, landmark, day, adsl, adlb, adoc, spec)
        for code, landmark in declared.items()
        for day in landmark.landmarks_day
    ]
    return pl.concat([ADLM.schema.create_empty(), *parts])


def _statuses(
    code: str,
    landmark: LandmarkOutcome,
    day: float,
    adsl: pl.DataFrame,
    adlb: pl.DataFrame,
    adoc: pl.DataFrame,
    spec: LandmarkStatusSpec,
) -> pl.DataFrame:
    rule = spec.endpoints.occurrences[landmark.rule]
    assert isinstance(rule, ThresholdCrossing)
    people = adsl.filter(pl.col("HSCTDY").is_not_null())
    firsts = adoc.filter(pl.col("OCCSEQ") == 1, pl.col("DY") <= day)
    ends = {
        name: firsts.filter(pl.col("OCCUR") == name).select("USUBJID", "DY") for name in rule.samples_end_at
    }  # fmt: skip
    samples = usable_samples(adlb.filter(pl.col("ADY") <= day), people, rule, ends)
    crossed = crossings(daily_statuses(samples, rule), people, rule)
    before, after = _competing(landmark.rule, spec)
    dated = "REACHDY" if rule.event_date == "first" else "CONFDY"
    return (
        people.join(crossed, on="USUBJID", how="left")
        .join(samples_in_window(samples, people, rule), on="USUBJID", how="left")
        .join(_first_of(firsts, rule.samples_end_at, "ENDDY"), on="USUBJID", how="left")
        .join(_first_of(firsts, before, "BEFOREDY"), on="USUBJID", how="left")
        .join(_first_of(firsts, after, "AFTERDY"), on="USUBJID", how="left")
        .with_columns(COMPDY=pl.min_horizontal("BEFOREDY", "AFTERDY"), EVENTDY=dated)
        .with_columns(STATUS=_status(rule, landmark, day))
        .select(
            "USUBJID",
            OUTCOME=pl.lit(code),
            LMDY=pl.lit(day),
            RULE=pl.lit(landmark.rule),
            DISPID="DISPID",
            GROUP="GROUP",
            DOSELVL="DOSELVL",
            STATUS="STATUS",
            REACHDY="REACHDY",
            CONFDY="CONFDY",
            COMPDY="COMPDY",
            LASTDY="LASTDY",
            NSAMPLES=pl.col("NSAMPLES").fill_null(0).cast(pl.Int64),
            NUNKNOWN=pl.col("NUNKNOWN").fill_null(0).cast(pl.Int64),
        )
    )


def _competing(rule: str, spec: LandmarkStatusSpec) -> tuple[list[str], list[str]]:
    """What competes with the crossing: on its day before it, and after it; nothing for a rule of no first event."""
    owner = rule_variables(spec.endpoints).get(rule)
    if owner is None:
        return [], []
    causes = (spec.endpoints.first_events | grid_variables(spec.endpoints))[owner].causes
    place = causes.index(rule)
    return causes[:place], causes[place + 1 :]


def _first_of(firsts: pl.DataFrame, causes: list[str], name: str) -> pl.DataFrame:
    return firsts.filter(pl.col("OCCUR").is_in(causes)).group_by("USUBJID").agg(pl.col("DY").min().alias(name))


def _status(rule: ThresholdCrossing, landmark: LandmarkOutcome, day: float) -> pl.Expr:
    until = pl.coalesce("EVENTDY", pl.lit(float("inf")))
    preceded = (pl.col("BEFOREDY") <= until).fill_null(False) | (pl.col("AFTERDY") < until).fill_null(False)
    confirmed = pl.col("CONFDY").is_not_null()
    reached = pl.col("REACHDY").is_not_null() & pl.col("OPEN") & ~confirmed
    last_day = pl.lit(day)
    if rule.window.last_day is not None:
        closing = clock_start(rule.window.clock) + rule.window.last_day
        last_day = pl.min_horizontal(last_day, closing)
        if rule.confirm_within_window:
            reached &= pl.lit(day) < closing
    stopped = pl.min_horizontal("COMPDY", "ENDDY")
    # What comes after the window decides nothing but that a pair that had begun cannot be completed.
    decided = (confirmed & preceded) | (stopped <= last_day) | (reached & stopped.is_not_null())
    recent = pl.col("LASTDY") >= last_day - landmark.last_sample_within_day
    return (
        pl.when(confirmed & ~preceded)
        .then(pl.lit(LandmarkStatus.RECONSTITUTED))
        .when(decided.fill_null(False))
        .then(pl.lit(LandmarkStatus.NOT_RECONSTITUTED))
        .when(pl.col("NSAMPLES").fill_null(0) == 0)
        .then(pl.lit(LandmarkStatus.NO_SAMPLE))
        .when(~recent.fill_null(False))
        .then(pl.lit(LandmarkStatus.NOT_RECENT))
        .when(reached.fill_null(False))
        .then(pl.lit(LandmarkStatus.UNCONFIRMED))
        .when(pl.col("NUNKNOWN") > 0)
        .then(pl.lit(LandmarkStatus.UNDECIDED))
        .otherwise(pl.lit(LandmarkStatus.NOT_RECONSTITUTED))
    )
