"""What a comparator says of a result, and what a result with one says about a threshold."""

import polars as pl

BELOW = pl.col("ACMP").is_in(["<", "<="])
"""The value is an upper limit of the result."""

ABOVE_LIMIT = pl.col("ACMP").is_in([">", ">="])
"""The value is a lower limit of the result."""


def above_threshold(operator: str, threshold: float | pl.Expr) -> pl.Expr:
    """Whether a result is above (or at) the threshold; null where that is open, or without a threshold."""
    value = pl.col("AVAL")
    strict = operator == ">"
    plain = value > threshold if strict else value >= threshold
    # A result "< L" is below L; it is certainly not above when L is at or below the threshold.
    below = {"<": value <= threshold, "<=": value <= threshold if strict else value < threshold}
    above = {">": value >= threshold, ">=": plain}
    return (
        pl.when(pl.col("ACMP") == "=")
        .then(plain)
        .when(BELOW)
        .then(pl.when(pl.when(pl.col("ACMP") == "<").then(below["<"]).otherwise(below["<="])).then(pl.lit(False)))
        .otherwise(pl.when(pl.when(pl.col("ACMP") == ">").then(above[">"]).otherwise(above[">="])).then(pl.lit(True)))
    )
