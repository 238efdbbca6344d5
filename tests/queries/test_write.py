"""The files that people open: nothing in them runs, nothing that names a person is repeated, the bytes are the same."""

import csv
import re
import time
from pathlib import Path

import openpyxl
import polars as pl
import pytest

from immrecon.analyses.disposition import query_counts
from immrecon.analyses.quality import query_status
from immrecon.contracts.analysis import ADLB
from immrecon.queries.listing import COLUMNS, SEE_FILE, listing, site_names, visible
from immrecon.queries.write import write_queries

from .query_cases import LATER, SPEC, log_of, participants, queries, written

HOSTILE = [
    '=HYPERLINK("http://x","y")',
    "+1+1",
    "-2+3",
    "@SUM(A1)",
    "\t=1+1",
    "\r=1+1",
    " =1+1",
    "＝1+1",
    "'=1",
    '"=1+1"',
    "{=1+1}",
    "x;=1+1",
    'x;"=1+1',
    "x, @a",
    "http://example.org",
    "_x0041_",
    "00123",
    "a\nb",
    "\x00\x1b\u202egpj.exe\ufeff\uffff",
    "é µ 10⁹ \u00a0\u202f",
    "x" * 40_000,
]


def write(log: pl.DataFrame, folder: Path, spec=SPEC) -> Path:
    write_queries(log, spec, str(folder / "queries.xlsx"), str(folder / "by_site"), str(folder / "ids.csv"))
    return folder


def lines_of(sheet) -> list[dict[str, object]]:
    head, *rows = sheet.iter_rows(values_only=True)
    assert head == COLUMNS
    return [dict(zip(head, row, strict=True)) for row in rows]


def read_csv(path: Path) -> list[dict[str, str]]:
    content = path.read_bytes()
    assert content.startswith(b"\xef\xbb\xbf")
    head, *rows = csv.reader(content.decode("utf-8-sig").splitlines(keepends=True))
    assert tuple(head) == COLUMNS
    return [dict(zip(head, row, strict=True)) for row in rows]


def test_hostile_texts_are_texts(tmp_path):
    log = log_of(queries(*({"QUVAL": text, "QUMSG": f"{text} said", "SRCROW": n} for n, text in enumerate(HOSTILE, 1))))
    write(log, tmp_path)
    book = openpyxl.load_workbook(tmp_path / "queries.xlsx")
    for sheet in book:
        for row in sheet.iter_rows():
            for cell in row:
                assert cell.data_type in ("s", "n"), cell.value
                assert cell.hyperlink is None
                assert cell.data_type == "s" or cell.value is None or cell.column == COLUMNS.index("row") + 1
    found = {line["row"]: line["original text"] for line in lines_of(book["all"])}
    assert found[1] == HOSTILE[0]
    assert found[HOSTILE.index("00123") + 1] == "00123"
    assert found[HOSTILE.index("_x0041_") + 1] == "_x0041_"
    assert found[HOSTILE.index("a\nb") + 1] == "a␊b"
    assert len(found[len(HOSTILE)]) == 2001
    quoted = {row[COLUMNS.index("row")].value: row[COLUMNS.index("original text")].quotePrefix for row in book["all"]}
    assert all(quoted[n] for n in range(1, 5))


@pytest.mark.parametrize("separator", [",", ";", "\t", "|"])
def test_no_cell_of_a_csv_starts_a_formula_at_any_separator(tmp_path, separator):
    """Spreadsheets split at what the country of the reader uses, and give up quotes that do not open a cell."""
    log = log_of(
        queries(*({"QUVAL": text, "QUMSG": text, "QUHINT": text, "SRCROW": n} for n, text in enumerate(HOSTILE, 1)))
    )
    path = write(log, tmp_path) / "by_site" / "site-01.csv"
    shown = {int(line["row"]): line["original text"] for line in read_csv(path)}
    assert len(shown) == len(HOSTILE)
    assert shown[1] == "'" + HOSTILE[0]
    assert shown[HOSTILE.index("x;=1+1") + 1] == "x;'=1+1"
    assert shown[HOSTILE.index("é µ 10⁹ \u00a0\u202f") + 1] == "é µ 10⁹ \u00a0\u202f"
    text = path.read_text(encoding="utf-8-sig")
    cells = [cell for row in csv.reader(text.splitlines(), delimiter=separator) for cell in row]
    cells += [cell for line in text.splitlines() for cell in line.split(separator)]
    assert [cell for cell in cells if re.match(r"""[\s"]*[=+\-@＝＋－＠]""", cell)] == []


