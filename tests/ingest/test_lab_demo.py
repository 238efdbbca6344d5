"""The demo's three exports: every fault that was planted ends as its dialect declares, and nothing else is lost.

What was planted is in `truth.yaml`. How each item must end stands below; an item without an entry fails, so that a new
fault needs a decision.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import polars as pl
import pytest
import yaml

from immrecon.config.base import build, read_yaml
from immrecon.config.dialect import Dialect
from immrecon.config.study import Analyte
from immrecon.ingest.lab import LabTables, harmonise_labs
from immrecon.ingest.readers import read_tables

REPOSITORY = Path(__file__).resolve().parents[2]
DEMO = REPOSITORY / "data" / "demo"
LABS = ("central", "paris", "utrecht")
CUTS = {"2026-03-31": date(2026, 4, 12), "2026-09-30": date(2026, 10, 12)}

VALUE, CENSORED, NOT_DONE, SUPERSEDED, EXCLUDED = "value", "censored", "not done", "superseded", "excluded"


@dataclass(frozen=True)
class End:
    """How the cells of a planted fault end: their fate, or the query that withholds them; and what is remarked."""

    fate: str | None = None
    withheld: str | None = None
    remark: str | None = None
    reason: str | None = None


ENDS: dict[str, End] = {
    "7.1 LOINC disagrees with test name": End(withheld="code_disagrees"),
    "7.1 LOINC missing": End(VALUE, remark="code_missing"),
    "7.1 percent denominator": End(EXCLUDED, reason="per cent of CD3, not of lymphocytes"),
    "7.2 unit spelling": End(VALUE),
    "7.2 micro sign, two code points": End(VALUE),
    "7.2 several units of one analyte": End(VALUE),
    "7.2 unit missing": End(withheld="unit_missing"),
    "7.3 below limit": End(CENSORED),
    "7.3 below limit without number": End(CENSORED),
    "7.3 at most (≤)": End(CENSORED),
    "7.3 above limit": End(CENSORED),
    "7.3 zero": End(CENSORED, remark="zero_censored"),
    "7.3 not determined (ND, NR, QNS, dash)": End(NOT_DONE),
    "7.3 specimen condition": End(NOT_DONE),
    "7.3 not done": End(NOT_DONE, reason="not done"),
    "7.3 pending": End(NOT_DONE, reason="pending"),
    "7.3 cancelled": End(NOT_DONE, reason="cancelled"),
    "7.3 see comment": End(NOT_DONE, reason="see the comment of the laboratory"),
    "7.3 result given elsewhere": End(NOT_DONE, reason="result given elsewhere"),
    "7.3 flag after the number": End(VALUE),
    "7.3 decimals on a count": End(VALUE),
    "7.3 thousands with comma": End(VALUE),
    "7.3 thousands with no-break space": End(VALUE),
    "7.3 thousands with narrow no-break space": End(VALUE),
    "7.3 thousands with ordinary space": End(VALUE),
    "7.3 scientific notation": End(VALUE, remark="precision_lost"),
    "7.3 point for thousands, comma for decimals": End(withheld="value_unreadable"),
    "7.3 Excel hash signs": End(withheld="value_unreadable"),
    "7.3 comment in the value cell": End(withheld="value_unreadable"),
    "7.3 collection to receipt too long": End(VALUE, remark="long_way"),
    "7.4 formula cell": End(VALUE, remark="computed_cell"),
    "7.4 number stored as text": End(VALUE),
    "7.4 date as text": End(VALUE),
    "7.4 Excel serial": End(VALUE),
    "7.4 two-digit year": End(VALUE),
    "7.5 id without prefix": End(VALUE),
    "7.5 leading zeros eaten": End(VALUE),
    "7.5 other separators in id": End(VALUE),
    # A letter for a digit is a typing error, not a spelling that can be declared: a person decides.
    "7.5 letter O for zero": End(withheld="participant_malformed"),
    "7.5 site swapped": End(withheld="participant_foreign"),
    "7.5 MRN instead of id": End(withheld="participant_malformed"),
    "7.5 initials and birth year instead of id": End(withheld="participant_malformed"),
    "7.5 unknown id": End(withheld="participant_unknown"),
    "7.5 donor sample filed under recipient": End(EXCLUDED, reason="sample of the donor"),
    "7.5 result cannot be obtained (X)": End(NOT_DONE, reason="cannot be obtained"),
    "7.5 result changed without a status": End(VALUE),
    "7.5 result corrected in place": End(VALUE),
    "7.5 same-day duplicate": End(VALUE),
    "7.5 collection and receipt mixed up": End(withheld="date_after_receipt"),
    "7.5 midnight time": End(VALUE, remark="time_midnight"),
    "7.5 sample before birth": End(withheld="date_before_birth"),
    "7.5 sample after death": End(VALUE, remark="sample_after_death"),  # the derivation leaves it out
    "7.5 sample before transplant under a later visit": End(withheld="date_contradicts_visit"),
    "7.6 CD4 + CD8 exceeds CD3": End(VALUE, remark="sum_exceeds_whole"),
    "7.6 lymphocyte sum": End(VALUE, remark="sum_exceeds_whole"),
    "7.6 lymphocytes above leukocytes": End(VALUE, remark="sum_exceeds_whole"),
    "7.6 percent times lymphocytes disagrees": End(VALUE, remark="percent_disagrees"),
    "7.6 ratio does not recompute": End(VALUE, remark="ratio_disagrees"),
    "7.6 naive above CD4": End(VALUE, remark="sum_exceeds_whole"),
    "7.6 RTE above naive": End(VALUE, remark="sum_exceeds_whole"),
    "7.6 fivefold jump within 7 days": End(VALUE, remark="jump"),
    "7.6 thousandfold jump (unit slip)": End(withheld="unit_slip"),
    "7.6 identical panel on two dates": End(VALUE, remark="panel_repeated"),
    "7.6 identical panel in two patients": End(VALUE, remark="panel_shared"),
    "7.6 change of laboratory": End(VALUE, remark="laboratory_changed"),
    "7.6 blasts": End(EXCLUDED, reason="circulating blasts"),
}
VERSIONS = "7.5 accession repeated: preliminary, final, corrected"
BLANK = "7.3 blank"
LAYOUT = {
    "7.4 title rows above header", "7.4 repeated header blocks", "7.4 footers and totals", "7.4 wide by analyte",
    "7.4 wide by visit", "7.4 merged XLSX headers", "7.4 hidden sheets", "7.2 unit outside the table",
    "7.4 semicolon CSV, decimal comma, Windows-1252", "7.4 US and EU date order in one study",
}  # fmt: skip

Fault = dict[str, Any]


def _truth() -> dict[str, Any]:
    path = DEMO / "truth.yaml"
    return yaml.safe_load(path.read_text(encoding="utf-8")) if path.exists() else {"dirt": [], "lab_cells": []}


TRUTH = _truth()
FAULTS = [fault for fault in TRUTH["dirt"] if fault["file"].startswith("labs/")]
CELLS = {(row["cut"], row["file"]): row for row in TRUTH["lab_cells"]}


def _name(fault: Fault) -> str:
    return f"{fault['cut']} {fault['file']} {fault['row']}{fault['column']} {fault['item']}"


def _dialects() -> dict[str, Dialect]:
    paths = {name: REPOSITORY / "config" / "labs" / f"{name}.yaml" for name in LABS}
    return {name: build(Dialect, read_yaml(path), path) for name, path in paths.items()}


def _participants(folder: Path) -> pl.DataFrame:
    """Screened participants; births are known by month, deaths by day."""
    screened = pl.read_csv(folder / "clinical" / "screening.csv", infer_schema=False)
    transplants = pl.read_csv(folder / "clinical" / "transplant.csv", infer_schema=False)
    born = pl.col("birth_date").str.slice(0, 7) + "-01"
    events = pl.read_csv(folder / "clinical" / "events.csv", infer_schema=False)
    deaths = events.filter(event="death").select("subject", DTHHI=pl.col("date").str.to_date("%Y-%m-%d"))
    joined = screened.join(transplants, on="subject", how="left").join(deaths, on="subject", how="left")
    return joined.select(
        "DTHHI",
        USUBJID="subject",
        DTHHIDY=pl.lit(None, dtype=pl.Float64),
        DEATH=pl.lit("the death"),
        BRTHLO=born.str.to_date("%Y-%m-%d", strict=False),
        HSCTDT=pl.col("transplant_date").str.to_date("%Y-%m-%d", strict=False),
    )


@pytest.fixture(scope="module")
def harmonised() -> dict[str, LabTables]:
    content = read_yaml(REPOSITORY / "config" / "config.yaml")["analytes"]
    analytes = [Analyte.model_validate(item) for item in content]
    return {
        cut: harmonise_labs(
            _dialects(), DEMO / cut, _participants(DEMO / cut), analytes, extract, date.fromisoformat(cut)
        )
        for cut, extract in CUTS.items()
    }


def _column(fault: Fault) -> str:
    """The head of a sheet column that the truth names by its letter."""
    letters = fault["column"]
    position = 0
    for letter in letters:
        position = 26 * position + ord(letter) - ord("A") + 1
    table = read_tables(DEMO / fault["cut"], fault["file"], _dialects()["utrecht"].layout)[0]
    return table.heads[position - 1]


def _cells(tables: LabTables, fault: Fault) -> pl.DataFrame:
    """LB rows of the cells that a fault concerns: one cell, one sample, or one patient's block."""
    rows = tables.lb.filter(
        (pl.col("SRCFILE") == fault["file"])
        & pl.col("SRCROW").is_between(fault["row"], fault.get("last_row", fault["row"]))
    )
    if fault["file"].endswith(".xlsx"):
        head = _column(fault)
        visit, _, below = head.rpartition(" | ")
        if visit:
            rows = rows.filter(pl.col("LBVISIT") == visit)
        return rows.filter(pl.col("SRCCOL") == head) if below not in ("Datum", "Patient") else rows
    in_column = rows.filter(pl.col("SRCCOL") == fault["column"])
    return in_column if fault["column"] in _result_heads() else rows


