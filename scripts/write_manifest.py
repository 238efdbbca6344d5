"""The data dictionary, the digest of every output, and what ran where."""

from immrecon.contracts.io import write_text
from immrecon.dictionary import data_dictionary
from immrecon.jobs import job
from immrecon.sources import manifest, run_record, write_json

with job(snakemake) as j:
    write_text(data_dictionary(), j.output.dictionary)
    write_json(run_record(), j.output.run)
    write_json(manifest([*j.input, j.output.dictionary]), j.output.manifest)
