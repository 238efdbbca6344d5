"""Whether the data and the numbers can be trusted: cell accounting, queries, identities."""

import polars as pl

from immrecon.config.specs import DisplaySpec
from immrecon.tables.exhibit import BLANK, exhibit
from immrecon.tables.format import clean, count, scientific, sentence
from immrecon.tables.frames import ALL_LEVELS, ALL_PARTICIPANTS
from immrecon.tables.model import Cell, Emphasis, Head, Results, Row, Table
from immrecon.vocabulary import POOLED, CheckOutcome, Severity

FATES = {
    "n_value": "Used as a number",
    "n_censored": "Used as below or above a limit",
    "n_not_done": "Not done",
    "n_superseded": "Superseded",
    "n_excluded": "Excluded by a declared rule",
    "n_queried": "Withheld by a query",
    "n_not_requested": "Not requested",
}
"""What became of a result cell: every cell that is not blank has exactly one of these fates."""


def cells(results: Results, spec: DisplaySpec) -> Table:
    """Every cell of every lab export by what became of it, with totals."""
    frame = results.cells
    numbers = ["n_rows", "n_blank", "n_read", *FATES]
    rows = [
        Row((*_names(line, "source_file", "source_sheet", "lab"), *(Cell(count(line[name])) for name in numbers)))
        for line in frame.sort("source_file", "source_sheet").iter_rows(named=True)
    ]
    if rows:
        total = frame.select(pl.col(name).sum() for name in numbers).row(0)
        rows.append(Row((Cell("All files"), BLANK, BLANK, *(Cell(count(n)) for n in total)), emphasis="strong"))
    return exhibit(
        spec,
        stem="cells",
        title="What became of every cell of the lab exports",
        population="All lab exports as received",
        header=[
            [
                Head("File", rows=2),
                Head("Sheet", rows=2),
                Head("Lab", rows=2),
                Head("Data rows", rows=2),
                Head("Result cells", columns=2),
                Head("Of the cells that are not blank", columns=len(FATES)),
            ],
            [Head("Blank"), Head("Not blank"), *map(Head, FATES.values())],
        ],
        rows=rows,
        footnotes=[
            "Method: counts. Every cell that is not blank has exactly one fate, so the fates of a line add up to "
            "its cells that are not blank.",
        ],
        empty="No lab export was found for this data cut.",
        n_labels=3,
    )


def queries(results: Results, spec: DisplaySpec) -> Table:
    """Queries by severity, kind and file, errors first."""
    severities = [severity.value for severity in Severity]
    frame = results.query_counts.with_columns(
        order=pl.col("severity").replace_strict(severities, list(range(len(severities))), default=len(severities))
    ).sort("order", "n_queries", "domain", "source_file", "kind", descending=[False, True, False, False, False])
    rows = [
        Row(
            (
                *_names(line, "kind", "domain", "source_file"),
                Cell(count(line["n_queries"])),
                Cell(count(line["n_cells"])),
                Cell(clean(line["example"])),
            ),
            section=_severity(line["severity"]),
        )
        for line in frame.iter_rows(named=True)
    ]
    if rows:
        n_queries, n_cells = frame.select(pl.col("n_queries").sum(), pl.col("n_cells").sum()).row(0)
        total = (Cell("All queries"), BLANK, BLANK, Cell(count(n_queries)), Cell(count(n_cells)), BLANK)
        rows.append(Row(total, section="Total", emphasis="strong"))
    return exhibit(
        spec,
        stem="queries",
        title="Open data queries",
        population="All sources as received",
        header=[
            [
                Head("Kind"),
                Head("Domain"),
                Head("File"),
                Head("Queries"),
                Head("Lab cells withheld"),
                Head("The first of them"),
            ]
        ],
        rows=rows,
        footnotes=[
            "Method: counts. An error withholds the value from every analysis; a warning leaves it in use; a note "
            "informs.",
        ],
        empty="The checks of this data cut raised no query.",
        n_labels=3,
        text_columns=(5,),
    )


def checks(results: Results, spec: DisplaySpec) -> Table:
    """Identities that the numbers must satisfy; violated ones first."""
    outcomes = [CheckOutcome.VIOLATED, CheckOutcome.HOLDS, CheckOutcome.NOT_APPLICABLE]
    frame = results.checks.with_columns(
        order=pl.col("outcome").replace_strict([o.value for o in outcomes], [0, 1, 2], return_dtype=pl.Int64)
    ).sort("order", "identity", "subject", pl.col("group") != POOLED, "group", "dose_level")
    rows = [
        Row(
            (
                *_names(line, "identity", "subject"),
                Cell(_label(line["group"], spec, "groups", ALL_PARTICIPANTS)),
                Cell(_label(line["dose_level"], spec, "dose_levels", ALL_LEVELS)),
                Cell(line["outcome"], emphasis=_emphasis(line["outcome"])),
                *(BLANK if v is None else Cell(scientific(v)) for v in (line["largest_difference"], line["tolerance"])),
                Cell(clean(line["reason"])) if line["reason"] else BLANK,
            )
        )
        for line in frame.iter_rows(named=True)
    ]
    return exhibit(
        spec,
        stem="checks",
        title="Identities that the estimates must satisfy",
        population="As the endpoint that is checked",
        header=[
            [
                Head("What must hold"),
                Head("Checked on"),
                Head("Group"),
                Head("Dose level"),
                Head("Outcome"),
                Head("Largest difference"),
                Head("Tolerance"),
                Head("Remark"),
            ]
        ],
        rows=rows,
        footnotes=["Method: recomputed from the result tables in every run; violated identities stand first."],
        empty="No identity applies to the configured endpoints, so none was checked.",
        endpoints=[endpoint.code for endpoint in spec.endpoints],
        n_labels=4,
        text_columns=(4, 7),
    )


def _names(line: dict[str, str], *columns: str) -> tuple[Cell, ...]:
    return tuple(Cell(clean(line[column])) if line[column] else BLANK for column in columns)


def _severity(code: str) -> str:
    plural = {Severity.ERROR: "Errors", Severity.WARNING: "Warnings", Severity.NOTE: "Notes"}
    return plural[Severity(code)] if code in set(Severity) else sentence(clean(code))


def _emphasis(outcome: str) -> Emphasis:
    if outcome == CheckOutcome.VIOLATED:
        return "alert"
    return "muted" if outcome == CheckOutcome.NOT_APPLICABLE else "none"


def _label(code: str, spec: DisplaySpec, kind: str, pooled: str) -> str:
    if code == POOLED:
        return pooled
    return next((clean(item.label) for item in getattr(spec, kind) if item.code == code), clean(code))
