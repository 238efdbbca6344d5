"""Funnel, accrual, baseline, timelines, and the count of queries."""

from immrecon.analyses.disposition import estimate_disposition
from immrecon.config.specs import DispositionSpec
from immrecon.contracts.analysis import ADLB, ADOC, ADSL
from immrecon.contracts.harmonised import QUERIES_CLINICAL, QUERIES_LAB, SC
from immrecon.contracts.io import read, write
from immrecon.contracts.results import ACCRUAL, BASELINE, FUNNEL, QUERY_COUNTS, TIMELINES
from immrecon.jobs import job

with job(snakemake) as j:
    spec = DispositionSpec.model_validate(j.params.spec)
    i = j.input
    queries = [read(QUERIES_CLINICAL, i.queries_clinical), read(QUERIES_LAB, i.queries_lab)]
    result = estimate_disposition(
        read(ADSL, i.adsl), read(SC, i.sc), read(ADOC, i.adoc), read(ADLB, i.adlb), queries, j.params.unused, spec
    )
    write(FUNNEL, result.funnel, j.output.funnel)
    write(ACCRUAL, result.accrual, j.output.accrual)
    write(BASELINE, result.baseline, j.output.baseline)
    write(TIMELINES, result.timelines, j.output.timelines)
    write(QUERY_COUNTS, result.query_counts, j.output.query_counts)
