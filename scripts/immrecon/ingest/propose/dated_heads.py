"""Heads that hold the date of the draw: over a row per analyte, or together with the name of the analyte."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from immrecon.config.source_format import MAX_PATTERN_LENGTH
from immrecon.ingest.propose.analytes import read_name
from immrecon.ingest.propose.by_visit import Visits, names_tests, no_visit_column
from immrecon.ingest.propose.columns import column
from immrecon.ingest.propose.dates import date_style, is_date, is_serial
from immrecon.ingest.propose.draft import Entry, inferred, question
from immrecon.ingest.propose.heads import role_of
from immrecon.ingest.propose.roles import Finder
from immrecon.ingest.propose.values import escaped, is_number
from immrecon.ingest.readers.grid import HEADER_JOIN
from immrecon.quoting import quoted

GROUP = "collected"
_CLOCK = r"(?:[ T][0-9]{1,2}:[0-9]{2}(?::[0-9]{2})?)?"
_DATES = [
    re.compile(rf"(?<![0-9A-Za-z./-])[0-9]{{1,4}}([./-])[0-9]{{1,2}}\1[0-9]{{1,4}}{_CLOCK}(?![0-9A-Za-z./-])"),
    re.compile(rf"(?<![0-9A-Za-z])[0-9]{{1,2}}([ ./-])[^\W\d_]{{3,9}}\.?\1[0-9]{{2,4}}{_CLOCK}(?![0-9])"),
]
_APART = r"[\s_,;:|(\[-]*"
_HIDDEN = "<date>"


@dataclass(frozen=True)
class DatedHead:
    """A head with its date, and what stands before and after it; `name` is the analyte that the rest names."""

    head: str
    before: str
    date: str
    after: str
    name: str | None = None


def dated(head: str, *, serial: bool = False) -> DatedHead | None:
    """A head with one date in it. `serial`: a head that is a day number of a spreadsheet is a date too."""
    if serial and is_serial(head):
        return DatedHead(head, "", head, "")
    found = [match for pattern in _DATES for match in pattern.finditer(head) if _is_day(match[0])]
    if len(found) != 1:
        return None
    match = found[0]
    return DatedHead(head, head[: match.start()], match[0], head[match.end() :])


def _is_day(text: str) -> bool:
    """Whether the numbers can be a day, a month and a year; those of an identifier mostly cannot."""
    if not is_date(text):
        return False
    parts = [part for part in re.split(r"[^0-9]+", re.sub(rf"{_CLOCK}$", "", text)) if part]
    years = [part for part in parts if len(part) == 4 and part[:2] in {"19", "20"}]
    short = [int(part) for part in parts if len(part) <= 2]
    if len(years) + len(short) < len(parts) or len(years) > 1 or 0 in short[: 3 - len(years)]:
        return False
    return max(short) <= 31 or not years


def named(head: str) -> DatedHead | None:
    """A head with a date and the name of a known analyte, in either order."""
    one = dated(head)
    if one is None:
        return None
    name = _name(one)
    return None if name is None else DatedHead(head, one.before, one.date, one.after, name)


def _name(one: DatedHead) -> str | None:
    before, after = one.before, one.after
    if HEADER_JOIN in before:
        before = before.rpartition(HEADER_JOIN)[0]
    elif HEADER_JOIN in after:
        before, after = "", after.partition(HEADER_JOIN)[2]
    parts = [re.sub(rf"{_APART}$|^{_APART}", "", part).strip() for part in (before, after.strip(" )]"))]
    filled = [part for part in parts if part]
    return filled[0] if len(filled) == 1 and read_name(filled[0]).code is not None else None


def hidden(head: str) -> str:
    """The head without its date: what the heads of two blocks have in common."""
    one = dated(head)
    return head if one is None else f"{one.before}{_HIDDEN}{one.after}"


def is_over_results(row: Iterable[str], n_known: int) -> int:
    """How many heads of a row are dates, if the others are known heads and there is one."""
    filled = [cell for cell in row if cell.strip()]
    dates = [cell for cell in filled if dated(" ".join(cell.split())) is not None]
    return len(dates) if n_known and len(set(dates)) == len(dates) and n_known + len(dates) == len(filled) else 0


def over_rows(finder: Finder, row: int) -> Visits | None:
    """Dates over a row per analyte; `row` is that of the heads."""
    heads = [one for name in finder.columns if (one := dated(name, serial=finder.epoch is not None)) is not None]
    heads = [one for one in heads if finder.columns[one.head].share(is_number) >= 0.3 or not finder.columns[one.head].n]
    labels = {one.head for one in heads}
    if not heads or not any(finder.columns[one.head].n for one in heads) or _drawn_in_a_column(finder):
        return None
    tests = [name for name, cells in finder.columns.items() if name not in labels and names_tests(cells)]
    if not tests:
        return None
    finder.find_tests([next((name for name in tests if finder.named[name] == "test"), tests[0])])
    finder.roles.entries[GROUP] = _style(finder, heads, row)
    pattern = f"{_several(one.before for one in heads)}{_group(heads)}{_several(one.after for one in heads)}"
    return _visits(finder, heads, pattern)


def over_analytes(finder: Finder, row: int) -> Visits | None:
    """A column per analyte and date."""
    heads = [one for name in finder.columns if (one := named(name)) is not None]
    if len(heads) < 2 or len({one.date for one in heads}) < 2 or _drawn_in_a_column(finder):
        return None
    finder.roles.entries["test"] = inferred("test", "the heads name the analytes")
    finder.roles.entries[GROUP] = _style(finder, heads, row)
    first = [one for one in heads if one.before.rpartition(HEADER_JOIN)[0] or not one.after.strip(" )]")]
    name = "(?P<test>.+)"
    if len(first) == len(heads):
        between = [one.before[one.before.index(one.name or "") + len(one.name or "") :] for one in heads]
        pattern = f"{name}{_several(between)}{_group(heads)}{_several(one.after for one in heads)}"
    elif first:
        return None
    else:
        between = [one.after[: one.after.rindex(one.name or "")] for one in heads]
        pattern = f"{_several(one.before for one in heads)}{_group(heads)}{_several(between)}{name}"
    visits = _visits(finder, heads, pattern)
    visits.names = {one.head: one.name for one in heads if one.name is not None}
    return visits


def _drawn_in_a_column(finder: Finder) -> bool:
    """Whether a head says that its column has the date of the draw."""
    chosen = finder.roles.chosen.get(GROUP)
    return chosen is not None and finder.named[chosen] in {"collected", "date"}


def _visits(finder: Finder, heads: list[DatedHead], pattern: str) -> Visits:
    no_visit_column(finder)
    finder.roles.chosen.pop(GROUP, None)
    finder.roles.timed = any(re.search(r"[0-9]:[0-9]", one.date) for one in heads)
    shown = ", ".join(quoted(one.head) for one in heads[:4])
    told = inferred(pattern, f"heads with the date of the draw in the group `{GROUP}`: {shown}")
    if len(pattern) > MAX_PATTERN_LENGTH:
        told = question(f"no short pattern fits the heads {shown}. Give one with a group `{GROUP}` for the date.")
    dates = inferred("head", "the date of the draw stands in the head")
    return Visits([one.head for one in heads], "head", {"heads": told, "dates": dates})


def _style(finder: Finder, heads: list[DatedHead], row: int) -> dict[str, Entry]:
    texts = column(f"heads of row {row}", [(row, one.date) for one in heads])
    style, _ = date_style(texts, finder.epoch, _order(finder))
    return {
        "column": inferred(GROUP, "the group of visits.heads"),
        "as": inferred("date", "the heads are dates"),
        "dates": style,
    }


def _order(finder: Finder) -> str | None:
    """The order of day and month in columns of dates."""
    dates = [cells for name, cells in finder.columns.items() if role_of(name) and cells.share(is_date) >= 0.5]
    orders = {order for cells in dates if (order := date_style(cells, finder.epoch)[1])}
    return orders.pop() if len(orders) == 1 else None


def _group(heads: list[DatedHead]) -> str:
    forms = dict.fromkeys(_form(one.date) for one in heads)
    return f"(?P<{GROUP}>{'|'.join(forms)})"


def _form(date: str) -> str:
    """The pattern of dates that are written so: a day or month may have one digit or two."""
    lengths: Mapping[int, str] = {1: r"\d{1,2}", 2: r"\d{1,2}"}
    parts = re.split(r"([0-9]+|[^\W\d_]+)", date)
    return "".join(
        escaped(part)
        if i % 2 == 0
        else lengths.get(len(part), rf"\d{{{len(part)}}}")
        if part.isdigit()
        else "T"
        if part == "T"
        else r"\w{3,9}"
        for i, part in enumerate(parts)
    )


def _several(texts: Iterable[str]) -> str:
    """Any of the texts, with any number in place of theirs."""
    kinds = list(dict.fromkeys(re.sub(r"[0-9]+", r"\\d+", escaped(text)) for text in texts))
    if len(kinds) == 1:
        return kinds[0]
    filled = [kind for kind in kinds if kind]
    return f"(?:{'|'.join(filled)}){'?' if len(filled) < len(kinds) else ''}"
