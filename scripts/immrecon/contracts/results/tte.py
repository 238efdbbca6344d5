"""Result tables of the endpoints: curves, numbers at risk, landmarks, quantiles, checks."""

from immrecon.contracts.base import count, number, one_of, optional_text, text
from immrecon.contracts.results.inference import Inference, Stratum, result_table
from immrecon.vocabulary import CheckOutcome, Population


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
    not_at_risk = optional_text("how many of them for which reason")
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


class Checks(Stratum):
    identity = text("what must hold", primary_key=True)
    subject = text("first-event variable or endpoint it is checked on", primary_key=True)
    outcome = one_of(CheckOutcome, "outcome")
    largest_difference = number("largest absolute difference seen", "1")
    tolerance = number("largest difference allowed", "1")
    reason = optional_text("why it does not apply, or where it failed")


CURVES = result_table("curves", "One row per step of a survival or incidence curve.", Curves)
RISK_TABLE = result_table("risk_table", "One row per tick of a curve's time axis.", RiskTable)
LANDMARKS = result_table("landmarks", "One row per endpoint, stratum and landmark day.", Landmarks)
QUANTILES = result_table("quantiles", "One row per endpoint, stratum and quantile.", Quantiles)
CHECKS = result_table("checks", "One row per identity and stratum.", Checks)
