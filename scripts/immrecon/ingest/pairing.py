"""The best assignment of few things to few others, one to one."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

Cost = tuple[int, ...]


@dataclass(frozen=True)
class Pair:
    """Two things that may belong together. Costs add up part by part, and the first part weighs most."""

    left: int
    right: int
    cost: Cost


def best_pairs(pairs: Iterable[Pair]) -> list[Pair]:
    """Of all ways to give each `left` at most one `right`, and the other way round, the one whose costs are least.

    A pair is made only where it lowers the cost: let the first part be -1 to have as many pairs as possible. Exact:
    shortest augmenting paths (Bellman-Ford on the residual graph), in time cubic in the number of things. Equal costs
    are decided in favour of pairs of lower numbers that come first.
    """
    options: dict[int, dict[int, Pair]] = defaultdict(dict)
    for pair in sorted(pairs, key=lambda pair: (pair.left, pair.right)):
        options[pair.left][pair.right] = pair
    left_of: dict[int, int] = {}
    while path := _cheapest_path(options, left_of):
        for left, right in path:
            left_of[right] = left
    return sorted((options[left][right] for right, left in left_of.items()), key=lambda pair: (pair.left, pair.right))


def _cheapest_path(options: dict[int, dict[int, Pair]], left_of: dict[int, int]) -> list[tuple[int, int]]:
    """The pairs to make so that one more is matched at the least cost; none where every way costs something."""
    right_of = {left: right for right, left in left_of.items()}
    width = len(next((pair.cost for found in options.values() for pair in found.values()), ()))
    reached: dict[int, Cost] = {left: (0,) * width for left in options if left not in right_of}
    found: dict[int, tuple[Cost, int]] = {}
    changed = True
    while changed:
        changed = False
        for left in sorted(reached):
            for right, pair in options[left].items():
                if right_of.get(left) == right:
                    continue
                cost = tuple(a + b for a, b in zip(reached[left], pair.cost, strict=True))
                if right in found and found[right][0] <= cost:
                    continue
                found[right] = cost, left
                changed = True
                if (other := left_of.get(right)) is not None:
                    reached[other] = tuple(a - b for a, b in zip(cost, options[other][right].cost, strict=True))
    free = [(cost, right) for right, (cost, _) in found.items() if right not in left_of]
    if not free or min(free)[0] >= (0,) * width:
        return []
    right = min(free)[1]
    path = []
    while True:
        left = found[right][1]
        path.append((left, right))
        if left not in right_of:
            return path
        right = right_of[left]
