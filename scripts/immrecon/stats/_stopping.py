"""Boundaries on the number of events among the first n, and what they do: exact, by dynamic programming."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import bdtr, bdtrc, betainc, betaln, gammaln

from immrecon.errors import InputError
from immrecon.stats._types import FloatArray, IntArray

if TYPE_CHECKING:
    import polars as pl


@dataclass(frozen=True, slots=True, eq=False)
class StoppingBoundary:
    """At look k, after looks[k] participants, stop with at least events[k] events; n + 1 where no number stops."""

    method: str
    looks: IntArray
    """(K,)"""
    events: IntArray
    """(K,)"""
    level: float
    """Nominal level of every look (Pocock), or the posterior probability that is exceeded."""
    false_stop: float
    """Probability of stopping, at any look, under the null probability."""

    def to_frame(self) -> "pl.DataFrame":
        """One row per look; events is missing where no number of events stops."""
        import polars as pl

        events = [int(e) if e <= n else None for e, n in zip(self.events, self.looks, strict=True)]
        return pl.DataFrame({"n": self.looks, "events": pl.Series(events, dtype=pl.Int64)})


@dataclass(frozen=True, slots=True, eq=False)
class OperatingCharacteristics:
    """Of a boundary at true probabilities, arrays of shape (m,)."""

    p_true: FloatArray
    p_stop: FloatArray
    """Probability of crossing the boundary, the last look included."""
    p_stop_early: FloatArray
    """Probability of crossing it before the last look."""
    expected_n: FloatArray
    """Expected number of participants when the trial ends at a crossing, or at the last look."""

    def to_frame(self) -> "pl.DataFrame":
        """One row per true probability."""
        import polars as pl

        names = ("p_true", "p_stop", "p_stop_early", "expected_n")
        return pl.DataFrame({name: getattr(self, name) for name in names})


def operating_characteristics(looks: ArrayLike, events: ArrayLike, p_true: ArrayLike) -> OperatingCharacteristics:
    """Exact characteristics of stopping with at least events[k] events among the first looks[k] participants.

    looks (K,) strictly increasing whole numbers; events (K,) whole numbers, above the look where nothing stops; p_true
    scalar or (m,). Every participant is counted when known (complete prefix). Raises InputError for anything else.
    """
    n = _looks(looks)
    bound = _whole(events, "events")
    if bound.size != n.size:
        raise InputError(f"events: {bound.size} values where looks has {n.size}. Hint: one boundary per look.")
    p = _probabilities(p_true, "p_true")
    stop = np.zeros((n.size, p.size))
    alive = np.ones((1, p.size))  # probability of x events so far without a crossing, (x, m)
    before = 0
    for k, (size, least) in enumerate(zip(n, bound, strict=True)):
        alive = _forward(alive, int(size) - before, p)
        before = int(size)
        stop[k] = alive[least:].sum(axis=0)
        alive[least:] = 0.0
    crossed = stop.sum(axis=0)
    expected = (stop * n[:, None]).sum(axis=0) + (1 - crossed) * n[-1]
    return OperatingCharacteristics(p, crossed, crossed - stop[-1], expected)


def _forward(alive: FloatArray, more: int, p: FloatArray) -> FloatArray:
    """The distribution of the count after so many more participants."""
    added = np.exp(_log_binomial(np.arange(more + 1.0)[:, None], float(more), p[None, :]))
    out = np.zeros((alive.shape[0] + more, p.size))
    for extra in range(more + 1):
        out[extra : extra + alive.shape[0]] += alive * added[extra]
    return out


def _log_binomial(x: FloatArray, n: float, p: FloatArray) -> FloatArray:
    with np.errstate(divide="ignore", invalid="ignore"):
        terms = np.where(x > 0, x * np.log(p), 0.0) + np.where(n - x > 0, (n - x) * np.log1p(-p), 0.0)
    choose = gammaln(n + 1) - gammaln(x + 1) - gammaln(n - x + 1)
    total: FloatArray = choose + terms
    return total


def pocock_boundary(p0: float, *, looks: ArrayLike, alpha: float, conservative: bool = True) -> StoppingBoundary:
    """Stop at n when so many events have a probability of at most c under p0, with one c for all looks.

    c is the largest for which the probability of ever stopping under p0 is at most alpha (conservative), or the
    smallest for which it is at least alpha: with a count, no c gives alpha itself (Ivanova, Qaqish and Schell 2005).
    All levels that give different boundaries are searched, not a grid. Raises InputError for what cannot be.
    """
    null = _between(p0, "p0")
    size = _between(alpha, "alpha")
    n = _looks(looks)
    # P(X > x) at a look, for every x: the boundary changes at these levels only.
    levels = np.unique(np.concatenate([bdtrc(np.arange(m), m, null) for m in n]))

    def at(level: float) -> tuple[IntArray, float]:
        bound = _at_level(n, null, level)
        return bound, float(operating_characteristics(n, bound, null).p_stop[0])

    low, high = -1, levels.size  # below: too rare; from high on: at least alpha
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if at(float(levels[middle]))[1] <= size else (low, middle)
    place = low if conservative else high
    if not conservative and low >= 0 and at(float(levels[low]))[1] == size:
        place = low
    level = float(levels[place]) if 0 <= place < levels.size else (0.0 if place < 0 else 1.0)
    bound, false_stop = at(level)
    return StoppingBoundary("pocock", n, bound, level, false_stop)


def _at_level(n: IntArray, p0: float, level: float) -> IntArray:
    """Fewest events with P(X >= events) <= level, per look; n + 1 where none has."""
    bound = np.empty(n.size, dtype=np.int64)
    for k, size in enumerate(n):
        above = bdtrc(np.arange(size), size, p0) <= level  # P(X > x) = P(X >= x + 1)
        bound[k] = int(np.argmax(above)) + 1 if above.any() else size + 1
    return bound


def beta_binomial_boundary(p0: float, *, looks: ArrayLike, a: float, b: float, gamma: float) -> StoppingBoundary:
    """Stop at n when the posterior probability that the rate exceeds p0 is above gamma, the prior being Beta(a, b).

    (Thall and Simon 1994; Geller 2003.) looks (K,) strictly increasing whole numbers. The false-stop probability
    under p0 is not controlled by gamma: it is in the result. Raises InputError for anything that cannot be.
    """
    null, wanted = _between(p0, "p0"), _between(gamma, "gamma")
    if not (a > 0 and b > 0 and np.isfinite([a, b]).all()):
        raise InputError(f"a, b: {a:g} and {b:g} are no parameters of a beta distribution. Hint: both are positive.")
    n = _looks(looks)
    bound = np.empty(n.size, dtype=np.int64)
    for k, size in enumerate(n):
        x = np.arange(size + 1.0)
        stops = 1 - betainc(a + x, b + size - x, null) > wanted
        bound[k] = int(np.argmax(stops)) if stops.any() else size + 1
    false_stop = float(operating_characteristics(n, bound, null).p_stop[0])
    return StoppingBoundary("beta-binomial", n, bound, wanted, false_stop)


def predictive_probability(
    x: ArrayLike, n: ArrayLike, *, n_max: int, p0: float, a: float, b: float, theta: float
) -> FloatArray:
    """Probability that the final posterior P(rate > p0) exceeds theta, given x events among n (Lee and Liu 2008).

    x, n: whole numbers, scalar or (m,), broadcast, x <= n <= n_max; the prior is Beta(a, b); the future counts are
    beta-binomial. Returns (m,). Raises InputError for anything that cannot be.
    """
    null, wanted = _between(p0, "p0"), _between(theta, "theta")
    seen, size = np.broadcast_arrays(_whole(x, "x"), _whole(n, "n"))
    if (seen > size).any() or (size > n_max).any():
        raise InputError("x, n: more events than participants, or more participants than n_max.")
    out = np.empty(seen.size)
    for i, (events, now) in enumerate(zip(seen.tolist(), size.tolist(), strict=True)):
        more = n_max - now
        y = np.arange(more + 1.0)
        before, after = a + events, b + now - events
        choose = gammaln(more + 1) - gammaln(y + 1) - gammaln(more - y + 1)
        weight = np.exp(choose + betaln(before + y, after + more - y) - betaln(before, after))
        success = 1 - betainc(before + y, after + more - y, null) > wanted
        out[i] = weight[success].sum()
    return out


@dataclass(frozen=True, slots=True, eq=False)
class TwoStageDesign:
    """Stop after n1 participants with at most r1 responses; after n, at most r responses are too few."""

    r1: int
    n1: int
    r: int
    n: int
    expected_n: float
    """Under p0."""
    p_stop_early: float
    """Under p0."""
    alpha: float
    """Probability of more than r responses under p0."""
    power: float
    """The same under p1."""


def simon_two_stage(
    p0: float, p1: float, *, alpha: float, beta: float, n_max: int = 100
) -> tuple[TwoStageDesign, TwoStageDesign]:
    """Simon's optimal and minimax designs (Simon 1989): exact, over every design of at most n_max participants.

    Optimal: least expected number under p0; minimax: least n, and among these least expected number. Raises
    InputError where p0 < p1 does not hold or no such design exists.
    """
    null, alternative = _between(p0, "p0"), _between(p1, "p1")
    size, miss = _between(alpha, "alpha"), _between(beta, "beta")
    if null >= alternative:
        raise InputError(f"p1: {p1:g} is not above p0 = {p0:g}. Hint: p1 is the response rate that is hoped for.")
    best: TwoStageDesign | None = None
    smallest: TwoStageDesign | None = None
    for n in range(2, n_max + 1):
        found = _best_of_size(n, null, alternative, size, miss)
        if found is None:
            continue
        smallest = smallest or found
        if best is None or found.expected_n < best.expected_n:
            best = found
    if best is None or smallest is None:
        raise InputError(f"n_max: no design of at most {n_max} participants keeps alpha and beta. Hint: allow more.")
    return best, smallest


def _best_of_size(n: int, p0: float, p1: float, alpha: float, beta: float) -> TwoStageDesign | None:
    """The design of n participants with the least expected number under p0."""
    best: TwoStageDesign | None = None
    # A stage more cannot add power: with more than so many responses needed, even one stage has too little.
    r = np.arange(n)[bdtrc(np.arange(n), n, p1) >= 1 - beta]
    for n1 in range(1, n) if r.size else ():
        n2 = n - n1
        x = np.arange(n1 + 1.0)
        first = [np.exp(_log_binomial(x, float(n1), np.asarray(p))) for p in (p0, p1)]
        need = r[None, :] - np.arange(n1 + 1)[:, None]  # more than so many in the second stage
        beyond = [np.where(need < 0, 1.0, bdtrc(np.clip(need, 0, n2), n2, p)) for p in (p0, p1)]
        # More than r1 in the first stage, for each r1: sums from the far end, small numbers first.
        null, power = (np.cumsum((f[:, None] * q)[::-1], axis=0)[::-1][1:] for f, q in zip(first, beyond, strict=True))
        good = (null <= alpha) & (power >= 1 - beta)
        for r1 in np.flatnonzero(good.any(axis=1)):
            stop = float(bdtr(float(r1), n1, p0))
            expected = n1 + (1 - stop) * n2
            if best is None or expected < best.expected_n:
                chosen = int(np.argmax(good[r1]))
                errors = float(null[r1, chosen]), float(power[r1, chosen])
                best = TwoStageDesign(int(r1), n1, int(r[chosen]), n, expected, stop, *errors)
    return best


def _looks(values: ArrayLike) -> IntArray:
    n = _whole(values, "looks")
    if n.size == 0 or n[0] < 1 or (np.diff(n) <= 0).any():
        raise InputError("looks: expected increasing numbers of participants, the first at least 1.")
    return n


def _whole(values: ArrayLike, name: str) -> IntArray:
    raw = np.atleast_1d(np.asarray(values))
    if raw.ndim != 1 or raw.dtype.kind not in "iuf" or not np.isfinite(raw).all():
        raise InputError(f"{name}: expected whole numbers.")
    whole = raw.astype(np.int64)
    if (whole != raw).any() or (whole < 0).any():
        raise InputError(f"{name}: expected whole numbers that are not negative.")
    return whole


def _probabilities(values: ArrayLike, name: str) -> FloatArray:
    p = np.atleast_1d(np.asarray(values, dtype=np.float64))
    if p.ndim != 1 or not ((p >= 0) & (p <= 1)).all():
        raise InputError(f"{name}: expected probabilities.")
    return p


def _between(value: float, name: str) -> float:
    if not 0 < value < 1:
        raise InputError(f"{name}: {value} is not between 0 and 1.")
    return float(value)
