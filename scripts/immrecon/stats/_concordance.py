"""Concordance of a risk score with survival (Harrell), for right-censored and (entry, time] data."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from immrecon.errors import InputError
from immrecon.stats import _validate
from immrecon.stats._design import covariate_table, labels
from immrecon.stats._types import BoolArray, FloatArray

# Comparing pairs block by block keeps memory at a few times this many cells.
_CELLS = 4_000_000


@dataclass(frozen=True, slots=True)
class Concordance:
    """Shares of comparable pairs: (concordant + tied risk / 2) / all; NaN if no pair is comparable."""

    estimate: float
    concordant: float
    discordant: float
    tied_risk: float


def concordance(
    time: ArrayLike,
    event: ArrayLike,
    risk: ArrayLike,
    *,
    entry: ArrayLike | None = None,
    strata: ArrayLike | None = None,
    weights: ArrayLike | None = None,
) -> Concordance:
    """Probability that of two participants the one with the higher risk has the event first (Harrell 1996).

    All arrays are (n,). An event at t is compared with those at risk at t who have none at t (those censored at t
    included), within strata; a pair counts by the product of its weights. R: survival's `concordance`, risk
    reversed. Takes time proportional to events times n. Raises InputError for arrays that cannot be worked on.
    """
    t = _validate.times(time)
    died = _validate.events(event, t.size) == 1
    score = covariate_table(risk, t.size)
    if score.shape[0] != 1:
        raise InputError(f"risk: {score.shape[0]} columns. Hint: one risk score per row.")
    starts = _validate.entries(entry, t)
    stratum, _ = labels(strata, "strata", t.size)
    weight = _validate.case_weights(weights, t.size)
    weight = np.ones(t.size) if weight is None else weight
    counts = np.zeros(3)
    for k in np.unique(stratum):
        row = np.flatnonzero(stratum == k)
        start = None if starts is None else starts[row]
        counts += _pairs(t[row], died[row], score[0, row], start, weight[row])
    concordant, discordant, tied = (float(c) for c in counts)
    total = concordant + discordant + tied
    estimate = (concordant + tied / 2) / total if total > 0 else float("nan")
    return Concordance(estimate, concordant, discordant, tied)


def _pairs(
    time: FloatArray, died: BoolArray, score: FloatArray, start: FloatArray | None, weight: FloatArray
) -> FloatArray:
    event = np.flatnonzero(died)
    out = np.zeros(3)
    block = max(1, _CELLS // max(time.size, 1))
    for at in range(0, event.size, block):
        i = event[at : at + block, None]
        later = (time > time[i]) | ((time == time[i]) & ~died)
        if start is not None:
            later &= start < time[i]
        share = np.where(later, weight[i] * weight, 0.0)
        out += [share[score < score[i]].sum(), share[score > score[i]].sum(), share[score == score[i]].sum()]
    return out
