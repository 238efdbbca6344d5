"""Heads that are dates, or hold one: every cell has the day, the analyte and the unit of its head."""

from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from immrecon.errors import ConfigError, SourceError

from .lab_cases import account, dialect, kinds
from .test_lab_by_visit import COMMON, DATES, PERSON, PROPERTY, TEST, TEXT, conserved, placed, read

DAY = r"(?P<drawn>\d{1,2}/\d{1,2}/\d{4})"
COLLECTED = {"column": "drawn", "as": "date", "dates": DATES}
OVER_ROWS: dict[str, Any] = {
    **COMMON,
    "shape": "wide_by_visit",
    "layout": {"format": "csv", "encoding": "utf-8", "delimiter": ";"},
    "columns": {"participant": "id", "test": "test", "unit": "unit", "collected": COLLECTED, "ignored": []},
    "visits": {"heads": rf"(?:Day \d+ )?{DAY}", "dates": "head"},
}
ROWS_TEXT = """\
id;test;unit;comment;Day 14 24/01/2026;07/02/2026;Wednesday
S1-001;CD3;/uL;;120;<5;
S1-001;CD4;/uL;;;60;x
S1-001;HGB;g/dL;;9,5;;
S1-002;CD4;/uL;donor;broken;80;
"""
FIRST, SECOND = date(2026, 1, 24), date(2026, 2, 7)


def test_dates_over_rows_of_analytes(tmp_path) -> None:
    tables = read(tmp_path, ROWS_TEXT, OVER_ROWS)
    assert placed(tables) == [
        ("S1-001", "CD3", "07/02/2026", SECOND, "<", 5.0, 2, "07/02/2026"),
        ("S1-001", "CD3", "Day 14 24/01/2026", FIRST, "=", 120.0, 2, "Day 14 24/01/2026"),
        ("S1-001", "CD4", "07/02/2026", SECOND, "=", 60.0, 3, "07/02/2026"),
        ("S1-002", "CD4", "07/02/2026", SECOND, "=", 80.0, 5, "07/02/2026"),
        ("S1-002", "CD4", "Day 14 24/01/2026", FIRST, "=", None, 5, "Day 14 24/01/2026"),
    ]
    assert kinds(tables) == [("column_undeclared", 3, 0)]
    assert tables.queries["SRCCOL"].to_list() == ["Wednesday"]
    assert account(tables) == {
        "rows": 4, "blank": 2, "read": 6, "value": 2, "censored": 1, "excluded": 2, "not_requested": 1,
    }  # fmt: skip


IN_COLUMNS: dict[str, Any] = {
    **COMMON,
    "shape": "wide_by_visit",
    "layout": {"format": "csv", "encoding": "utf-8", "delimiter": ";"},
    "columns": {
        "participant": "id", "test": "test", "unit": "unit", "visit": "visit", "collected": COLLECTED, "ignored": [],
    },
    "visits": {"heads": rf"(?P<test>CD\d+) \((?P<unit>[^)]+)\) {DAY}(?: (?P<visit>D\d+))?", "dates": "head"},
    "exclude_where": [],
}  # fmt: skip
COLUMNS_TEXT = """\
id;CD3 (/uL) 24/01/2026 D14;CD4 (G/L) 24/01/2026 D14;CD4 (%) 07/02/2026;CD4 (/uL) 31/02/2026;CD4 (/uL) 07.02.2026
S1-001;120;0,05;12;50;50
S1-002;;<0,01;;;
"""


