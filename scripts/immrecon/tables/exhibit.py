"""What every table has in common: cut-off, session, draft mark, legend, and the cell of an estimate."""

import re
from collections.abc import Callable, Iterable, Sequence

import polars as pl

from immrecon.config.display import AGE_LIMITS, DisplaySpec
from immrecon.config.trajectory_specs import TRAJECTORY
from immrecon.errors import ContractError
from immrecon.tables.format import (
    LEGEND,
    NOT_APPLICABLE,
    NOT_ESTIMABLE,
    NOT_REACHED,
    clean,
    count,
    estimator,
    percent,
    span,
    with_interval,
)
from immrecon.tables.frames import Record
from immrecon.tables.model import Cell, Emphasis, Head, Marks, Row, Table
from immrecon.vocabulary import RowStatus

DRAFT_RUN = "Draft run: some endpoint definitions are not signed; this exhibit uses none of them"
BLANK = Cell(NOT_APPLICABLE, emphasis="muted")


def exhibit(
    spec: DisplaySpec,
    *,
    stem: str,
    title: str,
    population: str,
    header: Sequence[Sequence[Head]],
    rows: Sequence[Row],
    footnotes: Sequence[str],
    marks: Marks | None = None,
    empty: str,
    endpoints: Iterable[str] = (),
    n_labels: int = 1,
    text_columns: tuple[int, ...] = (),
) -> Table:
    """A table of this run. `endpoints` are the codes of those whose definition it rests on; `empty` says in words why
    there may be no rows."""
    return Table(
        stem=stem,
        title=clean(title),
        population=clean(population),
        cutoff=clean(spec.cutoff_text),
        session=clean(spec.session),
        draft=draft_mark(spec, endpoints),
        header=tuple(tuple(line) for line in header),
        rows=tuple(rows),
        footnotes=(*map(clean, footnotes), *legend(cell.text for row in rows for cell in row.cells)),
        marked=marks.notes() if marks else (),
        note="" if rows else empty,
        n_labels=n_labels,
        text_columns=text_columns,
    )


def unsigned(spec: DisplaySpec) -> list[str]:
    """Codes of everything declared that is not signed: endpoints, courses, events, definitions, outcomes, limits; the
    mixed models of counts are TRAJECTORY."""
    grid = [] if spec.definition_grid is None else spec.definition_grid.unsigned
    endpoints = [endpoint.code for endpoint in spec.endpoints if endpoint.status != "signed"]
    courses = [course.code for course in spec.multistate if course.status != "signed"]
    models = [TRAJECTORY] if spec.trajectory is not None and spec.trajectory.status != "signed" else []
    events = [event.code for event in spec.recurrent_events if event.status != "signed"]
    limits = [AGE_LIMITS] if spec.age_limits is not None and spec.age_limits.unsigned else []
    outcomes = [outcome.code for outcome in spec.outcomes if outcome.status != "signed"]
    references = [reference.code for reference in spec.externals if reference.status != "signed"]
    return [*endpoints, *models, *courses, *events, *outcomes, *references, *grid, *limits]


def draft_mark(spec: DisplaySpec, endpoints: Iterable[str]) -> str:
    """Whether an exhibit is a draft, and by which endpoints; empty where every definition of the run is signed."""
    open_codes = unsigned(spec)
    if not open_codes:
        return ""
    shown = set(endpoints)
    concerned = [code for code in open_codes if code in shown]
    if concerned:
        return f"DRAFT: definitions not signed: {', '.join(concerned)}"
    return DRAFT_RUN


def estimate_cell(row: Record | None, marks: Marks, show: Callable[[float], str], what: str) -> Cell:
    """An estimate with its interval, or NE, with the reason as a footnote; `what` names it in errors."""
    if row is None:
        return BLANK
    noted = marks.mark(row["reason"])
    if row["status"] != RowStatus.ESTIMATED:
        return Cell(NOT_ESTIMABLE, emphasis="muted", marks=noted)
    if row["estimate"] is None:
        raise ContractError(f"{what}: a row with status {row['status']} has no estimate")
    return Cell(with_interval(show(row["estimate"]), interval(row, show)), marks=noted)


def interval(row: Record, show: Callable[[float], str]) -> str:
    """Both limits; one that is missing is not reached, and without any there is no interval."""
    low, high = row["conf_low"], row["conf_high"]
    if low is None and high is None:
        return NOT_ESTIMABLE
    return span(NOT_REACHED if low is None else show(low), NOT_REACHED if high is None else show(high))


def count_cell(row: Record | None, counted: str, marks: Marks) -> Cell:
    """A count (column `counted`) with its proportion and interval: "5 (16.7%) [5.6 to 34.7]"."""
    if row is None:
        return BLANK
    number, noted = count(row[counted]), marks.mark(row["reason"])
    if row["status"] != RowStatus.ESTIMATED or row["estimate"] is None:
        return Cell(f"{number} ({NOT_ESTIMABLE})", marks=noted)
    return Cell(f"{number} ({percent(row['estimate'])}%) [{interval(row, percent)}]", marks=noted)


def method_words(part: pl.DataFrame) -> str:
    """Estimator, variance and interval of the rows; several where groups of different planned size differ."""
    columns = [name for name in ("method", "variance", "conf_type") if name in part.columns]
    ways = part.select(columns).unique().sort(columns, nulls_last=True).iter_rows(named=True)
    texts = []
    for way in ways:
        parts = [way["method"]]
        parts += [f"variance {way['variance']}"] if way.get("variance") else []
        parts += [f"interval {way['conf_type']}"] if way.get("conf_type") else []
        texts.append(estimator(clean(", ".join(parts))))
    return "; or ".join(dict.fromkeys(texts))


def headed(label: str, n: int | None) -> str:
    """A column header with the number of participants."""
    return label if n is None else f"{label} (N={n})"


def labels(texts: Sequence[str], shown: Sequence[bool], emphasis: Emphasis = "none") -> tuple[Cell, ...]:
    """Row labels; one that repeats the line above is written in the data but not shown again."""
    return tuple(Cell(t, emphasis=emphasis, repeated=not s) for t, s in zip(texts, shown, strict=True))


def legend(texts: Iterable[str]) -> tuple[str, ...]:
    """The abbreviations that cells use, in words, and only those."""
    tokens = {token for text in texts for token in re.split(r"[\s()\[\]]+", text)}
    return tuple(words for abbreviation, words in LEGEND.items() if abbreviation in tokens)