def _result_heads() -> set[str]:
    return {*_dialects()["paris"].analytes, "RESULT"}


def _queries(tables: LabTables, fault: Fault, kind: str) -> pl.DataFrame:
    last = fault.get("last_row", fault["row"])
    place = (pl.col("SRCFILE") == fault["file"]) & pl.col("SRCROW").is_between(fault["row"], last)
    return tables.queries.filter(place & (pl.col("QUKIND") == kind))


def _n_cells(fault: Fault) -> int:
    """Requested cells that are filled, of the rows of a central or Paris fault."""
    lab = "paris" if "paris" in fault["file"] else "central"
    dialect = _dialects()[lab]
    frame = read_tables(DEMO / fault["cut"], fault["file"], dialect.layout)[0].frame
    rows = frame.filter(pl.col("SRCROW").is_between(fault["row"], fault.get("last_row", fault["row"])))
    if lab == "central":
        return rows.filter(pl.col("TEST").is_in(list(dialect.analytes)) & (pl.col("RESULT") != "")).height
    heads = [fault["column"]] if fault["column"] in dialect.analytes else list(dialect.analytes)
    return sum(rows.filter(pl.col(head) != "").height for head in heads)


def _single(cut: str) -> Iterator[Fault]:
    apart = {VERSIONS, BLANK, *LAYOUT}
    return (fault for fault in FAULTS if fault["cut"] == cut and fault["item"] not in apart)


