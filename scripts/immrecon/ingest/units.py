"""Units of cell counts and percentages, in the spellings that laboratories use. A unit is a power of ten, so exact.

Spellings: `1/uL = 1/mm3 = 10^6/L = 0.001 G/L`. The micro sign has two code points (U+00B5, U+03BC). Capitals matter:
G/L is 10^9 per litre and g/L is grams.
"""

import difflib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal


@dataclass(frozen=True)
class Unit:
    """`count`: 10**exponent per litre. `fraction`: parts of 10**-exponent, so that per cent is -2. `ratio`: none."""

    dimension: Literal["count", "fraction", "ratio"]
    exponent: int


PERCENT = Unit("fraction", -2)
RATIO = Unit("ratio", 0)
_WORDS = {
    "ratio": RATIO,
    "{ratio}": RATIO,
    "fraction": Unit("fraction", 0),
    **dict.fromkeys(["%", "percent", "per cent", "pct", "pourcent", "prozent", "procent"], PERCENT),
}
"""Whole texts, in any case."""

_SUPERSCRIPT = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹⁻", "0123456789-")
_VOLUME_EXPONENT = {  # negative powers of ten of a litre; "UL" is what systems of capitals write
    **dict.fromkeys(["L", "l"], 0),
    **dict.fromkeys(["dL", "dl", "DL"], 1),
    **dict.fromkeys(["mL", "ml", "ML", "cm3", "cm^3", "CM3"], 3),
    **dict.fromkeys(["uL", "ul", "UL", "mcL", "mcl", "MCL", "mm3", "mm^3", "MM3", "cmm", "CMM", "cumm", "cu mm"], 6),
    **dict.fromkeys(["nL", "nl"], 9),
}
_VOLUME_WORD = {"litre": 0, "liter": 0, "millilitre": 3, "milliliter": 3, "microlitre": 6, "microliter": 6}
"""In any case."""

_MULTIPLE = {"G": 9, "Gpt": 9, "GPt": 9, "Mpt": 6, "MPt": 6, "K": 3, "k": 3}
_MULTIPLE_WORD = {
    **dict.fromkeys(["giga", "gigas"], 9),
    **dict.fromkeys(["million", "millions", "mio", "mio."], 6),
    **dict.fromkeys(["thou", "thousand", "thousands", "tsd", "tsd."], 3),
}
"""In any case. Not here, because it says two things: billion (10^9 or 10^12), mil (1,000 or a million), M, T."""

_POWER = re.compile(
    r"[xX×]? ?(?:(?P<ones>1(?:000){1,3})|1[Ee](?P<scientific>[0-9]{1,2})"
    r"|10 ?(?:\^|\*\*|\*|E|e)? ?(?:\((?P<within>[0-9]{1,2})\)|(?P<exponent>[0-9]{1,2})))"
)
_CELL = r"(?:cells?|cellules?|cellen|zellen|zelle|nb|#)"
_CELLS = re.compile(rf" ?{_CELL}?", re.IGNORECASE)
_ANNOTATION = re.compile(rf"^\{{ ?{_CELL} ?\}}|\.?\{{ ?{_CELL} ?\}}(?=/|$)", re.IGNORECASE)
"""What UCUM lets stand in braces says what is counted, and does not change the unit. Other things than cells do."""

_INVERSE = re.compile(r"[ .]?(?:(?P<volume>uL|ul|mL|ml|dL|dl|L|l)\^?-1|(?P<cubic>mm|cm)\^?-3)$")
_PER = re.compile(r"(?:^| )per ", re.IGNORECASE)
_EXPLICIT = re.compile(r"10 ?(?:\^|\*|E|e|\()")
_POWERS = {0: {6, 9, 12}, 3: {3, 6}, 6: {2, 3, 4, 6}}
"""Powers of ten that are counted per litre, millilitre and microlitre (10^12/L: red cells; 10^2 and 10^4/uL exist
too). Another one (10^3/L) is a mistyped unit."""

SPELLINGS = (
    "/uL", "/µL", "/mm3", "/mm³", "cells/uL", "cells/µL", "cells/mcL", "cells/mm3", "10^6/L", "10*6/L", "x10^6/L",
    "x10^6 cells/L", "G/L", "Giga/L", "10^9/L", "10*9/L", "10E9/L", "x10(9)/L", "10^3/uL", "10*3/uL", "K/uL",
    "THOU/uL", "/mL", "/L", "%", "ratio", "fraction",
)  # fmt: skip
"""Spellings offered as the likely meaning of an unknown one."""


