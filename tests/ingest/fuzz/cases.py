"""One case: a mutated export through the ingest, and what a plain reader says about the outcome."""

import resource
import time
import traceback
from collections import Counter
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from random import Random
from typing import Any

import polars as pl

from immrecon.config.base import build
from immrecon.config.dialect import Dialect
from immrecon.errors import SourceError
from immrecon.ingest.lab import LabTables, harmonise_labs
from immrecon.vocabulary import USED_FATES

from ..exports.common import Export
from ..exports.truth import ANALYTES, participants, results
from ..exports.writers import WRITERS
from .archives import LIMITS
from .mutations import MUTATIONS
from .sheet import Sheet, UnreadableError, kind
from .sheets import read
from .strict import Cell, Reading, cells

SUBJECTS = 3
LONGEST_MESSAGE = 30_000
LARGEST_FOR_A_PLAIN_READER = 300_000
FATES = ["n_value", "n_censored", "n_not_done", "n_superseded", "n_excluded", "n_queried", "n_not_requested"]
_PARTLY = {
    "message_unreadable",
    "message_not_read",
    "segment_broken",
    "segment_unreadable",
    "resource_unreadable",
    "resource_not_read",
}
_ALL = frozenset({"csv", "xlsx", "ods", "xpt", "dataset_json", "hl7v2", "fhir"})
_TABLES = _ALL - {"hl7v2", "fhir"}
MAY_FAIL: dict[str, frozenset[str]] = {
    **{name: _ALL for name in MUTATIONS if name.startswith("bytes: ")},
    **dict.fromkeys(("columns: head changed", "columns: lost", "columns: twice", "columns: order"), _TABLES),
    "columns: one more": frozenset({"csv"}),
    "columns: elements of messages": frozenset({"hl7v2", "fhir"}),
    "encoding: another": frozenset({"csv", "hl7v2", "fhir", "dataset_json"}),
    **{name: frozenset({"csv", "hl7v2", "xpt"}) for name in MUTATIONS if name.startswith("hostile: ")},
    **{name: frozenset({"xpt"}) for name in ("participants: near miss", "dates: garbled", "units: another spelling")},
    "units: another unit": frozenset({"xpt"}),
    **{name: _ALL for name in MUTATIONS if name.startswith("archives: ")},
    **{name: frozenset({"csv"}) for name in MUTATIONS if name.startswith("rows: ")},
}
"""Formats in which a mutation may end in a SourceError; in all others there is a table to read whatever happened.

A column put in below the heads of the visits moves those after it, so that one visit has two results (csv).
Null characters are no text (csv, hl7v2). The transport file is declared as ASCII, which signs of other scripts are not.
Rows lost or moved can leave a table without its heads (csv: blocks)."""


@dataclass(frozen=True)
class Outcome:
    mutation: str
    writer: str
    format: str
    kind: str
    """equal, changed, queries, refused, or a violation"""
    untouched: int = 0
    survived: int = 0
    checked: int = 0
    """Values compared with the plain reading of their cell."""
    counted: bool = False
    seconds: float = 0.0
    """Of the ingest alone."""
    agreed: bool = False
    """A refused file that the plain reader cannot read as declared either."""
    detail: str = ""
    queries: dict[str, int] = field(default_factory=dict)


GOOD = ("equal", "changed", "queries", "refused")


@cache
def originals() -> list[tuple[str, Export, Sheet, list[Cell]]]:
    found = []
    for write in WRITERS:
        export = write(results(SUBJECTS))
        sheet = read(export, export.content)
        found.append((write.__name__, export, sheet, cells(export, sheet)))
    return found


def truth() -> set[Reading]:
    return {result.key for result in results(SUBJECTS) if result.per_ul is not None}


def mutated(seed: int, number: int) -> tuple[str, str, Export, list[Cell], bytes]:
    """Mutation, writer, export, its cells and the changed bytes of case `number`. All mutations come equally often."""
    rng = Random(f"{seed}/{number}")
    mutation = list(MUTATIONS)[number % len(MUTATIONS)]
    while True:
        name, export, sheet, known = rng.choice(originals())
        content = MUTATIONS[mutation](rng, export, sheet)
        if content is not None:
            return mutation, name, export, known, content


def harmonise(folder: Path, export: Export, content: bytes) -> LabTables:
    (folder / export.file).write_bytes(content)
    layout = export.dialect["layout"] | {"limits": LIMITS}
    lab = build(Dialect, export.dialect | {"layout": layout}, Path("lab.yaml"))
    return harmonise_labs({lab.name: lab}, folder, participants(results(SUBJECTS)), ANALYTES, None, None)


