"""Estimates layer: tidy result tables, lower-case columns. `group` and `dose_level` are "all" when pooled."""

import dataframely as dy
import polars as pl

from immrecon.contracts.base import Contract, count, integer, number, one_of, optional_text, rule, text
from immrecon.vocabulary import ALL_OF_SAFETY, READ, CheckOutcome, Fate, Milestone, Population, RowStatus, SaeStatus


class Stratum(dy.Schema):
    group = text('group code, or "all"; empty (funnel, baseline): in none of the configured groups', primary_key=True)
    dose_level = text(
        'dose level code, or "all"; empty (funnel, baseline): in none of the configured levels', primary_key=True
    )


class Inference(dy.Schema):
    """How an interval was made, and whether there is one."""

    method = text("estimator")
    conf_type = optional_text("interval")
    conf_level = number("confidence level", "1")
    estimate = number("estimate", "as the parameter")
    conf_low = number("lower limit", "as the estimate")
    conf_high = number("upper limit", "as the estimate")
    status = one_of(RowStatus, "whether there is an estimate")
    reason = optional_text("why not, or what is special about the interval")

    @rule
    def limits_enclose_the_estimate(cls) -> pl.Expr:
        low_ok = pl.col("conf_low").is_null() | (pl.col("conf_low") <= pl.col("estimate") + 1e-12)
        high_ok = pl.col("conf_high").is_null() | (pl.col("conf_high") >= pl.col("estimate") - 1e-12)
        return low_ok & high_ok

    @rule
    def not_estimable_has_a_reason(cls) -> pl.Expr:
        return (pl.col("status") == RowStatus.ESTIMATED) | pl.col("reason").is_not_null()


class Funnel(Stratum):
    stage = one_of(Population, "population", primary_key=True)
    stage_order = integer("order of the stages", nullable=False)
    n = count("participants")
    n_lost = count("participants of the stage before who are not in this one")
    loss_reasons = optional_text("reasons with their counts")
    n_death_undated = count("of the stage, recorded as dead without a date: in no time-to-event analysis as a death")
    n_left_undated = count("of the stage, withdrawn or lost to follow-up without a date")
    n_clock_unknown = count("of the stage, transplanted or injected on a day that is not known")


class Accrual(dy.Schema):
    month = dy.Date(description="first day of the month", primary_key=True)
    stage = one_of([Population.ENROLLED, Population.TRANSPLANTED, Population.INJECTED], "population", primary_key=True)
    n_cumulative = count("participants up to the end of the month or the cut-off", nullable=True)
    planned_cumulative = count("planned enrolments up to the end of the month", nullable=True)


class Baseline(Stratum):
    population = one_of(Population, "population")
    characteristic = text("code of the characteristic", primary_key=True)
    characteristic_order = integer("order in the table", nullable=False)
    label = text("characteristic in words")
    unit = text("unit, empty for none")
    kind = one_of(["numeric", "categorical"], "which statistics apply")
    level = text("category; empty for a numeric characteristic", primary_key=True)
    known_at = one_of(Milestone, "milestone from which on the characteristic is known")
    n_total = count("participants of the stratum")
    n_not_reached = count("who have not reached that milestone by the cut-off, so have no value")
    n_known = count("with a value")
    n_level = count("in the category", nullable=True)
    median = number("median", "unit")
    q1 = number("first quartile (type 7)", "unit")
    q3 = number("third quartile (type 7)", "unit")
    minimum = number("minimum", "unit")
    maximum = number("maximum", "unit")


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


class Curves(Stratum):
    analysis = text("estimates step", primary_key=True)
    parameter = text("endpoint", primary_key=True)
    cause = text("cause whose incidence it is; 'event-free' for survival", primary_key=True)
    time_day = number("days on the endpoint's clock", "day", nullable=False, primary_key=True)
    population = one_of(Population, "population")
    method = text("estimator")
    variance = text("variance estimator")
    conf_type = text("interval")
    conf_level = number("confidence level", "1", nullable=False)
    n_risk = count("at risk just before the time")
    n_event = count("events of the cause at the time")
    n_event_cumulative = count("events of the cause up to the time")
    n_censor_cumulative = count("censored up to the time")
    estimate = number("survival or cumulative incidence", "1", nullable=False)
    std_error = number("standard error", "1")
    conf_low = number("lower limit", "1")
    conf_high = number("upper limit", "1")


