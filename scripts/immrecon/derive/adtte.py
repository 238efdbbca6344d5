"""ADTTE and ADREC: endpoints and reconstitution statuses, from rules that are data."""

from dataclasses import dataclass, replace

import polars as pl

from immrecon.config.occurrences import AllOf, ClinicalEvent, ThresholdCrossing
from immrecon.config.specs import DeriveSpec
from immrecon.contracts.analysis import ADMS, ADREC, ADTTE
from immrecon.derive.deaths import one_death_each
from immrecon.derive.definition_grid import definitions, grid_variables, rule_variables
from immrecon.derive.first_event import earliest, first_events
from immrecon.derive.multistate import multistate_variables, state_intervals
from immrecon.derive.occurrences import (
    OCCURRENCE_COLUMNS,
    Events,
    by_all_of,
    first_of_each,
    not_after_death,
    not_before_life,
    recorded,
    restricted,
)
from immrecon.derive.reconstitution import crossings, daily_statuses, last_below, usable_samples
from immrecon.derive.reconstitution_status import reconstitution_status
from immrecon.derive.recurrent_events import recurrent_variables


@dataclass(frozen=True)
class TimeToEvent:
    adtte: pl.DataFrame
    adoc: pl.DataFrame
    adrec: pl.DataFrame
    adms: pl.DataFrame


def derive_adtte(adsl: pl.DataFrame, adlb: pl.DataFrame, events: Events, spec: DeriveSpec) -> TimeToEvent:
    """ADTTE: a row per participant of the endpoint's population and endpoint. ADREC: a row per reconstitution rule.

    ADOC: every declared occurrence with its day, from which both are made. ADMS: a row per participant of a course and
    state.
    """
    events = replace(events, ce=one_death_each(events.ce, events.fa, spec.cutoff_date))
    clinical_all = _of_records(events, adsl, spec)
    clinical = {name: first_of_each(rows) for name, rows in clinical_all.items()}
    rules = spec.endpoints.threshold_rules()
    samples = {name: usable_samples(adlb, adsl, rule, clinical) for name, rule in rules.items()}
    daily = {name: daily_statuses(samples[name], rule) for name, rule in rules.items()}
    crossed = {name: crossings(daily[name], adsl, rule) for name, rule in rules.items()}
    confirmed = {name: _confirmed(name, crossed[name], adsl, adlb, rule) for name, rule in rules.items()}
    none = pl.DataFrame(schema=OCCURRENCE_COLUMNS)
    occurrences = pl.concat([none, *clinical.values(), *confirmed.values()])
    all_occurrences = pl.concat([none, *clinical_all.values(), *confirmed.values()])
    variables = spec.endpoints.first_events | grid_variables(spec.endpoints) | recurrent_variables(spec.endpoints)
    followed = {
        name: first_events(name, first_event, occurrences, adsl, adlb, events, spec)
        for name, first_event in variables.items()
    }
    at_risk = {
        name: first_events(name, variable, occurrences, adsl, adlb, events, spec)
        for name, variable in multistate_variables(spec.endpoints).items()
    }
    statuses = {
        name: reconstitution_status(
            name, rules[name], samples[name], crossed[name], last_below(daily[name], crossed[name]),
            earliest(occurrences, [cause for cause in variables[variable].causes if cause != name]),
            followed[variable], adsl, spec.cutoff_date,
        )
        for name, variable in rule_variables(spec.endpoints).items()
    }  # fmt: skip
    waiting = pl.concat(
        [pl.DataFrame(schema={"USUBJID": pl.String, "RULE": pl.String})]
        + [
            status.filter(pl.col("STATUS") == "reached, not yet confirmed").select("USUBJID", "RULE")
            for status in statuses.values()
        ]
    )
    adtte = (
        [
            _endpoint_rows(code, endpoint.label, endpoint.events, followed[endpoint.first_event], waiting)
            for code, endpoint in spec.endpoints.endpoints.items()
        ]
        + [
            _endpoint_rows(code, definition.label, [code], followed[code], waiting)
            for code, definition in definitions(spec.endpoints).items()
        ]
        + [
            _endpoint_rows(code, f"{event.label}: end of follow-up", event.terminal, followed[code], waiting)
            for code, event in spec.endpoints.recurrent_events.items()
        ]
    )
    return TimeToEvent(
        adtte=pl.concat([ADTTE.schema.create_empty(), *adtte]),
        adoc=all_occurrences.drop("EARLIESTDY", "LATESTDY").rename({"CAUSE": "OCCUR"}),
        adrec=pl.concat([ADREC.schema.create_empty(), *statuses.values()]),
        adms=pl.concat(
            [ADMS.schema.create_empty()]
            + [
                state_intervals(name, course, at_risk, all_occurrences)
                for name, course in spec.endpoints.multistate.items()
            ]
        ),
    )


