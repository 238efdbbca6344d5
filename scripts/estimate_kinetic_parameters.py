"""Parameters of the course of counts: per participant, by group, compared, and growth curves."""

from immrecon.analyses.kinetics import estimate_kinetic_parameters
from immrecon.config.specs import KineticSpec
from immrecon.contracts.analysis import ADLB, ADOC, ADSL
from immrecon.contracts.io import read, write
from immrecon.contracts.results import GROWTH_CURVES, KINETIC_COMPARISONS, KINETIC_PARAMETERS, KINETIC_SUMMARY
from immrecon.jobs import job

with job(snakemake) as j:
    spec = KineticSpec.model_validate(j.params.spec)
    adsl, adlb, adoc = read(ADSL, j.input.adsl), read(ADLB, j.input.adlb), read(ADOC, j.input.adoc)
    result = estimate_kinetic_parameters(adsl, adlb, adoc, spec)
    write(KINETIC_PARAMETERS, result.parameters, j.output.parameters)
    write(KINETIC_SUMMARY, result.summary, j.output.summary)
    write(KINETIC_COMPARISONS, result.comparisons, j.output.comparisons)
    write(GROWTH_CURVES, result.growth_curves, j.output.growth_curves)
