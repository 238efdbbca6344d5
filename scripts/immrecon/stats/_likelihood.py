"""What the maximiser needs to know of a log-likelihood, and the penalty of Firth (1993)."""

from typing import NamedTuple, Protocol

import numpy as np

from immrecon.stats._types import FloatArray


class Value(NamedTuple):
    """A log-likelihood at one parameter: value, gradient (p,), and the information (p, p)."""

    loglik: float
    score: FloatArray
    information: FloatArray


class Likelihood(Protocol):
    """Anything to be maximised over p parameters; width bounds the change of the linear predictor by a unit of each."""

    information_is_curvature: bool
    """Whether the information is minus the second derivative, so that Newton's step is exact."""

    @property
    def width(self) -> FloatArray: ...

    def __call__(self, beta: FloatArray) -> Value: ...


class Tilted(Likelihood, Protocol):
    """A likelihood of which the gradient of log det(information) is known."""

    def log_det_gradient(self, beta: FloatArray, inverse_information: FloatArray) -> FloatArray: ...


class Firth:
    """log L + log det(I) / 2 (Firth 1993); the information stays that of L, as in Heinze and Schemper (2001)."""

    information_is_curvature = False

    def __init__(self, likelihood: Tilted) -> None:
        self._likelihood = likelihood
        self.width = likelihood.width

    def __call__(self, beta: FloatArray) -> Value:
        """Penalised value and gradient; minus infinity where the information is singular."""
        plain = self._likelihood(beta)
        try:
            lower = np.linalg.cholesky(plain.information)
        except np.linalg.LinAlgError:
            return Value(-np.inf, plain.score, plain.information)
        inverse: FloatArray = np.linalg.inv(plain.information).astype(np.float64)
        gradient = self._likelihood.log_det_gradient(beta, inverse)
        penalty = float(np.log(np.diag(lower)).sum())
        return Value(plain.loglik + penalty, plain.score + gradient / 2, plain.information)
