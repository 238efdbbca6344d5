"""`config.yaml`: one study, one tree. Units stand in the names; no clinical number has a default."""

import itertools
import os
from datetime import date
from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, model_validator

from immrecon.config.base import Code, Label, Slug, Strict, refuse_repeated
from immrecon.config.comparisons import ComparisonsFile
from immrecon.config.cuts import Cut
from immrecon.config.dialect import Dialect
from immrecon.config.endpoints import EndpointsFile
from immrecon.config.external import ExternalFile
from immrecon.config.extracts import ExtractsFile
from immrecon.config.kinetics import Kinetics
from immrecon.config.outcomes import OutcomesFile
from immrecon.config.record_checks import LastingRecords, LateEntry, ProtocolVersion, SaeReconciliation
from immrecon.config.reference_limits import ReferenceLimit
from immrecon.config.sources import Sources
from immrecon.config.trajectory import Trajectory
from immrecon.vocabulary import POOLED, Milestone, Population


class ClockLabels(Strict):
    transplant: Label = Field(description='how the transplant clock is named on axes, e.g. "transplant"')
    injection: Label = Field(description='how the injection clock is named, e.g. "SMART101 injection"')


def _not_pooled(code: str) -> str:
    if code == POOLED:
        raise ValueError(
            f'the code "{POOLED}" stands for all together in every result; expected any other code. '
            "Hint: rename it, and map the source text to the new code in the clinical configuration"
        )
    return code


StratumCode = Annotated[Label, Field(min_length=1), AfterValidator(_not_pooled)]
"""A code as the enrolment record has it, which results are given for."""


class Group(Strict):
    code: StratumCode = Field(description="value of GROUP in the enrolment record")
    label: Label
    planned_n: int = Field(gt=0, description="planned size: decides the interval method, locked between cuts")
    min_age_years: float | None = Field(description="age below this is flagged, never re-assigned; null: no check")
    max_age_years: float | None = Field(description="age at or above this is flagged; null: no check")


class DoseLevel(Strict):
    code: StratumCode
    label: Label


class PlannedAccrual(Strict):
    month: date = Field(description="first day of the month")
    planned_cumulative: int = Field(ge=0)

    @model_validator(mode="after")
    def _first_of_month(self) -> "PlannedAccrual":
        if self.month.day != 1:
            raise ValueError(
                f"month {self.month} is not the first day of a month; expected {self.month.replace(day=1)}"
            )
        return self


class EvaluableRule(Strict):
    """Who is evaluable for reconstitution: the base population with enough samples."""

    of: Literal[Population.ENROLLED, Population.TRANSPLANTED, Population.INJECTED]
    analyte: Code
    min_samples: int = Field(ge=0, description="samples with a usable result after the base population's clock start")


class Characteristic(Strict):
    """A row of the baseline table: a harmonised SC test, or AGE, SEX, SITEID or PROTVER of DM."""

    code: Code
    label: Label
    kind: Literal["numeric", "categorical"]
    unit: Label = Field(description="printed after the label; empty for none")
    known_at: Milestone = Field(
        description="from which milestone on it is known: missing for whoever has not reached it by the cut-off"
    )


class Analyte(Strict):
    code: Code
    label: Label
    unit: Label = Field(description='unit of LBSTRESN, e.g. "/uL"')
    summarised: bool = Field(description="it has tables by visit: counts, thresholds, and beside limits of the age")
    drawn: bool = Field(
        description="it is measured at every visit: trajectories and heat maps are drawn and missed samples listed; "
        "only what is summarised"
    )
    axis_floor: float = Field(gt=0, description="lowest value on the logarithmic axis")

    @model_validator(mode="after")
    def _drawn_is_summarised(self) -> "Analyte":
        if self.drawn and not self.summarised:
            raise ValueError(f"{self.code}: drawn, but not summarised. Hint: set summarised to true, or drawn to false")
        return self


class Visit(Strict):
    code: Code
    label: Label
    target_day: float = Field(description="days since transplant (day 0)")
    first_day: float
    last_day: float


