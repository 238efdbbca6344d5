"""Results of one sample that do not fit each other: sums, percentages, ratios, totals. They are flagged and used."""

import polars as pl

from immrecon.config.consistency import Checks, RatioRule, ShareRule, SumRule, TotalRule
from immrecon.ingest.findings import Finding, remarks, shown
from immrecon.ingest.lab_results import Results
from immrecon.ingest.lab_suspects import suspects
from immrecon.vocabulary import Severity

SAMPLE = ["USUBJID", "DAY", "ACCESSION", "VISIT", "CLOCK"]
"""What tells samples apart (SAMPLEID): the last two where there is no number of the sample (ACCESSION)."""
_IN_FULL = 100.0

Found = tuple[pl.DataFrame, Finding]
"""Results that a finding applies to, in few columns; and the finding."""


def same_sample_remarks(results: Results, checks: Checks) -> list[pl.DataFrame]:
    """A listing per rule."""
    used = suspects(results.numbers.select("ORDER", "SAMPLEID", "LBTESTCD", "LBCMP", "LBSTRESN"), checks)
    made = [
        *(_sums(used, rule) for rule in checks.sums),
        *(_shares(used, rule) for rule in checks.shares),
        *(_ratios(used, rule) for rule in checks.ratios),
        *(_totals(used, rule) for rule in checks.totals),
    ]
    return [remarks(in_full(results, found), finding, Severity.WARNING) for found, finding in made]


def in_full(results: Results, found: pl.DataFrame) -> pl.DataFrame:
    """The whole rows of what was found by looking at few columns, with what was found."""
    among = results.whole(found["ORDER"].unique().sort(), None)
    own = [name for name in found.columns if name == "ORDER" or name not in among.columns]
    return found.select(own).join(among, on="ORDER", how="left", maintain_order="left")


def _of(used: pl.DataFrame, code: str) -> pl.DataFrame:
    return used.filter(pl.col("LBTESTCD") == code)


def _least(number: pl.Expr) -> pl.Expr:
    """The least that a result can mean: nothing, where it is only known to be below a limit."""
    return pl.when(pl.col("LBCMP").is_in(["<", "<="])).then(0.0).otherwise(number)


def _sums(used: pl.DataFrame, rule: SumRule) -> Found:
    parts = (
        used.filter(pl.col("LBTESTCD").is_in(rule.parts))
        .group_by("SAMPLEID", maintain_order=True)
        .agg(PARTS=_least(pl.col("LBSTRESN")).sum(), N=pl.col("LBTESTCD").n_unique())
        .filter(pl.col("N") == len(rule.parts))
    )
    whole = _of(used, rule.whole).filter(~pl.col("LBCMP").is_in([">", ">="]))
    both = whole.join(parts, on="SAMPLEID", how="left", maintain_order="left")
    excess = pl.col("PARTS") - pl.col("LBSTRESN")
    finding = Finding(
        "sum_exceeds_whole",
        (excess > rule.tolerance_relative * pl.col("LBSTRESN")) & (excess > rule.tolerance_absolute),
        pl.format(
            "{} = {} {}, more than {} = {} of the same sample.",
            pl.lit(" + ".join(rule.parts)),
            shown("PARTS"),
            "LBSTRESU",
            pl.lit(rule.whole),
            shown("LBSTRESN"),
        ),
    )
    return both.filter(finding.when.fill_null(value=False)), finding


def _shares(used: pl.DataFrame, rule: ShareRule) -> Found:
    percent = _of(used, rule.percent).filter(pl.col("LBCMP") == "=")
    for name, code in (("PART", rule.part), ("WHOLE", rule.whole)):
        other = _of(used, code).filter(pl.col("LBCMP") == "=").select("SAMPLEID", pl.col("LBSTRESN").alias(name))
        percent = percent.join(other, on="SAMPLEID", how="left", maintain_order="left")
    expected = pl.col("LBSTRESN") / 100 * pl.col("WHOLE")
    difference = (expected - pl.col("PART")).abs()
    finding = Finding(
        "percent_disagrees",
        (difference > rule.tolerance_relative * pl.col("PART")) & (difference > rule.tolerance_absolute),
        pl.format(
            "{} % of {} = {} would be {}, but {} = {}.",
            shown("LBSTRESN"),
            pl.lit(rule.whole),
            shown("WHOLE"),
            shown(expected),
            pl.lit(rule.part),
            shown("PART"),
        ),
        pl.lit("Another sample, another platform, or another denominator?"),
    )
    return percent.filter(finding.when.fill_null(value=False)), finding


def _ratios(used: pl.DataFrame, rule: RatioRule) -> Found:
    ratio = _of(used, rule.ratio).filter(pl.col("LBCMP") == "=")
    for name, code in (("ABOVE", rule.numerator), ("BELOW", rule.denominator)):
        count = _of(used, code).filter(pl.col("LBCMP") == "=").select("SAMPLEID", pl.col("LBSTRESN").alias(name))
        ratio = ratio.join(count, on="SAMPLEID", how="left", maintain_order="left")
    expected = pl.col("ABOVE") / pl.col("BELOW")
    finding = Finding(
        "ratio_disagrees",
        (pl.col("BELOW") > 0) & ((expected - pl.col("LBSTRESN")).abs() > rule.tolerance_relative * expected),
        pl.format(
            "{} = {}, but {} / {} = {} / {}.",
            "LBTESTCD",
            shown("LBSTRESN"),
            pl.lit(rule.numerator),
            pl.lit(rule.denominator),
            shown("ABOVE"),
            shown("BELOW"),
        ),
    )
    return ratio.filter(finding.when.fill_null(value=False)), finding


def _totals(used: pl.DataFrame, rule: TotalRule) -> Found:
    parts = (
        used.filter(pl.col("LBTESTCD").is_in(rule.parts) & (pl.col("LBCMP") == "="))
        .sort("ORDER")
        .with_columns(
            TOTAL=pl.col("LBSTRESN").sum().over("SAMPLEID"),
            N=pl.col("LBTESTCD").n_unique().over("SAMPLEID"),
            FIRST=pl.col("ORDER").min().over("SAMPLEID"),
        )
        .filter((pl.col("N") == len(rule.parts)) & (pl.col("ORDER") == pl.col("FIRST")))
    )
    finding = Finding(
        "total_disagrees",
        (pl.col("TOTAL") - _IN_FULL).abs() > rule.tolerance_absolute,
        pl.format("{} = {} %, not about 100 %.", pl.lit(" + ".join(rule.parts)), shown("TOTAL")),
        column=pl.lit(None, dtype=pl.String),
        value=pl.format("{} %", shown("TOTAL")),
        scope="sample",
    )
    return parts.filter(finding.when.fill_null(value=False)), finding
