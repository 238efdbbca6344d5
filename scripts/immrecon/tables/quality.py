"""Whether the data and the numbers can be trusted: cell accounting, queries, identities."""

from typing import Any

import polars as pl

from immrecon.config.display import DisplaySpec
from immrecon.tables.exhibit import BLANK, exhibit
from immrecon.tables.format import clean, count, scientific, sentence
from immrecon.tables.frames import ALL_LEVELS, ALL_PARTICIPANTS, index
from immrecon.tables.model import Cell, Emphasis, Head, Row, Table
from immrecon.tables.results import Results
from immrecon.vocabulary import CLASSIFIED, DERIVED, POOLED, READ, CheckOutcome, Fate, Severity

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


FUNNEL = [READ, Fate.VALUE, Fate.CENSORED, Fate.NOT_DONE, Fate.SUPERSEDED, Fate.EXCLUDED, Fate.NOT_REQUESTED]
"""Lines of the funnel of cells before those that queries withhold, which follow by rule."""


def cell_funnel(results: Results, spec: DisplaySpec) -> Table:
    """Every cell of the lab exports by laboratory and by what became of it; withheld ones by rule."""
    frame = results.cell_fates
    labs = [*sorted(set(frame["lab"]) - {POOLED}), POOLED] if frame.height else []
    numbers = index(frame, "lab", "fate", "kind")
    kinds = _ordered(frame.filter((pl.col("lab") == POOLED) & (pl.col("fate") == Fate.QUERIED)))
    lines = [(str(fate), POOLED, 0) for fate in (*FUNNEL, Fate.QUERIED)] + [(Fate.QUERIED, kind, 1) for kind in kinds]
    rows = [
        Row(
            (
                Cell(clean(numbers[POOLED, fate, kind]["label"]), indent=0 if fate == READ else 1 + depth),
                *(Cell(count(numbers[lab, fate, kind]["n_cells"])) for lab in labs),
            ),
            emphasis="strong" if fate == READ else "none",
        )
        for fate, kind, depth in lines
        if labs
    ]
    return exhibit(
        spec,
        stem="cell_funnel",
        title="Lab result cells from reading to use",
        population="All lab exports as received",
        header=[
            [
                Head("Result cells"),
                *(Head("All laboratories" if lab == POOLED else clean(lab)) for lab in labs),
                *([] if labs else [Head("All laboratories")]),
            ]
        ],
        rows=rows,
        footnotes=[
            "Method: counts of cells that were not blank. In a column, the lines indented once add up to the cells "
            "read, and the rules below 'Withheld by a query' to the cells withheld.",
        ],
        empty="No lab export was found for this data cut.",
    )


def _ordered(withheld: pl.DataFrame) -> list[str]:
    """Kinds of query that withhold cells, the most frequent first."""
    kinds = withheld.filter((pl.col("kind") != POOLED) & (pl.col("n_cells") > 0))
    return kinds.sort("n_cells", "kind", descending=[True, False])["kind"].to_list()


def query_status(results: Results, spec: DisplaySpec) -> Table:
    """Queries that sites and laboratories are asked, by rule: new, still open and resolved since the earlier cut."""
    frame = results.query_status
    since = spec.compared_with
    numbers = ["n_open", *(["n_new", "n_still_open", "n_resolved"] if since else []), "n_cells"]

    def row(line: dict[str, Any], section: str, emphasis: Emphasis = "none") -> Row:
        cells = (Cell(count(line[name])) for name in numbers)
        return Row((Cell(clean(line["label"])), *cells), section=section, emphasis=emphasis)

    rows = []
    for severity in Severity:
        of_severity = frame.filter(pl.col("severity") == severity)
        kinds = of_severity.filter(pl.col("kind") != POOLED).sort("n_open", "kind", descending=[True, False])
        rows += [row(line, _severity(severity)) for line in kinds.iter_rows(named=True)]
        totals = of_severity.filter(pl.col("kind") == POOLED)
        rows += [
            row(line | {"label": "All of them"}, _severity(severity), "strong") for line in totals.iter_rows(named=True)
        ]
    rows += [row(line, "Total", "strong") for line in frame.filter(pl.col("severity") == POOLED).iter_rows(named=True)]
    against = [Head("New"), Head("Still open"), Head("Resolved")] if since else []
    note = (
        f"Compared with data cut {clean(since)}: new and still open add up to open; resolved queries were asked there "
        "and are not asked any more."
        if since
        else "Not compared with an earlier data cut, so no query is called new, still open or resolved."
    )
    return exhibit(
        spec,
        stem="query_status",
        title="Queries to sites and laboratories" + (f", and since data cut {clean(since)}" if since else ""),
        population="All sources as received",
        header=[[Head("Rule"), Head("Open"), *against, Head("Lab cells withheld")]],
        rows=rows,
        footnotes=[f"Method: counts. {note} Each query has an identifier that it keeps from cut to cut."],
        empty="The checks of this data cut raised no query.",
    )


_UNASKED = {
    DERIVED: "Results that analyses do not use",
    CLASSIFIED: "Results that some analyses do not use, by the day of the sample",
}


