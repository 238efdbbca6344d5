"""Events that can happen again: how often, rather than whether."""

from typing import Literal

from pydantic import Field

from immrecon.config.base import Code, Label, Strict
from immrecon.config.first_event import FollowUpSource, Origin, Topic
from immrecon.vocabulary import Population


class RecurrentEvent(Strict):
    """An occurrence counted every time, up to the end of follow-up or a terminal event."""

    label: Label
    occurrence: Code = Field(description="what is counted; its recurrence intervals say what is one episode")
    terminal: list[Code] = Field(
        min_length=1, description="occurrences after which it cannot happen any more (death), in order of priority"
    )
    population: Population
    origin: Origin
    follow_up: list[FollowUpSource] = Field(min_length=1, description="as of a first-event variable")
    horizon_day: float | None = Field(description="administrative end of follow-up on this clock; null: none")
    days: list[float] = Field(min_length=1, description="days at which the mean number is tabulated")
    rate_per_day: float = Field(gt=0, description="rates are per so many days at risk, e.g. 100")
    topic: Topic = Field(description="chapter of the report")
    figure: bool = Field(description="whether the mean number over time is drawn")
    figure_last_day: float = Field(gt=0)
    figure_tick_day: float = Field(gt=0)
    source: Label
    status: Literal["draft", "signed"]
