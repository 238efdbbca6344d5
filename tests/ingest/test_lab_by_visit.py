"""Visits side by side, and one block per participant: every cell keeps its place and its person."""

from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import Any

import openpyxl
import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from immrecon.config.base import build
from immrecon.config.extracts import Format
from immrecon.errors import ConfigError, SourceError
from immrecon.ingest.lab import LabTables

from .lab_cases import account, checks, dialect, harmonise, kinds

COMMON: dict[str, Any] = {
    "analytes": {
        "CD3": {"code": "CD3", "unit": None, "lloq": 5},
        "CD4": {"code": "CD4", "unit": None, "lloq": 5},
    },
    "statuses": {},
    "exclude_where": [{"column": "comment", "matches": "donor", "reason": "sample of the donor"}],
    "duplicates": {"same_draw": ["visit"], "same_day": "keep"},
    "checks": checks(),
}
DATES = {"formats": ["%d/%m/%Y"]}
COLUMNS: dict[str, Any] = {"participant": "id", "test": "test", "unit": "unit", "ignored": []}

BESIDE: dict[str, Any] = {
    **COMMON,
    "shape": "wide_by_visit",
    "layout": {"format": "csv", "encoding": "utf-8", "delimiter": ";", "header_rows": [1, 2], "header_fill": "forward"},
    "columns": {**COLUMNS, "collected": {"column": "Date", "as": "date", "dates": DATES}, "result": "Result"},
    "visits": {"heads": r"Day \d+", "dates": "beside"},
}
IN_ROWS: dict[str, Any] = {
    **COMMON,
    "shape": "wide_by_visit",
    "layout": {"format": "csv", "encoding": "utf-8", "delimiter": ";"},
    "columns": {
        **COLUMNS,
        "collected": {"column": "Drawn", "as": "date", "dates": DATES},
        "time": "Hour",
        "accession": "Sample no",
    },
    "visits": {"heads": r"Day \d+", "dates": "row"},
    "duplicates": {"same_draw": ["accession"], "same_day": "keep"},
}
PLACED = ["USUBJID", "LBTESTCD", "LBVISIT", "LBDT", "LBCMP", "LBSTRESN", "SRCROW", "SRCCOL"]


def read(folder: Path, content: str, changes: dict[str, Any], **more: Any) -> LabTables:
    return harmonise(folder, content, dialect(**{**changes, **more}), None)


def placed(tables: LabTables) -> list[tuple[Any, ...]]:
    return tables.lb.sort("SRCROW", "SRCCOL").select(PLACED).rows()


# ---- dates beside the results ---------------------------------------------------------------------------------------

BESIDE_TEXT = """\
;;;;Day 14;;Day 28;
id;test;unit;comment;Date;Result;Date;Result
S1-001;CD3;/uL;;24/01/2026;120;07/02/2026;<5
S1-001;CD4;/uL;;24/01/2026;;;60
S1-001;HGB;g/dL;;24/01/2026;9,5;;
S1-002;CD3;/uL;donor;24/01/2026;900;07/02/2026;
S1-002;CD4;/uL;;24/01/2026;broken;;
"""


def test_dates_beside_the_results(tmp_path) -> None:
    tables = read(tmp_path, BESIDE_TEXT, BESIDE)
    first, second = date(2026, 1, 24), date(2026, 2, 7)
    assert placed(tables) == [
        ("S1-001", "CD3", "Day 14", first, "=", 120.0, 3, "Day 14 | Result"),
        ("S1-001", "CD3", "Day 28", second, "<", 5.0, 3, "Day 28 | Result"),
        ("S1-002", "CD3", "Day 14", first, "=", 900.0, 6, "Day 14 | Result"),
    ]
    assert kinds(tables) == [("date_missing", 4, 1), ("value_unreadable", 7, 1)]
    assert account(tables) == {
        "rows": 5, "blank": 4, "read": 6, "value": 1, "censored": 1, "excluded": 1, "queried": 2, "not_requested": 1,
    }  # fmt: skip


