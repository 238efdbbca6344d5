"""Lab exports harmonised by several jobs: each reads all files and judges the participants of one part of LB; what they
say is gathered. The rules, and the results to the byte, are those of `lab_stream.harmonise_lab`.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from immrecon.config.dialect import Dialect
from immrecon.config.specs import LabSpec
from immrecon.ingest.findings import listing
from immrecon.ingest.lab_across import AcrossBuckets
from immrecon.ingest.lab_buckets import Buckets
from immrecon.ingest.lab_stream import LabAccount, Said, account_of, buckets_wanted, judge_buckets, scratch, summed

_CHANGES = "changes.arrow"


def harmonise_lab_chunk(
    spec: LabSpec, folder: Path, dm: pl.DataFrame, lb_part: Path, chunk: int, n_chunks: int, kept: Path
) -> None:
    """Write one of `n_chunks` parts of LB, and into the folder `kept` what `gather_lab` needs of it. Raises as
    `lab.harmonise_labs`.
    """
    buckets = Buckets.of(dm["USUBJID"].to_list(), n_chunks, buckets_wanted(spec, folder)).only(chunk)
    kept.mkdir(parents=True, exist_ok=True)
    with scratch(kept.parent / f".lab_buckets_{kept.name}") as room:
        said, changes = judge_buckets(spec, folder, dm, buckets, [lb_part], room, kept)
    for one in said:
        _Kept(kept / one.dialect.name).put(one)
    pl.concat([listing([]), *changes]).write_ipc(kept / _CHANGES)


def gather_lab(spec: LabSpec, chunks: Sequence[Path]) -> LabAccount:
    """The queries and the account of cells, of the folders of all chunks in order."""
    said = [_gathered(spec.labs[name], [_Kept(chunk / name) for chunk in chunks]) for name in sorted(spec.labs)]
    return account_of(said, [pl.read_ipc(chunk / _CHANGES) for chunk in chunks], spec.cutoff_date)


@dataclass(frozen=True)
class _Kept:
    """A folder with what one chunk says of one laboratory's cells."""

    folder: Path

    def put(self, said: Said) -> None:
        frames = {
            "counts": said.counts,
            "remarks": pl.concat([listing([]), *said.remarks]),
            "queries": pl.concat([listing([]), *said.queries]),
            "fates": summed(said.fates),
        }
        for name, frame in frames.items():
            frame.write_ipc(self.folder / f"{name}.arrow")

    def frame(self, name: str) -> pl.DataFrame:
        return pl.read_ipc(self.folder / f"{name}.arrow")


def _gathered(dialect: Dialect, kept: Sequence[_Kept]) -> Said:
    """Every chunk has read all files: what is said of whole files is taken once."""
    return Said(
        dialect,
        kept[0].frame("counts"),
        [kept[0].frame("remarks")],
        AcrossBuckets.gathered([one.folder / "across" for one in kept], dialect.checks),
        [one.frame("queries") for one in kept],
        [one.frame("fates") for one in kept],
    )
