"""A study of three participants in a few lines of text, and how its extracts are described."""

from datetime import date
from pathlib import Path
from typing import Any

import yaml

from immrecon.config.base import build
from immrecon.config.clinical import ClinicalSpec
from immrecon.ingest.clinical import ClinicalTables, harmonise_clinical

EXTRACTED = date(2026, 4, 12)
GROUPS: list[dict[str, Any]] = [
    {"code": "adult", "label": "Adults", "planned_n": 20, "min_age_years": 18, "max_age_years": None},
    {"code": "child", "label": "Children", "planned_n": 16, "min_age_years": None, "max_age_years": 18},
]
LEVELS = [{"code": code, "label": code} for code in ("DL1", "DL2")]

HEAD = r"""
formats:
  text:
    layout: {format: csv, encoding: utf-8, delimiter: ","}
    dates: {formats: ["%Y-%m-%d", "%Y-%m", "%Y-%m-UN", "%Y"]}
    decimal: "."
    blanks: [NA]
extracts:
  - file: dm.csv
    format: text
    domain: DM
    roster: true
    participant: &id {column: id, identity: {pattern: '(?P<id>S1-\d{3})', template: "{id}"}}
    columns: {SEX: {column: sex, map: {F: F, M: M}}, BRTHDTC: {column: born}, ENRLDT: {column: enrolled}}
"""
DM = """id,sex,born,enrolled
S1-001,F,1980-05,2025-01-10
S1-002,M,2010,2025-02-10
S1-003,F,1999-12-31,
"""
PRODUCT = """
  - file: product.csv
    format: text
    domain: DM
    participant: *id
    columns: {TRTSDT: {column: given}, HSCTDT: {column: hsct}, SEX: {column: sex}}
"""
EVENTS = """
  - file: ce.csv
    format: text
    domain: CE
    participant: *id
    record_id: nr
    columns:
      CEDECOD: {column: event, map: {death: DEATH, relapse: RELAPSE, infection: INFECTION}}
      CETOXGR: {column: grade}
      CESTDTC: {column: date}
      CEENDTC: {column: end}
      CEENTDT: {column: entered}
"""
CE_HEAD = "id,nr,event,grade,date,end,entered\n"
CONTACTS = """
  - file: fa.csv
    format: text
    domain: FA
    participant: *id
    columns: {FACAT: {constant: SURVIVAL}, FADTC: {column: date}}
    results:
      - {test: STATUS, column: status, number: listed, texts: {alive: 1, dead: 0}}
"""
LOADS = """
  - file: fa.csv
    format: text
    domain: FA
    participant: *id
    columns: {FACAT: {constant: VIROLOGY}, FADTC: {column: date}}
    results:
      - {test_from: {column: virus, map: {CMV: CMV, EBV: EBV}}, column: copies, number: read,
         texts: {none: 0, lost: null}}
"""
ADVERSE = """
  - file: ae.csv
    format: text
    domain: AE
    participant: *id
    ended: {outcome: [recovered]}
    columns:
      AETERM: {column: term}
      AEDECOD: {column: pt}
      AEBODSYS: {column: soc}
      AETOXGR: {column: grade}
      AEOUT: {column: outcome}
      AESTDTC: {column: start}
      AEENDTC: {column: end}
"""
BASELINE = """
  - file: sc.csv
    format: text
    domain: SC
    participant: *id
    results:
      - {test: WEIGHT, column: kg, number: read}
      - {test: DIAG, column: diagnosis, number: none}
"""


NO_CHECKS: dict[str, Any] = {
    "earlier": None, "protocol_versions": [], "entered_late": [], "sae_reconciliation": None, "staged_gvhd": [],
}  # fmt: skip


def harmonise(
    folder: Path,
    extracts: str,
    *,
    dm: str = DM,
    extracted: date | None = EXTRACTED,
    head: str = HEAD,
    checks: dict[str, Any] | None = None,
    **files: str,
) -> ClinicalTables:
    """The tables from files given as text: ce="..." becomes ce.csv. `checks`: keys of the specification."""
    for name, text in {"dm": dm, **files}.items():
        (folder / f"{name}.csv").write_text(text, encoding="utf-8")
    content = {
        "study": "s1", "extract_date": extracted, "clinical": yaml.safe_load(head + extracts),
        "groups": GROUPS, "dose_levels": LEVELS, **NO_CHECKS, **(checks or {}),
    }  # fmt: skip
    return harmonise_clinical(build(ClinicalSpec, content, Path("clinical.yaml")), folder)


def asked(tables: ClinicalTables) -> list[tuple[int | None, str, str]]:
    """Row (none for a whole file), kind and severity of every query."""
    return [(row, kind, severity) for row, kind, severity in tables.queries.select("SRCROW", "QUKIND", "QUSEV").rows()]


def only_query(tables: ClinicalTables) -> dict[str, object]:
    assert tables.queries.height == 1, tables.queries
    return tables.queries.row(0, named=True)
