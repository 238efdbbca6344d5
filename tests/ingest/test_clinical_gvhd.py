"""Recorded grades of acute GvHD against the organ stages of the same day."""

from pathlib import Path
from typing import Any

import pytest

from .clinical_cases import ClinicalTables, asked, harmonise, only_query

GVHD = """
  - file: fa.csv
    format: text
    domain: FA
    participant: *id
    columns: {FACAT: {constant: ACUTE_GVHD}, FADTC: {column: date}}
    results:
      - {test: GRADE, column: grade, number: read}
      - {test: SKIN, column: skin, number: read}
      - {test: LIVER, column: liver, number: read}
      - {test: UGI, column: ugi, number: read}
      - {test: LGI, column: lgi, number: read}
      - {test: STOOL, column: stool, number: read}
"""
WEIGHT = """
  - {file: sc.csv, format: text, domain: SC, participant: *id, results: [{test: WEIGHT, column: kg, number: read}]}
"""
VOLUME = {
    "test": "STOOL", "weight_test": "WEIGHT", "adult_above_kg": 50, "adult_ml_per_day": [500, 1000, 1500],
    "child_ml_per_kg_per_day": [10, 20, 30],
}  # fmt: skip


def staged(volume: dict[str, Any] | None = None) -> dict[str, Any]:
    stages = {"skin": "SKIN", "liver": "LIVER", "upper_gi": "UGI", "lower_gi": "LGI", "lower_gi_volume": volume}
    return {"staged_gvhd": [{"category": "ACUTE_GVHD", "grade": "GRADE", "stages": stages}]}


def assessed(folder: Path, *rows: str, weight: str = "", checks: dict[str, Any] | None = None) -> ClinicalTables:
    """Rows: date, grade, stages of skin, liver, upper and lower gut, and, where there is one, the volume of stool."""
    lines = [f"S1-001,{row}{',' * (6 - row.count(','))}" for row in rows]
    fa = "id,date,grade,skin,liver,ugi,lgi,stool\n" + "".join(f"{line}\n" for line in lines)
    extracts, files = (GVHD + WEIGHT, {"sc": f"id,kg\nS1-001,{weight}\n"}) if weight else (GVHD, {})
    return harmonise(folder, extracts, fa=fa, checks=checks or staged(), **files)


@pytest.mark.parametrize(
    ("row", "given"),
    [
        ("0,0,0,0,0", None), ("1,2,0,0,0", None), ("2,3,0,0,0", None), ("2,0,0,1,0", None), ("3,1,3,1,1", None),
        ("4,0,0,0,4", None), ("1,0,0,0,0", 0), ("0,1,0,0,0", 1), ("1,3,0,0,0", 2), ("3,3,1,1,1", 2), ("2,0,2,0,0", 3),
        ("4,3,0,0,3", 3), ("3,4,0,0,0", 4), ("2,0,4,0,0", 4),
    ],
)  # fmt: skip
def test_a_grade_that_differs_from_the_one_of_the_stages(tmp_path: Path, row: str, given: int | None) -> None:
    tables = assessed(tmp_path, f"2025-06-01,{row}")
    if given is None:
        assert asked(tables) == []
        return
    query = only_query(tables)
    assert (query["SRCROW"], query["QUKIND"], query["QUSEV"], query["QUVAL"]) == (
        2, "gvhd_grade_disagrees", "warning", row[0],
    )  # fmt: skip
    assert (
        query["QUMSG"] == f"Recorded as grade {row[0]}, but the organ stages give grade {given} (MAGIC). Both are kept."
    )
    assert tables.fa.filter(FATESTCD="GRADE")["FASTRESN"].to_list() == [float(row[0])]


@pytest.mark.parametrize(
    ("row", "kinds"),
    [
        ("3,2,0,0,", []),  # the lower gut, not staged, may have been the reason
        ("1,3,,,", ["gvhd_grade_disagrees"]),  # whatever the others are, grade 1 is not possible
        (",3,0,0,0", []), ("3,,,,", []),
    ],
)  # fmt: skip
def test_with_organs_not_staged_only_a_lower_grade_contradicts(tmp_path: Path, row: str, kinds: list[str]) -> None:
    tables = assessed(tmp_path, f"2025-06-01,{row}")
    queries = tables.queries.filter(tables.queries["QUKIND"].str.starts_with("gvhd"))
    assert queries["QUKIND"].to_list() == kinds
    assert all("give at least grade 2" in message for message in queries["QUMSG"])


@pytest.mark.parametrize("row", ["1,0,0,2,0", "1,5,0,0,0", "1,0,1.5,0,0"])
def test_a_stage_that_the_organ_does_not_have(tmp_path: Path, row: str) -> None:
    tables = assessed(tmp_path, f"2025-06-01,{row}")
    assert asked(tables) == [(2, "gvhd_stage_unknown", "warning")]


def test_days_are_compared_apart_and_a_partial_date_is_none(tmp_path: Path) -> None:
    days = ["2025-06-01,0,0,0,0,0", "2025-06-08,3,0,3,0,0", "2025-06-15,0,0,0,0,0", "2025-07,0,0,0,0,4"]
    assert "gvhd_grade_disagrees" not in assessed(tmp_path, *days).queries["QUKIND"]
    days[1] = "2025-06-08,2,0,3,0,0"
    assert [row for row, kind, _ in asked(assessed(tmp_path, *days)) if kind == "gvhd_grade_disagrees"] == [3]


@pytest.mark.parametrize(
    ("kg", "volume", "given"),
    [
        ("50.1", "999", None), ("50.1", "1000", 3),  # mL a day above 50 kg
        ("50", "999", None), ("50", "1000", 3),  # 19.98 and 20 mL/kg
        ("30", "599", None), ("30", "600", 3), ("12", "119", None), ("12", "240", 3),
    ],
)  # fmt: skip
def test_the_weight_says_which_volumes_of_stool_apply(tmp_path: Path, kg: str, volume: str, given: int | None) -> None:
    """Recorded: stage 1 of the lower gut, grade 2. Stage 2 by the volume is grade III."""
    tables = assessed(tmp_path, f"2025-06-01,2,0,0,0,1,{volume}", weight=kg, checks=staged(VOLUME))
    assert [kind for _, kind, _ in asked(tables)] == ([] if given is None else ["gvhd_grade_disagrees"])


def test_nothing_is_compared_that_no_endpoint_names(tmp_path: Path) -> None:
    assert asked(assessed(tmp_path, "2025-06-01,4,0,0,0,0", checks={"staged_gvhd": []})) == []
