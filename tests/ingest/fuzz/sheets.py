"""An export as rows of cells and back, by plain means: csv, openpyxl, json, ElementTree, split. Nothing of the ingest.

Messages and resources become rows with the heads that their dialect names; they are written as the writers write them.
"""

import csv
import io
import json
import re
import tempfile
import unicodedata
import zipfile
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import Any
from xml.etree import ElementTree
from xml.sax.saxutils import escape

import openpyxl
import polars as pl
import pyreadstat

from ..exports.common import Export
from ..ods_by_hand import content as ods_content
from ..ods_by_hand import sheet as ods_sheet
from ..ods_by_hand import write_ods

HL7_HEADS = ["PID-3.1", "OBR-3", "OBR-7", "OBX-2", "OBX-3.2", "LOINC", "OBX-5", "OBX-6", "OBX-11"]
FHIR_HEADS = ["subject.identifier.value", "id", "effective", "code.text", "code.loinc", "value", "unit", "status"]
_CONTROLS = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")


class UnreadableError(Exception):
    """The file is not what the dialect says, for a plain reader too."""


@dataclass(frozen=True)
class Sheet:
    """Rows with their numbers; `merged` as first row, last row (from 1), first column, last column (from 0)."""

    numbers: list[int]
    rows: list[list[Any]]
    merged: list[tuple[int, int, int, int]] = field(default_factory=list)
    partly: bool = False
    """Parts of the file could not be read, so nothing can be counted."""

    def with_rows(self, rows: list[list[Any]]) -> "Sheet":
        return replace(self, rows=rows)


def kind(export: Export) -> str:
    return str(export.dialect["layout"]["format"])


def read(export: Export, content: bytes) -> Sheet:
    """Raises UnreadableError."""
    readers = {
        "csv": _read_csv, "xlsx": _read_xlsx, "ods": _read_ods, "xpt": _read_xpt, "dataset_json": _read_dataset_json,
        "hl7v2": _read_hl7, "fhir": _read_fhir,
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
        "dataset_json": _write_dataset_json, "hl7v2": _write_hl7, "fhir": _write_fhir,
    }  # fmt: skip
    return writers[kind(export)](export, sheet)


