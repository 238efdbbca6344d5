"""The product-limit estimator and Greenwood's formula, shared by Kaplan-Meier and Aalen-Johansen."""

import numpy as np

from immrecon.stats._counting import RiskTable
from immrecon.stats._types import FloatArray


def product_limit(table: RiskTable) -> tuple[FloatArray, FloatArray]:
    """Probability (J,) of no event of any cause, and what each time adds to the variance of its log (J,).

    The probability is exactly 0, and the variance infinite, once everybody in a risk set has had an event.
    """
    events, at_risk = table.n_event_any, table.n_risk
    stay = events / at_risk
    np.subtract(1, stay, out=stay)
    jump = (at_risk - events).astype(np.float64, copy=False)
    if table.exhausted is not None:  # of sums of weights rounding may leave something
        jump[table.exhausted] = stay[table.exhausted] = 0.0
    jump *= at_risk
    with np.errstate(divide="ignore"):
        np.divide(events, jump, out=jump)
    return np.cumprod(stay, out=stay), jump
