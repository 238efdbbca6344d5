"""Competing risks: the Aalen-Johansen estimator of cumulative incidence, its variance chosen by name; Gray's test."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import ArrayLike

from immrecon.errors import InputError
from immrecon.stats import _validate
from immrecon.stats._counting import RiskTable, tabulate
from immrecon.stats._fine_gray import SubdistributionRows, fine_gray, subdistribution_rows
from immrecon.stats._fixed_time import TRANSFORMS, FixedTimeComparison, compare_at, one_time
from immrecon.stats._gray import gray_permutation_test, gray_test
from immrecon.stats._gray_result import GrayTest
from immrecon.stats._groups import Label, groups_of
from immrecon.stats._incidence import CumulativeIncidence, IncidenceAt
from immrecon.stats._incidence_variance import Increments, aalen, greenwood, jackknife
from immrecon.stats._limits import INCIDENCE_CONF_TYPES
from immrecon.stats._multistate import multistate
from immrecon.stats._product_limit import product_limit
from immrecon.stats._pseudo import IncidencePseudoObservations, incidence_pseudo
from immrecon.stats._state_probability import StateProbability, StateProbabilityAt
from immrecon.stats._types import FloatArray, IntArray

__all__ = [
    "CumulativeIncidence",
    "FixedTimeComparison",
    "GrayTest",
    "IncidenceAt",
    "IncidencePseudoObservations",
    "StateProbability",
    "StateProbabilityAt",
    "SubdistributionRows",
    "aalen_johansen",
    "fine_gray",
    "fixed_time_comparison",
    "gray_permutation_test",
    "gray_test",
    "multistate",
    "pseudo_observations",
    "subdistribution_rows",
]

VARIANCES = ("infinitesimal-jackknife", "greenwood", "aalen")


@dataclass(frozen=True, slots=True, eq=False)
class _Sample:
    """Validated arrays of shape (n,); code is 0 for censored, else 1 + position of the cause."""

    time: FloatArray
    code: IntArray
    entry: FloatArray | None
    weights: FloatArray | None


def aalen_johansen(
    time: ArrayLike,
    cause: ArrayLike,
    *,
    causes: Sequence[int],
    entry: ArrayLike | None = None,
    weights: ArrayLike | None = None,
    conf_level: float = 0.95,
    conf_type: str = "log-log",
    variance: str = "infinitesimal-jackknife",
) -> CumulativeIncidence:
    """Probability of having had each of K competing events (Aalen 1978; Aalen and Johansen 1978).

    time, cause (0 = censored, else a code of `causes`), entry (delayed, strictly before time) and weights
    (positive) are (n,). `causes` names every code that exists by design, whether or not it has happened yet.

    variance: "infinitesimal-jackknife" (R's survfit), "greenwood" (R's etm) or "aalen" (cmprsk, SAS). The
    first two are equal without weights and delayed entry. With weights the jackknife is the robust variance
    of sampling weights, greenwood that of frequencies, and aalen is refused.
    conf_type: "log-log" is on log(-log F), "cloglog" on log(-log(1-F)), "plain" on F. Before the first event
    of a cause the limits are 0 and the exact one-sided bound (see `CumulativeIncidence.bound_exact`). Simulated
    coverage in small groups is in tests/coverage.
    Raises InputError for arrays or options that cannot be worked on.
    """
    level = _validate.confidence_level(conf_level)
    _validate.choice("conf_type", conf_type, INCIDENCE_CONF_TYPES)
    _validate.choice("variance", variance, VARIANCES)
    codes = _validate.declared_causes(causes)
    t = _validate.times(time)
    sample = _Sample(
        time=t,
        code=_validate.cause_positions(cause, codes, t.size),
        entry=_validate.entries(entry, t),
        weights=_validate.case_weights(weights, t.size),
    )
    if variance == "aalen" and sample.weights is not None:
        raise InputError(
            "variance: 'aalen' counts events and has no weighted form. Hint: use 'infinitesimal-jackknife'."
        )
    table = tabulate(t, sample.code, len(codes), entry=sample.entry, weights=sample.weights)
    free, jump = product_limit(table)
    parts, steps = _decompose(table, free)
    log_variance = np.cumsum(jump)
    std_error, free_std_error = _std_errors(variance, parts, steps, table, (jump, log_variance), sample)
    if free_std_error is None:
        free_std_error = np.sqrt(log_variance, out=log_variance)
        with np.errstate(invalid="ignore"):
            free_std_error *= free
        if free.size and free[-1] == 0:
            free_std_error[free == 0] = 0.0
    return CumulativeIncidence(
        causes=codes,
        variance=variance,
        conf_type=conf_type,
        conf_level=level,
        n=t.size,
        n_events=tuple(np.bincount(sample.code, minlength=len(codes) + 1).tolist()[1:]),
        time=table.time,
        n_risk=table.n_risk,
        n_event=table.n_event,
        n_censor=table.n_censor,
        event_free=free,
        event_free_std_error=free_std_error,
        incidence=parts.incidence,
        std_error=std_error,
        binomial=sample.entry is None and sample.weights is None,
        risk_set_restart=table.risk_set_restart,
    )


def fixed_time_comparison(
    time: ArrayLike,
    cause: ArrayLike,
    group: ArrayLike,
    *,
    at: float,
    of_interest: int,
    causes: Sequence[int],
    transform: str = "cloglog",
    entry: ArrayLike | None = None,
    groups: Sequence[Label] | None = None,
    conf_level: float = 0.95,
    variance: str = "infinitesimal-jackknife",
) -> FixedTimeComparison:
    """Test that K groups have the same cumulative incidence of one cause at one time (Zhang and Fine 2008).

    Arrays and options as for `aalen_johansen`, group being numbers or text (n,) and `groups` their labels in
    order. transform "cloglog" compares log(-log(1 - F)), "plain" F itself. Beyond the last observed time a
    curve is carried on, which `reason` then says.
    """
    _validate.choice("transform", transform, TRANSFORMS)
    t, when = _validate.times(time), one_time(at)
    g = groups_of(group, t.size, groups)
    codes, late = np.asarray(cause), _validate.entries(entry, t)
    _validate.cause_positions(cause, _validate.declared_causes(causes), t.size)
    points = []
    for k in range(len(g.labels)):
        mine = g.position == k
        fit = aalen_johansen(
            t[mine],
            codes[mine],
            causes=causes,
            entry=None if late is None else late[mine],
            variance=variance,
            conf_level=conf_level,
        )
        row, point = fit.position(of_interest), fit.at(when)
        points.append((point.n_risk[0], point.incidence[row, 0], point.std_error[row, 0]))
    n_risk, estimate, error = (np.array([p[i] for p in points]) for i in range(3))
    level = _validate.confidence_level(conf_level)
    return compare_at("incidence", when, transform, g.labels, g.size, n_risk, estimate, error, level)


def pseudo_observations(
    time: ArrayLike, cause: ArrayLike, *, at: ArrayLike, causes: Sequence[int]
) -> IncidencePseudoObservations:
    """Jackknife pseudo-observations of the cumulative incidence of every cause at times (m,), for regression.

    time and cause (0 = censored, else a code of `causes`) are (n,). The true jackknife (R's pseudo::pseudoci);
    values[k] goes into `survival.pseudo_regression`. Raises InputError for arrays that cannot be worked on.
    """
    codes = _validate.declared_causes(causes)
    t, when = _validate.times(time), _validate.times(np.atleast_1d(np.asarray(at)), "at")
    code = _validate.cause_positions(cause, codes, t.size)
    if t.size == 0:
        return IncidencePseudoObservations(codes, when, np.zeros((len(codes), 0, when.size)))
    table = tabulate(t, code, len(codes))
    free, _ = product_limit(table)
    incidence = _decompose(table, free)[0].incidence
    return IncidencePseudoObservations(codes, when, incidence_pseudo(table, t, code, free, incidence, when))


def _decompose(table: RiskTable, free: FloatArray) -> tuple[Increments, FloatArray]:
    """Each cause against the others, with its incidence sum S(u-) d/Y; and the steps (K, J) of that sum."""
    at_risk = table.n_risk.astype(np.float64)
    free_before = np.empty_like(free)
    free_before[:1], free_before[1:] = 1.0, free[:-1]
    jump = table.n_event * (free_before / at_risk)
    incidence: FloatArray = np.cumsum(jump, axis=1)
    if free.size and free[-1] == 0:
        # When everybody has had the event and nobody another one, F is 1 and not nearly 1.
        competing = np.cumsum(jump.sum(axis=0) - jump, axis=1)
        incidence[(free == 0) & (competing == 0) & (incidence > 0)] = 1.0
    return Increments(table.n_event, table.n_event_any, at_risk, free_before, free, incidence), jump


def _std_errors(
    name: str,
    parts: Increments,
    steps: FloatArray,
    table: RiskTable,
    log_variance: tuple[FloatArray, FloatArray],
    sample: _Sample,
) -> tuple[FloatArray, FloatArray | None]:
    """Standard errors (K, J) of the incidences, and (J,) of the event-free probability if not Greenwood's.

    steps (K, J) of the incidences may be used up; log_variance are those of log S: what each time adds, and their sum.
    """
    # Without weights and delayed entry the jackknife equals the Greenwood-type variance, which is cheaper.
    if name == "greenwood" or (name != "aalen" and sample.weights is None and sample.entry is None):
        variance = greenwood(parts, steps, *log_variance)
        return np.sqrt(variance, out=variance), None
    if name == "aalen":
        return np.sqrt(aalen(parts)), None
    every = [parts.alone(k) for k in range(parts.own.shape[0])]
    first = every[0]
    whole = replace(first, own=first.either, incidence=1 - first.free)
    had = [(sample.code == k + 1).astype(np.float64) for k in range(len(every))]
    any_event = (sample.code > 0).astype(np.float64)
    args = (table, sample.time, any_event, sample.entry, sample.weights)
    by_cause = [jackknife(part, own, *args) for part, own in zip(every, had, strict=True)]
    return np.sqrt(by_cause), np.sqrt(jackknife(whole, any_event, *args))
