"""Result tables of outcome by reconstitution: curves from landmarks on, estimates, and ratios of hazards."""

from immrecon.contracts.base import number, text
from immrecon.contracts.results.contrasts import Contrasts
from immrecon.contracts.results.inference import Stratum, result_table
from immrecon.contracts.results.tte import Curves, Landmarks, RiskTable


class _AtLandmark(Stratum):
    outcome = text("analysis of outcome of the configuration", primary_key=True)
    landmark_day = number("landmark, days since transplant", "day", nullable=False, primary_key=True)
    category = text("status at the landmark, or that it is not known", primary_key=True)


class OutcomeCurves(_AtLandmark, Curves):
    pass


class OutcomeRiskTable(_AtLandmark, RiskTable):
    pass


class OutcomeEstimates(_AtLandmark, Landmarks):
    pass


class OutcomeContrasts(Contrasts):
    pass


OUTCOME_CURVES = result_table(
    "outcome_curves", "One row per step of a curve from a landmark on; `time_day` counts from the landmark.",
    OutcomeCurves,
)  # fmt: skip
OUTCOME_RISK_TABLE = result_table(
    "outcome_risk_table", "One row per tick of the time axis of a curve from a landmark on.", OutcomeRiskTable
)
OUTCOME_ESTIMATES = result_table(
    "outcome_estimates",
    "One row per analysis, endpoint, landmark, status at it, group and day after the landmark (`time_day`).",
    OutcomeEstimates,
)
OUTCOME_CONTRASTS = result_table(
    "outcome_contrasts", "One row per analysis, endpoint, landmark (`horizon`) and measure.", OutcomeContrasts
)
