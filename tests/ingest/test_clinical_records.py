"""Repeated and contradicting records, and files that cannot be used, on a few lines of text."""

from datetime import date
from pathlib import Path

import polars as pl
import pytest
import xlsxwriter

from immrecon.errors import SourceError

from .clinical_cases import (
    ADVERSE,
    BASELINE,
    CE_HEAD,
    CONTACTS,
    DM,
    EVENTS,
    HEAD,
    LOADS,
    PRODUCT,
    asked,
    harmonise,
    only_query,
)

# ---- repeated records -----------------------------------------------------------------------------------------------


def test_identical_rows_are_one_record(tmp_path: Path) -> None:
    row = "S1-001,1,infection,2,2025-06-01,,2025-06-02\n"
    tables = harmonise(tmp_path, EVENTS, ce=CE_HEAD + row + row + row)
    assert asked(tables) == [(3, "duplicate_record", "note"), (4, "duplicate_record", "note")]
    assert tables.queries["QUMSG"].unique().to_list() == ["Equal to row 2 in every column. One record is kept."]
    assert tables.ce.select("SRCROW", "CESEQ").rows() == [(2, 1)]


def test_same_number_and_same_content(tmp_path: Path) -> None:
    """Rows 2 and 3 share a number; rows 2 and 4 share everything else. Nobody here can tell: all three are kept."""
    ce = CE_HEAD + (
        "S1-001,1,infection,2,2025-06-01,,2025-06-02\n"
        "S1-001,1,infection,3,2025-06-01,,2025-06-02\n"
        "S1-001,2,infection,2,2025-06-01,,2025-06-02\n"
    )
    tables = harmonise(tmp_path, EVENTS, ce=ce)
    assert asked(tables) == [(3, "record_id_repeated", "warning"), (4, "possible_duplicate", "warning")]
    assert tables.ce["CESEQ"].to_list() == [1, 2, 3]


def test_equal_rows_without_identifiers_are_different_people(tmp_path: Path) -> None:
    head = HEAD.split("  - file")[0] + (
        '  - {file: dm.csv, format: text, domain: DM, roster: true, participant: {row: "P-{row:02d}"}, '
        'columns: {SEX: {column: sex}, HSCTDY: {constant: "0", unit: day}}}\n'
    )
    tables = harmonise(tmp_path, "", head=head, dm="sex\nF\nF\nM\n")
    assert tables.dm.select("USUBJID", "SRCROW", "SEX", "HSCTDY").rows() == [
        ("P-01", 2, "F", 0.0),
        ("P-02", 3, "F", 0.0),
        ("P-03", 4, "M", 0.0),
    ]
    assert tables.queries.is_empty()


def test_one_row_per_sample(tmp_path: Path) -> None:
    head = HEAD.replace("    roster: true\n", "    roster: true\n    distinct: true\n")
    dm = "id,sex,born,enrolled\nS1-001,F,1980-05,\nS1-001,F,1980-05,2025-01-10\nS1-001,M,1980-05,2025-01-10\n"
    tables = harmonise(tmp_path, "", head=head, dm=dm)
    assert asked(tables) == [(4, "value_conflict", "warning")]
    assert tables.dm.select("USUBJID", "SRCROW", "SEX", "ENRLDT").rows() == [("S1-001", 2, "F", date(2025, 1, 10))]
    assert tables.counts[0]["n_used"] == 3
    assert tables.counts[0]["n_participants"] == 1


# ---- contradictions -------------------------------------------------------------------------------------------------


def test_alive_after_death(tmp_path: Path) -> None:
    """A contact on the day of death contradicts nothing; nor does one in the month in which an event is not dated."""
    ce = CE_HEAD + "S1-001,1,death,,2025-06-10,,\nS1-002,1,death,,2025-06,,\n"
    contacts = [("S1-001", "2025-06-10"), ("S1-001", "2025-06-11"), ("S1-002", "2025-06-30"), ("S1-002", "2025-07-01")]
    fa = "id,date,status\n" + "".join(f"{who},{on},alive\n" for who, on in contacts)
    tables = harmonise(tmp_path, EVENTS + CONTACTS, ce=ce, fa=fa)
    assert asked(tables) == [(3, "alive_after_death", "warning"), (5, "alive_after_death", "warning")]
    assert tables.queries["QUMSG"][0] == "Dated after the death of 2025-06-10 (ce.csv row 2)."
    assert tables.fa.height == 4


