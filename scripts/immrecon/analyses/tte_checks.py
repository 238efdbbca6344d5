"""Identities that time-to-event results must satisfy, checked where they apply and refused where they do not."""

import itertools
from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

from immrecon.config.specs import TteSpec
from immrecon.vocabulary import CheckOutcome, Estimator

if TYPE_CHECKING:
    from immrecon.analyses.tte import Fit

TOLERANCE = 1e-9
EVENT, COMPETING = 1, 2


def check_rows(fits: list["Fit"], spec: TteSpec) -> list[dict[str, object]]:
    """Rows of the checks table, for the strata that are displayed (groups and pooled)."""
    shown = [fit for fit in fits if fit.stratum.dose_level == "all"]
    rows = []
    for group in dict.fromkeys(fit.stratum.group for fit in shown):
        of_group = {fit.code: fit for fit in shown if fit.stratum.group == group}
        rows += [_probabilities_add_up(name, of_group, spec) for name in spec.endpoints.first_events]
        rows += [row for fit in of_group.values() for row in _equals_proportion(fit)]
    return rows


def check_row(
    where: Mapping[str, object], identity: str, subject: str, difference: float | None, reason: str | None
) -> dict[str, object]:
    """What came of an identity in a stratum (`where`); it does not apply where there is no difference to give."""
    if difference is None:
        outcome = CheckOutcome.NOT_APPLICABLE
    else:
        outcome = CheckOutcome.HOLDS if difference <= TOLERANCE else CheckOutcome.VIOLATED
    return dict(where) | {
        "identity": identity,
        "subject": subject,
        "outcome": outcome,
        "largest_difference": difference,
        "tolerance": TOLERANCE,
        "reason": reason,
    }


def _probabilities_add_up(name: str, fits: dict[str, "Fit"], spec: TteSpec) -> dict[str, object]:
    """Event-free probability plus the incidence of every cause is 1, within one first-event variable."""
    identity = "event-free + incidences = 1"
    members = [fit for fit in fits.values() if fit.endpoint.first_event == name]
    causes = set(spec.endpoints.first_events[name].causes)
    survival = [fit for fit in members if fit.endpoint.estimator is Estimator.KAPLAN_MEIER]
    incidences = [fit for fit in members if fit.endpoint.estimator is Estimator.AALEN_JOHANSEN]
    where = next(iter(fits.values())).stratum.columns()
    partition = _partition(incidences, causes)
    if not survival or partition is None:
        return check_row(where, identity, name, None, "the endpoints on this variable do not cover every cause once")
    if survival[0].time.size == 0:
        return check_row(where, identity, name, None, "nobody at risk")
    grid = np.unique(survival[0].time)
    total = survival[0].survival.at(grid).survival  # type: ignore[union-attr]
    for fit in partition:
        total = total + fit.incidence.at(grid).incidence[0]  # type: ignore[union-attr]
    names = " + ".join(fit.code for fit in (survival[0], *partition))
    return check_row(where, identity, name, float(np.abs(total - 1).max()), names)


def _partition(fits: list["Fit"], causes: set[str]) -> tuple["Fit", ...] | None:
    """Endpoints whose events together are every cause exactly once."""
    for size in range(1, len(fits) + 1):
        for chosen in itertools.combinations(fits, size):
            events = [event for fit in chosen for event in fit.endpoint.events]
            if len(events) == len(causes) and set(events) == causes:
                return chosen
    return None


def _equals_proportion(fit: "Fit") -> list[dict[str, object]]:
    """Without censoring before a landmark, the estimate there is the simple proportion."""
    rows = []
    for day in fit.endpoint.landmarks_day:
        subject = f"{fit.code} at day {day:g}"
        censored = int(((fit.cause == 0) & (fit.time < day)).sum())
        if fit.time.size == 0:
            rows.append(check_row(fit.stratum.columns(), "estimate = proportion", subject, None, "nobody at risk"))
        elif censored:
            reason = f"{censored} of {fit.time.size} censored before the landmark"
            rows.append(check_row(fit.stratum.columns(), "estimate = proportion", subject, None, reason))
        else:
            share = float(((fit.cause == EVENT) & (fit.time <= day)).mean())
            if fit.survival is not None:
                difference = abs(float(fit.survival.at([day]).survival[0]) - (1 - share))
            else:
                assert fit.incidence is not None
                difference = abs(float(fit.incidence.at([day]).incidence[0, 0]) - share)
            rows.append(check_row(fit.stratum.columns(), "estimate = proportion", subject, difference, None))
    return rows
