"""Rows of clinical extracts: read as text, chosen as declared, attributed to a participant, each once."""

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import polars as pl

from immrecon.config.extracts import START, TARGETS, Extract, ExtractsFile, Format, Kind
from immrecon.config.source_format import Layout
from immrecon.errors import SourceError
from immrecon.ingest import identity
from immrecon.ingest.clinical_queries import ABOUT, place, query
from immrecon.ingest.readers import Grid, Table, read_grids, to_table
from immrecon.ingest.readers.cells import NumberCells
from immrecon.ingest.readers.grid import ROW, clean_head
from immrecon.vocabulary import Severity

_LIKELY = pl.format("Likely {}; correct it at the source.", "likely")
_HINTS = {
    identity.BLANK: None,
    identity.MALFORMED: _LIKELY,
    identity.UNKNOWN: pl.concat_str(
        _LIKELY, pl.lit("If it is right, its enrolment record is missing."), separator=" ", ignore_nulls=True
    ),
}


@dataclass(frozen=True)
class Rows:
    """Rows of one extract that may be used, the queries on those that may not, and what became of all of them.

    `frame` has SRCFILE, SRCSHEET, SRCROW, USUBJID and the source cells by `cell(name)`: trimmed text, null if blank.
    """

    frame: pl.DataFrame
    queries: list[pl.DataFrame]
    counts: dict[str, int]


def cell(column: str) -> str:
    """Name of a source column within the frames of this step, apart from every variable of a domain."""
    return f"source:{clean_head(column)}"


class Files:
    """The files of a cut, each read once and checked for the columns of all extracts that use it."""

    def __init__(self, extracts: ExtractsFile, folder: Path) -> None:
        self._formats = extracts.formats
        self._folder = folder
        self._uses: dict[tuple[str, str | None], list[Extract]] = {}
        for extract in extracts.extracts:
            self._uses.setdefault((extract.file, extract.sheet), []).append(extract)
        self._grids: dict[str, dict[str | None, Grid]] = {}
        self._frames: dict[tuple[str, str | None], pl.DataFrame] = {}
        self.queries: list[pl.DataFrame] = []

    def rows_of(self, extract: Extract) -> pl.DataFrame:
        """All data rows of the extract's file, with `ragged` telling rows whose cells may have shifted.

        Raises SourceError: no such file, not readable as declared, empty, a column missing.
        """
        key = (extract.file, extract.sheet)
        if key not in self._frames:
            self._frames[key] = self._read(extract)
        return self._frames[key]

    def _read(self, extract: Extract) -> pl.DataFrame:
        form = self._formats[extract.format]
        uses = self._uses[extract.file, extract.sheet]
        required = list(dict.fromkeys(name for use in uses for name in use.source_columns))
        grid, overflowing = _without_overflow(self._grid(extract, form), form.layout)
        table = to_table(grid, form.layout, required)
        ragged = [*table.ragged[ROW], *overflowing]
        if table.frame.is_empty():
            self.queries.append(
                query(
                    place(table.file, table.sheet),
                    domain=extract.domain,
                    kind="no_record",
                    severity=Severity.WARNING,
                    message="No record in it: the header is there, and nothing below it.",
                    hint="Ask the sender whether the extract is complete.",
                )
            )
        self._report_unmapped(table, extract, required + [name for use in uses for name in use.unused])
        blanks = ["", *form.blanks]
        text = [pl.col(name).str.strip_chars().alias(cell(name)) for name in table.heads]
        frame = table.frame.select(
            pl.lit(table.file).alias("SRCFILE"),
            pl.lit(table.sheet, dtype=pl.String).alias("SRCSHEET"),
            pl.col(ROW).alias("SRCROW"),
            pl.col(ROW).is_in(ragged).alias("ragged"),
            *text,
        )
        return frame.with_columns(
            pl.when(~pl.col(name).is_in(blanks)).then(pl.col(name)).alias(name) for name in map(cell, table.heads)
        )

    def _grid(self, extract: Extract, form: Format) -> Grid:
        if extract.file not in self._grids:
            if not (self._folder / extract.file).is_file():
                raise SourceError(
                    f"{self._folder / extract.file}: no such file; {extract.domain} is read from it. "
                    "Ask the sender for it, or remove its extracts from the clinical configuration."
                )
            grids, unmentioned = read_grids(self._folder, extract.file, form.layout, NumberCells(words=False))
            self._grids[extract.file] = {grid.sheet: grid for grid in grids}
            for sheet in unmentioned:
                self.queries.append(
                    query(
                        place(extract.file, sheet),
                        domain=extract.domain,
                        kind="sheet_not_mapped",
                        severity=Severity.NOTE,
                        message="No extract reads this sheet.",
                        hint='Map it, or name it under "sheets_ignored".',
                    )
                )
        return self._grids[extract.file][extract.sheet]

    def _report_unmapped(self, table: Table, extract: Extract, known: Iterable[str]) -> None:
        heads = {clean_head(name) for name in known}
        for head in table.heads:
            if head not in heads:
                self.queries.append(
                    query(
                        place(table.file, table.sheet),
                        domain=extract.domain,
                        kind="column_not_mapped",
                        severity=Severity.NOTE,
                        column=head,
                        message="No extract reads this column.",
                        hint='Map it, or name it under "unused".',
                    )
                )


