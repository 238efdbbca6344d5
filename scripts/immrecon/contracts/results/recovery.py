"""Result tables of the cell counts: visits, thresholds, trajectories, reconstitution statuses."""

import dataframely as dy
import polars as pl

from immrecon.contracts.base import count, integer, number, one_of, optional_text, rule, text
from immrecon.contracts.results.inference import Inference, Stratum, result_table
from immrecon.vocabulary import (
    RECONSTITUTION_STATUSES,
    Attendance,
    MissedKind,
    Population,
    ReconstitutionMeasure,
    RowStatus,
)

_MEDIAN = ("median", "median_conf_low", "median_conf_high")


class VisitSummary(Stratum):
    parameter = text("analyte", primary_key=True)
    visit = text("visit code", primary_key=True)
    visit_label = text("visit in words")
    target_day = number("target day", "day since transplant", nullable=False)
    unit = text("unit")
    population = one_of(Population, "population")
    n_expected = count("with a sample, or alive and in the study throughout a window that is over by the cut-off")
    n = count("with a usable sample in the window")
    n_below_limit = count("below the limit of quantification")
    n_above_limit = count("above the upper limit of the method")
    lloq_max = number("largest limit among the samples", "unit")
    median = number("median; a bound where median_below_limit or median_above_limit; missing where both", "unit")
    q1 = number("first quartile, in the same way", "unit")
    q3 = number("third quartile, in the same way", "unit")
    minimum = number("smallest value, in the same way", "unit")
    maximum = number("largest value, in the same way", "unit")
    median_below_limit = dy.Bool(
        description="results beyond a limit could change the median, which is at most the number given"
    )
    q1_below_limit = dy.Bool(description="the same for the first quartile")
    q3_below_limit = dy.Bool(description="the same for the third quartile")
    minimum_below_limit = dy.Bool(description="the same for the smallest value")
    maximum_below_limit = dy.Bool(description="the same for the largest value")
    median_above_limit = dy.Bool(
        description="results beyond a limit could change the median, which is at least the number given"
    )
    q1_above_limit = dy.Bool(description="the same for the first quartile")
    q3_above_limit = dy.Bool(description="the same for the third quartile")
    minimum_above_limit = dy.Bool(description="the same for the smallest value")
    maximum_above_limit = dy.Bool(description="the same for the largest value")
    method = text("quantile definition")
    conf_type = text("interval of the median")
    conf_level = number("confidence level", "1", nullable=False)
    median_conf_low = number("lower limit of the median; a bound where flagged; missing with too few samples", "unit")
    median_conf_high = number("upper limit of the median, in the same way", "unit")
    median_conf_low_below_limit = dy.Bool(description="as median_below_limit, for the lower limit")
    median_conf_high_below_limit = dy.Bool(description="as median_below_limit, for the upper limit")
    median_conf_low_above_limit = dy.Bool(description="as median_above_limit, for the lower limit")
    median_conf_high_above_limit = dy.Bool(description="as median_above_limit, for the upper limit")
    median_coverage = number("exact coverage of the interval of the median, at least conf_level", "1")
    median_interval_reason = optional_text("why the median has no interval")
    geometric_mean = number("geometric mean", "unit")
    geometric_mean_conf_low = number("its lower limit", "unit")
    geometric_mean_conf_high = number("its upper limit", "unit")
    geometric_mean_method = text("estimator and interval of the geometric mean")
    geometric_mean_reason = optional_text("why there is no geometric mean")
    status = one_of(RowStatus, "whether there is an estimate")
    reason = optional_text("why not")

    @rule
    def limits_enclose_a_median_that_is_known(cls) -> pl.Expr:
        flags = [f"{name}_{side}_limit" for name in _MEDIAN for side in ("below", "above")]
        low, median, high = (pl.col(name) for name in ("median_conf_low", "median", "median_conf_high"))
        known = ~pl.any_horizontal(*flags)
        inside = (low.is_null() | (low <= median + 1e-9)) & (high.is_null() | (high >= median - 1e-9))
        return ~known | inside.fill_null(True)

    @rule
    def a_geometric_mean_or_a_reason(cls) -> pl.Expr:
        return pl.col("geometric_mean").is_null() == pl.col("geometric_mean_reason").is_not_null()


class VisitValues(dy.Schema):
    display_id = text("display id", primary_key=True)
    parameter = text("analyte", primary_key=True)
    visit = text("visit code", primary_key=True)
    target_day = number("target day", "day since transplant", nullable=False)
    group = text("group code; empty for none")
    dose_level = text("dose level code; empty for none")
    state = one_of(Attendance, "whether there is a sample in the window, or what stands in its place")
    reason = optional_text("why an expected sample is missing")
    value = number("value, or the limit of a censored result", "unit of the analyte")
    below_limit = dy.Bool(description="the value is an upper limit")
    above_limit = dy.Bool(description="the value is a lower limit")

    @rule
    def sampled_visits_have_a_value_and_missed_ones_a_reason(cls) -> pl.Expr:
        sampled, missed = (pl.col("state") == state for state in (Attendance.SAMPLED, Attendance.MISSED))
        return (sampled == pl.col("value").is_not_null()) & (missed == pl.col("reason").is_not_null())


