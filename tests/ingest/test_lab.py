"""Lab exports of a few lines: the fate of every cell, worked out by hand."""

from datetime import date
from pathlib import Path

import pytest
import xlsxwriter
import yaml

from immrecon.config.study import Analyte
from immrecon.errors import ConfigError, SourceError
from immrecon.ingest.lab import harmonise_labs

from .lab_cases import (
    ANALYTES,
    CODES,
    EXTRACTED,
    LONG,
    account,
    checks,
    dialect,
    export,
    fates,
    harmonise,
    kinds,
    long,
    only_query,
    participants,
    used,
)

# ---- values ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("result", "unit", "comparator", "number"),
    [
        ("120", "/uL", "=", 120.0),
        ("0,05", "10^9/L", "=", 50.0),
        ("0,57", "G/L", "=", 570.0),
        ("120", "c/mcl", "=", 120.0),
        ("1\u00a0234,5", "cells/\u03bcL", "=", 1234.5),
        ("120 H", "/mm3", "=", 120.0),
        ("< 5", "/uL", "<", 5.0),
        ("≤0,01", "G/L", "<=", 10.0),
        (">2000", "/uL", ">", 2000.0),
        ("<LQ", "/uL", "<", 5.0),
        ("nd", "/uL", "<", 5.0),
        ("0", "/uL", "<", 5.0),
    ],
)
def test_a_result_in_the_standard_unit(tmp_path, result: str, unit: str, comparator: str, number: float) -> None:
    tables = long(tmp_path, {"result": result, "unit": unit})
    assert used(tables) == [("CD4", comparator, number)]
    row = tables.lb.row(0, named=True)
    assert (row["LBORRES"], row["LBORRESU"], row["LBSTRESU"]) == (result, unit, "/uL")
    assert row["LBFATE"] == ("value" if comparator == "=" else "censored")


def test_the_limit_that_applies(tmp_path) -> None:
    """The declared limit is 5; a diluted sample reports its own."""
    tables = long(tmp_path, {"result": "120"}, {"result": "<10", "sample": "A2", "drawn": "09/02/2026 09:00"})
    assert tables.lb.sort("SRCROW").select("LBSTRESN", "LBLLOQ").rows() == [(120.0, 5.0), (10.0, 10.0)]


def test_a_row_says_where_it_comes_from(tmp_path) -> None:
    row = long(tmp_path, {"result": "120", "visit": "D28", "received": "02/02/2026"}).lb.row(0, named=True)
    assert row == {
        "USUBJID": "S1-001", "LBSEQ": 1, "LBTESTCD": "CD4", "LBNAM": "lab", "LBREFID": "A1", "LBVISIT": "D28",
        "LBDTC": "02/02/2026 09:00", "LBDT": date(2026, 2, 2), "LBDY": None, "LBORRES": "120", "LBORRESU": "/uL",
        "LBCMP": "=", "LBSTRESN": 120.0, "LBSTRESU": "/uL", "LBLLOQ": 5.0, "LBORNRLO": None, "LBORNRHI": None,
        "LBSTNRLO": None, "LBSTNRHI": None, "LBMETHOD": None, "LBRSTAT": "F", "LBFATE": "value", "LBREASND": None,
        "SRCFILE": "lab.csv", "SRCSHEET": None, "SRCROW": 2, "SRCCOL": "result",
    }  # fmt: skip


def test_not_done_keeps_its_reason(tmp_path) -> None:
    tables = long(
        tmp_path,
        {"result": "HÉMOLYSÉ", "unit": "", "drawn": "", "sample": "A1"},
        {"result": "", "status": "X", "sample": "A2"},
        {"result": "12", "status": "X", "sample": "A3"},
        {"result": "12", "status": "D", "sample": "A4"},
    )
    assert fates(tables) == [
        (2, "not done", "haemolysed"),
        (3, "not done", "cannot be obtained"),
        (4, "not done", "cannot be obtained"),
        (5, "not done", "deleted by the laboratory"),
    ]
    assert tables.lb["LBSTRESN"].null_count() == 4
    assert tables.queries.is_empty()


