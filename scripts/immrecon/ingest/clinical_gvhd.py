"""Recorded grades of acute GvHD against the organ stages of the same assessment. Both are kept as recorded."""

from collections.abc import Sequence

import polars as pl

from immrecon.config.occurrences import StagedGvhd
from immrecon.gvhd_grade import ORGAN_GRADE, organ_grades
from immrecon.ingest.clinical_queries import query
from immrecon.vocabulary import Severity

_ASSESSMENT = ["USUBJID", "FALO", "FAHI", "FADY"]


def gvhd_queries(fa: pl.DataFrame, sc: pl.DataFrame, staged: Sequence[StagedGvhd]) -> list[pl.DataFrame]:
    """Warnings on grades that differ from the one that the stages give, and on stages that the organ does not have.

    Compared within one day; a partial date is no day. With an organ not staged the stages give the least grade that is
    possible, and only a lower recorded one contradicts them.
    """
    queries = []
    for rule in staged:
        rows = fa.filter(pl.col("FACAT") == rule.category)
        graded = organ_grades(rows, sc, rule.stages)
        queries += [_disagree(rows, graded, rule), _unknown(graded, rule)]
    return queries


def _disagree(rows: pl.DataFrame, graded: pl.DataFrame, rule: StagedGvhd) -> pl.DataFrame:
    # A volume of stool does not tell stage 4 (pain, ileus, blood), so it does not complete the stages.
    staged = pl.col("FATESTCD").filter(pl.col("FATESTCD") != _volume(rule)).n_unique()
    by_stages = (
        graded.filter(pl.col("ORGANGR").is_not_null())
        .group_by(_ASSESSMENT)
        .agg(LEAST=pl.col("ORGANGR").max(), COMPLETE=staged == len(ORGAN_GRADE))
    )
    dated = (pl.col("FALO") == pl.col("FAHI")).fill_null(value=False) | pl.col("FADY").is_not_null()
    recorded = rows.filter(pl.col("FATESTCD") == rule.grade, pl.col("FASTRESN").is_not_null(), dated)
    compared = recorded.join(by_stages, on=_ASSESSMENT, how="inner", nulls_equal=True, maintain_order="left")
    lower = pl.col("FASTRESN") < pl.col("LEAST")
    differs = compared.filter(lower | (pl.col("COMPLETE") & (pl.col("FASTRESN") != pl.col("LEAST"))))
    given = (
        pl.when("COMPLETE").then(pl.lit("the organ stages give")).otherwise(pl.lit("the organ stages give at least"))
    )
    return query(
        differs,
        domain="FA",
        kind="gvhd_grade_disagrees",
        severity=Severity.WARNING,
        message=pl.format("Recorded as grade {}, but {} grade {} (MAGIC). Both are kept.", "FAORRES", given, "LEAST"),
        hint="Which of the two is right?",
        value=pl.col("FAORRES"),
    )


def _unknown(graded: pl.DataFrame, rule: StagedGvhd) -> pl.DataFrame:
    no_stage = pl.col("FASTRESN").is_not_null() & pl.col("ORGANGR").is_null() & (pl.col("FATESTCD") != _volume(rule))
    return query(
        graded.filter(no_stage),
        domain="FA",
        kind="gvhd_stage_unknown",
        severity=Severity.WARNING,
        message=pl.format('{} has no stage "{}" (MAGIC). It gives no grade.', "FATESTCD", "FAORRES"),
        hint="Stages are 0 to 4, of the upper gut 0 or 1.",
        value=pl.col("FAORRES"),
    )


def _volume(rule: StagedGvhd) -> str:
    """The test of the stool volume, or a name that no test has."""
    return "" if rule.stages.lower_gi_volume is None else rule.stages.lower_gi_volume.test
