"""The analytes of a file: their codes, units and limits; the names that nobody here knows."""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from immrecon.config.base import OPEN_QUESTION
from immrecon.ingest.propose.analytes import LOINC, NOT_USED, RATIO, Name, read_name
from immrecon.ingest.propose.columns import Column, folded, join
from immrecon.ingest.propose.draft import Entry, Remark, inferred, question
from immrecon.ingest.propose.roles import LONGEST_WORD
from immrecon.ingest.propose.terms import is_below_limit
from immrecon.ingest.propose.values import is_below, limits, may_be_thousands
from immrecon.ingest.units import PERCENT, Unit, likely_units, parse_unit, shift
from immrecon.quoting import quoted

PER_UL = Unit("count", 6)
_STANDARD = {"count": PER_UL, "fraction": PERCENT, "ratio": Unit("ratio", 0)}
_RATIOS = {"{ratio}", "ratio", "rapport", "quotient", "verhaltnis", "verhouding", "rapporto", "cociente"}
"""Words of laboratories, and that of UCUM, for the unit of a ratio; folded."""


@dataclass(frozen=True)
class Evidence:
    """What the file says about one name: its results, and in the long shape the units and codes beside them."""

    results: Column
    units: Column | None = None
    loincs: Column | None = None
    without_unit: Column | None = None
    """Numbers beside which the column of units is blank."""


@dataclass
class Requested:
    analytes: dict[str, Entry] = field(default_factory=dict)
    codes: list[str] = field(default_factory=list)
    not_requested: Entry = field(default_factory=lambda: Entry([]))
    units: Entry | None = None


def units_in(texts: Iterable[tuple[str, str]]) -> dict[str, str]:
    """Units that stand in texts outside the table: the unit as written, and the place of its first."""
    found: dict[str, str] = {}
    for place, text in texts:
        parts = [word.strip("()[],;:") for word in text[:300].split()]
        for i in range(len(parts)):
            unit = next((u for n in (3, 2, 1) if (u := " ".join(parts[i : i + n])) and parse_unit(u)), None)
            if unit is not None and "/" in unit:
                found.setdefault(unit, f"{place} {quoted(text, 60)}")
    return found


def requested(
    names: Mapping[str, Evidence],
    outside: Mapping[str, str],
    *,
    has_units: bool,
    of_study: Collection[str] | None = None,
) -> Requested:
    """The keys analytes, not_requested and units. `of_study`: the codes of the study's analytes, where it is known."""
    result = Requested()
    known, unknown, unused, others = {}, [], [], {}
    for name, evidence in names.items():
        read = read_name(name)
        if read.code == NOT_USED:
            unused.append(name)
        elif len(name) > LONGEST_WORD or (read.code is None and _by_loinc(evidence) is None):
            unknown.append(name)
        elif (code := read.code or _by_loinc(evidence)) is not None and of_study is not None and code not in of_study:
            others[name] = code
        else:
            known[name] = read
    for name, read in known.items():
        sure_of_ratio = of_study is not None
        entry = _analyte(name, read, names[name], outside, result.codes, has_units=has_units, ratio=sure_of_ratio)
        result.analytes[name] = entry
    if not result.analytes:
        asked = "no name of an analyte is known. Give each that the study uses, with its code and unit"
        rule = {"code": OPEN_QUESTION, "unit": OPEN_QUESTION}
        result.analytes[OPEN_QUESTION] = Entry(rule, (Remark("question", asked),))
    result.not_requested = _not_requested(names, unused, unknown, others)
    if has_units:
        result.units = _unknown_units({name: names[name] for name in known})
    return result


def _by_loinc(evidence: Evidence) -> str | None:
    if evidence.loincs is None or not evidence.loincs.n:
        return None
    code = max(evidence.loincs.texts, key=lambda text: evidence.loincs.texts[text][0] if evidence.loincs else 0)
    return LOINC.get(code)


