"""SAS data sets (sas7bdat, and transport files of version 5 and 8) as text, read by pyreadstat.

Row 0 holds the column names, row n observation n. Numbers have at most 15 significant digits; missing values (., ._,
.A to .Z) are blank. A number is a date, a date with time, or a time where the format of its column says so; it reads
YYYY-MM-DD, YYYY-MM-DDTHH:MM:SS, HH:MM:SS, and YYYY-MM or YYYY where the format shows no more than that. Under any
other format it stays the number. Text is decoded here, so that no byte is replaced or guessed.
"""

import math
import re
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Literal

import pyreadstat

from immrecon.config.source_format import Limits
from immrecon.errors import SourceError
from immrecon.ingest.readers.bounds import Extent, check_file
from immrecon.ingest.readers.cells import cell_text, clock_text
from immrecon.ingest.readers.grid import Grid

_BYTES = "ISO-8859-1"
"""In which every byte is a character and back again: how the bytes of a text are had from pyreadstat."""
_DAMAGE = (
    pyreadstat.ReadstatError, pyreadstat.PyreadstatError, ValueError, TypeError, AttributeError, OverflowError,
    MemoryError,
)  # fmt: skip
"""What pyreadstat raises on damaged files."""
_EPOCH = datetime(1960, 1, 1)
_ENCODING_PLACE, _NO_ENCODING = 70, (0, 204)
"""Byte of a sas7bdat that names its encoding, and the values that name none ("default", "any")."""
_MEMBER = (b"HEADER RECORD*******MEMBER  HEADER RECORD!!!!!!!", b"HEADER RECORD*******MEMBV8  HEADER RECORD!!!!!!!")
_CARD = 80
"""Bytes of a record of a transport file."""

_YMD = "B|C|D|N|P|S"
_DAY = re.compile(
    rf"(?:DATE|E8601DA|B8601DA|IS8601DA|ND8601DA|(?:DDMMYY|MMDDYY|YYMMDD)(?:{_YMD})?|WEEKDATE|WEEKDATX|WORDDATE|"
    r"WORDDATX|NLDATE[LMS]?|NLDATEW|JULIAN|EURDFDE|EURDFDD|EURDFWDX|EURDFWKX|MINGUO|NENGO)"
)
_MONTH = re.compile(r"(?:MONYY|YYMON|(?:MMYY|YYMM)(?:C|D|N|P|S)?|NLDATEYM|EURDFMY)")
_YEAR = re.compile(r"YEAR")
_MOMENT = re.compile(
    r"(?:DATETIME|DATEAMPM|[EB]8601(?:DT|DZ|DX|LX)|IS8601(?:DT|DZ)|MDYAMPM|YMDDTTM|NLDATM[LMS]?|EURDFDT)"
)
_DAY_OF_MOMENT = re.compile(r"(?:DTDATE|[EB]8601DN|IS8601DN|NLDATMDT)")
_CLOCK = re.compile(r"(?:TIME|TIMEAMPM|HHMM|[EB]8601(?:TM|LZ|TX|TZ)|IS8601TM|NLTIME|NLTIMAP)")
_CLOCK_OF_MOMENT = re.compile(r"TOD")


def read_sas(
    path: Path, file: str, form: Literal["sas7bdat", "xpt"], encoding: str | None, limits: Limits | None = None
) -> Grid:
    """The data set in a file.

    Raises SourceError: no such file, not readable as declared, several data sets, an encoding that is neither declared
    nor named by the file, text that is not in it, beyond the limits.
    """
    limits = limits or Limits()
    check_file(path, file, limits)
    encoding = encoding or _own_encoding(path, file)
    if form == "xpt":
        _refuse_several(path, file)
    read = pyreadstat.read_sas7bdat if form == "sas7bdat" else pyreadstat.read_xport
    _, about = _read(read, path, file, form, metadataonly=True)
    extent = Extent(file, limits)
    extent.row(about.number_rows or 0, len(about.column_names), about.number_rows or 0)
    values, about = _read(read, path, file, form, row_limit=limits.rows + 1)
    if None in about.column_names or len(values) < len(about.column_names):
        raise SourceError(f"{file}: a column has no name, or that of another; what it holds cannot be known.")
    heads = [_decoded(name, encoding, file, "a column name") for name in about.column_names]
    columns = [
        _texts(values[name], about.original_variable_types.get(name), f"{file}, column {head}", encoding)
        for name, head in zip(about.column_names, heads, strict=True)
    ]
    rows = [list(row) for row in zip(*columns, strict=True)]
    extent.row(len(rows), len(heads), len(rows))
    return Grid(file, None, list(range(len(rows) + 1)), [heads, *rows])


