"""Mixed models of counts: against R (golden/analyses/trajectory.R), who counts, invariants, next to nothing."""

import csv
import json
from functools import cache
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from numpy.testing import assert_allclose
from polars.testing import assert_frame_equal

from immrecon.analyses.trajectory import Trajectories, estimate_trajectory
from immrecon.config.trajectory_specs import TrajectorySpec
from immrecon.contracts.io import validate
from immrecon.contracts.results import RESULTS

from .rows import Row, adlb, adoc, adsl, died, person, sample
from .specs import DOSES, GROUPS, METHODS

FOLDER = Path(__file__).parents[1] / "golden/analyses"
GOLDEN = json.loads((FOLDER / "trajectory.json").read_text())
CONTRACTS = {contract.name: contract for contract in RESULTS}
RULE: Row = {
    "population": "injected", "analytes": ["CD4"], "participant_pages": ["CD4"], "events_shown": ["relapse"],
    "samples_end_at": ["relapse"], "first_day": 10, "last_day": 400, "knots_day": [30, 90], "boundary_day": [14, 365],
    "days": [30, 100, 365], "beyond_samples_at_most_days": 14, "reference_group": "A",
    "random_slope": {"tried": True, "p_below": 0.05}, "imputed_shares_of_limit": [0.5], "imputed_values": [],
    "fewest_participants": 3, "p_values": {"shown": False, "reason": "not randomised"}, "source": "by hand",
    "status": "draft",
}  # fmt: skip
PRIMARY = "beyond limits as such (censored)"
HALF = "below limit as 0.5 x limit"


def spec(**changes: Any) -> TrajectorySpec:
    content: Row = {"groups": GROUPS, "dose_levels": [], "methods": METHODS, "units": {"CD4": "/uL"}}
    return TrajectorySpec.model_validate(content | {"trajectory": RULE | changes})


def estimated(people: list[Row], samples: list[Row], *ends: tuple[str, str, float], **changes: Any) -> Trajectories:
    of = changes.pop("spec", None) or spec(**changes)
    return checked(estimate_trajectory(adsl(*people), adlb(*samples), adoc(*ends), of))


def checked(found: Trajectories) -> Trajectories:
    return Trajectories(**{name: validate(CONTRACTS[name], frame) for name, frame in vars(found).items()})


