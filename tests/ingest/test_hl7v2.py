"""HL7 v2 files of a few messages: the rows they give, and the fate of every result."""

import random
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from immrecon.config.source_format import Layout
from immrecon.errors import ConfigError, SourceError
from immrecon.ingest.readers import Grid, read_grids

from .exchange_cases import header, hl7_dialect, hl7_file, message, obx
from .lab_cases import account, fates, harmonise, kinds, used


def read(folder: Path, content: str | bytes, encoding: str = "utf-8") -> Grid:
    (folder / "lab.hl7").write_bytes(content if isinstance(content, bytes) else content.encode())
    return read_grids(folder, "lab.hl7", Layout(format="hl7v2", encoding=encoding))[0][0]


def column(grid: Grid, head: str) -> list[str]:
    assert grid.heads is not None
    return [row[grid.heads.index(head)] for row in grid.rows]


def remarks(grid: Grid) -> list[tuple[str, int | None]]:
    return [(remark.kind, remark.row) for remark in grid.remarks]


# ---- rows -----------------------------------------------------------------------------------------------------------


def test_a_row_per_observation_with_all_around_it(tmp_path) -> None:
    content = [
        *message(),
        "NTE|1||whole blood",
        obx(1, "CD4"),
        "NTE|1||counted twice",
        "NTE|2||by hand",
        obx(2, "CD8", "80"),
        "SPM|1|S77||BLD|||||||||||||20260202085000|20260202101500",
    ]
    grid = read(tmp_path, hl7_file(content))
    assert grid.numbers == [5, 8]
    rows = [dict(zip(grid.heads or (), row, strict=True)) for row in grid.rows]
    assert {head: text for head, text in rows[0].items() if text} == {
        "MSH-3": "LIS", "MSH-4": "HOSP", "MSH-7": "20260203", "MSH-10": "1", "MSH-11": "P",
        "PID-3": "S1-001^^^S1^PI", "PID-3.1": "S1-001", "OBR-3": "A1", "OBR-4.1": "PANEL", "OBR-4.2": "Lymphocytes",
        "OBR-7": "20260202090000+0100", "OBR-14": "20260202090000+0100", "OBR-22": "20260203",
        "SPM-2": "S77", "SPM-4": "BLD", "SPM-17": "20260202085000", "SPM-18": "20260202101500",
        "OBX-1": "1", "OBX-2": "NM", "OBX-3.1": "24467-3", "OBX-3.2": "CD4", "OBX-3.3": "LN", "OBX-11": "F",
        "LOINC": "24467-3", "OBX-5": "120", "OBX-6": "/uL", "OBR NTE": "whole blood",
        "OBX NTE": "counted twice by hand",
    }  # fmt: skip
    assert (rows[1]["OBX-5"], rows[1]["SPM-18"], rows[1]["OBX NTE"]) == ("80", "20260202101500", "")
    assert grid.remarks == ()


@pytest.mark.parametrize("end", ["\r", "\n", "\r\n", "\r\n\r\n"])
def test_ends_of_segments(tmp_path, end: str) -> None:
    grid = read(tmp_path, hl7_file(message(obx()), message(obx(), who="S1-002"), end=end))
    lines = 2 if end == "\r\n\r\n" else 1
    assert column(grid, "PID-3.1") == ["S1-001", "S1-002"]
    assert grid.numbers == [3 * lines + 1, 7 * lines + 1]


def test_framing_of_messages_and_batches(tmp_path) -> None:
    framed = "".join(f"\x0b{hl7_file(message(obx(), who=who))}\x1c\r" for who in ("S1-001", "S1-002"))
    tight = framed.replace("\r\x1c\r\x0b", "\x1c\x0b")
    batch = rf"FHS|^~\&|LIS{chr(13)}BHS|^~\&|LIS{chr(13)}{framed}BTS|2{chr(13)}FTS|1{chr(13)}"
    for content in (framed, tight, batch):
        grid = read(tmp_path, content)
        assert column(grid, "PID-3.1") == ["S1-001", "S1-002"]
        assert grid.remarks == ()


def test_a_batch_that_lacks_messages(tmp_path) -> None:
    content = hl7_file([r"BHS|^~\&|LIS"], message(obx()), ["BTS|2"], [r"BHS|^~\&|LIS"], message(obx()))
    assert remarks(read(tmp_path, content)) == [("batch_incomplete", 6), ("batch_incomplete", 7)]


