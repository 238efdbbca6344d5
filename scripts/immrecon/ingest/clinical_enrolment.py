"""Enrolment records against the configuration: groups, dose levels, ages and milestones that lose a participant."""

from collections.abc import Sequence

import polars as pl

from immrecon.config.extracts import Extract
from immrecon.config.study import DoseLevel, Group
from immrecon.ingest.clinical_cells import received
from immrecon.ingest.clinical_queries import SOURCE, query
from immrecon.vocabulary import Severity

Parts = Sequence[tuple[Extract, pl.DataFrame]]
_POOLED_ONLY = "The participant is counted in the results of all participants only."


def enrolment_queries(
    dm: pl.DataFrame, parts: Parts, groups: Sequence[Group], dose_levels: Sequence[DoseLevel]
) -> list[pl.DataFrame]:
    """Queries on the cells of enrolled participants that keep them out of a group, a dose level or the accrual.

    `dm`: harmonised DM; `parts`: the extracts of DM with their parsed rows, in the order in which values are taken.
    """
    enrolled = dm.filter(enrolled_by_record())
    return [
        *_group_queries(enrolled, parts, groups),
        *(_level_queries(enrolled, parts, dose_levels) if dose_levels else []),
        *_age_queries(enrolled, parts, groups),
        *_milestone_queries(dm, parts),
    ]


def _milestone_queries(dm: pl.DataFrame, parts: Parts) -> list[pl.DataFrame]:
    """Milestones without any day, of participants who got further. A date that could not be read has its own query."""
    later = transplanted_by_record() | injected_by_record()
    not_enrolled = cells_of(dm.filter(later & ~_given("ENRLDT", "ENRLHI")), parts, "ENRLDT")
    no_transplant = cells_of(dm.filter(injected_by_record() & ~transplanted_by_record()), parts, "HSCTDT")
    return [
        *ask_of_cells(
            not_enrolled,
            "enrolment_date_missing",
            "Transplanted or injected without a usable date of enrolment. The participant is counted as enrolled, and "
            "is missing from the accrual.",
            "Ask for the date of enrolment.",
        ),
        *ask_of_cells(
            no_transplant,
            "injection_without_transplant",
            "There is an injection and no usable date of a transplant. The participant is counted as transplanted and "
            "injected; no sample and no time to an event can be counted in days since transplant.",
            "Is the transplant record missing?",
        ),
    ]


def transplanted_by_record() -> pl.Expr:
    return _given("HSCTDT", "HSCTHI", "HSCTDY")


def injected_by_record() -> pl.Expr:
    return _given("TRTSDT", "TRTSHI", "TRTSDY")


def enrolled_by_record() -> pl.Expr:
    """A transplant or an injection implies an enrolment, whatever became of its date."""
    return _given("ENRLDT", "ENRLHI") | transplanted_by_record() | injected_by_record()


def _given(*columns: str) -> pl.Expr:
    return pl.any_horizontal(pl.col(name).is_not_null() for name in columns)


def cells_of(people: pl.DataFrame, parts: Parts, target: str) -> pl.DataFrame:
    """`people` with the place of the cell that gives the variable, its column (SRCCOL) and its text (TEXT).

    Where no cell gives it, the first cell that should; where no extract has a row of the participant, the row of DM.
    Nobody where no extract maps the variable: then there is no cell to ask about.
    """
    cells = [
        frame.select(
            *SOURCE,
            "USUBJID",
            pl.lit(extract.columns[target].column, dtype=pl.String).alias("SRCCOL"),
            received(extract.columns[target]).alias("TEXT"),
            pl.col(target).is_null().alias("EMPTY"),
        )
        for extract, frame in parts
        if target in extract.columns
    ]
    if not cells:
        people = people.clear()
    none = people.select(*SOURCE, "USUBJID", SRCCOL=pl.lit(None, dtype=pl.String), TEXT=pl.lit(None, dtype=pl.String))
    everything = pl.concat([*cells, none.with_columns(EMPTY=pl.lit(value=True))])
    first = everything.sort("EMPTY", maintain_order=True).unique("USUBJID", keep="first", maintain_order=True)
    return people.drop(SOURCE).join(first.drop("EMPTY"), on="USUBJID", how="left", maintain_order="left")


def ask_of_cells(
    rows: pl.DataFrame, kind: str, message: str, hint: str | None, severity: Severity = Severity.ERROR
) -> list[pl.DataFrame]:
    """One query per row of `cells_of`, by the column that the cell stands in."""
    return [
        query(
            of_column,
            domain="DM",
            kind=kind,
            severity=severity,
            column=None if column is None else str(column),
            value=pl.col("TEXT"),
            message=message,
            hint=hint,
        )
        for (column,), of_column in rows.group_by("SRCCOL", maintain_order=True)
    ]


def _group_queries(enrolled: pl.DataFrame, parts: Parts, groups: Sequence[Group]) -> list[pl.DataFrame]:
    rows = cells_of(enrolled, parts, "GROUP")
    known = [group.code for group in groups]
    hint = f"Configured: {', '.join(known)}."
    absent = f"An enrolled participant without a group. {_POOLED_ONLY}"
    other = f"Not one of the configured groups. {_POOLED_ONLY}"
    return [
        *ask_of_cells(rows.filter(pl.col("GROUP").is_null()), "group_missing", absent, hint),
        *ask_of_cells(rows.filter(~pl.col("GROUP").is_in(known)), "group_not_configured", other, hint),
    ]


def _level_queries(enrolled: pl.DataFrame, parts: Parts, levels: Sequence[DoseLevel]) -> list[pl.DataFrame]:
    """A level may be assigned after enrolment, but nobody is injected without one."""
    rows = cells_of(enrolled, parts, "DOSELVL")
    known = [level.code for level in levels]
    hint = f"Configured: {', '.join(known)}."
    absent = "An injected participant without a dose level, counted in the results of all levels only."
    other = "Not one of the configured dose levels. The participant is counted in the results of all levels only."
    return [
        *ask_of_cells(
            rows.filter(pl.col("DOSELVL").is_null() & injected_by_record()), "dose_level_missing", absent, hint
        ),
        *ask_of_cells(rows.filter(~pl.col("DOSELVL").is_in(known)), "dose_level_not_configured", other, hint),
    ]


def _age_queries(enrolled: pl.DataFrame, parts: Parts, groups: Sequence[Group]) -> list[pl.DataFrame]:
    """Ages that disagree with the enrolled group: flagged, because the enrolment record decides, not the age."""
    outside = pl.lit(value=False)
    for group in groups:
        low, high = group.min_age_years, group.max_age_years
        too_young = pl.lit(value=False) if low is None else pl.col("AGE") < low
        too_old = pl.lit(value=False) if high is None else pl.col("AGE") >= high
        outside |= (pl.col("GROUP") == group.code) & (too_young | too_old)
    message = "Age outside the limits configured for the enrolled group; the enrolled group is kept."
    rows = cells_of(enrolled, parts, "AGE").filter(outside)
    return ask_of_cells(rows, "age_outside_group", message, "Which of the two is right?", Severity.WARNING)
