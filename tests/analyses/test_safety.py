"""Incidence of adverse events, counted by hand."""

import polars as pl
import pytest
from numpy.testing import assert_allclose

from immrecon.analyses.safety import ae_incidence
from immrecon.contracts.io import validate
from immrecon.contracts.results import AE_INCIDENCE

from .rows import Row, adae, adsl, adverse, person
from .specs import METHODS, STRATA, safety_spec

# Adults: P1 has two rashes and an itch, P2 nothing. Children of DL1: P3 has a sepsis, P4 an event that does not
# count. P5 was not injected. Nobody is a child of DL2.
PEOPLE = adsl(
    person("P1"),
    person("P2", dose="DL2"),
    person("P3", "B"),
    person("P4", "B"),
    person("P5", "B", "DL2", stage="transplanted"),
)
EVENTS = adae(
    adverse("P1", "Rash", 2),
    adverse("P1", "Rash", 3, AESER="Y", AEREL="Y", AONGOFL="Y"),
    adverse("P1", "Itch", None),
    adverse("P3", "Sepsis", 5, "B", AEREL="Y"),
    adverse("P4", "Sepsis", 4, "B", ANL01FL="N", TRTEMFL="N", AONGOFL="Y"),
    adverse("P5", "Rash", 3, "B", "DL2", ANL01FL="N"),
)


@pytest.fixture(scope="module")
def incidence() -> pl.DataFrame:
    return validate(AE_INCIDENCE, ae_incidence(PEOPLE, EVENTS, safety_spec()))


def row_of(incidence: pl.DataFrame, group: str, dose: str, soc: str, term: str, category: str = "any grade") -> Row:
    key = {"group": group, "dose_level": dose, "system_organ_class": soc, "preferred_term": term, "category": category}
    return incidence.row(by_predicate=pl.all_horizontal(pl.col(k) == v for k, v in key.items()), named=True)


@pytest.mark.parametrize(
    ("group", "dose", "soc", "term", "category", "n", "participants", "events"),
    [
        ("all", "all", "any", "any", "any grade", 4, 2, 4),
        ("all", "all", "any", "any", "grade >= 3", 4, 2, 2),
        ("all", "all", "any", "any", "serious", 4, 1, 1),
        ("all", "all", "any", "any", "related", 4, 2, 2),
        ("all", "all", "any", "any", "ongoing at the cut-off", 4, 1, 1),
        ("all", "all", "Skin", "any", "any grade", 4, 1, 3),  # one participant, three events
        ("all", "all", "Skin", "Rash", "any grade", 4, 1, 2),
        ("all", "all", "Skin", "Itch", "any grade", 4, 1, 1),
        ("all", "all", "Skin", "Itch", "grade >= 3", 4, 0, 0),  # its grade is missing
        ("A", "all", "Skin", "Rash", "grade >= 3", 2, 1, 1),
        ("A", "all", "Infections", "Sepsis", "any grade", 2, 0, 0),  # a term of the other group: zero, not absent
        ("B", "all", "Infections", "any", "any grade", 2, 1, 1),
        ("all", "DL2", "Skin", "any", "any grade", 1, 0, 0),
        ("A", "DL1", "any", "any", "any grade", 1, 1, 3),
        ("B", "DL2", "any", "any", "any grade", 0, 0, 0),
    ],
)
def test_participants_and_events(
    incidence: pl.DataFrame, group: str, dose: str, soc: str, term: str, category: str,
    n: int, participants: int, events: int,
) -> None:  # fmt: skip
    row = row_of(incidence, group, dose, soc, term, category)
    assert (row["n"], row["n_participants"], row["n_events"]) == (n, participants, events)


def test_every_term_has_every_category_in_every_stratum(incidence: pl.DataFrame) -> None:
    assert set(incidence.select("group", "dose_level").unique().rows()) == STRATA
    # any/any; two classes; three terms: six lines, in five categories.
    assert incidence.height == len(STRATA) * 5 * 6


def test_exact_limits(incidence: pl.DataFrame) -> None:
    # 0 of 2: the upper limit u satisfies (1 - u)^2 = 0.025; 1 of 2: l satisfies 1 - (1 - l)^2 = 0.025.
    none = row_of(incidence, "A", "all", "Infections", "Sepsis")
    assert_allclose([none["estimate"], none["conf_low"], none["conf_high"]], [0, 0, 0.8418861169915811], rtol=1e-12)
    half = row_of(incidence, "A", "all", "Skin", "Rash")
    limits = [0.01257911709342505, 0.98742088290657495]
    assert_allclose([half["estimate"], half["conf_low"], half["conf_high"]], [0.5, *limits], rtol=1e-10)
    assert (half["method"], half["conf_type"], half["conf_level"]) == ("proportion", "clopper-pearson", 0.95)
    assert (half["status"], half["reason"], half["population"]) == ("estimated", None, "injected")


def test_the_confidence_level_is_configured() -> None:
    spec = safety_spec(methods=METHODS | {"conf_level": 0.9})
    result = validate(AE_INCIDENCE, ae_incidence(PEOPLE, EVENTS, spec))
    row = row_of(result, "A", "all", "Infections", "Sepsis")
    assert_allclose(row["conf_high"], 0.7763932022500211, rtol=1e-12)  # 1 - sqrt(0.05)
    assert row["conf_level"] == 0.9


def test_an_empty_stratum_has_no_estimate(incidence: pl.DataFrame) -> None:
    row = row_of(incidence, "B", "DL2", "Skin", "Rash")
    assert [row[name] for name in ("estimate", "conf_low", "conf_high")] == [None] * 3
    assert (row["status"], row["reason"]) == ("not estimable", "nobody in the stratum")


def test_groups_and_dose_levels_add_up(incidence: pl.DataFrame) -> None:
    lines = ["system_organ_class", "preferred_term", "category"]
    counts = ["n", "n_participants", "n_events"]
    pooled = incidence.filter(group="all", dose_level="all").sort(lines).select(counts)
    for parts in (
        incidence.filter(pl.col("group") != "all", dose_level="all"),
        incidence.filter(pl.col("dose_level") != "all", group="all"),
        incidence.filter(pl.col("dose_level") != "all", pl.col("group") != "all"),
    ):
        summed = parts.group_by(lines).agg(pl.col(counts).sum()).sort(lines).select(counts)
        assert summed.equals(pooled)


def test_no_events_and_nobody() -> None:
    for people, n in ((PEOPLE, 4), (adsl(), 0)):
        result = validate(AE_INCIDENCE, ae_incidence(people, adae(), safety_spec()))
        assert set(result["preferred_term"]) == {"any"}
        pooled = row_of(result, "all", "all", "any", "any")
        assert (pooled["n"], pooled["n_participants"]) == (n, 0)
        assert pooled["status"] == ("estimated" if n else "not estimable")


def test_without_dose_levels() -> None:
    result = validate(AE_INCIDENCE, ae_incidence(PEOPLE, EVENTS, safety_spec(dose_levels=[])))
    assert set(result.select("group", "dose_level").rows()) == {("A", "all"), ("B", "all"), ("all", "all")}
