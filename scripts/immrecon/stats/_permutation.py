"""Reference distributions by re-assigning participants to groups, within strata: exact, or by drawing.

For the sum of fixed scores in the first of two groups the distribution is exact without listing every
arrangement: participants are split in two halves, each half lists its own possibilities, and pairs that add
up to the right group sizes are counted by bisection (van de Wiel 2001, split-up algorithm). Participants with
equal scores count as one with a multiplicity. For any other statistic the arrangements are listed one by one.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import combinations
from math import comb

import numpy as np
from numpy.typing import NDArray

from immrecon.errors import InputError
from immrecon.stats._types import BoolArray, FloatArray, IntArray

Labels = NDArray[np.int16]
"""(B, n) positions of groups, one arrangement per row."""

HALF_LIMIT = 2**21
"""Most possibilities of one half for which the distribution of a sum of scores is exact: any 40 participants."""
LISTING_LIMIT = 50_000
"""Most arrangements that are listed one by one."""
# Sums that are equal in theory differ by this share of all absolute scores, at most.
_ROUNDING = 1e-11
_DRAWN_AT_ONCE = 2_000


@dataclass(frozen=True, slots=True)
class Tails:
    """Shares of arrangements at least as extreme as the observed one."""

    method: str
    """"exact", or "monte-carlo": (b + 1)/(m + 1) with b of m drawn arrangements (Davison and Hinkley 1997)."""
    n_arrangements: int
    """In all if exact, else drawn."""
    less: float
    greater: float
    two_sided: float
    """At least as far from the expected value, on either side."""


@dataclass(frozen=True, slots=True)
class Drawing:
    """How many arrangements to draw, and the seed, if an exact answer is out of reach."""

    n_resamples: int | None
    seed: int | None

    def generator(self, why: str) -> tuple[np.random.Generator, int]:
        """A seeded generator; InputError without a seed or a positive number of resamples."""
        if self.n_resamples is None or self.seed is None:
            raise InputError(f"n_resamples, seed: needed, because {why}. Hint: n_resamples=9999, seed=<a number>.")
        if self.n_resamples < 1:
            raise InputError(f"n_resamples: {self.n_resamples} is not positive. Hint: 9999.")
        return np.random.default_rng(self.seed), self.n_resamples


def sum_of_scores(scores: FloatArray, first: BoolArray, stratum: IntArray, drawing: Drawing) -> Tails:
    """Tails of the sum of scores (n,) in the first group, its size in every stratum being fixed."""
    halves = _halves(scores, stratum)
    if max(_possibilities(half) for half in halves) <= HALF_LIMIT:
        return _exact(scores, first, stratum, halves)
    rng, m = drawing.generator(f"{scores.size} participants with mostly different scores have too many arrangements")
    centre, slack = _centre(scores, first, stratum), _ROUNDING * float(np.abs(scores).sum())
    labels = (~first).astype(np.int16)
    observed = float(scores[first].sum())
    below = above = beyond = 0
    for drawn in _drawn(labels, stratum, rng, m):
        sums = (drawn == 0) @ scores
        below += int((sums <= observed + slack).sum())
        above += int((sums >= observed - slack).sum())
        beyond += int((np.abs(sums - centre) >= abs(observed - centre) - slack).sum())
    return Tails("monte-carlo", m, *((b + 1) / (m + 1) for b in (below, above, beyond)))


def arrangements(labels: Labels, stratum: IntArray, drawing: Drawing) -> tuple[str, int, Iterator[Labels]]:
    """Method, number, and blocks of all arrangements of `labels` (n,) within strata, or of drawn ones."""
    total = 1
    for s in np.unique(stratum):
        total *= _n_distinct(np.bincount(labels[stratum == s]).tolist())
    if total <= LISTING_LIMIT:
        return "exact", total, _listed(labels, stratum)
    rng, m = drawing.generator(f"{total} arrangements are too many to list (limit {LISTING_LIMIT})")
    return "monte-carlo", m, _drawn(labels, stratum, rng, m)


def upper_tail(method: str, n: int, beyond: int) -> float:
    """p-value when `beyond` of n arrangements are at least as extreme."""
    return beyond / n if method == "exact" else (beyond + 1) / (n + 1)


def _centre(scores: FloatArray, first: BoolArray, stratum: IntArray) -> float:
    """Expected sum: the mean score of each stratum times the size of its first group."""
    return float(sum(scores[stratum == s].mean() * first[stratum == s].sum() for s in np.unique(stratum)))


Half = list[tuple[float, int, int]]
"""Score, stratum and multiplicity of each class of exchangeable participants, by stratum."""


def _halves(scores: FloatArray, stratum: IntArray) -> tuple[Half, Half]:
    """Classes in two halves with about equally many possibilities; at most one stratum is in both."""
    classes, n = np.unique(np.column_stack((stratum.astype(np.float64), scores)), axis=0, return_counts=True)
    listed = [(float(c[1]), int(c[0]), int(k)) for c, k in zip(classes, n, strict=True)]
    bits = np.cumsum(np.log2(n + 1))
    cut = 1 + int(np.argmin(np.abs(bits - bits[-1] / 2)))
    return listed[:cut], listed[cut:]


def _possibilities(half: Half) -> int:
    total = 1
    for _, _, multiplicity in half:
        total *= multiplicity + 1
    return total


def _exact(scores: FloatArray, first: BoolArray, stratum: IntArray, halves: tuple[Half, Half]) -> Tails:
    sizes = {int(s): int(first[stratum == s].sum()) for s in np.unique(stratum)}
    shared = {c[1] for c in halves[0]} & {c[1] for c in halves[1]}
    wanted = sum(sizes[s] for s in shared)
    left, right = (_possible_sums(half, sizes, shared) for half in halves)
    order = np.lexsort((right[1], right[0]))
    keys, sums, ways = (values[order] for values in right)
    observed, centre = float(scores[first].sum()), _centre(scores, first, stratum)
    slack = _ROUNDING * float(np.abs(scores).sum())
    distance = abs(observed - centre)
    low = (observed + slack, centre - distance + slack)
    high = (observed - slack, centre + distance - slack)
    total, below, above = 0.0, np.zeros(2), np.zeros(2)
    starts = np.searchsorted(keys, np.unique(keys))
    for start, end in zip(starts, np.append(starts[1:], keys.size), strict=True):
        mine = left[0] == wanted - keys[start]
        cumulative = np.concatenate(([0.0], np.cumsum(ways[start:end])))
        block, of_left, ways_left = sums[start:end], left[1][mine], left[2][mine]
        total += float(ways_left.sum() * cumulative[-1])
        for i in range(2):
            below[i] += ways_left @ cumulative[np.searchsorted(block, low[i] - of_left, side="right")]
            at_least = np.searchsorted(block, high[i] - of_left, side="left")
            above[i] += ways_left @ (cumulative[-1] - cumulative[at_least])
    two_sided = 1.0 if distance <= slack else min(1.0, float(below[1] + above[1]) / total)
    count = 1
    for s, m in sizes.items():
        count *= comb(int((stratum == s).sum()), m)
    return Tails("exact", count, float(below[0]) / total, float(above[0]) / total, two_sided)


def _possible_sums(half: Half, sizes: dict[int, int], shared: set[int]) -> tuple[IntArray, FloatArray, FloatArray]:
    """Of every choice from the half: how many are of the shared stratum, sum of scores, and number of ways."""
    sums, ways, taken = np.zeros(1), np.ones(1), np.zeros(1, dtype=np.int64)
    # The shared stratum comes last, so that what is counted at the end is it alone.
    for s in sorted({c[1] for c in half}, key=lambda s: (s in shared, s)):
        taken = np.zeros(sums.size, dtype=np.int64)
        for score, _, multiplicity in (c for c in half if c[1] == s):
            chosen = np.arange(multiplicity + 1)
            choices = np.array([comb(multiplicity, int(k)) for k in chosen], dtype=np.float64)
            taken = np.add.outer(chosen, taken).reshape(-1)
            sums = np.add.outer(chosen * score, sums).reshape(-1)
            ways = np.multiply.outer(choices, ways).reshape(-1)
        if s not in shared:
            right = taken == sizes[s]
            sums, ways, taken = sums[right], ways[right], np.zeros(int(right.sum()), dtype=np.int64)
    return taken, sums, ways


def _n_distinct(counts: list[int]) -> int:
    total, left = 1, sum(counts)
    for c in counts:
        total *= comb(left, c)
        left -= c
    return total


def _listed(labels: Labels, stratum: IntArray) -> Iterator[Labels]:
    out = labels[np.newaxis, :]
    for s in np.unique(stratum):
        rows = np.flatnonzero(stratum == s)
        orders = _distinct_orders(np.bincount(labels[rows]).tolist())
        out = np.repeat(out, len(orders), axis=0)
        out[:, rows] = np.tile(orders, (len(out) // len(orders), 1))
    for start in range(0, len(out), _DRAWN_AT_ONCE):
        yield out[start : start + _DRAWN_AT_ONCE]


def _distinct_orders(counts: list[int]) -> Labels:
    """Every distinct order of counts[0] zeros, counts[1] ones, ..."""
    n = sum(counts)
    if len(counts) == 1:
        return np.zeros((1, n), dtype=np.int16)
    rest = _distinct_orders(counts[1:]) + np.int16(1)
    places = np.array(list(combinations(range(n), counts[0])), dtype=np.int64).reshape(-1, counts[0])
    others = np.ones((len(places), n), dtype=np.bool_)
    np.put_along_axis(others, places, False, axis=1)
    out = np.zeros((len(places) * len(rest), n), dtype=np.int16)
    out[np.repeat(others, len(rest), axis=0)] = np.tile(rest, (len(places), 1)).reshape(-1)
    return out


def _drawn(labels: Labels, stratum: IntArray, rng: np.random.Generator, m: int) -> Iterator[Labels]:
    strata = [np.flatnonzero(stratum == s) for s in np.unique(stratum)]
    for start in range(0, m, _DRAWN_AT_ONCE):
        out = np.tile(labels, (min(_DRAWN_AT_ONCE, m - start), 1))
        for rows in strata:
            out[:, rows] = rng.permuted(out[:, rows], axis=1)
        yield out
