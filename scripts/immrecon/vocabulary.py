"""Words that more than one layer uses. Knows nothing of frames, files or configuration."""

from enum import StrEnum

POOLED = "all"
"""Value of `group` and `dose_level` in a result row that is not restricted to one of them."""

DAYS_PER_MONTH = 365.25 / 12


class Fate(StrEnum):
    """What became of a result cell of a lab export. Every non-blank result cell has exactly one."""

    VALUE = "value"
    CENSORED = "censored"
    NOT_DONE = "not done"
    SUPERSEDED = "superseded"
    EXCLUDED = "excluded"
    QUERIED = "queried"
    NOT_REQUESTED = "not requested"


READ = "read"
"""Value of `fate` in a result row that counts the cells of every fate."""

FILES = "files"
"""Domain of a query that is about a file of which nothing is read."""

FILE_NOT_USED = "file_not_used"

DERIVED = "ADLB"
"""Domain, among counts of queries, of results that were read but that the analyses do not use: nobody is asked."""

CLASSIFIED = "ADLB, by day"
"""Domain, among counts of queries, of results that are used, but not by every rule because of when they were drawn."""

USED_FATES = (Fate.VALUE, Fate.CENSORED)


class Severity(StrEnum):
    """How much a query matters: an error withholds the cell, a warning does not, a note only informs."""

    ERROR = "error"
    WARNING = "warning"
    NOTE = "note"


class SaeStatus(StrEnum):
    """Where a serious adverse event stands between the safety and the clinical database."""

    AGREES = "in both, agreeing"
    DISAGREES = "in both, disagreeing"
    SAFETY_ONLY = "in the safety database only"
    CLINICAL_ONLY = "in the clinical database only"


ALL_OF_SAFETY = "in the safety database"
"""Value of `status` in a result row that counts every event of the safety database."""


class QueryStatus(StrEnum):
    """Where a query stands against the cut that this one is compared with."""

    NEW = "new"
    STILL_OPEN = "still open"
    RESOLVED = "resolved"
    OPEN = "open"
    """Asked at this cut, which is compared with none."""


class Privacy(StrEnum):
    """What of a query is not repeated outside the table of queries, because it may identify a person."""

    NO = "no"
    MESSAGE = "message"
    ALL = "message and value"


class Population(StrEnum):
    """Analysis populations, each contained in the one before."""

    SCREENED = "screened"
    ENROLLED = "enrolled"
    TRANSPLANTED = "transplanted"
    INJECTED = "injected"
    EVALUABLE = "evaluable"


POPULATION_FLAG = {
    Population.SCREENED: "SCRNFL",
    Population.ENROLLED: "ENRLFL",
    Population.TRANSPLANTED: "HSCTFL",
    Population.INJECTED: "SAFFL",
    Population.EVALUABLE: "EVALFL",
}


class Milestone(StrEnum):
    """What a participant goes through, in order; each leads into the population beside it."""

    SCREENING = "screening"
    ENROLMENT = "enrolment"
    TRANSPLANT = "transplant"
    INJECTION = "injection"


MILESTONE_POPULATION = {
    Milestone.SCREENING: Population.SCREENED,
    Milestone.ENROLMENT: Population.ENROLLED,
    Milestone.TRANSPLANT: Population.TRANSPLANTED,
    Milestone.INJECTION: Population.INJECTED,
}


class Clock(StrEnum):
    """The two clocks of the trial: day 0 is the transplant, or the injection of the product."""

    TRANSPLANT = "transplant"
    INJECTION = "injection"


CLOCK_DAY = {Clock.TRANSPLANT: "HSCTDY", Clock.INJECTION: "TRTSDY"}
"""Day 0 of a clock in ADSL, as days since transplant."""

CLOCK_DATE = {Clock.TRANSPLANT: "HSCTDT", Clock.INJECTION: "TRTSDT"}


class Estimator(StrEnum):
    KAPLAN_MEIER = "kaplan-meier"
    AALEN_JOHANSEN = "aalen-johansen"


ONGOING = "ongoing at the cut-off"
"""Value of `category` in a result row that counts adverse events not over by the cut-off."""


class RowStatus(StrEnum):
    """Whether a result row holds an estimate; the reason stands beside it when it does not."""

    ESTIMATED = "estimated"
    NOT_ESTIMABLE = "not estimable"


RECONSTITUTION_STATUSES = (
    "confirmed",
    "reached, not yet confirmed",
    "reached, can no longer be confirmed",
    "not reached",
    "unknown",
    "competing event before",
    "no sample",
)
"""Where a participant stands with a reconstitution rule; every one is a fact, none is a censoring."""


class LandmarkStatus(StrEnum):
    """Where a participant stands with a reconstitution rule on a landmark day, by what was known on it."""

    RECONSTITUTED = "reconstituted"
    UNCONFIRMED = "reached, not yet confirmed"
    NOT_RECONSTITUTED = "not reconstituted"
    NOT_RECENT = "not known: no recent sample"
    NO_SAMPLE = "not known: no sample"
    UNDECIDED = "not known: a sample decides nothing"


UNKNOWN = "status not known"
"""Value of `category` in a result row that counts participants whose status at a landmark is not known."""

