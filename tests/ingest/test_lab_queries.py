"""Queries on lab exports: each kind once, where it points, and what it withholds."""

import polars as pl
import pytest

from .lab_cases import account, export, harmonise, kinds, long, only_query, used

# ---- queries: each kind once ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("row", "kind", "column", "said", "hint"),
    [
        ({"id": ""}, "participant_missing", "id", "whose sample", None),
        ({"id": "S1-OO1"}, "participant_malformed", "id", '"S1-OO1"', "S1-001"),
        ({"id": "S1-009"}, "participant_unknown", "id", "no participant", None),
        ({"status": "vu"}, "status_unknown", "status", '"vu"', "statuses"),
        ({"status": ""}, "status_missing", "status", "Nothing says", '"": F'),
        ({"code": "8122-4"}, "code_disagrees", "code", "8122-4 does not belong to CD4", "ask the laboratory"),
        ({"test": "CD8", "code": "24467-3"}, "code_disagrees", "code", "24467-3 does not belong to CD8", "ask"),
        ({"unit": ""}, "unit_missing", "unit", "no unit", "Ask"),
        ({"unit": "G/l"}, "unit_unknown", "unit", 'The unit "G/l" of CD4 is not known.', 'Did you mean "G/L"?'),
        ({"unit": "%"}, "unit_disagrees", "unit", '"%"', "not rescaled"),
        ({"test": "CD4 %", "unit": "/uL"}, "unit_disagrees", "unit", 'not the declared "%"', "not rescaled"),
        ({"result": "1.234,5"}, "value_unreadable", "result", '"1.234,5"', "Declare"),
        ({"result": "-5"}, "value_impossible", "result", "CD4 cannot be -5", None),
        ({"result": "<0"}, "value_impossible", "result", "<0", None),
        ({"result": "101", "test": "CD4 %", "unit": "%"}, "value_impossible", "result", "CD4PCT cannot be 101", None),
        ({"result": "12", "unit": "G/L"}, "value_too_high", "result", "12000 /uL is above 9000", "not rescaled"),
        ({"result": "ND", "test": "CD8"}, "lloq_undeclared", "result", "none is declared for CD8", "lloq"),
        ({"drawn": ""}, "date_missing", "drawn", "no collection date", None),
        ({"drawn": "2026-02-02"}, "date_unreadable", "drawn", "%d/%m/%Y", None),
        ({"drawn": "30/02/2026"}, "date_impossible", "drawn", '"30/02/2026"', None),
        ({"drawn": "02/2026"}, "date_partial", "drawn", "does not name a day", None),
        ({"drawn": "13/04/2026"}, "date_after_extract", "drawn", "after the extract of 2026-04-12", "swapped"),
        ({"drawn": "02/02/1926"}, "date_before_birth", "drawn", "before the participant was born", "century"),
        ({"received": "01/02/2026"}, "date_after_receipt", "drawn", "received on 2026-02-01", "swapped"),
        ({"received": "02/02/2026 08:59"}, "date_after_receipt", "drawn", "received on 2026-02-02", "swapped"),
        ({"visit": "D28", "drawn": "09/01/2026"}, "date_contradicts_visit", "drawn", "labelled D28", "wrong"),
    ],
)
def test_a_withheld_cell(tmp_path, row: dict[str, str], kind: str, column: str, said: str, hint: str | None) -> None:
    tables = long(tmp_path, {"result": "120", **row})
    query = only_query(tables)
    assert (query["QUKIND"], query["QUSEV"], query["QUNCELL"]) == (kind, "error", 1)
    assert (query["SRCFILE"], query["SRCROW"], query["SRCCOL"], query["QUDOM"]) == ("lab.csv", 2, column, "LB")
    assert said in query["QUMSG"]
    if hint is not None:
        assert hint in query["QUHINT"]
    assert tables.lb.is_empty()
    assert account(tables) == {"rows": 1, "read": 1, "queried": 1}


def test_an_undeclared_analyte_is_one_query_for_the_file(tmp_path) -> None:
    tables = long(
        tmp_path,
        {},
        {"test": "CD99", "result": "1"},
        {"test": "CD99", "result": "2", "id": "S1-002", "sample": "A2"},
    )
    query = only_query(tables)
    assert (query["QUKIND"], query["SRCROW"], query["QUVAL"], query["QUNCELL"]) == ("analyte_unknown", 3, "CD99", 2)


def test_the_results_of_one_sample_share_a_query(tmp_path) -> None:
    tables = long(
        tmp_path,
        {"result": "1", "drawn": ""},
        {"result": "1", "drawn": "", "test": "CD3"},
        {"result": "1", "drawn": "", "sample": "A2"},
    )
    assert kinds(tables) == [("date_missing", 2, 2), ("date_missing", 4, 1)]
    assert "2 results in rows 2 to 3" in tables.queries["QUMSG"][0]


def test_shifted_cells_are_withheld(tmp_path) -> None:
    """An unquoted decimal comma in a comma-separated file moves every later cell."""
    lines = export({"result": "120"}).splitlines()
    tables = harmonise(tmp_path, "\n".join([lines[0], lines[1] + ";12", lines[1]]))
    assert kinds(tables) == [("row_length", 2, 1)]
    assert used(tables) == [("CD4", "=", 120.0)]


# ---- notes and warnings on how it was written -----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("row", "kind", "severity"),
    [
        ({"result": "0"}, "zero_censored", "note"),
        ({"result": "3"}, "below_lloq", "note"),
        ({"result": "1,2E+02"}, "precision_lost", "note"),
        ({"drawn": "02/02/2026 00:00"}, "time_midnight", "note"),
        ({"received": "soon"}, "received_unreadable", "warning"),
        ({"reported": "31/02/2026"}, "reported_unreadable", "warning"),
        ({"received": "06/02/2026 09:00"}, "long_way", "warning"),
        ({"visit": "D56"}, "visit_off", "warning"),
    ],
)
def test_a_remark_withholds_nothing(tmp_path, row: dict[str, str], kind: str, severity: str) -> None:
    tables = long(tmp_path, {"result": "120", **row})
    query = only_query(tables)
    assert (query["QUKIND"], query["QUSEV"], query["QUNCELL"]) == (kind, severity, 0)
    assert tables.lb.height == 1
    assert len(used(tables)) == 1


def test_a_missing_code_is_flagged_where_one_is_declared(tmp_path) -> None:
    tables = long(tmp_path, {"result": "120", "code": ""}, {"result": "1", "test": "CD8", "code": ""})
    assert kinds(tables) == [("code_missing", 2, 0)]


def test_a_plain_number_below_the_limit_is_used_as_written(tmp_path) -> None:
    tables = long(tmp_path, {"result": "3"})
    assert used(tables) == [("CD4", "=", 3.0)]


def test_undeclared_columns_are_named(tmp_path) -> None:
    lines = export({"result": "120"}, {"result": "120", "id": "S1-002", "sample": "A2"}).splitlines()
    tables = harmonise(tmp_path, f"{lines[0]};gate;empty\n{lines[1]};;\n{lines[2]};CD45;\n")
    assert [(q["SRCCOL"], q["QUKIND"], q["SRCROW"]) for q in tables.queries.iter_rows(named=True)] == [
        ("empty", "column_undeclared", None),
        ("gate", "column_undeclared", 3),
    ]
    assert "Its 1 filled cells" in tables.queries.filter(pl.col("SRCCOL") == "gate")["QUMSG"].item()
