"""Comparison of groups: by hand, against R, invariants, degenerate input."""

import json
from itertools import combinations
from math import comb

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal
from scipy.stats import ttest_ind

from immrecon.errors import InputError
from immrecon.stats.comparison import (
    hodges_lehmann,
    logrank_permutation_test,
    logrank_scores,
    logrank_test,
    one_sample_logrank,
    permutation_test,
    wilcoxon_exact,
)

from .conftest import GOLDEN

CLOSED_FORM = {"rel": 1e-9, "abs": 1e-12}
WEIGHTINGS = ["log-rank", "gehan-breslow", "tarone-ware", "peto-peto", "fleming-harrington"]
FIXED = settings(derandomize=True, deadline=None, max_examples=100)


@pytest.fixture(scope="module")
def r_says():
    """Output of tests/golden/stats/comparison.R."""
    return json.loads((GOLDEN / "comparison.json").read_text())


@pytest.fixture(scope="module")
def trial(trial36):
    number = trial36["id"].astype(int)
    return trial36 | {
        "event": (trial36["cause"] > 0).astype(int),
        "group": number % 3,
        "stratum": (number // 4) % 2,
    }


# ---------------------------------------------------------------------------------------------------- by hand

# time   group a at risk / events    group b at risk / events    all: Y d
#   2          3   1                       3   0                      6 1     expected in a 1*3/6 = 1/2
#   5          2   1                       3   1                      5 2     expected in a 2*2/5 = 4/5
#   7          1   0 (censored)            1   1 (b at 6: censored)   2 1     expected in a 1*1/2 = 1/2
TIME, EVENT, GROUP = [2, 5, 7, 5, 6, 7], [1, 1, 0, 1, 0, 1], ["a", "a", "a", "b", "b", "b"]
# Variance: 1/2*1/2 * 1*(5/5) + 2/5*3/5 * 2*(3/4) + 1/2*1/2 * 1*(1/1) = 0.25 + 0.36 + 0.25


def test_logrank_by_hand():
    test = logrank_test(TIME, EVENT, GROUP)
    assert test.groups == ("a", "b")
    assert_array_equal(test.n, [3, 3])
    assert_array_equal(test.n_events, [2, 2])
    assert_allclose(test.observed, [2, 2])
    assert_allclose(test.expected, [1.8, 2.2], rtol=1e-14)
    assert_allclose(test.variance, [[0.86, -0.86], [-0.86, 0.86]], rtol=1e-14)
    assert_allclose([test.statistic, test.z], [0.04 / 0.86, 0.2 / np.sqrt(0.86)], rtol=1e-12)
    assert test.df == 1


def test_weights_by_hand():
    # Gehan: weights 6, 5, 2. U = 6*(1 - 1/2) + 5*(1 - 4/5) + 2*(0 - 1/2) = 3; variance 36/4 + 25*.36 + 4/4 = 19.
    gehan = logrank_test(TIME, EVENT, GROUP, weighting="gehan-breslow")
    assert_allclose([gehan.observed[0] - gehan.expected[0], gehan.variance[0, 0]], [3, 19], rtol=1e-14)
    # Tarone-Ware: the variance weights are 6, 5, 2.
    ware = logrank_test(TIME, EVENT, GROUP, weighting="tarone-ware")
    assert_allclose(ware.variance[0, 0], 6 * 0.25 + 5 * 0.36 + 2 * 0.25, rtol=1e-14)
    # Peto-Peto: 6/7, 6/7 * 4/6 = 4/7, 4/7 * 2/3 = 8/21.
    peto = logrank_test(TIME, EVENT, GROUP, weighting="peto-peto")
    assert_allclose(peto.observed, [6 / 7 + 4 / 7, 4 / 7 + 8 / 21], rtol=1e-14)
    # S before each time: 1, 5/6, 5/6*3/5 = 1/2; (1 - S)^1 gives 0, 1/6, 1/2.
    late = logrank_test(TIME, EVENT, GROUP, weighting="fleming-harrington", gamma=1)
    assert_allclose(late.observed, [1 / 6, 1 / 6 + 1 / 2], rtol=1e-14)


def test_delayed_entry_by_hand():
    # The third of a enters on day 5: not at risk on days 2 and 5. Y_a is 2, 1, 1 of 5, 4, 2.
    test = logrank_test(TIME, EVENT, GROUP, entry=[0, 0, 5, 0, 0, 0])
    assert_allclose(test.expected[0], 2 / 5 + 2 * 1 / 4 + 1 / 2, rtol=1e-14)


def test_permutation_by_hand():
    # Scores: event minus Nelson-Aalen, hazards 1/6, 2/5, 1/2.
    late = 1 / 6 + 2 / 5 + 1 / 2
    scores = np.array([5 / 6, 1 - 17 / 30, -late, 1 - 17 / 30, -17 / 30, 1 - late])
    assert_allclose(logrank_scores(TIME, EVENT), scores, rtol=1e-13)
    # 20 ways to choose three of six; the scores add up to 0.
    sums = np.array([scores[list(c)].sum() for c in combinations(range(6), 3)])
    test = logrank_permutation_test(TIME, EVENT, GROUP)
    assert (test.method, test.n_arrangements, test.seed) == ("exact", 20, None)
    assert_allclose(test.statistic, 0.2, rtol=1e-13)
    assert_allclose(test.p_value, np.sum(np.abs(sums) > 0.2 - 1e-9) / 20, rtol=1e-13)
    assert_allclose(test.p_greater, np.sum(sums > 0.2 - 1e-9) / 20, rtol=1e-13)


def test_one_sample_by_hand():
    # One event in 3 + 7 days at 0.1 per day: expected 1. P(X >= 1) = 1 - 1/e, P(X <= 1) = 2/e.
    test = one_sample_logrank([3, 7], [1, 0], lambda t: 0.1 * t)
    assert_allclose([test.observed, test.expected, test.z, test.ratio], [1, 1, 0, 1], atol=1e-15)
    assert_allclose([test.p_exact_less, test.p_exact_greater], [2 / np.e, 1 - 1 / np.e], rtol=1e-14)
    assert test.p_exact == 1
    # The lower limit of the ratio solves 1 - exp(-m) = 0.025.
    assert_allclose(test.conf_low, -np.log(0.975), rtol=1e-13)
    late = one_sample_logrank([3, 7], [1, 0], lambda t: 0.1 * t, entry=[0, 5])
    assert_allclose(late.expected, 0.5, rtol=1e-14)
    own = one_sample_logrank([3, 7], [1, 0], [0.3, 0.2])
    assert_allclose(own.expected, 0.5, rtol=1e-14)


def test_one_sample_without_events_by_hand():
    test = one_sample_logrank([10], [0], lambda t: 0.1 * t)
    assert_allclose([test.z, test.z_average], [-1, -np.sqrt(2)], rtol=1e-14)
    assert_allclose([test.p_exact_less, test.p_exact_greater], [1 / np.e, 1], rtol=1e-14)
    assert_allclose([test.conf_low, test.conf_high], [0, -np.log(0.025)], rtol=1e-14)


def test_rank_sum_by_hand():
    # Ranks of 1, 2 | 2, 3: 1, 2.5 | 2.5, 4. Of six pairs of ranks the sums are 3.5 3.5 5 5 6.5 6.5; expected 5.
    test = wilcoxon_exact([1, 2], [2, 3])
    assert_allclose(test.statistic, 0.5)
    assert_allclose([test.p_value, test.p_less, test.p_greater], [4 / 6, 2 / 6, 1], rtol=1e-14)


def test_shift_by_hand():
    # Differences 5-1, 5-2, 5-4, 7-.., 9-..: 1 3 3 4 5 5 6 7 8. P(U = 0) = 1/20, P(U <= 1) = 2/20.
    # 80 %: P(U <= 0) < 0.1 and P(U <= 1) is not, so one difference is cut off at neither end, and all are within.
    # 95 %: P(U = 0) = 0.05 is not below 0.025: no shift can be excluded.
    shift = hodges_lehmann([5, 7, 9], [1, 2, 4], conf_level=0.8)
    assert_allclose([shift.estimate, shift.conf_low, shift.conf_high], [5, 1, 8])
    wide = hodges_lehmann([5, 7, 9], [1, 2, 4])
    assert (wide.conf_low, wide.conf_high) == (-np.inf, np.inf)
    assert wide.reason == "too few values for a limit at this level"


def test_permutation_of_means_and_medians_by_hand():
    # 1, 2 | 3, 10: sums of two 3 4 11 5 12 13, expected 8: |3 - 8| = 5 is reached by 3 and 13.
    mean = permutation_test([1, 2], [3, 10])
    assert_allclose([mean.statistic, mean.p_value, mean.p_less], [-5, 2 / 6, 1 / 6], rtol=1e-14)
    # Medians of three of 1 2 3 | 4 5 9: 20 arrangements, difference -3 only for {1 2 3} and, reversed, {4 5 9}.
    median = permutation_test([1, 2, 3], [4, 5, 9], statistic="median")
    assert_allclose(median.statistic, -3)
    differences = []
    for chosen in combinations([1, 2, 3, 4, 5, 9], 3):
        rest = sorted({1, 2, 3, 4, 5, 9} - set(chosen))
        differences.append(sorted(chosen)[1] - rest[1])
    assert_allclose(median.p_value, np.sum(np.abs(differences) >= np.array(3)) / 20, rtol=1e-14)


# -------------------------------------------------------------------------------------------------- against R


@pytest.mark.r_method("logrank")
def test_r_logrank(r_case, agree):
    p, d, expected = r_case.params, r_case.columns(), r_case.expected
    options = {"weighting": "fleming-harrington", "rho": p["rho"]} if p["rho"] else {}
    strata = d[p["strata"]] if p["strata"] else None
    test = logrank_test(d[p["time"]], d[p["event"]], d[p["group"]], strata=strata, **options)
    for name in ("observed", "expected", "df"):
        agree(getattr(test, name), expected[name], r_case.tol, name)
    agree(test.variance, expected["var"], r_case.tol, "variance")
    agree([test.statistic, test.p_value], [expected["chisq"], expected["p"]], r_case.tol, "test")


@pytest.mark.r_method("weighted_logrank")
def test_r_weighted_logrank(r_case, agree):
    p, d = r_case.params, r_case.columns()
    names = dict(zip(("logrank", "gehan", "tarone_ware", "peto_peto", "fh"), WEIGHTINGS, strict=True))
    for name, weighting in names.items():
        exponents = {"rho": p["fh"][0], "gamma": p["fh"][1]} if name == "fh" else {}
        test = logrank_test(d[p["time"]], d[p["event"]], d[p["group"]], weighting=weighting, **exponents)
        assert test.groups[0] == p["first_group"]
        ours = [test.observed[0] - test.expected[0], test.variance[0, 0], test.z, test.p_value]
        agree(ours, [r_case.expected[name][k] for k in ("U", "var", "z", "p")], r_case.tol, name)


@pytest.mark.r_method("permutation_logrank")
def test_r_permutation_logrank(r_case, agree):
    p, d, expected = r_case.params, r_case.columns(), r_case.expected
    time, event, group = (d[p[name]] for name in ("time", "event", "group"))
    agree(-logrank_scores(time, event), expected["scores"], r_case.tol, "scores")
    test = logrank_permutation_test(time, event, group)
    ours = [-test.statistic, test.p_value, test.p_value, abs(test.z), test.p_normal]
    names = ("sum_first_group", "p_exact", "p_exact_coin", "z_conditional", "p_asymptotic")
    agree(ours, [expected[name] for name in names], r_case.tol)


@pytest.mark.r_method("one_sample_logrank")
def test_r_one_sample_logrank(r_case, agree):
    p, d, expected = r_case.params, r_case.columns(), r_case.expected
    hazards = {"S0(t)=exp(-t/900)": lambda t: t / 900, "S0(t)=exp(-(t/800)^0.6)": lambda t: (t / 800) ** 0.6}
    test = one_sample_logrank(d[p["time"]], d[p["event"]], hazards[p["historical"]])
    names = {
        "observed": "observed",
        "expected": "expected",
        "chisq": "statistic",
        "p_two_sided": "p_value",
        "z": "z",
        "z_wu_average": "z_average",
        "smr": "ratio",
        "p_exact_poisson_lower": "p_exact_less",
        "p_exact_poisson_upper": "p_exact_greater",
    }
    for theirs, ours in names.items():
        agree(getattr(test, ours), expected[theirs], r_case.tol, theirs)
    agree([test.conf_low, test.conf_high], expected["smr_exact_ci"], r_case.tol, "interval")


@pytest.mark.r_method("wilcoxon_hl")
def test_r_wilcoxon_and_shift(r_case, agree):
    p, expected = r_case.params, r_case.expected
    test = wilcoxon_exact(p["x"], p["y"])
    ours = [test.statistic, test.p_value, test.p_value, test.p_normal, test.p_normal_corrected]
    names = ("W", "p_exact", "p_exact_coin", "p_asym_nocorrect", "p_asym_correct")
    agree(ours, [expected[name] for name in names], r_case.tol, "test")
    shift = hodges_lehmann(p["x"], p["y"], conf_level=p["level"])
    agree(shift.estimate, expected["hl_median_of_differences"], r_case.tol, "estimate")
    agree([shift.conf_low, shift.conf_high], expected["hl_ci"], r_case.tol, "interval")
    agree(permutation_test(p["x"], p["y"]).p_value, expected["p_perm_mean"], r_case.tol, "means")


def test_golden_logrank(r_says, trial, agree):
    for strata, name in ((None, "logrank"), (trial["stratum"], "logrank_strata")):
        for expected in r_says[name]:
            test = logrank_test(
                trial["time"],
                trial["event"],
                trial["group"],
                strata=strata,
                weighting="fleming-harrington",
                rho=expected["rho"],
            )
            for ours in ("observed", "expected", "variance"):
                agree(getattr(test, ours), expected[ours], CLOSED_FORM, ours)
            agree([test.statistic, test.p_value], [expected["chisq"], expected["p"]], CLOSED_FORM)


def test_golden_delayed_entry(r_says, trial, agree):
    expected = r_says["logrank_entry"]
    test = logrank_test(trial["time"], trial["event"], trial["group"], entry=trial["entry"])
    agree([test.statistic, test.p_value], [expected["chisq"], expected["p"]], CLOSED_FORM)


def test_golden_permutation(r_says, trial, agree):
    expected = r_says["permutation"]
    ten = {name: values[:10] for name, values in trial.items()}
    group = np.where(np.isin(ten["id"], [1, 4, 5, 9]), "first", "second")
    test = logrank_permutation_test(ten["time"], ten["event"], group)
    ours = [test.statistic, test.p_value, test.p_less]
    agree(ours, [expected[name] for name in ("u", "p", "less")], CLOSED_FORM)


def test_golden_wilcoxon(r_says, agree):
    r = r_says["wilcoxon"]
    test, shift = wilcoxon_exact(r["x"], r["y"]), hodges_lehmann(r["x"], r["y"])
    ours = [test.statistic, test.p_value, test.p_less, shift.conf_low, shift.conf_high]
    agree(ours, [r[name] for name in ("w", "p", "less", "low", "high")], CLOSED_FORM)


# ------------------------------------------------------------------------------------------------- invariants

PARTICIPANT = st.tuples(st.integers(0, 12), st.integers(0, 1), st.integers(0, 2), st.integers(0, 1))
TRIAL = st.lists(PARTICIPANT, min_size=3, max_size=14)


def _columns(rows):
    return np.array(rows, dtype=float).T


def _same(a, b):
    assert (a.status, a.df) == (b.status, b.df)
    assert_allclose([a.statistic, a.p_value], [b.statistic, b.p_value], rtol=1e-9, atol=1e-12)


@FIXED
@given(TRIAL, st.sampled_from(WEIGHTINGS), st.randoms(use_true_random=False))
def test_order_unit_and_names_do_not_matter(rows, weighting, random):
    time, event, group, stratum = _columns(rows)
    test = logrank_test(time, event, group, strata=stratum, weighting=weighting)
    shuffled = list(rows)
    random.shuffle(shuffled)
    t, e, g, s = _columns(shuffled)
    _same(logrank_test(t, e, g, strata=s, weighting=weighting), test)
    _same(logrank_test(time / 7, event, group, strata=stratum, weighting=weighting), test)
    renamed = np.array(["z", "m", "a"])[group.astype(int)]
    _same(logrank_test(time, event, renamed, strata=stratum, weighting=weighting), test)


@FIXED
@given(TRIAL, st.sampled_from(WEIGHTINGS))
def test_scores_add_up_to_observed_minus_expected(rows, weighting):
    time, event, group, stratum = _columns(rows)
    test = logrank_test(time, event, group, strata=stratum, weighting=weighting)
    scores = logrank_scores(time, event, strata=stratum, weighting=weighting)
    sums = [scores[group == g].sum() for g in test.groups]
    assert_allclose(sums, test.observed - test.expected, atol=1e-10)
    assert_allclose(test.observed.sum(), test.expected.sum(), rtol=1e-12, atol=1e-12)
    assert_allclose(test.variance.sum(axis=0), 0, atol=1e-9)


@FIXED
@given(TRIAL)
def test_a_participant_split_in_two_is_one_participant(rows):
    time, event, group, _ = _columns(rows)
    cut = np.floor(time / 2)
    early = (cut > 0) & (cut < time)
    whole = logrank_test(time, event, group)
    split = logrank_test(
        np.concatenate((time, cut[early])),
        np.concatenate((event, 0 * cut[early])),
        np.concatenate((group, group[early])),
        # Day 0 is before everybody's time but not before an event on day 0: those are at risk from before.
        entry=None if (time == 0).any() else np.concatenate((np.where(early, cut, 0), 0 * cut[early])),
    )
    if not (time == 0).any():
        _same(split, whole)


@FIXED
@given(st.lists(st.tuples(st.integers(0, 6), st.integers(0, 1), st.integers(0, 1)), min_size=2, max_size=9))
def test_counted_by_halves_is_counted_one_by_one(rows):
    # The stratum sizes of the first group are fixed; every choice of participants that keeps them is counted.
    value, group, stratum = _columns(rows)
    if not 0 < (group == 0).sum() < group.size:
        return
    event = np.ones_like(value)
    test = logrank_permutation_test(value, event, group, strata=stratum)
    scores, first = logrank_scores(value, event, strata=stratum), group == 0
    wanted = [(first & (stratum == s)).sum() for s in (0, 1)]
    sums = []
    for chosen in combinations(range(value.size), int(first.sum())):
        rows_ = list(chosen)
        if [(stratum[rows_] == s).sum() for s in (0, 1)] == wanted:
            sums.append(scores[rows_].sum())
    sums, centre = np.array(sums), np.mean(sums)
    assert test.n_arrangements == sums.size
    far = np.abs(sums - centre) >= abs(test.statistic - centre) - 1e-9
    assert_allclose([test.p_value, test.p_less], [far.mean(), (sums <= test.statistic + 1e-9).mean()], rtol=1e-12)


def test_many_strata_are_counted_stratum_by_stratum():
    # 20 pairs, one of each in the first group: a sign test on the differences of the scores.
    rng = np.random.default_rng(9)
    value, pair, group = rng.integers(0, 30, 40), np.repeat(np.arange(20), 2), np.tile([0, 1], 20)
    scores = logrank_scores(value, np.ones(40), strata=pair)
    test = logrank_permutation_test(value, np.ones(40), group, strata=pair)
    assert test.n_arrangements == 2**20
    # Each pair that is not tied has scores -1/2 and 1/2 for the earlier and the later time.
    differs = int((value[::2] != value[1::2]).sum())
    higher = int((scores[::2] > scores[1::2]).sum())
    far = abs(higher - differs / 2)
    tails = [comb(differs, k) for k in range(differs + 1) if abs(k - differs / 2) >= far]
    assert_allclose(test.p_value, sum(tails) / 2**differs, rtol=1e-12)


def test_listing_three_groups_agrees_with_pairs_of_labels():
    # With two filled groups of three declared, the listing is not used; with three it is: 8!/(3! 3! 2!) = 560.
    time, event = [2, 3, 5, 5, 8, 9, 12, 12], [1, 1, 0, 1, 1, 0, 1, 1]
    three = logrank_permutation_test(time, event, [0, 1, 2, 0, 1, 2, 0, 1])
    assert (three.method, three.n_arrangements) == ("exact", 560)
    scores = logrank_scores(time, event)
    forms = {}
    for a in combinations(range(8), 3):
        for b in combinations(sorted(set(range(8)) - set(a)), 3):
            sums = [scores[list(a)].sum(), scores[list(b)].sum()]
            sums.append(scores.sum() - sum(sums))
            forms[a, b] = sum((s - n * scores.mean()) ** 2 / n for s, n in zip(sums, (3, 3, 2), strict=True))
    observed = forms[(0, 3, 6), (1, 4, 7)]
    as_large, total = sum(form >= observed - 1e-9 for form in forms.values()), len(forms)
    assert_allclose(three.p_value, as_large / total, rtol=1e-12)
    assert_allclose(three.statistic, observed / np.var(scores, ddof=1), rtol=1e-9)


@FIXED
@given(st.lists(st.integers(0, 8), min_size=1, max_size=7), st.lists(st.integers(0, 8), min_size=1, max_size=6))
def test_rank_sum_counts_every_arrangement(x, y):
    pooled, m = np.array(x + y, dtype=float), len(x)
    ranks = np.array([np.sum(pooled < v) + (np.sum(pooled == v) + 1) / 2 for v in pooled])
    sums = np.array([ranks[list(c)].sum() for c in combinations(range(pooled.size), m)])
    observed, centre = ranks[:m].sum(), m * (pooled.size + 1) / 2
    test = wilcoxon_exact(x, y)
    far = np.abs(sums - centre) >= abs(observed - centre) - 1e-9
    expected = [far.mean(), (sums <= observed).mean(), (sums >= observed).mean()]
    assert_allclose([test.p_value, test.p_less, test.p_greater], expected, rtol=1e-10)
    mirrored = wilcoxon_exact(y, x)
    assert_allclose([mirrored.p_value, mirrored.p_less], [test.p_value, test.p_greater], rtol=1e-10)


@FIXED
@given(
    st.lists(st.integers(-40, 40), min_size=4, max_size=8),
    st.lists(st.integers(-40, 40), min_size=4, max_size=8),
    st.integers(-20, 20),
)
def test_shift_moves_with_the_values(x, y, by):
    a, b = hodges_lehmann(x, y), hodges_lehmann([v + by for v in x], y)
    assert a.conf_low <= a.estimate <= a.conf_high
    assert_allclose(b.estimate, a.estimate + by, atol=1e-12)
    if not (a.ties or b.ties):
        assert_allclose([b.conf_low, b.conf_high], [a.conf_low + by, a.conf_high + by], atol=1e-12)


def test_drawing_comes_near_the_exact_answer_and_is_repeatable():
    rng = np.random.default_rng(5)
    x, y = rng.normal(size=30), rng.normal(0.5, 1, size=20)
    first, again = (permutation_test(x, y, n_resamples=9_999, seed=3) for _ in range(2))
    assert (first.method, first.n_arrangements, first.seed) == ("monte-carlo", 9_999, 3)
    assert first.p_value == again.p_value
    # 6 Monte Carlo standard errors around the t-test, which is exact for normal values.
    t_test = ttest_ind(x, y).pvalue
    assert_allclose(first.p_value, t_test, atol=6 * np.sqrt(t_test / 9_999))
    # (b + 1)/(m + 1): a multiple of 1/10000, never 0.
    far = permutation_test(x, y + 100, n_resamples=99, seed=1)
    assert_allclose(far.p_value, 1 / 100, rtol=1e-12)


def test_the_whole_trial_is_exact():
    rng = np.random.default_rng(6)
    x, y = rng.normal(size=22), rng.normal(0.5, 1, size=14)
    exact = permutation_test(x, y)
    assert (exact.method, exact.n_arrangements) == ("exact", 3_796_297_200)
    centred = np.concatenate((x, y)) - np.concatenate((x, y)).mean()
    draws = np.array([rng.permutation(centred)[:22].sum() for _ in range(20_000)])
    observed = centred[:22].sum()
    share = (np.abs(draws) >= abs(observed)).mean()
    assert_allclose(exact.p_value, share, atol=5 * np.sqrt(share * (1 - share) / 20_000))


# ------------------------------------------------------------------------------------------- degenerate input

NOT_ESTIMABLE = [
    ([1, 2, 3], [1, 1, 0], [1, 1, 1], {}, "fewer than two groups have participants"),
    ([1, 2, 3], [1, 1, 0], [1, 1, 1], {"groups": [1, 2]}, "fewer than two groups have participants"),
    ([], [], [], {}, "fewer than two groups have participants"),
    ([5], [1], ["a"], {}, "fewer than two groups have participants"),
    ([1, 2, 3], [0, 0, 0], [1, 1, 2], {}, "no event"),
    ([1, 5, 6], [0, 1, 1], [1, 2, 2], {}, "no event happened while more than one group was at risk"),
    ([4, 4, 4], [1, 1, 1], [1, 1, 2], {}, "no event happened while more than one group was at risk"),
    (
        [4, 5, 5],
        [1, 0, 0],
        [1, 1, 2],
        {"weighting": "fleming-harrington", "gamma": 1},
        "no event with weight happened while more than one group was at risk",
    ),
]


@pytest.mark.parametrize(("time", "event", "group", "options", "reason"), NOT_ESTIMABLE)
def test_no_test_has_a_reason(time, event, group, options, reason):
    test = logrank_test(time, event, group, **options)
    assert (test.status, test.reason, test.df) == ("not estimable", reason, 0)
    assert np.isnan([test.statistic, test.p_value, test.z]).all()
    frame = test.to_frame()
    assert frame.height == len(test.groups)
    assert frame["p_value"].null_count() == frame.height


def test_an_empty_declared_group_is_left_out():
    declared = logrank_test(TIME, EVENT, GROUP, groups=["c", "b", "a"])
    assert declared.groups == ("c", "b", "a")
    assert_array_equal(declared.n, [0, 3, 3])
    _same(declared, logrank_test(TIME, EVENT, GROUP))
    exact = logrank_permutation_test(TIME, EVENT, GROUP, groups=["c", "a", "b"])
    assert_allclose(exact.p_value, logrank_permutation_test(TIME, EVENT, GROUP).p_value)


def test_event_on_day_0_counts():
    # Day 0: 1 of 2 + 2 participants; expected in the first group 1/2.
    assert_allclose(logrank_test([0, 9, 9, 9], [1, 0, 0, 0], [1, 1, 2, 2]).expected, [0.5, 0.5])


def test_everybody_tied_has_p_1():
    test = logrank_permutation_test([4, 4, 4, 4], [1, 1, 1, 1], [1, 1, 2, 2])
    assert (test.p_value, test.p_less, test.p_greater) == (1, 1, 1)
    assert wilcoxon_exact([4, 4], [4, 4, 4]).p_value == 1
    assert wilcoxon_exact([4, 4], [4, 4, 4]).p_normal == 1
    assert permutation_test([4, 4], [4, 4, 4]).p_value == 1
    assert permutation_test([4, 4], [4, 4, 4], statistic="median").p_value == 1
    shift = hodges_lehmann([4, 4, 4, 4], [4, 4, 4, 4])
    assert shift.estimate == 0


def test_empty_samples_have_a_reason():
    for result in (
        wilcoxon_exact([], [1, 2]),
        hodges_lehmann([1], []),
        permutation_test([], [1]),
        logrank_permutation_test([1, 2], [1, 1], [1, 1]),
        logrank_permutation_test([1, 2], [0, 0], [1, 2]),
        one_sample_logrank([], [], lambda t: t),
        one_sample_logrank([0], [0], lambda t: t),
    ):
        assert result.status == "not estimable"
        assert result.reason
        frame = result.to_frame()
        assert frame.height == 1
        assert frame["status"].to_list() == ["not estimable"]
        numbers = frame.select(name for name in frame.columns if name.startswith("p_"))
        assert numbers.null_count().row(0) == (1,) * numbers.width


def test_frames_hold_what_was_estimated():
    row = one_sample_logrank([3, 7], [1, 0], lambda t: 0.1 * t).to_frame().row(0, named=True)
    assert (row["observed"], row["status"], row["reason"]) == (1, "estimated", None)
    row = permutation_test([1, 2], [3, 10]).to_frame().row(0, named=True)
    assert (row["method"], row["n_arrangements"], row["seed"]) == ("exact", 6.0, None)
    frame = logrank_test(TIME, EVENT, GROUP).to_frame()
    assert frame["group"].to_list() == ["a", "b"]
    assert_allclose(frame["expected"].to_list(), [1.8, 2.2])


REFUSED = [
    (lambda: logrank_test([1, np.nan], [1, 1], [1, 2]), r"^time: 1 of 2 values are missing"),
    (lambda: logrank_test([1, 2], [1, 2], [1, 2]), r"^event: 1 of 2 values are neither 0 nor 1"),
    (lambda: logrank_test([1, 2], [1, 1], [1, np.nan]), r"^group: 1 of 2 values are missing.*positions 1"),
    (lambda: logrank_test([1, 2], [1, 1], ["a", None]), r"^group: 1 of 2 values are missing.*positions 1"),
    (lambda: logrank_test([1, 2], [1, 1], [1]), r"^group: 1 values where time has 2"),
    (lambda: logrank_test([1, 2], [1, 1], [[1, 2]]), r"^group: expected one dimension"),
    (lambda: logrank_test([1, 2], [1, 1], [1, 3], groups=[1, 2]), r"^group: 3 not in groups=\[1, 2\]"),
    (lambda: logrank_test([1, 2], [1, 1], [1, 2], groups=[1, 1]), r"^groups: \[1, 1\] is empty or names"),
    (lambda: logrank_test([1, 2], [1, 1], [1, 2], strata=[1, np.inf]), r"^strata: 1 of 2 values are missing"),
    (lambda: logrank_test([1, 2], [1, 1], [1, 2], entry=[1, 0]), r"^entry: 1 of 2 values are not before time"),
    (lambda: logrank_test([1, 2], [1, 1], [1, 2], weighting="peto"), r"^weighting: 'peto' is not known"),
    (lambda: logrank_test([1, 2], [1, 1], [1, 2], rho=1), r"^rho: belongs to weighting='fleming-harrington'"),
    (
        lambda: logrank_test([1, 2], [1, 1], [1, 2], weighting="fleming-harrington", gamma=-1),
        r"^gamma: -1 is not a finite number from 0",
    ),
    (lambda: wilcoxon_exact([1, np.nan], [1]), r"^x: 1 of 2 values are missing or infinite"),
    (lambda: wilcoxon_exact(np.arange(900), np.arange(900)), r"^x, y: 900 and 900 values are too many"),
    (lambda: hodges_lehmann([1], [2], conf_level=95), r"^conf_level: 95 is not between"),
    (lambda: permutation_test([1], [2], statistic="mode"), r"^statistic: 'mode' is not known"),
    (lambda: permutation_test(np.arange(60.0) ** 2, np.arange(60.0)), r"^n_resamples, seed: needed, because"),
    (lambda: permutation_test(np.arange(60.0) ** 2, np.arange(60.0), n_resamples=0, seed=1), r"^n_resamples: 0"),
    (lambda: one_sample_logrank([1, 2], [1, 1], [0.1]), r"^cumulative_hazard: 1 values where time has 2"),
    (lambda: one_sample_logrank([1, 2], [1, 1], [0.1, np.nan]), r"^cumulative_hazard: 1 of 2 values .*positions 1"),
    (lambda: one_sample_logrank([1, 2], [1, 1], lambda t: -t), r"^cumulative_hazard: 2 of 2 values"),
    (lambda: one_sample_logrank([1, 2], [1, 1], lambda t: 9 - t, entry=[0, 0]), r"^cumulative_hazard: 2 of 2"),
    (lambda: one_sample_logrank([1, 2], [1, 1], [0.1, 0.2], entry=[0, 0]), r"^cumulative_hazard: values say nothing"),
]


@pytest.mark.parametrize(("call", "message"), REFUSED)
def test_what_cannot_be_worked_on_is_named(call, message):
    with pytest.raises(InputError, match=message):
        call()