def _without_overflow(grid: Grid, layout: Layout) -> tuple[Grid, list[int]]:
    """The grid without cells beyond its heads, and the rows in which such cells mean that others have shifted.

    A delimiter at the end of every row is harmless. A row with more cells than the others is not, even when its last
    cells are blank: an unquoted delimiter pushes blank cells out at the end.
    """
    filled = [next((len(row) - i for i, text in enumerate(reversed(row)) if text.strip()), 0) for row in grid.rows]
    heads = max((n for number, n in zip(grid.numbers, filled, strict=True) if number in layout.header_rows), default=0)
    if heads == 0:
        return grid, []
    # In a workbook a cell has its place, and a blank one beyond the table is formatting.
    lengths = filled if grid.sheet is not None else [len(row) for row in grid.rows]
    most = max(heads, min(pl.Series(lengths, dtype=pl.Int64).mode().to_list(), default=0))
    overflowing = [
        number for number, length, n in zip(grid.numbers, lengths, filled, strict=True) if n > heads or length > most
    ]
    return replace(grid, rows=[row[:heads] for row in grid.rows]), overflowing


def choose(extract: Extract, everything: pl.DataFrame, known: Collection[str] | None) -> Rows:
    """The rows of an extract that belong to a participant, once each.

    `known` are the participants of the study; None while the rows that define them are read.
    """
    domain = extract.domain
    numbered = everything.with_columns(_about(extract)).with_row_index("position", offset=1)
    wanted = numbered.filter(_condition(extract))
    counts = {"n_read": everything.height, "n_filtered": everything.height - wanted.height}
    queries = [
        query(
            wanted.filter("ragged"),
            domain=domain,
            kind="row_ragged",
            severity=Severity.ERROR,
            message="The row has more or fewer cells than the header: its cells may have shifted. The row is withheld.",
            hint="Look for an unquoted delimiter or a line break within a cell.",
        )
    ]
    named = _identified(extract, wanted.filter(~pl.col("ragged")), known, queries)
    frame = _without_duplicates(extract, named, queries)
    counts["n_duplicate"] = named.height - frame.height
    counts["n_withheld"] = wanted.height - named.height
    return Rows(frame.drop("ragged", "position"), queries, counts)


def _about(extract: Extract) -> pl.Expr:
    """The number of the record, or its codes, tests and day as received: what names it wherever its row is."""
    targets = TARGETS[extract.domain]
    named = [extract.record_id] if extract.record_id is not None else _naming_columns(extract, targets)
    texts = [pl.col(cell(name)).fill_null("") for name in dict.fromkeys(named)]
    return pl.concat_str([*texts, pl.lit("")], separator="|").alias(ABOUT)


def _naming_columns(extract: Extract, targets: Mapping[str, Kind]) -> list[str]:
    start = START[extract.domain]
    sources = [source for name, source in extract.columns.items() if targets[name] is Kind.CODE or name in start]
    sources += [result.test_from for result in extract.results if result.test_from is not None]
    return [source.column for source in sources if source.column is not None]


def _condition(extract: Extract) -> pl.Expr:
    """A row whose cells cannot be trusted is not left out by what they say."""
    conditions = [pl.col(cell(name)).is_in(texts).fill_null(False) for name, texts in extract.where.items()]
    conditions += [pl.col(cell(name)).is_not_null() for name in extract.present]
    return pl.col("ragged") | pl.all_horizontal(pl.lit(True), *conditions)