def test_excluded_samples_are_kept_apart(tmp_path) -> None:
    tables = long(
        tmp_path,
        {"result": "900", "comment": "sang du DONNEUR"},
        {"result": "30", "comment": "blastes 24 %", "sample": "A2"},
        {"result": "2", "test": "ALC", "unit": "G/L", "comment": "blastes 24 %", "sample": "A2"},
        {"result": "900", "comment": "donneur", "id": "nobody"},
    )
    assert fates(tables) == [
        (2, "excluded", "sample of the donor"),
        (3, "excluded", "circulating blasts"),
        (4, "value", None),
    ]
    assert account(tables) == {"rows": 4, "read": 4, "value": 1, "excluded": 3}


# ---- the account ----------------------------------------------------------------------------------------------------


def test_every_cell_has_one_fate(tmp_path) -> None:
    tables = long(
        tmp_path,
        {"result": "120"},
        {"result": "<5", "test": "CD3"},
        {"result": "hémolysé", "test": "CD8"},
        {"result": "", "test": "ALC"},
        {"result": "9,8", "test": "HGB", "unit": "g/dL"},
        {"result": "???", "sample": "A2"},
        {"result": "110", "sample": "A3", "status": "P", "drawn": "16/02/2026"},
        {"result": "115", "sample": "A3", "status": "F", "drawn": "16/02/2026"},
        {"result": "900", "sample": "A4", "comment": "donneur"},
    )
    assert account(tables) == {
        "rows": 9, "blank": 1, "read": 8, "value": 2, "censored": 1, "not_done": 1, "superseded": 1, "excluded": 1,
        "queried": 1, "not_requested": 1,
    }  # fmt: skip
    assert tables.queries["QUNCELL"].sum() == 1


def test_one_bad_cell_never_stops_the_rest(tmp_path) -> None:
    bad = [
        {"result": "???"}, {"id": "who?", "result": "1"}, {"drawn": "31/02/2026", "result": "1"},
        {"unit": "g/dL", "result": "1"}, {"code": "8122-4", "result": "1"}, {"test": "CD99", "result": "1"},
    ]  # fmt: skip
    rows = [{**row, "sample": f"B{i}"} for i, row in enumerate(bad)]
    tables = long(tmp_path, *rows, {"result": "120"})
    assert used(tables) == [("CD4", "=", 120.0)]
    assert account(tables) == {"rows": 7, "read": 7, "value": 1, "queried": 6}
    assert sorted(kind for kind, _, n in kinds(tables) if n) == [
        "analyte_unknown", "code_disagrees", "date_impossible", "participant_malformed", "unit_unknown",
        "value_unreadable",
    ]  # fmt: skip


# ---- wide shapes ----------------------------------------------------------------------------------------------------

WIDE = r"""
name: wide
description: one row per sample
files: [wide.csv]
layout: {format: csv, encoding: utf-8, delimiter: ";"}
shape: wide_by_analyte
columns:
  participant: id
  collected: {column: day, as: day_since_transplant}
  ignored: [n]
participant: {pattern: '(?P<n>\d{1,3})', template: "S1-{n:0>3}"}
analytes:
  CD4 (/mm3): {code: CD4, unit: /mm3}
  Ly (G/L): {code: ALC, unit: G/L}
not_requested: [RNA]
numbers: {decimal: [","]}
words: {}
duplicates: {same_draw: [collected], same_day: query}
checks: {sums: [], shares: [], jump: null, slip: null, identical_min_analytes: null, max_hours_to_receipt: null, visit: null}
"""


