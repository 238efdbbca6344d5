"""Occurrences as data: what counts, in which records it is found, and which of them are one episode."""

from typing import Annotated, Literal

from pydantic import Field, model_validator

from immrecon.config.base import Code, Label, Strict
from immrecon.vocabulary import Clock


class Labelled(Strict):
    label: Label = Field(default="", description="in words, as printed; empty: the name with blanks for underscores")


class Window(Strict):
    """Days, both inclusive, within which the occurrence (of samples: the first of them) must lie."""

    clock: Clock = Field(description="the clock on which the days are counted")
    first_day: float
    last_day: float | None = Field(description="null: no end")


class Recorded(Labelled):
    """An occurrence that records date. What is left out here restricts nothing."""

    window: Window | None = Field(default=None, description="only on these days; null: any day")
    after: Code | None = Field(default=None, description="only on or after the first day of this occurrence")
    unless_after: Code | None = Field(default=None, description="not on or after the first day of this occurrence")


class RecurrenceInterval(Strict):
    """Records of one kind no further apart than this are one episode, dated by the first of them."""

    matches: str = Field(description='regular expression searched in CETERM (case aside); ".*" for the rest')
    within_day: float = Field(
        gt=0, description="a record fewer than this many days after the one before is the same episode"
    )


class ClinicalEvent(Recorded):
    """Occurrence: a row of harmonised CE whose CEDECOD is one of `terms`."""

    domain: Literal["CE"]
    terms: list[str] = Field(min_length=1, description="values of CEDECOD that count")
    min_grade: int | None = Field(description="only rows with CETOXGR at or above this grade; null: any")
    adjudication: list[Literal["investigator", "adjudicated", "pending"]] | None = Field(
        default=None, description="only rows whose CEADJUD is one of these; null: any, also rows without"
    )
    recurrence: list[RecurrenceInterval] = Field(
        default=[],
        description="intervals by kind of CETERM, the first that matches; only records of the same CEDECOD (and of the "
        "same CETERM, see recurrence_by) are one episode. Empty: every record is an episode",
    )
    recurrence_by: Literal["detail", "event"] = Field(
        default="detail",
        description="detail: records of another CETERM (another pathogen) are another episode; event: CEDECOD alone "
        "tells episodes apart, whatever the detail says (a reactivation of one virus)",
    )


class AdverseEvent(Recorded):
    """Occurrence: start of an adverse event in harmonised AE."""

    domain: Literal["AE"]
    terms: list[str] | None = Field(description="values of AEDECOD that count; null: any")
    classes: list[str] | None = Field(description="values of AEBODSYS that count; null: any")
    min_grade: int | None = Field(description="only events of this CTCAE grade or above; null: any")
    related: bool | None = Field(description="true: only related to the product; null: any")
    serious: bool | None = Field(description="true: only serious; null: any")


class AssessmentAtLeast(Recorded):
    """Occurrence: the first assessment in harmonised FA whose numeric result reaches a value."""

    domain: Literal["FA"]
    category: str = Field(description="value of FACAT")
    test: str = Field(description="value of FATESTCD")
    at_least: float = Field(description="lowest FASTRESN that counts")


class StoolVolume(Strict):
    """Staging of the lower gut by the volume of stool: adult volumes above a weight, below it volumes per kg."""

    test: str = Field(description="FATESTCD of the volume in mL a day")
    weight_test: Code = Field(description="SCTESTCD of the body weight in kg")
    adult_above_kg: float = Field(gt=0, description="weight, not group or age, decides which volumes apply")
    adult_ml_per_day: list[float] = Field(
        min_length=3, max_length=3, description="from the first: stage 1; from the second: 2; above the third: 3"
    )
    child_ml_per_kg_per_day: list[float] = Field(min_length=3, max_length=3, description="in the same way, per kg")


