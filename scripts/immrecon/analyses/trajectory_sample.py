"""Which samples enter the models of counts over time, and until when each participant contributes."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from immrecon.analyses.strata import group_as_drawn
from immrecon.comparators import ABOVE_LIMIT, BELOW
from immrecon.config.trajectory import Trajectory
from immrecon.stats.longitudinal import natural_spline
from immrecon.vocabulary import POPULATION_FLAG

Numbers = NDArray[np.float64]
_NEVER = float("inf")


@dataclass(frozen=True)
class People:
    """Participants of the population: USUBJID, DISPID, GROUP, DOSELVL, END (first day of what ends sampling), SEEN."""

    frame: pl.DataFrame

    @property
    def n(self) -> int:
        return self.frame.height


@dataclass(frozen=True)
class Sample:
    """The n samples of one analyte that count, sorted by participant, day and record."""

    frame: pl.DataFrame
    """USUBJID, DISPID, GROUP, DOSELVL, ADY, SEQ, AVAL, LLOQ, BELOW, ABOVE, END, SEEN."""
    n_excluded: int
    n_not_positive: int

    @property
    def log_value(self) -> Numbers:
        """(n,) log10 of the value, or of the limit that it lies beyond."""
        return np.asarray(np.log10(self.frame["AVAL"].to_numpy()))

    @property
    def below(self) -> NDArray[np.bool_]:
        return self.frame["BELOW"].to_numpy().astype(bool)

    @property
    def above(self) -> NDArray[np.bool_]:
        return self.frame["ABOVE"].to_numpy().astype(bool)

    @property
    def measured(self) -> NDArray[np.bool_]:
        """(n,) neither below a limit nor above one."""
        return np.asarray(~(self.below | self.above))

    @property
    def root_day(self) -> Numbers:
        """(n,) the time scale of the models."""
        return np.asarray(np.sqrt(self.frame["ADY"].to_numpy()))

    def chosen(self, condition: pl.Expr) -> "Sample":
        return Sample(self.frame.filter(condition), self.n_excluded, self.n_not_positive)

    def imputed(self, share: float | None, value: float | None) -> Numbers:
        """(n,) log10, values below their limit replaced by a share of it, or by one value; above one, that limit."""
        instead = np.full(self.frame.height, value) if share is None else share * self.frame["AVAL"].to_numpy()
        return np.where(self.below, np.log10(instead), self.log_value)


def people(adsl: pl.DataFrame, adoc: pl.DataFrame, rule: Trajectory) -> People:
    """Everyone of the population, with the day from which on samples do not count and the last day seen alive."""
    ends = (
        adoc.filter(pl.col("OCCUR").is_in(rule.samples_end_at))
        .group_by("USUBJID", maintain_order=True)
        .agg(END=pl.col("DY").min())
    )
    population = adsl.filter(pl.col(POPULATION_FLAG[rule.population]) == "Y")
    return People(
        population.select("USUBJID", "DISPID", "GROUP", "DOSELVL", SEEN="LSTALVDY")
        .join(ends, on="USUBJID", how="left")
        .with_columns(pl.col("END").fill_null(_NEVER))
        .sort("USUBJID")
    )


def sample(adlb: pl.DataFrame, everyone: People, analyte: str, rule: Trajectory) -> Sample:
    """Usable samples (ANL02FL: of the living, by the cut-off) within the days of the model, before what ends sampling.

    A 0 is below the limit of quantification where that is known; without it, it has no logarithm and is left out.
    """
    limit_known = (pl.col("LLOQ") > 0).fill_null(False)
    usable = (
        adlb.filter(
            pl.col("PARAMCD") == analyte,
            pl.col("ANL02FL") == "Y",
            pl.col("ADY").is_between(rule.first_day, rule.last_day),
        )
        .select("USUBJID", "ADY", "ASEQ", "AVAL", "ACMP", "LLOQ")
        .join(everyone.frame, on="USUBJID", how="inner")
    )
    before = usable.filter(pl.col("ADY") < pl.col("END"))
    counted = (
        before.with_columns(
            BELOW=BELOW | ((pl.col("AVAL") <= 0) & limit_known),
            ABOVE=ABOVE_LIMIT,
            AVAL=pl.when((pl.col("AVAL") <= 0) & limit_known).then("LLOQ").otherwise("AVAL"),
        )
        .filter(pl.col("AVAL") > 0)
        .sort("USUBJID", "ADY", "ASEQ")
        .with_columns(SEQ=pl.int_range(pl.len()).over("USUBJID"), DRAWN=group_as_drawn())
    )
    return Sample(counted, usable.height - before.height, before.height - counted.height)


def curve(root_day: Numbers, rule: Trajectory) -> Numbers:
    """(n, k) column of ones and natural cubic spline of sqrt(day), which one curve needs."""
    boundary = [float(np.sqrt(day)) for day in rule.boundary_day]
    spline = natural_spline(root_day, knots=[float(np.sqrt(day)) for day in rule.knots_day], boundary=boundary)
    return np.column_stack((np.ones(root_day.size), spline))


def interacted(curves: Numbers, level: NDArray[np.int64], n_levels: int) -> Numbers:
    """(n, k n_levels): the curve of the first level, and for each further one what its curve differs by."""
    parts = [curves] + [curves * (level == number)[:, None] for number in range(1, n_levels)]
    return np.column_stack(parts)


@dataclass(frozen=True)
class Support:
    """Who contributes on a day, and how far the samples of a stratum reach; arrays by participant."""

    end: Numbers
    first: Numbers
    last: Numbers
    until: Numbers
    """The last day seen alive, or sampled."""

    def followed(self, day: float) -> int:
        """Participants alive and free of what ends sampling, as far as they have been followed."""
        return int(((self.until >= day) & (self.end > day)).sum())

    def sampled(self, day: float) -> int:
        """Participants with a sample that counts on the day or later."""
        return int((self.last >= day).sum())

    def why_not(self, day: float, at_most: float) -> str | None:
        """Why the curve is not read on a day, or None."""
        if not self.end.size:
            return "no sample that counts"
        first, last = self.first.min(), self.last.max()
        if day < first - at_most:
            return f"the first sample that counts is on day {first:g}"
        if day > last + at_most:
            return f"the last sample that counts is on day {last:g}"
        return None


NOBODY = Support(*[np.empty(0)] * 4)


def support(of_sample: Sample, condition: pl.Expr) -> Support:
    """Of the participants of a stratum who have samples."""
    frame = (
        of_sample.frame.filter(condition)
        .group_by("USUBJID", maintain_order=True)
        .agg(
            pl.col("END").first(),
            FIRST=pl.col("ADY").min(),
            LAST=pl.col("ADY").max(),
            UNTIL=pl.max_horizontal(pl.col("SEEN").first(), pl.col("ADY").max()),
        )
    )
    return Support(*(frame[name].to_numpy() for name in ("END", "FIRST", "LAST", "UNTIL")))


def drawn_days(rule: Trajectory, n: int) -> list[float]:
    """Whole days from the first boundary knot to the last day read, even on the scale of the model; with those read."""
    first, last = rule.boundary_day[0], max(rule.boundary_day[1], *rule.days)
    even = np.round(np.linspace(np.sqrt(first), np.sqrt(last), n) ** 2)
    return sorted({*even.tolist(), *map(float, rule.days)})


def known_levels(values: Sequence[str | None], codes: Sequence[str]) -> NDArray[np.int64]:
    """(n,) position of each value among the codes; -1 for none of them."""
    place = {code: index for index, code in enumerate(codes)}
    return np.array([place.get(value, -1) if value is not None else -1 for value in values], dtype=np.int64)
