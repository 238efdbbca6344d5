"""The shapes of an export, brought to one: a row per result cell, everything still text."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace

import polars as pl

from immrecon.config.dialect import Dialect
from immrecon.errors import SourceError
from immrecon.ingest.findings import LONGEST_SHOWN, brief
from immrecon.ingest.lab_blanks import is_filled, marks_a_version, may_say_more, says_no_result
from immrecon.ingest.lab_columns import context_heads
from immrecon.ingest.lab_limits import limit_texts
from immrecon.ingest.lab_undeclared import Undeclared, UndeclaredVisit, below, cells_without_a_visit, undeclared
from immrecon.ingest.patterns import found_in
from immrecon.ingest.readers.grid import COLUMN, HEADER_JOIN, ROW, Table, refuse_twice

CELL_COLUMNS = (
    "SRCFILE",
    "SRCSHEET",
    ROW,
    COLUMN,
    "NAME",
    "RESULT",
    "IDTEXT",
    "DATETEXT",
    "DATECOL",
    "TIMETEXT",
    "RECEIVEDTEXT",
    "REPORTEDTEXT",
    "VISIT",
    "ACCESSION",
    "STATUSTEXT",
    "UNITTEXT",
    "LOINC",
    "LOWTEXT",
    "HIGHTEXT",
    "N_CELLS",
    "COMPUTED",
)
"""Of `Shaped.cells`, with EXCLUDE_i (Boolean: its pattern is found) for each declared exclusion. Text of an undeclared
column is null."""

_RECEIVED = [
    "NAME", "RESULT", "IDTEXT", "DATETEXT", "TIMETEXT", "RECEIVEDTEXT", "REPORTEDTEXT", "VISIT", "ACCESSION",
    "STATUSTEXT", "UNITTEXT", "LOINC", "LOWTEXT", "HIGHTEXT",
]  # fmt: skip
"""Texts as received."""


@dataclass(frozen=True)
class Shaped:
    """The result cells of one table that are not blank, and how many cells there are besides. Among `cells` are blank
    ones too that may mean something for another version (`lab_blanks`); they are counted in `n_blank`.
    """

    cells: pl.DataFrame
    n_rows: int
    n_blank: int
    n_not_requested: int
    undeclared: tuple[Undeclared, ...]
    """Columns that the dialect does not mention."""
    of_visits: tuple[UndeclaredVisit, ...] = ()
    """Columns of results whose visit the dialect does not know. Their cells are not among `cells`."""


def shape(table: Table, dialect: Dialect) -> Shaped:
    """One row per non-blank result cell of a table; none where nothing stands below the header.

    Raises SourceError: (visits in the header) no analyte or no date below a visit, or no visit.
    """
    if dialect.visits is None or dialect.visits.dates != "head":
        table = replace(table, frame=table.frame.with_columns(pl.col(table.heads).fill_null("")))
    frame = table.frame.with_columns(N_CELLS=pl.lit(None, dtype=pl.Int64))
    if not table.ragged.is_empty():
        ragged = table.ragged.rename({"n_cells": "N_CELLS"})
        frame = table.frame.join(ragged, on=ROW, how="left", maintain_order="left")
    match dialect.shape:
        case "long":
            return _long(table, frame, dialect)
        case "wide_by_analyte":
            return _wide(table, frame, dialect)
        case "wide_visit_over_analyte":
            return _visits(table, frame, dialect)
        case "wide_by_visit":
            from immrecon.ingest.lab_by_visit import by_visit

            return by_visit(table, frame, dialect)


def _long(table: Table, frame: pl.DataFrame, dialect: Dialect) -> Shaped:
    columns = dialect.columns
    assert columns.test is not None
    assert columns.result is not None
    cells = frame.with_columns(
        _names(frame[columns.test]),
        pl.col(columns.result).alias("RESULT"),
        pl.lit(columns.result).alias(COLUMN),
        **context(table, dialect, {}),
    )
    return by_test(cells, table, dialect, [columns.test, columns.result])


def _names(written: pl.Series) -> pl.Series:
    """As `name_in`. There are few names, and they are mostly clean."""
    distinct = written.unique()
    clean = distinct.to_frame().select(name_in(written.name)).to_series()
    if (distinct == clean).all():
        return written.alias("NAME")
    return written.to_frame().select(name_in(written.name)).to_series()


def is_requested(dialect: Dialect) -> pl.Expr:
    """Of NAME: an analyte that the study uses, or that nobody has declared."""
    if dialect.not_requested == "*":
        return pl.col("NAME").is_in(list(dialect.analytes))
    return ~pl.col("NAME").is_in(list(dialect.not_requested))


def name_in(column: str) -> pl.Expr:
    return pl.col(column).str.replace_all(r"\s+", " ").str.strip_chars().alias("NAME")


def by_test(cells: pl.DataFrame, table: Table, dialect: Dialect, used: Sequence[str]) -> Shaped:
    """Result cells whose analyte stands in their row, with the count of those that are blank or not requested."""
    is_blank, is_mark, is_wanted = cells.select(
        BLANK=~is_filled("RESULT") & ~says_no_result(dialect), MARK=may_say_more(dialect), WANTED=is_requested(dialect)
    )
    named = [name for name in cells.columns if name in CELL_COLUMNS or name.startswith("EXCLUDE_")]
    return Shaped(
        select_cells(cells.select(named).filter(is_wanted & (~is_blank | is_mark)), table, dialect),
        table.n_rows,
        table.count(is_blank),
        table.count(~is_wanted & ~is_blank),
        undeclared(table, dialect, used),
    )


def _wide(table: Table, frame: pl.DataFrame, dialect: Dialect) -> Shaped:
    heads = list(dialect.analytes)
    long = _unpivot(frame, {head: head for head in heads}, context(table, dialect, {}))
    others = _not_requested_heads(table, dialect, heads)
    blank = ~is_filled("RESULT") & ~says_no_result(dialect)
    return Shaped(
        select_cells(long.filter(~blank | may_say_more(dialect)), table, dialect),
        frame.height,
        long.filter(blank).height + _count(frame, others, filled=False),
        _count(frame, others, filled=True),
        undeclared(table, dialect, [*heads, *others]),
    )


def _visits(table: Table, frame: pl.DataFrame, dialect: Dialect) -> Shaped:
    analytes = set(dialect.analytes)
    blocks: dict[str, dict[str, str]] = {}
    for head in table.heads:
        visit, joined, below = head.rpartition(HEADER_JOIN)
        if joined:
            blocks.setdefault(visit, {})[below] = head
    found = {below for block in blocks.values() for below in block}
    if missing := sorted(analytes - found):
        raise SourceError(
            f'{table.place}: no visit has a column "{missing[0]}". Heads below the visits: {", ".join(sorted(found))}.'
        )
    parts, used = [], []
    for visit, block in blocks.items():
        results = {head: below for below, head in block.items() if below in analytes}
        if not results:
            continue
        date = dialect.columns.collected.column
        if date not in block:
            raise SourceError(
                f'{table.place}: below "{visit}" there are results ("{next(iter(results.values()))}") but no column '
                f'"{date}". If it is no visit: with header_fill forward, a head goes on until the next one.'
            )
        around = context(table, dialect, block) | {"VISIT": pl.lit(visit)}
        refuse_twice(table, [*results, block[date]])
        parts.append(_unpivot(frame, results, around))
        used += [*results, *(block[name] for name in context_heads(dialect) if name in block)]
    long = pl.concat(parts)
    strays = cells_without_a_visit(table, frame, dialect)
    used += [stray.head for stray in strays]
    others = _not_requested_heads(table, dialect, used)
    blank = ~is_filled("RESULT") & ~says_no_result(dialect)
    return Shaped(
        select_cells(long.filter(~blank | may_say_more(dialect)), table, dialect),
        frame.height,
        long.filter(blank).height + _count(frame, others, filled=False),
        _count(frame, others, filled=True),
        undeclared(table, dialect, [*used, *others]),
        tuple(strays),
    )


def _count(frame: pl.DataFrame, heads: Sequence[str], *, filled: bool) -> int:
    if not heads:
        return 0
    return int(frame.select(pl.sum_horizontal((is_filled(head) == filled).sum() for head in heads)).item())


def _unpivot(frame: pl.DataFrame, results: dict[str, str], around: dict[str, pl.Expr]) -> pl.DataFrame:
    """A row per result column (head to analyte name) and source row, with what stands around the result."""
    selected = frame.select(ROW, "N_CELLS", *results, **around)
    long = selected.unpivot(list(results), index=[ROW, "N_CELLS", *around], variable_name=COLUMN, value_name="RESULT")
    return long.with_columns(NAME=pl.col(COLUMN).replace(results))


def context(
    table: Table, dialect: Dialect, block: dict[str, str], elsewhere: Collection[str] = ()
) -> dict[str, pl.Expr]:
    """Everything around a result, as text; a head below the visit goes before one of the same name outside.

    What is not in a column but `elsewhere` is null here. Raises SourceError: a declared column is missing.
    """
    columns = dialect.columns

    def source(head: str | None) -> pl.Expr:
        if head is None or head in elsewhere:
            return pl.lit(None, dtype=pl.String)
        place = block.get(head, head)
        if place not in table.heads:
            raise SourceError(f'{table.place}: the declared column "{head}" is missing.')
        return pl.col(place).str.strip_chars()

    collected = columns.collected.column
    texts = {
        "IDTEXT": source(columns.participant),
        "DATETEXT": source(columns.collected.column),
        "DATECOL": pl.lit(block.get(collected, collected)),
        "TIMETEXT": source(columns.time),
        "RECEIVEDTEXT": source(columns.received.column if columns.received else None),
        "REPORTEDTEXT": source(columns.reported.column if columns.reported else None),
        "VISIT": source(columns.visit),
        "ACCESSION": source(columns.accession),
        "STATUSTEXT": source(columns.status),
        "UNITTEXT": source(columns.unit),
        "LOINC": source(columns.loinc),
        **limit_texts(columns, source),
    }
    for index, exclusion in enumerate(dialect.exclude_where):
        texts[f"EXCLUDE_{index}"] = source(exclusion.column)
    return texts


def select_cells(cells: pl.DataFrame, table: Table, dialect: Dialect) -> pl.DataFrame:
    if table.computed.is_empty():
        cells = cells.with_columns(COMPUTED=pl.lit(value=False))
    else:
        computed = table.computed.with_columns(COMPUTED=pl.lit(value=True))
        cells = cells.join(computed, on=[ROW, COLUMN], how="left", maintain_order="left")
    excluded = exclusions(cells, dialect)
    if excluded:  # of what is blank, only what a remark leaves out
        kept = cells.select(KEPT=is_filled("RESULT") | says_no_result(dialect) | marks_a_version(dialect))["KEPT"]
        kept |= pl.DataFrame(excluded).select(pl.any_horizontal(pl.all())).to_series()
        cells, excluded = cells.filter(kept), [flag.filter(kept) for flag in excluded]
    return (
        cells.with_columns(
            pl.lit(table.file).alias("SRCFILE"),
            pl.lit(table.sheet, dtype=pl.String).alias("SRCSHEET"),
            pl.col("COMPUTED").fill_null(value=False),
            *excluded,
        )
        .select(*CELL_COLUMNS, *(flag.name for flag in excluded))
        .pipe(briefly)
    )


def briefly(cells: pl.DataFrame) -> pl.DataFrame:
    """The same without the rest of texts that are too long to mean anything: queries repeat them."""
    received = [name for name in cells.columns if name in _RECEIVED]
    lengths = cells.select(pl.col(received).str.len_bytes().max()).row(0, named=True)
    return cells.with_columns(brief(pl.col(name)) for name, length in lengths.items() if (length or 0) > LONGEST_SHOWN)


def exclusions(cells: pl.DataFrame, dialect: Dialect) -> list[pl.Series]:
    """EXCLUDE_i. Texts come again and again, and few are found."""
    flags: list[pl.Series] = []
    distinct: dict[str, pl.Series] = {}
    for index, rule in enumerate(dialect.exclude_where):
        texts = cells[f"EXCLUDE_{index}"]
        if rule.column not in distinct:
            distinct[rule.column] = texts.unique()
        own = distinct[rule.column]
        found = own.filter(found_in(own, rule.matches, ignore_case=True).fill_null(value=False))
        flag = pl.repeat(value=False, n=texts.len(), eager=True)
        if found.len():
            flag = texts.is_in(found.implode()).fill_null(value=False)
        flags.append(flag.alias(texts.name))
    return flags


def _not_requested_heads(table: Table, dialect: Dialect, used: Sequence[str]) -> list[str]:
    """Wide shapes: columns of results that the study does not use."""
    rest = [head for head in table.heads if head not in used and head not in context_heads(dialect)]
    ignored = [] if dialect.columns.ignored == "*" else list(dialect.columns.ignored)
    rest = [head for head in rest if below(head) not in ignored and head not in ignored]
    if dialect.not_requested == "*":
        return rest
    wanted = set(dialect.not_requested)
    return [head for head in rest if head in wanted or below(head) in wanted]
