"""Where the table begins and ends: title rows, one or two header rows, repeated headers, footers and totals."""

import re
from collections import Counter
from dataclasses import dataclass, field, replace

import polars as pl

from immrecon.config.base import OPEN_QUESTION
from immrecon.config.source_format import DATA_SETS, MAX_PATTERN_LENGTH, WORKBOOKS, Layout, clean_head
from immrecon.errors import SourceError
from immrecon.ingest.propose.analytes import read_name
from immrecon.ingest.propose.blocks import Block, blocks_entry, find_blocks
from immrecon.ingest.propose.columns import folded, many
from immrecon.ingest.propose.dated_heads import dated, hidden, is_over_results, named
from immrecon.ingest.propose.draft import Entry, Remark, inferred, question, sure
from immrecon.ingest.propose.formats import Source
from immrecon.ingest.propose.heads import role_of
from immrecon.ingest.propose.terms import NO_DATA
from immrecon.ingest.propose.values import escaped, is_number
from immrecon.ingest.readers.grid import Grid, Table, to_table
from immrecon.ingest.units import parse_unit
from immrecon.quoting import quoted

_SEARCHED = 60
MOST_COLUMNS = 4000


@dataclass
class Sheet:
    """The table under its heads, the texts above it, and the entries of the layout."""

    table: Table
    layout: Layout
    entries: dict[str, Entry]
    titles: list[tuple[int, str]] = field(default_factory=list)
    two_levels: bool = False
    participant: str | None = None
    """The column that the lines above the blocks fill."""


def recognised(row: list[str]) -> int:
    """How many cells of a row are heads that are known."""
    known = sum(_known(clean_head(cell)) for cell in row[:MOST_COLUMNS] if cell.strip())
    return known + is_over_results(row[:MOST_COLUMNS], known)


def _known(head: str) -> bool:
    if len(head) >= 80 or is_number(head):
        return False
    return role_of(head) is not None or read_name(head).code is not None or named(head) is not None


def read_sheet(source: Source) -> Sheet:
    """Raises SourceError: no row can be a header, or nothing stands below it."""
    grid = source.grid
    if source.is_exchange or source.format in DATA_SETS:
        return _with_known_heads(source)
    filled = [i for i, row in enumerate(grid.rows) if any(cell.strip() for cell in row)]
    if not filled:
        raise SourceError(f"{grid.place}: the file is empty. Ask the sender for it again.")
    at, entry = _header(grid, filled)
    heads = _Heads(grid, filled, at, entry)
    blocks, blocks_found = _blocks(grid, heads)
    entries = heads.entries(blocks)
    body = _body(grid, filled, heads, blocks)
    again = [] if blocks else [grid.numbers[i] for i in body if _same(grid.rows[i], grid.rows[heads.at])]
    if again:
        listed = ", ".join(map(str, again[:5]))
        entries["repeated_header"] = sure(True, f"the header comes again in {many(len(again), 'row')}: {listed}")
    if blocks_found is not None:
        entries["blocks"] = blocks_found
    ignore = _no_data(grid, heads.at, body)
    if ignore is not None:
        entries["ignore_rows"] = ignore
    patterns = [p for p in (ignore.answer if ignore else []) if p != OPEN_QUESTION]
    base = {key: item.answer for key, item in source.layout.items()}
    if source.format in WORKBOOKS:
        base["sheets"] = [grid.sheet]
    layout = Layout.model_validate(
        base
        | {"header_rows": entries["header_rows"].answer, "header_fill": heads.fill, "repeated_header": bool(again)}
        | {"blocks": blocks_found.answer if blocks_found else None, "ignore_rows": patterns}
    )
    table = to_table(grid, layout)
    table = replace(table, frame=table.frame.with_columns(pl.col(table.heads).fill_null("")))
    if table.frame.is_empty():
        raise SourceError(f"{grid.place}: no row stands below the header in row {heads.rows[-1]}.")
    _short_rows(table, entries, len(table.heads) - bool(blocks))
    first = min((*heads.upper, heads.at))
    titles = [(grid.numbers[i], cell) for i in filled if i < first for cell in grid.rows[i] if cell.strip()]
    participant = layout.blocks.participant if layout.blocks else None
    return Sheet(table, layout, entries, titles, bool(heads.upper), participant)


