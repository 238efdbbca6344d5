"""Versions of one result, and several samples of one day. Which stays is worked out by hand."""

import pytest
import yaml

from .lab_cases import LONG, account, checks, dialect, fates, harmonise, kinds, long, only_query, used

OFF = checks()


def cd4(result: str, **row: str) -> dict[str, str]:
    return {"result": result, **row}


@pytest.mark.parametrize("order", [(0, 1, 2), (2, 1, 0), (1, 2, 0)])
def test_corrected_before_final_before_preliminary(tmp_path, order: tuple[int, ...]) -> None:
    versions = [cd4("100", status="P"), cd4("110", status="F"), cd4("120", status="C")]
    tables = long(tmp_path, *(versions[i] for i in order), checks=OFF)
    assert used(tables) == [("CD4", "=", 120.0)]
    winner = 2 + order.index(2)
    others = [(row, fate, reason) for row, fate, reason in fates(tables) if row != winner]
    assert {(fate, reason) for _, fate, reason in others} == {
        ("superseded", f"replaced by the corrected result in row {winner}")
    }
    assert tables.queries.is_empty()


def test_a_version_that_is_left_out_by_rule_replaces_what_is_below_it(tmp_path) -> None:
    tables = long(
        tmp_path,
        cd4("400", status="P"),
        cd4("400", status="F", comment="blastes 24 %"),
        cd4("7", sample="A2"),
        checks=OFF,
    )
    assert fates(tables) == [
        (2, "superseded", "replaced by the final result in row 3"),
        (3, "excluded", "circulating blasts"),
        (4, "value", None),
    ]
    assert used(tables) == [("CD4", "=", 7.0)]


def test_a_version_that_is_left_out_by_rule_leaves_its_equal_in_use(tmp_path) -> None:
    tables = long(tmp_path, cd4("400", comment="blastes 24 %"), cd4("380"), cd4("390", status="P"), checks=OFF)
    assert [fate for _, fate, _ in fates(tables)] == ["excluded", "value", "superseded"]
    assert used(tables) == [("CD4", "=", 380.0)]
    assert kinds(tables) == [("sample_partly_excluded", 3, 0)]


def test_of_one_rank_the_latest_report_stays(tmp_path) -> None:
    tables = long(
        tmp_path, cd4("100", reported="05/02/2026"), cd4("110", reported="09/02/2026"), cd4("105"), checks=OFF
    )
    assert used(tables) == [("CD4", "=", 110.0)]
    assert [fate for _, fate, _ in fates(tables)] == ["superseded", "value", "superseded"]


@pytest.mark.parametrize("status", ["P", "F", "X"])
def test_a_number_that_comes_again_on_another_day_is_asked_about(tmp_path, status: str) -> None:
    tables = long(
        tmp_path,
        cd4("50", status=status, reported="03/02/2026"),
        cd4("80", drawn="05/03/2026 09:00", reported="06/03/2026"),
        checks=OFF,
    )
    query = only_query(tables)
    assert (query["QUKIND"], query["QUSEV"], query["QUNCELL"]) == ("version_other_day", "error", 1)
    assert (query["SRCROW"], query["QUVAL"]) == (2, "50")
    assert query["QUMSG"].startswith("CD4 of this sample is in row 3 too, drawn on another day")
    assert used(tables) == [("CD4", "=", 80.0)]
    assert "n_superseded" not in account(tables)


def test_without_a_status_a_number_that_comes_again_is_asked_about_too(tmp_path) -> None:
    columns = {**yaml.safe_load(LONG)["columns"], "status": None, "ignored": "*"}
    rows = cd4("50", reported="03/02/2026"), cd4("80", drawn="05/03/2026 09:00", reported="06/03/2026")
    tables = long(tmp_path, *rows, checks=OFF, columns=columns, statuses={})
    assert kinds(tables) == [("version_other_day", 2, 1)]
    assert used(tables) == [("CD4", "=", 80.0)]


