"""Lab results on the clocks and in their visit windows."""

from immrecon.config.specs import DeriveSpec
from immrecon.contracts.analysis import ADLB, ADSL
from immrecon.contracts.harmonised import LB
from immrecon.contracts.io import read, write
from immrecon.derive.adlb import derive_adlb
from immrecon.jobs import job

with job(snakemake) as j:
    spec = DeriveSpec.model_validate(j.params.spec)
    write(ADLB, derive_adlb(read(ADSL, j.input.adsl), read(LB, j.input.lb), spec), j.output.adlb)
