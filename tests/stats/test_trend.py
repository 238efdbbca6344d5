"""Log-rank test for trend: against R, by hand, by listing, and where there is none."""

import csv
import json
from itertools import permutations

import numpy as np
import pytest
from numpy.testing import assert_allclose

from immrecon.errors import InputError
from immrecon.stats.comparison import (
    logrank_scores,
    logrank_test,
    logrank_trend_permutation_test,
    logrank_trend_test,
)

from .conftest import GOLDEN

R = json.loads((GOLDEN.parent / "analyses" / "contrasts.json").read_text())
with (GOLDEN / "trial36.csv").open() as file:
    LINES = list(csv.DictReader(file))
TIME = np.array([float(line["time"]) for line in LINES])
EVENT = np.array([int(line["cause"]) > 0 for line in LINES]).astype(int)
NUMBER = np.array([int(line["id"]) for line in LINES])
DOSE, GROUP = NUMBER // 2 % 3, NUMBER % 2


@pytest.mark.parametrize(("strata", "key"), [(None, "logrank_trend"), (GROUP, "logrank_trend_strata")])
def test_against_r(strata: np.ndarray | None, key: str) -> None:
    test = logrank_trend_test(TIME, EVENT, DOSE, strata=strata)
    assert_allclose([test.statistic, test.p_value], R[key], rtol=1e-10)
    assert test.df == 1


def test_permutation_against_every_arrangement_in_r() -> None:
    test = logrank_trend_permutation_test(TIME[:9], EVENT[:9], DOSE[:9])
    expected = R["trend_permutation"]
    assert (test.method, test.n_arrangements) == ("exact", expected["n"])
    assert_allclose([test.statistic, test.p_value], [expected["statistic"], expected["p"]], rtol=1e-10)


def test_within_strata_by_listing() -> None:
    time, event = np.array([1.0, 2, 3, 4, 5, 6]), np.array([1, 1, 0, 1, 0, 1])
    dose, strata = np.array([0, 1, 2, 2, 0, 1]), np.array([0, 0, 0, 1, 1, 1])
    score = logrank_scores(time, event, strata=strata)
    sums = [
        score[:3] @ np.array(a) + score[3:] @ np.array(b)
        for a in set(permutations(dose[:3]))
        for b in set(permutations(dose[3:]))
    ]
    observed = float(score @ dose)
    beyond = np.abs(np.array(sums) - np.mean(sums)) >= abs(observed - np.mean(sums)) - 1e-12
    test = logrank_trend_permutation_test(time, event, dose, strata=strata)
    assert test.n_arrangements == len(sums) == 36
    assert test.p_value == pytest.approx(beyond.mean(), rel=1e-12)


def test_two_groups_are_the_log_rank_test_whatever_their_scores() -> None:
    plain = logrank_test(TIME, EVENT, GROUP).statistic
    for scores in ((0, 1), (-3, 7), (5, 4)):
        test = logrank_trend_test(TIME, EVENT, np.array(scores)[GROUP])
        assert test.statistic == pytest.approx(plain, rel=1e-10)


def test_drawn_arrangements_are_seeded() -> None:
    first, again = (logrank_trend_permutation_test(TIME, EVENT, DOSE, n_resamples=499, seed=3) for _ in range(2))
    assert (first.method, first.p_value) == ("monte-carlo", again.p_value)
    asymptotic = logrank_trend_test(TIME, EVENT, DOSE).p_value
    assert first.p_value == pytest.approx(asymptotic, abs=0.06)
    assert first.p_normal == pytest.approx(asymptotic, abs=0.06)


@pytest.mark.parametrize(
    ("time", "event", "score"),
    [([1, 2], [0, 0], [0, 1]), ([1, 2], [1, 1], [1, 1]), ([], [], []), ([1, 2, 3], [0, 0, 1], [0, 1, 2])],
)
def test_where_nothing_can_be_tested(time: list[float], event: list[int], score: list[float]) -> None:
    test = logrank_trend_test(time, event, score)
    assert (test.status, np.isnan(test.p_value)) == ("not estimable", True)
    assert test.reason


def test_a_missing_score_is_refused() -> None:
    with pytest.raises(InputError, match="score"):
        logrank_trend_test([1, 2], [1, 0], [0, float("nan")])
