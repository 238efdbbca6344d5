"""Values measured repeatedly, some below a limit: geometric means, areas, growth, and mixed models.

Values are given on the scale of the model, as a rule log10 of a count; where `below` is 1 the value is the limit that
the true one lies below. Designs are matrices as they enter the model, with their column of ones.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike

from immrecon.errors import InputError
from immrecon.stats import _design, _validate
from immrecon.stats._censored_mixed import DF_METHODS as CENSORED_DF_METHODS
from immrecon.stats._censored_mixed import NODES, fit_censored_mixed
from immrecon.stats._censored_normal import CONF_TYPES, CensoredNormal, fit_censored_normal
from immrecon.stats._growth_curve import GrowthCurve
from immrecon.stats._growth_fit import fit_growth
from immrecon.stats._growth_shapes import SHAPES
from immrecon.stats._marginal import MarginalMeans
from immrecon.stats._mixed_fit import DF_METHODS, fit_mixed
from immrecon.stats._mixed_model import MixedModel, RandomSlopeTest, compare_random_slope
from immrecon.stats._mixed_reference import JointTest
from immrecon.stats._natural_spline import natural_spline_basis, refuse_knots
from immrecon.stats._order_statistic import QuantileInterval, order_statistic_interval
from immrecon.stats._trajectory import AREA_METHODS, Areas, DoublingTimes, areas, doubling_times, trajectories
from immrecon.stats._types import FloatArray

__all__ = [
    "NODES",
    "Areas",
    "CensoredNormal",
    "DoublingTimes",
    "GrowthCurve",
    "JointTest",
    "MarginalMeans",
    "MixedModel",
    "QuantileInterval",
    "RandomSlopeTest",
    "area_under_curve",
    "censored_mixed_model",
    "censored_normal",
    "doubling_time",
    "growth_curve",
    "mixed_model",
    "mixed_models",
    "natural_spline",
    "quantile_interval",
    "random_slope_test",
]


def censored_normal(
    value: ArrayLike,
    below: ArrayLike | None = None,
    design: ArrayLike | None = None,
    *,
    names: Sequence[str] | None = None,
    above: ArrayLike | None = None,
    conf_type: str = "t",
    conf_level: float = 0.95,
) -> CensoredNormal:
    """Mean of a normal distribution by maximum likelihood, values beyond a limit counting as such (Tobin 1958).

    value is (n,), below and above (n,) 0 or 1 (None: none), design (n, p) (None: one common mean). With value = log10
    of a count, 10 to the power of the coefficient is a geometric mean (Helsel 2012). Maximised in Olsen's (1978)
    parameters; variance from the observed information, as R's survreg(Surv(low, high, type = "interval2")).
    conf_type: "t" takes Student's t with d - p degrees of freedom, d values measured, and sqrt(d/(d - p)) times the
    standard error, so that it is Student's interval when nothing is beyond a limit; "wald" is normal; "profile"
    inverts the likelihood-ratio test. Not estimable, with a reason, with fewer than three measured values, when they
    do not determine every coefficient, or do not vary. Raises InputError for arrays that cannot be worked on.
    """
    _validate.choice("conf_type", conf_type, CONF_TYPES)
    y = _validate.measurements(value)
    x = _design.design_matrix(design, y.size)
    return fit_censored_normal(
        y,
        *_validate.beyond_limits(below, above, y.size),
        x,
        _design.column_names(names, x.shape[1]),
        conf_type,
        _validate.confidence_level(conf_level),
    )


def area_under_curve(
    time: ArrayLike,
    value: ArrayLike,
    *,
    upto: ArrayLike,
    subject: ArrayLike | None = None,
    start: float | None = None,
    method: str = "linear",
    carry_at_most: float = 0.0,
) -> Areas:
    """Area under each trajectory from start (None: its first time) to each of `upto`, and its average over time.

    time and value are (n,), subject (n,) labels (None: one trajectory), in any order, one value per time. "linear" is
    the trapezoid rule; "linear-up log-down" joins falling positive values by an exponential. The value at either end
    is interpolated by the same rule; where the trajectory begins or ends inside, its first or last value stands for
    the end if that is no further than carry_at_most (unit of time), else the area is missing with a reason. Values
    below a limit must be given a number by the caller, who says which. Raises InputError for arrays that cannot be
    worked on.
    """
    _validate.choice("method", method, AREA_METHODS)
    t = _validate.measurements(time, "time")
    y = _validate.measurements(value, "value", t.size)
    ends = _validate.sample(np.atleast_1d(np.asarray(upto)), "upto")
    if not (np.isfinite(carry_at_most) and carry_at_most >= 0):
        raise InputError(f"carry_at_most: {carry_at_most} is not a length of time. Hint: 0 carries nothing.")
    if start is not None and not np.isfinite(start):
        raise InputError(f"start: {start} is not a time. Hint: None begins at the first value.")
    code, labels = _design.labels(subject, "subject", t.size)
    labels = labels if t.size else ()
    paths = trajectories(t, y, code, len(labels))
    return areas(paths, labels, upto=ends, start=start, method=method, carry=float(carry_at_most))


def doubling_time(
    time: ArrayLike,
    value: ArrayLike,
    *,
    window: tuple[float, float],
    subject: ArrayLike | None = None,
    fewest: int = 3,
    conf_level: float = 0.95,
) -> DoublingTimes:
    """Least-squares slope of log2(value) on time within a closed window, and its reciprocal, per trajectory.

    time and value (a count, not its logarithm) are (n,), subject (n,) labels (None: one trajectory). Trajectories
    with fewer than `fewest` values in the window, or with one that is not positive, have no slope; a slope that is
    not positive has no doubling time; each with a reason. Limits of the slope are Student's with n - 2 degrees of
    freedom, from 6 values on; those of the doubling time their reciprocals (Fieller 1954). Raises InputError for
    arrays that cannot be worked on.
    """
    t = _validate.measurements(time, "time")
    y = _validate.measurements(value, "value", t.size)
    if not window[0] < window[1]:
        raise InputError(f"window: {window} does not begin before it ends. Hint: window=(28, 180).")
    if fewest < 2:
        raise InputError(f"fewest: {fewest} values do not make a line. Hint: 3 or more.")
    code, labels = _design.labels(subject, "subject", t.size)
    labels = labels if t.size else ()
    return doubling_times(
        trajectories(t, y, code, len(labels)),
        labels,
        window=(float(window[0]), float(window[1])),
        fewest=fewest,
        conf_level=_validate.confidence_level(conf_level),
    )


def growth_curve(
    time: ArrayLike,
    value: ArrayLike,
    *,
    model: str,
    fewest: int = 5,
    last_at_least: float | None = None,
    conf_level: float = 0.95,
) -> GrowthCurve:
    """Curve of growth towards a plateau by least squares, values of a group pooled (Bates and Watts 1988).

    time and value (log10 of a count) are (n,). model: "logistic", "four-parameter-logistic" or "gompertz", parameters
    as R's SSlogis, SSfpl and SSgompertz. Started from the best of a grid of the two parameters that are not linear,
    the others in closed form (Golub and Pereyra 1973). Standard errors s^2 (J'J)^-1 as R's nls; limits by profile.
    Values of one participant are taken as independent: exploratory. Not estimable, with a reason: fewer values than
    `fewest` or than parameters and one, no value at or after `last_at_least`, or a plateau that the values do not
    determine. Raises InputError for arrays that cannot be worked on.
    """
    _validate.choice("model", model, tuple(SHAPES))
    t = _validate.measurements(time, "time")
    y = _validate.measurements(value, "value", t.size)
    return fit_growth(t, y, model, fewest, last_at_least, _validate.confidence_level(conf_level))


def natural_spline(x: ArrayLike, *, knots: ArrayLike, boundary: ArrayLike, intercept: bool = False) -> FloatArray:
    """Natural cubic spline of x (n,) with declared knots: (n, k + 1), or (n, k + 2) with intercept.

    The columns are those of R's splines::ns(x, knots=, Boundary.knots=): the same coefficients, not only the same
    curve. knots (k,) increase strictly between the two boundary knots, beyond which the curve is straight; k may be 0.
    Raises InputError for arrays that cannot be worked on.
    """
    inner, outer = _validate.sample(knots, "knots"), _validate.sample(boundary, "boundary")
    refuse_knots(inner, outer)
    return natural_spline_basis(_validate.sample(x, "x"), inner, outer, intercept)


def quantile_interval(
    value: ArrayLike, below: ArrayLike | None = None, *, p: float = 0.5, conf_level: float = 0.95
) -> QuantileInterval:
    """Quantile of one sample with exact binomial limits (Conover 1999, section 3.2), values below a limit lowest.

    value is (n,), below (n,) 0 or 1 (None: all measured). Limits are order statistics whose tails hold at most
    (1 - conf_level)/2 each, whatever the distribution; infinite where the sample is too small. Where an estimate or a
    limit falls on a value below its limit, it is flagged as an upper bound. Raises InputError for arrays that cannot
    be worked on.
    """
    y = _validate.measurements(value)
    flags = _validate.below_limit(below, y.size)
    probability = float(_validate.probabilities(p)[0])
    return order_statistic_interval(y, flags, probability, _validate.confidence_level(conf_level))


def mixed_model(
    value: ArrayLike,
    design: ArrayLike,
    subject: ArrayLike,
    *,
    slope: ArrayLike | None = None,
    names: Sequence[str] | None = None,
    method: str = "reml",
    df: str = "kenward-roger",
    conf_level: float = 0.95,
) -> MixedModel:
    """Linear mixed model with a random intercept, and a random slope if given (Laird and Ware 1982).

    value is (n,), design (n, p) with its column of ones, subject (n,) labels, slope (n,) the variable (time) whose
    coefficient differs between participants, correlated with the intercept. method "reml" or "ml"; profiled as Bates
    et al. (2015), estimates and log-likelihood as R's lme and lmer. df of t for each coefficient and combination:
    "kenward-roger" (1997, with the adjusted covariance; REML only), "satterthwaite" (Fai and Cornelius 1996),
    "between-within" (participants minus columns constant within them, for combinations that hold such a column or
    with random slopes; else values minus participants minus the others) or "normal".
    A random effect without variance is an estimate, flagged `singular`: with "satterthwaite" its variance then counts
    as known to be 0, "kenward-roger" keeps it among the parameters. Not estimable, with a reason: columns that
    determine each other, one participant, one value for each, no residual variation, participants told apart by the
    design. Raises InputError for arrays that cannot be worked on.
    """
    found = mixed_models(
        value, design, subject, df=(df,), slope=slope, names=names, method=method, conf_level=conf_level
    )
    return found[0]


def mixed_models(
    value: ArrayLike,
    design: ArrayLike,
    subject: ArrayLike,
    *,
    df: Sequence[str],
    slope: ArrayLike | None = None,
    names: Sequence[str] | None = None,
    method: str = "reml",
    conf_level: float = 0.95,
) -> tuple[MixedModel, ...]:
    """`mixed_model` for each of several df: the same estimates, found once, with the inference of each."""
    _validate.choice("method", method, ("reml", "ml"))
    for one in df:
        _validate.choice("df", one, DF_METHODS)
    if "kenward-roger" in df and method == "ml":
        raise InputError("df: 'kenward-roger' goes with method='reml'. Hint: use df='satterthwaite'.")
    y = _validate.measurements(value)
    x = _design.design_matrix(design, y.size)
    code, labels = _design.labels(subject, "subject", y.size)
    return fit_mixed(
        y,
        x,
        code,
        labels,
        None if slope is None else _validate.measurements(slope, "slope", y.size),
        names=_design.column_names(names, x.shape[1]),
        reml=method == "reml",
        df_methods=tuple(df),
        conf_level=_validate.confidence_level(conf_level),
    )


def censored_mixed_model(
    value: ArrayLike,
    below: ArrayLike | None,
    design: ArrayLike,
    subject: ArrayLike,
    *,
    above: ArrayLike | None = None,
    slope: ArrayLike | None = None,
    names: Sequence[str] | None = None,
    nodes: int | None = None,
    df: str = "between-within",
    conf_level: float = 0.95,
) -> MixedModel:
    """Mixed model in which a value beyond a limit counts as such, by maximum likelihood (Hughes 1999; Vaida and Liu
    2009).

    value, below and above (0 or 1; None: none), design, subject and slope as for `mixed_model`; where one is 1 the
    value is the limit. The likelihood is integrated over the random effects by adaptive Gauss-Hermite quadrature with
    `nodes` per random effect (None: 31, or 13 each with a slope), and climbed by Newton's method with the exact score
    and observed information, from which standard errors come. Without values beyond one it is `mixed_model` by ML.
    df: "between-within" (t, counting measured values and the participants that have one; see `mixed_model`; standard
    errors times the root of participants, or values, over degrees of freedom, since maximum likelihood makes them too
    small) or "normal". Not estimable, with a reason, as `mixed_model`, and where the measured values alone do not
    determine every coefficient. Raises InputError for arrays that cannot be worked on.
    """
    _validate.choice("df", df, CENSORED_DF_METHODS)
    if nodes is not None and not (isinstance(nodes, int) and 1 <= nodes <= 100):
        raise InputError(f"nodes: {nodes!r} is not a number of nodes. Hint: 5 to 60, or None.")
    y = _validate.measurements(value)
    x = _design.design_matrix(design, y.size)
    code, labels = _design.labels(subject, "subject", y.size)
    return fit_censored_mixed(
        y,
        *_validate.beyond_limits(below, above, y.size),
        x,
        code,
        labels,
        None if slope is None else _validate.measurements(slope, "slope", y.size),
        names=_design.column_names(names, x.shape[1]),
        nodes=nodes,
        df_method=df,
        conf_level=_validate.confidence_level(conf_level),
    )


def random_slope_test(without: MixedModel, with_slope: MixedModel) -> RandomSlopeTest:
    """Likelihood-ratio test of the variance of a random slope and its covariance with the intercept.

    Against the mixture of half chi-squared(1) and half chi-squared(2) (Self and Liang 1987; Stram and Lee 1994). Both
    models with the same values, fixed effects and method. Raises InputError where they are not.
    """
    return compare_random_slope(without, with_slope)
