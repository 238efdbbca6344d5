"""Participants, identifiers, dates and cells on a few lines of text, with the outcome worked out by hand."""

from datetime import date
from pathlib import Path

import pytest

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

# ---- participants ---------------------------------------------------------------------------------------------------


def test_partial_births_become_bounds(tmp_path: Path) -> None:
    dm = harmonise(tmp_path, "").dm
    assert dm.select("USUBJID", "SRCROW", "BRTHLO", "BRTHHI").rows() == [
        ("S1-001", 2, date(1980, 5, 1), date(1980, 5, 31)),
        ("S1-002", 3, date(2010, 1, 1), date(2010, 12, 31)),
        ("S1-003", 4, date(1999, 12, 31), date(1999, 12, 31)),
    ]
    assert dm["ENRLDT"].to_list() == [date(2025, 1, 10), date(2025, 2, 10), None]
    assert dm["STUDYID"].unique().to_list() == ["s1"]


def test_participants_are_joined_from_several_files(tmp_path: Path) -> None:
    product = "id,given,hsct,sex\nS1-002,2025-03-08,2025-03-01,M\nS1-001,2025-02-09,2025-02-02,\n"
    tables = harmonise(tmp_path, PRODUCT, product=product)
    assert tables.dm.select("USUBJID", "HSCTDT", "TRTSDT", "SRCFILE", "SRCROW").rows() == [
        ("S1-001", date(2025, 2, 2), date(2025, 2, 9), "dm.csv", 2),
        ("S1-002", date(2025, 3, 1), date(2025, 3, 8), "dm.csv", 3),
        ("S1-003", None, None, "dm.csv", 4),
    ]
    assert tables.queries.is_empty()


def test_two_values_of_one_variable_keep_the_first(tmp_path: Path) -> None:
    tables = harmonise(tmp_path, PRODUCT, product="id,given,hsct,sex\nS1-001,2025-02-09,2025-02-02,M\n")
    query = only_query(tables)
    assert (query["QUKIND"], query["QUSEV"], query["SRCCOL"], query["QUVAL"]) == (
        "value_conflict",
        "warning",
        "sex",
        "M",
    )
    assert query["QUMSG"] == "SEX is F in dm.csv row 2, which is kept."
    assert tables.dm["SEX"].to_list() == ["F", "M", "F"]


@pytest.mark.parametrize("written", ["2025-02", "2025", "2025-02-UN"])
def test_transplant_and_injection_need_complete_dates(tmp_path: Path, written: str) -> None:
    tables = harmonise(tmp_path, PRODUCT, product=f"id,given,hsct,sex\nS1-001,{written},2025-02-02,\n")
    query = only_query(tables)
    assert (query["QUKIND"], query["QUSEV"], query["SRCCOL"]) == ("date_incomplete", "error", "given")
    assert tables.dm["TRTSDT"].null_count() == 3
    assert str(query["QUMSG"]).endswith("no event can be counted in days since injection.")
    last = date(2025, 12, 31) if written == "2025" else date(2025, 2, 28)
    assert tables.dm["TRTSHI"].to_list() == [last, None, None]


def test_a_complete_date_elsewhere_stands_before_a_partial_one(tmp_path: Path) -> None:
    again = PRODUCT.replace("product.csv", "second.csv")
    head = "id,given,hsct,sex\n"
    tables = harmonise(
        tmp_path, PRODUCT + again, product=head + "S1-001,2025-02,2025-02-02,\n", second=head + "S1-001,2025-02-09,,\n"
    )
    assert asked(tables) == [(2, "date_incomplete", "error")]
    assert tables.dm.select("TRTSDT", "TRTSHI").row(0) == (date(2025, 2, 9), None)


