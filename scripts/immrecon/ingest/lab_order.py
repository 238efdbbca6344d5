"""The order of many cells by few whole numbers, which a sort of digits finds without comparing."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

Numbers = npt.NDArray[np.int64]

_DIGIT = 65_536


def order_of(keys: Sequence[Numbers]) -> Numbers:
    """The places of the rows in the order of the keys, the first of which matters most; those alike stay in theirs.

    The keys are not below 0, and have no more than 2**48 different values.
    """
    order: Numbers | None = None
    for key in reversed(keys):
        rest = key
        most = int(key.max(initial=0))
        while True:
            digit = (rest % _DIGIT if most >= _DIGIT else rest).astype(np.uint16)
            own = np.argsort(digit if order is None else digit[order], stable=True)
            order = own if order is None else order[own]
            if most < _DIGIT:
                break
            rest, most = rest // _DIGIT, most // _DIGIT
    return np.empty(0, dtype=np.int64) if order is None else order
