"""Comparisons: against R on an invented trial, by hand, and where there is next to nothing to compare."""

import csv
import json
import math
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from numpy.testing import assert_allclose

from immrecon.analyses.contrasts import ContrastResults, estimate_contrasts
from immrecon.config.contrast_specs import ContrastSpec
from immrecon.contracts.harmonised import SC
from immrecon.contracts.io import validate
from immrecon.contracts.results import CONTRASTS, SECOND_PROGRAMMER

from .outcome_cases import GOLDEN as OUTCOME
from .outcome_cases import golden_trial
from .rows import Row, adsl, adtte, followed, person, table
from .specs import DOSES, ENDPOINTS, SHOWN, comparison, contrast_spec, endpoint

GOLDEN = Path(__file__).resolve().parents[1] / "golden"
R = json.loads((GOLDEN / "analyses" / "contrasts.json").read_text())
WHAT = {"0": "alive", "1": "relapse", "2": "death", "3": "death"}
LEVELS = [{"code": f"DL{k}", "label": f"DL{k}"} for k in range(3)]

HAZARD_TEST, INCIDENCE_TEST, PROPORTIONAL = (
    "test of equal hazards",
    "test of equal incidences",
    "test of proportional hazards",
)
HAZARD, CAUSE_SPECIFIC, SUBDISTRIBUTION = "hazard ratio", "cause-specific hazard ratio", "subdistribution hazard ratio"
SURVIVAL, INCIDENCE = "difference in event-free probability", "difference in cumulative incidence"
ONE_MEAN, MEAN, MEAN_RATIO, OBSERVED = (
    "restricted mean time",
    "difference in restricted mean time",
    "ratio of restricted mean times",
    "observed over expected events",
)

Trial = tuple[pl.DataFrame, pl.DataFrame]


def trial(*participants: tuple[float, str, str], dose: str = "DL1") -> Trial:
    """ADTTE and ADSL of participants: day, what happened, group."""
    names = [f"P{i:02}" for i in range(len(participants))]
    times = adtte(
        *(followed(n, day, what, group, dose) for n, (day, what, group) in zip(names, participants, strict=True))
    )
    return times, adsl(*(person(n, group, dose) for n, (_, _, group) in zip(names, participants, strict=True)))


@pytest.fixture(scope="module")
def trial36() -> Trial:
    """The trial that R was given: group B is id odd, dose levels in turn, age is the number."""
    times, people = [], []
    with (GOLDEN / "stats" / "trial36.csv").open() as file:
        for line in csv.DictReader(file):
            k = int(line["id"])
            group, dose, name = "AB"[k % 2], f"DL{k // 2 % 3}", f"P{k:02}"
            times.append(followed(name, float(line["time"]), WHAT[line["cause"]], group, dose))
            people.append(person(name, group, dose, AGE=float(k), SEX="FM"[k % 2]))
    return adtte(*times), adsl(*people)


def estimate(data: Trial, spec: ContrastSpec) -> ContrastResults:
    result = estimate_contrasts(*data, table(SC, []), spec)
    return ContrastResults(validate(CONTRASTS, result.contrasts), validate(SECOND_PROGRAMMER, result.second_programmer))


def row(result: ContrastResults, parameter: str, measure: str, level: str = "B", **more: Any) -> Row:
    key = {"parameter": parameter, "measure": measure, "level": level} | more
    return result.contrasts.row(by_predicate=pl.all_horizontal(pl.col(k) == v for k, v in key.items()), named=True)


def endpoints_at(day: float, conf_type: str = "log-log") -> Row:
    """The endpoints with one landmark and one interval."""
    changed = {
        code: endpoint(item["first_event"], item["events"], item["estimator"], landmarks_day=[day], conf_type=conf_type)
        for code, item in ENDPOINTS["endpoints"].items()
    }
    return ENDPOINTS | {"endpoints": changed}


def ratio_agrees(found: Row, expected: Row, j: int | None = None) -> None:
    pick = (lambda v: v) if j is None else (lambda v: v[j])
    assert_allclose(found["estimate"], pick(expected["ratio"]), rtol=1e-8)
    assert_allclose(found["std_error"], pick(expected["se"]), rtol=1e-8)
    if "low" in expected:
        limits = [found["conf_low"], found["conf_high"]]
        assert_allclose(limits, [pick(expected["low"]), pick(expected["high"])], rtol=1e-8)


