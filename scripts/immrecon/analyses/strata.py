"""Which groups and dose levels results are given for."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import polars as pl

from immrecon.config.study import DoseLevel, Group, Methods
from immrecon.vocabulary import POOLED


@dataclass(frozen=True)
class Stratum:
    group: str
    dose_level: str
    planned_n: int | None
    """Planned size; not known for a dose level, which is never larger than its groups."""

    def rows(self) -> pl.Expr:
        """Participant-level rows (columns GROUP, DOSELVL) of the stratum."""
        condition = pl.lit(True)
        if self.group != POOLED:
            condition &= pl.col("GROUP") == self.group
        if self.dose_level != POOLED:
            condition &= pl.col("DOSELVL") == self.dose_level
        return condition

    def columns(self) -> dict[str, str]:
        return {"group": self.group, "dose_level": self.dose_level}

    def survival_conf_type(self, methods: Methods) -> str:
        """The interval that the planned size decides, locked between cuts (never the number seen so far)."""
        small = self.planned_n is None or self.planned_n < methods.small_planned_size_below
        return methods.small_conf_type if small else methods.large_conf_type


def strata(groups: Sequence[Group], dose_levels: Sequence[DoseLevel], *, by_dose: bool = True) -> Iterator[Stratum]:
    """Each group, all together, and, if asked for, each dose level over all groups and within each group."""
    for group in groups:
        yield Stratum(group.code, POOLED, group.planned_n)
    yield Stratum(POOLED, POOLED, sum(group.planned_n for group in groups))
    if by_dose:
        for level in dose_levels:
            yield Stratum(POOLED, level.code, None)
            for group in groups:
                yield Stratum(group.code, level.code, None)