class RiskTable(Stratum):
    parameter = text("endpoint", primary_key=True)
    time_day = number("tick of the time axis", "day", nullable=False, primary_key=True)
    n_risk = count("at risk just before the time; at day 0, all followed from there")
    n_event_cumulative = count("events of the endpoint up to and including the time")
    n_competing_cumulative = count("competing events up to and including the time")
    n_censor_cumulative = count("censored up to and including the time")


class Landmarks(Stratum, Inference):
    analysis = text("estimates step", primary_key=True)
    parameter = text("endpoint", primary_key=True)
    label = text("endpoint in words")
    time_day = number("landmark on the endpoint's clock", "day", nullable=False, primary_key=True)
    population = one_of(Population, "population")
    clock = text("what the days are counted from")
    n = count("participants at risk at the origin")
    n_not_at_risk = count("of the population, but not at risk at the origin (prevalent, late for the landmark)")
    n_events = count("events up to the landmark")
    n_competing = count("competing events up to the landmark")
    n_risk = count("still at risk just before the landmark")
    variance = text("variance estimator")
    std_error = number("standard error", "1")
    max_follow_up_day = number("longest follow-up", "day")


class Quantiles(Stratum, Inference):
    analysis = text("estimates step", primary_key=True)
    parameter = text("endpoint, or FOLLOW_UP_<endpoint> for reverse Kaplan-Meier", primary_key=True)
    probability = number("quantile", "1", nullable=False, primary_key=True)
    n = count("participants at risk at the origin")
    n_events = count("events")


class StatusCounts(Stratum):
    rule = text("reconstitution rule", primary_key=True)
    rule_text = text("the rule in words, as it was applied")
    category = text("status at the cut-off", primary_key=True)
    category_order = integer("order", nullable=False)
    n = count("participants")
    n_total = count("participants of the stratum")


class Checks(Stratum):
    identity = text("what must hold", primary_key=True)
    subject = text("first-event variable or endpoint it is checked on", primary_key=True)
    outcome = one_of(CheckOutcome, "outcome")
    largest_difference = number("largest absolute difference seen", "1")
    tolerance = number("largest difference allowed", "1")
    reason = optional_text("why it does not apply, or where it failed")


class AeIncidence(Stratum, Inference):
    system_organ_class = text("system organ class; 'any' for all", primary_key=True)
    preferred_term = text("preferred term; 'any' for all of the class", primary_key=True)
    category = text("any grade, grade >= k, serious, related, ongoing at the cut-off", primary_key=True)
    population = one_of(Population, "population")
    n = count("participants of the stratum")
    n_participants = count("with at least one such event")
    n_events = count("such events")


class SaeReconciliationCounts(dy.Schema):
    group = text("group code; 'all' for all together; empty for none", primary_key=True)
    status = one_of(
        [ALL_OF_SAFETY, *SaeStatus],
        "where the events stand; the first is the total of the next three",
        primary_key=True,
    )
    n_events = count("events that may have started on or before the cut-off, by either database")
    n_participants = count("participants with at least one")


class Timelines(dy.Schema):
    display_id = text("display id", primary_key=True)
    sequence = integer("order within participant", nullable=False, primary_key=True)
    lane_order = integer("order of the participant in the plot", nullable=False)
    group = text("group code; empty for none")
    dose_level = text("dose level code; empty for none")
    kind = one_of(["follow-up", "marker"], "a bar from start to end, or a marker at start")
    code = text("occurrence, INJECTION, DEATH, ONGOING, ...")
    label = text("legend entry")
    start_day = number("days since transplant", "day", nullable=False)
    end_day = number("days since transplant, for a bar", "day")


