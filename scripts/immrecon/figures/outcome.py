"""Outcome from a landmark on, by reconstitution at it: the curves of an endpoint, one per status."""

import polars as pl
from matplotlib.figure import Figure

from immrecon.config.display import DisplaySpec, EndpointDisplay
from immrecon.config.outcome_specs import OutcomeDisplay
from immrecon.config.study import Group
from immrecon.exhibits import outcome_figures, outcome_stem
from immrecon.figures.tte import draw_curves
from immrecon.vocabulary import UNKNOWN, LandmarkStatus

_STATUSES = {
    LandmarkStatus.RECONSTITUTED.value: "Reconstituted at the landmark",
    LandmarkStatus.UNCONFIRMED.value: "Reached, not yet confirmed at the landmark",
    LandmarkStatus.NOT_RECONSTITUTED.value: "Not reconstituted at the landmark",
}
_AFTER_THE_GROUPS = 2
"""Colours of the first groups are taken: a status is not a group."""


def draw_reconstitution_outcome(curves: pl.DataFrame, risk_table: pl.DataFrame, spec: DisplaySpec) -> dict[str, Figure]:
    """Every figure of this module by its file stem, from the tables OUTCOME_CURVES and OUTCOME_RISK_TABLE."""
    return {
        outcome_stem(outcome.code, endpoint, day): draw_outcome(curves, risk_table, spec, outcome, endpoint, day)
        for outcome, endpoint, day in outcome_figures(spec)
    }


def draw_outcome(
    curves: pl.DataFrame,
    risk_table: pl.DataFrame,
    spec: DisplaySpec,
    outcome: OutcomeDisplay,
    parameter: str,
    day: float,
) -> Figure:
    """One endpoint from one landmark on; who is of unknown status is counted in words, and not drawn."""
    here = (pl.col("outcome") == outcome.code) & (pl.col("landmark_day") == day)
    drawn, risk = (
        frame.filter(here, pl.col("parameter") == parameter).with_columns(group="category")
        for frame in (curves, risk_table)
    )
    unknown = risk.filter(pl.col("group") == UNKNOWN).sort("time_day").head(1)["n_risk"].sum()
    groups = [
        Group(code=code, label=label, planned_n=1, min_age_years=None, max_age_years=None)
        for code, label in _STATUSES.items()
    ]
    endpoint = next(item for item in spec.endpoints if item.code == parameter)
    of_status = spec.model_copy(
        update={"groups": groups, "endpoints": [_from_landmark(endpoint, outcome, day, int(unknown))]}
    )
    known = risk.filter(pl.col("group") != UNKNOWN)
    return draw_curves(drawn, known, of_status, parameter, styles_from=_AFTER_THE_GROUPS)


def _from_landmark(endpoint: EndpointDisplay, outcome: OutcomeDisplay, day: float, unknown: int) -> EndpointDisplay:
    """The endpoint with its clock at the landmark, and what must be known of the comparison."""
    return endpoint.model_copy(
        update={
            "label": f"{endpoint.label} from day {day:g}, by reconstitution",
            "rule": f"{endpoint.rule}.\nReconstituted: {outcome.rule}.\n{_not_known(unknown)}.\n"
            f"The curves describe, and do not show an effect: {outcome.p_values.reason}",
            "clock_label": f"the landmark (day {day:g} after {outcome.clock_label})",
            "landmark_day": None,
            "figure_last_day": outcome.figure_last_day,
            "figure_tick_day": outcome.figure_tick_day,
            "source": outcome.source,
            "status": "draft" if "draft" in (endpoint.status, outcome.status) else "signed",
        }
    )


def _not_known(unknown: int) -> str:
    return f"Still at risk, status at the landmark not known, not drawn: {unknown}"
