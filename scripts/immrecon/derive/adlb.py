"""ADLB: every numeric lab result on the clocks, in its visit window, and which sample represents a visit."""

import polars as pl

from immrecon.config.specs import DeriveSpec
from immrecon.derive.clock import by_cutoff, day_since_transplant, yes_no
from immrecon.derive.reference_limits import with_reference_limits
from immrecon.vocabulary import USED_FATES


def derive_adlb(adsl: pl.DataFrame, lb: pl.DataFrame, spec: DeriveSpec) -> pl.DataFrame:
    """Rows of enrolled and transplanted participants. What is unusable stays in the table, with the reason.

    One sample per participant, analyte and visit is taken for summaries: the one nearest to the target day; of two
    equally near the earlier or the later, as configured; of two on that day the one with the lower record number.
    """
    participants = adsl.filter(pl.col("HSCTFL") == "Y").select(
        "USUBJID", "DISPID", "GROUP", "DOSELVL", "HSCTDT", "TRTSDY", "DTHHIDY", "AGE", "ENRLDT", "BRTHLO", "BRTHHI"
    )
    analytes = pl.DataFrame(
        [{"PARAMCD": a.code, "PARAM": f"{a.label} ({a.unit})", "AVALU": a.unit} for a in spec.analytes],
        schema={"PARAMCD": pl.String, "PARAM": pl.String, "AVALU": pl.String},
    )
    return (
        lb.filter(pl.col("LBFATE").is_in(list(USED_FATES)))
        .join(participants, on="USUBJID", how="inner")
        .rename({"LBTESTCD": "PARAMCD", "LBDT": "ADT", "LBCMP": "ACMP", "LBSTRESN": "AVAL", "LBLLOQ": "LLOQ"})
        .join(analytes, on="PARAMCD", how="inner")
        .with_columns(ADY=day_since_transplant("ADT", "LBDY"))
        # A sample of a participant whose day of transplant is not known has no place on the clock.
        .filter(pl.col("ADY").is_not_null())
        .with_columns(AINJDY=pl.col("ADY") - pl.col("TRTSDY"), AVALC=_as_read(), ANLREAS=_unusable(spec))
        .with_columns(ANL02FL=yes_no(pl.col("ANLREAS").is_null()))
        .with_columns(*_visit(spec))
        .pipe(with_reference_limits, spec.reference_limits)
        .pipe(_one_sample_per_visit, spec)
        .sort("USUBJID", "PARAMCD", "ADY", "LBSEQ")
        .with_columns(ASEQ=pl.int_range(1, pl.len() + 1).over("USUBJID"))
        .select(
            "USUBJID", "ASEQ", "DISPID", "GROUP", "DOSELVL", "PARAMCD", "PARAM", "AVALU", "AVAL", "ACMP", "AVALC",
            "LLOQ", "AAGELO", "AAGEHI", "ANRLO", "ANRHI", "ANRORIG", "ANRROW", "ANRREAS",
            "ADT", "ADY", "AINJDY", "AVISIT", "AVISITN", "ANL01FL", "ANL02FL", "ANLREAS",
            "SRCFILE", "SRCSHEET", "SRCROW", "SRCCOL", "LBSEQ",
        )
    )  # fmt: skip


def _as_read() -> pl.Expr:
    """`<5` for a censored result, the plain number otherwise; ten significant digits, no trailing zeros."""
    plain = pl.col("AVAL").round_sig_figs(10).cast(pl.String).str.replace(r"\.0$", "")
    return pl.when(pl.col("ACMP") == "=").then(plain).otherwise(pl.col("ACMP") + plain)


def _unusable(spec: DeriveSpec) -> pl.Expr:
    after_cutoff = ~by_cutoff("ADT", spec.cutoff_date)
    return (
        pl.when(after_cutoff)
        .then(pl.lit("collected after the cut-off"))
        .when(pl.col("ADY") > pl.col("DTHHIDY"))
        .then(pl.lit("collected after death"))
    )


def _visit(spec: DeriveSpec) -> list[pl.Expr]:
    def within(value: str | float, first: float, last: float) -> pl.Expr:
        inside = pl.col("ADY").is_between(first, last) & (pl.col("ANL02FL") == "Y")
        return pl.when(inside).then(pl.lit(value))

    windows = spec.visits.windows
    if not windows:
        return [pl.lit(None, dtype=pl.String).alias("AVISIT"), pl.lit(None, dtype=pl.Float64).alias("AVISITN")]
    return [
        pl.coalesce([within(v.code, v.first_day, v.last_day) for v in windows]).alias("AVISIT"),
        pl.coalesce([within(v.target_day, v.first_day, v.last_day) for v in windows]).alias("AVISITN"),
    ]


def _one_sample_per_visit(samples: pl.DataFrame, spec: DeriveSpec) -> pl.DataFrame:
    later_first = spec.visits.tie == "later"
    visit = ["USUBJID", "PARAMCD", "AVISIT"]
    taken = (
        samples.filter(pl.col("AVISIT").is_not_null())
        .with_columns(DISTANCE=(pl.col("ADY") - pl.col("AVISITN")).abs())
        .sort([*visit, "DISTANCE", "ADY", "LBSEQ"], descending=[False, False, False, False, later_first, False])
        .group_by(visit, maintain_order=True)
        .agg(pl.col("LBSEQ").first())
        .select("USUBJID", "LBSEQ", ANL01FL=pl.lit("Y"))
    )
    return samples.join(taken, on=["USUBJID", "LBSEQ"], how="left").with_columns(pl.col("ANL01FL").fill_null("N"))
