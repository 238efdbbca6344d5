"""The curves of growth: values, Jacobians, and what is linear in their parameters."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from immrecon.stats._types import FloatArray


@dataclass(frozen=True, slots=True)
class Shape:
    """A curve: `names` of its parameters, the last two of them not linear, and value and Jacobian as functions."""

    names: tuple[str, ...]
    curve: Callable[[FloatArray, FloatArray], FloatArray]
    jacobian: Callable[[FloatArray, FloatArray], FloatArray]
    basis: Callable[[FloatArray, FloatArray], FloatArray]
    """(g, n, linear) columns at g pairs (g, 2, 1) of the two parameters that are not linear."""


def _rise(theta: FloatArray, x: FloatArray) -> FloatArray:
    from scipy.special import expit

    return np.asarray(expit((x - theta[-2]) / theta[-1]))


def _rises(two: FloatArray, x: FloatArray) -> FloatArray:
    from scipy.special import expit

    return np.asarray(expit((x - two[:, 0]) / two[:, 1]))


def _logistic(theta: FloatArray, x: FloatArray) -> FloatArray:
    return np.asarray(theta[0] * _rise(theta, x))


def _logistic_jacobian(theta: FloatArray, x: FloatArray) -> FloatArray:
    part = _rise(theta, x)
    steep = theta[0] * part * (1 - part) / theta[2]
    return np.column_stack((part, -steep, -steep * (x - theta[1]) / theta[2]))


def _four_parameter(theta: FloatArray, x: FloatArray) -> FloatArray:
    return np.asarray(theta[0] + (theta[1] - theta[0]) * _rise(theta, x))


def _four_parameter_jacobian(theta: FloatArray, x: FloatArray) -> FloatArray:
    part = _rise(theta, x)
    steep = (theta[1] - theta[0]) * part * (1 - part) / theta[3]
    return np.column_stack((1 - part, part, -steep, -steep * (x - theta[2]) / theta[3]))


def _gompertz(theta: FloatArray, x: FloatArray) -> FloatArray:
    return np.asarray(theta[0] * np.exp(-theta[1] * theta[2] ** x))


def _gompertz_jacobian(theta: FloatArray, x: FloatArray) -> FloatArray:
    power = theta[2] ** x
    part = np.exp(-theta[1] * power)
    return np.column_stack((part, -theta[0] * part * power, -theta[0] * part * theta[1] * x * power / theta[2]))


SHAPES = {
    "logistic": Shape(
        ("asymptote", "midpoint", "scale"),
        _logistic,
        _logistic_jacobian,
        lambda two, x: _rises(two, x)[:, :, None],
    ),
    "four-parameter-logistic": Shape(
        ("lower", "upper", "midpoint", "scale"),
        _four_parameter,
        _four_parameter_jacobian,
        lambda two, x: np.stack((1 - _rises(two, x), _rises(two, x)), axis=2),
    ),
    "gompertz": Shape(
        ("asymptote", "displacement", "rate_base"),
        _gompertz,
        _gompertz_jacobian,
        lambda two, x: np.exp(-two[:, 0] * two[:, 1] ** x)[:, :, None],
    ),
}
