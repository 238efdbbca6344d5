"""Group-sequential boundaries of a normally distributed statistic, by recursive integration."""

from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Literal

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import ndtr, ndtri

from immrecon.errors import InputError
from immrecon.stats import _validate
from immrecon.stats._root import brent
from immrecon.stats._types import FloatArray

if TYPE_CHECKING:
    import polars as pl

Spending = Literal["obrien-fleming", "pocock", "lan-demets-obrien-fleming", "lan-demets-pocock"]
SPENDING: tuple[Spending, ...] = ("obrien-fleming", "pocock", "lan-demets-obrien-fleming", "lan-demets-pocock")

_NODES = 400
_FAR = 9.0  # standard errors: beyond them less than 1e-19
_TOLERANCE = 1e-13


@dataclass(frozen=True, slots=True, eq=False)
class SpendingBoundary:
    """Critical values of the standardised statistic at K looks; two-sided tests stop beyond either sign."""

    spending: str
    sided: int
    information: FloatArray
    """(K,) information fractions, the last 1."""
    critical: FloatArray
    """(K,)"""
    alpha_spent: FloatArray
    """(K,) probability of having stopped by each look under the null hypothesis."""
    stage_level: FloatArray
    """(K,) one-sided tail probability of each critical value by itself."""

    def to_frame(self) -> "pl.DataFrame":
        """One row per look."""
        import polars as pl

        names = ("information", "critical", "alpha_spent", "stage_level")
        return pl.DataFrame({name: getattr(self, name) for name in names})


def alpha_spending(
    information: ArrayLike, *, alpha: float, sided: int = 1, spending: Spending = "lan-demets-obrien-fleming"
) -> SpendingBoundary:
    """Boundary that spends alpha over looks at the information fractions (K,), increasing to 1.

    O'Brien-Fleming (critical values c / sqrt(t)) and Pocock (one critical value) with the constant that gives alpha;
    or the spending functions of Lan and DeMets (1983) like them, which need not know the later looks. The recursive
    integration is that of Armitage, McPherson and Rowe (1969). Two-sided: alpha/2 is spent on either side.
    Raises InputError for anything that cannot be.
    """
    _validate.choice("spending", spending, SPENDING)
    t = np.atleast_1d(np.asarray(information, dtype=np.float64))
    if t.ndim != 1 or t.size == 0 or not (t[0] > 0 and (np.diff(t) > 0).all() and abs(t[-1] - 1) < 1e-12):
        raise InputError("information: expected fractions that increase to 1.")
    if sided not in (1, 2):
        raise InputError(f"sided: {sided} is neither 1 nor 2.")
    if not 0 < alpha < 1:
        raise InputError(f"alpha: {alpha} is not between 0 and 1.")
    if spending.startswith("lan-demets"):
        wanted = np.diff(_spent(t, alpha / sided, spending) * sided, prepend=0.0)
        critical = _critical_for(t, wanted, sided)
    else:
        shape = 1 / np.sqrt(t) if spending == "obrien-fleming" else np.ones(t.size)
        constant = brent(lambda c: _crossing(t, c * shape, sided).sum() - alpha, 0.01, 12.0, _TOLERANCE)
        critical = constant * shape
    spent = np.cumsum(_crossing(t, critical, sided))
    return SpendingBoundary(spending, sided, t, critical, spent, ndtr(-critical))


@cache
def _gauss_legendre() -> tuple[FloatArray, FloatArray]:
    nodes, weights = np.polynomial.legendre.leggauss(_NODES)
    return nodes, weights


def _spent(t: FloatArray, alpha: float, spending: str) -> FloatArray:
    """One-sided alpha spent by information t."""
    if spending == "lan-demets-obrien-fleming":
        return 2 * ndtr(ndtri(alpha / 2) / np.sqrt(t))
    return alpha * np.log1p((np.e - 1) * t)


def _critical_for(t: FloatArray, wanted: FloatArray, sided: int) -> FloatArray:
    """Critical values that are crossed for the first time with the wanted probabilities."""
    critical = np.empty(t.size)
    going_on = _Continuing.start()
    for k, (now, spend) in enumerate(zip(t, wanted, strict=True)):
        step = going_on.to(float(now))
        critical[k] = step.crossed_with(float(spend), sided)
        going_on = step.within(float(critical[k]), sided)
    return critical


def _crossing(t: FloatArray, critical: FloatArray, sided: int) -> FloatArray:
    """Probability of crossing for the first time at each look."""
    out = np.empty(t.size)
    going_on = _Continuing.start()
    for k, (now, c) in enumerate(zip(t, critical, strict=True)):
        step = going_on.to(float(now))
        out[k] = step.beyond(float(c), sided)
        going_on = step.within(float(c), sided)
    return out


@dataclass(frozen=True)
class _Continuing:
    """Weighted nodes of the score statistic (variance = information) of trials that have not stopped."""

    information: float
    nodes: FloatArray
    mass: FloatArray

    @classmethod
    def start(cls) -> "_Continuing":
        return cls(0.0, np.zeros(1), np.ones(1))

    def to(self, information: float) -> "_Step":
        return _Step(self, information, np.sqrt(information - self.information))


@dataclass(frozen=True)
class _Step:
    """From one look to the next."""

    before: _Continuing
    information: float
    spread: float

    def beyond(self, c: float, sided: int) -> float:
        edge = c * np.sqrt(self.information)
        tail = ndtr((self.before.nodes - edge) / self.spread)
        if sided == 2:
            tail = tail + ndtr((-edge - self.before.nodes) / self.spread)
        return float((self.before.mass * tail).sum())

    def crossed_with(self, probability: float, sided: int) -> float:
        """The critical value that is crossed for the first time with this probability."""
        return brent(lambda c: self.beyond(c, sided) - probability, 0.0, 12.0, _TOLERANCE)

    def within(self, c: float, sided: int) -> _Continuing:
        edge = c * np.sqrt(self.information)
        far = _FAR * np.sqrt(self.information)
        low, high = (max(-edge, -far) if sided == 2 else -far), min(edge, far)
        x, weight = _gauss_legendre()
        nodes = low + (x + 1) * (high - low) / 2
        z = (nodes[:, None] - self.before.nodes[None, :]) / self.spread
        density = np.exp(-0.5 * z**2) @ self.before.mass / (self.spread * np.sqrt(2 * np.pi))
        return _Continuing(self.information, nodes, density * weight * (high - low) / 2)
