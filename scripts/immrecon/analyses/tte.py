"""Time-to-event results: curves, numbers at risk, landmark estimates, quantiles, and identities they must satisfy."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import polars as pl

from immrecon.analyses.incidence_interval import incidence_on
from immrecon.analyses.strata import Stratum, strata
from immrecon.analyses.tte_checks import check_rows
from immrecon.config.endpoints import Endpoint
from immrecon.config.specs import TteSpec
from immrecon.config.study import Methods
from immrecon.contracts.results import CHECKS, CURVES, LANDMARKS, QUANTILES, RISK_TABLE
from immrecon.stats.competing_risks import CumulativeIncidence, aalen_johansen
from immrecon.stats.survival import SurvivalCurve, kaplan_meier, reverse_kaplan_meier
from immrecon.vocabulary import POOLED, Estimator, RowStatus

ANALYSIS = "estimate_tte"
EVENT, COMPETING = 1, 2
QUARTILES = (0.25, 0.5, 0.75)


@dataclass(frozen=True)
class TteResults:
    curves: pl.DataFrame
    risk_table: pl.DataFrame
    landmarks: pl.DataFrame
    quantiles: pl.DataFrame
    checks: pl.DataFrame


@dataclass(frozen=True)
class Fit:
    """One endpoint in one stratum: those at risk, and the estimator's result."""

    code: str
    endpoint: Endpoint
    stratum: Stratum
    time: np.ndarray
    """(n,) days on the endpoint's clock."""
    cause: np.ndarray
    """(n,) 0 censored, 1 event, 2 competing event."""
    n_not_at_risk: int
    not_at_risk: str | None
    """How many for which reason."""
    conf_type: str
    survival: SurvivalCurve | None
    incidence: CumulativeIncidence | None


def estimate_tte(adtte: pl.DataFrame, spec: TteSpec) -> TteResults:
    """Every declared endpoint in every stratum; curves and numbers at risk for the groups and pooled.

    A landmark that everybody followed was delayed to (a common landmark day) needs no left truncation: the risk sets
    are those of participants still at risk after it.
    """
    fits = [
        fit_endpoint(adtte, code, endpoint, stratum, spec)
        for code, endpoint in spec.endpoints.endpoints.items()
        for stratum in strata(spec.groups, spec.dose_levels)
    ]
    displayed = [fit for fit in fits if fit.stratum.dose_level == POOLED]
    return TteResults(
        curves=CURVES.frame([row for fit in displayed for row in curve_rows(fit, spec)]),
        risk_table=RISK_TABLE.frame([row for fit in displayed for row in risk_rows(fit)]),
        landmarks=LANDMARKS.frame([row for fit in fits for row in landmark_rows(fit, spec)]),
        quantiles=QUANTILES.frame([row for fit in fits for row in _quantile_rows(fit, spec)]),
        checks=CHECKS.frame(check_rows(fits, spec)),
    )


def fit_endpoint(adtte: pl.DataFrame, code: str, endpoint: Endpoint, stratum: Stratum, spec: TteSpec) -> Fit:
    rows = adtte.filter((pl.col("PARAMCD") == code) & stratum.rows())
    at_risk = rows.filter(pl.col("RISKFL") == "Y").sort("USUBJID")
    time = at_risk["AVAL"].to_numpy()
    cause = np.array([EVENT, 0, COMPETING])[at_risk["CNSR"].to_numpy()] if at_risk.height else np.array([], dtype=int)
    methods = spec.methods
    conf_type: str = endpoint.conf_type
    survival = incidence = None
    if endpoint.estimator is Estimator.KAPLAN_MEIER:
        if conf_type == "by planned group size":
            conf_type = stratum.survival_conf_type(methods)
        survival = kaplan_meier(time, cause == EVENT, conf_level=methods.conf_level, conf_type=conf_type)
    else:
        if conf_type == "by planned group size":
            conf_type = methods.incidence_conf_type
        incidence = aalen_johansen(
            time,
            cause,
            causes=(EVENT, COMPETING),
            conf_level=methods.conf_level,
            conf_type=conf_type,
            variance=endpoint.variance,
        )
    n_others = rows.height - at_risk.height
    return Fit(
        code, endpoint, stratum, time, cause, n_others, _reasons(rows), conf_type, survival, incidence
    )  # fmt: skip


