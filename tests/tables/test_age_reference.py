"""Tables of counts beside the limits of the age: bounds, reasons as footnotes, every band with its source."""

import pytest

from immrecon.config.display import DisplaySpec
from immrecon.tables.age_reference import limits, visits
from immrecon.tables.html import table_fragment
from immrecon.tables.model import Table
from immrecon.tables.results import Results

from .made_up_results import empty_results


@pytest.fixture(scope="module")
def table(run: Results, spec: DisplaySpec) -> Table:
    assert spec.age_limits is not None
    return visits(run, spec, spec.age_limits.analytes[0])


def texts(table: Table, line: int) -> list[str]:
    return [cell.text for cell in table.rows[line].cells]


def test_a_section_per_visit_and_a_line_per_group(table: Table) -> None:
    assert list(dict.fromkeys(row.section for row in table.rows)) == [
        "Day 30 (target day 30)",
        "Day 180 (target day 180)",
    ]
    assert [texts(table, line)[0] for line in range(3)] == ["Adults", "Paediatric patients", "All participants"]
    assert texts(table, 0)[1:] == [
        "12", "11", "40 (<39 to 41)", "20 (<19 to 21), n=11", "-3.0 (<-4.0 to -2.0), n=10",
        "4 (40.0%) [9.6 to 70.4]", "3 (30.0%) [1.6 to 58.4]",
    ]  # fmt: skip


def test_reasons_and_limits_of_the_laboratory_are_footnotes(table: Table) -> None:
    marked = dict(table.marked)
    of_limit = [marked[letter] for letter in table.rows[0].cells[2].marks]
    assert of_limit == ["some or all samples: <b>age</b> not known", "2 of them by a limit of the laboratory"]
    of_z_score = [marked[letter] for letter in table.rows[0].cells[5].marks]
    assert of_z_score[-1] == "some or all samples: the reference allows no z-score"
    assert "1 unknown (censored beyond the limit)" in marked[table.rows[0].cells[6].marks[-1]]


def test_what_is_not_estimable_has_its_reason(table: Table) -> None:
    line = next(row for row in table.rows if row.section.startswith("Day 180") and row.cells[0].text.startswith("Paed"))
    assert [cell.text for cell in line.cells[3:]] == ["NE", "NE", "NE", "0 (NE)", "0 (NE)"]
    assert dict(table.marked)[line.cells[3].marks[0]] == "no sample in the window"


def test_it_is_a_draft_with_the_sources_used_and_escaped(table: Table) -> None:
    assert table.draft == "DRAFT: definitions not signed: REFERENCE_LIMITS"
    assert any("<i>Shearer</i> (P10-P90); Laboratory (not stated)" in note for note in table.footnotes)
    assert any("the laboratory's own where it sends one" in note for note in table.footnotes)
    html = table_fragment(table)
    assert "&lt;i&gt;Shearer" in html
    assert "<b>age</b>" not in html


def test_every_band_with_a_sample_has_its_limits_source_and_status(run: Results, spec: DisplaySpec) -> None:
    table = limits(run, spec)
    assert [texts(table, line) for line in range(len(table.rows))] == [
        ["6 to <12 years", "650", "980.5", "1500", "P10-P90", "log-normal", "4", "12", "<i>Shearer</i>", "draft"],
        ["18 years and over", "440", "–", "–", "not stated", "none", "9", "27", "Laboratory", "signed"],
    ]
    assert dict(table.marked)[table.rows[0].cells[0].marks[0]] == "median not checked"
    assert table.rows[0].section == "CD4+ T cells (/µL)"


def test_without_results_they_say_why(spec: DisplaySpec) -> None:
    empty = empty_results()
    assert spec.age_limits is not None
    for table in (visits(empty, spec, spec.age_limits.analytes[0]), limits(empty, spec)):
        assert table.rows == ()
        assert table.note.startswith("No sample")