# ---- against R ------------------------------------------------------------------------------------------------------


def test_hazard_ratios_and_their_model(trial36: Trial) -> None:
    result = estimate(trial36, contrast_spec({"GROUP": comparison()}))
    ratio_agrees(row(result, "RFS", HAZARD), R["hazard"])
    ratio_agrees(row(result, "RELAPSE", CAUSE_SPECIFIC), R["cause_specific"])
    ratio_agrees(row(result, "RELAPSE", SUBDISTRIBUTION), R["subdistribution"])
    found = row(result, "RFS", PROPORTIONAL, "all")
    assert_allclose([found["statistic"], found["df"], found["p_value"]], R["hazard_zph"], rtol=1e-8)
    assert found["method"] == "Grambsch-Therneau score test (Cox, Efron ties, km transform)"
    assert row(result, "RFS", HAZARD)["method"] == "Cox model (Efron ties)"
    assert row(result, "RFS", HAZARD)["reason"] == "100 events planned, at least 10"


def test_strata_trend_levels_and_a_continuous_characteristic(trial36: Trial) -> None:
    spec = contrast_spec(
        {
            "STRATA": comparison(100, "RFS", stratified_by=["dose_level"]),
            "DOSE": comparison(100, "RFS", factor="dose_level", kind="trend", reference=None, stratified_by=["group"]),
            "LEVELS": comparison(100, "RFS", factor="dose_level", reference="DL0"),
            "AGE": comparison(100, "RFS", factor="AGE", kind="continuous", reference=None, per_units=10),
            "SEX": comparison(100, "RFS", factor="SEX", levels=["F", "M"], reference="F"),
        },
        dose_levels=LEVELS,
    )
    result = estimate(trial36, spec)
    ratio_agrees(row(result, "RFS", HAZARD, comparison="STRATA"), R["hazard_strata"])
    ratio_agrees(row(result, "RFS", HAZARD, "per level", comparison="DOSE"), R["hazard_dose"])
    for j, level in enumerate(("DL1", "DL2")):
        ratio_agrees(row(result, "RFS", HAZARD, level, comparison="LEVELS"), R["hazard_levels"], j)
    found = row(result, "RFS", PROPORTIONAL, "all", comparison="LEVELS")
    assert_allclose([found["statistic"], found["df"], found["p_value"]], R["hazard_levels_zph"], rtol=1e-8)
    ratio_agrees(row(result, "RFS", HAZARD, "per 10 units", comparison="AGE"), R["hazard_age"])
    ratio_agrees(row(result, "RFS", HAZARD, "M", comparison="SEX"), R["hazard"])
    assert row(result, "RFS", HAZARD, comparison="STRATA")["stratified_by"] == "dose_level"
    assert row(result, "RFS", HAZARD_TEST, "all", comparison="STRATA")["statistic"] == pytest.approx(
        R["logrank_strata"], rel=1e-10
    )
    found = row(result, "RFS", HAZARD_TEST, "all", comparison="DOSE")
    assert found["method"] == "log-rank test for trend, permutation"  # dose levels have no planned size


def test_tests_of_large_planned_groups_are_asymptotic(trial36: Trial) -> None:
    result = estimate(trial36, contrast_spec({"GROUP": comparison()}, gates={"exact_tests_below_planned_n": 16}))
    found = row(result, "RFS", HAZARD_TEST, "all")
    assert found["statistic"] == pytest.approx(R["logrank"], rel=1e-10)
    assert found["method"] == "log-rank test, asymptotic"
    assert found["reason"] == "smallest group planned with 16, at least 16: asymptotic test"
    gray = row(result, "RELAPSE", INCIDENCE_TEST, "all")
    assert_allclose([gray["statistic"], gray["p_value"]], R["gray"], rtol=1e-9)


