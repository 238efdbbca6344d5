"""Columns of results whose heads say when the sample was drawn, and may say the analyte, unit or visit too."""

import re

import polars as pl

from immrecon.config.dialect import Dialect
from immrecon.config.visit_columns import VisitColumns
from immrecon.errors import SourceError
from immrecon.ingest.lab_columns import context_heads
from immrecon.ingest.lab_shapes import context
from immrecon.ingest.patterns import matches_whole, named_groups
from immrecon.ingest.readers.grid import COLUMN, ROW, Table


def in_heads(
    table: Table, frame: pl.DataFrame, dialect: Dialect, visits: VisitColumns
) -> tuple[pl.DataFrame, list[str]]:
    """A row per result cell with what its head says, and the heads that are read. A cell that is null is none: the
    block of its row has no such head.

    Raises SourceError: no head is as declared, or a column of the file has the name of a group.
    """
    if there := sorted(visits.groups & set(table.heads)):
        raise SourceError(
            f'{table.place}: "{there[0]}" is a group of visits.heads, but the file has a column of that name. '
            "Hint: give the group another name."
        )
    said = _said(table, dialect, visits)
    if said.is_empty():
        raise SourceError(
            f"{table.place}: no head is as visits.heads says ({visits.heads}). Heads found: {', '.join(table.heads)}."
        )
    roles = _roles(dialect, visits)
    around = context(table, dialect, {}, elsewhere=visits.groups)
    around = {text: there for text, there in around.items() if text not in (*roles, "DATECOL", "VISIT")}
    columns, heads = dialect.columns, said[COLUMN].to_list()
    if columns.test is not None and columns.test not in visits.groups:
        around["NAME"] = pl.col(columns.test).fill_null("")
    cells = frame.select(ROW, "N_CELLS", *heads, **around).unpivot(
        heads, index=[ROW, "N_CELLS", *around], variable_name=COLUMN, value_name="RESULT"
    )
    texts = said.select(
        COLUMN,
        pl.col(COLUMN).alias("DATECOL"),
        _visit(dialect, visits).alias("VISIT"),
        *(pl.col(group).alias(text) for text, group in roles.items() if text != "VISIT"),
    )
    joined = cells.drop_nulls("RESULT").join(texts, on=COLUMN, how="left", maintain_order="left")
    return joined.with_columns(pl.col("NAME").str.replace_all(r"\s+", " ").str.strip_chars()), heads


def _visit(dialect: Dialect, visits: VisitColumns) -> pl.Expr:
    """The whole head, unless it is one of several of a visit because it names the analyte."""
    if dialect.columns.visit is not None:
        return pl.col(dialect.columns.visit)
    return pl.lit(None, dtype=pl.String) if dialect.columns.test in visits.groups else pl.col("HEAD")


def _said(table: Table, dialect: Dialect, visits: VisitColumns) -> pl.DataFrame:
    """For each column of results (COLUMN), its HEAD as written and the text of each group in it."""
    ignored = () if dialect.columns.ignored == "*" else dialect.columns.ignored
    others = {*context_heads(dialect), *ignored, *({dialect.columns.test} - visits.groups)}
    columns = [head for head in table.heads if head not in others]
    # The second of two samples of a day comes under the same head.
    heads = pl.Series("HEAD", [_as_written(head, table.repeated) for head in columns], dtype=pl.String)
    groups = pl.DataFrame(named_groups(heads, visits.heads), schema=dict.fromkeys(sorted(visits.groups), pl.String))
    found = pl.DataFrame({COLUMN: pl.Series(columns, dtype=pl.String), "HEAD": heads})
    found = pl.concat([found, groups], how="horizontal").filter(matches_whole(heads, visits.heads))
    return found.with_columns(pl.col(sorted(visits.groups)).fill_null("").str.strip_chars())


def _as_written(head: str, repeated: tuple[str, ...]) -> str:
    before = re.sub(r" \(column [0-9]+\)$", "", head)
    return before if before in repeated else head


def _roles(dialect: Dialect, visits: VisitColumns) -> dict[str, str]:
    """The text of a cell (a column of `lab_shapes.CELL_COLUMNS`) and the group that has it."""
    columns = dialect.columns
    named = {
        "NAME": columns.test,
        "DATETEXT": columns.collected.column,
        "TIMETEXT": columns.time,
        "RECEIVEDTEXT": columns.received.column if columns.received else None,
        "REPORTEDTEXT": columns.reported.column if columns.reported else None,
        "VISIT": columns.visit,
        "ACCESSION": columns.accession,
        "STATUSTEXT": columns.status,
        "UNITTEXT": columns.unit,
        "LOINC": columns.loinc,
        **{f"EXCLUDE_{index}": rule.column for index, rule in enumerate(dialect.exclude_where)},
    }
    return {text: name for text, name in named.items() if name is not None and name in visits.groups}
