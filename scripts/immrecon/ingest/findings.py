"""What is found in cells, said in sentences: the rows of the query listing."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import polars as pl

from immrecon.vocabulary import Severity

CELL = pl.col("SRCCOL")
NOTHING = pl.lit(None, dtype=pl.String)

LISTING = {
    "SRCFILE": pl.String,
    "SRCSHEET": pl.String,
    "SRCROW": pl.Int64,
    "SRCCOL": pl.String,
    "USUBJID": pl.String,
    "QUVAL": pl.String,
    "QUKIND": pl.String,
    "QUSEV": pl.String,
    "QUMSG": pl.String,
    "QUHINT": pl.String,
    "QUNCELL": pl.Int64,
}
"""Columns of a listing before its rows are numbered."""


@dataclass(frozen=True)
class Finding:
    """One kind of query: when it applies to a result cell, and what is said."""

    kind: str
    when: pl.Expr
    message: pl.Expr
    hint: pl.Expr = field(default_factory=lambda: NOTHING)
    column: pl.Expr = field(default_factory=lambda: CELL)
    value: pl.Expr = field(default_factory=lambda: pl.col("RESULT"))
    whole_column: bool = False
    """One query for the file instead of one per row."""


def shown(number: pl.Expr | str) -> pl.Expr:
    """A number in a sentence: at most six significant digits, no empty decimals."""
    column = pl.col(number) if isinstance(number, str) else number
    return column.round_sig_figs(6).cast(pl.String).str.strip_suffix(".0")


def first_error(frame: pl.DataFrame, findings: Sequence[Finding]) -> pl.DataFrame:
    """Columns QUKIND, QUMSG, QUHINT, QUCOL, QUVAL and QUROW of the first finding of each row; null where there is none.

    A row that already has a QUKIND keeps it.
    """
    applies = [finding.when.fill_null(value=False) for finding in findings]

    def chosen(parts: Sequence[pl.Expr], dtype: type[pl.DataType], former: str) -> pl.Expr:
        result: pl.Expr = pl.lit(None, dtype=dtype)
        for condition, part in zip(reversed(applies), reversed(parts), strict=True):
            result = pl.when(condition).then(part.cast(dtype)).otherwise(result)
        if former in frame.columns:
            result = pl.when(pl.col("QUKIND").is_not_null()).then(pl.col(former)).otherwise(result)
        return result.alias(former)

    rows = [pl.lit(None, dtype=pl.Int64) if finding.whole_column else pl.col("SRCROW") for finding in findings]
    return frame.with_columns(
        chosen([pl.lit(finding.kind) for finding in findings], pl.String, "QUKIND"),
        chosen([finding.message for finding in findings], pl.String, "QUMSG"),
        chosen([finding.hint for finding in findings], pl.String, "QUHINT"),
        chosen([finding.column for finding in findings], pl.String, "QUCOL"),
        chosen([finding.value for finding in findings], pl.String, "QUVAL"),
        chosen(rows, pl.Int64, "QUROW"),
    )


def withheld(frame: pl.DataFrame) -> pl.DataFrame:
    """The listing of cells withheld by their QUKIND: cells of one row with the same trouble are one query."""
    keys = ["SRCFILE", "SRCSHEET", "QUROW", "QUCOL", "USUBJID", "QUVAL", "QUKIND", "QUMSG", "QUHINT"]
    counted = frame.group_by(keys, maintain_order=True).agg(QUNCELL=pl.len().cast(pl.Int64))
    named = counted.rename({"QUROW": "SRCROW", "QUCOL": "SRCCOL"})
    return named.with_columns(QUSEV=pl.lit(Severity.ERROR.value)).select(list(LISTING))


def remarks(frame: pl.DataFrame, finding: Finding, severity: Severity) -> pl.DataFrame:
    """The listing of a finding that withholds nothing: one query per row and column it points at."""
    found = frame.filter(finding.when.fill_null(value=False)).select(
        "SRCFILE",
        "SRCSHEET",
        "SRCROW",
        finding.column.alias("SRCCOL"),
        "USUBJID",
        finding.value.alias("QUVAL"),
        pl.lit(finding.kind).alias("QUKIND"),
        pl.lit(severity.value).alias("QUSEV"),
        finding.message.alias("QUMSG"),
        finding.hint.alias("QUHINT"),
        pl.lit(0, dtype=pl.Int64).alias("QUNCELL"),
    )
    return found.unique(maintain_order=True)


def listing(rows: Sequence[dict[str, object]]) -> pl.DataFrame:
    """A listing from rows made one by one, for what concerns a whole file or column."""
    return pl.DataFrame(rows, schema=LISTING)
