"""Names of lymphocyte subsets as laboratories write them, the code of the study each stands for, and LOINC."""

import re
from dataclasses import dataclass
from functools import lru_cache

from immrecon.ingest.propose.columns import folded
from immrecon.ingest.units import Unit, parse_unit

LOINC = {
    "8122-4": "CD3", "8124-0": "CD3PCT", "24467-3": "CD4", "8123-2": "CD4PCT", "14135-8": "CD8", "8101-8": "CD8PCT",
    "8116-6": "CD19", "8117-4": "CD19PCT", "20402-4": "NK", "18267-5": "NKPCT", "731-0": "ALC", "737-7": "ALCPCT",
    "6690-2": "WBC", "54218-3": "CD4CD8",
}  # fmt: skip
"""LOINC codes of blood counts, of their percentages, and of the CD4/CD8 ratio."""

RATIO = "CD4CD8"
NOT_USED = "not used"
"""Known, and nothing that the study counts: haemoglobin, platelets, other leukocytes."""

_CODES = {
    frozenset({3}): "CD3", frozenset({4}): "CD4", frozenset({3, 4}): "CD4", frozenset({8}): "CD8",
    frozenset({3, 8}): "CD8", frozenset({19}): "CD19", frozenset({56}): "NK", frozenset({16, 56}): "NK",
    frozenset({16}): None,
}  # fmt: skip
_LYMPHOCYTE = r"(?:lymphocyt\w*|lymphos?|lymphs?|lymphozyt\w*|lymfocyt\w*|linfocit\w*|lym|alc|lymf)"
_NEUTRAL = (
    r"(?:cells?|cellules?|cellen|zellen|cellule|celulas?|cel|abs(?:ol\w*)?|absp?|count|counts|number|nombre|anzahl"
    r"|aantal|numero|pos(?:iti\w*)?|total\w*|totaal|gesamt|hel?per|auxiliair\w*|helfer\w*|suppressor|cytotox\w*|whole"
    r"|blood|sang|blut|bloed|sangue|sangre|conc\w*|of|de|des|les|en|in|und|et|ul|subset\w*|auto\w*|t|b|nk)"
)
_NAIVE = r"(?:naive?s?|naif\w*|naiv\w*|naief|nai)"
_RTE = r"(?:rte|recent thymic emigrants?|emigrants? thymiques?(?: recents?)?|thymic emigrants?)"
_PERCENT = r"(?:%|pct|percent\w*|pourcent\w*|prozent\w*|procent\w*|percentuale|porcentaje|perc)"
_LEUKOCYTE = (
    r"(?:wbc|leu[ckq]o\w*|leuk|gb|globules? blancs?|globuli bianchi|white (?:blood )?cells?(?: count)?|glob\w* blancos)"
)
_RATIO = r"(?:ratio|rapport|quotient|cociente|rapporto|verhouding|verhaltnis)"
_OTHERS = (
    rf"(?:{_RATIO}|hgb|hb|h[ae]moglobin\w*|plt|plat\w*|thrombo\w*|plaquet\w*|rbc|eryth\w*"
    r"|hct|h[ae]matocrit\w*|neutro\w*|anc|mono\w*|eosino\w*|baso\w*|granulo\w*|trec\w*|krec\w*|cd34)"
)


@dataclass(frozen=True)
class Name:
    """What a name says: the code, whether in per cent, and the unit written with it."""

    code: str | None
    unit: str | None = None


@lru_cache(maxsize=20_000)
def read_name(text: str) -> Name:
    """The analyte that a name stands for; code None where any part of the name is not understood."""
    bare, unit = split_unit(text)
    plain = folded(bare)
    percent = re.search(_PERCENT, plain) is not None or (unit is not None and _is_percent(unit))
    code = _code(re.sub(_PERCENT, " ", plain))
    if code == RATIO:
        parsed = parse_unit(unit) if unit is not None else None
        return Name(None if percent or (parsed is not None and parsed.dimension != "ratio") else RATIO, unit)
    if code is not None and code != NOT_USED and percent:
        return Name(f"{code}PCT", unit or "%")
    return Name(code, unit)