def test_wide_by_analyte_with_relative_days(tmp_path) -> None:
    content = "n;id;day;CD4 (/mm3);Ly (G/L);RNA\n1;1;28;52;0,3;4,1\n2;2;-7,5;;0,9;\n3;1;soon;9;1;3\n"
    tables = harmonise(tmp_path, content, dialect(WIDE), None)
    columns = ["USUBJID", "LBTESTCD", "LBDY", "LBDT", "LBSTRESN", "SRCROW", "SRCCOL"]
    assert tables.lb.select(columns).rows() == [
        ("S1-001", "ALC", 28.0, None, 300.0, 2, "Ly (G/L)"),
        ("S1-001", "CD4", 28.0, None, 52.0, 2, "CD4 (/mm3)"),
        ("S1-002", "ALC", -7.5, None, 900.0, 3, "Ly (G/L)"),
    ]
    query = only_query(tables)
    assert (query["QUKIND"], query["SRCROW"], query["SRCCOL"], query["QUNCELL"]) == ("date_unreadable", 4, "day", 2)
    # 4 of 9 cells are not the study's or blank: RNA twice, CD4 and RNA of row 3.
    assert account(tables) == {"rows": 3, "blank": 2, "read": 7, "value": 3, "queried": 2, "not_requested": 2}


def test_a_renamed_analyte_column_stops(tmp_path) -> None:
    with pytest.raises(SourceError, match=r'"CD4 \(/mm3\)" is missing'):
        harmonise(tmp_path, "n;id;day;CD4 (G/L);Ly (G/L);RNA\n1;1;28;0,05;1;1\n", dialect(WIDE))


VISITS = r"""
name: visits
description: visits over analytes
files: [visits.xlsx]
layout: {format: xlsx, sheets: [R], header_rows: [1, 2], ignore_rows: [Total]}
shape: wide_visit_over_analyte
columns:
  participant: Patient
  collected: {column: Date, as: date, dates: {formats: ["%Y-%m-%d", "%d-%m-%Y", serial1900]}}
participant: {pattern: 'S1 (?P<n>\d{3})', template: "S1-{n}"}
analytes:
  CD3: {code: CD3, unit: x10^6/L, lloq: 1}
  CD4: {code: CD4, unit: x10^6/L, lloq: 1}
not_requested: [NK]
numbers: {decimal: [".", ","]}
words: {}
duplicates: {same_draw: [collected, visit], same_day: query}
checks: {sums: [], shares: [], jump: null, slip: null, identical_min_analytes: null, max_hours_to_receipt: null, visit: null}
"""


def test_an_analyte_twice_below_a_visit_stops(tmp_path) -> None:
    """What is not requested being all others, the second would be one of them."""
    layout = {"format": "csv", "encoding": "utf-8", "delimiter": ";", "header_rows": [1, 2], "header_fill": "forward"}
    text = ";Day 14;;;\nPatient;Date;CD3;CD4;CD4\nS1 001;2026-01-24;20;30;40\n"
    lab = dialect(VISITS, layout=layout, files=["lab.csv"], not_requested="*")
    with pytest.raises(SourceError, match=r'"Day 14 \| CD4" comes twice'):
        harmonise(tmp_path, text, lab)


def test_an_analyte_below_no_visit_is_withheld_and_counted(tmp_path) -> None:
    """Nobody merged the cells above: whose visit it is cannot be known. It is not among what is not requested."""
    layout = {"format": "csv", "encoding": "utf-8", "delimiter": ";", "header_rows": [1, 2], "header_fill": "merged"}
    text = "Day 14;Day 14;Day 14;Day 14;;\nPatient;Date;CD3;CD4;CD4;NK\nS1 001;2026-01-24;20;30;40;5\nS1 002;;;;50;\n"
    for not_requested in ("*", ["NK"]):
        lab = dialect(VISITS, layout=layout, files=["lab.csv"], not_requested=not_requested)
        tables = harmonise(tmp_path, text.replace("Day 14;", ";", 1), lab)
        query = only_query(tables)
        assert (query["QUKIND"], query["QUSEV"], query["SRCCOL"]) == ("visit_undeclared", "error", "CD4")
        assert (query["QUVAL"], query["QUNCELL"]) == ("40", 2)
        assert account(tables) == {"rows": 2, "blank": 3, "read": 5, "value": 2, "queried": 2, "not_requested": 1}


