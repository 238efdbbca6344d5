"""Adverse events up to the cut-off, and which of them are counted."""

from immrecon.config.specs import DeriveSpec
from immrecon.contracts.analysis import ADAE, ADSL
from immrecon.contracts.harmonised import AE
from immrecon.contracts.io import read, write
from immrecon.derive.adae import derive_adae
from immrecon.jobs import job

with job(snakemake) as j:
    spec = DeriveSpec.model_validate(j.params.spec)
    write(ADAE, derive_adae(read(ADSL, j.input.adsl), read(AE, j.input.ae), spec), j.output.adae)
