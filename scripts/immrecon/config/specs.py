"""The sections of the configuration that each step is given: a step re-runs only when its own section changes."""

from datetime import date

from pydantic import Field

from immrecon.config.base import Strict
from immrecon.config.contrast_specs import ComparisonDisplay, comparison_displays
from immrecon.config.definition_grid import DefinitionGrid
from immrecon.config.dialect import Dialect
from immrecon.config.endpoints import EndpointsFile
from immrecon.config.first_event import Topic
from immrecon.config.recurrent_events import RecurrentEvent
from immrecon.config.study import (
    Analyte,
    Characteristic,
    ClockLabels,
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
from immrecon.config.wording import censoring_in_words, occurrence_in_words
from immrecon.vocabulary import Clock, Estimator, Population


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
    cutoff_date: date | None


class EndpointDisplay(Strict):
    """How an endpoint is shown; everything that must stand on its exhibits."""

    code: str
    label: str
    clock: Clock
    clock_label: str
    landmark_day: float | None
    population: Population
    estimator: Estimator
    rule: str
    event_labels: list[str]
    competing_labels: list[str]
    censoring: str
    source: str
    status: str
    display: str
    topic: Topic
    figure: bool
    figure_last_day: float
    figure_tick_day: float


class DefinitionGridDisplay(Strict):
    """What stands on the exhibits of the definition grid besides its results."""

    day: float
    clock_label: str
    landmark_day: float | None
    population: Population
    reference: str
    competing_labels: dict[str, list[str]]
    unsigned: list[str]


class RecurrentEventDisplay(Strict):
    """What stands on the exhibits of a recurrent event besides its results."""

    code: str
    label: str
    rule: str
    terminal_labels: list[str]
    clock_label: str
    landmark_day: float | None
    population: Population
    topic: Topic
    figure: bool
    figure_last_day: float
    figure_tick_day: float
    source: str
    status: str

    @property
    def competing_labels(self) -> list[str]:
        """What is counted beside the events under a time axis."""
        return self.terminal_labels


class DisplaySpec(Strict):
    """Labels, axes and the words that stand on every exhibit; no clinical rule is evaluated from it."""

    study: str
    title: str
    session: str
    data_cut: str
    cutoff_date: date | None
    extract_date: date | None
    compared_with: str | None
    groups: list[Group]
    dose_levels: list[DoseLevel]
    analytes: list[Analyte]
    visits: Visits
    thresholds: list[Threshold]
    clocks: ClockLabels
    endpoints: list[EndpointDisplay]
    definition_grid: DefinitionGridDisplay | None
    recurrent_events: list[RecurrentEventDisplay]
    comparisons: list[ComparisonDisplay] = Field(default=[])
    safety: Safety
    sae_reconciled: bool
    conf_level: float
    recovery_population: Population
    timelines_population: Population

    @property
    def cutoff_text(self) -> str:
        """The words for the data cut-off that stand on every exhibit."""
        if self.cutoff_date is None:
            return f"No calendar cut-off (relative days); data cut {self.data_cut}"
        return f"Data cut-off {self.cutoff_date.isoformat()}"


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
        cutoff_date=study.cut.cutoff_date,
    )


def display_spec(study: Study) -> DisplaySpec:
    file = study.file
    return DisplaySpec(
        study=file.study,
        title=file.title,
        session=file.session,
        data_cut=file.data_cut,
        cutoff_date=study.cut.cutoff_date,
        extract_date=study.cut.extract_date,
        compared_with=study.earlier_cut,
        groups=file.groups,
        dose_levels=file.dose_levels,
        analytes=file.analytes,
        visits=file.visits,
        thresholds=file.thresholds,
        clocks=file.clocks,
        endpoints=[_endpoint_display(study, code) for code in study.endpoints.endpoints],
        definition_grid=_definition_grid_display(study),
        recurrent_events=[_recurrent_display(study, code) for code in study.endpoints.recurrent_events],
        comparisons=comparison_displays(study),
        safety=file.safety,
        sae_reconciled=file.sae_reconciliation is not None,
        conf_level=file.methods.conf_level,
        recovery_population=file.evaluable.of,
        timelines_population=file.timelines.population,
    )


def _endpoint_display(study: Study, code: str) -> EndpointDisplay:
    endpoint = study.endpoints.endpoints[code]
    first_event = study.endpoints.first_events[endpoint.first_event]
    clock = first_event.origin.clock
    return EndpointDisplay(
        code=code,
        label=endpoint.label,
        clock=clock,
        clock_label=getattr(study.file.clocks, clock.value),
        landmark_day=first_event.origin.landmark_day,
        population=first_event.population,
        estimator=endpoint.estimator,
        rule="; ".join(occurrence_in_words(study.endpoints, cause) for cause in endpoint.events),
        event_labels=[study.endpoints.words(cause) for cause in endpoint.events],
        competing_labels=[study.endpoints.words(cause) for cause in first_event.causes if cause not in endpoint.events],
        censoring=censoring_in_words(first_event),
        source=endpoint.source,
        status=endpoint.status,
        display=endpoint.display,
        topic=endpoint.topic,
        figure=endpoint.figure,
        figure_last_day=endpoint.figure_last_day,
        figure_tick_day=endpoint.figure_tick_day,
    )


def _definition_grid_display(study: Study) -> DefinitionGridDisplay | None:
    grid = study.endpoints.definition_grid
    if grid is None:
        return None
    return DefinitionGridDisplay(
        day=grid.day,
        clock_label=getattr(study.file.clocks, grid.origin.clock.value),
        landmark_day=grid.origin.landmark_day,
        population=grid.population,
        reference=grid.reference,
        competing_labels={
            code: [study.endpoints.words(cause) for cause in definition.competing]
            for code, definition in grid.definitions.items()
        },
        unsigned=[code for code, definition in grid.definitions.items() if definition.status != "signed"],
    )


def _recurrent_display(study: Study, code: str) -> RecurrentEventDisplay:
    event = study.endpoints.recurrent_events[code]
    return RecurrentEventDisplay(
        code=code,
        label=event.label,
        rule=occurrence_in_words(study.endpoints, event.occurrence),
        terminal_labels=[study.endpoints.words(name) for name in event.terminal],
        clock_label=getattr(study.file.clocks, event.origin.clock.value),
        landmark_day=event.origin.landmark_day,
        **event.model_dump(
            include={"population", "topic", "figure", "figure_last_day", "figure_tick_day", "source", "status"}
        ),
    )
