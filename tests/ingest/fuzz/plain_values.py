"""Units, numbers and dates as a careful person reads them, with tables and Decimal. Nothing of the ingest."""

import re
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

POWER = {
    "/uL": 0, "/ul": 0, "cells/uL": 0, "cells/ul": 0, "cell/uL": 0, "Cells/uL": 0, "cells/mcL": 0, "/mcL": 0, "/mm3": 0, "/mm³": 0,
    "/mm^3": 0, "cells/mm3": 0, "10^6/L": 0, "10*6/L": 0, "x10^6/L": 0, "x10^6 cells/L": 0, "10E6/L": 0, "x10(6)/L": 0, "10e6/L": 0,
    "G/L": 3, "Giga/L": 3, "10^9/L": 3, "10*9/L": 3, "10E9/L": 3, "x10(9)/L": 3, "x10^9/L": 3, "10^3/uL": 3, "10*3/uL": 3,
    "K/uL": 3, "THOU/uL": 3, "/L": -6, "/mL": -3, "/dL": -5, "/nL": 3, "/l": -6, "/ml": -3, "/cmm": 0,
}  # fmt: skip
"""Power of ten to a count per uL, by spelling: those that mutated exports are written with."""

_PER_UL = {"uL", "ul", "UL", "mcL", "MCL", "mm3", "MM3", "mm³", "mm^3", "cmm", "CMM"}


def power_of(unit: str) -> int | None:
    """Power of ten to a count per uL; None for what is no unit of a count."""
    plain = " ".join(unit.replace("\u00b5", "u").replace("\u03bc", "u").split())
    for spelled in (plain, f"x{plain}"):
        if spelled in POWER:
            return POWER[spelled]
    before, slash, volume = plain.rpartition("/")
    what = before.strip().casefold()
    if not slash:
        return None
    if what in {"", "1", "#", "nb", "cell", "cells", "{cells}"}:
        return 0 if volume in _PER_UL else POWER.get(f"/{volume}")
    if what == "giga" and volume in {"L", "l"}:
        return 3
    return 3 if what in {"k", "thou"} and volume in _PER_UL else None


def without_unit(cell: str, unit: str) -> str:
    """A cell that ends in its own unit, in whatever spelling, without it."""
    left = cell.strip()
    ends = sorted((spelled for spelled in (*POWER, unit) if left.endswith(spelled)), key=len)
    return left.removesuffix(ends[-1]) if ends and power_of(ends[-1]) == power_of(unit) else left


def number_of(cell: str, numbers: dict[str, Any]) -> tuple[str, Decimal] | None:
    """Comparator and number of a cell, sign by sign; None where it is not exactly one number."""
    left = cell.strip()
    for flag in numbers.get("flags", []):
        left = left.removesuffix(flag).rstrip() if left.endswith(flag) else left
    comparator = "="
    signs = {
        "<=": "<=",
        ">=": ">=",
        "=<": "<=",
        "=>": ">=",
        "≤": "<=",
        "≥": ">=",
        "⩽": "<=",
        "⩾": ">=",
        "<": "<",
        ">": ">",
        "=": "=",
    }
    for sign, meaning in signs.items():
        if left.startswith(sign):
            comparator, left = meaning, left.removeprefix(sign).strip()
            break
    left = left.removeprefix("^").strip()
    body, e, exponent = left.upper().partition("E")
    if e and not re.fullmatch("[+-]?[0-9]{1,2}", exponent):
        return None
    whole, point, fraction = body, "", ""
    for decimal in numbers["decimal"]:
        if body.count(decimal) == 1:
            whole, point, fraction = body.partition(decimal)
    for sign in numbers.get("thousands", []):
        if sign in whole:
            parts = whole.split(sign)
            if not 1 <= len(parts[0]) <= 3 or any(len(part) != 3 for part in parts[1:]):
                return None
            whole = "".join(parts)
    digits = whole + fraction
    if not digits or not (digits.isascii() and digits.isdigit()) or (point and not fraction):
        return None
    return comparator, Decimal(f"{whole or 0}.{fraction or 0}{'E' + exponent if e else ''}")


def day_of(written: str, style: dict[str, Any]) -> date | None:
    """The day that a text names in one of the declared formats, and in ASCII."""
    if not written.isascii():
        return None
    for form in style["formats"]:
        if form == "serial1900":
            if re.fullmatch(r"[0-9]{1,7}([.,][0-9]+)?", written):
                days = int(re.split("[.,]", written)[0])
                return (
                    None
                    if days in {0, 60} or days > 2_958_465
                    else date(1899, 12, 30 if days > 60 else 31) + timedelta(days)
                )
            continue
        try:
            moment = datetime.strptime(written, form)
        except ValueError:
            continue
        return moment.date().replace(year=moment.year % 100 + style["century"]) if "%y" in form else moment.date()
    return None
