"""A row per participant and analyte with the visits side by side, brought to a row per result cell."""

from collections.abc import Iterable
from dataclasses import replace

import polars as pl

from immrecon.config.dialect import Dialect
from immrecon.config.visit_columns import VisitColumns
from immrecon.errors import SourceError
from immrecon.ingest.lab_blanks import is_filled
from immrecon.ingest.lab_dated_heads import in_heads
from immrecon.ingest.lab_shapes import Shaped, by_test, context, is_requested, name_in
from immrecon.ingest.lab_undeclared import as_written, below, results_below
from immrecon.ingest.patterns import matches_whole
from immrecon.ingest.readers.grid import COLUMN, HEADER_JOIN, ROW, Table, refuse_twice

_APART = " / "
"""Between texts of two rows that should be one: no declared format reads both."""


def by_visit(table: Table, frame: pl.DataFrame, dialect: Dialect) -> Shaped:
    """As `lab_shapes.shape`. Raises SourceError: no head is a visit, or a visit has results and no dates."""
    visits = dialect.visits
    assert visits is not None
    assert dialect.columns.test is not None
    if visits.dates == "beside":
        cells, used = _beside(table, frame, dialect, visits)
    elif visits.dates == "head":
        cells, used = in_heads(table, frame, dialect, visits)
    else:
        cells, used = _in_rows(table, frame, dialect, visits)
    shaped = by_test(cells, table, dialect, [*({dialect.columns.test} - visits.groups), *used])
    return _with_other_visits(shaped, frame, dialect, visits)


def _with_other_visits(shaped: Shaped, frame: pl.DataFrame, dialect: Dialect, visits: VisitColumns) -> Shaped:
    """Undeclared columns that can be results of a visit: all, or where each visit has a head of results, those below
    such a head. What stands in the rows of analytes that are not requested is that all the same.
    """
    columns = dialect.columns
    heads = [column.head for column in shaped.undeclared]
    if visits.dates == "beside":
        heads = [head for head in heads if as_written(below(head)) == columns.result]
    assert columns.test is not None
    if columns.test in visits.groups:
        is_result, wanted = pl.lit(value=True), pl.lit(value=True)
    else:
        frame = frame.with_columns(name_in(columns.test))
        is_result = ~pl.col("NAME").is_in(list(_rows(dialect).values()) if visits.dates == "row" else [])
        wanted = is_requested(dialect)
    found = results_below(frame, heads, is_result & wanted)
    others = results_below(frame, heads, is_result & ~wanted)
    return replace(
        shaped,
        n_not_requested=shaped.n_not_requested + sum(visit.n for visit in others),
        undeclared=tuple(column for column in shaped.undeclared if column.head not in {visit.head for visit in found}),
        of_visits=tuple(found),
    )


def _beside(
    table: Table, frame: pl.DataFrame, dialect: Dialect, visits: VisitColumns
) -> tuple[pl.DataFrame, list[str]]:
    """Results and what stands beside them, below the head of each visit."""
    columns = dialect.columns
    assert columns.test is not None
    assert columns.result is not None
    blocks: dict[str, dict[str, str]] = {}
    labels = _labels((head.rpartition(HEADER_JOIN)[0] for head in table.heads), visits)
    for head in table.heads:
        visit, joined, below = head.rpartition(HEADER_JOIN)
        if joined and visit in labels:
            blocks.setdefault(visit, {})[below] = head
    parts, used = [], []
    for visit, block in blocks.items():
        if columns.result not in block:
            continue
        if columns.collected.column not in block:
            raise SourceError(f'{table.place}: the visit "{visit}" has results but no "{columns.collected.column}".')
        around = context(table, dialect, block) | {"VISIT": pl.lit(visit)}
        result = block[columns.result]
        refuse_twice(table, [result, block[columns.collected.column]])
        parts.append(
            frame.select(
                ROW,
                "N_CELLS",
                name_in(columns.test),
                pl.col(result).alias("RESULT"),
                pl.lit(result).alias(COLUMN),
                **around,
            )
        )
        used.append(result)
    if not parts:
        raise SourceError(
            f'{table.place}: no visit ({visits.heads}) has a column "{columns.result}". '
            f"Heads found: {', '.join(table.heads)}."
        )
    return pl.concat(parts), used


def _labels(heads: Iterable[str], visits: VisitColumns) -> set[str]:
    """Heads that are visits."""
    found = pl.Series(list(dict.fromkeys(heads)), dtype=pl.String)
    return set(found.filter(matches_whole(found, visits.heads)).to_list())


def _in_rows(
    table: Table, frame: pl.DataFrame, dialect: Dialect, visits: VisitColumns
) -> tuple[pl.DataFrame, list[str]]:
    """Results in the column of each visit; what belongs to the sample in rows of their own, by participant."""
    columns = dialect.columns
    assert columns.test is not None
    labels = _labels(table.heads, visits)
    heads = [head for head in table.heads if head in labels]
    if not heads:
        raise SourceError(f"{table.place}: no head is a visit ({visits.heads}). Heads found: {', '.join(table.heads)}.")
    refuse_twice(table, heads)
    rows = _rows(dialect)
    around = context(table, dialect, {}, elsewhere=frozenset(rows.values()))
    around = {name: text for name, text in around.items() if name not in (*_OF_SAMPLE, "DATECOL", "VISIT")}
    index = [ROW, "N_CELLS", "NAME", *around]
    cells = (
        frame.select(ROW, "N_CELLS", name_in(columns.test), *heads, **around)
        .unpivot(heads, index=index, variable_name=COLUMN, value_name="RESULT")
        .with_columns(pl.col(COLUMN).alias("VISIT"))
    )
    results = cells.filter(~pl.col("NAME").is_in(list(rows.values())))
    for text in _OF_SAMPLE:
        results = _with_row(results, cells, text, rows.get(text))
    place = pl.when(pl.col("DATETEXT_ROWS") != "").then(pl.format("{} (row {})", COLUMN, "DATETEXT_ROWS"))
    return results.with_columns(DATECOL=pl.coalesce(place, COLUMN)), heads


_OF_SAMPLE = ("DATETEXT", "TIMETEXT", "RECEIVEDTEXT", "REPORTEDTEXT", "ACCESSION", "STATUSTEXT")


def _rows(dialect: Dialect) -> dict[str, str]:
    """Names of the rows that hold what belongs to the sample."""
    columns = dialect.columns
    names = (
        columns.collected.column,
        columns.time,
        columns.received.column if columns.received else None,
        columns.reported.column if columns.reported else None,
        columns.accession,
        columns.status,
    )
    return {text: name for text, name in zip(_OF_SAMPLE, names, strict=True) if name is not None}


def _with_row(results: pl.DataFrame, cells: pl.DataFrame, text: str, name: str | None) -> pl.DataFrame:
    """The results with the text that the participant's row of that name has under the visit, and its row number."""
    if name is None:
        return results.with_columns(pl.lit(None, dtype=pl.String).alias(text))
    found = (
        cells.filter((pl.col("NAME") == name) & is_filled("RESULT"))
        .group_by("IDTEXT", COLUMN, maintain_order=True)
        .agg(
            pl.col("RESULT").str.strip_chars().unique(maintain_order=True).str.join(_APART).alias(text),
            pl.col(ROW).cast(pl.String).str.join(", ").alias(f"{text}_ROWS"),
        )
    )
    joined = results.join(found, on=["IDTEXT", COLUMN], how="left", maintain_order="left")
    return joined.with_columns(pl.col(text, f"{text}_ROWS").fill_null(""))
