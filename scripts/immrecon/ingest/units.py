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
_WORDS = {"%": PERCENT, "fraction": Unit("fraction", 0)} | dict.fromkeys(["ratio", "Ratio", "RATIO"], RATIO)

_SUPERSCRIPT = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹", "0123456789")
_VOLUME_EXPONENT = {  # negative powers of ten of a litre
    **dict.fromkeys(["L", "l"], 0),
    **dict.fromkeys(["dL", "dl"], 1),
    **dict.fromkeys(["mL", "ml", "cm3", "cm^3"], 3),
    **dict.fromkeys(["uL", "ul", "mcL", "mcl", "mm3", "mm^3", "cmm"], 6),
    **dict.fromkeys(["nL", "nl"], 9),
}
_MULTIPLE = {"Giga": 9, "G": 9, "K": 3, "k": 3, "THOU": 3, "Thou": 3, "thou": 3, "Thousand": 3, "thousand": 3}
_POWER = re.compile(r"[xX×]? ?(?:(?P<ones>1(?:000){1,3})|10 ?(?:\^|\*\*|\*|E|e)? ?\(?(?P<exponent>[0-9]{1,2})\)?)")
_CELLS = re.compile(r" ?(?:cells|cell|Cells|CELLS|cellules|cellen|Zellen)?")
_EXPLICIT = re.compile(r"10 ?(?:\^|\*|E|e|\()")
_POWERS = {0: {6, 9, 12}, 3: {3, 6}, 6: {2, 3, 4, 6}}
"""Powers of ten that are counted per litre, millilitre and microlitre (10^12/L: red cells; 10^2 and 10^4/uL exist
too). Another one (10^3/L) is a mistyped unit."""

SPELLINGS = (
    "/uL", "/µL", "/mm3", "/mm³", "cells/uL", "cells/µL", "cells/mcL", "cells/mm3", "10^6/L", "10*6/L", "x10^6/L",
    "x10^6 cells/L", "G/L", "Giga/L", "10^9/L", "10*9/L", "10E9/L", "x10(9)/L", "10^3/uL", "10*3/uL", "K/uL",
    "THOU/uL", "/mL", "/L", "%", "ratio",
)  # fmt: skip
"""Spellings offered as the likely meaning of an unknown one."""


@lru_cache(maxsize=4096)
def parse_unit(text: str) -> Unit | None:
    """The unit that a text spells, or None where it is not certain what it means (`109/L`, `G/l`, `c/s`, `10^3/L`)."""
    plain = _plain(text)
    if plain in _WORDS:
        return _WORDS[plain]
    count, slash, volume = plain.rpartition("/")
    if not slash or len(plain) > 40:
        return None
    if volume.strip() not in _VOLUME_EXPONENT:
        return None
    exponent = _count_exponent(count.strip(), volume.strip())
    if exponent is None:
        return None
    return Unit("count", exponent + _VOLUME_EXPONENT[volume.strip()])


def _plain(text: str) -> str:
    """One spelling of micro, superscripts as ^n, single spaces."""
    text = " ".join(text.replace("\u00b5", "u").replace("\u03bc", "u").split())
    return re.sub("[⁰¹²³⁴⁵⁶⁷⁸⁹]+", lambda match: "^" + match[0].translate(_SUPERSCRIPT), text)


def _count_exponent(count: str, volume: str) -> int | None:
    """Power of ten of what is counted: nothing, cells, a prefix, a power, or a power of cells."""
    word = _CELLS.fullmatch(" " + count if count else "")
    if word is not None:
        return 0
    for prefix, exponent in _MULTIPLE.items():
        if count.startswith(prefix) and _CELLS.fullmatch(count.removeprefix(prefix)):
            return None if prefix == "G" and volume == "l" else exponent
    match = _POWER.match(count)
    if match is None or not _CELLS.fullmatch(count[match.end() :]):
        return None
    # "109/L" may be a power that lost its superscript, or the number 109.
    if not match["ones"] and not _EXPLICIT.search(match[0]):
        return None
    power = len(match["ones"]) - 1 if match["ones"] else int(match["exponent"])
    return power if power in _POWERS.get(_VOLUME_EXPONENT[volume], ()) else None


def likely_unit(text: str, aliases: Mapping[str, str]) -> str | None:
    """The known spelling that an unknown one most resembles."""
    known = [*aliases, *SPELLINGS]
    exact = [name for name in known if name.casefold() == text.strip().casefold()]
    close = exact or difflib.get_close_matches(text.strip(), known, n=1, cutoff=0.7)
    return close[0] if close else None


def shift(source: Unit, target: Unit) -> int | None:
    """The power of ten that turns a number in `source` into one in `target`; None where they measure other things."""
    return source.exponent - target.exponent if source.dimension == target.dimension else None