def _reasons(rows: pl.DataFrame) -> str | None:
    """Participants not at risk, by reason."""
    others = rows.filter(pl.col("RISKFL") != "Y", pl.col("NRISKREA").is_not_null())
    counts = others.group_by("NRISKREA").len().sort("NRISKREA").iter_rows()
    return "; ".join(f"{n} {reason}" for reason, n in counts) or None


def _common(fit: Fit, spec: TteSpec) -> dict[str, object]:
    return fit.stratum.columns() | {
        "analysis": ANALYSIS,
        "parameter": fit.code,
        "population": spec.endpoints.first_events[fit.endpoint.first_event].population,
        "method": fit.endpoint.estimator,
        "conf_type": fit.conf_type,
        "conf_level": spec.methods.conf_level,
    }


def curve_rows(fit: Fit, spec: TteSpec) -> list[dict[str, object]]:
    """The curve at its observed times, and at day 0 unless something happened on that day."""
    if fit.time.size == 0:
        return []
    if fit.survival is not None:
        return _survival_rows(fit, fit.survival, spec)
    assert fit.incidence is not None
    return _incidence_rows(fit, fit.incidence, spec)


def _survival_rows(fit: Fit, curve: SurvivalCurve, spec: TteSpec) -> list[dict[str, object]]:
    common = _common(fit, spec) | {"cause": "event-free", "variance": fit.endpoint.variance}
    times = curve.time if curve.time[0] == 0 else np.concatenate(([0.0], curve.time))
    at = curve.at(times)
    jumps = np.diff(at.n_event, prepend=0)
    return [
        common
        | {
            "time_day": float(at.time[i]),
            "n_risk": int(at.n_risk[i]),
            "n_event": int(jumps[i]),
            "n_event_cumulative": int(at.n_event[i]),
            "n_censor_cumulative": int(at.n_censor[i]),
            "estimate": float(at.survival[i]),
            "std_error": float(at.std_error[i]),
            "conf_low": float(at.conf_low[i]),
            "conf_high": float(at.conf_high[i]),
        }
        for i in range(times.size)
    ]


def _incidence_rows(fit: Fit, curve: CumulativeIncidence, spec: TteSpec) -> list[dict[str, object]]:
    times = curve.time if curve.time[0] == 0 else np.concatenate(([0.0], curve.time))
    at = curve.at(times)
    censored = np.array([int(((fit.cause == 0) & (fit.time <= t)).sum()) for t in times])
    rows = []
    for k, cause in enumerate(("event", "competing")):
        common = _common(fit, spec) | {"cause": cause, "variance": fit.endpoint.variance}
        jumps = np.diff(at.n_event[k], prepend=0)
        rows += [
            common
            | {
                "time_day": float(at.time[i]),
                "n_risk": int(at.n_risk[i]),
                "n_event": int(jumps[i]),
                "n_event_cumulative": int(at.n_event[k, i]),
                "n_censor_cumulative": int(censored[i]),
                "estimate": float(at.incidence[k, i]),
                "std_error": float(at.std_error[k, i]),
                "conf_low": float(at.conf_low[k, i]),
                "conf_high": float(at.conf_high[k, i]),
            }
            for i in range(times.size)
        ]
    return rows


def risk_rows(fit: Fit) -> list[dict[str, object]]:
    """Numbers under the axis, counted directly: (start, stop] risk sets, events before censorings at ties."""
    ticks = np.arange(0.0, fit.endpoint.figure_last_day + 1e-9, fit.endpoint.figure_tick_day)
    return [
        fit.stratum.columns()
        | {
            "parameter": fit.code,
            "time_day": float(tick),
            "n_risk": int((fit.time >= tick).sum()),
            "n_event_cumulative": int(((fit.cause == EVENT) & (fit.time <= tick)).sum()),
            "n_competing_cumulative": int(((fit.cause == COMPETING) & (fit.time <= tick)).sum()),
            "n_censor_cumulative": int(((fit.cause == 0) & (fit.time <= tick)).sum()),
        }
        for tick in ticks
    ]


