"""Cells of any length: what no one can have meant is a query of readable size, and the rest of the file is used."""

import csv

import pytest

from immrecon.errors import SourceError

from .clinical_cases import CE_HEAD, EVENTS
from .clinical_cases import harmonise as clinical
from .lab_cases import account, export, harmonise, kinds, long, used

LONG = ("word " * 40_000).strip()


@pytest.mark.parametrize(
    ("column", "kind"),
    [
        ("result", "value_unreadable"),
        ("id", "participant_malformed"),
        ("drawn", "date_unreadable"),
        ("unit", "unit_unknown"),
        ("test", "analyte_unknown"),
        ("status", "status_unknown"),
        ("code", "code_disagrees"),
    ],
)
def test_a_cell_beyond_the_limit_of_the_csv_module(tmp_path, column: str, kind: str) -> None:
    tables = long(tmp_path, {"result": "1", "sample": "B1", column: LONG}, {"result": "120"})
    assert used(tables) == [("CD4", "=", 120.0)]
    assert kinds(tables) == [(kind, 2, 1)]
    query = tables.queries.row(0, named=True)
    assert query["QUVAL"].startswith("word word ")
    assert query["QUVAL"].endswith("(199999 characters)")
    assert max(len(query[name] or "") for name in ("QUVAL", "QUMSG", "QUHINT")) < 500


def test_a_result_of_endless_digits(tmp_path) -> None:
    tables = long(tmp_path, {"result": "1" * 200_000}, {"result": "1\u00a0000" + "\u00a0000" * 200, "sample": "A2"})
    assert [kind for kind, _, _ in kinds(tables)] == ["value_unreadable", "value_unreadable"]
    assert account(tables) == {"rows": 2, "read": 2, "queried": 2}


def test_the_limit_of_other_readers_is_left_alone(tmp_path) -> None:
    before = csv.field_size_limit()
    long(tmp_path, {"result": "120"})
    assert csv.field_size_limit() == before


def test_a_quote_that_is_never_closed_is_still_said(tmp_path) -> None:
    content = export({"result": "120"}, *[{"result": '"120' if i == 3 else "120"} for i in range(4000)])
    with pytest.raises(SourceError, match=r"lab\.csv: the row that begins on line 6 cannot be split .*unpaired quote"):
        harmonise(tmp_path, content)


@pytest.mark.parametrize("column", range(7))
def test_a_long_cell_of_a_clinical_extract(tmp_path, column: int) -> None:
    cells = ["S1-001", "1", "infection", "2", "2025-06-01", "", "2025-06-02"]
    cells[column] = LONG
    tables = clinical(
        tmp_path, EVENTS, ce=CE_HEAD + ",".join(cells) + "\nS1-002,2,infection,2,2025-06-01,,2025-06-02\n"
    )
    assert "S1-002" in tables.ce["USUBJID"].to_list()
    assert tables.queries.height == (0 if column == 1 else 1)
    for value in tables.queries["QUVAL"]:
        assert value.endswith("(199999 characters)")
        assert len(value) < 300
