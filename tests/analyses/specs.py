"""What the analyses are parameterised by: two groups, two dose levels, a day-14 and a day-28 visit, four endpoints."""

from typing import Any

from immrecon.config.contrast_specs import ContrastSpec
from immrecon.config.specs import DispositionSpec, KineticSpec, RecoverySpec, SafetySpec, TteSpec

from .rows import CUTOFF, Row

GROUPS = [
    {"code": "A", "label": "Adults", "planned_n": 20, "min_age_years": 18, "max_age_years": None},
    {"code": "B", "label": "Children", "planned_n": 16, "min_age_years": None, "max_age_years": 18},
]
DOSES = [{"code": code, "label": code} for code in ("DL1", "DL2")]
METHODS = {
    "conf_level": 0.95,
    "small_planned_size_below": 50,
    "small_conf_type": "beta-product",
    "large_conf_type": "log-log",
    "incidence_conf_type": "log-log",
    "few_at_risk": 1,
}
STRATA = {
    ("A", "all"), ("B", "all"), ("all", "all"), ("all", "DL1"), ("A", "DL1"), ("B", "DL1"), ("all", "DL2"),
    ("A", "DL2"), ("B", "DL2"),
}  # fmt: skip
"""Every group and dose level a result is given for."""

CD4_RULE = {
    "domain": "LB", "analyte": "CD4", "operator": ">", "value_per_ul": 50, "confirmations": 2,
    "min_spacing_day": 14, "window": {"clock": "transplant", "first_day": 0, "last_day": 100},
    "confirm_within_window": False, "event_date": "first", "samples_end_at": ["relapse"],
}  # fmt: skip


def variable(causes: list[str], **more: Any) -> Row:
    return {
        "population": "injected",
        "origin": {"clock": "injection", "landmark_day": None},
        "causes": causes,
        "follow_up": [{"domain": "FA", "code": "SURVIVAL"}],
        "horizon_day": None,
    } | more


def endpoint(first_event: str, events: list[str], estimator: str, **more: Any) -> Row:
    return {
        "label": f"label of {'+'.join(events)}", "first_event": first_event, "events": events, "estimator": estimator,
        "conf_type": "by planned group size",
        "variance": "greenwood" if estimator == "kaplan-meier" else "infinitesimal-jackknife",
        "landmarks_day": [5, 15, 25, 100], "topic": "safety", "figure": True, "figure_last_day": 60, "figure_tick_day": 20, "display": "incidence",
        "source": "by hand", "status": "draft",
    } | more  # fmt: skip


OCCURRENCES: Row = {
    "death": {"domain": "CE", "terms": ["DEATH"], "min_grade": None},
    "relapse": {"domain": "CE", "terms": ["RELAPSE"], "min_grade": None},
    "cd4": CD4_RULE,
}
ENDPOINTS: Row = {
    "occurrences": OCCURRENCES,
    "first_events": {"death": variable(["death"]), "relapse_or_death": variable(["relapse", "death"])},
    "endpoints": {
        "OS": endpoint("death", ["death"], "kaplan-meier"),
        "RFS": endpoint("relapse_or_death", ["relapse", "death"], "kaplan-meier"),
        "RELAPSE": endpoint("relapse_or_death", ["relapse"], "aalen-johansen"),
        "NRM": endpoint("relapse_or_death", ["death"], "aalen-johansen"),
    },
    "definition_grid": None,
    "recurrent_events": {},
}
VISITS = {
    "tie": "earlier",
    "windows": [
        {"code": "D14", "label": "Day 14", "target_day": 14, "first_day": 11, "last_day": 17},
        {"code": "D28", "label": "Day 28", "target_day": 28, "first_day": 23, "last_day": 34},
    ],
}
ANALYTES = [
    {"code": code, "label": code, "unit": "/uL", "summarised": code != "NK", "drawn": code != "NK", "axis_floor": 0.5}
    for code in ("CD3", "CD4", "NK")
]
THRESHOLDS = [
    {"analyte": "CD4", "operator": operator, "value_per_ul": value} for operator, value in ((">", 50), (">=", 50))
]


def disposition_spec(**changes: Any) -> DispositionSpec:
    content: Row = {
        "cutoff_date": CUTOFF, "groups": GROUPS, "dose_levels": DOSES, "accrual_plan": [], "baseline": [],
        "timelines": {"population": "transplanted", "markers": []}, "endpoints": ENDPOINTS,
        "evaluable": {"of": "injected", "analyte": "CD4", "min_samples": 1},
    }  # fmt: skip
    return DispositionSpec.model_validate(content | changes)


