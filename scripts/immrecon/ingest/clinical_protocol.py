"""Enrolled participants against the version of the protocol they were enrolled under. Flags: nobody is re-assigned."""

from collections.abc import Sequence

import polars as pl

from immrecon.config.extracts import Extract
from immrecon.config.record_checks import GroupLimits, ProtocolVersion
from immrecon.ingest.clinical_enrolment import Parts, ask_of_cells, cells_of, enrolled_by_record
from immrecon.ingest.clinical_queries import query
from immrecon.vocabulary import Severity

_WHICH = "Which of the two is right? If both, it is a deviation."


def protocol_queries(
    dm: pl.DataFrame,
    parts: Parts,
    sc: pl.DataFrame,
    extracts: Sequence[Extract],
    versions: Sequence[ProtocolVersion],
) -> list[pl.DataFrame]:
    """Queries on versions that are not configured, and on groups, ages and diagnoses that their version does not allow.

    `dm`, `sc`: harmonised; `parts`: the extracts of DM with their parsed rows; `extracts`: those of SC. A blank age or
    diagnosis is not compared.
    """
    if not versions:
        return []
    enrolled = dm.filter(enrolled_by_record())
    queries = _unknown(enrolled, parts, versions)
    for version in versions:
        under = enrolled.filter(pl.col("PROTVER") == version.code)
        queries += _groups(under, parts, version)
        for limits in version.groups:
            people = under.filter(pl.col("GROUP") == limits.group)
            queries += _ages(people, parts, version, limits)
            queries += _diagnoses(people, sc, extracts, version, limits)
    return queries


def _unknown(enrolled: pl.DataFrame, parts: Parts, versions: Sequence[ProtocolVersion]) -> list[pl.DataFrame]:
    rows = cells_of(enrolled, parts, "PROTVER")
    codes = [version.code for version in versions]
    hint = f"Configured: {', '.join(codes)}."
    fate = "Age and diagnosis are not checked against the protocol."
    kind = "protocol_version_unknown"
    absent = f"An enrolled participant without a version of the protocol. {fate}"
    other = f"Not one of the configured versions of the protocol. {fate}"
    return [
        *ask_of_cells(rows.filter(pl.col("PROTVER").is_null()), kind, absent, hint, Severity.WARNING),
        *ask_of_cells(rows.filter(~pl.col("PROTVER").is_in(codes)), kind, other, hint, Severity.WARNING),
    ]


def _groups(under: pl.DataFrame, parts: Parts, version: ProtocolVersion) -> list[pl.DataFrame]:
    codes = [limits.group for limits in version.groups]
    rows = cells_of(under, parts, "GROUP").filter(~pl.col("GROUP").is_in(codes))
    message = f"Version {version.code} of the protocol does not enrol this group; the enrolled group is kept."
    return ask_of_cells(rows, "group_outside_protocol", message, _WHICH, Severity.WARNING)


def _ages(people: pl.DataFrame, parts: Parts, version: ProtocolVersion, limits: GroupLimits) -> list[pl.DataFrame]:
    low, high = limits.min_age_years, limits.max_age_years
    too_young = pl.lit(value=False) if low is None else pl.col("AGE") < low
    too_old = pl.lit(value=False) if high is None else pl.col("AGE") >= high
    bounds = [f"from {low:g}" if low is not None else "", f"below {high:g}" if high is not None else ""]
    message = (
        f"Version {version.code} of the protocol enrols {limits.group} {' and '.join(filter(None, bounds))} years; "
        "the enrolled group is kept."
    )
    rows = cells_of(people, parts, "AGE").filter(too_young | too_old)
    return ask_of_cells(rows, "age_outside_protocol", message, _WHICH, Severity.WARNING)


def _diagnoses(
    people: pl.DataFrame,
    sc: pl.DataFrame,
    extracts: Sequence[Extract],
    version: ProtocolVersion,
    limits: GroupLimits,
) -> list[pl.DataFrame]:
    if limits.diagnoses is None:
        return []
    test, allowed = limits.diagnoses.test, limits.diagnoses.values
    columns = {use.file: result.column for use in extracts for result in use.results if result.test == test}
    rows = sc.filter((pl.col("SCTESTCD") == test) & ~pl.col("SCORRES").is_in(allowed)).join(
        people.select("USUBJID"), on="USUBJID", how="semi", maintain_order="left"
    )
    return [
        query(
            of_file,
            domain="SC",
            kind="diagnosis_outside_protocol",
            severity=Severity.WARNING,
            column=columns.get(str(file)),
            value=pl.col("SCORRES"),
            message=f"Version {version.code} of the protocol does not enrol {limits.group} with this diagnosis; "
            "the enrolled group is kept.",
            hint=f"Allowed: {', '.join(allowed)}. {_WHICH}",
        )
        for (file,), of_file in rows.group_by("SRCFILE", maintain_order=True)
    ]