def test_every_planted_item_has_a_decided_end() -> None:
    assert FAULTS, "the demo has no truth.yaml"
    assert {fault["item"] for fault in FAULTS} <= {*ENDS, VERSIONS, BLANK, *LAYOUT}


@pytest.mark.parametrize("fault", [f for cut in CUTS for f in _single(cut)], ids=_name)
def test_a_planted_fault_ends_as_declared(harmonised: dict[str, LabTables], fault: Fault) -> None:
    tables, end = harmonised[fault["cut"]], ENDS[fault["item"]]
    cells = _cells(tables, fault)
    if end.withheld is not None:
        queries = _queries(tables, fault, end.withheld)
        assert cells.is_empty()
        assert queries["QUSEV"].unique().to_list() == ["error"]
        assert queries["QUNCELL"].sum() == _n_cells(fault)
        return
    assert cells.height > 0
    allowed = {end.fate, CENSORED} if end.fate == VALUE and cells.height > 1 else {end.fate}
    if fault["item"] == "7.6 blasts":
        allowed |= {VALUE}  # leukocytes are counted with their blasts
    assert set(cells["LBFATE"]) <= allowed
    assert end.fate in cells["LBFATE"].to_list()
    if end.reason is not None:
        assert set(cells.filter(pl.col("LBFATE") == end.fate)["LBREASND"]) == {end.reason}
    if end.remark is not None:
        assert _remarked(tables, fault, end.remark)


