"""Tables of the course of counts and of missed samples, from made-up results."""

from dataclasses import replace

import polars as pl
import pytest

from immrecon.config.display import DisplaySpec
from immrecon.errors import ContractError
from immrecon.tables.model import Table
from immrecon.tables.results import Results
from immrecon.tables.shells import build_tables


@pytest.fixture(scope="module")
def tables(run: Results, spec: DisplaySpec) -> dict[str, Table]:
    return build_tables(run, spec)


def texts(table: Table, section: str, label: str) -> list[str]:
    row = next(row for row in table.rows if row.section == section and row.cells[0].text == label)
    return [cell.text for cell in row.cells[1:]]


def test_each_measure_by_group_and_areas_by_dose_level(tables: dict[str, Table]) -> None:
    table = tables["kinetics_cd4"]
    area = "Area under the curve to day 100 (/µL day)"
    assert texts(table, area, "All participants")[2:] == ["13 (4 to 50)", "6 to 30", "11 (5 to 29)"]
    assert len([row for row in table.rows if row.section == area]) == 3 + 4
    assert texts(table, "Slope of log2 of the count (1/day)", "Adults")[2:] == [
        "12.5000 (4.0000 to 50.0000)", "6.0000 to 30.0000", "–",
    ]  # fmt: skip
    assert "1 died by day 100" in dict(table.marked).values()


def test_variants_stand_beside_the_primary_one(tables: dict[str, Table]) -> None:
    table = tables["kinetic_sensitivity"]
    heading = "CD4+ T cells: area under the curve to day 100 (/µL day)"
    assert table.column_names()[2:] == ["Median (95% CI): Primary", "Median (95% CI): Linear-up log-down"]
    assert texts(table, heading, "Paediatric patients")[1:] == ["13 (4 to 50)", "NE"]
    assert texts(table, "CD4+ T cells: slope of log2 of the count (1/day)", "Adults")[2] == "–"


def test_comparisons_say_who_is_ranked(tables: dict[str, Table]) -> None:
    table = tables["kinetic_comparisons"]
    heading = "CD4+ T cells: area under the curve to day 100 (/µL day)"
    assert texts(table, heading, "Paediatric patients, those measured") == [
        "9", "11", "1", "3", "-12 (NE to 40)", "0.45", "0.310",
    ]  # fmt: skip
    assert texts(table, heading, "Paediatric patients, deaths lowest")[:5] == ["9 (2)", "11 (0)", "1", "3", "NE"]
    # In the order of the configuration.
    assert table.rows[0].section.startswith("CD4+")


def test_p_values_only_where_they_are_shown(run: Results, spec: DisplaySpec) -> None:
    assert spec.kinetics is not None
    assert spec.kinetics.comparison is not None
    hidden = spec.kinetics.comparison.p_values.model_copy(update={"shown": False, "reason": "not randomised"})
    comparison = spec.kinetics.comparison.model_copy(update={"p_values": hidden})
    changed = spec.model_copy(update={"kinetics": spec.kinetics.model_copy(update={"comparison": comparison})})
    table = build_tables(run, changed)["kinetic_comparisons"]
    assert "p" not in table.column_names()
    assert "P-values are not shown: not randomised." in table.footnotes


def test_curves_of_growth(tables: dict[str, Table]) -> None:
    rows = [[cell.text for cell in row.cells] for row in tables["growth_curves"].rows]
    assert rows[0] == ["Adults", "asymptote", "40", "9", "2.50 (2.00 to 3.00)", "12.3"]
    assert rows[3][4] == "NE"


def test_missed_samples_add_up(tables: dict[str, Table], run: Results, spec: DisplaySpec, hostile: str) -> None:
    rows = [[cell.text for cell in row.cells] for row in tables["missed_samples"].rows if row.section == "CD4+ T cells"]
    adults = [row for row in rows if row[0] == "Adults"]
    assert [row[1] for row in adults][:2] == ["Expected", "Sampled"]
    assert adults[2][1].startswith("Not done: clotted")
    assert adults[3][1:] == ["No usable result received", "1", "1", "1", "1"]
    for column in range(2, 6):
        expected, sampled, *reasons = (int(row[column]) for row in adults)
        assert expected - sampled == sum(reasons)
    short = replace(run, missed_samples=run.missed_samples.filter(pl.col("kind") == "not done"))
    with pytest.raises(ContractError, match=r"expected and .* sampled, but 1 missing by reason"):
        build_tables(short, spec)


def test_nothing_of_it_without_the_section(run: Results, spec: DisplaySpec) -> None:
    stems = build_tables(run, spec.model_copy(update={"kinetics": None}))
    assert not [stem for stem in stems if stem.startswith(("kinetic", "growth"))]
