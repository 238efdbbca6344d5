"""Summaries of single trajectories: area under the curve, slope of the logarithm and doubling time."""

import itertools
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy.special import stdtrit

from immrecon.errors import InputError
from immrecon.stats._chi_square import ESTIMATED, NOT_ESTIMABLE
from immrecon.stats._types import FloatArray, IntArray

if TYPE_CHECKING:
    import polars as pl

AREA_METHODS = ("linear", "linear-up log-down")
# A line through fewer points has no residual worth an interval.
FEWEST_FOR_INTERVAL = 6
_STRAIGHT = 1e-12


@dataclass(frozen=True, slots=True, eq=False)
class Areas:
    """Areas under k trajectories up to u times: k x u rows, by trajectory, then by time; arrays of shape (k u,)."""

    method: str
    subject: tuple[object, ...]
    start: FloatArray
    """From where: the declared start, or the first time of the trajectory."""
    upto: FloatArray
    n: IntArray
    """Values of the trajectory from start to `upto`."""
    area: FloatArray
    """Unit of value x unit of time; NaN where the trajectory does not reach."""
    time_average: FloatArray
    """Area over (upto - start)."""
    status: tuple[str, ...]
    reason: tuple[str | None, ...]

    def to_frame(self) -> "pl.DataFrame":
        """One row per trajectory and time; null where there is no area."""
        import polars as pl

        columns = ("start", "upto", "n", "area", "time_average")
        frame = pl.DataFrame(
            {"subject": list(self.subject)}
            | {name: getattr(self, name) for name in columns}
            | {"status": list(self.status), "reason": list(self.reason)}
        )
        return frame.with_columns(pl.col(pl.Float64).fill_nan(None), pl.col("reason").cast(pl.String))


@dataclass(frozen=True, slots=True, eq=False)
class DoublingTimes:
    """Least-squares lines of log2 of the value on time, one per trajectory; arrays of shape (k,)."""

    subject: tuple[object, ...]
    n: IntArray
    """Values in the window."""
    slope: FloatArray
    """Doublings per unit of time."""
    std_error: FloatArray
    """NaN below 6 values, as the limits."""
    slope_low: FloatArray
    slope_high: FloatArray
    doubling_time: FloatArray
    """1/slope; NaN where the slope is not positive."""
    conf_low: FloatArray
    """Reciprocals of the limits of the slope (Fieller); conf_high is infinite where the slope may be 0."""
    conf_high: FloatArray
    conf_level: float
    status: tuple[str, ...]
    """Of the slope."""
    reason: tuple[str | None, ...]
    """Why there is no slope, or no doubling time."""

    def to_frame(self) -> "pl.DataFrame":
        """One row per trajectory; null where there is no slope or no doubling time."""
        import polars as pl

        columns = ("n", "slope", "std_error", "slope_low", "slope_high", "doubling_time", "conf_low", "conf_high")
        frame = pl.DataFrame(
            {"subject": list(self.subject)}
            | {name: getattr(self, name) for name in columns}
            | {"status": list(self.status), "reason": list(self.reason)}
        )
        return frame.with_columns(pl.col(pl.Float64).fill_nan(None), pl.col("reason").cast(pl.String))


def trajectories(
    time: FloatArray, value: FloatArray, code: IntArray, k: int
) -> Iterator[tuple[FloatArray, FloatArray]]:
    """Times and values of each trajectory in the order of time; InputError for two values at one time."""
    order = np.lexsort((time, code))
    t, y, c = time[order], value[order], code[order]
    twice = np.flatnonzero((np.diff(t) == 0) & (np.diff(c) == 0))
    if twice.size:
        where = ", ".join(str(i) for i in sorted(order[twice + 1].tolist())[:5])
        raise InputError(
            f"time: {twice.size} of {t.size} values repeat a time of the same trajectory (positions {where},"
            " counted from 0). Hint: choose one sample per time first."
        )
    edges = np.searchsorted(c, np.arange(k + 1))
    for a, b in itertools.pairwise(edges):
        yield t[a:b], y[a:b]


def areas(
    paths: Iterator[tuple[FloatArray, FloatArray]],
    labels: tuple[object, ...],
    *,
    upto: FloatArray,
    start: float | None,
    method: str,
    carry: float,
) -> Areas:
    """Areas of checked trajectories; see `immrecon.stats.longitudinal.area_under_curve`."""
    begin, counted, area, reasons = [], [], [], []
    for t, y in paths:
        first = float(t[0]) if start is None else start
        for end in upto:
            found, why = _area(t, y, first, float(end), method, carry)
            begin.append(first)
            counted.append(int(((t >= first) & (t <= end)).sum()))
            area.append(found)
            reasons.append(why)
    until = np.tile(upto, len(labels))
    total, since = np.array(area, dtype=np.float64), np.array(begin, dtype=np.float64)
    return Areas(
        method,
        tuple(label for label in labels for _ in upto),
        since,
        until,
        np.array(counted, dtype=np.int64),
        total,
        total / np.where(until > since, until - since, np.nan),
        tuple(ESTIMATED if why is None else NOT_ESTIMABLE for why in reasons),
        tuple(reasons),
    )


