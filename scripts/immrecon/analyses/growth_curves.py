"""Curves of growth towards a plateau, fitted to log10 of all counts of a group: exploratory."""

from typing import Any

import numpy as np
import polars as pl

from immrecon.analyses.kinetic_parameters import below_as
from immrecon.analyses.kinetic_samples import Course
from immrecon.analyses.strata import Stratum, strata
from immrecon.comparators import BELOW
from immrecon.config.kinetics import Growth
from immrecon.config.specs import KineticSpec
from immrecon.contracts.results import GROWTH_CURVES
from immrecon.stats.longitudinal import GrowthCurve, growth_curve
from immrecon.vocabulary import RowStatus


def growth_rows(course: Course, spec: KineticSpec) -> pl.DataFrame:
    """A row per analyte, curve, coefficient and group, and of all together; dose levels are not told apart."""
    declared = spec.kinetics
    if declared is None or declared.growth is None:
        return GROWTH_CURVES.frame([])
    rows = []
    for code in declared.growth.analytes:
        chosen = course.of(code).samples.filter(pl.col("ADY") <= declared.growth.to_day)
        for stratum in strata(spec.groups, []):
            own = chosen.filter(stratum.rows()).sort("ADY", "USUBJID")
            rows += _rows(own, code, stratum, declared.growth, declared.below_limit.factor, spec)
    return GROWTH_CURVES.frame(rows)


def _rows(
    own: pl.DataFrame, code: str, stratum: Stratum, growth: Growth, factor: float, spec: KineticSpec
) -> list[dict[str, Any]]:
    count = pl.when(BELOW).then(pl.col("AVAL") * factor).otherwise(pl.col("AVAL"))
    positive = own.with_columns(COUNT=count).filter(pl.col("COUNT") > 0)
    left_out = own.height - positive.height
    rows = []
    for model in growth.models:
        fit = growth_curve(
            positive["ADY"].to_numpy(), np.log10(positive["COUNT"].to_numpy()), model=model,
            fewest=growth.fewest_values, last_at_least=growth.last_at_least_day, conf_level=spec.methods.conf_level,
        )  # fmt: skip
        remark = f"{left_out} counts of 0 left out" if left_out else None
        for order, name in enumerate(fit.names):
            rows.append(
                stratum.columns()
                | {
                    "parameter": code, "model": model, "coefficient": name, "coefficient_order": order,
                    "to_day": growth.to_day, "n": positive.height, "n_participants": positive["USUBJID"].n_unique(),
                    "n_below_limit": int(positive.select(BELOW.sum()).item()),
                    "method": f"least squares of log10, values of a group pooled; {below_as(factor)}",
                    "conf_type": "profile", "conf_level": spec.methods.conf_level,
                    "aicc": fit.aicc if np.isfinite(fit.aicc) else None,
                }
                | _coefficient(fit, order, remark)
            )  # fmt: skip
    return rows


def _coefficient(fit: GrowthCurve, order: int, remark: str | None) -> dict[str, Any]:
    """A coefficient of which neither limit is seen could be anything: it is not given."""
    absent = {"status": RowStatus.NOT_ESTIMABLE, "reason": fit.reason}
    if fit.status != RowStatus.ESTIMATED:
        return absent
    low, high = (float(v[order]) if np.isfinite(v[order]) else None for v in (fit.conf_low, fit.conf_high))
    if low is None and high is None:
        return absent | {"reason": "the samples do not determine it: neither limit of its profile is finite"}
    open_end = "one limit of its profile is not finite" if low is None or high is None else None
    return {
        "estimate": float(fit.estimate[order]), "std_error": float(fit.std_error[order]), "conf_low": low,
        "conf_high": high, "status": RowStatus.ESTIMATED,
        "reason": "; ".join(part for part in (open_end, remark) if part) or None,
    }  # fmt: skip
