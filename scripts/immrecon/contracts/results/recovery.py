"""Result tables of the cell counts: visits, thresholds, trajectories, reconstitution statuses."""

import dataframely as dy
import polars as pl

from immrecon.contracts.base import count, integer, number, one_of, optional_text, rule, text
from immrecon.contracts.results.inference import Inference, Stratum, result_table
from immrecon.vocabulary import RECONSTITUTION_STATUSES, Population, ReconstitutionMeasure, RowStatus


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
    status = one_of(RowStatus, "whether there is an estimate")
    reason = optional_text("why not")


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
