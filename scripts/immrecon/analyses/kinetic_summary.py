"""Parameters of the course of counts by group: medians with exact intervals, geometric means, and who is missing."""

from typing import Any

import numpy as np
import polars as pl

from immrecon.analyses.kinetic_parameters import status_of
from immrecon.analyses.strata import Stratum, group_as_drawn, strata
from immrecon.config.specs import KineticSpec
from immrecon.contracts.results import KINETIC_PARAMETERS, KINETIC_SUMMARY
from immrecon.stats.longitudinal import censored_normal, quantile_interval
from immrecon.vocabulary import POOLED, PRIMARY, KineticMeasure, RowStatus

MEDIAN_INTERVAL = "order statistics, exact binomial (Conover 1999)"
WITH_GEOMETRIC_MEAN = (KineticMeasure.AREA, KineticMeasure.AVERAGE, KineticMeasure.MAXIMUM, KineticMeasure.DOUBLING)
_KEY = ("parameter", "measure", "to_day", "variant")


def by_participant(values: pl.DataFrame) -> pl.DataFrame:
    """The values of every participant, by display id."""
    return values.with_columns(
        display_id="DISPID", group=group_as_drawn(), dose_level=pl.col("DOSELVL").fill_null(""), status=status_of()
    ).select(KINETIC_PARAMETERS.schema.column_names())


def summary_rows(values: pl.DataFrame, spec: KineticSpec) -> pl.DataFrame:
    """A row per analyte, measure, last day, variant and stratum; of variants, all dose levels together."""
    rows = []
    for stratum in strata(spec.groups, spec.dose_levels):
        shown = pl.lit(True) if stratum.dose_level == POOLED else pl.col("variant") == PRIMARY
        rows += _rows(values.filter(shown), stratum, spec)
    return KINETIC_SUMMARY.frame(rows)


def _rows(values: pl.DataFrame, stratum: Stratum, spec: KineticSpec) -> list[dict[str, Any]]:
    declared = values.select(*_KEY, "unit", "method").unique().sort(_KEY)
    there = pl.col("value").is_not_null()
    parts = values.filter(stratum.rows()).group_by(_KEY).agg(
        n_total=pl.len(),
        values=pl.col("value").drop_nulls().sort(),
        missing=pl.col("reason").filter(~there).sort(),
        remarks=pl.col("reason").filter(there).drop_nulls().sort(),
    )  # fmt: skip
    found = {tuple(row[name] for name in _KEY): row for row in parts.iter_rows(named=True)}
    nobody = {"n_total": 0, "values": [], "missing": [], "remarks": []}
    return [
        stratum.columns()
        | row
        | {"population": spec.population}
        | _described(row["measure"], found.get(tuple(row[name] for name in _KEY), nobody), spec.methods.conf_level)
        for row in declared.iter_rows(named=True)
    ]


def _described(measure: str, part: dict[str, Any], level: float) -> dict[str, Any]:
    values = part["values"]
    median = quantile_interval(values, p=0.5, conf_level=level)
    q1, q3 = map(float, np.quantile(values, (0.25, 0.75))) if values else (None, None)
    remarks = part["remarks"]
    why = None
    if not values:
        why = "nobody in the stratum" if not part["n_total"] else "no value"
    elif not (median.rank_low and median.rank_high):
        why = f"too few values ({len(values)}) for an interval of the median at this level"
    return {
        "n_total": part["n_total"],
        "n": len(values),
        "n_missing": len(part["missing"]),
        "missing_reasons": _counted(part["missing"]),
        "n_remarked": len(remarks),
        "remark": _counted(remarks),
        "median": median.estimate if values else None,
        "conf_type": MEDIAN_INTERVAL,
        "conf_level": level,
        "median_conf_low": median.conf_low if median.rank_low and median.rank_high else None,
        "median_conf_high": median.conf_high if median.rank_low and median.rank_high else None,
        "q1": q1,
        "q3": q3,
        "status": RowStatus.ESTIMATED if values else RowStatus.NOT_ESTIMABLE,
        "reason": why,
    } | _geometric(measure, values, level)


def _counted(reasons: list[str]) -> str | None:
    """The reasons with how many, the most frequent first."""
    counts = sorted({reason: reasons.count(reason) for reason in reasons}.items(), key=lambda item: (-item[1], item[0]))
    return "; ".join(f"{n} {reason}" for reason, n in counts) or None


def _geometric(measure: str, values: list[float], level: float) -> dict[str, Any]:
    row: dict[str, Any] = {
        "geometric_mean": None, "geometric_mean_conf_low": None, "geometric_mean_conf_high": None,
        "geometric_mean_reason": None,
    }  # fmt: skip
    if measure not in WITH_GEOMETRIC_MEAN:
        return row | {"geometric_mean_reason": "not given for this measure"}
    if not values or min(values) <= 0:
        return row | {"geometric_mean_reason": "a value of 0 has no logarithm" if values else "no value"}
    if len(values) < 3:
        return row | {"geometric_mean_reason": f"too few values ({len(values)}) for a geometric mean: 3 needed"}
    fit = censored_normal(np.log10(values), conf_type="t", conf_level=level)
    if fit.status != RowStatus.ESTIMATED:
        return row | {"geometric_mean_reason": fit.reason}
    low, mean, high = (float(10 ** part[0]) for part in (fit.conf_low, fit.coefficient, fit.conf_high))
    return row | {"geometric_mean": mean, "geometric_mean_conf_low": low, "geometric_mean_conf_high": high}