class QueryCounts(dy.Schema):
    domain = text("domain", primary_key=True)
    source_file = text("file", primary_key=True)
    kind = text("kind of query", primary_key=True)
    severity = text("error, warning or note", primary_key=True)
    n_queries = count("queries")
    n_cells = count("lab cells withheld")
    example = text("what it is, in words, without any value received")


class QueryStatusCounts(dy.Schema):
    severity = text("error, warning or note; 'all' for the total", primary_key=True)
    kind = text("kind of query; 'all' for the total of the severity", primary_key=True)
    label = text("the kind in words")
    n_open = count("queries of this cut")
    n_new = count("of them, not asked at the cut that this one is compared with", nullable=True)
    n_still_open = count("of them, asked there already", nullable=True)
    n_resolved = count("asked there and not any more", nullable=True)
    n_cells = count("lab cells withheld")

    @rule
    def new_and_still_open_are_all(cls) -> pl.Expr:
        compared = pl.col("n_new").is_not_null()
        return ~compared | (pl.col("n_open") == pl.col("n_new") + pl.col("n_still_open"))


class CellFates(dy.Schema):
    lab = text("laboratory: the name of its dialect; 'all' for the total", primary_key=True)
    fate = one_of([READ, *Fate], "what became of the cells; 'read' for all that were not blank", primary_key=True)
    kind = text("kind of query that withholds them; 'all' for the total of the fate", primary_key=True)
    label = text("fate or kind in words")
    n_cells = count("result cells")


def _result(name: str, grain: str, schema: type[dy.Schema]) -> Contract:
    return Contract(name, "estimates", grain, schema)


FUNNEL = _result("funnel", "One row per stage, group and dose level.", Funnel)
ACCRUAL = _result("accrual", "One row per month and stage.", Accrual)
BASELINE = _result("baseline", "One row per characteristic, category and stratum.", Baseline)
TIMELINES = _result("timelines", "One row per bar or marker of the swimmer plot.", Timelines)
QUERY_COUNTS = _result("query_counts", "One row per domain, file, kind and severity of query.", QueryCounts)
QUERY_STATUS = _result("query_status", "One row per severity and kind of query, with totals.", QueryStatusCounts)
CELL_FATES = _result("cell_fates", "One row per laboratory, fate and kind of query, with totals.", CellFates)
VISIT_SUMMARY = _result("visit_summary", "One row per analyte, visit and stratum.", VisitSummary)
THRESHOLD_SUMMARY = _result("threshold_summary", "One row per threshold, visit and stratum.", ThresholdSummary)
PROFILES = _result("profiles", "One row per sample of the individual trajectories.", Profiles)
STATUS_COUNTS = _result("status_counts", "One row per reconstitution status and stratum.", StatusCounts)
CURVES = _result("curves", "One row per step of a survival or incidence curve.", Curves)
RISK_TABLE = _result("risk_table", "One row per tick of a curve's time axis.", RiskTable)
LANDMARKS = _result("landmarks", "One row per endpoint, stratum and landmark day.", Landmarks)
QUANTILES = _result("quantiles", "One row per endpoint, stratum and quantile.", Quantiles)
CHECKS = _result("checks", "One row per identity and stratum.", Checks)
AE_INCIDENCE = _result("ae_incidence", "One row per class, term, category and stratum.", AeIncidence)
SAE_RECONCILIATION = _result(
    "sae_reconciliation",
    "One row per group and status; none where no safety database is configured.",
    SaeReconciliationCounts,
)

RESULTS = [
    FUNNEL, ACCRUAL, BASELINE, TIMELINES, QUERY_COUNTS, QUERY_STATUS, CELL_FATES, VISIT_SUMMARY,
    THRESHOLD_SUMMARY, PROFILES, STATUS_COUNTS, CURVES, RISK_TABLE, LANDMARKS, QUANTILES, CHECKS, AE_INCIDENCE,
    SAE_RECONCILIATION,
]  # fmt: skip
