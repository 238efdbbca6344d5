"""One block per participant: a line that names the participant, the heads, and the rows up to the next block."""

import difflib
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

import polars as pl

from immrecon.config.source_format import Blocks, Layout, clean_head
from immrecon.errors import SourceError
from immrecon.ingest.patterns import matches_whole, named_groups
from immrecon.ingest.readers.grid import ROW, Grid, Table, one_table, titles

_UNDECLARED = "(undeclared line)"
"""Before a line that begins a block in another way than declared, so that no identifier in it is taken for good."""

_ALIKE = 0.7
"""Of two lines that may both name a person: the share of letters that they have in common."""

_FEWEST_LETTERS, _LONGEST, _MOST_FORMS = 4, 200, 20
"""Letters that tell something, characters of a line that may name a person, and lines and names that are compared."""


@dataclass(frozen=True)
class _Block:
    participant: str
    first: int
    """Row number of its first line, from which header_rows are counted."""
    start: int
    end: int
    """Its rows within the grid: from the first line to before the next block."""


def blocks_to_table(grid: Grid, layout: Layout, blocks: Blocks, required: Sequence[str]) -> Table:
    """All blocks under one another, with the participant of each in a column of its own. Where a block lacks a head of
    another, its rows are null there: it has no such cell.

    Where the heads come without a line that begins a block, the rows below belong to nobody known: their participant
    is the text that stands where that line should, so that they are queried and never counted for the block before. So
    do rows below a line that nearly begins a block ("Patient:7" for "Patient: 7", "Donor: 7").

    Raises SourceError: no block, or a block without its heads or a required column.
    """
    within = [name for name in map(clean_head, required) if name != blocks.participant]
    found = [block for block in _blocks(grid, layout, blocks, within) if _has_rows(grid, layout, block)]
    if not found:
        raise SourceError(
            f"{grid.place}: no line begins a block with rows. Compare its lines with layout.blocks.begins."
        )
    declared = [block for block in found if not block.participant.startswith(_UNDECLARED)]
    known = _Begins([grid.rows[block.start] for block in declared], [block.participant for block in declared])
    tables = [_table(grid, layout, blocks, block, within, known) for block in found]
    heads = list(dict.fromkeys(head for table in tables for head in table.heads))
    frame = pl.concat([table.frame for table in tables], how="diagonal")
    return replace(
        tables[0],
        frame=frame.select(*heads, ROW),
        ragged=pl.concat([table.ragged for table in tables]),
        repeated=tuple(dict.fromkeys(name for table in tables for name in table.repeated)),
        computed=pl.concat([table.computed for table in tables]),
    )


def _blocks(grid: Grid, layout: Layout, blocks: Blocks, required: Sequence[str]) -> list[_Block]:
    lines = pl.Series([_line(row) for row in grid.rows], dtype=pl.String)
    begins = matches_whole(lines, blocks.begins).to_list()
    names = named_groups(lines, blocks.begins)
    starts = [
        (index, grid.numbers[index], (names[index]["participant"] or "").strip())
        for index, is_first in enumerate(begins)
        if is_first
    ]
    if not starts:
        return []
    starts = sorted(starts + _without_line(grid, layout, starts, required))
    ends = [index for index, _, _ in starts[1:]] + [len(grid.rows)]
    return [_Block(who, first, start, end) for (start, first, who), end in zip(starts, ends, strict=True)]


def _without_line(
    grid: Grid, layout: Layout, starts: Sequence[tuple[int, int, str]], required: Sequence[str]
) -> list[tuple[int, int, str]]:
    """Where there are the heads of a block, but no block begins at the line where theirs should.

    Heads are those of another block in any order, or any that hold all required columns.
    """
    down = layout.header_rows[-1] - 1
    places = {number: index for index, number in enumerate(grid.numbers)}
    first_lines = {number for _, number, _ in starts}
    known = {_heads(grid, places[number + down]) for number in first_lines if number + down in places}
    wanted = frozenset(required)
    found = []
    for index, number in enumerate(grid.numbers):
        heads = _heads(grid, index)
        if number - down in first_lines or not heads:
            continue
        if heads in known or (wanted and wanted <= heads):
            above = places.get(number - down)
            line = "" if above is None else _line(grid.rows[above])
            found.append((index, number - down, line and f"{_UNDECLARED} {line}"))
    return found


