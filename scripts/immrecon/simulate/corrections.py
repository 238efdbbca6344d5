"""What the second cut knows better: corrected results, events entered late, a backdated relapse."""

from datetime import date, timedelta

from immrecon.simulate.dirt import plant
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
    """Corrected reports are further rows: the final ones stay."""

    def recent(row: Row) -> bool:
        when = row.order[0][:10]
        return row.cells["TEST"] == "CD4" and row.cells["STATUS"] == "F" and str(window[0]) < when < str(window[1])

    for share, factor in ((0.25, 0.7), (0.6, 0.8)):
        final = table.pick(recent, share)
        reported = extract + timedelta(days=17)
        for row in [r for r in table.rows if r.cells["ACCESSION"] == final.cells["ACCESSION"]]:
            if row.cells["STATUS"] == "F" and row.cells["TEST"] in ("CD4", "CD4 %"):
                table.rows.append(_corrected(row, factor, reported))


def _corrected(row: Row, factor: float, reported: date) -> Row:
    """The corrected report of a result: same accession, later time, status C."""
    cells = {
        **row.cells,
        "STATUS": "C",
        "REPORTED": f"{reported:%m/%d/%Y} 10:30",
        "COMMENT": "CORRECTED REPORT",
    }
    value = float(row.cells["RESULT"]) * factor
    cells["RESULT"] = f"{value:.1f}" if row.cells["TEST"] == "CD4 %" else str(round(value))
    order = (f"{reported} 10:30", row.order[1], row.order[2])
    new = Row(cells, reported, None, {"RESULT": "value"}, [], dict(row.tags), order)
    item = "7.5 accession repeated: preliminary, final, corrected"
    new.mark("STATUS", "C", item, "the value used from this cut on")
    return new


def _paris(table: Table, window: tuple[date, date], extract: date) -> None:
    cd4 = COUNT_COLUMNS["CD4"]

    def recent(row: Row) -> bool:
        return str(window[0]) < row.order[0] < str(window[1]) and row.cells[cd4].isdigit() and int(row.cells[cd4]) > 20

    for share, factor in ((0.3, 0.75), (0.7, 0.6)):
        row = table.pick(recent, share)
        text = str(round(int(row.cells[cd4]) * factor))
        cells = {cd4: text, "Statut": "corrigé", "Commentaire": "résultat corrigé"}
        new = table.revise(row, extract + timedelta(days=20), CORRECTED, **cells)
        new.mark(
            "Statut",
            "corrigé",
            "7.5 result corrected in place",
            "the value used; change found by comparing cuts",
        )


def _utrecht(table: Table, window: tuple[date, date], extract: date) -> None:
    """This laboratory overwrites: no status, no trace."""

    def recent(row: Row) -> bool:
        return (
            str(window[0]) < row.order[1] < str(window[1]) and row.cells["CD4"].isdigit() and int(row.cells["CD4"]) > 10
        )

    for share, factor in ((0.35, 1.4), (0.8, 0.75)):
        row = table.pick(recent, share)
        text = str(round(int(row.cells["CD4"]) * factor))
        new = table.revise(row, extract + timedelta(days=25), CORRECTED, CD4=text)
        new.mark(
            "CD4",
            text,
            "7.5 result changed without a status",
            "found by comparing cuts; the newer value is used",
        )


def _late(tables: dict[str, Table], cut: DataCut, relapsed: str) -> None:
    """Events from before the first cut-off that reached the database after the first extract."""
    near, cut_off = (cut.cut_off - timedelta(days=70)).isoformat(), cut.cut_off.isoformat()

    def recent(row: Row, **wanted: str) -> bool:
        before = near < row.order[1] <= cut_off
        return before and all(row.cells[c] == v for c, v in wanted.items())

    events = tables["clinical/events.csv"]
    chosen = [
        (events, events.pick(lambda r: recent(r, event="relapse", subject=relapsed)), 15),
        (events, events.pick(lambda r: recent(r, event="infection")), 24),
    ]
    disease = tables["clinical/disease.csv"]
    chosen.append((disease, disease.pick(lambda r: recent(r, status="relapse", subject=relapsed)), 15))
    adverse = tables["clinical/adverse_events.csv"]
    chosen.append((adverse, adverse.pick(recent), 33))
    for table, row, days in chosen:
        _enter_late(table, row, cut.extract + timedelta(days=days))


def _enter_late(table: Table, row: Row, entered: date) -> None:
    version: Row | None = row
    while version is not None:
        version.cells["entered_on"] = entered.isoformat()
        version.seen_from = max(version.seen_from, entered)
        if version.seen_until is not None:
            version.seen_until = max(version.seen_until, entered)
        version = version.replaces
    expected = "absent from the first cut; in the second listed as an event before the first cut-off entered later"
    plant(row, "entered_on", entered.isoformat(), "clinical entered late", expected)


def _backdate(tables: dict[str, Table], extract: date, subject: str) -> None:
    """The first marrow with blasts turned out to be two weeks older."""
    expected = "the earlier date is used; named as cause when cuts are compared"
    events = tables["clinical/events.csv"]
    row = events.pick(lambda r: r.cells["event"] == "relapse" and r.cells["subject"] == subject)
    was = date.fromisoformat(row.cells["date"])
    text, on = (was - timedelta(days=12)).isoformat(), extract + timedelta(days=40)
    new = events.revise(row, on, BACKDATED, date=text, entered_on=on.isoformat())
    new.mark("date", text, "clinical backdated correction", expected)
    disease = tables["clinical/disease.csv"]
    row = disease.pick(lambda r: r.cells["subject"] == subject and r.cells["date"] == was.isoformat())
    new = disease.revise(row, on, BACKDATED, date=text, entered_on=on.isoformat())
    new.mark("date", text, "clinical backdated correction", expected)
