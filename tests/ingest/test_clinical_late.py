"""Events entered late: the second cut's extract is of 12 April 2026, the first one's was of 1 February."""

from datetime import date
from pathlib import Path
from typing import Any

import pytest

from .clinical_cases import CE_HEAD, EVENTS, asked, harmonise, only_query

RULE = [{"domain": "CE", "after_days": 30}]
EARLIER = {"cutoff_date": date(2026, 1, 15), "extract_date": date(2026, 2, 1)}
NOTHING: list[Any] = []


def notes(
    folder: Path, day: str, entered: str, earlier: Any = EARLIER, rules: Any = RULE
) -> list[tuple[int | None, str, str]]:
    row = f"S1-001,1,relapse,,{day},,{entered}\n"
    return asked(harmonise(folder, EVENTS, ce=CE_HEAD + row, checks={"earlier": earlier, "entered_late": rules}))


@pytest.mark.parametrize(
    ("day", "entered", "kind"),
    [
        ("2026-01-15", "2026-02-02", "entered_since_earlier_cut"),
        ("2025-06-01", "2026-02-02", "entered_since_earlier_cut"),  # late as well: said once
        ("2025-12", "2026-02-02", "entered_since_earlier_cut"),
        ("2026-01-16", "2026-02-02", None),  # after the earlier cut-off
        ("2026-01-15", "2026-02-01", None),  # in the earlier extract
        ("2026-01", "2026-02-02", None),  # may have been after the earlier cut-off
        ("2025-12-01", "2026-01-01", "entered_late"),
        ("2025-12-02", "2026-01-01", None),  # 30 days
        ("2025-12", "2026-01-30", None),  # 30 days from its last possible day
        ("2025-12", "2026-01-31", "entered_late"),
        ("2026-02-20", "2026-04-01", "entered_late"),
        ("2026-02-20", "", None),
    ],
)
def test_notes(tmp_path: Path, day: str, entered: str, kind: str | None) -> None:
    assert notes(tmp_path, day, entered) == ([] if kind is None else [(2, kind, "note")])


def test_without_an_earlier_cut_only_the_days_count(tmp_path: Path) -> None:
    assert notes(tmp_path, "2026-01-15", "2026-02-02", earlier=None) == []
    assert notes(tmp_path, "2025-06-01", "2026-02-02", earlier=None) == [(2, "entered_late", "note")]


def test_a_domain_without_a_rule_is_not_checked(tmp_path: Path) -> None:
    assert notes(tmp_path, "2025-06-01", "2026-02-02", rules=NOTHING) == []


def test_the_days_are_said(tmp_path: Path) -> None:
    row = "S1-001,1,relapse,,2025-12-01,,2026-01-01\n"
    query = only_query(harmonise(tmp_path, EVENTS, ce=CE_HEAD + row, checks={"entered_late": RULE}))
    assert query["QUMSG"] == "Dated 2025-12-01, entered on 2026-01-01: 31 days later."
    assert query["USUBJID"] == "S1-001"
