"""The funnel, accrual and queries: counted by hand, and adding up over groups and dose levels."""

from collections.abc import Sequence
from datetime import date
from typing import Any

import polars as pl
import pytest

from immrecon.analyses.disposition import accrual, by_day, estimate_disposition, funnel, query_counts
from immrecon.contracts.harmonised import QUERIES_CLINICAL, SC
from immrecon.contracts.io import validate
from immrecon.contracts.results import ACCRUAL, BASELINE, FUNNEL, QUERY_COUNTS, TIMELINES

from .rows import Row, adlb, adoc, adsl, on, person, sample, table
from .specs import STRATA, disposition_spec

NOT_ENROLLED = {"group": None, "dose": None, "stage": "screened"}
PEOPLE = adsl(
    person("P1"),
    person("P2", stage="injected", EVALREAS="no CD4 sample"),
    person("P3", "A", "DL2", stage="transplanted", NINJREAS="product failed"),
    person("P4", "B", "DL1", stage="enrolled", NHSCREAS="donor withdrew"),
    person("P5", "B", "DL2"),
    person("P6", "B", "DL2", stage="transplanted"),
    person("P7", **NOT_ENROLLED, SCRFREAS="no donor"),
    person("P8", **NOT_ENROLLED),
    person("P9", **NOT_ENROLLED, SCRFREAS="no donor"),
)


# ---- funnel ---------------------------------------------------------------------------------------------------------


def stages(result: pl.DataFrame, group: str, dose: str = "all") -> list[tuple[int, int]]:
    """Participants, and those lost, per stage."""
    return result.filter(group=group, dose_level=dose).sort("stage_order").select("n", "n_lost").rows()


def test_evaluable_follows_the_population_it_is_defined_on() -> None:
    # P1 was not injected, yet has the samples that the transplanted need.
    people = adsl(person("P1", stage="transplanted", EVALFL="Y"), person("P2", stage="injected", EVALREAS="few"))
    spec = disposition_spec(evaluable={"of": "transplanted", "analyte": "CD4", "min_samples": 1})
    result = validate(FUNNEL, funnel(people, spec))
    assert stages(result, "all") == [(2, 0), (2, 0), (2, 0), (1, 1), (1, 1)]
    assert result.filter(group="all", dose_level="all", stage="evaluable")["loss_reasons"].to_list() == ["few (1)"]


def test_participants_per_stage() -> None:
    result = validate(FUNNEL, funnel(PEOPLE, disposition_spec()))
    assert stages(result, "all") == [(9, 0), (6, 3), (5, 1), (3, 2), (2, 1)]
    assert stages(result, "A") == [(3, 0), (3, 0), (3, 0), (2, 1), (1, 1)]
    assert stages(result, "B") == [(3, 0), (3, 0), (2, 1), (1, 1), (1, 0)]
    assert stages(result, "A", "DL1") == [(2, 0), (2, 0), (2, 0), (2, 0), (1, 1)]
    assert stages(result, "all", "DL2") == [(3, 0), (3, 0), (3, 0), (1, 2), (1, 0)]
    order = result.filter(group="all", dose_level="all").sort("stage_order")["stage"].to_list()
    assert order == ["screened", "enrolled", "transplanted", "injected", "evaluable"]


def test_reasons_are_counted_and_missing_ones_said_to_be() -> None:
    result = funnel(PEOPLE, disposition_spec())
    reasons = result.filter(group="all", dose_level="all").sort("stage_order")["loss_reasons"].to_list()
    assert reasons == [
        None,
        "no donor (2); no reason recorded (1)",
        "donor withdrew (1)",
        "pending at the cut-off (1); product failed (1)",  # equally frequent: by name
        "no CD4 sample (1)",
    ]


