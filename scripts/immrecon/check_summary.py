"""The summary that `immrecon check` prints: plain text in columns, the same on a terminal and in a file."""

from collections.abc import Iterator, Sequence

import polars as pl

from immrecon.check import Checkup
from immrecon.quoting import ELLIPSIS, quoted, safe
from immrecon.vocabulary import Severity

FIRST = 10
"""So many queries of each kind are shown in full."""

_CLINICAL = {
    "rows": "n_read", "filtered": "n_filtered", "duplicate": "n_duplicate", "withheld": "n_withheld",
    "no result": "n_without_result", "used": "n_used", "participants": "n_participants",
}  # fmt: skip
_LABS = {
    "rows": "n_rows", "cells": "n_read", "values": "n_value", "censored": "n_censored", "not done": "n_not_done",
    "superseded": "n_superseded", "excluded": "n_excluded", "not requested": "n_not_requested", "queried": "n_queried",
    "blank": "n_blank",
}  # fmt: skip
_ORDER = {severity.value: position for position, severity in enumerate(Severity)}


def summary(checkup: Checkup) -> Iterator[str]:
    """Lines to print. Text from the files is made safe; headings stand alone, without indentation."""
    study = checkup.study
    yield f"Study {study.file.study}, cut {safe(study.file.data_cut)}, extracted {study.cut.extract_date or 'undated'}"
    if checkup.clinical:
        yield from ("", "Clinical extracts")
        yield from _clinical(checkup)
    if checkup.cells.height:
        yield from ("", "Lab exports")
        yield from _labs(checkup.cells)
    if checkup.queries.height:
        yield from _queries(checkup.queries)
    if checkup.unused:
        yield from ("", "Files that the configuration names nowhere", *(f"  {safe(name)}" for name in checkup.unused))
    yield ""


def _clinical(checkup: Checkup) -> Iterator[str]:
    rows = [
        [
            _file(count["file"], count["sheet"]),
            str(count["domain"]),
            *(f"{count[name]:,}" for name in _CLINICAL.values()),
        ]
        for count in checkup.clinical
    ]
    yield from _table(["file", "domain", *_CLINICAL], rows, left=2)


def _labs(cells: pl.DataFrame) -> Iterator[str]:
    rows = [
        [_file(row["source_file"], row["source_sheet"]), row["lab"], *(f"{row[name]:,}" for name in _LABS.values())]
        for row in cells.iter_rows(named=True)
    ]
    rows.append(["total", "", *(f"{cells[name].sum():,}" for name in _LABS.values())])
    yield from _table(["file", "lab", *_LABS], rows, left=2)
    yield "  cells = values + censored + not done + superseded + excluded + not requested + queried"


def _queries(queries: pl.DataFrame) -> Iterator[str]:
    kinds = (
        queries.group_by("QUDOM", "QUSEV", "QUKIND")
        .agg(pl.len().alias("n"), pl.col("QUNCELL").sum())
        .with_columns(RANK=pl.col("QUSEV").replace_strict(_ORDER))
        .sort("RANK", "QUDOM", "QUKIND")
    )
    yield from ("", f"Queries: {queries.height:,}")
    rows = [
        [row["QUSEV"], row["QUDOM"], row["QUKIND"], f"{row['n']:,}", f"{row['QUNCELL']:,}"]
        for row in kinds.iter_rows(named=True)
    ]
    yield from _table(["severity", "domain", "kind", "queries", "cells withheld"], rows, left=3)
    for row in kinds.iter_rows(named=True):
        found = queries.filter(QUDOM=row["QUDOM"], QUSEV=row["QUSEV"], QUKIND=row["QUKIND"])
        shown = f", the first {FIRST}" if row["n"] > FIRST else ""
        yield from ("", f"{row['QUSEV'].capitalize()} {row['QUKIND']} ({row['QUDOM']}): {row['n']:,}{shown}")
        for query in found.head(FIRST).iter_rows(named=True):
            yield from _query(query)


def _query(query: dict[str, str | int | None]) -> Iterator[str]:
    place = [_file(query["SRCFILE"], query["SRCSHEET"])]
    if query["SRCROW"] is not None:
        place.append(f"row {query['SRCROW']}")
    if query["SRCCOL"] is not None:
        place.append(f"column {quoted(str(query['SRCCOL']))}")
    value = "" if query["QUVAL"] is None else f": {quoted(str(query['QUVAL']))}"
    yield f"  {', '.join(place)}{value}"
    yield f"    {_shortened(str(query['QUMSG']))}"
    if query["QUHINT"]:
        yield f"    Hint: {_shortened(str(query['QUHINT']))}"


def _shortened(sentence: str, most: int = 240) -> str:
    """A sentence of ours; only what it repeats from a cell can make it long."""
    return safe(sentence if len(sentence) <= most else sentence[:most] + ELLIPSIS)


def _file(file: object, sheet: object) -> str:
    return safe(str(file)) + (f", sheet {quoted(str(sheet))}" if sheet else "")


def _table(heads: Sequence[str], rows: Sequence[Sequence[str]], *, left: int) -> Iterator[str]:
    """Columns side by side, the first `left` of words, the others of numbers."""
    widths = [max(map(len, column)) for column in zip(heads, *rows, strict=True)]
    for row in [heads, *rows]:
        cells = [
            cell.ljust(width) if position < left else cell.rjust(width)
            for position, (cell, width) in enumerate(zip(row, widths, strict=True))
        ]
        yield "  " + "  ".join(cells).rstrip()
