"""What is refused unread, and encodings: nothing exhausts the reader, nothing is decoded by guess."""

import codecs
import io
import zipfile
from pathlib import Path
from typing import Any

import pytest
import xlsxwriter

from immrecon.config.source_format import Layout
from immrecon.errors import SourceError
from immrecon.ingest.readers import read_grids

from .ods_by_hand import CELL, content, sheet, write_ods

TEXT = "N°;é\r\n1;µ\r\n"
CELLS = [["N°", "é"], ["1", "µ"]]


def csv_rows(folder: Path, body: bytes, encoding: str, **limits: int) -> list[list[str]]:
    (folder / "lab.csv").write_bytes(body)
    layout = Layout(format="csv", encoding=encoding, delimiter=";", limits=limits)
    return read_grids(folder, "lab.csv", layout)[0][0].rows


@pytest.mark.parametrize(
    ("encoding", "body"),
    [
        ("utf-8", TEXT.encode()),
        ("utf-8", codecs.BOM_UTF8 + TEXT.encode()),
        ("utf-8-sig", codecs.BOM_UTF8 + TEXT.encode()),
        ("utf-16", codecs.BOM_UTF16_LE + TEXT.encode("utf-16-le")),
        ("utf-16", codecs.BOM_UTF16_BE + TEXT.encode("utf-16-be")),
        ("utf-16-le", TEXT.encode("utf-16-le")),
        ("utf-16-be", TEXT.encode("utf-16-be")),
        ("utf-16-le", codecs.BOM_UTF16_LE + TEXT.encode("utf-16-le")),
        ("utf-16-be", codecs.BOM_UTF16_BE + TEXT.encode("utf-16-be")),
        ("cp1252", TEXT.encode("cp1252")),
        ("latin-1", TEXT.encode("latin-1")),
        ("iso-8859-15", TEXT.encode("iso-8859-15")),
    ],
)
def test_every_declared_encoding_gives_the_same_cells(tmp_path, encoding: str, body: bytes) -> None:
    assert csv_rows(tmp_path, body, encoding) == CELLS


def test_the_euro_tells_the_western_encodings_apart(tmp_path) -> None:
    assert csv_rows(tmp_path, b"\x80;\xa4", "cp1252") == [["€", "¤"]]
    assert csv_rows(tmp_path, b"\x80;\xa4", "iso-8859-15") == [["\x80", "€"]]
    with pytest.raises(SourceError, match="not cp1252 text as declared"):
        csv_rows(tmp_path, b"a;\x81", "cp1252")


@pytest.mark.parametrize("order", ["utf-16-le", "utf-16-be"])
def test_utf_16_without_its_mark_is_not_guessed(tmp_path, order: str) -> None:
    """Digits in the wrong byte order are Chinese characters, not an error."""
    with pytest.raises(SourceError, match=r'without a byte order mark.*Declare "utf-16-le" or "utf-16-be"|null char'):
        csv_rows(tmp_path, TEXT.encode(order), "utf-16")


@pytest.mark.parametrize(
    ("declared", "body"),
    [
        ("utf-16-le", codecs.BOM_UTF16_BE + TEXT.encode("utf-16-be")),
        ("utf-16-be", codecs.BOM_UTF16_LE + TEXT.encode("utf-16-le")),
    ],
)
def test_the_other_byte_order_than_declared_stops(tmp_path, declared: str, body: bytes) -> None:
    with pytest.raises(SourceError, match="as declared"):
        csv_rows(tmp_path, body, declared)


# ---- limits ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "most", "said"),
    [
        ("file_bytes", 5, r"has 18 bytes; at most 5 are read"),
        ("rows", 2, "goes on to row 3"),
        ("columns", 1, "has 2 columns"),
        ("cells", 5, "more than 5 cells"),
    ],
)
def test_text_beyond_a_limit_stops_and_names_it(tmp_path, name: str, most: int, said: str) -> None:
    body = b"id;CD3\nP1;5\nP2;60\n"
    assert len(csv_rows(tmp_path, body, "utf-8")) == 3
    with pytest.raises(SourceError, match=rf"lab\.csv: .*{said}.*layout\.limits\.{name}"):
        csv_rows(tmp_path, body, "utf-8", **{name: most})