def test_analyte_unit_and_date_in_a_head(tmp_path) -> None:
    """A day that is none, a unit that is of another kind and a date in another form are asked, cell by cell."""
    tables = read(tmp_path, COLUMNS_TEXT, IN_COLUMNS)
    heads = COLUMNS_TEXT.splitlines()[0].split(";")
    assert placed(tables) == [
        ("S1-001", "CD3", "D14", FIRST, "=", 120.0, 2, heads[1]),
        ("S1-001", "CD4", "D14", FIRST, "=", 50.0, 2, heads[2]),
        ("S1-002", "CD4", "D14", FIRST, "<", 10.0, 3, heads[2]),
    ]
    assert tables.queries.select("QUKIND", "SRCROW", "SRCCOL", "QUVAL").rows() == [
        ("unit_disagrees", 2, heads[3], "%"),
        ("column_undeclared", 2, heads[5], None),
        ("date_impossible", 2, heads[4], "31/02/2026"),
    ]
    assert account(tables) == {"rows": 2, "blank": 3, "read": 5, "value": 2, "censored": 1, "queried": 2}


@pytest.mark.parametrize("upper", ["analyte", "date"])
def test_two_rows_of_heads(tmp_path, upper: str) -> None:
    dates, names = ";24/01/2026;;07/02/2026;", "id;CD3;CD4;CD3;CD4"
    row = "S1-001;120;50;<5;60"
    pattern = rf"{DAY} \| (?P<test>.+)"
    if upper == "analyte":
        dates, names, row = ";CD3;;CD4;", "id;24/01/2026;07/02/2026;24/01/2026;07/02/2026", "S1-001;120;<5;50;60"
        pattern = rf"(?P<test>.+) \| {DAY}"
    layout = {**IN_COLUMNS["layout"], "header_rows": [1, 2], "header_fill": "forward"}
    columns = {"participant": "id", "test": "test", "collected": COLLECTED, "ignored": []}
    units = {name: {"code": name, "unit": "/uL", "lloq": 5} for name in ("CD3", "CD4")}
    draws = {"same_draw": ["collected"], "same_day": "keep"}
    lab = {**IN_COLUMNS, "layout": layout, "columns": columns, "analytes": units, "duplicates": draws}
    tables = read(tmp_path, f"{dates}\n{names}\n{row}\n", lab, visits={"heads": pattern, "dates": "head"})
    assert set(tables.lb.select("LBTESTCD", "LBDT", "LBCMP", "LBSTRESN").rows()) == {
        ("CD3", FIRST, "=", 120.0), ("CD4", FIRST, "=", 50.0), ("CD3", SECOND, "<", 5.0), ("CD4", SECOND, "=", 60.0),
    }  # fmt: skip
    assert tables.queries.is_empty()


def test_two_samples_of_a_day_come_under_one_head(tmp_path) -> None:
    tables = read(tmp_path, "id;test;unit;comment;24/01/2026;24/01/2026\nS1-001;CD4;/uL;;50;60\n", OVER_ROWS)
    assert account(tables) == {"rows": 1, "read": 2, "queried": 2}
    found = tables.queries.select("QUKIND", "SRCCOL", "QUVAL").rows()
    assert found == [("versions_conflict", "24/01/2026", "50"), ("versions_conflict", "24/01/2026 (column 6)", "60")]
    same = read(tmp_path, "id;test;unit;comment;24/01/2026;24/01/2026\nS1-001;CD4;/uL;;50;50\n", OVER_ROWS)
    assert account(same) == {"rows": 1, "read": 2, "value": 1, "superseded": 1}


BLOCKS_TEXT = """\
Patient S1-001
test;unit;24/01/2026;07/02/2026
CD3;/uL;120;<5
CD4;/uL;;60

Patient S1-002
test;unit;25/01/2026;07/02/2026;09/03/2026
CD4;/uL;50;;70
"""
BLOCKS: dict[str, Any] = {
    **OVER_ROWS,
    "layout": {
        **OVER_ROWS["layout"],
        "header_rows": [2],
        "blocks": {"begins": r"Patient (?P<participant>\S+)", "participant": "id"},
    },
    "exclude_where": [],
}


