"""From files: the next cut has more rows, in another order, and the same questions keep their identifiers."""

from pathlib import Path

import polars as pl

from ..ingest import clinical_cases, lab_cases
from .query_cases import ids, log_of

WRONG = [
    {"result": "abc", "drawn": "02/02/2026", "sample": "A1"},
    {"result": "7", "unit": "", "drawn": "03/02/2026", "sample": "A2"},
    {"result": "8", "unit": "", "drawn": "04/02/2026", "sample": "A3"},
    {"result": "9", "drawn": "30/02/2026", "sample": "A4"},
    {"result": "10", "id": "S1-OO1", "drawn": "05/02/2026", "sample": "A5"},
]
RIGHT = [{"result": str(n), "drawn": f"{n:02d}/01/2026", "sample": f"B{n}"} for n in range(10, 20)]


def of_lab(folder: Path, *rows: dict[str, str]) -> list[str]:
    folder.mkdir()
    tables = lab_cases.long(folder, *rows)
    people = lab_cases.participants().with_columns(SITEID=pl.lit("01"))
    return ids(log_of(tables.queries, tables.cells, people))


def test_rows_that_are_added_and_moved_change_no_identifier(tmp_path):
    first = of_lab(tmp_path / "1", *WRONG)
    assert len(set(first)) == len(WRONG)
    later = of_lab(tmp_path / "2", *RIGHT[:5], *WRONG[::-1], *RIGHT[5:])
    assert sorted(later) == sorted(first)


def test_each_corrected_cell_resolves_its_own_query(tmp_path):
    first = set(of_lab(tmp_path / "all", *WRONG))
    resolved = set()
    for number in range(len(WRONG)):
        rest = [row for position, row in enumerate(WRONG) if position != number]
        gone = first - set(of_lab(tmp_path / str(number), *rest, *RIGHT))
        assert len(gone) == 1, WRONG[number]
        resolved |= gone
    assert resolved == first


def test_a_result_that_comes_in_later_does_not_change_what_is_asked_about_the_sample(tmp_path):
    """Analytes side by side: the question is about the row, whichever of them are filled."""
    dialect = {
        "shape": "wide_by_analyte",
        "columns": {"participant": "id", "collected": {"column": "drawn", "as": "date", "dates": {"formats": ["%d/%m/%Y"]}}},
        "analytes": {name: {"code": name, "unit": "/uL"} for name in ("CD3", "CD4")},
        "not_requested": [], "statuses": {}, "exclude_where": [], "checks": lab_cases.checks(),
        "duplicates": {"same_draw": ["collected"], "same_day": "keep"},
    }  # fmt: skip
    found = []
    for cut, late in enumerate(("", "100")):
        (tmp_path / str(cut)).mkdir()
        rows = [f"S1-00X;20/01/2026;{late};50", f"S1-001;31/02/2026;{late};60", f"S1-002;21/01/2026;{late};???"]
        text = "\n".join(["id;drawn;CD3;CD4", *rows, ""])
        lab = lab_cases.dialect(**dialect)
        tables = lab_cases.harmonise(tmp_path / str(cut), text, lab)
        found.append(log_of(tables.queries, tables.cells).sort("QUID"))
    kinds = found[0].sort("SRCROW")["QUKIND"].to_list()
    assert kinds == ["participant_malformed", "date_impossible", "value_unreadable"]
    assert ids(found[0]) == ids(found[1])
    assert found[0]["QUNCELL"].sum() < found[1]["QUNCELL"].sum()


AE_HEAD = "id,term,pt,soc,grade,outcome,start,end\n"
AE_WRONG = [
    "S1-001,rash,Rash,Skin,9,ongoing,2026-02-01,\n",
    "S1-001,fever,Fever,General,2,recovered,2026-02-03,\n",
    "S1-001,fever,Fever,General,2,recovered,2026-02-09,\n",
    "S1-001,cough,Cough,Lung,1,ongoing,2026-02-31,\n",
    "S1-1,cough,Cough,Lung,1,ongoing,2026-02-11,\n",
]
AE_RIGHT = [f"S1-001,cold,Cold,Lung,1,ongoing,2026-01-{day},\n" for day in range(10, 16)]


def of_clinic(folder: Path, *lines: str) -> list[str]:
    folder.mkdir()
    tables = clinical_cases.harmonise(folder, clinical_cases.ADVERSE, ae="".join([AE_HEAD, *lines]))
    return ids(log_of(tables.queries, dm=tables.dm))


def test_records_that_are_added_and_moved_change_no_identifier(tmp_path):
    first = of_clinic(tmp_path / "1", *AE_WRONG)
    assert len(set(first)) == len(first) >= len(AE_WRONG)
    later = of_clinic(tmp_path / "2", *AE_RIGHT, *AE_WRONG[::-1])
    assert sorted(later) == sorted(first)


def test_the_end_date_that_came_resolves_the_query_of_its_event(tmp_path):
    """Two events differ in their day alone; the other one keeps its identifier."""
    first = of_clinic(tmp_path / "1", *AE_WRONG[1:3])
    one = of_clinic(tmp_path / "2", AE_WRONG[1])
    other = of_clinic(tmp_path / "3", AE_WRONG[2])
    assert sorted(first) == sorted([*one, *other])
    assert one != other
