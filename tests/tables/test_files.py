"""HTML and CSV: escaped, accessible, harmless in a spreadsheet, the same bytes each time."""

import csv
import io
import re
from dataclasses import fields, replace
from html.parser import HTMLParser
from pathlib import Path
from types import SimpleNamespace

import pytest

from immrecon.config.display import DisplaySpec
from immrecon.contracts.harmonised import CELLS
from immrecon.contracts.io import write
from immrecon.contracts.results import RESULTS
from immrecon.errors import SourceError
from immrecon.tables.csv import table_csv
from immrecon.tables.html import table_fragment, table_page
from immrecon.tables.model import Cell, Row, Table
from immrecon.tables.results import Results, read_results
from immrecon.tables.save import save_tables
from immrecon.tables.shells import build_tables

FORMULAS = ["=1+1", "+1+1", "-1+1", "@SUM(A1)", "\t=1", "\r=1", "＝1", '=cmd|"/c calc"!A1', "-", "+x"]
NUMBERS = ["-1", "+2.5", "-1.5e-16", "3", "0"]


class Reader(HTMLParser):
    """Tags with their attributes, checked for balance, and the text of each table row."""

    VOID = frozenset({"meta", "link", "br", "hr", "img", "input", "col"})

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


@pytest.fixture(scope="module")
def tables(run: Results, spec: DisplaySpec) -> dict[str, Table]:
    return build_tables(run, spec)


def with_text(table: Table, text: str) -> Table:
    """The table with `text` wherever data can stand."""
    rows = tuple(
        Row(tuple(Cell(text, title=text, marks=("a",)) for _ in row.cells), section=text) for row in table.rows[:2]
    )
    words = dict.fromkeys(("title", "population", "cutoff", "session", "draft"), text)
    return replace(table, rows=rows, footnotes=(text,), marked=(("a", text),), **words)


def test_pages_are_well_formed_and_accessible(tables: dict[str, Table]) -> None:
    for table in tables.values():
        reader = Reader()
        reader.feed(table_page(table))
        assert reader.open == []
        tags = [tag for tag, _ in reader.tags]
        assert tags.count("caption") == tags.count("table") == 1
        heads = [attributes for tag, attributes in reader.tags if tag == "th"]
        assert heads
        assert {attributes.get("scope") for attributes in heads} <= {"col", "colgroup", "row", "rowgroup"}
        assert all("scope" in attributes for attributes in heads)
        ids = [attributes["id"] for _, attributes in reader.tags if "id" in attributes]
        assert len(ids) == len(set(ids))


def test_every_row_spans_the_whole_width(tables: dict[str, Table]) -> None:
    for table in tables.values():
        body = re.search(r"<tbody>.*</tbody>", table_fragment(table), re.DOTALL)
        assert body
        for line in re.findall(r"<tr.*?</tr>", body.group(), re.DOTALL):
            spans = [int(span or 1) for span in re.findall(r'<t[hd][^>]*?(?:colspan="(\d+)")?>', line)]
            assert sum(spans) == len(table.column_names())


def test_pages_load_and_run_nothing(tables: dict[str, Table]) -> None:
    for table in tables.values():
        page = table_page(table)
        assert not re.search(r"https?://|url\(|<script|@import|<link|<img", page)


def test_hostile_text_is_escaped_everywhere(tables: dict[str, Table], hostile: str) -> None:
    page = table_page(with_text(tables["landmarks"], hostile))
    assert "<script" not in page
    assert page.count("&lt;script&gt;alert(&#34;x&#34;)&lt;/script&gt;") >= 10
    assert "مرحبا" in page
    assert "🧬" in page
    reader = Reader()
    reader.feed(page)
    assert reader.open == []
    quoted = table_page(with_text(tables["landmarks"], '" onmouseover="alert(1)'))
    reader = Reader()
    reader.feed(quoted)
    assert not any(name.startswith("on") for _, attributes in reader.tags for name in attributes)


