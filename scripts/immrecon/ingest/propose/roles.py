"""Which column is what: by its head, and by what stands in it."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from immrecon.config.base import OPEN_QUESTION
from immrecon.ingest.propose.analytes import read_name
from immrecon.ingest.propose.columns import Column, words
from immrecon.ingest.propose.dates import date_style, is_date, is_serial
from immrecon.ingest.propose.draft import Entry, Remark, inferred, question
from immrecon.ingest.propose.heads import SDTM, role_of
from immrecon.ingest.propose.terms import status_of
from immrecon.ingest.propose.values import is_number
from immrecon.ingest.units import parse_unit
from immrecon.quoting import quoted

LOINC = re.compile(r"[0-9]{1,5}-[0-9]")
_CLOCK = re.compile(r"(?:[01]?[0-9]|2[0-3])[:hH][0-5][0-9](?::[0-5][0-9])?")


LONGEST_WORD = 100
"""A longer text in a column of codes is a comment, and left to the queries."""


@dataclass
class Roles:
    """The column of each role, as far as it is known, and the entries of the key `columns`."""

    chosen: dict[str, str] = field(default_factory=dict)
    entries: dict[str, "Entry | dict[str, Entry]"] = field(default_factory=dict)
    comments: list[str] = field(default_factory=list)
    timed: bool = False
    """Whether the time of the draw is written, in the date or apart."""


class Finder:
    """Columns by name. Under two levels of heads, the name below the visits. `thing`: what they are, if no columns.

    `participant`: the column that is known to tell whose sample it is.
    """

    def __init__(
        self, columns: Mapping[str, Column], epoch: int | None, thing: str = "column", participant: str | None = None
    ) -> None:
        self.columns = columns
        self.epoch = epoch
        self.thing = thing
        self.participant = participant
        self.named = {name: role_of(name) for name in columns}
        self.roles = Roles()

    def having(self, role: str, test: Callable[[str], object] | None = None, share: float = 0.5) -> list[str]:
        """Columns with a head of this role, in which at least `share` of the cells pass the test."""
        found = [name for name, named in self.named.items() if named == role and name not in self.taken]
        return [
            name
            for name in found
            if test is None or not self.columns[name].n or self.columns[name].share(test) >= share
        ]

    @property
    def taken(self) -> set[str]:
        return set(self.roles.chosen.values())

    def find(self) -> Roles:
        """Fill `roles`, apart from the columns of the long shape."""
        self._participant()
        self.find_sample()
        self.roles.comments = [name for name, role in self.named.items() if role == "comment"]
        return self.roles

    def find_sample(self) -> None:
        """Fill in what is known of a sample, apart from whose it is."""
        self._dates()
        times = [name for name in self.having("time", _CLOCK.fullmatch) if self.columns[name].n]
        if times:
            self._take("time", times, "HH:MM")
            self.roles.timed = True
        for role in ("visit", "accession"):
            if found := self.having(role):
                self._take(role, found, "by its head")
        self._status()

    def find_long(self) -> bool:
        """Fill in the columns of the long shape; False if there is no column of analyte names or of results."""
        tests = sorted(self.having("test"), key=lambda name: (words(name) not in SDTM, -self.known_names(name)))
        if not tests:
            tests = [name for name in self.columns if name not in self.taken and self.known_names(name) >= 0.5]
        results = self.having("result", is_number, 0.3)
        if not tests or not results or self.known_names(tests[0]) == 0:
            return False
        best = [name for name in tests if self.known_names(name) == self.known_names(tests[0])]
        self._take("result", results, "numbers")
        self.find_tests([tests[0]] if words(tests[0]) in SDTM else best)
        return True

    def find_tests(self, tests: list[str]) -> None:
        """Take the column of analyte names, and those of units and codes."""
        self._take("test", tests, "names of analytes")
        units = self.having("unit", lambda text: parse_unit(text) is not None or "/" in text, 0.3)
        # A head over blank cells tells no unit: each analyte's is then asked, as without a column.
        if units := [name for name in units if self.columns[name].n]:
            self._take("unit", units, "units")
        codes = [name for name in self.columns if name not in self.taken and self.columns[name].n]
        codes = [name for name in codes if self.columns[name].share(LOINC.fullmatch) >= 0.9]
        codes = [name for name in codes if self.named[name] == "loinc"] or codes
        if codes:
            self._take("loinc", codes, "codes like 8122-4")

    def known_names(self, name: str) -> float:
        texts = self.columns[name].texts
        if not 0 < len(texts) <= 500:
            return 0.0
        return sum(read_name(text).code is not None for text in texts) / len(texts)

    def _take(self, role: str, found: list[str], why: str) -> None:
        """The only column, or a question which of several."""
        self.roles.chosen[role] = found[0]
        self.roles.entries[role] = self._entry(role, found, why)

    def _entry(self, role: str, found: list[str], why: str) -> Entry:
        if len(found) > 1:
            return question(f"{role}: which of the {self.thing}s {_listed(found)}?", found[0])
        cells = self.columns[found[0]]
        return inferred(found[0], f"{why}; e.g. {cells.examples()}" if cells.n else f"{why}; the {self.thing} is blank")

    def _participant(self) -> None:
        if self.participant is not None:
            self.roles.chosen["participant"] = self.participant
            self.roles.entries["participant"] = inferred(self.participant, "the line that begins each block")
            return
        found = self.having("participant")
        if found:
            self._take("participant", found, "by its head")
            return
        asked = f"which column tells whose sample it is? Columns: {_listed(list(self.columns))}."
        self.roles.entries["participant"] = question(asked)

    def _dates(self) -> None:
        def dated(text: str) -> bool:
            return is_date(text) or is_serial(text)

        received = self.having("received", dated)
        reported = self.having("reported", dated)
        drawn = self.having("collected", dated, 0.3) or self.having("date", dated, 0.3)
        free = [n for n, c in self.columns.items() if c.n and self.named[n] is None and c.share(is_date) >= 0.5]
        days = self.having("day", is_number)
        order = self._known_order([*received[:1], *reported[:1], *drawn[:1]])
        if drawn or (free and not days):
            self._collected(drawn or free, order, sure_head=bool(drawn))
        elif days:
            self._days(days)
        else:
            asked = (
                f"no {self.thing} looks like the date of the draw. There are: {_listed(list(self.columns))}. "
                "Which one is it?"
            )
            self.roles.entries["collected"] = {
                "column": question(asked),
                "as": question(
                    "is it a calendar date (date) or a number of days since transplant (day_since_transplant)?"
                ),
            }
        for role, found in (("received", received), ("reported", reported)):
            if names := [name for name in found if name not in self.taken and self.columns[name].n]:
                style, _ = date_style(self.columns[names[0]], self.epoch, order)
                self.roles.chosen[role] = names[0]
                self.roles.entries[role] = {"column": self._entry(role, names, "by its head"), "dates": style}

    def _known_order(self, names: list[str]) -> str | None:
        """The order of day and month, where some date columns of the file show it and none shows the other."""
        orders = {order for name in names if (order := date_style(self.columns[name], self.epoch)[1])}
        return orders.pop() if len(orders) == 1 else None

    def _collected(self, found: list[str], order: str | None, *, sure_head: bool) -> None:
        cells = self.columns[found[0]]
        style, _ = date_style(cells, self.epoch, order)
        entry = self._entry("collected", found, "by its head")
        if not sure_head and len(found) == 1:
            entry = question(
                f"is {quoted(found[0])} the date of the draw? It is the only {self.thing} of dates.", found[0]
            )
        self.roles.chosen["collected"] = found[0]
        self.roles.entries["collected"] = {
            "column": entry,
            "as": inferred("date", "its cells are dates"),
            "dates": style,
        }
        self.roles.timed |= any("%H" in written for written in style.answer["formats"])

    def _days(self, found: list[str]) -> None:
        cells = self.columns[found[0]]
        self.roles.chosen["collected"] = found[0]
        asked = f"{quoted(found[0])} holds numbers, e.g. {cells.examples()}. Are they days since transplant?"
        self.roles.entries["collected"] = {
            "column": self._entry("collected", found, "numbers of days by its head"),
            "as": question(f"{asked} Then write day_since_transplant. The file has no dates", "day_since_transplant"),
        }

    def _status(self) -> None:
        found = [name for name in self.having("status", status_of) if self.columns[name].n]
        if found and len(self.columns[found[0]].texts) <= 15:
            self._take("status", found, "words for preliminary, final, corrected")


def statuses(cells: Column) -> Entry:
    """What the words of the status column mean."""
    meanings = {text: status_of(text) for text in cells.texts if len(text) <= LONGEST_WORD}
    value = {text: code or OPEN_QUESTION for text, code in meanings.items()}
    known = cells.where(meanings.get)
    remarks = [
        Remark("inferred", f"P preliminary, F final, C corrected, X cannot be obtained, D deleted: {known.counted()}")
    ]
    if unknown := [text for text, code in meanings.items() if code is None]:
        rest = cells.where(unknown.__contains__)
        remarks.append(
            Remark("question", f"what do these words of the status column mean: {rest.counted()}? P, F, C, X or D.")
        )
    return Entry(value, tuple(remarks))


def _listed(names: list[str], most: int = 12) -> str:
    rest = f" and {len(names) - most} more" if len(names) > most else ""
    return ", ".join(quoted(name, 40) for name in names[:most]) + rest
