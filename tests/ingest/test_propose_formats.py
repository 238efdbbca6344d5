"""One study in every kind of export: the draft, once answered, brings its results back."""

import datetime
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import openpyxl
import polars as pl
import pyreadstat
import pytest

from immrecon.config.study import Analyte
from immrecon.ingest.lab import LabTables, harmonise_labs
from immrecon.ingest.propose import Draft, propose
from immrecon.vocabulary import USED_FATES

from .exchange_cases import header, hl7_file, message, obx
from .exports.common import Export
from .exports.truth import ANALYTES, NAMES, Result, participants, results
from .exports.writers import ALL_WRITERS
from .ods_by_hand import CELL, sheet, write_ods
from .ods_by_hand import content as ods_content
from .propose_cases import loaded
from .sas_by_hand import UNNAMED, UTF_8, Column, write_sas7bdat
from .xls_by_hand import Number, Sheet, write_xls

FEW = 8
"""Participants whose results are written."""
POINT, COMMA = {"numbers/decimal": ["."]}, {"numbers/decimal": [","]}
IDS = {"pattern": r"(?P<id>.+)", "template": "{id}"}
PER_UL = {f"analytes/{name}/unit": "/uL" for name in NAMES.values()}
ANSWERS: dict[str, dict[str, Any]] = {
    # What no file of whole numbers without units can say.
    "workbook_visits": PER_UL,
    "workbook_long": PER_UL,
    "visits_with_date_row": PER_UL | COMMA,
    "visits_with_dates_beside": PER_UL | POINT,
    "patient_blocks": PER_UL | POINT,
    "patient_blocks_of_dates": PER_UL | POINT,
    "utf16_big_endian": POINT,
}


def study(write: Callable[[Sequence[Result]], Export], folder: Path) -> tuple[Draft, Export]:
    export = write(results(FEW))
    path = folder / export.file
    path.write_bytes(export.content)
    return propose(path), export


def harmonised(folder: Path, draft: Draft, answers: dict[str, Any]) -> LabTables:
    dialect = loaded(draft, answers)
    return harmonise_labs({dialect.name: dialect}, folder, participants(results(FEW)), ANALYTES, None, None)


@pytest.mark.parametrize("write", ALL_WRITERS, ids=lambda writer: writer.__name__)
def test_the_draft_brings_the_truth_back(write: Callable[[Sequence[Result]], Export], tmp_path: Path) -> None:
    draft, export = study(write, tmp_path)
    tables = harmonised(tmp_path, draft, ANSWERS.get(write.__name__, {}))
    used = tables.lb.filter(pl.col("LBFATE").is_in([fate.value for fate in USED_FATES]))
    came_back = sorted(used.select("USUBJID", "LBTESTCD", "LBDT", "LBCMP", "LBSTRESN").rows())
    assert came_back == sorted(result.key for result in results(FEW) if result.per_ul is not None)
    assert tables.queries.filter(pl.col("QUSEV") == "error").is_empty()
    said = draft.suggested()
    assert (said["layout"]["format"], said["shape"]) == (export.dialect["layout"]["format"], export.dialect["shape"])


def questions(draft: Draft, words: str) -> list[str]:
    return [text for text in draft.questions if words in text]


LONG = ["Patient", "Date", "Test", "Value", "Unit", "Comment"]
ROWS = [
    *(["S1-001", f"2025-03-{13 + n}", name, f"{n}.5", "/uL", ""] for n in range(6) for name in ("CD3", "CD4", "CD8")),
    ["S1-002", "2025-03-20", "CD4/CD8", "0.5", "ratio", "prélevé"],
    ["S1-002", "2025-03-20", "CD4", "<5", "/uL", ""],
]
RATIO_ANALYTES = [
    Analyte(
        code=code,
        label=code,
        unit="ratio" if code == "CD4CD8" else "/uL",
        summarised=False,
        drawn=False,
        axis_floor=1.0,
    )
    for code in ("CD3", "CD4", "CD8", "CD4CD8")
]


