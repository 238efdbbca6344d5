"""Differences on a day, and of restricted means: what a curve says of two levels, without a model."""

import math
from dataclasses import dataclass

from immrecon.analyses.contrast_sample import COMPETING, EVENT, Row, Sample, absent
from immrecon.stats.competing_risks import aalen_johansen
from immrecon.stats.survival import kaplan_meier, rmst_difference
from immrecon.vocabulary import ContrastMeasure, RowStatus

_RESTRICTED_MEAN = "restricted mean survival time, Kaplan-Meier"


@dataclass(frozen=True)
class _Point:
    """One level on one day; NaN limits where there is no interval."""

    estimate: float
    std_error: float
    low: float
    high: float


def difference_rows(sample: Sample) -> list[Row]:
    """Level minus reference at the endpoint's landmark days; of two levels of a categorical comparison."""
    if sample.comparison.kind != "categorical":
        return []
    measure = ContrastMeasure.INCIDENCE_DIFFERENCE if sample.competes else ContrastMeasure.SURVIVAL_DIFFERENCE
    rows = []
    for position, level in enumerate(sample.levels):
        if position == sample.reference:
            continue
        for day in sample.endpoint.landmarks_day:
            begin = sample.row(measure, level, position, horizon=f"day {day:g}", time_day=day)
            begin |= sample.sides(position, day)
            begin["n_events"] = begin["n_events_level"] + begin["n_events_reference"]
            begin["n"] = begin["n_level"] + begin["n_reference"]
            rows.append(_difference(sample, begin, position, day))
    return rows


def _difference(sample: Sample, begin: Row, position: int, day: float) -> Row:
    """Each level has the interval of its own curve, which is put together by square-and-add (Zou and Donner 2008)."""
    own, planned = _conf_type(sample)
    method = f"{sample.endpoint.estimator}, difference"
    about = {"variance": sample.endpoint.variance, "conf_type": f"square-and-add of {own}"}
    hindered = [why for k in (position, sample.reference) if (why := _not_followed(sample, k, day)) is not None]
    if hindered:
        return absent(begin | about, method, sample.remark(*hindered))
    mine, other = (_point(sample, k, day, own) for k in (position, sample.reference))
    difference = mine.estimate - other.estimate
    low = difference - math.hypot(mine.estimate - mine.low, other.high - other.estimate)
    high = difference + math.hypot(mine.high - mine.estimate, other.estimate - other.low)
    open_limits = None if math.isfinite(low) and math.isfinite(high) else f"no {own} interval of a level on that day"
    error = math.hypot(mine.std_error, other.std_error)
    few = [_few(sample, k, day) for k in (position, sample.reference)]
    found = {
        "estimate": difference,
        "std_error": error if math.isfinite(error) else None,
        "conf_low": max(-1.0, low) if math.isfinite(low) else None,
        "conf_high": min(1.0, high) if math.isfinite(high) else None,
    }
    return begin | about | found | {"method": method, "reason": sample.remark(planned, open_limits, *few)}


def _conf_type(sample: Sample) -> tuple[str, str | None]:
    """The interval of each level's own curve, as its planned size decides, and why."""
    declared, methods = sample.endpoint.conf_type, sample.spec.methods
    if declared != "by planned group size":
        return declared, None
    if sample.competes:
        return methods.incidence_conf_type, None
    planned = sample.planned_n()
    if planned is None:
        return methods.small_conf_type, "size of the levels not planned"
    below = methods.small_planned_size_below
    small = planned < below
    why = f"smallest group planned with {planned}, {'fewer than' if small else 'at least'} {below}"
    return (methods.small_conf_type if small else methods.large_conf_type), why


def _not_followed(sample: Sample, position: int, day: float) -> str | None:
    """Nobody of the level at risk, or its follow-up ends before the day while somebody is still free of the event."""
    time, name = sample.time[sample.of(position)], sample.levels[position]
    if time.size == 0:
        return f"nobody at risk in {name}"
    last = float(time.max())
    ended = (sample.cause[sample.of(position)][time == last] != 0).all()
    return None if day <= last or ended else f"follow-up of {name} ends on day {last:g}"


def _few(sample: Sample, position: int, day: float) -> str | None:
    at_risk, fewest = int((sample.time[sample.of(position)] >= day).sum()), sample.spec.methods.few_at_risk
    return f"fewer than {fewest} at risk in {sample.levels[position]}" if at_risk < fewest else None


def _point(sample: Sample, position: int, day: float, conf_type: str) -> _Point:
    mine, level = sample.of(position), sample.spec.methods.conf_level
    if not sample.competes:
        curve = kaplan_meier(sample.time[mine], sample.event[mine], conf_level=level, conf_type=conf_type)
        at = curve.at([day])
        return _Point(*map(float, (at.survival[0], at.std_error[0], at.conf_low[0], at.conf_high[0])))
    found = aalen_johansen(
        sample.time[mine],
        sample.cause[mine],
        causes=(EVENT, COMPETING),
        conf_level=level,
        conf_type=conf_type,
        variance=sample.endpoint.variance,
    ).at([day])
    return _Point(*(float(v[0, 0]) for v in (found.incidence, found.std_error, found.conf_low, found.conf_high)))


