"""The tables of a run: `table_stems` says which there are, `build_tables` builds them."""

from collections.abc import Callable
from functools import partial

from immrecon.config.display import DisplaySpec
from immrecon.config.study import Analyte
from immrecon.exhibits import table_stems, visits_stem
from immrecon.tables import (
    contrasts,
    definition_grid,
    disposition,
    events,
    multistate,
    ongoing,
    quality,
    reconstitution,
    recovery,
    safety,
    tte,
)
from immrecon.tables.model import Table
from immrecon.tables.results import Results

__all__ = ["build_tables", "summarised", "table_stems", "visits_stem"]

_Maker = Callable[[Results, DisplaySpec], Table]

_MAKERS: dict[str, _Maker] = {
    "funnel": disposition.funnel,
    "baseline": disposition.baseline,
    "reconstitution_status": recovery.reconstitution_status,
    "reconstitution": reconstitution.reconstitution,
    "definition_grid": definition_grid.definition_grid,
    "landmarks": tte.landmarks,
    "quantiles": tte.quantiles,
    "recurrent_events": events.recurrent_events,
    "state_occupancy": multistate.state_occupancy,
    "contrasts": contrasts.contrasts,
    "adverse_events": safety.adverse_events,
    "sae_reconciliation": safety.sae_reconciliation,
    "ongoing_records": ongoing.ongoing_records,
    "cell_funnel": quality.cell_funnel,
    "cells": quality.cells,
    "query_status": quality.query_status,
    "queries": quality.queries,
    "checks": quality.checks,
}


def summarised(spec: DisplaySpec) -> list[Analyte]:
    """Analytes that have a table by visit."""
    return [analyte for analyte in spec.analytes if analyte.summarised]


def build_tables(results: Results, spec: DisplaySpec) -> dict[str, Table]:
    """Every table by its stem, in the order of `table_stems`.

    Raises ContractError: totals that do not reconcile, a confidence level other than configured, a number that is not
    finite.
    """
    by_visit: dict[str, _Maker] = {
        visits_stem(item.code): partial(recovery.visits, analyte=item) for item in summarised(spec)
    }
    makers = {**_MAKERS, **by_visit}
    return {stem: makers[stem](results, spec) for stem in table_stems(spec)}
