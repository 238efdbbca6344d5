"""Participants against the version of the protocol: S1-001 as given, S1-002 a child with ALL under version 2."""

from pathlib import Path
from typing import Any

import polars as pl
import pytest

from .clinical_cases import HEAD, harmonise

DIAGNOSES = {"test": "DIAG", "values": ["AML", "ALL"]}
ADULT = {"group": "adult", "min_age_years": 18, "max_age_years": None, "diagnoses": {"test": "DIAG", "values": ["MDS"]}}
CHILD = {"group": "child", "min_age_years": None, "max_age_years": 18, "diagnoses": DIAGNOSES}
VERSIONS = [
    {"code": "1", "groups": [{**ADULT, "min_age_years": 21, "diagnoses": DIAGNOSES}]},
    {"code": "2", "groups": [ADULT, CHILD]},
    {"code": "3", "groups": [{**ADULT, "min_age_years": None, "diagnoses": None}]},
]
ENROLMENT = HEAD.replace(
    "columns: {SEX: {column: sex, map: {F: F, M: M}}, BRTHDTC: {column: born}, ENRLDT: {column: enrolled}}",
    "columns: {GROUP: {column: group}, PROTVER: {column: version}, AGE: {column: age}, ENRLDT: {column: enrolled}}",
)
BASELINE = """
  - {file: sc.csv, format: text, domain: SC, participant: *id, results: [{test: DIAG, column: dx, number: none}]}
"""


def flags(
    folder: Path, version: str, group: str, age: str, diagnosis: str, enrolled: str = "2025-01-10", **checks: Any
) -> list[tuple[object, ...]]:
    dm = f"id,group,version,age,enrolled\nS1-001,{group},{version},{age},{enrolled}\nS1-002,child,2,9,2025-01-10\n"
    sc = f"id,dx\nS1-001,{diagnosis}\nS1-002,ALL\n"
    tables = harmonise(folder, BASELINE, head=ENROLMENT, dm=dm, sc=sc, checks={"protocol_versions": VERSIONS} | checks)
    assert tables.dm.filter(USUBJID="S1-001")["GROUP"].to_list() == [group]  # never re-assigned
    asked = tables.queries.filter(~pl.col("QUKIND").is_in(["age_outside_group", "result_missing"]))
    return asked.select("SRCFILE", "SRCROW", "SRCCOL", "QUVAL", "QUKIND", "QUSEV").rows()


@pytest.mark.parametrize(
    "person",
    [
        ("1", "adult", "21", "AML"), ("2", "adult", "18", "MDS"), ("2", "child", "17.9", "AML"),
        ("3", "adult", "2", "anything"), ("2", "adult", "", ""),
    ],
)  # fmt: skip
def test_whoever_fits_the_version_is_not_asked_about(tmp_path: Path, person: tuple[str, str, str, str]) -> None:
    assert flags(tmp_path, *person) == []


@pytest.mark.parametrize(
    ("person", "file", "column", "value", "kind"),
    [
        (("1", "adult", "20.9", "AML"), "dm.csv", "age", "20.9", "age_outside_protocol"),
        (("2", "child", "18", "AML"), "dm.csv", "age", "18", "age_outside_protocol"),
        (("1", "adult", "30", "MDS"), "sc.csv", "dx", "MDS", "diagnosis_outside_protocol"),
        (("2", "adult", "30", "AML"), "sc.csv", "dx", "AML", "diagnosis_outside_protocol"),
        (("1", "child", "9", "ALL"), "dm.csv", "group", "child", "group_outside_protocol"),
        (("4", "adult", "30", "CML"), "dm.csv", "version", "4", "protocol_version_unknown"),
        (("", "adult", "30", "CML"), "dm.csv", "version", None, "protocol_version_unknown"),
    ],
)
def test_a_mismatch_is_a_flag_on_its_cell(
    tmp_path: Path, person: tuple[str, str, str, str], file: str, column: str, value: str | None, kind: str
) -> None:
    assert flags(tmp_path, *person) == [(file, 2, column, value, kind, "warning")]


def test_age_and_diagnosis_are_two_flags(tmp_path: Path) -> None:
    assert [row[4] for row in flags(tmp_path, "1", "adult", "20", "MDS")] == [
        "age_outside_protocol",
        "diagnosis_outside_protocol",
    ]


def test_whoever_was_not_enrolled_is_not_checked(tmp_path: Path) -> None:
    assert flags(tmp_path, "9", "adult", "3", "CML", enrolled="") == []


def test_without_versions_nothing_is_checked(tmp_path: Path) -> None:
    assert flags(tmp_path, "9", "adult", "30", "CML", protocol_versions=[]) == []
