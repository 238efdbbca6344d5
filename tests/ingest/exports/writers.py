"""Exports of one set of results as many laboratories would write them, each with the dialect that reads it back.

A writer returns an `Export`: the bytes, the dialect as a dictionary, and where the result cells stand, so that a
reader that knows nothing of the ingest can count them.
"""

import copy
import csv
import io
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

import openpyxl

from .truth import LLOQ_PER_UL, LOINC, NAMES, Result

Rows = list[list[str]]


@dataclass(frozen=True)
class Export:
    """`results` names the columns (by position, from 0) and `first` the row (from 1) where result cells begin."""

    file: str
    content: bytes
    dialect: dict[str, Any]
    results: tuple[int, ...]
    first: int


BASE: dict[str, Any] = {
    "name": "lab",
    "description": "an export of the synthetic study",
    "participant": {"pattern": r"S101-(?P<site>\d{2})-(?P<number>\d{3})", "template": "S101-{site}-{number}"},
    "not_requested": [],
    "numbers": {"decimal": ["."]},
    "words": {"not_done": [{"matches": "clotted|coagulé|stolsel|geronnen", "reason": "clotted"}]},
    "duplicates": {"same_draw": ["accession"], "same_day": "query"},
    "checks": {
        "sums": [], "shares": [], "jump": None, "slip": None, "identical_min_analytes": None,
        "max_hours_to_receipt": None, "visit": None,
    },
}  # fmt: skip


def dialect(**changes: Any) -> dict[str, Any]:
    return copy.deepcopy(BASE) | changes


def analytes(heads: dict[str, str], unit: str | None = None, **more: Any) -> dict[str, Any]:
    """Rules by head; `unit` None where a unit column says it."""
    return {head: {"code": code, "unit": unit, "lloq": float(LLOQ_PER_UL), **more} for code, head in heads.items()}


def in_unit(result: Result, power: int, decimal: str = ".", clotted: str = "clotted", thousands: str = "") -> str:
    """The cell as a laboratory prints it: comparator and number in 10^power per uL (0: /uL, 3: 10^9/L)."""
    if result.per_ul is None:
        return clotted
    value = result.per_ul.scaleb(-power)
    text = f"{value:,f}" if thousands else f"{value:f}"
    text = text.replace(",", "\0").replace(".", decimal).replace("\0", thousands)
    return {"=": "", "<": "<", ">": ">"}[result.comparator] + text


def delimited(rows: Sequence[Sequence[str]], delimiter: str, encoding: str, newline: str = "\r\n") -> bytes:
    stream = io.StringIO()
    csv.writer(stream, delimiter=delimiter, lineterminator=newline).writerows(rows)
    return stream.getvalue().encode(encoding)


def samples(results: Sequence[Result]) -> list[list[Result]]:
    """Results by sample, in the order of NAMES."""
    by: dict[str, list[Result]] = {}
    for result in results:
        by.setdefault(result.accession, []).append(result)
    return list(by.values())


def french_csv(results: Sequence[Result]) -> Export:
    """Semicolons, decimal commas, no-break thousands, Windows-1252, G/L and /mm3, titles and page footers."""
    heads = {code: f"{NAMES[code]} ({'G/L' if code == 'ALC' else '/mm3'})" for code in NAMES}
    rows: Rows = [
        ["Sous-populations lymphocytaires – étude"],
        [],
        ["N° patient", "N° prélèvement", "Date", *heads.values()],
    ]
    for sample in samples(results):
        cells = [in_unit(r, 3 if r.analyte == "ALC" else 0, ",", "coagulé", "\xa0") for r in sample]
        rows.append([sample[0].subject, sample[0].accession, f"{sample[0].drawn:%d/%m/%Y}", *cells])
    rows.append([f"Total : {len(samples(results))} prélèvements"])
    rules = analytes(heads, "/mm3")
    rules[heads["ALC"]]["unit"] = "G/L"
    lab = dialect(
        files=["x.csv"],
        layout={"format": "csv", "encoding": "cp1252", "delimiter": ";", "header_rows": [3], "ignore_rows": [r"Total : \d+ .*"]},
        shape="wide_by_analyte",
        columns={"participant": "N° patient", "accession": "N° prélèvement",
                 "collected": {"column": "Date", "as": "date", "dates": {"formats": ["%d/%m/%Y"]}}},
        analytes=rules,
        numbers={"decimal": [","], "thousands": ["\xa0"]},
    )  # fmt: skip
    return Export("x.csv", delimited(rows, ";", "cp1252"), lab, tuple(range(3, 9)), 4)


