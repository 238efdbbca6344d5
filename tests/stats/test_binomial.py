"""Exact test of a proportion: by hand, against R (golden/analyses/outcome.R, binom.test), identities, extremes."""

import json
from pathlib import Path

import numpy as np
import pytest
from numpy.testing import assert_allclose

from immrecon.errors import InputError
from immrecon.stats.proportion import binomial_test, clopper_pearson

GOLDEN = json.loads((Path(__file__).parents[1] / "golden/analyses/outcome.json").read_text())["binomial"]


def test_by_hand() -> None:
    # Of 4 fair coins 3 heads: P(X >= 3) = 5/16, P(X <= 3) = 15/16; as likely or less: 0, 1, 3 and 4 heads, 10/16.
    test = binomial_test(3, 4, 0.5)
    assert_allclose([test.p_greater[0], test.p_less[0], test.p_two_sided[0]], [5 / 16, 15 / 16, 10 / 16], rtol=1e-14)


@pytest.mark.parametrize("case", GOLDEN, ids=lambda case: f"{case['x']} of {case['n']}")
def test_is_that_of_r(case: dict[str, list[float]]) -> None:
    test = binomial_test(case["x"], case["n"], case["p0"])
    assert_allclose(test.p_less, case["less"], rtol=1e-12)
    assert_allclose(test.p_greater, case["greater"], rtol=1e-12)
    assert_allclose(test.p_two_sided, case["two_sided"], rtol=1e-12)


@pytest.mark.parametrize(("x", "n"), [(0, 6), (3, 7), (6, 6), (14, 18)])
def test_tails_share_the_observed_count_and_mirror(x: int, n: int) -> None:
    p0 = np.linspace(0.05, 0.95, 19)
    test, mirrored = binomial_test(x, n, p0), binomial_test(n - x, n, 1 - p0)
    assert_allclose(test.p_less, mirrored.p_greater, rtol=1e-10)
    assert_allclose(test.p_two_sided, mirrored.p_two_sided, rtol=1e-10)
    both = test.p_less + test.p_greater
    assert (both > 1).all()
    assert (test.p_two_sided <= 1).all()


@pytest.mark.parametrize(("x", "n"), [(1, 6), (9, 10), (12, 18)])
def test_limits_of_clopper_and_pearson_are_where_a_tail_is_their_level(x: int, n: int) -> None:
    found = clopper_pearson(x, n)
    limits = binomial_test(x, n, [found.conf_low[0], found.conf_high[0]])
    assert_allclose([limits.p_greater[0], limits.p_less[1]], [0.025, 0.025], rtol=1e-9)


def test_published_cut_offs_of_efficacy() -> None:
    # 14 of 18 are the least that reject 54.7 % at one-sided 5 %, with level .0389.
    assert binomial_test(14, 18, 0.547).p_greater[0] == pytest.approx(0.0389, abs=5e-5)
    assert binomial_test(13, 18, 0.547).p_greater[0] > 0.05
    assert binomial_test(26, 36, 0.547).p_greater[0] < 0.05 < binomial_test(25, 36, 0.547).p_greater[0]


def test_extremes() -> None:
    certain = binomial_test(0, 5, [0.0, 1.0])
    assert certain.p_less.tolist() == [1, 0]
    assert certain.p_greater.tolist() == [1, 1]
    assert certain.p_two_sided.tolist() == [1, 0]
    assert np.isnan(binomial_test(0, 0, 0.5).p_two_sided).all()


@pytest.mark.parametrize(
    ("x", "n", "p0"), [(5, 4, 0.5), (-1, 4, 0.5), (1.5, 4, 0.5), (1, 4, 1.5), (1, 4, float("nan"))]
)
def test_refused(x: float, n: int, p0: float) -> None:
    with pytest.raises(InputError):
        binomial_test(x, n, p0)  # type: ignore[arg-type]