def _identified(
    extract: Extract, rows: pl.DataFrame, known: Collection[str] | None, queries: list[pl.DataFrame]
) -> pl.DataFrame:
    who = extract.participant
    if who.row is not None:
        return rows.with_columns(USUBJID=_row_name(who.row))
    assert who.column is not None
    assert who.identity is not None
    column = cell(who.column)
    rows = rows.hstack(identity.identify(rows[column], who.identity, known))
    swapped = _neighbours_swapped(rows.filter(pl.col("problem").is_not_null())[column], known or ())
    rows = rows.with_columns(pl.col(column).replace_strict(swapped, default=pl.col("likely")).alias("likely"))
    messages = {
        identity.BLANK: "The row names no participant. It is withheld.",
        identity.MALFORMED: "Not an identifier of this study. The row is withheld.",
        identity.UNKNOWN: "No such participant in the study. The row is withheld.",
    }
    for problem, message in messages.items():
        queries.append(
            query(
                rows.filter(pl.col("problem") == problem),
                domain=extract.domain,
                kind=f"participant_{problem}",
                severity=Severity.ERROR,
                column=who.column,
                value=pl.col(column),
                message=message,
                hint=_HINTS[problem],
            )
        )
    return rows.filter(pl.col("problem").is_null()).drop("problem", "likely")


def _neighbours_swapped(written: pl.Series, known: Collection[str]) -> dict[str, str]:
    """Mistyped identifiers in which two neighbouring characters of a known one are swapped, with that one."""
    found = {}
    for text in written.drop_nulls().unique(maintain_order=True).to_list():
        if len(text) > identity.LONGEST:
            continue
        swaps = [text[:i] + text[i + 1] + text[i] + text[i + 2 :] for i in range(len(text) - 1)]
        likely = sorted({name for name in swaps if name in known and name != text})
        if likely:
            found[text] = " or ".join(likely)
    return found


def _row_name(template: str) -> pl.Expr:
    match = re.fullmatch(r"(?P<before>[^{}]*)\{row(?::0(?P<width>\d+)d)?\}(?P<after>[^{}]*)", template)
    assert match is not None, "the configuration has checked the template"
    number = pl.col("position").cast(pl.String).str.zfill(int(match["width"] or 1))
    return pl.concat_str(pl.lit(match["before"]), number, pl.lit(match["after"]))


def _without_duplicates(extract: Extract, rows: pl.DataFrame, queries: list[pl.DataFrame]) -> pl.DataFrame:
    """Rows equal in every cell are one record. Where rows are the participants, equal rows are different people."""
    cells = [name for name in rows.columns if name.startswith("source:")]
    if extract.distinct or extract.participant.row is not None:
        return rows
    rows = _with_first(rows, cells)
    again = rows.filter(pl.col("SRCROW") != pl.col("first"))
    queries.append(
        query(
            again,
            domain=extract.domain,
            kind="duplicate_record",
            severity=Severity.NOTE,
            message=pl.format("Equal to row {} in every column. One record is kept.", "first"),
        )
    )
    rows = rows.filter(pl.col("SRCROW") == pl.col("first")).drop("first")
    if extract.record_id is not None:
        queries += _record_id_queries(extract, rows, extract.record_id, cells)
    return rows


def _with_first(rows: pl.DataFrame, cells: Sequence[str]) -> pl.DataFrame:
    return rows.with_columns(first=pl.col("SRCROW").first().over("USUBJID", *[c for c in cells if c != "USUBJID"]))


def _record_id_queries(
    extract: Extract, rows: pl.DataFrame, record_id: str, cells: Sequence[str]
) -> list[pl.DataFrame]:
    """A number used twice, and records that differ in nothing but their number. Both records are kept."""
    number = cell(record_id)
    same_number = rows.with_columns(first=pl.col("SRCROW").first().over("USUBJID", number)).filter(
        pl.col(number).is_not_null() & (pl.col("SRCROW") != pl.col("first"))
    )
    same_content = _with_first(rows, [name for name in cells if name != number]).filter(
        pl.col("SRCROW") != pl.col("first")
    )
    return [
        query(
            same_number,
            domain=extract.domain,
            kind="record_id_repeated",
            severity=Severity.WARNING,
            column=record_id,
            value=pl.col(number),
            message=pl.format("Row {} has the same number and other contents. Both records are used.", "first"),
            hint="Which of them is current?",
        ),
        query(
            same_content,
            domain=extract.domain,
            kind="possible_duplicate",
            severity=Severity.WARNING,
            column=record_id,
            value=pl.col(number),
            message=pl.format("Equal to row {} but for its number. Both records are used.", "first"),
            hint="Was one event entered twice?",
        ),
    ]
