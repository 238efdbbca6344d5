"""Who is in the trial: the funnel, accrual, the baseline table, the swimmer plot, and what was queried."""

from dataclasses import dataclass
from datetime import date, timedelta

import polars as pl

from immrecon.analyses.baseline import baseline_table
from immrecon.analyses.strata import Stratum, placed, still_followed, strata_of_everyone
from immrecon.analyses.timelines import timelines
from immrecon.config.endpoints import EndpointsFile
from immrecon.config.specs import DispositionSpec
from immrecon.contracts.results import ACCRUAL, FUNNEL, QUERY_COUNTS
from immrecon.vocabulary import CLASSIFIED, DERIVED, FILE_NOT_USED, FILES, POPULATION_FLAG, Population, Severity


@dataclass(frozen=True)
class Disposition:
    funnel: pl.DataFrame
    accrual: pl.DataFrame
    baseline: pl.DataFrame
    timelines: pl.DataFrame
    query_counts: pl.DataFrame


def estimate_disposition(
    adsl: pl.DataFrame,
    sc: pl.DataFrame,
    adoc: pl.DataFrame,
    adlb: pl.DataFrame,
    queries: list[pl.DataFrame],
    unused_files: list[str],
    spec: DispositionSpec,
) -> Disposition:
    """Counts only: every participant is in exactly one place of each table."""
    return Disposition(
        funnel=funnel(adsl, spec),
        accrual=accrual(adsl, spec),
        baseline=baseline_table(adsl, sc, spec),
        timelines=timelines(adsl, adoc, spec),
        query_counts=query_counts(queries, adlb, unused_files, by_day(adlb, adoc, spec.endpoints)),
    )


def funnel(adsl: pl.DataFrame, spec: DispositionSpec) -> pl.DataFrame:
    """Participants per population and stratum, and why those who are missing did not get there."""
    people = placed(adsl, spec.groups, spec.dose_levels)
    chosen = strata_of_everyone(people, spec.groups, spec.dose_levels)
    rows = [row for stratum in chosen for row in _funnel_rows(people, stratum, spec)]
    return FUNNEL.frame(rows)


def _unexplained(stage: Population) -> pl.Expr:
    """Whoever may still reach the next stage is pending, not lost."""
    if stage in (Population.TRANSPLANTED, Population.INJECTED):
        return pl.when(still_followed()).then(pl.lit("pending at the cut-off")).otherwise(pl.lit("no reason recorded"))
    return pl.lit("no reason recorded")


_LOSS_REASON = {
    Population.ENROLLED: "SCRFREAS",
    Population.TRANSPLANTED: "NHSCREAS",
    Population.INJECTED: "NINJREAS",
    Population.EVALUABLE: "EVALREAS",
}


_UNDATED = {
    "n_death_undated": pl.col("DTHUNFL") == "Y",
    "n_left_undated": pl.col("WDUNFL") == "Y",
    "n_clock_unknown": ((pl.col("HSCTFL") == "Y") & pl.col("HSCTDY").is_null())
    | ((pl.col("SAFFL") == "Y") & pl.col("TRTSDY").is_null()),
}
"""Of the participants of a stage, those whom time-to-event analyses miss because a date is missing."""


def _funnel_rows(adsl: pl.DataFrame, stratum: Stratum, spec: DispositionSpec) -> list[dict[str, object]]:
    members = adsl.filter(stratum.rows())
    rows: list[dict[str, object]] = []
    stages = {stage: members.filter(pl.col(flag) == "Y") for stage, flag in POPULATION_FLAG.items()}
    before = dict(zip(list(stages)[1:], list(stages), strict=False)) | {Population.EVALUABLE: spec.evaluable.of}
    for order, (stage, inside) in enumerate(stages.items()):
        came_from = stages[before[stage]] if stage in before else members
        lost = came_from.join(inside, on="USUBJID", how="anti")
        reasons = None
        if stage in _LOSS_REASON and lost.height:
            counted = (
                lost.select(REASON=pl.coalesce(_LOSS_REASON[stage], _unexplained(stage)))
                .group_by("REASON")
                .len()
                .sort(["len", "REASON"], descending=[True, False])
            )
            reasons = "; ".join(f"{reason} ({n})" for reason, n in counted.iter_rows())
        rows.append(
            stratum.columns()
            | {"stage": stage, "stage_order": order, "n": inside.height}
            | {"n_lost": lost.height, "loss_reasons": reasons}
            | {name: inside.filter(condition).height for name, condition in _UNDATED.items()}
        )
    return rows