def test_a_correction_may_be_of_the_day(tmp_path) -> None:
    rows = cd4("50", reported="03/02/2026"), cd4("50", drawn="12/02/2026 09:00", status="C", reported="14/02/2026")
    tables = long(tmp_path, *rows, checks=OFF)
    assert used(tables) == [("CD4", "=", 50.0)]
    assert fates(tables)[0] == (2, "superseded", "replaced by the corrected result in row 3")
    assert tables.queries.is_empty()


def test_numbers_that_begin_anew_are_of_samples_of_their_own(tmp_path) -> None:
    rows = cd4("50", reported="03/02/2026"), cd4("80", drawn="05/03/2026 09:00", reported="06/03/2026")
    apart = {"same_draw": ["accession", "collected"], "same_day": "last"}
    tables = long(tmp_path, *rows, checks=OFF, duplicates=apart)
    assert sorted(used(tables)) == [("CD4", "=", 50.0), ("CD4", "=", 80.0)]


def test_the_rank_goes_before_the_date_of_report(tmp_path) -> None:
    tables = long(
        tmp_path, cd4("100", status="C", reported="05/02/2026"), cd4("110", reported="09/02/2026"), checks=OFF
    )
    assert used(tables) == [("CD4", "=", 100.0)]


def test_equal_rank_and_different_results_are_nobodys_choice(tmp_path) -> None:
    tables = long(tmp_path, cd4("100"), cd4("110"), cd4("99", status="P"), checks=OFF)
    assert used(tables) == []
    assert kinds(tables) == [("versions_conflict", 2, 1), ("versions_conflict", 3, 1)]
    assert "rows 2, 3, 4" in tables.queries["QUMSG"][0]
    assert fates(tables) == [(4, "superseded", "replaced by the final result in row 2")]


def test_the_same_number_in_another_unit_is_a_conflict(tmp_path) -> None:
    tables = long(tmp_path, cd4("100"), cd4("100", unit="/mm3"), checks=OFF)
    assert [kind for kind, _, _ in kinds(tables)] == ["versions_conflict"] * 2


def test_the_same_result_twice_is_used_once(tmp_path) -> None:
    tables = long(tmp_path, cd4("100"), cd4(" 100"), checks=OFF)
    assert fates(tables) == [(2, "value", None), (3, "superseded", "the same result again, as in row 2")]


@pytest.mark.parametrize("other", ["03/02/2026 09:00", "01/01/1926", "30/02/2026"])
def test_the_same_result_on_two_days_is_nobodys_choice(tmp_path, other: str) -> None:
    """One of the two days is wrong, whether it can be or not: the right one must not be lost with the other."""
    for days in (["02/02/2026 09:00", other], [other, "02/02/2026 09:00"]):
        tables = long(tmp_path, *(cd4("60") | {"drawn": day} for day in days))
        assert used(tables) == []
        assert {kind for kind, _, _ in kinds(tables)} == {"versions_conflict"}


def test_a_correction_that_cannot_be_read_still_replaces(tmp_path) -> None:
    """The final result is known to be wrong: it must not come back because its correction is illegible."""
    tables = long(tmp_path, cd4("100"), cd4("12O", status="C"), checks=OFF)
    assert used(tables) == []
    assert only_query(tables)["QUKIND"] == "value_unreadable"
    assert fates(tables) == [(2, "superseded", "replaced by the corrected result in row 3")]


def test_a_preliminary_fault_is_forgotten_once_the_final_is_there(tmp_path) -> None:
    tables = long(tmp_path, cd4("???", status="P"), cd4("110"), checks=OFF)
    assert used(tables) == [("CD4", "=", 110.0)]
    assert tables.queries.is_empty()


@pytest.mark.parametrize(
    ("result", "deletion"), [("", ""), ("05/02/2026", ""), ("", "05/02/2026"), *[("05/02/2026",) * 2]]
)
def test_deleted_by_the_laboratory(tmp_path, result: str, deletion: str) -> None:
    """Where nothing says that it was reported again later, what is deleted stays deleted."""
    tables = long(
        tmp_path,
        cd4("100", status="C", reported=result),
        cd4("100", status="D", reported=deletion),
        checks=OFF,
    )
    assert used(tables) == []
    assert fates(tables) == [
        (2, "superseded", "replaced by the deleted result in row 3"),
        (3, "not done", "deleted by the laboratory"),
    ]
    assert tables.queries.is_empty()


