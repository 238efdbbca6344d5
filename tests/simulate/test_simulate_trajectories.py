"""True and measured counts: the algebra of the curve, consistency, and what a transplant statistician expects."""

import numpy as np
import polars as pl
import pytest
from numpy.testing import assert_allclose

from immrecon.simulate import Study
from immrecon.simulate.trajectories import TrueCurve, through

LIMIT = {"central": 2, "paris": 5, "utrecht": 1}


def test_curve_by_hand() -> None:
    curve = TrueCurve(start_log10=0.0, plateau_log10=2.0, time_constant_days=100.0, onset_day=10.0)
    half = 10.0 + 100.0 * np.log(2.0)  # half of the way from 0 to 2 after one half-life
    assert_allclose(curve.at(np.array([0.0, 10.0, half, 1e5])), [0.0, 0.0, 1.0, 2.0], atol=1e-12)
    assert curve.day_reaching(10.0) == pytest.approx(half)
    assert curve.day_reaching(100.0) is None
    assert curve.day_reaching(1.0) == pytest.approx(10.0)


def test_through_passes_through_the_point() -> None:
    curve = through(TrueCurve(0.5, 2.6, 80.0, 0.0), 60.0, 50.0)
    assert_allclose(10 ** curve.at(np.array([60.0])), [50.0])
    assert (curve.start_log10, curve.plateau_log10) == (0.5, 2.6)


def test_parts_never_exceed_the_whole_in_truth(study: Study) -> None:
    s = study.samples
    assert (s["true_CD4"] + s["true_CD8"] <= s["true_CD3"] * (1 + 1e-12)).all()
    assert (s["true_RTE"] <= s["true_CD4_NAIVE"]).all()
    assert (s["true_CD4_NAIVE"] <= s["true_CD4"]).all()
    assert (s["true_CD3"] + s["true_CD19"] + s["true_NK"] <= s["true_ALC"]).all()
    assert (s.select(pl.col("^true_.*$")).to_numpy() >= 0).all()


@pytest.mark.parametrize(
    ("analyte", "visit", "low", "high"),
    [
        ("CD4", "Day 28", 8, 30),
        ("CD4", "Day 100", 80, 150),
        ("CD4", "Day 180", 180, 300),
        ("CD4", "Day 365", 350, 550),
        ("NK", "Day 28", 90, 220),
        ("NK", "Day 100", 90, 220),
        ("CD19", "Day 28", 0, 3),
        ("CD19", "Day 180", 80, 300),
    ],
)
def test_medians_are_those_of_t_cell_depleted_transplants(
    study: Study, analyte: str, visit: str, low: float, high: float
) -> None:
    median = study.samples.filter(pl.col("visit") == visit)[f"read_{analyte}"].median()
    assert isinstance(median, float)
    assert low <= median <= high


def test_cd8_overtakes_cd4(study: Study) -> None:
    late = study.samples.filter(pl.col("day") > 90)
    assert (late["read_CD8"] > late["read_CD4"]).mean() == pytest.approx(0.8, abs=0.15)


def test_gamma_delta_share_is_larger_after_tcrab_depletion(study: Study) -> None:
    depletion = {s: c.participant.graft.depletion_method for s, c in study.courses.items()}
    early = study.samples.filter(pl.col("day").is_between(10, 60)).with_columns(
        share=1 - (pl.col("true_CD4") + pl.col("true_CD8")) / pl.col("true_CD3"),
        method=pl.col("subject").replace_strict(depletion),
    )
    share = dict(early.group_by("method").agg(pl.col("share").median()).iter_rows())
    assert share["CD34 selection"] == pytest.approx(0.06, abs=0.01)
    assert share["TCRab/CD19 depletion"] > 0.25


def test_measurement_error_is_unbiased_and_small(study: Study) -> None:
    s = study.samples.filter(pl.col("true_CD3") > 100)
    ratio = np.log(s["read_CD3"].to_numpy() / s["true_CD3"].to_numpy())
    assert_allclose(ratio.mean(), 0.0, atol=0.02)
    assert 0.03 < ratio.std() < 0.08


def test_relapse_lowers_counts(study: Study) -> None:
    course = next(c for c in study.courses.values() if c.participant.slot == "A3-6")
    cd4 = study.trajectories[course.participant.subject].samples.filter(pl.col("day") > 30)
    assert course.relapse_day is not None
    after = cd4.filter(pl.col("day") > course.relapse_day + 5)["true_CD4"].to_numpy()
    curve = 10 ** study.trajectories[course.participant.subject].curves["CD4"].at(
        cd4.filter(pl.col("day") > course.relapse_day + 5)["day"].to_numpy().astype(float)
    )
    assert np.median(after / curve) < 0.4


@pytest.mark.parametrize(("laboratory", "analyte", "low", "high"), [
    ("paris", "CD4", 0.02, 0.15),
    ("paris", "CD19", 0.3, 0.6),
    ("central", "CD19", 0.2, 0.5),
    ("utrecht", "CD19", 0.1, 0.4),
])  # fmt: skip
def test_shares_below_the_limit_of_quantification(
    study: Study, laboratory: str, analyte: str, low: float, high: float
) -> None:
    own = study.samples.filter((pl.col("laboratory") == laboratory) & (pl.col("day") > 0))
    share = (own[f"read_{analyte}"].round(0) < LIMIT[laboratory]).mean()
    assert isinstance(share, float)
    assert low < share < high


def test_no_sample_on_a_day_the_laboratory_does_not_run(study: Study) -> None:
    weekday = study.samples.with_columns(weekday=pl.col("collected").dt.weekday())
    assert weekday["weekday"].max() <= 5  # type: ignore[operator]
    assert weekday.filter(pl.col("laboratory") == "paris")["weekday"].max() <= 4  # type: ignore[operator]
    holidays = study.samples.filter(pl.col("collected").dt.strftime("%m-%d").is_in(["12-25", "01-01"]))
    assert holidays.is_empty()


def test_samples_lie_within_follow_up(study: Study) -> None:
    for subject, trajectory in study.trajectories.items():
        days = trajectory.samples["day"].to_list()
        assert days == sorted(set(days))
        assert max(days) < study.courses[subject].last_day or max(days) < 0


def _confirmed_by_day_100(days: list[int], counts: list[int]) -> bool:
    """> 50 per uL on a sample up to day 100 and on the next sample at least 14 days later."""
    pairs = list(zip(days, counts, strict=True))
    for day, count in pairs:
        later = [c for d, c in pairs if d >= day + 14]
        if 0 < day <= 100 and count > 50 and later and later[0] > 50:
            return True
    return False


def test_share_reaching_cd4_50_twice_within_100_days(study: Study) -> None:
    reached = []
    for trajectory in study.trajectories.values():
        course, samples = trajectory.course, trajectory.samples
        if course.day_of(study.parameters.cuts[1].cut_off) >= 114:
            reached.append(_confirmed_by_day_100(samples["day"].to_list(), [round(v) for v in samples["read_CD4"]]))
    assert len(reached) >= 25
    assert 0.58 <= np.mean(reached) <= 0.70