def landmark_rows(fit: Fit, spec: TteSpec, named: str = "the landmark") -> list[dict[str, object]]:
    """Estimates on the declared days, which reasons call `named`."""
    origin = spec.endpoints.first_events[fit.endpoint.first_event].origin
    clock = (
        origin.clock.value if origin.landmark_day is None else f"{origin.clock.value}, from day {origin.landmark_day:g}"
    )
    longest = float(fit.time.max()) if fit.time.size else None
    rows = []
    for day in fit.endpoint.landmarks_day:
        events = int(((fit.cause == EVENT) & (fit.time <= day)).sum())
        competing = int(((fit.cause == COMPETING) & (fit.time <= day)).sum())
        rows.append(
            _common(fit, spec)
            | {
                "label": fit.endpoint.label,
                "time_day": day,
                "clock": clock,
                "n": int(fit.time.size),
                "n_not_at_risk": fit.n_not_at_risk,
                "not_at_risk": fit.not_at_risk,
                "n_events": events,
                "n_competing": competing,
                "n_risk": int((fit.time >= day).sum()),
                "variance": fit.endpoint.variance,
                "max_follow_up_day": longest,
            }
            | estimate_at(fit, day, spec.methods, named)
        )
    return rows


def estimate_at(fit: Fit, day: float, methods: Methods, named: str = "the landmark") -> dict[str, object]:
    """Estimate and interval on a day, or why there is none: nobody at risk, or follow-up that ends earlier."""
    nothing = {"estimate": None, "std_error": None, "conf_low": None, "conf_high": None}
    if fit.time.size == 0:
        return nothing | {"status": RowStatus.NOT_ESTIMABLE, "reason": "nobody at risk"}
    still_free = not np.isin(fit.cause[fit.time == fit.time.max()], (EVENT, COMPETING)).all()
    if day > fit.time.max() and still_free:
        return nothing | {
            "status": RowStatus.NOT_ESTIMABLE,
            "reason": f"follow-up ends on day {fit.time.max():g}, before {named}",
        }
    if fit.survival is not None:
        at = fit.survival.at([day])
        values = [at.survival[0], at.std_error[0], at.conf_low[0], at.conf_high[0]]
        reason = None if np.isfinite(at.conf_low[0]) else f"no {fit.conf_type} interval exists at this estimate"
    else:
        assert fit.incidence is not None
        *values, reason = incidence_on(fit.incidence, day)
    caution = _caution(fit, day, methods, named)
    reason = "; ".join(part for part in (reason, caution) if part) or None
    names = ("estimate", "std_error", "conf_low", "conf_high")
    found = dict(zip(names, map(float, values), strict=True))
    return found | {"status": RowStatus.ESTIMATED, "reason": reason}


def _caution(fit: Fit, day: float, methods: Methods, named: str) -> str | None:
    """What a reader must know of an estimate that rests on few."""
    last = float(fit.time.max())
    if day > last:
        return f"the last at risk had an event on day {last:g}; nobody is at risk at {named}"
    at_risk = int((fit.time >= day).sum())
    return f"fewer than {methods.few_at_risk} at risk" if at_risk < methods.few_at_risk else None


def _quantile_rows(fit: Fit, spec: TteSpec) -> list[dict[str, object]]:
    """Quartiles of a survival endpoint, and the median follow-up (reverse Kaplan-Meier, log-log interval)."""
    if fit.survival is None:
        return []
    events = int((fit.cause == EVENT).sum())
    rows = _quantiles_of(fit, fit.survival, QUARTILES, fit.code, _common(fit, spec), events)
    follow_up = reverse_kaplan_meier(fit.time, fit.cause == EVENT, conf_level=spec.methods.conf_level)
    common = _common(fit, spec) | {"method": follow_up.method, "conf_type": follow_up.conf_type}
    return rows + _quantiles_of(fit, follow_up, (0.5,), f"FOLLOW_UP_{fit.code}", common, fit.time.size - events)


def _quantiles_of(
    fit: Fit, curve: SurvivalCurve, p: tuple[float, ...], parameter: str, common: Mapping[str, object], n_events: int
) -> list[dict[str, object]]:
    keep = {key: common[key] for key in ("group", "dose_level", "analysis", "method", "conf_type", "conf_level")}
    found = curve.quantile(p) if fit.time.size else None
    rows = []
    for i, probability in enumerate(p):
        estimate = float(found.estimate[i]) if found is not None else float("nan")
        known = bool(np.isfinite(estimate))
        reason = None if known else ("nobody at risk" if found is None else "the curve does not get there")
        rows.append(
            keep
            | {
                "parameter": parameter,
                "probability": probability,
                "n": int(fit.time.size),
                "n_events": n_events,
                "estimate": estimate,
                "conf_low": float(found.conf_low[i]) if found is not None and known else None,
                "conf_high": float(found.conf_high[i]) if found is not None and known else None,
                "status": RowStatus.ESTIMATED if known else RowStatus.NOT_ESTIMABLE,
                "reason": reason,
            }
        )
    return rows
