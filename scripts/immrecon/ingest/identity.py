"""Participant numbers as sources write them, brought to study identifiers by a declared rule, never by resemblance."""

from collections.abc import Collection, Sequence
from functools import cached_property

import polars as pl

from immrecon.config.source_format import IdentityRule
from immrecon.ingest.patterns import matches_whole, named_groups
from immrecon.ingest.resemblance import Names, names_of

BLANK = "blank"
MALFORMED = "malformed"
UNKNOWN = "unknown"
FOREIGN = "foreign"

LONGEST = 100
"""Characters of the longest text that can be an identifier, or be mistyped for one."""


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
    likely = _Likely(rule, known or ())
    rows = [(written, *_identify(written, groups.get(written), rule, known, likely)) for written in distinct]
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
    likely: "_Likely",
) -> tuple[str | None, str | None, str | None]:
    trimmed = written.strip()
    if not trimmed:
        return None, BLANK, None
    if groups is None:
        problem = FOREIGN if known and trimmed in known else MALFORMED
        return None, problem, _joined(likely.admitted.resembling(trimmed))
    made = rule.template.format(**groups)
    if known is None or made in known:
        return made, None, None
    return None, UNKNOWN, _joined(likely.known.resembling(made))


class _Likely:
    """Participants that a text may stand for. Most sources do not ask: then nothing is made."""

    def __init__(self, rule: IdentityRule, known: Collection[str]) -> None:
        self._rule, self._known = rule, known

    @cached_property
    def known(self) -> Names:
        return names_of(tuple(sorted(self._known)))

    @cached_property
    def admitted(self) -> Names:
        """Those whose identifier the rule admits as it stands; all, where it admits none in that form."""
        names = pl.Series(sorted(self._known), dtype=pl.String)
        admitted = names.filter(matches_whole(names, self._rule.pattern))
        return names_of(tuple(admitted)) if admitted.len() else self.known


def _joined(names: Sequence[str]) -> str | None:
    return " or ".join(names) or None
