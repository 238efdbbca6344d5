"""Groups and strata as positions, and the risk table of each group on one common grid of times."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from immrecon.errors import InputError
from immrecon.stats import _validate
from immrecon.stats._counting import count_codes, entry_positions
from immrecon.stats._types import BoolArray, FloatArray, IntArray

Label = str | int | float
"""A group's name: text or a number, as it was given."""

# Up to this span, whole numbers are found in a table instead of by sorting.
_FEW_CODES = 4_096
_SHOWN = 5


@dataclass(frozen=True, slots=True, eq=False)
class Groups:
    """Which of K groups each of n participants is in."""

    labels: tuple[Label, ...]
    """K distinct labels, ascending or as declared."""
    position: IntArray
    """(n,) position in `labels`."""

    @property
    def size(self) -> IntArray:
        """(K,) participants."""
        return np.bincount(self.position, minlength=len(self.labels))

    @property
    def empty(self) -> list[Label]:
        """Declared groups without participants."""
        return [label for label, n in zip(self.labels, self.size, strict=True) if n == 0]


@dataclass(frozen=True, slots=True, eq=False)
class GroupTable:
    """Counts (int64) of K groups on a grid of J times that holds every time at which somebody leaves."""

    time: FloatArray
    """(J,)"""
    n_risk: IntArray
    """(K, J) at risk just before each time."""
    n_event: IntArray
    """(K, C, J) events of each of C causes."""


def groups_of(values: ArrayLike, n: int, declared: Sequence[Label] | None = None, name: str = "group") -> Groups:
    """Numbers, truth values or text (n,) as positions; InputError for missing values or undeclared labels."""
    found = _distinct(values, n, name)
    if declared is None:
        return found
    labels = tuple(declared)
    if len(set(labels)) != len(labels) or not labels:
        raise InputError(f"groups: {list(labels)} is empty or names a label twice. Hint: one label per group.")
    place = {label: k for k, label in enumerate(labels)}
    unknown = [label for label in found.labels if label not in place]
    if unknown:
        listed = ", ".join(repr(label) for label in unknown[:_SHOWN])
        raise InputError(f"{name}: {listed} not in groups={list(labels)}. Hint: declare every label.")
    renumbered = np.array([place[label] for label in found.labels], dtype=np.int64)
    return Groups(labels, renumbered[found.position])


def strata_rows(strata: ArrayLike | None, n: int) -> Iterator[IntArray | slice]:
    """Rows of each stratum, ascending by label; all rows when there are no strata."""
    if strata is None:
        yield slice(None)
        return
    found = groups_of(strata, n, name="strata")
    for k in range(len(found.labels)):
        yield np.flatnonzero(found.position == k)


def tabulate_groups(
    time: FloatArray, code: IntArray, n_causes: int, group: IntArray, n_groups: int, entry: FloatArray | None
) -> GroupTable:
    """Count validated arrays (n,) per group; code is 0 for censored, else 1..n_causes."""
    per_group = n_causes + 1
    grid, counts, everybody = count_codes(time, group * per_group + code, n_groups * per_group)
    counts = counts.reshape(n_groups, per_group, grid.size)
    at_risk = np.empty((n_groups, grid.size), dtype=np.int64)
    for k in range(1, n_groups):
        leaving = np.add.reduce(counts[k])
        np.cumsum(leaving[::-1], out=at_risk[k, ::-1])
    np.subtract(everybody, np.add.reduce(at_risk[1:]), out=at_risk[0])
    if entry is not None:
        first = entry_positions(grid, entry, entry.size)
        width = grid.size + 1
        arrivals = np.bincount(group * width + first, minlength=n_groups * width).reshape(n_groups, width)
        at_risk = at_risk - arrivals[:, ::-1].cumsum(axis=1)[:, ::-1][:, 1:]
    return GroupTable(grid, at_risk, counts[:, 1:])


def _distinct(values: ArrayLike, n: int, name: str) -> Groups:
    if type(values) is np.ndarray and values.dtype == np.int64 and values.shape == (n,):  # the common case
        found = _whole(values) if n else None
        if found is not None:
            return found
    if np.ma.is_masked(values):
        raise InputError(f"{name}: some values are masked. Hint: drop or query the missing values first.")
    raw = np.asarray(values)
    if raw.ndim != 1:
        raise InputError(f"{name}: expected one dimension, got shape {raw.shape}. Hint: pass one column.")
    if raw.size != n:
        raise InputError(f"{name}: {raw.size} values where time has {n}. Hint: one value per participant.")
    if raw.dtype.kind in "biuf":
        return _numbered(raw.astype(np.float64), name)
    if raw.dtype.kind not in "OUT":
        raise InputError(f"{name}: expected numbers or text, got {raw.dtype}. Hint: pass labels.")
    listed = raw.tolist()
    if not any(isinstance(v, str) for v in listed):
        return _numbered(_validate._numbers(raw, name, None), name)
    _refuse_missing(np.array([not isinstance(v, str) for v in listed], dtype=np.bool_), name)
    labels, position = np.unique(np.array(listed, dtype=np.str_), return_inverse=True)
    return Groups(tuple(str(label) for label in labels), position.astype(np.int64))


def _whole(values: IntArray) -> Groups | None:
    """Integers of a small range, found in a table."""
    low, high = int(np.minimum.reduce(values)), int(np.maximum.reduce(values))
    if high - low > _FEW_CODES:
        return None
    shifted = values - low if low else values
    present = np.bincount(shifted).nonzero()[0]
    if present.size == high - low + 1:
        return Groups(tuple(range(low, high + 1)), shifted)
    place = np.zeros(high - low + 1, dtype=np.int64)
    place[present] = np.arange(present.size)
    return Groups(tuple(low + int(p) for p in present), place[shifted])


def _numbered(values: FloatArray, name: str) -> Groups:
    if values.size == 0:
        return Groups((), np.zeros(0, dtype=np.int64))
    low, high = float(values.min()), float(values.max())
    if np.isfinite(low) and high - low <= _FEW_CODES and low.is_integer():
        shifted = (values - low).astype(np.int64)
        if (shifted + low == values).all():
            present = np.bincount(shifted).nonzero()[0]
            place = np.zeros(int(present[-1]) + 1, dtype=np.int64)
            place[present] = np.arange(present.size)
            return Groups(tuple(int(low) + int(p) for p in present), place[shifted])
    _refuse_missing(~np.isfinite(values), name)
    labels, position = np.unique(values, return_inverse=True)
    named: list[Label] = [int(v) if float(v).is_integer() else float(v) for v in labels]
    return Groups(tuple(named), position.astype(np.int64))


def _refuse_missing(bad: BoolArray, name: str) -> None:
    _validate._refuse_if(bad, name, "are missing or no label", "every participant belongs to one group.")
