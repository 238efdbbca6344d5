"""Where a value stands among those of healthy people of its age."""

from statistics import NormalDist

import numpy as np
from numpy.typing import ArrayLike, NDArray


def lms_z_score(value: ArrayLike, *, l: ArrayLike, m: ArrayLike, s: ArrayLike) -> NDArray[np.float64]:  # noqa: E741
    """z = ((y / M)^L - 1) / (L S), and ln(y / M) / S where L is 0 (Cole 1990, Eur J Clin Nutr 44:45).

    Arrays of one length, or numbers. NaN in gives NaN out, as does a value of 0 that has no finite z-score.
    Raises ValueError: a value below 0, M or S not above 0.
    """
    y, power, median, spread = np.broadcast_arrays(*(np.asarray(x, dtype=float) for x in (value, l, m, s)))
    _refuse("value below 0", y < 0)
    _refuse("M not above 0", median <= 0)
    _refuse("S not above 0", spread <= 0)
    with np.errstate(divide="ignore", invalid="ignore"):
        log_ratio = np.log(y / median)
        # expm1 keeps the digits where L is next to 0, which the power loses.
        z = np.where(power == 0, log_ratio, np.expm1(power * log_ratio) / np.where(power == 0, 1.0, power)) / spread
    return np.where(np.isfinite(z), z, np.nan)


def log_normal_z_score(
    value: ArrayLike, *, lower: ArrayLike, median: ArrayLike, upper: ArrayLike, shares: tuple[float, float]
) -> NDArray[np.float64]:
    """z-score where the logarithm is normal and the `shares` of people lie below the lower and the upper limit.

    Without a median (NaN) the two limits give mean and standard deviation of the logarithm. With one, values below it
    are measured by the distance of the lower limit from it, others by that of the upper, so that median, lower and
    upper limit have exactly the z-scores of their percentiles. Arrays of one length, or numbers; NaN in gives NaN out,
    as does a value of 0.
    Raises ValueError: a value below 0, limits not above 0 or not ascending, shares not ascending within 0 and 1.
    """
    y, low, middle, high = np.broadcast_arrays(*(np.asarray(x, dtype=float) for x in (value, lower, median, upper)))
    _refuse("value below 0", y < 0)
    _refuse("lower limit not above 0", low <= 0)
    _refuse("limits that do not ascend", (low >= high) | (middle <= low) | (middle >= high))
    if not 0 < shares[0] < shares[1] < 1:
        raise ValueError(f"shares {shares} do not ascend within 0 and 1")
    z_low, z_high = (NormalDist().inv_cdf(share) for share in shares)
    with np.errstate(divide="ignore", invalid="ignore"):
        log_y, log_low, log_middle, log_high = np.log(y), np.log(low), np.log(middle), np.log(high)
        slope = (z_high - z_low) / (log_high - log_low)
        straight = z_low + slope * (log_y - log_low)
        if np.any(np.isfinite(middle)) and not z_low < 0 < z_high:
            raise ValueError(f"shares {shares} do not enclose the median")
        side = np.where(y < middle, z_low / (log_low - log_middle), z_high / (log_high - log_middle))
        z = np.where(np.isnan(middle), straight, side * (log_y - log_middle))
    return np.where(np.isfinite(z), z, np.nan)


def _refuse(what: str, where: NDArray[np.bool_]) -> None:
    if n := int(np.sum(where)):
        raise ValueError(f"{what}: {n} of {where.size}")
