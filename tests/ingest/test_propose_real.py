"""Drafts of real files that nobody here made: what they ask, and what they read once answered."""

import csv
from pathlib import Path

import polars as pl
import pytest
from numpy.testing import assert_allclose

from immrecon.config.base import build, read_yaml
from immrecon.config.dialect import Dialect
from immrecon.config.study import Analyte
from immrecon.ingest.lab import LabTables, harmonise_labs
from immrecon.ingest.propose import propose

from .propose_cases import loaded

pytestmark = pytest.mark.required_in_ci


def real(shared_data: Path, name: str) -> Path:
    path = shared_data / name
    if not path.is_file():
        pytest.skip(f"{name} is not among the real data sets")
    return path


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))


def read(path: Path, dialect: Dialect, people: list[str]) -> LabTables:
    codes = sorted({rule.code for rule in dialect.analytes.values()})
    analytes = [
        Analyte(code=code, label=code, unit="/uL", summarised=False, drawn=False, axis_floor=1.0) for code in codes
    ]
    dates = dict.fromkeys(["BRTHLO", "HSCTDT"], pl.Date)
    dm = pl.DataFrame({"USUBJID": people}).with_columns(pl.lit(None, dtype=kind).alias(n) for n, kind in dates.items())
    return harmonise_labs({dialect.name: dialect}, path.parent, dm, analytes, None, None)


def values(tables: LabTables) -> list[tuple[object, ...]]:
    return sorted(
        tables.lb.select("SRCROW", "USUBJID", "LBTESTCD", "LBDT", "LBDY", "LBSTRESN", "LBFATE").rows(), key=str
    )


def by_hand(repository: Path, study: str, name: str, file: str) -> Dialect:
    path = repository / "tests" / "studies" / study / "labs" / f"{name}.yaml"
    return build(Dialect, {**read_yaml(path), "files": [file]}, path)


def test_sdtm(repository: Path, shared_data: Path) -> None:
    """CDISC Pilot 01: all that is asked is which other analytes are wanted, and about two samples of one day."""
    path = real(shared_data, "cdisc_pilot/sdtm/lb.csv")
    draft = propose(path)
    assert len(draft.questions) == 2
    assert '"ALB"' in draft.questions[0]
    people = sorted({row["USUBJID"] for row in rows(path)})
    one = read(path, by_hand(repository, "cdisc_pilot", "lb", "lb.csv"), people)
    other = read(path, loaded(draft), people)
    assert values(one) == values(other)
    assert len(values(one)) == 3605


def test_actg315(repository: Path, shared_data: Path) -> None:
    """Numbers of days and a unit that stands nowhere: both are asked."""
    path = real(shared_data, "actg315/actg315.csv")
    draft = propose(path)
    assert any("Are they days since transplant" in asked for asked in draft.questions)
    assert any('in which unit is "CD4"' in asked for asked in draft.questions)
    dialect = loaded(draft, {"analytes/CD4/unit": "cells/mm3"})
    people = sorted({row["Patid"] for row in rows(path)})
    one = read(path, by_hand(repository, "actg315", "actg315", "actg315.csv"), people)
    assert values(one) == values(read(path, dialect, people))
    assert len(values(one)) == 361


def test_rtx_lymphocytes(shared_data: Path) -> None:
    """No date, no unit, half of the heads abbreviated: asked; memory subsets are not taken for their parent."""
    path = real(shared_data, "rtx_lymphocytes/data_all.csv")
    draft = propose(path)
    heads = {"CD.19": "CD19", "CD3_absp": "CD3", "CD4_absp": "CD4", "CD4_naive_absp": "CD4N", "CD8_absp": "CD8"}
    content = draft.suggested()
    assert {name: rule["code"] for name, rule in content["analytes"].items()} == heads
    assert {"CD.4.CM", "CD4_TEMRA_absp", "naiveB_absp", "CD.8.naive"} <= set(content["not_requested"])
    units = {f"analytes/{head}/unit": "cells/uL" for head in heads}
    # One sample per person and no date at all: the number of the person stands in for the day.
    day = {"columns/collected/column": "id", "columns/collected/as": "day_since_transplant"}
    dialect = loaded(draft, units | day | {"not_requested": "*"})
    source = rows(path)
    tables = read(path, dialect, sorted({row["id"] for row in source}))
    ours = tables.lb.filter(pl.col("LBFATE") == "value").select("SRCROW", "SRCCOL", "LBSTRESN").rows()
    assert len(ours) > 600
    assert_allclose(
        [number for *_, number in ours], [float(source[row - 2][head]) for row, head, _ in ours], rtol=1e-13
    )


def test_graft_doses_are_no_blood_counts(shared_data: Path) -> None:
    """medicaldata: doses of CD3 and CD8 in the graft; the draft maps none of them and asks for everything."""
    path = real(shared_data, "medicaldata_cmv/cytomegalovirus.csv")
    draft = propose(path)
    assert any("no name of an analyte is known" in asked for asked in draft.questions)
    content = draft.suggested()
    assert {"CD3.dose", "CD8.dose", "TNC.dose"} <= set(content["not_requested"])
    rule = {"CD3.dose": {"code": "CD3", "unit": "10^6/L"}}
    rest = [name for name in content["not_requested"] if name != "CD3.dose"]
    day = {"columns/collected/column": "time.to.transplant", "columns/collected/as": "day_since_transplant"}
    dialect = loaded(draft, {"analytes": rule, "not_requested": rest, **day})
    source = rows(path)
    tables = read(path, dialect, [row["ID"] for row in source])
    theirs = sorted(
        (row["ID"], float(row["CD3.dose"])) for row in source if row["CD3.dose"] and row["time.to.transplant"]
    )
    used = tables.lb.filter(pl.col("LBFATE") == "value")
    assert sorted(used.select("USUBJID", "LBSTRESN").rows()) == theirs
