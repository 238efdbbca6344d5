"""Declared endpoints and reconstitution statuses, a row per participant."""

from immrecon.config.specs import DeriveSpec
from immrecon.contracts.analysis import ADLB, ADMS, ADOC, ADREC, ADSL, ADTTE
from immrecon.contracts.harmonised import AE, CE, CM, FA, SC
from immrecon.contracts.io import read, write
from immrecon.derive.adtte import derive_adtte
from immrecon.derive.occurrences import Events
from immrecon.jobs import job

with job(snakemake) as j:
    spec = DeriveSpec.model_validate(j.params.spec)
    i = j.input
    events = Events(read(CE, i.ce), read(FA, i.fa), read(CM, i.cm), read(AE, i.ae), read(SC, i.sc))
    derived = derive_adtte(read(ADSL, i.adsl), read(ADLB, i.adlb), events, spec)
    write(ADTTE, derived.adtte, j.output.adtte)
    write(ADOC, derived.adoc, j.output.adoc)
    write(ADREC, derived.adrec, j.output.adrec)
    write(ADMS, derived.adms, j.output.adms)
