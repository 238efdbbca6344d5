"""The tables of a run: which there are, and how they are built."""

from collections.abc import Callable

from immrecon.config.specs import DisplaySpec
from immrecon.config.study import Analyte
from immrecon.tables import disposition, quality, recovery, safety, tte
from immrecon.tables.model import Table
from immrecon.tables.results import Results

_Maker = Callable[[Results, DisplaySpec], Table]

_BEFORE: dict[str, _Maker] = {
    "funnel": disposition.funnel,
    "baseline": disposition.baseline,
    "reconstitution_status": recovery.reconstitution_status,
}
_AFTER: dict[str, _Maker] = {
    "landmarks": tte.landmarks,
    "quantiles": tte.quantiles,
    "adverse_events": safety.adverse_events,
    "cells": quality.cells,
    "queries": quality.queries,
    "checks": quality.checks,
}


def visits_stem(analyte: Analyte) -> str:
    return f"visits_{analyte.code.lower()}"


def summarised(spec: DisplaySpec) -> list[Analyte]:
    """Analytes that have a table by visit."""
    return [analyte for analyte in spec.analytes if analyte.summarised]


def table_stems(spec: DisplaySpec) -> list[str]:
    """File names of the tables without extension, in the order of the report: a function of the configuration only."""
    return [*_BEFORE, *map(visits_stem, summarised(spec)), *_AFTER]


def build_tables(results: Results, spec: DisplaySpec) -> dict[str, Table]:
    """Every table by its stem, in the order of `table_stems`.

    Raises ContractError: totals that do not reconcile, a confidence level other than configured, a number that is not
    finite.
    """
    tables = {stem: make(results, spec) for stem, make in _BEFORE.items()}
    tables |= {visits_stem(analyte): recovery.visits(results, spec, analyte) for analyte in summarised(spec)}
    return tables | {stem: make(results, spec) for stem, make in _AFTER.items()}