class MissedSamples(Stratum):
    parameter = text("analyte", primary_key=True)
    visit = text("visit code", primary_key=True)
    target_day = number("target day", "day since transplant", nullable=False)
    kind = one_of(MissedKind, "what kind of reason", primary_key=True)
    reason = text("why, in the words of the laboratory where it gave any", primary_key=True)
    n = count("participants expected and not sampled for this reason; all reasons add up to expected less sampled")


class ThresholdSummary(Stratum, Inference):
    parameter = text("analyte", primary_key=True)
    visit = text("visit code", primary_key=True)
    operator = text("> or >=", primary_key=True)
    threshold_per_ul = number("threshold", "/uL", nullable=False, primary_key=True)
    target_day = number("target day", "day since transplant", nullable=False)
    n = count("with a sample whose status is known")
    n_unknown = count("samples censored above the threshold: status unknown, not counted as no")
    n_reached = count("above (or at) the threshold")


class Profiles(dy.Schema):
    display_id = text("display id", primary_key=True)
    parameter = text("analyte", primary_key=True)
    sequence = integer("order of the sample within participant and analyte", nullable=False, primary_key=True)
    group = text("group code; empty for none")
    dose_level = text("dose level code; empty for none")
    time_day = number("days since transplant", "day", nullable=False)
    value = number("value, or the limit of a censored result", "unit", nullable=False)
    unit = text("unit")
    below_limit = dy.Bool(description="the value is an upper limit")
    above_limit = dy.Bool(description="the value is a lower limit")
    lloq = number("limit of quantification", "unit")


class StatusCounts(Stratum):
    rule = text("reconstitution rule", primary_key=True)
    rule_text = text("the rule in words, as it was applied")
    category = text("status at the cut-off", primary_key=True)
    category_order = integer("order", nullable=False)
    n = count("participants")
    n_total = count("participants of the stratum")


class Reconstitution(Stratum, Inference):
    parameter = text("endpoint whose event is the rule", primary_key=True)
    rule_text = text("the rule with every part")
    measure = one_of(ReconstitutionMeasure, "what is estimated, and how", primary_key=True)
    time_day = number(
        "day of the endpoint's clock, or end of the rule's window", "day", nullable=False, primary_key=True
    )
    population = one_of(Population, "population")
    n = count("participants at risk; of a proportion, its denominator")
    n_events = count("reached by the day; of a proportion, its numerator")
    n_competing = count("with a competing event before")
    n_unknown = count("not known to have reached it by the day: censored before, or of unknown status")
    estimate_high = number("largest estimate that the samples allow; `estimate` is the smallest", "1")

    @rule
    def the_range_is_a_range(cls) -> pl.Expr:
        return pl.col("estimate_high").is_null() | (pl.col("estimate_high") >= pl.col("estimate") - 1e-12)


class DefinitionEstimates(Stratum, Inference):
    definition = text("code of the definition", primary_key=True)
    definition_order = integer("order in the grid", nullable=False)
    label = text("the definition in a few words")
    rule_text = text("the rule with every part")
    source = text("where the definition comes from")
    definition_status = one_of(["draft", "signed"], "whether the definition is signed")
    population = one_of(Population, "population")
    clock = text("clock of the day, and where follow-up starts")
    time_day = number("day of the estimate", "day", nullable=False)
    variance = text("variance")
    n = count("participants at risk at the origin")
    n_not_at_risk = count("of the population, not at risk at the origin")
    n_events = count("reached by that definition up to and including the day")
    n_competing = count("with a competing event before, up to and including the day")
    n_risk = count("still at risk just before the day")
    n_gained = count("reached by this definition and not by the reference, of those with a status in both")
    n_lost = count("reached by the reference and not by this definition, of those with a status in both")


class DefinitionStatuses(dy.Schema):
    """Where each participant stands with each definition. A crossing is `confirmed` when one sample is enough, too."""

    definition = text("code of the definition", primary_key=True)
    display_id = text("display id", primary_key=True)
    participant_order = integer("order of the participants: by group, then by how many definitions are met")
    group = text("group code; empty for none")
    category = one_of(RECONSTITUTION_STATUSES, "where the participant stands at the cut-off")
    reached_day = number("first sample that counts", "day since transplant")
    differs = dy.Bool(description="reached by one of this definition and the reference, and not by the other")


VISIT_SUMMARY = result_table("visit_summary", "One row per analyte, visit and stratum.", VisitSummary)
VISIT_VALUES = result_table("visit_values", "One row per participant, analyte and visit.", VisitValues)
MISSED_SAMPLES = result_table(
    "missed_samples", "One row per analyte, visit, reason of a missing sample and stratum.", MissedSamples
)
THRESHOLD_SUMMARY = result_table("threshold_summary", "One row per threshold, visit and stratum.", ThresholdSummary)
PROFILES = result_table("profiles", "One row per sample of the individual trajectories.", Profiles)
STATUS_COUNTS = result_table("status_counts", "One row per reconstitution status and stratum.", StatusCounts)
RECONSTITUTION = result_table(
    "reconstitution", "One row per endpoint of a reconstitution rule, measure, day and stratum.", Reconstitution
)
DEFINITION_ESTIMATES = result_table(
    "definition_estimates", "One row per definition of the grid and stratum.", DefinitionEstimates
)
DEFINITION_STATUSES = result_table(
    "definition_statuses", "One row per definition of the grid and participant.", DefinitionStatuses
)
