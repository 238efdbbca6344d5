"""Outcome by reconstitution: by hand, against R (golden/analyses/outcome.R), immortal time, invariants, next to nothing."""

import math
from typing import Any

import numpy as np
import polars as pl
import pytest
from numpy.testing import assert_allclose

from immrecon.analyses.log_counts import log10_count
from immrecon.analyses.outcome_current import carried_forward
from immrecon.stats.regression import cox

from .outcome_cases import GOLDEN, HIDDEN, Trial, golden_trial, only, outcome_spec
from .rows import Row
from .specs import ENDPOINTS

MET, WAITING, NOT_MET, UNKNOWN = (
    "reconstituted",
    "reached, not yet confirmed",
    "not reconstituted",
    "status not known",
)

# Day 60: P1 and P2 have two samples above 50 by then, P3 has one (unconfirmed), P4 none, P5 was sampled too long ago;
# P6 died on day 60, the landmark itself, P7 was injected after it.
PEOPLE = [
    ("P1", 5, 300, "alive"), ("P2", 5, 150, "death"), ("P3", 5, 100, "death"), ("P4", 5, 200, "relapse"),
    ("P5", 5, 120, "death"), ("P6", 5, 60, "death"), ("P7", 70, 200, "death"),
]  # fmt: skip
COUNTS: dict[str, dict[int, Any]] = {
    "P1": {20: 60, 40: 70}, "P2": {30: 60, 50: 90, 55: 10}, "P3": {20: 10, 50: 60, 70: 80}, "P4": {50: "<5"},
    "P5": {10: 5}, "P6": {20: 60, 40: 70}, "P7": {20: 60, 40: 70},
}  # fmt: skip


@pytest.fixture(scope="module")
def by_hand() -> Any:
    return Trial(PEOPLE, COUNTS).results()


def estimate(results: Any, **values: Any) -> Row:
    chosen = {"outcome": "BY", "parameter": "OS", "landmark_day": 60.0, "group": "all"} | values
    return only(results.outcome_estimates, **chosen)


def test_who_is_at_risk_after_the_landmark_and_in_which_status(by_hand: Any) -> None:
    counted = {
        category: estimate(by_hand, category=category, time_day=60.0)["n"]
        for category in (MET, WAITING, NOT_MET, UNKNOWN)
    }
    assert counted == {MET: 2, WAITING: 1, NOT_MET: 1, UNKNOWN: 1}  # P1 P2, P3, P4, P5; P6 had died, P7 came later
    assert estimate(by_hand, category=MET, time_day=60.0)["n_not_at_risk"] == 2


def test_survival_from_the_landmark_by_hand(by_hand: Any) -> None:
    # Reconstituted: deaths on 150 - 60 = 90 of two at risk. Not yet confirmed: death of the one on 40. Not: none by 140.
    assert [estimate(by_hand, category=MET, time_day=day)["estimate"] for day in (60.0, 120.0)] == [1, 0.5]
    assert [estimate(by_hand, category=WAITING, time_day=day)["estimate"] for day in (60.0, 120.0)] == [0, 0]
    assert [estimate(by_hand, category=NOT_MET, time_day=day)["estimate"] for day in (60.0, 120.0)] == [1, 1]
    row = estimate(by_hand, category=MET, time_day=120.0)
    assert (row["n_events"], row["n_risk"], row["conf_type"]) == (1, 1, "beta-product")


def test_what_is_unknown_is_counted_and_not_analysed(by_hand: Any) -> None:
    row = estimate(by_hand, category=UNKNOWN, time_day=60.0)
    assert (row["n"], row["n_events"], row["status"], row["estimate"]) == (1, 1, "not estimable", None)
    assert row["reason"].endswith("counted, not analysed (1 no recent sample)")
    assert UNKNOWN not in by_hand.outcome_curves["category"].unique()
    ratio = only(by_hand.outcome_contrasts, parameter="OS", horizon="from day 60", measure="hazard ratio")
    assert "2 at risk left out (1 reached, not yet confirmed, 1 status not known)" in ratio["reason"]
    assert (ratio["n"], ratio["n_level"], ratio["n_reference"]) == (3, 2, 1)


