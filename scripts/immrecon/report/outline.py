"""The sections in order: the question each answers, and the exhibits that answer it."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

import polars as pl

from immrecon.config.display import DisplaySpec, EndpointDisplay
from immrecon.exhibits import (
    RESIDUALS_STEM,
    age_analytes,
    age_visits_stem,
    compared_endpoints,
    compared_topics,
    doses_stem,
    figure_stems,
    forest_stem,
    kinetics_stem,
    states_stem,
)
from immrecon.report.placing import Placed, Topic, endpoints_of, place
from immrecon.tables import contrasts, multistate, tte
from immrecon.tables.model import Table
from immrecon.tables.results import Results
from immrecon.tables.shells import summarised, visits_stem


@dataclass(frozen=True)
class Section:
    """A chapter. `exhibits` are figures (Placed) and tables in reading order."""

    anchor: str
    title: str
    question: str
    lead: str
    exhibits: tuple[Placed | Table, ...] = ()


GLANCE = Section(
    "glance",
    "At a glance",
    "What does the board need to know first?",
    "Key numbers of this data cut. Each is explained in the section that it links to.",
)
DEFINITIONS = Section(
    "definitions",
    "Definitions and methods",
    "What exactly was counted and estimated?",
    "Every rule below is read from the configuration of this run and was applied as written.",
)
MAKING = Section(
    "making",
    "How this report was made",
    "Can it be made again?",
    "The same inputs, configuration, code and libraries give the same report, byte for byte. Checksums are shortened "
    "to their first digits; inputs.json beside the report has them in full.",
)

_CHAPTERS: dict[Topic, tuple[str, str, str]] = {
    "participants": (
        "Who is in the trial",
        "Is the trial recruiting as planned, and whom?",
        "Stages are contained in one another; whoever leaves is accounted for with a reason.",
    ),
    "follow-up": (
        "How far each participant has been followed",
        "Is the follow-up long enough to judge?",
        "Nobody is credited with follow-up because nothing was recorded: it ends at the last documented contact or "
        "assessment on or before the cut-off.",
    ),
    "engraftment": (
        "Engraftment and chimerism",
        "Does the graft take, and is it the donor's?",
        "Death, relapse and a second transplant compete with engraftment.",
    ),
    "recovery": (
        "Immune reconstitution",
        "Is the immune system coming back, and how fast?",
        "Values below the limit of quantification are kept as such and rank lowest. Death, relapse and other competing "
        "events are not counted as censoring.",
    ),
    "infection": (
        "Infections and reactivations",
        "How often do infections occur, and in whom?",
        "Records of one pathogen that follow each other within a declared interval are one episode. Who cannot "
        "reactivate a virus is not at risk of it.",
    ),
    "safety": (
        "Safety",
        "Is anyone being harmed?",
        "Incidences are estimated in the presence of competing events; plain counts stand beside them.",
    ),
    "efficacy": (
        "Efficacy and survival",
        "Are participants alive and free of relapse?",
        "Relapse and deaths without relapse are parts of the same first event and compete with one another.",
    ),
    "outcome": (
        "Outcome by reconstitution",
        "Do participants who reconstitute fare better?",
        "Reconstitution was not randomised: who reconstitutes differs from who does not in more than that. Status "
        "counts as it was known at the landmark, and outcome from there on, so that nobody is immortal before.",
    ),
    "external": (
        "Beside what others found",
        "How do these results compare with other cohorts?",
        "Nothing here was randomised against these references, whose populations differ as stated.",
    ),
    "quality": (
        "Can the data be trusted",
        "What was read, what was withheld, and do the numbers agree with one another?",
        "Every cell of every lab export is accounted for; identities between the estimates are checked in each run.",
    ),
    "further": ("Further exhibits", "What else was drawn?", "Exhibits that belong to none of the sections above."),
}
_TABLES: dict[str, Topic] = {
    "funnel": "participants",
    "baseline": "participants",
    "reconstitution_status": "recovery",
    "reconstitution": "recovery",
    "definition_grid": "recovery",
    "trajectory_estimates": "recovery",
    "trajectory_models": "recovery",
    "missed_samples": "recovery",
    "kinetic_sensitivity": "recovery",
    "kinetic_comparisons": "recovery",
    "growth_curves": "recovery",
    "age_limits": "recovery",
    "recurrent_events": "infection",
    "outcome_estimates": "outcome",
    "outcome_contrasts": "outcome",
    "external_control": "external",
    "adverse_events": "safety",
    "sae_reconciliation": "safety",
    "ongoing_records": "safety",
    "cell_funnel": "quality",
    "cells": "quality",
    "query_status": "quality",
    "queries": "quality",
    "checks": "quality",
}
_BESIDE_LIMITS = ("age_limits",)
"""Tables that stand with the counts beside the limits of the age."""
_LAST = ("recurrent_events", "adverse_events", "sae_reconciliation", "ongoing_records")
"""Tables that follow the figures of their section."""
_BESIDE = {"trajectory_models": RESIDUALS_STEM}
"""Tables that a figure of the same section follows."""
_SPLIT = ("landmarks", "quantiles", "contrasts", "state_occupancy")
"""Tables that are shown in parts, each beside the figures of its endpoints."""


def outline(results: Results, tables: Mapping[str, Table], stems: Iterable[str], spec: DisplaySpec) -> list[Section]:
    """Every section with its exhibits; each figure and each table has its place, and `_SPLIT` ones several."""
    figures = place(stems, spec)
    sections = [GLANCE]
    for topic, (title, question, lead) in _CHAPTERS.items():
        exhibits = tuple(_exhibits(topic, results, tables, figures, spec))
        if exhibits or topic not in ("further", "engraftment", "infection", "outcome", "external"):
            sections.append(Section(topic, title, question, lead, exhibits))
    return [*sections, DEFINITIONS, MAKING]


def _exhibits(
    topic: Topic, results: Results, tables: Mapping[str, Table], figures: list[Placed], spec: DisplaySpec
) -> Iterator[Placed | Table]:
    here = [figure for figure in figures if figure.topic == topic]
    endpoints = endpoints_of(topic, spec)
    forests = {forest_stem(topic) for topic in compared_topics(spec)}
    alone = [figure for figure in here if figure.endpoint is None and figure.analyte is None]
    courses = [course.code for course in spec.multistate if course.topic == topic]
    states = {states_stem(code) for code in courses}
    models = {_BESIDE[stem] for stem in tables if stem in _BESIDE}
    beside = set(figure_stems(spec)["age_reference"])
    yield from (figure for figure in alone if figure.stem not in forests | states | beside | models)
    if topic == "recovery":
        yield from _by_analyte(tables, [figure for figure in here if figure.stem not in beside], spec)
        yield from _beside_limits(tables, [figure for figure in here if figure.stem in beside], spec)
    apart = (*_LAST, *_BESIDE_LIMITS)
    for stem, table in tables.items():
        if _TABLES.get(stem) == topic and stem not in apart:
            yield table
            yield from (figure for figure in alone if figure.stem == _BESIDE.get(stem))
    yield from (figure for figure in here if figure.endpoint is not None)
    yield from _endpoint_tables(topic, results, endpoints, spec)
    yield from (figure for figure in alone if figure.stem in states)
    if courses:
        yield multistate.state_occupancy(results, spec, courses)
    yield from (figure for figure in alone if figure.stem in forests)
    if codes := compared_endpoints(spec, topic):
        yield contrasts.contrasts(results, spec, codes)
    yield from (tables[stem] for stem in _LAST if _TABLES[stem] == topic and stem in tables)
    if topic == "further":
        placed = {*_TABLES, *_SPLIT, *(visits_stem(analyte.code) for analyte in summarised(spec))}
        placed |= {doses_stem(analyte.code) for analyte in summarised(spec)}
        placed |= {kinetics_stem(analyte.code) for analyte in spec.analytes}
        placed |= set(map(age_visits_stem, age_analytes(spec)))
        yield from (table for stem, table in tables.items() if stem not in placed)


def _by_analyte(tables: Mapping[str, Table], figures: list[Placed], spec: DisplaySpec) -> Iterator[Placed | Table]:
    """Each analyte: its figures, then its tables."""
    for analyte in spec.analytes:
        yield from (figure for figure in figures if figure.analyte == analyte)
        stem = visits_stem(analyte.code)
        for own in (stem, doses_stem(analyte.code)):
            if analyte.summarised and own in tables:
                yield tables[own]
        if kinetics_stem(analyte.code) in tables:
            yield tables[kinetics_stem(analyte.code)]


def _beside_limits(tables: Mapping[str, Table], figures: list[Placed], spec: DisplaySpec) -> Iterator[Placed | Table]:
    """Counts beside the limits of the age: all analytes together, each one's trajectories and table, the limits."""
    yield from (figure for figure in figures if figure.analyte is None)
    for code in age_analytes(spec):
        yield from (figure for figure in figures if figure.analyte is not None and figure.analyte.code == code)
        if age_visits_stem(code) in tables:
            yield tables[age_visits_stem(code)]
    yield from (tables[stem] for stem in _BESIDE_LIMITS if stem in tables)


def _endpoint_tables(
    topic: Topic, results: Results, endpoints: list[EndpointDisplay], spec: DisplaySpec
) -> Iterator[Table]:
    """The parts of the landmark and quantile tables that are about the endpoints of a section."""
    codes = [endpoint.code for endpoint in endpoints]
    if topic == "follow-up":
        parameters = results.quantiles["parameter"].unique().to_list()
        yield tte.quantiles(results, spec, [name for name in parameters if name.startswith(tte.FOLLOW_UP)])
    if topic == "further":
        codes = sorted(set(results.landmarks["parameter"]) - {endpoint.code for endpoint in spec.endpoints})
    if codes:
        yield tte.landmarks(results, spec, codes)
    if topic in ("recovery", "efficacy") and codes and _any(results.quantiles, codes):
        yield tte.quantiles(results, spec, codes)


def _any(frame: pl.DataFrame, codes: list[str]) -> bool:
    return not frame.filter(pl.col("parameter").is_in(codes)).is_empty()