def _line(row: Sequence[str]) -> str:
    return " ".join(" ".join(cell.split()) for cell in row if cell.strip())


def _heads(grid: Grid, index: int) -> frozenset[str]:
    return frozenset(head for cell in grid.rows[index] if (head := clean_head(cell)))


def _has_rows(grid: Grid, layout: Layout, block: _Block) -> bool:
    rows = grid.rows[block.start : block.end]
    return any(
        number > block.first and not is_title and any(cell.strip() for cell in row)
        for number, row, is_title in zip(
            grid.numbers[block.start : block.end], rows, titles(rows, layout.ignore_rows), strict=True
        )
    )


def _table(
    grid: Grid, layout: Layout, blocks: Blocks, block: _Block, required: Sequence[str], known: "_Begins"
) -> Table:
    header_rows = [block.first - 1 + number for number in layout.header_rows]
    last = grid.numbers[block.end - 1]
    part = replace(
        grid,
        numbers=grid.numbers[block.start : block.end],
        rows=grid.rows[block.start : block.end],
        computed=frozenset(cell for cell in grid.computed if block.first <= cell[0] <= last),
    )
    table = one_table(part, layout.model_copy(update={"header_rows": header_rows, "blocks": None}), required)
    if blocks.participant in table.heads:
        raise SourceError(
            f'{grid.place}: "{blocks.participant}" is the participant of a block and a column below row {block.first}; '
            "choose another name in layout.blocks.participant."
        )
    begins = _nearly_begin(part, layout, block, header_rows[-1], known)
    whose = [block.participant, *(f"{_UNDECLARED} {line}" for _, line in begins)]
    place = pl.Series([number for number, _ in begins], dtype=pl.Int64).search_sorted(table.frame[ROW], side="right")
    named = pl.Series(blocks.participant, whose, dtype=pl.String).gather(place)
    return replace(table, frame=table.frame.select(named, pl.all()))


def _nearly_begin(part: Grid, layout: Layout, block: _Block, below: int, known: "_Begins") -> list[tuple[int, str]]:
    """Lines among the rows of a block that are nearly as those that begin one, in order."""
    is_title = titles(part.rows, layout.ignore_rows)
    rows = (
        (n, row) for n, row, title in zip(part.numbers, part.rows, is_title, strict=True) if n > below and not title
    )
    return [(number, _line(row)) for number, row in rows if known.are_like(row, block.participant)]


class _Begins:
    """Lines that begin blocks. Others with as few cells that name somebody else, or have nearly the same letters and a
    number, may begin one too.
    """

    def __init__(self, rows: Sequence[Sequence[str]], participants: Iterable[str]) -> None:
        letters = {letters for row in rows if len(letters := _letters(_line(row))) >= _FEWEST_LETTERS}
        self._letters = sorted(letters)[:_MOST_FORMS]
        self._most_cells = max(map(_filled, rows), default=0) + 1
        shapes = {re.sub("[0-9]", "[0-9]", re.escape(name)) for name in participants if re.search("[^0-9]", name)}
        shown = "|".join(sorted(shape for shape in shapes if len(shape) <= _LONGEST)[:_MOST_FORMS])
        self._name = re.compile(f"(?<![0-9])(?:{shown})(?![0-9])") if shown else None
        self._alike: dict[str, bool] = {}

    def are_like(self, row: Sequence[str], participant: str) -> bool:
        line = _line(row)
        if not 0 < _filled(row) <= self._most_cells or len(line) > _LONGEST or not re.search("[0-9]", line):
            return False
        if self._name and any(name[0] != participant for name in self._name.finditer(line)):
            return True
        letters = _letters(line)
        if letters not in self._alike:
            close = difflib.get_close_matches(letters, self._letters, n=1, cutoff=_ALIKE)
            self._alike[letters] = len(letters) >= _FEWEST_LETTERS and bool(close)
        return self._alike[letters]


def _filled(row: Sequence[str]) -> int:
    return sum(bool(cell.strip()) for cell in row)


def _letters(line: str) -> str:
    return "".join(sign for sign in line.casefold() if sign.isalpha())
