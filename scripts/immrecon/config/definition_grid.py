"""Published definitions of reconstitution, to be set side by side."""

from typing import Literal

from pydantic import Field

from immrecon.config.base import Code, Label, Strict
from immrecon.config.first_event import Origin
from immrecon.config.occurrences import ThresholdCrossing
from immrecon.vocabulary import Population


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
