"""The synthetic study in many dialects: it comes back equal to its truth, cell for cell, and no cell is lost."""

import csv
import io
import json
import re
import zipfile
from pathlib import Path

import openpyxl
import polars as pl
import pyreadstat
import pytest

from immrecon.config.base import build
from immrecon.config.dialect import Dialect
from immrecon.ingest.lab import harmonise_labs
from immrecon.vocabulary import USED_FATES, Fate

from .exports.common import Export
from .exports.truth import ANALYTES, participants, results
from .exports.writers import ALL_WRITERS


def harmonised(folder: Path, export: Export):
    (folder / export.file).write_bytes(export.content)
    lab = build(Dialect, export.dialect, Path("lab.yaml"))
    return harmonise_labs({lab.name: lab}, folder, participants(results()), ANALYTES, None, None)


def cells_by_another_reader(folder: Path, export: Export) -> int:
    """Result cells that are not blank, counted without the ingest: by other libraries, or by plain search."""
    text = export.content.decode(errors="replace")
    match export.file.rpartition(".")[2]:
        case "hl7":
            return sum(1 for line in text.split("\r") if line.startswith("OBX|") and line.split("|")[5])
        case "ndjson" | "json" if '"resourceType"' in text:
            return len(re.findall(r'"value(?:Quantity|String)":', text))
        case "json":
            rows = json.loads(text)["rows"]
        case "xpt":
            (folder / "copy.xpt").write_bytes(export.content)
            rows = pyreadstat.read_xport(folder / "copy.xpt", output_format="polars")[0].rows()
        case "ods":
            xml = zipfile.ZipFile(io.BytesIO(export.content)).read("content.xml").decode()
            found = re.findall("<table:table-row.*?</table:table-row>", xml, re.DOTALL)[export.first - 1 :]
            rows = [re.findall("<text:p>(.*?)</text:p>", row) for row in found]
        case "xlsx":
            page = openpyxl.load_workbook(io.BytesIO(export.content))["Data"]
            rows = [["" if cell is None else str(cell) for cell in row] for row in page.iter_rows(values_only=True)]
            rows = rows[export.first - 1 :]
        case _:
            layout = export.dialect["layout"]
            lines = io.StringIO(export.content.decode(layout["encoding"]).lstrip("\ufeff"))
            grid = list(csv.reader(lines, delimiter=layout["delimiter"]))
            rows = [
                row
                for row in grid[export.first - 1 :]
                if row != grid[export.first - 2] and not {"Drawn", "Test"} & set(row)
            ]
    return sum(1 for row in rows for c in export.results if c < len(row) and row[c].strip())


@pytest.mark.parametrize("write", ALL_WRITERS, ids=lambda writer: writer.__name__)
def test_comes_back_equal_to_the_truth(write, tmp_path):
    export = write(results())
    tables = harmonised(tmp_path, export)
    assert tables.queries.filter(pl.col("QUSEV") == "error").is_empty(), tables.queries["QUMSG"].to_list()[:5]
    used = tables.lb.filter(pl.col("LBFATE").is_in([fate.value for fate in USED_FATES]))
    came_back = sorted(used.select("USUBJID", "LBTESTCD", "LBDT", "LBCMP", "LBSTRESN").rows())
    assert came_back == sorted(result.key for result in results() if result.per_ul is not None)
    clotted = tables.lb.filter(pl.col("LBFATE") == Fate.NOT_DONE.value)
    assert clotted["LBREASND"].unique().to_list() == ["clotted"]
    assert clotted.height == sum(result.per_ul is None for result in results())


@pytest.mark.parametrize("write", ALL_WRITERS, ids=lambda writer: writer.__name__)
def test_every_cell_is_accounted_for(write, tmp_path):
    export = write(results())
    counted = harmonised(tmp_path, export).cells.select(pl.col(pl.Int64).sum()).row(0, named=True)
    fates = ["n_value", "n_censored", "n_not_done", "n_superseded", "n_excluded", "n_queried", "n_not_requested"]
    assert sum(counted[name] for name in fates) == counted["n_read"] == cells_by_another_reader(tmp_path, export)
