"""The normal distribution's left tail, as likelihoods of values below a limit need it."""

import numpy as np
from scipy.special import log_ndtr

from immrecon.stats._types import FloatArray

LOG_ROOT_TWO_PI = 0.5 * float(np.log(2 * np.pi))


def left_tail(e: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray]:
    """log Phi(e), its slope m = phi(e)/Phi(e), and m (m + e), minus the slope of m, which lies between 0 and 1."""
    log_p: FloatArray = log_ndtr(e)
    slope = np.exp(-0.5 * e * e - LOG_ROOT_TWO_PI - log_p)
    return log_p, slope, np.clip(slope * (slope + e), 0.0, 1.0)
