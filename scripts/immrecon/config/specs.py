"""The sections of the configuration that each step is given: a step re-runs only when its own section changes."""

from datetime import date

from immrecon.config.base import Strict
from immrecon.config.definition_grid import DefinitionGrid
from immrecon.config.dialect import Dialect
from immrecon.config.endpoints import EndpointsFile
from immrecon.config.kinetics import Kinetics
from immrecon.config.multistate import MultiState
from immrecon.config.record_checks import LastingRecords
from immrecon.config.recurrent_events import RecurrentEvent
from immrecon.config.reference_limits import ReferenceLimit
from immrecon.config.study import (
    Analyte,
    Characteristic,
    DoseLevel,
    EmergentRule,
    EvaluableRule,
    Group,
    Methods,
    PartialDates,
    PlannedAccrual,
    Safety,
    Study,
    Threshold,
    Timelines,
    Visits,
)
from immrecon.vocabulary import Population


class LabSpec(Strict):
    labs: dict[str, Dialect]
    analytes: list[Analyte]
    extract_date: date | None
    cutoff_date: date | None


class DeriveSpec(Strict):
    """What the derivations of ADSL, ADLB, ADAE, ADTTE and ADREC need."""

    cutoff_date: date | None
    evaluable: EvaluableRule
    visits: Visits
    analytes: list[Analyte]
    endpoints: EndpointsFile
    partial_dates: PartialDates
    safety: EmergentRule
    reference_limits: list[ReferenceLimit]


class DispositionSpec(Strict):
    cutoff_date: date | None
    groups: list[Group]
    dose_levels: list[DoseLevel]
    accrual_plan: list[PlannedAccrual]
    baseline: list[Characteristic]
    timelines: Timelines
    evaluable: EvaluableRule
    endpoints: EndpointsFile


class RecoverySpec(Strict):
    groups: list[Group]
    dose_levels: list[DoseLevel]
    analytes: list[Analyte]
    visits: Visits
    thresholds: list[Threshold]
    methods: Methods
    endpoints: EndpointsFile
    population: Population
    cutoff_date: date | None


class KineticSpec(Strict):
    groups: list[Group]
    dose_levels: list[DoseLevel]
    analytes: list[Analyte]
    visits: Visits
    methods: Methods
    population: Population
    cutoff_date: date | None
    kinetics: Kinetics | None


class DefinitionGridSpec(Strict):
    groups: list[Group]
    dose_levels: list[DoseLevel]
    methods: Methods
    definition_grid: DefinitionGrid | None


class EventsSpec(Strict):
    groups: list[Group]
    dose_levels: list[DoseLevel]
    methods: Methods
    recurrent_events: dict[str, RecurrentEvent]


class MultiStateSpec(Strict):
    groups: list[Group]
    dose_levels: list[DoseLevel]
    methods: Methods
    multistate: dict[str, MultiState]


class AgeReferenceSpec(Strict):
    groups: list[Group]
    dose_levels: list[DoseLevel]
    analytes: list[Analyte]
    visits: Visits
    methods: Methods
    population: Population
    reference_limits: list[ReferenceLimit]


class TteSpec(Strict):
    groups: list[Group]
    dose_levels: list[DoseLevel]
    methods: Methods
    endpoints: EndpointsFile


class SafetySpec(Strict):
    groups: list[Group]
    dose_levels: list[DoseLevel]
    methods: Methods
    safety: Safety
    sae_reconciled: bool
    ongoing_at_cutoff: list[LastingRecords]
    cutoff_date: date | None


def lab_spec(study: Study) -> LabSpec:
    return LabSpec(
        labs=study.labs,
        analytes=study.file.analytes,
        extract_date=study.cut.extract_date,
        cutoff_date=study.cut.cutoff_date,
    )


def derive_spec(study: Study) -> DeriveSpec:
    file = study.file
    return DeriveSpec(
        cutoff_date=study.cut.cutoff_date,
        evaluable=file.evaluable,
        visits=file.visits,
        analytes=file.analytes,
        endpoints=study.endpoints,
        partial_dates=file.partial_dates,
        safety=EmergentRule.model_validate(file.safety.model_dump(exclude={"grade_at_least"})),
        reference_limits=study.reference_limits or [],
    )


def disposition_spec(study: Study) -> DispositionSpec:
    file = study.file
    return DispositionSpec(
        cutoff_date=study.cut.cutoff_date,
        groups=file.groups,
        dose_levels=file.dose_levels,
        accrual_plan=file.accrual_plan,
        baseline=file.baseline,
        timelines=file.timelines,
        evaluable=file.evaluable,
        endpoints=study.endpoints,
    )


def recovery_spec(study: Study) -> RecoverySpec:
    file = study.file
    return RecoverySpec(
        groups=file.groups,
        dose_levels=file.dose_levels,
        analytes=file.analytes,
        visits=file.visits,
        thresholds=file.thresholds,
        methods=file.methods,
        endpoints=study.endpoints,
        population=file.evaluable.of,
        cutoff_date=study.cut.cutoff_date,
    )


def kinetic_spec(study: Study) -> KineticSpec:
    file = study.file
    return KineticSpec(
        groups=file.groups,
        dose_levels=file.dose_levels,
        analytes=file.analytes,
        visits=file.visits,
        methods=file.methods,
        population=file.evaluable.of,
        cutoff_date=study.cut.cutoff_date,
        kinetics=file.kinetics,
    )


def definition_grid_spec(study: Study) -> DefinitionGridSpec:
    file = study.file
    return DefinitionGridSpec(
        groups=file.groups,
        dose_levels=file.dose_levels,
        methods=file.methods,
        definition_grid=study.endpoints.definition_grid,
    )


def events_spec(study: Study) -> EventsSpec:
    file = study.file
    return EventsSpec(
        groups=file.groups,
        dose_levels=file.dose_levels,
        methods=file.methods,
        recurrent_events=study.endpoints.recurrent_events,
    )


def multistate_spec(study: Study) -> MultiStateSpec:
    file = study.file
    return MultiStateSpec(
        groups=file.groups,
        dose_levels=file.dose_levels,
        methods=file.methods,
        multistate=study.endpoints.multistate,
    )


def age_reference_spec(study: Study) -> AgeReferenceSpec:
    file = study.file
    return AgeReferenceSpec(
        groups=file.groups,
        dose_levels=file.dose_levels,
        analytes=file.analytes,
        visits=file.visits,
        methods=file.methods,
        population=file.evaluable.of,
        reference_limits=study.reference_limits or [],
    )


def tte_spec(study: Study) -> TteSpec:
    file = study.file
    return TteSpec(groups=file.groups, dose_levels=file.dose_levels, methods=file.methods, endpoints=study.endpoints)


def safety_spec(study: Study) -> SafetySpec:
    file = study.file
    return SafetySpec(
        groups=file.groups,
        dose_levels=file.dose_levels,
        methods=file.methods,
        safety=file.safety,
        sae_reconciled=file.sae_reconciliation is not None,
        ongoing_at_cutoff=file.ongoing_at_cutoff,
        cutoff_date=study.cut.cutoff_date,
    )