class Visits(Strict):
    tie: Literal["earlier", "later"] = Field(description="which of two samples equally near the target is taken")
    windows: list[Visit]

    @model_validator(mode="after")
    def _windows_do_not_overlap(self) -> "Visits":
        refuse_repeated("windows", [visit.code for visit in self.windows])
        ordered = sorted(self.windows, key=lambda visit: visit.first_day)
        for visit in ordered:
            if not visit.first_day <= visit.target_day <= visit.last_day:
                raise ValueError(f"visit {visit.code}: the target day lies outside its window")
        for before, after in itertools.pairwise(ordered):
            if after.first_day <= before.last_day:
                raise ValueError(f"visits {before.code} and {after.code} overlap: one sample could serve both")
        return self


class Threshold(Strict):
    analyte: Code
    operator: Literal[">", ">="]
    value_per_ul: float = Field(gt=0)


class Methods(Strict):
    conf_level: float = Field(gt=0.5, lt=1)
    small_planned_size_below: int = Field(description="planned group sizes below this use the small-sample interval")
    small_conf_type: Literal["beta-product", "beta-product-mid-p", "log-log"]
    large_conf_type: Literal["log-log", "log"]
    incidence_conf_type: Literal["log-log", "cloglog"]
    few_at_risk: int = Field(ge=1, description="a landmark estimate with fewer than this many at risk says so")


class EmergentRule(Strict):
    """Which adverse events are counted."""

    population: Population
    emergent_from_clock: Literal["transplant", "injection"]
    emergent_last_day: float | None = Field(
        description="last day after that clock on which an event is emergent; null: none"
    )


class Safety(EmergentRule):
    grade_at_least: list[int] = Field(description="incidences are given for events of at least these CTCAE grades")


class TimelineMarker(Strict):
    occurrence: Code
    label: Label


class Timelines(Strict):
    """The swimmer plot."""

    population: Population
    markers: list[TimelineMarker]


class PartialDates(Strict):
    event: Literal["earliest", "latest"] = Field(
        description="which bound of a partial event date enters the time-to-event analysis; every use is flagged"
    )


