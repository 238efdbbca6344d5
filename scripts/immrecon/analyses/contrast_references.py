"""Observed against expected events: an endpoint beside a hazard in print (one-sample log-rank test)."""

import math

import numpy as np
import polars as pl

from immrecon.analyses.contrast_sample import Row, absent
from immrecon.config.comparisons import ConstantHazard, Reference
from immrecon.config.contrast_specs import ContrastSpec
from immrecon.stats.comparison import one_sample_logrank
from immrecon.vocabulary import CLOCK_DAY, POOLED, ContrastMeasure, RowStatus

METHOD = "one-sample log-rank test, exact Poisson"


def reference_rows(adtte: pl.DataFrame, adsl: pl.DataFrame, spec: ContrastSpec) -> list[Row]:
    """A row per declared reference and group."""
    if spec.comparisons is None:
        return []
    after = len(spec.comparisons.comparisons)
    return [
        _row(code, after + order, reference, group, position, _on_clock(reference, adtte, adsl, spec), spec)
        for order, (code, reference) in enumerate(spec.comparisons.references.items())
        for position, group in enumerate(reference.groups)
    ]


def _row(
    code: str, order: int, reference: Reference, group: str, position: int, adtte: pl.DataFrame, spec: ContrastSpec
) -> Row:
    """Events and follow-up count from the start of follow-up to the declared day; the hazard is taken as known."""
    endpoint = spec.endpoints.endpoints[reference.endpoint]
    first_event = spec.endpoints.first_events[endpoint.first_event]
    among = pl.lit(True) if group == POOLED else pl.col("GROUP") == group
    rows = adtte.filter(pl.col("RISKFL") == "Y", among).sort("USUBJID")
    last = reference.until_day
    end, start = rows["AVAL"].to_numpy(), rows["AENTRY"].to_numpy()
    event = ((rows["CNSR"].to_numpy() == 0) & (end <= last)).astype(np.int64)
    accumulated, before = (cumulative_hazard(reference, np.minimum(day, last)) for day in (end, start))
    test = one_sample_logrank(np.minimum(end, last), event, accumulated - before, conf_level=spec.methods.conf_level)
    row: Row = {
        "analysis": "estimate_contrasts",
        "comparison": code,
        "comparison_order": order,
        "parameter": reference.endpoint,
        "population": first_event.population,
        "factor": "reference",
        "level": group,
        "level_order": position,
        "reference": code,
        "stratified_by": "",
        "measure": ContrastMeasure.OBSERVED_EXPECTED,
        "horizon": f"to day {last:g}",
        "time_day": last,
        "variance": None,
        "conf_type": "exact Poisson (Garwood)",
        "conf_level": spec.methods.conf_level,
        "n": test.n,
        "n_events": test.observed,
        "n_expected": test.expected,
        "status": RowStatus.ESTIMATED,
    }
    if test.status != RowStatus.ESTIMATED:
        return absent(row, METHOD, test.reason)
    shown = reference.p_values.shown
    return row | {
        "method": METHOD,
        "estimate": test.ratio,
        "conf_low": test.conf_low,
        "conf_high": test.conf_high,
        "statistic": test.z if shown else None,
        "p_value": test.p_exact if shown else None,
        "reason": _taken_as_known(reference),
    }


def _taken_as_known(reference: Reference) -> str:
    hazard = reference.hazard
    if not isinstance(hazard, ConstantHazard):
        return "the hazard in print is taken as known without error"
    competing = ""
    if hazard.competing_probability is not None:
        competing = f" and {100 * hazard.competing_probability:g}% with a competing event first"
    return (
        f"constant hazard that gives {100 * hazard.probability:g}% by day {hazard.by_day:g}{competing}, taken as known "
        "without error"
    )


def _on_clock(reference: Reference, adtte: pl.DataFrame, adsl: pl.DataFrame, spec: ContrastSpec) -> pl.DataFrame:
    """ADTTE rows of the endpoint, days on the clock of the hazard."""
    rows = adtte.filter(pl.col("PARAMCD") == reference.endpoint)
    if reference.clock == "endpoint":
        return rows
    origin = spec.endpoints.first_events[spec.endpoints.endpoints[reference.endpoint].first_event].origin
    start = adsl.select("USUBJID", STARTDY=CLOCK_DAY[origin.clock])
    days = [pl.col(name) + pl.col("STARTDY") for name in ("AENTRY", "AVAL")]
    return rows.join(start, on="USUBJID", how="left").with_columns(days)


def cumulative_hazard(reference: Reference, day: np.ndarray) -> np.ndarray:
    """(n,) declared hazard of the reference, accumulated from day 0 to each day; linear between its knots."""
    hazard = reference.hazard
    if isinstance(hazard, ConstantHazard):
        p, q = hazard.probability, hazard.competing_probability or 0.0
        values: np.ndarray = day * -math.log1p(-p - q) * p / (p + q) / hazard.by_day
        return values
    days = [0.0, *(step.day for step in hazard.steps)]
    values = np.interp(day, days, [0.0, *(step.cumulative_hazard for step in hazard.steps)])
    return values