LANDMARK_CATEGORIES = {
    LandmarkStatus.RECONSTITUTED.value: LandmarkStatus.RECONSTITUTED.value,
    LandmarkStatus.UNCONFIRMED.value: LandmarkStatus.UNCONFIRMED.value,
    LandmarkStatus.NOT_RECONSTITUTED.value: LandmarkStatus.NOT_RECONSTITUTED.value,
    LandmarkStatus.NOT_RECENT.value: UNKNOWN,
    LandmarkStatus.NO_SAMPLE.value: UNKNOWN,
    LandmarkStatus.UNDECIDED.value: UNKNOWN,
}
"""`category` of result rows by status at a landmark, in the order in which they are shown."""


class ReconstitutionMeasure(StrEnum):
    """How reconstitution by a rule is estimated."""

    FIRST = "incidence, dated by the first sample"
    CONFIRMING = "incidence, dated by the confirming sample"
    BETWEEN = "incidence, crossed between two samples"
    PROPORTION = "proportion of those whose status is known"
    BEST = "proportion if all unknown had reached it"
    WORST = "proportion if none unknown had reached it"


class Attendance(StrEnum):
    """What a participant's place at a visit is, for one analyte."""

    SAMPLED = "sampled"
    MISSED = "missed"
    NOT_DUE = "not yet due"
    DEAD = "dead"
    LEFT = "left the study"
    UNKNOWN = "follow-up not known"


class MissedKind(StrEnum):
    """Why an expected sample is missing; of several reasons the first counts."""

    NOT_DONE = "not done"
    EXCLUDED = "excluded"
    OUTSIDE = "outside the window"
    NOTHING = "nothing received"


class KineticMeasure(StrEnum):
    """What is said of the course of a count."""

    AREA = "area under the curve"
    AVERAGE = "time-averaged count"
    SLOPE = "slope of log2 of the count"
    DOUBLING = "doubling time"
    MAXIMUM = "maximum"
    TIME_TO_MAXIMUM = "time to maximum"
    COUNT = "count at the visit"


PRIMARY = "primary"
"""Value of `variant` in a result row of a kinetic parameter made as declared first."""

MEASURED = "measured"
"""Value of `ranking` in a comparison of those with a value alone."""


class AgeMeasure(StrEnum):
    """How a count stands beside what is usual at the age."""

    LOWER = "per cent of the lower limit"
    MEDIAN = "per cent of the age's median"
    Z_SCORE = "z-score for the age"


class AgeShare(StrEnum):
    """Who is counted, of those whose age (or laboratory) has limits."""

    REACHED = "at or above the lower limit"
    WITHIN = "within the limits"


class EventMeasure(StrEnum):
    """What is said of an event that can happen again."""

    MEAN = "mean number per participant"
    RATE = "rate"


class ContrastMeasure(StrEnum):
    """What a comparison estimates or tests."""

    HAZARD_TEST = "test of equal hazards"
    INCIDENCE_TEST = "test of equal incidences"
    HAZARD_RATIO = "hazard ratio"
    CAUSE_SPECIFIC = "cause-specific hazard ratio"
    SUBDISTRIBUTION = "subdistribution hazard ratio"
    PROPORTIONAL = "test of proportional hazards"
    SURVIVAL_DIFFERENCE = "difference in event-free probability"
    INCIDENCE_DIFFERENCE = "difference in cumulative incidence"
    RESTRICTED_MEAN = "restricted mean time"
    MEAN_DIFFERENCE = "difference in restricted mean time"
    MEAN_RATIO = "ratio of restricted mean times"
    OBSERVED_EXPECTED = "observed over expected events"


class ExternalMeasure(StrEnum):
    """What stands beside a reference from outside the trial."""

    PUBLISHED = "proportion in print"
    PROPORTION = "proportion of those whose status is known"
    BEST = "proportion if all unknown had reached it"
    WORST = "proportion if none unknown had reached it"
    TEST = "exact test of a proportion"
    TEST_BEST = "exact test, if all unknown had reached it"
    TEST_WORST = "exact test, if none unknown had reached it"
    SURVIVAL = "event-free probability"
    INCIDENCE = "cumulative incidence"
    SURVIVAL_DIFFERENCE = "difference in event-free probability"
    INCIDENCE_DIFFERENCE = "difference in cumulative incidence"
    HAZARD_RATIO = "hazard ratio"
    CAUSE_SPECIFIC = "cause-specific hazard ratio"


RATIOS = (
    ContrastMeasure.HAZARD_RATIO,
    ContrastMeasure.CAUSE_SPECIFIC,
    ContrastMeasure.SUBDISTRIBUTION,
    ContrastMeasure.MEAN_RATIO,
    ContrastMeasure.OBSERVED_EXPECTED,
)
"""Measures of which 1 means no difference."""


class TrajectoryMeasure(StrEnum):
    """What a model of counts over time estimates on a day."""

    GEOMETRIC_MEAN = "geometric mean, missing at random, if alive and relapse-free"
    RATIO = "ratio of geometric means"


class AnalysisRole(StrEnum):
    PRIMARY = "primary"
    SENSITIVITY = "sensitivity"


class CheckOutcome(StrEnum):
    HOLDS = "holds"
    VIOLATED = "violated"
    NOT_APPLICABLE = "not applicable"
