"""A number as a person reads it, by the text that its cell shows: an OpenDocument spreadsheet stores both.

The shown digits are rounded, and are written as the reader's country does: they are looked for in the text, and the
stored ones take their place. What stands beside them is read as under any number format.
"""

import re
from collections.abc import Iterator

from immrecon.ingest.readers.number_formats import LONGEST, beside, instead

_DIGITS = r"[0-9]+(?:[.,][0-9]+|[\s'\u2019][0-9]{3}(?![0-9]))*|[.,][0-9]+"
_NUMBER = re.compile(rf"(?P<digits>{_DIGITS})(?:[eE](?P<exponent>[+-]?[0-9]{{1,3}}))?")
_IN_PARTS = re.compile("-?(?:[0-9]+ +)?[0-9]+(?: ?[-/] ?[0-9]+)+")
"""Fractions, and numbers such as those of telephones."""
_COMPARED = re.compile(r"([<>\u2264\u2265])=?\s*")
_SLACK = 1e-12
"""What two ways of writing a binary number may differ by, relative to it."""


def as_shown(value: float, number: str, shown: str) -> str:
    """`number` is the text of `value`: 5 shown as "<5,0" is <5, and shown as "5,0 G/L" 5 G/L."""
    shown = shown.strip()
    is_too_wide = not shown.strip("#")  # for its column: signs stand in place of digits
    if is_too_wide or shown.replace(",", ".") == number.replace(",", "."):
        return number
    if len(shown) > LONGEST:
        return shown
    sign = _COMPARED.match(shown)
    limit = _NUMBER.match(shown, sign.end()) if sign else None
    if sign is not None and limit is not None and not _is_exactly(value, limit):  # a limit, not a rounded number
        return f'{number} (shown as "{shown}")' if _is_contradicted(value, sign[1], limit) else shown
    if _IN_PARTS.fullmatch(shown):
        return number
    found = [match for match in _NUMBER.finditer(shown) if _is_shown(abs(value), match)]
    if found:
        # A unit or a name may have digits, too.
        longest = max(found, key=lambda match: len(match[0]))
        return beside(value, shown[: longest.start()], number, shown[longest.end() :])
    return instead(value, shown, number)


def _is_shown(size: float, match: re.Match[str]) -> bool:
    return any(abs(size - shown) <= rounded + _SLACK * size for shown, rounded in _readings(match))


def _is_exactly(value: float, match: re.Match[str]) -> bool:
    return any(abs(abs(value) - shown) <= _SLACK * abs(value) for shown, _ in _readings(match))


def _is_contradicted(value: float, sign: str, limit: re.Match[str]) -> bool:
    """Whether it is compared with a number in a way that is not true of it: such a number is shown in thousands."""
    is_less = sign in "<\u2264"
    return not any(value <= shown if is_less else value >= shown for shown, _ in _readings(limit))


def _readings(match: re.Match[str]) -> Iterator[tuple[float, float]]:
    """What digits may say in one country or another, and by how much that is rounded at most."""
    parts = re.split("[.,](?=[0-9]*$)", match["digits"])
    before, decimals = re.sub("[^0-9]", "", parts[0]), "".join(parts[1:])
    exponent = int(match["exponent"] or 0)
    if decimals:
        yield float(f"{before}.{decimals}e{exponent}"), float(f"0.5001e{exponent - len(decimals)}")
    if len(decimals) in {0, 3}:
        yield float(f"{before}{decimals}e{exponent}"), float(f"0.5001e{exponent}")
