"""Two proportions: by hand, against R, invariants, degenerate input."""

import json
from fractions import Fraction
from math import comb

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose

from immrecon.errors import InputError
from immrecon.stats.proportion import difference, fisher_exact, wilson

from .conftest import GOLDEN

CONF_TYPES = ["newcombe", "miettinen-nurminen"]
FIXED = settings(derandomize=True, deadline=None, max_examples=100)

# ---------------------------------------------------------------------------------------------------- by hand


def test_newcombe_published_example():
    # Newcombe (1998), Statistics in Medicine 17:873, table II, method 10: 56/70 - 48/80 and 9/10 - 3/10.
    interval = difference([56, 9, 6, 5], [70, 10, 7, 56], [48, 3, 2, 0], [80, 10, 7, 29])
    assert_allclose(interval.estimate, [0.2, 0.6, 4 / 7, 5 / 56], rtol=1e-14)
    assert_allclose(interval.conf_low, [0.0524, 0.1705, 0.0582, -0.0381], atol=5e-5)
    assert_allclose(interval.conf_high, [0.3339, 0.8090, 0.8062, 0.1926], atol=5e-5)


def test_miettinen_nurminen_published_example():
    # The same table, method 5 (true score, Mee, times N/(N - 1): Miettinen-Nurminen), 56/70 - 48/80.
    interval = difference(56, 70, 48, 80, conf_type="miettinen-nurminen")
    assert_allclose([interval.conf_low[0], interval.conf_high[0]], [0.0528, 0.3382], atol=5e-5)


def test_score_interval_at_no_event_by_hand():
    # 0/n against 0/n: with p2 = 0 as the constrained estimate, delta^2 = z^2 delta (1 - delta)/n * 2n/(2n - 1).
    n, z2 = 10, 1.959963984540054**2
    factor = z2 / n * 2 * n / (2 * n - 1)
    interval = difference(0, n, 0, n, conf_type="miettinen-nurminen")
    assert_allclose([interval.conf_low[0], interval.conf_high[0]], [-factor / (1 + factor), factor / (1 + factor)])


def test_fisher_lady_tasting_tea():
    # 3 of 4 against 1 of 4: probabilities 1 16 36 16 1 over 70.
    test = fisher_exact(3, 4, 1, 4)
    assert_allclose([test.p_greater, test.p_less, test.p_value], [17 / 70, 69 / 70, 34 / 70], rtol=1e-13)
    # 1 of 1 against 0 of 1: P(X = 1) is psi/(1 + psi); the lower limit is where that is 0.025.
    least = fisher_exact(1, 1, 0, 1, tolerance=1e-13)
    assert_allclose(least.conf_low, 0.025 / 0.975, rtol=1e-9)
    assert (least.odds_ratio, least.conf_high) == (np.inf, np.inf)


# -------------------------------------------------------------------------------------------------- against R


@pytest.mark.r_method("prop_diff")
def test_r_difference_and_fisher(r_case, agree):
    p, expected = r_case.params, r_case.expected
    counts = [p[name] for name in ("x1", "n1", "x2", "n2")]
    for conf_type in CONF_TYPES:
        interval = difference(*counts, conf_type=conf_type, conf_level=p["level"])
        agree(interval.estimate, expected["diff"], r_case.tol, "difference")
        ours = [interval.conf_low[0], interval.conf_high[0]]
        agree(ours, expected[conf_type.replace("-", "_")], r_case.tol, conf_type)
    test = fisher_exact(*counts, conf_level=p["level"])
    agree([test.p_value, test.odds_ratio], [expected["fisher_p"], expected["fisher_or_cmle"]], r_case.tol, "test")
    agree([test.conf_low, test.conf_high], expected["fisher_or_ci"], r_case.tol, "odds ratio")


def test_golden_fisher(agree):
    for r in json.loads((GOLDEN / "comparison.json").read_text())["fisher"]:
        test = fisher_exact(r["x1"], r["n1"], r["x2"], r["n2"])
        agree(test.p_value, r["p"], {"rel": 1e-9, "abs": 1e-12}, "p")
        for ours, theirs in ((test.odds_ratio, r["estimate"]), (test.conf_low, r["low"]), (test.conf_high, r["high"])):
            wanted = np.inf if theirs in (None, "Inf") else theirs
            assert_allclose(ours, wanted, rtol=1e-9, atol=1e-12)


# ------------------------------------------------------------------------------------------------- invariants

GROUP = st.integers(1, 40).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n)))