def as_xls(path: Path, *, since_1904: bool = False) -> None:
    def cell(text: str) -> str | Number:
        return Number(float(text)) if text.replace(".", "").isdigit() else text

    cells = {(r, c): cell(text) for r, row in enumerate([LONG, *ROWS]) for c, text in enumerate(row) if text}
    if since_1904:  # day numbers that lost their format
        cells |= {(r, 1): Number(44271.0 + r) for r in range(1, len(ROWS) + 1)}
    hidden = Sheet("oud", {(0, 0): "Patient", (0, 1): "CD4", (1, 0): "S1-001", (1, 1): Number(99)}, hidden=True)
    write_xls(path, [hidden, Sheet("Data", dict(cells))], since_1904=since_1904)


def as_ods(path: Path) -> None:
    visible = sheet("Data", *([CELL.text(text) for text in row] for row in [LONG, *ROWS]))
    write_ods(path, ods_content(sheet("oud", [CELL.text("Patient"), CELL.text("CD4")], hidden=True), visible))


def as_sas7bdat(path: Path, encoding: int = UTF_8, name: str = "utf-8") -> None:
    columns = [Column(head, 24) for head in LONG]
    write_sas7bdat(path, columns, [[text.encode(name) for text in row] for row in ROWS], encoding)


def as_xpt(path: Path) -> None:
    frame = pl.DataFrame(dict(zip(LONG, map(list, zip(*ROWS, strict=True)), strict=True)))
    pyreadstat.write_xport(frame, path, file_format_version=8)


WRITTEN: dict[str, Callable[[Path], None]] = {
    "lab.xls": as_xls,
    "lab.ods": as_ods,
    "lab.sas7bdat": as_sas7bdat,
    "latin.sas7bdat": lambda path: as_sas7bdat(path, UNNAMED, "cp1252"),
    "lab.xpt": as_xpt,
}


@pytest.mark.parametrize("file", WRITTEN)
def test_formats_written_by_hand(file: str, tmp_path: Path) -> None:
    """With the CD4/CD8 ratio among the analytes of the study."""
    WRITTEN[file](tmp_path / file)
    dialect = loaded(propose(tmp_path / file))
    people = pl.DataFrame({"USUBJID": ["S1-001", "S1-002"]}).with_columns(
        pl.lit(None, dtype=pl.Date).alias(name) for name in ("BRTHLO", "HSCTDT")
    )
    tables = harmonise_labs({dialect.name: dialect}, tmp_path, people, RATIO_ANALYTES, None, None)
    came_back = tables.lb.select("USUBJID", "LBTESTCD", pl.col("LBDT").cast(pl.String), "LBCMP", "LBSTRESN").rows()
    codes = {"CD4/CD8": "CD4CD8"}
    assert sorted(came_back) == sorted(
        (who, codes.get(name, name), day, "<" if "<" in text else "=", float(text.removeprefix("<")))
        for who, day, name, text, _, _ in ROWS
    )
    assert tables.queries.filter(pl.col("QUSEV") == "error").is_empty()


def test_sheets_of_older_and_open_workbooks(tmp_path: Path) -> None:
    for file in ("lab.xls", "lab.ods"):
        WRITTEN[file](tmp_path / file)
        draft = propose(tmp_path / file)
        layout = draft.suggested()["layout"]
        assert (layout["sheets"], layout["sheets_ignored"]) == (["Data"], ["oud"])
        assert '"oud" (hidden)' in draft.text()


def test_the_epoch_of_an_older_workbook_is_read(tmp_path: Path) -> None:
    as_xls(tmp_path / "lab.xls", since_1904=True)
    style = propose(tmp_path / "lab.xls").suggested()["columns"]["collected"]["dates"]
    assert style == {"formats": ["serial1904"]}


