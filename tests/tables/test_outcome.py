"""Tables of outcome by reconstitution and of external comparisons: numbers, reasons, and what must be known of them."""

from dataclasses import replace
from typing import Any

import pytest
from made_up_results import frame
from made_up_trial import HOSTILE

from immrecon.config.display import DisplaySpec
from immrecon.config.external_specs import ExternalDisplay
from immrecon.config.outcome_specs import OutcomeDisplay
from immrecon.contracts import results
from immrecon.report.outline import outline
from immrecon.tables.external import external_control
from immrecon.tables.html import table_fragment
from immrecon.tables.model import Table
from immrecon.tables.outcome import outcome_contrasts, outcome_estimates
from immrecon.tables.results import Results
from immrecon.tables.shells import build_tables, table_stems

Row = dict[str, Any]
NOTHING = {"estimate": None, "conf_low": None, "conf_high": None, "status": "not estimable"}


def estimate(category: str, **changes: Any) -> Row:
    return {
        "group": "all", "dose_level": "all", "outcome": "BY", "landmark_day": 100.0, "category": category,
        "analysis": "estimate_reconstitution_outcome", "parameter": "OS", "label": "OS", "time_day": 90.0,
        "population": "injected", "clock": "landmark", "n": 11, "n_not_at_risk": 3, "n_events": 1,
        "n_competing": 0, "n_risk": 9, "variance": "greenwood", "method": "kaplan-meier", "conf_type": "beta-product",
        "conf_level": 0.95, "estimate": 0.875, "conf_low": 0.5, "conf_high": 0.98, "status": "estimated",
    } | changes  # fmt: skip


def ratio(**changes: Any) -> Row:
    return {
        "analysis": "estimate_reconstitution_outcome", "comparison": "BY", "comparison_order": 0, "parameter": "OS",
        "population": "injected", "factor": "cd4", "level": "reconstituted", "level_order": 1,
        "reference": "not reconstituted", "stratified_by": "", "measure": "hazard ratio", "horizon": "from day 100",
        "time_day": 100.0, "method": "Firth's Cox model (Breslow ties)", "variance": "model",
        "conf_type": "profile penalised likelihood", "conf_level": 0.95, "n": 25, "n_events": 5, "n_level": 11,
        "n_events_level": 1, "n_reference": 14, "n_events_reference": 4, "estimate": 0.49, "conf_low": 0.05,
        "conf_high": 2.7, "status": "estimated", "reason": "5 events planned, fewer than 10",
    } | changes  # fmt: skip


ESTIMATES = [
    estimate("not reconstituted", n=14, estimate=0.75, conf_low=0.4, conf_high=0.95),
    estimate("reconstituted"), estimate("reconstituted", time_day=180.0, **NOTHING, reason="follow-up ends on day 120, before that day"),
    estimate("reached, not yet confirmed", n=6, n_events=0, estimate=1.0, conf_low=0.54, conf_high=1.0),
    estimate("status not known", n=2, **NOTHING, reason="the status at the landmark is not known: counted, not analysed"),
    estimate("status not known", n=2, time_day=180.0, **NOTHING, reason="the same"),
    estimate("reconstituted", group="ADULT", n=5),
]  # fmt: skip
RATIOS = [
    ratio(),
    ratio(comparison="NOW", comparison_order=1, level="ten times the count", level_order=0, reference=None, horizon="",
          time_day=None, n_level=None, n_events_level=None, n_reference=None, n_events_reference=None, **NOTHING),
]  # fmt: skip


@pytest.fixture(scope="module")
def declared(spec: DisplaySpec) -> DisplaySpec:
    by = OutcomeDisplay.model_validate(
        {
            "code": "BY", "label": "By CD4", "kind": "landmark", "rule": "CD4 > 50/uL", "endpoints": ["OS"],
            "clock_label": "transplant", "figure_landmarks_day": [100], "figure_last_day": 360, "figure_tick_day": 90,
            "p_values": {"shown": False, "reason": "not randomised"}, "source": HOSTILE, "status": "draft",
        }
    )  # fmt: skip
    now = by.model_copy(
        update={"code": "NOW", "label": "By current CD4", "kind": "current value", "figure_landmarks_day": []}
    )
    reference = ExternalDisplay.model_validate(
        {
            "code": "PRINT", "label": HOSTILE, "endpoints": ["CD4IR"], "about": "children", "differences": ["younger", HOSTILE],
            "p_values": {"shown": True, "reason": "exploratory"}, "source": "paper", "status": "draft",
        }
    )  # fmt: skip
    return spec.model_copy(update={"outcomes": [by, now], "externals": [reference]})


@pytest.fixture(scope="module")
def made(run: Results) -> Results:
    return replace(
        run,
        outcome_estimates=frame(results.OUTCOME_ESTIMATES, ESTIMATES),
        outcome_contrasts=frame(results.OUTCOME_CONTRASTS, RATIOS),
        external_control=frame(results.EXTERNAL_CONTROL, EXTERNAL),
    )


def texts(table: Table) -> list[list[str]]:
    return [[cell.text for cell in row.cells] for row in table.rows]


def external(measure: str, source: str = "here", **changes: Any) -> Row:
    return {
        "analysis": "estimate_external_control", "reference": "PRINT", "reference_order": 0, "parameter": "CD4IR",
        "population": "injected", "group": "PAED", "measure": measure, "source": source, "horizon": "day 100",
        "time_day": 100.0, "clock": "transplant", "method": "proportion", "conf_type": "clopper-pearson",
        "conf_level": 0.95, "n": 10, "n_events": 9, "n_unknown": 0, "estimate": 0.9, "conf_low": 0.555,
        "conf_high": 0.9975, "status": "estimated",
    } | changes  # fmt: skip


