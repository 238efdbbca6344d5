"""Delimited text of any length, block by block. The rows are those of `text.read_text`, with the same numbers.

A block in which nothing is unusual is split by polars. Any other goes through the csv module, which decides for both
what a quote, a line or a cell is.
"""

import csv
import io
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import polars as pl

from immrecon.config.source_format import Layout
from immrecon.errors import SourceError
from immrecon.ingest.readers.bounds import Extent, check_file
from immrecon.ingest.readers.grid import ROW, Grid
from immrecon.ingest.readers.signs import Signs
from immrecon.ingest.readers.text import (
    LONGEST_CELL,
    cannot_split,
    decoder_of,
    refuse_null,
    undecodable,
    without_mark,
)

BLOCK_BYTES = 16_000_000
"""Read at a time."""

LONGEST_RECORD = 64_000_000
"""Characters of a record after which a quote counts as never closed."""


@dataclass(frozen=True)
class Split:
    """Rows of text, of the columns that are wanted; `trimmed`: no cell begins or ends with a blank; `longest`: bytes of
    the longest line; `whole`: the same rows with all columns.
    """

    frame: pl.DataFrame
    trimmed: bool
    longest: int
    whole: Callable[[], pl.DataFrame]


class TextBlocks:
    """The rows of one delimited file, in order, each once: first `rows`, then `blocks`.

    Raises SourceError as `read_text`, where the reading meets the reason.
    """

    def __init__(self, path: Path, file: str, layout: Layout, block_bytes: int = BLOCK_BYTES) -> None:
        check_file(path, file, layout.limits)
        self._file = file
        self._delimiter, self._quote = layout.delimiter or "", layout.quote
        self._extent = Extent(file, layout.limits)
        self._source = _Decoded(path, file, layout.encoding or "", block_bytes)
        self._line = 0
        self._n = 0

    def rows(self, n: int) -> Grid:
        """The next `n` records, or as many as there are."""
        return self._records(iter(self._source.line, ""), lambda found: found < n)

    def blocks(self, width: int, wanted: Sequence[int] | None = None) -> Iterator[Grid | Split]:
        """The rest. A frame has `width` String columns, or those wanted of them, and SRCROW; none of its rows has more
        or fewer cells.
        """
        while block := self._source.block():
            signs = self._signs(block, width)
            frame = None if signs is None else _cells(signs, width, wanted)
            if signs is None or frame is None:
                yield self._as_records(block)
                continue
            n = signs.n_lines
            self._n += n
            self._extent.row(self._n, width, n)
            numbers = pl.int_range(self._line + 1, self._line + n + 1, dtype=pl.Int64, eager=True).alias(ROW)
            self._line += n
            whole = partial(_whole, signs, width, numbers)
            yield Split(frame.with_columns(numbers), signs.are_trimmed(), signs.longest, whole)

    def _as_records(self, block: str) -> Grid:
        """The records that begin in a block; the last may end in the next one."""
        own = io.StringIO(block, newline="")
        lines = iter(lambda: own.readline() or self._source.line(), "")
        return self._records(lines, lambda _: own.tell() < len(block))

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

    def _signs(self, block: str, width: int) -> Signs | None:
        """Of a block in which every line is a record of `width` cells; None where that is not certain."""
        if not block.endswith("\n") or ("\r" in block and block.count("\r") != block.count("\r\n")):
            return None
        if not self._delimiter.isascii() or self._delimiter in "\r\n" or not (self._quote or "").isascii():
            return None
        signs = Signs(block, self._delimiter, self._quote if self._quote and self._quote in block else None)
        return signs if signs.widths_agree(width) else None


def _cells(signs: Signs, width: int, wanted: Sequence[int] | None) -> pl.DataFrame | None:
    """The cells of a block; None where polars splits it otherwise."""
    try:
        frame = pl.read_csv(
            signs.content,
            has_header=False,
            separator=signs.delimiter,
            quote_char=signs.quote,
            schema={f"cell {i}": pl.String for i in range(width)},
            columns=None if wanted is None else list(wanted),
            empty_string_is_null=False,
        )
    except pl.exceptions.PolarsError:
        return None
    return frame if frame.height == signs.n_lines else None


def _whole(signs: Signs, width: int, numbers: pl.Series) -> pl.DataFrame:
    frame = _cells(signs, width, None)
    assert frame is not None, "it could be split before"
    return frame.with_columns(numbers)


class _Decoded:
    """The text of a file in the declared encoding, without its byte order mark."""

    def __init__(self, path: Path, file: str, encoding: str, block_bytes: int) -> None:
        self._file, self._encoding, self._block_bytes = file, encoding, max(block_bytes, 4)
        self._bytes = path.open("rb")
        self._at_end = False
        beginning = self._bytes.read(self._block_bytes)
        self._decoder = decoder_of(file, encoding, beginning)
        self._text, self._at = without_mark(self._decode(beginning), file, encoding, beginning), 0

    def line(self) -> str:
        """The next line with its end; '' after the last."""
        while True:
            end = self._line_end()
            if end is not None:
                line, self._at = self._text[self._at : end], end
                return line
            self._text, self._at = self._text[self._at :] + self._more(), 0

    def _line_end(self) -> int | None:
        """Where the line ends that begins here; None where the text must go on to know."""
        feed = self._text.find("\n", self._at)
        back = self._text.find("\r", self._at, feed if feed >= 0 else len(self._text))
        if back >= 0 and back + 1 < len(self._text):
            return back + 2 if self._text[back + 1] == "\n" else back + 1
        if feed >= 0:
            return feed + 1
        return len(self._text) if self._at_end else None

    def block(self) -> str:
        """Whole lines, about as many as fit into a block; '' after the last."""
        text = self._text[self._at :]
        while not self._at_end and "\n" not in text:
            if len(text) > LONGEST_RECORD:
                raise SourceError(f"{self._file}: a line has more than {LONGEST_RECORD:,} characters.")
            text += self._more()
        whole = len(text) if self._at_end else text.rfind("\n") + 1
        self._text, self._at = text[whole:] if self._at_end else text[whole:] + self._more(), 0
        return text[:whole]

    def _more(self) -> str:
        return self._decode(self._bytes.read(self._block_bytes))

    def _decode(self, content: bytes) -> str:
        if len(content) < self._block_bytes:
            self._at_end = True
            self._bytes.close()
        try:
            text = self._decoder.decode(content, self._at_end)
        except UnicodeError as error:
            raise undecodable(self._file, self._encoding, error, content) from None
        refuse_null(text, self._file, self._encoding, content)
        return text
