"""Interval of a cumulative incidence on a day, and what is special about it: one wording for every table."""

from typing import NamedTuple

import numpy as np

from immrecon.stats.competing_risks import CumulativeIncidence
from immrecon.stats.proportion import clopper_pearson


class IncidenceOn(NamedTuple):
    """The first cause of an Aalen-Johansen estimate on a day."""

    estimate: float
    std_error: float
    conf_low: float
    conf_high: float
    reason: str | None


def incidence_on(cif: CumulativeIncidence, day: float) -> IncidenceOn:
    """Estimate and limits, with an exact one-sided bound where the interval of the estimator does not exist.

    No event yet: see `CumulativeIncidence.bound_exact`. Everybody had the event: the lower limit of Clopper and Pearson
    for m of m, (alpha/2)^(1/m), m being the events: those censored before are left out, which makes it wider. Not with
    weights or delayed entry. In 3,000 simulated trials of 6 (tests/coverage/recovery_simulation.py, true incidence
    0.6) the interval without the second bound held the truth in 90 %.
    """
    at = cif.at([day])
    estimate, error, low, high = (
        float(values[0, 0]) for values in (at.incidence, at.std_error, at.conf_low, at.conf_high)
    )
    one_sided = f"exact one-sided bound at {(1 + cif.conf_level) / 2:.1%}"
    reason = None if np.isfinite(low) else f"no {cif.conf_type} interval exists at this estimate"
    if at.bound_exact[0, 0]:
        reason = f"no event yet: {one_sided}, denominator at risk plus earlier competing events"
    elif estimate == 1 and cif.binomial:
        events = int(at.n_event[0, 0])
        low, high = float(clopper_pearson(events, events, conf_level=cif.conf_level).conf_low[0]), 1.0
        reason = f"everybody had the event: {one_sided}, denominator the events"
    return IncidenceOn(estimate, error, low, high, reason)
