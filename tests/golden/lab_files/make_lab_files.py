"""Workbooks as an office program saves them, from truth.csv. Needs LibreOffice; the tests read what it saved.

    python tests/golden/lab_files/make_lab_files.py

Two documents are described in flat OpenDocument XML, and LibreOffice saves each as .xls (BIFF8), .xlsx and .ods:

- visits: a title, visits merged above analytes, date cells of the 1900 epoch, counts stored as text, a hidden sheet;
- long: date cells of the 1904 epoch, counts that are formulas (saved with their results), the head repeated.
"""

import csv
import subprocess
import sys
import tempfile
from pathlib import Path
from xml.sax.saxutils import escape

HERE = Path(__file__).parent
FILTERS = {"xls": "MS Excel 97", "xlsx": "Calc MS Excel 2007 XML", "ods": "calc8"}
DOCUMENT = """<?xml version="1.0" encoding="UTF-8"?>
<office:document xmlns:office="urn:oasis:names:tc:opendocument:xmlns:office:1.0"
 xmlns:style="urn:oasis:names:tc:opendocument:xmlns:style:1.0" xmlns:text="urn:oasis:names:tc:opendocument:xmlns:text:1.0"
 xmlns:table="urn:oasis:names:tc:opendocument:xmlns:table:1.0" xmlns:of="urn:oasis:names:tc:opendocument:xmlns:of:1.2"
 xmlns:number="urn:oasis:names:tc:opendocument:xmlns:datastyle:1.0" office:version="1.2"
 office:mimetype="application/vnd.oasis.opendocument.spreadsheet">
<office:automatic-styles>
<number:date-style style:name="N1"><number:day number:style="long"/><number:text>/</number:text>
<number:month number:style="long"/><number:text>/</number:text><number:year number:style="long"/></number:date-style>
<style:style style:name="date" style:family="table-cell" style:data-style-name="N1"/>
<style:style style:name="hidden" style:family="table"><style:table-properties table:display="false"/></style:style>
<style:style style:name="shown" style:family="table"><style:table-properties table:display="true"/></style:style>
</office:automatic-styles>
<office:body><office:spreadsheet>
<table:calculation-settings><table:null-date table:date-value="{epoch}"/></table:calculation-settings>
{sheets}
</office:spreadsheet></office:body></office:document>
"""


def text(value: str, more: str = "") -> str:
    return f'<table:table-cell office:value-type="string"{more}><text:p>{escape(value)}</text:p></table:table-cell>'


def day(value: str) -> str:
    return f'<table:table-cell table:style-name="date" office:value-type="date" office:date-value="{value}"/>'


def number(value: str) -> str:
    return f'<table:table-cell office:value-type="float" office:value="{value}"/>'


def sum_of(value: str) -> str:
    """A formula whose result LibreOffice works out and saves."""
    return f'<table:table-cell table:formula="of:={int(value) - 1}+1" office:value-type="float" office:value="0"/>'


def merged(value: str, columns: int, rows: int = 1) -> str:
    span = f' table:number-columns-spanned="{columns}" table:number-rows-spanned="{rows}"'
    return text(value, span) + "<table:covered-table-cell/>" * (columns - 1)


def sheet(name: str, rows: list[list[str]], style: str = "shown") -> str:
    lines = "\n".join(f"<table:table-row>{''.join(row)}</table:table-row>" for row in rows)
    return f'<table:table table:name="{name}" table:style-name="{style}">\n{lines}\n</table:table>'


def written(row: dict[str, str]) -> str:
    return row["per_ul"] if row["comparator"] == "=" else row["comparator"] + row["per_ul"]


def visits(truth: list[dict[str, str]]) -> str:
    tests = list(dict.fromkeys(row["analyte"] for row in truth))
    labels = list(dict.fromkeys(row["visit"] for row in truth))
    of = {(row["subject"], row["visit"], row["analyte"]): row for row in truth}
    top = [merged("Patient", 1, 2), *(merged(label, 1 + len(tests)) for label in labels)]
    low = ["<table:covered-table-cell/>", *(text(head) for _ in labels for head in ["Datum", *tests])]
    rows = [[text("Lymphocyte subsets")], [], top, low]
    for subject in dict.fromkeys(row["subject"] for row in truth):
        line = [text(subject)]
        for label in labels:
            if (subject, label, tests[0]) not in of:
                line += ["<table:table-cell/>"] * (1 + len(tests))
                continue
            line.append(day(of[subject, label, tests[0]]["drawn"]))
            for test in tests:
                value = written(of[subject, label, test])
                # The first analyte is stored as text, the others as numbers where they are numbers.
                line.append(number(value) if value.isdigit() and test != tests[0] else text(value))
        rows.append(line)
    old = sheet("old", [[text("Patient"), text("CD4")], [text("S101-01-001"), number("99")]], "hidden")
    return DOCUMENT.format(epoch="1899-12-30", sheets=sheet("Data", rows) + "\n" + old)


def long(truth: list[dict[str, str]]) -> str:
    head = [text(name) for name in ("ID", "Drawn", "Test", "Value")]
    rows = [head]
    for place, row in enumerate(truth):
        if place and place % 9 == 0:
            rows.append(head)
        value = written(row)
        cell = (sum_of if place % 2 else number)(value) if value.isdigit() else text(value)
        rows.append([text(row["subject"]), day(row["drawn"]), text(row["analyte"]), cell])
    return DOCUMENT.format(epoch="1904-01-01", sheets=sheet("Data", rows))


def main() -> int:
    with (HERE / "truth.csv").open(encoding="utf-8", newline="") as stream:
        truth = list(csv.DictReader(stream))
    with tempfile.TemporaryDirectory() as folder:
        for name, content in (("visits", visits(truth)), ("long", long(truth))):
            source = Path(folder) / f"{name}.fods"
            source.write_text(content, encoding="utf-8")
            for ending, filter_name in FILTERS.items():
                command = ["soffice", "--headless", f"-env:UserInstallation=file://{folder}/profile", "--convert-to",
                           f"{ending}:{filter_name}", "--outdir", str(HERE), str(source)]  # fmt: skip
                subprocess.run(command, check=True, capture_output=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