class StudyFile(Strict):
    """`config.yaml` as written."""

    study: Slug
    title: Label
    session: Label = Field(description='printed on every page, e.g. "CLOSED SESSION"')
    png_per_inch: int = Field(
        ge=50,
        le=1200,
        description="pixels per inch of the PNG of each figure, which is 180 mm wide; SVG and PDF have none",
    )
    data_cut: Slug = Field(description="the cut that is run; CUT= on the command line overrides it")
    cuts: dict[Slug, Cut]
    unused_files_expected: list[str] = Field(
        description="patterns of files in the cut's folder that are known and not used; any other is reported"
    )
    time_basis: Literal["calendar", "relative"] = Field(
        description="relative: the data give days since transplant and no dates, so no cut-off can be applied"
    )
    sources: Sources
    parts: int = Field(ge=1, le=4096, description="participant-level tables are split into this many files")
    chunks: int = Field(
        ge=1,
        le=4096,
        description="jobs that harmonise the lab exports: 1, or one for each of the `parts`; the results are the same",
    )
    clocks: ClockLabels
    groups: list[Group] = Field(min_length=1)
    dose_levels: list[DoseLevel]
    protocol_versions: list[ProtocolVersion]
    entered_late: list[LateEntry]
    ongoing_at_cutoff: list[LastingRecords]
    sae_reconciliation: SaeReconciliation | None = Field(description="null: no extract of a safety database")
    accrual_plan: list[PlannedAccrual]
    evaluable: EvaluableRule
    baseline: list[Characteristic]
    analytes: list[Analyte]
    visits: Visits
    thresholds: list[Threshold]
    trajectory: Trajectory | None = Field(description="mixed models of counts over time; null: not analysed")
    kinetics: Kinetics | None = Field(description="parameters of the course of counts; null: not analysed")
    partial_dates: PartialDates
    methods: Methods
    safety: Safety
    timelines: Timelines

    @model_validator(mode="after")
    def _consistent(self) -> "StudyFile":
        if self.data_cut not in self.cuts:
            raise ValueError(f'data_cut "{self.data_cut}" is not one of the cuts: {", ".join(sorted(self.cuts))}')
        if self.time_basis == "calendar" and any(cut.cutoff_date is None for cut in self.cuts.values()):
            raise ValueError("with time_basis calendar every cut needs a cutoff_date")
        for name, cut in self.cuts.items():
            self._check_comparison(name, cut)
        if self.chunks not in (1, self.parts):
            raise ValueError(f"chunks is {self.chunks}: expected 1, or one for each of the {self.parts} parts")
        known = {analyte.code for analyte in self.analytes}
        unknown = sorted({threshold.analyte for threshold in self.thresholds} - known)
        if unknown:
            raise ValueError(f"thresholds name analytes that are not declared: {', '.join(unknown)}")
        return self

    @model_validator(mode="after")
    def _codes_are_unique(self) -> "StudyFile":
        for key in ("groups", "dose_levels", "protocol_versions", "analytes", "baseline"):
            refuse_repeated(key, [item.code for item in getattr(self, key)])
        for key in ("entered_late", "ongoing_at_cutoff"):
            refuse_repeated(key, [item.domain for item in getattr(self, key)])
        thresholds = [f"{item.analyte} {item.operator} {item.value_per_ul:.15g}" for item in self.thresholds]
        refuse_repeated("thresholds", thresholds)
        refuse_repeated("accrual_plan", [item.month.isoformat() for item in self.accrual_plan])
        return self

    def _check_comparison(self, name: str, cut: Cut) -> None:
        if cut.compared_with is None:
            return
        other = self.cuts.get(cut.compared_with.cut)
        if other is None:
            raise ValueError(
                f'the cut {name} is compared with "{cut.compared_with.cut}", which is not one of the cuts: '
                f"{', '.join(sorted(self.cuts))}"
            )
        later = cut.cutoff_date is not None and other.cutoff_date is not None and other.cutoff_date >= cut.cutoff_date
        if other is cut or later:
            raise ValueError(f"the cut {name} is compared with {cut.compared_with.cut}, which is not an earlier one")


class Study(Strict):
    """One study and one cut, with every file it names read and checked: what rules are parameterised by."""

    file: StudyFile
    endpoints: EndpointsFile

    labs: dict[str, Dialect]
    clinical: ExtractsFile
    comparisons: ComparisonsFile | None = None
    reference_limits: list[ReferenceLimit] | None = None
    outcomes: OutcomesFile | None = None
    external: ExternalFile | None = None
    config_path: str
    """Where the configuration was read from; its folder is where relative paths start."""

    @property
    def analytes_with_limits(self) -> set[str]:
        """Analytes that the file of reference limits, or a lab export, has limits for."""
        sent = {rule.code for lab in self.labs.values() if lab.sends_limits for rule in lab.analytes.values()}
        return sent | {limit.analyte for limit in self.reference_limits or []}

    @property
    def cut(self) -> Cut:
        return self.file.cuts[self.file.data_cut]

    def relative(self, path: str) -> Path:
        """A path of the configuration, from the folder of `config.yaml`."""
        return Path(os.path.normpath(Path(self.config_path).parent / path))

    @property
    def data_folder(self) -> Path:
        """Folder of the cut's files as received."""
        return self.relative(self.file.sources.data) / self.cut.folder

    @property
    def earlier_cut(self) -> str | None:
        """The cut that this one is compared with."""
        return None if self.cut.compared_with is None else self.cut.compared_with.cut

    @property
    def earlier_queries(self) -> Path | None:
        """The list of queries of the cut that this one is compared with."""
        return None if self.cut.compared_with is None else self.relative(self.cut.compared_with.queries)

    @property
    def results_folder(self) -> Path:
        """Folder that everything of this study and cut is written to."""
        return self.relative(self.file.sources.results) / self.file.study / self.file.data_cut