def test_whoever_waits_for_confirmation_can_be_compared_as_not_reconstituted_and_keeps_a_category(by_hand: Any) -> None:
    merged = Trial(PEOPLE, COUNTS).results(outcome_spec(unconfirmed_compared_as="not reconstituted"))
    ratio = only(merged.outcome_contrasts, parameter="OS", horizon="from day 60", measure="hazard ratio")
    assert (ratio["n"], ratio["n_level"], ratio["n_reference"]) == (4, 2, 2)
    assert "1 at risk left out (1 status not known)" in ratio["reason"]
    for name in ("outcome_estimates", "outcome_curves", "outcome_risk_table"):
        assert getattr(merged, name).equals(getattr(by_hand, name))


def test_relapse_before_the_landmark_is_no_longer_at_risk_of_it() -> None:
    people = [("P1", 5, 50, "relapse"), ("P2", 5, 61, "relapse"), ("P3", 5, 60, "relapse")]
    counts = {name: {20: 60, 40: 70} for name, *_ in people}
    row = estimate(Trial(people, counts).results(), parameter="RELAPSE", category=MET, time_day=60.0)
    assert (row["n"], row["n_events"], row["estimate"]) == (1, 1, 1.0)


def test_numbers_at_risk_under_the_axis_count_from_the_landmark(by_hand: Any) -> None:
    rows = by_hand.outcome_risk_table.filter(
        pl.col("parameter") == "OS", pl.col("landmark_day") == 60, pl.col("category") == MET
    ).sort("time_day")
    assert rows.select("time_day", "n_risk").rows() == [(0, 2), (90, 2), (180, 1), (270, 0), (360, 0)]


# ---- against R ------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def golden() -> Any:
    return golden_trial().results()


@pytest.fixture(scope="module")
def compared(golden: Any) -> dict[str, pl.DataFrame]:
    merged = golden_trial().results(outcome_spec(unconfirmed_compared_as="not reconstituted"))
    return {"left_out": golden.outcome_contrasts, "merged": merged.outcome_contrasts}


@pytest.mark.parametrize("unconfirmed", ["left_out", "merged"])
@pytest.mark.parametrize("landmark", GOLDEN["landmarks"], ids=lambda case: f"{case['endpoint']}-{case['day']}")
def test_ratio_from_a_landmark_is_that_of_r(compared: dict[str, pl.DataFrame], unconfirmed: str, landmark: Row) -> None:
    day, code, case = float(landmark["day"]), landmark["endpoint"], landmark[unconfirmed]
    measure = "hazard ratio" if code == "OS" else "cause-specific hazard ratio"
    contrasts = compared[unconfirmed].filter(parameter=code, horizon=f"from day {day:g}")
    row = only(contrasts, measure=measure)
    assert (row["n"], row["n_level"]) == (case["n"], case["n_met"])
    assert f"{landmark['unknown']} status not known)" in row["reason"]
    if case["se"] > 100:  # R stops on its way to infinity
        assert row["status"] == "not estimable"
        assert "monotone likelihood" in row["reason"]
    else:
        assert_allclose(math.log(row["estimate"]), case["coef"], rtol=1e-7)
        assert_allclose(row["std_error"], case["se"], rtol=1e-7)
        assert_allclose(only(contrasts, measure="test of proportional hazards")["statistic"], case["zph"], rtol=1e-6)


@pytest.mark.parametrize("case", GOLDEN["landmarks"], ids=lambda case: f"{case['endpoint']}-{case['day']}")
def test_curves_from_a_landmark_are_those_of_r(golden: Any, case: Row) -> None:
    day, code = float(case["day"]), case["endpoint"]
    for category, found in ((MET, case["met"]), (NOT_MET, case["not_met"]), (WAITING, case["waiting"])):
        for place, after in enumerate((60.0, 120.0)):
            at = estimate(golden, parameter=code, landmark_day=day, category=category, time_day=after)
            assert at["n"] == found["n"]
            assert_allclose(at["estimate"], found["estimate"][place], rtol=1e-9, atol=1e-12)
            if found["std_error"][place]:  # survfit has 0 before the first event
                assert_allclose(at["std_error"], found["std_error"][place], rtol=1e-9)


@pytest.mark.parametrize("case", GOLDEN["current"], ids=lambda case: case["endpoint"])
def test_current_count_is_that_of_tmerge_and_coxph(golden: Any, case: Row) -> None:
    row = only(golden.outcome_contrasts, comparison="NOW", parameter=case["endpoint"])
    assert row["n"] == case["n"]
    assert row["variance"] == "robust, by participant"
    assert_allclose(math.log(row["estimate"]), case["coef"], rtol=1e-6)
    assert_allclose(row["std_error"], case["se"], rtol=1e-6)


