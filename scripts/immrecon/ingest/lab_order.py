"""The order of many cells by few whole numbers."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

Numbers = npt.NDArray[np.int64]

_BITS = 63
"""Of a number that is sorted."""

MANY = 200_000
"""Rows for which it is worth while to load what numba has compiled."""


def order_of(keys: Sequence[Numbers]) -> Numbers:
    """The places of the rows in the order of the keys, the first of which matters most; those alike stay in theirs.

    The keys are not below 0.
    """
    n = keys[0].size
    widths = [int(key.max(initial=0)).bit_length() for key in keys]
    if n >= MANY and (1 << widths[0]) <= 2 * n and sum(widths[1:]) <= _BITS:
        from immrecon.ingest.order_compiled import counted

        others = _packed(keys[1:], widths[1:]) if len(keys) > 1 else np.zeros(0, dtype=np.int64)
        found = counted(keys[0], 1 << widths[0], others)
        if found.size:
            return found
    place_width = n.bit_length()
    if sum(widths) + place_width > _BITS:
        return np.lexsort(list(reversed(keys)))
    # A row as one number, its place last: such numbers are sorted much faster than places by what is at them.
    packed = _packed([*keys, np.arange(n)], [*widths, place_width])
    packed.sort()
    packed &= (1 << place_width) - 1
    return packed


def _packed(keys: Sequence[Numbers], widths: Sequence[int]) -> Numbers:
    """The keys of each row as one number, each of them so many bits wide."""
    packed = np.zeros(keys[0].size, dtype=np.int64)
    for key, width in zip(keys, widths, strict=True):
        packed <<= width
        packed |= key
    return packed
