"""The swimmer plot as a table: a bar of follow-up per participant, and a marker per declared occurrence."""

import polars as pl

from immrecon.analyses.strata import group_as_drawn, still_followed
from immrecon.config.specs import DispositionSpec
from immrecon.contracts.results import TIMELINES
from immrecon.vocabulary import POPULATION_FLAG


def timelines(adsl: pl.DataFrame, adoc: pl.DataFrame, spec: DispositionSpec) -> pl.DataFrame:
    """Lanes ordered by group, dose level, and transplant date; days since transplant."""
    group_order = {group.code: rank for rank, group in enumerate(spec.groups)}
    dose_order = {level.code: rank for rank, level in enumerate(spec.dose_levels)}
    lanes = (
        adsl.filter(pl.col(POPULATION_FLAG[spec.timelines.population]) == "Y")
        .with_columns(
            RANK=pl.col("GROUP").replace_strict(group_order, default=len(group_order), return_dtype=pl.Int64),
            DOSERANK=pl.col("DOSELVL").replace_strict(dose_order, default=len(dose_order), return_dtype=pl.Int64),
            LASTDY=pl.max_horizontal("LSTALVDY", "DTHDY", pl.lit(0.0)),
        )
        .sort("RANK", "DOSERANK", "HSCTDT", "USUBJID", nulls_last=True)
        .with_row_index("LANE")
    )
    bars = lanes.select(
        "USUBJID", "LANE", kind=pl.lit("follow-up"), code=pl.lit("FOLLOW_UP"), label=pl.lit("follow-up"),
        start_day=pl.lit(0.0), end_day="LASTDY",
    )  # fmt: skip
    markers = [
        _marker(lanes, "INJECTION", "injection", pl.col("TRTSDY")),
        _marker(lanes.filter(still_followed()), "ONGOING", "in follow-up", pl.col("LASTDY")),
        _marker(
            lanes.filter(pl.col("WDDT").is_not_null()),
            "WITHDRAWN",
            "left the study",
            (pl.col("WDDT") - pl.col("HSCTDT")).dt.total_days().cast(pl.Float64),
        ),
    ]
    for marker in spec.timelines.markers:
        days = adoc.filter(pl.col("OCCUR") == marker.occurrence).select("USUBJID", "DY")
        markers.append(
            _marker(lanes.join(days, on="USUBJID", how="inner"), marker.occurrence.upper(), marker.label, pl.col("DY"))
        )
    return (
        pl.concat([bars, *markers])
        .sort("LANE", "start_day", "kind", "code")
        .join(lanes.select("USUBJID", "DISPID", "GROUP", "DOSELVL"), on="USUBJID", how="left")
        .select(
            display_id="DISPID",
            sequence=pl.int_range(pl.len()).over("LANE"),
            lane_order=pl.col("LANE").cast(pl.Int64),
            group=group_as_drawn(),
            dose_level=pl.col("DOSELVL").fill_null(""),
            kind="kind",
            code="code",
            label="label",
            start_day="start_day",
            end_day="end_day",
        )
        .select(TIMELINES.schema.column_names())
    )


def _marker(lanes: pl.DataFrame, code: str, label: str, day: pl.Expr) -> pl.DataFrame:
    return (
        lanes.with_columns(start_day=day)
        .filter(pl.col("start_day").is_not_null())
        .select(
            "USUBJID", "LANE", kind=pl.lit("marker"), code=pl.lit(code), label=pl.lit(label), start_day="start_day",
            end_day=pl.lit(None, dtype=pl.Float64),
        )
    )  # fmt: skip