# ---- immortal time --------------------------------------------------------------------------------------------------


def immortal_trial(n: int = 400) -> Trial:
    """Death at one hazard, whatever the counts; everybody alive long enough crosses 50/uL on some day."""
    random = np.random.default_rng(20261128)
    last = np.ceil(random.exponential(120, n)) + 6
    crossing = random.integers(10, 160, n)
    people = [(f"P{i:03d}", 5, float(min(end, 400)), "death" if end < 400 else "alive") for i, end in enumerate(last)]
    counts = {
        f"P{i:03d}": {day: 100 if day >= cross else 10 for day in range(7, int(min(end, 175)), 14)}
        for i, (end, cross) in enumerate(zip(last, crossing, strict=True))
    }
    return Trial(people, {name: of for name, of in counts.items() if of})


def test_ever_against_never_is_biased_and_landmarks_and_current_counts_are_not() -> None:
    trial = immortal_trial()
    results = trial.results(outcome_spec(planned_events=300))
    ever = trial.adlm(outcome_spec(landmarks_day=[1000.0], figure_landmarks_day=[], last_sample_within_day=1000.0))
    met = set(ever.filter(pl.col("STATUS") == MET)["USUBJID"])
    deaths = trial.adtte.filter(pl.col("PARAMCD") == "OS")
    naive = cox(deaths["AVAL"], deaths["CNSR"] == 0, [float(name in met) for name in deaths["USUBJID"]])
    assert naive.coefficient[0] < -5 * naive.std_error[0]  # "protects", where nothing protects
    assert naive.ratio[0] < 0.5
    for horizon in ("from day 60", "from day 100"):
        row = only(results.outcome_contrasts, comparison="BY", parameter="OS", horizon=horizon, measure="hazard ratio")
        assert abs(math.log(row["estimate"])) < min(0.25, 3 * row["std_error"])
    now = only(results.outcome_contrasts, comparison="NOW", parameter="OS")
    assert abs(math.log(now["estimate"])) < 3 * now["std_error"]


# ---- the current count: which value holds when ------------------------------------------------------------------------


def frames(values: list[tuple[float, float]], entry: float, end: float, censored: int = 0) -> pl.DataFrame:
    counts = pl.DataFrame({"USUBJID": "P1", "DY": [day for day, _ in values], "VALUE": [value for _, value in values]})
    people = pl.DataFrame({"USUBJID": ["P1"], "ENTRY": [entry], "EXIT": [end], "CNSR": [censored]})
    return carried_forward(counts, people).select("TSTART", "TSTOP", "VALUE", "CNSR")


def test_a_value_holds_after_its_day_up_to_the_day_of_the_next() -> None:
    assert frames([(10.0, 1.0), (20.0, 2.0), (30.0, 3.0)], 0.0, 40.0).rows() == [
        (10, 20, 1, 1), (20, 30, 2, 1), (30, 40, 3, 0)
    ]  # fmt: skip


def test_the_last_value_before_entry_is_carried_in_and_earlier_ones_are_gone() -> None:
    assert frames([(-8.0, 1.0), (-2.0, 2.0), (5.0, 3.0)], 0.0, 9.0).rows() == [(0, 5, 2, 1), (5, 9, 3, 0)]


def test_nobody_is_at_risk_before_the_first_value_or_by_one_of_the_last_day() -> None:
    assert frames([(10.0, 1.0)], 0.0, 40.0).rows() == [(10, 40, 1, 0)]
    assert frames([(40.0, 1.0)], 0.0, 40.0).rows() == []
    assert frames([(10.0, 1.0), (40.0, 2.0)], 0.0, 40.0).rows() == [(10, 40, 1, 0)]


@pytest.mark.parametrize(
    ("text", "rule", "expected"),
    [
        ("100", "half the limit", 2.0), ("<20", "half the limit", 1.0), ("<=20", "half the limit", 1.0),
        ("<10", "the limit", 1.0), (">1000", "half the limit", 3.0), ("0", "the limit", 0.0), ("<0.1", "the limit", 0.0),
    ],
)  # fmt: skip
def test_log_counts_below_a_limit_follow_the_declared_rule(text: str, rule: Any, expected: float) -> None:
    comparator = text[: len(text) - len(text.lstrip("<>="))] or "="
    row = pl.DataFrame({"AVAL": [float(text.lstrip("<>="))], "ACMP": [comparator]})
    assert row.select(log10_count(rule, 1.0)).item() == pytest.approx(expected)


