"""Recovery of cell counts: visit summaries, thresholds reached, individual trajectories, reconstitution statuses."""

from dataclasses import dataclass
from math import isinf

import polars as pl

from immrecon.analyses.strata import Stratum, group_as_drawn, strata
from immrecon.comparators import above_threshold
from immrecon.config.occurrences import ThresholdCrossing
from immrecon.config.specs import RecoverySpec
from immrecon.config.study import Analyte, Visit
from immrecon.config.wording import threshold_in_words
from immrecon.contracts.results import PROFILES, STATUS_COUNTS, THRESHOLD_SUMMARY, VISIT_SUMMARY
from immrecon.stats.proportion import clopper_pearson
from immrecon.vocabulary import POPULATION_FLAG, RECONSTITUTION_STATUSES, RowStatus

BELOW = pl.col("ACMP").is_in(["<", "<="])
ABOVE_LIMIT = pl.col("ACMP").is_in([">", ">="])
QUANTILE_METHOD = (
    "order statistics, type 7; a below-limit result is anything up to its limit, an above-limit result anything from it"
)
QUANTILES = {"minimum": 0.0, "q1": 0.25, "median": 0.5, "q3": 0.75, "maximum": 1.0}


@dataclass(frozen=True)
class Recovery:
    visit_summary: pl.DataFrame
    threshold_summary: pl.DataFrame
    profiles: pl.DataFrame
    status_counts: pl.DataFrame


def estimate_recovery(adsl: pl.DataFrame, adlb: pl.DataFrame, adrec: pl.DataFrame, spec: RecoverySpec) -> Recovery:
    """Summaries of the recovery population, per group, dose level and pooled."""
    population = adsl.filter(pl.col(POPULATION_FLAG[spec.population]) == "Y")
    samples = adlb.join(population.select("USUBJID"), on="USUBJID", how="semi")
    visits: list[dict[str, object]] = []
    reached: list[dict[str, object]] = []
    for analyte in (item for item in spec.analytes if item.summarised):
        of_analyte = samples.filter(pl.col("PARAMCD") == analyte.code, pl.col("ANL01FL") == "Y")
        for visit in spec.visits.windows:
            at_visit = of_analyte.filter(pl.col("AVISIT") == visit.code)
            expected = _expected(population, at_visit, visit, spec)
            for stratum in strata(spec.groups, spec.dose_levels):
                chosen = at_visit.filter(stratum.rows())
                due = expected.filter(stratum.rows()).height
                visits.append(_visit_row(chosen, due, analyte, visit, stratum, spec))
                reached += _threshold_rows(chosen, analyte, visit, stratum, spec)
    return Recovery(
        visit_summary=pl.DataFrame(visits, schema=VISIT_SUMMARY.schema.create_empty().schema),
        threshold_summary=pl.DataFrame(reached, schema=THRESHOLD_SUMMARY.schema.create_empty().schema).with_columns(
            pl.selectors.float().fill_nan(None)
        ),
        profiles=profiles(samples, spec),
        status_counts=status_counts(adrec, spec),
    )


def _expected(population: pl.DataFrame, at_visit: pl.DataFrame, visit: Visit, spec: RecoverySpec) -> pl.DataFrame:
    """Participants with a sample, or alive and in the study throughout a window that is over by the cut-off."""
    withdrawn = (pl.col("WDDT") - pl.col("HSCTDT")).dt.total_days()
    there = (pl.col("DTHHIDY").is_null() | (pl.col("DTHHIDY") > visit.last_day)) & (
        withdrawn.is_null() | (withdrawn > visit.last_day)
    )
    there &= (pl.col("DTHUNFL") == "N") & (pl.col("WDUNFL") == "N") & pl.col("HSCTDY").is_not_null()
    if spec.cutoff_date is not None:
        elapsed = (pl.lit(spec.cutoff_date) - pl.col("HSCTDT")).dt.total_days()
        there &= (elapsed >= visit.last_day).fill_null(True)
    return population.filter(there | pl.col("USUBJID").is_in(at_visit["USUBJID"].to_list()))


def _visit_row(
    chosen: pl.DataFrame, n_expected: int, analyte: Analyte, visit: Visit, stratum: Stratum, spec: RecoverySpec
) -> dict[str, object]:
    below, above = chosen.filter(BELOW), chosen.filter(ABOVE_LIMIT)
    row: dict[str, object] = stratum.columns() | {
        "parameter": analyte.code,
        "visit": visit.code,
        "visit_label": visit.label,
        "target_day": visit.target_day,
        "unit": analyte.unit,
        "population": spec.population,
        "n_expected": n_expected,
        "n": chosen.height,
        "n_below_limit": below.height,
        "n_above_limit": above.height,
        "lloq_max": pl.concat([below["AVAL"], chosen["LLOQ"]]).max(),
        "method": QUANTILE_METHOD,
        "status": RowStatus.ESTIMATED if chosen.height else RowStatus.NOT_ESTIMABLE,
        "reason": None if chosen.height else "no sample in the window",
    }
    exact = chosen.filter(~(BELOW | ABOVE_LIMIT))
    return row | quantiles_with_limits(*(part["AVAL"].to_list() for part in (exact, below, above)))


