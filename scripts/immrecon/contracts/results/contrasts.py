"""Result tables of comparisons: between groups, dose levels or characteristics, and with a hazard in print."""

import polars as pl

from immrecon.contracts.base import count, integer, number, one_of, optional_text, rule, text
from immrecon.contracts.results.inference import Inference, result_table
from immrecon.contracts.results.tte import Checks
from immrecon.vocabulary import ContrastMeasure, Population


class Contrasts(Inference):
    analysis = text("estimates step")
    comparison = text("code of the comparison, or of the reference in print", primary_key=True)
    comparison_order = integer("order in the configuration", nullable=False)
    parameter = text("endpoint", primary_key=True)
    population = one_of(Population, "population")
    factor = text('what is compared: "group", "dose_level", a characteristic, or "reference" for one in print')
    level = text(
        'level that is compared with the reference; "all" for a test of all levels; one step of a trend or of a '
        "continuous characteristic; for a reference in print the group",
        primary_key=True,
    )
    level_order = integer("order of the level", nullable=False)
    reference = optional_text("level it is compared with, or the reference in print; missing: all levels, or a step")
    stratified_by = text("compared within these; empty: not stratified")
    measure = one_of(ContrastMeasure, "what is estimated or tested", primary_key=True)
    horizon = text('"day 100", "to day 365", or empty where all follow-up is used', primary_key=True)
    time_day = number("day of the endpoint's clock that the horizon names", "day")
    variance = optional_text("variance estimator")
    n = count("participants at risk at the origin, of the levels compared")
    n_events = count("of them with the event; by the horizon where there is one")
    n_level = count("participants of the level", nullable=True)
    n_events_level = count("of them with the event", nullable=True)
    n_reference = count("participants of the reference level", nullable=True)
    n_events_reference = count("of them with the event", nullable=True)
    n_expected = number("events expected from the hazard in print", "events")
    std_error = number("standard error: of a ratio on the log scale, of a difference on its own", "as the estimate")
    statistic = number("test statistic: chi-squared, or what the method says", "1")
    df = count("degrees of freedom of a chi-squared", nullable=True)
    p_value = number("two-sided p-value; missing where the comparison has none", "1")

    @rule
    def p_is_a_probability(cls) -> pl.Expr:
        return pl.col("p_value").is_null() | pl.col("p_value").is_between(0, 1)


CONTRASTS = result_table("contrasts", "One row per comparison, endpoint, level, measure and horizon.", Contrasts)
SECOND_PROGRAMMER = result_table(
    "second_programmer", "One row per estimate that lifelines was asked for as well, and stratum.", Checks
)
