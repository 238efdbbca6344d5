"""Faults planted in the Paris export."""

from collections.abc import Callable
from datetime import date, timedelta

from immrecon.simulate.dirt import plant
from immrecon.simulate.lab_paris import COUNT_COLUMNS, NBSP, RESULT_COLUMNS
from immrecon.simulate.parameters import StudyParameters
from immrecon.simulate.rows import Row, Table

CD3, CD4, CD8, CD19, NK, NAIVE, RTE = COUNT_COLUMNS.values()
NO_RESULT = "no result: reason recorded, no value"
BELOW_LQ = "below the limit of quantification (5 per uL)"
QUERY = "query: unreadable, no value"
UNATTRIBUTED = "query: sample not attributed"

# (column, text or function of the clean text, item, expectation, kind of cell, share of the way through)
Fault = tuple[str, str | Callable[[str], str], str, str, str, float]
CELL_FAULTS: tuple[Fault, ...] = (
    (CD19, "< 5", "7.3 below limit", BELOW_LQ, "below_limit", 0.10),
    (CD19, "<LQ", "7.3 below limit without number", BELOW_LQ, "below_limit", 0.30),
    (CD19, "<LLOQ", "7.3 below limit without number", BELOW_LQ, "below_limit", 0.50),
    (CD19, "LLOQ", "7.3 below limit without number", BELOW_LQ, "below_limit", 0.70),
    (CD19, "0", "7.3 zero", BELOW_LQ, "value", 0.90),
    (NK, "non fait", "7.3 not done", NO_RESULT, "no_result", 0.12),
    (NK, "QNS", "7.3 not determined (ND, NR, QNS, dash)", NO_RESULT, "no_result", 0.25),
    (NK, "ND", "7.3 not determined (ND, NR, QNS, dash)", NO_RESULT, "no_result", 0.40),
    (NK, "NR", "7.3 not determined (ND, NR, QNS, dash)", NO_RESULT, "no_result", 0.55),
    (NK, "-", "7.3 not determined (ND, NR, QNS, dash)", NO_RESULT, "no_result", 0.72),
    (NK, "annulé", "7.3 cancelled", NO_RESULT, "no_result", 0.88),
    (CD8, lambda v: f"{v} *", "7.3 flag after the number", "value, flag kept", "value", 0.15),
    (CD8, "résultat rendu", "7.3 result given elsewhere", NO_RESULT, "no_result", 0.35),
    (CD8, lambda v: f"{v},0", "7.3 decimals on a count", "value", "value", 0.60),
    (CD8, "", "7.3 blank", "missing, counted", "blank", 0.85),
    (CD3, "#####", "7.3 Excel hash signs", QUERY, "unreadable", 0.20),
    (CD3, "prélèvement insuffisant, à refaire", "7.3 comment in the value cell", QUERY, "unreadable", 0.45),
)


def soil_paris(parameters: StudyParameters, table: Table, relapse_day: dict[str, int | None]) -> None:
    """Plants all Paris faults; rows of both cuts, but for the pending results."""
    before = (parameters.cuts[0].cut_off - timedelta(days=60)).isoformat()

    def early(row: Row) -> bool:
        return row.order[0] < before and int(row.tags["day"]) > 0

    for column, text, item, expected, kind, share in CELL_FAULTS:
        below = column == CD19
        row = table.pick(_clean_cell(early, column, below), share)
        plant(row, column, text if isinstance(text, str) else text(row.cells[column]), item, expected, kind)
    _large_numbers(table, early)
    _whole_samples(table, early)
    _identities(table, early)
    _inconsistencies(table, early)
    _blasts(table, relapse_day)
    for cut in parameters.cuts:
        _pending(table, cut.extract)


def _clean_cell(early: Callable[[Row], bool], column: str, below: bool) -> Callable[[Row], bool]:
    return lambda row: early(row) and (row.cells[column] == "<5" if below else row.cells[column].isdigit())


