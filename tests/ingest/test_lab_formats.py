"""One export in eight formats gives one harmonised table: the format is not what decides a number."""

import json
from collections.abc import Callable, Sequence
from pathlib import Path

import polars as pl
import pyreadstat
import pytest
import xlsxwriter

from immrecon.config.dialect import Dialect
from immrecon.ingest.lab import LabTables, harmonise_labs

from .lab_cases import ANALYTES, EXTRACTED, PLAIN, checks, dialect, participants
from .ods_by_hand import CELL, content, sheet, write_ods
from .sas_by_hand import UTF_8, Column, write_sas7bdat
from .xls_by_hand import Number, Sheet, write_xls

HEADS = [
    "id",
    "drawn",
    "received",
    "reported",
    "visit",
    "sample",
    "status",
    "test",
    "result",
    "unit",
    "code",
    "comment",
]
ROWS = [
    {"result": "0.3"},
    {"test": "CD3", "code": "", "result": "120"},
    {"test": "CD8", "code": "", "result": "<5", "comment": "hémolysé"},
    {"test": "ALC", "code": "", "result": "0.05", "unit": "x10^9/L", "sample": "A2", "drawn": "05/02/2026"},
    {"test": "CD3", "code": "", "result": "300 donneur", "sample": "A3", "drawn": "09/02/2026"},
    {"id": "S1-O02", "result": "12"},
    {"result": "", "sample": "A4"},
]
CELLS = [[{**PLAIN, **row}.get(head, "") for head in HEADS] for row in ROWS]


