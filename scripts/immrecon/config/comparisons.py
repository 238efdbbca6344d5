"""Comparisons as data: who is compared with whom for which endpoints, by which method, and references in print."""

from typing import Annotated, Literal

from pydantic import Field, model_validator

from immrecon.config.base import Code, Label, Strict, refuse_repeated
from immrecon.config.endpoints import Endpoint
from immrecon.vocabulary import POOLED, Estimator

GROUP, DOSE_LEVEL = "group", "dose_level"


class Gates(Strict):
    """Which method is used: by what is planned, so that it stays the same between cuts."""

    exact_tests_below_planned_n: int = Field(
        ge=0,
        description="tests are permutation tests where the smallest of the compared groups is planned below this size, "
        "or its planned size is not known; asymptotic otherwise",
    )
    firth_below_planned_events: float = Field(
        ge=0, description="hazard ratios are Firth's where fewer events per parameter are planned; Cox's otherwise"
    )
    fine_gray_from_planned_events: int = Field(
        ge=0, description="subdistribution hazard ratios are estimated where at least so many events are planned"
    )
    fewest_events: int = Field(
        ge=1, description="with fewer events observed a ratio is not estimable; this never changes the method"
    )
    n_resamples: int = Field(ge=99, description="arrangements drawn where there are too many to list")
    seed: int = Field(ge=0, description="of the drawing")


class PValues(Strict):
    shown: bool = Field(description="whether tests are made and p-values given")
    reason: Label = Field(min_length=1, description="why, or why not; printed")


class ComparedEndpoint(Strict):
    planned_events: int = Field(ge=0, description="events expected by the end of the trial: decides the methods")
    restricted_mean_to_day: float | None = Field(
        gt=0, description="restricted mean survival up to this day of the endpoint's clock; null: none"
    )


class Comparison(Strict):
    """One factor, its levels, and the endpoints that are compared between them."""

    label: Label
    factor: Label = Field(description="group, dose_level, or the code of a baseline characteristic")
    kind: Literal["categorical", "trend", "continuous"] = Field(
        description="categorical: each level against the reference. trend: per step of the levels in their order. "
        "continuous: per so many units of a numeric characteristic"
    )
    levels: list[Label] = Field(
        description="in their order; empty: all configured groups or dose levels, or a continuous characteristic"
    )
    reference: Label | None = Field(description="the level that others are compared with; null: continuous, or a trend")
    per_units: float | None = Field(gt=0, description="units of one step of a continuous characteristic; else null")
    stratified_by: list[Literal["group", "dose_level"]] = Field(
        description="tests and hazard ratios compare within these; []: not stratified"
    )
    endpoints: dict[Code, ComparedEndpoint] = Field(min_length=1)
    p_values: PValues

    @model_validator(mode="after")
    def _kind_fits(self) -> "Comparison":
        refuse_repeated("levels", self.levels)
        if (self.kind == "continuous") != (self.per_units is not None):
            raise ValueError("per_units belongs to kind continuous, and only there")
        if (self.kind == "categorical") != (self.reference is not None):
            raise ValueError("reference belongs to kind categorical, and only there")
        if self.kind == "continuous" and (self.levels or self.factor in (GROUP, DOSE_LEVEL)):
            raise ValueError("kind continuous is for a numeric baseline characteristic, without levels")
        if self.levels and self.reference is not None and self.reference not in self.levels:
            raise ValueError(f'the reference "{self.reference}" is not one of the levels {", ".join(self.levels)}')
        if self.factor in self.stratified_by:
            raise ValueError(f"{self.factor} cannot be compared within itself; take it out of stratified_by")
        return self


class ConstantHazard(Strict):
    """The cause-specific hazard that gives a cumulative incidence by a day, all hazards being constant.

    With p for the event and q for what competes it is -log(1 - p - q) p / (p + q) / day; without q it would be too low.
    """

    kind: Literal["constant"]
    probability: float = Field(gt=0, lt=1, description="of the event by the day")
    competing_probability: float | None = Field(
        ge=0, lt=1, description="of a competing event by the day, where events compete; null: an endpoint without any"
    )
    by_day: float = Field(gt=0)

    @model_validator(mode="after")
    def _leave_someone(self) -> "ConstantHazard":
        if self.probability + (self.competing_probability or 0.0) >= 1:
            raise ValueError("probability and competing_probability add up to 1 or more: no constant hazards do that")
        return self


