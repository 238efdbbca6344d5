"""Result tables of the participants: funnel, accrual, baseline, swimmer plot."""

import dataframely as dy

from immrecon.contracts.base import count, integer, number, one_of, optional_text, text
from immrecon.contracts.results.inference import Stratum, result_table
from immrecon.vocabulary import Milestone, Population


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


FUNNEL = result_table("funnel", "One row per stage, group and dose level.", Funnel)
ACCRUAL = result_table("accrual", "One row per month and stage.", Accrual)
BASELINE = result_table("baseline", "One row per characteristic, category and stratum.", Baseline)
TIMELINES = result_table("timelines", "One row per bar or marker of the swimmer plot.", Timelines)
