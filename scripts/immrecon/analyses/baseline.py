"""The baseline table: medians and quartiles, or counts, per declared characteristic."""

import polars as pl

from immrecon.analyses.strata import Stratum, placed, strata_of_everyone
from immrecon.config.specs import DispositionSpec
from immrecon.config.study import Characteristic
from immrecon.contracts.results import BASELINE
from immrecon.vocabulary import MILESTONE_POPULATION, POPULATION_FLAG, Population


def baseline_table(adsl: pl.DataFrame, sc: pl.DataFrame, spec: DispositionSpec) -> pl.DataFrame:
    """Enrolled participants. Quartiles are of type 7 (linear between order statistics), as R's default."""
    enrolled = placed(adsl.filter(pl.col("ENRLFL") == "Y"), spec.groups, spec.dose_levels)
    chosen = list(strata_of_everyone(enrolled, spec.groups, spec.dose_levels))
    rows: list[dict[str, object]] = []
    for order, item in enumerate(spec.baseline):
        values = characteristic_values(enrolled, sc, item)
        levels = [""]
        if item.kind == "categorical":
            levels = values["TEXT"].drop_nulls().unique().sort().to_list() or ["no value recorded"]
        for stratum in chosen:
            members = values.filter(stratum.rows())
            rows += [_row(members, item, order, stratum, level) for level in levels]
    return BASELINE.frame(rows)


def characteristic_values(enrolled: pl.DataFrame, sc: pl.DataFrame, item: Characteristic) -> pl.DataFrame:
    """USUBJID, GROUP, DOSELVL, REACHED, TEXT and NUMBER of one characteristic, a row per enrolled participant.

    A record of the graft or the product has no date: it counts from its milestone on, so that what is entered for a
    transplant or an injection after the cut-off changes nothing.
    """
    if item.code in ("AGE", "SEX", "SITEID", "PROTVER"):
        number = pl.col("AGE") if item.code == "AGE" else pl.lit(None, dtype=pl.Float64)
        people = enrolled.with_columns(TEXT=pl.col(item.code).cast(pl.String), NUMBER=number)
    else:
        recorded = sc.filter(pl.col("SCTESTCD") == item.code).select("USUBJID", TEXT="SCORRES", NUMBER="SCSTRESN")
        people = enrolled.join(recorded, on="USUBJID", how="left")
    reached = pl.col(POPULATION_FLAG[MILESTONE_POPULATION[item.known_at]]) == "Y"
    return people.select(
        "USUBJID",
        "GROUP",
        "DOSELVL",
        REACHED=reached,
        TEXT=pl.when(reached).then(pl.col("TEXT")),
        NUMBER=pl.when(reached).then(pl.col("NUMBER")),
    )


def _row(members: pl.DataFrame, item: Characteristic, order: int, stratum: Stratum, level: str) -> dict[str, object]:
    known = members["NUMBER" if item.kind == "numeric" else "TEXT"].drop_nulls()
    row: dict[str, object] = stratum.columns() | {
        "population": Population.ENROLLED,
        "characteristic": item.code,
        "characteristic_order": order,
        "label": item.label,
        "unit": item.unit,
        "kind": item.kind,
        "level": level,
        "known_at": item.known_at,
        "n_total": members.height,
        "n_not_reached": members.height - int(members["REACHED"].sum()),
        "n_known": known.len(),
        "n_level": None,
        "median": None,
        "q1": None,
        "q3": None,
        "minimum": None,
        "maximum": None,
    }
    if item.kind == "categorical":
        row["n_level"] = int((known == level).sum())
    elif known.len():
        row |= {
            "median": known.quantile(0.5, "linear"),
            "q1": known.quantile(0.25, "linear"),
            "q3": known.quantile(0.75, "linear"),
            "minimum": known.min(),
            "maximum": known.max(),
        }
    return row