def test_differences_and_restricted_means(trial36: Trial) -> None:
    compared = comparison(100)
    compared["endpoints"]["RFS"]["restricted_mean_to_day"] = 90
    result = estimate(trial36, contrast_spec({"GROUP": compared}, endpoints=endpoints_at(100)))
    names = ("estimate", "std_error", "conf_low", "conf_high")
    for code, measure, key in (
        ("RFS", SURVIVAL, "survival_difference"), ("RELAPSE", INCIDENCE, "incidence_difference")
    ):  # fmt: skip
        found = row(result, code, measure, horizon="day 100")
        assert_allclose([found[name] for name in names], R[key], rtol=1e-9)
        assert found["conf_type"] == "square-and-add of log-log"
    for measure, key in ((MEAN, "mean_difference"), (MEAN_RATIO, "mean_ratio")):
        found = row(result, "RFS", measure, horizon="to day 90")
        assert_allclose([found["estimate"], found["std_error"]], R[key], rtol=1e-9)
    assert found["n_events"] == found["n_events_level"] + found["n_events_reference"]
    level, reference = (row(result, "RFS", ONE_MEAN, code) for code in (found["level"], found["reference"]))
    assert (level["n"], level["n_events"]) == (found["n_level"], found["n_events_level"])
    assert (reference["n"], reference["reference"]) == (found["n_reference"], None)
    assert_allclose(level["estimate"] / reference["estimate"], found["estimate"], rtol=1e-12)
    difference = row(result, "RFS", MEAN)
    assert_allclose(level["estimate"] - reference["estimate"], difference["estimate"], rtol=1e-12)
    assert_allclose(math.hypot(level["std_error"], reference["std_error"]), difference["std_error"], rtol=1e-12)


def constant(**changes: Any) -> Row:
    """A hazard under which half have the event by day 200, up to day 100."""
    return {
        "label": "in print", "endpoint": "RFS", "groups": ["all"], "until_day": 100, "p_values": SHOWN, "clock": "endpoint",
        "hazard": {"kind": "constant", "probability": 0.5, "competing_probability": None, "by_day": 200}, "source": "by hand", "status": "draft",
    } | changes  # fmt: skip


def test_observed_against_a_hazard_in_print(trial36: Trial) -> None:
    steps = [{"day": d, "cumulative_hazard": math.log(2) * d / 200} for d in (50, 200)]
    pieces = constant(hazard={"kind": "piecewise", "steps": steps})
    result = estimate(trial36, contrast_spec({}, {"PRINT": constant(), "PIECES": pieces}))
    expected = R["one_sample"]
    for code in ("PRINT", "PIECES"):
        found = row(result, "RFS", OBSERVED, "all", comparison=code)
        assert (found["n"], found["n_events"]) == (36, expected["observed"])
        assert_allclose([found["n_expected"], found["estimate"], found["p_value"]],
                        [expected["expected"], expected["ratio"], expected["p"]], rtol=1e-9)  # fmt: skip
        assert_allclose([found["conf_low"], found["conf_high"]], expected["limits"], rtol=1e-9)


# ---- by hand --------------------------------------------------------------------------------------------------------


def test_what_competes_raises_the_hazard_of_a_cumulative_incidence(trial36: Trial) -> None:
    # All hazards constant: half with the event, a quarter with another one by day 200, a quarter with none. The total
    # hazard is log(4)/200 a day, two thirds of it for the event; with log(2)/200 the incidence would be below a half.
    hazard = {"kind": "constant", "probability": 0.5, "competing_probability": 0.25, "by_day": 200}
    both = {"PRINT": constant(endpoint="RELAPSE"), "COMPETES": constant(endpoint="RELAPSE", hazard=hazard)}
    result = estimate(trial36, contrast_spec({}, both))
    alone, found = (row(result, "RELAPSE", OBSERVED, "all", comparison=code) for code in both)
    assert_allclose(found["n_expected"] / alone["n_expected"], (math.log(4) * 2 / 3) / math.log(2), rtol=1e-12)
    assert found["reason"].startswith("constant hazard that gives 50% by day 200 and 25% with a competing event first")


def test_the_hazard_counts_from_the_landmark() -> None:
    # One participant followed from day 10 to day 30; hazard log(2)/200 a day, so log(2)/10 expected.
    rows = followed("P1", 30, "alive", AENTRY=10.0)
    data = (adtte(rows), adsl(person("P1")))
    found = row(estimate(data, contrast_spec({}, {"PRINT": constant()})), "RFS", OBSERVED, "all")
    assert found["n_expected"] == pytest.approx(math.log(2) * 20 / 200, rel=1e-12)
    assert (found["estimate"], found["conf_low"], found["p_value"]) == (0, 0, 1)


