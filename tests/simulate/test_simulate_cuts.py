"""Two cuts of one study: what the second keeps, corrects and adds. Read from the committed files."""

import csv
import io
from collections import Counter
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from .conftest import sheet_rows

FIRST, SECOND = "2026-03-31", "2026-09-30"
EXTRACT = {FIRST: "2026-04-12", SECOND: "2026-10-12"}
Row = tuple[str, ...]


def _table(demo: Path, cut: str, file: str) -> tuple[Row, list[Row]]:
    raw = (demo / cut / file).read_bytes()
    if file.startswith("clinical/") or "central" in file:
        delimiter = ";" if "sae_listing" in file else ","
        rows = [tuple(r) for r in csv.reader(io.StringIO(raw.decode("utf-8-sig")), delimiter=delimiter)]
        return rows[0], rows[1:]
    lines = [tuple(r) for r in csv.reader(io.StringIO(raw.decode("cp1252"), newline=""), delimiter=";")]
    header = lines[3]
    return header, [r for r in lines[4:] if len(r) == len(header) and r != header]


def _files(demo: Path) -> list[str]:
    return [*(f"clinical/{p.name}" for p in sorted((demo / FIRST / "clinical").glob("*.csv"))),
            "labs/central_results.csv", "labs/paris_lymphocytes.csv"]  # fmt: skip


def test_second_cut_holds_the_first_but_for_listed_changes(demo: Path, truth: dict[str, Any]) -> None:
    changes = truth["changes_between_cuts"]
    used = 0
    for file in _files(demo):
        header, before = _table(demo, FIRST, file)
        _, after = _table(demo, SECOND, file)
        gone = list((Counter(before) - Counter(after)).elements())
        listed: dict[str, dict[str, tuple[str, str]]] = {}
        for c in (c for c in changes if c["file"] == file):
            listed.setdefault(c["key"], {})[c["column"]] = (c["before"], c["after"])
        revised = []
        for edits in listed.values():
            old = [r for r in gone if all(r[header.index(c)] == b for c, (b, _) in edits.items())]
            revised += [tuple(edits[c][1] if c in edits else v for c, v in zip(header, r, strict=True)) for r in old]
        assert len(listed) == len(gone), file
        missing = [r for r in gone if not any(_applies(r, header, e, after) for e in listed.values())]
        assert missing == [], file
        used += len(listed)
    assert used >= 20


def _applies(row: Row, header: Row, edits: dict[str, tuple[str, str]], after: list[Row]) -> bool:
    if any(row[header.index(c)] != before for c, (before, _) in edits.items()):
        return False
    return tuple(edits[c][1] if c in edits else v for c, v in zip(header, row, strict=True)) in after


def _workbook(demo: Path, cut: str) -> dict[tuple[str, str, str], str]:
    rows = sheet_rows(demo / cut / "labs" / "utrecht_flow.xlsx")
    visits: list[str] = []
    for cell in rows[3]:
        visits.append(cell if cell is not None else visits[-1])
    return {
        (str(r[0]), visits[i], rows[4][i]): v for r in rows[5:-1] for i, v in enumerate(r) if i > 0 and v is not None
    }


def test_workbook_changes_silently_where_listed(demo: Path, truth: dict[str, Any]) -> None:
    before, after = _workbook(demo, FIRST), _workbook(demo, SECOND)
    changed = {(k[0], k[1], k[2], v, after[k]) for k, v in before.items() if after[k] != v}
    listed = set()
    for c in (c for c in truth["changes_between_cuts"] if c["file"] == "labs/utrecht_flow.xlsx"):
        patient, visit = c["key"].split(" ", 1)
        listed.add((patient, visit, c["column"], c["before"], c["after"]))
    assert changed == listed
    assert len(listed) == 2


@pytest.mark.parametrize("cut", [FIRST, SECOND])
def test_nothing_was_entered_after_the_extract(demo: Path, cut: str) -> None:
    for file in _files(demo):
        header, rows = _table(demo, cut, file)
        if "entered_on" in header:
            assert max(r[-1] for r in rows) <= EXTRACT[cut]
        elif "REPORTED" in header:
            reported = [r[header.index("REPORTED")] for r in rows]
            assert max(f"{t[6:10]}-{t[0:2]}-{t[3:5]}" for t in reported) <= EXTRACT[cut]


@pytest.mark.parametrize("cut", [FIRST, SECOND])
def test_files_hold_records_dated_after_the_cut_off(demo: Path, cut: str) -> None:
    header, rows = _table(demo, cut, "clinical/contacts.csv")
    dates = [r[header.index("date")] for r in rows]
    assert sum(cut < d <= EXTRACT[cut] for d in dates) >= 2


def test_events_before_the_first_cut_off_were_entered_later(demo: Path) -> None:
    header, after = _table(demo, SECOND, "clinical/events.csv")
    at = {c: header.index(c) for c in header}
    late = [r for r in after if "2000" < r[at["date"]] <= FIRST and r[at["entered_on"]] > EXTRACT[FIRST]]
    kinds = Counter(r[at["event"]] for r in late)
    assert kinds["relapse"] == 2  # one late, one backdated
    assert kinds["infection"] >= 1


def test_relapse_was_backdated(demo: Path, truth: dict[str, Any]) -> None:
    moved = [
        c for c in truth["changes_between_cuts"] if c["reason"] == "backdated correction" and c["column"] == "date"
    ]
    assert {c["file"] for c in moved} == {"clinical/events.csv", "clinical/disease.csv"}
    for c in moved:
        assert (date.fromisoformat(c["before"]) - date.fromisoformat(c["after"])).days == 12


def test_corrected_lab_results_carry_their_status(demo: Path) -> None:
    header, rows = _table(demo, SECOND, "labs/paris_lymphocytes.csv")
    assert sum(r[header.index("Statut")] == "corrigé" for r in rows) == 2
    header, first = _table(demo, FIRST, "labs/paris_lymphocytes.csv")
    assert sum(r[header.index("Statut")] == "corrigé" for r in first) == 0
    header, rows = _table(demo, SECOND, "labs/central_results.csv")
    corrected = [r for r in rows if r[header.index("STATUS")] == "C"]
    late = {r[header.index("ACCESSION")] for r in corrected if r[header.index("REPORTED")][6:10] == "2026"}
    assert len(late) == 2
