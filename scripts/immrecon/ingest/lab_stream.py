"""Lab exports too large for memory: one pass over the files, then the participants, some at a time.

The rules are those of `lab`, and so are the results: LB, queries and the account of cells come out the same. Cells lie
below the run folder between the two steps, by buckets of participants. Every rule but the few of `lab_across` looks at
one participant only.
"""

import shutil
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import Path

import polars as pl

from immrecon.config.dialect import Dialect
from immrecon.config.specs import LabSpec
from immrecon.contracts.harmonised import CELLS, LB, LB_CODED, QUERIES_LAB
from immrecon.contracts.io import Paths, as_paths, validate, write, write_in_order
from immrecon.ingest.findings import LISTING, listing
from immrecon.ingest.lab import (
    FATE_COUNTS,
    counts_of,
    harmonise_labs,
    in_sequence,
    lb_of,
    numbered,
    queries_within,
    read_export,
    with_fates,
)
from immrecon.ingest.lab_across import Across, AcrossBuckets
from immrecon.ingest.lab_buckets import Buckets, Spill
from immrecon.ingest.lab_by_reading import judge_coded
from immrecon.ingest.lab_coded import ORDER
from immrecon.ingest.lab_lines import parts_of
from immrecon.ingest.lab_notes import changes_of_laboratory, undeclared_columns, without_rows
from immrecon.ingest.lab_parse import check_against_study
from immrecon.ingest.lab_shapes import Shaped
from immrecon.ingest.lab_specimens import Drawn, is_asked
from immrecon.ingest.lab_undeclared import Undeclared
from immrecon.ingest.readers import Table, find_files
from immrecon.ingest.threads import ahead, at_once

BUCKET_BYTES = 220_000_000
"""Of the exports, for each bucket of participants: what is judged together."""

AT_ONCE = 3
"""Buckets that are judged side by side where there are threads for it; memory is taken by so many."""


@dataclass(frozen=True)
class LabAccount:
    """Frames of the contracts QUERIES_LAB and CELLS; LB is written."""

    queries: pl.DataFrame
    cells: pl.DataFrame


def harmonise_lab(spec: LabSpec, folder: Path, dm: pl.DataFrame, lb_parts: Paths) -> LabAccount:
    """Harmonise all exports and write LB to its parts, in memory or, if an export is larger than its
    `layout.limits.in_memory_bytes`, by buckets of participants. Raises as `lab.harmonise_labs`.
    """
    large = [name for name, dialect in spec.labs.items() if is_large(dialect, folder)]
    if not large:
        tables = harmonise_labs(spec.labs, folder, dm, spec.analytes, spec.extract_date, spec.cutoff_date)
        write(LB, tables.lb, lb_parts)
        return LabAccount(tables.queries, tables.cells)
    return harmonise_by_bucket(spec, folder, dm, lb_parts, buckets_wanted(spec, folder))


def is_large(dialect: Dialect, folder: Path) -> bool:
    """Whether an export of this laboratory is to be read in blocks, and can be."""
    layout = dialect.layout
    if layout.format != "csv" or layout.blocks is not None or dialect.shape not in ("long", "wide_by_analyte"):
        return False
    files = find_files(folder, dialect.files)
    return any((folder / file).stat().st_size > layout.limits.in_memory_bytes for file in files)


def _size(dialect: Dialect, folder: Path) -> int:
    return sum((folder / file).stat().st_size for file in find_files(folder, dialect.files))


