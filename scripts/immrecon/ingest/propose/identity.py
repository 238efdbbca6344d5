"""The form of participant numbers: what is the same in all, which part is the site and which the number."""

import re
from collections import Counter
from dataclasses import dataclass, field

from immrecon.config.base import OPEN_QUESTION
from immrecon.config.source_format import MAX_PATTERN_LENGTH
from immrecon.ingest.propose.columns import Column, many
from immrecon.ingest.propose.draft import Entry, Remark, inferred, question
from immrecon.ingest.propose.values import escaped

_PARTS = re.compile(r"[A-Za-z]+|[0-9]+|[^A-Za-z0-9]+")
_AS_IT_IS = ("(?P<id>.{1,60})", "{id}")


@dataclass
class Part:
    """One run of letters or digits of the usual form. `group`: its name, if it varies or tells the site."""

    values: set[str]
    group: str | None = None
    widths: set[int] = field(default_factory=set)
    before: set[str] = field(default_factory=set)
    """What stands between the part before and this one, in all the forms that belong together."""


def identity(cells: Column) -> dict[str, Entry]:
    """The keys pattern and template."""
    forms: dict[tuple[str, ...], list[str]] = {}
    for text in cells.texts:
        forms.setdefault(_form(text), []).append(text)
    if not forms:
        asked = "no cell shows how participants are written. Give a pattern with named groups, and the template of them"
        return {"pattern": question(f"{asked}.", _AS_IT_IS[0]), "template": Entry(_AS_IT_IS[1])}
    if natural := _natural(cells):
        return natural
    counted = {form: cells.where(set(texts).__contains__) for form, texts in forms.items()}
    main = max(counted, key=lambda form: counted[form].n)
    usual, odd = _without_rare(counted[main])
    parts = _parts(list(usual.texts))
    if parts is None or counted[main].n < 0.4 * cells.n or len(main) > 12:
        shown = "; ".join(f"{part.n} like {part.examples(1)}" for part in list(counted.values())[:5])
        asked = f"the numbers have no common form ({shown}). Suggested: taken as they are, each as its own identifier."
        return {"pattern": question(asked, _AS_IT_IS[0]), "template": Entry(_AS_IT_IS[1])}
    alone = _written(parts, optional=False)[0]
    related, optional = _related(parts, [text for form, texts in forms.items() if form != main for text in texts])
    pattern, template = _written(parts, optional=optional)
    if len(pattern) > MAX_PATTERN_LENGTH:
        asked = "the numbers are too long for a pattern. Suggested: taken as they are."
        return {"pattern": question(asked, _AS_IT_IS[0]), "template": Entry(_AS_IT_IS[1])}
    remarks = [Remark("inferred", f"{usual.n} of {cells.n} cells have the form of {usual.examples(1)}")]
    if related:
        known = cells.where(related.__contains__)
        asked = f"{many(known.n, 'cell')} may write the same numbers otherwise: {known.counted(4)}. Do they?"
        told = f"A pattern that admits them: '{pattern}'; one that does not: '{alone}'."
        remarks.append(Remark("question", f"{asked} {told}"))
    if odd.n:
        asked = f"all but {many(odd.n, 'cell')} have the same parts before the number: {odd.counted(4)}. Mistakes?"
        told = f"Then '{pattern}' leaves them to a query; otherwise give a pattern that admits them."
        remarks.append(Remark("question", f"{asked} {told}"))
    others = cells.where(lambda text: text not in related and _form(text) != main)
    if others.n:
        remarks.append(Remark("note", f"of another form, so queried: {others.counted(5)}"))
    told = "the identifier of the study is taken to be written like the usual form: compare with the clinical data"
    return {
        "pattern": Entry(OPEN_QUESTION if related or odd.n else pattern, tuple(remarks), pattern),
        "template": Entry(template, (Remark("inferred", told),)),
    }


def _without_rare(cells: Column) -> tuple[Column, Column]:
    """Texts of one form apart from the few that differ from nearly all in a part before the last: another site, say."""
    split = {text: _split(text)[0] for text in cells.texts}
    rare: set[str] = set()
    for position in range(len(next(iter(split.values()))) - 1):
        counts = Counter[str]()
        for text, runs in split.items():
            counts[runs[position]] += cells.texts[text][0]
        value, n = counts.most_common(1)[0]
        if n >= 0.9 * cells.n:
            rare |= {text for text, runs in split.items() if runs[position] != value}
    return cells.where(lambda text: text not in rare), cells.where(rare.__contains__)


def _natural(cells: Column) -> dict[str, Entry] | None:
    """Numbers that are counted 1, 2, ... 10, 11 without leading zeros, alone or behind the same text in all."""
    matches = {text: re.fullmatch(r"(.*?)([0-9]{1,9})", text) for text in cells.texts}
    prefixes = {match[1] for match in matches.values() if match}
    numbers = [match[2] for match in matches.values() if match]
    widths = {len(number) for number in numbers}
    if None in matches.values() or len(prefixes) != 1 or len(widths) < 2 or any(n.startswith("0") for n in numbers):
        return None
    prefix = next(iter(prefixes))
    if re.search(r"[0-9]", prefix) or "{" in prefix or "}" in prefix or len(prefix) > 30:
        return None
    why = f"all {cells.n} cells are numbers without leading zeros, e.g. {cells.examples()}"
    told = "the identifier of the study is taken to be written in the same way: compare with the clinical data"
    return {
        "pattern": inferred(escaped(prefix) + f"(?P<number>\\d{{{min(widths)},{max(widths)}}})", why),
        "template": inferred(prefix + "{number}", told),
    }


