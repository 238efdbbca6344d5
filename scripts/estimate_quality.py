"""Counts of queries new, still open and resolved, and the funnel of lab cells."""

from immrecon.analyses.quality import estimate_quality
from immrecon.contracts.harmonised import CELLS, QUERY_LOG
from immrecon.contracts.io import read, write
from immrecon.contracts.results import CELL_FATES, QUERY_STATUS
from immrecon.jobs import job

with job(snakemake) as j:
    result = estimate_quality(read(QUERY_LOG, j.input.query_log), read(CELLS, j.input.cells))
    write(QUERY_STATUS, result.query_status, j.output.query_status)
    write(CELL_FATES, result.cell_fates, j.output.cell_fates)
