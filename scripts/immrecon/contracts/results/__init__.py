"""Estimates layer: tidy result tables, lower-case columns. `group` and `dose_level` are "all" when pooled."""

from immrecon.contracts.results.contrasts import CONTRASTS, SECOND_PROGRAMMER
from immrecon.contracts.results.disposition import ACCRUAL, BASELINE, FUNNEL, TIMELINES
from immrecon.contracts.results.quality import CELL_FATES, QUERY_COUNTS, QUERY_STATUS
from immrecon.contracts.results.recovery import (
    DEFINITION_ESTIMATES,
    DEFINITION_STATUSES,
    PROFILES,
    RECONSTITUTION,
    STATUS_COUNTS,
    THRESHOLD_SUMMARY,
    VISIT_SUMMARY,
)
from immrecon.contracts.results.safety import AE_INCIDENCE, SAE_RECONCILIATION
from immrecon.contracts.results.tte import CHECKS, CURVES, LANDMARKS, QUANTILES, RISK_TABLE

RESULTS = [
    FUNNEL, ACCRUAL, BASELINE, TIMELINES, QUERY_COUNTS, QUERY_STATUS, CELL_FATES, VISIT_SUMMARY,
    THRESHOLD_SUMMARY, PROFILES, STATUS_COUNTS, CURVES, RISK_TABLE, LANDMARKS, QUANTILES, CHECKS, AE_INCIDENCE,
    SAE_RECONCILIATION, RECONSTITUTION, DEFINITION_ESTIMATES,
    DEFINITION_STATUSES, CONTRASTS, SECOND_PROGRAMMER,
]  # fmt: skip

__all__ = [
    "ACCRUAL",
    "AE_INCIDENCE",
    "BASELINE",
    "CELL_FATES",
    "CHECKS",
    "CONTRASTS",
    "CURVES",
    "DEFINITION_ESTIMATES",
    "DEFINITION_STATUSES",
    "FUNNEL",
    "LANDMARKS",
    "PROFILES",
    "QUANTILES",
    "QUERY_COUNTS",
    "QUERY_STATUS",
    "RECONSTITUTION",
    "RESULTS",
    "RISK_TABLE",
    "SAE_RECONCILIATION",
    "SECOND_PROGRAMMER",
    "STATUS_COUNTS",
    "THRESHOLD_SUMMARY",
    "TIMELINES",
    "VISIT_SUMMARY",
]
