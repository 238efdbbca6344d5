"""Reference limits that a laboratory sends with its results: in the unit of the result, and converted as it is."""

import polars as pl

from immrecon.config.dialect import Dialect, Words
from immrecon.ingest.findings import Finding
from immrecon.ingest.lab_limits import limit_heads
from immrecon.ingest.values import parse_results, scaled

_LIMITS = {"LOWTEXT": "LBSTNRLO", "HIGHTEXT": "LBSTNRHI"}
UNREADABLE, REVERSED, ALONE = "unreadable", "reversed", "upper alone"


def reference_limits_of(frame: pl.DataFrame, dialect: Dialect) -> pl.DataFrame:
    """LBSTNRLO and LBSTNRHI in the standard unit, and REFERENCE_PROBLEM.

    A pair with a limit that is no plain number above 0 (a lower limit may be 0: then there is none), or whose lower
    limit is not below the upper, gives no limit at all. Of percentages that are turned into counts there is none.
    """
    texts = [pl.lit(None, dtype=pl.Float64).alias(name) for name in _LIMITS.values()]
    if not dialect.sends_limits:
        return frame.with_columns(*texts, REFERENCE_PROBLEM=pl.lit(None, dtype=pl.String))
    unreadable = []
    for column, name in _LIMITS.items():
        parsed = parse_results(frame[column], dialect.numbers, Words())
        number = frame.select(
            scaled(pl.lit(parsed["mantissa"]), pl.lit(parsed["exponent"]) + pl.col("UNIT_SHIFT")).alias(name)
        )
        plain = (parsed["comparator"] == "=").fill_null(value=False) & parsed["problem"].is_null()
        written = (frame[column].fill_null("") != "").alias("WRITTEN")
        unreadable.append(written & ~plain)
        frame = frame.with_columns(pl.when(pl.lit(plain) & pl.col("OF").is_null()).then(number[name]).alias(name))
    low, high = pl.col("LBSTNRLO"), pl.col("LBSTNRHI")
    problem = (
        pl.when(pl.lit(unreadable[0] | unreadable[1]))
        .then(pl.lit(UNREADABLE))
        .when(low >= high)
        .then(pl.lit(REVERSED))
        .when(low.is_null() & high.is_not_null())
        .then(pl.lit(ALONE))
    )
    frame = frame.with_columns(REFERENCE_PROBLEM=problem)
    kept = pl.col("REFERENCE_PROBLEM").is_null() | (pl.col("REFERENCE_PROBLEM") == ALONE)
    return frame.with_columns(
        pl.when(kept & (low > 0)).then(low).alias("LBSTNRLO"), pl.when(kept & (high > 0)).then(high).alias("LBSTNRHI")
    )


def unread_limits(dialect: Dialect) -> Finding:
    """The query on limits that are left aside; the result itself is used."""
    text = pl.format("{} to {}", pl.col("LOWTEXT").fill_null(""), pl.col("HIGHTEXT").fill_null(""))
    why = (
        pl.when(pl.col("REFERENCE_PROBLEM") == REVERSED)
        .then(pl.lit("the lower one is not below the upper one"))
        .otherwise(pl.lit("not two plain numbers as declared"))
    )
    return Finding(
        "reference_unreadable",
        pl.col("FATE").is_in(["value", "censored"]) & pl.col("REFERENCE_PROBLEM").is_in([UNREADABLE, REVERSED]),
        pl.format('The reference limits "{}" of {} are left aside: {}.', text, "LBTESTCD", why),
        pl.lit("The result is used; the limits of the age stand in, where the study has them. Ask the laboratory."),
        column=pl.lit(next(iter(limit_heads(dialect.columns)), None), dtype=pl.String),
        value=text,
    )
