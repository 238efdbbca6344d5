"""Result cells on their way through a folder: put down as they are read, taken up by buckets of participants."""

import zlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import numpy.typing as npt
import polars as pl

from immrecon.config.source_format import IdentityRule
from immrecon.contracts.io import part_of
from immrecon.ingest.identity import identifiers
from immrecon.ingest.lab_coded import CELLS, ORDER, Coded, Kinds, together
from immrecon.ingest.lab_lines import LineCells
from immrecon.ingest.lab_order import order_of

CELLS_AT_A_TIME = 2_000_000
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
    """So many cells of a bucket in three files: coded, as bare numbers; what stands around each run; the readings."""

    stem: Path
    n: int

    def _file(self, name: str) -> Path:
        return self.stem.with_name(f"{self.stem.name}.{name}")

    def write(self, part: Coded) -> None:
        with self._file("cells").open("wb") as file:
            for column in part.cells:
                column.to_numpy().tofile(file)
        part.around.write_ipc_stream(self._file("around"), compression="uncompressed")
        part.readings.write_ipc_stream(self._file("readings"), compression="uncompressed")

    def take(self) -> Coded:
        with self._file("cells").open("rb") as file:
            cells = {
                column.name: np.fromfile(file, column.to_numpy().dtype, self.n) for column in pl.DataFrame(schema=CELLS)
            }
        found = Coded(pl.DataFrame(cells), *(pl.read_ipc_stream(self._file(name)) for name in ("around", "readings")))
        for name in ("cells", "around", "readings"):
            self._file(name).unlink()
        return found


class Spill:
    """The cells of one laboratory in a folder. First all are added, then each bucket that is judged is taken once."""

    def __init__(self, folder: Path, buckets: Buckets, rule: IdentityRule) -> None:
        self._folder, self._buckets, self._rule = folder, buckets, rule
        self._wanted = [number for part in buckets.by_part for number in part]
        self._kinds = Kinds()
        self._held: list[Coded] = []
        self._n_held = 0
        self._pieces: dict[int, list[_Piece]] = {}
        self._known: dict[str, int] = {}
        folder.mkdir(parents=True)

    def add(self, cells: pl.DataFrame) -> None:
        self._hold(self._kinds.code(cells))

    def add_lines(self, lines: LineCells) -> None:
        self._hold(self._kinds.code_lines(lines))

    def _hold(self, part: Coded) -> None:
        self._held.append(part)
        self._n_held += part.cells.height
        if self._n_held >= CELLS_AT_A_TIME:
            self.close()

    def close(self) -> None:
        """Put down what is still held."""
        if not self._n_held:
            return
        held = together(self._held)
        self._held, self._n_held = [], 0
        bucket = self._bucket(held.around["IDTEXT"])
        of_cell = pl.Series(bucket).gather(held.cells["RUN"]).to_numpy()
        in_order = order_of([bucket])
        around, cells = held.around[in_order], held.cells[order_of([of_cell])]
        n_runs, n_cells = (np.bincount(of, minlength=self._buckets.n) for of in (bucket, of_cell))
        # The runs of a bucket are numbered anew, and the readings.
        number = np.empty(bucket.size, dtype=np.uint32)
        number[in_order] = np.arange(bucket.size) - np.repeat(np.cumsum(n_runs) - n_runs, n_runs)
        cells = cells.with_columns(RUN=pl.Series(number).gather(cells["RUN"]))
        ends_of_runs, ends = np.cumsum(n_runs), np.cumsum(n_cells)
        for wanted in self._wanted:
            if not n_cells[wanted]:
                continue
            pieces = self._pieces.setdefault(wanted, [])
            pieces.append(_Piece(self._folder / f"{wanted}-{len(pieces)}", int(n_cells[wanted])))
            pieces[-1].write(
                _of_readings(
                    cells[int(ends[wanted] - n_cells[wanted]) : int(ends[wanted])],
                    around[int(ends_of_runs[wanted] - n_runs[wanted]) : int(ends_of_runs[wanted])],
                    held.readings,
                )
            )

    def take(self, bucket: int) -> Coded | None:
        """The cells of a bucket in their ORDER; None where there are none."""
        pieces = self._pieces.pop(bucket, None)
        if pieces is None:
            return None
        found = self._kinds.spelled(together([piece.take() for piece in pieces]))
        if found.cells[ORDER].is_sorted():
            return found
        return replace(found, cells=found.cells.sort(ORDER))  # analytes side by side

    def _bucket(self, texts: pl.Series) -> npt.NDArray[np.int64]:
        distinct = texts.fill_null("").unique(maintain_order=True).to_list()
        new = [text for text in distinct if text not in self._known]
        of_participant = self._buckets.of_participant
        # Only participants are remembered: they are as many as there are, other texts may be without end.
        found = identifiers(new, self._rule, of_participant.keys())
        self._known |= {text: of_participant[name] for text, name in found.items()}
        buckets = [self._known[text] if text in self._known else self._buckets.of_text(text) for text in distinct]
        return texts.fill_null("").replace_strict(distinct, buckets, return_dtype=pl.Int64).to_numpy()


def _of_readings(cells: pl.DataFrame, around: pl.DataFrame, readings: pl.DataFrame) -> Coded:
    """Some cells with the readings that they have, of all."""
    has = np.zeros(readings.height, dtype=np.bool_)
    has[cells["READING"].to_numpy()] = True
    number = pl.Series(np.cumsum(has, dtype=np.uint32) - np.uint32(1))
    return Coded(cells.with_columns(READING=number.gather(cells["READING"])), around, readings.filter(pl.Series(has)))