def restricted_mean_rows(sample: Sample) -> list[Row]:
    """Restricted means from the start of follow-up to the declared day, their difference and ratio; survival only."""
    tau = sample.comparison.endpoints[sample.parameter].restricted_mean_to_day
    if tau is None or sample.comparison.kind != "categorical":
        return []
    rows = [_restricted_mean(sample, position, tau) for position in range(len(sample.levels))]
    for position, level in enumerate(sample.levels):
        if position == sample.reference:
            continue
        begin = sample.row(ContrastMeasure.MEAN_DIFFERENCE, level, position, horizon=f"to day {tau:g}", time_day=tau)
        begin |= sample.sides(position, tau) | {"variance": "Greenwood-type", "conf_type": "Wald"}
        begin["n_events"] = begin["n_events_level"] + begin["n_events_reference"]
        begin["n"] = begin["n_level"] + begin["n_reference"]
        rows += _restricted_means(sample, begin, position, tau)
    return rows


def _restricted_mean(sample: Sample, position: int, tau: float) -> Row:
    """Of one level alone."""
    mine, level = sample.of(position), sample.levels[position]
    row = sample.row(ContrastMeasure.RESTRICTED_MEAN, level, position, horizon=f"to day {tau:g}", time_day=tau)
    events = int((mine & (sample.cause == EVENT) & (sample.time <= tau)).sum())
    row |= {
        "reference": None,
        "variance": "Greenwood-type",
        "conf_type": "Wald",
        "n": int(mine.sum()),
        "n_events": events,
    }
    hindered = _no_mean(sample, position, tau)
    if hindered is not None:
        return absent(row, _RESTRICTED_MEAN, sample.remark(hindered))
    start, conf_level = sample.start_day, sample.spec.methods.conf_level
    mean = kaplan_meier(sample.time[mine] - start, sample.event[mine], conf_level=conf_level).rmst(tau - start)
    if mean.std_error == 0:
        found: Row = {"estimate": mean.estimate, "reason": sample.remark("in days", _without_events(level))}
        return row | found | {"method": _RESTRICTED_MEAN}
    found = {name: getattr(mean, name) for name in ("estimate", "std_error", "conf_low", "conf_high")}
    return row | found | {"method": _RESTRICTED_MEAN, "reason": sample.remark("in days", *_of_means(sample))}


def _without_events(level: str) -> str:
    return f"no event in {level} by then: its standard error is 0, so there is no normal interval"


def _no_mean(sample: Sample, position: int, tau: float) -> str | None:
    """Why there is none of a level."""
    name, time = sample.levels[position], sample.time[sample.of(position)]
    if time.size == 0:
        return f"nobody at risk in {name}"
    if time.max() >= tau:
        return None
    return f"follow-up of {name} ends on day {time.max():g}, before day {tau:g}: nothing is extrapolated"


def _of_means(sample: Sample) -> tuple[str | None, str]:
    start = sample.start_day
    return f"days counted from day {start:g}" if start else None, "normal interval, for large groups"


def _restricted_means(sample: Sample, begin: Row, position: int, tau: float) -> list[Row]:
    ratio = begin | {"measure": ContrastMeasure.MEAN_RATIO, "conf_type": "Wald, log scale"}
    hindered = [why for k in (position, sample.reference) if (why := _no_mean(sample, k, tau)) is not None]
    if hindered:
        return [absent(row, _RESTRICTED_MEAN, sample.remark(*hindered)) for row in (begin, ratio)]
    pair = sample.of(position) | sample.of(sample.reference)
    compared = rmst_difference(
        sample.time[pair] - sample.start_day,
        sample.event[pair],
        sample.level[pair],
        tau=tau - sample.start_day,
        groups=(float(position), float(sample.reference)),
        conf_level=sample.spec.methods.conf_level,
    )
    certain = [
        _without_events(sample.levels[k])
        for k, mean in zip((position, sample.reference), compared.means, strict=True)
        if mean.std_error == 0
    ]
    rows = []
    for row, contrast in ((begin, compared.difference), (ratio, compared.ratio)):
        if contrast.status != RowStatus.ESTIMATED:
            rows.append(absent(row, _RESTRICTED_MEAN, sample.remark(contrast.reason)))
            continue
        if certain:
            reason = sample.remark("in days" if row is begin else None, *certain)
            rows.append(row | {"estimate": contrast.estimate, "method": _RESTRICTED_MEAN, "reason": reason})
            continue
        found: Row = {"estimate": contrast.estimate, "conf_low": contrast.conf_low, "conf_high": contrast.conf_high}
        errors = [mean.std_error / (1 if row is begin else mean.estimate) for mean in compared.means]
        found |= {
            "std_error": math.hypot(*errors),
            "p_value": contrast.p_value if sample.shown else None,
        }
        remark = sample.remark("in days" if row is begin else None, *_of_means(sample))
        rows.append(row | found | {"method": _RESTRICTED_MEAN, "reason": remark})
    return rows
