"""What the second cut knows better: corrected results, events entered late, a backdated relapse."""

from collections.abc import Callable
from datetime import date, timedelta

from immrecon.simulate.dirt import plant, scaled
from immrecon.simulate.lab_central import FILE as CENTRAL
from immrecon.simulate.lab_paris import COUNT_COLUMNS
from immrecon.simulate.lab_paris import FILE as PARIS
from immrecon.simulate.lab_utrecht import FILE as UTRECHT
from immrecon.simulate.parameters import DataCut, StudyParameters
from immrecon.simulate.rows import Row, Table

CORRECTED = "corrected result"
BACKDATED = "backdated correction"


def correct_between_cuts(parameters: StudyParameters, tables: dict[str, Table], subjects: dict[str, str]) -> None:
    """Adds what became known between the two extracts; `tables` by file, `subjects` by slot."""
    first = parameters.cuts[0]
    window = (first.cut_off - timedelta(days=150), first.cut_off - timedelta(days=21))
    _central(tables[CENTRAL], window, first.extract)
    _paris(tables[PARIS], window, first.extract)
    _utrecht(tables[UTRECHT], window, first.extract)
    _late(tables, first, subjects["P2-3"])
    _backdate(tables, first.extract, subjects["A3-6"])


def _central(table: Table, window: tuple[date, date], extract: date) -> None:
    """Corrected reports are further rows: the final ones, too low, stay."""

    def recent(row: Row) -> bool:
        when, final = row.order[0][:10], (row.cells["TEST"], row.cells["STATUS"]) == ("CD4", "F")
        return final and row.cells["RESULT"].isdigit() and str(window[0]) < when < str(window[1])

    for share, factor in ((0.25, 0.7), (0.6, 0.8)):
        final = table.pick(recent, share)
        for row in [r for r in table.rows if r.cells["ACCESSION"] == final.cells["ACCESSION"]]:
            if row.cells["STATUS"] == "F" and row.cells["TEST"] in ("CD4", "CD4 %"):
                table.rows.append(_corrected(row, extract + timedelta(days=17)))
                row.cells["RESULT"] = scaled(row.cells["RESULT"], factor)


def _corrected(row: Row, reported: date) -> Row:
    """The corrected report of a result: same accession, later time, status C."""
    times = {"STATUS": "C", "REPORTED": f"{reported:%m/%d/%Y} 10:30", "COMMENT": "CORRECTED REPORT"}
    order = (f"{reported} 10:30", row.order[1], row.order[2])
    new = Row({**row.cells, **times}, reported, None, {"RESULT": "value"}, [], dict(row.tags), order)
    item = "7.5 accession repeated: preliminary, final, corrected"
    new.mark("STATUS", "C", item, "the value used from this cut on")
    return new


def _misreport(row: Row, column: str, text: str) -> None:
    """Puts a wrong text into every version of a row so far."""
    version: Row | None = row
    while version is not None:
        version.cells[column] = text
        version = version.replaces


def _paris(table: Table, window: tuple[date, date], extract: date) -> None:
    """The row is corrected in place, with a status and a comment."""
    cd4 = COUNT_COLUMNS["CD4"]

    def recent(row: Row) -> bool:
        return str(window[0]) < row.order[0] < str(window[1]) and row.cells[cd4].isdigit() and int(row.cells[cd4]) > 20

    for share, factor in ((0.3, 0.75), (0.7, 0.8)):
        row = table.pick(recent, share)
        true = row.cells[cd4]
        _misreport(row, cd4, scaled(true, factor))
        cells = {cd4: true, "Statut": "corrigé", "Commentaire": "résultat corrigé"}
        new = table.revise(row, extract + timedelta(days=20), CORRECTED, **cells)
        new.mark("Statut", "corrigé", "7.5 result corrected in place", "the value used; seen when cuts are compared")


def _utrecht(table: Table, window: tuple[date, date], extract: date) -> None:
    """This laboratory overwrites: no status, no trace."""

    def between(low: int, high: int) -> Callable[[Row], bool]:
        """Recent CD4 counts in a range: one is first reported below 50 and is really above."""
        return lambda r: (
            str(window[0]) < r.order[1] < str(window[1])
            and int(r.tags["day"]) > 0
            and r.cells["CD4"].isdigit()
            and low <= int(r.cells["CD4"]) <= high
        )

    for low, high, factor in ((52, 80, 0.62), (10, 49, 0.75)):
        row = table.pick(between(low, high))
        true = row.cells["CD4"]
        _misreport(row, "CD4", scaled(true, factor))
        new = table.revise(row, extract + timedelta(days=25), CORRECTED, CD4=true)
        expected = "found by comparing cuts; the newer value is used"
        new.mark("CD4", true, "7.5 result changed without a status", expected)


def _late(tables: dict[str, Table], cut: DataCut, relapsed: str) -> None:
    """Events from before the first cut-off that reached the database after the first extract."""
    near, cut_off = (cut.cut_off - timedelta(days=70)).isoformat(), cut.cut_off.isoformat()

    def recent(row: Row, **wanted: str) -> bool:
        before = near < row.order[1] <= cut_off
        return before and all(row.cells[c] == v for c, v in wanted.items())

    events = tables["clinical/events.csv"]
    chosen = [
        (events.pick(lambda r: recent(r, event="relapse", subject=relapsed)), 15),
        (events.pick(lambda r: recent(r, event="infection")), 24),
    ]
    disease = tables["clinical/disease.csv"]
    chosen.append((disease.pick(lambda r: recent(r, status="relapse", subject=relapsed)), 15))
    adverse = tables["clinical/adverse_events.csv"]
    chosen.append((adverse.pick(recent), 33))
    for row, days in chosen:
        _enter_late(row, cut.extract + timedelta(days=days))


def _enter_late(row: Row, entered: date) -> None:
    _entered(row, entered)
    expected = "absent from the first cut; in the second an event before the first cut-off, entered later"
    plant(row, "entered_on", entered.isoformat(), "clinical entered late", expected)


def _entered(row: Row, entered: date) -> None:
    """Moves the entry of a record, in all its versions, to a later day."""
    version: Row | None = row
    while version is not None:
        version.cells["entered_on"] = entered.isoformat()
        version.seen_from = max(version.seen_from, entered)
        if version.seen_until is not None:
            version.seen_until = max(version.seen_until, entered)
        version = version.replaces


def _backdate(tables: dict[str, Table], extract: date, subject: str) -> None:
    """The first marrow with blasts turned out to be twelve days older than first entered."""
    expected = "the earlier date is used; named as cause when cuts are compared"
    on = extract + timedelta(days=40)
    events, disease = tables["clinical/events.csv"], tables["clinical/disease.csv"]
    event = events.pick(lambda r: (r.cells["event"], r.cells["subject"]) == ("relapse", subject))
    true = event.cells["date"]
    marrow = disease.pick(lambda r: (r.cells["subject"], r.cells["date"]) == (subject, true))
    wrong = date.fromisoformat(true) + timedelta(days=12)
    for table, row in ((events, event), (disease, marrow)):
        _misreport(row, "date", wrong.isoformat())
        _entered(row, wrong + timedelta(days=5))
        new = table.revise(row, on, BACKDATED, date=true, entered_on=on.isoformat())
        new.mark("date", true, "clinical backdated correction", expected)