def test_the_funnel_adds_up_over_stages_groups_and_dose_levels() -> None:
    result = validate(FUNNEL, funnel(PEOPLE, disposition_spec()))
    assert set(result.select("group", "dose_level").rows()) == STRATA
    for _, rows in result.sort("stage_order").group_by("group", "dose_level"):
        before = rows["n"].shift(1).fill_null(rows["n"][0])
        assert (rows["n"] + rows["n_lost"]).to_list() == before.to_list()
    # From enrolment on everybody has a group and a dose level.
    after = result.filter(pl.col("stage") != "screened").sort("stage_order")
    pooled = after.filter(group="all", dose_level="all")["n"].to_list()
    for parts in (
        after.filter(pl.col("group") != "all", dose_level="all"),
        after.filter(pl.col("dose_level") != "all", group="all"),
        after.filter(pl.col("dose_level") != "all", pl.col("group") != "all"),
    ):
        assert parts.group_by("stage_order").agg(pl.col("n").sum()).sort("stage_order")["n"].to_list() == pooled


def test_without_dose_levels_there_are_groups_only() -> None:
    result = funnel(PEOPLE, disposition_spec(dose_levels=[]))
    assert set(result.select("group", "dose_level").rows()) == {("A", "all"), ("B", "all"), ("all", "all")}


def test_a_participant_without_a_dose_level_is_in_the_group_and_in_no_level() -> None:
    result = validate(FUNNEL, funnel(adsl(person("P1", dose=None), person("P2")), disposition_spec()))
    assert stages(result, "A")[-1] == (2, 0)
    assert stages(result, "A", "DL1")[-1] == (1, 0)
    assert stages(result, "A", "DL2")[-1] == (0, 0)


@pytest.mark.parametrize(("group", "dose"), [(None, None), ("Z", "DL9"), ("all", "all")])
def test_totals_add_up_when_groups_and_levels_are_missing_or_not_configured(
    group: str | None, dose: str | None
) -> None:
    people = adsl(person("P1"), person("P2", "B", dose), person("P3", group, "DL1"), person("P4", group, dose))
    result = validate(FUNNEL, funnel(people, disposition_spec()))
    assert set(result.select("group", "dose_level").rows()) == STRATA | {
        ("", "all"), ("all", ""), ("", "DL1"), ("", "DL2"), ("A", ""), ("B", ""), ("", ""),
    }  # fmt: skip
    assert stages(result, "all") == [(4, 0)] * 5
    assert stages(result, "A") == stages(result, "B") == [(1, 0)] * 5
    assert stages(result, "") == [(2, 0)] * 5
    assert stages(result, "all", "") == [(2, 0)] * 5
    assert stages(result, "", "") == stages(result, "B", "") == [(1, 0)] * 5


def test_missing_dates_are_counted_where_they_matter() -> None:
    people = adsl(
        person("P1", DTHUNFL="Y"),
        person("P2", "B", WDUNFL="Y", stage="transplanted"),
        person("P3", TRTSDT=None, TRTSDY=None),
        person("P4", HSCTDT=None, HSCTDY=None, TRTSDY=None),
        person("P5", stage="transplanted", DTHUNFL="Y"),
    )
    result = validate(FUNNEL, funnel(people, disposition_spec())).filter(dose_level="all")
    names = ["n_death_undated", "n_left_undated", "n_clock_unknown"]
    assert result.filter(group="all", stage="screened").select(names).row(0) == (2, 1, 2)
    assert result.filter(group="all", stage="injected").select(names).row(0) == (1, 0, 2)
    assert result.filter(group="B", stage="screened").select(names).row(0) == (0, 1, 0)
    # Nobody of whom a death or a withdrawal is recorded is still awaited.
    lost = result.filter(stage="injected", group="all")["loss_reasons"].item()
    assert lost == "no reason recorded (2)"


def test_screen_failures_without_a_group_need_no_place_of_their_own() -> None:
    result = funnel(adsl(person("P1"), person("P2", **NOT_ENROLLED)), disposition_spec())
    assert set(result.select("group", "dose_level").rows()) == STRATA