@pytest.mark.parametrize(
    ("kind", "written", "text"),
    [
        ("NM", "0.050", "0.050"),
        ("NM", "12^^", "12"),
        ("NM", "12~13", "12~13"),
        ("SN", "<^5", "<5"),
        ("SN", "=^440", "=440"),
        ("SN", "^12", "12"),
        ("SN", ">^2000", ">2000"),
        ("SN", "^1^-^3", "^1^-^3"),
        ("SN", "^1^:^128", "^1^:^128"),
        ("SN", "^2^+", "^2^+"),
        ("ST", "HEMOLYZED", "HEMOLYZED"),
        ("ST", r"a\F\b\S\c\T\d\R\e\E\f", r"a|b^c&d~e\f"),
        ("ST", r"\XC2B5\L", "µL"),
        ("ST", r"\XB5\L", r"\XB5\L"),  # no UTF-8: nothing is guessed
        ("ST", "\\H\\12\\N\\", "12"),
        ("ST", r"50\H\1\N\\"[:-1], r"50\H\1"),  # a footnote is no digit
        ("ST", r"\H\5\N\0", r"5\N\0"),
        ("FT", r"one\.br\two", "one\ntwo"),
        ("ST", "12\\345", "12\\345"),  # no sequence: nothing vanishes
        ("ST", r"12\Z1\3", r"12\Z1\3"),
        ("CWE", "260415000^Not detected^SCT", "Not detected"),
        ("CWE", "260415000^^SCT", "260415000^^SCT"),
        ("CE", "260415000", "260415000^"),
        ("CE", "QNS", "QNS"),
        ("DT", "20260202", "20260202 (DT)"),
        ("ST", '""', '""'),
        ("ST", "", ""),
    ],
)
def test_results_as_text(tmp_path, kind: str, written: str, text: str) -> None:
    assert column(read(tmp_path, hl7_file(message(obx(result=written, kind=kind)))), "OBX-5") == [text]


def test_other_separators(tmp_path) -> None:
    content = hl7_file(message(obx(result="<^5", kind="SN"), "NTE|1||A\\F\\B"))
    other = content.translate(str.maketrans("|^~\\&", "#*!$%"))
    grid = read(tmp_path, other)
    assert (column(grid, "OBX-5"), column(grid, "PID-3"), column(grid, "OBX NTE")) == (
        ["<5"], ["S1-001^^^S1^PI"], ["A#B"],
    )  # fmt: skip


def test_a_power_whose_sign_was_not_escaped_is_one_unit(tmp_path) -> None:
    units = ["10^9/L", "10^6/L^UCUM", "x10^3/uL", "10^9/L^10^9/L", "10^per litre"]
    segments = [obx(n).replace("/uL^^UCUM", unit) for n, unit in enumerate(units, 1)]
    read_units = column(read(tmp_path, hl7_file(message(*segments))), "OBX-6")
    assert read_units[:3] == ["10^9/L", "10^6/L", "x10^3/uL"]
    assert read_units[3:] == ["10^9/L", "10"]


def test_two_units_that_differ_are_no_unit(tmp_path) -> None:
    units = ["10*9/L^/uL^UCUM", "10*6/L^/uL^UCUM", "^/uL"]
    segments = [obx(n).replace("/uL^^UCUM", unit) for n, unit in enumerate(units, 1)]
    assert column(read(tmp_path, hl7_file(message(*segments))), "OBX-6") == ["10*9/L or /uL", "10*6/L", "/uL"]


def test_a_unit_of_which_only_the_code_is_known(tmp_path) -> None:
    units = ["/uL^/uE^UCUM", "/uL^cells per uL^UCUM", "/uL^/uE^UCUM", "U7^per whatever^L"]
    segments = [obx(n).replace("/uL^^UCUM", unit) for n, unit in enumerate(units, 1)]
    grid = read(tmp_path, hl7_file(message(*segments)))
    assert column(grid, "OBX-6") == [*["/uL"] * 3, "U7"]
    assert [(remark.kind, remark.text) for remark in grid.remarks] == [("unit_text_unknown", "/uE")]
    assert "in 2 results" in grid.remarks[0].message


def test_the_loinc_code_may_stand_second(tmp_path) -> None:
    segment = obx().replace("24467-3^CD4^LN", "T4^CD4^L^24467-3^^LN")
    grid = read(tmp_path, hl7_file(message(segment, obx(2).replace("^LN", "^L"))))
    assert column(grid, "LOINC") == ["24467-3", ""]


# ---- whose and which ------------------------------------------------------------------------------------------------


def test_nothing_is_carried_into_the_next_message(tmp_path) -> None:
    second = [segment for segment in message(obx(), head=header(control="2")) if segment[:3] in {"MSH", "OBX"}]
    grid = read(tmp_path, hl7_file(message(obx()), second))
    assert column(grid, "PID-3.1") == ["S1-001", ""]
    assert column(grid, "OBR-7") == ["20260202090000+0100", ""]


