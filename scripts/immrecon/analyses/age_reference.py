"""Counts beside what is usual at the age: per cent of the lower limit and of the median, z-scores, who is in range."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product
from typing import Any

import polars as pl

from immrecon.analyses.censored_quantiles import quantiles_with_limits
from immrecon.analyses.profiles import profiles
from immrecon.analyses.strata import strata
from immrecon.analyses.visit_summary import QUANTILE_METHOD
from immrecon.comparators import ABOVE_LIMIT, BELOW, above_threshold
from immrecon.config.reference_limits import ReferenceLimit
from immrecon.config.specs import AgeReferenceSpec
from immrecon.config.study import Analyte, Visit
from immrecon.contracts.results import (
    AGE_REFERENCE_BANDS,
    AGE_REFERENCE_PROFILES,
    AGE_REFERENCE_SHARES,
    AGE_REFERENCE_SUMMARY,
)
from immrecon.stats.proportion import clopper_pearson
from immrecon.stats.reference import lms_z_score, log_normal_z_score
from immrecon.vocabulary import POOLED, POPULATION_FLAG, AgeMeasure, AgeShare, RowStatus

Row = dict[str, Any]
_COLUMN = {AgeMeasure.LOWER: "OFLOWER", AgeMeasure.MEDIAN: "OFMEDIAN", AgeMeasure.Z_SCORE: "ZSCORE"}
_UNIT = {AgeMeasure.LOWER: "%", AgeMeasure.MEDIAN: "%", AgeMeasure.Z_SCORE: "SD"}
_STATISTICS = ("median", "q1", "q3")
_NOBODY: Row = {
    "N": 0, "NOWN": 0, "NANRLO": 0, "NANRHI": 0, "NREACHED": 0, "NWITHIN": 0, "REACHED_KNOWN": 0, "WITHIN_KNOWN": 0,
}  # fmt: skip
NO_MEDIAN = "the reference has no median"
NO_Z_SCORE = "the reference allows no z-score"
NO_FINITE_Z_SCORE = "the value has no finite z-score"


@dataclass(frozen=True)
class AgeReference:
    summary: pl.DataFrame
    shares: pl.DataFrame
    profiles: pl.DataFrame
    bands: pl.DataFrame


def estimate_age_reference(adsl: pl.DataFrame, adlb: pl.DataFrame, spec: AgeReferenceSpec) -> AgeReference:
    """Every summarised analyte that has limits, of its laboratories or by age, at every visit and in every stratum.

    Censored results stay censored: "<20" against a limit of 400 is "<5 %". Quantiles are those of the visit summary,
    intervals of shares exact (Clopper-Pearson). Empty tables where no analyte has limits.
    """
    population = adsl.filter(pl.col(POPULATION_FLAG[spec.population]) == "Y")
    usable = adlb.filter(pl.col("ANL02FL") == "Y").join(population.select("USUBJID"), on="USUBJID", how="semi")
    known = {limit.analyte for limit in spec.reference_limits}
    known |= set(usable.filter(pl.col("ANRLO").is_not_null())["PARAMCD"].unique())
    analytes = [analyte for analyte in spec.analytes if analyte.summarised and analyte.code in known]
    measured = _measured(usable.filter(pl.col("PARAMCD").is_in([item.code for item in analytes])), spec)
    found = _by_stratum(measured)
    summaries: list[Row] = []
    shares: list[Row] = []
    for analyte, visit in product(analytes, spec.visits.windows):
        for stratum in strata(spec.groups, spec.dose_levels):
            chosen = found.get((analyte.code, visit.code, stratum.group, stratum.dose_level), _NOBODY)
            head = stratum.columns() | {"parameter": analyte.code, "visit": visit.code, "target_day": visit.target_day}
            summaries += [head | _summary(chosen, measure, visit, spec) for measure in AgeMeasure]
            shares += [head | _share(chosen, share) for share in AgeShare]
    return AgeReference(
        summary=AGE_REFERENCE_SUMMARY.frame(summaries),
        shares=_with_intervals(shares, spec),
        profiles=_profiles(measured),
        bands=_bands(measured, analytes, spec.reference_limits),
    )


def _measured(samples: pl.DataFrame, spec: AgeReferenceSpec) -> pl.DataFrame:
    """Samples with each measure (missing where there is none) and why it is missing, and their status."""
    rows = [
        (r.row, r.m if r.median is None else r.median, r.lower, r.upper, r.z_score, r.l, r.m, r.s, r.percentiles)
        for r in spec.reference_limits
    ]
    names = ("ANRROW", "MEDIAN", "LOWER", "UPPER", "KIND", "L", "M", "S", "PERCENTILES")
    types = [pl.Int64, *[pl.Float64] * 3, pl.String, *[pl.Float64] * 3, pl.String]
    table = pl.DataFrame(rows, schema=dict(zip(names, types, strict=True)), orient="row")
    joined = samples.sort("USUBJID", "PARAMCD", "ADY", "ASEQ").join(
        table, on="ANRROW", how="left", maintain_order="left"
    )
    joined = joined.with_columns(
        OFLOWER=100 * pl.col("AVAL") / pl.col("ANRLO"),
        OFMEDIAN=100 * pl.col("AVAL") / pl.col("MEDIAN"),
        ZSCORE=_z_scores(joined, spec.reference_limits),
    )
    no_row = pl.col("ANRREAS")
    no_z_score = pl.when(pl.col("KIND") == "none").then(pl.lit(NO_Z_SCORE)).otherwise(pl.lit(NO_FINITE_Z_SCORE))
    reached = above_threshold(">=", pl.col("ANRLO"))
    return joined.with_columns(
        REACHED=reached,
        # Below the lower limit is outside, whether or not there is an upper one.
        WITHIN=pl.when(pl.col("ANRHI").is_not_null()).then(reached & ~above_threshold(">", pl.col("ANRHI"))),
        OFLOWER_WHY=pl.when(pl.col("OFLOWER").is_null()).then(no_row),
        OFMEDIAN_WHY=pl.when(pl.col("OFMEDIAN").is_null()).then(pl.coalesce(no_row, pl.lit(NO_MEDIAN))),
        ZSCORE_WHY=pl.when(pl.col("ZSCORE").is_null()).then(pl.coalesce(no_row, no_z_score)),
    )


def _by_stratum(measured: pl.DataFrame) -> dict[tuple[str, ...], Row]:
    """The samples taken for visits by analyte, visit, group and dose level, each also pooled: counts and lists."""
    pooled = pl.lit(POOLED)
    at_visits = measured.filter(pl.col("ANL01FL") == "Y")
    everywhere = pl.concat(
        [
            at_visits.filter(pl.col("GROUP") != POOLED, pl.col("DOSELVL") != POOLED),
            at_visits.filter(pl.col("DOSELVL") != POOLED).with_columns(GROUP=pooled),
            at_visits.filter(pl.col("GROUP") != POOLED).with_columns(DOSELVL=pooled),
            at_visits.with_columns(GROUP=pooled, DOSELVL=pooled),
        ]
    )
    lists = []
    for name in _COLUMN.values():
        value = pl.col(name)
        lists += [
            value.filter(value.is_not_null() & ~(BELOW | ABOVE_LIMIT)).alias(f"{name}_EXACT"),
            value.filter(value.is_not_null() & BELOW).alias(f"{name}_BELOW"),
            value.filter(value.is_not_null() & ABOVE_LIMIT).alias(f"{name}_ABOVE"),
            pl.col(f"{name}_WHY").drop_nulls().sort(),
        ]
    keys = ["PARAMCD", "AVISIT", "GROUP", "DOSELVL"]
    counted = everywhere.group_by(keys, maintain_order=True).agg(
        *lists,
        pl.len().alias("N"),
        (pl.col("ANRORIG") == "laboratory").sum().alias("NOWN"),
        *(pl.col(limit).count().alias(f"N{limit}") for limit in ("ANRLO", "ANRHI")),
        *(pl.col(name).sum().alias(f"N{name}") for name in ("REACHED", "WITHIN")),
        *(pl.col(name).count().alias(f"{name}_KNOWN") for name in ("REACHED", "WITHIN")),
    )
    return {tuple(row[key] for key in keys): row for row in counted.iter_rows(named=True)}


def _z_scores(samples: pl.DataFrame, limits: Sequence[ReferenceLimit]) -> pl.Series:
    """z-scores by the rule of each sample's row; missing where the row has none."""
    with_order = samples.select("AVAL", "L", "M", "S", "LOWER", "MEDIAN", "UPPER", "KIND", "PERCENTILES")
    with_order = with_order.with_row_index("ORDER")
    lms = with_order.filter(pl.col("KIND") == "lms")
    parts = [(lms["ORDER"], lms_z_score(lms["AVAL"], l=lms["L"], m=lms["M"], s=lms["S"]))]
    stated = {r.percentiles: r.percentile_limits for r in limits if r.z_score == "log-normal"}
    for words, shares in sorted(stated.items()):
        rows = with_order.filter(pl.col("KIND") == "log-normal", pl.col("PERCENTILES") == words)
        assert shares is not None, "the row was refused otherwise"
        parts.append(
            (
                rows["ORDER"],
                log_normal_z_score(
                    rows["AVAL"], lower=rows["LOWER"], median=rows["MEDIAN"], upper=rows["UPPER"], shares=shares
                ),
            )
        )
    scored = pl.concat(
        [pl.DataFrame({"ORDER": order, "Z": z}, schema_overrides={"Z": pl.Float64}) for order, z in parts]
    )
    both = with_order.join(scored, on="ORDER", how="left", maintain_order="left")
    return both["Z"].fill_nan(None)


