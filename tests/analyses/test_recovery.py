"""Thresholds reached, individual trajectories and reconstitution statuses."""

from typing import Any

import polars as pl
import pytest
from numpy.testing import assert_allclose

from immrecon.analyses.recovery import estimate_recovery
from immrecon.contracts.io import validate
from immrecon.contracts.results import PROFILES, STATUS_COUNTS, THRESHOLD_SUMMARY, VISIT_SUMMARY
from immrecon.vocabulary import RECONSTITUTION_STATUSES

from .rows import Row, adlb, adrec, adsl, lb, person, sample, status
from .specs import CD4_RULE, ENDPOINTS, OCCURRENCES, STRATA, recovery_spec

CATEGORIES = list(RECONSTITUTION_STATUSES)


# ---- thresholds -----------------------------------------------------------------------------------------------------


def thresholds(*texts: str | float) -> dict[str, Row]:
    """The pooled day-28 rows of CD4 > 50 and CD4 >= 50, with one participant per result."""
    names = [f"P{i}" for i in range(len(texts))]
    people = adsl(*(person(name) for name in names))
    results = adlb(*(sample(name, 28, text) for name, text in zip(names, texts, strict=True)))
    result = estimate_recovery(people, results, lb(), adrec(), recovery_spec(dose_levels=[])).threshold_summary
    rows = validate(THRESHOLD_SUMMARY, result).filter(visit="D28", group="all").to_dicts()
    return {row["operator"]: row for row in rows}


def limits(row: Row) -> list[float]:
    return [row["estimate"], row["conf_low"], row["conf_high"]]


def test_the_share_above_with_exact_limits() -> None:
    # Above 50: 60 of 50 and 60. 1 of 2: l satisfies 1 - (1 - l)^2 = 0.025. 2 of 2: l^2 = 0.025.
    found = thresholds(50, 60)
    strictly, at_least = found[">"], found[">="]
    assert (strictly["n"], strictly["n_reached"], strictly["n_unknown"]) == (2, 1, 0)
    assert_allclose(limits(strictly), [0.5, 0.01257911709342505, 0.98742088290657495], rtol=1e-10)
    assert (at_least["n"], at_least["n_reached"]) == (2, 2)
    assert_allclose(limits(at_least), [1, 0.15811388300841897, 1], rtol=1e-10)
    assert (strictly["threshold_per_ul"], strictly["target_day"]) == (50, 28)
    assert (strictly["method"], strictly["conf_type"], strictly["conf_level"]) == (
        "proportion",
        "clopper-pearson",
        0.95,
    )


def test_nobody_above() -> None:
    # 0 of 3: the upper limit u satisfies (1 - u)^3 = 0.025.
    row = thresholds(10, "<5", 50)[">"]
    assert (row["n"], row["n_reached"]) == (3, 0)
    assert_allclose(limits(row), [0, 0, 0.7075982261877], rtol=1e-9)


def test_a_result_that_decides_nothing_is_in_neither_number() -> None:
    row = thresholds(60, "<100", ">30", ">2000")[">"]
    assert (row["n"], row["n_unknown"], row["n_reached"]) == (2, 2, 2)
    equal = thresholds(60, "<=50")
    assert (equal[">"]["n"], equal[">"]["n_unknown"]) == (2, 0)
    assert (equal[">="]["n"], equal[">="]["n_unknown"]) == (1, 1)


@pytest.mark.parametrize(("texts", "unknown"), [((), 0), (("<100", "<100"), 2)])
def test_without_a_known_status_there_is_no_estimate(texts: Any, unknown: int) -> None:
    row = thresholds(*texts)[">"]
    assert (row["n"], row["n_unknown"], row["n_reached"]) == (0, unknown, 0)
    assert limits(row) == [None, None, None]
    assert (row["status"], row["reason"]) == ("not estimable", "no sample of known status in the window")


def test_thresholds_of_other_analytes_have_their_own_rows() -> None:
    spec = recovery_spec(thresholds=[{"analyte": "CD3", "operator": ">", "value_per_ul": 300}])
    people, results = adsl(person("P1")), adlb(sample("P1", 28, 400), sample("P1", 28, 301, PARAMCD="CD3"))
    result = validate(THRESHOLD_SUMMARY, estimate_recovery(people, results, lb(), adrec(), spec).threshold_summary)
    assert set(result["parameter"]) == {"CD3"}
    assert result.filter(visit="D28", group="all", dose_level="all")["n_reached"].to_list() == [1]
    assert set(result.select("group", "dose_level").unique().rows()) == STRATA


# ---- trajectories ---------------------------------------------------------------------------------------------------


