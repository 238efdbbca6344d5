"""Endpoints as data: what counts as an occurrence, which first event is followed, what is estimated from it."""

from typing import Annotated, Literal

from pydantic import Field, model_validator

from immrecon.config.base import Code, Label, Strict, refuse_repeated
from immrecon.vocabulary import Clock, Estimator, Population


class Labelled(Strict):
    label: Label = Field(default="", description="in words, as printed; empty: the name with blanks for underscores")


class ClinicalEvent(Labelled):
    """Occurrence: a row of harmonised CE whose CEDECOD is one of `terms`."""

    domain: Literal["CE"]
    terms: list[str] = Field(min_length=1, description="values of CEDECOD that count")
    min_grade: int | None = Field(description="only rows with CETOXGR at or above this grade; null: any")


class AssessmentAtLeast(Labelled):
    """Occurrence: the first assessment in harmonised FA whose numeric result reaches a value."""

    domain: Literal["FA"]
    category: str = Field(description="value of FACAT")
    test: str = Field(description="value of FATESTCD")
    at_least: float = Field(description="lowest FASTRESN that counts")


class MedicationStart(Labelled):
    """Occurrence: start of a medication or cellular intervention in harmonised CM."""

    domain: Literal["CM"]
    categories: list[str] = Field(min_length=1, description="values of CMCAT that count")


class Window(Strict):
    """Days, both inclusive, within which the first sample must lie."""

    clock: Clock = Field(description="the clock on which the days are counted")
    first_day: float
    last_day: float | None = Field(description="null: no end")


class AgeThreshold(Strict):
    """The threshold of participants below an age."""

    below_age_years: float | None = Field(description="age at enrolment; null: everybody else")
    value_per_ul: float


class ThresholdCrossing(Labelled):
    """Occurrence: an analyte reaches a threshold, confirmed by later samples. Every part is printed."""

    domain: Literal["LB"]
    analyte: Code
    operator: Literal[">", ">="] = Field(description='both are in print: "> 50" and ">= 50"')
    value_per_ul: float | list[AgeThreshold] = Field(
        description="one value, or one per age: the first entry whose age the participant is below"
    )
    confirmations: int = Field(ge=1, le=5, description="consecutive samples needed, the first included")
    min_spacing_day: float = Field(ge=0, description="least number of days between the first and the confirming sample")
    window: Window
    confirm_within_window: bool = Field(description="must the confirming sample also lie in the window?")
    event_date: Literal["first", "confirming"] = Field(description="which sample dates the event")
    samples_end_at: list[Code] = Field(
        description="occurrences from whose day on samples are not used (blasts at relapse, cells of another infusion)"
    )

    @model_validator(mode="after")
    def _ages_ascend(self) -> "ThresholdCrossing":
        if isinstance(self.value_per_ul, float):
            return self
        ages = [entry.below_age_years for entry in self.value_per_ul]
        known = [age for age in ages if age is not None]
        if not ages or None in ages[:-1] or sorted(set(known)) != known:
            raise ValueError("value_per_ul: the ages must ascend, and only the last may be null")
        return self


Occurrence = Annotated[
    ClinicalEvent | AssessmentAtLeast | MedicationStart | ThresholdCrossing, Field(discriminator="domain")
]


class Origin(Strict):
    clock: Clock
    landmark_day: float | None = Field(
        description="participants still at risk after this day of the clock are followed from it; null: from day 0"
    )


class FollowUpSource(Strict):
    """Records that document that a participant was followed for an endpoint."""

    domain: Literal["FA", "LB"]
    code: str = Field(description="FACAT of the assessments, or LBTESTCD of the samples")


class FirstEvent(Strict):
    """One first-event variable. All endpoints on it share population, origin, censoring and same-day priority."""

    population: Population
    origin: Origin
    causes: list[Code] = Field(
        min_length=1, description="occurrences in order of priority when two fall on the same day"
    )
    follow_up: list[FollowUpSource] = Field(
        min_length=1, description="follow-up ends at the last of these on or before the cut-off"
    )
    horizon_day: float | None = Field(description="administrative end of follow-up on this clock; null: none")


