"""An export as rows of cells and back, by plain means: csv, openpyxl, json, ElementTree, split. Nothing of the ingest.

Messages and resources become rows with the heads that their dialect names; they are written as the writers write them.
"""

import csv
import io
import json
import re
import tempfile
import zipfile
from pathlib import Path
from xml.etree import ElementTree
from xml.sax.saxutils import escape

import openpyxl
import polars as pl
import pyreadstat

from ..exports.common import Export
from ..ods_by_hand import content as ods_content
from ..ods_by_hand import sheet as ods_sheet
from ..ods_by_hand import write_ods
from .messages import read_fhir, read_hl7, write_fhir, write_hl7
from .sheet import Sheet, UnreadableError, kind, load_json, text

_CONTROLS = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")


def read(export: Export, content: bytes) -> Sheet:
    """Raises UnreadableError."""
    readers = {
        "csv": _read_csv, "xlsx": _read_xlsx, "ods": _read_ods, "xpt": _read_xpt, "dataset_json": _read_dataset_json,
        "hl7v2": read_hl7, "fhir": read_fhir,
    }  # fmt: skip
    try:
        return readers[kind(export)](export, content)
    except UnreadableError:
        raise
    except Exception as error:  # whatever a plain library makes of damage
        raise UnreadableError(f"{type(error).__name__}: {error}") from None


def write(export: Export, sheet: Sheet) -> bytes:
    writers = {
        "csv": _write_csv, "xlsx": _write_xlsx, "ods": _write_ods, "xpt": _write_xpt,
        "dataset_json": _write_dataset_json, "hl7v2": write_hl7, "fhir": write_fhir,
    }  # fmt: skip
    return writers[kind(export)](export, sheet)


def _read_csv(export: Export, content: bytes) -> Sheet:
    layout = export.dialect["layout"]
    decoded = content.decode(layout["encoding"])
    if "\0" in decoded:
        raise UnreadableError("null characters")
    former = csv.field_size_limit(10**9)
    try:
        reader = csv.reader(
            io.StringIO(decoded.removeprefix("\ufeff"), newline=""), delimiter=layout["delimiter"], strict=True
        )
        numbers, rows, end = [], [], 0
        for row in reader:
            numbers.append(end + 1)
            rows.append(list(row))
            end = reader.line_num
    finally:
        csv.field_size_limit(former)
    return Sheet(numbers, rows)


def _write_csv(export: Export, sheet: Sheet) -> bytes:
    layout = export.dialect["layout"]
    stream = io.StringIO()
    csv.writer(stream, delimiter=layout["delimiter"], lineterminator="\r\n").writerows(sheet.rows)
    return stream.getvalue().encode(layout["encoding"], errors="replace")


def _read_xlsx(export: Export, content: bytes) -> Sheet:
    page = openpyxl.load_workbook(io.BytesIO(content))["Data"]  # formulas as they stand: no export here stores results
    rows = [list(row) for row in page.iter_rows(values_only=True)]
    areas = [(a.min_row, a.max_row, a.min_col - 1, a.max_col - 1) for a in page.merged_cells.ranges]
    return Sheet(list(range(1, len(rows) + 1)), rows, areas)


def _write_xlsx(export: Export, sheet: Sheet) -> bytes:
    book = openpyxl.Workbook()
    page = book.active
    assert page is not None
    page.title = "Data"
    for row in sheet.rows:
        page.append([_CONTROLS.sub("", cell) if isinstance(cell, str) else cell for cell in row])
    for top, bottom, left, right in sheet.merged:
        page.merge_cells(start_row=top, end_row=bottom, start_column=left + 1, end_column=right + 1)
    stream = io.BytesIO()
    book.save(stream)
    return stream.getvalue()


def _read_ods(export: Export, content: bytes) -> Sheet:
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        if archive.getinfo("content.xml").file_size > 5_000_000:
            raise UnreadableError("too large for a plain reader")
        tree = ElementTree.fromstring(archive.read("content.xml"))
    table = next(node for node in tree.iter() if node.tag.endswith("}table") and "Data" in node.attrib.values())
    rows = [
        ["\n".join("".join(p.itertext()) for p in cell if p.tag.endswith("}p")) for cell in row if "cell" in cell.tag]
        for row in table
        if row.tag.endswith("}table-row")
    ]
    if any("repeated" in name for node in table.iter() for name in node.attrib):
        raise UnreadableError("repeated cells are not for a plain reader")
    return Sheet(list(range(1, len(rows) + 1)), rows)


def _write_ods(export: Export, sheet: Sheet) -> bytes:
    cell = '<table:table-cell office:value-type="string"><text:p>{}</text:p></table:table-cell>'
    rows = [[cell.format(escape(_CONTROLS.sub("", text(c)))) for c in row] for row in sheet.rows]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "x.ods"
        write_ods(path, ods_content(ods_sheet("Data", *rows)))
        return path.read_bytes()


def _read_xpt(export: Export, content: bytes) -> Sheet:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "x.xpt"
        path.write_bytes(content)
        frame = pyreadstat.read_xport(path, output_format="polars")[0]
    rows = [frame.columns, *(["" if c is None else c for c in row] for row in frame.rows())]
    return Sheet(list(range(len(rows))), [list(row) for row in rows])


def _write_xpt(export: Export, sheet: Sheet) -> bytes:
    heads = [text(head) for head in sheet.rows[0]]
    cells = [
        [_CONTROLS.sub("", text(c))[:400] for c in (row + [""] * len(heads))[: len(heads)]] for row in sheet.rows[1:]
    ]
    frame = pl.DataFrame(cells, schema=dict.fromkeys(heads, pl.String), orient="row")
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "x.xpt"
        pyreadstat.write_xport(frame, path, table_name="LB", file_format_version=8)
        return path.read_bytes()


def _read_dataset_json(export: Export, content: bytes) -> Sheet:
    found = load_json(content.decode("utf-8-sig"))
    rows = [[column["name"] for column in found["columns"]], *found["rows"]]
    if any(isinstance(cell, dict | list) for row in rows for cell in row):
        raise UnreadableError("a list in place of a value")
    return Sheet(list(range(len(rows))), rows)


def _write_dataset_json(export: Export, sheet: Sheet) -> bytes:
    heads = [text(head) for head in sheet.rows[0]]
    found = json.loads(export.content)
    found["columns"] = [{"itemOID": f"IT.LB.{n}", "name": n, "label": n, "dataType": "string"} for n in heads]
    found["rows"], found["records"] = sheet.rows[1:], len(sheet.rows) - 1
    return json.dumps(found).encode()