def _with_known_heads(source: Source) -> Sheet:
    """A format that names its columns itself: nothing of the layout has to be found."""
    layout = Layout.model_validate({key: item.answer for key, item in source.layout.items()})
    table = to_table(source.grid, layout)
    if table.frame.is_empty():
        raise SourceError(f"{source.grid.place}: it holds no record.")
    return Sheet(table, layout, {}, [], two_levels=False)


class _Heads:
    """The rows of heads: `at` has the column heads, `upper` (at most one) what groups them; indices of the grid."""

    def __init__(self, grid: Grid, filled: list[int], at: int, entry: Entry) -> None:
        self.grid, self._entry = grid, entry
        units = _units_below(grid, filled, at)
        lower = units if units is not None else _lower(grid, filled, at)
        self._units = units is not None
        self.upper, self.at = ([at], lower) if lower is not None else (_upper(grid, filled, at), at)
        self.rows = [grid.numbers[i] for i in (*self.upper, self.at)]
        self.fill = "merged" if grid.merged else "forward"

    def entries(self, blocks: list[Block]) -> dict[str, Entry]:
        """The keys header_rows and header_fill; within blocks, rows count from the line that begins the block."""
        rows, at = self.rows, self.rows[-1]
        counted = rows
        within = ""
        if blocks:
            first = next(block.row for block in reversed(blocks) if block.row < rows[0])
            counted = [row - first + 1 for row in rows]
            within = f", counted from row {first}, which begins a block"
        if not self.upper:
            if blocks:
                return {"header_rows": inferred(counted, f"row {at} has the heads{within}")}
            value = counted if self._entry.value != OPEN_QUESTION else [OPEN_QUESTION]
            return {"header_rows": Entry(value, self._entry.remarks, counted)}
        how = "merged cells" if self.grid.merged else "filled cells"
        why = f"row {at} has the heads, some of them several times; row {rows[0]} stands above in {how}"
        if self._units:
            why = f"row {rows[0]} has the heads, and row {rows[1]} their units"
        return {
            "header_rows": inferred(counted, why + within),
            "header_fill": inferred(self.fill, f"the heads of row {rows[0]} span columns by {how}"),
        }


def _blocks(grid: Grid, heads: _Heads) -> tuple[list[Block], Entry | None]:
    """Blocks, if the heads stand below the line that begins one, and the key that declares them."""
    blocks = find_blocks(grid)
    before = [block for block in blocks if block.row < heads.rows[0]]
    if not before:
        return [], None
    down = heads.rows[-1] - before[-1].row
    places = {number: i for i, number in enumerate(grid.numbers)}
    names = {hidden(clean_head(cell)) for cell in grid.rows[heads.at] if cell.strip()}
    fitting = [
        block
        for block in blocks
        if (i := places.get(block.row + down)) is not None
        and {hidden(clean_head(cell)) for cell in grid.rows[i] if cell.strip()} <= names
        and recognised(grid.rows[i])
    ]
    if len(fitting) < 2:
        return [], None
    entry = blocks_entry(blocks, names, len(fitting))
    return (blocks, entry) if entry is not None else ([], None)


def _body(grid: Grid, filled: list[int], heads: _Heads, blocks: list[Block]) -> list[int]:
    """Rows below the header; without the lines from the begin of each further block to its heads."""
    body = [i for i in filled if i > heads.at]
    if not blocks:
        return body
    first = max(block.row for block in blocks if block.row < heads.rows[0])
    down = heads.rows[-1] - first
    above = {row for block in blocks for row in range(block.row, block.row + down + 1)}
    return [i for i in body if grid.numbers[i] not in above]


def _header(grid: Grid, filled: list[int]) -> tuple[int, Entry]:
    """Index of the row of heads."""
    searched = filled[:_SEARCHED]
    hits = {i: recognised(grid.rows[i]) for i in searched}
    best = max(searched, key=lambda i: (hits[i], -i))
    number = grid.numbers[best]
    if hits[best] >= 2:
        above = f"; {many(sum(i < best for i in filled), 'row')} of titles above" if best > filled[0] else ""
        return best, inferred([number], f"{hits[best]} cells of row {number} are heads that are known{above}")
    widths = Counter(_filled(grid.rows[i]) for i in filled)
    usual = max(widths, key=lambda width: (widths[width] * width, width))
    for i in searched:
        cells = [cell for cell in grid.rows[i] if cell.strip()]
        if len(cells) >= max(usual - 1, 1) and not any(is_number(cell.strip()) for cell in cells):
            asked = (
                f"row {grid.numbers[i]} may be the header, though few of its heads are known: {_shown(cells)}. Is it?"
            )
            return i, question(asked, [grid.numbers[i]])
    raise SourceError(f"{grid.place}: no row can be the header. A dialect needs the heads of the columns.")