def _workbook(path: Path) -> None:
    with xlsxwriter.Workbook(path) as book:
        sheet = book.add_worksheet("R")
        day = book.add_format({"num_format": "dd-mm-yyyy"})
        sheet.merge_range("A1:A2", "Patient", None)
        sheet.merge_range("B1:E1", "Day 14", None)
        sheet.merge_range("F1:H1", "Day 28", None)
        sheet.write_row("B2", ["Date", "CD3", "CD4", "NK", "Date", "CD3", "CD4"])
        sheet.write_string("A3", "S1 001")
        sheet.write_datetime("B3", date(2026, 1, 24), day)  # type: ignore[arg-type]
        sheet.write_row("C3", [20, "<1", 150])
        sheet.write_string("F3", "07-02-2026")
        sheet.write_row("G3", ["12,5", 0.5])
        sheet.write_string("A4", "S1 002")
        sheet.write_number("F4", 46060)  # 7 February 2026
        sheet.write_formula("G4", "=5+6", None, 11)
        sheet.write_formula("H4", "=1/0", None, "#DIV/0!")
        sheet.write_row("A5", ["Total", "", 1])
        book.add_worksheet("notes")


def test_visits_over_analytes(tmp_path) -> None:
    _workbook(tmp_path / "visits.xlsx")
    lab = dialect(VISITS)
    tables = harmonise_labs({"visits": lab}, tmp_path, participants(), ANALYTES, None, None)
    columns = ["USUBJID", "LBVISIT", "LBDT", "LBTESTCD", "LBCMP", "LBSTRESN", "SRCSHEET", "SRCROW", "SRCCOL"]
    assert tables.lb.select(columns).rows() == [
        ("S1-001", "Day 14", date(2026, 1, 24), "CD3", "=", 20.0, "R", 3, "Day 14 | CD3"),
        ("S1-001", "Day 14", date(2026, 1, 24), "CD4", "<", 1.0, "R", 3, "Day 14 | CD4"),
        ("S1-001", "Day 28", date(2026, 2, 7), "CD3", "=", 12.5, "R", 3, "Day 28 | CD3"),
        ("S1-001", "Day 28", date(2026, 2, 7), "CD4", "=", 0.5, "R", 3, "Day 28 | CD4"),
        ("S1-002", "Day 28", date(2026, 2, 7), "CD3", "=", 11.0, "R", 4, "Day 28 | CD3"),
    ]
    assert kinds(tables) == [
        ("below_lloq", 3, 0),
        ("computed_cell", 4, 0),
        ("value_unreadable", 4, 1),
        ("sheet_undeclared", None, 0),
    ]
    # Day 14 of the second participant is blank: CD3, CD4 and NK.
    assert account(tables) == {
        "rows": 2,
        "blank": 3,
        "read": 7,
        "value": 4,
        "censored": 1,
        "queried": 1,
        "not_requested": 1,
    }


# ---- nothing below the header ---------------------------------------------------------------------------------------


def _nothing_in(tables, place: tuple[str, str | None]) -> None:
    query = only_query(tables)
    assert (query["QUKIND"], query["QUSEV"], query["QUNCELL"]) == ("no_result", "error", 0)
    assert (query["SRCFILE"], query["SRCSHEET"], query["SRCROW"], query["SRCCOL"]) == (*place, None, None)
    assert account(tables) == {}
    assert tables.lb.is_empty()


def test_an_export_without_results_is_queried(tmp_path) -> None:
    tables = harmonise(tmp_path, export())
    _nothing_in(tables, ("lab.csv", None))
    assert tables.queries["QUMSG"].item().startswith("No result in the file")


def test_a_wide_export_without_results_is_queried(tmp_path) -> None:
    _nothing_in(harmonise(tmp_path, "n;id;day;CD4 (/mm3);Ly (G/L);RNA\n", dialect(WIDE), None), ("wide.csv", None))


def test_a_sheet_without_results_is_queried(tmp_path) -> None:
    with xlsxwriter.Workbook(tmp_path / "visits.xlsx") as book:
        sheet = book.add_worksheet("R")
        sheet.merge_range("A1:A2", "Patient", None)
        sheet.merge_range("B1:E1", "Day 14", None)
        sheet.write_row("B2", ["Date", "CD3", "CD4", "NK"])
        sheet.write_row("A3", ["Total", "", 0, 0])
    tables = harmonise_labs({"visits": dialect(VISITS)}, tmp_path, participants(), ANALYTES, None, None)
    _nothing_in(tables, ("visits.xlsx", "R"))


