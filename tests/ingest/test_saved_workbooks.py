"""Workbooks that an office program saved come back equal to what was typed into them (tests/golden/lab_files)."""

import csv
from pathlib import Path
from typing import Any

import polars as pl
import pytest
import yaml

from immrecon.config.base import build
from immrecon.config.dialect import Dialect
from immrecon.ingest.lab import LabTables, harmonise_labs
from immrecon.ingest.propose import propose
from immrecon.vocabulary import USED_FATES

from .exports.common import dialect
from .exports.truth import ANALYTES

FILES = Path(__file__).parents[1] / "golden" / "lab_files"
ENDINGS = ("xls", "xlsx", "ods")
CODES = ("ALC", "CD3", "CD4", "CD8")
DRAWN = {"as": "date", "dates": {"formats": ["%Y-%m-%d"]}}
LAYOUT: dict[str, dict[str, Any]] = {
    "visits": {"sheets_ignored": ["old"], "header_rows": [3, 4]},
    "long": {"header_rows": [1], "repeated_header": True},
}
SHAPE: dict[str, dict[str, Any]] = {
    "visits": {
        "shape": "wide_visit_over_analyte",
        "columns": {"participant": "Patient", "collected": {"column": "Datum", **DRAWN}},
        "duplicates": {"same_draw": ["visit"], "same_day": "query"},
    },
    "long": {
        "shape": "long",
        "columns": {"participant": "ID", "test": "Test", "result": "Value", "collected": {"column": "Drawn", **DRAWN}},
        "duplicates": {"same_draw": ["collected"], "same_day": "query"},
    },
}


def truth() -> list[dict[str, str]]:
    with (FILES / "truth.csv").open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))


def read(name: str, ending: str) -> LabTables:
    lab = dialect(
        files=[f"{name}.{ending}"],
        layout={"format": ending, "sheets": ["Data"], **LAYOUT[name]},
        analytes={code: {"code": code, "unit": "/uL", "lloq": 5.0} for code in CODES},
        **SHAPE[name],
    )
    people = pl.DataFrame({"USUBJID": sorted({row["subject"] for row in truth()})}).with_columns(
        BRTHLO=pl.lit(None, dtype=pl.Date), HSCTDT=pl.lit(None, dtype=pl.Date)
    )
    return harmonise_labs({"lab": build(Dialect, lab, Path("lab.yaml"))}, FILES, people, ANALYTES, None, None)


@pytest.mark.parametrize("ending", ENDINGS)
@pytest.mark.parametrize("name", LAYOUT)
def test_comes_back_equal_to_the_truth(name: str, ending: str) -> None:
    tables = read(name, ending)
    used = tables.lb.filter(pl.col("LBFATE").is_in([fate.value for fate in USED_FATES]))
    found = used.select("USUBJID", pl.col("LBDT").cast(pl.String), "LBTESTCD", "LBCMP", "LBSTRESN").rows()
    wanted = [(r["subject"], r["drawn"], r["analyte"], r["comparator"], float(r["per_ul"])) for r in truth()]
    assert sorted(found) == sorted(wanted)
    counted = tables.cells.select("n_read", "n_value", "n_censored", "n_queried").rows()
    censored = sum(row["comparator"] != "=" for row in truth())
    assert counted == [(len(wanted), len(wanted) - censored, censored, 0)]
    assert tables.queries.filter(pl.col("QUSEV") == "error").is_empty()


@pytest.mark.parametrize("ending", ENDINGS)
def test_saved_results_of_formulas_are_used_and_noted(ending: str) -> None:
    notes = read("long", ending).queries.filter(pl.col("QUKIND") == "computed_cell")
    formulas = sum(place % 2 and row["comparator"] == "=" for place, row in enumerate(truth()))
    assert notes.height == formulas > 10


@pytest.mark.parametrize("ending", ENDINGS)
@pytest.mark.parametrize("name", LAYOUT)
def test_a_draft_finds_the_layout(name: str, ending: str) -> None:
    drafted = yaml.safe_load(propose(FILES / f"{name}.{ending}").text())
    assert drafted["shape"] == SHAPE[name]["shape"]
    assert drafted["layout"]["header_rows"] == LAYOUT[name]["header_rows"]
