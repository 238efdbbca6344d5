"""Result table of external comparisons: published proportions and control data sets beside the estimates here."""

import polars as pl

from immrecon.contracts.base import count, integer, number, one_of, optional_text, rule, text
from immrecon.contracts.results.inference import Inference, result_table
from immrecon.vocabulary import ExternalMeasure, Population


class ExternalControl(Inference):
    analysis = text("estimates step")
    reference = text("code of the proportion in print, or of the control data set", primary_key=True)
    reference_order = integer("order in the configuration", nullable=False)
    parameter = text("endpoint", primary_key=True)
    population = one_of(Population, "population here")
    group = text('group code, or "all"', primary_key=True)
    measure = one_of(ExternalMeasure, "what is estimated or tested", primary_key=True)
    source = text('whose estimate it is: "here", "reference", or "both" where they are compared', primary_key=True)
    horizon = text('"day 100", "p0 = 0.547", or empty', primary_key=True)
    time_day = number("day of the clock that the horizon names", "day")
    null_value = number("proportion that is tested", "1")
    clock = text("what the days are counted from")
    variance = optional_text("variance estimator")
    n = count("participants; of a comparison both together")
    n_events = count("of them with the event; by the day where one is named")
    n_unknown = count("status not known: not in the proportion, or in its best or worst case only", nullable=True)
    n_risk = count("still at risk just before the day", nullable=True)
    n_here = count("participants here, where both are compared", nullable=True)
    n_events_here = count("of them with the event", nullable=True)
    std_error = number("standard error: of a ratio on the log scale", "as the estimate")
    alternative = optional_text("alternative of the test")
    p_value = number("p-value; missing where none is made", "1")

    @rule
    def p_is_a_probability(cls) -> pl.Expr:
        return pl.col("p_value").is_null() | pl.col("p_value").is_between(0, 1)


EXTERNAL_CONTROL = result_table(
    "external_control",
    "One row per reference, endpoint, group, measure, source and horizon.",
    ExternalControl,
)
