"""The safety database against the clinical one; starts of one event are at most 3 days apart."""

from pathlib import Path

import polars as pl
import pytest

from immrecon.ingest.clinical import ClinicalTables

from .clinical_cases import ADVERSE, harmonise

ADVERSE_SER = ADVERSE.replace("AEOUT: {column: outcome}", "AEOUT: {column: outcome}\n      AESER: {column: serious}")
SAFETY = """
  - file: sae.csv
    format: text
    domain: SAE
    participant: *id
    record_id: case
    columns:
      SAEDECOD: {column: event}
      SAETOXGR: {column: grade}
      SAEOUT: {column: outcome, map: {Resolved: recovered, Fatal: fatal}}
      SAESTDTC: {column: onset}
"""
AE_HEAD = "id,term,pt,soc,grade,outcome,serious,start,end\n"
SAE_HEAD = "id,case,event,grade,outcome,onset\n"


def serious(start: str, term: str = "Sepsis", grade: str = "4", outcome: str = "recovered", flag: str = "Y") -> str:
    return f"S1-001,x,{term},Infections,{grade},{outcome},{flag},{start},2025-05-01\n"


def reported(start: str, term: str = "SEPSIS", grade: str = "4", outcome: str = "Resolved", case: int = 1) -> str:
    return f"S1-001,{case},{term},{grade},{outcome},{start}\n"


def reconcile(folder: Path, ae: str, sae: str, days: int = 3) -> ClinicalTables:
    checks = {"sae_reconciliation": {"onset_tolerance_days": days}}
    return harmonise(folder, ADVERSE_SER + SAFETY, ae=AE_HEAD + ae, sae=SAE_HEAD + sae, checks=checks)


def about_saes(tables: ClinicalTables) -> list[tuple[str, int, str]]:
    asked = tables.queries.filter(pl.col("QUKIND").str.starts_with("sae_"))
    return asked.select("SRCFILE", "SRCROW", "QUKIND").rows()


def matches(tables: ClinicalTables) -> list[int | None]:
    return tables.sae["AESEQ"].to_list()


@pytest.mark.parametrize("term", ["SEPSIS", "sepsis", "  Sepsis "])
def test_one_event_in_both_databases(tmp_path: Path, term: str) -> None:
    tables = reconcile(tmp_path, serious("2025-03-01"), reported("2025-03-01", term))
    assert about_saes(tables) == []
    assert tables.sae.select("AESEQ", "SAESTAT").rows() == [(1, "in both, agreeing")]
    assert tables.ae.height == 1  # counted once


@pytest.mark.parametrize("start", ["2025-02-26", "2025-03-04"])
def test_starts_within_the_tolerance_match_and_are_asked_about(tmp_path: Path, start: str) -> None:
    tables = reconcile(tmp_path, serious("2025-03-01"), reported(start))
    assert about_saes(tables) == [("sae.csv", 2, "sae_disagrees")]
    query = tables.queries.row(0, named=True)
    assert (query["SRCCOL"], query["QUVAL"], query["QUSEV"]) == ("onset", start, "warning")
    assert query["QUMSG"].startswith(
        f"Start {start} in the safety database, 2025-03-01 in the clinical database (ae.csv"
    )


@pytest.mark.parametrize("start", ["2025-02-25", "2025-03-05"])
def test_starts_beyond_the_tolerance_are_two_events(tmp_path: Path, start: str) -> None:
    tables = reconcile(tmp_path, serious("2025-03-01"), reported(start))
    assert about_saes(tables) == [
        ("ae.csv", 2, "sae_not_in_safety_database"),
        ("sae.csv", 2, "sae_not_in_clinical_database"),
    ]
    assert tables.sae["SAESTAT"].to_list() == ["in the safety database only"]
    hint = tables.queries.filter(QUKIND="sae_not_in_clinical_database")["QUHINT"].item()
    assert hint == "The nearest event of this term: start 2025-03-01 (ae.csv row 2)."


def test_another_term_is_another_event(tmp_path: Path) -> None:
    tables = reconcile(tmp_path, serious("2025-03-01"), reported("2025-03-01", "Pneumonia"))
    assert [kind for *_, kind in about_saes(tables)] == ["sae_not_in_safety_database", "sae_not_in_clinical_database"]
    severities = dict(tables.queries.select("QUKIND", "QUSEV").rows())
    assert severities == {"sae_not_in_safety_database": "warning", "sae_not_in_clinical_database": "error"}


def test_events_of_another_participant_never_match(tmp_path: Path) -> None:
    other = reported("2025-03-01").replace("S1-001", "S1-002")
    assert matches(reconcile(tmp_path, serious("2025-03-01"), other)) == [None]


