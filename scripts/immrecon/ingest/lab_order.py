"""The order of many cells by few whole numbers."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

Numbers = npt.NDArray[np.int64]

_BITS = 63
"""Of a number that is sorted."""


def order_of(keys: Sequence[Numbers]) -> Numbers:
    """The places of the rows in the order of the keys, the first of which matters most; those alike stay in theirs.

    The keys are not below 0.
    """
    n = keys[0].size
    widths = [int(key.max(initial=0)).bit_length() for key in keys]
    place_width = n.bit_length()
    if sum(widths) + place_width > _BITS:
        return np.lexsort(list(reversed(keys)))
    # A row as one number, its place last: such numbers are sorted much faster than places by what is at them.
    packed = np.zeros(n, dtype=np.int64)
    for key, width in zip(keys, widths, strict=True):
        packed <<= width
        packed |= key
    packed <<= place_width
    packed |= np.arange(n)
    packed.sort()
    packed &= (1 << place_width) - 1
    return packed