def _analyte(
    name: str,
    read: Name,
    evidence: Evidence,
    outside: Mapping[str, str],
    taken: list[str],
    *,
    has_units: bool,
    ratio: bool,
) -> Entry:
    """`ratio`: whether the study is known to have the ratio among its analytes, of which few studies do."""
    rule: dict[str, Any] = {}
    answer: dict[str, Any] = {}
    remarks: list[Remark] = []
    code, loinc = read.code, _by_loinc(evidence)
    if code is None or (loinc is not None and loinc != code):
        likely = code or loinc
        told = f"the LOINC codes {evidence.loincs.counted(3)}" if evidence.loincs else "its code"
        said = f"is {code} by its name" if code else "is not known by its name"
        remarks.append(Remark("question", f"{quoted(name)} {said}, and {told} say {loinc}. Which code?"))
        rule["code"], answer["code"] = OPEN_QUESTION, likely
    elif code in taken:
        remarks.append(Remark("question", f"{quoted(name)} is {code} too. Give its code, or move it to not_requested"))
        rule["code"], answer["code"] = OPEN_QUESTION, code
    else:
        rule["code"] = answer["code"] = code
    taken.append(str(answer["code"]))
    if answer["code"] == RATIO and not ratio:
        asked = (
            f"has the study the analyte {RATIO}, with the unit ratio? Then that is the code of {quoted(name)}. "
            f"Otherwise move the name to not_requested, and take {RATIO} out of checks and exclude_where"
        )
        if rule["code"] != OPEN_QUESTION:
            remarks.append(Remark("question", asked))
            rule["code"] = OPEN_QUESTION
    unit = _unit(name, read, evidence, outside, remarks, has_units=has_units)
    rule["unit"], answer["unit"] = unit
    _limit(name, evidence, answer["unit"], rule, answer, remarks)
    _loinc(evidence, rule, answer, remarks)
    return Entry(rule, tuple(remarks), answer)


def _unit(
    name: str, read: Name, evidence: Evidence, outside: Mapping[str, str], remarks: list[Remark], *, has_units: bool
) -> tuple[str | None, str | None]:
    """The unit, and the suggested one."""
    percent = (read.code or "").endswith("PCT")
    if has_units:
        unit, answer = _unit_of_column(name, evidence.units, remarks, percent=percent)
        if unit != OPEN_QUESTION and (blank := evidence.without_unit) is not None and blank.n:
            asked = (
                f"{blank.n} of {evidence.results.n} results of {quoted(name)} have no unit, e.g. {blank.examples()}. "
                f"With {answer or 'null'} they are queried. If one unit holds for all, take columns.unit away and give "
                "every analyte its unit"
            )
            remarks.append(Remark("question", asked))
            return OPEN_QUESTION, answer
        return unit, answer
    if read.unit is not None:
        remarks.append(Remark("sure", f"the unit {quoted(read.unit)} stands in the head"))
        return read.unit, read.unit
    if read.code == RATIO:
        remarks.append(Remark("inferred", "a ratio of two counts has no other unit"))
        return "ratio", "ratio"
    fitting = {text: place for text, place in outside.items() if (parse_unit(text) == PERCENT) == percent}
    if len({parse_unit(text) for text in fitting}) == 1:
        text, place = next(iter(fitting.items()))
        remarks.append(Remark("inferred", f"the unit stands outside the table: {place}"))
        return text, text
    seen = f" Outside the table stand {', '.join(map(quoted, fitting))}." if fitting else ""
    asked = f"in which unit is {quoted(name)}? It stands neither in the head nor in a column.{seen}"
    remarks.append(Remark("question", f"{asked} E.g. {evidence.results.examples()}"))
    return OPEN_QUESTION, OPEN_QUESTION


def _unit_of_column(
    name: str, units: Column | None, remarks: list[Remark], *, percent: bool
) -> tuple[str | None, str | None]:
    if units is None or not units.n:
        return None, None
    parsed = {text: parse_unit(text) for text in units.texts}
    dimensions = {unit.dimension for unit in parsed.values() if unit is not None}
    if len(dimensions) > 1:
        asked = f"{quoted(name)} has counts and percentages: {units.counted()}. Give the unit of its code: others are"
        remarks.append(Remark("question", f"{asked} queried"))
        return OPEN_QUESTION, OPEN_QUESTION
    if percent and dimensions == {"fraction"} and set(parsed.values()) == {PERCENT}:
        remarks.append(Remark("inferred", f"per cent by name and column: {units.counted(3)}"))
        return "%", "%"
    remarks.append(Remark("inferred", f"the column of units decides: {units.counted(6)}"))
    return None, None