@pytest.mark.parametrize("written", ["", "2025-01", "2025-02-30"])
@pytest.mark.parametrize("product", ["2025-02-09,2025-02-02", ",2025-02-02"])
def test_whoever_got_further_without_a_date_of_enrolment_is_asked_about(
    tmp_path: Path, written: str, product: str
) -> None:
    dm = DM.replace("2025-01-10", written)
    tables = harmonise(tmp_path, PRODUCT, dm=dm, product=f"id,given,hsct,sex\nS1-001,{product},\n")
    kinds = {"": set(), "2025-01": {"date_incomplete"}, "2025-02-30": {"date_impossible"}}[written]
    kinds |= set() if written == "2025-01" else {"enrolment_date_missing"}
    places = tables.queries.select("SRCFILE", "SRCROW", "SRCCOL", "QUKIND", "QUSEV").rows()
    assert set(places) == {("dm.csv", 2, "enrolled", kind, "error") for kind in kinds}


def test_a_screen_failure_needs_no_date_of_enrolment(tmp_path: Path) -> None:
    assert harmonise(tmp_path, PRODUCT, product="id,given,hsct,sex\nS1-003,,,F\n").queries.is_empty()


def test_injection_before_transplant_is_asked_about(tmp_path: Path) -> None:
    tables = harmonise(tmp_path, PRODUCT, product="id,given,hsct,sex\nS1-001,2025-02-02,2025-02-09,\n")
    query = only_query(tables)
    assert (query["QUKIND"], query["QUSEV"], query["USUBJID"]) == ("injection_before_transplant", "warning", "S1-001")
    assert query["QUMSG"] == "The injection (2025-02-02) is before the transplant (2025-02-09)."


def test_injection_without_transplant_is_asked_about(tmp_path: Path) -> None:
    tables = harmonise(tmp_path, PRODUCT, product="id,given,hsct,sex\nS1-001,2025-02-09,,\n")
    query = only_query(tables)
    assert (query["SRCFILE"], query["SRCROW"], query["SRCCOL"]) == ("product.csv", 2, "hsct")
    assert (query["QUKIND"], query["QUSEV"]) == ("injection_without_transplant", "error")


def test_a_second_record_of_a_participant(tmp_path: Path) -> None:
    dm = DM + "S1-001,M,1980-05,2025-01-10\n"
    tables = harmonise(tmp_path, "", dm=dm)
    assert asked(tables) == [(5, "participant_repeated", "warning"), (5, "value_conflict", "warning")]
    assert tables.dm.height == 3
    assert tables.dm["SEX"][0] == "F"


def test_unlisted_code_is_missing_and_asked_about(tmp_path: Path) -> None:
    tables = harmonise(tmp_path, "", dm=DM.replace("S1-002,M", "S1-002,male"))
    query = only_query(tables)
    assert (query["QUKIND"], query["SRCROW"], query["SRCCOL"], query["QUVAL"]) == ("code_unknown", 3, "sex", "male")
    assert query["QUHINT"] == 'Listed: "F", "M". Correct it at the source, or add it to the map.'
    assert tables.dm["SEX"].to_list() == ["F", None, "F"]


def test_age_must_fit_the_birth(tmp_path: Path) -> None:
    """Born between May 1 and 31 of 1980, enrolled on 10 January 2025: 44 years for certain."""
    head = HEAD.replace("SEX: {column: sex, map: {F: F, M: M}}", "AGE: {column: age}")
    rows = "id,age,born,enrolled,sex\nS1-001,{},1980-05,2025-01-10,F\n"
    assert harmonise(tmp_path, "", head=head, dm=rows.format(44)).queries["QUKIND"].to_list() == ["column_not_mapped"]
    tables = harmonise(tmp_path, "", head=head, dm=rows.format(43))
    assert tables.queries["QUKIND"].to_list() == ["column_not_mapped", "age_disagrees_with_birth"]
    assert tables.dm["AGE"].to_list() == [43.0]