def test_event_after_death(tmp_path: Path) -> None:
    ce = CE_HEAD + "S1-001,1,relapse,,2025-06-11,,\nS1-001,2,death,,2025-06-10,,\n"
    tables = harmonise(tmp_path, EVENTS, ce=ce)
    assert asked(tables) == [(2, "record_after_death", "warning")]


def test_two_deaths(tmp_path: Path) -> None:
    ce = CE_HEAD + "S1-001,1,death,,2025-06-10,,\nS1-001,2,death,,2025-06-12,,\n"
    tables = harmonise(tmp_path, EVENTS, ce=ce)
    query = only_query(tables)
    assert (query["SRCROW"], query["QUKIND"], query["QUSEV"]) == (3, "deaths_disagree", "warning")
    assert query["QUMSG"] == "Another date than the death of 2025-06-10 (ce.csv row 2)."
    assert tables.ce.height == 2


def test_a_death_without_a_day_contradicts_nothing(tmp_path: Path) -> None:
    ce = CE_HEAD + "S1-001,1,death,,,,\nS1-001,2,death,,2025-06-10,,\nS1-002,1,death,,,,\n"
    fa = "id,date,status\nS1-001,2025-06-11,alive\nS1-002,2025-06-11,alive\nS1-002,2025-06-12,dead\n"
    tables = harmonise(tmp_path, EVENTS + CONTACTS, ce=ce, fa=fa)
    assert asked(tables) == [
        (2, "date_missing", "error"), (4, "date_missing", "error"), (2, "alive_after_death", "warning"),
    ]  # fmt: skip


def test_dead_then_alive(tmp_path: Path) -> None:
    fa = "id,date,status\nS1-001,2025-06-10,dead\nS1-001,2025-08-01,alive\nS1-002,2025-06-10,dead\n"
    tables = harmonise(tmp_path, EVENTS + CONTACTS, ce=CE_HEAD, fa=fa)
    assert asked(tables) == [
        (None, "no_record", "warning"),
        (2, "alive_after_dead_contact", "warning"),
        (4, "death_not_reported", "warning"),
    ]


def test_contradictions_without_dates(tmp_path: Path) -> None:
    relative = (EVENTS + CONTACTS).replace("CESTDTC: {column: date}", "CESTDY: {column: date, unit: day}")
    relative = relative.replace("FADTC: {column: date}", "FADY: {column: date, unit: day}")
    ce = CE_HEAD + "S1-001,1,death,,100,,\nS1-001,2,death,,101,,\n"
    fa = "id,date,status\nS1-001,100,alive\nS1-001,100.5,alive\n"
    tables = harmonise(tmp_path, relative, ce=ce, fa=fa, extracted=None)
    assert asked(tables) == [(3, "deaths_disagree", "warning"), (3, "alive_after_death", "warning")]
    assert tables.queries["QUMSG"][1] == "Dated after the death of day 100.0 (ce.csv row 2)."


def test_one_test_with_two_results_on_a_day(tmp_path: Path) -> None:
    fa = "id,date,virus,copies\nS1-001,2025-06-01,CMV,100\nS1-001,2025-06-01,CMV,900\nS1-001,2025-06-01,EBV,1\n"
    tables = harmonise(tmp_path, LOADS, fa=fa)
    assert asked(tables) == [(3, "results_disagree", "warning")]
    assert tables.fa.height == 3


def test_ends_and_entries_out_of_order(tmp_path: Path) -> None:
    ce = CE_HEAD + "S1-001,1,infection,,2025-06-10,2025-06-09,2025-06-10\nS1-001,2,relapse,,2025-06-10,,2025-06-09\n"
    tables = harmonise(tmp_path, EVENTS, ce=ce)
    assert asked(tables) == [(2, "end_before_start", "warning"), (3, "date_after_entry", "warning")]


# ---- files ----------------------------------------------------------------------------------------------------------


def test_missing_file(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match=r"ce\.csv: no such file; CE is read from it\. Ask the sender"):
        harmonise(tmp_path, EVENTS)


