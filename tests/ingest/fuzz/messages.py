"""Messages of HL7 v2 and resources of FHIR as rows and back, as the writers of this folder write them."""

import json
import re
from typing import Any

from ..exports.common import Export
from .plain_values import power_of
from .sheet import Sheet, UnreadableError, load_json, text

HL7_HEADS = ["PID-3.1", "OBR-3", "OBR-7", "OBX-2", "OBX-3.2", "LOINC", "OBX-5", "OBX-6", "OBX-11"]
FHIR_HEADS = ["subject.identifier.value", "id", "effective", "code.text", "code.loinc", "value", "unit", "status"]


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


def read_hl7(export: Export, content: bytes) -> Sheet:
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
                who, order = _unescaped(parts[3].partition("~")[0].partition("^")[0]), ["", ""]
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


def write_hl7(export: Export, sheet: Sheet) -> bytes:
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


def read_fhir(export: Export, content: bytes) -> Sheet:
    decoded = content.decode("utf-8").removeprefix("\ufeff")
    if "\0" in decoded:
        raise UnreadableError("null characters")
    partly = False
    try:
        whole = load_json(decoded)
        found = [entry.get("resource") for entry in whole["entry"]] if whole["resourceType"] == "Bundle" else [whole]
        if any(not isinstance(r, dict) or r.get("resourceType") != "Observation" for r in found):
            partly = True
    except ValueError:
        found = []
        for line in decoded.split("\n"):
            try:
                found.append(load_json(line))
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
        return said.get("comparator", "") + said.get("value", ""), _agreed(coded, said.get("unit", ""))
    return "", ""


def _agreed(coded: str, said: str) -> str:
    """The coded unit is meant for machines: it holds, unless the words beside it are another unit."""
    both = power_of(coded), power_of(said)
    return f"{coded} or {said}" if None not in both and both[0] != both[1] else coded or said


def write_fhir(export: Export, sheet: Sheet) -> bytes:
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
