"""Files as text: every cell keeps its text, and its row as a person counts it."""

import io
import re
import zipfile
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
import xlsxwriter

from immrecon.config.base import build
from immrecon.config.source_format import Layout
from immrecon.errors import ConfigError, SourceError
from immrecon.ingest.readers import Table, find_files, read_grids, read_tables
from immrecon.ingest.readers.large import table_parts


def csv_table(folder: Path, content: str | bytes, required: list[str] | None = None, **layout: Any) -> Table:
    (folder / "lab.csv").write_bytes(content if isinstance(content, bytes) else content.encode())
    given = {"format": "csv", "encoding": "utf-8", "delimiter": ";", **layout}
    return read_tables(folder, "lab.csv", Layout(**given), required or [])[0]


def rows(table: Table) -> list[tuple[Any, ...]]:
    return table.frame.rows()


def test_cells_are_text_and_rows_are_numbered(tmp_path) -> None:
    table = csv_table(tmp_path, "a;b\n01; 1,0\n\n02;<5\n")
    assert table.frame.columns == ["a", "b", "SRCROW"]
    assert rows(table) == [("01", " 1,0", 2), ("02", "<5", 4)]


def test_titles_repeated_headers_and_footers(tmp_path) -> None:
    content = "Hospital\nprinted today\n\na;b\n1;2\nPage 2/2;\na;b\n3;4\nTotal : 2;\n"
    table = csv_table(
        tmp_path, content, header_rows=[4], repeated_header=True, ignore_rows=[r"Page \d+/\d+", "Total : .*"]
    )
    assert rows(table) == [("1", "2", 5), ("3", "4", 8)]


def test_without_declaration_nothing_is_left_out(tmp_path) -> None:
    table = csv_table(tmp_path, "a;b\n1;2\na;b\nTotal;2\n")
    assert table.frame["SRCROW"].to_list() == [2, 3, 4]


@pytest.mark.parametrize("repeated_header", [True, False])
@pytest.mark.parametrize("read", [read_tables, lambda *given: list(table_parts(*given))], ids=["at once", "in parts"])
@pytest.mark.parametrize(
    ("again", "said"),
    [
        ("id;drawn;CD4 (/uL);CD3 (/uL);n", 'column 3 is "CD4 (/uL)" instead of "CD3 (/uL)"'),
        ("id;drawn;CD3 (G/L);CD4 (G/L);n", 'column 3 is "CD3 (G/L)" instead of "CD3 (/uL)"'),
        (";;CD4 (/uL);CD3 (/uL);", 'column 3 is "CD4 (/uL)" instead of "CD3 (/uL)"'),
    ],
)
def test_another_header_further_down_stops_the_file(
    tmp_path, again: str, said: str, read: Any, repeated_header: bool
) -> None:
    (tmp_path / "lab.csv").write_text(f"id;drawn;CD3 (/uL);CD4 (/uL);n\n1;x;100;50;\n{again}\n2;y;50;100;\n")
    layout = Layout(format="csv", encoding="utf-8", delimiter=";", repeated_header=repeated_header)
    with pytest.raises(SourceError, match=f"row 3 is a header unlike that in row 1: {re.escape(said)}"):
        read(tmp_path, "lab.csv", layout, [])


def test_a_row_that_is_declared_as_none_is_no_header(tmp_path) -> None:
    content = "id;drawn;CD3;CD4\n1;x;100;50\nlegend;CD3;T cells;CD4\n"
    with pytest.raises(SourceError, match=r"if it is no header, declare it in layout.ignore_rows"):
        csv_table(tmp_path, content.replace("legend", "CD4"))
    table = csv_table(tmp_path, content.replace("legend", "CD4"), ignore_rows=["CD4"])
    assert table.frame["SRCROW"].to_list() == [2]


@pytest.mark.parametrize("row", ["n;1;2", "a;x;;", ";1;n", "b;a;x;y;z", "a;n;", ";n;b;;", "A; N ;b;C;d"])
def test_a_row_with_a_word_of_the_header_is_a_row(tmp_path, row: str) -> None:
    table = csv_table(tmp_path, f"a;n;b;c;d\n1;2;3;4;5\n{row}\n", pad_short_rows=True)
    assert table.frame.height == 2


def test_quoted_line_breaks_count_as_lines(tmp_path) -> None:
    table = csv_table(tmp_path, 'a;b\n"1\n2";x\n3;y\n')
    assert rows(table) == [("1\n2", "x", 2), ("3", "y", 4)]


