"""The Utrecht workbook: one row per patient, visits merged over analytes, all values x10^6/L."""

import io
import zipfile
from dataclasses import dataclass, field
from datetime import date, datetime
from itertools import count
from typing import TYPE_CHECKING

import polars as pl

from immrecon.simulate.parameters import LABORATORIES, VISITS
from immrecon.simulate.rows import PlacedMark, Rendered, Row, Table

if TYPE_CHECKING:
    from xlsxwriter.format import Format
    from xlsxwriter.workbook import Workbook
    from xlsxwriter.worksheet import Worksheet

FILE = "labs/utrecht_flow.xlsx"
SHEET = "Resultaten"
ANALYTES = ("CD3", "CD4", "CD8", "CD19", "NK")
COLUMNS = ("Datum", *ANALYTES)
FIRST_ROW = 6  # 1-based: three title rows and two header rows above
TEXT, SERIAL, FORMULA = "text", "serial", "formula"


def utrecht_table(samples: pl.DataFrame) -> Table:
    """Clean blocks (patient, visit) of all Utrecht samples; unscheduled ones go to 'Extra 1', 'Extra 2'."""
    table = Table(FILE, COLUMNS, ("_patient", "_visit"), [])
    limit = LABORATORIES["03"].limit_of_quantification_per_ul
    extra: dict[str, count[int]] = {}
    for sample in samples.filter(pl.col("laboratory") == "utrecht").sort("subject", "collected").iter_rows(named=True):
        subject, visit = str(sample["subject"]), str(sample["visit"])
        if visit == "Unscheduled":
            visit = f"Extra {next(extra.setdefault(subject, count(1)))}"
        cells = {"Datum": f"{sample['collected']:%Y-%m-%d}", "_patient": subject, "_visit": visit}
        kinds = {}
        for analyte in ANALYTES:
            value = round(sample[f"read_{analyte}"])
            cells[analyte] = f"<{limit}" if value < limit else str(value)
            kinds[analyte] = "below_limit" if value < limit else "value"
        tags = {"subject": subject, "visit": visit, "day": str(sample["day"])}
        order = (subject, f"{sample['collected']:%Y-%m-%d}")
        table.rows.append(Row(cells, sample["reported"].date(), None, kinds, [], tags, order))
    return table


@dataclass
class _Grid:
    """Where each patient's row and each visit's block lie."""

    rows: list[Row]
    patients: list[str] = field(init=False)
    visits: list[str] = field(init=False)

    def __post_init__(self) -> None:
        self.patients = sorted({r.cells["_patient"] for r in self.rows})
        extras = sorted({r.cells["_visit"] for r in self.rows if r.cells["_visit"].startswith("Extra")})
        self.visits = [v.label for v in VISITS] + extras

    def row_of(self, row: Row) -> int:
        """1-based sheet row."""
        return FIRST_ROW + self.patients.index(row.cells["_patient"])

    def column_of(self, row: Row, column: str) -> int:
        """0-based sheet column."""
        if column == "Patient":
            return 0
        return 1 + self.visits.index(row.cells["_visit"]) * len(COLUMNS) + COLUMNS.index(column)


def letter(column: int) -> str:
    """Spreadsheet letter of a 0-based column."""
    text = ""
    column += 1
    while column:
        column, rest = divmod(column - 1, 26)
        text = chr(65 + rest) + text
    return text


def render_utrecht(table: Table, extract: date) -> Rendered:
    """The workbook as bytes; stored, not deflated, so that the bytes don't depend on the zlib at hand."""
    import xlsxwriter

    rows = table.visible(extract)
    grid = _Grid(rows)
    buffer = io.BytesIO()
    with xlsxwriter.Workbook(buffer, {"in_memory": True}) as book:
        book.set_properties({"title": "Resultaten S101", "author": "Laboratorium", "created": datetime(2024, 9, 1)})
        formats = {k: book.add_format({"num_format": f}) for k, f in {"date": "dd-mm-yyyy", "text": "@"}.items()}
        formats["head"] = book.add_format({"bold": True, "align": "center"})
        sheet = book.add_worksheet(SHEET)
        _write_header(sheet, grid, formats, extract)
        for row in rows:
            _write_block(sheet, grid, row, formats)
        total_row = FIRST_ROW + len(grid.patients)
        _write_totals(sheet, grid, rows, total_row)
        _write_hidden(book, grid, rows)
        _write_info(book, extract)
    marks = [
        PlacedMark(FILE, SHEET, grid.row_of(r), letter(grid.column_of(r, m.column)), m.kind, m.item, m.expected)
        for r in rows
        for m in r.marks
    ]
    return Rendered(_stored(buffer.getvalue()), marks + _layout_marks(total_row), _counts(grid, rows))