def test_two_patients_in_one_message(tmp_path) -> None:
    first, second = message(obx()), message(obx(), who="S1-002", sample="A2")[1:]
    grid = read(tmp_path, hl7_file([*first, *second]))
    assert column(grid, "PID-3.1") == ["S1-001", "S1-002"]
    assert column(grid, "OBR-3") == ["A1", "A2"]


@pytest.mark.parametrize("damaged", ["PXD|1||S1-002", "xID|1||S1-002", "P|ID|1||S1-002", "|||"])
def test_after_a_damaged_segment_nobody_is_given_a_result(tmp_path, damaged: str) -> None:
    first, second = message(obx()), message(obx(), who="S1-002", sample="A2")[2:]
    grid = read(tmp_path, hl7_file([*first, damaged, *second]))
    assert column(grid, "PID-3.1") == ["S1-001", ""]
    assert remarks(grid) == [("segment_unreadable", 5)]


def test_numbers_that_begin_again_want_an_order(tmp_path) -> None:
    grid = read(tmp_path, hl7_file(message(obx(1), obx(2), obx(1), obx(2))))
    assert column(grid, "OBR-3") == ["A1", "A1", "", ""]
    assert remarks(grid) == [("order_missing", 6)]
    always_one = read(tmp_path, hl7_file(message(obx(1), obx(1), obx(1))))
    assert column(always_one, "OBR-3") == ["A1", "A1", "A1"]


def test_a_text_with_a_line_break(tmp_path) -> None:
    grid = read(tmp_path, hl7_file(message(obx(1, kind="FT", result="seen\nby"), obx(2)), end="\n"))
    assert remarks(grid) == [("segment_unreadable", 5)]  # fields after the break: no more certain whose is what follows
    grid = read(tmp_path, hl7_file(message("OBX|1|FT|^REM||seen\nby hand", obx(2)), end="\n"))
    assert column(grid, "OBX-5") == ["seen\nby hand", "120"]
    assert column(grid, "PID-3.1") == ["S1-001", "S1-001"]
    assert remarks(grid) == [("segment_broken", 4)]


def test_a_number_with_a_line_break_is_not_cut(tmp_path) -> None:
    tables = harmonise(tmp_path, hl7_file(message(obx(result="12\r0"))), hl7_dialect())
    assert used(tables) == []
    assert ("value_unreadable", 4, 1) in kinds(tables)


# ---- messages that are not read ------------------------------------------------------------------------------------


def test_other_messages_are_counted(tmp_path) -> None:
    others = [message(head=header(kind)) for kind in ("ADT^A01", "ADT^A01", "ACK")]
    grid = read(tmp_path, hl7_file(*others, message(obx(), head=header("OUL^R22")), message(obx())))
    assert [(remark.row, remark.severity, remark.message) for remark in grid.remarks] == [
        (1, "note", "2 messages ADT^A01 with 0 results are not read: only ORU^R01 is."),
        (7, "note", "1 messages ACK with 0 results are not read: only ORU^R01 is."),
        (10, "warning", "1 messages OUL^R22 with 1 results are not read: only ORU^R01 is."),
    ]


@pytest.mark.parametrize("head", ["MSH", "MSH|", r"MSH|^^\&|LIS", "MSH|ABCD|LIS", r"MSH|^~\&", "MSH|^~|LIS"])
def test_a_message_without_separators(tmp_path, head: str) -> None:
    grid = read(tmp_path, hl7_file(message(obx()), message(obx(), head=head)))
    assert column(grid, "PID-3.1") == ["S1-001"]
    assert remarks(grid) == [("message_unreadable", 5)]


def test_lines_before_the_first_message(tmp_path) -> None:
    grid = read(tmp_path, "PID|1||S1-009||DOE^JOHN\rsent today\r" + hl7_file(message(obx())))
    assert [(remark.row, remark.text) for remark in grid.remarks] == [(1, "PID"), (2, "sent today")]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("", "no line begins with MSH"),
        ("id;result\n1;2\n", "no line begins with MSH"),
        (hl7_file(message()), "no result"),
        (hl7_file(message(obx(), head=header("ADT^A01"))), "no result .* 1 ADT"),
        (hl7_file(message(obx())).encode("utf-16"), "not utf-8 text|null characters"),
    ],
)
def test_files_that_hold_no_result(tmp_path, content: str | bytes, said: str) -> None:
    with pytest.raises(SourceError, match=said):
        read(tmp_path, content)


