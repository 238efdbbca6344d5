"""The one place where arrays are refused: which argument, what is wrong, how many, where, what to do."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from immrecon.errors import InputError
from immrecon.stats._types import BoolArray, FloatArray, IntArray

_SHOWN = 5
# Up to this code, causes are found in a table.
_FEW_CODES = 4_096
_INFINITY = np.array([np.inf]).view(np.uint64)[0]
_PER_ROW = {"time": "one value per participant", "value": "one per measured value"}


def _refuse_if(bad: BoolArray, name: str, problem: str, hint: str) -> None:
    where = np.flatnonzero(bad)
    if where.size == 0:
        return
    shown = ", ".join(str(i) for i in where[:_SHOWN]) + (", ..." if where.size > _SHOWN else "")
    counted = f"{where.size} of {bad.size} values {problem}"
    raise InputError(f"{name}: {counted} (positions {shown}, counted from 0). Hint: {hint}")


def _numbers(values: ArrayLike, name: str, n: int | None, beside: str = "time") -> FloatArray:
    raw = _column(values, name, n, beside)
    try:
        return raw.astype(np.float64)
    except (TypeError, ValueError) as error:
        raise InputError(f"{name}: not numeric ({error}). Hint: convert to days or codes first.") from error


def _column(values: ArrayLike, name: str, n: int | None, beside: str = "time") -> NDArray[Any]:
    """One dimension of n numbers or objects, not copied."""
    if type(values) is not np.ndarray and np.ma.is_masked(values):  # np.asarray would bring back what is masked
        raise InputError(f"{name}: some values are masked. Hint: drop or query the missing values first.")
    raw = np.asarray(values)
    if raw.ndim != 1:
        raise InputError(f"{name}: expected one dimension, got shape {raw.shape}. Hint: pass one column.")
    if n is not None and raw.size != n:
        raise InputError(f"{name}: {raw.size} values where {beside} has {n}. Hint: {_PER_ROW[beside]}.")
    if raw.dtype.kind not in "biufO":  # dates and durations would become nanoseconds
        raise InputError(f"{name}: expected numbers, got {raw.dtype}. Hint: convert to days or codes first.")
    return raw


def _codes(raw: NDArray[Any], last: int) -> IntArray | None:
    """The values as int64 if they are integers or truth values from 0 to last; otherwise they need a closer look."""
    if raw.dtype.kind == "b":
        return raw.astype(np.int64) if last >= 1 else None
    if raw.dtype.kind not in "iu" or (raw.size and np.maximum.reduce(_unsigned(raw)) > last):
        return None
    return raw.astype(np.int64, copy=False)


def _unsigned(raw: NDArray[Any]) -> NDArray[Any]:
    """The bit patterns as numbers: negative ones become the largest, those of non-negative doubles keep their order."""
    if raw.dtype.isnative and raw.dtype.itemsize == 8:
        return raw.view(np.uint64)
    return raw.view(f"{raw.dtype.byteorder}u{raw.dtype.itemsize}")


def times(values: ArrayLike, name: str = "time", n: int | None = None) -> FloatArray:
    """Finite non-negative times as float64, shape (n,); InputError otherwise."""
    out = _numbers(values, name, n)
    # NaN and what is below 0 has a larger pattern than infinity: one pass in the common case that all is well.
    if out.size and np.maximum.reduce(_unsigned(out)) >= _INFINITY:
        _refuse_if(~np.isfinite(out), name, "are missing or infinite", "query the missing dates first.")
        _refuse_if(out < 0, name, "are negative", "an event before the origin is prevalent, not at risk.")
    return out


def events(values: ArrayLike, n: int) -> IntArray:
    """0 (censored) or 1 (event) as int64, shape (n,); InputError otherwise."""
    raw = _column(values, "event", n)
    codes = _codes(raw, 1)
    if codes is not None:
        return codes
    out = _numbers(raw, "event", n)
    if out.size and not ((out == 0) | (out == 1)).all():
        _refuse_if(np.isnan(out), "event", "are missing", "every participant has an event or is censored.")
        _refuse_if((out != 0) & (out != 1), "event", "are neither 0 nor 1", "CNSR codes are the other way round.")
    return out.astype(np.int64)


def declared_causes(causes: Sequence[int]) -> tuple[int, ...]:
    """The cause codes that exist by design: distinct integers, none of them 0; InputError otherwise."""
    out = tuple(int(c) for c in causes if float(c).is_integer())
    if len(out) != len(causes) or not out:
        raise InputError(f"causes: {list(causes)} is not a sequence of integer codes. Hint: causes=[1, 2].")
    if 0 in out:
        raise InputError("causes: 0 means censored and cannot be a cause. Hint: number the causes from 1.")
    if len(set(out)) != len(out):
        raise InputError(f"causes: {list(out)} names a code twice. Hint: one code per cause.")
    return out


def cause_positions(values: ArrayLike, causes: tuple[int, ...], n: int) -> IntArray:
    """0 for censored, else 1 + position of the code in `causes`, shape (n,); InputError for other codes."""
    raw = _column(values, "cause", n)
    last = max(causes)
    small = _codes(raw, last) if min(causes) > 0 and last <= _FEW_CODES else None
    if small is not None:
        if causes == tuple(range(1, last + 1)):
            return small
        place = np.full(last + 1, -1, dtype=np.int64)
        place[[0, *causes]] = np.arange(len(causes) + 1)
        position: IntArray = place[small]
        if not n or position.min() >= 0:
            return position
    codes = _numbers(raw, "cause", n)
    position = np.full(n, -1, dtype=np.int64)
    for k, code in enumerate((0, *causes)):
        position[codes == code] = k
    if n and position.min() < 0:
        _refuse_if(np.isnan(codes), "cause", "are missing", "0 is the code for censored.")
        unknown = sorted({float(c) for c in codes[position < 0]})[:_SHOWN]
        listed = ", ".join(f"{c:g}" for c in unknown)
        _refuse_if(position < 0, "cause", f"are not 0 or in causes={list(causes)} ({listed})", "declare every code.")
    return position


def entries(values: ArrayLike | None, time: FloatArray) -> FloatArray | None:
    """Delayed-entry times, each strictly before its time, or None; InputError otherwise."""
    if values is None:
        return None
    out = times(values, "entry", time.size)
    _refuse_if(out >= time, "entry", "are not before time", "nobody is at risk in an empty interval (entry, time].")
    return out


def case_weights(values: ArrayLike | None, n: int) -> FloatArray | None:
    """Finite positive weights or None; InputError otherwise."""
    if values is None:
        return None
    out = _numbers(values, "weights", n)
    _refuse_if(~(np.isfinite(out) & (out > 0)), "weights", "are not finite and positive", "drop weight 0 first.")
    return out


def confidence_level(value: float) -> float:
    """A number strictly between 0 and 1."""
    if not 0 < value < 1:
        raise InputError(f"conf_level: {value} is not between 0 and 1. Hint: 0.95 means 95 %.")
    return float(value)


def choice(name: str, value: str, allowed: Sequence[str]) -> None:
    """One of the named methods."""
    if value not in allowed:
        raise InputError(f"{name}: {value!r} is not known. Hint: one of {', '.join(map(repr, allowed))}.")


def probabilities(values: ArrayLike) -> FloatArray:
    """Probabilities strictly between 0 and 1, shape (m,); a scalar becomes shape (1,)."""
    out = _numbers(np.atleast_1d(np.asarray(values)), "p", None)
    _refuse_if(~((out > 0) & (out < 1)), "p", "are not between 0 and 1", "the median is p=0.5.")
    return out


def counts_of(x: ArrayLike, n: ArrayLike, names: tuple[str, str] = ("x", "n")) -> tuple[FloatArray, FloatArray]:
    """Events x among n, broadcast to one shape (m,): integers with 0 <= x <= n; InputError otherwise."""
    a, b = (_numbers(np.atleast_1d(np.asarray(v)), name, None) for v, name in zip((x, n), names, strict=True))
    try:
        a, b = np.broadcast_arrays(a, b)
    except ValueError as error:
        raise InputError(
            f"{', '.join(names)}: {a.size} and {b.size} values. Hint: one n per x, or one n for all."
        ) from error
    for name, value in zip(names, (a, b), strict=True):
        _refuse_if(~(np.isfinite(value) & (value == np.floor(value))), name, "are not whole numbers", "give counts.")
        _refuse_if(value < 0, name, "are negative", "give counts.")
    _refuse_if(a > b, names[0], f"are larger than {names[1]}", "x is the number of events among n.")
    return a, b


def one_against_others(values: ArrayLike, of_interest: int, causes: Sequence[int] | None, n: int) -> IntArray:
    """0 for censored, 1 for the cause of interest, 2 for any other, shape (n,); InputError for other codes.

    Without `causes` every positive whole number is a cause.
    """
    declared = None if causes is None else declared_causes(causes)
    if of_interest == 0:
        raise InputError("of_interest: 0 means censored and cannot be a cause. Hint: a code of a cause.")
    if declared is not None and of_interest not in declared:
        raise InputError(f"of_interest: {of_interest} is not in causes={list(declared)}. Hint: declare every code.")
    if declared is None and not (of_interest > 0 and float(of_interest).is_integer()):
        raise InputError(f"of_interest: {of_interest} is not a positive whole number. Hint: a code of a cause.")
    if declared is not None:
        position = cause_positions(values, declared, n)
        own = declared.index(of_interest) + 1
        recoded = np.full(len(declared) + 1, 2, dtype=np.int64)
        recoded[0], recoded[own] = 0, 1
        return recoded[position]
    codes = _numbers(values, "cause", n)
    _refuse_if(np.isnan(codes), "cause", "are missing", "0 is the code for censored.")
    bad = ~(np.isfinite(codes) & (codes >= 0) & (codes == np.floor(codes)))
    _refuse_if(bad, "cause", "are neither 0 nor positive whole numbers", "number the causes from 1.")
    return np.where(codes == of_interest, 1, np.where(codes > 0, 2, 0))


def sample(values: ArrayLike, name: str) -> FloatArray:
    """Finite numbers of either sign as float64, shape (m,); InputError otherwise."""
    out = _numbers(values, name, None)
    _refuse_if(~np.isfinite(out), name, "are missing or infinite", "drop or query them first.")
    return out


def accumulated_hazard(values: ArrayLike, n: int) -> FloatArray:
    """Finite non-negative hazards, one per participant, shape (n,); InputError otherwise."""
    out = _numbers(values, "cumulative_hazard", n)
    bad = ~((out >= 0) & (out < np.inf))
    _refuse_if(bad, "cumulative_hazard", "are missing, infinite, negative or falling", "-log of a survival above 0.")
    return out


def measurements(values: ArrayLike, name: str = "value", n: int | None = None) -> FloatArray:
    """Finite measured values as float64, shape (n,); InputError otherwise."""
    out = _numbers(values, name, n, "value")
    _refuse_if(~np.isfinite(out), name, "are missing or infinite", "a sample without a result is no row.")
    return out


def below_limit(values: ArrayLike | None, n: int, name: str = "below") -> BoolArray:
    """(n,) True where only a bound is known (1), False where the value was measured (0, or None for all)."""
    if values is None:
        return np.zeros(n, dtype=np.bool_)
    out = _numbers(values, name, n, "value")
    _refuse_if(np.isnan(out), name, "are missing", f"every value is measured or {name} its limit.")
    _refuse_if((out != 0) & (out != 1), name, "are neither 0 nor 1", f"1: the value is the limit it lies {name}.")
    flags: BoolArray = out == 1
    return flags


def beyond_limits(below: ArrayLike | None, above: ArrayLike | None, n: int) -> tuple[BoolArray, BoolArray]:
    """(n,) each: below a limit, and above one; no value is both."""
    lower, upper = below_limit(below, n), below_limit(above, n, "above")
    _refuse_if(lower & upper, "above", "are below a limit as well", "a value lies below one limit, or above another.")
    return lower, upper