def run_case(seed: int, number: int, folder: Path) -> Outcome:
    mutation, writer, export, known, content = mutated(seed, number)
    return judge(mutation, writer, export, known, content, folder)


def judge(mutation: str, writer: str, export: Export, known: list[Cell], content: bytes, folder: Path) -> Outcome:
    about: dict[str, Any] = {"mutation": mutation, "writer": writer, "format": kind(export)}
    start = time.monotonic()
    try:
        tables = harmonise(folder, export, content)
    except SourceError as error:
        about["seconds"] = time.monotonic() - start
        message = str(error)
        allowed = kind(export) in MAY_FAIL.get(mutation, ()) and len(message) < LONGEST_MESSAGE
        agreed = _plainly(mutation, export, content) is None
        return Outcome(**about, kind="refused" if allowed else "REFUSED", agreed=agreed, detail=message[:300])
    except BaseException as error:  # a panic of a library is no Exception
        if isinstance(error, KeyboardInterrupt):
            raise
        return Outcome(**about, kind="TRACEBACK", detail="".join(traceback.format_exception(error))[-1500:])
    about["seconds"] = time.monotonic() - start
    return _compared(about, tables, known, _plainly(mutation, export, content))


def _plainly(mutation: str, export: Export, content: bytes) -> tuple[Sheet, list[Cell]] | None:
    """None where a plain reader fails. It has no bounds of its own, so it is kept from what is made to exhaust it."""
    too_much = mutation in {"archives: bomb", "archives: false sizes"} and kind(export) in {"xlsx", "ods"}
    if too_much or len(content) > LARGEST_FOR_A_PLAIN_READER:
        return None
    try:
        sheet = read(export, content)
        return sheet, cells(export, sheet)
    except UnreadableError:
        return None


def _compared(
    about: dict[str, Any], tables: LabTables, known: list[Cell], found: tuple[Sheet, list[Cell]] | None
) -> Outcome:
    used = tables.lb.filter(pl.col("LBFATE").is_in([fate.value for fate in USED_FATES]))
    values = used.select("SRCROW", "SRCCOL", "USUBJID", "LBTESTCD", "LBDT", "LBCMP", "LBSTRESN").rows()
    keys = {row[2:] for row in values}
    kinds = dict(Counter(tables.queries["QUKIND"].to_list()))
    n = tables.cells.select(pl.col(pl.Int64).sum()).row(0, named=True)
    if sum(n[name] for name in FATES) != n["n_read"]:
        return Outcome(**about, kind="LOST CELL", detail=f"{n}")
    clean = keys == truth() and not kinds.keys() - {"precision_lost"}
    calm = "equal" if clean else "queries" if kinds.keys() - {"precision_lost"} else "changed"
    if found is None:
        wrong = sorted(map(str, keys - truth()))
        return Outcome(**about, kind="WRONG NUMBER" if wrong else calm, detail="; ".join(wrong[:3]), queries=kinds)
    sheet, plain = found
    readings: dict[tuple[int, str], set[Reading | None]] = {}
    for cell in plain:
        readings.setdefault((cell.row, cell.column), set()).add(cell.reading)
    wrong_at = [row for row in values if row[2:] not in readings.get((row[0], row[1]), ())]
    if wrong_at:
        detail = f"{wrong_at[0]} against {readings.get(wrong_at[0][:2])}"
        return Outcome(**about, kind="WRONG NUMBER", detail=detail[:600], queries=kinds)
    countable = not sheet.partly and not _PARTLY & kinds.keys()
    # Cells of a column that is no visit are withheld, or not requested; a plain reader does not look at them.
    of_no_visit = tables.queries.filter(QUKIND="visit_undeclared")["QUNCELL"].sum()
    n_others = n["n_read"] - of_no_visit - len(plain)
    if countable and (n_others < 0 or (n_others > 0 and not of_no_visit)):
        return Outcome(**about, kind="LOST CELL", detail=f"{n['n_read']} read, {len(plain)} are there", queries=kinds)
    before = {(cell.fields, cell.reading) for cell in known}
    untouched = {cell.reading for cell in plain if cell.reading is not None and (cell.fields, cell.reading) in before}
    return Outcome(
        **about, kind=calm, untouched=len(untouched), survived=len(untouched & keys), checked=len(values),
        counted=countable, queries=kinds,
    )  # fmt: skip


def peak_megabytes() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
