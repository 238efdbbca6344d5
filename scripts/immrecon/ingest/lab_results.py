"""Judged result cells, as the checks look at them: few columns of the used ones, and whole rows of few."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import polars as pl

from immrecon.vocabulary import USED_FATES, Fate

USED = pl.col("FATE").is_in([fate.value for fate in USED_FATES])

NUMBER_COLUMNS = [
    "ORDER", "SRCROW", "SAMPLEID", "SERIES", "DAY", "CLOCK", "LBDT", "LBTESTCD", "LBCMP", "LBSTRESN", "DIGEST",
]  # fmt: skip

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

    @classmethod
    def of(cls, judged: pl.DataFrame) -> "Results":
        """Of whole rows."""

        def whole(orders: pl.Series, columns: Sequence[str] | None) -> pl.DataFrame:
            among = judged.filter(pl.col("ORDER").is_in(orders.implode()))
            return among if columns is None else among.select(columns)

        numbers = with_digest(judged.filter(USED)).select(NUMBER_COLUMNS)
        return cls(numbers, judged.filter(pl.col("FATE") == Fate.QUERIED.value), judged, whole)
