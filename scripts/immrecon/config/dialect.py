"""`config/labs/<lab>.yaml`: how one laboratory writes. Everything is declared; what is not declared becomes a query."""

from typing import Literal

from pydantic import ConfigDict, Field, model_validator

from immrecon.config.base import Code, Slug, Strict
from immrecon.config.consistency import Checks
from immrecon.config.source_format import (
    DATA_SETS,
    EXCHANGE_FORMATS,
    DateStyle,
    FilePattern,
    Head,
    IdentityRule,
    Layout,
    Pattern,
)
from immrecon.config.visit_columns import VisitColumns

Shape = Literal["long", "wide_by_analyte", "wide_visit_over_analyte", "wide_by_visit"]
ResultStatus = Literal["P", "F", "C", "X", "D", "W"]
NO_RESULT_STATUSES = ("X", "D", "W")
"""Statuses that say there is no result to use, whatever the result cell holds."""


class CollectionColumn(Strict):
    """The column that says when the sample was drawn."""

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)

    column: Head = Field(description="head of the column")
    kind: Literal["date", "day_since_transplant"] = Field(
        alias="as", description="a calendar date, or a number of days since transplant"
    )
    dates: DateStyle | None = Field(default=None, description="how the date is written; none for a relative day")

    @model_validator(mode="after")
    def _dates_need_a_style(self) -> "CollectionColumn":
        if (self.kind == "date") != (self.dates is not None):
            raise ValueError("`dates` is given exactly when the column holds dates")
        return self


class DateColumn(Strict):
    """A further date of a result."""

    column: Head = Field(description="head of the column")
    dates: DateStyle = Field(description="how the date is written")


class RangeColumn(Strict):
    """Both reference limits of a result in one column."""

    column: Head = Field(description="head of the column")
    pattern: Pattern = Field(
        description="the whole cell, with groups named low and high, e.g. '(?P<low>[0-9.]+) ?- ?(?P<high>[0-9.]+)'; "
        "a group that takes no part is no limit"
    )

    @model_validator(mode="after")
    def _names_the_limits(self) -> "RangeColumn":
        if "(?P<low>" not in self.pattern or "(?P<high>" not in self.pattern:
            raise ValueError("the pattern of reference_range needs the groups (?P<low>...) and (?P<high>...)")
        return self


class Columns(Strict):
    """Heads of the columns. Under visit-over-analyte, `collected` is the head below each visit.

    In wide_by_visit with dates in a row, `collected` is the name of that row in the test column, and so are `time`,
    `received`, `reported`, `accession` and `status`. With dates in the heads, `collected` is a group of `visits.heads`,
    and so may be `test`, `visit`, `unit`, `time` and any other.
    """

    participant: Head = Field(description="whose sample it is, as the laboratory writes it")
    collected: CollectionColumn = Field(description="when the sample was drawn")
    time: Head | None = Field(default=None, description="time of the draw as HH:MM, where it is apart from the date")
    received: DateColumn | None = Field(default=None, description="arrival in the laboratory")
    reported: DateColumn | None = Field(default=None, description="when the result was issued; ranks repeated results")
    visit: Head | None = Field(default=None, description="visit label")
    accession: Head | None = Field(default=None, description="number of the sample in the laboratory")
    status: Head | None = Field(default=None, description="whether the result is preliminary, final, corrected")
    test: Head | None = Field(default=None, description="long and wide_by_visit: name of the analyte")
    result: Head | None = Field(
        default=None, description="long shape: the result; wide_by_visit with dates beside: the head below each visit"
    )
    unit: Head | None = Field(default=None, description="unit of the result")
    reference_low: Head | None = Field(
        default=None, description="lower reference limit of the laboratory for this result, in the unit of the result"
    )
    reference_high: Head | None = Field(default=None, description="its upper reference limit, in the same way")
    reference_range: RangeColumn | None = Field(
        default=None, description="both limits in one column, instead of the two"
    )
    loinc: Head | None = Field(default=None, description="LOINC code, checked against the name and never used alone")
    ignored: list[Head] | Literal["*"] = Field(
        default=[], description='columns known to hold no result; "*": all others. A column nowhere declared is queried'
    )


class AnalyteRule(Strict):
    code: Code = Field(description="analyte of the study")
    unit: str | None = Field(
        description="unit of the results; with a unit column both must agree. null: the unit column alone decides"
    )
    lloq: float | None = Field(
        default=None, ge=0, description="lower limit of quantification, in the study's unit of the analyte"
    )
    loinc: str | None = Field(default=None, description="the LOINC code that belongs to the name")
    highest: float | None = Field(
        default=None, gt=0, description="a result above this, in the study's unit, is withheld as impossible"
    )
    of: Code | None = Field(
        default=None,
        description="the result is a percentage of this count: the analyte is their product, from the same draw, and "
        "is marked as dual platform. The unit is then %, and lloq is in per cent",
    )

    @model_validator(mode="after")
    def _a_percentage_of_a_count(self) -> "AnalyteRule":
        if self.of is None:
            return self
        if self.unit != "%":
            raise ValueError(f"a percentage of {self.of} has the unit %")
        if self.highest is not None:
            raise ValueError("`highest` does not go with `of`: a percentage cannot exceed 100")
        if self.of == self.code:
            raise ValueError(f"{self.code} cannot be a percentage of itself")
        return self


