"""Survival and incidence of a handful of participants, from the risk table in the comment beside each of them."""

import math
from typing import Any

import polars as pl
import pytest
from numpy.testing import assert_allclose

from immrecon.analyses.tte import TteResults, estimate_tte
from immrecon.config.specs import TteSpec
from immrecon.contracts.io import validate
from immrecon.contracts.results import CHECKS, CURVES, LANDMARKS, QUANTILES, RISK_TABLE

from .rows import Row, adtte, followed
from .specs import ENDPOINTS, GROUPS, METHODS, STRATA, one_endpoint, tte_spec

OS = one_endpoint("OS", "kaplan-meier")
RELAPSE = one_endpoint("RELAPSE", "aalen-johansen")
CONTRACTS = [CURVES, RISK_TABLE, LANDMARKS, QUANTILES, CHECKS]

NOT_ESTIMATED = {"estimate": None, "std_error": None, "conf_low": None, "conf_high": None, "status": "not estimable"}


def estimate(rows: pl.DataFrame, spec: TteSpec) -> TteResults:
    result = estimate_tte(rows, spec)
    return TteResults(**{c.name: validate(c, getattr(result, c.name)) for c in CONTRACTS})


def cohort(*histories: tuple[float, str], **more: Any) -> pl.DataFrame:
    """One participant per day and outcome, all of group A."""
    return adtte(*(followed(f"P{i:02}", day, what, **more) for i, (day, what) in enumerate(histories)))


def landmark(result: TteResults, day: float, group: str = "all", dose: str = "all") -> Row:
    key = (pl.col("group") == group) & (pl.col("dose_level") == dose) & (pl.col("time_day") == day)
    return result.landmarks.row(by_predicate=key, named=True)


def limits(row: Row) -> list[float]:
    return [row[name] for name in ("estimate", "conf_low", "conf_high")]


# ---- Kaplan-Meier ---------------------------------------------------------------------------------------------------


def test_survival_of_three() -> None:
    # day  at risk  deaths  censored  S
    #  10        3       1         0  2/3
    #  20        2       0         1  2/3
    #  30        1       1         0  0
    spec = one_endpoint("OS", "kaplan-meier", conf_type="plain", landmarks_day=[5, 15, 30, 40])
    result = estimate(cohort((10, "death"), (20, "alive"), (30, "death")), spec)
    found = {day: landmark(result, day) for day in (5, 15, 30, 40)}
    assert_allclose([found[day]["estimate"] for day in found], [1, 2 / 3, 0, 0], rtol=1e-12)
    counted = [[found[day][name] for name in ("n", "n_events", "n_competing", "n_risk")] for day in found]
    assert counted == [[3, 0, 0, 3], [3, 1, 0, 2], [3, 2, 0, 1], [3, 2, 0, 0]]
    # Greenwood on day 15: S sqrt(1 / (3 * 2)).
    error = 2 / 3 * math.sqrt(1 / 6)
    assert_allclose(found[15]["std_error"], error, rtol=1e-12)
    assert_allclose(limits(found[15])[1:], [2 / 3 - 1.959963984540054 * error, 1], rtol=1e-12)
    assert found[15]["max_follow_up_day"] == 30
    # After everybody has died the curve stays at 0: that is an estimate, without a plain interval.
    assert (found[40]["status"], found[40]["conf_low"]) == ("estimated", None)
    assert found[40]["reason"] == (
        "no plain interval exists at this estimate; "
        "the last at risk had an event on day 30; nobody is at risk at the landmark"
    )


def test_an_estimate_that_rests_on_few_says_so() -> None:
    spec = one_endpoint("OS", "kaplan-meier", conf_type="plain", landmarks_day=[5, 25])
    methods = spec.methods.model_copy(update={"few_at_risk": 3})
    result = estimate(cohort((10, "death"), (20, "alive"), (30, "alive")), spec.model_copy(update={"methods": methods}))
    assert "fewer" not in (landmark(result, 5)["reason"] or "")  # all three
    assert landmark(result, 25)["reason"] == "fewer than 3 at risk"


def test_small_planned_groups_have_the_beta_product_interval() -> None:
    # Before any event among three the lower limit l satisfies l^3 = 0.025; with one of three dead on day 10 and
    # nobody censored, Clopper-Pearson of 2 of 3: 3 l^2 (1 - l) + l^3 = 0.025 and u^3 = 0.975.
    result = estimate(cohort((10, "death"), (20, "death"), (30, "death")), OS)
    before, after = landmark(result, 5), landmark(result, 15)
    assert_allclose(limits(before), [1, 0.2924017738212866, 1], rtol=1e-10)
    low, high = after["conf_low"], after["conf_high"]
    assert_allclose(3 * low**2 * (1 - low) + low**3, 0.025, rtol=1e-6)
    assert_allclose(high**3, 0.975, rtol=1e-6)
    assert after["conf_type"] == "beta-product"


