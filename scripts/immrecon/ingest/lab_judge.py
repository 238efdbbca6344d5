"""What becomes of each result cell."""

from dataclasses import replace
from datetime import date

import polars as pl

from immrecon.config.dialect import NO_RESULT_STATUSES, Dialect
from immrecon.ingest.dual_platform import counts_from_percentages, method_of
from immrecon.ingest.duplicates import choose_of_day, supersede_versions
from immrecon.ingest.findings import Finding, first_error
from immrecon.ingest.lab_blanks import BLANK
from immrecon.ingest.lab_checks import slips, withhold_slips
from immrecon.ingest.lab_errors import attribution_errors, date_errors, labelled_day, result_errors
from immrecon.ingest.lab_neighbours import with_leaps
from immrecon.ingest.lab_results import USED
from immrecon.vocabulary import Fate


def judge(cells: pl.DataFrame, dialect: Dialect, extract_date: date | None, cutoff_date: date | None) -> pl.DataFrame:
    """The fate of each parsed cell, BLANK of those that are blank. Added: FATE, SUPERSEDED and the query (QUKIND ...)
    where there is one.

    The order is: left out by rule, whose and what, which version, not done, what number and when, counts from
    percentages, which of the day, and last whether the number can stand between its neighbours.
    """
    frame = judge_without_neighbours(cells, dialect, extract_date)
    return withhold_slips(frame, slips(with_leaps(frame.filter(USED)), dialect.checks.slip, cutoff_date))


def judge_without_neighbours(cells: pl.DataFrame, dialect: Dialect, extract_date: date | None) -> pl.DataFrame:
    """As `judge`, but for whether the number can stand between its neighbours."""
    frame = with_zeros(labelled_day(dialect, cells))
    excluded = pl.col("EXCLUDED").is_not_null()
    frame = first_error(frame, [_unless(excluded, finding) for finding in attribution_errors(dialect)])
    frame = supersede_versions(frame, dialect)
    settled = excluded | pl.col("SUPERSEDED").is_not_null() | pl.col("BLANK")
    errors = [*result_errors(dialect), *date_errors(dialect, extract_date)]
    frame = first_error(frame, [_unless(settled | _NOT_DONE, finding) for finding in errors])
    frame = counts_from_percentages(with_fate(frame, dialect), dialect)
    return choose_of_day(frame, dialect)


def with_zeros(frame: pl.DataFrame) -> pl.DataFrame:
    """ZERO: a count of 0, which is below the limit of quantification."""
    zero = (pl.col("LBSTRESN") == 0) & (pl.col("LBCMP") == "=") & (pl.col("LBLLOQ") > 0)
    return frame.with_columns(ZERO=zero.fill_null(value=False))


# A word for "not done" needs no unit and no date; a status that says so needs no readable result either.
_GONE = pl.col("STATUS").is_in(NO_RESULT_STATUSES).fill_null(value=False)
_NOT_DONE = _GONE | (pl.col("WORD") == "not done").fill_null(value=False)


def with_fate(frame: pl.DataFrame, dialect: Dialect) -> pl.DataFrame:
    """FATE, and the number and limit that count. Needs ZERO, QUKIND and SUPERSEDED."""
    return frame.with_columns(
        _fate(_NOT_DONE), _not_done_reason(_GONE), *_number_and_limit(_NOT_DONE), method_of(dialect)
    )


def _unless(settled: pl.Expr, finding: Finding) -> Finding:
    return replace(finding, when=finding.when & ~settled)


def _fate(not_done: pl.Expr) -> pl.Expr:
    censored = (pl.col("LBCMP") != "=") | (pl.col("WORD") == "below limit") | pl.col("ZERO")
    fate = (
        pl.when("BLANK")
        .then(pl.lit(BLANK))
        .when(pl.col("EXCLUDED").is_not_null())
        .then(pl.lit(Fate.EXCLUDED.value))
        .when(pl.col("QUKIND").is_not_null())
        .then(pl.lit(Fate.QUERIED.value))
        .when(pl.col("SUPERSEDED").is_not_null())
        .then(pl.lit(Fate.SUPERSEDED.value))
        .when(not_done)
        .then(pl.lit(Fate.NOT_DONE.value))
        .when(censored)
        .then(pl.lit(Fate.CENSORED.value))
        .otherwise(pl.lit(Fate.VALUE.value))
    )
    return fate.alias("FATE")


def _not_done_reason(gone: pl.Expr) -> pl.Expr:
    """A declared word says why; otherwise the status does."""
    said = (
        pl.when(pl.col("STATUS") == "D")
        .then(pl.lit("deleted by the laboratory"))
        .when(pl.col("STATUS") == "W")
        .then(pl.lit("result of another patient, withdrawn by the laboratory"))
        .otherwise(pl.lit("cannot be obtained"))
    )
    return pl.coalesce("WORD_REASON", pl.when(gone).then(said)).alias("WORD_REASON")


def _number_and_limit(not_done: pl.Expr) -> list[pl.Expr]:
    """Below the limit without a number, or a count of 0, is less than the limit; a result "<5" names its own limit."""
    below = (pl.col("WORD") == "below limit").fill_null(value=False) | pl.col("ZERO")
    own_limit = pl.col("LBCMP").is_in(["<", "<="]) & pl.col("LBSTRESN").is_not_null()
    number = pl.when(below).then("LBLLOQ").otherwise("LBSTRESN")
    return [
        pl.when(not_done).then(None).otherwise(number).alias("LBSTRESN"),
        pl.when(below).then(pl.lit("<")).otherwise(pl.col("LBCMP").fill_null("=")).alias("LBCMP"),
        pl.when(own_limit).then("LBSTRESN").otherwise("LBLLOQ").alias("LBLLOQ"),
    ]
