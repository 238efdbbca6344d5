"""A second, independent set of survival estimators, written from the papers to check the package's own.

Everything here is deliberately plain: one pass over all patients per event time, exact fractions where they
help, bisection in place of inverse distribution functions, and no import from the package under test.
It is slow (O(n^2) or worse) and meant for cross-checks on at most a few hundred patients.

Conventions shared by all functions. A patient is at risk at t when entry < t <= time; without `entry` a
patient is at risk from the start, so an event at time 0 counts with everyone. Events come before
censorings (and before entries) at the same time. Times may be in any unit. Bad input raises ValueError.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from fractions import Fraction
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import special

Floats = NDArray[np.float64]
Limits = tuple[Floats, Floats]

# Two survival probabilities that differ by less than this are the same step, only rounded differently.
SAME_STEP = 1e-9


def _times(time: ArrayLike, entry: ArrayLike | None) -> tuple[Floats, Floats]:
    exit_ = np.asarray(time, dtype=float)
    start = np.full(exit_.shape, -np.inf) if entry is None else np.asarray(entry, dtype=float)
    if exit_.ndim != 1 or start.shape != exit_.shape:
        raise ValueError("time and entry must be one-dimensional and of one length")
    if not np.isfinite(exit_).all() or np.isnan(start).any() or (start >= exit_).any():
        raise ValueError("every time must be finite and lie after its entry")
    return exit_, start


def _upper_z(level: float) -> float:
    if not 0 < level < 1:
        raise ValueError("level must lie strictly between 0 and 1")
    return float(special.ndtri(0.5 + level / 2))


def km(time: ArrayLike, event: ArrayLike, entry: ArrayLike | None = None) -> tuple[Floats, Floats, Floats]:
    """Product-limit estimate (Kaplan & Meier 1958) with Greenwood's (1926) standard error of S itself.

    Returns (times, S, se), each of shape (number of distinct event times,). Exact rational arithmetic up
    to the last square root. Where S is 0 Greenwood's formula reads 0 * infinity and se is nan.
    """
    exit_, start = _times(time, entry)
    died = np.asarray(event).astype(bool)
    times = sorted({float(t) for t, d in zip(exit_, died, strict=True) if d})
    survival, errors = [], []
    s, hazard_var = Fraction(1), Fraction(0)
    for t in times:
        at_risk = sum(1 for a, b in zip(start, exit_, strict=True) if a < t <= b)
        deaths = sum(1 for b, d in zip(exit_, died, strict=True) if d and b == t)
        s *= 1 - Fraction(deaths, at_risk)
        if s > 0:
            hazard_var += Fraction(deaths, at_risk * (at_risk - deaths))
        survival.append(float(s))
        errors.append(float(s * s * hazard_var) ** 0.5 if s > 0 else np.nan)
    return np.array(times), np.array(survival), np.array(errors)


def km_limits(S: ArrayLike, se: ArrayLike, kind: str, level: float) -> Limits:
    """Pointwise limits (lower, upper) of S, shape of S, from its standard error on the scale `kind`.

    "plain": S -+ z se; "log": exp(log S -+ z se/S); "log-log": exp(-exp(theta +- z tau)) with
    theta = log(-log S), tau = se / (S |log S|) (Kalbfleisch & Prentice 1980, section 1.3). Cut at 0 and 1.
    nan where S is 0 or 1: there the standard error carries no information about S.
    """
    s, error, z = np.asarray(S, dtype=float), np.asarray(se, dtype=float), _upper_z(level)
    lower, upper = np.full(s.shape, np.nan), np.full(s.shape, np.nan)
    for i, (p, e) in enumerate(zip(s.tolist(), error.tolist(), strict=True)):
        if not 0 < p < 1:
            continue
        if kind == "plain":
            lower[i], upper[i] = max(0.0, p - z * e), min(1.0, p + z * e)
        elif kind == "log":
            lower[i], upper[i] = p * np.exp(-z * e / p), min(1.0, p * np.exp(z * e / p))
        elif kind == "log-log":
            theta, tau = np.log(-np.log(p)), e / (p * -np.log(p))
            lower[i], upper[i] = np.exp(-np.exp(theta + z * tau)), np.exp(-np.exp(theta - z * tau))
        else:
            raise ValueError(f"unknown kind of limits: {kind!r}")
    return lower, upper


def _root(decreasing: Callable[[float], float]) -> float:
    """Root in (0, 1) of a decreasing function, by halving until the two ends are neighbouring floats."""
    low, high = 0.0, 1.0
    while True:
        middle = (low + high) / 2
        if middle in (low, high):
            return middle
        low, high = (middle, high) if decreasing(middle) > 0 else (low, middle)


def _beta_product_quantile(factors: Sequence[tuple[int, int]], q: float) -> float:
    """The q-quantile of a product of independent Beta(a, b), replaced by the beta law of its two moments."""
    mean, square = Fraction(1), Fraction(1)
    for a, b in factors:
        mean *= Fraction(a, a + b)
        square *= Fraction(a * (a + 1), (a + b) * (a + b + 1))
    variance = square - mean * mean
    if variance == 0:  # no factor, or Beta(0, 1): a point mass at 1 or at 0
        return float(mean)
    total = mean * (1 - mean) / variance - 1
    first, second = float(mean * total), float((1 - mean) * total)
    return _root(lambda x: q - float(special.betainc(first, second, x)))


def beta_product_limits(time: ArrayLike, event: ArrayLike, level: float) -> Callable[[ArrayLike], Limits]:
    """Beta product confidence procedure for S(t) = P(T > t), method of moments.

    Fay, Brittain & Proschan (2013), Biostatistics 14:723: at an observed failure with Y at risk the survival
    function drops by an independent factor Beta(Y, 1); d failures tied with Y at risk multiply (eq. 2.1) to
    Beta(Y - d + 1, d). The upper limit at t is the upper quantile of the product over failures <= t. For
    the lower limit the next failure is imagined right after t: one more factor Beta(Y(t+), 1), a point
    mass at 0 when nobody is left; so the lower limit also moves at censoring times. Exactly at a failure
    time the paper left that factor out; Fay & Brittain (2016), Stat Med 35:2726, put it in, which makes the
    limits right-continuous and lets them hold the estimate, and so does this function.

    Returns a function of t (scalar or shape (m,)) giving (lower, upper), each of shape (m,). The limits are
    those at t alone: they are not forced to be monotone in t.
    """
    exit_, _ = _times(time, None)
    died = np.asarray(event).astype(bool)
    _upper_z(level)
    tail = (1 - level) / 2

    def at(t: float) -> tuple[float, float]:
        factors = []
        for u in sorted({float(u) for u, d in zip(exit_, died, strict=True) if d and u <= t}):
            at_risk = sum(1 for b in exit_ if b >= u)
            deaths = sum(1 for b, d in zip(exit_, died, strict=True) if d and b == u)
            factors.append((at_risk - deaths + 1, deaths))
        left = sum(1 for b in exit_ if b > t)
        lower = _beta_product_quantile([*factors, (left, 1)], tail)
        return lower, _beta_product_quantile(factors, 1 - tail)

    def limits(t: ArrayLike) -> Limits:
        pairs = [at(float(x)) for x in np.atleast_1d(np.asarray(t, dtype=float))]
        return np.array([low for low, _ in pairs]), np.array([high for _, high in pairs])

    return limits


def quantile(times: ArrayLike, S: ArrayLike, p: float) -> float:
    """inf{t: S(t) <= 1 - p}; the middle of the step when S is flat at exactly 1 - p; nan if not reached.

    `times` ascending. A step at exactly 1 - p ends at the next drop; a last step ends at the last of
    `times`, so append the end of follow-up (with the last S) to do as survfit does there. nan in S counts
    as not having come down to 1 - p.
    """
    t, s, target = np.asarray(times, dtype=float), np.asarray(S, dtype=float), 1 - p
    for i in range(len(t)):
        if not s[i] <= target + SAME_STEP:
            continue
        if s[i] < target - SAME_STEP:
            return float(t[i])
        later = [j for j in range(i, len(t)) if not abs(s[j] - target) <= SAME_STEP]
        return float((t[i] + (t[later[0]] if later else t[-1])) / 2)
    return float("nan")


def brookmeyer_crowley(
    times: ArrayLike, S: ArrayLike, lo: ArrayLike, hi: ArrayLike, p: float
) -> tuple[float, float, float]:
    """(estimate, lower, upper) of the p-quantile: the times whose pointwise interval for S holds 1 - p.

    Brookmeyer & Crowley (1982), Biometrics 38:29, on whatever scale `lo` and `hi` were made: the lower limit
    is the quantile read off the lower curve, the upper limit off the upper curve; nan = not reached.
    """
    return quantile(times, S, p), quantile(times, lo, p), quantile(times, hi, p)


class Incidence(NamedTuple):
    """Cumulative incidence at the m distinct event times of any of K causes."""

    times: Floats  # (m,)
    S: Floats  # (m,) probability of no event yet
    F: Floats  # (m, K) cumulative incidence, columns in the order of `causes`
    var_greenwood: Floats  # (m, K)
    var_gray: Floats  # (m, K)


class _Step(NamedTuple):
    t: float
    at_risk: int
    counts: list[int]  # events per cause


def _steps(time: ArrayLike, cause: ArrayLike, causes: Sequence[int], entry: ArrayLike | None) -> list[_Step]:
    exit_, start = _times(time, entry)
    kind = np.asarray(cause)
    if kind.shape != exit_.shape or not set(kind.tolist()) <= {0, *causes} or 0 in causes:
        raise ValueError("cause must hold, per patient, 0 (censored) or one of causes")
    steps = []
    for t in sorted(set(exit_[kind != 0].tolist())):
        at_risk = sum(1 for a, b in zip(start, exit_, strict=True) if a < t <= b)
        counts = [sum(1 for b, k in zip(exit_, kind, strict=True) if b == t and k == c) for c in causes]
        steps.append(_Step(t, at_risk, counts))
    return steps


def _increment(step: _Step) -> tuple[Floats, Floats]:
    """Increment of the transition hazard matrix, and the covariance of its vec (multinomial in row 0)."""
    size, y = 1 + len(step.counts), step.at_risk
    share = np.array(step.counts) / y
    increment, covariance = np.zeros((size, size)), np.zeros((size * size, size * size))
    increment[0] = [-share.sum(), *share]
    # Row 0 is the linear image (minus the sum, then the shares) of a multinomial proportion.
    image = np.vstack([-np.ones(size - 1), np.eye(size - 1)])
    row = image @ (np.diag(share) - np.outer(share, share)) @ image.T / y
    for g in range(size):
        for h in range(size):
            covariance[g * size, h * size] = row[g, h]  # vec stacks columns: entry (0, g) sits at g * size
    return increment, covariance


def aj(time: ArrayLike, cause: ArrayLike, causes: Sequence[int], entry: ArrayLike | None = None) -> Incidence:
    """Aalen-Johansen cumulative incidence as the product integral of I + dA, with two variances.

    `cause` is 0 for censored. States: 0 = no event, then one absorbing state per cause. Andersen, Borgan,
    Gill & Keiding (1993), section IV.4: P(t) = P(t-)(I + dA), and with vec by columns
        C(t) = ((I+dA)' x I) C(t-) ((I+dA) x I) + (I x P(t-)) cov(vec dA) (I x P(t-)'),
    where cov(dA_0g, dA_0h) = (d_g 1[g=h] Y - d_g d_h) / Y^3 ("Greenwood type", ties multinomial).
    """
    steps = _steps(time, cause, causes, entry)
    size = 1 + len(causes)
    unit, p, c = np.eye(size), np.eye(size), np.zeros((size * size, size * size))
    probabilities, variances = [], []
    for step in steps:
        increment, covariance = _increment(step)
        move, spread = np.kron((unit + increment).T, unit), np.kron(unit, p)
        c = move @ c @ move.T + spread @ covariance @ spread.T
        p = p @ (unit + increment)
        probabilities.append(p[0].copy())
        variances.append([c[g * size, g * size] for g in range(1, size)])
    state = np.array(probabilities).reshape(len(steps), size)
    greenwood = np.array(variances).reshape(len(steps), size - 1)
    gray = np.array([[_gray_variance(steps[: i + 1], k) for k in range(size - 1)] for i in range(len(steps))])
    times = np.array([step.t for step in steps])
    return Incidence(times, state[:, 0], state[:, 1:], greenwood, gray.reshape(greenwood.shape))


def _gray_variance(steps: Sequence[_Step], k: int) -> float:
    """Variance of F_k at the last of `steps` as cmprsk::cuminc gives it (Aalen 1978, Ann Stat 6:534).

    With F(t) = sum S(u-) dA_k(u), a disturbance of the hazards at u changes F(t) by
        S(u-) [1 - R(u)] d(dA_k(u)) - S(u-) R(u) d(dA_other(u)),   R(u) = (F(t) - F(u)) / S(u),
    since later S are multiplied by 1 - dA(u) and S(u-)/S(u) = 1/(1 - dA(u)). Delta method: square and add,
    with the two counts at u (cause k; all other causes together) taken as independent and each
    var(dA) = d/Y^2 * (Y - d)/(Y - 1), the hypergeometric correction for d tied events (1 for d = 1).
    When S(u) = 0 nothing follows and R(u) = 0. Unlike the Greenwood type this is the Poisson (Aalen) form:
    a single event has 1/Y^2 where the binomial has (Y - 1)/Y^3.
    """
    before, s, f = [], Fraction(1), Fraction(0)
    for step in steps:
        before.append((s, f))
        f += s * Fraction(step.counts[k], step.at_risk)
        s *= 1 - Fraction(sum(step.counts), step.at_risk)
    after = [*before[1:], (s, f)]
    total = Fraction(0)
    for step, (s_minus, _), (s_here, f_here) in zip(steps, before, after, strict=True):
        ratio = (f - f_here) / s_here if s_here > 0 else Fraction(0)
        own, other = step.counts[k], sum(step.counts) - step.counts[k]
        for d, weight in ((own, 1 - ratio), (other, ratio)):
            correction = Fraction(step.at_risk - d, step.at_risk - 1) if d > 1 else Fraction(1)
            total += (s_minus * weight) ** 2 * correction * Fraction(d, step.at_risk**2)
    return float(total)


def aj_ij_variance(time: ArrayLike, cause: ArrayLike, causes: Sequence[int], entry: ArrayLike | None = None) -> Floats:
    """Infinitesimal jackknife variance of each F_k, shape (m, K): sum over patients of (dF_k/dw_i)^2.

    The derivative with respect to the case weight w_i at weights 1 is taken by the complex step
    (Squire & Trapp 1998, SIAM Rev 40:110), exact to rounding. Without late entry it equals
    `aj(...).var_greenwood`, ties or not; with late entry the two differ, because a patient's residuals at
    different times no longer cancel over the risk sets.
    """
    exit_, start = _times(time, entry)
    kind, times = np.asarray(cause), [step.t for step in _steps(time, cause, causes, entry)]
    total, h = np.zeros((len(times), len(causes))), 1e-30
    for i in range(len(exit_)):
        w = np.ones(len(exit_), dtype=complex)
        w[i] += 1j * h
        s, f = 1 + 0j, np.zeros(len(causes), dtype=complex)
        for row, t in enumerate(times):
            at_risk = w[(start < t) & (t <= exit_)].sum()
            share = np.array([w[(exit_ == t) & (kind == c)].sum() for c in causes]) / at_risk
            f = f + s * share
            s = s * (1 - share.sum())
            total[row] += (f.imag / h) ** 2
    return total


def _binomial_upper_tail(x: int, n: int, p: float) -> float:
    """P(X >= x) for X ~ Binomial(n, p), term by term."""
    k = np.arange(x, n + 1)
    log_choose = np.array([math.log(math.comb(n, j)) for j in range(x, n + 1)])
    return float(np.exp(log_choose + special.xlogy(k, p) + special.xlog1py(n - k, -p)).sum())


def clopper_pearson(x: int, n: int, level: float) -> tuple[float, float]:
    """Exact limits (lower, upper) of a binomial proportion (Clopper & Pearson 1934, Biometrika 26:404).

    lower solves P(X >= x | p) = (1 - level)/2 (0 if x = 0), upper solves P(X <= x | p) = (1 - level)/2
    (1 if x = n).
    """
    if not 0 <= x <= n or n < 1:
        raise ValueError("x must lie in 0..n, and n be at least 1")
    _upper_z(level)
    tail = (1 - level) / 2
    lower = 0.0 if x == 0 else _root(lambda p: tail - _binomial_upper_tail(x, n, p))
    # P(X <= x | p) = P(n - X >= n - x | 1 - p): counting failures, the same tail.
    upper = 1.0 if x == n else 1 - _root(lambda q: tail - _binomial_upper_tail(n - x, n, q))
    return lower, upper
