"""Samples drawn after the recorded death: asked about, kept in LB, and used in no analysis."""

from datetime import date
from typing import Any

import polars as pl
import pytest

from immrecon.ingest.deaths import with_deaths
from immrecon.ingest.lab import LabTables, harmonise_labs

from .lab_cases import ANALYTES, EXTRACTED, checks, dialect, export, participants, used

CE = {
    "USUBJID": pl.String, "CESEQ": pl.Int64, "CEDECOD": pl.String, "CESTLO": pl.Date, "CESTHI": pl.Date, "CESTDY": pl.Float64,
    "SRCFILE": pl.String, "SRCROW": pl.Int64,
}  # fmt: skip


def event(
    seq: int, low: date | None, high: date | None, day: float | None = None, term: str = "DEATH"
) -> tuple[Any, ...]:
    return ("S1-001", seq, term, low, high, day, "clinical/events.csv", seq + 1)


def people(*events: tuple[Any, ...]) -> pl.DataFrame:
    return with_deaths(participants(), pl.DataFrame(list(events), schema=CE, orient="row"))


def harmonise(folder, died: pl.DataFrame, *days: str, **changes: Any) -> LabTables:
    rows = [{"result": "120", "drawn": day, "sample": f"A{n}"} for n, day in enumerate(days)]
    (folder / "lab.csv").write_text(export(*rows, {"result": "90", "drawn": days[-1], "sample": "B", "id": "S1-002"}))
    lab = dialect(**{"checks": checks(), **changes})
    return harmonise_labs({"lab": lab}, folder, died, ANALYTES, EXTRACTED, None)


def asked(tables: LabTables) -> list[tuple[Any, ...]]:
    return tables.queries.select("QUKIND", "QUSEV", "SRCROW", "USUBJID", "QUVAL", "QUNCELL").rows()


def test_a_sample_after_death_is_asked_about_and_withheld_from_nothing(tmp_path) -> None:
    """On the day of death itself a sample can be drawn. Somebody else may have lived."""
    died = people(
        event(1, date(2026, 1, 20), date(2026, 1, 20), term="RELAPSE"), event(2, date(2026, 2, 2), date(2026, 2, 2))
    )
    tables = harmonise(tmp_path, died, "01/02/2026", "02/02/2026", "03/02/2026")
    assert asked(tables) == [("sample_after_death", "warning", 4, "S1-001", "03/02/2026", 0)]
    assert tables.queries["QUMSG"].item() == "Drawn after the death of 2026-02-02 (clinical/events.csv row 3)."
    assert len(used(tables)) == 4


def test_the_severity_is_declared(tmp_path) -> None:
    died = people(event(1, date(2026, 2, 2), date(2026, 2, 2)))
    declared = {"checks": checks(severities={"sample_after_death": "note"})}
    assert [row[1] for row in asked(harmonise(tmp_path, died, "03/02/2026", **declared))] == ["note"]


@pytest.mark.parametrize(("day", "n"), [("28/02/2026", 0), ("01/03/2026", 1)])
def test_of_a_partial_date_only_what_is_certainly_later(tmp_path, day: str, n: int) -> None:
    died = people(event(1, date(2026, 2, 1), date(2026, 2, 28)))
    assert len(asked(harmonise(tmp_path, died, day))) == n


def test_a_death_without_a_day_contradicts_nothing(tmp_path) -> None:
    assert asked(harmonise(tmp_path, people(event(1, None, None)), "03/02/2026")) == []


def test_days_since_transplant(tmp_path) -> None:
    columns = {
        "participant": "id", "collected": {"column": "drawn", "as": "day_since_transplant"}, "accession": "sample",
        "test": "test", "result": "result", "unit": "unit", "ignored": "*",
    }  # fmt: skip
    lab = {"columns": columns, "statuses": {}, "exclude_where": []}
    tables = harmonise(tmp_path, people(event(1, None, None, 40.0)), "40", "40.5", **lab)
    assert asked(tables) == [("sample_after_death", "warning", 3, "S1-001", "40.5", 0)]
    assert tables.queries["QUMSG"].item() == "Drawn after the death of day 40.0 (clinical/events.csv row 2)."