def golden_rows() -> tuple[list[Row], list[Row], list[tuple[str, str, float]]]:
    with (FOLDER / "trajectory.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    groups = {row["id"]: row["group"] for row in rows}
    relapses = {row["id"]: float(row["relapse"]) for row in rows if row["relapse"]}
    people = [person(f"P{who:>02}", group, LSTALVDY=400.0) for who, group in groups.items()]
    samples = [sample(f"P{row['id']:>02}", int(row["day"]), row["result"], row["group"]) for row in rows]
    return people, samples, [(f"P{who:>02}", "relapse", day) for who, day in relapses.items()]


@cache
def golden(**changes: Any) -> Trajectories:
    people, samples, ends = golden_rows()
    slope = {"tried": True, "p_below": changes.pop("p_below", 0.05)}
    return estimated(people, samples, *ends, random_slope=slope, **changes)


def readings(found: Trajectories, approach: str = PRIMARY, df: str = "between-within") -> pl.DataFrame:
    """Means of A and B, then B over A, by day: the order of the golden numbers."""
    rows = found.trajectory_estimates.filter(
        pl.col("approach") == approach, pl.col("df_method") == df, pl.col("group") != "all"
    )
    return rows.sort("measure", "group", "time_day")


# ---- against R ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("which", "p_below"), [("slope", 0.05), ("intercept", 1e-20)])
def test_primary_curves_and_ratios_against_direct_maximum_likelihood(which: str, p_below: float) -> None:
    expected = GOLDEN[which]["primary"]
    rows = readings(golden(p_below=p_below))
    assert rows["status"].unique().to_list() == ["estimated"]
    assert_allclose(rows["estimate"], 10 ** pl.Series(expected["estimate"]).to_numpy(), rtol=2e-5)
    assert_allclose(rows["std_error"], expected["std_error"], rtol=2e-4)  # R's Hessian is numerical
    assert_allclose(rows["conf_low"], 10 ** pl.Series(expected["low"]).to_numpy(), rtol=2e-4)
    assert_allclose(rows["conf_high"], 10 ** pl.Series(expected["high"]).to_numpy(), rtol=2e-4)
    assert set(rows["df"]) == {expected["df"]}
    model = golden(p_below=p_below).trajectory_models.row(
        by_predicate=(pl.col("terms") == "group") & (pl.col("approach") == PRIMARY), named=True
    )
    assert model["loglik"] == pytest.approx(expected["loglik"], rel=1e-6)
    assert model["residual_sd"] == pytest.approx(expected["residual_sd"], rel=1e-4)
    assert model["slope_statistic"] == pytest.approx(GOLDEN["statistic"], rel=1e-5)
    assert model["slope_p_value"] == pytest.approx(GOLDEN["p"], rel=1e-3)
    assert model["slope_kept"] == (which == "slope")
    assert model["nodes"] == {"slope": 13, "intercept": 31}[which]
    counts = [model[name] for name in ("n_samples", "n_below_limit", "n_participants", "n_population")]
    assert counts == [GOLDEN["n"], GOLDEN["n_below"], 20, 20]


@pytest.mark.parametrize(("which", "p_below"), [("slope", 0.05), ("intercept", 1e-20)])
@pytest.mark.parametrize("df", ["kenward-roger", "satterthwaite"])
def test_sensitivity_analyses_against_lmer(which: str, p_below: float, df: str) -> None:
    expected = GOLDEN[which]["imputed"][df.replace("-", "_")]
    found = golden(p_below=p_below)
    rows = readings(found, HALF, df)
    assert_allclose(rows["estimate"], 10 ** pl.Series(expected["estimate"]).to_numpy(), rtol=1e-5)
    assert_allclose(rows["std_error"], expected["std_error"], rtol=1e-4)
    assert_allclose(rows["df"], expected["df"], rtol=2e-3)
    assert set(rows["role"]) == {"sensitivity"}
    model = found.trajectory_models.filter(pl.col("terms") == "group", pl.col("df_method") == df)
    assert_allclose(model["residual_sd"], GOLDEN[which]["imputed"]["residual_sd"], rtol=1e-5)


def test_p_values_of_ratios_where_asked_for_only() -> None:
    people, samples, ends = golden_rows()
    asked = estimated(people, samples, *ends, p_values={"shown": True, "reason": "asked"})
    expected = GOLDEN["slope"]["imputed"]["kenward_roger"]["p"][6:]
    ratios = readings(asked, HALF, "kenward-roger").filter(pl.col("reference") == "A")
    assert_allclose(ratios["p_value"], expected, rtol=1e-3)
    means = asked.trajectory_estimates.filter(pl.col("reference") == "")
    assert means["p_value"].is_null().all()
    assert golden().trajectory_estimates["p_value"].is_null().all()


# ---- what is drawn --------------------------------------------------------------------------------------------------


def test_curves_pass_through_the_readings() -> None:
    found = golden()
    curves = found.trajectory_curves.join(
        found.trajectory_estimates.filter(pl.col("approach") == PRIMARY, pl.col("reference") == ""),
        on=["parameter", "group", "dose_level", "time_day"],
    )
    assert curves.height == 3 * 3
    for column in ("estimate", "conf_low", "conf_high", "n", "n_sampled"):
        assert_allclose(curves[column], curves[f"{column}_right"], rtol=1e-12)
    assert set(found.trajectory_curves["measure"]) == {"geometric mean, missing at random, if alive and relapse-free"}


def test_residuals_predictions_and_random_effects_fit_together() -> None:
    found = golden()
    samples, people = found.trajectory_samples, found.trajectory_participants
    measured = samples.filter(~pl.col("below_limit"))
    assert_allclose(measured["residual"], (measured["value"] / measured["fitted"]).log10(), atol=1e-12)
    below = samples.filter("below_limit")
    assert below["normal_score"].is_null().all()
    assert (below["residual"] < (below["value"] / below["fitted"]).log10()).all()
    assert people["n_samples"].sum() == samples.height == GOLDEN["n"]
    # the curve of a participant is that of the group, times what its random effects say
    curves = found.trajectory_predictions.join(people, on=["parameter", "display_id"])
    own = pl.col("intercept") + pl.col("slope") * pl.col("time_day").sqrt()
    assert_allclose(curves["fitted"], curves.select(pl.col("marginal") * pl.lit(10.0).pow(own)).to_series(), rtol=1e-12)
    group = found.trajectory_curves.select("group", "time_day", "estimate")
    assert_allclose(*curves.join(group, on=["group", "time_day"]).select("marginal", "estimate"), rtol=1e-12)
    relapsed = found.trajectory_predictions.filter(pl.col("display_id") == "P04")
    assert relapsed["time_day"].max() < 121


# ---- who counts -----------------------------------------------------------------------------------------------------

DAYS = [14, 21, 28, 45, 60, 80, 100, 150]


def small(n: int = 4, group: str = "A") -> tuple[list[Row], list[Row]]:
    """n participants of a group whose counts rise, each at its own level."""
    names = [f"{group}{number}" for number in range(n)]
    people = [person(name, group, LSTALVDY=160.0) for name in names]
    samples = [
        sample(name, day, round(3 * day**0.8 * 1.5**number * (1 + 0.2 * ((day + 3 * number) % 5 - 2)), 1), group)
        for number, name in enumerate(names)
        for day in DAYS
    ]
    return people, samples


SMALL: Row = {"knots_day": [45], "boundary_day": [14, 150], "days": [30, 100], "last_day": 200, "reference_group": None}


def reading(found: Trajectories, day: float, group: str = "A", **more: Any) -> Row:
    rows = found.trajectory_estimates.filter(
        pl.col("group") == group, pl.col("time_day") == day, pl.col("approach") == PRIMARY, dose_level="all", **more
    )
    return rows.row(0, named=True)


def test_samples_from_the_day_of_a_relapse_on_do_not_count() -> None:
    people, samples = small()
    wild = [sample("A0", day, 90000) for day in (100, 101, 150)]
    kept = [row for row in samples if row["USUBJID"] != "A0" or row["ADY"] < 100]
    with_relapse = estimated(people, [*kept, *wild], ("A0", "relapse", 100.0), **SMALL)
    without = estimated(people, kept, ("A0", "relapse", 100.0), **SMALL)
    columns = ["group", "time_day", "approach", "df_method", "estimate", "conf_low", "n", "n_sampled", "n_samples"]
    assert_frame_equal(with_relapse.trajectory_estimates.select(columns), without.trajectory_estimates.select(columns))
    assert set(with_relapse.trajectory_models["n_excluded"]) == {3}
    assert set(without.trajectory_models["n_excluded"]) == {0}


def test_numbers_contributing_by_hand() -> None:
    people, samples = small()
    people[1] |= {"LSTALVDY": 99.0} | died(99)
    samples = [row for row in samples if not (row["USUBJID"] == "A1" and row["ADY"] > 90)]
    samples = [row for row in samples if not (row["USUBJID"] == "A2" and row["ADY"] > 50)]
    found = estimated(people, samples, ("A3", "relapse", 100.0), **SMALL)
    # Day 30: all. Day 100: A0 and A2 are followed (A1 died, A3 relapsed that day); A0 alone is sampled on it or later.
    assert [reading(found, 30)[name] for name in ("n_participants", "n", "n_sampled")] == [4, 4, 4]
    assert [reading(found, 100)[name] for name in ("n_participants", "n", "n_sampled")] == [4, 2, 1]


def test_unusable_samples_and_other_days_and_analytes_do_not_count() -> None:
    people, samples = small()
    more = [
        sample("A0", 30, 9000, ANL02FL="N", ANL01FL="N", ANLREAS="collected after death"), sample("A0", 9, 9000),
        sample("A0", 201, 9000), sample("A0", 31, 9000, PARAMCD="CD3"),
    ]  # fmt: skip
    plain, crowded = (estimated(people, rows, **SMALL).trajectory_estimates for rows in (samples, [*samples, *more]))
    assert_frame_equal(plain, crowded)


def test_zero_is_below_a_known_limit_and_left_out_without_one() -> None:
    people, samples = small()
    zeros = [sample("A0", 12, 0, LLOQ=2.0), sample("A1", 12, 0)]
    model = estimated(people, [*samples, *zeros], **SMALL).trajectory_models.row(0, named=True)
    assert [model[name] for name in ("n_samples", "n_below_limit", "n_not_positive")] == [33, 1, 1]
    known, as_text = (
        estimated(people, [*samples, sample("A0", 12, text, LLOQ=2.0)], **SMALL).trajectory_estimates
        for text in ("0", "<2")
    )
    assert_frame_equal(known, as_text)


def test_results_above_a_limit_are_counted_and_only_the_primary_model_takes_them_as_such() -> None:
    people, samples = small()
    measured = estimated(people, samples, **SMALL)
    above = estimated(people, [*samples[:-1], samples[-1] | {"ACMP": ">"}], **SMALL)
    assert set(above.trajectory_models["n_above_limit"]) == {1}
    last = [reading(found, 100)["estimate"] for found in (measured, above)]
    assert last[1] > last[0]
    of_shares = pl.col("approach") == HALF
    said = above.trajectory_models.filter(of_shares)["reason"]
    assert said.str.contains("1 above the upper limit of a method stand at it as if measured").all()
    same = [found.trajectory_models.filter(of_shares)["loglik"].to_list() for found in (measured, above)]
    assert same[0] == same[1]
    beyond = above.trajectory_samples.filter("above_limit")
    assert beyond["normal_score"].null_count() == beyond.height == 1


# ---- invariants -----------------------------------------------------------------------------------------------------


def test_the_unit_scales_means_and_no_ratio() -> None:
    people, samples, ends = golden_rows()
    tenfold = [row | {"AVAL": 10 * row["AVAL"]} for row in samples]
    one, ten = (readings(found) for found in (golden(), estimated(people, tenfold, *ends)))
    means = (one["reference"] == "").to_numpy()
    assert_allclose(ten["estimate"].to_numpy()[means], 10 * one["estimate"].to_numpy()[means], rtol=1e-6)
    assert_allclose(ten["estimate"].to_numpy()[~means], one["estimate"].to_numpy()[~means], rtol=1e-6)


def test_order_of_rows_does_not_matter() -> None:
    people, samples = small()
    forth, back = adlb(*samples), adlb(*samples).reverse()
    results = [estimate_trajectory(adsl(*people), frame, adoc(), spec(**SMALL)) for frame in (forth, back)]
    for name, frame in vars(results[0]).items():
        assert_frame_equal(frame, vars(results[1])[name])


def test_without_values_below_the_limit_nothing_is_replaced() -> None:
    found = estimated(*small(), **SMALL, imputed_values=[0.5])
    models = found.trajectory_models.filter(pl.col("role") == "sensitivity")
    assert models.height == 8  # by group and one curve, two ways to replace, two of degrees of freedom
    assert models["reason"].str.contains("none is replaced").all()
    assert models["nodes"].is_null().all()
    by_way = found.trajectory_estimates.filter(pl.col("df_method") == "kenward-roger").sort(
        "approach", "group", "time_day"
    )
    half, value = (by_way.filter(pl.col("approach") == way)["estimate"] for way in (HALF, "below limit as 0.5"))
    assert half.to_list() == value.to_list()


# ---- next to nothing ------------------------------------------------------------------------------------------------


def test_not_configured() -> None:
    nothing = spec().model_copy(update={"trajectory": None})
    assert all(frame.is_empty() for frame in vars(estimated(*small(), spec=nothing)).values())


@pytest.mark.parametrize(
    ("samples", "reason"),
    [
        ([], "fewer than 3"),
        ([sample("A0", 30, 50)], "fewer than 3"),
        ([sample(f"A{k}", day, "<5") for k in range(4) for day in DAYS], "too few days"),
        ([sample(f"A{k}", 30, 50 + k) for k in range(4)], "too few days"),
        ([sample(f"A{k}", day, 50) for k in range(4) for day in DAYS], "do not vary|no residual|vary"),
    ],
)  # fmt: skip
def test_too_little_has_a_reason(samples: list[Row], reason: str) -> None:
    found = estimated(small()[0], samples, **SMALL)
    rows = found.trajectory_estimates
    assert set(rows["status"]) == {"not estimable"}
    assert rows.filter(pl.col("group") == "A")["reason"].str.contains(reason).all()
    assert rows["reason"].is_not_null().all()
    assert set(found.trajectory_models["status"]) == {"not estimable"}
    assert found.trajectory_samples.is_empty()


def test_a_group_of_few_is_left_out_and_the_others_are_not() -> None:
    people, samples = small()
    few, theirs = small(2, "B")
    found = estimated([*people, *few], [*samples, *theirs], **(SMALL | {"reference_group": "A"}))
    assert reading(found, 30)["status"] == "estimated"
    of_b = reading(found, 30, "B", measure="ratio of geometric means")
    assert of_b["status"] == "not estimable"
    assert of_b["reason"] == "B: 2 participants with a sample that counts, fewer than 3"
    assert reading(found, 30, "all")["n_participants"] == 6  # in the one curve they are
    model = found.trajectory_models.filter(pl.col("terms") == "group").row(0, named=True)
    assert (model["levels"], model["left_out"]) == ("A", "B: 2 participants with a sample that counts, fewer than 3")


def test_curves_end_with_the_samples() -> None:
    people, samples = small()
    early = [row for row in samples if row["ADY"] <= 80]
    rows = estimated(people, early, **(SMALL | {"days": [30, 90, 100]}))
    assert [reading(rows, day)["status"] for day in (30, 90, 100)] == ["estimated", "estimated", "not estimable"]
    assert reading(rows, 100)["reason"] == "the last sample that counts is on day 80"


def test_few_sampled_later_is_said() -> None:
    people, samples = small()
    late = [row for row in samples if row["ADY"] <= 80 or row["USUBJID"] == "A0"]
    methods = METHODS | {"few_at_risk": 3}
    of = spec(**SMALL).model_dump() | {"methods": methods}
    found = estimated(people, late, spec=TrajectorySpec.model_validate(of))
    assert reading(found, 30)["reason"] is None
    assert reading(found, 100)["reason"] == "fewer than 3 sampled on the day or later: it rests on the model"


def test_participants_alike_make_a_singular_model_which_is_said() -> None:
    people = [person(f"A{k}", LSTALVDY=160.0) for k in range(6)]
    # every participant has the same counts, one after the other turned: no variance between them
    wobble = [1.0, 1.3, 0.8, 1.2, 0.7, 1.1, 0.9, 1.25]
    samples = [
        sample(f"A{k}", day, round(3 * day**0.8 * wobble[(place + k) % 8], 1))
        for k in range(6) for place, day in enumerate(DAYS)
    ]  # fmt: skip
    found = estimated(people, samples, **SMALL)
    models = found.trajectory_models.filter(pl.col("approach") == PRIMARY)
    assert set(models["singular"]) == {True}
    assert models["reason"].str.contains("singular").all()
    assert reading(found, 30)["reason"].startswith("singular")
    assert found.trajectory_participants["normal_score"].is_null().all()


def test_participants_of_no_group_are_in_the_one_curve_only() -> None:
    people, samples = small()
    people.append(person("X", None, LSTALVDY=160.0))
    samples += [row | {"USUBJID": "X", "DISPID": "X", "GROUP": None} for row in samples if row["USUBJID"] == "A1"]
    found = estimated(people, samples, **SMALL)
    assert reading(found, 30, "A")["n_participants"] == 4
    assert reading(found, 30, "all")["n_participants"] == 5


def test_dose_levels_have_curves_of_their_own() -> None:
    people, samples = small(8)
    dose = {f"A{k}": "DL1" if k % 2 else "DL2" for k in range(8)}
    people = [row | {"DOSELVL": dose[row["USUBJID"]]} for row in people]
    samples = [row | {"DOSELVL": dose[row["USUBJID"]]} for row in samples]
    of = TrajectorySpec.model_validate(spec(**SMALL).model_dump() | {"dose_levels": DOSES})
    rows = estimated(people, samples, spec=of).trajectory_estimates
    by_dose = rows.filter(pl.col("dose_level") != "all", pl.col("approach") == PRIMARY)
    assert set(by_dose["dose_level"]) == {"DL1", "DL2"}
    assert set(by_dose["n_participants"]) == {4}
    assert set(by_dose["status"]) == {"estimated"}
    assert set(by_dose["group"]) == {"all"}
