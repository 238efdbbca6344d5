"""Tables of the mixed models: readings beside their sensitivity analyses, and what the models are."""

import pytest

from immrecon.config.display import DisplaySpec
from immrecon.tables.html import table_fragment
from immrecon.tables.model import Table
from immrecon.tables.results import Results
from immrecon.tables.trajectory import trajectory_estimates, trajectory_models


@pytest.fixture(scope="module")
def estimates(run: Results, spec: DisplaySpec) -> Table:
    return trajectory_estimates(run, spec)


@pytest.fixture(scope="module")
def models(run: Results, spec: DisplaySpec) -> Table:
    return trajectory_models(run, spec)


def test_means_of_groups_and_all_then_ratios(estimates: Table) -> None:
    means, ratios = "CD4+ T cells, geometric mean (/µL)", "CD4+ T cells, ratio of geometric means"
    found = [(row.section, row.cells[0].text, row.cells[1].text) for row in estimates.rows]
    assert found == [
        (section, label, day)
        for section, label in (
            (means, "Adults"), (means, "Paediatric patients"), (means, "All participants"),
            (ratios, "Paediatric patients over Adults"),
        )
        for day in ("30", "365")
    ]  # fmt: skip
    assert [cell.text for cell in estimates.rows[0].cells[2:]] == ["10", "9", "8", *["13 (6.3 to 25)"] * 3]
    assert [cell.text for cell in estimates.rows[6].cells[5:]] == ["2.00 (1.00 to 4.00)"] * 3


def test_sensitivity_analyses_are_labelled_beside_the_primary_one(estimates: Table) -> None:
    names = estimates.column_names()
    assert names[5] == "Primary: beyond limits as such (censored): between-within (95% CI)"
    assert [name.split(":")[0] for name in names[6:]] == ["Sensitivity", "Sensitivity"]
    assert not any(name.startswith("p ") for name in names)


def test_what_is_not_estimable_has_its_reason(estimates: Table) -> None:
    cell = estimates.rows[3].cells[5]
    assert cell.text == "NE"
    assert dict(estimates.marked)[cell.marks[0]] == "the last sample that counts is on day 200"


def test_it_says_what_the_means_are_conditional_on(estimates: Table) -> None:
    text = " ".join(estimates.footnotes)
    assert "Geometric mean, missing at random, if alive and relapse-free" in text
    assert "samples from the day of relapse on, and after death are not in the model" in text
    assert "Groups are not randomised" in text
    assert "No p-value is given: not <randomised>" in text
    assert estimates.draft == "DRAFT: definitions not signed: TRAJECTORY"
    assert "<b>a plan</b>" not in table_fragment(estimates)


def test_p_values_where_they_are_shown(run: Results, spec: DisplaySpec) -> None:
    assert spec.trajectory is not None
    asked = spec.model_copy(update={"trajectory": spec.trajectory.model_copy(update={"p_values_shown": True})})
    table = trajectory_estimates(run, asked)
    place = table.column_names().index("p (primary)")
    assert [row.cells[place].text for row in table.rows] == [*["–"] * 6, "0.012", "–"]


def test_models_say_what_they_are_and_how_they_fit(models: Table) -> None:
    by_group = [cell.text for cell in models.rows[0].cells]
    assert by_group == [
        "Group", "beyond limits as such (censored)", "20", "120", "12 (10.0%)", "0.321", "–", "–", "0.150", "0.250",
        "no", "31", "converged", "-0.25 (1)", "0.10 (0)",
    ]  # fmt: skip
    # by Satterthwaite it is the same model: not a line of its own
    assert [row.cells[1].text for row in models.rows[:2]] == [by_group[1], "below limit as 0.5 x limit"]
    assert len(models.rows) == 6


def test_singular_and_missing_models_are_flagged(models: Table) -> None:
    marked = dict(models.marked)
    singular = models.rows[2].cells[12]
    assert (singular.text, singular.emphasis, marked[singular.marks[0]]) == (
        "singular",
        "alert",
        "singular: a variance is 0",
    )
    absent = models.rows[4].cells[5]
    assert (absent.text, marked[absent.marks[0]]) == ("NE", "no level has a curve")
    text = " ".join(models.footnotes)
    assert "CD4: 20 of 28 injected participants have a sample that counts; 4 usable samples are left out" in text
    assert "without a curve: DL1: 2 participants, fewer than <5>" in text


def test_without_a_declaration_there_are_no_tables(spec: DisplaySpec) -> None:
    from immrecon.exhibits import figure_stems, table_stems

    bare = spec.model_copy(update={"trajectory": None})
    assert not [stem for stem in table_stems(bare) if "trajectory" in stem]
    assert figure_stems(bare)["trajectory"] == []
    assert figure_stems(spec)["trajectory"] == [
        "trajectory_model_cd4", "trajectory_participants_cd4", "trajectory_residuals"
    ]  # fmt: skip