def _long(results: Sequence[Result], stamp: str, units: Callable[[Result], tuple[int, str]], decimal: str) -> Rows:
    head = ["SUBJECT", "ACCESSION", "COLLECTED", "VISIT", "TEST", "LOINC", "RESULT", "UNIT"]
    rows: Rows = [head]
    for r in results:
        power, unit = units(r)
        rows.append([r.subject, r.accession, r.drawn.strftime(stamp), r.visit, NAMES[r.analyte], LOINC[r.analyte],
                     in_unit(r, power, decimal), unit])  # fmt: skip
    return rows


def _long_dialect(encoding: str, delimiter: str, formats: list[str], decimal: str, **changes: Any) -> dict[str, Any]:
    rules = analytes(NAMES)
    for code, name in NAMES.items():
        rules[name]["loinc"] = LOINC[code]
    return dialect(
        files=["x.csv"],
        layout={"format": "csv", "encoding": encoding, "delimiter": delimiter},
        shape="long",
        columns={"participant": "SUBJECT", "accession": "ACCESSION", "visit": "VISIT", "test": "TEST", "result": "RESULT",
                 "unit": "UNIT", "loinc": "LOINC",
                 "collected": {"column": "COLLECTED", "as": "date", "dates": {"formats": formats}}},
        analytes=rules,
        numbers={"decimal": [decimal]},
    ) | changes  # fmt: skip


def central_csv(results: Sequence[Result]) -> Export:
    """Long, commas, month before day with a time, LOINC codes, units by row."""
    rows = _long(results, "%m/%d/%Y %H:%M", lambda r: (3, "10*3/uL") if r.analyte == "ALC" else (0, "cells/uL"), ".")
    lab = _long_dialect("utf-8", ",", ["%m/%d/%Y %H:%M"], ".")
    return Export("x.csv", delimited(rows, ",", "utf-8"), lab, (6,), 2)


def utf16_tabs(results: Sequence[Result]) -> Export:
    """As spreadsheets save "Unicode text": UTF-16 little endian with a byte order mark, tabs, both kinds of micro."""
    rows = _long(
        results,
        "%d.%m.%Y",
        lambda r: (3, "G/L") if r.analyte == "ALC" else (0, "/µL" if r.analyte == "CD3" else "/μL"),
        ",",
    )
    lab = _long_dialect("utf-16", "\t", ["%d.%m.%Y"], ",")
    return Export("x.csv", delimited(rows, "\t", "utf-16"), lab, (6,), 2)


def utf16_big_endian(results: Sequence[Result]) -> Export:
    """UTF-16 big endian without a mark, bars, month names, two-digit years, exponents."""
    rows = _long(results, "%d-%b-%y", lambda r: (0, "x10^6/L"), ".")
    lab = _long_dialect("utf-16-be", "|", ["%d-%b-%y"], ".")
    lab["columns"]["collected"]["dates"]["century"] = 2000
    return Export("x.csv", delimited(rows, "|", "utf-16-be", "\n"), lab, (6,), 2)


def latin9_bars(results: Sequence[Result]) -> Export:
    """ISO 8859-15, bars, ISO dates, "≤"-free signs with blanks, trailing flags, repeated header on every page."""
    plain = _long(results, "%Y-%m-%d", lambda r: (3, "x10(9)/L") if r.analyte == "ALC" else (0, "/mm3"), ",")
    rows: Rows = []
    for index, row in enumerate(plain[1:]):
        if index % 50 == 0:
            rows += [[f"Seite {index // 50 + 1} – Café"[:7]], plain[0]]
        flagged = row[6].replace("<", "< ") + ("" if row[6] == "clotted" or index % 7 else " H")
        rows.append([*row[:6], flagged, row[7]])
    lab = _long_dialect("iso8859-15", "|", ["%Y-%m-%d"], ",", numbers={"decimal": [","], "flags": ["H"]})
    lab["layout"] |= {"header_rows": [2], "repeated_header": True, "ignore_rows": [r"Seite \d+"]}
    return Export("x.csv", delimited(rows, "|", "iso8859-15"), lab, (6,), 3)


def bom_exponents(results: Sequence[Result]) -> Export:
    """UTF-8 with a byte order mark, numbers in exponent form per litre, days since transplant left to the dates."""
    rows = _long(results, "%Y%m%d", lambda r: (-6, "/L"), ".")
    for row in rows[1:]:
        sign = row[6][0] if row[6][0] in "<>" else ""
        if row[6] != "clotted":
            row[6] = sign + f"{Decimal(row[6].removeprefix(sign)):.5E}".replace("E+", "E+0")
    lab = _long_dialect("utf-8-sig", ",", ["%Y%m%d"], ".")
    return Export("x.csv", delimited(rows, ",", "utf-8-sig"), lab, (6,), 2)


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


WRITERS: list[Callable[[Sequence[Result]], Export]] = [
    french_csv, central_csv, utf16_tabs, utf16_big_endian, latin9_bars, bom_exponents, workbook_visits, workbook_long,
]  # fmt: skip
