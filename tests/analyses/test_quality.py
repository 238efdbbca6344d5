"""Queries by status and cells by fate: totals are the sums of their parts, for each laboratory and in all."""

import polars as pl
import pytest

from immrecon.analyses.quality import cell_fates, estimate_quality, query_status
from immrecon.contracts.harmonised import CELLS
from immrecon.contracts.io import validate
from immrecon.contracts.results import CELL_FATES, QUERY_STATUS
from immrecon.errors import ContractError

from ..queries.query_cases import LATER, log_of, queries, written


def accounts() -> pl.DataFrame:
    names = CELLS.schema.column_names()
    zero = dict.fromkeys(names, 0)
    rows = [
        {"source_file": "a.csv", "source_sheet": "", "lab": "a", "n_rows": 9, "n_read": 20, "n_value": 12, "n_censored": 3,
         "n_queried": 4, "n_excluded": 1},
        {"source_file": "a2.csv", "source_sheet": "", "lab": "a", "n_rows": 5, "n_read": 5, "n_value": 5},
        {"source_file": "b.csv", "source_sheet": "", "lab": "b", "n_rows": 7, "n_read": 10, "n_value": 7, "n_queried": 2,
         "n_not_requested": 1},
    ]  # fmt: skip
    schema = {name: column.dtype for name, column in CELLS.schema.columns().items()}
    return validate(CELLS, pl.DataFrame([zero | row for row in rows], schema=schema))


def asked() -> pl.DataFrame:
    return queries(
        {"SRCFILE": "a.csv", "QUNCELL": 3, "QUKIND": "date_missing"},
        {"SRCFILE": "a.csv", "QUNCELL": 1, "QUKIND": "unit_missing", "SRCROW": 5},
        {"SRCFILE": "b.csv", "QUNCELL": 2, "QUKIND": "date_missing"},
        {"SRCFILE": "b.csv", "QUNCELL": 0, "QUKIND": "jump", "QUSEV": "warning"},
    )


def test_cells_by_laboratory_fate_and_kind():
    table = validate(CELL_FATES, cell_fates(log_of(asked(), accounts()), accounts()))
    numbers = {row[:3]: row[3] for row in table.select("lab", "fate", "kind", "n_cells").iter_rows()}
    assert numbers["a", "read", "all"] == 25
    assert numbers["all", "read", "all"] == 35
    assert numbers["all", "value", "all"] == 24
    assert numbers["all", "queried", "date_missing"] == 5
    assert numbers["b", "queried", "unit_missing"] == 0
    for lab in ("a", "b", "all"):
        fates = {key[1] for key in numbers} - {"read"}
        assert numbers[lab, "read", "all"] == sum(numbers[lab, fate, "all"] for fate in fates)
        kinds = {key[2] for key in numbers} - {"all"}
        assert numbers[lab, "queried", "all"] == sum(numbers[lab, "queried", kind] for kind in kinds)
    for key in numbers:
        assert numbers["all", *key[1:]] == numbers["a", *key[1:]] + numbers["b", *key[1:]]


def test_cells_that_no_query_names_are_refused():
    one_less = asked().with_columns(QUNCELL=pl.when(pl.col("QUNCELL") == 3).then(2).otherwise("QUNCELL"))
    with pytest.raises(
        ContractError, match="lab a: 4 cells are counted as withheld by queries, but the queries name 3"
    ):
        estimate_quality(log_of(one_less, accounts()), accounts())


def test_status_of_queries_with_totals(tmp_path):
    before = written(log_of(asked(), accounts()), tmp_path)
    later = log_of(asked().head(3).vstack(queries({"QUKIND": "unit_missing", "USUBJID": "S1-002"})), accounts(),
                   previous=before, spec=LATER)  # fmt: skip
    table = validate(QUERY_STATUS, query_status(later))
    columns = ["severity", "kind", "n_open", "n_new", "n_still_open", "n_resolved"]
    assert table.select(columns).rows() == [
        ("all", "all", 4, 1, 3, 1),
        ("error", "all", 4, 1, 3, 0),
        ("error", "date_missing", 2, 0, 2, 0),
        ("error", "unit_missing", 2, 1, 1, 0),
        ("warning", "all", 0, 0, 0, 1),
        ("warning", "jump", 0, 0, 0, 1),
    ]


def test_without_an_earlier_cut_nothing_is_new_or_resolved():
    table = validate(QUERY_STATUS, query_status(log_of(asked(), accounts())))
    assert table["n_new"].null_count() == table["n_resolved"].null_count() == table.height
    assert table.filter(severity="all")["n_open"].to_list() == [4]


def test_no_query_and_no_export():
    result = estimate_quality(log_of(queries()), CELLS.schema.create_empty())
    assert validate(QUERY_STATUS, result.query_status).is_empty()
    assert validate(CELL_FATES, result.cell_fates).is_empty()