def test_a_hazard_from_the_transplant_is_met_from_the_injection_on() -> None:
    # golden/analyses/outcome.R: overall survival is followed from the injection, the hazard counts from the transplant.
    own = golden_trial()
    steps = [{"day": 100, "cumulative_hazard": 0.2}, {"day": 400, "cumulative_hazard": 0.5}]
    printed = constant(endpoint="OS", clock="transplant", until_day=365, hazard={"kind": "piecewise", "steps": steps})
    found = row(estimate((own.adtte, own.adsl), contrast_spec({}, {"PRINT": printed})), "OS", OBSERVED, "all")
    expected = OUTCOME["one_sample"]
    assert found["n_events"] == expected["observed"]
    assert_allclose(
        [found[name] for name in ("n_expected", "estimate", "conf_low", "conf_high")],
        [expected[name] for name in ("expected", "ratio", "low", "high")], rtol=1e-9,
    )  # fmt: skip


def test_the_permutation_test_lists_every_arrangement() -> None:
    # Three die first in A, then nobody: of the 20 ways to choose 3 of 6, only this one and its mirror are as extreme.
    data = trial((1, "death", "A"), (2, "death", "A"), (3, "death", "A"), *[(9, "alive", "B")] * 3)
    spec = contrast_spec({"GROUP": comparison(100, "OS")}, gates={"exact_tests_below_planned_n": 17})
    found = row(estimate(data, spec), "OS", HAZARD_TEST, "all")
    assert found["p_value"] == pytest.approx(2 / 20, rel=1e-12)
    assert found["reason"] == "smallest group planned with 16, fewer than 17: permutation test, all 20 arrangements"
    assert found["method"] == "log-rank test, permutation"


def test_without_p_values_nothing_is_tested_but_the_model(trial36: Trial) -> None:
    hidden = comparison(100, p_values={"shown": False, "reason": "not randomised"})
    hidden["endpoints"]["RFS"]["restricted_mean_to_day"] = 90
    frame = estimate(trial36, contrast_spec({"GROUP": hidden})).contrasts
    assert not set(frame["measure"]) & {HAZARD_TEST, INCIDENCE_TEST}
    about_groups = frame.filter(pl.col("measure") != PROPORTIONAL)
    assert about_groups["p_value"].null_count() == about_groups.height
    assert about_groups["statistic"].null_count() == about_groups.height
    # The estimates are the same with and without.
    shown = comparison(100)
    shown["endpoints"]["RFS"]["restricted_mean_to_day"] = 90
    with_p = estimate(trial36, contrast_spec({"GROUP": shown})).contrasts.filter(pl.col("estimate").is_not_null())
    keys = ["parameter", "measure", "level", "horizon"]
    columns = [*keys, "estimate", "conf_low", "conf_high", "method"]
    without_p = about_groups.filter(pl.col("estimate").is_not_null())
    assert with_p.select(columns).sort(keys).equals(without_p.select(columns).sort(keys))
    assert with_p.filter(pl.col("measure") == HAZARD)["p_value"].null_count() == 0


@pytest.mark.parametrize(
    ("planned", "model", "fine_gray"),
    [(9, "Firth's Cox model (Breslow ties)", "9 events planned, fewer than 10"), (10, "Cox model (Efron ties)", None)],
)
def test_what_is_planned_decides_the_method(trial36: Trial, planned: int, model: str, fine_gray: str | None) -> None:
    result = estimate(trial36, contrast_spec({"GROUP": comparison(planned)}))
    assert row(result, "RFS", HAZARD)["method"] == model
    found = row(result, "RELAPSE", SUBDISTRIBUTION)
    assert (found["status"] == "not estimable") == (fine_gray is not None)
    assert fine_gray is None or found["reason"] == fine_gray


def test_fewer_cuts_of_the_data_do_not_change_the_method(trial36: Trial) -> None:
    times, people = trial36
    early = times.filter(pl.col("AVAL") < 40)
    spec = contrast_spec({"GROUP": comparison(9)}, gates={"exact_tests_below_planned_n": 30})
    keys = ["parameter", "measure", "level", "horizon", "method"]
    now, then = (estimate((rows, people), spec).contrasts.select(keys).sort(keys) for rows in (times, early))
    assert now.equals(then)


# ---- next to nothing ------------------------------------------------------------------------------------------------

NOTHING = {"estimate": None, "conf_low": None, "conf_high": None, "p_value": None, "status": "not estimable"}


