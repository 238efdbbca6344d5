"""Numbers with what their cells show beside them, and footnotes that are no digits, in workbooks of three kinds."""

import zipfile
from collections.abc import Sequence
from pathlib import Path

import pytest
import xlsxwriter

from immrecon.config.source_format import Layout
from immrecon.ingest.readers import read_grids, rich_strings
from immrecon.ingest.readers.cells import NumberCells
from immrecon.ingest.readers.number_formats import number_text, says_more
from immrecon.ingest.readers.raised import joined
from immrecon.ingest.readers.shown_numbers import as_shown

from .ods_by_hand import CELL, content, sheet, write_ods
from .xls_by_hand import DAY, Number, Sheet, write_xls

SHOWN: list[tuple[float, str, str, str]] = [
    (0.05, '0.00" G/L"', "0.05 G/L", "0,05 G/L"),
    (0.05, '0.0" G/L"', "0.05 G/L", "0,1 G/L"),
    (0, '0;-0;"n.d."', "n.d.", "n.d."),
    (7, '0;-0;"n.d."', "7", "7"),
    (12, '0.00" %"', "12 %", "12,00 %"),
    (12, '"ca. "0', "ca. 12", "ca. 12"),
    (12, "0.0\\*", "12*", "12,0*"),
    (12, '0"+"', "12+", "12+"),
    (3, '[<5]"<5";0', "<5", "<5"),
    (3, '[<5]"below 5";0', "below 5", "below 5"),
    (700, '[<5]"<5";[>100]">100";0', ">100", ">100"),
    (2, '0.00" x10^9/L"', "2 x10^9/L", "2,00 x10^9/L"),
    (-3, '0;-0" G/L"', "-3 G/L", "-3 G/L"),
    (1234.5, '#,##0.0" G/L"', "1234.5 G/L", "1.234,5 G/L"),
]
"""A number, its format, what is read, and what a spreadsheet in German shows."""

PLAIN = (
    "General", "@", "0.00", "000", "#,##0", "#\\ ##0", "#'##0", "0.00E+00", "# ?/?", "# ?/8", "[Red]0;[Blue]-0", "0;@",
    "[$-409]0.0", "[$€-407]\\ 0.00", '#,##0.00\\ "€"', "+0;-0", ";;;", "0_)", "* 0", "[<5]0.00;0", "[>5]0;0.00",
    '_-* #,##0.00_-;\\-* #,##0.00_-;_-* "-"??_-;_-@_-', '_(* #,##0_);_(* \\(#,##0\\);_(* "-"_);_(@_)',
)  # fmt: skip


def cells(folder: Path, file: str) -> list[str]:
    layout = Layout(format=file.rpartition(".")[2], sheets=["Data"])
    return [cell for row in read_grids(folder, file, layout)[0][0].rows for cell in row]


def write_numbers(path: Path, numbers: Sequence[tuple[float, str]]) -> None:
    with xlsxwriter.Workbook(path) as book:
        page = book.add_worksheet("Data")
        for column, (value, shown_as) in enumerate(numbers):
            page.write_number(0, column, value, book.add_format({"num_format": shown_as}))


# ---- formats --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("shown_as", PLAIN)
def test_how_the_digits_are_written_is_no_part_of_what_is_read(shown_as: str) -> None:
    assert [number_text(value, shown_as) for value in (1234.5, 0, -3)] == ["1234.5", "0", "-3"]


@pytest.mark.parametrize(
    ("shown_as", "text"),
    [
        ("0.0,", "1234 (shown in thousands)"),
        ('#,##0.0,,"M"', "1234 (shown in millions)"),
        ("0,.0", "1234 (shown in thousands)"),
        ('0"000"', '1234 (shown with "000")'),
        ('0" 000"', '1234 (shown with "000")'),
        ('0"E3"', '1234 (shown with "E3")'),
        ('0".5"', '1234 (shown with ".5")'),
        ('"<1"0', '1234 (shown with "<1")'),
        ('0","00', '1234 (shown with ",")'),
        ('"5"', '1234 (shown as "5")'),
        ("(0)", "(1234)"),
        ("0" * 256, "1234 (its format is too long to be read)"),
    ],
)
def test_no_other_number_than_the_stored_one_can_be_read(shown_as: str, text: str) -> None:
    assert says_more(shown_as)
    assert number_text(1234, shown_as) == text


def test_a_format_of_dates_adds_nothing_to_a_number() -> None:
    assert not any(says_more(shown_as) for shown_as in ("dd/mm/yyyy", "yyyy\\-mm\\-dd;@", "[h]:mm", 'd" of "mmmm'))


