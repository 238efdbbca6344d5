"""Two implementations, written without sight of each other, agree on 1,000 random data sets.

`second_opinion` is slow and plain on purpose; it imports nothing of this package. Ties on a weekly grid, tiny groups,
events at time 0, causes that have not happened, late entry.
"""

import numpy as np
import pytest
from numpy.testing import assert_allclose

from immrecon.stats.competing_risks import aalen_johansen
from immrecon.stats.proportion import clopper_pearson
from immrecon.stats.survival import kaplan_meier

from . import second_opinion as second

BATCHES, PER_BATCH = 20, 50


def draw(rng: np.random.Generator, *, late_entry: bool) -> tuple[np.ndarray, np.ndarray, np.ndarray | None]:
    """Times (tied, often), causes 0-3 and, if wanted, entry strictly before the time."""
    n = int(rng.integers(1, 41))
    grid = rng.choice([1.0, 7.0, 0.25])
    time = np.floor(rng.exponential(60, n) / grid) * grid
    cause = rng.choice([0, 1, 2, 3], n, p=rng.dirichlet([2, 2, 1, 0.3]))
    if not late_entry:
        return time, cause, None
    time = time + grid
    return time, cause, np.floor(time * rng.uniform(0, 0.95, n) / grid) * grid * (rng.random(n) < 0.5)


def close(ours, theirs, what):
    assert_allclose(ours, theirs, rtol=1e-9, atol=1e-12, equal_nan=True, err_msg=what)


@pytest.mark.parametrize("batch", range(BATCHES))
def test_survival_and_its_limits(batch):
    rng = np.random.default_rng([20260930, batch])
    for _ in range(PER_BATCH):
        time, cause, entry = draw(rng, late_entry=rng.random() < 0.3)
        event = (cause > 0).astype(int)
        grid, survival, se = second.km(time, event, entry)
        for kind in ("log-log", "log", "plain"):
            ours = kaplan_meier(time, event, entry=entry, conf_type=kind)
            if grid.size == 0:
                assert (ours.survival == 1).all()
                continue
            at = ours.at(grid)
            close(at.survival, survival, "survival")
            close(at.std_error, se, "standard error")
            low, high = second.km_limits(survival, se, kind, 0.95)
            inside = (survival > 0) & (survival < 1)
            close(at.conf_low[inside], low[inside], f"{kind} lower")
            close(at.conf_high[inside], high[inside], f"{kind} upper")


@pytest.mark.parametrize("batch", range(BATCHES))
def test_beta_product_interval(batch):
    rng = np.random.default_rng([20260931, batch])
    for _ in range(PER_BATCH):
        time, cause, _ = draw(rng, late_entry=False)
        event = (cause > 0).astype(int)
        at_times = np.unique(np.concatenate(([0.0], time, time + 0.125)))
        low, high = second.beta_product_limits(time, event, 0.95)(at_times)
        at = kaplan_meier(time, event, conf_type="beta-product").at(at_times)
        followed = at_times <= time.max()
        close(at.conf_low[followed], low[followed], "lower")
        close(at.conf_high[followed], high[followed], "upper")


@pytest.mark.parametrize("batch", range(BATCHES))
def test_incidence_and_its_variances(batch):
    rng = np.random.default_rng([20260932, batch])
    for _ in range(PER_BATCH):
        time, cause, entry = draw(rng, late_entry=rng.random() < 0.3)
        theirs = second.aj(time, cause, (1, 2, 3), entry)
        if theirs.times.size == 0:
            continue
        pairs = [("greenwood", theirs.var_greenwood)]
        if entry is None:
            pairs += [("aalen", theirs.var_gray), ("infinitesimal-jackknife", theirs.var_greenwood)]
        else:
            pairs.append(("infinitesimal-jackknife", second.aj_ij_variance(time, cause, (1, 2, 3), entry)))
        for variance, expected in pairs:
            at = aalen_johansen(time, cause, causes=(1, 2, 3), entry=entry, variance=variance).at(theirs.times)
            close(at.incidence.T, theirs.F, "incidence")
            close(at.event_free, theirs.S, "event-free")
            close(at.std_error.T**2, expected, variance)


@pytest.mark.parametrize("batch", range(BATCHES))
def test_quantiles(batch):
    rng = np.random.default_rng([20260933, batch])
    for _ in range(PER_BATCH):
        time, cause, _ = draw(rng, late_entry=False)
        event = (cause > 0).astype(int)
        grid, survival, se = second.km(time, event, None)
        if grid.size == 0:
            continue
        low, high = second.km_limits(survival, se, "log-log", 0.95)
        # The middle of a last flat step reaches to the end of follow-up.
        end = [values[-1] for values in (survival, low, high)]
        times = np.append(grid, time.max()) if time.max() > grid[-1] else grid
        curves = [
            np.append(values, last) if times.size > grid.size else values
            for values, last in zip((survival, low, high), end, strict=True)
        ]
        ours = kaplan_meier(time, event).quantile([0.25, 0.5, 0.75])
        for i, p in enumerate((0.25, 0.5, 0.75)):
            estimate, _, _ = second.brookmeyer_crowley(times, *curves, p)
            close(ours.estimate[i], estimate, f"quantile {p}")


def test_exact_proportions():
    for n in range(1, 41):
        for x in range(n + 1):
            low, high = second.clopper_pearson(x, n, 0.95)
            ours = clopper_pearson(x, n, conf_level=0.95)
            close([ours.conf_low[0], ours.conf_high[0]], [low, high], f"{x}/{n}")