@FIXED
@given(GROUP, GROUP, st.sampled_from(CONF_TYPES), st.sampled_from([0.8, 0.95]))
def test_limits_enclose_and_mirror(first, second, conf_type, level):
    one = difference(*first, *second, conf_type=conf_type, conf_level=level)
    assert -1 <= one.conf_low[0] <= one.estimate[0] + 1e-12
    assert one.estimate[0] - 1e-12 <= one.conf_high[0] <= 1
    other = difference(*second, *first, conf_type=conf_type, conf_level=level)
    assert_allclose([one.conf_low[0], one.conf_high[0]], [-other.conf_high[0], -other.conf_low[0]], atol=1e-9)


@FIXED
@given(GROUP)
def test_against_a_certain_zero_the_score_interval_is_wilson(first):
    # As the second group grows without an event its proportion is known to be 0.
    known = difference(*first, 0, 10**9, conf_type="miettinen-nurminen")
    alone = wilson(*first)
    if 0 < first[0] < first[1]:
        assert_allclose(known.conf_low, alone.conf_low, atol=2e-4)
        assert_allclose(known.conf_high, alone.conf_high, atol=2e-4)


@FIXED
@given(GROUP, GROUP)
def test_fisher_in_fractions(first, second):
    (a, m), (b, n) = first, second
    total, events = comb(m + n, a + b), a + b
    ways = {k: comb(m, k) * comb(n, events - k) for k in range(max(0, events - n), min(m, events) + 1)}
    test = fisher_exact(a, m, b, n)
    p = sum(Fraction(w, total) for w in ways.values() if w <= ways[a])
    less = sum(Fraction(w, total) for k, w in ways.items() if k <= a)
    assert_allclose([test.p_value, test.p_less], [float(p), float(less)], rtol=1e-9)


@FIXED
@given(GROUP, GROUP)
def test_fisher_limits_have_the_tails_they_claim(first, second):
    (a, m), (b, n) = first, second
    test = fisher_exact(a, m, b, n, tolerance=1e-14)
    events = a + b
    support = range(max(0, events - n), min(m, events) + 1)
    if not support[0] < a < support[-1]:
        return

    def share(psi, chosen):
        ways = {k: comb(m, k) * comb(n, events - k) * psi**k for k in support}
        return sum(ways[k] for k in chosen) / sum(ways.values())

    assert_allclose(share(test.conf_low, [k for k in support if k >= a]), 0.025, rtol=1e-6)
    assert_allclose(share(test.conf_high, [k for k in support if k <= a]), 0.025, rtol=1e-6)
    assert test.conf_low < test.odds_ratio < test.conf_high


# ------------------------------------------------------------------------------------------- degenerate input


def test_an_empty_group():
    for conf_type in CONF_TYPES:
        interval = difference([0, 1], [0, 2], 1, 2, conf_type=conf_type)
        for values in (interval.estimate, interval.conf_low, interval.conf_high):
            assert np.isnan(values).tolist() == [True, False]
    test = fisher_exact(0, 0, 1, 2)
    assert test.p_value == 1
    assert np.isnan([test.odds_ratio, test.conf_low, test.conf_high]).all()
    assert test.to_frame()["odds_ratio"].to_list() == [None]


def test_no_event_and_only_events():
    for x in (0, 6):
        test = fisher_exact(x, 6, x, 6)
        assert test.p_value == 1
        assert np.isnan(test.odds_ratio)
        interval = difference(x, 6, x, 6)
        assert_allclose(interval.conf_low, -interval.conf_high)
    extreme = difference(6, 6, 0, 6, conf_type="miettinen-nurminen")
    assert_allclose([extreme.estimate[0], extreme.conf_high[0]], [1, 1])


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: difference(3, 2, 1, 2), r"^x1: 1 of 1 values are larger than n1"),
        (lambda: difference(1, 2, [1, -1], 2), r"^x2: 1 of 2 values are negative"),
        (lambda: difference(1, 2, 1, np.nan), r"^n2: 1 of 1 values are not whole numbers"),
        (lambda: difference(1, 2, 1, 2, conf_type="wald"), r"^conf_type: 'wald' is not known"),
        (lambda: fisher_exact(1.5, 2, 1, 2), r"^x1: 1 of 1 values are not whole numbers"),
        (lambda: fisher_exact(1, 2, 1, 2, conf_level=1), r"^conf_level: 1 is not between"),
    ],
)
def test_what_cannot_be_worked_on_is_named(call, message):
    with pytest.raises(InputError, match=message):
        call()


def test_frames_have_a_row_per_difference():
    frame = difference([1, 2], 4, [0, 1], 5).to_frame()
    assert frame.columns == ["x1", "n1", "x2", "n2", "estimate", "conf_low", "conf_high"]
    assert_allclose(frame["estimate"].to_list(), [0.25, 0.3])
