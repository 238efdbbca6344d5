"""The table of courses through states: probabilities and days side by side, and why there are none."""

import pytest

from immrecon.config.display import DisplaySpec
from immrecon.tables.html import table_fragment
from immrecon.tables.model import Table
from immrecon.tables.multistate import state_occupancy
from immrecon.tables.results import Results


@pytest.fixture(scope="module")
def table(run: Results, spec: DisplaySpec) -> Table:
    return state_occupancy(run, spec)


def test_a_section_per_state_and_a_line_per_stratum_and_day(table: Table) -> None:
    assert list(dict.fromkeys(row.section for row in table.rows)) == [
        "Course <of> events: Event-free", "Course <of> events: Dead"
    ]  # fmt: skip
    first = [cell.text for cell in table.rows[0].cells]
    assert first[1:] == ["100", "10", "4", "3", "8", "62.5 (10.0 to 90.0)", "63 (10 to 90)"]
    assert [row.cells[0].text for row in table.rows[:3]][-1] == "All participants"


def test_what_is_not_estimable_has_its_reason(table: Table) -> None:
    cells = table.rows[1].cells
    assert [cell.text for cell in cells[-2:]] == ["NE", "NE"]
    marked = dict(table.marked)
    assert marked[cells[-1].marks[0]] == "follow-up ends on day 60, before day 100"
    assert marked[cells[2].marks[0]].startswith("1 of the population not at risk")


def test_it_says_what_leads_into_the_states_and_that_it_is_a_draft(table: Table) -> None:
    assert table.draft == "DRAFT: definitions not signed: COURSE"
    assert any("Dead: death." in note and "last survival assessment" in note for note in table.footnotes)


def test_text_of_the_configuration_is_escaped(table: Table) -> None:
    html = table_fragment(table)
    assert "Course &lt;of&gt; events" in html
    assert "<b>a source</b>" not in html


def test_only_the_courses_asked_for(run: Results, spec: DisplaySpec) -> None:
    none = state_occupancy(run, spec, [])
    assert none.rows == ()
    assert none.note.startswith("No course through states is configured")
