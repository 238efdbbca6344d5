"""Workbooks of three kinds as a person sees them; what is stored but not shown is not lost."""

import zipfile
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import openpyxl
import pytest
import xlsxwriter

from immrecon.config.source_format import Layout
from immrecon.errors import SourceError
from immrecon.ingest.readers import Grid, Table, read_grids, read_tables

from .ods_by_hand import CELL, content, sheet, write_ods
from .xls_by_hand import CLOCK, DAY, MINUTE, Formula, Number, Sheet, compound_file, write_xls


def grid(folder: Path, file: str, *sheets: str, **layout: Any) -> Grid:
    given = Layout(**{"format": file.rpartition(".")[2], "sheets": list(sheets or ["Data"]), **layout})
    return read_grids(folder, file, given)[0][0]


def table(folder: Path, file: str, **layout: Any) -> Table:
    return read_tables(folder, file, Layout(**{"format": file.rpartition(".")[2], "sheets": ["Data"], **layout}))[0]


# ---- xlsx -----------------------------------------------------------------------------------------------------------


def test_a_formula_without_a_stored_result_is_told_apart_from_a_blank_one(tmp_path) -> None:
    """openpyxl stores no results; Excel stores the empty text of =IF(A1="","",A1) as a text."""
    book = openpyxl.Workbook()
    book.active.title = "Data"
    book.active.append(["id", "CD3", "CD4"])
    book.active.append(["P1", "=5", "=D2/1000"])
    book.save(tmp_path / "lab.xlsx")
    read = table(tmp_path, "lab.xlsx")
    assert read.frame.rows() == [("P1", "=5 (not calculated)", "=D2/1000 (not calculated)", 2)]
    assert read.computed.rows() == [(2, "CD3"), (2, "CD4")]

    with xlsxwriter.Workbook(tmp_path / "blank.xlsx") as written:
        page = written.add_worksheet("Data")
        page.write_row("A1", ["id", "CD3"])
        page.write("A2", "P1")
        page.write_formula("B2", '=IF(D2="","",D2)', None, "")
    mark_as_text(tmp_path / "blank.xlsx", b'<c r="B2">')
    assert table(tmp_path, "blank.xlsx").frame.rows() == [("P1", "", 2)]


def mark_as_text(path: Path, cell: bytes) -> None:
    """As Excel writes the empty result of a formula."""
    with zipfile.ZipFile(path) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    sheet_part = "xl/worksheets/sheet1.xml"
    assert parts[sheet_part].count(cell) == 1
    parts[sheet_part] = parts[sheet_part].replace(cell, cell.replace(b">", b' t="str">'))
    with zipfile.ZipFile(path, "w") as archive:
        for name, body in parts.items():
            archive.writestr(name, body)


def test_durations_and_times_of_day(tmp_path) -> None:
    with xlsxwriter.Workbook(tmp_path / "lab.xlsx") as book:
        page = book.add_worksheet("Data")
        page.write_number("A1", 9.5 / 24, book.add_format({"num_format": "hh:mm"}))
        page.write_number("B1", 26.25 / 24, book.add_format({"num_format": "[h]:mm"}))
    assert grid(tmp_path, "lab.xlsx").rows == [["09:30:00", "26:15:00"]]


def test_signs_that_a_format_adds_to_a_number_are_read_with_it(tmp_path) -> None:
    shown = {
        "0%": "60%",
        "0.0%": "60%",
        '"<"0.0': "<0.6",
        "\\>0": ">0.6",
        '0.0"%"': "0.6%",
        "[<1]0.0;0": "0.6",
        '[<1]"<1";0': "<1",
        '[>1]\\<0;"≤"0.0': "≤0.6",
        '[<0.5]"<"0.0;0.0': "0.6",
        "0.00": "0.6",
    }
    with xlsxwriter.Workbook(tmp_path / "lab.xlsx") as book:
        page = book.add_worksheet("Data")
        for column, number_format in enumerate(shown):
            page.write_number(0, column, 0.6, book.add_format({"num_format": number_format}))
    assert grid(tmp_path, "lab.xlsx").rows == [list(shown.values())]