def test_the_encoding_of_sas_files(tmp_path: Path) -> None:
    """A transport file names none, some data sets neither: it is asked as soon as it matters."""
    for file in ("lab.xpt", "latin.sas7bdat"):
        WRITTEN[file](tmp_path / file)
    (tmp_path / "ascii.xpt").write_bytes((tmp_path / "lab.xpt").read_bytes().replace("é".encode(), b"ee"))
    asked = propose(tmp_path / "lab.xpt")
    assert questions(asked, "a transport file does not say its encoding. Suggested: utf-8")
    assert asked.tree["layout"]["encoding"].value == "???"  # type: ignore[index]
    assert questions(propose(tmp_path / "latin.sas7bdat"), "does not name its encoding")
    plain = propose(tmp_path / "ascii.xpt")
    assert plain.suggested()["layout"] == {"format": "xpt", "encoding": "ascii"}
    assert not questions(plain, "encoding")
    WRITTEN["lab.sas7bdat"](tmp_path / "lab.sas7bdat")
    assert propose(tmp_path / "lab.sas7bdat").suggested()["layout"] == {"format": "sas7bdat"}


def test_statuses_and_character_set_of_messages(tmp_path: Path) -> None:
    segments = message(
        obx(1, status="F"),
        obx(2, test="CD8", status="R"),
        obx(3, test="CD3", status="Q"),
        head=header(charset="8859/1"),
    )
    path = tmp_path / "lab.hl7"
    path.write_bytes(hl7_file(segments).replace("JANE", "JOSÉ").encode("latin-1"))
    draft = propose(path)
    content = draft.suggested()
    assert content["layout"]["encoding"] == "iso8859-1"
    assert content["statuses"] == {"P": "P", "F": "F", "C": "C", "X": "X", "D": "D", "W": "W", "R": "P", "Q": "???"}
    assert questions(draft, 'what do these words of the status mean: "R"')
    assert content["columns"]["ignored"] == "*"
    assert "%Y%m%d%H%M%S%z" in content["columns"]["collected"]["dates"]["formats"]
    assert content["columns"]["reported"]["column"] == "OBR-22"


def test_several_identifiers_are_asked(tmp_path: Path) -> None:
    path = tmp_path / "lab.hl7"
    path.write_text(hl7_file(message(obx(), who="4711^^^HOSP^MR~S1-001")))
    draft = propose(path)
    assert questions(draft, "several identifiers")
    assert draft.suggested()["columns"]["participant"] == "PID-3.1"


BLOCKS = """Laboratory
Patient: S1-001 (born 1980)
ward 3
Date;CD3 (/uL);CD4 (/uL)
13/03/2025;1,5;2
14/04/2025;7;8

Patient: S1-002 (born 1990)
ward 4
Date;CD4 (/uL);CD3 (/uL)
15/03/2025;3,5;4
16/04/2025;9;10
"""


def test_what_follows_an_identifier_is_asked(tmp_path: Path) -> None:
    path = tmp_path / "lab.csv"
    path.write_text(BLOCKS)
    draft = propose(path)
    assert questions(draft, '" (born 1980)" after "S1-001" in row 2')
    dialect = loaded(draft)
    assert dialect.layout.header_rows == [3]
    assert dialect.layout.blocks is not None
    assert dialect.layout.blocks.begins == r"Patient: (?P<participant>\S+).*"
    assert (dialect.columns.participant, set(dialect.analytes)) == ("Patient", {"CD3 (/uL)", "CD4 (/uL)"})


def test_rows_of_a_sample_below_visits(tmp_path: Path) -> None:
    lines = ["Patient;Test;Unit;D30;D60;Last"]
    for n in range(1, 6):
        lines += [
            f"S1-00{n};Collection date;;{12 + n}/03/2025;{12 + n}/04/2025;{12 + n}/05/2025",
            f"S1-00{n};Sample no;;A{n};B{n};C{n}",
            f"S1-00{n};CD4;/uL;1,{n};2,{n};3,{n}",
        ]
    path = tmp_path / "lab.csv"
    path.write_text("\n".join(lines))
    draft = propose(path)
    assert questions(draft, '"Last" hold results too: visits?')
    content = draft.suggested()
    assert content["visits"] == {"heads": r"D\d+|Last", "dates": "row"}
    columns = content["columns"]
    assert (columns["collected"]["column"], columns["accession"]) == ("Collection date", "Sample no")
    assert content["duplicates"]["same_draw"] == ["accession"]
    assert list(content["analytes"]) == ["CD4"]
    loaded(draft)


