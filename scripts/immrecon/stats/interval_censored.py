"""Times known only to lie between two visits: distribution, with competing events, and comparison of groups."""

import numpy as np
from numpy.typing import ArrayLike

from immrecon.errors import InputError
from immrecon.stats import _validate
from immrecon.stats._interval_logrank import IntervalLogrank, interval_logrank
from immrecon.stats._turnbull import IntervalSurvival, IntervalSurvivalAt, intervals, turnbull

__all__ = [
    "IntervalLogrank",
    "IntervalSurvival",
    "IntervalSurvivalAt",
    "interval_logrank",
    "turnbull",
    "turnbull_subdistribution",
]


def turnbull_subdistribution(
    left: ArrayLike, right: ArrayLike, competing: ArrayLike, *, horizon: float
) -> IntervalSurvival:
    """Turnbull's estimate of the subdistribution of an event seen at visits, others competing with it.

    left and right as for `turnbull`; competing is 1 where a competing event (death, relapse) came first: such a
    participant never has the event, and its time lies in (horizon, infinity]. 1 - survival is then the cumulative
    incidence until the horizon, which no finite left or right may exceed. Follow-up ended by anything but the event
    or a competing one is censored: right = infinity. (Hudgens, Li and Fine 2014, for one cause.)
    Raises InputError for arrays that cannot be worked on.
    """
    low, high = intervals(left, right)
    other = _validate.events(competing, low.size) == 1
    if not (np.isfinite(horizon) and horizon > 0):
        raise InputError(f"horizon: {horizon} is not a positive finite time.")
    if (other & np.isfinite(high)).any():
        where = np.flatnonzero(other & np.isfinite(high))[:5]
        raise InputError(
            f"competing: the event itself was seen too (positions {', '.join(map(str, where))}, counted from 0). "
            "Hint: competing is 1 only where it came first, with right infinite."
        )
    if (low > horizon).any() or (high[np.isfinite(high)] > horizon).any():
        raise InputError(f"horizon: {horizon:g} is before a visit. Hint: end the follow-up there first.")
    return turnbull(np.where(other, horizon, low), np.where(other, np.inf, high))