def buckets_wanted(spec: LabSpec, folder: Path) -> int:
    """Buckets of a size that can be judged in memory."""
    n = -(-sum(_size(dialect, folder) for dialect in spec.labs.values()) // BUCKET_BYTES)
    return n if n == 1 else n + n % 2  # of two threads none waits for the other to judge the last one


def harmonise_by_bucket(spec: LabSpec, folder: Path, dm: pl.DataFrame, lb_parts: Paths, n_buckets: int) -> LabAccount:
    """As `harmonise_lab`, by at least so many buckets."""
    paths = as_paths(lb_parts)
    buckets = Buckets.of(dm["USUBJID"].to_list(), len(paths), n_buckets)
    with scratch(paths[0].parent.parent / ".lab_buckets") as room:
        said, changes = judge_buckets(spec, folder, dm, buckets, paths, room, room)
        return account_of(said, changes, spec.cutoff_date)


def judge_buckets(
    spec: LabSpec, folder: Path, dm: pl.DataFrame, buckets: Buckets, paths: Sequence[Path], room: Path, kept: Path
) -> tuple[list["Said"], list[pl.DataFrame]]:
    """Write LB, a path for each of the parts that the buckets are judged for. Returned is what is said of each
    laboratory's cells, and the changes of laboratory. What the samples of all buckets are compared by is in `kept`.
    """
    for dialect in spec.labs.values():
        check_against_study(dialect, spec.analytes)
    laboratories = [
        _Laboratory.read(spec.labs[name], folder, buckets, room / name, kept / name) for name in sorted(spec.labs)
    ]
    judging = _Judging(spec, dm, laboratories)
    write_in_order(LB_CODED, (judging.buckets(some) for some in buckets.by_part), paths)
    return [laboratory.said for laboratory in laboratories], judging.changes


@contextmanager
def scratch(room: Path) -> Iterator[Path]:
    """An empty folder, gone afterwards. What a killed run left there is removed."""
    shutil.rmtree(room, ignore_errors=True)
    room.mkdir(parents=True)
    try:
        yield room
    finally:
        shutil.rmtree(room, ignore_errors=True)


@dataclass
class Said:
    """What is said of the cells of one laboratory: the rows of CELLS before fates are known, listings, and fates."""

    dialect: Dialect
    counts: pl.DataFrame
    remarks: list[pl.DataFrame]
    across: AcrossBuckets
    queries: list[pl.DataFrame] = field(default_factory=list)
    fates: list[pl.DataFrame] = field(default_factory=list)


@dataclass(frozen=True)
class _Laboratory:
    """One laboratory whose cells lie in buckets."""

    dialect: Dialect
    spill: Spill
    said: Said
    shared: pl.Series | None
    """As `Across.of` takes it."""

    @classmethod
    def read(cls, dialect: Dialect, folder: Path, buckets: Buckets, room: Path, kept: Path) -> "_Laboratory":
        spill = Spill(room / "cells", buckets, dialect.participant)
        across = AcrossBuckets(kept / "across", dialect.checks)
        drawn = Drawn() if is_asked(dialect) else None
        if not is_large(dialect, folder):
            export = read_export(dialect, folder)
            spill.add(export.cells.with_columns(pl.col(ORDER).cast(pl.Int64)))
            spill.close()
            return cls(dialect, spill, Said(dialect, export.counts, export.remarks, across), None)
        counts, remarks = [], []
        for index, file in enumerate(find_files(folder, dialect.files)):
            first, total = None, None
            for part in ahead(parts_of(folder, file, dialect)):
                order = _order(index, dialect)
                if part.lines is not None:
                    if drawn is not None:
                        drawn.add(part.lines.around)
                    spill.add_lines(replace(part.lines, cells=part.lines.cells.with_columns(order)))
                if part.shaped is not None:
                    if drawn is not None:
                        drawn.add(part.shaped.cells)
                    spill.add(part.shaped.cells.with_columns(order))
                    total = part.shaped if total is None else _together(total, part.shaped)
                first = part.table if first is None or first.frame.is_empty() else first
            assert first is not None, "a file that can be read has a table"
            assert total is not None
            undeclared = undeclared_columns(first, _in_order(first, total))
            remarks += [without_rows(first), undeclared]
            counts.append(counts_of(first, dialect.name, total))
        spill.close()
        said = Said(dialect, pl.DataFrame(counts), remarks, across)
        return cls(dialect, spill, said, None if drawn is None else drawn.shared())


def _order(file: int, dialect: Dialect) -> pl.Expr:
    """The place of a cell among all: by file, then (analytes side by side) by column, then by row."""
    column = pl.lit(0, dtype=pl.Int64)
    if dialect.shape == "wide_by_analyte":
        heads = list(dialect.analytes)
        column = pl.col("SRCCOL").replace_strict(heads, range(len(heads)), return_dtype=pl.Int64)
    return (pl.col("SRCROW") + column * 2**34 + file * 2**50).alias(ORDER)


def _together(one: Shaped, other: Shaped) -> Shaped:
    """The counts of two parts of a table, without the cells."""
    undeclared = {column.head: column for column in one.undeclared}
    for column in other.undeclared:
        before = undeclared.get(column.head, Undeclared(column.head, 0, None))
        first_row = column.first_row if before.first_row is None else before.first_row
        undeclared[column.head] = Undeclared(column.head, before.n + column.n, first_row)
    return Shaped(
        other.cells.clear(),
        one.n_rows + other.n_rows,
        one.n_blank + other.n_blank,
        one.n_not_requested + other.n_not_requested,
        tuple(undeclared.values()),
    )


def _in_order(table: Table, total: Shaped) -> list[Undeclared]:
    found = {column.head: column for column in total.undeclared}
    return [found[head] for head in table.heads if head in found]


@dataclass(frozen=True)
class _Judged:
    """One bucket: its rows of LB_CODED, changes of laboratory in it, and by laboratory what is said of its cells."""

    lb: pl.DataFrame
    changes: pl.DataFrame
    of_laboratory: list[tuple[Said, pl.DataFrame, Across, pl.DataFrame]]


class _Judging:
    """Judges bucket after bucket, some of them side by side, and keeps what is said of them."""

    def __init__(self, spec: LabSpec, dm: pl.DataFrame, laboratories: Sequence[_Laboratory]) -> None:
        self._spec, self._dm, self._laboratories = spec, dm, laboratories
        self.changes: list[pl.DataFrame] = []

    def buckets(self, numbers: Iterable[int]) -> Iterator[pl.DataFrame]:
        """The rows of LB of each bucket, in order."""
        for judged in at_once(self._judge, numbers, AT_ONCE if pl.thread_pool_size() > 1 else 1):
            self.changes.append(judged.changes)
            for said, queries, across, of_results in judged.of_laboratory:
                said.queries.append(queries)
                said.across.add(across)
                said.fates.append(of_results)
            yield judged.lb

    def _judge(self, bucket: int) -> _Judged:
        spec, kept, of_laboratory = self._spec, [], []
        for laboratory in self._laboratories:
            dialect = laboratory.dialect
            cells = laboratory.spill.take(bucket)
            if cells is None:
                continue
            found = judge_coded(cells, dialect, self._dm, spec.analytes, spec.extract_date, spec.cutoff_date)
            kept.append(found)
            queries = queries_within(found.results, dialect, spec.cutoff_date)
            of_laboratory.append(
                (laboratory.said, queries, Across.of(found.results, dialect, laboratory.shared), found.fates)
            )
        if len(kept) == 1 and kept[0].ordered:
            return _Judged(in_sequence(kept[0].lb), listing([]), of_laboratory)
        lb: pl.DataFrame = LB.schema.create_empty()
        if kept:
            texts = pl.selectors.categorical().cast(pl.String)
            lb = lb_of(pl.concat([found.lb.with_columns(texts) for found in kept]))
        return _Judged(lb.cast(LB_CODED.dtypes), changes_of_laboratory(lb), of_laboratory)


def account_of(said: Sequence[Said], changes: Sequence[pl.DataFrame], cutoff: date | None) -> LabAccount:
    """Queries and cells, after the last bucket."""
    queries = [listing([])]
    cells: list[pl.DataFrame] = [CELLS.schema.create_empty()]
    for one in said:
        queries += [*one.remarks, *one.queries, one.across.warnings(cutoff)]
        cells.append(with_fates(one.counts, summed(one.fates)))
    listed = _said_once(pl.concat([*queries, *changes]))
    return LabAccount(validate(QUERIES_LAB, numbered(listed)), validate(CELLS, pl.concat(cells)))


def summed(found: Sequence[pl.DataFrame]) -> pl.DataFrame:
    place = ["source_file", "source_sheet"]
    if not found:
        return pl.DataFrame(schema=dict.fromkeys(place, pl.String) | dict.fromkeys(FATE_COUNTS, pl.Int64))
    return pl.concat(found).group_by(place).agg(pl.all().sum())


def _said_once(queries: pl.DataFrame) -> pl.DataFrame:
    """A query about a whole column withholds cells in several buckets: it is about all, and at the first row."""
    whole = pl.col("QUABOUT").is_null() & (pl.col("QUNCELL") > 0)
    keys = [name for name in LISTING if name not in ("QUNCELL", "SRCROW")]
    added = (
        queries.filter(whole).group_by(keys, maintain_order=True).agg(pl.col("SRCROW").min(), pl.col("QUNCELL").sum())
    )
    return pl.concat([queries.filter(~whole), added.select(queries.columns)])