def _form(text: str) -> tuple[str, ...]:
    """Letters, digits by their number, and separators as they are."""
    return tuple(
        "L" if part[0].isalpha() else f"D{len(part)}" if part[0] in "0123456789" else part
        for part in _PARTS.findall(text[:100])
    )


def _split(text: str) -> tuple[list[str], list[str]]:
    """The runs of letters and digits, and what stands before each (and, last, after all)."""
    runs, between = [], [""]
    for part in _PARTS.findall(text[:100]):
        if part[0].isascii() and part[0].isalnum():
            runs.append(part)
            between.append("")
        else:
            between[-1] += part
    return runs, between


def _parts(texts: list[str]) -> list[Part] | None:
    """The parts of texts of one form, with the varying ones named; None if no digits tell people apart."""
    split = [_split(text) for text in texts]
    if any(between[-1] for _, between in split):
        return None
    parts = []
    for position in range(len(split[0][0])):
        values = {runs[position] for runs, _ in split}
        before = {between[position] for _, between in split}
        parts.append(Part(values, None, {len(value) for value in values}, before))
    digits = [part for part in parts if next(iter(part.values)).isdigit()]
    varying = [part for part in parts if len(part.values) > 1] or digits[-1:]
    if not varying or varying[-1] not in digits:
        return None
    varying[-1].group = "number"
    at = parts.index(varying[-1])
    free = at >= 2 and all(parts[at].before) and all(parts[at - 1].before)
    if free and parts[at - 1] in digits:
        parts[at - 1].group = "site"
    for i, part in enumerate(varying[:-1], start=1):
        part.group = part.group or ("site" if len(varying) == 2 and part in digits else f"part{i}")
    return parts


def _related(parts: list[Part], texts: list[str]) -> tuple[set[str], bool]:
    """Texts that are the usual form without its prefix, with other separators, or without leading zeros.

    The parts learn their widths and separators; the second value tells whether the prefix may be missing.
    """
    first = next(i for i, part in enumerate(parts) if part.group is not None)
    named = parts[first:]
    related: set[str] = set()
    optional = False
    for text in texts:
        runs, between = _split(text)
        if between[-1] or between[0]:
            continue
        whole = len(runs) == len(parts)
        if not whole and (first == 0 or len(runs) != len(named)):
            continue
        wanted = parts if whole else named
        if not all(_fits(part, run) for part, run in zip(wanted, runs, strict=True)):
            continue
        optional |= not whole
        related.add(text)
        for i, (part, run) in enumerate(zip(wanted, runs, strict=True)):
            part.widths.add(len(run))
            if i > 0:
                part.before.add(between[i])
    return related, optional


def _fits(part: Part, run: str) -> bool:
    if part.group is None or len(part.values) == 1:
        return run in part.values or (
            part.group is not None and run.isdigit() and run.zfill(max(part.widths)) in part.values
        )
    value = next(iter(part.values))
    return run.isdigit() == value.isdigit() and len(run) <= max(part.widths)


def _written(parts: list[Part], *, optional: bool) -> tuple[str, str]:
    first = next(i for i, part in enumerate(parts) if part.group is not None)
    prefix = "".join(_separator(part.before) + escaped(next(iter(part.values))) for part in parts[:first])
    pattern = ""
    template = "".join(_usual(part.before) + next(iter(part.values)) for part in parts[:first])
    for i, part in enumerate(parts[first:]):
        separator = _separator(part.before)
        if i == 0:
            prefix += separator
        else:
            pattern += separator
        template += _usual(part.before)
        if part.group is None:
            pattern += escaped(next(iter(part.values)))
            template += next(iter(part.values))
            continue
        pattern += f"(?P<{part.group}>{_content(part)})"
        widths = part.widths
        template += f"{{{part.group}:0>{max(widths)}}}" if len(widths) > 1 else f"{{{part.group}}}"
    if prefix:
        pattern = (f"(?:{prefix})?" if optional else prefix) + pattern
    return pattern, template


def _content(part: Part) -> str:
    value = next(iter(part.values))
    if len(part.values) == 1 and len(part.widths) == 1 and part.group == "site":
        return value
    kind = r"\d" if value.isdigit() else "[A-Za-z]"
    low, high = min(part.widths), max(part.widths)
    return f"{kind}{{{low}}}" if low == high else f"{kind}{{{low},{high}}}"


def _usual(before: set[str]) -> str:
    """The separator that is written in the identifier of the study."""
    return sorted(before, key=lambda separator: (separator != "-", separator))[0] if before else ""


def _separator(before: set[str]) -> str:
    signs = sorted(before - {""})
    optional = "?" if "" in before and signs else ""
    if not signs:
        return ""
    if len(signs) == 1 and not optional:
        return escaped(signs[0])
    if all(len(sign) == 1 for sign in signs):
        listed = "".join("\\" + sign if sign in "\\]^[" else sign for sign in signs if sign != "-")
        return f"[{'-' if '-' in signs else ''}{listed}]{optional}"
    return f"(?:{'|'.join(map(escaped, signs))}){optional}"