def test_nobody() -> None:
    result = validate(FUNNEL, funnel(adsl(), disposition_spec()))
    assert set(result.select("group", "dose_level").rows()) == STRATA
    assert set(result.select("n", "n_lost", "loss_reasons").rows()) == {(0, 0, None)}


# ---- accrual --------------------------------------------------------------------------------------------------------


def counts(people: pl.DataFrame, **changes: Any) -> dict[date, tuple[Any, ...]]:
    """Per month: enrolled, transplanted, injected, planned."""
    result = validate(ACCRUAL, accrual(people, disposition_spec(**changes)))
    found: dict[date, tuple[Any, ...]] = {}
    for month in result["month"].unique(maintain_order=True):
        rows = {row["stage"]: row for row in result.filter(month=month).to_dicts()}
        numbers = [rows[stage]["n_cumulative"] for stage in ("enrolled", "transplanted", "injected")]
        found[month] = (*numbers, rows["enrolled"]["planned_cumulative"])
    return found


def test_cumulative_numbers_at_the_end_of_each_month() -> None:
    people = adsl(
        person("P1", ENRLDT=date(2026, 1, 31), HSCTDT=date(2026, 2, 1), TRTSDT=date(2026, 2, 6)),
        person("P2", ENRLDT=date(2026, 2, 28), HSCTDT=date(2026, 4, 30), stage="transplanted"),
        person("P3", **NOT_ENROLLED),
    )
    assert counts(people) == {
        date(2026, 1, 1): (1, 0, 0, None),
        date(2026, 2, 1): (2, 1, 1, None),
        date(2026, 3, 1): (2, 1, 1, None),
        date(2026, 4, 1): (2, 2, 1, None),
        date(2026, 5, 1): (2, 2, 1, None),  # nobody came any more until the cut-off
        date(2026, 6, 1): (2, 2, 1, None),
    }


def test_the_plan_stands_beside_and_months_after_the_cutoff_have_no_number() -> None:
    plan = [
        {"month": date(2025, 12, 1), "planned_cumulative": 1},
        {"month": date(2026, 7, 1), "planned_cumulative": 4},
    ]
    people = adsl(person("P1", ENRLDT=on(150), HSCTDT=on(160), TRTSDT=on(165)))  # 31 May, 10 June, 15 June
    found = counts(people, accrual_plan=plan)
    assert list(found) == [date(2025, 12, 1), *(date(2026, month, 1) for month in range(1, 8))]
    assert found[date(2025, 12, 1)] == (0, 0, 0, 1)
    assert found[date(2026, 5, 1)] == (1, 0, 0, None)
    assert found[date(2026, 6, 1)] == (1, 1, 1, None)
    assert found[date(2026, 7, 1)] == (None, None, None, 4)


def test_without_dates_or_without_a_cutoff_there_is_no_accrual() -> None:
    assert counts(adsl()) == {}
    assert counts(adsl(person("P1", ENRLDT=None, HSCTDT=None, TRTSDT=None))) == {}
    assert counts(adsl(person("P1")), cutoff_date=None) == {}


def test_accrual_goes_on_to_the_month_of_the_cutoff() -> None:
    found = counts(adsl(person("P1", ENRLDT=on(0), HSCTDT=on(10), TRTSDT=on(15))))
    assert max(found) == date(2026, 6, 1)


# ---- queries --------------------------------------------------------------------------------------------------------


def query(number: int, domain: str, kind: str, severity: str, cells: int, message: str) -> Row:
    return {
        "QUSEQ": number, "QUDOM": domain, "SRCFILE": "labs.csv", "QUKIND": kind, "QUSEV": severity, "QUMSG": message,
        "QUNCELL": cells,
    }  # fmt: skip


