"""Parsed rows become the tables of the harmonised layer."""

from collections.abc import Sequence

import polars as pl

from immrecon.config.extracts import END, REQUIRED, START, TARGETS, Extract, Kind
from immrecon.contracts.harmonised import DM
from immrecon.contracts.io import validate
from immrecon.ingest.clinical_cells import CONTRACTS, Parsed, bounds_of, outputs_of, received
from immrecon.ingest.clinical_queries import SOURCE, query
from immrecon.ingest.clinical_source import cell
from immrecon.vocabulary import Severity

NOT_CODED = "NOT CODED"
"""Term of an adverse event that the coders have not reached: the event counts all the same."""


def usable(extract: Extract, parsed: Parsed) -> Parsed:
    """Rows that mean something in their domain: with their code and, for an event, with a day on which it happened.

    A death is kept without its day: whoever died must not be counted among the living.
    """
    frame, queries = parsed.frame, list(parsed.queries)
    for target in ("AEDECOD", "AEBODSYS"):
        if target in extract.columns:
            source = extract.columns[target]
            queries.append(
                query(
                    frame.filter(pl.col(target).is_null()),
                    domain=extract.domain,
                    kind="not_coded",
                    severity=Severity.WARNING,
                    column=source.column,
                    value=received(source),
                    message=f'{target} is missing. The event is kept as "{NOT_CODED}".',
                )
            )
            frame = frame.with_columns(pl.col(target).fill_null(NOT_CODED))
    codes = [name for name in REQUIRED[extract.domain] if TARGETS[extract.domain][name] is Kind.CODE]
    conditions = [pl.col(name).is_not_null() for name in codes]
    if extract.domain == "CE":
        dated = pl.any_horizontal(pl.col(name).is_not_null() for name in _start_of(extract))
        conditions.append(dated | (pl.col("CEDECOD") == "DEATH"))
    queries += _missing_ends(extract, frame)
    frame = _with_ending(extract, frame)
    return Parsed(frame.filter(pl.all_horizontal(pl.lit(True), *conditions)), queries)


def _start_of(extract: Extract) -> list[str]:
    mapped = [name for name in START[extract.domain] if name in extract.columns]
    return [bounds_of(name)[0] if name.endswith("DTC") else name for name in mapped]


def _missing_ends(extract: Extract, frame: pl.DataFrame) -> list[pl.DataFrame]:
    """Records that are said to be over, without the day on which they ended."""
    end = END[extract.domain]
    if not extract.ended or end is None:
        return []
    over = _said_to_be_over(extract)
    source = extract.columns[end]
    blank = pl.col(cell(source.column)).is_null() if source.column is not None else pl.lit(False)
    return [
        query(
            frame.filter(over & blank),
            domain=extract.domain,
            kind="end_missing",
            severity=Severity.WARNING,
            column=source.column,
            message="Recorded as over, without its end date. The end is unknown; it is not ongoing.",
            hint="Ask for the end date.",
        )
    ]


def _said_to_be_over(extract: Extract) -> pl.Expr:
    said = [pl.col(cell(name)).is_in(texts).fill_null(False) for name, texts in extract.ended.items()]
    return pl.any_horizontal(pl.lit(False), *said)


def _with_ending(extract: Extract, frame: pl.DataFrame) -> pl.DataFrame:
    """--ENRTPT: no end date means ongoing only where the source would otherwise say that it is over."""
    end = END[extract.domain]
    if end is None:
        return frame
    dated, written = pl.lit(False), pl.lit(False)
    if end in extract.columns:
        dated = pl.any_horizontal(pl.col(name).is_not_null() for name in bounds_of(end))
        written = received(extract.columns[end]).is_not_null()
    silent = written if extract.ended else pl.lit(True)
    ending = (
        pl.when(dated | _said_to_be_over(extract))
        .then(pl.lit("BEFORE"))
        .when(silent)
        .then(pl.lit("UNKNOWN"))
        .otherwise(pl.lit("ONGOING"))
    )
    return frame.with_columns(ending.alias(f"{extract.domain}ENRTPT"))


def table(domain: str, parts: Sequence[pl.DataFrame]) -> pl.DataFrame:
    """All rows of a domain that is numbered within participant (--SEQ), in the order of extracts and rows."""
    return validate(CONTRACTS[domain], numbered_rows(domain, parts))


def numbered_rows(domain: str, parts: Sequence[pl.DataFrame]) -> pl.DataFrame:
    """As `table`, before anything that is found by comparing domains: such variables are null."""
    contract = CONTRACTS[domain]
    columns = contract.schema.columns()
    sequence = f"{domain}SEQ"
    wanted = [name for name in columns if name != sequence]
    full = [_complete(part, domain, wanted) for part in parts]
    frame = pl.concat(full, how="vertical") if full else contract.schema.create_empty().drop(sequence)
    number = pl.int_range(1, pl.len() + 1, dtype=pl.Int64).over("USUBJID")
    return frame.with_columns(number.alias(sequence)).select(list(columns))


