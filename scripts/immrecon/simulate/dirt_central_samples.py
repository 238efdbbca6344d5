"""Faults planted in the central laboratory export: whole samples, identities and dates."""

from collections.abc import Callable, Iterable
from datetime import datetime, timedelta

from immrecon.simulate.dirt import plant, scaled
from immrecon.simulate.lab_central import SUBSETS, TIME
from immrecon.simulate.parameters import StudyParameters
from immrecon.simulate.rows import Row, Table
from immrecon.simulate.timeline import Course

Where = Callable[[Row], bool]
COUNTS = (*SUBSETS, "ALC", "WBC")
DONOR = {
    "WBC": "6.12",
    "ALC": "2.05",
    "CD3": "1480",
    "CD3 %": "72.2",
    "CD4": "880",
    "CD4 %": "42.9",
    "CD8": "540",
    "CD19": "240",
    "NK": "260",
    "CD4/CD8": "1.63",
    "HGB": "14.2",
    "PLT": "248",
}
DUPLICATE = "one sample per day by rule, the other listed"


def soil_central_samples(parameters: StudyParameters, table: Table, courses: dict[str, Course]) -> None:
    """Plants faults that concern all results of an accession."""
    before = (parameters.cuts[0].cut_off - timedelta(days=60)).isoformat()

    def early(row: Row) -> bool:
        return row.order[0] < before and row.cells["STATUS"] == "F" and int(row.tags["day"]) > 0

    _blasts(table, courses)
    _identities(table, early)
    _dates(table, early, courses)
    _statuses(table, early)
    _extra_samples(table, early, courses)
    _copied_panels(table, early)


def report(table: Table, where: Where, share: float) -> list[Row]:
    """All results of one clean final report, found by its CD4 result."""

    def clean(row: Row) -> bool:
        return row.cells["TEST"] == "CD4" and where(row) and not any(r.marks for r in _report_of(table, row))

    return _report_of(table, table.pick(clean, share))


def _report_of(table: Table, row: Row) -> list[Row]:
    same = ("ACCESSION", "REPORTED")
    return [r for r in table.rows if all(r.cells[c] == row.cells[c] for c in same)]


def _set(rows: Iterable[Row], column: str, text: str, item: str, expected: str) -> None:
    for row in rows:
        plant(row, column, text, item, expected)


def _shift(text: str, **delta: float) -> str:
    return f"{datetime.strptime(text, TIME) + timedelta(**delta):{TIME}}"


def _copy(
    table: Table,
    rows: Iterable[Row],
    ratio: dict[str, float] | None = None,
    days_later: float = 0,
    **cells: str,
) -> list[Row]:
    """Copies a report under other cells, subset counts multiplied, its three times shifted by days."""
    copies = []
    for row in rows:
        new = Row({**row.cells, **cells}, row.seen_from, None, dict(row.kinds), [], dict(row.tags), row.order)
        for column in ("COLLECTED", "RECEIVED", "REPORTED"):
            if column not in cells:
                new.cells[column] = _shift(row.cells[column], days=days_later)
        new.cells["RESULT"] = scaled(row.cells["RESULT"], (ratio or {}).get(row.cells["TEST"], 1.0))
        reported = datetime.strptime(new.cells["REPORTED"], TIME)
        new.seen_from = reported.date()
        new.order = (f"{reported:%Y-%m-%d %H:%M}", new.cells["ACCESSION"], row.order[2])
        copies.append(new)
    table.rows += copies
    return copies


def _identities(table: Table, early: Where) -> None:
    recognised = "subject recognised, spelling recorded"

    def short(row: Row) -> bool:
        return early(row) and row.tags["subject"] < "S101-01-010"

    rows = report(table, short, 0.1)
    _set(rows, "SUBJECT", rows[0].cells["SUBJECT"].removeprefix("S101-"), "7.5 id without prefix", recognised)
    rows = report(table, early, 0.36)
    site, number = rows[0].cells["SUBJECT"].split("-")[1:]
    _set(rows, "SUBJECT", f"S101-O{site[1]}-{number}", "7.5 letter O for zero", recognised)
    rows = report(table, short, 0.6)
    site, number = rows[0].cells["SUBJECT"].split("-")[1:]
    _set(rows, "SUBJECT", f"S101-{int(site)}-{int(number)}", "7.5 leading zeros eaten", recognised)
    rows = report(table, early, 0.83)
    _set(rows, "SUBJECT", "S101-01-099", "7.5 unknown id", "query: no such subject, sample not attributed")


