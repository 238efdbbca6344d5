"""Counts at each visit: quantiles with the exact interval of the median, and the geometric mean."""

from typing import Any

import polars as pl

from immrecon.analyses.attendance import EXPECTED
from immrecon.analyses.censored_quantiles import Ranked, quantiles_with_limits
from immrecon.analyses.strata import Stratum, strata
from immrecon.comparators import ABOVE_LIMIT, BELOW
from immrecon.config.specs import RecoverySpec
from immrecon.config.study import Analyte, Visit
from immrecon.contracts.results import VISIT_SUMMARY
from immrecon.stats.longitudinal import censored_normal, quantile_interval
from immrecon.vocabulary import RowStatus

QUANTILE_METHOD = (
    "order statistics, type 7; a below-limit result is anything up to its limit, an above-limit result anything from it"
)
MEDIAN_INTERVAL = "order statistics, exact binomial (Conover 1999)"
GEOMETRIC_MEAN = (
    "normal maximum likelihood of log10, results beyond a limit counting as such (Tobin 1958); Student's t, degrees of "
    "freedom those of the measured results"
)
FEWEST_MEASURED = 3
Row = dict[str, Any]


def visit_rows(samples: pl.DataFrame, attendance: pl.DataFrame, spec: RecoverySpec) -> pl.DataFrame:
    """A row per summarised analyte, visit and stratum, from ADLB rows and `attend` of the same participants."""
    rows: list[Row] = []
    for stratum in strata(spec.groups, spec.dose_levels):
        results = _by_visit(samples.filter(stratum.rows(), pl.col("ANL01FL") == "Y"))
        due = attendance.filter(stratum.rows(), pl.col("STATE").is_in(EXPECTED))
        expected = {key[:2]: key[2] for key in due.group_by("PARAMCD", "AVISIT").len().iter_rows()}
        for analyte in (item for item in spec.analytes if item.summarised):
            for visit in spec.visits.windows:
                key = (analyte.code, visit.code)
                rows.append(_row(results.get(key, {}), expected.get(key, 0), analyte, visit, stratum, spec))
    return VISIT_SUMMARY.frame(rows)


def _by_visit(chosen: pl.DataFrame) -> dict[tuple[str, str], Row]:
    """Measured, below-limit and above-limit results, and the largest limit, by analyte and visit."""
    lists = chosen.group_by("PARAMCD", "AVISIT").agg(
        exact=pl.col("AVAL").filter(~(BELOW | ABOVE_LIMIT)).sort(),
        below=pl.col("AVAL").filter(BELOW).sort(),
        above=pl.col("AVAL").filter(ABOVE_LIMIT).sort(),
        lloq_max=pl.max_horizontal(pl.col("AVAL").filter(BELOW).max(), pl.col("LLOQ").max()),
    )
    return {(row["PARAMCD"], row["AVISIT"]): row for row in lists.iter_rows(named=True)}


def _row(results: Row, n_expected: int, analyte: Analyte, visit: Visit, stratum: Stratum, spec: RecoverySpec) -> Row:
    values, below, above = (results.get(name, []) for name in ("exact", "below", "above"))
    n = len(values) + len(below) + len(above)
    row: Row = stratum.columns() | {
        "parameter": analyte.code,
        "visit": visit.code,
        "visit_label": visit.label,
        "target_day": visit.target_day,
        "unit": analyte.unit,
        "population": spec.population,
        "n_expected": n_expected,
        "n": n,
        "n_below_limit": len(below),
        "n_above_limit": len(above),
        "lloq_max": results.get("lloq_max"),
        "method": QUANTILE_METHOD,
        "status": RowStatus.ESTIMATED if n else RowStatus.NOT_ESTIMABLE,
        "reason": None if n else "no sample in the window",
    }
    level = spec.methods.conf_level
    return (
        row
        | quantiles_with_limits(values, below, above)
        | _median_interval(values, below, above, level)
        | geometric_mean(values, below, above, level)
    )


def _median_interval(values: list[float], below: list[float], above: list[float], level: float) -> Row:
    """Ranks from the number of results alone; the results of those ranks as numbers or bounds."""
    n = len(values) + len(below) + len(above)
    ranks = quantile_interval([0.0] * n, p=0.5, conf_level=level)
    ranked = Ranked.of(values, below, above)
    why = None
    if n and not (ranks.rank_low and ranks.rank_high):
        why = f"too few samples ({n}) for an interval of the median at this level"
    return (
        ranked.order_statistic("median_conf_low", ranks.rank_low)
        | ranked.order_statistic("median_conf_high", ranks.rank_high)
        | {
            "conf_type": MEDIAN_INTERVAL,
            "conf_level": level,
            "median_coverage": None if why or not n else ranks.coverage,
            "median_interval_reason": why if n else "no sample in the window",
        }
    )


def geometric_mean(values: list[float], below: list[float], above: list[float], level: float) -> Row:
    """Geometric mean of results; those in `below` are known up to their limit only, those in `above` from theirs on.

    Not given, with the reason: fewer than three measured results; a result of 0, which has no logarithm; measured
    results that are all equal.
    """
    import numpy as np

    row: Row = {
        "geometric_mean": None,
        "geometric_mean_conf_low": None,
        "geometric_mean_conf_high": None,
        "geometric_mean_method": GEOMETRIC_MEAN,
        "geometric_mean_reason": _no_mean(values, below, above),
    }
    if row["geometric_mean_reason"]:
        return row
    fit = censored_normal(
        np.log10([*values, *below, *above]), [0] * len(values) + [1] * len(below) + [0] * len(above),
        above=[0] * (len(values) + len(below)) + [1] * len(above), conf_type="t", conf_level=level,
    )  # fmt: skip
    if fit.status != RowStatus.ESTIMATED:
        return row | {"geometric_mean_reason": fit.reason}
    low, mean, high = (float(10 ** part[0]) for part in (fit.conf_low, fit.coefficient, fit.conf_high))
    return row | {"geometric_mean": mean, "geometric_mean_conf_low": low, "geometric_mean_conf_high": high}


def _no_mean(values: list[float], below: list[float], above: list[float]) -> str | None:
    if not values and not below and not above:
        return "no sample in the window"
    if len(values) < FEWEST_MEASURED:
        return f"too few measured results ({len(values)}) for a geometric mean: {FEWEST_MEASURED} needed"
    zeros = sum(value <= 0 for value in (*values, *below, *above))
    return f"{zeros} results of 0 have no logarithm: no geometric mean" if zeros else None