class Numbers(Strict):
    decimal: list[Literal[".", ","]] = Field(
        min_length=1,
        description="decimal signs. Number cells of a workbook are written with the first; text cells may need another",
    )
    thousands: list[Literal[".", ",", " ", "'", "\u00a0", "\u202f"]] = Field(
        default=[], description="separators of groups of three digits; no-break spaces are written as escapes"
    )
    flags: list[str] = Field(default=[], description="marks that may follow a number, e.g. H, L, *")

    @model_validator(mode="after")
    def _signs_are_distinct(self) -> "Numbers":
        if both := sorted(set(self.decimal) & set(self.thousands)):
            raise ValueError(f"{both[0]!r} cannot be a decimal sign and a thousands separator at once")
        return self


class NotDoneWords(Strict):
    matches: Pattern = Field(description="the whole cell, in either case")
    reason: str = Field(min_length=1, description="recorded with the result")


class Words(Strict):
    below_limit: list[str] = Field(default=[], description="words for 'below the limit of quantification'")
    not_done: list[NotDoneWords] = Field(default=[], description="words for 'no result', with the reason recorded")


class Exclusion(Strict):
    """Results that are real but not to be used, e.g. samples of the donor."""

    column: Head = Field(description="head of the column that tells")
    matches: Pattern = Field(description="found anywhere in the cell, in either case")
    reason: str = Field(min_length=1, description="recorded with the result")
    analytes: list[Code] | None = Field(default=None, description="only these analytes; null: all")


class Duplicates(Strict):
    same_draw: list[Literal["accession", "collected", "time", "visit"]] = Field(
        min_length=1, description="results of an analyte that agree in these are versions of one result"
    )
    same_day: Literal["last", "first", "query", "keep"] = Field(
        description="of two samples of one day, which is used: the last or first drawn, neither, or both"
    )


