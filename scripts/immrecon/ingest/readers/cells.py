"""The text of typed cells, the same for every format, so that one declared date format serves them all."""

import operator
import re
from datetime import date, datetime, time, timedelta
from typing import Any

NOT_CALCULATED = "(not calculated)"
"""After a formula whose result is not stored. No number and no declared word ends so: such a cell is queried."""


def cell_text(value: Any) -> str:
    """A cell as a person reads it: numbers with 15 significant digits, dates as YYYY-MM-DD, with a time of day
    YYYY-MM-DD HH:MM:SS, times as HH:MM:SS, truth as TRUE or FALSE, nothing as ''."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    if isinstance(value, float | int):
        return f"{value:.15g}"
    if isinstance(value, date | time | timedelta):
        return _calendar_text(value)
    return str(value)


_LITERAL = re.compile(r'"[^"]*"|\\.')
_CONDITION = re.compile(r"\[[^\]]*\]")
_LIMIT = re.compile(r"\[(<=|>=|<>|<|>|=)(-?[0-9]+(?:\.[0-9]+)?)\]")
_HOLDS = {"<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge, "=": operator.eq, "<>": operator.ne}
_DIGIT = re.compile("[0#?]|General", re.IGNORECASE)
_SECTION = re.compile(r'((?:"[^"]*"|\\.|[^;"\\])*)(?:;|$)')
_COMPARATORS = "<>\u2264\u2265"


def number_text(value: float, shown_as: str) -> str:
    """A number as a person reads it under an Excel number format: 0.6 is 60% under "0%", and 60 is <60 under '"<"0'; 3
    is <5 under '[<5]"<5";0', which shows no digit of it.
    """
    section = _CONDITION.sub("", _section(value, shown_as))
    is_percent = "%" in _LITERAL.sub("", section)
    before = "".join(sign for sign in section if sign in _COMPARATORS)
    if before and not _DIGIT.search(_LITERAL.sub("", section)):
        return _LITERAL.sub(lambda literal: literal[0].strip('"').removeprefix("\\"), section)
    number = cell_text(100 * value) if is_percent else cell_text(value)
    return f"{before}{number}{'%' if is_percent else ''}"


def says_more(shown_as: str) -> bool:
    """Whether a number format may put a per cent sign or a comparator to some number."""
    plain = _CONDITION.sub("", shown_as)
    return any(sign in plain for sign in ("%", *_COMPARATORS))


def _section(value: float, shown_as: str) -> str:
    """Formats have a part for numbers above, below and equal to zero; what is missing is that of the first. Or parts
    name the numbers that they are for, and the first without such a condition is for all others.
    """
    parts = _SECTION.findall(shown_as)
    if _LIMIT.search(_LITERAL.sub("", shown_as)):
        for part in parts:
            limit = _LIMIT.search(part)
            if limit is None or _HOLDS[limit[1]](value, float(limit[2])):
                return str(part)
    place = 1 if value < 0 else 2 if value == 0 else 0
    return str(parts[place]) if place < len(parts) and parts[place] else str(parts[0])


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
