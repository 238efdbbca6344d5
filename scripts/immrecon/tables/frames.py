"""Selection from result frames: strata in the order of the configuration, rows by key, one confidence level."""

from dataclasses import dataclass
from typing import Any

import polars as pl

from immrecon.config.display import DisplaySpec
from immrecon.config.study import DoseLevel, Group
from immrecon.errors import ContractError
from immrecon.tables.format import clean
from immrecon.tables.model import Cell
from immrecon.vocabulary import POOLED

Record = dict[str, Any]
ALL_PARTICIPANTS = "All participants"
ALL_LEVELS = "All levels"
NOT_CONFIGURED = "Missing or not configured"


@dataclass(frozen=True)
class Stratum:
    """Who a column or line is about; `group` and `dose_level` are codes as in the result frames, or "all"."""

    group: str
    dose_level: str
    label: str

    @property
    def key(self) -> tuple[str, str]:
        return (self.group, self.dose_level)

    @property
    def pooled(self) -> bool:
        return self.key == (POOLED, POOLED)

    def cell(self, *, repeated: bool = False) -> Cell:
        """The label of its lines; that of all together stands out."""
        return Cell(self.label, emphasis="strong" if self.pooled else "none", repeated=repeated)


def group_strata(frame: pl.DataFrame, spec: DisplaySpec) -> list[Stratum]:
    """Every configured group, then groups that only the data have, then all participants."""
    codes = _ordered(spec.groups, _codes(frame, "group", pl.col("dose_level") == POOLED))
    return [Stratum(code, POOLED, label) for code, label in codes] + [Stratum(POOLED, POOLED, ALL_PARTICIPANTS)]


def dose_strata(frame: pl.DataFrame, spec: DisplaySpec) -> list[Stratum]:
    """The dose levels of all groups together that the frame has rows for, in the order of the configuration."""
    return dose_strata_of(frame, spec, POOLED)


def dose_strata_of(frame: pl.DataFrame, spec: DisplaySpec, group: str | None) -> list[Stratum]:
    """The dose levels that the frame has rows for in one group, or in any (`group` None, then pooled strata)."""
    among = pl.lit(True) if group is None else pl.col("group") == group
    present = _codes(frame, "dose_level", among)
    codes = [(code, label) for code, label in _ordered(spec.dose_levels, present) if code in present]
    return [Stratum(POOLED if group is None else group, code, label) for code, label in codes]


def index(frame: pl.DataFrame, *columns: str) -> dict[tuple[Any, ...], Record]:
    """Rows by the values of `columns`. Raises ContractError when two rows have the same."""
    rows: dict[tuple[Any, ...], Record] = {}
    for row in frame.iter_rows(named=True):
        key = tuple(row[column] for column in columns)
        if key in rows:
            raise ContractError(f"two result rows for {', '.join(columns)} = {', '.join(map(str, key))}")
        rows[key] = row
    return rows


def distinct(frame: pl.DataFrame, column: str, *order: str) -> list[Any]:
    """The values of a column, once each, ordered by `order` and then by themselves."""
    values = frame.sort(*order, column)[column].to_list()
    return list(dict.fromkeys(value for value in values if value is not None))


def population_of(frame: pl.DataFrame, otherwise: str) -> str:
    """The population of the rows, in words."""
    names = distinct(frame, "population")
    return " / ".join(f"{str(name).capitalize()} participants" for name in names) or otherwise


def conf_level(frame: pl.DataFrame, spec: DisplaySpec) -> float:
    """The confidence level of the configuration. Raises ContractError when a row was made with another."""
    found = frame["conf_level"].drop_nulls().unique().sort().to_list()
    if any(abs(level - spec.conf_level) > 1e-12 for level in found):
        raise ContractError(f"confidence levels {found} in the results, {spec.conf_level} in the configuration")
    return spec.conf_level


def _codes(frame: pl.DataFrame, column: str, among: pl.Expr) -> list[str]:
    return frame.filter(among & (pl.col(column) != POOLED))[column].unique().sort().to_list()


def _ordered(configured: list[Group] | list[DoseLevel], present: list[str]) -> list[tuple[str, str]]:
    known = [(item.code, clean(item.label)) for item in configured]
    codes = {code for code, _ in known}
    return known + [(code, clean(code) or NOT_CONFIGURED) for code in present if code not in codes]
