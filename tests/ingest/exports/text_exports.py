"""Delimited text, as laboratories in several countries write it."""

from collections.abc import Sequence
from decimal import Decimal

from .common import Export, Rows, analytes, delimited, dialect, in_unit, long_dialect, long_rows, samples
from .truth import NAMES, Result


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


def central_csv(results: Sequence[Result]) -> Export:
    """Long, commas, month before day with a time, LOINC codes, units by row."""
    rows = long_rows(
        results, "%m/%d/%Y %H:%M", lambda r: (3, "10*3/uL") if r.analyte == "ALC" else (0, "cells/uL"), "."
    )
    lab = long_dialect("utf-8", ",", ["%m/%d/%Y %H:%M"], ".")
    return Export("x.csv", delimited(rows, ",", "utf-8"), lab, (6,), 2)


def utf16_tabs(results: Sequence[Result]) -> Export:
    """As spreadsheets save "Unicode text": UTF-16 little endian with a byte order mark, tabs, both kinds of micro."""
    rows = long_rows(
        results,
        "%d.%m.%Y",
        lambda r: (3, "G/L") if r.analyte == "ALC" else (0, "/µL" if r.analyte == "CD3" else "/μL"),
        ",",
    )
    lab = long_dialect("utf-16", "\t", ["%d.%m.%Y"], ",")
    return Export("x.csv", delimited(rows, "\t", "utf-16"), lab, (6,), 2)


def utf16_big_endian(results: Sequence[Result]) -> Export:
    """UTF-16 big endian without a mark, bars, month names, two-digit years, exponents."""
    rows = long_rows(results, "%d-%b-%y", lambda r: (0, "x10^6/L"), ".")
    lab = long_dialect("utf-16-be", "|", ["%d-%b-%y"], ".")
    lab["columns"]["collected"]["dates"]["century"] = 2000
    return Export("x.csv", delimited(rows, "|", "utf-16-be", "\n"), lab, (6,), 2)


def latin9_bars(results: Sequence[Result]) -> Export:
    """ISO 8859-15, bars, ISO dates, "≤"-free signs with blanks, trailing flags, repeated header on every page."""
    plain = long_rows(results, "%Y-%m-%d", lambda r: (3, "x10(9)/L") if r.analyte == "ALC" else (0, "/mm3"), ",")
    rows: Rows = []
    for index, row in enumerate(plain[1:]):
        if index % 50 == 0:
            rows += [[f"Seite {index // 50 + 1} – Café"[:7]], plain[0]]
        flagged = row[6].replace("<", "< ") + ("" if row[6] == "clotted" or index % 7 else " H")
        rows.append([*row[:6], flagged, row[7]])
    lab = long_dialect("iso8859-15", "|", ["%Y-%m-%d"], ",", numbers={"decimal": [","], "flags": ["H"]})
    lab["layout"] |= {"header_rows": [2], "repeated_header": True, "ignore_rows": [r"Seite \d+"]}
    return Export("x.csv", delimited(rows, "|", "iso8859-15"), lab, (6,), 3)


def bom_exponents(results: Sequence[Result]) -> Export:
    """UTF-8 with a byte order mark, numbers in exponent form per litre, days since transplant left to the dates."""
    rows = long_rows(results, "%Y%m%d", lambda r: (-6, "/L"), ".")
    for row in rows[1:]:
        sign = row[6][0] if row[6][0] in "<>" else ""
        if row[6] != "clotted":
            row[6] = sign + f"{Decimal(row[6].removeprefix(sign)):.5E}".replace("E+", "E+0")
    lab = long_dialect("utf-8-sig", ",", ["%Y%m%d"], ".")
    return Export("x.csv", delimited(rows, ",", "utf-8-sig"), lab, (6,), 2)
