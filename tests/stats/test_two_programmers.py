"""Two implementations, written without sight of each other, agree on 1,000 random data sets to 1e-9.

The `second_opinion_*` modules are slow and plain on purpose and import nothing of this package. The data are made to be
awkward: ties on a weekly grid, 3 to 8 participants, events on day 0, nothing happened, everybody tied, late entry, weights.
R has judged the second opinion itself: test_second_opinion.py.
"""

from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np
import pytest
from numpy.testing import assert_allclose

from immrecon.stats.competing_risks import aalen_johansen, fine_gray, gray_test
from immrecon.stats.survival import kaplan_meier

from . import second_opinion_fine_gray, second_opinion_gray
from . import second_opinion_incidence as incidence
from . import second_opinion_survival as survival

BATCHES, PER_BATCH = 20, 50
CAUSES = (1, 2, 3)


class Trial(NamedTuple):
    time: list[float]
    cause: list[int]
    entry: list[float] | None
    weights: list[float] | None
    group: list[str]
    strata: list[int] | None
    covariates: np.ndarray
    at: list[float]

    @property
    def event(self) -> list[int]:
        return [int(k > 0) for k in self.cause]

    @property
    def options(self) -> dict[str, Any]:
        return {"entry": self.entry, "weights": self.weights}


def trials(stream: int, batch: int):
    rng = np.random.default_rng([stream, batch])
    for _ in range(PER_BATCH):
        n = int(rng.choice([3, 4, 5, 6, 7, 8, 12, 20], p=[0.1, 0.1, 0.1, 0.2, 0.1, 0.2, 0.1, 0.1]))
        grid = rng.choice([7.0, 1.0, 0.25], p=[0.8, 0.1, 0.1])
        time = grid * rng.integers(0, rng.choice([1, 2, 6, 30], p=[0.04, 0.2, 0.4, 0.36]), n)
        share = [[1, 0, 0, 0], [0, 1, 0, 0], [0.3, 0.7, 0, 0], [0.2, 0.4, 0.4, 0], [0.3, 0.4, 0.2, 0.1]]
        cause = rng.choice(4, n, p=share[int(rng.choice(5, p=[0.05, 0.05, 0.1, 0.4, 0.4]))])
        entry = None
        if rng.random() < 0.3:
            entry = grid * rng.integers(0, 4, n) * (rng.random(n) < 0.6)
            time = np.where(entry < time, time, entry + grid)
        yield Trial(
            time.tolist(),
            cause.tolist(),
            None if entry is None else entry.tolist(),
            rng.uniform(0.1, 3, n).round(2).tolist() if rng.random() < 0.3 else None,
            rng.choice(["adult", "child", "infant"][: int(rng.integers(2, 4))], n).tolist(),
            rng.integers(1, 3, n).tolist() if rng.random() < 0.3 else None,
            np.column_stack((rng.integers(0, 2, n), rng.normal(size=n).round(1))),
            sorted({0.0, *time.tolist(), time.min() + grid / 2, time.max() + grid / 2}),
        )


def close(ours, theirs, what, scale=1.0):
    assert_allclose(ours, theirs, rtol=1e-9, atol=1e-12 * scale, equal_nan=True, err_msg=what)


batches = pytest.mark.parametrize("batch", range(BATCHES))


@batches
def test_survival_its_limits_and_quantiles(batch):
    for trial in trials(20261128, batch):
        for kind in ("log-log", "log", "plain"):
            curve = kaplan_meier(trial.time, trial.event, conf_type=kind, **trial.options)
            ours = curve.at(trial.at)
            theirs = survival.kaplan_meier(trial.time, trial.event, trial.at, conf_type=kind, **trial.options)
            close(ours.survival, theirs.survival, "survival")
            close(ours.std_error, theirs.std_error, "standard error")
            close(ours.conf_low, theirs.lower, f"{kind} lower")
            close(ours.conf_high, theirs.upper, f"{kind} upper")
        at_risk = [survival.at_risk(t, trial.time, **trial.options) for t in curve.time]
        close(curve.n_risk, at_risk, "at risk")
        p = [0.25, 0.5, 0.75]
        heights = survival.kaplan_meier(trial.time, trial.event, curve.time.tolist(), **trial.options).survival
        start = [0.0, *curve.time.tolist()], [1.0, *heights]
        close(curve.quantile(p).estimate, [survival.quantile(*start, q) for q in p], "quantiles")