@pytest.mark.parametrize(
    ("ae", "sae", "column", "value", "said"),
    [
        (serious("2025-03-01", grade="3"), reported("2025-03-01"), "grade", "4", "Grade 4 in .* 3 in the clinical"),
        (serious("2025-03-01", grade=""), reported("2025-03-01"), "grade", "4", r"Grade 4 in .* \(blank\) in the"),
        (
            serious("2025-03-01", grade="3"),
            reported("2025-03-01", grade=""),
            "grade",
            None,
            r"Grade \(blank\) in .* 3 in",
        ),
        (serious("2025-03-01", outcome="fatal"), reported("2025-03-01"), "outcome", None, "recovered in .* fatal in"),
        (serious("2025-03-01", flag="N"), reported("2025-03-01"), "event", "SEPSIS", "serious N in the clinical"),
        (serious("2025-03-01", flag=""), reported("2025-03-01"), "event", "SEPSIS", r"serious \(blank\) in the"),
    ],
)
def test_both_values_are_named(tmp_path: Path, ae: str, sae: str, column: str, value: str | None, said: str) -> None:
    tables = reconcile(tmp_path, ae, sae)
    asked = tables.queries.filter(QUKIND="sae_disagrees")
    assert asked.select("SRCROW", "SRCCOL", "QUVAL").rows() == [(2, column, value)]
    assert asked["QUMSG"].str.contains(said).item()
    assert tables.sae["SAESTAT"].to_list() == ["in both, disagreeing"]


def test_every_difference_is_a_query_of_its_own(tmp_path: Path) -> None:
    tables = reconcile(tmp_path, serious("2025-03-01", grade="3", flag="N"), reported("2025-03-02", outcome="Fatal"))
    assert tables.queries["SRCCOL"].to_list() == ["event", "grade", "onset", "outcome"]


def test_partial_starts_are_as_near_as_they_can_be(tmp_path: Path) -> None:
    tables = reconcile(tmp_path, serious("2025-03-15"), reported("2025-03"))
    assert about_saes(tables) == []
    tables = reconcile(tmp_path, serious("2025-03-29"), reported("2025-04"))  # three days before its first
    assert [kind for *_, kind in about_saes(tables)] == ["sae_disagrees"]
    assert matches(reconcile(tmp_path, serious("2025-03-28"), reported("2025-04"))) == [None]


def test_a_missing_start_contradicts_none(tmp_path: Path) -> None:
    tables = reconcile(tmp_path, serious("2025-03-01"), reported(""))
    assert matches(tables) == [1]
    assert about_saes(tables) == []
    assert tables.queries["QUKIND"].to_list() == ["date_missing"]


def test_recurrent_events_match_one_to_one_and_the_nearest_first(tmp_path: Path) -> None:
    ae = serious("2025-03-01") + serious("2025-03-03") + serious("2025-03-20")
    sae = reported("2025-03-03", case=1) + reported("2025-03-20", case=2) + reported("2025-03-02", case=3)
    assert matches(reconcile(tmp_path, ae, sae)) == [2, 3, 1]


def test_two_reports_of_one_event_do_not_both_match(tmp_path: Path) -> None:
    tables = reconcile(tmp_path, serious("2025-03-01"), reported("2025-03-01") + reported("2025-03-02", case=2))
    assert matches(tables) == [1, None]


def test_serious_events_are_taken_before_nearer_ones_that_are_not(tmp_path: Path) -> None:
    ae = serious("2025-03-01", flag="N") + serious("2025-03-03")
    assert matches(reconcile(tmp_path, ae, reported("2025-03-01"))) == [2]


def test_without_a_safety_database_nothing_is_asked(tmp_path: Path) -> None:
    tables = harmonise(tmp_path, ADVERSE_SER, ae=AE_HEAD + serious("2025-03-01"))
    assert tables.sae.height == 0
    assert tables.queries.height == 0


def test_nothing_reported_and_nothing_serious(tmp_path: Path) -> None:
    assert about_saes(reconcile(tmp_path, serious("2025-03-01", flag="N"), "")) == []
    assert about_saes(reconcile(tmp_path, serious("2025-03-01"), "")) == [("ae.csv", 2, "sae_not_in_safety_database")]
    assert about_saes(reconcile(tmp_path, "", reported("2025-03-01"))) == [
        ("sae.csv", 2, "sae_not_in_clinical_database")
    ]


def test_as_many_events_are_matched_as_can_be(tmp_path: Path) -> None:
    """The nearest pair, 4 and 5 March, would leave 7 March without the only event that is near enough to it."""
    clinical = serious("2025-03-05") + serious("2025-03-02")
    tables = reconcile(tmp_path, clinical, reported("2025-03-04") + reported("2025-03-07", case=2))
    starts = dict(tables.ae.select("AESEQ", "AESTDTC").rows())
    assert [starts[number] for number in matches(tables)] == ["2025-03-02", "2025-03-05"]
