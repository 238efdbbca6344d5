"""Rules that nobody can read off a file: duplicates, samples to leave out, consistency. Suggested, and asked."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from immrecon.config.base import OPEN_QUESTION
from immrecon.ingest.propose.columns import Column, folded
from immrecon.ingest.propose.draft import Entry, Remark, Tree, inferred, question
from immrecon.ingest.propose.roles import Roles
from immrecon.ingest.propose.terms import EXCLUDED
from immrecon.ingest.propose.values import escaped
from immrecon.quoting import quoted

_SUMS = [(["CD4", "CD8"], "CD3", 0.1, 5), (["CD3", "CD19", "NK"], "ALC", 0.25, 20), (["ALC"], "WBC", 0.1, 20),
         (["CD4N"], "CD4", 0.1, 5), (["RTE"], "CD4N", 0.1, 2)]  # fmt: skip
_SHARES = [("CD3PCT", "CD3"), ("CD4PCT", "CD4"), ("CD8PCT", "CD8"), ("CD19PCT", "CD19"), ("NKPCT", "NK")]
_DAY = re.compile(r"(?P<word>day|jour|tag|dag|giorno|dia|d|j|t)(?P<gap>[ +]*)[0-9]{1,4}")


def exclusions(columns: Mapping[str, Column], codes: Sequence[str]) -> Entry | None:
    """The key exclude_where: words for donors and blasts in comments and visits."""
    rules, answers, remarks = [], [], []
    for name, cells in columns.items():
        for pattern, reason, which in EXCLUDED:
            hits = cells.where(lambda text, pattern=pattern: pattern.search(folded(text)))  # type: ignore[misc]
            if not hits.n:
                continue
            for word in _words_found(pattern, hits):
                rule: dict[str, Any] = {"column": name, "matches": escaped(word), "reason": OPEN_QUESTION}
                if (analytes := _which(which, codes, word)) is not None:
                    if not analytes:
                        continue
                    rule["analytes"] = analytes
                rules.append(rule)
                answers.append({**rule, "reason": reason})
                asked = (
                    f"{quoted(word)} in column {quoted(name)}: {hits.counted(2)}. Leave these results out? Then give"
                )
                remarks.append(Remark("question", f'{asked} the reason, e.g. "{reason}"; otherwise remove the line.'))
    return Entry(rules, tuple(remarks), answers) if rules else None


def _words_found(pattern: re.Pattern[str], hits: Column) -> list[str]:
    """The matching words as the file writes them, each once whatever its case."""
    found: dict[str, str] = {}
    for text in hits.texts:
        plain = folded(text)
        match = pattern.search(plain)
        assert match is not None, "chosen by the same pattern"
        word = text[match.start() : match.end()] if len(plain) == len(text) else match[0]
        found.setdefault(word.casefold(), word)
    return list(found.values())[:5]


def _which(which: str | None, codes: Sequence[str], word: str) -> list[str] | None:
    known = list(dict.fromkeys(code for code in codes if code != OPEN_QUESTION))
    if which == "all cells":
        return [code for code in known if code != "WBC"]
    if which == "percentages":
        number = re.sub(r"[^0-9]", "", word)
        return [code for code in known if code.endswith("PCT") and code != f"CD{number}PCT"]
    return None


def duplicates(roles: Roles, shape: str, draws: Sequence[tuple[str, str]]) -> Tree:
    """The keys same_draw and same_day."""
    samples: dict[str, set[str]] = {}
    for number, draw in draws:
        samples.setdefault(number, set()).add(draw)
    several = [number for number, found in samples.items() if len(found) > 1]
    if samples:
        told = f"{len(samples) - len(several)} of {len(samples)} sample numbers stand for one participant and date"
        kept = len(several) <= 0.05 * len(samples)
        same_draw = (
            inferred(["accession"], told)
            if kept
            else question(f"{told} only. Which columns tell a draw?", ["accession"])
        )
    else:
        labelled = shape in {"wide_visit_over_analyte", "wide_by_visit"} or "visit" in roles.chosen
        keys = ["collected", *(["time"] if roles.timed else ["visit"] if labelled else [])]
        same_draw = inferred(keys, "the file has no number of the sample")
    likely = "last" if roles.timed else "query"
    why = "the time of the draw is recorded" if roles.timed else "no time of the draw is recorded"
    asked = "of two samples of one participant and day, which is used: last, first, query (neither) or keep (both)?"
    return {"same_draw": same_draw, "same_day": question(f"{asked} Suggested: {likely}, because {why}.", likely)}


def rules(codes: Sequence[str], visits: Column, *, received: bool) -> Tree:
    """The key checks, with the tolerances of the dialects that come with this package."""
    there = set(codes)
    draft = (
        "Tolerances are a draft for the study's physicians: sums within 10 % or 5/uL (MMWR 1997;46(RR-2)), percentages "
        "within 20 %, a fivefold change within a week, a thousandfold slip of the unit."
    )
    sums = [
        {"parts": parts, "whole": whole, "tolerance_relative": relative, "tolerance_absolute": absolute}
        for parts, whole, relative, absolute in _SUMS
        if {*parts, whole} <= there
    ]
    shares = [
        {"percent": percent, "part": part, "whole": "ALC", "tolerance_relative": 0.2, "tolerance_absolute": 10}
        for percent, part in _SHARES
        if {percent, part, "ALC"} <= there
    ]
    ratios: Tree = {}
    if {"CD4CD8", "CD4", "CD8"} <= there:
        rule = {"ratio": "CD4CD8", "numerator": "CD4", "denominator": "CD8", "tolerance_relative": 0.1}
        ratios = {"ratios": Entry([rule])}
    return {
        "sums": Entry(sums, (Remark("note", draft),)),
        "shares": Entry(shares),
        **ratios,
        "jump": Entry({"factor": 5, "within_days": 7, "from_count": 50}),
        "slip": Entry({"ratio_low": 300, "ratio_high": 3000, "longest_run": 2}),
        "identical_min_analytes": Entry(4 if len(there) >= 4 else None),
        "max_hours_to_receipt": Entry(72 if received else None),
        "visit": _visit(visits),
    }


def _visit(visits: Column) -> Entry:
    """Labels that name a day."""
    named = visits.where(lambda text: _DAY.fullmatch(folded(text)))
    if len(named.texts) < 2:
        return Entry(None)
    match = _DAY.fullmatch(folded(next(iter(named.texts))))
    assert match is not None, "chosen by the same pattern"
    first = next(iter(named.texts))
    word = first[: len(match["word"])]
    pattern = escaped(word) + (escaped(match["gap"]) if match["gap"] else "") + r"(?P<day>\d+)"
    others = [text for text in named.texts if not re.fullmatch(pattern, text, re.IGNORECASE)]
    told = f"labels that name a day: {named.counted(4)}"
    if others:
        told += f"; not by this pattern: {', '.join(quoted(text) for text in others[:3])}"
    return inferred({"pattern": pattern, "tolerance_days": 42}, told)