def test_an_empty_export_does_not_touch_the_others(tmp_path) -> None:
    lab = dialect(files=["lab*.csv"])
    (tmp_path / "lab1.csv").write_text(export())
    (tmp_path / "lab2.csv").write_text(export({"result": "120"}))
    tables = harmonise_labs({"lab": lab}, tmp_path, participants(), ANALYTES, EXTRACTED, None)
    assert used(tables) == [("CD4", "=", 120.0)]
    assert kinds(tables) == [("no_result", None, 0)]
    assert tables.cells.select("source_file", "n_rows", "n_value").rows() == [("lab1.csv", 0, 0), ("lab2.csv", 1, 1)]


# ---- trouble that stops ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("", r"lab\.csv: the file is empty"),
        ("\n \n", r"lab\.csv: the file is empty"),
        ("STUDY;SITE;SUBJECT\n", r'lab\.csv: the declared column "id", .* is missing'),
    ],
    ids=["no bytes", "blank lines", "header of another file"],
)
def test_a_file_that_is_not_the_export_stops(tmp_path, content: str, said: str) -> None:
    with pytest.raises(SourceError, match=said) as error:
        harmonise(tmp_path, content)
    assert "\n" not in str(error.value)


def test_a_missing_export_stops(tmp_path) -> None:
    with pytest.raises(SourceError, match=r"no file is named 'lab\.csv'"):
        harmonise_labs({"lab": dialect()}, tmp_path, participants(), ANALYTES, None, None)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"analytes": {"CD4": {"code": "CD45", "unit": "/uL"}}}, "is mapped to CD45; the study has only"),
        ({"analytes": {"CD4": {"code": "CD4", "unit": "G/l"}}}, 'the unit "G/l" is not known. Did you mean "G/L"'),
        ({"analytes": {"CD4": {"code": "CD4", "unit": "%"}}}, "cannot be converted"),
        ({"units": {"x": "y"}}, 'units."x": the unit "y" is not known'),
        (
            {"units": {"G/L": "/uL"}},
            r'units."G/L": "G/L" is a unit itself, and "/uL" is another one. Expected is a spell',
        ),
        ({"units": {"%": "fraction"}}, r'units."%": "%" is a unit itself'),
        ({"analytes": {"CD4": {"code": "CD4", "unit": "/uL"}}}, "checks.sums names"),
    ],
)
def test_a_dialect_that_does_not_fit_the_study_stops(tmp_path, changes: dict[str, object], said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        long(tmp_path, {"result": "1"}, **changes)


def test_an_export_of_blanks_is_counted(tmp_path) -> None:
    tables = long(tmp_path, {"result": ""}, {"result": " "})
    assert account(tables) == {"rows": 2, "blank": 2}
    assert tables.lb.is_empty()
    assert tables.queries.is_empty()


def test_without_participants_everything_is_queried(tmp_path) -> None:
    (tmp_path / "lab.csv").write_text(export({"result": "120"}))
    tables = harmonise_labs({"lab": dialect()}, tmp_path, participants().clear(), ANALYTES, None, None)
    assert kinds(tables) == [("participant_unknown", 2, 1)]
    assert tables.queries["QUHINT"].item() is None


# ---- several laboratories and files ---------------------------------------------------------------------------------


def test_no_laboratory_is_an_empty_table(tmp_path) -> None:
    tables = harmonise_labs({}, tmp_path, participants(), ANALYTES, None, None)
    assert (tables.lb.height, tables.queries.height, tables.cells.height) == (0, 0, 0)


def test_cumulative_files_repeat_results(tmp_path) -> None:
    lab = dialect(files=["lab*.csv"], checks=checks())
    (tmp_path / "lab1.csv").write_text(export({"result": "120"}))
    (tmp_path / "lab2.csv").write_text(
        export({"result": "120"}, {"result": "9", "sample": "A2", "drawn": "03/03/2026"})
    )
    tables = harmonise_labs({"lab": lab}, tmp_path, participants(), ANALYTES, None, None)
    assert tables.lb.select("SRCFILE", "LBFATE", "LBREASND").rows() == [
        ("lab1.csv", "value", None),
        ("lab2.csv", "superseded", "the same result again, as in row 2"),
        ("lab2.csv", "value", None),
    ]
    assert tables.cells["source_file"].to_list() == ["lab1.csv", "lab2.csv"]
    assert tables.queries.is_empty()


def test_a_change_of_laboratory_is_noted_once_per_sample(tmp_path) -> None:
    first, second = dialect(), dialect(LONG, name="other", files=["other.csv"])
    (tmp_path / "lab.csv").write_text(export({"result": "120"}))
    later = {"drawn": "03/03/2026 09:00", "sample": "B1"}
    (tmp_path / "other.csv").write_text(export({"result": "130", **later}, {"result": "300", "test": "CD3", **later}))
    tables = harmonise_labs({"lab": first, "other": second}, tmp_path, participants(), ANALYTES, None, None)
    query = only_query(tables)
    assert (query["QUKIND"], query["SRCFILE"], query["USUBJID"]) == ("laboratory_changed", "other.csv", "S1-001")


# ---- invariants -----------------------------------------------------------------------------------------------------


def test_the_order_of_rows_does_not_matter(tmp_path) -> None:
    rows = [
        {"result": "120", "status": "P", "reported": "03/02/2026"},
        {"result": "130", "status": "F", "reported": "04/02/2026"},
        {"result": "0,3", "unit": "G/L", "test": "CD3"},
        {"result": "<5", "id": "2", "sample": "B1"},
    ]
    names = ["USUBJID", "LBTESTCD", "LBCMP", "LBSTRESN", "LBFATE"]
    found = [long(tmp_path, *order).lb.select(names).sort(names) for order in (rows, rows[::-1])]
    assert found[0].equals(found[1])


def test_a_known_unit_may_be_declared_as_what_it_is(tmp_path) -> None:
    assert used(long(tmp_path, {"result": "0,3", "unit": "G/L"}, units={"G/L": "K/uL"})) == [("CD4", "=", 300.0)]


@pytest.mark.parametrize(
    ("unit", "hint"),
    [
        ("mm3", 'Did you mean "/mm3"?'),
        ("109/L", 'Did you mean "10^9/L"?'),
        ("M/uL", "Add it to `units` of the dialect."),
    ],
)
def test_an_unknown_unit_is_asked_about(tmp_path, unit: str, hint: str) -> None:
    """A prefix of one letter is never proposed for another: it decides by how much a number is multiplied."""
    query = only_query(long(tmp_path, {"result": "3", "unit": unit}))
    assert (query["QUKIND"], query["QUVAL"], query["QUHINT"]) == ("unit_unknown", unit, hint)


def test_the_unit_of_the_study_only_rescales(tmp_path) -> None:
    giga = [
        Analyte(
            code=code,
            label=code,
            unit="10^9/L" if unit == "/uL" else unit,
            summarised=False,
            drawn=False,
            axis_floor=1.0,
        )
        for code, unit in CODES.items()
    ]
    (tmp_path / "lab.csv").write_text(export({"result": "57"}))
    lab = dialect(analytes={"CD4": {"code": "CD4", "unit": None}}, checks=checks(), exclude_where=[])
    tables = harmonise_labs({"lab": lab}, tmp_path, participants(), giga, None, None)
    assert tables.lb.select("LBSTRESN", "LBSTRESU").row(0) == (0.057, "10^9/L")


def test_a_constant_column(tmp_path) -> None:
    """The unit stands in the letter that came with the file."""
    columns = yaml.safe_load(LONG)["columns"]
    given = {"constants": {"unit in the letter": "G/L"}, "columns": columns | {"unit": "unit in the letter"}}
    content = export({"result": "0,05", "test": "CD3"})
    tables = harmonise(tmp_path, content, dialect(**given))
    assert used(tables) == [("CD3", "=", 50.0)]
    with pytest.raises(SourceError, match='the column "comment" is declared under constants, but the file has one'):
        harmonise(tmp_path, content, dialect(constants={"comment": "none"}))