@pytest.mark.parametrize(
    ("encoding", "content"),
    [
        ("cp1252", "N°;é\n1;µ\n".encode("cp1252")),
        ("utf-8", b"\xef\xbb\xbf" + "N°;é\n1;µ\n".encode()),
        ("utf-16", "N°;é\r\n1;µ\r\n".encode("utf-16")),
        ("utf-16-le", "\ufeffN°;é\n1;µ\n".encode("utf-16-le")),
        ("latin-1", "N°;é\r1;µ\r".encode("latin-1")),
    ],
)
def test_declared_encodings(tmp_path, encoding: str, content: bytes) -> None:
    table = csv_table(tmp_path, content, encoding=encoding)
    assert (table.heads, rows(table)) == (["N°", "é"], [("1", "µ", 2)])


@pytest.mark.parametrize(
    ("encoding", "content", "hint"),
    [
        ("ascii", "é\n1\n".encode(), 'declare "utf-8"'),
        ("utf-8", "é\n1\n".encode("cp1252"), "cp1252"),
        ("utf-8", "a\n1\n".encode("utf-16"), "utf-16"),
        ("cp1252", "a;b\n1;2\n".encode("utf-16-le"), "null characters"),
        ("utf-9", b"a\n1\n", "not an encoding"),
        ("utf-8", b"PK\x03\x04\xff", "format xlsx"),
    ],
)
def test_another_encoding_stops_with_a_hint(tmp_path, encoding: str, content: bytes, hint: str) -> None:
    with pytest.raises(SourceError, match=hint):
        csv_table(tmp_path, content, encoding=encoding)


def test_utf8_read_as_windows_text_is_explained(tmp_path) -> None:
    with pytest.raises(SourceError, match="another encoding"):
        csv_table(tmp_path, "N° patient;x\n1;2\n".encode(), ["N° patient"], encoding="cp1252")


def test_an_unpaired_quote_names_its_line(tmp_path) -> None:
    with pytest.raises(SourceError, match=r"lab\.csv: the row that begins on line 3"):
        csv_table(tmp_path, 'a;b\n1;2\n3;"4\n5;6\n')
    assert rows(csv_table(tmp_path, 'a;b\n3;"4\n5;6\n', quote=None)) == [("3", '"4', 2), ("5", "6", 3)]


@pytest.mark.parametrize("content", ["", "\n\n", " ; \n"])
def test_an_empty_file_stops(tmp_path, content: str) -> None:
    with pytest.raises(SourceError, match="empty"):
        csv_table(tmp_path, content)


def test_a_header_beyond_the_end_stops(tmp_path) -> None:
    with pytest.raises(SourceError, match="no header in row 4; the file has 2 rows"):
        csv_table(tmp_path, "a;b\n1;2\n", header_rows=[4])


def test_a_blank_header_stops(tmp_path) -> None:
    with pytest.raises(SourceError, match="no header in row 2, which is blank"):
        csv_table(tmp_path, "a;b\n;\n1;2\n", header_rows=[2])


def test_a_missing_column_lists_those_found(tmp_path) -> None:
    with pytest.raises(SourceError, match=r'the declared column "c" is missing. Columns found: a, b'):
        csv_table(tmp_path, "a;b\n1;2\n", ["a", "c"])


def test_a_moved_header_is_pointed_at(tmp_path) -> None:
    with pytest.raises(SourceError, match=r"Row 3 has all columns: set header_rows to \[3\]"):
        csv_table(tmp_path, "title;\nmore;\na;b\n1;2\n", ["a", "b"])


def test_a_column_headed_twice_stops_only_where_it_is_needed(tmp_path) -> None:
    content = "a;b;b\n1;2;3\n"
    table = csv_table(tmp_path, content, ["a"])
    assert (table.repeated, table.heads) == (("b",), ["a", "b", "b (column 3)"])
    with pytest.raises(SourceError, match='"b" comes twice'):
        csv_table(tmp_path, content, ["b"])


def test_heads_are_compared_without_line_breaks(tmp_path) -> None:
    table = csv_table(tmp_path, '"CD4\n (/mm3)";"N\u00a0°"\n1;2\n')
    assert table.heads == ["CD4 (/mm3)", "N °"]


def test_ragged_rows_are_reported_not_cut_silently(tmp_path) -> None:
    table = csv_table(tmp_path, "a;b;c\n1;2;3\n1;2,5;x;y\n1;2\n1;2;3;;\n")
    assert table.ragged.rows() == [(3, 4), (4, 2)]
    assert table.frame.height == 4


