"""Reconstitution by a declared rule, estimated in every way that the sampling allows.

The primary estimate takes the date of the first sample above (Aalen-Johansen). Beside it: the same dated by the
confirming sample; the estimate that knows only between which samples the threshold was crossed (Turnbull, on the
subdistribution); and the exact proportion among participants whose window is over, with the best and the worst case for
those whose status is not known, and for those whose window is not over yet.

The proportion and the curve between samples agree on whoever had a competing event before the confirming sample: the
rule is not met, and never will be. They differ, rightly, on whoever has no sample above in a window that is over: the
proportion says what the samples show, not reached; between samples, the count may have crossed after the last one.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import polars as pl

from immrecon.analyses.incidence_interval import incidence_on
from immrecon.analyses.strata import Stratum, strata
from immrecon.config.endpoints import Endpoint, EndpointsFile
from immrecon.config.first_event import FirstEvent
from immrecon.config.occurrences import ThresholdCrossing
from immrecon.config.specs import RecoverySpec
from immrecon.config.study import Methods
from immrecon.config.wording import threshold_in_words
from immrecon.contracts.results import RECONSTITUTION
from immrecon.stats.competing_risks import aalen_johansen
from immrecon.stats.interval_censored import turnbull_limits, turnbull_subdistribution
from immrecon.stats.proportion import clopper_pearson
from immrecon.vocabulary import ReconstitutionMeasure, RowStatus

CENSORED, EVENT, COMPETING = 0, 1, 2
PREVENTED = "reached, can no longer be confirmed"
DECIDED = ("confirmed", "not reached", "competing event before", PREVENTED)
"""Statuses that say whether the rule is met; by any other one it may or may not have been."""


@dataclass(frozen=True)
class Rule:
    """A rule of confirmed crossing that is the event of an endpoint."""

    code: str
    endpoint: Endpoint
    name: str
    crossing: ThresholdCrossing
    variable: FirstEvent


def estimate_reconstitution(adrec: pl.DataFrame, spec: RecoverySpec) -> pl.DataFrame:
    """Rows of RECONSTITUTION for every endpoint whose one event is a rule of confirmed crossing, in every stratum."""
    rows = [
        row
        for rule in crossing_rules(spec.endpoints)
        for stratum in strata(spec.groups, spec.dose_levels)
        for row in _rows(rule, adrec.filter((pl.col("RULE") == rule.name) & stratum.rows()), stratum, spec)
    ]
    return RECONSTITUTION.frame(rows)


def crossing_rules(endpoints: EndpointsFile) -> Iterator[Rule]:
    for code, endpoint in endpoints.endpoints.items():
        for name in endpoint.events if len(endpoint.events) == 1 else []:
            crossing = endpoints.occurrences[name]
            if isinstance(crossing, ThresholdCrossing):
                yield Rule(code, endpoint, name, crossing, endpoints.first_events[endpoint.first_event])


def _rows(rule: Rule, people: pl.DataFrame, stratum: Stratum, spec: RecoverySpec) -> Iterator[dict[str, object]]:
    common = stratum.columns() | {
        "parameter": rule.code,
        "rule_text": threshold_in_words(rule.crossing),
        "population": rule.variable.population,
        "conf_level": spec.methods.conf_level,
    }
    at_risk = people.filter(pl.col("RISKFL") == "Y").sort("USUBJID")
    for day in rule.endpoint.landmarks_day:
        for measure in (ReconstitutionMeasure.FIRST, ReconstitutionMeasure.CONFIRMING):
            yield common | _dated(rule, at_risk, measure, day, spec)
        yield common | _between_samples(rule, at_risk, day, spec)
    if rule.crossing.window.last_day is not None:
        for measure in (ReconstitutionMeasure.PROPORTION, ReconstitutionMeasure.BEST, ReconstitutionMeasure.WORST):
            yield common | proportion_row(people, measure, rule.crossing.window.last_day, spec.methods)


def _horizon(rule: Rule) -> float:
    return np.inf if rule.variable.horizon_day is None else rule.variable.horizon_day


def _on_clock(people: pl.DataFrame, column: str) -> np.ndarray:
    """(n,) days of the rule's clock, NaN where there is none."""
    days = people[column] - people["STARTDY"]
    return days.cast(pl.Float64).fill_null(float("nan")).to_numpy()