def test_data_of_the_run_reach_the_page_escaped(tables: dict[str, Table], hostile: str) -> None:
    for stem in ("adverse_events", "queries", "cells"):
        page = table_page(tables[stem])
        assert "<script" not in page
        assert "<b>1</b>" not in page
    assert "Panel &lt;b&gt;1&lt;/b&gt;" in table_page(tables["cells"])


@pytest.mark.parametrize("text", FORMULAS)
def test_formulas_are_disarmed_in_csv(tables: dict[str, Table], text: str) -> None:
    rows = list(csv.reader(io.StringIO(table_csv(with_text(tables["queries"], text)), newline="")))
    for row in rows[1:]:
        assert all(not cell.startswith(("=", "+", "-", "@", "\t", "\r", "＝")) for cell in row)
        assert "'" + text.replace("\r", " ") in row


@pytest.mark.parametrize("text", NUMBERS)
def test_plain_numbers_stay_numbers_in_csv(tables: dict[str, Table], text: str) -> None:
    table = tables["queries"]
    rows = (Row(tuple(Cell(text) for _ in table.rows[0].cells)),)
    lines = list(csv.reader(io.StringIO(table_csv(replace(table, rows=rows)))))
    assert lines[1][:3] == [text] * 3


def test_csv_is_rectangular_and_complete(tables: dict[str, Table]) -> None:
    for table in tables.values():
        header, *rows = list(csv.reader(io.StringIO(table_csv(table))))
        assert len(rows) == len(table.rows)
        assert {len(row) for row in rows} == {len(header)}
        assert len(set(header)) == len(header)
        assert {row[header.index("Data cut-off")] for row in rows} == {table.cutoff}
        assert {row[header.index("Population")] for row in rows} == {table.population}


def test_csv_rows_carry_repeated_labels_and_their_notes(tables: dict[str, Table]) -> None:
    header, *rows = list(csv.reader(io.StringIO(table_csv(tables["landmarks"]))))
    assert all(row[header.index("Group or dose level")] for row in rows)
    noted = [row for row in rows if any("[a]" in cell for cell in row[:8])]
    assert noted
    assert all(row[header.index("Notes of the row")].startswith("[a] ") for row in noted)


def test_empty_tables_say_why_in_both_formats(empty_run: Results, spec: DisplaySpec) -> None:
    for table in build_tables(empty_run, spec).values():
        assert table.note in table_page(table)
        header, row = list(csv.reader(io.StringIO(table_csv(table))))
        assert row[header.index("Notes of the row")] == table.note


def test_saving_twice_gives_the_same_bytes(run: Results, spec: DisplaySpec, tmp_path: Path) -> None:
    for name in ("one", "two"):
        save_tables(build_tables(run, spec), [tmp_path / name / "any.csv"])
    names = sorted(path.name for path in (tmp_path / "one").iterdir())
    assert names == sorted(f"{stem}.{kind}" for stem in build_tables(run, spec) for kind in ("csv", "html"))
    for name in names:
        assert (tmp_path / "one" / name).read_bytes() == (tmp_path / "two" / name).read_bytes()


def test_results_are_read_by_name(run: Results, tmp_path: Path) -> None:
    paths = {}
    for contract in (*RESULTS, CELLS):
        paths[contract.name] = str(tmp_path / f"{contract.name}.parquet")
        write(contract, getattr(run, contract.name), paths[contract.name])
    again = read_results(SimpleNamespace(**paths))
    for field in fields(Results):
        assert getattr(again, field.name).equals(getattr(run, field.name)), field.name
    Path(paths["curves"]).unlink()
    with pytest.raises(SourceError, match="no such file"):
        read_results(SimpleNamespace(**paths))


def test_no_value_looks_like_a_date_to_a_spreadsheet(tables: dict[str, Table]) -> None:
    for table in tables.values():
        for row in table.rows:
            assert not any(re.fullmatch(r"\d+\s*[/-]\s*\d+", cell.text) for cell in row.cells)
