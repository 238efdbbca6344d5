"""One number of a sample in two participants: one of the two has the results of somebody else, nobody can tell which.

As with equal panels of two participants, both stay used; what is asked is an error.
"""

from collections.abc import Sequence

import polars as pl

from immrecon.config.dialect import Dialect
from immrecon.ingest.findings import Finding, remarks
from immrecon.ingest.lab_errors import place_of
from immrecon.ingest.lab_results import Results
from immrecon.vocabulary import Severity

_COLUMNS = [
    "SRCFILE", "SRCSHEET", "SRCROW", "USUBJID", "ACCESSION", "VISIT", "DAY", "LBDT", "LBDY", "DATETEXT", "LBTESTCD",
    "ORDER",
]  # fmt: skip


def is_asked(dialect: Dialect) -> bool:
    """Whether the laboratory gives numbers to samples that no two participants should have."""
    return dialect.columns.accession is not None and dialect.checks.accessions_unique


class Drawn:
    """Numbers of samples and whose they are said to be, as cells are read: which of them to look at."""

    def __init__(self) -> None:
        self._known: list[pl.DataFrame] = []

    def add(self, around: pl.DataFrame) -> None:
        """ACCESSION and IDTEXT of cells, or once of several that follow each other."""
        named = around.select("ACCESSION", "IDTEXT").filter(pl.col("ACCESSION") != "")
        self._known.append(named.select(pl.all().hash()))

    def shared(self) -> pl.Series:
        """Hashes of the numbers that may be those of several participants."""
        known = pl.concat([pl.DataFrame(schema={"ACCESSION": pl.UInt64, "IDTEXT": pl.UInt64}), *self._known])
        numbers = known.unique()["ACCESSION"]
        return numbers.filter(numbers.is_duplicated()).unique()


def specimens(results: Results, dialect: Dialect, among: pl.Series | None) -> pl.DataFrame | None:
    """The first result of every participant and number of a sample, of those whose hash is among these (None: all);
    None where the rule does not apply.
    """
    if not is_asked(dialect):
        return None
    first = results.whole(results.first_of_accessions(among), _COLUMNS)
    return first.with_columns(place_of(dialect.columns.accession, dialect).alias("SRCCOL"))


def shared(parts: Sequence[pl.DataFrame]) -> pl.DataFrame:
    """The listing of numbers of samples that several participants have."""
    found = pl.concat(parts).sort("ORDER").filter(pl.len().over("ACCESSION") > 1)
    place = pl.format("row {} of {}", "SRCROW", "SRCFILE")
    found = found.with_columns(PLACES=place.str.join(", ").over("ACCESSION"), N=pl.len().over("ACCESSION"))
    finding = Finding(
        "accession_shared",
        pl.lit(value=True),
        pl.format(
            "The number of this sample, {}, is that of samples of {} participants: {}.", "ACCESSION", "N", "PLACES"
        ),
        pl.lit("Ask the laboratory whose sample it is. Until then the results of both are used."),
        value=pl.col("ACCESSION"),
    )
    return remarks(found, finding, Severity.ERROR)
