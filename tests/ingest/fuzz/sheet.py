"""A sheet of an export, and what its cells are as text."""

import json
import unicodedata
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from ..exports.common import Export


class UnreadableError(Exception):
    """The file is not what the dialect says, for a plain reader too."""


@dataclass(frozen=True)
class Sheet:
    """Rows with their numbers; `merged` as first row, last row (from 1), first column, last column (from 0)."""

    numbers: list[int]
    rows: list[list[Any]]
    merged: list[tuple[int, int, int, int]] = field(default_factory=list)
    partly: bool = False
    """Parts of the file could not be read, so nothing can be counted."""

    def with_rows(self, rows: list[list[Any]]) -> "Sheet":
        return replace(self, rows=rows)


def kind(export: Export) -> str:
    return str(export.dialect["layout"]["format"])


def text(value: Any) -> str:
    """A typed cell as a person reads it."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(value).upper()
    if isinstance(value, datetime):
        return value.strftime("%Y-%m-%d" if value.hour == value.minute == value.second == 0 else "%Y-%m-%d %H:%M:%S")
    return f"{value:.15g}" if isinstance(value, int | float) else str(value)


def clean(value: Any) -> str:
    return " ".join(unicodedata.normalize("NFC", text(value)).split())


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    if len(dict(pairs)) < len(pairs):
        raise ValueError("a key twice")
    return dict(pairs)


def load_json(content: str) -> Any:
    return json.loads(content, object_pairs_hook=_once, parse_float=str, parse_int=str, parse_constant=str)


def head_index(export: Export, sheet: Sheet) -> int:
    """Of the last header row."""
    in_file = kind(export) in {"xpt", "dataset_json", "hl7v2", "fhir"}
    rows = export.dialect["layout"].get("header_rows", [1])
    return 0 if in_file else sheet.numbers.index(rows[-1])