class Endpoint(Strict):
    """One parameter of ADTTE: a choice of causes of a first-event variable, and how it is estimated."""

    label: Label
    first_event: Code
    events: list[Code] = Field(min_length=1, description="causes that are the event; the others compete")
    estimator: Estimator
    conf_type: Literal["by planned group size", "log-log", "log", "plain", "beta-product", "cloglog"]
    variance: Literal["greenwood", "infinitesimal-jackknife", "aalen"]
    landmarks_day: list[float] = Field(description="days at which the estimate is tabulated")
    figure_last_day: float = Field(gt=0, description="right end of the time axis")
    figure_tick_day: float = Field(gt=0, description="distance of the ticks, and of the numbers at risk")
    display: Literal["survival", "incidence"]
    source: Label = Field(description="where the definition comes from: protocol, SAP, paper")
    status: Literal["draft", "signed"]

    @model_validator(mode="after")
    def _method_fits(self) -> "Endpoint":
        km = self.estimator is Estimator.KAPLAN_MEIER
        if km != (self.variance == "greenwood"):
            raise ValueError("kaplan-meier goes with variance greenwood, aalen-johansen with one of the other two")
        allowed = {"log-log", "log", "plain", "beta-product"} if km else {"log-log", "cloglog", "plain"}
        if self.conf_type != "by planned group size" and self.conf_type not in allowed:
            raise ValueError(f"conf_type {self.conf_type} does not exist for {self.estimator}")
        return self


class Definition(Strict):
    """One published definition of reconstitution, to be set beside the others."""

    label: Label
    rule: ThresholdCrossing
    competing: list[Code] = Field(description="occurrences that end follow-up before it, in order of priority")
    source: Label
    status: Literal["draft", "signed"]


class DefinitionGrid(Strict):
    """Definitions side by side: the incidence of each on one day, and who changes status between them."""

    population: Population
    origin: Origin
    day: float = Field(gt=0, description="day of the clock on which the definitions are compared; follow-up ends then")
    reference: Code = Field(description="the definition that the others are compared with")
    definitions: dict[Code, Definition] = Field(min_length=1)


class EndpointsFile(Strict):
    """`endpoints.yaml`."""

    occurrences: dict[Code, Occurrence]
    first_events: dict[Code, FirstEvent]
    endpoints: dict[Code, Endpoint]
    definition_grid: DefinitionGrid | None = Field(description="definitions of reconstitution side by side; null: none")

    def words(self, occurrence: str) -> str:
        """An occurrence as it is printed."""
        return self.occurrences[occurrence].label or occurrence.replace("_", " ")

    def threshold_rules(self) -> dict[str, ThresholdCrossing]:
        """Every rule of confirmed crossing by its name: of the occurrences, then of the definition grid."""
        rules = {name: rule for name, rule in self.occurrences.items() if isinstance(rule, ThresholdCrossing)}
        grid = {} if self.definition_grid is None else self.definition_grid.definitions
        return rules | {name: definition.rule for name, definition in grid.items()}

    @model_validator(mode="after")
    def _names_resolve(self) -> "EndpointsFile":
        for key in ("occurrences", "first_events", "endpoints"):
            refuse_repeated(key, list(getattr(self, key)))
        for name, occurrence in self.occurrences.items():
            if isinstance(occurrence, ThresholdCrossing):
                _known(f"occurrences.{name}.samples_end_at", occurrence.samples_end_at, self.occurrences)
                for end in occurrence.samples_end_at:
                    if isinstance(self.occurrences[end], ThresholdCrossing):
                        raise ValueError(f"occurrences.{name}.samples_end_at: {end} is itself a threshold of samples")
        for name, first_event in self.first_events.items():
            _known(f"first_events.{name}.causes", first_event.causes, self.occurrences)
        for name, endpoint in self.endpoints.items():
            _known(f"endpoints.{name}.first_event", [endpoint.first_event], self.first_events)
            causes = self.first_events[endpoint.first_event].causes
            _known(f"endpoints.{name}.events", endpoint.events, causes)
            if endpoint.estimator is Estimator.KAPLAN_MEIER and set(endpoint.events) != set(causes):
                raise ValueError(
                    f"endpoints.{name}: Kaplan-Meier would censor {sorted(set(causes) - set(endpoint.events))}, "
                    "which compete; use aalen-johansen, or name all causes as events"
                )
        self._grid_resolves()
        return self

    def _grid_resolves(self) -> None:
        if (grid := self.definition_grid) is None:
            return
        _known("definition_grid.reference", [grid.reference], grid.definitions)
        refuse_repeated("occurrences and definition_grid", [*self.occurrences, *grid.definitions])
        refuse_repeated("endpoints and definition_grid", [*self.endpoints, *grid.definitions])
        for name, definition in grid.definitions.items():
            where = f"definition_grid.definitions.{name}"
            _known(f"{where}.competing", definition.competing, self.occurrences)
            _known(f"{where}.rule.samples_end_at", definition.rule.samples_end_at, self.occurrences)
            for end in [*definition.competing, *definition.rule.samples_end_at]:
                if isinstance(self.occurrences[end], ThresholdCrossing):
                    raise ValueError(f"{where}: {end} is itself a threshold of samples")


def _known(where: str, names: list[str], known: object) -> None:
    unknown = [name for name in names if name not in known]  # type: ignore[operator]
    if unknown:
        raise ValueError(f"{where}: {', '.join(unknown)} is not declared")
