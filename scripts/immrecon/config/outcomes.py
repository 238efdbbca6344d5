"""Reconstitution against outcome as data: landmarks, the current count as a covariate, and tables for joint models."""

from typing import Literal

from pydantic import Field, model_validator

from immrecon.config.base import Code, Label, Strict, refuse_repeated
from immrecon.config.comparisons import PValues
from immrecon.config.endpoints import EndpointsFile
from immrecon.config.occurrences import ThresholdCrossing
from immrecon.vocabulary import Clock

BelowLimit = Literal["the limit", "half the limit"]


class OutcomeGates(Strict):
    """Which method is used: by what is planned, so that it stays the same between cuts."""

    firth_below_planned_events: float = Field(
        ge=0, description="hazard ratios are Firth's where fewer events are planned; Cox's otherwise"
    )
    fewest_events: int = Field(
        ge=1, description="with fewer events observed a ratio is not estimable; this never changes the method"
    )
    fewest_at_risk: int = Field(ge=1, description="with fewer at risk in a status its ratio is not estimable")


class OutcomeEndpoint(Strict):
    planned_events: int = Field(ge=0, description="events expected by the end of the trial: decides the method")


class LandmarkOutcome(Strict):
    """Outcome from a landmark on, by whether a rule of confirmed crossing was met at it."""

    label: Label
    rule: Code = Field(
        description="occurrence of samples (domain LB); met at a landmark if both samples lie at or before it"
    )
    landmarks_day: list[float] = Field(min_length=1, description="days since transplant")
    unconfirmed_compared_as: Literal["left out", "not reconstituted"] = Field(
        description="samples had reached the threshold by the landmark, not confirmed yet: a category with numbers and "
        "estimates of its own, and in the ratio of hazards left out or taken as not reconstituted"
    )
    last_sample_within_day: float = Field(
        gt=0,
        description="not reconstituted is only who has a sample so many days before the landmark (or before the end of "
        "the rule's window, where that is earlier); the status of anybody else is not known",
    )
    endpoints: dict[Code, OutcomeEndpoint] = Field(min_length=1)
    days_after: list[float] = Field(
        min_length=1, description="days after the landmark at which estimates are tabulated"
    )
    stratified_by: list[Literal["group", "dose_level"]] = Field(
        description="hazard ratios compare within these; []: not stratified"
    )
    p_values: PValues
    figure_landmarks_day: list[float] = Field(description="landmarks whose curves are drawn; []: none")
    figure_last_day: float = Field(gt=0, description="right end of the axis, in days after the landmark")
    figure_tick_day: float = Field(gt=0)
    source: Label
    status: Literal["draft", "signed"]

    @model_validator(mode="after")
    def _days_fit(self) -> "LandmarkOutcome":
        refuse_repeated("landmarks_day", [f"{day:g}" for day in self.landmarks_day])
        if early := [day for day in (*self.landmarks_day, *self.days_after) if day <= 0]:
            raise ValueError(f"landmarks_day, days_after: {', '.join(f'{day:g}' for day in early)} not after day 0")
        if extra := [day for day in self.figure_landmarks_day if day not in self.landmarks_day]:
            raise ValueError(f"figure_landmarks_day: {', '.join(f'{day:g}' for day in extra)} is not a landmark")
        return self


class CurrentValueOutcome(Strict):
    """Outcome by the last count measured before: Cox's model with a covariate that changes with time.

    A value holds from the day of its sample (after it) up to the day of the next one. It is never interpolated, and
    nobody is at risk before their first value.
    """

    label: Label
    analyte: Code
    first_day: float = Field(description="day since transplant from which samples count")
    below_limit: BelowLimit = Field(description="the value of a result below a limit")
    lowest_per_ul: float = Field(gt=0, description="lower values are taken as this one, because 0 has no logarithm")
    samples_end_at: list[Code] = Field(
        description="occurrences from whose day on samples are not used; the last value before stays"
    )
    endpoints: dict[Code, OutcomeEndpoint] = Field(min_length=1)
    stratified_by: list[Literal["group", "dose_level"]] = Field(
        description="hazard ratios compare within these; []: not stratified"
    )
    p_values: PValues
    source: Label
    status: Literal["draft", "signed"]


class JointModelTables(Strict):
    """Two tables for joint models (R's JM, JMbayes2): samples in rows, and participants in rows."""

    analyte: Code
    first_day: float = Field(description="day since transplant from which samples count")
    below_limit: BelowLimit = Field(description="the value of a result below a limit")
    lowest_per_ul: float = Field(gt=0, description="lower values are taken as this one, because 0 has no logarithm")
    endpoint: Code = Field(description="its event is status 1, what competes with it status 2, none 0")
    covariates: list[Code] = Field(description="baseline characteristics that become columns")


class OutcomesFile(Strict):
    """`outcomes.yaml`."""

    gates: OutcomeGates
    landmarks: dict[Code, LandmarkOutcome]
    current_value: dict[Code, CurrentValueOutcome]
    joint_model: JointModelTables | None = Field(description="null: no tables for joint models")

    @model_validator(mode="after")
    def _codes_are_unique(self) -> "OutcomesFile":
        refuse_repeated("landmarks and current_value", [*self.landmarks, *self.current_value])
        return self


def check_outcomes(declared: OutcomesFile, endpoints: EndpointsFile, analytes: list[str], baseline: list[str]) -> None:
    """What outcomes say of the endpoints and the study.

    Raises ValueError: something is not declared there, or a status at a landmark would need what comes after it.
    """
    for name, landmark in declared.landmarks.items():
        where = f"landmarks.{name}"
        rule = endpoints.occurrences.get(landmark.rule)
        if not isinstance(rule, ThresholdCrossing):
            raise ValueError(f"{where}.rule: {landmark.rule} is not a threshold of samples (domain LB)")
        _declared(f"{where}.endpoints", list(landmark.endpoints), list(endpoints.endpoints))
        for code in landmark.endpoints:
            variable = endpoints.first_events[endpoints.endpoints[code].first_event]
            if landmark.rule in variable.causes:
                raise ValueError(f"{where}.endpoints: {landmark.rule} is itself an event of {code}")
        if rule.window.clock is Clock.TRANSPLANT:
            least = rule.window.first_day + (rule.min_spacing_day if rule.confirmations > 1 else 0)
            early = [day for day in landmark.landmarks_day if day < least]
            if early:
                raise ValueError(
                    f"{where}.landmarks_day: nobody can have met {landmark.rule} by day {early[0]:g}; its samples are "
                    f"complete on day {least:g} at the earliest, and what comes after a landmark is not used"
                )
    for name, current in declared.current_value.items():
        where = f"current_value.{name}"
        _declared(f"{where}.analyte", [current.analyte], analytes)
        _declared(f"{where}.endpoints", list(current.endpoints), list(endpoints.endpoints))
        _declared(f"{where}.samples_end_at", current.samples_end_at, list(endpoints.occurrences))
    if (joint := declared.joint_model) is not None:
        _declared("joint_model.analyte", [joint.analyte], analytes)
        _declared("joint_model.endpoint", [joint.endpoint], list(endpoints.endpoints))
        _declared("joint_model.covariates", joint.covariates, baseline)


def _declared(where: str, names: list[str], known: list[str]) -> None:
    unknown = [name for name in names if name not in known]
    if unknown:
        raise ValueError(f"{where}: {', '.join(unknown)} is not declared; declared are {', '.join(known)}")
