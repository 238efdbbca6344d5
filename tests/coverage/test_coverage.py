"""The committed table of coverage can be repeated, is complete, and says what is claimed of it."""

import numpy as np
import pytest

from . import simulate_coverage as simulation

ROWS = simulation.read()
REPEATED = [s for s in simulation.scenarios() if (s.quantity, s.n) in {("survival", 6), ("incidence", 14)}]
REPEATED += [simulation.Scenario("hazard ratio", 3.0, 6)]


def rows_of(scenario):
    key = {"quantity": scenario.quantity, "truth": str(scenario.truth), "n": str(scenario.n)}
    return {row["method"]: row for row in ROWS if key.items() <= row.items()}


@pytest.mark.parametrize("scenario", REPEATED, ids=lambda s: f"{s.quantity} {s.truth} n={s.n}")
def test_the_first_replicates_are_those_of_the_table(scenario):
    again = simulation.tally(scenario, simulation.FIRST)
    committed = rows_of(scenario)
    assert {r["method"]: r["covered_in_first_100"] for r in again} == {
        method: int(row["covered_in_first_100"]) for method, row in committed.items()
    }


def test_every_scenario_is_there_with_its_monte_carlo_error():
    wanted = list(simulation.scenarios())
    assert [len(rows_of(s)) for s in wanted] == [
        {"survival": 4, "incidence": 6, "hazard ratio": 3}[s.quantity] for s in wanted
    ]
    assert len(ROWS) == sum(len(rows_of(s)) for s in wanted)
    for row in ROWS:
        replicates, share = int(row["replicates"]), float(row["coverage"])
        assert replicates == simulation.REPLICATES[row["quantity"]] >= 5_000
        assert abs(float(row["monte_carlo_error"]) - np.sqrt(share * (1 - share) / replicates)) < 2e-4
        assert share <= 1 - float(row["undefined"]) + 1e-9


def test_the_readme_shows_the_table():
    text = simulation.README.read_text()
    assert simulation.with_table(text, simulation.as_markdown(ROWS)) == text
