"""Planted faults: all listed, where listed, rare. Read from the committed files."""

import csv
import io
from pathlib import Path
from typing import Any

import pytest

from .conftest import sheet_rows

CUTS = ("2026-03-31", "2026-09-30")
NOT_THE_CELL = ("month first", "identical record")  # descriptions, not cell contents


def _lines(path: Path) -> list[list[str]]:
    raw = path.read_bytes()
    if "paris" in path.name:
        return list(csv.reader(io.StringIO(raw.decode("cp1252"), newline=""), delimiter=";"))
    delimiter = ";" if "sae_listing" in path.name else ","
    return list(csv.reader(io.StringIO(raw.decode("utf-8-sig")), delimiter=delimiter))


def _column(letters: str) -> int:
    number = 0
    for letter in letters:
        number = number * 26 + "ABCDEFGHIJKLMNOPQRSTUVWXYZ".index(letter) + 1
    return number - 1


def test_every_item_is_planted_in_each_cut_or_excused(truth: dict[str, Any]) -> None:
    planted = {d["item"] for d in truth["dirt"]}
    assert planted == {*truth["catalogue"], *truth["clinical_catalogue"]}
    assert planted.isdisjoint(truth["not_applicable"])
    assert {i[:3] for i in (*truth["catalogue"], *truth["not_applicable"])} == {f"7.{n}" for n in range(1, 8)}
    only_later = planted - {d["item"] for d in truth["dirt"] if d["cut"] == CUTS[0]}
    assert only_later == {
        "7.5 result corrected in place",
        "7.5 result changed without a status",
        "clinical entered late",
        "clinical backdated correction",
    }


@pytest.mark.parametrize("cut", CUTS)
def test_each_fault_stands_where_truth_says(demo: Path, truth: dict[str, Any], cut: str) -> None:
    checked = 0
    for file in sorted({d["file"] for d in truth["dirt"] if d["file"].endswith(".csv")}):
        lines = _lines(demo / cut / file)
        header = lines[3] if "paris" in file else lines[0]
        for d in truth["dirt"]:
            if (d["cut"], d["file"]) != (cut, file) or d["column"] == "" or d["kind"] in NOT_THE_CELL:
                continue
            for row in range(d["row"], d.get("last_row", d["row"]) + 1):
                cell = lines[row - 1][header.index(d["column"])]
                assert (cell or "(blank)") == d["kind"], d
                checked += 1
    assert checked > 200


@pytest.mark.parametrize("cut", CUTS)
def test_each_fault_of_the_workbook_stands_where_truth_says(demo: Path, truth: dict[str, Any], cut: str) -> None:
    rows = sheet_rows(demo / cut / "labs" / "utrecht_flow.xlsx")
    found = [d for d in truth["dirt"] if d["cut"] == cut and d["file"].endswith(".xlsx") and d["column"]]
    assert len(found) >= 13
    for d in found:
        assert (rows[d["row"] - 1][_column(d["column"])] or "(blank)") == d["kind"], d


@pytest.mark.parametrize("cut", CUTS)
def test_cells_by_kind_add_up_to_the_cells_of_the_files(demo: Path, truth: dict[str, Any], cut: str) -> None:
    counts = {c["file"]: c for c in truth["lab_cells"] if c["cut"] == cut}
    total = {f: sum(v for v in c.values() if isinstance(v, int)) for f, c in counts.items()}
    assert total["labs/central_results.csv"] == len(_lines(demo / cut / "labs/central_results.csv")) - 1
    lines = _lines(demo / cut / "labs/paris_lymphocytes.csv")
    header = lines[3]
    samples = [r for r in lines[4:] if len(r) == len(header) and r != header]
    assert total["labs/paris_lymphocytes.csv"] == 9 * len(samples)
    paris = counts["labs/paris_lymphocytes.csv"]
    cells = [v for r in samples for v in r[6:15]]
    assert paris["blank"] == cells.count("")
    assert paris["pending"] == cells.count("en cours") == 2
    rows = sheet_rows(demo / cut / "labs/utrecht_flow.xlsx")
    blocks = sum(c == "Datum" for c in rows[4])
    assert total["labs/utrecht_flow.xlsx"] == 5 * blocks * (len(rows) - 6)


@pytest.mark.parametrize("cut", CUTS)
def test_faults_are_rare_enough_to_analyse(demo: Path, truth: dict[str, Any], cut: str) -> None:
    """At most 5 % of result cells without a usable text; few samples that cannot be attributed or dated."""
    counts = [c for c in truth["lab_cells"] if c["cut"] == cut]
    lost = sum(c.get(k, 0) for c in counts for k in ("no_result", "pending", "unreadable"))
    total = sum(v for c in counts for k, v in c.items() if isinstance(v, int) and k not in ("blank", "not_requested"))
    assert lost / total < 0.05
    queried = [
        d
        for d in truth["dirt"]
        if d["cut"] == cut and d["file"].startswith("labs/") and d["expected"].startswith("query: ")
    ]
    samples = {(d["file"], d["row"]) for d in queried if "last_row" in d or d["column"] == "N° patient"}
    central = {r[4] for r in _lines(demo / cut / "labs/central_results.csv")[1:]}
    paris = [r for r in _lines(demo / cut / "labs/paris_lymphocytes.csv") if len(r) == 16]
    assert len(samples) >= 8
    assert len(samples) / (len(central) + len(paris) - 2 + 40) < 0.06


def test_dead_participant_is_seen_alive_later(demo: Path, truth: dict[str, Any]) -> None:
    fault = next(d for d in truth["dirt"] if d["cut"] == CUTS[1] and d["item"] == "clinical dead before alive")
    lines = _lines(demo / CUTS[1] / fault["file"])
    subject, when = lines[fault["row"] - 1][:2]
    assert any(r[0] == subject and r[2] == "alive" and r[1] > when for r in lines[1:])


def test_hidden_sheet_is_hidden_and_formula_has_a_cached_value(demo: Path) -> None:
    import zipfile

    with zipfile.ZipFile(demo / CUTS[1] / "labs" / "utrecht_flow.xlsx") as book:
        workbook = book.read("xl/workbook.xml").decode()
        sheet = book.read("xl/worksheets/sheet1.xml").decode()
    assert 'name="oud" sheetId="2" state="hidden"' in workbook
    assert sheet.count("<f>") == 1
    assert sheet.count("<mergeCell ") >= 14
