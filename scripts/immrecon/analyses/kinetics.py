"""The course of counts: parameters of each participant, by group, compared between groups, and growth curves."""

from dataclasses import dataclass

import polars as pl

from immrecon.analyses.growth_curves import growth_rows
from immrecon.analyses.kinetic_comparisons import comparison_rows
from immrecon.analyses.kinetic_parameters import parameter_values
from immrecon.analyses.kinetic_samples import Course
from immrecon.analyses.kinetic_summary import by_participant, summary_rows
from immrecon.comparators import BELOW
from immrecon.config.kinetics import KineticComparison
from immrecon.config.specs import KineticSpec
from immrecon.contracts.results import GROWTH_CURVES, KINETIC_COMPARISONS, KINETIC_PARAMETERS, KINETIC_SUMMARY
from immrecon.vocabulary import POPULATION_FLAG, KineticMeasure


@dataclass(frozen=True)
class Kinetics:
    parameters: pl.DataFrame
    summary: pl.DataFrame
    comparisons: pl.DataFrame
    growth_curves: pl.DataFrame


def estimate_kinetic_parameters(
    adsl: pl.DataFrame, adlb: pl.DataFrame, adoc: pl.DataFrame, spec: KineticSpec
) -> Kinetics:
    """Of the recovery population; all usable samples from transplant on, also those after relapse or a new graft."""
    if spec.kinetics is None:
        tables = (KINETIC_PARAMETERS, KINETIC_SUMMARY, KINETIC_COMPARISONS, GROWTH_CURVES)
        return Kinetics(*(table.schema.create_empty() for table in tables))
    population = adsl.filter(pl.col(POPULATION_FLAG[spec.population]) == "Y")
    course = Course.of_population(population, adlb, spec.cutoff_date)
    values = parameter_values(course, spec)
    compared = spec.kinetics.comparison
    counts = pl.DataFrame() if compared is None else _visit_counts(population, adlb, compared, spec)
    return Kinetics(
        parameters=by_participant(values),
        summary=summary_rows(values, spec),
        comparisons=comparison_rows(values, counts, adoc, spec),
        growth_curves=growth_rows(course, spec),
    )


def _visit_counts(
    population: pl.DataFrame, adlb: pl.DataFrame, compared: KineticComparison, spec: KineticSpec
) -> pl.DataFrame:
    """The count of every participant at the declared visits, and UNTILDY: the day of the sample, or without one the
    end of the window. A worst event up to that day goes before the count."""
    assert spec.kinetics is not None
    count = pl.when(BELOW).then(pl.col("AVAL") * spec.kinetics.below_limit.factor).otherwise(pl.col("AVAL"))
    taken = adlb.filter(pl.col("ANL01FL") == "Y").select(
        "USUBJID", VISIT="AVISIT", parameter="PARAMCD", value=count, ADY="ADY"
    )
    units = {analyte.code: analyte.unit for analyte in spec.analytes}
    parts = [
        population.select(
            "USUBJID", "GROUP", VISIT=pl.lit(visit.code), to_day=pl.lit(visit.target_day, dtype=pl.Float64),
            LASTDY=pl.lit(visit.last_day, dtype=pl.Float64), parameter=pl.lit(code), unit=pl.lit(units[code]),
            measure=pl.lit(str(KineticMeasure.COUNT)),
        )
        for code in spec.kinetics.analytes
        for visit in spec.visits.windows
        if visit.code in compared.visits
    ]  # fmt: skip
    columns = ["USUBJID", "GROUP", "parameter", "measure", "to_day", "VISIT", "unit", "value", "UNTILDY"]
    if not parts:
        kinds = dict.fromkeys(columns, pl.String) | dict.fromkeys(("to_day", "value", "UNTILDY"), pl.Float64)
        return pl.DataFrame(schema=kinds)
    everyone = pl.concat(parts).join(taken, on=["USUBJID", "VISIT", "parameter"], how="left", maintain_order="left")
    return everyone.with_columns(UNTILDY=pl.coalesce("ADY", "LASTDY")).select(columns)
