"""Results that stand side by side in a row become one row each, with their test, text and number."""

from dataclasses import dataclass

import polars as pl

from immrecon.config.extracts import Extract, Format, Result, Source
from immrecon.ingest.clinical_cells import Parsed, mapped, read_number
from immrecon.ingest.clinical_queries import query
from immrecon.ingest.clinical_source import cell
from immrecon.vocabulary import Severity

_COMPARED = r"^(?:<=|>=|<|>|≤|≥)\s*\d"


@dataclass(frozen=True)
class Melted:
    """`frame`: as the parsed rows, with `test`, `text` and `number`; in the order of rows, then of declaration."""

    frame: pl.DataFrame
    queries: list[pl.DataFrame]
    n_without_result: int


def melt(extract: Extract, form: Format, parsed: Parsed) -> Melted:
    """One row for each result that is not blank. A row in which all are blank becomes a note."""
    rows = parsed.frame
    queries: list[pl.DataFrame] = []
    parts = [
        _one(extract, form, rows, result, queries).with_columns(order=pl.lit(position))
        for position, result in enumerate(extract.results)
    ]
    long = pl.concat(parts, how="vertical")
    blank = rows.join(long.filter(pl.col("text").is_not_null()), on="SRCROW", how="anti", maintain_order="left")
    columns = ", ".join(dict.fromkeys(result.column for result in extract.results if result.column is not None))
    queries.append(
        query(
            blank,
            domain=extract.domain,
            kind="result_missing",
            severity=Severity.NOTE,
            message=f"No result in this row ({columns} blank).",
        )
    )
    known = long.filter(pl.col("text").is_not_null() & pl.col("test").is_not_null())
    return Melted(known.sort("SRCROW", "order", maintain_order=True).drop("order"), queries, blank.height)


def _one(
    extract: Extract, form: Format, rows: pl.DataFrame, result: Result, queries: list[pl.DataFrame]
) -> pl.DataFrame:
    source = Source(column=result.column, constant=result.constant)
    text, _ = mapped(rows, source)
    number = _number(extract, form, rows, result, text, queries)
    test = _test(extract, rows, result, queries)
    return rows.with_columns(test.alias("test"), text.alias("text"), number.alias("number"))


def _test(extract: Extract, rows: pl.DataFrame, result: Result, queries: list[pl.DataFrame]) -> pl.Series:
    if result.test_from is None:
        return pl.repeat(result.test, rows.height, dtype=pl.String, eager=True)
    source = result.test_from
    test, unknown = mapped(rows, source)
    assert source.column is not None
    listed = ", ".join(f'"{name}"' for name in source.map or {})
    for where, kind, message in (
        (unknown, "code_unknown", "No such test in the map. The result is withheld."),
        (test.is_null() & ~unknown, "code_missing", "The test is not named. The result is withheld."),
    ):
        queries.append(
            query(
                rows.filter(where),
                domain=extract.domain,
                kind=kind,
                severity=Severity.ERROR,
                column=source.column,
                value=pl.col(cell(source.column)),
                message=message,
                hint=f"Listed: {listed}." if listed else None,
            )
        )
    return test


def _number(
    extract: Extract, form: Format, rows: pl.DataFrame, result: Result, text: pl.Series, queries: list[pl.DataFrame]
) -> pl.Series:
    if result.number == "none":
        return pl.repeat(None, rows.height, dtype=pl.Float64, eager=True)
    declared = text.is_in(list(result.texts))
    listed = text.replace_strict(result.texts, default=None, return_dtype=pl.Float64)
    if result.number == "read":
        read = read_number(text, form.decimal)
        number = pl.select(pl.when(declared).then(listed).otherwise(read)).to_series()
        # A result below or above a limit keeps its text; there is no number that it could honestly be.
        wrong = text.is_not_null() & ~declared & read.is_null() & ~text.str.contains(_COMPARED)
        kind, message = "number_unreadable", "Neither a number nor a listed text: the result is kept without a number."
    else:
        number, wrong = listed, text.is_not_null() & ~declared
        kind, message = "code_unknown", "Not a listed text: the result is kept without a number."
    shown = ", ".join(f'"{name}"' for name in result.texts)
    queries.append(
        query(
            rows.filter(wrong.fill_null(False)),
            domain=extract.domain,
            kind=kind,
            severity=Severity.ERROR,
            column=result.column,
            value=None if result.column is None else pl.col(cell(result.column)),
            message=message,
            hint=f"Listed: {shown}." if shown else None,
        )
    )
    return number
