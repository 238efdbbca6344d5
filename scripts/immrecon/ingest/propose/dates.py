"""How the dates of a column are written. What no cell decides (day or month first, the century) is asked."""

import re
from dataclasses import dataclass, field
from typing import Any

from immrecon.config.base import OPEN_QUESTION
from immrecon.ingest.dates import ENGLISH_MONTHS
from immrecon.ingest.propose.columns import Column, folded, join, many
from immrecon.ingest.propose.draft import Entry, Remark
from immrecon.ingest.propose.turned_dates import turned_round

_TIME = (
    r"(?:(?P<gap>[ T])(?P<hour>[0-9]{1,2}):(?P<minute>[0-9]{2})(?P<second>:[0-9]{2}(?:\.[0-9]{1,9})?)?"
    r"(?P<zone>Z|[+-][0-9]{2}:?[0-9]{2})?)?"
)
_DATE = re.compile(
    rf"(?P<a>[0-9]{{1,4}})(?P<sep>[./\- ])(?P<b>[0-9]{{1,2}}|[^\W\d_]{{3,9}}\.?)(?P=sep)(?P<c>[0-9]{{1,4}}){_TIME}"
)
_COMPACT = re.compile(rf"(?P<digits>[0-9]{{8}}){_TIME}")
_PARTIAL = re.compile(
    r"(?P<y>(?:19|20)[0-9]{2})(?:-(?P<m>[0-9]{2}))?|(?P<m2>[0-9]{1,2})(?P<sep>[/.\-])(?P<y2>(?:19|20)[0-9]{2})"
)
_SERIAL = re.compile(r"[2-7][0-9]{4}(?:[.,][0-9]+)?")

MONTHS = {
    "french": ["janvier janv jan", "fevrier fevr fev", "mars mar", "avril avr", "mai", "juin", "juillet juil",
               "aout aou", "septembre sept sep", "octobre oct", "novembre nov", "decembre dec"],
    "german": ["januar jan", "februar feb", "marz mrz maerz", "april apr", "mai", "juni jun", "juli jul", "august aug",
               "september sep sept", "oktober okt", "november nov", "dezember dez"],
    "dutch": ["januari jan", "februari feb", "maart mrt", "april apr", "mei", "juni jun", "juli jul", "augustus aug",
              "september sep sept", "oktober okt", "november nov", "december dec"],
    "italian": ["gennaio gen", "febbraio feb", "marzo mar", "aprile apr", "maggio mag", "giugno giu", "luglio lug",
                "agosto ago", "settembre set", "ottobre ott", "novembre nov", "dicembre dic"],
    "spanish": ["enero ene", "febrero feb", "marzo mar", "abril abr", "mayo may", "junio jun", "julio jul",
                "agosto ago", "septiembre sep sept", "octubre oct", "noviembre nov", "diciembre dic"],
    "english": ["january", "february", "march", "april", "may", "june", "july", "august", "september sept", "october",
                "november", "december"],
}  # fmt: skip
_MONTH = {
    name: i for names in MONTHS.values() for i, several in enumerate(names, 1) for name in several.split()
} | ENGLISH_MONTHS
_ORDERS = {"dmy": "day before month", "mdy": "month before day", "ymd": "year first"}


@dataclass
class Form:
    """One way of writing: the template with `{date}` still open, and its texts."""

    texts: dict[str, tuple[int, int]] = field(default_factory=dict)
    impossible: dict[str, int] = field(default_factory=dict)

    @property
    def n(self) -> int:
        return sum(n for n, _ in self.texts.values())


def is_date(text: str) -> bool:
    return bool(_DATE.fullmatch(text)) or _compact(text) is not None


def _compact(text: str) -> str | None:
    """Which order eight digits allow: ymd, dmy, mdy, or both of the latter ("either"); None: no date."""
    if (match := _COMPACT.fullmatch(text)) is None:
        return None
    digits = match["digits"]
    if digits[:2] in {"19", "20"} and 1 <= int(digits[4:6]) <= 12 and 1 <= int(digits[6:]) <= 31:
        return "ymd"
    first, second = int(digits[:2]), int(digits[2:4])
    if digits[4:6] not in {"19", "20"} or not (1 <= first <= 31 and 1 <= second <= 31 and min(first, second) <= 12):
        return None
    return "dmy" if first > 12 else "mdy" if second > 12 else "either"


