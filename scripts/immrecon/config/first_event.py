"""Who is followed from when, what ends follow-up, and where it ends without: shared by everything that is timed."""

from typing import Literal

from pydantic import Field

from immrecon.config.base import Code, Strict
from immrecon.vocabulary import Clock, Population

Topic = Literal["engraftment", "recovery", "infection", "safety", "efficacy"]
"""Chapters that endpoints belong to."""


class Origin(Strict):
    clock: Clock
    landmark_day: float | None = Field(
        description="participants still at risk after this day of the clock are followed from it; null: from day 0"
    )


class FollowUpSource(Strict):
    """Records that document that a participant was followed for an endpoint."""

    domain: Literal["FA", "LB"]
    code: str = Field(description="FACAT of the assessments, or LBTESTCD of the samples")
    test: str | None = Field(default=None, description="only this FATESTCD of the assessments; null: any")


class OnlyThose(Strict):
    """A characteristic (harmonised SC) that puts a participant at risk."""

    test: Code = Field(description="SCTESTCD")
    values: list[str] = Field(min_length=1)


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
    only_if: list[OnlyThose] = Field(
        default=[], description="at risk are only participants with one of these characteristics; empty: all"
    )
    censor_at: Literal["last documented", "cut-off"] = Field(
        default="last documented",
        description="where follow-up without an event ends. cut-off: a sensitivity analysis that takes whoever is not "
        "dead, withdrawn or lost as free of the event up to the cut-off",
    )
