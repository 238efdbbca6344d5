"""The death of each participant, as other records are checked against it."""

import polars as pl

OF_DEATHS = {"DTHHI": pl.Date, "DTHHIDY": pl.Float64, "DEATH": pl.String}
"""Columns of `with_deaths`."""


def first_death(ce: pl.DataFrame) -> pl.DataFrame:
    """The first record of a death that has a day."""
    dated = pl.col("CESTLO").is_not_null() | pl.col("CESTDY").is_not_null()
    deaths = ce.filter((pl.col("CEDECOD") == "DEATH") & dated).sort("USUBJID", "CESEQ", maintain_order=True)
    return deaths.unique("USUBJID", keep="first", maintain_order=True).select(
        "USUBJID",
        death_row="SRCROW",
        death_file="SRCFILE",
        death_lo="CESTLO",
        death_hi="CESTHI",
        death_dy="CESTDY",
        death_seq="CESEQ",
    )


def death_in_words() -> pl.Expr:
    """The day of death, in the form that its source gave."""
    date = pl.coalesce(pl.col("death_hi").cast(pl.String), pl.format("day {}", pl.col("death_dy").round(1)))
    return pl.format("the death of {} ({} row {})", date, "death_file", "death_row")


def with_deaths(dm: pl.DataFrame, ce: pl.DataFrame) -> pl.DataFrame:
    """DM with the latest day that the record of the participant's death allows, as a date (DTHHI) and since transplant
    (DTHHIDY), and the record in words (DEATH); null for who has none.
    """
    deaths = first_death(ce).select("USUBJID", DTHHI="death_hi", DTHHIDY="death_dy", DEATH=death_in_words())
    return dm.join(deaths, on="USUBJID", how="left", maintain_order="left")