@batches
def test_beta_product_interval(batch):
    for trial in trials(20261129, batch):
        ours = kaplan_meier(trial.time, trial.event, conf_type="beta-product").at(trial.at)
        lower, upper = survival.beta_product(trial.time, trial.event, trial.at)
        close(ours.conf_low, lower, "lower")
        close(ours.conf_high, upper, "upper")


@batches
def test_incidence_and_its_variances(batch):
    for trial in trials(20261130, batch):
        steps = incidence.steps(trial.time, trial.cause, CAUSES, **trial.options)
        free = [incidence.event_free(steps, t) for t in trial.at]
        estimate = [[incidence.cumulative_incidence(steps, k, t) for t in trial.at] for k in CAUSES]
        variances = {
            "greenwood": lambda k, t, s=steps: incidence.greenwood_variance(s, k, t),
            "infinitesimal-jackknife": lambda k, t, s=steps, d=trial: incidence.jackknife_variance(
                s, d.time, d.cause, k, t, **d.options
            ),
        }
        if trial.weights is None:
            variances["aalen"] = lambda k, t, s=steps: incidence.aalen_variance(s, k, t)
        for name, variance in variances.items():
            ours = aalen_johansen(trial.time, trial.cause, causes=CAUSES, variance=name, **trial.options).at(trial.at)
            close(ours.event_free, free, "event-free")
            close(ours.incidence, estimate, "incidence")
            close(ours.std_error**2, [[variance(k, t) for t in trial.at] for k in CAUSES], name)


@batches
def test_gray(batch):
    compared = 0
    for number, trial in enumerate(trials(20261201, batch)):
        rho, of_interest = number % 3 / 2, 1 + number % 2
        data = trial.time, trial.cause, trial.group
        ours = gray_test(*data, of_interest=of_interest, strata=trial.strata, rho=rho)
        try:
            score, variance = second_opinion_gray.gray_test(*data, of_interest, strata=trial.strata, rho=rho)
        except ZeroDivisionError:
            assert ours.reason == "the pooled incidence reaches 1 while several groups are at risk"
            continue
        if of_interest not in trial.cause or len(set(trial.group)) < 2:
            assert ours.status == "not estimable"
            continue
        scale = 1 + np.abs(variance).max()
        close(ours.score, score, "score")
        close(ours.variance, variance, "variance", scale)
        spread = np.linalg.eigvalsh(variance)
        informative = (spread[1:] > 1e-9 * scale).all() and spread[0] > -1e-9 * scale
        assert (ours.df == len(score) - 1) == informative
        assert (ours.reason == "the correction for ties makes the variance negative") == (spread[0] < -1e-9 * scale)
        if informative:
            compared += 1
            close(ours.statistic, second_opinion_gray.statistic(score, variance), "statistic")
    assert compared >= PER_BATCH // 3


@batches
def test_fine_gray(batch):
    compared = 0
    for number, trial in enumerate(trials(20261202, batch)):
        x = trial.covariates[:, : 1 + number % 2]
        ours = fine_gray(trial.time, trial.cause, x, of_interest=1)
        try:
            theirs = second_opinion_fine_gray.fine_gray(trial.time, trial.cause, x, 1)
        except np.linalg.LinAlgError:  # the likelihood is flat, at once or on the way to infinity
            assert ours.status != "estimated"
            continue
        assert ours.status == "estimated"
        compared += 1
        close(ours.coefficient, theirs.coefficients, "coefficients")
        close(ours.variance, theirs.covariance, "sandwich")
        close([ours.loglik, ours.loglik_null], [theirs.log_likelihood, theirs.log_likelihood_null], "log-likelihood")
    assert compared >= PER_BATCH // 4


def test_the_data_are_as_awkward_as_promised():
    drawn = [trial for batch in range(BATCHES) for trial in trials(20261128, batch)]
    assert len(drawn) == 1000
    assert {len(t.time) for t in drawn} >= set(range(3, 9))
    for awkward in (
        lambda t: not any(t.cause),
        lambda t: all(t.cause),
        lambda t: len(set(t.time)) == 1,
        lambda t: any(s == 0 and k for s, k in zip(t.time, t.cause, strict=True)),
        lambda t: any(b == a for a, b in pairwise(sorted(t.time))),
        lambda t: t.entry is not None and t.weights is not None,
    ):
        assert sum(map(awkward, drawn)) >= 30
