"""A control data set beside this study: the same endpoints, days since transplant, the same start.

Everybody injected lived to their injection, so a control followed from its transplant would be charged with deaths that
nobody here could have had. Two starts avoid that. Landmark: in both, whoever is at risk after a day since transplant.
Delayed entry: participants here enter the risk set at their injection. While few have entered, one event weighs as much
as all, and the curve never recovers; such an analysis is refused.
"""

from dataclasses import dataclass

import numpy as np
import polars as pl

from immrecon.analyses.contrast_differences import difference_rows
from immrecon.analyses.contrast_ratios import hazard_ratio_rows
from immrecon.analyses.contrast_sample import COMPETING, EVENT, Row, Sample
from immrecon.analyses.external_published import ANALYSIS, HERE, REFERENCE
from immrecon.analyses.outcome_sample import compared, two_levels
from immrecon.analyses.strata import Stratum
from immrecon.analyses.tte import Fit, estimate_at
from immrecon.config.endpoints import Endpoint
from immrecon.config.external import ControlData
from immrecon.config.external_specs import ExternalSpec
from immrecon.errors import SourceError
from immrecon.stats.competing_risks import aalen_johansen
from immrecon.stats.survival import BETA_PRODUCTS, kaplan_meier
from immrecon.vocabulary import (
    CLOCK_DATE,
    CLOCK_DAY,
    POOLED,
    Clock,
    ContrastMeasure,
    Estimator,
    ExternalMeasure,
    RowStatus,
)

BOTH = "both"
_MEASURES = {
    ContrastMeasure.SURVIVAL_DIFFERENCE: ExternalMeasure.SURVIVAL_DIFFERENCE,
    ContrastMeasure.INCIDENCE_DIFFERENCE: ExternalMeasure.INCIDENCE_DIFFERENCE,
    ContrastMeasure.HAZARD_RATIO: ExternalMeasure.HAZARD_RATIO,
    ContrastMeasure.CAUSE_SPECIFIC: ExternalMeasure.CAUSE_SPECIFIC,
}


@dataclass(frozen=True)
class StudyData:
    """ADSL and ADTTE of a study."""

    adsl: pl.DataFrame
    adtte: pl.DataFrame


@dataclass(frozen=True)
class _Comparison:
    """One endpoint of one control in one group. `rows`: ARM, ENTRY and TIME (days since transplant), CNSR."""

    code: str
    order: int
    control: ControlData
    parameter: str
    endpoint: Endpoint
    group: str
    rows: pl.DataFrame
    spec: ExternalSpec

    def common(self) -> Row:
        start = "injection here" if self.control.landmark_day is None else f"day {self.control.landmark_day:g}"
        return {
            "analysis": ANALYSIS,
            "reference": self.code,
            "reference_order": self.order,
            "parameter": self.parameter,
            "population": self.spec.endpoints.first_events[self.endpoint.first_event].population,
            "group": self.group,
            "clock": f"transplant, from {start}",
            "conf_level": self.spec.methods.conf_level,
        }


def control_rows(here: StudyData, controls: dict[str, StudyData], spec: ExternalSpec) -> list[Row]:
    """Rows of EXTERNAL_CONTROL for every control data set, group and endpoint.

    Estimates of either side, differences on the declared days (landmark start only), and the ratio of hazards here over
    those of the control; nothing is adjusted for how the populations differ. Raises SourceError where a control counts
    from another day than is declared.
    """
    if spec.external is None:
        return []
    after = len(spec.external.published)
    rows = []
    for order, (code, control) in enumerate(spec.external.controls.items()):
        for parameter in control.endpoints:
            endpoint = spec.endpoints.endpoints[parameter].model_copy(update={"landmarks_day": control.days})
            _refuse_another_clock(code, control.clock, parameter, controls[code])
            own = spec.endpoints.first_events[endpoint.first_event].origin.clock
            sides = [_side(here, parameter, own, HERE), _side(controls[code], parameter, control.clock, REFERENCE)]
            both = _started(pl.concat(sides), control)
            for group in control.groups:
                members = both if group == POOLED else both.filter(pl.col("GROUP") == group)
                rows += _rows(_Comparison(code, after + order, control, parameter, endpoint, group, members, spec))
    return rows