def test_birthday_between_screening_and_enrolment(tmp_path: Path) -> None:
    """Born on 15 January 2000: 24 at screening on the 10th, 25 at enrolment on the 20th, and both ages are right."""
    head = HEAD.replace("SEX: {column: sex, map: {F: F, M: M}}", "AGE: {column: age}, SCRNDT: {column: screened}")
    rows = "".join(f"S1-00{i},{age},2000-01-15,2025-01-10,2025-01-20\n" for i, age in enumerate([23, 24, 25, 26]))
    tables = harmonise(tmp_path, "", head=head, dm="id,age,born,screened,enrolled\n" + rows)
    assert tables.queries.select("USUBJID", "QUKIND").rows() == [
        ("S1-000", "age_disagrees_with_birth"),
        ("S1-003", "age_disagrees_with_birth"),
    ]


# ---- identity -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("written", "kind", "hint"),
    [
        (
            "S1-020",
            "participant_unknown",
            "Likely S1-002; correct it at the source. If it is right, its enrolment record is missing.",
        ),
        ("S1-OO1", "participant_malformed", "Likely S1-001; correct it at the source."),
        ("S1-950", "participant_unknown", "If it is right, its enrolment record is missing."),
        ("", "participant_blank", None),
    ],
)
def test_rows_of_nobody_are_withheld(tmp_path: Path, written: str, kind: str, hint: str | None) -> None:
    ce = CE_HEAD + f"{written},1,relapse,,2025-06-01,,2025-06-02\nS1-001,1,relapse,,2025-06-01,,2025-06-02\n"
    tables = harmonise(tmp_path, EVENTS, ce=ce)
    query = only_query(tables)
    assert (query["QUKIND"], query["QUSEV"], query["SRCROW"], query["SRCCOL"]) == (kind, "error", 2, "id")
    assert query["QUHINT"] == hint
    assert tables.ce["USUBJID"].to_list() == ["S1-001"]


def test_an_identifier_in_another_file_makes_nobody_a_participant(tmp_path: Path) -> None:
    tables = harmonise(tmp_path, PRODUCT, product="id,given,hsct,sex\nS1-010,2025-02-09,2025-02-02,\n")
    assert asked(tables) == [(2, "participant_unknown", "error")]
    assert tables.dm["USUBJID"].to_list() == ["S1-001", "S1-002", "S1-003"]


def test_white_space_around_cells_means_nothing(tmp_path: Path) -> None:
    ce = CE_HEAD + " S1-001 ,1, relapse ,,2025-06-01 ,,\n"
    tables = harmonise(tmp_path, EVENTS, ce=ce)
    assert tables.queries.is_empty()
    assert tables.ce["CEDECOD"].to_list() == ["RELAPSE"]


# ---- dates ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("written", "first", "last"),
    [
        ("2025-06-15", date(2025, 6, 15), date(2025, 6, 15)),
        ("2026-02", date(2026, 2, 1), date(2026, 2, 28)),
        ("2025-06-UN", date(2025, 6, 1), date(2025, 6, 30)),
        ("2025", date(2025, 1, 1), date(2025, 12, 31)),
        ("2026-04", date(2026, 4, 1), date(2026, 4, 30)),
    ],
)
def test_dates_are_bounds(tmp_path: Path, written: str, first: date, last: date) -> None:
    tables = harmonise(tmp_path, EVENTS, ce=CE_HEAD + f"S1-001,1,relapse,,{written},,\n")
    assert tables.queries.is_empty()
    assert tables.ce.select("CESTDTC", "CESTLO", "CESTHI").rows() == [(written, first, last)]


@pytest.mark.parametrize(
    ("written", "kind"),
    [
        ("2026-02-30", "date_impossible"),
        ("15/06/2025", "date_unreadable"),
        ("2026-04-13", "date_after_extract"),
        ("2026-05", "date_after_extract"),
        ("1980-04-30", "date_before_birth"),
        ("", "date_missing"),
        ("NA", "date_missing"),
    ],
)
def test_an_event_that_cannot_be_dated_is_withheld(tmp_path: Path, written: str, kind: str) -> None:
    tables = harmonise(tmp_path, EVENTS, ce=CE_HEAD + f"S1-001,1,relapse,,{written},,\n")
    query = only_query(tables)
    assert (query["QUKIND"], query["QUSEV"], query["SRCCOL"]) == (kind, "error", "date")
    assert query["QUVAL"] == (written if kind != "date_missing" else None)
    assert str(query["QUMSG"]).endswith("any other event that cannot be dated is withheld.")
    assert tables.ce.is_empty()


