"""The definition grid: each definition is followed by its own rule and competing events, and traced like an endpoint."""

from typing import Any

import pytest

from immrecon.config.endpoints import EndpointsFile

from .cases import Derived, derive
from .configuration import CD4_RULE, ENDPOINTS, FIRST_EVENTS, OCCURRENCES, make_spec
from .records import Row, assessed, event, person, samples


def definition(competing: list[str] = ["relapse", "death"], **rule: Any) -> Row:  # noqa: B006 - never changed
    return {
        "label": "by hand", "rule": CD4_RULE | rule, "competing": competing, "source": "by hand", "status": "draft",
    }  # fmt: skip


def grid_of(**definitions: Row) -> Row:
    return {
        "occurrences": OCCURRENCES,
        "first_events": FIRST_EVENTS,
        "endpoints": ENDPOINTS,
        "recurrent_events": {},
        "definition_grid": {
            "population": "injected", "origin": {"clock": "transplant", "landmark_day": 10}, "day": 100,
            "reference": next(iter(definitions)), "definitions": definitions,
        },
    }  # fmt: skip


ONCE = {"confirmations": 1, "min_spacing_day": 0}


def grid(*people: Row, records: dict[str, Any] | None = None, **definitions: Row) -> Derived:
    return derive(list(people), **(records or {}), spec=make_spec(endpoints=grid_of(**definitions)))


def row(derived: Derived, code: str, name: str = "P1") -> Row:
    return derived.adtte.filter(PARAMCD=code, USUBJID=name).row(0, named=True)


def status(derived: Derived, code: str, name: str = "P1") -> str:
    return str(derived.adrec.filter(RULE=code, USUBJID=name)["STATUS"].item())


def test_each_definition_has_its_own_event_and_date() -> None:
    derived = grid(
        person("P1"), records={"lb": samples("P1", {20: 60, 40: 70})},
        TWICE=definition(), CONFIRMING=definition(event_date="confirming"), ONCE=definition(**ONCE, value_per_ul=65),
    )  # fmt: skip
    assert [(row(derived, code)["CNSR"], row(derived, code)["AVAL"]) for code in ("TWICE", "CONFIRMING", "ONCE")] == [
        (0, 20.0), (0, 40.0), (0, 40.0),
    ]  # fmt: skip
    assert row(derived, "ONCE")["SRCDOM"] == "LB"
    # The ordinary endpoint on the same rule is what it was.
    assert row(derived, "CD4IR")["AVAL"] == 20.0


def test_what_competes_is_the_definition_s_own() -> None:
    derived = grid(
        person("P1"), records={"lb": samples("P1", {20: 10, 40: 60}), "fa": [assessed("P1", "ACUTE_GVHD", 30, 3)]},
        PLAIN=definition(**ONCE), BEFORE=definition(["gvhd34", "relapse", "death"], **ONCE),
    )  # fmt: skip
    assert (row(derived, "PLAIN")["CNSR"], row(derived, "PLAIN")["AVAL"]) == (0, 40.0)
    assert (row(derived, "BEFORE")["CNSR"], row(derived, "BEFORE")["AVAL"]) == (2, 30.0)
    assert status(derived, "PLAIN") == "confirmed"
    assert status(derived, "BEFORE") == "competing event before"


def test_followed_to_the_day_of_the_grid_and_from_its_origin() -> None:
    derived = grid(
        person("P1"), person("P2"),
        records={"lb": [*samples("P1", {20: 10, 110: 60}), *samples("P2", {20: 10})], "ce": [event("P2", "DEATH", 8)]},
        LATE=definition(**ONCE, window={"clock": "transplant", "first_day": 0, "last_day": None}),
    )  # fmt: skip
    assert (row(derived, "LATE")["CNSR"], row(derived, "LATE")["AVAL"]) == (1, 100.0)
    assert row(derived, "LATE", "P2")["RISKFL"] == "N"


BY_AGE = [{"below_age_years": 2, "value_per_ul": 500}, {"below_age_years": 20, "value_per_ul": 248},
          {"below_age_years": None, "value_per_ul": 104}]  # fmt: skip


@pytest.mark.parametrize(
    ("age", "count", "expected"),
    [
        (1.9, 300, "not reached"), (2, 300, "confirmed"), (19.9, 248, "not reached"), (19.9, 249, "confirmed"),
        (20, 105, "confirmed"), (20, 104, "not reached"), (None, 1000, "unknown"),
    ],
)  # fmt: skip
def test_thresholds_by_age_at_enrolment(age: float | None, count: int, expected: str) -> None:
    derived = grid(
        person("P1", AGE=age), records={"lb": samples("P1", {40: count})},
        AGED=definition(**ONCE, value_per_ul=BY_AGE),
    )  # fmt: skip
    assert status(derived, "AGED") == expected


def test_without_an_entry_for_everybody_else_the_older_are_unknown() -> None:
    derived = grid(
        person("P1", AGE=30), records={"lb": samples("P1", {40: 1000})},
        AGED=definition(**ONCE, value_per_ul=BY_AGE[:2]),
    )  # fmt: skip
    assert status(derived, "AGED") == "unknown"


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"reference": "OTHER"}, "definition_grid.reference: OTHER is not declared"),
        ({"definitions": {"OS": definition()}, "reference": "OS"}, 'the code "OS" is given twice'),
        ({"definitions": {"A": definition(["gvhd"])}, "reference": "A"}, "A.competing: gvhd is not declared"),
        ({"definitions": {"A": definition(["cd4"])}, "reference": "A"}, "cd4 is itself a threshold"),
        (
            {"definitions": {"A": definition(value_per_ul=[BY_AGE[2], BY_AGE[0]])}, "reference": "A"},
            "the ages must ascend",
        ),
        ({"definitions": {"A": definition(value_per_ul=[])}, "reference": "A"}, "the ages must ascend"),
    ],
)
def test_a_grid_that_cannot_be_is_refused(change: Row, message: str) -> None:
    content = grid_of(A=definition())
    with pytest.raises(ValueError, match=message):
        EndpointsFile.model_validate(content | {"definition_grid": content["definition_grid"] | change})
