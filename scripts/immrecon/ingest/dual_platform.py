"""Percentages that the dialect declares to be turned into counts: per cent of the count of the same draw.

Flow cytometry gives the percentage, a blood count of the same draw the cells it is a percentage of: two platforms, each
with its error, and after T-cell depletion the blood count is at its worst. So it is done where declared only, never
with a count of another draw, and the result says how it was made (LBMETHOD).
"""

import polars as pl

from immrecon.config.dialect import Dialect
from immrecon.ingest.findings import Finding, first_error
from immrecon.ingest.lab_results import USED
from immrecon.vocabulary import Fate

_IN_FULL = 100.0


def method_of(dialect: Dialect) -> pl.Expr:
    """METHOD of a result as it was measured."""
    platform = None if dialect.platform is None else f"{dialect.platform} platform"
    return pl.lit(platform, dtype=pl.String).alias("METHOD")


def has_percentages_of_counts(dialect: Dialect) -> bool:
    return any(rule.of is not None for rule in dialect.analytes.values())


def counts_from_percentages(frame: pl.DataFrame, dialect: Dialect) -> pl.DataFrame:
    """The judged cells, percentages of a declared count (OF) being that many cells of it, as METHOD then says.

    A used percentage without exactly one plain count in its draw is withheld.
    """
    if not has_percentages_of_counts(dialect):
        return frame
    counts = (
        frame.filter((pl.col("FATE") == Fate.VALUE.value) & pl.col("OF").is_null())
        .group_by("SAMPLEID", pl.col("LBTESTCD").alias("OF"))
        .agg(WHOLE=pl.col("LBSTRESN").first(), N=pl.len())
    )
    keys = ["SAMPLEID", "OF"]
    frame = frame.join(counts, on=keys, how="left", maintain_order="left")
    percent = USED & pl.col("OF").is_not_null()
    n = pl.col("N").fill_null(0)
    undecided = percent & (n != 1)
    finding = Finding(
        "count_of_draw_missing",
        undecided,
        pl.format(
            "{} is per cent of {}, of which the same draw has {} results.", "LBTESTCD", "OF", pl.col("N").fill_null(0)
        ),
        pl.lit("A percentage is never multiplied by a count of another draw."),
    )
    made = percent & ~undecided
    words = pl.format("dual platform: per cent of {} of the same draw", "OF")
    return (
        first_error(frame, [finding])
        .with_columns(
            FATE=pl.when(undecided).then(pl.lit(Fate.QUERIED.value)).otherwise("FATE"),
            LBSTRESN=pl.when(made).then(pl.col("LBSTRESN") * pl.col("WHOLE") / _IN_FULL).otherwise("LBSTRESN"),
            LBLLOQ=pl.when(made).then(pl.col("LBLLOQ") * pl.col("WHOLE") / _IN_FULL).otherwise("LBLLOQ"),
            LBSTRESU=pl.when(pl.col("OF").is_not_null()).then("COUNTUNIT").otherwise("LBSTRESU"),
            METHOD=pl.when(made).then(words).otherwise("METHOD"),
        )
        .drop("WHOLE", "N")
    )
