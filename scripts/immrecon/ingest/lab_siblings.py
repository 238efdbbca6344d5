"""Samples of which some results are left out by rule, for what a remark on their rows says, and others are used.

A clot or a donor concerns the whole sample, a remark may stand on one of its rows only. Which of the others it concerns
is not guessed: they are used, and asked about.
"""

import polars as pl

from immrecon.config.dialect import Dialect
from immrecon.ingest.findings import Finding, listing, remarks
from immrecon.ingest.lab_errors import place_of
from immrecon.ingest.lab_results import Results
from immrecon.ingest.lab_same_sample import in_full
from immrecon.vocabulary import Severity


def partly_excluded(results: Results, dialect: Dialect) -> pl.DataFrame:
    """The listing of used results to which a rule would apply that leaves out another result of their sample."""
    if results.excluded.is_empty():
        return listing([])
    rules = dialect.exclude_where
    applies = pl.any_horizontal(
        (pl.col("EXCLUDED") == rule.reason)
        & (True if rule.analytes is None else pl.col("LBTESTCD").is_in(rule.analytes))
        for rule in rules
    )
    left_out = results.excluded.group_by("SAMPLEID", "EXCLUDED").agg(
        EXCLUDEDROWS=pl.col("SRCROW").unique().sort().cast(pl.String).str.join(", ")
    )
    others = results.numbers.select("ORDER", "SAMPLEID", "LBTESTCD").join(left_out, on="SAMPLEID").filter(applies)
    others = others.sort("ORDER", "EXCLUDED").rename({"EXCLUDED": "REASON"})
    found = in_full(results, others)
    told = pl.format("{}={}", "LBTESTCD", "RESULT").str.join(", ").over("SAMPLEID", "REASON")
    found = found.with_columns(TOLD=told)
    columns = list(dict.fromkeys((rule.reason, rule.column) for rule in rules))
    place: pl.Expr = pl.lit(None, dtype=pl.String)
    for reason, column in reversed(columns):
        place = pl.when(pl.col("REASON") == reason).then(place_of(column, dialect)).otherwise(place)
    finding = Finding(
        "sample_partly_excluded",
        pl.lit(value=True),
        pl.format(
            "Row {} of this sample is left out ({}). Its other results are used: their rows do not say so.",
            "EXCLUDEDROWS",
            "REASON",
        ),
        pl.lit("Ask the laboratory whether the remark holds for the whole sample."),
        column=place,
        value=pl.col("TOLD"),
        scope="sample",
    )
    return remarks(found, finding, Severity.WARNING)