def test_the_results_of_a_visit_with_another_head_are_withheld_and_counted(tmp_path) -> None:
    text = BESIDE_TEXT.replace("Day 28", "Dya 28").replace("9,5;;", "9,5;;8,5")
    tables = read(tmp_path, text, BESIDE)
    query = tables.queries.row(by_predicate=pl.col("QUKIND") == "visit_undeclared", named=True)
    assert (query["QUSEV"], query["SRCFILE"], query["SRCCOL"], query["QUVAL"]) == (
        "error", "lab.csv", "Dya 28 | Result", "<5",
    )  # fmt: skip
    assert query["QUNCELL"] == 2
    assert "2 results below it are not used, in rows 3 to 4" in query["QUMSG"]
    assert account(tables) == {
        "rows": 5, "blank": 1, "read": 7, "value": 1, "excluded": 1, "queried": 3, "not_requested": 2,
    }  # fmt: skip
    assert tables.queries["QUNCELL"].sum() == 3
    assert "Dya 28 | Result" not in tables.lb["SRCCOL"].to_list()


def test_other_columns_beside_the_results_are_only_named(tmp_path) -> None:
    lines = BESIDE_TEXT.splitlines()
    text = "\n".join([lines[0] + ";Dya 56", lines[1] + ";Note", *(f"{line};x" for line in lines[2:]), ""])
    tables = read(tmp_path, text, BESIDE)
    assert tables.queries.filter(QUKIND="column_undeclared")["SRCCOL"].to_list() == ["Dya 56 | Note"]
    assert "visit_undeclared" not in tables.queries["QUKIND"].to_list()


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("Day", "Week", r"no visit \(Day \\d\+\) has a column \"Result\""),
        ("Date;Result\n", "Datum;Result\n", 'the visit "Day 28" has results but no "Date"'),
        ("unit", "units", 'the declared column "unit" is missing'),
        ("id;test", "id;tests", 'the declared column "test" is missing'),
    ],
)
def test_heads_that_are_not_as_declared_stop(tmp_path, old: str, new: str, said: str) -> None:
    with pytest.raises(SourceError, match=said):
        read(tmp_path, BESIDE_TEXT.replace(old, new), BESIDE)


# ---- dates in a row of the participant ------------------------------------------------------------------------------

ROWS_TEXT = """\
id;test;unit;comment;Day 14;Day 28
S1-001;Drawn;;;24/01/2026;07/02/2026
S1-001;Hour;;;09:30;
S1-001;Sample no;;;A1;A2
S1-001;CD3;/uL;;120;<5
S1-001;CD4;/uL;;;60
S1-002;CD3;/uL;;80;90
S1-002;Drawn;;;24/01/2026;
S1-003;Drawn;;;24/01/2026;08/02/2026
S1-003;Drawn;;;24/01/2026;09/02/2026
S1-003;CD4;/uL;;30;40
S1-003;CD8;/uL;;20;
"""


def test_dates_in_a_row_of_the_participant(tmp_path) -> None:
    """Two different dates of one visit are shown, and neither is taken."""
    tables = read(tmp_path, ROWS_TEXT, IN_ROWS)
    first, second = date(2026, 1, 24), date(2026, 2, 7)
    assert placed(tables) == [
        ("S1-001", "CD3", "Day 14", first, "=", 120.0, 5, "Day 14"),
        ("S1-001", "CD3", "Day 28", second, "<", 5.0, 5, "Day 28"),
        ("S1-001", "CD4", "Day 28", second, "=", 60.0, 6, "Day 28"),
        ("S1-002", "CD3", "Day 14", first, "=", 80.0, 7, "Day 14"),
        ("S1-003", "CD4", "Day 14", first, "=", 30.0, 11, "Day 14"),
    ]
    assert tables.lb.sort("SRCROW", "SRCCOL")["LBREFID"].to_list() == ["A1", "A2", "A2", "", ""]
    assert tables.lb.sort("SRCROW", "SRCCOL")["LBDTC"].to_list()[0] == "24/01/2026 09:30"
    columns = ["QUKIND", "SRCROW", "SRCCOL", "QUVAL"]
    assert tables.queries.select(columns).sort("QUKIND").rows() == [
        ("analyte_unknown", 12, "test", "CD8"),
        ("date_missing", 7, "Day 28", ""),
        ("date_unreadable", 11, "Day 28 (row 9, 10)", "08/02/2026 / 09/02/2026"),
    ]
    assert account(tables) == {"rows": 11, "blank": 2, "read": 8, "value": 4, "censored": 1, "queried": 3}


