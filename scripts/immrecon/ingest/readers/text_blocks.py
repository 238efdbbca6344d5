"""Delimited text of any length, block by block. The rows are those of `text.read_text`, with the same numbers.

A block in which nothing is unusual is split by polars; where columns have roles, only its lines that say something new
(`lines`). Any other goes through the csv module, which decides for both what a quote, a line or a cell is.
"""

import csv
import io
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import polars as pl

from immrecon.config.source_format import Layout
from immrecon.ingest.readers.bounds import Extent, check_file
from immrecon.ingest.readers.grid import ROW, Grid
from immrecon.ingest.readers.lines import Lines, Numbers, Readings, Role
from immrecon.ingest.readers.text import (
    LONGEST_CELL,
    cannot_split,
)
from immrecon.ingest.readers.text_content import LONGEST_RECORD, TextContent

BLOCK_BYTES = 32_000_000
"""Read at a time."""

AHEAD = 2
"""Blocks that are made while one is used."""

MOST_READINGS = 500_000
"""Known together; a file that says more is numbered anew."""


@dataclass(frozen=True)
class Split:
    """Lines of text that all have as many cells, `first` being the number of the first."""

    lines: Lines
    first: int
    frame: pl.DataFrame
    """The columns wanted of all lines; where columns have roles, those compared for it of the first line of each run.
    With the numbers of the lines (SRCROW)."""
    readings: pl.DataFrame
    """The columns compared for it of the readings that were not known with the lines before, in their order; none where
    columns have no roles."""
    all: Callable[[Sequence[int] | None], pl.DataFrame]
    """The columns at these places (None: every one) of all lines, with the numbers of the lines."""