def split_unit(text: str) -> tuple[str, str | None]:
    """A name and the unit that stands with it: in brackets, or last after a space, comma or underscore."""
    for match in re.finditer(r"[(\[{]([^()\[\]{}]*(?:\([0-9]+\)[^()\[\]{}]*)?)[)\]}]", text):
        inner = match[1].strip()
        if parse_unit(inner) is not None:
            return (text[: match.start()] + " " + text[match.end() :]).strip(), inner
    for match in re.finditer(r"[ ,;_]+", text):
        rest = text[match.end() :].strip()
        if ("/" in rest or rest == "%") and parse_unit(rest) is not None:
            return text[: match.start()], rest
    return text, None


def _is_percent(unit: str) -> bool:
    parsed: Unit | None = parse_unit(unit)
    return parsed is not None and parsed.dimension == "fraction"


def _code(plain: str) -> str | None:
    counts = r"(?:cd ?3\+? ?)?(?:cd|t) ?4\+? ?[/:] ?(?:cd ?3\+? ?)?(?:(?:cd|t) ?)?8\+?"
    if re.fullmatch(rf"\W*(?:{_RATIO}\W*)?{counts}(?:\W*{_RATIO})?\W*", plain):
        return RATIO
    rest = re.sub(r"[_.,;:/()|\[\]]+", " ", plain)
    if re.search(rf"\b{_OTHERS}\b", rest):
        return NOT_USED
    rest, naive = re.subn(rf"\b{_NAIVE}\b", " ", rest)
    rest, emigrant = re.subn(rf"\b{_RTE}\b", " ", rest)
    markers: dict[int, str] = {}
    rest = re.sub(r"\bcd ?16 ?\+? ?(?:cd ?)?56\b", "cd56", rest)
    rest = re.sub(r"\bt ?([348])\b", r"cd\1", rest)

    def take(match: re.Match[str]) -> str:
        markers[int(match[1])] = (match[2] or "") + (match[3] or "")
        return " "

    rest = re.sub(r"cd ?-?([0-9]{1,3})(ra|ro|l)?(?: ?([+-](?![0-9])))?", take, rest)
    negative = {n for n, sign in markers.items() if sign.endswith("-")}
    if 3 in negative and 56 in markers:
        markers.pop(3)
    elif negative:
        return None
    rest, leukocyte = re.subn(rf"\b{_LEUKOCYTE}\b", " ", rest)
    rest, lymphocyte = re.subn(rf"\b{_LYMPHOCYTE}\b", " ", rest)
    left = rest.replace("+", " ").replace("-", " ").split()
    if any(not re.fullmatch(_NEUTRAL, word) for word in left):
        return None
    return _combined(markers, set(left), naive=bool(naive), emigrant=bool(emigrant), cells=(lymphocyte, leukocyte))


def _combined(
    markers: dict[int, str], left: set[str], *, naive: bool, emigrant: bool, cells: tuple[int, int]
) -> str | None:
    memory = markers.pop(45, "") if 45 in markers else ""
    naive |= memory.startswith("ra")
    thymic = 31 in markers
    for lineage in (31, 62, 27, 197):
        markers.pop(lineage, None)
    if memory.startswith("ro"):
        return None
    if emigrant or thymic:
        return "RTE" if set(markers) <= {3, 4} else None
    code = _CODES.get(frozenset(markers))
    if markers or naive:
        return ("CD4N" if code == "CD4" else None) if naive else code
    return "NK" if "nk" in left else _cell_code(left, *cells)


def _cell_code(left: set[str], lymphocyte: int, leukocyte: int) -> str | None:
    """Lymphocytes, T or B cells, leukocytes, by words alone."""
    named = bool(lymphocyte) or any(word.startswith(("cel", "zel")) for word in left)
    if named and left & {"t", "b"} and not {"t", "b"} <= left:
        return "CD3" if "t" in left else "CD19"
    return "ALC" if lymphocyte else "WBC" if leukocyte else None
