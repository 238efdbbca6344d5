"""`checks` of a dialect: which results do not fit together, within what tolerance, and how severe that is."""

import re
from typing import Literal

from pydantic import Field, model_validator

from immrecon.config.base import Code, Strict
from immrecon.config.source_format import Pattern

Flag = Literal[
    "sum_exceeds_whole", "percent_disagrees", "ratio_disagrees", "total_disagrees", "jump", "unit_slip_suspected",
    "panel_repeated", "panel_shared", "accession_shared", "sample_partly_excluded", "long_way", "visit_off",
    "sample_after_death",
]  # fmt: skip
"""Kinds of queries on results that are used although they do not fit."""


class SumRule(Strict):
    """Subsets may not add up to more than the cells they are part of."""

    parts: list[Code] = Field(min_length=1, description="analytes that are added up")
    whole: Code = Field(description="analyte that holds them all")
    tolerance_relative: float = Field(ge=0, description="allowed excess as a share of the whole")
    tolerance_absolute: float = Field(ge=0, description="allowed excess in the unit of the analytes, at low counts")


class ShareRule(Strict):
    """A percentage agrees with the count it belongs to."""

    percent: Code = Field(description="analyte in per cent of the whole")
    part: Code = Field(description="count of the same cells")
    whole: Code = Field(description="count that is 100 per cent")
    tolerance_relative: float = Field(ge=0, description="allowed difference as a share of the count")
    tolerance_absolute: float = Field(ge=0, description="allowed difference in the unit of the counts")


class RatioRule(Strict):
    """A reported ratio agrees with the two counts it is made of."""

    ratio: Code = Field(description="analyte that holds the ratio")
    numerator: Code = Field(description="count above")
    denominator: Code = Field(description="count below")
    tolerance_relative: float = Field(
        ge=0, description="allowed difference as a share of the ratio; rounding needs some"
    )


class TotalRule(Strict):
    """Percentages that make up the whole add up to 100, e.g. CD3 + CD19 + NK of lymphocytes."""

    parts: list[Code] = Field(min_length=2, description="analytes in per cent that are added up")
    tolerance_absolute: float = Field(ge=0, description="allowed distance from 100, in per cent points")


class JumpRule(Strict):
    """A rise or fall too steep to be biology alone."""

    factor: float = Field(gt=1, description="ratio of two results in a row from which it is flagged")
    within_days: float = Field(gt=0, description="if they lie at most so far apart")
    from_count: float = Field(ge=0, description="a rise or fall is looked at only if the larger result reaches this")


class SlipRule(Strict):
    """A result a thousand times its neighbours is a slip of the unit. It is withheld, never rescaled."""

    ratio_low: float = Field(gt=1, description="lowest ratio to both neighbours, up or down, that is withheld")
    ratio_high: float = Field(gt=1, description="highest such ratio")
    longest_run: int = Field(
        default=2,
        ge=1,
        description="so many results in a row, all that far from the result before and the one after, are withheld "
        "like a single one; 1: single ones only. Longer runs are what aplasia after conditioning looks like",
    )
    panel_min_analytes: int | None = Field(
        default=None,
        ge=2,
        description="a sample of which so many analytes are that far from the laboratory's own median, all up or all "
        "down, is flagged: it finds the slip of a participant with one sample. null: none; counts near 0 after "
        "conditioning look the same",
    )


class VisitRule(Strict):
    """Visit labels that name a day."""

    pattern: Pattern = Field(description="of the whole label, in either case, with a group `day`")
    tolerance_days: float = Field(ge=0, description="a sample further from its labelled day is flagged")

    @model_validator(mode="after")
    def _names_the_day(self) -> "VisitRule":
        if "day" not in re.compile(self.pattern).groupindex:
            raise ValueError("the pattern needs a group `day`")
        return self


class Checks(Strict):
    """Consistency rules. All flag but never change; only the slip rule and an impossible order of dates withhold."""

    sums: list[SumRule] = Field(description="subsets against the cells they are part of")
    shares: list[ShareRule] = Field(description="percentages against counts")
    ratios: list[RatioRule] = Field(default=[], description="ratios against the counts they are made of")
    totals: list[TotalRule] = Field(default=[], description="percentages that add up to 100")
    jump: JumpRule | None = Field(description="delta check; null: none")
    slip: SlipRule | None = Field(description="unit slips; null: none")
    identical_min_analytes: int | None = Field(
        ge=2, description="panels with this many or more results, all equal on two dates or in two participants"
    )
    accessions_unique: bool = Field(
        default=True,
        description="a number of a sample that two participants have is an error; false: the numbers of the laboratory "
        "begin anew for each participant",
    )
    max_hours_to_receipt: float | None = Field(gt=0, description="a longer way from draw to laboratory is flagged")
    visit: VisitRule | None = Field(description="visit labels against dates; null: labels name no day")
    severities: dict[Flag, Literal["warning", "note"]] = Field(
        default={},
        description="severity of a kind of flag, where it is not warning (accession_shared: error). Which of the "
        "results that do not fit is wrong cannot be known, so none is withheld",
    )
