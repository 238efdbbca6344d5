"""Reading and writing of contract files: refuse what breaks the contract, write the same bytes for the same rows."""

import contextlib
import hashlib
import io
import logging
import os
import queue
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from copy import copy
from functools import lru_cache
from pathlib import Path
from types import new_class
from typing import Any

import dataframely as dy
import polars as pl
from polars.io.plugins import register_io_source

from immrecon.contracts.base import Contract
from immrecon.errors import ContractError, SourceError

LOGGER = logging.getLogger("immrecon")

_ROW_GROUP = 262_144
_ARROW_SCHEMA = "ARROW:schema"

Paths = str | Path | Sequence[str] | Sequence[Path]


def read(contract: Contract, source: Paths) -> pl.DataFrame:
    """The rows of a contract file (or of its parts), validated.

    Raises ContractError: another table, another schema version, unknown or missing columns, wrong types, broken rules.
    """
    paths = as_paths(source)
    frames = []
    for path in paths:
        _check_version(contract, path)
        frame = pl.read_parquet(path, hive_partitioning=False, glob=False)
        check_columns(contract, frame)
        frames.append(frame)
    frame = pl.concat(frames, how="vertical") if frames else contract.schema.create_empty()
    LOGGER.info("read %s: %s", contract.name, _size(frame))
    return validate(contract, frame)


def write(contract: Contract, frame: pl.DataFrame, destination: Paths) -> None:
    """Validate, sort by primary key, and write atomically; participant tables are split over the given parts."""
    paths = as_paths(destination)
    frame = validate(contract, frame)
    LOGGER.info("wrote %s: %s", contract.name, _size(frame))
    if len(paths) == 1:
        _write_parquet(contract, frame, paths[0])
        return
    if not contract.participant_level:
        raise ContractError(f"{contract.name} is a result table and must be one file, not {len(paths)}.")
    part = frame["USUBJID"].map_elements(lambda name: part_of(name, len(paths)), return_dtype=pl.Int64)
    for index, path in enumerate(paths):
        _write_parquet(contract, frame.filter(part == index), path)


def write_in_order(contract: Contract, parts: Iterable[Iterable[pl.DataFrame]], destination: Paths) -> None:
    """As `write`, of a participant table too large for memory: for each part of the destination, its frames.

    All rows of a participant are in one frame, and no participant of a frame sorts before one of an earlier frame. The
    files are the same as those of `write`.
    """
    n_rows = n_participants = 0
    for frames, path in zip(parts, as_paths(destination), strict=True):
        with _parquet_in_pieces(contract, path) as put:
            for frame in frames:
                valid = validate(contract, frame)
                n_rows += valid.height
                n_participants += valid["USUBJID"].n_unique()
                put(valid)
    LOGGER.info("wrote %s: %d rows, %d participants", contract.name, n_rows, n_participants)


@contextlib.contextmanager
def _parquet_in_pieces(contract: Contract, path: Path) -> Iterator[Callable[[pl.DataFrame], None]]:
    """A file written while its frames are made: another thread waits for the next one."""
    empty = contract.schema.create_empty()
    pieces: queue.Queue[pl.DataFrame | None] = queue.Queue(maxsize=1)
    failure: list[BaseException] = []
    ended = threading.Event()

    def frames(*_: object) -> Iterator[pl.DataFrame]:
        yield empty
        while (piece := pieces.get()) is not None:
            yield piece
        ended.set()

    def sink(temporary: Path) -> None:
        try:
            source = register_io_source(frames, schema=dict(empty.schema))
            source.sink_parquet(temporary, **_parquet_options(contract))
        except BaseException as error:  # raised by the caller, who would wait for ever for a thread that has ended
            failure.append(error)
            while not ended.is_set() and pieces.get() is not None:
                pass

    with atomic_path(path) as temporary:
        writer = threading.Thread(target=sink, args=(temporary,), daemon=True)
        writer.start()
        try:
            yield pieces.put
        finally:
            pieces.put(None)
            writer.join()
        if failure:
            raise failure[0]


def _size(frame: pl.DataFrame) -> str:
    if "USUBJID" not in frame.columns:
        return f"{frame.height} rows"
    return f"{frame.height} rows, {frame['USUBJID'].drop_nulls().n_unique()} participants"


def part_of(participant: str, n_parts: int) -> int:
    """The part that holds a participant: stable over machines, Python and library versions."""
    return 0 if n_parts == 1 else int.from_bytes(hashlib.sha256(participant.encode()).digest()[:8]) % n_parts


def validate(contract: Contract, frame: pl.DataFrame) -> pl.DataFrame:
    """The same rows with exactly the columns and types of the contract, sorted by primary key."""
    check_columns(contract, frame)
    ordered = frame.select(contract.schema.column_names())
    keys = contract.schema.primary_key()
    rises = _rises(ordered, keys)
    schema = _without_key(contract.schema) if rises else contract.schema
    if not schema.is_valid(ordered):
        _, failure = schema.filter(ordered)
        raise ContractError(_describe(contract, ordered, failure.invalid(), failure.counts()))
    return ordered if rises else ordered.sort(keys, maintain_order=True)