def dated(rule: Rule, people: pl.DataFrame, column: str) -> tuple[np.ndarray, np.ndarray]:
    """Time and cause (n,) of participants at risk when a confirmed crossing has the date in `column`.

    On one day the occurrence that the first-event variable lists first comes first. Without any, follow-up ends
    where it is documented last; everything ends at the horizon.
    """
    crossed = np.where(people["CONFDY"].is_not_null().to_numpy(), _on_clock(people, column), np.nan)
    competing, last = _on_clock(people, "COMPDY"), _on_clock(people, "FOLLDY")
    entry = rule.variable.origin.landmark_day or 0.0
    first = np.fmin(crossed, competing)
    ended = first <= _horizon(rule)
    cause = np.where(_competes_first(rule, people, crossed, competing), COMPETING, EVENT)
    followed = np.minimum(np.fmax(last, entry), _horizon(rule))
    return np.where(ended, first, followed), np.where(ended, cause, CENSORED)


def _competes_first(rule: Rule, people: pl.DataFrame, crossed: np.ndarray, competing: np.ndarray) -> np.ndarray:
    """(n,) whether something competing happened before the crossing, or on its day with a higher priority."""
    causes = rule.variable.causes
    before = causes[: causes.index(rule.name)]
    wins_ties = people["COMPETES"].is_in(before).fill_null(False).to_numpy()
    until = np.where(np.isnan(crossed), np.inf, crossed)
    return np.where(np.isnan(competing), False, (competing < until) | ((competing == until) & wins_ties))


def _dated(
    rule: Rule, people: pl.DataFrame, measure: ReconstitutionMeasure, day: float, spec: RecoverySpec
) -> dict[str, object]:
    column = "REACHDY" if measure is ReconstitutionMeasure.FIRST else "CONFDY"
    time, cause = dated(rule, people, column)
    row: dict[str, object] = {
        "measure": measure,
        "time_day": day,
        "method": "aalen-johansen",
        "conf_type": spec.methods.incidence_conf_type,
        "n": people.height,
        "n_events": int(((cause == EVENT) & (time <= day)).sum()),
        "n_competing": int(((cause == COMPETING) & (time <= day)).sum()),
        "n_unknown": int(((cause == CENSORED) & (time < day)).sum()),
    }
    if (missing := _not_estimable(time, cause, day)) is not None:
        return row | missing
    cif = aalen_johansen(
        time, cause, causes=(EVENT, COMPETING), conf_level=spec.methods.conf_level,
        conf_type=spec.methods.incidence_conf_type, variance="infinitesimal-jackknife",
    )  # fmt: skip
    found = incidence_on(cif, day)
    numbers = _between(found.estimate, found.estimate, found.conf_low, found.conf_high)
    return row | {"status": RowStatus.ESTIMATED, "reason": found.reason} | numbers


def _not_estimable(time: np.ndarray, cause: np.ndarray, day: float) -> dict[str, object] | None:
    if time.size == 0:
        return {"status": RowStatus.NOT_ESTIMABLE, "reason": "nobody at risk"}
    last = float(time.max())
    if day > last and (cause[time == last] == CENSORED).any():
        return {
            "status": RowStatus.NOT_ESTIMABLE, "reason": f"follow-up ends on day {last:g}, before day {day:g}"
        }  # fmt: skip
    return None


def _between(low_estimate: float, high_estimate: float, low: float, high: float) -> dict[str, object]:
    return {"estimate": low_estimate, "estimate_high": high_estimate, "conf_low": low, "conf_high": high}


def bounds(rule: Rule, people: pl.DataFrame) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """(left, right] of the crossing, whether something competing came first by the horizon, whether it never happens.

    (n,) each; days of the clock. Confirmed: after the last sample that was not above, up to the first of the pair.
    Nothing yet, or not yet confirmed: after the last sample that was not above. A crossing after the horizon is one
    that had not happened by then. Never: something competing came first, or before the confirming sample.
    """
    horizon = _horizon(rule)
    entry = rule.variable.origin.landmark_day or 0.0
    left = np.minimum(np.fmax(_on_clock(people, "LEFTDY"), entry), horizon)
    crossed = np.where(people["CONFDY"].is_not_null().to_numpy(), _on_clock(people, "REACHDY"), np.nan)
    competing = _on_clock(people, "COMPDY")
    first = _competes_first(rule, people, crossed, competing) & (competing <= horizon)
    right = np.where(~first & (crossed <= horizon), crossed, np.inf)
    prevented = (people["STATUS"] == PREVENTED).fill_null(False).to_numpy() & ~np.isnan(competing)
    return np.minimum(left, right), right, first, first | prevented