def _complete(part: pl.DataFrame, domain: str, wanted: Sequence[str]) -> pl.DataFrame:
    """The wanted columns, in the types of the contract; variables that no source fills are null."""
    columns = CONTRACTS[domain].schema.columns()
    absent = [pl.lit(None, dtype=columns[name].dtype).alias(name) for name in wanted if name not in part.columns]
    return part.with_columns(absent).select(wanted)


def characteristics(parts: Sequence[pl.DataFrame], queries: list[pl.DataFrame]) -> pl.DataFrame:
    """SC: the first value of each characteristic; another value given later is queried."""
    contract = CONTRACTS["SC"]
    wanted = list(contract.schema.columns())
    full = [_complete(part, "SC", wanted) for part in parts]
    frame = pl.concat(full, how="vertical") if full else contract.schema.create_empty()
    first = frame.with_columns(
        position=pl.int_range(pl.len()).over("USUBJID", "SCTESTCD"),
        kept=pl.col("SCORRES").first().over("USUBJID", "SCTESTCD"),
        kept_file=pl.col("SRCFILE").first().over("USUBJID", "SCTESTCD"),
        kept_row=pl.col("SRCROW").first().over("USUBJID", "SCTESTCD"),
    )
    queries.append(
        query(
            first.filter(pl.col("SCORRES") != pl.col("kept")),
            domain="SC",
            kind="value_conflict",
            severity=Severity.WARNING,
            value=pl.col("SCORRES"),
            message=pl.format('{} is "{}" in {} row {}, which is kept.', "SCTESTCD", "kept", "kept_file", "kept_row"),
            hint="Which of them is right?",
        )
    )
    return validate(contract, first.filter(pl.col("position") == 0).select(wanted))


def participants(
    parts: Sequence[tuple[Extract, pl.DataFrame]], study: str, queries: list[pl.DataFrame]
) -> pl.DataFrame:
    """DM: one row per participant of the roster; every variable from the first row that gives it.

    The row is traced to the roster. Another value given elsewhere is queried, and not used.
    """
    roster = pl.concat([frame.select(*SOURCE, "USUBJID") for extract, frame in parts if extract.roster])
    dm = roster.unique("USUBJID", keep="first", maintain_order=True).with_columns(STUDYID=pl.lit(study))
    for target in TARGETS["DM"]:
        outputs = outputs_of("DM", target)
        given = [_given(extract, frame, target, outputs) for extract, frame in parts if target in extract.columns]
        if given:
            kept = _first_given(pl.concat(given), target, outputs, queries)
            dm = dm.join(kept, on="USUBJID", how="left", maintain_order="left")
    for extract, frame in parts:
        queries.append(_repeated(extract, frame))
    return validate(DM, _complete(dm, "DM", DM.schema.column_names()))


def _given(extract: Extract, frame: pl.DataFrame, target: str, outputs: Sequence[str]) -> pl.DataFrame:
    source = extract.columns[target]
    given = pl.any_horizontal(pl.col(name).is_not_null() for name in outputs[:2])
    return frame.filter(given).select(
        *SOURCE,
        "USUBJID",
        *outputs,
        received(source).alias("text"),
        pl.lit(source.column, dtype=pl.String).alias("column"),
    )


def _first_given(given: pl.DataFrame, target: str, outputs: Sequence[str], queries: list[pl.DataFrame]) -> pl.DataFrame:
    # A complete date before a partial one; a partial one does not contradict it.
    given = given.sort(pl.col(outputs[0]).is_null(), maintain_order=True)
    compared = outputs[:1] if TARGETS["DM"][target] is Kind.DAY else outputs
    first = given.with_columns(
        *[pl.col(name).first().over("USUBJID").alias(f"kept_{name}") for name in outputs],
        kept_file=pl.col("SRCFILE").first().over("USUBJID"),
        kept_row=pl.col("SRCROW").first().over("USUBJID"),
    )
    differs = pl.any_horizontal(pl.col(name) != pl.col(f"kept_{name}") for name in compared)
    kept = pl.concat_str([pl.col(f"kept_{name}").cast(pl.String) for name in compared], separator=" to ")
    conflict = first.filter(differs)
    for (column,), rows in conflict.group_by("column", maintain_order=True):
        queries.append(
            query(
                rows,
                domain="DM",
                kind="value_conflict",
                severity=Severity.WARNING,
                column=None if column is None else str(column),
                value=pl.col("text"),
                message=pl.format(
                    "{} is {} in {} row {}, which is kept.", pl.lit(target), kept, "kept_file", "kept_row"
                ),
                hint="Which of them is right?",
            )
        )
    return first.unique("USUBJID", keep="first", maintain_order=True).select("USUBJID", *outputs)


def _repeated(extract: Extract, frame: pl.DataFrame) -> pl.DataFrame:
    """A second record where one per participant is expected."""
    first = frame.with_columns(first=pl.col("SRCROW").first().over("USUBJID"))
    again = first.filter((pl.col("SRCROW") != pl.col("first")) & pl.lit(not extract.distinct))
    return query(
        again,
        domain="DM",
        kind="participant_repeated",
        severity=Severity.WARNING,
        message=pl.format(
            "A second record of the participant of row {}. Only what that row leaves blank is taken.", "first"
        ),
        hint="One record per participant is expected here.",
    )