def _write_header(sheet: "Worksheet", grid: _Grid, formats: "dict[str, Format]", extract: date) -> None:
    write, merge = sheet.write, sheet.merge_range
    write(0, 0, "Laboratorium voor flowcytometrie, Utrecht")
    write(1, 0, f"S101 lymfocytensubpopulaties, uitdraai {extract:%d-%m-%Y}")
    write(2, 0, "alle waarden x10^6/L")
    merge(3, 0, 4, 0, "Patient", formats["head"])
    for index, visit in enumerate(grid.visits):
        left = 1 + index * len(COLUMNS)
        merge(3, left, 3, left + len(COLUMNS) - 1, visit, formats["head"])
        for offset, column in enumerate(COLUMNS):
            write(4, left + offset, column, formats["head"])
    written = {r.cells["_patient"]: r.tags["patient as written"] for r in grid.rows if "patient as written" in r.tags}
    for index, patient in enumerate(grid.patients):
        write(FIRST_ROW - 1 + index, 0, written.get(patient, patient))


def _write_block(sheet: "Worksheet", grid: _Grid, row: Row, formats: "dict[str, Format]") -> None:
    line = grid.row_of(row) - 1
    for column in COLUMNS:
        at, text, how = grid.column_of(row, column), row.cells[column], row.tags.get(f"as {column}", "")
        if column == "Datum" and not how:
            sheet.write_datetime(line, at, datetime.fromisoformat(text), formats["date"])
        elif how == SERIAL:
            serial = (date.fromisoformat(text) - date(1899, 12, 30)).days
            sheet.write_number(line, at, serial)
        elif how == FORMULA:
            cells = [f"{letter(grid.column_of(row, c))}{line + 1}" for c in ("CD4", "CD8")]
            sheet.write_formula(line, at, f"={cells[0]}+{cells[1]}", None, int(text))
        elif how == TEXT or not text.isdigit():
            sheet.write_string(line, at, text, formats["text"])
        else:
            sheet.write_number(line, at, int(text))


def _write_totals(sheet: "Worksheet", grid: _Grid, rows: list[Row], total_row: int) -> None:
    sheet.write_string(total_row - 1, 0, "Totaal")
    for index, visit in enumerate(grid.visits):
        number = sum(r.cells["_visit"] == visit for r in rows)
        sheet.write_number(total_row - 1, 2 + index * len(COLUMNS), number)


def _write_hidden(book: "Workbook", grid: _Grid, rows: list[Row]) -> None:
    """Old values: the first blocks of an earlier printout, before recalibration."""
    sheet = book.add_worksheet("oud")
    sheet.write_row(0, 0, ["Patient", "Visite", *COLUMNS])
    for index, row in enumerate(r for r in rows if r.cells["_visit"] == "Day 28"):
        sheet.write_string(index + 1, 0, row.cells["_patient"])
        sheet.write_string(index + 1, 1, "Day 28")
        sheet.write_string(index + 1, 2, row.cells["Datum"])
        for offset, analyte in enumerate(ANALYTES):
            text = row.cells[analyte]
            if text.isdigit():
                sheet.write_number(index + 1, 3 + offset, round(int(text) * 1.12))
    sheet.hide()


def _write_info(book: "Workbook", extract: date) -> None:
    sheet = book.add_worksheet("Info")
    lines = [
        ("Laboratorium", "Flowcytometrie, Utrecht"),
        ("Eenheid", "x10^6/L"),
        ("Ondergrens", "1 x10^6/L"),
        ("Methode", "single platform, beads"),
        ("Uitdraai", f"{extract:%d-%m-%Y}"),
    ]
    for index, line in enumerate(lines):
        sheet.write_row(index, 0, line)


def _stored(content: bytes) -> bytes:
    out = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(content)) as source,
        zipfile.ZipFile(out, "w", zipfile.ZIP_STORED) as target,
    ):
        for name in source.namelist():
            info = zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0))
            info.create_system = 3
            target.writestr(info, source.read(name))
    return out.getvalue()


def _counts(grid: _Grid, rows: list[Row]) -> dict[str, int]:
    counts: dict[str, int] = {"blank": len(grid.patients) * len(grid.visits) * len(ANALYTES)}
    for row in rows:
        for kind in row.kinds.values():
            counts[kind] = counts.get(kind, 0) + 1
            counts["blank"] -= 1
    return dict(sorted(counts.items()))


def _layout_marks(total_row: int) -> list[PlacedMark]:
    def layout(sheet: str, row: int, kind: str, item: str, expected: str) -> PlacedMark:
        return PlacedMark(FILE, sheet, row, "", kind, item, expected)

    return [
        layout(
            SHEET,
            1,
            "title rows above the header",
            "7.4 title rows above header",
            "skip, headers on rows 4 and 5",
        ),
        layout(
            SHEET,
            3,
            "unit in a title row",
            "7.2 unit outside the table",
            "unit declared by the configuration",
        ),
        layout(SHEET, 4, "visit merged over analytes", "7.4 merged XLSX headers", "fill the visit to the right"),
        layout(SHEET, 4, "wide by visit", "7.4 wide by visit", "one row per patient to one row per result"),
        layout(SHEET, total_row, "totals row", "7.4 footers and totals", "not a patient: skip, count as footer"),
        layout("oud", 1, "hidden sheet with superseded values", "7.4 hidden sheets", "not read"),
        layout("Info", 1, "sheet without results", "7.4 hidden sheets", "not read"),
    ]