def test_missing_column(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match=r'ce\.csv: the declared column "grade" is missing\. Columns found: id, nr'):
        harmonise(tmp_path, EVENTS, ce="id,nr,event,date,end,entered\n")


@pytest.mark.parametrize("name", ["dm", "ce"])
def test_empty_file(tmp_path: Path, name: str) -> None:
    files = {"dm": DM, "ce": CE_HEAD, name: ""}
    with pytest.raises(SourceError, match=rf"{name}\.csv: the file is empty"):
        harmonise(tmp_path, EVENTS, **files)


def test_nobody_enrolled(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match=r"dm\.csv: no participant found in it"):
        harmonise(tmp_path, "", dm="id,sex,born,enrolled\n")


def test_a_file_with_nothing_to_report(tmp_path: Path) -> None:
    """It may be true, so nothing stops; a reader of the results should know."""
    tables = harmonise(tmp_path, EVENTS + CONTACTS + LOADS + ADVERSE + BASELINE + PRODUCT, ce=CE_HEAD,
                       fa="id,date,status,virus,copies\n", ae="id,term,pt,soc,grade,outcome,start,end\n",
                       sc="id,kg,diagnosis\n", product="id,given,hsct,sex\n")  # fmt: skip
    assert [frame.height for frame in (tables.ce, tables.fa, tables.ae, tables.sc)] == [0] * 4
    assert tables.dm.height == 3
    queries = tables.queries.select("SRCFILE", "SRCROW", "QUDOM", "QUKIND", "QUSEV").rows()
    assert queries == [
        (f"{name}.csv", None, domain, "no_record", "warning")
        for name, domain in [("ae", "AE"), ("ce", "CE"), ("fa", "FA"), ("product", "DM"), ("sc", "SC")]
    ]
    assert {count["n_read"] for count in tables.counts if count["file"] != "dm.csv"} == {0}


def test_shifted_cells_are_withheld(tmp_path: Path) -> None:
    ce = CE_HEAD + "S1-001,1,infection,2,2025-06-01,,2025-06-02\nS1-001,2,infection,fever, chills,2,2025-06-01,,\n"
    tables = harmonise(tmp_path, EVENTS, ce=ce)
    assert asked(tables) == [(3, "row_ragged", "error")]
    assert tables.ce["SRCROW"].to_list() == [2]


def test_a_column_that_nobody_mapped_is_reported(tmp_path: Path) -> None:
    unused = EVENTS.replace("    record_id: nr\n", "    record_id: nr\n    unused: [site]\n")
    ce = "site,new," + CE_HEAD + "A,x,S1-001,1,infection,2,2025-06-01,,\n"
    tables = harmonise(tmp_path, unused, ce=ce)
    query = only_query(tables)
    assert (query["QUKIND"], query["QUSEV"], query["SRCCOL"], query["SRCROW"]) == (
        "column_not_mapped",
        "note",
        "new",
        None,
    )


def test_conditions_choose_rows(tmp_path: Path) -> None:
    """One file, two uses: rows of another kind are left out by each, and the sum of both is the file."""
    given = EVENTS.replace("    record_id: nr\n", "    where: {event: [death]}\n")
    other = EVENTS.replace("    record_id: nr\n", "    where: {event: [relapse, infection]}\n    present: [grade]\n")
    ce = CE_HEAD + (
        "S1-001,1,infection,2,2025-06-01,,\nS1-001,2,infection,,2025-06-02,,\nS1-001,3,death,,2025-06-03,,\n"
    )
    tables = harmonise(tmp_path, given + other, ce=ce)
    assert [(count["n_filtered"], count["n_used"]) for count in tables.counts] == [(0, 3), (2, 1), (2, 1)]
    assert tables.ce.select("CESEQ", "SRCROW").rows() == [(1, 4), (2, 2)]


def test_a_fault_seen_by_two_extracts_is_one_query(tmp_path: Path) -> None:
    again = (
        PRODUCT.replace("columns: {TRTSDT: {column: given}, HSCTDT: {column: hsct}, SEX: {column: sex}}", "").replace(
            "domain: DM", "domain: SC"
        )
        + "    results: [{test: SEXAGAIN, column: sex, number: none}]\n"
    )
    tables = harmonise(tmp_path, PRODUCT + again, product="id,given,hsct,sex\nS1-999,2025-02-09,2025-02-02,F\n")
    assert asked(tables) == [(2, "participant_unknown", "error")]
    assert [count["n_withheld"] for count in tables.counts] == [0, 1, 1]


