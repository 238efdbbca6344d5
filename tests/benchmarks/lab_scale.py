"""A long lab export of millions of rows: harmonised, against polars alone doing the least that could be called reading.

python tests/benchmarks/lab_scale.py [ROWS] [FOLDER]

Writes the export (`lab_export.py`, seeded) into the folder if it is not there, then runs each reading in a process of
its own, on as many threads as polars takes, and prints wall time, CPU time and peak memory as the kernel counts them.

bare:       every column as text; RESULT as a number times a constant, COLLECTED as a date; everything to parquet
bare, all:  as bare, with RECEIVED and REPORTED too, all three with their time of day
harmonised: `harmonise_lab` with the dialect `config/labs/central.yaml` and all its checks, LB to parquet
Parquet is zstd level 3 without statistics each time. A bare reading judges nothing and sorts nothing.
"""

import immrecon  # noqa: F401, I001  # before polars, to which it says how memory is kept: for all readings alike

import os
import subprocess
import sys
import time
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from statistics import median

import polars as pl
from lab_export import participants, write_export

REPOSITORY = Path(__file__).resolve().parents[2]
MANY = 10**12
CLOCK = "%m/%d/%Y %H:%M"


@dataclass(frozen=True)
class Taken:
    wall_s: float
    cpu_s: float
    peak_mb: float


def bare(export: Path, out: Path) -> None:
    typed = (
        pl.col("RESULT").cast(pl.Float64, strict=False).mul(1000).alias("NUMBER"),
        pl.col("COLLECTED").str.slice(0, 10).str.to_date("%m/%d/%Y", strict=False).alias("DATE"),
    )
    _write(pl.scan_csv(export, infer_schema=False).with_columns(typed), out)


def bare_all(export: Path, out: Path) -> None:
    dates = (
        pl.col(name).str.to_datetime(CLOCK, strict=False).alias(f"{name}_AT")
        for name in ("COLLECTED", "RECEIVED", "REPORTED")
    )
    number = pl.col("RESULT").cast(pl.Float64, strict=False).mul(1000).alias("NUMBER")
    _write(pl.scan_csv(export, infer_schema=False).with_columns(number, *dates), out)


def _write(frame: pl.LazyFrame, out: Path) -> None:
    frame.sink_parquet(out / "bare.parquet", compression="zstd", compression_level=3, statistics=False)


def harmonised(export: Path, out: Path) -> None:
    from immrecon.config.base import build, read_yaml
    from immrecon.config.dialect import Dialect
    from immrecon.config.specs import LabSpec
    from immrecon.config.study import Analyte
    from immrecon.ingest.lab_stream import harmonise_lab

    path = REPOSITORY / "config" / "labs" / "central.yaml"
    content = read_yaml(path)
    content["files"] = [export.name]
    content["layout"]["limits"] = {"file_bytes": MANY, "rows": MANY, "cells": MANY, "in_memory_bytes": 1}
    spec = LabSpec(
        labs={"central": build(Dialect, content, path)},
        analytes=[
            Analyte.model_validate(analyte) for analyte in read_yaml(REPOSITORY / "config" / "config.yaml")["analytes"]
        ],
        extract_date=date(2026, 4, 12),
        cutoff_date=date(2026, 3, 31),
    )
    n_rows = int(export.stem.removeprefix("central_"))
    account = harmonise_lab(spec, export.parent, participants(n_rows), [str(out / "lb" / "0000.parquet")])
    counts = account.cells.row(0, named=True)
    print(f"  {counts['n_rows']:,} rows, {counts['n_value']:,} values, {account.queries.height:,} queries")
    if counts["n_rows"] != n_rows:
        raise SystemExit("rows are lost")


READINGS = {"bare": bare, "bare, all": bare_all, "harmonised": harmonised}


def measured(reading: str, export: Path, out: Path) -> Taken:
    """One reading in a process of its own."""
    os.sync()  # what the reading before wrote is not put on the disk at the cost of this one
    started = time.perf_counter()
    child = subprocess.Popen([sys.executable, __file__, "--only", reading, str(export), str(out)])
    _, status, usage = os.wait4(child.pid, 0)
    wall = time.perf_counter() - started
    if status:
        raise SystemExit(f"{reading} failed")
    return Taken(wall, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024)


def main() -> None:
    if sys.argv[1:2] == ["--only"]:
        READINGS[sys.argv[2]](Path(sys.argv[3]), Path(sys.argv[4]))
        sys.stdout.flush()
        os._exit(0)  # as jobs of the workflow end: nothing is taken down piece by piece
    n_rows = int(sys.argv[1]) if len(sys.argv) > 1 else 20_000_000
    folder = Path(sys.argv[2]) if len(sys.argv) > 2 else Path("/tmp/scale")
    export, out = folder / f"central_{n_rows}.csv", folder / "out"
    out.mkdir(parents=True, exist_ok=True)
    if not export.exists():
        write_export(export, n_rows)
    print(f"{n_rows:,} rows, {export.stat().st_size / 1e9:.2f} GB, polars {pl.__version__}, {os.cpu_count()} cores")
    # The readings take turns: the speed of a shared machine changes by a quarter from one to the next.
    order = ["bare", "harmonised", "bare", "bare, all", "harmonised", "bare", "harmonised", "bare"]
    taken = [(reading, measured(reading, export, out)) for reading in order]
    wall, cpu = _medians(taken, "bare")
    print("| reading | wall s | CPU s | peak MB | million rows/s | speed to bare, wall | CPU |")
    print("|---|---|---|---|---|---|---|")
    for reading, one in taken:
        print(
            f"| {reading} | {one.wall_s:.1f} | {one.cpu_s:.1f} | {one.peak_mb:,.0f} | {n_rows / one.wall_s / 1e6:.2f} "
            f"| {wall / one.wall_s:.2f} | {cpu / one.cpu_s:.2f} |"
        )
    own_wall, own_cpu = _medians(taken, "harmonised")
    print(f"harmonised to bare, by medians: {wall / own_wall:.2f} of the speed, {cpu / own_cpu:.2f} by CPU time")


def _medians(taken: list[tuple[str, Taken]], reading: str) -> tuple[float, float]:
    """Wall and CPU seconds."""
    own = [one for name, one in taken if name == reading]
    return median(one.wall_s for one in own), median(one.cpu_s for one in own)


if __name__ == "__main__":
    main()
