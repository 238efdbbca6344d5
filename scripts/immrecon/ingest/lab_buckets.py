"""Result cells on their way through a folder: put down as they are read, taken up by buckets of participants."""

import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from immrecon.config.source_format import IdentityRule
from immrecon.contracts.io import part_of
from immrecon.ingest.identity import identifiers
from immrecon.ingest.lab_parse import AROUND, runs

CELLS_AT_A_TIME = 500_000
"""Held before they are put down: more make fewer and larger files."""


@dataclass(frozen=True)
class Buckets:
    """Which participants are judged together.

    A bucket holds participants that follow each other in one part of the harmonised tables, so that what comes out of
    the buckets in their order is in the order of the part. A cell of nobody goes where its participant text sends it.
    """

    of_participant: dict[str, int]
    by_part: list[range]
    n: int
    """All buckets, those of other parts too."""

    @classmethod
    def of(cls, participants: Sequence[str], n_parts: int, n_buckets: int) -> "Buckets":
        per_part = max(-(-n_buckets // n_parts), 1)
        found: dict[str, int] = {}
        for part in range(n_parts):
            names = sorted(name for name in participants if part_of(name, n_parts) == part)
            for place, name in enumerate(names):
                found[name] = part * per_part + place * per_part // len(names)
        by_part = [range(part * per_part, (part + 1) * per_part) for part in range(n_parts)]
        return cls(found, by_part, n_parts * per_part)

    def only(self, part: int) -> "Buckets":
        """The same buckets, of which those of one part are judged."""
        return Buckets(self.of_participant, [self.by_part[part]], self.n)

    def of_text(self, text: str) -> int:
        """The bucket of a text that is no participant's."""
        return zlib.crc32(text.encode()) % self.n


@dataclass(frozen=True)
class _Piece:
    """Some cells of a bucket in two files, what stands around them once for each run; and what all cells share."""

    cells: Path
    around: Path
    constant: pl.DataFrame

    def write(self, cells: pl.DataFrame, around: pl.DataFrame) -> None:
        cells.write_ipc(self.cells, compression="uncompressed")
        around.write_ipc(self.around, compression="uncompressed")

    def take(self) -> pl.DataFrame:
        cells, around = (pl.scan_ipc(path).collect() for path in (self.cells, self.around))
        place = around["RUN"].search_sorted(cells["RUN"])
        both = pl.concat([cells.drop("RUN"), around.drop("RUN").select(pl.all().gather(place))], how="horizontal")
        self.cells.unlink()
        self.around.unlink()
        return both.with_columns(
            pl.lit(column.item(), dtype=column.dtype).alias(column.name) for column in self.constant
        )


class Spill:
    """The cells of one laboratory in a folder. First all are added, then each bucket that is judged is taken once."""

    def __init__(self, folder: Path, buckets: Buckets, rule: IdentityRule) -> None:
        self._folder, self._buckets, self._rule = folder, buckets, rule
        self._wanted = [number for part in buckets.by_part for number in part]
        self._held: list[pl.DataFrame] = []
        self._n_held = 0
        self._pieces: dict[int, list[_Piece]] = {}
        self._columns: list[str] = []
        self._known: dict[str, int] = {}
        folder.mkdir(parents=True)

    def add(self, cells: pl.DataFrame) -> None:
        self._columns = cells.columns
        self._held.append(cells)
        self._n_held += cells.height
        if self._n_held >= CELLS_AT_A_TIME:
            self.close()

    def close(self) -> None:
        """Put down what is still held."""
        if not self._n_held:
            return
        held = pl.concat(self._held)
        self._held, self._n_held = [], 0
        alike = held.drop("IDTEXT").select(pl.all().eq_missing(pl.all().first()).all()).row(0, named=True)
        constant = held.head(1).select(name for name, is_constant in alike.items() if is_constant)
        around, run = runs(held, [name for name in AROUND if name not in constant.columns])
        bucket = self._bucket(around["IDTEXT"])
        around = around.with_columns(bucket.alias("BUCKET")).with_row_index("RUN")
        cells = held.drop(*constant.columns, *(name for name in AROUND if name not in constant.columns))
        cells = cells.with_columns(RUN=run.cast(pl.UInt32), BUCKET=bucket.gather(run))
        if len(self._wanted) < self._buckets.n:
            cells = cells.filter(pl.col("BUCKET").is_in(self._wanted))
        runs_of = around.partition_by("BUCKET", include_key=False, as_dict=True)
        for (number,), some in cells.partition_by("BUCKET", include_key=False, as_dict=True).items():
            pieces = self._pieces.setdefault(int(number), [])
            name = f"{number}-{len(pieces)}"
            pieces.append(_Piece(self._folder / f"{name}.cells", self._folder / f"{name}.around", constant))
            pieces[-1].write(some, runs_of[(number,)])

    def take(self, bucket: int) -> pl.DataFrame | None:
        """The cells of a bucket in the order they were added; None where there are none."""
        pieces = self._pieces.pop(bucket, None)
        return None if pieces is None else pl.concat([piece.take().select(self._columns) for piece in pieces])

    def _bucket(self, texts: pl.Series) -> pl.Series:
        distinct = texts.fill_null("").unique(maintain_order=True).to_list()
        new = [text for text in distinct if text not in self._known]
        of_participant = self._buckets.of_participant
        # Only participants are remembered: they are as many as there are, other texts may be without end.
        found = identifiers(new, self._rule, of_participant.keys())
        self._known |= {text: of_participant[name] for text, name in found.items()}
        buckets = [self._known[text] if text in self._known else self._buckets.of_text(text) for text in distinct]
        return texts.fill_null("").replace_strict(distinct, buckets, return_dtype=pl.Int64).alias("BUCKET")