def _summary(chosen: Row, measure: AgeMeasure, visit: Visit, spec: AgeReferenceSpec) -> Row:
    name = _COLUMN[measure]
    exact, below, above, why = (chosen.get(f"{name}_{part}", []) for part in ("EXACT", "BELOW", "ABOVE", "WHY"))
    n_reference = len(exact) + len(below) + len(above)
    missing = _reasons(why)
    quantiles = quantiles_with_limits(exact, below, above)
    return {
        "measure": measure,
        "visit_label": visit.label,
        "unit": _UNIT[measure],
        "population": spec.population,
        "n": chosen["N"],
        "n_reference": n_reference,
        "n_without": chosen["N"] - n_reference,
        "n_laboratory": chosen["NOWN"] if measure is AgeMeasure.LOWER else 0,
        "missing": missing,
        "n_below_limit": len(below),
        "n_above_limit": len(above),
        "method": QUANTILE_METHOD,
        "status": RowStatus.ESTIMATED if n_reference else RowStatus.NOT_ESTIMABLE,
        "reason": None if n_reference else (missing or "no sample in the window"),
    } | {key: value for key, value in quantiles.items() if key.startswith(_STATISTICS)}


def _reasons(why: Sequence[str]) -> str | None:
    """Why there is no reference, the most frequent first: "age not known (3); older than the reference (1)"."""
    counted = sorted(Counter(why).items(), key=lambda item: (-item[1], item[0]))
    return "; ".join(f"{words} ({n})" for words, n in counted) or None


