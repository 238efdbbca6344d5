"""Groups against the reference group: shift of areas, slopes and counts at visits, of those measured and by rank."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from immrecon.analyses.kinetic_parameters import below_as
from immrecon.config.kinetics import KineticComparison
from immrecon.config.specs import KineticSpec
from immrecon.contracts.results import KINETIC_COMPARISONS
from immrecon.errors import InputError
from immrecon.stats.comparison import hodges_lehmann, permutation_test, wilcoxon_exact
from immrecon.vocabulary import MEASURED, PRIMARY, KineticMeasure, RowStatus

METHOD = "median of the differences between all pairs (Hodges-Lehmann)"
CONF_TYPE = "exact, from the distribution of the rank sum given the ties"
RANKED = (KineticMeasure.AREA, KineticMeasure.COUNT)
"""Measures of which whoever died before has none: there the worst ranks are an analysis beside that of the measured."""
# Scores of the worst ranks lie so far below every count that a difference shows whether one of them is in it.
_FAR, _FINITE = 1e9, 1e3
Row = dict[str, Any]


@dataclass(frozen=True)
class Side:
    """The participants of one group: those with a value, those at a worst rank (score), and how many have neither."""

    values: NDArray[np.float64]
    worst_days: NDArray[np.float64]
    n_missing: int

    @property
    def n(self) -> int:
        return int(self.values.size + self.worst_days.size)


def comparison_rows(values: pl.DataFrame, counts: pl.DataFrame, adoc: pl.DataFrame, spec: KineticSpec) -> pl.DataFrame:
    """`values` and `counts` are frames of values (see `kinetic_parameters.COLUMNS`), `counts` with the VISIT and the
    day up to which a worst event goes before the count (UNTILDY)."""
    compared = None if spec.kinetics is None else spec.kinetics.comparison
    if compared is None:
        return KINETIC_COMPARISONS.frame([])
    whole = values.filter(
        pl.col("variant") == PRIMARY, pl.col("measure").is_in([KineticMeasure.AREA, KineticMeasure.SLOPE])
    ).with_columns(VISIT=pl.lit(""), UNTILDY=pl.col("to_day"))
    columns = ["USUBJID", "GROUP", "parameter", "measure", "to_day", "VISIT", "unit", "value", "UNTILDY"]
    everything = pl.concat([whole.select(columns), counts.select(columns)]).sort("USUBJID")
    for code, worst in compared.worst_ranks.items():
        everything = _with_worst(everything, adoc, worst.occurrences, code)
    rows: list[Row] = []
    for key, part in everything.group_by("parameter", "measure", "to_day", "VISIT", "unit", maintain_order=True):
        rows += _compare(part, key, compared, spec)
    return KINETIC_COMPARISONS.frame(rows)


def _compare(part: pl.DataFrame, key: tuple[Any, ...], compared: KineticComparison, spec: KineticSpec) -> list[Row]:
    parameter, measure, to_day, visit, unit = key
    rankings = {MEASURED: "those measured"}
    if measure in RANKED:
        rankings |= {code: worst.label for code, worst in compared.worst_ranks.items()}
    others = [group.code for group in spec.groups if group.code != compared.reference]
    assert spec.kinetics is not None
    begin = {
        "parameter": parameter, "measure": measure, "to_day": to_day, "visit": visit, "unit": unit,
        "reference": compared.reference, "population": spec.population,
        "method": f"{METHOD}; {below_as(spec.kinetics.below_limit.factor)}",
        "conf_type": CONF_TYPE, "conf_level": spec.methods.conf_level,
    }  # fmt: skip
    rows = []
    for code, label in rankings.items():
        other = _side(part, compared.reference, code)
        for level in others:
            mine = _side(part, level, code)
            named = begin | {"ranking": code, "ranking_label": label, "level": level}
            rows.append(named | _sizes(mine, other) | _shift(mine, other, spec) | _tests(mine, other, code, compared))
    return rows


def _with_worst(values: pl.DataFrame, adoc: pl.DataFrame, occurrences: list[str], code: str) -> pl.DataFrame:
    """A column by the code: day of the first of the occurrences, where it goes before the end (or the count)."""
    first = adoc.filter(pl.col("OCCUR").is_in(occurrences)).group_by("USUBJID").agg(FIRSTDY=pl.col("DY").min())
    joined = values.join(first, on="USUBJID", how="left", maintain_order="left")
    worst = pl.when(pl.col("FIRSTDY") <= pl.col("UNTILDY")).then(pl.col("FIRSTDY"))
    return joined.with_columns(worst.alias(_worst_day(code))).drop("FIRSTDY")


def _worst_day(code: str) -> str:
    return f"WORSTDY {code}"


def _side(part: pl.DataFrame, group: str, ranking: str) -> Side:
    own = (part["GROUP"] == group).fill_null(value=False).to_numpy()
    values = part["value"].cast(pl.Float64).to_numpy()[own]
    days = np.full(values.size, np.nan)
    if ranking != MEASURED:
        days = part[_worst_day(ranking)].cast(pl.Float64).to_numpy()[own]
    ranked, there = ~np.isnan(days), ~np.isnan(values)
    return Side(values[~ranked & there], days[ranked], int((~ranked & ~there).sum()))


def _sizes(mine: Side, other: Side) -> Row:
    return {
        "n_level": mine.n, "n_reference": other.n, "n_worst_level": int(mine.worst_days.size),
        "n_worst_reference": int(other.worst_days.size), "n_missing_level": mine.n_missing,
        "n_missing_reference": other.n_missing,
    }  # fmt: skip


def scores(mine: Side, other: Side) -> tuple[NDArray[np.float64], NDArray[np.float64], float]:
    """Values, and far below them the worst ranks, the earlier the lower; beyond which difference one is in it."""
    size = 1 + max([0.0, *np.abs(mine.values), *np.abs(other.values)])
    days = np.concatenate((mine.worst_days, other.worst_days))
    span = 1 + (np.ptp(days) if days.size else 0.0)
    first = days.min() if days.size else 0.0

    def with_worst(side: Side) -> NDArray[np.float64]:
        worst = -_FAR * size * (2 - (side.worst_days - first) / span)
        return np.concatenate((side.values, worst))

    # Two worst ranks of different days are at least this far apart, so no smaller difference has one in it.
    return with_worst(mine), with_worst(other), min(_FINITE, 0.5 * _FAR / span) * size


def _shift(mine: Side, other: Side, spec: KineticSpec) -> Row:
    absent: Row = {
        "estimate": None, "conf_low": None, "conf_high": None, "probability": None, "status": RowStatus.NOT_ESTIMABLE
    }  # fmt: skip
    if not mine.n or not other.n:
        return absent | {"reason": "nobody ranked in one of the groups"}
    x, y, finite = scores(mine, other)
    try:
        found, rank = hodges_lehmann(x, y, conf_level=spec.methods.conf_level), wilcoxon_exact(x, y)
    except InputError as error:
        return absent | {"reason": str(error)}
    share = {"probability": rank.statistic / (x.size * y.size)}
    differences = np.sort(np.subtract.outer(x, y).reshape(-1))
    middle = differences[[(differences.size - 1) // 2, differences.size // 2]]
    if np.abs(middle).max() > finite:
        return absent | share | {"reason": "the median difference is one with a worst rank: no number of cells"}
    low, high = (float(v) if abs(v) <= finite else None for v in (found.conf_low, found.conf_high))
    why = found.reason
    if why is None and (low is None or high is None):
        why = "a limit is a difference with a worst rank: no number of cells"
    return share | {
        "estimate": found.estimate, "conf_low": low, "conf_high": high, "status": RowStatus.ESTIMATED, "reason": why
    }  # fmt: skip


def _tests(mine: Side, other: Side, ranking: str, compared: KineticComparison) -> Row:
    """P-values where they are shown; the permutation test of means of log10 only of those measured, all above 0."""
    none: Row = {"p_value": None, "p_permutation": None}
    if not compared.p_values.shown:
        return none | {"p_method": f"not shown: {compared.p_values.reason}"}
    if not mine.n or not other.n:
        return none | {"p_method": "no test: nobody ranked in one of the groups"}
    x, y, _ = scores(mine, other)
    try:
        p = wilcoxon_exact(x, y).p_value
    except InputError as error:
        return none | {"p_method": str(error)}
    words = "exact Wilcoxon test given the ties"
    if ranking != MEASURED or min(x.min(), y.min()) <= 0:
        return {"p_value": p, "p_permutation": None, "p_method": f"{words}; {compared.p_values.reason}"}
    test = permutation_test(np.log10(x), np.log10(y), n_resamples=compared.n_resamples, seed=compared.seed)
    drawn = f"{test.method}, {test.n_arrangements} arrangements"
    words = f"{words}; permutation test of means of log10 ({drawn}); {compared.p_values.reason}"
    return {"p_value": p, "p_permutation": test.p_value, "p_method": words}
