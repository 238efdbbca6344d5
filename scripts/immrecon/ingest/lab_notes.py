"""What a reader of used results should know: nothing is wrong enough to withhold them."""

from collections.abc import Sequence

import polars as pl

from immrecon.config.dialect import Dialect
from immrecon.ingest.findings import Finding, listing, remarks, shown
from immrecon.ingest.lab_errors import place_of
from immrecon.ingest.lab_reference import unread_limits
from immrecon.ingest.lab_results import USED
from immrecon.ingest.lab_undeclared import Undeclared, UndeclaredVisit
from immrecon.ingest.readers.grid import Grid, Table
from immrecon.vocabulary import USED_FATES, Fate, Severity


def notes(frame: pl.DataFrame, dialect: Dialect) -> pl.DataFrame:
    """The listing of remarks on how used results were written. Needs ZERO: a 0 taken as below the limit."""
    found = [remarks(frame, finding, severity) for finding, severity in note_findings(dialect)]
    return pl.concat([listing([]), *found])


def note_findings(dialect: Dialect) -> list[tuple[Finding, Severity]]:
    """What is remarked on single used results."""
    columns = dialect.columns
    note, warning = Severity.NOTE, Severity.WARNING
    limit = shown("LBLLOQ")
    return [
        (
            Finding(
                "zero_censored",
                USED & pl.col("ZERO"),
                pl.format("A count of 0 is taken as below the limit of quantification, {} {}.", limit, "LBSTRESU"),
            ),
            note,
        ),
        (
            Finding(
                "below_lloq",
                (pl.col("FATE") == Fate.VALUE.value) & (pl.col("LBSTRESN") < pl.col("LBLLOQ")),
                pl.format("A plain number below the declared limit of quantification, {} {}.", limit, "LBSTRESU"),
                pl.lit("Used as written. Has the limit changed?"),
            ),
            note,
        ),
        (
            Finding(
                "precision_lost",
                USED & pl.col("ROUNDED"),
                pl.lit("The exponent hides digits of the number."),
                pl.lit("Ask for the number in full."),
            ),
            note,
        ),
        (
            Finding(
                "computed_cell",
                USED & pl.col("COMPUTED"),
                pl.lit("The result of a formula, not of a measurement."),
            ),
            note,
        ),
        (
            Finding(
                "code_missing",
                USED & (pl.col("LOINC") == "") & pl.col("DECLARED_LOINC").is_not_null(),
                pl.format("{} comes without its LOINC code. Used by its name and unit.", "NAME"),
                column=place_of(columns.loinc, dialect),
                value=pl.col("LOINC"),
            ),
            warning,
        ),
        (
            Finding(
                "time_midnight",
                USED & pl.col("MIDNIGHT"),
                pl.lit("Drawn at midnight: taken as no time entered. The date is used."),
                column=pl.col("DATECOL"),
                value=pl.col("DATETEXT"),
                scope="sample",
            ),
            note,
        ),
        *((finding, warning) for finding in _unread_dates(dialect)),
        (unread_limits(dialect), warning),
    ]


def _unread_dates(dialect: Dialect) -> list[Finding]:
    """Dates and times that only rank or check, and could not be read."""
    columns = dialect.columns
    received = columns.received.column if columns.received else None
    reported = columns.reported.column if columns.reported else None
    return [
        Finding(
            kind,
            USED & pl.col(f"{name}_PROBLEM").is_not_null(),
            pl.format('"{}" is not a {} as declared, and is left aside.', f"{name}TEXT", pl.lit(what)),
            column=place_of(head, dialect),
            value=pl.col(f"{name}TEXT"),
            scope="sample",
        )
        for kind, name, what, head in [
            ("received_unreadable", "RECEIVED", "date of receipt", received),
            ("reported_unreadable", "REPORTED", "date of report", reported),
            ("time_unreadable", "TIME", "time", columns.time),
        ]
    ]


def without_rows(table: Table) -> pl.DataFrame:
    """The listing of a table that has nothing below its header: empty where it has."""
    if not table.frame.is_empty():
        return listing([])
    where = "file" if table.sheet is None else "sheet"
    return listing(
        [
            {
                "SRCFILE": table.file,
                "SRCSHEET": table.sheet,
                "QUKIND": "no_result",
                "QUSEV": Severity.ERROR.value,
                "QUMSG": f"No result in the {where}: the header is there, and nothing below it.",
                "QUHINT": "Ask the sender whether the export is complete.",
                "QUNCELL": 0,
            }
        ]
    )


