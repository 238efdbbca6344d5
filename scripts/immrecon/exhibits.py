"""File names of figures and tables: a pure function of the configuration, light enough to plan a run with."""

from immrecon.config.specs import DisplaySpec


def trajectory_stem(analyte: str) -> str:
    return f"trajectories_{analyte.lower()}"


def curve_stem(endpoint: str) -> str:
    return f"curve_{endpoint.lower()}"


def events_stem(event: str) -> str:
    return f"events_{event.lower()}"


def visits_stem(analyte: str) -> str:
    return f"visits_{analyte.lower()}"


def figure_stems(spec: DisplaySpec) -> dict[str, list[str]]:
    """Per drawing step, the figures it makes."""
    return {
        "disposition": ["accrual", "timelines"],
        "recovery": [trajectory_stem(analyte.code) for analyte in spec.analytes if analyte.summarised],
        "tte": [curve_stem(endpoint.code) for endpoint in spec.endpoints if endpoint.figure],
        "events": [events_stem(event.code) for event in spec.recurrent_events if event.figure],
        "definition_grid": ["definition_grid"] if spec.definition_grid else [],
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
        "adverse_events",
        *(["sae_reconciliation"] if spec.sae_reconciled else []),
        "cell_funnel",
        "cells",
        "query_status",
        "queries",
        "checks",
    ]