def test_what_may_name_a_person_is_not_repeated(tmp_path):
    asked = queries(
        {"SRCCOL": "id", "USUBJID": None, "QUKIND": "participant_unknown", "QUVAL": "MRN 4711", "QUMSG": '"MRN 4711"?'},
        {"QUDOM": "DM", "SRCFILE": "dm.csv", "SRCCOL": "born", "QUKIND": "date_unreadable", "QUVAL": "1966-06-06"},
        {
            "QUDOM": "CE",
            "QUKIND": "date_before_birth",
            "QUVAL": "1924-12-25",
            "QUMSG": "Before the birth (1966-06-06).",
        },
    )
    log = log_of(asked)
    write(log, tmp_path)
    shown = lines_of(openpyxl.load_workbook(tmp_path / "queries.xlsx")["all"])
    by_kind = {line["rule"]: line for line in shown}
    assert by_kind["Participant not known"]["original text"] == SEE_FILE
    assert by_kind["Date cannot be read"]["original text"] == SEE_FILE
    assert by_kind["Date before birth"]["original text"] == "1924-12-25"
    everything = str(shown) + "".join(path.read_text() for path in tmp_path.rglob("*.csv"))
    assert "4711" not in everything
    assert "1966" not in everything
    assert all(line["row"] == 2 and line["file"] for line in shown)


def test_sheets_and_files_by_site(tmp_path):
    dm = participants(S1_001="01", S1_002="Hôpital Nécker / [Paris]: very long name of a hospital", S1_003="01")
    people = ["S1-001", "S1-002", "S1-003", None]
    write(log_of(queries(*({"USUBJID": name, "SRCROW": n} for n, name in enumerate(people, 2))), dm=dm), tmp_path)
    book = openpyxl.load_workbook(tmp_path / "queries.xlsx")
    files = sorted(path.name for path in (tmp_path / "by_site").iterdir())
    assert book.sheetnames[:2] == ["all", "site-01"]
    assert book.sheetnames[3:] == ["unknown-site"]
    assert len(book["all"]["A"]) == 5
    assert [line["participant"] for line in lines_of(book["site-01"])] == ["S1-001", "S1-003"]
    assert files == [
        "site-01.csv",
        "site-hopital-necker-paris-very-long-name-of-a-hospital.csv",
        "unknown-site.csv",
    ]
    assert [line["participant"] for line in read_csv(tmp_path / "by_site" / "unknown-site.csv")] == [""]
    for sheet in book:
        assert sheet.freeze_panes == "B2"
        assert sheet.auto_filter.ref is not None


def test_files_that_are_not_used_have_a_sheet_of_their_own(tmp_path):
    files = ["labs/extra.csv", "=cmd.csv"]
    asked = queries({"SRCROW": 2})
    log = log_of(asked, unused_files=files)
    write(log, tmp_path)
    book = openpyxl.load_workbook(tmp_path / "queries.xlsx")
    assert book.sheetnames == ["all", "site-01", "files-not-used"]
    shown = lines_of(book["files-not-used"])
    assert [(line["file"], line["rule"], line["severity"]) for line in shown] == [
        (file, "File not used", "warning") for file in sorted(files)
    ]
    assert [line["file"] for line in read_csv(tmp_path / "by_site" / "files-not-used.csv")] == ["'=cmd.csv", files[0]]
    # as many lines as the report counts queries
    empty = ADLB.schema.create_empty()
    counted = query_counts([asked], empty, files, [])
    assert len(lines_of(book["all"])) == counted["n_queries"].sum() == query_status(log)["n_open"].max() == 3


