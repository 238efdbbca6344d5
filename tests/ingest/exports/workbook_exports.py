"""Workbooks: visits merged over analytes, numbers as text, day numbers; OpenDocument."""

import io
import tempfile
from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape

import openpyxl

from ..ods_by_hand import content as ods_content
from ..ods_by_hand import sheet as ods_sheet
from ..ods_by_hand import write_ods
from .common import Export, analytes, dialect, in_unit, long_dialect, long_rows, samples
from .truth import NAMES, Result


def _book(sheet: str, rows: Sequence[Sequence[Any]], merged: Sequence[str] = ()) -> bytes:
    book = openpyxl.Workbook()
    page = book.active
    assert page is not None
    page.title = sheet
    for row in rows:
        page.append(list(row))
    for area in merged:
        page.merge_cells(area)
    hidden = book.create_sheet("old")
    hidden.append(["Patient", "CD4"])
    hidden.append(["S101-01-001", 99])
    hidden.sheet_state = "hidden"
    stream = io.BytesIO()
    book.save(stream)
    return stream.getvalue()


def workbook_visits(results: Sequence[Result]) -> Export:
    """One row a patient, merged visits above analytes, date cells, numbers as numbers, censored ones as text."""
    heads = {code: NAMES[code] for code in NAMES}
    visits = sorted({r.visit for r in results}, key=lambda label: int(label.removeprefix("Day ")))
    width = 1 + len(heads)
    top: list[Any] = ["Patient"]
    low: list[Any] = [None]
    for visit in visits:
        top += [visit] + [None] * (width - 1)
        low += ["Datum", *heads.values()]
    merged = [
        f"{openpyxl.utils.get_column_letter(2 + i * width)}1:{openpyxl.utils.get_column_letter(1 + (i + 1) * width)}1"
        for i in range(len(visits))
    ]
    merged.append("A1:A2")
    rows: list[list[Any]] = [top, low]
    for subject in dict.fromkeys(r.subject for r in results):
        row: list[Any] = [subject] + [None] * (width * len(visits))
        for sample in samples([r for r in results if r.subject == subject]):
            at = 1 + visits.index(sample[0].visit) * width
            row[at] = sample[0].drawn.date()
            row[at + 1 : at + width] = [_cell(r) for r in sample]
        rows.append(row)
    lab = dialect(
        files=["x.xlsx"],
        layout={"format": "xlsx", "sheets": ["Data"], "sheets_ignored": ["old"], "header_rows": [1, 2]},
        shape="wide_visit_over_analyte",
        columns={"participant": "Patient", "collected": {"column": "Datum", "as": "date", "dates": {"formats": ["%Y-%m-%d"]}}},
        analytes=analytes(heads, "x10^6/L"),
        duplicates={"same_draw": ["visit"], "same_day": "query"},
    )  # fmt: skip
    columns = tuple(c for c in range(1, 1 + width * len(visits)) if (c - 1) % width)
    return Export("x.xlsx", _book("Data", rows, merged), lab, columns, 3)


def _cell(result: Result) -> Any:
    if result.per_ul is None or result.comparator != "=":
        return in_unit(result, 0, clotted="stolsel")
    return float(result.per_ul)


def workbook_long(results: Sequence[Result]) -> Export:
    """Long, numbers stored as text, day numbers of a spreadsheet that lost their format, a footer."""
    rows: list[list[Any]] = [["Export"], ["ID", "Sample", "Drawn", "Test", "Value"]]
    for r in results:
        serial = (r.drawn.date() - date(1899, 12, 30)).days
        rows.append([r.subject, r.accession, serial, NAMES[r.analyte], in_unit(r, 0)])
    rows.append(["End of report"])
    lab = dialect(
        files=["x.xlsx"],
        layout={"format": "xlsx", "sheets": ["Data"], "sheets_ignored": ["old"], "header_rows": [2], "ignore_rows": ["End of report"]},
        shape="long",
        columns={"participant": "ID", "accession": "Sample", "test": "Test", "result": "Value",
                 "collected": {"column": "Drawn", "as": "date", "dates": {"formats": ["serial1900"]}}},
        analytes=analytes(NAMES, "/uL"),
    )  # fmt: skip
    return Export("x.xlsx", _book("Data", rows), lab, (4,), 3)


def open_document(results: Sequence[Result]) -> Export:
    """The long export as a sheet of OpenDocument, everything typed as text."""
    rows = long_rows(results, "%Y-%m-%d", lambda r: (0, "/uL"), ".")
    texts = [[f'<table:table-cell office:value-type="string"><text:p>{escape(c)}</text:p></table:table-cell>' for c in row]
             for row in rows]  # fmt: skip
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "x.ods"
        write_ods(path, ods_content(ods_sheet("Data", *texts)))
        content = path.read_bytes()
    lab = long_dialect("", "", ["%Y-%m-%d"], ".", files=["x.ods"], layout={"format": "ods", "sheets": ["Data"]})
    return Export("x.ods", content, lab, (6,), 2)