@pytest.mark.parametrize("written", ["2026-02-30", "", "2026-04-13", "1980-04-30"])
def test_a_death_that_cannot_be_dated_is_kept_without_its_day(tmp_path: Path, written: str) -> None:
    tables = harmonise(tmp_path, EVENTS, ce=CE_HEAD + f"S1-001,1,death,,{written},,\n")
    assert only_query(tables)["QUSEV"] == "error"
    assert tables.ce.select("CEDECOD", "CESTLO", "CESTHI").rows() == [("DEATH", None, None)]


def test_the_day_of_the_extract_and_the_month_of_birth_are_possible(tmp_path: Path) -> None:
    ce = CE_HEAD + "".join(
        f"S1-001,{i},infection,,{day},,\n" for i, day in enumerate(["2026-04-12", "1980-05-01", "1980"])
    )
    tables = harmonise(tmp_path, EVENTS, ce=ce)
    assert tables.queries.is_empty()
    assert tables.ce.height == 3


def test_other_records_stay_undated(tmp_path: Path) -> None:
    fa = "id,date,status\nS1-001,2026-02-30,alive\nS1-001,,alive\nS1-001,2025-06-01,alive\n"
    tables = harmonise(tmp_path, CONTACTS, fa=fa)
    assert asked(tables) == [(2, "date_impossible", "error"), (3, "date_missing", "error")]
    assert tables.fa.select("SRCROW", "FADTC", "FALO", "FAHI").rows() == [
        (2, "2026-02-30", None, None),
        (3, None, None, None),
        (4, "2025-06-01", date(2025, 6, 1), date(2025, 6, 1)),
    ]


def test_times_since_transplant(tmp_path: Path) -> None:
    relative = EVENTS.replace("CESTDTC: {column: date}", "CESTDY: {column: date, unit: month}")
    ce = CE_HEAD + "S1-001,1,relapse,,2,,\nS1-002,1,relapse,,soon,,\nS1-003,1,relapse,,,,\n"
    tables = harmonise(tmp_path, relative, ce=ce, extracted=None)
    assert tables.ce["CESTDY"].to_list() == [60.875]
    assert asked(tables) == [(3, "number_unreadable", "error"), (4, "date_missing", "error")]


# ---- cells ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("grade", "kind"), [("6", "number_out_of_range"), ("III", "number_unreadable"), ("2.5", "number_unreadable")]
)
def test_grades_outside_the_scale_are_missing(tmp_path: Path, grade: str, kind: str) -> None:
    tables = harmonise(tmp_path, EVENTS, ce=CE_HEAD + f"S1-001,1,infection,{grade},2025-06-01,,\n")
    query = only_query(tables)
    assert (query["QUKIND"], query["SRCCOL"], query["QUVAL"]) == (kind, "grade", grade)
    assert tables.ce["CETOXGR"].to_list() == [None]


@pytest.mark.parametrize(("event", "kind"), [("fever", "code_unknown"), ("", "code_missing")])
def test_an_event_without_its_code_is_withheld(tmp_path: Path, event: str, kind: str) -> None:
    tables = harmonise(tmp_path, EVENTS, ce=CE_HEAD + f"S1-001,1,{event},,2025-06-01,,\n")
    assert asked(tables) == [(2, kind, "error")]
    assert tables.ce.is_empty()