def recovery_spec(**changes: Any) -> RecoverySpec:
    content: Row = {
        "groups": GROUPS, "dose_levels": DOSES, "analytes": ANALYTES, "visits": VISITS, "thresholds": THRESHOLDS,
        "methods": METHODS, "endpoints": ENDPOINTS, "population": "injected", "cutoff_date": CUTOFF,
    }  # fmt: skip
    return RecoverySpec.model_validate(content | changes)


def tte_spec(**changes: Any) -> TteSpec:
    content: Row = {"groups": GROUPS, "dose_levels": DOSES, "methods": METHODS, "endpoints": ENDPOINTS}
    return TteSpec.model_validate(content | changes)


def one_endpoint(code: str, estimator: str, **more: Any) -> TteSpec:
    """The time-to-event specification with one endpoint, in the pooled stratum and the groups only."""
    variable_of = {"OS": "death"}.get(code, "relapse_or_death")
    events = {"OS": ["death"], "RFS": ["relapse", "death"], "RELAPSE": ["relapse"], "NRM": ["death"]}[code]
    declared = ENDPOINTS | {"endpoints": {code: endpoint(variable_of, events, estimator, **more)}}
    return tte_spec(endpoints=declared, dose_levels=[])


GATES = {
    "exact_tests_below_planned_n": 0, "firth_below_planned_events": 10, "fine_gray_from_planned_events": 10,
    "fewest_events": 1, "n_resamples": 999, "seed": 7,
}  # fmt: skip
SHOWN = {"shown": True, "reason": "to be tested"}


def comparison(planned_events: int = 100, *parameters: str, **changes: Any) -> Row:
    """Group B against A of the endpoints (all), with p-values."""
    chosen = parameters or ("OS", "RFS", "RELAPSE", "NRM")
    return {
        "label": "B against A", "factor": "group", "kind": "categorical", "levels": [], "reference": "A",
        "per_units": None, "stratified_by": [], "p_values": SHOWN,
        "endpoints": {code: {"planned_events": planned_events, "restricted_mean_to_day": None} for code in chosen},
    } | changes  # fmt: skip


def contrast_spec(
    comparisons: dict[str, Row], references: dict[str, Row] | None = None, gates: Row | None = None, **changes: Any
) -> ContrastSpec:
    declared = {"gates": GATES | (gates or {}), "comparisons": comparisons, "references": references or {}}
    age = {"code": "AGE", "label": "Age", "kind": "numeric", "unit": "years", "known_at": "enrolment"}
    sex = {"code": "SEX", "label": "Sex", "kind": "categorical", "unit": "", "known_at": "enrolment"}
    content: Row = {
        "groups": GROUPS, "dose_levels": DOSES, "baseline": [age, sex], "methods": METHODS, "endpoints": ENDPOINTS,
        "comparisons": declared,
    }  # fmt: skip
    return ContrastSpec.model_validate(content | changes)


def safety_spec(**changes: Any) -> SafetySpec:
    safety = {
        "population": "injected", "emergent_from_clock": "injection", "emergent_last_day": None,
        "grade_at_least": [3],
    }  # fmt: skip
    content: Row = {
        "groups": GROUPS,
        "dose_levels": DOSES,
        "methods": METHODS,
        "safety": safety,
        "sae_reconciled": True,
        "ongoing_at_cutoff": [{"domain": "AE", "codes": None}],
        "cutoff_date": CUTOFF,
    }
    return SafetySpec.model_validate(content | changes)


KINETICS: Row = {
    "analytes": ["CD4"],
    "below_limit": {"factor": 0.5, "sensitivity_factor": 1.0},
    "area": {"to_days": [100], "start_value": 0, "carry_days": 14, "fewest_samples": 2},
    "slope": {"first_day": 28, "last_day": 180, "fewest_samples": 3},
    "maximum": {"to_day": 100},
    "growth": None,
    "comparison": {
        "reference": "A", "visits": ["D28"], "n_resamples": 999, "seed": 1, "p_values": SHOWN,
        "worst_ranks": {
            "DEATH": {"label": "deaths lowest", "occurrences": ["death"]},
            "BOTH": {"label": "deaths and relapses lowest", "occurrences": ["death", "relapse"]},
        },
    },
}  # fmt: skip


def kinetic_spec(**changes: Any) -> KineticSpec:
    content: Row = {
        "groups": GROUPS, "dose_levels": DOSES, "analytes": ANALYTES, "visits": VISITS, "methods": METHODS,
        "population": "injected", "cutoff_date": CUTOFF, "kinetics": KINETICS,
    }  # fmt: skip
    return KineticSpec.model_validate(content | changes)
