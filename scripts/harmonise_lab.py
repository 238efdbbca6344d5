"""Lab exports, as received, to one row per result cell, with queries and the account of every cell."""

from pathlib import Path

from immrecon.config.specs import LabSpec
from immrecon.contracts.harmonised import CE, CELLS, DM, QUERIES_LAB
from immrecon.contracts.io import read, write
from immrecon.ingest.deaths import with_deaths
from immrecon.ingest.lab_stream import harmonise_lab
from immrecon.jobs import job

with job(snakemake) as j:
    spec = LabSpec.model_validate(j.params.spec)
    dm = with_deaths(read(DM, j.input.dm), read(CE, j.input.ce))
    account = harmonise_lab(spec, Path(j.params.folder), dm, j.output.lb)
    write(QUERIES_LAB, account.queries, j.output.queries)
    write(CELLS, account.cells, j.output.cells)
