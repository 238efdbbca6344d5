"""How numbers and words are written in the result cells: decimal sign, groups of thousands, flags, words, limits."""

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from immrecon.config.base import OPEN_QUESTION
from immrecon.config.source_format import MAX_PATTERN_LENGTH
from immrecon.ingest.propose import terms
from immrecon.ingest.propose.columns import Column, join
from immrecon.ingest.propose.draft import Entry, Remark, inferred, question
from immrecon.ingest.units import parse_unit
from immrecon.quoting import quoted

_COMPARATOR = r"(?:<=|>=|=<|=>|<|>|≤|≥|⩽|⩾|=)?\s*\^?\s*-?"
_FLAG = r"(?:\s*(HH|LL|H|L|\*{1,2}|A|N|!|#|↑|↓|\(H\)|\(L\)|\(\*\)))?"
_NUMBER = re.compile(
    rf"(?P<comparator>{_COMPARATOR})(?P<digits>[0-9]+(?:[.,' \u00a0\u202f][0-9]+)*|[.,][0-9]+)"
    rf"(?:[eE][+-]?[0-9]{{1,2}})?{_FLAG}"
)
_LONGEST = 60
"""Of a number with its unit."""
_BLANKS = {" ": "a blank", "\u00a0": "a no-break space", "\u202f": "a narrow no-break space", "'": "an apostrophe"}


@dataclass
class Signs:
    """Which texts prove a use of point and comma, and which only admit it."""

    decimal: dict[str, list[str]] = field(default_factory=lambda: {".": [], ",": []})
    grouping: dict[str, list[str]] = field(default_factory=dict)
    either: dict[str, list[str]] = field(default_factory=lambda: {".": [], ",": []})
    flags: dict[str, list[str]] = field(default_factory=dict)
    n_plain: int = 0


def is_number(text: str) -> bool:
    return _NUMBER.fullmatch(text) is not None


def signs(cells: Column) -> Signs:
    found = Signs()
    for text in cells.texts:
        if (match := _NUMBER.fullmatch(text)) is None:
            continue
        if match[3]:
            found.flags.setdefault(match[3], []).append(text)
        _sort(text, match["digits"], found)
    return found


def _sort(text: str, digits: str, found: Signs) -> None:
    marks = re.findall(r"[^0-9]", digits)
    groups = re.split(r"[^0-9]", digits)
    for mark in set(marks) & set(_BLANKS):
        found.grouping.setdefault(mark, []).append(text)
    points = [mark for mark in marks if mark in ".,"]
    if not points:
        found.n_plain += 1
    elif len(set(points)) == 2 and points.count(points[-1]) == 1:
        found.grouping.setdefault(points[0], []).append(text)
        found.decimal[points[-1]].append(text)
    elif len(points) > 1:
        found.grouping.setdefault(points[0], []).append(text)
    elif len(groups[-1]) == 3 and 1 <= len(groups[-2]) <= 3 and not groups[-2].startswith("0") and len(marks) == 1:
        found.either[points[0]].append(text)
    else:
        found.decimal[points[0]].append(text)


