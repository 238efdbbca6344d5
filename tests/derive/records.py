"""Harmonised records of a handful of participants, written by hand.

Day 0 is the transplant on 1 January 2026; the cut-off, 30 June 2026, is day 180. Every frame passes its contract, as
between two rules of the pipeline.
"""

from datetime import date, timedelta
from functools import cache
from typing import Any

import polars as pl

from immrecon.contracts.base import Contract
from immrecon.contracts.io import validate

Row = dict[str, Any]

TRANSPLANT = date(2026, 1, 1)
CUTOFF = date(2026, 6, 30)


def on(day: int) -> date:
    """The calendar date of a day since transplant."""
    return TRANSPLANT + timedelta(days=day)


@cache
def empty(contract: Contract) -> pl.DataFrame:
    return validate(contract, contract.schema.create_empty())


def table(contract: Contract, rows: list[Row]) -> pl.DataFrame:
    """Rows as a validated frame: columns that are not given are null, records are numbered within participant."""
    if not rows:
        return empty(contract)
    schema = contract.schema.create_empty().schema
    filled = []
    numbers: dict[str, int] = {}
    for position, row in enumerate(rows):
        unknown = set(row) - set(schema)
        assert not unknown, f"{contract.name} has no column {unknown}"
        defaults: Row = {"SRCFILE": "extract.csv", "SRCROW": position + 2}
        sequence = f"{contract.name.upper()}SEQ"
        if sequence in schema:
            numbers[row["USUBJID"]] = numbers.get(row["USUBJID"], 0) + 1
            defaults[sequence] = numbers[row["USUBJID"]]
        filled.append(dict.fromkeys(schema) | defaults | row)
    return validate(contract, pl.DataFrame(filled, schema=schema))


# ---- rows -----------------------------------------------------------------------------------------------------------


def person(name: str = "P1", *, injected: int | None = 5, transplanted: int | None = 0, **more: Any) -> Row:
    """An enrolled adult of dose level DL1."""
    row = {
        "USUBJID": name, "STUDYID": "S", "GROUP": "A", "DOSELVL": "DL1", "SCRNDT": on(-30), "ENRLDT": on(-20),
        "HSCTDT": None if transplanted is None else on(transplanted),
        "TRTSDT": None if injected is None else on(injected),
    }  # fmt: skip
    return row | more


def person_without_dates(name: str = "P1", *, injected: float | None = 5.0, **more: Any) -> Row:
    """A participant of a source that gives days since transplant only."""
    return {"USUBJID": name, "STUDYID": "S", "GROUP": "A", "DOSELVL": "DL1", "HSCTDY": 0.0, "TRTSDY": injected} | more


def between(prefix: str, low: int | date | None, high: int | date | None) -> Row:
    """The two bounds of a date, as days since transplant or as dates."""
    bounds = [on(bound) if isinstance(bound, int) else bound for bound in (low, high)]
    return {f"{prefix}LO": bounds[0], f"{prefix}HI": bounds[1]}


def event(name: str, term: str, day: int, last: int | None = None, **more: Any) -> Row:
    """A clinical event on a day, or on a partial date that allows the days from `day` to `last`."""
    return {"USUBJID": name, "CEDECOD": term} | between("CEST", day, day if last is None else last) | more


def assessed(name: str, category: str, day: int, value: float | None = 0.0, last: int | None = None) -> Row:
    test = {"SURVIVAL": "STATUS", "DISEASE": "STATUS", "ACUTE_GVHD": "GRADE"}[category]
    return {
        "USUBJID": name, "FACAT": category, "FATESTCD": test, "FASTRESN": value,
    } | between("FA", day, day if last is None else last)  # fmt: skip


def alive(name: str, day: int, last: int | None = None) -> Row:
    return assessed(name, "SURVIVAL", day, 1.0, last)


def infusion(name: str, category: str, day: int, last: int | None = None) -> Row:
    bounds = between("CMST", day, day if last is None else last)
    return {"USUBJID": name, "CMTRT": "as received", "CMCAT": category} | bounds


def result_of(text: str) -> Row:
    """Comparator and number of a result as it is printed: `<5`, `<=50`, `>2000`, `60`."""
    comparator = text[: len(text) - len(text.lstrip("<>="))]
    return {
        "LBORRES": text, "LBCMP": comparator or "=", "LBSTRESN": float(text.lstrip("<>=")),
        "LBFATE": "censored" if comparator else "value",
    }  # fmt: skip


def sample(name: str, day: int | None, text: str | float = "20", **more: Any) -> Row:
    """A CD4 count in /uL, collected on a day since transplant."""
    row = {
        "USUBJID": name, "LBTESTCD": "CD4", "LBNAM": "lab", "LBDT": None if day is None else on(day),
        "LBORRESU": "/uL", "LBSTRESU": "/uL", "SRCCOL": "CD4",
    }  # fmt: skip
    return row | result_of(str(text)) | more


def samples(name: str, results: dict[int, str | float]) -> list[Row]:
    return [sample(name, day, text) for day, text in results.items()]


def adverse(
    name: str, start: tuple[int, int] | int | None, end: tuple[int, int] | int | None = None, **more: Any
) -> Row:
    """An adverse event; a pair of days is a partial date."""

    def pair(value: tuple[int, int] | int | None) -> tuple[int | None, int | None]:
        return value if isinstance(value, tuple) else (value, value)

    row = {"USUBJID": name, "AETERM": "rash", "AEDECOD": "Rash", "AEBODSYS": "Skin", "AETOXGR": 2}
    return row | between("AEST", *pair(start)) | between("AEEN", *pair(end)) | more
