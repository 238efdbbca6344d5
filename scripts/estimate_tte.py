"""Survival and cumulative incidence of the declared endpoints, and the identities they must satisfy."""

from immrecon.analyses.tte import estimate_tte
from immrecon.config.specs import TteSpec
from immrecon.contracts.analysis import ADTTE
from immrecon.contracts.io import read, write
from immrecon.contracts.results import CHECKS, CURVES, LANDMARKS, QUANTILES, RISK_TABLE
from immrecon.jobs import job

with job(snakemake) as j:
    result = estimate_tte(read(ADTTE, j.input.adtte), TteSpec.model_validate(j.params.spec))
    write(CURVES, result.curves, j.output.curves)
    write(RISK_TABLE, result.risk_table, j.output.risk_table)
    write(LANDMARKS, result.landmarks, j.output.landmarks)
    write(QUANTILES, result.quantiles, j.output.quantiles)
    write(CHECKS, result.checks, j.output.checks)
