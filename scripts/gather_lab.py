"""The queries and the account of every cell, of lab exports that were harmonised in chunks."""

from pathlib import Path

from immrecon.config.specs import LabSpec
from immrecon.contracts.harmonised import CELLS, QUERIES_LAB
from immrecon.contracts.io import write
from immrecon.ingest.lab_chunks import gather_lab
from immrecon.jobs import job

with job(snakemake) as j:
    account = gather_lab(LabSpec.model_validate(j.params.spec), list(map(Path, j.input.kept)))
    write(QUERIES_LAB, account.queries, j.output.queries)
    write(CELLS, account.cells, j.output.cells)