def test_three_against_two() -> None:
    data = trial((5, "death", "A"), (8, "relapse", "A"), (20, "alive", "A"), (6, "death", "B"), (20, "alive", "B"))
    spec = contrast_spec(
        {"GROUP": comparison(5)}, gates={"exact_tests_below_planned_n": 30}, endpoints=endpoints_at(15)
    )
    result = estimate(data, spec)
    found = row(result, "OS", HAZARD)
    assert (found["n_level"], found["n_events_level"], found["n_reference"], found["n_events_reference"]) == (
        2,
        1,
        3,
        1,
    )
    assert 0 < found["conf_low"] < found["estimate"] < found["conf_high"] < math.inf
    test = row(result, "OS", HAZARD_TEST, "all")
    assert 0 < test["p_value"] <= 1
    # 1/2 against 2/3 free of death by hand.
    assert row(result, "OS", SURVIVAL)["estimate"] == pytest.approx(1 / 2 - 2 / 3, rel=1e-12)


def test_all_events_on_one_side_has_an_interval_with_firth_and_none_with_cox() -> None:
    data = trial((5, "death", "A"), (8, "death", "A"), (9, "death", "A"), *[(20, "alive", "B")] * 3)
    firth = row(estimate(data, contrast_spec({"GROUP": comparison(5, "OS")})), "OS", HAZARD)
    assert 0 < firth["conf_low"] < firth["estimate"] < 1
    cox = row(estimate(data, contrast_spec({"GROUP": comparison(50, "OS")})), "OS", HAZARD)
    assert {name: cox[name] for name in NOTHING} == NOTHING
    assert cox["reason"] == "all events are on one side (monotone likelihood), and the planned method has no estimate"
    model = row(estimate(data, contrast_spec({"GROUP": comparison(5, "OS")})), "OS", PROPORTIONAL, "all")
    assert model["status"] == "not estimable"


@pytest.mark.parametrize("planned", [5, 50])
@pytest.mark.parametrize("exact_below", [0, 30])
def test_no_event(planned: int, exact_below: int) -> None:
    data = trial(*[(20, "alive", "A")] * 3, *[(30, "alive", "B")] * 3)
    gates = {"exact_tests_below_planned_n": exact_below}
    spec = contrast_spec(
        {"GROUP": comparison(planned)}, gates=gates, endpoints=endpoints_at(15, "by planned group size")
    )
    result = estimate(data, spec)
    for measure in (HAZARD, PROPORTIONAL, HAZARD_TEST):
        found = row(result, "OS", measure, "B" if measure == HAZARD else "all")
        assert {name: found[name] for name in NOTHING} == NOTHING
        assert found["reason"].startswith("no event")
    # Nobody died on either side, and the interval of the difference is not a point.
    for code, measure in (("OS", SURVIVAL), ("RELAPSE", INCIDENCE)):
        difference = row(result, code, measure)
        assert difference["estimate"] == 0
        assert difference["conf_low"] < -0.3
        assert difference["conf_high"] > 0.3


def test_few_events_are_not_a_reason_for_another_method() -> None:
    data = trial((5, "death", "A"), (9, "alive", "A"), (9, "alive", "B"), (9, "alive", "B"))
    found = row(
        estimate(data, contrast_spec({"GROUP": comparison(50, "OS")}, gates={"fewest_events": 2})), "OS", HAZARD
    )
    assert (found["method"], found["reason"]) == ("Cox model (Efron ties)", "1 event, fewer than 2")


@pytest.mark.parametrize(("there", "reason"), [("A", "nobody in any other level"), ("B", "nobody in A, the reference")])
def test_a_group_that_is_empty(there: str, reason: str) -> None:
    data = trial((5, "death", there), (8, "relapse", there), (20, "alive", there))
    compared = comparison(50)
    compared["endpoints"]["OS"]["restricted_mean_to_day"] = 10
    spec = contrast_spec({"GROUP": compared}, gates={"exact_tests_below_planned_n": 30}, endpoints=endpoints_at(15))
    frame = estimate(data, spec).contrasts
    mean = row(estimate(data, spec), "OS", ONE_MEAN, there)  # two of three are followed beyond day 10 or die before
    assert (mean["status"], mean["n"], mean["n_events"]) == ("estimated", 3, 1)
    assert_allclose(mean["estimate"], (5 + 10 + 10) / 3)
    others = frame.filter(~((pl.col("measure") == ONE_MEAN) & (pl.col("level") == there)))
    assert set(others["status"]) == {"not estimable"}
    assert row(estimate(data, spec), "OS", HAZARD)["reason"] == reason
    assert frame["reason"].null_count() == 0


