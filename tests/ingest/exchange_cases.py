"""One laboratory that sends HL7 v2, and one that sends FHIR: dialects, and files made from what they say."""

from pathlib import Path
from typing import Any

from immrecon.config.base import build
from immrecon.config.dialect import Dialect

from .lab_cases import checks

ANALYTES = {
    "CD3": {"code": "CD3", "unit": None, "lloq": 5},
    "CD4": {"code": "CD4", "unit": None, "lloq": 5, "loinc": "24467-3"},
    "CD8": {"code": "CD8", "unit": None},
    "ALC": {"code": "ALC", "unit": None},
    "CD4 %": {"code": "CD4PCT", "unit": "%"},
}
LOINC = {"CD3": "8122-4", "CD4": "24467-3", "CD8": "14135-8", "ALC": "731-0", "CD4 %": "8123-2"}

_COMMON = {
    "description": "a laboratory",
    "shape": "long",
    "participant": {"pattern": r"S1-(?P<n>\d{3})", "template": "S1-{n}"},
    "not_requested": ["HGB"],
    "numbers": {"decimal": ["."], "flags": ["+"]},
    "words": {
        "below_limit": ["Not detected"],
        "not_done": [{"matches": "HEMOLYZED|not-performed", "reason": "not performed"}],
    },
    "duplicates": {"same_draw": ["accession"], "same_day": "keep"},
    "checks": checks(),
}


def hl7_dialect(**changes: Any) -> Dialect:
    stamps = {"formats": ["%Y%m%d%H%M%S%z", "%Y%m%d%H%M%S", "%Y%m%d%H%M", "%Y%m%d"]}
    given = {
        **_COMMON,
        "name": "lis",
        "files": ["lab.hl7"],
        "layout": {"format": "hl7v2", "encoding": "utf-8"},
        "columns": {
            "participant": "PID-3.1",
            "collected": {"column": "OBR-7", "as": "date", "dates": stamps},
            "received": {"column": "OBR-14", "dates": stamps},
            "reported": {"column": "OBR-22", "dates": stamps},
            "accession": "OBR-3",
            "status": "OBX-11",
            "test": "OBX-3.2",
            "result": "OBX-5",
            "unit": "OBX-6",
            "loinc": "LOINC",
            "ignored": "*",
        },
        "analytes": {name: {**rule, "loinc": LOINC[name]} for name, rule in ANALYTES.items()},
        "statuses": {"P": "P", "F": "F", "C": "C", "X": "X", "D": "D", "W": "W"},
        "exclude_where": [{"column": "OBX NTE", "matches": "DONOR", "reason": "sample of the donor"}],
        **changes,
    }
    return build(Dialect, given, Path("lis.yaml"))


def fhir_dialect(**changes: Any) -> Dialect:
    stamps = {"formats": ["%Y-%m-%dT%H:%M:%S%z", "%Y-%m-%d"]}
    given = {
        **_COMMON,
        "name": "server",
        "files": ["lab.json"],
        "layout": {"format": "fhir"},
        "columns": {
            "participant": "subject.identifier.value",
            "collected": {"column": "effective", "as": "date", "dates": stamps},
            "reported": {"column": "issued", "dates": stamps},
            "accession": "id",
            "status": "status",
            "test": "code.text",
            "result": "value",
            "unit": "unit",
            "loinc": "code.loinc",
            "ignored": "*",
        },
        "analytes": {name: {**rule, "loinc": LOINC[name]} for name, rule in ANALYTES.items()},
        "statuses": {
            "preliminary": "P", "final": "F", "corrected": "C", "amended": "C", "cancelled": "X",
            "entered-in-error": "D", "deleted": "D",
        },
        **changes,
    }  # fmt: skip
    return build(Dialect, given, Path("server.yaml"))


def header(kind: str = "ORU^R01", charset: str = "", control: str = "1") -> str:
    return rf"MSH|^~\&|LIS|HOSP|||20260203||{kind}|{control}|P|2.5|||||NLD|{charset}"


def obx(
    number: int = 1,
    test: str = "CD4",
    result: str = "120",
    unit: str = "/uL",
    status: str = "F",
    kind: str = "NM",
    code: str | None = None,
) -> str:
    code = LOINC.get(test, "") if code is None else code
    return f"OBX|{number}|{kind}|{code}^{test}^LN||{result}|{unit}^^UCUM|||||{status}"


def message(
    *observations: str,
    who: str = "S1-001",
    sample: str = "A1",
    drawn: str = "20260202090000+0100",
    reported: str = "20260203",
    head: str | None = None,
) -> list[str]:
    """Segments of one message with one order."""
    obr = f"OBR|1||{sample}|PANEL^Lymphocytes|||{drawn}|||||||{drawn}||||||||{reported}"
    return [head or header(), f"PID|1||{who}^^^S1^PI||DOE^JANE", obr, *observations]


def hl7_file(*messages: list[str], end: str = "\r") -> str:
    return "".join(segment + end for segments in messages for segment in segments)
