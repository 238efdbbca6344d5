"""Events that can happen again: the mean number per participant over time, and rates per time at risk."""

from dataclasses import dataclass

import numpy as np
import polars as pl

from immrecon.analyses.strata import Stratum, strata
from immrecon.config.recurrent_events import RecurrentEvent
from immrecon.config.specs import EventsSpec
from immrecon.contracts.results import EVENT_RISK_TABLE, MEAN_CUMULATIVE, RECURRENT_SUMMARY
from immrecon.stats.recurrent import MeanCumulativeFunction, incidence_rate, mean_cumulative_function
from immrecon.vocabulary import CLOCK_DAY, POOLED, EventMeasure, RowStatus

CONF_TYPE, VARIANCE = "log", "robust"


@dataclass(frozen=True)
class EventResults:
    mean_cumulative: pl.DataFrame
    summary: pl.DataFrame
    risk_table: pl.DataFrame


@dataclass(frozen=True)
class Followed:
    """One recurrent event in one stratum: those at risk, and their events."""

    code: str
    event: RecurrentEvent
    stratum: Stratum
    end: np.ndarray
    """(n,) days on the clock at which follow-up ends."""
    died: np.ndarray
    """(n,) 1 where a terminal event ends it."""
    who: np.ndarray
    """(m,) position in `end` of the participant of each event in (origin, end]."""
    day: np.ndarray
    """(m,) its day on the clock."""
    n_not_at_risk: int
    n_before: int

    @property
    def entry(self) -> float:
        return self.event.origin.landmark_day or 0.0


def estimate_events(adsl: pl.DataFrame, adtte: pl.DataFrame, adoc: pl.DataFrame, spec: EventsSpec) -> EventResults:
    """Every declared recurrent event in every stratum; curves for the groups and pooled.

    The mean number is that of Ghosh and Lin (2000), which counts the dead as having no more events, with the
    infinitesimal-jackknife variance and a log interval; rates have the exact Poisson interval. An event on the day of
    the origin counts at risk from the next moment on: it is put half a day after it; one before is counted apart.
    """
    followed = [
        _followed(adsl, adtte, adoc, code, event, stratum)
        for code, event in spec.recurrent_events.items()
        for stratum in strata(spec.groups, spec.dose_levels)
    ]
    fits = [(one, _fit(one, spec)) for one in followed]
    shown = [(one, fit) for one, fit in fits if one.stratum.dose_level == POOLED and fit is not None]
    return EventResults(
        mean_cumulative=MEAN_CUMULATIVE.frame([row for one, fit in shown for row in _curve(one, fit)]),
        summary=RECURRENT_SUMMARY.frame([row for one, fit in fits for row in _summary(one, fit, spec)]),
        risk_table=EVENT_RISK_TABLE.frame([row for one, _ in shown for row in _risk(one)]),
    )


def _followed(
    adsl: pl.DataFrame, adtte: pl.DataFrame, adoc: pl.DataFrame, code: str, event: RecurrentEvent, stratum: Stratum
) -> Followed:
    rows = adtte.filter((pl.col("PARAMCD") == code) & stratum.rows())
    at_risk = rows.filter(pl.col("RISKFL") == "Y", pl.col("AVAL") > pl.col("AENTRY")).sort("USUBJID")
    people = at_risk.select("USUBJID", "AVAL", "AENTRY").with_row_index("WHO")
    clock = adsl.select("USUBJID", STARTDY=CLOCK_DAY[event.origin.clock])
    days = (
        adoc.filter(pl.col("OCCUR") == event.occurrence)
        .join(people, on="USUBJID", how="inner")
        .join(clock, on="USUBJID", how="inner")
        .with_columns(T=pl.col("DY") - pl.col("STARTDY"))
    )
    within = days.filter(pl.col("T").is_between("AENTRY", "AVAL")).sort("WHO", "T")
    return Followed(
        code,
        event,
        stratum,
        at_risk["AVAL"].to_numpy(),
        (at_risk["CNSR"] == 0).cast(pl.Int64).to_numpy(),
        within["WHO"].cast(pl.Int64).to_numpy(),
        within.select(pl.max_horizontal("T", pl.col("AENTRY") + 0.5).clip(None, "AVAL"))["T"].to_numpy(),
        rows.height - at_risk.height,
        days.filter(pl.col("T") < pl.col("AENTRY")).height,
    )


def _fit(one: Followed, spec: EventsSpec) -> MeanCumulativeFunction | None:
    """The function from rows (entry, time] per participant: one to each day with events, one to the end."""
    if one.end.size == 0:
        return None
    times: list[float] = []
    entries: list[float] = []
    events: list[int] = []
    terminal: list[int] = []
    subject: list[int] = []
    for who, (end, died) in enumerate(zip(one.end.tolist(), one.died.tolist(), strict=True)):
        days, counts = np.unique(one.day[one.who == who], return_counts=True)
        stops = dict(zip(days.tolist(), counts.tolist(), strict=True)) | ({} if end in days else {end: 0})
        before = one.entry
        for stop in sorted(stops):
            times.append(stop)
            entries.append(before)
            events.append(int(stops[stop]))
            terminal.append(int(died and stop == end))
            subject.append(who)
            before = stop
    return mean_cumulative_function(
        times, events, subject=subject, entry=entries, terminal=terminal, variance=VARIANCE, conf_type=CONF_TYPE,
        conf_level=spec.methods.conf_level,
    )  # fmt: skip