def test_nobody_at_all() -> None:
    data = (adtte(), adsl(person("P1")))
    result = estimate(data, contrast_spec({"GROUP": comparison(50)}, {"PRINT": constant()}))
    assert set(result.contrasts["status"]) == {"not estimable"}
    assert row(result, "RFS", OBSERVED, "all")["reason"] == "nobody studied"


def test_a_dose_level_that_is_not_open_yet() -> None:
    times = [followed(f"P{i}", 5 + i, "death" if i % 2 else "alive", "A", f"DL{1 + i // 2 % 2}") for i in range(8)]
    people = [person(f"P{i}", "A", f"DL{1 + i // 2 % 2}") for i in range(8)]
    levels = [*DOSES, {"code": "DL3", "label": "DL3"}]
    spec = contrast_spec({"DOSE": comparison(50, "OS", factor="dose_level", reference="DL1")}, dose_levels=levels)
    result = estimate((adtte(*times), adsl(*people)), spec)
    found = row(result, "OS", HAZARD, "DL3")
    assert (found["n_level"], found["reason"]) == (0, "nobody of this level yet")
    assert row(result, "OS", HAZARD, "DL2")["status"] == "estimated"
    assert "nobody in DL3 yet" in row(result, "OS", HAZARD_TEST, "all")["reason"]


def test_everything_on_one_day() -> None:
    data = trial(*[(10, "death", "A")] * 3, *[(10, "death", "B")] * 2)
    result = estimate(data, contrast_spec({"GROUP": comparison(50)}, gates={"exact_tests_below_planned_n": 30}))
    # All die together: nobody died before anybody else.
    found = row(result, "OS", HAZARD_TEST, "all")
    assert found["status"] == "not estimable" or found["p_value"] == pytest.approx(1)


def test_a_participant_without_a_level_is_counted_as_left_out() -> None:
    times, people = trial((5, "death", "A"), (8, "death", "B"), (9, "alive", "A"), (9, "alive", "B"))
    unknown = people.with_columns(GROUP=pl.when(pl.col("USUBJID") == "P03").then(None).otherwise(pl.col("GROUP")))
    found = row(estimate((times, unknown), contrast_spec({"GROUP": comparison(50, "OS")})), "OS", HAZARD)
    assert (found["n"], found["n_level"]) == (3, 1)
    assert found["reason"] == "50 events planned, at least 10; 1 at risk of none of the levels, left out"


def test_restricted_means_are_refused_beyond_follow_up() -> None:
    data = trial((5, "death", "A"), (20, "alive", "A"), (8, "death", "B"), (30, "alive", "B"))
    compared = comparison(50, "OS")
    compared["endpoints"]["OS"]["restricted_mean_to_day"] = 25
    for measure in (MEAN, MEAN_RATIO):
        found = row(estimate(data, contrast_spec({"GROUP": compared})), "OS", measure)
        assert {name: found[name] for name in NOTHING} == NOTHING
        assert found["reason"] == "follow-up of A ends on day 20, before day 25: nothing is extrapolated"


def test_a_day_beyond_follow_up_is_not_estimable() -> None:
    data = trial((5, "death", "A"), (20, "alive", "A"), (8, "death", "B"), (30, "alive", "B"))
    found = row(
        estimate(data, contrast_spec({"GROUP": comparison(50, "OS")}, endpoints=endpoints_at(25))), "OS", SURVIVAL
    )
    assert (found["status"], found["reason"]) == ("not estimable", "follow-up of A ends on day 20")


# ---- the same again -------------------------------------------------------------------------------------------------


def test_the_order_of_rows_and_a_second_run_change_nothing(trial36: Trial) -> None:
    spec = contrast_spec({"GROUP": comparison(9)}, gates={"exact_tests_below_planned_n": 30})
    times, people = trial36
    first = estimate((times, people), spec).contrasts
    assert first.equals(estimate((times.reverse(), people.reverse()), spec).contrasts)


def test_nothing_declared_is_nothing_compared(trial36: Trial) -> None:
    spec = contrast_spec({}).model_copy(update={"comparisons": None})
    assert estimate(trial36, spec).contrasts.is_empty()
