"""Formats of exchange: SDTM LB as transport file and Dataset-JSON, HL7 v2, FHIR."""

import json
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import polars as pl
import pyreadstat

from .common import Export, analytes, dialect, in_unit, samples
from .truth import LOINC, NAMES, Result


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
