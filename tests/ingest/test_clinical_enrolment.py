"""Enrolment records against the configured groups (adult from 18, child below) and dose levels (DL1, DL2)."""

from pathlib import Path

import polars as pl
import pytest

from immrecon.ingest.clinical import ClinicalTables

from .clinical_cases import HEAD, harmonise

ENROLMENT = HEAD.replace(
    "columns: {SEX: {column: sex, map: {F: F, M: M}}, BRTHDTC: {column: born}, ENRLDT: {column: enrolled}}",
    "columns: {GROUP: {column: group}, DOSELVL: {column: dose}, AGE: {column: age}, SCRNDT: {column: screened},"
    " ENRLDT: {column: enrolled}}",
)
MILESTONES = """
  - file: tx.csv
    format: text
    domain: DM
    participant: *id
    columns: {HSCTDT: {column: hsct}, TRTSDT: {column: given}, DOSELVL: {column: dose}}
"""


def enrol(
    folder: Path, group: str = "adult", dose: str = "DL1", age: str = "30", enrolled: str = "2025-01-10", tx: str = ""
) -> ClinicalTables:
    """S1-001 as given, in row 2; S1-002 with nothing to ask about. `tx` is hsct, given, dose of S1-001."""
    dm = "id,group,dose,age,screened,enrolled\n"
    dm += f"S1-001,{group},{dose},{age},2025-01-01,{enrolled}\nS1-002,child,DL2,10,2025-01-01,2025-01-10\n"
    rows = "id,hsct,given,dose\n" + (f"S1-001,{tx}\n" if tx else "")
    return harmonise(folder, MILESTONES, head=ENROLMENT, dm=dm, tx=rows)


def queries(tables: ClinicalTables) -> list[tuple[object, ...]]:
    asked = tables.queries.filter(pl.col("QUKIND") != "no_record")  # an extract of nothing but its header
    chosen = asked.select("SRCFILE", "SRCROW", "SRCCOL", "QUVAL", "QUKIND", "QUSEV", "USUBJID")
    return chosen.rows()


def test_nothing_to_ask(tmp_path: Path) -> None:
    assert queries(enrol(tmp_path, tx="2025-02-02,2025-02-09,DL1")) == []


@pytest.mark.parametrize(
    ("changes", "column", "value", "kind", "severity"),
    [
        ({"group": ""}, "group", None, "group_missing", "error"),
        ({"group": "NA"}, "group", None, "group_missing", "error"),
        ({"group": "Adult"}, "group", "Adult", "group_not_configured", "error"),
        ({"dose": "DL9"}, "dose", "DL9", "dose_level_not_configured", "error"),
        ({"age": "17.9"}, "age", "17.9", "age_outside_group", "warning"),
        ({"group": "child", "age": "18"}, "age", "18", "age_outside_group", "warning"),
    ],
)
def test_a_cell_that_keeps_a_participant_out_is_named(
    tmp_path: Path, changes: dict[str, str], column: str, value: str | None, kind: str, severity: str
) -> None:
    tables = enrol(tmp_path, **changes)
    assert queries(tables) == [("dm.csv", 2, column, value, kind, severity, "S1-001")]


@pytest.mark.parametrize("changes", [{"age": "18"}, {"group": "child", "age": "17.9"}, {"age": ""}, {"dose": ""}])
def test_limits_and_blanks_that_are_none_of_the_checks(tmp_path: Path, changes: dict[str, str]) -> None:
    assert queries(enrol(tmp_path, **changes)) == []


def test_the_cell_that_gave_the_value_is_named(tmp_path: Path) -> None:
    tables = enrol(tmp_path, dose="", tx="2025-02-02,2025-02-09,DL9")
    assert queries(tables) == [("tx.csv", 2, "dose", "DL9", "dose_level_not_configured", "error", "S1-001")]


def test_nobody_is_injected_without_a_dose_level(tmp_path: Path) -> None:
    assert queries(enrol(tmp_path, dose="", tx="2025-02-02,,")) == []
    asked = queries(enrol(tmp_path, dose="", tx="2025-02-02,2025-02-09,"))
    assert asked == [("dm.csv", 2, "dose", None, "dose_level_missing", "error", "S1-001")]


def test_whoever_was_not_enrolled_needs_no_group(tmp_path: Path) -> None:
    assert queries(enrol(tmp_path, group="", dose="", enrolled="")) == []
    assert queries(enrol(tmp_path, group="Adult", dose="DL9", age="", enrolled="")) == []


def test_a_transplant_implies_the_enrolment(tmp_path: Path) -> None:
    asked = enrol(tmp_path, group="", enrolled="", tx="2025-02-02,,").queries
    assert "group_missing" in asked["QUKIND"].to_list()


def test_without_a_column_of_groups_there_is_no_cell_to_ask_about(tmp_path: Path) -> None:
    assert harmonise(tmp_path, "").queries.filter(pl.col("QUKIND") == "group_missing").is_empty()
