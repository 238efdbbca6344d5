"""Blank result cells that mean something: their status alone says that there is no result, or that a version of it is
final; or a remark beside them says what is wrong with their sample.

A final version without a number is no result of HL7: its table 0085 (OBX-11) has X for what cannot be obtained, D for
what is deleted, and U for a preliminary result that becomes final without being sent again. So nobody can tell which of
them a blank final version is, and the version below it is neither used nor dropped: it is a query (`duplicates`).
"""

import polars as pl

from immrecon.config.dialect import NO_RESULT_STATUSES, Dialect

BLANK = "blank"
"""In place of a fate, of a cell that says something of other versions only. It is counted as blank, and no result."""


def is_filled(column: str) -> pl.Expr:
    return pl.col(column).str.strip_chars() != ""


def says_no_result(dialect: Dialect) -> pl.Expr:
    """A status alone says that there is no result: then the cell is read, though it is empty."""
    gone = [word for word, meaning in dialect.statuses.items() if word and meaning in NO_RESULT_STATUSES]
    return pl.col("STATUSTEXT").is_in(gone).fill_null(value=False)


def marks_a_version(dialect: Dialect) -> pl.Expr:
    """Blank, with a status that ranks above preliminary, or one that is not declared and may do so."""
    final = [word for word, meaning in dialect.statuses.items() if meaning in ("F", "C")]
    status = pl.col("STATUSTEXT")
    says = status.is_in(final) | ((status != "") & ~status.is_in(list(dialect.statuses)))
    return ~is_filled("RESULT") & says.fill_null(value=False)


def may_say_more(dialect: Dialect) -> pl.Expr:
    """Blank, with such a status, or with a remark for which results of its sample may be left out."""
    remarked = [
        (pl.col(f"EXCLUDE_{index}") != "").fill_null(value=False) for index in range(len(dialect.exclude_where))
    ]
    return marks_a_version(dialect) | (~is_filled("RESULT") & pl.any_horizontal(pl.lit(value=False), *remarked))


def is_blank() -> pl.Expr:
    """Of parsed cells: such a mark."""
    gone = pl.col("STATUS").is_in(NO_RESULT_STATUSES).fill_null(value=False)
    return (~is_filled("RESULT") & ~gone).fill_null(value=False)