def counted_queries(
    queries: list[pl.DataFrame] | None = None,
    results: pl.DataFrame | None = None,
    unused: Sequence[str] = (),
    occurrences: Sequence[tuple[str, str, float]] = (),
) -> pl.DataFrame:
    results = adlb() if results is None else results
    classified = by_day(results, adoc(*occurrences), disposition_spec().endpoints)
    found = query_counts(queries or [table(QUERIES_CLINICAL, [])], results, list(unused), classified)
    return validate(QUERY_COUNTS, found)


def test_a_file_that_nothing_names_is_reported() -> None:
    row = counted_queries(unused=["labs/extra.csv"]).row(0, named=True)
    assert (row["source_file"], row["kind"], row["severity"]) == ("labs/extra.csv", "file_not_used", "warning")


def test_queries_are_counted_with_their_cells_and_without_any_value() -> None:
    labs = table(
        QUERIES_CLINICAL,
        [
            query(3, "LB", "unit_unknown", "error", 2, "third"),
            query(1, "LB", "unit_unknown", "error", 5, "first"),
            query(2, "LB", "unit_unknown", "warning", 0, "second"),
        ],
    )
    clinical = table(QUERIES_CLINICAL, [query(1, "CE", "date_unreadable", "error", 0, "clinical")])
    result = counted_queries([labs, clinical])
    assert result.select("domain", "kind", "severity", "n_queries", "n_cells", "example").rows() == [
        ("CE", "date_unreadable", "error", 1, 0, "date unreadable"),
        ("LB", "unit_unknown", "error", 2, 7, "unit unknown"),
        ("LB", "unit_unknown", "warning", 1, 0, "unit unknown"),
    ]


def test_results_that_are_not_usable_are_notes() -> None:
    late = {"ANL02FL": "N", "ANL01FL": "N", "ANLREAS": "collected after the cut-off"}
    results = adlb(sample("P1", 14), sample("P1", 185, **late), sample("P1", 190, **late))
    result = counted_queries(results=results)
    assert result.select("domain", "source_file", "kind", "severity", "n_queries", "n_cells").rows() == [
        ("ADLB", "labs.csv", "collected_after_the_cut-off", "note", 2, 0)
    ]


def test_results_of_before_transplant_and_after_relapse_are_counted_and_used() -> None:
    """From the day of the first relapse on; one that is after death too is not usable, and counted as such."""
    late = {"ANL02FL": "N", "ANL01FL": "N", "ANLREAS": "collected after death"}
    results = adlb(*(sample("P1", day) for day in (-9, 0, 14, 40, 60)), sample("P1", 90, **late), sample("P2", 60))
    happened = [("P1", "relapse", 40.0), ("P1", "relapse", 70.0), ("P2", "death", 50.0), ("P2", "relapse", 61.0)]
    found = counted_queries(results=results, occurrences=happened)
    assert set(found.select("domain", "kind", "severity", "n_queries", "n_cells").rows()) == {
        ("ADLB", "collected_after_death", "note", 1, 0),
        ("ADLB, by day", "collected_before_transplant", "note", 1, 0),
        ("ADLB, by day", "collected_on_or_after_relapse", "note", 2, 0),
    }


# ---- all tables of the step -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("people", [adsl(), adsl(person("P1"))], ids=["nobody", "no records"])
def test_every_table_is_valid_without_records(people: pl.DataFrame) -> None:
    spec = disposition_spec(
        baseline=[{"code": "AGE", "label": "Age", "kind": "numeric", "unit": "years", "known_at": "enrolment"}]
    )
    empty = table(QUERIES_CLINICAL, [])
    result = estimate_disposition(people, table(SC, []), adoc(), adlb(), [empty, empty], [], spec)
    sizes = {
        contract.name: validate(contract, getattr(result, contract.name)).height
        for contract in (FUNNEL, ACCRUAL, BASELINE, TIMELINES, QUERY_COUNTS)
    }
    assert sizes["funnel"] == 5 * len(STRATA)
    assert sizes["baseline"] == len(STRATA)
    assert sizes["query_counts"] == 0
    assert (sizes["timelines"] > 0) == (people.height > 0)