@pytest.mark.parametrize("status", ["C", "F", "P"])
def test_a_result_reported_after_its_deletion_is_nobodys_choice(tmp_path, status: str) -> None:
    tables = long(
        tmp_path,
        cd4("100", reported="04/02/2026"),
        cd4("", status="D", reported="05/02/2026"),
        cd4("120", status=status, reported="09/02/2026"),
        checks=OFF,
    )
    query = only_query(tables)
    assert (query["QUKIND"], query["QUSEV"], query["QUNCELL"]) == ("result_after_deletion", "error", 1)
    assert (query["SRCROW"], query["SRCCOL"], query["QUVAL"]) == (4, "result", "120")
    assert "deleted in row 3, reported on 2026-02-05, but row 4" in query["QUMSG"]
    assert used(tables) == []
    assert fates(tables) == [
        (2, "superseded", "replaced by the deleted result in row 3"),
        (3, "not done", "deleted by the laboratory"),
    ]


def test_a_second_deletion_settles_it(tmp_path) -> None:
    days = [("C", "06/02/2026"), ("D", "05/02/2026"), ("D", "09/02/2026")]
    tables = long(tmp_path, *(cd4("100", status=status, reported=day) for status, day in days), checks=OFF)
    assert used(tables) == []
    assert tables.queries.is_empty()


def test_of_one_day_the_times_of_report_tell_what_came_after_a_deletion(tmp_path) -> None:
    changes = {"columns": {**yaml.safe_load(LONG)["columns"]}, "checks": OFF}
    changes["columns"]["reported"] = {"column": "reported", "dates": {"formats": ["%d/%m/%Y %H:%M", "%d/%m/%Y"]}}
    for deletion, asked in (("05/02/2026 09:00", True), ("05/02/2026 11:00", False), ("05/02/2026", False)):
        rows = cd4("", status="D", reported=deletion), cd4("120", status="C", reported="05/02/2026 10:00")
        tables = long(tmp_path, *rows, **changes)
        assert [kind for kind, *_ in kinds(tables)] == ["result_after_deletion"] * asked
        assert used(tables) == []


def test_cannot_be_obtained_replaces_a_preliminary_result_only(tmp_path) -> None:
    early = long(tmp_path, cd4("100", status="P"), cd4("", status="X"), checks=OFF)
    assert [fate for _, fate, _ in fates(early)] == ["superseded", "not done"]
    later = long(tmp_path, cd4("", status="X", reported="05/02/2026"), cd4("100", reported="06/02/2026"), checks=OFF)
    assert [fate for _, fate, _ in fates(later)] == ["superseded", "value"]


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
@pytest.mark.parametrize("statuses", [("P", "F"), ("P", "C"), ("F", "C")])
def test_a_blank_version_withholds_the_number_below_it(tmp_path, statuses: tuple[str, str], order) -> None:
    """Blank is neither the status of no result (X, D) nor that of a number that stays as it was (U)."""
    rows = cd4("100", status=statuses[0]), cd4(" ", status=statuses[1])
    tables = long(tmp_path, *(rows[i] for i in order), checks=OFF)
    query, row, other = only_query(tables), 2 + order.index(0), 2 + order.index(1)
    assert used(tables) == []
    assert (query["QUKIND"], query["QUSEV"], query["QUNCELL"]) == ("version_blank", "error", 1)
    assert (query["SRCFILE"], query["SRCROW"], query["SRCCOL"], query["QUVAL"]) == ("lab.csv", row, "result", "100")
    assert f"in row {other} is blank" in query["QUMSG"]
    assert account(tables) == {"rows": 2, "blank": 1, "read": 1, "queried": 1}


