"""Array types shared by the statistics modules."""

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
BoolArray = NDArray[np.bool_]
Counts = NDArray[np.int64] | NDArray[np.float64]
"""Numbers of participants: int64 as counted, float64 when weighted."""