def test_each_block_has_its_own_dates(tmp_path) -> None:
    """A date of another participant's block is no blank cell of this one."""
    tables = read(tmp_path, BLOCKS_TEXT, BLOCKS)
    assert [(row[0], row[1], row[3], row[5]) for row in placed(tables)] == [
        ("S1-001", "CD3", SECOND, 5.0),
        ("S1-001", "CD3", FIRST, 120.0),
        ("S1-001", "CD4", SECOND, 60.0),
        ("S1-002", "CD4", date(2026, 3, 9), 70.0),
        ("S1-002", "CD4", date(2026, 1, 25), 50.0),
    ]
    assert tables.queries.is_empty()
    assert account(tables) == {"rows": 3, "blank": 2, "read": 5, "value": 4, "censored": 1}


def test_days_since_transplant_in_the_heads(tmp_path) -> None:
    """Day 14 and day 100 need no calendar."""
    columns = {**OVER_ROWS["columns"], "collected": {"column": "day", "as": "day_since_transplant"}}
    visits = {"heads": r"D\+?(?P<day>\d+)", "dates": "head"}
    text = "id;test;unit;comment;D14;D+100\nS1-001;CD4;/uL;;50;60\n"
    tables = read(tmp_path, text, OVER_ROWS, columns=columns, visits=visits)
    found = tables.lb.sort("LBSTRESN").select("LBDY", "LBVISIT", "LBSTRESN").rows()
    assert found == [(14.0, "D14", 50.0), (100.0, "D+100", 60.0)]


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("/2026", "/26", r"no head is as visits\.heads says"),
        ("unit", "units", 'the declared column "unit" is missing'),
        ("test", "tests", 'the declared column "test" is missing'),
        ("Wednesday", "drawn", '"drawn" is a group of visits.heads, but the file has a column of that name'),
    ],
)
def test_heads_that_are_not_as_declared_stop(tmp_path, old: str, new: str, said: str) -> None:
    with pytest.raises(SourceError, match=said):
        read(tmp_path, ROWS_TEXT.replace(old, new), OVER_ROWS)


@pytest.mark.parametrize(
    ("columns", "visits", "said"),
    [
        ({"collected": {**COLLECTED, "column": "Date"}}, {}, "is a group of visits.heads"),
        ({"result": "Result"}, {}, "with dates in the heads"),
        ({"visit": "Visit"}, {}, "no columns.visit"),
        ({"test": None}, {}, "needs columns.test"),
        ({"participant": "drawn"}, {}, "cannot be a group"),
        ({}, {"dates": "row"}, None),
    ],
)
def test_heads_that_contradict_the_shape(columns: dict[str, Any], visits: dict[str, Any], said: str | None) -> None:
    changes = {"columns": {**OVER_ROWS["columns"], **columns}, "visits": {**OVER_ROWS["visits"], **visits}}
    if said is None:
        dialect(**{**OVER_ROWS, **changes})
        return
    with pytest.raises(ConfigError, match=said):
        dialect(**{**OVER_ROWS, **changes})


HEAD = st.sampled_from(["24/01/2026", "07/02/2026", "Day 7 31/02/2026", "1/2/2026", "Wednesday", "24.01.2026"])


@PROPERTY
@given(
    st.lists(HEAD, min_size=1, max_size=4),
    st.lists(st.tuples(PERSON, TEST, st.lists(TEXT, min_size=4, max_size=4)), min_size=1, max_size=8),
)
def test_every_cell_under_a_date_is_accounted_for(tmp_path, heads, rows) -> None:
    """Also where heads come twice; cells under no date are counted with their column."""
    heads = ["05/02/2026", *heads]
    lines = [";".join(["id", "test", "unit", "comment", *heads])]
    lines += [";".join([who, test, "/uL", "", *cells, "9"][: 4 + len(heads)]) for who, test, cells in rows]
    tables = read(tmp_path, "\n".join([*lines, ""]), OVER_ROWS, duplicates={"same_draw": ["visit"], "same_day": "keep"})
    dated = [i for i, head in enumerate(heads) if "/" in head]
    written = [[*cells, "9"] for who, test, cells in rows]
    conserved(tables, [cells[i] for cells in written for i in dated])
    others = tables.queries.filter(QUKIND="column_undeclared")["SRCCOL"].to_list()
    assert len(others) == len(heads) - len(dated)