class Dialect(Strict):
    """One laboratory's export."""

    name: Slug = Field(description="name of the laboratory in results (LBNAM)")
    description: str = Field(description="which laboratory, which system, since when")
    files: list[FilePattern] = Field(min_length=1, description="names or globs relative to the folder of the cut")
    layout: Layout = Field(description="how the file is laid out")
    shape: Shape = Field(
        description="long: a row per result; wide_by_analyte: a row per sample; wide_visit_over_analyte: a row per "
        "participant, visits above analytes in the header; wide_by_visit: a row per participant and analyte, visits "
        "side by side. Each may come in one block per participant (layout.blocks)"
    )
    visits: VisitColumns | None = Field(default=None, description="wide_by_visit: where the visits and their dates are")
    columns: Columns = Field(description="what the columns are")
    constants: dict[Head, str] = Field(
        default={},
        description="columns that the file lacks, with the text that holds for all its rows: a day of draw that stands "
        "in the protocol, a unit that stands in the letter that came with it",
    )
    participant: IdentityRule = Field(description="how participants are written")
    analytes: dict[Head, AnalyteRule] = Field(min_length=1, description="by the name in the test column or column head")
    not_requested: list[Head] | Literal["*"] = Field(
        description='analytes that the study does not use, counted but not read; "*": all others'
    )
    units: dict[str, str] = Field(default={}, description="this laboratory's own words for units")
    platform: Literal["single", "dual"] | None = Field(
        default=None,
        description="single: counts from beads in one tube; dual: flow cytometry times a blood count; null: not known",
    )
    numbers: Numbers = Field(description="how numbers are written")
    words: Words = Field(description="words that stand for a result")
    statuses: dict[str, ResultStatus] = Field(
        default={},
        description="preliminary, final, corrected, X: cannot be obtained, D: deleted, W: was of another patient; "
        'what a blank means is said by "", without which a result whose status is blank is queried',
    )
    exclude_where: list[Exclusion] = Field(default=[], description="results that are real but not to be used")
    duplicates: Duplicates = Field(description="what repeated results are, and which one is used")
    checks: Checks = Field(description="consistency rules")

    @model_validator(mode="after")
    def _fits_the_shape(self) -> "Dialect":
        columns = self.columns
        if self.shape == "long":
            if columns.test is None or columns.result is None:
                raise ValueError("the long shape needs columns.test and columns.result")
        elif self.shape != "wide_by_visit" and (
            self.sends_limits or columns.test or columns.result or columns.unit or columns.loinc
        ):
            raise ValueError("test, result, unit, loinc and reference limits are columns of the long shape only")
        if self.shape == "wide_visit_over_analyte":
            if columns.visit is not None:
                raise ValueError("under visit-over-analyte the visit stands in the header, not in a column")
            if len(self.layout.header_rows) < 2:
                raise ValueError("visit-over-analyte needs two header_rows")
        by_head = self.shape in ("wide_by_analyte", "wide_visit_over_analyte")
        if by_head and columns.ignored == "*" and self.not_requested == "*":
            raise ValueError("in a wide shape, columns.ignored and not_requested cannot both stand for all others")
        if columns.unit is None and (bare := [name for name, rule in self.analytes.items() if rule.unit is None]):
            raise ValueError(f'without a unit column every analyte needs a unit; "{bare[0]}" has none')
        if self.statuses and columns.status is None:
            raise ValueError("statuses are declared, but no status column")
        if columns.status is not None and not self.statuses:
            raise ValueError("a status column is declared, but not what its words mean")
        return self

    @model_validator(mode="after")
    def _limits_are_told_apart(self) -> "Dialect":
        columns = self.columns
        if columns.reference_high is not None and columns.reference_low is None:
            raise ValueError("columns.reference_high goes with columns.reference_low, which is not given")
        if columns.reference_low is not None and columns.reference_range is not None:
            raise ValueError("reference limits stand in columns of their own or in reference_range, not in both")
        return self

    @property
    def sends_limits(self) -> bool:
        """Whether results come with reference limits."""
        return self.columns.reference_low is not None or self.columns.reference_range is not None

    @model_validator(mode="after")
    def _visits_can_be_found(self) -> "Dialect":
        columns, visits = self.columns, self.visits
        if (visits is not None) != (self.shape == "wide_by_visit"):
            raise ValueError("`visits` is given exactly for the shape wide_by_visit")
        if visits is not None:
            if columns.test is None or (columns.visit is not None and columns.visit not in visits.groups):
                raise ValueError("wide_by_visit needs columns.test, and no columns.visit: visits are in the header")
            if visits.dates == "beside" and (columns.result is None or len(self.layout.header_rows) < 2):
                raise ValueError("dates beside the results need two header_rows, and columns.result below each visit")
            if visits.dates in ("row", "head") and columns.result is not None:
                where = "a row" if visits.dates == "row" else "the heads"
                raise ValueError(f"with dates in {where} the visits are the columns of results: give no columns.result")
            if visits.dates == "head" and columns.collected.column not in visits.groups:
                raise ValueError(
                    "with dates in the heads, columns.collected.column is a group of visits.heads, e.g. collected and "
                    r"'(?P<collected>\d{2}/\d{2}/\d{4})'"
                )
            if columns.participant in visits.groups:
                raise ValueError("a row is of one participant: columns.participant cannot be a group of visits.heads")
        blocks = self.layout.blocks
        if blocks is not None and blocks.participant != columns.participant:
            raise ValueError("the blocks name the participant: columns.participant must be layout.blocks.participant")
        return self

    @model_validator(mode="after")
    def _names_agree(self) -> "Dialect":
        clash = sorted(set(self.analytes) & set(self.not_requested if self.not_requested != "*" else []))
        if clash:
            raise ValueError(f'"{clash[0]}" is both an analyte and not requested')
        codes = [rule.code for rule in self.analytes.values()]
        for name, rule in self.analytes.items():
            if rule.of is not None and codes.count(rule.code) > 1:
                raise ValueError(f'"{name}" is turned into {rule.code}, which another analyte gives already')
            if rule.of is not None and rule.of not in codes:
                raise ValueError(f'"{name}" is a percentage of {rule.of}, which no analyte is mapped to')
        if self.layout.format in EXCHANGE_FORMATS and self.shape != "long":
            raise ValueError(f"{self.layout.format} is read as a long export: a row per observation")
        if self.layout.format == "fhir" and "." not in self.numbers.decimal:
            raise ValueError('numbers of FHIR are written with ".", so numbers.decimal must contain it')
        if self.layout.format in DATA_SETS and "." not in self.numbers.decimal:
            raise ValueError('numbers of a data set read with ".", so numbers.decimal must contain it')
        for key in self.duplicates.same_draw:
            if key in {"accession", "time", "visit"} and not self._has(key):
                raise ValueError(f"duplicates.same_draw names {key}, which is not among the columns")
        return self

    def _has(self, key: str) -> bool:
        if key == "visit" and self.shape in ("wide_visit_over_analyte", "wide_by_visit"):
            in_heads = self.visits.groups if self.visits is not None else frozenset()
            return self.columns.test not in in_heads or self.columns.visit is not None
        if key == "time" and self.columns.collected.dates is not None:
            return self.columns.time is not None or any("%H" in f for f in self.columns.collected.dates.formats)
        return getattr(self.columns, key) is not None
