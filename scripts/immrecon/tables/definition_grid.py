"""Definitions of reconstitution side by side: the incidence of each, and who changes status between them."""

import polars as pl

from immrecon.config.display import DisplaySpec
from immrecon.tables.exhibit import estimate_cell, exhibit, method_words
from immrecon.tables.format import clean, count, level, percent, plain
from immrecon.tables.frames import conf_level, distinct, group_strata, index, population_of
from immrecon.tables.model import Cell, Head, Marks, Row, Table
from immrecon.tables.results import Results


def definition_grid(results: Results, spec: DisplaySpec) -> Table:
    """Per definition: all participants and groups, incidence on the grid's day, and status changes to the reference."""
    frame = results.definition_estimates
    rows = index(frame, "definition", "group", "dose_level")
    grid = spec.definition_grid
    reference = "" if grid is None else grid.reference
    day = "" if grid is None else plain(grid.day)
    conf = level(conf_level(frame, spec))
    marks = Marks()
    lines = []
    for definition in frame.sort("definition_order")["definition"].unique(maintain_order=True):
        part = frame.filter(pl.col("definition") == definition)
        label, rule, source = part.select("label", "rule_text", "source").row(0)
        heading = f"{clean(label)}: {clean(rule)}. {clean(source)}"
        for stratum in group_strata(part, spec):
            row = rows.get((definition, *stratum.key))
            if row is None:
                continue
            changes = ["reference", "reference"] if definition == reference else [
                count(row["n_gained"]), count(row["n_lost"])
            ]  # fmt: skip
            cells = [count(row[name]) for name in ("n", "n_events", "n_competing", "n_risk")]
            lines.append(
                Row(
                    (
                        stratum.cell(),
                        *map(Cell, cells),
                        estimate_cell(row, marks, percent, f"definition {definition}"),
                        *map(Cell, changes),
                    ),
                    section=heading,
                )
            )
    return exhibit(
        spec,
        stem="definition_grid",
        title=f"Definitions of reconstitution side by side, day {day}",
        population=population_of(frame, "Participants at risk"),
        header=[
            [
                Head("Group", rows=2),
                Head("Participants", columns=4),
                Head(f"Cumulative incidence, % ({conf} CI)", rows=2),
                Head("Status against the reference", columns=2),
            ],
            [Head("n"), Head("Events"), Head("Competing"), Head("At risk"), Head("Gained"), Head("Lost")],
        ],
        rows=lines,
        footnotes=[
            f"Method: {method_words(frame)}." if lines else "",
            f"Days since {', '.join(distinct(frame, 'clock'))}. " + _WHAT,
        ],
        marks=marks,
        empty="No participant is in the population of the grid by the cut-off.",
        endpoints=distinct(frame, "definition", "definition_order"),
    )


_WHAT = (
    "Gained: reached by this definition and not by the reference; lost: the reverse; of participants with a status in "
    "both. Competing events differ between definitions as their rules say."
)
