"""File names of figures and tables: a pure function of the configuration, light enough to plan a run with."""

from immrecon.config.display import DisplaySpec
from immrecon.config.first_event import Topic
from immrecon.config.kinetics import Kinetics
from immrecon.config.outcome_specs import OutcomeDisplay
from immrecon.config.study import Analyte

AREAS = "kinetic_areas"
HEATMAP_ANALYTES = 5
"""Panels on a page of a heat map."""
AGE_PERCENT_ANALYTES = 3
"""Panels on a page of counts in per cent of the lower limit."""


def trajectory_stem(analyte: str) -> str:
    return f"trajectories_{analyte.lower()}"


RESIDUALS_STEM = "trajectory_residuals"


def model_stem(analyte: str) -> str:
    return f"trajectory_model_{analyte.lower()}"


def fits_stem(analyte: str) -> str:
    return f"trajectory_participants_{analyte.lower()}"


def curve_stem(endpoint: str) -> str:
    return f"curve_{endpoint.lower()}"


def events_stem(event: str) -> str:
    return f"events_{event.lower()}"


def states_stem(course: str) -> str:
    return f"states_{course.lower()}"


def visits_stem(analyte: str) -> str:
    return f"visits_{analyte.lower()}"


def doses_stem(analyte: str) -> str:
    return f"doses_{analyte.lower()}"


def heatmap_stem(page: int) -> str:
    """Pages are counted from 0."""
    return f"heatmap_{page + 1}"


def heatmap_analytes(spec: DisplaySpec) -> list[list[Analyte]]:
    """Drawn analytes of each page: one unit, so one scale of colours."""
    if not spec.visits.windows:
        return []
    drawn = [analyte for analyte in spec.analytes if analyte.drawn]
    units = dict.fromkeys(analyte.unit for analyte in drawn)
    pages = []
    for unit in units:
        own = [analyte for analyte in drawn if analyte.unit == unit]
        pages += [own[start : start + HEATMAP_ANALYTES] for start in range(0, len(own), HEATMAP_ANALYTES)]
    return pages


def kinetics_stem(analyte: str) -> str:
    return f"kinetics_{analyte.lower()}"


def drawn_in_numbers(spec: DisplaySpec) -> list[Analyte]:
    """Drawn analytes whose course is put into numbers, in the order declared there."""
    labels = {analyte.code: analyte for analyte in spec.analytes}
    return [] if spec.kinetics is None else [labels[code] for code in spec.kinetics.analytes if labels[code].drawn]


def age_trajectory_stem(analyte: str) -> str:
    return f"age_trajectories_{analyte.lower()}"


def age_visits_stem(analyte: str) -> str:
    return f"age_visits_{analyte.lower()}"


def age_analytes(spec: DisplaySpec) -> list[str]:
    """Analytes that are shown beside their reference limits."""
    return [] if spec.age_limits is None else [analyte.code for analyte in spec.age_limits.analytes]


def drawn_beside_limits(spec: DisplaySpec) -> list[Analyte]:
    """Those of them that have figures."""
    return [] if spec.age_limits is None else [analyte for analyte in spec.age_limits.analytes if analyte.drawn]


def age_percent_stem(page: int) -> str:
    """Pages are counted from 0."""
    return f"age_percent_{page + 1}"


def age_percent_analytes(spec: DisplaySpec) -> list[list[Analyte]]:
    """Drawn analytes with limits of each page."""
    drawn = drawn_beside_limits(spec)
    return [drawn[start : start + AGE_PERCENT_ANALYTES] for start in range(0, len(drawn), AGE_PERCENT_ANALYTES)]


def forest_stem(topic: Topic) -> str:
    return f"forest_{topic}"


def outcome_stem(code: str, endpoint: str, landmark_day: float) -> str:
    return f"outcome_{code.lower()}_{endpoint.lower()}_day{landmark_day:g}"


def outcome_figures(spec: DisplaySpec) -> list[tuple[OutcomeDisplay, str, float]]:
    """Analysis, endpoint and landmark of every figure of outcome by reconstitution."""
    return [
        (outcome, endpoint, day)
        for outcome in spec.outcomes
        for endpoint in outcome.endpoints
        for day in outcome.figure_landmarks_day
    ]


