"""Exports that nobody here made: the SDTM domain LB of CDISC Pilot 01, and ACTG 315."""

import csv
from collections import Counter
from datetime import date
from pathlib import Path

import polars as pl
import pytest
from numpy.testing import assert_allclose

from immrecon.config.base import build, read_yaml
from immrecon.config.dialect import Dialect
from immrecon.config.study import Analyte
from immrecon.ingest.lab import LabTables, harmonise_labs

pytestmark = pytest.mark.required_in_ci


def shipped(repository: Path, study: str, name: str) -> dict[str, Dialect]:
    path = repository / "tests" / "studies" / study / "labs" / f"{name}.yaml"
    return {name: build(Dialect, read_yaml(path), path)}


def analytes(*codes: str) -> list[Analyte]:
    return [Analyte(code=code, label=code, unit="/uL", summarised=False, drawn=False, axis_floor=1.0) for code in codes]


def known(names: list[str]) -> pl.DataFrame:
    dates = dict.fromkeys(["BRTHLO", "HSCTDT"], pl.Date)
    return pl.DataFrame({"USUBJID": names}).with_columns(pl.lit(None, dtype=kind).alias(n) for n, kind in dates.items())


@pytest.fixture(scope="module")
def pilot(repository: Path, shared_data: Path) -> tuple[LabTables, list[dict[str, str]]]:
    folder = shared_data / "cdisc_pilot"
    with (folder / "sdtm" / "lb.csv").open(encoding="utf-8", newline="") as stream:
        source = list(csv.DictReader(stream))
    people = known(sorted({row["USUBJID"] for row in source}))
    dialects = shipped(repository, "cdisc_pilot", "lb")
    return harmonise_labs(
        dialects, folder, people, analytes("ALC", "WBC"), date(2015, 3, 31), date(2015, 3, 31)
    ), source


def test_the_pilot_is_accounted_for(pilot: tuple[LabTables, list[dict[str, str]]]) -> None:
    tables, source = pilot
    tests = Counter(row["LBTESTCD"] for row in source)
    row = tables.cells.row(0, named=True)
    assert (row["n_rows"], row["n_read"]) == (59580, 59580)
    assert row["n_value"] == tests["LYM"] + tests["WBC"] == 1796 + 1809
    assert row["n_not_requested"] == 59580 - 3605
    assert tables.queries.is_empty()


def test_the_pilots_numbers_agree_with_its_own_standard_unit(pilot: tuple[LabTables, list[dict[str, str]]]) -> None:
    """LBSTRESN of the source is in GI/L, which is 1000 per uL."""
    tables, source = pilot
    code = {"LYM": "ALC", "WBC": "WBC"}
    theirs = {
        (line, code[row["LBTESTCD"]]): (row["USUBJID"], date.fromisoformat(row["LBDTC"][:10]), float(row["LBSTRESN"]))
        for line, row in enumerate(source, start=2)
        if row["LBTESTCD"] in code
    }
    ours = {(row, test): rest for row, test, *rest in tables.lb.select(
        "SRCROW", "LBTESTCD", "USUBJID", "LBDT", "LBSTRESN"
    ).iter_rows()}  # fmt: skip
    assert ours.keys() == theirs.keys()
    assert all(ours[key][:2] == list(theirs[key][:2]) for key in ours)
    assert_allclose([ours[key][2] for key in ours], [1000 * theirs[key][2] for key in ours], rtol=1e-13)


def test_actg315(repository: Path, shared_data: Path) -> None:
    folder = shared_data / "actg315"
    with (folder / "actg315.csv").open(encoding="utf-8", newline="") as stream:
        source = list(csv.DictReader(stream))
    people = known(sorted({row["Patid"] for row in source}))
    tables = harmonise_labs(shipped(repository, "actg315", "actg315"), folder, people, analytes("CD4"), None, None)
    counts = {name: n for name, n in tables.cells.row(0, named=True).items() if name.startswith("n_") and n}
    assert counts == {"n_rows": 361, "n_read": 722, "n_value": 361, "n_not_requested": 361}
    assert tables.queries.is_empty()
    theirs = sorted((row["Patid"], float(row["Day"]), float(row["CD4"])) for row in source)
    assert sorted(tables.lb.select("USUBJID", "LBDY", "LBSTRESN").rows()) == theirs
    assert tables.lb["LBDT"].null_count() == 361