def _those(cells: Column, order: str) -> Column:
    return cells.where(lambda text: _compact(text) == order)


def is_serial(text: str) -> bool:
    return _SERIAL.fullmatch(text) is not None


def date_style(cells: Column, epoch: int | None, known_order: str | None = None) -> tuple[Entry, str | None]:
    """The entry of a `dates` key, and the order of day and month that was found ("dmy", "mdy" or None).

    `epoch`: 1900 or 1904 as the workbook says, None outside a workbook. `known_order`: that of other columns.
    """
    reading = _Reading(cells, epoch, known_order)
    reading.read()
    return reading.entry(), reading.order


class _Reading:
    def __init__(self, cells: Column, epoch: int | None, known_order: str | None) -> None:
        self.cells, self.epoch, self.known_order = cells, epoch, known_order
        self.formats: dict[str, int] = {}
        self.answers: dict[str, int] = {}
        self.remarks: list[Remark] = []
        self.months: dict[str, int] = {}
        self.century: Any = None
        self.order: str | None = None
        self.turned = False

    def read(self) -> None:
        forms: dict[tuple[str, str, str, str], Form] = {}
        rest: dict[str, tuple[int, int]] = {}
        serials: dict[str, tuple[int, int]] = {}
        compact: dict[str, tuple[int, int]] = {}
        for text, seen in self.cells.texts.items():
            if match := _DATE.fullmatch(text):
                key = (_years(match), match["sep"], "b" if match["b"][0].isalpha() else "m", _clock(match))
                if key[0] and (key[2] == "m" or folded(match["b"]).rstrip(".") in _MONTH):
                    forms.setdefault(key, Form()).texts[text] = seen
                    continue
            elif _compact(text) is not None:
                compact[text] = seen
                continue
            elif is_serial(text):
                serials[text] = seen
                continue
            elif partial := _PARTIAL.fullmatch(text):
                written = "%Y-%m" if partial["m"] else "%Y" if partial["y"] else f"%m{partial['sep']}%Y"
                self._add(written, written, seen[0])
                continue
            rest[text] = seen
        self.turned = self._may_be_turned(forms)
        for separator in dict.fromkeys(key[1] for key in forms):
            self._separator(separator, {key: form for key, form in forms.items() if key[1] == separator})
        self._compacts(Column("", compact))
        self._serials(serials)
        if rest:
            part = Column("", rest)
            self.remarks.append(Remark("note", f"in none of these forms, so queried: {part.counted(4)}"))

    def _add(self, written: str, answer: str, n: int) -> None:
        self.formats[written] = self.formats.get(written, 0) + n
        self.answers[answer] = self.answers.get(answer, 0) + n

    def _compacts(self, cells: Column) -> None:
        """Eight digits. With the year last, one order for all: the one that some texts prove and none disproves."""
        found = {order: _those(cells, order) for order in ("ymd", "dmy", "mdy", "either")}
        proven = [order for order in ("dmy", "mdy") if found[order].n]
        last = join("", (found["dmy"], found["mdy"], found["either"]))
        for part, order in ((found["ymd"], "ymd"), (last, proven[0] if len(proven) == 1 else None)):
            for text, (n, _) in part.texts.items():
                match = _COMPACT.fullmatch(text)
                assert match is not None, "sorted by the same pattern"
                written = OPEN_QUESTION
                if order is not None:
                    written = "".join({"y": "%Y", "m": "%m", "d": "%d"}[letter] for letter in order) + _clock(match)
                self._add(written, written, n)
        if last.n and len(proven) != 1:
            asked = f'eight digits in column "{self.cells.name}" do not tell day from month: {last.counted(3)}.'
            self.remarks.append(Remark("question", f"{asked} Choose %d%m%Y or %m%d%Y."))

    def _separator(self, separator: str, forms: dict[tuple[str, str, str, str], Form]) -> None:
        """All forms with one separator: the order of day and month is one question for them together."""
        open_forms = {}
        for key, form in forms.items():
            years, _, month, clock = key
            if years == "first" and self.turned:
                self._write(None, separator, month, years, clock, form, "ymd")
            elif years == "first" or month == "b":
                order = "ymd" if years == "first" else "dmy"
                self._write(order, separator, month, years, clock, form)
            else:
                open_forms[key] = form
        if not open_forms:
            return
        short = all(key[0] == "short" for key in open_forms)
        texts = {text: seen for form in open_forms.values() for text, seen in form.texts.items()}
        orders = self._orders(Column("", texts)) if short else ("dmy", "mdy")
        bad = {order: _impossible(texts, order) for order in orders}
        n_bad = {order: sum(texts[text][0] for text in found) for order, found in bad.items()}
        ranked = sorted(n_bad, key=lambda order: n_bad[order])
        best, second = ranked[0], ranked[1]
        decided = n_bad[second] > 20 * n_bad[best] if n_bad[best] else n_bad[second] > 0
        if decided:
            self._explain(best, second, Column("", texts), bad)
        else:
            self._ask(ranked, Column("", texts), bad, n_bad)
        answer = best if decided else self.known_order if self.known_order in ranked else None
        if best != "ymd":
            self.order = best if decided else self.order
        for (years, _, month, clock), form in open_forms.items():
            self._write(best if decided else None, separator, month, years, clock, form, answer)

    def _may_be_turned(self, forms: dict[tuple[str, str, str, str], Form]) -> bool:
        made, left = (
            Column(self.cells.name, {text: seen for form in found for text, seen in form.texts.items()})
            for found in ([form for key, form in forms.items() if key[0] == years] for years in ("first", "last"))
        )
        asked = None if any(key[2] == "b" for key in forms) else turned_round(made, left)
        self.remarks += [Remark("question", asked)] if asked else []
        return asked is not None

    def _orders(self, texts: Column) -> tuple[str, ...]:
        """Years of two digits look like days; but days take many values where the years of a study are few."""
        first, last = ({match[part] for t in texts.texts if (match := _DATE.fullmatch(t))} for part in "ac")
        if len(first) >= 10 and len(last) <= 6:
            told = f"the first part takes {len(first)} values and the last only {len(last)}: the year is last"
            self.remarks.append(Remark("inferred", told))
            return ("dmy", "mdy")
        return ("dmy", "mdy", "ymd")

    def _explain(self, best: str, second: str, texts: Column, bad: dict[str, set[str]]) -> None:
        proof = texts.where(bad[second].__contains__)
        why = f"{_ORDERS[best]}: {proof.n} of {texts.n} cells cannot be read otherwise, e.g. {proof.examples()}"
        if bad[best]:
            why += f"; impossible so, and queried: {texts.where(bad[best].__contains__).counted(3)}"
        self.remarks.append(Remark("inferred", why))

    def _ask(self, ranked: list[str], texts: Column, bad: dict[str, set[str]], n_bad: dict[str, int]) -> None:
        possible = [order for order in ranked if n_bad[order] == 0]
        if possible:
            numbers = "every day is 12 or less, so day and month cannot be told apart"
            if "ymd" in possible:
                numbers = "two-digit years cannot be told from days, nor days from months"
            asked = f'in column "{self.cells.name}" {numbers} ({many(texts.n, "cell")}, e.g. {texts.examples()}).'
        else:
            possible = ranked[:2]
            told = "; ".join(f"not {_ORDERS[o]}: {texts.where(bad[o].__contains__).examples(1)}" for o in possible)
            asked = f'the dates of column "{self.cells.name}" contradict each other ({told}).'
        choices = " or ".join(f"{_ORDERS[order]}" for order in possible)
        if self.known_order:
            asked += f" Other columns of this file have the {_ORDERS[self.known_order]}."
        self.remarks.append(Remark("question", f"{asked} Choose one of: {choices}; e.g. '%d/%m/%Y' or '%m/%d/%Y'."))

    def _write(
        self, order: str | None, sep: str, month: str, years: str, clock: str, form: Form, answer: str | None = None
    ) -> None:
        if years == "short":
            self.century = OPEN_QUESTION
        if month == "b":
            self._name_months(form)

        def written(chosen: str | None) -> str:
            if chosen is None:
                return OPEN_QUESTION
            parts = {"d": "%d", "m": f"%{month}", "y": "%y" if years == "short" else "%Y"}
            return sep.join(parts[letter] for letter in chosen) + clock

        self._add(written(order), written(order or answer), form.n)

    def _name_months(self, form: Form) -> None:
        for text in form.texts:
            match = _DATE.fullmatch(text)
            assert match is not None, "sorted into this form by the same pattern"
            name = match["b"].rstrip(".").lower()
            self.months[name] = _MONTH[folded(name)]

    def _serials(self, serials: dict[str, tuple[int, int]]) -> None:
        if not serials:
            return
        part = Column("", serials)
        if self.epoch is None:
            asked = f"day numbers of a spreadsheet ({part.n} cells, e.g. {part.examples()}) count from 1900 or 1904"
            self.remarks.append(Remark("question", f"{asked}. Choose serial1900 or serial1904."))
            self._add(OPEN_QUESTION, "serial1900", part.n)
        else:
            why = f"day numbers ({many(part.n, 'cell')}, e.g. {part.examples()}); the workbook counts from {self.epoch}"
            self.remarks.append(Remark("inferred", why))
            self._add(f"serial{self.epoch}", f"serial{self.epoch}", part.n)

    def entry(self) -> Entry:
        formats = sorted(self.formats, key=lambda written: -self.formats[written])
        answers = sorted(self.answers, key=lambda written: -self.answers[written])
        if not formats:
            asked = f'no cell of column "{self.cells.name}" looks like a date. Give its formats, e.g. ["%d/%m/%Y"].'
            self.remarks.append(Remark("question", asked))
            formats = answers = [OPEN_QUESTION]
        elif not any(remark.state != "note" for remark in self.remarks):
            self.remarks.insert(0, Remark("inferred", f"from {self.cells.n} cells, e.g. {self.cells.examples()}"))
        value: dict[str, Any] = {"formats": formats}
        answer: dict[str, Any] = {"formats": answers}
        if self.century is not None:
            asked = f'years of two digits in column "{self.cells.name}": what is the first year that they can mean?'
            self.remarks.append(Remark("question", f"{asked} Suggested: century 2000 (24 is 2024, 99 is 2099)."))
            value["century"], answer["century"] = OPEN_QUESTION, 2000
        if self.months and not set(self.months) <= set(ENGLISH_MONTHS):
            value["months"] = answer["months"] = self.months
        return Entry(value, tuple(self.remarks), answer)


def _years(match: re.Match[str]) -> str:
    """Where the year stands: "first" or "last" with four digits, "short" with two; "" where there is none."""
    a, c = len(match["a"]), len(match["c"])
    if a == 4 and c <= 2:
        return "first"
    if a <= 2 and c == 4:
        return "last"
    return "short" if a <= 2 and c == 2 else ""


def _clock(match: re.Match[str]) -> str:
    if not match["hour"]:
        return ""
    return f"{match['gap']}%H:%M" + (":%S" if match["second"] else "") + ("%z" if match["zone"] else "")


def _impossible(texts: dict[str, tuple[int, int]], order: str) -> set[str]:
    found = set()
    for text in texts:
        match = _DATE.fullmatch(text)
        assert match is not None, "sorted into this form by the same pattern"
        parts = dict(zip(order, (match["a"], match["b"], match["c"]), strict=True))
        if len(parts["d"]) > 2 or not 1 <= int(parts["d"]) <= 31 or not 1 <= int(parts["m"]) <= 12:
            found.add(text)
    return found
