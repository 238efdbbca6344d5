"""Covariates, labels and subjects of a regression: refused or made ready. Counterpart of `_validate` for tables."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike

from immrecon.errors import InputError
from immrecon.stats._types import FloatArray, IntArray

_SHOWN = 5
# Of a column so little is left beside the earlier ones that it is one of their sums.
_DETERMINED = 1e-9


def covariate_table(values: ArrayLike, n: int) -> FloatArray:
    """Finite covariates as float64 (p, n) from (n,) or (n, p); InputError otherwise."""
    if np.ma.is_masked(values):
        raise InputError("covariates: some values are masked. Hint: drop or impute the missing values first.")
    raw = np.asarray(values)
    if raw.dtype.kind not in "biufO":
        raise InputError(f"covariates: expected numbers, got {raw.dtype}. Hint: code categories as 0/1 columns.")
    if raw.ndim not in (1, 2) or raw.shape[0] != n:
        raise InputError(f"covariates: shape {raw.shape} where time has {n}. Hint: (n,) or (n, p), rows as in time.")
    try:
        table = raw.astype(np.float64).reshape(n, 1 if raw.ndim == 1 else raw.shape[1]).T
    except (TypeError, ValueError) as error:
        raise InputError(f"covariates: not numeric ({error}). Hint: code categories as 0/1 columns.") from error
    if table.shape[0] == 0:
        raise InputError("covariates: no column. Hint: a model needs at least one covariate.")
    bad = ~np.isfinite(table)
    if bad.any():
        where = np.flatnonzero(bad.any(axis=0))
        shown = ", ".join(str(i) for i in where[:_SHOWN]) + (", ..." if where.size > _SHOWN else "")
        columns = ", ".join(str(j) for j in np.flatnonzero(bad.any(axis=1)))
        raise InputError(
            f"covariates: {where.size} of {n} rows are missing or infinite (positions {shown}, counted from 0;"
            f" columns {columns}). Hint: drop or impute the missing values first."
        )
    return np.ascontiguousarray(table)


def column_names(names: Sequence[str] | None, p: int) -> tuple[str, ...]:
    """One distinct name per covariate, x1, x2, ... if none are given."""
    if names is None:
        return tuple(f"x{j + 1}" for j in range(p))
    out = tuple(str(name) for name in names)
    if len(out) != p or len(set(out)) != p:
        raise InputError(f"names: {list(out)} for {p} covariates. Hint: one distinct name per column.")
    return out


def labels(values: ArrayLike | None, name: str, n: int) -> tuple[IntArray, tuple[object, ...]]:
    """Codes 0, 1, ... (n,) of the distinct labels, and the labels in order; one label if None."""
    if values is None:
        return np.zeros(n, dtype=np.int64), (0,)
    raw = np.asarray(values)
    if raw.shape != (n,):
        raise InputError(f"{name}: shape {raw.shape} where time has {n}. Hint: one label per row.")
    missing = np.zeros(n, dtype=np.bool_)
    if raw.dtype.kind == "f":
        missing = np.isnan(raw)
    elif raw.dtype.kind == "O":
        missing = np.array([v is None or (isinstance(v, float) and np.isnan(v)) for v in raw], dtype=np.bool_)
    if missing.any():
        shown = ", ".join(str(i) for i in np.flatnonzero(missing)[:_SHOWN])
        raise InputError(f"{name}: {missing.sum()} of {n} labels are missing (positions {shown}, counted from 0).")
    found, code = np.unique(raw, return_inverse=True)
    return code.astype(np.int64), tuple(found.tolist())


def refuse_overlap(subject: IntArray, start: FloatArray | None, stop: FloatArray) -> None:
    """InputError if two intervals (start, stop] of one subject overlap: it would be at risk twice."""
    begin = np.full(stop.shape, -np.inf) if start is None else start
    order = np.lexsort((stop, begin, subject))
    same = subject[order][1:] == subject[order][:-1]
    overlap = same & (begin[order][1:] < stop[order][:-1])
    if overlap.any():
        where = order[1:][overlap]
        shown = ", ".join(str(i) for i in np.sort(where)[:_SHOWN])
        raise InputError(
            f"entry: {where.size} of {stop.size} intervals overlap an earlier one of the same subject"
            f" (positions {shown}, counted from 0). Hint: split follow-up at each change, (0, 5], (5, 9], ..."
        )


def design_matrix(values: ArrayLike | None, n: int, name: str = "design") -> FloatArray:
    """(n, p) finite columns as given, from (n,) or (n, p); a column of ones if None; InputError otherwise."""
    if values is None:
        return np.ones((n, 1))
    if np.ma.is_masked(values):
        raise InputError(f"{name}: some values are masked. Hint: drop the rows that miss a covariate first.")
    raw = np.asarray(values)
    if raw.dtype.kind not in "biufO":
        raise InputError(f"{name}: expected numbers, got {raw.dtype}. Hint: code categories as 0/1 columns.")
    if raw.ndim not in (1, 2) or raw.shape[0] != n or (raw.ndim == 2 and raw.shape[1] == 0):
        raise InputError(f"{name}: shape {raw.shape} for {n} rows. Hint: (n,) or (n, p), the intercept among them.")
    try:
        table = raw.astype(np.float64).reshape(n, -1 if n else raw.shape[-1] if raw.ndim == 2 else 1)
    except (TypeError, ValueError) as error:
        raise InputError(f"{name}: not numeric ({error}). Hint: code categories as 0/1 columns.") from error
    bad = np.flatnonzero(~np.isfinite(table).all(axis=1))
    if bad.size:
        shown = ", ".join(str(i) for i in bad[:_SHOWN]) + (", ..." if bad.size > _SHOWN else "")
        raise InputError(
            f"{name}: {bad.size} of {n} rows are missing or infinite (positions {shown}, counted from 0)."
            " Hint: drop the rows that miss a covariate first."
        )
    return np.ascontiguousarray(table)


def independent_columns(design: FloatArray) -> tuple[int, ...]:
    """Positions of the columns that the earlier ones do not determine, by pivots relative to each column."""
    kept: list[int] = []
    basis = np.empty((design.shape[0], 0))
    for j in range(design.shape[1]):
        column = design[:, j]
        length = float(np.linalg.norm(column))
        rest = column - basis @ (basis.T @ column)
        rest = rest - basis @ (basis.T @ rest)
        left = float(np.linalg.norm(rest))
        if length > 0 and left > _DETERMINED * length:
            kept.append(j)
            basis = np.column_stack((basis, rest / left))
    return tuple(kept)