def _dates(table: Table, early: Where, courses: dict[str, Course]) -> None:
    rows = report(table, early, 0.27)
    late = _shift(rows[0].cells["RECEIVED"], days=3)
    _set(
        rows,
        "COLLECTED",
        late,
        "7.5 collection and receipt mixed up",
        "query: collected after receipt, date not usable",
    )
    rows = report(table, early, 0.45)
    midnight = rows[0].cells["COLLECTED"][:11] + "00:00"
    _set(rows, "COLLECTED", midnight, "7.5 midnight time", "date kept, time unknown")
    rows = report(table, early, 0.52)
    _set(
        rows,
        "RECEIVED",
        _shift(rows[0].cells["RECEIVED"], days=3),
        "7.3 collection to receipt too long",
        "value, flagged (over 72 h)",
    )
    for row in rows:
        row.cells["REPORTED"] = _shift(row.cells["REPORTED"], days=3)
        row.order = (f"{datetime.strptime(row.cells['REPORTED'], TIME):%Y-%m-%d %H:%M}", *row.order[1:])
    rows = report(table, early, 0.66)
    born = rows[0].cells["COLLECTED"].replace("/20", "/19", 1)
    _set(rows, "COLLECTED", born, "7.5 sample before birth", "query: date not usable")
    rows = report(table, lambda r: early(r) and r.tags["visit"] == "Day 28", 0.8)
    course = courses[rows[0].tags["subject"]]
    wrong = f"{course.on(-25):%m/%d/%Y}" + rows[0].cells["COLLECTED"][10:]
    expected = "query: before transplant but labelled day 28"
    _set(rows, "COLLECTED", wrong, "7.5 sample before transplant under a later visit", expected)


def _statuses(table: Table, early: Where) -> None:
    rows = report(table, early, 0.15)
    for row in rows:
        if row.cells["TEST"] in SUBSETS:
            plant(
                row,
                "RESULT",
                "CLOTTED",
                "7.3 specimen condition",
                "no result: reason recorded, no value",
                "no_result",
            )
    rows = report(table, early, 0.40)
    for row in rows:
        if row.cells["TEST"] in (*SUBSETS, "CD3 %", "CD4 %"):
            row.cells["STATUS"], row.kinds["RESULT"] = "X", "no_result"
            plant(
                row,
                "RESULT",
                "",
                "7.5 result cannot be obtained (X)",
                "no result: cannot be obtained",
                "no_result",
            )
    item, accepted = "7.5 accession repeated: preliminary, final, corrected", "superseded, listed"
    final = report(table, early, 0.57)
    first = _copy(
        table,
        final,
        dict.fromkeys(COUNTS, 1.08),
        -1,
        STATUS="P",
        COLLECTED=final[0].cells["COLLECTED"],
        RECEIVED=final[0].cells["RECEIVED"],
    )
    last = _copy(
        table,
        final,
        days_later=6,
        STATUS="C",
        COLLECTED=final[0].cells["COLLECTED"],
        RECEIVED=final[0].cells["RECEIVED"],
        COMMENT="CORRECTED REPORT",
    )
    for row in final:
        if row.cells["TEST"] in ("CD4", "CD4 %"):
            row.cells["RESULT"] = scaled(row.cells["RESULT"], 0.85)
    for rows, expected in ((first, accepted), (final, accepted), (last, "the value used")):
        for row in rows:
            row.mark("STATUS", row.cells["STATUS"], item, expected)


