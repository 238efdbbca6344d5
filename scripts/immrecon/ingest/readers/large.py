"""The table of a large delimited file, some rows at a time. All together they are the rows of `grid.to_table`."""

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import polars as pl

from immrecon.config.source_format import Layout
from immrecon.ingest.readers.grid import ROW, Grid, Header, Table, data_rows, header_of
from immrecon.ingest.readers.text_blocks import BLOCK_BYTES, Split, TextBlocks

HEAD_ROWS = 200
"""Read before the header is looked for, beyond the declared one: an error can then say where else it stands."""

_BLANK = r"^[\s\x1c-\x1f]*$"
"""What `str.isspace` holds for blank; polars does not count the four separators."""


def table_parts(
    folder: Path,
    file: str,
    layout: Layout,
    required: Sequence[str] = (),
    block_bytes: int = BLOCK_BYTES,
    is_read: Callable[[str], bool] = lambda head: True,
) -> Iterator[Table]:
    """The rows of a delimited file under their heads, in order; at least one table, and the first with all heads.
    Columns that are not read may be missing from later ones. Raises SourceError as `to_table`, where the reading meets
    the reason."""
    text = TextBlocks(folder / file, file, layout, block_bytes)
    first = text.rows(layout.header_rows[-1] + HEAD_ROWS)
    header = header_of(first, layout, required)
    yield data_rows(first, layout, header, header.body)
    # What holds no data shows in the first column.
    wanted = [place for place, name in enumerate(header.names) if place == 0 or is_read(name)]
    for block in text.blocks(header.width, wanted):
        if isinstance(block, Grid):
            yield data_rows(block, layout, header)
        else:
            yield _data(block, file, layout, header, wanted)


def _data(block: Split, file: str, layout: Layout, header: Header, wanted: Sequence[int]) -> Table:
    """As `data_rows`, of rows as long as the header. Only those that may hold no data are looked at closely."""
    frame = _headed(block.frame, [header.names[place] for place in wanted])
    first = pl.col(header.names[0])
    suspect = first.str.contains(_BLANK)
    for pattern in layout.ignore_rows:
        suspect |= first.str.contains(r"[\x1c-\x1f]") | first.str.strip_chars().str.contains(f"^(?:{pattern})$")
    if layout.repeated_header:
        bare = first.str.normalize("NFC").str.replace_all(r"[\s\x1c-\x1f]+", "")
        suspect |= bare == header.cells[0].replace(" ", "")
    # First cells come again and again: study, site, participant.
    distinct = frame.select(first.unique())
    if distinct.select(suspect.any()).item():
        suspects = _headed(block.whole(), header.names).filter(suspect)
        rows = [list(row) for row in suspects.drop(ROW).iter_rows()]
        kept = data_rows(Grid(file, None, suspects[ROW].to_list(), rows), layout, header).frame
        frame = frame.filter(~suspect | pl.col(ROW).is_in(kept[ROW].to_list()))
    ragged = pl.DataFrame(schema={ROW: pl.Int64, "n_cells": pl.Int64})
    return Table(file, None, frame, ragged, header.repeated, trimmed=block.trimmed, longest=block.longest)


def _headed(frame: pl.DataFrame, names: Sequence[str]) -> pl.DataFrame:
    return frame.rename(dict(zip(frame.columns, [*names, ROW], strict=True)))
