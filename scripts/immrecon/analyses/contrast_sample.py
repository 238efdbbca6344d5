"""Who is compared: the participants of one endpoint with their level of a factor, and how rows about them begin."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from immrecon.analyses.baseline import characteristic_values
from immrecon.config.comparisons import DOSE_LEVEL, GROUP, Comparison, Gates
from immrecon.config.contrast_specs import ContrastSpec
from immrecon.config.endpoints import Endpoint
from immrecon.vocabulary import POOLED, Estimator, RowStatus

EVENT, COMPETING = 1, 2
Row = dict[str, Any]


@dataclass(frozen=True, eq=False)
class Sample:
    """One endpoint of one comparison. Arrays are (n,), participants at risk whose level is known, by USUBJID."""

    code: str
    comparison: Comparison
    order: int
    parameter: str
    endpoint: Endpoint
    spec: ContrastSpec
    levels: list[str]
    """Declared levels in their order; empty for a continuous characteristic."""
    time: NDArray[np.float64]
    cause: NDArray[np.int64]
    """0 censored, 1 event, 2 competing event."""
    level: NDArray[np.float64]
    """Position among the levels, or the value of a continuous characteristic in its units."""
    strata: np.ndarray | None
    start_day: float
    """Day of the clock from which everybody is followed."""
    n_left_out: int
    """At risk, but of no declared level."""
    left_out: str = "at risk of none of the levels, left out"
    entry: NDArray[np.float64] | None = None
    """Where a participant has several rows, or is at risk from a later day only: at risk on (entry, time]."""
    subject: NDArray[np.int64] | None = None
    """Whose rows they are, where a participant has several; None: one row each."""

    @property
    def gates(self) -> Gates:
        assert self.spec.comparisons is not None
        return self.spec.comparisons.gates

    @property
    def event(self) -> NDArray[np.int64]:
        found: NDArray[np.int64] = (self.cause == EVENT).astype(np.int64)
        return found

    @property
    def n_participants(self) -> int:
        return int(self.time.size if self.subject is None else np.unique(self.subject).size)

    @property
    def competes(self) -> bool:
        return self.endpoint.estimator is Estimator.AALEN_JOHANSEN

    @property
    def planned_events(self) -> int:
        return self.comparison.endpoints[self.parameter].planned_events

    @property
    def shown(self) -> bool:
        return self.comparison.p_values.shown

    @property
    def reference(self) -> int:
        """Position of the reference level."""
        assert self.comparison.reference is not None
        return self.levels.index(self.comparison.reference)

    def of(self, position: int) -> NDArray[np.bool_]:
        """(n,) whether a participant is of the level."""
        found: NDArray[np.bool_] = self.level == position
        return found

    def planned_n(self) -> int | None:
        """Planned size of the smallest group compared; None where it is not planned."""
        if self.comparison.factor != GROUP:
            return None
        planned = {group.code: group.planned_n for group in self.spec.groups}
        return min(planned[level] for level in self.levels)

    def row(self, measure: str, level: str, order: int, **more: Any) -> Row:
        """A row of CONTRASTS with everything that does not depend on the method."""
        return {
            "analysis": "estimate_contrasts",
            "comparison": self.code,
            "comparison_order": self.order,
            "parameter": self.parameter,
            "population": self.spec.endpoints.first_events[self.endpoint.first_event].population,
            "factor": self.comparison.factor,
            "level": level,
            "level_order": order,
            "reference": self.comparison.reference if level != POOLED else None,
            "stratified_by": "",
            "measure": measure,
            "horizon": "",
            "n": self.n_participants,
            "n_events": int(self.event.sum()),
            "conf_level": self.spec.methods.conf_level,
            "status": RowStatus.ESTIMATED,
        } | more

    def sides(self, position: int, until: float = float("inf")) -> Row:
        """Participants and events (to a day) of a level and of the reference."""
        by_day = (self.cause == EVENT) & (self.time <= until)
        mine, other = self.of(position), self.of(self.reference)
        return {
            "n_level": int(mine.sum()),
            "n_events_level": int((mine & by_day).sum()),
            "n_reference": int(other.sum()),
            "n_events_reference": int((other & by_day).sum()),
        }

    def remark(self, *parts: str | None) -> str | None:
        """Reasons in one line, and how many could not be placed."""
        left = f"{self.n_left_out} {self.left_out}" if self.n_left_out else None
        return "; ".join(part for part in (*parts, left) if part) or None


def absent(row: Row, method: str, reason: str | None) -> Row:
    """The row without an estimate."""
    return row | {"method": method, "status": RowStatus.NOT_ESTIMABLE, "reason": reason}


def make_sample(
    code: str, order: int, parameter: str, adtte: pl.DataFrame, people: pl.DataFrame, spec: ContrastSpec
) -> Sample:
    """`people` has USUBJID and FACTOR of the comparison."""
    assert spec.comparisons is not None
    comparison = spec.comparisons.comparisons[code]
    endpoint = spec.endpoints.endpoints[parameter]
    at_risk = adtte.filter(pl.col("PARAMCD") == parameter, pl.col("RISKFL") == "Y").join(
        people, on="USUBJID", how="left", maintain_order="left"
    )
    levels = levels_of(comparison, spec)
    known = pl.col("FACTOR").is_not_null() if comparison.kind == "continuous" else pl.col("FACTOR").is_in(levels)
    placed = at_risk.filter(known.fill_null(False)).sort("USUBJID")
    if comparison.kind == "continuous":
        level = placed["FACTOR"].to_numpy() / comparison.per_units
    else:
        level = np.array([levels.index(name) for name in placed["FACTOR"]], dtype=np.float64)
    landmark = spec.endpoints.first_events[endpoint.first_event].origin.landmark_day
    return Sample(
        code=code,
        comparison=comparison,
        order=order,
        parameter=parameter,
        endpoint=endpoint,
        spec=spec,
        levels=levels,
        time=placed["AVAL"].to_numpy(),
        cause=np.array([EVENT, 0, COMPETING])[placed["CNSR"].to_numpy()] if placed.height else np.zeros(0, dtype=int),
        level=level,
        strata=strata_of(comparison, placed),
        start_day=landmark or 0.0,
        n_left_out=at_risk.height - placed.height,
    )


def strata_of(comparison: Comparison, placed: pl.DataFrame) -> np.ndarray | None:
    """(n,) what participants are compared within; None: not stratified."""
    columns = {GROUP: "GROUP", DOSE_LEVEL: "DOSELVL"}
    by = [pl.col(columns[name]).fill_null("") for name in comparison.stratified_by]
    return placed.select(pl.concat_str(by, separator="\x1f").alias("S"))["S"].to_numpy() if by else None


def levels_of(comparison: Comparison, spec: ContrastSpec) -> list[str]:
    """Declared levels in their order, or all that the study configures."""
    if comparison.levels or comparison.kind == "continuous":
        return list(comparison.levels)
    return [item.code for item in (spec.groups if comparison.factor == GROUP else spec.dose_levels)]


def factor_of(comparison: Comparison, adsl: pl.DataFrame, sc: pl.DataFrame, spec: ContrastSpec) -> pl.DataFrame:
    """USUBJID and FACTOR, the participant's level or value; missing where it is not known by the cut-off."""
    if comparison.factor in (GROUP, DOSE_LEVEL):
        return adsl.select("USUBJID", FACTOR=pl.col("GROUP" if comparison.factor == GROUP else "DOSELVL"))
    item = next(item for item in spec.baseline if item.code == comparison.factor)
    values = characteristic_values(adsl, sc, item)
    return values.select("USUBJID", FACTOR=pl.col("NUMBER" if comparison.kind == "continuous" else "TEXT"))
