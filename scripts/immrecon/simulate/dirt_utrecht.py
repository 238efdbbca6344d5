"""Faults planted in the Utrecht workbook."""

from collections.abc import Callable
from datetime import date, timedelta

from immrecon.simulate.dirt import plant
from immrecon.simulate.lab_utrecht import FORMULA, SERIAL, TEXT
from immrecon.simulate.parameters import StudyParameters
from immrecon.simulate.rows import Row, Table

NARROW_NBSP = "\u202f"


def soil_utrecht(parameters: StudyParameters, table: Table) -> None:
    """Plants all Utrecht faults in blocks that both cuts show."""
    before = (parameters.cuts[0].cut_off - timedelta(days=45)).isoformat()

    def early(row: Row) -> bool:
        return row.order[1] < before and int(row.tags["day"]) > 0

    for share in (0.2, 0.7):
        row = table.pick(early, share)
        day = date.fromisoformat(row.cells["Datum"])
        row.tags["as Datum"] = TEXT
        plant(row, "Datum", f"{day:%d-%m-%Y}", "7.4 date as text", "date, day first by declaration")
    row = table.pick(early, 0.45)
    row.tags["as Datum"] = SERIAL
    serial = str((date.fromisoformat(row.cells["Datum"]) - date(1899, 12, 30)).days)
    row.mark("Datum", serial, "7.4 Excel serial", "date, 1900 system")
    for analyte, share in (("CD4", 0.15), ("CD8", 0.5), ("CD3", 0.85)):
        row = table.pick(early, share)
        row.tags[f"as {analyte}"] = TEXT
        row.mark(analyte, row.cells[analyte], "7.4 number stored as text", "value")
    _values(table, early)
    _patient(table)


def _values(table: Table, early: Callable[[Row], bool]) -> None:
    row = table.pick(lambda r: early(r) and r.cells["CD19"] == "<1", 0.2)
    row.mark("CD19", "<1", "7.3 below limit", "below the limit of quantification (1 per uL)")
    row = table.pick(lambda r: early(r) and r.cells["CD19"] == "<1", 0.6)
    plant(row, "CD19", "≤1", "7.3 at most (≤)", "below or at 1 per uL: censored, comparator kept", "below_limit")
    row = table.pick(lambda r: early(r) and r.cells["CD3"].isdigit() and int(r.cells["CD3"]) >= 1000, 0.4)
    text = f"{int(row.cells['CD3']):,}".replace(",", NARROW_NBSP)
    plant(row, "CD3", text, "7.3 thousands with narrow no-break space", "value", "value")
    row = table.pick(lambda r: early(r) and r.cells["CD4"].isdigit() and r.cells["CD8"].isdigit(), 0.55)
    row.tags["as CD3"] = FORMULA
    total = str(int(row.cells["CD4"]) + int(row.cells["CD8"]))
    plant(row, "CD3", total, "7.4 formula cell", "the cached value, flagged as computed", "value")
    row = table.pick(early, 0.32)
    plant(row, "NK", "stolsel", "7.3 specimen condition", "no result: clotted, no value", "no_result")
    row = table.pick(early, 0.62)
    plant(row, "CD8", "", "7.3 blank", "missing, counted", "blank")


def _patient(table: Table) -> None:
    row = table.pick(lambda r: r.tags["subject"].endswith("-005") and r.cells["_visit"] == "Baseline", 0.0)
    written = row.tags["subject"].replace("-", " ")
    row.tags["patient as written"] = written
    row.mark("Patient", written, "7.5 other separators in id", "subject recognised, spelling recorded")
