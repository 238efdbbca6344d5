"""The section of the configuration for clinical extracts: how they are mapped, and what they are checked against."""

from datetime import date

from immrecon.config.base import Strict
from immrecon.config.extracts import ExtractsFile
from immrecon.config.occurrences import GvhdGrade, StagedGvhd
from immrecon.config.record_checks import LateEntry, ProtocolVersion, SaeReconciliation
from immrecon.config.study import DoseLevel, Group, Study


class EarlierCut(Strict):
    """The days of the cut that this one is compared with."""

    cutoff_date: date | None
    extract_date: date | None


class ClinicalSpec(Strict):
    study: str
    extract_date: date | None
    earlier: EarlierCut | None
    clinical: ExtractsFile
    groups: list[Group]
    dose_levels: list[DoseLevel]
    protocol_versions: list[ProtocolVersion]
    entered_late: list[LateEntry]
    sae_reconciliation: SaeReconciliation | None
    staged_gvhd: list[StagedGvhd]


def clinical_spec(study: Study) -> ClinicalSpec:
    file = study.file
    return ClinicalSpec(
        study=file.study,
        extract_date=study.cut.extract_date,
        earlier=None
        if study.earlier_cut is None
        else EarlierCut.model_validate(
            file.cuts[study.earlier_cut].model_dump(include={"cutoff_date", "extract_date"})
        ),
        clinical=study.clinical,
        groups=file.groups,
        dose_levels=file.dose_levels,
        protocol_versions=file.protocol_versions,
        entered_late=file.entered_late,
        sae_reconciliation=file.sae_reconciliation,
        staged_gvhd=_staged_gvhd(study),
    )


def _staged_gvhd(study: Study) -> list[StagedGvhd]:
    """Every pair of grade and stages that an occurrence names, once: grades II-IV and III-IV share theirs."""
    staged: list[StagedGvhd] = []
    for rule in study.endpoints.occurrences.values():
        if isinstance(rule, GvhdGrade) and rule.grade is not None and rule.stages is not None:
            pair = StagedGvhd(category=rule.category, grade=rule.grade, stages=rule.stages)
            if pair not in staged:
                staged.append(pair)
    return staged
