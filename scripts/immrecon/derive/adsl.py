"""ADSL: who is in which population at the cut-off, and the days that the clocks start from."""

from datetime import date

import polars as pl

from immrecon.config.specs import DeriveSpec
from immrecon.derive.clock import by_cutoff, day_since_transplant, yes_no
from immrecon.derive.deaths import contacts_alive, one_death_each
from immrecon.vocabulary import POPULATION_FLAG, USED_FATES, Clock, Population


def derive_adsl(
    dm: pl.DataFrame, ds: pl.DataFrame, ce: pl.DataFrame, fa: pl.DataFrame, lb: pl.DataFrame, spec: DeriveSpec
) -> pl.DataFrame:
    """One row per participant screened by the cut-off; what happens after the cut-off does not exist."""
    cutoff = spec.cutoff_date
    clocks = dm.select("USUBJID", "HSCTDT", "TRTSDT", "HSCTDY", "TRTSDY")
    ce = one_death_each(ce, fa, cutoff)
    participants = (
        dm.with_columns(
            INJECTED=_reached("TRTS", cutoff) | _reached_without_dates("TRTSDY"),
            TRANSPLANTED=_reached("HSCT", cutoff) | _reached_without_dates("HSCTDY"),
            ENROLLED=_reached("ENRL", cutoff),
            CAMEDT=pl.coalesce([f"{stem}{end}" for stem in ("SCRN", "ENRL", "HSCT", "TRTS") for end in ("DT", "HI")]),
        )
        .with_columns(
            DISPID=pl.col("USUBJID"),
            SCRNFL=pl.lit("Y"),
            # Whoever was injected was transplanted, and whoever was transplanted was enrolled.
            ENRLFL=yes_no(pl.any_horizontal("ENROLLED", "TRANSPLANTED", "INJECTED")),
            HSCTFL=yes_no(pl.any_horizontal("TRANSPLANTED", "INJECTED")),
            SAFFL=yes_no(pl.col("INJECTED")),
            ENRLDT=_if_by_cutoff("ENRLDT", cutoff),
            HSCTDT=_if_by_cutoff("HSCTDT", cutoff),
            TRTSDT=_if_by_cutoff("TRTSDT", cutoff),
        )
        .filter(by_cutoff("CAMEDT", cutoff) | (pl.col("ENRLFL") == "Y"))
        .with_columns(
            HSCTDY=pl.when(pl.col("HSCTDT").is_not_null() | pl.col("HSCTDY").is_not_null()).then(0.0),
            TRTSDY=day_since_transplant("TRTSDT", "TRTSDY"),
        )
    )
    return (
        participants.join(_death(ce, clocks), on="USUBJID", how="left")
        .join(_last_alive(fa, clocks, cutoff), on="USUBJID", how="left")
        .join(_disposition(ds, cutoff), on="USUBJID", how="left")
        .join(_samples(lb, ce, clocks, spec), on="USUBJID", how="left")
        .with_columns(
            DTHFL=yes_no(pl.col("DTHFL") == "Y"),
            DTHUNFL=yes_no(pl.col("DTHFL") == "N"),
            WDUNFL=yes_no(pl.col("LEFT") & pl.col("WDDT").is_null()),
            EVALFL=yes_no(_evaluable(spec)),
            EVALREAS=_evaluable_reason(spec),
            NHSCREAS=pl.when(pl.col("HSCTFL") == "N").then(pl.col("NHSCREAS")),
            NINJREAS=pl.when(pl.col("SAFFL") == "N").then(pl.col("NINJREAS")),
            # Nobody is alive after the death; the dead without a contact were alive until then.
            LSTALVDT=pl.min_horizontal("LSTALVDT", "DTHDT"),
            LSTALVDY=pl.min_horizontal("LSTALVDY", "DTHDY"),
        )
        .select(
            "USUBJID", "STUDYID", "DISPID", "SITEID", "GROUP", "DOSELVL", "PROTVER", "AGE", "BRTHLO", "BRTHHI", "SEX",
            "SCRNDT", "ENRLDT", "HSCTDT", "TRTSDT", "HSCTDY", "TRTSDY", "SCRNFL", "ENRLFL", "HSCTFL", "SAFFL", "EVALFL",
            "EVALREAS", "SCRFREAS", "NHSCREAS", "NINJREAS", "DTHFL", "DTHUNFL", "DTHDT", "DTHDY", "DTHHIDY", "WDDT",
            "WDUNFL", "WDREAS", "LSTALVDT", "LSTALVDY",
        )
    )  # fmt: skip