EXTERNAL = [
    external("exact test of a proportion", horizon="p0 = 0.547", null_value=0.547, method="exact binomial test",
             alternative="greater", p_value=0.0223),
    external("proportion of those whose status is known"),
    external("proportion in print", "reference", n=208, n_events=114, n_unknown=None, method="as printed",
             conf_type="exact", estimate=0.547, conf_low=0.478, conf_high=0.617),
    external("proportion in print", "reference", group="ADULT", n=208, n_events=114, n_unknown=None,
             method="as printed", conf_type="exact", **NOTHING, reason="no reference for this group"),
    external("hazard ratio", "both", group="all", horizon="", time_day=None, n_unknown=None, method="Cox model (Efron ties)",
             conf_type="Wald", variance="model", estimate=0.5, conf_low=0.25, conf_high=1.0, n=96, n_here=36, n_events_here=9),
]  # fmt: skip


def test_a_status_and_its_days_and_once_who_is_not_known(made: Results, declared: DisplaySpec) -> None:
    table = outcome_estimates(made, declared)
    assert texts(table) == [
        ["Reconstituted", "90", "11", "1", "0", "9", "87.5 (50.0 to 98.0)"],
        ["Reconstituted", "180", "11", "1", "0", "9", "NE"],
        ["Reached, not yet confirmed", "90", "6", "0", "0", "9", "100.0 (54.0 to 100.0)"],
        ["Not reconstituted", "90", "14", "1", "0", "9", "75.0 (40.0 to 95.0)"],
        ["Status not known", "90", "2", "1", "0", "9", "NE"],
    ]
    assert table.rows[0].section == "Overall survival: event-free probability from day 100 after transplant on"
    assert table.draft == "DRAFT: definitions not signed: BY"
    notes = " ".join(table.footnotes)
    assert "No evidence of an effect: not randomised" in notes
    assert "CD4 > 50/µL" in notes
    assert "Kaplan-Meier, variance Greenwood, interval beta-product" in notes


def test_ratios_of_landmarks_and_of_the_current_count(made: Results, declared: DisplaySpec) -> None:
    table = outcome_contrasts(made, declared)
    assert texts(table) == [
        [
            "Hazard ratio, from day 100",
            "reconstituted",
            "11",
            "1",
            "14",
            "4",
            "0.49 (0.050 to 2.70)",
            "–",
            "Firth's Cox model (Breslow ties)",
        ],
        ["Hazard ratio", "ten times the count", "25", "5", "–", "–", "NE", "–", "Firth's Cox model (Breslow ties)"],
    ]
    assert any("no test is made and no p-value is given: not randomised" in note for note in table.footnotes)


def test_references_stand_beside_what_is_found_here(made: Results, declared: DisplaySpec) -> None:
    table = external_control(made, declared)
    assert texts(table) == [
        ["Adults", "Proportion in print, day 100", "Reference", "208", "114", "–", "NE", "–", "As printed (exact)"],
        ["Paediatric patients", "Proportion in print, day 100", "Reference", "208", "114", "–", "54.7 (47.8 to 61.7)", "–", "As printed (exact)"],
        ["Paediatric patients", "Proportion of those whose status is known, day 100", "Here", "10", "9", "0", "90.0 (55.5 to 99.8)", "–",
         "Proportion (Clopper-Pearson)"],
        ["Paediatric patients", "Exact test of a proportion, p0 = 54.7%", "Here", "10", "9", "0", "–", "0.022", "Exact binomial test, greater"],
        ["All participants", "Hazard ratio", "Here over reference", "96", "9", "–", "0.50 (0.25 to 1.00)", "–", "Cox model (Efron ties) (Wald)"],
    ]  # fmt: skip
    assert any("The populations differ: younger" in note and "P-values are given" in note for note in table.footnotes)


@pytest.mark.parametrize("build", [outcome_estimates, outcome_contrasts, external_control])
def test_text_of_the_configuration_is_escaped_and_emptiness_is_said(
    build: Any, run: Results, made: Results, declared: DisplaySpec
) -> None:
    assert "<script>" not in table_fragment(build(made, declared))
    empty = build(run, declared.model_copy(update={"outcomes": [], "externals": []}))
    assert empty.rows == ()
    assert empty.note.endswith("is configured.")


def test_tables_and_chapters_are_there_where_something_is_declared(
    made: Results, spec: DisplaySpec, declared: DisplaySpec
) -> None:
    new = {"outcome_estimates", "outcome_contrasts", "external_control"}
    assert set(table_stems(declared)) - set(table_stems(spec)) == new
    tables = build_tables(made, declared)
    anchors = [
        section.anchor for section in outline(made, tables, ["outcome_by_os_day100", "external_control"], declared)
    ]
    at = anchors.index("efficacy")
    assert anchors[at : at + 4] == ["efficacy", "outcome", "external", "quality"]
    sections = {
        section.anchor: section
        for section in outline(made, tables, ["outcome_by_os_day100", "external_control"], declared)
    }
    assert [exhibit.stem for exhibit in sections["outcome"].exhibits] == [
        "outcome_by_os_day100",
        "outcome_estimates",
        "outcome_contrasts",
    ]
    assert [exhibit.stem for exhibit in sections["external"].exhibits] == ["external_control", "external_control"]
    plain = [section.anchor for section in outline(made, build_tables(made, spec), [], spec)]
    assert not {"outcome", "external"} & set(plain)
