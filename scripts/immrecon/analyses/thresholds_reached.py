"""How many samples of a visit lie above each declared threshold."""

import polars as pl

from immrecon.analyses.strata import strata
from immrecon.comparators import above_threshold
from immrecon.config.specs import RecoverySpec
from immrecon.config.study import Threshold
from immrecon.contracts.results import THRESHOLD_SUMMARY
from immrecon.stats.proportion import clopper_pearson
from immrecon.vocabulary import RowStatus


def threshold_rows(samples: pl.DataFrame, spec: RecoverySpec) -> pl.DataFrame:
    """A row per threshold of a summarised analyte, visit and stratum, from ADLB rows."""
    summarised = {analyte.code for analyte in spec.analytes if analyte.summarised}
    parts = [_counts(samples, item, spec) for item in spec.thresholds if item.analyte in summarised]
    columns = THRESHOLD_SUMMARY.schema.column_names()
    if not parts or not spec.visits.windows:
        return THRESHOLD_SUMMARY.schema.create_empty()
    counts = pl.concat(parts)
    interval = clopper_pearson(counts["n_reached"], counts["n"], conf_level=spec.methods.conf_level)
    known = pl.col("n") > 0
    return (
        counts.with_columns(
            method=pl.lit("proportion"),
            conf_type=pl.lit("clopper-pearson"),
            conf_level=pl.lit(spec.methods.conf_level),
            estimate=pl.Series(interval.estimate),
            conf_low=pl.Series(interval.conf_low),
            conf_high=pl.Series(interval.conf_high),
            status=pl.when(known)
            .then(pl.lit(str(RowStatus.ESTIMATED)))
            .otherwise(pl.lit(str(RowStatus.NOT_ESTIMABLE))),
            reason=pl.when(~known).then(pl.lit("no sample of known status in the window")),
        )
        .select(pl.selectors.by_name(columns))
        .with_columns(pl.selectors.float().fill_nan(None))
    )


def _counts(samples: pl.DataFrame, threshold: Threshold, spec: RecoverySpec) -> pl.DataFrame:
    """Samples with a known status, with none, and above, of every visit and stratum, zeros included."""
    visits = pl.DataFrame(
        [{"visit": visit.code, "target_day": visit.target_day} for visit in spec.visits.windows],
        schema={"visit": pl.String, "target_day": pl.Float64},
    )
    status = samples.filter(pl.col("PARAMCD") == threshold.analyte, pl.col("ANL01FL") == "Y").select(
        "GROUP", "DOSELVL", visit="AVISIT", above=above_threshold(threshold.operator, threshold.value_per_ul)
    )
    parts = []
    for stratum in strata(spec.groups, spec.dose_levels):
        counted = (
            status.filter(stratum.rows())
            .group_by("visit")
            .agg(
                n=pl.col("above").count().cast(pl.Int64),
                n_unknown=pl.col("above").null_count().cast(pl.Int64),
                n_reached=pl.col("above").sum().cast(pl.Int64),
            )
        )
        named = {name: pl.lit(value) for name, value in stratum.columns().items()}
        parts.append(visits.join(counted, on="visit", how="left", maintain_order="left").with_columns(**named))
    return pl.concat(parts).with_columns(
        pl.col("n", "n_unknown", "n_reached").fill_null(0),
        parameter=pl.lit(threshold.analyte),
        operator=pl.lit(threshold.operator),
        threshold_per_ul=pl.lit(threshold.value_per_ul, dtype=pl.Float64),
    )
