"""What a study's configuration says about its displays: two groups of 18, seven endpoints, three analytes."""

from datetime import date
from typing import Any

from immrecon.config.display import DisplaySpec, EndpointDisplay
from immrecon.config.study import Analyte, ClockLabels, DoseLevel, Group, Safety, Threshold, Visit, Visits
from immrecon.vocabulary import Clock, Estimator, Population

LAST_DAY = 730
VISIT_DAYS = [14, 28, 42, 60, 100, 180, 270, 365, 540, 730]


def make_spec(**changes: Any) -> DisplaySpec:
    fields: dict[str, Any] = {
        "study": "smart101-demo",
        "title": "SMART101 after T-cell-depleted allogeneic HSCT (synthetic demonstration)",
        "session": "CLOSED SESSION",
        "data_cut": "2025-06",
        "cutoff_date": date(2025, 6, 15),
        "extract_date": date(2025, 6, 30),
        "compared_with": None,
        "groups": [
            Group(code="A", label="Adults", planned_n=18, min_age_years=18, max_age_years=None),
            Group(code="B", label="Paediatric", planned_n=18, min_age_years=None, max_age_years=18),
        ],
        "dose_levels": [
            DoseLevel(code="DL1", label="0.1 x 10^6 cells/kg"),
            DoseLevel(code="DL2", label="0.3 x 10^6 cells/kg"),
            DoseLevel(code="DL3", label="1.0 x 10^6 cells/kg"),
        ],
        "analytes": [
            Analyte(code="CD3", label="CD3+ T cells", unit="/uL", summarised=True, drawn=True, axis_floor=0.5),
            Analyte(code="CD4", label="CD4+ T cells", unit="/uL", summarised=True, drawn=True, axis_floor=0.5),
            Analyte(code="CD19", label="B cells", unit="/uL", summarised=True, drawn=True, axis_floor=0.5),
            Analyte(code="WBC", label="White cells", unit="10^9/L", summarised=False, drawn=False, axis_floor=0.01),
        ],
        "visits": Visits(
            tie="earlier",
            windows=[
                Visit(code=f"D{d}", label=f"Day {d}", target_day=d, first_day=d - 6, last_day=d + 6) for d in VISIT_DAYS
            ],
        ),
        "thresholds": [
            Threshold(analyte="CD4", operator=">", value_per_ul=50),
            Threshold(analyte="CD4", operator=">", value_per_ul=200),
            Threshold(analyte="CD3", operator=">=", value_per_ul=100),
        ],
        "clocks": ClockLabels(transplant="transplant", injection="SMART101 injection"),
        "endpoints": [
            make_endpoint("OS", "Overall survival", "death", [], display="survival", status="signed"),
            make_endpoint("RFS", "Relapse-free survival", "relapse; death", [], display="survival"),
            make_endpoint("NRM", "Non-relapse mortality", "death", ["relapse"]),
            make_endpoint("RELAPSE", "Relapse", "relapse", ["death"]),
            make_endpoint(
                "AGVHD34", "Acute GvHD grade III-IV", "acute gvhd 3 4", ["relapse", "death"], figure_last_day=180,
                figure_tick_day=30, clock=Clock.TRANSPLANT, clock_label="transplant", landmark_day=10,
            ),
            make_endpoint(
                "CD4IR", "CD4 reconstitution",
                "CD4 > 50/uL on two consecutive samples, the confirming one at least 14 days after the first; first "
                "sample on days 0 to 100 after transplant, confirming sample possibly later; dated by the first "
                "sample; no samples from the day of relapse, dli, second hsct on",
                ["relapse", "death", "second hsct", "dli"], figure_last_day=120, figure_tick_day=20,
                clock=Clock.TRANSPLANT, clock_label="transplant", landmark_day=10,
            ),
            make_endpoint("CGVHD", "Chronic GvHD, moderate or severe", "chronic gvhd", ["relapse", "death"]),
        ],
        "definition_grid": None,
        "recurrent_events": [],
        "sae_reconciled": False,
        "ongoing_at_cutoff": [],
        "safety": Safety(
            population=Population.INJECTED, emergent_from_clock="injection", emergent_last_day=None, grade_at_least=[3]
        ),
        "conf_level": 0.95,
        "recovery_population": Population.INJECTED,
        "timelines_population": Population.TRANSPLANTED,
        "png_per_inch": 100,
    }  # fmt: skip
    return DisplaySpec(**(fields | changes))


def make_endpoint(code: str, label: str, rule: str, competing: list[str], **changes: Any) -> EndpointDisplay:
    fields: dict[str, Any] = {
        "code": code,
        "censoring": "at the last assessment",
        "label": label,
        "clock": Clock.INJECTION,
        "clock_label": "SMART101 injection",
        "landmark_day": None,
        "population": Population.INJECTED,
        "estimator": Estimator.AALEN_JOHANSEN if competing else Estimator.KAPLAN_MEIER,
        "rule": rule,
        "event_labels": rule.split("; ") if len(rule) < 40 else ["cd4 reconstitution"],
        "competing_labels": competing,
        "source": "draft of the statistical analysis plan",
        "status": "draft",
        "display": "incidence",
        "topic": "safety",
        "figure": True,
        "figure_last_day": LAST_DAY,
        "figure_tick_day": 90,
    }
    return EndpointDisplay(**(fields | changes))
