"""The best assignment against all assignments there are."""

from itertools import combinations
from random import Random

import pytest

from immrecon.ingest.pairing import Pair, best_pairs


def total(pairs: tuple[Pair, ...] | list[Pair]) -> tuple[int, ...]:
    return tuple(map(sum, zip((0, 0, 0), *(pair.cost for pair in pairs), strict=True)))


def one_to_one(pairs: tuple[Pair, ...] | list[Pair]) -> bool:
    return len({pair.left for pair in pairs}) == len({pair.right for pair in pairs}) == len(pairs)


def test_the_nearest_pair_first_would_leave_one_unmatched() -> None:
    # left 1 fits right 1 (1 day) and right 2 (3 days); left 2 fits right 1 only (2 days)
    pairs = [Pair(1, 1, (-1, 0, 1)), Pair(1, 2, (-1, 0, 3)), Pair(2, 1, (-1, 0, 2))]
    assert [(pair.left, pair.right) for pair in best_pairs(pairs)] == [(1, 2), (2, 1)]


def test_equal_costs_are_decided_by_number() -> None:
    pairs = [Pair(left, right, (-1, 0, 0)) for left in (2, 1, 3) for right in (3, 2, 1)]
    assert [(pair.left, pair.right) for pair in best_pairs(pairs)] == [(1, 1), (2, 2), (3, 3)]


def test_nothing_to_match() -> None:
    assert best_pairs([]) == []
    assert best_pairs([Pair(1, 1, (0, 0, 4))]) == []  # it would only cost


@pytest.mark.parametrize("seed", range(60))
def test_no_other_assignment_costs_less(seed: int) -> None:
    rng = Random(seed)
    grid = [(left, right) for left in range(4) for right in range(4) if rng.random() < 0.6]
    pairs = [Pair(left, right, (-1, -rng.randint(0, 1), rng.randint(0, 3))) for left, right in grid]
    found = best_pairs(pairs)
    every = (some for n in range(5) for some in combinations(pairs, n) if one_to_one(some))
    assert one_to_one(found)
    assert total(found) == min(map(total, every))
