"""The definition grid as a figure: every definition and participant, in the configured order, with what differs."""

from typing import Any

import polars as pl
import pytest

from immrecon.config.display import DefinitionGridDisplay, DisplaySpec
from immrecon.contracts.results import DEFINITION_ESTIMATES, DEFINITION_STATUSES
from immrecon.figures.definition_grid import draw_definition_grid, draw_grid

from .reading import layout_faults, words_of
from .synthetic_spec import make_spec

GRID = DefinitionGridDisplay(
    day=100, clock_label="transplant", landmark_day=10, population="injected", reference="TWICE",
    competing_labels={}, unsigned=["TWICE", "ONCE"],
)  # fmt: skip


@pytest.fixture(scope="module")
def grid_spec() -> DisplaySpec:
    return make_spec(definition_grid=GRID)


def estimates(groups: list[str], n: int) -> pl.DataFrame:
    rows = [
        {
            "group": group, "dose_level": "all", "definition": code, "definition_order": order,
            "label": f"CD4 > 50 {code.lower()}", "n": n, "method": "aalen-johansen", "variance": "v",
            "conf_type": "log-log", "conf_level": 0.95, "estimate": 0.5 if n else None,
            "conf_low": 0.2 if n else None, "conf_high": 0.8 if n else None,
            "status": "estimated" if n else "not estimable", "reason": None if n else "nobody at risk",
        }
        for order, code in enumerate(("TWICE", "ONCE"))
        for group in [*groups, "all"]
    ]  # fmt: skip
    return pl.DataFrame(rows, schema=DEFINITION_ESTIMATES.schema.create_empty().schema)


def statuses(groups: list[str], n: int) -> pl.DataFrame:
    rows: list[dict[str, Any]] = [
        {
            "definition": code, "display_id": f"S-{i:03}", "participant_order": i, "group": groups[i * len(groups) // n],
            "category": "confirmed" if i % 2 else "not reached", "reached_day": None, "differs": code == "ONCE" and i == 1,
        }
        for code in ("TWICE", "ONCE")
        for i in range(n)
    ]  # fmt: skip
    return pl.DataFrame(rows, schema=DEFINITION_STATUSES.schema.create_empty().schema)


@pytest.mark.parametrize(("n", "rows"), [(20, 1), (36, 2), (90, 0)])
def test_names_of_participants_can_be_read_or_are_left_out(grid_spec: DisplaySpec, n: int, rows: int) -> None:
    groups = [group.code for group in grid_spec.groups]
    figure = draw_grid(estimates(groups, n), statuses(groups, n), grid_spec, GRID)
    names = [text for text in figure.texts if text.get_text().startswith("S-")]
    assert len(names) == (n if rows else 0)
    assert len({round(text.get_position()[1], 6) for text in names}) == rows
    assert min([text.get_fontsize() for text in names], default=7) >= 6
    assert layout_faults(figure) == []


def test_every_definition_and_participant_is_named(grid_spec: DisplaySpec) -> None:
    groups = [group.code for group in grid_spec.groups]
    figure = draw_grid(estimates(groups, 20), statuses(groups, 20), grid_spec, GRID)
    words = words_of(figure)
    assert {"CD4 > 50 twice", "CD4 > 50 once"} <= set(words)
    assert {f"S-{i:03}" for i in range(20)} <= set(words)
    assert layout_faults(figure) == []
    assert "DRAFT DEFINITION" in words
    assert any("Data cut-off" in line for line in words)


def test_one_cell_is_on_coloured_ground(grid_spec: DisplaySpec) -> None:
    groups = [group.code for group in grid_spec.groups]
    figure = draw_grid(estimates(groups, 20), statuses(groups, 20), grid_spec, GRID)
    grounds = [patch for axes in figure.axes for patch in axes.collections]
    assert len(grounds) == 1
    left, right = grounds[0].get_datalim(grounds[0].axes.transData).intervalx
    assert (left, right) == pytest.approx((0.5, 1.5))


def test_many_participants_lose_their_names_not_their_place(grid_spec: DisplaySpec) -> None:
    groups = [group.code for group in grid_spec.groups]
    figure = draw_grid(estimates(groups, 300), statuses(groups, 300), grid_spec, GRID)
    assert "S-001" not in {label.get_text() for axes in figure.axes for label in axes.get_xticklabels()}
    assert sum(len(line.get_xdata()) for line in figure.axes[1].lines if line.get_linestyle() == "None") == 600


def test_nobody_at_risk_is_said_in_words(grid_spec: DisplaySpec) -> None:
    figure = draw_grid(estimates(["A"], 0), statuses(["A"], 1).clear(), grid_spec, GRID)
    assert any("Nobody of the population is at risk" in line for line in words_of(figure))


def test_without_a_grid_there_is_no_figure(spec: DisplaySpec) -> None:
    assert draw_definition_grid(estimates(["A"], 0), statuses(["A"], 1), spec) == {}
