"""Incidence of adverse events with exact intervals, their reconciliation with the safety database, what is ongoing."""

from immrecon.analyses.ongoing import LastingDomains
from immrecon.analyses.safety import estimate_safety
from immrecon.config.specs import SafetySpec
from immrecon.contracts.analysis import ADAE, ADSL
from immrecon.contracts.harmonised import AE, CE, CM, SAE
from immrecon.contracts.io import read, write
from immrecon.contracts.results import AE_INCIDENCE, ONGOING_RECORDS, SAE_RECONCILIATION
from immrecon.jobs import job

with job(snakemake) as j:
    result = estimate_safety(
        read(ADSL, j.input.adsl),
        read(ADAE, j.input.adae),
        LastingDomains(read(AE, j.input.ae), read(CE, j.input.ce), read(CM, j.input.cm)),
        read(SAE, j.input.sae),
        SafetySpec.model_validate(j.params.spec),
    )
    write(AE_INCIDENCE, result.ae_incidence, j.output.ae_incidence)
    write(SAE_RECONCILIATION, result.sae_reconciliation, j.output.sae_reconciliation)
    write(ONGOING_RECORDS, result.ongoing_records, j.output.ongoing_records)
