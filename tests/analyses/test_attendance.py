"""Who is expected at a visit, who is sampled, and why a sample is missing: by hand."""

from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from immrecon.analyses.recovery import Recovery, estimate_recovery
from immrecon.contracts.io import validate
from immrecon.contracts.results import MISSED_SAMPLES, VISIT_SUMMARY, VISIT_VALUES

from .rows import CUTOFF, Row, adlb, adrec, adsl, died, lb, on, person, sample, unused
from .specs import STRATA, recovery_spec


def recovered(people: pl.DataFrame, samples: pl.DataFrame, results: pl.DataFrame, **changes: Any) -> Recovery:
    result = estimate_recovery(people, samples, results, adrec(), recovery_spec(**changes))
    validate(VISIT_SUMMARY, result.visit_summary)
    validate(VISIT_VALUES, result.visit_values)
    validate(MISSED_SAMPLES, result.missed_samples)
    return result


def at_day_28(samples: list[Row], results: list[Row]) -> tuple[str, str | None]:
    """State and reason of the one participant at the day-28 visit of CD4 (days 23 to 34)."""
    values = recovered(adsl(person("P")), adlb(*samples), lb(*results)).visit_values
    row = values.row(by_predicate=(pl.col("parameter") == "CD4") & (pl.col("visit") == "D28"), named=True)
    return row["state"], row["reason"]


@pytest.mark.parametrize(
    ("samples", "results", "expected"),
    [
        ([], [], ("missed", "no usable result received")),
        ([sample("P", 28)], [unused("P", 27, "not done", "haemolysed")], ("sampled", None)),
        ([], [unused("P", 27, "not done", "haemolysed")], ("missed", "haemolysed")),
        ([], [unused("P", 27, "excluded", "sample of the donor")], ("missed", "sample of the donor")),
        ([], [unused("P", 27, "not done", None)], ("missed", "no reason given")),
        # Limits are included; the days beyond them are not, nor a result of another analyte, or without a day.
        ([], [unused("P", 23, "not done", "clotted")], ("missed", "clotted")),
        ([], [unused("P", 34, "not done", "clotted")], ("missed", "clotted")),
        ([], [unused("P", 35, "not done", "clotted")], ("missed", "no usable result received")),
        ([], [unused("P", 28, "not done", "clotted", "CD3")], ("missed", "no usable result received")),
        ([], [unused("P", None, "not done", "clotted")], ("missed", "no usable result received")),
        # A result that another replaced says nothing of its own.
        ([], [unused("P", 28, "superseded", "replaced")], ("missed", "no usable result received")),
        # Of several the one nearest to the target day, not done before excluded, then the lower record number.
        (
            [],
            [unused("P", 24, "not done", "clotted"), unused("P", 29, "not done", "haemolysed")],
            ("missed", "haemolysed"),
        ),
        ([], [unused("P", 28, "excluded", "blasts"), unused("P", 24, "not done", "clotted")], ("missed", "clotted")),
        ([], [unused("P", 28, "not done", "first"), unused("P", 28, "not done", "second")], ("missed", "first")),
        # Between the neighbouring windows: after day 17 (the end of the day-14 visit), to day 34 and its width.
        ([sample("P", 18)], [], ("missed", "sampled outside the window only")),
        ([sample("P", 44)], [], ("missed", "sampled outside the window only")),
        ([sample("P", 45)], [], ("missed", "no usable result received")),
        ([sample("P", 16)], [], ("missed", "no usable result received")),
        ([sample("P", 18)], [unused("P", 30, "not done", "clotted")], ("missed", "clotted")),
        # Not usable (dated after a death, say): it does not count as a sample outside.
        ([sample("P", 18, ANL02FL="N", ANLREAS="collected after death")], [], ("missed", "no usable result received")),
    ],
)
def test_one_reason_each(samples: list[Row], results: list[Row], expected: tuple[str, str | None]) -> None:
    assert at_day_28(samples, results) == expected


@pytest.mark.parametrize(
    ("changes", "state"),
    [
        ({}, "missed"),
        (died(34), "dead"),
        (died(35), "missed"),
        ({"DTHFL": "Y", "DTHHIDY": 34.0}, "dead"),
        ({"DTHUNFL": "Y"}, "follow-up not known"),
        ({"WDDT": on(34)}, "left the study"),
        ({"WDDT": on(35)}, "missed"),
        ({"WDDT": on(20)} | died(30), "dead"),
        ({"WDUNFL": "Y"}, "follow-up not known"),
        # The cut-off is day 180 of a transplant on day 0: the window ends on it, or a day later.
        ({"HSCTDT": on(180 - 34)}, "missed"),
        ({"HSCTDT": on(180 - 33)}, "not yet due"),
    ],
)
def test_only_who_was_there_is_missed(changes: Row, state: str) -> None:
    result = recovered(adsl(person("P", **changes)), adlb(), lb())
    at = (pl.col("parameter") == "CD4") & (pl.col("visit") == "D28")
    assert result.visit_values.filter(at)["state"].to_list() == [state]
    summary = result.visit_summary.filter(at, pl.col("group") == "all", pl.col("dose_level") == "all")
    assert summary["n_expected"].to_list() == [int(state == "missed")]


def test_without_a_cutoff_every_window_is_over() -> None:
    result = recovered(adsl(person("P")), adlb(), lb(), cutoff_date=None)
    assert set(result.visit_values["state"]) == {"missed"}
    assert CUTOFF is not None


def test_a_relative_day_places_a_result_without_a_date() -> None:
    undated = unused("P", None, "not done", "clotted", LBDY=28.0)
    assert at_day_28([], [undated]) == ("missed", "clotted")


@settings(max_examples=12, deadline=None, derandomize=True)
@given(
    st.lists(
        st.tuples(
            st.sampled_from(["A", "B", None]), st.sampled_from(["DL1", "DL2"]), st.sampled_from([None, 20, 28, 40]),
            st.sampled_from(["clotted", "haemolysed", None]), st.sampled_from([None, 30, 90]),
        ),
        max_size=8,
    )
)  # fmt: skip
def test_reasons_add_up_to_expected_less_sampled(drawn: list[tuple[Any, ...]]) -> None:
    people, samples, results = [], [], []
    for index, (group, dose, day, reason, death) in enumerate(drawn):
        name = f"P{index}"
        people.append(person(name, group, dose, **(died(death) if death else {})))
        if day is not None and (death is None or day <= death):
            samples.append(sample(name, day, group=group, dose=dose))
        if reason is not None:
            results.append(unused(name, 27, "not done", reason))
    result = recovered(adsl(*people), adlb(*samples), lb(*results))
    key = ["group", "dose_level", "parameter", "visit"]
    missed = result.missed_samples.group_by(key).agg(pl.col("n").sum().alias("missed"))
    both = result.visit_summary.join(missed, on=key, how="left").with_columns(pl.col("missed").fill_null(0))
    assert (both["n_expected"] - both["n"]).to_list() == both["missed"].to_list()
    assert set(both.select("group", "dose_level").iter_rows()) == STRATA
    assert result.visit_values.height == len(drawn) * 2 * 2  # two summarised analytes, two visits


def test_nothing_is_expected_of_a_study_without_visits() -> None:
    result = recovered(adsl(person("P")), adlb(), lb(), visits={"tie": "earlier", "windows": []})
    assert result.visit_values.is_empty()
    assert result.missed_samples.is_empty()