def test_order_of_files_and_queries_is_stable(tmp_path: Path) -> None:
    ce = CE_HEAD + "".join(f"S1-00{i % 4},{i},fever,9,2025-13-01,,\n" for i in range(1, 40))
    one, two = (harmonise(tmp_path, EVENTS, ce=ce) for _ in range(2))
    assert one.queries.equals(two.queries)
    assert one.queries["QUSEQ"].to_list() == list(range(1, one.queries.height + 1))
    assert one.queries["SRCROW"].is_sorted()


def test_workbook(tmp_path: Path) -> None:
    with xlsxwriter.Workbook(tmp_path / "ce.xlsx") as book:
        sheet = book.add_worksheet("Events")
        day = book.add_format({"num_format": "yyyy-mm-dd"})
        for column, head in enumerate(["id", "event", "date"]):
            sheet.write(0, column, head)
        sheet.write(1, 0, "S1-001")
        sheet.write(1, 1, "death")
        sheet.write_datetime(1, 2, date(2025, 6, 10), day)
        sheet.write_blank(1, 6, None, day)  # formatting beyond the table
        book.add_worksheet("Notes")
    head = HEAD.replace(
        "extracts:",
        """  book:
    layout: {format: xlsx, sheets: [Events]}
    dates: {formats: ["%Y-%m-%d"]}
    decimal: "."
    blanks: []
extracts:""",
    )
    events = """
  - file: ce.xlsx
    sheet: Events
    format: book
    domain: CE
    participant: *id
    columns: {CEDECOD: {column: event, map: {death: DEATH}}, CESTDTC: {column: date}}
"""
    tables = harmonise(tmp_path, events, head=head)
    assert tables.ce.select("SRCFILE", "SRCSHEET", "SRCROW", "CESTLO", "CESTHI").rows() == [
        ("ce.xlsx", "Events", 2, date(2025, 6, 10), date(2025, 6, 10))
    ]
    query = only_query(tables)
    assert (query["QUKIND"], query["SRCSHEET"]) == ("sheet_not_mapped", "Notes")


def test_frames_know_their_types_when_empty(tmp_path: Path) -> None:
    tables = harmonise(tmp_path, "")
    assert tables.fa.schema["FALO"] == pl.Date
    assert tables.ae.schema["AETOXGR"] == pl.Int64


def test_a_delimiter_at_the_end_of_every_row_is_harmless(tmp_path: Path) -> None:
    ce = CE_HEAD + "S1-001,1,infection,2,2025-06-01,,2025-06-02,\nS1-001,2,relapse,,2025-06-03,,,\n"
    tables = harmonise(tmp_path, EVENTS, ce=ce)
    assert tables.queries.is_empty()
    assert tables.ce["CEDECOD"].to_list() == ["INFECTION", "RELAPSE"]


@pytest.mark.parametrize(
    ("ended", "end", "outcome", "ending"),
    [
        (True, "2025-03-01", "recovered", "BEFORE"),
        (True, "2025-03-01", "", "BEFORE"),
        (True, "", "recovered", "BEFORE"),  # over, on a day that nobody recorded
        (True, "", "not recovered", "ONGOING"),
        (True, "soon", "", "UNKNOWN"),
        (False, "", "recovered", "UNKNOWN"),  # nothing declared says that it is over
        (False, "2025-03", "", "BEFORE"),
    ],
)
def test_an_event_without_an_end_is_ongoing_only_where_the_source_would_say_otherwise(
    tmp_path: Path, ended: bool, end: str, outcome: str, ending: str
) -> None:
    declared = ADVERSE if ended else ADVERSE.replace("    ended: {outcome: [recovered]}\n", "")
    ae = f"id,term,pt,soc,grade,outcome,start,end\nS1-001,rash,Rash,Skin,2,{outcome},2025-02-01,{end}\n"
    assert harmonise(tmp_path, declared, ae=ae).ae["AEENRTPT"].to_list() == [ending]
