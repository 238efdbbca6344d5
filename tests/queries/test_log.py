"""A query keeps its identifier from cut to cut; what is new, still open and resolved follows from it."""

import random
import re
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from immrecon.errors import SourceError
from immrecon.queries.log import read_ids

from .query_cases import LATER, SPEC, cells, ids, log_of, participants, queries, written


def test_the_place_does_not_matter():
    first = log_of(queries({}))
    moved = log_of(queries({"SRCFILE": "lab_2026-09.csv", "SRCROW": 812}), cells("lab_2026-09.csv"))
    assert ids(first) == ids(moved)
    assert re.fullmatch(r"[0-9a-f]{10}", ids(first)[0])


@pytest.mark.parametrize(
    "change",
    [
        {"QUVAL": "abd"},
        {"QUKIND": "unit_missing"},
        {"USUBJID": "S1-002"},
        {"SRCCOL": "unit"},
        {"QUABOUT": "CD8|20000.0|A1|"},
        {"QUDOM": "FA"},
    ],
)
def test_another_question_has_another_identifier(change):
    assert ids(log_of(queries({}))) != ids(log_of(queries(change)))


def test_another_laboratory_is_another_question():
    assert ids(log_of(queries({}))) != ids(log_of(queries({}), cells(lab="other")))


def test_equal_questions_are_numbered_and_the_order_of_files_does_not_matter():
    several = [{"SRCROW": row} for row in (2, 9, 30)]
    log = log_of(queries(*several))
    assert len(set(ids(log))) == 3
    assert set(ids(log_of(queries(*several[::-1])))) == set(ids(log))
    assert set(ids(log_of(queries(*several[:2])))) < set(ids(log))


@settings(max_examples=60, deadline=None)
@given(
    st.lists(
        st.fixed_dictionaries(
            {
                "SRCROW": st.one_of(st.none(), st.integers(1, 50)),
                "QUVAL": st.sampled_from(["", "a", "b\x1fc", None]),
                "USUBJID": st.sampled_from(["S1-001", None]),
                "SRCCOL": st.sampled_from(["result", "id", None]),
                "QUABOUT": st.sampled_from(["x", "\x1fx", None]),
                "QUKIND": st.sampled_from(["unit_missing", "participant_unknown", "never heard of"]),
            }
        ),
        max_size=12,
    ),
    st.randoms(use_true_random=False),
)
def test_identifiers_are_unique_and_do_not_depend_on_the_order(rows, shuffle: random.Random):
    log = log_of(queries(*rows))
    assert log["QUID"].n_unique() == len(rows)
    shuffled = rows[:]
    shuffle.shuffle(shuffled)
    assert sorted(ids(log_of(queries(*shuffled)))) == sorted(ids(log))


def test_new_still_open_and_resolved(tmp_path):
    first = log_of(queries({}, {"SRCCOL": "unit", "QUKIND": "unit_missing"}))
    assert set(first["QUSTAT"]) == {"open"}
    before = written(first, tmp_path)
    # The unit came, the number did not; another participant has a question of their own.
    later = log_of(queries({"SRCROW": 700}, {"USUBJID": "S1-002"}), previous=before, spec=LATER)
    found = {(row["QUKIND"], row["USUBJID"]): row["QUSTAT"] for row in later.iter_rows(named=True)}
    assert found == {
        ("value_unreadable", "S1-001"): "still open",
        ("value_unreadable", "S1-002"): "new",
        ("unit_missing", None): "resolved",
    }
    resolved = later.filter(pl.col("QUSTAT") == "resolved").row(0, named=True)
    assert resolved["QUSEV"] == "error"
    assert {resolved[name] for name in ("QUDOM", "USUBJID", "SRCFILE", "SRCROW", "QUVAL", "QUMSG")} == {None}


