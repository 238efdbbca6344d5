"""Columns that a dialect does not mention: what they hold is named, and where it can be results, counted as such."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

import polars as pl

from immrecon.config.dialect import Dialect
from immrecon.ingest.findings import brief
from immrecon.ingest.lab_blanks import is_filled
from immrecon.ingest.lab_columns import context_heads
from immrecon.ingest.readers.grid import HEADER_JOIN, ROW, Table


@dataclass(frozen=True)
class Undeclared:
    """A column that nothing is declared of: how many of its cells are filled, and the row of the first."""

    head: str
    n: int
    first_row: int | None


@dataclass(frozen=True)
class UndeclaredVisit:
    """A column of results of a visit that the dialect does not know: how many, in which rows, and the first of them."""

    head: str
    n: int
    first: int
    last: int
    text: str


def below(head: str) -> str:
    """The head below a visit; the whole where there is none."""
    return head.rpartition(HEADER_JOIN)[2]


def undeclared(table: Table, dialect: Dialect, used: Sequence[str]) -> tuple[Undeclared, ...]:
    """Columns that the dialect does not mention."""
    ignored = dialect.columns.ignored
    if ignored == "*":
        return ()
    known = {*used, *context_heads(dialect), *ignored}
    rest = [head for head in table.heads if head not in known and below(head) not in known]
    if not rest:
        return ()
    filled = table.frame.select(is_filled(head).alias(head) for head in rest)
    counts = [table.count(filled[head]) for head in rest]
    rows = table.frame.select(pl.col(ROW).filter(is_filled(head)).first().alias(head) for head in rest).row(0)
    found = [Undeclared(head, n, row) for head, n, row in zip(rest, counts, rows, strict=True)]
    return tuple(one for one in found if one.n or not one.head.startswith("(column "))


def results_below(frame: pl.DataFrame, heads: Sequence[str], is_result: pl.Expr) -> list[UndeclaredVisit]:
    """The columns among those named that have results: non-blank cells of rows of results."""
    found = []
    for head in heads:
        cells = frame.filter(is_filled(head) & is_result).select(ROW, TEXT=brief(pl.col(head)))
        if cells.height:
            rows = cells[ROW]
            found.append(UndeclaredVisit(head, cells.height, rows[0], rows[-1], cells["TEXT"][0]))
    return found


def cells_without_a_visit(table: Table, frame: pl.DataFrame, dialect: Dialect) -> list[UndeclaredVisit]:
    """Where visits stand above analytes: columns of analytes above which there is none."""
    ignored = () if dialect.columns.ignored == "*" else dialect.columns.ignored
    bare = [head for head in table.heads if HEADER_JOIN not in head and head not in ignored]
    return results_below(frame, [head for head in bare if as_written(head) in dialect.analytes], pl.lit(value=True))


def as_written(head: str) -> str:
    """The head without what tells it from others that are written alike."""
    return re.sub(r" \(column [0-9]+\)$", "", head)
