"""The committed table of the simulation of recovery can be repeated, is complete, is what the page shows, and says enough."""

import csv

import numpy as np
import pytest

from . import recovery_simulation as simulation

with simulation.TABLE.open(newline="") as file:
    ROWS = list(csv.DictReader(file))
CELLS = list(simulation.cells())
REPEATED = ("geometric mean", "linear mixed", "mixed, values below a limit", "threshold incidence", "one-sample tests")


def rows_of(cell):
    key = [str(value) for value in cell]
    return [row for row in ROWS if [row["model"], row["n"], row["share_below"]] == key]


@pytest.mark.parametrize("model", REPEATED)
def test_the_first_replicates_are_those_of_the_table(model):
    index = next(i for i, cell in enumerate(CELLS) if cell.model == model and cell.n == 14)
    again = simulation.tally(simulation.batch(index, 0, simulation.FIRST))
    held = f"held_in_first_{simulation.FIRST}"
    committed = {(row["quantity"], row["interval"]): int(row[held]) for row in rows_of(CELLS[index])}
    assert {(row["quantity"], row["interval"]): row[held] for row in again} == committed


def test_every_cell_is_there_with_its_monte_carlo_error():
    assert all(rows_of(cell) for cell in CELLS)
    assert len(ROWS) == sum(len(rows_of(cell)) for cell in CELLS)
    for cell in CELLS:
        for row in rows_of(cell):
            share, estimated = float(row["coverage"]), int(row["estimated"])
            assert int(row["replicates"]) == simulation.replicates(cell) >= 5_000
            assert abs(float(row["coverage_mc_error"]) - np.sqrt(share * (1 - share) / estimated)) < 2e-4


def test_the_page_shows_the_table():
    shown = [line.split(" | ")[3:5] for line in simulation.PAGE.read_text().splitlines() if line.startswith("| ")][1:]
    assert shown == [[row["quantity"], row["interval"]] for row in ROWS]


def test_intervals_in_use_hold_their_level():
    """Three Monte Carlo errors: some hundred rows are judged."""
    used = [row for row in ROWS if row["interval"] in simulation.USED]
    assert {row["interval"] for row in used} == simulation.USED
    below = [
        (row["model"], row["n"], row["share_below"], row["quantity"], row["interval"], row["coverage"])
        for row in used
        if float(row["coverage"]) < simulation.LEVEL_OF_TESTS - 3 * float(row["coverage_mc_error"])
    ]
    assert not below
