"""CDISC Dataset-JSON 1.1 as text: one JSON document, or lines of which the first has the metadata (NDJSON).

Row 0 holds the column names, row n record n. Numbers keep the digits that they are written with; null is blank.
"""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NoReturn

from immrecon.config.source_format import Limits
from immrecon.errors import SourceError
from immrecon.ingest.readers.bounds import Extent, check_file
from immrecon.ingest.readers.cells import cell_text
from immrecon.ingest.readers.grid import Grid


def read_dataset_json(path: Path, file: str, limits: Limits | None = None) -> Grid:
    """The data set in a file.

    Raises SourceError: no such file, not UTF-8, not Dataset-JSON, not as many records as it says, beyond limits.
    """
    limits = limits or Limits()
    check_file(path, file, limits)
    try:
        text = path.read_bytes().decode("utf-8-sig")
        about, rows = _parts(text)
        return _grid(file, about, rows, limits)
    except OSError as error:
        raise SourceError(f"{file}: cannot be read ({error.strerror}).") from None
    except UnicodeDecodeError as error:
        raise SourceError(f"{file}: not UTF-8, as Dataset-JSON must be ({error}).") from None
    except RecursionError:
        raise SourceError(f"{file}: not Dataset-JSON (lists within lists without end).") from None
    except ValueError as error:
        raise SourceError(f"{file}: not readable as Dataset-JSON 1.1 ({error}).") from None


def _parts(text: str) -> tuple[dict[str, Any], Iterator[Any]]:
    """The metadata and the rows. Raises ValueError: not JSON, or more after its end."""
    decoder = json.JSONDecoder(object_pairs_hook=_once, parse_float=str, parse_int=str, parse_constant=_refuse_constant)
    start = len(text) - len(text.lstrip())
    about, end = decoder.raw_decode(text, start)
    if not isinstance(about, dict):
        raise ValueError("it does not begin with an object")
    if "rows" not in about:
        return about, _lines(text[end:], decoder.decode)
    if text[end:].strip():
        raise ValueError("something follows the end of the document")
    rows = about.pop("rows")
    if not isinstance(rows, list):
        raise ValueError("rows is not a list")
    return about, iter(rows)


def _lines(text: str, decode: Callable[[str], Any]) -> Iterator[Any]:
    for line in text.split("\n"):
        if line.strip():
            yield decode(line)


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    content = dict(pairs)
    if len(content) < len(pairs):
        raise ValueError("a key is given twice")
    return content


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is no JSON number")


def _grid(file: str, about: dict[str, Any], rows: Iterator[Any], limits: Limits) -> Grid:
    version = about.get("datasetJSONVersion")
    if not (isinstance(version, str) and (version == "1.1" or version.startswith("1.1."))):
        raise ValueError(f"its datasetJSONVersion is {version!r}")
    heads = _heads(about.get("columns"))
    extent = Extent(file, limits)
    extent.row(0, len(heads))
    texts = [heads]
    for number, row in enumerate(rows, 1):
        if not isinstance(row, list):
            raise ValueError(f"record {number} is not a list")
        extent.row(number, len(row))
        texts.append([_text(value, number) for value in row])
    said = about.get("records")
    if said != str(len(texts) - 1):
        raise ValueError(f"it says {said} records and has {len(texts) - 1}: it may have been cut short")
    return Grid(file, None, list(range(len(texts))), texts)


def _heads(columns: object) -> list[str]:
    if not isinstance(columns, list) or not columns:
        raise ValueError("columns is missing")
    names = [column.get("name") if isinstance(column, dict) else None for column in columns]
    if not all(isinstance(name, str) and name.strip() for name in names):
        raise ValueError("a column has no name")
    return [str(name) for name in names]


def _text(value: object, number: int) -> str:
    if isinstance(value, dict | list):
        raise ValueError(f"record {number} holds a list or an object in place of a value")
    return cell_text(value)
