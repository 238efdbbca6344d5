"""`make report`: one run at a time, a progress display, and three lines at the end.

The lock is the standard input of Snakemake, which every job inherits: it is free again when the last job of a killed
run has ended, so neither the run nor its orphans can spoil the next one.
"""

import fcntl
import os
import re
import subprocess
import sys
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from immrecon.config.load import load_study
from immrecon.config.study import Study
from immrecon.errors import ImmreconError, SourceError
from immrecon.layout import layout_of
from immrecon.provenance import REPOSITORY

_DONE = re.compile(r"^(\d+) of (\d+) steps \((\d+)%\) done")
_STARTED = re.compile(r"^(?:local)?rule (\w+):")
_OURS = re.compile(r"^immrecon error in \w+: ")


class RunError(ImmreconError):
    """A step failed; the message is what the user needs."""


def run_report(config: Path, data_cut: str | None, cores: int) -> None:
    """Run the pipeline of one study and cut and print where the report is.

    Raises ConfigError or SourceError before anything runs, RunError when a step fails.
    """
    started = time.monotonic()
    study = load_study(config, data_cut)
    root = layout_of(study).root
    with _exclusive(root) as lock:
        _snakemake(study, config, cores, lock)
    print(f"Report:    {root / 'report' / 'closed' / 'report.html'}")
    print(f"Lab cells: {_cells(root)}")
    print(f"Time:      {time.monotonic() - started:.1f} s")


@contextmanager
def _exclusive(root: Path) -> Iterator[IO[str]]:
    """The lock of a run folder; waits for the orphans of a killed run, refuses a second living run."""
    try:
        root.mkdir(parents=True, exist_ok=True)
        lock = (root / ".lock").open("a+", encoding="utf-8")
    except OSError as error:
        raise SourceError(
            f"{root}: results cannot be written there ({error.strerror}). "
            "Hint: make the folder writable, or set sources.results in the configuration to one that is."
        ) from None
    with lock:
        _acquire(lock, root)
        lock.truncate(0)
        lock.write(str(os.getpid()))
        lock.flush()
        yield lock


def _acquire(lock: IO[str], root: Path) -> None:
    waiting = False
    while True:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return
        except BlockingIOError:
            lock.seek(0)
            holder = lock.read().strip()
            if holder.isdigit() and Path(f"/proc/{holder}").exists():
                raise RunError(
                    f"{root}: another run (process {holder}) is working there. Wait for it to end."
                ) from None
            if not waiting:
                print("Waiting for the last jobs of an earlier, killed run to end ...", file=sys.stderr)
                waiting = True
            time.sleep(0.2)


def _snakemake(study: Study, config: Path, cores: int, lock: IO[str]) -> None:
    command = [
        sys.executable, "-m", "snakemake", "--cores", str(cores),
        "--snakefile", str(REPOSITORY / "workflow" / "Snakefile"),
        "--configfile", str(config), "--config", f"data_cut={study.file.data_cut}",
    ]  # fmt: skip
    process = subprocess.Popen(  # noqa: S603 - the command is ours, its arguments are paths
        command, stdin=lock, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace"
    )
    assert process.stdout is not None
    tail: deque[str] = deque(maxlen=60)
    errors: list[str] = []
    with _progress() as show:
        for line in process.stdout:
            tail.append(line)
            if _OURS.match(line):
                errors.append(_OURS.sub("", line).strip())
            show(line)
    if process.wait() != 0:
        raise RunError("\n".join(errors) if errors else _unexpected(tail))


def _unexpected(tail: deque[str]) -> str:
    text = "".join(tail).strip()
    if match := re.search(r"WorkflowError[^\n]*\n(.+)", text):
        return match.group(1).strip()
    return f"a step failed in a way that was not foreseen. The end of its output:\n{text}"


@contextmanager
def _progress() -> Iterator[Callable[[str], None]]:
    """A function that reads Snakemake's lines and keeps a bar on the terminal, or a line per step elsewhere."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    console = Console(stderr=True)
    columns = (TextColumn("{task.description:<24}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as bar:
        task = bar.add_task("planning", total=None)

        def show(line: str) -> None:
            if started := _STARTED.match(line):
                bar.update(task, description=started.group(1))
            elif done := _DONE.match(line):
                bar.update(task, completed=int(done.group(1)), total=int(done.group(2)))
                if not console.is_terminal:
                    console.print(f"{done.group(1)} of {done.group(2)} steps done", highlight=False)

        yield show


def _cells(root: Path) -> str:
    import polars as pl

    cells = pl.read_parquet(root / "harmonised" / "cells.parquet", glob=False)
    total = {name: int(cells[name].sum()) for name in cells.columns if name.startswith("n_")}
    used = total["n_value"] + total["n_censored"]
    other = total["n_not_done"] + total["n_superseded"] + total["n_excluded"] + total["n_not_requested"]
    return (
        f"{total['n_read']:,} read = {used:,} used ({total['n_censored']:,} below or above a limit) + "
        f"{total['n_queried']:,} queried + {other:,} not done, superseded, excluded or not requested"
    )