def _limit(
    name: str, evidence: Evidence, unit: str | None, rule: dict[str, Any], answer: dict[str, Any], remarks: list[Remark]
) -> None:
    found = limits(evidence.results)
    cells = evidence.results.where(lambda text: is_below(text) or is_below_limit(text))
    if not cells.n:
        return
    source = parse_unit(unit) if unit not in {None, OPEN_QUESTION} else _only_unit(evidence.units)
    target = None if source is None else _STANDARD[source.dimension]
    power = None if source is None or target is None else shift(source, target)
    undecided = any(map(may_be_thousands, found))
    if len(found) == 1 and power is not None and not undecided:
        written = next(iter(found)).replace(",", ".")
        rule["lloq"] = answer["lloq"] = float(f"{written}e{power}")
        remarks.append(Remark("inferred", f"lloq: every limit is the same: {cells.counted(3)}; given per uL or in %"))
        return
    if undecided:
        asked = f"lloq: the limit has decimals or thousands: {cells.counted(3)}. Which, per uL or in %?"
    elif len(found) == 1:
        asked = f"lloq: cells say {cells.counted(3)}; without one unit it cannot be given per uL or in %"
    elif not found:
        asked = (
            f"lloq: the limit behind {cells.counted(3)} stands in no cell: per uL or in %? With null they are queried"
        )
    else:
        asked = f"lloq: the limits differ: {cells.counted(6)}. Which applies to results without a number? Or null"
    remarks.append(Remark("question", f'{asked} (suggested: null; "<5" keeps its own limit).'))
    rule["lloq"], answer["lloq"] = OPEN_QUESTION, None


def _only_unit(units: Column | None) -> Unit | None:
    parsed = {parse_unit(text) for text in units.texts} if units is not None else set()
    return parsed.pop() if len(parsed) == 1 else None


def _loinc(evidence: Evidence, rule: dict[str, Any], answer: dict[str, Any], remarks: list[Remark]) -> None:
    codes = evidence.loincs
    if codes is None or not codes.n:
        return
    usual = max(codes.texts, key=lambda text: codes.texts[text][0])
    n = codes.texts[usual][0]
    if n < 0.9 * codes.n or usual not in LOINC:
        remarks.append(
            Remark("note", f"LOINC codes not declared, because they differ or are not known: {codes.counted(4)}")
        )
        return
    rule["loinc"] = answer["loinc"] = usual
    remarks.append(Remark("inferred", f"LOINC {usual} in {n} of {codes.n} cells; others are queried"))


def _not_requested(
    names: Mapping[str, Evidence], unused: list[str], unknown: list[str], others: Mapping[str, str]
) -> Entry:
    """`others`: names of analytes that the study has not, and their codes."""
    remarks = []
    if unused:
        remarks.append(
            Remark(
                "inferred", f"known, and not counted by a study of lymphocytes: {', '.join(map(quoted, unused[:20]))}"
            )
        )
    if others:
        shown = ", ".join(f"{quoted(name)} ({code})" for name, code in list(others.items())[:20])
        asked = (
            f"no analytes of the study: {shown}. Declare there what it uses, and move it to analytes; then remove the "
            f'"{OPEN_QUESTION}".'
        )
        remarks.append(Remark("question", asked))
    if not unknown:
        listed_only = [*unused, *others]
        return Entry([*listed_only, OPEN_QUESTION] if others else unused, tuple(remarks), listed_only)
    with_cells = join("", (names[name].results for name in unknown)).n
    listed = ", ".join(map(quoted, unknown[:30])) + (f" and {len(unknown) - 30} more" if len(unknown) > 30 else "")
    asked = (
        f"not known as analytes: {listed} ({with_cells:,} results). Move to analytes what the study uses, then remove "
        f'the "{OPEN_QUESTION}": what stays here is counted and not read.'
    )
    remarks.append(Remark("question", asked))
    found = [*unused, *others, *unknown]
    return Entry([*found, OPEN_QUESTION], tuple(remarks), found)


def _unknown_units(known: Mapping[str, Evidence]) -> Entry | None:
    """Units of requested analytes that cannot be read: what they mean is asked, never guessed."""
    texts = Counter[str]()
    for evidence in known.values():
        for text, (n, _) in (evidence.units.texts if evidence.units else {}).items():
            if parse_unit(text) is None and len(text) <= LONGEST_WORD:
                texts[text] += n
    if not texts:
        return None
    shown = ", ".join(
        f"{quoted(text)} ({n} cells{f', like {likely}' if (likely := likely_units(text, {})) else ''})"
        for text, n in texts.most_common(12)
    )
    chosen = dict.fromkeys((text for text, _ in texts.most_common(12)), OPEN_QUESTION)
    asked = (
        f"spellings that are not known: {shown}. Give for each a known one, or remove it: then its cells are queried."
    )
    return question(asked, {text: "ratio" for text in chosen if folded(text) in _RATIOS}, chosen)


def inferred_names(names: Iterable[str]) -> Entry:
    listed = list(names)
    return inferred(listed, "no results, by head or content") if listed else Entry([])
