"""Lab exports, as received, to the rows of one part of the participants; what is said of them is kept for gathering."""

from pathlib import Path

from immrecon.config.specs import LabSpec
from immrecon.contracts.harmonised import CE, DM
from immrecon.contracts.io import read
from immrecon.ingest.deaths import with_deaths
from immrecon.ingest.lab_chunks import harmonise_lab_chunk
from immrecon.jobs import job

with job(snakemake) as j:
    spec = LabSpec.model_validate(j.params.spec)
    dm, kept = with_deaths(read(DM, j.input.dm), read(CE, j.input.ce)), Path(j.output.kept)
    harmonise_lab_chunk(spec, Path(j.params.folder), dm, Path(j.output.lb), j.params.chunk, j.params.n_chunks, kept)
