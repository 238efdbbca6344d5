"""One number, found by its key: too few rows or too many is an error, never a blank or a first guess."""

from typing import Any

import polars as pl

from immrecon.errors import ContractError


def record(frame: pl.DataFrame, **keys: Any) -> dict[str, Any]:
    """The one row with these key values. Raises ContractError: an unknown column, no such row, or several."""
    row = find(frame, **keys)
    if row is None:
        raise ContractError(f"no result row for {_words(keys)}; the report needs exactly one")
    return row


def value(frame: pl.DataFrame, column: str, **keys: Any) -> Any:
    """One column of the one row with these key values. Raises ContractError as `record`."""
    row = record(frame, **keys)
    if column not in row:
        raise ContractError(f"the result row for {_words(keys)} has no column {column}")
    return row[column]


def find(frame: pl.DataFrame, **keys: Any) -> dict[str, Any] | None:
    """The one row with these key values, or None. Raises ContractError: an unknown column, or several rows."""
    if unknown := [name for name in keys if name not in frame.columns]:
        raise ContractError(f"no column {', '.join(unknown)} among {', '.join(frame.columns)}")
    rows = frame.filter(*(pl.col(name) == key for name, key in keys.items()))
    if rows.height > 1:
        raise ContractError(f"{rows.height} result rows for {_words(keys)}; the report needs exactly one")
    return rows.row(0, named=True) if rows.height else None


def _words(keys: dict[str, Any]) -> str:
    return ", ".join(f"{name} '{key}'" for name, key in keys.items())
