"""How complete and how doubtful the data are: queries against the earlier cut, and every lab cell by fate and rule."""

from dataclasses import dataclass

import polars as pl

from immrecon.contracts.results import CELL_FATES, QUERY_STATUS
from immrecon.errors import ContractError
from immrecon.queries.rules import rule_of
from immrecon.vocabulary import POOLED, READ, Fate, QueryStatus, Severity

FATE_COLUMNS = {READ: "n_read"} | {fate.value: f"n_{fate.name.lower()}" for fate in Fate}
"""Columns of the account of lab exports, by fate."""

FATE_LABELS = {
    READ: "Read",
    Fate.VALUE.value: "Used as a number",
    Fate.CENSORED.value: "Used as below or above a limit",
    Fate.NOT_DONE.value: "Not done",
    Fate.SUPERSEDED.value: "Superseded",
    Fate.EXCLUDED.value: "Excluded by a declared rule",
    Fate.NOT_REQUESTED.value: "Not requested",
    Fate.QUERIED.value: "Withheld by a query",
}


@dataclass(frozen=True)
class Quality:
    query_status: pl.DataFrame
    cell_fates: pl.DataFrame


def estimate_quality(log: pl.DataFrame, cells: pl.DataFrame) -> Quality:
    """Counts only. Raises ContractError: the cells that queries withhold are not the cells counted as withheld."""
    return Quality(query_status(log), cell_fates(log, cells))


def query_status(log: pl.DataFrame) -> pl.DataFrame:
    """Queries per kind, per severity and in all. Without an earlier cut nothing is new, still open or resolved."""
    compared = not (log["QUSTAT"] == QueryStatus.OPEN.value).any()
    grouped = [
        log.select("QUSTAT", "QUNCELL", severity=severity, kind=kind)
        for severity, kind in (
            (pl.col("QUSEV"), pl.col("QUKIND")),
            (pl.col("QUSEV"), pl.lit(POOLED)),
            (pl.lit(POOLED), pl.lit(POOLED)),
        )
    ]

    def of(*states: QueryStatus) -> pl.Expr:
        return pl.col("QUSTAT").is_in([state.value for state in states]).sum().cast(pl.Int64)

    def against_the_earlier(state: QueryStatus) -> pl.Expr:
        return of(state) if compared else pl.lit(None, dtype=pl.Int64)

    counts = (
        pl.concat(grouped)
        .group_by("severity", "kind", maintain_order=True)
        .agg(
            n_open=of(QueryStatus.OPEN, QueryStatus.NEW, QueryStatus.STILL_OPEN),
            n_new=against_the_earlier(QueryStatus.NEW),
            n_still_open=against_the_earlier(QueryStatus.STILL_OPEN),
            n_resolved=against_the_earlier(QueryStatus.RESOLVED),
            n_cells=pl.col("QUNCELL").sum(),
        )
        .sort("severity", "kind")
    )
    words = [_words(kind, severity) for severity, kind in counts.select("severity", "kind").iter_rows()]
    return counts.with_columns(label=pl.Series(words, dtype=pl.String)).select(QUERY_STATUS.schema.column_names())


def _words(kind: str, severity: str) -> str:
    return "All queries" if kind == POOLED else rule_of(kind, severity).name


def cell_fates(log: pl.DataFrame, cells: pl.DataFrame) -> pl.DataFrame:
    """Cells of each laboratory and of all, by fate; those withheld also by the kind of query that withholds them."""
    withheld = (
        log.filter(pl.col("QUNCELL") > 0)
        .group_by(lab="LBNAM", kind="QUKIND")
        .agg(n_cells=pl.col("QUNCELL").sum())
        .with_columns(fate=pl.lit(Fate.QUERIED.value), label=_rule_names(log))
    )
    by_fate = (
        cells.group_by("lab")
        .agg(pl.col(column).sum().alias(fate) for fate, column in FATE_COLUMNS.items())
        .unpivot(index="lab", variable_name="fate", value_name="n_cells")
        .with_columns(kind=pl.lit(POOLED), label=pl.col("fate").replace_strict(FATE_LABELS, return_dtype=pl.String))
    )
    _refuse_another_total(by_fate, withheld)
    columns = ["lab", "fate", "kind", "label", "n_cells"]
    counted = pl.concat([by_fate.select(columns), withheld.select(columns)])
    keys = counted.select("fate", "kind", "label").unique()
    full = counted.select("lab").unique().join(keys, how="cross").join(counted, on=["lab", *keys.columns], how="left")
    full = full.with_columns(pl.col("n_cells").fill_null(0))
    pooled = full.group_by(keys.columns).agg(pl.col("n_cells").sum()).with_columns(lab=pl.lit(POOLED))
    everything = pl.concat([full.select(columns), pooled.select(columns)])
    return everything.sort("lab", "fate", "kind").select(CELL_FATES.schema.column_names())


def _rule_names(log: pl.DataFrame) -> pl.Expr:
    kinds = log["QUKIND"].unique(maintain_order=True).to_list()
    names = [rule_of(kind, Severity.ERROR).name for kind in kinds]
    return pl.col("kind").replace_strict(kinds, names, default=None, return_dtype=pl.String)


def _refuse_another_total(by_fate: pl.DataFrame, withheld: pl.DataFrame) -> None:
    """Every cell counted as withheld must be withheld by a query that names it, and by one only."""
    counted = by_fate.filter(pl.col("fate") == Fate.QUERIED.value).select("lab", "n_cells")
    asked = withheld.group_by("lab").agg(n_asked=pl.col("n_cells").sum())
    both = counted.join(asked, on="lab", how="full", coalesce=True, nulls_equal=True).sort("lab")
    wrong = both.filter(pl.col("n_cells").fill_null(0) != pl.col("n_asked").fill_null(0))
    if wrong.height:
        lab, n_cells, n_asked = wrong.row(0)
        raise ContractError(
            f"lab {lab}: {n_cells or 0} cells are counted as withheld by queries, but the queries name {n_asked or 0}."
        )
