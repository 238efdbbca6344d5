"""Result tables of the course of counts: parameters per participant, their summaries, comparisons, growth curves."""

import dataframely as dy
import polars as pl

from immrecon.contracts.base import count, integer, number, one_of, optional_text, rule, text
from immrecon.contracts.results.inference import Inference, Stratum, result_table
from immrecon.vocabulary import KineticMeasure, Population, RowStatus


class KineticParameters(dy.Schema):
    display_id = text("display id", primary_key=True)
    parameter = text("analyte", primary_key=True)
    measure = one_of(KineticMeasure, "what of the course", primary_key=True)
    to_day = number("last day that counts", "day since transplant", nullable=False, primary_key=True)
    variant = text("primary, or how it differs from that", primary_key=True)
    group = text("group code; empty for none")
    dose_level = text("dose level code; empty for none")
    unit = text("unit of the value")
    method = text("how the value is made, and what a result below its limit counts as")
    value = number("the value", "unit")
    n_samples = count("samples that it is made of")
    n_below_limit = count("of these, below their limit")
    status = one_of(RowStatus, "whether there is a value")
    reason = optional_text("why not, or what is special about it")

    @rule
    def a_value_or_a_reason(cls) -> pl.Expr:
        there = pl.col("status") == RowStatus.ESTIMATED
        return (there == pl.col("value").is_not_null()) & (there | pl.col("reason").is_not_null())


class KineticSummary(Stratum):
    parameter = text("analyte", primary_key=True)
    measure = one_of(KineticMeasure, "what of the course", primary_key=True)
    to_day = number("last day that counts", "day since transplant", nullable=False, primary_key=True)
    variant = text("primary, or how it differs from that", primary_key=True)
    unit = text("unit of the value")
    method = text("how the values are made")
    population = one_of(Population, "population")
    n_total = count("participants of the stratum")
    n = count("with a value")
    n_missing = count("without one")
    missing_reasons = optional_text("why, with how many")
    n_remarked = count("with a value and a remark, as a maximum at the last sample")
    remark = optional_text("the remark")
    median = number("median, type 7", "unit")
    conf_type = text("interval of the median")
    conf_level = number("confidence level", "1", nullable=False)
    median_conf_low = number("lower limit of the median; missing with too few values", "unit")
    median_conf_high = number("upper limit of the median", "unit")
    q1 = number("first quartile, type 7", "unit")
    q3 = number("third quartile, type 7", "unit")
    geometric_mean = number("geometric mean", "unit")
    geometric_mean_conf_low = number("its lower limit, Student's t of log10", "unit")
    geometric_mean_conf_high = number("its upper limit", "unit")
    geometric_mean_reason = optional_text("why there is no geometric mean")
    status = one_of(RowStatus, "whether there is a median")
    reason = optional_text("why not, or why the median has no interval")

    @rule
    def everybody_is_counted(cls) -> pl.Expr:
        return pl.col("n") + pl.col("n_missing") == pl.col("n_total")


class KineticComparisons(Inference):
    parameter = text("analyte", primary_key=True)
    measure = one_of(KineticMeasure, "what is compared", primary_key=True)
    to_day = number("last day that counts, or target day of the visit", "day", nullable=False, primary_key=True)
    visit = text("visit code; empty for a measure of the whole course", primary_key=True)
    ranking = text('"measured", or the code of the worst ranks', primary_key=True)
    ranking_label = text("who is compared, in words")
    level = text("group compared", primary_key=True)
    reference = text("with this group")
    unit = text("unit of the estimate")
    population = one_of(Population, "population")
    n_level = count("ranked, of the group")
    n_reference = count("ranked, of the reference")
    n_worst_level = count("of these at the worst ranks, of the group")
    n_worst_reference = count("of these at the worst ranks, of the reference")
    n_missing_level = count("neither measured nor at a worst rank, of the group")
    n_missing_reference = count("neither measured nor at a worst rank, of the reference")
    probability = number(
        "share of pairs in which the participant of the group ranks above that of the reference, ties half", "1"
    )
    p_value = number("exact Wilcoxon test given the ties, two-sided; missing where p-values are not shown", "1")
    p_permutation = number("permutation test of the means of log10, two-sided; missing in the same way", "1")
    p_method = text("how p is made, or why there is none")


class GrowthCurves(Stratum, Inference):
    parameter = text("analyte", primary_key=True)
    model = text("curve", primary_key=True)
    coefficient = text("coefficient of log10 of the count", primary_key=True)
    coefficient_order = integer("order", nullable=False)
    to_day = number("last day whose samples enter", "day since transplant", nullable=False)
    n = count("samples; those of one participant are taken as independent")
    n_participants = count("participants")
    n_below_limit = count("samples below their limit")
    std_error = number("standard error", "as the estimate")
    aicc = number("Akaike's criterion with the correction for small samples: lower is better", "1")


KINETIC_PARAMETERS = result_table(
    "kinetic_parameters", "One row per participant, analyte, measure, last day and variant.", KineticParameters
)
KINETIC_SUMMARY = result_table(
    "kinetic_summary", "One row per analyte, measure, last day, variant and stratum.", KineticSummary
)
KINETIC_COMPARISONS = result_table(
    "kinetic_comparisons", "One row per analyte, measure, day, ranking and group compared.", KineticComparisons
)
GROWTH_CURVES = result_table(
    "growth_curves", "One row per analyte, curve, coefficient and stratum. Exploratory.", GrowthCurves
)
