"""Outcome by the last count measured before: Cox's model with a covariate that changes at each sample.

(start, stop] intervals: a value holds after the day of its sample, up to and including the day of the next one; an
event on the day of a sample is put down to the value before. Values are carried forward, never interpolated. A
participant is at risk from the first value on, at the earliest from the start of follow-up (delayed entry).
"""

import numpy as np
import polars as pl

from immrecon.analyses.contrast_ratios import hazard_ratio_rows
from immrecon.analyses.contrast_sample import Row, Sample
from immrecon.analyses.log_counts import log10_count
from immrecon.analyses.outcome_landmarks import ANALYSIS
from immrecon.analyses.outcome_sample import compared, two_levels
from immrecon.config.outcome_specs import OutcomeSpec
from immrecon.config.outcomes import CurrentValueOutcome
from immrecon.vocabulary import CLOCK_DAY

CENSORED = 1
"""Value of CNSR."""


def current_value_rows(
    adtte: pl.DataFrame, adlb: pl.DataFrame, adoc: pl.DataFrame, adsl: pl.DataFrame, order: int, spec: OutcomeSpec
) -> list[Row]:
    """Rows of OUTCOME_CONTRASTS: the ratio of hazards of a count ten times as high, per analysis and endpoint."""
    assert spec.outcomes is not None
    rows = []
    for place, (code, current) in enumerate(spec.outcomes.current_value.items()):
        values = log_counts(adlb, adoc, current)
        for parameter in current.endpoints:
            rows += _ratios(code, order + place, current, parameter, values, adtte, adsl, spec)
    return rows


def log_counts(adlb: pl.DataFrame, adoc: pl.DataFrame, current: CurrentValueOutcome) -> pl.DataFrame:
    """USUBJID, DY, VALUE: log10 counts by day since transplant; of several samples on one day the lowest."""
    ends = adoc.filter(pl.col("OCCUR").is_in(current.samples_end_at)).group_by("USUBJID").agg(ENDDY=pl.col("DY").min())
    return (
        adlb.filter(pl.col("PARAMCD") == current.analyte, pl.col("ANL02FL") == "Y", pl.col("ADY") >= current.first_day)
        .join(ends, on="USUBJID", how="left")
        .filter(pl.col("ENDDY").is_null() | (pl.col("ADY") < pl.col("ENDDY")))
        .with_columns(VALUE=log10_count(current.below_limit, current.lowest_per_ul))
        .group_by("USUBJID", DY="ADY")
        .agg(pl.col("VALUE").min())
        .sort("USUBJID", "DY")
    )


def carried_forward(values: pl.DataFrame, followed: pl.DataFrame) -> pl.DataFrame:
    """Intervals (TSTART, TSTOP] with the VALUE that holds in them, and CNSR at their end.

    values: USUBJID, DY, VALUE, one per day. followed: USUBJID, ENTRY, EXIT, CNSR and what else is kept, one per
    participant; days on the same clock. Whoever has no value before EXIT has no interval.
    """
    until = pl.min_horizontal(pl.col("DY").shift(-1).over("USUBJID"), pl.col("EXIT"))
    return (
        followed.join(values, on="USUBJID", how="inner")
        .filter(pl.col("DY") < pl.col("EXIT"))
        .sort("USUBJID", "DY")
        .with_columns(TSTART=pl.max_horizontal("DY", "ENTRY"), TSTOP=until)
        .filter(pl.col("TSTOP") > pl.col("TSTART"))
        .with_columns(CNSR=pl.when(pl.col("TSTOP") == pl.col("EXIT")).then("CNSR").otherwise(CENSORED))
    )


def _ratios(
    code: str,
    order: int,
    current: CurrentValueOutcome,
    parameter: str,
    values: pl.DataFrame,
    adtte: pl.DataFrame,
    adsl: pl.DataFrame,
    spec: OutcomeSpec,
) -> list[Row]:
    assert spec.outcomes is not None
    endpoint = spec.endpoints.endpoints[parameter]
    clock = spec.endpoints.first_events[endpoint.first_event].origin.clock
    start = adsl.select("USUBJID", STARTDY=CLOCK_DAY[clock])
    followed = adtte.filter(pl.col("PARAMCD") == parameter, pl.col("RISKFL") == "Y").select(
        "USUBJID", "GROUP", "DOSELVL", "CNSR", ENTRY="AENTRY", EXIT="AVAL"
    )
    on_clock = values.join(start, on="USUBJID", how="inner").select(
        "USUBJID", "VALUE", DY=pl.col("DY") - pl.col("STARTDY")
    )
    rows = carried_forward(on_clock, followed).with_columns(AVAL="TSTOP")
    comparison = two_levels(current.label, [], current.endpoints, current.stratified_by, current.p_values)
    sample = Sample(
        code=code,
        order=order,
        parameter=parameter,
        endpoint=endpoint,
        levels=[],
        level=rows["VALUE"].to_numpy(),
        start_day=0.0,
        n_left_out=followed.height - rows["USUBJID"].n_unique(),
        left_out="at risk without a value before the end of follow-up, left out",
        entry=rows["TSTART"].to_numpy(),
        subject=np.unique(rows["USUBJID"].to_numpy(), return_inverse=True)[1]
        if rows.height
        else np.zeros(0, dtype=int),
        **compared(code, comparison, rows, spec.outcomes.gates, spec),
    )
    about = {"analysis": ANALYSIS, "factor": current.analyte, "level": "ten times the count"}
    return [row | about for row in hazard_ratio_rows(sample)]
