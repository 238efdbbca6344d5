"""Queries with identifiers that outlive the cut, and the files that sites and laboratories get."""

from immrecon.config.queries import QueriesSpec
from immrecon.contracts.harmonised import CELLS, DM, QUERIES_CLINICAL, QUERIES_LAB, QUERY_LOG
from immrecon.contracts.io import read, write
from immrecon.jobs import job
from immrecon.queries.log import query_log
from immrecon.queries.write import write_queries

with job(snakemake) as j:
    spec = QueriesSpec.model_validate(j.params.spec)
    i = j.input
    queries = [read(QUERIES_CLINICAL, i.queries_clinical), read(QUERIES_LAB, i.queries_lab)]
    log = query_log(queries, read(CELLS, i.cells), read(DM, i.dm), i.previous, spec, j.params.unused)
    write(QUERY_LOG, log, j.output.query_log)
    write_queries(log, spec, j.output.workbook, j.output.by_site, j.output.ids)
