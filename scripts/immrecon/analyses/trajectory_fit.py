"""The models of one analyte: by group, by dose level and without either; primary, and sensitivity beside it."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from typing import Literal

import numpy as np
import polars as pl

from immrecon.analyses.trajectory_sample import (
    Numbers,
    Sample,
    Support,
    curve,
    interacted,
    known_levels,
    support,
)
from immrecon.config.trajectory import Trajectory
from immrecon.stats.longitudinal import MixedModel, censored_mixed_model, mixed_models, random_slope_test
from immrecon.vocabulary import AnalysisRole, RowStatus

Terms = Literal["group", "dose_level", "none"]
COLUMN: dict[Terms, str] = {"group": "GROUP", "dose_level": "DOSELVL"}
PRIMARY = "beyond limits as such (censored)"
BETWEEN_WITHIN = "between-within"
SENSITIVITY_DF = ("kenward-roger", "satterthwaite")


@dataclass(frozen=True)
class Layout:
    """Which curves a model has: the levels that are in it, and why others are not."""

    terms: Terms
    levels: tuple[str, ...]
    left_out: dict[str, str]
    sample: Sample
    """Of the participants in it."""
    rule: Trajectory
    _curves: dict[tuple[float, ...], Numbers] = field(default_factory=dict, repr=False)

    @property
    def design(self) -> Numbers:
        """(n, p)"""
        root_day = self.sample.root_day
        if self.terms == "none":
            return curve(root_day, self.rule)
        of_row = known_levels(self.sample.frame[COLUMN[self.terms]].to_list(), self.levels)
        return interacted(curve(root_day, self.rule), of_row, len(self.levels))

    @property
    def curves(self) -> tuple[str | None, ...]:
        """The level of each curve; None is the one of all."""
        return (None,) if self.terms == "none" else self.levels

    def rows(self, level: str | None, days: list[float]) -> Numbers:
        """(k, p) rows of the design of one level on some days."""
        at = self._curves.get(tuple(days))
        if at is None:
            at = self._curves[tuple(days)] = curve(np.sqrt(np.array(days, dtype=float)), self.rule)
        if self.terms == "none":
            return at
        return interacted(at, np.full(len(days), self.levels.index(str(level)), dtype=np.int64), len(self.levels))

    @cached_property
    def support(self) -> dict[str | None, Support]:
        """Of every level that has a curve, or of all: who contributes until when."""
        return {level: support(self.sample, self._condition(level)) for level in self.curves}

    @cached_property
    def counts(self) -> dict[str | None, dict[str, int]]:
        """Of the same: participants and samples in the model."""
        parts = {level: self.sample.frame.filter(self._condition(level)) for level in self.curves}
        return {
            level: {
                "n_participants": part["USUBJID"].n_unique(),
                "n_samples": part.height,
                "n_below_limit": int(part["BELOW"].sum()),
            }
            for level, part in parts.items()
        }

    def _condition(self, level: str | None) -> pl.Expr:
        return pl.lit(True) if self.terms == "none" else pl.col(COLUMN[self.terms]) == level


@dataclass(frozen=True)
class SlopeChoice:
    """The locked rule of the random slope, applied."""

    kept: bool
    statistic: float
    p_value: float
    reason: str


@dataclass(frozen=True)
class Fitted:
    """One model with its labels; `fit` None: there is nothing to fit, for the reason."""

    approach: str
    order: int
    df_method: str
    role: AnalysisRole
    fit: MixedModel | None
    reason: str | None
    slope: SlopeChoice

    @property
    def status(self) -> RowStatus:
        estimated = self.fit is not None and self.fit.status == RowStatus.ESTIMATED
        return RowStatus.ESTIMATED if estimated else RowStatus.NOT_ESTIMABLE


def layout(of_analyte: Sample, terms: Terms, codes: list[str], rule: Trajectory) -> Layout:
    """Levels with enough participants, whose measured values determine a curve; the participants of these."""
    if terms == "none":
        return Layout(terms, (), {}, of_analyte, rule)
    left_out = {}
    for code in codes:
        own = of_analyte.chosen(pl.col(COLUMN[terms]) == code)
        n = own.frame["USUBJID"].n_unique()
        measured = curve(own.root_day[own.measured], rule)
        if n < rule.fewest_participants:
            left_out[code] = f"{n} participants with a sample that counts, fewer than {rule.fewest_participants}"
        elif np.linalg.matrix_rank(measured) < measured.shape[1]:
            left_out[code] = "the measured values lie on too few days to determine a curve"
    levels = tuple(code for code in codes if code not in left_out)
    inside = of_analyte.chosen(pl.col(COLUMN[terms]).is_in(levels))
    return Layout(terms, levels, left_out, inside, rule)


def fitted(which: Layout, conf_level: float) -> Iterator[Fitted]:
    """The primary model, and the sensitivity analyses with values in the place of those below a limit."""
    rule, data = which.rule, which.sample
    approaches = [(f"below limit as {share:g} x limit", share, None) for share in rule.imputed_shares_of_limit]
    approaches += [(f"below limit as {value:g}", None, value) for value in rule.imputed_values]  # type: ignore[misc]
    if (which.terms != "none" and not which.levels) or data.frame.is_empty():
        why = "no sample that counts" if data.frame.is_empty() and not which.left_out else "no level has a curve"
        nothing = SlopeChoice(False, np.nan, np.nan, why)
        yield Fitted(PRIMARY, 0, BETWEEN_WITHIN, AnalysisRole.PRIMARY, None, why, nothing)
        return
    below, above, x = data.below, data.above, which.design
    who = data.frame["USUBJID"].to_numpy()
    fit, slope = _primary(data, x, who, rule, conf_level)
    yield Fitted(PRIMARY, 0, BETWEEN_WITHIN, AnalysisRole.PRIMARY, fit, fit.reason, slope)
    again: tuple[MixedModel, ...] = ()
    for order, (name, share, value) in enumerate(approaches, start=1):
        if below.any() or not again:  # else nothing is replaced, and it is the same model
            again = mixed_models(
                data.imputed(share, value), x, who, slope=data.root_day if slope.kept else None, df=SENSITIVITY_DF,
                conf_level=conf_level,
            )  # fmt: skip
        for df, model in zip(SENSITIVITY_DF, again, strict=True):
            said = [
                model.reason,
                None if below.any() else "no value is below its limit: none is replaced",
                f"{above.sum()} above the upper limit of a method stand at it as if measured" if above.any() else None,
            ]
            reason = "; ".join(filter(None, said)) or None
            yield Fitted(name, order, df, AnalysisRole.SENSITIVITY, model, reason, slope)


def slope_rule(rule: Trajectory) -> str:
    """In words, when a random slope is kept."""
    if not rule.random_slope.tried:
        return "random intercept alone, as declared"
    return (
        f"random intercept; with a random slope on sqrt(day) if the likelihood-ratio test of the primary model gives "
        f"p < {rule.random_slope.p_below:g} (half chi-squared(1), half chi-squared(2)) and that model converges and is "
        "not singular; the sensitivity analyses follow the primary one"
    )


def _primary(
    data: Sample, x: Numbers, who: np.ndarray, rule: Trajectory, conf_level: float
) -> tuple[MixedModel, SlopeChoice]:
    y, below, above = data.log_value, data.below, data.above
    plain = censored_mixed_model(y, below, x, who, above=above, conf_level=conf_level)
    if not rule.random_slope.tried:
        return plain, SlopeChoice(False, np.nan, np.nan, "not tried")
    sloped = censored_mixed_model(y, below, x, who, above=above, slope=data.root_day, conf_level=conf_level)
    test = random_slope_test(plain, sloped)
    if test.status != RowStatus.ESTIMATED:
        return plain, SlopeChoice(False, np.nan, np.nan, f"not kept: no test ({test.reason})")
    supported = test.p_value < rule.random_slope.p_below
    if supported and sloped.singular:
        return plain, SlopeChoice(False, test.statistic, test.p_value, "not kept: the model with a slope is singular")
    if supported:
        return sloped, SlopeChoice(True, test.statistic, test.p_value, "kept: supported by the test")
    return plain, SlopeChoice(False, test.statistic, test.p_value, "not kept: not supported by the test")