def _large_numbers(table: Table, early: Callable[[Row], bool]) -> None:
    def large(column: str) -> Callable[[Row], bool]:
        return lambda row: early(row) and NBSP in row.cells[column]

    row = table.pick(large(CD3), 0.1)
    row.mark(CD3, row.cells[CD3], "7.3 thousands with no-break space", "value")
    row = table.pick(large(CD3), 0.5)
    plant(row, CD3, row.cells[CD3].replace(NBSP, " "), "7.3 thousands with ordinary space", "value", "value")
    row = table.pick(large(CD3), 0.8)
    text = row.cells[CD3].replace(NBSP, ".") + ",0"
    plant(
        row,
        CD3,
        text,
        "7.3 point for thousands, comma for decimals",
        "query: not the declared separators",
        "unreadable",
    )
    row = table.pick(lambda r: early(r) and r.cells[CD4].isdigit() and int(r.cells[CD4]) > 100, 0.5)
    mantissa, exponent = f"{float(row.cells[CD4]):.1e}".split("e")
    text = f"{mantissa.replace('.', ',')}E+{int(exponent):02d}"
    plant(row, CD4, text, "7.3 scientific notation", "value, precision lost is flagged", "value")


def _whole_samples(table: Table, early: Callable[[Row], bool]) -> None:
    for text, share in (("hémolysé", 0.33), ("coagulé", 0.66)):
        row = table.pick(early, share)
        for column in RESULT_COLUMNS:
            if row.cells[column]:
                plant(row, column, text, "7.3 specimen condition", NO_RESULT, "no_result")
    row = table.pick(lambda r: early(r) and r.cells[NAIVE] != "", 0.5)
    row.cells["Commentaire"] = "nombre d'évènements insuffisant pour les CD4 naïfs"
    for column in (NAIVE, RTE):
        plant(row, column, "cf. commentaire", "7.3 see comment", NO_RESULT, "no_result")


def _identities(table: Table, early: Callable[[Row], bool]) -> None:
    column = "N° patient"
    row = table.pick(lambda r: early(r) and r.tags["subject"].endswith("-005"), 0.5)
    swapped = row.tags["subject"].replace("-02-", "-01-")
    plant(
        row,
        column,
        swapped,
        "7.5 site swapped",
        "query: a site 01 subject in the site 02 file, not attributed",
    )
    plant(table.pick(early, 0.58), column, "IPP 8004512233", "7.5 MRN instead of id", UNATTRIBUTED)
    row = table.pick(early, 0.80)
    plant(row, column, "M.D. 1962", "7.5 initials and birth year instead of id", UNATTRIBUTED)
    row = table.pick(lambda r: early(r) and int(r.order[0][8:10]) > 12, 0.28)
    day, month, year = row.cells["Date prélèvement"].split("/")
    plant(
        row,
        "Date prélèvement",
        f"{day}/{month}/{year[2:]}",
        "7.4 two-digit year",
        "date, century by declaration",
    )


def _inconsistencies(table: Table, early: Callable[[Row], bool]) -> None:
    def both(row: Row) -> bool:
        return early(row) and row.cells[NAIVE].isdigit() and row.cells[RTE].isdigit() and int(row.cells[RTE]) > 10

    row = table.pick(both, 0.25)
    naive, rte = row.cells[NAIVE], row.cells[RTE]
    plant(row, NAIVE, rte, "7.6 RTE above naive", "values kept, flagged as inconsistent", "value")
    plant(row, RTE, naive, "7.6 RTE above naive", "values kept, flagged as inconsistent", "value")
    row = table.pick(lambda r: both(r) and r.cells[CD4].isdigit(), 0.75)
    above = str(round(int(row.cells[CD4]) * 1.3))
    plant(row, NAIVE, above, "7.6 naive above CD4", "values kept, flagged as inconsistent", "value")


def _blasts(table: Table, relapse_day: dict[str, int | None]) -> None:
    def relapsed(row: Row) -> bool:
        day = relapse_day[row.tags["subject"]]
        return day is not None and int(row.tags["day"]) >= day - 7

    row = table.pick(relapsed, 0.0)
    expected = "values kept, excluded from reconstitution (blasts)"
    plant(row, "Commentaire", "blastes circulants 35 %", "7.6 blasts", expected)


def _pending(table: Table, extract: date) -> None:
    """The newest sample with naive cells was still being read at the extract."""
    newest = [r for r in table.rows if r.replaces is not None and r.cells[NAIVE] and r.replaces.seen_from < extract]
    row = max((r for r in newest if not r.marks), key=lambda r: r.order)
    provisional = row.replaces
    assert provisional is not None
    row.seen_from = provisional.seen_until = extract + timedelta(days=8)
    for column in (NAIVE, RTE):
        plant(provisional, column, "en cours", "7.3 pending", "no result yet: pending, counted", "pending")