def _extra_samples(table: Table, early: Where, courses: dict[str, Course]) -> None:
    rows = report(table, lambda r: early(r) and r.tags["visit"] in ("Day 100", "Day 140"), 0.3)
    again = _copy(table, rows, dict.fromkeys(COUNTS, 1.06), 0.125, ACCESSION=_next(rows))
    _mark(again, "7.5 same-day duplicate", DUPLICATE)
    rows = report(table, lambda r: early(r) and r.tags["visit"] == "Day 70", 0.5)
    jump = _copy(table, rows, dict.fromkeys(COUNTS, 6.0), 4, ACCESSION=_next(rows), VISIT="UNSCHEDULED")
    _mark(jump, "7.6 fivefold jump within 7 days", "values kept, flagged as implausible")
    rows = report(table, lambda r: early(r) and r.tags["visit"] == "Day 14", 0.5)
    donor = _copy(
        table,
        rows,
        days_later=-20,
        ACCESSION=_next(rows),
        VISIT="DONOR",
        COMMENT="DONOR SPECIMEN",
    )
    for row in donor:
        row.cells["RESULT"], row.cells["FLAG"] = DONOR[row.cells["TEST"]], ""
        row.kinds["RESULT"] = "value" if row.kinds["RESULT"] == "below_limit" else row.kinds["RESULT"]
    _mark(
        donor,
        "7.5 donor sample filed under recipient",
        "query: donor sample, not attributed to the recipient",
    )
    dead = next(c for c in courses.values() if c.death_day and c.participant.site == "01" and c.death_day > 100)
    rows = [r for r in table.rows if r.tags["subject"] == dead.participant.subject and early(r)]
    rows = _report_of(table, max(rows, key=lambda r: r.order))
    gap = dead.death_day - int(rows[0].tags["day"]) + 6 if dead.death_day else 0
    after = _copy(table, rows, dict.fromkeys(COUNTS, 1.3), gap, ACCESSION=_next(rows), VISIT="UNSCHEDULED")
    _mark(after, "7.5 sample after death", "query: after death, not used")
    visitor = next(c for c in courses.values() if c.participant.slot == "A2-4")
    rows = report(table, lambda r: early(r) and r.tags["visit"] == "Day 180", 0.5)
    on = f"{visitor.on(231):%m/%d/%Y}"
    other = {
        "SUBJECT": visitor.participant.subject,
        "SITE": "02",
        "VISIT": "UNSCHEDULED",
        "COLLECTED": f"{on} 09:10",
        "RECEIVED": f"{visitor.on(232):%m/%d/%Y} 11:40",
        "REPORTED": f"{visitor.on(234):%m/%d/%Y} 15:05",
    }
    moved = _copy(table, rows, dict.fromkeys(COUNTS, 1.17), 0, ACCESSION=_next(rows), **other)
    _mark(moved, "7.6 change of laboratory", "values kept, annotated: other laboratory, other limit")


def _copied_panels(table: Table, early: Where) -> None:
    rows = report(table, lambda r: early(r) and r.tags["visit"] == "Day 56", 0.5)
    subject = rows[0].tags["subject"]
    later = report(
        table,
        lambda r: early(r) and r.tags["subject"] == subject and int(r.tags["day"]) > int(rows[0].tags["day"]),
        0.0,
    )
    _overwrite(rows, later, "7.6 identical panel on two dates", "flagged: copy of the previous panel; kept, listed")
    rows = report(table, lambda r: early(r) and r.tags["visit"] == "Day 42", 0.2)
    subject = rows[0].tags["subject"]
    other = report(table, lambda r: early(r) and r.tags["subject"] != subject and r.tags["visit"] == "Day 42", 0.7)
    _overwrite(
        rows,
        other,
        "7.6 identical panel in two patients",
        "flagged in both patients: possible swap; kept, listed",
    )


def _overwrite(source: list[Row], target: list[Row], item: str, expected: str) -> None:
    results = {r.cells["TEST"]: r for r in source}
    for row in target:
        original = results[row.cells["TEST"]]
        row.cells["RESULT"], row.kinds["RESULT"] = original.cells["RESULT"], original.kinds["RESULT"]
        row.cells["FLAG"] = original.cells["FLAG"]
    _mark(target, item, f"{expected} (same as {source[0].cells['ACCESSION']})")


def _blasts(table: Table, courses: dict[str, Course]) -> None:
    relapse = {s: c.relapse_day for s, c in courses.items()}

    def at_relapse(row: Row) -> bool:
        day = relapse[row.tags["subject"]]
        return row.cells["STATUS"] == "F" and day is not None and int(row.tags["day"]) >= day - 7

    rows = report(table, at_relapse, 0.0)
    _set(rows, "COMMENT", "BLASTS 24%", "7.6 blasts", "values kept, excluded from reconstitution (blasts)")


def _mark(rows: Iterable[Row], item: str, expected: str) -> None:
    for row in rows:
        row.mark("ACCESSION", row.cells["ACCESSION"], item, expected)


def _next(rows: list[Row]) -> str:
    """An accession number right after that of a report."""
    accession = rows[0].cells["ACCESSION"]
    return f"{accession[:3]}{int(accession[3:]) + 1:06d}"