def test_everyone_censored() -> None:
    # Days 10, 20, 30 without a death. On day 15 two are left, and the lower limit l satisfies l^2 = 0.025.
    result = estimate(cohort((10, "alive"), (20, "alive"), (30, "alive")), OS)
    row = landmark(result, 15)
    assert_allclose(limits(row), [1, 0.15811388300841897, 1], rtol=1e-10)
    assert (row["n_events"], row["n_risk"], row["status"], row["std_error"]) == (0, 2, "estimated", 0)
    late = landmark(result, 100)
    assert {key: late[key] for key in NOT_ESTIMATED} == NOT_ESTIMATED
    assert late["reason"] == "follow-up ends on day 30, before the landmark"
    assert (late["n"], late["n_risk"], late["max_follow_up_day"]) == (3, 0, 30)


def test_an_interval_that_does_not_exist_is_missing_with_the_reason() -> None:
    spec = one_endpoint("OS", "kaplan-meier", conf_type="log-log")
    row = landmark(estimate(cohort((10, "alive"), (20, "alive")), spec), 15)
    assert limits(row) == [1, None, None]
    assert (row["status"], row["reason"]) == ("estimated", "no log-log interval exists at this estimate")


def test_the_landmark_on_the_last_day_of_follow_up_is_estimable() -> None:
    row = landmark(estimate(cohort((10, "death"), (25, "alive")), OS), 25)
    assert (row["estimate"], row["status"], row["n_risk"]) == (0.5, "estimated", 1)


@pytest.mark.parametrize(
    ("last", "status"), [("alive", "not estimable"), ("death", "estimated")]
)  # with a death last, nobody is left about whom anything is unknown
def test_beyond_follow_up(last: str, status: str) -> None:
    assert landmark(estimate(cohort((10, "death"), (20, last)), OS), 25)["status"] == status


def test_a_tie_of_a_death_and_a_censoring_on_the_last_day() -> None:
    row = landmark(estimate(cohort((10, "alive"), (20, "death"), (20, "alive")), OS), 25)
    assert row["status"] == "not estimable"


def test_a_death_on_day_0_counts_among_all() -> None:
    # day  at risk  deaths  S
    #   0        4       1  3/4
    #  20        3       1  1/2
    result = estimate(cohort((0, "death"), (20, "death"), (30, "alive"), (30, "alive")), OS)
    curve = result.curves.filter(group="all")
    assert curve.select("time_day", "n_risk", "n_event", "n_event_cumulative", "n_censor_cumulative").rows() == [
        (0, 4, 1, 1, 0), (20, 3, 1, 2, 0), (30, 2, 0, 2, 2),
    ]  # fmt: skip
    assert_allclose(curve["estimate"], [0.75, 0.5, 0.5], rtol=1e-12)
    assert landmark(result, 5)["estimate"] == 0.75


def test_a_participant_without_follow_up_is_at_risk_on_day_0_only() -> None:
    result = estimate(cohort((0, "alive"), (10, "death"), (30, "alive")), OS)
    assert_allclose(landmark(result, 15)["estimate"], 0.5, rtol=1e-12)
    assert (landmark(result, 15)["n"], landmark(result, 5)["n_risk"]) == (3, 2)


def test_a_curve_starts_on_day_0() -> None:
    curve = estimate(cohort((10, "death"), (20, "alive")), OS).curves.filter(group="all")
    assert curve.select("time_day", "n_event_cumulative", "n_censor_cumulative", "estimate").rows() == [
        (0, 0, 0, 1), (10, 1, 0, 0.5), (20, 1, 1, 0.5),
    ]  # fmt: skip
    assert set(curve["cause"]) == {"event-free"}
    assert curve["analysis"].unique().to_list() == ["estimate_tte"]


# ---- Aalen-Johansen -------------------------------------------------------------------------------------------------