def test_unidentified_rows_are_told_apart():
    nobody = {"USUBJID": None, "SRCCOL": "id", "QUKIND": "participant_unknown"}
    one, other = (log_of(queries(nobody | {"QUVAL": text})) for text in ("S1-00I", "S1-0O2"))
    assert ids(one) != ids(other)
    assert set(one["QUPRIV"]) == {"message and value"}


def test_of_a_whole_column_the_sheet_is_asked_about_and_not_the_row():
    asked = {"USUBJID": None, "QUABOUT": None, "QUKIND": "analyte_unknown", "SRCSHEET": "Data", "SRCROW": 3}
    assert ids(log_of(queries(asked))) == ids(log_of(queries(asked | {"SRCROW": 90})))
    assert ids(log_of(queries(asked))) == ids(log_of(queries(asked | {"SRCROW": None})))
    assert ids(log_of(queries(asked))) != ids(log_of(queries(asked | {"SRCSHEET": "More"})))


def test_a_date_of_birth_does_not_enter_the_identifier():
    """It could be found from a digest by trying all days."""
    born = {"QUDOM": "DM", "SRCFILE": "dm.csv", "SRCCOL": "born", "QUKIND": "date_unreadable"}
    assert ids(log_of(queries(born | {"QUVAL": "1.1.01"}))) == ids(log_of(queries(born | {"QUVAL": "2.2.02"})))


def test_sites_and_laboratories():
    asked = queries({}, {"USUBJID": "S1-002"}, {"USUBJID": None}, {"QUDOM": "AE", "SRCFILE": "ae.csv"})
    log = log_of(asked, dm=participants(S1_001="01", S1_002=None)).sort("QUDOM", "USUBJID", nulls_last=True)
    assert log.select("USUBJID", "SITEID", "LBNAM").rows() == [
        ("S1-001", "01", None),
        ("S1-001", "01", "lab"),
        ("S1-002", None, "lab"),
        (None, None, "lab"),
    ]


def test_a_sheet_that_no_dialect_declares_belongs_to_the_laboratory_of_its_file():
    log = log_of(queries({"SRCSHEET": "Notes", "SRCROW": None, "QUKIND": "sheet_undeclared", "QUSEV": "warning"}))
    assert log["LBNAM"].to_list() == ["lab"]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("", "not a list of queries"),
        ("id,kind\n", "not a list of queries"),
        ("id,kind,severity,study,data_cut,scheme\nab,jump,error,s1,one\n", "not a list of queries"),
        ("id,kind,severity,study,data_cut,scheme\nab,jump,error,s2,one,1\n", 'its study is "s2", expected "s1"'),
        ("id,kind,severity,study,data_cut,scheme\nab,jump,error,s1,zero,1\n", 'its data_cut is "zero"'),
        ("id,kind,severity,study,data_cut,scheme\nab,jump,error,s1,one,0\n", 'its scheme is "0"'),
        ("id,kind,severity,study,data_cut,scheme\nab,jump,bad,s1,one,1\n", "a severity that there is not"),
        ("id,kind,severity,study,data_cut,scheme\n" + 2 * "ab,jump,error,s1,one,1\n", "an identifier twice"),
        (b"\xff\xfe\x00", "cannot be read"),
    ],
)
def test_a_list_that_is_none(tmp_path, content, said):
    path = tmp_path / "ids.csv"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    with pytest.raises(SourceError, match=said):
        read_ids(str(path), LATER)


def test_the_list_holds_no_participant_and_no_value(tmp_path):
    text = Path(written(log_of(queries({"QUVAL": "Mrs Smith"})), tmp_path)[0]).read_text()
    head, line = text.splitlines()
    assert head == "id,kind,severity,study,data_cut,scheme"
    assert line.split(",")[1:] == ["value_unreadable", "error", SPEC.study, "one", "1"]
    assert "S1-001" not in text
    assert "Smith" not in text


def test_no_query_at_either_cut(tmp_path):
    before = written(log_of(queries()), tmp_path)
    assert log_of(queries(), previous=before, spec=LATER).is_empty()
