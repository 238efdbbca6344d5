"""File names of figures and tables: a pure function of the configuration, light enough to plan a run with."""

from immrecon.config.display import DisplaySpec
from immrecon.config.first_event import Topic


def trajectory_stem(analyte: str) -> str:
    return f"trajectories_{analyte.lower()}"


def curve_stem(endpoint: str) -> str:
    return f"curve_{endpoint.lower()}"


def events_stem(event: str) -> str:
    return f"events_{event.lower()}"


def states_stem(course: str) -> str:
    return f"states_{course.lower()}"


def visits_stem(analyte: str) -> str:
    return f"visits_{analyte.lower()}"


def forest_stem(topic: Topic) -> str:
    return f"forest_{topic}"


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
        "recovery": [trajectory_stem(analyte.code) for analyte in spec.analytes if analyte.summarised],
        "tte": [curve_stem(endpoint.code) for endpoint in spec.endpoints if endpoint.figure],
        "events": [events_stem(event.code) for event in spec.recurrent_events if event.figure],
        "multistate": [states_stem(course.code) for course in spec.multistate],
        "definition_grid": ["definition_grid"] if spec.definition_grid else [],
        "forest": [forest_stem(topic) for topic in compared_topics(spec)],
    }


def table_stems(spec: DisplaySpec) -> list[str]:
    """Every table, in the order of the report."""
    return [
        "funnel",
        "baseline",
        "reconstitution_status",
        "reconstitution",
        *(["definition_grid"] if spec.definition_grid else []),
        *(visits_stem(analyte.code) for analyte in spec.analytes if analyte.summarised),
        "landmarks",
        "quantiles",
        *(["recurrent_events"] if spec.recurrent_events else []),
        *(["state_occupancy"] if spec.multistate else []),
        *(["contrasts"] if spec.comparisons else []),
        "adverse_events",
        *(["sae_reconciliation"] if spec.sae_reconciled else []),
        *(["ongoing_records"] if spec.ongoing_at_cutoff else []),
        "cell_funnel",
        "cells",
        "query_status",
        "queries",
        "checks",
    ]