def text(value: Any) -> str:
    """A typed cell as a person reads it."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(value).upper()
    if isinstance(value, datetime):
        return value.strftime("%Y-%m-%d" if value.hour == value.minute == value.second == 0 else "%Y-%m-%d %H:%M:%S")
    return f"{value:.15g}" if isinstance(value, int | float) else str(value)


def clean(value: Any) -> str:
    return " ".join(unicodedata.normalize("NFC", text(value)).split())


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


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    if len(dict(pairs)) < len(pairs):
        raise ValueError("a key twice")
    return dict(pairs)


def _load(content: str) -> Any:
    return json.loads(content, object_pairs_hook=_once, parse_float=str, parse_int=str, parse_constant=str)


def _read_dataset_json(export: Export, content: bytes) -> Sheet:
    found = _load(content.decode("utf-8-sig"))
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


def _segments(decoded: str) -> list[tuple[int, str, bool]]:
    """Number of the first line, the segment, and whether it goes on over further lines."""
    found: list[tuple[int, str, bool]] = []
    for number, line in enumerate(re.split(r"\r\n|\r|\n", decoded), 1):
        if not line.strip():
            continue
        if found and not line.startswith("MSH") and not re.match(r"[A-Z][A-Z0-9]{2}(\||$)", line.strip()):
            first, before, _ = found[-1]
            found[-1] = (first, f"{before}\n{line.strip()}", True)
        else:
            found.append((number, line.strip(), False))
    return found


def _read_hl7(export: Export, content: bytes) -> Sheet:
    """PID, OBR and OBX as the writer writes them. After any other line nobody knows whose result follows."""
    decoded = content.decode("utf-8").removeprefix("\ufeff")
    if "\0" in decoded:
        raise UnreadableError("null characters")
    numbers, rows, partly = [], [], False
    who, order, inside = "", ["", ""], False
    for number, line, broken in _segments(decoded):
        partly |= broken
        parts = [*line.split("|"), *[""] * 12]
        match parts[0]:
            case name if name.startswith("MSH"):
                inside = parts[1] == r"^~\&" and parts[8] == "ORU^R01"
                who, order, partly = "", ["", ""], partly or not inside
            case "PID":
                who, order = parts[3].split("~")[0].split("^")[0], ["", ""]
            case "OBR":
                order = [parts[3], parts[7]]
            case "OBX" if inside:
                code = [*parts[3].split("^"), "", ""]
                numbers.append(number)
                rows.append([who, *order, parts[2], code[1], code[0] if code[2] == "LN" else "",
                             parts[5] if parts[2] == "SN" else _unescaped(parts[5]), parts[6], parts[11]])  # fmt: skip
            case name if name.startswith("Z"):
                pass
            case _:
                who, order, partly = "", ["", ""], True
        if broken and "|" in line.partition("\n")[2]:
            who, order = "", ["", ""]
    if not rows:
        raise UnreadableError("no result")
    return Sheet([0, *numbers], [HL7_HEADS, *rows], partly=partly)


def _unescaped(written: str) -> str:
    signs = {"F": "|", "S": "^", "R": "~", "T": "&", "E": "\\", ".br": "\n"}
    return re.sub(r"\\(F|S|R|T|E|\.br)\\", lambda match: signs[match[1]], written)


def _hl7_text(value: Any) -> str:
    marks = {"\\": "\\E\\", "|": r"\F" + "\\", "^": r"\S" + "\\", "~": r"\R" + "\\", "&": r"\T" + "\\", "\r": r"\.br" + "\\",
             "\n": r"\.br" + "\\"}  # fmt: skip
    return "".join(marks.get(sign, sign) for sign in text(value))


def _write_hl7(export: Export, sheet: Sheet) -> bytes:
    lines: list[str] = []
    former: list[str] = []
    set_id = 0
    for row in sheet.rows[1:]:
        padded = (row + [""] * len(HL7_HEADS))[: len(HL7_HEADS)]
        comparator = re.fullmatch(r"(<|>)\^(.*)", text(padded[6]))
        cells = [_hl7_text(cell) for cell in padded]
        who, sample, drawn, form, name, code, value, unit, status = cells
        if comparator:
            value = f"{comparator[1]}^{comparator[2]}"
        if [who, sample, drawn] != former:
            former, set_id = [who, sample, drawn], 0
            lines += [rf"MSH|^~\&|LIS|HOSP|||20260203||ORU^R01|{len(lines)}|P|2.5", f"PID|1||{who}^^^S101^PI"]
            lines.append(f"OBR|1||{sample}|PANEL^Lymphocytes|||{drawn}")
        set_id += 1
        unit = unit.replace(r"\S" + "\\", "^")
        lines.append(f"OBX|{set_id}|{form}|{code}^{name}^LN||{value}|{unit}|||||{status}")
    return "".join(f"{line}\r" for line in lines).encode(errors="replace")


def _read_fhir(export: Export, content: bytes) -> Sheet:
    decoded = content.decode("utf-8").removeprefix("\ufeff")
    if "\0" in decoded:
        raise UnreadableError("null characters")
    partly = False
    try:
        whole = _load(decoded)
        found = [entry.get("resource") for entry in whole["entry"]] if whole["resourceType"] == "Bundle" else [whole]
        if any(not isinstance(r, dict) or r.get("resourceType") != "Observation" for r in found):
            partly = True
    except ValueError:
        found = []
        for line in decoded.split("\n"):
            try:
                found.append(_load(line))
            except ValueError:
                found.append(None)
                partly |= bool(line.strip())
    numbers, rows = [], []
    for number, held in enumerate(found, 1):
        if isinstance(held, dict) and held.get("resourceType") == "Observation":
            numbers.append(number)
            rows.append(_fhir_row(held))
    if not rows:
        raise UnreadableError("no observation")
    return Sheet([0, *numbers], [FHIR_HEADS, *rows], partly=partly)


def _fhir_row(held: dict[str, Any]) -> list[str]:
    """What the writer writes, whatever is lost of it; "?" for anything else."""
    value, unit = _fhir_value(held)
    coding = _at(held, "code", "coding", 0)
    row = [
        _at(held, "subject", "identifier", "value"), _at(held, "id"), _at(held, "effectiveDateTime"), _at(held, "code", "text"),
        _at(coding, "code") if _at(coding, "system") == "http://loinc.org" else "", value, unit, _at(held, "status"),
    ]  # fmt: skip
    return [cell if isinstance(cell, str) else "?" for cell in row]


def _at(element: Any, *path: str | int) -> Any:
    for name in path:
        if isinstance(name, int):
            element = element[name] if isinstance(element, list) and len(element) == 1 else ""
        else:
            element = element.get(name, "") if isinstance(element, dict) else ""
    return element


def _fhir_value(held: dict[str, Any]) -> tuple[str, str]:
    found = {name: content for name, content in held.items() if name.startswith("value") and content}
    if {"dataAbsentReason", "modifierExtension", "component"} & {*held} or len(found) > 1:
        return "?", "?"
    for name, content in found.items():
        if name == "valueString" and isinstance(content, str):
            return content.strip(), ""
        known = {"value", "unit", "system", "code", "comparator"}
        plain = isinstance(content, dict) and (content.get("value") or content.keys() <= known)
        if name != "valueQuantity" or not plain:
            return "?", "?"
        said = {part: text for part, text in content.items() if part in known}
        if not all(isinstance(text, str) for text in said.values()):
            return "?", "?"
        coded = said.get("code", "") if said.get("system") == "http://unitsofmeasure.org" else ""
        units = {text for text in (coded, said.get("unit", "")) if text}
        return said.get("comparator", "") + said.get("value", ""), units.pop() if len(units) == 1 else "".join(units)
    return "", ""


def _write_fhir(export: Export, sheet: Sheet) -> bytes:
    found = []
    for row in sheet.rows[1:]:
        cells = [text(cell) for cell in (row + [""] * len(FHIR_HEADS))[: len(FHIR_HEADS)]]
        who, name, drawn, what, code, value, unit, status = cells
        held: dict[str, Any] = {
            "resourceType": "Observation", "id": name, "status": status,
            "subject": {"identifier": {"system": "urn:s101", "value": who}},
            "code": {"coding": [{"system": "http://loinc.org", "code": code}], "text": what}, "effectiveDateTime": drawn,
        }  # fmt: skip
        match = re.fullmatch("([<>]?)([0-9]{1,12})", value)
        if match:
            held["valueQuantity"] = {
                "value": int(match[2]),
                "unit": unit,
                "system": "http://unitsofmeasure.org",
                "code": unit,
            }
            held["valueQuantity"] |= {"comparator": match[1]} if match[1] else {}
        elif value:
            held["valueString"] = value
        found.append(held)
    if export.file.endswith(".ndjson"):
        return "\n".join(json.dumps(held) for held in found).encode()
    bundle = {"resourceType": "Bundle", "type": "collection", "entry": [{"resource": held} for held in found]}
    return json.dumps(bundle).encode()
