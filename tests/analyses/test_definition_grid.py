"""Definitions side by side: incidence by hand, status changes, and what cannot be estimated."""

from typing import Any

import polars as pl
import pytest

from immrecon.analyses.definition_grid import DefinitionGridResults, estimate_definition_grid
from immrecon.config.specs import DefinitionGridSpec
from immrecon.contracts.analysis import ADREC, ADTTE
from immrecon.contracts.io import validate
from immrecon.contracts.results import DEFINITION_ESTIMATES, DEFINITION_STATUSES

from .rows import Row, table
from .specs import CD4_RULE, DOSES, GROUPS, METHODS


def spec(**changes: Any) -> DefinitionGridSpec:
    definition = {"label": "l", "rule": CD4_RULE, "competing": ["death"], "source": "s", "status": "draft"}
    grid = {
        "population": "injected", "origin": {"clock": "transplant", "landmark_day": 10}, "day": 100,
        "reference": "STRICT", "definitions": {"STRICT": definition, "LOOSE": definition},
    }  # fmt: skip
    content: Row = {"groups": GROUPS, "dose_levels": DOSES, "definition_grid": grid}
    content |= {"methods": METHODS | {"few_at_risk": 2}}
    return DefinitionGridSpec.model_validate(content | changes)


def followed(name: str, code: str, day: float, censored: int, group: str = "A", risk: str = "Y") -> Row:
    return {
        "USUBJID": name, "PARAMCD": code, "PARAM": code, "FIRSTEV": code, "DISPID": name, "GROUP": group,
        "DOSELVL": "DL1", "AENTRY": 10.0, "AVAL": day, "CNSR": censored, "EVNTDESC": "x",
        "CAUSE": None if censored == 1 else ("death" if censored == 2 else code), "RISKFL": risk,
        "NRISKREA": None if risk == "Y" else "prevalent",
    }  # fmt: skip


def standing(name: str, code: str, status: str, group: str = "A") -> Row:
    return {
        "USUBJID": name, "RULE": code, "DISPID": name, "GROUP": group, "DOSELVL": "DL1", "STATUS": status,
        "NSAMPLES": 3, "NUNKNOWN": 0, "WINCLFL": "Y", "RISKFL": "Y",
    }  # fmt: skip


def results(adtte: list[Row], adrec: list[Row], **changes: Any) -> DefinitionGridResults:
    found = estimate_definition_grid(table(ADTTE, adtte), table(ADREC, adrec), spec(**changes))
    return DefinitionGridResults(
        validate(DEFINITION_ESTIMATES, found.estimates), validate(DEFINITION_STATUSES, found.statuses)
    )


def row(found: DefinitionGridResults, definition: str, group: str = "all") -> Row:
    return found.estimates.filter(definition=definition, group=group, dose_level="all").row(0, named=True)


# Four at risk: event on 20, death on 30, event on 50, followed to 100.
FOUR = [("P1", 20.0, 0), ("P2", 30.0, 2), ("P3", 50.0, 0), ("P4", 100.0, 1)]


def test_incidence_by_hand() -> None:
    found = results([followed(name, "STRICT", day, censored) for name, day, censored in FOUR], [])
    strict = row(found, "STRICT")
    # day 20: 1/4; day 30: survival 1/2; day 50: 1/4 + 1/2 x 1/2 = 1/2
    assert strict["estimate"] == pytest.approx(0.5, abs=1e-12)
    assert (strict["n"], strict["n_events"], strict["n_competing"], strict["n_risk"]) == (4, 2, 1, 1)
    # Without censoring before, the variance is the binomial one: standard error 0.25 (R: survfit the same);
    # limits in R: 0.5^exp(c(-1, 1) * qnorm(.975) * 0.25 / (0.5 * log(0.5)))
    assert strict["conf_low"] == pytest.approx(0.05784708, abs=1e-8)
    assert strict["conf_high"] == pytest.approx(0.8448613, abs=1e-7)
    assert strict["reason"] == "1 at risk on the day"


def test_no_event_yet_has_an_exact_bound() -> None:
    found = results([followed(f"P{i}", "STRICT", 100.0, 1) for i in range(6)], [])
    strict = row(found, "STRICT")
    assert (strict["estimate"], strict["conf_low"]) == (0.0, 0.0)
    assert strict["conf_high"] == pytest.approx(1 - 0.025 ** (1 / 6), abs=1e-12)
    assert "exact one-sided bound" in strict["reason"]


def test_nobody_at_risk_and_follow_up_too_short() -> None:
    found = results(
        [followed("P1", "STRICT", 40.0, 1), followed("P2", "STRICT", 12.0, 0, group="B", risk="N")], []
    )  # fmt: skip
    assert row(found, "STRICT")["reason"] == "follow-up ends on day 40, before the day"
    assert row(found, "STRICT", "B")["reason"] == "nobody at risk"
    assert row(found, "STRICT", "B")["n_not_at_risk"] == 1
    assert row(found, "LOOSE")["reason"] == "nobody at risk"
    assert found.estimates.filter(pl.col("estimate").is_not_null()).is_empty()


def test_who_changes_status() -> None:
    strict = {"P1": "confirmed", "P2": "reached, not yet confirmed", "P3": "confirmed", "P4": "unknown"}
    loose = {
        "P1": "confirmed",
        "P2": "confirmed",
        "P3": "competing event before",
        "P4": "not reached",
        "P5": "confirmed",
    }
    rows = [standing(name, "STRICT", status) for name, status in strict.items()]
    rows += [standing(name, "LOOSE", status, group="B" if name == "P2" else "A") for name, status in loose.items()]
    found = results([], rows)
    # P2 gained, P3 lost, P4 not reached either way; P5 has no status by the reference, so is no change.
    assert (row(found, "LOOSE")["n_gained"], row(found, "LOOSE")["n_lost"]) == (1, 1)
    assert (row(found, "LOOSE", "B")["n_gained"], row(found, "LOOSE", "B")["n_lost"]) == (1, 0)
    assert (row(found, "STRICT")["n_gained"], row(found, "STRICT")["n_lost"]) == (0, 0)
    differing = found.statuses.filter("differs").select("definition", "display_id").rows()
    assert sorted(differing) == [("LOOSE", "P2"), ("LOOSE", "P3")]
    assert found.statuses.height == 9


def test_without_a_grid_there_are_no_rows() -> None:
    found = results([followed("P1", "STRICT", 20.0, 0)], [], definition_grid=None)
    assert found.estimates.is_empty()
    assert found.statuses.is_empty()
