"""Judged result cells, as the checks look at them: few columns of the used ones, and whole rows of few."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import polars as pl

from immrecon.ingest.lab_blanks import BLANK
from immrecon.ingest.lab_neighbours import LEAP, with_leaps
from immrecon.vocabulary import USED_FATES, Fate

USED = pl.col("FATE").is_in([fate.value for fate in USED_FATES])

NUMBER_COLUMNS = [
    "ORDER", "SRCROW", "SAMPLEID", "SERIES", "DAY", "CLOCK", "LBDT", "LBTESTCD", "LBCMP", "LBSTRESN", "DIGEST",
    LEAP,
]  # fmt: skip

CODED_NUMBERS = ["LBTESTCD", "LBCMP"]
"""Those of them that may be texts or an Enum of those that come."""

EXCLUDED_COLUMNS = ["ORDER", "SRCROW", "SAMPLEID", "LBTESTCD", "EXCLUDED"]

ASIDE = [Fate.EXCLUDED.value, BLANK]
"""What is no result of the participant."""

_SHOWN_DIGITS = 6
"""Numbers that agree in these are the same in a sentence."""


def with_digest(frame: pl.DataFrame) -> pl.DataFrame:
    """DIGEST: equal for numbers of one analyte that are the same in a sentence."""
    return frame.with_columns(DIGEST=pl.struct("LBTESTCD", pl.col("LBSTRESN").round_sig_figs(_SHOWN_DIGITS)).hash())


@dataclass(frozen=True)
class Results:
    """The judged cells of some participants of one laboratory, in ORDER.

    `numbers`: NUMBER_COLUMNS of those that are used. Whole rows: `queried`, all that are withheld; `whole`, of
    those with the numbers in ORDER (and the named columns only, where some are named). `notable`: at least all about
    which something can be said that does not depend on other results, with the columns of which it is said.
    """

    numbers: pl.DataFrame
    queried: pl.DataFrame
    notable: pl.DataFrame
    whole: Callable[[pl.Series, Sequence[str] | None], pl.DataFrame]
    first_of_accessions: Callable[[pl.Series | None], pl.Series]
    """The ORDER of the first result of every participant and number of a sample, of those not left out by rule, and of
    the numbers with these hashes (None: of all)."""
    excluded: pl.DataFrame
    """EXCLUDED_COLUMNS of what is left out by rule, blank or not."""

    @classmethod
    def of(cls, judged: pl.DataFrame) -> "Results":
        """Of whole rows."""

        def whole(orders: pl.Series, columns: Sequence[str] | None) -> pl.DataFrame:
            among = judged.filter(pl.col("ORDER").is_in(orders.implode()))
            return among if columns is None else among.select(columns)

        def first_of_accessions(among: pl.Series | None) -> pl.Series:
            kept = judged.filter(~pl.col("FATE").is_in(ASIDE))
            return first_by_accession(kept.select("USUBJID", "ACCESSION", FIRST="ORDER"), among)

        numbers = with_leaps(with_digest(judged.filter(USED))).select(NUMBER_COLUMNS)
        queried = judged.filter(pl.col("FATE") == Fate.QUERIED.value)
        excluded = judged.filter(pl.col("EXCLUDED").is_not_null()).select(EXCLUDED_COLUMNS)
        return cls(numbers, queried, judged, whole, first_of_accessions, excluded)


def first_by_accession(samples: pl.DataFrame, among: pl.Series | None) -> pl.Series:
    """The least FIRST of every USUBJID and ACCESSION that are given, of those with these hashes (None: of all)."""
    if among is not None:
        samples = samples.filter(pl.col("ACCESSION").hash().is_in(among.implode()))
    named = samples.filter(pl.col("USUBJID").is_not_null() & (pl.col("ACCESSION") != ""))
    return named.group_by("USUBJID", "ACCESSION").agg(pl.col("FIRST").min())["FIRST"].sort()