def test_visits_side_by_side_without_dates_are_asked(tmp_path: Path) -> None:
    rows = [f"S1-00{i};{name};1,{i};2,{i}" for i in range(1, 4) for name in ("CD3", "CD4", "CD8")]
    path = tmp_path / "lab.csv"
    path.write_text("\n".join(["Patient;Test;D30;D60", *rows]))
    draft = propose(path)
    assert questions(draft, "no row looks like the date of the draw")
    assert draft.suggested()["shape"] == "wide_by_visit"


def test_heads_of_visits_over_dates_and_results(tmp_path: Path) -> None:
    """The heads of the first columns stand in the upper row, and there are but two visits."""
    lines = ["Patient;Test;Unit;Comment;Day 14;;Day 28;", ";;;;Date;Result;Date;Result"]
    lines += [f"S1-00{n};CD4;/uL;;{12 + n}/03/2025;1,{n};{12 + n}/04/2025;2,{n}" for n in range(1, 6)]
    path = tmp_path / "lab.csv"
    path.write_text("\n".join(lines))
    content = propose(path).suggested()
    assert content["layout"]["header_rows"] == [1, 2]
    assert content["visits"] == {"heads": r"Day \d+", "dates": "beside"}
    assert (content["columns"]["result"], content["columns"]["collected"]["column"]) == ("Result", "Date")
    assert content["columns"]["ignored"] == ["Comment"]


def test_dates_as_heads(tmp_path: Path) -> None:
    """Every day is 12 or less: the order is asked. The label of the visit stands with the date."""
    lines = ["Cumulative report", "Patient;Test;Unit;Day 14 (05/02/2026);Day 28 (12/03/2026)"]
    lines += [f"S1-00{n};{name};/uL;12{n};{n},5" for n in range(1, 5) for name in ("CD3", "CD4")]
    path = tmp_path / "lab.csv"
    path.write_text("\n".join(lines))
    draft = propose(path)
    (asked,) = questions(draft, "cannot be told apart")
    assert 'column "heads of row 2"' in asked
    assert '"05/02/2026"' in asked
    content = draft.suggested()
    assert content["shape"] == "wide_by_visit"
    assert content["visits"] == {
        "heads": r"Day \d+ \((?P<collected>\d{1,2}/\d{1,2}/\d{4})\)", "dates": "head",
    }  # fmt: skip
    assert content["columns"]["test"] == "Test"
    assert content["columns"]["collected"]["column"] == "collected"
    assert content["columns"]["unit"] == "Unit"
    assert content["columns"]["ignored"] == []


@pytest.mark.parametrize(
    ("heads", "pattern"),
    [
        (["CD3 24/01/2026", "CD4 24/01/2026", "CD3 7/2/2026", "CD4 7/2/2026"],
         r"(?P<test>.+) (?P<collected>\d{1,2}/\d{1,2}/\d{4})"),
        (["CD3 (/uL) [2026-01-24]", "CD4 (/uL) [2026-01-24]", "CD3 (/uL) [2026-02-07]", "CD4 (/uL) [2026-02-07]"],
         r"(?P<test>.+) \[(?P<collected>\d{4}-\d{1,2}-\d{1,2})\]"),
        (["24-jan-2026 CD3+", "24-jan-2026 CD4+", "07-feb-2026 CD3+", "07-feb-2026 CD4+"],
         r"(?P<collected>\d{1,2}-\w{3,9}-\d{4}) (?P<test>.+)"),
    ],
)  # fmt: skip
def test_analytes_and_dates_in_one_head(heads: list[str], pattern: str, tmp_path: Path) -> None:
    rows = [["Patient", "Sex", *heads], *(["S1-001", "F", f"1{n}", f"{n}", "7", ""] for n in range(4))]
    path = tmp_path / "lab.csv"
    path.write_text("\n".join(";".join(row) for row in rows))
    content = propose(path).suggested()
    assert content["shape"] == "wide_by_visit"
    assert content["visits"] == {"heads": pattern, "dates": "head"}
    assert [rule["code"] for rule in content["analytes"].values()] == ["CD3", "CD4"]
    assert (content["columns"]["test"], content["columns"]["collected"]["column"]) == ("test", "collected")
    assert content["columns"]["ignored"] == ["Sex"]
    assert content["duplicates"]["same_draw"] == ["collected"]


