"""How `lab_order.order_of` sorts many rows: by counting, compiled by numba."""

import numpy as np
import numpy.typing as npt

from immrecon.ingest.compiled import kept

MOST_ALIKE = 64
"""Rows with the same first key that are sorted by the other one, one after the other."""


@kept
def counted(first: npt.NDArray[np.int64], n: int, other: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """The places of the rows by the first key, from 0 to n - 1, then by the other one (no rows: none), then
    as they are. Empty where more than `MOST_ALIKE` have the same first key and another one is asked for.
    """
    begins = np.zeros(n + 1, dtype=np.int64)
    for key in first:
        begins[key + 1] += 1
    if other.size > 0 and begins.max() > MOST_ALIKE:
        return begins[:0]
    for key in range(n):
        begins[key + 1] += begins[key]
    order = np.empty(first.size, dtype=np.int64)
    for row in range(first.size):
        key = first[row]
        order[begins[key]] = row
        begins[key] += 1
    if other.size == 0:
        return order
    start = 0
    for key in range(n):  # begins[key] is where the rows of the key end by now
        for at in range(start + 1, begins[key]):
            row, place = order[at], at
            while place > start and other[order[place - 1]] > other[row]:
                order[place] = order[place - 1]
                place -= 1
            order[place] = row
        start = begins[key]
    return order
