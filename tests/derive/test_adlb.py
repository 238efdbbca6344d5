"""Lab results on the clocks, in their visit windows (day 14: 11 to 17; day 28: 23 to 34), and which one is taken."""

from typing import Any

import polars as pl
import pytest

from .cases import derive
from .configuration import make_spec
from .records import event, on, person, sample, samples

LATER = make_spec(visits__tie="later")


def taken(results: dict[int, Any], **more: Any) -> list[float]:
    """Days of the samples that represent a visit."""
    adlb = derive(lb=samples("P1", results), **more).adlb
    return adlb.filter(pl.col("ANL01FL") == "Y")["ADY"].to_list()


# ---- rows -----------------------------------------------------------------------------------------------------------


def test_a_result_on_both_clocks_with_its_source() -> None:
    lb = [sample("P1", 30, "<5", LBLLOQ=5.0, SRCROW=17, SRCSHEET="Sheet1")]
    row = derive([person(injected=6)], lb=lb).adlb.row(0, named=True)
    expected = {
        "ADT": on(30), "ADY": 30, "AINJDY": 24, "PARAMCD": "CD4", "PARAM": "CD4+ T cells (/uL)", "AVALU": "/uL",
        "AVAL": 5, "ACMP": "<", "AVALC": "<5", "LLOQ": 5, "AVISIT": "D28", "AVISITN": 28, "ANL01FL": "Y",
        "ANL02FL": "Y", "ANLREAS": None, "SRCROW": 17, "SRCSHEET": "Sheet1", "SRCCOL": "CD4", "LBSEQ": 1,
    }  # fmt: skip
    assert {name: row[name] for name in expected} == expected


def test_who_was_not_injected_has_no_day_since_injection() -> None:
    row = derive([person(injected=None)], lb=[sample("P1", 30)]).adlb.row(0, named=True)
    assert (row["ADY"], row["AINJDY"]) == (30, None)


def test_a_result_reads_as_a_reader_expects() -> None:
    shown = {
        "60": "60", "60.5": "60.5", "<5": "<5", "<=0.5": "<=0.5", ">2000": ">2000", "0": "0", "0.05": "0.05",
        "0.30000000000000004": "0.3", "120000": "120000",
    }  # fmt: skip
    lb = [sample("P1", day, text) for day, text in enumerate(shown)]
    assert derive(lb=lb).adlb["AVALC"].to_list() == list(shown.values())


def test_only_used_results_of_declared_analytes_and_transplanted_participants() -> None:
    dm = [person("P1"), person("P2", injected=None, transplanted=None)]
    lb = [
        sample("P1", 20),
        sample("P1", 21, LBFATE="superseded"),
        sample("P1", 22, LBFATE="excluded"),
        sample("P1", 23, LBTESTCD="WBC"),
        sample("P2", 24),
    ]
    assert derive(dm, lb=lb).adlb.select("USUBJID", "ADY").rows() == [("P1", 20)]


def test_records_are_numbered_by_analyte_and_day() -> None:
    lb = [sample("P1", 30), sample("P1", 20), sample("P1", 25, LBTESTCD="CD3")]
    adlb = derive(lb=lb).adlb
    assert adlb.select("ASEQ", "PARAMCD", "ADY").rows() == [(1, "CD3", 25), (2, "CD4", 20), (3, "CD4", 30)]


# ---- usable ---------------------------------------------------------------------------------------------------------


def test_samples_after_the_cutoff_stay_with_the_reason() -> None:
    adlb = derive(lb=samples("P1", {180: 60, 181: 60})).adlb
    assert adlb.select("ANL02FL", "ANLREAS").rows() == [("Y", None), ("N", "collected after the cut-off")]


def test_samples_after_death_stay_with_the_reason() -> None:
    adlb = derive(lb=samples("P1", {13: 60, 14: 60, 15: 60}), ce=[event("P1", "DEATH", 14)]).adlb
    assert adlb["ANL02FL"].to_list() == ["Y", "Y", "N"]
    assert adlb["ANLREAS"].to_list() == [None, None, "collected after death"]
    assert adlb["AVISIT"].to_list() == ["D14", "D14", None]


def test_an_unusable_sample_represents_no_visit() -> None:
    assert taken({13: 60, 14: 70}, spec=make_spec(cutoff_date=on(13))) == [13]


# ---- visits ---------------------------------------------------------------------------------------------------------


def test_both_ends_of_a_window_belong_to_it() -> None:
    adlb = derive(lb=samples("P1", {10: 1, 11: 1, 17: 1, 18: 1, 22: 1, 23: 1, 34: 1, 35: 1})).adlb
    assert adlb["AVISIT"].to_list() == [None, "D14", "D14", None, None, "D28", "D28", None]
    assert adlb["AVISITN"].to_list() == [None, 14, 14, None, None, 28, 28, None]


def test_the_sample_nearest_to_the_target_is_taken() -> None:
    assert taken({11: 1, 13: 1, 16: 1, 26: 1, 29: 1, 34: 1}) == [13, 29]


@pytest.mark.parametrize(("spec", "day"), [(make_spec(), 12), (LATER, 16)])
def test_of_two_equally_near_the_configured_one_is_taken(spec: Any, day: int) -> None:
    assert taken({12: 1, 16: 1}, spec=spec) == [day]
    assert taken({16: 1, 12: 1}, spec=spec) == [day]  # whatever the order of the records


@pytest.mark.parametrize("spec", [make_spec(), LATER])
def test_the_nearer_is_taken_whatever_the_tie_rule(spec: Any) -> None:
    assert taken({12: 1, 15: 1, 17: 1}, spec=spec) == [15]


@pytest.mark.parametrize("spec", [make_spec(), LATER])
def test_of_two_samples_of_one_day_the_first_record_is_taken(spec: Any) -> None:
    adlb = derive(lb=[sample("P1", 14, 60), sample("P1", 14, 70)], spec=spec).adlb
    assert adlb.filter(pl.col("ANL01FL") == "Y")["AVAL"].to_list() == [60]


def test_every_analyte_and_participant_has_its_own_sample() -> None:
    dm = [person("P1"), person("P2")]
    lb = [sample("P1", 14), sample("P1", 13, LBTESTCD="CD3"), sample("P2", 15), sample("P2", 17)]
    adlb = derive(dm, lb=lb).adlb.filter(pl.col("ANL01FL") == "Y")
    assert adlb.select("USUBJID", "PARAMCD", "ADY").rows() == [("P1", "CD3", 13), ("P1", "CD4", 14), ("P2", "CD4", 15)]


def test_a_study_without_visits() -> None:
    adlb = derive(lb=[sample("P1", 14)], spec=make_spec(visits__windows=[])).adlb
    assert adlb.select("AVISIT", "AVISITN", "ANL01FL", "ANL02FL").rows() == [(None, None, "N", "Y")]


def test_samples_after_the_latest_day_that_a_partial_death_allows_are_not_usable() -> None:
    adlb = derive(lb=samples("P1", {20: 60, 120: 60}), ce=[event("P1", "DEATH", 59, 89)]).adlb
    assert adlb["ANLREAS"].to_list() == [None, "collected after death"]
