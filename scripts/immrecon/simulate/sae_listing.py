"""The line listing of the safety database: what it holds of serious adverse events, and where it disagrees."""

import csv
import io
from collections.abc import Callable
from datetime import date, timedelta

from immrecon.simulate.dirt import plant
from immrecon.simulate.parameters import StudyParameters
from immrecon.simulate.rows import Rendered, Row, Table, place
from immrecon.simulate.streams import stream

FILE = "clinical/sae_listing.csv"
COLUMNS = ("case", "subject", "event_pt", "ctcae_grade", "onset", "outcome", "received")
OUTCOMES = {
    "recovered": "Recovered/Resolved",
    "not recovered": "Not Recovered/Not Resolved",
    "fatal": "Fatal",
}


def sae_table(parameters: StudyParameters, adverse: Table) -> Table:
    """Every serious adverse event as the clinical database has it, at the same times, in the words of another one."""
    table = Table(FILE, COLUMNS, ("case",), [])
    copies: dict[int, Row] = {}
    for row in sorted(adverse.rows, key=lambda r: (r.order, r.seen_from)):
        if row.cells["serious"] != "Y":
            continue
        copy = _row(parameters, row)
        copies[id(row)] = copy
        if row.replaces is not None:
            copy.replaces = copies[id(row.replaces)]
        table.rows.append(copy)
    return table


def _row(parameters: StudyParameters, adverse: Row) -> Row:
    cells = adverse.cells
    case = f"{cells['subject'][-6:]}-{int(cells['ae_number']):02d}"
    onset = date.fromisoformat(cells["start_date"])
    days = int(stream(parameters.seed, "sae listing", cells["subject"], cells["ae_number"]).integers(1, 5))
    first = adverse
    while first.replaces is not None:
        first = first.replaces
    written = {
        "case": case,
        "subject": cells["subject"],
        "event_pt": cells["preferred_term"].upper(),
        "ctcae_grade": cells["grade"],
        "onset": _written(onset),
        "outcome": OUTCOMES[cells["outcome"]],
        "received": _written(min(onset + timedelta(days=days), first.seen_from)),
    }
    return Row(written, adverse.seen_from, adverse.seen_until, order=(case,), reason=adverse.reason)


def _written(day: date) -> str:
    return f"{day:%d-%b-%Y}".upper()


def soil_sae_listing(parameters: StudyParameters, listing: Table, adverse: Table) -> None:
    """Plants what a reconciliation has to find; the grade is corrected before the second extract."""
    first = parameters.cuts[0]
    early = _entered_before(first.cut_off - timedelta(days=60))
    _drop(listing, adverse, early)
    disagrees = "query naming both values; the clinical database is used"
    row = listing.pick(lambda r: early(r) and r.cells["ctcae_grade"] == "3", 0.4)
    grade = row.cells["ctcae_grade"]
    for version in _versions(row):
        plant(version, "ctcae_grade", "4", "clinical SAE disagrees", disagrees)
    later = listing.revise(row, first.extract + timedelta(days=30), "grade corrected", ctcae_grade=grade)
    later.marks.clear()
    row = listing.pick(early, 0.7)
    onset = _written(_read(row.cells["onset"]) + timedelta(days=2))
    for version in _versions(row):
        plant(version, "onset", onset, "clinical SAE disagrees", disagrees)
    row = listing.pick(lambda r: early(r) and r.cells["outcome"] == OUTCOMES["recovered"], 0.1)
    plant(row, "outcome", OUTCOMES["not recovered"], "clinical SAE disagrees", disagrees)
    _add_not_serious(parameters, listing, adverse, early)
    _add_unknown(listing, listing.pick(early, 0.9))


def _entered_before(day: date) -> Callable[[Row], bool]:
    return lambda row: row.seen_from < day


def _versions(row: Row) -> list[Row]:
    found = [row]
    while found[-1].replaces is not None:
        found.append(found[-1].replaces)
    return found


def _read(written: str) -> date:
    months = ("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC")
    day, month, year = written.split("-")
    return date(int(year), months.index(month) + 1, int(day))


def _drop(listing: Table, adverse: Table, early: Callable[[Row], bool]) -> None:
    """A serious event that was never reported to the safety database."""
    row = adverse.pick(lambda r: early(r) and r.cells["serious"] == "Y", 0.3)
    case = f"{row.cells['subject'][-6:]}-{int(row.cells['ae_number']):02d}"
    listing.rows[:] = [r for r in listing.rows if r.cells["case"] != case]
    expected = "query: serious, and not in the safety database; counted"
    for version in _versions(row):
        version.mark("", f"absent from {FILE}", "clinical SAE not in safety database", expected)


def _add_not_serious(parameters: StudyParameters, listing: Table, adverse: Table, early: Callable[[Row], bool]) -> None:
    """An event that the clinical database does not call serious."""
    row = adverse.pick(lambda r: early(r) and r.cells["serious"] == "N" and r.cells["grade"] == "3", 0.5)
    copies = {id(version): _row(parameters, version) for version in reversed(_versions(row))}
    for version in reversed(_versions(row)):
        copy = copies[id(version)]
        copy.replaces = None if version.replaces is None else copies[id(version.replaces)]
        copy.mark("event_pt", copy.cells["event_pt"], "clinical SAE disagrees", "query: not serious there")
        listing.rows.append(copy)


def _add_unknown(listing: Table, beside: Row) -> None:
    """An event that nobody entered into the clinical database."""
    onset = _written(_read(beside.cells["onset"]) + timedelta(days=6))
    case = f"{beside.cells['case'][:6]}-90"
    cells = {**beside.cells, "case": case, "event_pt": "SEIZURE", "ctcae_grade": "3", "onset": onset}
    cells |= {"outcome": OUTCOMES["recovered"], "received": onset}
    row = Row(cells, beside.seen_from + timedelta(days=14), order=(case,))
    expected = "query: not in the clinical database, so not counted"
    row.mark("event_pt", "SEIZURE", "clinical SAE not in clinical database", expected)
    listing.rows.append(row)


def render_sae_listing(table: Table, extract: date) -> Rendered:
    """Semicolon-separated UTF-8, LF, English month names."""
    rows = table.visible(extract)
    buffer = io.StringIO()
    writer = csv.writer(buffer, delimiter=";", lineterminator="\n")
    writer.writerow(table.columns)
    writer.writerows([row.cells[c] for c in table.columns] for row in rows)
    return Rendered(buffer.getvalue().encode("utf-8"), place(table.file, "", enumerate(rows, start=2)), {})