def test_of_several_numbers_below_a_blank_version_the_best_is_asked_about(tmp_path) -> None:
    rows = cd4("90", status="P"), cd4("100"), cd4("", status="C"), cd4("80", sample="A2", drawn="09/02/2026 09:00")
    tables = long(tmp_path, *rows, checks=OFF)
    assert kinds(tables) == [("version_blank", 3, 1)]
    assert fates(tables) == [(2, "superseded", "replaced by the final result in row 3"), (5, "value", None)]


@pytest.mark.parametrize(
    "rows",
    [
        [cd4("100"), cd4("", status="P")],  # nothing better is said
        [cd4("100"), cd4("")],  # two halves of a panel
        [cd4("100", status="C"), cd4("")],
        [cd4("100", status="P"), cd4("", sample="A2")],
        [cd4("100", status="P"), cd4("", test="CD3")],
    ],
)
def test_a_blank_that_replaces_nothing_is_only_counted(tmp_path, rows) -> None:
    tables = long(tmp_path, *rows, checks=OFF)
    assert used(tables) == [("CD4", "=", 100.0)]
    assert tables.queries.is_empty()
    assert account(tables) == {"rows": 2, "blank": 1, "read": 1, "value": 1}


def test_where_there_is_no_number_a_blank_version_takes_none_away(tmp_path) -> None:
    tables = long(tmp_path, cd4("h\u00e9molys\u00e9", status="P"), cd4(""), checks=OFF)
    assert fates(tables) == [(2, "not done", "haemolysed")]
    assert tables.queries.is_empty()


def test_a_blank_with_an_undeclared_status_may_replace(tmp_path) -> None:
    tables = long(tmp_path, cd4("100"), cd4("", status="annul\u00e9"), cd4("", status="vu", sample="A2"), checks=OFF)
    query = only_query(tables)
    assert (query["QUKIND"], query["SRCROW"], query["QUNCELL"]) == ("version_blank", 2, 1)
    assert '"annul\u00e9"' in query["QUMSG"]
    assert "`statuses`" in query["QUHINT"]
    assert account(tables) == {"rows": 3, "blank": 2, "read": 1, "queried": 1}


def test_a_blank_version_of_a_row_of_analytes(tmp_path) -> None:
    """Side by side: only what the final row leaves blank is asked about; a status that there is none says so."""
    heads = "id;drawn;sample;state;CD3;CD4"
    rows = ["S1-001;02/02/2026;A1;P;300;100", "S1-001;02/02/2026;A1;F;310;", "S1-002;02/02/2026;A2;P;200;50"]
    lab = dialect(
        shape="wide_by_analyte",
        columns={
            "participant": "id",
            "collected": {"column": "drawn", "as": "date", "dates": {"formats": ["%d/%m/%Y"]}},
            "accession": "sample",
            "status": "state",
        },
        analytes={"CD3": {"code": "CD3", "unit": "/uL"}, "CD4": {"code": "CD4", "unit": "/uL"}},
        exclude_where=[],
        checks=OFF,
    )
    tables = harmonise(tmp_path, "\n".join([heads, *rows, "S1-002;02/02/2026;A2;X;;", ""]), lab)
    assert used(tables) == [("CD3", "=", 310.0)]
    query = only_query(tables)
    assert (query["QUKIND"], query["SRCROW"], query["SRCCOL"], query["QUVAL"]) == ("version_blank", 2, "CD4", "100")
    assert account(tables) == {
        "rows": 4, "blank": 1, "read": 7, "value": 1, "not_done": 2, "superseded": 3, "queried": 1,
    }  # fmt: skip


def test_an_undeclared_status_may_outrank_any_other(tmp_path) -> None:
    tables = long(tmp_path, cd4("100"), cd4("110", status="AMENDED"), checks=OFF)
    assert used(tables) == []
    assert kinds(tables) == [("versions_conflict", 2, 1), ("status_unknown", 3, 1)]


