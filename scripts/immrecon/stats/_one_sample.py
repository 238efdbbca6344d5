"""One-sample log-rank test: observed events against those expected from a known cumulative hazard."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike

from immrecon.errors import InputError
from immrecon.stats import _validate
from immrecon.stats._chi_square import ESTIMATED, NOT_ESTIMABLE
from immrecon.stats._types import FloatArray

if TYPE_CHECKING:
    import polars as pl


@dataclass(frozen=True, slots=True)
class OneSampleLogrank:
    """Observed against expected events; everything but the counts is NaN when nothing is expected."""

    n: int
    observed: int
    expected: float
    z: float
    """(O - E)/sqrt(E) (Woolson 1981; Breslow 1975)."""
    statistic: float
    """Chi-square with 1 degree of freedom, z^2."""
    p_value: float
    """Two-sided, of z."""
    z_average: float
    """(O - E)/sqrt((O + E)/2) (Wu 2014), nearer to normal in small groups."""
    p_average: float
    p_exact_less: float
    """P(X <= O) for X Poisson with mean E; use the exact p when E < 5."""
    p_exact_greater: float
    """P(X >= O)."""
    p_exact: float
    """Two-sided: twice the smaller tail, at most 1."""
    ratio: float
    """O/E, the standardised ratio."""
    conf_low: float
    """Exact Poisson limits of the ratio (Garwood 1936)."""
    conf_high: float
    conf_level: float
    status: str
    reason: str | None

    def to_frame(self) -> "pl.DataFrame":
        """One row; null where there is no test."""
        import polars as pl

        frame = pl.DataFrame({name: [getattr(self, name)] for name in self.__slots__})
        return frame.with_columns(pl.col(pl.Float64).fill_nan(None), pl.col("reason").cast(pl.String))


def one_sample_logrank(
    time: ArrayLike,
    event: ArrayLike,
    cumulative_hazard: Callable[[FloatArray], ArrayLike] | ArrayLike,
    *,
    entry: ArrayLike | None = None,
    conf_level: float = 0.95,
) -> OneSampleLogrank:
    """Test that the hazard is that of a reference, taken as known without error (Breslow 1975; Finkelstein 2003).

    time, event (0 or 1) and entry (delayed, strictly before time) are (n,). cumulative_hazard is a function of
    times (m,) -> (m,) in the same unit, e.g. lambda t: -np.log(survival(t)); or (n,) values, each participant's
    own reference (age, diagnosis) accumulated over their time at risk, then without entry. With competing
    risks it is the cause-specific hazard. Raises InputError for arrays that cannot be worked on, and for a
    cumulative hazard that is negative, missing, infinite or falling.
    """
    from scipy.special import gammainc, gammaincc, gammaincinv, ndtr

    level = _validate.confidence_level(conf_level)
    t = _validate.times(time)
    observed = int(_validate.events(event, t.size).sum())
    expected = float(_accumulated(cumulative_hazard, t, _validate.entries(entry, t)).sum())
    if expected <= 0:
        nan = float("nan")
        reason = "nobody studied" if t.size == 0 else "the reference expects no event in the time observed"
        return OneSampleLogrank(
            t.size,
            observed,
            expected,
            nan,
            nan,
            nan,
            nan,
            nan,
            nan,
            nan,
            nan,
            nan,
            nan,
            nan,
            level,
            NOT_ESTIMABLE,
            reason,
        )
    tail = (1 - level) / 2
    z, average = ((observed - expected) / np.sqrt(v) for v in (expected, (observed + expected) / 2))
    less, greater = float(gammaincc(observed + 1, expected)), 1.0
    low, high = 0.0, float(gammaincinv(observed + 1, 1 - tail))
    if observed:
        greater, low = float(gammainc(observed, expected)), float(gammaincinv(observed, tail))
    return OneSampleLogrank(
        n=t.size,
        observed=observed,
        expected=expected,
        z=float(z),
        statistic=float(z**2),
        p_value=float(2 * ndtr(-abs(z))),
        z_average=float(average),
        p_average=float(2 * ndtr(-abs(average))),
        p_exact_less=less,
        p_exact_greater=greater,
        p_exact=min(1.0, 2 * min(less, greater)),
        ratio=observed / expected,
        conf_low=low / expected,
        conf_high=high / expected,
        conf_level=level,
        status=ESTIMATED,
        reason=None,
    )


def _accumulated(
    hazard: Callable[[FloatArray], ArrayLike] | ArrayLike, time: FloatArray, entry: FloatArray | None
) -> FloatArray:
    """(n,) reference hazard accumulated over the time at risk."""
    if not callable(hazard):
        if entry is not None:
            raise InputError("cumulative_hazard: values say nothing about entry. Hint: give a function of time.")
        return _validate.accumulated_hazard(hazard, time.size)
    accumulated = hazard(time)
    if entry is not None:
        accumulated = np.asarray(accumulated) - np.asarray(hazard(entry))
    return _validate.accumulated_hazard(accumulated, time.size)