def numbers(
    analytes: Sequence[Column], others: Column, *, typed: str | None, written: Collection[str] = ()
) -> dict[str, Entry]:
    """The keys decimal, thousands and flags, of the results of each analyte. `others` are the other numbers of the
    file: they may show the sign.

    `typed`: why numbers read with a point whatever the texts show; None where only the texts tell. `written` are those
    of a workbook that are no numbers with decimals: where they have both signs, they alone tell.
    """
    texts = [cells.where(written.__contains__) for cells in analytes]
    if typed is not None and written and _have_both_signs(signs(join("", texts))):
        told = Remark("note", "of the text cells; number cells of the workbook are read with the first sign")
        made = numbers(texts, Column("", {}), typed=None)
        return made | {"decimal": replace(made["decimal"], remarks=(*made["decimal"].remarks, told))}
    results = join("", analytes)
    found = signs(results)

    def said(texts: list[str]) -> str:
        part = results.where(set(texts).__contains__)
        return f"{part.n} of {results.n} result cells, e.g. {part.examples()}"

    used = [mark for mark in ".," if found.decimal[mark]]
    grouping = sorted(found.grouping)
    entries: dict[str, Entry] = {}
    unsettled = [mark for mark in ".," if found.either[mark]]
    if typed is not None:
        decimal = [".", *([","] if found.decimal[","] else [])]
        why = typed
        why += f"; text cells have a comma: {said(found.decimal[','])}" if "," in decimal else ""
        entries["decimal"] = inferred(decimal, why)
        unsettled = [mark for mark in unsettled if mark not in decimal]
        grouping += [mark for mark in unsettled if mark not in grouping]
    elif len(used) == 1 and used[0] not in grouping:
        entries["decimal"] = _settled(used[0], analytes, f'"{used[0]}" in {said(found.decimal[used[0]])}')
        unsettled = [mark for mark in unsettled if mark != used[0]]
        grouping += [mark for mark in unsettled if mark not in grouping]
    elif len(used) == 2:
        entries["decimal"] = question(
            f'both signs stand before decimals: "." in {said(found.decimal["."])}; "," in {said(found.decimal[","])}. '
            'Choose [".", ","], ["."] or [","]; what does not fit is queried.',
            [".", ","] if not grouping else [OPEN_QUESTION],
            [OPEN_QUESTION],
        )
    else:
        entries["decimal"] = _unproven(found, unsettled, said, others, grouping)
    taken = set(entries["decimal"].answer)
    entries["thousands"] = _thousands(found, unsettled, said, [mark for mark in grouping if mark not in taken], taken)
    if found.flags:
        listed = "; ".join(f'"{flag}" in {said(texts)}' for flag, texts in sorted(found.flags.items()))
        entries["flags"] = inferred(sorted(found.flags), f"marks after numbers: {listed}")
    return entries


def _have_both_signs(found: Signs) -> bool:
    """Whether texts have commas before decimals, and points that may stand before them or between thousands."""
    return bool(found.decimal[","]) and bool(found.decimal["."] or found.either["."] or "." in found.grouping)


def _settled(mark: str, analytes: Sequence[Column], why: str) -> Entry:
    """The sign before decimals: asked about where an analyte has it before three digits only, as thousands have it."""
    doubtful = []
    for cells in analytes:
        own = signs(cells)
        if own.either[mark] and not own.decimal[mark]:
            doubtful.append(f"{quoted(cells.name)}: {cells.where(set(own.either[mark]).__contains__).examples()}")
    if not doubtful:
        return inferred([mark], why)
    asked = (
        f"{why}. But these have it before three digits only, where it may stand between thousands: "
        f"{'; '.join(doubtful[:6])}. Is it the decimal sign there too? No file that has it in both senses can be read."
    )
    return question(asked, [mark], [OPEN_QUESTION])


def _unproven(found: Signs, unsettled: list[str], said: Any, others: Column, grouping: list[str]) -> Entry:
    """No result cell proves a decimal sign."""
    unsettled = [mark for mark in unsettled if mark not in grouping]
    if unsettled:
        mark = unsettled[0]
        return question(
            f'"{mark}" may be a decimal sign or stand between thousands: {said(found.either[mark])}. Choose ["."] or '
            '[","].',
            [OPEN_QUESTION],
            [OPEN_QUESTION],
        )
    elsewhere = signs(others).decimal
    proven = [mark for mark in ".," if elsewhere[mark] and mark not in grouping]
    if len(proven) == 1:
        part = others.where(set(elsewhere[proven[0]]).__contains__)
        return inferred(proven, f"no result cell has decimals; other numbers of the file do: {part.examples()}")
    if grouping and set(grouping) & {".", ","}:
        mark = "," if "." in grouping else "."
        return inferred(
            [mark], f"no decimals; thousands are grouped by the other sign: {said(found.grouping[grouping[0]])}"
        )
    return question(
        f'none of {found.n_plain} distinct numbers has decimals, so the sign cannot be seen. Choose ["."] or [","].',
        [OPEN_QUESTION],
        [OPEN_QUESTION],
    )


