"""Faults planted in the clinical database extracts."""

from collections.abc import Callable
from datetime import date, timedelta

from immrecon.simulate.dirt import plant
from immrecon.simulate.parameters import DataCut, StudyParameters
from immrecon.simulate.rows import Row, Table

QUERY_DATE = "query: date not usable, record listed"


def soil_clinical(parameters: StudyParameters, tables: dict[str, Table], dead: set[str]) -> None:
    """Plants all clinical faults; `tables` by name, `dead` the subjects who died."""
    before = parameters.cuts[0].cut_off - timedelta(days=30)
    _partial_dates(tables, before)
    _unusable_dates(tables, before)
    _contacts(parameters, tables, before, dead)
    _records(tables, before)


def _partial_dates(tables: dict[str, Table], before: date) -> None:
    bound = "partial: bounds kept, never imputed silently"
    events = tables["adverse_events"]
    for share, cut in ((0.15, "month"), (0.40, "UN"), (0.65, "month"), (0.85, "UN")):
        row = events.pick(
            lambda r: r.seen_from < before and r.cells["outcome"] == "recovered" and r.cells["serious"] == "N",
            share,
        )
        start = row.cells["start_date"]
        plant(row, "start_date", start[:7] + ("" if cut == "month" else "-UN"), "clinical partial date", bound)
    row = events.pick(
        lambda r: r.seen_from < before and r.cells["outcome"] == "recovered" and r.cells["serious"] == "N",
        0.5,
    )
    plant(
        row,
        "end_date",
        "",
        "clinical event without date",
        "recovered without an end date: query, not ongoing",
    )
    row = tables["gvhd_chronic"].pick(lambda r: r.seen_from < before and r.cells["severity"] == "mild", 0.5)
    plant(row, "date", row.cells["date"][:7] + "-UN", "clinical partial date", bound)
    row = tables["events"].pick(lambda r: r.seen_from < before and r.cells["event"] == "infection", 0.3)
    plant(row, "date", row.cells["date"][:7], "clinical partial date", bound)


def _unusable_dates(tables: dict[str, Table], before: date) -> None:
    row = tables["virology"].pick(
        lambda r: r.cells["date"][:7] == "2026-02" and r.cells["copies_per_ml"] == "not detected", 0.4
    )
    plant(row, "date", "2026-02-30", "clinical impossible date", QUERY_DATE)
    row = tables["events"].pick(lambda r: r.seen_from < before and r.cells["event"] == "infection", 0.6)
    plant(row, "date", "19" + row.cells["date"][2:], "clinical date before birth", QUERY_DATE)
    relapse = tables["disease"].pick(lambda r: r.seen_from < before and r.cells["status"] == "relapse", 0.0)
    copy = Row(
        {**relapse.cells, "date": ""},
        relapse.seen_from,
        None,
        {},
        [],
        dict(relapse.tags),
        (*relapse.order, "b"),
    )
    tables["disease"].rows.append(copy)
    copy.mark(
        "date",
        "(blank)",
        "clinical event without date",
        "query: relapse without date; the dated record stands",
    )


def _contacts(parameters: StudyParameters, tables: dict[str, Table], before: date, dead: set[str]) -> None:
    contacts = tables["contacts"]
    row = contacts.pick(lambda r: r.seen_from < before and r.cells["subject"] not in dead, 0.35)
    plant(
        row,
        "status",
        "dead",
        "clinical dead before alive",
        "query: alive contacts follow; death not accepted",
    )
    row = contacts.pick(lambda r: r.seen_from < before and r.cells["subject"] not in dead, 0.75)
    future = date.fromisoformat(row.cells["date"]).replace(year=2027).isoformat()
    plant(row, "date", future, "clinical date after extract", QUERY_DATE)
    for cut in parameters.cuts:
        row = contacts.pick(_between(cut), 0.5)
        row.mark(
            "date",
            row.cells["date"],
            "clinical record after cut-off",
            f"kept out of the {cut.name} analysis, counted",
        )


def _between(cut: DataCut) -> Callable[[Row], bool]:
    """Contacts dated after the cut-off that the extract nevertheless holds."""
    after, until = cut.cut_off.isoformat(), cut.extract.isoformat()
    return lambda r: after < r.cells["date"] <= until and r.seen_from <= cut.extract


def _records(tables: dict[str, Table], before: date) -> None:
    row = tables["events"].pick(lambda r: r.seen_from < before and r.cells["event"] == "infection", 0.8)
    copy = Row(dict(row.cells), row.seen_from, None, {}, [], dict(row.tags), (*row.order, "b"))
    tables["events"].rows.append(copy)
    copy.mark("", "identical record", "clinical duplicate record", "one record counted, the duplicate listed")
    row = tables["gvhd_acute"].pick(
        lambda r: r.seen_from < before and r.cells["grade"] == "0" and "3" <= r.cells["subject"][-1] <= "9",
        0.6,
    )
    typo = row.cells["subject"][:-2] + row.cells["subject"][-1] + row.cells["subject"][-2]
    plant(row, "subject", typo, "clinical subject id typo", "query: no such subject, record not attributed")
    row = tables["gvhd_acute"].pick(lambda r: r.seen_from < before and r.cells["grade"] == "2", 0.0)
    plant(row, "grade", "1", "clinical GvHD grade disagrees with stages", "query: both kept; the endpoint says which")
    row = tables["medications"].pick(lambda r: r.seen_from < before and r.cells["category"] == "IVIG", 0.5)
    typo = row.cells["subject"].replace("S101-0", "S101-O")
    plant(row, "subject", typo, "clinical subject id typo", "query: letter O; resolved only if declared")
    screening = tables["screening"]
    row = screening.pick(
        lambda r: r.seen_from < before and r.cells["group"] == "adult" and r.cells["protocol_version"] == "1",
        0.6,
    )
    wrong = f"{int(row.cells['enrolment_date'][:4]) - 12}{row.cells['birth_date'][4:]}"
    plant(
        row,
        "birth_date",
        wrong,
        "clinical age disagrees with group",
        "flag; group stays adult (enrolment record)",
    )