def _share(chosen: Row, share: AgeShare) -> Row:
    name, limit = ("REACHED", "ANRLO") if share is AgeShare.REACHED else ("WITHIN", "ANRHI")
    n, n_limits = chosen[f"{name}_KNOWN"], chosen[f"N{limit}"]
    unknown = "no sample of known status in the window" if n_limits or not chosen["N"] else "no reference"
    return {
        "measure": share,
        "n": n,
        "n_unknown": n_limits - n,
        "n_without": chosen["N"] - n_limits,
        "n_reached": chosen[f"N{name}"],
        "reason": None if n else unknown,
    }


def _with_intervals(rows: list[Row], spec: AgeReferenceSpec) -> pl.DataFrame:
    """The rows of AGE_REFERENCE_SHARES, with proportions and exact intervals."""
    schema = AGE_REFERENCE_SHARES.schema.create_empty().schema
    if not rows:
        return pl.DataFrame(schema=schema)
    counts = pl.DataFrame(rows, infer_schema_length=None)
    interval = clopper_pearson(counts["n_reached"], counts["n"], conf_level=spec.methods.conf_level)
    estimated = pl.col("n") > 0
    return (
        counts.with_columns(
            pl.Series("estimate", interval.estimate),
            pl.Series("conf_low", interval.conf_low),
            pl.Series("conf_high", interval.conf_high),
            method=pl.lit("proportion"),
            conf_type=pl.lit("clopper-pearson"),
            conf_level=pl.lit(spec.methods.conf_level),
            status=pl.when(estimated)
            .then(pl.lit(RowStatus.ESTIMATED.value))
            .otherwise(pl.lit(RowStatus.NOT_ESTIMABLE.value)),
        )
        .with_columns(pl.col("estimate", "conf_low", "conf_high").fill_nan(None))
        .with_columns(pl.when(estimated).then(name).alias(name) for name in ("estimate", "conf_low", "conf_high"))
        .select(pl.col(name).cast(dtype) for name, dtype in schema.items())
    )


def _profiles(measured: pl.DataFrame) -> pl.DataFrame:
    """Individual trajectories with the limits of each sample."""
    return profiles(
        measured,
        AGE_REFERENCE_PROFILES,
        band_order="ANRROW",
        lower="ANRLO",
        upper="ANRHI",
        origin="ANRORIG",
        percent_of_lower="OFLOWER",
        percent_of_median="OFMEDIAN",
        z_score="ZSCORE",
        reason=pl.when(pl.col("ANRLO").is_null()).then("ANRREAS"),
    )


def _bands(measured: pl.DataFrame, analytes: Sequence[Analyte], limits: Sequence[ReferenceLimit]) -> pl.DataFrame:
    """The rows of the file for these analytes, with how many participants and samples each answers for."""
    counts = (
        measured.filter(pl.col("ADY") >= 0)
        .group_by("ANRROW")
        .agg(n_participants=pl.col("USUBJID").n_unique().cast(pl.Int64), n_samples=pl.len().cast(pl.Int64))
    )
    codes = {analyte.code for analyte in analytes}
    rows = [
        {
            "parameter": limit.analyte,
            "band_order": limit.row,
            "band": limit.age_label,
            "age_from_years": limit.months[0] / 12,
            "median": limit.m if limit.median is None else limit.median,
            "row_status": limit.status,
        }
        | limit.model_dump(include={"lower", "upper", "unit", "percentiles", "z_score", "source", "note"})
        for limit in limits
        if limit.analyte in codes
    ]
    schema = AGE_REFERENCE_BANDS.schema.create_empty().schema
    frame = pl.DataFrame(rows, schema={name: schema[name] for name in schema if not name.startswith("n_")})
    joined = frame.join(counts.rename({"ANRROW": "band_order"}), on="band_order", how="left")
    return joined.with_columns(pl.col("n_participants", "n_samples").fill_null(0)).select(list(schema))