def accrual(adsl: pl.DataFrame, spec: DispositionSpec) -> pl.DataFrame:
    """Cumulative numbers at the end of each month, against the plan if there is one. Empty without dates."""
    schema = ACCRUAL.schema.create_empty().schema
    reached = {
        stage: adsl.filter((pl.col(POPULATION_FLAG[stage]) == "Y") & pl.col(column).is_not_null())[column].to_list()
        for stage, column in _ACCRUAL_DATE.items()
    }
    planned = {item.month: item.planned_cumulative for item in spec.accrual_plan}
    days: list[date] = [day for dates in reached.values() for day in dates]
    if not days or spec.cutoff_date is None:
        return pl.DataFrame(schema=schema)
    first, last = min([*days, *planned]).replace(day=1), max([*days, *planned, spec.cutoff_date]).replace(day=1)
    months: list[date] = pl.date_range(first, last, "1mo", eager=True).to_list()
    rows = [
        {
            "month": month,
            "stage": stage,
            "n_cumulative": _up_to(reached[stage], month, spec.cutoff_date),
            "planned_cumulative": planned.get(month),
        }
        for month in months
        for stage in _ACCRUAL_DATE
    ]
    return pl.DataFrame(rows, schema=schema)


_ACCRUAL_DATE = {
    Population.ENROLLED: "ENRLDT",
    Population.TRANSPLANTED: "HSCTDT",
    Population.INJECTED: "TRTSDT",
}


def _up_to(dates: list[date], month: date, cutoff: date) -> int | None:
    """Participants by the end of the month; missing for a month that begins after the cut-off."""
    if month > cutoff:
        return None
    following = (month.replace(day=28) + timedelta(days=4)).replace(day=1)
    return sum(day < following for day in dates)


def query_counts(
    queries: list[pl.DataFrame], adlb: pl.DataFrame, unused_files: list[str], classified: list[pl.DataFrame]
) -> pl.DataFrame:
    """Queries per domain, file, kind and severity; results that were read but are not usable; files that are not; and
    the results of `by_day`.
    """
    asked = (
        pl.concat(queries)
        .sort("QUDOM", "SRCFILE", "QUKIND", "QUSEV", "QUSEQ")
        .group_by(domain="QUDOM", source_file="SRCFILE", kind="QUKIND", severity="QUSEV", maintain_order=True)
        .agg(
            n_queries=pl.len().cast(pl.Int64),
            n_cells=pl.col("QUNCELL").sum(),
            example=pl.col("QUKIND").first().str.replace_all("_", " "),
        )
    )
    unusable = adlb.filter(pl.col("ANL02FL") == "N").with_columns(domain=pl.lit(DERIVED), example="ANLREAS")
    counted = (
        pl.concat([unusable, *classified], how="diagonal")
        .group_by("domain", "example", source_file="SRCFILE")
        .agg(n_queries=pl.len())
        .with_columns(kind=pl.col("example").str.replace_all(" ", "_"), severity=pl.lit("note"))
    )
    derived = (counted, _unused(unused_files))
    return pl.concat([asked, *map(_derived_query, derived)])


def by_day(adlb: pl.DataFrame, adoc: pl.DataFrame, endpoints: EndpointsFile) -> list[pl.DataFrame]:
    """Usable results of before the transplant, and of on or after each occurrence at which a rule lets samples end."""
    usable = adlb.filter(pl.col("ANL02FL") == "Y").with_columns(domain=pl.lit(CLASSIFIED))
    ends = dict.fromkeys(end for rule in endpoints.threshold_rules().values() for end in rule.samples_end_at)
    found = [usable.filter(pl.col("ADY") < 0).with_columns(example=pl.lit("collected before transplant"))]
    for end in ends:
        first = adoc.filter(OCCUR=end, OCCSEQ=1).select("USUBJID", ENDDY="DY")
        after = usable.join(first, on="USUBJID", how="inner").filter(pl.col("ADY") >= pl.col("ENDDY"))
        found.append(after.with_columns(example=pl.lit(f"collected on or after {endpoints.words(end)}")))
    return found


def _unused(files: list[str]) -> pl.DataFrame:
    """Files as received that the configuration names nowhere: nothing of them is in any result."""
    return pl.DataFrame(
        {
            "domain": [FILES] * len(files),
            "source_file": files,
            "kind": [FILE_NOT_USED] * len(files),
            "severity": [str(Severity.WARNING)] * len(files),
            "n_queries": [1] * len(files),
            "example": ["In the folder of the cut, but named by no dialect and no extract: nothing of it is used."]
            * len(files),
        },
        schema_overrides={
            "n_queries": pl.Int64,
            "source_file": pl.String,
            "domain": pl.String,
            "kind": pl.String,
            "severity": pl.String,
            "example": pl.String,
        },
    )


def _derived_query(frame: pl.DataFrame) -> pl.DataFrame:
    """Queries that arise after ingest; they withhold no cell of an export."""
    return frame.with_columns(pl.col("n_queries").cast(pl.Int64), n_cells=pl.lit(0, dtype=pl.Int64)).select(
        QUERY_COUNTS.schema.column_names()
    )
