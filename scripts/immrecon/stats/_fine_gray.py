"""Regression on the subdistribution hazard (Fine and Gray 1999), and its data expanded for a weighted Cox model."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike

from immrecon.errors import InputError
from immrecon.stats import _validate
from immrecon.stats._cox import assemble, climb, finite_inverse, informative
from immrecon.stats._design import column_names, covariate_table, labels
from immrecon.stats._regression_fit import NO_EVENTS, Baseline, RegressionFit, spread
from immrecon.stats._subdistribution import SubdistributionLikelihood
from immrecon.stats._types import FloatArray, IntArray

if TYPE_CHECKING:
    import polars as pl

VARIANCES = ("cmprsk", "robust", "model")


def fine_gray(
    time: ArrayLike,
    cause: ArrayLike,
    covariates: ArrayLike,
    *,
    of_interest: int,
    causes: Sequence[int] | None = None,
    names: Sequence[str] | None = None,
    censoring_group: ArrayLike | None = None,
    variance: str = "cmprsk",
    conf_level: float = 0.95,
) -> RegressionFit:
    """Proportional subdistribution hazards of one cause, weighted by the inverse probability of censoring.

    time and cause (0 = censored, else a whole positive code) are (n,), covariates (n,) or (n, p); every code but
    `of_interest` competes; with `causes` given any other code is refused. censoring_group (n,) lets the censoring
    distribution differ between groups. Ties as Breslow; Wald limits. variance: "cmprsk" is Fine and Gray's sandwich
    with the term for the estimated censoring distribution (R's crr), "robust" leaves that term out, "model" is the
    inverse information. `predict_incidence` gives the cumulative incidence. Infinite and NaN coefficients as in
    `cox`.
    Raises InputError for arrays or options that cannot be worked on.
    """
    level = _validate.confidence_level(conf_level)
    _validate.choice("variance", variance, VARIANCES)
    t = _validate.times(time)
    code = _validate.one_against_others(cause, of_interest, causes, t.size)
    raw = covariate_table(covariates, t.size)
    every = column_names(names, raw.shape[0])
    group, _ = labels(censoring_group, "censoring_group", t.size)
    means = raw.mean(axis=1) if t.size else np.zeros(raw.shape[0])
    x = raw - means[:, None]
    n_events = int((code == 1).sum())
    whole = SubdistributionLikelihood(x, t, code, group)
    kept = informative(whole(np.zeros(x.shape[0])).information, whole.width, float(n_events))
    likelihood = whole if kept.all() else SubdistributionLikelihood(x[kept], t, code, group)
    found = climb(likelihood, kept, likelihood(np.zeros(int(kept.sum()))), penalised=False)
    model = chosen = finite_inverse(found.top)
    if variance != "model":
        finite = ~found.top.infinite
        influence = likelihood.influence_on_score(found.top.beta, censoring=variance == "cmprsk")[finite]
        influence = model[np.ix_(finite, finite)] @ influence
        chosen = spread(influence @ influence.T, finite)
    fit = assemble(found, model, chosen, every, conf_type="wald", level=level, penalised=False)
    return replace(
        fit,
        method="fine-gray",
        n=t.size,
        n_events=n_events,
        status=NO_EVENTS if n_events == 0 else fit.status,
        coefficient_status=(NO_EVENTS,) * kept.size if n_events == 0 else fit.coefficient_status,
        variance_type=variance,
        baseline=_baseline(likelihood, found.top.beta, means[kept]) if not found.top.infinite.any() else None,
    )


def _baseline(likelihood: SubdistributionLikelihood, beta: FloatArray, means: FloatArray) -> Baseline:
    hazard = np.cumsum(likelihood.baseline(beta)) * float(np.exp(-beta @ means))
    return Baseline((0,), (likelihood.time,), (hazard,))


@dataclass(frozen=True, slots=True, eq=False)
class SubdistributionRows:
    """(entry, time] rows with weights: a weighted Cox model on them is a Fine-Gray model. Arrays (r,)."""

    row: IntArray
    """Position of the participant in the input."""
    entry: FloatArray
    time: FloatArray
    event: IntArray
    weight: FloatArray

    def to_frame(self) -> "pl.DataFrame":
        """One line per row."""
        import polars as pl

        return pl.DataFrame({name: getattr(self, name) for name in ("row", "entry", "time", "event", "weight")})


def subdistribution_rows(
    time: ArrayLike,
    cause: ArrayLike,
    *,
    of_interest: int,
    causes: Sequence[int] | None = None,
    entry: ArrayLike | None = None,
) -> SubdistributionRows:
    """Expand competing-risks data so that those with a competing event stay at risk with falling weight.

    As R's survival::finegray (Geskus 2011): follow-up after a competing event is cut where the censoring
    distribution G (with delayed entry also that of entry, H) changes and an event of interest follows; each piece
    has weight G(t-)H(t-) relative to the first. G treats events as earlier than censorings on the same day, so that
    with ties the coefficients differ slightly from `fine_gray`. Use: cox(rows.time, rows.event, x[rows.row],
    entry=rows.entry, weights=rows.weight, cluster=rows.row, ties="breslow").
    Arguments as for `fine_gray`; InputError for arrays that cannot be worked on.
    """
    t = _validate.times(time)
    code = _validate.one_against_others(cause, of_interest, causes, t.size)
    starts = _validate.entries(entry, t)
    begin = np.full(t.size, 0.0 if not t.size or t.min() > 0 else -1.0) if starts is None else starts
    event_times = np.unique(t[code == 1])
    cut, probability = _left_probability(t, code, starts)
    out: list[tuple[int, float, float, int, float]] = []
    bounds = np.append(cut, t.max(initial=0.0))
    # A piece is kept apart only if an event of interest falls into it.
    useful = np.zeros(bounds.size, dtype=np.bool_)
    piece = np.searchsorted(bounds, event_times, side="left")
    useful[np.unique(piece)] = True
    for i in range(t.size):
        if code[i] != 2:
            out.append((i, begin[i], t[i], int(code[i] == 1), 1.0))
            continue
        here = int(np.searchsorted(bounds, t[i], side="left"))
        own = probability[here]
        if own <= 0 and useful[here + 1 :].any():
            raise InputError(
                f"entry: nobody was under observation just after {bounds[here]:g} or before it, so that position {i} "
                "cannot be weighted. Hint: begin follow-up where the risk set no longer empties."
            )
        out.append((i, begin[i], bounds[here], 0, 1.0))
        for k in range(here + 1, bounds.size):
            if useful[k]:
                out.append((i, bounds[k - 1], bounds[k], 0, probability[k] / own))
    columns = [np.array(values) for values in zip(*out, strict=True)] if out else [np.zeros(0)] * 5
    row, first, last, event, weight = columns
    return SubdistributionRows(
        row.astype(np.int64), first.astype(float), last.astype(float), event.astype(np.int64), weight.astype(float)
    )


def _left_probability(t: FloatArray, code: IntArray, starts: FloatArray | None) -> tuple[FloatArray, FloatArray]:
    """Cuts (c,) where the probability of being under observation changes; its value before, between, after them."""
    cut, censored = np.unique(t[code == 0], return_counts=True)
    at_risk = t.size - np.searchsorted(np.sort(t), cut, side="left")
    ending = np.sort(t[code > 0])
    gone = np.searchsorted(ending, cut, side="right") - np.searchsorted(ending, cut, side="left")
    if starts is not None:
        at_risk = at_risk - (t.size - np.searchsorted(np.sort(starts), cut, side="left"))
    free = np.append(1.0, np.cumprod(1 - censored / (at_risk - gone)))
    if starts is None or not t.size or starts.max() <= t.min():
        return cut, free
    entered, entering = np.unique(starts, return_counts=True)
    present = np.searchsorted(np.sort(starts), entered, side="right") - np.searchsorted(
        np.sort(t), entered, side="right"
    )
    # Probability of having entered by a time, backwards from the last entry (Geskus 2011).
    later = np.cumprod((1 - entering / present)[::-1])[::-1]
    have_entered = np.append(later[1:], 1.0)
    both = np.union1d(entered, cut)
    value = have_entered[np.searchsorted(entered, both, side="right") - 1]
    value = value * free[np.searchsorted(cut, both, side="right")]
    return both, np.append(1.0, value)
