"""The text of typed cells, the same for every format, so that one declared date format serves them all."""

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any

NOT_CALCULATED = "(not calculated)"
"""After a formula whose result is not stored. No number and no declared word ends so: such a cell is queried."""


@dataclass(frozen=True)
class NumberCells:
    """How the number cells of a workbook become texts."""

    sign: str = "."
    """Before decimals."""
    words: bool = True
    """With what their format shows beside or instead of them; otherwise with its comparator or per cent sign alone."""


AS_SHOWN = NumberCells()


def cell_text(value: Any, sign: str = ".") -> str:
    """A cell as a person reads it: numbers with 15 significant digits and this decimal sign, dates as YYYY-MM-DD, with
    a time of day YYYY-MM-DD HH:MM:SS, times as HH:MM:SS, truth as TRUE or FALSE, nothing as ''."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    if isinstance(value, float | int):
        return f"{value:.15g}".replace(".", sign)
    if isinstance(value, date | time | timedelta):
        return _calendar_text(value)
    return str(value)


def _calendar_text(value: date | time | timedelta) -> str:
    match value:
        case datetime():
            # Fractions of a second are what is left of a binary day number.
            moment = _whole_second(value)
            midnight = moment.time() == time.min
            return moment.strftime("%Y-%m-%d" if midnight else "%Y-%m-%d %H:%M:%S")
        case date():
            return value.isoformat()
        case time():
            return clock_text((value.hour * 60 + value.minute) * 60 + value.second + value.microsecond / 1e6)
        case timedelta():
            return clock_text(value.total_seconds())


def clock_text(seconds: float) -> str:
    """Seconds as HH:MM:SS; a duration may have more than 24 hours, or be negative."""
    whole = round(abs(seconds))
    sign = "-" if seconds < 0 and whole else ""
    return f"{sign}{whole // 3600:02d}:{whole // 60 % 60:02d}:{whole % 60:02d}"


def not_calculated(formula: str) -> str:
    return f"{formula} {NOT_CALCULATED}"


def _whole_second(moment: datetime) -> datetime:
    if moment.microsecond < 500_000:
        return moment.replace(microsecond=0)
    try:
        return moment.replace(microsecond=0) + timedelta(seconds=1)
    except OverflowError:
        return moment.replace(microsecond=0)
