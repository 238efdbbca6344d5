"""Numbers that show whether residuals look normal: quantiles to plot them against, and skewness."""

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import ndtri

from immrecon.stats import _validate
from immrecon.stats._types import FloatArray
from immrecon.stats.survival import kaplan_meier

__all__ = ["normal_scores", "skewness"]


def normal_scores(value: ArrayLike, below: ArrayLike | None = None) -> FloatArray:
    """Normal quantiles (n,) to plot values (n,) against; values below a limit (below 1) have none (NaN).

    Quantile at the mean of the distribution function just below and at the value; without values below a limit that is
    (rank - 1/2)/n (Hazen), ties sharing one. The distribution function is Kaplan and Meier's, turned round so that
    a value below its limit is censored there (Gillespie et al. 2010). Raises InputError for arrays that cannot be
    worked on.
    """
    x = _validate.measurements(value)
    flags = _validate.below_limit(below, x.size)
    out = np.full(x.size, np.nan)
    if not (~flags).any():
        return out
    # Ranks from the top, from 1: a value below its limit is censored among them, after the measured ones it ties with.
    turned = np.unique(-x, return_inverse=True)[1] + 1.0
    curve = kaplan_meier(turned, ~flags)
    share = (curve.at(turned).survival + curve.at(turned - 0.5).survival) / 2
    out[~flags] = ndtri(share[~flags])
    return out


def skewness(value: ArrayLike) -> float:
    """Third central moment over the second to the power 3/2 (g1); NaN with fewer than three values or none apart."""
    x = _validate.measurements(value)
    if x.size < 3 or np.ptp(x) == 0:
        return float("nan")
    centred = x - x.mean()
    return float((centred**3).mean() / (centred**2).mean() ** 1.5)