def test_numbers_stored_as_text_stay_text(tmp_path) -> None:
    with xlsxwriter.Workbook(tmp_path / "lab.xlsx") as book:
        book.add_worksheet("Data").write_row("A1", ["0012", "1,5", " 7"])
    assert grid(tmp_path, "lab.xlsx").rows == [["0012", "1,5", " 7"]]


def test_titles_repeated_headers_and_footers_of_a_sheet(tmp_path) -> None:
    with xlsxwriter.Workbook(tmp_path / "lab.xlsx") as book:
        page = book.add_worksheet("Data")
        for number, row in enumerate(
            [["Hospital"], [], ["id", "CD3"], ["P1", 5], ["id", "CD3"], ["P2", 6], ["Total", 2]]
        ):
            page.write_row(number, 0, row)
    read = table(tmp_path, "lab.xlsx", header_rows=[3], repeated_header=True, ignore_rows=["Total"])
    assert read.frame.rows() == [("P1", "5", 4), ("P2", "6", 6)]


def test_formatting_far_below_the_table_is_no_row(tmp_path) -> None:
    with xlsxwriter.Workbook(tmp_path / "lab.xlsx") as book:
        page = book.add_worksheet("Data")
        page.write_row("A1", ["id", "CD3"])
        page.write_blank("XFD1048576", None, book.add_format({"bold": True}))
    assert grid(tmp_path, "lab.xlsx").rows == [["id", "CD3"]]


def test_a_chart_has_no_cells(tmp_path) -> None:
    with xlsxwriter.Workbook(tmp_path / "lab.xlsx") as book:
        page = book.add_worksheet("Data")
        page.write_row("A1", [1, 2])
        chart = book.add_chart({"type": "line"})
        chart.add_series({"values": "=Data!$A$1:$B$1"})
        book.add_chartsheet("Chart").set_chart(chart)
    with pytest.raises(SourceError, match='"Chart" is a chart'):
        grid(tmp_path, "lab.xlsx", "Chart")


# ---- xls ------------------------------------------------------------------------------------------------------------

XLS = Sheet(
    "Data",
    {
        (0, 0): "Results of the flow laboratory",
        (2, 0): "Patiënt",
        (2, 1): "Day 14",
        (3, 1): "Datum",
        (3, 2): "CD3",
        (4, 0): "P1",
        (4, 1): Number(46085, DAY),
        (4, 2): Number(0.1 + 0.2),
        (4, 3): "1\u202f234",
        (5, 1): Number(46085 + 9.5 / 24, MINUTE),
        (5, 2): "#DIV/0!",
        (5, 3): True,
        (6, 0): Formula(12.0),
        (6, 1): Number(0.25, CLOCK),
        (6, 3): "#N/A",
    },
    merged=[(2, 2, 1, 2), (2, 3, 0, 0)],
)


@pytest.mark.parametrize(("since_1904", "year"), [(False, "2026-03-04"), (True, "2030-03-05")])
def test_an_xls_workbook_as_a_person_sees_it(tmp_path, since_1904: bool, year: str) -> None:
    """Error cells are what calamine alone would leave blank."""
    write_xls(tmp_path / "lab.xls", [XLS, Sheet("old", {}, hidden=True)], since_1904=since_1904)
    day = datetime(1904, 1, 1) if since_1904 else datetime(1899, 12, 30)
    assert f"{day + timedelta(days=46085):%Y-%m-%d}" == year
    read = grid(tmp_path, "lab.xls")
    assert read.numbers == [1, 3, 4, 5, 6, 7]
    assert read.rows[3:] == [
        ["P1", year, "0.3", "1\u202f234"],
        ["", f"{year} 09:30:00", "#DIV/0!", "TRUE"],
        ["12", "06:00:00", "", "#N/A"],
    ]
    assert (read.merged, read.computed) == (((3, 4, 0, 0), (3, 3, 1, 2)), {(7, 0)})
    heads = table(tmp_path, "lab.xls", header_rows=[3, 4]).heads
    assert heads == ["Patiënt", "Day 14 | Datum", "Day 14 | CD3"]


