"""What the models say on a day: geometric means of each curve, and ratios between groups."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from immrecon.analyses.trajectory_fit import Fitted, Layout
from immrecon.analyses.trajectory_sample import NOBODY, Support
from immrecon.config.trajectory import Trajectory
from immrecon.config.trajectory_specs import TrajectorySpec
from immrecon.stats.longitudinal import MarginalMeans
from immrecon.vocabulary import POOLED, RowStatus, TrajectoryMeasure

LIKELIHOOD = {
    "censored-mixed-ml": "linear mixed model of log10 counts, values beyond a limit as such, maximum likelihood",
    "linear-mixed-ml": "linear mixed model of log10 counts, maximum likelihood",
    "linear-mixed-reml": "linear mixed model of log10 counts, REML",
}
_NO_MODEL = "linear mixed model of log10 counts"

Row = dict[str, object]


@dataclass(frozen=True)
class Reading:
    """One fitted model of one analyte, and everything that stands beside its numbers."""

    analyte: str
    order: int
    spec: TrajectorySpec
    rule: Trajectory
    which: Layout
    one: Fitted

    @property
    def method(self) -> str:
        fit = self.one.fit
        if fit is None:
            return _NO_MODEL
        slope = "random intercept and slope" if len(fit.random_names) == 2 else "random intercept"
        return f"{LIKELIHOOD[fit.method]}, {slope}"

    @property
    def conf_type(self) -> str:
        return f"t, {self.one.df_method} degrees of freedom"

    def stratum(self, level: str | None) -> Row:
        terms = self.which.terms
        return {
            "group": level if terms == "group" else POOLED,
            "dose_level": level if terms == "dose_level" else POOLED,
        }

    def why_not(self, level: str | None) -> str | None:
        """Why the model has no curve of a level, or None."""
        if level in self.which.left_out:
            return self.which.left_out[str(level)]
        return None if self.one.status == RowStatus.ESTIMATED else self.one.reason

    def shared(self) -> Row:
        return {
            "parameter": self.analyte,
            "population": self.rule.population,
            "method": self.method,
            "conf_type": self.conf_type,
            "conf_level": self.spec.methods.conf_level,
        }


@dataclass(frozen=True)
class _Level:
    """One curve: its numbers on the days asked for, or why there are none."""

    reading: Reading
    level: str | None
    days: list[float]

    @cached_property
    def support(self) -> Support:
        return self.reading.which.support.get(self.level, NOBODY)

    @property
    def counts(self) -> dict[str, int]:
        """Participants and samples in the model."""
        none = dict.fromkeys(("n_participants", "n_samples", "n_below_limit"), 0)
        return self.reading.which.counts.get(self.level, none)

    @cached_property
    def means(self) -> MarginalMeans | None:
        fit = self.reading.one.fit
        if fit is None or self.reading.why_not(self.level) is not None:
            return None
        return fit.at(self.reading.which.rows(self.level, self.days))

    def why_not(self, day: float) -> str | None:
        at_most = self.reading.rule.beyond_samples_at_most_days
        return self.reading.why_not(self.level) or self.support.why_not(day, at_most)

    def few(self, day: float) -> str | None:
        """That the curve rests on few on that day, and on the model for the others."""
        enough = self.reading.spec.methods.few_at_risk
        if self.support.sampled(day) >= enough:
            return None
        return f"fewer than {enough} sampled on the day or later: it rests on the model"

    def note(self, day: float) -> str | None:
        return _joined(None if self.reading.one.fit is None else self.reading.one.fit.reason, self.few(day))


def _levels(codes: list[str]) -> list[str | None]:
    """The levels of a model; of one curve, the one without a name."""
    return [*codes] or [None]


def curve_rows(reading: Reading, codes: list[str], days: list[float]) -> Iterator[Row]:
    """Each curve of the model on the days that are drawn."""
    for level in _levels(codes):
        own = _Level(reading, level, days)
        for place, day in enumerate(days):
            yield (
                reading.shared()
                | reading.stratum(level)
                | {
                    "measure": TrajectoryMeasure.GEOMETRIC_MEAN,
                    "time_day": day,
                    "unit": reading.spec.units[reading.analyte],
                    "n": own.support.followed(day),
                    "n_sampled": own.support.sampled(day),
                    "few_sampled": own.few(day) is not None,
                    **_numbers(own.means, place, own.why_not(day), own.note(day), full=False),
                }
            )


def estimate_rows(reading: Reading, codes: list[str]) -> Iterator[Row]:
    """Each curve on the declared days, and the groups over the reference."""
    days, rule = list(map(float, reading.rule.days)), reading.rule
    levels = {level: _Level(reading, level, days) for level in _levels(codes)}
    for own in levels.values():
        for place, day in enumerate(days):
            yield _labels(reading, own, day) | {
                "measure": TrajectoryMeasure.GEOMETRIC_MEAN,
                "reference": "",
                "unit": reading.spec.units[reading.analyte],
                "n_reference": None,
                **_numbers(own.means, place, own.why_not(day), own.note(day)),
                "p_value": None,
            }
    reference = rule.reference_group
    if reading.which.terms != "group" or reference is None:
        return
    for level, own in levels.items():
        if level != reference:
            yield from _ratios(reading, own, levels[reference], days)


def _ratios(reading: Reading, own: _Level, reference: _Level, days: list[float]) -> Iterator[Row]:
    which, fit = reading.which, reading.one.fit
    ratio = None
    if fit is not None and own.means is not None and reference.means is not None:
        ratio = fit.contrast(which.rows(own.level, days) - which.rows(reference.level, days))
    for place, day in enumerate(days):
        why = next(
            (f"{side.level}: {said}" for side in (own, reference) if (said := side.why_not(day)) is not None), None
        )
        shown = reading.rule.p_values.shown and ratio is not None and why is None
        yield _labels(reading, own, day) | {
            "measure": TrajectoryMeasure.RATIO,
            "reference": reference.level,
            "unit": "1",
            "n_reference": reference.support.followed(day),
            **_numbers(ratio, place, why, _joined(own.note(day), reference.few(day))),
            "p_value": float(ratio.p_value[place]) if shown and ratio is not None else None,
        }


def _labels(reading: Reading, own: _Level, day: float) -> Row:
    one = reading.one
    return (
        reading.shared()
        | reading.stratum(own.level)
        | own.counts
        | {
            "parameter_order": reading.order,
            "time_day": day,
            "approach": one.approach,
            "approach_order": one.order,
            "df_method": one.df_method,
            "role": one.role,
            "n": own.support.followed(day),
            "n_sampled": own.support.sampled(day),
        }
    )


def _numbers(found: MarginalMeans | None, place: int, why: str | None, note: str | None, *, full: bool = True) -> Row:
    """Estimate and limits as counts or ratios: 10 to the power of what the model has."""
    if found is None or why is not None:
        row: Row = dict.fromkeys(("estimate", "conf_low", "conf_high"))
        row |= {"status": RowStatus.NOT_ESTIMABLE, "reason": why}
        return row | (dict.fromkeys(("std_error", "df")) if full else {})
    row = {
        "estimate": float(10 ** found.estimate[place]),
        "conf_low": float(10 ** found.conf_low[place]),
        "conf_high": float(10 ** found.conf_high[place]),
        "status": RowStatus.ESTIMATED,
        "reason": note,
    }
    return row | ({"std_error": float(found.std_error[place]), "df": _finite(float(found.df[place]))} if full else {})


def _joined(*parts: str | None) -> str | None:
    return "; ".join(dict.fromkeys(filter(None, parts))) or None


def _finite(value: float) -> float | None:
    return value if np.isfinite(value) else None