def _reached(milestone: str, cutoff: date | None) -> pl.Expr:
    """Certainly reached by the cut-off: of a partial date the latest day decides."""
    latest = pl.coalesce(f"{milestone}DT", f"{milestone}HI")
    return latest.is_not_null() if cutoff is None else (latest <= cutoff).fill_null(value=False)


def _reached_without_dates(day_column: str) -> pl.Expr:
    """A source with days and no dates says that the transplant took place by giving its day."""
    return pl.col(day_column).is_not_null()


def _if_by_cutoff(column: str, cutoff: date | None) -> pl.Expr:
    return pl.when(by_cutoff(column, cutoff)).then(pl.col(column))


def _death(deaths: pl.DataFrame, clocks: pl.DataFrame) -> pl.DataFrame:
    """The death that counts (DTHFL Y), or that has no date (N); its day is known only when its date is complete."""
    complete = pl.when(pl.col("CESTLO") == pl.col("CESTHI")).then(pl.col("CESTLO"))
    dated = pl.col("CESTLO").is_not_null() | pl.col("CESTDY").is_not_null()
    return (
        deaths.filter(pl.col("CEDECOD") == "DEATH")
        .join(clocks, on="USUBJID", how="left")
        .with_columns(DTHDT=complete, DTHFL=yes_no(dated))
        .select(
            "USUBJID",
            "DTHFL",
            "DTHDT",
            DTHDY=day_since_transplant("DTHDT", "CESTDY"),
            DTHHIDY=day_since_transplant("CESTHI", "CESTDY"),
        )
    )


def _last_alive(fa: pl.DataFrame, clocks: pl.DataFrame, cutoff: date | None) -> pl.DataFrame:
    """The last contact at which the participant was recorded alive."""
    return (
        contacts_alive(fa, cutoff)
        .join(clocks, on="USUBJID", how="left")
        .with_columns(LSTALVDY=day_since_transplant("FALO", "FADY"))
        .group_by("USUBJID")
        .agg(LSTALVDT=pl.col("FALO").max(), LSTALVDY=pl.col("LSTALVDY").max())
    )


def _disposition(ds: pl.DataFrame, cutoff: date | None) -> pl.DataFrame:
    """Reasons and the day of leaving, from the first record of each kind; a record without a date comes last."""

    def first(event: str, variable: str) -> pl.Expr:
        return pl.col(variable).filter(pl.col("DSDECOD") == event).first()

    left = pl.col("DSDECOD").is_in(["WITHDRAWAL", "LOST_TO_FOLLOW_UP"])
    return (
        ds.filter(by_cutoff("DSLO", cutoff))
        .sort("USUBJID", "DSLO", "DSSEQ", nulls_last=True)
        .group_by("USUBJID", maintain_order=True)
        .agg(
            SCRFREAS=first("SCREEN_FAILURE", "DSTERM"),
            NHSCREAS=pl.coalesce(first("NOT_TRANSPLANTED", "DSTERM"), first("WITHDRAWAL", "DSTERM")),
            NINJREAS=pl.coalesce(
                first("NOT_INJECTED", "DSTERM"), first("TREATMENT_WITHDRAWAL", "DSTERM"), first("WITHDRAWAL", "DSTERM")
            ),
            WDDT=pl.col("DSLO").filter(left).first(),
            WDREAS=pl.col("DSTERM").filter(left).first(),
            LEFT=left.any(),
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
        .join(_death(ce, clocks), on="USUBJID", how="left")
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
