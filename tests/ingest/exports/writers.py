"""Exports of one set of results as many laboratories would write them, each with the dialect that reads it back.

A writer returns an `Export`: the bytes, the dialect as a dictionary, and where the result cells stand, so that a
reader that knows nothing of the ingest can count them.
"""

import copy
import csv
import io
import json
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape

import openpyxl
import polars as pl
import pyreadstat

from ..ods_by_hand import content as ods_content
from ..ods_by_hand import sheet as ods_sheet
from ..ods_by_hand import write_ods
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


def _sdtm(results: Sequence[Result]) -> list[dict[str, str]]:
    """LB of SDTM: original text and unit, collection date in ISO form."""
    return [
        {"STUDYID": "S101", "USUBJID": r.subject, "LBREFID": r.accession, "LBTESTCD": r.analyte,
         "LBTEST": NAMES[r.analyte], "LBORRES": in_unit(r, 3 if r.analyte == "ALC" else 0),
         "LBORRESU": "10^9/L" if r.analyte == "ALC" else "/uL", "LBLOINC": LOINC[r.analyte],
         "LBDTC": f"{r.drawn:%Y-%m-%dT%H:%M}"}
        for r in results
    ]  # fmt: skip


def _sdtm_dialect(file: str, layout: dict[str, Any]) -> dict[str, Any]:
    rules = analytes({code: code for code in NAMES})
    for code in NAMES:
        rules[code]["loinc"] = LOINC[code]
    return dialect(
        files=[file],
        layout=layout,
        shape="long",
        columns={"participant": "USUBJID", "accession": "LBREFID", "test": "LBTESTCD", "result": "LBORRES",
                 "unit": "LBORRESU", "loinc": "LBLOINC", "ignored": ["STUDYID", "LBTEST"],
                 "collected": {"column": "LBDTC", "as": "date", "dates": {"formats": ["%Y-%m-%dT%H:%M"]}}},
        analytes=rules,
    )  # fmt: skip


