"""Every table, as an HTML fragment and as CSV."""

from immrecon.config.display import DisplaySpec
from immrecon.jobs import job
from immrecon.tables.results import read_results
from immrecon.tables.save import save_tables
from immrecon.tables.shells import build_tables

with job(snakemake) as j:
    spec = DisplaySpec.model_validate(j.params.spec)
    save_tables(build_tables(read_results(j.input), spec), list(j.output))