class TextBlocks:
    """The rows of one delimited file, in order, each once: first `rows`, then `blocks`.

    Raises SourceError as `read_text`, where the reading meets the reason.
    """

    def __init__(self, path: Path, file: str, layout: Layout, block_bytes: int = BLOCK_BYTES) -> None:
        check_file(path, file, layout.limits)
        self._file = file
        self._delimiter, self._quote = layout.delimiter or "", layout.quote
        self._extent = Extent(file, layout.limits)
        self._source = TextContent(path, file, layout.encoding or "", block_bytes)
        self._line = 0
        self._n = 0

    def rows(self, n: int) -> Grid:
        """The next `n` records, or as many as there are."""
        return self._records(iter(self._source.line, ""), lambda found: found < n)

    def blocks(
        self, width: int, wanted: Sequence[int] | None = None, roles: Sequence[Role] | None = None
    ) -> Iterator[Grid | Split]:
        """The rest. Frames have `width` String columns, or some of those wanted, and SRCROW; none of the rows has more
        or fewer cells.
        """
        readings = self._readings(roles or [Role.NONE] * width)
        n_known = 0
        looked: deque[Future[Lines | None]] = deque()
        with ThreadPoolExecutor(1) as others:  # one thread: readings are numbered in the order of the lines
            while block := self._source.block():
                if not looked:
                    looked.append(others.submit(_lines, block, readings))
                for coming in self._source.go_ahead(AHEAD)[len(looked) - 1 :]:
                    looked.append(others.submit(_lines_of, coming, readings))
                lines = looked.popleft().result()
                split = None if lines is None else self._split(lines, n_known, width, wanted, roles)
                if split is None:
                    looked.clear()  # what comes next may begin later
                    yield self._as_records(block)
                    continue
                n = split.lines.n
                self._n += n
                self._extent.row(self._n, width, n)
                self._line += n
                n_known = split.lines.n_readings
                yield split
                if readings is not None and n_known > MOST_READINGS:
                    readings, n_known = self._readings(roles or [Role.NONE] * width), 0
                    looked.clear()

    def _readings(self, roles: Sequence[Role]) -> Readings | None:
        """None known yet; None at all where delimiter or quote are none that lines are looked at for."""
        signs = self._delimiter + (self._quote or "")
        return (
            Readings(self._delimiter, self._quote, roles) if signs.isascii() and self._delimiter not in "\r\n" else None
        )

    def _split(
        self, lines: Lines, n_known: int, width: int, wanted: Sequence[int] | None, roles: Sequence[Role] | None
    ) -> Split | None:
        """None where polars splits the lines otherwise."""
        first = self._line + 1

        def cells(columns: Sequence[int] | None, places: Numbers | None) -> pl.DataFrame | None:
            content = lines.content if places is None else lines.some(places)
            frame = self._cells(content, lines.n if places is None else places.size, width, columns)
            numbers = np.arange(first, first + lines.n) if places is None else places.astype(np.int64) + first
            return None if frame is None else frame.with_columns(pl.Series(ROW, numbers))

        def all_lines(columns: Sequence[int] | None) -> pl.DataFrame:
            frame = cells(columns, None)
            assert frame is not None, "some of it could be split before"
            return frame

        frame: pl.DataFrame | None
        readings: pl.DataFrame | None
        if roles is None:
            frame, readings = cells(wanted, None), pl.DataFrame()
        else:
            said = columns_of(Role.SAID, wanted, roles)
            frame = cells(columns_of(Role.AROUND, wanted, roles), lines.first_of_run)
            new = lines.readings.text(n_known, lines.n_readings)
            readings = self._cells(new, lines.n_readings - n_known, len(said) + 1, range(len(said)))
        return None if frame is None or readings is None else Split(lines, first, frame, readings, all_lines)

    def _as_records(self, block: bytes) -> Grid:
        """The records that begin in a block; the last may end in the next one."""
        text = block.decode()
        own = io.StringIO(text, newline="")
        lines = iter(lambda: own.readline() or self._source.line(), "")
        return self._records(lines, lambda _: own.tell() < len(text))

    def _records(self, lines: Iterator[str], more: Callable[[int], bool]) -> Grid:
        begun, since = self._line, 0

        def bounded() -> Iterator[str]:
            nonlocal since
            for line in lines:
                since += len(line)
                if since > LONGEST_RECORD:
                    raise csv.Error(f"it goes on for more than {LONGEST_RECORD:,} characters")
                yield line

        reader = csv.reader(
            bounded(),
            delimiter=self._delimiter,
            quotechar=self._quote,
            quoting=csv.QUOTE_MINIMAL if self._quote else csv.QUOTE_NONE,
            strict=True,
        )
        numbers: list[int] = []
        rows: list[list[str]] = []
        former = csv.field_size_limit(LONGEST_CELL)
        try:
            while more(len(rows)) and (row := next(reader, None)) is not None:
                since = 0
                self._n += 1
                self._extent.row(self._n, len(row))
                numbers.append(self._line + 1)
                rows.append(row)
                self._line = begun + reader.line_num
        except csv.Error as error:
            raise cannot_split(self._file, self._line + 1, error) from None
        finally:
            csv.field_size_limit(former)
        return Grid(self._file, None, numbers, rows)

    def _cells(self, content: bytes, n: int, width: int, wanted: Sequence[int] | None) -> pl.DataFrame | None:
        """The cells of so many lines; None where polars splits them otherwise."""
        if not n:
            return pl.DataFrame(schema={f"cell {i}": pl.String for i in (range(width) if wanted is None else wanted)})
        quote = self._quote and self._quote.encode()
        try:
            frame = pl.read_csv(
                content,
                has_header=False,
                separator=self._delimiter,
                quote_char=self._quote if quote and quote in content else None,
                schema={f"cell {i}": pl.String for i in range(width)},
                columns=None if wanted is None else list(wanted),
                empty_string_is_null=False,
            )
        except pl.exceptions.PolarsError:
            return None
        return frame if frame.height == n else None


def _lines(block: bytes, readings: Readings | None) -> Lines | None:
    """Of a block in which every line is a record with as many cells as roles; None where that is not certain."""
    return Lines.of(block, readings) if readings is not None and block.endswith(b"\n") else None


def _lines_of(coming: Future[bytes], readings: Readings | None) -> Lines | None:
    """Of a block when it is there. Why it is not is said by what takes it."""
    return None if coming.exception() else _lines(coming.result(), readings)


def columns_of(role: Role, wanted: Sequence[int] | None, roles: Sequence[Role]) -> list[int]:
    """The places of the wanted columns that are compared for this."""
    return [place for place, own in enumerate(roles) if own & role and (wanted is None or place in wanted)]
