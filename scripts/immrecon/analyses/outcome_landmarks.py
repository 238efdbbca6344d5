"""Outcome from a landmark on, by whether a reconstitution rule was met at it.

Who is at risk: alive, followed and free of the endpoint's events after the landmark. Time counts from the landmark. The
status is ADLM's, which knows nothing later than the landmark, so that nobody is immortal in the time that it took to
reconstitute. Whoever had reached the threshold without confirmation yet is a category with estimates of its own, and in
the ratio of hazards only if the configuration says as what. Participants whose status is not known are a category that
is counted, and in no estimate.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import polars as pl

from immrecon.analyses.contrast_ratios import hazard_ratio_rows
from immrecon.analyses.contrast_sample import Row, Sample
from immrecon.analyses.outcome_sample import compared, two_levels
from immrecon.analyses.strata import Stratum
from immrecon.analyses.tte import Fit, curve_rows, fit_endpoint, landmark_rows, risk_rows
from immrecon.config.endpoints import Endpoint
from immrecon.config.outcome_specs import OutcomeSpec
from immrecon.config.outcomes import LandmarkOutcome
from immrecon.config.specs import TteSpec
from immrecon.vocabulary import CLOCK_DAY, LANDMARK_CATEGORIES, POOLED, UNKNOWN, LandmarkStatus, RowStatus

ANALYSIS = "estimate_reconstitution_outcome"
MET, NOT_MET = LandmarkStatus.RECONSTITUTED.value, LandmarkStatus.NOT_RECONSTITUTED.value
WAITING = LandmarkStatus.UNCONFIRMED.value
CATEGORIES = tuple(dict.fromkeys(LANDMARK_CATEGORIES.values()))
_LEFT_OUT = "the status at the landmark is not known: counted, not analysed"


@dataclass(frozen=True)
class AtLandmark:
    """One endpoint of one analysis at one landmark. `rows` are like ADTTE with time from the landmark, and CATEGORY."""

    code: str
    landmark: LandmarkOutcome
    day: float
    parameter: str
    endpoint: Endpoint
    rows: pl.DataFrame

    def key(self) -> Row:
        return {"outcome": self.code, "landmark_day": self.day}


def at_landmarks(
    adtte: pl.DataFrame, adlm: pl.DataFrame, adsl: pl.DataFrame, spec: OutcomeSpec
) -> Iterator[AtLandmark]:
    """Every endpoint of every analysis at every landmark."""
    if spec.outcomes is None:
        return
    for code, landmark in spec.outcomes.landmarks.items():
        for parameter in landmark.endpoints:
            endpoint = spec.endpoints.endpoints[parameter].model_copy(
                update={
                    "landmarks_day": landmark.days_after,
                    "figure_last_day": landmark.figure_last_day,
                    "figure_tick_day": landmark.figure_tick_day,
                }
            )
            for day in landmark.landmarks_day:
                statuses = adlm.filter(pl.col("OUTCOME") == code, pl.col("LMDY") == day)
                rows = _from_landmark(adtte, statuses, adsl, parameter, landmark, day, spec)
                yield AtLandmark(code, landmark, day, parameter, endpoint, rows)


def _from_landmark(
    adtte: pl.DataFrame,
    statuses: pl.DataFrame,
    adsl: pl.DataFrame,
    parameter: str,
    landmark: LandmarkOutcome,
    day: float,
    spec: OutcomeSpec,
) -> pl.DataFrame:
    """ADTTE rows of the endpoint with AVAL from the landmark on, RISKFL at it, STATUS and its CATEGORY."""
    clock = spec.endpoints.first_events[spec.endpoints.endpoints[parameter].first_event].origin.clock
    start = adsl.select("USUBJID", STARTDY=CLOCK_DAY[clock])
    followed = (pl.col("RISKFL") == "Y") & (pl.col("AENTRY") + pl.col("STARTDY") <= day)
    return (
        adtte.filter(pl.col("PARAMCD") == parameter)
        .join(start, on="USUBJID", how="left")
        .join(statuses.select("USUBJID", "STATUS"), on="USUBJID", how="left")
        .with_columns(AVAL=pl.col("AVAL") + pl.col("STARTDY") - day)
        .with_columns(
            AENTRY=pl.lit(0.0),
            RISKFL=pl.when((followed & (pl.col("AVAL") > 0)).fill_null(False)).then(pl.lit("Y")).otherwise(pl.lit("N")),
            CATEGORY=pl.col("STATUS").replace_strict(LANDMARK_CATEGORIES, default=UNKNOWN, return_dtype=pl.String),
        )
        .sort("USUBJID")
    )


def curve_tables(at: AtLandmark, spec: OutcomeSpec) -> tuple[list[Row], list[Row]]:
    """Rows of OUTCOME_CURVES and OUTCOME_RISK_TABLE over all groups: each category, and numbers of unknown status."""
    curves, risk = [], []
    for category in CATEGORIES:
        fit, plain = _fit(at, at.rows, category, spec)
        more = at.key() | {"category": category, "group": POOLED, "dose_level": POOLED}
        if category != UNKNOWN:
            curves += [row | more | {"analysis": ANALYSIS} for row in curve_rows(fit, plain)]
        risk += [row | more for row in risk_rows(fit)]
    return curves, risk


def estimate_rows(at: AtLandmark, spec: OutcomeSpec) -> list[Row]:
    """Rows of OUTCOME_ESTIMATES: each category in each group and in all, and how many are of unknown status."""
    found = []
    for group in (*(group.code for group in spec.groups), POOLED):
        members = at.rows if group == POOLED else at.rows.filter(pl.col("GROUP") == group)
        for category in CATEGORIES:
            fit, plain = _fit(at, members, category, spec)
            more = at.key() | {
                "category": category,
                "group": group,
                "analysis": ANALYSIS,
                "clock": f"landmark, day {at.day:g} after transplant",
            }
            if category == UNKNOWN:
                nothing = dict.fromkeys(("estimate", "std_error", "conf_low", "conf_high"))
                reason = _LEFT_OUT + _why_unknown(members)
                more |= nothing | {"status": RowStatus.NOT_ESTIMABLE, "reason": reason}
            found += [row | more for row in landmark_rows(fit, plain, "that day")]
    return found


def _why_unknown(members: pl.DataFrame) -> str:
    """How many at risk are of unknown status for which reason, in brackets; nothing without any."""
    why = members.filter(pl.col("RISKFL") == "Y", pl.col("CATEGORY") == UNKNOWN)["STATUS"]
    counts = why.fill_null(LandmarkStatus.NO_SAMPLE.value).value_counts().sort("STATUS").iter_rows()
    parts = [f"{n} {status.removeprefix('not known: ')}" for status, n in counts]
    return f" ({', '.join(parts)})" if parts else ""


def _fit(at: AtLandmark, members: pl.DataFrame, category: str, spec: OutcomeSpec) -> tuple[Fit, TteSpec]:
    """A status as a stratum. Its size is not planned, so its interval is the one for small groups, whatever is seen."""
    of_status = members.with_columns(GROUP="CATEGORY")
    plain = TteSpec(groups=spec.groups, dose_levels=[], methods=spec.methods, endpoints=spec.endpoints)
    return fit_endpoint(of_status, at.parameter, at.endpoint, Stratum(category, POOLED, None), plain), plain


def ratio_rows(at: AtLandmark, order: int, spec: OutcomeSpec) -> list[Row]:
    """Rows of OUTCOME_CONTRASTS: reconstituted against not, and the test of proportional hazards beside it.

    Who is of neither category is left out, and the reason says how many of which.
    """
    assert spec.outcomes is not None
    own = at.landmark
    at_risk = at.rows.filter(pl.col("RISKFL") == "Y")
    if own.unconfirmed_compared_as == "not reconstituted":
        at_risk = at_risk.with_columns(CATEGORY=pl.col("CATEGORY").replace({WAITING: NOT_MET}))
    levels = [NOT_MET, MET]
    placed = at_risk.filter(pl.col("CATEGORY").is_in(levels))
    others = at_risk.filter(~pl.col("CATEGORY").is_in(levels))["CATEGORY"].value_counts().sort("CATEGORY").iter_rows()
    comparison = two_levels(own.label, levels, own.endpoints, own.stratified_by, own.p_values)
    sample = Sample(
        code=at.code,
        order=order,
        parameter=at.parameter,
        endpoint=at.endpoint,
        levels=levels,
        level=np.array([levels.index(name) for name in placed["CATEGORY"]], dtype=np.float64),
        start_day=0.0,
        n_left_out=at_risk.height - placed.height,
        left_out=f"at risk left out ({', '.join(f'{n} {category}' for category, n in others)})",
        **compared(at.code, comparison, placed, spec.outcomes.gates, spec),
    )
    fewest = spec.outcomes.gates.fewest_at_risk
    horizon = {"horizon": f"from day {at.day:g}", "time_day": at.day, "analysis": ANALYSIS}
    return [row | horizon | {"factor": at.landmark.rule} for row in hazard_ratio_rows(sample, fewest)]
