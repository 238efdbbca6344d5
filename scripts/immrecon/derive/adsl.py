"""ADSL: who is in which population at the cut-off, and the days that the clocks start from."""

from datetime import date

import polars as pl

from immrecon.config.specs import DeriveSpec
from immrecon.derive.clock import by_cutoff, day_since_transplant, yes_no
from immrecon.vocabulary import POPULATION_FLAG, USED_FATES, Clock, Population


def derive_adsl(
    dm: pl.DataFrame, ds: pl.DataFrame, ce: pl.DataFrame, fa: pl.DataFrame, lb: pl.DataFrame, spec: DeriveSpec
) -> pl.DataFrame:
    """One row per participant screened by the cut-off; what happens after the cut-off does not exist."""
    cutoff = spec.cutoff_date
    clocks = dm.select("USUBJID", "HSCTDT", "TRTSDT", "HSCTDY", "TRTSDY")
    participants = (
        dm.filter(by_cutoff("SCRNDT", cutoff))
        .with_columns(
            DISPID=pl.col("USUBJID"),
            SCRNFL=pl.lit("Y"),
            ENRLFL=yes_no(_reached("ENRLDT", cutoff) | _reached_without_dates("HSCTDY")),
            ENRLDT=_if_by_cutoff("ENRLDT", cutoff),
            HSCTDT=_if_by_cutoff("HSCTDT", cutoff),
            TRTSDT=_if_by_cutoff("TRTSDT", cutoff),
        )
        .with_columns(
            HSCTFL=yes_no(_both_yes("ENRLFL", _reached("HSCTDT", cutoff) | _reached_without_dates("HSCTDY"))),
            TRTSDY=day_since_transplant("TRTSDT", "TRTSDY"),
        )
        .with_columns(SAFFL=yes_no(_both_yes("HSCTFL", pl.col("TRTSDY").is_not_null())))
    )
    return (
        participants.join(_death(ce, clocks, cutoff), on="USUBJID", how="left")
        .join(_last_alive(fa, clocks, cutoff), on="USUBJID", how="left")
        .join(_disposition(ds, cutoff), on="USUBJID", how="left")
        .join(_samples(lb, ce, clocks, spec), on="USUBJID", how="left")
        .with_columns(
            DTHFL=yes_no(pl.col("DTHFL") == "Y"),
            EVALFL=yes_no(_evaluable(spec)),
            EVALREAS=_evaluable_reason(spec),
            NHSCREAS=pl.when(pl.col("HSCTFL") == "N").then(pl.col("NHSCREAS")),
            NINJREAS=pl.when(pl.col("SAFFL") == "N").then(pl.col("NINJREAS")),
            # Nobody is alive after the death; the dead without a contact were alive until then.
            LSTALVDT=pl.min_horizontal("LSTALVDT", "DTHDT"),
            LSTALVDY=pl.min_horizontal("LSTALVDY", "DTHDY"),
        )
        .select(
            "USUBJID", "STUDYID", "DISPID", "SITEID", "GROUP", "DOSELVL", "PROTVER", "AGE", "SEX",
            "SCRNDT", "ENRLDT", "HSCTDT", "TRTSDT", "TRTSDY", "SCRNFL", "ENRLFL", "HSCTFL", "SAFFL", "EVALFL",
            "EVALREAS", "SCRFREAS", "NHSCREAS", "NINJREAS", "DTHFL", "DTHDT", "DTHDY", "DTHHIDY", "WDDT", "WDREAS",
            "LSTALVDT", "LSTALVDY",
        )
    )  # fmt: skip


def _reached(column: str, cutoff: date | None) -> pl.Expr:
    return pl.col(column).is_not_null() & by_cutoff(column, cutoff)


def _reached_without_dates(day_column: str) -> pl.Expr:
    """A source with days and no dates says that the transplant took place by giving its day."""
    return pl.col(day_column).is_not_null()


def _both_yes(flag: str, condition: pl.Expr) -> pl.Expr:
    return (pl.col(flag) == "Y") & condition


def _if_by_cutoff(column: str, cutoff: date | None) -> pl.Expr:
    return pl.when(by_cutoff(column, cutoff)).then(pl.col(column))