# ---- invariants -----------------------------------------------------------------------------------------------------


def test_splitting_intervals_changes_nothing() -> None:
    # A sample that repeats the value before splits an interval in two: the same hazard ratio and robust variance.
    whole = golden_trial()
    split = golden_trial()
    repeated = whole.adlb.with_columns(ADY=pl.col("ADY") + 1, ASEQ=pl.col("ASEQ") + 1000)
    split.adlb = pl.concat([whole.adlb, repeated])
    columns = ("estimate", "std_error", "conf_low", "conf_high")
    ours, theirs = (
        trial.results()
        .outcome_contrasts.filter(pl.col("comparison") == "NOW")
        .sort("parameter")
        .select("n", "n_events", *columns)
        for trial in (whole, split)
    )
    assert ours.select("n", "n_events").equals(theirs.select("n", "n_events"))
    assert_allclose(ours.select(columns).to_numpy(), theirs.select(columns).to_numpy(), rtol=1e-9)


def test_samples_after_a_landmark_change_nothing_from_it_on() -> None:
    trial = golden_trial()
    spec = outcome_spec(landmarks_day=[60.0])
    before = trial.results(spec)
    trial.adlb = trial.adlb.filter(pl.col("ADY") <= 60)
    after = trial.results(spec)
    assert after.outcome_estimates.equals(before.outcome_estimates)
    assert after.outcome_curves.equals(before.outcome_curves)


def test_the_order_of_rows_does_not_matter() -> None:
    trial = golden_trial()
    before = trial.results()
    for name in ("adsl", "adlb", "adtte", "adoc"):
        setattr(trial, name, getattr(trial, name).reverse())
    after = trial.results()
    for name in ("outcome_estimates", "outcome_curves", "outcome_contrasts"):
        one, two = (getattr(results, name).sort(pl.all()) for results in (before, after))
        assert one.equals(two), name


def test_a_clock_of_days_since_transplant_gives_the_same() -> None:
    """The landmark is a day since transplant, whichever clock the endpoint is followed on."""
    trial = golden_trial()
    clocks = {
        name: variable | {"origin": {"clock": "transplant", "landmark_day": None}}
        for name, variable in ENDPOINTS["first_events"].items()
    }
    spec = outcome_spec()
    moved = spec.model_copy(
        update={"endpoints": type(spec.endpoints).model_validate(ENDPOINTS | {"first_events": clocks})}
    )
    before = trial.results(spec)
    injected = trial.adsl.select("USUBJID", "TRTSDY")
    trial.adtte = (
        trial.adtte.join(injected, on="USUBJID")
        .with_columns(AVAL=pl.col("AVAL") + pl.col("TRTSDY"), AENTRY=pl.col("TRTSDY"))
        .drop("TRTSDY")
    )
    after = trial.results(moved)
    assert after.outcome_estimates.equals(before.outcome_estimates)


# ---- next to nothing ------------------------------------------------------------------------------------------------


def ratio(results: Any, code: str = "OS", horizon: str = "from day 60") -> Row:
    measures = ["hazard ratio", "cause-specific hazard ratio"]
    return only(results.outcome_contrasts.filter(pl.col("measure").is_in(measures)), parameter=code, horizon=horizon)


@pytest.mark.parametrize(
    ("counts", "met", "not_met", "reason"),
    [({20: 60, 40: 70}, 3, 0, "nobody in not reconstituted"), ({20: 10, 40: 20}, 0, 3, "nobody in any other level")],
    ids=["everybody", "nobody"],
)
def test_everybody_or_nobody_reconstituted(counts: dict[int, Any], met: int, not_met: int, reason: str) -> None:
    people = [("P1", 5, 90, "death"), ("P2", 5, 100, "death"), ("P3", 5, 200, "alive")]
    results = Trial(people, {name: counts for name, *_ in people}).results()
    assert estimate(results, category=MET, time_day=60.0)["n"] == met
    assert estimate(results, category=NOT_MET, time_day=60.0)["n"] == not_met
    assert reason in ratio(results)["reason"]
    empty = estimate(results, category=NOT_MET if met else MET, time_day=60.0)
    assert (empty["status"], empty["reason"]) == ("not estimable", "nobody at risk")


