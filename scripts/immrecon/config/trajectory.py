"""Trajectories of counts as data: which samples count, how time enters the model, and on which days it is read."""

from typing import Literal

from pydantic import Field, model_validator

from immrecon.config.base import Code, Label, Strict, refuse_repeated
from immrecon.config.comparisons import PValues
from immrecon.vocabulary import Population


class RandomSlope(Strict):
    """Whether participants may differ in their slope over time, besides their level."""

    tried: bool = Field(description="false: a random intercept alone")
    p_below: float = Field(
        gt=0, lt=1, description="a slope is kept if the likelihood-ratio test of its variance gives p below this"
    )


class Trajectory(Strict):
    """A mixed model of log10 counts per analyte, of the samples of those alive and free of what ends sampling."""

    population: Population
    analytes: list[Code] = Field(min_length=1, description="a model for each; counts, which have a logarithm")
    participant_pages: list[Code] = Field(description="of these analytes, those whose fit is drawn per participant")
    events_shown: list[Code] = Field(description="occurrences of the timelines that are marked on these drawings")
    samples_end_at: list[Code] = Field(
        description="occurrences, relapse among them: samples from the day of the first of them do not count; "
        "[]: there are none in this study",
    )
    first_day: float = Field(ge=0, description="days since transplant from which on samples count")
    last_day: float = Field(description="last day on which they do")
    knots_day: list[float] = Field(description="inner knots of the natural cubic spline on sqrt(day)")
    boundary_day: tuple[float, float] = Field(description="its boundary knots, beyond which it is straight")
    days: list[float] = Field(min_length=1, description="days on which the curves are read and groups compared")
    beyond_samples_at_most_days: float = Field(
        ge=0, description="further than this from the samples of a group its curve is not estimable"
    )
    reference_group: Label | None = Field(description="group that the others are compared with; null: no comparison")
    random_slope: RandomSlope
    imputed_shares_of_limit: list[float] = Field(
        description="sensitivity analyses: values below a limit replaced by so much of it"
    )
    imputed_values: list[float] = Field(description="the same, replaced by this value, in the unit of the analyte")
    fewest_participants: int = Field(ge=2, description="a group or dose level with fewer sampled has no curve")
    p_values: PValues
    source: Label
    status: Literal["draft", "signed"]

    @model_validator(mode="after")
    def _consistent(self) -> "Trajectory":
        refuse_repeated("analytes", self.analytes)
        refuse_repeated("days", [f"{day:g}" for day in self.days])
        if unknown := [code for code in self.participant_pages if code not in self.analytes]:
            raise ValueError(f"participant_pages: {', '.join(unknown)} is not one of the analytes")
        chain = [self.boundary_day[0], *self.knots_day, self.boundary_day[1]]
        if chain != sorted(set(chain)):
            raise ValueError("knots_day must ascend strictly between the two of boundary_day")
        if not self.first_day <= self.boundary_day[0] < self.boundary_day[1] <= self.last_day:
            raise ValueError("boundary_day must lie within first_day and last_day")
        if outside := [day for day in self.days if not self.first_day <= day <= self.last_day]:
            raise ValueError(f"days: {outside} lie outside first_day and last_day")
        if any(share <= 0 or share > 1 for share in self.imputed_shares_of_limit):
            raise ValueError("imputed_shares_of_limit: expected shares above 0, up to 1")
        if any(value <= 0 for value in self.imputed_values):
            raise ValueError("imputed_values: expected values above 0, which have a logarithm")
        refuse_repeated("imputed_shares_of_limit", [f"{share:g}" for share in self.imputed_shares_of_limit])
        refuse_repeated("imputed_values", [f"{value:g}" for value in self.imputed_values])
        return self