def test_decimal_comma_and_thousands(tmp_path: Path) -> None:
    """1.234 could be a thousand or a little more than one: with a decimal comma declared it is neither."""
    head = HEAD.replace('decimal: "."', 'decimal: ","')
    sc = 'id,kg,diagnosis\nS1-001,"61,5",AML\nS1-002,1.234,ALL\n'
    tables = harmonise(tmp_path, BASELINE, head=head, sc=sc)
    assert asked(tables) == [(3, "number_unreadable", "error")]
    assert tables.sc.select("USUBJID", "SCTESTCD", "SCORRES", "SCSTRESN").rows() == [
        ("S1-001", "DIAG", "AML", None),
        ("S1-001", "WEIGHT", "61,5", 61.5),
        ("S1-002", "DIAG", "ALL", None),
        ("S1-002", "WEIGHT", "1.234", None),
    ]


def test_results_side_by_side_become_rows(tmp_path: Path) -> None:
    sc = "id,kg,diagnosis\nS1-001,61,AML\nS1-002,,ALL\nS1-003,,\n"
    tables = harmonise(tmp_path, BASELINE, sc=sc)
    assert tables.sc.select("USUBJID", "SCTESTCD").rows() == [
        ("S1-001", "DIAG"),
        ("S1-001", "WEIGHT"),
        ("S1-002", "DIAG"),
    ]
    assert asked(tables) == [(4, "result_missing", "note")]


def test_a_characteristic_given_twice(tmp_path: Path) -> None:
    sc = "id,kg,diagnosis\nS1-001,61,AML\nS1-001,62,AML\n"
    tables = harmonise(tmp_path, BASELINE, sc=sc)
    assert asked(tables) == [(3, "value_conflict", "warning")]
    assert tables.sc["SCORRES"].to_list() == ["AML", "61"]


def test_numbers_of_results(tmp_path: Path) -> None:
    """Read, declared, censored (text kept, no number), declared without a number, unreadable, of an unknown test."""
    results = ["CMV,1200", "CMV,none", "CMV,<137", "EBV,lost", "EBV,many", "HHV6,300", ",300"]
    fa = "id,date,virus,copies\n" + "".join(f"S1-001,2025-06-0{i},{r}\n" for i, r in enumerate(results, start=1))
    tables = harmonise(tmp_path, LOADS, fa=fa)
    assert tables.fa.select("FATESTCD", "FAORRES", "FASTRESN").rows() == [
        ("CMV", "1200", 1200.0),
        ("CMV", "none", 0.0),
        ("CMV", "<137", None),
        ("EBV", "lost", None),
        ("EBV", "many", None),
    ]
    assert asked(tables) == [
        (6, "number_unreadable", "error"),
        (7, "code_unknown", "error"),
        (8, "code_missing", "error"),
    ]
    assert tables.counts[1] | {"n_read": 7, "n_withheld": 2, "n_used": 5} == tables.counts[1]


def test_adverse_events_not_yet_coded_count(tmp_path: Path) -> None:
    ae = "id,term,pt,soc,grade,outcome,start,end\nS1-001,fever,,,3,not recovered,2025-06,\n"
    tables = harmonise(tmp_path, ADVERSE, ae=ae)
    assert asked(tables) == [(2, "not_coded", "warning"), (2, "not_coded", "warning")]
    assert tables.ae.select("AEDECOD", "AEBODSYS", "AETOXGR").rows() == [("NOT CODED", "NOT CODED", 3)]


def test_over_without_an_end_date(tmp_path: Path) -> None:
    ae = "id,term,pt,soc,grade,outcome,start,end\n" + "".join(
        f"S1-00{i},fever,Pyrexia,General,1,{outcome},2025-06-01,{end}\n"
        for i, (outcome, end) in enumerate([("recovered", ""), ("recovered", "2025-06-03"), ("not recovered", "")], 1)
    )
    tables = harmonise(tmp_path, ADVERSE, ae=ae)
    query = only_query(tables)
    assert (query["QUKIND"], query["QUSEV"], query["SRCROW"], query["SRCCOL"]) == ("end_missing", "warning", 2, "end")
    assert tables.ae.height == 3
