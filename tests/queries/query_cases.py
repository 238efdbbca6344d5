"""Queries of small exports and extracts, and made-up logs."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import polars as pl

from immrecon.config.queries import QueriesSpec
from immrecon.contracts.harmonised import CELLS, DM, QUERIES_CLINICAL, QUERIES_LAB
from immrecon.queries.log import ids_csv, query_log

SPEC = QueriesSpec.model_validate(
    {
        "study": "s1",
        "data_cut": "one",
        "compared_with": None,
        "private_columns": [{"source": "lab", "column": "id"}, {"source": "dm.csv", "column": "born"}],
    }
)
LATER = SPEC.model_copy(update={"data_cut": "two", "compared_with": "one"})

PLAIN: dict[str, Any] = {
    "QUDOM": "LB", "SRCFILE": "lab.csv", "SRCSHEET": None, "SRCROW": 2, "SRCCOL": "result", "USUBJID": "S1-001",
    "QUVAL": "abc", "QUABOUT": "CD4|20000.0|A1|", "QUKIND": "value_unreadable", "QUSEV": "error",
    "QUMSG": '"abc" is no number.', "QUHINT": None, "QUNCELL": 1,
}  # fmt: skip


def queries(*changes: dict[str, Any]) -> pl.DataFrame:
    """Queries as PLAIN but for the changes."""
    rows = [{**PLAIN, **change, "QUSEQ": number} for number, change in enumerate(changes, start=1)]
    schema = {name: column.dtype for name, column in QUERIES_LAB.schema.columns().items()}
    return pl.DataFrame(rows, schema=schema)


def cells(*files: str, lab: str = "lab", n_queried: int = 0) -> pl.DataFrame:
    rows = [
        dict.fromkeys(CELLS.schema.column_names(), 0)
        | {"source_file": file, "source_sheet": "", "lab": lab, "n_read": n_queried, "n_queried": n_queried}
        for file in files or ("lab.csv",)
    ]
    return pl.DataFrame(rows, schema={name: column.dtype for name, column in CELLS.schema.columns().items()})


def participants(**sites: str | None) -> pl.DataFrame:
    """DM of participants with their sites; keys like S1_001."""
    sites = sites or {"S1_001": "01", "S1_002": "02"}
    rows = [{"USUBJID": name.replace("_", "-"), "SITEID": site} for name, site in sites.items()]
    return pl.DataFrame(rows, schema={name: column.dtype for name, column in DM.schema.columns().items()})


def log_of(
    frames: pl.DataFrame | Sequence[pl.DataFrame],
    accounts: pl.DataFrame | None = None,
    dm: pl.DataFrame | None = None,
    previous: Sequence[str] = (),
    spec: QueriesSpec = SPEC,
    unused_files: Sequence[str] = (),
) -> pl.DataFrame:
    frames = [frames] if isinstance(frames, pl.DataFrame) else list(frames)
    empty = QUERIES_CLINICAL.schema.create_empty()
    return query_log(
        [empty, *frames],
        cells() if accounts is None else accounts,
        participants() if dm is None else dm,
        previous,
        spec,
        unused_files,
    )


def ids(log: pl.DataFrame) -> list[str]:
    return log["QUID"].to_list()


def written(log: pl.DataFrame, folder: Path) -> list[str]:
    """The list of identifiers as a later cut is given it."""
    (folder / "ids.csv").write_text(ids_csv(log, SPEC))
    return [str(folder / "ids.csv")]