def sdtm_transport(results: Sequence[Result]) -> Export:
    """SDTM LB as a SAS transport file of version 8."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "lb.xpt"
        pyreadstat.write_xport(pl.DataFrame(_sdtm(results)), path, table_name="LB", file_format_version=8)
        content = path.read_bytes()
    return Export("lb.xpt", content, _sdtm_dialect("lb.xpt", {"format": "xpt", "encoding": "ascii"}), (5,), 2)


def sdtm_json(results: Sequence[Result]) -> Export:
    """SDTM LB as Dataset-JSON 1.1."""
    records = _sdtm(results)
    content = json.dumps(
        {
            "datasetJSONCreationDateTime": "2026-04-12T10:00:00", "datasetJSONVersion": "1.1.0", "itemGroupOID": "IG.LB",
            "records": len(records), "name": "LB", "label": "Laboratory Test Results",
            "columns": [{"itemOID": f"IT.LB.{n}", "name": n, "label": n, "dataType": "string"} for n in records[0]],
            "rows": [list(record.values()) for record in records],
        }
    )  # fmt: skip
    return Export("lb.json", content.encode(), _sdtm_dialect("lb.json", {"format": "dataset_json"}), (5,), 2)


def hl7_messages(results: Sequence[Result]) -> Export:
    """One message ORU^R01 per sample in one file; censored results as structured numerics."""
    lines = []
    for number, sample in enumerate(samples(results), start=1):
        first = sample[0]
        lines += [
            rf"MSH|^~\&|LIS|HOSP|||20260203||ORU^R01|{number}|P|2.5",
            f"PID|1||{first.subject}^^^S101^PI",
            f"OBR|1||{first.accession}|PANEL^Lymphocytes|||{first.drawn:%Y%m%d%H%M}",
        ]
        for set_id, r in enumerate(sample, start=1):
            kind, value = ("NM", in_unit(r, 0))
            if r.per_ul is None:
                kind = "ST"
            elif r.comparator != "=":
                kind, value = "SN", f"{r.comparator}^{value[1:]}"
            lines.append(f"OBX|{set_id}|{kind}|{LOINC[r.analyte]}^{NAMES[r.analyte]}^LN||{value}|/uL^^UCUM|||||F")
    rules = analytes(NAMES)
    for code, name in NAMES.items():
        rules[name]["loinc"] = LOINC[code]
    lab = dialect(
        files=["x.hl7"],
        layout={"format": "hl7v2", "encoding": "utf-8"},
        shape="long",
        columns={"participant": "PID-3.1", "accession": "OBR-3", "test": "OBX-3.2", "result": "OBX-5", "unit": "OBX-6",
                 "status": "OBX-11", "loinc": "LOINC", "ignored": "*",
                 "collected": {"column": "OBR-7", "as": "date", "dates": {"formats": ["%Y%m%d%H%M"]}}},
        analytes=rules,
        statuses={"F": "F"},
    )  # fmt: skip
    return Export("x.hl7", "".join(f"{line}\r" for line in lines).encode(), lab, (), 0)


def _observations(results: Sequence[Result]) -> list[dict[str, Any]]:
    found = []
    for r in results:
        held: dict[str, Any] = {
            "resourceType": "Observation", "id": f"{r.accession}-{r.analyte}", "status": "final",
            "subject": {"identifier": {"system": "urn:s101", "value": r.subject}},
            "code": {"coding": [{"system": "http://loinc.org", "code": LOINC[r.analyte]}], "text": NAMES[r.analyte]},
            "effectiveDateTime": f"{r.drawn:%Y-%m-%dT%H:%M:%S}+01:00",
        }  # fmt: skip
        if r.per_ul is None:
            held["valueString"] = "clotted"
        else:
            quantity = {"value": int(r.per_ul), "unit": "/uL", "system": "http://unitsofmeasure.org", "code": "/uL"}
            held["valueQuantity"] = quantity if r.comparator == "=" else quantity | {"comparator": r.comparator}
        found.append(held)
    return found


def _fhir_dialect(file: str) -> dict[str, Any]:
    rules = analytes(NAMES)
    for code, name in NAMES.items():
        rules[name]["loinc"] = LOINC[code]
    return dialect(
        files=[file],
        layout={"format": "fhir"},
        shape="long",
        columns={"participant": "subject.identifier.value", "accession": "id", "test": "code.text", "result": "value",
                 "unit": "unit", "status": "status", "loinc": "code.loinc", "ignored": "*",
                 "collected": {"column": "effective", "as": "date", "dates": {"formats": ["%Y-%m-%dT%H:%M:%S%z"]}}},
        analytes=rules,
        statuses={"final": "F"},
    )  # fmt: skip


def fhir_bundle(results: Sequence[Result]) -> Export:
    """Observations of FHIR R4 in one Bundle."""
    bundle = {
        "resourceType": "Bundle",
        "type": "collection",
        "entry": [{"resource": r} for r in _observations(results)],
    }
    return Export("x.json", json.dumps(bundle).encode(), _fhir_dialect("x.json"), (), 0)


def fhir_lines(results: Sequence[Result]) -> Export:
    """Observations of FHIR R4, a resource per line."""
    content = "\n".join(json.dumps(resource) for resource in _observations(results))
    return Export("x.ndjson", content.encode(), _fhir_dialect("x.ndjson"), (), 0)


def _by_visit(results: Sequence[Result]) -> tuple[list[str], dict[str, dict[str, list[Result]]]]:
    """Visit labels in order of day, and samples by participant and visit."""
    visits = sorted({r.visit for r in results}, key=lambda label: int(label.removeprefix("Day ")))
    people: dict[str, dict[str, list[Result]]] = {}
    for sample in samples(results):
        people.setdefault(sample[0].subject, {})[sample[0].visit] = sample
    return visits, people


def visits_with_date_row(results: Sequence[Result]) -> Export:
    """A row per participant and analyte, a column per visit; the dates of the draws in a row of their own."""
    visits, people = _by_visit(results)
    rows: Rows = [["Patient", "Test", *visits]]
    for subject, seen in people.items():
        rows.append([subject, "Drawn", *(f"{seen[v][0].drawn:%d/%m/%Y}" if v in seen else "" for v in visits)])
        for index, code in enumerate(NAMES):
            cells = [in_unit(seen[v][index], 0, ",") if v in seen else "" for v in visits]
            rows.append([subject, NAMES[code], *cells])
    lab = dialect(
        files=["x.csv"],
        layout={"format": "csv", "encoding": "utf-8", "delimiter": ";"},
        shape="wide_by_visit",
        columns={"participant": "Patient", "test": "Test",
                 "collected": {"column": "Drawn", "as": "date", "dates": {"formats": ["%d/%m/%Y"]}}},
        visits={"heads": r"Day -?\d+", "dates": "row"},
        analytes=analytes(NAMES, "/uL"),
        numbers={"decimal": [","]},
        duplicates={"same_draw": ["collected"], "same_day": "query"},
    )  # fmt: skip
    return Export("x.csv", delimited(rows, ";", "utf-8"), lab, tuple(range(2, 2 + len(visits))), 2)


def visits_with_dates_beside(results: Sequence[Result]) -> Export:
    """A row per participant and analyte; under each visit its date and its result."""
    visits, people = _by_visit(results)
    rows: Rows = [["Patient", "Test", *(label for v in visits for label in (v, ""))]]
    rows.append(["", "", *(["Date", "Result"] * len(visits))])
    for subject, seen in people.items():
        for index, code in enumerate(NAMES):
            cells: list[str] = []
            for v in visits:
                cells += [f"{seen[v][0].drawn:%d/%m/%Y}", in_unit(seen[v][index], 0)] if v in seen else ["", ""]
            rows.append([subject, NAMES[code], *cells])
    lab = dialect(
        files=["x.csv"],
        layout={"format": "csv", "encoding": "utf-8", "delimiter": ",", "header_rows": [1, 2], "header_fill": "forward"},
        shape="wide_by_visit",
        columns={"participant": "Patient", "test": "Test", "result": "Result",
                 "collected": {"column": "Date", "as": "date", "dates": {"formats": ["%d/%m/%Y"]}}},
        visits={"heads": r"Day -?\d+", "dates": "beside"},
        analytes=analytes(NAMES, "/uL"),
        duplicates={"same_draw": ["collected"], "same_day": "query"},
    )  # fmt: skip
    return Export("x.csv", delimited(rows, ",", "utf-8"), lab, tuple(range(3, 3 + 2 * len(visits), 2)), 3)


def patient_blocks(results: Sequence[Result]) -> Export:
    """One block per participant, each with its heads; page titles between."""
    rows: Rows = []
    for subject in dict.fromkeys(r.subject for r in results):
        rows += [[f"Patient: {subject}"], ["Sample", "Date", *NAMES.values()]]
        for sample in samples([r for r in results if r.subject == subject]):
            rows.append([sample[0].accession, f"{sample[0].drawn:%Y-%m-%d}", *(in_unit(r, 0) for r in sample)])
        rows.append([])
    lab = dialect(
        files=["x.csv"],
        layout={"format": "csv", "encoding": "utf-8", "delimiter": ";", "header_rows": [2],
                "blocks": {"begins": r"Patient: (?P<participant>\S+)", "participant": "Patient"}},
        shape="wide_by_analyte",
        columns={"participant": "Patient", "accession": "Sample",
                 "collected": {"column": "Date", "as": "date", "dates": {"formats": ["%Y-%m-%d"]}}},
        analytes=analytes(NAMES, "/uL"),
    )  # fmt: skip
    return Export("x.csv", delimited(rows, ";", "utf-8"), lab, tuple(range(2, 2 + len(NAMES))), 3)


def open_document(results: Sequence[Result]) -> Export:
    """The long export as a sheet of OpenDocument, everything typed as text."""
    rows = _long(results, "%Y-%m-%d", lambda r: (0, "/uL"), ".")
    texts = [[f'<table:table-cell office:value-type="string"><text:p>{escape(c)}</text:p></table:table-cell>' for c in row]
             for row in rows]  # fmt: skip
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "x.ods"
        write_ods(path, ods_content(ods_sheet("Data", *texts)))
        content = path.read_bytes()
    lab = _long_dialect("", "", ["%Y-%m-%d"], ".", files=["x.ods"], layout={"format": "ods", "sheets": ["Data"]})
    return Export("x.ods", content, lab, (6,), 2)


WRITERS: list[Callable[[Sequence[Result]], Export]] = [
    french_csv,
    central_csv,
    utf16_tabs,
    utf16_big_endian,
    latin9_bars,
    bom_exponents,
    workbook_visits,
    workbook_long,
    sdtm_transport,
    sdtm_json,
    hl7_messages,
    fhir_bundle,
    fhir_lines,
    visits_with_date_row,
    visits_with_dates_beside,
    patient_blocks,
    open_document,
]
