"""Time to a single kind of event: Kaplan-Meier, Nelson-Aalen, the curve of follow-up, and comparisons at a time.

Methods and limits are those of R's `survfit` (Greenwood variance) and, for small groups, the beta product of
Fay, Brittain and Proschan.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import ArrayLike

from immrecon.errors import InputError
from immrecon.stats import _validate
from immrecon.stats._counting import tabulate
from immrecon.stats._curve import Quantiles, RestrictedMean, SurvivalAt, SurvivalCurve
from immrecon.stats._fixed_time import TRANSFORMS, FixedTimeComparison, compare_at, one_time
from immrecon.stats._groups import Label, groups_of
from immrecon.stats._limits import BETA_PRODUCTS, SURVIVAL_CONF_TYPES
from immrecon.stats._product_limit import product_limit
from immrecon.stats._pseudo import PseudoObservations, rmst_pseudo, survival_pseudo
from immrecon.stats._pseudo_regression import PseudoRegression, pseudo_regression
from immrecon.stats._rmst import RestrictedMeanComparison, compare_means
from immrecon.stats._types import BoolArray, FloatArray, IntArray

__all__ = [
    "BETA_PRODUCTS",
    "FixedTimeComparison",
    "PseudoObservations",
    "PseudoRegression",
    "Quantiles",
    "RestrictedMean",
    "RestrictedMeanComparison",
    "SurvivalAt",
    "SurvivalCurve",
    "fixed_time_comparison",
    "kaplan_meier",
    "nelson_aalen",
    "pseudo_observations",
    "pseudo_regression",
    "reverse_kaplan_meier",
    "rmst_difference",
]


def kaplan_meier(
    time: ArrayLike,
    event: ArrayLike,
    *,
    entry: ArrayLike | None = None,
    weights: ArrayLike | None = None,
    conf_level: float = 0.95,
    conf_type: str = "log-log",
) -> SurvivalCurve:
    """Product-limit estimate of the probability of being free of the event (Kaplan and Meier 1958).

    time, event (0 or 1), entry (delayed entry, strictly before time) and weights (positive) are (n,). A
    weight counts like that many participants: Greenwood's variance is that of frequencies (R's robust=FALSE).
    conf_type is "log-log", "log", "plain", "logit", "arcsin" (Borgan and Liestol 1990), "beta-product"
    (Fay, Brittain and Proschan 2013) or "beta-product-mid-p" (Fay and Brittain 2016), both without entry and with
    whole weights only. Log-log limits are NaN where S is 0, and where S is 1 from the first observed time on; in
    small groups the beta product is the one that holds its level (tests/coverage). An empty group gives an empty
    curve.
    Raises InputError for arrays or options that cannot be worked on.
    """
    sample = _sample(time, event, entry, weights)
    return _curve("kaplan-meier", sample, conf_level, conf_type)


def nelson_aalen(
    time: ArrayLike,
    event: ArrayLike,
    *,
    entry: ArrayLike | None = None,
    weights: ArrayLike | None = None,
    conf_level: float = 0.95,
    conf_type: str = "log-log",
) -> SurvivalCurve:
    """Cumulative hazard sum d/Y, variance sum d/Y^2 (Nelson 1969; Aalen 1978), and survival as exp(-hazard).

    Arguments as for `kaplan_meier`, without the beta product. R: survfit(stype=2, ctype=1).
    """
    sample = _sample(time, event, entry, weights)
    return _curve("nelson-aalen", sample, conf_level, conf_type)


def reverse_kaplan_meier(
    time: ArrayLike,
    event: ArrayLike,
    *,
    entry: ArrayLike | None = None,
    weights: ArrayLike | None = None,
    conf_level: float = 0.95,
    conf_type: str = "log-log",
) -> SurvivalCurve:
    """Kaplan-Meier curve of follow-up: being censored is the event (Schemper and Smith 1996).

    Arguments as for `kaplan_meier`, event being the clinical event; `.quantile(0.5)` is the median follow-up.
    """
    sample = _sample(time, event, entry, weights)
    return _curve("reverse-kaplan-meier", replace(sample, event=1 - sample.event), conf_level, conf_type)


def fixed_time_comparison(
    time: ArrayLike,
    event: ArrayLike,
    group: ArrayLike,
    *,
    at: float,
    transform: str = "cloglog",
    entry: ArrayLike | None = None,
    groups: Sequence[Label] | None = None,
    conf_level: float = 0.95,
) -> FixedTimeComparison:
    """Test that K groups have the same survival at one time (Klein, Logan, Harhoff and Andersen 2007).

    time, event (0 or 1), group (numbers or text) and entry (delayed, strictly before time) are (n,); `groups`
    declares the labels and their order. transform "cloglog" compares log(-log S), "plain" S itself, with
    Greenwood's variance. Beyond the last observed time a curve is carried on, which `reason` then says.
    Raises InputError for arrays or options that cannot be worked on.
    """
    _validate.choice("transform", transform, TRANSFORMS)
    sample, when = _sample(time, event, entry, None), one_time(at)
    g = groups_of(group, sample.time.size, groups)
    found = [_curve("kaplan-meier", _rows(sample, g.position == k), conf_level, "plain") for k in range(len(g.labels))]
    points = [curve.at(when) for curve in found]
    n_risk, estimate, error = (
        np.array([getattr(p, name)[0] for p in points]) for name in ("n_risk", "survival", "std_error")
    )
    return compare_at("survival", when, transform, g.labels, g.size, n_risk, estimate, error, conf_level)


def rmst_difference(
    time: ArrayLike,
    event: ArrayLike,
    group: ArrayLike,
    *,
    tau: float,
    groups: Sequence[Label] | None = None,
    conf_level: float = 0.95,
) -> RestrictedMeanComparison:
    """Restricted mean survival time of two groups up to tau, first against second (Uno et al. 2014).

    time, event (0 or 1) and group (numbers or text) are (n,); `groups` declares the labels and their order.
    Difference, ratio and ratio of the time lost with normal limits. Raises InputError for arrays or options
    that cannot be worked on, for more than two groups, and when tau is beyond the follow-up of a group.
    """
    sample = _sample(time, event, None, None)
    g = groups_of(group, sample.time.size, groups)
    if len(g.labels) > 2:
        raise InputError(f"group: {len(g.labels)} groups {list(g.labels)} where two are compared. Hint: take two.")
    rows = [g.position == k for k in range(len(g.labels)) if g.size[k] > 0]
    level = _validate.confidence_level(conf_level)
    means = [_curve("kaplan-meier", _rows(sample, mine), level, "plain").rmst(tau) for mine in rows]
    return compare_means(tau, g.labels, g.size, means, level)


def pseudo_observations(
    time: ArrayLike, event: ArrayLike, *, at: ArrayLike, quantity: str = "survival"
) -> PseudoObservations:
    """Jackknife pseudo-observations of survival, or of the restricted mean, at times (m,), for regression.

    time, event (0 or 1) are (n,); quantity is "survival" (1 - values is the probability of an event) or "rmst",
    `at` being tau. The true jackknife, not the infinitesimal one of R's survival::pseudo; R's pseudo package.
    Raises InputError for arrays or options that cannot be worked on, and for rmst beyond the last observed time.
    """
    _validate.choice("quantity", quantity, ("survival", "rmst"))
    sample, when = _sample(time, event, None, None), _validate.times(np.atleast_1d(np.asarray(at)), "at")
    if sample.time.size == 0:
        return PseudoObservations(quantity, when, np.zeros((0, when.size)))
    table = tabulate(sample.time, sample.event, 1)
    free, _ = product_limit(table)
    if quantity == "survival":
        return PseudoObservations(quantity, when, survival_pseudo(table, sample.time, sample.event, free, when))
    if when.max() > sample.time.max():
        raise InputError(
            f"at: {when.max():g} is beyond {sample.time.max():g}, the largest observed time. "
            "Hint: choose tau within follow-up."
        )
    return PseudoObservations(quantity, when, rmst_pseudo(table, sample.time, sample.event, free, when))


@dataclass(frozen=True, slots=True, eq=False)
class _Sample:
    """Validated arrays of shape (n,)."""

    time: FloatArray
    event: IntArray
    entry: FloatArray | None
    weights: FloatArray | None


def _sample(time: ArrayLike, event: ArrayLike, entry: ArrayLike | None, weights: ArrayLike | None) -> _Sample:
    t = _validate.times(time)
    return _Sample(
        time=t,
        event=_validate.events(event, t.size),
        entry=_validate.entries(entry, t),
        weights=_validate.case_weights(weights, t.size),
    )


def _rows(sample: _Sample, mine: BoolArray) -> _Sample:
    entry = None if sample.entry is None else sample.entry[mine]
    return _Sample(sample.time[mine], sample.event[mine], entry, None)


def _curve(method: str, sample: _Sample, conf_level: float, conf_type: str) -> SurvivalCurve:
    level = _validate.confidence_level(conf_level)
    _validate.choice("conf_type", conf_type, SURVIVAL_CONF_TYPES)
    if conf_type in BETA_PRODUCTS:
        _refuse_beta_product(method, conf_type, sample)
    table = tabulate(sample.time, sample.event, 1, entry=sample.entry, weights=sample.weights)
    if method == "nelson-aalen":
        hazard = table.n_event_any / table.n_risk
        survival, jump = np.exp(-np.cumsum(hazard)), hazard / table.n_risk
    else:
        survival, jump = product_limit(table)
    log_std_error = np.add.accumulate(jump)
    np.sqrt(log_std_error, out=log_std_error)
    with np.errstate(invalid="ignore"):  # 0 times infinity: no standard error once survival is 0
        std_error = survival * log_std_error
    return SurvivalCurve(
        method=method,
        conf_type=conf_type,
        conf_level=level,
        n=sample.time.size,
        n_events=int(np.count_nonzero(sample.event)),
        time=table.time,
        n_risk=table.n_risk,
        n_event=table.n_event_any,
        n_censor=table.n_censor,
        survival=survival,
        log_std_error=log_std_error,
        std_error=std_error,
        risk_set_restart=table.risk_set_restart,
        log_variance_jump=jump,
    )


def _refuse_beta_product(method: str, conf_type: str, sample: _Sample) -> None:
    weights = sample.weights
    if method == "nelson-aalen":
        problem = "is not defined for the Nelson-Aalen estimate"
    elif sample.entry is not None:
        problem = "is not defined with delayed entry"
    elif weights is not None and (weights != np.floor(weights)).any():
        problem = "needs whole numbers as weights (frequencies)"
    else:
        return
    raise InputError(f"conf_type: '{conf_type}' {problem}. Hint: use conf_type='log-log'.")
