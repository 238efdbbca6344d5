"""Courses through states: who is in which state on which day."""

from typing import Literal

from pydantic import Field, model_validator

from immrecon.config.base import Code, Label, Strict
from immrecon.config.first_event import FollowUpSource, Origin, Topic
from immrecon.vocabulary import Population


class State(Strict):
    """One state of a course."""

    label: Label
    entered_by: list[Code] = Field(description="occurrences that lead into it; []: the state that everybody starts in")
    out_of: list[Code] = Field(description="states, declared before it, from which they do")
    follow_up: list[FollowUpSource] = Field(
        default=[], description="records that document follow-up in this state, where others do; []: as of the course"
    )


class MultiState(Strict):
    """States that a participant goes through from the origin to the end of follow-up; none is entered twice.

    The first state declared is where everybody at risk starts. Of states entered on one day the one declared first is
    entered first, so that the day ends in the last of them.
    """

    label: Label
    states: dict[Code, State] = Field(min_length=2, max_length=6, description="in order; more than six cannot be read")
    population: Population
    origin: Origin
    follow_up: list[FollowUpSource] = Field(min_length=1, description="as of a first-event variable")
    horizon_day: float | None = Field(description="administrative end of follow-up on this clock; null: none")
    days: list[float] = Field(
        min_length=1, description="days at which the probabilities, and the time spent up to them, are tabulated"
    )
    topic: Topic = Field(description="chapter of the report")
    figure_last_day: float = Field(gt=0)
    figure_tick_day: float = Field(gt=0)
    source: Label
    status: Literal["draft", "signed"]

    @property
    def initial(self) -> str:
        return next(iter(self.states))

    def absorbing(self) -> list[str]:
        """States that nothing leads out of."""
        left = {origin for state in self.states.values() for origin in state.out_of}
        return [name for name in self.states if name not in left]

    def leads_to(self, state: str) -> list[str]:
        """The state and every one that a participant may come through on the way to it, in order."""
        found = {state}
        for name in reversed(self.states):
            if name in found:
                found |= set(self.states[name].out_of)
        return [name for name in self.states if name in found]

    def causes(self) -> list[str]:
        """Occurrences that lead into a state, in order of the states."""
        return list(dict.fromkeys(cause for state in self.states.values() for cause in state.entered_by))

    @model_validator(mode="after")
    def _states_follow_each_other(self) -> "MultiState":
        before: list[str] = []
        for name, state in self.states.items():
            if not before and (state.entered_by or state.out_of):
                raise ValueError(f"states.{name}: everybody starts in the first state; nothing leads into it")
            if before and not (state.entered_by and state.out_of):
                raise ValueError(f"states.{name}: which occurrences lead into it, and out of which states?")
            if late := [origin for origin in state.out_of if origin not in before]:
                raise ValueError(f"states.{name}.out_of: {', '.join(late)} is not declared before it")
            before.append(name)
        first = self.origin.landmark_day or 0.0
        if early := [day for day in self.days if day <= first]:
            raise ValueError(f"days: {', '.join(f'{day:g}' for day in early)} not after the origin, day {first:g}")
        return self
