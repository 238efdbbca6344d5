"""A made-up trial: 30 participants, two groups, four dose levels, six endpoints."""

from dataclasses import dataclass
from datetime import date
from random import Random
from typing import Any

from immrecon.config.display import DisplaySpec

GROUPS = {"ADULT": "Adults", "PAED": "Paediatric patients"}
LEVELS = {"DL1": "0.2", "DL2": "0.5", "DL3": "1.0", "DL4": "2.0"}
HOSTILE = "<script>alert(\"x\")</script> & 'q' \u202egpj.exe 🧬 مرحبا"


@dataclass(frozen=True)
class Person:
    group: str
    dose: str
    injected: bool
    events: dict[str, float]
    last_day: float


def people() -> list[Person]:
    random = Random(101)
    made = []
    for number in range(30):
        event = {code: round(random.expovariate(rate)) for code, rate in RATES.items()}
        made.append(
            Person(
                group=list(GROUPS)[number % 2],
                dose=list(LEVELS)[number * 4 // 30],
                injected=number % 13 != 12,
                events=event,
                last_day=round(random.uniform(60, 540)),
            )
        )
    return made


RATES = {"OS": 1 / 2200, "RFS": 1 / 1100, "RELAPSE": 1 / 1800, "NRM": 1 / 4000, "AGVHD34": 1 / 1500, "CD4IR": 1 / 110}
DAYS = {"OS": [180, 365], "RFS": [180, 365], "RELAPSE": [365], "NRM": [100, 365], "AGVHD34": [100], "CD4IR": [60, 100]}
NAMES = {
    "OS": "Overall survival",
    "RFS": "Relapse-free survival",
    "RELAPSE": "Relapse",
    "NRM": "Non-relapse mortality",
    "AGVHD34": "Acute GvHD grade III-IV",
    "CD4IR": "CD4 reconstitution",
}
TOPICS = {"OS": "efficacy", "RFS": "efficacy", "RELAPSE": "efficacy", "CD4IR": "recovery"} | dict.fromkeys(
    ("NRM", "AGVHD34"), "safety"
)
EVENTS = {
    "OS": (["death"], []),
    "RFS": (["relapse", "non relapse death"], []),
    "RELAPSE": (["relapse"], ["non relapse death"]),
    "NRM": (["non relapse death"], ["relapse"]),
    "AGVHD34": (["acute gvhd grade 3 4"], ["relapse", "death"]),
    "CD4IR": (["cd4 reconstitution"], ["relapse", "death"]),
}
CD4_RULE = (
    "CD4 > 50/uL on two consecutive samples, the confirming one at least 14 days after the first; first sample on days "
    "0 to 100 after transplant, confirming sample possibly later; dated by the first sample"
)


CD4_ANALYTE = {
    "code": "CD4",
    "label": "CD4+ T cells",
    "unit": "/uL",
    "summarised": True,
    "drawn": True,
    "axis_floor": 1.0,
}


def make_spec(**changes: Any) -> DisplaySpec:
    content = {
        "study": "smart101",
        "title": "SMART101 after T-cell-depleted transplantation",
        "session": "CLOSED SESSION",
        "data_cut": "2024-06-30",
        "cutoff_date": date(2024, 6, 30),
        "extract_date": date(2024, 7, 8),
        "compared_with": "2023-12-31",
        "groups": [
            {"code": code, "label": label, "planned_n": 18, "min_age_years": None, "max_age_years": None}
            for code, label in GROUPS.items()
        ],
        "dose_levels": [{"code": code, "label": f"{label} ×10⁶/kg"} for code, label in LEVELS.items()],
        "analytes": [
            {"code": code, "label": label, "unit": "/uL", "summarised": summarised, "drawn": summarised, "axis_floor": 1.0}
            for code, label, summarised in (
                ("CD3", "CD3+ T cells", True),
                ("CD4", "CD4+ T cells", True),
                ("CD19", "CD19+ B cells", False),
            )
        ],
        "visits": {
            "tie": "earlier",
            "windows": [
                {"code": f"D{day}", "label": f"Day {day}", "target_day": day, "first_day": day - 7, "last_day": day + 7}
                for day in (30, 60, 100, 180)
            ],
        },
        "thresholds": [
            {"analyte": "CD4", "operator": ">", "value_per_ul": 50},
            {"analyte": "CD4", "operator": ">=", "value_per_ul": 200},
            {"analyte": "CD3", "operator": ">", "value_per_ul": 100},
        ],
        "clocks": {"transplant": "transplant", "injection": "SMART101 injection"},
        "endpoints": [endpoint(code) for code in NAMES],
        "definition_grid": {
            "day": 100, "clock_label": "transplant", "landmark_day": 10, "population": "injected",
            "reference": "TWICE", "competing_labels": {"TWICE": ["death"], "ONCE": ["death"]}, "unsigned": ["TWICE", "ONCE"],
        },
        "recurrent_events": [
            {
                "code": "INFECTIONS", "label": "Infections", "rule": "infection", "terminal_labels": ["death"],
                "clock_label": "SMART101 injection", "landmark_day": None, "population": "injected",
                "topic": "infection", "figure": True, "figure_last_day": 360, "figure_tick_day": 60,
                "source": "<i>a source</i>", "status": "draft",
            }
        ],
        "multistate": [
            {
                "code": "COURSE", "label": "Course <of> events", "clock_label": "SMART101 injection", "landmark_day": None,
                "states": [
                    {"code": "OK", "label": "Event-free", "rule": ""}, {"code": "DEAD", "label": "Dead", "rule": "death"},
                ],
                "censoring": "at the last survival assessment, on or before the cut-off", "population": "injected",
                "topic": "efficacy", "figure_last_day": 360, "figure_tick_day": 60, "source": "<b>a source</b>",
                "status": "draft",
            }
        ],
        "trajectory": {
            "analytes": ["CD4"], "participant_pages": ["CD4"], "first_day": 11, "last_day": 395, "knots_day": [30, 90],
            "boundary_day": [14, 365], "days": [30, 365], "ends_at": ["relapse"], "markers": ["RELAPSE"],
            "random_slope_tried": True, "reference_group": "ADULT", "p_values_shown": False,
            "p_values_reason": "not <randomised>", "source": "<b>a plan</b>", "status": "draft",
        },
        "kinetics": {
            "analytes": ["CD4", "CD3"],
            "below_limit": {"factor": 0.5, "sensitivity_factor": None},
            "area": {"to_days": [100], "start_value": 0, "carry_days": 14, "fewest_samples": 3},
            "slope": {"first_day": 28, "last_day": 100, "fewest_samples": 3},
            "maximum": None,
            "growth": {
                "analytes": ["CD4"], "models": ["logistic"], "to_day": 395, "last_at_least_day": None,
                "fewest_values": 5,
            },
            "comparison": {
                "reference": "ADULT", "visits": [], "n_resamples": 99, "seed": 1,
                "worst_ranks": {"DEATH": {"label": "deaths lowest", "occurrences": ["death"]}},
                "p_values": {"shown": True, "reason": "exploratory"},
            },
        },
        "age_limits": {"analytes": [CD4_ANALYTE], "unsigned": True, "sent": True},
        "sae_reconciled": True,
        "ongoing_at_cutoff": [{"domain": "AE", "codes": None}, {"domain": "CM", "codes": None}],
        "safety": {
            "population": "injected",
            "emergent_from_clock": "injection",
            "emergent_last_day": 365,
            "grade_at_least": [3, 4],
        },
        "conf_level": 0.95,
        "recovery_population": "injected",
        "timelines_population": "transplanted",
        "png_per_inch": 100,
    }  # fmt: skip
    return DisplaySpec.model_validate(content | changes)


def endpoint(code: str, **changes: Any) -> dict[str, Any]:
    survival = code in ("OS", "RFS")
    clock = "transplant" if code == "CD4IR" else "injection"
    events, competing = EVENTS[code]
    return {
        "code": code,
        "label": NAMES[code],
        "clock": clock,
        "clock_label": "transplant" if clock == "transplant" else "SMART101 injection",
        "landmark_day": 10 if code == "CD4IR" else None,
        "population": "injected",
        "estimator": "kaplan-meier" if survival else "aalen-johansen",
        "rule": CD4_RULE if code == "CD4IR" else "; ".join(events),
        "event_labels": events,
        "competing_labels": competing,
        "censoring": "at the last assessment",
        "source": "Protocol version 3, section 8" if survival else "Draft statistical analysis plan",
        "status": "signed" if survival else "draft",
        "display": "survival" if survival else "incidence",
        "topic": TOPICS[code],
        "figure": True,
        "figure_last_day": 540,
        "figure_tick_day": 90,
    } | changes
