"""Courses through states: probabilities of being in each, and lengths of stay."""

from immrecon.analyses.multistate import estimate_multistate
from immrecon.config.specs import MultiStateSpec
from immrecon.contracts.analysis import ADMS
from immrecon.contracts.io import read, write
from immrecon.contracts.results import LENGTH_OF_STAY, STATE_CURVES, STATE_OCCUPANCY
from immrecon.jobs import job

with job(snakemake) as j:
    result = estimate_multistate(read(ADMS, j.input.adms), MultiStateSpec.model_validate(j.params.spec))
    write(STATE_CURVES, result.curves, j.output.curves)
    write(STATE_OCCUPANCY, result.occupancy, j.output.occupancy)
    write(LENGTH_OF_STAY, result.length_of_stay, j.output.length_of_stay)
