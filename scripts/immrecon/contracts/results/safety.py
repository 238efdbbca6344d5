"""Result tables of the adverse events."""

import dataframely as dy

from immrecon.contracts.base import count, integer, number, one_of, optional_text, text
from immrecon.contracts.results.inference import Inference, Stratum, result_table
from immrecon.vocabulary import ALL_OF_SAFETY, Population, SaeStatus


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


class OngoingRecords(dy.Schema):
    """Where the start is a partial date, low and high are the bounds that it allows; equal for a full date."""

    domain = one_of(["AE", "CE", "CM"], "adverse event, clinical event or medication", primary_key=True)
    display_id = text("display id", primary_key=True)
    sequence = integer("number of the record within participant", nullable=False, primary_key=True)
    group = text("group code; empty for none")
    term = text("preferred term, event or medication")
    detail = optional_text("of an event as received; of a medication its category")
    grade = integer("grade")
    start_day_low = number("earliest start; missing without a transplant or a date", "day since transplant")
    start_day_high = number("latest start on or before the cut-off", "day since transplant")
    days_low = number("from the latest start to `until`", "day")
    days_high = number("from the earliest start to `until`", "day")
    until = one_of(["cut-off", "death"], "what days are counted to: death is that of a participant, by the cut-off")


AE_INCIDENCE = result_table("ae_incidence", "One row per class, term, category and stratum.", AeIncidence)
SAE_RECONCILIATION = result_table(
    "sae_reconciliation",
    "One row per group and status; none where no safety database is configured.",
    SaeReconciliationCounts,
)
ONGOING_RECORDS = result_table(
    "ongoing_records",
    "One row per record that is ongoing at the cut-off, of the kinds declared to last.",
    OngoingRecords,
)
