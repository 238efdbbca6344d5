"""`kinetics` of the study: how the course of a count in one participant is put into numbers, and who is compared."""

from typing import Literal

from pydantic import Field, model_validator

from immrecon.config.base import Code, Label, Strict, refuse_repeated
from immrecon.config.comparisons import PValues


class BelowLimit(Strict):
    """Areas, slopes and curves need a number for a result below its limit. Ranks and medians by visit do not."""

    factor: float = Field(gt=0, le=1, description="such a result counts as so many times its limit")
    sensitivity_factor: float | None = Field(
        gt=0, le=1, description="areas and slopes are given with this factor, too; null: not"
    )


class Area(Strict):
    """Area under the count from day 0 to declared days."""

    to_days: list[float] = Field(min_length=1, description="days since transplant")
    start_value: float | None = Field(
        ge=0,
        description="count on day 0 of who has no sample then; null: the first sample within carry_days stands for it",
    )
    carry_days: float = Field(
        ge=0, description="a last sample at most so many days before the end stands for the end; else no area"
    )
    fewest_samples: int = Field(ge=1, description="samples from day 0 to the end, fewer give no area")


class Slope(Strict):
    """Straight line of log2 of the count on time."""

    first_day: float
    last_day: float
    fewest_samples: int = Field(ge=3)

    @model_validator(mode="after")
    def _in_order(self) -> "Slope":
        if self.first_day >= self.last_day:
            raise ValueError("slope: first_day is not before last_day")
        return self


class Maximum(Strict):
    to_day: float = Field(gt=0, description="largest count from day 0 to this day, and when it is first reached")


class Growth(Strict):
    """Curves of growth towards a plateau, fitted to log10 of the counts of a group. Exploratory."""

    analytes: list[Code] = Field(min_length=1, description="of those of this section")
    models: list[Literal["logistic", "four-parameter-logistic", "gompertz"]] = Field(min_length=1)
    to_day: float = Field(gt=0, description="samples from day 0 to this day enter")
    last_at_least_day: float | None = Field(
        description="no plateau is estimated when no sample is as late as this; null: no such condition"
    )
    fewest_values: int = Field(ge=5)


class WorstRank(Strict):
    """Whoever had one of these by the end ranks below everyone with a count, the earlier the lower (Lachin 1999)."""

    label: Label
    occurrences: list[Code] = Field(min_length=1)


class KineticComparison(Strict):
    """Groups against a reference group: shift of areas, slopes, and counts at visits."""

    reference: Label = Field(description="code of the group that others are compared with")
    visits: list[Code] = Field(description="visits whose counts are compared")
    worst_ranks: dict[Code, WorstRank] = Field(description="rank analyses beside that of the measured; {}: none")
    n_resamples: int = Field(ge=99, description="arrangements drawn where there are too many to list")
    seed: int = Field(ge=0, description="of the drawing")
    p_values: PValues


class Kinetics(Strict):
    """Parameters of the course of counts, per participant and by group."""

    analytes: list[Code] = Field(min_length=1)
    below_limit: BelowLimit
    area: Area
    slope: Slope | None
    maximum: Maximum | None
    growth: Growth | None
    comparison: KineticComparison | None

    @model_validator(mode="after")
    def _once_each(self) -> "Kinetics":
        refuse_repeated("analytes", self.analytes)
        refuse_repeated("area.to_days", [f"{day:g}" for day in self.area.to_days])
        unknown = [] if self.growth is None else [code for code in self.growth.analytes if code not in self.analytes]
        if unknown:
            raise ValueError(f"growth.analytes: {', '.join(unknown)} is not among the analytes of kinetics")
        if min(self.area.to_days) <= 0:
            raise ValueError("area.to_days: days are after day 0")
        return self


def check_kinetics(
    kinetics: Kinetics, analytes: list[str], groups: list[str], visits: list[str], occurrences: list[str]
) -> None:
    """What the section says of the rest of the configuration. Raises ValueError: something is not declared there."""
    _declared("analytes", kinetics.analytes, analytes)
    compared = kinetics.comparison
    if compared is None:
        return
    _declared("comparison.reference", [compared.reference], groups)
    _declared("comparison.visits", compared.visits, visits)
    for code, worst in compared.worst_ranks.items():
        _declared(f"comparison.worst_ranks.{code}", worst.occurrences, occurrences)


def _declared(where: str, names: list[str], known: list[str]) -> None:
    unknown = [name for name in names if name not in known]
    if unknown:
        raise ValueError(f"kinetics.{where}: {', '.join(unknown)} is not declared; declared are {', '.join(known)}")