def _thousands(found: Signs, unsettled: list[str], said: Any, grouping: list[str], decimal: set[str]) -> Entry:
    if not grouping:
        return Entry([], (Remark("inferred", "no result cell has groups of thousands"),))
    parts = []
    for mark in grouping:
        name = _BLANKS.get(mark, f'"{mark}"')
        parts.append(f"{name} in {said([*found.grouping.get(mark, []), *found.either.get(mark, [])])}")
    why = "groups of three digits: " + "; ".join(parts)
    doubtful = [mark for mark in unsettled if mark in grouping and not found.grouping.get(mark)]
    if doubtful:
        rest = [mark for mark in grouping if mark not in doubtful]
        sign = "".join(sorted(decimal))
        asked = f'{why}. The decimal sign is "{sign}" elsewhere, so "{doubtful[0]}" should group thousands. Does it?'
        return question(asked, grouping, [*rest, OPEN_QUESTION])
    return inferred(grouping, why)


def words(results: Column) -> dict[str, Entry]:
    """The keys below_limit and not_done, from the result cells that are no numbers."""
    left = results.where(lambda text: not is_number(text))
    below = left.where(terms.is_below_limit)
    entries: dict[str, Entry] = {}
    if below.texts:
        entries["below_limit"] = inferred(list(below.texts), f"words for 'below the limit': {below.counted()}")
    rules: list[dict[str, str]] = []
    answers: list[dict[str, str]] = []
    known, open_words, rest = {}, {}, {}
    seen: set[str] = set()
    for text, cells in left.texts.items():
        if text in below.texts or len(pattern := escaped(text)) > MAX_PATTERN_LENGTH:
            continue
        reason = terms.not_done_reason(text)
        if text.casefold() in terms.AMBIGUOUS:
            open_words[text] = cells
            rule, answer = (
                {"matches": pattern, "reason": OPEN_QUESTION},
                {"matches": pattern, "reason": "not determined"},
            )
        elif reason is not None:
            known[text] = cells
            rule = answer = {"matches": pattern, "reason": reason}
        else:
            rest[text] = cells
            continue
        if pattern.casefold() not in seen:
            seen.add(pattern.casefold())
            rules.append(rule)
            answers.append(answer)
    remarks = []
    if known:
        remarks.append(Remark("inferred", f"words for 'no result': {Column('', known).counted(30)}"))
    if open_words:
        asked = "can mean 'not determined' (give that as the reason) or 'not detectable' (move it to below_limit)"
        remarks.append(Remark("question", f"{Column('', open_words).counted()} {asked}."))
    if in_units := {text: cells for text, cells in rest.items() if ends_in_unit(text)}:
        told = f"with a unit of their own, read where it is that of the analyte: {Column('', in_units).counted(8)}"
        remarks.append(Remark("note", told))
        rest = {text: cells for text, cells in rest.items() if text not in in_units}
    if rest:
        told = f"not understood, and queried until declared here or in below_limit: {Column('', rest).counted(20)}"
        remarks.append(Remark("note", told))
    if rules or remarks:
        entries["not_done"] = Entry(rules, tuple(remarks), answers)
    return entries


def ends_in_unit(text: str) -> bool:
    match = re.match(rf"(?:{_COMPARATOR})[0-9][0-9.,' \u00a0\u202f]*", text) if len(text) <= _LONGEST else None
    return match is not None and parse_unit(text[match.end() :]) is not None


def escaped(text: str) -> str:
    """A regular expression of exactly this text; blanks and letters stay as they are."""
    return re.sub(r"([.^$*+?{}\[\]\\|()])", r"\\\1", text)


def is_below(text: str) -> bool:
    """Whether a cell is a number with a sign for "less than"."""
    return text.startswith(("<", "≤", "⩽", "=<")) and is_number(text)


def may_be_thousands(number: str) -> bool:
    """Whether a number is written so that its sign may stand before decimals or between thousands: 1.000."""
    return re.fullmatch("[1-9][0-9]{0,2}[.,][0-9]{3}", number) is not None


def limits(cells: Column) -> dict[str, int]:
    """The numbers N of cells "<N" (at most), with how many cells."""
    found: dict[str, int] = {}
    for text, (n, _) in cells.texts.items():
        match = re.fullmatch(r"(?:<=?|≤)\s*\^?\s*([0-9]+(?:[.,][0-9]+)?)\s*\**", text)
        if match:
            found[match[1]] = found.get(match[1], 0) + n
    return found
