"""Declared endpoints and reconstitution statuses, a row per participant."""

from immrecon.config.specs import DeriveSpec
from immrecon.contracts.analysis import ADLB, ADOC, ADREC, ADSL, ADTTE
from immrecon.contracts.harmonised import CE, CM, FA
from immrecon.contracts.io import read, write
from immrecon.derive.adtte import derive_adtte
from immrecon.jobs import job

with job(snakemake) as j:
    spec = DeriveSpec.model_validate(j.params.spec)
    i = j.input
    derived = derive_adtte(read(ADSL, i.adsl), read(ADLB, i.adlb), read(CE, i.ce), read(FA, i.fa), read(CM, i.cm), spec)
    write(ADTTE, derived.adtte, j.output.adtte)
    write(ADOC, derived.adoc, j.output.adoc)
    write(ADREC, derived.adrec, j.output.adrec)