def quantiles_with_limits(values: list[float], below: list[float], above: list[float]) -> dict[str, object]:
    """Extremes and quartiles of type 7. A result of `below` is anything up to its limit, of `above` anything from it.

    At their limits, or without end on their side, such results give the least and the most that a quantile can be.
    Where the two are the same it is known. Otherwise one of them is given and flagged: the most as an upper bound
    (_below_limit), or the least as a lower bound (_above_limit), whichever is finite; of two finite ones the lower
    bound if above-limit results alone leave it open, else the upper bound. With neither, both flags and no number.
    """
    least = sorted([float("-inf")] * len(below) + values + above)
    most = sorted(below + values + [float("inf")] * len(above))
    at_limits = sorted(below + values + above)
    result: dict[str, object] = {}
    for name, p in QUANTILES.items():
        result |= _bounded(name, *(_quantile(ordered, p) for ordered in (least, at_limits, most)))
    return result


def _bounded(name: str, low: float | None, at_limits: float | None, high: float | None) -> dict[str, object]:
    below, above = f"{name}_below_limit", f"{name}_above_limit"
    if low is None or high is None or low == high:
        return {name: high, below: False, above: False}
    if isinf(low) and isinf(high):
        return {name: None, below: True, above: True}
    is_lower_bound = isinf(high) or (low == at_limits and not isinf(low))
    return {name: low if is_lower_bound else high, below: not is_lower_bound, above: is_lower_bound}


def _quantile(ordered: list[float], p: float) -> float | None:
    """Type 7 (Hyndman and Fan 1996): linear between order statistics, position (n - 1) p from 0."""
    if not ordered:
        return None
    position = (len(ordered) - 1) * p
    low = int(position)
    weight = position - low
    if weight == 0:
        return ordered[low]
    if isinf(ordered[low]) or isinf(ordered[low + 1]):  # without end on the side of the infinite one
        return ordered[low] if isinf(ordered[low]) else ordered[low + 1]
    return ordered[low] + weight * (ordered[low + 1] - ordered[low])


def _threshold_rows(
    chosen: pl.DataFrame, analyte: Analyte, visit: Visit, stratum: Stratum, spec: RecoverySpec
) -> list[dict[str, object]]:
    rows: list[dict[str, object]] = []
    for threshold in (item for item in spec.thresholds if item.analyte == analyte.code):
        status = chosen.select(S=above_threshold(threshold.operator, threshold.value_per_ul))["S"]
        known = status.drop_nulls()
        interval = clopper_pearson(int(known.sum()), known.len(), conf_level=spec.methods.conf_level)
        rows.append(
            stratum.columns()
            | {
                "method": "proportion",
                "conf_type": "clopper-pearson",
                "conf_level": spec.methods.conf_level,
                "estimate": float(interval.estimate[0]),
                "conf_low": float(interval.conf_low[0]),
                "conf_high": float(interval.conf_high[0]),
                "status": RowStatus.ESTIMATED if known.len() else RowStatus.NOT_ESTIMABLE,
                "reason": None if known.len() else "no sample of known status in the window",
                "parameter": analyte.code,
                "visit": visit.code,
                "operator": threshold.operator,
                "threshold_per_ul": threshold.value_per_ul,
                "target_day": visit.target_day,
                "n": known.len(),
                "n_unknown": status.null_count(),
                "n_reached": int(known.sum()),
            }
        )
    return rows


def profiles(samples: pl.DataFrame, spec: RecoverySpec) -> pl.DataFrame:
    """Individual trajectories from transplant on, by display id."""
    shown = [analyte.code for analyte in spec.analytes if analyte.summarised]
    return (
        samples.filter(pl.col("ANL02FL") == "Y", pl.col("PARAMCD").is_in(shown), pl.col("ADY") >= 0)
        .sort("DISPID", "PARAMCD", "ADY", "ASEQ")
        .select(
            display_id="DISPID",
            parameter="PARAMCD",
            sequence=pl.int_range(pl.len()).over("DISPID", "PARAMCD"),
            group=group_as_drawn(),
            dose_level=pl.col("DOSELVL").fill_null(""),
            time_day="ADY",
            value="AVAL",
            unit="AVALU",
            below_limit=BELOW,
            above_limit=ABOVE_LIMIT,
            lloq="LLOQ",
        )
        .select(PROFILES.schema.column_names())
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
    return pl.DataFrame(rows, schema=STATUS_COUNTS.schema.create_empty().schema)
