"""The samples that a participant's course is made of, and where their follow-up ended."""

from dataclasses import dataclass
from datetime import date

import polars as pl

from immrecon.comparators import BELOW

PLACE = ("USUBJID", "DISPID", "GROUP", "DOSELVL")


@dataclass(frozen=True)
class Course:
    """People of the population (ADSL), and their usable samples from day 0 on, one per analyte and day."""

    people: pl.DataFrame
    samples: pl.DataFrame
    cutoff_date: date | None

    @classmethod
    def of_population(cls, population: pl.DataFrame, adlb: pl.DataFrame, cutoff_date: date | None) -> "Course":
        """Of two samples of one day the one with the lower record number counts."""
        samples = (
            adlb.join(population.select("USUBJID"), on="USUBJID", how="semi")
            .filter(pl.col("ANL02FL") == "Y", pl.col("ADY") >= 0)
            .sort("USUBJID", "PARAMCD", "ADY", "LBSEQ")
            .unique(["USUBJID", "PARAMCD", "ADY"], keep="first", maintain_order=True)
        )
        return cls(population.sort("USUBJID"), samples, cutoff_date)

    def of(self, analyte: str) -> "Course":
        return Course(self.people, self.samples.filter(pl.col("PARAMCD") == analyte), self.cutoff_date)

    def counted(self, factor: float) -> pl.DataFrame:
        """USUBJID, ADY and COUNT: a result below its limit counts as `factor` times it, one above a limit as the limit.

        In the order of participants and days.
        """
        count = pl.when(BELOW).then(pl.col("AVAL") * factor).otherwise(pl.col("AVAL"))
        return self.samples.select("USUBJID", "ADY", COUNT=count)

    @staticmethod
    def with_start(values: pl.DataFrame, start: float) -> pl.DataFrame:
        """The values, and `start` on day 0 of whoever has samples, but none on that day."""
        at_start = values.filter(pl.col("ADY") == 0).select("USUBJID")
        begins = (
            values.select("USUBJID")
            .unique(maintain_order=True)
            .join(at_start, on="USUBJID", how="anti")
            .select("USUBJID", ADY=pl.lit(0.0), COUNT=pl.lit(start, dtype=pl.Float64))
        )
        return pl.concat([values, begins]).sort("USUBJID", "ADY")

    def people_to(self, day: float, first_day: float = 0.0) -> pl.DataFrame:
        """Everybody with the samples between the days (n_samples, n_below_limit, LASTDY), and why follow-up ENDED by
        the last one (missing: it did not).
        """
        inside = self.samples.filter(pl.col("ADY").is_between(first_day, day))
        counts = inside.group_by("USUBJID").agg(
            n_samples=pl.len().cast(pl.Int64), n_below_limit=BELOW.sum().cast(pl.Int64)
        )
        last = self.samples.group_by("USUBJID").agg(LASTDY=pl.col("ADY").max())
        return (
            self.people.with_columns(ENDED=_ended(day, self.cutoff_date))
            .select(*PLACE, "ENDED")
            .join(counts, on="USUBJID", how="left", maintain_order="left")
            .join(last, on="USUBJID", how="left", maintain_order="left")
            .with_columns(pl.col("n_samples", "n_below_limit").fill_null(0))
        )


def _ended(day: float, cutoff_date: date | None) -> pl.Expr:
    died = pl.coalesce("DTHDY", "DTHHIDY")
    left = (pl.col("WDDT") - pl.col("HSCTDT")).dt.total_days()
    elapsed = (pl.lit(cutoff_date, dtype=pl.Date) - pl.col("HSCTDT")).dt.total_days()
    return (
        pl.when(pl.col("HSCTDY").is_null())
        .then(pl.lit("day of the transplant not known"))
        .when(died <= day)
        .then(pl.lit(f"died by day {day:g}"))
        .when(left < day)
        .then(pl.lit(f"left the study before day {day:g}"))
        .when((pl.col("DTHUNFL") == "Y") & died.is_null())
        .then(pl.lit("died on an unknown day"))
        .when((pl.col("WDUNFL") == "Y") & left.is_null())
        .then(pl.lit("left the study on an unknown day"))
        .when(elapsed < day)
        .then(pl.lit(f"not followed to day {day:g} by the cut-off"))
    )