def _between_samples(rule: Rule, people: pl.DataFrame, day: float, spec: RecoverySpec) -> dict[str, object]:
    left, right, first, never = bounds(rule, people)
    waiting = np.isinf(right) & ~never & (left < day)
    # Without an administrative end a competing event lies after everything that was seen.
    seen = max([1.0, day, *left, *right[np.isfinite(right)]])
    horizon = _horizon(rule) if np.isfinite(_horizon(rule)) else seen
    row: dict[str, object] = {
        "measure": ReconstitutionMeasure.BETWEEN,
        "time_day": day,
        "method": "turnbull, subdistribution",
        "conf_type": "likelihood ratio",
        "n": people.height,
        "n_events": int((right <= day).sum()),
        "n_competing": int(first.sum()),
        "n_unknown": int(waiting.sum()),
    }
    if people.is_empty():
        return row | {"status": RowStatus.NOT_ESTIMABLE, "reason": "nobody at risk"}
    if day > horizon:
        return row | {"status": RowStatus.NOT_ESTIMABLE, "reason": f"followed to day {horizon:g} only"}
    curve = turnbull_subdistribution(left, right, never, horizon=horizon)
    if not curve.converged:
        return row | {"status": RowStatus.NOT_ESTIMABLE, "reason": "the estimate did not converge"}
    at = curve.at([day])
    limits = turnbull_limits(
        np.where(never, horizon, left), right, [day], conf_level=spec.methods.conf_level
    )  # fmt: skip
    low, high = 1 - float(at.survival_high[0]), 1 - float(at.survival_low[0])
    reasons = [
        "the samples leave the estimate open between two values" if high - low > 1e-9 else None,
        None if curve.unique else "other curves are as likely",
        _open_here(people, waiting),
    ]
    reason = "; ".join(part for part in reasons if part) or None
    return row | {"status": RowStatus.ESTIMATED, "reason": reason} | _between(
        low, high, 1 - float(limits.conf_high[0]), 1 - float(limits.conf_low[0])
    )  # fmt: skip


def _open_here(people: pl.DataFrame, waiting: np.ndarray) -> str | None:
    """How many the proportion counts as not reached that may have crossed for all that the samples tell."""
    decided = (people["WINCLFL"] == "Y").to_numpy() & people["STATUS"].is_in(DECIDED).to_numpy()
    n = int((waiting & decided).sum())
    return (
        f"{n} not reached in the proportion may have crossed after the last sample not above, left open here"
        if n
        else None
    )


def proportion_row(
    people: pl.DataFrame, measure: ReconstitutionMeasure, day: float, methods: Methods
) -> dict[str, object]:
    """Reached, of participants whose window is over and whose status is known; of all in the best and worst case.

    Death and other competing events are not reached. In the best and the worst case, everybody whose status is not
    known had reached it, or had not: also those whose window is not over, unless their status is decided already.
    """
    settled = pl.col("STATUS").is_in([status for status in DECIDED if status != "not reached"])
    over = people.filter(pl.col("WINCLFL") == "Y")
    open_windows = people.height - over.height
    if measure is ReconstitutionMeasure.PROPORTION:
        decided = over.filter(pl.col("STATUS").is_in(DECIDED))
        n, unknown = decided.height, over.height - decided.height
        note = f"{open_windows} with an open window left out" if open_windows else None
    else:
        decided = people.filter(settled | ((pl.col("STATUS") == "not reached") & (pl.col("WINCLFL") == "Y")))
        n, unknown = people.height, people.height - decided.height
        of_open = people.filter(pl.col("WINCLFL") != "Y", ~settled).height
        note = f"of {n}, {of_open} not known because their window is open" if of_open else None
    reached = decided.filter(pl.col("STATUS") == "confirmed").height
    met = reached + unknown if measure is ReconstitutionMeasure.BEST else reached
    found = clopper_pearson(met, n, conf_level=methods.conf_level)
    row: dict[str, object] = {
        "measure": measure,
        "time_day": day,
        "method": "proportion",
        "conf_type": "clopper-pearson",
        "n": n,
        "n_events": met,
        "n_competing": decided.filter(pl.col("STATUS") == "competing event before").height,
        "n_unknown": unknown,
    }
    if n == 0:
        return row | {"status": RowStatus.NOT_ESTIMABLE, "reason": note or "nobody whose status is known"}
    estimate = float(found.estimate[0])
    return row | {"status": RowStatus.ESTIMATED, "reason": note} | _between(
        estimate, estimate, float(found.conf_low[0]), float(found.conf_high[0])
    )  # fmt: skip
