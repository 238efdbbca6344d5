"""What this run is made from: digests of sources, configuration, code and libraries."""

from immrecon.contracts.io import write_text
from immrecon.jobs import job
from immrecon.sources import record_inputs, write_json

with job(snakemake) as j:
    write_text(j.params.run_config, j.output.run_config)
    write_json(record_inputs(j.input.sources, j.params), j.output.inputs)
