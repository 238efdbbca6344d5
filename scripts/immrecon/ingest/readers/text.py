"""Delimited text, decoded as declared."""

import csv
import io
from pathlib import Path

from immrecon.errors import SourceError
from immrecon.ingest.readers.grid import Grid

_LONGEST_CELL = 2**31 - 1
"""The csv module gives up at 128 KiB unless told otherwise; a long cell is for the person who answers the query."""


def read_text(path: Path, file: str, *, encoding: str, delimiter: str, quote: str | None = '"') -> Grid:
    """All rows of a delimited file as text. A row is numbered by the line it begins on.

    Raises SourceError: no such file, not text in the declared encoding, a quote that is never closed.
    """
    text = decode(path, file, encoding)
    reader = csv.reader(
        io.StringIO(text, newline=""),
        delimiter=delimiter,
        quotechar=quote,
        quoting=csv.QUOTE_MINIMAL if quote else csv.QUOTE_NONE,
        strict=True,
    )
    rows: list[list[str]] = []
    ends: list[int] = [0]
    former = csv.field_size_limit(_LONGEST_CELL)
    try:
        for row in reader:
            rows.append(row)
            ends.append(reader.line_num)
    except csv.Error as error:
        raise SourceError(
            f"{file}: the row that begins on line {ends[-1] + 1} cannot be split into cells ({error}). "
            "Look for an unpaired quote there."
        ) from None
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
        text = content.decode(encoding)
    except LookupError:
        raise SourceError(f'{file}: "{encoding}" is not an encoding that Python knows.') from None
    except UnicodeError as error:
        raise SourceError(f"{file}: not {encoding} text as declared ({error}). {_encoding_hint(content)}") from None
    if "\x00" in text:
        raise SourceError(f"{file}: holds null characters, so it is not {encoding} text. {_encoding_hint(content)}")
    return text.removeprefix("\ufeff")


def _encoding_hint(content: bytes) -> str:
    if content[:2] in (b"\xff\xfe", b"\xfe\xff"):
        return 'It begins like UTF-16: declare "utf-16".'
    if content[:2] == b"PK":
        return "It begins like a workbook: declare the format xlsx."
    try:
        content.decode("utf-8")
    except UnicodeDecodeError:
        return 'It is not UTF-8 either; exports of older Windows software are often "cp1252".'
    return 'It is valid UTF-8: declare "utf-8".'
