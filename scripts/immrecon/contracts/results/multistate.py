"""Result tables of courses through states: probabilities over time and on declared days, and lengths of stay."""

from immrecon.contracts.base import count, integer, number, one_of, text
from immrecon.contracts.results.inference import Inference, Stratum, result_table
from immrecon.vocabulary import Population


class StateCurves(Stratum):
    parameter = text("course through states", primary_key=True)
    state = text("state", primary_key=True)
    time_day = number("time since day 0 of the clock", "day", nullable=False, primary_key=True)
    state_order = integer("place of the state in the course", nullable=False)
    n_state = count("participants known to be in the state at the end of the day")
    method = text("estimator")
    variance = text("variance estimator")
    conf_type = text("interval")
    conf_level = number("confidence level", "1", nullable=False)
    estimate = number("probability of being in the state", "1", nullable=False)
    std_error = number("standard error", "1")
    conf_low = number("lower limit; missing where the probability is 0 or 1", "1")
    conf_high = number("upper limit; missing where the probability is 0 or 1", "1")


class _OnDays(Stratum, Inference):
    parameter = text("course through states", primary_key=True)
    label = text("course in words")
    state = text("state", primary_key=True)
    state_label = text("state in words")
    state_order = integer("place of the state in the course", nullable=False)
    population = one_of(Population, "population")
    clock = text("what the days are counted from")
    variance = text("variance estimator")
    n = count("participants at risk at the origin")
    n_not_at_risk = count("of the population, but not at risk at the origin")
    n_entered = count("participants seen to enter the state up to and including the day")
    n_state = count("participants known to be in the state at the end of the day")
    n_known = count("participants whose state at the end of the day is known")
    std_error = number("standard error", "as the estimate")


class StateOccupancy(_OnDays):
    time_day = number("day, from day 0 of the clock", "day", nullable=False, primary_key=True)


class LengthOfStay(_OnDays):
    time_day = number(
        "day up to which the time in the state (`estimate`, in days) is counted",
        "day",
        nullable=False,
        primary_key=True,
    )


STATE_CURVES = result_table(
    "state_curves", "One row per course, state, stratum and day with a move or a tick of the axis.", StateCurves
)
STATE_OCCUPANCY = result_table(
    "state_occupancy", "One row per course, state, stratum and declared day: the probability of being there.",
    StateOccupancy,
)  # fmt: skip
LENGTH_OF_STAY = result_table(
    "length_of_stay", "One row per course, state, stratum and declared day: the expected time there.", LengthOfStay
)