def queries(results: Results, spec: DisplaySpec) -> Table:
    """Queries by severity, kind and file, errors first."""
    severities = [severity.value for severity in Severity]
    frame = results.query_counts.with_columns(
        order=pl.when(pl.col("domain") == DERIVED)
        .then(len(severities) + 1)
        .when(pl.col("domain") == CLASSIFIED)
        .then(len(severities) + 2)
        .otherwise(pl.col("severity").replace_strict(severities, list(range(len(severities))), default=len(severities)))
    ).sort("order", "n_queries", "domain", "source_file", "kind", descending=[False, True, False, False, False])
    rows = [
        Row(
            (
                *_names(line, "kind", "domain", "source_file"),
                Cell(count(line["n_queries"])),
                Cell(count(line["n_cells"])),
                Cell(clean(line["example"])),
            ),
            section=_UNASKED.get(line["domain"]) or _severity(line["severity"]),
        )
        for line in frame.iter_rows(named=True)
    ]
    asked = frame.filter(~pl.col("domain").is_in(list(_UNASKED)))
    if asked.height:
        n_queries, n_cells = asked.select(pl.col("n_queries").sum(), pl.col("n_cells").sum()).row(0)
        total = (Cell("All queries"), BLANK, BLANK, Cell(count(n_queries)), Cell(count(n_cells)), BLANK)
        rows.insert(asked.height, Row(total, section="Total", emphasis="strong"))
    return exhibit(
        spec,
        stem="queries",
        title="Data queries by file",
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
            "informs. Each query is a line of queries/queries.xlsx. Results that analyses, or some of them, do not use "
            "were read without a doubt, and nobody is asked about them: they are not among all queries. One result may "
            "be on or after several events; the rules of each analysis say at which its samples end.",
        ],
        empty="The checks of this data cut raised no query.",
        n_labels=3,
        text_columns=(5,),
    )


def checks(results: Results, spec: DisplaySpec) -> Table:
    """Identities that the numbers must satisfy: each violation by itself, all else by identity and subject."""
    everything = pl.concat([results.checks, results.second_programmer])
    frame = everything.sort("identity", "subject", "outcome", pl.col("group") != POOLED, "group", "dose_level")
    violated = frame.filter(pl.col("outcome") == CheckOutcome.VIOLATED)
    rows = [_check_row(line, _where(line, spec), "Violated") for line in violated.iter_rows(named=True)]
    for outcome in (CheckOutcome.HOLDS, CheckOutcome.NOT_APPLICABLE):
        chosen = frame.filter(pl.col("outcome") == outcome)
        together = chosen.group_by("identity", "subject", "outcome", maintain_order=True).agg(
            n=pl.len(),
            largest_difference=pl.col("largest_difference").max(),
            tolerance=pl.col("tolerance").max(),
            reason=pl.col("reason").drop_nulls().first(),
            n_reasons=pl.col("reason").drop_nulls().n_unique(),
        )
        section = sentence(outcome)
        rows += [_check_row(_shortened(line), _strata(line["n"]), section) for line in together.iter_rows(named=True)]
    return exhibit(
        spec,
        stem="checks",
        title="Identities that the estimates must satisfy",
        population="As the endpoint that is checked",
        header=[
            [
                Head("What must hold"),
                Head("Checked on"),
                Head("Where"),
                Head("Outcome"),
                Head("Largest difference"),
                Head("Tolerance"),
                Head("Remark"),
            ]
        ],
        rows=rows,
        footnotes=[
            "Method: recomputed in every run. Each violation has a line; what holds or does not apply is put together "
            "over groups and dose levels, with the largest difference among them; estimates/checks has every one."
        ],
        empty="No identity applies to the configured endpoints, so none was checked.",
        endpoints=[endpoint.code for endpoint in spec.endpoints],
        n_labels=3,
        text_columns=(3, 6),
    )


def _check_row(line: dict[str, Any], where: str, section: str) -> Row:
    numbers = (line["largest_difference"], line["tolerance"])
    return Row(
        (
            *_names(line, "identity", "subject"),
            Cell(where),
            Cell(line["outcome"], emphasis=_emphasis(line["outcome"])),
            *(BLANK if value is None else Cell(scientific(value)) for value in numbers),
            Cell(clean(line["reason"])) if line["reason"] else BLANK,
        ),
        section=section,
    )


def _shortened(line: dict[str, Any]) -> dict[str, Any]:
    """The first of several remarks, and how many more there are."""
    more = line["n_reasons"] - 1
    return line if more < 1 else {**line, "reason": f"{line['reason']}; and {more} more remarks of other strata"}


def _strata(number: int) -> str:
    return "1 stratum" if number == 1 else f"{number} strata"


def _where(line: dict[str, Any], spec: DisplaySpec) -> str:
    group = _label(line["group"], spec, "groups", ALL_PARTICIPANTS)
    return f"{group}, {_label(line['dose_level'], spec, 'dose_levels', ALL_LEVELS)}"


def _names(line: dict[str, Any], *columns: str) -> tuple[Cell, ...]:
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
