"""Acute GvHD by organ stages: the overall grade that they give (MAGIC: Harris 2016, Biol Blood Marrow Transplant 22:4).

The overall grade is the highest that an organ by itself gives, so a single stage can prove that a grade is reached, and
every grade is traced to one record.
"""

import polars as pl

from immrecon.config.occurrences import GvhdGrade, GvhdStages, StoolVolume

ORGAN_GRADE = {
    "skin": {0: 0, 1: 1, 2: 1, 3: 2, 4: 4},
    "liver": {0: 0, 1: 2, 2: 3, 3: 3, 4: 4},
    "upper_gi": {0: 0, 1: 2},
    "lower_gi": {0: 0, 1: 2, 2: 3, 3: 3, 4: 4},
}
"""Overall grade that a stage of the organ gives by itself."""


def reaching_grade(rule: GvhdGrade, fa: pl.DataFrame, sc: pl.DataFrame) -> pl.DataFrame:
    """Rows of FA that prove a grade of at least `rule.at_least`, as recorded, by a stage, or either."""
    rows = fa.filter(pl.col("FACAT") == rule.category)
    proof = []
    if rule.read != "computed":
        proof.append(rows.filter(pl.col("FATESTCD") == rule.grade, pl.col("FASTRESN") >= rule.at_least))
    if rule.read != "recorded":
        assert rule.stages is not None, "the configuration names the stages where they are read"
        graded = organ_grades(rows, sc, rule.stages)
        proof.append(graded.filter(pl.col("ORGANGR") >= rule.at_least).drop("ORGANGR"))
    return pl.concat(proof).unique(["USUBJID", "FASEQ"], maintain_order=True)


def organ_grades(rows: pl.DataFrame, sc: pl.DataFrame, stages: GvhdStages) -> pl.DataFrame:
    """The rows that stage an organ, with the overall grade that each gives by itself (ORGANGR; null: no such stage)."""
    parts = [
        rows.filter(pl.col("FATESTCD") == getattr(stages, organ)).with_columns(
            ORGANGR=_grade(organ, pl.col("FASTRESN"))
        )
        for organ in ORGAN_GRADE
    ]
    if stages.lower_gi_volume is not None:
        parts.append(_by_volume(rows, sc, stages.lower_gi_volume))
    return pl.concat(parts)


def _grade(organ: str, stage: pl.Expr) -> pl.Expr:
    grades = ORGAN_GRADE[organ]
    return stage.replace_strict([float(s) for s in grades], list(grades.values()), default=None, return_dtype=pl.Int64)


def _by_volume(rows: pl.DataFrame, sc: pl.DataFrame, rule: StoolVolume) -> pl.DataFrame:
    """Stages 0 to 3 of the lower gut from the volume of stool; without a weight the volume stages nothing."""
    weight = sc.filter(pl.col("SCTESTCD") == rule.weight_test).select("USUBJID", WEIGHT="SCSTRESN")
    adult = pl.col("WEIGHT") > rule.adult_above_kg
    volume = pl.col("FASTRESN") / pl.when(adult).then(1.0).otherwise("WEIGHT")
    one, two, three = (
        pl.when(adult).then(pl.lit(of_adults)).otherwise(pl.lit(per_kg))
        for of_adults, per_kg in zip(rule.adult_ml_per_day, rule.child_ml_per_kg_per_day, strict=True)
    )
    stage = pl.when(volume > three).then(3.0).when(volume >= two).then(2.0).when(volume >= one).then(1.0).otherwise(0.0)
    known = pl.col("WEIGHT").is_not_null() & pl.col("FASTRESN").is_not_null()
    return (
        rows.filter(pl.col("FATESTCD") == rule.test)
        .join(weight, on="USUBJID", how="left", maintain_order="left")
        .with_columns(ORGANGR=pl.when(known).then(_grade("lower_gi", stage)))
        .drop("WEIGHT")
    )
