"""Lab exports, as received, to one row per result cell, with queries and the account of every cell."""

from pathlib import Path

from immrecon.config.specs import LabSpec
from immrecon.contracts.harmonised import CELLS, DM, LB, QUERIES_LAB
from immrecon.contracts.io import read, write
from immrecon.ingest.lab import harmonise_labs
from immrecon.jobs import job

with job(snakemake) as j:
    spec = LabSpec.model_validate(j.params.spec)
    dm = read(DM, j.input.dm)
    folder = Path(j.params.folder)
    tables = harmonise_labs(spec.labs, folder, dm, spec.analytes, spec.extract_date, spec.cutoff_date)
    write(LB, tables.lb, j.output.lb)
    write(QUERIES_LAB, tables.queries, j.output.queries)
    write(CELLS, tables.cells, j.output.cells)
