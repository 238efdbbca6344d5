"""Delimited text, decoded as declared."""

import codecs
import csv
import io
from pathlib import Path

from immrecon.config.source_format import Limits
from immrecon.errors import SourceError
from immrecon.ingest.readers.bounds import Extent, check_file
from immrecon.ingest.readers.grid import Grid

LONGEST_CELL = 2**31 - 1
"""The csv module gives up at 128 KiB unless told otherwise; a long cell is for the person who answers the query."""

_VALID_UTF_8 = 'It is valid UTF-8: declare "utf-8".'
_SWAPPED_MARK = "\ufffe"
"""How a byte order mark reads in the other byte order; no character has that code."""


def read_text(
    path: Path, file: str, encoding: str, delimiter: str, quote: str | None = '"', limits: Limits | None = None
) -> Grid:
    """All rows of a delimited file as text. A row is numbered by the line it begins on.

    Raises SourceError: no such file, not text in the declared encoding, a quote that is never closed, beyond the
    limits.
    """
    limits = limits or Limits()
    check_file(path, file, limits)
    text = decode(path, file, encoding)
    extent = Extent(file, limits)
    reader = csv.reader(
        io.StringIO(text, newline=""),
        delimiter=delimiter,
        quotechar=quote,
        quoting=csv.QUOTE_MINIMAL if quote else csv.QUOTE_NONE,
        strict=True,
    )
    rows: list[list[str]] = []
    ends: list[int] = [0]
    former = csv.field_size_limit(LONGEST_CELL)
    try:
        for row in reader:
            extent.row(len(rows) + 1, len(row))
            rows.append(row)
            ends.append(reader.line_num)
    except csv.Error as error:
        raise cannot_split(file, ends[-1] + 1, error) from None
    finally:
        csv.field_size_limit(former)
    return Grid(file, None, [end + 1 for end in ends[:-1]], rows)


def decode(path: Path, file: str, encoding: str) -> str:
    """The text of a file without its byte order mark. Raises SourceError: no such file, not text in the encoding."""
    try:
        content = path.read_bytes()
    except OSError as error:
        raise SourceError(f"{file}: cannot be read ({error.strerror}).") from None
    try:
        text = decoder_of(file, encoding, content).decode(content, final=True)
    except UnicodeError as error:
        raise undecodable(file, encoding, error, content) from None
    refuse_null(text, file, encoding, content)
    return without_mark(text, file, encoding, content)


def cannot_split(file: str, line: int, error: csv.Error) -> SourceError:
    return SourceError(
        f"{file}: the row that begins on line {line} cannot be split into cells ({error}). "
        "Look for an unpaired quote there."
    )


def decoder_of(file: str, encoding: str, content: bytes) -> codecs.IncrementalDecoder:
    """For a file that begins with `content`. Raises SourceError: no such encoding, or its byte order is left open."""
    try:
        b" ".decode(encoding, "ignore")  # codecs from bytes to bytes are refused here
        decoder = codecs.getincrementaldecoder(encoding)
    except LookupError:
        raise SourceError(f'{file}: "{encoding}" is not an encoding that Python knows.') from None
    marks = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
    if content and codecs.lookup(encoding).name == "utf-16" and content[:2] not in marks:
        raise SourceError(
            f"{file}: begins without a byte order mark, so utf-16 leaves its byte order open. "
            'Declare "utf-16-le" or "utf-16-be".'
        )
    return decoder()


def undecodable(file: str, encoding: str, error: UnicodeError, content: bytes) -> SourceError:
    return SourceError(f"{file}: not {encoding} text as declared ({error}). {_encoding_hint(content)}")


def refuse_null(text: str, file: str, encoding: str, content: bytes) -> None:
    if "\x00" in text:
        hint = _encoding_hint(content)
        if codecs.lookup(encoding).name.startswith("utf-8") and hint == _VALID_UTF_8:
            hint = "A damaged file holds them, or one that a program has filled up: ask the sender for it again."
        raise SourceError(f"{file}: holds null characters, which no text does. {hint}")


def without_mark(text: str, file: str, encoding: str, content: bytes) -> str:
    """The text of a file from its beginning, without its byte order mark; `content` are its first bytes.

    Raises SourceError: the byte order is not the declared one.
    """
    if text.startswith(_SWAPPED_MARK):
        raise SourceError(f"{file}: its byte order is not that of {encoding} as declared. {_encoding_hint(content)}")
    return text.removeprefix("\ufeff")


def _encoding_hint(content: bytes) -> str:
    if content[:2] in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE):
        return 'It begins like UTF-16: declare "utf-16".'
    if content[:2] == b"PK":
        return "It begins like a workbook: declare the format xlsx or ods."
    if content[:4] == b"\xd0\xcf\x11\xe0":
        return "It begins like a workbook of an older kind: declare the format xls."
    try:
        content.decode("utf-8")
    except UnicodeDecodeError:
        return 'It is not UTF-8 either; exports of older Windows software are often "cp1252".'
    return _VALID_UTF_8