def _area(
    t: FloatArray, y: FloatArray, start: float, end: float, method: str, carry: float
) -> tuple[float, str | None]:
    nothing = float("nan")
    if end <= start:
        return nothing, f"no time between {start:g} and {end:g}"
    if t[0] > start + carry:
        return nothing, f"the first value is at {t[0]:g}"
    if t[-1] < end - carry:
        return nothing, f"the last value is at {t[-1]:g}"
    # A value within `carry` of an end stands for the value at that end.
    if t[0] > start:
        t, y = np.append(start, t), np.append(y[0], y)
    if t[-1] < end:
        t, y = np.append(t, end), np.append(y, y[-1])
    inner = (t > start) & (t < end)
    ends = [_between(t, y, at, method) for at in (start, end)]
    t = np.concatenate(([start], t[inner], [end]))
    y = np.concatenate((ends[:1], y[inner], ends[1:]))
    width, a, b = np.diff(t), y[:-1], y[1:]
    falls = (b < a * (1 - _STRAIGHT)) & (b > 0) if method != "linear" else np.zeros(a.size, dtype=np.bool_)
    ratio = np.where(falls, a, 2.0) / np.where(falls, b, 1.0)
    return float(np.where(falls, width * (a - b) / np.log(ratio), width * (a + b) / 2).sum()), None


def _between(t: FloatArray, y: FloatArray, at: float, method: str) -> float:
    """The value at a time, by the rule that joins its neighbours."""
    i = int(np.searchsorted(t, at, side="right")) - 1
    if t[i] == at:
        return float(y[i])
    part = (at - t[i]) / (t[i + 1] - t[i])
    if method != "linear" and 0 < y[i + 1] < y[i]:
        return float(y[i] * (y[i + 1] / y[i]) ** part)
    return float(y[i] + part * (y[i + 1] - y[i]))


def doubling_times(
    paths: Iterator[tuple[FloatArray, FloatArray]],
    labels: tuple[object, ...],
    *,
    window: tuple[float, float],
    fewest: int,
    conf_level: float,
) -> DoublingTimes:
    """Lines of checked trajectories; see `immrecon.stats.longitudinal.doubling_time`."""
    n, rows, status, reason = [], [], [], []
    for t, y in paths:
        inside = (t >= window[0]) & (t <= window[1])
        n.append(int(inside.sum()))
        numbers, ok, why = _line(t[inside], y[inside], fewest, conf_level)
        rows.append(numbers)
        status.append(ESTIMATED if ok else NOT_ESTIMABLE)
        reason.append(why)
    slope, error, low, high = np.array(rows, dtype=np.float64).reshape(-1, 4).T
    growing = slope > 0
    with np.errstate(divide="ignore", invalid="ignore"):
        doubling = np.where(growing, 1 / slope, np.nan)
        shortest = np.where(growing, 1 / high, np.nan)
        longest = np.where(growing, np.where(low > 0, 1 / low, np.where(np.isnan(low), np.nan, np.inf)), np.nan)
    return DoublingTimes(
        labels,
        np.array(n, dtype=np.int64),
        slope,
        error,
        low,
        high,
        doubling,
        shortest,
        longest,
        conf_level,
        tuple(status),
        tuple(reason),
    )


def _line(
    t: FloatArray, y: FloatArray, fewest: int, conf_level: float
) -> tuple[tuple[float, float, float, float], bool, str | None]:
    nan = float("nan")
    if t.size < fewest:
        return (nan, nan, nan, nan), False, f"{t.size} values in the window, {fewest} needed"
    if (y <= 0).any():
        return (nan, nan, nan, nan), False, f"{int((y <= 0).sum())} values are not positive and have no logarithm"
    x, z = t - t.mean(), np.log2(y)
    spread = float(x @ x)
    slope = float(x @ (z - z.mean())) / spread
    error = low = high = nan
    if t.size >= FEWEST_FOR_INTERVAL:
        residual = z - z.mean() - slope * x
        error = float(np.sqrt(residual @ residual / (t.size - 2) / spread))
        half = float(stdtrit(t.size - 2, 0.5 + conf_level / 2)) * error
        low, high = slope - half, slope + half
    why = None if slope > 0 else "the value does not rise: no doubling time"
    return (slope, error, low, high), True, why
