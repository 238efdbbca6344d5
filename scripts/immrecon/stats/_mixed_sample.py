"""Repeated values of participants, made ready for a mixed model: sorted by participant, columns scaled."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from immrecon.stats._design import independent_columns
from immrecon.stats._types import BoolArray, FloatArray, IntArray


@dataclass(frozen=True, slots=True, eq=False)
class MixedSample:
    """n values of m participants in the order of participants; p columns of fixed, q of random effects."""

    order: IntArray
    """Row of the input that each sorted row comes from."""
    labels: tuple[object, ...]
    starts: IntArray
    """(m,) first row of each participant."""
    code: IntArray
    """(n,) participant of each row."""
    value: FloatArray
    below: BoolArray
    above: BoolArray
    design: FloatArray
    q_design: FloatArray
    """(n, p) orthonormal columns that span those of the design."""
    r_design: FloatArray
    """design = q_design @ r_design."""
    random: FloatArray
    """(n, q): ones, and the slope variable centred and scaled."""
    unscale: FloatArray
    """(q, q): random effects as declared = unscale @ those of `random`."""

    @property
    def measured(self) -> BoolArray:
        """(n,) neither below a limit nor above one."""
        found: BoolArray = ~(self.below | self.above)
        return found

    @property
    def sizes(self) -> tuple[int, int, int, int]:
        """n, m, p, q."""
        return self.value.size, self.starts.size, self.design.shape[1], self.random.shape[1]

    def by_participant(self, rows: FloatArray) -> FloatArray:
        """(m, ...) sums over the rows of each participant."""
        out: FloatArray = np.add.reduceat(rows, self.starts, axis=0)
        return out

    def as_given(self, rows: FloatArray) -> FloatArray:
        """(n, ...) sorted rows back in the order of the input."""
        out = np.empty_like(rows)
        out[self.order] = rows
        return out


def mixed_sample(
    value: FloatArray,
    below: BoolArray,
    above: BoolArray,
    design: FloatArray,
    code: IntArray,
    labels: tuple[object, ...],
    slope: FloatArray | None,
) -> MixedSample:
    """Sorted and scaled; the design must have independent columns."""
    order = np.argsort(code, kind="stable")
    sorted_code = code[order]
    starts = np.flatnonzero(np.append(True, np.diff(sorted_code) > 0))
    random, unscale = np.ones((value.size, 1)), np.eye(1)
    if slope is not None:
        centre, spread = float(slope.mean()), float(slope.std())
        random = np.column_stack((np.ones(value.size), (slope[order] - centre) / spread))
        unscale = np.array([[1.0, -centre / spread], [0.0, 1.0 / spread]])
    q_design, r_design = np.linalg.qr(design[order])
    return MixedSample(
        order=order,
        labels=labels,
        starts=starts,
        code=sorted_code,
        value=value[order],
        below=below[order],
        above=above[order],
        design=design[order],
        q_design=q_design,
        r_design=r_design,
        random=random,
        unscale=unscale,
    )


def why_not_mixed(
    below: BoolArray, above: BoolArray, design: FloatArray, code: IntArray, slope: FloatArray | None
) -> str | None:
    """Why no mixed model can be estimated from these values, or None."""
    n, p = design.shape
    measured = ~(below | above)
    beyond, within = (
        ("beyond a limit", "within the limits") if above.any() else ("below the limit", "at or above the limit")
    )
    counts = np.bincount(code[measured])
    counts = counts[counts > 0]
    n_measured = int(measured.sum())
    # In this order: a later reason may only be asked for when no earlier one holds.
    reasons: tuple[tuple[Callable[[], bool], str], ...] = (
        (lambda: n == 0, "no value"),
        (lambda: len(independent_columns(design)) < p, "the columns of the design determine each other"),
        (lambda: n_measured == 0, f"all {n} values are {beyond}"),
        (
            lambda: len(independent_columns(design[measured])) < p,
            f"the values {within} do not determine every coefficient",
        ),
        (lambda: n_measured <= p, f"{n_measured} measured values for {p} coefficients"),
        (lambda: counts.size < 2, "values of one participant only"),
        (
            lambda: bool((counts < 2).all()),
            "no participant has two measured values: variance between and within participants is one",
        ),
        (
            lambda: slope is not None and not _slopes_vary(slope[measured], code[measured]),
            "no participant has three measured values at which the slope variable varies",
        ),
        (
            lambda: counts.size <= p and _intercepts_are_fixed(design[measured], code[measured]),
            "the fixed effects tell all participants apart: no variance between them can be estimated",
        ),
    )
    return next((reason for holds, reason in reasons if holds()), None)


def _slopes_vary(slope: FloatArray, code: IntArray) -> bool:
    """Some participant has values left when an intercept and a slope of its own are fitted."""
    return any(float(np.ptp(slope[code == k])) > 0 for k in np.flatnonzero(np.bincount(code) > 2))


def _intercepts_are_fixed(design: FloatArray, code: IntArray) -> bool:
    own = (code[:, None] == np.unique(code)).astype(np.float64)
    together = independent_columns(np.column_stack((design, own)))
    return len(together) == int(design.shape[1])


def between_and_within(design: FloatArray, code: IntArray, measured: BoolArray) -> tuple[BoolArray, int, int]:
    """Columns that vary within a participant, and the degrees of freedom between and within participants.

    Participants with a measured value minus the columns that are constant in all of them; measured values minus
    those participants and the other columns. At least 1 each.
    """
    order = np.argsort(code, kind="stable")
    rows, owner = design[order], code[order]
    same = np.diff(owner) == 0
    varying = (np.diff(rows, axis=0)[same] != 0).any(axis=0)
    participants = np.unique(code[measured]).size
    between = participants - int((~varying).sum())
    within = int(measured.sum()) - participants - int(varying.sum())
    return varying, max(between, 1), max(within, 1)