class HazardStep(Strict):
    day: float = Field(gt=0)
    cumulative_hazard: float = Field(ge=0)


class PiecewiseHazard(Strict):
    """A cumulative hazard known at some days, and linear between them, from 0 on day 0."""

    kind: Literal["piecewise"]
    steps: list[HazardStep] = Field(min_length=1)

    @model_validator(mode="after")
    def _rising(self) -> "PiecewiseHazard":
        days = [step.day for step in self.steps]
        values = [step.cumulative_hazard for step in self.steps]
        if sorted(set(days)) != days or sorted(values) != values:
            raise ValueError("steps: days must ascend, and the cumulative hazard must not fall")
        return self


class Reference(Strict):
    """A hazard from the literature, taken as known without error, that an endpoint is compared with."""

    label: Label
    endpoint: Code = Field(description="where events compete, the hazard is that of its cause alone")
    groups: list[Label] = Field(min_length=1, description=f'group codes, or "{POOLED}" for all together')
    hazard: Annotated[ConstantHazard | PiecewiseHazard, Field(discriminator="kind")]
    clock: Literal["endpoint", "transplant"] = Field(
        description="what the days of the hazard count from; transplant: participants of an endpoint that is followed "
        "from the injection are exposed to the hazard from their injection on"
    )
    until_day: float = Field(gt=0, description="last day of that clock that counts, in events and in time")
    p_values: PValues
    source: Label
    status: Literal["draft", "signed"]

    @model_validator(mode="after")
    def _hazard_reaches(self) -> "Reference":
        last = self.hazard.by_day if isinstance(self.hazard, ConstantHazard) else self.hazard.steps[-1].day
        if last < self.until_day:
            raise ValueError(f"until_day {self.until_day:g} lies beyond the last day of the hazard, {last:g}")
        return self


class ComparisonsFile(Strict):
    """`comparisons.yaml`."""

    gates: Gates
    comparisons: dict[Code, Comparison]
    references: dict[Code, Reference]

    @model_validator(mode="after")
    def _codes_are_unique(self) -> "ComparisonsFile":
        refuse_repeated("comparisons and references", [*self.comparisons, *self.references])
        return self


def check_comparisons(
    declared: ComparisonsFile,
    groups: list[str],
    dose_levels: list[str],
    baseline: dict[str, str],
    endpoints: dict[str, Endpoint],
) -> None:
    """What comparisons say of the study and its endpoints; `baseline` is the kind of each characteristic.

    Raises ValueError: something is not declared there.
    """
    for name, comparison in declared.comparisons.items():
        where = f"comparisons.{name}"
        known = {GROUP: groups, DOSE_LEVEL: dose_levels}.get(comparison.factor)
        if known is not None:
            levels = [*comparison.levels, *([comparison.reference] if comparison.reference else [])]
            _declared(f"{where}.levels", levels, known)
        else:
            _declared(f"{where}.factor", [comparison.factor], [GROUP, DOSE_LEVEL, *baseline])
            numeric = baseline[comparison.factor] == "numeric"
            if numeric != (comparison.kind == "continuous"):
                raise ValueError(f"{where}.kind: {comparison.factor} is {baseline[comparison.factor]}")
            if not numeric and len(comparison.levels) < 2:
                raise ValueError(f"{where}.levels: name the values of {comparison.factor} that are compared")
        _declared(f"{where}.endpoints", list(comparison.endpoints), list(endpoints))
    for name, reference in declared.references.items():
        _declared(f"references.{name}.endpoint", [reference.endpoint], list(endpoints))
        _declared(f"references.{name}.groups", reference.groups, [*groups, POOLED])
        if isinstance(reference.hazard, ConstantHazard):
            competes = endpoints[reference.endpoint].estimator is Estimator.AALEN_JOHANSEN
            if competes != (reference.hazard.competing_probability is not None):
                raise ValueError(
                    f"references.{name}.hazard.competing_probability: {reference.endpoint} has "
                    + ("competing events: say how likely they were" if competes else "none: it is null")
                )


def _declared(where: str, names: list[str], known: list[str]) -> None:
    unknown = [name for name in names if name not in known]
    if unknown:
        raise ValueError(f"{where}: {', '.join(unknown)} is not declared; declared are {', '.join(known)}")
