"""Queries on clinical extracts: made from the rows they are about, then numbered in the order of the files."""

from collections.abc import Sequence

import polars as pl

from immrecon.contracts.harmonised import QUERIES_CLINICAL, Queries
from immrecon.contracts.io import validate
from immrecon.ingest.findings import brief
from immrecon.vocabulary import Severity

SOURCE = ["SRCFILE", "SRCSHEET", "SRCROW"]

ABOUT = "about"
"""Column of source rows: the cells that name the record, joined."""

_COLUMNS = {name: column.dtype for name, column in Queries.columns().items()}


def query(
    rows: pl.DataFrame,
    *,
    domain: str,
    kind: str,
    severity: Severity,
    message: str | pl.Expr,
    column: str | pl.Expr | None = None,
    value: pl.Expr | None = None,
    hint: str | pl.Expr | None = None,
) -> pl.DataFrame:
    """One query for each of `rows`, which hold SRCFILE, SRCSHEET, SRCROW and, where known, USUBJID."""

    def text(content: str | pl.Expr | None) -> pl.Expr:
        return content if isinstance(content, pl.Expr) else pl.lit(content, dtype=pl.String)

    participant = pl.col("USUBJID") if "USUBJID" in rows.columns else pl.lit(None, dtype=pl.String)
    return rows.select(
        *SOURCE,
        pl.lit(0, dtype=pl.Int64).alias("QUSEQ"),
        text(domain).alias("QUDOM"),
        text(column).alias("SRCCOL"),
        participant.alias("USUBJID"),
        brief(text(value)).alias("QUVAL"),
        _about(rows, domain).alias("QUABOUT"),
        text(kind).alias("QUKIND"),
        text(severity.value).alias("QUSEV"),
        text(message).alias("QUMSG"),
        text(hint).alias("QUHINT"),
        pl.lit(0, dtype=pl.Int64).alias("QUNCELL"),
    ).select(list(_COLUMNS))


def _about(rows: pl.DataFrame, domain: str) -> pl.Expr:
    """What names the record wherever its row is: as the source wrote it, or by the variables of its domain."""
    if ABOUT in rows.columns:
        return pl.col(ABOUT)
    stems = ("DECOD", "CAT", "TESTCD", "TRT", "TERM", "DTC", "STDTC", "DY", "STDY")
    present = [f"{domain}{stem}" for stem in stems if f"{domain}{stem}" in rows.columns]
    if not present:
        return pl.lit(None, dtype=pl.String)
    return pl.concat_str([pl.col(name).cast(pl.String).fill_null("") for name in present], separator="|")


def place(file: str, sheet: str | None) -> pl.DataFrame:
    """The source of a query on a whole file."""
    return pl.DataFrame(
        {"SRCFILE": [file], "SRCSHEET": [sheet], "SRCROW": [None]},
        schema={name: _COLUMNS[name] for name in SOURCE},
    )


def numbered(queries: Sequence[pl.DataFrame]) -> pl.DataFrame:
    """All queries as the contract has them.

    A file that feeds several domains is asked about the same row or cell once: the first domain keeps the query.
    """
    everything = pl.concat([pl.DataFrame(schema=_COLUMNS), *queries], how="vertical")
    once = everything.unique([*SOURCE, "SRCCOL", "QUKIND", "QUVAL", "QUMSG"], keep="first", maintain_order=True)
    ordered = once.sort([*SOURCE, "SRCCOL", "QUKIND", "QUDOM"], nulls_last=False, maintain_order=True)
    return validate(QUERIES_CLINICAL, ordered.with_columns(QUSEQ=pl.int_range(1, pl.len() + 1, dtype=pl.Int64)))