def _refuse_another_clock(code: str, declared: Clock, parameter: str, study: StudyData) -> None:
    """The control's own day 0 tells which clock its endpoint has; times of another one would be days too long or short.

    Raises SourceError where anybody's is not the declared one. Data without dates cannot be judged.
    """
    rows = study.adtte.filter(pl.col("PARAMCD") == parameter, pl.col("STARTDT").is_not_null())
    dated = rows.join(study.adsl, on="USUBJID", how="inner")
    counted = {clock: dated.filter(pl.col("STARTDT") == pl.col(day)).height for clock, day in CLOCK_DATE.items()}
    others = dated.height - counted[declared]
    if not others:
        return
    fitting = [clock for clock, n in counted.items() if n == dated.height]
    hint = f" Hint: clock: {fitting[0]}." if fitting else ""
    raise SourceError(
        f"external.yaml, controls, {code}: clock: {declared} is declared, but day 0 of {parameter} in that data set is "
        f"another date in {others} of {dated.height} participants.{hint}"
    )


def _side(study: StudyData, parameter: str, clock: Clock, arm: str) -> pl.DataFrame:
    start = study.adsl.select("USUBJID", STARTDY=CLOCK_DAY[clock])
    return (
        study.adtte.filter(pl.col("PARAMCD") == parameter, pl.col("RISKFL") == "Y")
        .join(start, on="USUBJID", how="inner")
        .sort("USUBJID")
        .select(
            "GROUP",
            "DOSELVL",
            "CNSR",
            ARM=pl.lit(arm),
            ENTRY=pl.col("AENTRY") + pl.col("STARTDY"),
            TIME=pl.col("AVAL") + pl.col("STARTDY"),
        )
    )


def _started(rows: pl.DataFrame, control: ControlData) -> pl.DataFrame:
    """Who is at risk from the common start on."""
    if control.landmark_day is None:
        return rows.filter(pl.col("TIME") > pl.col("ENTRY"))
    day = control.landmark_day
    return rows.filter(pl.col("TIME") > day, pl.col("ENTRY") <= day).with_columns(ENTRY=pl.lit(day))


def _rows(comparison: _Comparison) -> list[Row]:
    refused = {arm: _refusal(comparison, arm) for arm in (HERE, REFERENCE)}
    rows = [
        row
        for arm, why in refused.items()
        for row in _estimates(comparison, arm, why)
    ]  # fmt: skip
    hindered = "; ".join(f"{arm}: {why}" for arm, why in refused.items() if why)
    sample = _sample(comparison)
    made = hazard_ratio_rows(sample)
    if comparison.control.landmark_day is not None:
        made = difference_rows(sample) + made
    return rows + [_compared(comparison, row, hindered) for row in made if row["measure"] in _MEASURES]


def _refusal(comparison: _Comparison, arm: str) -> str | None:
    """Too few at the start, or at an event while participants were still to enter."""
    assert comparison.spec.external is not None
    fewest = comparison.spec.external.gates.fewest_at_risk
    rows = comparison.rows.filter(pl.col("ARM") == arm)
    if rows.height < fewest:
        return f"{rows.height} at risk, fewer than {fewest}"
    if comparison.control.landmark_day is not None:
        return None
    entry, time = rows["ENTRY"].to_numpy(), rows["TIME"].to_numpy()
    early = np.unique(time[(rows["CNSR"].to_numpy() != 1) & (time <= entry.max())])
    at_risk = ((entry[:, None] < early) & (early <= time[:, None])).sum(axis=0)
    if (few := at_risk < fewest).any():
        return f"an event on day {early[few][0]:g} with {at_risk[few][0]} at risk, fewer than {fewest}"
    return None