def _death(ce: pl.DataFrame, clocks: pl.DataFrame, cutoff: date | None) -> pl.DataFrame:
    """The earliest recorded death; its day is known only when its date is complete, its latest day always."""
    complete = pl.when(pl.col("CESTLO") == pl.col("CESTHI")).then(pl.col("CESTLO"))
    return (
        ce.filter(pl.col("CEDECOD") == "DEATH", by_cutoff("CESTLO", cutoff))
        .join(clocks, on="USUBJID", how="left")
        .with_columns(DTHDT=complete)
        .with_columns(
            DTHFL=pl.lit("Y"),
            DTHDY=day_since_transplant("DTHDT", "CESTDY"),
            DTHHIDY=day_since_transplant("CESTHI", "CESTDY"),
        )
        .sort("USUBJID", "CESTLO", "CESTDY", "CESEQ")
        .group_by("USUBJID", maintain_order=True)
        .agg(pl.col("DTHFL", "DTHDT", "DTHDY", "DTHHIDY").first())
    )


def _last_alive(fa: pl.DataFrame, clocks: pl.DataFrame, cutoff: date | None) -> pl.DataFrame:
    """The last contact at which the participant was recorded alive."""
    return (
        fa.filter(pl.col("FACAT") == "SURVIVAL", pl.col("FASTRESN") == 1, by_cutoff("FAHI", cutoff))
        .join(clocks, on="USUBJID", how="left")
        .with_columns(LSTALVDY=day_since_transplant("FALO", "FADY"))
        .group_by("USUBJID")
        .agg(LSTALVDT=pl.col("FALO").max(), LSTALVDY=pl.col("LSTALVDY").max())
    )


def _disposition(ds: pl.DataFrame, cutoff: date | None) -> pl.DataFrame:
    def first(event: str, variable: str) -> pl.Expr:
        return pl.col(variable).filter(pl.col("DSDECOD") == event).first()

    left = pl.col("DSDECOD").is_in(["WITHDRAWAL", "LOST_TO_FOLLOW_UP"])
    return (
        ds.filter(by_cutoff("DSLO", cutoff))
        .sort("USUBJID", "DSLO", "DSSEQ")
        .group_by("USUBJID", maintain_order=True)
        .agg(
            SCRFREAS=first("SCREEN_FAILURE", "DSTERM"),
            NHSCREAS=pl.coalesce(first("NOT_TRANSPLANTED", "DSTERM"), first("WITHDRAWAL", "DSTERM")),
            NINJREAS=pl.coalesce(
                first("NOT_INJECTED", "DSTERM"), first("TREATMENT_WITHDRAWAL", "DSTERM"), first("WITHDRAWAL", "DSTERM")
            ),
            WDDT=pl.col("DSLO").filter(left).first(),
            WDREAS=pl.col("DSTERM").filter(left).first(),
        )
    )


def _samples(lb: pl.DataFrame, ce: pl.DataFrame, clocks: pl.DataFrame, spec: DeriveSpec) -> pl.DataFrame:
    """Usable samples of the analyte that decides evaluability: after the clock of the base population started."""
    start = pl.col("STARTDY") if spec.evaluable.of is Population.INJECTED else pl.lit(0.0)
    return (
        lb.filter(
            pl.col("LBTESTCD") == spec.evaluable.analyte,
            pl.col("LBFATE").is_in(list(USED_FATES)),
            by_cutoff("LBDT", spec.cutoff_date),
        )
        .join(clocks, on="USUBJID", how="inner")
        .join(_death(ce, clocks, spec.cutoff_date), on="USUBJID", how="left")
        .with_columns(DAY=day_since_transplant("LBDT", "LBDY"), STARTDY=day_since_transplant("TRTSDT", "TRTSDY"))
        .filter(pl.col("DAY") >= start, pl.col("DTHHIDY").is_null() | (pl.col("DAY") <= pl.col("DTHHIDY")))
        .group_by("USUBJID")
        .agg(NSAMPLES=pl.col("DAY").n_unique())
    )


def _evaluable(spec: DeriveSpec) -> pl.Expr:
    base = pl.col(POPULATION_FLAG[spec.evaluable.of]) == "Y"
    return base & (pl.col("NSAMPLES").fill_null(0) >= spec.evaluable.min_samples)


def _evaluable_reason(spec: DeriveSpec) -> pl.Expr:
    n, analyte = spec.evaluable.min_samples, spec.evaluable.analyte
    words = f"no usable {analyte} sample" if n == 1 else f"fewer than {n} usable {analyte} samples"
    base = pl.col(POPULATION_FLAG[spec.evaluable.of]) == "Y"
    return pl.when(base & ~_evaluable(spec).fill_null(False)).then(pl.lit(words))


def clock_start(clock: Clock) -> pl.Expr:
    """Day 0 of a clock, in days since transplant."""
    return pl.lit(0.0) if clock is Clock.TRANSPLANT else pl.col("TRTSDY")
