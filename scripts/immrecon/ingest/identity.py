"""Participant numbers as sources write them, brought to study identifiers by a declared rule, never by resemblance."""

import difflib
import re
import unicodedata
from collections.abc import Collection, Sequence
from itertools import permutations

import polars as pl

from immrecon.config.source_format import IdentityRule
from immrecon.ingest.patterns import matches_whole, named_groups

BLANK = "blank"
MALFORMED = "malformed"
UNKNOWN = "unknown"
FOREIGN = "foreign"

LONGEST = 100
"""Characters of the longest text that can be an identifier, or be mistyped for one."""

_LOOKALIKE = str.maketrans("OILSBZ", "011582")
"""Letters that are typed or scanned for digits."""


_DECIMALS = re.compile(r"^\s*([0-9]+)[.,]0+\s*$")
"""A number that a spreadsheet gave decimals."""


def identify(text: pl.Series, rule: IdentityRule, known: Collection[str] | None) -> pl.DataFrame:
    """Study identifiers of one column, row by row.

    Returns columns `USUBJID` (null where not identified), `problem` (null, 'blank', 'malformed': not in the declared
    form, 'unknown': no such participant, 'foreign': a participant, but not one of those that the rule lets this source
    hold) and `likely` (the identifiers that the text most resembles, joined by ' or ',
    for the person who answers the query). With `known` None (the source that defines the participants) nothing is
    unknown.
    """
    name = "text"
    frame = text.cast(pl.String).fill_null("").alias(name).to_frame()
    distinct = frame[name].unique(maintain_order=True).to_list()
    groups = _groups(distinct, rule)
    admitted = _admitted(rule, known or ())
    rows = [(written, *_identify(written, groups.get(written), rule, known, admitted)) for written in distinct]
    columns = [name, "USUBJID", "problem", "likely"]
    parsed = pl.DataFrame(rows, schema=dict.fromkeys(columns, pl.String), orient="row")
    return frame.join(parsed, on=name, how="left", maintain_order="left").select(columns[1:])


def identifiers(texts: Sequence[str], rule: IdentityRule, known: Collection[str]) -> dict[str, str]:
    """The study identifiers of those of the texts that `identify` identifies."""
    made = {text: rule.template.format(**groups) for text, groups in _groups(texts, rule).items() if text.strip()}
    return {text: name for text, name in made.items() if name in known}


def _groups(distinct: Sequence[str], rule: IdentityRule) -> dict[str, dict[str, str]]:
    """The named groups of every text that is in the declared form."""
    trimmed = pl.Series([text.strip() for text in distinct], dtype=pl.String)
    fits = matches_whole(trimmed, rule.pattern) & (trimmed.str.len_chars() <= LONGEST)
    found = named_groups(trimmed, rule.pattern)
    return {
        text: {name: part or "" for name, part in parts.items()}
        for text, parts, fit in zip(distinct, found, fits, strict=True)
        if fit
    }


def _identify(
    written: str,
    groups: dict[str, str] | None,
    rule: IdentityRule,
    known: Collection[str] | None,
    admitted: Sequence[str],
) -> tuple[str | None, str | None, str | None]:
    trimmed = written.strip()
    if not trimmed:
        return None, BLANK, None
    if groups is None:
        problem = FOREIGN if known and trimmed in known else MALFORMED
        return None, problem, _joined(likely_identifiers(trimmed, admitted))
    made = rule.template.format(**groups)
    if known is None or made in known:
        return made, None, None
    return None, UNKNOWN, _joined(likely_identifiers(made, sorted(known)))


def _admitted(rule: IdentityRule, known: Collection[str]) -> list[str]:
    """Participants whose identifier the rule admits as it stands; all, where it admits none in that form."""
    names = pl.Series(sorted(known), dtype=pl.String)
    return names.filter(matches_whole(names, rule.pattern)).to_list() or names.to_list()


def _joined(names: Sequence[str]) -> str | None:
    return " or ".join(names) or None


def likely_identifiers(written: str, known: Sequence[str], limit: int = 3) -> list[str]:
    """Known identifiers that a mistyped one may stand for, the closest kind of slip first.

    The slips: letter for digit, zeros eaten or added, parts swapped, left out or added, one or two characters wrong. A
    later kind is looked at only where the earlier found nothing.
    """
    written = _DECIMALS.sub(r"\1", written)
    plain = [_plain(name) for name in known]
    parts, targets = _parts(_plain(written)), [_parts(text) for text in plain]
    closed, bare = _closed(_plain(written)), [_closed(text) for text in plain]
    if found := [name for name, text in zip(known, bare, strict=True) if text == closed]:
        return found[:limit]
    for slip in (_same_without_zeros, _same_parts, _contains_parts, _is_among_parts):
        if found := [name for name, target in zip(known, targets, strict=True) if slip(parts, target)]:
            return found[:limit]
    close = difflib.get_close_matches(_plain(written), plain, n=limit, cutoff=0.8)
    return [name for name, text in zip(known, plain, strict=True) if text in close][:limit]


def _plain(text: str) -> str:
    return unicodedata.normalize("NFKC", text).upper().translate(_LOOKALIKE)


def _parts(plain: str) -> list[str]:
    """Runs of letters and digits, look-alikes resolved, leading zeros dropped."""
    return [part.lstrip("0") or "0" for part in re.findall(r"[0-9A-Z]+", plain)]


def _closed(plain: str) -> str:
    """Letters and digits alone."""
    return re.sub(r"[^0-9A-Z]", "", plain)


def _same_without_zeros(parts: list[str], target: list[str]) -> bool:
    return parts == target


def _same_parts(parts: list[str], target: list[str]) -> bool:
    return len(parts) == len(target) <= 5 and any(list(order) == target for order in permutations(parts))


def _contains_parts(parts: list[str], target: list[str]) -> bool:
    """The tail of the identifier: study or site left out, or run together with it."""
    if len(parts) < len(target):
        return parts == target[-len(parts) :]
    return False


def _is_among_parts(parts: list[str], target: list[str]) -> bool:
    """The identifier, with words before or after it."""
    return any(parts[i : i + len(target)] == target for i in range(1 + len(parts) - len(target)))
