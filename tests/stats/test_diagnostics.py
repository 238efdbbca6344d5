"""Normal scores and skewness: by hand, invariants, next to nothing."""

from statistics import NormalDist

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from immrecon.errors import InputError
from immrecon.stats.diagnostics import normal_scores, skewness

quantile = NormalDist().inv_cdf


def test_scores_without_limits_are_quantiles_at_rank_less_a_half() -> None:
    assert_allclose(normal_scores([3.0, -1.0, 10.0, 4.0]), [quantile(p) for p in (0.375, 0.125, 0.875, 0.625)])


def test_ties_share_a_score() -> None:
    assert_allclose(normal_scores([1.0, 1.0, 5.0]), [quantile(1 / 3), quantile(1 / 3), quantile(5 / 6)])


def test_scores_with_values_below_a_limit_by_hand() -> None:
    # From above: 9 (P above 0, at or above 1/4), 7 (to 2/4), < 6, then 2 alone of those left: the rest, 2/4 of the mass.
    found = normal_scores([2.0, 6.0, 9.0, 7.0], [0, 1, 0, 0])
    assert_allclose(found, [quantile(0.25), np.nan, quantile(1 - 1 / 8), quantile(1 - 3 / 8)])


def test_a_limit_above_all_measured_values_leaves_their_ranks() -> None:
    assert_allclose(normal_scores([50.0, 1.0, 2.0], [1, 0, 0])[1:], normal_scores([1.0, 2.0]))


def test_limits_below_all_measured_values_push_them_up() -> None:
    # Half of the mass is below: the two measured values share the upper half.
    assert_allclose(normal_scores([0.1, 0.1, 1.0, 2.0], [1, 1, 0, 0])[2:], [quantile(0.625), quantile(0.875)])


def test_scores_are_those_of_the_order_alone() -> None:
    values, below = np.array([0.3, 2.0, 1.0, 4.0, 0.2]), [0, 0, 1, 0, 0]
    assert_allclose(normal_scores(np.exp(values), below), normal_scores(values, below))


def test_nothing_to_score() -> None:
    assert normal_scores([]).size == 0
    assert_array_equal(normal_scores([5.0, 5.0], [1, 1]), [np.nan, np.nan])
    with pytest.raises(InputError, match="value: 1 of 2 values are missing"):
        normal_scores([1.0, np.nan])


def test_skewness_by_hand() -> None:
    # mean 2, deviations -1, -1, 2: third moment 6/3, second 6/3
    assert skewness([1.0, 1.0, 4.0]) == pytest.approx(2 / 2**1.5)
    assert skewness([-1.0, -1.0, -4.0]) == pytest.approx(-2 / 2**1.5)
    assert skewness([1.0, 2.0, 3.0]) == 0
    assert np.isnan(skewness([1.0, 4.0]))
    assert np.isnan(skewness([2.0, 2.0, 2.0]))