@pytest.mark.parametrize("upper", ["dates", "analytes"])
def test_dates_and_analytes_in_two_rows_of_heads(upper: str, tmp_path: Path) -> None:
    first, second = ";24/01/2026;;07/02/2026;", "Patient;CD3;CD4;CD3;CD4"
    if upper == "analytes":
        first, second = ";CD3;;CD4;", "Patient;24/01/2026;07/02/2026;24/01/2026;07/02/2026"
    path = tmp_path / "lab.csv"
    path.write_text("\n".join([first, second, *(f"S1-00{n};1{n};2{n};3{n};4{n}" for n in range(1, 5))]))
    draft = propose(path)
    content = draft.suggested()
    assert content["layout"]["header_rows"] == [1, 2]
    assert content["visits"]["dates"] == "head"
    per_ul = {"analytes/CD3/unit": "/uL", "analytes/CD4/unit": "/uL"}
    dialect = loaded(draft, {**per_ul, **POINT, "participant": IDS})
    people = pl.DataFrame({"USUBJID": [f"S1-00{n}" for n in range(1, 5)]}).with_columns(
        BRTHLO=pl.lit(None, dtype=pl.Date), HSCTDT=pl.lit(None, dtype=pl.Date)
    )
    tables = harmonise_labs({dialect.name: dialect}, tmp_path, people, ANALYTES, None, None)
    drawn = {"CD3": [f"1{n}" for n in range(1, 5)], "CD4": [f"2{n}" for n in range(1, 5)]}
    if upper == "analytes":
        drawn["CD4"] = [f"3{n}" for n in range(1, 5)]
    for code, numbers in drawn.items():
        found = tables.lb.filter(pl.col("LBTESTCD") == code, pl.col("LBDT") == pl.date(2026, 1, 24))
        assert found["LBSTRESN"].to_list() == [float(number) for number in numbers]
    assert tables.lb.height == 16
    assert tables.queries.is_empty()


def test_an_export_with_a_column_of_dates_keeps_it(tmp_path: Path) -> None:
    """A date in the head of one column does not make it a visit."""
    path = tmp_path / "lab.csv"
    rows = [f"S1-00{n};{12 + n}/03/2026;CD4;/uL;4{n};1" for n in range(1, 6)]
    path.write_text("\n".join(["Patient;Date drawn;Test;Unit;Result;Limit since 01/02/2020", *rows]))
    assert propose(path).suggested()["shape"] == "long"


def test_date_cells_as_heads_of_a_workbook(tmp_path: Path) -> None:
    """A sheet's date cells are read as dates, heads too."""
    book = openpyxl.Workbook()
    page = book.active
    page.append(["Patient", "Test", "Unit", datetime.date(2026, 1, 24), datetime.date(2026, 2, 7)])
    for n in range(1, 5):
        page.append([f"S1-00{n}", "CD4", "/uL", 10 + n, None])
    book.save(tmp_path / "lab.xlsx")
    content = propose(tmp_path / "lab.xlsx").suggested()
    assert content["visits"]["dates"] == "head"
    assert content["columns"]["collected"]["dates"]["formats"] == ["%Y-%m-%d"]
    dialect = loaded(propose(tmp_path / "lab.xlsx"), {"participant": IDS})
    people = pl.DataFrame({"USUBJID": ["S1-001", "S1-002", "S1-003", "S1-004"]}).with_columns(
        BRTHLO=pl.lit(None, dtype=pl.Date), HSCTDT=pl.lit(None, dtype=pl.Date)
    )
    tables = harmonise_labs({dialect.name: dialect}, tmp_path, people, ANALYTES, None, None)
    assert tables.lb["LBDT"].unique().to_list() == [datetime.date(2026, 1, 24)]
    assert tables.lb["LBSTRESN"].to_list() == [11.0, 12.0, 13.0, 14.0]
