"""Reconstitution against outcome: from landmarks on, and by the current count."""

from immrecon.analyses.reconstitution_outcome import estimate_reconstitution_outcome
from immrecon.config.outcome_specs import OutcomeSpec
from immrecon.contracts.analysis import ADLB, ADLM, ADOC, ADSL, ADTTE
from immrecon.contracts.io import read, write
from immrecon.contracts.results import OUTCOME_CONTRASTS, OUTCOME_CURVES, OUTCOME_ESTIMATES, OUTCOME_RISK_TABLE
from immrecon.jobs import job

with job(snakemake) as j:
    adtte, adlm, adlb = read(ADTTE, j.input.adtte), read(ADLM, j.input.adlm), read(ADLB, j.input.adlb)
    adoc, adsl = read(ADOC, j.input.adoc), read(ADSL, j.input.adsl)
    spec = OutcomeSpec.model_validate(j.params.spec)
    result = estimate_reconstitution_outcome(adtte, adlm, adlb, adoc, adsl, spec)
    write(OUTCOME_CURVES, result.outcome_curves, j.output.curves)
    write(OUTCOME_RISK_TABLE, result.outcome_risk_table, j.output.risk_table)
    write(OUTCOME_ESTIMATES, result.outcome_estimates, j.output.estimates)
    write(OUTCOME_CONTRASTS, result.outcome_contrasts, j.output.contrasts)