def test_incidence_of_five() -> None:
    # day  at risk  relapse  death  censored  free  relapse  death
    #  10        5        1      0         0   4/5      1/5      0
    #  20        4        0      1         0   3/5      1/5    1/5
    #  30        3        0      0         1   3/5      1/5    1/5
    #  40        2        1      0         0  3/10      1/2    1/5
    #  50        1        0      0         1  3/10      1/2    1/5
    histories = [(10, "relapse"), (20, "death"), (30, "alive"), (40, "relapse"), (50, "alive")]
    result = estimate(cohort(*histories), RELAPSE)
    relapse = result.curves.filter(group="all", cause="event")
    assert relapse["time_day"].to_list() == [0, 10, 20, 30, 40, 50]
    assert relapse["n_risk"].to_list() == [5, 5, 4, 3, 2, 1]
    assert relapse["n_event"].to_list() == [0, 1, 0, 0, 1, 0]
    assert relapse["n_event_cumulative"].to_list() == [0, 1, 1, 1, 2, 2]
    assert relapse["n_censor_cumulative"].to_list() == [0, 0, 0, 1, 1, 2]
    assert_allclose(relapse["estimate"], [0, 0.2, 0.2, 0.2, 0.5, 0.5], rtol=1e-12)
    death = result.curves.filter(group="all", cause="competing")
    assert_allclose(death["estimate"], [0, 0, 0.2, 0.2, 0.2, 0.2], rtol=1e-12)
    row = landmark(result, 25)
    assert [row[name] for name in ("n", "n_events", "n_competing", "n_risk")] == [5, 1, 1, 3]
    assert row["conf_type"] == "log-log"
    assert row["variance"] == "infinitesimal-jackknife"
    assert row["conf_low"] < 0.2 < row["conf_high"]


def test_the_exact_bound_without_an_event_counts_earlier_competing_events() -> None:
    # 14 participants, four dead by day 8, ten at risk: u satisfies (1 - u)^14 = 0.025, that is 23 %, not 31 %.
    histories = [*((float(day), "death") for day in (5, 6, 7, 8)), *((200.0, "alive") for _ in range(10))]
    row = landmark(estimate(cohort(*histories), RELAPSE), 100)
    assert limits(row)[:2] == [0, 0]
    assert_allclose((1 - row["conf_high"]) ** 14, 0.025, rtol=1e-10)
    assert round(row["conf_high"], 2) == 0.23
    assert (row["n_risk"], row["status"]) == (10, "estimated")
    assert (
        row["reason"]
        == "no event yet: exact one-sided bound at 97.5%, denominator at risk plus earlier competing events"
    )


def test_incidence_with_nobody_left_at_risk_of_an_event_is_carried_on() -> None:
    result = estimate(cohort((10, "relapse"), (20, "death")), RELAPSE)
    row = landmark(result, 100)
    assert (row["estimate"], row["status"], row["n_risk"]) == (0.5, "estimated", 0)


def test_incidence_beyond_follow_up_is_not_estimable() -> None:
    row = landmark(estimate(cohort((10, "relapse"), (20, "alive")), RELAPSE), 25)
    assert {key: row[key] for key in NOT_ESTIMATED} == NOT_ESTIMATED


# ---- who is counted -------------------------------------------------------------------------------------------------


def test_nobody_at_risk() -> None:
    for spec in (OS, RELAPSE):
        result = estimate(cohort((10, "death"), (20, "alive"), RISKFL="N", NRISKREA="prevalent"), spec)
        row = landmark(result, 15)
        assert {key: row[key] for key in NOT_ESTIMATED} == NOT_ESTIMATED
        assert row["reason"] == "nobody at risk"
        assert [row[key] for key in ("n", "n_not_at_risk", "n_events", "n_risk")] == [0, 2, 0, 0]
        assert row["max_follow_up_day"] is None
        assert result.curves.height == 0
        assert set(result.risk_table["n_risk"]) == {0}
        assert set(result.quantiles["status"]) <= {"not estimable"}
        assert set(result.checks["outcome"]) == {"not applicable"}


def test_those_not_at_risk_are_counted_apart() -> None:
    at_risk, prevalent = followed("P1", 10, "death"), followed("P2", -3, "death", RISKFL="N", NRISKREA="prevalent")
    row = landmark(estimate(adtte(at_risk, prevalent, followed("P3", 30, "alive")), OS), 15)
    assert [row[key] for key in ("n", "n_not_at_risk", "n_events", "estimate")] == [2, 1, 1, 0.5]
    assert row["not_at_risk"] == "1 prevalent"


def test_every_stratum_has_its_own_estimate() -> None:
    rows = adtte(
        followed("P1", 10, "death"),
        followed("P2", 30, "alive", dose="DL2"),
        followed("P3", 30, "alive", "B"),
        followed("P4", 10, "death", "B", None),
    )
    spec = tte_spec(endpoints=ENDPOINTS | {"endpoints": {"OS": ENDPOINTS["endpoints"]["OS"]}})
    result = estimate(rows, spec)
    found = {key: (landmark(result, 15, *key)["n"], landmark(result, 15, *key)["estimate"]) for key in STRATA}
    assert found == {
        ("all", "all"): (4, 0.5), ("A", "all"): (2, 0.5), ("B", "all"): (2, 0.5), ("all", "DL1"): (2, 0.5),
        ("A", "DL1"): (1, 0), ("B", "DL1"): (1, 1), ("all", "DL2"): (1, 1), ("A", "DL2"): (1, 1),
        ("B", "DL2"): (0, None),
    }  # fmt: skip
    shown = {("all", "all"), ("A", "all"), ("B", "all")}
    for frame in (result.curves, result.risk_table, result.checks):
        assert set(frame.select("group", "dose_level").unique().rows()) == shown