def test_a_file_too_large(tmp_path) -> None:
    (tmp_path / "lab.hl7").write_text(hl7_file(message(obx())))
    layout = Layout.model_validate({"format": "hl7v2", "encoding": "utf-8", "limits": {"file_bytes": 50}})
    with pytest.raises(SourceError, match="at most 50 are read"):
        read_grids(tmp_path, "lab.hl7", layout)


# ---- encodings ------------------------------------------------------------------------------------------------------


def micro(charset: str) -> str:
    return hl7_file(message(obx(unit="/µL"), head=header(charset=charset)))


@pytest.mark.parametrize(
    ("charset", "encoding"),
    [("", "cp1252"), ("ASCII", "utf-8"), ("8859/1", "latin-1"), ("8859/15", "iso8859-15"), ("UNICODE UTF-8", "utf-8")],
)
def test_the_declared_encoding(tmp_path, charset: str, encoding: str) -> None:
    grid = read(tmp_path, micro(charset).encode(encoding), encoding)
    assert column(grid, "OBX-6") == ["/µL"]
    assert grid.remarks == ()


@pytest.mark.parametrize(
    ("charset", "encoding"), [("8859/1", "utf-8"), ("UNICODE UTF-8", "cp1252"), ("8859/1", "cp1252")]
)
def test_a_message_that_contradicts_the_declared_encoding(tmp_path, charset: str, encoding: str) -> None:
    with pytest.raises(SourceError, match=rf"line 1 says .* {charset} \(MSH-18\)"):
        read(tmp_path, micro(charset).encode(encoding), encoding)
    plain = hl7_file(message(obx(), head=header(charset=charset)))
    assert column(read(tmp_path, plain, encoding), "OBX-6") == ["/uL"]  # without special characters it does not matter


def test_an_unknown_character_set(tmp_path) -> None:
    assert remarks(read(tmp_path, micro("KLINGON"))) == [("character_set_unknown", 1)]