def undeclared_columns(table: Table, undeclared: Sequence[Undeclared]) -> pl.DataFrame:
    """The listing of columns that the dialect does not mention, each at its first filled cell."""
    return listing(
        [
            {
                "SRCFILE": table.file,
                "SRCSHEET": table.sheet,
                "SRCROW": one.first_row,
                "SRCCOL": one.head,
                "QUKIND": "column_undeclared",
                "QUSEV": Severity.WARNING.value,
                "QUMSG": f"The dialect does not mention this column. Its {one.n} filled cells are not read.",
                "QUHINT": "Declare it as an analyte, as not requested, or as ignored.",
                "QUNCELL": 0,
            }
            for one in undeclared
        ]
    )


def _results_below(visit: UndeclaredVisit) -> str:
    if visit.n == 1:
        return f"One result below it is not used, {visit.text} in row {visit.first}."
    rows = f"row {visit.first}" if visit.first == visit.last else f"rows {visit.first} to {visit.last}"
    return f"{visit.n} results below it are not used, in {rows}, the first being {visit.text}."


def undeclared_visits(table: Table, visits: Sequence[UndeclaredVisit]) -> pl.DataFrame:
    """The listing of columns of results whose visit the dialect does not know: none of them is used."""
    return listing(
        [
            {
                "SRCFILE": table.file,
                "SRCSHEET": table.sheet,
                "SRCCOL": visit.head,
                "QUVAL": visit.text,
                "QUKIND": "visit_undeclared",
                "QUSEV": Severity.ERROR.value,
                "QUMSG": f'The head "{visit.head}" is no visit as declared. {_results_below(visit)}',
                "QUHINT": "Correct the head, or declare it as a visit, or the column as ignored if it holds no result.",
                "QUNCELL": visit.n,
            }
            for visit in visits
        ]
    )


def undeclared_sheets(file: str, sheets: list[str]) -> pl.DataFrame:
    """The listing of sheets that the dialect does not mention."""
    return listing(
        [
            {
                "SRCFILE": file,
                "SRCSHEET": sheet,
                "QUKIND": "sheet_undeclared",
                "QUSEV": Severity.WARNING.value,
                "QUMSG": f'The dialect does not mention the sheet "{sheet}". It is not read.',
                "QUHINT": "Declare it under `layout.sheets` or `layout.sheets_ignored`.",
                "QUNCELL": 0,
            }
            for sheet in sheets
        ]
    )


def of_reader(grid: Grid) -> pl.DataFrame:
    """The listing of what the reader met and no row of the grid can show."""
    return listing(
        [
            {
                "SRCFILE": grid.file,
                "SRCSHEET": grid.sheet,
                "SRCROW": remark.row,
                "QUVAL": remark.text,
                "QUKIND": remark.kind,
                "QUSEV": remark.severity.value,
                "QUMSG": remark.message,
                "QUHINT": remark.hint,
                "QUNCELL": 0,
            }
            for remark in grid.remarks
        ]
    )


def changes_of_laboratory(lb: pl.DataFrame) -> pl.DataFrame:
    """The listing of samples measured by another laboratory than the participant's sample before. Needs all of LB."""
    if lb["LBNAM"].n_unique() < 2:
        return listing([])
    used = lb.filter(pl.col("LBFATE").is_in([fate.value for fate in USED_FATES]))
    samples = used.sort("USUBJID", "LBDT", "LBDY", "LBSEQ").unique(
        ["USUBJID", "LBDT", "LBDY", "LBNAM"], keep="first", maintain_order=True
    )
    finding = Finding(
        "laboratory_changed",
        pl.col("LBNAM") != pl.col("BEFORE"),
        pl.format("The sample before was measured by {}, this one by {}.", "BEFORE", "LBNAM"),
        pl.lit("Methods and limits may differ."),
        column=pl.lit(None, dtype=pl.String),
        value=pl.col("LBNAM"),
    )
    before = samples.with_columns(BEFORE=pl.col("LBNAM").shift(1).over("USUBJID"), ACCESSION=pl.col("LBREFID"))
    return remarks(before, finding, Severity.NOTE)