# ---- workbooks ------------------------------------------------------------------------------------------------------


def test_an_xlsx_reads_what_a_format_shows_beside_a_number(tmp_path) -> None:
    write_numbers(tmp_path / "lab.xlsx", [(value, shown_as) for value, shown_as, _, _ in SHOWN])
    assert cells(tmp_path, "lab.xlsx") == [text for _, _, text, _ in SHOWN]


def test_an_xls_reads_what_a_format_shows_beside_a_number(tmp_path) -> None:
    numbers = {(0, column): Number(value, shown_as) for column, (value, shown_as, _, _) in enumerate(SHOWN)}
    write_xls(tmp_path / "lab.xls", [Sheet("Data", {**numbers, (0, len(SHOWN)): Number(46085, DAY)})])
    assert cells(tmp_path, "lab.xls") == [*(text for _, _, text, _ in SHOWN), "2026-03-04"]


def test_an_ods_reads_what_a_cell_shows_beside_a_number(tmp_path) -> None:
    row = [CELL.number(str(value), shown.replace("<", "&lt;")) for value, _, _, shown in SHOWN]
    write_ods(tmp_path / "lab.ods", content(sheet("Data", row)))
    assert cells(tmp_path, "lab.ods") == [text for _, _, text, _ in SHOWN]


@pytest.mark.parametrize(
    ("value", "shown", "text"),
    [
        ("5", "&lt;5", "<5"),
        ("2000", "&gt; 2.000", "> 2000"),
        ("0.051", "0,05", "0.051"),
        ("1234.5678", "1.234,57", "1234.5678"),
        ("1234567", "1 234 567", "1234567"),
        ("1234567", "1,23E+06", "1234567"),
        ("1.5", "1 1/2", "1.5"),
        ("12", "###", "12"),
        ("0", "- €", "0"),
        ("-3", "(3,00 €)", "-3"),
        ("1234", "1,2", '1234 (shown as "1,2")'),
        ("12000", "12", '12000 (shown as "12")'),
        ("12", "12 000", '12 (shown as "12 000")'),
        ("1234", "&lt;1,2", '1234 (shown as "<1,2")'),
        ("5", "x" * 300, "x" * 300),
    ],
)
def test_the_digits_of_an_ods_are_the_stored_ones(tmp_path, value: str, shown: str, text: str) -> None:
    write_ods(tmp_path / "lab.ods", content(sheet("Data", [CELL.number(value, shown)])))
    assert cells(tmp_path, "lab.ods") == [text]


def test_per_cent_of_an_ods_once(tmp_path) -> None:
    shown = {"55,0 %": "55%", "55%": "55%", "ca. 55 %": "ca. 55%", "54 %": '55% (shown as "54")'}
    kind = 'office:value-type="percentage" office:value="0.55"'
    row = [CELL.raw(f"<text:p>{text}</text:p>", kind) for text in shown]
    write_ods(tmp_path / "lab.ods", content(sheet("Data", row)))
    assert cells(tmp_path, "lab.ods") == list(shown.values())


# ---- raised text ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("runs", "text"),
    [
        ([("50", False), ("1", True)], "50^1"),
        ([("5", False), ("0", False), ("", True), ("1", False)], "501"),
        ([("1", True), ("50", False)], "1^50"),
        ([("50", False), ("E3", True)], "50^E3"),
        ([("x10", False), ("9", True), ("/L", False)], "x10^9/L"),
        ([("CD4", False), ("+", True), (" T", False)], "CD4+ T"),
        ([("CO", False), ("2", True)], "CO2"),
        ([("50", False), ("a", True)], "50a"),
    ],
)
def test_raised_digits_stand_apart_from_those_beside_them(runs: list[tuple[str, bool]], text: str) -> None:
    assert joined(runs) == text


@pytest.mark.parametrize("inline", [False, True])
def test_a_footnote_in_an_xlsx_is_no_digit(tmp_path, inline: bool) -> None:
    with xlsxwriter.Workbook(tmp_path / "lab.xlsx") as book:
        page = book.add_worksheet("Data")
        bold, raised, lowered = (book.add_format(how) for how in ({"bold": 1}, {"font_script": 1}, {"font_script": 2}))
        page.write_string("A1", "id")
        page.write_rich_string("B1", bold, "50", raised, "1")
        page.write_rich_string("C1", bold, "5", "0")
        page.write_rich_string("D1", "50", lowered, "2", " cells")
        page.write_string("E1", "last")
    if inline:
        move_strings_into_the_sheet(tmp_path / "lab.xlsx")
    assert cells(tmp_path, "lab.xlsx") == ["id", "50^1", "50", "50^2 cells", "last"]