# ---- what a dialect may say -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("layout", "said"),
    [
        ({"format": "hl7v2"}, "needs its encoding"),
        ({"format": "hl7v2", "encoding": "utf-8", "delimiter": ";"}, "`delimiter` says nothing about hl7v2"),
        ({"format": "hl7v2", "encoding": "utf-8", "header_rows": [2]}, "`header_rows` says nothing"),
        ({"format": "fhir", "encoding": "utf-8"}, "`encoding` says nothing about fhir"),
    ],
)
def test_layouts_that_do_not_fit(layout: dict[str, Any], said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        hl7_dialect(layout=layout)


def test_a_row_per_observation_is_the_long_shape() -> None:
    with pytest.raises(ConfigError, match="read as a long export"):
        hl7_dialect(
            shape="wide_by_analyte",
            columns={"participant": "PID-3.1", "collected": {"column": "d", "as": "day_since_transplant"}},
            analytes={"CD4": {"code": "CD4", "unit": "/uL"}},
            statuses={},
            duplicates={"same_draw": ["collected"], "same_day": "keep"},
        )


def test_a_head_that_no_message_has(tmp_path) -> None:
    lab = hl7_dialect(exclude_where=[{"column": "OBX-99", "matches": "x", "reason": "x"}])
    with pytest.raises(SourceError, match=r'"OBX-99" is missing\. Columns found: MSH-3, '):
        harmonise(tmp_path, hl7_file(message(obx())), lab)


# ---- to the harmonised layer ----------------------------------------------------------------------------------------


def whole_file() -> str:
    """Nineteen results, one of each kind; see `test_every_result_has_its_fate`."""
    return hl7_file(
        message(
            obx(1, "CD4", "0.05", "10*9/L"),  # line 4: exactly 50
            obx(2, "CD8", "<^5", kind="SN"),
            obx(3, "CD3", ">^2000", kind="SN"),
            obx(4, "ALC", "=^440", kind="SN"),
            obx(5, "CD4 %", "12", "%"),
            obx(6, "HGB", "7.1", "mmol/L"),
        ),
        message(  # line 10
            obx(1, "CD4", "80", status="P"),
            obx(2, "CD8", "70"),
            obx(3, "CD3", "60"),
            obx(4, "ALC", "HEMOLYZED", "", kind="ST"),
            sample="A2",
            drawn="202602100900",
        ),
        message(  # line 17
            obx(1, "CD4", "90", status="C"),
            obx(2, "CD8", "", status="D"),
            obx(3, "CD3", "60", status="W"),
            sample="A2",
            drawn="20260210",
            reported="20260214",
        ),
        message(obx(1, "CD4", "120", "mg/L"), who="S1-002", sample="A3", drawn="20260210"),  # line 23
        message(obx(1, "CD4", "120"), who="S1-999", sample="A4", drawn="20260210"),  # line 27
        message(  # line 31
            obx(1, "CD4", "^1^:^128", kind="SN"),
            obx(2, "CD8", "30", status="Z"),
            obx(3, "CD3", "30"),
            "NTE|1||DONOR sample",
            obx(4, "ALC", "30", code="999-9"),
            who="S1-003",
            sample="A5",
            drawn="20260210",
        ),
    )


def test_every_result_has_its_fate(tmp_path) -> None:
    tables = harmonise(tmp_path, whole_file(), hl7_dialect())
    assert sorted(used(tables)) == [
        ("ALC", "=", 440.0), ("CD3", ">", 2000.0), ("CD4", "=", 50.0), ("CD4", "=", 90.0), ("CD4PCT", "=", 12.0),
        ("CD8", "<", 5.0),
    ]  # fmt: skip
    assert fates(tables)[5:] == [
        (13, "superseded", "replaced by the corrected result in row 20"),
        (14, "superseded", "replaced by the deleted result in row 21"),
        (15, "superseded", "replaced by the withdrawn result in row 22"),
        (16, "not done", "not performed"),
        (20, "value", None),
        (21, "not done", "deleted by the laboratory"),
        (22, "not done", "result of another patient, withdrawn by the laboratory"),
        (36, "excluded", "sample of the donor"),
    ]
    assert kinds(tables, "error") == [
        ("unit_unknown", 26, 1),
        ("participant_unknown", 30, 1),
        ("value_unreadable", 34, 1),
        ("status_unknown", 35, 1),
        ("code_disagrees", 38, 1),
    ]
    counted = whole_file().count("OBX|")
    assert account(tables) == {
        "rows": counted, "read": counted, "value": 4, "censored": 2, "not_done": 3, "superseded": 3, "excluded": 1,
        "queried": 5, "not_requested": 1,
    }  # fmt: skip


def test_remarks_become_queries(tmp_path) -> None:
    content = hl7_file(message(obx()), message(head=header("ADT^A01")), message("QQQ|1", obx()))
    tables = harmonise(tmp_path, content, hl7_dialect())
    found = tables.queries.filter(pl.col("QUKIND").is_in(["message_not_read", "segment_unreadable"]))
    assert found.select("SRCFILE", "SRCROW", "QUKIND", "QUSEV", "QUVAL").rows() == [
        ("lab.hl7", 5, "message_not_read", "note", None),
        ("lab.hl7", 11, "segment_unreadable", "error", "QQQ"),
    ]
    assert account(tables) == {"rows": 2, "read": 2, "value": 1, "queried": 1}


# ---- damage ---------------------------------------------------------------------------------------------------------


def mutate(content: bytes, dice: random.Random) -> bytes:
    """One to three random changes of bytes or lines."""
    for _ in range(dice.randint(1, 3)):
        lines = content.split(b"\r")
        at, line = dice.randrange(max(len(content), 1)), dice.randrange(len(lines))
        match dice.randrange(7):
            case 0:
                content = content[:at] + bytes([dice.randrange(256)]) + content[at + 1 :]
            case 1:
                content = content[:at] + content[at + dice.randint(1, 40) :]
            case 2:
                content = (
                    content[:at] + bytes(dice.choices(b"|^~\\&\r\n\x0b\x1cMSHOBX0129<>.,\xc2\xb5", k=4)) + content[at:]
                )
            case 3:
                content = b"\r".join([*lines[:line], *lines[line + 1 :]])
            case 4:
                content = b"\r".join([*lines[:line], lines[line], *lines[line:]])
            case 5:
                dice.shuffle(lines)
                content = b"\r".join(lines)
            case _:
                content = content[:at]
    return content


def test_damaged_files_end_in_results_or_a_clear_error(tmp_path) -> None:
    """All are read or refused; of every fifth that is read, each result has its fate."""
    dice = random.Random(20260202)
    n_read, told = 0, set()
    for number in range(300):
        content = mutate(whole_file().encode(), dice)
        try:
            grid = read(tmp_path, content)
            n_read += 1
            tables = harmonise(tmp_path, content, hl7_dialect()) if number % 5 == 0 else None
        except SourceError as error:
            told.add(str(error).partition(":")[0])
            continue
        assert len(grid.rows) <= content.count(b"OBX") + 1
        if tables is not None:
            row = tables.cells.row(0, named=True)
            assert row["n_read"] + row["n_blank"] == row["n_rows"] == len(grid.rows)
    assert n_read > 200
    assert told <= {"lab.hl7"}
