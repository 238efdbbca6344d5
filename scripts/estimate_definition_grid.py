"""Definitions of reconstitution side by side."""

from immrecon.analyses.definition_grid import estimate_definition_grid
from immrecon.config.specs import DefinitionGridSpec
from immrecon.contracts.analysis import ADREC, ADTTE
from immrecon.contracts.io import read, write
from immrecon.contracts.results import DEFINITION_ESTIMATES, DEFINITION_STATUSES
from immrecon.jobs import job

with job(snakemake) as j:
    spec = DefinitionGridSpec.model_validate(j.params.spec)
    result = estimate_definition_grid(read(ADTTE, j.input.adtte), read(ADREC, j.input.adrec), spec)
    write(DEFINITION_ESTIMATES, result.estimates, j.output.estimates)
    write(DEFINITION_STATUSES, result.statuses, j.output.statuses)