def numeric(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None


def as_csv(path: Path) -> None:
    path.write_text("\n".join(";".join(row) for row in [HEADS, *CELLS]) + "\n", encoding="utf-8")


def as_xlsx(path: Path) -> None:
    with xlsxwriter.Workbook(path, {"strings_to_numbers": True}) as book:
        page = book.add_worksheet("Data")
        for number, row in enumerate([HEADS, *CELLS]):
            page.write_row(number, 0, row)


def as_xls(path: Path) -> None:
    cells: dict[tuple[int, int], str | bool | Number] = {}
    for row, texts in enumerate([HEADS, *CELLS]):
        for column, text in enumerate(texts):
            value = numeric(text)
            if text:
                cells[row, column] = text if value is None else Number(value)
    write_xls(path, [Sheet("Data", dict(cells))])


def as_ods(path: Path) -> None:
    def cell(text: str) -> str:
        return CELL.text(text) if numeric(text) is None else CELL.number(text)

    write_ods(path, content(sheet("Data", *([cell(text) for text in row] for row in [HEADS, *CELLS]))))


def as_sas7bdat(path: Path) -> None:
    columns = [Column(head, 24) for head in HEADS]
    write_sas7bdat(path, columns, [[text.encode() for text in row] for row in CELLS], UTF_8)


def as_xpt(path: Path, version: int) -> None:
    frame = pl.DataFrame(dict(zip(HEADS, map(list, zip(*CELLS, strict=True)), strict=True)))
    pyreadstat.write_xport(frame, path, file_format_version=version)


def _about() -> dict[str, object]:
    columns = [{"itemOID": f"IT.{head}", "name": head, "label": head, "dataType": "string"} for head in HEADS]
    return {"datasetJSONVersion": "1.1.0", "records": len(CELLS), "name": "LB", "columns": columns}


def _values(row: Sequence[str]) -> list[str | float | None]:
    return [text or None if numeric(text) is None else json.loads(text) for text in row]


def as_json(path: Path) -> None:
    path.write_text(json.dumps({**_about(), "rows": [_values(row) for row in CELLS]}))


def as_lines(path: Path) -> None:
    path.write_text("\n".join(json.dumps(part) for part in [_about(), *map(_values, CELLS)]))


FORMATS: dict[str, tuple[dict[str, object], Callable[[Path], None]]] = {
    "lab.xlsx": ({"format": "xlsx", "sheets": ["Data"]}, as_xlsx),
    "lab.xls": ({"format": "xls", "sheets": ["Data"]}, as_xls),
    "lab.ods": ({"format": "ods", "sheets": ["Data"]}, as_ods),
    "lab.sas7bdat": ({"format": "sas7bdat"}, as_sas7bdat),
    "lab5.xpt": ({"format": "xpt", "encoding": "utf-8"}, lambda path: as_xpt(path, 5)),
    "lab8.xpt": ({"format": "xpt", "encoding": "utf-8"}, lambda path: as_xpt(path, 8)),
    "lab.json": ({"format": "dataset_json"}, as_json),
    "lab.ndjson": ({"format": "dataset_json"}, as_lines),
}


def harmonised(folder: Path, file: str, layout: dict[str, object], write: Callable[[Path], None]) -> LabTables:
    write(folder / file)
    lab: Dialect = dialect(files=[file], layout=layout, numbers={"decimal": ["."], "flags": ["H"]})
    return harmonise_labs({"lab": lab}, folder, participants(), ANALYTES, EXTRACTED, None)


def told(tables: LabTables, first_row: int) -> list[object]:
    """Everything but the names of file and sheet, with rows counted from the first of the data."""
    without = ["SRCFILE", "SRCSHEET"]
    lb = tables.lb.drop(without).with_columns(pl.col("SRCROW") - first_row)
    queries = tables.queries.drop([*without, "QUSEQ"]).with_columns(pl.col("SRCROW") - first_row)
    return [lb.rows(), sorted(map(repr, queries.rows())), tables.cells.drop("source_file", "source_sheet").rows()]


@pytest.mark.parametrize("file", FORMATS)
def test_the_format_does_not_decide_a_number(tmp_path, file: str) -> None:
    text = {"format": "csv", "encoding": "utf-8", "delimiter": ";"}
    expected = harmonised(tmp_path, "lab.csv", text, as_csv)
    assert expected.lb.height == 4
    assert expected.queries.filter(QUSEV="error").height == 2
    layout, write = FORMATS[file]
    data_set = layout["format"] in ("sas7bdat", "xpt", "dataset_json")
    assert told(harmonised(tmp_path, file, layout, write), 1 if data_set else 2) == told(expected, 2)


def write_results(path: Path, results: Sequence[float | str]) -> None:
    """A sheet of one long export, each result of another day, as a number or as a text."""
    rows = [
        [{**PLAIN, "drawn": f"{day:02}/02/2026", "sample": f"A{day}", "result": result}.get(head, "") for head in HEADS]
        for day, result in enumerate(results, 1)
    ]
    if path.suffix == ".xlsx":
        with xlsxwriter.Workbook(path) as book:
            page = book.add_worksheet("Data")
            for number, row in enumerate([HEADS, *rows]):
                page.write_row(number, 0, row)
    elif path.suffix == ".xls":
        cells = {
            (row, column): text if isinstance(text, str) else Number(text)
            for row, texts in enumerate([HEADS, *rows])
            for column, text in enumerate(texts)
            if text != ""
        }
        write_xls(path, [Sheet("Data", dict(cells))])
    else:
        made = ([CELL.text(x) if isinstance(x, str) else CELL.number(str(x)) for x in row] for row in [HEADS, *rows])
        write_ods(path, content(sheet("Data", *made)))


@pytest.mark.parametrize("file", ["lab.xlsx", "lab.xls", "lab.ods"])
def test_number_cells_are_written_with_the_first_decimal_sign_of_the_dialect(tmp_path: Path, file: str) -> None:
    """So text cells can have the other sign between thousands."""
    write_results(tmp_path / file, [0.5, 120.25, "1.234", "60,5", 7])
    layout = {"format": file.removeprefix("lab."), "sheets": ["Data"]}
    for decimal, thousands, numbers, texts in (
        ([","], ["."], [0.5, 120.25, 1234, 60.5, 7], ["0,5", "120,25", "1.234", "60,5", "7"]),
        ([".", ","], [], [0.5, 120.25, 1.234, 60.5, 7], ["0.5", "120.25", "1.234", "60,5", "7"]),
    ):
        signs = {"decimal": decimal, "thousands": thousands}
        analytes = {"CD4": {"code": "CD4", "unit": None}}
        given = {"analytes": analytes, "numbers": signs, "checks": checks(), "exclude_where": []}
        lab = dialect(files=[file], layout=layout, **given)
        found = harmonise_labs({"lab": lab}, tmp_path, participants(), ANALYTES, EXTRACTED, None)
        assert found.queries.is_empty(), found.queries["QUMSG"].to_list()
        assert found.lb.sort("SRCROW").select("LBSTRESN", "LBORRES").rows() == list(zip(numbers, texts, strict=True))
