"""Days on the two clocks, from dates or, where a source has none, from days since transplant."""

from datetime import date

import polars as pl


def day_since_transplant(date_column: str, day_column: str | None = None) -> pl.Expr:
    """Days from HSCTDT to a date (transplant = 0); the relative day of the source where there is no date."""
    from_dates = (pl.col(date_column) - pl.col("HSCTDT")).dt.total_days().cast(pl.Float64)
    return from_dates if day_column is None else pl.coalesce(from_dates, pl.col(day_column))


def by_cutoff(date_column: str, cutoff: date | None) -> pl.Expr:
    """Whether a date is on or before the cut-off. Without dates, or without a cut-off, everything is."""
    if cutoff is None:
        return pl.lit(True)
    return pl.col(date_column).is_null() | (pl.col(date_column) <= cutoff)


def yes_no(condition: pl.Expr) -> pl.Expr:
    """A CDISC flag; an undecided condition is N."""
    return pl.when(condition.fill_null(False)).then(pl.lit("Y")).otherwise(pl.lit("N"))