def test_trajectories_are_in_order_and_say_what_is_a_limit() -> None:
    people = adsl(person("P1"), person("P2", "B", None), person("P3", stage="transplanted"))
    unusable = {"ANL02FL": "N", "ANL01FL": "N", "ANLREAS": "collected after the cut-off", "AVISIT": None}
    results = adlb(
        sample("P1", 28, ">2000"),
        sample("P1", 14, "<5", LLOQ=5.0),
        sample("P1", -7, 300),  # before transplant
        sample("P1", 185, 60, **unusable),
        sample("P1", 14, 60, PARAMCD="NK"),  # not summarised
        sample("P1", 20, 40, PARAMCD="CD3"),
        sample("P2", 0, 30, "B", None),
        sample("P3", 14, 60),  # not in the population
    )
    result = validate(PROFILES, estimate_recovery(people, results, lb(), adrec(), recovery_spec()).profiles)
    columns = ["display_id", "parameter", "sequence", "time_day", "value", "below_limit", "above_limit", "dose_level"]
    assert result.select(columns).rows() == [
        ("P1", "CD3", 0, 20, 40, False, False, "DL1"),
        ("P1", "CD4", 0, 14, 5, True, False, "DL1"),
        ("P1", "CD4", 1, 28, 2000, False, True, "DL1"),
        ("P2", "CD4", 0, 0, 30, False, False, ""),
    ]
    assert result["lloq"].to_list() == [None, 5, None, None]


# ---- reconstitution statuses ----------------------------------------------------------------------------------------


def counts(result: pl.DataFrame, group: str, dose: str = "all") -> list[int]:
    rows = result.filter(group=group, dose_level=dose).sort("category_order")
    assert rows["category"].to_list() == CATEGORIES
    return rows["n"].to_list()


def test_statuses_are_counted_and_add_up() -> None:
    statuses = [
        status("P1", "confirmed"),
        status("P2", "confirmed", dose="DL2"),
        status("P3", "unknown"),
        status("P4", "reached, not yet confirmed", "B"),
        status("P5", "confirmed", "B"),
        status("P6", "competing event before", "B", "DL2"),
        status("P7", "not reached", "B"),
        status("P8", "no sample"),
    ]
    result = estimate_recovery(adsl(), adlb(), lb(), adrec(*statuses), recovery_spec()).status_counts
    result = validate(STATUS_COUNTS, result)
    assert counts(result, "all") == [3, 1, 0, 1, 1, 1, 1]
    assert counts(result, "A") == [2, 0, 0, 0, 1, 0, 1]
    assert counts(result, "B") == [1, 1, 0, 1, 0, 1, 0]
    assert counts(result, "A", "DL2") == [1, 0, 0, 0, 0, 0, 0]
    assert set(result.select("group", "dose_level").unique().rows()) == STRATA
    totals = result.group_by("group", "dose_level").agg(pl.col("n").sum(), pl.col("n_total").unique())
    assert [[n] for n in totals["n"]] == totals["n_total"].to_list()


def test_every_part_of_the_rule_is_printed() -> None:
    result = estimate_recovery(adsl(), adlb(), lb(), adrec(), recovery_spec()).status_counts
    assert result["rule_text"].unique().to_list() == [
        "CD4 > 50/uL on two consecutive samples, the confirming one at least 14 days after the first; first sample on "
        "days 0 to 100 after transplant, confirming sample possibly later; dated by the first sample; no samples from "
        "the day of relapse on"
    ]


def test_rules_are_counted_separately() -> None:
    declared = ENDPOINTS | {"occurrences": OCCURRENCES | {"cd4_200": CD4_RULE | {"value_per_ul": 200}}}
    statuses = adrec(status("P1", "confirmed"), status("P1", "not reached", rule="cd4_200"))
    spec = recovery_spec(endpoints=declared, dose_levels=[])
    result = validate(STATUS_COUNTS, estimate_recovery(adsl(), adlb(), lb(), statuses, spec).status_counts)
    assert counts(result.filter(rule="cd4"), "A") == [1, 0, 0, 0, 0, 0, 0]
    assert counts(result.filter(rule="cd4_200"), "A") == [0, 0, 0, 1, 0, 0, 0]


# ---- all tables of the step -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("people", [adsl(), adsl(person("P1"))], ids=["nobody", "no samples"])
def test_every_table_is_valid_without_samples(people: pl.DataFrame) -> None:
    result = estimate_recovery(people, adlb(), lb(), adrec(), recovery_spec())
    summary = validate(VISIT_SUMMARY, result.visit_summary)
    assert set(summary["status"]) == {"not estimable"}
    assert summary.filter(group="all", dose_level="all")["n_expected"].unique().to_list() == [people.height]
    assert set(validate(THRESHOLD_SUMMARY, result.threshold_summary)["status"]) == {"not estimable"}
    assert validate(PROFILES, result.profiles).height == 0
    assert validate(STATUS_COUNTS, result.status_counts)["n"].sum() == 0


def test_a_configuration_that_declares_nothing() -> None:
    nothing: Row = {"analytes": [], "thresholds": [], "dose_levels": []}
    nothing |= {"visits": {"tie": "earlier", "windows": []}}
    nothing |= {
        "endpoints": {
            "occurrences": {},
            "first_events": {},
            "endpoints": {},
            "definition_grid": None,
            "recurrent_events": {},
        }
    }
    result = estimate_recovery(adsl(person("P1")), adlb(sample("P1", 28)), lb(), adrec(), recovery_spec(**nothing))
    for contract in (VISIT_SUMMARY, THRESHOLD_SUMMARY, PROFILES, STATUS_COUNTS):
        assert validate(contract, getattr(result, contract.name)).height == 0
