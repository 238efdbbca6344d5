"""Records that are ongoing at the cut-off, one by one."""

from immrecon.config.display import DisplaySpec
from immrecon.tables.exhibit import BLANK, exhibit
from immrecon.tables.format import clean, count, days, span
from immrecon.tables.frames import NOT_CONFIGURED, Record
from immrecon.tables.model import Cell, Head, Row, Table
from immrecon.tables.results import Results

_DOMAINS = {"AE": "Adverse events", "CE": "Clinical events", "CM": "Medications and infusions"}
_BY = {"AE": "preferred term", "CE": "event", "CM": "category"}


def ongoing_records(results: Results, spec: DisplaySpec) -> Table:
    """Adverse events, clinical events and medications, by participant and start."""
    groups = {group.code: clean(group.label) for group in spec.groups}
    frame = results.ongoing_records.sort("domain", "display_id", "start_day_low", "term", "sequence", nulls_last=True)
    lines = list(frame.iter_rows(named=True))
    return exhibit(
        spec,
        stem="ongoing_records",
        title="Records ongoing at the cut-off",
        population="Enrolled participants",
        header=[
            [
                Head("Participant"), Head("Group"), Head("What"), Head("Detail"), Head("Grade"), Head("Start, day"),
                Head("Days so far"), Head("Counted to"),
            ]
        ],
        rows=[
            _line(row, groups, repeated=before is not None and _person(before) == _person(row))
            for before, row in zip([None, *lines], lines, strict=False)
        ],
        footnotes=[
            "Method: a list. A record is ongoing that may have started on or before the cut-off and has no end surely "
            "on or before it; one that is recorded as over, without its day, is. Starts are days since transplant.",
            "Days so far are counted from the start to the cut-off, or to the death of a participant who died before. "
            "Partial dates give the least and the most.",
            *_kinds(spec),
        ],
        empty="No record of the kinds that last is ongoing at the cut-off.",
        n_labels=4,
        text_columns=(7,),
    )  # fmt: skip


def _person(row: Record) -> tuple[str, str]:
    return row["domain"], row["display_id"]


def _line(row: Record, groups: dict[str, str], *, repeated: bool) -> Row:
    return Row(
        (
            Cell(clean(row["display_id"]), repeated=repeated),
            Cell(groups.get(row["group"], NOT_CONFIGURED), repeated=repeated),
            Cell(_in_words(row["term"])),
            BLANK if row["detail"] is None else Cell(_in_words(row["detail"])),
            BLANK if row["grade"] is None else Cell(count(row["grade"])),
            _bounds(row["start_day_low"], row["start_day_high"]),
            _bounds(row["days_low"], row["days_high"]),
            Cell(row["until"]),
        ),
        section=_DOMAINS[row["domain"]],
    )


def _in_words(text: str) -> str:
    """A code of the configuration without its underscores."""
    return clean(text.replace("_", " "))


def _bounds(low: float | None, high: float | None) -> Cell:
    if low is None or high is None:
        return BLANK
    return Cell(days(low) if low == high else span(days(low), days(high)))


def _kinds(spec: DisplaySpec) -> list[str]:
    """Which kinds of records are listed, where not all are."""
    return [
        f"{_DOMAINS[rule.domain]} are listed by {_BY[rule.domain]}: {', '.join(map(_in_words, rule.codes))}."
        for rule in spec.ongoing_at_cutoff
        if rule.codes is not None
    ]
