"""External comparisons as data: proportions in print, and control data sets of studies that this pipeline has run."""

from typing import Literal

from pydantic import Field, model_validator

from immrecon.config.base import Code, Label, Strict, refuse_repeated
from immrecon.config.comparisons import PValues
from immrecon.config.endpoints import EndpointsFile
from immrecon.config.occurrences import ThresholdCrossing
from immrecon.config.outcomes import OutcomeEndpoint, OutcomeGates
from immrecon.vocabulary import POOLED, Clock


class ExternalGates(OutcomeGates):
    fewest_at_risk: int = Field(
        ge=1,
        description="with fewer at risk at the start, or at an event while participants still enter, a control data "
        "set is refused",
    )


class PublishedProportion(Strict):
    """A proportion in print with its sampling error, beside the proportion here by the exact binomial distribution."""

    label: Label
    endpoint: Code = Field(
        description="an endpoint whose one event is a threshold of samples with an end of its window"
    )
    population: Label = Field(description="who was studied, in words")
    rule: Label = Field(description="the definition as printed")
    proportion: float = Field(gt=0, lt=1)
    n: int = Field(gt=0)
    conf_low: float = Field(ge=0, le=1, description="interval of the proportion in print, at the level of this study")
    conf_high: float = Field(ge=0, le=1)
    conf_type: Label = Field(description="how that interval was made")
    applies_to: list[Label] = Field(
        min_length=1, description=f'group codes, or "{POOLED}" for all together; any other group has no reference'
    )
    null_proportions: list[float] = Field(
        min_length=1, description="proportions that are tested, ascending; those of the interval in print among them"
    )
    alternative: Literal["greater", "less", "two-sided"]
    differences: list[Label] = Field(min_length=1, description="how that population differs from this one; printed")
    p_values: PValues
    source: Label
    status: Literal["draft", "signed"]

    @model_validator(mode="after")
    def _in_order(self) -> "PublishedProportion":
        if not self.conf_low <= self.proportion <= self.conf_high:
            raise ValueError("the proportion does not lie between conf_low and conf_high")
        grid = self.null_proportions
        if sorted(set(grid)) != grid or not 0 < grid[0] <= grid[-1] < 1:
            raise ValueError("null_proportions must ascend, between 0 and 1")
        return self


class ControlData(Strict):
    """A data set of another study in the layout of a results folder, followed from the same start as this one."""

    label: Label
    analysis: str = Field(description="folder `analysis` of a run of this pipeline, from the folder of `config.yaml`")
    clock: Clock = Field(description="clock of the control's endpoints")
    start: Literal["landmark", "delayed entry"] = Field(
        description="landmark: whoever is at risk after a day since transplant, in both; delayed entry: participants "
        "here enter at their injection, controls at the start of their follow-up"
    )
    landmark_day: float | None = Field(description="days since transplant; null: delayed entry")
    groups: list[Label] = Field(
        min_length=1, description=f'group codes, the same in both, or "{POOLED}" for all together'
    )
    days: list[float] = Field(min_length=1, description="days since transplant at which estimates are tabulated")
    endpoints: dict[Code, OutcomeEndpoint] = Field(min_length=1, description="declared alike in both studies")
    differences: list[Label] = Field(min_length=1, description="how that population differs from this one; printed")
    p_values: PValues
    source: Label
    status: Literal["draft", "signed"]

    @model_validator(mode="after")
    def _start_fits(self) -> "ControlData":
        if (self.start == "landmark") != (self.landmark_day is not None):
            raise ValueError("landmark_day belongs to start landmark, and only there")
        if early := [day for day in self.days if day <= (self.landmark_day or 0.0)]:
            raise ValueError(f"days: {', '.join(f'{day:g}' for day in early)} not after the start")
        return self


class ExternalFile(Strict):
    """`external.yaml`."""

    gates: ExternalGates
    published: dict[Code, PublishedProportion]
    controls: dict[Code, ControlData]

    @model_validator(mode="after")
    def _codes_are_unique(self) -> "ExternalFile":
        refuse_repeated("published and controls", [*self.published, *self.controls])
        return self


def check_external(declared: ExternalFile, endpoints: EndpointsFile, groups: list[str]) -> None:
    """What external comparisons say of the endpoints and groups. Raises ValueError: something is not declared there."""
    for name, published in declared.published.items():
        where = f"published.{name}"
        _declared(f"{where}.applies_to", published.applies_to, [*groups, POOLED])
        _declared(f"{where}.endpoint", [published.endpoint], list(endpoints.endpoints))
        events = endpoints.endpoints[published.endpoint].events
        rule = endpoints.occurrences[events[0]]
        if len(events) != 1 or not isinstance(rule, ThresholdCrossing) or rule.window.last_day is None:
            raise ValueError(f"{where}.endpoint: the event of {published.endpoint} is not a threshold with a last day")
    for name, control in declared.controls.items():
        where = f"controls.{name}"
        _declared(f"{where}.groups", control.groups, [*groups, POOLED])
        _declared(f"{where}.endpoints", list(control.endpoints), list(endpoints.endpoints))


def _declared(where: str, names: list[str], known: list[str]) -> None:
    unknown = [name for name in names if name not in known]
    if unknown:
        raise ValueError(f"{where}: {', '.join(unknown)} is not declared; declared are {', '.join(known)}")
