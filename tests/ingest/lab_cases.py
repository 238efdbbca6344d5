"""A laboratory of a few lines of text, and the participants whose samples it measures."""

from datetime import date
from pathlib import Path
from typing import Any

import polars as pl
import yaml

from immrecon.config.base import build
from immrecon.config.dialect import Dialect
from immrecon.config.study import Analyte
from immrecon.ingest.lab import LabTables, harmonise_labs

EXTRACTED = date(2026, 4, 12)
CUTOFF = date(2026, 3, 31)
PEOPLE = ("S1-001", "S1-002", "S1-003")
CODES = {"CD3": "/uL", "CD4": "/uL", "CD8": "/uL", "ALC": "/uL", "CD4PCT": "%", "CD8PCT": "%", "CD4CD8": "ratio"}
ANALYTES = [
    Analyte(code=code, label=code, unit=unit, summarised=False, drawn=False, axis_floor=1.0)
    for code, unit in CODES.items()
]

LONG = r"""
name: lab
description: a laboratory
files: [lab.csv]
layout: {format: csv, encoding: utf-8, delimiter: ";"}
shape: long
columns:
  participant: id
  collected: {column: drawn, as: date, dates: {formats: ["%d/%m/%Y %H:%M", "%d/%m/%Y", "%m/%Y"]}}
  received: {column: received, dates: {formats: ["%d/%m/%Y %H:%M", "%d/%m/%Y"]}}
  reported: {column: reported, dates: {formats: ["%d/%m/%Y"]}}
  visit: visit
  accession: sample
  status: status
  test: test
  result: result
  unit: unit
  loinc: code
  ignored: [comment]
participant: {pattern: '(?:S1-)?(?P<n>\d{1,3})', template: "S1-{n:0>3}"}
analytes:
  CD3: {code: CD3, unit: null, lloq: 5}
  CD4: {code: CD4, unit: null, lloq: 5, loinc: 24467-3, highest: 9000}    # only here is a code declared
  CD8: {code: CD8, unit: null}
  ALC: {code: ALC, unit: null}
  CD4 %: {code: CD4PCT, unit: "%"}
  CD8 %: {code: CD8PCT, unit: "%"}
  CD4CD8: {code: CD4CD8, unit: ratio}
not_requested: [HGB]
units: {c/mcl: /uL}
numbers: {decimal: [","], thousands: ["\u00a0"], flags: [H, "*"]}
words:
  below_limit: [<LQ, ND]
  not_done: [{matches: 'h[ée]molys[ée]', reason: haemolysed}]
statuses: {P: P, F: F, C: C, X: X, D: D}
exclude_where:
  - {column: comment, matches: donneur, reason: sample of the donor}
  - {column: comment, matches: blastes, reason: circulating blasts, analytes: [CD3, CD4, CD8]}
duplicates: {same_draw: [accession], same_day: last}
checks:
  sums: [{parts: [CD4, CD8], whole: CD3, tolerance_relative: 0.1, tolerance_absolute: 5}]
  shares: [{percent: CD4PCT, part: CD4, whole: ALC, tolerance_relative: 0.2, tolerance_absolute: 10}]
  jump: {factor: 5, within_days: 7, from_count: 50}
  slip: {ratio_low: 500, ratio_high: 2000}
  identical_min_analytes: 3
  max_hours_to_receipt: 72
  visit: {pattern: 'D(?P<day>\d+)', tolerance_days: 14}
"""

HEAD = ["id", "drawn", "received", "reported", "visit", "sample", "status", "test", "result", "unit", "code", "comment"]
PLAIN = {
    "id": "S1-001", "drawn": "02/02/2026 09:00", "sample": "A1", "status": "F", "test": "CD4", "unit": "/uL",
    "code": "24467-3",
}  # fmt: skip


def participants() -> pl.DataFrame:
    """Born 1 May 1980 at the earliest, transplanted on 10 January 2026."""
    return pl.DataFrame({"USUBJID": PEOPLE}).with_columns(
        BRTHLO=pl.lit(date(1980, 5, 1)), HSCTDT=pl.lit(date(2026, 1, 10))
    )


def dialect(text: str = LONG, **changes: Any) -> Dialect:
    """The dialect as text, with top-level keys replaced."""
    return build(Dialect, {**yaml.safe_load(text), **changes}, Path("lab.yaml"))


def checks(**changes: Any) -> dict[str, Any]:
    """The consistency rules, all off but those given."""
    off: dict[str, Any] = dict.fromkeys(yaml.safe_load(LONG)["checks"])
    return {**off, "sums": [], "shares": [], "accessions_unique": False, **changes}


def export(*rows: dict[str, str]) -> str:
    """Rows of the long export; what a row does not say is as in PLAIN, but for the code, which is of CD4 alone."""
    lines = [";".join(HEAD)]
    filled = [{**PLAIN, **({"code": ""} if row.get("test", "CD4") != "CD4" else {}), **row} for row in rows]
    lines += [";".join(row.get(head, "") for head in HEAD) for row in filled]
    return "\n".join(lines) + "\n"


def harmonise(
    folder: Path,
    content: str | bytes,
    lab: Dialect | None = None,
    extract_date: date | None = EXTRACTED,
    cutoff_date: date | None = CUTOFF,
) -> LabTables:
    """The export of one laboratory, harmonised."""
    lab = lab or dialect()
    path = folder / lab.files[0]
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return harmonise_labs({lab.name: lab}, folder, participants(), ANALYTES, extract_date, cutoff_date)


def long(folder: Path, *rows: dict[str, str], **changes: Any) -> LabTables:
    """Rows of the long export, harmonised by the dialect with the changes."""
    return harmonise(folder, export(*rows), dialect(**changes))


def used(tables: LabTables) -> list[tuple[str, str, float]]:
    """Analyte, comparator and number of the used results."""
    kept = tables.lb.filter(pl.col("LBFATE").is_in(["value", "censored"]))
    return kept.select("LBTESTCD", "LBCMP", "LBSTRESN").rows()


def fates(tables: LabTables) -> list[tuple[int, str, str | None]]:
    """Source row, fate and reason of every result in LB."""
    return tables.lb.sort("SRCROW").select("SRCROW", "LBFATE", "LBREASND").rows()


def kinds(tables: LabTables, severity: str | None = None) -> list[tuple[str, int | None, int]]:
    """Kind, row and withheld cells of every query."""
    queries = tables.queries if severity is None else tables.queries.filter(pl.col("QUSEV") == severity)
    return queries.select("QUKIND", "SRCROW", "QUNCELL").rows()


def only_query(tables: LabTables) -> dict[str, Any]:
    """The single query there is."""
    assert tables.queries.height == 1, tables.queries.select("SRCROW", "QUKIND", "QUMSG").rows()
    return tables.queries.row(0, named=True)


def account(tables: LabTables) -> dict[str, int]:
    """Counts of the only file and sheet that are not zero."""
    assert tables.cells.height == 1
    row = tables.cells.row(0, named=True)
    return {name.removeprefix("n_"): n for name, n in row.items() if name.startswith("n_") and n}