def test_numbers_of_an_xls_as_their_formats_show_them(tmp_path) -> None:
    """What a format adds is part of what is read; the number is the stored one."""
    own = ['"<"0', "0.0%", "[>99]0;0", '"≤"0;-0;"<"0', "0.00", '0" %"', '[<5]"<5";0']
    cells: dict[tuple[int, int], Any] = {(0, column): Number(0.6, form) for column, form in enumerate((9, 10, 0))}
    cells |= {(1, column): Number(60, form) for column, form in enumerate(own)}
    cells |= {(2, 0): Number(60, own[0], row_of=(7, 0.5)), (2, 3): Formula(60, own[0]), (2, 4): Number(0, own[3])}
    write_xls(tmp_path / "lab.xls", [Sheet("Data", cells)])
    assert [[cell for cell in row if cell] for row in grid(tmp_path, "lab.xls").rows] == [
        ["60%", "60%", "0.6"],
        ["<60", "6000%", "60", "≤60", "60", "60 %", "60"],
        ["<60", "<7", "<0.5", "<60", "<0"],
    ]


def test_hidden_sheets_of_an_xls_are_named(tmp_path) -> None:
    write_xls(tmp_path / "lab.xls", [XLS, Sheet("old", {(0, 0): "x"}, hidden=True)])
    layout = {"format": "xls", "sheets": ["Data"]}
    assert read_grids(tmp_path, "lab.xls", Layout(**layout))[1] == ["old"]
    assert read_grids(tmp_path, "lab.xls", Layout(**layout, sheets_ignored=["old"]))[1] == []
    with pytest.raises(SourceError, match=r'the sheet "Blad1" is missing\. Sheets present: "Data", "old"'):
        grid(tmp_path, "lab.xls", "Blad1")


def test_a_large_xls_spans_several_tables_of_sectors(tmp_path) -> None:
    cells: dict[tuple[int, int], Any] = {
        (row, column): Number(row * 10 + column) for row in range(3000) for column in range(3)
    }
    write_xls(tmp_path / "lab.xls", [Sheet("Data", cells)])
    assert grid(tmp_path, "lab.xls").rows[2999] == ["29990", "29991", "29992"]


def test_a_far_cell_does_not_fill_the_memory(tmp_path) -> None:
    write_xls(tmp_path / "lab.xls", [Sheet("Data", {(0, 0): "x", (65535, 255): "y"})])
    with pytest.raises(SourceError, match=r"more than 1,000,000 cells.*layout\.limits\.cells"):
        grid(tmp_path, "lab.xls", limits={"cells": 1_000_000})


@pytest.mark.parametrize(
    "damaged",
    [
        b"",
        b"<html><table><tr><td>1</td></tr></table></html>",
        b"PK\x03\x04 cut short",
        bytes.fromhex("d0cf11e0a1b11ae1") + bytes(504),
        compound_file("Workbook", b"no records"),
        compound_file("WordDocument", bytes(5000)),
    ],
)
def test_what_is_no_xls_stops(tmp_path, damaged: bytes) -> None:
    (tmp_path / "lab.xls").write_bytes(damaged)
    with pytest.raises(SourceError, match=r"lab\.xls: not a readable \.xls workbook"):
        grid(tmp_path, "lab.xls")


def test_any_cut_of_an_xls_stops_or_reads_the_same(tmp_path) -> None:
    write_xls(tmp_path / "whole.xls", [XLS])
    whole, bytes_whole = grid(tmp_path, "whole.xls").rows, (tmp_path / "whole.xls").read_bytes()
    outcomes = set()
    for end in range(0, len(bytes_whole), 97):
        (tmp_path / "lab.xls").write_bytes(bytes_whole[:end])
        try:
            outcomes.add(grid(tmp_path, "lab.xls").rows == whole)
        except SourceError:
            outcomes.add(None)
    assert outcomes <= {True, None}


# ---- ods ------------------------------------------------------------------------------------------------------------

ODS = sheet(
    "Data",
    [CELL.text("title", across=2, down=2), CELL.covered()],
    [CELL.covered(2)],
    "<table:table-header-rows>",
    [CELL.text("Patiënt"), CELL.text("CD3")],
    "</table:table-header-rows>",
    [CELL.blank(16384)],
    [
        CELL.number("0.30000000000000004", "0,3"),
        CELL.percentage("0.55"),
        CELL.date("2026-03-04"),
        CELL.date("2026-03-04T09:30:00"),
    ],
    [CELL.time("PT09H30M00S"), CELL.time("-PT26H15M00S"), CELL.truth("true"), CELL.error("#DIV/0!")],
    [
        CELL.number("2", formula="of:=1+1"),
        CELL.uncalculated("of:=[.A9]/2"),
        CELL.text("", formula='of:=""'),
        CELL.number("7", times=2),
    ],
    [CELL.raw('<text:p>a<text:s text:c="2"/>b<text:tab/>c <text:span>d</text:span></text:p><text:p>e</text:p>')],
    [CELL.raw("<office:annotation><text:p>a note</text:p></office:annotation><text:p>noted</text:p>")],
    [CELL.blank(16384)],
    times_last=1_048_560,
)