def _rises(frame: pl.DataFrame, keys: Sequence[str]) -> bool:
    """Whether every row has a larger key than the one before. It is unique then, which takes long to see otherwise."""
    if not keys or any(frame[name].has_nulls() for name in keys):
        return False
    alike = pl.int_range(frame.height, eager=True) > 0
    for name in keys:
        key = frame[name]
        same = key.eq_missing(key.shift(1)) & alike
        # Texts are compared for their order only where one differs from the one before.
        later = (alike & ~same).arg_true()
        if not (key.gather(later) > key.gather(later.cast(pl.Int64) - 1)).all():
            return False
        alike = same
    return not alike.any()


@lru_cache
def _without_key(schema: type[dy.Schema]) -> type[dy.Schema]:
    """The rules but for the one that the primary key is unique."""
    keys = {name: copy(schema.columns()[name]) for name in schema.primary_key()}
    for column in keys.values():
        column.primary_key = False
    made: type[dy.Schema] = new_class(schema.__name__, (schema,), exec_body=lambda body: body.update(keys))
    return made


def check_columns(contract: Contract, frame: pl.DataFrame) -> None:
    """Raise ContractError listing every missing, unknown and mistyped column at once."""
    expected = contract.dtypes
    found = dict(frame.schema)
    problems = []
    if missing := [name for name in expected if name not in found]:
        problems.append(f"missing columns {', '.join(missing)}")
    if unknown := [name for name in found if name not in expected]:
        problems.append(f"unknown columns {', '.join(unknown)}")
    problems += [
        f"{name} is {found[name]} instead of {expected[name]}"
        for name in expected
        if name in found and found[name] != expected[name]
    ]
    if problems:
        raise ContractError(f"{contract.name.upper()}: {'; '.join(problems)}.")


def _describe(contract: Contract, frame: pl.DataFrame, invalid: pl.DataFrame, counts: dict[str, int]) -> str:
    keys = contract.schema.primary_key()
    examples = [" ".join(str(value) for value in row) for row in invalid.select(keys).sort(keys).head(3).iter_rows()]
    rules = ", ".join(f"'{name}' in {n} of {frame.height} rows" for name, n in sorted(counts.items()))
    return f"{contract.name.upper()} violates {rules} (e.g. {'; '.join(examples)})."


def _check_version(contract: Contract, path: Path) -> None:
    try:
        metadata = pl.read_parquet_metadata(path)
    except FileNotFoundError:
        raise SourceError(f"{path}: no such file. Run the pipeline to make it.") from None
    except (OSError, pl.exceptions.PolarsError) as error:
        raise ContractError(f"{path}: not a readable parquet file ({error}). Delete it and run again.") from None
    name, version = metadata.get("immrecon.table"), metadata.get("immrecon.schema_version")
    if name != contract.name:
        raise ContractError(f"{path}: holds the table {name!r}, expected {contract.name!r}.")
    if version != str(contract.schema_version):
        raise ContractError(
            f"{path}: schema version {version} of {contract.name}, this software reads {contract.schema_version}. "
            "Run the pipeline again, or read the file with the version that wrote it."
        )


def as_paths(source: Paths) -> list[Path]:
    """One path or several, as a list."""
    if isinstance(source, (str, Path)):
        return [Path(source)]
    return [Path(item) for item in source]


def _write_parquet(contract: Contract, frame: pl.DataFrame, path: Path) -> None:
    with atomic_path(path) as temporary:
        frame.write_parquet(temporary, **_parquet_options(contract))


def _parquet_options(contract: Contract) -> dict[str, Any]:
    """Row groups of a fixed size: the bytes do not depend on the pieces in which the rows came."""
    return {
        "compression": "zstd",
        "compression_level": 3,
        "statistics": False,
        "row_group_size": _ROW_GROUP,
        "metadata": {
            _ARROW_SCHEMA: _arrow_schema(contract),
            "immrecon.table": contract.name,
            "immrecon.schema_version": str(contract.schema_version),
        },
    }


@lru_cache
def _arrow_schema(contract: Contract) -> str:
    """The types that a reader of the file gives its columns: texts are texts, in the memory of the writer coded or not.
    What polars would write itself for coded columns gives way to it.
    """
    empty, file = contract.schema.create_empty(), io.BytesIO()
    empty.with_columns(pl.selectors.categorical().cast(pl.String)).write_parquet(file)
    file.seek(0)
    return str(pl.read_parquet_metadata(file)[_ARROW_SCHEMA])


@contextlib.contextmanager
def atomic_path(path: str | Path) -> Iterator[Path]:
    """A temporary name in the same folder; on success it is synced and takes the place of `path`."""
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    # One process writes a file at a time, so its number makes the name unique; opened plainly, it gets the
    # permissions that the user's umask asks for (mkstemp would not).
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    temporary.unlink(missing_ok=True)
    temporary.touch(exist_ok=False)
    try:
        yield temporary
        with temporary.open("rb") as written:
            os.fsync(written.fileno())
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


def write_text(text: str, path: str | Path) -> None:
    """Write UTF-8 text atomically."""
    with atomic_path(path) as temporary:
        temporary.write_text(text, encoding="utf-8")