def test_without_events_there_is_a_bound_and_no_ratio() -> None:
    people = [("P1", 5, 300, "alive"), ("P2", 5, 300, "alive")]
    results = Trial(people, {"P1": {20: 60, 40: 70}, "P2": {40: 10}}).results()
    row = estimate(results, category=MET, time_day=60.0)
    assert (row["estimate"], row["conf_high"]) == (1, 1)
    assert row["conf_low"] == pytest.approx(0.025)
    assert ratio(results)["reason"] == "no event"
    assert estimate(results, parameter="NRM", category=MET, time_day=60.0)["conf_high"] == pytest.approx(0.975)


def test_a_landmark_beyond_follow_up_has_nobody_at_risk() -> None:
    results = Trial(PEOPLE, COUNTS).results(outcome_spec(landmarks_day=[1000.0], figure_landmarks_day=[]))
    for category in (MET, NOT_MET):
        row = estimate(results, landmark_day=1000.0, category=category, time_day=60.0)
        assert (row["n"], row["reason"]) == (0, "nobody at risk")
    assert ratio(results, horizon="from day 1000")["reason"] == "nobody at risk"
    assert results.outcome_curves.is_empty()


def test_nobody_and_nothing() -> None:
    nobody = Trial([], {}).results()
    assert set(nobody.outcome_contrasts["status"]) == {"not estimable"}
    assert nobody.outcome_estimates["n"].sum() == 0
    spec = outcome_spec().model_copy(update={"outcomes": None})
    nothing = Trial(PEOPLE, COUNTS).results(spec, adlm=Trial(PEOPLE, COUNTS).adlm(outcome_spec()))
    assert all(frame.is_empty() for frame in vars(nothing).values())


def test_few_planned_events_are_firths_and_few_seen_are_not_estimable() -> None:
    trial = golden_trial()
    firth = trial.results(outcome_spec(planned_events=9)).outcome_contrasts
    rows = firth.filter(pl.col("measure").str.ends_with("hazard ratio"))
    assert rows["method"].str.starts_with("Firth").all()
    assert set(rows["status"]) == {"estimated"}  # finite also where Cox's coefficient is not
    few = ratio(trial.results(outcome_spec(gates={"fewest_at_risk": 7})))
    assert (few["status"], few["n_level"]) == ("not estimable", 6)
    assert few["reason"].startswith("6 at risk in reconstituted, fewer than 7")
    assert ratio(trial.results(outcome_spec(gates={"fewest_at_risk": 6})))["status"] == "estimated"
    none = trial.results(outcome_spec(gates={"fewest_events": 1000})).outcome_contrasts
    assert set(none["status"]) == {"not estimable"}
    assert none["reason"].str.contains("fewer than 1000").all()


def test_p_values_are_given_only_where_declared() -> None:
    trial = golden_trial()
    hidden = trial.results().outcome_contrasts.filter(pl.col("measure") != "test of proportional hazards")
    assert hidden["p_value"].null_count() == hidden.height
    shown = trial.results(outcome_spec(p_values=HIDDEN | {"shown": True})).outcome_contrasts
    assert ratio(trial.results(outcome_spec(p_values=HIDDEN | {"shown": True})))["p_value"] is not None
    assert shown.filter(pl.col("comparison") == "NOW")["p_value"].null_count() == 3


def test_strata_and_groups() -> None:
    half = golden_trial()
    half.adtte = half.adtte.with_columns(
        GROUP=pl.when(pl.col("USUBJID") < "P20").then(pl.lit("A")).otherwise(pl.lit("B"))
    )
    results = half.results(outcome_spec(stratified_by=["group"], current={"stratified_by": ["group"]}))
    row = ratio(results)
    now, alone = (
        only(found.outcome_contrasts, comparison="NOW", parameter="OS") for found in (results, half.results())
    )
    assert (row["stratified_by"], now["stratified_by"], alone["stratified_by"]) == ("group", "group", "")
    assert now["n"] == alone["n"]
    assert now["estimate"] != pytest.approx(alone["estimate"], rel=1e-6)
    counted = [estimate(results, group=group, category=MET, time_day=60.0)["n"] for group in ("A", "B", "all")]
    assert counted[0] + counted[1] == counted[2] > 0