def xlsx(path: Path) -> None:
    with xlsxwriter.Workbook(path) as book:
        page = book.add_worksheet("Data")
        page.write_row("A1", ["id", "CD3"])
        page.write_row("A2", ["P1", 5])
        page.write_row("A5", ["P2", 6])


def ods(path: Path) -> None:
    rows = [[CELL.text("id"), CELL.text("CD3")], [CELL.text("P1"), CELL.number("5")]]
    write_ods(path, content(sheet("Data", *rows, [CELL.blank()], [CELL.blank()], [CELL.text("P2"), CELL.number("6")])))


def sheet_rows(folder: Path, file: str, **limits: Any) -> list[list[str]]:
    layout = Layout(format=file.rpartition(".")[2], sheets=["Data"], limits=limits)
    return read_grids(folder, file, layout)[0][0].rows


@pytest.mark.parametrize("file", ["lab.xlsx", "lab.ods"])
def test_a_sheet_beyond_a_limit_stops_and_names_it(tmp_path, file: str) -> None:
    {"xlsx": xlsx, "ods": ods}[file.rpartition(".")[2]](tmp_path / file)
    assert sheet_rows(tmp_path, file) == [["id", "CD3"], ["P1", "5"], ["P2", "6"]]
    for limits in ({"file_bytes": 100}, {"unpacked_bytes": 500}, {"rows": 4}, {"columns": 1}, {"cells": 5}):
        with pytest.raises(SourceError, match=rf"layout\.limits\.{next(iter(limits))}"):
            sheet_rows(tmp_path, file, **limits)


@pytest.mark.parametrize("file", ["lab.xlsx", "lab.ods"])
def test_a_part_packed_beyond_reason_stops_before_it_is_unpacked(tmp_path, file: str) -> None:
    (xlsx if file.endswith("xlsx") else ods)(tmp_path / file)
    with zipfile.ZipFile(tmp_path / file, "a", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("filler.xml", b" " * 5_000_000)
    with pytest.raises(SourceError, match=r"has a part that unpacks [\d,]+-fold.*unpacked_ratio"):
        sheet_rows(tmp_path, file)
    assert len(sheet_rows(tmp_path, file, unpacked_ratio=2000)) == 3


@pytest.mark.parametrize("file", ["lab.xlsx", "lab.ods"])
def test_a_part_that_lies_about_its_size_stops(tmp_path, file: str) -> None:
    """The size in the directory is what the limits see; a part that is longer does not come out right."""
    (xlsx if file.endswith("xlsx") else ods)(tmp_path / file)
    part = "xl/worksheets/sheet1.xml" if file.endswith("xlsx") else "content.xml"
    body = bytearray((tmp_path / file).read_bytes())
    entry = body.rindex(part.encode()) - 46
    assert body[entry : entry + 4] == b"PK\x01\x02"
    body[entry + 24 : entry + 28] = (50).to_bytes(4, "little")
    (tmp_path / file).write_bytes(body)
    with pytest.raises(SourceError, match="not a readable"):
        sheet_rows(tmp_path, file)


def test_a_row_number_beyond_any_sheet_costs_nothing(tmp_path) -> None:
    """openpyxl's own ways would lay out every row up to it."""
    xlsx(tmp_path / "a.xlsx")
    with zipfile.ZipFile(tmp_path / "a.xlsx") as before, zipfile.ZipFile(tmp_path / "lab.xlsx", "w") as after:
        for name in before.namelist():
            body = before.read(name)
            after.writestr(name, body.replace(b'"A5"', b'"A900000000"').replace(b'r="5"', b'r="900000000"'))
    with pytest.raises(SourceError, match=r"goes on to row 900,000,000; .*layout\.limits\.rows"):
        sheet_rows(tmp_path, "lab.xlsx")


def test_an_archive_within_an_archive_is_not_opened(tmp_path) -> None:
    ods(tmp_path / "lab.ods")
    inner = io.BytesIO()
    with zipfile.ZipFile(inner, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("bomb", b" " * 50_000_000)
    with zipfile.ZipFile(tmp_path / "lab.ods", "a") as archive:
        archive.writestr("inner.zip", inner.getvalue())
    assert len(sheet_rows(tmp_path, "lab.ods")) == 3
