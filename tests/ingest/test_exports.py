"""The synthetic study in many dialects: it comes back equal to its truth, cell for cell, and no cell is lost."""

import csv
import io
from pathlib import Path

import openpyxl
import polars as pl
import pytest

from immrecon.config.base import build
from immrecon.config.dialect import Dialect
from immrecon.ingest.lab import harmonise_labs
from immrecon.vocabulary import USED_FATES, Fate

from .exports.truth import ANALYTES, participants, results
from .exports.writers import WRITERS, Export


def harmonised(folder: Path, export: Export):
    (folder / export.file).write_bytes(export.content)
    lab = build(Dialect, export.dialect, Path("lab.yaml"))
    return harmonise_labs({lab.name: lab}, folder, participants(results()), ANALYTES, None, None)


def cells_by_another_reader(export: Export) -> int:
    """Result cells that are not blank, counted without the ingest."""
    if export.file.endswith(".xlsx"):
        page = openpyxl.load_workbook(io.BytesIO(export.content))["Data"]
        rows = [["" if cell is None else str(cell) for cell in row] for row in page.iter_rows(values_only=True)]
    else:
        layout = export.dialect["layout"]
        text = export.content.decode(layout["encoding"])
        rows = list(csv.reader(io.StringIO(text.lstrip("\ufeff")), delimiter=layout["delimiter"]))
    header = rows[export.first - 2]
    body = [row for row in rows[export.first - 1 :] if row != header]
    return sum(1 for row in body for c in export.results if c < len(row) and row[c].strip())


@pytest.mark.parametrize("write", WRITERS, ids=lambda writer: writer.__name__)
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


@pytest.mark.parametrize("write", WRITERS, ids=lambda writer: writer.__name__)
def test_every_cell_is_accounted_for(write, tmp_path):
    export = write(results())
    counted = harmonised(tmp_path, export).cells.select(pl.col(pl.Int64).sum()).row(0, named=True)
    fates = ["n_value", "n_censored", "n_not_done", "n_superseded", "n_excluded", "n_queried", "n_not_requested"]
    assert sum(counted[name] for name in fates) == counted["n_read"] == cells_by_another_reader(export)
