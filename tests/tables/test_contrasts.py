"""The table of comparisons: numbers, methods, and why there are p-values or none."""

from dataclasses import replace

import pytest
from made_up_results import frame
from made_up_trial import HOSTILE

from immrecon.config.contrast_specs import ComparisonDisplay
from immrecon.config.display import DisplaySpec
from immrecon.contracts import results
from immrecon.tables.contrasts import contrasts
from immrecon.tables.format import p_value, ratio
from immrecon.tables.html import table_fragment
from immrecon.tables.model import Table
from immrecon.tables.results import Results

COMMON = {
    "analysis": "estimate_contrasts", "comparison": "GROUP", "comparison_order": 0, "parameter": "RELAPSE",
    "population": "injected", "factor": "group", "level": "PAED", "level_order": 1, "reference": "ADULT",
    "stratified_by": "", "horizon": "", "n": 28, "n_events": 9, "conf_level": 0.95, "status": "estimated",
}  # fmt: skip
SIDES = {"n_level": 14, "n_events_level": 3, "n_reference": 14, "n_events_reference": 6}
ROWS = [
    COMMON | {"measure": "test of equal incidences", "level": "all", "reference": None, "method": "Gray's test, permutation",
              "statistic": 1.2, "p_value": 0.0001, "reason": "999 arrangements drawn, seed 1"},
    COMMON | SIDES | {"measure": "cause-specific hazard ratio", "method": "Firth's Cox model (Breslow ties)", "variance": "model",
                      "conf_type": "profile penalised likelihood", "estimate": 0.5, "conf_low": 0.0625, "conf_high": 412.4},
    COMMON | SIDES | {"measure": "subdistribution hazard ratio", "method": "Fine-Gray model", "status": "not estimable",
                      "reason": "5 events planned, fewer than 10"},
    COMMON | SIDES | {"measure": "difference in cumulative incidence", "horizon": "day 100", "time_day": 100.0,
                      "method": "aalen-johansen, difference", "conf_type": "square-and-add of log-log",
                      "estimate": -0.125, "conf_low": -0.4, "conf_high": 0.2},
    COMMON | {"comparison": "PRINT", "comparison_order": 1, "factor": "reference", "level": "PAED", "reference": "PRINT",
              "measure": "observed over expected events", "horizon": "to day 100", "time_day": 100.0,
              "method": "one-sample log-rank test, exact Poisson", "n_expected": 4.125, "estimate": 2.18,
              "conf_low": 1.0, "conf_high": 4.1},
]  # fmt: skip


@pytest.fixture
def compared(spec: DisplaySpec) -> DisplaySpec:
    group = ComparisonDisplay(
        code="GROUP", label="Paediatric against adults", endpoints=["RELAPSE"], levels={"PAED": "Paediatric patients"},
        p_values_shown=False, p_values_reason="not randomised", source="", status="signed",
    )  # fmt: skip
    printed = group.model_copy(update={"code": "PRINT", "label": HOSTILE, "source": HOSTILE, "status": "draft"})
    return spec.model_copy(update={"comparisons": [group, printed]})


@pytest.fixture
def table(run: Results, compared: DisplaySpec) -> Table:
    return contrasts(replace(run, contrasts=frame(results.CONTRASTS, ROWS)), compared)


def test_rows_by_endpoint_comparison_and_measure(table: Table) -> None:
    texts = [[cell.text for cell in row.cells] for row in table.rows]
    assert [row[0] for row in texts] == [
        "Test of equal incidences", "Cause-specific hazard ratio", "Subdistribution hazard ratio",
        "Difference in cumulative incidence, day 100", "Observed over expected events, to day 100",
    ]  # fmt: skip
    assert texts[0][1:] == ["all levels", "28", "9", "–", "–", "–", "<0.001", "Gray's test, permutation"]
    assert texts[1][1:7] == ["Paediatric patients", "14", "3", "14", "6", "0.50 (0.063 to 412)"]
    assert texts[2][6] == "NE"
    assert texts[3][6] == "-12.5 (-40.0 to 20.0)"
    assert texts[4][2:7] == ["28", "9", "–", "4.13 expected", "2.18 (1.00 to 4.10)"]
    assert table.rows[0].section == "Relapse: Paediatric against adults"


def test_it_says_how_and_why(table: Table) -> None:
    assert "Paediatric against adults: no test is made and no p-value is given: not randomised." in table.footnotes
    assert any("Firth's Cox model (Breslow ties): profile penalised likelihood" in note for note in table.footnotes)
    assert {note for _, note in table.marked} == {"999 arrangements drawn, seed 1", "5 events planned, fewer than 10"}
    assert table.draft == "DRAFT: definitions not signed: RELAPSE"


def test_what_is_printed_is_escaped(table: Table) -> None:
    assert "<script>" not in table_fragment(table)


def test_only_the_endpoints_of_a_chapter(run: Results, compared: DisplaySpec) -> None:
    part = contrasts(replace(run, contrasts=frame(results.CONTRASTS, ROWS)), compared, ["OS"])
    assert part.rows == ()
    assert part.note


@pytest.mark.parametrize(
    ("value", "text"), [(0.00049, "<0.001"), (0.0005, "0.001"), (0.05, "0.050"), (0.9995, ">0.999"), (1, ">0.999")]
)
def test_p_values(value: float, text: str) -> None:
    assert p_value(value) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0, "0.000"),
        (0.0001, "<0.001"),
        (0.0625, "0.063"),
        (0.0996, "0.10"),
        (1.005, "1.01"),
        (99.4, "99.40"),
        (412.4, "412"),
    ],
)
def test_ratios(value: float, text: str) -> None:
    assert ratio(value) == text
