"""A small study in the words of the configuration, and ways to change one part of it."""

import copy
from typing import Any

from immrecon.config.specs import DeriveSpec

from .records import CUTOFF, Row

CD4_RULE: Row = {
    "domain": "LB",
    "analyte": "CD4",
    "operator": ">",
    "value_per_ul": 50,
    "confirmations": 2,
    "min_spacing_day": 14,
    "window": {"clock": "transplant", "first_day": 0, "last_day": 100},
    "confirm_within_window": False,
    "event_date": "first",
    "samples_end_at": ["relapse", "dli"],
}

OCCURRENCES: Row = {
    "death": {"domain": "CE", "terms": ["DEATH"], "min_grade": None},
    "relapse": {"domain": "CE", "terms": ["RELAPSE"], "min_grade": None},
    "graft_failure": {"domain": "CE", "terms": ["GRAFT_FAILURE"], "min_grade": None},
    "cmv": {"domain": "CE", "terms": ["CMV"], "min_grade": None},
    "severe_infection": {"domain": "CE", "terms": ["INFECTION"], "min_grade": 3},
    "dli": {"domain": "CM", "categories": ["DLI"]},
    "gvhd34": {"domain": "FA", "category": "ACUTE_GVHD", "test": "GRADE", "at_least": 3},
    "cd4": CD4_RULE,
}


def variable(causes: list[str], follow_up: str, clock: str = "injection", **more: Any) -> Row:
    """A first-event variable of the injected; `follow_up` is an FA category, or CD4."""
    domain = "LB" if follow_up == "CD4" else "FA"
    return {
        "population": "injected",
        "origin": {"clock": clock, "landmark_day": None},
        "causes": causes,
        "follow_up": [{"domain": domain, "code": follow_up}],
        "horizon_day": None,
    } | more


def endpoint(first_event: str, events: list[str], estimator: str) -> Row:
    return {
        "label": first_event, "first_event": first_event, "events": events, "estimator": estimator,
        "conf_type": "by planned group size",
        "variance": "greenwood" if estimator == "kaplan-meier" else "infinitesimal-jackknife",
        "landmarks_day": [100], "topic": "safety", "figure": True, "figure_last_day": 180, "figure_tick_day": 30,
        "display": "incidence",
        "source": "by hand", "status": "draft",
    }  # fmt: skip


FIRST_EVENTS: Row = {
    "death": variable(["death"], "SURVIVAL"),
    "relapse_or_death": variable(["relapse", "death"], "DISEASE"),
    "gvhd": variable(["gvhd34", "relapse", "death"], "ACUTE_GVHD", horizon_day=90),
    "cmv": variable(["cmv", "death"], "SURVIVAL"),
    "cd4": variable(["relapse", "death", "dli", "cd4"], "CD4", clock="transplant", horizon_day=100),
}

ENDPOINTS: Row = {
    "OS": endpoint("death", ["death"], "kaplan-meier"),
    "RFS": endpoint("relapse_or_death", ["relapse", "death"], "kaplan-meier"),
    "RELAPSE": endpoint("relapse_or_death", ["relapse"], "aalen-johansen"),
    "NRM": endpoint("relapse_or_death", ["death"], "aalen-johansen"),
    "GVHD": endpoint("gvhd", ["gvhd34"], "aalen-johansen"),
    "CMV": endpoint("cmv", ["cmv"], "aalen-johansen"),
    "CD4IR": endpoint("cd4", ["cd4"], "aalen-johansen"),
}

SPEC: Row = {
    "cutoff_date": CUTOFF,
    "evaluable": {"of": "injected", "analyte": "CD4", "min_samples": 1},
    "visits": {
        "tie": "earlier",
        "windows": [
            {"code": "D14", "label": "Day 14", "target_day": 14, "first_day": 11, "last_day": 17},
            {"code": "D28", "label": "Day 28", "target_day": 28, "first_day": 23, "last_day": 34},
        ],
    },
    "analytes": [
        {"code": "CD3", "label": "CD3+ T cells", "unit": "/uL", "summarised": True, "drawn": True, "axis_floor": 0.5},
        {"code": "CD4", "label": "CD4+ T cells", "unit": "/uL", "summarised": True, "drawn": True, "axis_floor": 0.5},
    ],
    "endpoints": {
        "occurrences": OCCURRENCES,
        "first_events": FIRST_EVENTS,
        "endpoints": ENDPOINTS,
        "definition_grid": None,
        "recurrent_events": {},
    },
    "partial_dates": {"event": "earliest"},
    "reference_limits": [],
    "safety": {
        "population": "injected",
        "emergent_from_clock": "injection",
        "emergent_last_day": None,
    },
}


def make_spec(**changes: Any) -> DeriveSpec:
    """The specification above, with parts replaced: `visits__tie="later"` is the key `tie` of `visits`."""
    content = copy.deepcopy(SPEC)
    for path, value in changes.items():
        *parents, last = path.split("__")
        place = content
        for parent in parents:
            place = place[parent]
        place[last] = value
    return DeriveSpec.model_validate(content)


def make_rule(**changes: Any) -> DeriveSpec:
    """A specification of the CD4 variable alone, with parts of its rule replaced.

    `window` takes a clock, a first and a last day.
    """
    rule = CD4_RULE | changes
    if isinstance(rule["window"], tuple):
        rule["window"] = dict(zip(("clock", "first_day", "last_day"), rule["window"], strict=True))
    return make_spec(endpoints=around("cd4", occurrences=OCCURRENCES | {"cd4": rule}))


def make_variable(name: str, *, endpoints: Row | None = None, **changes: Any) -> DeriveSpec:
    """A specification of one first-event variable alone, with parts of it replaced."""
    return make_spec(endpoints=around(name, FIRST_EVENTS[name] | changes, endpoints=endpoints))


def around(
    name: str, definition: Row | None = None, *, occurrences: Row = OCCURRENCES, endpoints: Row | None = None
) -> Row:
    """One first-event variable with its occurrences, and its endpoints above unless others are given."""
    definition = definition or FIRST_EVENTS[name]
    own = {code: value for code, value in ENDPOINTS.items() if value["first_event"] == name}
    return {
        "occurrences": {
            cause: occurrences[cause] for cause in dict.fromkeys([*definition["causes"], "relapse", "dli"])
        },
        "first_events": {name: definition},
        "endpoints": own if endpoints is None else endpoints,
        "definition_grid": None,
        "recurrent_events": {},
    }
