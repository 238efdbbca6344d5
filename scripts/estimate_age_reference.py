"""Counts beside what is usual at the age."""

from immrecon.analyses.age_reference import estimate_age_reference
from immrecon.config.specs import AgeReferenceSpec
from immrecon.contracts.analysis import ADLB, ADSL
from immrecon.contracts.io import read, write
from immrecon.contracts.results import (
    AGE_REFERENCE_BANDS,
    AGE_REFERENCE_PROFILES,
    AGE_REFERENCE_SHARES,
    AGE_REFERENCE_SUMMARY,
)
from immrecon.jobs import job

with job(snakemake) as j:
    spec = AgeReferenceSpec.model_validate(j.params.spec)
    result = estimate_age_reference(read(ADSL, j.input.adsl), read(ADLB, j.input.adlb), spec)
    write(AGE_REFERENCE_SUMMARY, result.summary, j.output.summary)
    write(AGE_REFERENCE_SHARES, result.shares, j.output.shares)
    write(AGE_REFERENCE_PROFILES, result.profiles, j.output.profiles)
    write(AGE_REFERENCE_BANDS, result.bands, j.output.bands)
