"""What is found in cells, said in sentences: the rows of the query listing."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Literal

import polars as pl

from immrecon.ingest.readers.grid import HEADER_JOIN
from immrecon.vocabulary import Severity

Scope = Literal["cell", "sample", "column"]
CELL = pl.col("SRCCOL")
NOTHING = pl.lit(None, dtype=pl.String)

LONGEST_SHOWN = 500
"""Characters of a received text that a query repeats in full."""

_BEGINNING = 200

LISTING = {
    "SRCFILE": pl.String,
    "SRCSHEET": pl.String,
    "SRCROW": pl.Int64,
    "SRCCOL": pl.String,
    "USUBJID": pl.String,
    "QUVAL": pl.String,
    "QUABOUT": pl.String,
    "QUKIND": pl.String,
    "QUSEV": pl.String,
    "QUMSG": pl.String,
    "QUHINT": pl.String,
    "QUNCELL": pl.Int64,
}
"""Columns of a listing before its rows are numbered."""

_QUERY = ("QUKIND", "QUMSG", "QUHINT", "QUCOL", "QUVAL", "QUSCOPE")
"""Columns of a result cell that is asked about."""


@dataclass(frozen=True)
class Finding:
    """One kind of query: when it applies to a result cell, and what is said."""

    kind: str
    when: pl.Expr
    message: pl.Expr
    hint: pl.Expr = field(default_factory=lambda: NOTHING)
    column: pl.Expr = field(default_factory=lambda: CELL)
    value: pl.Expr = field(default_factory=lambda: pl.col("RESULT"))
    scope: Scope = "cell"
    """One query per cell, per sample (all rows of an accession), or per column of the file, at its first row."""


_OF_A_PLACE = (
    "SRCFILE", "SRCSHEET", "SRCROW", "SRCCOL", "USUBJID", "LBTESTCD", "ACCESSION", "VISIT", "DAY", "LBDY", "LBDT",
    "DATETEXT", "NAME",
)  # fmt: skip


def columns_said(findings: Sequence[Finding]) -> set[str]:
    """The columns that queries on these findings are made of."""
    parts = [(one.when, one.message, one.hint, one.column, one.value) for one in findings]
    return {name for some in parts for part in some for name in part.meta.root_names()} | set(_OF_A_PLACE)


def brief(text: pl.Expr) -> pl.Expr:
    """A text as it can stand in a query: the beginning of a very long one, with its length."""
    length = text.str.len_chars()
    beginning = pl.format("{}… ({} characters)", text.str.head(_BEGINNING), length)
    return pl.when(length > LONGEST_SHOWN).then(beginning).otherwise(text)


def shown(number: pl.Expr | str) -> pl.Expr:
    """A number in a sentence: at most six significant digits, no empty decimals."""
    column = pl.col(number) if isinstance(number, str) else number
    return column.round_sig_figs(6).cast(pl.String).str.strip_suffix(".0")


def first_error(frame: pl.DataFrame, findings: Sequence[Finding]) -> pl.DataFrame:
    """Columns QUKIND, QUMSG, QUHINT, QUCOL, QUVAL and QUSCOPE of the first finding of each row, or null.

    A row that already has a QUKIND keeps it.
    """
    applies = [finding.when.fill_null(value=False) for finding in findings]
    if "QUKIND" not in frame.columns:
        frame = frame.with_columns(NOTHING.alias(name) for name in _QUERY)
    free = pl.col("QUKIND").is_null()
    hit = frame.select(HIT=free & pl.any_horizontal(applies))["HIT"]
    if not hit.any():
        return frame
    # Most cells are in order: sentences are made for the others only.
    found = _first(frame.filter(hit), findings, applies)
    place = pl.select(pl.when(hit).then(hit.cum_sum().cast(pl.Int64) - 1)).to_series()
    spread = found.select(pl.all().gather(place).name.suffix("_FOUND"))
    both = pl.concat([frame, spread], how="horizontal")
    return both.with_columns(pl.coalesce(f"{name}_FOUND", name).alias(name) for name in _QUERY).drop(spread.columns)


def _first(frame: pl.DataFrame, findings: Sequence[Finding], applies: Sequence[pl.Expr]) -> pl.DataFrame:
    # Each condition is worked out once, and sentences are made for those only that apply somewhere.
    names = [f"APPLIES_{index}" for index in range(len(findings))]
    flags = frame.select(when.alias(name) for name, when in zip(names, applies, strict=True))
    kept = [index for index, name in enumerate(names) if flags[name].any()]
    frame = pl.concat([frame, flags], how="horizontal")

    def chosen(part: Callable[[Finding], pl.Expr], name: str) -> pl.Expr:
        result = NOTHING
        for index in reversed(kept):
            result = pl.when(names[index]).then(part(findings[index]).cast(pl.String)).otherwise(result)
        return result.alias(name)

    return frame.select(
        chosen(lambda finding: pl.lit(finding.kind), "QUKIND"),
        chosen(lambda finding: finding.message, "QUMSG"),
        chosen(lambda finding: finding.hint, "QUHINT"),
        chosen(lambda finding: finding.column, "QUCOL"),
        chosen(lambda finding: finding.value, "QUVAL"),
        chosen(lambda finding: pl.lit(finding.scope), "QUSCOPE"),
    )


def withheld(frame: pl.DataFrame) -> pl.DataFrame:
    """The listing of cells withheld by their QUKIND, with the number of cells that each query withholds."""
    return _gather(frame, Severity.ERROR, withholds=True)


def remarks(frame: pl.DataFrame, finding: Finding, severity: Severity) -> pl.DataFrame:
    """The listing of a finding that withholds nothing."""
    found = frame.filter(finding.when.fill_null(value=False))
    if found.is_empty():
        return listing([])
    found = found.with_columns(
        pl.lit(finding.kind).alias("QUKIND"),
        finding.message.alias("QUMSG"),
        finding.hint.alias("QUHINT"),
        finding.column.alias("QUCOL"),
        finding.value.alias("QUVAL"),
        pl.lit(finding.scope).alias("QUSCOPE"),
    )
    return _gather(found, severity, withholds=False)


def _gather(frame: pl.DataFrame, severity: Severity, *, withholds: bool) -> pl.DataFrame:
    """One query per scope: the same words about the cells of one row, one sample or one column are said once."""
    if frame.is_empty():
        return listing([])
    row = pl.col("SRCROW").cast(pl.String)
    accession = pl.col("ACCESSION").fill_null("")
    place = (
        pl.when(pl.col("QUSCOPE") == "column")
        .then(pl.lit(""))
        .when((pl.col("QUSCOPE") == "sample") & (accession != ""))
        .then("accession " + accession)
        .otherwise("row " + row)
    )
    keys = ["SRCFILE", "SRCSHEET", "PLACE", "QUCOL", "USUBJID", "QUVAL", "QUKIND", "QUMSG", "QUHINT"]
    counted = (
        frame.with_columns(
            PLACE=place,
            USUBJID=pl.when(pl.col("QUSCOPE") != "column").then("USUBJID"),
            SAMPLE=_sample(frame.columns),
            ANALYTE=_analyte(frame.columns),
        )
        .group_by(keys, maintain_order=True)
        .agg(
            pl.len().cast(pl.Int64).alias("N"),
            _about().alias("QUABOUT"),
            pl.col("SRCROW").min(),
            pl.col("SRCROW").max().alias("LAST"),
        )
    )
    several = (pl.col("LAST") > pl.col("SRCROW")) & (pl.col("PLACE") != "")
    message = pl.format("{} ({} results in rows {} to {})", "QUMSG", "N", "SRCROW", "LAST")
    return counted.with_columns(
        pl.col("SRCROW"),
        pl.col("QUCOL").alias("SRCCOL"),
        pl.lit(severity.value).alias("QUSEV"),
        pl.when(several).then(message).otherwise("QUMSG").alias("QUMSG"),
        (pl.col("N") if withholds else pl.lit(0, dtype=pl.Int64)).alias("QUNCELL"),
    ).select(list(LISTING))


def _analyte(columns: Sequence[str]) -> pl.Expr:
    """What one result alone is asked about. Of a sample whose analytes stand side by side in a row, it is none of them,
    since which are filled may change.
    """
    if "LBTESTCD" not in columns:
        return NOTHING
    if "NAME" not in columns:
        return pl.col("LBTESTCD")
    own_column = (pl.col("SRCCOL") == pl.col("NAME")) | pl.col("SRCCOL").str.ends_with(HEADER_JOIN + pl.col("NAME"))
    return pl.when((pl.col("QUSCOPE") == "cell") | ~own_column.fill_null(value=False)).then("LBTESTCD")


def _sample(columns: Sequence[str]) -> pl.Expr:
    """Day (as received where it cannot be read), accession and visit: what names a sample wherever its row is."""
    days = [name for name in ("DAY", "LBDY", "LBDT", "DATETEXT") if name in columns]
    named = [pl.coalesce(pl.col(name).cast(pl.String) for name in days)] if days else []
    named += [pl.col(name).cast(pl.String) for name in ("ACCESSION", "VISIT") if name in columns]
    return pl.concat_str([part.fill_null("") for part in [*named, pl.lit("")]], separator="|")


def _about() -> pl.Expr:
    """The sample, and the analyte where one alone is asked about; nothing for a whole column."""
    single = (pl.col("ANALYTE").n_unique() == 1) & (
        (pl.col("QUSCOPE").first() == "cell") | (pl.col("ACCESSION").first().fill_null("") == "")
    )
    analyte = pl.when(single).then(pl.col("ANALYTE").first()).fill_null("")
    return pl.when(pl.col("QUSCOPE").first() != "column").then(pl.format("{}|{}", analyte, pl.col("SAMPLE").first()))


def listing(rows: Sequence[dict[str, object]]) -> pl.DataFrame:
    """A listing from rows made one by one, for what concerns a whole file or column."""
    return pl.DataFrame(rows, schema=LISTING)
