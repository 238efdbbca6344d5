"""Which groups and dose levels results are given for."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import polars as pl

from immrecon.config.study import DoseLevel, Group, Methods
from immrecon.vocabulary import POOLED

NOWHERE = ""
"""Value of `group` and `dose_level` of participants whose own is missing, or not in the configuration."""


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


def strata(groups: Sequence[Group], dose_levels: Sequence[DoseLevel]) -> Iterator[Stratum]:
    """Each group, all together, each dose level over all groups and within each group."""
    planned = {group.code: group.planned_n for group in groups}
    yield from _strata(planned, planned.values(), [level.code for level in dose_levels])


def strata_of_everyone(
    people: pl.DataFrame, groups: Sequence[Group], dose_levels: Sequence[DoseLevel]
) -> Iterator[Stratum]:
    """The strata above, and one for the enrolled who are in none of the groups or levels, so that totals add up.

    `people` are participants as `placed` gives them.
    """
    planned: dict[str, int | None] = {group.code: group.planned_n for group in groups}
    levels = [level.code for level in dose_levels]
    enrolled = people.filter(pl.col("ENRLFL") == "Y")
    if (enrolled["GROUP"] == NOWHERE).any():
        planned[NOWHERE] = None
    if levels and (enrolled["DOSELVL"] == NOWHERE).any():
        levels.append(NOWHERE)
    yield from _strata(planned, [group.planned_n for group in groups], levels)


def _strata(
    planned: Mapping[str, int | None], planned_in_total: Iterable[int], levels: Sequence[str]
) -> Iterator[Stratum]:
    for group, planned_n in planned.items():
        yield Stratum(group, POOLED, planned_n)
    yield Stratum(POOLED, POOLED, sum(planned_in_total))
    for level in levels:
        yield Stratum(POOLED, level, None)
        for group in planned:
            yield Stratum(group, level, None)


def placed(people: pl.DataFrame, groups: Sequence[Group], dose_levels: Sequence[DoseLevel]) -> pl.DataFrame:
    """The participants with GROUP and DOSELVL empty where the record has none, or one that is not configured."""
    return people.with_columns(
        _known("GROUP", [group.code for group in groups]), _known("DOSELVL", [level.code for level in dose_levels])
    )


def _known(column: str, codes: Sequence[str]) -> pl.Expr:
    return pl.when(pl.col(column).is_in(codes)).then(pl.col(column)).otherwise(pl.lit(NOWHERE)).alias(column)


def group_as_drawn() -> pl.Expr:
    """GROUP of a participant who is shown one by one: as recorded, empty for none. Nobody's group is "all"."""
    return pl.when(pl.col("GROUP") != POOLED).then(pl.col("GROUP")).otherwise(pl.lit(NOWHERE))


def still_followed() -> pl.Expr:
    """Neither a death nor a withdrawal is recorded, with or without a date."""
    alive = (pl.col("DTHFL") == "N") & (pl.col("DTHUNFL") == "N")
    return alive & pl.col("WDDT").is_null() & (pl.col("WDUNFL") == "N")