def test_short_rows_are_padded_where_declared(tmp_path) -> None:
    table = csv_table(tmp_path, "a;b;c\n1;2\n1;2;3;4\n", pad_short_rows=True)
    assert rows(table)[0] == ("1", "2", "", 2)
    assert table.ragged.rows() == [(3, 4)]


def test_find_files(tmp_path) -> None:
    for name in ("labs/b.csv", "labs/a.csv", "other.txt"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("x")
    assert find_files(tmp_path, ["labs/*.csv", "labs/a.csv"]) == ["labs/a.csv", "labs/b.csv"]
    with pytest.raises(SourceError, match=r"no file is named 'c\.csv'. Present: labs/a\.csv"):
        find_files(tmp_path, ["c.csv"])


# ---- workbooks ------------------------------------------------------------------------------------------------------


def workbook(path: Path, *, since_1904: bool = False) -> None:
    """Merged heads in rows 3 and 4, an empty column A, an error, a formula, dates, text numbers, a hidden sheet."""
    with xlsxwriter.Workbook(path, {"date_1904": since_1904}) as book:
        day = book.add_format({"num_format": "dd-mm-yyyy"})
        minute = book.add_format({"num_format": 'dd "h" hh:mm'})
        sheet = book.add_worksheet("Data")
        sheet.write("B1", "title")
        sheet.merge_range("B3:B4", "Patient", None)
        sheet.merge_range("C3:E3", "Day 14", None)
        sheet.write_row("C4", ["Datum", "CD3", "CD4"])
        sheet.write("B5", "P1")
        sheet.write_datetime("C5", datetime(2026, 3, 4), day)
        sheet.write_number("D5", 0.1 + 0.2)
        sheet.write_string("E5", "1\u202f234")
        sheet.write_rich_string("B7", "P", book.add_format({"bold": True}), "2")
        sheet.write_datetime("C7", datetime(2026, 3, 4, 9, 30), minute)
        sheet.write_formula("D7", "=1/0", None, "#DIV/0!")
        sheet.write_formula("E7", "=D5+1", None, 12)
        sheet.write_boolean("E8", True)
        sheet.write_number("D8", 45000)
        book.add_worksheet("old").hide()
        book.add_worksheet("Info")


LAYOUT = {"format": "xlsx", "sheets": ["Data"], "header_rows": [3, 4]}


@pytest.mark.parametrize("since_1904", [False, True])
def test_a_workbook_as_a_person_sees_it(tmp_path, since_1904: bool) -> None:
    workbook(tmp_path / "lab.xlsx", since_1904=since_1904)
    table = read_tables(tmp_path, "lab.xlsx", Layout(**LAYOUT), ["Patient"])[0]
    assert table.heads == ["(column 1)", "Patient", "Day 14 | Datum", "Day 14 | CD3", "Day 14 | CD4"]
    assert rows(table) == [
        ("", "P1", "2026-03-04", "0.3", "1\u202f234", 5),
        ("", "P2", "2026-03-04 09:30:00", "#DIV/0!", "12", 7),
        ("", "", "", "45000", "TRUE", 8),
    ]
    assert table.computed.rows() == [(7, "Day 14 | CD3"), (7, "Day 14 | CD4")]


def test_heads_spread_until_the_next_where_cells_are_not_merged(tmp_path) -> None:
    table = csv_table(tmp_path, ";Day 1;;Day 2\nid;x;y;x\n1;2;3;4\n", header_rows=[1, 2], header_fill="forward")
    assert table.heads == ["id", "Day 1 | x", "Day 1 | y", "Day 2 | x"]
    plain = csv_table(tmp_path, ";Day 1;;Day 2\nid;x;y;x\n1;2;3;4\n", header_rows=[1, 2])
    assert plain.heads == ["id", "Day 1 | x", "y", "Day 2 | x"]


def test_sheets_that_nobody_declared_are_named(tmp_path) -> None:
    workbook(tmp_path / "lab.xlsx")
    assert read_grids(tmp_path, "lab.xlsx", Layout(**LAYOUT))[1] == ["old", "Info"]
    assert read_grids(tmp_path, "lab.xlsx", Layout(**LAYOUT, sheets_ignored=["old", "Info"]))[1] == []


def test_a_missing_sheet_lists_those_present(tmp_path) -> None:
    workbook(tmp_path / "lab.xlsx")
    with pytest.raises(SourceError, match=r'the sheet "Blad1" is missing\. Sheets present: "Data", "old", "Info"'):
        read_tables(tmp_path, "lab.xlsx", Layout(format="xlsx", sheets=["Blad1"]))


def _rewritten(source: Path, target: Path, part: str, old: bytes, new: bytes) -> None:
    with zipfile.ZipFile(source) as before, zipfile.ZipFile(target, "w") as after:
        for name in before.namelist():
            content = before.read(name)
            after.writestr(name, content.replace(old, new) if name == part else content)


def test_cells_without_references_follow_each_other(tmp_path) -> None:
    """Some writers leave out the optional r attributes of rows and cells."""
    with xlsxwriter.Workbook(tmp_path / "a.xlsx") as book:
        sheet = book.add_worksheet("Data")
        sheet.write_row("A1", [1, 2])
        sheet.write_row("A2", [3, 4])
    source, target = tmp_path / "a.xlsx", tmp_path / "b.xlsx"
    with zipfile.ZipFile(source) as before, zipfile.ZipFile(target, "w") as after:
        for name in before.namelist():
            content = before.read(name).decode()
            if name == "xl/worksheets/sheet1.xml":
                for reference in ("A1", "B1", "A2", "B2", "1", "2"):
                    content = content.replace(f' r="{reference}"', "")
            after.writestr(name, content)
    grids, _ = read_grids(tmp_path, "b.xlsx", Layout(format="xlsx", sheets=["Data"]))
    assert (grids[0].numbers, grids[0].rows) == ([1, 2], [["1", "2"], ["3", "4"]])


def test_a_document_type_is_refused(tmp_path) -> None:
    workbook(tmp_path / "a.xlsx")
    bomb = b'<!DOCTYPE x [<!ENTITY a "aaaa">]><worksheet'
    _rewritten(tmp_path / "a.xlsx", tmp_path / "b.xlsx", "xl/worksheets/sheet1.xml", b"<worksheet", bomb)
    with pytest.raises(SourceError, match=r"not a readable \.xlsx workbook"):
        read_grids(tmp_path, "b.xlsx", Layout(**LAYOUT))


@pytest.mark.parametrize("content", [b"", b"\xd0\xcf\x11\xe0 old excel", b"PK\x03\x04 cut short"])
def test_what_is_no_workbook_stops(tmp_path, content: bytes) -> None:
    (tmp_path / "lab.xlsx").write_bytes(content)
    with pytest.raises(SourceError, match=r"lab\.xlsx: not a readable \.xlsx workbook"):
        read_tables(tmp_path, "lab.xlsx", Layout(**LAYOUT))


def test_a_zip_of_something_else_stops(tmp_path) -> None:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("readme.txt", "x")
    (tmp_path / "lab.xlsx").write_bytes(buffer.getvalue())
    with pytest.raises(SourceError, match="not a readable"):
        read_tables(tmp_path, "lab.xlsx", Layout(**LAYOUT))


def test_missing_files_are_sentences(tmp_path) -> None:
    with pytest.raises(SourceError, match="cannot be read"):
        read_tables(tmp_path, "none.xlsx", Layout(**LAYOUT))
    with pytest.raises(SourceError, match="cannot be read"):
        read_tables(tmp_path, "none.csv", Layout(format="csv", encoding="utf-8", delimiter=";"))


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ({"format": "csv"}, "needs its encoding and delimiter"),
        ({"format": "csv", "encoding": "utf-8", "delimiter": ";", "sheets": ["a"]}, "has no sheets"),
        ({"format": "xlsx"}, "needs the sheets"),
        ({"format": "xlsx", "sheets": ["a"], "encoding": "utf-8"}, "no encoding"),
        ({"format": "xlsx", "sheets": ["a"], "header_rows": [2, 1]}, "ascend"),
        ({"format": "xlsx", "sheets": ["a"], "ignore_rows": ["("]}, "not a regular expression"),
    ],
)
def test_layouts_that_cannot_be_declared(tmp_path, content: dict[str, Any], said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        build(Layout, content, tmp_path / "lab.yaml")


def test_a_linked_file_is_read(tmp_path) -> None:
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / "export.csv").write_text("a\n1\n")
    (tmp_path / "cut").mkdir()
    (tmp_path / "cut" / "lab.csv").symlink_to(tmp_path / "elsewhere" / "export.csv")
    assert find_files(tmp_path / "cut", ["*.csv"]) == ["lab.csv"]
