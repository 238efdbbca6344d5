"""Result tables of counts beside what is usual at an age: limits, percentages of them, z-scores, trajectories."""

import dataframely as dy

from immrecon.contracts.base import count, integer, number, one_of, optional_text, text
from immrecon.contracts.results.inference import Inference, Stratum, result_table
from immrecon.contracts.results.recovery import Profiles
from immrecon.vocabulary import AgeMeasure, AgeShare, Population, RowStatus


class AgeReferenceSummary(Stratum):
    parameter = text("analyte", primary_key=True)
    visit = text("visit code", primary_key=True)
    measure = one_of(AgeMeasure, "what is summarised", primary_key=True)
    visit_label = text("visit in words")
    target_day = number("target day", "day since transplant", nullable=False)
    unit = text("unit of the measure")
    population = one_of(Population, "population")
    n = count("with a usable sample in the window")
    n_reference = count("of these, with a reference for the measure")
    n_without = count("of these, without one")
    n_laboratory = count("with a reference that their laboratory sent; the others' is from the table of ages")
    missing = optional_text("why there is none, with how many")
    n_below_limit = count("with a reference and below the limit of quantification")
    n_above_limit = count("with a reference and above the upper limit of the method")
    median = number("median; a bound where median_below_limit or median_above_limit; missing where both", "unit")
    q1 = number("first quartile, in the same way", "unit")
    q3 = number("third quartile, in the same way", "unit")
    median_below_limit = dy.Bool(description="results beyond a limit could change it; it is at most the number given")
    q1_below_limit = dy.Bool(description="the same for the first quartile")
    q3_below_limit = dy.Bool(description="the same for the third quartile")
    median_above_limit = dy.Bool(description="results beyond a limit could change it; it is at least the number given")
    q1_above_limit = dy.Bool(description="the same for the first quartile")
    q3_above_limit = dy.Bool(description="the same for the third quartile")
    method = text("quantile definition")
    status = one_of(RowStatus, "whether there is an estimate")
    reason = optional_text("why not")


class AgeReferenceShares(Stratum, Inference):
    parameter = text("analyte", primary_key=True)
    visit = text("visit code", primary_key=True)
    measure = one_of(AgeShare, "what is counted", primary_key=True)
    target_day = number("target day", "day since transplant", nullable=False)
    n = count("with a sample whose status is known")
    n_unknown = count("censored beyond the limit: status unknown, not counted as no")
    n_without = count("without a reference")
    n_reached = count("at or above the lower limit, or within the limits")


class AgeReferenceProfiles(Profiles):
    band_order = integer("band of the age, as in age_reference_bands; missing: none")
    lower = number("lower limit used", "unit")
    upper = number("upper limit used", "unit")
    origin = optional_text("where the limits are from: laboratory or age table")
    percent_of_lower = number("value in per cent of the lower limit", "%")
    percent_of_median = number("value in per cent of the median of the age", "%")
    z_score = number("z-score for the age", "standard deviation")
    reason = optional_text("why there is no limit")


class AgeReferenceBands(dy.Schema):
    parameter = text("analyte", primary_key=True)
    band_order = integer("order of the band: row of the file", nullable=False, primary_key=True)
    band = text("ages, in words")
    age_from_years = number("first age", "years", nullable=False)
    lower = number("lower limit", "unit", nullable=False)
    median = number("median", "unit")
    upper = number("upper limit", "unit")
    unit = text("unit")
    percentiles = text("what the limits are")
    z_score = text("how z-scores are computed: lms, log-normal or none")
    source = text("source")
    row_status = one_of(["draft", "signed"], "whether the row is signed")
    note = text("how far the numbers were checked")
    n_participants = count("of the population with a usable sample in the band, from the transplant on")
    n_samples = count("such samples")


AGE_REFERENCE_SUMMARY = result_table(
    "age_reference_summary", "One row per analyte, visit, measure and stratum.", AgeReferenceSummary
)
AGE_REFERENCE_SHARES = result_table(
    "age_reference_shares", "One row per analyte, visit, share and stratum.", AgeReferenceShares
)
AGE_REFERENCE_PROFILES = result_table(
    "age_reference_profiles", "One row per sample of an analyte with reference limits.", AgeReferenceProfiles
)
AGE_REFERENCE_BANDS = result_table(
    "age_reference_bands", "One row per age band of the reference limits.", AgeReferenceBands
)
