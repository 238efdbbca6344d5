"""The drafts of the demonstration's exports, once answered, read them as the dialects that were written by hand."""

from pathlib import Path
from typing import Any

import polars as pl
import pytest

from immrecon.config.clinical import clinical_spec
from immrecon.config.dialect import Dialect
from immrecon.config.load import load_study
from immrecon.ingest.clinical import harmonise_clinical
from immrecon.ingest.lab import LabTables, harmonise_labs
from immrecon.ingest.propose import Draft, propose

from .propose_cases import loaded

PLACE = ["SRCFILE", "SRCSHEET", "SRCROW", "SRCCOL"]
FILES = {"central": "central_results.csv", "paris": "paris_lymphocytes.csv", "utrecht": "utrecht_flow.xlsx"}
ANSWERS: dict[str, dict[str, Any]] = {
    "central": {},
    "paris": {},
    # The one thing that a person has to know: the two dates typed as text have the day first.
    "utrecht": {"columns/collected/dates/formats": ["%Y-%m-%d", "%d-%m-%Y", "serial1900"]},
}
DIFFERENT: dict[str, dict[tuple[int, str], tuple[str, str]]] = {
    "central": {},
    # "1.842,0" proves that a point groups thousands; the dialect written by hand prefers a query.
    "paris": {(64, "CD3+ (/mm3)"): ("queried", "value")},
    "utrecht": {},
}
"""Row and column of cells that end otherwise: fate under the dialect written by hand, and under the draft."""


def answered_as_known(draft: Draft, lab: str, file: str) -> Dialect:
    answers = ANSWERS[lab] | {"files": [f"labs/{file}"]}
    return loaded(draft, answers)


def harmonised(repository: Path, lab: str) -> tuple[LabTables, LabTables]:
    study = load_study(repository / "config" / "config.yaml")
    dm = harmonise_clinical(clinical_spec(study), study.data_folder).dm
    analytes = [analyte.code for analyte in study.file.analytes]
    draft = propose(study.data_folder / "labs" / FILES[lab], lab, analytes)
    if lab == "central":
        assert draft.suggested()["not_requested"] == ["HGB", "PLT"]
        assert draft.suggested()["analytes"]["CD4/CD8"]["code"] == "CD4CD8"
        others = [code for code in analytes if code != "CD4CD8"]
        without = propose(study.data_folder / "labs" / FILES[lab], lab, others)
        assert without.suggested()["not_requested"] == ["HGB", "PLT", "CD4/CD8"]
        assert any('no analytes of the study: "CD4/CD8" (CD4CD8)' in text for text in without.questions)
        assert "CD4CD8" not in str(without.suggested())
    dialect = answered_as_known(draft, lab, FILES[lab])
    one, other = (
        harmonise_labs({lab: each}, study.data_folder, dm, study.file.analytes, study.cut.extract_date, None)
        for each in (study.labs[lab], dialect)
    )
    return one, other


@pytest.fixture(scope="module", params=list(FILES))
def both(request: pytest.FixtureRequest, repository: Path) -> tuple[str, LabTables, LabTables]:
    return (request.param, *harmonised(repository, request.param))


def fates(tables: LabTables) -> dict[tuple[int, str], tuple[Any, ...]]:
    rows = tables.lb.select(
        "SRCROW", "SRCCOL", "LBFATE", "USUBJID", "LBTESTCD", "LBDT", "LBCMP", "LBSTRESN", "LBSTRESU"
    )
    return {(row, head): tuple(rest) for row, head, *rest in rows.iter_rows()}


def test_every_cell_ends_alike(both: tuple[str, LabTables, LabTables]) -> None:
    lab, by_hand, by_draft = both
    one, other = fates(by_hand), fates(by_draft)
    differing = {
        key: (one.get(key, ("queried",))[0], other.get(key, ("queried",))[0])
        for key in one.keys() | other.keys()
        if one.get(key) != other.get(key)
    }
    assert differing == DIFFERENT[lab]
    assert len(one) > 300


def test_the_same_cells_are_read(both: tuple[str, LabTables, LabTables]) -> None:
    _, by_hand, by_draft = both
    columns = ["n_rows", "n_read", "n_not_requested"]
    assert by_hand.cells.select(columns).rows() == by_draft.cells.select(columns).rows()


def test_the_same_queries_are_raised(both: tuple[str, LabTables, LabTables]) -> None:
    lab, by_hand, by_draft = both

    def kinds(tables: LabTables) -> set[tuple[Any, ...]]:
        return set(tables.queries.select("QUKIND", "SRCROW", "SRCCOL").rows())

    differing = kinds(by_hand) ^ kinds(by_draft)
    if lab == "paris":  # the number above, and what then can be said about its jump and sums
        assert ("value_unreadable", 64, "CD3+ (/mm3)") in differing
        differing = {kind for kind in differing if kind[1] != 64}
    # Without declared limits for every analyte, a count of 0 is a plain 0 and not a censored result.
    assert {kind for kind, *_ in differing} <= {"zero_censored"}


def test_what_is_asked(repository: Path) -> None:
    labs = repository / "data" / "demo" / "2026-09-30" / "labs"
    utrecht = propose(labs / FILES["utrecht"])
    assert any("every day is 12 or less" in asked for asked in utrecht.questions)
    assert any('"S101 03 005"' in asked for asked in utrecht.questions)
    assert len(utrecht.questions) == 3
    assert any("Mistakes?" in asked for asked in propose(labs / FILES["paris"]).questions)
    paris = propose(labs / FILES["paris"])
    assert sum("two digits" in asked for asked in paris.questions) == 1
    assert any('"ND"' in asked for asked in paris.questions)
    central = propose(labs / FILES["central"])
    assert any('"1,142"' in asked for asked in central.questions)


def test_the_limit_in_the_file_is_found(repository: Path) -> None:
    labs = repository / "data" / "demo" / "2026-09-30" / "labs"
    content = propose(labs / FILES["utrecht"]).suggested()
    assert content["analytes"]["CD19"] == {"code": "CD19", "unit": "x10^6/L", "lloq": 1.0}
    assert content["layout"]["header_rows"] == [4, 5]
    assert content["layout"]["sheets_ignored"] == ["oud", "Info"]


def test_another_cut_is_read_by_the_same_draft(repository: Path) -> None:
    """What was inferred from one cut reads the earlier one without an error of layout."""
    study = load_study(repository / "config" / "config.yaml", "2026-03-31")
    dm = harmonise_clinical(clinical_spec(study), study.data_folder).dm
    later = repository / "data" / "demo" / "2026-09-30" / "labs"
    for lab, file in FILES.items():
        analytes = [analyte.code for analyte in study.file.analytes]
        dialect = answered_as_known(propose(later / file, lab, analytes), lab, file)
        tables = harmonise_labs(
            {lab: dialect}, study.data_folder, dm, study.file.analytes, study.cut.extract_date, None
        )
        used = tables.lb.filter(pl.col("LBFATE").is_in(["value", "censored"])).height
        assert used > 0.85 * tables.cells.select(pl.col("n_read") - pl.col("n_not_requested")).item()
