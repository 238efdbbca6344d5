"""Courses through states: the probability of being in each, and the expected time spent in it."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import polars as pl

from immrecon.analyses.strata import Stratum, strata
from immrecon.config.multistate import MultiState
from immrecon.config.specs import MultiStateSpec
from immrecon.contracts.results import LENGTH_OF_STAY, STATE_CURVES, STATE_OCCUPANCY
from immrecon.stats.competing_risks import StateProbability, multistate
from immrecon.stats.proportion import clopper_pearson
from immrecon.vocabulary import POOLED, RowStatus

METHOD, VARIANCE = "aalen-johansen", "infinitesimal-jackknife"
EXACT = "clopper-pearson"
_ROUNDING = 1e-12
"""Sums of products of fractions may miss 0 and 1 by a last bit."""


@dataclass(frozen=True)
class MultiStateResults:
    curves: pl.DataFrame
    occupancy: pl.DataFrame
    length_of_stay: pl.DataFrame


@dataclass(frozen=True)
class Course:
    """One course in one stratum: who was where from when to when."""

    code: str
    rule: MultiState
    stratum: Stratum
    passed: pl.DataFrame
    """Every interval of those at risk, in order (USUBJID, TSTART, TSTOP, FROMST, TOST)."""
    kept: pl.DataFrame
    """Those longer than 0, TOST being the state at the end of the day (FROMST where there was no move)."""
    started: pl.DataFrame
    """USUBJID, FROMST: the state at the end of the day of origin."""
    n_not_at_risk: int

    @property
    def n(self) -> int:
        return self.started.height

    @cached_property
    def ended(self) -> tuple[np.ndarray, np.ndarray]:
        """(n,) the last day on which each participant's state is known, and the state."""
        last = self.passed.group_by("USUBJID", maintain_order=True).agg(
            STATE=pl.coalesce("TOST", "FROMST").last(), UNTIL=pl.col("TSTOP").max()
        )
        return last["UNTIL"].to_numpy(), last["STATE"].to_numpy()

    @cached_property
    def spans(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """(m,) from when, to when, and in which state, of every interval longer than 0."""
        return tuple(self.kept[name].to_numpy() for name in ("TSTART", "TSTOP", "FROMST"))  # type: ignore[return-value]

    def known(self, day: float) -> dict[str, int]:
        """Per state how many are known to be in it at the end of a day: followed beyond it, up to it, or for good."""
        (start, stop, state), (until, final) = self.spans, self.ended
        settled = np.isin(final, self.rule.absorbing())
        there = np.concatenate(
            (state[(start <= day) & (stop > day)], final[(until == day) | (settled & (until < day))])
        )
        return {name: int((there == name).sum()) for name in self.rule.states}

    def last_day(self) -> float:
        """Up to which day the course can be described: without end where the last are in a state for good."""
        until, final = self.ended
        longest = float(until.max())
        settled = np.isin(final[until == longest], self.rule.absorbing()).all()
        return float("inf") if settled else longest

    @property
    def entry(self) -> float:
        return self.rule.origin.landmark_day or 0.0


def estimate_multistate(adms: pl.DataFrame, spec: MultiStateSpec) -> MultiStateResults:
    """Every declared course in every stratum; curves for the groups and pooled.

    The estimator is Aalen and Johansen's product integral, the variance the infinitesimal jackknife by participant,
    the interval that of `incidence_conf_type`; a probability of 0 or 1 has the exact interval of a proportion of
    those whose state is known. A course starts with the states at the end of the day of origin, so that a move on that
    day counts. Follow-up that ends on a day ends after the moves of that day.
    """
    courses = [
        _course(adms, code, rule, stratum)
        for code, rule in spec.multistate.items()
        for stratum in strata(spec.groups, spec.dose_levels)
    ]
    fits = [(course, _fit(course, spec)) for course in courses]
    drawn = [(course, fit) for course, fit in fits if course.stratum.dose_level == POOLED and fit is not None]
    return MultiStateResults(
        curves=STATE_CURVES.frame([row for course, fit in drawn for row in _curve(course, fit)]),
        occupancy=STATE_OCCUPANCY.frame([row for course, fit in fits for row in _occupancy(course, fit, spec)]),
        length_of_stay=LENGTH_OF_STAY.frame([row for course, fit in fits for row in _stay(course, fit, spec)]),
    )


def _course(adms: pl.DataFrame, code: str, rule: MultiState, stratum: Stratum) -> Course:
    rows = adms.filter((pl.col("COURSE") == code) & stratum.rows()).sort("USUBJID", "INTSEQ")
    at_risk = rows.filter(pl.col("RISKFL") == "Y").select("USUBJID", "TSTART", "TSTOP", "FROMST", "TOST")
    first = rule.origin.landmark_day or 0.0
    # Of several moves on one day only where the day ends counts; the others are intervals of length 0.
    ends = at_risk.with_columns(END=pl.coalesce("TOST", "FROMST").last().over("USUBJID", "TSTOP"))
    kept = ends.filter(pl.col("TSTOP") > pl.col("TSTART")).select("USUBJID", "TSTART", "TSTOP", "FROMST", TOST="END")
    on_first_day = (
        ends.filter(pl.col("TSTOP") == first).group_by("USUBJID", maintain_order=True).agg(pl.col("END").last())
    )
    started = (
        at_risk.select("USUBJID").unique(maintain_order=True).join(on_first_day, on="USUBJID", how="left")
        .select("USUBJID", FROMST=pl.col("END").fill_null(rule.initial))
    )  # fmt: skip
    return Course(code, rule, stratum, at_risk, kept, started, rows.filter(pl.col("RISKFL") == "N").height)


def _fit(course: Course, spec: MultiStateSpec) -> StateProbability | None:
    """Whoever is not followed beyond the day of origin still counts in the distribution on that day: a row that ends
    before anything can happen."""
    if not course.n:
        return None
    kept, entry = course.kept, course.entry
    only_first_day = course.started.join(kept, on="USUBJID", how="anti")
    shortest = 1.0 if kept.is_empty() else float((kept["TSTOP"] - entry).min())  # type: ignore[arg-type]
    rows = pl.concat(
        [
            kept,
            only_first_day.select(
                "USUBJID", TSTART=pl.lit(entry), TSTOP=pl.lit(entry + shortest / 2), FROMST="FROMST", TOST="FROMST"
            ),
        ]
    )
    return multistate(
        rows["TSTOP"].to_numpy(), rows["FROMST"].to_numpy(), rows["TOST"].to_numpy(), states=list(course.rule.states),
        subject=rows["USUBJID"].to_numpy(), entry=rows["TSTART"].to_numpy(), origin=entry, variance=VARIANCE,
        conf_level=spec.methods.conf_level, conf_type=spec.methods.incidence_conf_type, stay_to=course.rule.days,
    )  # fmt: skip


def _curve(course: Course, fit: StateProbability) -> list[dict[str, object]]:
    rule, longest = course.rule, float(course.ended[0].max())
    last = min(rule.figure_last_day, course.last_day())
    ticks = np.arange(0.0, rule.figure_last_day + 1e-9, rule.figure_tick_day)
    times = np.unique(np.concatenate(([course.entry, min(last, longest)], fit.time, ticks)))
    at = fit.at(times[(times >= course.entry) & (times <= last)])
    known = [course.known(float(day)) for day in at.time]
    return [
        course.stratum.columns()
        | {
            "parameter": course.code,
            "state": name,
            "time_day": float(day),
            "state_order": order,
            "n_state": known[i][name],
            "method": METHOD,
            "variance": fit.variance,
            "conf_type": fit.conf_type,
            "conf_level": fit.conf_level,
            "estimate": float(np.clip(at.probability[order, i], 0.0, 1.0)),
            "std_error": float(at.std_error[order, i]),
            "conf_low": float(at.conf_low[order, i]),
            "conf_high": float(at.conf_high[order, i]),
        }
        for order, name in enumerate(rule.states)
        for i, day in enumerate(at.time)
    ]


def _common(course: Course, name: str, day: float, spec: MultiStateSpec) -> dict[str, object]:
    origin = course.rule.origin
    landmark = "" if origin.landmark_day is None else f", from day {origin.landmark_day:g}"
    known = course.known(day)
    entered = course.passed.filter(pl.col("TOST") == name, pl.col("TSTOP") <= day)
    return course.stratum.columns() | {
        "parameter": course.code,
        "label": course.rule.label,
        "state": name,
        "state_label": course.rule.states[name].label,
        "state_order": list(course.rule.states).index(name),
        "time_day": day,
        "population": course.rule.population,
        "clock": f"{origin.clock.value}{landmark}",
        "method": METHOD,
        "variance": VARIANCE,
        "conf_type": spec.methods.incidence_conf_type,
        "conf_level": spec.methods.conf_level,
        "n": course.n,
        "n_not_at_risk": course.n_not_at_risk,
        "n_entered": course.n if name == course.rule.initial else entered.height,
        "n_state": known[name],
        "n_known": sum(known.values()),
    }


def _occupancy(course: Course, fit: StateProbability | None, spec: MultiStateSpec) -> list[dict[str, object]]:
    return [
        _common(course, name, day, spec) | _probability(course, fit, (order, name, day), spec)
        for order, name in enumerate(course.rule.states)
        for day in course.rule.days
    ]


def _probability(
    course: Course, fit: StateProbability | None, where: tuple[int, str, float], spec: MultiStateSpec
) -> dict[str, object]:
    """Estimate and interval of a state on a day, or why there is none."""
    order, name, day = where
    if fit is None or day > course.last_day():
        return _not_estimable(course, fit, day)
    at = fit.at([day])
    estimate, error, low, high = (
        float(values[order, 0]) for values in (at.probability, at.std_error, at.conf_low, at.conf_high)
    )
    found: dict[str, object] = {"std_error": error, "status": RowStatus.ESTIMATED}
    n_known = sum(course.known(day).values())
    cautions = []
    if min(abs(estimate), abs(1 - estimate)) < _ROUNDING:
        estimate = float(round(estimate))
        exact = clopper_pearson([round(estimate) * n_known], [n_known], conf_level=spec.methods.conf_level)
        low, high = float(exact.conf_low[0]), float(exact.conf_high[0])
        found |= {"conf_type": EXACT, "std_error": None}
        cautions.append(f"exact interval, state known of {n_known}")
    if n_known < spec.methods.few_at_risk:
        cautions.append(f"the state of fewer than {spec.methods.few_at_risk} participants is known")
    cautions += _carried_on(course, fit, name, day)
    return found | {"estimate": estimate, "conf_low": low, "conf_high": high, "reason": "; ".join(cautions) or None}


def _carried_on(course: Course, fit: StateProbability, name: str, day: float) -> list[str]:
    """A caution where a state, or one that leads to it, is likely on the day although nobody is followed in it."""
    known, probability = course.known(day), dict(zip(course.rule.states, fit.at([day]).probability[:, 0], strict=True))
    through = [state for state in course.rule.leads_to(name) if state not in course.rule.absorbing()]
    lost = [state for state in through if probability[state] > _ROUNDING and not known[state]]
    words = " or ".join(f'"{course.rule.states[state].label}"' for state in lost)
    return [f"nobody is followed in {words} to the day: carried on from earlier"] if lost else []


def _not_estimable(course: Course, fit: StateProbability | None, day: float) -> dict[str, object]:
    reason = "nobody at risk" if fit is None else f"follow-up ends on day {course.last_day():g}, before day {day:g}"
    return {"status": RowStatus.NOT_ESTIMABLE, "reason": reason}


def _stay(course: Course, fit: StateProbability | None, spec: MultiStateSpec) -> list[dict[str, object]]:
    """Expected days in each state up to each declared day, with a normal interval within 0 and what is possible."""
    rows = []
    for order, name in enumerate(course.rule.states):
        for i, day in enumerate(course.rule.days):
            row = _common(course, name, day, spec) | {"conf_type": "plain"}
            if fit is None or day > course.last_day():
                rows.append(row | _not_estimable(course, fit, day))
                continue
            low, high = (float(limit[order, i]) for limit in fit.stay_limits())
            row |= {"estimate": float(fit.length_of_stay(day)[order]), "conf_low": low, "conf_high": high}
            error = float(fit.stay_std_error[order, i])
            reasons = ["nobody has entered or left it: no interval"] if np.isnan(error) else []
            reason = "; ".join([*reasons, *_carried_on(course, fit, name, day)]) or None
            rows.append(row | {"std_error": error, "status": RowStatus.ESTIMATED, "reason": reason})
    return rows
