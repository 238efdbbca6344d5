"""Where the reference limits of a result stand in an export: in two columns, or both in one."""

from collections.abc import Callable

import polars as pl

from immrecon.config.dialect import Columns
from immrecon.ingest.patterns import whole


def limit_heads(columns: Columns) -> list[str]:
    """Heads of the columns that hold reference limits."""
    heads = [columns.reference_low, columns.reference_high]
    heads += [columns.reference_range.column] if columns.reference_range is not None else []
    return [head for head in heads if head is not None]


def limit_texts(columns: Columns, source: Callable[[str | None], pl.Expr]) -> dict[str, pl.Expr]:
    """LOWTEXT and HIGHTEXT; a range that does not match its pattern stands whole in LOWTEXT, where it is no number."""
    both = columns.reference_range
    if both is None:
        return {"LOWTEXT": source(columns.reference_low), "HIGHTEXT": source(columns.reference_high)}
    text, pattern = source(both.column), whole(both.pattern)
    groups = text.str.extract_groups(pattern)
    low, high = (groups.struct.field(name).fill_null("") for name in ("low", "high"))
    return {"LOWTEXT": pl.when(text.str.contains(pattern)).then(low).otherwise(text), "HIGHTEXT": high}
