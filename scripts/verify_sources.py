"""Digest every file as received; a changed file under a frozen cut stops the run."""

from immrecon.jobs import job
from immrecon.sources import verify_sources, write_json

with job(snakemake) as j:
    write_json(verify_sources(list(j.input), j.params.folder, j.params.checksums), j.output.sources)
