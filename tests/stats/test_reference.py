"""Where a value stands among healthy people of its age: by hand, against R, at the edges."""

import json
from pathlib import Path

import numpy as np
import pytest
from numpy.testing import assert_allclose

from immrecon.stats.reference import lms_z_score, log_normal_z_score

GOLDEN = json.loads((Path(__file__).parents[1] / "golden" / "stats" / "reference.json").read_text())
P10 = -1.2815515655446004


def test_lms_by_hand() -> None:
    """L 1: (y/M - 1)/S, so 1200 of M 1000 and S 0.1 is +2; L 2: (1.44 - 1)/0.2; L -1: (1 - 1000/1200)/0.1."""
    assert_allclose(lms_z_score([1200, 1000, 500], l=1, m=1000, s=0.1), [2, 0, -5], atol=1e-12)
    assert_allclose(lms_z_score(1200, l=2, m=1000, s=0.1), 2.2)
    assert_allclose(lms_z_score(1200, l=-1, m=1000, s=0.1), 10 / 6)


def test_lms_without_a_power_is_the_logarithm() -> None:
    assert_allclose(lms_z_score([np.e * 100, 100 / np.e], l=0, m=100, s=0.5), [2, -2])


def test_lms_goes_on_smoothly_where_the_power_vanishes() -> None:
    assert_allclose(lms_z_score(50, l=1e-12, m=1000, s=0.3), lms_z_score(50, l=0, m=1000, s=0.3), rtol=1e-11)


def test_lms_agrees_with_r() -> None:
    """R integrates the density; half the rows have a power other than 0."""
    rows = GOLDEN["lms"]
    assert len(rows) > 30
    found = lms_z_score(*([row["y"] for row in rows],), **{k: [row[k] for row in rows] for k in "lms"})
    assert_allclose(found, [row["z"] for row in rows], atol=1e-6)


def test_percentiles_have_the_z_scores_of_their_names() -> None:
    """Whatever the median: the limits of P10-P90 are at -1.28 and 1.28, the median at 0."""
    for median in (900.0, 980.0, 1200.0):
        z = log_normal_z_score([650, median, 1500], lower=650, median=median, upper=1500, shares=(0.1, 0.9))
        assert_allclose(z, [P10, 0, -P10], atol=1e-12)


def test_without_a_median_the_limits_give_mean_and_deviation() -> None:
    """P10 and P90 of 250 and 4000 have the middle 1000; a value of 62.5 lies two such steps below it."""
    z = log_normal_z_score([1000, 62.5, 4000], lower=250, median=np.nan, upper=4000, shares=(0.1, 0.9))
    assert_allclose(z, [0, 2 * P10, -P10], atol=1e-12)


def test_percentiles_that_are_not_symmetrical() -> None:
    z = log_normal_z_score([100, 400], lower=100, median=np.nan, upper=400, shares=(0.05, 0.5))
    assert_allclose(z, [-1.6448536269514722, 0], atol=1e-12)


def test_log_normal_agrees_with_r() -> None:
    golden = GOLDEN["log_normal"]
    lower, median, upper = golden["limits"]
    for middle in (median, np.nan):
        found = log_normal_z_score(golden["values"], lower=lower, median=middle, upper=upper, shares=(0.1, 0.9))
        assert_allclose(found, golden["z"], rtol=1e-9, atol=1e-9)


def test_both_rise_with_the_value_and_do_not_know_its_unit() -> None:
    y = np.geomspace(1, 5000, 60)
    two_sided = {"lower": 650, "median": 980, "upper": 1500}
    for z in (lms_z_score(y, l=-0.4, m=980, s=0.3), log_normal_z_score(y, **two_sided, shares=(0.1, 0.9))):
        assert (np.diff(z) > 0).all()
    in_thousands = {name: value / 1000 for name, value in two_sided.items()}
    assert_allclose(
        log_normal_z_score(y / 1000, **in_thousands, shares=(0.1, 0.9)),
        log_normal_z_score(y, **two_sided, shares=(0.1, 0.9)),
        rtol=1e-12,
        atol=1e-12,
    )


@pytest.mark.parametrize("power", [-0.5, 0.0])
def test_a_value_of_nothing_has_no_z_score(power: float) -> None:
    assert np.isnan(lms_z_score(0, l=power, m=1000, s=0.3))
    assert np.isnan(log_normal_z_score(0, lower=1, median=2, upper=3, shares=(0.1, 0.9)))


def test_a_missing_value_stays_missing_and_nothing_gives_nothing() -> None:
    assert np.isnan(lms_z_score([np.nan], l=1, m=1, s=1)).all()
    assert lms_z_score([], l=[], m=[], s=[]).shape == (0,)
    assert log_normal_z_score([], lower=[], median=[], upper=[], shares=(0.1, 0.9)).shape == (0,)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: lms_z_score([5, -1], l=1, m=1, s=1), "value below 0: 1 of 2"),
        (lambda: lms_z_score(1, l=1, m=0, s=1), "M not above 0: 1 of 1"),
        (lambda: lms_z_score(1, l=1, m=1, s=0), "S not above 0"),
        (lambda: log_normal_z_score(1, lower=5, median=4, upper=6, shares=(0.1, 0.9)), "limits that do not ascend"),
        (lambda: log_normal_z_score(1, lower=5, median=np.nan, upper=6, shares=(0.9, 0.1)), "do not ascend within"),
        (lambda: log_normal_z_score(1, lower=5, median=5.5, upper=6, shares=(0.6, 0.9)), "do not enclose the median"),
    ],
)
def test_what_cannot_be_is_refused(call, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        call()
