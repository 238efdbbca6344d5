"""Rows of a file as received, with the period in which an extract shows them and the dirt planted in them."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import date


@dataclass(frozen=True)
class Mark:
    """One planted fault: what it is, which item of the catalogue it covers, what a careful reader must do."""

    column: str
    kind: str
    item: str
    expected: str


@dataclass
class Row:
    """`cells` by column name. Shown in extracts on `seen_from` or later and before `seen_until`.

    `kinds` classifies laboratory result cells; `tags` are what the simulator knows and the file does not say;
    `replaces` is the version that earlier extracts showed, and `reason` why it changed.
    """

    cells: dict[str, str]
    seen_from: date
    seen_until: date | None = None
    kinds: dict[str, str] = field(default_factory=dict)
    marks: list[Mark] = field(default_factory=list)
    tags: dict[str, str] = field(default_factory=dict)
    order: tuple[str, ...] = ()
    replaces: Row | None = None
    reason: str = ""

    def mark(self, column: str, kind: str, item: str, expected: str) -> None:
        """Records a fault in this row."""
        self.marks.append(Mark(column, kind, item, expected))

    def shown(self, extract: date) -> bool:
        """Whether an extract of that day has this version of the row."""
        return self.seen_from <= extract and (self.seen_until is None or extract < self.seen_until)


@dataclass(frozen=True)
class Change:
    """A cell that a later extract shows differently; `key` is the earlier row's identifying cells."""

    file: str
    key: str
    column: str
    before: str
    after: str
    reason: str


@dataclass
class Table:
    """One file of an extract: rows of all times; `key` names the columns that identify a row to a reader."""

    file: str
    columns: tuple[str, ...]
    key: tuple[str, ...]
    rows: list[Row]

    def visible(self, extract: date) -> list[Row]:
        """Rows an extract would show, in file order."""
        return sorted((r for r in self.rows if r.shown(extract)), key=lambda r: r.order)

    def revise(self, row: Row, on: date, reason: str, **cells: str) -> Row:
        """Replaces cells of a row from a date on; the new version keeps its place, kinds, marks and tags."""
        row.seen_until = on
        revised = Row(
            cells={**row.cells, **cells},
            seen_from=on,
            kinds=dict(row.kinds),
            marks=list(row.marks),
            tags=dict(row.tags),
            order=row.order,
            replaces=row,
            reason=reason,
        )
        self.rows.append(revised)
        return revised

    def pick(self, where: Callable[[Row], bool], share: float = 0.5) -> Row:
        """The clean current row at a share (0 to 1) of the way through those satisfying a condition."""
        clean = [
            r for r in sorted(self.rows, key=lambda r: r.order) if not r.marks and r.seen_until is None and where(r)
        ]
        if not clean:
            raise LookupError(f"{self.file}: no clean row satisfies the condition of a planted fault")
        return clean[round(share * (len(clean) - 1))]

    def changes(self, before: date, after: date) -> list[Change]:
        """Cells shown by both extracts that differ."""
        found = []
        for row in self.visible(after):
            earlier = row.replaces
            while earlier is not None and not earlier.shown(before):
                earlier = earlier.replaces
            if earlier is None:
                continue
            key = " ".join(earlier.cells[c] for c in self.key)
            for column in self.columns:
                a, b = earlier.cells.get(column, ""), row.cells.get(column, "")
                if a != b:
                    found.append(Change(self.file, key, column, a, b, row.reason))
        return found


@dataclass(frozen=True)
class PlacedMark:
    """A mark with its physical place: 1-based line of a CSV file or row of a sheet."""

    file: str
    sheet: str
    row: int
    column: str
    kind: str
    item: str
    expected: str


@dataclass(frozen=True)
class Rendered:
    """Bytes of one file, the marks in it, and the number of result cells of each kind."""

    content: bytes
    marks: list[PlacedMark]
    counts: dict[str, int]


def place(file: str, sheet: str, numbered: Iterable[tuple[int, Row]]) -> list[PlacedMark]:
    """Marks of rows with their row numbers."""
    return [PlacedMark(file, sheet, n, m.column, m.kind, m.item, m.expected) for n, row in numbered for m in row.marks]


def count_kinds(rows: Iterable[Row]) -> dict[str, int]:
    """Number of result cells by kind over rows, sorted by kind."""
    counts: dict[str, int] = {}
    for row in rows:
        for kind in row.kinds.values():
            counts[kind] = counts.get(kind, 0) + 1
    return dict(sorted(counts.items()))