def _remarked(tables: LabTables, fault: Fault, kind: str) -> bool:
    """A remark on a sum stands at the whole, which may be another row of the same report."""
    if fault["file"].endswith("central_results.csv"):
        accession = _cells(tables, fault)["LBREFID"][0]
        rows = tables.lb.filter((pl.col("LBREFID") == accession) & (pl.col("SRCFILE") == fault["file"]))["SRCROW"]
        found = tables.queries.filter((pl.col("SRCFILE") == fault["file"]) & pl.col("SRCROW").is_in(rows.to_list()))
        return kind in found["QUKIND"].to_list()
    return not _queries(tables, fault, kind).is_empty()


@pytest.mark.parametrize("cut", CUTS)
def test_versions_of_a_report(harmonised: dict[str, LabTables], cut: str) -> None:
    faults = [fault for fault in FAULTS if fault["cut"] == cut and fault["item"] == VERSIONS]
    assert faults
    for fault in faults:
        expected = {SUPERSEDED} if fault["expected"].startswith("superseded") else {VALUE, CENSORED}
        found = _cells(harmonised[cut], fault)["LBFATE"].unique().to_list()
        assert set(found) <= expected, fault


@pytest.mark.parametrize("cut", CUTS)
def test_the_other_sample_of_the_day_is_listed(harmonised: dict[str, LabTables], cut: str) -> None:
    fault = next(f for f in FAULTS if f["cut"] == cut and f["item"] == "7.5 same-day duplicate")
    chosen = _cells(harmonised[cut], fault)
    day = pl.col("LBDT") == chosen["LBDT"][0]
    others = harmonised[cut].lb.filter(
        (pl.col("USUBJID") == chosen["USUBJID"][0]) & day & (pl.col("LBREFID") != chosen["LBREFID"][0])
    )
    assert set(others["LBFATE"]) == {SUPERSEDED}
    assert others["LBTESTCD"].sort().to_list() == chosen["LBTESTCD"].sort().to_list()
    assert others["LBREASND"].str.starts_with("another sample of the same day was drawn later").all()


@pytest.mark.parametrize("cut", CUTS)
def test_layout_rows_hold_no_results(harmonised: dict[str, LabTables], cut: str) -> None:
    tables = harmonised[cut]
    for fault in (f for f in FAULTS if f["cut"] == cut and f["item"] in LAYOUT):
        if fault["item"] in {"7.4 wide by analyte", "7.4 wide by visit"}:
            continue
        here = (pl.col("SRCFILE") == fault["file"]) & (pl.col("SRCROW") == fault["row"])
        if fault["sheet"] in {"oud", "Info"}:
            assert fault["sheet"] not in tables.lb["SRCSHEET"].to_list()
        elif fault["item"] not in {"7.2 unit outside the table", "7.4 US and EU date order in one study"}:
            assert tables.lb.filter(here).is_empty()
            assert tables.queries.filter(here).is_empty()
    assert "sheet_undeclared" not in tables.queries["QUKIND"].to_list()
    assert "column_undeclared" not in tables.queries["QUKIND"].to_list()