@pytest.mark.parametrize(
    ("below", "expected"),
    [(50, ["beta-product"] * 3), (20, ["log-log", "beta-product", "log-log"]), (16, ["log-log"] * 3)],
)
def test_the_interval_follows_the_planned_size_not_the_number_seen(below: int, expected: list[str]) -> None:
    spec = OS.model_copy(update={"methods": tte_spec(methods=METHODS | {"small_planned_size_below": below}).methods})
    result = estimate(cohort((10, "death"), (30, "alive")), spec)
    # Planned: 20 adults, 16 children, 36 together.
    assert [landmark(result, 15, group)["conf_type"] for group in ("A", "B", "all")] == expected


def test_a_dose_level_is_small_whatever_the_plan() -> None:
    planned = [group | {"planned_n": 500} for group in GROUPS]
    only = ENDPOINTS | {"endpoints": {"OS": ENDPOINTS["endpoints"]["OS"]}}
    result = estimate(cohort((10, "death"), (30, "alive")), tte_spec(groups=planned, endpoints=only))
    assert landmark(result, 15)["conf_type"] == "log-log"
    assert landmark(result, 15, "A", "DL1")["conf_type"] == "beta-product"


# ---- numbers at risk ------------------------------------------------------------------------------------------------


def test_numbers_at_risk_under_the_axis() -> None:
    # Relapse on days 10 and 40, death on day 20, censored on days 20, 40 and 50; ticks 0, 20, 40, 60.
    histories = [(10, "relapse"), (40, "relapse"), (20, "death"), (20, "alive"), (40, "alive"), (50, "alive")]
    table = estimate(cohort(*histories), RELAPSE).risk_table.filter(group="all")
    columns = ["time_day", "n_risk", "n_event_cumulative", "n_competing_cumulative", "n_censor_cumulative"]
    assert table.select(columns).rows() == [
        (0, 6, 0, 0, 0),
        (20, 5, 1, 1, 1),  # whoever has an event on day 20 is at risk just before it
        (40, 3, 2, 1, 2),
        (60, 0, 2, 1, 3),
    ]


# ---- quantiles ------------------------------------------------------------------------------------------------------


def quantile(result: TteResults, parameter: str, p: float) -> Row:
    key = (pl.col("group") == "all") & (pl.col("parameter") == parameter) & (pl.col("probability") == p)
    return result.quantiles.row(by_predicate=key, named=True)


def test_quartiles_of_survival() -> None:
    # S = 3/4, 1/2, 1/4 on days 10, 20, 30, then censored on day 40. Where the curve lies exactly on a quartile the
    # middle of the flat piece is taken: 15, 25, and 35.
    result = estimate(cohort((10, "death"), (20, "death"), (30, "death"), (40, "alive")), OS)
    assert [quantile(result, "OS", p)["estimate"] for p in (0.25, 0.5, 0.75)] == [15, 25, 35]
    row = quantile(result, "OS", 0.5)
    assert (row["n"], row["n_events"], row["status"], row["reason"]) == (4, 3, "estimated", None)


def test_a_curve_that_does_not_get_there_has_no_quantile() -> None:
    row = quantile(estimate(cohort((10, "death"), (20, "alive"), (30, "alive")), OS), "OS", 0.5)
    assert limits(row) == [None, None, None]
    assert (row["status"], row["reason"]) == ("not estimable", "the curve does not get there")


def test_median_follow_up() -> None:
    # Censored on days 20 and 30, dead on day 10: the curve of follow-up is 1/2 from day 20 and 0 from day 30.
    result = estimate(cohort((10, "death"), (20, "alive"), (30, "alive")), OS)
    row = quantile(result, "FOLLOW_UP_OS", 0.5)
    assert (row["estimate"], row["n"], row["n_events"]) == (25, 3, 2)
    assert (row["method"], row["conf_type"]) == ("reverse-kaplan-meier", "log-log")


def test_incidence_has_no_quantiles() -> None:
    assert estimate(cohort((10, "relapse"), (20, "alive")), RELAPSE).quantiles.height == 0


# ---- labels ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("day", "words"), [(None, "injection"), (10, "injection, from day 10")])
def test_the_clock_is_named(day: float | None, words: str) -> None:
    spec = OS.model_copy(deep=True)
    variable = spec.endpoints.first_events["death"]
    origin = variable.origin.model_copy(update={"landmark_day": day})
    spec.endpoints.first_events["death"] = variable.model_copy(update={"origin": origin})
    row = landmark(estimate(cohort((12, "death"), (30, "alive")), spec), 15)
    assert (row["clock"], row["label"], row["population"]) == (words, "label of death", "injected")
