"""Adverse events: how many participants had at least one, with exact intervals."""

from dataclasses import dataclass

import polars as pl

from immrecon.analyses.ongoing import LastingDomains, ongoing_records
from immrecon.analyses.sae import sae_reconciliation
from immrecon.analyses.strata import Stratum, strata
from immrecon.config.specs import SafetySpec
from immrecon.contracts.results import AE_INCIDENCE, SAE_RECONCILIATION
from immrecon.stats.proportion import clopper_pearson
from immrecon.vocabulary import ONGOING, POPULATION_FLAG, RowStatus

ANY = "any"


@dataclass(frozen=True)
class SafetyResults:
    ae_incidence: pl.DataFrame
    sae_reconciliation: pl.DataFrame
    ongoing_records: pl.DataFrame


def estimate_safety(
    adsl: pl.DataFrame, adae: pl.DataFrame, records: LastingDomains, sae: pl.DataFrame, spec: SafetySpec
) -> SafetyResults:
    """Incidences of adverse events, how their records stand to those of the safety database, where there is one, and
    what is ongoing at the cut-off.

    `records` and `sae` are harmonised and serve the reconciliation and the list of ongoing records.
    """
    reconciled = (
        sae_reconciliation(adsl, records.ae, sae, spec.groups, spec.cutoff_date)
        if spec.sae_reconciled
        else SAE_RECONCILIATION.schema.create_empty()
    )
    ongoing = ongoing_records(adsl, records, spec.ongoing_at_cutoff, spec.cutoff_date)
    return SafetyResults(ae_incidence(adsl, adae, spec), reconciled, ongoing)


def ae_incidence(adsl: pl.DataFrame, adae: pl.DataFrame, spec: SafetySpec) -> pl.DataFrame:
    """Participants with at least one counted event: any, per class, per term; by category; Clopper-Pearson."""
    population = adsl.filter(pl.col(POPULATION_FLAG[spec.safety.population]) == "Y")
    counted = adae.filter(pl.col("ANL01FL") == "Y")
    categories = {"any grade": pl.lit(True)}
    categories |= {
        "grade 5" if grade == 5 else f"grade >= {grade}": pl.col("AETOXGR") >= grade
        for grade in spec.safety.grade_at_least
    }
    categories |= {"serious": pl.col("AESER") == "Y", "related": pl.col("AEREL") == "Y"}
    categories |= {ONGOING: pl.col("AONGOFL") == "Y"}
    tables = [
        _stratum_table(counted, population.filter(stratum.rows()).height, stratum, name, keep)
        for stratum in strata(spec.groups, spec.dose_levels)
        for name, keep in categories.items()
    ]
    rows = pl.concat(tables)
    interval = clopper_pearson(
        rows["n_participants"].to_numpy(), rows["n"].to_numpy(), conf_level=spec.methods.conf_level
    )
    estimable = pl.col("n") > 0
    result = rows.with_columns(
        population=pl.lit(str(spec.safety.population)),
        method=pl.lit("proportion"),
        conf_type=pl.lit("clopper-pearson"),
        conf_level=pl.lit(spec.methods.conf_level),
        estimate=pl.Series(interval.estimate).fill_nan(None),
        conf_low=pl.Series(interval.conf_low).fill_nan(None),
        conf_high=pl.Series(interval.conf_high).fill_nan(None),
        status=pl.when(estimable)
        .then(pl.lit(str(RowStatus.ESTIMATED)))
        .otherwise(pl.lit(str(RowStatus.NOT_ESTIMABLE))),
        reason=pl.when(~estimable).then(pl.lit("nobody in the stratum")),
    )
    return result.select(AE_INCIDENCE.schema.column_names())


def _stratum_table(all_events: pl.DataFrame, n: int, stratum: Stratum, category: str, keep: pl.Expr) -> pl.DataFrame:
    """Counts of one stratum and category for every class and term that occurs in any stratum, zeros included."""
    frames = []
    for keys in (list[str](), ["AEBODSYS"], ["AEBODSYS", "AEDECOD"]):
        chosen = all_events.filter(stratum.rows() & keep)
        if keys:
            counts = chosen.group_by(keys).agg(n_participants=pl.col("USUBJID").n_unique(), n_events=pl.len())
            table = all_events.select(keys).unique().join(counts, on=keys, how="left")
        else:
            table = chosen.select(n_participants=pl.col("USUBJID").n_unique(), n_events=pl.len())
        frames.append(
            table.select(
                group=pl.lit(stratum.group),
                dose_level=pl.lit(stratum.dose_level),
                system_organ_class=pl.col("AEBODSYS") if keys else pl.lit(ANY),
                preferred_term=pl.col("AEDECOD") if "AEDECOD" in keys else pl.lit(ANY),
                category=pl.lit(category),
                n=pl.lit(n, dtype=pl.Int64),
                n_participants=pl.col("n_participants").fill_null(0).cast(pl.Int64),
                n_events=pl.col("n_events").fill_null(0).cast(pl.Int64),
            )
        )
    return pl.concat(frames)
