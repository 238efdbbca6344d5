"""lifelines agrees with our Kaplan-Meier, log-rank and Cox, and a disagreement is reported."""

from dataclasses import replace
from typing import Any

import polars as pl
import pytest

from immrecon.analyses import second_programmer
from immrecon.analyses.contrasts import estimate_contrasts
from immrecon.contracts.harmonised import SC
from immrecon.contracts.io import validate
from immrecon.contracts.results import SECOND_PROGRAMMER

from .rows import adsl, adtte, followed, person, table
from .specs import comparison, contrast_spec

HISTORIES = [
    (10, "relapse"),
    (10, "death"),
    (15, "alive"),
    (20, "death"),
    (20, "relapse"),
    (31, "death"),
    (40, "alive"),
]
SPEC = contrast_spec(
    {
        "GROUP": comparison(),
        "DOSE": comparison(100, "OS", factor="dose_level", kind="trend", reference=None),
        "AGE": comparison(100, "OS", factor="AGE", kind="continuous", reference=None, per_units=10),
    }
)


def checks(histories: list[tuple[int, str]] = HISTORIES) -> pl.DataFrame:
    places = [("AB"[i % 2], f"DL{1 + i // 2 % 2}") for i in range(len(histories))]
    times = [followed(f"P{i}", *history, *places[i]) for i, history in enumerate(histories)]
    people = [person(f"P{i}", *place, AGE=30.0 + i * i) for i, place in enumerate(places)] or [person("P0")]
    result = estimate_contrasts(adtte(*times), adsl(*people), table(SC, []), SPEC)
    return validate(SECOND_PROGRAMMER, result.second_programmer)


def test_every_estimate_has_a_second_opinion() -> None:
    found = checks()
    assert set(found["outcome"]) <= {"holds", "not applicable"}
    held = found.filter(pl.col("outcome") == "holds")
    assert set(held["identity"]) == {
        "Kaplan-Meier = lifelines", "log-rank = lifelines", "Cox (Efron) = lifelines"
    }  # fmt: skip
    assert {"OS", "RFS", "OS by GROUP", "OS by DOSE", "OS by AGE"} <= set(held["subject"])
    assert (held["largest_difference"] <= 1e-9).all()


@pytest.mark.parametrize(
    ("name", "field", "identity"),
    [
        ("kaplan_meier", None, "Kaplan-Meier = lifelines"),
        ("logrank_test", "statistic", "log-rank = lifelines"),
        ("cox", "coefficient", "Cox (Efron) = lifelines"),
    ],
)
def test_a_wrong_estimate_is_reported(
    monkeypatch: pytest.MonkeyPatch, name: str, field: str | None, identity: str
) -> None:
    right = getattr(second_programmer, name)

    def wrong(*arguments: Any, **options: Any) -> Any:
        result = right(*arguments, **options)
        if field is None:
            return replace(result, survival=result.survival * 0.9)
        return replace(result, **{field: getattr(result, field) + 1e-6})

    monkeypatch.setattr(second_programmer, name, wrong)
    violated = checks().filter(pl.col("outcome") == "violated")
    assert set(violated["identity"]) == {identity}


def test_where_there_is_nothing_it_says_so() -> None:
    assert set(checks([])["outcome"]) == {"not applicable"}
    assert checks([])["reason"].null_count() == 0
    nobody_died = checks([(10, "alive"), (20, "alive")])
    assert set(nobody_died.filter(pl.col("identity") != "Kaplan-Meier = lifelines")["outcome"]) == {"not applicable"}
