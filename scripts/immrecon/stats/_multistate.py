"""Probability of being in each state of a multi-state model: the Aalen-Johansen product integral."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from immrecon.errors import InputError
from immrecon.stats import _validate
from immrecon.stats._design import labels, refuse_overlap
from immrecon.stats._limits import INCIDENCE_CONF_TYPES, incidence_limits
from immrecon.stats._state_probability import State, StateProbability
from immrecon.stats._types import FloatArray, IntArray

JACKKNIFE = "infinitesimal-jackknife"
VARIANCES = ("greenwood", "aalen", JACKKNIFE, "mstate-greenwood", "mstate-aalen")


@dataclass(frozen=True, slots=True, eq=False)
class _Rows:
    """Validated rows (r,) with states as positions; first and last are the grid times at which a row is at risk."""

    begin: FloatArray
    time: FloatArray
    origin_state: IntArray
    next_state: IntArray
    subject: IntArray
    n_subjects: int
    grid: FloatArray
    first: IntArray
    last: IntArray

    def moving(self) -> IntArray:
        """Positions of the rows that end with a transition on the grid, by time."""
        moved = np.flatnonzero((self.origin_state != self.next_state) & (self.last >= 0))
        moved = moved[self.grid[self.last[moved]] == self.time[moved]]
        out: IntArray = moved[np.argsort(self.last[moved], kind="stable")]
        return out


def multistate(
    time: ArrayLike,
    from_state: ArrayLike,
    to_state: ArrayLike,
    *,
    states: Sequence[State],
    subject: ArrayLike,
    entry: ArrayLike | None = None,
    initial: State | Sequence[float] | None = None,
    origin: float = 0.0,
    variance: str = "greenwood",
    conf_level: float = 0.95,
    conf_type: str = "log-log",
    stay_to: ArrayLike = (),
) -> StateProbability:
    """Probability in state of any multi-state model (Aalen and Johansen 1978; Andersen and others 1993, IV.4).

    A row says that a subject was in from_state during (entry, time] and went to to_state at time; where it did not
    move (censored, or only cut) to_state is from_state. All arrays are (r,); `states` names every state. Rows of one
    subject may not overlap. From `origin` on: transitions after it (at it too, if it is 0 and there is no entry)
    move the distribution `initial`: a state, S probabilities, or None for that of those under observation then.
    origin > 0 with a state is the landmark prediction of a Markov model.

    variance: "greenwood" (multinomial) and "aalen" (Poisson) are given `initial` and the Markov assumption; with
    competing risks the first is etm's. "mstate-greenwood" and "mstate-aalen" are R's mstate 0.3.3, which weighs each
    hazard by the probability after its own jump, P(u) in place of P(u-), and so is a little smaller when many move
    on one day. "infinitesimal-jackknife" is robust by subject (R's survfit) and includes an estimated `initial`.
    stay_to: times (m,) up to which the expected length of stay in each state gets a standard error, from the same
    influences (`stay_std_error`; NaN where nobody moved); with that variance only.
    conf_type as for `aalen_johansen`. Raises InputError for arrays or options that cannot be worked on.
    """
    level = _validate.confidence_level(conf_level)
    _validate.choice("variance", variance, VARIANCES)
    _validate.choice("conf_type", conf_type, INCIDENCE_CONF_TYPES)
    names = tuple(states)
    if len(set(names)) != len(names) or len(names) < 2:
        raise InputError(f"states: {list(names)} are not two or more distinct states. Hint: name each state once.")
    if not (np.isfinite(origin) and origin >= 0):
        raise InputError(f"origin: {origin} is not a finite time from 0 on.")
    until = _validate.times(np.atleast_1d(np.asarray(stay_to, dtype=np.float64)), "stay_to")
    if until.size and (variance != JACKKNIFE or (until < origin).any()):
        raise InputError(
            f"stay_to: a length of stay has a standard error with variance {JACKKNIFE} only, to times from the origin "
            f"{origin:g} on; variance is {variance}."
        )
    rows = _rows(time, from_state, to_state, names, subject, entry, origin)
    start, own_start = _initial(initial, names, rows, origin)
    n_risk, n_event = _counts(rows, len(names))
    with np.errstate(divide="ignore", invalid="ignore"):
        hazard = np.where(n_risk[:, None, :] > 0, n_event / n_risk[:, None, :], 0.0)
    probability = _product_integral(start, hazard)
    stay_squared = np.empty((len(names), 0))
    if variance == JACKKNIFE:
        squared, stay_squared = _jackknife(rows, start, own_start, probability, hazard, n_risk, (origin, until))
    else:
        squared = _recursion(start, probability, hazard, n_risk, variance)
    std_error = np.sqrt(np.maximum(squared, 0.0))
    low, high = incidence_limits(probability, std_error, conf_type, level)
    stay_error = np.sqrt(stay_squared)
    return StateProbability(
        states=names,
        variance=variance,
        conf_type=conf_type,
        conf_level=level,
        origin=float(origin),
        n=rows.time.size,
        n_transitions=n_event.sum(axis=2),
        time=rows.grid,
        n_risk=n_risk,
        n_event=n_event,
        initial=start,
        initial_std_error=np.sqrt((own_start**2).sum(axis=0)) if variance == JACKKNIFE else 0 * start,
        probability=probability,
        std_error=std_error,
        conf_low=low,
        conf_high=high,
        stay_to=until,
        stay_std_error=np.where(stay_error > 0, stay_error, np.nan),
    )


def _rows(
    time: ArrayLike,
    from_state: ArrayLike,
    to_state: ArrayLike,
    names: tuple[State, ...],
    subject: ArrayLike,
    entry: ArrayLike | None,
    origin: float,
) -> _Rows:
    t = _validate.times(time)
    begin = _validate.entries(entry, t)
    who, found = labels(subject, "subject", t.size)
    refuse_overlap(who, begin, t)
    begin = np.full(t.size, -1.0) if begin is None else begin
    here, there = (_positions(v, names, n, t.size) for v, n in ((from_state, "from_state"), (to_state, "to_state")))
    after = t > origin if entry is not None or origin > 0 else t >= 0
    grid = np.unique(t[(here != there) & after])
    return _Rows(
        begin=begin,
        time=t,
        origin_state=here,
        next_state=there,
        subject=who,
        n_subjects=len(found) if t.size else 0,
        grid=grid,
        first=np.searchsorted(grid, begin, side="right").astype(np.int64),
        last=(np.searchsorted(grid, t, side="right") - 1).astype(np.int64),
    )


def _positions(values: ArrayLike, names: tuple[State, ...], argument: str, n: int) -> IntArray:
    raw = np.asarray(values)
    if raw.shape != (n,):
        raise InputError(f"{argument}: shape {raw.shape} where time has {n}. Hint: one state per row.")
    out = np.full(n, -1, dtype=np.int64)
    for k, name in enumerate(names):
        out[raw == name] = k
    bad = np.flatnonzero(out < 0)
    if bad.size:
        unknown = sorted({str(v) for v in raw[bad].tolist()})[:5]
        raise InputError(
            f"{argument}: {bad.size} of {n} values are not in states={list(names)} ({', '.join(unknown)}; positions "
            f"{', '.join(str(i) for i in bad[:5])}, counted from 0). Hint: to_state is from_state if nothing happened."
        )
    return out


def _initial(
    initial: State | Sequence[float] | None, names: tuple[State, ...], rows: _Rows, origin: float
) -> tuple[FloatArray, FloatArray]:
    """(S,) distribution at the origin, and each subject's influence on it (n_subjects, S)."""
    size = len(names)
    influence = np.zeros((rows.n_subjects, size))
    if initial is None:
        there = np.flatnonzero((rows.begin <= origin) & ((rows.time > origin) | (rows.begin < 0)))
        if there.size == 0:
            return np.full(size, np.nan), influence
        start = np.bincount(rows.origin_state[there], minlength=size) / there.size
        influence[rows.subject[there]] = (np.eye(size)[rows.origin_state[there]] - start) / there.size
        return start, influence
    if isinstance(initial, str) or not np.iterable(initial):
        if initial not in names:
            raise InputError(f"initial: {initial!r} is not in states={list(names)}. Hint: a state, or probabilities.")
        return np.eye(size)[names.index(initial)], influence
    start = np.asarray(initial, dtype=np.float64)
    if start.shape != (size,) or not (start >= 0).all() or abs(start.sum() - 1) > 1e-9:
        raise InputError(f"initial: {list(start)} are not {size} probabilities that sum to 1.")
    return start, influence


def _counts(rows: _Rows, size: int) -> tuple[IntArray, IntArray]:
    """At risk (S, J) and transitions (S, S, J)."""
    cells = rows.grid.size
    change = np.zeros((size, cells + 1), dtype=np.int64)
    np.add.at(change, (rows.origin_state, rows.first), 1)
    np.add.at(change, (rows.origin_state, rows.last + 1), -1)
    moved = np.zeros((size, size, cells), dtype=np.int64)
    m = rows.moving()
    np.add.at(moved, (rows.origin_state[m], rows.next_state[m], rows.last[m]), 1)
    return np.cumsum(change, axis=1)[:, :-1], moved


def _transition(hazard: FloatArray) -> FloatArray:
    """I + dA (S, S) from the hazards of leaving, diagonal 0."""
    out: FloatArray = hazard + np.diag(1.0 - hazard.sum(axis=1))
    return out


def _product_integral(start: FloatArray, hazard: FloatArray) -> FloatArray:
    out = np.empty((start.size, hazard.shape[2]))
    current = start
    for j in range(hazard.shape[2]):
        current = current @ _transition(hazard[:, :, j])
        out[:, j] = current
    return out


def _recursion(
    start: FloatArray, probability: FloatArray, hazard: FloatArray, n_risk: IntArray, name: str
) -> FloatArray:
    """(S, J) variances: V -> (I+dA)' V (I+dA) + sum over states l of p_l(t-)^2 cov(dA_l)."""
    greenwood, after = name.endswith("greenwood"), name.startswith("mstate")
    size, cells = probability.shape
    out = np.empty((size, cells))
    variance, before = np.zeros((size, size)), start
    for j in range(cells):
        step = _transition(hazard[:, :, j])
        variance = step.T @ variance @ step
        for left in np.flatnonzero(hazard[:, :, j].any(axis=1)):
            h, at_risk = hazard[left, :, j], float(n_risk[left, j])
            covariance = np.diag(h) - np.outer(h, h) if greenwood else np.diag(h)
            stay = np.zeros((size, size))  # what leaves to others leaves the state itself
            stay[:, left] = -1.0
            spread = np.eye(size) + stay
            weight = probability[left, j] if after else before[left]
            variance += weight**2 / at_risk * (spread.T @ covariance @ spread)
        before = probability[:, j]
        out[:, j] = np.diag(variance)
    return out


def _jackknife(
    rows: _Rows,
    start: FloatArray,
    own_start: FloatArray,
    probability: FloatArray,
    hazard: FloatArray,
    n_risk: IntArray,
    stay: tuple[float, FloatArray],
) -> tuple[FloatArray, FloatArray]:
    """Sums of squared influences, those of each subject carried along the product integral: on the probabilities
    (S, J), and on the time in each state from the origin to the times of `stay` (S, m)."""
    size, cells = probability.shape
    out = np.empty((size, cells))
    influence, before = own_start.copy(), start
    now_at, until = stay
    stays = np.zeros((until.size, *influence.shape))
    m = rows.moving()
    bounds = np.searchsorted(rows.last[m], np.arange(cells + 1))
    for j in range(cells):
        stays += np.diff(np.minimum((now_at, rows.grid[j]), until[:, None]))[:, :, None] * influence
        now_at = rows.grid[j]
        influence = influence @ _transition(hazard[:, :, j])
        share = np.divide(before, n_risk[:, j], out=np.zeros(size), where=n_risk[:, j] > 0)
        at_risk = np.flatnonzero((rows.first <= j) & (rows.last >= j))
        left = rows.origin_state[at_risk]
        expected = hazard[left, :, j]
        expected[np.arange(left.size), left] = -expected.sum(axis=1)
        np.add.at(influence, rows.subject[at_risk], -share[left, None] * expected)
        now = m[bounds[j] : bounds[j + 1]]
        went, came = rows.origin_state[now], rows.next_state[now]
        np.add.at(influence, (rows.subject[now], came), share[went])
        np.add.at(influence, (rows.subject[now], went), -share[went])
        before = probability[:, j]
        out[:, j] = (influence**2).sum(axis=0)
    stays += (until - np.minimum(now_at, until))[:, None, None] * influence
    return out, (stays**2).sum(axis=1).T
