"""What every writer of exports shares: the bare dialect, cells as laboratories print them, rows of a long export.

A writer returns an `Export`: the bytes, the dialect as a dictionary, and where the result cells stand, so that a
reader that knows nothing of the ingest can count them.
"""

import copy
import csv
import io
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from .truth import LLOQ_PER_UL, LOINC, NAMES, Result

Rows = list[list[str]]


@dataclass(frozen=True)
class Export:
    """`results` names the columns (by position, from 0) and `first` the row (from 1) where result cells begin."""

    file: str
    content: bytes
    dialect: dict[str, Any]
    results: tuple[int, ...]
    first: int


BASE: dict[str, Any] = {
    "name": "lab",
    "description": "an export of the synthetic study",
    "participant": {"pattern": r"S101-(?P<site>\d{2})-(?P<number>\d{3})", "template": "S101-{site}-{number}"},
    "not_requested": [],
    "numbers": {"decimal": ["."]},
    "words": {"not_done": [{"matches": "clotted|coagulé|stolsel|geronnen", "reason": "clotted"}]},
    "duplicates": {"same_draw": ["accession"], "same_day": "query"},
    "checks": {
        "sums": [], "shares": [], "jump": None, "slip": None, "identical_min_analytes": None,
        "max_hours_to_receipt": None, "visit": None,
    },
}  # fmt: skip


def dialect(**changes: Any) -> dict[str, Any]:
    return copy.deepcopy(BASE) | changes


def analytes(heads: dict[str, str], unit: str | None = None, **more: Any) -> dict[str, Any]:
    """Rules by head; `unit` None where a unit column says it."""
    return {head: {"code": code, "unit": unit, "lloq": float(LLOQ_PER_UL), **more} for code, head in heads.items()}


def in_unit(result: Result, power: int, decimal: str = ".", clotted: str = "clotted", thousands: str = "") -> str:
    """The cell as a laboratory prints it: comparator and number in 10^power per uL (0: /uL, 3: 10^9/L)."""
    if result.per_ul is None:
        return clotted
    value = result.per_ul.scaleb(-power)
    text = f"{value:,f}" if thousands else f"{value:f}"
    text = text.replace(",", "\0").replace(".", decimal).replace("\0", thousands)
    return {"=": "", "<": "<", ">": ">"}[result.comparator] + text


def delimited(rows: Sequence[Sequence[str]], delimiter: str, encoding: str, newline: str = "\r\n") -> bytes:
    stream = io.StringIO()
    csv.writer(stream, delimiter=delimiter, lineterminator=newline).writerows(rows)
    return stream.getvalue().encode(encoding)


def samples(results: Sequence[Result]) -> list[list[Result]]:
    """Results by sample, in the order of NAMES."""
    by: dict[str, list[Result]] = {}
    for result in results:
        by.setdefault(result.accession, []).append(result)
    return list(by.values())


def long_rows(results: Sequence[Result], stamp: str, units: Callable[[Result], tuple[int, str]], decimal: str) -> Rows:
    head = ["SUBJECT", "ACCESSION", "COLLECTED", "VISIT", "TEST", "LOINC", "RESULT", "UNIT"]
    rows: Rows = [head]
    for r in results:
        power, unit = units(r)
        rows.append([r.subject, r.accession, r.drawn.strftime(stamp), r.visit, NAMES[r.analyte], LOINC[r.analyte],
                     in_unit(r, power, decimal), unit])  # fmt: skip
    return rows


def long_dialect(encoding: str, delimiter: str, formats: list[str], decimal: str, **changes: Any) -> dict[str, Any]:
    rules = analytes(NAMES)
    for code, name in NAMES.items():
        rules[name]["loinc"] = LOINC[code]
    return dialect(
        files=["x.csv"],
        layout={"format": "csv", "encoding": encoding, "delimiter": delimiter},
        shape="long",
        columns={"participant": "SUBJECT", "accession": "ACCESSION", "visit": "VISIT", "test": "TEST", "result": "RESULT",
                 "unit": "UNIT", "loinc": "LOINC",
                 "collected": {"column": "COLLECTED", "as": "date", "dates": {"formats": formats}}},
        analytes=rules,
        numbers={"decimal": [decimal]},
    ) | changes  # fmt: skip
