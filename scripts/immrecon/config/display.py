"""What displays are given: labels, axes and the words that stand on every exhibit."""

from datetime import date

from pydantic import Field

from immrecon.config.base import Strict
from immrecon.config.contrast_specs import ComparisonDisplay, comparison_displays
from immrecon.config.external_specs import ExternalDisplay, external_displays
from immrecon.config.first_event import Topic
from immrecon.config.kinetics import Kinetics
from immrecon.config.outcome_specs import OutcomeDisplay, outcome_displays
from immrecon.config.record_checks import LastingRecords
from immrecon.config.study import (
    Analyte,
    ClockLabels,
    DoseLevel,
    Group,
    Safety,
    Study,
    Threshold,
    Visits,
)
from immrecon.config.trajectory_specs import TrajectoryDisplay, trajectory_display
from immrecon.config.wording import censoring_in_words, occurrence_in_words, states_censored_in_words
from immrecon.vocabulary import Clock, Estimator, Population


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


class StateDisplay(Strict):
    code: str
    label: str
    rule: str


class MultiStateDisplay(Strict):
    """What stands on the exhibits of a course through states besides its results."""

    code: str
    label: str
    states: list[StateDisplay]
    censoring: str
    clock_label: str
    landmark_day: float | None
    population: Population
    topic: Topic
    figure_last_day: float
    figure_tick_day: float
    source: str
    status: str


class AgeLimitsDisplay(Strict):
    """What stands on the exhibits of counts beside reference limits besides their results."""

    analytes: list[Analyte] = Field(description="summarised, with limits in the file or in a lab export")
    unsigned: bool = Field(description="some row of the file is not signed")
    sent: bool = Field(description="some laboratory sends limits of its own")


AGE_LIMITS = "REFERENCE_LIMITS"
"""Stands for the file of reference limits among the codes of definitions that are not signed."""


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
    multistate: list[MultiStateDisplay] = Field(default=[])
    kinetics: Kinetics | None = Field(default=None)
    comparisons: list[ComparisonDisplay] = Field(default=[])
    trajectory: TrajectoryDisplay | None = Field(default=None)
    age_limits: AgeLimitsDisplay | None = Field(default=None)
    outcomes: list[OutcomeDisplay] = Field(default=[])
    externals: list[ExternalDisplay] = Field(default=[])
    safety: Safety
    sae_reconciled: bool
    ongoing_at_cutoff: list[LastingRecords]
    conf_level: float
    recovery_population: Population
    timelines_population: Population
    png_per_inch: int

    @property
    def cutoff_text(self) -> str:
        """The words for the data cut-off that stand on every exhibit."""
        if self.cutoff_date is None:
            return f"No calendar cut-off (relative days); data cut {self.data_cut}"
        return f"Data cut-off {self.cutoff_date.isoformat()}"


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
        multistate=[_multistate_display(study, code) for code in study.endpoints.multistate],
        kinetics=file.kinetics,
        comparisons=comparison_displays(study),
        trajectory=trajectory_display(study),
        age_limits=_age_limits_display(study),
        outcomes=outcome_displays(study),
        externals=external_displays(study),
        safety=file.safety,
        sae_reconciled=file.sae_reconciliation is not None,
        ongoing_at_cutoff=file.ongoing_at_cutoff,
        conf_level=file.methods.conf_level,
        recovery_population=file.evaluable.of,
        timelines_population=file.timelines.population,
        png_per_inch=file.png_per_inch,
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


def _age_limits_display(study: Study) -> AgeLimitsDisplay | None:
    known = study.analytes_with_limits
    analytes = [analyte for analyte in study.file.analytes if analyte.summarised and analyte.code in known]
    if not analytes:
        return None
    return AgeLimitsDisplay(
        analytes=analytes,
        unsigned=any(limit.status != "signed" for limit in study.reference_limits or []),
        sent=any(lab.sends_limits for lab in study.labs.values()),
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


def _multistate_display(study: Study, code: str) -> MultiStateDisplay:
    course = study.endpoints.multistate[code]
    return MultiStateDisplay(
        code=code,
        label=course.label,
        states=[
            StateDisplay(
                code=name,
                label=state.label,
                rule=" or ".join(occurrence_in_words(study.endpoints, cause) for cause in state.entered_by),
            )
            for name, state in course.states.items()
        ],
        censoring=states_censored_in_words(course),
        clock_label=getattr(study.file.clocks, course.origin.clock.value),
        landmark_day=course.origin.landmark_day,
        **course.model_dump(include={"population", "topic", "figure_last_day", "figure_tick_day", "source", "status"}),
    )