class GvhdStages(Strict):
    """Tests of the organ stages (0 to 4) at one assessment."""

    skin: str
    liver: str
    upper_gi: str
    lower_gi: str
    lower_gi_volume: StoolVolume | None = Field(
        description="a volume that stages the lower gut beside the recorded stage; null: none"
    )


class GvhdGrade(Recorded):
    """Occurrence: the first assessment of acute GvHD whose overall grade reaches a value."""

    domain: Literal["GVHD"]
    category: str = Field(description="value of FACAT")
    grade: str | None = Field(description="FATESTCD of the grade as recorded; null: none is recorded")
    stages: GvhdStages | None = Field(description="FATESTCD of the organ stages (0 to 4); null: none are recorded")
    read: Literal["recorded", "computed", "higher"] = Field(
        description="the grade as recorded, the grade that follows from the stages (MAGIC), or the higher of the two"
    )
    at_least: int = Field(ge=1, le=4, description="lowest grade that counts")

    @model_validator(mode="after")
    def _can_be_read(self) -> "GvhdGrade":
        if self.read != "computed" and self.grade is None:
            raise ValueError(f"read: {self.read} needs the test of the recorded grade")
        if self.read != "recorded" and self.stages is None:
            raise ValueError(f"read: {self.read} needs the tests of the stages")
        return self


class StagedGvhd(Strict):
    """Assessments that have both a grade and organ stages: the two are compared, and a query asks where they differ."""

    category: str = Field(description="value of FACAT")
    grade: str = Field(description="FATESTCD of the grade as recorded")
    stages: GvhdStages = Field(description="FATESTCD of the organ stages")


class MedicationStart(Recorded):
    """Occurrence: start of a medication or cellular intervention in harmonised CM."""

    domain: Literal["CM"]
    categories: list[str] = Field(min_length=1, description="values of CMCAT that count")


class AllOf(Labelled):
    """Occurrence: the day by which every one of several others has occurred for the first time."""

    domain: Literal["ALL"]
    of: list[Code] = Field(min_length=2, description="occurrences of records, none of them an ALL or of samples")


class AgeThreshold(Strict):
    """The threshold of participants below an age."""

    below_age_years: float | None = Field(description="age at enrolment; null: everybody else")
    value_per_ul: float


class ThresholdCrossing(Labelled):
    """Occurrence: an analyte reaches a threshold, confirmed by later samples. Every part is printed."""

    domain: Literal["LB"]
    analyte: Code
    operator: Literal[">", ">="] = Field(description='both are in print: "> 50" and ">= 50"')
    value_per_ul: float | list[AgeThreshold] | Literal["age lower limit"] = Field(
        description='one value, or one per age: the first entry whose age the participant is below; "age lower limit": '
        "that of each sample, its laboratory's own or that of sources.reference_limits for the age on its day, in the "
        "unit of the analyte"
    )
    confirmations: int = Field(ge=1, le=5, description="consecutive samples needed, the first included")
    min_spacing_day: float = Field(ge=0, description="least number of days between the first and the confirming sample")
    window: Window
    confirm_within_window: bool = Field(description="must the confirming sample also lie in the window?")
    event_date: Literal["first", "confirming"] = Field(description="which sample dates the event")
    samples_end_at: list[Code] = Field(
        description="occurrences from whose day on samples are not used (blasts at relapse, cells of another infusion)"
    )

    @model_validator(mode="after")
    def _ages_ascend(self) -> "ThresholdCrossing":
        if not isinstance(self.value_per_ul, list):
            return self
        ages = [entry.below_age_years for entry in self.value_per_ul]
        known = [age for age in ages if age is not None]
        if not ages or None in ages[:-1] or sorted(set(known)) != known:
            raise ValueError("value_per_ul: the ages must ascend, and only the last may be null")
        return self


OfRecords = ClinicalEvent | AdverseEvent | AssessmentAtLeast | GvhdGrade | MedicationStart
"""Occurrences that single records date."""

Occurrence = Annotated[OfRecords | AllOf | ThresholdCrossing, Field(discriminator="domain")]