def _estimates(comparison: _Comparison, arm: str, refused: str | None) -> list[Row]:
    fit, entry = _fit(comparison, arm)
    competes = comparison.endpoint.estimator is Estimator.AALEN_JOHANSEN
    rows = []
    for day in comparison.control.days:
        row = comparison.common() | {
            "measure": ExternalMeasure.INCIDENCE if competes else ExternalMeasure.SURVIVAL,
            "source": arm,
            "horizon": f"day {day:g}",
            "time_day": day,
            "method": comparison.endpoint.estimator,
            "variance": comparison.endpoint.variance,
            "conf_type": fit.conf_type,
            "n": int(fit.time.size),
            "n_events": int(((fit.cause == EVENT) & (fit.time <= day)).sum()),
            "n_risk": int(((entry < day) & (fit.time >= day)).sum()),
        }
        found = {"status": RowStatus.NOT_ESTIMABLE, "reason": f"refused: {refused}"}
        rows.append(row | (found if refused else estimate_at(fit, day, comparison.spec.methods, "that day")))
    return rows


def _fit(comparison: _Comparison, arm: str) -> tuple[Fit, np.ndarray]:
    """Curves of one side. The exact interval exists without delayed entry; with it the interval is log-log."""
    rows, endpoint, methods = comparison.rows.filter(pl.col("ARM") == arm), comparison.endpoint, comparison.spec.methods
    time, entry = rows["TIME"].to_numpy(), rows["ENTRY"].to_numpy()
    cause = _causes(rows)
    late = entry if comparison.control.landmark_day is None else None
    stratum = Stratum(comparison.group, POOLED, _planned(comparison) if arm == HERE else None)
    conf_type: str = endpoint.conf_type
    by_size = conf_type == "by planned group size"
    survival = incidence = None
    if endpoint.estimator is Estimator.KAPLAN_MEIER:
        conf_type = stratum.survival_conf_type(methods) if by_size else conf_type
        conf_type = "log-log" if late is not None and conf_type in BETA_PRODUCTS else conf_type
        survival = kaplan_meier(time, cause == EVENT, entry=late, conf_level=methods.conf_level, conf_type=conf_type)
    else:
        conf_type = methods.incidence_conf_type if by_size else conf_type
        incidence = aalen_johansen(
            time, cause, causes=(EVENT, COMPETING), entry=late, conf_level=methods.conf_level, conf_type=conf_type,
            variance=endpoint.variance,
        )  # fmt: skip
    fit = Fit(comparison.parameter, endpoint, stratum, time, cause, 0, None, conf_type, survival, incidence)
    return fit, entry


def _planned(comparison: _Comparison) -> int:
    planned = {group.code: group.planned_n for group in comparison.spec.groups}
    return planned.get(comparison.group, sum(planned.values()))


def _causes(rows: pl.DataFrame) -> np.ndarray:
    return np.array([EVENT, 0, COMPETING])[rows["CNSR"].to_numpy()] if rows.height else np.zeros(0, dtype=int)


def _sample(comparison: _Comparison) -> Sample:
    assert comparison.spec.external is not None
    control, rows = comparison.control, comparison.rows.with_columns(AVAL="TIME")
    levels = [REFERENCE, HERE]
    declared = two_levels(control.label, levels, control.endpoints, [], control.p_values)
    delayed = control.landmark_day is None
    return Sample(
        code=comparison.code,
        order=comparison.order,
        parameter=comparison.parameter,
        endpoint=comparison.endpoint,
        levels=levels,
        level=np.array([levels.index(arm) for arm in rows["ARM"]], dtype=np.float64),
        start_day=control.landmark_day or 0.0,
        n_left_out=0,
        entry=rows["ENTRY"].to_numpy() if delayed else None,
        **compared(comparison.code, declared, rows, comparison.spec.external.gates, comparison.spec),
    )


def _compared(comparison: _Comparison, row: Row, hindered: str) -> Row:
    """A row of a comparison as one of EXTERNAL_CONTROL; without its numbers where a side is refused."""
    kept = ("horizon", "time_day", "method", "variance", "conf_type", "n", "n_events", "status", "reason")
    made = comparison.common() | {name: row.get(name) for name in kept}
    made |= {
        "measure": _MEASURES[ContrastMeasure(row["measure"])],
        "source": BOTH,
        "n_here": row.get("n_level"),
        "n_events_here": row.get("n_events_level"),
    }
    if hindered:
        return made | {"status": RowStatus.NOT_ESTIMABLE, "reason": f"refused: {hindered}"}
    return made | {name: row.get(name) for name in ("estimate", "std_error", "conf_low", "conf_high", "p_value")}
