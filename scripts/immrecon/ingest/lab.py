"""Lab exports to the harmonised layer: LB, the queries on it, and the count of every cell."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import polars as pl

from immrecon.config.dialect import Dialect
from immrecon.config.study import Analyte
from immrecon.contracts.harmonised import CELLS, LB, QUERIES_LAB
from immrecon.contracts.io import validate
from immrecon.ingest.findings import listing, withheld
from immrecon.ingest.lab_across import Across, warnings_across
from immrecon.ingest.lab_blanks import BLANK
from immrecon.ingest.lab_checks import warnings
from immrecon.ingest.lab_coded import ORDER
from immrecon.ingest.lab_columns import required_columns, with_constants
from immrecon.ingest.lab_judge import judge
from immrecon.ingest.lab_notes import (
    changes_of_laboratory,
    notes,
    of_reader,
    undeclared_columns,
    undeclared_sheets,
    undeclared_visits,
    without_rows,
)
from immrecon.ingest.lab_parse import check_against_study, parse_cells
from immrecon.ingest.lab_results import Results
from immrecon.ingest.lab_shapes import Shaped, shape
from immrecon.ingest.readers import Table, find_files, read_grids, to_table
from immrecon.ingest.readers.cells import NumberCells
from immrecon.vocabulary import Fate

_COUNTED = (Fate.VALUE, Fate.CENSORED, Fate.NOT_DONE, Fate.SUPERSEDED, Fate.EXCLUDED, Fate.QUERIED)
_COUNTS = {fate.value: f"n_{fate.name.lower()}" for fate in _COUNTED}
FATE_COUNTS = tuple(_COUNTS.values())
"""Columns of CELLS that are known when all cells of a file are judged."""
_PLACE = ["source_file", "source_sheet"]


@dataclass(frozen=True)
class LabTables:
    """Frames of the contracts LB, QUERIES_LAB and CELLS."""

    lb: pl.DataFrame
    queries: pl.DataFrame
    cells: pl.DataFrame


@dataclass(frozen=True)
class Export:
    """What the files of one laboratory hold: `cells` of `lab_shapes` with ORDER, the rows of CELLS before fates are
    known, and the listings of what concerns whole files.
    """

    cells: pl.DataFrame
    counts: pl.DataFrame
    remarks: list[pl.DataFrame]


def harmonise_labs(
    dialects: Mapping[str, Dialect],
    folder: Path,
    dm: pl.DataFrame,
    analytes: Sequence[Analyte],
    extract_date: date | None,
    cutoff_date: date | None,
) -> LabTables:
    """Every result cell of every export under `folder` (the cut), as a value, a censored value, a result that is not
    used with its reason, or a query. `dm` is the harmonised DM, `with_deaths`: the participants there are. What became
    of a result on or before `cutoff_date` does not depend on results drawn after it.

    Raises ConfigError: a dialect names what the study does not have. SourceError: an export that cannot be read as
    declared (missing, empty, another encoding, a declared column or sheet missing).
    """
    for dialect in dialects.values():
        check_against_study(dialect, analytes)
    if not dialects:
        return LabTables(*(contract.schema.create_empty() for contract in (LB, QUERIES_LAB, CELLS)))
    kept, queries, cells = [], [listing([])], []
    for name in sorted(dialects):
        dialect = dialects[name]
        export = read_export(dialect, folder)
        judged = judge(parse_cells(export.cells, dialect, dm, analytes), dialect, extract_date, cutoff_date)
        results = Results.of(judged)
        kept.append(lb_columns(judged, dialect))
        queries += [*export.remarks, queries_within(results, dialect, cutoff_date)]
        queries.append(warnings_across(Across.of(results, dialect), dialect.checks, cutoff_date))
        cells.append(with_fates(export.counts, fates(judged)))
    lb = lb_of(pl.concat(kept))
    queries.append(changes_of_laboratory(lb))
    return LabTables(
        validate(LB, lb), validate(QUERIES_LAB, numbered(pl.concat(queries))), validate(CELLS, pl.concat(cells))
    )


def read_export(dialect: Dialect, folder: Path) -> Export:
    """All files of one laboratory. Raises SourceError as `harmonise_labs`."""
    tables, remarks = [], []
    for file in find_files(folder, dialect.files):
        grids, other_sheets = read_grids(folder, file, dialect.layout, NumberCells(dialect.numbers.decimal[0]))
        remarks += [undeclared_sheets(file, other_sheets), *(of_reader(grid) for grid in grids)]
        read = (to_table(grid, dialect.layout, required_columns(dialect)) for grid in grids)
        tables += [with_constants(table, dialect) for table in read]
    shaped = [shape(table, dialect) for table in tables]
    for table, part in zip(tables, shaped, strict=True):
        remarks += [without_rows(table), undeclared_columns(table, part.undeclared)]
        remarks.append(undeclared_visits(table, part.of_visits))
    counts = [counts_of(table, dialect.name, part) for table, part in zip(tables, shaped, strict=True)]
    cells = pl.concat([part.cells for part in shaped]).with_row_index(ORDER)
    return Export(cells, pl.DataFrame(counts), remarks)


def queries_within(results: Results, dialect: Dialect, cutoff_date: date | None) -> pl.DataFrame:
    """The listing of everything that is asked about results for which those of the same participant suffice."""
    noted = notes(results.notable, dialect)
    return pl.concat([withheld(results.queried), noted, warnings(results, dialect, cutoff_date)])


def lb_columns(results: pl.DataFrame, dialect: Dialect) -> pl.DataFrame:
    """The columns of LB, but for LBSEQ, of identified cells that are not withheld."""
    listed = ~pl.col("FATE").is_in([Fate.QUERIED.value, BLANK])
    kept = results.filter(listed & pl.col("USUBJID").is_not_null() & pl.col("LBTESTCD").is_not_null())
    return kept.select(columns_of_lb(dialect))


def columns_of_lb(dialect: Dialect) -> list[pl.Expr]:
    """The columns of LB, but for LBSEQ, from those of judged cells."""
    written: pl.Expr = pl.lit(None, dtype=pl.String)
    if dialect.columns.collected.kind == "date":
        both = pl.concat_str("DATETEXT", "TIMETEXT", separator=" ", ignore_nulls=True)
        no_times = pl.col("TIMETEXT").is_null().all()
        written = pl.when(no_times).then("DATETEXT").otherwise(both).str.strip_chars()
    return [
        pl.col("USUBJID"),
        pl.col("LBTESTCD"),
        pl.lit(dialect.name).alias("LBNAM"),
        pl.col("ACCESSION").alias("LBREFID"),
        pl.col("VISIT").alias("LBVISIT"),
        written.alias("LBDTC"),
        pl.col("LBDT"),
        pl.col("LBDY"),
        pl.col("RESULT").alias("LBORRES"),
        pl.coalesce(pl.when(pl.col("UNITTEXT") != "").then("UNITTEXT"), "DECLARED_UNIT", pl.lit("")).alias("LBORRESU"),
        pl.col("LBCMP"),
        pl.col("LBSTRESN"),
        pl.col("LBSTRESU"),
        pl.col("LBLLOQ"),
        pl.col("LOWTEXT").alias("LBORNRLO"),
        pl.col("HIGHTEXT").alias("LBORNRHI"),
        pl.col("LBSTNRLO"),
        pl.col("LBSTNRHI"),
        pl.col("METHOD").alias("LBMETHOD"),
        pl.col("STATUS").alias("LBRSTAT"),
        pl.col("FATE").alias("LBFATE"),
        pl.coalesce("EXCLUDED", "SUPERSEDED", "WORD_REASON").alias("LBREASND"),
        pl.col("SRCFILE"),
        pl.col("SRCSHEET"),
        pl.col("SRCROW"),
        pl.col("SRCCOL"),
    ]


def lb_of(results: pl.DataFrame) -> pl.DataFrame:
    """LB in its order, its rows numbered within each participant."""
    order = ["USUBJID", "LBDT", "LBDY", "LBTESTCD", "LBNAM", "SRCFILE", "SRCSHEET", "SRCROW", "SRCCOL"]
    if results.is_empty():
        return results.with_columns(LBSEQ=pl.lit(1, dtype=pl.Int64)).select(LB.schema.column_names())
    alike = results.select(pl.all().eq_missing(pl.all().first()).all()).row(0, named=True)
    constant = results.head(1).select(name for name, is_alike in alike.items() if is_alike)
    varying = results.drop(constant.columns)
    keys = [name for name in order if name in varying.columns]
    if keys[-1:] == ["SRCROW"] and varying["SRCROW"].is_sorted():
        keys.pop()  # the sort keeps rows that are alike in their order
    # Texts that come again and again are sorted once.
    sorted_by = [_ranked(varying[key]) if varying[key].dtype == pl.String else varying[key] for key in keys]
    if sorted_by:
        varying = varying.sort(sorted_by, nulls_last=True, maintain_order=True)
    both = varying.with_columns(pl.lit(column.item(), dtype=column.dtype).alias(column.name) for column in constant)
    return in_sequence(both)


def in_sequence(ordered: pl.DataFrame) -> pl.DataFrame:
    """LB of results in its order, numbered within each participant."""
    place = pl.int_range(pl.len(), dtype=pl.Int64)
    begins = (place == 0) | (pl.col("USUBJID") != pl.col("USUBJID").shift(1))
    number = place - pl.when(begins).then(place).forward_fill() + 1
    return ordered.with_columns(LBSEQ=number).select(LB.schema.column_names())


def _ranked(texts: pl.Series) -> pl.Series:
    return texts.cast(pl.Enum(texts.drop_nulls().unique().sort()))


def numbered(queries: pl.DataFrame) -> pl.DataFrame:
    order = ["SRCFILE", "SRCSHEET", "SRCROW", "SRCCOL", "QUKIND", "USUBJID", "QUVAL", "QUMSG"]
    numbered = queries.sort(order, maintain_order=True).with_row_index("QUSEQ", offset=1)
    return numbered.with_columns(pl.col("QUSEQ").cast(pl.Int64), QUDOM=pl.lit("LB")).select(
        QUERIES_LAB.schema.column_names()
    )


def counts_of(table: Table, lab: str, part: Shaped) -> dict[str, str | int]:
    """The row of CELLS of one table, before fates are known."""
    return {
        "source_file": table.file,
        "source_sheet": table.sheet or "",
        "lab": lab,
        "n_rows": part.n_rows,
        "n_blank": part.n_blank,
        "n_not_requested": part.n_not_requested,
        "n_of_undeclared_visits": sum(visit.n for visit in part.of_visits),
    }


def fates(results: pl.DataFrame) -> pl.DataFrame:
    """Result cells by file, sheet and fate."""
    place = ["SRCFILE", "SRCSHEET"]
    return fates_of(results.select(*place, *((pl.col("FATE") == fate).alias(fate) for fate in _COUNTS)))


def fates_of(counts: pl.DataFrame) -> pl.DataFrame:
    """The same from rows with SRCFILE, SRCSHEET and how many cells have each fate."""
    return (
        counts.rename({"SRCFILE": "source_file", "SRCSHEET": "source_sheet"})
        .with_columns(pl.col("source_sheet").fill_null(""))
        .group_by(_PLACE)
        .agg(pl.col(fate).sum().cast(pl.Int64).alias(name) for fate, name in _COUNTS.items())
    )


def with_fates(counts: pl.DataFrame, of_results: pl.DataFrame) -> pl.DataFrame:
    """The rows of CELLS."""
    joined = counts.join(of_results, on=_PLACE, how="left")
    filled = joined.with_columns(pl.col(list(_COUNTS.values())).fill_null(0))
    filled = filled.with_columns(n_queried=pl.col("n_queried") + pl.col("n_of_undeclared_visits"))
    read = pl.sum_horizontal(*_COUNTS.values(), "n_not_requested")
    return filled.with_columns(n_read=read).select(CELLS.schema.column_names())
