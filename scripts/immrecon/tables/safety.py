"""Adverse events by system organ class and preferred term."""

import re

import polars as pl

from immrecon.config.display import DisplaySpec
from immrecon.tables.exhibit import BLANK, count_cell, exhibit, headed, method_words
from immrecon.tables.format import clean, count, level, sentence, words
from immrecon.tables.frames import (
    ALL_PARTICIPANTS,
    NOT_CONFIGURED,
    Record,
    Stratum,
    conf_level,
    distinct,
    group_strata,
    index,
    population_of,
)
from immrecon.tables.model import Cell, Head, Marks, Row, Table
from immrecon.tables.results import Results
from immrecon.vocabulary import ALL_OF_SAFETY, ONGOING, POOLED, SaeStatus

ANY = "any"
ANY_GRADE = "any grade"

_Rows = dict[tuple[object, ...], Record]


def adverse_events(results: Results, spec: DisplaySpec) -> Table:
    """Participants with an event, by class and term, most frequent first; per group and all."""
    frame = results.ae_incidence
    rows = index(frame, "system_organ_class", "preferred_term", "category", "group", "dose_level")
    strata = group_strata(frame, spec)
    categories = ordered_categories(frame)
    marks = Marks()
    lines: list[Row] = []
    for organ_class, term in _terms(frame):
        lines += _term_lines(organ_class, term, categories, strata, rows, marks)
    sizes = index(frame.select("group", "dose_level", "n").unique(), "group", "dose_level")
    conf = level(conf_level(frame, spec))
    columns = [Head(headed(s.label, sizes.get(s.key, {}).get("n"))) for s in strata]
    return exhibit(
        spec,
        stem="adverse_events",
        title="Adverse events by system organ class and preferred term",
        population=population_of(frame, f"{spec.safety.population.capitalize()} participants"),
        header=[
            [
                Head("System organ class, preferred term", rows=2),
                Head("Events counted", rows=2),
                Head(f"Participants with at least one: n (%) [{conf} CI]", columns=len(columns)),
                Head("Number of events, all", rows=2),
            ],
            columns,
        ],
        rows=lines,
        footnotes=[
            f"Method: {method_words(frame) or 'proportions'}. A participant counts once per line; "
            "classes and terms are in order of the number of participants with an event of any grade, then of name.",
            "A line that no participant has is left out, except under any event. “Any event” in a class counts a "
            "participant with several terms once, so terms need not add up to their class.",
            "Ongoing events are given for all events together (per term: estimates/ae_incidence). An event without an "
            "end date is ongoing, unless it is recorded as over.",
            *([_ONE_SOURCE] if spec.sae_reconciled else []),
        ],
        marks=marks,
        empty="No emergent adverse event has been recorded in the safety population by the cut-off.",
        n_labels=2,
    )


def sae_reconciliation(results: Results, spec: DisplaySpec) -> Table:
    """Serious adverse events of the two databases, by whether they are in both and agree."""
    frame = results.sae_reconciliation
    rows = index(frame, "group", "status")
    known = [(group.code, clean(group.label)) for group in spec.groups]
    elsewhere = [("", NOT_CONFIGURED)] if (frame["group"] == "").any() else []
    columns = [*known, *elsewhere, (POOLED, ALL_PARTICIPANTS)]
    statuses = [ALL_OF_SAFETY, *(status.value for status in SaeStatus)] if rows else []
    lines = [
        Row(
            (
                Cell(sentence(status), indent=1 if status in _OF_SAFETY else 0),
                *(Cell(count(rows[group, status]["n_events"])) for group, _ in columns),
                Cell(count(rows[POOLED, status]["n_participants"])),
            ),
            emphasis="none" if status in _OF_SAFETY else "strong",
        )
        for status in statuses
    ]
    return exhibit(
        spec,
        stem="sae_reconciliation",
        title="Serious adverse events of the safety and of the clinical database",
        population="Everyone in the extracts; events that may have started by the cut-off",
        header=[
            [
                Head("Events", rows=2),
                Head("Number of events", columns=len(columns)),
                Head("Participants, all", rows=2),
            ],
            [Head(label) for _, label in columns],
        ],
        rows=lines,
        footnotes=[
            "Method: counts. Events are matched by participant, preferred term and start; the lines indented add up to "
            "the events in the safety database. The last line counts the events that only the clinical database has "
            "and calls serious.",
            f"{_ONE_SOURCE} Every disagreement is a query.",
        ],
        empty="Neither the safety nor the clinical database has a serious adverse event.",
    )


_OF_SAFETY = (SaeStatus.AGREES, SaeStatus.DISAGREES, SaeStatus.SAFETY_ONLY)
_ONE_SOURCE = "Adverse events are counted from the clinical database alone; the safety database adds none."


def ordered_categories(frame: pl.DataFrame) -> list[str]:
    """Any grade first, then grades from low to high, then serious, related and whatever else there is."""
    named = [ANY_GRADE, "serious", "related", ONGOING]

    def place(category: str) -> tuple[int, float, str]:
        if category == ANY_GRADE:
            return (0, 0, "")
        if grade := re.search(r"\d+", category):
            return (1, float(grade.group()), category)
        return (2, named.index(category) if category in named else len(named), category)

    return sorted(distinct(frame, "category"), key=place)


def _terms(frame: pl.DataFrame) -> list[tuple[str, str]]:
    """Classes by frequency, each followed by its terms by frequency; all events together first."""
    pooled = (pl.col("group") == POOLED) & (pl.col("dose_level") == POOLED) & (pl.col("category") == ANY_GRADE)
    size = pl.col("n_participants").filter(pooled).max().fill_null(0).alias("size")
    terms = frame.group_by("system_organ_class", "preferred_term").agg(size)
    classes = (
        terms.filter(pl.col("preferred_term") == ANY)
        .select("system_organ_class", class_size="size", class_first=pl.col("system_organ_class") != ANY)
    )  # fmt: skip
    ordered = terms.join(classes, on="system_organ_class", how="left").sort(
        "class_first",
        "class_size",
        "system_organ_class",
        pl.col("preferred_term") != ANY,
        "size",
        "preferred_term",
        descending=[False, True, False, False, True, False],
        nulls_last=True,
    )
    return list(ordered.select("system_organ_class", "preferred_term").iter_rows())


def _term_lines(
    organ_class: str, term: str, categories: list[str], strata: list[Stratum], rows: _Rows, marks: Marks
) -> list[Row]:
    overall, whole_class = organ_class == ANY, term == ANY
    name = "Any event" if overall else clean(organ_class) if whole_class else clean(term)
    lines: list[Row] = []
    for category in categories:
        found = [rows.get((organ_class, term, category, *stratum.key)) for stratum in strata]
        if not overall and (category == ONGOING or not any(row["n_participants"] for row in found if row is not None)):
            continue
        label = Cell(name, indent=0 if whole_class else 1, repeated=bool(lines))
        events = rows.get((organ_class, term, category, POOLED, POOLED))
        total = BLANK if events is None else Cell(count(events["n_events"]))
        cells = (
            label,
            Cell(words(clean(category))),
            *(count_cell(row, "n_participants", marks) for row in found),
            total,
        )
        lines.append(Row(cells, emphasis="strong" if whole_class and not lines else "none"))
    return lines
