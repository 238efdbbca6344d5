"""One study in every kind of export: the draft, once answered, brings its results back."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from immrecon.ingest.lab import LabTables, harmonise_labs
from immrecon.ingest.propose import Draft, propose
from immrecon.vocabulary import USED_FATES

from .exports.common import Export
from .exports.truth import ANALYTES, NAMES, Result, participants, results
from .exports.writers import WRITERS
from .propose_cases import loaded

FEW = 8
"""Participants whose results are written."""
POINT, COMMA = {"numbers/decimal": ["."]}, {"numbers/decimal": [","]}
PER_UL = {f"analytes/{name}/unit": "/uL" for name in NAMES.values()}
ANSWERS: dict[str, dict[str, Any]] = {
    # What no file of whole numbers without units can say.
    "workbook_visits": PER_UL,
    "workbook_long": PER_UL,
    "visits_with_date_row": PER_UL | COMMA,
    "visits_with_dates_beside": PER_UL | POINT,
    "patient_blocks": PER_UL | POINT,
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


@pytest.mark.parametrize("write", WRITERS, ids=lambda writer: writer.__name__)
def test_the_draft_brings_the_truth_back(write: Callable[[Sequence[Result]], Export], tmp_path: Path) -> None:
    draft, export = study(write, tmp_path)
    tables = harmonised(tmp_path, draft, ANSWERS.get(write.__name__, {}))
    used = tables.lb.filter(pl.col("LBFATE").is_in([fate.value for fate in USED_FATES]))
    came_back = sorted(used.select("USUBJID", "LBTESTCD", "LBDT", "LBCMP", "LBSTRESN").rows())
    assert came_back == sorted(result.key for result in results(FEW) if result.per_ul is not None)
    assert tables.queries.filter(pl.col("QUSEV") == "error").is_empty()
    said = draft.suggested()
    assert (said["layout"]["format"], said["shape"]) == (export.dialect["layout"]["format"], export.dialect["shape"])