@pytest.mark.parametrize(("cut", "file"), list(CELLS), ids=str)
def test_the_account_agrees_with_the_truth(harmonised: dict[str, LabTables], cut: str, file: str) -> None:
    """Blank, not requested and read cells, as the simulator wrote them. A cell that it counts as a value may end as
    superseded, excluded or queried; what it wrote without a number never ends as one."""
    truth = {key: n for key, n in CELLS[cut, file].items() if key not in {"cut", "file"}}
    account = harmonised[cut].cells.filter(pl.col("source_file") == file).row(0, named=True)
    assert account["n_blank"] == truth["blank"]
    assert account["n_not_requested"] == truth.get("not_requested", 0)
    assert account["n_read"] == sum(n for kind, n in truth.items() if kind != "blank")
    assert account["n_value"] <= truth["value"]
    # Nothing that was not done hides behind another fate here, but for the results of samples that are not attributed.
    without_result = truth.get("no_result", 0) + truth.get("pending", 0)
    assert account["n_not_done"] <= without_result <= account["n_not_done"] + account["n_queried"]


@pytest.mark.parametrize("cut", CUTS)
def test_withheld_cells_add_up(harmonised: dict[str, LabTables], cut: str) -> None:
    tables = harmonised[cut]
    by_file = tables.queries.group_by("SRCFILE").agg(pl.col("QUNCELL").sum())
    counted = {file: n for file, n in by_file.iter_rows() if n}
    assert counted == {
        row["source_file"]: row["n_queried"] for row in tables.cells.iter_rows(named=True) if row["n_queried"]
    }
    assert tables.queries.filter(pl.col("QUSEV") != "error")["QUNCELL"].sum() == 0


@pytest.mark.parametrize("cut", CUTS)
def test_every_withheld_cell_was_planted(harmonised: dict[str, LabTables], cut: str) -> None:
    """No clean result is withheld."""
    planted = sum(_n_cells(fault) for fault in _single(cut) if ENDS[fault["item"]].withheld is not None)
    assert harmonised[cut].cells["n_queried"].sum() == planted


def test_dates_are_read_by_declaration(harmonised: dict[str, LabTables]) -> None:
    """Day first in Utrecht and Paris, month first in New York."""
    lb = harmonised["2026-03-31"].lb
    for fault in (f for f in FAULTS if f["cut"] == "2026-03-31" and f["item"] == "7.4 date as text"):
        day, month, year = map(int, fault["kind"].split("-"))
        assert set(_cells(harmonised["2026-03-31"], fault)["LBDT"]) == {date(year, month, day)}
    for lab, written in (("central", "%m/%d/%Y"), ("paris", "%d/%m/%Y")):
        rows = lb.filter((pl.col("LBNAM") == lab) & (pl.col("LBDTC").str.len_chars() == len("01/01/2026 09:30")))
        assert rows["LBDTC"].str.slice(0, 10).to_list() == rows["LBDT"].dt.strftime(written).to_list()
        assert rows.height > 300


def test_corrections_between_the_cuts_arrive(harmonised: dict[str, LabTables]) -> None:
    """A corrected central report: another number in the second cut, the first listed as superseded."""
    fault = next(f for f in FAULTS if f["cut"] == "2026-09-30" and f["expected"] == "the value used from this cut on")
    corrected = _cells(harmonised["2026-09-30"], fault)
    accession = corrected["LBREFID"][0]
    before = harmonised["2026-03-31"].lb.filter(pl.col("LBREFID") == accession)
    after = harmonised["2026-09-30"].lb.filter(pl.col("LBREFID") == accession)
    key = ["LBTESTCD"]
    both = (
        before.filter(pl.col("LBFATE") == VALUE)
        .join(corrected, on=key)
        .filter(pl.col("LBSTRESN") != pl.col("LBSTRESN_right"))
    )
    assert both.height > 0
    assert after.filter(pl.col("LBFATE") == SUPERSEDED)["LBREASND"].str.contains("corrected result in row").all()


def test_the_result_is_the_same_twice(harmonised: dict[str, LabTables]) -> None:
    cut = "2026-03-31"
    analytes = [Analyte.model_validate(item) for item in read_yaml(REPOSITORY / "config" / "config.yaml")["analytes"]]
    again = harmonise_labs(
        _dialects(), DEMO / cut, _participants(DEMO / cut), analytes, CUTS[cut], date.fromisoformat(cut)
    )
    assert again.lb.equals(harmonised[cut].lb)
    assert again.queries.equals(harmonised[cut].queries)
    assert again.cells.equals(harmonised[cut].cells)
