"""Which columns of an export are read, and those that its file lacks."""

from collections.abc import Sequence
from dataclasses import replace

import polars as pl

from immrecon.config.dialect import Dialect
from immrecon.errors import SourceError
from immrecon.ingest.lab_limits import limit_heads
from immrecon.ingest.readers.grid import Table
from immrecon.ingest.readers.lines import Role


def required_columns(dialect: Dialect) -> list[str]:
    """Heads without which the export cannot be read. Where visits are in the header, those outside the visits."""
    columns = dialect.columns
    heads = [columns.participant]
    if dialect.shape == "wide_by_visit":
        assert columns.test is not None
        in_heads = dialect.visits.groups if dialect.visits is not None else frozenset()
        return _in_the_file([*heads, *({columns.test} - in_heads)], dialect)
    if dialect.shape == "wide_visit_over_analyte":
        return _in_the_file(heads, dialect)
    heads.append(columns.collected.column)
    heads += [column.column for column in (columns.received, columns.reported) if column is not None]
    named = [columns.time, columns.visit, columns.accession, columns.status, columns.test, columns.result]
    named += [columns.unit, columns.loinc]
    heads += [head for head in named if head is not None] + limit_heads(columns)
    heads += [exclusion.column for exclusion in dialect.exclude_where]
    if dialect.shape == "wide_by_analyte":
        heads += list(dialect.analytes)
    return _in_the_file(heads, dialect)


def context_heads(dialect: Dialect) -> list[str]:
    columns = dialect.columns
    optional = [columns.time, columns.accession, columns.status, columns.visit, columns.unit, columns.loinc]
    dated = [column.column for column in (columns.received, columns.reported) if column is not None]
    heads = [columns.participant, columns.collected.column, *dated, *(head for head in optional if head is not None)]
    heads += limit_heads(columns)
    return [*heads, *(exclusion.column for exclusion in dialect.exclude_where)]


def is_read(head: str, dialect: Dialect) -> bool:
    """Whether anything is made of a column of a large file; not where it is declared as ignored."""
    if head in dialect.constants or head in required_columns(dialect):
        return True
    ignored = dialect.columns.ignored
    return dialect.shape != "long" if ignored == "*" else head not in ignored


def role(head: str, dialect: Dialect) -> Role:
    """What the cells of a column of a long export are compared for, to look once at what comes again and again."""
    columns = dialect.columns
    dated = [column.column for column in (columns.collected, columns.received, columns.reported) if column is not None]
    around = {columns.participant, columns.time, columns.visit, columns.accession, *dated}
    read_otherwise = {columns.test, columns.result, columns.status, columns.unit, columns.loinc, *limit_heads(columns)}
    if head not in around:
        return Role.SAID
    return Role.AROUND | Role.SAID if head in read_otherwise else Role.AROUND


def _in_the_file(heads: Sequence[str], dialect: Dialect) -> list[str]:
    return [head for head in heads if head not in dialect.constants]


def with_constants(table: Table, dialect: Dialect) -> Table:
    """The table with the declared columns that its file lacks.

    Raises SourceError: the file has such a column after all.
    """
    if there := [head for head in dialect.constants if head in table.heads]:
        raise SourceError(
            f'{table.place}: the column "{there[0]}" is declared under constants, but the file has one of that name. '
            "Hint: take it out of constants to read the file's own, or give the constant another name."
        )
    columns = [pl.lit(text).alias(head) for head, text in dialect.constants.items()]
    return replace(table, frame=table.frame.with_columns(columns))
