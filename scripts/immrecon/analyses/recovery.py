"""Recovery of cell counts: what a run estimates of them, individual trajectories, reconstitution statuses."""

from dataclasses import dataclass

import polars as pl

from immrecon.analyses.attendance import attend, missed_samples, visit_values
from immrecon.analyses.profiles import profiles
from immrecon.analyses.strata import strata
from immrecon.analyses.thresholds_reached import threshold_rows
from immrecon.analyses.visit_summary import visit_rows
from immrecon.config.occurrences import ThresholdCrossing
from immrecon.config.specs import RecoverySpec
from immrecon.config.wording import threshold_in_words
from immrecon.contracts.results import PROFILES, STATUS_COUNTS
from immrecon.vocabulary import POPULATION_FLAG, RECONSTITUTION_STATUSES


@dataclass(frozen=True)
class Recovery:
    visit_summary: pl.DataFrame
    threshold_summary: pl.DataFrame
    visit_values: pl.DataFrame
    missed_samples: pl.DataFrame
    profiles: pl.DataFrame
    status_counts: pl.DataFrame


def estimate_recovery(
    adsl: pl.DataFrame, adlb: pl.DataFrame, lb: pl.DataFrame, adrec: pl.DataFrame, spec: RecoverySpec
) -> Recovery:
    """Summaries of the recovery population, per group, dose level and pooled.

    `lb` are the harmonised results whatever became of them: they say why a sample is missing.
    """
    population = adsl.filter(pl.col(POPULATION_FLAG[spec.population]) == "Y")
    samples = adlb.join(population.select("USUBJID"), on="USUBJID", how="semi")
    attendance = attend(population, samples, lb, spec)
    shown = [analyte.code for analyte in spec.analytes if analyte.summarised]
    return Recovery(
        visit_summary=visit_rows(samples, attendance, spec),
        threshold_summary=threshold_rows(samples, spec),
        visit_values=visit_values(attendance),
        missed_samples=missed_samples(attendance, spec),
        profiles=profiles(samples.filter(pl.col("ANL02FL") == "Y", pl.col("PARAMCD").is_in(shown)), PROFILES),
        status_counts=status_counts(adrec, spec),
    )


def status_counts(adrec: pl.DataFrame, spec: RecoverySpec) -> pl.DataFrame:
    """Participants per reconstitution status; the categories of a stratum add up to its participants."""
    rules = {name: rule for name, rule in spec.endpoints.occurrences.items() if isinstance(rule, ThresholdCrossing)}
    rows = [
        stratum.columns()
        | {
            "rule": name,
            "rule_text": threshold_in_words(rule),
            "category": category,
            "category_order": order,
            "n": members.filter(pl.col("STATUS") == category).height,
            "n_total": members.height,
        }
        for name, rule in rules.items()
        for stratum in strata(spec.groups, spec.dose_levels)
        for members in [adrec.filter((pl.col("RULE") == name) & stratum.rows())]
        for order, category in enumerate(RECONSTITUTION_STATUSES)
    ]
    return STATUS_COUNTS.frame(rows)
