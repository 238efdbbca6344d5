"""Fields of HL7 v2 segments as text: separators, escape sequences, result, unit and code of an observation."""

import codecs
import re
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from immrecon.ingest.readers.exchange import joined

NULL = '""'
"""HL7 for "delete what was there"; in a field that is not a result it is blank."""

_NUMERIC, _STRUCTURED = "NM", "SN"
_AS_WRITTEN = frozenset({"", _NUMERIC, "ST", "TX", "FT"})
_CODED = frozenset({"CE", "CWE", "CNE", "CF"})
_COMPARATORS = frozenset({"", "<", ">", "<=", ">=", "="})
_CHARACTER_SETS = {
    **{f"8859/{n}": f"iso8859-{n}" for n in (1, 2, 3, 4, 5, 6, 7, 8, 9, 15)},
    **dict.fromkeys(["UNICODE UTF-8", "UTF-8"], "utf-8"),
    **dict.fromkeys(["UNICODE", "UNICODE UTF-16"], "utf-16"),
    "UNICODE UTF-32": "utf-32",
}
"""HL7 table 0211. ASCII, the value where none is given, is part of every other and is left to the dialect."""

_TEN = re.compile("[xX×]?10")
_HEADER = re.compile(r"MSH(?P<field>[^A-Za-z0-9\s])(?P<others>[^A-Za-z0-9\s]{4,5}?)(?P=field)")


@dataclass(frozen=True)
class Delimiters:
    """MSH-1 and MSH-2 of a message, and the encoding in which its hexadecimal escapes are written."""

    field: str
    component: str
    repetition: str
    escape: str
    subcomponent: str
    encoding: str

    @cached_property
    def sequence(self) -> re.Pattern[str]:
        mark = re.escape(self.escape)
        return re.compile(f"{mark}([^{mark}]{{1,1000}}){mark}")


def delimiters(line: str, encoding: str) -> Delimiters | None:
    """The separators that the first segment of a message declares; None where it declares none, or one twice."""
    match = _HEADER.match(line)
    if match is None:
        return None
    marks = [match["field"], *match["others"]]
    if len(marks) > len(set(marks)):
        return None
    return Delimiters(marks[0], marks[1], marks[2], marks[3], marks[4], encoding)


def unescape(text: str, marks: Delimiters) -> str:
    r"""Text with \F\ \S\ \T\ \R\ \E\ \Xdd..\ and line breaks decoded, highlighting dropped but between two digits,
    where it tells a footnote from a number.

    Any other sequence, and an escape character that stands alone, stays as written: nothing of a result may vanish.
    """
    if marks.escape not in text:
        return text
    return marks.sequence.sub(lambda match: _meaning(match, marks), text)


def _meaning(match: re.Match[str], marks: Delimiters) -> str:
    code = match[1]
    simple = {
        "F": marks.field, "S": marks.component, "T": marks.subcomponent, "R": marks.repetition, "E": marks.escape,
        ".br": "\n", ".sp": "\n",
    }  # fmt: skip
    if code in simple:
        return simple[code]
    if code in {"H", "N"}:
        around = match.string[: match.start()][-1:] + match.string[match.end() :][:1]
        return match[0] if len(around) == 2 and around.isdigit() else ""
    if code[0] == "X":
        try:
            return bytes.fromhex(code[1:]).decode(marks.encoding)
        except ValueError:
            return match[0]
    return match[0]


def leaves(field: Any, marks: Delimiters) -> list[list[str]]:
    """Repetitions of a field of python-hl7, each a list of its components, unescaped."""
    repetitions = [field] if isinstance(field, str) else list(field)
    return [
        [_component(part, marks) for part in ([repetition] if isinstance(repetition, str) else repetition)]
        for repetition in repetitions
    ]


def _component(part: Any, marks: Delimiters) -> str:
    return unescape(part, marks) if isinstance(part, str) else "&".join(unescape(sub, marks) for sub in part)


def whole(repetitions: list[list[str]]) -> str:
    """A field as written, with ^ and ~ and without empty ends."""
    texts = ["^".join(components).rstrip("^") for components in repetitions]
    return "~".join("" if text == NULL else text for text in texts).rstrip("~")


def component(repetitions: list[list[str]], number: int) -> str:
    """Component `number` (from 1) of the first repetition."""
    first = repetitions[0] if repetitions else []
    text = first[number - 1] if number <= len(first) else ""
    return "" if text == NULL else text


def observed(kind: str, repetitions: list[list[str]]) -> str:
    """The result as text: what is certainly a number reads as one, what may not be can never be taken for one.

    SN: `<^5` is "<5"; ratios and ranges stay as written. Coded results: the text, or the code; a code with digits
    keeps its ^. Of other types than numbers, text and coded (dates, times, files) the type is told.
    """
    return "~".join(_one(kind, components) for components in repetitions).rstrip("~")


def _one(kind: str, components: list[str]) -> str:
    parts = [*components, "", ""]
    text = "^".join(components).rstrip("^")
    if kind in _AS_WRITTEN or not text:
        return text
    if kind == _STRUCTURED:
        plain = parts[0].strip() in _COMPARATORS and not "".join(components[2:]).strip()
        return parts[0].strip() + parts[1].strip() if plain else text
    if kind in _CODED:
        original = components[8] if len(components) > 8 else ""
        if said := parts[1] or (components[4] if len(components) > 4 else "") or original:
            return said
        return text if "^" in text or not any(sign.isdigit() for sign in text) else text + "^"
    return f"{text} ({kind})"


def unit(repetitions: list[list[str]]) -> tuple[str, str]:
    """OBX-6: the code of the unit and its text. In `10^9/L` the ^ is that of a power, which was not escaped."""
    code, text, further = (component(repetitions, number).strip() for number in (1, 2, 3))
    return (f"{code}^{text}", further) if _TEN.fullmatch(code) and text[:1].isdigit() else (code, text)


def loinc(repetitions: list[list[str]]) -> str:
    """The identifier of OBX-3 in the coding system LN."""
    pairs = [(component(repetitions, number), component(repetitions, number + 2)) for number in (1, 4)]
    return joined(code.strip() for code, system in pairs if system.strip() in {"LN", "LOINC"})


def character_set(name: str) -> str | None:
    """The Python name of a character set of HL7 table 0211; None for one that is not in it."""
    found = _CHARACTER_SETS.get(name.strip().upper())
    return None if found is None else codecs.lookup(found).name


def same_encoding(name: str, declared: str) -> bool:
    """Whether two Python names are one encoding, but for a byte order mark or order."""
    family = [
        re.sub(r"_sig|-sig|[-_](?:le|be)$", "", codecs.lookup(encoding).name).replace("_", "-")
        for encoding in (name, declared)
    ]
    return family[0] == family[1]
