"""Result cells that repeat their unit: "12 %", "0.05 G/L". It is taken off where it is the unit of the cell; any other
leaves a text that is no number.
"""

import polars as pl

from immrecon.config.dialect import Dialect
from immrecon.ingest.units import parse_unit

_WITH_UNIT = r"^([^A-Za-z%/\p{L}#{]*[0-9])\s*([A-Za-z%/\p{L}×#{].*)$"
"""What ends in a digit, and what follows and begins as a unit does."""


def results_alone(cells: pl.DataFrame, dialect: Dialect) -> pl.Series:
    """RESULT without the unit that UNITTEXT or, where no column has units, DECLARED_UNIT names too."""
    own = pl.col("UNITTEXT") if dialect.columns.unit is not None else pl.col("DECLARED_UNIT")
    text = pl.col("RESULT").str.strip_chars()
    parts = cells.select(
        "RESULT", OWN=own, NUMBER=text.str.extract(_WITH_UNIT, 1), REST=text.str.extract(_WITH_UNIT, 2)
    )
    pairs = parts.select("OWN", "REST").drop_nulls().unique(maintain_order=True)
    same = [_is_one_unit(one, other, dialect) for one, other in pairs.iter_rows()]
    if not any(same):
        return parts["RESULT"]
    told = parts.join(pairs.with_columns(SAME=pl.Series(same)), on=["OWN", "REST"], how="left", maintain_order="left")
    return told.select(pl.when("SAME").then("NUMBER").otherwise("RESULT").alias("RESULT")).to_series()


def _is_one_unit(one: str, other: str, dialect: Dialect) -> bool:
    first, second = (parse_unit(dialect.units.get(text, text)) for text in (one, other))
    return first is not None and first == second