def _curve(one: Followed, fit: MeanCumulativeFunction) -> list[dict[str, object]]:
    steps = fit.time[fit.n_event > 0]
    last = float(one.end.max())
    at = fit.at(np.unique(np.concatenate(([one.entry], steps, [last]))))
    return [
        one.stratum.columns()
        | {
            "parameter": one.code,
            "time_day": float(at.time[i]),
            "n_risk": int((one.end >= at.time[i]).sum()),
            "n_event_cumulative": int(at.n_event[i]),
            "n_terminal_cumulative": int((one.died * (one.end <= at.time[i])).sum()),
            "method": fit.method,
            "variance": fit.variance,
            "conf_type": fit.conf_type,
            "conf_level": fit.conf_level,
            "estimate": float(at.estimate[i]),
            "std_error": float(at.std_error[i]),
            "conf_low": float(at.conf_low[i]),
            "conf_high": float(at.conf_high[i]),
        }
        for i in range(at.time.size)
    ]


def _risk(one: Followed) -> list[dict[str, object]]:
    ticks = np.arange(0.0, one.event.figure_last_day + 1e-9, one.event.figure_tick_day)
    return [
        one.stratum.columns()
        | {
            "parameter": one.code,
            "time_day": float(tick),
            "n_risk": int((one.end >= tick).sum()),
            "n_event_cumulative": int((one.day <= tick).sum()),
            "n_competing_cumulative": int(((one.died == 1) & (one.end <= tick)).sum()),
            "n_censor_cumulative": int(((one.died == 0) & (one.end <= tick)).sum()),
        }
        for tick in ticks
    ]


def _summary(one: Followed, fit: MeanCumulativeFunction | None, spec: EventsSpec) -> list[dict[str, object]]:
    longest = float(one.end.max()) if one.end.size else 0.0
    rows = [_mean_row(one, fit, day, spec) for day in one.event.days]
    return [*rows, _rate_row(one, longest, spec)]


def _common(one: Followed, measure: EventMeasure, day: float, spec: EventsSpec) -> dict[str, object]:
    origin = one.event.origin
    landmark = "" if origin.landmark_day is None else f", from day {origin.landmark_day:g}"
    early = one.day <= day
    return one.stratum.columns() | {
        "parameter": one.code,
        "label": one.event.label,
        "measure": measure,
        "time_day": day,
        "population": one.event.population,
        "clock": f"{origin.clock.value}{landmark}",
        "conf_level": spec.methods.conf_level,
        "n": int(one.end.size),
        "n_not_at_risk": one.n_not_at_risk,
        "n_with_event": int(np.unique(one.who[early]).size),
        "n_events": int(early.sum()),
        "n_before": one.n_before,
        "n_terminal": int(((one.died == 1) & (one.end <= day)).sum()),
        "n_risk": int((one.end >= day).sum()),
        "exposure_day": float((np.minimum(one.end, max(day, one.entry)) - one.entry).sum()),
    }


def _mean_row(one: Followed, fit: MeanCumulativeFunction | None, day: float, spec: EventsSpec) -> dict[str, object]:
    row = _common(one, EventMeasure.MEAN, day, spec) | {
        "method": "ghosh-lin", "variance": VARIANCE, "conf_type": CONF_TYPE
    }  # fmt: skip
    nothing: dict[str, object] = {"status": RowStatus.NOT_ESTIMABLE}
    if fit is None:
        return row | nothing | {"reason": "nobody at risk"}
    last = float(one.end.max())
    if day > last and not one.died[one.end == last].all():
        return row | nothing | {"reason": f"follow-up ends on day {last:g}, before day {day:g}"}
    at = fit.at([day])
    found = {
        "estimate": float(at.estimate[0]), "conf_low": float(at.conf_low[0]), "conf_high": float(at.conf_high[0]),
        "status": RowStatus.ESTIMATED,
    }  # fmt: skip
    few = int((one.end >= day).sum())
    reasons = []
    if at.n_event[0] == 0:
        reasons.append("no event yet: the exact interval of the rate bounds it")
    if few < spec.methods.few_at_risk:
        reasons.append(f"fewer than {spec.methods.few_at_risk} at risk")
    return row | found | {"reason": "; ".join(reasons) or None}


def _rate_row(one: Followed, longest: float, spec: EventsSpec) -> dict[str, object]:
    row = _common(one, EventMeasure.RATE, longest, spec) | {
        "method": "events per time at risk", "variance": "poisson", "conf_type": "garwood",
        "per_day": one.event.rate_per_day,
    }  # fmt: skip
    exposure = float((one.end - one.entry).sum())
    if exposure == 0:
        return row | {"status": RowStatus.NOT_ESTIMABLE, "reason": "nobody at risk"}
    rate = incidence_rate(
        one.day.size, exposure, per=one.event.rate_per_day, conf_level=spec.methods.conf_level
    )  # fmt: skip
    reason = "no event yet: exact one-sided bound" if one.day.size == 0 else None
    return row | {
        "estimate": float(rate.estimate[0]), "conf_low": float(rate.conf_low[0]), "conf_high": float(rate.conf_high[0]),
        "status": RowStatus.ESTIMATED, "reason": reason,
    }  # fmt: skip
