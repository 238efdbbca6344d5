"""A row per participant and analyte with the visits side by side, in its two forms: the dates of the draws beside the
results, or in a row of the participant."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

import polars as pl

from immrecon.config.base import OPEN_QUESTION
from immrecon.config.source_format import MAX_PATTERN_LENGTH
from immrecon.ingest.propose.analytes import read_name
from immrecon.ingest.propose.columns import Column, column, words
from immrecon.ingest.propose.dates import is_date
from immrecon.ingest.propose.draft import Entry, inferred, question
from immrecon.ingest.propose.heads import role_of
from immrecon.ingest.propose.roles import Finder
from immrecon.ingest.propose.values import escaped, is_number
from immrecon.ingest.readers.grid import HEADER_JOIN, ROW, Table
from immrecon.quoting import quoted

_VISIT = re.compile(r"(?:d|day|jour|j|tag|dag|giorno|dia|visite?|visit|w|week|m|month|maand|monat) ?\+?[0-9]+|baseline")


@dataclass
class Visits:
    """`labels` as in the header. `rows`: where the dates are in rows, the name of the row of each role in the test
    column, and the cells of such rows. `names`: the analyte of each label that names one.
    """

    labels: list[str]
    dates: Literal["beside", "row", "head"]
    entries: dict[str, Entry]
    rows: dict[str, str] = field(default_factory=dict)
    cells: dict[str, Column] = field(default_factory=dict)
    names: dict[str, str] = field(default_factory=dict)


def over_results(below: Mapping[str, Sequence[str]]) -> bool:
    """Whether a head of results comes several times below heads that are no analytes."""
    return any(
        len(heads) > 1
        and role_of(name) == "result"
        and not any(read_name(head.rpartition(HEADER_JOIN)[0]).code for head in heads)
        for name, heads in below.items()
    )


def beside(finder: Finder, below: Mapping[str, Sequence[str]]) -> Visits | None:
    """Below each visit a column of dates and one of results. The columns of the finder are the heads below."""
    if not over_results(below) or not finder.find_long():
        return None
    chosen = finder.roles.chosen
    heads = below[chosen["result"]]
    if len(heads) < 2:
        return None
    no_visit_column(finder)
    labels = [head.rpartition(HEADER_JOIN)[0] for head in heads]
    told = f"{quoted(chosen['result'])} stands below each of {len(labels)} visits, with the date beside"
    return Visits(labels, "beside", {"heads": _heads(labels, []), "dates": inferred("beside", told)})


def in_rows(finder: Finder, table: Table) -> Visits | None:
    """Each visit one column of results; the dates of the draws in a row of the participant."""
    visits = [name for name in finder.columns if _VISIT.fullmatch(words(name))]
    if len(visits) < 2:
        return None
    tests = [name for name in finder.columns if name not in visits and names_tests(finder.columns[name])]
    if not tests:
        return None
    test = next((name for name in tests if finder.named[name] == "test"), tests[0])
    finder.find_tests([test])
    taken = finder.taken
    further = [
        name
        for name, cells in finder.columns.items()
        if name not in {*visits, *taken} and finder.named[name] is None and cells.share(_is_result) >= 0.3
    ]
    labels = [name for name in finder.columns if name in {*visits, *further}]
    cells = _rows(table, test, labels)
    rows = Finder({name: row for name, row in cells.items() if read_name(name).code is None}, finder.epoch, "row")
    rows.find_sample()
    rows.roles.chosen.pop("visit", None)
    no_visit_column(finder)
    finder.roles.chosen.pop("collected", None)
    for role in ("collected", "time", "received", "reported", "accession", "status"):
        if role in rows.roles.entries:
            finder.roles.entries[role] = rows.roles.entries[role]
            finder.roles.chosen.pop(role, None)
    finder.roles.timed = rows.roles.timed
    told = inferred("row", f"each visit is one column; rows of {quoted(test)} say the rest of a sample")
    return Visits(labels, "row", {"heads": _heads(labels, further), "dates": told}, dict(rows.roles.chosen), cells)


def names_tests(cells: Column) -> bool:
    """A column of names of analytes, among them names of rows that say more of the sample."""
    if not 0 < len(cells.texts) <= 500:
        return False
    analytes = sum(read_name(text).code is not None for text in cells.texts)
    others = sum(role_of(text) is not None for text in cells.texts)
    return analytes > 0 and analytes + others >= 0.5 * len(cells.texts)


def _is_result(text: str) -> bool:
    return is_number(text) or is_date(text)


def _rows(table: Table, test: str, labels: Sequence[str]) -> dict[str, Column]:
    found: dict[str, list[tuple[int, str]]] = {}
    for row, name, *cells in table.frame.select(ROW, test, *labels).iter_rows():
        found.setdefault(" ".join(name.split()), []).extend((row, cell) for cell in cells)
    return {name: column(name, cells) for name, cells in found.items() if name}


def no_visit_column(finder: Finder) -> None:
    """The visit is in the header: a column of visits is not read besides."""
    finder.roles.chosen.pop("visit", None)
    finder.roles.entries.pop("visit", None)


def _heads(labels: Sequence[str], doubtful: Sequence[str]) -> Entry:
    """The pattern of the labels, with any number in place of those that are there."""
    pattern = label_pattern(labels)
    shown = ", ".join(map(quoted, labels[:6])) + (f" and {len(labels) - 6} more" if len(labels) > 6 else "")
    if len(pattern) > MAX_PATTERN_LENGTH:
        return question(f"no short pattern fits the visits {shown}. Give one that their whole labels match.")
    if doubtful:
        sure = label_pattern([label for label in labels if label not in doubtful])
        asked = (
            f"{', '.join(map(quoted, doubtful[:6]))} hold results too: visits? Then '{pattern}', otherwise '{sure}'."
        )
        return question(asked, pattern, OPEN_QUESTION)
    return inferred(pattern, f"labels of visits: {shown}")


def label_pattern(labels: Iterable[str]) -> str:
    return "|".join(dict.fromkeys(re.sub(r"[0-9]+", r"\\d+", escaped(label)) for label in labels))


def draws_in_rows(frame: pl.DataFrame, chosen: Mapping[str, str], visits: Visits) -> list[tuple[str, str]]:
    """For each participant and visit, the number of the sample, and whose it is and when it was drawn."""
    if not {"accession", "collected"} <= visits.rows.keys() or "participant" not in chosen:
        return []
    texts: dict[tuple[str, str], dict[str, str]] = {}
    roles = {visits.rows[role]: role for role in ("accession", "collected")}
    for who, test, *cells in frame.select(chosen["participant"], chosen["test"], *visits.labels).iter_rows():
        if (role := roles.get(" ".join(test.split()))) is not None:
            for label, cell in zip(visits.labels, cells, strict=True):
                texts.setdefault((who, label), {})[role] = cell.strip()
    return [(t["accession"], f"{who} {t.get('collected', '')}") for (who, _), t in texts.items() if t.get("accession")]
