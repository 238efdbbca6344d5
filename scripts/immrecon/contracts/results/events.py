"""Result tables of recurrent events: mean numbers over time, rates, numbers at risk."""

from immrecon.contracts.base import count, number, one_of, text
from immrecon.contracts.results.inference import Inference, Stratum, result_table
from immrecon.contracts.results.tte import RiskTable
from immrecon.vocabulary import EventMeasure, Population


class MeanCumulative(Stratum):
    parameter = text("recurrent event", primary_key=True)
    time_day = number("time since day 0 of its clock", "day", nullable=False, primary_key=True)
    n_risk = count("under observation just before the time")
    n_event_cumulative = count("events up to and including the time")
    n_terminal_cumulative = count("terminal events up to and including the time")
    method = text("estimator")
    variance = text("variance estimator")
    conf_type = text("interval")
    conf_level = number("confidence level", "1")
    estimate = number("mean number of events per participant", "1", nullable=False)
    std_error = number("standard error", "1")
    conf_low = number("lower limit; missing before the first event", "1")
    conf_high = number("upper limit; missing before the first event", "1")


class RecurrentSummary(Stratum, Inference):
    parameter = text("recurrent event", primary_key=True)
    label = text("event in words")
    measure = one_of(EventMeasure, "what is estimated", primary_key=True)
    time_day = number(
        "day up to which events count; of a rate, end of the longest follow-up", "day", nullable=False, primary_key=True
    )
    population = one_of(Population, "population")
    clock = text("what the days are counted from")
    variance = text("variance estimator")
    per_day = number("a rate is per so many days at risk", "day")
    n = count("participants at risk at the origin")
    n_not_at_risk = count("of the population, but not at risk at the origin")
    n_with_event = count("participants with at least one event")
    n_events = count("events")
    n_before = count("events before the origin, which do not count")
    n_terminal = count("terminal events")
    n_risk = count("still followed just before the day")
    exposure_day = number("participant-days at risk up to the day", "day", nullable=False)


class EventRiskTable(RiskTable):
    """As under a curve; `n_competing_cumulative` are terminal events."""


MEAN_CUMULATIVE = result_table("mean_cumulative", "One row per step of a mean cumulative function.", MeanCumulative)
RECURRENT_SUMMARY = result_table(
    "recurrent_summary", "One row per recurrent event, measure, day and stratum.", RecurrentSummary
)
EVENT_RISK_TABLE = result_table(
    "event_risk_table", "One row per tick of the time axis of a mean cumulative function.", EventRiskTable
)
