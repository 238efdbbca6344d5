"""Result tables of the adverse events."""

import dataframely as dy

from immrecon.contracts.base import count, one_of, text
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


AE_INCIDENCE = result_table("ae_incidence", "One row per class, term, category and stratum.", AeIncidence)
SAE_RECONCILIATION = result_table(
    "sae_reconciliation",
    "One row per group and status; none where no safety database is configured.",
    SaeReconciliationCounts,
)