def test_an_undeclared_column_of_a_participants_rows_is_withheld_and_counted(tmp_path) -> None:
    """Day 28 is no visit here: of its column, the rows of dates, times and numbers of samples are no results."""
    tables = read(tmp_path, ROWS_TEXT, IN_ROWS, visits={"heads": "Day 14", "dates": "row"})
    queries = tables.queries.filter(QUKIND="visit_undeclared")
    assert queries.select("SRCROW", "SRCCOL", "QUVAL", "QUNCELL").rows() == [(None, "Day 28", "<5", 4)]
    assert "column_undeclared" not in tables.queries["QUKIND"].to_list()
    assert account(tables) == {"rows": 11, "blank": 1, "read": 8, "value": 3, "queried": 5}
    declared = {**IN_ROWS["columns"], "ignored": ["Day 28"]}
    ignored = read(tmp_path, ROWS_TEXT, IN_ROWS, visits={"heads": "Day 14", "dates": "row"}, columns=declared)
    assert account(ignored) == {"rows": 11, "blank": 1, "read": 4, "value": 3, "queried": 1}


def test_a_visit_that_is_nowhere_stops(tmp_path) -> None:
    with pytest.raises(SourceError, match=r"no head is a visit \(Day \\d\+\)"):
        read(tmp_path, ROWS_TEXT.replace("Day", "Week"), IN_ROWS)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({**BESIDE, "visits": None}, "exactly for the shape wide_by_visit"),
        ({**BESIDE, "shape": "long"}, "exactly for the shape wide_by_visit"),
        ({**BESIDE, "columns": {**BESIDE["columns"], "test": None}}, "needs columns.test"),
        ({**BESIDE, "columns": {**BESIDE["columns"], "visit": "v"}}, "no columns.visit"),
        ({**BESIDE, "columns": {**BESIDE["columns"], "result": None}}, "columns.result below each visit"),
        ({**BESIDE, "layout": IN_ROWS["layout"]}, "need two header_rows"),
        ({**IN_ROWS, "columns": {**IN_ROWS["columns"], "result": "r"}}, "give no columns.result"),
    ],
)
def test_visits_that_contradict_the_shape(changes: dict[str, Any], said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        dialect(**changes)


@pytest.mark.parametrize(("text", "lab"), [(BESIDE_TEXT, BESIDE), (ROWS_TEXT, IN_ROWS)])
def test_a_visit_that_comes_twice_stops(tmp_path, text: str, lab: dict[str, Any]) -> None:
    """Also where all other columns are ignored: the second would be one of them."""
    columns = {**lab["columns"], "ignored": "*"}
    with pytest.raises(SourceError, match=r"Day 14.* comes twice"):
        read(tmp_path, text.replace("Day 28", "Day 14"), lab, columns=columns)


# ---- one block per participant --------------------------------------------------------------------------------------

BLOCKS = {"begins": r"Patient:? (?P<participant>\S+).*", "participant": "Patient"}
BLOCK_LAYOUT = {
    "format": "csv",
    "encoding": "utf-8",
    "delimiter": ";",
    "header_rows": [3],
    "blocks": BLOCKS,
    "ignore_rows": ["End of .*"],
    "pad_short_rows": True,
}
LONG_BLOCKS: dict[str, Any] = {
    **COMMON,
    "layout": BLOCK_LAYOUT,
    "columns": {
        "participant": "Patient",
        "collected": {"column": "Date", "as": "date", "dates": DATES},
        "test": "Test",
        "result": "Result",
        "unit": "Unit",
    },
    "exclude_where": [],
    "duplicates": {"same_draw": ["collected"], "same_day": "keep"},
}
LONG_TEXT = (
    """\
Hospital of somewhere
Patient: S1-001 (born 1980)
ward 3

Test;Result;Unit;Date
""".replace("ward 3\n\n", "ward 3\n")
    + """\
CD3;120;/uL;24/01/2026
CD4;<5;/uL;24/01/2026

Patient:;S1-002
ward 4
Test;Result;Unit;Date
CD3;80;/uL;25/01/2026
End of report
Patient: S1-003
ward 4
no results
"""
)


def test_blocks_of_rows(tmp_path) -> None:
    """The third participant has no heads and no results."""
    with pytest.raises(SourceError, match="the declared column"):
        read(tmp_path, LONG_TEXT, LONG_BLOCKS)
    quiet = {**BLOCK_LAYOUT, "ignore_rows": ["End of .*", "ward .*", "no results"]}
    tables = read(tmp_path, LONG_TEXT, LONG_BLOCKS, layout=quiet)
    first, second = date(2026, 1, 24), date(2026, 1, 25)
    assert placed(tables) == [
        ("S1-001", "CD3", None, first, "=", 120.0, 5, "Result"),
        ("S1-001", "CD4", None, first, "<", 5.0, 6, "Result"),
        ("S1-002", "CD3", None, second, "=", 80.0, 11, "Result"),
    ]
    assert tables.queries.is_empty()
    assert account(tables) == {"rows": 3, "read": 3, "value": 2, "censored": 1}


WIDE_BLOCKS: dict[str, Any] = {
    **LONG_BLOCKS,
    "shape": "wide_by_analyte",
    "layout": {**BLOCK_LAYOUT, "header_rows": [2]},
    "columns": {"participant": "Patient", "collected": {"column": "Date", "as": "date", "dates": DATES}},
    "analytes": {name: {"code": name, "unit": "/uL", "lloq": 5} for name in ("CD3", "CD4")},
}
WIDE_TEXT = """\
Patient S1-001
Date;CD3;CD4
24/01/2026;120;
07/02/2026;130;60

Patient S1-002
Date;CD4;CD3
24/01/2026;50;80
"""


@pytest.mark.parametrize(
    "line", ["PatientS1-003", "Patent S1-003", "Patient: S1-003;;x", "Donor S1-003", "PATIENT s1 003"]
)
def test_rows_below_a_line_that_nearly_begins_a_block_are_nobodys(tmp_path, line: str) -> None:
    text = f"{WIDE_TEXT}{line}\n25/02/2026;70;90\n"
    strict = {**BLOCK_LAYOUT, "header_rows": [2], "blocks": {**BLOCKS, "begins": r"Patient (?P<participant>S1-\d+)"}}
    tables = read(tmp_path, text, WIDE_BLOCKS, layout=strict)
    assert {row[0] for row in placed(tables)} == {"S1-001", "S1-002"}
    assert [row[3].month for row in placed(tables)] == [1, 2, 2, 1, 1]
    (query,) = tables.queries.filter(pl.col("SRCROW") == 10).to_dicts()
    assert (query["QUKIND"], query["QUNCELL"]) == ("participant_malformed", 2)
    assert query["QUVAL"] == f"(undeclared line) {line.replace(';', ' ').replace('  ', ' ')}"


@pytest.mark.parametrize(
    "line",
    ["measured twice on 12/02/2026", "Patient refused", "Patient infused on 12/02/2026", "12/02/2026;;", "S1-002"],
)
def test_a_remark_between_the_rows_of_a_block_is_no_person(tmp_path, line: str) -> None:
    strict = {**BLOCK_LAYOUT, "header_rows": [2], "blocks": {**BLOCKS, "begins": r"Patient (?P<participant>S1-\d+)"}}
    tables = read(tmp_path, f"{WIDE_TEXT}{line}\n25/02/2026;70;90\n", WIDE_BLOCKS, layout=strict)
    assert [row[0] for row in placed(tables)][-2:] == ["S1-002", "S1-002"]


@pytest.mark.parametrize("begins", ["{id} - 01/05/1980 - M", "{id} 01/05/1980", "{id} M 1980"])
def test_digits_alone_make_no_line_alike(tmp_path, begins: str) -> None:
    rows = "Date;CD3;CD4\n24/01/2026;120;\n25/01/2026;;70\n"
    text = "".join(f"{begins.format(id=name)}\n{rows}" for name in ("S1-001", "S1-002"))
    layout = {
        **BLOCK_LAYOUT,
        "header_rows": [2],
        "blocks": {"begins": r"(?P<participant>S1-\d+) .*", "participant": "Patient"},
    }
    tables = read(tmp_path, text, WIDE_BLOCKS, layout=layout)
    assert [row[0] for row in placed(tables)] == ["S1-001"] * 2 + ["S1-002"] * 2


def test_many_lines_that_nearly_begin_a_block_take_no_longer(tmp_path) -> None:
    """Each begins the rows below it: none is a step of all others."""
    text = WIDE_TEXT + "".join(f"Patient:S1-9{n:03}\n25/02/2026;70;90\n" for n in range(900))
    tables = read(tmp_path, text, WIDE_BLOCKS, layout={
        **BLOCK_LAYOUT, "header_rows": [2], "blocks": {**BLOCKS, "begins": r"Patient (?P<participant>S1-\d+)"},
    })  # fmt: skip
    assert {row[0] for row in placed(tables)} == {"S1-001", "S1-002"}
    assert account(tables)["queried"] == 1800


def test_blocks_of_rows_by_analyte_may_order_their_columns_differently(tmp_path) -> None:
    tables = read(tmp_path, WIDE_TEXT, WIDE_BLOCKS)
    got = tables.lb.select("USUBJID", "LBTESTCD", "LBSTRESN", "SRCROW", "SRCCOL").sort("SRCROW", "SRCCOL").rows()
    assert got == [
        ("S1-001", "CD3", 120.0, 3, "CD3"),
        ("S1-001", "CD3", 130.0, 4, "CD3"),
        ("S1-001", "CD4", 60.0, 4, "CD4"),
        ("S1-002", "CD3", 80.0, 8, "CD3"),
        ("S1-002", "CD4", 50.0, 8, "CD4"),
    ]
    assert account(tables) == {"rows": 3, "blank": 1, "read": 5, "value": 5}


@pytest.mark.parametrize("line", ["Patiënt S1-002", "S1-002", "", ";;Patient", "Patients: S1-002; ; x"])
def test_results_below_a_line_that_names_nobody_are_nobodys(tmp_path, line: str) -> None:
    """They would otherwise count for the participant of the block before."""
    tables = read(tmp_path, WIDE_TEXT.replace("Patient S1-002", line), WIDE_BLOCKS)
    assert set(tables.lb["USUBJID"]) == {"S1-001"}
    found = tables.queries.filter(SRCROW=8)
    assert found["QUKIND"].to_list() in (["participant_malformed"], ["participant_missing"])
    assert found["QUNCELL"].to_list() == [2]
    # What stands below a result's head in that line is a cell of the block before, and queried there.
    assert account(tables)["queried"] == 2 + sum(tables.queries.filter(SRCROW=6)["QUNCELL"])


def test_the_first_line_may_be_the_one_that_names_nobody(tmp_path) -> None:
    tables = read(tmp_path, WIDE_TEXT.replace("Patient S1-001", "Patiënt S1-001"), WIDE_BLOCKS)
    assert set(tables.lb["USUBJID"]) == {"S1-002"}
    assert account(tables) == {"rows": 3, "blank": 1, "read": 5, "value": 2, "queried": 3}


def test_a_block_can_go_on_after_a_page_break(tmp_path) -> None:
    text = WIDE_TEXT.replace("07/02", "Patient S1-001\nDate;CD3;CD4\n07/02")
    tables = read(tmp_path, text, WIDE_BLOCKS)
    assert account(tables) == {"rows": 3, "blank": 1, "read": 5, "value": 5}
    assert tables.lb.filter(USUBJID="S1-001").height == 3


def test_blocks_of_a_sheet(tmp_path) -> None:
    """Merged heads and formulas belong to their own block."""
    book = openpyxl.Workbook()
    page = book.active
    page.title = "Data"
    for row in (["Patient", "S1-001"], ["Date", "CD3", "CD4"], ["24/01/2026", 120, "=7"], [], ["Patient", "S1-002"]):
        page.append(row)
    page.append(["Date", "CD3", "CD4", "Note"])
    page.append(["24/01/2026", 80, 50, "x"])
    book.save(tmp_path / "lab.xlsx")
    layout = {"format": "xlsx", "sheets": ["Data"], "header_rows": [2], "blocks": BLOCKS}
    numbers = {"decimal": ["."]}
    lab = dialect(**{**WIDE_BLOCKS, "layout": layout, "numbers": numbers, "files": ["lab.xlsx"]})
    tables = harmonise(tmp_path, (tmp_path / "lab.xlsx").read_bytes(), lab, None)
    assert tables.lb.select("USUBJID", "LBTESTCD", "LBSTRESN", "SRCROW").rows() == [
        ("S1-001", "CD3", 120.0, 3),
        ("S1-002", "CD3", 80.0, 7),
        ("S1-002", "CD4", 50.0, 7),
    ]
    queries = tables.queries.select("QUKIND", "SRCROW", "SRCCOL", "QUVAL").sort("SRCROW", nulls_last=True).rows()
    assert queries == [
        ("value_unreadable", 3, "CD4", "=7 (not calculated)"),
        ("column_undeclared", 7, "Note", None),
    ]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (WIDE_TEXT.replace("Patient", "Person"), "no line begins a block with rows"),
        ("Patient S1-001\n\nPatient S1-002\n", "no line begins a block with rows"),
        (WIDE_TEXT.replace("Date;CD4;CD3", "Date;CD4;CD33"), 'the declared column "CD3" is missing'),
        (WIDE_TEXT.replace("Date;CD3;CD4", "Date;CD3;CD4;Patient"), "choose another name"),
    ],
)
def test_blocks_that_are_not_as_declared_stop(tmp_path, text: str, said: str) -> None:
    with pytest.raises(SourceError, match=said):
        read(tmp_path, text, WIDE_BLOCKS)


