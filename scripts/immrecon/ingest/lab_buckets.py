"""Result cells on their way through a folder: put down as they are read, taken up by buckets of participants."""

import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from immrecon.config.source_format import IdentityRule
from immrecon.contracts.io import part_of
from immrecon.ingest.identity import identifiers

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

    @classmethod
    def of(cls, participants: Sequence[str], n_parts: int, n_buckets: int) -> "Buckets":
        per_part = max(-(-n_buckets // n_parts), 1)
        found: dict[str, int] = {}
        for part in range(n_parts):
            names = sorted(name for name in participants if part_of(name, n_parts) == part)
            for place, name in enumerate(names):
                found[name] = part * per_part + place * per_part // len(names)
        return cls(found, [range(part * per_part, (part + 1) * per_part) for part in range(n_parts)])

    @property
    def n(self) -> int:
        return self.by_part[-1].stop

    def of_text(self, text: str) -> int:
        """The bucket of a text that is no participant's."""
        return zlib.crc32(text.encode()) % self.n


class Spill:
    """The cells of one laboratory in a folder. First all are added, then each bucket is taken once."""

    def __init__(self, folder: Path, buckets: Buckets, rule: IdentityRule) -> None:
        self._folder, self._buckets, self._rule = folder, buckets, rule
        self._held: list[pl.DataFrame] = []
        self._n_held = 0
        self._files: dict[int, list[Path]] = {}
        self._known: dict[str, int] = {}
        folder.mkdir(parents=True)

    def add(self, cells: pl.DataFrame) -> None:
        self._held.append(cells)
        self._n_held += cells.height
        if self._n_held >= CELLS_AT_A_TIME:
            self.close()

    def close(self) -> None:
        """Put down what is still held."""
        if not self._held:
            return
        held = pl.concat(self._held)
        self._held, self._n_held = [], 0
        held = held.with_columns(self._bucket(held["IDTEXT"]))
        for (bucket,), cells in held.partition_by("BUCKET", include_key=False, as_dict=True).items():
            files = self._files.setdefault(int(bucket), [])
            files.append(self._folder / f"{bucket}-{len(files)}.arrow")
            cells.write_ipc(files[-1], compression="uncompressed")

    def take(self, bucket: int) -> pl.DataFrame | None:
        """The cells of a bucket in the order they were added; None where there are none."""
        files = self._files.pop(bucket, None)
        if files is None:
            return None
        cells = pl.concat([pl.read_ipc(file) for file in files])
        for file in files:
            file.unlink()
        return cells

    def _bucket(self, texts: pl.Series) -> pl.Series:
        distinct = texts.fill_null("").unique(maintain_order=True).to_list()
        new = [text for text in distinct if text not in self._known]
        of_participant = self._buckets.of_participant
        # Only participants are remembered: they are as many as there are, other texts may be without end.
        found = identifiers(new, self._rule, of_participant.keys())
        self._known |= {text: of_participant[name] for text, name in found.items()}
        buckets = [self._known[text] if text in self._known else self._buckets.of_text(text) for text in distinct]
        return texts.fill_null("").replace_strict(distinct, buckets, return_dtype=pl.Int64).alias("BUCKET")
