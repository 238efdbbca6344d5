"""A sheet as rows of text, and the table in it."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field

import polars as pl

from immrecon.config.source_format import Layout, clean_head
from immrecon.errors import SourceError
from immrecon.ingest.patterns import matches_whole
from immrecon.vocabulary import Severity

__all__ = [
    "COLUMN", "HEADER_JOIN", "ROW", "Grid", "Header", "Remark", "Table", "clean_head", "data_rows", "header_of",
    "to_table",
]  # fmt: skip

ROW = "SRCROW"
COLUMN = "SRCCOL"
_COMPUTED = {ROW: pl.Int64, COLUMN: pl.String}
HEADER_JOIN = " | "
"""Between the heads of a column under several header rows, the uppermost first."""


@dataclass(frozen=True)
class Remark:
    """What a reader met in a file and no row of the grid can show, e.g. a line that cannot be read."""

    row: int | None
    kind: str
    message: str
    severity: Severity = Severity.WARNING
    hint: str | None = None
    text: str | None = None
    """The beginning of what was met."""


@dataclass(frozen=True)
class Grid:
    """Cells of a text file or of one sheet, as received. `numbers[i]` is the row of `rows[i]`, the first being 1."""

    file: str
    sheet: str | None
    numbers: list[int]
    rows: list[list[str]]
    merged: tuple[tuple[int, int, int, int], ...] = ()
    """Merged cells of a sheet: first row, last row (from 1), first column, last column (from 0)."""
    computed: frozenset[tuple[int, int]] = frozenset()
    """Cells whose text is the stored result of a formula: row (from 1), column (from 0)."""
    heads: tuple[str, ...] | None = None
    """Columns of a format that names them itself: then every row is data, and `layout.header_rows` is not used."""
    remarks: tuple[Remark, ...] = ()

    @property
    def place(self) -> str:
        return self.file if self.sheet is None else f'{self.file}, sheet "{self.sheet}"'


@dataclass(frozen=True)
class Table:
    """Data rows under their heads: `frame` has one String column per head ('' is blank; null where the row's block has
    no such head) and SRCROW (Int64).

    `ragged` has the rows (SRCROW, n_cells) with more or fewer cells than heads: their cells may have shifted.
    `repeated` are heads that come more than once; the later ones are named "head (column n)".
    `computed` are the cells (SRCROW, SRCCOL) that hold the result of a formula.
    """

    file: str
    sheet: str | None
    frame: pl.DataFrame
    ragged: pl.DataFrame = field(repr=False)
    repeated: tuple[str, ...] = ()
    computed: pl.DataFrame = field(repr=False, default_factory=lambda: pl.DataFrame(schema=_COMPUTED))
    stands_for: pl.Series | None = field(repr=False, default=None)
    """Of a large file, how many rows say what each row of `frame` says; where missing, each stands for itself."""

    @property
    def place(self) -> str:
        return self.file if self.sheet is None else f'{self.file}, sheet "{self.sheet}"'

    @property
    def heads(self) -> list[str]:
        return [name for name in self.frame.columns if name != ROW]

    @property
    def n_rows(self) -> int:
        return self.frame.height if self.stands_for is None else int(self.stands_for.sum())

    def count(self, flags: pl.Series) -> int:
        """For how many rows this is true, of a flag for each row of `frame`."""
        return int((flags if self.stands_for is None else self.stands_for.filter(flags)).sum())


def to_table(grid: Grid, layout: Layout, required: Sequence[str] = ()) -> Table:
    """The table of a grid. Blank rows, repeated headers and declared title and footer rows are left out.

    Raises SourceError: nothing in the file, no header row, a required column missing or headed twice.
    """
    if layout.blocks is not None:
        from immrecon.ingest.readers.blocks import blocks_to_table

        return blocks_to_table(grid, layout, layout.blocks, required)
    return one_table(grid, layout, required)


def one_table(grid: Grid, layout: Layout, required: Sequence[str] = ()) -> Table:
    """As `to_table`, of a grid that is one table."""
    header = header_of(grid, layout, required)
    return data_rows(grid, layout, header, header.body)


@dataclass(frozen=True)
class Header:
    """The heads of a table: `names` are unique, `cells` is the last header row, `body` the index of the row below."""

    names: list[str]
    repeated: tuple[str, ...]
    cells: list[str]
    body: int

    @property
    def width(self) -> int:
        return len(self.names)


def header_of(grid: Grid, layout: Layout, required: Sequence[str] = ()) -> Header:
    """The heads of a grid. Raises SourceError as `to_table`."""
    body, heads, width = _heads(grid, layout)
    names, repeated = _unique(heads)
    _require(grid, names, repeated, required)
    cells = [clean_head(cell) for cell in _row(grid, layout.header_rows[-1], width)]
    return Header(names, repeated, cells, body)


def data_rows(grid: Grid, layout: Layout, header: Header, body: int = 0) -> Table:
    """The rows of a grid from index `body` on, under the heads. Those that hold no data are left out.

    Raises SourceError: another header further down.
    """
    names, width = header.names, header.width
    is_title_row = titles(grid.rows[body:], layout.ignore_rows)
    _refuse_another_header(grid, layout, header, [i for i, is_title in enumerate(is_title_row, body) if not is_title])
    keep = [
        index
        for index, is_title in enumerate(is_title_row, start=body)
        if not is_title and _is_data(grid.rows[index], header.cells if layout.repeated_header else None)
    ]
    rows = [grid.rows[index] for index in keep]
    numbers = [grid.numbers[index] for index in keep]
    lengths = [_width(row) if len(row) > width else len(row) for row in rows]
    # In a sheet every cell has its place: a row that ends early is not cut short.
    least = 0 if layout.pad_short_rows or grid.sheet is not None else width
    odd = [(number, n) for number, n in zip(numbers, lengths, strict=True) if not least <= n <= width]
    if any(len(row) != width for row in rows):
        rows = [(row + [""] * width)[:width] for row in rows]
    columns = list(zip(*rows, strict=True)) if rows else [()] * width
    frame = pl.DataFrame(
        [pl.Series(name, column, dtype=pl.String) for name, column in zip(names, columns, strict=True)]
        + [pl.Series(ROW, numbers, dtype=pl.Int64)]
    )
    ragged = pl.DataFrame(odd, schema={ROW: pl.Int64, "n_cells": pl.Int64}, orient="row")
    cells = [(row, names[column]) for row, column in sorted(grid.computed) if column < width]
    computed = pl.DataFrame(cells, schema=_COMPUTED, orient="row")
    return Table(grid.file, grid.sheet, frame, ragged, header.repeated, computed)


def _heads(grid: Grid, layout: Layout) -> tuple[int, list[str], int]:
    """Index of the first data row, the joined heads, and their number."""
    if grid.heads is not None:
        return 0, list(grid.heads), len(grid.heads)
    if not any(_width(row) for row in grid.rows):
        raise SourceError(f"{grid.place}: the file is empty. Ask the sender for it again.")
    index = {number: i for i, number in enumerate(grid.numbers)}
    last = layout.header_rows[-1]
    if last not in index:
        raise SourceError(f"{grid.place}: no header in row {last}; the file has {grid.numbers[-1]} rows.")
    width = max(_width(_row(grid, number)) for number in layout.header_rows)
    if width == 0:
        raise SourceError(f"{grid.place}: no header in row {last}, which is blank.")
    levels = [_spread(grid, number, width, layout) for number in layout.header_rows[:-1]]
    levels.append([clean_head(cell) for cell in _row(grid, last, width)])
    heads = [HEADER_JOIN.join(dict.fromkeys(part for part in parts if part)) for parts in zip(*levels, strict=True)]
    return index[last] + 1, heads, width


def _row(grid: Grid, number: int, width: int = 0) -> list[str]:
    cells = next((row for n, row in zip(grid.numbers, grid.rows, strict=True) if n == number), [])
    return cells[: width or None] + [""] * (width - len(cells))


def _width(cells: Sequence[str]) -> int:
    """Number of cells up to the last that is not blank."""
    return max((i + 1 for i, cell in enumerate(cells) if cell.strip()), default=0)


def _spread(grid: Grid, number: int, width: int, layout: Layout) -> list[str]:
    """An upper header row with each head over all the columns it spans."""
    cells = [clean_head(cell) for cell in _row(grid, number, width)]
    if layout.header_fill == "forward":
        for i in range(1, width):
            cells[i] = cells[i] or cells[i - 1]
        return cells
    for top, bottom, left, right in grid.merged:
        if top <= number <= bottom:
            cells[left : right + 1] = [cells[left]] * (min(right, width - 1) - left + 1)
    return cells[:width]


def _unique(heads: Sequence[str]) -> tuple[list[str], tuple[str, ...]]:
    names: list[str] = []
    repeated: list[str] = []
    for position, head in enumerate(heads, start=1):
        name = head or f"(column {position})"
        if name in names or name == ROW:
            repeated.append(name)
            name = f"{name} (column {position})"
        names.append(name)
    return names, tuple(dict.fromkeys(repeated))


def _require(grid: Grid, names: Sequence[str], repeated: Sequence[str], required: Sequence[str]) -> None:
    wanted = list(dict.fromkeys(clean_head(name) for name in required))
    if twice := [name for name in wanted if name in repeated]:
        raise SourceError(f'{grid.place}: the column "{twice[0]}" comes twice; which one is meant cannot be known.')
    if not (missing := [name for name in wanted if name not in names]):
        return
    for number, row in zip(grid.numbers, grid.rows, strict=True):
        if set(wanted) <= {clean_head(cell) for cell in row}:
            hint = f"Row {number} has all columns: set header_rows to [{number}]."
            break
    else:
        hint = f"Columns found: {', '.join(names)}."
        if any("Ã" in name or "Â" in name for name in names):
            hint += " The heads look decoded with another encoding than the file was written in."
    listed = ", ".join(f'"{name}"' for name in missing)
    raise SourceError(f"{grid.place}: the declared column {listed} is missing. {hint}")


def bare(head: str) -> str:
    """What a head is recognised by: letters of any case, no blanks."""
    return clean_head(head).replace(" ", "").lower()


def _refuse_another_header(grid: Grid, layout: Layout, header: Header, body: Sequence[int]) -> None:
    """What stands below a header with other heads, or with the same in another order, is not what the first one says.

    A row is one whose first cell is a head or blank, and at least two and half of whose filled cells are heads.
    """
    if grid.heads is not None:
        return
    heads = {bare(head) for head in header.cells} - {""}
    may_begin = heads | {""}
    for index in body:
        row = grid.rows[index]
        if not row or bare(row[0]) not in may_begin:
            continue
        cells = [clean_head(cell) for cell in (row + [""] * header.width)[: header.width]]
        filled = [cell for cell in cells if cell]
        n = sum(bare(cell) in heads for cell in filled)
        other = [place for place, cell in enumerate(cells) if cell and bare(cell) != bare(header.cells[place])]
        if n < 2 or 2 * n < len(filled) or not other:
            continue
        found, head = cells[other[0]], header.cells[other[0]]
        raise SourceError(
            f"{grid.place}: row {grid.numbers[index]} is a header unlike that in row {layout.header_rows[-1]}: column "
            f'{other[0] + 1} is "{found}" instead of "{head}". The rows below it would be read under the wrong heads. '
            "Split the file there, each part with a dialect of its own, or ask the sender for one table; if it is no "
            "header, declare it in layout.ignore_rows."
        )


def refuse_twice(table: Table, heads: Collection[str]) -> None:
    """Raise SourceError where one of the heads comes twice: the second would be lost among columns of no use."""
    if twice := [head for head in table.repeated if head in heads]:
        raise SourceError(f'{table.place}: the column "{twice[0]}" comes twice; which one is meant cannot be known.')


def titles(rows: Sequence[Sequence[str]], patterns: Sequence[str]) -> list[bool]:
    """Rows whose first cell that is not blank matches a declared pattern of titles and footers."""
    first = pl.Series([next((cell.strip() for cell in row if cell.strip()), "") for row in rows], dtype=pl.String)
    found = [matches_whole(first, pattern) for pattern in patterns]
    return [any(row) for row in zip(*found, strict=True)] if found else [False] * len(rows)


def _is_data(row: Sequence[str], header: Sequence[str] | None) -> bool:
    if not any(cell and not cell.isspace() for cell in row):
        return False
    return header is None or [clean_head(cell) for cell in row[: len(header)]] != list(header)