@pytest.mark.parametrize(
    ("layout", "said"),
    [
        ({"blocks": {**BLOCKS, "begins": r"Patient (\S+)"}}, "needs a group `participant`"),
        ({"header_rows": [1]}, "must ascend from 2"),
        ({"repeated_header": True}, "does not go with blocks"),
        ({"blocks": {**BLOCKS, "participant": "Person"}}, "must be layout.blocks.participant"),
    ],
)
def test_blocks_that_cannot_be_declared(layout: dict[str, Any], said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        dialect(**{**WIDE_BLOCKS, "layout": {**WIDE_BLOCKS["layout"], **layout}})


def test_clinical_extracts_have_no_blocks(tmp_path) -> None:
    content = {"layout": WIDE_BLOCKS["layout"], "dates": DATES, "decimal": ".", "blanks": []}
    with pytest.raises(ConfigError, match="lab exports only"):
        build(Format, content, tmp_path / "clinical.yaml")


# ---- conservation ---------------------------------------------------------------------------------------------------

TEXT = st.sampled_from(["", " ", "12", "<5", "broken", "=^440", "0", "7 H", "-3", "1e99"])
PERSON = st.sampled_from(["S1-001", "S1-002", "S1-0O3", "", "S9-009"])
TEST = st.sampled_from(["CD3", "CD4", "HGB", "CD99", ""])
DAY = st.sampled_from(["24/01/2026", "24/13/2026", ""])
PROPERTY = settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


def conserved(tables: LabTables, cells: list[str], undeclared: Sequence[str] = ()) -> None:
    """`cells` are the result cells as they were written, `undeclared` those that may be of a visit."""
    counts = {"blank": 0, **account(tables)}
    fates = ("value", "censored", "not_done", "superseded", "excluded", "queried", "not_requested")
    filled = sum(bool(cell.strip()) for cell in cells)
    assert counts["blank"] == len(cells) - filled
    filled += sum(bool(cell.strip()) for cell in undeclared)
    assert counts.get("queried", 0) == tables.queries["QUNCELL"].sum()
    assert sum(counts.get(fate, 0) for fate in fates) == counts.get("read", 0) == filled


@PROPERTY
@given(st.lists(st.tuples(PERSON, TEST, DAY, TEXT, DAY, TEXT), min_size=1, max_size=8))
def test_every_cell_beside_its_date_is_accounted_for(tmp_path, rows: list[tuple[str, ...]]) -> None:
    lines = [f"{who or ' '};{test};/uL;x;{d1};{r1};{d2};{r2}" for who, test, d1, r1, d2, r2 in rows]
    text = "\n".join([*BESIDE_TEXT.splitlines()[:2], *lines, ""])
    conserved(read(tmp_path, text, BESIDE), [cell for row in rows for cell in (row[3], row[5])])


@PROPERTY
@given(st.lists(st.tuples(PERSON, TEST | st.just("Drawn"), TEXT | DAY, TEXT | DAY), min_size=1, max_size=8))
def test_every_cell_of_a_visit_is_accounted_for(tmp_path, rows: list[tuple[str, ...]]) -> None:
    lines = [f"{who};{test};/uL;x;{r1};{r2}" for who, test, r1, r2 in rows]
    text = "\n".join([ROWS_TEXT.splitlines()[0], *lines, ""])
    results = [cell for row in rows if row[1] != "Drawn" for cell in row[2:]]
    conserved(read(tmp_path, text, IN_ROWS), results)


@PROPERTY
@given(
    st.lists(
        st.tuples(PERSON.filter(bool), st.lists(st.tuples(DAY, TEXT, TEXT), min_size=1, max_size=4)),
        min_size=1,
        max_size=5,
    )
)
def test_every_cell_of_a_block_is_accounted_for(tmp_path, blocks: list[tuple[str, list[tuple[str, ...]]]]) -> None:
    lines = ["Patient S1-001", "Date;CD3;CD4", "24/01/2026;1;2"]
    for who, rows in blocks:
        lines += [f"Patient {who}", "Date;CD3;CD4", *(f"{day or 'x'};{a};{b}" for day, a, b in rows), ""]
    results = ["1", "2", *(cell for _, rows in blocks for row in rows for cell in row[1:])]
    conserved(read(tmp_path, "\n".join(lines), WIDE_BLOCKS), results)
