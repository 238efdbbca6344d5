"""Reconstitution by the declared rules, estimated in every way that the sampling allows."""

from immrecon.analyses.reconstitution import estimate_reconstitution
from immrecon.config.specs import RecoverySpec
from immrecon.contracts.analysis import ADREC
from immrecon.contracts.io import read, write
from immrecon.contracts.results import RECONSTITUTION
from immrecon.jobs import job

with job(snakemake) as j:
    spec = RecoverySpec.model_validate(j.params.spec)
    write(RECONSTITUTION, estimate_reconstitution(read(ADREC, j.input.adrec), spec), j.output.reconstitution)