def _of_records(events: Events, adsl: pl.DataFrame, spec: DeriveSpec) -> dict[str, pl.DataFrame]:
    """Every occurrence of the rules that records date, in the order of the configuration."""
    declared = spec.endpoints.occurrences
    found: dict[str, pl.DataFrame] = {}
    for name in spec.endpoints.in_dependence():
        rule = declared[name]
        firsts = {other: first_of_each(rows) for other, rows in found.items()}
        if isinstance(rule, AllOf):
            found[name] = by_all_of(name, rule, firsts)
        elif not isinstance(rule, ThresholdCrossing):
            rows = not_after_death(recorded(name, rule, events, adsl, spec), adsl)
            kept = restricted(rows, rule, firsts, adsl)
            # An assessment shows a state; that it is still there a week later is no second occurrence.
            found[name] = first_of_each(kept) if rule.domain in ("FA", "GVHD") else kept
    deaths = {n for n, r in declared.items() if isinstance(r, ClinicalEvent) and set(r.terms) == {"DEATH"}}
    moved = {name: not_before_life(found[name], found, adsl) for name in deaths}
    return {name: (found | moved)[name] for name in declared if name in found}


def _confirmed(
    name: str, crossed: pl.DataFrame, adsl: pl.DataFrame, adlb: pl.DataFrame, rule: ThresholdCrossing
) -> pl.DataFrame:
    """Confirmed crossings as occurrences, dated by the first or by the confirming sample."""
    day, sequence = ("REACHDY", "REACHSEQ") if rule.event_date == "first" else ("CONFDY", "CONFSEQ")
    records = adlb.select("USUBJID", pl.col("ASEQ").alias(sequence), "ADT", "LBSEQ")
    return (
        crossed.filter(pl.col("CONFDY").is_not_null())
        .join(records, on=["USUBJID", sequence], how="left")
        .select(
            "USUBJID",
            CAUSE=pl.lit(name),
            OCCSEQ=pl.lit(1, dtype=pl.Int64),
            DY=day,
            EARLIESTDY=day,
            LATESTDY=day,
            ADT="ADT",
            ADTF=pl.lit(None, dtype=pl.String),
            SRCDOM=pl.lit("LB"),
            SRCVAR=pl.when(pl.col("ADT").is_null()).then(pl.lit("LBDY")).otherwise(pl.lit("LBDTC")),
            SRCSEQ="LBSEQ",
        )
    )


def _endpoint_rows(
    code: str, label: str, events: list[str], followed: pl.DataFrame, waiting: pl.DataFrame
) -> pl.DataFrame:
    """The rows of one endpoint: a choice of causes of its first-event variable."""
    is_event = pl.col("CAUSE").is_in(events)
    dated_by = pl.when(pl.col("STARTDT").is_null()).then(pl.lit("DY")).otherwise(pl.lit("DTC"))
    pending = waiting.filter(pl.col("RULE").is_in(events)).select("USUBJID", WAITING=pl.lit(True)).unique()
    censored = (
        pl.when(pl.col("WAITING").fill_null(False) & pl.col("ATHORIZON"))
        .then(pl.lit("reached, not yet confirmed: end of the observation window"))
        .when(pl.col("WAITING").fill_null(False))
        .then(pl.lit("reached, not yet confirmed: last sample"))
        .when(pl.col("ATHORIZON"))
        .then(pl.lit("end of the observation window"))
        .when(pl.col("NOFU"))
        .then(pl.lit("no documented follow-up after the origin"))
        .otherwise(pl.lit("last documented assessment on or before the cut-off"))
    )
    return (
        followed.join(pending, on="USUBJID", how="left")
        .with_columns(
            CNSR=pl.when(pl.col("CAUSE").is_null()).then(1).when(is_event).then(0).otherwise(2).cast(pl.Int64),
            OCCURRED=pl.col("CAUSE").is_not_null(),
        )
        .select(
            "USUBJID",
            PARAMCD=pl.lit(code),
            PARAM=pl.lit(label),
            FIRSTEV="FIRSTEV",
            DISPID="DISPID",
            GROUP="GROUP",
            DOSELVL="DOSELVL",
            STARTDT="STARTDT",
            ADT="ADT",
            ADTF=pl.when("OCCURRED").then(pl.col("ADTF")),
            AENTRY="AENTRY",
            AVAL="AVAL",
            CNSR="CNSR",
            CAUSE="CAUSE",
            EVNTDESC=pl.when("OCCURRED").then(pl.col("CAUSE").str.replace_all("_", " ")).otherwise(pl.lit("censored")),
            CNSDTDSC=pl.when(~pl.col("OCCURRED")).then(censored),
            RISKFL="RISKFL",
            NRISKREA="NRISKREA",
            SRCDOM=pl.when("OCCURRED").then(pl.col("SRCDOM")).otherwise(pl.col("DOCDOM")),
            SRCVAR=pl.when("OCCURRED").then(pl.col("SRCVAR")).otherwise(pl.col("DOCDOM") + dated_by),
            SRCSEQ=pl.when("OCCURRED").then(pl.col("SRCSEQ")).otherwise(pl.col("DOCSEQ")),
        )
    )
