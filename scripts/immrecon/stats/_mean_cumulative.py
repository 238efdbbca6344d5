"""The mean cumulative function and its robust variance, with or without a terminal event."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike

from immrecon.errors import InputError
from immrecon.stats import _validate
from immrecon.stats._design import labels, refuse_overlap
from immrecon.stats._limits import normal_quantile
from immrecon.stats._types import FloatArray, IntArray

if TYPE_CHECKING:
    import polars as pl

VARIANCES = ("robust", "poisson", "ghosh-lin")
CONF_TYPES = ("log", "plain")
# Influence is worked out for as many subjects at a time as fit into this many cells.
_CELLS = 2_000_000


@dataclass(frozen=True, slots=True, eq=False)
class MeanCumulativeAt:
    """The function at m requested times; beyond follow-up its last value is carried on, with n_risk 0."""

    time: FloatArray
    n_risk: IntArray
    n_event: IntArray
    """(m,) events up to and including the time."""
    estimate: FloatArray
    std_error: FloatArray
    conf_low: FloatArray
    conf_high: FloatArray

    def to_frame(self) -> "pl.DataFrame":
        """One row per requested time."""
        return _frame(self, ("time", "n_risk", "n_event"))


@dataclass(frozen=True, slots=True, eq=False)
class MeanCumulativeFunction:
    """Expected number of events per participant by each of the J distinct times of events and terminal events."""

    method: str
    """"nelson-aalen" or, with a terminal event, "ghosh-lin"."""
    variance: str
    conf_type: str
    conf_level: float
    n: int
    """Subjects."""
    n_events: int
    n_terminal_events: int
    time: FloatArray
    n_risk: IntArray
    """(J,) under observation and alive just before each time."""
    n_event: IntArray
    n_terminal: IntArray
    survival: FloatArray
    """(J,) probability of no terminal event; 1 without one."""
    estimate: FloatArray
    std_error: FloatArray
    conf_low: FloatArray
    """(J,) NaN on the log scale before the first event."""
    conf_high: FloatArray
    entry: FloatArray
    """(rows,) sorted; with `leaving` the number at risk at any time."""
    leaving: FloatArray

    def at(self, times: ArrayLike) -> MeanCumulativeAt:
        """Values at times (m,), any order, not negative; InputError otherwise."""
        t = _validate.times(np.atleast_1d(np.asarray(times)), "times")
        row = np.searchsorted(self.time, t, side="right")
        nothing = np.nan if self.n == 0 else 0.0

        def step(values: FloatArray, before: float) -> FloatArray:
            out: FloatArray = np.append(before, values)[row]
            return out

        at_risk = np.searchsorted(self.entry, t, side="left") - np.searchsorted(self.leaving, t, side="left")
        before = np.nan if self.conf_type == "log" else nothing
        return MeanCumulativeAt(
            time=t,
            n_risk=at_risk.astype(np.int64),
            n_event=np.append(0, np.cumsum(self.n_event))[row],
            estimate=step(self.estimate, nothing),
            std_error=step(self.std_error, nothing),
            conf_low=step(self.conf_low, before),
            conf_high=step(self.conf_high, before),
        )

    def to_frame(self) -> "pl.DataFrame":
        """One row per distinct time."""
        return _frame(self, ("time", "n_risk", "n_event", "n_terminal", "survival"))


def _frame(source: MeanCumulativeAt | MeanCumulativeFunction, first: tuple[str, ...]) -> "pl.DataFrame":
    import polars as pl

    names = (*first, "estimate", "std_error", "conf_low", "conf_high")
    return pl.DataFrame({name: getattr(source, name) for name in names})


@dataclass(frozen=True, slots=True, eq=False)
class _Rows:
    """Validated rows (r,), and where each lies on the grid of J times: at risk at first..last."""

    subject: IntArray
    n_subjects: int
    entry: FloatArray
    time: FloatArray
    event: IntArray
    terminal: IntArray
    grid: FloatArray
    first: IntArray
    last: IntArray

    def counts(self, values: IntArray) -> IntArray:
        """(J,) sums of values at the times at which rows end."""
        some = values > 0
        return np.bincount(self.last[some], values[some], minlength=self.grid.size).astype(np.int64)

    def at_risk(self) -> IntArray:
        """(J,) rows under observation just before each time."""
        size = self.grid.size + 1
        change = np.bincount(self.first, minlength=size) - np.bincount(self.last + 1, minlength=size)
        return np.cumsum(change)[:-1]


def mean_cumulative_function(
    time: ArrayLike,
    event: ArrayLike,
    *,
    subject: ArrayLike,
    entry: ArrayLike | None = None,
    terminal: ArrayLike | None = None,
    variance: str = "robust",
    conf_level: float = 0.95,
    conf_type: str = "log",
) -> MeanCumulativeFunction:
    """Mean number of recurrent events per participant over time.

    Rows (entry, time] of follow-up, several per subject: `event` is the number of events at the end of the row (two
    infections on one day are 2), `terminal` is 1 where it ends with death, after which no row of the subject may
    follow. All arrays are (r,). Without terminal: sum dN/Y (Nelson 1988; Lawless and Nadeau 1995). With it:
    sum S(u-) dN/Y, S the Kaplan-Meier estimate of survival (Ghosh and Lin 2000), the mean among all including the
    dead, who have no more events.

    variance: "robust" is the infinitesimal jackknife over subjects (Lawless and Nadeau's when nobody dies);
    "poisson" sums dN/Y^2 (independent events; without terminal only); "ghosh-lin" the plug-in of the 2000 paper.
    conf_type: "log" or "plain". Raises InputError for arrays or options that cannot be worked on.
    """
    level = _validate.confidence_level(conf_level)
    _validate.choice("variance", variance, VARIANCES)
    _validate.choice("conf_type", conf_type, CONF_TYPES)
    refused = "ghosh-lin" if terminal is None else "poisson"
    if variance == refused:
        raise InputError(f"variance: {refused!r} is for data with{'' if terminal is None else 'out'} a terminal event.")
    rows = _rows(time, event, subject, entry, terminal)
    at_risk, events, deaths = rows.at_risk(), rows.counts(rows.event), rows.counts(rows.terminal)
    rate, hazard = events / at_risk, deaths / at_risk
    survival: FloatArray = np.cumprod(1 - hazard).astype(np.float64)
    before = np.append(1.0, survival)[:-1]
    estimate = np.cumsum(before * rate)
    if variance == "poisson":
        squared = np.cumsum(rate / at_risk)
    else:
        squared = np.zeros(rows.grid.size)
        for own_events, own_deaths, own_risk in _by_subject(rows):
            surprise = (own_events - own_risk * rate) / at_risk
            death = (own_deaths - own_risk * hazard) / at_risk
            influence = np.cumsum(before * surprise, axis=1)
            if variance == "ghosh-lin":
                influence += np.cumsum(estimate * death, axis=1) - estimate * np.cumsum(death, axis=1)
            else:
                with np.errstate(divide="ignore", invalid="ignore"):
                    lost = np.cumsum(np.where(hazard < 1, death / (1 - hazard), 0.0), axis=1)
                earlier = np.concatenate((np.zeros((lost.shape[0], 1)), lost), axis=1)[:, :-1]
                influence -= np.cumsum(before * rate * earlier, axis=1)
            squared += (influence**2).sum(axis=0)
    std_error = np.sqrt(squared)
    low, high = _limits(estimate, std_error, conf_type, level)
    return MeanCumulativeFunction(
        method="nelson-aalen" if terminal is None else "ghosh-lin",
        variance=variance,
        conf_type=conf_type,
        conf_level=level,
        n=rows.n_subjects,
        n_events=int(rows.event.sum()),
        n_terminal_events=int(rows.terminal.sum()),
        time=rows.grid,
        n_risk=at_risk,
        n_event=events,
        n_terminal=deaths,
        survival=survival,
        estimate=estimate,
        std_error=std_error,
        conf_low=low,
        conf_high=high,
        entry=np.sort(rows.entry),
        leaving=np.sort(rows.time),
    )


def _limits(estimate: FloatArray, std_error: FloatArray, conf_type: str, level: float) -> tuple[FloatArray, FloatArray]:
    half = normal_quantile(level) * std_error
    if conf_type == "plain":
        return np.maximum(estimate - half, 0.0), estimate + half
    with np.errstate(divide="ignore", invalid="ignore"):
        factor = np.where(estimate > 0, np.exp(half / estimate), np.nan)
    return estimate / factor, estimate * factor


def _rows(
    time: ArrayLike, event: ArrayLike, subject: ArrayLike, entry: ArrayLike | None, terminal: ArrayLike | None
) -> _Rows:
    t = _validate.times(time)
    code, found = labels(subject, "subject", t.size)
    count = _validate.times(event, "event", t.size)
    if (count != np.floor(count)).any():
        raise InputError("event: some values are not whole numbers. Hint: the number of events at the end of the row.")
    starts = _validate.entries(entry, t)
    refuse_overlap(code, starts, t)
    # Follow-up from the origin includes an event at time 0.
    begin = np.full(t.size, -1.0) if starts is None else starts
    died = np.zeros(t.size, dtype=np.int64) if terminal is None else _validate.events(terminal, t.size)
    _refuse_after_death(code, t, died)
    grid = np.unique(t[(count > 0) | (died > 0)])
    return _Rows(
        subject=code,
        n_subjects=len(found) if t.size else 0,
        entry=begin,
        time=t,
        event=count.astype(np.int64),
        terminal=died,
        grid=grid,
        first=np.searchsorted(grid, begin, side="right").astype(np.int64),
        last=(np.searchsorted(grid, t, side="right") - 1).astype(np.int64),
    )


def _refuse_after_death(subject: IntArray, time: FloatArray, died: IntArray) -> None:
    last = np.full(int(subject.max(initial=-1)) + 1, -np.inf)
    np.maximum.at(last, subject, time)
    early = np.flatnonzero((died == 1) & (time < last[subject]))
    if early.size:
        raise InputError(
            f"terminal: {early.size} terminal events are followed by more follow-up of the subject (positions "
            f"{', '.join(str(i) for i in early[:5])}, counted from 0). Hint: the terminal event ends the last row."
        )


def _by_subject(rows: _Rows) -> Iterator[tuple[FloatArray, FloatArray, FloatArray]]:
    """Blocks of subjects: events, terminal events and time at risk, each (subjects, J)."""
    size = rows.grid.size
    block = max(1, _CELLS // (size + 1))
    order = np.argsort(rows.subject, kind="stable")
    for begin in range(0, rows.n_subjects if size else 0, block):
        end = min(begin + block, rows.n_subjects)
        within = order[np.searchsorted(rows.subject[order], begin) : np.searchsorted(rows.subject[order], end)]
        who, last = rows.subject[within] - begin, rows.last[within]
        events, deaths, change = (np.zeros((end - begin, size + 1)) for _ in range(3))
        # A row that ends before the first time of the grid has last = -1 and adds 0 to the spare column.
        np.add.at(events, (who, last), rows.event[within])
        np.add.at(deaths, (who, last), rows.terminal[within])
        np.add.at(change, (who, rows.first[within]), 1.0)
        np.add.at(change, (who, last + 1), -1.0)
        yield events[:, :-1], deaths[:, :-1], np.cumsum(change, axis=1)[:, :-1]
