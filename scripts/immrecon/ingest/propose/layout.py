"""Where the table begins and ends: title rows, one or two header rows, repeated headers, footers and totals."""

import re
from collections import Counter
from dataclasses import dataclass, field

from immrecon.config.base import OPEN_QUESTION
from immrecon.config.source_format import MAX_PATTERN_LENGTH, Layout, clean_head
from immrecon.errors import SourceError
from immrecon.ingest.propose.analytes import read_name
from immrecon.ingest.propose.columns import folded, many
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


def recognised(row: list[str]) -> int:
    """How many cells of a row are heads that are known."""
    return sum(_known(clean_head(cell)) for cell in row[:MOST_COLUMNS] if cell.strip())


def _known(head: str) -> bool:
    return len(head) < 80 and not is_number(head) and (role_of(head) is not None or read_name(head).code is not None)


def read_sheet(source: Source) -> Sheet:
    """Raises SourceError: no row can be a header, or nothing stands below it."""
    grid = source.grid
    filled = [i for i, row in enumerate(grid.rows) if any(cell.strip() for cell in row)]
    if not filled:
        raise SourceError(f"{grid.place}: the file is empty. Ask the sender for it again.")
    at, entry = _header(grid, filled)
    below = _units_below(grid, filled, at)
    upper, at = ([at], below) if below is not None else (_upper(grid, filled, at), at)
    rows = [grid.numbers[i] for i in (*upper, at)]
    entries: dict[str, Entry] = {}
    fill = "merged" if grid.merged else "forward"
    if upper:
        how = "merged cells" if grid.merged else "filled cells"
        why = f"row {grid.numbers[at]} has the heads, some of them several times; row {rows[0]} stands above in {how}"
        if below is not None:
            why = f"row {rows[0]} has the heads, and row {rows[1]} their units"
        entries["header_rows"] = inferred(rows, why)
        entries["header_fill"] = inferred(fill, f"the heads of row {rows[0]} span columns by {how}")
    else:
        entries["header_rows"] = Entry(rows if entry.value != OPEN_QUESTION else [OPEN_QUESTION], entry.remarks, rows)
    body = [i for i in filled if i > at]
    again = [grid.numbers[i] for i in body if _same(grid.rows[i], grid.rows[at])]
    if again:
        listed = ", ".join(map(str, again[:5]))
        entries["repeated_header"] = sure(True, f"the header comes again in {many(len(again), 'row')}: {listed}")
    ignore = _no_data(grid, at, body)
    if ignore is not None:
        entries["ignore_rows"] = ignore
    patterns = [p for p in (ignore.answer if ignore else []) if p != OPEN_QUESTION]
    base = {key: item.answer for key, item in source.layout.items()}
    if source.format != "csv":
        base["sheets"] = [grid.sheet]
    layout = Layout.model_validate(
        base | {"header_rows": rows, "header_fill": fill, "repeated_header": bool(again), "ignore_rows": patterns}
    )
    table = to_table(grid, layout)
    if table.frame.is_empty():
        raise SourceError(f"{grid.place}: no row stands below the header in row {rows[-1]}.")
    _short_rows(table, entries)
    first = min((*upper, at))
    titles = [(grid.numbers[i], cell) for i in filled if i < first for cell in grid.rows[i] if cell.strip()]
    return Sheet(table, layout, entries, titles, bool(upper))


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
    spans = any(top <= grid.numbers[above] <= bottom and right > left for top, bottom, left, right in grid.merged)
    return [above] if spans or 2 <= n < heads.total() else []


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


def _short_rows(table: Table, entries: dict[str, Entry]) -> None:
    """Rows with fewer cells than heads: software that leaves out trailing blanks, if it is many of them."""
    width = len(table.heads)
    short = table.ragged.filter(table.ragged["n_cells"] < width)
    if short.height > 0.2 * table.frame.height:
        why = f"{short.height} of {table.frame.height} rows have fewer cells than heads, e.g. row {short.row(0)[0]}"
        entries["pad_short_rows"] = inferred(True, f"{why}: blanks at the end seem to be left out")
