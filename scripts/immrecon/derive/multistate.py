"""Courses through states: from when to when each participant was in which, and which record ended it."""

from collections.abc import Mapping

import polars as pl

from immrecon.config.endpoints import EndpointsFile
from immrecon.config.first_event import FirstEvent
from immrecon.config.multistate import MultiState
from immrecon.contracts.analysis import ADMS

_OF_PERSON = ("USUBJID", "DISPID", "GROUP", "DOSELVL", "STARTDT", "STARTDY", "RISKFL", "NRISKREA")
_SOURCE = ("ADT", "ADTF", "SRCDOM", "SRCVAR", "SRCSEQ")


def multistate_variables(endpoints: EndpointsFile) -> dict[str, FirstEvent]:
    """Per course and state the first-event variable of everything that leads into a state.

    That of the first state says who is at risk, each of them how far follow-up in its state is documented.
    """
    return {
        variable_of(name, state): FirstEvent(
            population=course.population,
            origin=course.origin,
            causes=course.causes(),
            follow_up=rule.follow_up or course.follow_up,
            horizon_day=course.horizon_day,
        )
        for name, course in endpoints.multistate.items()
        for state, rule in course.states.items()
        if state not in course.absorbing()
    }


def variable_of(course: str, state: str) -> str:
    return f"{course}:{state}"


def state_intervals(
    name: str, course: MultiState, followed: Mapping[str, pl.DataFrame], occurrences: pl.DataFrame
) -> pl.DataFrame:
    """ADMS rows of one course, from its first-event variables and every occurrence (columns CAUSE, DY and source).

    A participant moves to the state whose occurrence comes first on or after the day on which the current state was
    entered, on one day to the state declared first; passing through a state on one day leaves an interval of length 0.
    Without a further move follow-up ends at the last record that documents it in that state (or on the day it was
    entered, if that is later), at the latest at the horizon. Whoever is not at risk has one row, of length 0.
    """
    horizon = pl.lit(course.horizon_day if course.horizon_day is not None else float("inf"))
    people = followed[variable_of(name, course.initial)].select(*_OF_PERSON, TSTART="AENTRY")
    people = people.with_columns(FROMST=pl.lit(course.initial), INTSEQ=pl.lit(1, dtype=pl.Int64))
    documented = pl.concat(
        followed[variable_of(name, state)].select("USUBJID", "LASTT", FROMST=pl.lit(state))
        for state in course.states
        if state not in course.absorbing()
    )
    moves = _moves(course, people, occurrences, horizon)
    current = people.filter(pl.col("RISKFL") == "Y")
    intervals = [people.filter(pl.col("RISKFL") == "N").with_columns(TSTOP="TSTART")]
    for _ in course.states:
        rows = (
            current.join(documented, on=["USUBJID", "FROMST"], how="inner")  # nothing leads out of other states
            .join(_next(current, moves), on="USUBJID", how="left")
            .with_columns(TSTOP=pl.coalesce("TSTOP", pl.max_horizontal("TSTART", pl.min_horizontal("LASTT", horizon))))
        )
        intervals.append(rows)
        current = rows.filter(pl.col("TOST").is_not_null()).select(
            *_OF_PERSON, TSTART="TSTOP", FROMST="TOST", INTSEQ=pl.col("INTSEQ") + 1
        )
    ended = pl.concat(intervals, how="diagonal").with_columns(
        COURSE=pl.lit(name), ADT=pl.coalesce("ADT", _date_of("TSTOP"))
    )
    return ended.select(ADMS.schema.column_names())


def _moves(course: MultiState, people: pl.DataFrame, occurrences: pl.DataFrame, horizon: pl.Expr) -> pl.DataFrame:
    """Every occurrence that leads from a state into another, with its day on the course's clock."""
    allowed = pl.DataFrame(
        [
            {"CAUSE": cause, "FROMST": origin, "TOST": name, "ORDER": order}
            for order, (name, state) in enumerate(course.states.items())
            for cause in state.entered_by
            for origin in state.out_of
        ],
        schema={"CAUSE": pl.String, "FROMST": pl.String, "TOST": pl.String, "ORDER": pl.Int64},
    )
    return (
        occurrences.join(people.select("USUBJID", "STARTDY"), on="USUBJID", how="inner")
        .with_columns(TSTOP=pl.col("DY") - pl.col("STARTDY"))
        .filter(pl.col("TSTOP") <= horizon)
        .join(allowed, on="CAUSE", how="inner")
        .select("USUBJID", "FROMST", "TOST", "ORDER", "TSTOP", "CAUSE", "OCCSEQ", *_SOURCE)
    )


def _next(current: pl.DataFrame, moves: pl.DataFrame) -> pl.DataFrame:
    """The first move out of each participant's current state."""
    return (
        current.select("USUBJID", "FROMST", "TSTART")
        .join(moves, on=["USUBJID", "FROMST"], how="inner")
        .filter(pl.col("TSTOP") >= pl.col("TSTART"))
        .sort("USUBJID", "TSTOP", "ORDER", "CAUSE", "OCCSEQ")
        .group_by("USUBJID", maintain_order=True)
        .first()
        .select("USUBJID", "TOST", "TSTOP", "CAUSE", *_SOURCE)
    )


def _date_of(column: str) -> pl.Expr:
    """The calendar date of a whole number of days on the clock."""
    days = pl.col(column).round(0)
    return pl.when(days == pl.col(column)).then(pl.col("STARTDT") + pl.duration(days=days))