def test_an_ods_workbook_as_a_person_sees_it(tmp_path) -> None:
    write_ods(tmp_path / "lab.ods", content(ODS, sheet("old", [CELL.text("x")], hidden=True)))
    read = grid(tmp_path, "lab.ods")
    assert dict(zip(read.numbers, read.rows, strict=True)) == {
        1: ["title"],
        3: ["Patiënt", "CD3"],
        5: ["0.3", "55%", "2026-03-04", "2026-03-04 09:30:00"],
        6: ["09:30:00", "-26:15:00", "TRUE", "#DIV/0!"],
        7: ["2", "=[.A9]/2 (not calculated)", "", "7", "7"],
        8: ["a  b\tc d\ne"],
        9: ["noted"],
    }
    assert read.merged == ((1, 2, 0, 1),)
    assert {(7, 0), (7, 1)} <= read.computed
    layout = Layout(format="ods", sheets=["Data"], header_rows=[3])
    assert read_grids(tmp_path, "lab.ods", layout)[1] == ["old"]


def test_an_ods_that_was_indented_reads_the_same(tmp_path) -> None:
    write_ods(tmp_path / "a.ods", content(sheet("Data", [CELL.text("id"), CELL.number("1")])))
    write_ods(
        tmp_path / "b.ods",
        content(sheet("Data", [CELL.text("id"), CELL.number("1")])).replace("><table:", ">\n  <table:"),
    )
    assert grid(tmp_path, "a.ods").rows == grid(tmp_path, "b.ods").rows == [["id", "1"]]


def test_repeated_rows_are_all_there(tmp_path) -> None:
    write_ods(tmp_path / "a.ods", content(sheet("Data", [CELL.text("x")], [CELL.number("1")], times_last=3)))
    assert (grid(tmp_path, "a.ods").numbers, grid(tmp_path, "a.ods").rows) == (
        [1, 2, 3, 4],
        [["x"], ["1"], ["1"], ["1"]],
    )


@pytest.mark.parametrize(("rows", "columns"), [(1_048_576, 1), (1, 100_000), (50_000, 500)])
def test_cells_repeated_without_end_are_refused(tmp_path, rows: int, columns: int) -> None:
    write_ods(tmp_path / "a.ods", content(sheet("Data", [CELL.number("1", times=columns)], times_last=rows)))
    with pytest.raises(SourceError, match=r"a\.ods, sheet \"Data\": .*layout\.limits"):
        grid(tmp_path, "a.ods", limits={"rows": 100_000, "cells": 10_000_000})


@pytest.mark.parametrize(
    ("part", "body"),
    [
        ("content.xml", '<!DOCTYPE x [<!ENTITY a "aaaa">]>' + content(sheet("Data", [CELL.text("&a;")]))),
        ("content.xml", content(sheet("Data", [CELL.number("many")]))),
        ("content.xml", content(sheet("Data", [CELL.number("1", times=-1)]))),
        ("content.xml", "<unfinished"),
        ("other.xml", "<x/>"),
    ],
)
def test_what_is_no_ods_stops(tmp_path, part: str, body: str) -> None:
    with zipfile.ZipFile(tmp_path / "a.ods", "w") as archive:
        archive.writestr(part, body)
    with pytest.raises(SourceError, match=r"a\.ods: not a readable \.ods workbook"):
        grid(tmp_path, "a.ods")


def test_two_sheets_of_one_name_cannot_be_told_apart(tmp_path) -> None:
    write_ods(tmp_path / "a.ods", content(sheet("Data", [CELL.text("x")]), sheet("Data", [CELL.text("y")])))
    with pytest.raises(SourceError, match='two sheets are named "Data"'):
        grid(tmp_path, "a.ods")
