"""The product-limit estimator and Greenwood's formula, shared by Kaplan-Meier and Aalen-Johansen."""

import numpy as np

from immrecon.stats._counting import RiskTable
from immrecon.stats._types import FloatArray


def product_limit(table: RiskTable) -> tuple[FloatArray, FloatArray]:
    """Probability (J,) of no event of any cause, and what each time adds to the variance of its log (J,).

    The probability is exactly 0, and the variance infinite, once everybody in a risk set has had an event.
    """
    events, at_risk = table.n_event_any.astype(np.float64), table.n_risk.astype(np.float64)
    survival: FloatArray = np.cumprod(np.where(table.exhausted, 0.0, 1 - events / at_risk), dtype=np.float64)
    with np.errstate(divide="ignore"):
        jump: FloatArray = np.where(table.exhausted, np.inf, events / (at_risk * (at_risk - events)))
    return survival, jump