def test_a_blank_status_may_outrank_any_other_unless_it_is_declared(tmp_path) -> None:
    rows = cd4("100", status="P"), cd4("110", status="")
    tables = long(tmp_path, *rows, checks=OFF)
    assert used(tables) == []
    assert kinds(tables) == [("versions_conflict", 2, 1), ("status_missing", 3, 1)]
    declared = long(tmp_path, *rows, checks=OFF, statuses={"P": "P", "": "F"})
    assert used(declared) == [("CD4", "=", 110.0)]


def test_different_accessions_analytes_and_people_are_no_versions(tmp_path) -> None:
    tables = long(
        tmp_path,
        cd4("100"),
        cd4("110", sample="A2", drawn="09/02/2026 09:00"),
        cd4("300", test="CD3"),
        cd4("120", id="S1-002"),
        checks=OFF,
    )
    assert len(used(tables)) == 4


def test_without_an_accession_nothing_is_a_version(tmp_path) -> None:
    """Both lack the sample number: they may be one sample or two, so the rule for one day decides."""
    tables = long(tmp_path, cd4("100", sample=""), cd4("110", sample=""), checks=OFF)
    assert [kind for kind, _, _ in kinds(tables)] == ["same_day_undecided"] * 2


# ---- two samples of one day -----------------------------------------------------------------------------------------

MORNING = {"sample": "A1", "drawn": "02/02/2026 08:00"}
NOON = {"sample": "A2", "drawn": "02/02/2026 12:00"}


def of_day(tmp_path, policy: str, *rows: dict[str, str]):
    return long(tmp_path, *rows, checks=OFF, duplicates={"same_draw": ["accession"], "same_day": policy})


def test_the_last_or_first_sample_of_a_day(tmp_path) -> None:
    rows = [cd4("110", **NOON), cd4("100", **MORNING)]
    last, first = of_day(tmp_path, "last", *rows), of_day(tmp_path, "first", *rows)
    assert used(last) == [("CD4", "=", 110.0)]
    assert used(first) == [("CD4", "=", 100.0)]
    assert fates(last)[1] == (3, "superseded", "another sample of the same day was drawn later, row 2")
    assert fates(first)[0] == (2, "superseded", "another sample of the same day was drawn earlier, row 3")


def test_each_analyte_has_its_own_sample_of_the_day(tmp_path) -> None:
    """The later tube clotted for CD4 only."""
    tables = of_day(
        tmp_path,
        "last",
        cd4("100", **MORNING),
        cd4("300", test="CD3", **MORNING),
        cd4("hémolysé", **NOON),
        cd4("310", test="CD3", **NOON),
    )
    assert used(tables) == [("CD3", "=", 310.0), ("CD4", "=", 100.0)]


@pytest.mark.parametrize("times", [("08:00", "08:00"), ("", "08:00"), ("00:00", "08:00")])
def test_times_that_do_not_decide(tmp_path, times: tuple[str, str]) -> None:
    rows = [cd4("100", sample=f"A{i}", drawn=f"02/02/2026 {time}".strip()) for i, time in enumerate(times)]
    tables = of_day(tmp_path, "last", *rows)
    assert used(tables) == []
    assert [(kind, n) for kind, _, n in kinds(tables)] == [("same_day_undecided", 1)] * 2
    assert "rows 2, 3" in tables.queries["QUMSG"][0]


def test_asking_or_keeping_both(tmp_path) -> None:
    rows = [cd4("110", **NOON), cd4("100", **MORNING)]
    assert used(of_day(tmp_path, "query", *rows)) == []
    assert used(of_day(tmp_path, "keep", *rows)) == [("CD4", "=", 110.0), ("CD4", "=", 100.0)]


def test_versions_come_before_days(tmp_path) -> None:
    """The preliminary result of noon is replaced first; its final one then replaces the morning."""
    tables = of_day(tmp_path, "last", cd4("100", **MORNING), cd4("90", status="P", **NOON), cd4("110", **NOON))
    assert used(tables) == [("CD4", "=", 110.0)]
    assert [fate for _, fate, _ in fates(tables)] == ["superseded", "superseded", "value"]
