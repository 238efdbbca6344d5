"""Where each participant stands with a reconstitution rule: every category is a fact, none is a censoring."""

from datetime import date

import polars as pl

from immrecon.comparators import above_threshold
from immrecon.config.occurrences import ThresholdCrossing
from immrecon.derive.adsl import clock_start
from immrecon.derive.clock import yes_no


def reconstitution_status(
    name: str,
    rule: ThresholdCrossing,
    samples: pl.DataFrame,
    crossed: pl.DataFrame,
    below: pl.DataFrame,
    competing: pl.DataFrame,
    variable: pl.DataFrame,
    adsl: pl.DataFrame,
    cutoff: date | None,
) -> pl.DataFrame:
    """ADREC rows of one rule, for the population of the first-event variable that the rule belongs to.

    `below` has the last day decided as not above (LEFTDY), `competing` the first day (DY) of what competes with it.

    Participants who are not at risk for that variable keep their row, with the status that their samples give.
    """
    in_window = samples_in_window(samples, adsl, rule)
    start, last_day = clock_start(rule.window.clock), rule.window.last_day
    preceded = pl.col("CAUSE").is_not_null() & (pl.col("CAUSE") != name)
    if last_day is not None:
        preceded &= pl.col("DY") - start <= last_day
    confirmed = pl.col("CONFDY").is_not_null() & (pl.col("CAUSE").is_null() | (pl.col("CAUSE") == name))
    reached = pl.col("REACHDY").is_not_null() & pl.col("OPEN") & pl.col("CONFDY").is_null()
    if rule.confirm_within_window and last_day is not None:
        too_late = pl.col("REACHDY") + rule.min_spacing_day - start > last_day
        reached &= ~too_late & ~_window_closed(rule, cutoff)
    undated = (pl.col("DTHUNFL") == "Y") | (pl.col("WDUNFL") == "Y")
    gone = (pl.col("DTHFL") == "Y") | pl.col("WDDT").is_not_null() | undated | pl.col("ENDED").fill_null(False)
    status = (
        pl.when(confirmed)
        .then(pl.lit("confirmed"))
        .when(preceded)
        .then(pl.lit("competing event before"))
        .when(reached & gone)
        .then(pl.lit("reached, can no longer be confirmed"))
        .when(reached)
        .then(pl.lit("reached, not yet confirmed"))
        .when(pl.col("NSAMPLES").fill_null(0) == 0)
        .then(pl.lit("no sample"))
        .when(pl.col("NUNKNOWN").fill_null(0) > 0)
        .then(pl.lit("unknown"))
        .otherwise(pl.lit("not reached"))
    )
    return (
        variable.select(
            "USUBJID",
            "DISPID",
            "GROUP",
            "DOSELVL",
            "STARTDT",
            "STARTDY",
            "TRTSDY",
            "CAUSE",
            "DY",
            "RISKFL",
            FOLLDY="LASTDY",
        )
        .join(adsl.select("USUBJID", "DTHFL", "DTHUNFL", "WDDT", "WDUNFL"), on="USUBJID", how="left")
        .join(samples.group_by("USUBJID").agg(ENDED=pl.col("ENDDY").is_not_null().any()), on="USUBJID", how="left")
        .join(crossed, on="USUBJID", how="left")
        .join(in_window, on="USUBJID", how="left")
        .join(below, on="USUBJID", how="left")
        .join(competing.select("USUBJID", COMPETES="CAUSE", COMPDY="DY"), on="USUBJID", how="left")
        .with_columns(STATUS=status, WINCLFL=yes_no(_window_closed(rule, cutoff)))
        .select(
            "USUBJID",
            RULE=pl.lit(name),
            DISPID="DISPID",
            GROUP="GROUP",
            DOSELVL="DOSELVL",
            STATUS="STATUS",
            REACHDY="REACHDY",
            CONFDY="CONFDY",
            RISKFL="RISKFL",
            STARTDY="STARTDY",
            LEFTDY="LEFTDY",
            COMPETES="COMPETES",
            COMPDY="COMPDY",
            FOLLDY="FOLLDY",
            LASTDY="LASTDY",
            NSAMPLES=pl.col("NSAMPLES").fill_null(0).cast(pl.Int64),
            NUNKNOWN=pl.col("NUNKNOWN").fill_null(0).cast(pl.Int64),
            WINCLFL="WINCLFL",
        )
    )


def samples_in_window(samples: pl.DataFrame, adsl: pl.DataFrame, rule: ThresholdCrossing) -> pl.DataFrame:
    """Samples within the window: how many, how many of unknown status, and the last."""
    clock_day = pl.col("ADY") - clock_start(rule.window.clock)
    inside = clock_day >= rule.window.first_day
    if rule.window.last_day is not None:
        inside &= clock_day <= rule.window.last_day
    counted = pl.col("ENDDY").is_null() | (pl.col("ADY") < pl.col("ENDDY"))
    return (
        samples.join(adsl.select("USUBJID", "TRTSDY"), on="USUBJID", how="inner")
        .filter(inside & counted)
        .with_columns(ABOVE=above_threshold(rule.operator, pl.col("THRESHOLD")))
        .group_by("USUBJID")
        .agg(NSAMPLES=pl.len(), NUNKNOWN=pl.col("ABOVE").is_null().sum(), LASTDY=pl.col("ADY").max())
    )


def _window_closed(rule: ThresholdCrossing, cutoff: date | None) -> pl.Expr:
    """Nothing later can change "not reached": the window's last day lies on or before the cut-off."""
    if rule.window.last_day is None:
        return pl.lit(False)
    if cutoff is None:
        return pl.lit(True)
    start = clock_start(rule.window.clock)
    transplant = pl.col("STARTDT") - pl.duration(days=pl.col("STARTDY"))
    since_transplant = (pl.lit(cutoff) - transplant).dt.total_days()
    return since_transplant - start >= rule.window.last_day
