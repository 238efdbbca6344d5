"""Result tables of the data: queries and lab cells."""

import dataframely as dy
import polars as pl

from immrecon.contracts.base import count, one_of, rule, text
from immrecon.contracts.results.inference import result_table
from immrecon.vocabulary import READ, Fate


class QueryCounts(dy.Schema):
    domain = text("domain", primary_key=True)
    source_file = text("file", primary_key=True)
    kind = text("kind of query", primary_key=True)
    severity = text("error, warning or note", primary_key=True)
    n_queries = count("queries")
    n_cells = count("lab cells withheld")
    example = text("what it is, in words, without any value received")


class QueryStatusCounts(dy.Schema):
    severity = text("error, warning or note; 'all' for the total", primary_key=True)
    kind = text("kind of query; 'all' for the total of the severity", primary_key=True)
    label = text("the kind in words")
    n_open = count("queries of this cut")
    n_new = count("of them, not asked at the cut that this one is compared with", nullable=True)
    n_still_open = count("of them, asked there already", nullable=True)
    n_resolved = count("asked there and not any more", nullable=True)
    n_cells = count("lab cells withheld")

    @rule
    def new_and_still_open_are_all(cls) -> pl.Expr:
        compared = pl.col("n_new").is_not_null()
        return ~compared | (pl.col("n_open") == pl.col("n_new") + pl.col("n_still_open"))


class CellFates(dy.Schema):
    lab = text("laboratory: the name of its dialect; 'all' for the total", primary_key=True)
    fate = one_of([READ, *Fate], "what became of the cells; 'read' for all that were not blank", primary_key=True)
    kind = text("kind of query that withholds them; 'all' for the total of the fate", primary_key=True)
    label = text("fate or kind in words")
    n_cells = count("result cells")


QUERY_COUNTS = result_table("query_counts", "One row per domain, file, kind and severity of query.", QueryCounts)
QUERY_STATUS = result_table("query_status", "One row per severity and kind of query, with totals.", QueryStatusCounts)
CELL_FATES = result_table("cell_fates", "One row per laboratory, fate and kind of query, with totals.", CellFates)
