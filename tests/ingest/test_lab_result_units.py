"""Units within result cells: taken off where they say what the cell's unit says, and never a guess otherwise."""

from pathlib import Path

import pytest
import yaml

from .lab_cases import LONG, checks, fates, kinds, long, only_query, used

OFF = checks()


@pytest.mark.parametrize(
    ("result", "unit", "made"),
    [
        ("50 /uL", "/uL", ("=", 50.0)),
        ("50/mm3", "cells/\u00b5L", ("=", 50.0)),
        ("<5 cells/uL", "/uL", ("<", 5.0)),
        ("0,05 G/L", "10^9/L", ("=", 50.0)),
        ("0,05x10^9/L", "G/L", ("=", 50.0)),
        ("1\u00a0234 /\u03bcL", "/uL", ("=", 1234.0)),
        ("50 c/mcl", "/uL", ("=", 50.0)),  # a unit of the laboratory's own, which the dialect declares
    ],
)
def test_the_unit_of_the_cell_is_taken_off(tmp_path: Path, result: str, unit: str, made: tuple[str, float]) -> None:
    tables = long(tmp_path, {"result": result, "unit": unit}, checks=OFF)
    assert used(tables) == [("CD4", *made)]
    assert tables.lb["LBORRES"].to_list() == [result]
    assert tables.queries.is_empty()


@pytest.mark.parametrize(
    ("result", "unit"),
    [
        ("0,05 G/L", "/uL"),
        ("12 %", "/uL"),
        ("50 mg/L", "/uL"),
        ("5 10^9/L", "/uL"),
        ("/uL", "/uL"),
        ("50 /uL x", "/uL"),
    ],
)
def test_another_unit_makes_no_number(tmp_path: Path, result: str, unit: str) -> None:
    tables = long(tmp_path, {"result": result, "unit": unit}, checks=OFF)
    assert only_query(tables)["QUKIND"] == "value_unreadable"


def test_a_declared_word_is_one_whatever_it_looks_like(tmp_path: Path) -> None:
    words = {"below_limit": ["< 7 /uL"], "not_done": [{"matches": "0 ?/uL", "reason": "not measured"}]}
    results = ("0 /uL", "<7/uL", "<7 cells/uL")
    rows = [{"result": text, "sample": f"A{n}", "drawn": f"0{n}/02/2026"} for n, text in enumerate(results, 1)]
    tables = long(tmp_path, *rows, checks=OFF, words=words)
    assert fates(tables)[0] == (2, "not done", "not measured")
    assert used(tables) == [("CD4", "<", 5.0), ("CD4", "<", 7.0)]  # the word says below the declared limit


def test_a_percentage_may_say_so(tmp_path: Path) -> None:
    tables = long(tmp_path, {"test": "CD4 %", "unit": "%", "result": "12,5 %"}, checks=OFF)
    assert used(tables) == [("CD4PCT", "=", 12.5)]


def test_without_a_column_of_units_it_is_the_declared_one(tmp_path: Path) -> None:
    plain = yaml.safe_load(LONG)
    columns = {**plain["columns"], "unit": None, "loinc": None, "ignored": "*"}
    analytes = {"CD4": {"code": "CD4", "unit": "G/L", "lloq": 0.005}}
    given = {"columns": columns, "analytes": analytes, "checks": OFF, "exclude_where": []}
    assert used(long(tmp_path, {"result": "0,05 10^9/L x"}, {"result": "0,05 G/L", "sample": "A2"}, **given)) == [
        ("CD4", "=", 50.0)
    ]
    assert kinds(long(tmp_path, {"result": "50 /uL"}, **given)) == [("value_unreadable", 2, 1)]