def move_strings_into_the_sheet(path: Path) -> None:
    """As programs write that keep no table of strings."""
    with zipfile.ZipFile(path) as archive:
        parts = {name: archive.read(name).decode() for name in archive.namelist()}
    strings = [part.partition("</si>")[0] for part in parts["xl/sharedStrings.xml"].split("<si>")[1:]]
    page = parts["xl/worksheets/sheet1.xml"].replace('t="s"', 't="inlineStr"')
    for number, text in enumerate(strings):
        assert f"<v>{number}</v>" in page
        page = page.replace(f"<v>{number}</v>", f"<is>{text}</is>")
    parts["xl/worksheets/sheet1.xml"] = page
    with zipfile.ZipFile(path, "w") as archive:
        for name, body in parts.items():
            archive.writestr(name, body)


def test_a_raised_string_is_found_wherever_it_is_cut(tmp_path, monkeypatch) -> None:
    with xlsxwriter.Workbook(tmp_path / "lab.xlsx") as book:
        book.add_worksheet("Data").write_rich_string("A1", "50", book.add_format({"font_script": 1}), "1")
    for size in range(20, 40):
        monkeypatch.setattr(rich_strings, "_PIECE", size)
        assert cells(tmp_path, "lab.xlsx") == ["50^1"]


def test_a_footnote_in_an_ods_is_no_digit(tmp_path) -> None:
    shown = {
        '50<text:span text:style-name="raised">1</text:span>': "50^1",
        "50<text:span>1</text:span>": "50^1",
        '5<text:span text:style-name="bold">0</text:span>': "50",
        '50<text:span text:style-name="raised"><text:span text:style-name="bold">1</text:span></text:span>': "50^1",
        'CD4<text:span text:style-name="raised">+</text:span>': "CD4+",
    }
    row = [CELL.raw(f"<text:p>{text}</text:p>", 'office:value-type="string"') for text in shown]
    write_ods(tmp_path / "lab.ods", content(sheet("Data", row)))
    assert cells(tmp_path, "lab.ods") == list(shown.values())


@pytest.mark.parametrize(
    ("value", "shown_as", "read"),
    [
        (50, '[<5]"<5";[>100]">100"', "50"),
        (3, '[<5]"<5";[>100]">100"', "<5"),
        (120, '[<5]"<5";[>100]">100"', ">100"),
        (7, '[<5]"<5"', "7"),
        (7, '[=0]"n.d."', "7"),
        (0.5, '[>100]">"0', "0.5"),
    ],
)
def test_a_part_is_for_the_numbers_that_it_names(value: float, shown_as: str, read: str) -> None:
    assert number_text(value, shown_as) == read


@pytest.mark.parametrize(
    ("value", "shown", "read"),
    [
        (4.6, "<5", "<5"),  # shown in its place: the limit is 5
        (0.5, "<1", "<1"),
        (100.3, ">100", ">100"),
        (0.6, "<0,6", "<0.6"),
        (5, "<5", "<5"),
        (7, "<5", '7 (shown as "<5")'),
    ],
)
def test_a_limit_that_an_ods_shows_is_no_rounded_number(value: float, shown: str, read: str) -> None:
    assert as_shown(value, f"{value:g}", shown) == read


def test_of_clinical_workbooks_comparators_and_per_cent_alone_are_read_with_the_number(tmp_path: Path) -> None:
    plain = NumberCells(words=False)
    numbers = [(72.5, '0.0" kg"'), (1, '[=1]"male";[=2]"female"'), (0.95, "0%"), (60, '"<"0'), (3, '[<5]"<5";0')]
    write_numbers(tmp_path / "x.xlsx", numbers)
    read, _ = read_grids(tmp_path, "x.xlsx", Layout(format="xlsx", sheets=["Data"]), plain)
    assert read[0].rows == [["72.5", "1", "95%", "<60", "<5"]]
    shown = CELL.raw("<text:p>72,5 kg</text:p>", 'office:value-type="float" office:value="72.5"')
    write_ods(tmp_path / "x.ods", content(sheet("Data", [shown])))
    read, _ = read_grids(tmp_path, "x.ods", Layout(format="ods", sheets=["Data"]), plain)
    assert read[0].rows == [["72.5"]]