def test_a_file_that_is_not_used_is_new_then_still_open_then_resolved(tmp_path):
    first = log_of(queries(), unused_files=["b.csv"])
    again = log_of(queries(), unused_files=["a.csv", "b.csv"], previous=written(first, tmp_path), spec=LATER)
    assert dict(again.select("SRCFILE", "QUSTAT").rows()) == {"a.csv": "new", "b.csv": "still open"}
    later = log_of(queries(), previous=written(first, tmp_path), spec=LATER)
    assert later.select("QUID", "QUSTAT").rows() == [(first["QUID"][0], "resolved")]


def test_names_of_sites_are_safe_and_never_the_same():
    names = ["01", "A b", "a-B", "北京", "..", "../../etc", "x" * 200, "CON", "unknown site", "site"]
    for longest in (24, 60):
        made = site_names(names, longest)
        assert len({name.lower() for name in made.values()}) == len(names)
        assert all(re.fullmatch(r"[a-z0-9-]{1,67}", name) for name in made.values())
    assert max(len(name) for name in site_names(names, 24).values()) <= 31
    assert site_names(["01", "A b"], 24)["01"] == site_names(names, 24)["01"] == "site-01"


def test_a_file_of_an_earlier_run_does_not_stay(tmp_path):
    write(log_of(queries({"USUBJID": "S1-002"})), tmp_path)
    (tmp_path / ".by_site.1.tmp").mkdir()
    write(log_of(queries({})), tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["by_site", "ids.csv", "queries.xlsx"]
    assert [path.name for path in (tmp_path / "by_site").iterdir()] == ["site-01.csv"]


def test_the_same_log_gives_the_same_bytes(tmp_path, monkeypatch):
    log = log_of(queries({}, {"QUVAL": "=1"}, {"USUBJID": None}))
    (tmp_path / "1").mkdir()
    (tmp_path / "2").mkdir()
    first = write(log, tmp_path / "1")
    monkeypatch.setenv("TZ", "Asia/Tokyo")
    time.tzset()
    time.sleep(2.1)  # a zip file counts time in steps of two seconds
    second = write(log, tmp_path / "2")
    names = [path.relative_to(first) for path in first.rglob("*") if path.is_file()]
    assert len(names) == 4
    assert [name for name in names if (first / name).read_bytes() != (second / name).read_bytes()] == []


def test_resolved_queries_have_a_sheet_of_their_own(tmp_path):
    before = written(log_of(queries({}, {"SRCCOL": "unit", "QUKIND": "unit_missing"})), tmp_path)
    write(log_of(queries({}), previous=before, spec=LATER), tmp_path, LATER)
    book = openpyxl.load_workbook(tmp_path / "queries.xlsx")
    assert book.properties.title == "Data queries of s1, data cut two"
    assert [line["status"] for line in lines_of(book["all"])] == ["still open"]
    (resolved,) = lines_of(book["resolved"])
    assert (resolved["status"], resolved["rule"], resolved["severity"]) == ("resolved", "Unit missing", "error")
    assert resolved["site"] is None


def test_no_query_at_all(tmp_path):
    write(log_of(queries()), tmp_path)
    assert openpyxl.load_workbook(tmp_path / "queries.xlsx").sheetnames == ["all"]
    assert list((tmp_path / "by_site").iterdir()) == []


def test_a_line_says_what_was_expected_and_done():
    (line,) = listing(log_of(queries({"QUKIND": "date_after_receipt", "QUNCELL": 9}))).to_dicts()
    assert line["what was expected"] == "A draw before its receipt."
    assert line["what was done"] == "9 results: Not used."
    assert (line["lab or domain"], line["site"], line["status"]) == ("lab", "01", "open")


def test_what_cannot_be_seen_is_written_out():
    assert visible("a\tb\r\nc\u202ed\u200b") == "a␉b␍␊c<U+202E>d<U+200B>"
    assert visible("é µ 1\u00a0000\u202f0") == "é µ 1\u00a0000\u202f0"
