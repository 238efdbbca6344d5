"""Visit summaries, missed samples, thresholds reached, trajectories, reconstitution statuses."""

from immrecon.analyses.recovery import estimate_recovery
from immrecon.config.specs import RecoverySpec
from immrecon.contracts.analysis import ADLB, ADREC, ADSL
from immrecon.contracts.harmonised import LB
from immrecon.contracts.io import read, write
from immrecon.contracts.results import (
    MISSED_SAMPLES,
    PROFILES,
    STATUS_COUNTS,
    THRESHOLD_SUMMARY,
    VISIT_SUMMARY,
    VISIT_VALUES,
)
from immrecon.jobs import job

with job(snakemake) as j:
    spec = RecoverySpec.model_validate(j.params.spec)
    adsl, adlb, lb = read(ADSL, j.input.adsl), read(ADLB, j.input.adlb), read(LB, j.input.lb)
    result = estimate_recovery(adsl, adlb, lb, read(ADREC, j.input.adrec), spec)
    write(VISIT_SUMMARY, result.visit_summary, j.output.visit_summary)
    write(VISIT_VALUES, result.visit_values, j.output.visit_values)
    write(MISSED_SAMPLES, result.missed_samples, j.output.missed_samples)
    write(THRESHOLD_SUMMARY, result.threshold_summary, j.output.threshold_summary)
    write(PROFILES, result.profiles, j.output.profiles)
    write(STATUS_COUNTS, result.status_counts, j.output.status_counts)