def _read(read: Callable[..., Any], path: Path, file: str, form: str, **options: Any) -> Any:
    try:
        return read(path, output_format="dict", disable_datetime_conversion=True, encoding=_BYTES, **options)
    except _DAMAGE as error:
        raise SourceError(f"{file}: not a readable {form} file ({error}).") from None


def _own_encoding(path: Path, file: str) -> str:
    """The encoding that a sas7bdat names. Raises SourceError: none."""
    with path.open("rb") as stream:
        start = stream.read(_ENCODING_PLACE + 1)
    named = None
    if len(start) > _ENCODING_PLACE and start[_ENCODING_PLACE] not in _NO_ENCODING:
        try:
            _, about = pyreadstat.read_sas7bdat(path, metadataonly=True, output_format="dict")
            named = about.file_encoding
        except _DAMAGE as error:
            raise SourceError(f"{file}: not a readable sas7bdat file ({error}).") from None
    if named is None:
        raise SourceError(f'{file}: does not name its encoding. Declare it under layout.encoding, e.g. "cp1252".')
    return str(named)


def _refuse_several(path: Path, file: str) -> None:
    content = path.read_bytes()
    cards = (content[start : start + _CARD] for start in range(0, len(content), _CARD))
    found = sum(card.startswith(_MEMBER) for card in cards)
    if found > 1:
        raise SourceError(f"{file}: holds {found} data sets; ask for a file of one data set each.")


def _texts(values: list[Any], form: str | None, place: str, encoding: str) -> list[str]:
    as_text = _by_format(form)
    return [
        _decoded(value, encoding, place, f"observation {number}") if isinstance(value, str) else as_text(value)
        for number, value in enumerate(values, 1)
    ]


def _decoded(text: str, encoding: str, place: str, what: str) -> str:
    if text.isascii():
        return text
    try:
        return text.encode(_BYTES).decode(encoding)
    except LookupError:
        raise SourceError(f'{place}: "{encoding}" is not an encoding that Python knows.') from None
    except UnicodeError as error:
        raise SourceError(
            f"{place}: {what} is not {encoding} text ({error}). Declare the encoding that the file was written in."
        ) from None


def _by_format(form: str | None) -> Callable[[float | None], str]:
    """How numbers under a SAS format are written."""
    name = re.sub(r"\d*\.?\d*$", "", (form or "").upper())
    for pattern, unit, length in _SHAPES:
        if pattern.fullmatch(name):
            return lambda value: _moment(value, unit, length)
    if _CLOCK.fullmatch(name) or _CLOCK_OF_MOMENT.fullmatch(name):
        of_day = _CLOCK_OF_MOMENT.fullmatch(name) is not None
        return lambda value: _clock(value, of_day=of_day)
    return _number


def _number(value: float | None) -> str:
    return "" if value is None or math.isnan(value) else cell_text(value)


def _moment(value: float | None, unit: str, length: int) -> str:
    """A number of days or seconds since 1960. One that is no whole day, or not in the calendar, stays a number."""
    if value is None or not math.isfinite(value) or (unit == "days" and value != int(value)):
        return _number(value)
    try:
        text = (_EPOCH + timedelta(**{unit: value})).isoformat()
    except OverflowError:
        return _number(value)
    return text[:length] if length < len("YYYY-MM-DDTHH:MM:SS") else text


def _clock(value: float | None, *, of_day: bool) -> str:
    if value is None or not math.isfinite(value):
        return _number(value)
    return clock_text(value % 86_400 if of_day else value)


_SHAPES = (
    (_DAY, "days", 10),
    (_MONTH, "days", 7),
    (_YEAR, "days", 4),
    (_MOMENT, "seconds", 19),
    (_DAY_OF_MOMENT, "seconds", 10),
)
"""Formats, what the numbers count, and how many characters of YYYY-MM-DDTHH:MM:SS they show."""
