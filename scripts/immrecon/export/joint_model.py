"""Two tables for joint models of counts and outcome (R's JM, JMbayes2): samples in rows, participants in rows.

Both are at participant level and name participants by their display id. Days count from the transplant. A sample after
the end of follow-up is left out, because a joint model refuses it; so is a participant without a sample, who says
nothing about counts.
"""

from dataclasses import dataclass

import polars as pl

from immrecon.analyses.baseline import characteristic_values
from immrecon.analyses.log_counts import log10_count
from immrecon.comparators import ABOVE_LIMIT, BELOW
from immrecon.config.outcome_specs import JointModelSpec
from immrecon.config.outcomes import JointModelTables
from immrecon.contracts.export import JOINT_MODEL_LONG, JOINT_MODEL_WIDE
from immrecon.contracts.io import validate
from immrecon.vocabulary import CLOCK_DAY


@dataclass(frozen=True)
class JointModel:
    long: pl.DataFrame
    wide: pl.DataFrame


def export_joint_model(
    adsl: pl.DataFrame, adlb: pl.DataFrame, adtte: pl.DataFrame, sc: pl.DataFrame, spec: JointModelSpec
) -> JointModel:
    """The tables of the contracts JOINT_MODEL_LONG and JOINT_MODEL_WIDE, sorted; empty where none are declared.

    `wide` has a column more for every declared baseline characteristic, in lower case.
    """
    declared = None if spec.outcomes is None else spec.outcomes.joint_model
    if declared is None:
        return JointModel(JOINT_MODEL_LONG.schema.create_empty(), JOINT_MODEL_WIDE.schema.create_empty())
    people = _people(adsl, adtte, declared, spec)
    samples = (
        adlb.filter(
            pl.col("PARAMCD") == declared.analyte, pl.col("ANL02FL") == "Y", pl.col("ADY") >= declared.first_day
        )
        .join(people.select("USUBJID", "event_time_day"), on="USUBJID", how="inner")
        .filter(pl.col("ADY") <= pl.col("event_time_day"))
    )
    sampled = people.join(samples.select("USUBJID").unique(), on="USUBJID", how="semi")
    wide = validate(JOINT_MODEL_WIDE, sampled.select(JOINT_MODEL_WIDE.schema.column_names()))
    return JointModel(_long(samples, declared), _with_covariates(wide, sampled, adsl, sc, declared, spec))


def _people(adsl: pl.DataFrame, adtte: pl.DataFrame, declared: JointModelTables, spec: JointModelSpec) -> pl.DataFrame:
    endpoint = spec.endpoints.endpoints[declared.endpoint]
    clock = spec.endpoints.first_events[endpoint.first_event].origin.clock
    start = adsl.select("USUBJID", STARTDY=CLOCK_DAY[clock])
    return (
        adtte.filter(pl.col("PARAMCD") == declared.endpoint, pl.col("RISKFL") == "Y")
        .join(start, on="USUBJID", how="inner")
        .filter(pl.col("AVAL") > pl.col("AENTRY"))
        .select(
            "USUBJID",
            id="DISPID",
            group=pl.col("GROUP").fill_null(""),
            dose_level=pl.col("DOSELVL").fill_null(""),
            entry_day=pl.col("AENTRY") + pl.col("STARTDY"),
            event_time_day=pl.col("AVAL") + pl.col("STARTDY"),
            status=pl.col("CNSR").replace_strict({0: 1, 1: 0, 2: 2}, return_dtype=pl.Int64),
            event=pl.col("CAUSE").fill_null("censored"),
        )
    )


def _long(samples: pl.DataFrame, declared: JointModelTables) -> pl.DataFrame:
    rows = samples.sort("DISPID", "ADY", "ASEQ").select(
        id="DISPID",
        sample_number=pl.int_range(1, pl.len() + 1, dtype=pl.Int64).over("DISPID"),
        group=pl.col("GROUP").fill_null(""),
        dose_level=pl.col("DOSELVL").fill_null(""),
        analyte="PARAMCD",
        time_day="ADY",
        log10_count=log10_count(declared.below_limit, declared.lowest_per_ul),
        below_limit=BELOW.cast(pl.Int64),
        above_limit=ABOVE_LIMIT.cast(pl.Int64),
        limit_per_ul=pl.when(BELOW | ABOVE_LIMIT).then("AVAL").otherwise("LLOQ"),
    )
    return validate(JOINT_MODEL_LONG, rows)


def _with_covariates(
    wide: pl.DataFrame,
    sampled: pl.DataFrame,
    adsl: pl.DataFrame,
    sc: pl.DataFrame,
    declared: JointModelTables,
    spec: JointModelSpec,
) -> pl.DataFrame:
    known = {item.code: item for item in spec.baseline}
    names = sampled.select("USUBJID", "id")
    for code in declared.covariates:
        column = "NUMBER" if known[code].kind == "numeric" else "TEXT"
        values = characteristic_values(adsl, sc, known[code]).select("USUBJID", pl.col(column).alias(code.lower()))
        of_id = names.join(values, on="USUBJID", how="left").drop("USUBJID")
        wide = wide.join(of_id, on="id", how="left", maintain_order="left")
    return wide
