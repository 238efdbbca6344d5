"""A number as a person reads it under the number format of its cell (ECMA-376 part 1, 18.8.31).

What a format puts beside the digits is read with them: a unit, a word, a comparator, per cent. How it writes the digits
(decimals, groups, an exponent, colour, padding, currency) is not: the number is the stored one. Where both together
would be another number than the stored one, the text says so and is none.
"""

import operator
import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from immrecon.ingest.readers.cells import AS_SHOWN, NumberCells, cell_text

LONGEST = 255
"""No spreadsheet writes a longer format: the text of each cell is bounded by it."""

_TOKEN = re.compile(
    r'"(?P<quoted>[^"]*)"?|\\(?P<escaped>.)|[_*].|\[(?P<tag>[^\]]*)\]'
    r"|(?P<digits>General|E[+-]|[0#?@]|/ ?[0-9#?]+)|(?P<end>;)|(?P<sign>[.,%])|(?P<other>(?P<date>[dmyhs])|.)",
    re.IGNORECASE | re.DOTALL,
)
_LIMIT = re.compile(r"(<=|>=|<>|<|>|=)(-?(?:[0-9]+\.?[0-9]*|\.[0-9]+))")
_HOLDS = {"<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge, "=": operator.eq, "<>": operator.ne}
_COMPARATORS = "<>\u2264\u2265"
_SCALING = re.compile("0(,+)(?![0,])")
_SCALES = {1: "thousands", 2: "millions", 3: "billions"}
_DASHES = "-\u2212\u2013\u2014"
_BETWEEN_DIGITS = f"{_DASHES}/'\u2019() "
_ENDS_IN_DIGIT = re.compile(r"[0-9][.,'\u2019\s]?$")
_GOES_ON = re.compile(r"[.,'\u2019eE]?[+-]?[0-9]|\s[0-9]{3}(?![0-9])")
_LIKE_A_NUMBER = re.compile(r"[-+\u2212.,=^]?\s?[0-9]")


@dataclass(frozen=True)
class _Section:
    """What a part of a format puts before, between and after the digits, and for which numbers it is."""

    limit: tuple[str, float] | None
    before: str
    between: str
    after: str
    has_digits: bool
    is_percent: bool
    is_for_text: bool
    is_for_dates: bool
    thousands: int
    """How often the shown number is divided by 1000."""

    @property
    def is_blank(self) -> bool:
        return not self.has_digits and not self.before

    @property
    def says_more(self) -> bool:
        beside = not _says_nothing(self.before, "+") or not _says_nothing(self.after, "")
        return self.is_percent or self.thousands > 0 or self.between != "" or beside


def says_more(shown_as: str) -> bool:
    """Whether a number format may add something to some number that is read with it. One of dates does not."""
    if len(shown_as) > LONGEST:
        return True
    sections = _sections(shown_as)
    return not sections[0].is_for_dates and any(section.says_more for section in sections)


def number_text(value: float, shown_as: str, numbers_as: NumberCells = AS_SHOWN) -> str:
    """A number under an Excel number format: 0.6 is 60% under "0%", and 60 is <60 under '"<"0'; 3 is <5 under
    '[<5]"<5";0', which shows no digit of it; 1234 is 1234 (shown in thousands) under "0.0,".
    """
    if len(shown_as) > LONGEST:
        return f"{cell_text(value, numbers_as.sign)} (its format is too long to be read)"
    section = _section(value, _sections(shown_as))
    number = f"{cell_text(100 * value, numbers_as.sign)}%" if section.is_percent else cell_text(value, numbers_as.sign)
    if not numbers_as.words:
        return _compared(section, number)
    if section.thousands:
        return f"{number} (shown in {_SCALES.get(section.thousands, f'units of 1000^{section.thousands}')})"
    if not section.has_digits:
        return instead(value, section.before, number)
    if section.between:
        return f'{number} (shown with "{section.between}")'
    return beside(value, section.before, number, section.after)


def _compared(section: _Section, number: str) -> str:
    before = "".join(sign for sign in section.before if sign in _COMPARATORS)
    return section.before.strip() if before and not section.has_digits else f"{before}{number}"


def beside(value: float, before: str, number: str, after: str) -> str:
    """A number with what is shown before and after it, as far as that says something."""
    leading, trailing = _plain_signs(value)
    before = "" if _says_nothing(before, leading) else before
    after = "" if _says_nothing(after, trailing) else after
    if _ENDS_IN_DIGIT.search(before) or _GOES_ON.match(after):
        return f'{number} (shown with "{(before or after).strip()}")'
    return f"{before}{number}{after}".strip()


def instead(value: float, text: str, number: str) -> str:
    """What is shown in the place of a number. A hidden one is there nonetheless; another number is not taken for it."""
    text = text.strip()
    if text == number or _says_nothing(text, "".join(_plain_signs(value))):
        return number
    return f'{number} (shown as "{text}")' if _LIKE_A_NUMBER.match(text) else text


def _plain_signs(value: float) -> tuple[str, str]:
    """Before and after a number, the ways to write its sign, or a zero."""
    return ("+", "") if value > 0 else (f"+({_DASHES}", f"){_DASHES}")


def _says_nothing(text: str, signs: str) -> bool:
    return all(sign.isspace() or sign in signs or unicodedata.category(sign) == "Sc" for sign in text)


def _section(value: float, sections: Sequence[_Section]) -> _Section:
    """Formats have a part for numbers above, below and equal to zero; what is missing is that of the first. Or parts
    name the numbers that they are for, and the first without such a condition is for all others, if there is one.
    """
    if any(section.limit for section in sections):
        for section in sections:
            if section.limit is None or _HOLDS[section.limit[0]](value, section.limit[1]):
                return section
        return _sections("General")[0]
    place = 1 if value < 0 else 2 if value == 0 else 0
    return sections[place] if place < len(sections) and not sections[place].is_blank else sections[0]


@lru_cache(maxsize=1024)
def _sections(shown_as: str) -> tuple[_Section, ...]:
    """The parts of a format that are for numbers."""
    parts: list[list[re.Match[str]]] = [[]]
    for token in _TOKEN.finditer(shown_as):
        if token["end"]:
            parts.append([])
        else:
            parts[-1].append(token)
    sections = [_read(part) for part in parts]
    if len(sections) > 1 and sections[-1].is_for_text:
        sections.pop()
    return tuple(sections)


def _read(tokens: Sequence[re.Match[str]]) -> _Section:
    limit = None
    texts: list[str] = [""]
    """Before the digits, between them, and after."""
    signs = ""
    """Of the digits: a zero for each, and what stands between them unquoted."""
    for token in tokens:
        if token["digits"]:
            texts.append("")
            signs += "0"
        elif token["sign"]:
            signs += token["sign"]
        elif token["tag"] is not None:
            condition = _LIMIT.fullmatch(token["tag"])
            limit = limit if condition is None else (condition[1], float(condition[2]))
        else:
            texts[-1] += token["quoted"] or token["escaped"] or token["other"] or ""
    before, *between, after = texts if len(texts) > 1 else [texts[0], ""]
    odd = "".join(text for text in between if text.strip(_BETWEEN_DIGITS + "\u00a0\u202f"))
    scaled = sum(len(commas) for commas in _SCALING.findall(signs))
    return _Section(
        limit,
        before,
        odd,
        after,
        has_digits=len(texts) > 1,
        is_percent="%" in signs,
        is_for_text=any(token["digits"] == "@" for token in tokens),
        is_for_dates=any(token["date"] for token in tokens),
        thousands=scaled,
    )
