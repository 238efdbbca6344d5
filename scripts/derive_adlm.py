"""Who had reconstituted by a landmark, from nothing that happened after it."""

from immrecon.config.outcome_specs import LandmarkStatusSpec
from immrecon.contracts.analysis import ADLB, ADLM, ADOC, ADSL
from immrecon.contracts.io import read, write
from immrecon.derive.landmarks import derive_adlm
from immrecon.jobs import job

with job(snakemake) as j:
    adsl, adlb, adoc = read(ADSL, j.input.adsl), read(ADLB, j.input.adlb), read(ADOC, j.input.adoc)
    write(ADLM, derive_adlm(adsl, adlb, adoc, LandmarkStatusSpec.model_validate(j.params.spec)), j.output.adlm)
