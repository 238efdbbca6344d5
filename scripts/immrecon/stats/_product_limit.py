"""The product-limit estimator and Greenwood's formula, shared by Kaplan-Meier and Aalen-Johansen."""

import numpy as np

from immrecon.stats._counting import RiskTable
from immrecon.stats._types import FloatArray


def product_limit(table: RiskTable) -> tuple[FloatArray, FloatArray]:
    """Probability (J,) of no event of any cause, and what each time adds to the variance of its log (J,).

    The probability is exactly 0, and the variance infinite, once everybody in a risk set has had an event.
    """
    hazard = table.n_event_any / table.n_risk
    stay, left = 1 - hazard, table.n_risk - table.n_event_any
    if table.exhausted is not None:  # of sums of weights rounding may leave something
        left[table.exhausted] = stay[table.exhausted] = 0.0
    with np.errstate(divide="ignore"):
        jump = np.divide(hazard, left, out=hazard)
    return np.multiply.accumulate(stay, out=stay), jump
