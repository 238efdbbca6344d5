"""Populations and the days that the clocks start from."""

from immrecon.config.specs import DeriveSpec
from immrecon.contracts.analysis import ADSL
from immrecon.contracts.harmonised import CE, DM, DS, FA, LB
from immrecon.contracts.io import read, write
from immrecon.derive.adsl import derive_adsl
from immrecon.jobs import job

with job(snakemake) as j:
    spec = DeriveSpec.model_validate(j.params.spec)
    i = j.input
    adsl = derive_adsl(read(DM, i.dm), read(DS, i.ds), read(CE, i.ce), read(FA, i.fa), read(LB, i.lb), spec)
    write(ADSL, adsl, j.output.adsl)