@lru_cache(maxsize=4096)
def parse_unit(text: str) -> Unit | None:
    """The unit that a text spells, or None where it is not certain what it means (`109/L`, `G/l`, `mm3`, `10^3/L`)."""
    plain = _plain(text)
    if plain.casefold() in _WORDS:
        return _WORDS[plain.casefold()]
    count, slash, volume = plain.rpartition("/")
    if not slash or len(plain) > 40:
        return None
    volume = volume.strip()
    litres = _litres(volume)
    if litres is None:
        return None
    exponent = _count_exponent(count.strip(), volume)
    if exponent is None or (exponent and exponent not in _POWERS.get(litres, ())):
        return None
    return Unit("count", exponent + litres)


def _litres(volume: str) -> int | None:
    """The negative power of ten of a litre."""
    return _VOLUME_EXPONENT.get(volume, _VOLUME_WORD.get(volume.casefold()))


def _plain(text: str) -> str:
    """One spelling of micro, superscripts as ^n, single spaces, a slash before the volume, no annotation of cells."""
    text = " ".join(text.replace("\u00b5", "u").replace("\u03bc", "u").replace("\u2212", "-").split())
    text = re.sub("[⁰¹²³⁴⁵⁶⁷⁸⁹⁻]+", lambda match: "^" + match[0].translate(_SUPERSCRIPT), text)
    if "{" in text:
        text = _ANNOTATION.sub("", text)
    if "/" not in text and text.casefold() not in _WORDS:
        text = _INVERSE.sub(lambda match: f"/{match['volume'] or match['cubic'] + '3'}", _PER.sub("/", text))
    return text


def _count_exponent(count: str, volume: str) -> int | None:
    """Power of ten of what is counted: nothing, one, cells, a prefix, a power, or a power of cells."""
    if count == "1" or _CELLS.fullmatch(" " + count if count else ""):
        return 0
    word = re.match(r"[A-Za-z]+\.?", count)
    prefixes = _MULTIPLE if word is None else {word[0]: _MULTIPLE_WORD.get(word[0].casefold())} | _MULTIPLE
    for prefix, exponent in prefixes.items():
        if exponent is not None and count.startswith(prefix) and _CELLS.fullmatch(count.removeprefix(prefix)):
            return None if prefix == "G" and volume == "l" else exponent
    match = _POWER.match(count)
    if match is None or not _CELLS.fullmatch(count[match.end() :]):
        return None
    if match["ones"]:
        return len(match["ones"]) - 1
    # "109/L" may be a power that lost its superscript, or the number 109.
    if not match["scientific"] and not _EXPLICIT.search(match[0]):
        return None
    return int(match["scientific"] or match["within"] or match["exponent"])


def likely_units(text: str, aliases: Mapping[str, str]) -> str | None:
    """The known spellings that an unknown one most resembles, in quotation marks: one for each thing it may mean."""
    known = [*aliases, *SPELLINGS]
    bare = re.sub("[{}]", "", text).strip()
    close = [name for name in known if name.casefold() == bare.casefold()]
    if not close:
        alike = [name for name in known if name in aliases or _may_be_meant(name, bare)]
        close = difflib.get_close_matches(bare, alike, n=6, cutoff=0.7)
    meanings: dict[Unit | None, str] = {}
    for name in close:
        meanings.setdefault(parse_unit(aliases.get(name, name)), name)
    return " or ".join(f'"{name}"' for name in list(meanings.values())[:3]) or None


def _may_be_meant(known: str, text: str) -> bool:
    """Not where another digit or sign, another volume, or a prefix of one letter or none, would decide by how much a
    number is multiplied.
    """
    count, slash, volume = known.rpartition("/")
    written, divided, other = text.rpartition("/")
    digits = [re.sub("[^0-9-]", "", _plain(one)) for one in (known, text)]
    litres = [_litres(_plain(one)) for one in (volume, other)]
    same = digits[0] == digits[1] and (litres[1] is None or litres[0] == litres[1])
    return same and (not slash or len(count) > 1 or not (divided and written.strip()))


def shift(source: Unit, target: Unit) -> int | None:
    """The power of ten that turns a number in `source` into one in `target`; None where they measure other things."""
    return source.exponent - target.exponent if source.dimension == target.dimension else None