def _filled(row: list[str]) -> int:
    return sum(bool(cell.strip()) for cell in row)


def _shown(cells: list[str]) -> str:
    return ", ".join(quoted(cell, 25) for cell in cells[:6])


def _upper(grid: Grid, filled: list[int], at: int) -> list[int]:
    """The row above the heads, where it groups them: heads repeat below, and it is filled sparsely or merged."""
    heads = Counter(clean_head(cell) for cell in grid.rows[at] if cell.strip())
    position = filled.index(at)
    if position == 0 or not any(n > 1 for n in heads.values()):
        return []
    above = filled[position - 1]
    n = _filled(grid.rows[above])
    over = sum(bool(cell.strip()) for cell, head in zip(grid.rows[above], grid.rows[at], strict=False) if head.strip())
    spans = any(top <= grid.numbers[above] <= bottom and right > left for top, bottom, left, right in grid.merged)
    return [above] if spans or (n >= 2 and over < heads.total()) else []


def _lower(grid: Grid, filled: list[int], at: int) -> int | None:
    """The row under the heads, where it has heads of its own for those that span columns, some several times."""
    following = filled[filled.index(at) + 1 :][:1]
    if not following or _same(grid.rows[following[0]], grid.rows[at]):
        return None
    heads = [clean_head(cell) for cell in grid.rows[following[0]] if cell.strip()]
    repeated = len(heads) > len(set(heads))
    return following[0] if repeated and all(_known(head) or dated(head) is not None for head in heads) else None


def _units_below(grid: Grid, filled: list[int], at: int) -> int | None:
    """The row under the heads, where it holds nothing but units."""
    following = filled[filled.index(at) + 1 :][:1]
    if following and all(parse_unit(cell.strip()) for cell in grid.rows[following[0]] if cell.strip()):
        return following[0]
    return None


def _same(row: list[str], header: list[str]) -> bool:
    cut = [clean_head(cell) for cell in row]
    return [cell for cell in cut if cell] == [clean_head(cell) for cell in header if cell.strip()]


def _no_data(grid: Grid, at: int, body: list[int]) -> Entry | None:
    """Rows below the header that hold no sample: page titles, footers, totals."""
    width = _filled(grid.rows[at])
    first = {i: next(cell.strip() for cell in grid.rows[i] if cell.strip()) for i in body}
    shapes = Counter(_shape(text) for text in first.values())
    usual = {shape for shape, n in shapes.items() if n >= max(2, 0.1 * len(body))}
    found: dict[str, list[int]] = {}
    for i in body:
        alone = _filled(grid.rows[i]) == 1 and width >= 3
        told = NO_DATA.fullmatch(folded(first[i])) is not None
        if (told or (alone and _shape(first[i]) not in usual)) and not is_number(first[i]):
            pattern = re.sub(r"[0-9]+", r"\\d+", escaped(first[i]))
            if len(pattern) <= MAX_PATTERN_LENGTH and "\n" not in pattern:
                found.setdefault(pattern, []).append(grid.numbers[i])
    if not found:
        return None
    patterns = list(found)
    shown = "; ".join(f"row {', '.join(map(str, rows[:3]))}" for rows in list(found.values())[:8])
    if len(found) > 12:
        asked = f"{sum(map(len, found.values()))} rows seem to hold no sample ({shown}), of {len(found)} kinds. Which?"
        return Entry([*patterns[:12], OPEN_QUESTION], (Remark("question", asked),), patterns[:12])
    return inferred(patterns, f"titles, footers or totals, by their first filled cell: {shown}")


def _shape(text: str) -> str:
    return re.sub(r"[0-9]+", "9", re.sub(r"[^\W\d_]+", "a", text))


def _short_rows(table: Table, entries: dict[str, Entry], width: int) -> None:
    """Rows with fewer cells than heads: software that leaves out trailing blanks, if it is many of them."""
    short = table.ragged.filter(table.ragged["n_cells"] < width)
    if short.height > 0.2 * table.frame.height:
        why = f"{short.height} of {table.frame.height} rows have fewer cells than heads, e.g. row {short.row(0)[0]}"
        entries["pad_short_rows"] = inferred(True, f"{why}: blanks at the end seem to be left out")