def compared_topics(spec: DisplaySpec) -> list[Topic]:
    """Chapters with endpoints that are compared, in the order of the endpoints."""
    compared = {code for comparison in spec.comparisons for code in comparison.endpoints}
    return list(dict.fromkeys(endpoint.topic for endpoint in spec.endpoints if endpoint.code in compared))


def compared_endpoints(spec: DisplaySpec, topic: str) -> list[str]:
    """Endpoints of a chapter that are compared, in the order of the configuration."""
    compared = {code for comparison in spec.comparisons for code in comparison.endpoints}
    return [endpoint.code for endpoint in spec.endpoints if endpoint.topic == topic and endpoint.code in compared]


def figure_stems(spec: DisplaySpec) -> dict[str, list[str]]:
    """Per drawing step, the figures it makes."""
    return {
        "disposition": ["accrual", "timelines"],
        "recovery": [trajectory_stem(analyte.code) for analyte in spec.analytes if analyte.drawn],
        "kinetics": [
            *(heatmap_stem(page) for page in range(len(heatmap_analytes(spec)))),
            *([AREAS] if drawn_in_numbers(spec) else []),
        ],
        "age_reference": _age_stems(spec),
        "tte": [curve_stem(endpoint.code) for endpoint in spec.endpoints if endpoint.figure],
        "events": [events_stem(event.code) for event in spec.recurrent_events if event.figure],
        "multistate": [states_stem(course.code) for course in spec.multistate],
        "definition_grid": ["definition_grid"] if spec.definition_grid else [],
        "trajectory": _trajectory_stems(spec),
        "reconstitution_outcome": [outcome_stem(item.code, code, day) for item, code, day in outcome_figures(spec)],
        "external_control": ["external_control"] if spec.externals else [],
        "forest": [forest_stem(topic) for topic in compared_topics(spec)],
    }


def _age_stems(spec: DisplaySpec) -> list[str]:
    drawn = [analyte.code for analyte in drawn_beside_limits(spec)]
    return [*map(age_trajectory_stem, drawn), *map(age_percent_stem, range(len(age_percent_analytes(spec))))]


def _trajectory_stems(spec: DisplaySpec) -> list[str]:
    if spec.trajectory is None:
        return []
    shown = spec.trajectory
    return [*map(model_stem, shown.analytes), *map(fits_stem, shown.participant_pages), RESIDUALS_STEM]


def _kinetic_stems(kinetics: Kinetics) -> list[str]:
    return [
        *(kinetics_stem(code) for code in kinetics.analytes),
        "kinetic_sensitivity",
        *(["kinetic_comparisons"] if kinetics.comparison else []),
        *(["growth_curves"] if kinetics.growth else []),
    ]


def _visit_stems(analyte: Analyte, spec: DisplaySpec) -> list[str]:
    return [visits_stem(analyte.code), *([doses_stem(analyte.code)] if spec.dose_levels else [])]


def table_stems(spec: DisplaySpec) -> list[str]:
    """Every table, in the order of the report."""
    return [
        "funnel",
        "baseline",
        "reconstitution_status",
        "reconstitution",
        *(["definition_grid"] if spec.definition_grid else []),
        *(stem for analyte in spec.analytes if analyte.summarised for stem in _visit_stems(analyte, spec)),
        *(["trajectory_estimates", "trajectory_models"] if spec.trajectory else []),
        *(["missed_samples"] if spec.visits.windows else []),
        *(_kinetic_stems(spec.kinetics) if spec.kinetics else []),
        *map(age_visits_stem, age_analytes(spec)),
        *(["age_limits"] if spec.age_limits else []),
        "landmarks",
        "quantiles",
        *(["recurrent_events"] if spec.recurrent_events else []),
        *(["state_occupancy"] if spec.multistate else []),
        *(["contrasts"] if spec.comparisons else []),
        *(["outcome_estimates"] if any(item.kind == "landmark" for item in spec.outcomes) else []),
        *(["outcome_contrasts"] if spec.outcomes else []),
        *(["external_control"] if spec.externals else []),
        "adverse_events",
        *(["sae_reconciliation"] if spec.sae_reconciled else []),
        *(["ongoing_records"] if spec.ongoing_at_cutoff else []),
        "cell_funnel",
        "cells",
        "query_status",
        "queries",
        "checks",
    ]
