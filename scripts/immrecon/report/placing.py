"""Which section an endpoint, a figure or a table belongs to; nothing is left out."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Literal

from immrecon.config.display import AGE_LIMITS, DisplaySpec, EndpointDisplay
from immrecon.config.study import Analyte
from immrecon.config.trajectory_specs import TRAJECTORY
from immrecon.exhibits import (
    RESIDUALS_STEM,
    age_percent_analytes,
    age_percent_stem,
    age_trajectory_stem,
    compared_endpoints,
    compared_topics,
    fits_stem,
    forest_stem,
    model_stem,
    outcome_figures,
    outcome_stem,
    states_stem,
)

Topic = Literal[
    "participants", "follow-up", "engraftment", "recovery", "infection", "safety", "efficacy", "outcome", "external",
    "quality", "further",
]  # fmt: skip

_KNOWN: dict[str, tuple[Topic, str]] = {
    "accrual": ("participants", "Accrual, planned and actual"),
    "funnel": ("participants", "Participants by stage"),
    "disposition": ("participants", "Participants by stage"),
    "timelines": ("follow-up", "Course of each participant"),
    "swimmer": ("follow-up", "Course of each participant"),
    "follow": ("follow-up", "Follow-up"),
    "definition": ("recovery", "Definitions of reconstitution side by side"),
    "heatmap": ("recovery", "Counts of every participant by visit"),
    "areas": ("recovery", "Areas under the count"),
    "status": ("recovery", "Reconstitution status at the data cut-off"),
    "adverse": ("safety", "Adverse events"),
    "ae": ("safety", "Adverse events"),
    "cells": ("quality", "Cells of the lab exports"),
    "queries": ("quality", "Data queries"),
}
_KINDS = {
    "profiles": "individual trajectories",
    "trajectories": "individual trajectories",
    "visits": "by visit",
    "median": "by visit",
    "summary": "by visit",
    "threshold": "participants above a threshold",
    "thresholds": "participants above a threshold",
}


@dataclass(frozen=True)
class Placed:
    """A figure with its place: `endpoint` and `analyte` where it is about one, `codes` of endpoints if of several."""

    stem: str
    topic: Topic
    title: str
    endpoint: EndpointDisplay | None = None
    analyte: Analyte | None = None
    codes: tuple[str, ...] = ()


def endpoints_of(topic: Topic, spec: DisplaySpec) -> list[EndpointDisplay]:
    """In the order of the configuration, survival before incidence where both stand together."""
    chosen = [endpoint for endpoint in spec.endpoints if endpoint.topic == topic]
    return sorted(chosen, key=lambda endpoint: endpoint.display != "survival")


def place(stems: Iterable[str], spec: DisplaySpec) -> list[Placed]:
    """Every figure with its section, endpoints first in the order of the configuration."""
    order = {endpoint.code: index for index, endpoint in enumerate(spec.endpoints)}
    placed = [place_figure(stem, spec) for stem in stems]
    return sorted(placed, key=lambda item: (order[item.endpoint.code] if item.endpoint else -1, item.stem))


def place_figure(stem: str, spec: DisplaySpec) -> Placed:
    """By the code of an endpoint or analyte in its file name, else by what its name says."""
    if (named := _by_whole_name(stem, spec)) is not None:
        return named
    padded = f"_{stem.lower()}_"
    for endpoint in sorted(spec.endpoints, key=lambda item: -len(item.code)):
        if f"_{endpoint.code.lower()}_" in padded:
            return Placed(stem, endpoint.topic, endpoint.label, endpoint=endpoint)
    for event in sorted(spec.recurrent_events, key=lambda item: -len(item.code)):
        if padded == f"_events_{event.code.lower()}_":
            return Placed(stem, event.topic, f"{event.label}, mean number per participant")
    words = stem.lower().split("_")
    kind = next((_KINDS[word] for word in words if word in _KINDS), "")
    for analyte in sorted(spec.analytes, key=lambda item: -len(item.code)):
        if f"_{analyte.code.lower()}_" in padded:
            title = f"{analyte.label}, {kind}" if kind else analyte.label
            return Placed(stem, "recovery", title, analyte=analyte)
    for word in words:
        if word in _KNOWN:
            return Placed(stem, *_KNOWN[word])
    return Placed(stem, "recovery" if kind else "further", stem.replace("_", " ").capitalize())


def _by_whole_name(stem: str, spec: DisplaySpec) -> Placed | None:
    """Limits of the age, outcome and references from elsewhere, comparisons of a chapter, courses through states."""
    return next((placed for placed in _whole_names(spec) if placed.stem == stem), None)


def _whole_names(spec: DisplaySpec) -> Iterator[Placed]:
    if spec.age_limits is not None:
        for page, shown in enumerate(age_percent_analytes(spec)):
            title = f"{', '.join(analyte.code for analyte in shown)} in per cent of the lower limit of the age"
            yield Placed(age_percent_stem(page), "recovery", title, codes=(AGE_LIMITS,))
        for analyte in spec.age_limits.analytes:
            title = f"{analyte.label} and the limits of the age"
            yield Placed(age_trajectory_stem(analyte.code), "recovery", title, analyte=analyte, codes=(AGE_LIMITS,))
    labels = {endpoint.code: endpoint.label for endpoint in spec.endpoints}
    for outcome, code, day in outcome_figures(spec):
        title = f"{labels[code]} from day {day:g}, by reconstitution"
        yield Placed(outcome_stem(outcome.code, code, day), "outcome", title, codes=(outcome.code, code))
    referred = tuple(code for item in spec.externals for code in (item.code, *item.endpoints))
    yield Placed("external_control", "external", "Estimates beside references from elsewhere", codes=referred)
    for topic in compared_topics(spec):
        yield Placed(forest_stem(topic), topic, "Comparisons", codes=tuple(compared_endpoints(spec, topic)))
    for course in spec.multistate:
        yield Placed(states_stem(course.code), course.topic, f"{course.label}, probability in state")
    yield from _of_models(spec)


def _of_models(spec: DisplaySpec) -> Iterator[Placed]:
    """Mixed models of counts."""
    shown = spec.trajectory
    if shown is None:
        return
    yield Placed(RESIDUALS_STEM, "recovery", "Mixed models of counts, how they fit", codes=(TRAJECTORY,))
    for analyte in (item for item in spec.analytes if item.code in shown.analytes):
        for stem, title in (
            (model_stem(analyte.code), "mixed model"),
            (fits_stem(analyte.code), "mixed model for each participant"),
        ):
            yield Placed(stem, "recovery", f"{analyte.label}, {title}", analyte=analyte, codes=(TRAJECTORY,))
